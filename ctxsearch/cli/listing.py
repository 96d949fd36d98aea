"""The commands that print what an inventory has: senses, and the log of changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, TypeVar

from ctxsearch.cli.console import counted, say, show
from ctxsearch.cli.labelling import Word
from ctxsearch.cli.nothing import require_word
from ctxsearch.cli.options import IndexName, Printed, with_records
from ctxsearch.cli.output import Format, print_rows
from ctxsearch.index import Index
from ctxsearch.sense import Change, Sense

if TYPE_CHECKING:
    from ctxsearch.senses import Senses

T = TypeVar("T")
# Characters of a text that are shown in a line of the log.
_LONGEST = 80


@with_records
def list_senses(index: IndexName, word: Word = None, *, printed: Printed) -> None:
    """List the senses of a word, or all."""
    found = _found(index, word, lambda senses: senses.list(word))
    if not found:
        of_word = "" if word is None else f" of {word!r}"
        say(f"There is no sense{of_word} yet; make one with: ctxsearch senses new.")
    if printed.format is not Format.TABLE:
        rows = [asdict(sense) for sense in found]
        if printed.format is not Format.JSON:
            rows = [{**row, "notes": "; ".join(note["text"] for note in row["notes"])} for row in rows]
        print_rows(rows, printed.format, [one.name for one in fields(Sense)])
        return
    width = max((len(sense.sense_id) for sense in found), default=0)
    for sense in found:
        have = counted(sense.lines, "line")
        if sense.examples:
            have += f" and {counted(sense.examples, 'example')}"
        show(f"{sense.sense_id:<{width}}  {_on_one_line(sense.definition) or '(no definition)'}  [{have}]")
        for note in sense.notes:
            show(f"{'':<{width}}  - {_on_one_line(note.text)} ({note.by}, {note.at[:10]})")


@with_records
def log(index: IndexName, word: Word = None, *, printed: Printed) -> None:
    """Tell all that was ever changed, oldest first; long texts are shortened, but not with --json, --csv or --tsv."""
    found = _found(index, word, lambda senses: senses.changes(word))
    if not found:
        say(f"Nothing was ever changed{'' if word is None else f' of the senses of {word!r}'}.")
    if printed.format is not Format.TABLE:
        print_rows([asdict(change) for change in found], printed.format, [one.name for one in fields(Change)])
        return
    width = max((len(change.by) for change in found), default=0)
    for change in found:
        undone = " (undone)" if change.undone else ""
        show(f"{change.number:>5}  {change.at}  {change.by:<{width}}  {shortened(change.what)}{undone}")


def _found(index: str, word: str | None, ask: Callable[[Senses], Sequence[T]]) -> Sequence[T]:
    """What there is; where there is nothing of a word, the corpus has that word at least."""
    with Index.open(index) as opened:
        found = ask(opened.senses())
        if not found:
            require_word(opened, word)
    return found


def shortened(text: str) -> str:
    """As much of a text as fits on a line beside what else there is."""
    text = _on_one_line(text)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1].rstrip() + "…"


def _on_one_line(text: str) -> str:
    return " ".join(text.split())
