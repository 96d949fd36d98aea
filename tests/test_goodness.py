"""Good examples are whole sentences of fit length and common words, typical of the word, and unlike each other."""

from __future__ import annotations

import csv
import json
import re

import numpy as np
import pytest
from command_line import ctxsearch as command
from conftest import MakeIndex
from hypothesis import given
from hypothesis import strategies as st

from ctxsearch import Document, Index
from ctxsearch.errors import QueryError
from ctxsearch.query import examples
from ctxsearch.query.examples import unlike
from ctxsearch.query.goodness import common_lemmas, goodness

COMMON = "the boat lay by bank of river and nobody sat in it all day long a man"
GOOD = "The boat lay by the bank of the river and nobody sat in it."


def told(text: str) -> float:
    """How good a sentence is."""
    words = text.strip('."!?').split()
    return goodness(text, words, [word.lower() for word in words], COMMON.split(" "))


@pytest.mark.parametrize(
    "worse",
    [
        "boat lay by the bank of the river and nobody sat in it all day long.",  # no capital letter
        "The boat lay by the bank of the river and nobody sat in it, all day",  # no end
        "The boat lay.",  # short
        " ".join([GOOD[:-1]] * 4) + ".",  # long
        "It lay by the bank of the river and nobody sat in it all day.",  # who?
        "The yacht lay by the mole of the fjord and nobody drowsed in it.",  # rare words
        "The boat lay by the bank of the Thames and Mary sat in it.",  # names
        "The boat lay by the bank of the river in 1912 and nobody sat in it.",  # figures
        "THE BOAT LAY BY THE BANK OF THE RIVER AND NOBODY SAT IN IT.",
    ],
)
def test_each_fault_makes_a_sentence_worse(worse: str) -> None:
    """A sentence with one fault scores less than the same without it, and no less than nothing."""
    assert 0 <= told(worse) < told(GOOD) <= 1
    assert goodness("", [], [], COMMON.split(" ")) == 0


def test_examples_are_good_and_unlike_each_other(sample: Index) -> None:
    """Best first, in whole sentences, none of which says what another does, and all of them lines of the word."""
    found = sample.examples("bank", 6)
    lines = {line.key: line for line in sample.concordance("bank", context="sentence")}
    assert len({line.key for line in found}) == 6
    assert [line.score for line in found] == sorted((line.score for line in found), reverse=True)  # type: ignore[type-var]
    for line in found:
        assert (line.left, line.node, line.right) == (
            lines[line.key].left,
            lines[line.key].node,
            lines[line.key].right,
        )
    assert sample.examples("bank", 6) == found
    assert {line.key for line in sample.examples("bank", 100, where=["genre=news"])} < lines.keys()


def test_what_is_said_twice_is_shown_once(make_index: MakeIndex) -> None:
    """A sentence that is in two documents is one example."""
    texts = (GOOD, GOOD, "The bank lent the man a sum of money for a new roof.")
    index = make_index([Document(str(number), text) for number, text in enumerate(texts)])
    assert len(index.examples("bank", 5)) == 2


def test_examples_are_of_as_many_documents_as_one_asks(make_index: MakeIndex) -> None:
    """With so many of a document at most the next best of others come, or none."""
    other = "The bank lent the man a sum of money for a new roof."
    best = " ".join([GOOD, other, "The children ran down the green bank to the water and threw stones at the boats."])
    index = make_index([Document("a", best), Document("b", "she knew the bank where he had slept in 1912, in May")])
    every = index.examples("bank", None)
    assert [line.document_id for line in every] == ["a", "a", "a", "b"]
    assert index.examples("bank", None, per_document=2) == [*every[:2], every[3]]
    assert index.examples("bank", 2, per_document=1) == [every[0], every[3]]
    assert index.examples("bank", 1, per_document=1) == every[:1]
    printed = command("examples", index.path, "bank", "--per-document", "1").stdout.splitlines()
    assert [line.rpartition("  (")[2] for line in printed] == [f"{line.key})" for line in (every[0], every[3])]
    with pytest.raises(QueryError, match="ask for at least 1"):
        index.examples("bank", per_document=0)


