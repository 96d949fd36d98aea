"""Which lines of an answer are shown, in which order: by several keys, so many a document, from the n-th on."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ctxsearch.catalog.where import DOCUMENT_COLUMNS
from ctxsearch.domain import ConcordanceLine, MetadataValue
from ctxsearch.errors import QueryError
from ctxsearch.query.ranking import Found, by_shard
from ctxsearch.query.scope import OpenShard
from ctxsearch.vectors.files import TOKEN_BITS

_Key = tuple[object, ...]

_KEYS: dict[str, Callable[[ConcordanceLine], _Key]] = {
    "left": lambda line: (line.left.casefold().split()[::-1], line.node.casefold(), line.right.casefold()),
    "node": lambda line: (line.node.casefold(), line.right.casefold()),
    "right": lambda line: (line.right.casefold().split(), line.node.casefold()),
    "form": lambda line: (line.form.casefold(), line.form),
    "lemma": lambda line: (line.lemma,),
    "pos": lambda line: (line.pos,),
    "document_id": lambda line: (line.document_id, line.start),
    "score": lambda line: (-(line.score or 0.0), line.key),
}
_OF_CORPUS = "corpus"
_PREFIX = "metadata."


@dataclass(frozen=True, slots=True)
class SortKey:
    """What lines are sorted by.

    Attributes:
        name: ``corpus``, one of the parts of a line, or a column of the metadata.
        is_reversed: whether the last come first.
    """

    name: str
    is_reversed: bool


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


PLAIN = Shaping()
"""As it comes."""


def checked_shaping(
    shards: Sequence[OpenShard], order: str | Sequence[str], per_document: int | None, offset: int
) -> Shaping:
    """How an answer is to be shown, as a user says it.

    Args:
        shards: have the columns of the metadata.
        order: keys, each maybe after a ``-``, which reverses it; one, several, or several with commas between.
        per_document: see `Shaping`.
        offset: likewise.

    Raises:
        QueryError: there is no such key, or a number cannot be.
    """
    if per_document is not None and per_document < 1:
        raise QueryError(f"{per_document} lines a document cannot be shown; ask for at least 1.")
    if offset < 0:
        raise QueryError(f"{offset} lines cannot be passed over.")
    texts = [part for one in ([order] if isinstance(order, str) else order) for part in one.split(",")]
    keys = [SortKey(text.strip().removeprefix("-"), text.strip().startswith("-")) for text in texts]
    names = (_OF_CORPUS, *_KEYS)
    if any(key.name not in names for key in keys):
        known = {column for shard in shards for column in shard.catalog.metadata_columns()} - {*DOCUMENT_COLUMNS}
        for key in keys:
            if key.name not in names and key.name.removeprefix(_PREFIX) not in known:
                raise QueryError(f"There is no order {key.name!r}; use {', '.join([*names, *sorted(known)])}.")
    # The order of the corpus is that in which lines come, and nothing more.
    return Shaping([] if keys == [SortKey(_OF_CORPUS, False)] else keys, per_document, offset)


def ordered(lines: Sequence[ConcordanceLine], order: Sequence[SortKey]) -> list[ConcordanceLine]:
    """Lines sorted by keys; those that are alike stay in the order they came in, those without a value come last."""
    numbered = list(enumerate(lines))
    for key in reversed(order):
        if key.name == _OF_CORPUS:
            numbered.sort(key=lambda pair: pair[0], reverse=key.is_reversed)
        elif key.name in _KEYS:
            make = _KEYS[key.name]
            numbered.sort(key=lambda pair, make=make: make(pair[1]), reverse=key.is_reversed)  # type: ignore[misc]
        else:
            column = key.name.removeprefix(_PREFIX) if key.name.startswith(_PREFIX) else key.name
            with_value = [pair for pair in numbered if pair[1].metadata.get(column) is not None]
            without = [pair for pair in numbered if pair[1].metadata.get(column) is None]
            with_value.sort(
                key=lambda pair, name=column: value_order(pair[1].metadata.get(name)),  # type: ignore[misc]
                reverse=key.is_reversed,
            )
            numbered = with_value + without
    return [line for _, line in numbered]


def value_order(value: MetadataValue) -> tuple[bool, bool, float, str]:
    """Sorts values of the metadata: numbers before words, and what is missing last."""
    is_number = isinstance(value, int | float)
    return value is None, not is_number, float(value) if isinstance(value, int | float) else 0.0, str(value)


def drawn_per_document(
    shards: Sequence[OpenShard], found: Sequence[Found], per_document: int | None, seed: int
) -> Sequence[Found]:
    """So many occurrences of each document, drawn at random, in the order they had."""
    if per_document is None:
        return found
    places = defaultdict(list)
    for place, document in enumerate(_documents(shards, found)):
        places[document].append(place)
    draw = random.Random(seed)
    chosen = [
        place
        for own in places.values()
        for place in (own if len(own) <= per_document else draw.sample(own, per_document))
    ]
    return [found[place] for place in sorted(chosen)]


def best_per_document(shards: Sequence[OpenShard], found: Sequence[Found], per_document: int | None) -> Sequence[Found]:
    """The best so many occurrences of each document, best first; of those that score alike the first in the text."""
    if per_document is None:
        return found
    seen: Counter[tuple[int, int]] = Counter()
    ids = np.zeros(len(found), np.int64)
    for number, places, rows in by_shard(found):
        ids[places] = shards[number].files.ids[rows]
    documents = _documents(shards, found)
    kept = []
    for place in sorted(range(len(found)), key=lambda at: (-(found[at].score or 0.0), found[at].shard, int(ids[at]))):
        seen[documents[place]] += 1
        if seen[documents[place]] <= per_document:
            kept.append(found[place])
    return kept


def _documents(shards: Sequence[OpenShard], found: Sequence[Found]) -> list[tuple[int, int]]:
    """The shard and the number of the document of each occurrence."""
    documents = np.zeros(len(found), np.int64)
    for number, places, rows in by_shard(found):
        shard = shards[number]
        segments = shard.files.ids[rows] >> TOKEN_BITS
        documents[places] = np.searchsorted(shard.catalog.first_segments, segments, "right") - 1
    return [(one.shard, document) for one, document in zip(found, documents.tolist(), strict=True)]
