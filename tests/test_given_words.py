"""A word that a source gave as one token is asked for as one, wherever the analyser would cut it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from conftest import MakeIndex, WindowEncoder

from ctxsearch import Document, Index
from ctxsearch.domain import Given, GivenSentence
from ctxsearch.errors import QueryError, WordNotFound
from ctxsearch.query.citation import citation_form
from ctxsearch.usage import parse_usage


def joined(document_id: str, sentence: str) -> Document:
    """A document of a sentence whose words, written ``form/lemma``, no space parts."""
    words = [word.rsplit("/", 1) for word in sentence.split()]
    ends = np.cumsum([len(form) for form, _ in words])
    spans = np.stack([np.concatenate([[0], ends[:-1]]), ends], 1).astype(np.int32)
    made = GivenSentence(0, int(ends[-1]), spans, [lemma for _, lemma in words], [""] * len(words))
    return Document(document_id, "".join(form for form, _ in words), given=Given([made]))


CHINESE = [joined("draw", "我/我 去/去 银行/银行 取/取 钱/钱"), joined("shut", "银行/银行 不/不 开门/开门")]


@pytest.fixture
def chinese(make_index: MakeIndex) -> Index:
    """Two sentences of a Chinese treebank."""
    return make_index(CHINESE, language="zh")


def test_marked_words_may_be_one_token(chinese: Index) -> None:
    """What is marked is one word where a source gave the index such a token, among the words of its text."""
    assert {line.key for line in chinese.query("我在[银行]工作。")} == {"draw:2", "shut:0"}
    assert [len(found) for found in chinese.query_many(["[银行]", "我去[ 银行 ]取钱", "[钱]"])] == [2, 2, 1]
    neighbours = np.zeros(64, np.float32)
    for form in "我去取钱":
        neighbours[WindowEncoder.component(form)] += 1
    (vector,) = chinese.embed("我去[银行]取钱")
    np.testing.assert_allclose(vector, neighbours / np.linalg.norm(neighbours), atol=1e-6)
    with pytest.raises(QueryError, match="'工作' is more than one word, '工' and '作'"):
        chinese.query("我在银行[工作]。")


def test_marked_part_of_a_word_may_be_one_token(make_index: MakeIndex) -> None:
    """A part of what the analyser has for a word is one where a source gave such a token; the rest is another."""
    index = make_index([joined("a", "كتاب/كتاب ه/هو"), joined("b", "İstanbul/İstanbul 'daki/ki")], language="ar")
    assert [line.key for line in index.query("[كتاب]ه")] == ["a:0"]
    assert [line.key for line in index.query("كتاب[ه]")] == ["a:4"]
    assert [line.key for line in index.query("[İstanbul]'daki")] == ["b:0"]
    assert float(index.vectors("a:0")[0] @ index.embed("[كتاب]ه")[0]) == pytest.approx(1, abs=0.02)


def test_mark_is_a_token_where_a_source_gave_one(make_index: MakeIndex) -> None:
    """A punctuation mark is asked for as any token of a treebank; where no source gave words, nothing is new."""
    index = make_index([joined("a", "Who/who knows/know ?/?")])
    assert [line.key for line in index.query("Who cares[?]")] == ["a:8"]
    index.remove("a")
    with pytest.raises(QueryError, match="There is no word"):
        index.query("Who cares[?]")
    plain = make_index([Document("a", "Three days, a three-day trip, a new day in New York.")])
    with pytest.raises(QueryError, match="'day' is part of the word 'three-day'"):
        plain.query("a three-[day] trip")


def test_model_gives_a_given_token_the_vector_that_it_has(tmp_path: Path) -> None:
    """The word of a query has the vector that the same word has in the index, whatever stands beside it."""
    with Index.create(tmp_path / "index", language="zh", dtype="fp32", codec="fp16") as index:
        index.add(CHINESE)
        nearest = index.query("我去[银行]取钱")[0]
        assert (nearest.key, nearest.score) == ("draw:2", pytest.approx(1, abs=1e-3))


@pytest.fixture
def german(make_index: MakeIndex) -> Index:
    """A sentence of a German treebank, where *zum* has a lemma that no dictionary has."""
    words = [("Er", "er"), ("ging", "gehen"), ("zum", "zu+der"), ("Ufer", "Ufer")]
    text, spans = "", []
    for form, _ in words:
        text += " " * bool(text)
        spans.append((len(text), len(text) + len(form)))
        text += form
    sentence = GivenSentence(0, len(text), np.array(spans, np.int32), [lemma for _, lemma in words], [""] * 4)
    return make_index([Document("ufer", text, given=Given([sentence]))], language="de")


@pytest.mark.parametrize(
    ("headword", "sentence", "marked"),
    [
        ("zum", "Er geht zum Arzt.", "zum"),
        ("Zum", "ZUM Arzt!", "ZUM"),
        ("zu+der", "Er geht zum Arzt.", "zum"),
        ("gehen", "Er ging und geht.", "ging"),
        ("ging", "Er geht heim.", "geht"),
        ("zum", "Er geht heim.", None),
        ("zur", "Er geht zum Arzt.", None),
    ],
)
def test_sentence_shows_the_headword_as_the_index_knows_it(
    german: Index, tmp_path: Path, headword: str, sentence: str, marked: str | None
) -> None:
    """A word of an example is found by its lemma, by the headword's letters, or by what the index files it under."""
    imported(german, tmp_path, headword, sentence, marked)


