"""A headword's story on the command line: from a dictionary to labels, lookup, assignment, and back again."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from command_line import ctxsearch
from conftest import WindowEncoder

from ctxsearch import Document, Index
from ctxsearch.corpus import DictionarySense, read_dictionary
from ctxsearch.errors import SourceError

RIVER = "We moored the boat at the bank of the river."
MONEY = "She paid her wages into the bank every Friday."
TEI = f"""<?xml version="1.0"?>
<TEI xmlns="http://www.tei-c.org/ns/1.0"><text><body>
<entry xml:id="bank"><form type="lemma"><orth>bank</orth></form>
  <sense xml:id="bank.river"><def>the land beside a river</def>
    <cit type="example"><quote>{RIVER}</quote></cit></sense>
  <sense><def>a house that <hi>keeps</hi> money</def>
    <cit type="example"><quote>{MONEY}</quote></cit><cit type="translation"><quote>Bank</quote></cit></sense>
</entry></body></text></TEI>"""
EXPECTED = [
    DictionarySense("bank", "bank.river", "the land beside a river", [RIVER]),
    DictionarySense("bank", "bank.2", "a house that keeps money", [MONEY]),
]


@pytest.fixture
def folder(sample: Index, tmp_path: Path) -> Path:
    """A copy of the sample's index, to write into."""
    return shutil.copytree(sample.path, tmp_path / "sample")


def done(*arguments: object) -> str:
    """What a command that ends well prints to standard output."""
    result = ctxsearch(*arguments)
    assert result.returncode == 0, result.stderr
    return result.stdout


def objects(text: str) -> list[dict[str, object]]:
    """The objects of JSON lines."""
    return [json.loads(line) for line in text.splitlines()]


def test_the_log_has_columns(folder: Path) -> None:
    """What was done begins at one place, however long the names of people are."""
    done("senses", "new", folder, "bank.river", "--by", "anna maria")
    done("senses", "note", folder, "bank.river", "of canals", "--by", "jo")
    made, noted = done("senses", "log", folder).splitlines()
    assert made.index("new sense") == noted.index("noted about")


