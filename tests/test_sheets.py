"""Spreadsheets as tables: the cells as texts, what is passed over, and senses that somebody filled in."""

from __future__ import annotations

import datetime
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import openpyxl
import pytest
from conftest import MakeIndex

from ctxsearch import Document, Index, read
from ctxsearch.corpus import sheets
from ctxsearch.errors import SourceError

_ODS = """<?xml version="1.0" encoding="UTF-8"?>
<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"
 office:version="1.3"><office:body><office:spreadsheet><table:table table:name="one">{}</table:table>
</office:spreadsheet></office:body></office:document-content>"""

_MANIFEST = """<?xml version="1.0" encoding="UTF-8"?>
<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" manifest:version="1.3">
<manifest:file-entry manifest:full-path="/" manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/>
<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>"""


def sheet(path: Path, rows: Sequence[Sequence[object]], *, first: int = 1) -> Path:
    """Writes a spreadsheet whose rows begin at one of the sheet's."""
    book = openpyxl.Workbook()
    page = book.worksheets[0]
    for number, row in enumerate(rows, first):
        for column, value in enumerate(row, 1):
            page.cell(number, column, value)
    book.create_sheet("another").append(["id", "text", "never read"])
    book.save(path)
    return path


ROWS = [
    ["id", "text", "year", "note", "seen"],
    ["a", "They rowed to the bank.", 1912, "'-' is a dash", datetime.date(2020, 2, 1)],
    [None] * 5,
    [7, "The bank lent us money,\nonce.", 1.5, None, datetime.datetime(2020, 2, 1, 13, 30)],
    ["007", "Banks are closed.", "007", True, datetime.time(3, 4)],
]
DOCUMENTS = [
    ("a", "They rowed to the bank.", {"year": 1912, "note": "'-' is a dash", "seen": "2020-02-01"}),
    ("7", "The bank lent us money,\nonce.", {"year": 1.5, "seen": "2020-02-01T13:30:00"}),
    ("007", "Banks are closed.", {"year": "007", "note": "TRUE", "seen": "03:04:00"}),
]


def as_told(path: Path, **options: object) -> list[tuple[str, str, object]]:
    return [(one.document_id, one.text, one.metadata) for one in read(path, **options)]  # type: ignore[arg-type]


def test_a_row_of_a_spreadsheet_is_a_document(tmp_path: Path) -> None:
    """Numbers, days and truth come as one would write them; blank rows and other sheets are passed over."""
    assert as_told(sheet(tmp_path / "a.xlsx", ROWS)) == DOCUMENTS
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(tmp_path / "a.xlsx", "deep/a.xlsx")
    assert as_told(tmp_path / "a.zip") == DOCUMENTS
    without_ids = [["text"], ["one"], ["two"]]
    paths = [document.document_id for document in read(sheet(tmp_path / "b.xlsx", without_ids, first=4))]
    assert paths == ["b.xlsx#5", "b.xlsx#6"]


def test_a_spreadsheet_of_libreoffice_is_read(tmp_path: Path) -> None:
    """An .ods has the same cells."""
    cells = [["id", "text"], ["a", "They rowed to the bank."]]
    rows = "".join(
        "<table:table-row>"
        + "".join(
            f'<table:table-cell office:value-type="string"><text:p>{cell}</text:p></table:table-cell>' for cell in row
        )
        + "</table:table-row>"
        for row in cells
    )
    with zipfile.ZipFile(tmp_path / "a.ods", "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", _MANIFEST)
        archive.writestr("content.xml", _ODS.format(rows))
    assert as_told(tmp_path / "a.ods") == [("a", "They rowed to the bank.", {})]


def test_in_a_folder_spreadsheets_may_be_anything(tmp_path: Path) -> None:
    """One without a text is passed over and named; one called metadata says more about the text files."""
    (tmp_path / "a.txt").write_text("They rowed to the bank.")
    sheet(tmp_path / "budget.xlsx", [["item", "cost"], ["boat", 3]])
    sheet(tmp_path / "metadata.xlsx", [["file", "year"], ["a.txt", 1912]])
    corpus = read(tmp_path)
    assert [(one.document_id, one.metadata) for one in corpus] == [("a.txt", {"year": 1912})]
    assert corpus.unread == [f"{tmp_path}/budget.xlsx"]
    with pytest.raises(SourceError, match=r"budget\.xlsx: there is no column 'text' .* The columns are: item, cost\."):
        list(read(tmp_path / "budget.xlsx"))
    assert [one.text for one in read(tmp_path / "budget.xlsx", text_column="item")] == ["boat"]


