"""Whether the parts of a shard say the same: texts, tokens, words and vectors, each compared with the others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ctxsearch.analysis import surface_form
from ctxsearch.catalog.rows import FormRow, read_metadata
from ctxsearch.commit import CATALOG_FILE, CLUSTERS_FILE, LISTS_FILE, SHARD_FILE, VECTORS_FILE
from ctxsearch.errors import IndexDamaged
from ctxsearch.hindrance import reading
from ctxsearch.query.scope import OpenShard
from ctxsearch.storage import plain_size
from ctxsearch.vectors.codec import coded_lengths
from ctxsearch.vectors.files import TOKEN_BITS, TOKEN_MASK

# Rows decoded in one go, and segments whose origins are read.
_ROWS, _SEGMENTS = 1 << 15, 1 << 12
# Far beyond what any shard says of itself.
_LONGEST = 1 << 20
# A code is of a vector of about unit length, stretched by a tenth at most.
_LENGTHS = (0.5, 1.5)


def inconsistencies(shard: OpenShard, folder: Path, seen: set[str]) -> Iterator[tuple[Path, str]]:
    """What does not fit together in a shard, by file.

    Args:
        shard: opened.
        folder: its own.
        seen: ids of living documents in the shards before; those of this shard are added.
    """
    yield from ((folder / CATALOG_FILE, f"SQLite says {why!r}") for why in shard.catalog.integrity())
    yield from ((folder / SHARD_FILE, why) for why in _description(shard, folder))
    forms = shard.catalog.forms()
    yield from ((folder / LISTS_FILE, why) for why in _words(shard, forms))
    yield from ((folder / CATALOG_FILE, why) for why in _documents(shard, seen))
    yield from ((folder / CATALOG_FILE, why) for why in _origins(shard))
    yield from ((folder / CLUSTERS_FILE, why) for why in _clusters(shard, forms))
    yield from ((folder / VECTORS_FILE, why) for why in _rows(shard, forms))
    yield from ((folder / VECTORS_FILE, why) for why in _vectors(shard))


def _description(shard: OpenShard, folder: Path) -> Iterator[str]:
    """``shard.json`` against the commit and the catalog."""
    path = folder / SHARD_FILE
    with reading(path, ValueError, RecursionError):
        if plain_size(path) > _LONGEST:
            raise ValueError(f"it has more than {_LONGEST:,} bytes")
        described = json.loads(path.read_bytes())
        if not isinstance(described, dict):
            raise ValueError("it is no JSON object")
    held, entry = shard.catalog.totals(), shard.entry
    counted = {
        "rows": entry.rows,
        "lemmas": entry.lemmas,
        "documents": entry.documents,
        "segments": held.segments,
        "words": held.words,
    }
    for name, count in counted.items():
        if described.get(name) != count:
            yield f"it says {described.get(name)!r} {name} where there are {count}"
    if held.documents != entry.documents:
        yield f"the commit says {entry.documents} documents where there are {held.documents}"


def _words(shard: OpenShard, forms: list[FormRow]) -> Iterator[str]:
    """The lists against the catalog's lemmas and forms."""
    frequencies = list(shard.catalog.lemma_frequencies())
    if [count for _, count in frequencies] != np.diff(shard.files.lists).tolist():
        yield "the lengths of its lists are not the frequencies of the lemmas"
    first = 0
    by_lemma: dict[str, int] = {}
    for row in forms:
        if row.first_row != first or row.frequency < 1:
            yield f"the form {row.form!r} does not begin where the one before it ends"
            return
        first += row.frequency
        by_lemma[row.lemma] = by_lemma.get(row.lemma, 0) + row.frequency
    if by_lemma != dict(frequencies) or first != shard.entry.rows:
        yield "the forms do not add up to the lemmas"
    words = [(row.lemma, row.form, row.tag, row.written) for row in forms]
    if words != sorted(words) or len(set(words)) != len(words):
        yield "the words are not in order"


def _clusters(shard: OpenShard, forms: list[FormRow]) -> Iterator[str]:
    """The clusters: each lies in one form, and has a centroid."""
    starts, stops, centroids = shard.clusters
    if not len(starts):
        return
    ends = np.array([row.first_row + row.frequency for row in forms])
    across = np.searchsorted(ends, starts, side="right") != np.searchsorted(ends, stops)
    if across.any():
        yield f"cluster {int(np.argmax(across))} has rows of several forms"
    if not np.isfinite(centroids).all():
        yield "a centroid is no vector"


