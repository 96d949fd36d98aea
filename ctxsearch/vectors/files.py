"""The vector files of a shard, and how they are written in bounded memory.

    vectors.dat    the codes, one row an occurrence in order of (lemma, form, segment, token); then the rows' ids
    lists.npy      first row of each lemma's list, and the number of rows at the end: (n_lemmas + 1,) int64

The rows of a frequent form are in order of their cluster first, see `ctxsearch.vectors.clusters`.

An id is ``segment << 16 | token``. The codes of all lists lie together, and the ids behind them, so that a form, a
lemma or the whole shard is one slice of one matrix, and a scan touches no id; only the rows that answer have theirs
read.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ctxsearch.commit import LISTS_FILE, VECTORS_FILE
from ctxsearch.errors import IndexDamaged
from ctxsearch.hindrance import reading
from ctxsearch.protocols import VectorCodec
from ctxsearch.storage import NewFile, plain_size, remove
from ctxsearch.vectors.clusters import ClusterWriter, clustered_forms, in_clusters

TOKEN_BITS = 16

_LONGEST_HEADER = 4096

# What numpy.save writes before an array of offsets. numpy.load would read pickles and archives too, and its parser can
# fail for want of memory on a header that is damaged.
_HEADER = re.compile(
    rb"\x93NUMPY\x01\x00..\{'descr': '<i8', 'fortran_order': False, 'shape': \((\d{1,18}),\), \} *\n", re.DOTALL
)

# A run is sorted in memory before it goes to disk; this bounds its codes and keys, and the vectors that a codec is
# trained on, whatever the dimension.
RUN_BYTES = 128 << 20
# Beside its code a row has a key, an id, and its place while they are sorted.
_KEY_BYTES = 36
# Vectors that a codec is trained on, the first of a shard; from then on they are encoded as they come, while the model
# is at work, and not when it has come to its end.
TRAINING_ROWS = 1 << 16
# Rows encoded at a time: a megabyte or so of vectors, which stays in the processor's cache.
_ENCODED_ROWS = 2048
# Rows joined at a time when the runs are merged.
_MERGE_BYTES = 64 << 20


class VectorFiles(NamedTuple):
    """The opened vector files of a shard.

    Attributes:
        codes: memory-mapped. Shape: (n_rows, code_size), uint8.
        ids: memory-mapped. Shape: (n_rows,), int64.
        lists: first row of each list, and the number of rows. Shape: (n_lemmas + 1,), int64.
    """

    codes: NDArray[np.uint8]
    ids: NDArray[np.int64]
    lists: NDArray[np.int64]


def open_vectors(folder: Path, code_size: int, rows: int, lemmas: int) -> VectorFiles:
    """Maps a shard's vector files, and checks them against what the shard says of itself.

    Raises:
        IndexDamaged: a file is missing, or has another size or shape than it must have.
        OSError: this process is kept from a file.
    """
    path = folder / LISTS_FILE
    with reading(path, ValueError):
        # The header could promise an array beyond all memory; the size cannot.
        if plain_size(path) > 8 * (lemmas + 1) + _LONGEST_HEADER:
            raise ValueError("it is longer than it should be")
        content = path.read_bytes()
        header = _HEADER.match(content)
        if header is None:
            raise ValueError("it is no array of numbers")
        lists = np.frombuffer(content, "<i8", offset=header.end())
        if len(lists) != lemmas + 1 or int(header[1]) != lemmas + 1:
            raise ValueError(f"it should hold {lemmas + 1} list offsets")
    if lists[0] != 0 or lists[-1] != rows or (np.diff(lists) < 0).any():
        raise IndexDamaged(str(path), "its list offsets are out of order")
    path = folder / VECTORS_FILE
    expected = rows * (code_size + 8)
    with reading(path):
        size = plain_size(path)
        if size != expected:
            raise IndexDamaged(str(path), f"it has {size} bytes where {expected} are expected")
        if not rows:
            return VectorFiles(np.empty((0, code_size), np.uint8), np.empty(0, np.int64), lists)
        # A plain array over the map: every slice of a `memmap` runs Python code of its own.
        data = np.asarray(np.memmap(path, dtype=np.uint8, mode="r"))
    codes = data[: rows * code_size].reshape(rows, code_size)
    ids = data[rows * code_size :].view("<i8")
    return VectorFiles(codes, ids, lists)


class SortedWriter:
    """Writes the vector files of rows that come in their final order.

    The ids stay in memory (8 bytes a row) until the codes are written.

    Args:
        folder: where the files go.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = NewFile(folder / VECTORS_FILE)
        self._ids: list[NDArray[np.int64]] = []
        self._size = 0
        self._digest = hashlib.sha256()

    def add(self, codes: NDArray[np.uint8], ids: NDArray[np.int64]) -> None:
        """Takes the next rows.

        Args:
            codes: Shape: (n, code_size).
            ids: Shape: (n,).
        """
        self._write(np.ascontiguousarray(codes))
        self._ids.append(ids.astype("<i8"))

    def _write(self, rows: NDArray[np.generic]) -> None:
        self._file.write(rows.data)
        self._digest.update(rows.data)
        self._size += rows.nbytes

    def finish(self, list_sizes: NDArray[np.int64]) -> tuple[int, str]:
        """Writes the ids, and the lists; both files are synced.

        Args:
            list_sizes: rows of each lemma. Shape: (n_lemmas,).

        Returns:
            The size of the file of codes and ids, and its SHA-256.
        """
        with self._file:
            for ids in self._ids:
                self._write(ids)
        lists = np.zeros(len(list_sizes) + 1, np.int64)
        lists[1:] = np.cumsum(list_sizes)
        content = io.BytesIO()
        np.save(content, lists, allow_pickle=False)
        with NewFile(self._folder / LISTS_FILE) as file:
            file.write(content.getbuffer())
        return self._size, self._digest.hexdigest()

    def close(self) -> None:
        """Lets go of the file, wherever writing it has come to."""
        self._file.close()


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
                size = min(_ENCODED_ROWS, len(self._ids) - self._filled, len(ids) - taken)
                into, out_of = slice(self._filled, self._filled + size), slice(taken, taken + size)
                self._codes[into] = self._codec.encode(vectors[out_of])
                self._keys[into] = keys[out_of]
                self._ids[into] = ids[out_of]
                self._filled += size
                taken += size
                if self._filled == len(self._ids):
                    self._write_run(order_of())
        self._untrained.clear()

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

    def finish(self, order: NDArray[np.int32], lemma_of: NDArray[np.int32]) -> Sequence[int]:
        """Writes the files, fsynced.

        Args:
            order: the final rank of each key, by (lemma, form). Shape: (n_keys,).
            lemma_of: the lemma's rank, for each rank of a key. Shape: (n_keys,).

        Returns:
            The number of rows of each key, by its rank.
        """
        if self._untrained:
            self._encode(lambda: order)
        if self._filled:
            self._write_run(order)
        ranks = [order[run.keys] for run in self._runs]
        counts = np.zeros(len(order), np.int64)
        for run_ranks in ranks:
            counts += np.bincount(run_ranks, minlength=len(order))
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
            goal.finish(np.bincount(lemma_of, weights=counts, minlength=lemmas).astype(np.int64))
        clusters.finish()
        for run in self._runs:
            remove(run.path)
        sizes: list[int] = counts.tolist()
        return sizes

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
