"""What a commit says: which shards an index is made of at a moment.

``commit-00000042.json`` names the shards with the sizes and digests of their files, and the documents taken out of
them. It is written last, durably, under a name that must be free; the newest *is* the index. So a build that is
killed, or runs out of disk, at any moment leaves the index as it was.

A commit file is whole when it has its name, so one that cannot be read was damaged later. That is told, and nothing is
written over it: to take the one before for the index would lose, without a word, what was acknowledged.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from ctxsearch.commit.taken_out import check_digests
from ctxsearch.digests import digest_bytes, json_bytes
from ctxsearch.errors import IndexDamaged
from ctxsearch.hindrance import reading
from ctxsearch.storage import plain_size, put_bytes, put_bytes_if_absent

VECTORS_FILE = "vectors.dat"
LISTS_FILE = "lists.npy"
CATALOG_FILE = "catalog.sqlite"
SHARD_FILE = "shard.json"
SHARD_FILES = (VECTORS_FILE, LISTS_FILE, CATALOG_FILE, SHARD_FILE)
"""The files of every shard."""
CLUSTERS_FILE = "clusters.dat"
"""A further file, of shards with a frequent word."""

_COMMIT = re.compile(r"commit-(\d{8,15})\.json")
_SHARD = re.compile(r"shard-[0-9a-f]{16}")

# Far beyond any index: no stranger's file makes us read without end.
_LONGEST = 1 << 30


@dataclass(frozen=True, slots=True)
class ShardEntry:
    """A shard as a commit names it.

    Attributes:
        shard_id: the folder's name.
        rows: occurrences.
        lemmas: posting lists.
        documents: documents, those taken out included.
        files: size and SHA-256 of every file, by name.
        removed: numbers of the documents that were taken out, in order.
    """

    shard_id: str
    rows: int
    lemmas: int
    documents: int
    files: Mapping[str, tuple[int, str]]
    removed: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Commit:
    """The state of an index.

    Attributes:
        number: counts up; 0 is an index without a commit.
        shards: in the order they were added.
        unfinished: whether the run that made this commit had more to add; the next run then passes over what is there.
        ranges: what the codec was trained to, once for the index, if it is one that is trained: two rows of numbers.
        settings: the text of ``ctxsearch.json``, so that damage to it shows and can be mended; None in a commit that
            was made before there was format 2.
        lost: ids of documents that went with damaged shards and are still to be made again; None where nobody knows
            which they were.
        taken_out: digests of the ids of documents that were removed and not added again, see `parted_digests`.
    """

    number: int = 0
    shards: tuple[ShardEntry, ...] = ()
    unfinished: bool = False
    ranges: tuple[tuple[float, ...], ...] | None = None
    settings: str | None = None
    lost: tuple[str, ...] | None = ()
    taken_out: bytes = b""


def commit_files(folder: Path) -> list[tuple[int, Path]]:
    """The commit files that there are, by number, oldest first."""
    found = ((_COMMIT.fullmatch(path.name), path) for path in folder.iterdir())
    return sorted((int(match[1]), path) for match, path in found if match)


def shard_folders(folder: Path) -> list[Path]:
    """The shard folders that there are, committed or not."""
    return sorted(path for path in folder.iterdir() if _SHARD.fullmatch(path.name))


def newest_commit(folder: Path, *, allow_damaged: bool = False) -> tuple[Commit, Path | None]:
    """The newest commit and its file; an empty one, and None, where there is none yet.

    Args:
        folder: the index.
        allow_damaged: whether one that can be read may stand for newer ones that cannot.

    Raises:
        IndexDamaged: the newest cannot be read, or, with ``allow_damaged``, none can.
    """
    numbered = commit_files(folder)
    for _, path in reversed(numbered):
        try:
            return read_commit(path), path
        except FileNotFoundError:
            return newest_commit(folder, allow_damaged=allow_damaged)  # replaced by a newer one just now
        except IndexDamaged:
            if not allow_damaged:
                raise
            if (copied := read_copy(path)) is not None:
                return copied, path
            if path == numbered[0][1]:
                raise
    return Commit(), None


def copy_path(path: Path) -> Path:
    """Where the copy of a commit file is: of all files only the commit cannot be made again from sources."""
    return path.with_suffix(".copy")


def read_copy(path: Path) -> Commit | None:
    """The commit in the copy of a commit file; None where there is none that can be read."""
    try:
        return read_commit(copy_path(path))
    except (IndexDamaged, FileNotFoundError):
        return None


def read_commit(path: Path) -> Commit:
    """The commit in a file.

    Raises:
        IndexDamaged: it is not, byte for byte, what was written.
        OSError: there is no such file, or this process is kept from it.
    """
    with reading(path, ValueError, KeyError, TypeError, AttributeError, RecursionError, missing_ok=True):
        if plain_size(path) > _LONGEST:
            raise ValueError(f"it has more than {_LONGEST:,} bytes")
        content = path.read_bytes()
        body = json.loads(content)
        # The file has one layout, so a flipped bit shows wherever it is, in white space too.
        digest = body.pop("digest")
        if digest != digest_bytes(json_bytes(body)) or content != json_bytes({**body, "digest": digest}):
            raise ValueError("its digest does not fit")
        commit = _parsed(body)
    if path.stem != commit_path(path.parent, commit.number).stem:
        raise IndexDamaged(str(path), f"it holds commit {commit.number}")
    return commit


def write_commit(folder: Path, commit: Commit) -> None:
    """Makes a commit the newest, durably.

    Raises:
        FileExistsError: another writer has made a commit of this number.
    """
    body: dict[str, object] = {
        "number": commit.number,
        "unfinished": commit.unfinished,
        "ranges": commit.ranges,
        "settings": commit.settings,
        "lost": None if commit.lost is None else list(commit.lost),
        "taken_out": b64encode(commit.taken_out).decode(),
        "shards": [
            {
                "shard_id": shard.shard_id,
                "rows": shard.rows,
                "lemmas": shard.lemmas,
                "documents": shard.documents,
                "files": {name: list(entry) for name, entry in shard.files.items()},
                "removed": list(shard.removed),
            }
            for shard in commit.shards
        ],
    }
    body["digest"] = digest_bytes(json_bytes(body))
    path = commit_path(folder, commit.number)
    # The copy first: one without its commit is nothing.
    put_bytes(copy_path(path), json_bytes(body))
    put_bytes_if_absent(path, json_bytes(body))


def commit_path(folder: Path, number: int) -> Path:
    """Where the commit of this number is, or goes."""
    return folder / f"commit-{number:08d}.json"


def _parsed(body: dict[str, Any]) -> Commit:
    """The commit in a JSON object that may be a stranger's: names and numbers are what they must be, or it is none."""
    shards = tuple(_parsed_shard(entry) for entry in _list(body["shards"]))
    ranges, settings, lost = body["ranges"], body.get("settings"), body.get("lost", [])
    if lost is not None:
        lost = tuple(str(document_id) for document_id in _list(lost))
    if ranges is not None:
        ranges = tuple(tuple(float(value) for value in _list(row)) for row in _list(ranges))
    if type(body["unfinished"]) is not bool or not isinstance(settings, str | None):
        raise ValueError("a field is not what it should be")
    taken_out = check_digests(b64decode(body.get("taken_out", ""), validate=True))
    return Commit(_count(body["number"]), shards, body["unfinished"], ranges, settings, lost, taken_out)


def _parsed_shard(entry: dict[str, Any]) -> ShardEntry:
    shard_id, files = entry["shard_id"], entry["files"]
    if not isinstance(shard_id, str) or not _SHARD.fullmatch(shard_id):
        raise ValueError(f"{shard_id!r} is no name of a shard")
    if not isinstance(files, dict) or {*files} - {CLUSTERS_FILE} != {*SHARD_FILES}:
        raise ValueError("a shard has not the files it should have")
    sized = {name: (_count(size), str(digest)) for name, (size, digest) in files.items()}
    documents = _count(entry["documents"])
    removed = tuple(_count(number) for number in _list(entry["removed"]))
    if any(before >= after for before, after in pairwise([*removed, documents])):
        raise ValueError("the documents taken out are not in order")
    return ShardEntry(shard_id, _count(entry["rows"]), _count(entry["lemmas"]), documents, sized, removed)


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"{value!r} is no list")
    return value


def _count(value: object) -> int:
    if type(value) is not int or not 0 <= value < 1 << 62:
        raise ValueError(f"{value!r} is no count")
    return value
