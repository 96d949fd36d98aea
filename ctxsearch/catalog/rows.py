"""What a catalog is read into."""

from __future__ import annotations

import json
import math
import struct
from typing import NamedTuple

from ctxsearch.domain import Metadata, MetadataValue

SPAN = struct.Struct("<HH")
"""How the place of a word is kept: where it starts and ends in its segment."""


Word = tuple[str, str, str, str]
"""Lemma, form, tag, and the lemma as its source writes it, where that is not its normal form.

The last two may be empty. Words are in this order, and so are the rows of the vectors."""


class FormRow(NamedTuple):
    """A form with one tag, and the rows of the vectors that hold its occurrences.

    Attributes:
        form: as written.
        lemma: in normal form.
        first_row: of its rows.
        frequency: how many there are.
        tag: its part of speech; empty where no source gave one.
        written: the lemma as its source writes it, where that is not its normal form; empty otherwise.
    """

    form: str
    lemma: str
    first_row: int
    frequency: int
    tag: str = ""
    written: str = ""

    @property
    def stop_row(self) -> int:
        """Behind the last of its rows."""
        return self.first_row + self.frequency


class Totals(NamedTuple):
    """How much a shard holds."""

    documents: int
    segments: int
    words: int


class DocumentRow(NamedTuple):
    """A document's row; ``first_segment`` and ``segments`` say which segments are its own."""

    number: int
    document_id: str
    metadata: Metadata
    first_segment: int
    segments: int
    digest: str
    uri: str
    title: str
    words: int


class Unembedded(NamedTuple):
    """A token that a source gave and that has no vector."""

    segment: int
    token: int
    lemma: str
    tag: str
    written: str


class Spans:
    """Start and end of each word of a segment, counted from its start, read only where they are looked at.

    Args:
        tokens: as the catalog keeps them.
    """

    __slots__ = ("_tokens",)

    def __init__(self, tokens: bytes) -> None:
        self._tokens = tokens

    def __len__(self) -> int:
        return len(self._tokens) // SPAN.size

    def __getitem__(self, position: int) -> tuple[int, int]:
        try:
            return SPAN.unpack_from(self._tokens, position * SPAN.size)
        except struct.error as error:
            raise IndexError(position) from error


class SegmentRow(NamedTuple):
    """A segment; ``tokens`` are the spans of its words as the catalog keeps them."""

    number: int
    document: int
    start: int
    text: str
    tokens: bytes

    @property
    def spans(self) -> Spans:
        """Start and end of each word."""
        return Spans(self.tokens)


def read_metadata(text: str) -> dict[str, MetadataValue] | None:
    r"""A document's metadata as a catalog keeps them; None where they cannot be read, or be written again.

    >>> read_metadata('{"year": 1908}'), read_metadata('{"year": NaN}'), read_metadata('{"name": "\\ud800"}')
    ({'year': 1908}, None, None)
    """
    try:
        fields = _DECODER.decode(text)
        # Only so can half of a surrogate pair come out of a text.
        if "\\ud" in text.lower():
            json.dumps(fields, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    return fields if isinstance(fields, dict) else None


def _finite(text: str) -> float:
    """A number that has an end; also called with the names of those that have none."""
    if not math.isfinite(number := float(text)):
        raise ValueError(f"{text} is no number")
    return number


_DECODER = json.JSONDecoder(parse_float=_finite, parse_constant=_finite)
