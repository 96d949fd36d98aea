"""Means over uses, senses and words, and intervals by drawing the words anew (the bootstrap).

Words are what is drawn: the uses of one word have much in common, so that counting them as independent would claim more
than is known.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_LOW, _HIGH = 2.5, 97.5
# Counts of words drawn, in one block.
_BLOCK = 1 << 22


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval, which is None where there is but one word, or no round was asked for."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Means:
    """One measure, in three means.

    Attributes:
        by_use: of all uses.
        by_sense: of the means of senses: a rare sense counts as much as a frequent one.
        by_lemma: of the means of lemmas, which are those of their senses.
    """

    by_use: Estimate
    by_sense: Estimate
    by_lemma: Estimate


class Bootstrap:
    """Draws as many words as there are, with replacement, round after round; the same draws for every measure.

    Args:
        n_lemmas: how many words there are.
        rounds: how often they are drawn; 0 for no intervals.
        seed: of the draws.
    """

    def __init__(self, n_lemmas: int, *, rounds: int, seed: int) -> None:
        self.n_lemmas = n_lemmas
        self._rounds = rounds if n_lemmas > 1 else 0
        self._seed = seed

    def counts(self) -> Iterator[NDArray[np.float64]]:
        """How often each word is drawn, some rounds at a time. Shape: (n_rounds, n_lemmas)."""
        random = np.random.default_rng(self._seed)
        step = max(2, _BLOCK // self.n_lemmas)
        for start in range(0, self._rounds, step):
            rounds = min(step, self._rounds - start)
            drawn = random.integers(self.n_lemmas, size=(rounds, self.n_lemmas))
            cells = drawn + np.arange(rounds)[:, None] * self.n_lemmas
            counted = np.bincount(cells.ravel(), minlength=rounds * self.n_lemmas)
            yield counted.reshape(rounds, self.n_lemmas).astype(np.float64)

    def ratios(self, above: NDArray[np.float64], below: NDArray[np.float64]) -> list[Estimate]:
        """The sum over words of one thing by that of another. Shape: (n_ratios, n_lemmas) each."""
        values = above.sum(axis=1) / below.sum(axis=1)
        rounds = [(counts @ above.T) / (counts @ below.T) for counts in self.counts()]
        if not rounds:
            return [Estimate(float(value)) for value in values]
        return [self.estimate(float(value), column) for value, column in zip(values, np.vstack(rounds).T, strict=True)]

    @staticmethod
    def estimate(value: float, rounds: NDArray[np.float64]) -> Estimate:
        """A value with the interval that the rounds give."""
        low, high = np.nanpercentile(rounds, (_LOW, _HIGH))
        return Estimate(value, float(low), float(high))


def means(
    values: NDArray[np.float64], uses: NDArray[np.int64], lemma: NDArray[np.int64], bootstrap: Bootstrap
) -> list[Means]:
    """The three means of some measures.

    Args:
        values: of each sense, for each measure. Shape: (n_measures, n_senses).
        uses: of each sense, that were queries. Shape: (n_senses,).
        lemma: of each sense, numbered. Shape: (n_senses,).
        bootstrap: gives the intervals.
    """
    n_lemmas = bootstrap.n_lemmas
    n_senses = np.bincount(lemma, minlength=n_lemmas).astype(np.float64)
    n_uses = np.bincount(lemma, uses, n_lemmas).astype(np.float64)
    above: list[NDArray[np.float64]] = []
    below: list[NDArray[np.float64]] = []
    for measured in values:
        of_lemma = np.bincount(lemma, measured, n_lemmas).astype(np.float64)
        above += [np.bincount(lemma, measured * uses, n_lemmas).astype(np.float64), of_lemma, of_lemma / n_senses]
        below += [n_uses, n_senses, np.ones(n_lemmas)]
    found = bootstrap.ratios(np.stack(above), np.stack(below))
    return [Means(*found[at : at + 3]) for at in range(0, len(found), 3)]
