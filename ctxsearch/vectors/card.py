"""Searches a shard on a card: one matrix in half precision there, and the last word to the codes.

The rows of a shard lie in order of lemma, so a word is a slice of the matrix, and any word is all of it. What the
card finds is rounded: codes are decoded and brought to half precision, and so is the query. But the error has a bound.
So each row that may be among the best by the card's scores is scored again from its codes, as the CPU scores it, and
the answer has the rows and the scores that it has there, ties and all.

The inner product of a query q and a vector x, each component rounded to 11 bits, errs by at most ``|q| |x| / 1024``,
and by a little more where it is added up; twice that is allowed for (N. J. Higham 2002, Accuracy and stability of
numerical algorithms, section 3.1).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from ctxsearch.errors import DeviceError
from ctxsearch.protocols import Neighbours, VectorCodec, VectorShard
from ctxsearch.vectors.codec import CodecParameters, check_codes, check_search

MOST_AT_ONCE = 2048
"""So many of the best rows FAISS gives on a card at most."""

_ERROR = 2.0**-9
# Beyond the k best, so that most often one search on the card tells all that may be among them.
_MARGIN = 64
_BLOCK_ROWS = 1 << 16
_BYTES = 2

M = TypeVar("M")


class Card(Protocol[M]):
    """What holds matrices in half precision and searches slices of them."""

    @property
    def name(self) -> str:
        """What it is called, in sentences."""

    def free_bytes(self) -> int:
        """How much may be put there now."""

    def upload(self, blocks: Iterator[NDArray[np.float16]], rows: int, dimension: int) -> M:
        """Puts a matrix there. Shape of a block: (n, dimension)."""

    def best(self, matrix: M, start: int, stop: int, queries: NDArray[np.float32], k: int) -> list[Neighbours]:
        """The k rows of a slice that score highest with each query, rows counted from its start.

        Args:
            matrix: one that was put there.
            start: the first row of the slice.
            stop: the one after its last.
            queries: Shape: (n_queries, dimension).
            k: `MOST_AT_ONCE`, or as many as there are rows, at most.
        """

    def scores(self, matrix: M, start: int, stop: int, query: NDArray[np.float32]) -> NDArray[np.float32]:
        """The score of every row of a slice. Shape: (n_rows,)."""


@dataclass(frozen=True)
class Held(Generic[M]):
    """A matrix on a card, and the greatest length of its rows."""

    matrix: M
    length: float


class CardMemory(Generic[M]):
    """The matrices on one card: what was used longest ago makes room for what is needed.

    Args:
        card: where they are.
    """

    def __init__(self, card: Card[M]) -> None:
        self.card = card
        # A card takes one call at a time.
        self.lock = Lock()
        self._held: OrderedDict[int, tuple[Held[M], int]] = OrderedDict()

    def held(self, key: int, n_bytes: int, make: Callable[[], Held[M]]) -> Held[M]:
        """A matrix, put there by ``make`` if it is not there.

        Raises:
            DeviceError: it is larger than all that is free where nothing else of ours is there.
        """
        if key in self._held:
            self._held.move_to_end(key)
            return self._held[key][0]
        while (free := self.card.free_bytes()) < n_bytes and self._held:
            self._held.popitem(last=False)
        if free < n_bytes:
            raise DeviceError(
                f"{self.card.name} has {free / 2**30:.1f} GiB free, and a part of the index takes"
                f' {n_bytes / 2**30:.1f} GiB there; search on the CPU, with `device="cpu"`.'
            )
        made = make()
        self._held[key] = made, n_bytes
        return made

    def let_go(self, key: int) -> None:
        """Takes a matrix away, if it is there."""
        self._held.pop(key, None)


class CardShard(Generic[M]):
    """Searches a shard on a card, and answers as the CPU would.

    Args:
        codes: Shape: (n_rows, code_size), contiguous; usually memory-mapped.
        parameters: the index's codec.
        memory: of the card; several shards share it.
        codec: decodes what goes to the card.
        exact: scores rows from their codes.
    """

    is_scanned_at_once = True

    def __init__(
        self,
        codes: NDArray[np.uint8],
        parameters: CodecParameters,
        memory: CardMemory[M],
        *,
        codec: VectorCodec,
        exact: VectorShard,
    ) -> None:
        check_codes(codes, parameters)
        self._codes = codes
        self._parameters = parameters
        self._memory = memory
        self._codec = codec
        self._exact = exact

    def __del__(self) -> None:
        memory: CardMemory[M] | None = getattr(self, "_memory", None)
        if memory is not None:
            memory.let_go(id(self))

    def search(
        self,
        parts: Sequence[tuple[int, int]],
        query: NDArray[np.float32],
        k: int,
        allowed: NDArray[np.bool_] | None = None,
    ) -> Neighbours:
        """The k rows that score highest, and all that tie with the last of them: see `VectorShard.search`."""
        check_search(len(self._codes), self._parameters.dimension, parts, query, k, allowed)
        return self.search_many(parts, query[None], k, allowed)[0]

    def search_many(
        self,
        parts: Sequence[tuple[int, int]],
        queries: NDArray[np.float32],
        k: int,
        allowed: NDArray[np.bool_] | None = None,
    ) -> list[Neighbours]:
        """What `search` answers to each query: see `CardVectors.search_many`."""
        for query in queries:
            check_search(len(self._codes), self._parameters.dimension, parts, query, k, allowed)
        parts = [part for part in parts if part[1] > part[0]]
        matching = sum(stop - start for start, stop in parts) if allowed is None else int(np.count_nonzero(allowed))
        if not matching:
            return [Neighbours(np.empty(0, np.int64), np.empty(0, np.float32)) for _ in queries]
        with self._memory.lock:
            n_bytes = len(self._codes) * self._parameters.dimension * _BYTES
            held = self._memory.held(id(self), n_bytes, self._upload)
            margins = 2 * _ERROR * held.length * np.linalg.norm(queries, axis=1)
            likely = self._likely(held.matrix, parts, queries, min(k, matching), margins, allowed)
        return [
            self._exact.search([(row, row + 1) for row in rows.tolist()], query, k)
            for rows, query in zip(likely, queries, strict=True)
        ]

    def vectors(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """The decoded vectors of some rows. Shape: (n, dimension)."""
        return self._exact.vectors(rows)

    def _upload(self) -> Held[M]:
        greatest = 0.0

        def blocks() -> Iterator[NDArray[np.float16]]:
            nonlocal greatest
            for start in range(0, len(self._codes), _BLOCK_ROWS):
                vectors = self._codec.decode(self._codes[start : start + _BLOCK_ROWS])
                # A vector that is no numbers answers nothing, and has no length.
                greatest = max(greatest, float(np.nan_to_num(np.linalg.norm(vectors, axis=1)).max()))
                yield vectors.astype(np.float16)

        matrix = self._memory.card.upload(blocks(), len(self._codes), self._parameters.dimension)
        return Held(matrix, greatest)

    def _likely(
        self,
        matrix: M,
        parts: Sequence[tuple[int, int]],
        queries: NDArray[np.float32],
        k: int,
        margins: NDArray[np.float32],
        allowed: NDArray[np.bool_] | None,
    ) -> list[NDArray[np.int64]]:
        """The rows that may be among the k best of each query, or tie with the last of them, in order."""
        found: list[NDArray[np.int64] | None] = [None] * len(queries)
        left = list(range(len(queries)))
        wanted = k + _MARGIN
        while left and wanted <= MOST_AT_ONCE:
            best = [
                self._memory.card.best(matrix, *part, queries[left], min(part[1] - part[0], wanted)) for part in parts
            ]
            for number, of_query in zip(left, zip(*best, strict=True), strict=True):
                found[number] = _complete(of_query, parts, k, float(margins[number]), allowed)
            # For most the first answer is enough; of the others more is asked, once and again.
            left = [number for number in left if found[number] is None]
            wanted = min(MOST_AT_ONCE, 4 * wanted) if wanted < MOST_AT_ONCE else MOST_AT_ONCE + 1
        return [
            self._of_all(matrix, parts, query, k, float(margin), allowed) if rows is None else rows
            for query, margin, rows in zip(queries, margins, found, strict=True)
        ]

    def _of_all(
        self,
        matrix: M,
        parts: Sequence[tuple[int, int]],
        query: NDArray[np.float32],
        k: int,
        margin: float,
        allowed: NDArray[np.bool_] | None,
    ) -> NDArray[np.int64]:
        """The same for one query, by all scores: FAISS's wheel for cards knows no selectors and no thresholds."""
        rows = np.concatenate([np.arange(*part, dtype=np.int64) for part in parts])
        scores = np.concatenate([self._memory.card.scores(matrix, *part, query) for part in parts])
        answers = ~np.isnan(scores)
        if allowed is not None:
            answers &= allowed
        rows, scores = rows[answers], scores[answers]
        likely: NDArray[np.int64] = rows[scores >= _kth(scores, k) - margin] if len(rows) else rows
        return likely


