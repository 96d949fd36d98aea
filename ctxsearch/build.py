"""Builds one shard: documents in, a folder of finished files out.

Text is analysed and encoded in blocks, so that windows of like length meet in a batch; vectors go to the sorting
writer, sentences to the catalog. The model works on one block, and has the next one waiting, while the text of a third
is cut and the vectors of those before are written: it never waits for either. Memory is bounded by these blocks, the
writer's run, the first vectors, which its codec is trained on, and the shard's lexicon.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ctxsearch.analysis import Analyser, surface_form
from ctxsearch.catalog.rows import Word
from ctxsearch.catalog.words import lemma_ranks, word_tables
from ctxsearch.catalog.writer import CatalogWriter
from ctxsearch.commit import ShardEntry, finish_shard
from ctxsearch.domain import Document, Segment
from ctxsearch.protocols import Encoded, Encoder, VectorCodec
from ctxsearch.stretches import stretches
from ctxsearch.vectors.files import TOKEN_BITS, TOKEN_MASK
from ctxsearch.vectors.sorting import VectorWriter

# Tokens encoded in one call: some twenty batches of windows, so that those in a batch are of nearly one length.
BLOCK_TOKENS = 32_768
# The first block is smaller, and each is twice the one before until they are whole: the model need not wait long.
_FIRST_TOKENS = BLOCK_TOKENS // 16
# A row of dots has no token, and a piece a dot; ordinary text comes to its tokens first.
_BLOCK_CHARS = 8 * BLOCK_TOKENS
# Blocks that the model has, one to work on and one to go on with.
BLOCKS_AT_ONCE = 2

_Block = list[tuple[int, list[Segment]]]
"""Passages, each with the number of its first segment."""


class Stopwatch:
    """Adds up the seconds that each stage of a build takes."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Counts what happens inside towards a stage."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] += time.perf_counter() - start  # type: ignore[assignment]


class Lexicon:
    """The words of a shard, numbered as they come.

    Args:
        lemma_of: gives the lemma of a form that comes without one.
    """

    def __init__(self, lemma_of: Callable[[str], str]) -> None:
        self._numbers = _WordNumbers(lemma_of)

    def number(self, words: Sequence[Word | str]) -> NDArray[np.int32]:
        """The number of each word, or of that which a form is of. Shape: (n_words,)."""
        return np.fromiter(map(self._numbers.__getitem__, words), np.int32, len(words))

    def in_order(self) -> tuple[list[Word], NDArray[np.int32]]:
        """All words in order, and the rank of each, by number. Shape: (n_words,)."""
        words = self._numbers.words
        numbers = sorted(range(len(words)), key=words.__getitem__)
        ranks = np.empty(len(words), dtype=np.int32)
        ranks[numbers] = np.arange(len(ranks), dtype=np.int32)
        return [words[number] for number in numbers], ranks

    def order(self) -> NDArray[np.int32]:
        """The rank of each word among all, by number. Shape: (n_words,)."""
        return self.in_order()[1]


class _WordNumbers(dict["Word | str", int]):
    """The numbers of words, and of forms; to find one that is there costs no Python call."""

    def __init__(self, lemma_of: Callable[[str], str]) -> None:
        super().__init__()
        self.words: list[Word] = []
        self._lemma_of = lemma_of

    def __missing__(self, key: Word | str) -> int:
        if isinstance(key, str):
            number = self[self._lemma_of(key), surface_form(key), "", ""]
        else:
            number = len(self.words)
            self.words.append(key)
        self[key] = number
        return number


