"""Milliseconds of `query` and `like` in process, beside bare scans of the same vectors, in one run.

    ctxsearch index noad DOCUMENTS.jsonl.gz
    python benchmarks/query_speed.py noad [--json FILE] [--plot FILE]

Words are drawn whose frequency is nearest to 10, 100, 1 000, 10 000 and 100 000, where there are such. ``query`` embeds
its sentence each time, and is timed after the rest; ``search`` is the same without the model and the lines. The FAISS
scan is an ``IndexScalarQuantizer`` of the index's codec that holds nothing but the vectors of the word, on one thread;
the numpy scan multiplies them, kept as float32 in memory, and sorts the best k.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import faiss
import numpy as np
from asking import frequencies, milliseconds, quantiles, words_of_frequency
from numpy.typing import NDArray
from results import Result, draw_lines, parser, plain_ticks, run

import ctxsearch
from ctxsearch.index import Index
from ctxsearch.query.ranking import search
from ctxsearch.query.scope import rows_of_lemma

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FREQUENCIES = (10, 100, 1_000, 10_000, 100_000)
WORDS_EACH = 5
ROUNDS = 20

_QUANTIZERS = {"fp16": "QT_fp16", "sq8": "QT_8bit", "sq6": "QT_6bit", "sq4": "QT_4bit"}
_DRAWN = {
    "query": "query, with the model",
    "like": "like, with lines",
    "search": "search alone",
    "FAISS scan": "bare FAISS scan",
}


def faiss_scan(matrix: NDArray[np.float32], codec: str) -> faiss.IndexScalarQuantizer:
    """FAISS's own index of some vectors in a codec. Shape: (n, dimension)."""
    quantizer = getattr(faiss.ScalarQuantizer, _QUANTIZERS[codec])
    flat = faiss.IndexScalarQuantizer(matrix.shape[1], quantizer, faiss.METRIC_INNER_PRODUCT)
    flat.train(matrix)
    flat.add(matrix)
    return flat


def times_of(index: Index, lemma: str, k: int) -> dict[str, list[float]]:
    """Times of each way to ask for a word, in turn."""
    lines = index.concordance(lemma, sample=ROUNDS, seed=1, context="sentence")
    shards = index.open_shards()
    rows = [rows_of_lemma(shard, lemma) for shard in shards]
    matrix = np.concatenate(
        [shard.vectors.vectors(np.arange(*part)) for shard, parts in zip(shards, rows, strict=True) for part in parts]
    )
    flat = faiss_scan(matrix, index.settings.codec)
    threads = faiss.omp_get_max_threads()
    allowed = [None] * len(shards)
    times: dict[str, list[float]] = {"query": [], "like": [], "search": [], "FAISS scan": [], "numpy scan": []}
    usages = [
        ctxsearch.Usage(line.left + line.node + line.right, len(line.left), len(line.left) + len(line.node))
        for line in lines
    ]
    vectors = index.embed(usages)
    for line, vector in zip(lines, vectors, strict=True):

        def numpy_scan(vector: NDArray[np.float32] = vector) -> object:
            scores = matrix @ vector
            best = np.argpartition(-scores, min(k, len(scores) - 1))[:k]
            return best[np.argsort(-scores[best])]

        def ask_like(key: str = line.key) -> object:
            return index.like([key], k=k)

        def bare(vector: NDArray[np.float32] = vector) -> object:
            return search(shards, rows, allowed, vector, k)

        def scan(vector: NDArray[np.float32] = vector) -> object:
            return flat.search(vector[None], k)

        calls: dict[str, Callable[[], object]] = {
            "like": ask_like,
            "search": bare,
            "FAISS scan": scan,
            "numpy scan": numpy_scan,
        }
        for name, call in calls.items():
            # FAISS starts a thread a core for a single query, of which one has work.
            faiss.omp_set_num_threads(1 if name == "FAISS scan" else threads)
            times[name].append(milliseconds(call))
    faiss.omp_set_num_threads(threads)
    # Apart from the others, whose data the model would drive out of the caches.
    for usage in usages:
        times["query"].append(milliseconds(lambda usage=usage: index.query(usage, k=k)))  # type: ignore[misc]
    return times


@dataclass(frozen=True)
class Asked:
    """Words of about one frequency.

    Attributes:
        frequency: about which.
        words: how often each occurs.
        ms: p50 and p95 of each way to ask.
    """

    frequency: int
    words: dict[str, int]
    ms: dict[str, dict[str, float]]


def measure(arguments: argparse.Namespace) -> Result:
    """Asks for words of every frequency."""
    found: list[Asked] = []
    with Index.open(arguments.index) as index:
        codec = index.settings.codec
        counts = frequencies(index)
        index.embed(["Load the [model] first."])
        for frequency in FREQUENCIES:
            words = words_of_frequency(counts, frequency, WORDS_EACH)
            times: dict[str, list[float]] = {}
            for lemma in words:
                for name, values in times_of(index, lemma, arguments.k).items():
                    times.setdefault(name, []).extend(values)
            if words:
                summary = {name: quantiles(values) for name, values in times.items()}
                found.append(Asked(frequency, {word: counts[word] for word in words}, summary))
    if not found:
        raise SystemExit(f"No word of the index {arguments.index} occurs as often as {FREQUENCIES[0] // 2} times.")
    ways = list(found[0].ms)
    return Result(
        f"The {arguments.k} nearest lines of a word, codec {codec}",
        ["occurrences (p50 / p95, ms)", *ways],
        [
            [f"{one.frequency:,}", *(f"{one.ms[way]['p50']:.2f} / {one.ms[way]['p95']:.2f}" for way in ways)]
            for one in found
        ],
        [asdict(one) for one in found],
        lambda figure: draw(figure, found),
    )


def draw(figure: Figure, found: list[Asked]) -> None:
    """Latency against frequency."""
    axes = figure.subplots()
    places = [float(np.mean(list(one.words.values()))) for one in found]
    for number, (way, label) in enumerate(_DRAWN.items()):
        lines = {name: [one.ms[way][name] for one in found] for name in ("p50", "p95")}
        draw_lines(axes, label, places, lines, f"C{number}")
    axes.set(xlabel="occurrences of the word", ylabel="milliseconds")
    axes.grid(alpha=0.3)
    plain_ticks(axes)
    figure.legend(loc="outside right center", frameon=False)


if __name__ == "__main__":
    options = parser(__doc__)
    options.add_argument("index")
    options.add_argument("-k", type=int, default=20)
    run(options, measure)