def test_command_prints_examples(sample: Index) -> None:
    """As sentences with their keys, as JSON, and as a table."""
    found = sample.examples("bank", 3)
    printed = command("examples", sample.path, "bank", "-k", "3").stdout.splitlines()
    assert command("examples", sample.path, "bank", "-n", "3").stdout.splitlines() == printed
    for option, delimiter in (("--csv", ","), ("--tsv", "\t")):
        table = command("examples", sample.path, "bank", "-n", "3", option).stdout.splitlines()
        rows = list(csv.DictReader(table, delimiter=delimiter))
        assert [" ".join(f"{row['left']}[{row['node']}]{row['right']}  ({row['key']})".split()) for row in rows] == [
            " ".join(line.split()) for line in printed
        ]
        none = command("examples", sample.path, "bank", "--where", "year>2100", option).stdout.splitlines()
        assert [line.split(delimiter)[0] for line in none] == ["key"]
    assert command("examples", sample.path, "bank", "--csv", "--json").returncode == 2
    assert [line.rpartition("  (")[2] for line in printed] == [f"{line.key})" for line in found]
    made = [
        json.loads(line) for line in command("examples", sample.path, "bank", "-n", "3", "--json").stdout.splitlines()
    ]
    assert [line["key"] for line in made] == [line.key for line in found]
    nothing = command("examples", sample.path, "bank", "--where", "year>2100")
    assert (nothing.returncode, nothing.stdout) == (0, "")
    assert nothing.stderr.startswith("No document meets 'year>2100'; of year there are: ")
    assert re.search(r"\), [^)]+\(\d+\) and \d+ others\.\n$", nothing.stderr)


def test_what_was_removed_makes_no_word_common(make_index: MakeIndex) -> None:
    """The commonest lemmas are those of the documents that are left."""
    index = make_index([Document("a", "The bank lent money."), Document("b", "Zebras graze, zebras run.")])
    assert "zebra" in common_lemmas(index._parts.shards())
    index.remove("b")
    assert common_lemmas(index._parts.shards()) == {"the", "bank", "lend", "money"}


LINES = (
    "he slept on a bank",
    GOOD,
    "The bank lent the man a sum of money for a new roof.",
    "BANK 1912 [sic]",
    GOOD.replace("boat", "ship"),
)


@pytest.fixture
def lines(make_index: MakeIndex) -> Index:
    """Five texts with *bank*, two of which are good examples, and one of which says nearly what one of these does."""
    return make_index([Document(str(number), text) for number, text in enumerate(LINES)])


def test_a_concordance_has_the_best_examples_first(lines: Index) -> None:
    """By how good they are, and by nothing else; what is said again comes last; its options hold as ever."""
    found = lines.concordance("bank", good=True)
    assert [line.document_id for line in found] == ["1", "2", "3", "0", "4"]
    scores = [line.score for line in found[:-1]]
    assert scores == sorted(scores, reverse=True)  # type: ignore[type-var]
    assert lines.concordance("bank", good=True, limit=2) == found[:2]
    assert lines.concordance("bank", good=True, limit=2, offset=1) == found[1:3]
    assert found[0].right == " of the river and nobody sat in it."
    short = lines.concordance("bank", good=True, context=2, near="money")
    assert [(line.left, line.right) for line in short] == [("The ", " lent the")]
    assert len(lines.concordance("bank", good=True, sample=2)) == 2
    with pytest.raises(QueryError, match="either the best examples first, or by 'left'"):
        lines.concordance("bank", good=True, order="left")
    with pytest.raises(QueryError, match="either the best examples first, or by"):
        lines.like("1:20", good=True, order=["document_id"])


