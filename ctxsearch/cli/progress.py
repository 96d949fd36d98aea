"""A progress bar with rate and time left, on standard error, only where that is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ctxsearch import domain

if TYPE_CHECKING:
    from rich.progress import Progress

    from ctxsearch.corpus import Corpus


@contextmanager
def count_bar(what: str, unit: str) -> Iterator[Callable[[domain.Progress], None] | None]:
    """Draws how much of what is to be done is done."""
    if not sys.stderr.isatty():
        yield None
        return
    with _bar(what, f"{{task.completed:,.0f}} {unit}") as bar:
        task = bar.add_task(what, total=None)
        yield lambda progress: bar.update(task, completed=progress.done, total=progress.total)


@contextmanager
def stage_bar(unit: str) -> Iterator[Callable[[domain.Progress], None] | None]:
    """Draws how much of each stage of some work is done, one stage after the other."""
    if not sys.stderr.isatty():
        yield None
        return
    with _bar("{task.description}", f"{{task.completed:,.0f}} {unit}") as bar:
        task = bar.add_task("reading", total=None)

        def show(progress: domain.Progress) -> None:
            if bar.tasks[0].description != progress.stage:
                bar.reset(task, description=progress.stage)
            bar.update(task, completed=progress.done, total=progress.total)

        yield show


def _bar(what: str, counted: str) -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    return Progress(
        TextColumn(what),
        BarColumn(),
        TextColumn(f"{{task.percentage:>3.0f}}%  {counted}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )


@contextmanager
def progress_bar(corpus: Corpus) -> Iterator[Callable[[domain.Progress], None] | None]:
    """Draws how much of a corpus has been indexed.

    How many words there will be nobody knows; how many bytes, and how many have been read, is known. So the bar goes by
    the share of the bytes whose words are encoded.
    """
    if not sys.stderr.isatty():
        yield None
        return
    with _bar("indexing", "{task.fields[words]:,} words  {task.fields[rate]:,.0f} words/s") as bar:
        task = bar.add_task("indexing", total=corpus.total_bytes or 1, words=0, rate=0.0)

        def show(progress: domain.Progress) -> None:
            elapsed = bar.tasks[0].elapsed or 0.0
            bar.update(
                task,
                completed=corpus.bytes_read * progress.done / (progress.total or 1),
                words=progress.done,
                rate=progress.done / elapsed if elapsed > 0 else 0.0,
            )

        yield show
