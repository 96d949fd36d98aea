"""An index that is never lost: broken on purpose in every way that disks, kernels and people break one.

The short form belongs to every run of the tests; ``make torture`` runs the long one. Each part prints its counts.
"""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from damage import KINDS as KINDS_OF_FILES
from damage import files_by_kind
from faults import Crash, CrashingDisk, FailingDisk, SlowWritingDisk, WatchedDisk, damaged, disk_in_place, short_files
from readers import pair, version_set
from torture import ENCODER, INDEX, Undisturbed, documents, opened, state, state_of, steps

import ctxsearch
from ctxsearch import Index
from ctxsearch.errors import CtxSearchError

HOME = str(Path(ctxsearch.__file__).parents[1])
LONG = os.environ.get("CTXSEARCH_TORTURE") == "long"
SEED = 20_240_601


def chosen(short: int, long: int) -> int:
    """A number for the form that is run."""
    return long if LONG else short


MANY_SHARDS = 12
JUST_REMOVED = 10
"""Steps before which there are many shards, and just before which something was removed that the older commit has."""


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """The life of an index in half precision."""
    return Undisturbed(tmp_path_factory.mktemp("undisturbed"), steps())


# -------------------------------------------------------------------------------------------------------- kills

KINDS = ("add", "remove", "compact", "backup")


