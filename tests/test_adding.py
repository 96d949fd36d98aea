"""What a run that adds documents takes, replaces and leaves out, and what it tells of that."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from command_line import ctxsearch as command
from conftest import MakeIndex, WindowEncoder
from river import RIVER, SHARD_TOKENS, broken_off, everything, ids, keys, reopened, state, texts

import ctxsearch
from ctxsearch import Document, Index, Progress
from ctxsearch.errors import KeyNotFound, SettingsMismatch, SourceError, WordNotFound
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


LISTED = {"tags": ["letter", "diary"], "of": {"pages": [1, 2]}, "year": 1990}


def test_lists_in_metadata_are_the_same_by_the_library_and_from_a_file(make_index: MakeIndex, tmp_path: Path) -> None:
    """A document with a list in its metadata is one version of it, be it read from JSONL or made by a program."""
    (tmp_path / "a.jsonl").write_text(json.dumps({"id": "a", "text": BANK.text, **LISTED}), encoding="utf-8")
    made = Document("a", BANK.text, LISTED)  # type: ignore[arg-type]
    index = make_index(ctxsearch.read(tmp_path / "a.jsonl"))
    assert index.add(made).unchanged == 1
    [line] = index.concordance("bank")
    assert (line.metadata, line.metadata["tags"]) == (made.metadata, '["letter", "diary"]')


def test_documents_whose_lists_an_older_version_kept_are_the_same(make_index: MakeIndex) -> None:
    """A document that was added when lists were kept as such is recognised, and one with another list is another."""
    old, changed = Document("a", BANK.text), {**LISTED, "tags": ["letter"]}
    object.__setattr__(old, "metadata", LISTED)
    index = make_index([old])
    assert index.concordance("bank")[0].metadata == LISTED
    assert index.add(Document("a", BANK.text, LISTED)).unchanged == 1  # type: ignore[arg-type]
    assert index.add(Document("a", BANK.text, changed)).refused == ["a"]  # type: ignore[arg-type]
    assert index.add(Document("a", "Another bank.", LISTED)).refused == ["a"]  # type: ignore[arg-type]


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


def test_known_ids_are_refused(index: Index) -> None:
    """Documents whose ids are there, or come twice, are refused by name, and what was there is as before."""
    before = state(index)
    report = index.add([Document("reeds", "Another text."), Document("tea", "She poured the tea and cut the bread.")])
    assert (report.documents, report.refused, report.refused_count) == (0, ["reeds", "tea"], 2)
    assert state(index) == state(reopened(index)) == before
    report = index.add([Document("new", "The first bank."), Document("new", "The second bank.")])
    assert (report.documents, report.refused, report.repeated, report.repeated_count) == (1, [], ["new"], 1)
    assert [line.left for line in index.concordance("bank", where=["document_id=new"])] == ["The first "]


def test_refused_ids_are_listed_up_to_a_hundred(make_index: MakeIndex) -> None:
    """Of many refused ids a hundred are named, and all are counted."""
    documents = [Document(str(number), "The bank.") for number in range(150)]
    others = [Document(str(number), "The river.") for number in range(150)]
    report = make_index(documents).add(others)
    assert (list(report.refused), report.refused_count) == ([str(number) for number in range(100)], 150)


def test_replaced_document_is_gone_at_once(index: Index) -> None:
    """A document that is replaced is in no answer any more, and its new text is in all."""
    report = index.add([Document("reeds", "A heron sat on the bank of the river.", {"year": 2020})], replace=True)
    assert (report.documents, report.replaced, report.refused_count) == (1, 1, 0)
    for one in (index, reopened(index)):
        assert keys(one.query(RIVER, k=2)) == ["angler:21", "reeds:19"]
        for lines in (one.query(RIVER, k=None), everything(one), one.concordance("bank"), one.like("angler:21")):
            assert {line.metadata["year"] for line in lines if line.document_id == "reeds"} == {2020}
        with pytest.raises(WordNotFound):
            one.concordance("grow")
        assert one.count("bank") == 10
        assert one.concordance("bank", where=["year=1921"]) == []
        assert one.like("reeds:19", k=1)[0].key == "angler:21"
        with pytest.raises(KeyNotFound, match="no word begins there"):
            one.like("reeds:18")
        assert (one.info().documents, one.info().documents_removed) == (9, 1)


def test_document_is_replaced_again_and_again(make_index: MakeIndex) -> None:
    """Of a document that is replaced several times only the last text is left, in whichever shard it is."""
    index = make_index(texts("The bank of the river.", "The bank."))
    for number in range(3):
        index.add([Document("a", f"The bank number {number}.")], replace=True, shard_tokens=1)
    assert [(line.document_id, line.right) for line in index.concordance("bank")] == [("b", "."), ("a", " number 2.")]
    assert (index.info().documents, index.info().documents_removed) == (2, 3)


VERSIONS = [
    Document("a", "A heron sat on the bank."),
    Document("b", "The bank lent money."),
    Document("a", "Two otters swam to the bank."),
    Document("c", "Reeds grew there."),
    Document("a", "The bank failed."),
    Document("c", " "),
    Document("d", "It fell."),
    Document("d", ""),
    Document("d", "It rose."),
    Document("d", "It rose."),
]


@pytest.mark.parametrize("shard_tokens", [1, 12, 1000])
@pytest.mark.parametrize("stopped_after", [0, 4, 9])
def test_last_of_several_versions_stays(make_index: MakeIndex, shard_tokens: int, stopped_after: int) -> None:
    """With replace, of documents with one id the last stays: in one shard, in several, and when a run goes on."""
    index = make_index()
    with pytest.raises(RuntimeError):
        index.add(broken_off(VERSIONS[:stopped_after], RuntimeError()), replace=True, shard_tokens=shard_tokens)
    report = index.add(VERSIONS, replace=True, shard_tokens=shard_tokens)
    assert (report.repeated_count, report.refused_count, report.removed, report.skipped) == (0, 0, 2, {})
    assert report.documents + report.unchanged == 8
    last = make_index([VERSIONS[1], VERSIONS[4], VERSIONS[8]])
    for one in (index, reopened(index)):
        assert sorted(line.key for line in everything(one)) == sorted(line.key for line in everything(last))
        assert one.document("a").text == "The bank failed."
        assert one.info().documents == 3
    assert Index.verify(index.path, encoder=WindowEncoder()).problems == []
    index.compact()
    assert sorted(line.key for line in everything(index)) == sorted(line.key for line in everything(last))
    assert (index.info().documents, index.info().documents_removed) == (3, 0)
    assert index.add([VERSIONS[1], VERSIONS[4], VERSIONS[8]]).unchanged == 3


def test_replaced_text_counts_no_more(make_index: MakeIndex) -> None:
    """What `info` counts after a replacement is what an index of the new texts alone counts."""
    index = make_index(texts("The old heron sat on the bank.", "A river."))
    index.add([Document("a", "A young \u200b otter swam.")], replace=True)
    fresh = make_index([Document("b", "A river."), Document("a", "A young \u200b otter swam.")])
    counts = ("documents", "segments", "words", "occurrences", "without_vector", "lemmas")
    assert [getattr(index.info(), name) for name in counts] == [getattr(fresh.info(), name) for name in counts]


def test_word_of_replaced_text_is_not_found(make_index: MakeIndex) -> None:
    """A word that only a replaced text had is not in the corpus any more, and is not offered as a near one."""
    index = make_index(texts("A heron sat. The bank.", "Herring swam."))
    index.add([Document("a", "The bank.")], replace=True)
    for ask in (
        lambda: index.concordance("heron"),
        lambda: index.query("The [heron] sat."),
        lambda: index.count("herons"),
    ):
        with pytest.raises(WordNotFound):
            ask()
    with pytest.raises(WordNotFound) as raised:
        index.query("The [herony] sat.")
    assert "heron" not in raised.value.nearest


def test_empty_text_takes_the_other_out(index: Index) -> None:
    """With replace, a document whose text is empty now leaves nothing of the one that had its id, which is told."""
    report = index.add([Document("reeds", "  \n"), Document("new", "")], replace=True)
    assert (report.documents, report.replaced, report.removed, report.skipped) == (0, 0, 1, {"empty": 1})
    assert index.info().documents == 8
    assert "reeds" not in ids(reopened(index).concordance("bank"))
    assert index.add([Document("reeds", " ")]).skipped == {"empty": 1}


def test_unchanged_document_is_not_replaced(index: Index, river_documents: list[Document]) -> None:
    """Replacing a document by itself does nothing; a change of metadata or title alone is a change."""
    before = state(index)
    report = index.add(river_documents, replace=True)
    assert (report.documents, report.replaced, report.unchanged) == (0, 0, 9)
    assert state(reopened(index)) == before
    tea = river_documents[-1]
    assert index.add([replace(tea, metadata={"year": 1922})], replace=True).replaced == 1
    assert index.add([replace(tea, title="Tea")], replace=True).replaced == 1


def test_shards_must_have_room(index: Index) -> None:
    """A shard of no words is refused."""
    with pytest.raises(ValueError, match="cannot have 0 words"):
        index.add([], shard_tokens=0)


def test_progress_counts_words(make_index: MakeIndex, river_documents: list[Document]) -> None:
    """Progress never goes back, and ends with all words that were added."""
    seen: list[Progress] = []
    make_index().add(river_documents, shard_tokens=SHARD_TOKENS, on_progress=seen.append)
    assert [one.done for one in seen] == sorted(one.done for one in seen)
    assert (seen[-1].stage, seen[-1].done) == ("commit", 85)


@pytest.mark.parametrize(
    "bad",
    [
        Document("bad", "The \ud800 bank."),
        Document("bad\udfff", "The bank."),
        Document("bad", "The bank.", title="\ud800"),
        Document("bad", "The bank.", uri="\ud800"),
        Document("bad", "The bank.", {"name": "\ud800"}),
        Document("bad", "The bank.", {"\ud800": "name"}),
    ],
    ids=["text", "id", "title", "uri", "metadata value", "metadata name"],
)
def test_lone_surrogate_is_refused(make_index: MakeIndex, bad: Document) -> None:
    """A document that is no valid Unicode anywhere is a SourceError, and what came before it is kept."""
    index = make_index()
    with pytest.raises(SourceError, match="bad"):
        index.add([*texts("The bank.", "The river bank."), bad, Document("c", "The bank.")])
    for one in (index, reopened(index)):
        assert ids(one.concordance("bank")) == ["a", "b"]


@pytest.mark.parametrize(("words", "why"), [(0, "give at least 1"), (10**13, "takes some 320,000 GB of memory")])
def test_shards_that_cannot_be_are_refused(index: Index, words: int, why: str) -> None:
    """A shard of nothing, or of more than memory holds, is told before anything is read."""
    with pytest.raises(ValueError, match=why):
        index.add([Document("new", "The bank.")], shard_tokens=words)
    with pytest.raises(ValueError, match=why):
        index.compact(shard_tokens=words)
