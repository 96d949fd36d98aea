"""The vectors of occurrences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ctxsearch.query.found import Found, by_shard
from ctxsearch.query.scope import OpenShard

_AT_ONCE = 1 << 15


def vectors_of(shards: Sequence[OpenShard], found: Sequence[Found]) -> NDArray[np.float32]:
    """The vectors of occurrences, decoded, and brought to unit length. Shape: (n_found, dimension)."""
    vectors = decoded(shards, found)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors /= np.where(lengths > 0, lengths, np.float32(1))
    return vectors


def decoded(shards: Sequence[OpenShard], found: Sequence[Found]) -> NDArray[np.float32]:
    """The vectors of occurrences as searches score them, of nearly unit length. Shape: (n_found, dimension)."""
    vectors = np.zeros((len(found), shards[0].parameters.dimension), np.float32)
    for number, places, rows in by_shard(found):
        vectors[places] = shards[number].vectors.vectors(rows)
    return vectors


def in_parts(shards: Sequence[OpenShard], found: Sequence[Found]) -> Iterator[NDArray[np.float32]]:
    """The same, so many at once that memory does not grow with their number."""
    for start in range(0, len(found), _AT_ONCE):
        yield vectors_of(shards, found[start : start + _AT_ONCE])
