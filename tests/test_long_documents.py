"""Long documents, and what little of them is words."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from conftest import MakeIndex, WindowEncoder

from ctxsearch import Document
from ctxsearch.domain import Segment
from ctxsearch.protocols import Encoded


class Watching(WindowEncoder):
    """A window encoder that keeps how many characters it was given in each call."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[int] = []

    def encode(self, passages: Sequence[Sequence[Segment]]) -> Encoded:
        """Counts, and encodes."""
        self.calls.append(sum(len(segment.text) for passage in passages for segment in passage))
        return super().encode(passages)


def test_keys_beyond_65535_are_found(make_index: MakeIndex) -> None:
    """An occurrence past the range of 16 bits is found by its key, as any other."""
    text = "We rowed on and on. " * 4_000 + "At last we saw the bank."
    index = make_index([Document("long", text), Document("short", "They sat on the bank.")])
    (line,) = [line for line in index.concordance("bank") if line.document_id == "long"]
    assert line.start == text.index("bank") > 65_535
    assert [other.key for other in index.like([line.key])] == ["short:16"]


@pytest.mark.parametrize("filling", [". ", "-", "word "], ids=["dots", "dashes", "words"])
def test_encoder_gets_bounded_blocks(make_index: MakeIndex, filling: str) -> None:
    """However few words a text has, the encoder is given a bounded part of it at once, and every word is found."""
    text = f"The bank {filling * (1_000_000 // len(filling))} of the river bank."
    encoder = Watching()
    index = make_index([Document("long", text), Document("short", "The bank.")], encoder=encoder)
    assert max(encoder.calls) <= 300_000
    assert [line.key for line in index.concordance("bank")] == ["long:4", f"long:{len(text) - 5}", "short:4"]


def test_text_without_words_is_not_encoded(make_index: MakeIndex) -> None:
    """A text of nothing but marks is a document with no words, and the encoder never sees it."""
    encoder = Watching()
    index = make_index([Document("dots", ". " * 500_000)], encoder=encoder)
    assert encoder.calls == []
    assert (index.info().documents, index.info().words) == (1, 0)
