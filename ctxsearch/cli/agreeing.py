"""The command that compares what people have labelled."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from ctxsearch.cli.console import counted, say, show
from ctxsearch.cli.labelling import Word, inventory_of
from ctxsearch.cli.options import IndexName, Json, WrongCommand
from ctxsearch.cli.output import Format, Told, print_lines


def agreement(
    index: IndexName,
    word: Word = None,
    as_json: Json = False,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Where they differ, as a table: fill in sense, for senses label --from.")
    ] = False,
    as_tsv: Annotated[bool, typer.Option("--tsv", help="The same, parted by tabs.")] = False,
) -> None:
    """Compare what people have labelled: how often they agree, kappa and alpha, and where they differ."""
    if as_json + as_csv + as_tsv > 1:
        raise WrongCommand("Choose one of --json, --csv and --tsv.")
    with inventory_of(index) as senses:
        found = senses.agreement(word)
    if as_csv or as_tsv:
        rows = [(one.line, one.senses) for one in found.disagreements if one.line]
        if not rows:
            say("There is no line on which people differ.")
        told = [
            Told("", {"sense": "", **{f"by {who}": given.get(who, "") for who in found.people}}) for _, given in rows
        ]
        fields = ["sense", *(f"by {who}" for who in found.people)]
        print_lines([line for line, _ in rows], Format.CSV if as_csv else Format.TSV, told, told_fields=fields)
        return
    if as_json:
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
