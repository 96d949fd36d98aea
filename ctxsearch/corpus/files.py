"""Finds the files of a source, in an order that depends on their names alone."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from zipfile import ZipInfo

from ctxsearch.corpus.archives import ARCHIVE, HIDDEN, members
from ctxsearch.errors import SourceError
from ctxsearch.paths import path_of

METADATA_TABLES = tuple(f"metadata.{kind}" for kind in ("csv", "tsv", "xlsx", "xls", "ods"))
NAMES_KEPT = 100
PACKED = ".gz"


@dataclass(frozen=True, slots=True)
class File:
    """A file to read.

    Attributes:
        path: where it is.
        uri: its path as given, with ``/``, fit to be shown and stored.
        name: its path under the source folder, or its file name if it was named itself; without ``.gz``, so that
            packing a file does not change the ids of its documents.
        ending: what says how to read it, such as ``.csv.gz``.
        size: in bytes, as it lies on the disk.
        member: where it is in the archive that ``path`` is, if it is in one.
    """

    path: Path
    uri: str
    name: str
    ending: str
    size: int
    member: ZipInfo | None = None

    @property
    def packed(self) -> bool:
        """Whether the file is compressed."""
        return self.ending.endswith(PACKED)

    @property
    def stem(self) -> str:
        """The file's own name without its ending."""
        return PurePosixPath(self.uri).name[: -len(self.ending)]


@dataclass(slots=True)
class Source:
    """A folder or file that a caller named.

    Attributes:
        files: the files to read, in order.
        tables: those at the top of a folder, or of an archive, that may say more about its text files; they may be
            among ``files``.
        unread: the first names of files that no reader knows; ``unread_count`` counts them all.
        unwanted: the names, without ``.gz``, of the files of a folder that were not asked for.
        is_named: whether it is one file, which was named itself and stands in no folder or archive.
    """

    files: list[File] = field(default_factory=list)
    tables: list[File] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    unread_count: int = 0
    unwanted: set[str] = field(default_factory=set)
    is_named: bool = False

    def add_unread(self, name: str) -> None:
        """Counts a file that no reader knows."""
        self.unread_count += 1
        if len(self.unread) < NAMES_KEPT:
            self.unread.append(name)


def find(source: str | Path, endings: Collection[str], *, glob: str | None) -> Source:
    """Lists the files of one source.

    Args:
        source: a folder, an archive, which is read as a folder is, or a file.
        endings: those that can be read, in lower case.
        glob: a pattern that the files of a folder must match.

    Raises:
        SourceError: the source is missing, is of an unknown kind, or holds nothing to read.
    """
    path = path_of(source)
    # An empty name means the working folder to pathlib; here it is far more often an unset variable.
    if not os.fspath(source) or not os.path.lexists(path):
        raise SourceError(shown(path) if os.fspath(source) else "''", "there is no such file or folder")
    if os.path.isdir(path):
        return _find_in_folder(path, endings, glob)
    if not os.path.isfile(path):
        raise SourceError(shown(path), "it is neither a file nor a folder that can be opened")
    ending = _ending(path.name, endings)
    if ending is None:
        raise SourceError(shown(path), "its ending does not say how to read it", hint=_known(endings))
    found = Source()
    if ending == ARCHIVE:
        _add_archive(found, path, "", endings, glob, wanted=False)
        _check_not_empty(found, path, endings, glob)
    else:
        found.files.append(_file(path, path.name, ending))
        found.is_named = True
    return found


def shown(path: Path) -> str:
    """Returns a path with ``/`` between its parts, as text that can be printed and stored whatever its bytes."""
    return path.as_posix().encode("utf-8", "backslashreplace").decode()


def _find_in_folder(folder: Path, endings: Collection[str], glob: str | None) -> Source:
    found = Source()
    for name in _walk(folder):
        path = folder / name
        wanted = glob is None or PurePosixPath(name).match(glob)
        table = name.lower() in METADATA_TABLES
        ending = _ending(path.name, endings)
        if ending == ARCHIVE and path.is_file():
            _add_archive(found, path, f"{name}/", endings, glob, wanted=wanted)
            continue
        if not wanted:
            found.unwanted.add(spelled(name.removesuffix(".gz")))
        if not (wanted or table):
            continue
        if ending is None or not path.is_file():
            found.add_unread(shown(path))
            continue
        file = _file(path, name, ending)
        if wanted:
            found.files.append(file)
        if table:
            found.tables.append(file)
    _check_not_empty(found, folder, endings, glob)
    return found


