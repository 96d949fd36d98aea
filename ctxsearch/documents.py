"""What tells a document from another version of it, and what none can be."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256

from ctxsearch.domain import Document, MetadataValue
from ctxsearch.errors import SourceError
from ctxsearch.given import wrong_given
from ctxsearch.storage import json_bytes


def document_digest(document: Document) -> str:
    """What tells this version of a document from another: its text, metadata and given tokens, hashed.

    The lines that its tokens are on are left out: a document is the same wherever it stands in its file.
    """
    named = {"id": document.document_id, "title": document.title, "metadata": dict(document.metadata)}
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
        raise SourceError("The documents", f"one of them is {document!r:.80}, which is no Document")
    where = str(document.document_id).encode(errors="replace").decode()
    for part in ("document_id", "text", "title", "uri"):
        if not isinstance(value := getattr(document, part), str):
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
    if document.given is not None and (wrong := wrong_given(document.text, document.given)):
        raise SourceError(where, wrong.why)


def _not_kept(value: MetadataValue) -> str:
    """Why a value cannot be kept; nothing where it can."""
    try:
        json.dumps(value, allow_nan=False, sort_keys=True)
    except (TypeError, ValueError, RecursionError) as error:
        of_numpy = type(value).__module__ == "numpy"
        return f"numpy's {type(value).__name__} is no JSON; give its item()" if of_numpy else str(error)
    return ""
