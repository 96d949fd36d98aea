"""A use takes the sense whose examples' mean is nearest: what a few examples a sense are good for.

A sense gives so many of its uses as examples, or all but one where it has fewer, and is tested on the others. A sense
of a single use gives that one, which can mislead, and is not tested. Where the best senses tie, a use counts as the
share of them that is right.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ctxsearch.evaluation.uses import WordUses, in_steps

EXAMPLES = (1, 3, 5)
DRAWS = 10


def by_examples(word: WordUses, *, seed: int) -> NDArray[np.float64]:
    """Share of its tested uses that each sense gets right, by 1, 3 and 5 drawn examples, then by all others.

    Senses of a single use have NaN. Shape: (4, n_senses).
    """
    order = word.by_name[np.argsort(word.sense[word.by_name], kind="stable")]
    vectors, sense = word.rows[word.row[order]], word.sense[order]
    drawn = _ranks(sense, word, seed)
    by_number = [_by_drawn(vectors, sense, word.counts, drawn, number) for number in EXAMPLES]
    return np.stack([*by_number, _by_all_others(vectors, sense, word.counts)])


def _ranks(sense: NDArray[np.int64], word: WordUses, seed: int) -> NDArray[np.int64]:
    """The place of each use in a random order of its sense's uses, for each draw. Shape: (n_draws, n_uses)."""
    keys = word.random(seed).random((DRAWS, len(sense)))
    starts = np.cumsum(word.counts) - word.counts
    places = np.empty((DRAWS, len(sense)), np.int64)
    # The senses stay together, since a key is less than 1.
    np.put_along_axis(places, np.argsort(sense + keys, axis=1), np.arange(len(sense))[None], axis=1)
    return places - starts[sense]


def _by_drawn(
    vectors: NDArray[np.float32],
    sense: NDArray[np.int64],
    counts: NDArray[np.int64],
    drawn: NDArray[np.int64],
    number: int,
) -> NDArray[np.float64]:
    taken = np.where(counts > 1, np.minimum(number, counts - 1), 1)
    is_example = drawn < taken[sense]
    right, tested = np.zeros(len(counts)), np.zeros(len(counts))
    belongs = sense == np.arange(len(counts))[:, None]
    for examples in is_example:
        sums = (belongs & examples).astype(np.float32) @ vectors
        scores = in_steps(_unit(sums) @ vectors.T)
        gained = _share_right(scores, scores[sense, np.arange(len(sense))])
        right += np.bincount(sense, gained * ~examples, len(counts))
        tested += np.bincount(sense, ~examples, len(counts))
    shares: NDArray[np.float64] = np.divide(right, tested, out=np.full(len(counts), np.nan), where=tested > 0)
    return shares


def _by_all_others(
    vectors: NDArray[np.float32], sense: NDArray[np.int64], counts: NDArray[np.int64]
) -> NDArray[np.float64]:
    sums = (sense == np.arange(len(counts))[:, None]).astype(np.float32) @ vectors
    scores = in_steps(_unit(sums) @ vectors.T)
    own = in_steps(np.einsum("ij,ij->i", _unit(sums[sense] - vectors), vectors))
    scores[sense, np.arange(len(sense))] = own
    right = np.bincount(sense, _share_right(scores, own), len(counts)) / counts
    return np.where(counts > 1, right, np.nan)


def _share_right(scores: NDArray[np.int32], own: NDArray[np.int32]) -> NDArray[np.float64]:
    """1 where the own sense is the nearest, its share where several are. Shape: (n_senses, n_uses) and (n_uses,) in."""
    best = scores.max(axis=0)
    gained: NDArray[np.float64] = (own == best) / (scores == best).sum(axis=0)
    return gained


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths: NDArray[np.float32] = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: NDArray[np.float32] = vectors / np.maximum(lengths, np.float32(1e-30))
    return unit


def most_frequent(word: WordUses) -> NDArray[np.float64]:
    """The same where each use takes the sense that most of the word's uses have. Shape: (n_senses,).

    The use itself is counted, too: without it, the senses of a word that are equally frequent would all be wrong.
    """
    is_best = word.counts == word.counts.max()
    return np.where(word.counts > 1, is_best / is_best.sum(), np.nan)
