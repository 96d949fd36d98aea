"""The commands that name parts of a corpus."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from ctxsearch.cli.console import counted, say, show, told
from ctxsearch.cli.nothing import NO_DOCUMENT, say_nothing
from ctxsearch.cli.options import By, IndexName, Printed, with_records
from ctxsearch.cli.output import Format, print_rows
from ctxsearch.cli.undoing import undo_command
from ctxsearch.index import Index

if TYPE_CHECKING:
    from ctxsearch.senses.subcorpora import Subcorpora

Name = Annotated[str, typer.Argument(metavar="NAME", help="What it is called; conditions name it @NAME.")]

_COLUMNS = ("name", "where", "documents", "words")

app = typer.Typer(
    help="Give parts of the corpus a name, to be used as @NAME wherever a condition is: --where @NAME.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@contextmanager
def _subcorpora(index: str, by: str | None = None) -> Iterator[Subcorpora]:
    with Index.open(index) as opened:
        yield opened.subcorpora(by=by)


@with_records
def list_subcorpora(index: IndexName, *, printed: Printed) -> None:
    """List the subcorpora with their conditions, and how large they are."""
    with _subcorpora(index) as subcorpora:
        found, sizes = subcorpora.list(), subcorpora.sizes()
    if empty := [name for name, size in sizes.items() if size and not size.documents]:
        say(f"No document is in {', '.join(f'@{name}' for name in empty)}.")
    if not found:
        say("There is no subcorpus yet; make one with: ctxsearch subcorpora new.")
    if printed.format is not Format.TABLE:
        rows = []
        for name, conditions in found.items():
            size = sizes.get(name)
            held = (size.documents, size.words) if size else (None, None)
            where = list(conditions) if printed.format is Format.JSON else "; ".join(conditions)
            rows.append(dict(zip(_COLUMNS, (name, where, *held), strict=True)))
        print_rows(rows, printed.format, _COLUMNS)
        return
    width = max(map(len, found), default=0)
    for name, conditions in found.items():
        size = sizes.get(name)
        large = f"{counted(size.documents, 'document')}, {counted(size.words, 'word')}" if size else "no such column"
        show(f"@{name:<{width}}  {'  '.join(conditions)}  [{large}]")


def new(
    index: IndexName,
    name: Name,
    where: Annotated[
        list[str],
        typer.Argument(metavar="CONDITION...", help="On the metadata, 'year>=1990' for instance; all must hold."),
    ],
    by: By = None,
) -> None:
    """Give conditions a name, or a name another meaning."""
    with Index.open(index) as opened:
        subcorpora = opened.subcorpora(by=by)
        before = subcorpora.list().get(name)
        subcorpora.save(name, where)
        stored, size = subcorpora.list()[name], subcorpora.sizes()[name]
        say(f"@{name} is: {'  '.join(stored)}.")
        if size is not None and not size.documents:
            say_nothing(opened, stored, NO_DOCUMENT)
        if before not in (None, stored):
            say(f"Before, it was: {'  '.join(before or ())}. To have that back: {undo_command(index, by)}")


def remove(index: IndexName, name: Name, by: By = None) -> None:
    """Take a name away; no document is touched."""
    with _subcorpora(index, by) as subcorpora:
        subcorpora.remove(name)
    say(f"@{name} is no more. To have it back: {undo_command(index, by)}")


for _name, _command in (("list", list_subcorpora), ("new", new), ("remove", remove)):
    app.command(_name, short_help=(_command.__doc__ or "").partition("\n")[0])(told(_command))
