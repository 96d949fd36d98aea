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
_OF_SENSES = ("labels", "examples", "notes")
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
        self._next: dict[str, int] = {}

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
            marks, own = ", ".join("?" * len(row)), _OWN_COLUMNS[table]
            key = ", ".join(f'"{name}"' for name in COLUMNS[table][:own])
            rest = ", ".join(f'"{name}" = excluded."{name}"' for name in COLUMNS[table][own:])
            # Not "or replace": that would take out whatever row is in the way of this one, by another column, too.
            self._connection.execute(
                f"insert into {table} values ({marks}) on conflict({key}) do update set {rest}", row
            )
            self.rows.append((table, before, row))

    def drop(self, table: str, row: Row) -> None:
        """Takes a row out."""
        self._connection.execute(f"delete from {table} where {self._own(table)}", row[: _OWN_COLUMNS[table]])
        self.rows.append((table, row, None))

    def next_number(self, table: str) -> int:
        """A number that no row of a table has, or ever had: what was taken out may come back, or be spoken of yet."""
        if table not in self._next:
            (there,) = self._connection.execute(f"select max({COLUMNS[table][0]}) from {table}").fetchone()
            (logged,) = self._connection.execute(
                "select max(coalesce(json_extract(value, '$[2][0]'), json_extract(value, '$[1][0]')))"
                " from changes, json_each(changes.rows) where json_extract(value, '$[0]') = ?",
                [table],
            ).fetchone()
            self._next[table] = max(there or 0, logged or 0)
        self._next[table] += 1
        return self._next[table]

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

    def undo(self, rows: Sequence[tuple[str, Row | None, Row | None]]) -> str:
        """Puts rows back as they were, last first.

        Returns:
            Why that cannot be, and then all is to be as it was before; or nothing.
        """
        for table, before, after in reversed(rows):
            one = before or after
            if one is None or self._row(table, one) != after:
                return "what it changed has been changed since"
            if before is None:
                self.drop(table, one)
                continue
            if table == "senses" and any(row[0] != before[0] for row in self.found(table, "sense_id", before[1])):
                return f"another sense is called {before[1]!r} now"
            self.put(table, before)
        taken = {row[0] for table, row, after in self.rows if table == "senses" and row is not None and after is None}
        for table in _OF_SENSES:
            lost = f"select distinct sense from {table} where sense not in (select sense from senses)"
            orphans = {sense for (sense,) in self._connection.execute(lost)}
            if orphans & taken:
                return f"a sense that it made has {table} now"
            at = COLUMNS[table].index("sense")
            if orphans & {after[at] for one, _, after in self.rows if one == table and after is not None}:
                return f"a sense that its {table} are of has been taken out since"
        return ""

    def _row(self, table: str, like: Row) -> Row | None:
        names = ", ".join(f'"{name}"' for name in COLUMNS[table])
        found: Row | None = self._connection.execute(
            f"select {names} from {table} where {self._own(table)}", like[: _OWN_COLUMNS[table]]
        ).fetchone()
        return found

    @staticmethod
    def _own(table: str) -> str:
        return " and ".join(f'"{name}" = ?' for name in COLUMNS[table][: _OWN_COLUMNS[table]])
