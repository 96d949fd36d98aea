"""What keeps an index in order: documents taken out, shards joined, and readers that notice nothing of it."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from conftest import MakeIndex, WindowEncoder
from hypothesis import given, settings
from hypothesis import strategies as st

from ctxsearch import Document, Index
from ctxsearch.commit import newest_commit, read_commit
from ctxsearch.domain import ConcordanceLine, Progress
from ctxsearch.errors import DocumentNotFound, IndexDamaged, IndexLocked, KeyNotFound, QueryError, WordNotFound

RIVER = "They sat on the [bank] of the river."


def reopened(index: Index) -> Index:
    return Index.open(index.path, encoder=WindowEncoder())


def answers(index: Index) -> list[list[ConcordanceLine]]:
    """What an index says to a few questions, scores included."""
    asked = [
        index.query(RIVER, k=None),
        index.query(RIVER, k=None, any_word=True, where=["year>1900"]),
        index.concordance("bank", order="left"),
        index.concordance("the"),
        index.query(RIVER, k=3, form="banks"),
    ]
    return [*asked, index.like(asked[0][0].key, unlike=asked[0][-1].key, k=None)]


def tables(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """The rows of a catalog's tables."""
    with sqlite3.connect(path) as connection:
        names = ("documents", "segments", "lemmas", "forms", "metadata_columns")
        content = {name: connection.execute(f"select * from {name} order by 1").fetchall() for name in names}
    connection.close()
    return content


def shard_folders(index: Index) -> list[Path]:
    return sorted(index.path.glob("shard-*"))


# ------------------------------------------------------------------------------------------------------ removing


@pytest.mark.parametrize("shard_tokens", [1, 20, 10**6])
def test_removed_document_is_in_no_answer(
    make_index: MakeIndex, river_documents: list[Document], shard_tokens: int
) -> None:
    """An index that documents were removed from answers as one that never had them."""
    index = make_index(river_documents, shard_tokens=shard_tokens)
    assert index.remove(["reeds", "loan", "tea"]) == 3
    left = [one for one in river_documents if one.document_id not in ("reeds", "loan", "tea")]
    fresh = make_index(left)
    for one in (index, reopened(index)):
        assert answers(one) == answers(fresh)
        for word in ("tea", "grow", "June"):
            with pytest.raises(WordNotFound):
                one.concordance(word)
        with pytest.raises(KeyNotFound):
            one.like("reeds:18")
        counts = ("documents", "segments", "words", "occurrences", "lemmas")
        assert [getattr(one.info(), name) for name in counts] == [getattr(fresh.info(), name) for name in counts]


def test_documents_are_removed_by_their_metadata(index: Index) -> None:
    """Documents that meet all conditions are removed, beside those that are named."""
    assert index.remove("tea", where=["year<1950", "genre=novel"]) == 3
    left = {line.document_id for line in index.concordance("the")} | {"savings"}
    assert left & {"rowing", "savings", "tea"} == {"savings"}
    assert index.info().documents == 6


def test_unknown_document_is_told_and_nothing_removed(index: Index) -> None:
    """An id that is not there, or not any more, is an error that names it, unless that is allowed."""
    before = answers(index)
    with pytest.raises(DocumentNotFound, match=r"'nobody', 'none'; nothing was removed") as raised:
        index.remove(["reeds", "nobody", "none"])
    assert raised.value.document_ids == ("nobody", "none")
    assert answers(index) == answers(reopened(index)) == before
    assert index.remove(["reeds", "nobody"], missing_ok=True) == 1
    with pytest.raises(DocumentNotFound):
        index.remove("reeds")
    with pytest.raises(QueryError, match="which documents"):
        index.remove()
    with pytest.raises(QueryError, match="column 'colour'"):
        index.remove(where=["colour=red"])
    number = index.info().commit
    assert index.remove(where=["year>3000"]) == 0
    assert index.info().commit == number


def test_removed_document_can_come_back(index: Index, river_documents: list[Document]) -> None:
    """A document that was removed can be added again, with the same text or another, any number of times."""
    before = {line.key: line.score for line in index.query(RIVER, k=None)}
    reeds = next(one for one in river_documents if one.document_id == "reeds")
    for _ in range(3):
        index.remove("reeds")
        assert index.add([reeds]).documents == 1
    assert {line.key: line.score for line in index.query(RIVER, k=None)} == before
    assert index.info().documents == 9


