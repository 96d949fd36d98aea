"""An index of as many occurrences as are wanted, by simulation: without a text to read, and without a model.

The text is drawn word by word from the frequencies of a real index, in sentences as long as its own, with a tail of
rare words that grows with the text. A vector is one that the same form has in the real index, with noise on top, and
goes through the library's own codec. The files are written by the library's own writers, so catalogs, lists, codes,
digests and the commit are real; only what makes them is not: nothing is analysed, and the vectors come in their final
order, where a real build sorts them on disk. Shards are as large as `Index.compact` makes them, unless
smaller ones are asked for.

Vectors are made in small blocks, a block to each core: with 256 rows what is worked on stays in the cache, and the
codecs are twice as fast as with 4 096.
"""

from __future__ import annotations

import math
import os
import shutil
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import faiss
import numpy as np
from numpy.typing import NDArray

from ctxsearch import Document
from ctxsearch.build import Stopwatch
from ctxsearch.catalog.words import lemma_ranks, word_tables
from ctxsearch.catalog.writer import CatalogWriter
from ctxsearch.commit import Commit, ShardEntry, finish_shard, write_commit
from ctxsearch.digests import digest_bytes
from ctxsearch.documents import document_digest
from ctxsearch.domain import Segment
from ctxsearch.index import Index
from ctxsearch.index.changes import DEFAULT_SHARD_TOKENS
from ctxsearch.protocols import Encoded
from ctxsearch.query.scope import OpenShard
from ctxsearch.settings import CODEC_OF_HEAD
from ctxsearch.storage import TEMPORARY_PREFIX, make_folder, rename
from ctxsearch.vectors.clusters import ClusterWriter, clustered_forms, in_clusters
from ctxsearch.vectors.codec import Codec, CodecParameters, train
from ctxsearch.vectors.faiss import FaissCodec
from ctxsearch.vectors.files import TOKEN_BITS, SortedWriter

SENTENCES = 80
# One word in so many comes from the tail of rare words.
RARE = 50
# Of a component, as a standard deviation: two vectors from one real one then score .87.
NOISE = 0.02

_SHARDS = 16
_BLOCK_ROWS = 256
_TASK_ROWS = 1 << 14
# Such small blocks are made in turns of the interpreter: sixteen threads on as many cores make half as many.
_MOST_THREADS = 4
_SAMPLED_SENTENCES = 4096
# Of an occurrence in the catalog, and then some: what is written is counted afterwards.
_CATALOG_BYTES = 16


@dataclass(frozen=True)
class Real:
    """What is taken from a real index.

    Attributes:
        shard: the largest one of it.
        pairs: lemma and form, in order.
        first_rows: where the rows of each form begin. Shape: (n_pairs,).
        counts: how many there are. Shape: (n_pairs,).
        lengths: words of a sentence, a sample. Shape: (n_sentences,).
    """

    shard: OpenShard
    pairs: Sequence[tuple[str, str]]
    first_rows: NDArray[np.int64]
    counts: NDArray[np.int64]
    lengths: NDArray[np.int64]


class Simulated(NamedTuple):
    """An index that was made; the seconds are by stage."""

    occurrences: int
    shards: int
    seconds: dict[str, float]


class NoEncoder:
    """Stands for the model that was not there: the index has its dimension, and nobody asks it for a vector."""

    digest = "simulated"

    def __init__(self, dimension: int) -> None:
        self.dimension = dimension

    def encode(self, passages: Sequence[Sequence[Segment]]) -> Encoded:
        """Gives none."""
        raise NotImplementedError("A simulated index has no model.")


def real_parts(index: Index) -> Real:
    """What a simulation takes from an index."""
    shard = max(index.open_shards(), key=lambda one: one.entry.rows)
    forms = shard.catalog.forms()
    segments = shard.catalog.segments(range(_SAMPLED_SENTENCES))
    return Real(
        shard=shard,
        pairs=[(row.lemma, row.form) for row in forms],
        first_rows=np.array([row.first_row for row in forms], np.int64),
        counts=np.array([row.frequency for row in forms], np.int64),
        lengths=np.array([len(segment.spans) for segment in segments.values() if len(segment.spans)], np.int64),
    )


