"""How fast small shards are joined, beside a copy of the same files to the same disk.

    ctxsearch index noad DOCUMENTS.jsonl.gz
    python benchmarks/compact_speed.py noad [--millions 10] [--shards 20] [--folder /big] [--json FILE] [--plot FILE]

**A simulation**, see `simulation.py`, makes an index in so many shards: words and vectors are drawn from one given.
`Index.compact` joins them into one, in a process of its own, and its memory is the most that this process had. The copy
reads the shards as compaction does, writes each file anew and syncs it; before either the kernel is asked to forget the
index's files.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

from results import Result, draw_bars, parser, run
from scale import forget, in_process, most_memory, telling
from simulation import real_parts, simulate

from ctxsearch.index import Index

_BLOCK_BYTES = 8 << 20


def copied(source: Path, goal: Path) -> float:
    """Copies every file of the shards, synced; the seconds it takes."""
    start = time.perf_counter()
    for number, path in enumerate(sorted(source.glob("shard-*/*"))):
        with path.open("rb") as read, (goal / str(number)).open("wb") as written:
            while block := read.read(_BLOCK_BYTES):
                written.write(block)
            written.flush()
            os.fsync(written.fileno())
    return time.perf_counter() - start


def compacted(path: Path, occurrences: int) -> tuple[float, float, int, int]:
    """Joins all shards; the seconds, the most memory in MB, and the shards before and after."""
    with Index.open(path) as index:
        report = index.compact(shard_tokens=occurrences)
    return report.seconds, most_memory(), report.shards_before, report.shards


def measure(arguments: argparse.Namespace) -> Result:
    """Makes the index, copies it, and joins its shards."""
    size, shards = int(arguments.millions * 1e6), arguments.shards
    if size < shards or shards < 2:
        raise SystemExit(f"{size:,} occurrences in {shards} shards leave nothing to be joined.")
    with (
        Index.open(arguments.index) as index,
        tempfile.TemporaryDirectory(dir=arguments.folder, prefix="ctxsearch-compact-") as folder,
    ):
        path, copy = Path(folder, "index"), Path(folder, "copy")
        simulate(real_parts(index), path, size, None, telling(size), shard_tokens=-(-size // shards))
        size_on_disk = sum(file.stat().st_size for file in path.glob("shard-*/*"))
        copy.mkdir()
        forget(path)
        copy_seconds = copied(path, copy)
        forget(path)
        seconds, memory, before, after = in_process(compacted, path, size)
    rates = {"a copy, synced": size_on_disk / copy_seconds / 1e6, "compact": size_on_disk / seconds / 1e6}
    taken = {"a copy, synced": copy_seconds, "compact": seconds}
    return Result(
        f"{before} shards of {size:,} occurrences become {after} (simulated, {size_on_disk / 1e6:,.0f} MB)",
        ["", "seconds", "MB/s", "occurrences/s"],
        [[name, f"{taken[name]:.1f}", f"{rate:,.0f}", f"{size / taken[name]:,.0f}"] for name, rate in rates.items()]
        + [["most memory, MB", f"{memory:,.0f}", "", ""]],
        {
            "occurrences": size,
            "shards": [before, after],
            "bytes": size_on_disk,
            "seconds": {name: round(value, 2) for name, value in taken.items()},
            "memory, MB": round(memory),
        },
        lambda figure: draw_bars(figure.subplots(), rates, "MB/s"),
        size=(7, 2.2),
    )


if __name__ == "__main__":
    options = parser(__doc__)
    options.add_argument("index", help="the real index that words and vectors are drawn from")
    options.add_argument("--millions", type=float, default=10, help="occurrences, in millions")
    options.add_argument("--shards", type=int, default=20)
    options.add_argument("--folder", type=Path, help="where there is room for two such indexes")
    run(options, measure)
