"""One change of a sense inventory: the rows that it touches, as they were before and are after."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime, timezone

from ctxsearch.errors import SenseError, SenseNotFound

Cell = str | int
Row = tuple[Cell, ...]

# The columns of each table; those that tell its rows apart come first.
COLUMNS = {
    "senses": ("sense", "sense_id", "lemma", "definition"),
    "labels": ("key", "by", "sense", "at"),
    "examples": ("example", "sense", "text", "start", "end", "source"),
    "notes": ("note", "sense", "text", "by", "at"),
    "subcorpora": ("name", "conditions", "by", "at"),
}
_OWN_COLUMNS = {"senses": 1, "labels": 2, "examples": 1, "notes": 1, "subcorpora": 1}


class Edit:
    """One change in the making.

    Args:
        connection: in a transaction.
        by: who makes it.
    """

    def __init__(self, connection: sqlite3.Connection, by: str) -> None:
        self._connection = connection
        self.by = by
        self.at = datetime.now(timezone.utc).isoformat(timespec="seconds")
        self.rows: list[tuple[str, Row | None, Row | None]] = []

    def found(self, table: str, column: str, value: Cell) -> list[Row]:
        """The rows that have this value there, in their order."""
        names = ", ".join(f'"{name}"' for name in COLUMNS[table])
        return self._connection.execute(
            f'select {names} from {table} where "{column}" = ? order by 1, 2', [value]
        ).fetchall()

    def put(self, table: str, row: Row) -> None:
        """Writes a row, in the place of the one with its key if there is one."""
        before = self._row(table, row)
        if before != row:
            marks = ", ".join("?" * len(row))
            self._connection.execute(f"insert or replace into {table} values ({marks})", row)
            self.rows.append((table, before, row))

    def drop(self, table: str, row: Row) -> None:
        """Takes a row out."""
        self._connection.execute(f"delete from {table} where {self._own(table)}", row[: _OWN_COLUMNS[table]])
        self.rows.append((table, row, None))

    def next_number(self, table: str) -> int:
        """A number that no row of a table has."""
        number: int = self._connection.execute(
            f"select coalesce(max({COLUMNS[table][0]}), 0) + 1 from {table}"
        ).fetchone()[0]
        return number

    def sense(self, sense_id: str) -> Row:
        """The row of a sense.

        Raises:
            SenseNotFound: there is none.
        """
        found = self.found("senses", "sense_id", sense_id)
        if not found:
            rows = self._connection.execute("select sense_id from senses order by sense_id").fetchall()
            raise SenseNotFound(sense_id, [str(name) for (name,) in rows])
        return found[0]

    def add_sense(self, sense_id: str, lemma: str, definition: str) -> int:
        """Writes a new sense, and gives its number.

        Raises:
            SenseError: there is one of this name.
        """
        if found := self.found("senses", "sense_id", sense_id):
            raise SenseError(f"There is a sense {sense_id!r} already, of {found[0][2]!r}; choose another name.")
        number = self.next_number("senses")
        self.put("senses", (number, sense_id, lemma, definition))
        return number

    def undo(self, rows: Sequence[tuple[str, Row | None, Row | None]]) -> bool:
        """Puts rows back as they were, last first; False, and nothing is, where one has been changed since."""
        for table, before, after in reversed(rows):
            one = before or after
            if one is None or self._row(table, one) != after:
                return False
            if before is None:
                self.drop(table, one)
            else:
                self.put(table, before)
        return True

    def _row(self, table: str, like: Row) -> Row | None:
        names = ", ".join(f'"{name}"' for name in COLUMNS[table])
        found: Row | None = self._connection.execute(
            f"select {names} from {table} where {self._own(table)}", like[: _OWN_COLUMNS[table]]
        ).fetchone()
        return found

    @staticmethod
    def _own(table: str) -> str:
        return " and ".join(f'"{name}" = ?' for name in COLUMNS[table][: _OWN_COLUMNS[table]])
