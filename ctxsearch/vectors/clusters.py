"""Frequent words in parts that are alike, so that a search reads only the nearest: ``clusters.dat``.

    clusters.dat   first row of each cluster; the row after its last; its centroid: (n,) and (n,) int64, (n, dimension)
                   float32

The rows of a frequent lemma's form lie in order of (cluster, segment, token), so a cluster is a slice of the shard's
matrix; all other rows lie as they did, and belong to none. A shard without such a word has no such file.

Chosen over the number of a cluster beside each row, in the order of the text: rows of 768 bytes that lie scattered are
read from memory at a fraction of its speed. Of a million, a scan of the tenth that a bitmap allowed took .75 of the
time of a scan of all, and of the same rows side by side .15 (``fp16``, 384 dimensions, two threads, warm).

Plain k-means in numpy, in rounds over a growing part of a sample. Half the sample costs up to .01 of recall, twice the
sample brings none. A million rows cost 1.6 to 1.8 seconds of a core in 96 dimensions; in a shard of 1.2 million words
of English 22 % are put in clusters, under a hundredth of what it costs to build. FAISS's own k-means takes five times
as long: of a few hundred centroids it looks for the nearest at a quarter of the speed.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ctxsearch.commit import CLUSTERS_FILE
from ctxsearch.errors import IndexDamaged
from ctxsearch.hindrance import reading
from ctxsearch.storage import NewFile, plain_size
from ctxsearch.vectors.files import mapped

# A lemma of a million uses has more in each of fifty shards; a rarer one is scanned whole in any case.
CLUSTERED_ROWS = 1 << 14
# A centroid costs as much as two rows of ``fp16``: under one in a hundred.
ROWS_PER_CLUSTER = 256
MOST_CLUSTERS = 256
# A form that would have fewer is scanned whole.
FEWEST_CLUSTERS = 8
# The number of a row's cluster has two bytes while they are made.
MOST_KEPT = 1 << 16

# So many times as many rows are looked for in a cluster as are left in one that is too small.
_CRUMBS = 4
_SAMPLE_PER_CLUSTER = 128
# Which part of the sample, and how many rounds: three passes over all of it in work. Of the 20 nearest an eighth of the
# rows has .9841 so, .9844 after half as much again, .9829 after three rounds of all (the mean of six words of 23 000 to
# 75 000 uses and of three draws, 96 dimensions).
_ROUNDS = ((8, 3), (4, 2), (2, 2), (1, 1))
_BLOCK = 1 << 14
# Products that are looked through at a time: they stay in a core's cache, and in the same memory, which to ask the
# system for anew each time took as long as to multiply.
_PRODUCTS = 1 << 19
_SEED = 0


class Clusters(NamedTuple):
    """The clusters of a shard, in order of row; no two share one.

    Attributes:
        starts: first row of each. Shape: (n,), int64.
        stops: the row after the last of each. Shape: (n,), int64.
        centroids: unit length. Shape: (n, dimension), float32.
    """

    starts: NDArray[np.int64]
    stops: NDArray[np.int64]
    centroids: NDArray[np.float32]

    def parts(self, start: int, stop: int) -> list[tuple[int, int]]:
        """The stretches of a form's rows that are in order of their ids: its clusters, or all of it if it has none."""
        inside = self.within(start, stop)
        return list(zip(self.starts[inside].tolist(), self.stops[inside].tolist(), strict=True)) or [(start, stop)]

    def within(self, start: int, stop: int) -> slice:
        """Which of them lie in a stretch of rows that is made of whole forms."""
        return slice(int(self.starts.searchsorted(start)), int(self.stops.searchsorted(stop, side="right")))


def no_clusters(dimension: int) -> Clusters:
    """Those of a shard that has none."""
    return Clusters(np.empty(0, np.int64), np.empty(0, np.int64), np.empty((0, dimension), np.float32))


def open_clusters(folder: Path, dimension: int, rows: int, size: int) -> Clusters:
    """Maps a shard's file of clusters, and checks it against what is known of the shard.

    Args:
        folder: the shard's.
        dimension: components of a vector.
        rows: of the shard.
        size: of the file, as the commit has it.

    Raises:
        IndexDamaged: the file is missing, or has another size, or rows that cannot be.
        OSError: this process is kept from it.
    """
    path = folder / CLUSTERS_FILE
    with reading(path):
        found = plain_size(path)
        count, rest = divmod(size, 16 + 4 * dimension)
        if found != size or rest or not count:
            raise IndexDamaged(str(path), f"it has {found} bytes, which cannot be")
        data = mapped(path)
    bounds = np.array(data[: 16 * count].view("<i8")).reshape(2, count)
    starts, stops = bounds
    # In the order of the rows: start, stop, start, stop, each stop after its start.
    steps = np.diff(bounds.T.ravel())
    if starts[0] < 0 or stops[-1] > rows or (steps < 0).any() or (steps[::2] == 0).any():
        raise IndexDamaged(str(path), "its clusters are out of order")
    return Clusters(starts, stops, data[16 * count :].view("<f4").reshape(count, dimension))


def clustered_forms(form_sizes: NDArray[np.int64], lemma_of: NDArray[np.int32], fewest: int = 0) -> NDArray[np.int64]:
    """The numbers of the forms that are put in clusters: the frequent ones of frequent lemmas.

    Args:
        form_sizes: rows of each form, in order. Shape: (n_forms,).
        lemma_of: the number of each form's lemma. Shape: (n_forms,).
        fewest: a lemma of fewer rows is no frequent one, however few these are.
    """
    of_lemma = np.bincount(lemma_of, weights=form_sizes)
    is_frequent = (of_lemma >= max(fewest, CLUSTERED_ROWS))[lemma_of]
    return np.flatnonzero(is_frequent & (form_sizes >= ROWS_PER_CLUSTER * FEWEST_CLUSTERS))