def test_a_headword_from_dictionary_to_entry(folder: Path, sample: Index, tmp_path: Path) -> None:
    """Import, label, look up, assign, count, draw, note, write the entry, read it back, undo: all of it by commands."""
    source = tmp_path / "dictionary.xml"
    source.write_text(TEI, encoding="utf-8")
    told = ctxsearch("senses", "import", folder, source, "--by", "anna").stderr
    assert told == f"{source}: 2 new senses, 2 new examples.\n"
    assert ctxsearch("senses", "import", folder, source, "--by", "anna").stderr.startswith(
        f"{source}: 0 new senses, 0 new"
    )
    done("senses", "rename", folder, "bank.2", "bank.money", "--by", "anna")
    # The dictionary's sentences alone tell the senses.
    found = json.loads(done("lookup", folder, "We sat on the grassy [bank] and fished.", "--json"))
    assert [fit["sense"]["sense_id"] for fit in found["fits"]] == ["bank.river", "bank.money"]
    assert f"example: {RIVER.replace('bank', '[bank]')}" in done("lookup", folder, "They fished from the [bank].")
    keys = ["bank/06:73", "bank/02:29", "bank/09:39"]
    done("senses", "label", folder, "bank.river", *keys, "--by", "anna")
    done("senses", "label", folder, "bank.money", "bank/08:17", "bank/12:85", "--by", "anna")
    done("senses", "label", folder, "bank.money", keys[0], "--by", "bert")
    agreed = json.loads(done("senses", "agreement", folder, "--json"))
    assert [one["key"] for one in agreed["disagreements"]] == [keys[0]]
    assert "\n    anna: bank.river, bert: bank.money\n" in done("senses", "agreement", folder)
    assert agreed["kappa"] == [{"people": ["anna", "bert"], "kappa": 0.0, "compared": 1, "agreed": 0}]
    assert "anna and bert: 1 line of both, 0 of them alike (0.0%); Cohen's kappa " in done(
        "senses", "agreement", folder
    )
    done("senses", "undo", folder, "--by", "bert")
    assert [one["by"] for one in objects(done("senses", "labels", folder, "--json"))] == ["anna"] * 5
    nobody = ctxsearch("senses", "labels", folder, "bank", "--by", "bert")
    assert (nobody.returncode, nobody.stdout) == (1, "")
    assert nobody.stderr == "Error: 'bert' labelled no line of 'bank'; these did: anna.\n"
    table = done("assign", folder, "bank").splitlines()
    assert table[0] == "bank: 28 occurrences"
    counted = json.loads(done("assign", folder, "bank", "--json"))
    assert sum(one["assigned"] for one in counted["senses"]) + counted["unsure"] == counted["occurrences"] == 28
    assert [line.split()[0] for line in table[2:4]] == ["bank.river", "bank.money"]
    lines = objects(done("assign", folder, "bank", "--lines", "--json"))
    whole = done("assign", folder, "bank", "--lines", "--context", "sentence").splitlines()
    assert [line.rpartition("  ")[2] for line in whole] == [
        " ".join(f"{line['left']}[{line['node']}]{line['right']}".split())
        for line in objects(done("assign", folder, "bank", "--lines", "--context", "sentence", "--json"))
    ]
    assert {line["key"] for line in lines if line["is_labelled"]} == {*keys, "bank/08:17", "bank/12:85"}
    assert {"pile", "sense_id", "p", "p_none", "margin", "metadata"} <= {*lines[0]}
    rows = list(csv.DictReader(io.StringIO(done("assign", folder, "bank", "--pile", "bank.river", "--csv"))))
    assert {row["pile"] for row in rows} == {"bank.river"}
    assert {row["key"] for row in rows} == {line["key"] for line in lines if line["pile"] == "bank.river"}
    least = objects(done("assign", folder, "bank", "--next", "3", "--json"))
    assert len(least) == 3
    assert not any(line["is_labelled"] for line in least)
    by_genre = objects(done("assign", folder, "bank", "--over", "genre", "--json", "--plot", tmp_path / "genre.svg"))
    assert sum(row["bank.river"] for row in by_genre) == len(rows)  # type: ignore[misc]
    assert "<svg" in (tmp_path / "genre.svg").read_text(encoding="utf-8")
    (tmp_path / "genre.svg").write_text("mine")
    drawn = ("assign", folder, "bank", "--over", "genre", "--plot", tmp_path / "genre.svg")
    refused = ctxsearch(*drawn)
    assert (refused.returncode, refused.stdout) == (1, "")
    why = f"There is a file {tmp_path / 'genre.svg'} already; give another name, or --force."
    assert refused.stderr == f"Error: {why}\n"
    assert (tmp_path / "genre.svg").read_text() == "mine"
    done(*drawn, "--force")
    assert "<svg" in (tmp_path / "genre.svg").read_text(encoding="utf-8")
    shares = done("assign", folder, "bank", "--over", "genre").splitlines()
    assert shares[0].startswith("bank: 28 occurrences; ")
    assert "bank.money" in shares[1]
    assert [line.split()[:2] for line in shares[2:]] == [
        *(
            [str(row["genre"]), str(sum(row[pile] for pile in ("bank.river", "bank.money", "none of these", "unsure")))]
            for row in by_genre
        ),  # type: ignore[misc]
        ["all", "28"],
    ]
    river = next(one for one in counted["senses"] if one["sense_id"] == "bank.river")
    interval = f"{100 * river['low'] / 28:.0f}-{100 * river['high'] / 28:.0f}%"
    assert shares[-1].split()[2:4] == [str(river["assigned"]), interval]
    periods = [
        [row["year:5"] for row in objects(done(*words, "year:5", "--json"))]
        for words in (("assign", folder, "bank", "--over"), ("concordance", folder, "bank", "--by"))
    ]
    assert periods[0] == [period for period in periods[1] if period is not None] != []
    for option, delimiter in (("--csv", ","), ("--tsv", "\t")):
        table = [row.split(delimiter) for row in done("assign", folder, "bank", "--over", "genre", option).splitlines()]
        assert table == [[*by_genre[0]], *([str(cell) for cell in row.values()] for row in by_genre)]
    contrast = done("collocations", folder, "bank", "--sense", "bank.river", "--versus", "bank.money", "--least", "2")
    assert contrast.splitlines()[0].split()[:2] == ["bank.river", "bank.money"]
    assert "river" in contrast
    examples = done("examples", folder, "bank", "--sense", "bank.river", "-n", "2").splitlines()
    assert {line.rpartition("(")[2].rstrip(")") for line in examples} <= {row["key"] for row in rows}
    done("senses", "note", folder, "bank.river", "also of lakes", "--by", "anna")
    done("senses", "define", folder, "bank.money", "a house that lends money", "--by", "anna")
    log = done("senses", "log", folder).splitlines()
    assert log[-2].endswith("  anna  noted about bank.river: also of lakes")
    assert log[-1].endswith("  anna  defined bank.money: a house that lends money")
    long = "found in  no dictionary\n" * 8
    done("senses", "note", folder, "bank.river", long, "--by", "bert")
    shown = done("senses", "log", folder).splitlines()[-1].partition("  bert  ")[2]
    assert shown == ("noted about bank.river: " + "found in no dictionary " * 8)[:79].rstrip() + "…"
    whole = objects(done("senses", "log", folder, "--json"))[-1]["what"]
    assert whole == f"noted about bank.river: {long.strip()}"
    assert ctxsearch("senses", "undo", folder, "--by", "bert").stderr == f"Undone: {shown}.\n"
    done("senses", "define", folder, "bank.river", "", "--by", "bert")
    assert done("senses", "log", folder).splitlines()[-1].endswith("took the definition of bank.river away")
    done("senses", "undo", folder, "--by", "bert")
    listed = done("senses", "list", folder, "bank")
    assert "a house that lends money  [2 lines and 1 example]" in listed
    assert "- also of lakes (anna, " in listed
    entry = tmp_path / "bank.xml"
    done("export", folder, entry, "bank", "--senses", "assigned", "--examples", "3")
    river, money = read_dictionary(entry)
    assert (river.sense_id, river.definition) == ("bank.river", "the land beside a river")
    assert (money.sense_id, money.definition) == ("bank.money", "a house that lends money")
    assert [len(sense.examples) for sense in (river, money)] == [3, 3]
    assert (river.examples[0], money.examples[0]) == (
        RIVER.replace("bank", "[bank]"),
        MONEY.replace("bank", "[bank]"),
    )
    assert f'subtype="assigned">{len(rows)}<' in entry.read_text(encoding="utf-8")
    other = shutil.copytree(sample.path, tmp_path / "other")
    done("senses", "import", other, entry)
    assert [
        (one["sense_id"], one["definition"], one["examples"])
        for one in objects(done("senses", "list", other, "--json"))
    ] == [(one.sense_id, one.definition, 3) for one in (river, money)]
    log = done("senses", "log", folder).splitlines()
    assert log[0].endswith("anna  imported senses from dictionary.xml")
    assert sum(line.endswith("(undone)") for line in log) == 3
    for _ in range(6):
        done("senses", "undo", folder, "--by", "anna")
    assert objects(done("senses", "list", folder, "--json")) == []


def test_senses_are_cut_and_joined(folder: Path) -> None:
    """New, split, merge, unlabel and remove say what they did."""
    keys = ["bank/06:73", "bank/02:29"]
    assert (
        ctxsearch("senses", "new", folder, "bank.river").stderr == "bank.river: made, a sense of bank with 0 lines.\n"
    )
    assert (
        ctxsearch("senses", "label", folder, "bank.river", *keys, keys[0]).stderr == "bank.river: labelled 2 lines.\n"
    )
    again = ctxsearch("senses", "label", folder, "bank.river", *keys).stderr
    assert again == "bank.river: labelled 0 lines; 2 had the label already.\n"
    done("senses", "split", folder, "bank.river", "bank.mud", keys[0])
    assert "bank.mud" in done("senses", "labels", folder)
    assert ctxsearch("senses", "merge", folder, "bank.mud", "bank.river").stderr.endswith(
        "a sense of bank with 2 lines.\n"
    )
    assert ctxsearch("senses", "unlabel", folder, *keys).stderr == "Took the label off 2 lines.\n"
    assert ctxsearch("senses", "remove", folder, "bank.river").stderr.startswith("bank.river: removed.")
    assert ctxsearch("senses", "list", folder).stderr == "There is no sense yet; make one with: ctxsearch senses new.\n"


