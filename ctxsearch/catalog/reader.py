"""Reads the catalog of a committed shard, which never changes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ctxsearch.catalog import statements
from ctxsearch.catalog.lexicon import LexiconFile, some_texts
from ctxsearch.catalog.origins import decoded_origin
from ctxsearch.catalog.rows import SPAN, DocumentRow, SegmentRow, Totals, Unembedded, read_metadata
from ctxsearch.catalog.where import DOCUMENT_COLUMNS, Filter
from ctxsearch.commit import CATALOG_FILE
from ctxsearch.domain import Origin
from ctxsearch.errors import IndexDamaged

_NOT_NUMBERED = "its documents, or their segments, are not numbered one after the other"


class Catalog(LexiconFile):
    """The catalog of one shard, opened read-only.

    It is read through Python's own ``sqlite3``: importing sqlite-utils, which makes catalogs, would take a fifth of the
    time that a concordance takes from a cold start.

    Args:
        folder: the shard's folder.
        rows: how many rows the shard has, where that is known: no form has others.

    Attributes:
        n_documents: how many documents it has, those taken out included.

    Raises:
        IndexDamaged: the file is missing or is not a catalog.
        OSError: this process is kept from it.
    """

    def __init__(self, folder: Path, rows: int = statements.MOST) -> None:
        super().__init__(folder / CATALOG_FILE, rows)
        # The first and the last, and no more: how long this takes must not grow with the shard.
        ends = "select coalesce(min(document), 0), coalesce(max(document), -1) from documents"
        ((first, last),) = self._checked(ends, (int, int))
        self.n_documents = int(last) + 1  # type: ignore[call-overload]
        if first:
            raise IndexDamaged(str(self.path), _NOT_NUMBERED)

    @cached_property
    def first_segments(self) -> NDArray[np.int64]:
        """The number of each document's first segment, in order. Shape: (n_documents,).

        Raises:
            IndexDamaged: the documents are not numbered one after the other.
        """
        rows = list(self._checked("select document, first_segment from documents order by document", (int, int)))
        found = np.array(rows, dtype=np.int64).reshape(-1, 2)
        firsts = np.ascontiguousarray(found[:, 1])
        if (
            not np.array_equal(found[:, 0], np.arange(self.n_documents))
            or firsts[:1].any()
            or (np.diff(firsts) < 0).any()
        ):
            raise IndexDamaged(str(self.path), _NOT_NUMBERED)
        return firsts

    def metadata_names(self, removed: Sequence[int] = ()) -> list[str]:
        """The names that occur in the documents' metadata, but for those that only some documents have."""
        rows = self._checked("select name, documents from metadata_columns order by name", (str, int))
        gone: Counter[object] = Counter()
        if removed:
            gone.update(dict(self._checked(statements.COLUMNS, (str, int), [json.dumps(removed)])))  # type: ignore[arg-type]
        return [str(name) for name, count in rows if count != gone[name]]

    def metadata_columns(self, removed: Sequence[int] = ()) -> list[str]:
        """The names that a filter may use, but for those that only some documents have."""
        names = self.metadata_names(removed)
        return [*names, *self._have([one for one in DOCUMENT_COLUMNS if one not in names], removed)]

    def document_columns(self, removed: Sequence[int] = ()) -> list[str]:
        """What documents, but for some, have besides their metadata, and where these do not have it."""
        return self._have(DOCUMENT_COLUMNS, removed)

    def _have(self, columns: Sequence[str], removed: Sequence[int]) -> list[str]:
        return [one for one in columns if self._rows(statements.HAVE.format(one), [one, json.dumps(removed)])]

    def documents_where(self, filters: Sequence[Filter]) -> NDArray[np.bool_]:
        """Which documents meet all of some conditions. Shape: (n_documents,)."""
        allowed = np.zeros(self.n_documents, dtype=np.bool_)
        conditions, parameters = ["1"], []
        for item in filters:
            met = item.met(value for (value,) in self._rows(*item.plain_values())) if item.is_expression else ()
            condition, values = item.sql(met)
            conditions.append(condition)
            parameters.extend(values)
        rows = self._rows(f"select document from documents where {' and '.join(conditions)}", parameters)
        allowed[np.array([row[0] for row in rows], dtype=np.int64)] = True
        return allowed

    def values(self, column: str, removed: Sequence[int] = ()) -> Counter[str]:
        """How many documents, but for some, have each value of a column of the metadata, as a filter would say it."""
        rows = self._checked(statements.VALUES, (int, str, float, int), [column, json.dumps(removed)])
        counts: Counter[str] = Counter()
        for is_real, text, real, count in rows:
            counts[str(real) if is_real else str(text)] += count  # type: ignore[operator]
        return counts

    def find_document(self, document_id: str) -> DocumentRow | None:
        """The document with this id."""
        rows = self._checked(f"{statements.DOCUMENTS} where document_id = ?", statements.DOCUMENT_KINDS, [document_id])
        return self._document(rows[0]) if rows else None

    def documents_named(self, ids: Iterable[str]) -> dict[str, DocumentRow]:
        """Documents by their ids; of those that are not there, nothing."""
        select, kinds = f"{statements.DOCUMENTS} where document_id in", statements.DOCUMENT_KINDS
        rows = (row for marks, some in some_texts(ids) for row in self._checked(f"{select} {marks}", kinds, some))
        return {row.document_id: row for row in map(self._document, rows)}

    def documents(self, numbers: Iterable[int]) -> dict[int, DocumentRow]:
        """Documents by their numbers."""
        rows = self._by_number(f"{statements.DOCUMENTS} where document", numbers)
        self._by_column(rows, statements.DOCUMENT_KINDS)
        return {row[0]: self._document(row) for row in rows}  # type: ignore[misc]

    def totals(self, *, without: Sequence[int] = ()) -> Totals:
        """How many documents, segments and words there are, leaving out some documents by their numbers."""
        sums = "count(*), coalesce(sum(segments), 0), coalesce(sum(words), 0) from documents"
        rows = [*self._rows(f"select {sums}"), *self._by_number(f"select {sums} where document", without)]
        self._by_column(rows, (int, int, int))
        left = Totals(*(have - less for have, less in zip(*rows, strict=True)))
        if min(left) < 0:
            raise IndexDamaged(str(self.path), "its documents have less than nothing")
        return left

    def count_segments(self) -> int:
        """How many segments there are, counted: `totals` says what the documents say."""
        ((count,),) = self._checked("select count(*) from segments", (int,))
        return count  # type: ignore[return-value]

    def segments(self, numbers: Iterable[int]) -> dict[int, SegmentRow]:
        """Segments by their numbers."""
        select = "select segment, document, start, text, tokens from segments where segment"
        return {row[0]: self._segment(row) for row in self._by_number(select, numbers)}  # type: ignore[misc]

    def document_rows(self) -> Iterator[tuple[int, str, str, str, str, int, int, int, int, str]]:
        """Every column of every document, in order."""
        kinds = (int, str, str, str, str, int, int, int, int, str)
        yield from self._checked("select * from documents order by document", kinds)  # type: ignore[misc]

    def segment_rows(self, first: int, count: int) -> Iterator[tuple[int, str, bytes]]:
        """Start, text and tokens of some segments that follow each other."""
        if not 0 <= first <= first + count < statements.MOST:
            raise IndexDamaged(str(self.path), "a document has segments that cannot be")
        select = "select start, text, tokens from segments where segment >= ? and segment < ? order by segment"
        for start, text, tokens in self._checked(select, (int, str, bytes), [first, first + count]):
            if len(tokens) % 4:  # type: ignore[arg-type]
                raise IndexDamaged(str(self.path), "the tokens of a segment cannot be read")
            yield start, text, tokens  # type: ignore[misc]

    def origins(self, numbers: Iterable[int]) -> dict[int, Origin]:
        """What sources say of segments, by their numbers; of those that the analyser cut, nothing."""
        if not self.has_given:
            return {}
        rows = self._by_number("select segment, name, lines, ids from origins where segment", numbers)
        return {int(row[0]): self._origin(row) for row in rows}  # type: ignore[call-overload]

    def unembedded(self, first: int, count: int) -> Iterator[Unembedded]:
        """The given tokens without a vector of some segments that follow each other."""
        if self.has_given:
            select = (
                "select segment, token, lemma, tag, written from unembedded where segment >= ? and segment < ?"
                " order by segment, token"
            )
            for row in self._checked(select, (int, int, str, str, str), [first, first + count]):
                yield Unembedded(*row)  # type: ignore[arg-type]

    def token_counts(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many tokens segments have. Shape: (n,).

        Args:
            numbers: of the segments, in order, each once. Shape: (n,).

        Raises:
            IndexDamaged: there is no such segment.
        """
        select = "select segment, length(tokens) / 4, typeof(tokens) from segments where segment"
        found = self._by_number(select, numbers.tolist())
        if len(found) != len(numbers) or any(kind != "blob" for *_, kind in found):
            raise IndexDamaged(str(self.path), "segments are missing, or have no tokens")
        # SQLite takes the length from where a stranger says it, without a look at the tokens.
        if 4 * sum(row[1] for row in found) > self._size:  # type: ignore[misc]
            raise IndexDamaged(str(self.path), "segments have more tokens than there is room for")
        rows = np.array([row[:2] for row in found], np.int64).reshape(-1, 2)
        return np.ascontiguousarray(rows[np.argsort(rows[:, 0]), 1])

    def segment_at(self, document: DocumentRow, offset: int) -> SegmentRow | None:
        """The segment of a document that holds a character."""
        if document.segments < 1:
            return None
        first, last = document.first_segment, document.first_segment + document.segments - 1
        found = self._rows(statements.SEGMENT_AT, [first, last, offset, offset])
        if not found:
            raise IndexDamaged(str(self.path), f"a segment of document {document.number} is missing")
        row = self._segment(found[0])
        return row if row.start <= offset < row.start + len(row.text) else None

    def _document(self, row: Sequence[object]) -> DocumentRow:
        number, document_id, metadata, first_segment, segments, *written = row
        fields = read_metadata(metadata)  # type: ignore[arg-type]
        # A stranger's file may say anything, and numbers that SQLite does not have.
        if (
            fields is None
            or not 0 <= first_segment <= first_segment + segments < statements.MOST  # type: ignore[operator]
            or row[-1] < 0  # type: ignore[operator]
        ):
            raise IndexDamaged(str(self.path), f"document {number} cannot be read")
        return DocumentRow(number, document_id, fields, first_segment, segments, *written)  # type: ignore[arg-type]

    def _origin(self, row: Sequence[object]) -> Origin:
        number, name, lines, rest = row
        try:
            if not (isinstance(name, str) and isinstance(lines, bytes) and isinstance(rest, str)):
                raise ValueError("it is of another kind")
            return decoded_origin(name, lines, rest)
        except ValueError as error:
            raise IndexDamaged(str(self.path), f"the origin of segment {number} cannot be read") from error

    def _segment(self, row: Sequence[object]) -> SegmentRow:
        if tuple(map(type, row)) != statements.SEGMENT_KINDS or len(row[4]) % SPAN.size:  # type: ignore[arg-type]
            raise IndexDamaged(str(self.path), f"segment {row[0]} cannot be read")
        return SegmentRow._make(row)
