"""The first write into a database that is not there yet: it is made in memory, and put in its place whole.

A database that SQLite makes is there, empty, before anything is in it; it cannot be removed again where nothing comes
of it, since another process may have opened it, whose writes would be lost. So nobody sees it before it has something.
Meanwhile its folder is locked: of two who come first at once, the second finds what the first has made.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from ctxsearch.errors import IndexLocked
from ctxsearch.kernel_lock import KernelLock
from ctxsearch.storage import remove, rename

_PAUSE_SECONDS = 0.02


@contextmanager
def alone(path: Path, patience: float) -> Iterator[bool]:
    """Keeps others from making the same database, as long as they ask here; where there are no locks it does nothing.

    Args:
        path: of the database.
        patience: for how many seconds another is waited for.

    Yields:
        Whether others are kept out.

    Raises:
        IndexLocked: another was waited for in vain.
    """
    lock = KernelLock(os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
    is_alone = True
    try:
        end = time.monotonic() + patience
        while True:
            try:
                lock.take()
            except BlockingIOError as error:
                if time.monotonic() > end:
                    raise IndexLocked(str(path)) from error
                time.sleep(_PAUSE_SECONDS)
            except OSError:
                is_alone = False  # a file system without locks
                break
            else:
                break
        yield is_alone
    finally:
        lock.let_go()


def put_database(connection: sqlite3.Connection, path: Path) -> None:
    """Writes a database that is in memory to a path where there is none, whole and durably, or not at all."""
    some = _unfinished(path)
    temporary = some[0]
    for left in some:  # by a run that was killed
        remove(left)
    try:
        with closing(sqlite3.connect(temporary)) as goal:
            goal.execute("pragma synchronous = full")
            connection.backup(goal)
        rename(temporary, path)
    finally:
        for left in some:
            remove(left)


def clear_unfinished(path: Path) -> None:
    """Clears away what a run that was killed has left of a database, unless somebody makes it at this moment.

    Where there are no locks nobody can tell, and it is left for who makes the database next.
    """
    some = _unfinished(path)
    if any(map(os.path.lexists, some)):
        with suppress(IndexLocked), alone(path, 0) as is_alone:
            for left in some if is_alone else ():
                remove(left)


def _unfinished(path: Path) -> tuple[Path, Path]:
    """Where a database is made that is then put in its place, and the journal of that."""
    return path.with_name(f"{path.name}-new"), path.with_name(f"{path.name}-new-journal")
