"""Codecs by FAISS's scalar quantizers, and indexes of FAISS to write."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from ctxsearch.errors import MissingExtra
from ctxsearch.vectors.codec import Codec, CodecParameters, fitted_codes

try:
    import faiss
except ImportError as error:
    raise MissingExtra("faiss", "cpu") from error

_QUANTIZER = {
    Codec.FP16: faiss.ScalarQuantizer.QT_fp16,
    Codec.SQ8: faiss.ScalarQuantizer.QT_8bit,
    Codec.SQ6: faiss.ScalarQuantizer.QT_6bit,
    Codec.SQ4: faiss.ScalarQuantizer.QT_4bit,
}


@contextmanager
def _one_thread() -> Iterator[None]:
    """Lets FAISS do by one thread what this thread asks of it.

    Its threads wait for each other busily, and take from a model at work more than they give. Nor are they there in a
    process that was forked once they were: it would wait for them for ever. Decoding is bound by memory: 75 000
    vectors of 96 components, 8 bits each, take 4 ms by one thread, and no less by two where the cores have other work.
    """
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)  # of the regions that this thread begins, and no other
    try:
        yield
    finally:
        faiss.omp_set_num_threads(threads)


def empty_index(parameters: CodecParameters) -> faiss.IndexIVFScalarQuantizer:
    """An empty inverted file whose scanner knows the codec; the coarse quantizer takes no part."""
    coarse = faiss.IndexFlatIP(parameters.dimension)
    index = faiss.IndexIVFScalarQuantizer(
        coarse, parameters.dimension, 1, _QUANTIZER[parameters.codec], faiss.METRIC_INNER_PRODUCT, False
    )
    if parameters.ranges is not None:
        faiss.copy_array_to_vector(np.ascontiguousarray(parameters.ranges).ravel(), index.sq.trained)
    return index


def decoded(index: faiss.IndexIVFScalarQuantizer, codes: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Vectors of codes, by an index that knows the codec. Shape: (n, code_size) in, (n, dimension) out."""
    with _one_thread():
        vectors: NDArray[np.float32] = index.sq.decode(np.ascontiguousarray(codes))
    return vectors


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


class FaissCodec:
    """Encodes and decodes by FAISS's scalar quantizer."""

    def __init__(self, parameters: CodecParameters) -> None:
        self._parameters = parameters
        self._index = empty_index(parameters)

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
        return decoded(self._index, codes)
