"""What tells a document from another version of it, and what none can be."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from datetime import date, time
from hashlib import sha256
from numbers import Real
from typing import NoReturn

from ctxsearch.digests import json_bytes
from ctxsearch.domain import Document, Given, Metadata, MetadataValue, plain_metadata
from ctxsearch.errors import SourceError
from ctxsearch.given import wrong_given

_INSTEAD_OF_NAN = {
    "document_id": "give each document an id of its own",
    "text": "leave the document out",
    "title": "leave it out",
    "uri": "leave it out",
}

_WANTED = "Give Document(id, text), one or several; ctxsearch.read(path) reads files and folders."


def documents_of(given: Document | Iterable[Document]) -> Iterable[Document]:
    """One document or several; what each of them is, is seen when it is come to.

    >>> [one.document_id for one in documents_of(Document("letters/1", "They rowed to the bank."))]
    ['letters/1']

    Raises:
        SourceError: it is something else, of which a text, a path and a table could be gone through, too.
    """
    if isinstance(given, Document):
        return [given]
    # Of pandas, polars and PyArrow alike.
    if hasattr(given, "columns") and hasattr(given, "shape"):
        kind = type(given).__name__
        raise SourceError(
            "The documents", f"a {kind} is gone through by its columns", hint="Give Document(id, text) for each row."
        )
    if isinstance(given, str | bytes | os.PathLike | Mapping) or not hasattr(given, "__iter__"):
        raise SourceError("The documents", f"{given!r:.80} is no Document, nor several", hint=_WANTED)
    return given


def document_digest(document: Document) -> str:
    """What tells this version of a document from another: its text, metadata and given tokens, hashed.

    The lines that its tokens are on are left out: a document is the same wherever it stands in its file.
    """
    return _digest(document, document.metadata)


def older_digest(document: Document, kept: Metadata) -> str:
    """The digest that an older ctxsearch gave a document whose lists it kept as such; empty where it would not have.

    Args:
        document: as it is given now.
        kept: the metadata that an index has of it.
    """
    is_same = kept != document.metadata and plain_metadata(kept) == document.metadata
    return _digest(document, kept) if is_same else ""


def _digest(document: Document, metadata: Metadata) -> str:
    named = {"id": document.document_id, "title": document.title, "metadata": dict(metadata)}
    hashed = sha256(json_bytes(named) + document.text.encode())
    if document.given is not None:
        given = document.given
        hashed.update(json_bytes({"given": [given.is_whole, given.has_sentences]}))
        for one in given.sentences:
            hashed.update(one.spans.astype("<i4").tobytes())
            said = [int(one.start), int(one.end), one.name, *map(list, (one.lemmas, one.tags, one.ids))]
            parts = sorted((place, list(map(list, words))) for place, words in one.parts.items())
            hashed.update(json.dumps([*said, parts] if parts else said).encode())
    return hashed.hexdigest()[:32]


def check_document(document: Document) -> None:
    """Refuses what no index can hold: text that is no Unicode, metadata that is no JSON, tokens that are not there.

    Raises:
        SourceError: with the reason.
    """
    if not isinstance(document, Document):
        why = f"one of them is {document!r:.80}, which is no Document"
        raise SourceError("The documents", why, hint="Give Document(id, text, metadata) for each.")
    where = str(document.document_id).encode(errors="replace").decode()
    for part, instead in _INSTEAD_OF_NAN.items():
        if not isinstance(value := getattr(document, part), str):
            if _is_missing(value):
                raise SourceError(where, f"its {part} is NaN, a missing value, and no text; {instead}")
            raise SourceError(where, f"its {part} is {value!r:.80}, which is no text")
    if not isinstance(document.metadata, Mapping):
        raise SourceError(where, f"its metadata is {document.metadata!r:.80}, which has no names")
    for name in document.metadata:
        if not isinstance(name, str):
            raise SourceError(where, f"its metadata has the name {name!r}, which is no text")
    try:
        document.text.encode()
        about = [document.document_id, document.title, document.uri, dict(document.metadata)]
        json.dumps(about, ensure_ascii=False, allow_nan=False, sort_keys=True).encode()
    except UnicodeEncodeError as error:
        raise SourceError(where, f"it is no valid Unicode near character {error.start} (a lone surrogate)") from error
    except (TypeError, ValueError, RecursionError) as error:
        name, why = next(
            ((name, why) for name, value in document.metadata.items() if (why := _not_kept(value))), ("", str(error))
        )
        raise SourceError(where, f"its metadata {name!r} cannot be kept ({why})") from error
    if not isinstance(document.given, Given | None):
        raise SourceError(where, f"what its source gives is {document.given!r:.80}, and no `Given`")
    if document.given is not None and (wrong := wrong_given(document.text, document.given)):
        raise SourceError(where, wrong.why)


def _not_kept(value: MetadataValue) -> str:
    """Why a value cannot be kept, and what to give in its place; nothing where it can be."""
    if _is_missing(value):
        name = {"NaTType": "NaT", "NAType": "NA"}.get(type(value).__name__, "NaN" if isinstance(value, Real) else "NaT")
        return f"{name} is no value; leave it out, or give None"
    try:
        json.dumps(value, allow_nan=False, sort_keys=True, default=_refuse)
    except (TypeError, ValueError, RecursionError) as error:
        if isinstance(value, float):
            return f"{value} is no number that JSON has; leave it out, or give None"
        if str(error).startswith("Out of range float"):
            return "there is NaN or an infinite number in it; give None in place of it"
        return str(error)
    return ""


def _is_missing(value: object) -> bool:
    """Whether a value is NaN, or what tables have in its place for times and texts."""
    if type(value).__name__ == "NAType":
        return True
    return (isinstance(value, Real | date) or type(value).__name__ == "datetime64") and bool(value != value)


def _refuse(value: object) -> NoReturn:
    """Says what to give in the place of a value that is no JSON."""
    kind = type(value).__name__
    if isinstance(value, date):
        instead = "its isoformat(), or its year"
    elif isinstance(value, time):
        instead = "its isoformat()"
    elif kind == "datetime64":
        instead = "its str(), or its year"
    else:
        is_array = hasattr(value, "tolist") and not isinstance(value, Real)
        instead = "its tolist()" if is_array else "it as text or as a number of Python"
    raise TypeError(f"{kind} is no JSON; give {instead}")
