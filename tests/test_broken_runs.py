"""What a run leaves that is broken off, killed or out of room, and what the next one makes of it."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from conftest import MakeIndex, WindowEncoder
from faults import short_files
from river import SHARD_TOKENS, broken_off, everything, ids, reopened, state, texts

from ctxsearch import Document, Index
from ctxsearch.domain import Segment
from ctxsearch.errors import IndexLocked, ModelError, SourceError
from ctxsearch.protocols import Encoded


@pytest.mark.parametrize(
    ("error", "kept"),
    [(KeyboardInterrupt(), 5), (RuntimeError("bug"), 6), (SourceError("letters.txt", "it cannot be read"), 6)],
    ids=["stopped", "failed", "unreadable"],
)
def test_broken_run_is_resumed(
    make_index: MakeIndex, river_documents: list[Document], error: BaseException, kept: int
) -> None:
    """A run that breaks off leaves its last commit; the next run goes on, and ends where an undisturbed one ends."""
    index = make_index()
    with pytest.raises(type(error)):
        index.add(broken_off(river_documents[:6], error), shard_tokens=SHARD_TOKENS)
    for one in (index, reopened(index)):
        assert {line.document_id for line in everything(one)} == {one.document_id for one in river_documents[:kept]}
        assert (one.info().documents, one.info().unfinished) == (kept, True)
    report = reopened(index).add(river_documents, shard_tokens=SHARD_TOKENS)
    assert (report.unchanged, report.documents, report.refused_count) == (kept, 9 - kept, 0)
    undisturbed = make_index(river_documents, shard_tokens=SHARD_TOKENS)
    assert everything(reopened(index)) == everything(undisturbed)
    assert index.info().unfinished is True
    assert reopened(index).info().unfinished is False


def test_what_is_there_is_passed_over(index: Index, river_documents: list[Document]) -> None:
    """Documents that are there, just so, are passed over by every run, whatever came between; others are refused."""
    with pytest.raises(KeyboardInterrupt):
        index.add(broken_off(texts("The bank.", "The river."), KeyboardInterrupt()), shard_tokens=1)
    assert index.add([Document("other", "The other bank.")]).documents == 1
    report = index.add(texts("The bank.", "The river.", "The end."))
    assert (report.unchanged, report.documents, report.refused_count) == (2, 1, 0)
    report = index.add(texts("The bank.", "Another river."))
    assert (report.unchanged, report.documents, report.refused) == (1, 0, ["b"])


def test_broken_encoder_ends_the_run_without_its_shard(make_index: MakeIndex) -> None:
    """An error that is not the source's commits nothing half encoded: the next run takes the same documents."""

    class Broken(WindowEncoder):
        calls = 0

        def encode(self, passages: Sequence[Sequence[Segment]]) -> Encoded:
            self.calls += 1
            if self.calls == 1:
                raise ModelError("window", "it broke.")
            return super().encode(passages)

    index = make_index(encoder=Broken())
    with pytest.raises(ModelError):
        index.add(texts("The bank.", "The river bank."))
    assert index.is_new
    assert index.add(texts("The bank.", "The river bank.")).documents == 2
    assert index.count("bank") == 2


def test_run_stopped_before_its_first_commit_leaves_nothing(make_index: MakeIndex) -> None:
    """A run that is stopped before it has committed anything leaves an empty index, which can be added to."""
    index = make_index()
    with pytest.raises(KeyboardInterrupt):
        index.add(broken_off(texts("The bank."), KeyboardInterrupt()))
    assert sorted(path.name for path in index.path.iterdir()) == ["ctxsearch.json", "lock"]
    assert index.add(texts("The bank.")).documents == 1


def test_stopped_replacement_changes_nothing(index: Index) -> None:
    """A document whose replacement was not committed is still there."""
    before = state(index)
    with pytest.raises(KeyboardInterrupt):
        index.add(broken_off([Document("reeds", "No word.")], KeyboardInterrupt()), replace=True)
    assert state(index) == state(reopened(index)) == before


