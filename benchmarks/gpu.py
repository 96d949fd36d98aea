"""What a GPU brings, beside the CPU of the same machine: encoding, building, and searching alone and in batches.

    ctxsearch index noad DOCUMENTS.jsonl.gz
    python benchmarks/gpu.py noad DOCUMENTS.jsonl.gz [--device cuda] [--words 300000] [--millions 1 20] [--random base]

Encoding is timed beside the bare forward pass: the very windows that the index packs, cut to one length a batch so
that there is no padding, through the model as transformers loads it, in the same type on the same device, and no
output kept. "On the device" is what is left when text is in pieces already: windows put together, the pass, words
pooled and fetched. Whole, texts are cut into pieces too, some blocks at once, as a build does. The CPU encodes and
builds a tenth of the words. ``--random base large`` encodes with models of BERT's sizes as well; their weights are
drawn, for the speed is that of any.

Searched are indexes of a **simulation**, see `simulation.py`, by the vectors of their own rows: the same word, one of
ten thousand uses, and any word, all rows; exact, without the model and without the lines. The CPU, which has nothing of
larger batches, has 64 queries at a time at most, shared by its cores. Rows and scores of both are compared, to the last
bit.

With ``--device cpu`` all of it runs on the CPU twice, which shows that it runs, and no more.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
import transformers
from asking import frequencies, words_of_frequency
from index_speed import bare_batches, take, window_lengths
from numpy.typing import NDArray
from results import NOTHING, Result, draw_bars, parser, run
from scale import telling
from simulation import real_parts, simulate

import ctxsearch
from ctxsearch.analysis import Analyser
from ctxsearch.build import BLOCK_TOKENS, BLOCKS_AT_ONCE
from ctxsearch.domain import Segment
from ctxsearch.encoder.choice import choose
from ctxsearch.encoder.framing import Framing
from ctxsearch.encoder.hardware import choose_device, dtype_name
from ctxsearch.encoder.loading import load_transformer
from ctxsearch.encoder.locate import locate_model
from ctxsearch.encoder.transformer import TransformerEncoder
from ctxsearch.index import Index
from ctxsearch.query.found import Found
from ctxsearch.query.ranking import are_on_cards, search, search_many
from ctxsearch.query.scope import OpenShard, Rows, rows_of_lemma
from ctxsearch.settings import CODEC_OF_HEAD, DEFAULT_MODEL

BATCHES = (1, 64, 4096)
# Components of a piece's vector, and layers, of BERT.
SIZES = {"base": (768, 12), "large": (1024, 24)}
USES = 10_000
K = 20
COMPARED = 16
SECONDS = 3.0
ROUNDS = 3


def synchronize(device: torch.device) -> None:
    """Waits for all that a device was asked to do."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def bare_seconds(encoder: TransformerEncoder, model: str, device: torch.device, lengths: list[int]) -> float:
    """The forward pass alone: the median of some rounds."""
    plain = load_transformer(model, str(locate_model(model)))
    torch.nn.Module.to(plain, device=device, dtype=encoder.dtype)
    inputs = [batch.to(device) for batch in bare_batches(encoder, lengths)]

    @torch.inference_mode()
    def once() -> None:
        for batch in inputs:
            plain(batch)
        synchronize(device)

    return median_seconds(once)


def median_seconds(once: Callable[[], object]) -> float:
    """How long something takes, after the first time; the median of some rounds."""
    once()
    seconds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        once()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def blocks_of(documents: Sequence[ctxsearch.Document]) -> list[list[list[Segment]]]:
    """The passages of documents, in blocks as large as those of a build."""
    analyser = Analyser("en")
    blocks: list[list[list[Segment]]] = [[]]
    held = 0
    for document in documents:
        passage = list(analyser.segments(document.text))
        size = sum(len(segment.forms) for segment in passage)
        if held and held + size > BLOCK_TOKENS:
            blocks.append([])
            held = 0
        blocks[-1].append(passage)
        held += size
    return blocks