def test_a_new_sense_of_no_word_is_made_and_told(folder: Path) -> None:
    """Its texts may come yet; more often the word is misspelt, or is several."""
    for name, why in (("rivver.1", "Nearest: river"), ("river bank.1", "Ask for one word at a time; ")):
        result = ctxsearch("senses", "new", folder, name)
        assert result.returncode == 0
        assert f"{name}: made, a sense of" in result.stderr
        assert "The corpus does not have the word" in result.stderr
        assert why in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "why"),
    [
        (("senses", "label", "{}", "bank.no", "bank/06:73"), 1, "There is no sense 'bank.no'; there is none yet."),
        (("senses", "undo", "{}"), 1, "There is nothing of "),
        (("lookup", "{}", "They rowed to the [bank]."), 1, "'bank' has no sense yet"),
        (("lookup", "{}", "They rowed to the bank."), 1, "No word is marked"),
        (("assign", "{}", "bank", "--plot", "a.png"), 2, "--plot draws what --over counts; give --over, too."),
        (("assign", "{}", "bank", "--force"), 2, "--force replaces the file of --plot; give --plot, too."),
        (
            ("assign", "{}", "bank", "--lines", "--next", "3"),
            2,
            "Choose one of --over, --lines (or --pile) and --next.",
        ),
        (("assign", "{}", "bank", "--pile", "unsure", "--next", "3"), 2, "--lines (or --pile) and --next."),
        (("novel", "{}", "--by", "nobody"), 0, "label.\n'nobody' labelled no line; nobody else did.\n"),
        (("senses", "labels", "{}", "--by", "nobody"), 1, "'nobody' labelled no line; nobody else did."),
        *(
            (("senses", command, "{}", "bnak", *option), 1, "The corpus does not have the word 'bnak'. Nearest: bank,")
            for command in ("list", "labels", "log", "agreement")
            for option in ((), ("--json",))
        ),
        (("senses", "labels", "{}", "bnak", "--lost"), 1, "The corpus does not have the word 'bnak'. Nearest: bank,"),
        (("senses", "labels", "{}", "bnak", "--by", "anna"), 1, "does not have the word 'bnak'. Nearest: bank,"),
        (("senses", "agreement", "{}", "nosuch"), 1, "The corpus does not have the word 'nosuch'."),
        (("query", "{}", "I like [Zebras]."), 1, "The corpus does not have the word 'Zebras'."),
        (("concordance", "{}", "nosuchbank"), 1, "does not have the word 'nosuchbank'.\n"),
        (("senses", "new", "{}", "poor."), 1, "'poor.' cannot be the name of a sense: nothing follows its last dot."),
        (("assign", "{}", "bank", "--csv"), 2, "--csv and --tsv print lines; give --lines or --next, too."),
        (("assign", "{}", "bank", "--context", "3"), 2, "--context is of lines; give --lines or --next, too."),
        (("novel", "{}", "--lines", "3"), 2, "Without WORD, words are ranked; leave out --lines."),
        (("novel", "{}", "--where", "year<1900"), 2, "Without WORD, words are ranked; leave out --where."),
        (("senses", "import", "{}", "nowhere.csv"), 2, "nowhere.csv"),
    ],
)
def test_what_cannot_be_is_one_sentence(folder: Path, arguments: Sequence[str], code: int, why: str) -> None:
    """An error says what is wrong; a wrong command line has the exit code of one."""
    result = ctxsearch(*(one.replace("{}", str(folder)) for one in arguments))
    assert result.returncode == code
    assert why in result.stderr
    assert "Traceback" not in result.stderr


