"""Which sense a use has, told from a few examples of each: nearness to the mean of a sense's examples.

Chosen before the benchmarks, by a script that is not kept, on vectors of an earlier head, of 128 dimensions: on 147
words of SemCor and MASC that it was not trained on, with 1, 3, 5, 10 examples of each sense, nearness to the mean
told .732, .806, .837, .876 rightly; to the nearest example .732, .789, .806, .848; mean nearness to the examples
.732, .791, .820, .868. What it tells with the head of today is printed by ``benchmarks/few_shot.py``. The mean of
more examples lies nearer to all uses of its sense, and tells more sharply, so what a nearness means depends on their
number.

Whether none of the senses fits is asked of the same figures: each sense is weighed against a nearness at which a use
is as likely to be of none. With one sense of each word left out, that nearness and the steepness were fitted by the
same script on 138 words that were held out for it (1, 2, 3, 5, 10 examples: steepness 7.9, 11.0, 11.8, 13.6, 16.5,
nearness .57, .65, .68, .71, .72, where that head's own calibration on pairs had 7.0 and .63); the formulas below run
through them, relative to the calibration of whatever head there is.

So each use is told as if all senses, and none of them, were as frequent as each other. Added up, that gives rare senses
two to four times their uses. How often senses are is estimated by expectation and maximization instead (M. Saerens, P.
Latinne and C. Decaestecker 2002, Adjusting the outputs of a classifier to new a priori probabilities: a simple
procedure): uses are told anew with the frequencies that they have told, until these stay. A share is held back for each
sense; without, those that few uses tell of would lose all of theirs. Both constants were chosen, by a script that is
not kept, on half of 186 lemmas that the head has not learned from, for examples of 1 to 10 of each sense, and hold on
the other half: ``benchmarks/few_shot.py`` prints how far off the estimates are, and how often their intervals hold.

Of some of a word's uses, those of one genre say, the same is estimated, but ten uses are held back that are spread as
all of the word's are. By themselves few uses tell too much: the likeliest sense would be all there is. Chosen, by a
script that is not kept, on half of 113 lemmas that the head has not learned from, in texts of 29 genres, and holding on
the other half, with 3, 5, 10 examples of each sense, in genres with 5 uses or more: of the uses .086, .059, .034 are
expected under a wrong sense, where it is .104, .077, .045 for each genre by itself, and .094, .069, .040 with the
shares of all uses; and 95, 95, 96 % of the intervals hold, where it is 90, 90, 93 % for each by itself.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ctxsearch.head import Calibration

# The share of all uses that each sense has beside what is told of it.
_HELD_BACK = 0.02
# Of some of a word's uses: as many uses, spread as all are.
_AS_ALL = 10
# As many rounds at most, and what counts as staying.
_ROUNDS, _STAYS = 200, 1e-5
# By how much the variance is greater for what the examples do not show: by so much of the uses for each example.
_UNSHOWN = 1.1


def centres(vectors: NDArray[np.float32], senses: NDArray[np.int64], n_senses: int) -> NDArray[np.float32]:
    """The mean of each sense's examples, of unit length.

    Args:
        vectors: of the examples. Shape: (n_examples, dimension).
        senses: the number of each example's sense; every sense has one at least. Shape: (n_examples,).
        n_senses: how many there are.

    Returns:
        Shape: (n_senses, dimension).
    """
    sums = np.zeros((n_senses, vectors.shape[1]), np.float64)
    np.add.at(sums, senses, vectors)
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    # Examples that cancel each other out say nothing, and are near to nothing.
    return (sums / np.where(lengths > 0, lengths, 1)).astype(np.float32)


def probabilities(
    nearness: NDArray[np.float32], counts: NDArray[np.int64], calibration: Calibration
) -> NDArray[np.float64]:
    """How likely each use has each sense; what is missing to 1 is the probability that it has none of them.

    Args:
        nearness: the cosine of each use and each sense's centre. Shape: (n_uses, n_senses).
        counts: how many examples each sense has. Shape: (n_senses,).
        calibration: of the head, on pairs of uses.

    Returns:
        Shape: (n_uses, n_senses).
    """
    steepness = calibration.slope * (1.1 + 0.52 * np.log(counts))
    even = calibration.score(0.5) - 0.06 + 0.17 * (1 - 1 / counts)
    evidence = steepness * (nearness.astype(np.float64) - even)
    # Of none: evidence of 0.
    highest = np.maximum(evidence.max(axis=1, keepdims=True), 0)
    weights = np.exp(evidence - highest)
    likely: NDArray[np.float64] = weights / (weights.sum(axis=1, keepdims=True) + np.exp(-highest))
    return likely


def with_none(likely: NDArray[np.float64]) -> NDArray[np.float64]:
    """How likely each use has each sense, and last none. Shape: (n_uses, n_senses) to (n_uses, n_senses + 1)."""
    return np.column_stack([likely, np.maximum(0, 1 - likely.sum(axis=1))])


class Estimate(NamedTuple):
    """How many uses have each sense, and last none of them.

    Attributes:
        expected: Shape: (n_senses + 1,).
        deviation: the standard deviation of each. Shape: (n_senses + 1,).
        shares: how frequent each is, with what is held back. Shape: (n_senses + 1,).
    """

    expected: NDArray[np.float64]
    deviation: NDArray[np.float64]
    shares: NDArray[np.float64]


def estimate(answers: NDArray[np.float64], examples: float, *, of_all: NDArray[np.float64] | None = None) -> Estimate:
    """How often the senses of a word are, from what is told of each use by itself.

    Args:
        answers: how likely each use has each sense, and last none. Shape: (n_uses, n_senses + 1).
        examples: of a sense, in the mean.
        of_all: where these are some of a word's uses: the shares that were estimated of all. Shape: (n_senses + 1,).
    """
    n_uses, n_answers = answers.shape
    shares = np.full(n_answers, 1 / n_answers) if of_all is None else of_all
    held_back = np.full(n_answers, _HELD_BACK * max(n_uses, 1)) if of_all is None else _AS_ALL * of_all
    told = _told(answers, shares)
    for _ in range(_ROUNDS):
        before, shares = shares, (told.sum(axis=0) + held_back) / (n_uses + held_back.sum())
        told = _told(answers, shares)
        if np.abs(shares - before).max() < _STAYS:
            break
    variance = (told * (1 - told)).sum(axis=0) * (1 + _UNSHOWN * n_uses / max(examples, 1))
    return Estimate(told.sum(axis=0), np.sqrt(variance), shares)


def _told(answers: NDArray[np.float64], shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """What is told of each use where senses are as frequent as that. Shape: (n_uses, n_senses + 1)."""
    told = answers * shares
    told /= np.maximum(told.sum(axis=1, keepdims=True), np.finfo(float).tiny)
    return told
