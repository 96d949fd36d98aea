"""Uses are grouped by sense, one group being an answer; groups become senses, and what no sense explains is found."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from command_line import ctxsearch as command
from conftest import SAMPLE

from ctxsearch import Index
from ctxsearch.errors import SenseError, WordNotFound
from ctxsearch.head import Calibration
from ctxsearch.senses.groups import grouped, stability

EVEN = Calibration(10.0, -6.0)  # even odds at a cosine of .6
WORDS = ("bank", "mercury", "seal", "fire", "storm", "interest", "miss", "plant")


@pytest.fixture
def own_sample(sample: Index, tmp_path: Path) -> Iterator[Index]:
    """A copy of the sample's index, to write into."""
    with Index.open(shutil.copytree(sample.path, tmp_path / "sample"), dtype="fp32") as index:
        yield index


@pytest.fixture(scope="session")
def sense_of() -> dict[str, str]:
    """The sense of each labelled use of the sample, by key."""
    uses = (json.loads(line) for line in (SAMPLE / "labels.jsonl").read_text(encoding="utf-8").splitlines())
    return {f"{use['document_id']}:{use['start']}": use["sense"] for use in uses}


def bundle(sizes: tuple[int, ...], *, spread: float) -> np.ndarray:
    """Unit vectors about as many orthogonal directions as there are sizes, in turn."""
    random = np.random.default_rng(0)
    middles = np.repeat(np.eye(len(sizes), 16, dtype=np.float32), sizes, axis=0)
    vectors = middles + random.normal(0, spread, middles.shape).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_groups_are_those_that_are_apart() -> None:
    """As many as there are, one included, the largest first; and each is found again in a part of its uses."""
    vectors = bundle((5, 20, 10), spread=0.05)
    groups = grouped(vectors, EVEN)
    assert groups.tolist() == [2] * 5 + [0] * 20 + [1] * 10
    assert (stability(vectors, groups, EVEN, seed=1) > 0.7).all()
    np.testing.assert_array_equal(stability(vectors, groups, EVEN, seed=1), stability(vectors, groups, EVEN, seed=1))
    assert not grouped(bundle((12,), spread=0.05), EVEN).any()
    assert grouped(vectors[:1], EVEN).tolist() == [0]
    assert len(grouped(vectors[:0], EVEN)) == 0
    # The calibration alone says how many there are.
    assert len(set(grouped(vectors, Calibration(10.0, 1.0)).tolist())) == 1
    assert len(set(grouped(vectors, Calibration(10.0, -9.999)).tolist())) > 3


def test_senses_of_the_sample_come_apart(sample: Index, sense_of: dict[str, str]) -> None:
    """Nearly all labelled lines of a group have one sense, and nearly all of a sense are in one group."""
    senses = sample.senses(by="anna")
    together = pure = total = 0
    for word in WORDS:
        found = senses.induce(word, least=1)
        assert (found.looked_at, found.scattered) == (found.occurrences, 0)
        keys = [key for group in found.groups for key in group.keys]
        assert sorted(keys) == sorted(line.key for line in sample.concordance(word))
        assert [group.size for group in found.groups] == sorted((group.size for group in found.groups), reverse=True)
        assert sum(group.share for group in found.groups) == pytest.approx(1)
        cells = [[sense_of[key] for key in group.keys if key in sense_of] for group in found.groups]
        pure += sum(max(Counter(cell).values(), default=0) for cell in cells)
        names = {sense for cell in cells for sense in cell}
        together += sum(max(cell.count(name) for cell in cells) for name in names)
        total += sum(map(len, cells))
        for group in found.groups:
            assert {line.key for line in (*group.typical, *group.borderline)} <= {*group.keys}
            scores = [line.score for line in group.typical]
            assert scores == sorted(scores, reverse=True)  # type: ignore[type-var]
    assert total > 150
    assert pure / total > 0.9
    assert together / total > 0.85


