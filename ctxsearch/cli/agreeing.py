"""The command that compares what people have labelled."""

from __future__ import annotations

import json
from dataclasses import asdict

from ctxsearch.cli.console import counted, say, show
from ctxsearch.cli.labelling import Word, inventory_of
from ctxsearch.cli.options import IndexName, Printed, with_records
from ctxsearch.cli.output import Format, Told, print_lines


@with_records
def agreement(index: IndexName, word: Word = None, *, printed: Printed) -> None:
    """Compare what people have labelled: how often they agree, kappa and alpha, and where they differ.

    What --csv and --tsv print is where they differ: fill in sense, for senses label --from.
    """
    with inventory_of(index) as senses:
        found = senses.agreement(word)
    if printed.format in (Format.CSV, Format.TSV):
        rows = [(one.line, one.senses) for one in found.disagreements if one.line]
        if not rows:
            say("There is no line on which people differ.")
        told = [
            Told("", {"sense": "", **{f"by {who}": given.get(who, "") for who in found.people}}) for _, given in rows
        ]
        fields = ["sense", *(f"by {who}" for who in found.people)]
        print_lines([line for line, _ in rows], printed.format, told, told_fields=fields)
        return
    if printed.format is Format.JSON:
        pairs = [
            {"people": list(pair), "kappa": kappa, "compared": found.compared[pair], "agreed": found.agreed[pair]}
            for pair, kappa in found.kappa.items()
        ]
        differ = [asdict(one) for one in found.disagreements]
        known = {"people": list(found.people), "occurrences": found.occurrences, "alpha": found.alpha}
        print(json.dumps({**known, "kappa": pairs, "disagreements": differ}, ensure_ascii=False))
        return
    people = "1 person" if len(found.people) == 1 else f"{len(found.people):,} people"
    show(f"{counted(found.occurrences, 'line')} labelled by two or more of {people}.")
    for pair, kappa in found.kappa.items():
        both, alike = found.compared[pair], found.agreed[pair]
        raw = f", {alike:,} of them alike ({alike / both:.1%})" if both else ""
        show(f"{' and '.join(pair)}: {counted(both, 'line')} of both{raw}; Cohen's kappa {_figure(kappa)}")
    show(f"All: Krippendorff's alpha {_figure(found.alpha)}")
    for differing in found.disagreements:
        print_lines([differing.line] if differing.line else [], Format.TABLE)
        show(f"    {', '.join(f'{who}: {what}' for who, what in differing.senses.items())}")


def _figure(value: float | None) -> str:
    return "not to be had, for want of lines or of senses" if value is None else f"{value:.3f}"
