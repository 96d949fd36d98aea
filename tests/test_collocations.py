"""What stands beside a word is counted and weighed as a plain count over the texts has it."""

from __future__ import annotations

import json
import math
import re
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from command_line import ctxsearch as command
from conftest import MakeIndex, WindowEncoder
from hypothesis import given, settings
from hypothesis import strategies as st

from ctxsearch import Document, Index
from ctxsearch.analysis import Analyser
from ctxsearch.domain import Given, GivenSentence
from ctxsearch.errors import QueryError, WordNotFound
from ctxsearch.query import beside
from ctxsearch.query.collocations import Collocate, Measure, Windows, contrasts, log_likelihood

WORDS = ("bank", "banks", "river", "rivers", "the", "muddy", "loan", "Bank")
SENTENCES = st.lists(st.sampled_from(WORDS), min_size=1, max_size=9).map(
    lambda words: " ".join(words).capitalize() + "."
)
TEXTS = st.lists(st.lists(SENTENCES, min_size=1, max_size=4).map(" ".join), min_size=1, max_size=4)


@pytest.fixture(scope="module", params=[0, 1 << 40], ids=["sentences are read", "rows are looked at"], autouse=True)
def _way(request: pytest.FixtureRequest) -> Iterator[None]:
    """Either way to count, which the frequency of the word chooses otherwise, counts the same."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("_ROWS_AN_OCCURRENCE", "_ROWS_AND_FORMS"):
            patch.setattr(beside, name, request.param)
        patch.setattr(beside, "_ROWS", 16)
        patch.setattr(beside, "_SENTENCES", 3)
        yield


def plain(documents: list[Document], word: str, left: int, right: int) -> dict[str, tuple[float, ...]]:
    """Counts and measures by the formulas of the literature, straight from the texts."""
    analyser = Analyser("en")
    sentences = [segment.lemmas for document in documents for segment in analyser.segments(document.text)]
    beside: Counter[str] = Counter()
    occurrences = 0
    for lemmas in sentences:
        nodes = [place for place, lemma in enumerate(lemmas) if lemma == word]
        windows = [{*range(max(0, node - left), node + right + 1)} - {node} for node in nodes]
        beside.update(lemmas[place] for place in range(len(lemmas)) if any(place in window for window in windows))
        occurrences += len(nodes)
    size = beside.total()
    frequencies = Counter(lemma for lemmas in sentences for lemma in lemmas)
    total = frequencies.total()
    made = {}
    for lemma, count in beside.items():
        frequency = frequencies[lemma]
        expected = size * frequency / total
        cells = [[count, size - count], [frequency - count, total - size - frequency + count]]
        g2 = 0.0
        for row in (0, 1):
            for column in (0, 1):
                seen = cells[row][column]
                by_chance = sum(cells[row]) * (cells[0][column] + cells[1][column]) / total
                g2 += 2 * seen * math.log(seen / by_chance) if seen else 0.0
        dice = 2 * min(count, occurrences) / (occurrences + frequency)
        made[lemma] = (count, frequency, 14 + math.log2(dice), math.log2(count / expected), g2)
    return made


@settings(max_examples=20)
@given(TEXTS, st.integers(0, 3), st.integers(1, 3), st.integers(1, 6))
def test_counts_and_measures_are_those_of_a_plain_count(texts: list[str], left: int, right: int, words: int) -> None:
    """In any number of shards, with documents taken out, and in a part of the corpus that a filter chooses."""
    documents = [Document(str(number), text, {"part": number % 2}) for number, text in enumerate(texts)]
    with tempfile.TemporaryDirectory() as folder:
        index = Index.create(Path(folder) / "index", model="window", encoder=WindowEncoder())
        index.add([*documents, Document("gone", "The bank bank loan. " * 3, {"part": 0})], shard_tokens=words)
        index.remove(["gone"])
        for where, chosen in (((), documents), (("part=0",), documents[::2])):
            expected = plain(chosen, "bank", left, right)
            try:
                found = index.collocations("bank", left=left, right=right, where=where, least=1, limit=None)
            except WordNotFound:
                assert not any("bank" in text.lower() for text in texts)
                continue
            assert {one.word for one in found} == {word for word, (*_, mi, _) in expected.items() if mi > 0}
            for order in ("count", "mi", "t_score", "log_likelihood"):
                again = index.collocations(
                    "bank", left=left, right=right, where=where, least=1, limit=None, order=order
                )
                assert sorted(one.word for one in again) == sorted(one.word for one in found)
            assert found == sorted(found, key=lambda one: (-one.log_dice, one.word))
            for one in found:
                count, frequency, dice, mi, g2 = expected[one.word]
                assert (one.count, one.frequency) == (count, frequency)
                assert count <= frequency
                assert one.expected <= frequency
                assert one.log_dice == pytest.approx(dice)
                assert one.log_dice <= 14
                assert one.mi == pytest.approx(mi)
                assert one.t_score == pytest.approx((count - one.expected) / math.sqrt(count))
                assert abs(one.log_likelihood) == pytest.approx(g2, abs=1e-9)
                assert min(one.mi, one.t_score) > 0
                assert one.log_likelihood > 0 or abs(g2) < 1e-9
        index.close()


def test_a_place_in_several_windows_counts_once(make_index: MakeIndex) -> None:
    """No word is counted more often than it is there, and the word itself where it is beside another."""
    index = make_index([Document("a", "Ding dong ding ding dong ding. One two three four five six.")])
    ding, dong = sorted(index.collocations("ding", least=1), key=lambda one: one.word)
    assert [(one.word, one.count, one.frequency) for one in (ding, dong)] == [("ding", 4, 4), ("dong", 2, 2)]
    assert (ding.expected, dong.expected) == (2, 1)
    assert ding.log_dice == 14
    (rare,) = index.collocations("dong", left=1, right=0, least=1)
    assert (rare.word, rare.count, rare.frequency) == ("ding", 2, 4)
    assert [one.count for one in index.collocations("ding", left=1, right=0, least=1, order="count")] == [2]


def test_more_collocates_than_occurrences_are_no_more_than_all_pairs(make_index: MakeIndex) -> None:
    """One occurrence among many of a word has one pair, so that logDice stays below 14."""
    index = make_index([Document("a", "Dong dong bank dong dong.")])
    (dong,) = index.collocations("bank", least=1)
    assert (dong.count, dong.frequency, dong.log_dice) == (4, 4, 14 + math.log2(2 / 5))


def test_tokens_count_as_their_own_lemmas_and_none_without_a_vector(make_index: MakeIndex) -> None:
    """Where a form has several lemmas each token counts as its own; one without a vector has but a place."""
    text = "the saw \ufffd bank saw bank saw ."
    lemmas = ["the", "saw", "\ufffd", "bank", "see", "bank", "see", "."]
    spans = np.array([match.span() for match in re.finditer(r"\S+", text)], np.int32)
    given_text = Given([GivenSentence(0, len(text), spans, lemmas, ["X"] * len(lemmas))])
    elsewhere = "old old \ufffd old old old old ."
    places = np.array([match.span() for match in re.finditer(r"\S+", elsewhere)], np.int32)
    rest = Given([GivenSentence(0, len(elsewhere), places, elsewhere.split(), ["X"] * len(places))])
    index = make_index([Document("a", text, given=given_text), Document("b", elsewhere, given=rest)])
    assert index.info().without_vector == 2
    found = index.collocations("bank", least=1)
    counts = {one.word: (one.count, one.frequency, one.expected) for one in found}
    assert counts == {"the": (1, 1, 0.5), "saw": (1, 1, 0.5), "bank": (2, 2, 1), "see": (2, 2, 1)}
    assert [(one.word, one.count) for one in index.collocations("bank", left=0, right=1, least=1)] == [("see", 2)]
    forms = {one.word: one.count for one in index.collocations("bank", least=1, by_form=True)}
    assert forms == {"the": 1, "saw": 3, "bank": 2}


def test_marks_with_lemmas_of_their_own_are_no_words(make_index: MakeIndex) -> None:
    """Whatever lemma a source gives a mark here and there, it has a place and is no word."""
    documents = []
    for number, (text, lemmas) in enumerate(
        {"bank & bank": ["bank", "and", "bank"], "old & old": ["old", "&", "old"]}.items()
    ):
        spans = np.array([match.span() for match in re.finditer(r"\S+", text)], np.int32)
        given_text = Given([GivenSentence(0, len(text), spans, lemmas, ["X"] * len(lemmas))])
        documents.append(Document(str(number), text, given=given_text))
    index = make_index(documents)
    assert {(row.form, row.lemma) for row in index.open_shards()[0].catalog.forms(form="&")} == {
        ("&", "and"),
        ("&", "&"),
    }
    for by_form in (False, True):
        found = index.collocations("bank", least=1, by_form=by_form)
        assert [(one.word, one.count) for one in found] == [("bank", 2)]


def test_options_choose_what_counts(index: Index) -> None:
    """Places on either side, forms, how often at least, and the order."""
    every = index.collocations("bank", least=1, limit=None)
    assert {one.word for one in index.collocations("bank", left=1, right=0, least=1)} < {one.word for one in every}
    forms = {one.word for one in index.collocations("bank", by_form=True, least=1, limit=None)}
    assert forms != {one.word for one in every}
    assert [one.count for one in index.collocations("bank", order="count", least=2)] == sorted(
        (one.count for one in every if one.count >= 2), reverse=True
    )
    assert index.collocations("bank", least=1, limit=3) == every[:3]
    for options, why in (
        ({"left": 0, "right": 0}, "A window has a place"),
        ({"left": -1}, "A window has a place"),
        ({"least": 0}, "seen once at least"),
        ({"order": "love"}, "There is no measure 'love'; use log_dice, "),
    ):
        with pytest.raises(QueryError, match=why):
            index.collocations("bank", **options)  # type: ignore[arg-type]
    with pytest.raises(WordNotFound):
        index.collocations("xylophone")


def test_log_likelihood_has_a_sign() -> None:
    """It is negative where the word is rarer, nothing where it is as frequent, and of Dunning's own example."""
    assert log_likelihood(10, 100, 100, 1000) == pytest.approx(0)
    assert log_likelihood(0, 100, 100, 1000) < 0 < log_likelihood(20, 100, 100, 1000)
    assert log_likelihood(3, 10, 3, 1000) == -log_likelihood(3, 1000, 3, 10)
    # T. Dunning 1993, table 2: "the swiss" 110, 2442, 111, 29114, -2 log lambda 270.72.
    assert log_likelihood(110, 110 + 2442, 111, 111 + 29114) == pytest.approx(270.72, abs=0.005)


