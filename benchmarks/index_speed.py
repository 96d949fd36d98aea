"""Words/s of `Index.add` beside the bare forward pass of the same model, and beside a plain loop, in one run.

    python benchmarks/index_speed.py DOCUMENTS.jsonl.gz [--words 300000] [--loop 3000] [--pylate PYTHON]

The bare pass takes the very windows that the index packs, cut to one length a batch so that there is no padding, runs
them through the model as transformers loads it, in the same type, and keeps no output: once with torch's own threads,
and once with a batch to each core, as the index does it. The index's own pass is that of its own model, with fused
layers and the padding that it adds, a batch to each core: what the index would do if it did nothing else. The plain
loop is what one writes in an afternoon: a sentence at a time through transformers as it comes, pieces pooled by
``word_ids``, FAISS's flat index, and a row of SQLite for each word. All are timed in turn, several times, and the
medians compared, since other work on a machine moves all of them.

"All but the model" is the same build with vectors that are there already in the place of the model's: what a machine on
which the model took no time would do. Each round has an encoder that has seen no text yet.

Of a stage, words/s are those it would have if it were alone. "encode" is the time that the index waits for the model,
which works meanwhile.
"""

from __future__ import annotations

import argparse
import json
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import faiss
import numpy as np
import torch
import transformers
from results import NOTHING, Result, draw_bars, parser, run

import ctxsearch
from ctxsearch.analysis import Analyser
from ctxsearch.encoder.choice import choose
from ctxsearch.encoder.framing import Framed
from ctxsearch.encoder.loading import load_transformer
from ctxsearch.encoder.locate import locate_model
from ctxsearch.encoder.transformer import TransformerEncoder
from ctxsearch.encoder.windows import batches, windows
from ctxsearch.protocols import Encoded
from ctxsearch.settings import CODEC_OF_HEAD, CODEC_WITHOUT_HEAD, DEFAULT_MODEL

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from ctxsearch.report import IndexReport

# A stage that takes less of the time is not drawn.
LEAST_SHOWN = 0.001


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


def window_lengths(encoder: TransformerEncoder, documents: list[ctxsearch.Document], window: int) -> list[int]:
    """Pieces of every window that the index makes of the documents."""
    analyser = Analyser("en")
    specials = len(encoder.tokenizer.prefix) + len(encoder.tokenizer.suffix)
    lengths: list[int] = []
    for document in documents:
        cut = encoder.tokenizer.cut([segment.text for segment in analyser.segments(document.text)])
        packed = windows([cut.counts.tolist()], window - specials)
        lengths.extend(one.stop - one.start + specials for one in packed)
    return lengths


def bare_batches(encoder: TransformerEncoder, lengths: list[int]) -> list[torch.Tensor]:
    """Batches without padding: as many windows as the index takes, each of their mean length."""
    generator = np.random.default_rng(0)
    shapes = [
        (len(batch), round(statistics.mean(lengths[number] for number in batch)))
        for batch in batches(lengths, encoder.batch_pieces)
    ]
    return [torch.from_numpy(generator.integers(1000, 20000, shape)) for shape in shapes]


def own_batches(encoder: TransformerEncoder, lengths: list[int]) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Batches as the index makes them: what is padded, and what of it counts."""
    generator = np.random.default_rng(0)
    padded = [encoder.padded(length) for length in lengths]
    made = []
    for batch in batches(padded, encoder.batch_pieces):
        ends = torch.tensor([lengths[number] for number in batch])
        longest = padded[batch[0]]
        pieces = torch.from_numpy(generator.integers(1000, 20000, (len(batch), longest)))
        made.append((pieces, (torch.arange(longest) < ends[:, None]).long()))
    return made


class WithoutModel(TransformerEncoder):
    """Does all that comes before the model and after it, and gives the same vectors for every block."""

    given: NDArray[np.float32] | None = None

    def encode_framed(self, framed: Framed) -> Encoded:
        """As many vectors as there are tokens."""
        tokens = len(framed.sentence_of)
        if self.given is None or len(self.given) < tokens:
            drawn = np.random.default_rng(0).standard_normal((2 * tokens, self.dimension)).astype(np.float32)
            self.given = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
        return Encoded(self.given[:tokens], framed.alignment.last > framed.alignment.first)


def built(encoder: TransformerEncoder, codec: str, documents: list[ctxsearch.Document]) -> IndexReport:
    """What a build of an index tells of itself."""
    with tempfile.TemporaryDirectory() as folder:
        return ctxsearch.Index.create(f"{folder}/index", encoder=encoder, codec=codec).add(documents)


def pass_seconds(forward: Callable[..., object], inputs: Sequence[tuple[torch.Tensor, ...]], lanes: int = 1) -> float:
    """The forward pass alone: a batch after the other, by all of torch's threads, or a batch to each lane."""

    @torch.inference_mode()
    def run(batch: tuple[torch.Tensor, ...]) -> None:
        forward(*batch)

    if lanes == 1:
        start = time.perf_counter()
        for batch in inputs:
            run(batch)
        return time.perf_counter() - start
    with ThreadPoolExecutor(lanes, initializer=torch.set_num_threads, initargs=(1,)) as threads:
        start = time.perf_counter()
        list(threads.map(run, inputs))
        return time.perf_counter() - start


