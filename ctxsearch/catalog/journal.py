"""What an interrupted write leaves beside a database: a journal, by which it is undone before anybody can read."""

from __future__ import annotations

import errno
import sqlite3
from contextlib import closing
from pathlib import Path

PATIENCE_SECONDS = 30.0
"""So long are others waited for who write."""


def roll_back(path: Path) -> None:
    """Undoes what somebody left half written who was killed, or whose disk was full.

    Whoever opens the database only to read cannot do it, and cannot read before it is done. Where there is nothing to
    undo, or somebody writes at this moment, nothing happens.

    Args:
        path: the database.

    Raises:
        OSError: it has to be done, and this process may not write there.
        sqlite3.Error: it cannot be read, or somebody writes for a long time.
    """
    if not path.with_name(f"{path.name}-journal").is_file():
        return
    uri = f"{path.resolve().as_uri()}?mode=rw"
    with closing(sqlite3.connect(uri, uri=True, timeout=PATIENCE_SECONDS)) as connection:
        try:
            connection.execute("select 1 from sqlite_schema").fetchone()
        except sqlite3.OperationalError as error:
            if "readonly" not in str(error):
                raise
            why = "an interrupted change has to be undone first, which ctxsearch senses list does for who may write"
            raise OSError(errno.EACCES, why, str(path)) from error
