"""Tokens, sentences, lemmas and tags that a source gives are kept as they are, and can be asked for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import WindowEncoder
from hypothesis import given as for_all
from hypothesis import strategies as st
from treebank import tagged

from ctxsearch import Document, Index
from ctxsearch.analysis import MAX_SEGMENT_CHARS, Analyser, wrong_given
from ctxsearch.domain import Given, GivenSentence
from ctxsearch.errors import QueryError, SourceError, TagNotFound

RIVER = tagged(
    "river",
    [
        "They/they/PRON rowed/row/VERB to/to/ADP the/the/DET bank/bank/NOUN ././PUNCT",
        "We/we/PRON saw/see/VERB the/the/DET Bank/Bank/PROPN ././PUNCT",
    ],
    {"year": 1908},
)
SHED = tagged(
    "shed",
    [
        "The/the/DET saw/saw/NOUN was/be/AUX in/in/ADP the/the/DET shed/shed/NOUN",
        "I/I/PRON bank/bank/VERB here/here/ADV",
    ],
    {"year": 1987},
)
PLAIN = Document("plain", "A bank is a bank. I saw it.", {"year": 2000})


@pytest.fixture
def index(tmp_path: Path) -> Index:
    """Two documents with tags and one without, in two shards."""
    made = Index.create(tmp_path / "index", encoder=WindowEncoder())
    made.add([RIVER, PLAIN])
    made.add([SHED])
    return made


def test_segments_are_the_given_sentences() -> None:
    """Sentences, tokens, lemmas and tags are those of the source, and the segments tile the text."""
    segments = list(Analyser("en").segments(RIVER.text, given=RIVER.given))
    assert "".join(segment.text for segment in segments) == RIVER.text
    assert [list(segment.forms) for segment in segments] == [
        ["They", "rowed", "to", "the", "bank", "."],
        ["We", "saw", "the", "Bank", "."],
    ]
    assert list(segments[1].lemmas) == ["we", "see", "the", "bank", "."]
    assert list(segments[1].written_lemmas) == ["", "", "", "Bank", ""]
    assert list(segments[1].tags) == ["PRON", "VERB", "DET", "PROPN", "PUNCT"]
    assert segments[1].origin is not None
    assert list(segments[1].origin.lines) == [8, 9, 10, 11, 12]


def test_word_is_asked_for_by_its_tag(index: Index) -> None:
    """``bank/NOUN`` is the noun; the word alone is every use of it, tagged or not."""
    assert [line.key for line in index.concordance("bank/NOUN")] == ["river:18"]
    assert [line.key for line in index.concordance("bank/PROPN")] == ["river:36"]
    assert [line.key for line in index.concordance("bank", pos=["VERB", "NOUN"])] == ["river:18", "shed:26"]
    assert index.count("bank") == 5
    assert [line.key for line in index.concordance("saw/VERB")] == ["river:28"]
    with pytest.raises(TagNotFound, match=r"'bank' is never 'DET'; it is NOUN, PROPN, VERB\."):
        index.concordance("bank", pos="DET")
    with pytest.raises(QueryError, match="No word has the part of speech 'XYZ'; there are: ADP, ADV"):
        index.count("bank/XYZ")
    with pytest.raises(QueryError, match="ask for one of them"):
        index.count("bank/NOUN", pos="VERB")


def test_lines_tell_tag_and_source(index: Index) -> None:
    """A line has its node's part of speech, and the file and line that it is from."""
    lines = {line.key: line for line in index.concordance("bank")}
    assert (lines["river:18"].pos, lines["river:18"].source) == ("NOUN", "river.conllu:5")
    assert (lines["shed:26"].pos, lines["shed:26"].source) == ("VERB", "shed.conllu:9")
    assert (lines["plain:2"].pos, lines["plain:2"].source) == ("", "")


def test_frequencies_by_tag(index: Index) -> None:
    """Lines are counted by part of speech, alone and with a column of the metadata."""
    assert [(one.values, one.count) for one in index.frequencies("bank", "pos")] == [
        ((None,), 2),
        (("NOUN",), 1),
        (("PROPN",), 1),
        (("VERB",), 1),
    ]
    assert [(one.values, one.count) for one in index.frequencies("bank", ["pos", "year"], pos="VERB")] == [
        (("VERB", 1987), 1)
    ]


