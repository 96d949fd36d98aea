"""Filters on the words beside an occurrence: ``river``, in the same sentence; ``river:5``, within five words.

A word of the corpus with a colon and a number, as ``10:30``, is itself.

The ids of occurrences are sentence and place, so that what is near is found among sorted numbers, and no text is read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ctxsearch.analysis import normal_form
from ctxsearch.errors import QueryError
from ctxsearch.query.placing import in_parts, rows_at
from ctxsearch.query.scope import OpenShard, Rows, has_living, rows_of_word
from ctxsearch.query.words import rows_asked_for
from ctxsearch.vectors.files import TOKEN_MASK

# Occurrences looked at in one go.
_OCCURRENCES = 1 << 20
_DISTANCE = re.compile(r"([+-]?)([0-9]{1,5})")


@dataclass(frozen=True, slots=True)
class Nearby:
    """A word that is to be beside an occurrence, or not to be.

    Attributes:
        word: a lemma or a form, as asked for; it may have a tag, as in ``old/ADJ``.
        before: how many places before the occurrence it may be; up to the beginning of the sentence where None.
        after: how many after it; up to the end of the sentence where None.
        is_absent: whether it must not be there.
        whole: all that was asked for, which is the word where the corpus has such a one, as ``10:30``.
    """

    word: str
    before: int | None = None
    after: int | None = None
    is_absent: bool = False
    whole: str = field(default="", repr=False, compare=False)


def parse_nearby(text: str) -> Nearby:
    """Reads a filter.

    >>> parse_nearby("river:5"), parse_nearby("!the:-1")
    (Nearby(word='river', before=5, after=5, is_absent=False), Nearby(word='the', before=1, after=0, is_absent=True))

    Raises:
        QueryError: it cannot be read.
    """
    is_absent = text.startswith("!")
    word, colon, distance = text.removeprefix("!").rpartition(":")
    if not colon:
        word, distance = distance, ""
    word = word.strip()
    match = _DISTANCE.fullmatch(distance)
    if not word or (colon and (match is None or int(match[2]) == 0)):
        raise QueryError(
            f"The filter {text!r} cannot be read; write river, river:5 (on either side), river:-5 (before), river:+5"
            " (after), or !river for lines without it."
        )
    if " " in word:
        raise QueryError(f"The filter {text!r} has several words; write one, and another filter for each other.")
    if match is None:
        return Nearby(word, is_absent=is_absent)
    side, places = match[1], int(match[2])
    before, after = 0 if side == "+" else places, 0 if side == "-" else places
    return Nearby(word, before, after, is_absent, text.removeprefix("!").strip())


def with_nearby(
    shards: Sequence[OpenShard], rows: Sequence[Sequence[Rows]], nearby: Sequence[Nearby]
) -> list[list[Rows]]:
    """Those rows, in their order, beside which all is as it should be.

    Raises:
        WordNotFound: the corpus does not have a word that is to be beside them, or not to be.
        TagNotFound: it never has this tag.
        QueryError: no word of the corpus has it.
    """
    if not nearby:
        return [list(some) for some in rows]
    nearby = [_read(shards, one) for one in nearby]
    beside = [rows_asked_for(shards, one.word) for one in nearby]
    kept = []
    for number, (shard, some) in enumerate(zip(shards, rows, strict=True)):
        tokens = [_tokens(shard, others[number]) for others in beside] if some else []
        parts = in_parts(shard, some, _OCCURRENCES)
        kept.append([row for places, ids in parts for row in rows_at(places[_are_kept(ids, nearby, tokens)])])
    return kept


def _read(shards: Sequence[OpenShard], one: Nearby) -> Nearby:
    """A filter as the corpus has it: what is a word with its colon and number has no distance."""
    word = normal_form(one.whole)
    if word and any(has_living(shard, rows) for shard in shards for rows in rows_of_word(shard, word)):
        return Nearby(one.whole, is_absent=one.is_absent)
    return one


def _tokens(shard: OpenShard, rows: Sequence[Rows]) -> NDArray[np.int64]:
    """The ids of some rows, in order. Shape: (n,)."""
    parts = [shard.files.ids[start:stop] for start, stop in rows]
    return np.unique(np.concatenate(parts)) if parts else np.empty(0, np.int64)


def _are_kept(
    ids: NDArray[np.int64], nearby: Sequence[Nearby], tokens: Sequence[NDArray[np.int64]]
) -> NDArray[np.bool_]:
    kept = np.ones(len(ids), np.bool_)
    for one, others in zip(nearby, tokens, strict=True):
        kept &= _is_near(ids, one, others) != one.is_absent
    return kept


def _is_near(ids: NDArray[np.int64], one: Nearby, others: NDArray[np.int64]) -> NDArray[np.bool_]:
    first = ids & ~np.int64(TOKEN_MASK)
    low = first if one.before is None else np.maximum(first, ids - one.before)
    high = first | TOKEN_MASK if one.after is None else np.minimum(first | TOKEN_MASK, ids + one.after)
    count = np.searchsorted(others, high, "right") - np.searchsorted(others, low, "left")
    # An occurrence is not beside itself.
    own = np.searchsorted(others, ids, "right") - np.searchsorted(others, ids, "left")
    near: NDArray[np.bool_] = count > own
    return near
