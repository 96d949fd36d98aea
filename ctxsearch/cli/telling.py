"""The commands that tell which sense a use has."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ctxsearch.cli.console import counted, say, show
from ctxsearch.cli.exporting import export_model
from ctxsearch.cli.goal import ForcePlot, refuse_force_alone
from ctxsearch.cli.nothing import NO_LINE, say_nothing
from ctxsearch.cli.opening import opening
from ctxsearch.cli.options import Device, Dtype, Filters, IndexName, Json, Shown, Whose, WrongCommand, with_records
from ctxsearch.cli.output import Format, Told, print_lines, print_rows
from ctxsearch.cli.plotting import check_plot, plot_assigned

if TYPE_CHECKING:
    from ctxsearch.domain import Usage
    from ctxsearch.sense import Label, Sense
    from ctxsearch.senses import Assigned, Assignment, SenseFit, SenseFrequency


def lookup(
    index: IndexName,
    sentence: Annotated[
        str, typer.Argument(metavar="SENTENCE", help="A sentence with one word in brackets; a literal bracket is \\[.")
    ],
    examples: Annotated[int, typer.Option(min=0, help="How many lines are shown for each sense.")] = 3,
    by: Whose = None,
    device: Device = None,
    dtype: Dtype = None,
    as_json: Json = False,
) -> None:
    """Tell which sense of your inventory a word has: "They rowed across the river to the [bank]"."""
    with opening(index, allow_damaged=False, device=device, dtype=dtype) as opened:
        found = opened.senses().lookup(sentence, by=by, examples=examples)
        export_model(opened)
    if as_json:
        print(json.dumps(asdict(found), ensure_ascii=False))
        return
    for fit in found.fits:
        show(f"{fit.p:4.0%}  {fit.sense.sense_id}  {fit.sense.definition}".rstrip())
        _print_evidence(fit)
    show(f"{found.p_none:4.0%}  none of these")
    _say_missing(found.without_examples, found.lost, found.unusable)


@with_records
def assign(
    index: IndexName,
    word: Annotated[str, typer.Argument(metavar="WORD", help="A lemma; all its forms count.")],
    *,
    filters: Filters,
    by: Whose = None,
    margin: Annotated[
        float, typer.Option(min=0, max=1, help="A line whose two likeliest answers are less far apart is unsure.")
    ] = 0.2,
    over: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Count by this column of the metadata, with an interval of each sense's share; by year, or by"
            " year:20.",
        ),
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="With --over: draw it into this file.", dir_okay=False)] = None,
    force: ForcePlot = False,
    lines: Annotated[
        bool, typer.Option("--lines", help="Print every line with its sense; * marks those that people labelled.")
    ] = False,
    pile: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only lines of this sense, of 'unsure', or of 'none of these'.")
    ] = None,
    to_label: Annotated[
        int | None,
        typer.Option(
            "--next", min=1, help="Print so many lines that it would help most to label next; none is labelled yet."
        ),
    ] = None,
    shown: Shown,
) -> None:
    """Give every line of a word the sense of your inventory that it is likeliest to have.

    Filters choose the lines that are told of and counted, and none of what shows the senses.
    """
    if plot is not None and over is None:
        raise WrongCommand("--plot draws what --over counts; give --over, too.")
    refuse_force_alone(plot, force=force)
    if sum((over is not None, lines or pile is not None, to_label is not None)) > 1:
        raise WrongCommand("Choose one of --over, --lines (or --pile) and --next.")
    prints_lines = lines or pile is not None or to_label is not None
    if not prints_lines and over is None and shown.format in (Format.CSV, Format.TSV):
        raise WrongCommand("--csv and --tsv print lines; give --lines or --next, too.")
    if not prints_lines and shown.context is not None:
        raise WrongCommand("--context is of lines; give --lines or --next, too.")
    if plot is not None:
        check_plot(plot, force=force)
    with opening(index, allow_damaged=False) as opened:
        found = opened.senses().assign(word, **filters.chosen, by=by, least_margin=margin, context=shown.around())
        if not found.uses:
            say_nothing(opened, filters.chosen["where"], NO_LINE)
        if prints_lines:
            uses = found.uses if pile is None else found.in_pile(pile)
            uses = uses if to_label is None else found.to_label(to_label)
            if found.uses and not uses:
                say("There is no such line.")
            _print_uses(uses, shown)
        elif over is not None:
            _print_over(found, over, shown.format)
            # An older picture is not replaced by one of nothing.
            if plot is not None and found.uses:
                plot_assigned(found, over, plot)
        elif shown.format is Format.JSON:
            counted_by = [asdict(one) for one in found.frequencies]
            told = {"lemma": found.lemma, "occurrences": len(found.uses), "unsure": found.unsure, "senses": counted_by}
            print(json.dumps(told, ensure_ascii=False))
        else:
            _print_frequencies(found)
    _say_missing(found.without_examples, found.lost, found.unusable)


def _print_evidence(fit: SenseFit) -> None:
    for usage, score in fit.sentences:
        marked = f"{usage.text[: usage.start]}[{usage.text[usage.start : usage.end]}]{usage.text[usage.end :]}"
        show(f"      {score:.3f}  example: {marked}")
    print_lines(fit.lines, Format.TABLE)


def _print_frequencies(found: Assigned) -> None:
    show(f"{found.lemma}: {counted(len(found.uses), 'occurrence')}")
    width = max(len("none of these"), *(len(one.sense_id) for one in found.frequencies))
    show(f"{'sense':<{width}}  {'assigned':>9}  {'share':>6}  {'expected':>9}  95 % interval")
    for one in found.frequencies:
        share = one.assigned / max(1, len(found.uses))
        show(
            f"{one.sense_id:<{width}}  {one.assigned:>9,}  {share:>6.1%}  {one.expected:>9,.0f}"
            f"  {one.low:,.0f} to {one.high:,.0f}"
        )
    show(f"{'unsure':<{width}}  {found.unsure:>9,}  {found.unsure / max(1, len(found.uses)):>6.1%}")


def _print_over(found: Assigned, column: str, output: Format) -> None:
    """Prints a row for each value."""
    table, estimated = found.by_metadata(column), found.frequencies_by(column)
    piles = found.uses.piles
    if output is Format.TABLE:
        told = "lines in each pile, and a 95 % interval of each share"
        show(f"{found.lemma}: {counted(len(found.uses), 'occurrence')}; {told}")
        rows = [(value, row, estimated[value]) for value, row in table.items()]
        everything = [*(one.assigned for one in found.frequencies), found.unsure]
        cells = [(column, "lines", *piles)]
        for value, counts, senses in (*rows, ("all", everything, found.frequencies)):
            n = sum(counts)
            shares = (f"{one.assigned:,} {_share(one, n):>7}" for one in senses)
            cells.append((value, f"{n:,}", *shares, f"{counts[-1]:,}"))
        widths = [max(map(len, one)) for one in zip(*cells, strict=True)]
        for first, *others in cells:
            padded = (f"{one:>{width}}" for one, width in zip(others, widths[1:], strict=True))
            show(f"{first:<{widths[0]}}  " + "  ".join(padded))
        return
    figures = ("expected", "low", "high")
    columns = [column, *piles, *(f"{name} {figure}" for name in piles[:-1] for figure in figures)]
    figures_of = (
        (value, *counts, *(getattr(one, figure) for one in estimated[value] for figure in figures))
        for value, counts in table.items()
    )
    print_rows([dict(zip(columns, row, strict=True)) for row in figures_of], output, columns)


def _share(one: SenseFrequency, of: int) -> str:
    """The interval of a sense's share of so many lines."""
    low, high = (f"{100 * count / max(1, of):.0f}" for count in (one.low, one.high))
    return "" if not of else f"{low}%" if low == high else f"{low}-{high}%"


