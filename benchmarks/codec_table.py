"""Bytes, recall, sense quality and scan speed of every codec, on real text, in one run.

    python benchmarks/codec_table.py DOCUMENTS.jsonl.gz LABELS.jsonl.gz --vectors vectors.npy
        [--json table.json] [--plot recall-by-bytes.svg]
    python benchmarks/codec_table.py --from table.json --plot recall-by-bytes.svg

``vectors.npy`` keeps one row a word, in order of the text, from one run to the next; other vectors of the same words
(a learned head's, say) can be put in its place. Recall is measured within the lemma, against the vectors themselves in
single precision, for words drawn from four classes of frequency and uses of them as queries; a query is no answer to
itself. Quality is mean average precision: the labelled uses of the query's sense among all labelled uses of its lemma.

Beside the codecs that an index can have stand some that it cannot. ``nearest`` takes the nearest code, and does not
choose among those near a vector. ``from lemma's mean`` codes what is left when the mean of the lemma's uses is taken
away, for lemmas with 50 uses or more (their means are counted as bytes). ``rabitq`` is FAISS's ``IndexIVFRaBitQ``,
from the lemma's mean or from that of all vectors.
"""

from __future__ import annotations

import argparse
import gzip
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

import ctxsearch
from ctxsearch.analysis import Analyser
from ctxsearch.domain import Segment
from ctxsearch.encoder.choice import choose
from ctxsearch.encoder.transformer import TransformerEncoder
from ctxsearch.protocols import Encoded
from ctxsearch.settings import DEFAULT_MODEL
from ctxsearch.vectors.codec import Codec, train
from ctxsearch.vectors.faiss import FaissCodec
from ctxsearch.vectors.faiss_shard import FaissShard
from ctxsearch.vectors.sorting import RUN_BYTES, TRAINING_ROWS

Floats = NDArray[np.float32]
Table = dict[str, Any]

# Frequency from, to; words drawn; uses of each as queries.
CLASSES = ((10, 100, 400, 3), (100, 1_000, 120, 10), (1_000, 10_000, 40, 30), (10_000, 1 << 60, 8, 75))
SENSE_WORDS, SENSE_QUERIES = 300, 10
OWN_MEAN_FROM = 50
BLOCK = 32_768

# Some versions of numpy have no type for it.
map_array: Callable[..., Any] = np.lib.format.open_memmap


@dataclass
class Words:
    """The words of a corpus, in order.

    Attributes:
        passages: the segments of each document.
        lemmas: a number for each word's lemma.
        senses: a number for each word's sense, or -1 where it has no label.
    """

    passages: list[list[Segment]]
    lemmas: NDArray[np.int64]
    senses: NDArray[np.int64]


def read_words(documents: Sequence[ctxsearch.Document], labels: Sequence[str]) -> Words:
    """Cuts the texts, and finds the labelled words in them."""
    analyser = Analyser("en")
    passages = [list(analyser.segments(document.text)) for document in documents]
    numbers: dict[str, int] = {}
    lemmas: list[int] = []
    places: dict[tuple[str, int], int] = {}
    for document, passage in zip(documents, passages, strict=True):
        for segment in passage:
            for (start, _), lemma in zip(segment.spans.tolist(), segment.lemmas, strict=True):
                places[document.document_id, segment.start + start] = len(lemmas)
                lemmas.append(numbers.setdefault(lemma, len(numbers)))
    senses, names = np.full(len(lemmas), -1, np.int64), dict[str, int]()
    for path in labels:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for label in map(json.loads, file):
                if (place := places.get((label["document_id"], label["start"]))) is not None:
                    senses[place] = names.setdefault(label["sense"], len(names))
    return Words(passages, np.array(lemmas), senses)


def blocks(passages: Sequence[list[Segment]]) -> Iterator[list[list[Segment]]]:
    """Passages in lots that are encoded together."""
    block: list[list[Segment]] = []
    for passage in passages:
        block.append(passage)
        if sum(len(segment.forms) for taken in block for segment in taken) >= BLOCK:
            yield block
            block = []
    yield block


