"""``senses.sqlite``: the senses that people tell apart, who labelled what, and all that was ever changed.

The file is made when the first thing is written into it, and is never rebuilt. Each change is one transaction, and the
rows that it touched are kept as they were before and after. To undo it is to put back what was before; that is refused
where one of these rows has been changed since.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from ctxsearch.catalog.edit import Cell, Edit, Row
from ctxsearch.catalog.inventory_file import InventoryFile
from ctxsearch.catalog.log import CHANGES, CHANGES_OF_WORD, touched
from ctxsearch.domain import Usage
from ctxsearch.errors import FormatTooNew, IndexDamaged, SenseError
from ctxsearch.sense import Change, Label, Note, Sense
from ctxsearch.settings import SENSES_FILE


class Inventory(InventoryFile):
    """The sense inventory of one index.

    Args:
        folder: the index's folder.
        refuse_remade: raises where another index is there than the one that is written about; is asked before a write.
    """

    def __init__(self, folder: Path, refuse_remade: Callable[[], None] = lambda: None) -> None:
        super().__init__(folder / SENSES_FILE)
        self._refuse_remade = refuse_remade

    def senses(self, lemma: str | None = None, sense_id: str | None = None) -> list[Sense]:
        """All senses, or those of a lemma, or the one of a name, in the order in which they were made."""
        asked = {column: one for column, one in (("lemma", lemma), ("sense_id", sense_id)) if one is not None}
        with self._reading() as connection:
            notes: dict[int, list[Note]] = {}
            for sense, *note in _rows(connection, 'select sense, text, "by", at from notes order by note'):
                notes.setdefault(int(sense), []).append(Note(*map(str, note)))
            rows = _rows(
                connection,
                "select sense, sense_id, lemma, definition,"
                " (select count(*) from labels where labels.sense = senses.sense),"
                " (select count(distinct key) from labels where labels.sense = senses.sense),"
                " (select count(*) from examples where examples.sense = senses.sense)"
                f" from senses where {' and '.join(f'{column} = ?' for column in asked) or 'true'} order by sense",
                [*asked.values()],
            )
            return [
                Sense(
                    *(str(name), str(word), str(definition)),
                    *(int(labels), int(lines), int(examples)),
                    notes.get(int(number), []),
                )
                for number, name, word, definition, labels, lines, examples in rows
            ]

    def labels(self, lemma: str | None = None, by: str | None = None) -> list[Label]:
        """All labels, or those of a lemma or a person; by key and person."""
        with self._reading() as connection:
            rows = _rows(
                connection,
                'select key, sense_id, lemma, "by", at from labels join senses using (sense)'
                ' where (lemma = :lemma or :lemma is null) and ("by" = :by or :by is null) order by key, "by"',
                {"lemma": lemma, "by": by},
            )
            return [Label(*map(str, row)) for row in rows]

    def examples(self, lemma: str) -> list[tuple[str, Usage]]:
        """The sentences that show the senses of a lemma, each with the name of its sense."""
        with self._reading() as connection:
            rows = _rows(
                connection,
                'select sense_id, text, start, "end" from examples join senses using (sense)'
                " where lemma = ? order by example",
                [lemma],
            )
            return [(str(name), Usage(str(text), int(start), int(end))) for name, text, start, end in rows]

    def subcorpora(self) -> dict[str, list[str]]:
        """The conditions of every subcorpus, by name."""
        with self._reading() as connection:
            if connection is None or "add_subcorpora" not in self._applied(connection):
                return {}
            rows = _rows(connection, "select name, conditions from subcorpora order by name")
            return {str(name): self._conditions(str(name), conditions) for name, conditions in rows}

    def _conditions(self, name: str, text: Cell) -> list[str]:
        try:
            found = json.loads(str(text))
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, list) or not found or not all(isinstance(one, str) for one in found):
            raise IndexDamaged(str(self.path), f"the conditions of the subcorpus {name!r} cannot be read")
        return found

    def changes(self, lemma: str | None = None) -> list[Change]:
        """All that was done, or what was done about the senses of a lemma; oldest first."""
        statement, named = (CHANGES, {}) if lemma is None else (CHANGES_OF_WORD, {"lemma": lemma})
        with self._reading() as connection:
            rows = _rows(connection, statement, named)
            return [Change(int(one), str(what), str(by), str(at), bool(undone)) for one, what, by, at, undone in rows]

    def problems(self, *, quick: bool) -> list[str]:
        """What is wrong with the file; empty if nothing, or if there is none.

        Args:
            quick: whether to look at its tables' names only, and not at every page.
        """
        try:
            with self._reading() as connection:
                found = [] if quick else [str(row[0]) for row in _rows(connection, "pragma integrity_check(5)")]
                if found == ["ok"]:
                    found = _unreadable_changes(connection) or found
            self.subcorpora()
        except (FormatTooNew, IndexDamaged) as error:
            return [error.why if isinstance(error, IndexDamaged) else str(error)]
        return [] if found in (["ok"], []) else found

    @contextmanager
    def changing(self, what: str, by: str, *, makes: bool = False) -> Iterator[Edit]:
        """One change: all of it is written, or nothing; where nothing differs, it is not even noted.

        Args:
            what: a sentence that says what is done.
            by: who does it.
            makes: whether it makes something, and is not of what is there already: no other needs a file if there is
                none, since nothing can come of it.

        Raises:
            IndexLocked: somebody else writes for a long time.
            IndexRemade: another index has come in the place of this one.
            OSError: it cannot be written.
        """
        self._refuse_remade()
        with self._writing() if self._is_there() else self._first() if makes else self._empty() as connection:
            edit = Edit(connection, by)
            yield edit
            if edit.rows:
                self._note(connection, what, edit, 0)

    def undo(self, by: str) -> Change:
        """Undoes the newest change of a person that is not undone.

        Raises:
            SenseError: there is none, or what it changed has been changed since.
            IndexRemade: another index has come in the place of this one.
        """
        self._refuse_remade()
        nothing = SenseError(f"There is nothing of {by!r} to undo.")
        if not self.changes():
            raise nothing
        with self._writing() as connection:
            # Chosen when nobody else writes: of two who undo at once, the second is to have the change before.
            newest = next((one for one in reversed(self._changes_by(by)) if not one.undone), None)
            if newest is None:
                raise nothing
            edit = Edit(connection, by)
            (content,) = connection.execute('select "rows" from changes where change = ?', [newest.number]).fetchone()
            try:
                rows = touched(content)
            except ValueError as error:
                raise IndexDamaged(str(self.path), _unreadable(newest.number)) from error
            if why := edit.undo(rows):
                raise SenseError(f"Change {newest.number} cannot be undone: {why}. See: senses log.")
            self._note(connection, f"undid change {newest.number}: {newest.what}", edit, newest.number)
        return newest

    def _changes_by(self, by: str) -> list[Change]:
        with self._reading() as connection:
            undoing = {int(number) for (number,) in _rows(connection, "select change from changes where undoes > 0")}
        return [one for one in self.changes() if one.by == by and one.number not in undoing]

    @staticmethod
    def _note(connection: sqlite3.Connection, what: str, edit: Edit, undoes: int) -> None:
        rows = json.dumps(edit.rows, ensure_ascii=False)
        connection.execute(
            'insert into changes (what, "by", at, undoes, "rows") values (?, ?, ?, ?, ?)',
            [what, edit.by, edit.at, undoes, rows],
        )


def _unreadable_changes(connection: sqlite3.Connection | None) -> list[str]:
    """What is wrong with the first change in the log that cannot be read."""
    if connection is not None:
        for number, content in connection.execute('select change, "rows" from changes order by change'):
            try:
                touched(content)
            except ValueError:
                return [_unreadable(number)]
    return []


def _unreadable(number: int) -> str:
    return f"what change {number} in its log touched cannot be read"


def _rows(
    connection: sqlite3.Connection | None, sql: str, parameters: Sequence[object] | Mapping[str, object] = ()
) -> list[Row]:
    return [] if connection is None else connection.execute(sql, parameters).fetchall()
