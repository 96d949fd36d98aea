"""Splits the lines of CSV and TSV into rows of cells.

That is not done by the csv module. Its limit on the length of a cell is one setting for the whole process, which cannot
be raised and put back safely while other threads read; a quote that is never closed makes it gather the rest of the
file; and before Python 3.11 it refuses NUL. A test compares the two on what both can read.

In CSV a quotation mark at the start of a cell quotes it, over several lines if need be (RFC 4180). In TSV it may be
that, as spreadsheets and the csv module write it, or the first character of a text, as ``cut``, ``sort`` and the
definition of the format have it, and novels are full of cells that begin with speech. So a cell of TSV is quoted only
where nothing speaks against it: its closing mark is followed by a tab or the end of the line, and all marks between are
doubled. A row is one line; only in a table that ctxsearch wrote, see `is_own_header`, may a quoted cell have several,
and only if the row then has a cell for each column. What begins with a mark and is no such cell is taken as it is.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ctxsearch.cells import is_own_header
from ctxsearch.corpus.files import File
from ctxsearch.corpus.lines import Line
from ctxsearch.corpus.records import Options, all_one_line, line_error, too_long, without_end
from ctxsearch.errors import SourceError

# What some spreadsheets write before the header.
_SEPARATOR = re.compile(r"sep=([,;\t])\s*", re.IGNORECASE)
_QUOTED = re.compile('"[^"]*"')
_TSV_CELL = re.compile(r'"([^"]*(?:""[^"]*)*)"(?=\t|\Z)|[^\t]*')


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of a row, and the line that it starts on."""

    line: int
    cells: list[str]


def split_rows(file: File, options: Options, lines: Iterable[Line]) -> Iterator[Row | SourceError]:
    """Yields the rows that are not blank; after a bad row, reading goes on with the next line.

    Raises:
        SourceError: the lines end in carriage returns alone.
    """
    return (_tsv_rows if file.ending.startswith(".tsv") else _csv_rows)(file, options, lines)


def check_line_ends(file: File, header: str) -> None:
    """Makes sure that a header is a line of its own.

    Raises:
        SourceError: there is a carriage return in it, so that the whole file is one line, and has no rows.
    """
    if "\r" in without_end(_QUOTED.sub("", header)):
        raise all_one_line(file, "its header")


def _csv_rows(file: File, options: Options, lines: Iterable[Line]) -> Iterator[Row | SourceError]:
    """Yields the rows of CSV; after a bad row, reading goes on with the next line."""
    delimiter, is_first = "", True
    start = 1
    row: UnfinishedRow | None = None
    error: SourceError | None = None
    for line in lines:
        if row is None:
            if not (without_end(line.text) or line.bad or line.too_long):
                continue
            if not delimiter and (said := _SEPARATOR.fullmatch(line.text)):
                delimiter = said[1]
                continue
            if is_first:
                is_first = False
                delimiter = delimiter or _delimiter(line.text)
                # Of a header in another encoding that is to be told, and what is seen in it means nothing.
                if not line.bad:
                    check_line_ends(file, line.text)
            row, start, error = UnfinishedRow(delimiter), line.number, None
        # A bad byte spoils the row but not where it ends, so the row is read on; a long line was not kept at all.
        error = error or line_error(line, file, options)
        row.length += len(line.text)
        if line.too_long or row.length > options.max_record_chars + 1:
            row = None
            yield too_long(file, options, start)
        elif row.add(line.text):
            cells, row = row.cells, None
            yield error or Row(start, cells)
    if row is not None:
        yield error or SourceError(file.uri, "a quoted cell starts in this row and never ends", line=start)


def _delimiter(header: str) -> str:
    """What parts the cells: where a comma parts the decimals, spreadsheets write CSV with semicolons, or with tabs.

    >>> _delimiter("id;text"), _delimiter("id\\ttext"), _delimiter('"a;b",text'), _delimiter("text")
    (';', '\\t', ',', ',')
    """
    bare = _QUOTED.sub("", header)
    return max(",;\t", key=bare.count)


