"""A card that is none: matrices in half precision in the memory of the host, and scores that err as far as they may."""

from __future__ import annotations

import weakref
from collections.abc import Iterator

import numpy as np

from ctxsearch.protocols import Neighbours
from ctxsearch.vectors.card import MOST_AT_ONCE, CardMemory, CardShard
from ctxsearch.vectors.codec import CodecParameters
from ctxsearch.vectors.faiss import FaissCodec
from ctxsearch.vectors.faiss_shard import FaissShard


class HostCard:
    """See `ctxsearch.vectors.card.Card`.

    Args:
        capacity: bytes that it has.
    """

    name = "The card of the host"

    def __init__(self, capacity: int = 1 << 30) -> None:
        self.capacity = capacity
        self.used = 0
        self.uploads = 0
        self.searches = 0

    def free_bytes(self) -> int:
        """What is left."""
        return self.capacity - self.used

    def upload(self, blocks: Iterator[np.ndarray], rows: int, dimension: int) -> np.ndarray:
        """Keeps a matrix."""
        matrix = np.concatenate([*blocks, np.empty((0, dimension), np.float16)])
        assert matrix.shape == (rows, dimension)
        self.uploads += 1
        self.used += matrix.nbytes
        weakref.finalize(matrix, self._freed, matrix.nbytes)
        return matrix

    def _freed(self, n_bytes: int) -> None:
        self.used -= n_bytes

    def best(self, matrix: np.ndarray, start: int, stop: int, queries: np.ndarray, k: int) -> list[Neighbours]:
        """The best of a slice; in any order where scores are alike."""
        assert 0 < k <= min(MOST_AT_ONCE, stop - start)
        self.searches += 1
        found = []
        for query in queries:
            scores = self.scores(matrix, start, stop, query.astype(np.float16).astype(np.float32))
            rows = np.argsort(-scores, kind="stable")[:k]
            found.append(Neighbours(rows.astype(np.int64), scores[rows]))
        return found

    def scores(self, matrix: np.ndarray, start: int, stop: int, query: np.ndarray) -> np.ndarray:
        """The scores of a slice, each with an error of its own."""
        part = matrix[start:stop].astype(np.float32)
        noise = np.random.default_rng(start).uniform(-1, 1, stop - start)
        error = noise * np.linalg.norm(part, axis=1) * np.linalg.norm(query) / 1024
        # Not ``@``: what BLAS reads beside a short row sets off warnings of numbers that are none.
        return (np.einsum("ij,j->i", part, query) + error).astype(np.float32)


def card_shard(codes: np.ndarray, parameters: CodecParameters, card: HostCard | None = None) -> CardShard[np.ndarray]:
    """A shard on such a card of its own, or on a card that is shared."""
    memory = CardMemory(card or HostCard())
    return CardShard(codes, parameters, memory, codec=FaissCodec(parameters), exact=FaissShard(codes, parameters))
