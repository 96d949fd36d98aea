"""Which rows of a very frequent word are worth a scan: those of the clusters nearest to the query.

Up to `BYTES_SCANNED` of codes are scanned whole, exactly: two cores take as long for them as for a part, which is read
here and there. Beyond, the clusters of all shards are ranked together by the inner product of their centroids with the
query, and taken until they have an eighth of the word's rows, and `LEAST_ROWS`.

How many of the nearest rows, real vectors of all-MiniLM-L6-v2, lie in that part (``benchmarks/frequent_words.py``, by
clusters that took half as much work again, and were as good in the mean of six words with the head):

    lemma  rows     k    a tenth  an eighth  a fifth
    the    75 201    20     .963       .975     .988
                    100     .936       .955     .978
    be     44 156    20     .918       .939     .971
                    100     .904       .933     .973
    of     36 939    20     .914       .938     .969
                    100     .876       .908     .957
    and    32 400    20     .914       .935     .967
                    100     .869       .901     .950

These are the sizes that a word of a million has in each of some twenty shards. What counts for recall is the number of
clusters and the share of the rows that are wanted: *the*, drawn down to 4 687, 18 749 and 74 998 rows in the same 256
clusters, gives .928, .964 and .977 at an eighth. So the twenty nearest of a million are rather more surely found than
those of the table. Where more than a row in 2 048 is wanted, about the share that ``k`` = 20 is there, `ROWS_PER_LINE`
makes the part larger.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ctxsearch.query.scope import OpenShard, Rows

BYTES_SCANNED = 1 << 26
"""A word whose codes take no more is scanned whole: 699 050 rows of ``sq8`` in 96 dimensions."""
LEAST_ROWS = 1 << 17
"""So many rows are scanned of any other."""
_SHARE = 8
# The further down a list of lines goes, the wider it is scattered over clusters; see above.
ROWS_PER_LINE = 256


def most_scanned_whole(code_size: int) -> int:
    """A word of so many rows is scanned whole, whatever its clusters.

    Args:
        code_size: bytes a vector.
    """
    return BYTES_SCANNED // code_size


def narrowed(
    shards: Sequence[OpenShard], rows: Sequence[Sequence[Rows]], query: NDArray[np.float32], k: int
) -> list[list[Rows]] | None:
    """What to scan of each shard for the k nearest rows, in order; None where that is everything.

    Args:
        shards: where.
        rows: of the words asked for, whole forms.
        query: Shape: (dimension,).
        k: how many are wanted.
    """
    every = [(number, stretch) for number, stretches in enumerate(rows) for stretch in stretches]
    total = sum(stop - start for _, (start, stop) in every)
    least = max(LEAST_ROWS, ROWS_PER_LINE * k)
    if not total or total <= max(most_scanned_whole(shards[0].parameters.code_size), least):
        return None
    chosen: list[list[Rows]] = [[] for _ in shards]
    homes, firsts, ends, scores = [], [], [], []
    for number, (start, stop) in every:
        clusters = shards[number].clusters
        inside = clusters.within(start, stop)
        starts, stops = clusters.starts[inside], clusters.stops[inside]
        # What lies between the clusters, rarer forms, is scanned whole.
        edges = np.concatenate([[start], stops]), np.concatenate([starts, [stop]])
        if (is_gap := edges[0] < edges[1]).any():
            chosen[number].extend(map(Rows, *(edge[is_gap].tolist() for edge in edges)))
        homes.append(np.full(len(starts), number))
        firsts.append(starts)
        ends.append(stops)
        # Not ``@``: on a busy machine BLAS waits for threads that it does not need.
        scores.append(np.einsum("ij,j->i", clusters.centroids[inside], query))
    home, first, end, score = map(np.concatenate, (homes, firsts, ends, scores))
    order = np.argsort(-score, kind="stable")
    taken = np.cumsum((end - first)[order])
    enough = int(np.searchsorted(taken, max(least, total // _SHARE))) + 1
    if enough >= len(order):
        return None
    nearest = order[:enough]
    nearest = nearest[np.lexsort((first[nearest], home[nearest]))]
    of_clusters = list(map(Rows, first[nearest].tolist(), end[nearest].tolist()))
    borders = np.searchsorted(home[nearest], np.arange(len(shards) + 1)).tolist()
    return [sorted(gaps + of_clusters[low:high]) for gaps, (low, high) in zip(chosen, pairwise(borders), strict=True)]