def _complete(
    best: Sequence[Neighbours],
    parts: Sequence[tuple[int, int]],
    k: int,
    margin: float,
    allowed: NDArray[np.bool_] | None,
) -> NDArray[np.int64] | None:
    """The rows that may answer, from the best of each part; None where there may be more of them."""
    starts = [start for start, _ in parts]
    rows = np.concatenate([one.rows + start for one, start in zip(best, starts, strict=True)])
    scores = np.concatenate([one.scores for one in best])
    if allowed is not None:
        before = np.cumsum([0, *(stop - start for start, stop in parts[:-1])]).tolist()
        answers = allowed[np.concatenate([one.rows + passed for one, passed in zip(best, before, strict=True)])]
        rows, scores = rows[answers], scores[answers]
    if np.isnan(scores).any() or len(rows) < k:
        return None
    least = _kth(scores, k) - margin
    # Of a part that gave all that was asked of it, and nothing below the least, there may be more.
    is_cut = any(
        0 < len(one.rows) < stop - start and one.scores[-1] >= least
        for one, (start, stop) in zip(best, parts, strict=True)
    )
    return None if is_cut else np.sort(rows[scores >= least])


def _kth(scores: NDArray[np.float32], k: int) -> float:
    """The k-th highest score, or the lowest where there are fewer."""
    if len(scores) <= k:
        return float(scores.min())
    return float(np.partition(scores, len(scores) - k)[len(scores) - k])
