"""A file of SQLite that is only read, and that may be a stranger's."""

from __future__ import annotations

import sqlite3
import weakref
from collections.abc import Iterable, Sequence
from pathlib import Path

from ctxsearch.catalog.failures import reading_error
from ctxsearch.errors import IndexDamaged
from ctxsearch.hindrance import reading
from ctxsearch.storage import plain_size
from ctxsearch.thread_lock import awaited_lock

NUMBERS = "(select value from json_each(?))"
"""Some numbers, as one text: whatever their number, so that SQLite need not compile the statement anew for each."""


class CatalogFile:
    """A file that is open to be read; what is in it is for those who inherit from this.

    Args:
        path: of the file.

    Raises:
        IndexDamaged: it is missing or is no file.
        OSError: this process is kept from it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        # Committed shards never change, so SQLite needs no lock and no journal; and the file may be a stranger's.
        uri = f"{self.path.resolve().as_uri()}?mode=ro&immutable=1"
        with reading(self.path):
            # Once: a writer may clear the file away that is open here.
            self._size = plain_size(self.path)
        # From Python 3.12 on two threads can be given the one compiled statement that is kept of a text, and one
        # would bind its parameters to what the other is about to run. SQLite itself lets one in at a time, and a child
        # that was forked while a thread is inside would wait for it for ever.
        self._one_at_a_time = awaited_lock()
        try:
            with self._one_at_a_time:
                connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
        except sqlite3.Error as error:
            raise reading_error(error, self.path) from error
        # Closed with this object, if by nobody before.
        self._let_go = weakref.finalize(self, connection.close)
        self._connection = connection
        self._rows("pragma trusted_schema = off")
        self._rows("pragma cell_size_check = on")

    def close(self) -> None:
        """Lets go of the file."""
        self._let_go()

    def _rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[object, ...]]:
        try:
            with self._one_at_a_time:
                return self._connection.execute(sql, parameters).fetchall()
        except UnicodeEncodeError:
            return []  # half of a surrogate pair is asked for, which no text here has
        except sqlite3.Error as error:
            raise reading_error(error, self.path) from error

    def _checked(
        self, sql: str, kinds: tuple[type, ...], parameters: Sequence[object] = ()
    ) -> list[tuple[object, ...]]:
        """Rows whose cells are of the kinds that a writer puts there; SQLite itself would let anything pass."""
        rows = self._rows(sql, parameters)
        self._by_column(rows, kinds)
        return rows

    def _columns(self, sql: str, kinds: tuple[type, ...]) -> list[tuple[object, ...]]:
        """The same, a column at a time."""
        return self._by_column(self._rows(sql), kinds)

    def _by_column(self, rows: list[tuple[object, ...]], kinds: tuple[type, ...]) -> list[tuple[object, ...]]:
        if rows and len(rows[0]) != len(kinds):
            raise IndexDamaged(str(self.path), f"a table has {len(rows[0])} columns where {len(kinds)} are expected")
        # A column at a time: a look at each row would take more than twice as long.
        columns = list(zip(*rows, strict=True)) or [()] * len(kinds)
        for kind, cells in zip(kinds, columns, strict=True):
            if found := set(map(type, cells)) - {kind}:
                wrong = ", ".join(sorted(one.__name__ for one in found))
                raise IndexDamaged(str(self.path), f"a column of {kind.__name__} holds {wrong}")
        return columns

    def integrity(self) -> list[str]:
        """What SQLite finds wrong with the file; empty if nothing."""
        found = [str(row[0]) for row in self._rows("pragma integrity_check(5)")]
        return [] if found == ["ok"] else found

    def _by_number(self, select: str, numbers: Iterable[int]) -> list[tuple[object, ...]]:
        wanted = sorted(set(numbers))
        if len(wanted) == 1:
            return self._rows(f"{select} = ?", wanted)
        return self._rows(f"{select} in {NUMBERS}", [f"[{','.join(map(str, wanted))}]"])
