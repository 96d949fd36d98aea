"""The life of an index in steps, what it must answer after each, and the look that finds anything lost."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from conftest import WindowEncoder
from faults import RecordingDisk, WatchedDisk, disk_in_place

from ctxsearch import Document, Index
from ctxsearch.commit import newest_commit
from ctxsearch.errors import IndexNotFound, QueryError
from ctxsearch.report import Problem

ENCODER = WindowEncoder()
INDEX, BACKUPS, RESTORED = "index", "backups", "restored"
DAMAGED = "damaged"

State = tuple[tuple[object, ...], ...] | None
"""Every occurrence of an index with its score, its line and its document's metadata; None where there is no index."""


def document(number: int, version: int = 0) -> Document:
    """A text that is like the others, and like its own other versions, and yet has something of its own."""
    place, act = ("river", "rowed to") if number % 2 else ("town", "owed money to")
    text = f"They {act} the bank of the {place}. Nobody knew bank {number} in its edition {version}."
    return Document(f"d{number}", text, {"year": 1900 + number, "version": version})


def documents(numbers: Sequence[int], version: int = 0) -> list[Document]:
    """Several such texts."""
    return [document(number, version) for number in numbers]


class Step(NamedTuple):
    """Something that is done to an index.

    Attributes:
        kind: what; several steps may be of one.
        run: does it, or goes on with it if it was begun; is given the folder that everything lies in.
    """

    kind: str
    run: Callable[[Path], object]


def opened(root: Path, *, allow_damaged: bool = False) -> Index:
    """The index of the steps."""
    return Index.open(root / INDEX, encoder=ENCODER, allow_damaged=allow_damaged)


def _add(root: Path, added: Sequence[Document], *, replace: bool = False, shard_tokens: int = 40) -> None:
    with opened(root) as index:
        index.add(added, replace=replace, shard_tokens=shard_tokens)


def _create(root: Path, codec: str) -> None:
    try:
        index = opened(root)
        is_new = index.is_new
        index.close()
    except IndexNotFound:
        is_new = True
    if is_new:
        Index.create(root / INDEX, model="window", encoder=ENCODER, codec=codec).close()
    _add(root, documents(range(3)))


def _remove(root: Path, ids: Sequence[str], where: Sequence[str] = ()) -> None:
    with opened(root) as index:
        index.remove(ids, where=where, missing_ok=True)


def _compact(root: Path) -> None:
    with opened(root) as index:
        index.compact()


def _backup(root: Path, name: str) -> None:
    """Where there is a backup already, makes the next one: that clears away what the one before may have left."""
    goal = root / BACKUPS / name
    is_there = goal.exists()
    with opened(root) as index:
        index.backup(goal.with_name("next.tar") if is_there else goal)
    if is_there:
        goal.with_name("next.tar").unlink()


def _restore(root: Path, name: str) -> None:
    """As `_backup`."""
    is_there = (root / RESTORED).exists()
    goal = root / ("next" if is_there else RESTORED)
    Index.restore(root / BACKUPS / name, goal).close()
    if is_there:
        shutil.rmtree(goal)


def _repair(root: Path) -> None:
    """Adds again what the repair says is lost, and nothing else."""
    lost = Index.repair(root / INDEX, encoder=ENCODER).lost
    living = [*documents((0, 1, 4, 6)), *documents((3, 5, 7), 1)]
    _add(root, [one for one in living if lost is None or one.document_id in lost])


