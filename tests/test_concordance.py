"""The lines of a word: what stands in them, which of them are listed, and in what order."""

from __future__ import annotations

import pytest
from conftest import MakeIndex
from hypothesis import example, given, settings
from hypothesis import strategies as st
from river import RIVER, built, corpora, ids, keys, reopened, texts, uses

from ctxsearch import Document, Index
from ctxsearch.errors import QueryError

# ----------------------------------------------------------------------------------------------------------- lines


@pytest.mark.parametrize(
    ("context", "left", "right"),
    [
        (0, "", ""),
        (1, "The ", " was"),
        (3, "We sat. The ", " was wet. Ducks"),
        (4, "We sat. The ", " was wet. Ducks swam."),
        (99, "We sat. The ", " was wet. Ducks swam."),
        ("sentence", "The ", " was wet."),
    ],
)
def test_context_is_words_or_the_sentence(make_index: MakeIndex, context: int, left: str, right: str) -> None:
    """Context is so many words on either side, over the borders of sentences but not of documents; or the sentence."""
    index = make_index(texts("The bank closed.", "  We sat. The bank was wet. Ducks swam.\n", "The bank opened."))
    lines = [index.query("The [bank] was wet.", k=1, context=context)[0], index.concordance("bank", context=context)[1]]
    assert [(line.left, line.node, line.right) for line in lines] == [(left, "bank", right)] * 2


@settings(max_examples=15)
@given(corpora, st.integers(0, 12))
def test_context_has_the_words_asked_for(documents: list[Document], context: int) -> None:
    """On either side stand so many words, or as many as the document has there."""
    starts = {
        document.document_id: [int(use.key.rpartition(":")[2]) for use in uses(document)] for document in documents
    }
    with built(documents) as index:
        lines = index.query(RIVER, k=None, any_word=True, context=context)
    for line in lines:
        position, total = starts[line.document_id].index(line.start), len(starts[line.document_id])
        first, last = line.start - len(line.left), line.end + len(line.right)
        shown = [start for start in starts[line.document_id] if first <= start < last]
        assert len(shown) == min(context, position) + 1 + min(context, total - position - 1)


STRANGE = [
    *" \n\0\t.?!'-\u00a0\u200b\u200d\u00ad\ufeff\u202e\u0301\u2028\ufffd\U0001f600\U000e0100\u05d0\u0628\u6f22\u0e17",
    *[
        "bank",
        "e\u0301",
        "\u1100\u1161",
        "\u0130",
        "stra\u00dfe",
        "\U0001f468\u200d\U0001f469",
        ". The ",
        "\r\n",
        "co\u00adop",
    ],
]
strange_texts = st.lists(st.sampled_from(STRANGE) | st.characters(codec="utf-8"), max_size=40).map("".join)


@settings(max_examples=25)
@given(strange_texts, strange_texts, st.sampled_from([0, 2, "sentence"]))
@example("The bank\0closed", "\u05d4\u05d1\u05e0\u05e7 \u202ebank\u202c", 2)
def test_line_is_a_piece_of_its_document(first: str, second: str, context: int) -> None:
    """Whatever the text is made of, a line's parts lie in it where the line says, and its key leads back to it."""
    given_texts = {"plain": "The bank of the river.", first: first, f":{second}\0": second}
    documents = [Document(document_id, text) for document_id, text in given_texts.items()]
    with built(documents, shard_tokens=4) as index:
        lines = index.query(RIVER, k=None, any_word=True, context=context)  # type: ignore[arg-type]
        for line in lines:
            text = given_texts[line.document_id]
            assert text[line.start : line.end] == line.node == line.form
            assert text[line.start - len(line.left) : line.end + len(line.right)] == line.left + line.node + line.right
            assert line.key == f"{line.document_id}:{line.start}"
            assert line.key not in keys(index.like(line.key, form=line.form, k=None))
    assert sorted(keys(lines)) == sorted(use.key for document in documents for use in uses(document))


