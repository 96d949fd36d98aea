"""Says which parts of a mapped file are read next, so that a disk gives them together, and no more than these.

A page that is not in memory is read when it is touched, one after the other, and with it as much around it as the
system reads ahead, which may be 128 KB or 8 MB. The uses of a word lie together in each shard, and are known before
they are touched. Where the system reads 8 MB ahead, the first search for a word with 1 000 uses in twenty shards takes
2 ms so, and without 100, and 159 MB; with 10 000 uses 4 ms, and 115 (by a script that is not kept).
"""

from __future__ import annotations

import mmap
from collections.abc import Iterable
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

# What is asked for begins and ends at such a border. A disk takes little longer for so much than for a page.
_BLOCK_BITS = 16
# Of single rows no more are asked for: many are most often all of a word.
_FEW_ROWS = 256


class ReadAhead:
    """Asks for rows of a mapped array, each part of it once; where there is no map, or no way to ask, for nothing.

    Args:
        rows: whose map it is. Shape: (n_rows,) or (n_rows, n_bytes), contiguous.
    """

    def __init__(self, rows: NDArray[np.generic]) -> None:
        self._row_size = rows.strides[0]
        self._map = _map_of(rows) if hasattr(mmap.mmap, "madvise") else None
        if self._map is not None:
            self._size = len(self._map)
            self._first = rows.ctypes.data - np.frombuffer(self._map, np.uint8).ctypes.data
            self._asked = bytearray(self._size - 1 >> _BLOCK_BITS) + b"\0"

    def expect(self, parts: Iterable[tuple[int, int]]) -> None:
        """Asks for what was never asked for of some parts.

        Args:
            parts: of each its first row, and the row after its last; none is empty.
        """
        if self._map is None:
            return
        for start, stop in parts:
            first = self._first + start * self._row_size >> _BLOCK_BITS
            last = (self._first + stop * self._row_size - 1 >> _BLOCK_BITS) + 1
            if self._asked.find(0, first, last) >= 0:
                begin, end = first << _BLOCK_BITS, min(last << _BLOCK_BITS, self._size)
                with suppress(OSError):  # it is a hint, and what comes of it shows when the rows are read
                    self._map.madvise(mmap.MADV_WILLNEED, begin, end - begin)
                self._asked[first:last] = b"\1" * (last - first)

    def expect_rows(self, rows: NDArray[np.int64]) -> None:
        """The same of single rows, unless there are many. Shape: (n,)."""
        if self._map is not None and len(rows) <= _FEW_ROWS:
            self.expect((row, row + 1) for row in rows.tolist())


def _map_of(rows: NDArray[np.generic]) -> mmap.mmap | None:
    base: object = rows
    while base is not None and not isinstance(base, mmap.mmap):
        base = base.obj if isinstance(base, memoryview) else getattr(base, "base", None)
    return base
