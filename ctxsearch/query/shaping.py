"""Which lines of an answer are shown, in which order: by several keys, so many a document, from the n-th on."""

from __future__ import annotations

import operator
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ctxsearch.domain import ConcordanceLine
from ctxsearch.errors import QueryError
from ctxsearch.query.columns import OWN_COLUMNS, PREFIX, about, column_named, value_order
from ctxsearch.query.found import Found, Listing, by_document, by_shard, documents_of
from ctxsearch.query.orders import ORDERS, SCORE
from ctxsearch.query.scope import OpenShard
from ctxsearch.query.several import strings

_OF_CORPUS = "corpus"
_OF_WORDS = ("left", "node", "right")


@dataclass(frozen=True, slots=True)
class SortKey:
    """What lines are sorted by.

    Attributes:
        name: ``corpus``, one of the parts of a line, or a column of the metadata.
        is_reversed: whether the last come first.
        is_column: whether it is a column of the metadata.
        is_own: whether it is also what a document may have besides them, see `about`.
    """

    name: str
    is_reversed: bool
    is_column: bool = False
    is_own: bool = False


@dataclass(frozen=True, slots=True)
class Shaping:
    """How an answer is shown.

    Attributes:
        order: what its lines are sorted by, the first foremost; empty for the order they come in.
        per_document: no more lines than this of one document; None for any number.
        offset: how many lines are passed over.
    """

    order: Sequence[SortKey] = ()
    per_document: int | None = None
    offset: int = 0

    @property
    def needs_places(self) -> bool:
        """Whether it matters where in the corpus lines are."""
        return any(key.name == _OF_CORPUS for key in self.order)

    @property
    def needs_documents(self) -> bool:
        """Whether it matters what documents have besides the metadata that lines carry."""
        return any(key.is_own for key in self.order)

    @property
    def needs_words(self) -> bool:
        """Whether the words beside the node matter."""
        return any(key.name in _OF_WORDS for key in self.order)


PLAIN = Shaping()
"""As it comes."""


def whole_number(value: int) -> int:
    """A plain number in the place of numpy's, which SQLite and FAISS do not know.

    Raises:
        QueryError: it is no whole number.
    """
    try:
        return operator.index(value)
    except TypeError as error:
        raise QueryError(f"{value!r} is no number of lines; give a whole number.") from error


def checked_shaping(
    shards: Sequence[OpenShard],
    order: str | Sequence[str] | None,
    per_document: int | None,
    offset: int,
    *,
    has_scores: bool,
) -> Shaping:
    """How an answer is to be shown, as a user says it.

    Args:
        shards: have the columns of the metadata.
        order: keys, each maybe after a ``-``, which reverses it; one, several, or several with commas between. None for
            lines as they come.
        per_document: see `Shaping`.
        offset: likewise.
        has_scores: whether lines have scores to be sorted by, and come in their order.

    Raises:
        QueryError: there is no such key, or a number cannot be.
    """
    if per_document is not None:
        per_document = whole_number(per_document)
        if per_document < 1:
            raise QueryError(f"{per_document} lines a document cannot be shown; ask for at least 1.")
    offset = whole_number(offset)
    if offset < 0:
        raise QueryError(f"{offset} lines cannot be passed over.")
    given = strings(order, "Keys to sort by are strings, such as '-year'")
    texts = [part for one in given for part in one.split(",")]
    keys = [SortKey(text.strip().removeprefix("-"), text.strip().startswith("-")) for text in texts]
    as_it_comes = SortKey(SCORE if has_scores else _OF_CORPUS, False)
    if keys in ([as_it_comes], []):
        return Shaping([], per_document, offset)
    own = [_OF_CORPUS, *(name for name in ORDERS if has_scores or name != SCORE)]
    names = {column for shard in shards for column in shard.names}
    made = []
    for key in keys:
        is_own = key.name in OWN_COLUMNS and any(key.name in shard.columns for shard in shards)
        name = key.name if key.name in own or is_own else column_named(key.name, names)
        if name is None:
            titled = {column for column in OWN_COLUMNS if any(column in shard.columns for shard in shards)}
            named = [f"{PREFIX}{column}" if column in own else column for column in sorted(names | titled)]
            raise QueryError(f"There is no order {key.name!r}; use {', '.join([*own, *named])}.")
        made.append(SortKey(name, key.is_reversed, is_column=key.name not in own, is_own=is_own))
    return Shaping(made, per_document, offset)


