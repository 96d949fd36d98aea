"""How differently two parts of a corpus are spread over groups, beside how they would be by chance: a permutation test.

The documents are dealt out anew to two parts, as many to each as there were (E. J. G. Pitman 1937, Significance tests
which may be applied to samples from any populations). Documents and not uses, for the uses of a word in one document
are like each other whatever its time: dealt out one by one, the uses of a document about one sense would look like a
change.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

DEALT = 499
"""How often documents are dealt out: no ``p`` is less than .002. To deal them out is what takes time."""
# What is as far apart as the parts were is so whatever the order in which it is summed up.
_ROUNDING = 1e-9


class Spread(NamedTuple):
    """How far apart two parts are.

    Attributes:
        jsd: the divergence of the shares of their groups, in bits.
        by_chance: what it is in the mean where the documents are dealt out by chance.
        p: how often it is as great or greater then, the parts as they are counted in.
    """

    jsd: float
    by_chance: float
    p: float


def spread(
    groups: NDArray[np.int64], documents: NDArray[np.int64], n_before: int, random: np.random.Generator
) -> Spread:
    """Compares two parts, of each of which there is a use or more.

    Args:
        groups: the group of each use. Shape: (n_uses,).
        documents: the document of each use, numbered from nought, those of the first part first. Shape: (n_uses,).
        n_before: documents of the first part.
        random: deals out.

    >>> alike = spread(np.array([0, 1, 0, 1]), np.array([0, 0, 1, 1]), 1, np.random.default_rng(0))
    >>> alike.jsd, alike.by_chance, alike.p
    (0.0, 0.0, 1.0)
    """
    n_documents, n_groups = int(documents.max()) + 1, int(groups.max()) + 1
    counts = np.bincount(documents * n_groups + groups, minlength=n_documents * n_groups)
    counts = counts.reshape(n_documents, n_groups).astype(np.float64)
    is_before = np.zeros((1 + DEALT, n_documents))
    is_before[:, :n_before] = 1
    is_before[1:] = random.permuted(is_before[1:], axis=1)
    before = is_before @ counts
    after = counts.sum(axis=0) - before
    found = jensen_shannon(*(part / part.sum(axis=1, keepdims=True) for part in (before, after)))
    by_chance = found[1:]
    as_great = 1 + np.count_nonzero(by_chance >= found[0] - _ROUNDING)
    return Spread(float(found[0]), float(by_chance.mean()), float(as_great / (1 + DEALT)))


def jensen_shannon(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """The Jensen-Shannon divergence of distributions, in bits, from 0 to 1. Shape: twice (..., n) to (...).

    >>> jensen_shannon(np.array([[0.5, 0.5], [1, 0]]), np.array([[0.5, 0.5], [0, 1]]))
    array([0., 1.])
    """
    middle = (one + other) / 2
    total = np.zeros(middle.shape[:-1])
    for part in (one, other):
        shares = np.divide(part, middle, out=np.ones_like(part), where=part > 0)
        total += (part * np.log2(shares)).sum(axis=-1) / 2
    return np.maximum(0.0, total)
