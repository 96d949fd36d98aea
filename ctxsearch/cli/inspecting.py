"""The commands that show what a model makes of a text, with or without an index."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

import ctxsearch
from ctxsearch.cli.console import say
from ctxsearch.cli.options import Device, Dtype, Json
from ctxsearch.errors import SourceError
from ctxsearch.index import Index
from ctxsearch.settings import DEFAULT_MODEL


def pieces(
    text: Annotated[str, typer.Argument(help="Any text.")],
    model: Annotated[str, typer.Option(help="A folder or a name.")] = DEFAULT_MODEL,
    language: Annotated[str, typer.Option(help="By which words are cut.")] = "en",
    as_json: Json = False,
) -> None:
    """Show how a model cuts a text, and which pieces make which word."""
    for piece in ctxsearch.pieces(text, model=model, language=language):
        if as_json:
            print(json.dumps(asdict(piece), ensure_ascii=False))
        else:
            word = "-" if piece.token is None else str(piece.token)
            print(f"{piece.start:>6} {piece.end:>6}  {word:>4}  {piece.piece}")


def embed(
    source: Annotated[Path, typer.Argument(help="JSONL: strings with a word in brackets, or objects.", exists=True)],
    output: Annotated[Path, typer.Argument(help="The .npy file to write.")],
    index: Annotated[str | None, typer.Option(help="Make the vectors as this index's are made.")] = None,
    model: Annotated[str, typer.Option(help="A folder or a name.")] = DEFAULT_MODEL,
    layers: Annotated[str, typer.Option(help="last, sum:9-12, mean:1,6, concat:3-6.")] = "last",
    pooling: Annotated[str, typer.Option(help="mean, first or last of a word's pieces.")] = "mean",
    window: Annotated[int, typer.Option(help="Pieces that the model sees at once.")] = 128,
    language: Annotated[str, typer.Option(help="By which words are cut.")] = "en",
    device: Device = None,
    dtype: Dtype = None,
) -> None:
    """Embed marked words; a line is "They rowed to the [bank]." or {"text": ..., "start": ..., "end": ...}."""
    import numpy as np

    usages = [
        _usage(source, number, line) for number, line in enumerate(source.open(encoding="utf-8"), 1) if line.strip()
    ]
    if index is not None:
        with Index.open(index, device=device, dtype=dtype) as opened:
            vectors = opened.embed(usages)
    else:
        vectors = ctxsearch.embed(
            usages,
            model=model,
            layers=layers,
            pooling=pooling,
            window=window,
            language=language,
            device=device,
            dtype=dtype,
        )
    with output.open("wb") as file:
        np.save(file, vectors, allow_pickle=False)
    say(f"{output}: {vectors.shape[0]:,} vectors of {vectors.shape[1]} dimensions.")


def _usage(path: Path, number: int, line: str) -> str | ctxsearch.Usage:
    try:
        content = json.loads(line)
        if isinstance(content, str):
            return content
        if "start" in content:
            return ctxsearch.Usage(str(content["text"]), int(content["start"]), int(content["end"]))
        return str(content["text"])
    except (ValueError, KeyError, TypeError) as error:
        raise SourceError(
            str(path), "this is neither a string nor an object with text, start and end", line=number
        ) from error
