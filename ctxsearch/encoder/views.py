"""Labelled uses in the texts that a model sees of them: their windows, or their sentences alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ctxsearch.domain import Progress
from ctxsearch.encoder.examples import Examples

TEXTS_AT_ONCE = 16
"""Texts that the model sees in one go."""


class View(NamedTuple):
    """A text as the model sees it, and the labelled uses in it.

    Attributes:
        pieces: special ones included.
        uses: their numbers.
        spans: of each the first piece, and the one after its last; likewise of its sentence. Shape: (n_uses, 4).
    """

    pieces: NDArray[np.int64]
    uses: NDArray[np.int64]
    spans: NDArray[np.int64]


class Views:
    """The views of labelled uses.

    Args:
        examples: the uses.
        alone: the share of those that are seen in their sentence alone, see `some_alone`.
        random: draws these.
    """

    def __init__(self, examples: Examples, alone: float, random: np.random.Generator) -> None:
        self._windows = examples.windows
        self._specials = examples.specials
        self._spans = examples.spans
        self._alone = alone
        self._random = random
        by_window: dict[int, list[int]] = {}
        for use, window in enumerate(self._spans[:, 0].tolist()):
            by_window.setdefault(window, []).append(use)
        self._uses_of = {window: np.array(uses) for window, uses in by_window.items()}

    def in_windows(
        self, uses: NDArray[np.int64], on_progress: Callable[[Progress], None] | None
    ) -> Iterator[list[View]]:
        """Batches of the windows of some uses, with all labelled uses in them."""
        numbers = sorted(set(self._spans[uses, 0].tolist()), key=lambda one: -len(self._windows[one]))
        for start in range(0, len(numbers), TEXTS_AT_ONCE):
            batch = numbers[start : start + TEXTS_AT_ONCE]
            yield [View(self._windows[one], self._uses_of[one], self._spans[self._uses_of[one], 1:]) for one in batch]
            if on_progress:
                on_progress(Progress("embed", start + len(batch), len(numbers)))

    def some_alone(self, uses: NDArray[np.int64]) -> list[View]:
        """Each use in its sentence alone, or, some of them, in their windows."""
        before, after = self._specials
        alone = self._random.random(len(uses)) < self._alone
        views = []
        for use, is_alone in zip(uses.tolist(), alone.tolist(), strict=True):
            pieces, span = self._windows[self._spans[use, 0]], self._spans[use, 1:]
            if is_alone:
                begin, end = span[2:]
                pieces = np.concatenate([pieces[:before], pieces[begin:end], pieces[len(pieces) - after :]])
                span = span - (begin - before)
            views.append(View(pieces, np.array([use]), span[None]))
        return views
