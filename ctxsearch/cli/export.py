"""The command that writes what an index holds for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from ctxsearch.cli.console import argument_of, counted, say, with_options
from ctxsearch.cli.nothing import NO_DOCUMENT, no_line, say_nothing
from ctxsearch.cli.opening import opening
from ctxsearch.cli.options import (
    Filters,
    IndexName,
    Offset,
    PerDocument,
    Sort,
    Whose,
    WrongCommand,
    given,
    parsed_context,
    to_file,
    with_records,
)
from ctxsearch.cli.progress import count_bar

_Senses = Literal["labels", "assigned", "none"]
_NOT_OF_A_FORMAT = ("--format", "--force")


@with_records
def export(
    call: typer.Context,
    index: IndexName,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The file to write; its ending says the format.", callback=to_file)
    ],
    word: Annotated[
        str | None,
        typer.Argument(
            metavar="WORD",
            help="A lemma, for all its forms; or a form, for itself. Without, the pattern of --cql has the node.",
        ),
    ] = None,
    file_format: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="Lines of WORD: csv, tsv, jsonl, xlsx. Its uses, for DURel: durel. Dictionary entries (.xml), of WORD"
            " or of all that have senses: tei. Documents, every token with its sense: vrt, conllu. Vectors, of WORD or"
            " of all words, beside FILE.keys.jsonl: npy, faiss (which is in memory, 4 bytes a component); or with their"
            " keys: parquet.  [default: by the ending]",
        ),
    ] = None,
    *,
    filters: Filters,
    limit: Annotated[int | None, typer.Option("-k", "--limit", min=1, help="Only so many lines.")] = None,
    sample: Annotated[int | None, typer.Option(min=1, help="A random sample of so many.")] = None,
    per_document: PerDocument = None,
    seed: Annotated[int, typer.Option(min=0, help="Draws what is drawn; the same seed, the same lines.")] = 0,
    sort: Sort = None,
    offset: Offset = 0,
    sense: Annotated[
        str | None, typer.Option(metavar="SENSE", help="Only lines that have this sense; or only its entry.")
    ] = None,
    senses: Annotated[
        _Senses | None,
        typer.Option(
            help="Who says which sense a line has: labels that people gave; or assigned, what assign gives it, in a"
            " column of that name, with p and margin, beside the labels; or none.  [default: labels, if there are any]"
        ),
    ] = None,
    by: Whose = None,
    context: Annotated[str, typer.Option(help="Of lines: words on either side, or 'sentence'.")] = "10",
    grouping: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Of the metadata, to group uses by.  [default: year or date]")
    ] = None,
    examples: Annotated[
        int, typer.Option(min=0, help="Of an entry: examples of each sense, its own first, of which none is left out.")
    ] = 5,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
) -> None:
    """Write lines, entries, documents or vectors for other programs: spreadsheets, TEI, VRT, CoNLL-U, numpy, FAISS."""
    from ctxsearch.exporting import format_of, refusal

    chosen = format_of(file, file_format)
    options = [argument_of(option) for option in given(call) if option not in _NOT_OF_A_FORMAT]
    if why := refusal(chosen, word, senses, options):
        raise WrongCommand(with_options(f"{why}."))
    around = parsed_context(context)
    with opening(index, allow_damaged=False) as opened:
        with count_bar("exporting", f"{chosen.unit}s") as on_progress:
            written = opened.export(
                file,
                word,
                file_format=chosen.name,
                **filters.chosen,
                limit=limit,
                offset=offset,
                sample=sample,
                per_document=per_document,
                seed=seed,
                order=sort or "corpus",
                sense=sense,
                senses=senses,
                by=by,
                context=around,
                grouping=grouping,
                examples=examples,
                replace=force,
                on_progress=on_progress,
            )
        if not written.count:
            say_nothing(opened, filters.chosen["where"], NO_DOCUMENT if chosen.unit == "document" else no_line(offset))
    for note in written.notes:
        say(note)
    beside = "".join(f", and {one.name} beside it" for one in written.files[1:])
    say(f"{file}: {counted(written.count, written.unit)}{beside}.")
