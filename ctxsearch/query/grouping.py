"""Counts occurrences by what they have in common: form, document, metadata, or several of these at once.

Beside each count stands how many words the documents have that are counted so, since ten lines of a small genre may be
more than twenty of a large one. For it the rows of all documents that the conditions allow are read, once, and no
occurrence but those that are counted is looked at.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ctxsearch.catalog.rows import DocumentRow, FormRow
from ctxsearch.catalog.where import ID_COLUMN, Filter
from ctxsearch.domain import Metadata, MetadataValue
from ctxsearch.errors import IndexDamaged, QueryError
from ctxsearch.query.columns import PREFIX, Column, ValueOrder, about, parse_column, value_order, without_numbers
from ctxsearch.query.found import Found, by_shard, document_rows
from ctxsearch.query.scope import OpenShard, allowed_documents, documents_of_ids, totals_of

# What hardly a number is less than.
_LEAST = f"-{'9' * 300}"

# What a row has beside the values.
_FIGURES = ("count", "words", "per_million", "share")

_Value = tuple[bool, MetadataValue]
_Key = tuple[_Value, ...]
# In the place of what a document says nothing of.
_OF_WORD: _Value = (False, None)

OF_OCCURRENCE = ("form", "lemma", "pos", "document_id")
"""What an occurrence can be grouped by besides the metadata of its document."""


@dataclass(frozen=True, slots=True)
class Frequency:
    """How many occurrences have some values.

    Attributes:
        values: of what is counted by; None where a document does not have the column.
        count: how many occurrences have them; 0 only for a period without any, between others.
        words: how many words the documents have that the conditions allow and that have these values; what the form,
            lemma and part of speech are says nothing of a document.
        columns: what is counted by, as it was asked for.
        total: how many occurrences are counted, whatever their values.
    """

    values: tuple[MetadataValue, ...]
    count: int
    words: int
    columns: tuple[str, ...] = field(default=(), compare=False, repr=False)
    total: int = field(default=0, compare=False, repr=False)

    @property
    def per_million(self) -> float | None:
        """Occurrences in a million of these words; None where there are none.

        >>> Frequency(("fiction",), 3, 60_000).per_million
        50.0
        """
        return self.count * 1_000_000 / self.words if self.words else None

    @property
    def share(self) -> float:
        """Of all occurrences that are counted."""
        return self.count / self.total if self.total else 0.0

    def as_dict(self) -> dict[str, MetadataValue]:
        """As a row of a table, with the columns of ``--by``: the values, and their figures.

        >>> Frequency(("fiction",), 3, 60_000, ("genre",), 12).as_dict()
        {'genre': 'fiction', 'count': 3, 'words': 60000, 'per_million': 50.0, 'share': 0.25}
        """
        cells = (*self.values, self.count, self.words, self.per_million, self.share)
        return dict(zip(frequency_columns(self.columns), cells, strict=True))


def frequency_columns(by: Sequence[str]) -> list[str]:
    """The columns of a row that says how many occurrences have each value of something; see `Frequency.as_dict`."""
    # The metadata may have a column "words".
    return [*(f"{PREFIX}{name}" if name in _FIGURES else name for name in by), *_FIGURES]


def grouped_counts(
    shards: Sequence[OpenShard], found: Sequence[Found], by: Sequence[str], where: Sequence[str] = ()
) -> list[Frequency]:
    """How many occurrences have each combination of values.

    The most frequent come first, ties by the values. Periods are in the order of time: where they are all that is asked
    for, those without an occurrence between the first and the last are there as well; where several columns are, the
    first named is foremost, so that the rows of one value of it stay together. Of values of another column, those with
    the most occurrences, there, come first.

    Args:
        shards: where.
        found: the occurrences.
        by: ``form``, ``lemma``, ``pos``, ``document_id``, ``title``, ``uri``, or columns of the metadata; ``year:20``
            for periods.
        where: conditions on the metadata that the documents of the occurrences meet.

    Raises:
        QueryError: nothing is named, or no document has such a column.
    """
    columns = _columns(shards, by)
    named = frequency_columns(by)
    if twice := [name for name, count in Counter(named).items() if count > 1]:
        raise QueryError(f"{twice[0]!r} is named twice; name each column once.")
    groups = _Groups(columns)
    counts: Counter[_Key] = Counter()
    occurrences = {number: rows for number, _, rows in by_shard(found)}
    for number, (shard, allowed) in enumerate(zip(shards, allowed_documents(shards, where), strict=True)):
        of_documents = groups.add(shard, allowed)
        if number in occurrences:
            counts.update(_counted(shard, occurrences[number], groups, of_documents))
    groups.add_empty_periods(counts)
    total = counts.total()
    return [
        Frequency(tuple(one for _, one in key), count, groups.words(key), tuple(by), total)
        for key, count in sorted(counts.items(), key=groups.order(counts))
    ]


@dataclass(frozen=True, slots=True)
class _By:
    """What is counted by.

    Attributes:
        column: its name, and the width of periods.
        is_of_word: whether the form, lemma or tag says what it is, and no document.
        is_metadata: whether it is one of the metadata in any case.
    """

    column: Column
    is_of_word: bool
    is_metadata: bool

    def of_document(self, row: DocumentRow) -> MetadataValue:
        """What a document is counted as."""
        if self.column.name == ID_COLUMN and not self.is_metadata:
            return row.document_id
        return self.column.value(self.about(row))

    def about(self, row: DocumentRow) -> Metadata:
        """What there is to say of a document."""
        return row.metadata if self.is_metadata else about(row)


def _columns(shards: Sequence[OpenShard], by: Sequence[str]) -> list[_By]:
    """What is asked for, looked at."""
    known = sorted({column for shard in shards for column in shard.columns if column != ID_COLUMN})
    if not by:
        raise QueryError(f"Say what to group by: {', '.join([*OF_OCCURRENCE, *known])}.")
    names = {column for shard in shards for column in shard.names}
    made = []
    for name in by:
        # What is called as something of an occurrence is that, but for ``metadata.form``.
        if name in OF_OCCURRENCE:
            made.append(_By(Column(name), name != ID_COLUMN, is_metadata=False))
            continue
        one = parse_column(name, {*known, *names})
        if one.name not in (names if name.startswith(PREFIX) else known):
            asked, have = name if one.name in OF_OCCURRENCE else one.name, ", ".join([*OF_OCCURRENCE, *known])
            raise QueryError(f"No document has the column {asked!r}; there are: {have}.")
        if one.width is not None and not _has_numbers(shards, one.name):
            raise QueryError(without_numbers(one.name))
        made.append(_By(one, is_of_word=False, is_metadata=name.startswith(PREFIX)))
    return made


class _Groups:
    """The groups of documents, and how many words each has.

    Args:
        columns: what documents, and words, are grouped by.
    """

    def __init__(self, columns: Sequence[_By]) -> None:
        self._columns = columns
        self._words: Counter[_Key] = Counter()
        # Of each value of a column of periods, its order, and the metadata of a document that has it.
        self._periods: list[dict[_Value, tuple[ValueOrder, Metadata]]] = [{} for _ in columns]

    def add(self, shard: OpenShard, allowed: NDArray[np.bool_] | None) -> tuple[list[_Key], NDArray[np.int64]]:
        """Counts the words of documents.

        Args:
            shard: where.
            allowed: which documents, see `allowed_documents`.

        Returns:
            The groups of these documents, and the number of the group of each. Shape: (n_documents,).
        """
        numbers = np.zeros(shard.catalog.n_documents, np.int64)
        if all(one.is_of_word for one in self._columns):
            key = (_OF_WORD,) * len(self._columns)
            self._words[key] += totals_of(shard, allowed).words
            return [key], numbers
        keys: dict[_Key, int] = {}
        chosen = np.arange(len(numbers)) if allowed is None else np.flatnonzero(allowed)
        for row in document_rows(shard, chosen):
            key = self._key(row)
            self._words[key] += row.words
            numbers[row.number] = keys.setdefault(key, len(keys))
        return list(keys), numbers

    def _key(self, row: DocumentRow) -> _Key:
        key = tuple(_OF_WORD if one.is_of_word else _value(one.of_document(row)) for one in self._columns)
        for one, value, periods in zip(self._columns, key, self._periods, strict=True):
            if one.column.width is not None:
                about = one.about(row)
                order = one.column.order(about)
                if value not in periods or order < periods[value][0]:
                    periods[value] = order, about
        return key

    @property
    def are_of_words(self) -> bool:
        """Whether the form, lemma or tag of an occurrence is part of its group."""
        return any(one.is_of_word for one in self._columns)

    def with_word(self, key: _Key, form: FormRow) -> _Key:
        """The group of the occurrences of a form in the documents of a group."""
        of_word = {"form": form.form, "lemma": form.lemma, "pos": form.tag or None}
        return tuple(
            _value(of_word[one.column.name]) if one.is_of_word else value
            for one, value in zip(self._columns, key, strict=True)
        )

    def words(self, key: _Key) -> int:
        """How many words the documents have that such occurrences are in."""
        return self._words[
            tuple(_OF_WORD if one.is_of_word else value for one, value in zip(self._columns, key, strict=True))
        ]

    def add_empty_periods(self, counts: Counter[_Key]) -> None:
        """Adds the periods that nothing is in to the counts of those that something is in, if there is nothing else."""
        if len(self._columns) == 1 and self._columns[0].column.width is not None:
            (periods,) = self._periods
            within = self._columns[0].column.periods([periods[value][1] for (value,) in counts])
            for name, order in within.items():
                periods.setdefault(_value(name), (order, {}))
                counts[(_value(name),)] += 0

    def order(self, counts: Counter[_Key]) -> Callable[[tuple[_Key, int]], list[object]]:
        """What sorts groups, see `grouped_counts`."""
        if all(one.column.width is None for one in self._columns):
            return lambda item: [-item[1], *(value_order(value) for _, value in item[0])]
        totals: Counter[_Key] = Counter()
        for key, count in counts.items():
            totals.update({key[: place + 1]: count for place in range(len(key))})

        def nested(item: tuple[_Key, int]) -> list[object]:
            key = item[0]
            return [
                periods[key[place]][0] if periods else (-totals[key[: place + 1]], value_order(key[place][1]))
                for place, periods in enumerate(self._periods)
            ]

        return nested


def _counted(
    shard: OpenShard, rows: NDArray[np.int64], groups: _Groups, of_documents: tuple[list[_Key], NDArray[np.int64]]
) -> Counter[_Key]:
    """How many rows of a shard are in each group."""
    keys, numbers = of_documents
    groups_of_rows = numbers[documents_of_ids(shard, shard.files.ids[rows])]
    if not groups.are_of_words:
        sizes = np.bincount(groups_of_rows, minlength=len(keys)).tolist()
        return Counter({key: size for key, size in zip(keys, sizes, strict=True) if size})
    lemmas = np.unique(shard.files.lists_of(rows))
    forms = shard.catalog.forms_of_lemmas(lemmas.tolist())
    firsts = np.array([one.first_row for one in forms], np.int64)
    stops = np.array([one.stop_row for one in forms], np.int64)
    places = np.searchsorted(firsts, rows, "right") - 1
    if (np.diff(firsts) < 0).any() or (places < 0).any() or (rows >= stops[places]).any():
        raise IndexDamaged(str(shard.catalog.path), "rows of a word have no form")
    pairs, sizes = np.unique(places * len(keys) + groups_of_rows, return_counts=True)
    counts: Counter[_Key] = Counter()
    for pair, size in zip(pairs.tolist(), sizes.tolist(), strict=True):
        place, number = divmod(pair, len(keys))
        counts[groups.with_word(keys[number], forms[place])] += size
    return counts


def _value(value: MetadataValue) -> _Value:
    # Python takes true for 1.
    return isinstance(value, bool), value


def _has_numbers(shards: Sequence[OpenShard], column: str) -> bool:
    """Whether any document has a number in a column of the metadata."""
    is_number = Filter(column, ">=", _LEAST, is_metadata=True)
    return any(shard.catalog.documents_where([is_number]).any() for shard in shards)
