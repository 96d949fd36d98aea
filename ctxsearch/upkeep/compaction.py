"""Joins small shards into larger ones and leaves out what was taken out: codes are copied, nothing is embedded again.

Neighbouring shards are joined up to a size that leaves some sixteen shards in a large index, so many at a time as a
process can have open: compaction is the way out of an index of too many. Each group is one commit, so a run that is
stopped has done what it has done, and the next goes on. Occurrence keys, the order of the corpus and
every score stay what they were.

The rows of a shard are in order of (lemma, form, segment, token), so joining is a stable merge of sorted runs: their
ranks in the joined lexicon are sorted in memory (40 bytes a row of the new shard), and the codes are then gathered in
blocks, each source read front to back. Only frequent words are put in clusters anew, and read twice for it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace as changed
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ctxsearch.build import finish_shard
from ctxsearch.catalog.rows import FormRow
from ctxsearch.catalog.words import Word, word_tables
from ctxsearch.catalog.writer import CatalogWriter
from ctxsearch.commit import Commit, ShardEntry, tidy, write_commit
from ctxsearch.domain import Progress
from ctxsearch.errors import IndexDamaged
from ctxsearch.query.scope import OpenShard, list_shard, living_documents
from ctxsearch.report import CompactReport
from ctxsearch.storage import TEMPORARY_PREFIX, digest_bytes, make_folder, rename
from ctxsearch.vectors.clusters import ClusterWriter, clustered_forms
from ctxsearch.vectors.files import TOKEN_BITS, SortedWriter

# A query opens and searches every shard, and ten to twenty cost it little.
_SHARDS_WANTED = 16
# Each is open with two descriptors or three, and some systems allow no more than 256 of these.
_AT_A_TIME = 32
_BLOCK_BYTES = 32 << 20


class Compaction:
    """One run that joins shards; whoever starts it holds the writer's lock.

    Args:
        folder: the index.
        commit: its newest commit.
        open_shard: opens a shard of it.
        settings: the text of ``ctxsearch.json``.
        on_progress: is told how many occurrences are written.
    """

    def __init__(
        self,
        folder: Path,
        commit: Commit,
        *,
        open_shard: Callable[[ShardEntry], OpenShard],
        settings: str,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> None:
        self._folder = folder
        self._commit = commit
        self._open_shard = open_shard
        self._words: dict[str, int] = {}
        self._settings = settings
        self._on_progress = on_progress
        self._done = self._total = 0

    def run(self, shard_tokens: int) -> CompactReport:
        """Joins what is to be joined, see `Index.compact`."""
        start = time.perf_counter()
        before = self._commit
        tidy(self._folder, self._commit)
        try:
            # What was too much at a time is joined further in the next round.
            while groups := [group for group in self._groups(shard_tokens) if _is_worth_it(group)]:
                self._total += sum(entry.rows for group in groups for entry in group)
                for group in groups:
                    self._replace(group)
        finally:
            tidy(self._folder, self._commit)
        return CompactReport(
            shards_before=len(before.shards),
            shards=len(self._commit.shards),
            documents_dropped=_removed(before) - _removed(self._commit),
            bytes_before=_bytes(before),
            bytes=_bytes(self._commit),
            seconds=time.perf_counter() - start,
        )

    def _groups(self, shard_tokens: int) -> list[list[ShardEntry]]:
        """Neighbours that fit into one shard together."""
        living = [self._living_words(entry) for entry in self._commit.shards]
        target = max(shard_tokens, math.ceil(sum(living) / _SHARDS_WANTED))
        groups: list[list[ShardEntry]] = []
        size = 0
        for entry, words in zip(self._commit.shards, living, strict=True):
            if groups and len(groups[-1]) < _AT_A_TIME and size + words <= target:
                groups[-1].append(entry)
                size += words
            else:
                groups.append([entry])
                size = words
        return groups

    def _living_words(self, entry: ShardEntry) -> int:
        if entry.shard_id not in self._words:
            with closing(list_shard(self._folder, entry).catalog) as catalog:
                self._words[entry.shard_id] = catalog.totals(without=entry.removed).words
        return self._words[entry.shard_id]

    def _replace(self, group: Sequence[ShardEntry]) -> None:
        """Writes the shard that takes a group's place, and commits."""
        number = self._commit.number + 1
        with ExitStack() as until_joined:
            shards = []
            for entry in group:
                shards.append(self._open_shard(entry))
                until_joined.callback(shards[-1].catalog.close)
            joined = self._join(shards, number)
        gone = {entry.shard_id for entry in group}
        first = group[0].shard_id
        entries: list[ShardEntry] = []
        for entry in self._commit.shards:
            if entry.shard_id == first and joined is not None:
                entries.append(joined)
            elif entry.shard_id not in gone:
                entries.append(entry)
        commit = changed(self._commit, number=number, shards=tuple(entries), settings=self._settings)
        write_commit(self._folder, commit)
        self._commit = commit

    def _join(self, group: Sequence[OpenShard], number: int) -> ShardEntry | None:
        """The shard of a group's living documents; None where there is none."""
        if not any(_living_documents(shard) for shard in group):
            return None
        building = self._folder / f"{TEMPORARY_PREFIX}shard"
        make_folder(building)
        catalog = CatalogWriter(building)
        try:
            moved = [catalog.copy(shard.catalog, living_documents(shard)) for shard in group]
            rows = _Rows(group, moved)
            _put_in_clusters(building, group, rows)
            self._write_vectors(building, group, rows)
            catalog.finish(rows.lemmas, rows.forms)
        finally:
            catalog.close()
        entry = finish_shard(
            building,
            rows=len(rows.ids),
            lemmas=len(rows.lemmas),
            documents=catalog.documents,
            segments=catalog.segments,
            words=catalog.words,
            settings=digest_bytes(self._settings.encode()),
            commit=number,
        )
        rename(building, self._folder / entry.shard_id)
        return entry

    def _write_vectors(self, building: Path, group: Sequence[OpenShard], rows: _Rows) -> None:
        writer = SortedWriter(building)
        try:
            step = max(1, _BLOCK_BYTES // group[0].files.codes.shape[1])
            for start in range(0, len(rows.ids), step):
                block = slice(start, start + step)
                sources, places = rows.sources[block], rows.places[block]
                codes = np.empty((len(places), group[0].files.codes.shape[1]), np.uint8)
                for number, shard in enumerate(group):
                    here = sources == number
                    codes[here] = shard.files.codes[places[here]]
                writer.add(codes, rows.ids[block])
                self._done += len(places)
                if self._on_progress:
                    self._on_progress(Progress("compact", self._done, self._total))
            writer.finish(np.array([frequency for _, _, frequency in rows.lemmas], np.int64))
        finally:
            writer.close()


class _Rows:
    """The rows of a new shard, in their order, and the words they stand under.

    Args:
        group: the shards that are joined, in order.
        moved: for each, the new number of each of its segments, or -1 where that is left out.

    Attributes:
        ids: ``segment << 16 | token``. Shape: (n_rows,).
        sources: from which shard of the group each row comes. Shape: (n_rows,).
        places: which row of that shard it is. Shape: (n_rows,).
        lemmas: the catalog's table of them.
        forms: the catalog's table of them.
    """

    def __init__(self, group: Sequence[OpenShard], moved: Sequence[NDArray[np.int64]]) -> None:
        lexicons = [shard.catalog.forms() for shard in group]
        words = sorted({_word(row) for lexicon in lexicons for row in lexicon})
        rank_of = {word: rank for rank, word in enumerate(words)}
        ranks, ids, sources, places = [], [], [], []
        is_clustered = False
        for number, (shard, lexicon, segments) in enumerate(zip(group, lexicons, moved, strict=True)):
            if sum(row.frequency for row in lexicon) != len(shard.files.ids):
                raise IndexDamaged(str(shard.catalog.path), "its words do not add up to its rows")
            word_ranks = np.array([rank_of[_word(row)] for row in lexicon], np.int32)
            row_ranks = np.repeat(word_ranks, [row.frequency for row in lexicon])
            segment = segments[shard.files.ids >> TOKEN_BITS]
            living = np.flatnonzero(segment >= 0)
            is_clustered |= bool(len(shard.clusters.starts))
            ranks.append(row_ranks[living])
            ids.append(segment[living] << TOKEN_BITS | shard.files.ids[living] & (1 << TOKEN_BITS) - 1)
            sources.append(np.full(len(living), number, np.int16))
            places.append(living)
        joined = np.concatenate(ranks)
        self.ids = np.concatenate(ids)
        # Stable: rows of one rank stay in the order of shard and segment, which is that of the new ids; not so where
        # they come from clusters.
        order = np.lexsort((self.ids, joined)) if is_clustered else np.argsort(joined, kind="stable")
        self.ids = self.ids[order]
        self.sources = np.concatenate(sources)[order]
        self.places = np.concatenate(places)[order]
        counts = np.bincount(joined, minlength=len(words))
        kept = np.flatnonzero(counts).tolist()
        self.lemmas, self.forms = word_tables([words[rank] for rank in kept], counts[kept].tolist())


def _word(row: FormRow) -> Word:
    return row.lemma, row.form, row.tag, row.written


def _put_in_clusters(building: Path, group: Sequence[OpenShard], rows: _Rows) -> None:
    """Puts the rows of frequent words in the order of clusters, and writes these."""
    writer = ClusterWriter(building)
    sizes = np.array([form[5] for form in rows.forms], np.int64)
    for number in clustered_forms(sizes, np.array([form[3] for form in rows.forms], np.int32)).tolist():
        first, size = rows.forms[number][4:6]
        form = slice(first, first + size)
        order = writer.add(first, size, partial(_vectors, group, rows.sources[form], rows.places[form]))
        for part in (rows.ids, rows.sources, rows.places):
            part[form] = part[form][order]
    writer.finish()


def _vectors(
    group: Sequence[OpenShard], sources: NDArray[np.int16], places: NDArray[np.int64], chosen: NDArray[np.int64]
) -> NDArray[np.float32]:
    """The vectors of some rows, of those that come from these places. Shape: (n_chosen, dimension)."""
    sources, places = sources[chosen], places[chosen]
    vectors = np.empty((len(chosen), group[0].clusters.centroids.shape[1]), np.float32)
    for number, shard in enumerate(group):
        here = sources == number
        vectors[here] = shard.vectors.vectors(places[here])
    return vectors


def _is_worth_it(group: Sequence[ShardEntry]) -> bool:
    return len(group) > 1 or bool(group[0].removed)


def _living_documents(shard: OpenShard) -> int:
    return shard.entry.documents - len(shard.entry.removed)


def _removed(commit: Commit) -> int:
    return sum(len(entry.removed) for entry in commit.shards)


def _bytes(commit: Commit) -> int:
    return sum(size for entry in commit.shards for size, _ in entry.files.values())
