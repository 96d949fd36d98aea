"""Groups of uses that are likely to have one sense. The only door to scikit-learn.

Uses are joined by average linkage on exact cosines, as long as two groups are so near that their uses, in the mean, are
as likely to have the same sense as not: that is what the head's calibration says of a cosine, and nothing else chooses
the number of groups. One is an answer.

Measured on 187 words of SemCor and MASC that the head was not trained on, with 2.4 senses each in the mean: 2.6 groups,
paired F .830, where one group for each word has .809; adjusted Rand index of the words with several senses .372, where
one group has 0. Joined from a probability of .35 or .65 on: paired F .847 and .744, index .298 and .363
(``benchmarks/induction.py``).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ctxsearch.errors import MissingExtra
from ctxsearch.head import Calibration

_ROUNDS = 10
_KEPT = 0.8


def grouped(vectors: NDArray[np.float32], calibration: Calibration) -> NDArray[np.int64]:
    """The number of each use's group, the largest group first, ties by the first use.

    Args:
        vectors: of unit length. Shape: (n_uses, dimension).
        calibration: says from which cosine on two uses are likelier to have the same sense.

    Returns:
        Shape: (n_uses,).

    Raises:
        MissingExtra: scikit-learn is not installed.
    """
    try:
        from sklearn.cluster import AgglomerativeClustering
    except ImportError as error:
        raise MissingExtra("scikit-learn", "induce") from error
    if len(vectors) < 2:
        return np.zeros(len(vectors), np.int64)
    distances = np.clip(1 - vectors @ vectors.T, 0, 2)
    # Rounding must not make a use differ from itself, nor one distance from its mirror image.
    distances = (distances + distances.T) / 2
    np.fill_diagonal(distances, 0)
    limit = 1 - calibration.score(0.5)
    clustering = AgglomerativeClustering(
        n_clusters=None, distance_threshold=limit, metric="precomputed", linkage="average"
    )
    _, first, group, counts = np.unique(
        clustering.fit_predict(distances), return_index=True, return_inverse=True, return_counts=True
    )
    rank = np.empty(len(first), np.int64)
    rank[np.lexsort((first, -counts))] = np.arange(len(first))
    renumbered: NDArray[np.int64] = rank[group]
    return renumbered


def stability(
    vectors: NDArray[np.float32], groups: NDArray[np.int64], calibration: Calibration, *, seed: int
) -> NDArray[np.float64]:
    """How well each group is found again in four fifths of the uses, from 0 to 1.

    The mean over ten draws of the Jaccard index of the group and the group most like it (C. Hennig 2007, Cluster-wise
    assessment of cluster stability). Shape: (n_groups,).
    """
    random = np.random.default_rng(seed)
    n_groups = int(groups.max()) + 1
    sums, seen = np.zeros(n_groups), np.zeros(n_groups)
    for _ in range(_ROUNDS):
        drawn = np.sort(random.choice(len(groups), max(2, int(_KEPT * len(groups))), replace=False))
        again, before = grouped(vectors[drawn], calibration), groups[drawn]
        table = np.zeros((n_groups, int(again.max()) + 1))
        np.add.at(table, (before, again), 1)
        union = table.sum(axis=1, keepdims=True) + table.sum(axis=0) - table
        present = table.sum(axis=1) > 0
        sums[present] += (table / np.maximum(union, 1)).max(axis=1)[present]
        seen += present
    found: NDArray[np.float64] = sums / np.maximum(seen, 1)
    return found
