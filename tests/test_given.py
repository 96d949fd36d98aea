"""Tokens, sentences, lemmas and tags that a source gives are kept as they are, and can be asked for."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import WindowEncoder
from hypothesis import given as for_all
from hypothesis import strategies as st
from treebank import tagged

from ctxsearch import Document, Index, read
from ctxsearch.analysis import MAX_SEGMENT_CHARS, Analyser
from ctxsearch.analysis import given as given_module
from ctxsearch.analysis import sentences as sentences_module
from ctxsearch.domain import Given, GivenSentence
from ctxsearch.errors import QueryError, SourceError, TagNotFound
from ctxsearch.given import wrong_given

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


def test_query_takes_the_lemmas_that_are_there(index: Index) -> None:
    """A form that sources file under several lemmas finds the uses of all of them; its tag chooses."""
    assert {line.key for line in index.query("We [saw] the shed.", k=None)} == {"river:28", "plain:20", "shed:4"}
    assert [line.key for line in index.query("We [saw] the shed.", pos="NOUN")] == ["shed:4"]
    assert [line.key for line in index.query("They rowed to the [bank].", pos="VERB")] == ["shed:26"]
    assert [line.key for line in index.like("plain:2", pos="PROPN")] == ["river:36"]


@pytest.mark.parametrize("form", ["saw", "SAW"])
def test_removed_documents_choose_no_lemma(tmp_path: Path, form: str) -> None:
    """What a form is filed under in a document that was taken out counts no more: compaction changes no answer."""
    with Index.create(tmp_path / "index", encoder=WindowEncoder()) as index:
        index.add([tagged("a", ["he/he/PRON saw/saw/NOUN"]), tagged("c", ["two/two/NUM saws/saw/NOUN"])])
        index.add([tagged("a2", ["they/they/PRON saw/saw/NOUN"] * 3), tagged("b", ["he/he/PRON saw/see/VERB"] * 2)])
        assert {line.lemma for line in index.query(f"he [{form}] it", k=None)} == {"saw", "see"}
        index.remove(["a", "a2"])
        before = index.query(f"he [{form}] it", k=None)
        assert {line.document_id for line in before} == {"b"}
        index.compact()
        assert index.query(f"he [{form}] it", k=None) == before


def test_columns_and_tags_of_removed_documents_are_none(tmp_path: Path) -> None:
    """What only removed documents have is no column and no part of speech, before compaction as after it."""
    with Index.create(tmp_path / "index", encoder=WindowEncoder()) as index:
        index.add([RIVER, PLAIN, replace(SHED, metadata={"year": 1987, "x": None, "y": 1})])
        assert {"x", "y", "year"} <= {*index.info().metadata_columns}
        index.remove("shed")
        found = []
        for _ in range(2):
            info = index.info()
            assert "x" not in info.metadata_columns
            assert "AUX" not in info.tags
            for options in ({"where": "x=1"}, {"order": "y"}, {"pos": "AUX"}, {"cql": '[pos="AUX"] [lemma="bank"]'}):
                with pytest.raises(QueryError):
                    index.concordance("bank", **options)
            assert len(index.concordance("bank", where="year>1900", order="year", pos=["NOUN", "PROPN"])) == 2
            found.append((info.metadata_columns, info.tags))
            index.compact()
        assert found[0] == found[1]


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


def test_tokens_without_lemmas_are_filed_by_the_dictionary(tmp_path: Path) -> None:
    """A source that gives words alone has them filed as in a text."""
    (tmp_path / "a.vrt").write_text('<doc id="a">\n<s>\nThe\nbanks\nflooded\n</s>\n</doc>\n')
    with Index.create(tmp_path / "index", encoder=WindowEncoder()) as index:
        index.add(read(tmp_path / "a.vrt", columns="word"))
        assert [line.lemma for line in index.concordance("bank")] == ["bank"]


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

    def wrong(text: str = "the bank", **changes: object) -> str:
        sentence = GivenSentence(0, 8, spans, ["the", "bank"], ["", ""])
        found = wrong_given(text, Given([replace(sentence, **changes)]))  # type: ignore[arg-type]
        return found.why if found else ""

    assert wrong() == ""
    assert "overlap" in wrong(spans=np.array([[0, 5], [4, 8]], np.int32))
    assert "outside" in wrong(start=1)
    assert "not in the text" in wrong(end=9)
    assert "2 tokens, 1 lemmas" in wrong(lemmas=["the"])
    assert "lines or ids" in wrong(lines=[1])
    assert "shape" in wrong(spans=np.array([0, 3], np.int32))
    assert "no whole numbers" in wrong(spans=spans.astype(np.float32))
    assert "a token with a line end in it, 'th\\r'" in wrong("th\r bank")
    assert "a token with a line end in it, 'ba\\nk'" in wrong("the ba\nk")
    assert wrong("the\nbank") == ""
    for name, what in (("lemmas", "lemma"), ("tags", "tag"), ("ids", "id")):
        assert f"has the {what} '\\udc80', which is no text" in wrong(**{name: ["a", "\udc80"]})
        assert f"has the {what} 7, which is no text" in wrong(**{name: ["a", 7]})
    assert "has the name '\\ud800', which is no text" in wrong(name="\ud800")
    assert "has the name None, which is no text" in wrong(name=None)
    assert "has a lemma of mere white space" in wrong(lemmas=["a", "\u00a0 "])
    assert "not from 0 to 4,294,967,295" in wrong(lines=[1, 2**32])
    assert "not from 0 to 4,294,967,295" in wrong(lines=[-1, 1])
    assert "lines that are no whole numbers" in wrong(lines=[1, 2.5])
    assert wrong(lines=np.array([0, 2**32 - 1])) == ""
    word = ("in", "in", "ADP")
    assert wrong(parts={1: [word, word]}, ids=["1", "2-3"]) == ""
    for at in (2, -1, "1"):
        assert f"parts of a token {at!a}, and no such token" in wrong(parts={at: [word]})
    for part in (("in", "in"), ("in", "in", None), ("in", "in", "\udc80"), "abc"):
        assert "which is not the form, lemma and tag of a word" in wrong(parts={1: [word, part]})
    with (
        Index.create(tmp_path / "bad", encoder=WindowEncoder()) as index,
        pytest.raises(SourceError, match="is not in the text"),
    ):
        index.add([Document("bad", "the", given=Given([GivenSentence(0, 8, spans, ["a", "b"], ["", ""])]))])


def test_what_is_wrong_has_its_line() -> None:
    """The line of the bad token is told, or that of its sentence; where nobody knows a line, none is."""
    spans = np.array([[0, 3], [4, 8]], np.int32)

    def line(text: str, **changes: object) -> int | None:
        sentence = GivenSentence(0, 8, spans, ["the", "bank"], ["", ""], [7, 8])
        found = wrong_given(text, Given([replace(sentence, **changes)]))  # type: ignore[arg-type]
        assert found is not None
        return found.line

    assert line("the ba\rk") == 8
    assert line("the bank", tags=["", 5]) == 8
    assert line("the") == 7
    assert line("the", lines=()) is None
    assert line("the bank", lines=[-1, 1]) is None


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
        assert wrong_given(text, given) is None
        segments = list(Analyser("en").segments(text, given=given))
        assert "".join(segment.text for segment in segments) == text
        for segment in segments:
            forms = [segment.text[start:end] for start, end in segment.spans.tolist()]
            assert forms == list(segment.forms)
            assert len(segment.lemmas) == len(forms)
            assert len(segment.tags or forms) == len(forms)
        kept = [form for segment in segments for form, tag in zip(segment.forms, segment.tags, strict=False) if tag]
        assert kept == [word for words in sentences for word in words]


@for_all(
    st.lists(
        st.lists(st.tuples(st.booleans(), st.text("ab.", min_size=1, max_size=9), st.text(" \n", max_size=30))),
        max_size=3,
    ),
    st.tuples(st.booleans(), st.booleans()),
)
def test_no_segment_is_too_long(sentences: list[list[tuple[bool, str, str]]], how: tuple[bool, bool]) -> None:
    """However long sentences and white space are, no segment is over the limit, and no given token is lost."""
    text, made, kept = "", [], []
    for words in sentences:
        start, spans, lemmas = len(text), [], []
        for is_given, form, space in words:
            if is_given:
                spans.append((len(text), len(text) + len(form)))
                lemmas.append(form)
            text += form + space
        kept += lemmas
        array = np.array(spans, np.int32).reshape(-1, 2)
        made.append(GivenSentence(start, len(text), array, lemmas, ["T"] * len(lemmas)))
        text += " "
    given = Given(made, is_whole=how[0], has_sentences=how[1])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sentences_module, "MAX_SEGMENT_CHARS", 25)
        patch.setattr(sentences_module, "_BLOCK_CHARS", 100)
        patch.setattr(given_module, "MAX_SEGMENT_CHARS", 25)
        segments = list(Analyser("en").segments(text, given=given))
    assert "".join(segment.text for segment in segments) == text
    assert max((len(segment.text) for segment in segments), default=0) <= 25
    found = [form for segment in segments for form, tag in zip(segment.forms, segment.tags, strict=False) if tag]
    assert found == kept


class CountedSpans(np.ndarray):
    """Spans that count how many numbers are made objects of them, or of parts of them."""

    made = 0

    def tolist(self) -> list[list[int]]:
        """The numbers as objects."""
        CountedSpans.made += self.size
        return super().tolist()


def test_work_is_that_of_the_text() -> None:
    """Each token of a text without given sentences is looked at a few times, and not once for each sentence."""
    n_tokens = 8_000
    text = "The bank was old. " * (n_tokens // 4)
    spans = np.array([found.span() for found in re.finditer(r"\w+", text)], np.int32).view(CountedSpans)
    given = Given([GivenSentence(0, len(text), spans, [""] * n_tokens, ["N"] * n_tokens)], has_sentences=False)
    CountedSpans.made = 0
    assert sum(1 for _ in Analyser("en").segments(text, given=given)) == n_tokens // 4
    assert 2 * n_tokens <= CountedSpans.made <= 10 * n_tokens


def test_parts_are_another_version(index: Index) -> None:
    """A document whose tokens have other parts is another version of it; one on other lines is the same."""
    span = np.array([[0, 2]], np.int32)
    sentence = GivenSentence(0, 2, span, ["in"], [""], [1], ids=["1-2"], parts={0: [("in", "in", ""), ("dem", "", "")]})
    assert index.add([Document("im", "im", given=Given([sentence]))]).documents == 1
    moved = replace(sentence, lines=[9])
    assert index.add([Document("im", "im", given=Given([moved]))]).unchanged == 1
    other = replace(sentence, parts={0: [("in", "in", ""), ("der", "", "")]})
    assert list(index.add([Document("im", "im", given=Given([other]))]).refused) == ["im"]


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


@pytest.mark.parametrize("has_sentences", [True, False])
@pytest.mark.parametrize("is_whole", [True, False])
def test_lines_may_be_an_array(tmp_path: Path, is_whole: bool, has_sentences: bool) -> None:
    """Lines that come as an array are those that a list of them would be."""
    spans = np.array([[0, 3], [4, 8]], np.int32)
    sentence = GivenSentence(0, 8, spans, ["the", "bank"], ["", ""], np.array([7, 9]))  # type: ignore[arg-type]
    given = Given([sentence], is_whole=is_whole, has_sentences=has_sentences)
    with Index.create(tmp_path / "index", encoder=WindowEncoder()) as index:
        index.add([Document("1", "the bank", uri="x", given=given)])
        assert [line.source for line in index.concordance("bank")] == ["x:9"]


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
