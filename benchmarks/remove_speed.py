"""How long it takes to remove a thousand of a hundred thousand documents, and to be answered without them.

The encoder here is a trivial one, which gives every occurrence a random vector: removing does not look at vectors, and
the index is built in half a minute. Timed are the call, a query just before it, and the one right after it.

    python benchmarks/remove_speed.py [--documents 100000] [--remove 1000] [--json FILE] [--plot FILE]
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from asking import milliseconds
from results import Result, draw_bars, parser, run

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


def measure(arguments: argparse.Namespace) -> Result:
    """Builds, removes and asks."""
    if not 0 < arguments.remove <= arguments.documents:
        raise SystemExit(f"{arguments.remove:,} of {arguments.documents:,} documents cannot be removed.")
    with tempfile.TemporaryDirectory() as folder:
        with Index.create(Path(folder) / "index", model="trivial", encoder=TrivialEncoder()) as index:
            report = index.add(documents(arguments.documents))
        step = arguments.documents // arguments.remove
        gone = {f"d{number * step}" for number in range(arguments.remove)}
        with Index.open(Path(folder) / "index", encoder=TrivialEncoder()) as index:

            def ask() -> object:
                return index.query("We sat on the [bank].", k=20)

            ask()  # opens the index
            seconds = {"query, before": milliseconds(ask) / 1000}
            seconds["remove"] = milliseconds(lambda: index.remove(gone)) / 1000
            seconds["query, right after"] = milliseconds(ask) / 1000
            left = {line.document_id for line in index.query("We sat on the [bank].", k=None)}
    if len(left) != arguments.documents - len(gone) or left & gone:
        raise SystemExit("A removed document answered, or one that was not removed did not.")
    return Result(
        f"{len(gone):,} of {arguments.documents:,} documents are removed",
        ["call", "seconds"],
        [[name, f"{value:.3f}"] for name, value in seconds.items()],
        {
            "documents": arguments.documents,
            "words": report.words,
            "removed": len(gone),
            "seconds": {name: round(value, 4) for name, value in seconds.items()},
        },
        lambda figure: draw_bars(figure.subplots(), seconds, "seconds"),
        size=(7, 2.2),
    )


if __name__ == "__main__":
    options = parser(__doc__)
    options.add_argument("--documents", type=int, default=100_000)
    options.add_argument("--remove", type=int, default=1_000)
    run(options, measure)