def test_senses_filled_into_a_table_come_back(folder: Path, tmp_path: Path) -> None:
    """Export, fill in the senses, read the table: labelled are the rows that have one, all of them or none."""
    for name in ("bank.river", "mouse.animal", "mouse.computer"):
        done("senses", "new", folder, name)
    done("senses", "label", folder, "mouse.animal", "mole/10:65", "--by", "anna")
    done("export", folder, tmp_path / "l.csv", "mouse")
    with (tmp_path / "l.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["key"]: row["sense"] for row in rows if row["sense"]} == {"mole/10:65": "mouse.animal"}
    filled = {"apple/12:44": "mouse.computer", "mouse/08:8": " mouse.animal ", "mouse/13:20": "unsure"}

    def written(name: str, *more: dict[str, str]) -> Path:
        path = tmp_path / name
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            table = csv.DictWriter(file, [*rows[0]], delimiter="\t" if name.endswith(".tsv") else ",")
            table.writeheader()
            table.writerows([*({**row, "sense": filled.get(row["key"], row["sense"])} for row in rows), *more])
        return path

    def labelled(*options: object) -> dict[str, object]:
        return {
            str(one["key"]): one["sense_id"] for one in objects(done("senses", "labels", folder, "--json", *options))
        }

    expected = {"apple/12:44": "mouse.computer", "mouse/08:8": "mouse.animal", "mole/10:65": "mouse.animal"}
    for name in ("filled.csv", "filled.tsv"):
        told = ctxsearch("senses", "label", folder, "--from", written(name), "--by", "anna").stderr
        count = "2 lines; 1 had" if name.endswith("csv") else "0 lines; 3 had"
        assert told.endswith(f"{name}: labelled {count} the label already; 19 have no sense there.\n")
        assert labelled("--by", "anna") == expected
    (tmp_path / "again.jsonl").write_text(done("senses", "labels", folder, "--json"), encoding="utf-8")
    done("senses", "label", folder, "--from", tmp_path / "again.jsonl", "--by", "bert")
    assert labelled("--by", "bert") == expected
    done("export", folder, tmp_path / "l.jsonl", "mouse", "--by", "anna")
    done("senses", "label", folder, "--from", tmp_path / "l.jsonl", "--by", "dora")
    assert labelled("--by", "dora") == expected
    # What somebody says of a line counts, whatever assign is not sure of.
    (tmp_path / "own.csv").write_text(
        "sep=;\nkey;sense;sense_id;pile\nmouse/14:79;mouse.animal;mouse.computer;unsure\n"
    )
    done("senses", "label", folder, "--from", tmp_path / "own.csv", "--by", "eva")
    assert labelled("--by", "eva") == {"mouse/14:79": "mouse.animal"}

    line = {"key": "mouse/14:79", "sense": "mouse.animal"}
    wrong = [
        (
            [{**line, "sense": "mouse.pad"}, {**line, "sense": "mouse.mat"}, {**line, "sense": "mouse.pad"}],
            "line 24: there is no sense 'mouse.pad' (2 rows), 'mouse.mat' (1 row). The senses of 'mouse' are:"
            " mouse.animal, mouse.computer; make one with: ctxsearch senses new.",
        ),
        (
            [line, {**line, "sense": "mouse.computer"}],
            "line 24: mouse/14:79 has two senses, 'mouse.animal' and 'mouse.computer'; give it one, or take the labels"
            " of one person: senses labels with --by.",
        ),
        ([line, {"key": "mouse/14:80", "sense": "mouse.animal"}], "line 25: There is no occurrence 'mouse/14:80'"),
        ([line, {"key": "bank/06:73", "sense": "mouse.animal"}], "line 25: bank/06:73 is a use of 'bank', and mouse."),
    ]
    for more, why in wrong:
        result = ctxsearch("senses", "label", folder, "--from", written("wrong.csv", *more), "--by", "anna")
        assert (result.returncode, result.stderr.count("\n")) == (1, 1)
        assert f"wrong.csv, {why}" in result.stderr
        assert labelled("--by", "anna") == expected
    (tmp_path / "other.csv").write_text("line,word\n1,mouse\n", encoding="utf-8")
    result = ctxsearch("senses", "label", folder, "--from", tmp_path / "other.csv")
    assert "A table of labels has the columns key and sense, as export writes them; text is in UTF-8." in result.stderr
    (tmp_path / "old.csv").write_bytes("key,sense\na,\u201eMaus\u201c\n".encode("cp1252"))
    result = ctxsearch("senses", "label", folder, "--from", tmp_path / "old.csv")
    assert result.stderr.endswith("old.csv, line 2: byte 0x84 at offset 12 is not utf-8. Save it in UTF-8.\n")
    for name, content, why in (
        (
            "notes.txt",
            "mouse",
            "notes.txt: its ending does not say how to read it. It should be one of: .csv .tsv .jsonl .xlsx .xls .ods.",
        ),
        ("a.jsonl", "[1]", "a.jsonl, line 1: the line is not a JSON object, { ... }."),
        ("b.jsonl", "{", "b.jsonl, line 1: the line is not JSON (Expecting"),
        ("b.jsonl", '{"key": "a:3", "sense": "a", "sense": "b"}', "b.jsonl, line 1: there are several fields 'sense'"),
        ("c.jsonl", '{"key": 3, "sense": "mouse.animal"}', "c.jsonl, line 1: There is no occurrence ''"),
    ):
        (tmp_path / name).write_text(content)
        result = ctxsearch("senses", "label", folder, "--from", tmp_path / name)
        assert (result.returncode, result.stderr.count("\n")) == (1, 1)
        assert why in result.stderr
    assert ctxsearch("senses", "label", folder, "mouse.animal", "--from", tmp_path / "l.csv").returncode == 2
    assert ctxsearch("senses", "label", folder, "mouse.animal").returncode == 2


@pytest.mark.parametrize("table", ["csv", "tsv", "json", "l.csv", "l.tsv", "l.jsonl", "l.xlsx"])
def test_what_assign_tells_is_not_read_as_labels(folder: Path, tmp_path: Path, table: str) -> None:
    """Tables of assign and of assigned senses are refused, with what to do, until somebody fills in a column sense."""
    (tmp_path / "d.xml").write_text(TEI, encoding="utf-8")
    done("senses", "import", folder, tmp_path / "d.xml")
    path = tmp_path / table
    if "." in table:
        done("export", folder, path, "bank", "--senses", "assigned")
    else:
        path = tmp_path / f"as.{'jsonl' if table == 'json' else table}"
        path.write_text(done("assign", folder, "bank", "--lines", f"--{table}"), encoding="utf-8")
    told = ctxsearch("senses", "label", folder, "--from", path, "--by", "anna")
    assert (told.returncode, told.stderr) == (
        1,
        f"Error: {path}: its senses are what assign tells, and nobody filled in a column sense. Copy the names of those"
        " senses that you have checked into a column sense, and read it again.\n",
    )
    assert done("senses", "labels", folder, "--json") == ""


def test_of_what_assign_tells_those_rows_count_that_somebody_checked(folder: Path, tmp_path: Path) -> None:
    """Of a table with a column sense beside what assign tells, that column alone is read."""
    done("senses", "new", folder, "mouse.animal")
    done("senses", "label", folder, "mouse.animal", "mole/10:65", "--by", "anna")
    rows = objects(done("assign", folder, "mouse", "--lines", "--json"))
    checked = [{**rows[0], "sense": "mouse.animal"}, *rows[1:]]
    (tmp_path / "checked.jsonl").write_text("\n".join(map(json.dumps, checked)), encoding="utf-8")
    told = ctxsearch("senses", "label", folder, "--from", tmp_path / "checked.jsonl", "--by", "bert").stderr
    assert told.endswith(f"labelled 1 line; {len(rows) - 1} have no sense there.\n")
    found = objects(done("senses", "labels", folder, "--by", "bert", "--json"))
    assert [one["key"] for one in found] == [rows[0]["key"]]


def test_a_table_tells_which_labels_it_takes_the_place_of(folder: Path, tmp_path: Path) -> None:
    """Labels of one's own that a table changes are told, the first few by their keys, with how to have them back."""
    for sense in ("mouse.animal", "mouse.computer"):
        done("senses", "new", folder, sense)
    keys = [str(one["key"]) for one in objects(done("concordance", folder, "mouse", "-k", "7", "--json"))]
    done("senses", "label", folder, "mouse.animal", *keys, "--by", "anna")
    for some, first in ((keys[:2], keys[:2]), (keys, keys[2:])):
        rows = "".join(f"{key},mouse.computer\n" for key in some)
        (tmp_path / "new.csv").write_text(f"key,sense\n{rows}", encoding="utf-8")
        told = ctxsearch("senses", "label", folder, "--from", tmp_path / "new.csv", "--by", "anna").stderr
        named = ", ".join(f"{key} (mouse.animal)" for key in first)
        assert told.splitlines()[1:] == [
            f"Had another label of yours: {named}. To have it back: ctxsearch senses undo {folder} --by anna"
        ]
    for _ in range(2):
        done("senses", "undo", folder, "--by", "anna")
    told = ctxsearch("senses", "label", folder, "--from", tmp_path / "new.csv", "--by", "anna").stderr
    named = ", ".join(f"{key} (mouse.animal)" for key in keys[:5])
    assert f"Had another label of yours: {named}, ... (7 lines). To have it back: " in told


@pytest.mark.parametrize("name", ["l.csv", "l.tsv", "l.jsonl", "l.xlsx"])
def test_a_table_of_assigned_senses_is_nobodys_word(folder: Path, tmp_path: Path, name: str) -> None:
    """What the machine tells stands in a column of its own; read back as it is, the table has people's labels alone."""
    for sense, key in (("mouse.animal", "mole/10:65"), ("mouse.computer", "mouse/07:132")):
        done("senses", "new", folder, sense)
        done("senses", "label", folder, sense, key, "--by", "anna")
    done("export", folder, tmp_path / name, "mouse", "--senses", "assigned")
    told = ctxsearch("senses", "label", folder, "--from", tmp_path / name, "--by", "anna").stderr
    assert told.endswith("labelled 0 lines; 2 had the label already; 20 have no sense there.\n")
    done("export", folder, tmp_path / name, "mouse", "--senses", "assigned", "--by", "anna", "--force")
    done("senses", "label", folder, "--from", tmp_path / name, "--by", "bert")
    found = {one["key"]: one["sense_id"] for one in objects(done("senses", "labels", folder, "--by", "bert", "--json"))}
    assert found == {"mole/10:65": "mouse.animal", "mouse/07:132": "mouse.computer"}


def test_a_word_of_which_there_is_nothing_yet_is_no_error(folder: Path) -> None:
    """Of a word that the corpus has it is said that there is nothing; an inventory that is ahead of it is listed."""
    for command, said in (
        ("list", "There is no sense of 'bank' yet; make one with: ctxsearch senses new.\n"),
        ("labels", "No line of 'bank' is labelled.\n"),
        ("log", "Nothing was ever changed of the senses of 'bank'.\n"),
    ):
        result = ctxsearch("senses", command, folder, "bank")
        assert (result.returncode, result.stdout, result.stderr) == (0, "", said)
    ctxsearch("senses", "new", folder, "zax.1")
    assert done("senses", "list", folder, "zax").startswith("zax.1  ")
    assert "new sense zax.1" in done("senses", "log", folder, "zax")
    assert "does not have the word 'zax'" in ctxsearch("senses", "labels", folder, "zax").stderr


def test_every_command_of_senses_has_help() -> None:
    """Each says what it does, and what each of its arguments is; the README has it."""
    readme = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    for name in ("list", "new", "remove"):
        assert f"$ ctxsearch subcorpora {name} --help" in readme
    names = ("list", "new", "import", "define", "rename", "note", "merge", "split", "remove", "label", "unlabel")
    for name in (*names, "labels", "log", "undo", "agreement"):
        text = ctxsearch("senses", name, "--help").stdout
        assert text.startswith(f"Usage: ctxsearch senses {name} ")
        assert f"$ ctxsearch senses {name} --help" in readme
        assert "INDEX" in text


def test_dictionaries_are_read(tmp_path: Path) -> None:
    """JSONL, CSV, TSV and TEI, packed or not, give the same senses."""
    records = [
        {"headword": one.headword, "sense": one.sense_id, "definition": one.definition, "examples": one.examples}
        for one in EXPECTED
    ]
    (tmp_path / "d.jsonl").write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    for ending, delimiter in ((".csv", ","), (".tsv", "\t")):
        rows = [["headword", "sense", "definition", "example"]]
        rows += [[one.headword, one.sense_id, one.definition, one.examples[0]] for one in EXPECTED]
        (tmp_path / f"d{ending}").write_text("\n".join(delimiter.join(row) for row in rows), encoding="utf-8")
    (tmp_path / "d.xml").write_text(TEI, encoding="utf-8")
    for name in ("d.jsonl", "d.csv", "d.tsv", "d.xml"):
        packed = tmp_path / f"{name}.gz"
        packed.write_bytes(gzip.compress((tmp_path / name).read_bytes()))
        assert list(read_dictionary(tmp_path / name)) == EXPECTED, name
        assert list(read_dictionary(packed)) == EXPECTED, name


def test_bad_dictionaries_are_told(folder: Path, tmp_path: Path) -> None:
    """With file and line; nothing is imported where one record is wrong; a sentence without its word is left out."""
    (tmp_path / "broken.xml").write_text("<TEI><entry>\n<form>\n</TEI>", encoding="utf-8")
    with pytest.raises(SourceError, match=r"broken.xml, line 3: it is not well-formed XML"):
        list(read_dictionary(tmp_path / "broken.xml"))
    (tmp_path / "cut.xml.gz").write_bytes(gzip.compress(TEI.encode())[:60])
    (tmp_path / "d.csv").write_text("word,text\nbank,land along a river\n")
    with pytest.raises(SourceError, match=r"no column 'definition'\. A dictionary is kept in UTF-8, with "):
        list(read_dictionary(tmp_path / "d.csv"))
    with pytest.raises(SourceError, match="it is not a whole gzip file"):
        list(read_dictionary(tmp_path / "cut.xml.gz"))
    with pytest.raises(SourceError, match="it cannot be read"):
        list(read_dictionary(tmp_path / "none.xml"))
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"headword": "bank", "sense": "bank.1", "definition": ""}\n{"sense": "x", "definition": "y"}\n')
    result = ctxsearch("senses", "import", folder, bad)
    assert (result.returncode, "'x' has no headword" in result.stderr) == (1, True)
    assert done("senses", "list", folder) == ""
    other = {
        "headword": "bank",
        "sense": "bank.1",
        "definition": "",
        "examples": ["No such word.", "The [banks] burst."],
    }
    bad.write_text(json.dumps(other))
    told = ctxsearch("senses", "import", folder, bad).stderr
    assert told.splitlines()[0] == f"{bad}: 1 new sense, 1 new example."
    assert told.splitlines()[1] == "Left out 1 sentence without the headword, 'No such word.' for instance."


