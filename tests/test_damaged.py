"""Files of an index that are missing, or are not what they should be, are told."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import WindowEncoder
from river import RIVER, everything, reopened, texts

from ctxsearch import Document, Index
from ctxsearch.errors import IndexDamaged


def shorten(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def lengthen(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\0")


def empty(path: Path) -> None:
    path.write_bytes(b"")


def scramble(path: Path) -> None:
    path.write_bytes(b"\x93NUMPY\x01\x00" + bytes(range(256)) * 4)


def other_offsets(path: Path) -> None:
    offsets = np.load(path)
    np.save(path, offsets[::-1])


def pickled(path: Path) -> None:
    np.save(path, np.array([{}], dtype=object), allow_pickle=True)


def endless(path: Path) -> None:
    header = b"{'descr': '<i8', 'fortran_order': False, 'shape': (1000000000000000,), }".ljust(117) + b"\n"
    path.write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)


def unfinished_header(path: Path) -> None:
    header = b"{'descr': '<i8', ((((".ljust(117) + b"\n"
    path.write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)


def without_words(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("drop table lemmas")
    connection.close()


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("vectors.dat", shorten),
        ("vectors.dat", lengthen),
        ("vectors.dat", empty),
        ("vectors.dat", Path.unlink),
        ("lists.npy", shorten),
        ("lists.npy", empty),
        ("lists.npy", scramble),
        ("lists.npy", other_offsets),
        ("lists.npy", pickled),
        ("lists.npy", endless),
        ("lists.npy", unfinished_header),
        ("lists.npy", Path.unlink),
        ("catalog.sqlite", empty),
        ("catalog.sqlite", scramble),
        ("catalog.sqlite", without_words),
        ("catalog.sqlite", Path.unlink),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_damaged_file_is_told(index: Index, name: str, damage: Callable[[Path], None]) -> None:
    """A file of a shard that is missing, or not what it should be, is an IndexDamaged that names it."""
    (path,) = index.path.glob(f"shard-*/{name}")
    damage(path)
    with pytest.raises(IndexDamaged) as raised:
        reopened(index).query(RIVER)
    assert raised.value.path == str(path)
    if name == "catalog.sqlite":
        with pytest.raises(IndexDamaged) as raised:
            reopened(index).info()
        assert raised.value.path == str(path)


def test_missing_shard_is_told(index: Index) -> None:
    """A shard that is gone is told, to readers and to writers."""
    (folder,) = index.path.glob("shard-*")
    shutil.rmtree(folder)
    for ask in (lambda: reopened(index).query(RIVER), lambda: reopened(index).add(texts("The bank."))):
        with pytest.raises(IndexDamaged, match=folder.name):
            ask()


def test_broken_commit_is_told(index: Index) -> None:
    """A broken newest commit is told to readers and writers; who allows it reads its copy, or the one before."""
    before = everything(index)
    index.add([Document("new", "The bank.")])
    newest = max(index.path.glob("commit-*.json"))
    newest.write_bytes(newest.read_bytes()[:40])
    files = sorted(index.path.rglob("*"))
    for ask in (lambda: reopened(index), lambda: index.add([Document("newer", "The bank.")])):
        with pytest.raises(IndexDamaged, match=newest.name):
            ask()
    assert sorted(index.path.rglob("*")) == files
    with Index.open(index.path, encoder=WindowEncoder(), allow_damaged=True) as copied:
        assert everything(copied) != before
    newest.with_suffix(".copy").unlink()
    with Index.open(index.path, encoder=WindowEncoder(), allow_damaged=True) as old:
        assert everything(old) == before


def test_no_valid_commit_is_told(index: Index) -> None:
    """Where all commits are broken the index is damaged, and is not taken for an empty one."""
    index.add([Document("new", "The bank.")])
    for path in index.path.glob("commit-*"):
        empty(path)
    for ask in (
        lambda: reopened(index),
        lambda: Index.open(index.path, allow_damaged=True),
        lambda: Index.create(index.path, encoder=WindowEncoder()),
    ):
        with pytest.raises(IndexDamaged, match="commit-0000000"):
            ask()


def test_changed_settings_are_told(index: Index) -> None:
    """An index whose settings are not those it was made with is damaged, however well they read."""
    path = index.path / "ctxsearch.json"
    path.write_bytes(path.read_bytes().replace(b'"language": "en"', b'"language": "de"'))
    with pytest.raises(IndexDamaged, match="not what it was") as raised:
        reopened(index)
    assert raised.value.path == str(path)
