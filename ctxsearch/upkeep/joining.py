"""The rows of a shard that others are joined into: in which order they come, and from where."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ctxsearch.catalog.rows import Word
from ctxsearch.catalog.words import word_tables
from ctxsearch.errors import IndexDamaged
from ctxsearch.query.scope import OpenShard
from ctxsearch.vectors.files import TOKEN_BITS


class JoinedRows:
    """The rows of a new shard, in their order, and the words they stand under.

    Those of a form come in the order of their shards, and of their places there.

    Args:
        group: the shards that are joined, in order.
        moved: for each, the new number of each of its segments, or -1 where that is left out.

    Attributes:
        ids: ``segment << 16 | token``. Shape: (n_rows,).
        sources: from which shard of the group each row comes. Shape: (n_rows,).
        places: which row of that shard it is. Shape: (n_rows,).
        lemmas: the catalog's table of them.
        forms: the catalog's table of them.
        were_in_clusters: which forms were in some shard. Shape: (n_forms,).
    """

    def __init__(self, group: Sequence[OpenShard], moved: Sequence[NDArray[np.int64]]) -> None:
        number_of: dict[Word, int] = {}
        numbers, ids, sources, places, in_clusters = [], [], [], [], []
        for source, (shard, segments) in enumerate(zip(group, moved, strict=True)):
            words, frequencies = shard.catalog.words()
            # Not numpy's sum, which a stranger's numbers could lead round.
            if sum(frequencies.tolist()) != len(shard.files.ids):
                raise IndexDamaged(str(shard.catalog.path), "its words do not add up to its rows")
            # Of every word only one object stays.
            of_words = np.array([number_of.setdefault(word, len(number_of)) for word in words], np.int32)
            segment_of = shard.files.ids >> TOKEN_BITS
            if len(segment_of) and not 0 <= segment_of.min() <= segment_of.max() < len(segments):
                raise IndexDamaged(str(shard.catalog.path), "segments are missing")
            segment = segments[segment_of]
            living = np.flatnonzero(segment >= 0)
            numbers.append(np.repeat(of_words, frequencies)[living])
            ids.append(segment[living] << TOKEN_BITS | shard.files.ids[living] & (1 << TOKEN_BITS) - 1)
            sources.append(np.full(len(living), source, np.int16))
            places.append(living)
            forms = np.searchsorted(np.cumsum(frequencies), shard.clusters.starts, side="right")
            in_clusters.append(of_words[np.unique(forms)])
        words = sorted(number_of)
        rank_of = np.empty(len(words), np.int32)
        rank_of[[number_of[word] for word in words]] = np.arange(len(words), dtype=np.int32)
        ranks = rank_of[np.concatenate(numbers)]
        order = np.argsort(ranks, kind="stable")
        self.ids = np.concatenate(ids)[order]
        self.sources = np.concatenate(sources)[order]
        self.places = np.concatenate(places)[order]
        counts = np.bincount(ranks, minlength=len(words))
        kept = np.flatnonzero(counts)
        self.lemmas, self.forms = word_tables([words[rank] for rank in kept.tolist()], counts[kept].tolist())
        were = np.zeros(len(words), np.bool_)
        were[rank_of[np.concatenate(in_clusters)]] = True
        self.were_in_clusters = were[kept]


def codes_of(group: Sequence[OpenShard], sources: NDArray[np.int16], places: NDArray[np.int64]) -> NDArray[np.uint8]:
    """The codes of rows, each of a shard of the group, and of a place in it. Shape: (n, code_size)."""
    codes = np.empty((len(places), group[0].files.codes.shape[1]), np.uint8)
    for number, shard in enumerate(group):
        here = np.flatnonzero(sources == number)
        if len(here):
            codes[here] = shard.files.codes[places[here]]
    return codes
