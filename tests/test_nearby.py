"""Lines are chosen by the words beside them, and counted by what they have in common, as a plain count has it."""

from __future__ import annotations

import json
import tempfile
import tracemalloc
from collections import Counter
from pathlib import Path

import pytest
from command_line import ctxsearch as command
from conftest import MakeIndex, WindowEncoder
from hypothesis import given, settings
from hypothesis import strategies as st

from ctxsearch import Document, Index
from ctxsearch.analysis import Analyser, normal_form
from ctxsearch.errors import QueryError, WordNotFound
from ctxsearch.query.nearby import Nearby, parse_nearby

WORDS = ("bank", "banks", "river", "Rivers", "the", "muddy", "loan")
SENTENCES = st.lists(st.sampled_from(WORDS), min_size=1, max_size=8).map(lambda words: " ".join(words) + ".")
TEXTS = st.lists(st.lists(SENTENCES, min_size=1, max_size=4).map(" ".join), min_size=1, max_size=4)
FILTERS = st.lists(
    st.builds(
        lambda absent, word, distance: f"{absent}{word}{distance}",
        st.sampled_from(["", "!"]),
        st.sampled_from(["river", "rivers", "bank", "the", "nowhere"]),
        st.sampled_from(["", ":1", ":2", ":-1", ":-3", ":+1", ":+2"]),
    ),
    max_size=2,
)


def meets(filters: list[str], lemmas: list[str], forms: list[str], place: int) -> bool:
    """Whether all is beside a word as it should be, by looking at each word of its sentence."""
    for text in filters:
        one = parse_nearby(text)
        seen = any(
            other != place
            and one.word in (lemmas[other], forms[other].lower())
            and (one.before is None or other >= place - one.before)
            and (one.after is None or other <= place + one.after)
            for other in range(len(lemmas))
        )
        if seen is one.is_absent:
            return False
    return True


@settings(max_examples=60, deadline=None)
@given(TEXTS, FILTERS, st.integers(1, 6))
def test_lines_are_those_that_a_reader_would_keep(texts: list[str], filters: list[str], words: int) -> None:
    """In any number of shards; and `count`, `frequencies`, `query` and `like` go by the same lines."""
    analyser = Analyser("en")
    documents = [Document(str(number), text, {"part": number % 2}) for number, text in enumerate(texts)]
    expected: list[tuple[str, str, int]] = []
    there: set[str] = set()
    for document in documents:
        for segment in analyser.segments(document.text):
            lemmas, forms = list(segment.lemmas), list(segment.forms)
            there.update(lemmas, map(normal_form, forms))
            for place, lemma in enumerate(lemmas):
                if lemma == "bank" and meets(filters, lemmas, forms, place):
                    start = segment.start + int(segment.spans[place][0])
                    expected.append((f"{document.document_id}:{start}", forms[place], document.metadata["part"]))  # type: ignore[arg-type]
    with tempfile.TemporaryDirectory() as folder:
        index = Index.create(Path(folder) / "index", model="window", encoder=WindowEncoder())
        index.add(documents, shard_tokens=words)
        if not there.issuperset(["bank", *(parse_nearby(one).word for one in filters)]):
            with pytest.raises(WordNotFound):
                index.concordance("bank", near=filters)
            return
        found = index.concordance("bank", near=filters)
        assert sorted(line.key for line in found) == sorted(key for key, *_ in expected)
        assert index.count("bank", near=filters) == len(expected)
        for by, column in (("form", 1), ("part", 2)):
            made = {one.values[0]: one.count for one in index.frequencies("bank", by, near=filters)}
            assert made == Counter(one[column] for one in expected)
        both = {one.values: one.count for one in index.frequencies("bank", ["part", "form"], near=filters)}
        assert both == Counter((one[2], one[1]) for one in expected)
        keys = {key for key, *_ in expected}
        asked = index.query("The river [bank] the loan.", k=None, near=filters)
        assert {line.key for line in asked} == keys
        scores = {line.key: line.score for line in index.query("The river [bank] the loan.", k=None)}
        assert all(line.score == scores[line.key] for line in asked)
        key = index.concordance("bank", limit=1)[0].key
        assert {line.key for line in index.like(key, k=None, near=filters)} == keys - {key}
        index.close()


def test_frequencies_are_ordered_and_checked(index: Index) -> None:
    """The most frequent first, what is missing last; unknown columns, and none, are told."""
    found = index.frequencies("bank", "genre")
    assert sum(one.count for one in found) == index.count("bank")
    assert [one.count for one in found] == sorted((one.count for one in found), reverse=True)
    assert any(one.values == (None,) for one in found)
    years = [one.values[0] for one in index.frequencies("bank", "year") if one.count == 1]
    assert years == sorted(years)  # type: ignore[type-var]
    assert {one.values[0] for one in index.frequencies("bank", "document_id")} == {
        line.document_id for line in index.concordance("bank")
    }
    with pytest.raises(
        QueryError, match="No document has the column 'love'; there are: form, lemma, pos, document_id, genre"
    ):
        index.frequencies("bank", "love")
    with pytest.raises(QueryError, match="Say what to group by"):
        index.frequencies("bank", [])


