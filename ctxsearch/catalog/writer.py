"""Writes the catalog of a new shard."""

from __future__ import annotations

import json
import sqlite3
import weakref
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlite_utils import Database

from ctxsearch.catalog.failures import disk_error
from ctxsearch.catalog.origins import encoded_origin
from ctxsearch.catalog.reader import Catalog, read_metadata
from ctxsearch.catalog.schema import migrations
from ctxsearch.catalog.words import FormCells, LemmaCells, Word
from ctxsearch.commit import CATALOG_FILE
from ctxsearch.domain import Document, Segment
from ctxsearch.errors import IndexDamaged
from ctxsearch.storage import sync

_FLUSH_ROWS = 4096


class CatalogWriter:
    """Takes documents in order; nothing is durable, nor meant to be read, before `finish`.

    Args:
        folder: the new shard's folder.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / CATALOG_FILE
        self._db = Database(self._path)
        # Closed with this object, if by nobody before.
        self._let_go = weakref.finalize(self, self._db.close)
        with self._told():
            # The whole folder is thrown away if the build does not come to its end: no journal is needed to undo.
            self._db.execute("pragma journal_mode = off")
            self._db.execute("pragma synchronous = off")
            migrations.apply(self._db)
        self._documents: list[tuple[object, ...]] = []
        self._segments: list[tuple[object, ...]] = []
        self._origins: list[tuple[object, ...]] = []
        self._unembedded: list[tuple[object, ...]] = []
        self._columns: Counter[str] = Counter()
        self._first_segment = 0
        self.documents = 0
        self.segments = 0
        self.words = 0

    def add_segment(self, segment: Segment) -> None:
        """Takes the next segment of the document that `end_document` will name."""
        self._segments.append(
            (self.segments, self.documents, segment.start, segment.text, segment.spans.astype("<u2").tobytes())
        )
        if segment.origin is not None:
            self._origins.append((self.segments, *encoded_origin(segment.origin)))
        self.segments += 1
        if len(self._segments) >= _FLUSH_ROWS:
            self._flush()

    def add_unembedded(self, segment: int, token: int, word: Word) -> None:
        """Takes a token that a source gave and that has no vector: where it is, and what."""
        lemma, _, tag, written = word
        self._unembedded.append((segment, token, lemma, tag, written))

    def end_document(self, document: Document, words: int, digest: str) -> None:
        """Takes the document that the latest segments belong to."""
        self._documents.append(
            (
                self.documents,
                document.document_id,
                document.title,
                document.uri,
                json.dumps(dict(document.metadata), ensure_ascii=False),
                self._first_segment,
                self.segments - self._first_segment,
                len(document.text),
                words,
                digest,
            )
        )
        self._columns.update(document.metadata.keys())
        self._first_segment = self.segments
        self.documents += 1
        self.words += words
        if len(self._documents) >= _FLUSH_ROWS:
            self._flush()

    def _flush(self) -> None:
        with self._told(), self._db.atomic():
            # insert_all takes a dict a row; tuples through executemany are about ten times as fast.
            self._db.conn.executemany(f"insert into documents values ({_marks(10)})", self._documents)
            self._db.conn.executemany(f"insert into segments values ({_marks(5)})", self._segments)
            self._db.conn.executemany(f"insert into origins values ({_marks(4)})", self._origins)
            self._db.conn.executemany(f"insert into unembedded values ({_marks(5)})", self._unembedded)
        for rows in (self._documents, self._segments, self._origins, self._unembedded):
            rows.clear()

    def copy(self, source: Catalog, living: NDArray[np.bool_] | None) -> NDArray[np.int64]:
        """Takes the documents of another catalog, with their segments, as they are.

        Args:
            source: the other.
            living: which of its documents are taken; None for all. Shape: (n_documents,).

        Returns:
            The new number of each of its segments, -1 for those that are not taken. Shape: (n_segments,).
        """
        moved = np.full(source.totals().segments, -1, np.int64)
        for row in source.document_rows():
            number, document_id, title, uri, metadata, first, segments, characters, words, digest = row
            if living is not None and not living[number]:
                continue
            moved[first : first + segments] = np.arange(self.segments, self.segments + segments)
            self._documents.append(
                (self.documents, document_id, title, uri, metadata, self.segments, segments, characters, words, digest)
            )
            fields = read_metadata(metadata)
            if fields is None:
                raise IndexDamaged(str(source.path), f"the metadata of document {document_id!r} cannot be read")
            self._columns.update(fields.keys())
            step = self.segments - first
            self._origins.extend((number + step, *rest) for number, *rest in source.origin_rows(first, segments))
            self._unembedded.extend((number + step, *rest) for number, *rest in source.unembedded(first, segments))
            for start, text, tokens in source.segment_rows(first, segments):
                self._segments.append((self.segments, self.documents, start, text, tokens))
                self.segments += 1
                if len(self._segments) >= _FLUSH_ROWS:
                    self._flush()
            self.words += words
            self.documents += 1
            if len(self._documents) >= _FLUSH_ROWS:
                self._flush()
        self._first_segment = self.segments
        return moved

    def finish(self, lemmas: Sequence[LemmaCells], forms: Sequence[FormCells]) -> None:
        """Writes the words, and everything to disk."""
        self._flush()
        with self._told(), self._db.atomic():
            self._db.conn.executemany(f"insert into lemmas values ({_marks(3)})", lemmas)
            self._db.conn.executemany(f"insert into forms values ({_marks(8)})", forms)
            self._db.conn.executemany(
                f"insert into metadata_columns values ({_marks(2)})", sorted(self._columns.items())
            )
            # The same documents give the same bytes, whenever they are indexed.
            self._db.conn.execute("update _sqlite_migrations set applied_at = ''")
        with self._told():
            self._db.execute("analyze")
        self.close()
        sync(self._path)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turns SQLite's error about a full or failing disk into the one that every other file raises."""
        try:
            yield
        except sqlite3.DatabaseError as error:  # without a journal a write that failed may look like a damaged file
            raise disk_error(error, self._path) from error

    def close(self) -> None:
        """Lets go of the file."""
        self._let_go()


def _marks(count: int) -> str:
    return ", ".join("?" * count)
