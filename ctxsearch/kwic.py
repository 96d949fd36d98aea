"""Key word in context: what stands left and right of an occurrence."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import NamedTuple, Protocol


class Spans(Protocol):
    """Start and end of each word of a text, in order."""

    def __len__(self) -> int: ...

    def __getitem__(self, position: int, /) -> tuple[int, int]: ...


class Context(NamedTuple):
    """The text on either side of a node; ``left + node + right`` is a stretch of the text."""

    left: str
    right: str


def words_around(
    text: str,
    spans: Spans,
    position: int,
    words: int,
    before: Iterable[tuple[str, Spans]] = (),
    after: Iterable[tuple[str, Spans]] = (),
) -> Context:
    """As many words on either side as asked for, or as there are.

    Args:
        text: the text around the node.
        spans: its words, in order.
        position: which of them is the node.
        words: how many are wanted on each side.
        before: the texts before this one with their words, the nearest first; no more are asked for than are needed.
        after: those after it.

    >>> words_around("To the bank at dusk.", [(0, 2), (3, 6), (7, 11), (12, 14), (15, 19)], 2, 1)
    Context(left='the ', right=' at')
    >>> words_around("The bank.", [(0, 3), (4, 8)], 1, 2, before=[("At dusk. ", [(0, 2), (3, 7)])])
    Context(left='dusk. The ', right='.')
    """
    start, end = spans[position]
    left = _from_word(words - position, text[:start], spans, before)
    return Context(left, _to_word(position + words + 1, chain([(text, spans)], after))[end:].rstrip())


def _from_word(lacking: int, text: str, spans: Spans, before: Iterable[tuple[str, Spans]]) -> str:
    """A text with so many more words before it; where that is less than nothing, without so many of its first."""
    if lacking < 0:
        return text[spans[-lacking][0] :]
    parts = [text]
    for one, its_spans in before if lacking else ():
        lacking -= len(its_spans)
        if lacking < 0:
            parts.append(one[its_spans[-lacking][0] :])
            return "".join(reversed(parts))
        parts.append(one)
        if not lacking:
            break
    return "".join(reversed(parts)).lstrip()


def _to_word(position: int, texts: Iterable[tuple[str, Spans]]) -> str:
    """Some texts that follow each other, up to a word; all of them where they have no such word."""
    parts = []
    for text, spans in texts:
        if position < len(spans):
            parts.append(text[: spans[position][0]])
            break
        parts.append(text)
        position -= len(spans)
    return "".join(parts)


def sentence_around(text: str, start: int, end: int) -> Context:
    """All that stands in the sentence before and after ``start:end``, without white space at its ends.

    >>> sentence_around(" They rowed to the bank. ", 19, 23)
    Context(left='They rowed to the ', right='.')
    """
    first = len(text) - len(text.lstrip())
    return Context(text[min(first, start) : start], text[end:].rstrip())
