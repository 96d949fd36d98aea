"""Clusters of very frequent words in a shard that others are joined into: kept where they are fine enough, or made."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from itertools import pairwise
from pathlib import Path
from threading import Lock
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ctxsearch.query.scope import OpenShard
from ctxsearch.upkeep.joining import JoinedRows, codes_of
from ctxsearch.vectors.clusters import (
    MOST_KEPT,
    ClusterWriter,
    InClusters,
    are_crumbs,
    cluster_count,
    clustered_forms,
    in_clusters,
    nearest_clusters,
)
from ctxsearch.vectors.faiss import FaissCodec

# Clusters of a shard are kept if there are so many for one that a build would make of all rows: what is searched in
# part is found the more surely, the finer the parts are, and half as many cost .01 of recall.
_FINE = 0.75
# And no more than so many in all: of a word with a million uses, whose sixteen shards were joined, `like` took 8.7 ms
# in the 3 900 clusters that these had, and 3.7 in the 256 that a build makes.
_MANY = 2
# To make clusters takes about as long as to look so many times for the nearest of every row.
_PASSES = 3
# Each core that makes clusters has up to 200 MB for it.
_MOST_CORES = 8
# What says how many threads BLAS has is one for the whole process.
_BLAS = Lock()


class JoinedClusters:
    """Puts the rows of frequent words in the order of clusters, in threads, and writes these.

    A context: in it `wait` says which rows have come to their order.

    Args:
        building: the new shard's folder.
        group: the shards that are joined.
        rows: their rows; their order is changed within forms.
        fewest: see `clustered_forms`.
    """

    def __init__(self, building: Path, group: Sequence[OpenShard], rows: JoinedRows, fewest: int) -> None:
        self._rows = rows
        sizes = np.array([form[5] for form in rows.forms], np.int64)
        self._to_be = np.zeros(len(sizes), np.bool_)
        lemma_of = np.array([form[3] for form in rows.forms], np.int32)
        self._to_be[clustered_forms(sizes, lemma_of, fewest)] = True
        self._coded = _Coded(group, FaissCodec(group[0].parameters))
        self._writer = ClusterWriter(building)
        self._waiting: deque[tuple[int, Future[tuple[NDArray[np.int64], NDArray[np.float32]] | None]]] = deque()
        self._exit = ExitStack()

    def __enter__(self) -> JoinedClusters:
        with ExitStack() as exits:
            # A form to each core: threads of BLAS within these would wait for each other for a third of the time.
            exits.enter_context(_BLAS)
            exits.enter_context(threadpool_limits(1, "blas"))
            threads = ThreadPoolExecutor(min(os.cpu_count() or 1, _MOST_CORES))
            exits.callback(threads.shutdown, cancel_futures=True)
            for number in np.flatnonzero(self._rows.were_in_clusters | self._to_be).tolist():
                self._waiting.append((self._rows.forms[number][4], threads.submit(self._arranged, number)))
            self._exit = exits.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._exit.close()

    def wait(self, stop: int) -> None:
        """Comes back when all rows before this one are in their order."""
        while self._waiting and self._waiting[0][0] < stop:
            first, arranged = self._waiting.popleft()
            if found := arranged.result():
                self._writer.add(first, *found)

    def finish(self) -> None:
        """Writes the file of clusters, synced, if there is anything to write."""
        self.wait(len(self._rows.ids))
        self._writer.finish()

    def _arranged(self, number: int) -> tuple[NDArray[np.int64], NDArray[np.float32]] | None:
        """Puts the rows of a form in their order; the sizes and centroids of the clusters that they then lie in."""
        rows = self._rows
        form = slice(first := rows.forms[number][4], first + rows.forms[number][5])
        ids, sources, places = rows.ids[form], rows.sources[form], rows.places[form]
        found, order = None, np.argsort(ids, kind="stable")
        if self._to_be[number]:
            found = _kept(self._coded, ids, sources, places)
            if found is None:
                made = in_clusters(len(ids), partial(self._coded.vectors, sources[order], places[order]))
                found = made._replace(order=order[made.order])
            order = found.order
        for part in (ids, sources, places):
            part[:] = part[order]
        return None if found is None else (found.sizes, found.centroids)


def _kept(
    coded: _Coded, ids: NDArray[np.int64], sources: NDArray[np.int16], places: NDArray[np.int64]
) -> InClusters | None:
    """The rows of a form in the clusters that most of them lie in; None where too few do, or in too coarse ones.

    The rows come by source and place. Those that lie in no such cluster go into the nearest.
    """
    fine_enough, most = _FINE * cluster_count(len(ids)), _MANY * cluster_count(len(ids))
    cluster_of = np.full(len(ids), -1, np.int32)
    centroids: list[NDArray[np.float32]] = []
    n_clusters = 0
    borders = np.searchsorted(sources, np.arange(len(coded.group) + 1)).tolist()
    for shard, (start, stop) in zip(coded.group, pairwise(borders), strict=True):
        of_shard = places[start:stop]
        if not len(of_shard):
            continue
        # Of the first and of the last there may be rows that were removed.
        low = int(np.searchsorted(shard.clusters.stops, of_shard[0], side="right"))
        high = int(np.searchsorted(shard.clusters.starts, of_shard[-1], side="right"))
        begins, ends = (np.searchsorted(of_shard, side[low:high]) for side in shard.clusters[:2])
        sizes = ends - begins
        n_with_rows = int(np.count_nonzero(sizes))
        # All rows of a form lie in clusters, or none does.
        is_whole = sizes.sum() == len(of_shard)
        is_fit = n_with_rows >= fine_enough and not are_crumbs(n_with_rows, len(of_shard))
        if is_whole and is_fit and n_clusters + high - low <= most:
            cluster_of[start:stop] = n_clusters + np.repeat(np.arange(high - low), sizes)
            centroids.append(shard.clusters.centroids[low:high])
            n_clusters += high - low
    rest = np.flatnonzero(cluster_of < 0)
    # Nor where to look for the nearest of many would take longer than to make new ones.
    anew = _PASSES * len(ids) * cluster_count(len(ids))
    if 2 * len(rest) > len(ids) or len(rest) * n_clusters > anew or n_clusters > MOST_KEPT:
        return None
    joined = np.concatenate(centroids)
    cluster_of[rest] = nearest_clusters(len(rest), partial(coded.vectors, sources[rest], places[rest]), joined)
    return InClusters(np.lexsort((ids, cluster_of)), np.bincount(cluster_of, minlength=n_clusters), joined)


class _Coded(NamedTuple):
    """The shards of a group, and what decodes their rows."""

    group: Sequence[OpenShard]
    codec: FaissCodec

    def vectors(
        self, sources: NDArray[np.int16], places: NDArray[np.int64], chosen: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """The vectors of some rows, of those that come from these places. Shape: (n_chosen, dimension)."""
        return self.codec.decode(codes_of(self.group, sources[chosen], places[chosen]))
