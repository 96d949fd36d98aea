"""What an interrupted write leaves beside a database: a journal, by which it is undone before anybody can read."""

from __future__ import annotations

import errno
import os
import sqlite3
from contextlib import closing
from pathlib import Path

from ctxsearch.errors import IndexDamaged
from ctxsearch.storage import plain_size

# At the end of a journal, after the name of a super-journal: https://sqlite.org/src/file/src/pager.c
_MAGIC = bytes.fromhex("d9d505f920a163d7")

PATIENCE_SECONDS = 30.0
"""So long are others waited for who write."""


def roll_back(path: Path) -> None:
    """Undoes what somebody left half written who was killed, or whose disk was full.

    Whoever opens the database only to read cannot do it, and cannot read before it is done. Where there is nothing to
    undo, or somebody writes at this moment, nothing happens.

    A journal may name a super-journal, which SQLite deletes when it is done; ours never does, and a stranger's could
    name any file.

    Args:
        path: the database.

    Raises:
        IndexDamaged: the journal names another file, or is no file itself.
        OSError: it has to be done, and this process may not write there.
        sqlite3.Error: it cannot be read, or somebody writes for a long time.
    """
    journal = path.with_name(f"{path.name}-journal")
    try:
        if not plain_size(journal):
            return
        with journal.open("rb") as file:
            file.seek(-min(plain_size(journal), len(_MAGIC)), os.SEEK_END)
            if file.read() == _MAGIC:
                raise IndexDamaged(str(journal), "it names another file")
    except FileNotFoundError:
        return
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        raise IndexDamaged(str(journal), "it is no plain file") from error
    uri = f"{path.resolve().as_uri()}?mode=rw"
    with closing(sqlite3.connect(uri, uri=True, timeout=PATIENCE_SECONDS)) as connection:
        try:
            connection.execute("select 1 from sqlite_schema").fetchone()
        except sqlite3.OperationalError as error:
            if "readonly" not in str(error):
                raise
            why = "an interrupted change has to be undone first, which ctxsearch senses list does for who may write"
            raise OSError(errno.EACCES, why, str(path)) from error
