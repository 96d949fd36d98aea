"""Every line of a word: drawn, sorted, counted."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import overload

import numpy as np
from numpy.typing import NDArray

from ctxsearch.domain import ConcordanceLine
from ctxsearch.errors import QueryError
from ctxsearch.query import scope
from ctxsearch.query.found import Found, Listing, by_shard, joined, listed, metadata_names
from ctxsearch.query.leading import foremost
from ctxsearch.query.lines import lines
from ctxsearch.query.matching import rows_of_node
from ctxsearch.query.options import ALL, Filters, checked_count, checked_seed
from ctxsearch.query.pattern import with_one_node
from ctxsearch.query.scope import OpenShard, Rows
from ctxsearch.query.shaping import Shaping, drawn_per_document, ordered, places_in_corpus, with_own_columns
from ctxsearch.query.words import rows_asked_for

# Words on either side that lines are sorted by, however few are shown.
_WORDS_COMPARED = 10
# Lines that are sorted in one go, where only the first are asked for.
_SORTED_AT_ONCE = 1 << 14
# Lines that are made in one go, where none of them is kept.
_MADE_AT_ONCE = 4096


def occurrences(
    shards: Sequence[OpenShard], word: str | None, filters: Filters = ALL, first: int | None = None
) -> Listing:
    """Every occurrence of a lemma or form, in the order of the corpus.

    Args:
        shards: where.
        word: the word, or ``word/TAG``; None for whatever is the node of the first pattern.
        filters: what is to hold of them.
        first: so many are wanted, the first in this order; None for all.

    Raises:
        WordNotFound: the corpus does not have the word.
        FormNotFound: it is never written in one of the forms.
        QueryError: a filter cannot be understood, or there is neither a word nor a pattern.
    """
    return listed(shards, *_selected(shards, word, filters), first)


def count(shards: Sequence[OpenShard], word: str | None, filters: Filters = ALL) -> int:
    """How many `occurrences` has: they are counted by their rows, since an object for each would fill the memory."""
    return sum(map(scope.count_rows, shards, *_selected(shards, word, filters)))


def _selected(
    shards: Sequence[OpenShard], word: str | None, filters: Filters
) -> tuple[Sequence[Sequence[Rows]], Sequence[NDArray[np.bool_] | None]]:
    """The rows of each shard that are asked for, and the documents of which they are to be."""
    if word is None:
        rows, filters = _of_pattern(shards, filters)
    else:
        rows = rows_asked_for(shards, word, filters.written)
    return filters.kept(shards, rows), scope.allowed_documents(shards, filters.where)


def _of_pattern(shards: Sequence[OpenShard], filters: Filters) -> tuple[list[list[Rows]], Filters]:
    """The rows that can be the node of the first pattern, and filters in which nothing else can be."""
    if not filters.patterns:
        raise QueryError("Name a word, or give a pattern to look for.")
    scope.require_tags(shards, filters.written.tags)
    first, *others = filters.patterns
    first = with_one_node(first)
    rows = []
    for shard in shards:
        allowed = scope.all_rows(shard, filters.written)
        rows.append(_both(rows_of_node(shard, first), allowed))
    return rows, Filters(filters.written, filters.where, filters.near, [first, *others])


def _both(rows: Sequence[Rows], allowed: Sequence[Rows]) -> list[Rows]:
    """What is in two lists of stretches; those of one do not overlap."""
    first, second, both = sorted(rows), sorted(allowed), []
    at = 0
    for start, stop in first:
        while at < len(second) and second[at].stop <= start:
            at += 1
        place = at
        while place < len(second) and second[place].start < stop:
            both.append(Rows(max(start, second[place].start), min(stop, second[place].stop)))
            place += 1
    return both


def chosen(
    shards: Sequence[OpenShard],
    word: str | None,
    filters: Filters,
    shaping: Shaping,
    limit: int | None,
    sample: int | None,
    seed: int,
) -> Listing:
    """Those of the occurrences of a word that are to be listed, in the order of the corpus.

    Args:
        shards: where.
        word: see `occurrences`.
        filters: likewise.
        shaping: says how many of each document are drawn.
        limit: so many lines are wanted, from its offset on; None for all.
        sample: draws so many of all that are left; None for all of them.
        seed: draws them.
    """
    sample, seed = checked_count(sample), checked_seed(seed)
    needs_all = shaping.order or (sample, shaping.per_document) != (None, None)
    # Of a word with millions of uses those of one shard are put in order sooner than all.
    first = None if needs_all or limit is None else shaping.offset + limit
    every = occurrences(shards, word, filters, first)
    return drawn(drawn_per_document(shards, every, shaping.per_document, seed), sample, seed)


class LinesOfFound(Sequence[ConcordanceLine]):
    """The lines of some occurrences, made when they are looked at: a few thousand at a time.

    Args:
        shards: where.
        found: the occurrences.
        context: words on either side, or None for the sentence.
    """

    def __init__(self, shards: Sequence[OpenShard], found: Listing, context: int | None) -> None:
        self._shards = shards
        self._found = found
        self._context = context

    def __repr__(self) -> str:
        return f"<{len(self):,} lines, made when they are looked at>"

    def __reduce__(self) -> str:
        raise TypeError("Lines that are made when they are looked at are not pickled; make a list of them first.")

    def __len__(self) -> int:
        return len(self._found)

    @overload
    def __getitem__(self, at: int) -> ConcordanceLine: ...

    @overload
    def __getitem__(self, at: slice) -> LinesOfFound: ...

    def __getitem__(self, at: int | slice) -> ConcordanceLine | LinesOfFound:
        if isinstance(at, slice):
            return LinesOfFound(self._shards, self._found[at], self._context)
        return lines(self._shards, [self._found[at]], self._context)[0]

    def __iter__(self) -> Iterator[ConcordanceLine]:
        for start in range(0, len(self._found), _MADE_AT_ONCE):
            yield from lines(self._shards, self._found[start : start + _MADE_AT_ONCE], self._context)

    def metadata_columns(self) -> list[str]:
        """The names that the metadata of their documents have, in order."""
        names = (metadata_names(self._shards[number], rows) for number, _, rows in by_shard(self._found))
        return sorted(set().union(*names))


def drawn(found: Listing, sample: int | None, seed: int) -> Listing:
    """A random sample of so many, in the order they had; all where there are no more, or None is asked."""
    return found if sample is None else found.at(drawn_places(len(found), sample, seed))


def drawn_places(total: int, sample: int, seed: int) -> NDArray[np.int64]:
    """The places of a random sample among so many, in order; all where there are no more. Shape: (n,)."""
    if sample >= total:
        return np.arange(total)
    return np.array(sorted(random.Random(seed).sample(range(total), sample)), np.int64)


def shaped_lines(
    shards: Sequence[OpenShard], found: Listing, shaping: Shaping, limit: int | None, context: int | None
) -> list[ConcordanceLine]:
    """The lines of some occurrences in an order, from one to another."""
    if not shaping.order:
        return lines(shards, found[shaping.offset :][:limit], context)
    if limit is None:
        made = lines(shards, found, context)
        return [made[at] for at in shaped_order(shards, found, made, shaping, context)[shaping.offset :]]
    first = first_in_order(shards, found, shaping, shaping.offset + limit, context)
    return lines(shards, first[shaping.offset :], context)


def first_in_order(
    shards: Sequence[OpenShard], found: Listing, shaping: Shaping, stop: int, context: int | None
) -> Listing:
    """The first so many of some occurrences, in the order that is asked for.

    Args:
        shards: where.
        found: the occurrences, in the order of the corpus.
        shaping: says the order.
        stop: how many.
        context: words on either side of their lines, or None for the sentence.
    """
    if not shaping.needs_words:
        around: int | None = 0
    else:
        around = None if context is None else max(context, _WORDS_COMPARED)
    found = foremost(shards, found, shaping.order, stop, around)
    first = found[:0]
    made: list[ConcordanceLine] = []
    # The first of all are among those of each part and of what was before it: no more lines than that are in memory.
    for start in range(0, len(found), at_once := max(_SORTED_AT_ONCE, stop)):
        part = found[start : start + at_once]
        first, made = joined(first, part), [*made, *lines(shards, part, around)]
        chosen = shaped_order(shards, first, made, shaping, around)[:stop]
        first, made = first.at(chosen), [made[at] for at in chosen]
    return first


def shaped_order(
    shards: Sequence[OpenShard],
    found: Sequence[Found],
    made: Sequence[ConcordanceLine],
    shaping: Shaping,
    context: int | None,
) -> list[int]:
    """The numbers of some lines in the order that is asked for.

    Args:
        shards: where.
        found: the occurrences.
        made: their lines.
        shaping: says the order.
        context: words on either side of these; to sort by words, more are looked at where they are few.
    """
    if shaping.needs_words and context is not None and context < _WORDS_COMPARED:
        made = lines(shards, found, _WORDS_COMPARED)
    if shaping.needs_documents:
        made = with_own_columns(shards, found, made)
    return ordered(made, shaping.order, places_in_corpus(shards, found) if shaping.needs_places else None)
