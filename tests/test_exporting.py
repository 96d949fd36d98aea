"""What an index holds, out again as files: every format comes back, no error leaves anything behind."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import faiss
import numpy as np
import openpyxl
import pyarrow.parquet
import pytest
from command_line import ctxsearch
from conftest import MakeIndex
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.utils.escape import unescape
from openpyxl.worksheet.worksheet import Worksheet
from treebank import tagged

from ctxsearch import Document, Index, Usage, read
from ctxsearch.cells import guarded
from ctxsearch.corpus import read_dictionary
from ctxsearch.corpus.markup import named, xml_name
from ctxsearch.errors import ExportError, SenseError, SenseNotFound, TagNotFound, WordNotFound
from ctxsearch.exporting import FORMATS, Asked, Material, choosing, xlsx
from ctxsearch.exporting.annotation import Gathering
from ctxsearch.query.concordance import occurrences
from ctxsearch.query.found import Found
from ctxsearch.query.vectors import decoded
from ctxsearch.sense import Sense

# Some have documents, and no word.
WORDS_OF = {one.name: ["bank"] if one.of_word is not None else [] for one in FORMATS}

FORMULA = '=HYPERLINK("http://evil.example")'
ODD = [
    Document("=odd", f"{FORMULA} said the bank.\tA bank\r\nof mud.", {"@note": "-5", "year": -44, "share": 0.5}),
    Document("plain", "Nobody saw the bank. It was dark. Birds sang.", {"year": 1912, "open": True}),
]
RIVER, MONEY = "bank.river", "money, or 1 bank & Co."


@pytest.fixture
def odd(make_index: MakeIndex) -> Index:
    """An index of texts that mean harm to spreadsheets."""
    return make_index(ODD)


@pytest.fixture
def labelled(index: Index) -> Index:
    """The index of the river documents, with two senses of which some lines are labelled."""
    senses = index.senses(by="anna")
    river = "We moored  the boat at the bank,\nthe bank of the [wide] river."
    at = river.rindex("bank")
    senses.new(RIVER, definition="the land\n beside a <river>", examples=[Usage(river, at, at + 4)])
    senses.new(MONEY, word="bank", definition="a house that lends money")
    senses.new("tea.1", definition="")
    senses.note(RIVER, "also of lakes & ponds")
    senses.label(RIVER, ["rowing:18", "reeds:18", "flood:21"])
    senses.label(MONEY, ["loan:4", "rates:4"])
    index.senses(by="bert").label(MONEY, ["flood:21"])
    return index


def cells(path: Path, delimiter: str = ",") -> list[list[str]]:
    """The rows of a table as the csv module has them."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file, delimiter=delimiter))