@torch.inference_mode()
def loop_rate(documents: list[ctxsearch.Document], words: int) -> float:
    """Words/s of a plain loop."""
    folder = locate_model(DEFAULT_MODEL)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModel.from_pretrained(folder).eval()
    analyser = Analyser("en")
    index = faiss.IndexFlatIP(model.config.hidden_size)
    table = sqlite3.connect("")
    table.execute("create table words (id integer primary key, form text, document text, sentence text)")
    done = 0
    start = time.perf_counter()
    for document in documents:
        for segment in analyser.segments(document.text):
            if not segment.forms:
                continue
            inputs = tokenizer(list(segment.forms), is_split_into_words=True, return_tensors="pt", truncation=True)
            states = model(**inputs).last_hidden_state[0]
            places: dict[int, list[int]] = {}
            for place, word in enumerate(inputs.word_ids()):
                if word is not None:
                    places.setdefault(word, []).append(place)
            for word, pieces in places.items():
                vector = torch.nn.functional.normalize(states[pieces].mean(dim=0), dim=0).numpy()
                index.add(vector[None])
                row = index.ntotal, segment.forms[word], document.document_id, segment.text
                table.execute("insert into words values (?, ?, ?, ?)", row)
                done += 1
            if done >= words:
                table.commit()
                return done / (time.perf_counter() - start)
    return done / (time.perf_counter() - start)


