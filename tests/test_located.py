"""A label holds as long as the word is there that it was given to; what is lost shows nothing, and is told."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import ctxsearch as command

from ctxsearch import Document, Index
from ctxsearch.catalog.inventory import Inventory
from ctxsearch.errors import NothingShows, SourceError
from ctxsearch.senses import Senses
from ctxsearch.senses.labelled import labels_of

BEFORE = "They rowed to the bank and tied up the boat."
AFTER = "They rowed to the tree and tied up the boat. A bank."


@pytest.fixture
def own(sample: Index, tmp_path: Path) -> Iterator[Index]:
    """A copy of the sample's index with one text more, to write into."""
    with Index.open(shutil.copytree(sample.path, tmp_path / "sample"), dtype="fp32") as index:
        index.add([Document("1", BEFORE, {"part": "own"})])
        yield index


@pytest.fixture
def anna(own: Index) -> Senses:
    """The inventory in which the *bank* of that text is labelled, and then another text is in its place."""
    senses = own.senses(by="anna")
    senses.new("bank.r")
    senses.new("tree.x")
    assert senses.label("bank.r", "1:18") == 1
    own.add([Document("1", AFTER, {"part": "own"})], replace=True)
    return senses


def test_a_label_of_another_word_is_lost(own: Index, anna: Senses) -> None:
    """Where another word stands now, a label is no evidence of its sense; it counts again when the word is back."""
    with pytest.raises(NothingShows):
        anna.assign("bank")
    anna.label("bank.r", "bank/06:73")
    assert [label.key for label in anna.assign("bank").lost] == ["1:18"]
    found = anna.lookup("They rowed to the muddy [bank].")
    assert [label.key for label in found.lost] == ["1:18"]
    assert [line.key for line in found.fits[0].lines] == ["bank/06:73"]
    told = "Labels whose line is not in the index, or is of another word now: 1:18."
    assert told in command("assign", own.path, "bank").stderr
    own.add([Document("1", BEFORE, {"part": "own"})], replace=True)
    assert anna.assign("bank").lost == []


def test_no_export_gives_a_word_the_sense_of_another(own: Index, anna: Senses, tmp_path: Path) -> None:
    """A lost label is in no document, line or entry that is written, and its key is told."""
    notes = ["Labels whose line is not in the index, or is of another word now: 1:18."]
    assert own.export(tmp_path / "all.vrt").notes[:1] == notes
    assert "bank.r" not in (tmp_path / "all.vrt").read_text(encoding="utf-8")
    for name, word in (("tree.csv", "tree"), ("bank.csv", "bank")):
        own.export(tmp_path / name, word)
        assert "bank.r" not in (tmp_path / name).read_text(encoding="utf-8")
    own.export(tmp_path / "bank.xml", "bank")
    assert 'subtype="labels">0<' in (tmp_path / "bank.xml").read_text(encoding="utf-8")


def test_a_lost_label_teaches_nothing_and_disagrees_with_nobody(own: Index, anna: Senses) -> None:
    """Heads are not learned from it, people do not differ by it, and a group that is accepted may label its line."""
    inventory = Inventory(own.path)
    with pytest.raises(SourceError, match="there is no labelled use"):
        labels_of(inventory, own.open_shards())
    own.senses(by="bert").label("tree.x", "1:18")
    assert list(labels_of(inventory, own.open_shards()).senses) == ["tree.x"]
    found = anna.agreement()
    assert (found.people, found.occurrences, found.disagreements) == (["bert"], 0, [])
    anna.accept(anna.induce("tree", where="part=own", least=1), label=20)
    assert {label.sense_id for label in anna.labels(by="anna") if label.key == "1:18"} == {"tree.1"}
