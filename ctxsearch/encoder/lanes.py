"""Spreads batches over the processor: each core a batch of its own, rather than all cores at one.

torch lets its threads share every operation, and each waits for the slowest, more so when another thread of the same
process sorts and writes. With a batch to each lane nobody waits, and a single sentence occupies one core only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Lock

import torch


class Lanes:
    """Runs batches, several at once where that is faster.

    Args:
        device: where the model is; a GPU takes one batch after the other.
    """

    def __init__(self, device: torch.device) -> None:
        self._count = torch.get_num_threads() if device.type == "cpu" else 1
        self._pool: ThreadPoolExecutor | None = None
        self._lock = Lock()

    def run(self, task: Callable[[Sequence[int]], None], batches: Sequence[Sequence[int]]) -> None:
        """Runs a task on every batch, and waits for all; the first error is raised.

        May be called by several threads at once: the batches of the first then come first.
        """
        if self._count == 1:
            for batch in batches:
                task(batch)
            return
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self._count, "ctxsearch-lane", _one_thread)
        for _ in self._pool.map(task, batches):
            pass

    @contextmanager
    def beside(self) -> Iterator[None]:
        """What is done inside has one thread of torch: more would wait busily for each other while the lanes work."""
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
