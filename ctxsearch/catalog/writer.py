"""Writes the catalog of a new shard."""

from __future__ import annotations

import json
import sqlite3
import weakref
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlite_utils import Database

from ctxsearch.catalog.failures import disk_error, is_full, reading_error
from ctxsearch.catalog.origins import encoded_origin
from ctxsearch.catalog.reader import Catalog
from ctxsearch.catalog.rows import Word, read_metadata
from ctxsearch.catalog.schema import migrations
from ctxsearch.catalog.words import FormCells, LemmaCells
from ctxsearch.commit import CATALOG_FILE
from ctxsearch.domain import Document, Segment
from ctxsearch.errors import IndexDamaged
from ctxsearch.storage import sync

_FLUSH_ROWS = 4096
_COPIED_DOCUMENTS = 256

# The tables whose rows belong to segments: what is copied beside a segment's number, where ``:document`` is the new
# number of its document, and the kinds of it.
_OF_SEGMENTS: tuple[tuple[str, str, Mapping[str, str]], ...] = (
    ("segments", ":document, start, text, tokens", {"start": "integer", "text": "text", "tokens": "blob"}),
    ("origins", "name, lines, ids", {"name": "text", "lines": "blob", "ids": "text"}),
    (
        "unembedded",
        "token, lemma, tag, written",
        {"token": "integer", "lemma": "text", "tag": "text", "written": "text"},
    ),
)


class CatalogWriter:
    """Takes documents in order; nothing is durable, nor meant to be read, before `finish`.

    One thread may use it after another, but no two at a time.

    Args:
        folder: the new shard's folder.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / CATALOG_FILE
        # By its address, so that the catalog of another shard can be attached by one that says it is only read.
        self._db = Database(sqlite3.connect(self._path.resolve().as_uri(), uri=True, check_same_thread=False))
        # Closed with this object, if by nobody before.
        self._let_go = weakref.finalize(self, self._db.close)
        with self._told():
            # The whole folder is thrown away if the build does not come to its end: no journal is needed to undo.
            self._db.execute("pragma journal_mode = off")
            self._db.execute("pragma synchronous = off")
            self._db.execute("pragma trusted_schema = off")
            self._db.execute("pragma cell_size_check = on")
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

    def free_id(self, number: int) -> None:
        """Gives a document, which is taken out before its shard is there, an id that no other has."""
        self._flush()
        with self._told(), self._db.atomic():
            self._db.conn.execute(
                "update documents set document_id = document_id || ? || document || ' ' || digest where document = ?",
                ["\n", number],
            )

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

        SQLite moves the rows from file to file: by way of Python they take four times as long.

        Args:
            source: the other.
            living: which of its documents are taken; None for all. Shape: (n_documents,).

        Returns:
            The new number of each of its segments, -1 for those that are not taken. Shape: (n_segments,).

        Raises:
            IndexDamaged: the other cannot be read, or its rows are none that a writer makes.
            OSError: the disk is full, or fails.
        """
        moved = np.full(source.count_segments(), -1, np.int64)
        taken = []
        before = 0
        for row in source.document_rows():
            number, document_id, title, uri, metadata, first, segments, characters, words, digest = row
            if not before <= first <= first + segments <= len(moved):
                raise IndexDamaged(str(source.path), f"the segments of document {document_id!r} are not its own")
            before = first + segments
            if living is not None and not living[number]:
                continue
            moved[first : first + segments] = np.arange(self.segments, self.segments + segments)
            taken.append(
                {
                    "grown": self.segments - first,
                    "document": self.documents,
                    "first": first,
                    "stop": first + segments,
                }
            )
            self._documents.append(
                (self.documents, document_id, title, uri, metadata, self.segments, segments, characters, words, digest)
            )
            fields = read_metadata(metadata)
            if fields is None:
                raise IndexDamaged(str(source.path), f"the metadata of document {document_id!r} cannot be read")
            self._columns.update(fields.keys())
            self.segments += segments
            self.words += words
            self.documents += 1
            if len(self._documents) >= _FLUSH_ROWS:
                self._flush_copied(source)
        self._flush_copied(source)
        self._first_segment = self.segments
        self._copy_rows(source, taken)
        return moved

    def _flush_copied(self, source: Catalog) -> None:
        try:
            self._flush()
        except OSError as error:
            if isinstance(error.__cause__, sqlite3.IntegrityError):
                raise IndexDamaged(str(source.path), "a document of it is in another part of the index, too") from error
            raise

    def _copy_rows(self, source: Catalog, taken: Sequence[Mapping[str, int]]) -> None:
        """Copies what belongs to the segments of documents.

        Args:
            source: from where.
            taken: of each document how much its segments' numbers have ``grown``, its own new number as ``document``,
                its ``first`` segment there, and the one after its last, ``stop``.
        """
        tables = _OF_SEGMENTS if source.has_given else _OF_SEGMENTS[:1]
        try:
            self._db.execute("attach ? as source", [f"{source.path.resolve().as_uri()}?mode=ro&immutable=1"])
            for table, _, kinds in tables:
                self._check_cells(source, table, kinds)
        except sqlite3.Error as error:
            raise reading_error(error, source.path) from error
        try:
            for table, columns, _ in tables:
                copied = 0
                statement = (
                    f"insert into {table} select segment + :grown, {columns} from source.{table}"
                    " where segment >= :first and segment < :stop order by segment"
                )
                with self._db.atomic():
                    # Some at a time: nobody who wants to stop waits for all of them.
                    for start in range(0, len(taken), _COPIED_DOCUMENTS):
                        some = taken[start : start + _COPIED_DOCUMENTS]
                        copied += self._db.conn.executemany(statement, some).rowcount
                if table == "segments" and copied != sum(one["stop"] - one["first"] for one in taken):
                    raise IndexDamaged(str(source.path), "segments are missing")
            self._db.execute("detach source")
        except sqlite3.IntegrityError as error:  # a stranger's table without the key that ours have
            raise IndexDamaged(str(source.path), f"SQLite says {str(error)!r}") from error
        except sqlite3.DatabaseError as error:
            # Which of the two files it means, SQLite keeps to itself.
            if not is_full(error) and (problems := source.integrity()):
                raise IndexDamaged(str(source.path), problems[0]) from error
            raise disk_error(error, self._path) from error

    def _check_cells(self, source: Catalog, table: str, kinds: Mapping[str, str]) -> None:
        """Refuses rows that no writer puts there; SQLite itself would let anything pass."""
        wrong = " or ".join(f"typeof({column}) != {kind!r}" for column, kind in kinds.items())
        if table == "segments":
            wrong += " or length(tokens) % 4"
        if self._db.execute(f"select 1 from source.{table} where {wrong} limit 1").fetchone():
            raise IndexDamaged(str(source.path), f"a row of {table} cannot be read")
        # That a text is one, only Python looks at.
        texts = ", ".join(column for column, kind in kinds.items() if kind == "text")
        deque(self._db.execute(f"select {texts} from source.{table}"), maxlen=0)

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
