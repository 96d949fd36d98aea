"""Reads a plain text file: one document."""

from __future__ import annotations

from collections.abc import Iterator

from ctxsearch.corpus.files import File
from ctxsearch.corpus.lines import decode, read_chunks
from ctxsearch.corpus.records import OnRead, Options, bad_byte, checked, too_long
from ctxsearch.domain import Document
from ctxsearch.errors import SourceError


def read_text(file: File, options: Options, on_read: OnRead) -> Iterator[Document | SourceError]:
    """Yields the whole file as one document, every character as it is.

    Raises:
        SourceError: the file cannot be read or decoded, is too long, or its name cannot serve as an id.
    """
    parts = []
    length = 0
    for text, bad in decode(read_chunks(file, on_read), options.encoding):
        parts.append(text)
        length += len(text)
        if bad:
            raise bad_byte(bad, file, options)
        if length > options.max_record_chars:
            raise too_long(file, options)
    yield checked(Document(file.name, "".join(parts), title=file.stem, uri=file.uri), file)
