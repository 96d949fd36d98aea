"""A process that lives to be killed: a server that has everything imported, and forks a child for each run of steps.

It reads one JSON object a line: where, the steps from which to which, at which call of the disk the child kills itself
(or waits for it), and whether it is the mutant that acknowledges before it commits. What the child writes comes out on
the same pipe: its process number, and an acknowledgement after each step.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from faults import KillingDisk, WatchedDisk, disk_in_place
from torture import BACKUPS, steps

import ctxsearch.adding
import ctxsearch.upkeep.compaction
import ctxsearch.upkeep.removing
from ctxsearch.commit import Commit, write_commit

_LATE: list[tuple[Path, Commit]] = []


def _say(line: str) -> None:
    os.write(1, f"{line}\n".encode())


def _acknowledge_early() -> None:
    """Makes of this process one that says a change is done before it has written the commit."""
    for module in (ctxsearch.adding, ctxsearch.upkeep.compaction, ctxsearch.upkeep.removing):
        module.write_commit = lambda folder, commit: _LATE.append((folder, commit))  # type: ignore[attr-defined]


def _run(task: dict[str, object]) -> None:
    _say(f"pid {os.getpid()}")
    if task["mutant"]:
        _acknowledge_early()
    todo = steps()
    disk = KillingDisk(task["at"], task["how"]) if task["at"] else WatchedDisk()  # type: ignore[arg-type]
    with disk_in_place(disk):
        for number in range(task["first"], task["last"]):  # type: ignore[call-overload]
            todo[number].run(Path(str(task["root"])))
            _say(f"done {number}")
            while _LATE:
                write_commit(*_LATE.pop(0))
    if not task["at"]:
        signal.pause()  # killed from outside, and sooner or later it is


def _warm_up() -> None:
    """Runs everything once, so that what is imported when it is first used is there before the forks."""
    with TemporaryDirectory() as folder, disk_in_place(WatchedDisk()):
        (Path(folder) / BACKUPS).mkdir()
        for step in steps():
            step.run(Path(folder))


def main() -> None:
    """Forks for every line."""
    _warm_up()
    for line in sys.stdin:
        child = os.fork()
        if not child:
            try:
                _run(json.loads(line))
            finally:
                sys.stderr.flush()
                os._exit(0)
        _, status = os.waitpid(child, 0)
        _say(f"\nend {status}")  # on a line of its own, whatever the kill has torn


if __name__ == "__main__":
    main()