@pytest.mark.parametrize(
    ("sentence", "marked"),
    [
        ("我在银行工作。", "银行"),
        ("我在[银行]工作。", "银行"),
        ("银，行。银行", "银行"),
        ("我[工]作。", "工"),
        ("银，行。", None),
    ],
)
def test_sentence_shows_a_headword_that_the_analyser_cuts(
    chinese: Index, tmp_path: Path, sentence: str, marked: str | None
) -> None:
    """In an example a token of the index is found, marked or not, and shows the sense in a lookup."""
    imported(chinese, tmp_path, "银行", sentence, marked)


def imported(index: Index, folder: Path, headword: str, sentence: str, marked: str | None) -> None:
    """Imports a sense with one sentence, and looks at what is marked in it."""
    path = folder / "d.jsonl"
    row = {"headword": headword, "sense": "one", "definition": "", "examples": [sentence]}
    path.write_text(json.dumps(row), encoding="utf-8")
    senses = index.senses(by="ann")
    report = senses.import_dictionary(path)
    assert report.without_word == ([] if marked else [sentence])
    found = [usage.text[usage.start : usage.end] for _, usage in senses.sentences(headword)]
    assert found == ([marked] if marked else [])


def test_examples_of_given_tokens_show_senses(tmp_path: Path) -> None:
    """A sentence whose word only the source knows is embedded, and tells the sense of another."""
    with Index.create(tmp_path / "index", language="zh") as index:
        index.add(CHINESE)
        senses = index.senses(by="ann")
        senses.new("银行.1", examples=[parse_usage("我去[银行]取钱")])
        looked = senses.lookup("我在[银行]工作。")
        assert (looked.lemma, [fit.sense.sense_id for fit in looked.fits]) == ("银行", ["银行.1"])
        assert not looked.unusable


def test_what_only_removed_documents_have_decides_nothing(make_index: MakeIndex, tmp_path: Path) -> None:
    """A lemma that a source has corrected, and words that are gone, are as in an index that was compacted since."""
    index = make_index(
        [
            joined("a", "mice/mice sleep/sleep"),
            joined("b", "bank/NOUN/bank otter/otter"),
            Document("c", "Bank of the Bank. An otter."),
            Document("d", "The mouse ran. Old mice slept by the bank."),
        ],
        shard_tokens=1,
    )
    senses = index.senses(by="anna")
    senses.new("mouse.animal")
    senses.label("mouse.animal", "d:4")
    index.add(joined("a", "mice/mouse sleep/sleep"), replace=True)
    index.remove(["b", "c"])
    (tmp_path / "otter.jsonl").write_text('{"sense": "otter.animal", "headword": "otter", "definition": "a beast"}')

    def told() -> list[object]:
        made = senses.import_dictionary(tmp_path / "otter.jsonl", in_corpus=True)
        lines: list[object] = [(made.senses, made.left_out)]
        lines += [[one.sense_id for one in senses.list("mice")], [one.key for one in senses.labels("mice")]]
        lines.append(citation_form(index.open_shards(), "bank"))
        for asked in ("mice", "bank/NOUN", None):
            try:
                lines.append([line.key for line in index.concordance(asked, cql=() if asked else '"otter"')])
            except (QueryError, WordNotFound) as error:
                lines.append(str(error))
        return lines

    before = told()
    assert before[:4] == [(0, 1), ["mouse.animal"], ["d:4"], "bank"]
    index.compact()
    assert told() == before