def test_leftovers_are_cleaned_by_next_writer(index: Index, tmp_path: Path) -> None:
    """What a killed writer left is removed by the next writer, not by readers; and nothing else is."""
    before = state(index)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "kept").write_bytes(b"")
    for name in (".tmp-shard", "shard-0123456789abcdef", "notes", "shard-mine"):
        (index.path / name).mkdir()
        (index.path / name / "vectors.dat").write_bytes(b"half")
    (index.path / ".tmp-7-commit-00000009.json").write_bytes(b"half")
    (index.path / "shard-fedcba9876543210").symlink_to(tmp_path / "elsewhere")
    (index.path / "senses.sqlite").write_bytes(b"")
    everything(reopened(index))
    assert (index.path / ".tmp-shard").exists()
    index.add([])
    files, lines = state(index)
    assert sorted({*files} - {*before[0]}) == ["notes", "senses.sqlite", "shard-mine"]
    assert lines == before[1]
    assert (tmp_path / "elsewhere" / "kept").exists()


KILL_ITSELF = """
import os, signal, sys
from ctxsearch import Document, Index
from conftest import WindowEncoder

def documents():
    for line in sys.stdin:
        yield Document(*eval(line))
    os.kill(os.getpid(), signal.SIGKILL)

Index.create(sys.argv[1], encoder=WindowEncoder(), model="window").add(documents(), shard_tokens=int(sys.argv[2]))
"""


def test_killed_build_is_resumed(make_index: MakeIndex, river_documents: list[Document], tmp_path: Path) -> None:
    """A build killed in the middle of a shard leaves its commits, a free lock, and rubbish that the next one clears."""
    lines = [repr((one.document_id, one.text, dict(one.metadata))) + "\n" for one in river_documents[:6]]
    done = subprocess.run(
        [sys.executable, "-c", KILL_ITSELF, str(tmp_path / "killed"), str(SHARD_TOKENS)],
        input="".join(lines),
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == -signal.SIGKILL
    assert (tmp_path / "killed" / ".tmp-shard" / "catalog.sqlite").exists()
    killed = Index.open(tmp_path / "killed", encoder=WindowEncoder())
    assert killed.info().documents == 5
    assert killed.add(river_documents, shard_tokens=SHARD_TOKENS).unchanged == 5
    undisturbed = make_index(river_documents, shard_tokens=SHARD_TOKENS)
    assert everything(killed) == everything(undisturbed)
    assert [path for path in killed.path.iterdir() if path.name.startswith(".tmp-")] == []


def test_one_writer_at_a_time(index: Index) -> None:
    """While one writes another is refused, by add and by create, and readers read what was committed."""
    before = everything(index)

    def documents() -> Iterator[Document]:
        yield Document("new", "The bank of the river.")
        with pytest.raises(IndexLocked, match=rf"process {os.getpid()} \(this one: another thread,"):
            reopened(index).add(texts("The bank."))
        assert everything(reopened(index)) == before
        yield Document("newer", "The river.")

    assert index.add(documents()).documents == 2
    assert reopened(index).add(texts("The bank.")).documents == 1


def test_reader_keeps_its_commit(index: Index) -> None:
    """An index that is open goes on seeing the commit it was opened at, whatever another adds or replaces."""
    reader, lazy = reopened(index), reopened(index)
    before = everything(reader)
    for number in range(4):
        reopened(index).add([Document("reeds", f"Heron {number} sat on the bank of the river.")], replace=True)
    assert everything(reader) == everything(lazy) == before
    assert reader.info().documents_removed == 0
    assert everything(reopened(index)) != before


def test_writer_starts_from_newest_commit(index: Index) -> None:
    """An index that was opened before another one added, adds to what that one left."""
    old = reopened(index)
    reopened(index).add([Document("new", "The bank.")])
    assert old.add([Document("new", "The bank."), Document("newer", "The bank.")]).unchanged == 1
    assert ids(old.concordance("bank")[-2:]) == ["new", "newer"]


@pytest.mark.parametrize("size", [0, 300, 5_000, 30_000, 60_000, 100_000])
def test_full_disk_costs_no_commit(make_index: MakeIndex, river_documents: list[Document], size: int) -> None:
    """Wherever the disk is full the error comes out, the index is as of its last commit, and adding works later."""
    index = make_index(river_documents[:5])
    before = state(index)
    more = [*river_documents[5:], *(Document(str(number), "The bank lent money. " * 9) for number in range(99))]
    with short_files(size), pytest.raises((OSError, sqlite3.Error)):
        index.add(more)
    assert state(index) == state(reopened(index)) == before
    index.add(more)
    assert everything(index) == everything(make_index([*river_documents[:5], *more]))
