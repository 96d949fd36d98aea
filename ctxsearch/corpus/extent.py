"""How far the cells of a spreadsheet reach, before anything is made of them.

What reads spreadsheets makes a place for every cell between the first and the last, also where there is none: of a file
of a few kilobytes with one cell in the farthest corner, more than any memory holds.
"""

from __future__ import annotations

import io
import re
import zipfile
from xml.parsers import expat

MOST_CELLS = 20_000_000
"""Cells between the first and the last; each takes some 50 bytes."""

_PLACE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_SHEET = re.compile(r"xl/worksheets/[^/]+\.xml", re.IGNORECASE)


def cells_within(content: bytes) -> int:
    """How many cells the largest sheet has between its first column and row and its last cell; 0 where it has none.

    Args:
        content: of an ``.xlsx`` or an ``.ods``.

    Raises:
        ValueError: it is neither, or cannot be read.
    """
    largest = 0
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            names = parts.namelist()
            if "xl/workbook.bin" in names:
                raise ValueError("it is a binary workbook")
            for name in names:
                if _SHEET.fullmatch(name) or name == "content.xml":
                    extent = _Extent()
                    with parts.open(name) as part:
                        extent.parser.ParseFile(part)
                    largest = max(largest, extent.cells)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, expat.ExpatError) as error:
        raise ValueError(str(error)) from error
    return largest


class _Extent:
    """Follows the rows and cells of the sheets of one part.

    Attributes:
        parser: is fed the part.
    """

    def __init__(self) -> None:
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self._largest = 0
        self._begin_sheet()

    @property
    def cells(self) -> int:
        """Those of the largest sheet so far."""
        return max(self._largest, self._rows * self._columns)

    def _begin_sheet(self) -> None:
        self._rows = self._columns = 0
        self._row = self._column = 0
        self._repeated = 1

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        own = {key.rpartition(":")[2]: value for key, value in attributes.items()}
        kind = name.rpartition(":")[2]
        if kind == "table":
            self._largest = self.cells
            self._begin_sheet()
        elif kind in ("row", "table-row"):
            self._row = _number(own.get("r"), self._row + self._repeated)
            self._repeated = _number(own.get("number-rows-repeated"), 1)
            self._column = 0
        elif kind == "c":
            place = _PLACE.fullmatch(own.get("r", ""))
            self._column = _column(place[1]) if place else self._column + 1
            self._fill(int(place[2]) if place else self._row)
        elif kind in ("table-cell", "covered-table-cell"):
            self._column += _number(own.get("number-columns-repeated"), 1)
            if "value-type" in own or "formula" in own:
                self._fill(self._row + self._repeated - 1)

    def _fill(self, row: int) -> None:
        self._rows, self._columns = max(self._rows, row), max(self._columns, self._column)


def _number(text: str | None, usual: int) -> int:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 10 else usual


def _column(letters: str) -> int:
    """The number of a column.

    >>> _column("A"), _column("XFD")
    (1, 16384)
    """
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number
