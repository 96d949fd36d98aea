"""What the benchmarks that ask have in common: words of several frequencies, and the time that a call takes."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from ctxsearch.index import Index


def frequencies(index: Index) -> Counter[str]:
    """Occurrences of every lemma that is made of letters."""
    counts: Counter[str] = Counter()
    for shard in index.open_shards():
        counts.update({lemma: count for lemma, count in shard.catalog.lemma_frequencies() if lemma.isalpha()})
    return counts


def words_of_frequency(counts: Mapping[str, int], frequency: int, number: int) -> list[str]:
    """So many words of about a frequency, the nearest first; of half or twice as many occurrences at most."""
    near = [word for word, count in counts.items() if frequency / 2 <= count <= 2 * frequency]
    return sorted(near, key=lambda word: (abs(counts[word] - frequency), word))[:number]


def milliseconds(call: Callable[[], object]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - start)


def quantiles(values: Sequence[float]) -> dict[str, float]:
    """The median and the 95th percentile."""
    return {"p50": round(float(np.median(values)), 3), "p95": round(float(np.quantile(values, 0.95)), 3)}
