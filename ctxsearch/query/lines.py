"""Turns rows into concordance lines."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ctxsearch.catalog.reader import SegmentRow
from ctxsearch.domain import ConcordanceLine
from ctxsearch.errors import IndexDamaged
from ctxsearch.kwic import Context, sentence_around, words_around
from ctxsearch.query.ranking import Found
from ctxsearch.query.scope import OpenShard
from ctxsearch.vectors.files import TOKEN_BITS

_TOKEN_MASK = (1 << TOKEN_BITS) - 1


def lines(shards: Sequence[OpenShard], found: Sequence[Found], context: int | None) -> list[ConcordanceLine]:
    """The concordance lines of some occurrences, in their order.

    Args:
        shards: where.
        found: what.
        context: words on either side, or None for the sentence.
    """
    by_shard: dict[int, list[int]] = {}
    for place, item in enumerate(found):
        by_shard.setdefault(item.shard, []).append(place)
    result: list[ConcordanceLine | None] = [None] * len(found)
    for number, places in by_shard.items():
        made = _shard_lines(shards[number], [found[place] for place in places], context)
        for place, line in zip(places, made, strict=True):
            result[place] = line
    return [line for line in result if line is not None]


def _shard_lines(shard: OpenShard, found: Sequence[Found], context: int | None) -> list[ConcordanceLine]:
    rows = np.array([item.row for item in found], dtype=np.int64)
    ids = shard.files.ids[rows]
    numbers = (ids >> TOKEN_BITS).tolist()
    positions = (ids & _TOKEN_MASK).tolist()
    lemma_numbers = (np.searchsorted(shard.files.lists, rows, side="right") - 1).tolist()
    lemmas = shard.catalog.lemmas(lemma_numbers)
    segments = shard.catalog.segments(numbers)
    documents = shard.catalog.documents(segment.document for segment in segments.values())
    surroundings = _Surroundings(shard, segments)
    made = []
    for item, number, position, lemma_number in zip(found, numbers, positions, lemma_numbers, strict=True):
        segment = segments.get(number)
        document = documents.get(segment.document) if segment else None
        if segment is None or document is None or position >= len(segment.spans):
            raise IndexDamaged(str(shard.catalog.path), f"the text of occurrence {number}:{position} is missing")
        start, end = (int(offset) for offset in segment.spans[position])
        if context is None:
            around = sentence_around(segment.text, start, end)
        else:
            around = surroundings.words(segment, position, context)
        node = segment.text[start:end]
        made.append(
            ConcordanceLine(
                key=f"{document.document_id}:{segment.start + start}",
                score=item.score,
                left=around.left,
                node=node,
                right=around.right,
                form=node,
                lemma=lemmas[lemma_number],
                document_id=document.document_id,
                start=segment.start + start,
                end=segment.start + end,
                metadata=document.metadata,
            )
        )
    return made


class _Surroundings:
    """Context that reaches over the borders of a sentence, with the segments it needs fetched in few calls."""

    def __init__(self, shard: OpenShard, segments: dict[int, SegmentRow]) -> None:
        self._catalog = shard.catalog
        self._segments = dict(segments)
        beside = {number + step for number in segments for step in (-1, 1)} - segments.keys()
        self._segments.update(self._catalog.segments(beside))

    def _get(self, number: int) -> SegmentRow | None:
        if number not in self._segments:
            self._segments.update(self._catalog.segments([number]))
        return self._segments.get(number)

    def words(self, segment: SegmentRow, position: int, words: int) -> Context:
        chain = [segment]
        before, after = position, len(segment.spans) - position - 1
        while before < words and (one := self._get(chain[0].number - 1)) and one.document == segment.document:
            chain.insert(0, one)
            before += len(one.spans)
        # One word more than is shown, since the line ends before it.
        while after <= words and (one := self._get(chain[-1].number + 1)) and one.document == segment.document:
            chain.append(one)
            after += len(one.spans)
        spans = np.concatenate([one.spans + (one.start - chain[0].start) for one in chain])
        # A sentence can have thousands of words; only those around the node matter.
        first = max(0, before - words - 1)
        near = [(start, end) for start, end in spans[first : before + words + 2].tolist()]
        return words_around("".join(one.text for one in chain), near, before - first, words)
