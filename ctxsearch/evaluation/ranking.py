"""Each use of a word as a query: how its other uses are ranked by cosine.

Uses that score alike have no order among them: every figure is the mean over all orders of them, so that neither the
order of the input nor a tie decides.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ctxsearch.evaluation.uses import WordUses, in_steps

CUTS = (1, 5, 10)
# Scores in a block of the score matrix.
_BLOCK = 1 << 21


class Ranked(NamedTuple):
    """What each query gets, a column a use.

    Attributes:
        average_precision: zero where no other use has the sense. Shape: (n_uses,).
        precision: at 1, 5, 10. Shape: (3, n_uses).
    """

    average_precision: NDArray[np.float64]
    precision: NDArray[np.float64]


def rank(word: WordUses) -> Ranked:
    """Ranks the other uses of a word for each of its uses.

    Precision at k is the share of same-sense uses among the k nearest; where there are fewer than k others, among
    those that there are.
    """
    n_uses = len(word.row)
    made = Ranked(np.empty(n_uses), np.empty((len(CUTS), n_uses)))
    step = max(1, _BLOCK // n_uses)
    start = 0
    while start < len(word.rows):
        stop = min(len(word.rows), start + step)
        scores = in_steps(word.rows[start:stop] @ word.rows.T)
        # Uses are sorted by row; many may share one, so that a block of rows is a block of uses several times.
        first, last = np.searchsorted(word.row, (start, stop))
        for begin in range(first, last, step):
            queries = np.arange(begin, min(last, begin + step))
            against = scores[np.ix_(word.row[queries] - start, word.row)]
            average, precision = _rank_block(against, queries, word)
            made.average_precision[queries] = average
            made.precision[:, queries] = precision
        start = stop
    return made


def _rank_block(scores: NDArray[np.int32], queries: NDArray[np.int64], word: WordUses) -> Ranked:
    same = word.sense[queries, None] == word.sense
    # One number holds the score and whether the sense is the same: sorting it moves nothing else.
    keys = -2 * scores - same
    keys[np.arange(len(queries)), queries] = np.iinfo(np.int32).max
    keys.sort(axis=1)
    relevant = keys[:, :-1] & 1
    tied = keys[:, :-1] + relevant
    return expected(tied, relevant.astype(np.int64), word.counts[word.sense[queries]] - 1)


def expected(scores: NDArray[np.int32], relevant: NDArray[np.int64], totals: NDArray[np.int64]) -> Ranked:
    """Average precision and precision of sorted lists, each the mean over all orders of items with one score.

    Of m items with one score, r of them relevant, that stand behind R relevant ones, the i-th is relevant in r of m
    orders, and then (r - 1) / (m - 1) of the i - 1 items before it are, too (McSherry and Najork, 2008).

    Args:
        scores: equal where items are tied, best first. Shape: (n_queries, n_items).
        relevant: 1 where an item is. Shape: (n_queries, n_items).
        totals: relevant items of each query. Shape: (n_queries,).
    """
    n_items = scores.shape[1]
    at = np.arange(n_items)
    begins = np.ones(scores.shape, np.bool_)
    begins[:, 1:] = scores[:, 1:] != scores[:, :-1]
    ends = np.ones(scores.shape, np.bool_)
    ends[:, :-1] = begins[:, 1:]
    first = np.maximum.accumulate(np.where(begins, at, 0), axis=1)
    last = np.minimum.accumulate(np.where(ends, at, n_items)[:, ::-1], axis=1)[:, ::-1]
    so_far = np.cumsum(relevant, axis=1)
    before = np.take_along_axis(so_far - relevant, first, axis=1)
    in_group = np.take_along_axis(so_far, last, axis=1) - before
    size = last - first + 1
    chance = in_group / size
    seen = before + 1 + (at - first) * (in_group - 1) / np.maximum(size - 1, 1)
    average = (chance * seen / (at + 1)).sum(axis=1) / np.maximum(totals, 1)
    precision = np.stack([chance[:, :cut].mean(axis=1) for cut in CUTS])
    return Ranked(average, precision)


def chance(word: WordUses) -> Ranked:
    """What a random order of the other uses gets in the mean, a column a sense; see `Ranked`.

    It is the case where all items are tied.
    """
    n_items = len(word.row) - 1
    at = np.arange(n_items)
    others = word.counts - 1
    harmonic = (1 / (at + 1)).sum()
    # Whoever is relevant at place i has, in the mean, this share of relevant ones before it.
    share = (others - 1) / max(n_items - 1, 1)
    average = np.where(others > 0, (harmonic + share * (n_items - harmonic)) / n_items, 0.0)
    return Ranked(average, np.broadcast_to(others / n_items, (len(CUTS), len(others))))
