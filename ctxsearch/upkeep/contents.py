"""Whether a file still has the content that was written."""

from __future__ import annotations

from pathlib import Path

from ctxsearch.digests import digest_files
from ctxsearch.hindrance import reading
from ctxsearch.storage import plain_size


def size_problem(path: Path, size: int) -> str:
    """What is wrong with a file by its size; empty if nothing.

    Raises:
        IndexDamaged: it is missing.
        OSError: this process is kept from it.
    """
    with reading(path):
        found = plain_size(path)
    return "" if found == size else f"it has {found:,} bytes where {size:,} are expected"


def content_problem(path: Path, size: int, digest: str) -> str:
    """What is wrong with a file, every byte of which is read; empty if nothing.

    Args:
        path: of the file.
        size: as a commit has it.
        digest: likewise, SHA-256.

    Raises:
        IndexDamaged: it is missing.
        OSError: this process is kept from it.
    """
    if problem := size_problem(path, size):
        return problem
    with reading(path):
        return "" if digest_files(path) == digest else "its content is not what was written"
