"""What a code is: sizes, training, and the parameters that all shards of an index share.

``fp16`` keeps each component in half precision. ``sq8`` keeps it in 8 bits between a low and a high value that are
trained once for the index, a pair for each dimension (shards with ranges of their own could not be compared, nor
joined). The formula of ``sq8`` is that of FAISS's ``QT_8bit``: component = low + width * (code + 0.5) / 255.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

# A training sample can be small (the first shard of a small corpus), and its extremes too narrow for what comes
# later; five standard deviations cover unit vectors of every model tried.
RANGE_DEVIATIONS = 5.0
_PRIOR_ROWS = 8


class Codec(Enum):
    """How components are written."""

    FP16 = "fp16"
    SQ8 = "sq8"

    @property
    def is_trained(self) -> bool:
        """Whether the codec has ranges to train."""
        return self is Codec.SQ8

    def code_size(self, dimension: int) -> int:
        """Bytes a vector of this many components."""
        return dimension * (2 if self is Codec.FP16 else 1)


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

    @property
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
    start: int,
    stop: int,
    query: NDArray[np.float32],
    k: int,
    allowed: NDArray[np.bool_] | None,
) -> None:
    """Raises ValueError for a search that `VectorShard.search` cannot be asked."""
    if not 0 <= start <= stop <= rows:
        raise ValueError(f"rows {start}:{stop} are not among {rows}")
    if query.shape != (dimension,) or k < 1:
        raise ValueError(f"cannot search with a query of shape {query.shape} for k = {k}")
    if allowed is not None and allowed.shape != (stop - start,):
        raise ValueError(f"a filter of shape {allowed.shape} does not fit {stop - start} rows")


def train(codec: Codec, sample: NDArray[np.float32]) -> CodecParameters:
    """Finds a codec's ranges from a sample of vectors.

    Args:
        codec: which codec.
        sample: Shape: (n, dimension), n at least 1.
    """
    if not codec.is_trained:
        return CodecParameters(codec, sample.shape[1])
    # As if _PRIOR_ROWS vectors in all directions had come before: a few words say little about the spread of others.
    weight = len(sample) / (len(sample) + _PRIOR_ROWS)
    spread = np.sqrt(weight * sample.var(axis=0) + (1 - weight) / sample.shape[1])
    mean, reach = sample.mean(axis=0), RANGE_DEVIATIONS * spread
    low = np.minimum(sample.min(axis=0), mean - reach)
    high = np.maximum(sample.max(axis=0), mean + reach)
    width = np.maximum(high - low, np.float32(1e-6))
    return CodecParameters(codec, sample.shape[1], np.stack([low, width]).astype(np.float32))
