"""The words of a shard are numbered as they come, whether by a form alone or with all that a source says."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ctxsearch.analysis import Analyser
from ctxsearch.build import Lexicon

BANK, NOUN = ("bank", "banks", "", ""), ("bank", "banks", "NOUN", "")

some_words = st.lists(
    st.text("abé\u0301", min_size=1, max_size=3)
    | st.tuples(st.sampled_from("ab"), st.text("ab", min_size=1, max_size=2), st.sampled_from(["", "X"]), st.just(""))
)


def test_a_form_is_the_word_of_its_lemma() -> None:
    """A form and the same word out of a source have one number, and so have two spellings that Unicode holds equal."""
    lexicon = Lexicon(Analyser("en").lemma)
    assert lexicon.number(["banks", "Banks", BANK, NOUN, "cafe\u0301", "café", "banks"]).tolist() == [
        0,
        1,
        0,
        2,
        3,
        3,
        0,
    ]
    assert lexicon.number([NOUN, "café"]).tolist() == [2, 3]
    words, ranks = lexicon.in_order()
    assert words == [("bank", "Banks", "", ""), BANK, NOUN, ("café", "café", "", "")]
    assert ranks.tolist() == lexicon.order().tolist() == [1, 0, 2, 3]


@given(st.lists(some_words))
def test_numbers_stay_and_ranks_are_those_in_order(blocks: list[list[str | tuple[str, str, str, str]]]) -> None:
    """Each word keeps its first number, numbers leave nothing out, and a rank is the place among the words in order."""
    analyser = Analyser("en")
    lexicon = Lexicon(analyser.lemma)
    numbers = [number for block in blocks for number in lexicon.number(block).tolist()]
    keys = [key for block in blocks for key in block]
    assert numbers == [number for block in blocks for number in lexicon.number(block).tolist()]
    assert sorted(set(numbers)) == list(range(len(set(numbers))))
    words, _ = lexicon.in_order()
    assert words == sorted(set(words))
    ranks = lexicon.order()[numbers].tolist()
    for key, rank in zip(keys, ranks, strict=True):
        if isinstance(key, str):
            assert words[rank][0] == analyser.lemma(key)
        else:
            assert words[rank] == key
