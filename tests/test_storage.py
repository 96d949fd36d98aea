"""Files that are written whole, in an index and beside other files of the user's."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from faults import disk_in_place

from ctxsearch.storage import Disk, put_bytes, put_bytes_if_absent, replacing


class FullDisk(Disk):
    """Has no room for a byte."""

    def write(self, descriptor: int, path: Path, data: memoryview) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


class OthersDisk(Disk):
    """Keeps what another user made."""

    def remove(self, path: Path) -> None:
        if "other" in path.name:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        super().remove(path)


class DiskWithoutLinks(Disk):
    """Has one name for each file, as a memory stick has."""

    def link(self, path: Path, goal: Path) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted", str(path), None, str(goal))


def replace(path: Path, content: bytes) -> None:
    with replacing(path) as file:
        file.write(content)


@pytest.mark.parametrize("write", [put_bytes, put_bytes_if_absent, replace])
def test_what_is_written_is_forced_onto_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[[Path, bytes], object]
) -> None:
    """The kernel is asked to sync the file before it has its name, and its folder after."""
    synced: list[tuple[str, bool]] = []
    to_kernel = os.fsync

    def sync(descriptor: int) -> None:
        synced.append(("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file", (tmp_path / "out").exists()))
        to_kernel(descriptor)

    monkeypatch.setattr(os, "fsync", sync)
    with disk_in_place(Disk()):
        write(tmp_path / "out", b"content")
    assert (synced[0], synced[-1]) == (("file", False), ("folder", True))


@pytest.mark.parametrize("write", [put_bytes, put_bytes_if_absent, replace])
def test_errors_name_the_file_that_was_asked_for(tmp_path: Path, write: object) -> None:
    """A full disk is told with the file's own name, not that of a temporary one, which does not stay."""
    assert callable(write)
    with disk_in_place(FullDisk()), pytest.raises(OSError, match="No space") as caught:
        write(tmp_path / "out", b"content")
    assert caught.value.filename == str(tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_replacing_clears_away_what_a_killed_run_left(tmp_path: Path) -> None:
    """A temporary folder of a dead run goes; one of another user, in a folder that all write to, is no obstacle."""
    for name in ("killed", "other"):
        (tmp_path / f".tmp-ctxsearch-{name}").mkdir()
    with disk_in_place(OthersDisk()):
        replace(tmp_path / "out", b"content")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".tmp-ctxsearch-other", "out"]


def test_replacing_follows_a_link(tmp_path: Path) -> None:
    """A link stays what it is, and the file that it leads to is replaced; after an error that is as it was."""
    (tmp_path / "goal").write_bytes(b"old")
    (tmp_path / "link").symlink_to("goal")
    with suppress(ValueError), replacing(tmp_path / "link") as file:
        file.write(b"half")
        raise ValueError
    assert (tmp_path / "goal").read_bytes() == b"old"
    replace(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "goal").read_bytes() == b"new"


def test_no_second_name_is_needed(tmp_path: Path) -> None:
    """On a disk that knows no links a file is put in place as well, and one that is there stays."""
    with disk_in_place(DiskWithoutLinks()):
        put_bytes_if_absent(tmp_path / "goal", b"content")
        with pytest.raises(FileExistsError):
            put_bytes_if_absent(tmp_path / "goal", b"new")
    assert (tmp_path / "goal").read_bytes() == b"content"
    assert [path.name for path in tmp_path.iterdir()] == ["goal"]
