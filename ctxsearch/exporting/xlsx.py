"""Concordance lines as a spreadsheet. The only door to XlsxWriter.

Every text is written as text, and nothing in it is ever a formula or a link. XlsxWriter keeps no more than a row in
memory; what it gathers on the disk lies beside the goal.

A control character, which XML has no place for, is written by its number, ``_x000B_``, and so is the ``_`` of a text
that looks like that (ECMA-376, ST_Xstring): an id must come back as it is. XlsxWriter does so too, but leaves out the
second of two that share a ``_``, and takes a text that begins with ``<r>`` and ends with ``</r>`` for one with formats.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from pathlib import Path

from ctxsearch.cells import line_cells, line_header
from ctxsearch.errors import ExportError, MissingExtra
from ctxsearch.exporting.choosing import choose
from ctxsearch.exporting.material import Material, Output
from ctxsearch.storage import sync

MOST_ROWS = 1_048_575
"""Rows that a sheet has below its header."""

_MOST_COLUMNS = 16_384
_LONGEST = 32_767  # in units of UTF-16, as spreadsheets count
_LARGEST = 1 << 53  # a spreadsheet's numbers are floating-point: beyond this, whole numbers are not told apart
_WIDTHS = {"key": 22, "left": 60, "node": 16, "right": 60, "document_id": 18, "sense": 20, "assigned": 20}
_NUMBERED = re.compile("[\x00-\x08\x0b-\x1f]|_(?=x[0-9A-Fa-f]{4}_)|^<(?=r>.*</r>$)", re.DOTALL)
# Spreadsheets do not read these by their numbers.
_NO_CHARACTER = re.compile("[\ud800-\udfff\ufffe\uffff]")
# The same lines make the same bytes, whenever they are written.
_CREATED = datetime.datetime(2000, 1, 1)


def check_xlsx() -> None:
    """Makes sure that a spreadsheet can be written.

    Raises:
        MissingExtra: XlsxWriter is not installed.
    """
    try:
        import xlsxwriter  # noqa: F401
    except ImportError as error:
        raise MissingExtra("XlsxWriter", "xlsx") from error


def write_xlsx(material: Material, path: Path) -> Output:
    """Writes a spreadsheet of lines."""
    from xlsxwriter import Workbook
    from xlsxwriter.exceptions import FileCreateError

    chosen = choose(material)
    columns = chosen.metadata_columns()
    header = line_header(chosen.sense_columns, columns)
    if chosen.count > MOST_ROWS or len(header) > _MOST_COLUMNS:
        raise ExportError(
            f"{material.asked.word or 'The pattern'!r} as a spreadsheet",
            f"it holds {MOST_ROWS:,} lines of {_MOST_COLUMNS:,} columns, and there are {chosen.count:,} of"
            f" {len(header):,}; draw a sample with `sample=`, or write .csv",
        )
    options = {
        "constant_memory": True,
        "tmpdir": str(path.parent),
        "use_zip64": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    workbook = Workbook(str(path), options)
    try:
        workbook.set_properties({"created": _CREATED})
        bold = workbook.add_format({"bold": True})
        formats = {
            "left": workbook.add_format({"align": "right"}),
            "node": workbook.add_format({"align": "center", "bold": True}),
        }
        sheet = workbook.add_worksheet("lines")
        # XlsxWriter's own misses an escape that overlaps another, and takes a text from <r> to </r> for formats. It has
        # no public name; a test holds that such texts come back.
        sheet._escape_control_characters = _escaped
        sheet.freeze_panes(1, 0)
        cut = 0
        for column, name in enumerate(header):
            sheet.set_column(column, column, _WIDTHS.get(name, max(9, min(24, len(name) + 2))))
        for column, name in enumerate(header):
            sheet.write_string(0, column, _fit(name)[0], bold)
        number = 0
        for block in chosen.lines(material.asked.context):
            for line, told in block:
                number += 1
                for column, value in enumerate(line_cells(line, told, columns)):
                    how = formats.get(header[column])
                    if isinstance(value, bool):
                        sheet.write_boolean(number, column, value, how)
                    elif isinstance(value, float) or (isinstance(value, int) and abs(value) <= _LARGEST):
                        sheet.write_number(number, column, value, how)
                    elif value is not None:
                        text, is_cut = _fit(str(value))
                        cut += is_cut
                        sheet.write_string(number, column, text, how)
        workbook.close()
    except FileCreateError as error:
        raise _as_told(error, path) from error
    finally:
        # What was not closed has a file open, which the end of the folder beside would leave to nobody.
        for one in workbook.worksheets():
            if one.fh is not None and not one.fh.closed:
                one.fh.close()
    sync(path)
    return Output(chosen.count, [*chosen.notes, *_cut_note(cut)])


def _escaped(text: object) -> object:
    r"""A text with what no cell can hold as it is by its number.

    >>> _escaped("a\x0bb"), _escaped("_x005F_x0041_"), _escaped("<r>a</r>")
    ('a_x000B_b', '_x005F_x005F_x005F_x0041_', '_x003C_r>a</r>')
    """
    if not isinstance(text, str):  # true or false
        return text
    return _NUMBERED.sub(lambda match: f"_x{ord(match[0]):04X}_", text)


def _fit(text: str) -> tuple[str, bool]:
    """A text as long as a cell can be, and whether it was longer."""
    text = _NO_CHARACTER.sub("\ufffd", text)
    if len(text) <= _LONGEST // 2 or len(text.encode("utf-16-le")) <= 2 * _LONGEST:
        return text, False
    # Half of a pair at the end is dropped.
    return text.encode("utf-16-le")[: 2 * _LONGEST].decode("utf-16-le", errors="ignore"), True


def _cut_note(cut: int) -> Sequence[str]:
    if not cut:
        return ()
    texts = "1 text was" if cut == 1 else f"{cut:,} texts were"
    return (f"{texts} longer than the {_LONGEST:,} characters that a cell holds, and cut.",)


def _as_told(error: Exception, path: Path) -> OSError:
    """What the disk said, about the file that it said it of."""
    cause = error.args[0] if error.args and isinstance(error.args[0], OSError) else OSError(str(error))
    cause.filename = cause.filename or str(path)
    return cause