USES = "lemma\tpos\tdate\tgrouping\tidentifier\tcontext\tindexes_target_token\nbank\tnn\t1912\t1\tu1\tThe bank.\t4:8\n"
LABELLED = json.dumps({"text": "The bank.", "start": 4, "end": 8, "lemma": "bank", "sense": "bank.river"})


@pytest.mark.parametrize(
    ("name", "content", "what", "command"),
    [
        ("uses.csv", USES, "a table of uses (DURel, WUG)", "ctxsearch index INDEX FILE"),
        ("uses.tsv", USES, "a table of uses (DURel, WUG)", "ctxsearch index INDEX FILE"),
        (
            "corpus.vrt",
            '<text id="a">\n<s>\nbank\tNN\tbank\n</s>\n</text>\n',
            "vertical text",
            "ctxsearch index INDEX FILE",
        ),
        ("corpus.conllu", "1\tbank\tbank\tNOUN\t_\t_\t_\t_\t_\t_\n", "a treebank", "ctxsearch index INDEX FILE"),
        ("documents.jsonl", '{"id": "a", "text": "The bank."}', "documents", "ctxsearch index INDEX FILE"),
        ("labelled.jsonl", LABELLED, "a file of labelled uses", "ctxsearch evaluate FILE"),
    ],
)
def test_a_file_of_another_kind_is_told_with_its_command(
    folder: Path, tmp_path: Path, name: str, content: str, what: str, command: str
) -> None:
    """Neither a dictionary nor labels: what the file seems to be is told, and which command takes it, packed or not."""
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    packed = tmp_path / f"{name}.gz"
    packed.write_bytes(gzip.compress(content.encode()))
    for given, wanted in (
        (("senses", "import", folder, path), "dictionary"),
        (("senses", "import", folder, packed), "dictionary"),
        (("senses", "label", folder, "--from", path), "table of labels"),
    ):
        result = ctxsearch(*given)
        assert result.returncode == 1
        assert result.stderr == f"Error: {given[-1]}: it seems to be {what}, and no {wanted}. It is for: {command}.\n"
    assert done("senses", "list", folder) == ""