def pylate_rates(python: str, documents: list[ctxsearch.Document]) -> dict[str, float]:
    """Words/s of PyLate's encoding alone, and with fast-plaid's index, by type, in an environment that has them."""
    analyser = Analyser("en")
    segments = [one for document in documents for one in analyser.segments(document.text) if one.forms]
    words = sum(len(segment.forms) for segment in segments)
    given = json.dumps([str(locate_model(DEFAULT_MODEL)), [segment.text for segment in segments]])
    script = Path(__file__).with_name("pylate_encode.py")
    try:
        done = subprocess.run([python, script], input=given, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise SystemExit(f"PyLate cannot be run by {python}: {error}.") from error
    sys.stderr.writelines(line for line in done.stderr.splitlines(keepends=True) if line.startswith("fast-plaid"))
    return {way: words / seconds for way, seconds in json.loads(done.stdout.splitlines()[-1]).items()}


def measure(arguments: argparse.Namespace) -> Result:
    """Runs all in turn."""
    documents = take(arguments.documents, arguments.words)
    if not documents:
        raise SystemExit(f"There is no document in {arguments.documents}.")
    head = choose(DEFAULT_MODEL, head=arguments.head).head
    encoder = TransformerEncoder(DEFAULT_MODEL, head=head)
    codec = CODEC_OF_HEAD if head else CODEC_WITHOUT_HEAD
    plain = load_transformer(DEFAULT_MODEL, str(locate_model(DEFAULT_MODEL)))
    torch.nn.Module.to(plain, dtype=encoder.dtype)
    lengths = window_lengths(encoder, documents, 128)
    inputs = [(batch,) for batch in bare_batches(encoder, lengths)]
    padded = own_batches(encoder, lengths)
    pass_seconds(plain, inputs[:4])
    pass_seconds(encoder.forward, padded[:4])
    bare, lanes, own, loop, without, full, words = [], [], [], [], [], [], 0
    pylate: dict[str, list[float]] = {}
    stages: Counter[str] = Counter()
    for _ in range(arguments.rounds):
        bare.append(pass_seconds(plain, inputs))
        lanes.append(pass_seconds(plain, inputs, torch.get_num_threads()))
        own.append(pass_seconds(encoder.forward, padded, torch.get_num_threads()))
        if arguments.loop:
            loop.append(loop_rate(documents, arguments.loop))
        if arguments.pylate:
            for way, rate in pylate_rates(arguments.pylate, documents).items():
                pylate.setdefault(way, []).append(rate)
        without.append(built(WithoutModel(DEFAULT_MODEL, head=head), codec, documents).seconds)
        report = built(TransformerEncoder(DEFAULT_MODEL, head=head), codec, documents)
        full.append(report.seconds)
        words = report.words
        stages.update(report.stages)
    total = sum(full)
    ratios = [one / other for one, other in zip(bare, full, strict=True)]
    lane_ratios = [one / other for one, other in zip(lanes, full, strict=True)]
    own_ratios = [one / other for one, other in zip(own, full, strict=True)]
    loop_ratios = [words / seconds / rate for seconds, rate in zip(full, loop, strict=False)]
    rates = {
        "Index.add": round(words / statistics.median(full)),
        "bare pass": round(words / statistics.median(bare)),
        "bare pass, a batch to each core": round(words / statistics.median(lanes)),
        "the index's own pass": round(words / statistics.median(own)),
        "all but the model": round(words / statistics.median(without)),
    }
    if loop:
        rates["plain loop"] = round(statistics.median(loop))
    rates.update((way, round(statistics.median(values))) for way, values in pylate.items())
    times_pylate = {way: words / statistics.median(full) / statistics.median(values) for way, values in pylate.items()}
    stage_rates = {name: round(words * len(full) / seconds) for name, seconds in stages.most_common()}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e9 if sys.platform == "darwin" else 1e6)
    figures = {
        "words": words,
        "dtype": str(encoder.dtype),
        "words/s": rates,
        "words/s by stage": stage_rates,
        "of the bare pass": round(statistics.median(ratios), 3),
        "of the bare pass, a batch to each core": round(statistics.median(lane_ratios), 3),
        "of the index's own pass": round(statistics.median(own_ratios), 3),
        "times the plain loop": round(statistics.median(loop_ratios), 1) if loop else None,
        "times": {way: round(times, 2) for way, times in times_pylate.items()},
        "share of time": {name: round(seconds / total, 3) for name, seconds in stages.most_common()},
        "peak memory, GB": round(peak, 2),
    }
    of_bare = {
        "bare pass": statistics.median(ratios),
        "bare pass, a batch to each core": statistics.median(lane_ratios),
        "the index's own pass": statistics.median(own_ratios),
        "all but the model": statistics.median(one / other for one, other in zip(without, full, strict=True)),
        "plain loop": statistics.median(loop_ratios) if loop else 0,
        **times_pylate,
    }
    rows = [[name, f"{rate:,}", f"{of_bare[name]:.2f}" if name in of_bare else NOTHING] for name, rate in rates.items()]
    rows += [[f"stage: {name}", f"{rate:,}", f"{stages[name] / total:.3f}"] for name, rate in stage_rates.items()]
    rows.append(["peak memory, GB", f"{peak:.2f}", NOTHING])
    by_stage = {
        f"{name}: {rate:,} words/s": 100 * stages[name] / total
        for name, rate in stage_rates.items()
        if stages[name] >= LEAST_SHOWN * total
    }

    def draw(figure: Figure) -> None:
        ways, parts = figure.subplots(2, height_ratios=[len(rates), len(by_stage)])
        draw_bars(ways, rates, "words/s", logarithmic=True)
        draw_bars(parts, by_stage, "% of the time of Index.add, by stage (words/s: if a stage were alone)")

    title = f"Indexing {words:,} words with {DEFAULT_MODEL}, {str(encoder.dtype).removeprefix('torch.')}"
    headings = ["", "words/s", "Index.add beside it; a stage's share"]
    return Result(title, headings, rows, figures, draw, size=(8, 5.5))


if __name__ == "__main__":
    options = parser(__doc__)
    options.add_argument("documents", help="JSONL, CSV, TSV, text, or a folder of such")
    options.add_argument(
        "--pylate", metavar="PYTHON", help="the interpreter of an environment that has PyLate, and fast-plaid"
    )
    options.add_argument("--words", type=int, default=300_000)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--head", help="none, or a file; the model's own otherwise")
    options.add_argument("--loop", type=int, default=0, help="words for the plain loop; none, where 0")
    run(options, measure)
