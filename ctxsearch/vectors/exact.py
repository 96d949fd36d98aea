"""The reference: codecs and search in plain numpy, against which the FAISS back end is tested."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ctxsearch.protocols import Neighbours
from ctxsearch.vectors.codec import CodecParameters, check_codes, check_search, fitted_codes


class ExactCodec:
    """Encodes and decodes by the formulas in `ctxsearch.vectors.codec`."""

    def __init__(self, parameters: CodecParameters) -> None:
        self._parameters = parameters

    @property
    def code_size(self) -> int:
        """Bytes a vector."""
        return self._parameters.code_size

    def encode(self, vectors: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Codes of vectors. Shape: (n, dimension) in, (n, code_size) out."""
        if self._parameters.ranges is None:
            return np.ascontiguousarray(vectors, dtype="<f2").view(np.uint8)
        return fitted_codes(vectors, self._parameters, self.rounded)

    def rounded(self, vectors: NDArray[np.float32]) -> NDArray[np.uint8]:
        """The nearest codes of vectors, for a codec with ranges. Shape: (n, dimension) in, (n, code_size) out."""
        assert self._parameters.ranges is not None
        low, width = self._parameters.ranges
        steps = np.float32(self._parameters.codec.steps)
        return packed((np.clip((vectors - low) / width, 0, 1) * steps).astype(np.uint8), self._parameters.codec.bits)

    def decode(self, codes: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Vectors of codes. Shape: (n, code_size) in, (n, dimension) out."""
        ranges = self._parameters.ranges
        if ranges is None:
            return np.ascontiguousarray(codes).view("<f2").astype(np.float32)
        low, width = ranges
        steps = np.float32(self._parameters.codec.steps)
        numbers = unpacked(codes, self._parameters.codec.bits, self._parameters.dimension)
        decoded: NDArray[np.float32] = low + width * ((numbers.astype(np.float32) + np.float32(0.5)) / steps)
        return decoded


def packed(numbers: NDArray[np.uint8], bits: int) -> NDArray[np.uint8]:
    """Numbers of so many bits, side by side in little-endian order. Shape: (n, dimension) in, (n, code_size) out."""
    flat = np.unpackbits(numbers[:, :, None], axis=2, count=bits, bitorder="little").reshape(len(numbers), -1)
    return np.packbits(flat, axis=1, bitorder="little")


def unpacked(codes: NDArray[np.uint8], bits: int, dimension: int) -> NDArray[np.uint8]:
    """The numbers that lie side by side in codes. Shape: (n, code_size) in, (n, dimension) out."""
    flat = np.unpackbits(codes, axis=1, count=bits * dimension, bitorder="little")
    numbers: NDArray[np.uint8] = np.packbits(flat.reshape(len(codes), dimension, bits), axis=2, bitorder="little")[
        ..., 0
    ]
    return numbers


class ExactShard:
    """Decodes every row it is asked about, and sorts all the scores."""

    def __init__(self, codes: NDArray[np.uint8], parameters: CodecParameters) -> None:
        check_codes(codes, parameters)
        self._codes = codes
        self._parameters = parameters
        self._codec = ExactCodec(parameters)

    def search(
        self,
        parts: Sequence[tuple[int, int]],
        query: NDArray[np.float32],
        k: int,
        allowed: NDArray[np.bool_] | None = None,
    ) -> Neighbours:
        """The k rows that score highest, and all that tie with the last of them: see `VectorShard.search`."""
        check_search(len(self._codes), self._parameters.dimension, parts, query, k, allowed)
        rows = np.concatenate([np.arange(*part, dtype=np.int64) for part in parts] or [np.empty(0, np.int64)])
        if allowed is not None:
            rows = rows[allowed]
        # Not ``@``: BLAS adds up equal rows in different orders, and they would not tie.
        scores = (self._codec.decode(self._codes[rows]).astype(np.float64) * query).sum(axis=1).astype(np.float32)
        order = np.lexsort((rows, -scores))
        rows, scores = rows[order], scores[order]
        if len(rows) > k:
            keep = int(np.count_nonzero(scores >= scores[k - 1]))
            rows, scores = rows[:keep], scores[:keep]
        return Neighbours(rows, scores)

    def vectors(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """The decoded vectors of some rows. Shape: (n, dimension)."""
        return self._codec.decode(self._codes[rows])
