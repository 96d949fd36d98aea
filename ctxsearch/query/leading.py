"""Which occurrences can be the first of all in an order, told without making their lines.

What a line is sorted by begins with something that takes a fraction of what the line takes: the word beside the node,
the lemma, a value of the document. Where only the first lines are wanted, no line is made of what lies behind so many
others by this alone.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from enum import Enum, auto
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctxsearch.catalog.rows import DocumentRow
from ctxsearch.domain import Metadata
from ctxsearch.errors import IndexDamaged
from ctxsearch.query.columns import about, value_order
from ctxsearch.query.found import Listing, by_document, by_shard
from ctxsearch.query.lines import lines
from ctxsearch.query.orders import LETTERS, ORDERS, first_letters
from ctxsearch.query.scope import OpenShard
from ctxsearch.query.sentences import AT_ONCE, Sentences, sentences
from ctxsearch.query.shaping import SortKey
from ctxsearch.vectors.files import TOKEN_BITS

# Characters that are hardly without as many letters as lines are told apart by.
_CHARACTERS = 24
# No sentence has more.
_MOST_WORDS = 1 << TOKEN_BITS

_Order = Callable[[Any], Any]


def foremost(
    shards: Sequence[OpenShard], found: Listing, order: Sequence[SortKey], count: int, around: int | None
) -> Listing:
    """Those occurrences that can be among the first so many, in the order that they had.

    Args:
        shards: where.
        found: the occurrences, in the order of the corpus.
        order: what they are to be sorted by, the first foremost.
        count: how many of the first are wanted.
        around: words on either side that their lines have when they are sorted, or None for the sentence.
    """
    around = None if around is None else min(around, _MOST_WORDS)
    ranks: NDArray[np.integer] | None = None
    for at, key in enumerate(order, 1):
        by = None if key.is_column else ORDERS.get(key.name)
        # Before others some orders go by less than they begin with.
        if not 0 < count < len(found) or (by and by.before_others and at < len(order)):
            break
        beginnings = _Beginnings(len(found))
        share = _tell(shards, found, key, around, beginnings)
        if share is _Share.NONE:
            break
        own = beginnings.ranks(key.is_reversed)
        # Those that are alike by all keys before stand by this one.
        if ranks is not None:
            own = np.unique(ranks.astype(np.int64) * (int(own.max()) + 1) + own, return_inverse=True)[1]
        kept = np.flatnonzero(own <= np.partition(own, count - 1)[count - 1])
        found, ranks = found.at(kept), own[kept]
        if share is _Share.BEGINNING:
            break
    return found


class _Share(Enum):
    """How much of the keys is told."""

    NONE = auto()
    BEGINNING = auto()
    ALL = auto()


class _Beginnings:
    """What the keys of some occurrences begin with.

    Args:
        count: how many occurrences there are.
    """

    missing = object()
    """In the place of a value that a document does not have: it comes last, whichever way."""

    def __init__(self, count: int) -> None:
        self._codes = np.zeros(count, np.int32)
        self._code_of: dict[Any, int] = {}
        self._are_in_order = False
        self.order: _Order = lambda value: value

    def put(self, places: NDArray[np.int64], values: Iterable[Any], which: NDArray[np.int64] | None = None) -> None:
        """Takes the beginnings of some occurrences; `order` says what they are sorted by.

        Args:
            places: of the occurrences. Shape: (n,).
            values: of each; or of some kinds of them.
            which: the number of the kind of each. Shape: (n,).
        """
        code_of = self._code_of
        codes = np.array([code_of.setdefault(value, len(code_of)) for value in values], np.int64)
        self._codes[places] = codes if which is None else codes[which]

    def put_in_order(self) -> None:
        """Takes it that they are in order, each by itself."""
        self._are_in_order = True

    def ranks(self, is_reversed: bool) -> NDArray[np.integer]:
        """Where each occurrence stands by its beginning alone; those that are alike stand together. Shape: (n,)."""
        if self._are_in_order:
            ranks = np.arange(len(self._codes))
            return ranks[::-1] if is_reversed else ranks
        keys = {code: self.order(value) for value, code in self._code_of.items() if value is not self.missing}
        rank_of = np.zeros(len(self._code_of), np.int32)
        rank, before = -1, None
        for code in sorted(keys, key=keys.__getitem__):
            rank += keys[code] != before
            rank_of[code], before = rank, keys[code]
        if is_reversed:
            rank_of = rank - rank_of
        if self.missing in self._code_of:
            rank_of[self._code_of[self.missing]] = rank + 1
        return rank_of[self._codes]


def _tell(
    shards: Sequence[OpenShard], found: Listing, key: SortKey, around: int | None, beginnings: _Beginnings
) -> _Share:
    """Tells what the keys of some occurrences begin with, and how much of them that is."""
    if key.is_column:
        _tell_documents(
            shards, found, beginnings, lambda row: _column(about(row) if key.is_own else row.metadata, key.name)
        )
        return _Share.ALL
    if key.name == "corpus":
        beginnings.put_in_order()
        return _Share.ALL
    if key.name == "document_id":
        _tell_documents(shards, found, beginnings, lambda row: row.document_id)
        return _Share.BEGINNING
    if key.name == "lemma":
        _tell_lemmas(shards, found, beginnings)
        return _Share.ALL
    if key.name not in _OF_TEXTS:
        return _Share.NONE
    by, told_by = ORDERS[key.name], _OF_TEXTS[key.name]
    beginnings.order = by.order
    for number, places, rows in by_shard(found):
        ids = shards[number].files.ids[rows]
        for start in range(0, len(rows), AT_ONCE):
            some, there = ids[start : start + AT_ONCE], places[start : start + AT_ONCE]
            read = sentences(shards[number], np.unique(some >> TOKEN_BITS))
            told = told_by(read, *read.tokens.of(shards[number], some), around)
            unclear = [at for at, value in enumerate(told) if value is _UNCLEAR]
            for at, line in zip(unclear, lines(shards, found.at(there[unclear]), around), strict=True):
                told[at] = by.beginning(line)
            beginnings.put(there, told)
    return _Share.ALL if by.whole is None else _Share.BEGINNING


def _tell_documents(
    shards: Sequence[OpenShard], found: Listing, beginnings: _Beginnings, told: Callable[[DocumentRow], Any]
) -> None:
    for places, which, documents in by_document(shards, found):
        beginnings.put(places, map(told, documents), which)


def _column(known: Metadata, name: str) -> Any:
    value = known.get(name)
    return _Beginnings.missing if value is None else value_order(value)


def _tell_lemmas(shards: Sequence[OpenShard], found: Listing, beginnings: _Beginnings) -> None:
    beginnings.order = ORDERS["lemma"].order
    for number, places, rows in by_shard(found):
        shard = shards[number]
        numbers, which = np.unique(shard.files.lists_of(rows), return_inverse=True)
        lemmas = shard.catalog.lemmas(numbers.tolist())
        if len(lemmas) != len(numbers):
            raise IndexDamaged(str(shard.catalog.path), "lemmas are missing")
        beginnings.put(places, [lemmas[one] for one in numbers.tolist()], which)


# What is told of nodes by the sentences read, which of these each is in, which token it is, and the words around.
_OfText = Callable[[Sentences, NDArray[np.int64], NDArray[np.int64], int | None], list[Any]]

# The beginning of a key that the sentence does not tell, as of a node at its end.
_UNCLEAR = object()


def _forms(read: Sentences, _: NDArray[np.int64], tokens: NDArray[np.int64], __: int | None) -> list[Any]:
    return [read.text[start:end] for start, end in read.spans[tokens].tolist()]


def _behind(
    read: Sentences, own: NDArray[np.int64], tokens: NDArray[np.int64], around: int | None
) -> tuple[list[int], list[int], list[bool]]:
    """Where what stands behind each node in its line begins and ends, and whether that is all there is to see."""
    ends = read.begins[own + 1]
    if around is None:
        return read.spans[tokens, 1].tolist(), ends.tolist(), [True] * len(tokens)
    is_all = tokens + around + 1 < read.tokens.stops[own]
    ends = np.where(is_all, read.spans[np.where(is_all, tokens + around + 1, tokens), 0], ends)
    return read.spans[tokens, 1].tolist(), ends.tolist(), is_all.tolist()


def _first_words(read: Sentences, own: NDArray[np.int64], tokens: NDArray[np.int64], around: int | None) -> list[Any]:
    """The first word behind each node; None where there is none."""
    text = read.text
    told: list[Any] = []
    for start, end, is_all in zip(*_behind(read, own, tokens, around), strict=True):
        words = text[start:end].split(None, 1)
        if len(words) == 2 or is_all or (words and text[end - 1].isspace()):
            told.append(words[0] if words else None)
        else:
            told.append(_UNCLEAR)
    return told


def _last_words(read: Sentences, own: NDArray[np.int64], tokens: NDArray[np.int64], around: int | None) -> list[Any]:
    """The last word before each node; None where there is none."""
    firsts, begins = read.tokens.firsts[own], read.begins[own]
    if around is None:
        seen, is_all = begins, np.ones(len(tokens), np.bool_)
    else:
        is_all = tokens - around >= firsts
        seen = np.where(tokens - around > firsts, read.spans[np.maximum(tokens - around, firsts), 0], begins)
    text = read.text
    told: list[Any] = []
    for start, end, whole in zip(seen.tolist(), read.spans[tokens, 0].tolist(), is_all.tolist(), strict=True):
        words = text[start:end].rsplit(None, 1)
        if len(words) == 2 or whole or (words and text[start].isspace()):
            told.append(words[-1] if words else None)
        else:
            told.append(_UNCLEAR)
    return told


def _nodes(read: Sentences, own: NDArray[np.int64], tokens: NDArray[np.int64], around: int | None) -> list[Any]:
    """The node, and the first letters behind it."""
    told: list[Any] = []
    nodes = _forms(read, own, tokens, around)
    for node, start, end, _ in zip(nodes, *_behind(read, own, tokens, around), strict=True):
        stop = min(end, start + _CHARACTERS)
        letters = first_letters(read.text[start:stop].rstrip())
        # A mark that follows could come to stand before those that are there.
        is_whole = stop == end or not unicodedata.combining(unicodedata.normalize("NFD", read.text[stop])[0])
        told.append((node, letters) if is_whole and len(letters) == LETTERS else _UNCLEAR)
    return told


_OF_TEXTS: dict[str, _OfText] = {"form": _forms, "node": _nodes, "right": _first_words, "left": _last_words}
"""How the beginning of an order is told by the sentence."""
