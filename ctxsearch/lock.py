"""One writer at a time: a lock that the kernel holds for a process, and lets go when the process dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ctxsearch.errors import IndexLocked

LOCK_FILE = "lock"


@contextmanager
def writer_lock(folder: Path) -> Iterator[None]:
    """Holds the writer's lock of an index.

    Raises:
        IndexLocked: another process (or another index object) holds it.
    """
    descriptor = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(descriptor, 64).decode("ascii", "replace").strip()
            raise IndexLocked(str(folder), holder or "another process") from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"process {os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)