def test_a_dictionary_and_a_table_of_labels_are_told_apart(folder: Path, tmp_path: Path) -> None:
    """Each is told where the other is wanted; what is of the right kind, and has a fault, keeps its own error."""
    dictionary, labels, lines = (tmp_path / name for name in ("d.csv", "l.csv", "lines.csv"))
    dictionary.write_text("headword,sense,definition\nbank,bank.river,land\nbank,bank.money\n")
    labels.write_text("key,sense\nbank/06:73\n")
    lines.write_text(done("concordance", folder, "bank", "-k", "1", "--csv"))
    for given, why in (
        (
            ("senses", "label", folder, "--from", dictionary),
            "seems to be a dictionary, and no table of labels. It is for",
        ),
        (("senses", "import", folder, labels), "FILE.\n"),
        (
            ("senses", "import", folder, lines),
            "ctxsearch senses label INDEX --from FILE when a column sense is filled in.",
        ),
        (("senses", "label", folder, "--from", lines), "it has no key or no sense. A table of labels has the columns"),
        (("senses", "import", folder, dictionary), "line 3: the row has 2 cells, and the header 3"),
        (("senses", "label", folder, "--from", labels), "line 2: the row has 1 cells, and the header 2"),
    ):
        result = ctxsearch(*given)
        assert (result.returncode, why in result.stderr) == (1, True), result.stderr
    (tmp_path / "notes.txt").write_text("bank")
    assert "it is plain text, and no dictionary" in ctxsearch("senses", "import", folder, tmp_path / "notes.txt").stderr


def test_an_entry_is_read_under_either_ending_of_tei(tmp_path: Path) -> None:
    """Export writes TEI as .xml and as .tei, and so import reads both."""
    (tmp_path / "d.tei").write_text(TEI, encoding="utf-8")
    assert list(read_dictionary(tmp_path / "d.tei")) == EXPECTED


def test_lines_of_a_sense_are_counted_once(folder: Path) -> None:
    """However many people labelled a line; the JSON has how many labels there are."""
    done("senses", "new", folder, "bank.shore")
    key = objects(done("concordance", folder, "bank", "-k", "1", "--json"))[0]["key"]
    for person in ("anna", "ben"):
        done("senses", "label", folder, "bank.shore", str(key), "--by", person)
    assert "[1 line]" in next(one for one in done("senses", "list", folder, "bank").splitlines() if "shore" in one)
    listed = objects(done("senses", "list", folder, "bank", "--json"))
    assert [one["labels"] for one in listed if one["sense_id"] == "bank.shore"] == [2]


def test_labels_that_are_replaced_are_told(folder: Path) -> None:
    """Whoever labels a line anew is told what it had; a proposal that is accepted leaves such lines alone."""
    keys = [str(line["key"]) for line in objects(done("concordance", folder, "bank", "--json"))]
    for name, some in (("bank.one", keys), ("bank.two", keys[:1])):
        done("senses", "new", folder, name, "--by", "anna")
        told = ctxsearch("senses", "label", folder, name, *some, "--by", "anna").stderr
    assert told == (
        "bank.two: labelled 1 line.\n"
        f"Had another label of yours: {keys[0]} (bank.one). To have it back: ctxsearch senses undo {folder} --by anna\n"
    )
    before = done("senses", "labels", folder, "bank")
    assert before.count("bank.one") == len(keys) - 1
    done("induce", folder, "bank", "--accept", "--by", "anna")
    assert done("senses", "labels", folder, "bank") == before


def test_the_log_of_a_word_is_printed(folder: Path) -> None:
    """Of a form the log is its lemma's; where nothing was changed of a word, that is told."""
    done("senses", "new", folder, "bank.river", "--by", "anna")
    done("senses", "new", folder, "mouse.animal", "--by", "anna")
    assert done("senses", "log", folder, "banks") == done("senses", "log", folder).splitlines(keepends=True)[0]
    (change,) = objects(done("senses", "log", folder, "mice", "--json"))
    assert change["what"] == "new sense mouse.animal of mouse"
    nothing = ctxsearch("senses", "log", folder, "river")
    assert (nothing.stdout, nothing.stderr) == ("", "Nothing was ever changed of the senses of 'river'.\n")


