"""The places beside some occurrences: each once, in however many windows it is."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ctxsearch.catalog.rows import SPAN
from ctxsearch.errors import IndexDamaged
from ctxsearch.query.scope import OpenShard
from ctxsearch.vectors.files import TOKEN_BITS

_AT_ONCE = 2048
_TOKEN_MASK = (1 << TOKEN_BITS) - 1


def places_beside(
    shard: OpenShard, ids: NDArray[np.int64], left: int | None, right: int | None
) -> Iterator[tuple[list[str], NDArray[np.int64]]]:
    """The tokens within so many places of some, in their sentences, as written and by their ids, part by part.

    One of those themselves is among them only where it is beside another.

    Args:
        shard: where.
        ids: of the tokens that they are beside. Shape: (n_ids,).
        left: places before each; None for all to the beginning of the sentence.
        right: places after each; None for all to its end.
    """
    ids = np.unique(ids)
    numbers = np.unique(ids >> TOKEN_BITS)
    for start in range(0, len(numbers), _AT_ONCE):
        some = numbers[start : start + _AT_ONCE]
        first, stop = np.searchsorted(ids, [some[0] << TOKEN_BITS, (some[-1] + 1) << TOKEN_BITS])
        yield _in_sentences(shard, some, ids[first:stop], left, right)


def _in_sentences(
    shard: OpenShard, numbers: NDArray[np.int64], ids: NDArray[np.int64], left: int | None, right: int | None
) -> tuple[list[str], NDArray[np.int64]]:
    """`places_beside` of tokens in some sentences, both in order, each once."""
    found = shard.catalog.segments(numbers.tolist())
    if len(found) != len(numbers):
        raise IndexDamaged(str(shard.catalog.path), "segments are missing")
    sentences = [found[number] for number in numbers.tolist()]
    spans = np.frombuffer(b"".join(one.tokens for one in sentences), "<u2").reshape(-1, 2).astype(np.int64)
    counts = np.array([len(one.tokens) // SPAN.size for one in sentences], np.int64)
    stops = np.cumsum(counts)
    firsts = stops - counts
    own = np.searchsorted(numbers, ids >> TOKEN_BITS)
    nodes = firsts[own] + (ids & _TOKEN_MASK)
    if (nodes >= stops[own]).any():
        raise IndexDamaged(str(shard.catalog.path), "a segment has fewer tokens than rows stand for")
    # How many windows each place is in: one more from where they begin, one less where they stop.
    begin = firsts[own] if left is None else np.maximum(firsts[own], nodes - min(left, _TOKEN_MASK))
    stop = stops[own] if right is None else np.minimum(stops[own], nodes + 1 + min(right, _TOKEN_MASK))
    size = len(spans) + 1
    within = np.cumsum(np.bincount(begin, minlength=size) - np.bincount(stop, minlength=size))
    within[nodes] -= 1  # its own
    places = np.flatnonzero(within)
    sentence = np.searchsorted(stops, places, side="right")
    lengths = np.array([len(one.text) for one in sentences], np.int64)
    cut = (spans[places] + (np.cumsum(lengths) - lengths)[sentence, np.newaxis]).tolist()
    text = "".join(one.text for one in sentences)
    return [text[start:end] for start, end in cut], (numbers[sentence] << TOKEN_BITS) + places - firsts[sentence]
