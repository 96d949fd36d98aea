"""Class Index from outside, with an encoder whose scores a person can work out: what it answers, and what survives."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import pytest
from command_line import ctxsearch as command
from conftest import MakeIndex, WindowEncoder
from faults import short_files
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ctxsearch import ConcordanceLine, Document, Index, Progress, Usage
from ctxsearch.analysis import Analyser
from ctxsearch.catalog import where as where_module
from ctxsearch.domain import Segment
from ctxsearch.errors import (
    DocumentNotFound,
    FormatTooNew,
    FormNotFound,
    IndexDamaged,
    IndexExists,
    IndexLocked,
    IndexNotFound,
    KeyNotFound,
    ModelError,
    QueryError,
    SettingsMismatch,
    SourceError,
    WordNotFound,
)
from ctxsearch.protocols import Encoded

RIVER = "She sat on the [bank] of the river."
MONEY = "The [bank] lent her money."

ANALYSER = Analyser("en")

# Ends shards after "loan" (23 words) and after "angler" (28 words) in the river documents.
SHARD_TOKENS = 20


def keys(lines: Sequence[ConcordanceLine]) -> list[str]:
    return [line.key for line in lines]


def ids(lines: Sequence[ConcordanceLine]) -> list[str]:
    return [line.document_id for line in lines]


def scores(lines: Sequence[ConcordanceLine]) -> list[float]:
    assert all(line.score is not None for line in lines)
    return [line.score for line in lines if line.score is not None]


def reopened(index: Index) -> Index:
    return Index.open(index.path, encoder=WindowEncoder())


def texts(*sentences: str) -> list[Document]:
    """Documents a, b, c..., each with one of the texts."""
    return [Document("abcdefghijklmnopqrstuvwxyz"[number], text) for number, text in enumerate(sentences)]


def everything(index: Index) -> list[ConcordanceLine]:
    """Every occurrence of an index with its score."""
    return index.query(RIVER, k=None, any_word=True)


def state(index: Index) -> tuple[list[str], list[ConcordanceLine]]:
    """The files of an index, and all that it answers."""
    return sorted(path.name for path in index.path.iterdir()), everything(index)


class Use(NamedTuple):
    """An occurrence as the reference sees it."""

    key: str
    form: str
    lemma: str
    vector: np.ndarray


def uses(document: Document) -> list[Use]:
    """The occurrences of a document, found without an index: one passage, and vectors in half precision."""
    segments = list(ANALYSER.segments(document.text))
    vectors = iter(WindowEncoder().encode([segments]).vectors.astype(np.float16).astype(np.float32))
    return [
        Use(f"{document.document_id}:{segment.start + start}", form, lemma, next(vectors))
        for segment in segments
        for (start, _), form, lemma in zip(segment.spans.tolist(), segment.forms, segment.lemmas, strict=True)
    ]


words = st.sampled_from(["bank", "banks", "Bank", "river", "money", "the", "of", "lent", "bank's"])
sentences = st.lists(words, min_size=1, max_size=8).map(lambda forms: " ".join(forms) + ".")
years = st.sampled_from([{}, {"year": 1908}, {"year": 1990}])
corpora = st.lists(st.tuples(st.lists(sentences, min_size=1, max_size=3).map(" ".join), years), max_size=5).map(
    lambda made: [
        Document("first", "The bank of the river lent money.", {"year": 1953}),
        *(Document(str(number), text, year) for number, (text, year) in enumerate(made, start=8)),
    ]
)


@contextmanager
def built(documents: Iterable[Document], shard_tokens: int = 2_000_000) -> Iterator[Index]:
    """An index for one example of a law."""
    with TemporaryDirectory() as folder, Index.create(Path(folder), encoder=WindowEncoder()) as index:
        index.add(documents, shard_tokens=shard_tokens)
        yield index


# ------------------------------------------------------------------------------------ the same word, a similar sense


def test_similar_sense_comes_first(index: Index) -> None:
    """River banks answer a river bank, the more neighbours they share the nearer, and money banks come after."""
    lines = index.query(RIVER)
    # Neighbours of the query: sat, on, the, of, the, river. Its vector has length sqrt(8), for "the" counts twice.
    assert ids(lines[:4]) == ["angler", "reeds", "rowing", "flood"]
    assert scores(lines[:4]) == pytest.approx([8 / 8, 7 / 8, 6 / 8, 4 / 48**0.5], abs=1e-3)
    assert set(ids(lines[4:])) == {"loan", "rates", "crisis", "savings"}
    assert set(ids(index.query(MONEY, k=4))) == {"loan", "rates", "crisis", "savings"}


def test_only_the_marked_word_answers(index: Index) -> None:
    """A query is answered by the forms of the marked lemma and by no other word."""
    assert {line.form for line in index.query(RIVER, k=None)} == {"bank", "banks"}
    assert {line.lemma for line in index.query(RIVER, k=None)} == {"bank"}
    assert keys(index.query("Both [rivers] rose.", k=None)) == keys(index.query("Both [river] rose.", k=None))


@settings(max_examples=15)
@given(corpora, st.booleans())
def test_answers_are_those_of_reference(documents: list[Document], any_word: bool) -> None:
    """A query finds every occurrence that is asked for, each with its cosine, nearest first, ties by key."""
    with built(documents, shard_tokens=15) as index:
        lines = index.query(RIVER, k=None, any_word=any_word)
    (query,) = (
        use.vector for use in uses(Document("query", RIVER.replace("[", "").replace("]", ""))) if use.form == "bank"
    )
    expected = {
        use.key: float(use.vector @ query)
        for document in documents
        for use in uses(document)
        if any_word or use.lemma == "bank"
    }
    assert {line.key: line.score for line in lines} == pytest.approx(expected, abs=1e-3)
    assert lines == sorted(lines, key=lambda line: (-(line.score or 0), line.key))
    assert len(lines) == len(expected)


def answers(index: Index) -> list[list[ConcordanceLine]]:
    """What an index that has the document "first" says to all kinds of questions."""
    return [
        *(index.query(RIVER, k=k) for k in (1, 3, None)),
        index.query(MONEY, k=4, min_score=0.3),
        index.query(RIVER, form="bank"),
        *(index.query(RIVER, k=k, any_word=True, context="sentence") for k in (5, None)),
        index.query(RIVER, any_word=True, form=["bank", "Bank"]),
        index.query(RIVER, where=["year>=1950", "document_id!=9"], k=3),
        index.like("first:4", k=3),
        index.like(["first:4", "first:16"], unlike=["first:27"], k=5, context=2),
        index.like("first:4", any_word=True, k=None),
        *(index.concordance("bank", order=order) for order in ("corpus", "left", "node", "right")),  # type: ignore[arg-type]
        index.concordance("bank", sample=3, seed=5),
        index.concordance("bank", where=["year<1950"], limit=2),
    ]


@settings(max_examples=15)
@given(corpora)
def test_many_shards_answer_as_one(documents: list[Document]) -> None:
    """An index answers the same, to the last bit of a score, whether its documents lie in one shard or in many."""
    with built(documents) as one, built(documents, shard_tokens=1) as many:
        assert (one.info().shards, many.info().shards) == (1, len(documents))
        assert answers(many) == answers(one)


@pytest.mark.parametrize("rows_at_once", [1, 3, 7])
def test_long_scans_in_parts_answer_as_one(
    make_index: MakeIndex, river_documents: list[Document], rows_at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A word of more rows than a thread scans in a go is answered the same, filters, ties and all."""
    documents = [Document("first", "The bank of the river. The bank lent money to the bank."), *river_documents]
    index = make_index([*documents, *(Document(str(n), "They sat on the bank of the river.") for n in range(30))])
    index.remove(["reeds", "17"])
    whole = answers(index)
    code_size = index.open_shards()[0].parameters.code_size
    monkeypatch.setattr("ctxsearch.query.ranking.BYTES_AT_ONCE", rows_at_once * code_size)
    assert answers(index) == whole


def test_many_queries_are_answered_as_each(make_index: MakeIndex, river_documents: list[Document]) -> None:
    """Each usage has the answer that it has alone, whatever word it is of and however many there are."""
    index = make_index(river_documents, shard_tokens=20)
    usages = [RIVER, MONEY, "Both [rivers] rose.", Usage("She sat on the bank of the river.", 15, 19), RIVER] * 20
    options = {"k": 3, "where": ["year>=1921"], "context": 2}
    assert index.query_many(usages) == [index.query(usage) for usage in usages]
    assert index.query_many(usages, **options) == [index.query(usage, **options) for usage in usages]  # type: ignore[arg-type]
    assert index.query_many([]) == []