def test_where_people_differ_is_a_table_to_fill_in(folder: Path, tmp_path: Path) -> None:
    """A row for each line that people gave different senses, with those of each; what is filled in is read back."""
    keys = ["bank/06:73", "bank/02:29", "bank/09:39"]
    for name in ("bank.river", "bank.money"):
        done("senses", "new", folder, name, "--by", "anna")
    done("senses", "label", folder, "bank.river", *keys, "--by", "anna")
    done("senses", "label", folder, "bank.money", *keys[:2], "--by", "ben")
    done("senses", "label", folder, "bank.river", keys[0], "--by", "carl")
    rows = list(csv.DictReader(io.StringIO(done("senses", "agreement", folder, "bank", "--csv"))))
    assert [(row["key"], row["sense"], row["by anna"], row["by ben"], row["by carl"]) for row in rows] == [
        (keys[1], "", "bank.river", "bank.money", ""),
        (keys[0], "", "bank.river", "bank.money", "bank.river"),
    ]
    assert [row["node"] for row in rows] == ["bank", "bank"]
    table = tmp_path / "differ.tsv"
    text = done("senses", "agreement", folder, "--tsv").splitlines()
    place = text[0].split("\t").index("sense")
    filled = [line.split("\t") for line in text[1:]]
    for cells in filled:
        cells[place] = "bank.river"
    table.write_text("\n".join([text[0], *("\t".join(cells) for cells in filled)]) + "\n", encoding="utf-8")
    told = ctxsearch("senses", "label", folder, "--from", table, "--by", "ben").stderr
    assert told.startswith(f"{table}: labelled 2 lines.\n")
    for option, delimiter in (("--csv", ","), ("--tsv", "\t")):
        none = ctxsearch("senses", "agreement", folder, option)
        assert (none.returncode, none.stderr) == (0, "There is no line on which people differ.\n")
        assert none.stdout.rstrip("\n").split(delimiter)[-4:] == ["sense", "by anna", "by ben", "by carl"]
    assert ctxsearch("senses", "agreement", folder, "--csv", "--json").returncode == 2


@pytest.mark.parametrize(("option", "delimiter"), [("--csv", ","), ("--tsv", "\t")])
def test_what_an_inventory_has_is_a_table(folder: Path, option: str, delimiter: str) -> None:
    """Senses, labels, changes and subcorpora as rows, with the fields of JSON; of nothing, their names alone."""
    asked = (
        ("senses", "list", folder, "bank"),
        ("senses", "labels", folder, "bank"),
        ("senses", "log", folder, "bank"),
        ("subcorpora", "list", folder),
    )
    empty = [ctxsearch(*command, option) for command in asked]
    assert [one.stdout.count("\n") for one in empty] == [1, 1, 1, 1]
    assert [one.stderr.startswith(("There is no ", "No line", "Nothing")) for one in empty] == [True] * 4
    done("senses", "new", folder, "bank.river", "--definition", "land, or mud,\tbeside a river", "--by", "anna")
    done("senses", "note", folder, "bank.river", "of lakes, too", "--by", "anna")
    done("senses", "note", folder, "bank.river", "rare", "--by", "ben")
    done("senses", "label", folder, "bank.river", "bank/06:73", "bank/02:29", "--by", "anna")
    done("subcorpora", "new", folder, "old", "year<1950", "genre=fiction")
    for command, before in zip(asked, empty, strict=True):
        rows = list(csv.DictReader(io.StringIO(done(*command, option)), delimiter=delimiter))
        made = objects(done(*command, "--json"))
        assert [[*row] for row in rows] == [[*row] for row in made]
        assert delimiter.join(rows[0]) == before.stdout.rstrip("\n")
        for row, one in zip(rows, made, strict=True):
            for name, value in one.items():
                text = {"notes": "of lakes, too; rare", "where": "year<1950; genre=fiction"}.get(name, str(value))
                assert row[name] == (text if option == "--csv" else text.replace("\t", " "))
        assert ctxsearch(*command, "--csv", "--json").returncode == 2


@pytest.mark.parametrize("name", ["labels.csv", "labels.tsv", "labels.jsonl"])
def test_labels_that_are_listed_are_read_again(tmp_path: Path, name: str) -> None:
    """Those of one person become another's, also where a key looks like a formula to spreadsheets."""
    with Index.create(tmp_path / "index", model="window", encoder=WindowEncoder()) as index:
        index.add([Document("=a", "The bank of the river."), Document("b", "A bank.")])
        index.senses(by="anna").label(index.senses(by="anna").new("bank.river"), ["=a:4", "b:2"])
    option = {".csv": "--csv", ".tsv": "--tsv", ".jsonl": "--json"}[Path(name).suffix]
    (tmp_path / name).write_text(done("senses", "labels", tmp_path / "index", option), encoding="utf-8")
    result = ctxsearch("senses", "label", tmp_path / "index", "--from", tmp_path / name, "--by", "ben")
    assert result.stderr == f"{tmp_path / name}: labelled 2 lines.\n"


def test_a_name_of_nobody_who_accepts_is_refused(folder: Path) -> None:
    """Whose senses a proposal makes says nothing where none is accepted."""
    refused = ctxsearch("induce", folder, "bank", "--by", "anna")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.endswith("Error: --by says whose senses are made; give --accept, too.\n")


def test_labels_of_others_that_a_change_touches_are_told(folder: Path) -> None:
    """Who splits, merges or removes a sense is told how much others labelled with it; the hint undoes that change."""
    keys = ["bank/06:73", "bank/02:29", "bank/09:39"]
    done("senses", "new", folder, "bank.river", "--by", "anna")
    for by, some in (("anna", keys), ("Ben B.", keys[:2]), ("carl", keys[1:2])):
        done("senses", "label", folder, "bank.river", *some, "--by", by)
    assert "[3 lines]" in done("senses", "list", folder)
    assert [(one["labels"], one["lines"]) for one in objects(done("senses", "list", folder, "--json"))] == [(6, 3)]
    undoing = f"ctxsearch senses undo {folder} --by 'Ben B.'\n"

    def told(*arguments: object) -> str:
        return ctxsearch("senses", *arguments, "--by", "Ben B.").stderr

    assert told("define", folder, "bank.river", "land") == "bank.river: defined, a sense of bank with 3 lines.\n"
    assert told("split", folder, "bank.river", "bank.edge", *keys[:2]) == (
        "bank.edge: split off, a sense of bank with 2 lines.\n"
        f"This changed the labels of 2 other people on 2 lines, too. To undo it: {undoing}"
    )
    assert told("merge", folder, "bank.river", "bank.edge") == (
        "bank.edge: merged, a sense of bank with 3 lines.\n"
        f"This changed the labels of 1 other person on 1 line, too. To undo it: {undoing}"
    )
    assert told("remove", folder, "bank.edge") == (
        f"bank.edge: removed, with the labels of 2 other people on 3 lines. To have it back: {undoing}"
    )
    for _ in range(4):
        done("senses", "undo", folder, "--by", "Ben B.")
    assert len(done("senses", "labels", folder).splitlines()) == 6
    done("senses", "new", folder, "bank.own", "--by", "Ben B.")
    assert told("remove", folder, "bank.own") == f"bank.own: removed. To have it back: {undoing}"