def test_groups_are_accepted_as_senses(own_sample: Index) -> None:
    """One command makes a sense of each, with labelled lines, and one undo takes all out; names that are taken stay."""
    senses = own_sample.senses(by="anna")
    senses.new("bank.1", definition="mine")
    found = senses.induce("bank")
    assert repr(found) == f"<Induced of 'bank': 2 groups, {found.looked_at} uses looked at>"
    made = senses.accept(found, label=4)
    uses = senses.assign("bank")
    assert repr(uses) == f"<Assigned of 'bank': {len(uses.uses)} uses, {uses.unsure} unsure>"
    assert [sense.sense_id for sense in made] == ["bank.2", "bank.3"]
    labels = senses.labels("bank")
    assert Counter(label.sense_id for label in labels) == {"bank.2": 4, "bank.3": 4}
    assert {label.key for label in labels} == {line.key for group in found.groups for line in group.typical[:4]}
    # A second time there is nothing left to label, so nothing that would be a sense of nothing.
    assert senses.accept(found, label=4) == []
    assert len(senses.list("bank")) == 3
    assert len(senses.accept(found, label=5)) == 2
    senses.undo()
    senses.undo()
    assert [sense.definition for sense in senses.list()] == ["mine"]
    assert senses.labels() == []


def test_lines_without_a_sense_are_found(own_sample: Index, sense_of: dict[str, str]) -> None:
    """A sense that the inventory lacks comes up as a group of its own, and its word before those that lack none."""
    senses = own_sample.senses(by="anna")
    for word in ("bank", "mercury"):
        known = {key: sense for key, sense in sense_of.items() if sense.startswith(f"{word}.")}
        names = list(dict.fromkeys(known.values()))
        for name in names[: 1 if word == "bank" else None]:
            senses.new(name)
            senses.label(name, [key for key, sense in known.items() if sense == name][:5])
    found = senses.novel("bank")
    kept = next(sense.sense_id for sense in senses.list("bank"))
    keys = found.groups[0].keys
    assert len(keys) >= 5
    assert sum(sense_of.get(key) == kept for key in keys) <= 1
    ranked = senses.unaccounted()
    assert [one.lemma for one in ranked] == ["bank", "mercury"]
    assert ranked[0].share > 2 * ranked[1].share
    assert ranked[0].none == pytest.approx(ranked[0].share * ranked[0].occurrences)


def test_commands_tell_groups(own_sample: Index, tmp_path: Path) -> None:
    """The groups are printed with their lines, or as JSON, and accepted; what is asked wrongly is one sentence."""
    path = own_sample.path
    printed = command("induce", path, "bank", "--lines", "1", "--accept", "--by", "anna")
    assert printed.stdout.startswith("bank: 28 lines in 2 groups\n\n1  16 lines, 57%, stability ")
    told = f"Made bank.1 (5 lines), bank.2 (5 lines); to undo it: ctxsearch senses undo {path} --by anna\n"
    assert printed.stderr == told
    again = command("induce", path, "bank", "--accept", "--by", "anna").stderr
    assert again == "No sense was made: you have labelled the typical lines of each group already.\n"
    made = json.loads(command("induce", path, "bank", "--json").stdout)
    assert [group["size"] for group in made["groups"]] == [16, 12]
    beside = [word for group in made["groups"] for word in group["collocates"]]
    assert beside
    assert all(word["log_likelihood"] >= 3.84 and word["counts"][0] > word["counts"][1] for word in beside)
    some = command("induce", path, "bank", "--least", "13").stdout
    assert some.startswith("bank: 28 lines: 16 in 1 group, 12 in smaller ones\n\n1  16 lines, ")
    assert command("induce", path, "bank", "--least", "17").stdout == "bank: 28 lines, all in smaller groups\n"
    assert re.search(r"^ *[\d.]+%  bank  \(\d+ of 28 lines expected\)$", command("novel", path).stdout, re.MULTILINE)
    assert command("novel", path, "bank").stdout.startswith("bank: ")
    assert "Without WORD, words are ranked; leave out --where." in command("novel", path, "--where", "year>1900").stderr
    assert command("induce", path, "xylophone").stderr.startswith("Error: The corpus does not have the word")
    with pytest.raises(WordNotFound):
        own_sample.senses().induce("xylophone")
    with pytest.raises(SenseError, match="has no sense yet"):
        own_sample.senses().novel("mercury")
    # Without scikit-learn it is said what installs it.
    (tmp_path / "sklearn").mkdir()
    (tmp_path / "sklearn" / "__init__.py").write_text("raise ImportError('not here')")
    program = "import sys; sys.path.insert(0, sys.argv.pop(1)); from ctxsearch.cli.main import run; run()"
    arguments = [sys.executable, "-c", program, str(tmp_path), "induce", str(path), "bank"]
    result = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert result.stderr == "Error: scikit-learn is not installed; install it with: pip install 'ctxsearch[induce]'.\n"
