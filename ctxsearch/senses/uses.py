"""The occurrences of a word, each with what is told of its sense; a line is read only when somebody wants to see it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import NDArray

from ctxsearch.domain import ConcordanceLine, Metadata, MetadataValue
from ctxsearch.query.found import Listing, by_document
from ctxsearch.query.lines import lines
from ctxsearch.query.scope import OpenShard
from ctxsearch.sense import NONE_OF_THESE

# So many of the least sure are read at once; most often no more are wanted.
_AT_ONCE = 64
TOLD = ("pile", "sense_id", "p", "p_none", "margin", "is_labelled", "likeliest")
"""The columns of what is told of a line, in the order that a table has them."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """An occurrence and its likeliest sense.

    Attributes:
        line: the occurrence.
        sense_id: the likeliest sense, even where that is not sure.
        p: the probability of it.
        p_none: the probability that it has none of the senses.
        margin: how far the likeliest answer, *none of these* being one, is likelier than the next.
        pile: where it lies: the name of a sense, ``unsure`` or ``none of these``.
        is_labelled: whether somebody has labelled it; then it lies with what they said, or is unsure where they differ.
    """

    line: ConcordanceLine
    sense_id: str
    p: float
    p_none: float
    margin: float
    pile: str
    is_labelled: bool

    @property
    def likeliest(self) -> str:
        """The likeliest answer of all, ``none of these`` being one; see `sense_id` for that among the senses."""
        return self.sense_id if self.p >= self.p_none else NONE_OF_THESE

    def as_dict(self) -> dict[str, MetadataValue]:
        """As a row of a table, with the columns of ``assign --lines --csv``: those of its line, and what is told."""
        return {**self.line.as_dict(), **self.told()}

    def told(self) -> dict[str, MetadataValue]:
        """What is told of the line, by name."""
        return {column: getattr(self, column) for column in TOLD}


class Uses(Sequence[Assignment]):
    """The occurrences of a word with what is told of each, in the order of the corpus.

    The lines of a frequent word take longer to read than all else that is told of it, and most often few are shown.
    They stay those of the commit that was asked, whatever the index goes over to.

    Args:
        shards: of the index.
        places: of the occurrences.
        context: words on either side of a line, or None for the sentence.
        piles: the names of the senses that something shows, of none of these, and of unsure.
        pile: the number of each one's pile. Shape: (n,).
        sense: the number of its likeliest sense. Shape: (n,).
        p, p_none, margin, is_labelled: see `Assignment`. Shape: (n,).
    """

    def __init__(
        self,
        shards: Sequence[OpenShard],
        places: Listing,
        context: int | None,
        *,
        piles: Sequence[str],
        pile: NDArray[np.int64],
        sense: NDArray[np.int64],
        p: NDArray[np.float64],
        p_none: NDArray[np.float64],
        margin: NDArray[np.float64],
        is_labelled: NDArray[np.bool_],
    ) -> None:
        self.piles = piles
        self._shards, self._places, self._context = shards, places, context
        self._pile, self._sense, self._p, self._p_none = pile, sense, p, p_none
        self._margin, self._is_labelled = margin, is_labelled
        self._read: list[Assignment] | None = None

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, at: int) -> Assignment: ...

    @overload
    def __getitem__(self, at: slice) -> list[Assignment]: ...

    def __getitem__(self, at: int | slice) -> Assignment | list[Assignment]:
        numbers = range(len(self))[at]
        return self.at([numbers])[0] if isinstance(numbers, int) else self.at(numbers)

    def __iter__(self) -> Iterator[Assignment]:
        if self._read is None:
            self._read = self.at(range(len(self)))
        return iter(self._read)

    def at(self, numbers: Sequence[int]) -> list[Assignment]:
        """Those of these numbers, in their order."""
        if self._read is not None:
            return [self._read[number] for number in numbers]
        made = lines(self._shards, self._places.at(numbers), self._context)
        return [self._made(number, line) for number, line in zip(numbers, made, strict=True)]

    def __getstate__(self) -> dict[str, object]:
        """What is pickled: the lines themselves, and no open file."""
        list(self)
        return {**vars(self), "_shards": ()}

    @property
    def sizes(self) -> NDArray[np.int64]:
        """How many lie in each pile. Shape: (n_piles,)."""
        return np.bincount(self._pile, minlength=len(self.piles))

    def numbers_in(self, pile: str) -> list[int]:
        """The numbers of those in a pile, in the order of the corpus."""
        numbers: list[int] = np.flatnonzero(self._pile == self.piles.index(pile)).tolist()
        return numbers

    def least_sure(self) -> Iterator[Assignment]:
        """Those that nobody has labelled, the least sure first, ties by key."""
        unlabelled = np.flatnonzero(~self._is_labelled)
        ranked = unlabelled[np.argsort(self._margin[unlabelled], kind="stable")]
        margins = self._margin[ranked]
        start = 0
        while start < len(ranked):
            # All of one margin together: which of them is first, only their keys tell.
            last = margins[min(start + _AT_ONCE, len(ranked)) - 1]
            stop = int(np.searchsorted(margins, last, "right"))
            yield from sorted(self.at(ranked[start:stop].tolist()), key=lambda use: (use.margin, use.line.key))
            start = stop

    def sizes_of(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many of those of these numbers lie in each pile. Shape: (n_piles,)."""
        return np.bincount(self._pile[numbers], minlength=len(self.piles))

    def by_document(self) -> Iterator[tuple[Metadata, NDArray[np.int64]]]:
        """The metadata of each document, and the numbers of its occurrences. Shape: (n,)."""
        if self._read is not None:
            yield from self._by_document_read(self._read)
            return
        for places, which, documents in by_document(self._shards, self._places):
            order = np.argsort(which, kind="stable")
            each = np.split(places[order], np.flatnonzero(np.diff(which[order])) + 1)
            for document, numbers in zip(documents, each, strict=True):
                yield document.metadata, numbers

    def _by_document_read(self, read: Sequence[Assignment]) -> Iterator[tuple[Metadata, NDArray[np.int64]]]:
        """The same of lines that are there."""
        found: dict[str, tuple[Metadata, list[int]]] = {}
        for number, use in enumerate(read):
            found.setdefault(use.line.document_id, (use.line.metadata, []))[1].append(number)
        for metadata, numbers in found.values():
            yield metadata, np.array(numbers, np.int64)

    def _made(self, number: int, line: ConcordanceLine) -> Assignment:
        return Assignment(
            line=line,
            sense_id=self.piles[self._sense[number]],
            p=float(self._p[number]),
            p_none=float(self._p_none[number]),
            margin=float(self._margin[number]),
            pile=self.piles[self._pile[number]],
            is_labelled=bool(self._is_labelled[number]),
        )
