"""Finds damage: every file against its digest, and every table and vector against the others.

A quick look takes in what a reader stumbles over at once: files that are missing, cut or of another kind. The whole
look reads every byte, and then asks what digests cannot tell: whether what was written was right.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path

from ctxsearch.commit import (
    CATALOG_FILE,
    LISTS_FILE,
    SHARD_FILE,
    Commit,
    HeldCommit,
    ShardEntry,
    commit_files,
    copy_path,
    hold_commit,
    read_commit,
    read_copy,
    read_damage,
    shard_folders,
)
from ctxsearch.domain import Progress
from ctxsearch.errors import CtxSearchError, IndexDamaged, IndexLocked, IndexNotFound, ModelError
from ctxsearch.head import head_content, shipped_content
from ctxsearch.hindrance import reading
from ctxsearch.query.scope import OpenShard
from ctxsearch.report import Problem, VerifyReport
from ctxsearch.settings import HEAD_FILE, SENSES_FILE, SETTINGS_FILE, Settings, parse_settings, read_settings
from ctxsearch.storage import TEMPORARY_PREFIX, plain_size
from ctxsearch.upkeep.consistency import inconsistencies
from ctxsearch.upkeep.contents import content_problem, size_problem
from ctxsearch.upkeep.in_place import lock_problem, senses_problem
from ctxsearch.upkeep.made_by import FoundEncoder, encoder_problem

_COMMAND = "ctxsearch index INDEX SOURCE --repair"
# A command has no encoder of somebody's own.
_METHODS = "Index.repair(INDEX), then Index.open(INDEX, encoder=...).add(DOCUMENTS), in Python"
_REPAIR = "make it again with: {}; or bring back a backup"
_COPY = "put it back from its copy with: ctxsearch index INDEX --repair"
_RESTORE = "bring back a backup; or, if there is a commit before, go on from it with: {}"
_SETTINGS = "put it back from the commit with: ctxsearch index INDEX --repair"
_NO_SETTINGS = "bring back a backup; or make a new index of the same sources"
_SHIPPED_HEAD = "put it back, from ctxsearch, with: ctxsearch index INDEX --repair"
_OWN_HEAD = "put the file of the head there that the index was made with, or bring back a backup"

_MAGIC = {CATALOG_FILE: b"SQLite format 3\0", LISTS_FILE: b"\x93NUMPY", SHARD_FILE: b"{"}


class Verification:
    """One look at an index.

    Args:
        folder: the index.
        quick: look at sizes and headers only.
        open_shard: opens a shard of a commit; told damage is a problem found.
        found_encoder: gives what is found now of what made the index.
        on_progress: is told how many bytes are read.
    """

    def __init__(
        self,
        folder: Path,
        *,
        quick: bool,
        open_shard: Callable[[Path, Settings, Commit, ShardEntry], OpenShard],
        found_encoder: Callable[[Settings], FoundEncoder],
        on_progress: Callable[[Progress], None] | None = None,
    ) -> None:
        self._folder = folder
        self._quick = quick
        self._open_shard = open_shard
        self._found_encoder = found_encoder
        self._on_progress = on_progress
        self._problems: list[Problem] = []
        self._notes: list[str] = []
        self._files = self._bytes = self._total = 0
        # The text of the settings that the commit has, where it has one.
        self._settings_kept: str | None = None

    def run(self) -> VerifyReport:
        """Looks at everything, see `Index.verify`."""
        start = time.perf_counter()
        held = _hold(self._folder)
        commit = held.commit
        self._settings_kept = commit.settings
        self._commits()
        self._total = sum(size for entry in commit.shards for size, _ in entry.files.values())
        settings = self._settings(commit)
        seen: set[str] = set()
        repair = _REPAIR.format(self._adding)
        noted = read_damage(self._folder) if self._quick else {}
        for entry in commit.shards:
            found = list(self._shard(settings, commit, entry, seen))
            # A quick look clears nobody.
            folder, names = self._folder / entry.shard_id, {path.name for path, _ in found}
            found += [
                (folder / name, why)
                for (shard, name), why in noted.items()
                if shard == folder.name and name not in names
            ]
            self._problems.extend(Problem(str(path), why, repair, shard=entry.shard_id) for path, why in found)
        self._leftovers(commit)
        self._senses()
        if problem := lock_problem(self._folder):
            self._problems.append(problem)
        held.release()
        return VerifyReport(
            problems=self._problems,
            notes=self._notes,
            shards=len(commit.shards),
            files=self._files,
            bytes=self._bytes,
            seconds=time.perf_counter() - start,
        )

    @cached_property
    def _adding(self) -> str:
        """What makes again what is lost, as far as the settings can be read, or the commit's copy of them."""
        try:
            settings, _ = read_settings(self._folder)
        except CtxSearchError:
            if (kept := self._kept()) is None:
                return _COMMAND
            settings = kept
        return _METHODS if settings.has_own_encoder else _COMMAND

    def _kept(self) -> Settings | None:
        """The settings that the commit has; None where it has none, or none that can be read."""
        if self._settings_kept is None:
            return None
        try:
            return parse_settings(self._settings_kept, self._folder / SETTINGS_FILE)
        except IndexDamaged:
            return None

    def _senses(self) -> None:
        """What people wrote."""
        path = self._folder / SENSES_FILE
        if not os.path.lexists(path):
            return
        self._files += 1
        try:
            problem = senses_problem(self._folder, quick=self._quick)
        except IndexLocked:
            self._notes.append(f"{path} was not looked at: another process or thread writes to it.")
            return
        if problem:
            self._problems.append(problem)

    def _commits(self) -> None:
        """Commits that cannot be read are problems."""
        for _, path in commit_files(self._folder):
            self._files += 1
            try:
                read_commit(path)
            except FileNotFoundError:
                continue  # cleared away by a writer just now
            except IndexDamaged as error:
                remedy = _RESTORE.format(self._adding) if read_copy(path) is None else _COPY
                self._problems.append(Problem(str(path), error.why, remedy))
                continue
            self._copy(path)

    def _copy(self, path: Path) -> None:
        """A commit's copy that is not like it is a problem; one that is not there yet or any more is none."""
        copy = copy_path(path)
        try:
            with reading(copy, missing_ok=True):
                plain_size(copy)
                if copy.read_bytes() != path.read_bytes():
                    raise IndexDamaged(str(copy), "it is not as its commit is")
        except FileNotFoundError:
            pass
        except IndexDamaged as error:
            self._problems.append(Problem(str(copy), error.why, _COPY))

    def _settings(self, commit: Commit) -> Settings | None:
        """The settings, from the commit's copy where the file is damaged; None where nothing tells them."""
        path = self._folder / SETTINGS_FILE
        self._files += 1
        try:
            settings, text = read_settings(self._folder)
            if commit.settings is None and commit.number:
                self._notes.append(f"No commit of format 1 says what {SETTINGS_FILE} should be; it was only read.")
            elif commit.settings not in (None, text):
                raise IndexDamaged(str(path), "it is not what it was when the index was made")
        except CtxSearchError as error:
            why = error.why if isinstance(error, IndexDamaged) else str(error)
            if isinstance(error, IndexNotFound):
                why = "it is missing"
            kept = self._kept()
            self._problems.append(Problem(str(path), why, _NO_SETTINGS if kept is None else _SETTINGS))
            return kept
        self._head(settings)
        try:
            problem = encoder_problem(settings, self._found_encoder(settings))
        except ModelError as error:
            self._notes.append(f"The model was not compared with the index's own: {error}")
            return settings
        if problem:
            self._problems.append(problem)
        return settings

    def _head(self, settings: Settings) -> None:
        """A head that is missing or damaged is a problem, even where another copy of it comes with ctxsearch."""
        if not settings.head_digest:
            return
        self._files += 1
        path = self._folder / HEAD_FILE
        try:
            self._bytes += len(head_content(path, settings.head_digest))
        except IndexDamaged as error:
            shipped = shipped_content(settings.head_digest) is not None
            self._problems.append(Problem(str(path), error.why, _SHIPPED_HEAD if shipped else _OWN_HEAD))

    def _shard(
        self, settings: Settings | None, commit: Commit, entry: ShardEntry, seen: set[str]
    ) -> Iterator[tuple[Path, str]]:
        """What is wrong with a shard, by file."""
        folder = self._folder / entry.shard_id
        if folder.is_symlink():
            yield folder, "it is a link, and no folder of the index"
            return
        damaged = False
        for name, (size, digest) in sorted(entry.files.items()):
            path = folder / name
            self._files += 1
            why = self._file(path, size, digest)
            if why:
                damaged = True
                yield path, why
        if damaged or self._quick or settings is None:
            return
        # Every byte is what was written; now whether what was written was right.
        try:
            shard = self._open_shard(self._folder, settings, commit, entry)
        except IndexDamaged as error:
            yield Path(error.path), error.why
            return
        try:
            yield from inconsistencies(shard, folder, seen)
        except IndexDamaged as error:
            yield Path(error.path), error.why
        finally:
            shard.catalog.close()

    def _file(self, path: Path, size: int, digest: str) -> str:
        """What is wrong with a file; empty if nothing is."""
        try:
            if self._quick:
                return size_problem(path, size) or self._quick_problem(path)
            self._bytes += size
            if problem := content_problem(path, size, digest):
                return problem
        except IndexDamaged as error:
            return error.why
        if self._on_progress:
            self._on_progress(Progress("verify", self._bytes, self._total))
        return ""

    def _quick_problem(self, path: Path) -> str:
        magic = _MAGIC.get(path.name, b"")
        with reading(path), path.open("rb") as file:
            head = file.read(len(magic))
        self._bytes += len(head)
        return "" if head == magic else "it does not begin as such a file does"

    def _leftovers(self, commit: Commit) -> None:
        known = {entry.shard_id for entry in commit.shards}
        extra = [path for path in shard_folders(self._folder) if path.name not in known]
        extra += self._folder.glob(f"{TEMPORARY_PREFIX}*")
        if commit.lost is None:
            self._notes.append(
                "Documents went with a damaged part, and nobody knows which. To make them again, give all sources to:"
                f" {self._adding}; then, or to do without: ctxsearch remove INDEX --lost."
            )
        elif commit.lost:
            self._notes.append(
                f"Lost with a damaged part, and not made again yet: {_listed(commit.lost)}. To make them again:"
                f" {self._adding}; to do without them: ctxsearch remove INDEX --lost."
            )
        if extra and not self._problems:
            names = _listed([path.name for path in extra])
            self._notes.append(
                f"Left by a run that broke off, or read by somebody; the next run clears it away: {names}."
            )


def _hold(folder: Path) -> HeldCommit:
    """The newest commit that can be read; an empty one where none can."""
    try:
        return hold_commit(folder, allow_damaged=True)
    except IndexDamaged:
        return HeldCommit(Commit())


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
