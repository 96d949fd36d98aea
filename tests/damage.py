"""Damages the files of an index one after the other, and tells what comes of it; a process of its own, for it may die.

Started with a folder that holds an index, a seed and a number, it prints a JSON object a case. Before each it prints
what it is going to do, so that a case that kills the process is known.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Sequence
from pathlib import Path

from faults import WatchedDisk, damaged, disk_in_place
from torture import ENCODER, state

from ctxsearch import CtxSearchError, Index
from ctxsearch.commit import read_damage

KINDS = ("ctxsearch.json", "commit", "shard.json", "vectors.dat", "lists.npy", "catalog.sqlite")
ANY = object()
"""What an index may answer whose damage nobody has looked for yet."""


def kind_of(path: Path) -> str:
    """The kind of a file."""
    return "commit" if path.name.startswith("commit-") else path.name


def files_by_kind(folder: Path) -> dict[str, list[Path]]:
    """The files of an index that matter."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "lock")
    return {kind: [path for path in paths if kind_of(path) == kind] for kind in KINDS}


def cases(folder: Path, seed: int, count: int) -> Sequence[tuple[Path, str, random.Random]]:
    """Some damages: the file, how it is damaged, and what chooses the place."""
    chance = random.Random(seed)
    files = files_by_kind(folder)
    ways = ("flipped", "flipped", "flipped", "flipped", "cut", "cut", "zeroed")
    return [
        (chance.choice(files[KINDS[number % len(KINDS)]]), chance.choice(ways), random.Random(chance.random()))
        for number in range(count)
    ]


def _answer(folder: Path, expected: object, *, allow_damaged: bool = False) -> str:
    """What a query comes to, in a word; an error that is not ours comes out."""
    try:
        index = Index.open(folder, encoder=ENCODER, allow_damaged=allow_damaged)
    except CtxSearchError:
        return "refused"
    with index:
        try:
            # The last of all is the number of documents, which counts nothing that is left out.
            found = index.query("They sat on the [bank] of the river.", any_word=True, k=None)
        except CtxSearchError:
            return "refused"
        lines = [(line.key, line.score, line.left, line.node, line.right, *line.metadata.values()) for line in found]
        if expected is ANY:
            return "answered"
        assert isinstance(expected, tuple)
        if lines == list(expected[:-1]):
            return "same"
        if any(name.startswith("commit-") for name in index.left_out):
            return "older and told"
        return "less and told" if index.left_out and set(lines) < set(expected) else "CHANGED"


def main() -> None:
    """Does what the arguments say."""
    folder, seed, count = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    expected = state(folder)
    for path, how, chance in cases(folder, seed, count):
        print(f"{path} {how}", flush=True)
        content = path.read_bytes()
        path.write_bytes(damaged(content, how, chance))
        with disk_in_place(WatchedDisk()):
            before = _answer(folder, ANY)
            quick = Index.verify(folder, quick=True, encoder=ENCODER)
            whole = Index.verify(folder, encoder=ENCODER)
            told = {
                "kind": kind_of(path),
                "how": how,
                "before": before,
                "quick": [problem.path for problem in quick.problems],
                "whole": [problem.path for problem in whole.problems],
                "path": str(path),
                "strict": _answer(folder, expected),
                "allowed": _answer(folder, expected, allow_damaged=True),
            }
            path.write_bytes(content)
            mended = Index.verify(folder, encoder=ENCODER)
            told["mended"] = not mended.problems and not read_damage(folder) and _answer(folder, expected) == "same"
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
