"""Rows of a shard as their places and ids, and as stretches again: a filter looks at those of many words in one go."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ctxsearch.query.scope import OpenShard, Rows, documents_of_ids
from ctxsearch.stretches import stretches

# Rows looked at in one go.
_ROWS = 1 << 20


def in_parts(
    shard: OpenShard, rows: Sequence[Rows], size: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """The places of rows and their ids, in the same order, so many at a time. Shape: twice (n,).

    Args:
        shard: whose they are.
        rows: stretches of any length.
        size: rows at a time, at most.
    """
    for part in cut(rows, size):
        yield _placed(shard, part)


def counts_of_stretches(
    shard: OpenShard,
    starts: NDArray[np.int64],
    stops: NDArray[np.int64],
    documents: NDArray[np.bool_] | None,
) -> NDArray[np.int64]:
    """How many rows of each of some stretches belong to the documents allowed. Shape: (n,).

    Args:
        shard: whose they are.
        starts: of the stretches, in order. Shape: (n,).
        stops: behind the last of each; none reaches into the next. Shape: (n,).
        documents: see `allowed_documents`.
    """
    if documents is None or not len(starts):
        return stops - starts
    counts = np.zeros(len(starts), np.int64)
    # Those that lie one behind the other are one: a slice for each of many words would take longer than all else.
    is_first = np.concatenate([[True], starts[1:] != stops[:-1]])
    joined = map(Rows, starts[is_first].tolist(), stops[np.roll(is_first, -1)].tolist())
    for places, ids in in_parts(shard, list(joined), _ROWS):
        kept = places[documents[documents_of_ids(shard, ids)]]
        counts += np.bincount(np.searchsorted(starts, kept, side="right") - 1, minlength=len(counts))
    return counts


def cut(rows: Iterable[Rows], size: int) -> Iterator[list[Rows]]:
    """The same rows in the same order, so many at a time; the last part may have fewer.

    >>> list(cut([Rows(0, 3), Rows(7, 9)], 2))
    [[Rows(start=0, stop=2)], [Rows(start=2, stop=3), Rows(start=7, stop=8)], [Rows(start=8, stop=9)]]
    """
    part: list[Rows] = []
    free = size
    for start, stop in rows:
        while start < stop:
            end = min(stop, start + free)
            part.append(Rows(start, end))
            free -= end - start
            start = end
            if not free:
                yield part
                part, free = [], size
    if part:
        yield part


def _placed(shard: OpenShard, rows: Sequence[Rows]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    starts, stops = np.array(rows, np.int64).T
    return stretches(starts, stops), np.concatenate([shard.files.ids[start:stop] for start, stop in rows])


def rows_at(places: NDArray[np.int64]) -> list[Rows]:
    """Places as stretches, in the same order.

    >>> rows_at(np.array([3, 4, 5, 9, 1]))
    [Rows(start=3, stop=6), Rows(start=9, stop=10), Rows(start=1, stop=2)]
    """
    if not len(places):
        return []
    edges = np.flatnonzero(np.diff(places) != 1) + 1
    firsts = places[np.concatenate([[0], edges])]
    lasts = places[np.concatenate([edges, [len(places)]]) - 1]
    return [Rows(start, stop) for start, stop in zip(firsts.tolist(), (lasts + 1).tolist(), strict=True)]
