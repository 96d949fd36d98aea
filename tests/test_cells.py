"""Tables that no spreadsheet runs, and that come back as they were."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path

import pytest
from command_line import ctxsearch as command
from conftest import MakeIndex
from hypothesis import given
from hypothesis import strategies as st

import ctxsearch
from ctxsearch import Document
from ctxsearch.cells import FORMULA_SIGNS, LABEL_COLUMNS, guarded, is_own_header, line_header, row, unguarded
from ctxsearch.corpus.uses import OWN_COLUMNS
from ctxsearch.exporting.durel import COLUMNS

DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
TEXTS = st.text(st.sampled_from("'=+-@\t\r\n\",a1. \x00é＝＠"), max_size=8)


@given(TEXTS)
def test_a_guard_is_taken_away_again(text: str) -> None:
    """No guarded text begins as a formula does, and what reads it has the text."""
    assert FORMULA_SIGNS == DANGEROUS
    assert not guarded(text).startswith(DANGEROUS)
    assert unguarded(guarded(text)) == text


def test_own_tables_have_columns_more() -> None:
    """A table of labels, as one of lines, is ctxsearch's own with columns that somebody added behind its own."""
    assert is_own_header([*LABEL_COLUMNS, "remark"])
    assert is_own_header(line_header(["sense"], ["year"]))
    assert not is_own_header(["key", "sense_id", "remark"])


@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=5), st.sampled_from([(".csv", ","), (".tsv", "\t")]))
def test_a_table_comes_back_as_it_was(cells: list[tuple[str, str]], kind: tuple[str, str]) -> None:
    """Texts and metadata that are written as a table are read as they were, but for line ends and tabs in TSV."""
    ending, delimiter = kind
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"table{ending}")
        header = line_header((), ["=odd"])
        filling: list[object] = [None] * (len(header) - 6)
        rows: list[list[object]] = [[*header]]
        rows += [[f"d:{number}", 1, "", "a", text, *filling, odd] for number, (text, odd) in enumerate(cells)]
        path.write_bytes("".join(row(one, delimiter) for one in rows).encode())
        if delimiter == "\t":
            lines = path.read_bytes().decode().split("\n")
            assert {line.count("\t") for line in lines} == {len(header) - 1, 0}
            assert (len(lines), lines[-1]) == (len(rows) + 1, "")
            cells = [(plain(text), plain(odd)) for text, odd in cells]
        documents = ctxsearch.read(path, text_column="right", id_column="key")
        found = [(document.text, document.metadata.get("metadata.=odd")) for document in documents]
        # Before Python 3.11 the csv module takes no NUL.
        content = path.read_bytes().decode().replace("\0", "")
        with io.StringIO(content, newline="") as file:
            assert len(list(csv.reader(file, delimiter=delimiter))) == len(rows)
    kept = [(text, other if guarded(other) != other else number_in(other)) for text, other in cells]
    assert found == [(text, None if other == "" else other) for text, other in kept]


def test_own_table_with_cells_over_several_lines_comes_back(tmp_path: Path) -> None:
    """In TSV that ctxsearch wrote a quoted cell may have several lines, and an open mark takes no row."""
    header = line_header((), ["note"])
    filling: list[object] = [None] * (len(header) - 6)
    texts = ['"Hi," he said.', "two\n\nlines", "last"]
    # All exact, as versions before wrote texts.
    exact = range(len(header))
    path = tmp_path / "own.tsv"
    rows = [row(header, "\t")]
    rows += [
        row([f"d\n{number}:{number}", 1, "", "a", text, *filling, text], "\t", exact)
        for number, text in enumerate(texts)
    ]
    open_marks = [
        "\t".join([f"e:{mark}", "1", "", "a", mark, *[""] * len(filling), "n\n"]) for mark in ('"Yes', 'No"', '"')
    ]
    path.write_text("".join([*rows, *open_marks]), newline="")
    documents = list(ctxsearch.read(path, text_column="right"))
    assert [document.text for document in documents] == [*texts, '"Yes', 'No"', '"']
    assert [document.metadata.get("key") for document in documents[:3]] == ["d\n0:0", "d\n1:1", "d\n2:2"]
    assert [document.metadata.get("metadata.note") for document in documents] == [*texts, "n", "n", "n"]


def plain(text: str) -> str:
    """A text as TSV has it."""
    return text.replace("\t", " ").replace("\n", " ").replace("\r", " ")


def test_rows_of_tsv_are_lines(make_index: MakeIndex, tmp_path: Path) -> None:
    """A text over several lines is one cell of one line, printed or exported; keys and senses come back as they are."""
    text = "The old\r\nbank\tlay\nlow."
    index = make_index([Document("a", text, {"note": "one\ntwo"}), Document("b\tc", text)])
    for name in ("a", "b\tc"):
        key = f"{name}:9"
        printed = command("concordance", index.path, "bank", "--tsv", "--where", f"document_id={name}").stdout
        index.export(tmp_path / f"{name[0]}.tsv", "bank", where=f"document_id={name}", senses="none")
        for table in (printed, (tmp_path / f"{name[0]}.tsv").read_text(encoding="utf-8")):
            assert table.count("\n") == 2
            (line,) = csv.DictReader(io.StringIO(table), delimiter="\t")
            assert (line["key"], line["document_id"]) == (key, name)
            assert (line["left"], line["right"]) == ("The old  ", " lay low.")
        assert line.get("metadata.note") == ("one two" if name == "a" else None)
    csv_lines = command("concordance", index.path, "bank", "--csv", "--where", "document_id=a").stdout
    (line,) = csv.DictReader(io.StringIO(csv_lines, newline=""))
    assert (line["left"], line["right"], line["metadata.note"]) == ("The old\r\n", "'\tlay\nlow.", "one\ntwo")
    senses = index.senses(by="ann")
    senses.new("bank.river")
    senses.label("bank.river", ["a:9", "b\tc:9"])
    index.export(tmp_path / "labelled.tsv", "bank", senses="labels")
    assert index.senses(by="bert").label_from(tmp_path / "labelled.tsv").labelled == 2


