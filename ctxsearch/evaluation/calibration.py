"""What a score means: the probability that two uses of a word that score so have one sense.

Logistic regression of a single variable on pairs of uses (J. Platt 1999, Probabilistic outputs for support vector
machines and comparisons to regularized likelihood methods), each word with the same weight.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_ITERATIONS = 100
# Keeps what separates two senses without error from growing for ever.
_RIDGE = 1e-6


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Pairs of which much the same was stated.

    Attributes:
        stated: the mean of their probabilities.
        true: the share of them that has one sense.
        weight: what they count for, 1 over all bins.
    """

    stated: float
    true: float
    weight: float


@dataclass(frozen=True, slots=True)
class Reliability:
    """How far stated probabilities and what came true lie apart.

    Attributes:
        error: the expected calibration error: the mean distance of the two, by weight (Naeini et al. 2015, Obtaining
            well calibrated probabilities using Bayesian binning, AAAI).
        bins: of equal width, those that are not empty, in the order of what was stated.
    """

    error: float
    bins: Sequence[ReliabilityBin]


def fit(scores: NDArray[np.float64], same: NDArray[np.bool_], weights: NDArray[np.float64]) -> tuple[float, float]:
    """The slope and intercept that make 1 / (1 + exp(-(slope * score + intercept))) most likely, by Newton's method.

    Args:
        scores: of pairs. Shape: (n_pairs,).
        same: whether a pair has one sense. Shape: (n_pairs,).
        weights: of each pair. Shape: (n_pairs,).

    Raises:
        ValueError: all pairs have one sense, or none has.

    >>> slope, intercept = fit(np.array([0.1, 0.4, 0.5, 0.9]), np.array([0, 1, 0, 1], bool), np.ones(4))
    >>> bool(slope > 0 > intercept)
    True
    """
    if same.all() or not same.any():
        raise ValueError("Pairs of one sense and pairs of two are needed to learn what a score means.")
    weights = weights / weights.sum()
    design = np.stack([scores, np.ones(len(scores))])
    found = np.zeros(2)
    for _ in range(_ITERATIONS):
        likely = stated(scores, *found)
        gradient = design @ (weights * (same - likely)) - _RIDGE * found
        curvature = (design * (weights * likely * (1 - likely))) @ design.T + _RIDGE * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        found += step * min(1.0, 20.0 / max(1e-12, float(np.abs(step).max())))
        if np.abs(step).max() < 1e-9:
            break
    return float(found[0]), float(found[1])


def reliability(
    likely: NDArray[np.float64], same: NDArray[np.bool_], weights: NDArray[np.float64], bins: int = 10
) -> Reliability:
    """Compares stated probabilities with what was true, in bins of equal width.

    Args:
        likely: the stated probability that each pair has one sense. Shape: (n_pairs,).
        same: whether it has. Shape: (n_pairs,).
        weights: of each pair. Shape: (n_pairs,).
        bins: how many.
    """
    number = np.minimum((likely * bins).astype(np.int64), bins - 1)
    weight = np.bincount(number, weights, bins)
    filled = np.flatnonzero(weight)
    sums = (np.bincount(number, weights * one, bins)[filled] for one in (likely, same.astype(np.float64)))
    means = [one / weight[filled] for one in sums]
    shares = weight[filled] / weight.sum()
    error = float((np.abs(means[0] - means[1]) * shares).sum())
    columns = (one.tolist() for one in (*means, shares))
    return Reliability(error, [ReliabilityBin(*row) for row in zip(*columns, strict=True)])


def stated(scores: NDArray[np.float64], slope: float, intercept: float) -> NDArray[np.float64]:
    """The probability of one sense that each score stands for. Shape: (n_pairs,)."""
    logistic: NDArray[np.float64] = 1 / (1 + np.exp(-np.clip(slope * scores + intercept, -500, 500)))
    return logistic
