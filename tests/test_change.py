"""Words whose use changes are found, by measures that are those of the literature, with the lines that show it."""

from __future__ import annotations

import csv
import json
import math
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from command_line import ctxsearch as command
from conftest import SAMPLE
from remembering import Known, remembering
from treebank import tagged

from ctxsearch import Index, read
from ctxsearch.errors import QueryError, SenseError, WordNotFound
from ctxsearch.senses.chance import DEALT, jensen_shannon, spread
from ctxsearch.senses.change import Changed

BEFORE, AFTER = "year<1960", "year>=1985"


@pytest.fixture(scope="module")
def compared(sample: Index) -> tuple[Changed, ...]:
    """All words of the sample that occur twice before and after, those that differ most first."""
    return tuple(sample.change(BEFORE, AFTER, least=2, limit=None))


@pytest.fixture(scope="module")
def ranking(compared: tuple[Changed, ...]) -> tuple[Changed, ...]:
    """Those that occur four times: what is drawn of a word, and found, goes by the word alone."""
    return tuple(one for one in compared if min(one.counts) >= 4)


def test_measures_are_those_of_the_literature(sample: Index, compared: tuple[Changed, ...]) -> None:
    """APD is the mean over all pairs of uses, PRT the inverse cosine of the means, from the vectors of the texts."""
    found = {one.lemma: one for one in compared}
    for lemma in ("virus", "bank", "storm"):
        parts = [[line.key for line in sample.concordance(lemma, where=[part])] for part in (BEFORE, AFTER)]
        assert found[lemma].counts == (len(parts[0]), len(parts[1]))
        scores = {key: _scores(sample, key) for part in parts for key in part}
        cosines = [scores[key][other] for key in parts[0] for other in parts[1]]
        assert found[lemma].apd == pytest.approx(1 - np.mean(cosines), abs=2e-3)
        within = [np.mean([scores[key][other] for key in part for other in part]) for part in parts]
        cosine = np.mean(cosines) / math.sqrt(within[0] * within[1])
        assert found[lemma].prt == pytest.approx(1 / cosine, abs=5e-3)
        assert 0 <= found[lemma].jsd <= 1


def _scores(index: Index, key: str) -> dict[str, float]:
    """How the index itself scores every use beside one of them, which is wholly like itself."""
    return {key: 1.0, **{line.key: line.score or 0.0 for line in index.like(key, k=None)}}


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


def test_chance_is_that_of_every_way_to_deal_out_documents() -> None:
    """Of six documents the twenty ways are tried by hand: their mean, and the share that is as great."""
    groups = np.array([0, 0, 1, 0, 1, 1, 2, 2, 1, 2])
    documents = np.array([0, 0, 0, 1, 2, 3, 3, 4, 5, 5])
    every = []
    for chosen in combinations(range(6), 3):
        sides = [np.isin(documents, chosen), ~np.isin(documents, chosen)]
        shares = [np.bincount(groups[side], minlength=3) / side.sum() for side in sides]
        every.append(float(jensen_shannon(*shares)))
    found = spread(groups, documents, 3, np.random.default_rng(0))
    assert found.jsd == pytest.approx(every[0])
    assert found.by_chance == pytest.approx(np.mean(every), abs=0.05)
    as_great = np.mean([one >= every[0] - 1e-9 for one in every])
    assert found.p == pytest.approx(as_great, abs=0.07)


def test_chance_alone_has_a_small_p_no_more_often_than_it_says() -> None:
    """Documents that each keep to one group, and are in either part by chance: a tenth has a p of a tenth."""
    random = np.random.default_rng(1)
    small = []
    for _ in range(200):
        own = random.integers(0, 3, 24)
        documents = np.repeat(np.arange(24), random.integers(1, 9, 24))
        small.append(spread(own[documents], documents, 12, random).p <= 0.1)
    assert 0.04 < np.mean(small) < 0.16


def test_what_changed_is_less_likely_by_chance(sample: Index, ranking: tuple[Changed, ...]) -> None:
    """Words that got a new sense have a small p, and others none; nor have those of halves of one time."""
    found = {one.lemma: one for one in ranking}
    for lemma in ("mouse", "apple", "amazon"):
        assert found[lemma].p <= 0.05
        assert found[lemma].jsd > 2 * found[lemma].jsd_by_chance
    assert found["bank"].p > 0.05
    same = sample.change([BEFORE, "document_id~.*[13579]"], [BEFORE, "document_id~.*[02468]"], least=4, limit=None)
    assert len(same) > 20
    assert np.mean([one.p <= 0.05 for one in same]) < 0.05
    assert all(1 / (1 + DEALT) <= one.p <= 1 for one in (*found.values(), *same))


def test_what_changed_is_found(sample: Index, ranking: tuple[Changed, ...]) -> None:
    """In the sample, words that got a new sense with computers are among those that change most, and lines tell why."""
    assert len({"virus", "mouse", "apple", "amazon"} & {one.lemma for one in ranking[:15]}) >= 2
    for order in ("apd", "prt", "jsd"):
        values = [getattr(one, order) for one in sample.change(BEFORE, AFTER, order=order, least=8)]  # type: ignore[arg-type]
        assert len(values) > 10
        assert values == sorted(values, reverse=True)
    old, new = sample.change_lines("virus", BEFORE, AFTER, 3)
    assert all(line.metadata["year"] < 1960 for line in old)  # type: ignore[operator]
    assert all(line.metadata["year"] >= 1985 for line in new)  # type: ignore[operator]
    assert any("computer" in f"{line.left} {line.right}" or "disk" in f"{line.left} {line.right}" for line in new)
    assert sample.change(BEFORE, AFTER, least=4, limit=15) == [*ranking[:15]]


