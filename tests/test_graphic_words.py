"""What is remembered of a text's graphic words gives what the tokenizer gives for the text."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from threading import Event
from typing import NoReturn

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer

from ctxsearch import Document, Index
from ctxsearch.encoder import graphic_words
from ctxsearch.encoder.graphic_words import Cut, Cutter, GraphicWords, cuts_at_spaces
from ctxsearch.encoder.locate import locate_model
from ctxsearch.encoder.tokenizer import PieceTokenizer, cut_whole
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


def counting(asked: list[int]) -> Cutter:
    """Cuts by the tokenizer alone, and notes how many graphic words it is given."""

    def cut(texts: Sequence[str]) -> Cut:
        asked.append(sum(text.count(" ") + 1 for text in texts))
        return cut_whole(whole(), texts)

    return cut


@pytest.mark.parametrize("bound", ["_MOST_WORDS", "_MOST_CHARACTERS"])
def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch, bound: str) -> None:
    """Where too many words or characters are remembered, all are forgotten, and texts are cut as before."""
    monkeypatch.setattr(graphic_words, bound, 6)
    asked: list[int] = []
    cutting = GraphicWords(counting(asked))
    for text in SENTENCES * 2:
        assert listed(cutting.cut([text])) == plainly([text])
    together: list[int] = []
    GraphicWords(counting(together)).cut(SENTENCES)
    assert sum(together) < sum(asked) < len(" ".join(SENTENCES * 2).split(" "))


def test_a_word_is_cut_once() -> None:
    """The tokenizer is asked for what was not there before, and for nothing else."""
    asked: list[int] = []
    cutting = GraphicWords(counting(asked))
    for texts in (["to be or not", "to be"], ["to be"], ["or to walk", "be"]):
        assert listed(cutting.cut(texts)) == plainly(texts)
    assert asked == [4, 1]


def test_many_new_words_are_cut_rightly() -> None:
    """New words are cut together, some hundred at a time, and each gets its own pieces, or none."""
    words = [f"word{number}'s{chr(0x200B) * (number % 3)}" if number % 7 else "\x07" * number for number in range(2000)]
    texts = [" ".join(words[number : number + 9]) for number in range(0, len(words), 9)]
    cutting = PieceTokenizer.load(DEFAULT_MODEL, locate_model(DEFAULT_MODEL))
    assert listed(cutting.cut(texts)) == plainly(texts)


def test_threads_may_cut_at_once() -> None:
    """Several threads that ask for the same new words at once are all answered rightly."""
    cutting = PieceTokenizer.load(DEFAULT_MODEL, locate_model(DEFAULT_MODEL))
    texts = [[f"word{number * step % 97} of {number}" for number in range(200)] for step in range(1, 9)]
    with ThreadPoolExecutor(8) as pool:
        cuts = list(pool.map(cutting.cut, texts))
    assert [listed(cut) for cut in cuts] == [plainly(some) for some in texts]


def test_nobody_waits_while_another_cuts() -> None:
    """While the tokenizer works for one thread, another gets what is remembered, or cuts what is new itself."""
    entered, may_go_on = Event(), Event()
    plain = counting([])

    def slow(texts: Sequence[str]) -> Cut:
        if "slow" in texts[0]:
            entered.set()
            assert may_go_on.wait(60)
        return plain(texts)

    cutting = GraphicWords(slow)
    cutting.cut(["the bank"])
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(cutting.cut, ["slow the river"])
        assert entered.wait(60)
        assert listed(cutting.cut(["the bank"])) == plainly(["the bank"])
        assert listed(cutting.cut(["the river"])) == plainly(["the river"])
        may_go_on.set()
        assert listed(waiting.result()) == plainly(["slow the river"])


@pytest.mark.parametrize("broken", ["_cut", "_learn", "add", "update", "_Remembered"])
def test_an_interruption_leaves_nothing_wrong(monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    """Wherever cutting is broken off, words are cut rightly when they come again."""
    cutting = GraphicWords(counting([]))
    cutting.cut(["the bank"])
    monkeypatch.setattr(graphic_words, "_MOST_WORDS", 1 if broken == "_Remembered" else 100)

    def interrupt(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    places: dict[str, object] = {
        "_cut": cutting,
        "_learn": cutting,
        "add": cutting._remembered._words,
        "_Remembered": graphic_words,
    }
    with monkeypatch.context() as patched:
        if broken == "update":
            patched.setattr(cutting._remembered, "_numbers", _Interrupted(cutting._remembered._numbers))
        else:
            patched.setattr(places[broken], broken, interrupt)
        with pytest.raises(KeyboardInterrupt):
            cutting.cut(SENTENCES)
    for texts in (SENTENCES, ["the river bank"]):
        assert listed(cutting.cut(texts)) == plainly(texts)


class _Interrupted(graphic_words._Numbers):
    """Takes no more words."""

    def update(self, *_: object, **__: object) -> NoReturn:
        raise KeyboardInterrupt


@pytest.mark.parametrize("family", ["roberta", "xlm-roberta"])
def test_other_kinds_are_cut_whole(folders: dict[str, Path], family: str) -> None:
    """Where a space is a part of a piece, a text is not cut at its spaces."""
    assert not cuts_at_spaces(Tokenizer.from_file(str(folders[family] / "tokenizer.json")))


@pytest.mark.parametrize(
    "token",
    [
        AddedToken("new york"),
        AddedToken("york", lstrip=True),
        AddedToken("york", rstrip=True),
        *(AddedToken(f"new{space}york", normalized=True) for space in "\n\t\u00a0\u3000"),
        AddedToken("\n", normalized=True),
    ],
)
def test_words_of_its_own_that_take_spaces_forbid_it(folders: dict[str, Path], token: AddedToken) -> None:
    """A tokenizer to which somebody added such a word is asked for whole texts."""
    tokenizer = Tokenizer.from_file(str(folders["bert-cased"] / "tokenizer.json"))
    assert cuts_at_spaces(tokenizer)
    tokenizer.add_tokens([token])
    assert not cuts_at_spaces(tokenizer)
    text = "the new york bank"
    assert PieceTokenizer("added", tokenizer).cut([text]).ids.tolist() == tokenizer.encode(text).ids[1:-1]


@pytest.mark.parametrize("normalized", [False, True])
@pytest.mark.parametrize("single_word", [False, True])
def test_other_words_of_its_own_do_not(folders: dict[str, Path], normalized: bool, single_word: bool) -> None:
    """Words that somebody added and that stay between two spaces are found as in the whole text."""
    tokenizer = Tokenizer.from_file(str(folders["bert-cased"] / "tokenizer.json"))
    tokenizer.add_tokens(
        [AddedToken(word, normalized=normalized, single_word=single_word) for word in ("bank", "tele", "'s")]
    )
    assert cuts_at_spaces(tokenizer)
    texts = ["the bank's banks (bank)", "teletele tele-tele TELE", "bank\u00a0bank 's"]
    cut = PieceTokenizer("added", tokenizer).cut(texts)
    assert cut.ids.tolist() == [number for text in texts for number in tokenizer.encode(text).ids[1:-1]]


def test_what_is_remembered_goes_with_the_index(tmp_path: Path) -> None:
    """An index that nobody has any more leaves no tokenizer behind, even if no garbage is looked for."""
    made = Index.create(tmp_path / "mine")
    made.add(Document("1", "They rowed to the bank."))
    made.query("The [bank].")

    def alive() -> int:
        return sum(type(one) in (PieceTokenizer, GraphicWords) for one in gc.get_objects())

    gc.collect()
    gc.disable()
    try:
        before = alive()
        opened = Index.open(made.path)
        opened.query("The [bank].")
        assert alive() == before + 2
        del opened
        assert alive() == before
    finally:
        gc.enable()
