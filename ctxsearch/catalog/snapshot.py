"""A copy of a database as of one moment, while others write to it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from ctxsearch.catalog.failures import disk_error, reading_error


def write_snapshot(path: Path, goal: Path) -> None:
    """Copies a database into a new file, by SQLite's own means.

    Raises:
        IndexDamaged: it is no database, or a damaged one.
        OSError: the disk is full, or fails.
    """
    try:
        with (
            closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(goal)) as copy,
        ):
            source.backup(copy)
    except sqlite3.OperationalError as error:
        raise disk_error(error, path) from error
    except sqlite3.Error as error:
        raise reading_error(error, path) from error
