"""How an index grows: time, disk, memory and latency at 1, 10 and 100 million occurrences, on one machine.

    ctxsearch index noad DOCUMENTS.jsonl.gz
    python benchmarks/scale.py noad [--millions 1 10 100] [--codec sq8] [--plot scale.svg]

**A simulation.** The text is drawn word by word from the frequency list of the index given, with a tail of rare words
that grows with the text; a word's vectors are real ones of that index with noise on top. So sizes, times and latencies
are those of real code over real files (reading, analysis, sorting, codec, SQLite, fsync, commit), only without the
model; of the quality of answers this says nothing. ``like`` asks, since it needs no model; opening is timed in a
process of its own.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

import ctxsearch
from ctxsearch import Document, Index
from ctxsearch.domain import Segment
from ctxsearch.protocols import Encoded

BUCKETS = (100, 1_000, 10_000, 100_000, 1_000_000)
WORDS_EACH = 5
ROUNDS = 20
SENTENCE, SENTENCES = 20, 80
# One word in so many comes from the tail of rare words.
RARE = 50
NOISE = 0.02

_OPEN = """
import json, resource, sys, time
import numpy, ctxsearch
from ctxsearch.query.scope import OpenShard
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start = time.perf_counter()
index = ctxsearch.Index.open(sys.argv[1])
shards = index.open_shards()
for shard in shards:
    shard.vectors