def _documents(shard: OpenShard, seen: set[str]) -> Iterator[str]:
    """The documents: their segments follow each other, and their texts are whole; no id is there twice."""
    removed = set(shard.entry.removed)
    expected = 0
    for number, document_id, _, _, metadata, first, segments, characters, *_ in shard.catalog.document_rows():
        if read_metadata(metadata) is None:
            yield f"the metadata of document {document_id!r} cannot be read"
        if first != expected:
            yield f"the segments of document {document_id!r} do not follow those of the one before"
        expected = first + segments
        length = 0
        for start, text, _ in shard.catalog.segment_rows(first, segments):
            if start != length:
                yield f"the text of document {document_id!r} has a gap at {length}"
                break
            length += len(text)
        if length != characters:
            yield f"the text of document {document_id!r} has {length} characters where {characters} are expected"
        if number not in removed:
            if document_id in seen:
                yield f"the document {document_id!r} is there twice"
            seen.add(document_id)


def _origins(shard: OpenShard) -> Iterator[str]:
    """What sources say of segments: each is there, and has lines and names for all its tokens, or for none."""
    catalog = shard.catalog
    total = catalog.totals().segments if catalog.has_given else 0
    try:
        for first in range(0, total, _SEGMENTS):
            origins = catalog.origins(range(first, min(total, first + _SEGMENTS)))
            numbers = np.array(sorted(origins), np.int64)
            counts = dict(zip(numbers.tolist(), catalog.token_counts(numbers).tolist(), strict=True))
            for number, origin in origins.items():
                if any(some and len(some) != counts[number] for some in (origin.lines, origin.ids)):
                    yield f"the origin of segment {number} is not of its {counts[number]} tokens"
                    return
            for one in catalog.unembedded(first, _SEGMENTS):
                if one.token >= counts.get(one.segment, 0):
                    yield f"token {one.token} of segment {one.segment}, which has no vector, is not there"
                    return
    except IndexDamaged as error:
        yield error.why


def _rows(shard: OpenShard, forms: list[FormRow]) -> Iterator[str]:
    """Every row against the token that it stands for, and every token against its row."""
    ids = np.array(shard.files.ids)
    if sum(row.frequency for row in forms) != len(ids):
        return  # told already
    form_of = np.repeat(np.arange(len(forms)), [row.frequency for row in forms])
    steps = np.diff(ids) > 0
    steps |= np.diff(form_of) > 0
    # A cluster has an order of its own.
    borders = np.concatenate([shard.clusters.starts, shard.clusters.stops])
    steps[borders[(borders > 0) & (borders < len(ids))] - 1] = True
    if not steps.all():
        yield f"row {int(np.argmin(steps)) + 1} is not in the order of its form"
    order = np.argsort(ids, kind="stable")
    ids, form_of = ids[order], form_of[order]
    if len(ids) and (ids[0] < 0 or (np.diff(ids) == 0).any()):
        yield "two rows stand for one token"
        return
    at, with_vector = 0, 0
    totals = shard.catalog.totals()
    for number, (_, text, tokens) in enumerate(shard.catalog.segment_rows(0, totals.segments)):
        spans = np.frombuffer(tokens, dtype="<u2").reshape(-1, 2).tolist()
        while at < len(ids) and ids[at] >> TOKEN_BITS == number:
            position = int(ids[at]) & TOKEN_MASK
            if position >= len(spans):
                yield f"a row stands for token {position} of segment {number}, which has {len(spans)}"
                return
            start, end = spans[position]
            form = forms[form_of[at]].form
            if surface_form(text[start:end]) != form:
                yield f"token {position} of segment {number} is {text[start:end]!r}, its row is one of {form!r}"
                return
            at += 1
        with_vector += len(spans)
    if at < len(ids):
        yield f"a row stands for a token of segment {int(ids[at]) >> TOKEN_BITS}, which is not there"
    elif with_vector != totals.words:
        yield f"the segments have {with_vector} tokens, and the documents {totals.words} words"


def _vectors(shard: OpenShard) -> Iterator[str]:
    """Every code is one that a vector of about unit length can have."""
    for start in range(0, shard.entry.rows, _ROWS):
        rows = np.arange(start, min(start + _ROWS, shard.entry.rows), dtype=np.int64)
        least, greatest = coded_lengths(shard.vectors.vectors(rows), shard.parameters)
        wrong = ~((greatest > _LENGTHS[0]) & (least < _LENGTHS[1]))
        if wrong.any():
            row = int(np.argmax(wrong))
            length = greatest[row] if greatest[row] <= _LENGTHS[0] else least[row]
            yield f"the vector of row {start + row} has the length {length:.3g}"
            return