def keys_of(path: Path) -> list[dict[str, object]]:
    """The objects of JSON lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


# ------------------------------------------------------------------------------------ lines


@pytest.mark.parametrize(("ending", "option", "delimiter"), [(".csv", "--csv", ","), (".tsv", "--tsv", "\t")])
def test_tables_are_what_concordance_prints(
    odd: Index, tmp_path: Path, ending: str, option: str, delimiter: str
) -> None:
    """Without labels a table has the very bytes that `concordance` prints, and comes back by `read`."""
    path = tmp_path / f"bank{ending}"
    assert odd.export(path, "bank").count == 3
    assert path.read_bytes() == ctxsearch("concordance", odd.path, "bank", option).stdout.encode()
    lines = odd.concordance("bank")
    found = list(read(path, text_column="right", id_column="key"))
    assert [one.document_id for one in found] == [line.key for line in lines]
    # In TSV, a row is one line.
    parting = str.maketrans("\t\r\n", "   ") if ending == ".tsv" else {}
    assert [one.text for one in found] == [line.right.translate(parting) for line in lines]
    assert [one.metadata["left"] for one in found] == [line.left.translate(parting) for line in lines]
    assert [one.metadata["start"] for one in found] == [line.start for line in lines]
    assert [one.metadata.get("metadata.@note") for one in found] == ["-5", "-5", None]
    assert [one.metadata["metadata.year"] for one in found] == [-44, -44, 1912]


def test_lines_have_the_sense_that_people_gave(labelled: Index, tmp_path: Path) -> None:
    """Labels are the default where there are any: of all people or of one; two that differ are both there."""
    rows = cells(Path(labelled.export(tmp_path / "bank.csv", "bank").files[0]))
    at = rows[0].index("sense")
    senses = {row[0]: row[at] for row in rows[1:]}
    assert senses["rowing:18"] == RIVER
    assert senses["flood:21"] == f"{RIVER}; {MONEY}"
    assert senses["savings:14"] == ""
    assert len(rows) == 1 + labelled.count("bank")
    of_bert = cells(Path(labelled.export(tmp_path / "bert.csv", "bank", by="bert").files[0]))
    assert [row[at] for row in of_bert[1:] if row[at]] == [MONEY]
    labelled.export(tmp_path / "some.jsonl", "bank", sense=RIVER)
    assert {one["key"] for one in keys_of(tmp_path / "some.jsonl")} == {"rowing:18", "reeds:18", "flood:21"}
    labelled.export(tmp_path / "none.csv", "bank", senses="none")
    assert "sense" not in cells(tmp_path / "none.csv")[0]


def test_a_sense_may_be_given_itself(labelled: Index, tmp_path: Path) -> None:
    """Lines are chosen as by its name, wherever they are written; what is neither is told."""
    river = labelled.senses().list("bank")[0]
    for name, senses in ((".csv", None), (".xml", "labels")):
        one, other = (tmp_path / f"{which}{name}" for which in ("one", "other"))
        labelled.export(one, "bank", sense=river, senses=senses)
        labelled.export(other, "bank", sense=RIVER, senses=senses)
        assert one.read_bytes() == other.read_bytes()
    with pytest.raises(ValueError, match=r"A sense is given by its id, such as 'bank\.river', or as a Sense, not as 3"):
        labelled.export(tmp_path / "three.csv", "bank", sense=3)  # type: ignore[arg-type]


def test_labels_of_nobody_are_told(labelled: Index, tmp_path: Path) -> None:
    """A name that nobody labels under is told, with those who do, and is no table without senses."""
    for name, word in (("a.csv", "bank"), ("a.xml", "bank"), ("a.vrt", None)):
        with pytest.raises(SenseError, match="'nobody' labelled nothing; these did: anna, bert"):
            labelled.export(tmp_path / name, word, by="nobody")
    assert list(tmp_path.glob("a.*")) == []
    labelled.senses(by="anna").unlabel(["rowing:18", "reeds:18", "flood:21", "loan:4", "rates:4"])
    labelled.senses(by="bert").unlabel(["flood:21"])
    with pytest.raises(SenseError, match="'nobody' labelled nothing; nobody did"):
        labelled.export(tmp_path / "a.csv", "bank", by="nobody")


def test_json_lines_are_what_concordance_prints(labelled: Index, tmp_path: Path) -> None:
    """Each object is a line as `concordance` prints it, of the same sample, and with its sense."""
    options = ("--sample", "3", "--seed", "5", "--context", "sentence", "--where", "year>1900")
    path = tmp_path / "bank.jsonl"
    assert ctxsearch("export", labelled.path, path, "bank", *options).stderr == f"{path}: 3 lines.\n"
    printed = ctxsearch("concordance", labelled.path, "bank", *options, "--json").stdout
    found = keys_of(path)
    assert {one.pop("sense") for one in found} <= {None, RIVER, MONEY, f"{RIVER}; {MONEY}"}
    assert found == [json.loads(line) for line in printed.splitlines()]


def test_lines_are_chosen_as_concordance_does(labelled: Index, tmp_path: Path) -> None:
    """Form, where and near choose the lines that `concordance` lists with them."""
    chosen = {"form": "bank", "where": ["year>1910"], "near": "river"}
    labelled.export(tmp_path / "a.jsonl", "bank", **chosen)  # type: ignore[arg-type]
    expected = labelled.concordance("bank", **chosen)  # type: ignore[arg-type]
    assert [one["key"] for one in keys_of(tmp_path / "a.jsonl")] == [line.key for line in expected]


@pytest.mark.parametrize(
    "chosen",
    [
        {"order": ["-year", "right"]},
        {"order": "left", "limit": 3, "offset": 1},
        {"limit": 2, "offset": 2},
        {"per_document": 1, "seed": 2, "order": "node"},
        {"per_document": 2, "sample": 5, "seed": 1, "order": "right"},
    ],
)
def test_lines_are_in_the_order_that_concordance_has(several: Index, tmp_path: Path, chosen: dict[str, object]) -> None:
    """Order, number and page are those of `concordance`, across shards and in every format that has lines."""
    expected = [line.key for line in several.concordance("bank", **chosen)]  # type: ignore[arg-type]
    for file_format in ("jsonl", "durel", "npy", "parquet"):
        path = tmp_path / file_format
        several.export(path, "bank", file_format=file_format, **chosen)  # type: ignore[arg-type]
        if file_format == "jsonl":
            keys = [one["key"] for one in keys_of(path)]
        elif file_format == "durel":
            rows = cells(path, "\t")
            keys = [row[4] for row in rows[1:]]
            assert all(row[6][slice(*map(int, row[7].split(":")))].lower().startswith("bank") for row in rows[1:])
        elif file_format == "npy":
            keys = [one["key"] for one in keys_of(path.with_name("npy.keys.jsonl"))]
            assert np.load(path) == pytest.approx(several.vectors(expected))
        else:
            keys = pyarrow.parquet.read_table(path)["key"].to_pylist()
        assert keys == expected


def test_a_pattern_stands_in_the_place_of_a_word(labelled: Index, tmp_path: Path) -> None:
    """Its node is written, with the senses of its own lemma, as `concordance` lists it; also one sense alone."""
    pattern = '[] @"banks?|teas?"'
    expected = [line.key for line in labelled.concordance(None, cql=pattern)]
    assert expected
    assert labelled.export(tmp_path / "a.jsonl", cql=pattern).count == len(expected)
    found = {str(one["key"]): one["sense"] for one in keys_of(tmp_path / "a.jsonl")}
    assert list(found) == expected
    assert found["rowing:18"] == RIVER
    labelled.export(tmp_path / "b.jsonl", cql=pattern, sense=RIVER)
    river = [str(one["key"]) for one in keys_of(tmp_path / "b.jsonl")]
    assert river == [key for key, sense in found.items() if RIVER in str(sense)]
    with pytest.raises(SenseNotFound, match=r"'bank\.lake'; there are: bank\.river"):
        labelled.export(tmp_path / "c.jsonl", cql=pattern, sense="bank.lake")
    goal = tmp_path / "d.csv"
    result = ctxsearch("export", labelled.path, goal, "--cql", pattern, "--sort", "right", "-k", "2")
    assert (result.returncode, result.stderr) == (0, f"{goal}: 2 lines.\n")
    sorted_by = labelled.concordance(None, cql=pattern, order="right", limit=2)
    assert [row[0] for row in cells(goal)[1:]] == [line.key for line in sorted_by]


def values_of(sheet: Worksheet) -> list[list[object]]:
    """The values of a sheet, row by row; what stands for a character by its number is that character."""
    rows = sheet.iter_rows(values_only=True)
    return [[unescape(value) if isinstance(value, str) else value for value in row] for row in rows]


def test_a_spreadsheet_has_texts_and_numbers(odd: Index, tmp_path: Path) -> None:
    """Texts are text to the letter, formulas too; numbers are numbers; the header is frozen and bold."""
    path = tmp_path / "bank.xlsx"
    odd.export(path, "bank", context="sentence")
    sheet = openpyxl.load_workbook(path).active
    header, *rows = values_of(sheet)
    lines = odd.concordance("bank", context="sentence")
    assert [row[header.index("key")] for row in rows] == ["=odd:43", "=odd:51", "plain:15"]
    for name in ("left", "node", "right", "start"):
        assert [row[header.index(name)] for row in rows] == [getattr(line, name) for line in lines], name
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "inlineStr", "n", "b"}
    assert [row[header.index("metadata.@note")] for row in rows] == ["-5", "-5", None]
    assert [row[header.index("metadata.year")] for row in rows] == [-44, -44, 1912]
    assert [row[header.index("metadata.open")] for row in rows] == [None, None, True]
    assert sheet.freeze_panes == "A2"
    assert sheet["A1"].font.bold
    node, left = sheet.cell(2, header.index("node") + 1), sheet.cell(2, header.index("left") + 1)
    assert (node.alignment.horizontal, node.font.bold, left.alignment.horizontal) == ("center", True, "right")
    again = tmp_path / "again.xlsx"
    odd.export(again, "bank", context="sentence")
    assert again.read_bytes() == path.read_bytes()


def test_a_spreadsheet_cuts_and_replaces_what_it_cannot_hold(make_index: MakeIndex, tmp_path: Path) -> None:
    """A text over the limit is cut and told; what is no character is replaced; a limit on lines is an error."""
    long = "\U0001f40c" * 20_000
    index = make_index([Document("a", f"The \uffff bank _x0041_ {long}", {"big": 2**60, "note": "a\ufffeb"})])
    told = ctxsearch("export", index.path, tmp_path / "a.xlsx", "bank", "--context", "sentence").stderr
    assert told.startswith("1 text was longer than the 32,767 characters that a cell holds, and cut.\n")
    header, row = values_of(openpyxl.load_workbook(tmp_path / "a.xlsx").active)
    found = dict(zip(header, row, strict=True))
    assert found["left"] == "The \ufffd "
    assert found["right"].startswith(" _x0041_ \U0001f40c")
    assert len(found["right"].encode("utf-16-le")) // 2 in (32_766, 32_767)
    assert (found["metadata.big"], found["metadata.note"]) == (str(2**60), "a\ufffdb")


def test_a_spreadsheet_has_so_many_lines(index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More lines than a sheet has are refused, and nothing is left."""
    monkeypatch.setattr(xlsx, "MOST_ROWS", 3)
    with pytest.raises(
        ExportError, match=r"^'bank' as a spreadsheet: it holds 3 lines .* draw a sample with `sample=`, or write"
    ):
        index.export(tmp_path / "a.xlsx", "bank")
    assert not list(tmp_path.glob("*.xlsx"))


