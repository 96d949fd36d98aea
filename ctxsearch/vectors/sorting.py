"""Puts the vectors of a build in the order of the index, in bounded memory: an external merge sort."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ctxsearch.protocols import VectorCodec
from ctxsearch.storage import NewFile, remove
from ctxsearch.vectors.clusters import ClusterWriter, clustered_forms, in_clusters
from ctxsearch.vectors.files import SortedWriter

# A run is sorted in memory before it goes to disk; this bounds its codes and keys, and the vectors that a codec is
# trained on, whatever the dimension.
RUN_BYTES = 128 << 20
# Beside its code a row has a key, an id, and its place while they are sorted.
_KEY_BYTES = 36
# Vectors that a codec is trained on, the first of a shard; from then on they are encoded as they come, while the model
# is at work, and not when it has come to its end.
TRAINING_ROWS = 1 << 16
# Vectors encoded at a time, which stay in the processor's cache: with four times as many, 1 024 dimensions take a third
# as long again.
_ENCODED_BYTES = 3 << 19
# Threads that encode. With more than one, a GPU waits less for what has nothing else to do; where the model has the
# cores, they take from it what they save.
_MOST_THREADS = 4
# Rows joined at a time when the runs are merged.
_MERGE_BYTES = 64 << 20


class VectorWriter:
    """Takes vectors in the order of the text, and writes them in the order of the index.

    An external merge sort: what comes is encoded, and runs of bounded size are sorted and put beside the goal; the
    merge reads every run once, front to back. Only keys (16 bytes a row) stay in memory.

    Args:
        folder: where the files go.
        dimension: components of a vector.
        codec_for: gives the codec; it is asked once, with the first vectors, which a codec may be trained on.
    """

    def __init__(self, folder: Path, dimension: int, codec_for: Callable[[NDArray[np.float32]], VectorCodec]) -> None:
        self._folder = folder
        self._codec_for = codec_for
        self._codec: VectorCodec | None = None
        self._training_rows = max(1, min(TRAINING_ROWS, RUN_BYTES // (4 * dimension)))
        self._untrained: list[_Rows] = []
        self._codes = np.empty((0, 0), np.uint8)
        self._keys = np.empty(0, np.int32)
        self._ids = np.empty(0, np.int64)
        self._filled = 0
        self._runs: list[_Run] = []

    @property
    def rows(self) -> int:
        """Rows taken so far."""
        held = self._filled + sum(len(rows.ids) for rows in self._untrained)
        return held + sum(len(run.ids) for run in self._runs)

    def add(
        self,
        vectors: NDArray[np.float32],
        keys: NDArray[np.int32],
        ids: NDArray[np.int64],
        order_of: Callable[[], NDArray[np.int32]],
    ) -> None:
        """Takes some rows.

        Args:
            vectors: held until the codec is known, and not to be changed. Shape: (n, dimension).
            keys: the number of each row's (lemma, form), in any numbering. Shape: (n,).
            ids: ``segment << 16 | token``. Shape: (n,).
            order_of: called when a run is full: the sort rank of each key known so far.
        """
        if not len(ids):
            return
        self._untrained.append(_Rows(np.asarray(vectors, np.float32), keys, ids))
        if self._codec is not None or self.rows >= self._training_rows:
            self._encode(order_of)

    def _encode(self, order_of: Callable[[], NDArray[np.int32]]) -> None:
        """Encodes what is held, with a codec trained on the first of it if there is none yet."""
        if self._codec is None:
            held = np.cumsum([0, *(len(rows.ids) for rows in self._untrained)])
            left = (self._training_rows - held[:-1]).clip(0).tolist()
            first = [rows.vectors[:some] for rows, some in zip(self._untrained, left, strict=True)]
            self._codec = self._codec_for(np.concatenate(first))
            capacity = max(1, RUN_BYTES // (self._codec.code_size + _KEY_BYTES))
            self._codes = np.empty((capacity, self._codec.code_size), np.uint8)
            self._keys, self._ids = np.empty(capacity, np.int32), np.empty(capacity, np.int64)
        for vectors, keys, ids in self._untrained:
            taken = 0
            while taken < len(ids):
                size = min(len(self._ids) - self._filled, len(ids) - taken)
                into, out_of = slice(self._filled, self._filled + size), slice(taken, taken + size)
                self._encode_into(self._codes[into], vectors[out_of])
                self._keys[into] = keys[out_of]
                self._ids[into] = ids[out_of]
                self._filled += size
                taken += size
                if self._filled == len(self._ids):
                    self._write_run(order_of())
        self._untrained.clear()

    def _encode_into(self, goal: NDArray[np.uint8], vectors: NDArray[np.float32]) -> None:
        codec = self._codec
        assert codec is not None
        rows = max(1, _ENCODED_BYTES // (4 * vectors.shape[1]))

        def encode(start: int) -> None:
            goal[start : start + rows] = codec.encode(vectors[start : start + rows])

        threads = min(_MOST_THREADS, os.cpu_count() or 1, -(-len(vectors) // rows))
        if threads == 1:
            for start in range(0, len(vectors), rows):
                encode(start)
            return
        with ThreadPoolExecutor(threads, "ctxsearch-codec") as pool:
            for _ in pool.map(encode, range(0, len(vectors), rows)):
                pass

    def _write_run(self, order: NDArray[np.int32]) -> None:
        keys, ids = self._keys[: self._filled], self._ids[: self._filled]
        sorted_rows = np.lexsort((ids, order[keys]))
        path = self._folder / f"run-{len(self._runs)}.tmp"
        file = NewFile(path)
        try:
            for some in np.array_split(sorted_rows, len(sorted_rows) // 16384 + 1):
                file.write(self._codes[some].data)
        finally:
            file.close()  # read again in a moment, and never after a crash: no sync
        self._runs.append(_Run(path, keys[sorted_rows], ids[sorted_rows]))
        self._filled = 0

    def counts(self, order: NDArray[np.int32]) -> NDArray[np.int64]:
        """The rows of each key, by its rank. Shape: (n_keys,).

        Args:
            order: the rank of each key. Shape: (n_keys,).
        """
        counts = np.zeros(len(order), np.int64)
        held = (self._keys[: self._filled], *(rows.keys for rows in self._untrained), *(run.keys for run in self._runs))
        for keys in held:
            counts[order] += np.bincount(keys, minlength=len(order))
        return counts

    def finish(self, order: NDArray[np.int32], lemma_of: NDArray[np.int32]) -> tuple[int, str]:
        """Writes the files, fsynced.

        Args:
            order: the final rank of each key, by (lemma, form). Shape: (n_keys,).
            lemma_of: the lemma's rank, for each rank of a key. Shape: (n_keys,).

        Returns:
            The size of the file of codes and ids, and its SHA-256.
        """
        counts = self.counts(order)
        if self._untrained:
            self._encode(lambda: order)
        if self._filled:
            self._write_run(order)
        ranks = [order[run.keys] for run in self._runs]
        code_size = self._codec.code_size if self._codec else 1  # there are no rows without a codec
        ends = np.cumsum(counts)
        clusters = ClusterWriter(self._folder)
        clustered = clustered_forms(counts, lemma_of)
        with ExitStack() as opened:
            files = [opened.enter_context(run.path.open("rb")) for run in self._runs]
            goal = SortedWriter(self._folder)
            opened.callback(goal.close)
            first = written = 0
            while first < len(order):
                limit = written + max(1, _MERGE_BYTES // code_size)
                last = max(first + 1, int(np.searchsorted(ends, limit, side="right")))
                parts, part_ranks, part_ids = [], [], []
                for run, run_ranks, file in zip(self._runs, ranks, files, strict=True):
                    low, high = np.searchsorted(run_ranks, [first, last])
                    part = np.empty((int(high - low), code_size), np.uint8)
                    file.readinto(part.data)
                    parts.append(part)
                    part_ranks.append(run_ranks[low:high])
                    part_ids.append(run.ids[low:high])
                codes, ids = np.concatenate(parts), np.concatenate(part_ids)
                by_key = np.lexsort((ids, np.concatenate(part_ranks)))
                codes, ids = codes[by_key], ids[by_key]
                for form in clustered[(clustered >= first) & (clustered < last)].tolist():
                    start, size = int(ends[form] - counts[form]), int(counts[form])
                    rows = slice(start - written, start - written + size)
                    order_of, sizes_of, centroids = in_clusters(size, partial(self._decoded, codes[rows]))
                    clusters.add(start, sizes_of, centroids)
                    codes[rows], ids[rows] = codes[rows][order_of], ids[rows][order_of]
                goal.add(codes, ids)
                written += len(by_key)
                first = last
            lemmas = int(lemma_of.max()) + 1 if len(lemma_of) else 0
            sealed = goal.finish(np.bincount(lemma_of, weights=counts, minlength=lemmas).astype(np.int64))
        clusters.finish()
        for run in self._runs:
            remove(run.path)
        return sealed

    def _decoded(self, codes: NDArray[np.uint8], rows: NDArray[np.int64]) -> NDArray[np.float32]:
        assert self._codec is not None
        return self._codec.decode(codes[rows])


class _Rows(NamedTuple):
    vectors: NDArray[np.float32]
    keys: NDArray[np.int32]
    ids: NDArray[np.int64]


class _Run(NamedTuple):
    path: Path
    keys: NDArray[np.int32]
    ids: NDArray[np.int64]