def ordered(
    lines: Sequence[ConcordanceLine], order: Sequence[SortKey], places: Sequence[tuple[int, int]] | None = None
) -> list[int]:
    """The numbers of lines sorted by keys; those that are alike stay in the order they came in.

    Args:
        lines: to be sorted. Those without a value of a key come last, whichever way.
        order: the keys, the first foremost.
        places: where each is in the corpus; None where they come in that order.
    """
    numbers = list(range(len(lines)))
    for at, key in reversed([*enumerate(order, 1)]):
        if key.is_column:
            with_value = [number for number in numbers if lines[number].metadata.get(key.name) is not None]
            without = [number for number in numbers if lines[number].metadata.get(key.name) is None]
            with_value.sort(
                key=lambda number, name=key.name: value_order(lines[number].metadata.get(name)),  # type: ignore[misc]
                reverse=key.is_reversed,
            )
            numbers = with_value + without
        elif key.name == _OF_CORPUS:
            numbers.sort(key=lambda number: places[number] if places else (0, number), reverse=key.is_reversed)
        else:
            key_of = partial(ORDERS[key.name].key, is_last=at == len(order))
            keys = [key_of(line) for line in lines]
            numbers.sort(key=keys.__getitem__, reverse=key.is_reversed)
    return numbers


def with_own_columns(
    shards: Sequence[OpenShard], found: Sequence[Found], made: Sequence[ConcordanceLine]
) -> list[ConcordanceLine]:
    """Lines to be sorted by what documents have besides their metadata: it is among them there, see `about`.

    Args:
        shards: where.
        found: the occurrences.
        made: their lines.
    """
    result = list(made)
    for places, which, documents in by_document(shards, found):
        known = [about(row) for row in documents]
        for place, document in zip(places.tolist(), which.tolist(), strict=True):
            result[place] = replace(made[place], metadata=known[document])
    return result


def places_in_corpus(shards: Sequence[OpenShard], found: Sequence[Found]) -> list[tuple[int, int]]:
    """Where in the corpus each of some occurrences is: a pair that sorts as the corpus does."""
    return [(one.shard, token) for one, token in zip(found, _ids(shards, found).tolist(), strict=True)]


def drawn_per_document(shards: Sequence[OpenShard], found: Listing, per_document: int | None, seed: int) -> Listing:
    """So many occurrences of each document, drawn at random, in the order they had."""
    if per_document is None:
        return found
    documents = documents_of(shards, found)
    in_order = np.argsort(documents, kind="stable")
    _, firsts, counts = np.unique(documents[in_order], return_index=True, return_counts=True)
    draw = random.Random(seed)
    chosen = [
        own if len(own) <= per_document else own[draw.sample(range(len(own)), per_document)]
        for own in (in_order[first : first + count] for first, count in zip(firsts, counts, strict=True))
    ]
    return found.at(np.sort(np.concatenate([np.empty(0, np.int64), *chosen])))


def best_per_document(shards: Sequence[OpenShard], found: Sequence[Found], per_document: int | None) -> Sequence[Found]:
    """The best so many occurrences of each document, best first; of those that score alike the first in the text."""
    if per_document is None:
        return found
    seen: Counter[int] = Counter()
    places, documents = places_in_corpus(shards, found), documents_of(shards, found).tolist()
    kept = []
    for place in sorted(range(len(found)), key=lambda at: (-(found[at].score or 0.0), places[at])):
        seen[documents[place]] += 1
        if seen[documents[place]] <= per_document:
            kept.append(found[place])
    return kept


def _ids(shards: Sequence[OpenShard], found: Sequence[Found]) -> NDArray[np.int64]:
    """The id of each occurrence in its shard. Shape: (n_found,)."""
    ids = np.zeros(len(found), np.int64)
    for number, places, rows in by_shard(found):
        ids[places] = shards[number].files.ids[rows]
    return ids
