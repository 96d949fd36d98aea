"""Joins small shards into larger ones and leaves out what was taken out: codes are copied, nothing is embedded again.

Neighbouring shards are joined up to a size that leaves some sixteen shards in a large index, so many at a time as a
process can have open: compaction is the way out of an index of too many. Each group is one commit, so a run that is
stopped has done what it has done, and the next goes on. Occurrence keys, the order of the corpus and
every score stay what they were.

The rows of a shard are in order of (lemma, form, segment, token), so joining is a stable merge of sorted runs: their
ranks in the joined lexicon are sorted in memory (some 60 bytes a row of the new shard), and the codes are then gathered
in blocks, each source read front to back. Only frequent words are put in clusters anew, and read more than once for it,
and only where their clusters are not fine enough for all of their rows. Every file is held against its digest
meanwhile.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import replace as changed
from functools import partial
from itertools import pairwise
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ctxsearch.build import finish_shard
from ctxsearch.catalog.rows import Word
from ctxsearch.catalog.words import word_tables
from ctxsearch.catalog.writer import CatalogWriter
from ctxsearch.commit import Commit, ShardEntry, tidy, write_commit
from ctxsearch.domain import Progress
from ctxsearch.errors import IndexDamaged
from ctxsearch.query.scope import OpenShard, list_shard, living_documents
from ctxsearch.report import CompactReport
from ctxsearch.storage import TEMPORARY_PREFIX, digest_bytes, make_folder, rename
from ctxsearch.upkeep.contents import content_problem
from ctxsearch.vectors.clusters import (
    MOST_KEPT,
    ClusterWriter,
    InClusters,
    are_crumbs,
    cluster_count,
    clustered_forms,
    in_clusters,
    nearest_clusters,
)
from ctxsearch.vectors.faiss import FaissCodec, one_thread
from ctxsearch.vectors.files import TOKEN_BITS, SortedWriter

# A query opens and searches every shard, and ten to twenty cost it little.
_SHARDS_WANTED = 16
# Each is open with two descriptors or three, and some systems allow no more than 256 of these.
_AT_A_TIME = 32
_BLOCK_BYTES = 32 << 20
# Clusters of a shard are kept if there are so many for one that a build would make of all rows: what is searched in
# part is found the more surely, the finer the parts are, and half as many cost .01 of recall.
_FINE = 0.75
# To make clusters takes about as long as to look so many times for the nearest of every row.
_PASSES = 3
# Each core that makes clusters has up to 200 MB for it.
_MOST_CORES = 8
# What says how many threads BLAS has is one for the whole process.
_BLAS = Lock()


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
        checks = ThreadPoolExecutor(1)
        try:
            checked = [
                checks.submit(_check, self._folder / shard.entry.shard_id / name, size, digest)
                for shard in group
                for name, (size, digest) in shard.entry.files.items()
            ]
            rows = _Rows(group, [catalog.copy(shard.catalog, living_documents(shard)) for shard in group])
            _put_in_clusters(building, group, rows)
            self._write_vectors(building, group, rows)
            catalog.finish(rows.lemmas, rows.forms)
            for check in checked:
                check.result()
        finally:
            try:
                checks.shutdown(cancel_futures=True)
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
        step = max(1, _BLOCK_BYTES // group[0].files.codes.shape[1])
        try:
            # One block is written while the next is gathered.
            with ThreadPoolExecutor(1) as disk:
                writing: Future[None] | None = None
                for start in range(0, len(rows.ids), step):
                    block = slice(start, start + step)
                    codes = _codes(group, rows.sources[block], rows.places[block])
                    if writing:
                        writing.result()
                    writing = disk.submit(writer.add, codes, rows.ids[block])
                    self._done += len(codes)
                    if self._on_progress:
                        self._on_progress(Progress("compact", self._done, self._total))
                if writing:
                    writing.result()
            writer.finish(np.array([frequency for _, _, frequency in rows.lemmas], np.int64))
        finally:
            writer.close()


class _Rows:
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


def _put_in_clusters(building: Path, group: Sequence[OpenShard], rows: _Rows) -> None:
    """Puts the rows of frequent words in the order of clusters, and writes these."""
    sizes = np.array([form[5] for form in rows.forms], np.int64)
    to_be = np.zeros(len(sizes), np.bool_)
    to_be[clustered_forms(sizes, np.array([form[3] for form in rows.forms], np.int32))] = True
    codec = FaissCodec(group[0].parameters)

    def arranged(number: int) -> tuple[NDArray[np.int64], NDArray[np.float32]] | None:
        """Puts the rows of a form in their order; the sizes and centroids of the clusters that they then lie in."""
        form = slice(first := rows.forms[number][4], first + rows.forms[number][5])
        ids, sources, places = rows.ids[form], rows.sources[form], rows.places[form]
        found, order = None, np.argsort(ids, kind="stable")
        if to_be[number]:
            found = _kept(group, codec, ids, sources, places)
            if found is None:
                made = in_clusters(len(ids), partial(_vectors, group, codec, sources[order], places[order]))
                found = made._replace(order=order[made.order])
            order = found.order
        for part in (ids, sources, places):
            part[:] = part[order]
        return None if found is None else (found.sizes, found.centroids)

    writer = ClusterWriter(building)
    numbers = np.flatnonzero(rows.were_in_clusters | to_be).tolist()
    # A form to each core: threads of BLAS within these would wait for each other for a third of the time.
    with _BLAS, threadpool_limits(1, "blas"), ThreadPoolExecutor(_cores(), initializer=one_thread) as threads:
        try:
            for number, found in zip(numbers, threads.map(arranged, numbers), strict=True):
                if found is not None:
                    writer.add(rows.forms[number][4], *found)
        except BaseException:
            threads.shutdown(cancel_futures=True)
            raise
    writer.finish()


def _kept(
    group: Sequence[OpenShard],
    codec: FaissCodec,
    ids: NDArray[np.int64],
    sources: NDArray[np.int16],
    places: NDArray[np.int64],
) -> InClusters | None:
    """The rows of a form in the clusters that most of them lie in; None where too few do, or in too coarse ones.

    The rows come by source and place. Those that lie in no such cluster go into the nearest.
    """
    fine_enough = _FINE * cluster_count(len(ids))
    cluster_of = np.full(len(ids), -1, np.int32)
    centroids: list[NDArray[np.float32]] = []
    n_clusters = 0
    borders = np.searchsorted(sources, np.arange(len(group) + 1)).tolist()
    for shard, (start, stop) in zip(group, pairwise(borders), strict=True):
        of_shard = places[start:stop]
        if not len(of_shard):
            continue
        # Of the first and of the last there may be rows that were removed.
        low = int(np.searchsorted(shard.clusters.stops, of_shard[0], side="right"))
        high = int(np.searchsorted(shard.clusters.starts, of_shard[-1], side="right"))
        begins, ends = (np.searchsorted(of_shard, side[low:high]) for side in shard.clusters[:2])
        sizes = ends - begins
        n_with_rows = int(np.count_nonzero(sizes))
        # All rows of a form lie in clusters, or none does.
        is_whole = sizes.sum() == len(of_shard)
        if is_whole and n_with_rows >= fine_enough and not are_crumbs(n_with_rows, len(of_shard)):
            cluster_of[start:stop] = n_clusters + np.repeat(np.arange(high - low), sizes)
            centroids.append(shard.clusters.centroids[low:high])
            n_clusters += high - low
    rest = np.flatnonzero(cluster_of < 0)
    # Nor where to look for the nearest of many would take longer than to make new ones.
    anew = _PASSES * len(ids) * cluster_count(len(ids))
    if 2 * len(rest) > len(ids) or len(rest) * n_clusters > anew or n_clusters > MOST_KEPT:
        return None
    joined = np.concatenate(centroids)
    cluster_of[rest] = nearest_clusters(len(rest), partial(_vectors, group, codec, sources[rest], places[rest]), joined)
    return InClusters(np.lexsort((ids, cluster_of)), np.bincount(cluster_of, minlength=n_clusters), joined)


def _cores() -> int:
    return min(os.cpu_count() or 1, _MOST_CORES)


def _check(path: Path, size: int, digest: str) -> None:
    """Refuses a file that is not what was written: damage is not to be copied under a new digest."""
    if problem := content_problem(path, size, digest):
        raise IndexDamaged(str(path), problem)


def _vectors(
    group: Sequence[OpenShard],
    codec: FaissCodec,
    sources: NDArray[np.int16],
    places: NDArray[np.int64],
    chosen: NDArray[np.int64],
) -> NDArray[np.float32]:
    """The vectors of some rows, of those that come from these places. Shape: (n_chosen, dimension)."""
    return codec.decode(_codes(group, sources[chosen], places[chosen]))


def _codes(group: Sequence[OpenShard], sources: NDArray[np.int16], places: NDArray[np.int64]) -> NDArray[np.uint8]:
    """The codes of rows, each of a shard of the group, and of a place in it. Shape: (n, code_size)."""
    codes = np.empty((len(places), group[0].files.codes.shape[1]), np.uint8)
    for number, shard in enumerate(group):
        here = np.flatnonzero(sources == number)
        if len(here):
            codes[here] = shard.files.codes[places[here]]
    return codes


def _is_worth_it(group: Sequence[ShardEntry]) -> bool:
    return len(group) > 1 or bool(group[0].removed)


def _living_documents(shard: OpenShard) -> int:
    return shard.entry.documents - len(shard.entry.removed)


def _removed(commit: Commit) -> int:
    return sum(len(entry.removed) for entry in commit.shards)


def _bytes(commit: Commit) -> int:
    return sum(size for entry in commit.shards for size, _ in entry.files.values())
