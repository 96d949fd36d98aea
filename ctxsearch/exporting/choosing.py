"""Which occurrences are written, with their lines and their senses; and the same of all tokens of documents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctxsearch.domain import ConcordanceLine
from ctxsearch.exporting.annotation import Annotation, Cells, annotated
from ctxsearch.exporting.material import Material
from ctxsearch.exporting.selecting import Part, among, as_parts, sampled, selected, shaped
from ctxsearch.query.found import Found, Listing, by_shard, metadata_names
from ctxsearch.query.lines import lines
from ctxsearch.query.scope import allowed_documents
from ctxsearch.query.shaping import PLAIN

# Lines and vectors are made of so many at a time.
_AT_ONCE = 4096


@dataclass(frozen=True)
class Chosen:
    """The occurrences that are written.

    Attributes:
        material: what they are of.
        parts: those of each shard.
        annotation: their senses.
        listing: all of them, where they are in another order than that of the corpus.
    """

    material: Material
    parts: Sequence[Part]
    annotation: Annotation
    listing: Listing | None = None

    @property
    def count(self) -> int:
        """How many there are."""
        return sum(part.count for part in self.parts)

    @property
    def sense_columns(self) -> Sequence[str]:
        """The names of what is said of their senses: ``sense``, ``assigned``, ``p``, ``margin``, or some of these."""
        return self.annotation.columns

    @property
    def notes(self) -> Sequence[str]:
        """What else there is to know."""
        return self.annotation.notes

    def blocks(self) -> Iterator[Listing]:
        """The occurrences, some at a time; how many are done is told after each."""
        done, total = 0, self.count
        self.material.tell(0, total)
        for some in self._listings():
            for start in range(0, len(some), _AT_ONCE):
                block = some[start : start + _AT_ONCE]
                yield block
                done += len(block)
                self.material.tell(done, total)

    def _listings(self) -> Iterator[Listing]:
        """The occurrences, one list after the other."""
        if self.listing is not None:
            yield self.listing
            return
        for shard, part in enumerate(self.parts):
            rows = part.rows() if part.count else np.empty(0, np.int64)
            yield Listing(np.full_like(rows, shard), rows)

    def lines(self, context: int | None) -> Iterator[list[tuple[ConcordanceLine, Cells]]]:
        """Their lines, some at a time, each with what is said of its sense.

        Args:
            context: words on either side, or None for the sentence.
        """
        for block in self.blocks():
            yield self.lines_of(block, context)

    def lines_of(self, block: Sequence[Found], context: int | None) -> list[tuple[ConcordanceLine, Cells]]:
        """The lines of some of them, see `lines`."""
        told: list[Cells] = [()] * len(block)
        for shard, places, rows in by_shard(block):
            for place, cells in zip(places.tolist(), self.annotation.cells(shard, rows.tolist()), strict=True):
                told[place] = cells
        return list(zip(lines(self.material.shards, block, context), told, strict=True))

    def by_sense(self) -> dict[str, NDArray[np.int64]]:
        """Shard and row of the occurrences of each sense, without those that people give different senses.

        Shape: (n, 2), for each sense.
        """
        found: dict[str, list[NDArray[np.int64]]] = {}
        for shard, part in enumerate(self.parts):
            for sense, rows in self.annotation.by_sense(shard, part.rows()):
                found.setdefault(sense, []).append(np.column_stack([np.full_like(rows, shard), rows]))
        return {sense: np.concatenate(some) for sense, some in found.items()}

    def count_with(self, sense: str) -> int:
        """How many of the occurrences have a sense; one that people give two senses counts for both."""
        return sum(
            int(np.count_nonzero(np.isin(part.rows(), self.annotation.rows_with(shard, sense))))
            for shard, part in enumerate(self.parts)
        )

    def metadata_columns(self) -> list[str]:
        """The names that the metadata of their documents have."""
        names: set[str] = set()
        for shard, part in zip(self.material.shards, self.parts, strict=True):
            if part.count:
                names |= metadata_names(shard, part.rows())
        return sorted(names)


def choose(material: Material) -> Chosen:
    """The occurrences that are asked for.

    Raises:
        WordNotFound: the corpus does not have the word.
        QueryError: a filter cannot be understood.
        SenseError: the sense is unknown, or nobody says which occurrences have it.
    """
    asked = material.asked
    parts = selected(material.shards, asked)
    annotation = annotated(material, parts)
    if (sense := asked.sense) is not None:
        parts = among(parts, lambda shard: annotation.rows_with(shard, sense))
    if asked.limit is not None or asked.shaping != PLAIN:
        listing = shaped(material.shards, parts, asked)
        return Chosen(material, as_parts(material.shards, listing), annotation, listing)
    if asked.sample is not None:
        parts = sampled(parts, asked.sample, asked.seed)
    return Chosen(material, parts, annotation)


@dataclass(frozen=True)
class ChosenTexts:
    """The documents that are written.

    Attributes:
        annotation: the senses of their tokens.
        count: how many documents there are.
    """

    annotation: Annotation
    count: int


def choose_texts(material: Material) -> ChosenTexts:
    """The documents that are asked for, with the senses of all tokens.

    Raises:
        QueryError: a condition cannot be understood.
        SenseError: senses are to be assigned, and cannot be.
    """
    allowed = allowed_documents(material.shards, material.asked.filters.where)
    count = sum(
        shard.entry.documents if some is None else int(np.count_nonzero(some))
        for shard, some in zip(material.shards, allowed, strict=True)
    )
    return ChosenTexts(annotated(material, ()), count)