@pytest.mark.parametrize("wrong", ["The [walrus] swims.", "No mark.", "The [river bank]."])
def test_a_wrong_usage_among_many_is_told_by_its_number(index: Index, wrong: str) -> None:
    """Who asks a thousand questions at once is told which of them cannot be asked."""
    with pytest.raises(QueryError) as caught:
        index.query_many([RIVER, MONEY, wrong, RIVER])
    assert caught.value.usage_number == 2


def test_vectors_do_not_depend_on_documents_before() -> None:
    """A document is encoded whole, wherever in a shard it comes, so that its shard can end anywhere before it."""
    before = Document("before", "rain " * 32_766)
    after = Document("after", "Water rose. The bank of the river broke. Nobody slept. They rowed away.")
    with built([before, after]) as one, built([before, after], shard_tokens=1) as many:
        assert one.query(RIVER) == many.query(RIVER)


@pytest.mark.parametrize("shard_tokens", [1, 2_000_000])
def test_k_cuts_the_whole_answer(make_index: MakeIndex, river_documents: list[Document], shard_tokens: int) -> None:
    """The first k lines are the first k of all lines, through ties too."""
    index = make_index(river_documents, shard_tokens=shard_tokens)
    whole = everything(index)
    # Words that share no neighbour with the query tie at 0.
    assert scores(whole).count(0) > 20
    for k in range(1, len(whole) + 2):
        assert index.query(RIVER, k=k, any_word=True) == whole[:k]
    for k in range(1, 12):
        assert index.query(RIVER, k=k) == [line for line in whole if line.lemma == "bank"][:k]
        assert index.like("reeds:18", k=k) == index.like("reeds:18", k=None)[:k]


@pytest.mark.parametrize("shard_tokens", [100, 2_000_000])
def test_ties_go_by_key(make_index: MakeIndex, shard_tokens: int) -> None:
    """Of equal sentences those with the smaller keys come first, also where k cuts through many of them."""
    names = [str(number) for number in range(60, 0, -1)]
    index = make_index(
        [Document(name, "They sat on the bank of the river.") for name in names], shard_tokens=shard_tokens
    )
    lines = index.query(RIVER, k=4)
    assert keys(lines) == ["10:16", "11:16", "12:16", "13:16"]
    assert keys(index.query(RIVER, k=None)) == sorted(f"{name}:16" for name in names)
    assert len(set(scores(lines))) == 1


def test_default_k_is_twenty(make_index: MakeIndex) -> None:
    """A query shows 20 lines unless it is told otherwise, and all with k=None."""
    index = make_index([Document(str(number), "The bank lent money.") for number in range(45)])
    assert [len(index.query(MONEY)), len(index.query(MONEY, k=None)), len(index.query(MONEY, k=100))] == [20, 45, 45]


def test_min_score_is_a_floor(index: Index) -> None:
    """Lines that score less than min_score are left out, those that score just so much are not; it is a cosine."""
    lines = index.query(RIVER)
    floor = scores(lines)[2]
    assert index.query(RIVER, min_score=floor) == lines[:3]
    assert index.query(RIVER, min_score=1) == []
    for wrong in (1.1, 2, -1.5, float("nan"), float("inf")):
        for ask in (index.query, index.query_many):
            with pytest.raises(QueryError, match=f"^A score is a number from -1 to 1, and {wrong} is none"):
                ask(RIVER, min_score=wrong)


def test_form_is_what_is_written(index: Index) -> None:
    """With form only occurrences written exactly so answer; several forms are joined."""
    assert {line.form for line in index.query(RIVER, form="banks")} == {"banks"}
    assert keys(index.query(RIVER, form=["banks", "bank"])) == keys(index.query(RIVER))
    with pytest.raises(FormNotFound, match="'bank' is never written 'Bank'; it is written bank, banks"):
        index.query(RIVER, form="Bank")
    with pytest.raises(FormNotFound, match="never written 'river'"):
        index.query(RIVER, form="river")


def test_form_given_twice_counts_once(index: Index) -> None:
    """A form that is asked for twice does not make a line come twice."""
    lines = index.query(RIVER, form="banks", any_word=True)
    assert len(lines) == 2
    assert index.query(RIVER, form=["banks", "banks"], any_word=True) == lines
    assert index.query(RIVER, form=["banks", "banks"]) == lines
    assert index.like("flood:21", form=["banks", "banks"], any_word=True) == index.like("flood:21", form="banks")


@pytest.mark.parametrize("form", ["caf\u00e9", "cafe\u0301"])
@pytest.mark.parametrize("written", ["caf\u00e9", "cafe\u0301"])
def test_form_has_one_spelling(make_index: MakeIndex, written: str, form: str) -> None:
    """An accent is the same whether it is one character with its letter or its own, in the text and in a filter."""
    index = make_index([Document("a", f"The {written} by the river.")])
    (line,) = index.query("The [caf\u00e9] of the town.", form=form)
    assert line.node == written
    assert len(index.concordance(form, form=form)) == 1


def test_any_word_searches_all_words(index: Index) -> None:
    """With any_word every word may answer, also to a word that the corpus does not have."""
    assert keys(index.query("An angler sat on the [stone] of the river.", any_word=True, k=1)) == ["angler:21"]
    assert len(everything(index)) == 85
    assert {line.form for line in index.query("[Stone]!", any_word=True, form=["river", "money"], k=None)} == {
        "river",
        "money",
    }


def test_query_takes_usage(index: Index) -> None:
    """A Usage says the same as a sentence with brackets; white space inside the brackets does no harm."""
    assert index.query(Usage("She sat on the bank of the river.", 15, 19)) == index.query(RIVER)
    assert index.query("She sat on the[ bank ]of the river.") == index.query(RIVER)


@pytest.mark.parametrize(
    ("usage", "why"),
    [
        ("They rowed to the [river bank].", "more than one word, 'river' and 'bank'"),
        ("The [bank's] roof leaked.", "more than one word, 'bank' and \"'s\""),
        ("The [river]bank.", "part of the word 'riverbank'"),
        ("The river[bank].", "part of the word 'riverbank'"),
        ("The bank[ ... ]failed.", "There is no word in what is marked"),
        ("The bank[\u200b]failed.", "There is no word in what is marked"),
        ("The bank.", "No word is marked"),
        ("The [bank] of the [river].", "2 words are marked"),
        ("The [bank of the river.", "do not pair"),
        ("The [] river.", "brackets are empty"),
        (Usage("The bank.", 4, 10), "The span 4:10 is not in the text, which has 9 characters"),
        (Usage("The bank.", 4, 4), "The span 4:4 is not in the text"),
        (Usage("The bank.", -5, -1), "The span -5:-1 is not in the text"),
        (Usage("", 0, 0), "The span 0:0 is not in the text"),
    ],
)
def test_exactly_one_word_is_marked(index: Index, usage: str | Usage, why: str) -> None:
    """What marks no word, several, or a part of one is refused, and the error quotes what was marked."""
    with pytest.raises(QueryError) as raised:
        index.query(usage)
    assert why in str(raised.value)


def test_missing_word_offers_nearest(index: Index) -> None:
    """A word that the corpus does not have is told with lemmas that are written like it."""
    for ask in (lambda: index.query("The [bnak] lent money."), lambda: index.concordance("bnak")):
        with pytest.raises(WordNotFound, match="does not have the word 'bnak'") as raised:
            ask()
        assert raised.value.word == "bnak"
        assert "bank" in raised.value.nearest
    with pytest.raises(WordNotFound) as raised:
        index.count("xyzzy")
    assert raised.value.nearest == ()


def test_nearest_words_are_the_frequent_ones(make_index: MakeIndex) -> None:
    """Of words that are written as much like the one that is not there, the most frequent is offered first."""
    index = make_index([Document("1", "A beak, a bark, a bask, a bunk; the bank, the bank.")])
    with pytest.raises(WordNotFound) as raised:
        index.count("bnak")
    assert raised.value.nearest == ("bank", "bark", "bask", "beak", "bunk")


@pytest.mark.parametrize(
    "options", [{"k": 0}, {"k": -1}, {"context": -1}, {"context": "paragraph"}, {"context": 1.5}], ids=str
)
def test_impossible_options_are_refused(index: Index, options: dict[str, object]) -> None:
    """A number of lines or a context that cannot be is a QueryError wherever it is given."""
    listed = {"limit" if name == "k" else name: value for name, value in options.items()}
    for ask in (
        lambda: index.query(RIVER, **options),  # type: ignore[arg-type]
        lambda: index.like("reeds:18", **options),  # type: ignore[arg-type]
        lambda: index.concordance("bank", **listed),  # type: ignore[arg-type]
    ):
        with pytest.raises(QueryError):
            ask()


def test_empty_index_says_so(make_index: MakeIndex) -> None:
    """A query to an index without documents says how to add some."""
    index = make_index()
    for ask in (lambda: index.query(RIVER), lambda: index.concordance("bank"), lambda: index.like("a:1")):
        with pytest.raises(QueryError, match="is empty; add documents with"):
            ask()


