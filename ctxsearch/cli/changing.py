"""The command that ranks words by how their use changes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ctxsearch.cli.console import counted, say, show
from ctxsearch.cli.opening import opening
from ctxsearch.cli.options import IndexName, Pos, Printed, WrongCommand, given, refuse_all_but, with_records
from ctxsearch.cli.output import Format, Told, print_lines, print_rows
from ctxsearch.cli.progress import stage_bar
from ctxsearch.domain import ConcordanceLine

if TYPE_CHECKING:
    from ctxsearch.senses.change import Changed

_Order = Literal["apd", "prt", "jsd"]
_COUNTS = ("count_before", "count_after")
_COLUMNS = ("lemma", *_COUNTS, "apd", "prt", "jsd", "jsd_by_chance", "p")
_OF_LINES = ("--by", "--before", "--after", "--between", "--lines", "--pos", "--json", "--csv", "--tsv")


@with_records
def change(
    call: typer.Context,
    index: IndexName,
    word: Annotated[
        str | None, typer.Argument(metavar="WORD", help="Only show lines of this word, those that tell most.")
    ] = None,
    by: Annotated[str, typer.Option(metavar="COLUMN", help="Of the metadata, with the time.")] = "year",
    before: Annotated[
        str | None, typer.Option(metavar="VALUE", help="One part: documents whose value is less than this.")
    ] = None,
    after: Annotated[
        str | None, typer.Option(metavar="VALUE", help="The other: documents whose value is this or more.")
    ] = None,
    between: Annotated[
        tuple[str, str] | None,
        typer.Option(
            metavar="ONE OTHER",
            help="In the place of times: two conditions, as of --where, or subcorpora, @fiction @news.",
        ),
    ] = None,
    least: Annotated[int, typer.Option(min=1, help="Only words that occur so often in each.")] = 10,
    order: Annotated[_Order, typer.Option("--sort", help="By which measure words are ranked.")] = "jsd",
    limit: Annotated[int, typer.Option("-k", "--limit", min=1, help="How many words.")] = 20,
    lines: Annotated[int, typer.Option("--lines", min=1, help="With WORD: how many lines of each part.")] = 5,
    pos: Pos = None,
    seed: Annotated[int, typer.Option(min=0, help="Draws the uses of frequent words.")] = 0,
    *,
    printed: Printed,
) -> None:
    """Rank words by how differently they are used in two parts of a corpus, or show the lines that tell.

    The parts are before a time and after one, or are any two that share no document.

    APD and PRT compare up to 20,000 uses of each part, and JSD groups up to 200 of each: of a word that has more, so
    many are drawn. Beside JSD stands what it is by chance, in the mean where the same documents are dealt out to the
    two parts, and p, how often it is as great or greater then.
    """
    if between is not None and (times := [one for one in ("--by", "--before", "--after") if one in given(call)]):
        raise WrongCommand(f"--between compares no times; leave out {' and '.join(times)}.")
    if word is None and "--lines" in given(call):
        raise WrongCommand("--lines shows lines of a word; name it, or leave out --lines.")
    if word is not None:
        refuse_all_but(_OF_LINES, call, "With WORD, its lines are shown")
    parts = between or _of_times(by, before, after)
    with opening(index, allow_damaged=False) as opened:
        if word is not None:
            _print_lines(parts, opened.change_lines(word, *parts, lines, pos=pos or ()), printed.format)
            return
        with stage_bar("words") as on_progress:
            ranked = opened.change(
                *parts, least=least, order=order, limit=limit, seed=seed, pos=pos or (), on_progress=on_progress
            )
    if not ranked:
        say("No word occurs so often in both parts.")
    _say_drawn(ranked, seed)
    if printed.format is Format.JSON:
        for one in ranked:
            print(json.dumps(one.as_dict(), ensure_ascii=False))
    elif printed.format is not Format.TABLE:
        print_rows([_row(one) for one in ranked], printed.format, _COLUMNS)
    elif ranked:
        _print(ranked, between or ("before", "after"))


def _of_times(by: str, before: str | None, after: str | None) -> tuple[str, str]:
    """The conditions of the part before a time, and of that after one."""
    if before is None or after is None:
        raise WrongCommand(
            "Say which times to compare, --before 1950 --after 2000 for instance; or which parts:"
            " --between genre=fiction genre=news."
        )
    if _is_less(after, before):
        raise WrongCommand(f"What is between {after} and {before} would be in both parts; let --before be the lower.")
    return f"{by}<{before}", f"{by}>={after}"


def _print_lines(parts: tuple[str, str], found: Sequence[Sequence[ConcordanceLine]], output: Format) -> None:
    """Prints the lines of each part: below its name, or as one table that has it in a column."""
    if output is Format.TABLE:
        for part, lines in zip(parts, found, strict=True):
            show(f"{part}:")
            print_lines(lines, output)
        return
    told = [Told("", {"part": part}) for part, lines in zip(parts, found, strict=True) for _ in lines]
    print_lines([line for lines in found for line in lines], output, told, told_fields=("part",))


def _row(one: Changed) -> dict[str, object]:
    """As a row of a table, with a column for the uses in each part."""
    fields = one.as_dict()
    counts = dict(zip(_COUNTS, one.counts, strict=True))
    return {column: counts[column] if column in counts else fields[column] for column in _COLUMNS}


def _print(ranked: Sequence[Changed], parts: tuple[str, str]) -> None:
    width, widths = max(len(one.lemma) for one in ranked), [max(7, len(part)) for part in parts]
    heads = "  ".join(f"{part:>{wide}}" for part, wide in zip(parts, widths, strict=True))
    show(f"{'':<{width}}  {heads}    {'APD':>6}  {'PRT':>6}  {'JSD':>6}  {'chance':>6}  {'p':>5}")
    for one in ranked:
        counts = "  ".join(f"{count:>{wide},}" for count, wide in zip(one.counts, widths, strict=True))
        measures = "  ".join(f"{value:>6.3f}" for value in (one.apd, one.prt, one.jsd, one.jsd_by_chance))
        show(f"{one.lemma:<{width}}  {counts}    {measures}  {one.p:>5.3f}")


def _say_drawn(ranked: Sequence[Changed], seed: int) -> None:
    """Says which figures are of uses that were drawn."""
    from ctxsearch.senses.change import COMPARED, GROUPED

    for measures, most in (("JSD is", GROUPED), ("APD and PRT are", COMPARED)):
        if drawn := sum(max(one.counts) > most for one in ranked):
            say(f"Of {counted(drawn, 'word')}, {measures} of {most:,} uses of a part, drawn by --seed {seed}.")


def _is_less(one: str, other: str) -> bool:
    """Whether one of two values of a column comes before the other: as numbers, or else as text."""
    try:
        return float(one) < float(other)
    except ValueError:
        return one < other
