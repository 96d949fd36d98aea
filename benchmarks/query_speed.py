"""Milliseconds of `query` and `like` in process, beside a numpy scan of the same vectors, in one run.

    ctxsearch index noad DOCUMENTS.jsonl.gz
    python benchmarks/query_speed.py noad

Words are drawn whose frequency is nearest to 10, 1 000 and 10 000. ``query`` embeds its sentence each time; ``search``
is the same without the model and the lines; the numpy scan multiplies the lemma's vectors, kept as float32 in memory,
and sorts the best k.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

import ctxsearch
from ctxsearch.index import Index
from ctxsearch.query.ranking import search
from ctxsearch.query.scope import rows_of_lemma

FREQUENCIES = (10, 1_000, 10_000)
WORDS_EACH = 5
ROUNDS = 20


def milliseconds(call: Callable[[], object]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - start)


def measure(index: Index, lemma: str, k: int) -> dict[str, list[float]]:
    """Times of each way to ask for a word, in turn."""
    lines = index.concordance(lemma, sample=ROUNDS, seed=1, context="sentence")
    shards = index.open_shards()
    rows = [rows_of_lemma(shard, lemma) for shard in shards]
    matrix = np.concatenate(
        [shard.vectors.vectors(np.arange(*part)) for shard, parts in zip(shards, rows, strict=True) for part in parts]
    )
    allowed = [None] * len(shards)
    times: dict[str, list[float]] = {"query": [], "like": [], "search": [], "numpy scan": []}
    for line in lines:
        usage = ctxsearch.Usage(line.left + line.node + line.right, len(line.left), len(line.left) + len(line.node))
        vector = index.embed([usage])[0]

        def scan(vector: NDArray[np.float32] = vector) -> object:
            scores = matrix @ vector
            best = np.argpartition(-scores, min(k, len(scores) - 1))[:k]
            return best[np.argsort(-scores[best])]

        def ask(usage: ctxsearch.Usage = usage) -> object:
            return index.query(usage, k=k)

        def ask_like(key: str = line.key) -> object:
            return index.like([key], k=k)

        def bare(vector: NDArray[np.float32] = vector) -> object:
            return search(shards, rows, allowed, vector, k)

        times["query"].append(milliseconds(ask))
        times["like"].append(milliseconds(ask_like))
        times["search"].append(milliseconds(bare))
        times["numpy scan"].append(milliseconds(scan))
    return times


def main() -> None:
    """Prints one JSON object a frequency."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("index")
    parser.add_argument("-k", type=int, default=20)
    arguments = parser.parse_args()
    with Index.open(arguments.index) as index:
        counts: Counter[str] = Counter()
        for shard in index.open_shards():
            counts.update(dict(shard.catalog.lemma_frequencies()))
        index.embed(["Load the [model] first."])
        for frequency in FREQUENCIES:
            near = sorted(counts, key=lambda lemma: (abs(counts[lemma] - frequency), lemma))
            words = [lemma for lemma in near if lemma.isalpha()][:WORDS_EACH]
            times: dict[str, list[float]] = {}
            for lemma in words:
                for name, values in measure(index, lemma, arguments.k).items():
                    times.setdefault(name, []).extend(values)
            summary = {
                name: {"p50": round(float(np.median(values)), 2), "p95": round(float(np.quantile(values, 0.95)), 2)}
                for name, values in times.items()
            }
            print(json.dumps({"frequency": frequency, "words": {w: counts[w] for w in words}, "ms": summary}))


if __name__ == "__main__":
    main()