def _print_uses(uses: Sequence[Assignment], shown: Shown) -> None:
    from ctxsearch.senses.uses import TOLD

    told = [
        Told(
            _likeliest(use) + (" *" if use.is_labelled else ""),
            use.told(),
        )
        for use in uses
    ]
    lines, whole = [use.line for use in uses], shown.around() == "sentence"
    print_lines(lines, shown.format, told, whole=whole, told_fields=TOLD)


def _likeliest(use: Assignment) -> str:
    """The likeliest answer, with its probability, and whether it is unsure."""
    from ctxsearch.senses import UNSURE

    return f"{max(use.p, use.p_none):4.0%} {f'{use.pile}: ' if use.pile == UNSURE else ''}{use.likeliest}"


def _say_missing(without_examples: Sequence[Sense], lost: Sequence[Label], unusable: Sequence[Usage]) -> None:
    if without_examples:
        names = ", ".join(sense.sense_id for sense in without_examples)
        say(f"Nothing shows these senses, so they were not considered: {names}.")
    if lost:
        keys = ", ".join(label.key for label in lost[:5])
        say(f"Labels whose line is not in the index, or is of another word now: {keys}.")
    if unusable:
        sentences = counted(len(unusable), "sentence")
        say(f"Left out {sentences} without one whole word that is marked, {unusable[0].text[:60]!r} for instance.")
