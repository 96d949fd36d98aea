"""Reads the rows of a spreadsheet's first sheet, as those of a table. The only door to python-calamine.

A spreadsheet is no text that could be read line by line: it is taken into memory whole, and so may be only so large,
and reach only so far (`ctxsearch.corpus.extent`).
"""

from __future__ import annotations

import datetime
import io
import zipfile
from collections.abc import Iterator

from ctxsearch.corpus.extent import MOST_CELLS, cells_within
from ctxsearch.corpus.files import File
from ctxsearch.corpus.records import OnRead, Options, UnknownFormat, content_of
from ctxsearch.errors import MissingExtra, SourceError

SHEETS = (".xlsx", ".xls", ".ods")
"""The endings of spreadsheets."""

# What a spreadsheet unpacks to.
_MOST_UNPACKED = 500_000_000
_HINT = "Save it as CSV in UTF-8, or cut it into several."


def is_sheet(file: File) -> bool:
    """Whether a file is a spreadsheet, by its ending."""
    return file.ending in SHEETS


def sheet_rows(file: File, options: Options, on_read: OnRead) -> Iterator[tuple[int, list[str]]]:
    """Yields the rows of the first sheet that are not blank, each with its number.

    A whole number comes without a decimal point, a day as ``1912-05-12``, a cell with an error as the empty text.

    Raises:
        SourceError: it cannot be read, or is too large.
        UnknownFormat: what would read it is not installed.
    """
    try:
        from python_calamine import CalamineError, CalamineWorkbook
    except ImportError as error:
        why = str(MissingExtra("python-calamine", "xlsx")).removesuffix(".")
        raise UnknownFormat(file.uri, f"it is a spreadsheet; {why}") from error
    content = _content(file, options, on_read)
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        sheet = book.get_sheet_by_index(0) if book.sheet_names else None
    except CalamineError as error:
        raise SourceError(file.uri, f"it is no spreadsheet that can be read ({error})", hint=_HINT) from error
    for number, cells in enumerate(sheet.iter_rows() if sheet else (), 1):
        texts = [_text(cell) for cell in cells]
        if any(texts):
            yield number, texts


def _content(file: File, options: Options, on_read: OnRead) -> bytes:
    """The bytes of a spreadsheet that is not too large."""
    whole = content_of(file, options, on_read, hint=_HINT)
    try:
        with zipfile.ZipFile(io.BytesIO(whole)) as parts:
            unpacked = sum(part.file_size for part in parts.infolist())
    except (zipfile.BadZipFile, NotImplementedError, UnicodeDecodeError):
        unpacked = 0  # it is of an older kind, or none at all, which its reader says
    if unpacked > _MOST_UNPACKED:
        why = f"it unpacks to {unpacked:,} bytes, and {_MOST_UNPACKED:,} is the most"
        raise SourceError(file.uri, why, hint=_HINT)
    if unpacked:
        try:
            cells = cells_within(whole)
        except ValueError as error:
            raise SourceError(file.uri, f"it is no spreadsheet that can be read ({error})", hint=_HINT) from error
        if cells > MOST_CELLS:
            why = f"its cells reach so far that there are {cells:,} places, and {MOST_CELLS:,} are the most"
            raise SourceError(file.uri, why, hint=f"Delete what stands far out. {_HINT}")
    return whole


def _text(cell: object) -> str:
    """A cell as text.

    >>> _text(1912.0), _text(1.5), _text(True), _text(datetime.datetime(1912, 5, 12))
    ('1912', '1.5', 'TRUE', '1912-05-12')
    """
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, datetime.datetime) and cell.time() == datetime.time():
        return cell.date().isoformat()
    if isinstance(cell, (datetime.date, datetime.time)):
        return cell.isoformat()
    return str(cell)