# --------------------------------------------------------------------------------------------------------- metadata

LIBRARY = [
    Document("a", "The bank.", {"year": 1990, "genre": "fiction", "draft": True}, title="Letters"),
    Document("b", "The bank.", {"year": "1990", "genre": "non-fiction", "draft": "true"}),
    Document("c", "The bank.", {"year": 2001.5, "genre": "", "draft": False}),
    Document("d", "The bank.", {"year": None, "genre": "O'Brien's \"x\".y -- ; %_"}),
    Document("e", "The bank."),
    Document("f", "The bank.", {"O'Brien": "x", "a.b": 1, 'quo"te': "y", "$.year": 3, "": "z", "draft": 1}),
]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("year=1990", "ab"),
        ("year = 1990.0", "a"),
        ("year==1990", "ab"),
        ("year!=1990", "cdef"),
        ("year>=1990", "ac"),
        ("year>1990", "c"),
        ("year<2001.6", "ac"),
        ("year<=-1", ""),
        ("year>=abc", ""),
        ("genre=fiction", "a"),
        ("genre = fiction ", "a"),
        ("genre!=fiction", "bcdef"),
        ("genre=", "c"),
        ("genre>=fiction", "ab"),
        ("genre=Fiction", ""),
        ("draft=true", "ab"),
        ("draft=True", "a"),
        ("draft=false", "c"),
        ("draft!=true", "cdef"),
        ("document_id=a", "a"),
        ("document_id!=a", "bcdef"),
        ("document_id>=e", "ef"),
        ("title=Letters", "a"),
        ("O'Brien=x", "f"),
        ("a.b=1", "f"),
        ("a.b>0", "f"),
        ('quo"te=y', "f"),
        ("$.year=3", "f"),
        ("genre=O'Brien's \"x\".y -- ; %_", "d"),
        ("genre=x' or '1'='1", ""),
        ("genre=%", ""),
        ("genre=fiction'; drop table documents; --", ""),
        ("genre=fiction\0", ""),
    ],
)
def test_where_filters_documents(make_index: MakeIndex, where: str, expected: str) -> None:
    """A filter compares numbers with numbers and text with text; any name and any value is just a name or a value."""
    index = make_index(LIBRARY)
    assert "".join(ids(index.concordance("bank", where=[where]))) == expected
    assert "".join(ids(index.query("The [bank].", where=[where]))) == expected
    assert index.count("bank", where=[where]) == len(expected)
    assert "".join(ids(index.like("e:4", where=[where]))) == expected.replace("e", "")
    assert [one.condition for one in index.unmet(where)] == [where][len(expected) :][:1]
    assert index.count("bank") == len(LIBRARY)


TITLED = [
    Document(
        "a", "The bank.", {"title": "Alpha", "uri": "u1", "document_id": "D1", "form": "letter"}, title="Of a file"
    ),
    Document("b", "The bank.", {"title": "Beta", "uri": "u2", "document_id": "D2"}),
    Document("c", "The bank.", {"year": 1912}, title="Gamma", uri="u3"),
]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("title=Alpha", "a"),
        ("title!=Alpha", "bc"),
        ("title=Of a file", ""),
        ("title>=Beta", "bc"),
        ("metadata.title=Gamma", ""),
        ("metadata.title!=Alpha", "bc"),
        ("uri=u1", "a"),
        ("uri!=u3", "ab"),
        ("document_id=a", "a"),
        ("document_id!=D1", "abc"),
        ("metadata.document_id=D1", "a"),
        ("metadata.document_id!=D1", "bc"),
        ("metadata.year=1912", "c"),
    ],
)
def test_metadata_may_be_called_as_what_a_document_has(make_index: MakeIndex, where: str, expected: str) -> None:
    """A title in the metadata is that of the document, and so is a URI; the id is the document's own."""
    index = make_index(TITLED, shard_tokens=1)
    assert "".join(ids(index.concordance("bank", where=where))) == expected
    assert [one.condition for one in index.unmet(where)] == [where][len(expected) :][:1]
    assert index.remove(where=where) == len(expected)


