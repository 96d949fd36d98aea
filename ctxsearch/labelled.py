"""The vectors of labelled uses: each text is embedded once, as an index would embed it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ctxsearch.analysis import Analyser
from ctxsearch.corpus import Labels
from ctxsearch.domain import Progress, Segment
from ctxsearch.protocols import Encoder

# As in a build: so many tokens, or characters, are encoded in one call, and a longer text is cut there.
_BLOCK_TOKENS = 32_768
_BLOCK_CHARS = 8 * _BLOCK_TOKENS
# Many layers side by side make long vectors: fewer tokens then go in one call, for the sake of memory.
_BLOCK_COMPONENTS = 1 << 25
_FEWEST_TOKENS = 1024

NO_WORD = "the span has no word in it"
SEVERAL_WORDS = "the span is more than one word"
PART_OF_WORD = "the span is a part of a word"
NO_PIECE = "the model has no piece for the word"


class Embedded(NamedTuple):
    """The vectors of those uses that have one.

    Attributes:
        vectors: Shape: (n_found, dimension), float32.
        found: the numbers of these uses. Shape: (n_found,), int64.
        left_out: how many uses have none, by reason.
    """

    vectors: NDArray[np.float32]
    found: NDArray[np.int64]
    left_out: Mapping[str, int]


def draw(labels: Labels, per_lemma: int, *, seed: int = 0) -> Labels:
    """At most so many uses of each lemma, drawn by a hash of their place: the order of the file does not matter."""
    by_lemma: dict[str, list[int]] = {}
    for number, lemma in enumerate(labels.lemmas):
        by_lemma.setdefault(lemma, []).append(number)

    def drawn_by(number: int) -> bytes:
        place = f"{seed} {labels.senses[number]} {labels.place(number)}"
        return blake2b(place.encode(), digest_size=16).digest()

    kept = (
        numbers if len(numbers) <= per_lemma else sorted(numbers, key=drawn_by)[:per_lemma]
        for numbers in by_lemma.values()
    )
    return labels.chosen(sorted(number for numbers in kept for number in numbers))


def embed_labelled(
    labels: Labels, analyser: Analyser, encoder: Encoder, *, on_progress: Callable[[Progress], None] | None = None
) -> Embedded:
    """Embeds labelled uses; one whose span is no single word, or has no piece, is left out and counted.

    Args:
        labels: the uses.
        analyser: cuts the texts into words.
        encoder: gives the vectors.
        on_progress: is told how many of the uses are done.
    """
    left_out: Counter[str] = Counter()
    vectors = np.empty((len(labels), encoder.dimension), np.float32)
    has_vector = np.zeros(len(labels), np.bool_)
    at_once = min(_BLOCK_TOKENS, max(_FEWEST_TOKENS, _BLOCK_COMPONENTS // encoder.dimension))
    if on_progress:
        on_progress(Progress("embedding", 0, len(labels)))
    for block in _blocks(labels, analyser, at_once, left_out):
        encoded = encoder.encode(block.passages)
        uses, rows = np.array(block.uses, np.int64), np.array(block.rows, np.int64)
        present = encoded.present[rows]
        vectors[uses[present]] = encoded.vectors[rows[present]]
        has_vector[uses[present]] = True
        left_out[NO_PIECE] += int(np.count_nonzero(~present))
        if on_progress:
            on_progress(Progress("embedding", int(np.count_nonzero(has_vector)) + left_out.total(), len(labels)))
    found = np.flatnonzero(has_vector)
    # Nearly all are found: what is not is closed up in place, without a second copy of the matrix.
    for goal, number in enumerate(found):
        if goal != number:
            vectors[goal] = vectors[number]
    return Embedded(vectors[: len(found)], found, {why: count for why, count in left_out.items() if count})


@dataclass(slots=True)
class _Block:
    """Passages that are encoded in one call, and which of their tokens are labelled uses."""

    passages: list[list[Segment]] = field(default_factory=list)
    uses: list[int] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    tokens: int = 0
    characters: int = 0


def _blocks(labels: Labels, analyser: Analyser, at_once: int, left_out: Counter[str]) -> Iterator[_Block]:
    uses_of: list[list[int]] = [[] for _ in labels.texts]
    for number, text_number in enumerate(labels.text_numbers):
        uses_of[text_number].append(number)
    block = _Block()
    for text, uses in zip(labels.texts, uses_of, strict=True):
        segments = list(analyser.segments(text, lemmas=False))
        at_token = tokens_of(labels, uses, segments, left_out)
        token = 0
        for passage in _passages(segments):
            last = token + sum(len(segment.forms) for segment in passage)
            for number in [number for number in uses if token <= at_token.get(number, -1) < last]:
                block.uses.append(number)
                block.rows.append(block.tokens + at_token[number] - token)
            block.passages.append(passage)
            block.tokens += last - token
            block.characters += sum(len(segment.text) for segment in passage)
            token = last
            if block.tokens >= at_once or block.characters >= _BLOCK_CHARS:
                yield block
                block = _Block()
    if block.passages:
        yield block


def _passages(segments: Sequence[Segment]) -> Iterator[list[Segment]]:
    """The segments of one text, cut where a build would cut them."""
    passage: list[Segment] = []
    tokens = characters = 0
    for segment in segments:
        passage.append(segment)
        tokens += len(segment.forms)
        characters += len(segment.text)
        if tokens >= _BLOCK_TOKENS or characters >= _BLOCK_CHARS:
            yield passage
            passage, tokens, characters = [], 0, 0
    if passage:
        yield passage


def tokens_of(
    labels: Labels, uses: Sequence[int], segments: Sequence[Segment], left_out: Counter[str]
) -> dict[int, int]:
    """The token that each use marks, counted through the text; what marks none is counted by reason."""
    spans = [segment.spans.astype(np.int64) + segment.start for segment in segments]
    starts, ends = np.concatenate(spans).T if spans else np.empty((2, 0), np.int64)
    found: dict[int, int] = {}
    for number in uses:
        start, end = labels.starts[number], labels.ends[number]
        first, stop = int(np.searchsorted(ends, start, "right")), int(np.searchsorted(starts, end, "left"))
        if stop <= first:
            left_out[NO_WORD] += 1
        elif stop - first > 1:
            left_out[SEVERAL_WORDS] += 1
        elif start > starts[first] or end < ends[first]:
            left_out[PART_OF_WORD] += 1
        else:
            found[number] = first
    return found