def test_very_long_sentences_are_whole(make_index: MakeIndex) -> None:
    """A sentence and a word of 40 000 characters lose nothing: every word of them is found where it stands."""
    index = make_index([Document("sentence", "The bank " + "rain " * 8000 + "river."), Document("word", "a" * 40_000)])
    assert index.count("rain") == 8000
    assert [line.start for line in index.concordance("rain", limit=3, context=0)] == [9, 14, 19]
    (line,) = index.concordance("river", context=3)
    assert (line.left, line.start) == ("rain rain rain ", 40_009)
    parts = index.query(RIVER, any_word=True, where=["document_id=word"])
    assert "".join(line.node for line in sorted(parts, key=lambda line: line.start)) == "a" * 40_000


# ------------------------------------------------------------------------------------------------------ concordance


def test_lemma_stands_for_its_forms(index: Index) -> None:
    """A lemma lists all its forms, another form only itself, and case does not matter."""
    assert index.count("bank") == 10
    assert {line.form for line in index.concordance("bank")} == {"bank", "banks"}
    assert keys(index.concordance("banks")) == ["crisis:4", "flood:21"]
    assert keys(index.concordance("BANK")) == keys(index.concordance("bank", form=["banks", "bank"]))
    assert keys(index.concordance("bank", form="banks")) == ["crisis:4", "flood:21"]
    assert all(line.score is None for line in index.concordance("bank"))


def test_concordance_is_in_corpus_order(index: Index, river_documents: list[Document]) -> None:
    """Lines come in the order of the corpus: documents as they were added, words as they stand."""
    expected = [use.key for document in river_documents for use in uses(document) if use.lemma == "bank"]
    assert keys(index.concordance("bank")) == expected


@pytest.mark.parametrize(
    ("order", "expected"),
    [("corpus", "abcde"), ("left", "ecbad"), ("right", "edacb"), ("node", "edabc")],
)
def test_lines_are_sorted_by_their_words(make_index: MakeIndex, order: str, expected: str) -> None:
    """Lines are sorted by the words left of the node from near to far, by those right of it, or by the node."""
    sentences = ["A red big bank fell.", "One Old big bank rose.", "One large big BANKS open.", "A small bank broke."]
    index = make_index(texts(*sentences, "a Bank"))
    lines = index.concordance("bank", order=order)  # type: ignore[arg-type]
    assert "".join(ids(lines)) == expected
    assert index.concordance("bank", order=order, limit=2) == lines[:2]  # type: ignore[arg-type]


def test_sample_is_drawn_by_its_seed(make_index: MakeIndex) -> None:
    """A sample is a part of all lines, in the order of the corpus; the same seed draws the same, another others."""
    index = make_index([Document(str(number), "The bank lent money.") for number in range(60)])
    whole = keys(index.concordance("bank"))
    samples = [keys(index.concordance("bank", sample=10, seed=seed)) for seed in range(5)]
    assert all(len(sample) == 10 and sample == [key for key in whole if key in sample] for sample in samples)
    assert samples == [keys(reopened(index).concordance("bank", sample=10, seed=seed)) for seed in range(5)]
    assert len({tuple(sample) for sample in samples}) == 5
    assert keys(index.concordance("bank", sample=10)) == samples[0]
    assert keys(index.concordance("bank", sample=60)) == keys(index.concordance("bank", sample=99)) == whole
    assert keys(index.concordance("bank", sample=10, limit=3)) == samples[0][:3]


def test_concordance_refuses_what_cannot_be(index: Index) -> None:
    """An unknown order and a sample of nothing are refused."""
    with pytest.raises(QueryError, match="no order 'size'; use corpus, left, node, right"):
        index.concordance("bank", order="size")  # type: ignore[arg-type]
    with pytest.raises(QueryError, match="0 lines cannot be shown"):
        index.concordance("bank", sample=0)