def test_query_takes_the_lemma_that_is_there(index: Index) -> None:
    """A form that sources file under several lemmas is asked about as the analyser reads it; its tag chooses."""
    assert {line.key for line in index.query("We [saw] the shed.", k=None)} == {"river:28", "plain:20"}
    assert [line.key for line in index.query("They rowed to the [bank].", pos="VERB")] == ["shed:26"]
    assert [line.key for line in index.like("plain:2", pos="PROPN")] == ["river:36"]


def test_collocates_have_the_lemma_of_their_place(index: Index) -> None:
    """Beside *the*, ``saw`` is counted as the lemma that its source gives it there; marks are no collocates."""
    counted = {one.word: one.count for one in index.collocations("the", left=1, right=1, least=1, limit=None)}
    assert (counted["see"], counted["saw"]) == (1, 1)
    assert "." not in counted


def test_compaction_keeps_what_sources_said(index: Index) -> None:
    """Joined shards have the tags, lemmas, lines and sentences that they had; and nothing is wrong with them."""
    before = [index.concordance(word) for word in ("bank", "saw", "the")]
    assert index.compact().shards == 1
    assert [index.concordance(word) for word in ("bank", "saw", "the")] == before
    assert Index.verify(index.path, encoder=WindowEncoder()).problems == []
    (shard,) = index.open_shards()
    assert {row.written for row in shard.catalog.forms(lemma="bank")} == {"", "Bank"}
    assert {one.lines[0] for one in shard.catalog.origins(range(10)).values()} == {1, 8}


def test_other_tags_are_another_version(index: Index) -> None:
    """A document whose tags have changed is another version of it; with the same, it is passed over."""
    assert index.add([RIVER]).unchanged == 1
    assert RIVER.given is not None
    first, second = RIVER.given.sentences
    other = replace(RIVER, given=Given([first, replace(second, tags=["X"] * 5)]))
    assert list(index.add([other]).refused) == ["river"]
    assert index.add([other], replace=True).replaced == 1
    assert index.count("bank/X") == 1


def test_token_without_a_vector_keeps_its_lemma(tmp_path: Path) -> None:
    """What the model has no piece for is no line, and its lemma and tag are not lost."""
    document = tagged("odd", ["a/a/DET \ufffd/lost/X bank/bank/NOUN"])
    with Index.create(tmp_path / "odd", encoder=WindowEncoder()) as index:
        assert index.add([document]).without_vector == 1
        index.add([tagged("more", ["b/b/X"])])
        index.compact()
        (shard,) = index.open_shards()
        assert list(shard.catalog.unembedded(0, 9)) == [(0, 1, "lost", "X", "")]


def test_what_cannot_be_is_told(tmp_path: Path) -> None:
    """Given tokens that overlap, lie elsewhere or do not add up are refused, and nothing is written."""
    spans = np.array([[0, 3], [4, 8]], np.int32)

    def wrong(**changes: object) -> str:
        sentence = GivenSentence(0, 8, spans, ["the", "bank"], ["", ""])
        return wrong_given("the bank", Given([replace(sentence, **changes)]))  # type: ignore[arg-type]

    assert wrong() == ""
    assert "overlap" in wrong(spans=np.array([[0, 5], [4, 8]], np.int32))
    assert "outside" in wrong(start=1)
    assert "not in the text" in wrong(end=9)
    assert "2 tokens, 1 lemmas" in wrong(lemmas=["the"])
    assert "lines or ids" in wrong(lines=[1])
    assert "shape" in wrong(spans=np.array([0, 3], np.int32))
    with (
        Index.create(tmp_path / "bad", encoder=WindowEncoder()) as index,
        pytest.raises(SourceError, match="is not in the text"),
    ):
        index.add([Document("bad", "the", given=Given([GivenSentence(0, 8, spans, ["a", "b"], ["", ""])]))])


def test_very_long_sentence_is_cut_between_tokens() -> None:
    """A sentence that is too long for one segment becomes several, and no token is lost or cut."""
    words = ["bank" if number % 7 else "embankment" for number in range(9000)]
    document = tagged("long", [" ".join(f"{word}/{word}/N" for word in words)])
    segments = list(Analyser("en").segments(document.text, given=document.given))
    assert len(segments) > 1
    assert max(len(segment.text) for segment in segments) <= MAX_SEGMENT_CHARS
    assert "".join(segment.text for segment in segments) == document.text
    assert [form for segment in segments for form in segment.forms] == words


