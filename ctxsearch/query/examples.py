"""The best examples among the lines of a word: good sentences, typical of it, and unlike each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ctxsearch.domain import ConcordanceLine
from ctxsearch.query.collocations import Names
from ctxsearch.query.goodness import common_lemmas, goodness
from ctxsearch.query.lines import lines
from ctxsearch.query.ranking import Found, by_shard
from ctxsearch.query.scope import OpenShard
from ctxsearch.vectors.files import TOKEN_BITS

# Sentences that share more of their words than this, or are nearer, say the same.
_SHARED, _NEAR = 0.6, 0.97
_AT_ONCE = 2048

CONSIDERED = 20_000
"""Of a word with more occurrences, so many are drawn."""


def sentence_scores(
    shards: Sequence[OpenShard], found: Sequence[Found], common: frozenset[str] | None = None
) -> tuple[NDArray[np.float64], list[frozenset[str]]]:
    """How good an example the sentence of each occurrence is, and its words. Shape: (n_found,)."""
    common = common_lemmas(shards) if common is None else common
    scores = np.zeros(len(found))
    words: list[frozenset[str]] = [frozenset()] * len(found)
    for number, of_shard, rows in by_shard(found):
        shard, places = shards[number], of_shard.tolist()
        name, ids = Names(shard, by_form=False), shard.files.ids[rows]
        for start in range(0, len(places), _AT_ONCE):
            some = (ids[start : start + _AT_ONCE] >> TOKEN_BITS).tolist()
            segments = shard.catalog.segments(some)
            for place, segment_number in zip(places[start : start + _AT_ONCE], some, strict=True):
                segment = segments[segment_number]
                spans = segment.spans
                forms = [segment.text[slice(*spans[one])] for one in range(len(spans))]
                first = segment_number << TOKEN_BITS
                named = [(form, lemma) for at, form in enumerate(forms) if (lemma := name(form, first + at))]
                lemmas = [lemma for _, lemma in named]
                scores[place] = goodness(segment.text, [form for form, _ in named], lemmas, common)
                words[place] = frozenset(lemmas)
    return scores, words


def best_examples(
    shards: Sequence[OpenShard],
    found: Sequence[Found],
    vectors: NDArray[np.float32],
    n: int,
    centre: NDArray[np.float32] | None = None,
    common: frozenset[str] | None = None,
) -> list[ConcordanceLine]:
    """The best examples, in whole sentences, best first; a line's score is how good it is.

    Args:
        shards: where.
        found: the occurrences to choose from.
        vectors: of these, of unit length. Shape: (n_found, dimension).
        n: how many.
        centre: what they are to be typical of; the mean of them all, where None. Shape: (dimension,).
        common: the common lemmas of the corpus, where the caller has them.
    """
    if not len(found):
        return []
    if centre is None:
        centre = vectors.mean(axis=0)
    nearness = vectors @ (centre / max(float(np.linalg.norm(centre)), 1e-9))
    scores, words = sentence_scores(shards, found, common)
    # Half of it is how the sentence reads, and half how typical the use is.
    total = scores * np.clip(nearness, 0, None)
    chosen: list[int] = []
    for place in np.lexsort((np.arange(len(found)), -total)).tolist():
        if any(_alike(place, other, words, vectors) for other in chosen):
            continue
        chosen.append(place)
        if len(chosen) == n:
            break
    picked = [Found(found[place].shard, found[place].row, float(total[place])) for place in chosen]
    return lines(shards, picked, None)


def _alike(one: int, other: int, words: Sequence[frozenset[str]], vectors: NDArray[np.float32]) -> bool:
    shared = len(words[one] & words[other]) / max(1, min(len(words[one]), len(words[other])))
    return shared > _SHARED or float(vectors[one] @ vectors[other]) > _NEAR