class ShardBuilder:
    """Takes documents, and writes a shard of them into an empty folder.

    Args:
        folder: where the files go; nothing else is in it.
        analyser: cuts the text.
        encoder: gives the vectors.
        codec_for: gives the codec, see `VectorWriter`.
        watch: counts the seconds of each stage.
        on_encoded: is called when `encoded` has grown.
    """

    def __init__(
        self,
        folder: Path,
        *,
        analyser: Analyser,
        encoder: Encoder,
        codec_for: Callable[[NDArray[np.float32]], VectorCodec],
        watch: Stopwatch,
        on_encoded: Callable[[], None],
    ) -> None:
        self._folder = folder
        self._analyser = analyser
        self._encoder = encoder
        self._watch = watch
        self._on_encoded = on_encoded
        self._catalog = CatalogWriter(folder)
        self._vectors = VectorWriter(folder, encoder.dimension, codec_for)
        self._lexicon = Lexicon(analyser.lemma)
        self._block: _Block = []
        self._encoding: deque[tuple[_Block, Future[Encoded]]] = deque()
        # With two at once the model has batches of the next block to fill up with where one ends: 2 % more words/s.
        at_once = BLOCKS_AT_ONCE if getattr(encoder, "is_concurrent", False) else 1
        self._ahead = ThreadPoolExecutor(at_once, "ctxsearch-encode")
        self._block_tokens = self._block_chars = 0
        self._enough = _FIRST_TOKENS
        self.tokens = self.encoded = 0
        self.without_vector = self.unknown = 0

    def add(self, document: Document, digest: str) -> int:
        """Takes one document, and returns its number.

        Raises:
            SourceError: its text is no valid Unicode.
        """
        passage = self._open_passage()
        words = held = held_chars = 0
        # The lemmas of forms are found once each, at the end; those of given tokens are not of their forms alone.
        has_tokens = document.given is not None
        segments = self._analyser.segments(document.text, lemmas=has_tokens, given=document.given)
        while True:
            with self._watch.stage("analyse"):
                segment = next(segments, None)
            if segment is None:
                break
            passage.append(segment)
            self._catalog.add_segment(segment)
            words += len(segment.forms)
            self.tokens += len(segment.forms)
            self._block_tokens += len(segment.forms)
            self._block_chars += len(segment.text)
            held += len(segment.forms)
            held_chars += len(segment.text)
            if held >= BLOCK_TOKENS or held_chars >= _BLOCK_CHARS:
                # A document as long as a library is encoded a block at a time. Where it is cut depends on itself
                # alone: its vectors are the same whatever was indexed before it.
                self._flush()
                passage, held, held_chars = self._open_passage(), 0, 0
        if self._block_tokens >= self._enough or self._block_chars >= _BLOCK_CHARS:
            self._flush()
            self._enough = min(2 * self._enough, BLOCK_TOKENS)
        self._catalog.end_document(document, words, digest)
        return self._catalog.documents - 1

    def take_out(self, number: int) -> None:
        """Lets another document have the id of one, which the commit is to leave out."""
        self._catalog.free_id(number)

    def _open_passage(self) -> list[Segment]:
        """A new run of consecutive segments at the end of the block."""
        self._block.append((self._catalog.segments, []))
        return self._block[-1][1]

    def _flush(self) -> None:
        """Gives the block to the model, and hands on the vectors of the one before the last."""
        block = [(first, segments) for first, segments in self._block if segments]
        words, self._block, self._block_tokens, self._block_chars = self._block_tokens, [], 0, 0
        if words:
            self._encoding.append((block, self._ahead.submit(self._encode, block)))
        while len(self._encoding) > BLOCKS_AT_ONCE:
            self._hand_on()

    def _encode(self, block: _Block) -> Encoded:
        return self._encoder.encode([segments for _, segments in block])

    def _hand_on(self) -> None:
        """Waits for the vectors of the oldest block, and hands them on."""
        block, encoding = self._encoding.popleft()
        with self._watch.stage("encode"):
            vectors, present, unknown = encoding.result()
        self.encoded += len(present)
        self.unknown += unknown
        self._on_encoded()
        with self._watch.stage("sort and write"):
            words: list[Word | str] = []
            for _, segments in block:
                for segment in segments:
                    words.extend(segment.forms if segment.origin is None else _given_words(segment))
            all_ids = _ids(block)
            if not present.all():
                self.without_vector += int(len(present) - np.count_nonzero(present))
                self._keep_unembedded(words, all_ids, present)
                words = [word for word, has in zip(words, present, strict=True) if has]
                vectors, all_ids = vectors[present], all_ids[present]
            self._vectors.add(vectors, self._lexicon.number(words), all_ids, self._lexicon.order)

    def _keep_unembedded(self, words: Sequence[Word | str], ids: NDArray[np.int64], present: NDArray[np.bool_]) -> None:
        """Notes the tokens that a source gave and the model has no piece for."""
        for row in np.flatnonzero(~present).tolist():
            word = words[row]
            if not isinstance(word, str):
                self._catalog.add_unembedded(int(ids[row]) >> TOKEN_BITS, int(ids[row]) & TOKEN_MASK, word)

    def finish(self, settings_digest: str, commit: int) -> ShardEntry:
        """Writes everything, durably, see `finish_shard`.

        Args:
            settings_digest: what tells the index's settings, kept in the shard.
            commit: the number of the commit that the shard is made for.
        """
        self._flush()
        while self._encoding:
            self._hand_on()
        self._ahead.shutdown()
        # Nothing is left for the model to do: the words are written while the vectors are.
        with ThreadPoolExecutor(1, "ctxsearch-catalog") as beside:
            with self._watch.stage("sort and write"):
                words, order = self._lexicon.in_order()
                rows = self._vectors.rows
                catalog = beside.submit(self._write_words, words, self._vectors.counts(order).tolist())
                vectors = self._vectors.finish(order, lemma_ranks(words))
            with self._watch.stage("catalog"):
                lemmas = catalog.result()
        with self._watch.stage("digest and commit"):
            return finish_shard(
                self._folder,
                rows=rows,
                lemmas=lemmas,
                documents=self._catalog.documents,
                segments=self._catalog.segments,
                words=self.tokens,
                settings=settings_digest,
                commit=commit,
                vectors=vectors,
            )

    def _write_words(self, words: Sequence[Word], sizes: Sequence[int]) -> int:
        """Brings the catalog to its end; how many lemmas it has."""
        lemmas, forms = word_tables(words, sizes)
        self._catalog.finish(lemmas, forms)
        return len(lemmas)

    def abandon(self) -> None:
        """Lets go of the files, and waits for what the model is doing; whoever made the folder removes it."""
        self._ahead.shutdown(cancel_futures=True)
        self._catalog.close()


def _given_words(segment: Segment) -> Iterator[Word]:
    """The words of a segment whose source gives its tokens."""
    unsaid = [""] * len(segment.forms)
    forms = map(surface_form, segment.forms)
    return zip(segment.lemmas, forms, segment.tags or unsaid, segment.written_lemmas or unsaid, strict=True)


def _ids(block: _Block) -> NDArray[np.int64]:
    """The id of every token: ``segment << 16 | token``. Shape: (n_tokens,)."""
    numbers = [number for first, segments in block for number in range(first, first + len(segments))]
    sizes = [len(segment.forms) for _, segments in block for segment in segments]
    firsts = np.array(numbers, np.int64) << TOKEN_BITS
    return stretches(firsts, firsts + sizes)