def _tsv_rows(file: File, options: Options, lines: Iterable[Line]) -> Iterator[Row | SourceError]:
    """Yields the rows of TSV."""
    columns: list[str] | None = None
    is_own = False
    ahead = _Ahead(lines)
    for line in ahead:
        text = without_end(line.text)
        if not (text or line.bad or line.too_long) or (columns is None and _SEPARATOR.fullmatch(line.text)):
            continue
        error = line_error(line, file, options)
        if columns is None:
            if not line.bad:
                check_line_ends(file, line.text)
            columns = _tsv_cells(text)
            is_own = is_own_header(columns)
        if error is not None:
            yield error
            continue
        cells = _over_lines(line, ahead, len(columns), options) if is_own and '"' in text else None
        yield Row(line.number, _tsv_cells(text) if cells is None else cells)


class _Ahead:
    """Lines that can be put back, to be read once more."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self._lines = iter(lines)
        self._again: deque[Line] = deque()

    def __iter__(self) -> Iterator[Line]:
        while (line := self.next()) is not None:
            yield line

    def next(self) -> Line | None:
        return self._again.popleft() if self._again else next(self._lines, None)

    def put_back(self, lines: list[Line]) -> None:
        self._again.extendleft(reversed(lines))


def _over_lines(first: Line, ahead: _Ahead, columns: int, options: Options) -> list[str] | None:
    """The cells of a row whose quoted cells may go on in the next lines; None, and no line taken, if it is no such."""
    row, taken, length = UnfinishedRow("\t"), [], len(first.text)
    is_whole = row.add(first.text)
    while not is_whole and not row.is_odd and len(row.cells) < columns and length <= options.max_record_chars:
        line = ahead.next()
        if line is None:
            break
        taken.append(line)
        if line.bad or line.too_long:
            break
        length += len(line.text)
        is_whole = row.add(line.text)
    if is_whole and not row.is_odd and len(row.cells) == columns:
        return row.cells
    ahead.put_back(taken)
    return None


def _tsv_cells(line: str) -> list[str]:
    """The cells of a line of TSV.

    >>> _tsv_cells('"a ""b""\\tc"\\t"Yes," he said.\\t"No')
    ['a "b"\\tc', '"Yes," he said.', '"No']
    """
    if '"' not in line:
        return line.split("\t")
    cells, at = [], 0
    while found := _TSV_CELL.match(line, at):
        cells.append(found[0] if found[1] is None else found[1].replace('""', '"'))
        at = found.end() + 1
        if at > len(line):
            break
    return cells


class UnfinishedRow:
    """Splits a row into cells, line by line, since a quoted cell may go on over many lines.

    Attributes:
        cells: those that are whole.
        length: for who counts the characters.
        is_odd: whether something follows a closing quotation mark in its cell, as no writer of such cells has it.
    """

    def __init__(self, delimiter: str) -> None:
        self.cells: list[str] = []
        self.length = 0
        self.is_odd = False
        self._delimiter = delimiter
        self._quoted: list[str] | None = None

    def add(self, line: str) -> bool:
        """Takes the next line of the row; true when the row is whole."""
        if self._quoted is None and '"' not in line:
            self.cells = without_end(line).split(self._delimiter)
            return True
        at = 0
        while True:
            if self._quoted is None and line.startswith('"', at):
                self._quoted = []
                at += 1
            if self._quoted is not None:
                at = self._add_quoted(self._quoted, line, at)
                if at < 0:
                    return False
            end = line.find(self._delimiter, at)
            # What follows a closing quote belongs to the cell, as the csv module has it.
            bare = without_end(line[at:]) if end < 0 else line[at:end]
            self.is_odd = self.is_odd or (self._quoted is not None and bare != "")
            self.cells.append("".join([*(self._quoted or ()), bare]))
            self._quoted = None
            if end < 0:
                return True
            at = end + 1

    @staticmethod
    def _add_quoted(quoted: list[str], line: str, at: int) -> int:
        """Adds to a quoted cell; returns where it ends, or -1 if it goes on in the next line."""
        while True:
            end = line.find('"', at)
            if end < 0:
                quoted.append(line[at:])
                return -1
            quoted.append(line[at:end])
            if not line.startswith('"', end + 1):
                return end + 1
            quoted.append('"')
            at = end + 2
