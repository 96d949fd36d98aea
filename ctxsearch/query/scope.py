"""What a query may answer with: the rows of a word in every shard, and the documents that pass its filters."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ctxsearch.catalog.reader import Catalog
from ctxsearch.catalog.rows import FormRow, Totals
from ctxsearch.catalog.where import DOCUMENT_COLUMNS, ID_COLUMN, Filter, parse_filters
from ctxsearch.commit import ShardEntry
from ctxsearch.errors import IndexDamaged, QueryError
from ctxsearch.protocols import VectorShard
from ctxsearch.query.columns import column_named
from ctxsearch.vectors.ahead import ReadAhead
from ctxsearch.vectors.clusters import Clusters
from ctxsearch.vectors.codec import CodecParameters
from ctxsearch.vectors.files import TOKEN_BITS, VectorFiles

# Rows looked at in one go to see whether any is left; most often the first few tell.
_ROWS = 4096


@dataclass(frozen=True)
class ListedShard:
    """A shard with its catalog opened: enough to say what documents it has, whatever became of its vectors."""

    entry: ShardEntry
    catalog: Catalog

    @cached_property
    def living(self) -> NDArray[np.bool_] | None:
        """Which documents were not taken out, not to be changed. Shape: (n_documents,); None where none was."""
        if not self.entry.removed:
            return None
        living = np.ones(self.entry.documents, dtype=np.bool_)
        living[list(self.entry.removed)] = False
        living.flags.writeable = False
        return living

    @cached_property
    def names(self) -> Sequence[str]:
        """The names that the metadata of documents have that were not taken out."""
        return self.catalog.metadata_names(self.entry.removed)

    @cached_property
    def columns(self) -> Sequence[str]:
        """The names that a filter may use: these, and what such documents have besides."""
        return self.catalog.metadata_columns(self.entry.removed)

    @cached_property
    def tags(self) -> Sequence[str]:
        """The parts of speech that words have; where nothing else can be read, those of removed documents, too."""
        return self.catalog.tags


@dataclass(frozen=True)
class OpenShard(ListedShard):
    """A shard with all its parts opened."""

    files: VectorFiles
    parameters: CodecParameters
    clusters: Clusters
    make: Callable[[], VectorShard]
    language: str
    """The code of the language that the words of the index are read by."""

    @cached_property
    def tags(self) -> Sequence[str]:
        """The parts of speech that words have in documents that were not taken out."""
        if not self.entry.removed:
            return self.catalog.tags
        return [tag for tag in self.catalog.tags if any(living_forms(self, self.catalog.forms(tag=tag)))]

    @cached_property
    def vectors(self) -> VectorShard:
        """The back end that searches its codes, loaded when it is first needed: a concordance needs none."""
        return self.make()

    @cached_property
    def all_have_vectors(self) -> bool:
        """Whether there is a row for every token of its texts."""
        return self.catalog.totals().words == self.entry.rows

    @cached_property
    def document_of_segment(self) -> NDArray[np.int32]:
        """The number of the document that each segment is in. Shape: (n_segments,)."""
        firsts = self.catalog.first_segments
        stop = max(self.catalog.count_segments(), int(firsts.max(initial=0)))
        return np.repeat(np.arange(len(firsts), dtype=np.int32), np.diff(firsts, append=stop))

    @cached_property
    def ids_ahead(self) -> ReadAhead:
        """Asks for ids that are read here and there."""
        return ReadAhead(self.files.ids)


class Rows(NamedTuple):
    """A stretch of a shard's rows."""

    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Written:
    """How occurrences are written and tagged that are asked for.

    Attributes:
        forms: only these, as `surface_forms` gives them; empty for any.
        tags: only of these parts of speech; empty for any.
        is_lemma: whether the word is a lemma in normal form, whose letters say nothing of how it is written.
        not_forms: none of these.
    """

    forms: Sequence[str] = ()
    tags: Sequence[str] = ()
    is_lemma: bool = False
    not_forms: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.forms or self.tags or self.not_forms)

    def has(self, row: FormRow) -> bool:
        """Whether a form, with its tag, is among them."""
        is_one = (not self.forms or row.form in self.forms) and (not self.tags or row.tag in self.tags)
        return is_one and row.form not in self.not_forms


ANYHOW = Written()
"""However written, and tagged."""


def rows_of_form(row: FormRow) -> Rows:
    """The rows of a form with one tag."""
    return Rows(row.first_row, row.stop_row)


def rows_of_lemma(shard: OpenShard, lemma: str, written: Written = ANYHOW) -> list[Rows]:
    """The rows of a lemma, or of some of its forms only."""
    if written:
        return [rows_of_form(row) for row in shard.catalog.forms(lemma=lemma) if written.has(row)]
    number = shard.catalog.lemma_number(lemma)
    return [] if number is None else [_list(shard, lemma, number)]


def _list(shard: OpenShard, lemma: str, number: int) -> Rows:
    if not 0 <= number < shard.entry.lemmas:
        raise IndexDamaged(str(shard.catalog.path), f"the lemma {lemma!r} has no list")
    return Rows(int(shard.files.lists[number]), int(shard.files.lists[number + 1]))


