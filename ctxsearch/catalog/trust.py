"""What a database must be before it is read: a file may be a stranger's."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence


def are_plain_tables(connection: sqlite3.Connection, names: Sequence[str]) -> bool:
    """Whether all of these are tables, and nothing is a trigger: a stranger's view could compute for ever."""
    marks = ", ".join("?" * len(names))
    rows = connection.execute(
        f"select name, type, sql from sqlite_schema where name in ({marks}) or type = 'trigger'", names
    ).fetchall()
    kinds = {name: kind for name, kind, sql in rows if "virtual" not in str(sql).lower().split()[:2]}
    return kinds == dict.fromkeys(names, "table")
