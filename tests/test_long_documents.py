"""Occurrences far into a long document."""

from __future__ import annotations

from collections.abc import Callable

from ctxsearch import Document
from ctxsearch.index import Index


def test_keys_beyond_65535_are_found(make_index: Callable[..., Index]) -> None:
    """An occurrence past the range of 16 bits is found by its key, as any other."""
    text = "We rowed on and on. " * 4_000 + "At last we saw the bank."
    index = make_index([Document("long", text), Document("short", "They sat on the bank.")])
    (line,) = [line for line in index.concordance("bank") if line.document_id == "long"]
    assert line.start == text.index("bank") > 65_535
    assert [other.key for other in index.like([line.key])] == ["short:16"]