# ------------------------------------------------------------------------------------ DURel


def uses(path: Path) -> list[dict[str, str]]:
    """The rows of a file for DURel, which has no quotation marks."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def piece(use: dict[str, str], column: str) -> str:
    """What the offsets of a column cut out of the context."""
    start, end = map(int, use[column].split(":"))
    return use["context"][start:end]


def test_uses_for_durel_have_offsets_that_hold(odd: Index, tmp_path: Path) -> None:
    """The use and its sentence are cut out by their offsets, whatever stood in the text; nothing is a formula."""
    odd.export(tmp_path / "uses.csv", "bank", file_format="durel")
    found = uses(tmp_path / "uses.csv")
    assert [piece(use, "indexes_target_token") for use in found] == ["bank"] * 3
    assert found[0]["context"] == f" {FORMULA} said the bank. A bank  of mud."
    assert piece(found[0], "indexes_target_sentence") == f"{FORMULA} said the bank."
    assert piece(found[1], "indexes_target_sentence") == "A bank  of mud."
    assert found[2]["context"] == "Nobody saw the bank. It was dark."
    assert [use["identifier"] for use in found] == ["'=odd:43", "'=odd:51", "plain:15"]
    assert [use["date"] for use in found] == [use["grouping"] for use in found] == ["-44", "-44", "1912"]
    assert {use["pos"] + use["description"] for use in found} == {""}
    assert not [cell for use in found for cell in use.values() if cell.startswith(("=", "+", "@", "\t"))]


@pytest.mark.parametrize("before", ["=", "+1 ", "-", "@", "\t=", "'=", "''+"])
def test_no_context_for_durel_is_a_formula(make_index: MakeIndex, tmp_path: Path, before: str) -> None:
    """Whatever a text begins with, its cell is text; and the offsets hold."""
    index = make_index([Document("a", f"{before}bank of mud.")])
    index.export(tmp_path / "uses.csv", "bank", file_format="durel")
    (use,) = uses(tmp_path / "uses.csv")
    assert guarded(use["context"]) == use["context"]
    assert piece(use, "indexes_target_token") == "bank"


def test_uses_for_durel_are_grouped_and_described(labelled: Index, tmp_path: Path) -> None:
    """A column of the metadata groups them, and the sense is the description; a column that is not there is told."""
    labelled.export(tmp_path / "uses.csv", "bank", file_format="durel", grouping="genre")
    found = {use["identifier"]: use for use in uses(tmp_path / "uses.csv")}
    assert (found["reeds:18"]["grouping"], found["reeds:18"]["date"]) == ("nature", "1921")
    assert (found["crisis:4"]["grouping"], found["reeds:18"]["description"]) == ("", RIVER)
    assert list(found["reeds:18"]) == [
        *("lemma", "pos", "date", "grouping", "identifier", "description", "context"),
        *("indexes_target_token", "indexes_target_sentence"),
    ]
    with pytest.raises(ExportError, match="no document of these lines has the column; there are: genre, year"):
        labelled.export(tmp_path / "more.csv", "bank", file_format="durel", grouping="place")


# ------------------------------------------------------------------------------------ TEI


def inventory(index: Index) -> list[tuple[Sense, list[Usage]]]:
    """The senses of an index with their sentences, without what an import does not bring."""
    senses = index.senses()
    return [
        (
            Sense(one.sense_id, one.lemma, one.definition, 0, 0, one.examples, []),
            [usage for name, usage in senses.sentences(one.lemma) if name == one.sense_id],
        )
        for one in senses.list()
    ]


def test_entries_come_back(
    labelled: Index, make_index: MakeIndex, river_documents: list[Document], tmp_path: Path
) -> None:
    """What is written of an inventory makes the same: names, headwords, definitions, examples with their word."""
    path = tmp_path / "all.xml"
    assert labelled.export(path, senses="none").count == 2
    other = make_index(river_documents)
    report = other.senses(by="ben").import_dictionary(path)
    assert (report.senses, report.without_word) == (3, [])
    assert inventory(other) == inventory(labelled)
    assert [one.sense_id for one in read_dictionary(path)] == [RIVER, MONEY, "tea.1"]


def test_an_entry_has_examples_frequencies_and_notes(labelled: Index, tmp_path: Path) -> None:
    """Own sentences come first, then the best of the lines, with the document; the counts are of labels."""
    labelled.export(tmp_path / "bank.xml", "bank", examples=2)
    names = {"t": "http://www.tei-c.org/ns/1.0"}
    root = ElementTree.parse(tmp_path / "bank.xml").getroot()
    assert root.findtext(".//t:entry/t:form/t:orth", namespaces=names) == "bank"
    river, money = root.iterfind(".//t:sense", names)
    quotes = ["".join(quote.itertext()) for quote in river.iterfind("t:cit/t:quote", names)]
    assert len(quotes) == 2
    assert quotes[0].startswith("We moored  the boat")
    assert quotes[1] in {"They rowed to the bank of the river.", "Reeds grew on the bank of the river."}
    assert [bibl.text for bibl in money.iterfind("t:cit/t:bibl", names)] == ["rates", "loan"]
    counts = [one.findtext("t:note[@type='frequency']", namespaces=names) for one in (river, money)]
    # A third line has both, since people differ on it.
    assert counts == ["3", "3"] == [str(sense.lines) for sense in labelled.senses().list("bank")]
    assert [labelled.export(tmp_path / f"{one}.csv", "bank", sense=one).count for one in (RIVER, MONEY)] == [3, 3]
    assert river.findtext("t:note[last()]", namespaces=names) == "also of lakes & ponds"
    assert (river.get("n"), money.get("n")) == ("1", "2")
    assert [hi.text for hi in money.iterfind("t:cit/t:quote/t:hi", names)] == ["bank", "bank"]


def test_an_entry_of_one_sense_or_of_a_word_that_is_not_there(labelled: Index, tmp_path: Path) -> None:
    """A sense alone can be written, and an inventory can be ahead of its corpus."""
    labelled.export(tmp_path / "one.xml", "bank", sense=MONEY)
    assert [one.sense_id for one in read_dictionary(tmp_path / "one.xml")] == [MONEY]
    senses = labelled.senses(by="anna")
    senses.new("zax.1", definition="a tool \x7f for slates")
    labelled.export(tmp_path / "zax.xml", "zax")
    assert [one.sense_id for one in read_dictionary(tmp_path / "zax.xml")] == ["zax.1"]
    with pytest.raises(SenseNotFound):
        labelled.export(tmp_path / "two.xml", "bank", sense="bank.mud")
    with pytest.raises(SenseError, match="'river' has no sense yet"):
        labelled.export(tmp_path / "two.xml", "river")


@given(st.text(max_size=12), st.text(max_size=12))
def test_names_are_names_and_apart(one: str, other: str) -> None:
    """Whatever a sense is called makes an XML name, and two names are the same where the texts are."""
    name = xml_name(one)
    ElementTree.fromstring(f'<sense xml:id="{name}"/>')
    assert re.fullmatch(r"([^\W\d][\w.\-\u00b7]*)?", "".join(character for character in name if character.isascii()))
    assert (xml_name(one) == xml_name(other)) == (one == other)


@given(st.text(st.sampled_from("_x0A F1\u00e9\U0001f600")) | st.text(max_size=12))
def test_names_come_back(text: str) -> None:
    """What a sense is called is read from the XML name that was made of it, and what was not made so stays."""
    assert named(xml_name(text)) == text
    assert named(text) == text or xml_name(named(text)) == text


def test_what_only_the_machine_says_is_no_dictionary(sample: Index, tmp_path: Path) -> None:
    """Examples of an entry that assign chose are left out by an import, and told; people's come back."""
    shutil.copytree(sample.path, tmp_path / "sample")
    with Index.open(tmp_path / "sample") as index:
        senses = index.senses(by="anna")
        labelled = {RIVER: ["bank/06:73"], "bank.money": ["bank/08:17", "bank/12:85"]}
        for name, keys in labelled.items():
            senses.new(name)
            senses.label(name, keys)
        index.export(tmp_path / "bank.xml", "bank", senses="assigned", examples=4)
        for name in labelled:
            senses.remove(name)
        report = senses.import_dictionary(tmp_path / "bank.xml")
        assert (report.senses, report.examples, report.assigned, report.without_word) == (2, 3, 5, [])
        said = ctxsearch("senses", "import", index.path, tmp_path / "bank.xml", "--by", "ben").stderr
    assert said.splitlines()[-1] == "Left out 5 sentences whose sense only the machine says."


