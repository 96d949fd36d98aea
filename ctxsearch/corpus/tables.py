"""Reads tables, CSV and TSV and spreadsheets: a header, then a document a row.

In a table that ctxsearch wrote, an apostrophe that keeps a cell from being a formula is no part of its text, see
`ctxsearch.cells`; in any other, and in spreadsheets, the cells are as they are.
"""

from __future__ import annotations

import itertools
from collections.abc import Container, Iterator, Sequence

from ctxsearch.cells import is_own_header
from ctxsearch.corpus.files import File, spelled
from ctxsearch.corpus.records import (
    OnRead,
    Options,
    UnknownFormat,
    cell_text,
    cell_value,
    check_columns,
    checked,
    lines_of,
)
from ctxsearch.corpus.rows import Row, check_line_ends, split_rows
from ctxsearch.corpus.sheets import is_sheet, sheet_rows
from ctxsearch.corpus.uses import is_header_of_uses, read_uses
from ctxsearch.domain import Document, Metadata
from ctxsearch.errors import SourceError

_ONE_LINE = "In TSV every row is one line; give texts of several lines as CSV or JSONL."
_METADATA_ID_COLUMNS = ("id", "file", "filename")


def read_table(file: File, options: Options, on_read: OnRead) -> Iterator[Document | SourceError]:
    """Yields a document, or what is wrong with it, for each row; a table of uses has a reader of its own.

    Raises:
        SourceError: the file cannot be read, or its header does not fit.
    """
    if is_sheet(file):
        yield from _documents(file, options, _sheet(file, options, on_read))
        return
    lines = lines_of(file, options, on_read)
    first = next(lines, None)
    if first is not None and not first.bad and is_header_of_uses(first.text, options):
        check_line_ends(file, first.text)
        yield from read_uses(file, options, first.text, lines)
        return
    yield from _documents(file, options, split_rows(file, options, itertools.chain([first] if first else [], lines)))


def _documents(file: File, options: Options, rows: Iterator[Row | SourceError]) -> Iterator[Document | SourceError]:
    columns = _header(file, rows)
    text_at = _column(file, columns, options.text_column, "text")
    id_at = None
    if options.id_column is not None:
        id_at = _column(file, columns, options.id_column, "id")
    elif "id" in columns:
        id_at = columns.index("id")
    is_own = _is_guarded(file, columns)
    for row in _fitting(file, rows, columns):
        if isinstance(row, SourceError):
            yield row
            continue
        document_id = f"{file.name}#{row.line}" if id_at is None else cell_text(row.cells[id_at], is_own=is_own)
        text = cell_text(row.cells[text_at], is_own=is_own)
        metadata = _metadata(file, columns, row.cells, {text_at, id_at})
        try:
            yield checked(Document(document_id, text, metadata, uri=f"{file.uri}#{row.line}"), file, row.line)
        except SourceError as error:
            yield error


def read_cells(file: File, options: Options) -> Iterator[tuple[int, dict[str, str]]]:
    """Yields the cells of each row by the names of their columns, with the line that it starts on.

    Raises:
        SourceError: the file or a row cannot be read, or its header does not fit.
    """
    rows = _rows(file, options, lambda _: None)
    columns = _header(file, rows)
    is_own = _is_guarded(file, columns)
    for row in _fitting(file, rows, columns):
        if isinstance(row, SourceError):
            raise row
        cells = zip(columns, row.cells, strict=True)
        yield row.line, {name: cell_text(cell, is_own=is_own) for name, cell in cells if name}


def header_of(file: File, options: Options) -> list[str]:
    """The names of the columns of a table.

    Raises:
        SourceError: the file cannot be read, or its header does not fit.
    """
    return _header(file, _rows(file, options, lambda _: None))


def names_files(file: File, options: Options) -> bool:
    """Tells whether a table has a column that says which text file each row is about.

    A table that cannot be read counts as one that has, so that reading it tells what is wrong.
    """
    try:
        columns = header_of(file, options)
    except SourceError:
        return True
    return _name_column(columns, options) is not None


