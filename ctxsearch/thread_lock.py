"""Locks between the threads of a process that may be forked.

A child has only the thread that forked, and a lock that another one held then would never be let go of there. So a
child either has locks of its own, or the fork waits until nobody holds one.
"""

from __future__ import annotations

import os
from threading import RLock
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

if TYPE_CHECKING:
    from contextlib import AbstractContextManager


class ThreadLock:
    """A lock that nobody holds in a child that was just forked: what it guards can be read at any moment."""

    def __init__(self) -> None:
        self._of_process: dict[int, AbstractContextManager[object]] = {}

    def here(self) -> AbstractContextManager[object]:
        """The lock, for a ``with``; the thread that holds it may take it again."""
        lock = self._of_process.get(own := os.getpid())
        # One that another thread has made meanwhile stays.
        return self._of_process.setdefault(own, RLock()) if lock is None else lock


class _Awaited:
    """The locks that a fork waits for."""

    def __init__(self) -> None:
        self._listing = RLock()
        self._all: WeakSet[Any] = WeakSet()
        self._taken: list[Any] = []

    def new(self) -> AbstractContextManager[object]:
        lock = RLock()
        with self._listing:
            self._all.add(lock)
        return lock

    def take(self) -> None:
        self._listing.acquire()
        for lock in list(self._all):
            lock.acquire()
            self._taken.append(lock)

    def let_go(self) -> None:
        while self._taken:
            self._taken.pop().release()
        self._listing.release()


_AWAITED = _Awaited()
os.register_at_fork(before=_AWAITED.take, after_in_parent=_AWAITED.let_go, after_in_child=_AWAITED.let_go)


def awaited_lock() -> AbstractContextManager[object]:
    """A lock that a fork waits for, for a ``with``: of what a child could not use while a thread is inside.

    Whoever holds it makes no other such lock, and takes none, or the fork and it would wait for each other.
    """
    return _AWAITED.new()
