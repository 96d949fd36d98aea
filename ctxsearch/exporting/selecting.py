"""Which occurrences are written: the rows of each shard, in the order of the text.

All of an index are never in memory at once: the rows of a shard are put in order when they are needed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ctxsearch.exporting.material import Asked
from ctxsearch.query.concordance import drawn, drawn_places, first_in_order, occurrences
from ctxsearch.query.found import Listing, by_shard
from ctxsearch.query.scope import OpenShard, Rows, allowed_documents, row_mask
from ctxsearch.query.shaping import drawn_per_document


@dataclass(frozen=True)
class Part:
    """The occurrences of one shard: how many, and what gives their rows, in the order of the text."""

    count: int
    rows: Callable[[], NDArray[np.int64]]


def selected(shards: Sequence[OpenShard], asked: Asked) -> list[Part]:
    """The occurrences that the word, or the first pattern, and the filters leave, of each shard.

    Raises:
        WordNotFound: the corpus does not have the word.
        QueryError: a filter cannot be understood.
    """
    if asked.is_of_all:
        return _of_all(shards, asked.filters.where)
    return as_parts(shards, occurrences(shards, asked.word, asked.filters))


def among(parts: Sequence[Part], rows_of: Callable[[int], NDArray[np.int64]]) -> list[Part]:
    """Those of some occurrences that are among the rows of a shard, which are told by its number."""
    made = []
    for shard, part in enumerate(parts):
        rows = part.rows()
        made.append(_known(rows[np.isin(rows, rows_of(shard))]))
    return made


def sampled(parts: Sequence[Part], sample: int, seed: int) -> list[Part]:
    """The sample that `concordance` draws of the same occurrences with the same seed."""
    places = drawn_places(sum(part.count for part in parts), sample, seed)
    made, before = [], 0
    for part in parts:
        own = places[(places >= before) & (places < before + part.count)] - before
        made.append(Part(len(own), partial(_some, part, own)))
        before += part.count
    return made


def shaped(shards: Sequence[OpenShard], parts: Sequence[Part], asked: Asked) -> Listing:
    """Some occurrences in the order, and within the bounds, in which `concordance` lists them."""
    rows = [np.empty(0, np.int64), *(part.rows() for part in parts)]
    found = Listing(np.repeat(np.arange(len(parts)), [part.count for part in parts]), np.concatenate(rows))
    shaping = asked.shaping
    found = drawn_per_document(shards, found, shaping.per_document, asked.seed)
    found = drawn(found, asked.sample, asked.seed)
    stop = len(found) if asked.limit is None else min(len(found), shaping.offset + asked.limit)
    if shaping.order:
        found = first_in_order(shards, found, shaping, stop, asked.context)
    return found[shaping.offset : stop]


def as_parts(shards: Sequence[OpenShard], found: Listing) -> list[Part]:
    """The occurrences of each shard, in the order that they have."""
    rows = {number: of_shard for number, _, of_shard in by_shard(found)}
    return [_known(rows.get(number, np.empty(0, np.int64))) for number in range(len(shards))]


def lemmas_of(shards: Sequence[OpenShard], parts: Sequence[Part]) -> set[str]:
    """The lemmas that some occurrences are filed under."""
    found: set[str] = set()
    for shard, part in zip(shards, parts, strict=True):
        if part.count:
            numbers = np.unique(shard.files.lists_of(part.rows()))
            found.update(shard.catalog.lemmas(numbers.tolist()).values())
    return found


def _known(rows: NDArray[np.int64]) -> Part:
    return Part(len(rows), lambda: rows)


def _of_all(shards: Sequence[OpenShard], where: Sequence[str]) -> list[Part]:
    made = []
    for shard, documents in zip(shards, allowed_documents(shards, where), strict=True):
        every = Rows(0, shard.entry.rows)
        # Which rows they are is asked again when they are needed; their number alone is kept.
        count = every.stop if documents is None else int(np.count_nonzero(row_mask(shard, [every], documents)))
        made.append(Part(count, partial(_in_order, shard, documents)))
    return made


def _in_order(shard: OpenShard, documents: NDArray[np.bool_] | None) -> NDArray[np.int64]:
    rows = np.arange(shard.entry.rows, dtype=np.int64)
    if documents is not None:
        rows = rows[row_mask(shard, [Rows(0, len(rows))], documents)]
    ordered: NDArray[np.int64] = rows[np.argsort(shard.files.ids[rows], kind="stable")]
    return ordered


def _some(part: Part, places: NDArray[np.int64]) -> NDArray[np.int64]:
    return part.rows()[places]