@for_all(st.lists(st.lists(st.text("ab.\u00e9", min_size=1, max_size=4), max_size=5), max_size=4), st.data())
def test_segments_tile_any_given_text(sentences: list[list[str]], data: st.DataObject) -> None:
    """Whatever lies between given tokens: the segments are the text, and have these tokens, whole or cut anew."""
    text, made = "", []
    for words in sentences:
        text += data.draw(st.sampled_from(["", " ", "\n\n", "x y. Z "]))
        start, spans = len(text), []
        for word in words:
            spans.append((len(text), len(text) + len(word)))
            text += word + data.draw(st.sampled_from(["", " "]))
        spans_array = np.array(spans, np.int32).reshape(-1, 2)
        made.append(GivenSentence(start, len(text), spans_array, words, ["T"] * len(words)))
    text += data.draw(st.sampled_from(["", " ", " tail."]))
    for whole, cut in ((True, True), (True, False), (False, True), (False, False)):
        given = Given(made, is_whole=whole, has_sentences=cut)
        assert wrong_given(text, given) == ""
        segments = list(Analyser("en").segments(text, given=given))
        assert "".join(segment.text for segment in segments) == text
        for segment in segments:
            forms = [segment.text[start:end] for start, end in segment.spans.tolist()]
            assert forms == list(segment.forms)
            assert len(segment.lemmas) == len(forms)
            assert len(segment.tags or forms) == len(forms)
        kept = [form for segment in segments for form, tag in zip(segment.forms, segment.tags, strict=False) if tag]
        assert kept == [word for words in sentences for word in words]


def test_given_token_alone_makes_no_sentence() -> None:
    """Where a source gives a token and no sentence, sentences are found as ever, and none is cut at the token."""
    text = "First. The old bank lay low. Last."
    given = Given(
        [GivenSentence(15, 19, np.array([[15, 19]], np.int32), ["Bank"], ["NOUN"], [7])],
        is_whole=False,
        has_sentences=False,
    )
    segments = list(Analyser("en").segments(text, given=given))
    assert [segment.text for segment in segments] == ["First.", " The old bank lay low.", " Last."]
    assert segments[1].origin is not None
    assert list(segments[1].origin.lines) == [0, 0, 7, 0, 0]
    assert list(segments[1].written_lemmas) == ["", "", "Bank", "", ""]


def test_some_tokens_are_given() -> None:
    """Where a source gives a few tokens, the others are found as ever, and the given ones take their place."""
    text = "First. The old river-bank lay low. Last."
    span = np.array([[15, 25]], np.int32)
    given = Given([GivenSentence(7, 34, span, ["riverbank"], ["NOUN"])], is_whole=False)
    segments = list(Analyser("en").segments(text, given=given))
    assert [segment.text for segment in segments] == ["First.", " The old river-bank lay low.", " Last."]
    assert list(segments[1].forms) == ["The", "old", "river-bank", "lay", "low"]
    assert list(segments[1].lemmas) == ["the", "old", "riverbank", "lie", "low"]
    assert list(segments[1].tags) == ["", "", "NOUN", "", ""]


def test_word_is_found_under_the_lemma_of_its_source(tmp_path: Path) -> None:
    """A form in other letters leads to the lemma that its source gave, in queries and in senses."""
    made = Index.create(tmp_path / "index", encoder=WindowEncoder(), language="de")
    made.add([tagged("a", ["Die/die/DET Banken/Finanzinstitut/NOUN zahlen/zahlen/VERB"])])
    with made as index:
        assert [line.key for line in index.query("viele [BANKEN] hier")] == ["a:4"]
        senses = index.senses(by="ann")
        assert senses.new("fi.1", word="banken").lemma == "finanzinstitut"
        assert senses.label("fi.1", ["a:4"]) == 1
        assert [label.key for label in senses.labels("Banken/NOUN")] == ["a:4"]


def test_parts_of_speech_that_are_not_there_are_told(index: Index) -> None:
    """Also where no word is named: the tags that there are are listed."""
    with pytest.raises(QueryError, match="No word has the part of speech 'ADJ'; there are: ADP, ADV, AUX"):
        index.count(None, cql='[lemma="bank"]', pos="ADJ")
    with pytest.raises(QueryError, match="No word has the part of speech 'ADJ'"):
        index.query("The [bank].", any_word=True, pos="ADJ")
    assert index.count(None, cql='[pos="" & lemma="bank"]') == 2