@pytest.mark.parametrize("name", ["x.csv", "metadata.csv", "uses.csv"])
def test_tables_of_others_are_as_they_are(tmp_path: Path, name: str) -> None:
    """An apostrophe before a sign stays in a table that somebody else wrote, whatever kind it is."""
    cell = "'-' is a dash"
    if name == "uses.csv":
        header = "\t".join(OWN_COLUMNS)
        (tmp_path / name).write_text(f"{header}\n'-er\t'-\t\t\t'-x-1\t{cell}\t{cell}\t0:3\t\n")
        expected = Document("'-x-1", cell, {"lemma": "'-er", "pos": "'-", "description": cell})
    elif name == "metadata.csv":
        (tmp_path / "'-a.txt").write_text(cell)
        (tmp_path / name).write_text(f"id,'=note\n'-a.txt,{cell}\n")
        expected = Document("'-a.txt", cell, {"'=note": cell})
    else:
        (tmp_path / name).write_text(f"id,'=note,text\n'-1,{cell},{cell}\n")
        expected = Document("'-1", cell, {"'=note": cell})
    (found,) = ctxsearch.read(tmp_path)
    assert (found.document_id, found.text, found.metadata) == (expected.document_id, cell, expected.metadata)
    if found.given is not None:
        assert (found.given.sentences[0].lemmas, found.given.sentences[0].tags) == (["'-er"], ["'-"])


def test_own_uses_come_back(tmp_path: Path) -> None:
    """Of a row that ctxsearch wrote, the guards are taken away, in the lemma and the part of speech too."""
    header = "\t".join(OWN_COLUMNS)
    (tmp_path / "uses.csv").write_text(f"{header}\n'-er\t'-\t-44\t\t'=odd:3\t'=x\t -er\t1:4\t\n")
    (found,) = ctxsearch.read(tmp_path)
    assert (found.document_id, found.text) == ("=odd:3", " -er")
    assert found.metadata == {"lemma": "-er", "pos": "-", "date": -44, "description": "=x"}
    assert found.given is not None
    assert (found.given.sentences[0].lemmas, found.given.sentences[0].tags) == (["-er"], ["-"])


def test_exported_uses_come_back(make_index: MakeIndex, tmp_path: Path) -> None:
    """What is exported for DURel is read with the ids, metadata and words that it was written with."""
    index = make_index(
        [Document("=odd", "The bank lay low.", {"year": -44}), Document("-1", "A bank.", {"date": "+1"})]
    )
    index.export(tmp_path / "uses.csv", "bank", file_format="durel")
    assert OWN_COLUMNS == COLUMNS
    found = list(ctxsearch.read(tmp_path / "uses.csv"))
    assert [one.document_id for one in found] == [line.key for line in index.concordance("bank")]
    assert [one.metadata["date"] for one in found] == [-44, "+1"]
    assert [one.given.sentences[0].lemmas for one in found if one.given] == [["bank"], ["bank"]]


def number_in(text: str) -> str | int | float:
    """A cell without a guard that is a number is read as one, whoever wrote it."""
    whole, _, decimals = text.partition(".")
    digits = "0" if whole == "0" else whole if whole.isdigit() and whole[0] != "0" else ""
    if not digits or (decimals and not decimals.isdigit()) or text.endswith("."):
        return text
    return float(text) if decimals else int(text)


def test_numbers_are_left_alone() -> None:
    """A number below zero stays a number, and a text that looks like one stays text."""
    assert row([-1, -0.5, "-1", True, None], ",") == "-1,-0.5,'-1,True,\n"


@pytest.mark.parametrize(("option", "delimiter"), [("--csv", ","), ("--tsv", "\t")])
def test_no_command_prints_a_formula(make_index: MakeIndex, option: str, delimiter: str) -> None:
    """What a text or its metadata smuggle in is text in every table that is printed."""
    formula = '=HYPERLINK("http://evil.example","x")'
    documents = [Document(f"={number}", f"{formula} bank river.", {"@x": formula, "year": -44}) for number in range(3)]
    index = make_index(documents)
    for arguments in (
        ("concordance", index.path, "bank", "--context", "sentence"),
        ("concordance", index.path, "bank", "--by", "@x"),
        ("like", index.path, f"=0:{documents[0].text.index('bank')}"),
        ("collocations", index.path, "bank", "--least", "1"),
    ):
        result = command(*arguments, option)
        assert result.returncode == 0, result.stderr
        cells = [cell for line in csv.reader(io.StringIO(result.stdout), delimiter=delimiter) for cell in line]
        assert [cell for cell in cells if cell.startswith(DANGEROUS) and not is_number(cell)] == []
        assert f"'{formula}" in cells or arguments[0] == "collocations" or "like" in arguments


def is_number(cell: str) -> bool:
    """Whether a cell is a number."""
    try:
        float(cell)
    except ValueError:
        return False
    return True
