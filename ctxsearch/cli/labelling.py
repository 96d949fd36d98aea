"""The commands that say which lines have which sense."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ctxsearch.cells import LABEL_COLUMNS
from ctxsearch.cli.console import counted, say, show
from ctxsearch.cli.nothing import require_word
from ctxsearch.cli.options import By, IndexName, Printed, WrongCommand, with_records
from ctxsearch.cli.output import Format, print_rows
from ctxsearch.cli.undoing import undo_command
from ctxsearch.errors import SenseError
from ctxsearch.index import Index

if TYPE_CHECKING:
    from ctxsearch.senses import Senses

# Lines that are told by their keys.
_SHOWN = 5

Keys = Annotated[list[str], typer.Argument(metavar="KEY...", help="Of the lines, DOCUMENT_ID:START.")]
Word = Annotated[str | None, typer.Argument(metavar="WORD", help="Only of this word.")]


@contextmanager
def inventory_of(index: str, by: str | None = None) -> Iterator[Senses]:
    """The sense inventory of an index, to be written by a person."""
    with Index.open(index) as opened:
        yield opened.senses(by=by)


def label(
    index: IndexName,
    sense_id: Annotated[
        str | None, typer.Argument(metavar="SENSE", help="What the sense is called, bank.river for instance.")
    ] = None,
    keys: Annotated[
        list[str] | None, typer.Argument(metavar="KEY...", help="Of the lines, DOCUMENT_ID:START; one or more.")
    ] = None,
    from_file: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="A table in which the senses are filled in, with key and sense, as export writes: .csv, .tsv, .jsonl,"
            " .xlsx, .ods.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    by: By = None,
) -> None:
    """Say that lines have a sense; or which lines have which, as a table has them."""
    if from_file is not None:
        if sense_id is not None:
            raise WrongCommand("Choose one, a sense with keys or --from.")
        with inventory_of(index, by) as senses:
            report = senses.label_from(from_file)
        say(
            f"{from_file}: labelled {counted(report.labelled, 'line')}"
            f"{_but(report.unchanged, 'had the label already')}{_but(report.without, 'have no sense there')}"
            f"{_but(report.several, 'have several there, and keep what they have')}."
        )
        _say_replaced(report.replaced, index, by)
        return
    if sense_id is None or not keys:
        raise WrongCommand("Name a sense and the keys of its lines; or give a table with --from.")
    with inventory_of(index, by) as senses:
        before = {one.key: one.sense_id for one in senses.labels(by=senses.by)}
        changed = senses.label(sense_id, keys)
    say(f"{sense_id}: labelled {counted(changed, 'line')}{_but(len(set(keys)) - changed, 'had the label already')}.")
    _say_replaced({key: before[key] for key in keys if before.get(key, sense_id) != sense_id}, index, by)


def unlabel(index: IndexName, keys: Keys, by: By = None) -> None:
    """Take your labels off lines."""
    with inventory_of(index, by) as senses:
        changed = senses.unlabel(keys)
    say(f"Took the label off {counted(changed, 'line')}{_but(len(set(keys)) - changed, 'had none of yours')}.")


@with_records
def labels(
    index: IndexName,
    word: Word = None,
    by: Annotated[str | None, typer.Option(metavar="NAME", help="Only of this person.")] = None,
    lost: Annotated[
        bool, typer.Option("--lost", help="Only those whose line is not in the index, or is of another word now.")
    ] = False,
    *,
    printed: Printed,
) -> None:
    """List which line has which sense, and who says so.

    What --csv and --tsv print, label --from reads.
    """
    with Index.open(index) as opened:
        senses = opened.senses()
        found = senses.lost_labels(word, by=by) if lost else senses.labels(word, by=by)
        if not found:
            require_word(opened, word)
        if not found and not lost and (nobody := who_did(senses, by, word)):
            raise SenseError(nobody)
    if not found:
        of_word = "" if word is None else f" of {word!r}"
        say(f"No label{of_word} is lost." if lost else f"No line{of_word} is labelled.")
    if printed.format is not Format.TABLE:
        print_rows([asdict(one) for one in found], printed.format, LABEL_COLUMNS)
        return
    widths = [max((len(getattr(one, field)) for one in found), default=0) for field in ("key", "sense_id")]
    for one in found:
        show(f"{one.key:<{widths[0]}}  {one.sense_id:<{widths[1]}}  {one.by}, {one.at[:10]}")


def who_did(senses: Senses, by: str | None, word: str | None = None) -> str:
    """That somebody whose labels alone are to count labelled nothing, and who did; empty where they labelled a line."""
    if by is None or senses.labels(word, by=by):
        return ""
    others = ", ".join(sorted({one.by for one in senses.labels(word)}))
    of_word = "" if word is None else f" of {word!r}"
    return f"{by!r} labelled no line{of_word}; {f'these did: {others}' if others else 'nobody else did'}."


def _say_replaced(replaced: Mapping[str, str], index: str, by: str | None) -> None:
    """Tells which lines had another label of the same person, by what it was."""
    if replaced:
        first = ", ".join(f"{key} ({sense_id})" for key, sense_id in [*replaced.items()][:_SHOWN])
        more = f", ... ({counted(len(replaced), 'line')})" if len(replaced) > _SHOWN else ""
        say(f"Had another label of yours: {first}{more}. To have it back: {undo_command(index, by)}")


def _but(count: int, why: str) -> str:
    return f"; {count:,} {why}" if count else ""
