"""How a new index comes to be, and is taken away where nothing comes of it."""

from __future__ import annotations

import errno
import fcntl
from pathlib import Path

import pytest
from conftest import WindowEncoder
from faults import FailingDisk, disk_in_place

from ctxsearch import Document, Index
from ctxsearch.errors import IndexNotFound
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
