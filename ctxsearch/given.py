"""What cannot be so in what a source says of the words of a text: readers ask before a document goes on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from numbers import Integral

from ctxsearch.domain import Given, GivenSentence

MAX_SEGMENT_CHARS = 32_768
"""No segment is longer than this many characters, and so no token."""

_MAX_LINE = 2**32 - 1
_LINE_ENDS = ("\n", "\r")


@dataclass(frozen=True, slots=True)
class WrongGiven:
    """What is wrong with a given sentence.

    Attributes:
        why: the reason, which names the sentence.
        line: of the source file, where the sentence, or its bad token, is; None where nobody knows.
    """

    why: str
    line: int | None = None


def wrong_given(text: str, given: Given) -> WrongGiven | None:
    """The first thing that cannot be so in what a source says of a text; None where nothing is wrong.

    >>> import numpy as np
    >>> spans = np.array([[0, 3], [4, 9]], np.int32)
    >>> wrong_given("the bank", Given([GivenSentence(0, 8, spans, ["the", "bank"], ["", ""])])).why
    'the given sentence 0:8 has tokens outside of it'
    """
    before = 0
    for sentence in given.sentences:
        why, place = _wrong(text, sentence, before)
        if why:
            where = f"the given sentence {sentence.start}:{sentence.end}"
            return WrongGiven(f"{where} {why}", _line(sentence, place))
        before = sentence.end
    return None


def _wrong(text: str, sentence: GivenSentence, before: int) -> tuple[str, int]:
    """What is wrong with a sentence, and the place of the token that it is about, or 0."""
    spans, count = sentence.spans, len(sentence.spans)
    if spans.shape != (count, 2):
        return f"has spans of the shape {spans.shape}, and not (n, 2)", 0
    if count and spans.dtype.kind not in "iu":
        return f"has spans that are no whole numbers but {spans.dtype}", 0
    if not before <= sentence.start <= sentence.end <= len(text):
        return "overlaps the one before, or is not in the text", 0
    if len(sentence.lemmas) != count or len(sentence.tags) != count:
        return f"has {count} tokens, {len(sentence.lemmas)} lemmas and {len(sentence.tags)} tags", 0
    if len(sentence.lines) not in (0, count) or len(sentence.ids) not in (0, count):
        return f"has {count} tokens, and other numbers of lines or ids", 0
    if wrong := _wrong_lines(sentence.lines):
        return wrong, 0
    borders = spans.ravel()
    if count and (borders[0] < sentence.start or borders[-1] > sentence.end):
        return "has tokens outside of it", 0
    # Of unsigned numbers no difference would be below zero.
    if count and (not (borders[1:] >= borders[:-1]).all() or not (spans[:, 1] > spans[:, 0]).all()):
        return "has tokens that overlap, are empty or out of order", 0
    return _wrong_tokens(text, sentence) or _wrong_words(sentence) or ("", 0)


def _wrong_lines(lines: Sequence[int]) -> str:
    kinds = set(map(type, lines))
    if kinds != {int} and not all(issubclass(kind, Integral) for kind in kinds):
        return "has lines that are no whole numbers"
    if len(lines) and not 0 <= min(lines) <= max(lines) <= _MAX_LINE:
        return f"has lines that are not from 0 to {_MAX_LINE:,}"
    return ""


def _wrong_tokens(text: str, sentence: GivenSentence) -> tuple[str, int] | None:
    """What is wrong with the length of a token, or with what is in it."""
    if sentence.end - sentence.start > MAX_SEGMENT_CHARS:
        lengths = sentence.spans[:, 1] - sentence.spans[:, 0]
        if (lengths > MAX_SEGMENT_CHARS).any():
            return f"has a token of more than {MAX_SEGMENT_CHARS:,} characters", int(lengths.argmax())
    start, end = sentence.start, sentence.end
    if text.find("\n", start, end) >= 0 or text.find("\r", start, end) >= 0:
        for place, (start, end) in enumerate(sentence.spans.tolist()):
            if any(text.find(one, start, end) >= 0 for one in _LINE_ENDS):
                return f"has a token with a line end in it, {text[start:end][:50]!a}", place
    return None


def _wrong_words(sentence: GivenSentence) -> tuple[str, int] | None:
    """What is wrong with the texts that are said of the sentence and of its tokens."""
    for name, some in (("lemma", sentence.lemmas), ("tag", sentence.tags), ("id", sentence.ids)):
        if (place := _no_text(some)) is not None:
            return f"has the {name} {some[place]!a}, which is no text", place
    if _no_text([sentence.name]) is not None:
        return f"has the name {sentence.name!a}, which is no text", 0
    if any(map(str.isspace, sentence.lemmas)):
        return "has a lemma of mere white space", next(at for at, one in enumerate(sentence.lemmas) if one.isspace())
    for at, words in sentence.parts.items():
        if not isinstance(at, int) or not 0 <= at < len(sentence.spans):
            return f"has parts of a token {at!a}, and no such token", 0
        for word in words:
            if not isinstance(word, (tuple, list)) or len(word) != 3 or _no_text(word) is not None:
                return f"has the part {word!a}, which is not the form, lemma and tag of a word", at
    return None


def _no_text(some: Sequence[str]) -> int | None:
    """The place of the first that is no str, or has half of a surrogate pair in it; None where all are text."""
    if _are_texts(some):
        return None
    return next(place for place, one in enumerate(some) if not _are_texts([one]))


def _are_texts(some: Iterable[str]) -> bool:
    try:
        "".join(some).encode()
    except (TypeError, UnicodeEncodeError):
        return False
    return True


def _line(sentence: GivenSentence, place: int) -> int | None:
    """The line of a token, as far as the sentence says it."""
    lines = sentence.lines
    if place >= len(lines) or _wrong_lines(lines):
        return None
    return int(lines[place]) or None
