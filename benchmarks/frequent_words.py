"""How near a search in clusters comes to the exact one, and what it saves, for very frequent words.

    ctxsearch index noad DOCUMENTS.jsonl.gz
    python benchmarks/frequent_words.py noad [--millions 1] [--shards 1 14] [--codec fp16] [--json FILE] [--plot FILE]

First the recall, **of real vectors**: the uses of the index's most frequent lemmas are put in clusters as a build does
it, some of them ask for their nearest, and it is counted how many of these lie in the clusters that are nearest to the
query, up to a share of the rows.

Then the speed, **of a simulation**: an index of a text in which every second word is the most frequent lemma, whose
vectors are its real ones with noise on top. ``like`` asks in turn as usual and exactly, lines and all; the best median
of several rounds counts, since others may use the machine.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from results import NOTHING, Result, draw_bars, parser, run

from ctxsearch import Document, Index
from ctxsearch.domain import Segment
from ctxsearch.protocols import Encoded
from ctxsearch.query.scope import OpenShard, rows_of_lemma
from ctxsearch.vectors.clusters import ClusterWriter, clustered_forms, in_clusters, open_clusters

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LEMMAS = 4
QUERIES = 300
LINES = (20, 100)
SHARES = (0.05, 0.1, 0.125, 0.15, 0.2)
SENTENCE, SENTENCES = 20, 80
OTHERS = ("river", "bank", "money", "tree", "walk", "quickly", "green", "year", "people", "work")
NOISE = 0.02
ROUNDS, ASKED = 5, 30


def recall(shard: OpenShard, lemma: str) -> Iterator[dict[str, object]]:
    """How many of the nearest lie in the nearest clusters, of one lemma."""
    ((start, stop),) = rows_of_lemma(shard, lemma)
    vectors = shard.vectors.vectors(np.arange(start, stop))
    forms = shard.catalog.forms(lemma=lemma)
    sizes = np.array([form.frequency for form in forms], np.int64)
    cluster_of = np.full(len(vectors), -1)
    seconds = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        writer = ClusterWriter(Path(folder))
        orders: dict[int, NDArray[np.int64]] = {}
        for number in clustered_forms(sizes, np.zeros(len(forms), np.int32)).tolist():
            first = forms[number].first_row - start
            of_form = vectors[first : first + sizes[number]]
            made = in_clusters(len(of_form), partial(np.take, of_form, axis=0))
            writer.add(first, made.sizes, made.centroids)
            orders[first] = made.order
        writer.finish()
        seconds = time.process_time() - seconds
        (path,) = Path(folder).iterdir()
        clusters = open_clusters(Path(folder), vectors.shape[1], len(vectors), path.stat().st_size)
    counts = clusters.stops - clusters.starts
    in_order = np.repeat(np.arange(len(counts)), counts)
    for first, order in orders.items():
        inside = clusters.within(first, first + len(order))
        before = int(counts[: inside.start].sum())
        cluster_of[first + order] = in_order[before : before + len(order)]
    asked = np.random.default_rng(1).choice(len(vectors), QUERIES, replace=False)
    scores = vectors[asked] @ vectors.T
    scores[np.arange(QUERIES), asked] = -2
    ranked = np.argsort(-(vectors[asked] @ clusters.centroids.T), axis=1)
    share = np.empty(ranked.shape)
    np.put_along_axis(share, ranked, np.cumsum(counts[ranked], axis=1) / counts.sum(), axis=1)
    for k in LINES:
        of_nearest = cluster_of[np.argpartition(-scores, k, axis=1)[:, :k]]
        needed = np.where(of_nearest < 0, 0, np.take_along_axis(share, np.maximum(of_nearest, 0), axis=1))
        yield {
            "lemma": lemma,
            "rows": len(vectors),
            "clusters": len(counts),
            "in no cluster": round(float((cluster_of < 0).mean()), 3),
            "clustering, core s/million rows": round(1e6 * seconds / len(vectors), 1),
            "k": k,
            "recall by share": {one: round(float((needed <= one).mean()), 3) for one in SHARES},
        }


class SimulatedEncoder:
    """Real vectors of one word with noise, and some others.

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
        tokens = sum(len(segment.forms) for passage in passages for segment in passage)
        draw = np.random.default_rng(crc32(passages[0][0].text.encode()))
        vectors = self._real[draw.integers(0, len(self._real), tokens)]
        vectors = vectors + self._noise[draw.integers(0, len(self._noise), tokens)]
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return Encoded(vectors, np.ones(tokens, dtype=np.bool_))