def _add_archive(
    found: Source, path: Path, prefix: str, endings: Collection[str], glob: str | None, *, wanted: bool
) -> None:
    """Adds the files of an archive, or all of them if it is wanted itself; a damaged one is told when it is read."""
    try:
        inside = members(path, shown(path))
    except SourceError:
        found.files.append(_file(path, prefix.rstrip("/") or path.name, ARCHIVE))
        return
    for inner, member in inside:
        name, uri = f"{prefix}{inner}", f"{shown(path)}/{inner}"
        asked = wanted or glob is None or PurePosixPath(name).match(glob)
        table = inner.lower() in METADATA_TABLES
        if not asked:
            found.unwanted.add(spelled(name.removesuffix(".gz")))
        if not (asked or table):
            continue
        ending = _ending(inner, endings)
        # An archive in an archive could hold another one, without end.
        if ending is None or ending == ARCHIVE:
            found.add_unread(uri)
            continue
        file = File(path, uri, _unpacked_name(name, ending), ending, member.compress_size, member)
        if asked:
            found.files.append(file)
        if table:
            found.tables.append(file)


def _check_not_empty(found: Source, path: Path, endings: Collection[str], glob: str | None) -> None:
    if not found.files:
        which = "no file to read" if glob is None else f"no file to read that matches {glob}"
        raise SourceError(shown(path), f"it holds {which}", hint=_known(endings))


def _known(endings: Collection[str]) -> str:
    """What says which endings can be read.

    >>> _known([".txt", ".txt.gz", ".zip"])
    'The known endings are: .txt (each also .gz), .zip.'
    """
    packed = [ending for ending in endings if f"{ending}{PACKED}" in endings]
    others = [ending for ending in endings if ending not in packed and not ending.endswith(PACKED)]
    return f"The known endings are: {' '.join(packed)} (each also {PACKED}), {' '.join(others)}."


def _walk(root: Path) -> Iterator[str]:
    """Yields the relative path of every file under a folder, sorted, without hidden ones and locks of an office.

    A link to a folder is followed only when it leads out of the root to a place not yet seen: what lies under the
    root is read under its own name, and so no loop of links can matter.
    """
    top = Path(os.path.realpath(root))
    seen = {top}

    def visit(prefix: str, linked: bool) -> Iterator[str]:
        try:
            with os.scandir(root / prefix) as entries:
                # With the slash, the order within each folder is the order of the whole relative paths.
                below = sorted((entry.name + "/" * entry.is_dir(), entry.is_symlink()) for entry in entries)
        except OSError as error:
            raise SourceError(shown(root / prefix), f"the folder cannot be read ({error.strerror})") from error
        for name, link in below:
            if name.startswith(HIDDEN):
                continue
            if not name.endswith("/"):
                yield prefix + name
                continue
            real = Path(os.path.realpath(root / (prefix + name)))
            away = linked or link
            if real in seen or (away and real.is_relative_to(top)):
                continue
            seen.add(real)
            yield from visit(prefix + name, away)

    return visit("", False)


def _ending(name: str, endings: Collection[str]) -> str | None:
    lowered = name.lower()
    return next((ending for ending in endings if lowered.endswith(ending)), None)


def _file(path: Path, name: str, ending: str) -> File:
    try:
        size = path.stat().st_size
    except OSError as error:
        raise SourceError(shown(path), f"it cannot be read ({error.strerror})") from error
    return File(path, shown(path), _unpacked_name(name, ending), ending, size)


def _unpacked_name(name: str, ending: str) -> str:
    return spelled(name[:-3] if ending.endswith(".gz") else name)


def spelled(name: str) -> str:
    """A file's name as one would type it: some systems keep an accent apart from its letter."""
    return unicodedata.normalize("NFC", name)
