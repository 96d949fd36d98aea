"""How the folder of a new index comes to be, and is taken away again where nothing comes of it.

An index is there before its first commit, so that its settings are, and its lock. Where the run that made it commits
nothing, these traces would be taken for an index. Only what the run has made itself goes, under the writer's lock, and
only while it is as the run has left it: a folder that was there stays, and so do files of others in it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from ctxsearch.commit import newest_commit
from ctxsearch.errors import IndexExists
from ctxsearch.lock import LOCK_FILE, writer_lock
from ctxsearch.settings import HEAD_FILE, SETTINGS_FILE, Settings, write_settings
from ctxsearch.storage import make_folders, put_bytes, remove, remove_empty_folder

# Of an index without a commit. The lock goes last: who waits for it sees then that all is gone.
_FILES = (SETTINGS_FILE, HEAD_FILE, LOCK_FILE)
# How often others may take the folder away between its making and its locking.
_TRIES = 10


class Traces:
    """What a new index has left in the file system.

    Args:
        folder: the index.
        made: those of its folder and the ones above that were not there, lowest first.
        before: the names of what was in its folder.
    """

    def __init__(self, folder: Path, made: list[Path], before: frozenset[str]) -> None:
        # The working directory may be another when they are taken away.
        self._folder = folder.absolute()
        self._made = [one.absolute() for one in made]
        self._before = before
        self._settings: tuple[int, ...] | None = None

    def note(self) -> None:
        """Remembers the settings that were written, to tell them from those of a later run."""
        self._settings = self._identity()

    def wipe(self) -> bool:
        """Takes away what was made, see `Index.discard`."""
        if self._settings is None or self._identity() != self._settings:
            return False  # and to take the lock would make one
        # Another writer raises one, and so does a folder that is gone.
        with suppress(OSError), writer_lock(self._folder):
            return self.wipe_locked()
        return False

    def wipe_locked(self) -> bool:
        """The same, for the holder of the writer's lock."""
        added = {*os.listdir(self._folder)} - self._before
        if SETTINGS_FILE in self._before or not added <= {*_FILES} or self._identity() != self._settings:
            return False
        for name in _FILES:
            if name in added:
                remove(self._folder / name)
        for folder in self._made:
            if not remove_empty_folder(folder):
                break
        return True

    def _identity(self) -> tuple[int, ...] | None:
        try:
            there = (self._folder / SETTINGS_FILE).lstat()
        except FileNotFoundError:
            return None
        return there.st_dev, there.st_ino, there.st_ctime_ns


@contextmanager
def founding(folder: Path) -> Iterator[Traces]:
    """Makes the folder of a new index, and holds the writer's lock; where an error is raised, nothing is left.

    Raises:
        IndexLocked: another process writes there.
    """
    with ExitStack() as stack:
        made, had_lock = _lock(folder, stack)
        before = frozenset(os.listdir(folder)) - (frozenset() if had_lock else {LOCK_FILE})
        traces = Traces(folder, made, before)
        try:
            yield traces
        except BaseException:
            with suppress(OSError):  # what failed first is to be told
                traces.note()
                traces.wipe_locked()
            raise
        traces.note()


def _lock(folder: Path, stack: ExitStack) -> tuple[list[Path], bool]:
    """Makes the folder, and takes the lock; returns which folders were not there, and whether the lock was."""
    for left in reversed(range(_TRIES)):
        try:
            made = make_folders(folder)
            had_lock = os.path.lexists(folder / LOCK_FILE)
            stack.enter_context(writer_lock(folder))
        except FileNotFoundError:  # IndexNotFound is one
            if not left:
                raise
        else:
            return made, had_lock
    raise AssertionError("unreachable")


def found(folder: Path, settings: Settings, head: bytes | None) -> str:
    """Writes what an index has before its first commit, and returns the text of its settings.

    Args:
        folder: the index, whose writer's lock is held.
        settings: what it is made with.
        head: the content of its head's file.

    Raises:
        IndexExists: another process has made an index there in the meantime.
        ValueError: a file of a user's is in the place of the head.
    """
    if newest_commit(folder)[1]:
        raise IndexExists(str(folder))
    # An index without a commit holds nothing that could be lost.
    if (folder / SETTINGS_FILE).exists():
        remove(folder / HEAD_FILE)
    remove(folder / SETTINGS_FILE)
    if head is not None:
        _put_head(folder / HEAD_FILE, head)
    return write_settings(folder, settings)


def _put_head(path: Path, content: bytes) -> None:
    """Puts a head into an index's folder; what a user has there under the same name stays.

    Raises:
        ValueError: there is another file of this name.
    """
    if path.exists() and (not path.is_file() or path.read_bytes() != content):
        raise ValueError(
            f"There is a {path.name} in {path.parent} that is of no index; move it, or choose another name."
        )
    put_bytes(path, content)
