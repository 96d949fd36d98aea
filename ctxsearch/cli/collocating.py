"""The commands that say how a word is used: what stands beside it, and the best examples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from ctxsearch.cli.console import show
from ctxsearch.cli.nothing import NO_LINE, say_nothing
from ctxsearch.cli.opening import opening
from ctxsearch.cli.options import (
    AllowDamaged,
    Filters,
    IndexName,
    PerDocument,
    Printed,
    WrongCommand,
    given,
    with_records,
)
from ctxsearch.cli.output import Format, print_lines, print_rows

if TYPE_CHECKING:
    from ctxsearch.query.collocations import Collocate, Contrast, Measure

# What each column is called in a table for people, who sort by what they see; programs read the other name.
_HEADS: dict[Measure, str] = {
    "count": "count",
    "frequency": "frequency",
    "log_dice": "logDice",
    "mi": "MI",
    "t_score": "t",
    "log_likelihood": "G2",
}
_NO_WORD = "No word stands there so often."
_NO_COLLOCATE = "No word stands there so often, and more often than chance would have it."
_SENSE_HELP = "Only lines that assign gives this sense of your inventory; or 'none of these', or 'unsure'."
WhoseSense = Annotated[
    str | None, typer.Option("--by", metavar="NAME", help="With --sense: count the labels of this person only.")
]


def _measure(text: str) -> Measure:
    """What collocates are ranked by, as either kind of table calls it."""
    for name, head in _HEADS.items():
        if text.casefold() in (name, head.casefold()):
            return name
    raise typer.BadParameter(f"There is no measure {text!r}; use {', '.join(_HEADS.values())}.", param_hint="'--sort'")


@with_records
def collocations(
    call: typer.Context,
    index: IndexName,
    word: Annotated[str, typer.Argument(metavar="WORD", help="A lemma, for all its forms; or a form, for itself.")],
    *,
    left: Annotated[int, typer.Option(min=0, help="Places before the word that count, in its sentence.")] = 5,
    right: Annotated[int, typer.Option(min=0, help="Places after it.")] = 5,
    sentence: Annotated[bool, typer.Option("--sentence", help="Count the whole sentence.")] = False,
    filters: Filters,
    by_form: Annotated[bool, typer.Option("--by-form", help="Count forms, not lemmas.")] = False,
    least: Annotated[int, typer.Option(min=1, help="Only words that stand there so often.")] = 3,
    order: Annotated[
        str,
        typer.Option(
            "--sort",
            metavar="MEASURE",
            help="What they are ranked by: logDice, MI, t, G2, count or frequency; or log_dice, mi, t_score,"
            " log_likelihood.",
        ),
    ] = "logDice",
    limit: Annotated[
        int, typer.Option("-k", "--limit", min=1, help="How many; with --versus, of each of the two senses.")
    ] = 30,
    sense: Annotated[str | None, typer.Option(metavar="SENSE", help=_SENSE_HELP)] = None,
    versus: Annotated[
        str | None, typer.Option(metavar="SENSE", help="With --sense: what tells it from this other sense.")
    ] = None,
    by: WhoseSense = None,
    allow_damaged: AllowDamaged = False,
    printed: Printed,
) -> None:
    """List the words that stand beside a word more often than chance would have it.

    Chance is reckoned by all words of the documents that --where allows, also of a sense and with other filters.
    """
    if versus is not None and sense is None:
        raise WrongCommand("--versus compares two senses; give --sense, too.")
    if versus is not None and versus == sense:
        raise WrongCommand("--versus is the same as --sense; name another sense.")
    _check_sense(call, sense)
    if versus is not None and "--sort" in given(call):
        raise WrongCommand("--versus ranks by log-likelihood; leave out --sort.")
    measure = _measure(order)
    if sentence and (refused := [one for one in given(call) if one in ("--left", "--right")]):
        raise WrongCommand(f"--sentence counts the whole sentence; leave out {' and '.join(refused)}.")
    places = (None, None) if sentence else (left, right)
    with opening(index, allow_damaged) as opened:
        if sense is not None and versus is not None:
            told = opened.senses().contrast(
                word,
                sense,
                versus,
                **filters.chosen,
                by=by,
                by_form=by_form,
                left=places[0],
                right=places[1],
                least=least,
            )
            if not told:
                say_nothing(opened, filters.chosen["where"], _NO_WORD)
            # The most telling of each, those of the other sense last.
            _print_contrasts(
                told if len(told) <= 2 * limit else [*told[:limit], *told[-limit:]], sense, versus, printed.format
            )
            return
        if sense is not None:
            found = opened.senses().collocations(
                word,
                sense,
                **filters.chosen,
                by=by,
                by_form=by_form,
                order=measure,
                limit=limit,
                left=places[0],
                right=places[1],
                least=least,
            )
        else:
            found = opened.collocations(
                word,
                **filters.chosen,
                by_form=by_form,
                order=measure,
                limit=limit,
                left=places[0],
                right=places[1],
                least=least,
            )
        if not found:
            say_nothing(opened, filters.chosen["where"], _NO_COLLOCATE)
    _print(found, printed.format)


@with_records
def examples(
    call: typer.Context,
    index: IndexName,
    word: Annotated[str, typer.Argument(metavar="WORD", help="A lemma, for all its forms; or a form, for itself.")],
    count: Annotated[int, typer.Option("-k", "--limit", "-n", "--count", min=1, help="How many.")] = 5,
    sense: Annotated[str | None, typer.Option(metavar="SENSE", help=_SENSE_HELP)] = None,
    *,
    by: WhoseSense = None,
    filters: Filters,
    per_document: PerDocument = None,
    allow_damaged: AllowDamaged = False,
    printed: Printed,
) -> None:
    """List the best example sentences of a word, or of a sense of it.

    It prefers whole sentences, neither short nor long, of common words, without names or a beginning that points back,
    and typical of the lines that it chooses from. What says the same as a better one is left out.
    """
    _check_sense(call, sense)
    with opening(index, allow_damaged) as opened:
        if sense is not None:
            found = opened.senses().examples(word, sense, count, **filters.chosen, by=by, per_document=per_document)
        else:
            found = opened.examples(word, count, **filters.chosen, per_document=per_document)
        if not found:
            say_nothing(opened, filters.chosen["where"], NO_LINE)
    if printed.format is not Format.TABLE:
        print_lines(found, printed.format)
        return
    # In whole: an example is read, not compared with the lines above it.
    for line in found:
        show(" ".join(f"{line.left}[{line.node}]{line.right}".split()) + f"  ({line.key})")


def _check_sense(call: typer.Context, sense: str | None) -> None:
    """Refuses a damaged index beside a sense, which labels tell that may be of lines in the damaged part.

    And whose labels these are where there is no sense.
    """
    if sense is None and "--by" in given(call):
        raise WrongCommand("--by counts labels; give --sense, too.")
    if sense is not None and "--allow-damaged" in given(call):
        raise WrongCommand("--sense needs the whole index; leave out --allow-damaged.")


def _print(found: Sequence[Collocate], output: Format) -> None:
    if output is not Format.TABLE:
        from ctxsearch.query.collocations import COLLOCATE_COLUMNS

        print_rows([one.as_dict() for one in found], output, COLLOCATE_COLUMNS)
        return
    if not found:
        return
    width = max(len(one.word) for one in found)
    heads = zip(_HEADS.values(), (8, 9, 7, 6, 7, 10), strict=True)
    show("  ".join([" " * width, *(f"{head:>{wide}}" for head, wide in heads)]))
    for one in found:
        show(
            f"{one.word:<{width}}  {one.count:>8,}  {one.frequency:>9,}  {one.log_dice:>7.2f}  {one.mi:>6.2f}"
            f"  {one.t_score:>7.2f}  {one.log_likelihood:>10,.1f}"
        )


def _print_contrasts(told: Sequence[Contrast], sense: str, versus: str, output: Format) -> None:
    if output is not Format.TABLE:
        from ctxsearch.query.collocations import CONTRAST_COLUMNS

        print_rows([one.as_dict() for one in told], output, CONTRAST_COLUMNS)
        return
    if not told:
        return
    width, columns = max(len(one.word) for one in told), [max(8, len(name)) for name in (sense, versus)]
    show(f"{'':<{width}}  {sense:>{columns[0]}}  {versus:>{columns[1]}}  {'log ratio':>9}  {'G2':>9}")
    for one in told:
        counts = "  ".join(f"{count:>{column},}" for count, column in zip(one.counts, columns, strict=True))
        show(f"{one.word:<{width}}  {counts}  {one.log_ratio:>9.2f}  {one.log_likelihood:>9,.1f}")
