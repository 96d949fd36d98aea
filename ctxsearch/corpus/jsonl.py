"""Reads JSONL: a document a line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ctxsearch.corpus.files import File
from ctxsearch.corpus.lines import Line
from ctxsearch.corpus.objects import read_object
from ctxsearch.corpus.records import LINE_ENDS, OnRead, Options, checked, line_error, lines_of
from ctxsearch.domain import SQLITE_INTEGERS, Document, Metadata, MetadataValue, plain_value
from ctxsearch.errors import SourceError


def read_jsonl(file: File, options: Options, on_read: OnRead) -> Iterator[Document | SourceError]:
    """Yields a document, or what is wrong with it, for each line that is not blank."""
    for line in lines_of(file, options, on_read):
        error = line_error(line, file, options)
        if error:
            yield error
        elif line.text.strip():
            try:
                yield _document(line, file, options)
            except SourceError as bad_record:
                yield bad_record


def _document(line: Line, file: File, options: Options) -> Document:
    try:
        record = read_object(line.text.rstrip("\r\n"))
        text = _take_text(record, options.text_column)
        document_id = _take_id(record, options.id_column or "id") or f"{file.name}#{line.number}"
        title = _take_string(record, "title")
        uri = _take_string(record, "uri") or _take_string(record, "url") or f"{file.uri}#{line.number}"
        metadata = _metadata(record)
    except ValueError as error:
        hint = LINE_ENDS if "\r{" in line.text else ""
        raise SourceError(file.uri, str(error), line=line.number, hint=hint) from error
    return checked(Document(document_id, text, metadata, title, uri), file, line.number)


def _take_text(record: dict[str, object], name: str) -> str:
    if name not in record:
        have = ", ".join(repr(field) for field in record) or "none"
        raise ValueError(f"there is no field {name!r} for the text; the fields are: {have}")
    text = record.pop(name)
    if not isinstance(text, str):
        raise ValueError(f"the field {name!r} is not a string, and it should be the text")
    return text


def _take_id(record: dict[str, object], name: str) -> str | None:
    if name not in record:
        return None
    value = record.pop(name)
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise ValueError(f"the field {name!r} is not a string or a whole number, and it should be the id")
    if value == "":
        raise ValueError("the document's id is empty")
    return str(value)


def _take_string(record: dict[str, object], name: str) -> str:
    """Takes a field out of the record if it is a string; anything else stays, to become metadata."""
    value = record.get(name)
    if not isinstance(value, str):
        return ""
    del record[name]
    return value


def _metadata(record: dict[str, object]) -> Metadata:
    given = record.pop("metadata", None)
    if given is not None and not isinstance(given, Mapping):
        raise ValueError("the field 'metadata' is not an object, { ... }")
    # What stands in "metadata" was meant to be metadata, so it goes before a further field of the same name.
    return {str(name): _value(value) for name, value in {**record, **(given or {})}.items()}


def _value(value: object) -> MetadataValue:
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        # A larger number is a name, not a quantity.
        return value if value in SQLITE_INTEGERS else str(value)
    return plain_value(value)
