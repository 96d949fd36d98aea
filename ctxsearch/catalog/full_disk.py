"""What SQLite says of a full or failing disk, raised as every other file raises it."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path


def disk_error(error: sqlite3.DatabaseError, path: Path) -> OSError:
    """SQLite's error about a full or failing disk as one that names the file."""
    code = errno.ENOSPC if "full" in str(error) else errno.EIO
    return OSError(code, f"SQLite says {str(error)!r}", str(path))