def test_names_that_an_older_export_has_in_n_are_read(tmp_path: Path) -> None:
    """Where the id of a sense could not be its name, this stood in its number's place."""
    sense = f'<sense xml:id="{xml_name(MONEY)}" n="{MONEY.replace("&", "&amp;")}"><def>x</def></sense>'
    (tmp_path / "d.xml").write_text(f"<TEI><entry><orth>bank</orth>{sense}</entry></TEI>")
    assert [one.sense_id for one in read_dictionary(tmp_path / "d.xml")] == [MONEY]


@pytest.mark.parametrize("n", ["1", "2 a"])
def test_a_number_is_no_name(tmp_path: Path, n: str) -> None:
    """A dictionary that numbers its senses has their names in their ids."""
    sense = f'<sense xml:id="b1" n="{n}"><def>x</def></sense>'
    (tmp_path / "d.xml").write_text(f"<TEI><entry><orth>bank</orth>{sense}</entry></TEI>")
    assert [one.sense_id for one in read_dictionary(tmp_path / "d.xml")] == ["b1"]


# ------------------------------------------------------------------------------------ vectors


@pytest.fixture(params=["fp16", "sq8"])
def several(request: pytest.FixtureRequest, make_index: MakeIndex, river_documents: list[Document]) -> Index:
    """An index of several shards, from which a document was taken out."""
    index = make_index(river_documents, codec=request.param, shard_tokens=12)
    index.remove(["crisis"])
    return index


def expected(index: Index, word: str) -> tuple[list[str], np.ndarray]:
    """The keys of a word's occurrences, and their vectors as the index decodes them."""
    shards = index.open_shards()
    return [line.key for line in index.concordance(word)], decoded(shards, occurrences(shards, word))


def test_an_array_has_the_vectors_of_the_index(several: Index, tmp_path: Path) -> None:
    """The vectors are those that the index decodes, in the order of the corpus, and the keys lie beside them."""
    path = tmp_path / "bank.npy"
    report = several.export(path, "bank")
    keys, vectors = expected(several, "bank")
    assert report.files == [path, tmp_path / "bank.npy.keys.jsonl"]
    found = np.load(path)
    assert (found.dtype, found.shape) == (np.float32, (len(keys), 64))
    assert np.array_equal(found, vectors)
    known = keys_of(report.files[1])
    assert [one["key"] for one in known] == keys
    assert known[0] == {
        "key": "rowing:18",
        "lemma": "bank",
        "form": "bank",
        "document_id": "rowing",
        "start": 18,
        "end": 22,
        "metadata": {"year": 1908, "genre": "novel"},
    }


def test_all_occurrences_are_there_once(several: Index, tmp_path: Path) -> None:
    """Without a word every occurrence is written that was not taken out; a sample and a filter choose among them."""
    several.export(tmp_path / "all.npy")
    keys = [str(one["key"]) for one in keys_of(tmp_path / "all.npy.keys.jsonl")]
    assert len(keys) == len(set(keys)) == several.info().occurrences == len(np.load(tmp_path / "all.npy"))
    assert not [key for key in keys if key.startswith("crisis")]
    several.export(tmp_path / "some.npy", sample=7, where=["genre=novel"])
    some = [str(one["key"]) for one in keys_of(tmp_path / "some.npy.keys.jsonl")]
    assert some == [key for key in keys if key in set(some)]
    assert len(some) == 7
    assert {key.split(":")[0] for key in some} <= {"rowing", "angler", "savings", "tea"}


@pytest.mark.parametrize("file_format", [one.name for one in FORMATS])
def test_how_many_are_made_at_once_changes_nothing(
    several: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file_format: str
) -> None:
    """A file is the same whether its lines are made three at a time, or all in one go; but for groups of rows."""
    senses = several.senses(by="anna")
    senses.new(RIVER)
    senses.label(RIVER, ["reeds:18", "rowing:18"])
    several.export(tmp_path / "once", *WORDS_OF[file_format], file_format=file_format)
    monkeypatch.setattr(choosing, "_AT_ONCE", 3)
    several.export(tmp_path / "thrice", *WORDS_OF[file_format], file_format=file_format)
    if file_format == "parquet":
        tables = [pyarrow.parquet.read_table(tmp_path / name) for name in ("once", "thrice")]
        assert tables[0].equals(tables[1])
    else:
        assert (tmp_path / "once").read_bytes() == (tmp_path / "thrice").read_bytes()


