"""What SQLite says went wrong with a file, raised as it is where any other file is read or written."""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path

from ctxsearch.errors import IndexDamaged
from ctxsearch.hindrance import is_hindrance


def disk_error(error: sqlite3.Error, path: Path) -> OSError:
    """SQLite's error about a full or failing disk, or one that it may not write, as one that names the file."""
    if "readonly" in str(error) or "unable to open" in str(error):
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK))
        except FileNotFoundError:
            pass
        except OSError as cause:
            return cause
        # It would have a journal beside it.
        if not os.access(path.parent, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
            return PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path.parent))
    code = errno.ENOSPC if is_full(error) else errno.EIO
    return OSError(code, f"SQLite says {str(error)!r}", str(path))


def reading_error(error: sqlite3.Error, path: Path) -> OSError | IndexDamaged | ValueError:
    """SQLite's error about a catalog that is only read: damage, unless this process is kept from the file.

    Or it was asked for what it cannot hold, and never looked into the file.

    SQLite keeps to itself why it could not open a file, so the file is opened once more. What is full is the disk that
    it sorts on.
    """
    if isinstance(error, sqlite3.ProgrammingError | sqlite3.InterfaceError):
        return ValueError(
            f"What is asked for is to be a text or a number; of something else SQLite says {str(error)!r}."
        )
    if is_full(error):
        return disk_error(error, path)
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK))
    except OSError as cause:
        if is_hindrance(cause):
            return cause
    return IndexDamaged(str(path), f"SQLite says {str(error)!r}")


def is_full(error: sqlite3.Error) -> bool:
    """Whether the disk is."""
    return "full" in str(error)
