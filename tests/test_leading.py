"""The first lines of an order are those that sorting all lines puts first, though few lines are made."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
from conftest import MakeIndex, WindowEncoder
from hypothesis import given, settings
from hypothesis import strategies as st

from ctxsearch import Document, Index
from ctxsearch.query import concordance, leading
from ctxsearch.query.found import Listing

# Words that stand together without white space, marks alone, marks at a word, other letters and spellings.
NODES = ("bank", "Bank", "banks", "bank", "bänk", "ba\u0308nk")
MARKS = ("\u201cold", "old\u201d,", "--", "(", ".", "\u0301", "a-b-c-d-e-f-g-h-i-j-k-l-m")
PIECES = st.sampled_from((*NODES, *MARKS, "the", "The", "river", "rivers", "Ärger", "arm", "ß", "ss"))
JOINTS = st.sampled_from((" ", " ", " ", "", "  ", "\n", ". ", ".", "! "))
TEXTS = st.lists(st.tuples(PIECES, JOINTS).map("".join), min_size=1, max_size=30).map("".join)
VALUES = st.sampled_from((None, True, 1, 1.0, 0, -3, "1", "old", "Old", "öld", "zoo"))
KEYS = ("left", "right", "node", "form", "lemma", "document_id", "corpus", "pos", "value")


@settings(max_examples=25)
@given(st.lists(st.tuples(TEXTS, VALUES), min_size=2, max_size=5), st.sampled_from(KEYS), st.integers(0, 3))
def test_the_first_are_those_of_all(texts: list[tuple[str, object]], then: str, shown: int) -> None:
    """In any order, either way, in several shards, with values of any kind or none."""
    documents = [Document("always", "A bank. bank", {"value": "x"}), Document("none", "The bank (bank) old bank")]
    for number, (text, value) in enumerate(texts):
        documents.append(Document(f"d{number}", text, {} if value is None else {"value": value}))  # type: ignore[dict-item]
    context: int | str = (0, 3, 12, "sentence")[shown]
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(leading, "AT_ONCE", 3)
        with Index.create(Path(folder) / "index", model="window", encoder=WindowEncoder()) as index:
            index.add(documents, shard_tokens=20)
            for first, backwards in product(KEYS, ("", "-")):
                order = [backwards + first, *({then} - {first})]
                every = index.concordance("bank", order=order, context=context)  # type: ignore[arg-type]
                for limit, offset in ((1, 0), (2, 1), (len(every) - 1, 0)):
                    page = index.concordance("bank", order=order, context=context, limit=limit, offset=offset)  # type: ignore[arg-type]
                    assert page == every[offset:][:limit]


@pytest.mark.parametrize("context", [1 << 16, (1 << 63) - 1, 10**20])
@pytest.mark.parametrize("order", ["right", "left", "node", "-right"])
def test_more_words_than_any_sentence_has(make_index: MakeIndex, context: int, order: str) -> None:
    """However many words are asked for on either side, the first lines are those of all."""
    index = make_index(
        [Document(str(at), f"{word} bank {word} stood. Then it fell.") for at, word in enumerate("dcab")]
    )
    every = index.concordance("bank", order=order, context=context)
    assert index.concordance("bank", order=order, context=context, limit=1) == every[:1]


@pytest.mark.parametrize("order", ["node", "-node"])
def test_marks_that_change_places(make_index: MakeIndex, order: str) -> None:
    """Of many marks on one letter Unicode has an order of its own, in which the last may come first."""
    texts = (f"bank x{chr(0x5A0) * 30}{chr(0x591)} yes.", f"bank x{chr(0x592) * 10} b no.", "bank c.")
    index = make_index([Document(str(at), text) for at, text in enumerate(texts)])
    every = index.concordance("bank", order=order)
    assert index.concordance("bank", order=order, limit=1) == every[:1]


ORDERS = ("right", "-left", "node", "form", "lemma", "document_id", "-corpus", "value", "-value,left")
ALIKE = {"form": 500, "lemma": 1000, "right": 100, "-left": 100, "node": 500}


@pytest.fixture(scope="module")
def thousand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """A thousand uses of a word, each between others, in twenty documents."""
    words = ["stood", "lay", "rose", "fell", "grew", "shone", "slept", "waited", "crumbled", "vanished"]
    texts = [
        f"It is {first} {second} bank{'s' * (at % 2)} {third} there now. "
        for at, (first, second, third) in enumerate(product(words, repeat=3))
    ]
    with Index.create(tmp_path_factory.mktemp("thousand") / "index", model="window", encoder=WindowEncoder()) as index:
        index.add(Document(f"{at:02}", "".join(texts[at::20]), {"value": at}) for at in range(20))
        yield index


@pytest.mark.parametrize("order", ORDERS)
def test_few_are_left_to_be_sorted(order: str, thousand: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands behind the wanted number by the beginning of its key alone is passed over."""
    left: list[int] = []
    real = leading.foremost

    def counting(*asked: object) -> Listing:
        found = real(*asked)  # type: ignore[arg-type]
        left.append(len(found))
        return found

    monkeypatch.setattr(concordance, "foremost", counting)
    every = thousand.concordance("bank", order=order)
    assert thousand.concordance("bank", order=order, limit=5) == every[:5]
    assert 5 <= left[0] <= ALIKE.get(order, 50)
