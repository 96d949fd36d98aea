"""The file of a sense inventory: opened to read or to write, made by the first write, and asked whether it is one."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from ctxsearch.catalog.edit import COLUMNS
from ctxsearch.catalog.failures import disk_error, reading_error
from ctxsearch.catalog.first_write import alone, put_database
from ctxsearch.catalog.journal import PATIENCE_SECONDS, roll_back
from ctxsearch.catalog.trust import are_plain_tables
from ctxsearch.errors import FormatTooNew, IndexDamaged, IndexLocked, SenseError
from ctxsearch.lasting import LastingPath
from ctxsearch.storage import plain_size, sync

_TABLES = (*COLUMNS, "changes")
_MIGRATIONS = {"create_tables", "add_subcorpora"}
_TABLES_OF_LATER = {"add_subcorpora": "subcorpora"}


class InventoryFile:
    """A file that may not be there yet; what is in it is for those who inherit from this.

    Args:
        path: of the file.
    """

    def __init__(self, path: Path) -> None:
        self._place = LastingPath(path)

    @property
    def path(self) -> Path:
        """Of the file."""
        return self._place.path

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection | None]:
        """A connection that only reads; None where nothing was ever written."""
        if not self._is_there():
            yield None
            return
        with self._told():
            plain_size(self.path)
            roll_back(self.path)
            uri = f"{self.path.resolve().as_uri()}?mode=ro"
            with closing(sqlite3.connect(uri, uri=True, timeout=PATIENCE_SECONDS)) as connection:
                yield connection if self._is_made(connection) else None

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """A connection to the file that is there in a transaction, which is committed at the end, or rolled back."""
        # Imported late: it takes a fifth of the time of a cold start, and reading does without it.
        from sqlite_utils import Database

        from ctxsearch.catalog.inventory_schema import migrations

        with self._told():
            plain_size(self.path)
            roll_back(self.path)
            with closing(sqlite3.connect(self.path, timeout=PATIENCE_SECONDS, isolation_level=None)) as connection:
                if not self._is_made(connection) or self._applied(connection) != _MIGRATIONS:
                    # At once the only one who writes: whoever comes second finds all of it done.
                    connection.execute("begin immediate")
                    migrations.apply(Database(connection))
                    if connection.in_transaction:
                        connection.execute("commit")
                    sync(self.path.parent)
                connection.execute("pragma synchronous = full")
                connection.execute("begin immediate")
                try:
                    yield connection
                except BaseException:
                    # Of a full disk SQLite has done it already; and that is what is to be told.
                    if connection.in_transaction:
                        with suppress(sqlite3.Error):
                            connection.execute("rollback")
                    raise
                connection.execute("commit")

    @contextmanager
    def _first(self) -> Iterator[sqlite3.Connection]:
        """The same where there was no file: it is made at the end, if there is anything to keep."""
        with (
            self._told(),
            alone(self.path, PATIENCE_SECONDS),
            self._writing() if self._is_there() else self._empty() as connection,  # there, if another was quicker
        ):
            yield connection
            if not self._is_there() and connection.execute("select 1 from changes").fetchone():
                put_database(connection, self.path)

    @contextmanager
    def _empty(self) -> Iterator[sqlite3.Connection]:
        """A connection to an inventory in memory that has nothing, and is forgotten."""
        from sqlite_utils import Database

        from ctxsearch.catalog.inventory_schema import migrations

        with self._told(), closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
            migrations.apply(Database(connection))
            yield connection

    def _is_there(self) -> bool:
        """Whether there is a file, or what is in the place of one."""
        return self.path.exists() or self.path.is_symlink()

    def _is_made(self, connection: sqlite3.Connection) -> bool:
        """Whether the file has its tables.

        Raises:
            FormatTooNew: a newer ctxsearch has changed them.
            IndexDamaged: they are something else.
        """
        connection.execute("pragma trusted_schema = off")
        if not connection.execute("select 1 from sqlite_schema").fetchone():
            return False
        if not are_plain_tables(connection, ["_sqlite_migrations"]):
            raise IndexDamaged(str(self.path), "its tables are not those of a sense inventory")
        applied = self._applied(connection)
        if applied - _MIGRATIONS:
            raise FormatTooNew(str(self.path), len(applied), len(_MIGRATIONS))
        later = {table for name, table in _TABLES_OF_LATER.items() if name not in applied}
        if not are_plain_tables(connection, [table for table in _TABLES if table not in later]):
            raise IndexDamaged(str(self.path), "its tables are not those of a sense inventory")
        return True

    @staticmethod
    def _applied(connection: sqlite3.Connection) -> set[str]:
        """The names of the migrations that made the file what it is."""
        return {str(name) for (name,) in connection.execute("select name from _sqlite_migrations")}

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Tells what SQLite says went wrong, and what it cannot be given, as one of our errors."""
        try:
            yield
        except UnicodeEncodeError as error:
            why = f"no valid Unicode near character {error.start} (a lone surrogate)"
            raise SenseError(f"{error.object!r:.80} is {why}.") from error
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise IndexLocked(str(self.path)) from error
            if "malformed JSON" in str(error):
                raise IndexDamaged(str(self.path), "a change in its log cannot be read") from error
            raise disk_error(error, self.path) from error
        except sqlite3.Error as error:
            raise reading_error(error, self.path) from error
