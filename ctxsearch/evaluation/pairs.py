"""Two uses of a word: has it one sense in both, or two? Told by whether their cosine reaches a threshold."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ctxsearch.evaluation.uses import STEPS, WordUses, group, in_steps, words

PAIRS = 200
"""Pairs of a word at most."""

_PAIRS_SEED = 1  # beside the seed of what else is drawn for a word


class Pairs(NamedTuple):
    """Some pairs of uses of one word.

    Attributes:
        scores: in steps. Shape: (n_pairs,).
        same: whether both have one sense. Shape: (n_pairs,).
    """

    scores: NDArray[np.int32]
    same: NDArray[np.bool_]


def draw_pairs(word: WordUses, *, seed: int) -> Pairs:
    """All pairs of a word, or so many of them drawn."""
    n_uses = len(word.row)
    n_pairs = n_uses * (n_uses - 1) // 2
    if n_pairs <= PAIRS:
        numbers = np.arange(n_pairs)
    else:
        numbers = np.sort(word.random(seed + _PAIRS_SEED).choice(n_pairs, PAIRS, replace=False, shuffle=False))
    # Pair number n is that of uses a > b where n = a (a - 1) / 2 + b.
    above = ((1 + np.sqrt(1 + 8 * numbers.astype(np.float64))) / 2).astype(np.int64)
    below = numbers - above * (above - 1) // 2
    above, below = word.by_name[above], word.by_name[below]
    # Of two vectors, the one that comes first stays first: whichever use it is of, the same sum is made.
    left, right = (word.rows[side(word.row[above], word.row[below])] for side in (np.minimum, np.maximum))
    return Pairs(in_steps(np.einsum("ij,ij->i", left, right)), word.sense[above] == word.sense[below])


def all_scores(
    vectors: NDArray[np.float32],
    lemmas: Sequence[str],
    senses: Sequence[str],
    *,
    names: Sequence[str] | None = None,
    seed: int,
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.float64]]:
    """The cosines of pairs of uses of each word, whether they have one sense, and weights that make all words equal.

    Args:
        vectors: Shape: (n_uses, dimension).
        lemmas: of each use.
        senses: of each use.
        names: what tells the uses of a lemma apart, see `measure`.
        seed: of the pairs drawn.

    Returns:
        Shape: (n_pairs,) each.

    Raises:
        ValueError: no lemma has two uses of one sense, and a use of another.
    """
    drawn = [draw_pairs(word, seed=seed) for word in words(vectors, senses, group(lemmas, senses), names)]
    scores = np.concatenate([pairs.scores for pairs in drawn]) / np.float64(STEPS)
    weights = np.concatenate([np.full(len(pairs.same), 1 / len(pairs.same)) for pairs in drawn])
    return scores, np.concatenate([pairs.same for pairs in drawn]), weights


class AllPairs:
    """The pairs of all words, each word with the same weight.

    Args:
        lemmas: in order.
        pairs: of each of them.
    """

    def __init__(self, lemmas: Sequence[str], pairs: Sequence[Pairs]) -> None:
        sizes = np.array([len(own.same) for own in pairs])
        self._n_lemmas = len(lemmas)
        self._lemma = np.repeat(np.arange(len(lemmas)), sizes)
        self._weights = (1 / sizes)[self._lemma]
        self._scores = np.concatenate([own.scores for own in pairs])
        self._same = np.concatenate([own.same for own in pairs])
        # Halves that are as large as can be, and stay what they are whatever the seed.
        hashed = np.argsort([sha256(lemma.encode()).hexdigest() for lemma in lemmas])
        self._half = np.empty(len(lemmas), np.int64)
        self._half[hashed] = np.arange(len(lemmas)) % 2

    def accuracy(self) -> NDArray[np.float64]:
        """Share of each word's pairs told right by the best threshold of the other half of the words.

        Shape: (n_lemmas,); NaN where there is but one word.
        """
        right = np.full(self._n_lemmas, np.nan)
        for half in range(2):
            taught, tested = (self._half[self._lemma] == side for side in (1 - half, half))
            if taught.any() and tested.any():
                bound = best_threshold(self._scores[taught], self._same[taught], self._weights[taught])
                told = (self._scores[tested] >= bound) == self._same[tested]
                gained = np.bincount(self._lemma[tested], told * self._weights[tested], self._n_lemmas)
                right[self._half == half] = gained[self._half == half]
        return right

    def auc(self, counts: NDArray[np.float64], *, bins: int = 512) -> NDArray[np.float64]:
        """How often a pair of one sense scores higher than one of two, half for a tie; the share by words' weights.

        Args:
            counts: how often each word is taken. Shape: (n_rounds, n_lemmas).
            bins: the scores are told apart as finely as so many bins of equal weight; one round is exact.

        Returns:
            Shape: (n_rounds,).
        """
        _, level = np.unique(self._scores, return_inverse=True)
        n_levels = int(level.max()) + 1
        if len(counts) > 1 and n_levels > bins:
            passed: NDArray[np.float64] = np.cumsum(np.bincount(level, self._weights, n_levels))
            level = np.minimum((passed / passed[-1] * bins).astype(np.int64), bins - 1)[level]
            n_levels = bins
        same, different = (
            self._by_level(level, n_levels, self._weights * wanted, counts) for wanted in (self._same, ~self._same)
        )
        below = np.cumsum(different, axis=1) - different / 2
        won: NDArray[np.float64] = (same * below).sum(axis=1) / (same.sum(axis=1) * different.sum(axis=1))
        return won

    def _by_level(
        self, level: NDArray[np.int64], n_levels: int, weights: NDArray[np.float64], counts: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Weight of the pairs at each level, in each round. Shape: (n_rounds, n_levels)."""
        if len(counts) == 1:
            return np.bincount(level, weights * counts[0][self._lemma], n_levels).astype(np.float64)[None]
        cells = np.bincount(self._lemma * n_levels + level, weights, self._n_lemmas * n_levels)
        summed: NDArray[np.float64] = counts @ cells.reshape(-1, n_levels)
        return summed


def best_threshold(scores: NDArray[np.int32], same: NDArray[np.bool_], weights: NDArray[np.float64]) -> int:
    """The score from which on to call a pair one of the same sense, so that most are called right.

    Where several do equally well it is the highest.
    """
    levels, level = np.unique(scores, return_inverse=True)
    gain = np.bincount(level, np.where(same, weights, -weights), len(levels))
    # With the threshold at a level, what scores as much or more is called the same; above all levels, nothing is.
    gains = np.concatenate([np.cumsum(gain[::-1])[::-1], [0.0]])
    # Sums of one and the same weights in another order differ by rounding.
    best = np.flatnonzero(gains >= gains.max() - 1e-9)[-1]
    return int(levels[best]) if best < len(levels) else int(levels[-1]) + 1
