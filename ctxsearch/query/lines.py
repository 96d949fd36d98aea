"""Turns rows into concordance lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from ctxsearch.analysis import surface_form
from ctxsearch.catalog.reader import Catalog
from ctxsearch.catalog.rows import FormRow, SegmentRow
from ctxsearch.domain import ConcordanceLine, Origin
from ctxsearch.errors import IndexDamaged
from ctxsearch.head import Calibration
from ctxsearch.kwic import Context, Spans, sentence_around, words_around
from ctxsearch.query.found import Found
from ctxsearch.query.scope import OpenShard
from ctxsearch.vectors.files import TOKEN_BITS, TOKEN_MASK


def lines(
    shards: Sequence[OpenShard], found: Sequence[Found], context: int | None, calibration: Calibration | None = None
) -> list[ConcordanceLine]:
    """The concordance lines of some occurrences, in their order.

    Args:
        shards: where.
        found: what.
        context: words on either side, or None for the sentence.
        calibration: turns scores into probabilities, where they have one.
    """
    by_shard: dict[int, tuple[list[int], list[Found]]] = {}
    for place, item in enumerate(found):
        places, items = by_shard.setdefault(item.shard, ([], []))
        places.append(place)
        items.append(item)
    result: list[ConcordanceLine | None] = [None] * len(found)
    for number, (places, items) in by_shard.items():
        for place, line in zip(places, _shard_lines(shards[number], items, context, calibration), strict=True):
            result[place] = line
    return [line for line in result if line is not None]


def _shard_lines(
    shard: OpenShard, found: Sequence[Found], context: int | None, calibration: Calibration | None
) -> list[ConcordanceLine]:
    rows = np.array([item.row for item in found], dtype=np.int64)
    shard.ids_ahead.expect_rows(rows)
    ids = shard.files.ids[rows]
    numbers = (ids >> TOKEN_BITS).tolist()
    positions = (ids & TOKEN_MASK).tolist()
    lemma_numbers = shard.files.lists_of(rows).tolist()
    lemmas = shard.catalog.lemmas(lemma_numbers)
    segments = _Segments(shard.catalog, numbers, with_next=context is not None)
    tags = _tags(shard, rows.tolist(), segments, numbers, positions)
    origins = shard.catalog.origins(numbers)
    documents = shard.catalog.documents(segment.document for number in numbers if (segment := segments.get(number)))
    made = []
    for item, number, position, lemma_number, tag in zip(found, numbers, positions, lemma_numbers, tags, strict=True):
        segment = segments.get(number)
        document = documents.get(segment.document) if segment else None
        if segment is None or document is None or position >= len(segment.spans) or lemma_number not in lemmas:
            raise IndexDamaged(str(shard.catalog.path), f"the text of occurrence {number}:{position} is missing")
        start, end = segment.spans[position]
        if context is None:
            around = sentence_around(segment.text, start, end)
        else:
            around = segments.words_around(segment, position, context)
        node = segment.text[start:end]
        made.append(
            ConcordanceLine(
                key=f"{document.document_id}:{segment.start + start}",
                # A cosine, by vectors that a codec has rounded: those of one text may come out beyond 1.
                score=None if item.score is None else min(item.score, 1.0),
                left=around.left,
                node=node,
                right=around.right,
                form=node,
                lemma=lemmas[lemma_number],
                document_id=document.document_id,
                start=segment.start + start,
                end=segment.start + end,
                metadata=document.metadata,
                p_same=None if calibration is None or item.score is None else calibration.p_same(item.score),
                pos=tag,
                source=_source(document.uri, origins.get(number), position),
            )
        )
    return made


def _tags(
    shard: OpenShard, rows: Sequence[int], segments: _Segments, numbers: Sequence[int], positions: Sequence[int]
) -> list[str]:
    """The part of speech of each occurrence; empty where no source gave one."""
    if not shard.catalog.tags:
        return [""] * len(rows)
    known: dict[str, list[FormRow]] = {}
    tags = []
    for row, number, position in zip(rows, numbers, positions, strict=True):
        segment = segments.get(number)
        form = (
            "" if segment is None or position >= len(segment.spans) else segment.text[slice(*segment.spans[position])]
        )
        if form not in known:
            known[form] = shard.catalog.forms(form=surface_form(form))
        tags.append(next((one.tag for one in known[form] if one.first_row <= row < one.stop_row), ""))
    return tags


def _source(uri: str, origin: Origin | None, position: int) -> str:
    """Where an occurrence is in the files that the corpus was made of, as far as that is known."""
    if origin is None or position >= len(origin.lines) or not origin.lines[position]:
        return uri
    # The number of a record is that of its first line.
    return f"{uri.partition('#')[0]}:{origin.lines[position]}"


class _Segments:
    """Segments and those beside them, since context reaches over the borders of a sentence.

    Args:
        catalog: of the shard.
        numbers: of the segments, fetched in one call.
        with_next: whether their neighbours are fetched in it, too; what is further off is fetched when it is needed.
    """

    def __init__(self, catalog: Catalog, numbers: Iterable[int], *, with_next: bool) -> None:
        self._catalog = catalog
        steps = (-1, 0, 1) if with_next else (0,)
        self._segments = catalog.segments(number + step for number in numbers for step in steps)

    def get(self, number: int) -> SegmentRow | None:
        """The segment with this number."""
        one = self._segments.get(number)
        if one is None and (found := self._catalog.segments([number])):
            one = self._segments[number] = found[number]
        return one

    def words_around(self, segment: SegmentRow, position: int, words: int) -> Context:
        """The context of a word, see `kwic.words_around`."""
        before, after = self._beside(segment, -1), self._beside(segment, 1)
        return words_around(segment.text, segment.spans, position, words, before, after)

    def _beside(self, segment: SegmentRow, step: int) -> Iterator[tuple[str, Spans]]:
        number = segment.number + step
        while (one := self.get(number)) and one.document == segment.document:
            yield one.text, one.spans
            number += step
