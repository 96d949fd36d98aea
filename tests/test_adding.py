"""What a run that adds documents tells of those that it leaves out, or that others take the place of."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import ctxsearch as command
from conftest import MakeIndex

from ctxsearch import Document, Index
from ctxsearch.errors import SettingsMismatch
from ctxsearch.index.model import Model

BANK = Document("a", "The bank was wet.", {"year": 1990})


@pytest.mark.parametrize("shard_tokens", [1, 1000])
def test_what_comes_twice_just_so_is_passed_over(make_index: MakeIndex, shard_tokens: int) -> None:
    """The same document again is no error, in a shard that is made yet or in one before; another text is, as ever."""
    index, other = make_index(), Document("a", "The bank was shut.")
    report = index.add([BANK, BANK, other, BANK], shard_tokens=shard_tokens)
    assert (report.documents, report.unchanged, report.repeated, report.repeated_count) == (1, 2, ["a"], 1)
    report = index.add([other, BANK], shard_tokens=shard_tokens)
    assert (report.unchanged, report.refused_count, report.repeated_count) == (1, 1, 0)
    assert index.info().documents == 1


def test_documents_that_lose_their_metadata_are_named(make_index: MakeIndex) -> None:
    """One that had metadata and is replaced by one without is told; one that had none, or has others, is not."""
    index = make_index([BANK, Document("b", "A tree."), Document("c", "A boat.", {"year": 1})])
    new = [Document("a", BANK.text), Document("b", "Another tree."), Document("c", "A boat.", {"genre": "letter"})]
    report = index.add(new, replace=True)
    assert (report.replaced, report.bared, report.bared_count) == (3, ["a"], 1)
    report = index.add([Document("d", "Reeds.", {"year": 1}), Document("d", "Reeds.")], replace=True)
    assert (report.bared, report.bared_count) == (["d"], 1)


def test_the_model_is_loaded_when_there_is_something_to_encode(
    index: Index, river_documents: list[Document], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that finds nothing new, or takes out a document, asks for no model; one with a new document does."""

    def fail(self: Model) -> None:
        raise SettingsMismatch("", "the model", "one", "another")

    monkeypatch.setattr(Model, "encoder", fail)
    assert index.add(river_documents).unchanged == len(river_documents)
    assert index.add([Document("tea", "")], replace=True).removed == 1
    with pytest.raises(SettingsMismatch):
        index.add(BANK)


def test_the_command_line_tells_what_was_left_out_or_lost(tmp_path: Path) -> None:
    """Empty documents, lost metadata and files in another encoding are named, and it is said what to do."""
    folder = tmp_path / "rep"
    folder.mkdir()
    (folder / "a.txt").write_text("The bank was wet.", encoding="utf-8")
    (folder / "b.txt").write_text("", encoding="utf-8")
    (folder / "metadata.csv").write_text("id,year\na.txt,1990\n", encoding="utf-8")
    (tmp_path / "twice.jsonl").write_text('{"id": "c", "text": "A bank."}\n' * 2, encoding="utf-8")
    made = command("index", tmp_path / "index", folder, tmp_path / "twice.jsonl")
    assert made.returncode == 0
    assert "Skipped 1 document: empty.\nEmpty: b.txt.\n" in made.stderr
    (folder / "a.txt").write_text("The caf\u00e9 was wet.", encoding="utf-8")
    told = command("index", tmp_path / "index", folder / "a.txt", "--replace", "--encoding", "cp1252").stderr
    assert "1 replaced document had metadata before, and none now: a.txt. Those of a text file come" in told
    assert f"1 file in UTF-8, by the look, but read in another encoding: {(folder / 'a.txt').as_posix()}. If so" in told
