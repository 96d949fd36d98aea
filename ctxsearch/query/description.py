"""What an index holds, counted without the documents that were taken out of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ctxsearch.commit import Commit
from ctxsearch.domain import IndexInfo
from ctxsearch.query.scope import OpenShard, Rows, living_documents, row_mask
from ctxsearch.settings import Settings

# Rows looked at in one go, where documents were taken out.
_ROWS = 1 << 20


def describe(path: Path, settings: Settings, commit: Commit, shards: Sequence[OpenShard]) -> IndexInfo:
    """The sums over all shards, see `IndexInfo`."""
    lemmas: set[str] = set()
    columns: set[str] = set()
    documents = segments = words = occurrences = 0
    for shard in shards:
        removed = shard.entry.removed
        held = shard.catalog.totals(without=removed)
        documents, segments, words = documents + held.documents, segments + held.segments, words + held.words
        frequencies = living_frequencies(shard)
        occurrences += int(frequencies.sum())
        names = [lemma for lemma, _ in shard.catalog.lemma_frequencies()]
        lemmas.update(names if not removed else (names[number] for number in np.flatnonzero(frequencies).tolist()))
        columns.update(shard.catalog.metadata_columns())
    return IndexInfo(
        path=str(path),
        settings=asdict(settings),
        commit=commit.number,
        unfinished=commit.unfinished,
        shards=len(shards),
        documents=documents,
        documents_removed=sum(len(shard.entry.removed) for shard in shards),
        segments=segments,
        words=words,
        occurrences=occurrences,
        without_vector=words - occurrences,
        lemmas=len(lemmas),
        bytes=sum(size for shard in shards for size, _ in shard.entry.files.values()),
        metadata_columns=sorted(columns),
    )


def living_frequencies(shard: OpenShard) -> NDArray[np.int64]:
    """How often each lemma of a shard occurs in documents that were not taken out. Shape: (n_lemmas,)."""
    lists, documents = shard.files.lists, living_documents(shard)
    if documents is None:
        return np.diff(lists)
    counts = np.zeros(len(lists) - 1, np.int64)
    for start in range(0, shard.entry.rows, _ROWS):
        stop = min(start + _ROWS, shard.entry.rows)
        rows = start + np.flatnonzero(row_mask(shard, Rows(start, stop), documents))
        counts += np.bincount(np.searchsorted(lists, rows, side="right") - 1, minlength=len(counts))
    return counts