def test_what_is_no_spreadsheet_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other bytes, too many of them, a sheet with nothing, and no reader: a sentence each."""
    good = sheet(tmp_path / "a.xlsx", ROWS)
    (tmp_path / "b.xlsx").write_bytes(good.read_bytes()[:1000])
    with pytest.raises(SourceError, match=r"b\.xlsx: it is no spreadsheet that can be read \("):
        list(read(tmp_path / "b.xlsx"))
    with pytest.raises(SourceError, match=r"c\.xlsx: it is empty, and should have a header row"):
        list(read(sheet(tmp_path / "c.xlsx", [])))
    with monkeypatch.context() as patch:
        patch.setattr(sheets, "_MOST_UNPACKED", 2_000)
        with pytest.raises(SourceError, match=r"a\.xlsx: it unpacks to [\d,]+ bytes, and 2,000 is the most\."):
            list(read(good))
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    with pytest.raises(
        SourceError, match=r"it is a spreadsheet; python-calamine is not installed; .*'ctxsearch\[xlsx\]'"
    ):
        list(read(good))
    (tmp_path / "a.txt").write_text("They rowed to the bank.")
    assert [one.document_id for one in read(tmp_path)] == ["a.txt"]


def test_a_cell_in_the_farthest_corner_is_told(tmp_path: Path) -> None:
    """A small file whose cells reach far is refused before a place is made for each."""
    book = openpyxl.Workbook()
    page = book.worksheets[0]
    page["A1"], page["A2"], page["XFD200000"] = "text", "A bank.", "x"
    book.save(tmp_path / "far.xlsx")
    with pytest.raises(
        SourceError, match=r"far\.xlsx: its cells reach so far that there are 3,276,800,000 places, and"
    ):
        list(read(tmp_path / "far.xlsx"))
    cells = "".join(
        f'<table:table-cell{one} office:value-type="string"><text:p>a</text:p></table:table-cell>'
        for one in ("", ' table:number-columns-repeated="9999"')
    )
    empty = '<table:table-row table:number-rows-repeated="1048570"><table:table-cell/></table:table-row>'
    for rows, is_read in ((1, True), (9999, False)):
        row = f'<table:table-row table:number-rows-repeated="{rows}">{cells}</table:table-row>'
        with zipfile.ZipFile(tmp_path / "a.ods", "w") as archive:
            archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
            archive.writestr("META-INF/manifest.xml", _MANIFEST)
            archive.writestr("content.xml", _ODS.format(row + empty))
        with pytest.raises(
            SourceError, match="columns of one name" if is_read else "reach so far that there are 99,990,000"
        ):
            list(read(tmp_path / "a.ods"))


def test_senses_filled_into_a_spreadsheet_come_back(make_index: MakeIndex, tmp_path: Path) -> None:
    """Exported, filled in, saved and read: where people differ, the cell says so and labels keep what they are."""
    index = make_index(
        [Document("-a", "The muddy bank. A bank lent us money. The bank of the Thames. A bank of clouds.")]
    )
    senses = index.senses(by="anna")
    for name in ("bank.river", "bank.money"):
        senses.new(name)
    keys = [line.key for line in index.concordance("bank")]
    senses.label("bank.river", keys[:2])
    index.senses(by="bert").label("bank.money", keys[1:2])
    index.export(tmp_path / "bank.xlsx", "bank")

    book = openpyxl.load_workbook(tmp_path / "bank.xlsx")
    page = book.worksheets[0]
    at = {cell.value: cell.column for cell in page[1]}
    cells = {page.cell(row, at["key"]).value: page.cell(row, at["sense"]) for row in range(2, page.max_row + 1)}
    assert [cells[key].value for key in keys] == ["bank.river", "bank.money; bank.river", None, None]
    cells[keys[2]].value = "bank.river"
    book.save(tmp_path / "filled.xlsx")

    before = labels(index)
    report = index.senses(by="anna").label_from(tmp_path / "filled.xlsx")
    assert (report.labelled, report.unchanged, report.without, report.several) == (1, 1, 1, 1)
    assert labels(index) == before | {(keys[2], "anna", "bank.river")}
    sheet(tmp_path / "unknown.xlsx", [["key", "sense"], [keys[0], "bank.river; bank.cloud"]])
    with pytest.raises(
        SourceError, match=r"unknown\.xlsx, line 2: there is no sense 'bank\.river; bank\.cloud' \(1 row\)"
    ):
        index.senses(by="anna").label_from(tmp_path / "unknown.xlsx")


def test_ids_and_texts_of_a_spreadsheet_come_back_to_the_letter(make_index: MakeIndex, tmp_path: Path) -> None:
    """Control characters, what looks like one by its number, and what looks like formats, are written and read back."""
    names = ["x\x0by", "_x005F_x0041_", "a\r_x0041_\x00", "<r>a</r>", "_x_"]
    index = make_index([Document(name, f"{name} The bank", {"note": name}) for name in names])
    index.export(tmp_path / "bank.xlsx", "bank", senses="none")
    found = list(read(tmp_path / "bank.xlsx", text_column="left"))
    assert [one.metadata["document_id"] for one in found] == [line.document_id for line in index.concordance("bank")]
    assert [one.metadata["metadata.note"] for one in found] == [one.metadata["document_id"] for one in found]
    assert [one.text for one in found] == [line.left for line in index.concordance("bank")]


def labels(index: Index) -> set[tuple[str, str, str]]:
    return {(one.key, one.by, one.sense_id) for one in index.senses().labels()}
