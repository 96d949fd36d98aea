"""Joins small shards into larger ones and leaves out what was taken out: codes are copied, nothing is embedded again.

Neighbouring shards are joined up to a size that leaves some sixteen shards in a large index, so many at a time as a
process can have open: compaction is the way out of an index of too many. Each group is one commit, so a run that is
stopped has done what it has done, and the next goes on. Occurrence keys, the order of the corpus and
every score stay what they were.

The rows of a shard are in order of (lemma, form, segment, token), so joining is a stable merge of sorted runs: where
each row goes is counted out word by word in memory (some 40 bytes a row of the new shard), and the codes are then
gathered in blocks, each source read front to back. Only frequent words are put in clusters anew, and read more than
once for it, and only where their clusters are not fine enough for all of their rows. A lemma that would be scanned
whole even in four times as many such shards as there will be (in sixteen at most, unless there will be more) is left
in the order of the text. All this goes on while what comes before is written, and every file is held against its digest
meanwhile.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import replace as changed
from pathlib import Path

import numpy as np

from ctxsearch.catalog.writer import CatalogWriter
from ctxsearch.commit import Commit, ShardEntry, finish_shard, tidy, write_commit
from ctxsearch.digests import digest_bytes
from ctxsearch.domain import Progress
from ctxsearch.errors import IndexDamaged
from ctxsearch.query.narrowing import most_scanned_whole
from ctxsearch.query.opening import list_shard
from ctxsearch.query.scope import OpenShard
from ctxsearch.report import CompactReport
from ctxsearch.storage import TEMPORARY_PREFIX, make_folder, rename
from ctxsearch.upkeep.contents import content_problem
from ctxsearch.upkeep.joined_clusters import JoinedClusters
from ctxsearch.upkeep.joining import JoinedRows, codes_of
from ctxsearch.vectors.files import SortedWriter

_LOG = logging.getLogger(__name__)

# A query opens and searches every shard, and ten to twenty cost it little.
_SHARDS_WANTED = 16
# Words are put in clusters for an index that has grown so many times, if it has no more shards then than are wanted.
_GROWTH = 4
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
        self._shards_foreseen = _SHARDS_WANTED

    def run(self, shard_tokens: int) -> CompactReport:
        """Joins what is to be joined, see `Index.compact`."""
        start = time.perf_counter()
        before = self._commit
        tidy(self._folder, self._commit)
        try:
            # What was too much at a time is joined further in the next round.
            while any(map(_is_worth_it, groups := self._groups(shard_tokens))):
                self._shards_foreseen = max(len(groups), min(_SHARDS_WANTED, _GROWTH * len(groups)))
                to_join = list(filter(_is_worth_it, groups))
                self._total += sum(entry.rows for group in to_join for entry in group)
                for group in to_join:
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
        rows = 0 if joined is None else joined.rows
        _LOG.info("Commit %d: shards joined: %d; occurrences left of them: %s.", number, len(group), f"{rows:,}")
        self._commit = commit

    def _join(self, group: Sequence[OpenShard], number: int) -> ShardEntry | None:
        """The shard of a group's living documents; None where there is none."""
        if not any(_living_documents(shard) for shard in group):
            return None
        building = self._folder / f"{TEMPORARY_PREFIX}shard"
        make_folder(building)
        catalog = CatalogWriter(building)
        with ExitStack() as at_the_end:
            at_the_end.callback(catalog.close)
            # The catalog is written by one thread, and what was written before is read by another.
            writing, reading = ThreadPoolExecutor(1), ThreadPoolExecutor(1)
            for threads in (writing, reading):
                at_the_end.callback(threads.shutdown, cancel_futures=True)
            checked = [
                reading.submit(_check, self._folder / shard.entry.shard_id / name, size, digest)
                for shard in group
                for name, (size, digest) in shard.entry.files.items()
            ]
            rows = JoinedRows(group, writing.map(lambda one: catalog.copy(one.catalog, one.living), group))
            finished = writing.submit(catalog.finish, rows.lemmas, rows.forms)
            fewest = most_scanned_whole(group[0].parameters.code_size) // self._shards_foreseen
            with JoinedClusters(building, group, rows, fewest) as clusters:
                vectors = self._write_vectors(building, group, rows, clusters)
                clusters.finish()
            for one in (*checked, finished):
                one.result()
        entry = finish_shard(
            building,
            rows=len(rows.ids),
            lemmas=len(rows.lemmas),
            documents=catalog.documents,
            segments=catalog.segments,
            words=catalog.words,
            settings=digest_bytes(self._settings.encode()),
            commit=number,
            vectors=vectors,
        )
        rename(building, self._folder / entry.shard_id)
        return entry

    def _write_vectors(
        self, building: Path, group: Sequence[OpenShard], rows: JoinedRows, clusters: JoinedClusters
    ) -> tuple[int, str]:
        """Writes the vector files; the size and digest of the larger one."""
        writer = SortedWriter(building)
        step = max(1, _BLOCK_BYTES // group[0].files.codes.shape[1])
        try:
            # One block is written while the next is gathered.
            with ThreadPoolExecutor(1) as disk:
                writing: Future[None] | None = None
                for start in range(0, len(rows.ids), step):
                    block = slice(start, start + step)
                    clusters.wait(block.stop)
                    codes = codes_of(group, rows.sources[block], rows.places[block])
                    if writing:
                        writing.result()
                    writing = disk.submit(writer.add, codes, rows.ids[block])
                    self._done += len(codes)
                    if self._on_progress:
                        self._on_progress(Progress("compact", self._done, self._total))
                if writing:
                    writing.result()
            return writer.finish(np.array([frequency for _, _, frequency in rows.lemmas], np.int64))
        finally:
            writer.close()


def _check(path: Path, size: int, digest: str) -> None:
    """Refuses a file that is not what was written: damage is not to be copied under a new digest."""
    if problem := content_problem(path, size, digest):
        raise IndexDamaged(str(path), problem)


def _is_worth_it(group: Sequence[ShardEntry]) -> bool:
    return len(group) > 1 or bool(group[0].removed)


def _living_documents(shard: OpenShard) -> int:
    return shard.entry.documents - len(shard.entry.removed)


def _removed(commit: Commit) -> int:
    return sum(len(entry.removed) for entry in commit.shards)


def _bytes(commit: Commit) -> int:
    return sum(size for entry in commit.shards for size, _ in entry.files.values())
