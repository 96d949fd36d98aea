"""What methods tell is a row of a table by one call, with the columns that the commands print."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
from command_line import ctxsearch as command

from ctxsearch import Index


@pytest.fixture(scope="module")
def path(sample: Index, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sample, with two senses of *bank*."""
    folder = shutil.copytree(sample.path, tmp_path_factory.mktemp("rows") / "sample")
    with Index.open(folder, dtype="fp32") as index:
        senses = index.senses(by="anna")
        senses.new("bank.river")
        senses.new("bank.money")
        senses.label_many({"bank.river": ["bank/06:73", "bank/09:39"], "bank.money": ["bank/08:17", "bank/12:85"]})
    return folder


@pytest.fixture
def index(path: Path) -> Index:
    """The index."""
    return Index.open(path, dtype="fp32")


def printed_csv(path: Path, name: str, *options: str) -> list[dict[str, str]]:
    """The rows that a command prints as CSV."""
    return list(csv.DictReader(io.StringIO(command(name, path, *options, "--csv").stdout)))


def as_cells(rows: Iterable[Mapping[str, object]], columns: Iterable[str]) -> list[dict[str, str]]:
    """Rows as CSV has them, in columns that not all of them have."""
    columns = list(columns)
    return [{name: "" if (cell := row.get(name)) is None else str(cell) for name in columns} for row in rows]


def test_a_line_is_a_row(path: Path, index: Index) -> None:
    """With the columns of CSV, those of the metadata among them, and with nothing that JSON does not have."""
    lines = index.concordance("bank")
    rows = [line.as_dict() for line in lines]
    printed = printed_csv(path, "concordance", "bank")
    assert as_cells(rows, printed[0]) == printed
    assert {name for row in rows for name in row} == {*printed[0]}
    assert [*rows[0]][:4] == ["key", "score", "left", "node"]
    asked = command("concordance", path, "bank", "--json").stdout.splitlines()
    for row, told in zip(rows, map(json.loads, asked), strict=True):
        metadata = {f"metadata.{name}": value for name, value in told.pop("metadata").items()}
        assert row == {**told, **metadata}


def test_what_is_assigned_is_a_row(path: Path, index: Index) -> None:
    """A use has the columns of its line, and what is told of its sense."""
    rows = [use.as_dict() for use in index.senses().assign("bank").uses]
    printed = printed_csv(path, "assign", "bank", "--lines")
    assert as_cells(rows, printed[0]) == printed
    assert {name for row in rows for name in row} == {*printed[0]}


@pytest.mark.parametrize("by", [["year:20"], ["genre", "form"], ["words"]])
def test_a_frequency_is_a_row(path: Path, index: Index, by: list[str], tmp_path: Path) -> None:
    """The values stand under what was asked for, and beside them all figures; of no line there is a header alone."""
    if by == ["words"]:
        path = shutil.copytree(path, tmp_path / "index")
        with Index.open(path, dtype="fp32") as index:
            document = index.document("bank/06")
            index.add([type(document)("new", document.text, {"words": 3})])
            rows = [one.as_dict() for one in index.frequencies("bank", by)]
    else:
        rows = [one.as_dict() for one in index.frequencies("bank", by)]
    options = [option for name in by for option in ("--by", name)]
    printed = printed_csv(path, "concordance", "bank", *options)
    assert as_cells(rows, printed[0]) == printed
    assert [*rows[0]] == [*printed[0]]
    assert [*rows[0]][-4:] == ["count", "words", "per_million", "share"]
    assert sum(float(str(row["share"])) for row in rows) == pytest.approx(1)
    none = command("concordance", path, "bank", *options, "--where", "document_id=none", "--csv").stdout
    assert none == ",".join(printed[0]) + "\n"


def test_collocates_and_contrasts_are_rows(path: Path, index: Index) -> None:
    """With the columns of the command; of none there is a header alone."""
    found = [one.as_dict() for one in index.collocations("bank", least=2, limit=30)]
    printed = printed_csv(path, "collocations", "bank", "--least", "2")
    assert as_cells(found, printed[0]) == printed
    senses = ("--sense", "bank.river", "--versus", "bank.money", "--least", "2")
    told = [one.as_dict() for one in index.senses().contrast("bank", "bank.river", "bank.money", least=2)]
    printed = printed_csv(path, "collocations", "bank", *senses, "--limit", "500")
    assert as_cells(told, printed[0]) == printed
    for options in (("--least", "900"), (*senses, "--least", "900")):
        none = command("collocations", path, "bank", *options, "--csv").stdout
        assert none in (",".join(found[0]) + "\n", ",".join(told[0]) + "\n")


def test_what_changed_is_a_row(path: Path, index: Index) -> None:
    """With the fields of the command's JSON."""
    rows = [one.as_dict() for one in index.change("year<1950", "year>=1980", least=5, limit=3)]
    told = command("change", path, "--before", "1950", "--after", "1980", "--least", "5", "-k", "3", "--json").stdout
    assert json.loads(json.dumps(rows)) == [json.loads(line) for line in told.splitlines()]