def test_filters_are_read() -> None:
    """A word alone is anywhere in the sentence; distances are on either side, or one."""
    assert parse_nearby(" River ") == Nearby("River")
    assert parse_nearby("!river:+3") == Nearby("river", 0, 3, is_absent=True)
    assert parse_nearby("12:30:2") == Nearby("12:30", 2, 2)
    for wrong in ("", "!", ":3", "river:0", "river:x", "river:", "river:123456"):
        with pytest.raises(QueryError, match="cannot be read; write river, river:5"):
            parse_nearby(wrong)
    with pytest.raises(QueryError, match="'river bank:3' has several words; write one, and another filter for each"):
        parse_nearby("river bank:3")


@pytest.mark.parametrize("near", ["rivver", "!rivver", "rivver:3", "!rivver:-1"])
def test_word_that_is_nowhere_is_told(index: Index, near: str) -> None:
    """A slip of the pen is no finding: it answers neither with no line nor, left out, with all of them."""
    with pytest.raises(WordNotFound, match=r"The corpus does not have the word 'rivver'\. Nearest: river"):
        index.concordance("bank", near=near)
    told = command("concordance", index.path, "bank", "--near", near, "--count")
    assert (told.returncode, told.stdout) == (1, "")


def test_commands_take_filters_and_count(index: Index) -> None:
    """``--near`` and ``--by`` do what the library does, as a table, JSON or CSV."""
    lines = command("concordance", index.path, "bank", "--near", "river", "--json").stdout.splitlines()
    assert [json.loads(line)["key"] for line in lines] == [line.key for line in index.concordance("bank", near="river")]
    assert (
        command("concordance", index.path, "bank", "--near", "!river", "--count").stdout
        == f"{index.count('bank', near='!river')}\n"
    )
    expected = index.frequencies("bank", ["form", "genre"])
    table = command("concordance", index.path, "bank", "--by", "form", "--by", "genre").stdout.splitlines()
    assert table[0].split() == ["form", "genre", "count", "words", "per", "million", "share"]
    assert [int(line.split()[-4]) for line in table[1:]] == [one.count for one in expected]
    made = command("concordance", index.path, "bank", "--by", "form", "--by", "genre", "--json").stdout.splitlines()
    assert [tuple(json.loads(line).values())[:-1] for line in made] == [
        (*one.values, one.count, one.words, one.per_million) for one in expected
    ]
    header, *rows = command("concordance", index.path, "bank", "--by", "genre", "--csv").stdout.splitlines()
    assert header == "genre,count,words,per_million,share"
    assert len(rows) == len(index.frequencies("bank", "genre"))
    wrong = command("concordance", index.path, "bank", "--by", "genre", "--sample", "3")
    assert (wrong.returncode, "leave out --sample" in wrong.stderr) == (2, True)
    assert command("concordance", index.path, "bank", "--by", "genre", "--count").returncode == 2


def test_word_with_a_colon_is_itself(make_index: MakeIndex) -> None:
    """What is a word of the corpus as it stands has no distance; in other corpora, or behind one colon more, it has."""
    index = make_index([Document("a", "The bank opens at 10:30 today."), Document("b", "The bank had 10 of 30 rooms.")])
    assert [line.document_id for line in index.concordance("bank", near="10:30")] == ["a"]
    assert [line.document_id for line in index.concordance("bank", near="!10:30")] == ["b"]
    assert index.concordance("bank", near="10:30:1") == []
    assert [line.document_id for line in index.concordance("bank", near="10:29")] == ["b"]
    index.remove("a")
    assert [line.document_id for line in index.concordance("bank", near="10:30")] == ["b"]


def test_count_is_that_of_the_lines_and_takes_no_memory_for_them(make_index: MakeIndex) -> None:
    """Whatever the filters and what was removed; no object is made of an occurrence."""
    texts = ["The muddy bank. " * 2000, "The bank of the river. " * 2000, "A loan of the bank. " * 2000]
    documents = [Document(str(number), text, {"part": number}) for number, text in enumerate(texts)]
    index = make_index(documents, shard_tokens=15_000)
    filters: list[dict[str, str]] = [{}, {"where": "part>0"}, {"near": "river"}, {"near": "!river", "where": "part<2"}]
    filters += [{"cql": '"bank" "of"'}, {"form": "bank", "near": "loan:4"}]
    for _ in range(2):
        for options in filters:
            assert index.count("bank", **options) == len(index.concordance("bank", **options))
        tracemalloc.start()
        counted = index.count("the")
        assert tracemalloc.get_traced_memory()[1] < 60 * counted
        tracemalloc.stop()
        index.remove("1", missing_ok=True)
        filters = [one for one in filters if "river" not in one.get("near", "")]
