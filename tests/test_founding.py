"""How a new index comes to be, and is taken away where nothing comes of it."""

from __future__ import annotations

import errno
import fcntl
import shutil
from pathlib import Path

import pytest
from conftest import MakeIndex, WindowEncoder
from faults import FailingDisk, disk_in_place

from ctxsearch import Document, Index
from ctxsearch.errors import IndexNotFound, IndexRemade, QueryError
from ctxsearch.lock import writer_lock

BANK = [Document("a", "The bank.")]


def test_an_index_that_was_created_is_discarded(tmp_path: Path) -> None:
    """Its files and the folders that were made for it go; what was there before, or came from others, stays."""
    (tmp_path / "there").mkdir()
    for name in ("new/below", "there"):
        with Index.create(tmp_path / name, encoder=WindowEncoder()) as index:
            assert index.discard()
            assert not index.discard()
    assert [path.name for path in tmp_path.rglob("*")] == ["there"]
    (tmp_path / "there" / "lock").touch()
    assert Index.create(tmp_path / "there", encoder=WindowEncoder()).discard()
    assert [path.name for path in tmp_path.rglob("*")] == ["there", "lock"]


def test_an_index_that_others_use_is_not_discarded(tmp_path: Path) -> None:
    """One with a commit, one that is written to, and one that others have put something into, or created since."""
    path = tmp_path / "index"
    index = Index.create(path, encoder=WindowEncoder())
    with writer_lock(path):
        assert not index.discard()
    (path / "notes").touch()
    assert not index.discard()
    (path / "notes").unlink()
    again = Index.create(path, encoder=WindowEncoder())
    assert not index.discard()
    assert not again.discard()  # what it found was not its own
    assert Index.open(path, encoder=WindowEncoder()).add(BANK).documents == 1
    assert not index.discard()
    assert Index.open(path).count("bank") == 1


def test_an_index_that_was_made_anew_is_told(tmp_path: Path) -> None:
    """Who has an index open that another has made anew is told so when it writes; one made just so is the same."""
    path = tmp_path / "index"
    first = Index.create(path, encoder=WindowEncoder())
    opened = Index.open(path, encoder=WindowEncoder())
    second = Index.create(path, encoder=WindowEncoder(), codec="sq8")
    for _ in range(2):
        for write in (lambda: first.add(BANK), lambda: opened.add(BANK), lambda: first.remove("a"), first.compact):
            with pytest.raises(IndexRemade, match=f"^The index at {path} has been made anew, or repaired, since"):
                write()
        assert not first.discard()
        second.add(BANK)
    assert Index.open(path).count("bank") == 1
    assert Index.verify(path, encoder=WindowEncoder()).problems == []
    same = [Index.create(tmp_path / "same", encoder=WindowEncoder()) for _ in range(2)]
    assert [one.add([Document(name, "The bank.")]).documents for name, one in zip("ab", same, strict=True)] == [1, 1]
    assert same[1].count("bank") == 2


@pytest.mark.parametrize("commits", [0, 1, 3])
def test_an_index_that_was_made_anew_just_so_is_told(tmp_path: Path, commits: int) -> None:
    """What has the same settings and other documents is another index; what was read before is still seen."""
    path, encoder = tmp_path / "index", WindowEncoder()
    first = Index.create(path, encoder=encoder)
    first.add(BANK)
    unread, closed, read = (Index.open(path, encoder=encoder) for _ in range(3))
    closed.close()
    assert read.count("bank") == 1
    shutil.rmtree(path)
    second = Index.create(path, encoder=encoder)
    for number in range(commits):
        second.add(Document(str(number), "The bank."))
    for ask in (
        unread.info,
        lambda: unread.count("bank"),
        lambda: unread.add(BANK),
        lambda: read.add(BANK),
        lambda: read.remove("a"),
        lambda: read.backup(tmp_path / "b.tar"),
        first.compact,
    ):
        with pytest.raises(IndexRemade, match=f"^The index at {path} has been made anew, or repaired, since"):
            ask()
    # What is closed holds nothing, and a commit that nobody holds may have been cleared away.
    with pytest.raises((IndexRemade, QueryError), match="open it again"):
        closed.count("bank")
    assert (read.count("bank"), read.info().documents) == (1, 1)
    assert Index.open(path, encoder=encoder).info().documents == commits
    shutil.rmtree(path)
    for ask in (unread.info, lambda: read.add(BANK)):
        with pytest.raises(IndexNotFound):
            ask()


