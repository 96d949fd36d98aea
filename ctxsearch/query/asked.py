"""The word a query asks about, and its vector."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from ctxsearch.analysis import Analyser
from ctxsearch.domain import Given, GivenSentence, Segment, Usage
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


class _Touched(NamedTuple):
    """A token that has a character of what is marked: its row among all of the text, its span, and its form."""

    row: int
    start: int
    end: int
    form: str


def _is_no_token(text: str) -> bool:
    """Says of nothing that a source gave it as a token."""
    return False


class Texts:
    """The texts of usages, each cut into words once, however many usages it has.

    What a usage marks is a token of its own where a source gave the index such a token, although the analyser cuts the
    text elsewhere: 银行 is one word in a treebank of Chinese.

    Args:
        analyser: cuts them.
        is_given: says whether a source gave the index a token that is written so, see `filing.is_given`.
    """

    def __init__(self, analyser: Analyser, is_given: Callable[[str], bool] = _is_no_token) -> None:
        self._analyser = analyser
        self._is_given = is_given
        self._cut: dict[str, list[Segment]] = {}

    def marked(self, usage: Usage) -> Asked:
        """Finds the word that a usage marks.

        Raises:
            QueryError: what is marked is no word, more than one, or a part of one; or it is no usage of a text.
        """
        if not isinstance(usage.text, str):
            raise QueryError(f"The text of a usage is a string, and {usage.text!r:.80} is none.")
        if not isinstance(usage.start, numbers.Integral) or not isinstance(usage.end, numbers.Integral):
            raise QueryError(
                f"The span {usage.start!r:.40}:{usage.end!r:.40} is none of characters; give two whole numbers."
            )
        if not 0 <= usage.start < usage.end <= len(usage.text):
            raise QueryError(
                f"The span {usage.start}:{usage.end} is not in the text, which has {len(usage.text)} characters."
            )
        segments = self._cut.get(usage.text)
        if segments is None:
            segments = self._cut[usage.text] = list(self._analyser.segments(usage.text, lemmas=False))
        touched = _touched(usage, segments)
        if len(touched) == 1 and usage.start <= touched[0].start and usage.end >= touched[0].end:
            return Asked(segments, touched[0].row, touched[0].form)
        token = _without_blanks(usage)
        if self._is_given(token.text[token.start : token.end]):
            segments = list(self._analyser.segments(usage.text, lemmas=False, given=_around(token, touched)))
            row, *_, form = next(one for one in _touched(token, segments) if one.start == token.start)
            return Asked(segments, row, form)
        raise _no_word(usage, touched)


def marked_token(usage: Usage, analyser: Analyser, is_given: Callable[[str], bool] = _is_no_token) -> Asked:
    """The word that a single usage marks, see `Texts`."""
    return Texts(analyser, is_given).marked(usage)


def _touched(usage: Usage, segments: Sequence[Segment]) -> list[_Touched]:
    touched: list[_Touched] = []
    row = 0
    for segment in segments:
        if segment.start + len(segment.text) > usage.start and segment.start < usage.end:
            spans = (segment.spans + segment.start).tolist()
            touched.extend(
                _Touched(row + number, start, end, form)
                for number, ((start, end), form) in enumerate(zip(spans, segment.forms, strict=True))
                if start < usage.end and end > usage.start
            )
        row += len(segment.forms)
    return touched


def _without_blanks(usage: Usage) -> Usage:
    """A usage that marks no white space at its ends."""
    marked = usage.text[usage.start : usage.end]
    start = usage.start + len(marked) - len(marked.lstrip())
    return Usage(usage.text, start, max(start, usage.start + len(marked.rstrip())))


def _around(token: Usage, touched: Sequence[_Touched]) -> Given:
    """A token, and what it leaves at either side of those that it takes the place of."""
    spans = [(token.start, token.end)]
    if touched and touched[0].start < token.start:
        spans.insert(0, (touched[0].start, token.start))
    if touched and touched[-1].end > token.end:
        spans.append((token.end, touched[-1].end))
    nothing = [""] * len(spans)
    sentence = GivenSentence(spans[0][0], spans[-1][1], np.array(spans, np.int32), nothing, nothing)
    return Given([sentence], is_whole=False, has_sentences=False)


def _no_word(usage: Usage, touched: Sequence[_Touched]) -> QueryError:
    """What is told of a usage that does not mark one whole token."""
    marked = usage.text[usage.start : usage.end]
    if not touched:
        return QueryError(f"There is no word in what is marked, {_quoted(marked)}.")
    if len(touched) > 1:
        words = [_quoted(one.form) for one in touched[:_WORDS_SHOWN]]
        shown = (
            f"{', '.join(words)}, ..." if len(touched) > _WORDS_SHOWN else f"{', '.join(words[:-1])} and {words[-1]}"
        )
        return QueryError(f"The marked text {_quoted(marked)} is more than one word, {shown}; mark one of them.")
    whole = _quoted(touched[0].form)
    return QueryError(f"The marked text {_quoted(marked)} is part of the word {whole}; mark the whole word.")


def _quoted(text: str) -> str:
    return repr(text if len(text) <= _CHARACTERS_SHOWN else text[:_CHARACTERS_SHOWN] + "…")


def embed(
    usages: Sequence[Usage], analyser: Analyser, encoder: Encoder, is_given: Callable[[str], bool] = _is_no_token
) -> NDArray[np.float32]:
    """The vector of the marked word of each usage, see `Texts`. Shape: (n, dimension), unit length.

    Raises:
        QueryError: a usage marks no word, or one that the model has no piece for.
    """
    texts = Texts(analyser, is_given)
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
        vectors, present, _ = _encode(list(passages.values()), tokens, encoder)
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
