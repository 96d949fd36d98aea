"""The rows of a shard that others are joined into: in which order they come, and from where."""

from __future__ import annotations

import gc
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ctxsearch.catalog.rows import Word
from ctxsearch.catalog.words import word_tables
from ctxsearch.errors import IndexDamaged
from ctxsearch.query.scope import OpenShard
from ctxsearch.vectors.files import TOKEN_BITS, TOKEN_MASK


class JoinedRows:
    """The rows of a new shard, in their order, and the words they stand under.

    Those of a form come in the order of their shards, and of their places there.

    Args:
        group: the shards that are joined, in order.
        moved: for each, the new number of each of its segments, or -1 where that is left out; they may still be in the
            making.

    Attributes:
        ids: ``segment << 16 | token``. Shape: (n_rows,).
        sources: from which shard of the group each row comes. Shape: (n_rows,).
        places: which row of that shard it is. Shape: (n_rows,).
        lemmas: the catalog's table of them.
        forms: the catalog's table of them.
        were_in_clusters: which forms were in some shard. Shape: (n_forms,).
    """

    def __init__(self, group: Sequence[OpenShard], moved: Iterable[NDArray[np.int64]]) -> None:
        # Each new word gets the next number.
        number_of: defaultdict[Word, int] = defaultdict(count().__next__)
        runs: list[_Run] = []
        in_clusters = []
        for shard, segments in zip(group, moved, strict=True):
            with _no_search_for_garbage():
                words, frequencies = shard.catalog.words()
            # Not numpy's sum, which a stranger's numbers could lead round.
            if sum(frequencies.tolist()) != len(shard.files.ids):
                raise IndexDamaged(str(shard.catalog.path), "its words do not add up to its rows")
            # Of every word only one object stays.
            of_words = np.fromiter(map(number_of.__getitem__, words), np.int32, len(words))
            if len(np.unique(of_words)) != len(words):
                raise IndexDamaged(str(shard.catalog.path), "a word is there twice")
            segment_of = shard.files.ids >> TOKEN_BITS
            if len(segment_of) and not 0 <= segment_of.min() <= segment_of.max() < len(segments):
                raise IndexDamaged(str(shard.catalog.path), "segments are missing")
            segment = segments[segment_of]
            living = np.flatnonzero(segment >= 0)
            ends = np.cumsum(frequencies)
            counts = np.diff(np.searchsorted(living, ends), prepend=0)
            ids = segment[living] << TOKEN_BITS | shard.files.ids[living] & TOKEN_MASK
            runs.append(_Run(of_words, counts, ids, living))
            forms = np.searchsorted(ends, shard.clusters.starts, side="right")
            in_clusters.append(of_words[np.unique(forms)])
        words = sorted(number_of)
        rank_of = np.empty(len(words), np.int32)
        rank_of[[number_of[word] for word in words]] = np.arange(len(words), dtype=np.int32)
        counts = np.zeros(len(words), np.int64)
        for run in runs:
            counts[rank_of[run.words]] += run.counts
        rows = int(counts.sum())
        self.ids, self.places = np.empty(rows, np.int64), np.empty(rows, np.int64)
        self.sources = np.empty(rows, np.int16)
        # Where the next row of each word goes. The rows of a run are in order, so nothing need be sorted.
        free = np.cumsum(counts) - counts
        for source, run in enumerate(runs):
            ranks = rank_of[run.words]
            goal = np.arange(len(run.ids)) + np.repeat(free[ranks] - np.cumsum(run.counts) + run.counts, run.counts)
            self.ids[goal], self.places[goal], self.sources[goal] = run.ids, run.places, source
            free[ranks] += run.counts
        kept = np.flatnonzero(counts)
        self.lemmas, self.forms = word_tables([words[rank] for rank in kept.tolist()], counts[kept].tolist())
        were = np.zeros(len(words), np.bool_)
        were[rank_of[np.concatenate(in_clusters)]] = True
        self.were_in_clusters = were[kept]


@contextmanager
def _no_search_for_garbage() -> Iterator[None]:
    """Among some hundred thousand words that are all in use, Python would look for cycles for a third of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class _Run(NamedTuple):
    """What is left of a shard's rows.

    Attributes:
        words: the number of each of its words, in the order of the rows. Shape: (n_words,).
        counts: rows of each. Shape: (n_words,).
        ids: in the new shard. Shape: (n_rows,).
        places: in its own shard. Shape: (n_rows,).
    """

    words: NDArray[np.int32]
    counts: NDArray[np.int64]
    ids: NDArray[np.int64]
    places: NDArray[np.int64]


def codes_of(group: Sequence[OpenShard], sources: NDArray[np.int16], places: NDArray[np.int64]) -> NDArray[np.uint8]:
    """The codes of rows, each of a shard of the group, and of a place in it. Shape: (n, code_size)."""
    codes = np.empty((len(places), group[0].files.codes.shape[1]), np.uint8)
    for number, shard in enumerate(group):
        here = np.flatnonzero(sources == number)
        if len(here):
            codes[here] = shard.files.codes[places[here]]
    return codes
