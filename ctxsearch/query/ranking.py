"""Which rows answer, in which order."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import chain, compress, repeat
from operator import attrgetter
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from ctxsearch.errors import QueryError
from ctxsearch.protocols import CardVectors, JointVectors
from ctxsearch.query.found import Found
from ctxsearch.query.narrowing import narrowed
from ctxsearch.query.placing import cut
from ctxsearch.query.scope import OpenShard, Rows, row_mask

# How much *unlike* counts beside *like*; see `towards`.
UNLIKE_WEIGHT = 0.5


# Codes that one thread scans in a go. FAISS takes a millisecond and more for so many, and a thread is worth its start.
BYTES_AT_ONCE = 6 << 20


@cache
def _scanners() -> ThreadPoolExecutor:
    """The threads that share long scans, one a core; a scan of FAISS leaves the interpreter to others.

    With four or eight on two cores, a word with a million uses of a hundred million, read from the disk, takes .8 ms
    less of 11.8; but 2.5 ms more of 16 does a more frequent one that is in memory.
    """
    return ThreadPoolExecutor(os.cpu_count(), "ctxsearch-scan")


# A child that was forked has none of the threads that it believes to have.
os.register_at_fork(after_in_child=_scanners.cache_clear)


_SCORE = attrgetter("score")


def search(
    shards: Sequence[OpenShard],
    rows: Sequence[Sequence[Rows]],
    allowed: Sequence[NDArray[np.bool_] | None],
    query: NDArray[np.float32],
    k: int | None,
    min_score: float | None = None,
    exact: bool = True,
) -> list[Found]:
    """The k best rows over all shards, and every further one that ties with the last; every row where k is None.

    Of a very frequent word only the rows that are most likely to be among them are scanned, see
    `ctxsearch.query.narrowing`, unless all are wanted, or all above a score.

    Args:
        shards: where.
        rows: what to scan of each shard.
        allowed: see `allowed_documents`.
        query: Shape: (dimension,).
        k: how many.
        min_score: leave out rows that score less.
        exact: scan all rows, however many.
    """
    part = None
    if k is not None and min_score is None and not exact and not are_on_cards(shards):
        part = narrowed(shards, rows, query, k)
    if part is not None:
        found, matching = _scanned(shards, part, allowed, query, k, min_score)
        # Where filters leave little of what is near, it may lie anywhere.
        if matching < sum(map(_size, part)) / 2:
            part = None
    if part is None:
        found, _ = _scanned(shards, rows, allowed, query, k, min_score)
    return _best(found, k)


def search_many(
    shards: Sequence[OpenShard],
    rows: Sequence[Sequence[Rows]],
    allowed: Sequence[NDArray[np.bool_] | None],
    queries: NDArray[np.float32],
    k: int,
    min_score: float | None = None,
) -> list[list[Found]]:
    """`search` for each of many queries of the same rows, at once, on cards.

    Args:
        shards: where; see `are_on_cards`.
        rows: what to scan of each shard.
        allowed: see `allowed_documents`.
        queries: Shape: (n_queries, dimension).
        k: how many of each.
        min_score: leave out rows that score less.
    """
    found: list[list[Found]] = [[] for _ in queries]
    for number, (shard, stretches, documents) in enumerate(zip(shards, rows, allowed, strict=True)):
        parts = [part for part in stretches if part.stop > part.start]
        if not parts:
            continue
        mask = None if documents is None else row_mask(shard, parts, documents)
        vectors = cast("CardVectors", shard.vectors)
        for of_query, near in zip(found, vectors.search_many(parts, queries, k, mask), strict=True):
            of_query.extend(_found(repeat(number), *near, min_score))
    return [_best(of_query, k) for of_query in found]


def _best(found: list[Found], k: int | None) -> list[Found]:
    """The k that score highest, in order, and all that tie with the last of them."""
    found.sort(key=_SCORE, reverse=True)
    return found if k is None or len(found) <= k else found[: k + _ties(found[k:], found[k - 1].score)]


def _found(
    shards: Iterable[int], rows: NDArray[np.int64], scores: NDArray[np.float32], min_score: float | None
) -> list[Found]:
    if min_score is not None:
        enough = scores.astype(np.float64) >= min_score
        shards, rows, scores = compress(shards, enough.tolist()), rows[enough], scores[enough]
    # Past the Python code of the class's own `__new__`: twenty of them are made for every query.
    return list(map(tuple.__new__, repeat(Found), zip(shards, rows.tolist(), scores.tolist(), strict=False)))


def _scanned(
    shards: Sequence[OpenShard],
    rows: Sequence[Sequence[Rows]],
    allowed: Sequence[NDArray[np.bool_] | None],
    query: NDArray[np.float32],
    k: int | None,
    min_score: float | None,
) -> tuple[list[Found], int]:
    """The k best rows, and others, in no order; and how many rows there are that might have answered."""

    def scan(tasks: Sequence[_Task]) -> tuple[list[Found], int]:
        found: list[Found] = []
        total = 0
        # Where every row is wanted, they are put in order sooner a shard at a time.
        together, alone = ([], tasks) if k is None else _parted(shards, tasks, allowed)
        if k is not None and together:
            total = sum(task.size for task in together)
            first, *others = (cast("JointVectors", shards[task.shard].vectors) for task in together)
            near = first.search_with(others, [task.parts for task in together], query, min(k, total))
            of_shards = [together[number].shard for number in near.numbers.tolist()]
            found += _found(of_shards, near.rows, near.scores, min_score)
        for number, parts, size in alone:
            documents = allowed[number]
            mask = None if documents is None else row_mask(shards[number], parts, documents)
            of_shard = shards[number].vectors.search(parts, query, min(k or size, size), mask)
            found += _found(repeat(number), *of_shard, min_score)
            total += size if mask is None else int(np.count_nonzero(mask))
        return found, total

    whole = [
        _Task(number, stretches, size)
        for number, stretches in enumerate(rows)
        if stretches and (size := _size(stretches))
    ]
    if not whole:
        return [], 0
    at_once = max(1, BYTES_AT_ONCE // shards[0].parameters.code_size)
    if sum(task.size for task in whole) <= at_once or are_on_cards(shards):
        return scan(whole)
    batches = _batches([part for task in whole for part in _tasks(task, at_once)], at_once)
    done = list(_scanners().map(scan, batches))
    return list(chain.from_iterable(found for found, _ in done)), sum(matching for _, matching in done)


class _Task(NamedTuple):
    """Some rows of a shard that one thread scans, and how many they are."""

    shard: int
    parts: Sequence[Rows]
    size: int


def _parted(
    shards: Sequence[OpenShard], tasks: Sequence[_Task], allowed: Sequence[NDArray[np.bool_] | None]
) -> tuple[list[_Task], list[_Task]]:
    """The tasks that are scanned by one call, and those that are scanned one after the other."""
    if len(tasks) < 2:
        return [], list(tasks)
    together = [
        task for task in tasks if allowed[task.shard] is None and hasattr(shards[task.shard].vectors, "search_with")
    ]
    if len(together) < 2:
        return [], list(tasks)
    return together, [task for task in tasks if allowed[task.shard] is not None]


def _batches(tasks: Sequence[_Task], rows: int) -> list[list[_Task]]:
    """Tasks put together so that each batch has about so many rows: of many shards, each has few."""
    batches: list[list[_Task]] = []
    room = 0
    for task in tasks:
        if room <= 0:
            batches.append([])
            room = rows
        batches[-1].append(task)
        room -= task.size
    return batches


def are_on_cards(shards: Sequence[OpenShard]) -> bool:
    """Whether cards search the vectors; all of an index's, or none."""
    return bool(shards) and getattr(shards[0].vectors, "is_scanned_at_once", False)