def test_all_documents_can_be_removed(index: Index, river_documents: list[Document]) -> None:
    """An index that everything was removed from has no word, compacts to nothing, and can be filled again."""
    index.remove(one.document_id for one in river_documents)
    with pytest.raises(WordNotFound):
        index.query(RIVER)
    assert index.compact().shards == 0
    assert shard_folders(index) == []
    with pytest.raises(QueryError, match="is empty"):
        index.query(RIVER)
    assert index.add(river_documents).documents == 9


# --------------------------------------------------------------------------------------------------- compaction


def test_group_that_is_gone_leaves_room_for_the_next(make_index: MakeIndex) -> None:
    """Where a whole group was removed nothing is written for it, and the groups after it are joined."""
    index = make_index([Document(str(number), "They sat on the bank.") for number in range(6)], shard_tokens=10)
    index.remove(["0", "1", "4"])
    assert index.compact(shard_tokens=10).documents_dropped == 3
    assert [line.document_id for line in index.concordance("bank")] == ["2", "3", "5"]
    assert Index.verify(index.path, encoder=WindowEncoder()).problems == []


@pytest.mark.parametrize("codec", ["fp16", "sq8", "sq6"])
def test_joined_shards_are_the_shard_built_at_once(
    make_index: MakeIndex, river_documents: list[Document], codec: str
) -> None:
    """Joining shards without what was removed gives the very rows that one build of the rest gives."""
    index = make_index(river_documents, shard_tokens=15, codec=codec)
    old = answers(index)
    index.remove(["tea", "loan"])
    expected = answers(index)
    report = index.compact()
    assert (report.shards, report.documents_dropped) == (1, 2)
    assert report.shards_before > 3
    assert report.bytes < report.bytes_before
    for one in (index, reopened(index)):
        assert answers(one) == expected != old
        assert one.info().documents_removed == 0
    if codec == "fp16":  # with ranges, an index of the rest alone is trained to others
        left = [one for one in river_documents if one.document_id not in ("tea", "loan")]
        (joined,), (built,) = shard_folders(index), shard_folders(make_index(left))
        assert (joined / "vectors.dat").read_bytes() == (built / "vectors.dat").read_bytes()
        assert (np.load(joined / "lists.npy") == np.load(built / "lists.npy")).all()
        assert tables(joined / "catalog.sqlite") == tables(built / "catalog.sqlite")


forms = st.sampled_from(["the", "bank", "Bank", "banks", "river", "rivers", "of", "\u200b", "heron."])
texts = st.lists(forms, max_size=9).map(" ".join)


@settings(max_examples=40)
@given(st.lists(texts, min_size=1, max_size=8), st.integers(1, 12), st.integers(1, 40), st.data())
def test_compaction_changes_no_answer(texts: list[str], built: int, joined: int, data: st.DataObject) -> None:
    """Whatever was built, in shards of whatever size, and removed: after joining every line and score is the same."""
    with TemporaryDirectory() as folder, Index.create(Path(folder) / "index", encoder=WindowEncoder()) as index:
        index.add([Document(str(number), text) for number, text in enumerate(texts)], shard_tokens=built)
        gone = data.draw(st.sets(st.sampled_from([str(number) for number in range(len(texts))])))
        index.remove(gone | {"none"}, missing_ok=True)

        def state() -> list[object]:
            lines = []
            for ask in (lambda: index.concordance("bank"), lambda: index.query("The [bank].", any_word=True, k=None)):
                try:
                    lines.append(ask())
                except QueryError:
                    lines.append([])
            return [lines, index.info().documents, index.info().occurrences, index.info().lemmas]

        before = state()
        report = index.compact(shard_tokens=joined)
        assert state() == before
        assert index.info().documents_removed == 0
        assert index.compact(shard_tokens=joined).shards_before == report.shards


def test_compaction_leaves_alone_what_is_well(make_index: MakeIndex, river_documents: list[Document]) -> None:
    """A shard that is large enough, and that nothing was taken out of, is not written again; nor is a commit."""
    index = make_index(river_documents)
    number, (folder,) = index.info().commit, shard_folders(index)
    report = index.compact()
    assert (report.shards_before, report.shards, report.bytes) == (1, 1, report.bytes_before)
    assert (index.info().commit, shard_folders(index)) == (number, [folder])
    with pytest.raises(ValueError, match="at least 1"):
        index.compact(shard_tokens=0)


