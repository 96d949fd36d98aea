"""Draws the batches that a head is learned from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ctxsearch.encoder.recipe import Recipe


class Draws:
    """Draws batches: some lemmas, and some uses of each."""

    def __init__(
        self,
        lemmas: NDArray[np.int64],
        senses: NDArray[np.int64],
        trained: NDArray[np.bool_],
        recipe: Recipe,
        random: np.random.Generator,
    ) -> None:
        self._recipe = recipe
        self._random = random
        self._uses: list[NDArray[np.int64]] = []
        self._chances: list[NDArray[np.float64]] = []
        numbers = np.flatnonzero(trained)
        numbers = numbers[np.argsort(lemmas[numbers], kind="stable")]
        for uses in np.split(numbers, np.flatnonzero(np.diff(lemmas[numbers])) + 1):
            _, sense, counts = np.unique(senses[uses], return_inverse=True, return_counts=True)
            if 1 < len(counts) < len(uses):
                chances = 1 / np.sqrt(counts[sense])
                self._uses.append(uses)
                self._chances.append(chances / chances.sum())
        if not self._uses:
            raise ValueError("No lemma to learn from has two uses of one sense and a use of another.")
        roots = np.sqrt([len(uses) for uses in self._uses])
        self._of_lemma = roots / roots.sum()

    def batch(self) -> NDArray[np.int64]:
        """The uses of one batch, lemma after lemma."""
        recipe = self._recipe
        count = min(recipe.lemmas, len(self._uses))
        drawn = self._random.choice(len(self._uses), count, replace=False, p=self._of_lemma)
        return np.concatenate(
            [
                self._random.choice(
                    self._uses[lemma],
                    min(recipe.uses, len(self._uses[lemma])),
                    replace=False,
                    p=self._chances[lemma],
                )
                for lemma in drawn.tolist()
            ]
        )
