"""What is gained by changing vectors that are made: the lemma's mean taken away, whitening, fewer dimensions.

    python benchmarks/vector_space.py LABELS.jsonl.gz DOCUMENTS.jsonl.gz [--head none] [--json FILE] [--plot FILE]

Measured as ``evaluate --held-out`` does, on lemmas that no head was trained on nor chosen by, with 300 uses of each at
most. The AUC is over pairs of all words together, so it falls where scores of different words cannot be compared. Means
are of the very uses that are measured; directions and covariances within lemmas, too, without looking at a sense.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from results import Result, draw_bars, parser, run

from ctxsearch.analysis import Analyser
from ctxsearch.corpus import read_labels
from ctxsearch.encoder.choice import choose
from ctxsearch.encoder.transformer import TransformerEncoder
from ctxsearch.evaluation import measure as measures_of
from ctxsearch.evaluation.parts import TEST, part_of
from ctxsearch.labelled import draw, embed_labelled
from ctxsearch.settings import DEFAULT_MODEL

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PER_LEMMA = 300
SHARES = (0.5, 0.8, 1.0)
DIMENSIONS = (64, 48, 32)

Change = Callable[[NDArray[np.float32]], NDArray[np.float32]]


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Vectors brought to unit length."""
    scaled: NDArray[np.float32] = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    return scaled.astype(np.float32)


def changes(vectors: NDArray[np.float32], lemmas: NDArray[np.int64]) -> dict[str, Change]:
    """What can be done with vectors, by name."""
    counts = np.bincount(lemmas)
    sums = np.zeros((len(counts), vectors.shape[1]))
    np.add.at(sums, lemmas, vectors)
    means = (sums / counts[:, None])[lemmas].astype(np.float32)
    within = vectors - means
    values, directions = np.linalg.eigh(within.T @ within / len(within))
    ways: dict[str, Change] = {"as they are": lambda own: own}
    for share in SHARES:
        ways[f"less {share} of the lemma's mean"] = lambda own, share=share: unit(own - share * means)  # type: ignore[misc]
    ways["less the mean of all"] = lambda own: unit(own - own.mean(axis=0))
    ways["less the lemma's mean, half whitened"] = lambda own: unit(
        within @ directions / np.maximum(values, 1e-6) ** 0.25
    )
    for dimension in DIMENSIONS:
        if dimension < vectors.shape[1]:
            ways[f"{dimension} principal components within lemmas"] = (
                lambda own, dimension=dimension: unit(own @ directions[:, -dimension:])  # type: ignore[misc]
            )
    return ways


def measure(arguments: argparse.Namespace) -> Result:
    """Embeds the uses, changes their vectors, and measures them."""
    labels = read_labels(arguments.labels, documents=arguments.documents)
    labels = labels.chosen([number for number, lemma in enumerate(labels.lemmas) if part_of(lemma) == TEST])
    labels = draw(labels, PER_LEMMA)
    head = choose(DEFAULT_MODEL, head=arguments.head).head
    encoder = TransformerEncoder(DEFAULT_MODEL, layers=head.layers if head else "last", head=head)
    embedded = embed_labelled(labels, Analyser("en"), encoder)
    lemmas = [labels.lemmas[number] for number in embedded.found]
    senses = [labels.senses[number] for number in embedded.found]
    numbers = np.unique(lemmas, return_inverse=True)[1]
    rows, figures, bars = [], [], {}
    for name, change in changes(embedded.vectors, numbers).items():
        found = measures_of(change(embedded.vectors), lemmas, senses, rounds=0)
        precision = found.average_precision
        figures.append(
            {
                "way": name,
                "average precision, by lemma": precision.by_lemma.value,
                "average precision, by sense": precision.by_sense.value,
                "nearest": found.precision_at_1.by_lemma.value,
                "pair AUC": found.pair_auc.value,
            }
        )
        values = (precision.by_lemma, precision.by_sense, found.precision_at_1.by_lemma, found.pair_auc)
        rows.append([name, *(f"{one.value:.3f}" for one in values)])
        bars[name] = precision.by_sense.value

    def plot(figure: Figure) -> None:
        draw_bars(figure.subplots(), bars, "mean average precision, mean over senses")

    headings = ["vectors", "MAP by lemma", "MAP by sense", "nearest", "pair AUC"]
    title = f"Vectors of {'the head' if head else 'the model alone'}, changed"
    return Result(title, headings, rows, figures, plot, size=(8, 4.5))


if __name__ == "__main__":
    options = parser(__doc__)
    options.add_argument("labels", type=Path, help="JSONL of labelled uses")
    options.add_argument("documents", type=Path, help="the documents they are in")
    options.add_argument("--head", help="a file with a learned head, or none; by default the model's own")
    run(options, measure)