def test_piles_show_the_likeliest_answer(folder: Path) -> None:
    """A line of none of the senses shows the probability of that, an unsure one what it might be."""
    done("senses", "new", folder, "bank.money", "--by", "anna")
    money = [one["key"] for one in objects(done("query", folder, MONEY.replace("bank", "[bank]"), "-k", "3", "--json"))]
    done("senses", "label", folder, "bank.money", *money, "--by", "anna")
    for pile, shown in (
        ("none of these", r" *\d+% none of these  "),
        ("unsure", r" *\d+% unsure: (bank.money|none of these)  "),
    ):
        uses = objects(done("assign", folder, "bank", "--pile", pile, "--margin", "0.5", "--json"))
        printed = done("assign", folder, "bank", "--pile", pile, "--margin", "0.5").splitlines()
        assert uses
        for use, line in zip(uses, printed, strict=True):
            assert re.match(shown, line)
            assert int(line.partition("%")[0]) == round(100 * max(float(str(use["p"])), float(str(use["p_none"]))))


def test_removing_by_ids_and_conditions_is_refused(folder: Path) -> None:
    """What would remove more than was named is refused."""
    refused = ctxsearch("remove", folder, "bank/01", "--where", "year<1900")
    assert refused.returncode == 2
    assert "choose one, the ids or --where" in refused.stderr


def test_keys_are_printed_whole(tmp_path: Path) -> None:
    """However long a key is, the table has it whole, for another command is given it."""
    name = "letters/from/" + "a" * 60 + "/1912"
    source = tmp_path / "documents.jsonl"
    source.write_text("".join(json.dumps({"id": one, "text": "They rowed to the bank."}) + "\n" for one in (name, "b")))
    done("index", tmp_path / "index", source)
    lines = done("concordance", tmp_path / "index", "bank").splitlines()
    assert [line.split()[0] for line in lines] == [f"{name}:18", "b:18"]
    assert all("[bank]" in line for line in lines)
    assert done("like", tmp_path / "index", lines[0].split()[0]).split()[2] == "b:18"


def test_another_definition_in_a_dictionary_is_told(folder: Path, tmp_path: Path) -> None:
    """What a sense is defined as here is kept, and told, with how to change it; a file without any entry is, too."""
    (tmp_path / "d.xml").write_text(TEI, encoding="utf-8")
    done("senses", "import", folder, tmp_path / "d.xml")
    (tmp_path / "d.xml").write_text(TEI.replace("the land beside", "a slope\nbeside"), encoding="utf-8")
    told = ctxsearch("senses", "import", folder, tmp_path / "d.xml").stderr.splitlines()
    assert told[1:] == [
        "1 sense has another definition there, and kept the one here: bank.river. To change it: ctxsearch senses define"
        f" {folder} SENSE DEFINITION"
    ]
    (tmp_path / "d.xml").write_text("<TEI><text><body><p>None.</p></body></text></TEI>", encoding="utf-8")
    none = ctxsearch("senses", "import", folder, tmp_path / "d.xml")
    assert none.returncode == 1
    assert "there is no entry in it. A dictionary of TEI Lex-0 has its words in <entry>." in none.stderr
    (tmp_path / "d.csv").write_text("headword,sense,definition\nbank,,land\n", encoding="utf-8")
    unnamed = ctxsearch("senses", "import", folder, tmp_path / "d.csv").stderr
    assert "d.csv, line 2: the sense has no name. A dictionary is kept in UTF-8" in unnamed
    done("senses", "define", folder, "bank.river", "land\n\nbeside a river")
    assert "bank.river  land beside a river  [" in done("senses", "list", folder, "bank").splitlines()[0]


def test_lines_on_which_people_differ_are_shown(folder: Path) -> None:
    """Agreement shows each with what each person says of it; of one person's labels it says that they are one's."""
    for name, by in (("bank.one", "anna"), ("bank.two", "bert")):
        done("senses", "new", folder, name)
        done("senses", "label", folder, name, "bank/06:73", "--by", by)
        if by == "anna":
            assert "0 lines labelled by two or more of 1 person.\n" in done("senses", "agreement", folder, "bank")
    *_, line, who = done("senses", "agreement", folder, "bank").splitlines()
    assert line.startswith("bank/06:73 ")
    assert "[bank]" in line
    assert who == "    anna: bank.one, bert: bank.two"


def test_assign_tells_one_likeliest_answer(folder: Path, tmp_path: Path) -> None:
    """The answer that people see before a line is the one that programs read, none of the senses being one."""
    (tmp_path / "d.xml").write_text(TEI, encoding="utf-8")
    done("senses", "import", folder, tmp_path / "d.xml")
    done("senses", "remove", folder, "bank.2")
    told = objects(done("assign", folder, "bank", "--lines", "--json"))
    shown = done("assign", folder, "bank", "--lines").splitlines()
    assert len({one["likeliest"] == one["sense_id"] for one in told}) == 2
    for one, line in zip(told, shown, strict=True):
        answer = line.partition(str(one["key"]))[0].split("%")[1].removeprefix(" unsure:").strip()
        assert str(one["likeliest"]).startswith(answer.removesuffix("…"))


def test_labels_that_go_with_a_document_are_told(folder: Path) -> None:
    """Whoever takes a document out is told of its labels, which are listed as lost from then on, and kept."""
    done("senses", "new", folder, "bank.river")
    done("senses", "label", folder, "bank.river", "bank/06:73", "bank/02:29", "--by", "anna")
    assert ctxsearch("senses", "labels", folder, "--lost").stderr == "No label is lost.\n"
    assert ctxsearch("remove", folder, "storm/01").stderr == f"{folder}: removed 1 document.\n"
    told = ctxsearch("remove", folder, "bank/06").stderr.splitlines()
    assert told[0] == f"{folder}: removed 1 document."
    assert told[1].startswith("1 labelled line with it: bank/06:73. Labels are kept")
    assert told[1].endswith(f": ctxsearch senses labels {folder} --lost")
    assert [one["key"] for one in objects(done("senses", "labels", folder, "--lost", "--json"))] == ["bank/06:73"]
    assert len(done("senses", "labels", folder).splitlines()) == 2
