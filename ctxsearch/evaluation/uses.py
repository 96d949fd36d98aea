"""The uses that can be measured, word by word, in an order that does not depend on how they came.

Equal vectors are one row of a word's matrix, and rows are sorted by their bytes: whatever the order of the uses, the
same numbers are multiplied in the same order, and what is drawn by chance is drawn alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

# Scores are compared in steps of about a millionth: what differs by less is a tie, not a ranking by rounding errors.
STEPS = np.float32(1 << 20)


@dataclass(frozen=True, slots=True)
class WordUses:
    """The uses of one lemma that has two uses of one sense, and another sense.

    Attributes:
        lemma: the lemma.
        rows: its different vectors, of unit length. Shape: (n_rows, dimension), float32.
        row: which of them each use has; ascending. Shape: (n_uses,).
        sense: of each use, counted from 0 in the order of their names. Shape: (n_uses,).
        counts: uses of each sense. Shape: (n_senses,).
        by_name: the uses in the order of their names, to draw from. Shape: (n_uses,).
    """

    lemma: str
    rows: NDArray[np.float32]
    row: NDArray[np.int64]
    sense: NDArray[np.int64]
    counts: NDArray[np.int64]
    by_name: NDArray[np.int64]

    def random(self, seed: int) -> np.random.Generator:
        """Chance for this word, whatever other words there are."""
        return np.random.default_rng([seed, int.from_bytes(sha256(self.lemma.encode()).digest()[:8], "big")])


@dataclass(frozen=True, slots=True)
class Grouping:
    """The uses by lemma, those lemmas alone that can be measured.

    Attributes:
        lemmas: in order.
        numbers: which of the uses each lemma has.
        left_out: how many uses belong to lemmas that cannot be measured.
        lemmas_left_out: how many such lemmas there are.
    """

    lemmas: Sequence[str]
    numbers: Sequence[NDArray[np.int64]]
    left_out: int
    lemmas_left_out: int


def group(lemmas: Sequence[str], senses: Sequence[str]) -> Grouping:
    """Groups uses by lemma.

    Raises:
        ValueError: no lemma has two uses of one sense, and a use of another.
    """
    if len(lemmas) != len(senses):
        raise ValueError(f"There are {len(lemmas)} lemmas and {len(senses)} senses; each use has one of both.")
    by_lemma: dict[str, list[int]] = {}
    for number, lemma in enumerate(lemmas):
        by_lemma.setdefault(lemma, []).append(number)
    kept: dict[str, NDArray[np.int64]] = {}
    for lemma in sorted(by_lemma):
        numbers = by_lemma[lemma]
        different = len({senses[number] for number in numbers})
        if 1 < different < len(numbers):
            kept[lemma] = np.array(numbers, np.int64)
    if not kept:
        raise ValueError(
            "Nothing can be measured: it takes a lemma that has two uses of one sense and a use of another, and none"
            f" of {len(by_lemma):,} has."
        )
    measured = sum(map(len, kept.values()))
    return Grouping(list(kept), list(kept.values()), len(lemmas) - measured, len(by_lemma) - len(kept))


def words(
    vectors: NDArray[np.float32], senses: Sequence[str], grouping: Grouping, names: Sequence[str] | None = None
) -> Iterator[WordUses]:
    """The uses of each lemma.

    Args:
        vectors: of any length but zero, for a use each. Shape: (n_uses, dimension).
        senses: of each use.
        grouping: of the same uses.
        names: what tells the uses of a lemma apart; by default, their vectors do.
    """
    for lemma, numbers in zip(grouping.lemmas, grouping.numbers, strict=True):
        own = np.ascontiguousarray(vectors[numbers], np.float32)
        # Adding zero makes one of the two zeros of floating point.
        own = own / np.maximum(np.linalg.norm(own, axis=1, keepdims=True), np.float32(1e-30)) + np.float32(0)
        as_bytes = own.view(np.dtype((np.void, own.itemsize * own.shape[1]))).ravel()
        _, first, row = np.unique(as_bytes, return_index=True, return_inverse=True)
        _, sense, counts = np.unique([senses[number] for number in numbers], return_inverse=True, return_counts=True)
        order = np.lexsort((sense, row))
        by_name = np.arange(len(order))
        if names is not None:
            by_name = np.lexsort((sense[order], [names[number] for number in numbers[order]]))
        yield WordUses(lemma, own[first], row[order], sense[order], counts, by_name)


def in_steps(scores: NDArray[np.float32]) -> NDArray[np.int32]:
    """Scores as whole numbers, so that those that differ by rounding alone are equal."""
    steps: NDArray[np.int32] = np.rint(scores * STEPS).astype(np.int32)
    return steps
