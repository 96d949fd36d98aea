"""What is told of a word that the corpus does not have: where it may be all the same."""

from __future__ import annotations

import pytest
from conftest import MakeIndex
from treebank import tagged

from ctxsearch import Document, Index
from ctxsearch.errors import LemmaNotFound, WordNotFound


@pytest.fixture
def german(make_index: MakeIndex) -> Index:
    """Sentences of a treebank that has prepositions and articles as one token."""
    sentences = [
        "Er/er/PRON ging/gehen/VERB zum/zu+der/ADP Haus/Haus/NOUN",
        "Sie/sie/PRON ging/gehen/VERB Zum/zu+der/ADP Arzt/Arzt/NOUN",
        "Zur/zu+der/ADP Bank/Bank/NOUN beim/bei+der/ADP Tor/Tor/NOUN",
    ]
    return make_index([tagged("a", sentences), tagged("b", ["dazu/da+zu/ADV"])], language="de")


def test_part_of_a_token_is_told(german: Index) -> None:
    """Of a word that is only a part of tokens, these are told, the most frequent first; a pattern finds them."""
    with pytest.raises(WordNotFound) as raised:
        german.concordance("zu")
    assert raised.value.part_of == {"zu+der": ["zum", "zur"], "da+zu": ["dazu"]}
    told = "The corpus does not have the word 'zu'. It is a part of: zum, zur (zu+der); dazu (da+zu)."
    assert str(raised.value) == told
    with pytest.raises(WordNotFound, match=r"It is a part of: zum, zur \(zu\+der\)"):
        german.concordance(None, cql='[lemma="ZU"]')
    assert german.count(None, cql=r'[lemma="(.*\+)?zu(\+.*)?"]') == 4
    german.remove("b")
    with pytest.raises(WordNotFound) as raised:
        german.count("Zu")
    assert raised.value.part_of == {"zu+der": ["zum", "zur"]}
    with pytest.raises(WordNotFound) as raised:
        german.count("z")
    assert raised.value.part_of == {}


def test_lemma_that_is_a_form_is_told(german: Index) -> None:
    """A lemma in a pattern that is only a form is told with what it is filed under."""
    with pytest.raises(LemmaNotFound, match="No word has the lemma 'ging', which is a form of 'gehen'; ask for that"):
        german.concordance(None, cql='[lemma="ging"]')
    german.remove("a")
    with pytest.raises(WordNotFound, match="does not have the word 'ging'"):
        german.concordance(None, cql='[lemma="ging"]')


@pytest.mark.parametrize(
    ("word", "cut"),
    [
        ("银行", ["银", "行"]),
        ("我去", ["我", "去"]),
        ("银钱", []),
        ("食べる", ["食", "べる"]),
        ("银 行", []),
        ("钱", []),
    ],
)
def test_word_that_is_several_here_is_told(make_index: MakeIndex, word: str, cut: list[str]) -> None:
    """A word whose characters are words each is told as such where the corpus has them all, with the way to find it."""
    index = make_index([Document("a", "我去行。银食べる!")], language="zh")
    with pytest.raises(WordNotFound) as raised:
        index.concordance(word)
    assert list(raised.value.cut) == cut
    if cut:
        row = " ".join(f'"{one}"' for one in cut)
        told = f"It is 2 words here; lines with them in a row are found by concordance with `cql='{row}'`."
        assert str(raised.value).endswith(told)
