"""One file that holds an index: written while others read and write, and brought back only if every byte is right.

A backup is a plain tar archive of the index's own files: its shards, ``ctxsearch.json``, the head and ``senses.sqlite``
where there are such, and last the commit. It is read header by header here, and not by `tarfile`: a stranger's archive
can name nothing but these files, hold nothing but plain data, and make nobody read more into memory than a block.

The commit tells the digests of the shards, but none of ``senses.sqlite``, and an index without a commit none of its
settings. So every header has the digest of its file, in the field that names the goal of a link: it means nothing for
a plain file, so that tar programs, and versions of ctxsearch that know of no digest there, read past it, where an
entry of its own would be one name too many for them. An archive without them is brought back as it always was.
"""

from __future__ import annotations

import hashlib
import os
import re
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from ctxsearch.catalog.snapshot import write_snapshot
from ctxsearch.commit import CLUSTERS_FILE, SHARD_FILES, Commit, commit_path, copy_path, newest_commit, read_commit
from ctxsearch.digests import digest_bytes, digest_files
from ctxsearch.domain import Progress
from ctxsearch.errors import BackupError, CtxSearchError, IndexDamaged, IndexExists
from ctxsearch.head import content_of, head_content
from ctxsearch.settings import HEAD_FILE, SENSES_FILE, SETTINGS_FILE, parse_settings, read_settings
from ctxsearch.storage import NewFile, folder_beside, make_folder, make_folders, plain_size, put_bytes, rename, sync

_NAME = re.compile(
    rf"{re.escape(SETTINGS_FILE)}|{re.escape(HEAD_FILE)}|{re.escape(SENSES_FILE)}|commit-[0-9]{{8,15}}\.json"
    rf"|(shard-[0-9a-f]{{16}})/({'|'.join(map(re.escape, (*SHARD_FILES, CLUSTERS_FILE)))})"
)
# What it would be taken for by its name.
_PACKED = frozenset({".zip", ".7z", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".rar"})
_COPY_SIZE = 1 << 20
_BLOCK = tarfile.BLOCKSIZE

OnProgress = Callable[[Progress], None] | None


def backup(folder: Path, commit: Commit, settings: str, goal: Path, on_progress: OnProgress) -> int:
    """Writes an archive of a commit that the caller holds, see `Index.backup`."""
    _must_be_free(goal)
    if goal.suffix.lower() in _PACKED:
        raise BackupError(
            str(goal), f"what is written is a tar file, not packed; call it {goal.stem.removesuffix('.tar')}.tar, say"
        )
    if not goal.absolute().parent.is_dir():
        raise BackupError(str(goal), "there is no such folder to put it in")
    if Path(os.path.realpath(goal)).is_relative_to(os.path.realpath(folder)):
        raise BackupError(str(goal), "it would lie in the folder of the index; name a file elsewhere")
    with folder_beside(goal.absolute()) as beside:
        temporary = beside / "backup"
        with NewFile(temporary) as file:
            writer = _Writer(
                file, sum(size for entry in commit.shards for size, _ in entry.files.values()), on_progress
            )
            for entry in commit.shards:
                for name, (size, digest) in sorted(entry.files.items()):
                    writer.add_file(f"{entry.shard_id}/{name}", folder / entry.shard_id / name, size, digest)
            writer.add(SETTINGS_FILE, settings.encode())
            if head_digest := parse_settings(settings, folder / SETTINGS_FILE).head_digest:
                writer.add(HEAD_FILE, content_of(folder / HEAD_FILE, head_digest))
            senses = folder / SENSES_FILE
            if os.path.lexists(senses):
                if senses.is_symlink() or not senses.is_file():
                    raise BackupError(str(senses), "it is no plain file, and may lead anywhere; no backup was made")
                copy = beside / SENSES_FILE
                write_snapshot(senses, copy)
                writer.add_file(SENSES_FILE, copy, copy.stat().st_size, digest_files(copy))
            if commit.number:
                writer.add(commit_path(folder, commit.number).name, _content_of(commit, folder))
            file.write(bytes(2 * _BLOCK))
        _must_be_free(goal)  # no link in the place of a rename: memory sticks know none
        rename(temporary, goal.absolute())
    return goal.stat().st_size


def _content_of(commit: Commit, folder: Path) -> bytes:
    """The file of a commit, or its copy: whichever holds it."""
    path = commit_path(folder, commit.number)
    for one in (path, copy_path(path)):
        try:
            if read_commit(one) == commit:
                return one.read_bytes()
        except (IndexDamaged, FileNotFoundError):
            continue
    raise BackupError(str(path), "it is damaged, and so is its copy; no backup was made, and verify tells more")


def _must_be_free(goal: Path) -> None:
    if os.path.lexists(goal):
        raise BackupError(str(goal), "there is such a file already; give another name")


