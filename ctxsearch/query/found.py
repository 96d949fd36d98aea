"""Occurrences that were found: which rows of which shards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from ctxsearch.catalog.rows import DocumentRow
from ctxsearch.errors import IndexDamaged
from ctxsearch.query.scope import OpenShard, Rows, documents_of_ids, row_mask

# Documents read in one go.
_DOCUMENTS = 4096


class Found(NamedTuple):
    """An occurrence in a shard, with its score if it answers a query."""

    shard: int
    row: int
    score: float | None


class Listing(Sequence[Found]):
    """Occurrences without scores, as numbers: an object for each use of a frequent word would fill the memory.

    Args:
        shards: the number of the shard of each. Shape: (n,).
        rows: its row there. Shape: (n,).

    >>> listing = Listing(np.array([0, 0, 1]), np.array([7, 9, 3]))
    >>> listing[1], [one.row for one in listing[1:]], len(listing.at([2]))
    (Found(shard=0, row=9, score=None), [9, 3], 1)
    """

    def __init__(self, shards: NDArray[np.int64], rows: NDArray[np.int64]) -> None:
        self.shards = shards
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, at: int) -> Found: ...

    @overload
    def __getitem__(self, at: slice) -> Listing: ...

    def __getitem__(self, at: int | slice) -> Found | Listing:
        if isinstance(at, slice):
            return Listing(self.shards[at], self.rows[at])
        return Found(int(self.shards[at]), int(self.rows[at]), None)

    def __iter__(self) -> Iterator[Found]:
        return map(Found, self.shards.tolist(), self.rows.tolist(), repeat(None))

    def at(self, places: NDArray[np.int64] | Sequence[int]) -> Listing:
        """Those at some places, in the order of these."""
        chosen = np.asarray(places, np.int64)
        return Listing(self.shards[chosen], self.rows[chosen])


def joined(first: Listing, second: Listing) -> Listing:
    """One after the other."""
    return Listing(np.concatenate([first.shards, second.shards]), np.concatenate([first.rows, second.rows]))


def by_shard(found: Sequence[Found]) -> Iterator[tuple[int, NDArray[np.int64], NDArray[np.int64]]]:
    """The occurrences of each shard: its number, their places among all, and their rows; shards in order."""
    if isinstance(found, Listing):
        shards, rows = found.shards, found.rows
    else:
        shards, rows = np.array([(one.shard, one.row) for one in found], np.int64).reshape(-1, 2).T
    for number in np.flatnonzero(np.bincount(shards)).tolist():
        places = np.flatnonzero(shards == number)
        yield number, places, rows[places]


def listed(
    shards: Sequence[OpenShard],
    rows: Sequence[Sequence[Rows]],
    allowed: Sequence[NDArray[np.bool_] | None],
    first: int | None = None,
) -> Listing:
    """All rows, in the order of the corpus.

    Args:
        shards: where.
        rows: of each shard.
        allowed: see `allowed_documents`.
        first: so many are wanted, the first; None for all.
    """
    made = [np.empty(0, np.int64)]
    for shard, stretches, documents in zip(shards, rows, allowed, strict=True):
        if first is not None and sum(map(len, made)) >= first:
            break
        parts = [np.empty(0, np.int64)]
        for stretch in stretches:
            part = np.arange(stretch.start, stretch.stop, dtype=np.int64)
            parts.append(part if documents is None else part[row_mask(shard, [stretch], documents)])
        joined = np.concatenate(parts)
        made.append(joined[np.argsort(shard.files.ids[joined], kind="stable")])
    sizes = [len(part) for part in made[1:]]
    return Listing(np.repeat(np.arange(len(sizes)), np.array(sizes, np.int64)), np.concatenate(made))[:first]


def documents_of(shards: Sequence[OpenShard], found: Sequence[Found]) -> NDArray[np.int64]:
    """The document of each occurrence, as a number that grows along the corpus. Shape: (n_found,)."""
    documents = np.zeros(len(found), np.int64)
    for number, places, rows in by_shard(found):
        documents[places] = documents_of_ids(shards[number], shards[number].files.ids[rows]) + (number << 32)
    return documents


def by_document(
    shards: Sequence[OpenShard], found: Sequence[Found]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], Iterator[DocumentRow]]]:
    """The documents of some occurrences, shard after shard, each once.

    Yields:
        The places of a shard's occurrences among all, the number of the document of each among those of the shard, and
        these documents.
    """
    for number, places, rows in by_shard(found):
        ids = shards[number].files.ids[rows]
        documents, which = np.unique(documents_of_ids(shards[number], ids), return_inverse=True)
        yield places, which, document_rows(shards[number], documents)


def document_rows(shard: OpenShard, numbers: NDArray[np.int64]) -> Iterator[DocumentRow]:
    """Documents of a shard by their numbers, in the order of these; a few thousand are in memory at a time."""
    for start in range(0, len(numbers), _DOCUMENTS):
        some = numbers[start : start + _DOCUMENTS].tolist()
        known = shard.catalog.documents(some)
        if len(known) != len(some):
            raise IndexDamaged(str(shard.catalog.path), "documents are missing")
        yield from map(known.__getitem__, some)


def metadata_names(shard: OpenShard, rows: NDArray[np.int64]) -> set[str]:
    """The names that the metadata have of the documents of some rows."""
    documents = document_rows(shard, np.unique(documents_of_ids(shard, shard.files.ids[rows])))
    return {name for document in documents for name in document.metadata}
