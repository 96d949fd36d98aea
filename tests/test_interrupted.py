"""What is left where a write of the senses was cut off, or where something else lies in a file's place."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from conftest import MakeIndex, WindowEncoder

from ctxsearch import Document, Index
from ctxsearch.catalog import snapshot
from ctxsearch.cli.console import Interrupts
from ctxsearch.errors import IndexDamaged, IndexLocked

ENCODER = WindowEncoder()


@pytest.fixture
def index(make_index: MakeIndex) -> Iterator[Index]:
    """Two shards, and senses with many notes."""
    index = make_index([Document(name, "The muddy bank. The bank lent money.") for name in "ab"], shard_tokens=1)
    senses = index.senses(by="anna")
    senses.new("bank.river")
    for number in range(40):
        senses.note("bank.river", f"{number} {'mud ' * 500}")
    yield index
    index.close()


def interrupted(index: Index, folder: Path) -> Path:
    """A copy of an index as a process leaves it that is killed while it writes senses."""
    goal = folder / "killed"
    path = index.path / "senses.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("pragma cache_size = 1")
        connection.execute("begin immediate")
        connection.execute("update notes set text = 'not yet' || text")
        shutil.copytree(index.path, goal)
        connection.execute("rollback")
    assert (goal / "senses.sqlite").read_bytes() != path.read_bytes()
    assert (goal / "senses.sqlite-journal").stat().st_size > 1000
    return goal


READERS: dict[str, Callable[[Index], object]] = {
    "list": lambda index: index.senses().list(),
    "log": lambda index: index.senses().changes(),
    "undo": lambda index: index.senses(by="anna").undo(),
    "verify": lambda index: Index.verify(index.path, encoder=ENCODER).problems,
    "quick": lambda index: Index.verify(index.path, quick=True, encoder=ENCODER).problems,
}


@pytest.mark.parametrize("name", READERS)
def test_a_change_that_was_cut_off_is_undone_by_the_next_reader(index: Index, tmp_path: Path, name: str) -> None:
    """Whoever comes first, even only to read, finds the senses as they were before."""
    with Index.open(interrupted(index, tmp_path), encoder=ENCODER) as killed:
        assert READERS[name](killed) == READERS[name](index)
        assert killed.senses().list() == index.senses().list()


def test_a_change_that_was_cut_off_is_in_no_backup(index: Index, tmp_path: Path) -> None:
    """A backup has the senses as they were before."""
    with Index.open(interrupted(index, tmp_path), encoder=ENCODER) as killed:
        killed.backup(tmp_path / "a.tar")
    with Index.restore(tmp_path / "a.tar", tmp_path / "again") as again:
        assert again.senses().list() == index.senses().list()


@pytest.mark.parametrize("kind", ["super-journal", "link"])
def test_a_strangers_journal_deletes_nothing(index: Index, tmp_path: Path, kind: str) -> None:
    """SQLite deletes what a journal names as its super-journal, once it has undone; here it does not come to that."""
    goal = interrupted(index, tmp_path)
    precious, journal = tmp_path / "precious", goal / "senses.sqlite-journal"
    precious.write_bytes(b"kept")
    if kind == "link":
        shutil.move(journal, tmp_path / "elsewhere")
        journal.symlink_to(tmp_path / "elsewhere")
    else:
        name = os.fsencode(precious)
        with journal.open("ab") as file:
            file.write(bytes(4) + name + len(name).to_bytes(4, "big") + sum(name).to_bytes(4, "big"))
            file.write(bytes.fromhex("d9d505f920a163d7"))
    before = {path.name: path.read_bytes() for path in (precious, journal, goal / "senses.sqlite")}
    with Index.open(goal, encoder=ENCODER) as killed:
        for use in (lambda: killed.senses().list(), lambda: killed.senses().new("bank.money")):
            with pytest.raises(IndexDamaged, match=r"it names another file|it is no plain file"):
                use()
    assert before == {path.name: path.read_bytes() for path in (precious, journal, goal / "senses.sqlite")}
    (problem,) = Index.verify(goal, encoder=ENCODER).problems
    assert "journal" in problem.path or "file" in problem.why


def test_a_link_that_leads_nowhere_makes_no_file(index: Index, tmp_path: Path) -> None:
    """What a stranger's link points at is not made by the first sense that is written."""
    path = index.path / "senses.sqlite"
    path.unlink()
    path.symlink_to(tmp_path / "victim")
    with pytest.raises(OSError, match="it is no plain file"):
        index.senses(by="anna").new("bank.money")
    assert not (tmp_path / "victim").exists()


