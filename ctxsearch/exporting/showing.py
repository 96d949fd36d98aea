"""Which lines show a sense in an entry: those that people labelled first, and not all of them from one document.

Of a sense's lines, the machine may be all but in doubt about some. What a dictionary quotes is to show the sense beyond
doubt: so first come lines that people labelled with it, then those that it is likely to have at ``_SURE`` or more, then
the others. Of each kind the best sentences come first, one from each document before a second from any.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ctxsearch.domain import ConcordanceLine
from ctxsearch.exporting.annotation import Annotation
from ctxsearch.query.concordance import drawn_places
from ctxsearch.query.examples import CONSIDERED, example_scores, unlike
from ctxsearch.query.found import Found, Listing, by_shard, documents_of
from ctxsearch.query.lines import lines
from ctxsearch.query.scope import OpenShard
from ctxsearch.query.vectors import vectors_of

# A line that a sense is likelier to have than this is sure enough to be quoted before others.
_SURE = 0.9


def showing(
    shards: Sequence[OpenShard],
    annotation: Annotation,
    sense: str,
    places: NDArray[np.int64],
    n: int,
    common: frozenset[str],
) -> list[tuple[ConcordanceLine, bool]]:
    """The lines that show a sense best, in whole sentences, best first; each with whether people gave it the sense.

    Args:
        shards: where.
        annotation: says who gave each of the lines its sense, and how likely it is.
        sense: the sense.
        places: shard and row of the lines that have it. Shape: (n_lines, 2).
        n: how many.
        common: the common lemmas of the corpus.
    """
    if n < 1 or not len(places):
        return []
    doubt = _doubt(annotation, sense, Listing(*places.T))
    by_people = np.flatnonzero(doubt == 0)
    others = np.flatnonzero(doubt)
    others = others[drawn_places(len(others), max(0, CONSIDERED - len(by_people)), 0)]
    kept = np.sort(np.concatenate([by_people[:CONSIDERED], others]))
    doubt, found = doubt[kept], Listing(*places[kept].T)
    vectors = vectors_of(shards, found)
    total, words = example_scores(shards, found, vectors, common=common)
    ranked = np.lexsort((-total, doubt))
    ranked = ranked[np.lexsort((_times(documents_of(shards, found).tolist(), ranked), doubt[ranked]))]
    chosen = unlike(ranked, words, n, vectors)
    made = lines(shards, [Found(found[at].shard, found[at].row, float(total[at])) for at in chosen], None)
    return [(line, bool(doubt[at] == 0)) for line, at in zip(made, chosen, strict=True)]


def _doubt(annotation: Annotation, sense: str, found: Listing) -> NDArray[np.int64]:
    """Of each line 0, where people gave it the sense, 1, where it is sure, or 2. Shape: (n_found,)."""
    doubt = np.full(len(found), 2)
    people = annotation if annotation.by_people is None else annotation.by_people
    for shard, at, rows in by_shard(found):
        doubt[at[annotation.likelihoods(shard, rows) >= _SURE]] = 1
        doubt[at[np.isin(rows, people.rows_with(shard, sense))]] = 0
    return doubt


def _times(documents: Sequence[int], ranked: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many lines of the same document come before each in a ranking. Shape: (n_ranked,)."""
    seen: Counter[int] = Counter()
    times = []
    for at in ranked.tolist():
        times.append(seen[documents[at]])
        seen[documents[at]] += 1
    return np.array(times, np.int64)
