"""Good examples are whole sentences of fit length and common words, typical of the word, and unlike each other."""

from __future__ import annotations

import json

import pytest
from command_line import ctxsearch as command
from conftest import MakeIndex

from ctxsearch import Document, Index
from ctxsearch.query.goodness import goodness

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


def test_command_prints_examples(sample: Index) -> None:
    """As sentences with their keys, and as JSON."""
    found = sample.examples("bank", 3)
    printed = command("examples", sample.path, "bank", "-n", "3").stdout.splitlines()
    assert [line.rpartition("  (")[2] for line in printed] == [f"{line.key})" for line in found]
    made = [
        json.loads(line) for line in command("examples", sample.path, "bank", "-n", "3", "--json").stdout.splitlines()
    ]
    assert [line["key"] for line in made] == [line.key for line in found]
    wrong = command("examples", sample.path, "bank", "--sense", "bank.river", "--where", "year>1900")
    assert (wrong.returncode, "leave out --where" in wrong.stderr) == (2, True)