def vectors_of(words: Words, path: Path, model: str, head: str | None) -> Floats:
    """The words' vectors, embedded if the file is not there. Shape: (n_words, dimension)."""
    if not path.exists():
        encoder = TransformerEncoder(model, head=choose(model, head=head).head)
        shape = len(words.lemmas), encoder.dimension
        partial = path.with_suffix(".part")
        kept = map_array(partial, mode="w+", dtype=np.float32, shape=shape)
        done = 0
        for block in blocks(words.passages):
            vectors = encoder.encode(block).vectors
            kept[done : done + len(vectors)] = vectors
            done += len(vectors)
        kept.flush()
        partial.rename(path)
    kept_vectors: Floats = np.load(path, mmap_mode="r")
    if len(kept_vectors) != len(words.lemmas):
        raise SystemExit(f"{path} has {len(kept_vectors)} rows, and the texts have {len(words.lemmas)} words.")
    return kept_vectors


class NoEncoder:
    """Gives every word the same vector, so that an index of it shows what all but the vectors takes."""

    dimension, digest = 1, "none"

    def encode(self, passages: Sequence[Sequence[Segment]]) -> Encoded:
        """A one for each word."""
        words = sum(len(segment.forms) for passage in passages for segment in passage)
        return Encoded(np.ones((words, 1), np.float32), np.ones(words, np.bool_))


def bytes_beside(documents: Sequence[ctxsearch.Document]) -> float:
    """Bytes an occurrence of an index's files without the codes: ids, lists, text, metadata."""
    with tempfile.TemporaryDirectory() as folder:
        index = ctxsearch.Index.create(Path(folder) / "index", encoder=NoEncoder(), codec="fp16")
        report = index.add(documents)
        index.close()
        return report.bytes / report.words - 2


@dataclass
class Sample:
    """The words that are asked about, and what is asked.

    Attributes:
        vectors: of all uses of these words, word after word. Shape: (n_rows, dimension).
        starts: first row of each word, and the number of rows at the end.
        means: of each word's vectors, see `OWN_MEAN_FROM`. Shape: (n_words, dimension).
        senses: of each row, or -1.
        queries: for each class of frequency, words and rows.
        sense_queries: words and rows.
        own_means: words that have a mean of their own, for each occurrence of any word.
        trained_on: what a build would train a codec on. Shape: (n, dimension).
    """

    vectors: Floats
    starts: NDArray[np.int64]
    means: Floats
    own_means: float
    senses: NDArray[np.int64]
    queries: list[list[tuple[int, int]]]
    sense_queries: list[tuple[int, int]]
    trained_on: Floats
    words: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        self.words = np.repeat(np.arange(len(self.means)), np.diff(self.starts))

    def rows(self, word: int) -> slice:
        """The rows of a word."""
        return slice(int(self.starts[word]), int(self.starts[word + 1]))


