"""Words/s of `Index.add` beside the bare forward pass of the same model, in one run.

    python benchmarks/index_speed.py DOCUMENTS.jsonl.gz [--words 300000]

The bare pass takes the very windows that the index packs, cut to one length a batch so that there is no padding, runs
them through the model in the same type, and keeps no output. Both are timed in turn, several times, and the medians
compared, since other work on a machine moves both.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator

import numpy as np
import torch

import ctxsearch
from ctxsearch.analysis import Analyser
from ctxsearch.encoder.transformer import TransformerEncoder
from ctxsearch.encoder.windows import batches, windows
from ctxsearch.settings import DEFAULT_MODEL


def take(path: str, words: int) -> list[ctxsearch.Document]:
    """Documents of so many words, roughly."""
    taken: list[ctxsearch.Document] = []
    left = words
    for document in ctxsearch.read(path):
        if left <= 0:
            break
        taken.append(document)
        left -= len(document.text.split())
    return taken


def shapes(encoder: TransformerEncoder, documents: list[ctxsearch.Document], window: int) -> Iterator[tuple[int, int]]:
    """Windows and pieces of every batch that the index makes of the documents; none is padded."""
    analyser = Analyser("en")
    specials = len(encoder.tokenizer.prefix) + len(encoder.tokenizer.suffix)
    lengths: list[int] = []
    for document in documents:
        cut = encoder.tokenizer.cut([segment.text for segment in analyser.segments(document.text)])
        packed = windows([[len(ids) for ids, _ in cut]], window - specials)
        lengths.extend(one.stop - one.start + specials for one in packed)
    for batch in batches(lengths, 64 * 128):
        # Without padding: the mean length of the batch, the same number of pieces.
        yield len(batch), round(statistics.mean(lengths[number] for number in batch))


@torch.inference_mode()
def bare_seconds(encoder: TransformerEncoder, planned: list[tuple[int, int]]) -> float:
    """The forward pass alone."""
    generator = np.random.default_rng(0)
    inputs = [torch.from_numpy(generator.integers(1000, 20000, shape)) for shape in planned]
    start = time.perf_counter()
    for batch in inputs:
        encoder.forward(batch)
    return time.perf_counter() - start


def main() -> None:
    """Runs both in turn and prints one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("documents")
    parser.add_argument("--words", type=int, default=300_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    documents = take(arguments.documents, arguments.words)
    encoder = TransformerEncoder(DEFAULT_MODEL)
    planned = list(shapes(encoder, documents, 128))
    bare_seconds(encoder, planned[:4])
    bare, full, words = [], [], 0
    stages: Counter[str] = Counter()
    for _ in range(arguments.rounds):
        bare.append(bare_seconds(encoder, planned))
        with tempfile.TemporaryDirectory() as folder:
            index = ctxsearch.Index.create(f"{folder}/index", encoder=encoder)
            report = index.add(documents)
        full.append(report.seconds)
        words = report.words
        stages.update(report.stages)
    total = sum(full)
    ratios = [one / other for one, other in zip(bare, full, strict=True)]
    result = {
        "words": words,
        "dtype": str(encoder.dtype),
        "bare words/s": round(words / statistics.median(bare)),
        "index words/s": round(words / statistics.median(full)),
        "of the bare pass": round(statistics.median(ratios), 3),
        "share of time": {name: round(seconds / total, 3) for name, seconds in stages.most_common()},
        "peak memory, GB": round(
            resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e9 if sys.platform == "darwin" else 1e6), 2
        ),
    }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
