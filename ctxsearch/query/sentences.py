"""Sentences read many at a time, as one text and the places of its tokens."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ctxsearch.catalog.rows import SPAN
from ctxsearch.errors import IndexDamaged
from ctxsearch.query.scope import OpenShard
from ctxsearch.vectors.files import TOKEN_BITS, TOKEN_MASK

AT_ONCE = 2048
"""So many are read in one go."""


class Tokens(NamedTuple):
    """The tokens of some sentences, one behind the other.

    Attributes:
        numbers: of the segments, in order, each once. Shape: (n_sentences,).
        firsts: the first token of each sentence. Shape: (n_sentences,).
        stops: behind its last one. Shape: (n_sentences,).
    """

    numbers: NDArray[np.int64]
    firsts: NDArray[np.int64]
    stops: NDArray[np.int64]

    @classmethod
    def counted(cls, numbers: NDArray[np.int64], counts: NDArray[np.int64]) -> Tokens:
        """Those of sentences that have so many each."""
        stops = np.cumsum(counts)
        return cls(numbers, stops - counts, stops)

    def of(self, shard: OpenShard, ids: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Which sentence some tokens are in, and which of all tokens they are. Shape: twice (n,).

        Raises:
            IndexDamaged: the sentence has no such token.
        """
        sentences = np.searchsorted(self.numbers, ids >> TOKEN_BITS)
        tokens = self.firsts[sentences] + (ids & TOKEN_MASK)
        if (tokens >= self.stops[sentences]).any():
            raise IndexDamaged(str(shard.catalog.path), "a segment has fewer tokens than rows stand for")
        return sentences, tokens


class Sentences(NamedTuple):
    """Some sentences as one text.

    Attributes:
        text: theirs, one behind the other.
        tokens: which are of which sentence.
        spans: start and end of each token in the text. Shape: (n_tokens, 2).
        begins: where each sentence begins in the text, and where the last one ends. Shape: (n_sentences + 1,).
    """

    text: str
    tokens: Tokens
    spans: NDArray[np.int64]
    begins: NDArray[np.int64]


def sentences(shard: OpenShard, numbers: NDArray[np.int64]) -> Sentences:
    """Reads sentences.

    Args:
        shard: where.
        numbers: of the segments, in order, each once. Shape: (n,).
    """
    found = shard.catalog.segments(numbers.tolist())
    if len(found) != len(numbers):
        raise IndexDamaged(str(shard.catalog.path), "segments are missing")
    rows = [found[number] for number in numbers.tolist()]
    counts = np.array([len(row.tokens) // SPAN.size for row in rows], np.int64)
    begins = np.concatenate([[0], np.cumsum(np.array([len(row.text) for row in rows], np.int64))])
    spans = np.frombuffer(b"".join(row.tokens for row in rows), "<u2").reshape(-1, 2)
    tokens = Tokens.counted(numbers, counts)
    return Sentences(
        "".join(row.text for row in rows), tokens, spans + np.repeat(begins[:-1], counts)[:, np.newaxis], begins
    )
