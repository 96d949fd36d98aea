"""What is remembered of a text's chunks gives what the tokenizer gives for the text."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer

from ctxsearch.encoder import chunks
from ctxsearch.encoder.chunks import Chunks, Cut, cuts_at_spaces
from ctxsearch.encoder.locate import locate_model
from ctxsearch.encoder.tokenizer import PieceTokenizer
from ctxsearch.settings import DEFAULT_MODEL

# White space of every kind, what cannot be seen, marks that stand on what is before them, letters that change their
# number when they are folded or taken apart, words that a tokenizer takes as its own, and words too long for it.
ODD = [
    *" \u00a0\u2003\u3000\t\n\r\x1c\x85\u200b\u200d\ufeff\x00\x07\u202e\ufffd",
    *"\u0301\u0308\u0345\u1100\u1161\u11a8\uac01\u4e2d\u6587ßİıſ\ufb01ÅéẞΣς\U0001f600'\".,-[]#",
    *("[MASK]", "[CLS]", "[PAD]", "a[SEP]b", "##ing", "walrus", "The", "bank's", "x" * 101),
]
some_texts = st.lists(st.lists(st.sampled_from(ODD) | st.characters(exclude_categories=["Cs"])).map("".join))

SENTENCES = [
    "They rowed to the bank.",
    "",
    " ",
    "  The  walrus sang of ships ",
    "banks\nand\u00a0loans",
    "They rowed to the bank.",
]


@cache
def whole() -> Tokenizer:
    """The embedded model's tokenizer, which cuts nothing off and fills nothing up."""
    tokenizer = Tokenizer.from_file(str(locate_model(DEFAULT_MODEL) / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


@cache
def remembering() -> PieceTokenizer:
    """The same, which remembers what it was asked in all tests."""
    return PieceTokenizer.load(DEFAULT_MODEL, locate_model(DEFAULT_MODEL))


def plainly(texts: Sequence[str]) -> tuple[list[int], list[tuple[int, int]], list[int]]:
    """The ids, spans and counts of some texts, one text after the other."""
    ids, spans, counts = [], [], []
    start = 0
    for text in texts:
        encoding = whole().encode(text, add_special_tokens=False)
        ids += encoding.ids
        spans += [(start + first, start + last) for first, last in encoding.offsets]
        counts.append(len(encoding.ids))
        start += len(text) + 1
    return ids, spans, counts


def listed(cut: Cut) -> tuple[list[int], list[tuple[int, int]], list[int]]:
    """What was cut, in the form of the reference."""
    return cut.ids.tolist(), [(first, last) for first, last in cut.spans.tolist()], cut.counts.tolist()


@settings(max_examples=500)
@given(some_texts)
def test_texts_are_cut_as_the_tokenizer_cuts_them(texts: list[str]) -> None:
    """Whatever stands in a text, its pieces are those of the whole text, the first time and again."""
    expected = plainly(texts)
    assert listed(remembering().cut(texts)) == expected
    assert listed(remembering().cut(texts)) == expected


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where too many chunks or characters are remembered, all are forgotten, and texts are cut as before."""
    for bound in ("_MOST_CHUNKS", "_MOST_CHARACTERS"):
        with monkeypatch.context() as patched:
            patched.setattr(chunks, bound, 6)
            asked: list[int] = []
            cutting = Chunks(counting(asked))
            for text in SENTENCES * 2:
                assert listed(cutting.cut([text])) == plainly([text])
        together: list[int] = []
        Chunks(counting(together)).cut(SENTENCES)
        assert sum(together) < sum(asked) < 2 * len(" ".join(SENTENCES * 2).split(" "))


def counting(asked: list[int]) -> chunks.Cutter:
    """Cuts by the tokenizer alone, and notes how many chunks it is given."""

    def cut(texts: Sequence[str]) -> Cut:
        asked.append(len(texts))
        return PieceTokenizer(DEFAULT_MODEL, whole())._cut_whole(texts)

    return cut


def test_a_word_is_cut_once() -> None:
    """The tokenizer is asked for what was not there before, and for nothing else."""
    asked: list[int] = []
    cutting = Chunks(counting(asked))
    for _ in range(3):
        cutting.cut(["to be or not", "to be"])
    assert asked == [4]


def test_threads_may_cut_at_once() -> None:
    """Several threads that ask for the same new words at once are all answered rightly."""
    cutting = PieceTokenizer.load(DEFAULT_MODEL, locate_model(DEFAULT_MODEL))
    texts = [[f"word{number * step % 97} of {number}" for number in range(200)] for step in range(1, 9)]
    with ThreadPoolExecutor(8) as pool:
        cuts = list(pool.map(cutting.cut, texts))
    assert [listed(cut) for cut in cuts] == [plainly(some) for some in texts]


def test_an_error_in_between_is_forgotten() -> None:
    """Words whose cutting was broken off are cut when they come again."""
    asked: list[int] = []

    def breaking(texts: Sequence[str]) -> Cut:
        if not asked:
            asked.append(0)
            raise KeyboardInterrupt
        return counting(asked)(texts)

    cutting = Chunks(breaking)
    with pytest.raises(KeyboardInterrupt):
        cutting.cut(SENTENCES)
    assert listed(cutting.cut(SENTENCES)) == plainly(SENTENCES)


@pytest.mark.parametrize("family", ["roberta", "xlm-roberta"])
def test_other_kinds_are_cut_whole(folders: dict[str, Path], family: str) -> None:
    """Where a space is a part of a piece, a text is not cut at its spaces."""
    assert not cuts_at_spaces(Tokenizer.from_file(str(folders[family] / "tokenizer.json")))


@pytest.mark.parametrize(
    "token", [AddedToken("new york"), AddedToken("york", lstrip=True), AddedToken("york", rstrip=True)]
)
def test_words_of_its_own_that_take_spaces_forbid_it(folders: dict[str, Path], token: AddedToken) -> None:
    """A tokenizer to which somebody added such a word is asked for whole texts."""
    tokenizer = Tokenizer.from_file(str(folders["bert-cased"] / "tokenizer.json"))
    assert cuts_at_spaces(tokenizer)
    tokenizer.add_tokens([token])
    assert not cuts_at_spaces(tokenizer)
    text = "the new york bank"
    assert PieceTokenizer("added", tokenizer).cut([text]).ids.tolist() == tokenizer.encode(text).ids[1:-1]
