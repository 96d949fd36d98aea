"""Draws what other commands print as tables. The only door to Matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from ctxsearch.cli.goal import check_goal
from ctxsearch.errors import MissingExtra
from ctxsearch.storage import replacing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ctxsearch.evaluation import Estimate, Reliability
    from ctxsearch.probing import Evaluation
    from ctxsearch.senses import Assigned


def check_plot(goal: Path, *, force: bool) -> None:
    """Makes sure, before the long work, that it can be drawn.

    Args:
        goal: the file.
        force: whether one that is there is replaced.

    Raises:
        MissingExtra: Matplotlib is not installed.
        ValueError: the file cannot be made, or is there; or its ending names no kind of picture.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtra("matplotlib", "plot") from error
    known = Figure().canvas.get_supported_filetypes()
    if goal.suffix.removeprefix(".").lower() not in known:
        raise ValueError(f"{goal} has no ending of a picture; use one of: {', '.join(sorted(known))}.")
    check_goal(goal, "to draw into", force=force)


def plot_sweep(evaluations: Sequence[Evaluation], goal: Path) -> None:
    """Draws average precision and pair AUC by layers, with their intervals, into a file that is replaced whole."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 5), layout="constrained")
    axes = figure.subplots()
    places = list(range(len(evaluations)))
    drawn: tuple[tuple[str, str, list[Estimate]], ...] = (
        ("average precision, mean over senses", "o", [one.vectors.average_precision.by_sense for one in evaluations]),
        ("precision at 1, mean over senses", "s", [one.vectors.precision_at_1.by_sense for one in evaluations]),
        ("same sense or not, AUC", "^", [one.vectors.pair_auc for one in evaluations]),
    )
    for name, marker, estimates in drawn:
        values = [estimate.value for estimate in estimates]
        below = [value - (value if one.low is None else one.low) for value, one in zip(values, estimates, strict=True)]
        above = [
            (value if one.high is None else one.high) - value for value, one in zip(values, estimates, strict=True)
        ]
        axes.errorbar(
            places,
            values,
            [[max(0.0, b) for b in below], [max(0.0, a) for a in above]],
            marker=marker,
            ls="",
            capsize=3,
            label=name,
        )
    chance = evaluations[0].vectors.chance.by_sense.value
    axes.axhline(chance, color="grey", ls=":", label="average precision of a random order")
    axes.set_xticks(places, [one.layers for one in evaluations], rotation=45, ha="right")
    axes.set_xlabel(f"layers of {evaluations[0].model}; sum:0 has seen no context")
    axes.legend(loc="lower right")
    axes.grid(axis="y", alpha=0.3)
    _write(figure, goal)


def plot_reliability(evaluation: Evaluation, reliability: Reliability, goal: Path) -> None:
    """Draws stated probabilities against the share that came true, into a file that is replaced whole."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.5, 5.5), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="grey", ls=":", label="what is stated comes true")
    bins = reliability.bins
    stated, true = [one.stated for one in bins], [one.true for one in bins]
    axes.plot(stated, true, color="C0", lw=1)
    # The area of a dot is what its pairs count for.
    axes.scatter(stated, true, [20 + 900 * one.weight for one in bins], color="C0")
    axes.scatter([], [], 40, color="C0", label="pairs, by their weight")
    axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
    axes.set_xlabel(f"stated probability of the same sense, head {evaluation.head}")
    axes.set_ylabel("share of pairs that have the same sense")
    axes.set_title(f"expected calibration error {reliability.error:.3f}")
    axes.legend(loc="upper left")
    axes.grid(alpha=0.3)
    _write(figure, goal)


def plot_assigned(assigned: Assigned, column: str, goal: Path) -> None:
    """Draws the share of each sense for every value of a column of the metadata, into a file that is replaced whole."""
    from matplotlib.figure import Figure

    from ctxsearch.senses import UNSURE

    table = assigned.by_metadata(column)
    totals = [sum(row) for row in table.values()]
    figure = Figure(figsize=(max(5.0, min(20.0, 2.5 + 0.35 * len(table))), 4.5), layout="constrained")
    axes = figure.subplots()
    places = list(range(len(table)))
    below = [0.0] * len(table)
    names = [*(one.sense_id for one in assigned.frequencies), UNSURE]
    # What was not told apart is grey, whatever the number of senses.
    greys = {len(names) - 2: "0.6", len(names) - 1: "0.85"}
    for number, name in enumerate(names):
        shares = [row[number] / max(1, total) for row, total in zip(table.values(), totals, strict=True)]
        axes.bar(places, shares, 0.85, bottom=below, label=name, color=greys.get(number, f"C{number % 10}"))
        below = [one + share for one, share in zip(below, shares, strict=True)]
    for place, total in zip(places, totals, strict=True):
        axes.text(place, 1.01, f"{total:,}", ha="center", va="bottom", size="small", color="0.4")
    axes.set_xticks(
        places, list(table), rotation=45 if len(table) > 6 else 0, ha="right" if len(table) > 6 else "center"
    )
    named = column.rpartition(":")[0] or column
    axes.set(xlabel=named, ylabel=f"share of the occurrences of {assigned.lemma}", ylim=(0, 1.06))
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0", "25 %", "50 %", "75 %", "100 %"])
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside right upper")
    _write(figure, goal)


def _write(figure: Figure, goal: Path) -> None:
    picture = BytesIO()
    figure.savefig(picture, format=goal.suffix.removeprefix(".").lower(), dpi=150)
    with replacing(goal) as file:
        file.write(picture.getvalue())