def _tasks(whole: _Task, rows: int) -> Iterator[_Task]:
    """A task cut into some of so many rows each, and what is left."""
    if whole.size <= rows:
        yield whole
        return
    for parts in cut(whole.parts, rows):
        yield _Task(whole.shard, parts, _size(parts))


def _size(stretches: Sequence[Rows]) -> int:
    if len(stretches) == 1:
        (start, stop) = stretches[0]
        return stop - start
    return sum(stop - start for start, stop in stretches)


def _ties(following: Sequence[Found], score: float | None) -> int:
    return next((number for number, item in enumerate(following) if item.score != score), len(following))


def towards(like: NDArray[np.float32], unlike: NDArray[np.float32]) -> NDArray[np.float32]:
    """One query vector out of several examples: the mean of *like* minus half the mean of *unlike*, of unit length.

    J. J. Rocchio (1971), Relevance feedback in information retrieval, in: The SMART Retrieval System.

    Args:
        like: Shape: (n, dimension), n at least 1.
        unlike: Shape: (n, dimension), n may be 0.
    """
    query = like.sum(axis=0) / len(like)
    if len(unlike):
        query = query - UNLIKE_WEIGHT * (unlike.sum(axis=0) / len(unlike))
    length = math.sqrt(query @ query)
    if length < 1e-6:
        raise QueryError("What is liked and what is not cancel each other out; choose other lines.")
    unit: NDArray[np.float32] = (query / length).astype(np.float32)
    return unit
