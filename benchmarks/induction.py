"""Groups of uses that `induce` proposes, beside one group for each word, on labelled uses.

    python benchmarks/induction.py LABELS.jsonl.gz DOCUMENTS.jsonl.gz [--head FILE] [--json FILE] [--plot FILE]

Only lemmas count that no head was trained on nor chosen by (see ``ctxsearch.evaluation.parts``), with ten labelled uses
at least; of each 300 are drawn at most. Paired F is the harmonic mean of precision and recall over pairs of uses (same
group, same sense); the adjusted Rand index (Hubert and Arabie 1985) is over lemmas with several senses, since one sense
in one group has none to adjust. Means over lemmas.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from results import Result, draw_bars, parser, run
from sklearn.metrics import adjusted_rand_score

from ctxsearch.analysis import Analyser
from ctxsearch.corpus import read_labels
from ctxsearch.encoder.choice import choose
from ctxsearch.encoder.transformer import TransformerEncoder
from ctxsearch.evaluation.parts import TEST, part_of
from ctxsearch.head import Calibration
from ctxsearch.labelled import draw, embed_labelled
from ctxsearch.senses.groups import grouped
from ctxsearch.settings import DEFAULT_MODEL

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST = 300
FEWEST = 10
_PROBABILITIES = (0.35, 0.5, 0.65)


def paired_f(groups: NDArray[np.int64], senses: NDArray[np.int64]) -> float:
    """The harmonic mean of precision and recall over pairs of uses."""
    upper = np.triu_indices(len(groups), 1)
    grouped_pairs, same = ((one[:, None] == one)[upper] for one in (groups, senses))
    both = np.count_nonzero(grouped_pairs & same)
    return float(2 * both / max(1, np.count_nonzero(grouped_pairs) + np.count_nonzero(same)))


def measure(arguments: argparse.Namespace) -> Result:
    """Embeds the uses, and groups them."""
    labels = read_labels(arguments.labels, documents=arguments.documents)
    labels = labels.chosen([number for number, lemma in enumerate(labels.lemmas) if part_of(lemma) == TEST])
    labels = draw(labels, MOST)
    head = choose(DEFAULT_MODEL, head=arguments.head).head
    if head is None:
        raise SystemExit("Groups need a head.")
    encoder = TransformerEncoder(DEFAULT_MODEL, layers=head.layers, head=head)
    embedded = embed_labelled(labels, Analyser("en"), encoder)
    lemmas = np.array([labels.lemmas[number] for number in embedded.found])
    senses = np.unique([labels.senses[number] for number in embedded.found], return_inverse=True)[1]

    def by_induction(least: float) -> Callable[[NDArray[np.float32]], NDArray[np.int64]]:
        # Even odds at the cosine that has so great a probability: the threshold is moved, nothing else.
        moved = Calibration(1.0, -head.calibration.score(least))
        return lambda vectors: grouped(vectors, moved)

    ways: dict[str, Callable[[NDArray[np.float32]], NDArray[np.int64]]] = {
        "one group for each word": lambda vectors: np.zeros(len(vectors), np.int64),
        **{f"induce, joined from p = {least} on": by_induction(least) for least in _PROBABILITIES},
    }
    rows, figures, bars = [], [], {}
    own = [uses for lemma in np.unique(lemmas) if len(uses := np.flatnonzero(lemmas == lemma)) >= FEWEST]
    n_senses = [len(np.unique(senses[uses])) for uses in own]
    for name, way in ways.items():
        groups = [way(embedded.vectors[uses]) for uses in own]
        paired = float(np.mean([paired_f(one, senses[uses]) for one, uses in zip(groups, own, strict=True)]))
        rand = [
            adjusted_rand_score(senses[uses], one)
            for one, uses, count in zip(groups, own, n_senses, strict=True)
            if count > 1
        ]
        counts = [int(one.max()) + 1 for one in groups]
        alone = [one for one, count in zip(counts, n_senses, strict=True) if count == 1]
        figures.append(
            {
                "way": name,
                "lemmas": len(own),
                "paired F": paired,
                "adjusted Rand index": float(np.mean(rand)),
                "groups": float(np.mean(counts)),
                "senses": float(np.mean(n_senses)),
                "one group of one sense": float(np.mean(np.array(alone) == 1)),
            }
        )
        rows.append(
            [name, f"{paired:.3f}", f"{np.mean(rand):.3f}", f"{np.mean(counts):.1f}", f"{np.mean(n_senses):.1f}"]
        )
        bars[f"{name}: paired F"] = paired
        bars[f"{name}: adjusted Rand index"] = float(np.mean(rand))

    def plot(figure: Figure) -> None:
        draw_bars(figure.subplots(), bars, "mean over lemmas")

    return Result(
        f"Groups of the uses of {len(own)} words", ["way", "paired F", "ARI", "groups", "senses"], rows, figures, plot
    )


if __name__ == "__main__":
    options = parser(__doc__)
    options.add_argument("labels", type=Path, help="JSONL of labelled uses")
    options.add_argument("documents", type=Path, help="the documents they are in")
    options.add_argument("--head", help="a file with a learned head; by default the model's own")
    run(options, measure)
