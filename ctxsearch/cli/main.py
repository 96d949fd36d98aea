"""The commands. Each parses, makes one call of the library, and prints; results go to standard output, all else not."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

import ctxsearch
from ctxsearch.cli import options
from ctxsearch.cli.demo import run_demo
from ctxsearch.cli.output import Format, print_lines
from ctxsearch.cli.progress import progress_bar
from ctxsearch.errors import CtxSearchError, IndexNotFound, SourceError
from ctxsearch.index import DEFAULT_SHARD_TOKENS, Index, Order
from ctxsearch.settings import DEFAULT_MODEL

app = typer.Typer(
    help="A semantic concordance: finds the uses of a word that are like the one you have in mind.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    add_completion=False,
    rich_markup_mode=None,  # square brackets mark words here, not colours
)


def run() -> None:
    """Runs a command; a told error is one sentence and exit code 1."""
    # Idle threads of the model would otherwise spin, and a busy machine makes one sentence take 30 times as long.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    try:
        app()
    except BrokenPipeError:
        # Whoever read our lines (head, less) has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except (CtxSearchError, ValueError) as error:
        _fail(str(error))
    except OSError as error:
        _fail(f"{error}. Nothing that was committed is lost.")


def _fail(message: str) -> None:
    print(f"Error: {message}", file=sys.stderr)
    sys.exit(1)


def _say(message: str) -> None:
    Console(stderr=True, highlight=False, markup=False, soft_wrap=True).print(message)


@app.callback(invoke_without_command=True)
def main(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    """A semantic concordance: finds the uses of a word that are like the one you have in mind."""
    if version:
        print(ctxsearch.__version__)
        raise typer.Exit


@app.command()
def demo() -> None:
    """Build the sample index if it is not there, and ask it four questions."""
    run_demo(_say)


@app.command()
def index(
    index: options.IndexName,
    sources: Annotated[
        list[str], typer.Argument(metavar="SOURCE...", help="Folders, .txt, .jsonl, .csv, .tsv (or .gz).")
    ],
    model: Annotated[str | None, typer.Option(help=f"A folder or a name. [default: {DEFAULT_MODEL}]")] = None,
    layers: Annotated[str | None, typer.Option(help="last, sum:9-12, mean:1,6, concat:3-6. [default: last]")] = None,
    pooling: Annotated[str | None, typer.Option(help="mean, first or last of a word's pieces. [default: mean]")] = None,
    window: Annotated[int | None, typer.Option(help="Pieces that the model sees at once. [default: 128]")] = None,
    language: Annotated[str | None, typer.Option(help="For sentences and lemmas. [default: en]")] = None,
    punctuation: Annotated[bool | None, typer.Option("--punctuation", help="Index punctuation marks too.")] = None,
    codec: Annotated[str | None, typer.Option(help="fp16, or sq8 in half the space. [default: fp16]")] = None,
    device: options.Device = None,
    dtype: options.Dtype = None,
    shard_tokens: Annotated[int, typer.Option(min=1, help="Words in a shard.")] = DEFAULT_SHARD_TOKENS,
    replace: Annotated[bool, typer.Option("--replace", help="Let a document take the place of its namesake.")] = False,
    text_column: Annotated[str, typer.Option(help="The column or field with the text.")] = "text",
    id_column: Annotated[str | None, typer.Option(help="The column or field with the id. [default: id]")] = None,
    encoding: Annotated[str, typer.Option(help="Of all source files.")] = "utf-8",
    glob: Annotated[str | None, typer.Option(help="Only files of a folder that match, '*.txt' for instance.")] = None,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Pass over bad records, and count them.")] = False,
) -> None:
    """Make an index, or add documents to one.

    An interrupted run goes on where it stopped: give the same command again.
    """
    corpus = ctxsearch.read(
        *sources,
        text_column=text_column,
        id_column=id_column,
        encoding=encoding,
        skip_bad=skip_bad,
        on_skip=lambda error: _say(f"Skipped: {error}"),
        glob=glob,
    )
    asked: dict[str, object] = {
        "layers": layers,
        "pooling": pooling,
        "window": window,
        "language": language,
        "punctuation": punctuation,
        "codec": codec,
    }
    given = {name: value for name, value in asked.items() if value is not None}
    with _open_or_create(index, model, given, device, dtype) as opened:
        try:
            with progress_bar(corpus) as on_progress:
                report = opened.add(corpus, replace=replace, shard_tokens=shard_tokens, on_progress=on_progress)
        except KeyboardInterrupt:
            _say(f"Stopped. {opened.path} is as of its last commit; give the same command again to go on.")
            raise typer.Exit(130) from None
    _report(index, report, corpus)


def _open_or_create(
    name: str, model: str | None, given: dict[str, object], device: str | None, dtype: str | None
) -> Index:
    try:
        opened = Index.open(name, device=device, dtype=dtype)
    except IndexNotFound:
        opened = None
    if opened is None or opened.is_new:
        settings = {"model": model or DEFAULT_MODEL, **given}
        return Index.create(name, device=device, dtype=dtype, **settings)  # type: ignore[arg-type]
    if model is not None and Path(model).is_dir():
        model = str(Path(model).resolve())
    opened.settings.check_asked(opened.path, model=model, **given)
    return opened


def _report(name: str, report: ctxsearch.IndexReport, corpus: ctxsearch.Corpus) -> None:
    rate = report.words / report.seconds if report.seconds else 0.0
    size = report.bytes / report.words if report.words else 0.0
    _say(
        f"{name}: {report.documents:,} documents, {report.words:,} words added in {report.seconds:.1f} s"
        f" ({rate:,.0f} words/s, {size:.0f} bytes/word)."
    )
    if report.resumed:
        _say(f"Passed over {report.resumed:,} documents that the interrupted run had added.")
    if report.replaced:
        _say(f"Replaced {report.replaced:,} documents.")
    for reason, count in report.skipped.items():
        _say(f"Skipped {count:,} documents: {reason}.")
    if corpus.skipped:
        _say(f"Skipped {corpus.skipped:,} bad records.")
    if corpus.unread_count:
        _say(f"Passed over {corpus.unread_count:,} files of unknown kinds: {', '.join(corpus.unread[:5])}.")
    if report.without_vector:
        _say(f"{report.without_vector:,} words have no vector: the model has no piece for them.")
    if report.refused_count:
        names = ", ".join(report.refused[:5]) + (", ..." if report.refused_count > 5 else "")
        _say(
            f"Error: {report.refused_count:,} documents are there already and were left as they are: {names}."
            " Give --replace to put the new ones in their place."
        )
        raise typer.Exit(1)


@app.command()
def query(
    index: options.IndexName,
    sentence: Annotated[str, typer.Argument(help="A sentence with one word in brackets; a literal bracket is \\[.")],
    k: options.K = 20,
    every: options.All = False,
    min_score: options.MinScore = None,
    form: options.Form = None,
    any_word: options.AnyWord = False,
    where: options.Where = None,
    context: options.Context = "10",
    device: options.Device = None,
    dtype: options.Dtype = None,
    as_json: options.Json = False,
    as_csv: options.Csv = False,
    as_tsv: options.Tsv = False,
) -> None:
    """Find the uses of a word that are like the marked one, as in "They rowed to the [bank]."."""
    output, around = options.output_format(as_json, as_csv, as_tsv), options.parse_context(context)
    with Index.open(index, device=device, dtype=dtype) as opened:
        lines = opened.query(
            sentence,
            k=None if every else k,
            min_score=min_score,
            form=form or (),
            any_word=any_word,
            where=where or (),
            context=around,
        )
    _print(lines, output)


@app.command()
def like(
    index: options.IndexName,
    keys: Annotated[list[str], typer.Argument(metavar="KEY...", help="Of the lines to be like, DOCUMENT_ID:START.")],
    unlike: Annotated[list[str] | None, typer.Option(help="The key of a line not to be like; again for more.")] = None,
    k: options.K = 20,
    every: options.All = False,
    min_score: options.MinScore = None,
    form: options.Form = None,
    any_word: options.AnyWord = False,
    where: options.Where = None,
    context: options.Context = "10",
    as_json: options.Json = False,
    as_csv: options.Csv = False,
    as_tsv: options.Tsv = False,
) -> None:
    """Find more lines like these, and not like those; the keys are those that other commands print."""
    output, around = options.output_format(as_json, as_csv, as_tsv), options.parse_context(context)
    with Index.open(index) as opened:
        lines = opened.like(
            keys,
            unlike=unlike or (),
            k=None if every else k,
            min_score=min_score,
            form=form or (),
            any_word=any_word,
            where=where or (),
            context=around,
        )
    _print(lines, output)


@app.command()
def concordance(
    index: options.IndexName,
    word: Annotated[str, typer.Argument(help="A lemma, for all its forms; or a form, for itself.")],
    form: options.Form = None,
    where: options.Where = None,
    limit: Annotated[int | None, typer.Option("-k", "--limit", min=1, help="Only so many lines.")] = None,
    sample: Annotated[int | None, typer.Option(min=1, help="A random sample of so many lines.")] = None,
    seed: Annotated[int, typer.Option(help="Draws the sample; the same seed, the same lines.")] = 0,
    sort: Annotated[
        Order, typer.Option(help="By the words left of the node, the node, or the words right.")
    ] = "corpus",
    count: Annotated[bool, typer.Option("--count", help="Print only how many lines there are.")] = False,
    context: options.Context = "10",
    as_json: options.Json = False,
    as_csv: options.Csv = False,
    as_tsv: options.Tsv = False,
) -> None:
    """List every line of a word."""
    output, around = options.output_format(as_json, as_csv, as_tsv), options.parse_context(context)
    with Index.open(index) as opened:
        if count:
            print(opened.count(word, form=form or (), where=where or ()))
            return
        lines = opened.concordance(
            word, form=form or (), where=where or (), limit=limit, sample=sample, seed=seed, order=sort, context=around
        )
    _print(lines, output)


@app.command()
def pieces(
    text: Annotated[str, typer.Argument(help="Any text.")],
    model: Annotated[str, typer.Option(help="A folder or a name.")] = DEFAULT_MODEL,
    language: Annotated[str, typer.Option(help="By which words are cut.")] = "en",
    as_json: options.Json = False,
) -> None:
    """Show how a model cuts a text, and which pieces make which word."""
    for piece in ctxsearch.pieces(text, model=model, language=language):
        if as_json:
            print(json.dumps(asdict(piece), ensure_ascii=False))
        else:
            word = "-" if piece.token is None else str(piece.token)
            print(f"{piece.start:>6} {piece.end:>6}  {word:>4}  {piece.piece}")


@app.command()
def embed(
    source: Annotated[Path, typer.Argument(help="JSONL: strings with a word in brackets, or objects.", exists=True)],
    output: Annotated[Path, typer.Argument(help="The .npy file to write.")],
    index: Annotated[str | None, typer.Option(help="Make the vectors as this index's are made.")] = None,
    model: Annotated[str, typer.Option(help="A folder or a name.")] = DEFAULT_MODEL,
    layers: Annotated[str, typer.Option(help="last, sum:9-12, mean:1,6, concat:3-6.")] = "last",
    pooling: Annotated[str, typer.Option(help="mean, first or last of a word's pieces.")] = "mean",
    window: Annotated[int, typer.Option(help="Pieces that the model sees at once.")] = 128,
    language: Annotated[str, typer.Option(help="By which words are cut.")] = "en",
    device: options.Device = None,
    dtype: options.Dtype = None,
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
    _say(f"{output}: {vectors.shape[0]:,} vectors of {vectors.shape[1]} dimensions.")


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


@app.command()
def info(index: options.IndexName, as_json: options.Json = False) -> None:
    """Say what an index holds, and how it was made."""
    with Index.open(index) as opened:
        content = asdict(opened.info())
    if as_json:
        print(json.dumps(content, ensure_ascii=False))
        return
    settings = content.pop("settings")
    rows = {**content, **settings}
    for name, value in rows.items():
        shown = ", ".join(value) if isinstance(value, (list, tuple)) else f"{value:,}" if type(value) is int else value
        print(f"{name.replace('_', ' '):<18}  {shown}")


def _print(lines: list[ctxsearch.ConcordanceLine], output: Format) -> None:
    if not lines:
        _say("No line meets the conditions.")
    print_lines(lines, output)
