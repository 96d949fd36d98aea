"""Changes the senses that there are: defines, renames, notes, merges, splits and removes them; and undoes changes."""

from __future__ import annotations

from ctxsearch.errors import SenseError
from ctxsearch.query.options import Keys, keys_of
from ctxsearch.sense import Change, Sense, id_of
from ctxsearch.senses.importing import checked_new_sense
from ctxsearch.senses.labelling import Labelling
from ctxsearch.senses.written import stripped


class Arranging(Labelling):
    """An inventory whose senses one person changes, each change as a whole."""

    def define(self, sense_id: str | Sense, definition: str) -> Sense:
        """Gives a sense another definition.

        Raises:
            SenseNotFound: there is no such sense.
        """
        sense_id = id_of(sense_id)
        text = stripped(definition, "A definition")
        what = f"defined {sense_id}{told(text)}" if text else f"took the definition of {sense_id} away"
        with self._inventory.changing(what, self._by) as edit:
            number, name, lemma, _ = edit.sense(sense_id)
            edit.put("senses", (number, name, lemma, text))
        return self._one(sense_id)

    def rename(self, sense_id: str | Sense, new_id: str) -> Sense:
        """Gives a sense another name; it keeps all that it has.

        Raises:
            SenseNotFound: there is no such sense.
            SenseError: there is one of the new name, or it can be no name.
        """
        sense_id = id_of(sense_id)
        checked_new_sense(new_id)
        with self._inventory.changing(f"renamed {sense_id} to {new_id}", self._by) as edit:
            number, _, lemma, definition = edit.sense(sense_id)
            if edit.found("senses", "sense_id", new_id) and new_id != sense_id:
                raise SenseError(f"There is a sense {new_id!r} already; merge the two, or choose another name.")
            edit.put("senses", (number, new_id, lemma, definition))
        return self._one(new_id)

    def note(self, sense_id: str | Sense, text: str) -> Sense:
        """Notes something about a sense.

        Raises:
            SenseNotFound: there is no such sense.
            SenseError: there is nothing to note.
        """
        sense_id = id_of(sense_id)
        text = stripped(text, "A note")
        if not text:
            raise SenseError("The note is empty.")
        with self._inventory.changing(f"noted about {sense_id}: {text}", self._by) as edit:
            sense = edit.sense(sense_id)
            edit.put("notes", (edit.next_number("notes"), sense[0], text, self._by, edit.at))
        return self._one(sense_id)

    def merge(self, sense_id: str | Sense, into: str | Sense) -> Sense:
        """Gives all that a sense has to another sense of the word, and takes it out; a sentence of both is kept once.

        Raises:
            SenseNotFound: there is no such sense.
            SenseError: they are senses of two words, or one and the same.
        """
        sense_id, into = id_of(sense_id), id_of(into)
        with self._inventory.changing(f"merged {sense_id} into {into}", self._by) as edit:
            sense, goal = edit.sense(sense_id), edit.sense(into)
            if sense[0] == goal[0]:
                raise SenseError(f"{sense_id} cannot be merged into itself.")
            if sense[2] != goal[2]:
                raise SenseError(f"{sense_id} is a sense of {sense[2]!r}, and {into} is one of {goal[2]!r}.")
            for row in edit.found("labels", "sense", sense[0]):
                edit.put("labels", (row[0], row[1], goal[0], row[3]))
            had = {row[2:5] for row in edit.found("examples", "sense", goal[0])}
            for row in edit.found("examples", "sense", sense[0]):
                if row[2:5] in had:
                    edit.drop("examples", row)
                else:
                    edit.put("examples", (row[0], goal[0], *row[2:]))
            for row in edit.found("notes", "sense", sense[0]):
                edit.put("notes", (row[0], goal[0], *row[2:]))
            edit.drop("senses", sense)
        return self._one(into)

    def split(self, sense_id: str | Sense, new_id: str, keys: Keys, *, definition: str = "") -> Sense:
        """Makes a new sense of the same word, and gives it some of the occurrences labelled with this one.

        Args:
            sense_id: of the sense, or the sense itself.
            new_id: what the new one is called.
            keys: of occurrences labelled with the sense, by anybody.
            definition: of the new one.

        Raises:
            SenseNotFound: there is no such sense.
            SenseError: an occurrence is not labelled with it, or the name is taken.
        """
        sense_id = id_of(sense_id)
        checked_new_sense(new_id)
        definition = stripped(definition, "A definition")
        with self._inventory.changing(f"split {new_id} off {sense_id}{told(definition)}", self._by) as edit:
            sense = edit.sense(sense_id)
            number = edit.add_sense(new_id, str(sense[2]), definition)
            for key in keys_of(keys):
                rows = [row for row in edit.found("labels", "key", key) if row[2] == sense[0]]
                if not rows:
                    raise SenseError(f"The occurrence {key} is not labelled with {sense_id}; nothing was changed.")
                for row in rows:
                    edit.put("labels", (row[0], row[1], number, row[3]))
        return self._one(new_id)

    def remove(self, sense_id: str | Sense) -> None:
        """Takes a sense out, with its labels, examples and notes.

        Raises:
            SenseNotFound: there is no such sense.
        """
        sense_id = id_of(sense_id)
        with self._inventory.changing(f"removed {sense_id}", self._by) as edit:
            sense = edit.sense(sense_id)
            for table in ("labels", "examples", "notes"):
                for row in edit.found(table, "sense", sense[0]):
                    edit.drop(table, row)
            edit.drop("senses", sense)

    def undo(self) -> Change:
        """Undoes the newest change of this person that is not undone; the log keeps both.

        Raises:
            SenseError: there is none, or others have changed since what it changed.
        """
        return self._inventory.undo(self._by)

    def _one(self, sense_id: str) -> Sense:
        return self._inventory.senses(sense_id=sense_id)[0]


def told(definition: str) -> str:
    """A definition at the end of what the log says of a change; nothing where there is none."""
    return f": {definition}" if definition else ""
