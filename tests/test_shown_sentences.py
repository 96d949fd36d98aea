"""Sentences that show senses mark one word, a form of the headword; what does not shows nothing, and is told."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from command_line import ctxsearch as command
from conftest import MakeIndex

from ctxsearch import Document, Index
from ctxsearch.domain import Usage
from ctxsearch.errors import QueryError, SenseError
from ctxsearch.senses import Senses
from ctxsearch.senses.importing import ImportReport

SENTENCE = "We moored the boat at the bank of the river."


@pytest.fixture
def own_sample(sample: Index, tmp_path: Path) -> Iterator[Index]:
    """A copy of the sample's index, to write into."""
    with Index.open(shutil.copytree(sample.path, tmp_path / "sample"), dtype="fp32") as index:
        yield index


def imported(senses: Senses, folder: Path, headword: str, sentences: Sequence[str]) -> ImportReport:
    """Imports one sense with some sentences."""
    record = {"headword": headword, "sense": f"{headword}.1", "definition": "", "examples": sentences}
    (folder / "d.jsonl").write_text(json.dumps(record), encoding="utf-8")
    return senses.import_dictionary(folder / "d.jsonl")


def shown(senses: Senses, word: str) -> list[str]:
    """The sentences of a word, each with its word in brackets."""
    usages = [usage for _, usage in senses.sentences(word)]
    return [f"{one.text[: one.start]}[{one.text[one.start : one.end]}]{one.text[one.end :]}" for one in usages]


@pytest.mark.parametrize(
    ("sentence", "kept"),
    [
        ("He sat on the [banks].", "He sat on the [banks]."),
        ("He sat on [...] the bank.", "He sat on [...] the [bank]."),
        ("They sat on the [river bank].", "They sat on the river [bank]."),
        ("[The] manager of the bank resigned.", "The manager of the [bank] resigned."),
        ("The [bank]er and the bank.", "The banker and the [bank]."),
        ("They [embanked] it.", "They [embanked] it."),
        ("The river manager resigned.", None),
        ("The [bank]er resigned.", None),
    ],
)
def test_brackets_mark_the_headword_or_nothing(index: Index, tmp_path: Path, sentence: str, kept: str | None) -> None:
    """A form of the headword, and else the headword, and else a form that nobody knows; or the sentence is told."""
    senses = index.senses(by="anna")
    report = imported(senses, tmp_path, "bank", [sentence])
    assert (report.senses, report.examples) == (1, 0 if kept is None else 1)
    assert report.without_word == ([sentence] if kept is None else [])
    assert shown(senses, "bank") == ([] if kept is None else [kept])


def test_brackets_are_trusted_where_nobody_knows_the_forms(tmp_path: Path, make_index: MakeIndex) -> None:
    """Where no dictionary has the forms of a language, whoever marked a word knows best."""
    unknown = make_index([Document("1", "bir ev vardı")], language="xx", punctuation=True)
    senses = unknown.senses(by="anna")
    assert imported(senses, tmp_path, "ev", ["Iki [evler] vardı."]).examples == 1
    assert imported(senses, tmp_path, "vardı", ["Bir ev [...] vardı."]).examples == 1
    assert shown(senses, "vardı") == ["Bir ev ... [vardı]."]
    assert senses.new("ev.2", examples=[Usage("evler", 0, 5)]).examples == 1


def test_a_new_sense_takes_no_example_of_another_word(index: Index) -> None:
    """An example that marks nothing, several words, or another word than the sense's is refused; nothing is made."""
    senses = index.senses(by="anna")
    with pytest.raises(QueryError, match="The span 0:0 is not in the text"):
        senses.new("bank.1", examples=[Usage("The bank", 0, 0)])
    with pytest.raises(QueryError, match="is more than one word"):
        senses.new("bank.1", examples=[Usage("The bank", 0, 8)])
    with pytest.raises(SenseError, match=r"The example marks 'The', which is no form of 'bank'; mark the word"):
        senses.new("bank.1", examples=[Usage("The bank", 0, 3)])
    assert senses.list() == []
    assert senses.new("bank.1", examples=[Usage("The banks", 4, 9), Usage("They embanked it.", 5, 13)]).examples == 2


def test_a_sentence_that_cannot_be_compared_is_told(own_sample: Index, tmp_path: Path) -> None:
    """What an older ctxsearch has let in shows nothing, and all that asks for the word's senses answers without it."""
    senses = own_sample.senses(by="anna")
    at = SENTENCE.index("bank")
    senses.new("bank.river", examples=[Usage(SENTENCE, at, at + 4), Usage("On the bank.", 7, 11)])
    with closing(sqlite3.connect(own_sample.path / "senses.sqlite")) as connection:
        change = "update examples set text = 'He sat on ... the bank.', start = 10, \"end\" = 13 where start = 7"
        connection.execute(change)
        connection.commit()
    broken = Usage("He sat on ... the bank.", 10, 13)
    found = senses.assign("bank")
    assert (found.unusable, len(found.uses)) == ([broken], 28)
    looked = senses.lookup("They rowed to the muddy [bank].")
    assert looked.unusable == [broken]
    assert [usage for usage, _ in looked.fits[0].sentences] == [Usage(SENTENCE, at, at + 4)]
    assert [one.lemma for one in senses.unaccounted()] == ["bank"]
    assert senses.novel("bank").lemma == "bank"
    told = "Left out 1 sentence without one whole word that is marked, 'He sat on ... the bank.' for instance."
    assert told in command("assign", own_sample.path, "bank").stderr
    notes = own_sample.export(tmp_path / "bank.csv", "bank", senses="assigned").notes
    assert "Sentences without one whole word that is marked, left out: 1, 'He sat on" in " ".join(notes)