def simulate(
    real: Real,
    folder: Path,
    occurrences: int,
    codec: str | None,
    on_progress: Callable[[int], None],
    shard_tokens: int | None = None,
) -> Simulated:
    """Makes an index.

    Args:
        real: where words and vectors come from.
        folder: where the index goes; nothing is there.
        occurrences: how many.
        codec: how vectors are kept; None for what a new index has.
        on_progress: is told how many occurrences are written.
        shard_tokens: of a shard; None for as many as `Index.compact` makes.

    Raises:
        OSError: the disk has no room for it.
    """
    encoder = NoEncoder(real.shard.vectors.vectors(np.zeros(1, np.int64)).shape[1])
    codec = codec or CODEC_OF_HEAD
    with Index.create(folder, model="simulated", encoder=encoder, codec=codec) as index:
        settings = index.settings
    text = (folder / "ctxsearch.json").read_text(encoding="utf-8")
    needed = occurrences * (Codec(settings.codec).code_size(settings.dimension) + 8 + _CATALOG_BYTES)
    if needed > shutil.disk_usage(folder).free:
        raise OSError(f"{folder} has no room for {occurrences:,} occurrences, which take {needed / 1e9:.1f} GB")
    sample = _noisy(real, np.random.default_rng(0).integers(0, real.shard.entry.rows, 1 << 15), 0)
    watch = Stopwatch()
    words = Words(real, occurrences)
    parameters = train(Codec(settings.codec), sample)
    size = shard_tokens or max(DEFAULT_SHARD_TOKENS, math.ceil(occurrences / _SHARDS))
    entries: list[ShardEntry] = []
    first_document = done = 0
    while done < occurrences:
        building = folder / f"{TEMPORARY_PREFIX}shard"
        make_folder(building)
        with watch.stage("draw the text"):
            shard = ShardText(words, min(size, occurrences - done), seed=len(entries))
        with watch.stage("catalog"):
            catalog = shard.write_catalog(building, first_document)
        with watch.stage("codes"):
            vectors = shard.write_vectors(
                building,
                real,
                parameters,
                lambda rows, before=done: on_progress(before + rows),  # type: ignore[misc]
            )
        with watch.stage("catalog"):
            lemmas, forms = word_tables([(*pair, "", "") for pair in shard.pairs], shard.sizes.tolist())
            catalog.finish(lemmas, forms)
        with watch.stage("digest and commit"):
            entry = finish_shard(
                building,
                rows=shard.size,
                lemmas=len(lemmas),
                documents=catalog.documents,
                segments=catalog.segments,
                words=catalog.words,
                settings=digest_bytes(text.encode()),
                commit=1,
                vectors=vectors,
            )
            rename(building, folder / entry.shard_id)
        entries.append(entry)
        first_document += catalog.documents
        done += shard.size
    ranges = parameters.ranges
    kept = None if ranges is None else tuple(tuple(row) for row in ranges.tolist())
    write_commit(folder, Commit(1, tuple(entries), ranges=kept, settings=text))
    return Simulated(done, len(entries), {name: round(seconds, 1) for name, seconds in watch.seconds.items()})


