"""Documents as they were read, sentence by sentence and token by token, for those who want the corpus out again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctxsearch.analysis import normal_form
from ctxsearch.catalog.rows import DocumentRow, FormRow
from ctxsearch.domain import Document, Origin
from ctxsearch.errors import DocumentNotFound, IndexDamaged, QueryError
from ctxsearch.query.scope import OpenShard, allowed_documents
from ctxsearch.vectors.files import TOKEN_BITS

# Segments read in one go.
_AT_ONCE = 2048


@dataclass(frozen=True, slots=True)
class TextToken:
    """A token of a sentence.

    Attributes:
        start: offset in the document's text.
        end: likewise.
        form: as written.
        lemma: as its source writes it, or else as the index has it.
        tag: its part of speech; empty where no source gave one.
        row: of its vector in the shard; None where it has none.
    """

    start: int
    end: int
    form: str
    lemma: str
    tag: str
    row: int | None


@dataclass(frozen=True, slots=True)
class TextSentence:
    """A sentence of a document.

    Attributes:
        start: offset in the document's text.
        text: of the sentence, with the white space before it.
        tokens: in order.
        origin: what its source says of it; None where the analyser cut it.
    """

    start: int
    text: str
    tokens: Sequence[TextToken]
    origin: Origin | None


@dataclass(frozen=True, slots=True)
class TextDocument:
    """A document; its sentences are to be gone through before the next document is asked for.

    Attributes:
        shard: the number of its shard.
        row: its row in the catalog.
        sentences: in order.
    """

    shard: int
    row: DocumentRow
    sentences: Iterator[TextSentence]


def texts(shards: Sequence[OpenShard], where: Sequence[str] = ()) -> Iterator[TextDocument]:
    """The documents that meet some conditions, in the order of the corpus; those taken out are not among them.

    Of a shard at a time, 28 bytes a token are kept in memory.

    Args:
        shards: where.
        where: conditions on the metadata.

    Raises:
        QueryError: a condition cannot be understood.
    """
    for shard_number, allowed in enumerate(allowed_documents(shards, where)):
        shard = shards[shard_number]
        numbers = np.arange(shard.entry.documents) if allowed is None else np.flatnonzero(allowed)
        words = _Words(shard)
        for first in range(0, len(numbers), _AT_ONCE):
            rows = shard.catalog.documents(numbers[first : first + _AT_ONCE].tolist())
            for number in sorted(rows):
                yield TextDocument(shard_number, rows[number], _sentences(shard, rows[number], words))


def whole_document(shards: Sequence[OpenShard], document_id: str) -> Document:
    """A document as it was read, without the tokens that its source gave.

    Raises:
        DocumentNotFound: there is none.
        QueryError: it is no string.
    """
    if not isinstance(document_id, str):
        raise QueryError(f"The id of a document is a string, such as 'letters/1', and {document_id!r:.80} is none.")
    for shard in reversed(shards):
        row = shard.catalog.find_document(document_id)
        if row is not None and row.number not in shard.entry.removed:
            numbers = range(row.first_segment, row.first_segment + row.segments)
            segments = shard.catalog.segments(numbers)
            if len(segments) != row.segments:
                raise IndexDamaged(str(shard.catalog.path), f"a segment of document {row.number} is missing")
            text = "".join(segments[number].text for number in numbers)
            return Document(row.document_id, text, row.metadata, row.title, row.uri)
    raise DocumentNotFound([document_id])


class _Words:
    """The form, lemma and tag of every token of a shard.

    Args:
        shard: where.
    """

    def __init__(self, shard: OpenShard) -> None:
        self._forms = shard.catalog.forms()
        sizes = [row.frequency for row in self._forms]
        ids = np.array(shard.files.ids)
        if sum(sizes) != len(ids):
            raise IndexDamaged(str(shard.catalog.path), "its forms have not as many rows as there are")
        self._rows: NDArray[np.int64] = np.argsort(ids)
        self._ids: NDArray[np.int64] = ids[self._rows]
        self._numbers = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)[self._rows]

    def of_segment(self, number: int) -> dict[int, tuple[FormRow, int]]:
        """Those of a segment, by their places, with their rows; tokens without a vector are not among them."""
        first = number << TOKEN_BITS
        start, stop = np.searchsorted(self._ids, [first, first + (1 << TOKEN_BITS)]).tolist()
        places = (self._ids[start:stop] - first).tolist()
        of_place = zip(places, self._numbers[start:stop].tolist(), self._rows[start:stop].tolist(), strict=True)
        return {place: (self._forms[form], row) for place, form, row in of_place}


def _sentences(shard: OpenShard, document: DocumentRow, words: _Words) -> Iterator[TextSentence]:
    last = document.first_segment + document.segments
    for first in range(document.first_segment, last, _AT_ONCE):
        numbers = range(first, min(last, first + _AT_ONCE))
        segments, origins = shard.catalog.segments(numbers), shard.catalog.origins(numbers)
        others = {(one.segment, one.token): one for one in shard.catalog.unembedded(numbers.start, len(numbers))}
        for number in numbers:
            segment = segments.get(number)
            if segment is None:
                raise IndexDamaged(str(shard.catalog.path), f"segment {number} is missing")
            known = words.of_segment(number)
            tokens = []
            for place in range(len(segment.spans)):
                start, end = segment.spans[place]
                form = segment.text[start:end]
                word, row = known.get(place, (None, None))
                other = others.get((number, place))
                if word is not None:
                    lemma, tag = word.written or word.lemma, word.tag
                elif other is not None:
                    lemma, tag = other.written or other.lemma, other.tag
                else:
                    lemma, tag = normal_form(form) or form, ""
                tokens.append(TextToken(segment.start + start, segment.start + end, form, lemma, tag, row))
            origin = origins.get(number)
            if origin is not None and any(some and len(some) != len(tokens) for some in (origin.lines, origin.ids)):
                raise IndexDamaged(str(shard.catalog.path), f"the origin of segment {number} is not of its tokens")
            yield TextSentence(segment.start, segment.text, tokens, origin)