def encoding(documents: Sequence[ctxsearch.Document], device: str, model: str = DEFAULT_MODEL) -> dict[str, float]:
    """Words/s of the bare pass, of the encoder, and of a whole build, on a device."""
    encoder = TransformerEncoder(model, head=choose(model, head=None).head, device=device)
    blocks = blocks_of(documents)
    words = sum(len(segment.forms) for block in blocks for passage in block for segment in passage)
    framing = Framing(encoder.tokenizer, 128)
    framed = [framing.frame(block) for block in blocks]
    with ThreadPoolExecutor(BLOCKS_AT_ONCE) as threads:
        whole = median_seconds(lambda: list(threads.map(encoder.encode, blocks)))
        on_device = median_seconds(lambda: list(threads.map(encoder.encode_framed, framed)))
    cutting = median_seconds(lambda: [framing.frame(block) for block in blocks])
    bare = bare_seconds(encoder, model, choose_device(device), window_lengths(encoder, list(documents), 128))
    with (
        tempfile.TemporaryDirectory() as folder,
        Index.create(f"{folder}/index", encoder=encoder, codec=CODEC_OF_HEAD) as index,
    ):
        built = index.add(documents)
    return {
        "bare pass": words / bare,
        "text to pieces": words / cutting,
        f"encode, {dtype_name(encoder.dtype)}": words / whole,
        "build": built.words / built.seconds,
        "encode, of the bare pass": bare / whole,
        "on the device, of the bare pass": bare / on_device,
    }


def random_model(folder: Path, size: str) -> str:
    """Saves a model of one of BERT's sizes with drawn weights, and the default model's tokenizer."""
    hidden, layers = SIZES[size]
    shutil.copytree(locate_model(DEFAULT_MODEL), folder, ignore=shutil.ignore_patterns("*.safetensors"))
    config = transformers.BertConfig(
        hidden_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=hidden // 64,
        intermediate_size=4 * hidden,
    )
    torch.manual_seed(0)
    transformers.BertModel(config).save_pretrained(folder)
    return str(folder)


def searched(
    shards: Sequence[OpenShard], rows: Sequence[Sequence[Rows]], queries: NDArray[np.float32]
) -> list[list[Found]]:
    """What is searched for: at once by a card, and a query to each core by the CPU."""
    allowed = [None] * len(shards)
    if are_on_cards(shards):
        return search_many(shards, rows, allowed, queries, K)
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        return list(threads.map(lambda query: search(shards, rows, allowed, query, K), queries))


def rate(
    shards: Sequence[OpenShard], rows: Sequence[Sequence[Rows]], queries: NDArray[np.float32], batch: int
) -> float:
    """Queries/s in batches of a size, for a few seconds, and one batch at least."""
    done, start = 0, time.perf_counter()
    while not done or time.perf_counter() - start < SECONDS:
        first = done % (len(queries) - batch + 1)
        searched(shards, rows, queries[first : first + batch])
        done += batch
    return done / (time.perf_counter() - start)