def test_an_expression_has_so_long_for_all_values(make_index: MakeIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that takes its time on each of many values is told, and not waited for."""
    index = make_index([Document(str(number), "The bank.", {"x": f"{'a' * 18}{number}"}) for number in range(300)])
    monkeypatch.setattr(where_module, "_SECONDS", 0.05)
    with pytest.raises(QueryError, match=r"The regular expression '\(a\|aa\)\+b' takes too long; write it simpler"):
        index.count("bank", where="x~(a|aa)+b")


def test_periods_are_of_numbers(make_index: MakeIndex) -> None:
    """A column that has none, and what is no column, are told, whatever the word's own documents have."""
    index = make_index([*TITLED, Document("d", "A tree.", {"since": 1950, "form": "x"})], shard_tokens=1)
    with pytest.raises(QueryError, match="The column 'title' has no numbers to make periods of"):
        index.frequencies("bank", "title:20")
    with pytest.raises(QueryError, match="No document has the column 'lemma:20'; there are: form, lemma"):
        index.frequencies("bank", "lemma:20")
    assert [(one.values, one.count) for one in index.frequencies("bank", "since:20")] == [((None,), 3)]
    assert [one.values for one in index.frequencies("bank", ["form", "metadata.form"])] == [
        ("bank", None),
        ("bank", "letter"),
    ]


def test_metadata_of_such_names_count_and_sort(make_index: MakeIndex) -> None:
    """As any column; and where no document has one, it is not named among those there are."""
    index = make_index(TITLED)
    assert [(one.values, one.count) for one in index.frequencies("bank", "title")] == [
        (("Alpha",), 1),
        (("Beta",), 1),
        (("Gamma",), 1),
    ]
    assert [one.values for one in index.frequencies("bank", ["metadata.title", "uri"])] == [
        ("Alpha", "u1"),
        ("Beta", "u2"),
        (None, "u3"),
    ]
    assert ids(index.concordance("bank", order="-metadata.title")) == ["b", "a", "c"]
    assert index.unmet("title=x")[0].documents == [("Alpha", 1), ("Beta", 1)]
    assert index.unmet("document_id=x")[0].documents == []
    bare = make_index([Document("a", "The bank.", {"year": 1912})])
    assert (bare.info().metadata_columns, bare.info().document_columns) == (["year"], ["document_id"])
    assert index.info().metadata_columns == ["document_id", "form", "title", "uri", "year"]
    assert index.info().document_columns == ["document_id", "title", "uri"]
    hidden = make_index([TITLED[0], Document("d", "The bank.", {"title": "Delta", "uri": ""}, title="d", uri="u")])
    assert hidden.info().document_columns == ["document_id"]
    titled = make_index([Document("a", "The bank.", title="Alpha", uri="u1")])
    assert (titled.info().metadata_columns, titled.info().document_columns) == ([], ["document_id", "title", "uri"])
    for where in ("titel=x", "title!=x", "uri!=x"):
        with pytest.raises(QueryError, match="there are: document_id, year"):
            bare.remove(where=where)
    assert bare.count("bank") == 1


@pytest.mark.parametrize("k", [None, 2])
def test_lines_are_sorted_by_titles_as_they_are_counted(make_index: MakeIndex, k: int | None) -> None:
    """By the title in the metadata, or else that of the document, as `frequencies` and conditions have it."""
    index = make_index([*reversed(TITLED), Document("d", "The bank.")], shard_tokens=1)
    for order, expected in [
        ("title", "abcd"),
        ("-title", "cbad"),
        ("-uri", "cbad"),
        ("metadata.title", "abcd"),
        ("-metadata.title", "bacd"),
    ]:
        found = index.concordance("bank", order=order, limit=k)
        assert "".join(ids(found)) == expected[:k]
    assert [line.metadata for line in index.concordance("bank", order="title")][2] == {"year": 1912}
    bare = make_index([Document("a", "The bank.", {"year": 1912})])
    with pytest.raises(QueryError, match=r"There is no order 'title'; use .*document_id, year"):
        bare.concordance("bank", order="title")


def test_a_document_comes_back_as_it_was_read(make_index: MakeIndex) -> None:
    """Its text to the character, wherever it was cut; of one that was replaced the newer, and none that was removed."""
    text = "  The bank.  \u2028A river.\r\n\n \n\U0001f40c Banks\u0301 \n\n"
    documents = [Document("a", text, {"year": 1912}, title="Letters", uri="u1"), *LIBRARY[1:]]
    index = make_index(documents, shard_tokens=1)
    assert [index.document(one.document_id) for one in documents] == documents
    index.add([Document("a", "Another bank.")], replace=True)
    assert index.document("a") == Document("a", "Another bank.")
    index.remove("a")
    for name in ("a", "nothing", ""):
        with pytest.raises(DocumentNotFound, match=rf"^The index has no document '{name}'\.$"):
            index.document(name)


def test_all_filters_must_hold(make_index: MakeIndex) -> None:
    """Several filters are joined by and, also in several shards."""
    index = make_index(LIBRARY, shard_tokens=1)
    assert ids(index.concordance("bank", where=["year>=1990", "genre!=fiction"])) == ["c"]
    assert index.concordance("bank", where=["year<1990", "year>1990"]) == []


def test_conditions_that_exclude_each_other_are_told(make_index: MakeIndex) -> None:
    """A document has one value in a column: two that are asked for are named, with what asks for either."""
    genres = ("a.b", "c", "c", "d-(e)")
    documents = [
        Document(f"{n}", "A bank.", {"genre": genre, "year": 1990 + n % 2, "part": n}) for n, genre in enumerate(genres)
    ]
    index = make_index(documents, shard_tokens=2)
    (unmet,) = index.unmet(["genre=a.b", "year=1990", "metadata.genre=a.b", "genre=c", "genre=a.b"])
    assert (unmet.condition, unmet.beside, unmet.either) == ("genre=c", "genre=a.b", r"genre~a\.b|c")
    assert unmet.documents == [("c", 2), ("a.b", 1), ("d-(e)", 1)]
    assert index.count("bank", where=unmet.either) == 3
    assert index.count("bank", where=[r"genre!~a\.b|c", "year=1991"]) == 1
    assert [one.beside for one in index.unmet(["genre=a.b", "metadata.genre=c"])] == ["genre=a.b"]
    assert index.unmet(["year=1990", "year=1990.0", "genre!=c", "genre=d-(e)", "part=3"]) == []
    assert [one.condition for one in index.unmet(["genre=x", "genre=c", "genre~d.*"])] == ["genre=x"]
    told = command("concordance", index.path, "bank", "--where", "genre=c", "--where", "genre=d-(e)").stderr
    assert told == "No document meets both 'genre=c' and 'genre=d-(e)'; for either, write 'genre~c|d-\\(e\\)'.\n"
    told = command("concordance", index.path, "bank", "--where", "year>=1990 and genre=c").stderr
    assert told == "No document meets 'year>=1990 and genre=c'; give 2 conditions: 'year>=1990' and 'genre=c'.\n"
    assert index.count("bank", where=r"genre~c|d-\(e\)") == 3
    wrong = command("concordance", index.path, "bank", "--where", "genre~(")
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert wrong.stderr.startswith("Error: The filter 'genre~(' cannot be read: the regular expression")
    assert index.remove(where="genre~[cd].*") == 3
    assert index.unmet("genre~c")[0].documents == [("a.b", 1)]


def test_conditions_that_no_document_meets_are_told(make_index: MakeIndex) -> None:
    """Each by itself, with what there is in its column, the most frequent first; documents taken out count no more."""
    index = make_index(LIBRARY, shard_tokens=1)
    index.subcorpora().save("new", ["year>3000", "draft=true"])
    (unmet,) = index.unmet(["@new", "genre!=fiction", "year>3000"])
    assert (unmet.condition, unmet.column) == ("year>3000", "year")
    assert unmet.documents == [("1990", 2), ("2001.5", 1)]
    assert [one.documents for one in index.unmet(["draft=maybe", "title=Poems"])] == [
        [("true", 2), ("1", 1), ("false", 1)],
        [],
    ]
    index.remove(["a", "b"])
    assert [(one.condition, one.documents) for one in index.unmet(["draft=true"])] == [
        ("draft=true", [("1", 1), ("false", 1)])
    ]
    assert index.unmet([]) == []
    assert make_index().unmet("year>3000") == []
    assert index.unmet("year>=1950 and genre=fiction")[0].apart == ["year>=1950", "genre=fiction"]
    assert [index.unmet(f"genre=a and {what}")[0].apart for what in ("b", "colour=red")] == [[], []]
    with pytest.raises(QueryError, match="No document has the column 'colour'"):
        index.unmet("colour=red")


@pytest.mark.parametrize("where", ["year2>=1990", "genre' or 1=1 --=x", "json(1)=1", "document=0"])
def test_unknown_column_is_told(make_index: MakeIndex, where: str) -> None:
    """A column that no document has is an error that lists those there are, never a silent nothing."""
    with pytest.raises(QueryError, match=r"there are: .*draft, genre") as raised:
        make_index(LIBRARY).query("The [bank].", where=[where])
    assert "No document has the column" in str(raised.value)


@pytest.mark.parametrize("where", ["year", "", "=1990", "!=", ">=2000"])
def test_unreadable_filter_is_told(index: Index, where: str) -> None:
    """A filter without a column or an operator is quoted, with an example of a good one."""
    with pytest.raises(QueryError, match="cannot be read; write COLUMN OPERATOR VALUE"):
        index.query(RIVER, where=[where])


def test_metadata_comes_with_the_line(make_index: MakeIndex) -> None:
    """A line carries its document's metadata as it was given, types included."""
    index = make_index(LIBRARY, shard_tokens=1)
    metadata = [dict(line.metadata) for line in index.concordance("bank")]
    assert [json.dumps(one) for one in metadata] == [json.dumps(document.metadata) for document in LIBRARY]
    assert index.info().metadata_columns[:1] == [""]
    assert {"$.year", "O'Brien", "a.b", "draft", "genre", 'quo"te', "year"} < set(index.info().metadata_columns)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_metadata_that_json_has_no_word_for_is_refused(make_index: MakeIndex, value: float) -> None:
    """NaN and infinity in metadata are refused when they come, for no filter could be used over them."""
    index = make_index()
    with pytest.raises(SourceError, match="size"):
        index.add([Document("a", "The bank.", {"size": 1}), Document("b", "The bank.", {"size": value})])
    assert ids(index.concordance("bank", where=["size=1"])) == ["a"]


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


# ------------------------------------------------------------------------------------------------------------- like


def test_like_finds_what_is_like_without_it(index: Index) -> None:
    """Lines like a line come nearest first, and the line itself is not among them."""
    lines = index.like("angler:21")
    assert keys(lines[:3]) == ["reeds:18", "rowing:18", "flood:21"]
    assert scores(lines[:2]) == pytest.approx([7 / 8, 6 / 8], abs=1e-3)
    assert keys(lines) == [line.key for line in index.query(RIVER) if line.key != "angler:21"]


def test_like_needs_no_model(index: Index) -> None:
    """Vectors that are there need no model: like and concordance work whatever the model is."""
    other = Index.open(index.path, encoder=WindowEncoder("another"))
    assert other.like("angler:21") == index.like("angler:21")
    assert other.concordance("bank") == index.concordance("bank")


def test_several_keys_are_taken_together(index: Index, river_documents: list[Document]) -> None:
    """The query of several keys is the mean of their vectors, and none of them is among the lines."""
    vectors = {use.key: use.vector for document in river_documents for use in uses(document)}
    mean = (vectors["angler:21"] + vectors["rates:4"]) / 2
    found = {line.key: line.score for line in index.like(["angler:21", "rates:4"])}
    assert len(found) == 8
    assert not {"angler:21", "rates:4"} & found.keys()
    assert found["reeds:18"] == pytest.approx(float(mean @ vectors["reeds:18"] / np.linalg.norm(mean)), abs=1e-3)


@pytest.mark.parametrize("codec", ["fp16", "sq8", "sq4"])
def test_vectors_of_lines_have_the_scores_as_products(
    make_index: MakeIndex, river_documents: list[Document], codec: str
) -> None:
    """A row for each line or key, in whatever order and shard, as often as it is given."""
    index = make_index(river_documents, codec=codec, shard_tokens=30)
    lines = index.query(RIVER, k=None)
    vectors = index.vectors([*lines, lines[1].key, lines[0]])
    assert (vectors.dtype, vectors.shape) == (np.float32, (len(lines) + 2, 64))
    products = vectors @ index.embed(RIVER)[0]
    np.testing.assert_allclose(products[:-2].clip(max=1), scores(lines), atol=1e-6)
    np.testing.assert_array_equal(vectors[-2:], vectors[[1, 0]])
    if codec == "fp16":
        own = {use.key: use.vector for document in river_documents for use in uses(document)}
        np.testing.assert_allclose(vectors[:-2], [own[line.key] for line in lines], atol=1e-3)
    assert index.vectors([]).shape == (0, 64)
    assert index.vectors(lines[0]).shape == (1, 64)
    with pytest.raises(KeyNotFound):
        index.vectors(["reeds:17"])


class NearEncoder(WindowEncoder):
    """Gives all words vectors that are nearly the same, by the last word of their passage."""

    def _count(self, words: Sequence[str]) -> np.ndarray:
        number = int(words[-1])
        # Whose components lie apart, so that steps between codes are wide.
        near = np.random.default_rng(number % 2).normal(size=self.dimension)
        vector = near + 0.1 * np.random.default_rng(number).normal(size=self.dimension)
        return np.tile((vector / np.linalg.norm(vector)).astype(np.float32), (len(words), 1))


def test_pages_are_parts_of_the_whole(tmp_path: Path) -> None:
    """Also where a codec makes many scores of more than 1, of which a line tells 1."""
    numbers = [f"{one:02}" for one in range(40)]
    with Index.create(tmp_path / "index", encoder=NearEncoder(), codec="sq4") as index:
        index.add([Document(one, f"The bank opens on day {one}") for one in numbers])
        beyond = 0
        for number in numbers:
            whole = index.like(f"{number}:4", k=None)
            pages = [index.like(f"{number}:4", k=3, offset=offset) for offset in range(0, 39, 3)]
            assert [line for page in pages for line in page] == whole
            beyond += scores(whole).count(1.0) > 3
    assert beyond > 3


def test_unlike_moves_away(index: Index) -> None:
    """What is like an unlike line falls, and the unlike line is left out."""
    plain = {line.key: line.score or 0 for line in index.like(["reeds:18", "rates:4"])}
    away = {line.key: line.score or 0 for line in index.like(["reeds:18", "rates:4"], unlike="loan:4")}
    assert "loan:4" in plain
    assert "loan:4" not in away
    assert away["savings:14"] < plain["savings:14"]
    assert away["angler:21"] / plain["angler:21"] > 2 * away["savings:14"] / plain["savings:14"]


def test_keys_of_several_words_search_them_all(index: Index) -> None:
    """Like searches the words of the keys and no other, unless it is told to search any word."""
    assert {line.lemma for line in index.like(["reeds:18", "rowing:30"], k=None)} == {"bank", "river"}
    assert {line.lemma for line in index.like(["reeds:18", "rates:4"], k=None)} == {"bank"}
    assert len(index.like("reeds:18", any_word=True, k=None)) == 84


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("reeds:17", "no word begins there"),
        ("reeds:19", "no word begins there; it is inside 'bank', whose key is 'reeds:18'"),
        ("reeds:21", "no word begins there; it is inside 'bank', whose key is 'reeds:18'"),
        ("reeds:22", "no word begins there"),
        ("reeds:35", "no word begins there"),
        ("reeds:9999", "no word begins there"),
        ("nowhere:4", "the index has no document 'nowhere'"),
        ("reeds", "it does not end in a colon and a number"),
        ("reeds:", "it does not end in a colon and a number"),
        ("reeds:-1", "it does not end in a colon and a number"),
        ("reeds:018", "its number is written with zeros before it"),
        ("reeds:\u0661\u0668", "it does not end in a colon and a number"),
        ("reeds:1" + "0" * 30, "it does not end in a colon and a number"),
        ("", "it does not end in a colon and a number"),
    ],
)
def test_unknown_key_is_told(index: Index, key: str, why: str) -> None:
    """A key that leads to no occurrence is told with the reason, liked or not."""
    for ask in (lambda: index.like(key), lambda: index.like("reeds:18", unlike=[key])):
        with pytest.raises(KeyNotFound) as raised:
            ask()
        assert (raised.value.key, raised.value.why) == (key, why)


