"""What a code is: sizes, training, and the parameters that all shards of an index share.

``fp16`` keeps each component in half precision. ``sq8``, ``sq6`` and ``sq4`` keep it in 8, 6 or 4 bits between a low
and a high value that are trained once for the index, a pair for each dimension (shards with ranges of their own could
not be compared, nor joined). Codes are packed in little-endian bit order. The formula is that of FAISS's ``QT_8bit``,
``QT_6bit`` and ``QT_4bit``: component = low + width * (code + 0.5) / (2**bits - 1). Which of the codes near a vector is
taken is ours to choose, and it matters, see `fitted_codes`.

``benchmarks/codec_table.py`` measured what else there is, on 1.2 million words of all-MiniLM-L6-v2 (384 dimensions;
code bytes, recall@10 within the lemma; ``sq6`` has 288 and .981, ``sq4`` 192 and .943). Refused:

- RaBitQ about one mean for the index: 56, 116, 164, 212, 260, 308 bytes for .726, .850, .916, .949, .972, .986: no
  better than ``sq4`` and ``sq6`` where they are.
- RaBitQ about each lemma's mean: 58, 118, 166, 214, 262, 310 bytes for .803, .894, .941, .965, .981, .990. At the same
  recall it takes a tenth less (with ids and text: 287 bytes for .981, where ``sq6`` has 313), and is the only one below
  192. But a code then means nothing without its lemma's mean: each shard would keep one for every lemma, a join would
  make all codes anew where it now copies them, and a search over all words would be one scan a lemma. A tenth of the
  bytes is not worth that.
- Scalar codes about each lemma's mean: 290 and 194 bytes for .979 and .939.
- The 140 bytes an occurrence hoped for, ids and text included (25 bytes), at 384 dimensions: at the error of
  ``sq6`` even an ideal code of Gaussian vectors so spread takes 204. It needs fewer dimensions, and a head has them: 96
  that spread alike, with which ``sq8`` takes 122 bytes all told at .982, ``sq6`` 98 at .954.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

# A training sample can be small (the first shard of a small corpus), and its extremes too narrow for what comes
# later; five standard deviations cover unit vectors of every model tried.
RANGE_DEVIATIONS = 5.0
# How many vectors in all directions are thought to have come before: a few words say little about the spread of others,
# and what is cut off after a few words is cut off for ever. Recall@10 of ``sq6`` and ``sq4``, for 40 words of 200 to
# 3 000 uses, is .976 and .930 trained on 87 000 words, .976 and .932 on eight words in a row, .977 and .928 on one.
_PRIOR_ROWS = 16

# With fewer steps it is better to cut off the extremes than to widen every step. Recall@10 with the nearest of 6 bits
# and a reach of 3.25, 3.5, 3.75, 4 deviations: .965, .969, .968, .966; of 4 bits and 2.75, 3: .904, .903.
_REACH = {6: 3.5, 4: 2.75}

# How many stretched copies of a vector are tried, and how far one is stretched at most. A few thousandths are enough
# wherever the ranges hold the vector; where they cut much of it off, no stretching mends that.
_TRIED = 3
_STRETCH = 0.1

# More than single precision errs by in a component.
_BLUR = np.float32(1e-6)


class Codec(Enum):
    """How components are written."""

    FP16 = "fp16"
    SQ8 = "sq8"
    SQ6 = "sq6"
    SQ4 = "sq4"

    @property
    def bits(self) -> int:
        """Bits a component."""
        return {Codec.FP16: 16, Codec.SQ8: 8, Codec.SQ6: 6, Codec.SQ4: 4}[self]

    @property
    def steps(self) -> int:
        """The highest code of a component: into so many steps its range is cut."""
        return (1 << self.bits) - 1

    @property
    def is_trained(self) -> bool:
        """Whether the codec has ranges to train."""
        return self is not Codec.FP16

    def code_size(self, dimension: int) -> int:
        """Bytes a vector of this many components."""
        return (dimension * self.bits + 7) // 8


@dataclass(frozen=True)
class CodecParameters:
    """A codec with all that it needs: the dimension and, where it has them, its ranges.

    Attributes:
        codec: which.
        dimension: components of a vector.
        ranges: the low values, then the widths. Shape: (2, dimension), float32.
    """

    codec: Codec
    dimension: int
    ranges: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        shape = None if self.ranges is None else self.ranges.shape
        if shape != ((2, self.dimension) if self.codec.is_trained else None):
            raise ValueError(f"codec {self.codec.value} of dimension {self.dimension} cannot have ranges {shape}")
        if self.ranges is not None and not (np.isfinite(self.ranges).all() and (self.ranges[1] > 0).all()):
            raise ValueError(f"ranges of codec {self.codec.value} are finite, and each wider than nothing")

    @cached_property
    def code_size(self) -> int:
        """Bytes a vector."""
        return self.codec.code_size(self.dimension)


def parameters_of(codec: Codec, dimension: int, ranges: Sequence[Sequence[float]] | None) -> CodecParameters | None:
    """The codec's parameters as a commit keeps them; None where they are still to be trained.

    Raises:
        ValueError: the ranges are not those of such a codec.
    """
    if not codec.is_trained:
        return CodecParameters(codec, dimension)
    return None if ranges is None else CodecParameters(codec, dimension, np.array(ranges, dtype=np.float32))


def check_codes(codes: NDArray[np.uint8], parameters: CodecParameters) -> None:
    """Raises ValueError unless codes are rows that the codec made, one after the other in memory."""
    if codes.ndim != 2 or codes.shape[1] != parameters.code_size or not codes.flags.c_contiguous:
        raise ValueError(f"codes of shape {codes.shape} do not fit {parameters.code_size} bytes a row")


def check_search(
    rows: int,
    dimension: int,
    parts: Sequence[tuple[int, int]],
    query: NDArray[np.float32],
    k: int,
    allowed: NDArray[np.bool_] | None,
) -> None:
    """Raises ValueError for a search that `VectorShard.search` cannot be asked."""
    for start, stop in parts:
        if not 0 <= start <= stop <= rows:
            raise ValueError(f"rows {start}:{stop} are not among {rows}")
    if query.shape != (dimension,) or k < 1:
        raise ValueError(f"cannot search with a query of shape {query.shape} for k = {k}")
    size = sum(stop - start for start, stop in parts)
    if allowed is not None and allowed.shape != (size,):
        raise ValueError(f"a filter of shape {allowed.shape} does not fit {size} rows")


def train(codec: Codec, sample: NDArray[np.float32]) -> CodecParameters:
    """Finds a codec's ranges from a sample of vectors.

    Args:
        codec: which codec.
        sample: Shape: (n, dimension), n at least 1.
    """
    if not codec.is_trained:
        return CodecParameters(codec, sample.shape[1])
    weight = len(sample) / (len(sample) + _PRIOR_ROWS)
    seen = sample.mean(axis=0)
    mean = weight * seen
    # Of the two parts, and of their means: a component that is large in every word stays within its range.
    spread = np.sqrt(
        weight * sample.var(axis=0) + (1 - weight) / sample.shape[1] + weight * (1 - weight) * np.square(seen)
    )
    if (deviations := _REACH.get(codec.bits)) is not None:
        # FAISS gives all that is above the range the highest code, half a step above it: one step more than the formula
        # has, so the range ends one step below the reach.
        reach = deviations * spread
        low = mean - reach
        width = 2 * reach * codec.steps / (codec.steps + 1)
    else:
        reach = RANGE_DEVIATIONS * spread
        low = np.minimum(sample.min(axis=0), mean - reach)
        width = np.maximum(sample.max(axis=0), mean + reach) - low
    ranges = np.stack([low, np.maximum(width, np.float32(1e-6))])
    return CodecParameters(codec, sample.shape[1], ranges.astype(np.float32))


def fitted_codes(
    vectors: NDArray[np.float32],
    parameters: CodecParameters,
    rounded: Callable[[NDArray[np.float32]], NDArray[np.uint8]],
) -> NDArray[np.uint8]:
    """Codes of vectors which, decoded, have nearly the inner product with the vector that it has with itself.

    A row near a query errs by the part of its rounding error that lies along the query, which is mostly the part along
    the row itself. So several copies, stretched by a few thousandths, are tried, and the one is rounded whose error has
    next to no such part. Nothing but the choice of codes changes. Recall@10 of 4, 6 and 8 bits, 384 dimensions: from
    .907, .970 and .990 to .943, .981 and .993.

    Args:
        vectors: Shape: (n, dimension).
        parameters: of a codec that has ranges.
        rounded: gives the nearest codes of vectors.

    Returns:
        Shape: (n, code_size).
    """
    if parameters.ranges is None:
        raise ValueError(f"codec {parameters.codec.value} has no steps to choose from")
    low, width = parameters.ranges
    step = width / np.float32(parameters.codec.steps)
    # In steps from the low end; the product of what is decoded from so many whole ones is theirs with ``weights``, and
    # that of the middle of the lowest.
    inverse = 1 / step
    scaled, shift, weights = vectors * inverse, low * inverse, vectors * step
    wanted = np.einsum("ij,ij->i", vectors, vectors)
    # Not ``@``: BLAS adds up equal rows in different orders, and their codes could differ.
    beyond: NDArray[np.float32] = np.einsum("ij,j->i", vectors, low + step / 2) - wanted
    tried = np.empty_like(scaled)

    def error_of(stretch: NDArray[np.float32]) -> NDArray[np.float32]:
        np.multiply(scaled, stretch[:, None], out=tried)
        np.subtract(tried, shift, out=tried)
        np.clip(tried, 0, parameters.codec.steps, out=tried)
        np.floor(tried, out=tried)
        error: NDArray[np.float32] = np.einsum("ij,ij->i", tried, weights) + beyond
        return error

    best = stretch = np.ones_like(wanted)
    least = other = error_of(stretch)
    for _ in range(_TRIED):
        stretch = np.clip(stretch - other / np.maximum(wanted, np.float32(1e-6)), 1 - _STRETCH, 1 + _STRETCH)
        other = error_of(stretch)
        better = np.abs(other) < np.abs(least)
        best = np.where(better, stretch, best)
        least = np.where(better, other, least)
    return rounded(vectors * best[:, None])


def coded_lengths(
    vectors: NDArray[np.float32], parameters: CodecParameters
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The least and the greatest length of what may have been encoded so, whatever the ranges were trained on.

    A component of the lowest or the highest code was anywhere beyond its range, every other within its step. So a
    vector that the ranges cut off is no less possible for being short, and codes of another kind still show.

    Args:
        vectors: decoded. Shape: (n, dimension).
        parameters: of the codec.

    Returns:
        Shape: (n,) each; the greatest is infinite where a component is at an end of its range.
    """
    if parameters.ranges is None:
        lengths: NDArray[np.float32] = np.linalg.norm(vectors, axis=1)
        return lengths, lengths
    low, width = parameters.ranges
    half = width / np.float32(2 * parameters.codec.steps)
    # Where steps are so fine that single precision blurs them, more is taken for an end, and never less.
    first, last = vectors <= low + 2 * half + _BLUR, vectors >= low + width - _BLUR
    nearest = np.maximum(np.abs(vectors) - half, 0)
    nearest[(first & (vectors > 0)) | (last & (vectors < 0))] = 0
    furthest = np.where(first | last, np.float32(np.inf), np.abs(vectors) + half)
    return np.linalg.norm(nearest, axis=1), np.linalg.norm(furthest, axis=1)