def test_a_table_of_vectors_comes_back(several: Index, tmp_path: Path) -> None:
    """PyArrow reads the columns, with the vector as a list of fixed size."""
    several.senses(by="anna").new(RIVER)
    several.senses(by="anna").label(RIVER, ["reeds:18"])
    several.export(tmp_path / "bank.parquet", "bank")
    table = pyarrow.parquet.read_table(tmp_path / "bank.parquet")
    keys, vectors = expected(several, "bank")
    names = ["key", "document_id", "start", "end", "form", "lemma", "sense", "metadata", "vector"]
    assert table.column_names == names
    assert str(table.schema.field("vector").type) == "fixed_size_list<element: float>[64]"
    assert np.array_equal(np.array(table["vector"].to_pylist(), np.float32), vectors)
    rows = table.to_pylist()
    assert [row["key"] for row in rows] == keys
    assert {row["key"]: row["sense"] for row in rows}["reeds:18"] == RIVER
    assert json.loads(rows[0]["metadata"]) == {"year": 1908, "genre": "novel"}


def test_faiss_scores_as_the_index_does(several: Index, tmp_path: Path) -> None:
    """`faiss.read_index` reads it, and finds the same lines with the same scores."""
    several.export(tmp_path / "bank.faiss", "bank")
    found = faiss.read_index(str(tmp_path / "bank.faiss"))
    keys = [one["key"] for one in keys_of(tmp_path / "bank.faiss.keys.jsonl")]
    usage = "We walked along the [bank] of the river."
    scores, ids = found.search(several.embed([usage]), len(keys))
    lines = {line.key: line.score for line in several.query(usage, k=None)}
    assert {keys[number] for number in ids[0]} == set(lines)
    assert np.allclose([lines[keys[number]] for number in ids[0]], scores[0], atol=1e-5)


# ------------------------------------------------------------------------------------ senses that assign gives


def test_examples_are_first_those_of_people_then_the_sure_ones(sample: Index, tmp_path: Path) -> None:
    """However good its sentence, no line that a machine gave a sense is shown before one that people labelled."""
    folder = shutil.copytree(sample.path, tmp_path / "sample")
    with Index.open(folder) as index:
        senses = index.senses(by="anna")
        for name, keys in ((RIVER, ["bank/06:73", "bank/02:29"]), ("bank.money", ["bank/08:17", "bank/12:85"])):
            senses.new(name)
            senses.label(name, keys)
        uses = {use.line.key: use for use in senses.assign("bank", least_margin=0.2).in_pile(RIVER)}
        best = [line.key for line in senses.examples("bank", RIVER, n=None)]
        worst = best[-1]
        assert not uses[worst].is_labelled
        senses.label(RIVER, worst)
        index.export(tmp_path / "bank.xml", "bank", sense=RIVER, senses="assigned", examples=50)
        shown = re.findall("<bibl>(.*?)</bibl>", (tmp_path / "bank.xml").read_text(encoding="utf-8"))
        labelled = {"bank/06", "bank/02", worst.partition(":")[0]}
        assert set(shown[: len(labelled)]) == labelled
        after = senses.assign("bank").in_pile(RIVER)
        sure = {use.line.document_id: use.p >= 0.9 for use in after if not use.is_labelled}
        others = [sure[document] for document in shown if document not in labelled]
        assert others == sorted(others, reverse=True)
        assert len(set(others)) == 2


def test_a_document_gives_no_second_example_while_others_have_one(make_index: MakeIndex, tmp_path: Path) -> None:
    """Of two good sentences of one document and a poor one of another, the poor one is the second that is shown."""
    good = "The old boat lay by the bank of the river. Reeds grew along the bank until the water rose in spring."
    index = make_index([Document("a", good), Document("b", "they saw this bank")])
    senses = index.senses(by="anna")
    senses.new(RIVER)
    senses.label(RIVER, index.concordance("bank"))
    for count, documents in ((2, ["a", "b"]), (3, ["a", "b", "a"])):
        index.export(tmp_path / "bank.xml", "bank", examples=count, replace=True)
        text = (tmp_path / "bank.xml").read_text(encoding="utf-8")
        assert re.findall("<bibl>(.*?)</bibl>", text) == documents


def test_lines_have_the_sense_that_assign_gives(sample: Index, tmp_path: Path) -> None:
    """Each line has its pile, the probability and the margin, beside people's word; a sense chooses its pile."""
    folder = shutil.copytree(sample.path, tmp_path / "sample")
    with Index.open(folder) as index:
        senses = index.senses(by="anna")
        senses.new(RIVER)
        senses.new("bank.money")
        senses.new("bank.blood")
        senses.label(RIVER, ["bank/06:73", "bank/02:29"])
        senses.label("bank.money", ["bank/08:17", "bank/12:85"])
        assigned = senses.assign("bank")
        report = index.export(tmp_path / "bank.jsonl", "bank", senses="assigned")
        assert report.notes == ["Nothing shows these senses, so they were not considered: bank.blood."]
        found = keys_of(tmp_path / "bank.jsonl")
        assert [(one["key"], one["assigned"], one["margin"]) for one in found] == [
            (use.line.key, use.pile, use.margin) for use in assigned.uses
        ]
        assert [one["p"] for one in found if one["assigned"] == RIVER] == [
            use.p for use in assigned.uses if use.pile == RIVER
        ]
        assert {one["key"]: one["sense"] for one in found if one["sense"] is not None} == {
            **dict.fromkeys(["bank/06:73", "bank/02:29"], RIVER),
            **dict.fromkeys(["bank/08:17", "bank/12:85"], "bank.money"),
        }
        index.export(tmp_path / "bank.parquet", "bank", senses="assigned")
        table = pyarrow.parquet.read_table(tmp_path / "bank.parquet").to_pylist()
        columns = ("key", "sense", "assigned", "p", "margin")
        assert [[row[name] for name in columns] for row in table] == [[one[name] for name in columns] for one in found]
        index.export(tmp_path / "uses.csv", "bank", senses="assigned", file_format="durel")
        uses = [row.split("\t") for row in (tmp_path / "uses.csv").read_text(encoding="utf-8").splitlines()[1:]]
        assert [(row[4], row[5]) for row in uses] == [(use.line.key, use.pile) for use in assigned.uses]
        assert index.export(tmp_path / "river.csv", "bank", sense=RIVER, senses="assigned").count == len(
            assigned.in_pile(RIVER)
        )
        index.export(tmp_path / "bank.xml", "bank", senses="assigned", examples=3)
        text = (tmp_path / "bank.xml").read_text(encoding="utf-8")
        assert f'<note type="frequency" subtype="assigned">{len(assigned.in_pile(RIVER))}</note>' in text
        dictionary = list(read_dictionary(tmp_path / "bank.xml"))
        assert [(len(one.examples), one.assigned) for one in dictionary] == [(2, 1), (2, 1), (0, 0)]
        # A pattern whose node has lemmas with senses, and others.
        index.export(tmp_path / "of.jsonl", cql='"the" @"bank|river"', senses="assigned")
        of_pattern = {str(one["key"]): one["assigned"] for one in keys_of(tmp_path / "of.jsonl")}
        piles = {use.line.key: use.pile for use in assigned.uses}
        assert {key: pile for key, pile in of_pattern.items() if pile} == {
            key: piles[key] for key in of_pattern if key in piles
        }
        assert None in of_pattern.values()
        index.export(tmp_path / "one.jsonl", cql='"the" @"bank|river"', senses="assigned", sense=RIVER)
        assert [one["key"] for one in keys_of(tmp_path / "one.jsonl")] == [
            key for key, pile in of_pattern.items() if pile == RIVER
        ]
        with pytest.raises(SenseNotFound, match=r"'bank\.mud'; there are: bank"):
            index.export(tmp_path / "mud.csv", cql='"bank"', sense="bank.mud", senses="assigned")
        with pytest.raises(SenseError, match=r"No line of 'bank' can have the sense 'bank\.mud'; choose one of: bank"):
            index.export(tmp_path / "mud.csv", "bank", sense="bank.mud", senses="assigned")


