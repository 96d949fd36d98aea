"""How well vectors tell senses apart: the model as it is, its layers joined, and heads over it; on lemmas held out.

Of the first set of labelled uses only lemmas count that no head was trained on nor chosen by (see
``ctxsearch.evaluation.parts``); of a set given with ``--unseen``, all do. What each way costs is the time that its
encoder takes for some words of the documents, as a share of the first way's; all of them in turn, several times over.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from results import Result, draw_bars, parser, run

import ctxsearch
from ctxsearch.analysis import Analyser
from ctxsearch.encoder.choice import choose
from ctxsearch.encoder.transformer import TransformerEncoder

if TYPE_CHECKING:
    from matplotlib.figure import Figure


WORDS = 20_000
ROUNDS = 5


@dataclass(frozen=True)
class Way:
    """A way to make vectors."""

    name: str
    layers: str | None = None
    head: str | None = "none"


def measured(way: Way, labels: Path, documents: Path, held_out: bool, model: str) -> ctxsearch.Evaluation:
    """What the vectors of one way are worth on one set."""
    return ctxsearch.evaluate(
        labels, documents=documents, held_out=held_out, model=model, layers=way.layers, head=way.head
    )


def costs(ways: Sequence[Way], documents: Path, model: str) -> dict[str, float]:
    """How long the encoder of each way takes for the same words, as a share of the first one's."""
    analyser = Analyser("en")
    passages, words = [], 0
    for document in ctxsearch.read(documents):
        if words >= WORDS:
            break
        passages.append(list(analyser.segments(document.text)))
        words += sum(len(segment.forms) for segment in passages[-1])
    encoders = []
    for way in ways:
        choice = choose(model, head=way.head, layers=way.layers, pooling=None)
        encoders.append(TransformerEncoder(model, layers=choice.layers, pooling=choice.pooling, head=choice.head))
    taken: dict[str, list[float]] = {way.name: [] for way in ways}
    # The first round warms up.
    for number in range(ROUNDS + 1):
        for way, encoder in zip(ways, encoders, strict=True):
            start = time.perf_counter()
            encoder.encode(passages)
            if number:
                taken[way.name].append(time.perf_counter() - start)
    medians = {name: statistics.median(seconds) for name, seconds in taken.items()}
    return {name: seconds / medians[ways[0].name] for name, seconds in medians.items()}


def measure(arguments: argparse.Namespace) -> Result:
    """Evaluates every way on every set."""
    ways = [Way("last layer"), *(Way(f"layers {one}", layers=one) for one in arguments.layers)]
    ways += [Way(f"head {Path(one).stem}", head=one) for one in arguments.heads] or [
        Way("head of the model", head=None)
    ]
    cost_of = costs(ways, arguments.documents, arguments.model)
    print(*(f"{name}: {cost:.2f}" for name, cost in cost_of.items()), sep="  ", file=sys.stderr, flush=True)
    rows, figures, bars = [], [], {}
    sets = [("held out", arguments.labels, arguments.documents, True)]
    if arguments.unseen:
        sets.append(("unseen", *arguments.unseen, False))
    for set_name, labels, documents, held_out in sets:
        for way in ways:
            start = time.perf_counter()
            found = measured(way, labels, documents, held_out, arguments.model)
            vectors = found.vectors
            precision, nearest = vectors.average_precision, vectors.precision_at_1.by_lemma
            interval = precision.by_lemma
            rows.append(
                [
                    f"{set_name}: {way.name}",
                    f"{interval.value:.3f} ({interval.low:.3f} to {interval.high:.3f})",
                    f"{precision.by_sense.value:.3f}",
                    f"{nearest.value:.3f}",
                    f"{vectors.from_3_examples.by_lemma.value:.3f}",
                    f"{vectors.pair_accuracy.value:.3f}" if vectors.pair_accuracy else "-",
                    f"{vectors.pair_auc.value:.3f}",
                    f"{vectors.chance.by_lemma.value:.3f}",
                    f"{cost_of[way.name]:.2f}",
                ]
            )
            figures.append(
                {
                    "set": set_name,
                    "way": way.name,
                    "measures": asdict(found),
                    "encoding cost": cost_of[way.name],
                    "seconds": time.perf_counter() - start,
                }
            )
            bars[f"{set_name}: {way.name}"] = interval.value
            print(*rows[-1], sep="  ", file=sys.stderr, flush=True)

    def draw(figure: Figure) -> None:
        draw_bars(figure.subplots(), bars, "mean average precision of the sense, mean over lemmas")

    headings = ["vectors", "MAP (95 %)", "MAP by sense", "nearest", "3 examples", "pairs", "pair AUC", "chance", "cost"]
    return Result("Senses told apart", headings, rows, figures, draw, size=(8, 0.5 + 0.4 * len(bars)))


if __name__ == "__main__":
    options = parser(__doc__)
    options.add_argument("labels", type=Path, help="JSONL of labelled uses")
    options.add_argument("documents", type=Path, help="the documents they are in")
    options.add_argument("--unseen", type=Path, nargs=2, metavar=("LABELS", "DOCUMENTS"), help="a set never trained on")
    options.add_argument("--heads", nargs="*", default=[], metavar="FILE", help="instead of the model's own")
    options.add_argument(
        "--layers", nargs="*", default=[], metavar="LAYERS", help="layers joined, concat:3-6 for instance"
    )
    options.add_argument("--model", default="all-MiniLM-L6-v2")
    run(options, measure)