def simulated_documents(lemma: str, uses: int) -> Iterator[Document]:
    """Documents in which a word is every second."""
    for number in range(2 * uses // (SENTENCE * SENTENCES)):
        others = np.random.default_rng(number).choice(OTHERS, (SENTENCES, SENTENCE // 2)).tolist()
        lines = (" ".join(f"{lemma} {other}" for other in line).capitalize() + "." for line in others)
        yield Document(f"document-{number}", " ".join(lines), {"year": 1900 + number % 120})


def speed(folder: Path, real: NDArray[np.float32], lemma: str, uses: int, shards: int, codec: str) -> dict[str, object]:
    """Milliseconds of `like` in an index of so many shards, as usual and exact."""
    with Index.create(folder / f"{shards}-shards", codec=codec, encoder=SimulatedEncoder(real)) as index:
        start = time.perf_counter()
        report = index.add(simulated_documents(lemma, uses), shard_tokens=2 * uses // shards)
        seconds = time.perf_counter() - start
        keys = [line.key for line in index.concordance(lemma, sample=ASKED, seed=1, context=0)]
        medians: dict[bool, list[float]] = {False: [], True: []}
        found: dict[bool, list[set[str]]] = {False: [], True: []}
        for _ in range(ROUNDS):
            for exact, each in medians.items():
                times = []
                for key in keys:
                    start = time.perf_counter()
                    lines = index.like(key, k=20, exact=exact)
                    times.append(1000 * (time.perf_counter() - start))
                    found[exact].append({line.key for line in lines})
                each.append(float(np.median(times)))
        shared = [len(some & every) / len(every) for some, every in zip(found[False], found[True], strict=True)]
        return {
            "uses": index.count(lemma),
            "shards": report.shards,
            "codec": codec,
            "words/s, without the model": round(report.words / seconds),
            "like, ms": round(min(medians[False]), 1),
            "like, exact, ms": round(min(medians[True]), 1),
            "recall of the simulation": round(float(np.mean(shared)), 3),
        }


def measure(arguments: argparse.Namespace) -> Result:
    """Measures recall, and then speed."""
    recalls: list[dict[str, Any]] = []
    with Index.open(arguments.index) as index:
        shard = max(index.open_shards(), key=lambda one: one.entry.rows)
        frequent = Counter(dict(shard.catalog.lemma_frequencies())).most_common(LEMMAS)
        if len(frequent) < LEMMAS or frequent[-1][1] < 10 * QUERIES:
            raise SystemExit(f"The index {arguments.index} has no {LEMMAS} words of {10 * QUERIES:,} uses and more.")
        for lemma, _ in frequent:
            recalls.extend(recall(shard, lemma))
        word = frequent[0][0]
        real = shard.vectors.vectors(np.concatenate([np.arange(*part) for part in rows_of_lemma(shard, word)]))
    speeds = []
    for shards in arguments.shards:
        with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
            uses = int(1e6 * arguments.millions)
            speeds.append(speed(Path(folder), real, word, uses, shards, arguments.codec))
    of_shares = [
        [
            one["lemma"],
            f"{one['rows']:,}",
            str(one["k"]),
            *map("{:.3f}".format, one["recall by share"].values()),
            *2 * [NOTHING],
        ]
        for one in recalls
    ]
    of_speeds = [
        [
            *(f"{word}, simulated, {_shards(one)}", f"{one['uses']:,}", "20", *len(SHARES) * [NOTHING]),
            *(f"{one[name]:.1f}" for name in ("like, ms", "like, exact, ms")),
        ]
        for one in speeds
    ]
    return Result(
        f"Very frequent words in clusters, codec {arguments.codec}",
        ["word", "uses", "k", *(f"in {share:.1%} of the rows" for share in SHARES), "like, ms", "exact, ms"],
        of_shares + of_speeds,
        {"recall": recalls, "speed": speeds},
        lambda figure: draw(figure, recalls, speeds),
        size=(9, 4),
    )


def draw(figure: Figure, recalls: Sequence[dict[str, Any]], speeds: Sequence[dict[str, Any]]) -> None:
    """Recall by the share of the rows that is scanned, and the milliseconds of both ways."""
    shares, bars = figure.subplots(1, 2)
    colours = {lemma: f"C{number}" for number, lemma in enumerate(dict.fromkeys(one["lemma"] for one in recalls))}
    for one in recalls:
        line = "-" if one["k"] == LINES[0] else "--"
        label = f"{one['lemma']}, {one['k']} nearest"
        shares.plot(list(SHARES), list(one["recall by share"].values()), line, color=colours[one["lemma"]], label=label)
    shares.set(xlabel="share of the rows that is scanned", ylabel="of the nearest, found")
    shares.legend(fontsize=7, frameon=False)
    taken = {}
    for one in speeds:
        taken[f"{_shards(one)}, in part"] = one["like, ms"]
        taken[f"{_shards(one)}, exact"] = one["like, exact, ms"]
    draw_bars(bars, taken, "milliseconds of like")


def _shards(measured: dict[str, Any]) -> str:
    return f"{measured['shards']} shard{'s' * (measured['shards'] != 1)}"


if __name__ == "__main__":
    options = parser(__doc__)
    options.add_argument("index")
    options.add_argument("--millions", type=float, default=1)
    options.add_argument("--shards", type=int, nargs="+", default=[1, 14])
    options.add_argument("--codec", default="fp16")
    options.add_argument("--folder", type=Path, help="where indexes are made; a temporary folder, where not given")
    run(options, measure)
