"""Senses told from a few examples: accuracy, macro-F1, the unsure pile, and senses that were left out.

    python benchmarks/few_shot.py LABELS.jsonl.gz DOCUMENTS.jsonl.gz [--head FILE] [--json FILE] [--plot FILE]

Only lemmas count that no head was trained on nor chosen by (see ``ctxsearch.evaluation.parts``); ``--all`` takes all,
for a set that was never trained on. For each lemma and each number of examples, that many uses of each sense are drawn
as examples, and up to 100 of the others are told, as ``assign`` tells them; senses with fewer uses than that and one
more do not take part. Figures are means over lemmas. How often each sense is, is estimated as `assign` does: of the
uses so many are put under a wrong sense, beside what the probabilities add up to; and of the senses so many have their
true number in the interval. With one of the senses left out, drawn in turn, its uses are of
none: how well ``p_none`` tells them from those of the senses that are left is the AUC of rejection.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from results import Result, parser, run

from ctxsearch.analysis import Analyser
from ctxsearch.corpus import read_labels
from ctxsearch.encoder.choice import choose
from ctxsearch.encoder.transformer import TransformerEncoder
from ctxsearch.evaluation.parts import TEST, part_of
from ctxsearch.labelled import embed_labelled
from ctxsearch.senses.telling import centres, estimate, probabilities
from ctxsearch.settings import DEFAULT_MODEL

if TYPE_CHECKING:
    from matplotlib.figure import Figure

EXAMPLES = (1, 3, 5, 10)
TOLD = 100
DRAWS = 3
MARGINS = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9)


class Episode(NamedTuple):
    """Some examples of each sense of a lemma, and the uses to tell.

    Attributes:
        likely: the probability that each use has each sense. Shape: (n_uses, n_senses).
        true: the number of each use's sense. Shape: (n_uses,).
        frequent: the number of the lemma's most frequent sense.
        none: of each use and with one sense left out, the probability that it has none. Shape: (n_uses,).
        is_none: whether that sense is the use's. Shape: (n_uses,).
        misplaced: the share of the uses that are expected under another sense than their own.
        misplaced_by_sums: the same, if senses are expected as often as the probabilities add up to.
        held: the share of the senses whose interval holds their true number.
    """

    likely: NDArray[np.float64]
    true: NDArray[np.int64]
    frequent: int
    none: NDArray[np.float64]
    is_none: NDArray[np.bool_]
    misplaced: float
    misplaced_by_sums: float
    held: float


def episodes(
    vectors: NDArray[np.float32],
    lemmas: NDArray[np.str_],
    senses: NDArray[np.str_],
    n_examples: int,
    calibration: object,
) -> Iterator[Episode]:
    """Every lemma that has enough uses, several times over with other examples."""
    for draw in range(DRAWS):
        random = np.random.default_rng(draw)
        for lemma in np.unique(lemmas).tolist():
            own = np.flatnonzero(lemmas == lemma)
            counts = Counter(senses[own].tolist())
            names = sorted(name for name, count in counts.items() if count > n_examples)
            if len(names) < 2:
                continue
            shown, rest = [], []
            for name in names:
                uses = random.permutation(own[senses[own] == name])
                shown.append(uses[:n_examples])
                rest.extend(uses[n_examples:].tolist())
            told = np.array(rest)[random.permutation(len(rest))[:TOLD]]
            true = np.array([names.index(name) for name in senses[told].tolist()])
            numbers = np.repeat(np.arange(len(names)), n_examples)
            nearness = vectors[told] @ centres(vectors[np.concatenate(shown)], numbers, len(names)).T
            of_each = np.full(len(names), n_examples)
            likely = probabilities(nearness, of_each, calibration)  # type: ignore[arg-type]
            left_out = int(random.integers(len(names)))
            kept = np.delete(np.arange(len(names)), left_out)
            without = probabilities(nearness[:, kept], of_each[kept], calibration)  # type: ignore[arg-type]
            frequent = max(range(len(names)), key=lambda number: counts[names[number]])
            yield Episode(
                likely, true, frequent, 1 - without.sum(axis=1), true == left_out, *estimated(likely, true, n_examples)
            )


def estimated(likely: NDArray[np.float64], true: NDArray[np.int64], n_examples: int) -> tuple[float, float, float]:
    """How far off the expected numbers of a lemma's senses are, see `Episode`."""
    answers = np.column_stack([likely, 1 - likely.sum(axis=1)])
    counts = np.bincount(true, minlength=answers.shape[1])
    found = estimate(answers, n_examples)
    off = np.abs(found.expected - counts)
    by_sums = np.abs(answers.sum(axis=0) - counts)
    # An interval between whole numbers holds those at its ends.
    held = off <= 1.96 * found.deviation + 0.5
    return float(off.sum() / 2 / len(true)), float(by_sums.sum() / 2 / len(true)), float(held[:-1].mean())


def macro_f1(told: NDArray[np.int64], true: NDArray[np.int64]) -> float:
    """The mean over senses of the harmonic mean of precision and recall."""
    found = []
    for sense in np.unique(true):
        right = np.count_nonzero((told == sense) & (true == sense))
        found.append(2 * right / (np.count_nonzero(told == sense) + np.count_nonzero(true == sense)))
    return float(np.mean(found))


