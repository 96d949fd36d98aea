"""Many stretches of a matrix of codes, scanned by one call of FAISS where they lie.

FAISS scans the lists of an inverted file in one go, and leaves the interpreter to others meanwhile. Here its lists are
the stretches of a search: ``OnDiskInvertedLists``, whose table says where each begins, over the codes, which it did
not map. The table is written anew for each search.

Chosen over a call for each stretch, and over copying the stretches together: of a word with a million uses in sixteen
shards, a search in part scans 138 000 rows in 455 stretches. With sixteen calls, one after the other, that takes 2.3
ms, where copies took 4.1 and a call for each 6.3; by two threads 1.5, where the copies took 4.8 (96 bytes a row, warm;
by a script that is not kept).
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from functools import cache
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

# How FAISS puts the number of a list and a place in it into one id (`lo_build`).
_LIST_SHIFT = 32
_PLACE_MASK = (1 << _LIST_SHIFT) - 1

# Its types say nothing of what SWIG adds. On Windows it is not there.
_MAKE_LISTS: Any = getattr(faiss, "OnDiskInvertedLists", None)


class ListScanner:
    """Scans stretches; one search at a time.

    Args:
        codes: Shape: (n_rows, code_size), contiguous.
        index: an empty inverted file that knows the codec, and that nobody else has.
    """

    def __init__(self, codes: NDArray[np.uint8], index: faiss.IndexIVFScalarQuantizer) -> None:
        self._codes = codes
        self._index = index
        self._lists = _MAKE_LISTS()
        # What FAISS destroys it unmaps, and the codes are not its own to unmap.
        self._lists.this.disown()
        weakref.finalize(self, _destroy, self._lists).atexit = False
        self._lists.code_size = codes.shape[1]
        self._lists.read_only = True
        # Threads that read lists beforehand would read ids, which are not behind each list here.
        self._lists.prefetch_nthread = 0
        self._lists.totsize = codes.nbytes
        self._lists.ptr = faiss.swig_ptr(codes)
        self._room = 0
        self._make_room(1)
        index.replace_invlists(self._lists, False)
        index.is_trained = True
        self._seen = faiss.IndexIVFStats()

    def _make_room(self, lists: int) -> None:
        if lists > self._room:
            self._lists.lists.resize(lists)
            self._lists.nlist = self._index.nlist = self._room = lists

    def scan(
        self, parts: Sequence[tuple[int, int]], query: NDArray[np.float32], wanted: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The ``wanted`` rows that score highest, or fewer if there are no more; and their scores.

        Args:
            parts: checked: all within the codes, none empty.
            query: Shape: (dimension,).
            wanted: at least 1.
        """
        bounds = np.array(parts, np.int64)
        self._make_room(len(parts))
        _write_table(self._lists, bounds, self._codes.shape[1])
        scores = np.empty(wanted, np.float32)
        places = np.empty(wanted, np.int64)
        numbers = np.arange(len(parts), dtype=np.int64)
        # Codes are no residuals: how near a list's centroid would be is not asked.
        nearness = np.zeros(len(parts), np.float32)
        parameters = faiss.SearchParametersIVF()
        parameters.nprobe = len(parts)
        self._index.search_preassigned_c(  # type: ignore[attr-defined]
            1,
            faiss.swig_ptr(query),
            wanted,
            faiss.swig_ptr(numbers),
            faiss.swig_ptr(nearness),
            faiss.swig_ptr(scores),
            faiss.swig_ptr(places),
            True,
            parameters,
            self._seen,
        )
        found = places >= 0
        places, scores = places[found], scores[found]
        return places_through(places, bounds[:, 0]), scores


def places_through(places: NDArray[np.int64], starts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Places in lists, as FAISS tells them, counted from where their list starts. Shape: (n,).

    Args:
        places: the number of a list, and a place in it. Shape: (n,).
        starts: where each list starts. Shape: (n_lists,).
    """
    through: NDArray[np.int64] = starts[places >> _LIST_SHIFT] + (places & _PLACE_MASK)
    return through


def _write_table(lists: Any, bounds: NDArray[np.int64], code_size: int) -> None:
    """Says where lists lie: of each its size, what it has room for, and its first byte.

    Args:
        lists: has room for as many.
        bounds: of each the first row, and the row after the last. Shape: (n_lists, 2).
        code_size: bytes a row.
    """
    table = np.empty((len(bounds), 3), np.int64)
    table[:, 0] = table[:, 1] = bounds[:, 1] - bounds[:, 0]
    table[:, 2] = bounds[:, 0] * code_size
    faiss.memcpy(lists.lists.data(), faiss.swig_ptr(table.ravel()), table.nbytes)


@cache
def has_lists() -> bool:
    """Whether this FAISS has such lists, with a table as it is written here."""
    if _MAKE_LISTS is None:
        return False
    lists = _MAKE_LISTS()
    lists.lists.resize(2)
    _write_table(lists, np.array([(1, 3), (5, 12)]), 10)
    read = [(one.size, one.capacity, one.offset) for one in map(lists.lists.at, range(2))]
    return read == [(2, 2, 10), (7, 7, 50)]


def _destroy(lists: Any) -> None:
    lists.ptr = None
    _MAKE_LISTS.__swig_destroy__(lists)
