"""Files that survive a power cut: written beside their goal, fsynced, then put in place; and their digests."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import IO

TEMPORARY_PREFIX = ".tmp-"

_READ_SIZE = 1 << 20


def sync(file: IO[bytes]) -> None:
    """Forces what was written to a file onto the disk."""
    file.flush()
    os.fsync(file.fileno())


def sync_file(path: Path) -> None:
    """Forces a file that somebody else wrote (SQLite, say) onto the disk."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def sync_folder(path: Path) -> None:
    """Forces a folder's entries onto the disk, so that a file put into it is still there after a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def put_bytes_if_absent(path: Path, content: bytes) -> None:
    """Writes a file whole and durably, or not at all.

    Raises:
        FileExistsError: the file is there already; it is left as it is.
    """
    temporary = path.with_name(f"{TEMPORARY_PREFIX}{os.getpid()}-{path.name}")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            sync(file)
        os.link(temporary, path)  # fails where the name is taken, which a rename does not
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


def json_bytes(content: Mapping[str, object]) -> bytes:
    """JSON for people and for digests: sorted keys, one fixed layout."""
    return (json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def digest_bytes(content: bytes) -> str:
    """The SHA-256 of some bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def digest_files(*paths: Path) -> str:
    """The SHA-256 of some files read one after the other, in hexadecimal."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            while block := file.read(_READ_SIZE):
                digest.update(block)
    return digest.hexdigest()