def test_a_change_that_nobody_may_undo_is_told(index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the file cannot be written, it is said what is to be done, and not that a database is read-only."""
    goal = interrupted(index, tmp_path)
    connect = sqlite3.connect

    def without_writing(name: str, **options: object) -> sqlite3.Connection:
        return connect(name.replace("mode=rw", "mode=ro"), **options)  # type: ignore[call-overload, no-any-return]

    monkeypatch.setattr(sqlite3, "connect", without_writing)
    with Index.open(goal, encoder=ENCODER) as killed, pytest.raises(OSError, match="an interrupted change has to be"):
        killed.senses().list()
    (problem,) = Index.verify(goal, encoder=ENCODER).problems
    assert (Path(problem.path).name, "an interrupted change" in problem.why) == ("senses.sqlite", True)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_trouble_with_senses_hides_no_damage(index: Index, make: Callable[[Path], None]) -> None:
    """What is wrong with the senses is one problem among others, and a repair goes on without them."""
    path = index.path / "senses.sqlite"
    path.unlink()
    make(path)
    vectors = min(index.path.glob("shard-*/vectors.dat"))
    content = bytearray(vectors.read_bytes())
    content[len(content) // 2] ^= 1
    vectors.write_bytes(content)
    problems = Index.verify(index.path, encoder=ENCODER).problems
    assert [Path(problem.path).name for problem in problems] == ["vectors.dat", "senses.sqlite"]
    assert (index.path / "damaged.json").exists()
    repaired = Index.repair(index.path, encoder=ENCODER)
    assert len(repaired.lost or ()) == 1


def test_senses_that_somebody_writes_are_noted(index: Index, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Verify says that it did not look; a backup is not waited for without end."""
    monkeypatch.setattr("ctxsearch.catalog.inventory_file.PATIENCE_SECONDS", 0.1)
    monkeypatch.setattr(snapshot, "PATIENCE_SECONDS", 0.1)
    with closing(sqlite3.connect(index.path / "senses.sqlite", isolation_level=None)) as connection:
        connection.execute("begin exclusive")
        report = Index.verify(index.path, encoder=ENCODER)
        assert not report.problems
        assert any("another process or thread writes to it" in note for note in report.notes)
        locked = pytest.raises(IndexLocked, match="is being written by another process or thread; wait")
        with locked:
            index.backup(tmp_path / "a.tar")
        with locked:
            index.senses().list()
    assert not list(tmp_path.glob("a.tar*"))


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
@pytest.mark.parametrize("name", ["ctxsearch.json", "commit-*.json", "commit-*.copy", "shard-*/catalog.sqlite"])
def test_what_is_no_file_is_put_back(index: Index, name: str, make: Callable[[Path], None]) -> None:
    """A pipe or a folder in the place of a file keeps no repair waiting, and goes; then the index is well."""
    path = max(index.path.glob(name))
    path.unlink()
    make(path)
    assert [Path(one.path) for one in Index.verify(index.path, encoder=ENCODER).problems] == [path]
    Index.repair(index.path, encoder=ENCODER)
    assert not Index.verify(index.path, encoder=ENCODER).problems
    with Index.open(index.path, encoder=ENCODER) as again:
        again.add([Document(name, "The muddy bank. The bank lent money.") for name in "ab"])
        assert again.count("bank") == 4


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: os.symlink("/dev/null", path)])
def test_a_lock_that_is_no_file_is_told(index: Index, make: Callable[[Path], None]) -> None:
    """Nobody could write: verify says so, and so does whoever tries."""
    path = index.path / "lock"
    path.unlink()
    make(path)
    assert [one.path for one in Index.verify(index.path, encoder=ENCODER).problems] == [str(path)]
    with pytest.raises(IndexDamaged, match="it is a link, or no plain file; remove it"):
        index.remove("a")


def test_a_full_disk_is_told_as_one(index: Index, tmp_path: Path) -> None:
    """What SQLite has rolled back by itself is not rolled back again, which would be the error that is told."""
    size = (index.path / "senses.sqlite").stat().st_size
    (tmp_path / "d.csv").write_text(
        "headword,sense,definition\n" + "".join(f"bank,bank.{number},{'mud ' * 300}\n" for number in range(500))
    )
    program = "from ctxsearch.__main__ import run; run()"
    result = subprocess.run(
        [sys.executable, "-c", program, "senses", "import", str(index.path), str(tmp_path / "d.csv")],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100_000, resource.RLIM_INFINITY)),
    )
    assert result.returncode == 1
    assert result.stderr.startswith(f"Error: {index.path}/senses.sqlite: SQLite says 'd")  # disk I/O error, or full
    assert result.stderr.count("\n") == 1
    assert [sense.sense_id for sense in index.senses().list()] == ["bank.river"]


def test_what_runs_in_the_background_is_not_interrupted() -> None:
    """Ctrl-C that the shell has told a process to ignore, stays ignored."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Interrupts() as interrupts:
            os.kill(os.getpid(), signal.SIGINT)
            interrupts.check()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
