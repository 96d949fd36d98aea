"""A copy of a database as of one moment, while others write to it."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from ctxsearch.catalog.failures import disk_error, reading_error
from ctxsearch.catalog.journal import PATIENCE_SECONDS, roll_back
from ctxsearch.errors import IndexLocked

_BUSY = 5  # as SQLite tells how a step went


def write_snapshot(path: Path, goal: Path) -> None:
    """Copies a database into a new file, by SQLite's own means.

    Raises:
        IndexDamaged: it is no database, or a damaged one.
        IndexLocked: somebody else writes for a long time.
        OSError: the disk is full, or fails.
    """
    until = time.monotonic() + PATIENCE_SECONDS

    def on_step(status: int, remaining: int, total: int) -> None:
        # SQLite would try for ever.
        if status == _BUSY and time.monotonic() > until:
            raise IndexLocked(str(path))

    try:
        roll_back(path)
        with (
            closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(goal)) as copy,
        ):
            source.backup(copy, progress=on_step)
    except sqlite3.OperationalError as error:
        raise disk_error(error, path) from error
    except sqlite3.Error as error:
        raise reading_error(error, path) from error
