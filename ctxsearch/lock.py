"""One writer at a time: a lock that the kernel holds for a process, and lets go when the process dies."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ctxsearch.errors import IndexDamaged, IndexLocked, IndexNotFound
from ctxsearch.kernel_lock import KernelLock

LOCK_FILE = "lock"
_NO_FILE = "it is a link, or no plain file; remove it"


@contextmanager
def writer_lock(folder: Path) -> Iterator[None]:
    """Holds the writer's lock of an index.

    Raises:
        IndexDamaged: the lock is a link that leads elsewhere, or no file.
        IndexLocked: another process or thread (or another index object) holds it.
        IndexNotFound: the folder is gone.
    """
    try:
        descriptor = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    except FileNotFoundError as error:
        raise IndexNotFound(str(folder)) from error
    except OSError as error:
        if error.errno not in (errno.ELOOP, errno.EISDIR, errno.ENXIO):
            raise
        # What is written into the lock would go wherever a stranger's link leads.
        raise IndexDamaged(str(folder / LOCK_FILE), _NO_FILE) from error
    lock = KernelLock(descriptor)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise IndexDamaged(str(folder / LOCK_FILE), _NO_FILE)
        try:
            lock.take()
        except BlockingIOError as error:
            holder = os.read(descriptor, 64).decode("ascii", "replace").strip()
            # The kernel holds it for an open file, so this process can keep itself off.
            own = " (this one: another thread, or index object)" if holder == f"process {os.getpid()}" else ""
            raise (IndexLocked(str(folder), f"{holder}{own}") if holder else IndexLocked(str(folder))) from error
        if not _is_in_place(descriptor, folder / LOCK_FILE):
            # A run that made this index, and then had nothing to put into it, has taken it away just now.
            raise IndexNotFound(str(folder))
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"process {os.getpid()}\n".encode(), 0)
        yield
    finally:
        lock.let_go()


def _is_in_place(descriptor: int, path: Path) -> bool:
    """Whether an open file is still the one of its name."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except FileNotFoundError:
        return False