def searching(path: Path, device: str) -> list[dict[str, object]]:
    """Queries/s of an index on both, by what is searched and the size of a batch."""
    found: list[dict[str, object]] = []
    with Index.open(path) as plain, Index.open(path, device=device) as other:
        on_cpu, on_device = plain.open_shards(), other.open_shards()
        words = words_of_frequency(frequencies(plain), USES, 1)
        scopes = {"any word": [[Rows(0, shard.entry.rows)] for shard in on_cpu]}
        if words:
            scopes[f"a word of {USES:,} uses"] = [rows_of_lemma(shard, words[0]) for shard in on_cpu]
        for scope, rows in scopes.items():
            # Of the first shard's rows that are searched, so that a word is asked for by its own uses.
            own = np.concatenate([np.arange(*part) for part in rows[0]])
            queries = on_cpu[0].vectors.vectors(np.random.default_rng(0).choice(own, max(BATCHES)))
            start = time.perf_counter()
            first = searched(on_device, rows, queries[:1])
            upload = time.perf_counter() - start
            some = queries[:COMPARED]
            are_equal = searched(on_cpu, rows, some) == searched(on_device, rows, some) and len(first[0]) >= K
            for batch in BATCHES:
                found.append(
                    {
                        "searched": scope,
                        "rows": sum(stop - start for part in rows for start, stop in part),
                        "batch": batch,
                        "first, s": round(upload, 3),
                        "cpu, queries/s": round(rate(on_cpu, rows, queries, min(batch, 64)), 1),
                        "device, queries/s": round(rate(on_device, rows, queries, batch), 1),
                        "equal": are_equal,
                    }
                )
    return found


def measure(arguments: argparse.Namespace) -> Result:
    """Encodes and builds on both, then searches indexes of each size on both."""
    device = arguments.device
    try:
        chosen = choose_device(device)
    except ValueError as error:
        raise SystemExit(str(error)) from error
    name = torch.cuda.get_device_name(chosen) if chosen.type == "cuda" else device
    documents = take(arguments.documents, arguments.words)
    if not documents:
        raise SystemExit(f"There is no document in {arguments.documents}.")
    tenth = take(arguments.documents, arguments.words // 10)
    encoded = {name: encoding(documents, device), "beside it, the CPU": encoding(tenth, "cpu")}
    for size in arguments.random:
        with tempfile.TemporaryDirectory() as folder:
            model = random_model(Path(folder, "model"), size)
            encoded[f"{name}, BERT {size}"] = encoding(documents, device, model)
    searches: dict[str, list[dict[str, object]]] = {}
    with Index.open(arguments.index) as index:
        real = real_parts(index)
        for size in (int(1e6 * millions) for millions in arguments.millions):
            with tempfile.TemporaryDirectory(dir=arguments.folder, prefix="ctxsearch-gpu-") as folder:
                path = Path(folder, "index")
                simulate(real, path, size, None, telling(size))
                searches[f"{size:,}"] = searching(path, device)
    rows = [
        [f"{where}: {what}", f"{value:,.2f}" if value < 10 else f"{value:,.0f}", NOTHING, NOTHING, NOTHING]
        for where, values in encoded.items()
        for what, value in values.items()
    ]
    rows += [
        [
            f"{size} vectors, {one['searched']}, batch {one['batch']}",
            NOTHING,
            f"{one['cpu, queries/s']:,}",
            f"{one['device, queries/s']:,}",
            "yes" if one["equal"] else "NO",
        ]
        for size, some in searches.items()
        for one in some
    ]
    bars = {row[0]: float(row[3].replace(",", "")) for row in rows if row[3] != NOTHING}
    return Result(
        f"On {name}, beside the CPU",
        ["", "words/s", "CPU, queries/s", f"{name}, queries/s", "equal"],
        rows,
        {"device": name, "encoding": encoded, "searching": searches},
        lambda figure: draw_bars(figure.subplots(), bars, "queries/s", logarithmic=True),
        size=(9, 5),
    )


if __name__ == "__main__":
    options = parser(__doc__)
    options.add_argument("index", help="a real one, to draw words and vectors from")
    options.add_argument("documents", help="JSONL, CSV, TSV, text, or a folder of such")
    options.add_argument("--device", default="cuda", help="cuda, cuda:1, or cpu to see that it runs")
    options.add_argument("--words", type=int, default=300_000, help="to encode and to build from")
    options.add_argument("--millions", type=float, nargs="+", default=[1, 20], help="of vectors to search")
    options.add_argument("--random", choices=SIZES, nargs="*", default=[], help="models of BERT's sizes to encode with")
    options.add_argument("--folder", type=Path, help="where there is room; a temporary folder by default")
    run(options, measure)
