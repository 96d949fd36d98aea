"""Key word in context: what stands left and right of an occurrence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Context(NamedTuple):
    """The text on either side of a node; ``left + node + right`` is a stretch of the text."""

    left: str
    right: str


def words_around(text: str, spans: Sequence[tuple[int, int]], position: int, words: int) -> Context:
    """As many words on either side as asked for, or as there are.

    Args:
        text: the text around the node.
        spans: its words, in order.
        position: which of them is the node.
        words: how many are wanted on each side.

    >>> words_around("To the bank at dusk.", [(0, 2), (3, 6), (7, 11), (12, 14), (15, 19)], 2, 1)
    Context(left='the ', right=' at')
    """
    start, end = spans[position]
    first = spans[position - words][0] if position > words else len(text) - len(text.lstrip())
    stop = spans[position + words + 1][0] if position + words + 1 < len(spans) else len(text)
    right = text[end : max(end, stop)].rstrip()
    return Context(text[min(first, start) : start], right)


def sentence_around(text: str, start: int, end: int) -> Context:
    """All that stands in the sentence before and after ``start:end``, without white space at its ends.

    >>> sentence_around(" They rowed to the bank. ", 19, 23)
    Context(left='They rowed to the ', right='.')
    """
    first = len(text) - len(text.lstrip())
    return Context(text[min(first, start) : start], text[end:].rstrip())
