"""A number of lines that cannot be is refused wherever one is asked for, and None is all."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ctxsearch import Index
from ctxsearch.errors import QueryError
from ctxsearch.query.examples import unlike
from ctxsearch.senses import Senses

BEFORE, AFTER = "year<1960", "year>=1985"


@pytest.fixture(scope="module")
def senses(sample: Index, tmp_path_factory: pytest.TempPathFactory) -> Senses:
    """An inventory of a copy of the sample, with one sense of *bank*."""
    index = Index.open(shutil.copytree(sample.path, tmp_path_factory.mktemp("numbers") / "sample"), dtype="fp32")
    made = index.senses(by="anna")
    made.new("bank.river")
    made.label("bank.river", ["bank/06:73", "bank/02:29"])
    return made


ASKED: list[Callable[[Index, Senses, int], object]] = [
    lambda index, senses, n: index.change_lines("virus", BEFORE, AFTER, n),
    lambda index, senses, n: index.examples("bank", n),
    lambda index, senses, n: senses.examples("bank", "bank.river", n),
    lambda index, senses, n: senses.collocations("bank", "bank.river", limit=n),
    lambda index, senses, n: senses.assign("bank").to_label(n),
]


@pytest.mark.parametrize("asked", ASKED)
def test_fewer_than_one_line_are_refused(sample: Index, senses: Senses, asked: Callable[..., object]) -> None:
    """Neither none nor fewer than none can be shown, nor a part of one."""
    for number in (0, -1):
        with pytest.raises(QueryError, match=f"{number} lines cannot be shown; ask for at least 1"):
            asked(sample, senses, number)
    with pytest.raises(QueryError, match=r"1\.5 is no number of lines"):
        asked(sample, senses, 1.5)


@pytest.mark.parametrize("seed", [-1, 1.5, "x", None])
def test_seeds_are_whole_numbers(sample: Index, senses: Senses, tmp_path: Path, seed: object) -> None:
    """Wherever something is drawn, what is no seed is told, and nothing is written."""
    for draw in (
        lambda **given: sample.concordance("bank", sample=2, **given),
        lambda **given: sample.export(tmp_path / "bank.csv", "bank", sample=2, **given),
        lambda **given: sample.change(BEFORE, AFTER, **given),
        lambda **given: senses.induce("bank", **given),
    ):
        with pytest.raises(QueryError, match=r"A seed is a whole number from 0 on, and .* is none"):
            draw(seed=seed)
        draw(seed=np.int64(3))
        (tmp_path / "bank.csv").unlink(missing_ok=True)


def test_groups_have_a_line_at_least(sample: Index, senses: Senses) -> None:
    """A number of lines that no group or window has is told."""
    for call in (
        lambda least: senses.induce("bank", least=least),
        lambda least: senses.novel("bank", least=least),
        lambda least: sample.change(BEFORE, AFTER, least=least),
        lambda least: sample.collocations("bank", least=least),
    ):
        for least in (0, -1, 1.5, "x", None):
            with pytest.raises(QueryError, match=f"{least}.* (cannot be|is no)"):
                call(least)


def test_fewer_than_none_are_refused(sample: Index, senses: Senses, tmp_path: Path) -> None:
    """Where none can be wanted, fewer cannot; and nothing is labelled or written."""
    found, before = senses.induce("bank"), (senses.list(), senses.labels())
    with pytest.raises(QueryError, match="-1 lines cannot be labelled; ask for at least 0"):
        senses.accept(found, label=-1)
    assert (senses.list(), senses.labels()) == before
    with pytest.raises(QueryError, match="-1 lines cannot be shown; ask for at least 0"):
        senses.lookup("They rowed to the [bank].", examples=-1)
    assert senses.lookup("They rowed to the [bank].", examples=0).fits[0].lines == []
    with pytest.raises(QueryError, match="-1 lines cannot be shown; ask for at least 0"):
        sample.export(tmp_path / "bank.xml", "bank", examples=-1)


def test_none_is_all(sample: Index, senses: Senses) -> None:
    """Without a number, all lines come that there are."""
    assert len(sample.examples("bank", None)) > 5
    assert sample.examples("bank", None)[:5] == sample.examples("bank")
    assert len(senses.examples("bank", "bank.river", None)) >= len(senses.examples("bank", "bank.river", 2)) == 2
    found = senses.assign("bank")
    assert len(found.to_label(None)) == len(found.uses) - 2
    told = sample.change_lines("virus", BEFORE, AFTER, None)
    assert [len(lines) for lines in told] == [sample.count("virus", where=part) for part in (BEFORE, AFTER)]


def test_no_sentence_is_chosen_where_none_is_wanted() -> None:
    """None of a ranking is none of it."""
    words = [frozenset("ab"), frozenset("cd")]
    assert [unlike(np.arange(2), words, n) for n in (0, 1, None)] == [[], [0], [0, 1]]