def auc(scores: NDArray[np.float64], positive: NDArray[np.bool_]) -> float:
    """How often a positive scores higher than a negative, half for a tie."""
    order = np.unique(scores, return_inverse=True)[1]
    above = np.searchsorted(np.sort(order[~positive]), order[positive], "left")
    ties = np.searchsorted(np.sort(order[~positive]), order[positive], "right") - above
    return float((above + ties / 2).mean() / np.count_nonzero(~positive))


def measure(arguments: argparse.Namespace) -> Result:
    """Embeds the uses, and tells them."""
    labels = read_labels(arguments.labels, documents=arguments.documents)
    if not arguments.all:
        labels = labels.chosen([number for number, lemma in enumerate(labels.lemmas) if part_of(lemma) == TEST])
    head = choose(DEFAULT_MODEL, head=arguments.head).head
    if head is None:
        raise SystemExit("Probabilities need a head.")
    encoder = TransformerEncoder(DEFAULT_MODEL, layers=head.layers, head=head)
    embedded = embed_labelled(labels, Analyser("en"), encoder)
    lemmas, senses = (
        np.array([names[number] for number in embedded.found]) for names in (labels.lemmas, labels.senses)
    )
    rows, figures = [], []
    for n_examples in EXAMPLES:
        found = list(episodes(embedded.vectors, lemmas, senses, n_examples, head.calibration))
        accuracy = float(np.mean([np.mean(one.likely.argmax(axis=1) == one.true) for one in found]))
        f1 = float(np.mean([macro_f1(one.likely.argmax(axis=1), one.true) for one in found]))
        usual = float(np.mean([np.mean(one.true == one.frequent) for one in found]))
        usual_f1 = float(np.mean([macro_f1(np.full(len(one.true), one.frequent), one.true) for one in found]))
        rejected = [auc(one.none, one.is_none) for one in found if 0 < np.count_nonzero(one.is_none) < len(one.true)]
        coverage = [_sure(found, margin) for margin in MARGINS]
        sure = dict(zip(MARGINS, coverage, strict=True))
        stated = np.concatenate([one.likely.max(axis=1) for one in found])
        right = np.concatenate([one.likely.argmax(axis=1) == one.true for one in found])
        figures.append(
            {
                "examples": n_examples,
                "lemmas": len(found) // DRAWS,
                "accuracy": accuracy,
                "macro F1": f1,
                "most frequent sense": usual,
                "macro F1 of the most frequent sense": usual_f1,
                "rejection AUC": float(np.mean(rejected)),
                "misplaced by the estimate": float(np.mean([one.misplaced for one in found])),
                "misplaced by sums": float(np.mean([one.misplaced_by_sums for one in found])),
                "intervals that hold": float(np.mean([one.held for one in found])),
                "coverage and accuracy by margin": {str(margin): pair for margin, pair in sure.items()},
                "mean probability of the sense told": float(stated.mean()),
                "share told rightly": float(right.mean()),
            }
        )
        rows.append(
            [
                f"{n_examples}",
                f"{len(found) // DRAWS}",
                f"{accuracy:.3f} ({usual:.3f})",
                f"{f1:.3f} ({usual_f1:.3f})",
                *(f"{sure[margin][0]:.2f}: {sure[margin][1]:.3f}" for margin in (0.2, 0.5)),
                f"{np.mean(rejected):.3f}",
                "{:.3f} ({:.3f})".format(*np.mean([(one.misplaced, one.misplaced_by_sums) for one in found], axis=0)),
                f"{np.mean([one.held for one in found]):.2f}",
            ]
        )

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        for one in figures:
            pairs = list(one["coverage and accuracy by margin"].values())  # type: ignore[attr-defined]
            axes.plot(*zip(*pairs, strict=True), marker="o", label=f"examples of each sense: {one['examples']}")
        axes.set(xlabel="share of the uses that are not unsure, by margin", ylabel="share of these told rightly")
        axes.grid(alpha=0.3)
        axes.legend()

    headings = [
        *("examples", "lemmas", "told rightly (most frequent sense)", "macro-F1 (likewise)"),
        *("sure at margin .2: right", "at .5", "rejection, AUC"),
        *("misplaced by the estimate (by sums)", "intervals that hold"),
    ]
    return Result("Senses told from a few examples", headings, rows, figures, draw)


def _sure(found: list[Episode], margin: float) -> tuple[float, float]:
    """The share of uses that are told a sense, and surer than a margin, and the share of these that is right."""
    shares, right = [], []
    for one in found:
        answers = np.column_stack([one.likely, 1 - one.likely.sum(axis=1)])
        ranked = np.sort(answers, axis=1)
        sure = (ranked[:, -1] - ranked[:, -2] >= margin) & (answers.argmax(axis=1) < one.likely.shape[1])
        shares.append(np.mean(sure))
        if sure.any():
            right.append(np.mean(answers.argmax(axis=1)[sure] == one.true[sure]))
    return float(np.mean(shares)), float(np.mean(right))


if __name__ == "__main__":
    options = parser(__doc__)
    options.add_argument("labels", type=Path, help="JSONL of labelled uses")
    options.add_argument("documents", type=Path, help="the documents they are in")
    options.add_argument("--head", help="a file with a learned head; by default the model's own")
    options.add_argument("--all", action="store_true", help="all lemmas, of a set that no head was trained on")
    run(options, measure)
