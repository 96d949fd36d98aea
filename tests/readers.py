"""Readers of an index that others write to: processes that look at it again and again, and tell what they saw.

Started with a folder that holds an index, the number of readers and a file: they go on until the file is there. The
writer changes the six documents ``set-...`` always in one commit, and adds and removes those of a pair together.
"""

from __future__ import annotations

import json
import os
import sys
from itertools import count
from pathlib import Path

from conftest import WindowEncoder

from ctxsearch import Document, Index

SET = 6


def version_set(version: int) -> list[Document]:
    """The documents that are always changed together."""
    text = "They rowed to the bank of the river in edition"
    return [Document(f"set-{n}", f"{text} {version} of {n}.", {"version": version}) for n in range(SET)]


def pair(version: int) -> list[Document]:
    """The documents that come and go together."""
    return [Document(f"pair-{side}-{version}", f"The bank {side}.", {"version": version}) for side in "ab"]


def seen_version(index: Index) -> int:
    """The version that an index shows, which must be a whole one."""
    lines = index.concordance("bank", order="corpus")
    versions = [line.metadata["version"] for line in lines if line.document_id.startswith("set-")]
    assert len(versions) == SET, lines
    assert len(set(versions)) == 1, lines
    pairs = sorted(line.document_id for line in lines if line.document_id.startswith("pair-"))
    assert pairs in ([], [f"pair-a-{versions[0]}", f"pair-b-{versions[0]}"]), pairs
    found = {line.key for line in index.query("We sat on the [bank].", k=None)}
    assert found == {line.key for line in lines}
    assert all(line.node == "bank" for line in lines)
    version = versions[0]
    assert isinstance(version, int)
    return version


def read(folder: Path, stop: Path) -> dict[str, int]:
    """Opens the index again and again, keeps it for a while, and looks."""
    looks, versions, last = 0, set(), -1
    for number in count():
        if number == 1:
            os.write(1, b"ready\n")
        if stop.exists():
            break
        with Index.open(folder, encoder=WindowEncoder()) as index:
            version = seen_version(index)
            assert version >= last, (version, last)
            versions.add(version)
            last = version
            for _ in range(number % 4 * 5):
                assert seen_version(index) == version
                looks += 1
            looks += 1
    return {"looks": looks, "versions": len(versions)}


def main() -> None:
    """Forks the readers, and waits for them."""
    folder, readers, stop = Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    children = []
    for _ in range(readers):
        child = os.fork()
        if not child:
            status = 1
            try:
                os.write(1, f"{json.dumps(read(folder, stop))}\n".encode())
                status = 0
            except BaseException as error:
                sys.stderr.write(f"{error!r}\n")
                sys.stderr.flush()
                raise
            finally:
                os._exit(status)
        children.append(child)
    failed = sum(os.waitpid(child, 0)[1] != 0 for child in children)
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