class Words:
    """All words that a simulated text can have, by number: the real ones first, then the rare.

    Attributes:
        forms: each one's form; that of a rare word is written when it is drawn. Shape: (n_words,).
        lengths: its characters. Shape: (n_words,).
        first_rows: where its rows in the real shard begin. Shape: (n_words,).
        counts: how many there are; a rare word takes any row. Shape: (n_words,).
    """

    def __init__(self, real: Real, occurrences: int) -> None:
        self.real_pairs = real.pairs
        n_real, n_rare = len(real.pairs), max(1000, occurrences // RARE)
        self._shares = np.cumsum(real.counts) / real.counts.sum()
        self._n_rare = n_rare
        self.forms = np.empty(n_real + n_rare, object)
        self.forms[:n_real] = [form for _, form in real.pairs]
        self.lengths = np.zeros(n_real + n_rare, np.int64)
        self.lengths[:n_real] = [len(form) for _, form in real.pairs]
        self.first_rows = np.concatenate([real.first_rows, np.zeros(n_rare, np.int64)])
        self.counts = np.concatenate([real.counts, np.full(n_rare, real.shard.entry.rows)])
        self.sentence_lengths = real.lengths

    def draw(self, size: int, random: np.random.Generator) -> NDArray[np.int32]:
        """A text of so many words. Shape: (size,)."""
        drawn = np.searchsorted(self._shares, random.random(size), side="right").astype(np.int32)
        np.minimum(drawn, len(self.real_pairs) - 1, out=drawn)
        rare = np.flatnonzero(random.random(size, np.float32) < 1 / RARE)
        # Log-uniform: a few of the tail come again and again, most once.
        numbers = np.exp(random.random(len(rare)) * np.log(self._n_rare)).astype(np.int32) - 1
        for number in np.unique(numbers).tolist():
            place = len(self.real_pairs) + number
            if not self.lengths[place]:
                self.forms[place] = f"rare{number}x"
                self.lengths[place] = len(self.forms[place])
        drawn[rare] = numbers + len(self.real_pairs)
        return drawn

    def pair(self, number: int) -> tuple[str, str]:
        """The lemma and the form of a word."""
        return self.real_pairs[number] if number < len(self.real_pairs) else (self.forms[number], self.forms[number])


class ShardText:
    """The text of one shard.

    Args:
        words: what it can have.
        size: how many of them it has.
        seed: of the draw.

    Attributes:
        size: words.
        pairs: lemma and form of all that occur, in order.
        sizes: how often each of these does. Shape: (n_pairs,).
    """

    def __init__(self, words: Words, size: int, seed: int) -> None:
        random = np.random.default_rng([1, seed])
        self.size = size
        self._seed = seed
        self._words = words
        self._drawn = words.draw(size, random)
        some = random.choice(words.sentence_lengths, 1 + 2 * size // max(1, int(words.sentence_lengths.mean())))
        ends = np.cumsum(some)
        while ends[-1] < size:
            ends = np.concatenate([ends, ends + ends[-1]])
        ends = ends[: np.searchsorted(ends, size)]
        self._borders = np.concatenate([[0], ends, [size]])
        counts = np.bincount(self._drawn, minlength=len(words.lengths))
        used = np.flatnonzero(counts).tolist()
        by_name = sorted((words.pair(number), number) for number in used)
        self.pairs = [pair for pair, _ in by_name]
        numbers = np.array([number for _, number in by_name], np.int64)
        self._rank_of = np.zeros(len(words.lengths), np.int32)
        self._rank_of[numbers] = np.arange(len(numbers), dtype=np.int32)
        self.sizes = counts[numbers]

    def write_catalog(self, folder: Path, first_document: int) -> CatalogWriter:
        """Writes documents and sentences; the words are left to be written."""
        catalog = CatalogWriter(folder)
        for first in range(0, len(self._borders) - 1, SENTENCES):
            borders = self._borders[first : first + SENTENCES + 1]
            parts = []
            for segment in self._sentences(borders):
                catalog.add_segment(segment)
                parts.append(segment.text)
            number = first_document + catalog.documents
            document = Document(f"document-{number}", "".join(parts), {"year": 1900 + number % 120})
            catalog.end_document(document, int(borders[-1] - borders[0]), document_digest(document))
        return catalog

    def _sentences(self, borders: NDArray[np.int64]) -> Iterator[Segment]:
        """The sentences of one document, without their forms and lemmas, for which nobody asks."""
        drawn = self._drawn[borders[0] : borders[-1]]
        forms = self._words.forms[drawn].tolist()
        lengths = self._words.lengths[drawn]
        # A space or a full stop comes after each word; the space between sentences is the later one's.
        ends = np.cumsum(lengths + 1) - 1
        spans = np.stack([ends - lengths, ends], axis=1).astype(np.int32)
        start = 0
        for begin, end in pairwise((borders - borders[0]).tolist()):
            space = " " if begin else ""
            text = space + " ".join(forms[begin:end]) + "."
            yield Segment(start, text, spans[begin:end] - (spans[begin, 0] - len(space)), (), ())
            start += len(text)

    def write_vectors(
        self, folder: Path, real: Real, parameters: CodecParameters, on_progress: Callable[[int], None]
    ) -> tuple[int, str]:
        """Writes the codes in order of word and place, and returns the size and the digest of their file."""
        ranks = self._rank_of[self._drawn]
        order = np.argsort(ranks, kind="stable")
        lengths = np.diff(self._borders)
        ids = np.repeat(np.arange(len(lengths)) << TOKEN_BITS, lengths)
        ids += np.arange(self.size) - np.repeat(self._borders[:-1], lengths)
        ids = ids[order]
        drawn = self._drawn[order]
        del ranks, order
        random = np.random.default_rng([2, self._seed])
        codec = FaissCodec(parameters)

        def codes(drawn: NDArray[np.int32], seed: int) -> NDArray[np.uint8]:
            places = (np.random.default_rng(seed).random(len(drawn)) * self._words.counts[drawn]).astype(np.int64)
            rows = self._words.first_rows[drawn] + places
            made = np.empty((len(rows), parameters.code_size), np.uint8)
            for start in range(0, len(rows), _BLOCK_ROWS):
                block = slice(start, start + _BLOCK_ROWS)
                made[block] = codec.encode(_noisy(real, rows[block], seed + start))
            return made

        cores = min(_MOST_THREADS, os.cpu_count() or 1)
        writer = SortedWriter(folder)
        lemma_of = lemma_ranks([(*pair, "", "") for pair in self.pairs])
        clusters = _ClusteringWriter(folder, writer, codec, self.sizes, lemma_of)
        waiting: deque[tuple[slice, Future[NDArray[np.uint8]]]] = deque()

        def write_oldest() -> None:
            block, coding = waiting.popleft()
            clusters.add(coding.result(), ids[block])
            on_progress(min(block.stop, self.size))

        # Each thread asks FAISS for one core: there is a block for every one of them.
        with ThreadPoolExecutor(cores, initializer=faiss.omp_set_num_threads, initargs=(1,)) as threads:
            try:
                for start in range(0, self.size, _TASK_ROWS):
                    block = slice(start, start + _TASK_ROWS)
                    waiting.append((block, threads.submit(codes, drawn[block], int(random.integers(1 << 62)))))
                    if len(waiting) > 2 * cores:
                        write_oldest()
                while waiting:
                    write_oldest()
                clusters.finish()
                return writer.finish(np.bincount(lemma_of, weights=self.sizes).astype(np.int64))
            finally:
                writer.close()


class _ClusteringWriter:
    """Puts the rows of frequent words in clusters, as a build does, on their way to the disk.

    Args:
        folder: where the file of clusters goes.
        writer: takes the rows.
        codec: of the codes.
        sizes: rows of each word, in order. Shape: (n_words,).
        lemma_of: the number of the lemma of each. Shape: (n_words,).
    """

    def __init__(
        self,
        folder: Path,
        writer: SortedWriter,
        codec: FaissCodec,
        sizes: NDArray[np.int64],
        lemma_of: NDArray[np.int32],
    ) -> None:
        self._writer = writer
        self._clusters = ClusterWriter(folder)
        self._codec = codec
        stops = np.cumsum(sizes)
        self._waiting = deque(
            (int(stops[form] - sizes[form]), int(stops[form])) for form in clustered_forms(sizes, lemma_of)
        )
        self._held: list[tuple[NDArray[np.uint8], NDArray[np.int64]]] = []
        self._taken = 0

    def add(self, codes: NDArray[np.uint8], ids: NDArray[np.int64]) -> None:
        """Takes the next rows, in order of word and place."""
        while len(ids):
            start, stop = self._waiting[0] if self._waiting else (math.inf, math.inf)
            is_clustered = start <= self._taken
            size = int(min(len(ids), (stop if is_clustered else start) - self._taken))
            if is_clustered:
                self._held.append((codes[:size], ids[:size]))
            else:
                self._writer.add(codes[:size], ids[:size])
            codes, ids = codes[size:], ids[size:]
            self._taken += size
            if is_clustered and self._taken == stop:
                self._write_clusters(*self._waiting.popleft())

    def _write_clusters(self, start: int, stop: int) -> None:
        codes, ids = map(np.concatenate, zip(*self._held, strict=True))
        self._held.clear()
        made = in_clusters(stop - start, lambda rows: self._codec.decode(codes[rows]))
        self._clusters.add(start, made.sizes, made.centroids)
        self._writer.add(codes[made.order], ids[made.order])

    def finish(self) -> None:
        """Writes the file of clusters."""
        self._clusters.finish()


def _noisy(real: Real, rows: NDArray[np.int64], seed: int) -> NDArray[np.float32]:
    """Some real vectors with noise, of unit length. Shape: (n_rows, dimension)."""
    vectors = real.shard.vectors.vectors(rows)
    # Uniform, and by the fastest of numpy's generators: four times as fast as Gaussian, and as good for this.
    noise = np.random.Generator(np.random.SFC64(seed)).random(vectors.shape, np.float32)
    noise -= np.float32(0.5)
    noise *= np.float32(NOISE * math.sqrt(12))
    vectors += noise
    vectors /= np.sqrt(np.einsum("ij,ij->i", vectors, vectors))[:, None]
    return vectors