def test_command_prints_collocates(index: Index) -> None:
    """As a table, and as JSON and CSV with every figure; contradictory options are a wrong command."""
    found = index.collocations("bank", least=1, limit=4)
    arguments = ("collocations", index.path, "bank", "--least", "1", "-k", "4")
    lines = command(*arguments).stdout.splitlines()
    assert lines[0].split() == ["count", "frequency", "logDice", "MI", "t", "G2"]
    assert [line.split()[0] for line in lines[1:]] == [one.word for one in found]
    made = [Collocate(**json.loads(line)) for line in command(*arguments, "--json").stdout.splitlines()]
    assert made == found
    header, *rows = command(*arguments, "--csv").stdout.splitlines()
    assert header.startswith("word,count,frequency,expected,log_dice")
    assert [row.split(",")[0] for row in rows] == [one.word for one in found]
    for wrong, why in (
        (("--versus", "bank.river"), "give --sense, too"),
        (("--sense", "bank.river", "--versus", "bank.river"), "name another sense"),
        (("--sense", "bank.river", "--allow-damaged"), "leave out --allow-damaged"),
        (("--json", "--csv"), "Choose one of"),
    ):
        result = command(*arguments, *wrong)
        assert result.returncode == 2
        assert why in result.stderr


@pytest.mark.parametrize(
    ("sort", "measure"),
    [
        ("t", "t_score"),
        ("t_score", "t_score"),
        ("G2", "log_likelihood"),
        ("log_likelihood", "log_likelihood"),
        ("mi", "mi"),
        ("logDice", "log_dice"),
        ("log_dice", "log_dice"),
        ("count", "count"),
        ("frequency", "frequency"),
    ],
)
def test_collocates_are_sorted_by_what_the_tables_call_a_column(index: Index, sort: str, measure: Measure) -> None:
    """A measure is called as the head of the table calls it, or as programs do, and in either case of letters."""
    found = index.collocations("bank", order=measure, least=1)
    assert found == sorted(found, key=lambda one: (-getattr(one, measure), one.word))
    lines = command("collocations", index.path, "bank", "--sort", sort, "--least", "1", "--json").stdout.splitlines()
    assert [json.loads(line)["word"] for line in lines] == [one.word for one in found][:30]