class Victims:
    """The server of processes that are killed."""

    def __init__(self) -> None:
        alone = {"PYTHONPATH": HOME, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        self._server = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("victim.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **alone},
            text=True,
        )

    def run(
        self, root: Path, first: int, last: int, *, at: int = 0, how: str = "", after: float = 0.0, mutant: bool = False
    ) -> int:
        """Runs steps in a process that is killed at a call of the disk, or after some seconds.

        Returns:
            How many steps were acknowledged.
        """
        task = {"root": str(root), "first": first, "last": last, "at": at, "how": how, "mutant": mutant}
        assert self._server.stdin
        assert self._server.stdout
        self._server.stdin.write(json.dumps(task) + "\n")
        self._server.stdin.flush()
        pid = int(self._server.stdout.readline().removeprefix("pid "))
        if not at:
            time.sleep(after)
            os.kill(pid, signal.SIGKILL)
        done = 0
        while not (line := self._server.stdout.readline()).startswith("end "):
            assert line, self._server.stderr and self._server.stderr.read()
            # A line counts only when it is whole.
            done += line == f"done {first + done}\n"
        assert int(line.split()[1]) in (0, signal.SIGKILL)
        return done

    def close(self) -> None:
        """Ends the server."""
        with self._server:
            assert self._server.stdin
            self._server.stdin.close()


@pytest.fixture(scope="module")
def victims() -> Iterator[Victims]:
    """The server, for all tests."""
    server = Victims()
    yield server
    server.close()


def test_kill_loses_nothing(undisturbed: Undisturbed, victims: Victims, tmp_path: Path) -> None:
    """Killed at any moment an index is whole, has all that was acknowledged, and goes on to the same result."""
    chance = random.Random(SEED)
    wanted, count, by_clock, late = chosen(40, 600), Counter[str](), 0, 0
    seconds = _seconds(undisturbed, victims, tmp_path)
    while count.total() < wanted:
        first = chance.choice(undisturbed.numbers(KINDS[count.total() % len(KINDS)]))
        last = undisturbed.end_of_run(first, chance.randint(1, 3))
        root = undisturbed.before(first, tmp_path / "root")
        if chance.random() < 0.6:
            at = chance.randint(1, sum(undisturbed.calls[first:last]))
            done = victims.run(root, first, last, at=at, how=chance.choice(("before", "torn", "after")))
        else:
            at = 0
            done = victims.run(root, first, last, after=chance.random() * sum(seconds[first:last]))
        if first + done == last:
            late += 1
            undisturbed.check_end(root, last - 1)
            continue
        undisturbed.check(root, first + done, undisturbed.along[first + done])
        count[undisturbed.steps[first + done].kind] += 1
        by_clock += not at
    told = ", ".join(f"{kind} {many}" for kind, many in sorted(count.items()))
    print(f"\nkills: {wanted} ({told}), {by_clock} by the clock, {late} too late; lost 0, half there 0, left behind 0")


def _seconds(undisturbed: Undisturbed, victims: Victims, tmp_path: Path) -> list[float]:
    """How long each step takes in a process of its own."""
    seconds = []
    for number in range(len(undisturbed.steps)):
        root = undisturbed.before(number, tmp_path / "root")
        start = time.perf_counter()
        victims.run(root, number, number + 1, at=10**9)
        seconds.append(time.perf_counter() - start)
    return seconds


def test_early_acknowledgement_is_caught(undisturbed: Undisturbed, victims: Victims, tmp_path: Path) -> None:
    """A writer that acknowledges a change before its commit is written is caught: the kills do find what is lost."""
    chance = random.Random(SEED)
    kills, caught = chosen(16, 220), 0
    for _ in range(kills):
        number = chance.choice(undisturbed.numbers("add", "remove"))
        root = undisturbed.before(number, tmp_path / "root")
        at = chance.randint(1, undisturbed.calls[number])
        done = victims.run(root, number, number + 1, at=at, how="before", mutant=True)
        along = undisturbed.along[number]
        try:
            undisturbed.check(root, number, along[-1:] if done else along)
        except (AssertionError, CtxSearchError):
            caught += 1
    print(f"\nkills of a mutant that acknowledges before the commit: {kills}, caught {caught}")
    assert caught


# ------------------------------------------------------------------------------------------------------- faults


def test_failing_disk_loses_nothing(undisturbed: Undisturbed, tmp_path: Path) -> None:
    """Whichever call of the disk fails the error comes out, the last commit stands, and the same again succeeds."""
    count: Counter[str] = Counter()
    for number in undisturbed.numbers() if LONG else undisturbed.first_numbers():
        # The short form lets each kind of call fail once in each kind of step.
        for at in range(1, undisturbed.calls[number] + 1) if LONG else undisturbed.kinds[number]:
            ways = [(code, lasting) for code in (errno.ENOSPC, errno.EIO) for lasting in (False, True)]
            for code, lasting in ways if LONG else [ways[(at + number) % 4]]:
                root = undisturbed.before(number, tmp_path / "root")
                disk = FailingDisk(at, code, lasting=lasting)
                with disk_in_place(disk), pytest.raises((OSError, CtxSearchError)):
                    undisturbed.steps[number].run(root)
                undisturbed.check(root, number, [undisturbed.along[number][disk.commits]])
                count[undisturbed.steps[number].kind] += 1
    told = ", ".join(f"{kind} {many}" for kind, many in count.items())
    print(f"\nfailed calls of the disk: {sum(count.values())} ({told}), lost 0")


def test_short_writes_are_gone_on_with(undisturbed: Undisturbed, tmp_path: Path) -> None:
    """A disk that writes fewer bytes than it is given is given the rest."""
    writes = 0
    for number in undisturbed.numbers():
        root = undisturbed.before(number, tmp_path / "root")
        disk = SlowWritingDisk()
        with disk_in_place(disk):
            undisturbed.steps[number].run(root)
        undisturbed.check_end(root, number)
        writes += disk.calls - undisturbed.calls[number]
    print(f"\nshort writes: {writes} more than needed, lost 0")
    assert writes


def _crash(undisturbed: Undisturbed, root: Path, number: int, at: int, way: tuple[str, str], ignored: str = "") -> None:
    """Runs a step up to a crash, loses what was not synced, and looks."""
    undisturbed.before(number, root)
    disk = CrashingDisk(root, at, ignored=ignored)
    try:
        with disk_in_place(disk):
            undisturbed.steps[number].run(root)
    except Crash:
        pass
    disk.settle(random.Random(f"{SEED} {number} {at} {way}"), *way)
    along = undisturbed.along[number]
    undisturbed.check(root, number, along[disk.acknowledged : disk.acknowledged + 2])


WAYS = [(names, contents) for contents in ("missing", "zeroed", "cut", "flipped") for names in ("none", "all", "some")]


def test_crash_loses_nothing(tmp_path: Path) -> None:
    """Wherever the power goes, and whatever of the unsynced is gone or garbled, the acknowledged commit is there."""
    undisturbed = Undisturbed(tmp_path, steps("sq8"))
    count: Counter[str] = Counter()
    for number in undisturbed.numbers() if LONG else undisturbed.first_numbers():
        # The last is a crash just after the step; the short form takes every third call.
        for at in range(undisturbed.calls[number] + 1, 0, -1 if LONG else -3):
            for way in WAYS if LONG else [WAYS[(at * 5 + number) % len(WAYS)]]:
                _crash(undisturbed, tmp_path / "root", number, at, way)
                count[undisturbed.steps[number].kind] += 1
    told = ", ".join(f"{kind} {many}" for kind, many in count.items())
    print(f"\ncrashes: {sum(count.values())} ({told}), lost 0")


@pytest.mark.parametrize("ignored", ["files", "folders"])
def test_missing_sync_is_caught(undisturbed: Undisturbed, tmp_path: Path, ignored: str) -> None:
    """A writer that syncs no files, or no folders, is caught: the crashes do find what is lost."""
    crashes = caught = 0
    for number in undisturbed.numbers("add", "remove", "compact"):
        for at in range(undisturbed.calls[number] + 1, 0, -1 if LONG else -13):
            crashes += 1
            try:
                _crash(undisturbed, tmp_path / "root", number, at, WAYS[(at + number) % len(WAYS)], ignored)
            except (AssertionError, CtxSearchError, OSError):
                caught += 1
    print(f"\ncrashes of a mutant that syncs no {ignored}: {crashes}, caught {caught}")
    assert caught


# ---------------------------------------------------------------------------------------------- disks that are full


def test_files_that_cannot_grow_lose_nothing(undisturbed: Undisturbed, tmp_path: Path) -> None:
    """Wherever the kernel lets no file grow any more the error comes out, and the same again succeeds."""
    failed = succeeded = 0
    for number in undisturbed.numbers("remove", "compact", "backup", "restore", "repair"):
        for size in (0, 99, *range(999, 120_000, 4_000 if LONG else 40_000), 10**9):
            root = undisturbed.before(number, tmp_path / "root")
            try:
                with disk_in_place(WatchedDisk()), short_files(size):
                    undisturbed.steps[number].run(root)
            except (OSError, CtxSearchError):
                failed += 1
                undisturbed.check(root, number, undisturbed.along[number])
            else:
                succeeded += 1
                undisturbed.check_end(root, number)
    print(f"\nfiles that cannot grow: {failed} failed, {succeeded} had room, lost 0")
    assert failed
    assert succeeded


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of four megabytes."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    if not shutil.which("mount") or subprocess.run(mounting, check=False, capture_output=True).returncode:
        # Nothing short of a file system of its own is really full; files that cannot grow, above, need no root.
        pytest.skip("no file system can be mounted here, which only root may do")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_full_disk_loses_nothing(undisturbed: Undisturbed, small_disk: Path) -> None:
    """On a real disk that is full, at whatever moment, the error comes out, and with room the same again succeeds."""
    failed = succeeded = 0
    for number in undisturbed.numbers():
        for pages in range(0, 120, 3) if LONG else (0, 2, 10, 40):
            root = undisturbed.before(number, small_disk / "root")
            filler = small_disk / "filler"
            room = os.statvfs(small_disk)
            filler.write_bytes(bytes(max(0, room.f_bavail - pages) * room.f_bsize))
            try:
                undisturbed.steps[number].run(root)
            except (OSError, CtxSearchError):
                failed += 1
                filler.unlink()
                undisturbed.check(root, number, undisturbed.along[number])
            else:
                succeeded += 1
                filler.unlink()
                undisturbed.check_end(root, number)
    print(f"\nfull disks: {failed} failed, {succeeded} had room, lost 0")
    assert failed
    assert succeeded


def test_backup_without_room_for_what_people_did_says_so(undisturbed: Undisturbed, tmp_path: Path) -> None:
    """Where the copy of the senses does not fit that is an error of the disk; nobody is told that they are damaged."""
    root = undisturbed.before(undisturbed.numbers("backup")[0], tmp_path / "root")
    with closing(sqlite3.connect(root / INDEX / "senses.sqlite")) as senses, senses:
        senses.execute("create table senses (name text)")
        senses.executemany("insert into senses values (?)", [(f"sense {number}" * 99,) for number in range(2000)])
    with opened(root) as index:
        with short_files(1_000_000), pytest.raises(OSError, match="disk"):
            index.backup(root / "mine.tar")
        assert {path.name for path in root.iterdir()} == {"index", "backups"}
        assert index.backup(root / "mine.tar") > 1_000_000
    with Index.restore(root / "mine.tar", root / "again") as again:
        assert again.info().documents == 7


# -------------------------------------------------------------------------------------------------------- damage


def test_damage_is_found(undisturbed: Undisturbed, tmp_path: Path) -> None:
    """Any flipped bit or cut of any file is found and named; no query crashes on it, or answers from it in silence."""
    wanted = chosen(60, 501)
    cases = []
    for number in (MANY_SHARDS, JUST_REMOVED):
        root = undisturbed.before(number, tmp_path / "root")
        command = [sys.executable, str(Path(__file__).with_name("damage.py"))]
        command += [str(root / INDEX), str(SEED + number), str(wanted)]
        ran = subprocess.run(
            command, env={**os.environ, "PYTHONPATH": HOME}, text=True, capture_output=True, check=False
        )
        assert not ran.returncode, (ran.stdout.splitlines()[-1], ran.stderr)
        cases += [json.loads(line) for line in ran.stdout.splitlines() if line.startswith("{")]
    assert len(cases) == 2 * wanted
    assert [case for case in cases if case["path"] not in case["whole"]] == []
    assert [case for case in cases if case["how"] == "cut" and case["path"] not in case["quick"]] == []
    assert [case for case in cases if "CHANGED" in (case["strict"], case["allowed"])] == []
    assert [case for case in cases if not case["mended"]] == []
    kinds, allowed = Counter(case["kind"] for case in cases), Counter(case["allowed"] for case in cases)
    told = ", ".join(f"{kind} {many}" for kind, many in kinds.items())
    print(f"\ndamages: {len(cases)} ({told}), found {len(cases)}; with damage allowed: {dict(allowed)}")
    assert {"same", "less and told"} <= set(allowed)


def test_repaired_index_is_what_it_was(undisturbed: Undisturbed, tmp_path: Path) -> None:
    """After a repair, and the documents added again that it says are lost, the answers are what they were before."""
    chance = random.Random(SEED)
    count: Counter[str] = Counter()
    living = documents((1, 6)) + documents((3, 5, 7), 1)
    for number, sources in ((MANY_SHARDS, documents((0, 8)) + living), (JUST_REMOVED, living)):
        # The commit after a removal alone says what was removed: without it the one before would have to do.
        for kind in KINDS_OF_FILES[:: 1 if number == MANY_SHARDS else -1][: 6 if number == MANY_SHARDS else 4]:
            for how in ("flipped", "cut", "zeroed") * chosen(1, 9):
                root = undisturbed.before(number, tmp_path / "root")
                path = chance.choice(files_by_kind(root / INDEX)[kind])
                path.write_bytes(damaged(path.read_bytes(), how, chance))
                with disk_in_place(WatchedDisk()):
                    lost = Index.repair(root / INDEX, encoder=ENCODER).lost
                    assert not Index.verify(root / INDEX, encoder=ENCODER).problems
                    assert lost is not None or kind in ("catalog.sqlite", "commit")
                    with opened(root) as index:
                        index.add(one for one in sources if lost is None or one.document_id in lost)
                        if lost is None:
                            index.remove(lost=True)  # every source was given
                assert state(root / INDEX) == undisturbed.along[number][0]
                assert not [note for note in Index.verify(root / INDEX, encoder=ENCODER).notes if "ost" in note]
                count[kind] += 1
    print(f"\nrepairs: {count.total()} ({', '.join(f'{kind} {many}' for kind, many in count.items())}), lost 0")


def test_older_commit_takes_nothing_with_it(undisturbed: Undisturbed, tmp_path: Path) -> None:
    """Where only the commit before the newest is damaged, a repair removes it, and nothing is lost."""
    root = undisturbed.before(JUST_REMOVED, tmp_path / "root")
    older, newest = sorted((root / INDEX).glob("commit-*.json"))
    older.write_bytes(b"")
    older.with_suffix(".copy").unlink()
    assert Index.repair(root / INDEX, encoder=ENCODER).lost == ()
    assert list((root / INDEX).glob("commit-*.json")) == [newest]
    assert not Index.verify(root / INDEX, encoder=ENCODER).problems
    assert state(root / INDEX) == undisturbed.along[JUST_REMOVED][0]


def test_answer_from_an_older_commit_is_told(undisturbed: Undisturbed, tmp_path: Path) -> None:
    """Where the newest commit is damaged, what was removed by it may be back: an index that is opened so says so."""
    root = undisturbed.before(JUST_REMOVED, tmp_path / "root")
    newest = max((root / INDEX).glob("commit-*.json"))
    newest.write_bytes(b"")
    newest.with_suffix(".copy").unlink()
    with opened(root, allow_damaged=True) as index:
        assert state_of(index) == undisturbed.along[JUST_REMOVED - 1][0]
        assert list(index.left_out) == [newest.name]
        index.close()
        assert list(index.left_out) == [newest.name]


# ------------------------------------------------------------------------------------------------------- readers


def test_readers_see_whole_versions(tmp_path: Path) -> None:
    """While commits and compactions follow each other every reader sees one whole version, and goes on seeing it."""
    rounds, between_joins, readers = chosen(6, 50), chosen(3, 5), chosen(3, 8)
    stop, compactions = tmp_path / "stop", 0
    with Index.create(tmp_path / INDEX, model="window", encoder=ENCODER) as index:
        index.add(version_set(0))
        before = index.commit
        command = [sys.executable, str(Path(__file__).with_name("readers.py")), str(index.path), str(readers)]
        alone = {"PYTHONPATH": HOME, "OMP_NUM_THREADS": "1"}
        with subprocess.Popen(
            [*command, str(stop)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **alone},
        ) as server:
            assert server.stdout
            assert server.stderr
            try:
                assert [server.stdout.readline() for _ in range(readers)] == ["ready\n"] * readers
                for version in range(1, rounds + 1):
                    index.add(version_set(version) + pair(version), replace=True)
                    index.remove([one.document_id for one in pair(version)])
                    if version % between_joins == 0:
                        index.compact()
                        compactions += 1
            finally:
                stop.touch()
            told, errors = server.stdout.read(), server.stderr.read()
        assert not server.returncode, errors
        commits = index.commit - before
    seen = [json.loads(line) for line in told.splitlines()]
    looks = sum(one["looks"] for one in seen)
    most = max(one["versions"] for one in seen)
    print(
        f"\nreaders: {readers}, {looks} looks during {commits - compactions} commits and {compactions} compactions,",
        end=" ",
    )
    print(f"up to {most} versions seen, errors 0, mixed 0")
    assert len(seen) == readers
    assert commits == 2 * rounds + compactions
