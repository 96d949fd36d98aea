"""Tables of text: how a cell is written, and the cells of a concordance line.

A spreadsheet takes a cell that begins with ``=``, ``+``, ``-`` or ``@``, or with one of these in full width, for a
formula, and runs it; a tab or a line end before these is passed over. So a text that begins with one of them all gets
an apostrophe before it, which spreadsheets know as *this is text*; so does a text in which apostrophes alone stand
before one. Whoever reads such a cell takes one apostrophe away, and has what was written. Numbers are no text, and are
left alone.

Only a table that ctxsearch wrote is read so. In any other, ``'-' is a dash`` means what it says; and nobody can tell
them apart by the cells, so that the header does, see `is_own_header`.

In TSV every row is one line and every tab parts two cells, as ``cut``, ``sort`` and ``wc`` take it: a tab or a line end
in a text is written as a blank. Only what names a line or its document, and is read back, stays as it is, in quotation
marks where it must be. CSV has all texts as they are.

Rows are put together here and not by the csv module: before Python 3.13 it leaves a carriage return at the end of a
cell without quotation marks, where nobody can tell it from the end of the line.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

from ctxsearch.domain import LINE_COLUMNS, OF_METADATA, ConcordanceLine, MetadataValue

NAMING = (LINE_COLUMNS.index("key"), LINE_COLUMNS.index("document_id"))
"""The places of those that name a line, or its document."""

FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a cell that a spreadsheet takes for a formula begins with."""

_SIGNS = "".join(map(re.escape, FORMULA_SIGNS))
_PARTING = str.maketrans("\t\r\n", "   ")
_FORMULA = re.compile(f"'*[{_SIGNS}]")
_GUARDED = re.compile(f"'+[{_SIGNS}]")
# The columns after these have come one by one, and more may come.
_OWN_COLUMNS = LINE_COLUMNS[:10]
LABEL_COLUMNS = ("key", "sense_id", "lemma", "by", "at")
"""Those of a table of labels."""


def guarded(text: str) -> str:
    """A text as a cell that no spreadsheet takes for a formula.

    >>> guarded("=1+1"), guarded("bank"), guarded("'=1+1")
    ("'=1+1", 'bank', "''=1+1")
    """
    return f"'{text}" if _FORMULA.match(text) else text


def unguarded(cell: str) -> str:
    """The text that `guarded` made a cell of.

    >>> unguarded("'=1+1"), unguarded("''=1+1"), unguarded("'tis")
    ('=1+1', "'=1+1", "'tis")
    """
    return cell[1:] if _GUARDED.match(cell) else cell


def row(cells: Iterable[object], delimiter: str, exact: Collection[int] = ()) -> str:
    r"""A row of CSV or TSV, with its line end; a cell of None is empty.

    >>> print(row(["key", 0.5, None, "Yes, no", "-1", -1], ","), end="")
    key,0.5,,"Yes, no",'-1,-1
    >>> row(["two\nlines"], "\t"), row(["two\nlines"], "\t", exact=[0])
    ('two lines\n', '"two\nlines"\n')

    Args:
        cells: what is in it.
        delimiter: a comma, or a tab.
        exact: the places of cells that stay as they are in TSV, too.
    """
    if delimiter == "\t":
        cells = [cell if place in exact else _on_one_line(cell) for place, cell in enumerate(cells)]
    shown = [_shown(cell, delimiter) for cell in cells]
    # A row of one empty cell would be a blank line, which readers pass over.
    return (delimiter.join(shown) if shown != [""] else '""') + "\n"


def _on_one_line(cell: object) -> object:
    return cell.translate(_PARTING) if isinstance(cell, str) else cell


def _shown(cell: object, delimiter: str) -> str:
    if cell is None:
        return ""
    text = guarded(cell) if isinstance(cell, str) else str(cell)
    if delimiter in text or '"' in text or "\n" in text or "\r" in text:
        return '"' + text.replace('"', '""') + '"'
    return text


def line_header(told: Sequence[str], metadata: Sequence[str]) -> list[str]:
    """The names of the columns of a table of lines.

    Args:
        told: the names of what else there is to say of a line.
        metadata: the names of the metadata.
    """
    return [*LINE_COLUMNS, *told, *(f"{OF_METADATA}{name}" for name in metadata)]


def is_own_header(columns: Sequence[str]) -> bool:
    """Whether a table is one of lines, or of labels, that ctxsearch wrote, by the names of its columns.

    >>> is_own_header(line_header(["sense"], ["year"])), is_own_header(["key", "text"])
    (True, False)
    """
    return tuple(columns[: len(_OWN_COLUMNS)]) == _OWN_COLUMNS or tuple(columns[: len(LABEL_COLUMNS)]) == LABEL_COLUMNS


def line_cells(line: ConcordanceLine, told: Iterable[MetadataValue], metadata: Sequence[str]) -> list[MetadataValue]:
    """A line as a row under `line_header`."""
    # Not by way of as_dict, which takes twice the time.
    own: list[MetadataValue] = [getattr(line, column) for column in LINE_COLUMNS]
    return [*own, *told, *(line.metadata.get(name) for name in metadata)]