def rows_of_word(shard: OpenShard, word: str, written: Written = ANYHOW) -> list[Rows]:
    """The rows of a lemma, and of every form of another lemma that is written so.

    Args:
        shard: where.
        word: in normal form.
        written: only such rows.
    """
    rows = rows_of_lemma(shard, word, written)
    rows.extend(rows_of_form(row) for row in shard.catalog.forms(folded=word) if row.lemma != word and written.has(row))
    return rows


def all_rows(shard: OpenShard, written: Written = ANYHOW) -> list[Rows]:
    """All rows of a shard, or of some forms or tags whatever their lemma."""
    if written.forms:
        found = (row for form in written.forms for row in shard.catalog.forms(form=form))
        return [rows_of_form(row) for row in found if written.has(row)]
    if written.tags:
        return [rows_of_form(row) for tag in written.tags for row in shard.catalog.forms(tag=tag)]
    return [Rows(0, shard.entry.rows)]


def require_tags(shards: Sequence[OpenShard], tags: Sequence[str]) -> None:
    """Raises QueryError if no word of the corpus has one of these parts of speech."""
    known = {tag for shard in shards for tag in shard.tags}
    if missing := [tag for tag in tags if tag not in known]:
        raise unknown_tag(shards, missing[0])


def unknown_tag(shards: Sequence[OpenShard], tag: str) -> QueryError:
    """What is told who asks for a part of speech that no word has."""
    known = sorted({one for shard in shards for one in shard.tags})
    have = f"there are: {', '.join(known)}" if known else "the sources of the corpus gave none"
    return QueryError(f"No word has the part of speech {tag!r}; {have}.")


def has_living(shard: OpenShard, rows: Rows) -> bool:
    """Whether a row of the stretch belongs to a document that was not taken out."""
    living = shard.living
    if living is None:
        return rows.stop > rows.start
    parts = (Rows(start, min(start + _ROWS, rows.stop)) for start in range(rows.start, rows.stop, _ROWS))
    return any(row_mask(shard, [part], living).any() for part in parts)


def living_forms(shard: OpenShard, forms: Iterable[FormRow]) -> Iterator[FormRow]:
    """Those of some forms of a shard that documents have which were not taken out."""
    return (form for form in forms if has_living(shard, rows_of_form(form)))


def count_rows(shard: OpenShard, parts: Sequence[Rows], documents: NDArray[np.bool_] | None) -> int:
    """How many rows of some stretches belong to the documents allowed, see `allowed_documents`."""
    if documents is None or not parts:
        return sum(stop - start for start, stop in parts)
    return int(np.count_nonzero(row_mask(shard, parts, documents)))


def checked_columns(shards: Sequence[ListedShard], where: Sequence[str]) -> Sequence[Filter]:
    """What filters on the metadata say; ``metadata.NAME`` is a column of the metadata whatever else is called so.

    Raises:
        QueryError: a filter cannot be read, or names a column that no document has.
    """
    filters = parse_filters(where)
    names = {name for shard in shards for name in shard.names} if filters else set()
    return [_checked_column(shards, names, item) for item in filters]


def _checked_column(shards: Sequence[ListedShard], names: Collection[str], item: Filter) -> Filter:
    """A filter on a column that there is, by the name that it has there."""
    # What no document has meets every ``!=``, and would be taken out whole.
    is_there = item.column in names or item.column == ID_COLUMN
    if is_there or (item.column in DOCUMENT_COLUMNS and any(item.column in shard.columns for shard in shards)):
        return item
    if name := column_named(item.column, names):
        return replace(item, column=name, is_metadata=True)
    known = sorted({column for shard in shards for column in shard.columns})
    raise QueryError(f"No document has the column {item.column!r}; there are: {', '.join(known)}.")


def allowed_documents(shards: Sequence[ListedShard], where: Sequence[str]) -> list[NDArray[np.bool_] | None]:
    """Which documents of each shard may answer: those that meet the filters, and are not taken out; None is all.

    Raises:
        QueryError: a filter cannot be read, or names a column that no document has.
    """
    filters = checked_columns(shards, where)
    allowed: list[NDArray[np.bool_] | None] = []
    for shard in shards:
        living = shard.living
        if filters:
            chosen = shard.catalog.documents_where(filters)
            living = chosen if living is None else chosen & living
        allowed.append(living)
    return allowed


def totals_of(shard: ListedShard, documents: NDArray[np.bool_] | None) -> Totals:
    """How much the documents allowed hold, see `allowed_documents`."""
    return shard.catalog.totals(without=() if documents is None else np.flatnonzero(~documents).tolist())


def documents_of_ids(shard: OpenShard, ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """The number of the document that each token is in, by the tokens' ids. Shape: (n,)."""
    if len(ids) < _ROWS:
        return np.searchsorted(shard.catalog.first_segments, ids >> TOKEN_BITS, side="right") - 1
    # A look at a table instead of some fifteen steps for each; it is not made for a few.
    return shard.document_of_segment.take(ids >> TOKEN_BITS, mode="clip").astype(np.int64)


def row_mask(shard: OpenShard, parts: Sequence[Rows], documents: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which rows, part after part, belong to the documents allowed. Shape: (n_rows,)."""
    return documents[documents_of_ids(shard, np.concatenate([shard.files.ids[start:stop] for start, stop in parts]))]
