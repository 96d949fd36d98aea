"""Reads an index with hardly a descriptor to spare, or without the right to, and tells what comes of it.

A process of its own: it sets limits that it cannot lift again, and gives up rights. Started with a folder that holds an
index and with what is to be scarce, it prints a JSON object an attempt.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from conftest import WindowEncoder

from ctxsearch import Index

ENCODER = WindowEncoder()
NOBODY = 65534


def _opened(folder: Path, ask: Callable[[Index], object], *, allow_damaged: bool = False) -> object:
    with Index.open(folder, encoder=ENCODER, allow_damaged=allow_damaged) as index:
        return ask(index)


ACTIONS: dict[str, Callable[[Path], object]] = {
    "concordance": lambda folder: _opened(folder, lambda index: index.concordance("bank")),
    "allowing": lambda folder: _opened(folder, lambda index: index.concordance("bank"), allow_damaged=True),
    "info": lambda folder: _opened(folder, Index.info),
    "remove": lambda folder: _opened(folder, lambda index: index.remove("nobody", missing_ok=True)),
    "add": lambda folder: _opened(folder, lambda index: index.add([])),
    "verify": lambda folder: len(Index.verify(folder, encoder=ENCODER).problems),
    "quick": lambda folder: len(Index.verify(folder, quick=True, encoder=ENCODER).problems),
    "repair": lambda folder: len(Index.repair(folder, encoder=ENCODER).problems),
}


def _attempts(folder: Path, how: str, answers: dict[str, object]) -> None:
    for name, action in ACTIONS.items():
        told: dict[str, object] = {"action": name, "how": how, "error": "", "path": "", "same": True}
        try:
            told["same"] = action(folder) == answers.get(name)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test is told
            told |= {"error": type(error).__name__, "path": getattr(error, "filename", None) or str(error)}
        print(json.dumps(told), flush=True)
        # Python 3.13's contextlib keeps what an error passed through in a cycle, with the file that was open there.
        gc.collect()


def main() -> None:
    """Does what the arguments say."""
    folder, scarce = Path(sys.argv[1]), sys.argv[2]
    answers = {name: action(folder) for name, action in ACTIONS.items()}  # all modules are loaded after this
    if scarce == "descriptors":
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        free = os.open(os.devnull, os.O_RDONLY)
        os.close(free)
        for spare in (*range(1, 12), 30):
            resource.setrlimit(resource.RLIMIT_NOFILE, (free + spare, hard))
            _attempts(folder, f"{spare} to spare", answers)
        return
    name = scarce
    with tempfile.TemporaryDirectory() as public:
        copied = Path(public) / "index"
        shutil.copytree(folder, copied)
        for path in (Path(public), copied, *copied.glob("shard-*")):
            path.chmod(0o777)
        (copied / "lock").chmod(0o666)
        for path in copied.glob(name):
            path.chmod(0)
        user = os.geteuid()
        if user == 0:  # whom no file is closed to
            os.seteuid(NOBODY)
        _attempts(copied, f"{name} closed", answers)
        os.seteuid(user)


if __name__ == "__main__":
    main()
