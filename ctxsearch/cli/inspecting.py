"""The commands that show what a model makes of a text, with or without an index."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import ctxsearch
from ctxsearch.cli.console import counted, say, show
from ctxsearch.cli.goal import Force, check_goal
from ctxsearch.cli.opening import check_head
from ctxsearch.cli.options import Device, Dtype, HeadFile, Json, Layers, Pooling, to_file
from ctxsearch.errors import QueryError, SourceError
from ctxsearch.index import Index
from ctxsearch.settings import DEFAULT_MODEL
from ctxsearch.storage import replacing
from ctxsearch.usage import parse_usage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def pieces(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="Any text.")],
    model: Annotated[str, typer.Option(help="A folder or a name.")] = DEFAULT_MODEL,
    language: Annotated[str, typer.Option(help="By which words are cut.")] = "en",
    as_json: Json = False,
) -> None:
    """Show how a model cuts a text, and which pieces make which word.

    Words are numbered from 0; a piece of no word, a punctuation mark say, has a dash.
    """
    made = ctxsearch.pieces(text, model=model, language=language)
    if not as_json:
        show(f"{'start':>6} {'end':>6}  {'word':>4}  piece")
    for piece in made:
        if as_json:
            print(json.dumps(asdict(piece), ensure_ascii=False))
        else:
            word = "-" if piece.token is None else str(piece.token)
            show(f"{piece.start:>6} {piece.end:>6}  {word:>4}  {piece.piece}")


def embed(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="SOURCE",
            help="JSONL: strings with a word in brackets, or objects.",
            exists=True,
            dir_okay=False,
        ),
    ],
    output: Annotated[
        Path, typer.Argument(metavar="OUTPUT", help="The .npy file to write.", dir_okay=False, callback=to_file)
    ],
    index: Annotated[str | None, typer.Option(help="Make the vectors as this index's are made.")] = None,
    model: Annotated[str | None, typer.Option(help=f"A folder or a name. [default: {DEFAULT_MODEL}]")] = None,
    layers: Layers = None,
    pooling: Pooling = None,
    head: HeadFile = None,
    window: Annotated[int | None, typer.Option(help="Pieces that the model sees at once. [default: 128]")] = None,
    language: Annotated[str | None, typer.Option(help="By which words are cut. [default: en]")] = None,
    device: Device = None,
    dtype: Dtype = None,
    force: Force = False,
) -> None:
    """Embed marked words; a line is "They rowed across the river to the [bank]." or an object with text, start and end.

    Such an object is {"text": "...", "start": 35, "end": 39}; a line that is a string has quotation marks.
    """
    import numpy as np

    if output.exists() and output.samefile(source):
        raise ValueError(f"{output} is the file to read; name another to write the vectors to.")
    check_goal(output, "to write the vectors to", force=force)
    from ctxsearch.corpus import read_entries

    usages = {number: _usage(source, number, line) for number, line in read_entries(source)}
    asked: dict[str, object] = {
        "model": model,
        "layers": layers,
        "pooling": pooling,
        "head": head,
        "window": window,
        "language": language,
    }
    try:
        vectors = _embed(list(usages.values()), index, asked, device, dtype)
    except QueryError as error:
        if error.usage_number is None:
            raise
        why = str(error).removesuffix(".")
        raise SourceError(str(source), why, line=list(usages)[error.usage_number]) from error
    with replacing(output) as goal:
        np.save(goal, vectors, allow_pickle=False)
    say(f"{output}: {counted(len(vectors), 'vector')} of {vectors.shape[1]} dimensions.")


def _embed(
    usages: list[ctxsearch.Usage],
    index: str | None,
    asked: dict[str, object],
    device: str | None,
    dtype: str | None,
) -> NDArray[np.float32]:
    if index is not None:
        with Index.open(index, device=device, dtype=dtype) as opened:
            head = asked.pop("head")
            opened.settings.check_asked(opened.path, **asked)
            if isinstance(head, str):
                check_head(opened, head)
            return opened.embed(usages)
    given = {name: value for name, value in asked.items() if value is not None}
    return ctxsearch.embed(usages, device=device, dtype=dtype, **given)  # type: ignore[arg-type]


def _usage(path: Path, number: int, line: str) -> ctxsearch.Usage:
    try:
        content = json.loads(line)
        if isinstance(content, str):
            return parse_usage(content)
        if "start" in content:
            return ctxsearch.Usage(str(content["text"]), int(content["start"]), int(content["end"]))
        return parse_usage(str(content["text"]))
    except QueryError as error:
        raise SourceError(str(path), str(error).removesuffix("."), line=number) from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        why = "this is neither a string nor an object with text, start and end"
        hint = 'A string has quotation marks, as "They rowed across the river to the [bank]." has.'
        raise SourceError(str(path), why, line=number, hint=hint) from error