SAID = st.tuples(st.integers(0, 2), st.integers(0, 9), st.sampled_from(["a", "b", "c"]), st.integers(0, 9))


@given(st.lists(st.lists(SAID, max_size=8), max_size=4))
def test_arrays_say_what_was_said(said: list[list[tuple[int, int, str, int]]]) -> None:
    """What arrays say of occurrences is what a dictionary would, also where the last of two words counts."""
    gathering, expected = Gathering(), {}
    for some in said:
        some = list({one[:2]: one for one in some}.values())
        places = [Found(shard, row, None) for shard, row, *_ in some]
        values = np.array([(value, 0) for *_, value in some], float).reshape(-1, 2)
        gathering.add(places, [(sense,) for _, _, sense, _ in some], values)
        expected.update({(shard, row): (sense, value, 0.0) for shard, row, sense, value in some})
    annotation = gathering.made(("assigned", "p", "margin"), ())
    for shard in range(4):
        cells = [expected.get((shard, row), (None, None, None)) for row in range(11)]
        assert annotation.cells(shard, range(11)) == cells
        assert annotation.senses(shard, [*range(11), None]) == [*(one[0] or "" for one in cells), ""]
        by_sense = dict(annotation.by_sense(shard, np.arange(11)))
        for sense in "abc":
            rows = [row for row, one in enumerate(cells) if one[0] == sense]
            assert annotation.rows_with(shard, sense).tolist() == rows
            assert by_sense.get(sense, np.empty(0)).tolist() == rows


def test_a_word_with_a_tag_has_the_senses_of_its_lemma(tmp_path: Path) -> None:
    """The tag of ``bank/NOUN`` chooses lines, and entries count those; the senses are those of the word."""
    texts = [
        "the/the/DET bank/bank/NOUN of/of/ADP the/the/DET river/river/NOUN",
        "they/they/PRON bank/bank/VERB here/here/ADV",
    ]
    with Index.create(tmp_path / "tagged", dtype="fp32", codec="fp16") as index:
        index.add([tagged("d", [*texts, texts[0]])])
        keys = [line.key for line in index.concordance("bank")]
        senses = index.senses(by="anna")
        senses.new("bank.land")
        senses.new("bank.trust")
        senses.label("bank.land", keys[:1])
        senses.label("bank.trust", keys[1:2])
        index.export(tmp_path / "bank.jsonl", "bank/NOUN", senses="assigned")
        found = keys_of(tmp_path / "bank.jsonl")
        assert [one["key"] for one in found] == [keys[0], keys[2]]
        assert found[0]["assigned"] == found[0]["sense"] == "bank.land"
        assert index.export(tmp_path / "land.csv", "bank/NOUN", sense="bank.trust", senses="assigned").count == 0
        index.export(tmp_path / "bank.xml", "bank/NOUN")
        assert [one.sense_id for one in read_dictionary(tmp_path / "bank.xml")] == ["bank.land", "bank.trust"]
        text = (tmp_path / "bank.xml").read_text(encoding="utf-8")
        assert re.findall(r'subtype="labels">(\d)<', text) == ["1", "0"]
        with pytest.raises(TagNotFound):
            index.export(tmp_path / "a.csv", "bank/ADV", senses="assigned")


def test_a_word_that_is_filed_elsewhere_keeps_its_sense(tmp_path: Path, make_index: MakeIndex) -> None:
    """*Saw* that is filed under *see* has the sense of *saw* that people gave it, whichever lines are chosen."""
    index = make_index(
        [
            tagged("A", ["the/the/DET saw/saw/NOUN cut/cut/VERB"], {"d": "A"}),
            tagged("B", ["he/he/PRON saw/see/VERB it/it/PRON"], {"d": "B"}),
        ]
    )
    senses = index.senses(by="anna")
    senses.new("saw.x")
    assert senses.label("saw.x", "B:3") == 1
    for name, where, told in (("all", (), [None, "saw.x"]), ("B", "d=B", ["saw.x"])):
        index.export(tmp_path / f"{name}.jsonl", "saw", where=where)
        assert [one["sense"] for one in keys_of(tmp_path / f"{name}.jsonl")] == told
        index.export(tmp_path / f"{name}-tagged.jsonl", "saw/VERB", where=where)
        assert [one["sense"] for one in keys_of(tmp_path / f"{name}-tagged.jsonl")] == ["saw.x"]
        assert index.export(tmp_path / f"{name}.csv", "saw", where=where, sense="saw.x").count == 1


def test_senses_of_occurrences_take_little_memory(sample: Index, tmp_path: Path) -> None:
    """What is kept of each occurrence is a few numbers, and no object."""
    with Index.open(shutil.copytree(sample.path, tmp_path / "sample")) as index:
        senses = index.senses(by="anna")
        senses.new("bank.1")
        senses.label("bank.1", ["bank/06:73", "bank/02:29"])
        material = Material(Asked(senses="assigned"), index.open_shards(), senses, "en")
        annotation = choosing.choose_texts(material).annotation
        count = index.count("bank")
        kept = [array for shard in annotation.shards.values() for array in (shard.rows, shard.said, shard.values)]
        assert sum(array.nbytes for array in kept) == 28 * count
        assert len(annotation.said) <= 3


# ------------------------------------------------------------------------------------ what cannot be


@pytest.mark.parametrize("file_format", [one.name for one in FORMATS])
def test_a_full_disk_leaves_what_was_there(labelled: Index, tmp_path: Path, file_format: str) -> None:
    """A file that cannot be written whole is told in a sentence; the one before stays, and nothing lies beside it."""
    goal = tmp_path / "out"
    goal.mkdir()
    path = goal / "file"
    path.write_text("mine")
    result = ctxsearch(
        "export", labelled.path, path, *WORDS_OF[file_format], "--format", file_format, "--force", file_size=300
    )
    assert (result.returncode, "Traceback" in result.stderr) == (1, False)
    assert result.stderr.startswith("Error: ")
    assert "File too large" in result.stderr
    assert [one.name for one in goal.iterdir()] == ["file"]
    assert path.read_text() == "mine"


