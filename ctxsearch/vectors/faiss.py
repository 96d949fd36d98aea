"""The door to FAISS: codecs and search by its scalar quantizers.

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

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from ctxsearch.errors import MissingExtra
from ctxsearch.protocols import Neighbours
from ctxsearch.stretches import stretches
from ctxsearch.vectors.ahead import ReadAhead
from ctxsearch.vectors.codec import Codec, CodecParameters, check_codes, check_search, fitted_codes

try:
    import faiss

    from ctxsearch.vectors.faiss_lists import ListScanner, has_lists, places_through
except ImportError as error:
    raise MissingExtra("faiss", "cpu") from error

_QUANTIZER = {
    Codec.FP16: faiss.ScalarQuantizer.QT_fp16,
    Codec.SQ8: faiss.ScalarQuantizer.QT_8bit,
    Codec.SQ6: faiss.ScalarQuantizer.QT_6bit,
    Codec.SQ4: faiss.ScalarQuantizer.QT_4bit,
}


def one_thread() -> None:
    """From now on FAISS has one thread for what this thread asks of it."""
    faiss.omp_set_num_threads(1)


@contextmanager
def _one_thread() -> Iterator[None]:
    """FAISS's threads wait for each other busily, and take from a model at work more than they give."""
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)  # of the regions that this thread begins, and no other
    try:
        yield
    finally:
        faiss.omp_set_num_threads(threads)


# Parts of so many rows at most are copied together, and so much at a time.
_SHORT_ROWS = 1 << 12
_COPIED_BYTES = 4 << 20

# Lists have a table, which is kept for the next search if it is no longer than this.
_MOST_KEPT = 1 << 12

# Beyond the k best, so that rows which tie with the last of them are seen in the same scan.
_MARGIN = 16


def _index(parameters: CodecParameters) -> faiss.IndexIVFScalarQuantizer:
    """An empty inverted file whose scanner knows the codec; the coarse quantizer takes no part."""
    coarse = faiss.IndexFlatIP(parameters.dimension)
    index = faiss.IndexIVFScalarQuantizer(
        coarse, parameters.dimension, 1, _QUANTIZER[parameters.codec], faiss.METRIC_INNER_PRODUCT, False
    )
    if parameters.ranges is not None:
        faiss.copy_array_to_vector(np.ascontiguousarray(parameters.ranges).ravel(), index.sq.trained)
    return index


def write_flat_index(vectors: Iterable[NDArray[np.float32]], dimension: int, write: Callable[[bytes], object]) -> None:
    """Writes an ``IndexFlatIP`` of some vectors as ``faiss.read_index`` reads it; it is in memory once.

    FAISS hands over every byte, and an error of whoever takes it comes through: its own writing to a file does not tell
    of a full disk.

    Args:
        vectors: some at a time. Shape: (n, dimension).
        dimension: components of a vector.
        write: takes the bytes, in order.
    """
    index = faiss.IndexFlatIP(dimension)
    for some in vectors:
        index.add(np.ascontiguousarray(some))

    def take(content: bytes) -> int:
        write(content)
        return len(content)

    faiss.write_index(index, faiss.PyCallbackIOWriter(take))  # type: ignore[attr-defined]


def _in_order(rows: NDArray[np.int64], scores: NDArray[np.float32]) -> Neighbours:
    order = np.lexsort((rows, -scores))
    return Neighbours(rows[order], scores[order])


class FaissCodec:
    """Encodes and decodes by FAISS's scalar quantizer."""

    def __init__(self, parameters: CodecParameters) -> None:
        self._parameters = parameters
        self._index = _index(parameters)

    @property
    def code_size(self) -> int:
        """Bytes a vector."""
        return self._parameters.code_size

    def encode(self, vectors: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Codes of vectors. Shape: (n, dimension) in, (n, code_size) out."""
        with _one_thread():
            if self._parameters.ranges is None:
                return self.rounded(vectors)
            return fitted_codes(vectors, self._parameters, self.rounded)

    def rounded(self, vectors: NDArray[np.float32]) -> NDArray[np.uint8]:
        """The nearest codes of vectors. Shape: (n, dimension) in, (n, code_size) out."""
        codes: NDArray[np.uint8] = self._index.sq.compute_codes(np.ascontiguousarray(vectors))
        return codes

    def decode(self, codes: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Vectors of codes. Shape: (n, code_size) in, (n, dimension) out."""
        vectors: NDArray[np.float32] = self._index.sq.decode(np.ascontiguousarray(codes))
        return vectors


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
        self._index = _index(parameters)
        self._ahead = ReadAhead(codes)
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
        parts = [part for part in parts if part[0] < part[1]]
        matching = sum(stop - start for start, stop in parts) if allowed is None else int(np.count_nonzero(allowed))
        if not matching:
            return Neighbours(np.empty(0, np.int64), np.empty(0, np.float32))
        self._ahead.expect(parts)
        query = np.ascontiguousarray(query, dtype=np.float32)
        wanted = min(matching, k + _MARGIN)
        while True:
            rows, scores = self._scan(parts, query, wanted, allowed)
            # Fewer are found than wanted where scores are NaN, which is no score.
            if wanted == matching or len(scores) < wanted or scores[-1] < scores[min(k, wanted) - 1]:
                break
            wanted = min(matching, 4 * wanted)
        if len(scores) <= k:
            return Neighbours(rows, scores)
        keep = int(np.count_nonzero(scores >= scores[k - 1]))
        return Neighbours(rows[:keep], scores[:keep])

    def _scan(
        self,
        parts: Sequence[tuple[int, int]],
        query: NDArray[np.float32],
        wanted: int,
        allowed: NDArray[np.bool_] | None,
    ) -> Neighbours:
        """The ``wanted`` best rows, without FAISS's -1 for those it did not find."""
        has_lists = allowed is None and self._has_lists and len(parts) > 1
        # What is long is scanned where it lies in any case, and FAISS sorts what it finds in lists once more.
        if has_lists and sum(stop - start for start, stop in parts) <= len(parts) * _SHORT_ROWS:
            return _in_order(*self._scan_lists(parts, query, wanted))
        scores: NDArray[np.float32] = np.full(wanted, -np.inf, dtype=np.float32)
        places: NDArray[np.int64] = np.full(wanted, -1, dtype=np.int64)
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
        return _in_order(rows, scores)

    def _scan_lists(
        self, parts: Sequence[tuple[int, int]], query: NDArray[np.float32], wanted: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        try:
            scanner = self._idle.pop()
        except IndexError:
            scanner = ListScanner(self._codes, _index(self._parameters))
        found = scanner.scan(parts, query, wanted)
        if len(parts) <= _MOST_KEPT:
            self._idle.append(scanner)
        return found

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
        vectors: NDArray[np.float32] = self._index.sq.decode(np.ascontiguousarray(self._codes[rows]))
        return vectors
