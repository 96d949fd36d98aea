"""Digests of bytes and files, and the JSON that has one: they tell whether anything is what it was."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

_READ_SIZE = 1 << 20


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
