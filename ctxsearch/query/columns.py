"""What occurrences are counted by: a column of the metadata, or periods of one that has numbers, ``year:20``."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from ctxsearch.domain import Metadata, MetadataValue

_PERIODS = re.compile(r"(.+):([1-9][0-9]{0,8})")
# More of them nobody reads, and a wrong number could make any number.
_MOST_PERIODS = 1000


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
        if self.width is None or isinstance(value, bool) or not isinstance(value, int | float):
            return value
        return self._period(math.floor(value / self.width))

    def periods(self, metadata: Iterable[Metadata]) -> list[str]:
        """All periods from the first to the last of some documents, in order, also those in which there is none."""
        if self.width is None:
            return []
        numbers = [
            math.floor(value / self.width)
            for one in metadata
            if isinstance(value := one.get(self.name), int | float) and not isinstance(value, bool)
        ]
        if not numbers or max(numbers) - min(numbers) >= _MOST_PERIODS:
            return []
        return [self._period(number) for number in range(min(numbers), max(numbers) + 1)]

    def _period(self, number: int) -> str:
        width = self.width or 1
        return f"{number * width}-{number * width + width - 1}" if width > 1 else str(number)


def parse_column(text: str, known: Collection[str]) -> Column:
    """Reads a column, or its periods.

    >>> parse_column("year:20", ["year"]), parse_column("a:1", ["a:1"])
    (Column(name='year', width=20), Column(name='a:1', width=None))

    Args:
        text: as a user writes it.
        known: the columns that there are.
    """
    match = _PERIODS.fullmatch(text)
    if match is None or text in known:
        return Column(text)
    return Column(match[1], int(match[2]))