def test_senses_are_not_written_into_another_index(tmp_path: Path) -> None:
    """Senses and subcorpora kept over an index that was made anew, or is gone, say so; the new one has none of them."""
    path, encoder = tmp_path / "index", WindowEncoder()
    index = Index.create(path, encoder=encoder)
    index.add([Document("a", "The bank.", {"year": 1912})])
    senses, subcorpora = index.senses(by="anna"), index.subcorpora(by="anna")
    senses.new("bank.river")
    shutil.rmtree(path)
    again = Index.create(path, encoder=encoder)
    again.add([Document("b", "The bank.", {"year": 1912})])
    writes = (
        lambda: senses.new("bank.money"),
        lambda: senses.define("bank.river", "a land"),
        lambda: senses.label("bank.river", "a:4"),
        senses.undo,
        lambda: subcorpora.save("old", "year<1950"),
    )
    for write in writes:
        with pytest.raises(IndexRemade, match=f"^The index at {path} has been made anew, or repaired, since"):
            write()
    assert not (path / "senses.sqlite").exists()
    assert again.senses(by="anna").new("bank.money").sense_id == "bank.money"
    shutil.rmtree(path)
    for write in writes:
        with pytest.raises(IndexNotFound):
            write()


def test_subcorpora_are_not_written_into_an_index_with_other_settings(tmp_path: Path) -> None:
    """Neither where nothing was ever committed."""
    path, encoder = tmp_path / "index", WindowEncoder()
    subcorpora = Index.create(path, encoder=encoder).subcorpora(by="anna")
    subcorpora.save("old", "year<1950")
    shutil.rmtree(path)
    Index.create(path, encoder=encoder, codec="sq8")
    with pytest.raises(IndexRemade):
        subcorpora.save("new", "year>=1950")


def test_an_index_that_was_repaired_is_the_same(make_index: MakeIndex) -> None:
    """Who has it open as of a commit that was lost goes on with what is left of it."""
    encoder = WindowEncoder()
    index = make_index(BANK)
    index.add(Document("b", "The bank."))
    for name in ("commit-00000002.json", "commit-00000002.copy"):
        (index.path / name).write_text("{}")
    Index.repair(index.path, encoder=encoder)
    assert not (index.path / "commit-00000002.json").exists()
    assert index.add(Document("c", "The bank.")).documents == 1
    assert index.count("bank") == 2


def test_an_index_that_is_gone_is_told(tmp_path: Path) -> None:
    """Into a folder whose index somebody has taken away nothing is added."""
    index = Index.create(tmp_path / "index", encoder=WindowEncoder())
    (index.path / "ctxsearch.json").unlink()
    with pytest.raises(IndexNotFound):
        index.add(BANK)


def test_a_creation_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """An error in the midst of it is told, and nothing of the new index is left."""
    path = tmp_path / "new" / "index"
    with disk_in_place(FailingDisk(3, errno.ENOSPC, lasting=True)), pytest.raises(OSError, match="No space left"):
        Index.create(path, encoder=WindowEncoder())
    assert not list(tmp_path.iterdir())


def test_who_waits_for_the_lock_of_a_discarded_index_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer that had opened the lock before is told that there is no index; one that creates it makes it anew."""
    path = tmp_path / "index"
    flock = fcntl.flock

    def discarded_before(descriptor: int, operation: int) -> None:
        monkeypatch.setattr(fcntl, "flock", flock)
        assert index.discard()
        flock(descriptor, operation)

    index = Index.create(path, encoder=WindowEncoder())
    other = Index.open(path, encoder=WindowEncoder())
    monkeypatch.setattr(fcntl, "flock", discarded_before)
    with pytest.raises(IndexNotFound):
        other.add(BANK)
    index = Index.create(path, encoder=WindowEncoder())
    monkeypatch.setattr(fcntl, "flock", discarded_before)
    assert Index.create(path, encoder=WindowEncoder()).add(BANK).documents == 1
