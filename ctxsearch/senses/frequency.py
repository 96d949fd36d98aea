"""How often a word has each of its senses: of all its uses, and of some."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import starmap

import numpy as np
from numpy.typing import NDArray

from ctxsearch.senses.telling import Estimate, estimate

_OF_NORMAL_95 = 1.96


@dataclass(frozen=True, slots=True)
class SenseFrequency:
    """How often a word has a sense.

    Attributes:
        sense_id: the sense, or ``none of these``.
        assigned: occurrences in its pile.
        expected: how many occurrences are likely to have it, see `ctxsearch.senses.telling`: those that are labelled,
            and of the others an estimate.
        low: the lower end of a 95 % interval, by how far off the estimate was for words that were labelled throughout.
        high: the upper end.
    """

    sense_id: str
    assigned: int
    expected: float
    low: float
    high: float


class Counting:
    """Estimates how often senses are.

    Args:
        names: of the senses that something shows, and of none of these.
        answers: how likely each use has each sense, and last none; what people labelled is sure.
            Shape: (n_uses, n_names).
        is_labelled: whether somebody has labelled it. Shape: (n_uses,).
        examples: of a sense, in the mean.
        of_word: the shares that were estimated of all of the word's uses, where these are some; None where they are
            all. Shape: (n_names,).
    """

    def __init__(
        self,
        names: Sequence[str],
        answers: NDArray[np.float64],
        is_labelled: NDArray[np.bool_],
        examples: float,
        of_word: NDArray[np.float64] | None = None,
    ) -> None:
        self._names, self._answers, self._is_labelled, self._examples = names, answers, is_labelled, examples
        self._of_word = of_word

    @cached_property
    def _of_all(self) -> Estimate:
        return estimate(self._answers[~self._is_labelled], self._examples, of_all=self._of_word)

    def of(self, assigned: NDArray[np.int64], numbers: NDArray[np.int64] | None = None) -> list[SenseFrequency]:
        """The frequency of each sense, and last of none of these.

        Args:
            assigned: how many occurrences lie in the pile of each. Shape: (n_names,).
            numbers: of which uses; None for all. Shape: (n,).
        """
        chosen = slice(None) if numbers is None else numbers
        answers, is_labelled = self._answers[chosen], self._is_labelled[chosen]
        known = answers[is_labelled].sum(axis=0)
        if numbers is None:
            rest = self._of_all
        else:
            of_word = self._of_all.shares if self._of_word is None else self._of_word
            rest = estimate(answers[~is_labelled], self._examples, of_all=of_word)
        expected, spread = known + rest.expected, _OF_NORMAL_95 * rest.deviation
        # What people know is not in doubt: no sense has less, and none has the rest of these.
        low, high = np.maximum(known, expected - spread), np.minimum(known + np.sum(~is_labelled), expected + spread)
        figures = (column.tolist() for column in (assigned, expected, low, high))
        return list(starmap(SenseFrequency, zip(self._names, *figures, strict=True)))
