"""Spreads batches over the processor: each core a batch of its own, rather than all cores at one.

torch lets its threads share every operation, and each waits for the slowest, more so when another thread of the same
process sorts and writes. With a batch to each lane nobody waits, and a single sentence occupies one core only.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import torch


class Lanes:
    """Runs batches, several at once where that is faster.

    Args:
        device: where the model is; a GPU takes one batch after the other.
    """

    def __init__(self, device: torch.device) -> None:
        self._count = torch.get_num_threads() if device.type == "cpu" else 1
        # By process: a child that was forked has none of the threads that it believes to have.
        self._pools: dict[int, ThreadPoolExecutor] = {}

    def run(self, task: Callable[[Sequence[int]], None], batches: Sequence[Sequence[int]]) -> None:
        """Runs a task on every batch, and waits for all; the first error is raised.

        May be called by several threads at once: the batches of the first then come first.
        """
        if self._count == 1:
            for batch in batches:
                task(batch)
            return
        pool = self._pools.get(own := os.getpid())
        if pool is None:  # one that another thread has made meanwhile stays
            pool = self._pools.setdefault(own, ThreadPoolExecutor(self._count, "ctxsearch-lane", _one_thread))
        for _ in pool.map(task, batches):
            pass

    @contextmanager
    def beside(self) -> Iterator[None]:
        """What is done inside has one thread of torch: more would wait busily for each other while the lanes work.

        And in a process that was forked once they were there, it would wait for them for ever.
        """
        threads = torch.get_num_threads()
        if self._count == 1 or threads == 1:
            yield
            return
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(threads)


def _one_thread() -> None:
    # torch gives a thread the number that was set last, by whatever thread, when this one first asks for it. Asked for
    # here, it is not given to the thread again, and what is set stays.
    torch.get_num_threads()
    torch.set_num_threads(1)