seconds = time.perf_counter() - start
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"shards": len(shards), "seconds": seconds, "MB": (after - before) / 1024}))
"""


class SimulatedEncoder:
    """Real vectors with noise: each form has some of its own to draw from.

    Args:
        real: Shape: (n, dimension), unit length.
    """

    digest = "simulated"

    def __init__(self, real: NDArray[np.float32]) -> None:
        self.dimension = real.shape[1]
        self._real = real
        self._noise = np.random.default_rng(0).normal(0, NOISE, (1 << 16, self.dimension)).astype(np.float32)

    def encode(self, passages: Sequence[Sequence[Segment]]) -> Encoded:
        """Draws a vector for every token."""
        forms = [form for passage in passages for segment in passage for form in segment.forms]
        draw = np.random.default_rng(crc32(passages[0][0].text.encode()) if forms else 0)
        own = np.fromiter((crc32(form.encode()) for form in forms), np.int64, len(forms))
        # Neighbours in the list are uses of one word: a form draws from 64 of them.
        rows = (own + draw.integers(0, 64, len(forms))) % len(self._real)
        vectors = self._real[rows] + self._noise[draw.integers(0, len(self._noise), len(forms))]
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return Encoded(vectors, np.ones(len(forms), dtype=np.bool_))


def simulated_documents(
    words: Sequence[str], shares: NDArray[np.float64], first: int, tokens: int
) -> Iterator[Document]:
    """Documents of so many words in all, numbered from ``first``."""
    size = SENTENCE * SENTENCES
    names = np.array(words, dtype=object)
    for number in range(first, first + tokens // size):
        draw = np.random.default_rng(number)
        drawn = names[np.searchsorted(shares, draw.random(size))]
        rare = np.flatnonzero(draw.random(size) < 1 / RARE)
        # Log-uniform: a few of the tail come again and again, most once.
        drawn[rare] = [f"rare{int(one)}x" for one in np.exp(draw.random(len(rare)) * np.log(number * 32 + 1000))]
        lines = (" ".join(drawn[start : start + SENTENCE]).capitalize() + "." for start in range(0, size, SENTENCE))
        yield Document(f"document-{number}", " ".join(lines), {"year": 1900 + number % 120})


def real_parts(index: Index) -> tuple[list[str], NDArray[np.float64], NDArray[np.float32]]:
    """The words of an index, their cumulated shares, and some 65 000 of its vectors, words together."""
    counts: dict[str, int] = {}
    vectors = []
    for shard in index.open_shards():
        for lemma, frequency in shard.catalog.lemma_frequencies():
            if lemma.isalpha():
                counts[lemma] = counts.get(lemma, 0) + frequency
        stop = min(shard.entry.rows, 1 << 16)
        start = (shard.entry.rows - stop) // 2
        vectors.append(shard.vectors.vectors(np.arange(start, start + stop)))
    words = sorted(counts, key=lambda word: (-counts[word], word))
    shares = np.cumsum([counts[word] for word in words]) / sum(counts.values())
    return words, shares, np.concatenate(vectors)[: 1 << 16]


def latencies(index: Index) -> dict[str, dict[str, float]]:
    """Milliseconds of `like`, lines and all, by frequency."""
    counts: dict[str, int] = {}
    for shard in index.open_shards():
        for lemma, frequency in shard.catalog.lemma_frequencies():
            counts[lemma] = counts.get(lemma, 0) + frequency
    found = {}
    for bucket in BUCKETS:
        near = sorted(counts, key=lambda word: (abs(np.log(counts[word] / bucket)), word))[:WORDS_EACH]
        near = [word for word in near if bucket / 2 < counts[word] < bucket * 2]
        times: list[float] = []
        for word in near:
            for line in index.concordance(word, sample=ROUNDS, seed=1, context=0):
                start = time.perf_counter()
                index.like(line.key, k=20)
                times.append(1000 * (time.perf_counter() - start))
        if times:
            found[str(bucket)] = {
                "p50": round(float(np.median(times)), 2),
                "p95": round(float(np.quantile(times, 0.95)), 2),
                "occurrences": round(float(np.mean([counts[word] for word in near]))),
            }
    return found


def measured(path: Path) -> dict[str, object]:
    """What an index costs, as it is."""
    size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    opened = [json.loads(subprocess.check_output([sys.executable, "-c", _OPEN, str(path)])) for _ in range(3)]
    best = min(opened, key=lambda one: one["seconds"])
    with Index.open(path, encoder=None) as index:
        return {
            "GB": round(size / 1e9, 2),
            "shards": best["shards"],
            "open, s": round(best["seconds"], 3),
            "open, MB": round(best["MB"]),
            "like, ms": latencies(index),
        }


def main() -> None:
    """Grows an index step by step, and prints one JSON object a step."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("index")
    parser.add_argument("--millions", type=float, nargs="+", default=[1, 10, 100])
    parser.add_argument("--codec", default="sq8")
    parser.add_argument("--folder", type=Path, help="where the index is made; a temporary folder, where not given")
    parser.add_argument("--plot", type=Path)
    arguments = parser.parse_args()
    with Index.open(arguments.index) as real:
        words, shares, vectors = real_parts(real)
    steps = []
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        path = Path(folder, "scale")
        with ctxsearch.Index.create(path, codec=arguments.codec, encoder=SimulatedEncoder(vectors)) as index:
            done = documents = 0
            for millions in sorted(arguments.millions):
                tokens = int(millions * 1e6) - done
                start = time.perf_counter()
                report = index.add(simulated_documents(words, shares, documents, tokens))
                seconds = time.perf_counter() - start
                done, documents = done + report.words, documents + report.documents
                compacting = time.perf_counter()
                index.compact()
                compacting = time.perf_counter() - compacting
                step: dict[str, object] = {
                    "occurrences": done,
                    "codec": arguments.codec,
                    "words/s, without the model": round(report.words / seconds),
                    "compact, s": round(compacting, 1),
                    **measured(path),
                }
                print(json.dumps(step), flush=True)
                steps.append(step)
    if arguments.plot:
        plot(steps, arguments.plot)


def plot(steps: Sequence[dict[str, object]], path: Path) -> None:
    """Latency against frequency, a line for each size."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    for step in steps:
        times = step["like, ms"]
        assert isinstance(times, dict)
        axes.loglog(
            [one["occurrences"] for one in times.values()],
            [one["p50"] for one in times.values()],
            marker="o",
            label=f"{int(str(step['occurrences'])) / 1e6:.0f} million",
        )
    axes.set(xlabel="occurrences of the word", ylabel="like, k = 20, ms (p50)")
    axes.legend(title="index of")
    figure.savefig(path)


if __name__ == "__main__":
    main()