def test_like_needs_a_key(index: Index) -> None:
    """Like without a key is told so, not answered with anything."""
    with pytest.raises(QueryError, match="at least one line"):
        index.like([], unlike="reeds:18")


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


# ---------------------------------------------------------------------------------------------------- embed and info


def test_embed_gives_unit_vectors(index: Index) -> None:
    """Embed gives one vector of unit length for each usage, made of its word's neighbours."""
    vectors = index.embed([MONEY, RIVER, Usage("The bank lent her money.", 4, 8)])
    assert (vectors.shape, vectors.dtype) == ((3, 64), np.float32)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1, 1])
    neighbours = sorted(WindowEncoder.component(form) for form in ("the", "lent", "her", "money"))
    assert np.flatnonzero(vectors[0]).tolist() == neighbours
    assert vectors[0, neighbours].tolist() == [0.5] * 4
    assert (vectors[0] == vectors[2]).all()
    assert index.embed([]).shape == (0, 64)


def test_embed_keeps_the_order_of_many(index: Index) -> None:
    """Many usages, more than are encoded at once, come back in their order."""
    usages = [f"The [bank] number {number} lent money." for number in range(600)]
    vectors = index.embed(usages)
    assert all((vectors[number] == index.embed([usages[number]])[0]).all() for number in (0, 255, 256, 511, 512, 599))


def test_word_without_piece_is_counted_and_told(make_index: MakeIndex) -> None:
    """A word that the model has no piece for is counted, has no line and no vector, and a query for it says so."""
    index = make_index([Document("a", "The bank \ufffd fell.")], punctuation=True)
    info = index.info()
    assert (info.words, info.occurrences, info.without_vector) == (5, 4, 1)
    assert [line.node for line in sorted(everything(index), key=lambda line: line.start)] == [
        "The",
        "bank",
        "fell",
        ".",
    ]
    with pytest.raises(QueryError, match="The model has no piece for '\ufffd', so it has no vector"):
        index.embed(["The [\ufffd] fell."])
    with pytest.raises(KeyNotFound, match="the model gave that word no vector"):
        index.like("a:9")


def test_info_counts(make_index: MakeIndex) -> None:
    """Info counts what a person counts."""
    documents = [
        Document("a", "The banks rose. The river fell.", {"year": 1908}),
        Document("b", " \n"),
        Document("c", "It fell.", {"genre": "news"}),
    ]
    index = make_index(documents, shard_tokens=6)
    info = index.info()
    assert (info.documents, info.documents_removed, info.segments, info.shards) == (2, 0, 3, 2)
    assert (info.words, info.occurrences, info.without_vector) == (8, 8, 0)
    assert info.lemmas == len({"the", "bank", "rise", "river", "fall", "it"})
    assert {"year", "genre"} <= set(info.metadata_columns)
    assert "document_id" in info.document_columns
    assert info.bytes == sum(path.stat().st_size for path in index.path.glob("shard-*/*"))
    assert (info.path, info.unfinished) == (str(index.path), False)
    assert (info.settings["model"], info.settings["dimension"]) == ("window", 64)


def test_report_tells_what_was_done(make_index: MakeIndex) -> None:
    """The report of a run counts documents and words, those left out, and the bytes that the shards take."""
    index = make_index()
    report = index.add([*texts("The bank.", "", "\n\t", "It fell."), Document("a", "Again.")], shard_tokens=2)
    assert (report.documents, report.words, report.shards) == (2, 4, 2)
    assert (report.skipped, report.refused, report.repeated) == ({"empty": 2}, [], ["a"])
    assert (report.replaced, report.unchanged, report.without_vector) == (0, 0, 0)
    assert report.bytes == sum(path.stat().st_size for path in index.path.glob("shard-*/*"))


def test_report_tells_words_unknown_to_the_model(tmp_path: Path, folders: dict[str, Path]) -> None:
    """Words that the model has no piece of their own for have vectors, and are counted in what a run tells."""
    with Index.create(tmp_path / "index", model=str(folders["bert-uncased"]), window=24) as index:
        report = index.add(texts("The λόγος by the river bank.", "λόγος.", "The river."), shard_tokens=2)
        assert (report.words, report.unknown, report.without_vector) == (9, 2, 0)
        assert index.count("λόγος") == 2
        assert index.add(texts("The river.")).unknown == 0


def test_empty_index_has_an_info(make_index: MakeIndex) -> None:
    """Info also tells how an index was made that holds nothing yet."""
    info = make_index().info()
    assert (info.documents, info.words, info.shards, info.commit) == (0, 0, 0, 0)
    assert info.settings["model"] == "window"


# --------------------------------------------------------------------------------------------------- making, opening


def test_reopened_index_answers_the_same(make_index: MakeIndex, river_documents: list[Document]) -> None:
    """Closing an index and opening it again changes nothing."""
    first = Document("first", "The bank of the river lent money. Bank!", {"year": 1953})
    for codec in ("fp16", "sq8", "sq6", "sq4"):
        index = make_index([first, *river_documents], shard_tokens=SHARD_TOKENS, codec=codec)
        before = answers(index), index.info()
        index.close()
        with reopened(index) as again:
            assert (answers(again), again.info()) == before


