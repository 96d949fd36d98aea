"""Finds occurrences by their keys: many at a fraction of what it takes to find them one by one."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from operator import itemgetter
from typing import NamedTuple

import numpy as np

from ctxsearch.analysis import surface_form
from ctxsearch.catalog.rows import DocumentRow, SegmentRow
from ctxsearch.errors import KeyNotFound
from ctxsearch.query.scope import ListedShard, OpenShard
from ctxsearch.vectors.files import TOKEN_BITS

# To find the segment of one character costs as much as to read so many.
_SEGMENTS_PER_KEY = 16
_SEGMENTS_AT_ONCE = 1 << 10
_GREATEST_ID = (1 << 63) - 1
# Characters of a word that an error shows.
_SHOWN = 50
# Of the offset in a key: such a number fits into 64 bits.
_MOST_DIGITS = 18


class Place(NamedTuple):
    """Where an occurrence was found by its key."""

    shard: int
    row: int
    lemma: str
    form: str


def find_key(shards: Sequence[OpenShard], key: str) -> Place:
    """Where the occurrence with this key is.

    Raises:
        KeyNotFound: it is nowhere.
    """
    places = places_of_keys(shards, [key])
    if key not in places:
        raise KeyNotFound(key, _why_not(shards, key))
    return places[key]


def find_keys(shards: Sequence[OpenShard], keys: Iterable[str]) -> dict[str, Place]:
    """Where occurrences are, by their keys: what `find_key` says of each.

    Raises:
        KeyNotFound: one is nowhere; it names the first that is not.
    """
    keys = dict.fromkeys(keys)
    places = places_of_keys(shards, keys)
    # What was not found is looked for by itself, to tell what is wrong with it.
    return {key: places.get(key) or find_key(shards, key) for key in keys}


def places_of_keys(shards: Sequence[OpenShard], keys: Iterable[str]) -> dict[str, Place]:
    """Where occurrences are, by their keys; of those that are nowhere, nothing."""
    places: dict[str, Place] = {}
    for (number, written), tokens in _tokens(shards, keys).items():
        places.update(_places(shards[number], number, written, tokens))
    return places


def _tokens(shards: Sequence[OpenShard], keys: Iterable[str]) -> dict[tuple[int, str], dict[int, str]]:
    """Keys by the ids of the tokens that begin there, for each shard and way to write them."""
    asked: dict[str, dict[int, str]] = {}
    for key in keys:
        with suppress(KeyNotFound):
            document_id, start = parsed_key(key)
            asked.setdefault(document_id, {})[start] = key
    found: dict[tuple[int, str], dict[int, str]] = {}
    for document_id, (number, document) in living_documents_named(shards, asked).items():
        key_at = asked[document_id]
        for segment, start in segments_at(shards[number], document, sorted(key_at)):
            position = word_at(segment, start)
            if position is None:
                continue
            token = segment.number << TOKEN_BITS | position
            if token <= _GREATEST_ID:
                begin, end = segment.spans[position]
                found.setdefault((number, surface_form(segment.text[begin:end])), {})[token] = key_at[start]
    return found


def parsed_key(key: str) -> tuple[str, int]:
    """The document and the character that a key names.

    Raises:
        KeyNotFound: it cannot be a key.
    """
    document_id, colon, offset = key.rpartition(":")
    if not colon or not offset.isascii() or not offset.isdigit():
        raise KeyNotFound(key, "it does not end in a colon and a number")
    if len(offset) > _MOST_DIGITS:
        raise KeyNotFound(key, f"its number has {len(offset):,} digits, and no document is so long")
    start = int(offset)
    # An occurrence has one key, and what people say of it is kept under that.
    if offset != str(start):
        raise KeyNotFound(key, "its number is written with zeros before it")
    return document_id, start


def living_documents_named(
    shards: Sequence[ListedShard], document_ids: Iterable[str]
) -> dict[str, tuple[int, DocumentRow]]:
    """Documents that were not taken out, each with the number of its shard; of those that are nowhere, nothing."""
    found: dict[str, tuple[int, DocumentRow]] = {}
    missing = dict.fromkeys(document_ids)
    # The newest shard first: a document that was replaced lives on in an older one, taken out.
    for number in range(len(shards) - 1, -1, -1):
        for document_id, document in shards[number].catalog.documents_named(missing).items():
            if document.number not in shards[number].entry.removed:
                found[document_id] = number, document
                del missing[document_id]
    return found


def word_at(segment: SegmentRow, start: int) -> int | None:
    """Which word of a segment begins at a character of the document."""
    spans, begin = segment.spans, start - segment.start
    position = bisect_left(spans, begin, key=itemgetter(0))
    return position if position < len(spans) and spans[position][0] == begin else None


def segments_at(shard: ListedShard, document: DocumentRow, starts: Sequence[int]) -> Iterator[tuple[SegmentRow, int]]:
    """Characters of a document, given in order, each with the segment that holds it."""
    if document.segments > _SEGMENTS_PER_KEY * len(starts):
        for start in starts:
            segment = shard.catalog.segment_at(document, start)
            if segment is not None:
                yield segment, start
        return
    at, stop = 0, document.first_segment + document.segments
    for first in range(document.first_segment, stop, _SEGMENTS_AT_ONCE):
        segments = shard.catalog.segments(range(first, min(first + _SEGMENTS_AT_ONCE, stop)))
        for _, segment in sorted(segments.items()):
            while at < len(starts) and starts[at] < segment.start + len(segment.text):
                if starts[at] >= segment.start:
                    yield segment, starts[at]
                at += 1


def _places(shard: OpenShard, number: int, written: str, key_of: dict[int, str]) -> Iterator[tuple[str, Place]]:
    """Where tokens of a shard are that are written so, by their keys."""
    tokens = np.array(sorted(key_of), np.int64)
    for form in shard.catalog.forms(form=written):
        if not len(tokens):
            return
        shard.ids_ahead.expect([(form.first_row, form.stop_row)])
        is_left = np.ones(len(tokens), np.bool_)
        for begin, end in shard.clusters.parts(form.first_row, form.stop_row):
            ids = shard.files.ids[begin:end]
            # The fewer are looked for among the more; either are in order.
            if len(ids) < len(tokens):
                at = np.minimum(tokens.searchsorted(ids), len(tokens) - 1)
                rows = np.flatnonzero(tokens[at] == ids)
                of_tokens = at[rows]
            else:
                at = np.minimum(ids.searchsorted(tokens), len(ids) - 1)
                of_tokens = np.flatnonzero(ids[at] == tokens)
                rows = at[of_tokens]
            is_left[of_tokens] = False
            for token, row in zip(tokens[of_tokens].tolist(), rows.tolist(), strict=True):
                yield key_of[token], Place(number, begin + row, form.lemma, form.form)
        tokens = tokens[is_left]


def _why_not(shards: Sequence[OpenShard], key: str) -> str:
    """Why there is no occurrence with a key."""
    document_id, start = parsed_key(key)
    found = living_documents_named(shards, [document_id])
    if document_id not in found:
        return f"the index has no document {document_id!r}"
    number, document = found[document_id]
    segment = shards[number].catalog.segment_at(document, start)
    if segment is None:
        return "no word begins there"
    if word_at(segment, start) is not None:
        return "the model gave that word no vector"
    return f"no word begins there{_around(shards, document_id, segment, start)}"


def _around(shards: Sequence[OpenShard], document_id: str, segment: SegmentRow, start: int) -> str:
    """Says which word a character lies inside, if any, and its key, if it has one."""
    spans, begin = segment.spans, start - segment.start
    position = bisect_left(spans, begin, key=itemgetter(0)) - 1
    if position < 0 or spans[position][1] <= begin:
        return ""
    first, end = spans[position]
    key = f"{document_id}:{segment.start + first}"
    whose = f", whose key is {key!r}" if places_of_keys(shards, [key]) else ""
    word = segment.text[first : min(end, first + _SHOWN)] + "…" * (end - first > _SHOWN)
    return f"; it is inside {word!r}{whose}"
