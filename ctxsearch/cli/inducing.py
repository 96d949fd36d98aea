"""The commands that propose groups of uses."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated

import typer

from ctxsearch.cli.console import counted, say, show
from ctxsearch.cli.labelling import who_did
from ctxsearch.cli.nothing import NO_LINE, say_nothing
from ctxsearch.cli.opening import opening
from ctxsearch.cli.options import Filters, IndexName, Json, Whose, WrongCommand, refuse_all_but, with_records
from ctxsearch.cli.output import Format, print_lines
from ctxsearch.cli.undoing import undo_command

if TYPE_CHECKING:
    from ctxsearch.senses import Group, Induced

Least = Annotated[int, typer.Option(min=1, help="Groups of fewer lines are counted, and not shown.")]
Lines = Annotated[int, typer.Option("--lines", min=0, max=10, help="How many lines are shown of each group.")]


@with_records
def induce(
    index: IndexName,
    word: Annotated[str, typer.Argument(metavar="WORD", help="A lemma; all its forms count.")],
    *,
    filters: Filters,
    least: Least = 3,
    lines: Lines = 3,
    seed: Annotated[int, typer.Option(min=0, help="Draws 2,000 lines of a word that has more.")] = 0,
    accept: Annotated[
        bool, typer.Option("--accept", help="Make a sense of each group, and label its most typical lines.")
    ] = False,
    by: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="With --accept: who you are, whose senses and labels these will be.  [default: your name as a user]",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Propose groups of the lines of a word that are likely to have one sense; one group is an answer, too.

    A score is how near a line is to the middle of its group. Typical lines are the nearest; borderline ones, the least
    sure first, are those that lie nearer to another group, or hardly farther from it: that, not the score, orders them.
    """
    if by is not None and not accept:
        raise WrongCommand("--by says whose senses are made; give --accept, too.")
    with opening(index, allow_damaged=False) as opened:
        senses = opened.senses(by=by)
        found = senses.induce(word, **filters.chosen, least=least, seed=seed)
        made = senses.accept(found) if accept else ()
        if not found.occurrences:
            say_nothing(opened, filters.chosen["where"], NO_LINE)
    _print(found, lines, as_json)
    if made:
        told = ", ".join(f"{sense.sense_id} ({counted(sense.lines, 'line')})" for sense in made)
        say(f"Made {told}; to undo it: {undo_command(index, by)}")
    elif accept and found.groups:
        say("No sense was made: you have labelled the typical lines of each group already.")


@with_records
def novel(
    call: typer.Context,
    index: IndexName,
    word: Annotated[
        str | None,
        typer.Argument(metavar="WORD", help="A lemma; without it, the words of your inventory are ranked."),
    ] = None,
    *,
    filters: Filters,
    by: Whose = None,
    least: Least = 1,
    lines: Lines = 3,
    as_json: Json = False,
) -> None:
    """Find lines that are likely to have none of the senses of your inventory, grouped; or rank words by these.

    None is likelier than each sense, be it only just: so lines that assign calls unsure are among them.
    """
    if word is None:
        refuse_all_but(("--by", "--json"), call, "Without WORD, words are ranked")
    with opening(index, allow_damaged=False) as opened:
        senses = opened.senses()
        if word is not None:
            found = senses.novel(word, **filters.chosen, by=by, least=least)
            if not found.occurrences and not as_json:
                show(f"{found.lemma}: no line is likely to have none of its senses.")
                say_nothing(opened, filters.chosen["where"], NO_LINE if any(filters.chosen.values()) else "")
                return
            _print(found, lines, as_json)
            return
        ranked = senses.unaccounted(by=by)
        nobody = "" if ranked else who_did(senses, by)
    if not ranked:
        say("No word of the inventory has a sense with an example; label some with: ctxsearch senses label.")
    if nobody:
        say(nobody)
    for one in ranked:
        if as_json:
            print(json.dumps(asdict(one), ensure_ascii=False))
        else:
            show(f"{one.share:>6.1%}  {one.lemma}  ({one.none:,.0f} of {counted(one.occurrences, 'line')} expected)")


def _print(found: Induced, lines: int, as_json: bool) -> None:
    if as_json:
        print(json.dumps(asdict(found), ensure_ascii=False))
        return
    drawn = "" if found.looked_at == found.occurrences else f" ({found.looked_at:,} drawn)"
    show(f"{found.lemma}: {counted(found.occurrences, 'line')}{drawn}{_divided(found)}")
    for number, group in enumerate(found.groups, start=1):
        _print_group(number, group, lines)


def _divided(found: Induced) -> str:
    """How many lines are in how many groups."""
    groups = counted(len(found.groups), "group")
    if not found.scattered:
        return f" in {groups}"
    if not found.groups:
        return ", all in smaller groups"
    return f": {found.looked_at - found.scattered:,} in {groups}, {found.scattered:,} in smaller ones"


def _print_group(number: int, group: Group, lines: int) -> None:
    # Of a line alone there is no saying how well it hangs together, nor how near it is to itself.
    is_alone = group.size == 1
    stable = "" if is_alone else f", stability {group.stability:.2f}"
    print()
    show(f"{number}  {counted(group.size, 'line')}, {group.share:.0%}{stable}")
    if group.collocates:
        show(f"   beside it: {', '.join(one.word for one in group.collocates)}")
    typical = group.typical[:lines]
    if is_alone:
        print_lines([replace(line, score=None) for line in typical], Format.TABLE)
        return
    # Of a small group the same lines would be both.
    borderline = [line for line in group.borderline if line not in typical][:lines]
    for title, some in (("typical", typical), ("borderline", borderline)):
        if some:
            show(f"   {title}:")
            print_lines(some, Format.TABLE)