@pytest.mark.parametrize(("codec", "size", "tolerance"), [("sq8", 64, 0.03), ("sq6", 48, 0.1), ("sq4", 32, 0.3)])
def test_codecs_answer_nearly_as_fp16(
    make_index: MakeIndex, river_documents: list[Document], codec: str, size: int, tolerance: float
) -> None:
    """A codec gives every line nearly the score that half precision gives it, in less space."""
    fp16, short = make_index(river_documents), make_index(river_documents, codec=codec)
    expected = {line.key: line.score for line in everything(fp16)}
    assert {line.key: line.score for line in everything(short)} == pytest.approx(expected, abs=tolerance)
    assert keys(short.query(RIVER, k=4)) == keys(fp16.query(RIVER, k=4))
    sizes = [sum(path.stat().st_size for path in index.path.glob("shard-*/vectors.dat")) for index in (fp16, short)]
    assert sizes == [85 * (128 + 8), 85 * (size + 8)]


@pytest.mark.parametrize("codec", ["sq8", "sq6", "sq4"])
def test_codec_is_trained_once(make_index: MakeIndex, codec: str) -> None:
    """Shards added at different times have the same ranges, so equal sentences tie exactly."""
    index = make_index(texts("The bank lent money."), codec=codec)
    reopened(index).add([Document("z", "The bank lent money."), Document("y", "A river bank fell.")])
    first, second, _ = reopened(index).query(MONEY)
    assert (first.document_id, second.document_id) == ("a", "z")
    assert first.score == second.score


def test_same_documents_give_same_bytes(make_index: MakeIndex, river_documents: list[Document]) -> None:
    """The same documents built twice give the same shards, byte for byte."""
    for codec in ("fp16", "sq8", "sq6", "sq4"):
        contents = [
            {path.relative_to(index.path): path.read_bytes() for path in index.path.glob("shard-*/*")}
            for index in (make_index(river_documents, shard_tokens=SHARD_TOKENS, codec=codec) for _ in range(2))
        ]
        assert len(contents[0]) == 4 * len(["vectors.dat", "lists.npy", "catalog.sqlite", "shard.json"])
        assert contents[0] == contents[1]


def test_index_is_made_once(index: Index, make_index: MakeIndex) -> None:
    """An index that has a commit is not made again; one that holds nothing yet may be, with other settings."""
    before = state(index)
    with pytest.raises(IndexExists, match="already"):
        Index.create(index.path, encoder=WindowEncoder("other"))
    assert state(reopened(index)) == before
    empty = make_index(codec="sq8")
    assert Index.create(empty.path, encoder=WindowEncoder()).settings.codec == "fp16"
    assert Index.open(empty.path).settings.codec == "fp16"


def test_index_without_settings_is_not_made_over(index: Index) -> None:
    """Where commits are but the settings are lost, no other index is made over them."""
    (index.path / "ctxsearch.json").unlink()
    with pytest.raises((IndexExists, IndexDamaged)):
        Index.create(index.path, encoder=WindowEncoder())


def test_wrong_settings_are_value_errors(tmp_path: Path) -> None:
    """Settings that cannot be are refused before anything is made."""
    for option, value in (("codec", "zip"), ("pooling", "max"), ("language", "?")):
        with pytest.raises(ValueError, match=value.replace("?", r"\?")):
            Index.create(tmp_path / "index", encoder=WindowEncoder(), **{option: value})  # type: ignore[arg-type]
    assert not (tmp_path / "index").exists()


def test_missing_index_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening what is no index names the path and the indexes there are; a bare name means one of these."""
    monkeypatch.setenv("CTXSEARCH_INDEXES", str(tmp_path))
    Index.create("letters", encoder=WindowEncoder()).add(texts("The bank."))
    assert (tmp_path / "letters" / "ctxsearch.json").is_file()
    assert Index.open("letters").count("bank") == 1
    with pytest.raises(IndexNotFound, match="indexes found: letters"):
        Index.open("lettres")
    with pytest.raises(IndexNotFound):
        Index.open(tmp_path / "lettres")


def test_index_of_newer_format_is_told(index: Index) -> None:
    """An index that a newer ctxsearch made is refused, to readers and to writers who open it."""
    path = index.path / "ctxsearch.json"
    path.write_text(path.read_text().replace('"format_version": 4', '"format_version": 5'))
    with pytest.raises(FormatTooNew, match="format version 5"):
        reopened(index)


def test_other_model_is_told(index: Index, river_documents: list[Document]) -> None:
    """A model that is not the index's own is refused wherever vectors would meet, and nothing is changed."""
    before = state(index)
    other = Index.open(index.path, encoder=WindowEncoder("another model"))
    for ask in (
        lambda: other.query(RIVER),
        lambda: other.embed([RIVER]),
        lambda: other.add([Document("new", "The bank.")]),
    ):
        with pytest.raises(SettingsMismatch, match=r"was made with the model window \(window-encod") as raised:
            ask()
        assert "another mode" in str(raised.value)
    assert state(reopened(index)) == before


# ----------------------------------------------------------------------------------------------------------- adding


def test_known_ids_are_refused(index: Index) -> None:
    """Documents whose ids are there, or come twice, are refused by name, and what was there is as before."""
    before = state(index)
    report = index.add([Document("reeds", "Another text."), Document("tea", "She poured the tea and cut the bread.")])
    assert (report.documents, report.refused, report.refused_count) == (0, ["reeds", "tea"], 2)
    assert state(index) == state(reopened(index)) == before
    report = index.add([Document("new", "The first bank."), Document("new", "The second bank.")])
    assert (report.documents, report.refused, report.repeated, report.repeated_count) == (1, [], ["new"], 1)
    assert [line.left for line in index.concordance("bank", where=["document_id=new"])] == ["The first "]


def test_refused_ids_are_listed_up_to_a_hundred(make_index: MakeIndex) -> None:
    """Of many refused ids a hundred are named, and all are counted."""
    documents = [Document(str(number), "The bank.") for number in range(150)]
    others = [Document(str(number), "The river.") for number in range(150)]
    report = make_index(documents).add(others)
    assert (list(report.refused), report.refused_count) == ([str(number) for number in range(100)], 150)


def test_replaced_document_is_gone_at_once(index: Index) -> None:
    """A document that is replaced is in no answer any more, and its new text is in all."""
    report = index.add([Document("reeds", "A heron sat on the bank of the river.", {"year": 2020})], replace=True)
    assert (report.documents, report.replaced, report.refused_count) == (1, 1, 0)
    for one in (index, reopened(index)):
        assert keys(one.query(RIVER, k=2)) == ["angler:21", "reeds:19"]
        for lines in (one.query(RIVER, k=None), everything(one), one.concordance("bank"), one.like("angler:21")):
            assert {line.metadata["year"] for line in lines if line.document_id == "reeds"} == {2020}
        with pytest.raises(WordNotFound):
            one.concordance("grow")
        assert one.count("bank") == 10
        assert one.concordance("bank", where=["year=1921"]) == []
        assert one.like("reeds:19", k=1)[0].key == "angler:21"
        with pytest.raises(KeyNotFound, match="no word begins there"):
            one.like("reeds:18")
        assert (one.info().documents, one.info().documents_removed) == (9, 1)


def test_document_is_replaced_again_and_again(make_index: MakeIndex) -> None:
    """Of a document that is replaced several times only the last text is left, in whichever shard it is."""
    index = make_index(texts("The bank of the river.", "The bank."))
    for number in range(3):
        index.add([Document("a", f"The bank number {number}.")], replace=True, shard_tokens=1)
    assert [(line.document_id, line.right) for line in index.concordance("bank")] == [("b", "."), ("a", " number 2.")]
    assert (index.info().documents, index.info().documents_removed) == (2, 3)


VERSIONS = [
    Document("a", "A heron sat on the bank."),
    Document("b", "The bank lent money."),
    Document("a", "Two otters swam to the bank."),
    Document("c", "Reeds grew there."),
    Document("a", "The bank failed."),
    Document("c", " "),
    Document("d", "It fell."),
    Document("d", ""),
    Document("d", "It rose."),
    Document("d", "It rose."),
]


@pytest.mark.parametrize("shard_tokens", [1, 12, 1000])
@pytest.mark.parametrize("stopped_after", [0, 4, 9])
def test_last_of_several_versions_stays(make_index: MakeIndex, shard_tokens: int, stopped_after: int) -> None:
    """With replace, of documents with one id the last stays: in one shard, in several, and when a run goes on."""
    index = make_index()
    with pytest.raises(RuntimeError):
        index.add(broken_off(VERSIONS[:stopped_after], RuntimeError()), replace=True, shard_tokens=shard_tokens)
    report = index.add(VERSIONS, replace=True, shard_tokens=shard_tokens)
    assert (report.repeated_count, report.refused_count, report.removed, report.skipped) == (0, 0, 2, {})
    assert report.documents + report.unchanged == 8
    last = make_index([VERSIONS[1], VERSIONS[4], VERSIONS[8]])
    for one in (index, reopened(index)):
        assert sorted(line.key for line in everything(one)) == sorted(line.key for line in everything(last))
        assert one.document("a").text == "The bank failed."
        assert one.info().documents == 3
    assert Index.verify(index.path, encoder=WindowEncoder()).problems == []
    index.compact()
    assert sorted(line.key for line in everything(index)) == sorted(line.key for line in everything(last))
    assert (index.info().documents, index.info().documents_removed) == (3, 0)
    assert index.add([VERSIONS[1], VERSIONS[4], VERSIONS[8]]).unchanged == 3