@pytest.mark.parametrize("name", ["vectors.dat", "catalog.sqlite", "lists.npy"])
def test_compaction_copies_no_damage(make_index: MakeIndex, river_documents: list[Document], name: str) -> None:
    """A file that is not what was written is told by its name, and nothing is joined under a new digest."""
    index = make_index(river_documents, shard_tokens=15)
    commit, folders = index.info().commit, shard_folders(index)
    path = folders[1] / name
    content = bytearray(path.read_bytes())
    # A letter of a text, or a bit of a vector or of a header: all of it can be read as if nothing had happened.
    place = content.index(b"bank") if name == "catalog.sqlite" else 30 if name == "vectors.dat" else -1
    content[place] ^= 0x20 if name != "lists.npy" else 0
    path.write_bytes(content if name != "lists.npy" else content[:100] + b"  " + content[100:])
    with pytest.raises(IndexDamaged) as raised:
        index.compact()
    assert raised.value.path == str(path)
    assert (read_commit(max(index.path.glob("commit-*.json"))).number, shard_folders(index)) == (commit, folders)


def test_compaction_shows_how_far_it_is(make_index: MakeIndex, river_documents: list[Document]) -> None:
    """Progress goes up to the number of occurrences that are written."""
    seen: list[Progress] = []
    index = make_index(river_documents, shard_tokens=15)
    index.compact(on_progress=seen.append)
    assert (seen[-1].stage, seen[-1].done, seen[-1].total) == ("compact", 85, 85)


def test_threads_read_an_index_that_one_of_them_changes(make_index: MakeIndex, river_documents: list[Document]) -> None:
    """What a thread asks is answered as of one commit or the next, while another adds, removes and joins."""
    index = make_index(river_documents, shard_tokens=15)
    kept = [line.key for line in index.concordance("bank")]
    done = threading.Event()

    def read() -> int:
        while True:
            is_last = done.is_set()
            lines = index.concordance("bank")
            assert [line.key for line in lines][: len(kept)] == kept
            assert len(index.like(kept[0], k=3)) == 3
            if is_last:
                return len(lines)

    with ThreadPoolExecutor(3) as threads:
        reading = [threads.submit(read) for _ in range(3)]
        try:
            for number in range(12):
                index.add([Document(f"new {number}", "A bank of sand lay there.")])
                if number % 6 == 5:
                    index.remove(f"new {number}")
                    index.compact()
        finally:
            done.set()
    assert [one.result() for one in reading] == 3 * [len(kept) + 10]
    # Nothing is left of what only the threads had read.
    assert len(list(index.path.glob("shard-*"))) == len(newest_commit(index.path)[0].shards)


def test_closed_index_says_that_it_is_gone(make_index: MakeIndex, river_documents: list[Document]) -> None:
    """An index that was closed opens its files again, until a writer clears them away; then it says so, and no more."""
    index = make_index(river_documents, shard_tokens=15)
    before = index.concordance("bank")
    index.close()
    assert index.concordance("bank") == before
    index.close()
    with reopened(index) as other:
        for number in range(4):
            other.add([Document(f"new {number}", "A bank of sand.")])
    assert index.concordance("bank") == before
    index.close()
    with reopened(index) as other:
        other.compact()
    for ask in (lambda: index.concordance("bank"), index.info):
        with pytest.raises(QueryError, match=r"This index was closed, and what it saw .* open it again"):
            ask()


def test_reader_sees_its_commit_under_compaction(make_index: MakeIndex, river_documents: list[Document]) -> None:
    """A reader goes on seeing its commit while shards are swapped under it, opened or not; then its files go."""
    index = make_index(river_documents, shard_tokens=15)
    reader, lazy = reopened(index), reopened(index)
    before, old = answers(reader), shard_folders(index)
    index.remove("reeds")
    index.compact()
    assert answers(reader) == answers(lazy) == before
    assert answers(reopened(index)) == answers(index) != before
    assert set(old) < set(shard_folders(index))
    reader.close()
    lazy.close()
    index.add([])
    assert len(shard_folders(index)) == 1
    assert answers(index) == answers(reopened(index))


def test_writers_wait_for_no_one(index: Index) -> None:
    """While one removes or compacts another is refused."""

    def documents() -> list[Document]:
        for write in (lambda: reopened(index).remove("reeds"), reopened(index).compact):
            with pytest.raises(IndexLocked):
                write()
        return []

    class Lazy:
        def __iter__(self) -> object:
            return iter(documents())

    index.add(Lazy())  # type: ignore[arg-type]
