"""Disks that go wrong on purpose: they fail, write little, kill their process, or lose what was not synced."""

from __future__ import annotations

import errno
import os
import random
import resource
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from threading import RLock
from typing import Any, TypeVar

from ctxsearch import storage
from ctxsearch.storage import Disk

_Call = TypeVar("_Call", bound=Callable[..., Any])


@contextmanager
def disk_in_place(disk: Disk) -> Iterator[None]:
    """All that ctxsearch changes goes through this disk."""
    before, storage.disk = storage.disk, disk
    try:
        yield
    finally:
        storage.disk = before


@contextmanager
def short_files(size: int) -> Iterator[None]:
    """No file can grow beyond a size; Python ignores the signal that comes with it, so writing fails."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def _alone(call: _Call) -> _Call:
    """A call of a disk while no other thread makes one: what is told of the disk is of one moment."""

    @wraps(call)
    def made(disk: WatchedDisk, *arguments: object) -> object:
        with disk.lock:
            return call(disk, *arguments)

    return made  # type: ignore[return-value]


class WatchedDisk(Disk):
    """Counts its calls, and lets a subclass look at each before it is made; it syncs nothing, which takes time.

    Attributes:
        calls: how many there were.
        commits: how many commit files were put in place.
    """

    def __init__(self) -> None:
        self.lock = RLock()
        self.calls = 0
        self.commits = 0

    def before(self, call: str, path: Path) -> None:
        """Is told of every call that changes or syncs something."""

    def _count(self, call: str, path: Path) -> None:
        self.calls += 1
        self.before(call, path)

    @_alone
    def create(self, path: Path) -> int:
        self._count("create", path)
        return super().create(path)

    @_alone
    def write(self, descriptor: int, path: Path, data: memoryview) -> int:
        self._count("write", path)
        return super().write(descriptor, path, data)

    @_alone
    def sync(self, path: Path) -> None:
        self._count("sync", path)
        assert path.exists()

    @_alone
    def link(self, path: Path, goal: Path) -> None:
        self._count("link", goal)
        super().link(path, goal)
        self.commits += goal.name.startswith("commit-")

    @_alone
    def rename(self, path: Path, goal: Path) -> None:
        self._count("rename", goal)
        super().rename(path, goal)

    @_alone
    def make_folder(self, path: Path) -> None:
        self._count("make_folder", path)
        super().make_folder(path)

    @_alone
    def remove(self, path: Path) -> None:
        self._count("remove", path)
        super().remove(path)


class RecordingDisk(WatchedDisk):
    """Calls something after each commit."""

    def __init__(self, on_commit: Callable[[], None]) -> None:
        super().__init__()
        self._on_commit = on_commit

    def link(self, path: Path, goal: Path) -> None:
        before = self.commits
        super().link(path, goal)
        if self.commits > before:
            self._on_commit()


class FailingDisk(WatchedDisk):
    """Fails at one call.

    Args:
        at: the number of the call, from 1.
        code: ``errno.ENOSPC`` or ``errno.EIO``.
        lasting: whether later calls fail as well; a full disk still removes and syncs.
    """

    def __init__(self, at: int, code: int, *, lasting: bool) -> None:
        super().__init__()
        self._at, self._code, self._lasting = at, code, lasting

    def before(self, call: str, path: Path) -> None:
        spared = self._code == errno.ENOSPC and call in ("remove", "sync")
        if self.calls == self._at or (self._lasting and self.calls > self._at and not spared):
            raise OSError(self._code, os.strerror(self._code), str(path))


class SlowWritingDisk(WatchedDisk):
    """Writes only a few bytes of what it is given, as it may."""

    def write(self, descriptor: int, path: Path, data: memoryview) -> int:
        return super().write(descriptor, path, data[: max(1, len(data) // 3)])


class KillingDisk(WatchedDisk):
    """Kills its own process at one call: before it, after it, or with half of the bytes written.

    Args:
        at: the number of the call, from 1.
        how: ``before``, ``torn`` or ``after``.
    """

    def __init__(self, at: int, how: str) -> None:
        super().__init__()
        self._at, self._how = at, how

    def before(self, call: str, path: Path) -> None:
        if self.calls > self._at or (self.calls == self._at and self._how == "before"):
            os.kill(os.getpid(), signal.SIGKILL)

    def write(self, descriptor: int, path: Path, data: memoryview) -> int:
        if self.calls + 1 == self._at and self._how == "torn":
            os.write(descriptor, data[: len(data) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        return super().write(descriptor, path, data)


class Crash(BaseException):
    """The power is gone: no code of ours gets to clean up."""


class _Node:
    """A file or folder in the model: what the disk has for certain.

    Attributes:
        is_folder: which of the two it is.
        content: of a file, as of its last sync; None if it was never synced.
        entries: of a folder, as of its last sync.
        pending: changes of a folder's entries since; each is a list of names with what they then stand for.
        last: of a file without a name left, the content that it had.
    """

    def __init__(self, *, is_folder: bool) -> None:
        self.is_folder = is_folder
        self.content: bytes | None = None
        self.entries: dict[str, _Node] = {}
        self.pending: list[list[tuple[str, _Node | None]]] = []
        self.last = b""


class CrashingDisk(WatchedDisk):
    """Crashes at one call, and then forgets what was not synced.

    Whatever bypasses this disk (SQLite's files, the lock) is found where it lies and counts as never synced.

    Args:
        root: the folder that is looked after, with all that is in it, which is on the disk for certain.
        at: the number of the call that is not made any more, from 1; a write may still be made by half.
        ignored: syncs that do nothing: ``files``, ``folders`` or none.
    """

    def __init__(self, root: Path, at: int, *, ignored: str = "") -> None:
        super().__init__()
        self._root, self._at, self._ignored = root, at, ignored
        self._nodes: dict[Path, _Node] = {}
        self.acknowledged = 0
        self._find(root, certain=True)

    def before(self, call: str, path: Path) -> None:
        if self.calls >= self._at:
            raise Crash

    @_alone
    def create(self, path: Path) -> int:
        descriptor = super().create(path)
        self._find(path.parent)
        return descriptor

    @_alone
    def write(self, descriptor: int, path: Path, data: memoryview) -> int:
        if self.calls + 1 == self._at:
            os.write(descriptor, data[: len(data) // 2])
        return super().write(descriptor, path, data)

    @_alone
    def sync(self, path: Path) -> None:
        super().sync(path)
        self._find(path if path.is_dir() else path.parent)
        node = self._nodes[path]
        if self._ignored == ("folders" if node.is_folder else "files"):
            return
        if node.is_folder:
            node.entries = {one.name: self._nodes[one] for one in path.iterdir()}
            node.pending.clear()
            if path.name == "index":
                self.acknowledged = self.commits
        else:
            node.content = path.read_bytes()

    @_alone
    def link(self, path: Path, goal: Path) -> None:
        self._find(path.parent)
        super().link(path, goal)
        self._nodes[goal] = self._nodes[path]
        self._change(goal.parent, (goal.name, self._nodes[goal]))

    @_alone
    def rename(self, path: Path, goal: Path) -> None:
        self._find(path.parent)
        super().rename(path, goal)
        moved = {one: node for one, node in self._nodes.items() if one == path or path in one.parents}
        for one in moved:
            del self._nodes[one]
        self._nodes.update({goal / one.relative_to(path): node for one, node in moved.items()})
        if path.parent == goal.parent:
            self._change(goal.parent, (path.name, None), (goal.name, self._nodes[goal]))
        else:
            self._change(path.parent, (path.name, None))
            self._change(goal.parent, (goal.name, self._nodes[goal]))

    @_alone
    def make_folder(self, path: Path) -> None:
        super().make_folder(path)
        self._find(path.parent)

    @_alone
    def remove(self, path: Path) -> None:
        self._find(path.parent)
        for one in [path, *path.rglob("*")] if path.exists() else []:
            if one.is_file():
                self._nodes[one].last = one.read_bytes()
        super().remove(path)
        gone = [one for one in self._nodes if one == path or path in one.parents]
        for one in gone:
            del self._nodes[one]
        if gone:
            self._change(path.parent, (path.name, None))

    def _change(self, folder: Path, *names: tuple[str, _Node | None]) -> None:
        self._nodes[folder].pending.append(list(names))

    def _find(self, folder: Path, *, certain: bool = False) -> None:
        """Takes up what was put into a folder by others."""
        if folder not in self._nodes:
            self._nodes[folder] = _Node(is_folder=True)
            if folder != self._root:
                self._find(folder.parent)
        for path in sorted(folder.iterdir()):
            if path not in self._nodes:
                node = self._nodes[path] = _Node(is_folder=path.is_dir())
                if certain:
                    self._nodes[folder].entries[path.name] = node
                    node.content = None if node.is_folder else path.read_bytes()
                else:
                    self._change(folder, (path.name, node))
            if path.is_dir():
                self._find(path, certain=certain)

    def settle(self, chance: random.Random, names: str, contents: str) -> None:
        """Leaves on the real disk what a power cut may leave.

        Args:
            chance: chooses.
            names: which changes of folders are kept that were not synced: ``none``, ``all`` or ``some``.
            contents: what becomes of a file that was not synced: ``missing``, ``zeroed``, ``cut`` or ``flipped``.
        """
        self._find(self._root)
        for path, node in self._nodes.items():
            if not node.is_folder:
                node.last = path.read_bytes()
        for path in self._root.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        self._put(self._root, self._nodes[self._root], chance, names, contents)

    def _put(self, folder: Path, node: _Node, chance: random.Random, names: str, contents: str) -> None:
        entries: dict[str, _Node | None] = dict(node.entries)
        for change in node.pending:
            if names == "all" or (names == "some" and chance.random() < 0.5):
                entries.update(change)
        for name, one in sorted(entries.items()):
            if one is None:
                continue
            if one.is_folder:
                (folder / name).mkdir()
                self._put(folder / name, one, chance, names, contents)
            elif one.last == one.content:
                (folder / name).write_bytes(one.last)
            elif contents != "missing":
                (folder / name).write_bytes(damaged(one.last, contents, chance))


def damaged(content: bytes, how: str, chance: random.Random) -> bytes:
    """A file's content with a bit flipped, its end cut off, or all of it zero."""
    if not content:
        return b"\0"
    place = chance.randrange(len(content))
    if how == "zeroed":
        return bytes(len(content))
    if how == "cut":
        return content[:place]
    return content[:place] + bytes([content[place] ^ 1 << chance.randrange(8)]) + content[place + 1 :]