def test_replaced_text_counts_no_more(make_index: MakeIndex) -> None:
    """What `info` counts after a replacement is what an index of the new texts alone counts."""
    index = make_index(texts("The old heron sat on the bank.", "A river."))
    index.add([Document("a", "A young \u200b otter swam.")], replace=True)
    fresh = make_index([Document("b", "A river."), Document("a", "A young \u200b otter swam.")])
    counts = ("documents", "segments", "words", "occurrences", "without_vector", "lemmas")
    assert [getattr(index.info(), name) for name in counts] == [getattr(fresh.info(), name) for name in counts]


def test_word_of_replaced_text_is_not_found(make_index: MakeIndex) -> None:
    """A word that only a replaced text had is not in the corpus any more, and is not offered as a near one."""
    index = make_index(texts("A heron sat. The bank.", "Herring swam."))
    index.add([Document("a", "The bank.")], replace=True)
    for ask in (
        lambda: index.concordance("heron"),
        lambda: index.query("The [heron] sat."),
        lambda: index.count("herons"),
    ):
        with pytest.raises(WordNotFound):
            ask()
    with pytest.raises(WordNotFound) as raised:
        index.query("The [herony] sat.")
    assert "heron" not in raised.value.nearest


def test_empty_text_takes_the_other_out(index: Index) -> None:
    """With replace, a document whose text is empty now leaves nothing of the one that had its id, which is told."""
    report = index.add([Document("reeds", "  \n"), Document("new", "")], replace=True)
    assert (report.documents, report.replaced, report.removed, report.skipped) == (0, 0, 1, {"empty": 1})
    assert index.info().documents == 8
    assert "reeds" not in ids(reopened(index).concordance("bank"))
    assert index.add([Document("reeds", " ")]).skipped == {"empty": 1}


def test_unchanged_document_is_not_replaced(index: Index, river_documents: list[Document]) -> None:
    """Replacing a document by itself does nothing; a change of metadata or title alone is a change."""
    before = state(index)
    report = index.add(river_documents, replace=True)
    assert (report.documents, report.replaced, report.unchanged) == (0, 0, 9)
    assert state(reopened(index)) == before
    tea = river_documents[-1]
    assert index.add([replace(tea, metadata={"year": 1922})], replace=True).replaced == 1
    assert index.add([replace(tea, title="Tea")], replace=True).replaced == 1


def test_shards_must_have_room(index: Index) -> None:
    """A shard of no words is refused."""
    with pytest.raises(ValueError, match="cannot have 0 words"):
        index.add([], shard_tokens=0)


def test_progress_counts_words(make_index: MakeIndex, river_documents: list[Document]) -> None:
    """Progress never goes back, and ends with all words that were added."""
    seen: list[Progress] = []
    make_index().add(river_documents, shard_tokens=SHARD_TOKENS, on_progress=seen.append)
    assert [one.done for one in seen] == sorted(one.done for one in seen)
    assert (seen[-1].stage, seen[-1].done) == ("commit", 85)


@pytest.mark.parametrize(
    "bad",
    [
        Document("bad", "The \ud800 bank."),
        Document("bad\udfff", "The bank."),
        Document("bad", "The bank.", title="\ud800"),
        Document("bad", "The bank.", uri="\ud800"),
        Document("bad", "The bank.", {"name": "\ud800"}),
        Document("bad", "The bank.", {"\ud800": "name"}),
    ],
    ids=["text", "id", "title", "uri", "metadata value", "metadata name"],
)
def test_lone_surrogate_is_refused(make_index: MakeIndex, bad: Document) -> None:
    """A document that is no valid Unicode anywhere is a SourceError, and what came before it is kept."""
    index = make_index()
    with pytest.raises(SourceError, match="bad"):
        index.add([*texts("The bank.", "The river bank."), bad, Document("c", "The bank.")])
    for one in (index, reopened(index)):
        assert ids(one.concordance("bank")) == ["a", "b"]


# ------------------------------------------------------------------------------------------------ what goes wrong


def broken_off(documents: Sequence[Document], error: BaseException) -> Iterator[Document]:
    yield from documents
    raise error


@pytest.mark.parametrize(
    ("error", "kept"),
    [(KeyboardInterrupt(), 5), (RuntimeError("bug"), 6), (SourceError("letters.txt", "it cannot be read"), 6)],
    ids=["stopped", "failed", "unreadable"],
)
def test_broken_run_is_resumed(
    make_index: MakeIndex, river_documents: list[Document], error: BaseException, kept: int
) -> None:
    """A run that breaks off leaves its last commit; the next run goes on, and ends where an undisturbed one ends."""
    index = make_index()
    with pytest.raises(type(error)):
        index.add(broken_off(river_documents[:6], error), shard_tokens=SHARD_TOKENS)
    for one in (index, reopened(index)):
        assert {line.document_id for line in everything(one)} == {one.document_id for one in river_documents[:kept]}
        assert (one.info().documents, one.info().unfinished) == (kept, True)
    report = reopened(index).add(river_documents, shard_tokens=SHARD_TOKENS)
    assert (report.unchanged, report.documents, report.refused_count) == (kept, 9 - kept, 0)
    undisturbed = make_index(river_documents, shard_tokens=SHARD_TOKENS)
    assert everything(reopened(index)) == everything(undisturbed)
    assert index.info().unfinished is True
    assert reopened(index).info().unfinished is False


def test_what_is_there_is_passed_over(index: Index, river_documents: list[Document]) -> None:
    """Documents that are there, just so, are passed over by every run, whatever came between; others are refused."""
    with pytest.raises(KeyboardInterrupt):
        index.add(broken_off(texts("The bank.", "The river."), KeyboardInterrupt()), shard_tokens=1)
    assert index.add([Document("other", "The other bank.")]).documents == 1
    report = index.add(texts("The bank.", "The river.", "The end."))
    assert (report.unchanged, report.documents, report.refused_count) == (2, 1, 0)
    report = index.add(texts("The bank.", "Another river."))
    assert (report.unchanged, report.documents, report.refused) == (1, 0, ["b"])


def test_broken_encoder_ends_the_run_without_its_shard(make_index: MakeIndex) -> None:
    """An error that is not the source's commits nothing half encoded: the next run takes the same documents."""

    class Broken(WindowEncoder):
        calls = 0

        def encode(self, passages: Sequence[Sequence[Segment]]) -> Encoded:
            self.calls += 1
            if self.calls == 1:
                raise ModelError("window", "it broke.")
            return super().encode(passages)

    index = make_index(encoder=Broken())
    with pytest.raises(ModelError):
        index.add(texts("The bank.", "The river bank."))
    assert index.is_new
    assert index.add(texts("The bank.", "The river bank.")).documents == 2
    assert index.count("bank") == 2


def test_run_stopped_before_its_first_commit_leaves_nothing(make_index: MakeIndex) -> None:
    """A run that is stopped before it has committed anything leaves an empty index, which can be added to."""
    index = make_index()
    with pytest.raises(KeyboardInterrupt):
        index.add(broken_off(texts("The bank."), KeyboardInterrupt()))
    assert sorted(path.name for path in index.path.iterdir()) == ["ctxsearch.json", "lock"]
    assert index.add(texts("The bank.")).documents == 1


def test_stopped_replacement_changes_nothing(index: Index) -> None:
    """A document whose replacement was not committed is still there."""
    before = state(index)
    with pytest.raises(KeyboardInterrupt):
        index.add(broken_off([Document("reeds", "No word.")], KeyboardInterrupt()), replace=True)
    assert state(index) == state(reopened(index)) == before


def test_leftovers_are_cleaned_by_next_writer(index: Index, tmp_path: Path) -> None:
    """What a killed writer left is removed by the next writer, not by readers; and nothing else is."""
    before = state(index)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "kept").write_bytes(b"")
    for name in (".tmp-shard", "shard-0123456789abcdef", "notes", "shard-mine"):
        (index.path / name).mkdir()
        (index.path / name / "vectors.dat").write_bytes(b"half")
    (index.path / ".tmp-7-commit-00000009.json").write_bytes(b"half")
    (index.path / "shard-fedcba9876543210").symlink_to(tmp_path / "elsewhere")
    (index.path / "senses.sqlite").write_bytes(b"")
    everything(reopened(index))
    assert (index.path / ".tmp-shard").exists()
    index.add([])
    files, lines = state(index)
    assert sorted({*files} - {*before[0]}) == ["notes", "senses.sqlite", "shard-mine"]
    assert lines == before[1]
    assert (tmp_path / "elsewhere" / "kept").exists()


