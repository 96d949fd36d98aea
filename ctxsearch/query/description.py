"""What an index holds, counted without the documents that were taken out of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from ctxsearch.analysis import surface_form
from ctxsearch.catalog.where import DOCUMENT_COLUMNS
from ctxsearch.commit import Commit
from ctxsearch.query.placing import counts_of_stretches
from ctxsearch.query.scope import ListedShard, OpenShard
from ctxsearch.report import IndexInfo
from ctxsearch.settings import Settings


def describe(path: Path, settings: Settings, commit: Commit, shards: Sequence[ListedShard]) -> IndexInfo:
    """The sums over all shards, see `IndexInfo`."""
    lemmas: set[str] = set()
    names: set[str] = set()
    columns: set[str] = set()
    tags: set[str] = set()
    documents = segments = words = occurrences = 0
    for shard in shards:
        removed = shard.entry.removed
        held = shard.catalog.totals(without=removed)
        documents, segments, words = documents + held.documents, segments + held.segments, words + held.words
        living = living_frequencies(shard)
        occurrences += living.total()
        lemmas.update(+living)
        names.update(shard.names)
        columns.update(shard.catalog.document_columns(removed))
        tags.update(shard.tags)
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
        metadata_columns=sorted(names),
        document_columns=[one for one in DOCUMENT_COLUMNS if one in columns],
        tags=sorted(tags),
    )


def living_frequencies(shard: ListedShard) -> Counter[str]:
    """How often each lemma of a shard occurs in documents that were not taken out."""
    frequencies = Counter(dict(shard.catalog.lemma_frequencies()))
    documents = shard.living
    if documents is None:
        return frequencies
    if not isinstance(shard, OpenShard):
        return frequencies - _in_texts(shard, shard.entry.removed)
    lists = shard.files.lists
    counts = counts_of_stretches(shard, lists[:-1], lists[1:], documents)
    return Counter(dict(zip(frequencies, counts.tolist(), strict=True)))


def _in_texts(shard: ListedShard, documents: Sequence[int]) -> Counter[str]:
    """How often each lemma of a shard occurs in some documents, by their texts, where no vectors tell it."""
    lemma_of = {row.form: row.lemma for row in shard.catalog.forms()}
    counts: Counter[str] = Counter()
    for document in shard.catalog.documents(documents).values():
        for _, text, tokens in shard.catalog.segment_rows(document.first_segment, document.segments):
            spans = np.frombuffer(tokens, dtype="<u2").reshape(-1, 2).tolist()
            forms = (surface_form(text[start:end]) for start, end in spans)
            counts.update(lemma_of[form] for form in forms if form in lemma_of)
    return counts
