"""Words whose use changes are found, by measures that are those of the literature, with the lines that show it."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from command_line import ctxsearch as command
from conftest import SAMPLE
from treebank import tagged

from ctxsearch import Index, read
from ctxsearch.errors import QueryError, SenseError, WordNotFound
from ctxsearch.senses.change import jensen_shannon

BEFORE, AFTER = "year<1960", "year>=1985"


def test_measures_are_those_of_the_literature(sample: Index) -> None:
    """APD is the mean over all pairs of uses, PRT the inverse cosine of the means, from the vectors of the texts."""
    found = {one.lemma: one for one in sample.change(BEFORE, AFTER, least=2, limit=None)}
    for lemma in ("virus", "bank", "storm"):
        parts = [[line.key for line in sample.concordance(lemma, where=[part])] for part in (BEFORE, AFTER)]
        assert found[lemma].counts == (len(parts[0]), len(parts[1]))
        cosines = [_cosine(sample, key, other) for key in parts[0] for other in parts[1]]
        assert found[lemma].apd == pytest.approx(1 - np.mean(cosines), abs=2e-3)
        within = [np.mean([_cosine(sample, key, other) for key in part for other in part]) for part in parts]
        cosine = np.mean(cosines) / math.sqrt(within[0] * within[1])
        assert found[lemma].prt == pytest.approx(1 / cosine, abs=5e-3)
        assert 0 <= found[lemma].jsd <= 1


def _cosine(index: Index, key: str, other: str) -> float:
    """As the index itself scores one use beside another."""
    if key == other:
        return 1.0
    scores = {line.key: line.score for line in index.like(key, k=None)}
    return scores[other] or 0.0


def test_divergence_is_symmetric_and_bounded() -> None:
    """It is nothing for two that are alike, a bit for two that share nothing, and the same either way."""
    random = np.random.default_rng(0)
    for _ in range(50):
        one, other = (values / values.sum() for values in random.random((2, 4)))
        assert jensen_shannon(one, other) == pytest.approx(jensen_shannon(other, one))
        assert 0 < jensen_shannon(one, other) < 1
        assert jensen_shannon(one, one) == pytest.approx(0)
        entropy = [-(part * np.log2(part)).sum() for part in (one, other, (one + other) / 2)]
        assert jensen_shannon(one, other) == pytest.approx(entropy[2] - (entropy[0] + entropy[1]) / 2)


def test_what_changed_is_found(sample: Index) -> None:
    """In the sample, words that got a new sense with computers are among those that change most, and lines tell why."""
    ranked = [one.lemma for one in sample.change(BEFORE, AFTER, least=4, limit=15)]
    assert len({"virus", "mouse", "apple", "amazon"} & {*ranked}) >= 2
    for order in ("apd", "prt", "jsd"):
        values = [getattr(one, order) for one in sample.change(BEFORE, AFTER, order=order, least=8)]  # type: ignore[arg-type]
        assert values == sorted(values, reverse=True)
    old, new = sample.change_lines("virus", BEFORE, AFTER, 3)
    assert all(line.metadata["year"] < 1960 for line in old)  # type: ignore[operator]
    assert all(line.metadata["year"] >= 1985 for line in new)  # type: ignore[operator]
    assert any("computer" in f"{line.left} {line.right}" or "disk" in f"{line.left} {line.right}" for line in new)
    assert sample.change(BEFORE, AFTER, least=4, limit=15) == sample.change(BEFORE, AFTER, least=4, limit=15)


def test_shards_change_nothing(sample: Index, tmp_path: Path) -> None:
    """The same uses are drawn, in the same order, however the corpus is cut into shards; groups are the same, too."""
    texts = list(read(SAMPLE / "documents.jsonl"))
    with Index.create(tmp_path / "index", dtype="fp32", codec="fp16") as index:
        for start in range(0, len(texts), len(texts) // 5 + 1):
            index.add(texts[start : start + len(texts) // 5 + 1])
        assert index.info().shards == 5
        found = index.change(BEFORE, AFTER, least=4, limit=None)
        told, groups = index.change_lines("the", BEFORE, AFTER, 20), index.senses().induce("the")
        index.compact()
        assert index.info().shards == 1
        assert index.change(BEFORE, AFTER, least=4, limit=None) == found
        assert index.change_lines("the", BEFORE, AFTER, 20) == told
        assert index.senses().induce("the") == groups


def test_uses_of_one_part_of_speech_are_compared(tmp_path: Path) -> None:
    """With a tag a noun is compared with itself, and not with the verb that is written alike."""
    noun, verb = "The/the/DET bank/bank/NOUN of/of/ADP the/the/DET river/river/NOUN", "They/they/PRON bank/bank/VERB"
    parts = "year<1950", "year>=1950"
    with Index.create(tmp_path / "index") as index:
        for year, sentences in ((1900, [noun, verb, verb]), (2000, [noun, noun, verb])):
            index.add(tagged(f"{year}-{number}", sentences, {"year": year}) for number in range(3))
        counts = {one.lemma: one.counts for one in index.change(*parts, least=1, limit=None, pos="NOUN")}
        assert counts == {"bank": (3, 6), "river": (3, 6)}
        (bank,) = (one for one in index.change(*parts, least=1, limit=None) if one.lemma == "bank")
        assert bank.counts == (9, 9)
        old, new = index.change_lines("bank", *parts, 20, pos=["VERB", "ADP"])
        assert [len(old), len(new), {line.pos for line in (*old, *new)}] == [6, 3, {"VERB"}]
        for ask in (lambda: index.change(*parts, pos="NUON"), lambda: index.change_lines("bank", *parts, pos="NUON")):
            with pytest.raises(QueryError, match="No word has the part of speech 'NUON'; there are: ADP, DET"):
                ask()
        with pytest.raises(QueryError, match="'river' does not occur as VERB or ADP in both parts"):
            index.change_lines("river", *parts, pos=["VERB", "ADP"])
    times = ("--before", "1950", "--after", "1950", "--pos", "VERB")
    assert len(command("change", index.path, "bank", *times, "--lines", "9").stdout.splitlines()) == 2 + 6 + 3
    assert command("change", index.path, *times, "--least", "1").stdout.splitlines()[1].split()[:3] == [
        "bank",
        "6",
        "3",
    ]


def test_wrong_input_is_one_sentence(sample: Index, index: Index) -> None:
    """Unknown measures, columns and words, and an index without a head, are told."""
    with pytest.raises(QueryError, match="There is no measure 'love'"):
        sample.change(BEFORE, AFTER, order="love")  # type: ignore[arg-type]
    with pytest.raises(QueryError, match="No document has the column 'age'"):
        sample.change("age<1", AFTER)
    with pytest.raises(WordNotFound, match=r"does not have the word 'rivver'. Nearest: river"):
        sample.change_lines("rivver", BEFORE, AFTER)
    with pytest.raises(QueryError, match="'virus' does not occur in both parts"):
        sample.change_lines("virus", BEFORE, "year>2100")
    with pytest.raises(SenseError, match="The index has no head"):
        index.change(BEFORE, AFTER)


def test_command_prints_words_and_lines(sample: Index) -> None:
    """A table of words, or the lines of one; JSON of either; times that are missing are a wrong command."""
    times = ("--before", "1960", "--after", "1985")
    printed = command("change", sample.path, *times, "--least", "4", "-k", "5").stdout.splitlines()
    assert printed[0].split() == ["before", "after", "APD", "PRT", "JSD"]
    found = sample.change(BEFORE, AFTER, least=4, limit=5)
    assert [line.split()[0] for line in printed[1:]] == [one.lemma for one in found]
    asked = command("change", sample.path, *times, "-k", "2", "--json")
    assert asked.stderr == ""
    made = [json.loads(line) for line in asked.stdout.splitlines()]
    assert [{*one} for one in made] == [{"lemma", "counts", "apd", "prt", "jsd"}] * 2
    drawn = command("change", sample.path, *times, "--least", "300", "-k", "1", "--seed", "7", "--json")
    assert max(json.loads(drawn.stdout)["counts"]) > 200
    assert drawn.stderr == "Of 1 word, JSD is of 200 uses of a part, drawn by --seed 7.\n"
    lines = command("change", sample.path, "virus", *times, "--lines", "2").stdout.splitlines()
    assert [line for line in lines if line.endswith(":")] == ["year<1960:", "year>=1985:"]
    assert len(lines) == 6
    assert command("change", sample.path, "--before", "1960").returncode == 2
    turned = command("change", sample.path, "--before", "1985", "--after", "960")
    assert (turned.returncode, turned.stderr.splitlines()[-1]) == (
        2,
        "Error: What is between 960 and 1985 would be in both parts; let --before be the lower.",
    )
    refused = command("change", sample.path, "virus", *times, "--sort", "apd", "-k", "3")
    assert refused.stderr.splitlines()[-1] == "Error: With WORD, its lines are shown; leave out --sort and --limit."
    assert "name it, or leave out --lines" in command("change", sample.path, *times, "--lines", "2").stderr
