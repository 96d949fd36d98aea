"""Which occurrence has which sense, as people say: one by one, or as a table has it that somebody filled in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, NoReturn

from ctxsearch.catalog.edit import Edit, Row
from ctxsearch.catalog.inventory import Inventory
from ctxsearch.corpus import LABELS, other_kind, read_fields
from ctxsearch.corpus.files import shown
from ctxsearch.domain import ConcordanceLine
from ctxsearch.errors import KeyNotFound, SenseError, SourceError
from ctxsearch.paths import path_of
from ctxsearch.query.finding import Place, find_key, find_keys, places_of_keys
from ctxsearch.query.options import Keys, keys_of
from ctxsearch.query.scope import OpenShard
from ctxsearch.sense import BETWEEN_SENSES, NO_SENSES, Sense, id_of
from ctxsearch.senses.importing import checked_name
from ctxsearch.senses.located import is_use_of
from ctxsearch.senses.uses import TOLD

# What a table may call the column with the senses: that of an export, and that of `senses labels`.
_COLUMNS = ("sense", "sense_id")
# The columns by which one knows a table of what `assign` tells, as it prints it or an export has it.
_OF_MACHINE = {"assigned", *TOLD} - {*_COLUMNS}
# So many names of senses are told.
_NAMED = 10
_LAYOUT = "A table of labels has the columns key and sense, as export writes them; text is in UTF-8."
_CHECKED = "Copy the names of those senses that you have checked into a column sense, and read it again."


@dataclass(frozen=True, slots=True)
class LabelReport:
    """What came of a table.

    Attributes:
        labelled: how many occurrences had another label of this person, or none.
        unchanged: how many had the label already.
        without: how many rows name no sense; labels of these lines stay what they are.
        several: how many rows name several, as an export has it where people differ; labels of these lines, too.
        replaced: of occurrences that had another label of this person, the sense that it was, by key.
    """

    labelled: int
    unchanged: int
    without: int
    several: int
    replaced: Mapping[str, str]


class Labelling:
    """The labels of an inventory that one person writes.

    Args:
        inventory: the file.
        by: who writes.
        get_shards: gives the shards of the index.
    """

    def __init__(self, inventory: Inventory, by: str, get_shards: Callable[[], Sequence[OpenShard]]) -> None:
        self._inventory = inventory
        self._by = checked_name(by, "person")
        self._get_shards = get_shards

    @property
    def by(self) -> str:
        """Who writes."""
        return self._by

    def __reduce__(self) -> NoReturn:
        raise TypeError("Senses are neither pickled nor copied: pickle the index, and ask the new one.")

    def label(self, sense_id: str | Sense, keys: Keys) -> int:
        """Labels occurrences with a sense, in the place of what the same person had given them.

        Args:
            sense_id: of the sense, or the sense itself.
            keys: of the occurrences, as lines carry them; one or several, or the lines themselves.

        Returns:
            How many had another label of this person, or none.

        Raises:
            SenseNotFound: there is no such sense.
            KeyNotFound: the index has no such occurrence.
            SenseError: one is of another word than the sense.
        """
        sense_id = id_of(sense_id)
        given = dict.fromkeys(keys_of(keys), sense_id)
        return self._label(given, [sense_id], f"labelled {_counted(len(given))} with {sense_id}")

    def label_many(self, pairs: Mapping[str, Keys] | Iterable[tuple[str | Sense, Keys]]) -> int:
        """Labels occurrences with several senses, in one change, which one `undo` takes back; all of them, or none.

        >>> import tempfile
        >>> from ctxsearch import Document, Index
        >>> index = Index.create(tempfile.mkdtemp() + "/mine")
        >>> report = index.add([Document("1", "They rowed to the bank."), Document("2", "The bank lent us money.")])
        >>> senses = index.senses()
        >>> made = senses.new("bank.river"), senses.new("bank.money")
        >>> senses.label_many([("bank.river", "1:18"), ("bank.money", ["2:4"])])
        2
        >>> senses.undo().what
        'labelled 2 occurrences with bank.river, bank.money'

        Args:
            pairs: a sense, and occurrences that have it, one or several; a sense may come again. Or a mapping of such.

        Returns:
            How many had another label of this person, or none.

        Raises:
            SenseNotFound: there is no such sense.
            KeyNotFound: the index has no such occurrence.
            SenseError: one is of another word than its sense, or is given two senses; or something is no such pair.
        """
        given: dict[str, str] = {}
        senses: dict[str, None] = {}
        if not isinstance(pairs, Iterable):
            pairs = [pairs]
        for pair in pairs.items() if isinstance(pairs, Mapping) else pairs:
            if not isinstance(pair, tuple | list) or len(pair) != 2:
                raise SenseError(f"A pair of a sense and its lines is wanted, ('bank.river', lines), not {pair!r:.80}.")
            sense_id = id_of(pair[0])
            senses[sense_id] = None
            for key in keys_of(pair[1]):
                if given.setdefault(key, sense_id) != sense_id:
                    raise SenseError(f"{key} has two senses, {given[key]!r} and {sense_id!r}; nothing was labelled.")
        more = ", ..." if len(senses) > _NAMED else ""
        what = f"labelled {_counted(len(given))} with {', '.join([*senses][:_NAMED])}{more}"
        return self._label(given, senses, what)

    def _label(self, given: Mapping[str, str], senses: Iterable[str], what: str) -> int:
        """Labels occurrences with the sense that each is given; the senses are there also where none has one."""
        places = find_keys(self._get_shards(), [*given])
        with self._inventory.changing(what, self._by) as edit:
            rows = {sense_id: edit.sense(sense_id) for sense_id in senses}
            for key, place in places.items():
                self._put(edit, rows[given[key]], key, place)
            return len(edit.rows)

    def label_from(self, path: str | Path) -> LabelReport:
        """Labels occurrences as a table says, in the place of what the same person had given them; all, or none.

        Args:
            path: CSV, TSV, JSONL or a spreadsheet (``.xlsx``, ``.xls``, ``.ods``; extra ``xlsx``) with the columns
                ``key`` and ``sense`` (or ``sense_id``), as exports have them, and any others. A row whose sense is
                empty, *unsure* or *none of these* leaves what is there; so does one with several senses,
                ``bank.river; bank.money``, as exports have it where people differ. What `assign` tells is nobody's
                word, neither in the ``sense_id`` of its own tables nor in the ``assigned`` of exports.

        Raises:
            SourceError: the file cannot be read, or names a line or a sense that there is not, or a line twice with
                two senses; or it has what a machine tells, and nobody filled in a ``sense``.
        """
        path = path_of(path)
        table = _read(path)
        said = [row for row in table if row.sense not in NO_SENSES]
        shards = self._get_shards()
        senses = self._inventory.senses()
        known = {one.sense_id for one in senses}
        one_each = [row for row in said if not _is_of_several(row.sense, known)]
        if unknown := [row for row in one_each if row.sense not in known]:
            raise SourceError(str(path), _told(unknown), line=unknown[0].line, hint=_choice(shards, unknown, senses))
        rows = {row.key: row for row in one_each}
        places = places_of_keys(shards, rows)
        replaced: dict[str, str] = {}
        what = f"labelled {_counted(len(rows))} as {shown(Path(path.name))} has them"
        with self._inventory.changing(what, self._by) as edit:
            for row in one_each:
                try:
                    if row.sense != rows[row.key].sense:
                        raise SenseError(
                            f"{row.key} has two senses, {row.sense!r} and {rows[row.key].sense!r}; give it one, or"
                            " take the labels of one person: senses labels with `by=`."
                        )
                    place = places.get(row.key) or find_key(shards, row.key)
                    if other := self._put(edit, edit.sense(row.sense), row.key, place):
                        replaced[row.key] = other
                except (KeyNotFound, SenseError) as error:
                    raise SourceError(str(path), str(error).removesuffix("."), line=row.line) from error
            labelled = len(edit.rows)
        without, several = len(table) - len(said), len(said) - len(one_each)
        return LabelReport(labelled, len(rows) - labelled, without, several, replaced)

    def unlabel(self, keys: Keys) -> int:
        """Takes the labels of this person off occurrences, and gives how many had one.

        Raises:
            KeyNotFound: one had none, and the index has no such occurrence.
        """
        taken = keys_of(keys)
        with self._inventory.changing(f"took the labels off {_counted(len(taken))}", self._by) as edit:
            without = []
            for key in taken:
                if own := self._own_label(edit, key):
                    edit.drop("labels", own)
                else:
                    without.append(key)
            find_keys(self._get_shards(), without)
            return len(edit.rows)

    def _put(self, edit: Edit, sense: Row, key: str, place: Place) -> str:
        """Labels an occurrence, unless it has that label of this person; gives the sense that they had given it."""
        if not is_use_of(place, str(sense[2])):
            raise SenseError(
                f"{key} is a use of {place.lemma!r}, and {sense[1]} is a sense of {sense[2]!r}; nothing was labelled."
            )
        own = self._own_label(edit, key)
        if own is not None and own[2] == sense[0]:
            return ""
        edit.put("labels", (key, self._by, sense[0], edit.at))
        return "" if own is None else str(edit.found("senses", "sense", own[2])[0][1])

    def _has_labelled(self, edit: Edit, line: ConcordanceLine) -> bool:
        """Whether this person has labelled a line, as what it is now."""
        own = self._own_label(edit, line.key)
        return own is not None and is_use_of(line, str(edit.found("senses", "sense", own[2])[0][2]))

    def _own_label(self, edit: Edit, key: str) -> Row | None:
        return next((row for row in edit.found("labels", "key", key) if row[1] == self._by), None)


def _is_of_several(cell: str, known: Collection[str]) -> bool:
    """Whether a cell has several senses, and not one that is called so."""
    return cell not in known and BETWEEN_SENSES in cell and all(name in known for name in cell.split(BETWEEN_SENSES))


def _told(unknown: Sequence[_Row]) -> str:
    """That there are no such senses, with the number of rows that name each."""
    counts = Counter(row.sense for row in unknown)
    named = [f"{name!r} ({count:,} row{'' if count == 1 else 's'})" for name, count in counts.items()]
    more = f" and {len(named) - _NAMED:,} more" if len(named) > _NAMED else ""
    return f"there is no sense {', '.join(named[:_NAMED])}{more}"


def _choice(shards: Sequence[OpenShard], unknown: Sequence[_Row], senses: Sequence[Sense]) -> str:
    """The senses that the lines of some rows can have, or how one is made."""
    places = places_of_keys(shards, (row.key for row in unknown)).values()
    words = sorted({place.lemma for place in places})
    fit = [one.sense_id for one in senses if any(is_use_of(place, one.lemma) for place in places)]
    more = ", ..." if len(fit) > _NAMED else ""
    of = f" of {', '.join(map(repr, words[:_NAMED]))}" if words else ""
    have = f"The senses{of} are: {', '.join(fit[:_NAMED])}{more}" if fit else f"There is no sense{of} yet"
    return f"{have}; make one with: ctxsearch senses new."


def _counted(occurrences: int) -> str:
    return "1 occurrence" if occurrences == 1 else f"{occurrences:,} occurrences"


class _Row(NamedTuple):
    """A line of a table, with the sense that somebody gave it."""

    line: int
    key: str
    sense: str


def _read(path: Path) -> list[_Row]:
    """The rows of a table, with what people say in them.

    Raises:
        SourceError: it has no such columns; or what a machine tells in them, and nobody's word beside it.
    """
    try:
        return _rows(path)
    except SourceError as error:
        if other := other_kind(path, LABELS):
            raise other from error
        raise


def _rows(path: Path) -> list[_Row]:
    rows, has_told = [], False
    for line, fields in read_fields(path):
        is_told = not _OF_MACHINE.isdisjoint(fields)
        # Where a machine tells something, a sense_id is its word as well.
        column = next((name for name in (_COLUMNS[:1] if is_told else _COLUMNS) if name in fields), None)
        if "key" not in fields or (column is None and not is_told):
            raise SourceError(str(path), "it has no key or no sense", line=line, hint=_LAYOUT)
        has_told = has_told or is_told
        rows.append(_Row(line, fields["key"], fields[column].strip() if column else ""))
    if has_told and not any(row.sense for row in rows):
        raise SourceError(
            str(path), "its senses are what assign tells, and nobody filled in a column sense", hint=_CHECKED
        )
    return rows
