"""The word a query asks about, and its vector."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ctxsearch.analysis import Analyser
from ctxsearch.domain import Segment, Usage
from ctxsearch.errors import QueryError
from ctxsearch.protocols import Encoder
from ctxsearch.usage import usage_numbered

# How much of a user's own text an error quotes.
_WORDS_SHOWN = 5
_CHARACTERS_SHOWN = 60

# Usages encoded in one call.
_EMBED_BATCH = 256


class Asked(NamedTuple):
    """The marked word of a usage, among the tokens of its text."""

    segments: Sequence[Segment]
    row: int
    form: str


def marked_token(usage: Usage, analyser: Analyser) -> Asked:
    """Finds the word that a usage marks.

    Raises:
        QueryError: what is marked is no word, more than one, or a part of one.
    """
    if not 0 <= usage.start < usage.end <= len(usage.text):
        raise QueryError(
            f"The span {usage.start}:{usage.end} is not in the text, which has {len(usage.text)} characters."
        )
    marked = usage.text[usage.start : usage.end]
    segments = list(analyser.segments(usage.text, lemmas=False))
    touched: list[tuple[int, int, int, str]] = []
    row = 0
    for segment in segments:
        for (start, end), form in zip(segment.spans.tolist(), segment.forms, strict=True):
            start, end = start + segment.start, end + segment.start
            if start < usage.end and end > usage.start:
                touched.append((row, start, end, form))
            row += 1
    if not touched:
        raise QueryError(f"There is no word in what is marked, {_quoted(marked)}.")
    if len(touched) > 1:
        words = [_quoted(form) for *_, form in touched[:_WORDS_SHOWN]]
        shown = (
            f"{', '.join(words)}, ..." if len(touched) > _WORDS_SHOWN else f"{', '.join(words[:-1])} and {words[-1]}"
        )
        raise QueryError(f"The marked text {_quoted(marked)} is more than one word, {shown}; mark one of them.")
    row, start, end, form = touched[0]
    if usage.start > start or usage.end < end:
        raise QueryError(f"The marked text {_quoted(marked)} is part of the word {_quoted(form)}; mark the whole word.")
    return Asked(segments, row, form)


def _quoted(text: str) -> str:
    return repr(text if len(text) <= _CHARACTERS_SHOWN else text[:_CHARACTERS_SHOWN] + "…")


def embed(usages: Sequence[Usage], analyser: Analyser, encoder: Encoder) -> NDArray[np.float32]:
    """The vector of the marked word of each usage. Shape: (n, dimension), unit length.

    Raises:
        QueryError: a usage marks no word, or one that the model has no piece for.
    """
    asked = [_numbered(number, usage, analyser) for number, usage in enumerate(usages)]
    result = np.empty((len(asked), encoder.dimension), dtype=np.float32)
    for first in range(0, len(asked), _EMBED_BATCH):
        batch = asked[first : first + _EMBED_BATCH]
        encoded = encoder.encode([one.segments for one in batch])
        base = 0
        for number, one in enumerate(batch, start=first):
            if not encoded.present[base + one.row]:
                error = QueryError(f"The model has no piece for {_quoted(one.form)}, so it has no vector.")
                error.usage_number = number
                raise error
            result[number] = encoded.vectors[base + one.row]
            base += sum(len(segment.forms) for segment in one.segments)
    return result


def _numbered(number: int, usage: Usage, analyser: Analyser) -> Asked:
    with usage_numbered(number):
        return marked_token(usage, analyser)