def draw(words: Words, vectors: Floats) -> Sample:
    """Draws words, and uses of them."""
    generator = np.random.default_rng(1)
    present = np.flatnonzero(np.abs(vectors).max(axis=1) > 0)
    lemmas, senses = words.lemmas[present], words.senses[present]
    counts = np.bincount(lemmas)
    drawn: list[int] = []
    classes: list[range] = []
    for low, high, number, _ in CLASSES:
        there = np.flatnonzero((counts > low) & (counts <= high))
        first = len(drawn)
        drawn.extend(generator.choice(there, min(number, len(there)), replace=False).tolist())
        classes.append(range(first, len(drawn)))
    labelled = np.unique(np.stack([lemmas, senses])[:, senses >= 0], axis=1, return_counts=True)
    kinds, uses = labelled[0][0], labelled[1]
    enough = np.bincount(kinds[uses >= 2], minlength=len(counts)) >= 2
    ambiguous = np.flatnonzero(enough & (np.bincount(kinds, uses, len(counts)) >= 20) & (counts < 10_000))
    taken = generator.choice(ambiguous, min(SENSE_WORDS, len(ambiguous)), replace=False).tolist()
    sense_words = range(len(drawn), len(drawn) + len(taken))
    drawn.extend(taken)
    places = np.argsort(lemmas, kind="stable")
    ends = np.cumsum(counts)
    order = np.concatenate([places[ends[lemma] - counts[lemma] : ends[lemma]] for lemma in drawn])
    matrix = np.array(vectors[present[order]])
    starts = np.concatenate([[0], np.cumsum(counts[drawn])])
    trained_on = np.array(vectors[present[: min(TRAINING_ROWS, RUN_BYTES // (4 * vectors.shape[1]))]])
    means = np.stack([matrix[a:b].mean(axis=0) for a, b in pairwise(starts.tolist())])
    means[counts[drawn] < OWN_MEAN_FROM] = trained_on.mean(axis=0)
    sample = Sample(
        matrix,
        starts,
        means,
        float((counts >= OWN_MEAN_FROM).sum() / counts.sum()),
        senses[order],
        [],
        [],
        trained_on,
    )
    for some, (*_, number) in zip(classes, CLASSES, strict=True):
        asked = [(word, row) for word in some for row in _some(generator, sample.rows(word), number)]
        sample.queries.append(asked)
    for word in sense_words:
        rows = np.arange(starts[word], starts[word + 1])
        rows = rows[sample.senses[rows] >= 0]
        alike = np.bincount(sample.senses[rows])[sample.senses[rows]]
        good = rows[alike >= 2]
        sample.sense_queries.extend(
            (word, int(row)) for row in generator.choice(good, min(SENSE_QUERIES, len(good)), replace=False)
        )
    return sample


def _some(generator: np.random.Generator, rows: slice, number: int) -> list[int]:
    size = rows.stop - rows.start
    chosen: list[int] = (rows.start + generator.choice(size, min(number, size), replace=False)).tolist()
    return chosen


Scores = Callable[[int, Floats], Floats]
"""The scores of all rows of a word for a query."""


@dataclass
class Method:
    """A way to keep vectors.

    Attributes:
        name: what it is called.
        bytes: of one vector, with its share of what is kept beside.
        scores: scores of a word's rows.
        scan: finds the 20 nearest rows of the longest word, for the speed of it; None where that is another's.
    """

    name: str
    bytes: float
    scores: Scores
    scan: Callable[[int, Floats], object] | None = None


def by_decoding(sample: Sample, decoded: Floats) -> Scores:
    """Scores by plain arithmetic on decoded vectors."""
    return lambda word, query: decoded[sample.rows(word)] @ query


def scalar(sample: Sample, codec: Codec) -> Method:
    """A codec as an index has it."""
    parameters = train(codec, sample.trained_on)
    maker = FaissCodec(parameters)
    codes = maker.encode(sample.vectors)
    shard = FaissShard(codes, parameters)

    def scan(word: int, query: Floats) -> object:
        rows = sample.rows(word)
        return shard.search([(rows.start, rows.stop)], query, 20)

    return Method(codec.value, parameters.code_size, by_decoding(sample, maker.decode(codes)), scan)


def nearest(sample: Sample, codec: Codec) -> Method:
    """A codec that takes the nearest code."""
    parameters = train(codec, sample.trained_on)
    maker = FaissCodec(parameters)
    decoded = maker.decode(maker.rounded(sample.vectors))
    return Method(f"{codec.value}, nearest", parameters.code_size, by_decoding(sample, decoded))


def residual(sample: Sample, codec: Codec) -> Method:
    """A codec of what is left without the lemma's mean."""
    left = sample.vectors - sample.means[sample.words]
    parameters = train(codec, left[:: max(1, len(left) // 80_000)])
    maker = FaissCodec(parameters)
    decoded = maker.decode(maker.encode(left)) + sample.means[sample.words]
    size = parameters.code_size + sample.own_means * 2 * left.shape[1]
    return Method(f"{codec.value} from lemma's mean", size, by_decoding(sample, decoded))


def rabitq(sample: Sample, bits: int, *, own_mean: bool) -> Method:
    """FAISS's RaBitQ of so many bits."""
    dimension = sample.vectors.shape[1]
    rotation = faiss.RandomRotationMatrix(dimension, dimension)
    rotation.init(7)
    everywhere = np.broadcast_to(sample.trained_on.mean(axis=0), sample.means.shape)
    means = rotation.apply(np.ascontiguousarray(sample.means if own_mean else everywhere))
    vectors = rotation.apply(sample.vectors)
    centres = faiss.IndexFlatIP(dimension)
    centres.add(means)
    index: Any = faiss.IndexIVFRaBitQ(centres, dimension, len(means), faiss.METRIC_INNER_PRODUCT, True, bits)
    index.train(vectors[:1000])
    index.qb = 8
    ids, lists = np.arange(len(vectors)), sample.words.astype(np.int64)
    index.add_core(len(vectors), faiss.swig_ptr(vectors), faiss.swig_ptr(ids), faiss.swig_ptr(lists))

    def search(word: int, query: Floats, k: int) -> tuple[Floats, NDArray[np.int64]]:
        turned = rotation.apply(query[None])
        near = np.array([[float(means[word] @ turned[0])]], np.float32)
        scores, found = index.search_preassigned(turned, k, np.array([[word]]), near)
        return scores[0], found[0]

    def scores(word: int, query: Floats) -> Floats:
        rows = sample.rows(word)
        values, found = search(word, query, rows.stop - rows.start)
        all_scores = np.full(rows.stop - rows.start, -np.inf, np.float32)
        all_scores[found[found >= 0] - rows.start] = values[found >= 0]
        return all_scores

    size = index.code_size + (sample.own_means * 2 * dimension if own_mean else 0)
    name = f"rabitq, {bits} bits, from {'lemma' if own_mean else 'index'}'s mean"
    # What FAISS needs beside it is held as long as the method is.
    return Method(name, size, scores, lambda word, query, _centres=centres: search(word, query, 20))  # type: ignore[misc]


def best(scores: Floats, k: int) -> NDArray[np.int64]:
    """The k best places, nearest first."""
    k = min(k, len(scores))
    some = np.argpartition(-scores, k - 1)[:k]
    return some[np.argsort(-scores[some], kind="stable")]


def recalls(sample: Sample, method: Method) -> dict[str, list[float]]:
    """Recall for each class of frequency: of 10, of 100, and of 10 when the 40 best are scored again exactly."""
    means: dict[str, list[float]] = {"recall@10": [], "recall@100": [], "recall@10 rescored": []}
    for queries in sample.queries:
        parts: dict[str, list[float]] = {name: [] for name in means}
        for word, row in queries:
            query, rows = sample.vectors[row], sample.rows(word)
            exact = sample.vectors[rows] @ query
            coded = method.scores(word, query).copy()
            exact[row - rows.start] = coded[row - rows.start] = -np.inf
            others = len(exact) - 1
            true = best(exact, min(100, others))
            found = best(coded, min(100, others))
            parts["recall@10"].append(_shared(true[:10], found[:10]))
            parts["recall@100"].append(_shared(true, found))
            again = found[:40][np.argsort(-exact[found[:40]], kind="stable")]
            parts["recall@10 rescored"].append(_shared(true[:10], again[:10]))
        for name, values in parts.items():
            means[name].append(round(float(np.mean(values)), 4))
    return means


def _shared(true: NDArray[np.int64], found: NDArray[np.int64]) -> float:
    return len(np.intersect1d(true, found)) / len(true)


def sense_quality(sample: Sample, method: Method) -> float:
    """Mean average precision, by word."""
    by_word: dict[int, list[float]] = {}
    for word, row in sample.sense_queries:
        rows = sample.rows(word)
        senses = sample.senses[rows].copy()
        sense = senses[row - rows.start]
        senses[row - rows.start] = -1
        order = np.argsort(-method.scores(word, sample.vectors[row])[senses >= 0], kind="stable")
        right = senses[senses >= 0][order] == sense
        precision = np.cumsum(right) / np.arange(1, len(right) + 1)
        by_word.setdefault(word, []).append(float(precision[right].mean()))
    return float(np.mean([np.mean(values) for values in by_word.values()]))


def speeds(sample: Sample, methods: Sequence[Method], rounds: int = 40) -> dict[str, float]:
    """Millions of rows a second of each method's scan of the longest word, in turn."""
    word = int(np.argmax(np.diff(sample.starts)))
    rows = sample.rows(word)
    times: dict[str, list[float]] = {}
    for turn in range(rounds):
        query = sample.vectors[rows.start + turn]
        for method in methods:
            if method.scan is not None:
                start = time.perf_counter()
                method.scan(word, query)
                times.setdefault(method.name, []).append(time.perf_counter() - start)
    size = rows.stop - rows.start
    return {name: size / float(np.median(values)) / 1e6 for name, values in times.items()}


def ideal_bytes(sample: Sample, error: float) -> float:
    """Bytes that no code of Gaussian vectors with this spread about their lemmas' means can go below, at this error."""
    left = sample.vectors - sample.means[sample.words]
    spread = np.maximum(np.linalg.eigvalsh(np.cov(left[::5].T)), 0)
    low, high = 0.0, float(spread.max())
    for _ in range(100):  # the level to which the water rises
        level = (low + high) / 2
        low, high = (level, high) if np.minimum(spread, level).sum() < error else (low, level)
    return float(np.log2(np.maximum(spread / level, 1)).sum() / 2 / 8)


def methods_of(sample: Sample) -> Iterator[Callable[[], Method]]:
    """Every method, to be made when its turn comes."""
    yield lambda: Method("fp32", 4 * sample.vectors.shape[1], by_decoding(sample, sample.vectors))
    for codec in Codec:
        yield lambda codec=codec: scalar(sample, codec)  # type: ignore[misc]
    for codec in (Codec.SQ8, Codec.SQ6, Codec.SQ4):
        yield lambda codec=codec: nearest(sample, codec)  # type: ignore[misc]
    for codec in (Codec.SQ6, Codec.SQ4):
        yield lambda codec=codec: residual(sample, codec)  # type: ignore[misc]
    for own_mean, most in ((True, 6), (False, 6)):
        for bits in range(1, most + 1):
            yield lambda bits=bits, own_mean=own_mean: rabitq(sample, bits, own_mean=own_mean)  # type: ignore[misc]


def main() -> None:
    """Prints one JSON object for each codec, a summary, and the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("documents", nargs="?")
    parser.add_argument("labels", nargs="*")
    parser.add_argument("--vectors", type=Path)
    parser.add_argument("--head", help="none, or a file; the model's own otherwise")
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--words", type=int, default=1 << 60, help="of so many words, roughly")
    parser.add_argument("--json", type=Path, help="where all that was measured goes")
    parser.add_argument("--from", type=Path, dest="measured", help="what --json wrote; nothing is measured")
    parser.add_argument("--plot", type=Path, help="where a plot of recall against bytes goes: .svg or .png")
    arguments = parser.parse_args()
    if arguments.plot and find_spec("matplotlib") is None:
        raise SystemExit("--plot needs matplotlib, which is not there: pip install --group bench")
    if arguments.measured:
        if not arguments.measured.is_file():
            parser.error(f"{arguments.measured} is not there; --json writes such a file")
        table = json.loads(arguments.measured.read_text(encoding="utf-8"))
    elif arguments.documents and arguments.vectors:
        table = measure(arguments)
    else:
        parser.error("give DOCUMENTS and --vectors, or --from")
    if arguments.json:
        arguments.json.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    print_table(table)
    if arguments.plot:
        plot(table, arguments.plot)


def measure(arguments: argparse.Namespace) -> Table:
    """Everything that is measured: the codecs under ``codecs``, by name, and what is true of the whole run."""
    faiss.omp_set_num_threads(2)
    documents, left = [], arguments.words
    for document in ctxsearch.read(arguments.documents):
        if left > 0:
            documents.append(document)
            left -= len(document.text.split())
    words = read_words(documents, arguments.labels)
    sample = draw(words, vectors_of(words, arguments.vectors, arguments.model, arguments.head))
    beside = bytes_beside(documents)
    results: dict[str, dict[str, object]] = {}
    methods: list[Method] = []
    for make in methods_of(sample):
        method = make()
        quality = sense_quality(sample, method) if sample.sense_queries else None
        results[method.name] = {"bytes": method.bytes, **recalls(sample, method), "sense quality": quality}
        methods.append(Method(method.name, method.bytes, lambda _, query: query, method.scan))
        print(json.dumps({method.name: results[method.name]}), flush=True)
    rates = speeds(sample, methods)
    coded = FaissCodec(train(Codec.SQ6, sample.trained_on))
    error = float(((coded.decode(coded.encode(sample.vectors)) - sample.vectors) ** 2).sum(axis=1).mean())
    summary = {
        "words": len(words.lemmas),
        "dimension": sample.vectors.shape[1],
        "bytes beside the codes": round(beside, 1),
        "queries": [len(queries) for queries in sample.queries],
        "sense queries": len(sample.sense_queries),
        "bytes that no code can go below at the error of sq6": round(ideal_bytes(sample, error)),
        "million rows/s": {name: round(rate, 1) for name, rate in rates.items()},
    }
    print(json.dumps(summary))
    return {**summary, "codecs": results}


def print_table(table: Table) -> None:
    """Prints a row for each codec."""
    beside, rates = table["bytes beside the codes"], table["million rows/s"]
    print("| codec | bytes, all told | recall@10, by frequency | recall@10 | @100 | 40 rescored | sense | speed |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for name, result in table["codecs"].items():
        print(row_of(name, result, beside, rates))


def plot(table: Table, path: Path) -> None:
    """Recall of the ten nearest against bytes an occurrence, a line for each family of codecs."""
    from matplotlib import rcParams
    from matplotlib.figure import Figure

    rcParams["svg.hashsalt"] = "ctxsearch"  # the same bytes every time
    families: dict[str, list[tuple[float, float, str]]] = {}
    for name, result in table["codecs"].items():
        if name != "fp32":
            label, _, kind = name.replace(" from", ", from").partition(", ")
            family = (
                f"rabitq, {kind.partition(', ')[2]}"
                if label == "rabitq"
                else f"codecs, {kind.replace('nearest', 'nearest code') or 'of an index'}"
            )
            point = result["bytes"] + table["bytes beside the codes"], float(np.mean(result["recall@10"]))
            families.setdefault(family, []).append((*point, kind.split()[0] if label == "rabitq" else label))
    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    for family, points in families.items():
        own = family == "codecs, of an index"
        sizes, recall, _ = zip(*sorted(points), strict=True)
        axes.plot(
            sizes, recall, "o-" if own else ".--", label=family, linewidth=2 if own else 1, zorder=3 if own else 2
        )
        for place, value, label in points if own else ():
            axes.annotate(label, (place, value), (4, -12), textcoords="offset points", weight="bold")
    axes.set_xscale("log")
    ticks = (75, 100, 150, 200, 300, 400, 800)
    axes.set_xticks(ticks, [str(tick) for tick in ticks], minor=False)
    axes.set_xticks((), minor=True)
    axes.set_xlim(65, 1100)
    axes.set(xlabel="bytes an occurrence, with ids, text and metadata", ylabel="recall@10 within the lemma")
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


def row_of(name: str, result: dict[str, object], beside: float, rates: dict[str, float]) -> str:
    """A row of the table."""
    size, quality = result["bytes"], result["sense quality"]
    assert isinstance(size, int | float)
    cells = [name, f"{size:.0f}, {size + beside:.0f}"]
    tens = result["recall@10"]
    assert isinstance(tens, list)
    cells.append(" ".join(f"{value:.3f}".lstrip("0") for value in tens))
    for measure in ("recall@10", "recall@100", "recall@10 rescored"):
        cells.append(f"{np.mean(result[measure]):.3f}")  # type: ignore[call-overload]
    cells.append(f"{quality:.4f}" if isinstance(quality, float) else "")
    cells.append(f"{rates[name] / rates['fp16']:.2f}" if name in rates else "")
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    main()