def test_a_short_sentence_says_something_of_its_own(make_index: MakeIndex) -> None:
    """A sentence all of whose words a longer one has, among others, says something else than that one."""
    long = "The rebels left the palace on the evening of the coup, and the bank was shut for weeks."
    index = make_index([Document("long", long), Document("short", "The bank was on the left.")])
    assert {line.document_id for line in index.examples("bank", 5)} == {"long", "short"}
    assert index.concordance("bank", good=True)[1].document_id == "short"


def test_answers_have_the_best_examples_first(lines: Index) -> None:
    """They are the nearest lines, with the scores that these have, in another order."""
    nearest = lines.query("They slept on the [bank] of the river.", k=3)
    found = lines.query("They slept on the [bank] of the river.", k=3, good=True)
    assert sorted(line.key for line in found) == sorted(line.key for line in nearest)
    assert all(line in nearest for line in found)
    best = [line.key for line in lines.concordance("bank", good=True)]
    assert [line.key for line in found] == [key for key in best if key in {line.key for line in found}]
    assert lines.query_many(["They slept on the [bank] of the river."], k=3, good=True) == [found]
    liked = lines.like("1:20", k=None, good=True)
    assert [line.key for line in liked] == ["4:20", *best[1:-1]]
    assert lines.query("The [bank] of the river.", min_score=0.999, good=True) == []


def test_no_answer_is_lost_among_very_many(lines: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of more lines than are judged, those that are not come behind the others, nearest first."""
    monkeypatch.setattr(examples, "CONSIDERED", 2)
    nearest = lines.like("1:20", k=None)
    found = lines.like("1:20", k=None, good=True)
    assert sorted(line.key for line in found[:2]) == sorted(line.key for line in nearest[:2])
    assert found[2:] == nearest[2:]
    assert len(lines.query("The [bank] of the river.", k=None, good=True)) == len(LINES)
    assert len(lines.concordance("bank", good=True)) == 2


def test_commands_print_the_best_examples_first(lines: Index) -> None:
    """In whole sentences, unless a context is given."""
    key = lines.concordance("bank", good=True, limit=1)[0].key
    for arguments in (("concordance", lines.path, "bank"), ("like", lines.path, "2:4")):
        whole, part = (
            json.loads(command(*arguments, "--good", "--json", *more).stdout.splitlines()[0])
            for more in ((), ("--context", "1"))
        )
        assert whole["key"] == part["key"] == key
        assert whole["left"] + whole["node"] + whole["right"] == GOOD
        assert part["left"] + part["node"] + part["right"] == "the bank of"
        wrong = command(*arguments, "--good", "--sort", "left")
        assert (wrong.returncode, "Choose one of --good and --sort." in wrong.stderr) == (2, True)
    wrong = command("concordance", lines.path, "bank", "--good", "--count")
    assert (wrong.returncode, "leave out --good" in wrong.stderr) == (2, True)


@given(
    st.lists(st.frozensets(st.sampled_from("abcdefghijklm"), max_size=9), max_size=40),
    st.sampled_from([None, 1, 3]),
    st.booleans(),
)
def test_no_two_that_are_chosen_say_the_same(words: list[frozenset[str]], n: int | None, by_vectors: bool) -> None:
    """As if each had been compared with every one before it, by its words, and by its vector if there are such."""
    angles = np.random.default_rng(len(words)).uniform(0, 2 * np.pi, len(words))
    vectors = np.column_stack([np.cos(angles), np.sin(angles)]).astype(np.float32)
    ranked = np.random.default_rng(1).permutation(len(words))
    chosen: list[int] = []
    for place in ranked.tolist():
        shared = (len(words[place] & words[one]) / max(1, len(words[place]), len(words[one])) for one in chosen)
        near = (float(vectors[place] @ vectors[one]) for one in chosen if by_vectors)
        if not any(share > 0.6 for share in shared) and not any(score > 0.97 for score in near):
            chosen.append(place)
    assert unlike(ranked, words, n, vectors if by_vectors else None) == chosen[:n]