def read_metadata(
    file: File, options: Options, on_read: OnRead, *, texts: Container[str]
) -> Iterator[Document | SourceError]:
    """Yields, for each row of a table about text files, a document with the file's name and metadata, without text.

    Args:
        file: the table.
        options: how it is read.
        on_read: is told how far it was read.
        texts: names of files of which each can have but one row.

    Raises:
        SourceError: the file cannot be read, or its header does not fit.
    """
    rows = _rows(file, options, on_read)
    columns = _header(file, rows)
    name_at = _name_column(columns, options)
    if name_at is None:
        raise SourceError(file.uri, f"it has no column {' or '.join(_METADATA_ID_COLUMNS)} with the files' names")
    lines: dict[str, int] = {}
    for row in _fitting(file, rows, columns):
        if isinstance(row, SourceError):
            yield row
            continue
        name = spelled(row.cells[name_at].removesuffix(".gz"))
        if name in texts and (before := lines.setdefault(name, row.line)) != row.line:
            why = f"there is a row for {name!r} in line {before} already"
            yield SourceError(file.uri, why, line=row.line, hint="Give a file one row.")
            continue
        try:
            yield checked(Document(name, "", _metadata(file, columns, row.cells, {name_at})), file, row.line)
        except SourceError as error:
            yield error


def _name_column(columns: Sequence[str], options: Options) -> int | None:
    candidates = (options.id_column, *_METADATA_ID_COLUMNS)
    return next((columns.index(name) for name in candidates if name in columns), None)


def _header(file: File, rows: Iterator[Row | SourceError]) -> list[str]:
    header = next(rows, None)
    if header is None:
        raise SourceError(file.uri, "it is empty, and should have a header row")
    if isinstance(header, SourceError):
        raise header
    # One without a name is a row number, or comes of a comma at every end.
    check_columns(file, header.cells)
    return header.cells


def _column(file: File, columns: Sequence[str], name: str, what: str) -> int:
    if name not in columns:
        have = ", ".join(column for column in columns if column) or "none"
        hint = f"The columns are: {have}. Choose one with `{what}_column=`."
        # Spreadsheets lie about in folders, with all sorts of things in them.
        kind = UnknownFormat if is_sheet(file) else SourceError
        raise kind(file.uri, f"there is no column {name!r} for the {what}", hint=hint)
    return columns.index(name)


def _fitting(file: File, rows: Iterator[Row | SourceError], columns: Sequence[str]) -> Iterator[Row | SourceError]:
    """Turns each row that has not a cell for each column into an error."""
    for row in rows:
        if isinstance(row, Row) and len(row.cells) != len(columns):
            why = f"the row has {len(row.cells)} cells, and the header {len(columns)}"
            # A text of several lines in quotation marks, perhaps.
            is_parted = file.ending.startswith(".tsv") and any(cell.startswith('"') for cell in row.cells)
            yield SourceError(file.uri, why, line=row.line, hint=_ONE_LINE if is_parted else "")
        else:
            yield row


def _metadata(file: File, columns: Sequence[str], cells: Sequence[str], leave_out: set[int | None]) -> Metadata:
    is_own = _is_guarded(file, columns)
    return {
        name: cell_value(cell, is_own=is_own)
        for at, (name, cell) in enumerate(zip(columns, cells, strict=True))
        if name and cell and at not in leave_out
    }


def _is_guarded(file: File, columns: Sequence[str]) -> bool:
    """Whether the cells of a table are guarded from being run as formulas."""
    return not is_sheet(file) and is_own_header(columns)


def _rows(file: File, options: Options, on_read: OnRead) -> Iterator[Row | SourceError]:
    """Yields the rows that are not blank."""
    return (
        _sheet(file, options, on_read)
        if is_sheet(file)
        else split_rows(file, options, lines_of(file, options, on_read))
    )


def _sheet(file: File, options: Options, on_read: OnRead) -> Iterator[Row | SourceError]:
    """Yields the rows of a sheet; a cell beyond its header is no part of it where it is empty."""
    return (Row(number, cells) for number, cells in sheet_rows(file, options, on_read))
