"""Rows that lie in stretches, one behind the other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def stretches(first: NDArray[np.int64], last: NDArray[np.int64]) -> NDArray[np.int64]:
    """The numbers from each first to before each last, one stretch behind the other. Shape: (n_numbers,).

    >>> stretches(np.array([3, 10, 7]), np.array([5, 10, 9]))
    array([3, 4, 7, 8])
    """
    counts = last - first
    ends = np.cumsum(counts)
    return np.repeat(last - ends, counts) + np.arange(ends[-1] if len(ends) else 0)
