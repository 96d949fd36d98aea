"""How long it takes to remove a thousand of a hundred thousand documents, and to be answered without them.

The encoder here is a trivial one, which gives every occurrence a random vector: removing does not look at vectors, and
the index is built in half a minute. Prints JSON: the seconds of the call, and of the query right after it.

    python benchmarks/remove_speed.py [--documents 100000] [--remove 1000]
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from ctxsearch import Document, Index
from ctxsearch.domain import Segment
from ctxsearch.protocols import Encoded

DIMENSION = 64
WORDS = ("river", "money", "loan", "boat", "grass", "rate", "water", "clerk")


class TrivialEncoder:
    """Gives every occurrence a random vector."""

    dimension = DIMENSION
    digest = "trivial"

    def __init__(self) -> None:
        self._random = np.random.default_rng(0)

    def encode(self, passages: Sequence[Sequence[Segment]]) -> Encoded:
        """A unit vector for every token."""
        count = sum(len(segment.forms) for passage in passages for segment in passage)
        vectors = self._random.standard_normal((count, DIMENSION), np.float32)
        return Encoded(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.ones(count, np.bool_))


def documents(count: int) -> Iterator[Document]:
    """Short texts that all have a bank in them."""
    for number in range(count):
        words = " ".join(WORDS[(number >> shift) % len(WORDS)] for shift in (0, 3, 6))
        yield Document(f"d{number}", f"The bank of {words} is number {number}.", {"number": number})


def main() -> None:
    """Builds, removes, asks and prints."""
    parser = argparse.ArgumentParser(description="How long it takes to remove documents.")
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--remove", type=int, default=1_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        with Index.create(Path(folder) / "index", model="trivial", encoder=TrivialEncoder()) as index:
            report = index.add(documents(asked.documents))
        step = asked.documents // asked.remove
        gone = {f"d{number * step}" for number in range(asked.remove)}
        with Index.open(Path(folder) / "index", encoder=TrivialEncoder()) as index:
            start = time.perf_counter()
            removed = index.remove(gone)
            seconds = time.perf_counter() - start
            start = time.perf_counter()
            index.query("We sat on the [bank].", k=20)
            query_seconds = time.perf_counter() - start
            left = {line.document_id for line in index.query("We sat on the [bank].", k=None)}
        assert len(left) == asked.documents - removed
        assert not left & gone
    result = {
        "cpus": os.cpu_count(),
        "documents": asked.documents,
        "words": report.words,
        "removed": removed,
        "remove_seconds": round(seconds, 3),
        "query_seconds": round(query_seconds, 3),
    }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
