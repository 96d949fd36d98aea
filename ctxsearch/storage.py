"""Files that survive a power cut: written beside their goal, fsynced, then put in place.

Whatever is changed under an index goes through here, so that tests can put a disk in its place that is full, fails, or
loses what was not synced. (SQLite writes its own files; they are synced here.)
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

from ctxsearch.kernel_lock import KernelLock

TEMPORARY_PREFIX = ".tmp-"

_BESIDE_PREFIX = f"{TEMPORARY_PREFIX}ctxsearch-"
# What file systems without a second name for a file say to it, as those of memory sticks.
_NO_LINKS = frozenset({errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP})


class Disk:
    """What is asked of a file system, one call to a method."""

    def create(self, path: Path) -> int:
        """Opens a new or emptied file for writing; returns its descriptor."""
        # A link that a stranger laid there must not lead out of the index.
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)

    def write(self, descriptor: int, path: Path, data: memoryview) -> int:
        """Writes some of the bytes at least; returns how many."""
        return os.write(descriptor, data)

    def sync(self, path: Path) -> None:
        """Forces a file's content, or a folder's entries, onto the disk."""
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def link(self, path: Path, goal: Path) -> None:
        """Gives a file a second name, which must be free."""
        os.link(path, goal)

    def rename(self, path: Path, goal: Path) -> None:
        """Moves a file or folder."""
        os.rename(path, goal)

    def make_folder(self, path: Path) -> None:
        """Makes a folder, which must not be there."""
        path.mkdir()

    def remove(self, path: Path) -> None:
        """Removes a file, or a folder with all that is in it, if it is there; never what a link points to."""
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


disk = Disk()


class NewFile:
    """A file that is being written.

    As a context manager: leaving it syncs the file, and leaving it by an error only closes it.

    Args:
        path: where; what was there is overwritten, so it is a temporary name, or lies in a folder of one.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = disk.create(path)

    def write(self, content: bytes | memoryview) -> None:
        """Writes bytes, all of them."""
        left = memoryview(content).cast("B")
        try:
            while left:
                left = left[disk.write(self._descriptor, self._path, left) :]
        except OSError as error:
            error.filename = str(self._path)  # a descriptor has no name
            raise

    def close(self) -> None:
        """Closes the file without syncing it."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> NewFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                disk.sync(self._path)
        finally:
            self.close()


def sync(path: Path) -> None:
    """Forces a file that somebody else wrote (SQLite, say), or a folder's entries, onto the disk."""
    disk.sync(path)


def make_folder(path: Path) -> None:
    """Makes a folder, which must not be there."""
    disk.make_folder(path)


def make_folders(path: Path) -> list[Path]:
    """Makes a folder and those above it, where they are not there, durably; returns the new, lowest first."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    path.mkdir(parents=True, exist_ok=True)
    for folder in missing:
        disk.sync(folder.parent)
    return missing


def remove_empty_folder(path: Path) -> bool:
    """Removes a folder if there is nothing in it; tells whether it is gone."""
    try:
        path.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def rename(path: Path, goal: Path) -> None:
    """Moves a file or folder within one parent folder, durably; what it holds was synced before."""
    disk.rename(path, goal)
    disk.sync(goal.parent)


def remove(path: Path) -> None:
    """Removes a file, or a folder with all that is in it, if it is there."""
    disk.remove(path)


@contextmanager
def folder_beside(goal: Path) -> Iterator[Path]:
    """A folder on the disk of a goal, to make in it what is then moved there; in the end it is removed.

    It is locked while it is used, and the kernel lets go of the lock of a process that dies: so the folders that killed
    runs left beside the goal are told from those in use, and are cleared away. Where there are no locks, as on some
    network file systems, they stay; so do those of other users, in a folder like ``/tmp``.

    An error that is about something in the folder names the goal.
    """
    for left in goal.parent.glob(f"{_BESIDE_PREFIX}*"):
        try:
            lock = _lock(left)
        except BlockingIOError:
            continue  # in use
        if lock is not None:
            try:
                with suppress(PermissionError):
                    remove(left)
            finally:
                lock.let_go()
    while True:
        folder = goal.parent / f"{_BESIDE_PREFIX}{secrets.token_hex(8)}"
        with _speaking_of(goal, folder):
            make_folder(folder)
        try:
            lock = _lock(folder)
        except BlockingIOError:
            continue  # taken for a leftover before it was locked
        if folder.exists():
            break
        if lock is not None:
            lock.let_go()
    owner = os.getpid()
    try:
        with _speaking_of(goal, folder):
            yield folder
    finally:
        try:
            if os.getpid() == owner:  # and no child of it
                remove(folder)
        finally:
            if lock is not None:
                lock.let_go()


def _lock(folder: Path) -> KernelLock | None:
    """Locks a folder, and returns the lock; None where there is nothing to lock, or are no locks.

    Raises:
        BlockingIOError: another has locked it.
    """
    try:
        lock = KernelLock(os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC))
    except OSError:
        return None
    try:
        lock.take()
    except OSError as error:
        lock.let_go()
        if isinstance(error, BlockingIOError):
            raise
        return None
    return lock


def put_bytes_if_absent(path: Path, content: bytes) -> None:
    """Writes a file whole and durably, or not at all.

    Raises:
        FileExistsError: the file is there already; it is left as it is.
    """
    with _written(path, content) as temporary:
        try:
            disk.link(temporary, path)  # fails where the name is taken, which a rename does not
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            # The writer's lock keeps others away meanwhile.
            if os.path.lexists(path):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from error
            disk.rename(temporary, path)
    disk.sync(path.parent)


def put_bytes(path: Path, content: bytes) -> None:
    """Writes a file whole and durably, in the place of the one that is there, or leaves that as it is."""
    with _written(path, content) as temporary:
        rename(temporary, path)


@contextmanager
def _written(path: Path, content: bytes) -> Iterator[Path]:
    """A file with some bytes under a temporary name beside a goal, to be put in its place; in the end it is removed."""
    temporary = path.with_name(f"{TEMPORARY_PREFIX}{os.getpid()}-{path.name}")
    try:
        with _speaking_of(path, temporary):
            with NewFile(temporary) as file:
                file.write(content)
            yield temporary
    finally:
        disk.remove(temporary)


@contextmanager
def replacing(path: Path) -> Iterator[NewFile]:
    """Writes a file outside of an index whole and durably, or leaves the one that is there as it is.

    A link is followed. What a killed run leaves, the next one clears away, see `folder_beside`.
    """
    goal = Path(os.path.realpath(path))
    with _speaking_of(path, goal), folder_beside(goal) as beside:
        temporary = beside / "new"
        with NewFile(temporary) as file:
            yield file
        rename(temporary, goal)


@contextmanager
def _speaking_of(path: Path, temporary: Path) -> Iterator[None]:
    """Lets errors name the file that was asked for, and not the temporary one, or one in a temporary folder."""
    try:
        yield
    except OSError as error:
        if isinstance(error.filename, (str, Path)) and Path(error.filename).is_relative_to(temporary):
            error.filename = str(path)
        raise


def plain_size(path: Path) -> int:
    """The size of a file that is nothing else: an index has no links, which lead anywhere, no devices and no pipes.

    Raises:
        OSError: there is no such file, or it is something else.
    """
    found = path.lstat()
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "it is no plain file", str(path))
    return found.st_size
