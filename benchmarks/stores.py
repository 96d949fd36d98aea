"""The uses of a word nearest to one of them: `ctxsearch` beside vector stores that filter by the word, in one run.

    ctxsearch index noad DOCUMENTS.jsonl.gz
    pip install --group bench
    python benchmarks/stores.py noad [--rows 200000]

Each store gets the same vectors (those of the words asked for, and others up to ``--rows``) with their lemma, and an
index over the lemmas where it has such; then each is asked for the k nearest with the same lemma, in turn. Recall is
against an exact scan in single precision. `ctxsearch` has the whole index open, not only those rows. A store that is
not installed is left out, and named.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from ctxsearch.index import Index
from ctxsearch.query.ranking import search
from ctxsearch.query.scope import OpenShard, rows_of_lemma

Vectors = NDArray[np.float32]
Ask = Callable[[Vectors, str], list[int]]
"""Gives the rows of the nearest vectors of a lemma."""

BUCKETS = (100, 1_000, 10_000)
WORDS_EACH = 3
ROUNDS = 10


def flat_and_sqlite(vectors: Vectors, lemmas: list[str], k: int, folder: Path) -> Ask:
    """What one writes in an afternoon: FAISS's flat index, and a table that says which rows have the word."""
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    table = sqlite3.connect(folder / "rows.sqlite")
    table.execute("create table rows (id integer primary key, lemma text)")
    table.executemany("insert into rows values (?, ?)", enumerate(lemmas))
    table.execute("create index by_lemma on rows (lemma)")

    def ask(vector: Vectors, lemma: str) -> list[int]:
        rows = np.array([row for (row,) in table.execute("select id from rows where lemma = ?", [lemma])])
        chosen = faiss.SearchParameters(sel=faiss.IDSelectorBatch(rows))  # type: ignore[call-arg]
        _, found = index.search(vector[None], k, params=chosen)
        return [row for row in found[0].tolist() if row >= 0]

    return ask


def lancedb_flat(vectors: Vectors, lemmas: list[str], k: int, folder: Path) -> Ask:
    """LanceDB with a scalar index on the lemma, filtered before an exact scan."""
    import lancedb
    import pyarrow
    from lancedb.index import BTree

    flat = pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(vectors.ravel()), vectors.shape[1])
    rows = pyarrow.table({"id": np.arange(len(lemmas)), "lemma": lemmas, "vector": flat})
    table = lancedb.connect(folder / "lance").create_table("rows", rows)
    table.create_index("lemma", config=BTree())

    def ask(vector: Vectors, lemma: str) -> list[int]:
        where = f"lemma = '{lemma}'"
        asked = (
            table.search(vector).distance_type("dot").where(where, prefilter=True).limit(k).select(["id", "_distance"])
        )
        found: list[int] = asked.to_arrow()["id"].to_pylist()
        return found

    return ask


def hnswlib_filtered(vectors: Vectors, lemmas: list[str], k: int, folder: Path) -> Ask:
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


def sqlite_vec(vectors: Vectors, lemmas: list[str], k: int, folder: Path) -> Ask:
    """sqlite-vec with the lemma as its partition key."""
    import sqlite_vec as extension

    base = sqlite3.connect(folder / "vec.sqlite")
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


def qdrant_local(vectors: Vectors, lemmas: list[str], k: int, folder: Path) -> Ask:
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


def main() -> None:
    """Prints one JSON object a frequency."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("index")
    parser.add_argument("-k", type=int, default=20)
    parser.add_argument("--rows", type=int, default=200_000)
    arguments = parser.parse_args()
    k = arguments.k
    with Index.open(arguments.index) as index, tempfile.TemporaryDirectory() as folder:
        shard = max(index.open_shards(), key=lambda one: one.entry.rows)
        counts = dict(shard.catalog.lemma_frequencies())
        near = {
            bucket: sorted((w for w in counts if w.isalpha()), key=lambda w: (abs(counts[w] - bucket), w))[:WORDS_EACH]
            for bucket in BUCKETS
        }
        rows, lemmas = chosen_rows(shard, [word for words in near.values() for word in words], arguments.rows)
        vectors = shard.vectors.vectors(rows)
        stores: dict[str, Ask] = {}
        for name, make in STORES.items():
            start = time.perf_counter()
            try:
                stores[name] = make(vectors, lemmas, k, Path(folder))
            except ImportError as error:
                print(f"{name} is left out: {error}", file=sys.stderr)
                continue
            print(f"{name}: {len(rows):,} rows in {time.perf_counter() - start:.1f} s", file=sys.stderr)
        place = {int(row): number for number, row in enumerate(rows.tolist())}

        def ours(vector: Vectors, lemma: str) -> list[int]:
            found = search([shard], [rows_of_lemma(shard, lemma)], [None], vector, k)
            return [place[item.row] for item in found[:k]]

        stores["ctxsearch, without lines"] = ours
        for bucket, words in near.items():
            times: dict[str, list[float]] = {name: [] for name in (*stores, "ctxsearch, with lines")}
            hits: dict[str, list[float]] = {name: [] for name in stores}
            for word in words:
                own = np.array([number for number, lemma in enumerate(lemmas) if lemma == word])
                for line in index.concordance(word, sample=ROUNDS, seed=1, context=0):
                    start = time.perf_counter()
                    index.like(line.key, k=k)
                    times["ctxsearch, with lines"].append(1000 * (time.perf_counter() - start))
                for number in np.random.default_rng(1).choice(own, min(ROUNDS, len(own)), replace=False).tolist():
                    vector = vectors[number]
                    scores = vectors[own] @ vector
                    floor = np.sort(scores)[-min(k, len(own))] - 1e-6
                    exact = {row for row, score in zip(own.tolist(), scores.tolist(), strict=True) if score >= floor}
                    for name, ask in stores.items():
                        start = time.perf_counter()
                        found = ask(vector, word)
                        times[name].append(1000 * (time.perf_counter() - start))
                        hits[name].append(len(exact.intersection(found)) / min(k, len(own)))
            print(
                json.dumps(
                    {
                        "frequency": bucket,
                        "p50, ms": {name: round(float(np.median(values)), 3) for name, values in times.items()},
                        "recall": {name: round(float(np.mean(values)), 3) for name, values in hits.items()},
                    }
                ),
                flush=True,
            )


if __name__ == "__main__":
    main()