def test_what_is_no_measure_is_told_with_those_that_there_are(index: Index) -> None:
    """Another name is a wrong command, which names the heads of the table."""
    result = command("collocations", index.path, "bank", "--sort", "chi")
    assert result.returncode == 2
    assert "There is no measure 'chi'; use count, frequency, logDice, MI, t, G2." in result.stderr


def test_a_word_alone_has_no_collocates(make_index: MakeIndex) -> None:
    """Windows end with the sentence."""
    assert make_index([Document("1", "Bank. Bank.")]).collocations("bank", least=1) == []


def test_sentence_is_a_window(make_index: MakeIndex) -> None:
    """Without ends, a window is the sentence, and not more."""
    index = make_index([Document("a", "One two three four five six bank seven eight. Nine ten.")])
    counted = {one.word for one in index.collocations("bank", left=None, right=None, least=1)}
    assert counted == {"one", "two", "three", "four", "five", "six", "seven", "eight"}
    assert {one.word for one in index.collocations("bank", left=0, right=None, least=1)} == {"seven", "eight"}
    lines = command("collocations", index.path, "bank", "--sentence", "--least", "1", "--csv").stdout.splitlines()
    assert len(lines) == 9
    wrong = command("collocations", index.path, "bank", "--sentence", "--left", "2")
    assert (wrong.returncode, "leave out --left" in wrong.stderr) == (2, True)


@given(st.integers(0, 9), st.integers(0, 9), st.integers(10, 2000), st.integers(10, 2000))
def test_both_measures_of_a_contrast_have_one_sign(first: int, second: int, size: int, other_size: int) -> None:
    """However unlike the sizes, what is more frequent beside the first is so by the ratio as by the likelihood."""
    counts = (Counter({"muscle": first} if first else {}), Counter({"muscle": second} if second else {}))
    parts = [Windows(size, part, some) for part, some in zip((size, other_size), counts, strict=True)]
    for told in contrasts(*parts, least=1):
        apart = first * other_size - second * size
        assert (told.log_ratio > 1e-12, told.log_ratio < -1e-12) == (apart > 0, apart < 0)
        assert told.log_likelihood * apart >= 0
        if first >= 5 and second >= 5 and apart:
            plain = math.log2(first / size) - math.log2(second / other_size)
            assert 0 < told.log_ratio / plain <= 1
