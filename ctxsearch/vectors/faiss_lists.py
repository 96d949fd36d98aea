"""Many stretches of matrices of codes, scanned by one call of FAISS where they lie.

FAISS scans the lists of an inverted file in one go, and leaves the interpreter to others meanwhile. Here its lists are
the stretches of a search: ``OnDiskInvertedLists``, whose table says where each begins, over the codes, which it did
not map. The table is written anew for each search. Where each begins is counted from the first of the matrices in
memory, so stretches of many shards are one call.

Chosen over a call for each stretch, and over copying the stretches together: of a word with a million uses in sixteen
shards, a search in part scans 138 000 rows in 455 stretches. With a call for each shard, one after the other, that took
2.3 ms, where copies took 4.1 and a call for each stretch 6.3; by two threads 1.5, where the copies took 4.8 (96 bytes a
row, warm; by a script that is not kept). One call for all: of a word with 10 000 uses in twenty shards, a search took
.30 of the time that a call for each shard took, and `like` with its lines .64 to .76.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from functools import cache
from itertools import chain
from operator import attrgetter
from typing import Any, NamedTuple

import faiss
import numpy as np
from numpy.typing import NDArray

# How FAISS puts the number of a list and a place in it into one id (`lo_build`).
_LIST_SHIFT = 32
_PLACE_MASK = (1 << _LIST_SHIFT) - 1
_ADDRESS = attrgetter("address")

# Its types say nothing of what SWIG adds. On Windows it is not there.
_MAKE_LISTS: Any = getattr(faiss, "OnDiskInvertedLists", None)


class Matrix(NamedTuple):
    """The codes of a shard, and where they are in memory.

    Attributes:
        codes: Shape: (n_rows, code_size), contiguous.
        address: of their first byte.
    """

    codes: NDArray[np.uint8]
    address: int


class ListScanner:
    """Scans stretches; one search at a time.

    Args:
        index: an empty inverted file that knows the codec, and that nobody else has.
    """

    def __init__(self, index: faiss.IndexIVFScalarQuantizer) -> None:
        self._index = index
        self._lists = _MAKE_LISTS()
        # What FAISS destroys it unmaps, and the codes are not its own to unmap.
        self._lists.this.disown()
        weakref.finalize(self, _destroy, self._lists).atexit = False
        self._lists.code_size = index.code_size
        self._lists.read_only = True
        # Threads that read lists beforehand would read ids, which are not behind each list here.
        self._lists.prefetch_nthread = 0
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
        self,
        matrices: Sequence[Matrix],
        parts: Sequence[Sequence[tuple[int, int]]],
        query: NDArray[np.float32],
        wanted: int,
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
        """The ``wanted`` rows that score highest, or fewer if there are no more.

        Args:
            matrices: of this codec.
            parts: of each its stretches, checked: all within it, none empty or of 2**32 rows, and one at least.
            query: Shape: (dimension,).
            wanted: at least 1.

        Returns:
            The numbers of their matrices, their rows there, and their scores. Shape: (n,) each.
        """
        bounds = np.array(list(chain.from_iterable(parts)), np.int64)
        matrix_of = np.repeat(np.arange(len(parts)), [len(one) for one in parts])
        first = min(matrices, key=_ADDRESS)
        addresses = np.array([matrix.address - first.address for matrix in matrices])
        self._make_room(len(bounds))
        _write_table(self._lists, bounds, addresses[matrix_of], self._index.code_size)
        self._lists.ptr = faiss.swig_ptr(first.codes)
        scores = np.empty(wanted, np.float32)
        places = np.empty(wanted, np.int64)
        numbers = np.arange(len(bounds), dtype=np.int64)
        # Codes are no residuals: how near a list's centroid would be is not asked.
        nearness = np.zeros(len(bounds), np.float32)
        parameters = faiss.SearchParametersIVF()
        parameters.nprobe = len(bounds)
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
        return matrix_of[places >> _LIST_SHIFT], places_through(places, bounds[:, 0]), scores


def places_through(places: NDArray[np.int64], starts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Places in lists, as FAISS tells them, counted from where their list starts. Shape: (n,).

    Args:
        places: the number of a list, and a place in it. Shape: (n,).
        starts: where each list starts. Shape: (n_lists,).
    """
    through: NDArray[np.int64] = starts[places >> _LIST_SHIFT] + (places & _PLACE_MASK)
    return through


def _write_table(lists: Any, bounds: NDArray[np.int64], begins: NDArray[np.int64], code_size: int) -> None:
    """Says where lists lie: of each its size, what it has room for, and its first byte.

    Args:
        lists: has room for as many.
        bounds: of each the first row, and the row after the last. Shape: (n_lists, 2).
        begins: the first byte of the matrix of each. Shape: (n_lists,).
        code_size: bytes a row.
    """
    table = np.empty((len(bounds), 3), np.int64)
    table[:, 0] = table[:, 1] = bounds[:, 1] - bounds[:, 0]
    table[:, 2] = begins + bounds[:, 0] * code_size
    faiss.memcpy(lists.lists.data(), faiss.swig_ptr(table.ravel()), table.nbytes)


@cache
def has_lists() -> bool:
    """Whether this FAISS has such lists, with a table as it is written here."""
    if _MAKE_LISTS is None:
        return False
    lists = _MAKE_LISTS()
    lists.lists.resize(2)
    _write_table(lists, np.array([(1, 3), (5, 12)]), np.array([0, 1000]), 10)
    read = [(one.size, one.capacity, one.offset) for one in map(lists.lists.at, range(2))]
    return read == [(2, 2, 10), (7, 7, 1050)]


def _destroy(lists: Any) -> None:
    lists.ptr = None
    _MAKE_LISTS.__swig_destroy__(lists)
