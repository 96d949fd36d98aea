"""Searches the codes of shards by FAISS's scalar quantizers, where they lie.

A shard's codes are one matrix, its rows in order of lemma, so a lemma, a form, a cluster or the whole shard is
a slice of it, and slices are scanned by FAISS's own inverted-list scanner straight from the mapped file. FAISS never
parses a file of ours: every bound is checked here, in Python, before a pointer is handed over.

Chosen over one inverted file with a list for each lemma: no object a list (one million lists cost FAISS 153 MB an
open), a form is scanned alone, and a search over all words is one call. Where several slices are searched, they are
lists for the time of that search, see `ctxsearch.vectors.faiss_lists`. Measured on 200 000 vectors of 384
dimensions, one core: 3 microseconds a call, 40 to 58 million fp16 rows/s and 32 to 36 million 8-bit rows/s for k = 20;
with a bitmap that allows one row in a hundred, eight times as fast.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ctxsearch.errors import MissingExtra
from ctxsearch.protocols import Neighbours, NeighboursOfShards
from ctxsearch.stretches import stretches
from ctxsearch.vectors.ahead import ReadAhead
from ctxsearch.vectors.codec import CodecParameters, check_codes, check_search

try:
    import faiss

    from ctxsearch.vectors.faiss import decoded, empty_index
    from ctxsearch.vectors.faiss_lists import ListScanner, Matrix, has_lists, places_through
except ImportError as error:
    raise MissingExtra("faiss", "cpu") from error

# Parts of so many rows at most are copied together, and so much at a time.
_SHORT_ROWS = 1 << 12
_COPIED_BYTES = 4 << 20

# Lists have a table, which is kept for the next search if it is no longer than this.
_MOST_KEPT = 1 << 12

# Beyond the k best, so that rows which tie with the last of them are seen in the same scan.
_MARGIN = 16


class FaissShard:
    """Searches a shard's codes where they lie.

    Args:
        codes: Shape: (n_rows, code_size), contiguous; usually memory-mapped.
        parameters: the index's codec.
    """

    def __init__(self, codes: NDArray[np.uint8], parameters: CodecParameters) -> None:
        check_codes(codes, parameters)
        self._codes = codes
        self._parameters = parameters
        self._index = empty_index(parameters)
        self._ahead = ReadAhead(codes)
        self._matrix = Matrix(codes, codes.ctypes.data)
        self._has_lists = has_lists()
        # One for each thread that searches at once.
        self._idle: list[ListScanner] = []

    def search(
        self,
        parts: Sequence[tuple[int, int]],
        query: NDArray[np.float32],
        k: int,
        allowed: NDArray[np.bool_] | None = None,
    ) -> Neighbours:
        """The k rows that score highest, and all that tie with the last of them: see `VectorShard.search`."""
        check_search(len(self._codes), self._parameters.dimension, parts, query, k, allowed)
        parts = _not_empty(parts)
        matching = _size(parts) if allowed is None else int(np.count_nonzero(allowed))
        if matching:
            self._ahead.expect(parts)
        query = np.ascontiguousarray(query, dtype=np.float32)
        # What is long is scanned where it lies in any case, and FAISS sorts what it finds in lists once more.
        if allowed is None and self._has_lists and 1 < len(parts) >= matching / _SHORT_ROWS:
            found = _nearest(lambda wanted: self._scan_lists([self], [parts], query, wanted), matching, k)
        else:
            found = _nearest(lambda wanted: self._scan(parts, query, wanted, allowed), matching, k)
        return Neighbours(found.rows, found.scores)

    def search_with(
        self,
        others: Sequence[FaissShard],
        parts: Sequence[Sequence[tuple[int, int]]],
        query: NDArray[np.float32],
        k: int,
    ) -> NeighboursOfShards:
        """The k rows of several shards that score highest, and ties: see `JointVectors.search_with`."""
        shards = [self, *others]
        for shard, own in zip(shards, parts, strict=True):
            check_search(len(shard._codes), shard._parameters.dimension, own, query, k, None)
        some = [_not_empty(own) for own in parts]
        for shard, own in zip(shards, some, strict=True):
            shard._ahead.expect(own)
        query = np.ascontiguousarray(query, dtype=np.float32)

        def scan(wanted: int) -> NeighboursOfShards:
            if self._has_lists:
                return self._scan_lists(shards, some, query, wanted)
            each = [shard._scan(own, query, min(wanted, _size(own))) for shard, own in zip(shards, some, strict=True)]
            numbers = np.repeat(np.arange(len(each)), [len(one.rows) for one in each])
            rows, scores = (np.concatenate([one[field] for one in each]) for field in (1, 2))
            return _cut(_in_order(numbers, rows, scores), wanted)

        return _nearest(scan, sum(map(_size, some)), k)

    def _scan(
        self,
        parts: Sequence[tuple[int, int]],
        query: NDArray[np.float32],
        wanted: int,
        allowed: NDArray[np.bool_] | None = None,
    ) -> NeighboursOfShards:
        """The ``wanted`` best rows, without FAISS's -1 for those it did not find."""
        scores: NDArray[np.float32] = np.empty(wanted, np.float32)
        places: NDArray[np.int64] = np.empty(wanted, np.int64)
        scores.fill(-np.inf)
        places.fill(-1)
        # A row's place is counted through all parts together. Where rows are left out, FAISS takes these for ids, and
        # asks the selector for them; else it makes up ids itself, of the number of a piece and a place in it.
        selector = numbers = None
        if allowed is not None:
            bits = np.packbits(allowed, bitorder="little")
            selector = faiss.IDSelectorBitmap(len(bits), faiss.swig_ptr(bits))
            numbers = np.arange(len(allowed), dtype=np.int64)
        scanner = self._index.get_InvertedListScanner(numbers is None, selector, None)
        scanner.set_query(faiss.swig_ptr(query))
        # One heap has the best of all.
        goal = faiss.swig_ptr(scores), faiss.swig_ptr(places)
        before = [0]
        for number, codes in enumerate(self._pieces(parts)):
            scanner.set_list(number, 0.0)
            own = None if numbers is None else faiss.swig_ptr(numbers[before[-1] :])
            scanner.scan_codes(len(codes), faiss.swig_ptr(codes), own, *goal, wanted)
            before.append(before[-1] + len(codes))
        # SWIG does not know that the scanner is ours, and would never free it.
        faiss.InvertedListScanner.__swig_destroy__(scanner)  # type: ignore[attr-defined]
        found = places >= 0
        places, scores = places[found], scores[found]
        if len(parts) == 1:
            rows = places + parts[0][0]
        else:
            if numbers is None:
                places = places_through(places, np.array(before))
            bounds = np.array(parts, np.int64).reshape(-1, 2)
            passed = np.cumsum(bounds[:, 1] - bounds[:, 0])
            part_of = np.searchsorted(passed, places, side="right")
            rows = places + (bounds[:, 1] - passed)[part_of]
        return _in_order(np.zeros(len(rows), np.int64), rows, scores)

    def _scan_lists(
        self,
        shards: Sequence[FaissShard],
        parts: Sequence[Sequence[tuple[int, int]]],
        query: NDArray[np.float32],
        wanted: int,
    ) -> NeighboursOfShards:
        """The ``wanted`` best rows of some shards, of which there is a row."""
        try:
            scanner = self._idle.pop()
        except IndexError:
            scanner = ListScanner(empty_index(self._parameters))
        found = scanner.scan([shard._matrix for shard in shards], parts, query, wanted)
        if sum(map(len, parts)) <= _MOST_KEPT:
            self._idle.append(scanner)
        return _in_order(*found)

    def _pieces(self, parts: Sequence[tuple[int, int]]) -> Iterator[NDArray[np.uint8]]:
        """The codes of all parts, in order: long ones as they lie, and short ones copied together.

        So parts are scanned where rows are left out, or FAISS has no lists. A call of FAISS by way of Python takes as
        long as a scan of hundreds of rows, and threads that each make many wait for each other more than they scan; so
        would they if each part were a copy of its own.
        """
        most = min(_SHORT_ROWS, max(1, _COPIED_BYTES // self._codes.shape[1]))
        together: list[tuple[int, int]] = []
        held = 0
        for start, stop in parts:
            size = stop - start
            if together and (size > most or held + size > _COPIED_BYTES // self._codes.shape[1]):
                yield self._together(together)
                together, held = [], 0
            if size > most:
                yield self._codes[start:stop]
            else:
                together.append((start, stop))
                held += size
        if together:
            yield self._together(together)

    def _together(self, parts: Sequence[tuple[int, int]]) -> NDArray[np.uint8]:
        """The codes of some parts, as they lie if they are one."""
        if len(parts) == 1:
            return self._codes[slice(*parts[0])]
        return self._codes.take(stretches(*np.array(parts, np.int64).T), axis=0)

    def vectors(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """The decoded vectors of some rows. Shape: (n, dimension)."""
        self._ahead.expect_rows(rows)
        return decoded(self._index, self._codes[rows])


def _not_empty(parts: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    return [part for part in parts if part[0] < part[1]]


def _size(parts: Sequence[tuple[int, int]]) -> int:
    return sum(stop - start for start, stop in parts)


def _nearest(scan: Callable[[int], NeighboursOfShards], matching: int, k: int) -> NeighboursOfShards:
    """The k best rows, and all that tie with the last of them.

    Args:
        scan: gives so many of the best, in order.
        matching: rows that may answer.
        k: how many are wanted.
    """
    wanted = min(matching, k + _MARGIN)
    if not wanted:
        return NeighboursOfShards(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32))
    while True:
        found = scan(wanted)
        scores = found.scores
        # Fewer are found than wanted where scores are NaN, which is no score.
        if wanted == matching or len(scores) < wanted or scores[-1] < scores[min(k, wanted) - 1]:
            break
        wanted = min(matching, 4 * wanted)
    return found if len(scores) <= k else _cut(found, int(np.count_nonzero(scores >= scores[k - 1])))


def _in_order(numbers: NDArray[np.int64], rows: NDArray[np.int64], scores: NDArray[np.float32]) -> NeighboursOfShards:
    order = np.lexsort((rows, numbers, -scores))
    return NeighboursOfShards(numbers[order], rows[order], scores[order])


def _cut(found: NeighboursOfShards, count: int) -> NeighboursOfShards:
    return NeighboursOfShards(found.numbers[:count], found.rows[:count], found.scores[:count])