@pytest.mark.parametrize("file_format", [one.name for one in FORMATS])
def test_a_file_that_is_there_is_replaced_only_when_asked(labelled: Index, tmp_path: Path, file_format: str) -> None:
    """The same export again is refused, and with --force makes the same bytes."""
    goal = tmp_path / "out"
    goal.mkdir()
    labelled.export(goal / "file", *WORDS_OF[file_format], file_format=file_format)
    before = {one.name: one.read_bytes() for one in goal.iterdir()}
    with pytest.raises(ExportError, match="there is such a file already; give another name, or `replace=True`"):
        labelled.export(goal / "file", *WORDS_OF[file_format], file_format=file_format)
    labelled.export(goal / "file", *WORDS_OF[file_format], file_format=file_format, replace=True)
    assert {one.name: one.read_bytes() for one in goal.iterdir()} == before


@pytest.mark.parametrize(
    ("arguments", "code", "why"),
    [
        (
            ("{out}/a.doc", "bank"),
            1,
            "a.doc: its ending tells no format; use .csv, .tsv, .jsonl, .xlsx, .xml, .tei, .vrt",
        ),
        (("{out}/a", "bank"), 1, ".faiss, or name one with --format: csv, tsv, jsonl, xlsx, durel, tei, vrt, conllu"),
        (("{out}/a.csv", "bank", "--format", "word"), 1, "there is no format 'word'; use csv, tsv,"),
        (("{out}/a.csv",), 2, "csv has the lines of a word; give WORD, or a pattern with --cql."),
        (("{out}/a.tsv", "--format", "durel"), 2, "durel has the uses of a word; give WORD, or a pattern with --cql."),
        (("{out}/a.xml", "--cql", '"bank"'), 2, "tei of all words takes no --cql."),
        (("{out}/a.vrt", "--sort", "left", "-k", "3"), 2, "vrt takes no --limit and no --sort."),
        (("{out}/a.npy", "--per-document", "3"), 2, "npy of all words takes no --per-document."),
        (("{out}/a.csv", "bank", "--sort", "yaer"), 1, "There is no order 'yaer'; use corpus, left,"),
        (("{out}/a.csv", "--cql", '"bnak"'), 1, "The corpus does not have the word 'bnak'. Nearest: bank"),
        (("{out}/a.csv", "--cql", '"bank"', "--sense", "x"), 1, "No line of these is labelled; to choose"),
        (("{out}/a.csv", "bnak"), 1, "The corpus does not have the word 'bnak'. Nearest: bank"),
        (("{out}/a.xml", "bank"), 1, "'bank' has no sense yet"),
        (("{out}/a.xml", "bnak"), 1, "The corpus does not have the word 'bnak'. Nearest: bank"),
        (("{out}/a.xml",), 1, "The inventory has no sense yet"),
        (("{out}/no/a.csv", "bank"), 1, "no/a.csv: there is no such folder to put it in."),
        (("{out}", "bank", "--format", "csv"), 1, "out: it is no plain file; name a file to write to."),
        (("{index}/a.csv", "bank"), 1, "a.csv: it would lie in the folder of the index; name a file elsewhere."),
        (("{out}/a.csv", "bank", "--grouping", "year"), 2, "csv takes no --grouping."),
        (("{out}/a.npy", "bank", "--context", "3", "--examples", "2"), 2, "npy takes no --context and no --examples."),
        (("{out}/a.npy", "--near", "river"), 2, "npy of all words takes no --near."),
        (("{out}/a.vrt", "bank"), 2, "vrt has all of the corpus; leave out 'bank'."),
        (
            ("{out}/a.csv", "bank", "--seed", "3"),
            2,
            "--seed draws a sample; say with --sample or --per-document how many.",
        ),
        (("{out}/a.csv", "bank", "--senses", "none", "--by", "x"), 2, "--senses none knows no sense"),
        (("{out}/a.csv", "bank", "--sense", "x"), 1, "No line of 'bank' is labelled; to choose"),
        (("{out}/a.csv", "bank", "--senses", "assigned"), 1, "The index has no head"),
        (("{out}/a.csv", "--cql", '"bank"', "--senses", "assigned"), 1, "No word of these lines has a sense yet; make"),
        (("{out}/a.csv", "bank", "--context", "x"), 2, "'x' is neither a number of words nor 'sentence'."),
        (("{out}/a.csv", "bank", "--where", "place=x"), 1, "No document has the column 'place'"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    index: Index, tmp_path: Path, arguments: Sequence[str], code: int, why: str
) -> None:
    """An error says what is wrong, a wrong command line has the exit code of one, and nothing is left behind."""
    out = tmp_path / "out"
    out.mkdir()
    given = (one.format(out=out, index=index.path) for one in arguments)
    result = ctxsearch("export", index.path, *given)
    assert (result.returncode, "Traceback" in result.stderr) == (code, False)
    assert why in result.stderr
    assert list(out.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "word", "options", "why"),
    [
        ("a.npy", None, {"form": "bank"}, "npy of all words takes no `form=`"),
        ("a.npy", None, {"pos": ["NOUN"], "near": "river"}, "npy of all words takes no `pos=` and no `near=`"),
        ("a.xml", None, {"cql": '"bank"'}, "tei of all words takes no `cql=`"),
        ("a.xml", "bank", {"order": "left", "limit": 3}, "tei takes no `order=` and no `limit=`"),
        ("a.npy", None, {"sense": RIVER}, "npy of all words takes no `sense=`"),
        ("a.xml", None, {"sense": RIVER}, "tei of all words takes no `sense=`"),
        ("a.xml", None, {"sample": 1}, "tei of all words takes no `sample=`"),
        (
            "a.vrt",
            None,
            {"form": "bank", "sample": 1, "grouping": "u"},
            "takes no `form=` and no `sample=` and no `grou",
        ),
        ("a.conllu", None, {"context": "sentence", "examples": 2}, "conllu takes no `context=` and no `examples=`"),
        ("a.csv", "bank", {"grouping": "year"}, "csv takes no `grouping=`"),
        ("a.csv", "bank", {"seed": 3}, "`seed=` draws a sample; say with `sample=` or `per_document=` how many"),
        ("a.npy", None, {"seed": 3}, "`seed=` draws a sample; say with `sample=` how many"),
        ("a.csv", "bank", {"senses": "none", "by": "anna"}, '`senses="none"` knows no sense'),
        ("a.csv", "bank", {"senses": "assign"}, "nobody called 'assign' says senses; ask labels, assigned, none"),
        ("a.csv", None, {}, "csv has the lines of a word; give WORD, or a pattern with `cql=`"),
    ],
)
def test_the_library_passes_over_no_option(
    labelled: Index, tmp_path: Path, name: str, word: str | None, options: dict[str, object], why: str
) -> None:
    """What a format has no use for is told, as on the command line, and nothing is written."""
    with pytest.raises(ExportError, match=re.escape(why)):
        labelled.export(tmp_path / name, word, **options)  # type: ignore[arg-type]
    assert not (tmp_path / name).exists()


def test_no_index_is_written_into(index: Index, make_index: MakeIndex, tmp_path: Path) -> None:
    """Neither the index nor another, nor a shard of it, gets a file, and none of theirs is replaced."""
    other = make_index(ODD)
    before = {path: path.read_bytes() for path in other.path.rglob("*") if path.is_file()}
    (shard,) = (path for path in other.path.iterdir() if path.is_dir())
    for goal in (other.path / "ctxsearch.json", other.path / "new.csv", shard / "vectors.dat"):
        with pytest.raises(ExportError, match="it would lie in the folder of the index; name a file elsewhere"):
            index.export(goal, "bank", file_format="csv", replace=True)
    assert {path: path.read_bytes() for path in other.path.rglob("*") if path.is_file()} == before
    (other.path / "ctxsearch.json").unlink()
    with pytest.raises(ExportError, match="it would lie in the folder of the index"):
        index.export(other.path / "new.csv", "bank")


def test_a_headword_is_written_as_one_writes_it(make_index: MakeIndex, tmp_path: Path) -> None:
    """With its capital, its sharp s and its final sigma, as the corpus has it most; not as sentences begin."""
    texts = [
        "Die Straße ist leer. DIE STRASSE. Auf der Straße. Die Strassen.",
        "However it is. However. It is, however, so.",
    ]
    index = make_index([Document("a", texts[0]), Document("b", texts[1]), Document("c", "Ο λόγος. ΛΟΓΟΣ, λόγος.")])
    senses = index.senses(by="anna")
    for name in ("straße", "However", "λόγος", "nowhere"):
        senses.new(f"{name}.1", word=name)
    index.export(tmp_path / "all.xml")
    names = {"t": "http://www.tei-c.org/ns/1.0"}
    found = ElementTree.parse(tmp_path / "all.xml").iterfind(".//t:orth", names)
    assert [one.text for one in found] == ["Straße", "however", "λόγος", "nowhere"]


@pytest.mark.parametrize(
    ("name", "module", "why"),
    [
        ("a.xlsx", "xlsxwriter", "XlsxWriter is not installed; install it with: pip install 'ctxsearch[xlsx]'."),
        ("a.parquet", "pyarrow", "pyarrow is not installed; install it with: pip install 'ctxsearch[parquet]'."),
    ],
)
def test_a_missing_extra_is_one_sentence(index: Index, tmp_path: Path, name: str, module: str, why: str) -> None:
    """What is not installed is told with how to install it, before anything is looked for."""
    # A package that cannot be imported stands before any that can.
    (tmp_path / module).mkdir()
    (tmp_path / module / "__init__.py").write_text("raise ImportError('not here')")
    program = "import sys; sys.path.insert(0, sys.argv.pop(1)); from ctxsearch.cli.main import run; run()"
    arguments = [sys.executable, "-c", program, str(tmp_path), "export", str(index.path), str(tmp_path / name), "bank"]
    result = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (1, f"Error: {why}\n")


def test_an_empty_selection_is_an_empty_file(labelled: Index, tmp_path: Path) -> None:
    """Where no line meets the conditions the file has none, whatever its format."""
    for one in FORMATS:
        if one.name != "tei":
            report = labelled.export(
                tmp_path / one.name, *WORDS_OF[one.name], file_format=one.name, where=["year>2100"]
            )
            assert report.count == 0
    assert np.load(tmp_path / "npy").shape == (0, 64)
    assert faiss.read_index(str(tmp_path / "faiss")).ntotal == 0
    assert pyarrow.parquet.read_table(tmp_path / "parquet").num_rows == 0
    with pytest.raises(WordNotFound):
        labelled.export(tmp_path / "zax.csv", "zax")


def test_why_nothing_is_written_is_told(index: Index, tmp_path: Path) -> None:
    """The condition that no document meets is named, as where lines are listed, and the file has its header."""
    result = ctxsearch("export", index.path, tmp_path / "a.csv", "bank", "--where", "year>2100")
    assert (result.returncode, result.stdout) == (0, "")
    assert result.stderr.startswith("No document meets 'year>2100'; of year there are: ")
    assert result.stderr.endswith("a.csv: 0 lines.\n")
    assert len(cells(tmp_path / "a.csv")) == 1
    for name, options, why in (
        ("b.csv", ("bank", "--near", "tea"), "No line meets the conditions."),
        ("b.npy", ("bank", "--offset", "99"), "There is no line after the first 99."),
        ("b.vrt", ("--where", "year<1950", "--where", "genre=news", "--where", "year>1900"), "No document meets "),
    ):
        result = ctxsearch("export", index.path, tmp_path / name, *options)
        assert result.returncode == 0
        assert result.stderr.startswith(why)
        if name == "b.csv":
            listed = ctxsearch("concordance", index.path, *options, "--csv")
            assert (listed.returncode, listed.stderr) == (0, f"{why}\n")
            assert (tmp_path / name).read_text(encoding="utf-8") == listed.stdout


def test_a_link_is_followed_when_asked(labelled: Index, tmp_path: Path) -> None:
    """A link counts as a file that is there; to replace it is to write what it leads to."""
    link = tmp_path / "link.csv"
    link.symlink_to(tmp_path / "goal.csv")
    with pytest.raises(ExportError, match="there is such a file already"):
        labelled.export(link, "bank")
    labelled.export(link, "bank", replace=True)
    assert link.is_symlink()
    assert (tmp_path / "goal.csv").read_bytes().startswith(b"key,")


def test_progress_is_told(labelled: Index, tmp_path: Path) -> None:
    """Whoever asks hears of none done, and in the end of all."""
    told: list[tuple[int, int | None]] = []
    labelled.export(tmp_path / "a.npy", on_progress=lambda progress: told.append((progress.done, progress.total)))
    total = labelled.info().occurrences
    assert (told[0], told[-1]) == ((0, total), (total, total))


def test_help_names_every_format() -> None:
    """The help of the command has the name of each format."""
    text = " ".join(ctxsearch("export", "--help").stdout.split())
    assert [one.name for one in FORMATS if f" {one.name}" not in text] == []


def test_standard_output_is_empty(index: Index, tmp_path: Path) -> None:
    """What is said goes to standard error."""
    result = ctxsearch("export", index.path, tmp_path / "bank.npy", "bank")
    assert result.stdout == ""
    assert result.stderr == f"{tmp_path / 'bank.npy'}: 10 vectors, and bank.npy.keys.jsonl beside it.\n"
    assert io.BytesIO(Path(tmp_path / "bank.npy").read_bytes()).read(6) == b"\x93NUMPY"
