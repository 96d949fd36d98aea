"""Runs something in a forked child, which is killed where it does not come to an end."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

_SECONDS = 60


def in_fork(task: Callable[[], Any]) -> Any:
    """What a task gives in a forked child; where it raises an error, that is printed, and here is an EOFError."""
    processes = multiprocessing.get_context("fork")
    ours, theirs = processes.Pipe(duplex=False)
    child = processes.Process(target=_answer, args=(task, theirs))
    child.start()
    theirs.close()
    try:
        if not ours.poll(_SECONDS):
            raise TimeoutError("The forked child hangs.")
        return ours.recv()
    finally:
        child.kill()
        child.join()
        ours.close()


def _answer(task: Callable[[], Any], to: Connection) -> None:
    to.send(task())
