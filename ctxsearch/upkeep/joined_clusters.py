"""Clusters of very frequent words in a shard that others are joined into: kept where they are fine enough, or made."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
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
from ctxsearch.vectors.faiss import FaissCodec, one_thread

# Clusters of a shard are kept if there are so many for one that a build would make of all rows: what is searched in
# part is found the more surely, the finer the parts are, and half as many cost .01 of recall.
_FINE = 0.75
# To make clusters takes about as long as to look so many times for the nearest of every row.
_PASSES = 3
# Each core that makes clusters has up to 200 MB for it.
_MOST_CORES = 8
# What says how many threads BLAS has is one for the whole process.
_BLAS = Lock()


def put_in_clusters(building: Path, group: Sequence[OpenShard], rows: JoinedRows) -> None:
    """Puts the rows of frequent words in the order of clusters, and writes these."""
    sizes = np.array([form[5] for form in rows.forms], np.int64)
    to_be = np.zeros(len(sizes), np.bool_)
    to_be[clustered_forms(sizes, np.array([form[3] for form in rows.forms], np.int32))] = True
    coded = _Coded(group, FaissCodec(group[0].parameters))

    def arranged(number: int) -> tuple[NDArray[np.int64], NDArray[np.float32]] | None:
        """Puts the rows of a form in their order; the sizes and centroids of the clusters that they then lie in."""
        form = slice(first := rows.forms[number][4], first + rows.forms[number][5])
        ids, sources, places = rows.ids[form], rows.sources[form], rows.places[form]
        found, order = None, np.argsort(ids, kind="stable")
        if to_be[number]:
            found = _kept(coded, ids, sources, places)
            if found is None:
                made = in_clusters(len(ids), partial(coded.vectors, sources[order], places[order]))
                found = made._replace(order=order[made.order])
            order = found.order
        for part in (ids, sources, places):
            part[:] = part[order]
        return None if found is None else (found.sizes, found.centroids)

    writer = ClusterWriter(building)
    numbers = np.flatnonzero(rows.were_in_clusters | to_be).tolist()
    # A form to each core: threads of BLAS within these would wait for each other for a third of the time.
    with _BLAS, threadpool_limits(1, "blas"), ThreadPoolExecutor(_cores(), initializer=one_thread) as threads:
        try:
            for number, found in zip(numbers, threads.map(arranged, numbers), strict=True):
                if found is not None:
                    writer.add(rows.forms[number][4], *found)
        except BaseException:
            threads.shutdown(cancel_futures=True)
            raise
    writer.finish()


def _kept(
    coded: _Coded, ids: NDArray[np.int64], sources: NDArray[np.int16], places: NDArray[np.int64]
) -> InClusters | None:
    """The rows of a form in the clusters that most of them lie in; None where too few do, or in too coarse ones.

    The rows come by source and place. Those that lie in no such cluster go into the nearest.
    """
    fine_enough = _FINE * cluster_count(len(ids))
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
        if is_whole and n_with_rows >= fine_enough and not are_crumbs(n_with_rows, len(of_shard)):
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


def _cores() -> int:
    return min(os.cpu_count() or 1, _MOST_CORES)


class _Coded(NamedTuple):
    """The shards of a group, and what decodes their rows."""

    group: Sequence[OpenShard]
    codec: FaissCodec

    def vectors(
        self, sources: NDArray[np.int16], places: NDArray[np.int64], chosen: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """The vectors of some rows, of those that come from these places. Shape: (n_chosen, dimension)."""
        return self.codec.decode(codes_of(self.group, sources[chosen], places[chosen]))
