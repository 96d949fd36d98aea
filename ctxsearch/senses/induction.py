"""Proposes groups of the uses of a word, each with what one needs to judge it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctxsearch.domain import ConcordanceLine
from ctxsearch.head import Calibration
from ctxsearch.query.collocations import Contrast, Windows, contrasts, windows
from ctxsearch.query.found import Found, Listing
from ctxsearch.query.lines import lines
from ctxsearch.query.scope import OpenShard
from ctxsearch.query.vectors import vectors_of
from ctxsearch.senses.groups import grouped, stability

_SHOWN = 10
_COLLOCATES = 8
_WINDOW = 5
# What G2 is above by chance in one of twenty comparisons.
_SURE = 3.84


@dataclass(frozen=True, slots=True)
class Group:
    """Uses that are likely to have one sense.

    Attributes:
        size: how many there are.
        share: of all uses looked at.
        stability: how well it is found again in four fifths of the uses, from 0 to 1.
        typical: the uses nearest to its middle, nearest first; a score is the cosine with it.
        borderline: those that are nearest to another group, for their nearness to this; the least sure first.
        collocates: words that are beside these uses more than beside the others, and surely so: G2 is 3.84 or more;
            may be empty.
        keys: of all its uses, in the order of the corpus.
    """

    size: int
    share: float
    stability: float
    typical: Sequence[ConcordanceLine]
    borderline: Sequence[ConcordanceLine]
    collocates: Sequence[Contrast]
    keys: Sequence[str]


@dataclass(frozen=True, slots=True, repr=False)
class Induced:
    """Groups of the uses of a word.

    Attributes:
        lemma: the word's.
        occurrences: how many uses it has.
        looked_at: how many of them were grouped; of very many, some are drawn.
        groups: the largest first.
        scattered: uses in groups that are too small to be shown.
    """

    lemma: str
    occurrences: int
    looked_at: int
    groups: Sequence[Group]
    scattered: int

    def __repr__(self) -> str:
        return f"<Induced of {self.lemma!r}: {len(self.groups)} groups, {self.looked_at:,} uses looked at>"


def induced(
    shards: Sequence[OpenShard],
    lemma: str,
    found: Listing,
    occurrences: int,
    calibration: Calibration,
    *,
    least: int,
    context: int | None,
    seed: int,
) -> Induced:
    """Groups uses.

    Args:
        shards: where.
        lemma: the word's.
        found: the uses.
        occurrences: how many the word has.
        calibration: of the index's head.
        least: groups of fewer uses are not shown.
        context: words on either side of a line, or None for the sentence.
        seed: of the draws that say how stable a group is.
    """
    vectors = vectors_of(shards, found)
    groups = grouped(vectors, calibration)
    sizes = np.bincount(groups) if len(groups) else np.zeros(0, np.int64)
    kept = [number for number, size in enumerate(sizes.tolist()) if size >= least]
    stable = stability(vectors, groups, calibration, seed=seed) if len(groups) > 1 else np.ones(len(sizes))
    middles = np.stack([_middle(vectors[groups == number]) for number in kept]) if kept else np.zeros((0, 1))
    every = windows(shards, found, _WINDOW, _WINDOW)
    made = []
    for place, number in enumerate(kept):
        own = np.flatnonzero(groups == number)
        nearness = vectors[own] @ middles.T
        order = np.argsort(-nearness[:, place], kind="stable")[:_SHOWN]
        margin = nearness[:, place] - np.delete(nearness, place, axis=1).max(axis=1, initial=-1)
        unsure = np.argsort(margin, kind="stable")[:_SHOWN] if len(kept) > 1 else np.zeros(0, np.int64)
        scored = [
            [Found(found[own[one]].shard, found[own[one]].row, float(nearness[one, place])) for one in some.tolist()]
            for some in (order, unsure)
        ]
        mine = found.at(own)
        made.append(
            Group(
                size=len(own),
                share=len(own) / len(found),
                stability=float(stable[number]),
                typical=lines(shards, scored[0], context),
                borderline=lines(shards, scored[1], context),
                collocates=_telling(windows(shards, mine, _WINDOW, _WINDOW), every),
                keys=[line.key for line in lines(shards, mine, 0)],
            )
        )
    return Induced(lemma, occurrences, len(found), made, len(found) - sum(group.size for group in made))


def _middle(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    mean = vectors.mean(axis=0)
    length = float(np.linalg.norm(mean))
    middle: NDArray[np.float32] = mean / (length or 1.0)
    return middle


def _telling(own: Windows, every: Windows) -> list[Contrast]:
    """Words that are beside these uses more than beside the others, and surely so."""
    rest = Windows(every.occurrences - own.occurrences, every.size - own.size, every.counts - own.counts)
    return [one for one in contrasts(own, rest, least=2) if one.log_likelihood >= _SURE][:_COLLOCATES]
