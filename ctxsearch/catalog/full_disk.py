"""What SQLite says of a full or failing disk, raised as every other file raises it."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def disk_errors_told(path: Path) -> Iterator[None]:
    """Turns SQLite's error about a full or failing disk into an `OSError` that names the file.

    That a file is no database, or a damaged one, is another error, and passes.
    """
    try:
        yield
    except sqlite3.OperationalError as error:
        code = errno.ENOSPC if "full" in str(error) else errno.EIO
        raise OSError(code, f"SQLite says {str(error)!r}", str(path)) from error
