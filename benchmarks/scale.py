"""How an index grows: time, disk, memory, opening and latency at 1, 10 and 100 million occurrences, on one machine.

    ctxsearch index noad DOCUMENTS.jsonl.gz
    python benchmarks/scale.py noad [--millions 1 10 100] [--codec sq8] [--folder /big] [--json FILE] [--plot FILE]

**A simulation**, see `simulation.py`: words and vectors are drawn from the index given. So sizes, opening, memory and
latency are those of real code over real files; the time to write them is that without analysis, model and sorting; of
the quality of answers this says nothing. ``like`` asks, since it needs no model. Of the most frequent word the first
lines are listed, in the order of the corpus and sorted, some are drawn, and its forms and collocates are counted.

Whatever opens or asks is timed in a process of its own. "Cold" is after the kernel was asked to forget the index's
files, which Linux does (a disk's own cache it cannot empty); "first" is the first ``like`` of a word in such a process,
p50 and p95 are of those after it, whose lines nobody has read either; then all is asked again, which is the third
number. "Own memory" is what a process has for itself (RssAnon); "with mapped pages" (VmRSS)
counts the pages of the index's files that it has mapped too, which the kernel takes back whenever it likes, and those
of libraries. Without ``/proc`` the first is left out, and the second is the most that there was.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from asking import frequencies, milliseconds, quantiles, words_of_frequency
from results import NOTHING, Result, draw_lines, parser, plain_ticks, readable, run
from simulation import Simulated, real_parts, simulate

from ctxsearch.index import Index
from ctxsearch.query.found import Found
from ctxsearch.query.lines import lines
from ctxsearch.query.scope import rows_of_lemma
from ctxsearch.vectors.codec import Codec

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BUCKETS = (100, 1_000, 10_000, 100_000, 1_000_000)
MOST = "most frequent"
WORDS_EACH = 3
ROUNDS = 20
K = 20

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Memory:
    """Megabytes that a process has; None where the system does not say."""

    own: float | None
    with_mapped_pages: float


@dataclass(frozen=True)
class Opened:
    """What it takes to open an index: milliseconds, and the memory before and after."""

    ms: float
    before: Memory
    after: Memory


@dataclass(frozen=True)
class Asked:
    """Milliseconds of `like`, lines and all, for words of about one frequency; ``again`` is the p50 of asking again.

    The lines of the first answers were not in memory before, nor, of a word searched in part, most of its codes.
    """

    occurrences: float
    p50: float
    p95: float
    first: float
    again: float


@dataclass(frozen=True)
class Concordance:
    """Seconds that the concordance of the most frequent word takes, and the most memory that the process had, in MB."""

    occurrences: int
    seconds: Mapping[str, float]
    most_memory: float


@dataclass(frozen=True)
class Step:
    """An index of one size, and what was measured of it."""

    occurrences: int
    codec: str
    shards: int
    seconds: float
    stages: Mapping[str, float]
    bytes: int
    cold: Opened | None
    warm: Opened
    after_queries: Memory
    like: Mapping[str, Asked]
    concordance: Concordance


def memory() -> Memory:
    """What this process has now."""
    kilobytes = _kilobytes()
    return Memory(kilobytes["RssAnon:"] / 1e3, kilobytes["VmRSS:"] / 1e3) if kilobytes else Memory(None, most_memory())


def most_memory() -> float:
    """The most megabytes that this process had; for ``ru_maxrss`` a new process has those of its parent."""
    if kilobytes := _kilobytes():
        return kilobytes["VmHWM:"] / 1e3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def _kilobytes() -> dict[str, int]:
    """What the system says of this process's memory, by the names it has there; nothing where it has no ``/proc``."""
    try:
        status = Path("/proc/self/status").read_text(encoding="utf-8")
    except OSError:
        return {}
    return {line.split()[0]: int(line.split()[1]) for line in status.splitlines() if line.endswith(" kB")}


def forget(folder: Path) -> bool:
    """Asks the kernel to forget the files of a folder; whether there is a way to."""
    if not hasattr(os, "posix_fadvise"):
        return False
    for path in (path for path in folder.rglob("*") if path.is_file()):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(descriptor)
    return True