KILL_ITSELF = """
import os, signal, sys
from ctxsearch import Document, Index
from conftest import WindowEncoder

def documents():
    for line in sys.stdin:
        yield Document(*eval(line))
    os.kill(os.getpid(), signal.SIGKILL)

Index.create(sys.argv[1], encoder=WindowEncoder(), model="window").add(documents(), shard_tokens=int(sys.argv[2]))
"""


def test_killed_build_is_resumed(make_index: MakeIndex, river_documents: list[Document], tmp_path: Path) -> None:
    """A build killed in the middle of a shard leaves its commits, a free lock, and rubbish that the next one clears."""
    lines = [repr((one.document_id, one.text, dict(one.metadata))) + "\n" for one in river_documents[:6]]
    done = subprocess.run(
        [sys.executable, "-c", KILL_ITSELF, str(tmp_path / "killed"), str(SHARD_TOKENS)],
        input="".join(lines),
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == -signal.SIGKILL
    assert (tmp_path / "killed" / ".tmp-shard" / "catalog.sqlite").exists()
    killed = Index.open(tmp_path / "killed", encoder=WindowEncoder())
    assert killed.info().documents == 5
    assert killed.add(river_documents, shard_tokens=SHARD_TOKENS).unchanged == 5
    undisturbed = make_index(river_documents, shard_tokens=SHARD_TOKENS)
    assert everything(killed) == everything(undisturbed)
    assert [path for path in killed.path.iterdir() if path.name.startswith(".tmp-")] == []


def test_one_writer_at_a_time(index: Index) -> None:
    """While one writes another is refused, by add and by create, and readers read what was committed."""
    before = everything(index)

    def documents() -> Iterator[Document]:
        yield Document("new", "The bank of the river.")
        with pytest.raises(IndexLocked, match=rf"process {os.getpid()} \(this one: another thread,"):
            reopened(index).add(texts("The bank."))
        assert everything(reopened(index)) == before
        yield Document("newer", "The river.")

    assert index.add(documents()).documents == 2
    assert reopened(index).add(texts("The bank.")).documents == 1


def test_reader_keeps_its_commit(index: Index) -> None:
    """An index that is open goes on seeing the commit it was opened at, whatever another adds or replaces."""
    reader, lazy = reopened(index), reopened(index)
    before = everything(reader)
    for number in range(4):
        reopened(index).add([Document("reeds", f"Heron {number} sat on the bank of the river.")], replace=True)
    assert everything(reader) == everything(lazy) == before
    assert reader.info().documents_removed == 0
    assert everything(reopened(index)) != before


def test_writer_starts_from_newest_commit(index: Index) -> None:
    """An index that was opened before another one added, adds to what that one left."""
    old = reopened(index)
    reopened(index).add([Document("new", "The bank.")])
    assert old.add([Document("new", "The bank."), Document("newer", "The bank.")]).unchanged == 1
    assert ids(old.concordance("bank")[-2:]) == ["new", "newer"]


def shorten(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def lengthen(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\0")


def empty(path: Path) -> None:
    path.write_bytes(b"")


def scramble(path: Path) -> None:
    path.write_bytes(b"\x93NUMPY\x01\x00" + bytes(range(256)) * 4)


def other_offsets(path: Path) -> None:
    offsets = np.load(path)
    np.save(path, offsets[::-1])


def pickled(path: Path) -> None:
    np.save(path, np.array([{}], dtype=object), allow_pickle=True)


def endless(path: Path) -> None:
    header = b"{'descr': '<i8', 'fortran_order': False, 'shape': (1000000000000000,), }".ljust(117) + b"\n"
    path.write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)


def unfinished_header(path: Path) -> None:
    header = b"{'descr': '<i8', ((((".ljust(117) + b"\n"
    path.write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)


def without_words(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("drop table lemmas")
    connection.close()


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("vectors.dat", shorten),
        ("vectors.dat", lengthen),
        ("vectors.dat", empty),
        ("vectors.dat", Path.unlink),
        ("lists.npy", shorten),
        ("lists.npy", empty),
        ("lists.npy", scramble),
        ("lists.npy", other_offsets),
        ("lists.npy", pickled),
        ("lists.npy", endless),
        ("lists.npy", unfinished_header),
        ("lists.npy", Path.unlink),
        ("catalog.sqlite", empty),
        ("catalog.sqlite", scramble),
        ("catalog.sqlite", without_words),
        ("catalog.sqlite", Path.unlink),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_damaged_file_is_told(index: Index, name: str, damage: Callable[[Path], None]) -> None:
    """A file of a shard that is missing, or not what it should be, is an IndexDamaged that names it."""
    (path,) = index.path.glob(f"shard-*/{name}")
    damage(path)
    with pytest.raises(IndexDamaged) as raised:
        reopened(index).query(RIVER)
    assert raised.value.path == str(path)
    if name == "catalog.sqlite":
        with pytest.raises(IndexDamaged) as raised:
            reopened(index).info()
        assert raised.value.path == str(path)


def test_missing_shard_is_told(index: Index) -> None:
    """A shard that is gone is told, to readers and to writers."""
    (folder,) = index.path.glob("shard-*")
    shutil.rmtree(folder)
    for ask in (lambda: reopened(index).query(RIVER), lambda: reopened(index).add(texts("The bank."))):
        with pytest.raises(IndexDamaged, match=folder.name):
            ask()


def test_broken_commit_is_told(index: Index) -> None:
    """A broken newest commit is told to readers and writers; who allows it reads its copy, or the one before."""
    before = everything(index)
    index.add([Document("new", "The bank.")])
    newest = max(index.path.glob("commit-*.json"))
    newest.write_bytes(newest.read_bytes()[:40])
    files = sorted(index.path.rglob("*"))
    for ask in (lambda: reopened(index), lambda: index.add([Document("newer", "The bank.")])):
        with pytest.raises(IndexDamaged, match=newest.name):
            ask()
    assert sorted(index.path.rglob("*")) == files
    with Index.open(index.path, encoder=WindowEncoder(), allow_damaged=True) as copied:
        assert everything(copied) != before
    newest.with_suffix(".copy").unlink()
    with Index.open(index.path, encoder=WindowEncoder(), allow_damaged=True) as old:
        assert everything(old) == before


def test_no_valid_commit_is_told(index: Index) -> None:
    """Where all commits are broken the index is damaged, and is not taken for an empty one."""
    index.add([Document("new", "The bank.")])
    for path in index.path.glob("commit-*"):
        empty(path)
    for ask in (
        lambda: reopened(index),
        lambda: Index.open(index.path, allow_damaged=True),
        lambda: Index.create(index.path, encoder=WindowEncoder()),
    ):
        with pytest.raises(IndexDamaged, match="commit-0000000"):
            ask()


def test_changed_settings_are_told(index: Index) -> None:
    """An index whose settings are not those it was made with is damaged, however well they read."""
    path = index.path / "ctxsearch.json"
    path.write_bytes(path.read_bytes().replace(b'"language": "en"', b'"language": "de"'))
    with pytest.raises(IndexDamaged, match="not what it was") as raised:
        reopened(index)
    assert raised.value.path == str(path)


@pytest.mark.parametrize("size", [0, 300, 5_000, 30_000, 60_000, 100_000])
def test_full_disk_costs_no_commit(make_index: MakeIndex, river_documents: list[Document], size: int) -> None:
    """Wherever the disk is full the error comes out, the index is as of its last commit, and adding works later."""
    index = make_index(river_documents[:5])
    before = state(index)
    more = [*river_documents[5:], *(Document(str(number), "The bank lent money. " * 9) for number in range(99))]
    with short_files(size), pytest.raises((OSError, sqlite3.Error)):
        index.add(more)
    assert state(index) == state(reopened(index)) == before
    index.add(more)
    assert everything(index) == everything(make_index([*river_documents[:5], *more]))


@pytest.mark.parametrize(("words", "why"), [(0, "give at least 1"), (10**13, "takes some 320,000 GB of memory")])
def test_shards_that_cannot_be_are_refused(index: Index, words: int, why: str) -> None:
    """A shard of nothing, or of more than memory holds, is told before anything is read."""
    with pytest.raises(ValueError, match=why):
        index.add([Document("new", "The bank.")], shard_tokens=words)
    with pytest.raises(ValueError, match=why):
        index.compact(shard_tokens=words)
