"""What lines are sorted by under each name, and what that begins with.

To tell the beginning takes a fraction of what a line takes, and most lines differ by it: `leading` goes by it alone as
far as it can.
"""

from __future__ import annotations

import string
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ctxsearch.domain import ConcordanceLine
from ctxsearch.query.collation import collated

_Key = tuple[object, ...]

LETTERS = 8
"""Letters behind the node that lines are told apart by at first."""

SCORE = "score"
"""The name of the order of answers."""

# Written to a word, and no part of it: “citizens stands beside citizens.
_BESIDE_WORDS = string.punctuation + "\u2018\u2019\u201c\u201d\u201e\u00ab\u00bb\u2026\u2013\u2014"
# Letters of a word that is remembered.
_REMEMBERED = 100


@dataclass(frozen=True, slots=True)
class LineOrder:
    """What lines are sorted by under one name.

    Attributes:
        beginning: what of a line it begins with.
        order: what beginnings are sorted by.
        whole: all of it, which sorts as the beginnings do wherever these differ; None where they are all of it.
        before_others: what lines are sorted by where another order follows; None where it is the same. All of it would
            leave hardly two lines alike.
    """

    beginning: Callable[[ConcordanceLine], Any]
    order: Callable[[Any], object] = lambda told: told
    whole: Callable[[ConcordanceLine], _Key] | None = None
    before_others: Callable[[ConcordanceLine], _Key] | None = None

    def key(self, line: ConcordanceLine, *, is_last: bool = True) -> _Key:
        """All that a line is sorted by, in the last of some orders, or before others."""
        if self.before_others and not is_last:
            return self.before_others(line)
        return self.whole(line) if self.whole else (self.order(self.beginning(line)),)


def first_letters(text: str) -> str:
    """The first letters of a text, as they are sorted."""
    return collated(text)[0][:LETTERS]


def _words(text: str) -> list[tuple[str, str]]:
    """The words of a context as they are sorted; a mark that stands alone is one."""
    return [_word_order(word) for word in text.split()]


def _word_order(word: str) -> tuple[str, str]:
    """What a word of a context is sorted by, without the marks that are written to it."""
    return _word(word) if len(word) <= _REMEMBERED else _word.__wrapped__(word)


@lru_cache(1 << 16)
def _word(word: str) -> tuple[str, str]:
    # Sorting the lines of a frequent word asks for the same few thousand words millions of times.
    return collated(word.strip(_BESIDE_WORDS) or word)


def _word_or_none(word: str | None) -> tuple[str, ...]:
    return () if word is None else _word_order(word)


ORDERS = {
    "left": LineOrder(
        lambda line: next(iter(line.left.rsplit(None, 1)[::-1]), None),
        _word_or_none,
        lambda line: (_words(line.left)[::-1], collated(line.node), collated(line.right)),
    ),
    "node": LineOrder(
        lambda line: (line.node, first_letters(line.right)),
        lambda told: (collated(told[0]), told[1]),
        lambda line: (collated(line.node), collated(line.right)),
        lambda line: (collated(line.node),),
    ),
    "right": LineOrder(
        lambda line: next(iter(line.right.split(None, 1)), None),
        _word_or_none,
        lambda line: (_words(line.right), collated(line.node)),
    ),
    "form": LineOrder(lambda line: line.form, lambda form: (collated(form), form)),
    "lemma": LineOrder(lambda line: line.lemma, collated),
    "pos": LineOrder(lambda line: line.pos),
    "document_id": LineOrder(
        lambda line: line.document_id,
        whole=lambda line: (line.document_id, line.start),
        before_others=lambda line: (line.document_id,),
    ),
    SCORE: LineOrder(lambda line: -(line.score or 0.0), whole=lambda line: (-(line.score or 0.0), line.key)),
}
