"""The vector files of a shard: what is in them, how they are opened, and how rows in order are written.

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
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ctxsearch.commit import LISTS_FILE, VECTORS_FILE
from ctxsearch.errors import IndexDamaged
from ctxsearch.hindrance import reading
from ctxsearch.storage import NewFile, plain_size

TOKEN_BITS = 16
"""An id is ``segment << TOKEN_BITS | token``."""

TOKEN_MASK = (1 << TOKEN_BITS) - 1
"""What of an id is the token."""

_LONGEST_HEADER = 4096

# What numpy.save writes before an array of offsets. numpy.load would read pickles and archives too, and its parser can
# fail for want of memory on a header that is damaged.
_HEADER = re.compile(
    rb"\x93NUMPY\x01\x00..\{'descr': '<i8', 'fortran_order': False, 'shape': \((\d{1,18}),\), \} *\n", re.DOTALL
)


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

    def lists_of(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The number of the list that each of some rows is in. Shape: (n,)."""
        return np.searchsorted(self.lists, rows, side="right") - 1


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
        data = mapped(path)
    codes = data[: rows * code_size].reshape(rows, code_size)
    ids = data[rows * code_size :].view("<i8")
    return VectorFiles(codes, ids, lists)


def mapped(path: Path) -> NDArray[np.uint8]:
    """The bytes of a file that has any, mapped. Shape: (n_bytes,)."""
    # A plain array over the map: every slice of a `memmap` runs Python code of its own.
    return np.asarray(np.memmap(path, dtype=np.uint8, mode="r"))


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
            file.write(content.getvalue())
        return self._size, self._digest.hexdigest()

    def close(self) -> None:
        """Lets go of the file, wherever writing it has come to."""
        self._file.close()
