"""Who still reads a commit, so that what it is made of is not cleared away under a reader.

A reader holds a shared lock on the file of its commit; a writer that wants an old commit gone must get the lock for
itself, and leaves what it does not get to a later writer. The kernel lets go of the locks of a process that dies.
"""

from __future__ import annotations

import logging
import os
import time
import weakref
from collections.abc import Mapping
from pathlib import Path

from ctxsearch.commit.record import Commit, commit_files, commit_path, newest_commit, read_commit, shard_folders
from ctxsearch.errors import IndexDamaged
from ctxsearch.kernel_lock import KernelLock
from ctxsearch.storage import TEMPORARY_PREFIX, remove

_LOG = logging.getLogger(__name__)

_PAUSE_SECONDS = 0.001


class HeldCommit:
    """A commit whose files stay where they are until `release` is called, or this object is gone.

    Args:
        commit: what is held.
        lock: on its file; None where there is nothing to hold.
        passed_over: files of newer commits that this one stands for, since they cannot be read; with what is wrong.
    """

    def __init__(
        self, commit: Commit, lock: KernelLock | None = None, passed_over: Mapping[str, str] | None = None
    ) -> None:
        self.commit = commit
        self.passed_over = passed_over or {}
        self._let_go = None if lock is None else weakref.finalize(self, lock.let_go)

    def is_of_another(self, folder: Path) -> bool:
        """Whether the index that is there now is another than the one that the commit is of, as far as can be told.

        A writer leaves a commit that is held; a repair may not, and keeps shards of it, which no other index has.

        Raises:
            IndexDamaged: no commit can be read.
        """
        try:
            return read_commit(commit_path(folder, self.commit.number)) != self.commit
        except IndexDamaged:
            return False
        except FileNotFoundError:
            if self._let_go is None or not self._let_go.alive:
                return False
            newest, _ = newest_commit(folder, allow_damaged=True)
            own, there = ({shard.shard_id for shard in commit.shards} for commit in (self.commit, newest))
            return own.isdisjoint(there)

    def release(self) -> None:
        """Lets a writer clear the files away, once there is a newer commit."""
        if self._let_go is not None:
            self._let_go()


def hold_commit(folder: Path, *, allow_damaged: bool = False) -> HeldCommit:
    """Opens the newest commit, and keeps its files from being cleared away.

    Args:
        folder: the index.
        allow_damaged: see `newest_commit`.

    Raises:
        IndexDamaged: see `newest_commit`.
    """
    while True:
        commit, path = newest_commit(folder, allow_damaged=allow_damaged)
        if path is None:
            return HeldCommit(commit)
        try:
            # A stranger's pipe, beside a copy that can be read, must keep nobody waiting.
            lock = KernelLock(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK))
        except FileNotFoundError:
            continue  # cleared away since: there is a newer one
        held = HeldCommit(commit, lock, _unreadable_after(folder, commit) if allow_damaged else None)
        try:
            lock.take(shared=True)
            if os.path.samestat(os.fstat(lock.descriptor), os.stat(path)):
                return held
        except BlockingIOError:
            # Being cleared away, which takes but a moment, unless the writer is stopped in the midst of it.
            held.release()
            time.sleep(_PAUSE_SECONDS)
        except FileNotFoundError:
            pass  # cleared away since
        held.release()


def _unreadable_after(folder: Path, commit: Commit) -> dict[str, str]:
    unreadable = {}
    for number, path in commit_files(folder):
        if number > commit.number:
            try:
                read_commit(path)
            except FileNotFoundError:
                pass
            except IndexDamaged as error:
                unreadable[path.name] = error.why
    return unreadable


def tidy(folder: Path, newest: Commit) -> None:
    """Clears away old commits that nobody reads, and all that no commit needs; for the holder of the writer's lock.

    The commit before stays as long as it costs nothing: it serves where the newest is damaged.
    """
    needed = {shard.shard_id for shard in newest.shards}
    is_previous, all_known = True, True
    for number, path in reversed(commit_files(folder)):
        if number == newest.number:
            continue
        if number > newest.number:
            # Damaged, or this writer would have started from it; it may need anything.
            all_known = False
            continue
        try:
            shards = {shard.shard_id for shard in read_commit(path).shards}
        except IndexDamaged:
            shards = None
        keep = is_previous and shards is not None and shards <= needed
        is_previous = False
        if keep or _remove_unless_held(path):
            continue
        if shards is None:
            all_known = False
        else:
            needed |= shards
    for path in folder.glob("commit-*.copy"):
        if not os.path.lexists(path.with_suffix(".json")):
            remove(path)
    for path in [*folder.glob(f"{TEMPORARY_PREFIX}*"), *(shard_folders(folder) if all_known else ())]:
        if path.name not in needed:
            _LOG.debug("%s is cleared away: no commit needs it.", path)
            remove(path)


def _remove_unless_held(path: Path) -> bool:
    """Removes a commit file, or tells that somebody reads it."""
    if path.is_symlink() or not path.is_file():
        remove(path)  # a stranger's link or pipe: nobody reads it, and a pipe would keep us waiting
        return True
    lock = KernelLock(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
    try:
        lock.take()
    except BlockingIOError:
        return False
    else:
        remove(path)
        return True
    finally:
        lock.let_go()