class ClusterWriter:
    """Writes the clusters of frequent forms, which come one after the other.

    Args:
        folder: where the file goes.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stops: list[NDArray[np.int64]] = []
        self._sizes: list[NDArray[np.int64]] = []
        self._centroids: list[NDArray[np.float32]] = []

    def add(self, first: int, sizes: NDArray[np.int64], centroids: NDArray[np.float32]) -> None:
        """Takes clusters whose rows follow each other.

        Args:
            first: the first of their rows in the shard; after all that were taken before.
            sizes: rows of each; one that has none is left out. Shape: (n,).
            centroids: Shape: (n, dimension).
        """
        some = sizes > 0
        self._sizes.append(sizes[some])
        self._stops.append(first + np.cumsum(sizes[some]))
        self._centroids.append(centroids[some])

    def finish(self) -> None:
        """Writes the file, synced, if there is anything to write."""
        if not sum(map(len, self._stops)):
            return
        stops = np.concatenate(self._stops).astype("<i8")
        starts = (stops - np.concatenate(self._sizes)).astype("<i8")
        with NewFile(self._folder / CLUSTERS_FILE) as file:
            for part in (starts, stops, np.concatenate(self._centroids).astype("<f4")):
                file.write(part.data)


class InClusters(NamedTuple):
    """Rows in the order of their clusters.

    Attributes:
        order: their places before, in their new order. Shape: (n_rows,).
        sizes: rows of each cluster; some may have none. Shape: (n,).
        centroids: Shape: (n, dimension).
    """

    order: NDArray[np.int64]
    sizes: NDArray[np.int64]
    centroids: NDArray[np.float32]


def in_clusters(rows: int, vectors: Callable[[NDArray[np.int64]], NDArray[np.float32]]) -> InClusters:
    """Puts rows of a form in clusters, in memory bounded whatever their number (9 bytes a row).

    The same vectors in the same order give the same clusters.

    Args:
        rows: how many there are.
        vectors: gives some of them, by their place among these, in the order of the text.
    """
    count = cluster_count(rows)
    drawn = np.random.default_rng(_SEED).choice(rows, min(rows, count * _SAMPLE_PER_CLUSTER), replace=False)
    centroids = _trained(_numbers(vectors(np.sort(drawn))), count)
    nearest = nearest_clusters(rows, vectors, centroids)
    return InClusters(np.argsort(nearest, kind="stable"), np.bincount(nearest, minlength=count), centroids)


def cluster_count(rows: int) -> int:
    """How many clusters a form of so many rows is put in."""
    return max(1, min(MOST_CLUSTERS, rows // ROWS_PER_CLUSTER))


def are_crumbs(count: int, rows: int) -> bool:
    """Whether clusters have lost so many of their rows that they are better made anew."""
    return count * ROWS_PER_CLUSTER > _CRUMBS * rows


def nearest_clusters(
    rows: int, vectors: Callable[[NDArray[np.int64]], NDArray[np.float32]], centroids: NDArray[np.float32]
) -> NDArray[np.uint16]:
    """Which cluster each of some rows belongs to. Shape: (rows,).

    Args:
        rows: how many there are.
        vectors: gives some of them, by their place among these.
        centroids: of the clusters, `MOST_KEPT` at most. Shape: (n, dimension).
    """
    nearest = np.empty(rows, np.uint16)
    for start in range(0, rows, _BLOCK):
        places = np.arange(start, min(start + _BLOCK, rows))
        nearest[places] = _nearest(_numbers(vectors(places)), centroids)
    return nearest


def _numbers(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The vectors, with zeros for what is no number: one such row would take all others with it."""
    if np.isfinite(vectors).all():
        return vectors
    return np.nan_to_num(vectors, nan=0.0, posinf=0.0, neginf=0.0)


def _trained(sample: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Spherical k-means: so many centroids. Shape: (n, dimension) in, (count, dimension) out."""
    sample = sample[np.random.default_rng(_SEED).permutation(len(sample))]
    centroids = sample[:count].copy()
    for share, rounds in _ROUNDS:
        part = sample[: max(count, len(sample) // share)]
        for _ in range(rounds):
            nearest = _nearest(part, centroids)
            stops = np.cumsum(np.bincount(nearest, minlength=count))
            # A sum for each: `reduceat` takes fourteen times as long.
            in_order = np.split(part[np.argsort(nearest, kind="stable")], stops[:-1])
            sums = np.array([members.sum(axis=0) for members in in_order])
            lengths = np.linalg.norm(sums, axis=1, keepdims=True)
            centroids = np.where(lengths > 0, sums / np.maximum(lengths, 1e-12), centroids)
    return np.asarray(centroids, np.float32)


def _nearest(vectors: NDArray[np.float32], centroids: NDArray[np.float32]) -> NDArray[np.uint16]:
    """The nearest centroid of each vector. Shape: (n,)."""
    nearest = np.empty(len(vectors), np.uint16)
    block = max(1, _PRODUCTS // len(centroids))
    products = np.empty((block, len(centroids)), np.float32)
    across = np.ascontiguousarray(centroids.T)
    for start in range(0, len(vectors), block):
        part = vectors[start : start + block]
        nearest[start : start + block] = np.argmax(np.matmul(part, across, out=products[: len(part)]), axis=1)
    return nearest
