"""What occurrences are counted and sorted by: a column of the metadata, or periods of its numbers, ``year:20``."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from ctxsearch.catalog.rows import DocumentRow
from ctxsearch.domain import Metadata, MetadataValue
from ctxsearch.errors import QueryError
from ctxsearch.query.collation import collated

ValueOrder = tuple[bool, bool, float, tuple[str, str], str]
"""Sorts values of the metadata."""

_PERIODS = re.compile(r"(.+):([1-9][0-9]{0,8})")
_WRONG_PERIODS = re.compile(r"(.+):([+-]?[0-9.,]*)")
OWN_COLUMNS = ("title", "uri")
"""What a document may have besides its metadata, and counts where they do not have it."""

# Before the name of a column that is called as something else is.
PREFIX = "metadata."
# More of them nobody reads, and a wrong number could make any number.
_MOST_PERIODS = 1000


def about(row: DocumentRow) -> Metadata:
    """What there is to say of a document: its metadata, and its own title and file where they do not have these."""
    return {**{column: text for column in OWN_COLUMNS if (text := getattr(row, column))}, **row.metadata}


def value_order(value: MetadataValue) -> ValueOrder:
    """Sorts values of the metadata: numbers before words, as dictionaries have these, and what is missing last."""
    if isinstance(value, int | float):
        return False, False, value, ("", ""), str(value)
    text = str(value)
    return value is None, True, 0, collated(text), text


def column_named(name: str, known: Collection[str]) -> str | None:
    """The column that a user means by a name, which may have ``metadata.`` before it; None where there is none.

    >>> column_named("year", ["year"]), column_named("metadata.left", ["left"]), column_named("x", [])
    ('year', 'left', None)
    """
    return next((one for one in (name, name.removeprefix(PREFIX)) if one in known), None)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the metadata.

    Attributes:
        name: of it.
        width: of the periods that its numbers are put in; None to take them as they are.
    """

    name: str
    width: int | None = None

    def value(self, metadata: Metadata) -> MetadataValue:
        """What a document is counted as; None where it does not have the column.

        >>> Column("year", 20).value({"year": 1999})
        '1980-1999'
        """
        value = metadata.get(self.name)
        period = self._number(value)
        if period is not None:
            return self._named(period)
        # A record of JSON may have lists and objects in it.
        return value if value is None or isinstance(value, str | int | float) else json.dumps(value, ensure_ascii=False)

    def order(self, metadata: Metadata) -> ValueOrder:
        """What sorts the values of documents."""
        value = metadata.get(self.name)
        period = self._number(value)
        return value_order(value if period is None else period)

    def has_number(self, metadata: Metadata) -> bool:
        """Whether a document has a number that falls in a period."""
        return self._number(metadata.get(self.name)) is not None

    def periods(self, metadata: Iterable[Metadata]) -> dict[str, ValueOrder]:
        """All periods from the first to the last of some documents, with their order, also those without a document.

        None are given where they would be very many.
        """
        numbers = [number for one in metadata if (number := self._number(one.get(self.name))) is not None]
        if not numbers or max(numbers) - min(numbers) >= _MOST_PERIODS:
            return {}
        return {self._named(number): value_order(number) for number in range(min(numbers), max(numbers) + 1)}

    def _number(self, value: MetadataValue) -> int | None:
        """The number of the period of a value; None where it has none."""
        if self.width is None or isinstance(value, bool) or not isinstance(value, int | float):
            return None
        return value // self.width if isinstance(value, int) else math.floor(value / self.width)

    def _named(self, number: int) -> str:
        width = self.width or 1
        if width == 1:
            return str(number)
        first, last = number * width, number * width + width - 1
        return f"{first} to {last}" if first < 0 else f"{first}-{last}"


def without_numbers(name: str) -> str:
    """A sentence for periods of a column that has no numbers."""
    return f"The column {name!r} has no numbers to make periods of."


def parse_column(text: str, known: Collection[str]) -> Column:
    """Reads a column, or its periods.

    >>> parse_column("year:20", ["year"]), parse_column("a:1", ["a:1"])
    (Column(name='year', width=20), Column(name='a:1', width=None))

    Args:
        text: as a user writes it.
        known: the columns that there are; one that is not there is given as it is written.

    Raises:
        QueryError: a column that is there is to be cut into periods of no length, or of half a year.
    """
    name, width = column_named(text, known), None
    if name is None and (match := _PERIODS.fullmatch(text)):
        name, width = column_named(match[1], known) or match[1], int(match[2])
    elif name is None and (match := _WRONG_PERIODS.fullmatch(text)) and (of := column_named(match[1], known)):
        raise QueryError(f"A period is a whole number of at least 1, and below a thousand million, as in {of}:10.")
    return Column(name or text, width)