class _Writer:
    """Adds files to an archive; the same index gives the same bytes."""

    def __init__(self, file: NewFile, total: int, on_progress: OnProgress) -> None:
        self._file = file
        self._total = total
        self._on_progress = on_progress
        self._done = 0

    def add(self, name: str, content: bytes) -> None:
        self._begin(name, len(content), digest_bytes(content))
        self._file.write(content)
        self._end(len(content))

    def add_file(self, name: str, path: Path, size: int, digest: str) -> None:
        """Copies a file, which must be of this size and digest."""
        self._begin(name, size, digest)
        found, left = hashlib.sha256(), size
        plain_size(path)
        with path.open("rb") as source:
            while block := source.read(min(left, _COPY_SIZE)):
                self._file.write(block)
                found.update(block)
                left -= len(block)
                self._done += len(block)
                if self._on_progress:
                    self._on_progress(Progress("backup", self._done, self._total))
        if left or digest != found.hexdigest():
            raise BackupError(str(path), "it is damaged; no backup was made, and verify tells more")
        self._end(size)

    def _begin(self, name: str, size: int, digest: str) -> None:
        header = tarfile.TarInfo(name)
        header.size = size
        header.linkname = digest
        self._file.write(header.tobuf(tarfile.GNU_FORMAT))

    def _end(self, size: int) -> None:
        self._file.write(bytes(-size % _BLOCK))


def restore(source: Path, folder: Path) -> None:
    """Makes an index of an archive, see `Index.restore`."""
    if os.path.lexists(folder):
        raise IndexExists(str(folder))
    make_folders(folder.absolute().parent)
    try:
        with folder_beside(folder.absolute()) as beside:
            temporary = beside / "index"
            make_folder(temporary)
            with source.open("rb") as file:
                found = _unpack(source, file, temporary)
            commit = _check(source, temporary, found)
            if commit is not None:
                put_bytes(copy_path(commit), commit.read_bytes())  # as every commit has one
            for path in [*temporary.glob("shard-*"), temporary]:
                sync(path)
            if os.path.lexists(folder):
                raise IndexExists(str(folder))
            rename(temporary, folder.absolute())
    except OSError as error:
        if isinstance(error, CtxSearchError):
            raise
        raise BackupError(str(source), f"it cannot be brought back ({error.strerror or error})") from error


def _unpack(source: Path, file: BinaryIO, folder: Path) -> dict[str, tuple[int, str]]:
    """Writes the archive's files into a folder; their sizes and digests, by name."""
    found: dict[str, tuple[int, str]] = {}
    for name, size, expected in _headers(source, file):
        match = _NAME.fullmatch(name)
        if match is None or name in found:
            raise BackupError(str(source), f"it is no backup of ctxsearch: it holds {name[:100]!r}")
        if match[1] and not (folder / match[1]).exists():
            make_folder(folder / match[1])
        digest, left = hashlib.sha256(), size
        with NewFile(folder / name) as goal:
            while left:
                block = file.read(min(left, _COPY_SIZE))
                if not block:
                    raise BackupError(str(source), f"it ends in the middle of {name}")
                goal.write(block)
                digest.update(block)
                left -= len(block)
        if expected not in ("", digest.hexdigest()):
            raise BackupError(str(source), f"what it holds is damaged: {name}")
        file.read(-size % _BLOCK)
        found[name] = size, digest.hexdigest()
    return found


def _headers(source: Path, file: BinaryIO) -> Iterator[tuple[str, int, str]]:
    """Name, size and digest of each plain file, as its header is come to; an empty digest where it tells none."""
    while (block := file.read(_BLOCK)) != bytes(_BLOCK):
        try:
            header = tarfile.TarInfo.frombuf(block, "utf-8", "strict")
        except (tarfile.TarError, UnicodeDecodeError, ValueError) as error:
            raise BackupError(str(source), f"it is no backup of ctxsearch, or was cut ({error})") from error
        if header.type != tarfile.REGTYPE or header.size < 0:
            raise BackupError(str(source), f"it is no backup of ctxsearch: {header.name[:100]!r} is no plain file")
        yield header.name, header.size, header.linkname


def _check(source: Path, folder: Path, found: dict[str, tuple[int, str]]) -> Path | None:
    """Makes sure that what was unpacked is the index that its commit says; the commit's file, if it has one."""
    try:
        settings, text = read_settings(folder)
        if settings.head_digest:
            head_content(folder / HEAD_FILE, settings.head_digest)
        commit, path = newest_commit(folder)
    except CtxSearchError as error:
        raise BackupError(str(source), f"what it holds is damaged ({error})") from error
    expected = {f"{entry.shard_id}/{name}": sized for entry in commit.shards for name, sized in entry.files.items()}
    shards = {name: sized for name, sized in found.items() if "/" in name}
    if shards != expected or commit.settings not in (None, text):
        wrong = sorted(name for name in {*shards, *expected} if shards.get(name) != expected.get(name))
        raise BackupError(str(source), f"what it holds is damaged: {', '.join(wrong[:3]) or SETTINGS_FILE}")
    return path
