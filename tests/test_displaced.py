"""Labels stay under their keys when a text is replaced: which of them stand elsewhere then is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import ctxsearch as command
from conftest import MakeIndex

from ctxsearch import Document, Index, IndexReport
from ctxsearch.settings import SENSES_FILE

BEFORE = "The bank was wet.\nThe bank was shut.\nThe bank was rich."
AFTER = "The bank was shut.\nThe bank was rich.\nThe bank was fine."


def moved(report: IndexReport) -> tuple[list[str], int, list[str], int]:
    """What a report says of labels."""
    return (
        list(report.moved_labels),
        report.moved_labels_count,
        list(report.orphaned_labels),
        report.orphaned_labels_count,
    )


NONE = ([], 0, [], 0)


@pytest.fixture
def labelled(make_index: MakeIndex) -> Index:
    """An index of a text with three labels of one person, one of them also of another, and of a text with one."""
    index = make_index([Document("a.txt", BEFORE), Document("b", "A bank."), Document("c", "A tree.")])
    for by in ("anna", "bert"):
        senses = index.senses(by=by)
        if by == "anna":
            senses.new("bank.river")
            senses.new("bank.money")
            senses.label("bank.money", ["a.txt:22", "a.txt:41", "b:2"])
        senses.label("bank.river", "a.txt:4")
    return index


def test_labels_in_another_sentence_or_on_nothing_are_told(labelled: Index) -> None:
    """Each label counts, and each key is named once; those of other documents are not among them."""
    report = labelled.add([Document("a.txt", AFTER), Document("b", "A bank."), Document("d", "A bank.")], replace=True)
    assert (report.replaced, report.unchanged) == (1, 1)
    assert moved(report) == (["a.txt:4"], 2, ["a.txt:22", "a.txt:41"], 2)


@pytest.mark.parametrize("text", [BEFORE + "\nThe bank was fine.", BEFORE.replace("rich", "poor in the end"), BEFORE])
def test_labels_whose_sentence_is_the_same_are_not_told(labelled: Index, text: str) -> None:
    """A text to which something is added, or of which the last sentence is changed, keeps the labels of the others."""
    report = labelled.add(Document("a.txt", text, {"year": 1990}), replace=True)
    assert report.replaced == 1
    assert moved(report) == ((["a.txt:41"], 1, [], 0) if "poor" in text else NONE)


def test_an_emptied_document_leaves_its_labels_on_nothing(labelled: Index) -> None:
    """What is taken out by an empty text has no words; a label that had lost its word before is not told again."""
    labelled.add(Document("a.txt", BEFORE.replace("bank was rich", "tree was rich")), replace=True)
    report = labelled.add([Document("a.txt", " "), Document("c", "A bush.")], replace=True)
    assert (report.removed, report.replaced) == (1, 1)
    assert moved(report) == ([], 0, ["a.txt:22", "a.txt:4"], 3)


def test_many_labels_in_many_shards_are_counted(make_index: MakeIndex) -> None:
    """All labels count, and a hundred keys are kept, wherever the documents are and however often they are replaced."""
    index = make_index([Document(f"{n:03}", "The bank was wet.") for n in range(150)], shard_tokens=100)
    senses = index.senses(by="anna")
    senses.new("bank.river")
    senses.label("bank.river", [f"{n:03}:4" for n in range(150)])
    documents = [Document(f"{n:03}", f"The bank was {word}.") for word in ("shut", "rich") for n in range(120)]
    report = index.add(documents, replace=True, shard_tokens=100)
    assert (report.moved_labels_count, len(report.moved_labels), report.orphaned_labels_count) == (120, 100, 0)
    back = index.add([Document("000", "The bank was fine."), Document("000", "The bank was rich.")], replace=True)
    assert (back.replaced, moved(back)) == (2, NONE)


def test_where_nothing_was_replaced_no_label_is_looked_at(labelled: Index) -> None:
    """A run that only adds, or passes over, costs nothing of the senses: it does not notice that they are damaged."""
    (labelled.path / SENSES_FILE).write_bytes(b"no database")
    assert moved(labelled.add([Document("b", "A bank."), Document("e", "A bank.")], replace=True)) == NONE


def test_senses_that_cannot_be_read_cost_no_report(labelled: Index, caplog: pytest.LogCaptureFixture) -> None:
    """What was added is committed and told, and so is that nobody can say where labels stand."""
    (labelled.path / SENSES_FILE).write_bytes(b"no database")
    report = labelled.add(Document("a.txt", AFTER), replace=True)
    assert (report.replaced, moved(report)) == (1, NONE)
    assert "Which labels stand elsewhere now cannot be told" in caplog.text


def test_the_command_line_says_what_to_do_about_labels(tmp_path: Path) -> None:
    """After `index --replace` it names the keys, and the commands that list labels and take them off."""
    path, source = tmp_path / "index", tmp_path / "a.txt"
    source.write_text(BEFORE, encoding="utf-8")
    assert command("index", path, source).returncode == 0
    command("senses", "new", path, "bank.river")
    command("senses", "label", path, "bank.river", "a.txt:4", "a.txt:22")
    source.write_text(AFTER, encoding="utf-8")
    told = command("index", path, source, "--replace")
    assert told.returncode == 0
    assert (
        "1 label in another sentence now, or one that was changed: a.txt:4.\n"
        "1 label on no word of the sense any more: a.txt:22.\n"
        f"Labels stay under their keys. Look at them with: ctxsearch senses labels {path}; take off what is wrong with:"
        f" ctxsearch senses unlabel {path} KEY...\n"
    ) in told.stderr