def _damage(root: Path) -> None:
    """Flips a bit in the vectors of the middle shard, and lets it be noted; is no step that may be disturbed."""
    commit, _ = newest_commit(root / INDEX)
    path = root / INDEX / commit.shards[len(commit.shards) // 2].shard_id / "vectors.dat"
    content = bytearray(path.read_bytes())
    content[5] ^= 4
    path.write_bytes(content)
    assert Index.verify(root / INDEX, encoder=ENCODER).problems


def steps(codec: str = "fp16") -> list[Step]:
    """The life of an index."""
    return [
        Step("create", lambda root: _create(root, codec)),
        Step("add", lambda root: _add(root, documents(range(3, 8)))),
        Step("remove", lambda root: _remove(root, ["d2"])),
        Step("backup", lambda root: _backup(root, "one.tar")),
        Step("add", lambda root: _add(root, documents((3, 5, 7), 1), replace=True)),
        Step(DAMAGED, _damage),
        Step("repair", _repair),
        Step("compact", _compact),
        Step("restore", lambda root: _restore(root, "one.tar")),
        Step("remove", lambda root: _remove(root, ["d0"], ["year=1904"])),
        Step("backup", lambda root: _backup(root, "two.tar")),
        Step("add", lambda root: _add(root, documents((0, 8)), shard_tokens=1)),
        Step("compact", _compact),
    ]


def state(folder: Path, *, allow_damaged: bool = False) -> State:
    """What an index answers, all of it."""
    try:
        index = Index.open(folder, encoder=ENCODER, allow_damaged=allow_damaged)
    except IndexNotFound:
        return None
    with index:
        return state_of(index)


def state_of(index: Index) -> State:
    """What an open index answers, all of it."""
    try:
        found = index.query("They sat on the [bank] of the river.", any_word=True, k=None)
    except QueryError:  # it is empty
        return ()
    lines = [(line.key, line.score, line.left, line.node, line.right, *line.metadata.values()) for line in found]
    return (*lines, (index.info().documents,))


class _NotingDisk(RecordingDisk):
    """Notes what is asked of it, and of which kind of file."""

    def __init__(self, on_commit: Callable[[], None]) -> None:
        super().__init__(on_commit)
        self.noted: list[tuple[str, str]] = []

    def before(self, call: str, path: Path) -> None:
        self.noted.append((call, re.sub(r"-[0-9a-f]+\b", "", path.name)))


class Undisturbed:
    """The steps, run without anything going wrong.

    Args:
        folder: where; before each step all is copied, so that the step can be run again and again.
        todo: the steps.

    Attributes:
        steps: the steps.
        along: for each step, what the index answers before it, and after each commit that it makes.
        calls: for each step, how often it asks something of the disk.
        kinds: for each step, the numbers of those calls that are the first of their kind: the same of the same file.
        backed_up: by the name of a backup, what it must answer when it is restored.
    """

    def __init__(self, folder: Path, todo: Sequence[Step]) -> None:
        self._folder = folder
        self.steps = todo
        self.along: list[list[State]] = []
        self.calls: list[int] = []
        self.kinds: list[list[int]] = []
        self.backed_up: dict[str, State] = {}
        root = folder / "run"
        (root / BACKUPS).mkdir(parents=True)
        for number, step in enumerate(todo):
            shutil.copytree(root, self._before(number))
            along = [self._state(root, number)]
            disk = _NotingDisk(lambda: along.append(self._state(root, number)))  # noqa: B023
            with disk_in_place(disk):
                step.run(root)
            if step.kind == "backup":
                self.backed_up.update(
                    {path.name: along[0] for path in (root / BACKUPS).iterdir() if path.name not in self.backed_up}
                )
            self.along.append(along)
            self.calls.append(disk.calls)
            self.kinds.append([disk.noted.index(one) + 1 for one in dict.fromkeys(disk.noted)])
        shutil.copytree(root, self._before(len(todo)))

    def _state(self, root: Path, number: int) -> State:
        return state(root / INDEX, allow_damaged=self._is_damaged(number))

    def _is_damaged(self, number: int) -> bool:
        return self.steps[number].kind == "repair"

    def _before(self, number: int) -> Path:
        return self._folder / f"before-{number}"

    def before(self, number: int, root: Path) -> Path:
        """Makes a folder as it is before a step."""
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(self._before(number), root)
        return root

    def numbers(self, *kinds: str) -> list[int]:
        """The steps of some kinds, or all that may be disturbed."""
        return [n for n, step in enumerate(self.steps) if step.kind in (kinds or _DISTURBED)]

    def first_numbers(self) -> list[int]:
        """The first step of each kind."""
        return [self.numbers(kind)[0] for kind in _DISTURBED]

    def end_of_run(self, first: int, count: int) -> int:
        """The number after that of the last of some steps, or of those up to the one that may not be disturbed."""
        last = first + 1
        while last < min(first + count, len(self.steps)) and self.steps[last].kind in _DISTURBED:
            last += 1
        return last

    def check(self, root: Path, number: int, allowed: Sequence[State]) -> None:
        """Makes sure that nothing is lost after a step that did not come to its end, and that it can be run again.

        Args:
            root: where it was run.
            number: of the step.
            allowed: what the index may answer.
        """
        folder = root / INDEX
        found = self._state(root, number)
        made = found == () and None in allowed  # there is nothing in it yet
        assert made or found in allowed, f"{self.steps[number].kind} left a state that is not one of those it may leave"
        if found is not None:
            problems = Index.verify(folder, encoder=ENCODER).problems
            assert not problems or self._as_before(number, problems), problems
        with disk_in_place(WatchedDisk()):
            self._check_copies(root, number)
            self.steps[number].run(root)
            self.check_end(root, number)

    def _as_before(self, number: int, problems: Sequence[Problem]) -> bool:
        """Whether what is wrong is what the step is there to mend."""
        return self._is_damaged(number) and len(problems) == 1 and problems[0].path.endswith("vectors.dat")

    def check_end(self, root: Path, number: int) -> None:
        """Makes sure that all is as it is after an undisturbed run of a step, with no file that should not be there."""
        folder = root / INDEX
        assert state(folder) == self.along[number][-1], "the result is not that of an undisturbed run"
        report = Index.verify(folder, encoder=ENCODER)
        assert not report.problems
        self._check_copies(root, number)
        commit, path = newest_commit(folder)
        assert path is not None
        shards = {entry.shard_id for entry in commit.shards}
        there = {one.name for one in folder.iterdir() if not one.name.startswith("commit-")}
        assert there == {"ctxsearch.json", "lock", *shards}, there
        for shard in shards:
            assert sum(1 for _ in (folder / shard).iterdir()) == 4
        after = self._before(number + 1)
        for place in (".", BACKUPS):
            there = {one.name for one in (root / place).iterdir()}
            assert there == {one.name for one in (after / place).iterdir()}, there

    def _check_copies(self, root: Path, number: int) -> None:
        """A backup, and an index that was brought back, is whole wherever it has its name."""
        if self.steps[number].kind not in ("backup", "restore"):
            return
        for path in (root / BACKUPS).glob("*.tar"):
            goal = root.with_name("brought-back")
            Index.restore(path, goal).close()
            assert state(goal) == self.backed_up[path.name]
            shutil.rmtree(goal)
        if (root / RESTORED).exists():
            assert not Index.verify(root / RESTORED, encoder=ENCODER).problems
            assert state(root / RESTORED) == self.backed_up["one.tar"]


_DISTURBED = ("create", "add", "remove", "backup", "restore", "compact", "repair")
