"""The commits of an index: which shards it is made of at a moment.

``commit-00000042.json`` names the shards with the sizes and digests of their files, and the documents taken out of
them. It is written last, durably, under a name that must be free; the newest valid one *is* the index. So a build
that is killed, or runs out of disk, at any moment leaves the index as it was.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ctxsearch.errors import IndexDamaged
from ctxsearch.storage import digest_bytes, json_bytes, put_bytes_if_absent

_COMMIT = re.compile(r"commit-(\d{8,})\.json")
_SHARD = re.compile(r"shard-[0-9a-f]{16}")

# The commit before stays, for readers that have just listed the folder.
_KEPT = 2


@dataclass(frozen=True, slots=True)
class ShardEntry:
    """A shard as a commit names it.

    Attributes:
        shard_id: the folder's name.
        rows: occurrences.
        lemmas: posting lists.
        documents: documents, those taken out included.
        files: size and SHA-256 of every file, by name.
        removed: numbers of the documents that were taken out.
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
    """

    number: int = 0
    shards: tuple[ShardEntry, ...] = ()
    unfinished: bool = False
    ranges: tuple[tuple[float, ...], ...] | None = None


def read_commit(folder: Path) -> Commit:
    """The newest valid commit; an empty one where there is none yet.

    Raises:
        IndexDamaged: there are commits, and none is valid.
    """
    numbered = _commits(folder)
    for number, path in reversed(numbered):
        commit = _parse(path)
        if commit is not None and commit.number == number:
            return commit
    if numbered:
        raise IndexDamaged(str(numbered[-1][1]), "no commit file is valid")
    return Commit()


def write_commit(folder: Path, commit: Commit) -> None:
    """Makes a commit the newest, durably, and forgets old ones.

    Raises:
        FileExistsError: another writer has made a commit of this number.
    """
    body: dict[str, object] = {
        "number": commit.number,
        "unfinished": commit.unfinished,
        "ranges": commit.ranges,
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
    put_bytes_if_absent(folder / f"commit-{commit.number:08d}.json", json_bytes(body))
    for _, path in _commits(folder)[:-_KEPT]:
        path.unlink(missing_ok=True)


def drop_invalid(folder: Path, newest: Commit) -> None:
    """Removes commit files that are newer than the newest valid one; only the holder of the lock may."""
    for number, path in _commits(folder):
        if number > newest.number:
            path.unlink(missing_ok=True)


def shard_folders(folder: Path) -> list[Path]:
    """The shard folders that there are, committed or not."""
    return sorted(path for path in folder.iterdir() if _SHARD.fullmatch(path.name))


def _commits(folder: Path) -> list[tuple[int, Path]]:
    found = ((_COMMIT.fullmatch(path.name), path) for path in folder.iterdir())
    return sorted((int(match[1]), path) for match, path in found if match)


def _parse(path: Path) -> Commit | None:
    try:
        body = json.loads(path.read_bytes())
        digest = body.pop("digest")
        if digest != digest_bytes(json_bytes(body)):
            return None
        shards = tuple(
            ShardEntry(
                entry["shard_id"],
                entry["rows"],
                entry["lemmas"],
                entry["documents"],
                {name: (size, file_digest) for name, (size, file_digest) in entry["files"].items()},
                tuple(entry["removed"]),
            )
            for entry in body["shards"]
        )
        if not all(_SHARD.fullmatch(shard.shard_id) for shard in shards):
            return None
        ranges = body["ranges"]
        return Commit(body["number"], shards, body["unfinished"], ranges and tuple(tuple(row) for row in ranges))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
