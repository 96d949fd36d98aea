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
from ctxsearch.cells import guarded, row, unguarded

DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
TEXTS = st.text(st.sampled_from("'=+-@\t\r\n\",a1. \x00é"), max_size=8)


@given(TEXTS)
def test_a_guard_is_taken_away_again(text: str) -> None:
    """No guarded text begins as a formula does, and what reads it has the text."""
    assert not guarded(text).startswith(DANGEROUS)
    assert unguarded(guarded(text)) == text


@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=5), st.sampled_from([(".csv", ","), (".tsv", "\t")]))
def test_a_table_comes_back_as_it_was(cells: list[tuple[str, str]], kind: tuple[str, str]) -> None:
    """Texts and metadata that are written as a table are read as they were; metadata that are empty are left out."""
    ending, delimiter = kind
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"table{ending}")
        rows = [["id", "text", "=odd"], *([str(number), *pair] for number, pair in enumerate(cells))]
        path.write_bytes("".join(row(one, delimiter) for one in rows).encode())
        found = [(document.text, document.metadata.get("=odd")) for document in ctxsearch.read(path)]
        with path.open(newline="") as file:
            assert len(list(csv.reader(file, delimiter=delimiter))) == len(rows)
    kept = [(text, other if guarded(other) != other else number_in(other)) for text, other in cells]
    assert found == [(text, None if other == "" else other) for text, other in kept]


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