def test_shards_change_nothing(known: Known, tmp_path: Path) -> None:
    """The same uses are drawn, in the same order, however the corpus is cut into shards; groups are the same, too."""
    texts = list(read(SAMPLE / "documents.jsonl"))
    with remembering(known):
        made = Index.create(tmp_path / "index", dtype="fp32", codec="fp16")
    with made as index:
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
        sample.change_lines("virus", BEFORE, "year=1964")
    with pytest.raises(SenseError, match="The index has no head"):
        index.change(BEFORE, AFTER)


def test_parts_have_documents_and_share_none(sample: Index) -> None:
    """A part without documents is told with its values, and two that share one with its id."""
    for ask in (sample.change, lambda *parts: sample.change_lines("virus", *parts)):
        for parts, which in (
            ((BEFORE, "year>2100"), "second part, 'year>2100'"),
            (("year<100", AFTER), "first part, 'year<100'"),
        ):
            with pytest.raises(QueryError, match=rf"^No document is in the {which}; of year there are: \d+, .*"):
                ask(*parts)
        with pytest.raises(QueryError, match=r"^No document is in the second part, 'year>1990' with 'year<1980'\.$"):
            ask(BEFORE, ["year>1990", "year<1980"])
        with pytest.raises(
            QueryError, match=r"documents are in both parts, 'year<1960' and 'year<1960', '.*' for inst"
        ):
            ask(BEFORE, BEFORE)
        with pytest.raises(
            QueryError, match=r"^1 document is in both parts, the whole corpus and 'document_id=bank/06'"
        ):
            ask((), "document_id=bank/06")
    told = command("change", sample.path, "--before", "100", "--after", "1985")
    assert (told.returncode, told.stdout) == (1, "")
    assert told.stderr.startswith("Error: No document is in the first part, 'year<100'; of year there are: ")


def test_any_two_parts_are_compared(sample: Index) -> None:
    """Conditions or subcorpora stand in the place of times, and head the table and the lines; beside times, refused."""
    parts = ("genre=fiction", "genre=news")
    found = sample.change(*parts, least=4, limit=3)
    printed = command("change", sample.path, "--between", *parts, "--least", "4", "-k", "3").stdout.splitlines()
    assert printed[0].split()[:3] == [*parts, "APD"]
    assert [line.split()[:3] for line in printed[1:]] == [[one.lemma, *map(str, one.counts)] for one in found]
    made = command("change", sample.path, "--between", *parts, "--least", "4", "-k", "3", "--json").stdout
    assert [json.loads(line) for line in made.splitlines()] == [
        {**one.as_dict(), "counts": [*one.counts]} for one in found
    ]
    lines = command("change", sample.path, found[0].lemma, "--between", *parts, "--lines", "1").stdout.splitlines()
    shown = sample.change_lines(found[0].lemma, *parts, 1)
    assert [line.split("  ")[0] for line in lines] == [f"{parts[0]}:", shown[0][0].key, f"{parts[1]}:", shown[1][0].key]
    refused = command("change", sample.path, "--between", *parts, "--before", "1950", "--by", "date")
    assert (refused.returncode, refused.stderr.splitlines()[-1]) == (
        2,
        "Error: --between compares no times; leave out --by and --before.",
    )
    assert command("change", sample.path).stderr.splitlines()[-1].endswith("parts: --between genre=fiction genre=news.")


def test_command_prints_words_and_lines(sample: Index, ranking: tuple[Changed, ...]) -> None:
    """A table of words, or the lines of one; JSON of either; times that are missing are a wrong command."""
    times = ("--before", "1960", "--after", "1985")
    printed = command("change", sample.path, *times, "--least", "4", "-k", "5").stdout.splitlines()
    assert printed[0].split() == ["before", "after", "APD", "PRT", "JSD", "chance", "p"]
    assert [line.split()[0] for line in printed[1:]] == [one.lemma for one in ranking[:5]]
    shown = [one.as_dict() for one in ranking[:5]]
    for option, delimiter in (("--csv", ","), ("--tsv", "\t")):
        table = command("change", sample.path, *times, "--least", "4", "-k", "5", option).stdout.splitlines()
        rows = list(csv.DictReader(table, delimiter=delimiter))
        assert [*rows[0]] == ["lemma", "count_before", "count_after", "apd", "prt", "jsd", "jsd_by_chance", "p"]
        assert [row["lemma"] for row in rows] == [one["lemma"] for one in shown]
        assert [(int(row["count_before"]), int(row["count_after"])) for row in rows] == [one["counts"] for one in shown]
        assert [float(row["jsd"]) for row in rows] == [one["jsd"] for one in shown]
        none = command("change", sample.path, *times, "--least", "99999", option)
        assert none.stdout.splitlines() == table[:1]
        assert none.stderr.startswith("No word occurs so often in both parts.")
        of_word = command("change", sample.path, "virus", *times, "--lines", "2", option).stdout.splitlines()
        parts = [row["part"] for row in csv.DictReader(of_word, delimiter=delimiter)]
        assert parts == ["year<1960"] * 2 + ["year>=1985"] * 2
    asked = command("change", sample.path, *times, "-k", "2", "--json")
    assert asked.stderr == ""
    made = [json.loads(line) for line in asked.stdout.splitlines()]
    assert [{*one} for one in made] == [{"lemma", "counts", "apd", "prt", "jsd", "jsd_by_chance", "p"}] * 2
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