def in_process(call: Callable[..., Answer], *arguments: object) -> Answer:
    """What a call returns in a new process."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as processes:
        return processes.submit(call, *arguments).result()


def opened(path: Path) -> Opened:
    """Opens an index with all its shards; what Python has to import was imported before."""
    before = memory()

    def open_all() -> None:
        for shard in Index.open(path).open_shards():
            _ = shard.vectors

    taken = milliseconds(open_all)
    return Opened(taken, before, memory())


def asked(path: Path, keys: Mapping[str, Sequence[Sequence[str]]]) -> tuple[dict[str, dict[str, float]], Memory]:
    """Milliseconds of `like`, by frequency, each of some words, each by some keys: see `Asked`."""
    found = {}
    with Index.open(path) as index:
        index.open_shards()
        for bucket, of_words in keys.items():
            times = []
            for _ in ("first", "again"):
                for key in chain.from_iterable(of_words):
                    start = time.perf_counter()
                    answer = index.like([key], k=K)
                    times.append(1000 * (time.perf_counter() - start))
                    if not answer:
                        raise RuntimeError(f"nothing is like {key}")
            first, again = np.array(times).reshape(2, len(of_words), -1)
            rest = quantiles(first[:, 1:].ravel().tolist())
            found[bucket] = {
                "p50": rest["p50"],
                "p95": rest["p95"],
                "first": float(np.median(first[:, 0])),
                "again": float(np.median(again)),
            }
        return found, memory()


def drawn_keys(path: Path) -> tuple[dict[str, list[list[str]]], dict[str, float], str]:
    """Keys of some uses of some words, and how often these occur, by frequency; and the most frequent word."""
    random = np.random.default_rng(0)
    keys: dict[str, list[list[str]]] = {}
    occurrences: dict[str, float] = {}
    with Index.open(path) as index:
        shards = index.open_shards()
        counts = frequencies(index)
        most = max(counts, key=lambda word: counts[word])
        # In no other class: its first `like` must be one.
        others = {word: count for word, count in counts.items() if word != most}
        wanted = {f"{bucket:,}": words_of_frequency(others, bucket, WORDS_EACH) for bucket in BUCKETS}
        wanted[MOST] = [most]
        for bucket, words in wanted.items():
            for word in words:
                # Not by a concordance: of a word of millions of uses it would list them all first.
                parts = [(number, part) for number, shard in enumerate(shards) for part in rows_of_lemma(shard, word)]
                ends = np.cumsum([part.stop - part.start for _, part in parts])
                found = []
                for place in random.integers(0, ends[-1], ROUNDS + 1).tolist():
                    at = int(np.searchsorted(ends, place, side="right"))
                    number, part = parts[at]
                    found.append(Found(number, part.stop - (int(ends[at]) - place), None))
                keys.setdefault(bucket, []).append([line.key for line in lines(shards, found, 0)])
            if words:
                occurrences[bucket] = float(np.mean([counts[word] for word in words]))
    return keys, occurrences, most


def listed(path: Path, word: str) -> Concordance:
    """What the lines of a word take: the first, a sample, counts, the first of all when sorted, and collocates."""
    with Index.open(path) as index:
        count = index.count(word)
        calls: dict[str, Callable[[], object]] = {
            f"first {K}": lambda: index.concordance(word, limit=K),
            "sample": lambda: index.concordance(word, sample=K),
            "by form": lambda: index.frequencies(word, "form"),
            "sorted": lambda: index.concordance(word, limit=K, order="right"),
            "collocates": lambda: index.collocations(word),
        }
        return Concordance(
            count, {name: round(milliseconds(call) / 1000, 4) for name, call in calls.items()}, most_memory()
        )


def measured(path: Path, made: Simulated, codec: str) -> Step:
    """What an index costs, as it is."""
    is_cold = forget(path)
    cold = in_process(opened, path)
    warm = min((in_process(opened, path) for _ in range(3)), key=lambda one: one.ms)
    keys, occurrences, most = in_process(drawn_keys, path)
    forget(path)
    times, after = in_process(asked, path, keys)
    return Step(
        occurrences=made.occurrences,
        codec=codec,
        shards=made.shards,
        seconds=round(sum(made.seconds.values()), 1),
        stages=made.seconds,
        bytes=sum(file.stat().st_size for file in path.rglob("*") if file.is_file()),
        cold=cold if is_cold else None,
        warm=warm,
        after_queries=after,
        like={
            bucket: Asked(round(occurrences[bucket]), **{name: round(one, 3) for name, one in of_bucket.items()})
            for bucket, of_bucket in times.items()
        },
        concordance=in_process(listed, path, most),
    )


def measure(arguments: argparse.Namespace) -> Result:
    """Makes an index of each size, measures it, and removes it."""
    steps = []
    sizes = sorted(int(millions * 1e6) for millions in arguments.millions)
    if sizes[0] < 1:
        raise SystemExit("An index of no occurrences says nothing; give --millions above 0.")
    with Index.open(arguments.index) as index:
        real = real_parts(index)
        for size in sizes:
            with tempfile.TemporaryDirectory(dir=arguments.folder, prefix="ctxsearch-scale-") as folder:
                path = Path(folder, "index")
                made = simulate(real, path, size, arguments.codec, telling(size))
                print(f"\r{size:,} occurrences: measuring           ", file=sys.stderr)
                with Index.open(path) as simulated:
                    codec = simulated.settings.codec
                steps.append(measured(path, made, codec))
    buckets = [f"{bucket:,}" for bucket in BUCKETS if any(f"{bucket:,}" in step.like for step in steps)] + [MOST]
    return Result(
        f"An index that grows (simulated, codec {steps[0].codec})",
        [
            *(
                "occurrences",
                "written in, s",
                "GB",
                "bytes each",
                "opened cold, ms",
                "warm",
                "MB opened",
                "with mapped",
            ),
            *("MB asked", "with mapped", *(f"like {bucket}" for bucket in buckets)),
            *(f"{name} of {MOST}, s" for name in steps[0].concordance.seconds),
            "MB at most",
        ],
        [_row(step, buckets) for step in steps],
        [asdict(step) for step in steps],
        lambda figure: draw(figure, steps),
        size=(11, 7),
    )


def telling(size: int) -> Callable[[int], None]:
    """Tells on standard error how far an index of a size is; on a terminal often, elsewhere ten times."""
    start = time.perf_counter()
    step = size // (1000 if sys.stderr.isatty() else 10) or 1
    told = 0

    def tell(done: int) -> None:
        nonlocal told
        if done - told >= step or done == size:
            told = done
            rate = done / (time.perf_counter() - start)
            end = "" if sys.stderr.isatty() else "\n"
            print(f"\r{done:,} of {size:,} occurrences, {rate:,.0f}/s", end=end, file=sys.stderr, flush=True)

    return tell


def _row(step: Step, buckets: Sequence[str]) -> list[str]:
    opened, asked = step.warm.after, step.after_queries
    return [
        f"{step.occurrences:,}",
        readable(step.seconds),
        readable(step.bytes / 1e9),
        readable(step.bytes / step.occurrences),
        readable(step.cold.ms) if step.cold else NOTHING,
        readable(step.warm.ms),
        NOTHING if opened.own is None else readable(opened.own),
        readable(opened.with_mapped_pages),
        NOTHING if asked.own is None else readable(asked.own),
        readable(asked.with_mapped_pages),
        *(
            " / ".join(readable(getattr(step.like[bucket], name)) for name in ("p50", "p95", "again"))
            if bucket in step.like
            else NOTHING
            for bucket in buckets
        ),
        *(readable(seconds) for seconds in step.concordance.seconds.values()),
        readable(step.concordance.most_memory),
    ]


def draw(figure: Figure, steps: Sequence[Step]) -> None:
    """Six small plots: four of what grows with the index, and two of latency against frequency."""
    (time_axes, disk_axes, memory_axes), (open_axes, like_axes, first_axes) = figure.subplots(2, 3)
    sizes = [step.occurrences for step in steps]

    def grow(axes: Axes, title: str, unit: str, lines: Mapping[str, Sequence[float]]) -> None:
        for label, values in lines.items():
            axes.loglog(sizes, values, marker="o", label=label)
        axes.set(title=title, xlabel="occurrences in the index", ylabel=unit)
        if len(lines) > 1:
            axes.legend(frameon=False, fontsize=8)

    grow(time_axes, "Writing, without a model", "seconds", {"": [step.seconds for step in steps]})
    grow(disk_axes, "Disk", "GB", {"": [step.bytes / 1e9 for step in steps]})
    kept = {"opened": [step.warm.after for step in steps], "after queries": [step.after_queries for step in steps]}
    of_memory = {f"{name}, own": [one.own for one in values if one.own] for name, values in kept.items()}
    of_memory |= {
        f"{name}, with mapped pages": [one.with_mapped_pages for one in these] for name, these in kept.items()
    }
    grow(memory_axes, "Memory", "MB", {name: values for name, values in of_memory.items() if values})
    opening = {"warm": [step.warm.ms for step in steps]}
    if cold := [step.cold.ms for step in steps if step.cold]:
        opening["cold"] = cold
    grow(open_axes, "Opening", "milliseconds", opening)
    for number, step in enumerate(steps):
        label, colour = f"{step.occurrences / 1e6:g} million", f"C{number}"
        asked = sorted(step.like.values(), key=lambda one: one.occurrences)
        places = [one.occurrences for one in asked]
        draw_lines(first_axes, label, places, {"": [one.first for one in asked]}, colour)
        draw_lines(like_axes, "", places, {"": [one.p50 for one in asked], "p95": [one.p95 for one in asked]}, colour)
    like_axes.set_title(f"like, k = {K}, with lines: p50, and dashed p95")
    first_axes.set_title("The first like of a word, cold")
    first_axes.legend(title="index of", frameon=False, fontsize=8)
    for axes in (like_axes, first_axes):
        axes.set(xlabel="occurrences of the word", ylabel="milliseconds")
    for axes in figure.axes:
        axes.grid(alpha=0.3)
        low, high = axes.get_ylim()
        axes.set_ylim(low, high * (4 if axes.get_legend() else 1))  # room for the legend
        plain_ticks(axes)


if __name__ == "__main__":
    options = parser(__doc__)
    options.add_argument("index", help="a real one, to draw words and vectors from")
    options.add_argument("--millions", type=float, nargs="+", default=[1, 10, 100], help="of occurrences")
    options.add_argument("--codec", choices=[codec.value for codec in Codec], help="by default that of new indexes")
    options.add_argument("--folder", type=Path, help="where there is room; a temporary folder by default")
    run(options, measure)
