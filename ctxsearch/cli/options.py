"""The options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

from ctxsearch.cli.output import Format
from ctxsearch.index import ConcordanceContext

IndexName = Annotated[
    str, typer.Argument(metavar="INDEX", help="A path, or a name under indexes/ (or $CTXSEARCH_INDEXES).")
]
K = Annotated[int, typer.Option("-k", min=1, help="How many lines.")]
All = Annotated[bool, typer.Option("--all", help="All lines, however far.")]
MinScore = Annotated[float | None, typer.Option(help="Only lines that score so much; a score is a cosine.")]
Form = Annotated[list[str] | None, typer.Option(help="Only occurrences written exactly so; may be given again.")]
AnyWord = Annotated[bool, typer.Option("--any-word", help="Search all words, not just this one.")]
Where = Annotated[
    list[str] | None,
    typer.Option(help="A condition on the metadata, 'year>=1990' or 'genre=fiction'; all that are given must hold."),
]
Context = Annotated[str, typer.Option(help="Words on either side, or 'sentence'.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
Csv = Annotated[bool, typer.Option("--csv", help="Comma-separated, with a header.")]
Tsv = Annotated[bool, typer.Option("--tsv", help="Tab-separated, with a header.")]
Device = Annotated[str | None, typer.Option(help="cpu, cuda, cuda:1, mps; the GPU if there is one, by default.")]
Dtype = Annotated[str | None, typer.Option(help="bf16, fp16 or fp32; what the hardware is fast at, by default.")]


def output_format(json: bool, csv: bool, tsv: bool) -> Format:
    """The one format that was asked for."""
    chosen = [made for asked, made in ((json, Format.JSON), (csv, Format.CSV), (tsv, Format.TSV)) if asked]
    if len(chosen) > 1:
        raise typer.BadParameter("Choose one of --json, --csv and --tsv.")
    return chosen[0] if chosen else Format.TABLE


def parse_context(text: str) -> ConcordanceContext:
    """A number of words, or the sentence."""
    if text == "sentence":
        return "sentence"
    if not text.isascii() or not text.isdigit() or len(text) > 6:
        raise typer.BadParameter(f"{text!r} is neither a number of words nor 'sentence'.", param_hint="--context")
    return int(text)
