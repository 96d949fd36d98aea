"""The word a query asks about, and its vector."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from ctxsearch.analysis import Analyser
from ctxsearch.domain import Segment, Usage
from ctxsearch.errors import QueryError
from ctxsearch.protocols import Encoded, Encoder, TokenEncoder
from ctxsearch.usage import usage_numbered

# How much of a user's own text an error quotes.
_WORDS_SHOWN = 5
_CHARACTERS_SHOWN = 60

# Usages encoded in one call.
_EMBED_BATCH = 256


class Asked(NamedTuple):
    """The marked word of a usage, among the tokens of its text; usages of one text have the same segments."""

    segments: Sequence[Segment]
    row: int
    form: str


class Texts:
    """The texts of usages, each cut into words once, however many usages it has.

    Args:
        analyser: cuts them.
    """

    def __init__(self, analyser: Analyser) -> None:
        self._analyser = analyser
        self._cut: dict[str, list[Segment]] = {}

    def marked(self, usage: Usage) -> Asked:
        """Finds the word that a usage marks.

        Raises:
            QueryError: what is marked is no word, more than one, or a part of one.
        """
        if not 0 <= usage.start < usage.end <= len(usage.text):
            raise QueryError(
                f"The span {usage.start}:{usage.end} is not in the text, which has {len(usage.text)} characters."
            )
        segments = self._cut.get(usage.text)
        if segments is None:
            segments = self._cut[usage.text] = list(self._analyser.segments(usage.text, lemmas=False))
        return _marked(usage, segments)


def marked_token(usage: Usage, analyser: Analyser) -> Asked:
    """The word that a single usage marks, see `Texts.marked`."""
    return Texts(analyser).marked(usage)


def _marked(usage: Usage, segments: Sequence[Segment]) -> Asked:
    marked = usage.text[usage.start : usage.end]
    touched: list[tuple[int, int, int, str]] = []
    row = 0
    for segment in segments:
        if segment.start + len(segment.text) > usage.start and segment.start < usage.end:
            spans = (segment.spans + segment.start).tolist()
            touched.extend(
                (row + number, start, end, form)
                for number, ((start, end), form) in enumerate(zip(spans, segment.forms, strict=True))
                if start < usage.end and end > usage.start
            )
        row += len(segment.forms)
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
    texts = Texts(analyser)
    asked = []
    for number, usage in enumerate(usages):
        with usage_numbered(number):
            asked.append(texts.marked(usage))
    return embed_asked(asked, encoder)


def embed_asked(asked: Sequence[Asked], encoder: Encoder) -> NDArray[np.float32]:
    """The vector of each word. Shape: (n, dimension), unit length.

    The words of one text share the work on it; and of a long text the model sees, if it can choose, only the windows
    that hold their sentences.

    Raises:
        QueryError: the model has no piece for a word.
    """
    result = np.empty((len(asked), encoder.dimension), dtype=np.float32)
    for first in range(0, len(asked), _EMBED_BATCH):
        batch = asked[first : first + _EMBED_BATCH]
        passages = {id(one.segments): one.segments for one in batch}
        counts = [sum(len(segment.forms) for segment in segments) for segments in passages.values()]
        bases = dict(zip(passages, accumulate([0, *counts[:-1]]), strict=True))
        tokens = np.array([bases[id(one.segments)] + one.row for one in batch])
        vectors, present = _encode(list(passages.values()), tokens, encoder)
        if not present.all():
            missing = int(np.argmin(present))
            error = QueryError(f"The model has no piece for {_quoted(batch[missing].form)}, so it has no vector.")
            error.usage_number = first + missing
            raise error
        result[first : first + len(batch)] = vectors
    return result


def _encode(passages: Sequence[Sequence[Segment]], tokens: NDArray[np.int64], encoder: Encoder) -> Encoded:
    """The vectors of some tokens."""
    if hasattr(encoder, "encode_tokens"):
        return cast("TokenEncoder", encoder).encode_tokens(passages, tokens)
    encoded = encoder.encode(passages)
    return Encoded(encoded.vectors[tokens], encoded.present[tokens])
