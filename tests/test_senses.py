"""A sense inventory keeps what people write, undoes what they ask, and tells the senses of a word's uses."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import pickle
import re
import shutil
import sqlite3
import stat
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from command_line import ctxsearch as command
from conftest import SAMPLE, WindowEncoder
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ctxsearch import Document, Index
from ctxsearch.catalog.first_write import alone
from ctxsearch.domain import Usage
from ctxsearch.errors import (
    FormatTooNew,
    IndexDamaged,
    IndexLocked,
    KeyNotFound,
    QueryError,
    SenseError,
    SenseNotFound,
    SourceError,
    WordNotFound,
)
from ctxsearch.head import Calibration
from ctxsearch.senses import NONE_OF_THESE, UNSURE, Assignment, Senses
from ctxsearch.senses.agreement import cohen_kappa, krippendorff_alpha
from ctxsearch.senses.telling import centres, estimate, probabilities

RIVER, MONEY = ("d0:22", "d2:18"), ("d1:4", "d3:14")


@pytest.fixture
def senses(index: Index) -> Senses:
    """Anna's inventory of the river documents, with two senses of *bank*."""
    made = index.senses(by="anna")
    made.new("bank.river", definition="the land beside a river")
    made.new("bank.money")
    return made


@pytest.fixture
def own_sample(sample: Index, tmp_path: Path) -> Iterator[Index]:
    """A copy of the sample's index, to write into."""
    with Index.open(shutil.copytree(sample.path, tmp_path / "sample"), dtype="fp32") as index:
        yield index


def keys_of(index: Index, word: str) -> list[str]:
    """The keys of all lines of a word."""
    return [line.key for line in index.concordance(word)]


def snapshot(senses: Senses) -> object:
    """All that an inventory holds, but its log."""
    return senses.list(), senses.labels()


def gold(sense_of: dict[str, str], lemma: str) -> dict[str, str]:
    """The labelled uses of a word of the sample, by key."""
    return {key: sense for key, sense in sense_of.items() if sense.startswith(f"{lemma}.")}


@pytest.fixture(scope="session")
def sense_of() -> dict[str, str]:
    """The sense of each labelled use of the sample, by key."""
    uses = (json.loads(line) for line in (SAMPLE / "labels.jsonl").read_text(encoding="utf-8").splitlines())
    return {f"{use['document_id']}:{use['start']}": use["sense"] for use in uses}


def test_what_is_written_is_there(index: Index, senses: Senses) -> None:
    """Senses, definitions, labels and notes are read as they were written, by whoever opens the index next."""
    keys = keys_of(index, "bank")
    assert senses.label("bank.river", keys[:2]) == 2
    assert senses.label("bank.river", keys[:2]) == 0  # it had them
    senses.define("bank.money", " an institution that lends money ")
    senses.note("bank.river", "also of lakes")
    with Index.open(index.path) as again:
        other = again.senses(by="bert")
        river, money = other.list("banks")
        assert (river.sense_id, river.lemma, river.definition, river.labels) == (
            "bank.river",
            "bank",
            "the land beside a river",
            2,
        )
        assert (money.definition, money.labels) == ("an institution that lends money", 0)
        assert [(note.text, note.by) for note in river.notes] == [("also of lakes", "anna")]
        assert [(label.key, label.sense_id, label.by) for label in other.labels()] == [
            (key, "bank.river", "anna") for key in sorted(keys[:2])
        ]
        assert [change.by for change in other.changes()] == ["anna"] * 5
    assert senses.unlabel([*keys[:1], *keys[3:4]]) == 1
    assert [label.key for label in senses.labels(by="anna")] == keys[1:2]


def test_the_log_of_a_word_has_what_touched_its_senses(index: Index, senses: Senses) -> None:
    """Senses, labels, notes and examples of it, also of a sense that is gone, or that was only renamed; no others."""
    senses.new("river.water", examples="They rowed on the [river].")
    before = len(senses.changes())
    key = keys_of(index, "bank")[0]
    senses.label("river.water", keys_of(index, "river")[0])
    senses.note("river.water", "a note")
    senses.label("bank.river", key)
    senses.rename("bank.river", "shore")
    senses.merge("shore", "bank.money")
    index.subcorpora(by="anna").save("early", ["year<1950"])
    senses.remove("river.water")
    senses.unlabel(key)
    senses.undo()
    senses.note("bank.money", "of both words, by no means")
    every, of_bank, of_river = senses.changes(), senses.changes("bank"), senses.changes("River")
    assert [one.what for one in of_river] == [
        "new sense river.water of river",
        "labelled 1 occurrence with river.water",
        "noted about river.water: a note",
        "removed river.water",
    ]
    assert {one.number for one in of_bank} & {one.number for one in of_river} == set()
    others = [one for one in every[before:] if one not in [*of_bank, *of_river]]
    assert [one.what for one in others] == ["saved subcorpus early"]
    assert [one.undone for one in of_bank].count(True) == 1
    assert senses.changes("boat") == []


def test_the_log_has_every_definition(senses: Senses) -> None:
    """Whether a sense was made, split off or defined with it; where there is none, nothing stands for it."""
    senses.split("bank.river", "bank.slope", [], definition=" a slope ")
    senses.split("bank.river", "bank.edge", [])
    senses.define("bank.edge", "a rim")
    assert [change.what for change in senses.changes()] == [
        "new sense bank.river of bank: the land beside a river",
        "new sense bank.money of bank",
        "split bank.slope off bank.river: a slope",
        "split bank.edge off bank.river",
        "defined bank.edge: a rim",
    ]


def test_nothing_is_written_by_reading(index: Index) -> None:
    """An index in which nobody wrote a sense has none, and no file for them."""
    senses = index.senses()
    assert (senses.list(), senses.labels(), senses.changes(), senses.agreement().occurrences) == ([], [], [], 0)
    assert not (index.path / "senses.sqlite").exists()


def test_a_change_that_fails_makes_no_file(index: Index) -> None:
    """Where there is no inventory, what needs one is told, and no file is made until there is something to write."""
    senses, path = index.senses(by="anna"), index.path / "senses.sqlite"
    key = keys_of(index, "bank")[0]
    for refused in (
        lambda: senses.label("bank.river", key),
        lambda: senses.define("bank.river", "land"),
        lambda: senses.merge("bank.river", "bank.money"),
        lambda: senses.remove("bank.river"),
        senses.undo,
    ):
        with pytest.raises(SenseError, match=r"There is (no sense 'bank\.river'; there is none|nothing of 'anna')"):
            refused()
    with pytest.raises(QueryError, match="There is no subcorpus 'early'"):
        index.subcorpora().remove("early")
    assert senses.unlabel(key) == 0
    for wrong in ("bank/06:74", "nowhere:1"):
        with pytest.raises(KeyNotFound):
            senses.unlabel([key, wrong])
    assert not path.exists()
    senses.new("bank.river")
    assert path.exists()


def test_merge_split_and_rename_keep_labels(index: Index, senses: Senses) -> None:
    """Labels, whoever gave them, follow their sense, and the log tells all."""
    keys = keys_of(index, "bank")
    senses.label("bank.river", keys[:3])
    index.senses(by="bert").label("bank.river", keys[:1])
    senses.split("bank.river", "bank.snow", keys[:1])
    assert Counter(label.sense_id for label in senses.labels()) == {"bank.snow": 2, "bank.river": 2}
    senses.rename("bank.snow", "bank.cloud")
    senses.note("bank.cloud", "rare")
    merged = senses.merge("bank.cloud", "bank.money")
    assert (merged.labels, merged.lines, [note.text for note in merged.notes]) == (2, 1, ["rare"])
    assert [sense.sense_id for sense in senses.list()] == ["bank.river", "bank.money"]
    senses.remove("bank.money")
    assert {label.sense_id for label in senses.labels()} == {"bank.river"}


def test_a_sense_may_be_given_itself(index: Index, senses: Senses) -> None:
    """As the one of that name; and what is neither is refused in a sentence."""
    line = index.concordance("bank")[0]
    one, other = senses.new("bank.one"), senses.new("bank.other")
    assert senses.label(one, line) == 1
    assert senses.note(senses.define(one, "a slope"), "rare").notes[0].text == "rare"
    assert senses.split(one, "bank.new", line).lines == 1
    merged = senses.merge(senses.rename(other, "bank.edge"), one)
    assert (merged.sense_id, merged.definition) == ("bank.one", "a slope")
    senses.remove(merged)
    assert [sense.sense_id for sense in senses.list()] == ["bank.river", "bank.money", "bank.new"]
    for wrong in (3, None, ["bank.new"], line):
        with pytest.raises(
            ValueError, match=r"^A sense is given by its id, such as 'bank\.river', or as a Sense, not as "
        ):
            senses.label(wrong, line)  # type: ignore[arg-type]


def test_half_a_surrogate_pair_is_told(index: Index) -> None:
    """Nobody could keep it; and no sense is made."""
    senses = index.senses()
    before = senses.list()
    for wrong in ({"definition": "\ud800"}, {"examples": "We \ud800 sat at the [bank]."}):
        with pytest.raises(SenseError, match="no valid Unicode near character"):
            senses.new("bank.odd", **wrong)
    assert senses.list() == before


def test_half_a_surrogate_pair_is_told_wherever_it_is_given(index: Index, tmp_path: Path) -> None:
    """In what is looked for or written, with an inventory and without one; the name of a file may be of any bytes."""
    odd, senses, subcorpora = "b\udc80", index.senses(by="anna"), index.subcorpora()
    asks: list[Callable[[], object]] = [
        lambda: senses.define(odd, "a slope"),
        lambda: senses.new("bank.odd", word=odd),
        lambda: senses.unlabel(f"{odd}:3"),
        lambda: subcorpora.save("early", f"year={odd}"),
    ]
    for made in (False, True):
        if made:
            senses.new("bank.river")
            asks += [
                lambda: senses.list(odd),
                lambda: senses.labels(odd),
                lambda: senses.merge("bank.river", odd),
                lambda: senses.split("bank.river", "bank.odd", f"{odd}:3"),
            ]
        for ask in asks:
            with pytest.raises(
                SenseError, match=r"'.*b\\udc80.*' is no valid Unicode near character \d+ \(a lone surr"
            ):
                ask()
    assert [change.what for change in senses.changes()] == ["new sense bank.river of bank"]
    path = tmp_path / "b\udc80.csv"
    path.write_text("headword,sense,definition,example\nbank,bank.edge,a rim,We sat on the [bank].\n", encoding="utf-8")
    senses.import_dictionary(path)
    path.write_text(f"key,sense\n{keys_of(index, 'bank')[0]},bank.edge\n", encoding="utf-8")
    senses.label_from(path)
    assert [change.what for change in senses.changes()[1:]] == [
        "imported senses from b\\udc80.csv",
        "labelled 1 occurrence as b\\udc80.csv has them",
    ]


def test_examples_are_usages_one_or_several(index: Index, senses: Senses) -> None:
    """A sentence with the word in brackets shows a sense as a `Usage` does; a key, a line and a number are refused."""
    marked, usage = "We slept on the [bank].", Usage("The bank was steep.", 4, 8)
    for number, (examples, count) in enumerate([(marked, 1), (usage, 1), ([marked, usage], 2), (iter([usage]), 1)]):
        assert senses.new(f"bank.{number}", examples=examples).examples == count
    assert dict(senses.sentences("bank"))["bank.0"] == Usage("We slept on the bank.", 16, 20)
    line = index.concordance("bank")[0]
    before = senses.changes()
    for wrong in (line, [line]):
        with pytest.raises(QueryError, match=f"The line {line.key!r} is one of the corpus; make the sense, and label"):
            senses.new("bank.5", examples=wrong)  # type: ignore[arg-type]
    with pytest.raises(QueryError, match="No word is marked; write the sentence with one word in brackets"):
        senses.new("bank.5", examples=[line.key])
    for none in (3, [3], None):
        with pytest.raises(QueryError, match="A sentence with one word in brackets is asked about, or a Usage, and no"):
            senses.new("bank.5", examples=none)  # type: ignore[arg-type]
    assert senses.changes() == before


def test_labels_of_several_senses_are_one_change(index: Index, senses: Senses) -> None:
    """Pairs, or a mapping, of senses and lines are labelled and undone together, and not at all if one is wrong."""
    river, money, other = senses.new("bank.a"), senses.new("bank.b"), senses.new("river.c")
    lines = index.concordance("bank")
    pairs = [(river, lines[0]), ("bank.b", [line.key for line in lines[1:4]]), ("bank.a", lines[4:6])]
    assert senses.label_many(iter(pairs)) == 6
    given = {label.key: label.sense_id for label in senses.labels()}
    assert given == {line.key: "bank.b" if at in (1, 2, 3) else "bank.a" for at, line in enumerate(lines[:6])}
    assert senses.changes()[-1].what == "labelled 6 occurrences with bank.a, bank.b"
    assert senses.label_many({"bank.a": lines[:2]}) == 1
    senses.undo()
    before = senses.changes()
    assert senses.label_many(pairs) == senses.label_many([]) == 0
    for wrong, why in (
        ([*pairs, (money, lines[0])], "has two senses, 'bank.a' and 'bank.b'; nothing was labelled"),
        ([(money, lines[0]), (other, lines[1])], "is a use of 'bank', and river.c is a sense of 'river'; nothing was"),
        ([(money, lines[0]), ("bank.z", lines[1])], "There is no sense 'bank.z'"),
        ([(money, lines[0]), ("bank.b", "nowhere:1")], "There is no occurrence 'nowhere:1'"),
        (["bank.a"], r"A pair of a sense and its lines is wanted, \('bank.river', lines\), not 'bank.a'"),
        (None, r"A pair of a sense and its lines is wanted, \('bank.river', lines\), not None"),
        ([("bank.a", lines[0], "x")], "A pair of a sense and its lines is wanted"),
    ):
        with pytest.raises((SenseError, KeyNotFound), match=why):
            senses.label_many(wrong)  # type: ignore[arg-type]
    assert senses.changes() == before
    assert {label.key: label.sense_id for label in senses.labels()} == given
    senses.undo()
    assert senses.labels() == []


def test_a_sentence_of_both_is_merged_into_one(index: Index, senses: Senses) -> None:
    """A merged sense has no sentence twice, unless another word of it is marked; an undo gives each its own again."""
    one, other = Usage("A bank is a bank.", 2, 6), Usage("A bank is a bank.", 12, 16)
    senses.new("bank.snow", examples=[one, other])
    senses.new("bank.cloud", examples=[one])
    before = senses.sentences("bank")
    assert senses.merge("bank.snow", "bank.cloud").examples == 2
    assert senses.sentences("bank") == [("bank.cloud", other), ("bank.cloud", one)]
    senses.undo()
    assert senses.sentences("bank") == before


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["new", "define", "rename", "note", "merge", "split", "remove", "label", "unlabel"]),
        st.integers(0, 3),
        st.integers(0, 3),
        st.lists(st.integers(0, 3), min_size=1, max_size=3),
    ),
    max_size=12,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ACTIONS)
def test_every_change_is_undone(index: Index, actions: list[tuple[str, int, int, list[int]]]) -> None:
    """Whatever was done, each undo leads back to what was before, one change after the other; the log keeps it all."""
    (index.path / "senses.sqlite").unlink(missing_ok=True)
    senses, keys = index.senses(by="anna"), keys_of(index, "bank")
    states = [snapshot(senses)]
    for action, one, other, numbers in actions:
        first, second, some = f"bank.{one}", f"bank.{other}", [keys[number] for number in numbers]
        before = len(senses.changes())
        try:
            match action:
                case "new":
                    senses.new(first, definition=second)
                case "define":
                    senses.define(first, second)
                case "rename":
                    senses.rename(first, second)
                case "note":
                    senses.note(first, second)
                case "merge":
                    senses.merge(first, second)
                case "split":
                    senses.split(first, second, some)
                case "remove":
                    senses.remove(first)
                case "label":
                    senses.label(first, some)
                case _:
                    senses.unlabel(some)
        except SenseError:
            assert snapshot(senses) == states[-1]  # what is refused changes nothing
        if len(senses.changes()) > before:
            states.append(snapshot(senses))
        else:
            assert snapshot(senses) == states[-1]
    done = len(states) - 1
    for state in reversed(states[:-1]):
        senses.undo()
        assert snapshot(senses) == state
    with pytest.raises(SenseError, match="nothing of 'anna' to undo"):
        senses.undo()
    assert len(senses.changes()) == 2 * done


def test_undo_is_refused_where_others_went_on(index: Index, senses: Senses) -> None:
    """One undoes one's own changes, and none whose rows somebody has changed since."""
    key = keys_of(index, "bank")[0]
    bert = index.senses(by="bert")
    with pytest.raises(SenseError, match="nothing of 'bert'"):
        bert.undo()
    bert.define("bank.money", "a house for money")
    before = snapshot(senses)
    with pytest.raises(SenseError, match="Change 2 cannot be undone: what it changed has been changed since"):
        senses.undo()  # of anna the newest is the new sense, which bert has defined
    assert snapshot(senses) == before
    bert.undo()
    assert senses.undo().what == "new sense bank.money of bank"
    assert bert.label("bank.river", [key]) == 1
    assert [change.undone for change in senses.changes()] == [False, True, True, False, False, False]


def test_undo_takes_no_sense_that_others_have_used(index: Index, senses: Senses) -> None:
    """A new sense with another's label or note stays; a label of a sense that is gone does not come back."""
    one, other, *_ = keys_of(index, "bank")
    bert = index.senses(by="bert")
    senses.new("bank.snow")
    bert.label("bank.snow", [one])
    before = snapshot(senses)
    with pytest.raises(SenseError, match="cannot be undone: a sense that it made has labels now"):
        senses.undo()
    bert.undo()
    bert.note("bank.snow", "of snow")
    with pytest.raises(SenseError, match="cannot be undone: a sense that it made has notes now"):
        senses.undo()
    bert.undo()
    bert.label("bank.snow", [one, other])
    bert.label("bank.river", [one])
    senses.remove("bank.snow")
    with pytest.raises(SenseError, match="cannot be undone: a sense that its labels are of has been taken out since"):
        bert.undo()
    senses.undo()
    bert.undo()
    assert [label.key for label in senses.labels(by="bert")] == sorted([one, other])
    bert.unlabel([other])
    assert snapshot(senses) == before


def test_a_sense_that_was_removed_comes_back_whatever_was_made_since(index: Index, senses: Senses) -> None:
    """What is new gets nothing of what is gone: not its labels or notes, and not its place."""
    key = keys_of(index, "bank")[0]
    bert = index.senses(by="bert")
    for name in ("bank.snow", "bank.cloud"):
        senses.new(name)
    bert.label("bank.cloud", [key])
    senses.note("bank.cloud", "of clouds")
    senses.remove("bank.cloud")
    bert.new("river.sense", word="river")
    bert.note("river.sense", "of rivers")
    assert senses.undo().what == "removed bank.cloud"
    assert {label.key: label.sense_id for label in senses.labels(by="bert")} == {key: "bank.cloud"}
    notes = {sense.sense_id: [note.text for note in sense.notes] for sense in senses.list()}
    assert (notes["bank.cloud"], notes["river.sense"]) == (["of clouds"], ["of rivers"])


@pytest.mark.parametrize("change", ["remove", "rename"])
def test_undo_takes_no_name_that_another_sense_has(index: Index, senses: Senses, change: str) -> None:
    """What is undone brings no sense back under a name that somebody has given to another since."""
    key = keys_of(index, "bank")[0]
    senses.new("bank.snow")
    if change == "remove":
        senses.remove("bank.snow")
    else:
        senses.rename("bank.snow", "bank.ice")
    bert = index.senses(by="bert")
    bert.new("bank.snow")
    bert.label("bank.snow", [key])
    before = snapshot(senses)
    with pytest.raises(SenseError, match=r"cannot be undone: another sense is called 'bank.snow' now"):
        senses.undo()
    assert snapshot(senses) == before
    assert {label.key: label.sense_id for label in senses.labels(by="bert")} == {key: "bank.snow"}


def test_wrong_input_is_one_sentence(index: Index, senses: Senses) -> None:
    """What cannot be is said, and nothing is changed."""
    key = keys_of(index, "bank")[0]
    river = next(line.key for line in index.concordance("river"))
    before = snapshot(senses)
    with pytest.raises(SenseNotFound, match=r"There is no sense 'bank.snow'; there are: bank.money, bank.river"):
        senses.label("bank.snow", [key])
    for name in ("unsure", "none of these"):
        with pytest.raises(SenseError, match=f"'{name}' cannot be the name of a sense: assign says it of lines"):
            senses.new(name, word="bank")
    with pytest.raises(SenseError, match=rf"{river} is a use of 'river', and bank\.river is a sense of 'bank'"):
        senses.label("bank.river", [key, river])
    with pytest.raises(KeyNotFound):
        senses.label("bank.river", ["nowhere:0"])
    with pytest.raises(SenseError, match=r"There is a sense 'bank\.money' already"):
        senses.new("bank.money")
    with pytest.raises(SenseError, match="already; merge the two"):
        senses.rename("bank.river", "bank.money")
    with pytest.raises(SenseError, match="cannot be merged into itself"):
        senses.merge("bank.river", "bank.river")
    with pytest.raises(SenseError, match=f"{key} is not labelled with bank.river"):
        senses.split("bank.river", "bank.new", [key])
    for name in ("", " bank", "b\nank", "x" * 201, "bank.a; bank.b"):
        with pytest.raises(SenseError, match="cannot be the name of a sense"):
            senses.new(name)
    with pytest.raises(SenseError, match="cannot be the name of a person"):
        index.senses(by="")
    with pytest.raises(SenseError, match="The note is empty"):
        senses.note("bank.river", "  ")
    assert snapshot(senses) == before
    senses.new("river.flow", word="river")
    with pytest.raises(SenseError, match=r"bank.river is a sense of 'bank', and river.flow is one of 'river'"):
        senses.merge("bank.river", "river.flow")


@pytest.mark.parametrize("kind", ["noise", "view", "trigger", "newer"])
def test_strange_file_is_an_error(index: Index, senses: Senses, kind: str) -> None:
    """A file that is none of ours, or a newer ctxsearch's, is told, by verify too, and left as it is."""
    path = index.path / "senses.sqlite"
    if kind == "noise":
        path.write_bytes(b"noise" * 1000)
    else:
        script = {
            "view": "alter table notes rename to held; create view notes as select * from held",
            "trigger": "create trigger t after insert on labels begin delete from senses; end",
            "newer": "update _sqlite_migrations set name = 'later' where name = 'create_tables'",
        }[kind]
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(script)
    content = path.read_bytes()
    error = FormatTooNew if kind == "newer" else IndexDamaged
    with pytest.raises(error):
        senses.list()
    with pytest.raises(error):
        senses.new("bank.new")
    assert path.read_bytes() == content
    for quick in (True, False):
        problems = Index.verify(index.path, quick=quick, encoder=WindowEncoder()).problems
        assert [Path(problem.path).name for problem in problems] == ["senses.sqlite"]


def test_many_write_at_once(index: Index, senses: Senses) -> None:
    """Several people who label at the same time wait for each other, and nothing is lost."""
    keys = keys_of(index, "bank")
    people = [index.senses(by=f"person {number}") for number in range(6)]

    def work(one: Senses) -> None:
        for number, key in enumerate(keys * 3):
            one.label("bank.river" if number % 2 else "bank.money", [key])

    threads = [Thread(target=work, args=(one,)) for one in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(senses.labels()) == len(people) * len(keys)
    assert [change.number for change in senses.changes()] == list(range(1, len(senses.changes()) + 1))


def test_a_first_import_that_fails_makes_no_file(index: Index, tmp_path: Path) -> None:
    """A dictionary with an error in it, or without a word that the index has, leaves no empty inventory."""
    (tmp_path / "bad.csv").write_text("headword,sense,definition\nbank,bank.river,land\nbank,,\n")
    (tmp_path / "none.csv").write_text("headword,sense,definition\nzebra,zebra.animal,a beast\n")
    senses, path = index.senses(by="anna"), index.path / "senses.sqlite"
    with pytest.raises(SourceError, match="line 3"):
        senses.import_dictionary(tmp_path / "bad.csv")
    assert senses.import_dictionary(tmp_path / "none.csv", in_corpus=True).senses == 0
    assert not list(index.path.glob("senses.sqlite*"))
    (index.path / "senses.sqlite-new").write_text("of a run that was killed")
    senses.new("bank.river")
    assert list(index.path.glob("senses.sqlite*")) == [path]
    assert Index.verify(index.path, encoder=WindowEncoder()).problems == []


def test_a_first_write_is_left_alone_where_there_are_no_locks(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody can tell there whether somebody makes the inventory at this moment."""
    flock = fcntl.flock

    def of_files_alone(descriptor: int, operation: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.ENOLCK, "no locks of folders here")
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", of_files_alone)
    left = index.path / "senses.sqlite-new"
    left.write_text("of a run that may go on")
    index.add([Document("1", "A bank of sand.")])
    assert left.exists()


def test_a_first_write_that_was_killed_leaves_nothing(index: Index) -> None:
    """Whoever adds to the index next clears it away, but not under the hands of who makes the inventory."""
    path = index.path / "senses.sqlite"
    for ending in ("-new", "-new-journal"):
        path.with_name(f"{path.name}{ending}").write_text("of a run that was killed")
    with alone(path, 0):
        index.add([Document("1", "A bank of sand.")])
        assert len(list(index.path.glob("senses.sqlite*"))) == 2
    index.add([Document("2", "A bank of mud.")])
    assert list(index.path.glob("senses.sqlite*")) == []


def test_many_write_first_at_once(index: Index) -> None:
    """Of several who make the inventory at the same time one does, and the others add to it."""
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(lambda number: index.senses(by=f"person {number}").new(f"bank.{number}"), range(6)))
    assert sorted(sense.sense_id for sense in index.senses().list()) == [f"bank.{number}" for number in range(6)]
    assert len(index.senses().changes()) == 6


def test_who_makes_the_inventory_for_long_is_waited_for(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    """And in the end it is said that somebody writes."""
    monkeypatch.setattr("ctxsearch.catalog.inventory_file.PATIENCE_SECONDS", 0.1)
    told = "is being written by another process or thread; wait"
    with alone(index.path / "senses.sqlite", 0), pytest.raises(IndexLocked, match=told):
        index.senses(by="anna").new("bank.river")
    assert index.senses(by="anna").new("bank.river").sense_id == "bank.river"


def test_many_undo_at_once(index: Index, senses: Senses) -> None:
    """Who undoes while the same person undoes elsewhere gets the change before, and not the same one."""
    for number in range(12):
        senses.note("bank.river", str(number))
    with ThreadPoolExecutor(12) as threads:
        undone = list(threads.map(lambda _: index.senses(by="anna").undo().what, range(12)))
    assert sorted(undone) == sorted(f"noted about bank.river: {number}" for number in range(12))
    assert senses.list("bank")[0].notes == []
    assert senses.undo().what == "new sense bank.money of bank"


def test_agreement_is_that_of_the_literature(index: Index, senses: Senses) -> None:
    """Kappa and alpha give the published figures of published data, and what differs is listed."""
    # K. Krippendorff 2011, Computing Krippendorff's alpha-reliability: four observers, twelve units, alpha .743.
    rows = ["123321412***", "1233224125*3", "*3332342251*", "12332441251*"]
    units = [[row[unit] for row in rows if row[unit] != "*"] for unit in range(12)]
    assert krippendorff_alpha(units) == pytest.approx(0.743, abs=5e-4)
    # J. Cohen 1960, table 1: two hundred people, three diagnoses, kappa .492.
    table = {("1", "1"): 88, ("1", "2"): 14, ("1", "3"): 18, ("2", "1"): 10, ("2", "2"): 40, ("2", "3"): 10,
             ("3", "1"): 2, ("3", "2"): 6, ("3", "3"): 12}  # fmt: skip
    assert cohen_kappa([pair for pair, count in table.items() for _ in range(count)]) == pytest.approx(0.492, abs=5e-4)
    assert cohen_kappa([]) is None
    assert cohen_kappa([("a", "a")]) is None
    assert krippendorff_alpha([["a", "a"], ["a"]]) is None
    keys = keys_of(index, "bank")
    bert = index.senses(by="bert")
    senses.label("bank.river", keys[:3])
    bert.label("bank.river", keys[:2])
    bert.label("bank.money", keys[2:4])
    found = senses.agreement("bank")
    assert (found.people, found.occurrences) == (["anna", "bert"], 3)
    assert [(one.key, dict(one.senses)) for one in found.disagreements] == [
        (keys[2], {"anna": "bank.river", "bert": "bank.money"})
    ]
    assert found.kappa[("anna", "bert")] == pytest.approx(0)
    assert (found.compared, found.agreed) == ({("anna", "bert"): 3}, {("anna", "bert"): 2})
    index.senses(by="carl").label("bank.money", keys[3:5])
    found = senses.agreement("bank")
    assert found.compared == {("anna", "bert"): 3, ("anna", "carl"): 0, ("bert", "carl"): 1}
    assert found.agreed == {("anna", "bert"): 2, ("anna", "carl"): 0, ("bert", "carl"): 1}
    assert found.kappa[("anna", "carl")] is None


def test_probabilities_are_a_share_of_one() -> None:
    """They are positive, leave a rest for none of the senses, and rise with nearness."""
    random = np.random.default_rng(0)
    nearness = random.uniform(-1, 1, (500, 4)).astype(np.float32)
    counts = np.array([1, 2, 5, 100])
    likely = probabilities(nearness, counts, Calibration(7.0, -4.4))
    assert (likely > 0).all()
    assert (likely.sum(axis=1) < 1).all()
    nearer = nearness.copy()
    nearer[:, 2] += 0.1
    assert (probabilities(nearer, counts, Calibration(7.0, -4.4))[:, 2] > likely[:, 2]).all()
    assert np.isfinite(probabilities(nearness * 1e6, counts, Calibration(700.0, -44.0))).all()
    vectors = np.array([[1, 0], [0, 1], [-1, 0]], np.float32)
    middle = centres(vectors, np.array([0, 0, 1]), 2)
    np.testing.assert_allclose(middle, [[2**-0.5, 2**-0.5], [-1, 0]], rtol=1e-6)
    assert not centres(vectors, np.array([0, 1, 0]), 2)[0].any()  # they cancel each other out


def test_rare_senses_are_estimated_as_rare() -> None:
    """Where probabilities are modest, a rare sense is not held to be as frequent as these add up to."""
    random = np.random.default_rng(0)
    true = random.choice(3, 500, p=[0.9, 0.1, 0])
    evidence = 2 * np.eye(3)[true] + random.normal(0, 0.7, (500, 3))
    answers = np.exp(evidence) / np.exp(evidence).sum(axis=1, keepdims=True)
    counts = np.bincount(true, minlength=3)
    found = estimate(answers, 5)
    assert found.expected.sum() == pytest.approx(500)
    off = np.abs(found.expected - counts)
    assert off.sum() < np.abs(answers.sum(axis=0) - counts).sum() / 3
    assert (off < 1.96 * found.deviation).all()


def test_shares_of_some_uses_lean_on_those_of_all() -> None:
    """They are those that a fine grid finds likeliest, ten uses being given beside that are spread as all are."""
    random = np.random.default_rng(0)
    of_all = np.array([0.7, 0.2, 0.1])
    steps = np.arange(0.002, 1, 0.002)
    grid = np.array([(one, other, 1 - one - other) for one in steps for other in steps if one + other < 0.999])
    for n_uses in (1, 4, 40):
        answers = random.dirichlet([0.5, 0.6, 0.4], n_uses)
        likelihood = np.log(grid @ answers.T).sum(axis=1) + 10 * np.log(grid) @ of_all
        best = grid[likelihood.argmax()]
        told = answers * best / (answers @ best)[:, None]
        found = estimate(answers, 5, of_all=of_all)
        np.testing.assert_allclose(found.shares, best, atol=0.003)
        np.testing.assert_allclose(found.expected, told.sum(axis=0), atol=0.004 * n_uses)
    without = estimate(np.empty((0, 3)), 5, of_all=of_all)
    assert without.expected.tolist() == without.deviation.tolist() == [0, 0, 0]
    np.testing.assert_allclose(without.shares, of_all)


def test_an_entry_that_comes_back_shows_each_line_once(own_sample: Index, tmp_path: Path) -> None:
    """Its sentences are those of the lines that are labelled: what `assign` tells stays, and the sources of lines."""
    senses = own_sample.senses(by="anna")
    senses.new("bank.river", definition="land beside water", examples="They sat on the muddy [bank] of the stream.")
    senses.new("bank.money", definition="a firm")
    senses.label("bank.river", ["bank/06:73", "bank/02:29"])
    told = [(use.line.key, use.p) for use in senses.assign("bank").uses]
    own_sample.export(tmp_path / "a.xml", "bank")
    report = senses.import_dictionary(tmp_path / "a.xml")
    assert (report.senses, report.examples, report.labelled) == (0, 0, 2)
    assert [(use.line.key, use.p) for use in senses.assign("bank").uses] == told
    own_sample.export(tmp_path / "b.xml", "bank")
    assert (tmp_path / "b.xml").read_text() == (tmp_path / "a.xml").read_text()
    for key in ("bank/06:73", "bank/02:29"):
        senses.unlabel(key)
    assert senses.import_dictionary(tmp_path / "a.xml").examples == 2


def test_how_often_senses_are_by_metadata(own_sample: Index) -> None:
    """Of each value it is what its own uses tell, by a grid of shares too, and what people know of them is certain."""
    senses = own_sample.senses(by="anna")
    senses.new("bank.river")
    senses.label("bank.river", ["bank/06:73", "bank/02:29"])
    found = senses.assign("bank")
    shares = np.arange(0.0005, 1, 0.0005)
    grid = np.column_stack([shares, 1 - shares])

    def likeliest(uses: Sequence[Assignment], prior: NDArray[np.float64]) -> NDArray[np.float64]:
        answers = np.array([(use.p, use.p_none) for use in uses if not use.is_labelled]).reshape(-1, 2)
        best = grid[(np.log(grid @ answers.T).sum(axis=1) + np.log(grid) @ prior).argmax()]
        return np.array([*best, *(answers * best / (answers @ best)[:, None]).sum(axis=0)])

    n_uses = sum(not use.is_labelled for use in found.uses)
    of_all = likeliest(found.uses, np.full(2, 0.02 * n_uses))
    by_genre = found.frequencies_by("genre")
    assert [*by_genre] == [*found.by_metadata("genre")]
    for genre, row in by_genre.items():
        own = [use for use in found.uses if str(use.line.metadata["genre"]) == genre]
        known = sum(use.is_labelled for use in own)
        expected = likeliest(own, 10 * of_all[:2])[2:] + np.array([known, 0])
        assert [one.sense_id for one in row] == ["bank.river", NONE_OF_THESE]
        assert [one.assigned for one in row] == found.by_metadata("genre")[genre][:2]
        np.testing.assert_allclose([one.expected for one in row], expected, atol=0.02)
        assert row[0].low >= known
        assert all(0 <= one.low <= one.expected <= one.high <= len(own) for one in row)
        assert row[1].high <= len(own) - known
    assert any(row[0].low < row[0].high for row in by_genre.values())
    alone = senses.assign("bank", where="genre=diary")
    assert alone.frequencies_by("genre") == {"diary": alone.frequencies} == {"diary": by_genre["diary"]}
    periods = found.frequencies_by("year:20")
    assert [*periods] == [*found.by_metadata("year:20")]
    empty = next(value for value, row in found.by_metadata("year:5").items() if not sum(row))
    assert [(one.assigned, one.expected, one.low, one.high) for one in found.frequencies_by("year:5")[empty]] == [
        (0, 0, 0, 0)
    ] * 2
    with pytest.raises(SenseError, match="has the column 'colour'; there are"):
        found.frequencies_by("colour")


def test_what_is_sure_is_counted() -> None:
    """Of uses that are told for sure as many are expected as there are, and nothing is in doubt; of none, none."""
    sure = np.eye(3)[[0, 0, 1, 2, 0]]
    assert estimate(sure, 1).expected.tolist() == [3, 1, 1]
    assert estimate(sure, 1).deviation.tolist() == [0, 0, 0]
    assert estimate(np.empty((0, 2)), 1).expected.tolist() == estimate(np.empty((0, 2)), 1).deviation.tolist() == [0, 0]


def test_more_examples_leave_less_in_doubt() -> None:
    """The same probabilities tell more surely how many uses there are if more examples stand behind them."""
    answers = np.full((50, 2), 0.5)
    assert (estimate(answers, 10).deviation < estimate(answers, 2).deviation).all()


def test_what_people_say_bounds_what_is_expected(own_sample: Index) -> None:
    """Of no sense less is expected than is labelled, and none more than is left; where all is labelled, just that."""
    senses = own_sample.senses(by="anna")
    names = [senses.new(name).sense_id for name in ("storm.1", "storm.2")]
    keys = [line.key for line in own_sample.concordance("storm")]
    for many in (2, len(keys) // 2, len(keys)):
        for name, part in zip(names, (keys[:many:2], keys[1:many:2]), strict=True):
            senses.label(name, part)
        found = senses.assign("storm")
        labelled = Counter(label.sense_id for label in senses.labels("storm"))
        for one in found.frequencies:
            known = labelled[one.sense_id]
            assert known - 1e-9 <= one.low <= one.expected <= one.high <= known + len(keys) - many + 1e-9
    assert [one.expected for one in found.frequencies] == [*map(labelled.__getitem__, names), 0]


def test_three_examples_tell_the_sample_apart(own_sample: Index, sense_of: dict[str, str]) -> None:
    """With three labelled lines of each sense, nine tenths of the sample's other lines are told rightly."""
    senses = own_sample.senses(by="anna")
    right = told = 0
    for lemma in ("bank", "spring", "mercury", "storm", "interest", "rich"):
        known = gold(sense_of, lemma)
        for sense in dict.fromkeys(known.values()):
            senses.new(sense)
            senses.label(sense, [key for key, other in known.items() if other == sense][:3])
        found = senses.assign(lemma)
        assert [use.line.key for use in found.uses] == keys_of(own_sample, lemma)
        assert sum(one.assigned for one in found.frequencies) + found.unsure == len(found.uses)
        assert sum(one.expected for one in found.frequencies) == pytest.approx(len(found.uses))
        assert all(one.low <= one.expected <= one.high for one in found.frequencies)
        labelled = {label.key: label.sense_id for label in senses.labels(lemma)}
        for use in found.uses:
            assert 0 <= use.margin <= 1
            assert use.p + use.p_none <= 1 + 1e-9
            if use.is_labelled:
                assert (use.pile, use.p) == (labelled[use.line.key], 1)
            elif use.line.key in known:
                told += 1
                right += use.sense_id == known[use.line.key]
        assert not {use.line.key for use in found.to_label(5)} & labelled.keys()
        assert [use.margin for use in found.to_label(5)] == sorted(use.margin for use in found.to_label(5))
    assert told > 60
    assert right / told >= 0.9


def test_a_sense_left_out_is_none_of_these(own_sample: Index, sense_of: dict[str, str]) -> None:
    """Uses of a sense that the inventory lacks are likelier to be of none than those of a sense that it has."""
    senses = own_sample.senses(by="anna")
    known = gold(sense_of, "bank")
    senses.new("bank.river")
    senses.label("bank.river", [key for key, sense in known.items() if sense == "bank.river"][:3])
    with_none = {use.line.key: use.p_none for use in senses.assign("bank").uses if not use.is_labelled}
    of_river = [p for key, p in with_none.items() if known.get(key) == "bank.river"]
    of_others = [p for key, p in with_none.items() if key in known and known[key] != "bank.river"]
    assert of_river
    assert of_others
    won = np.mean([one < other for one in of_river for other in of_others])
    assert won > 0.95
    piles = Counter(use.pile for use in senses.assign("bank").uses)
    assert piles[NONE_OF_THESE] >= len(of_others) // 2


def test_lines_are_read_when_they_are_wanted(own_sample: Index, sense_of: dict[str, str]) -> None:
    """Counts need none; a line is the same, however it is come to; and none can be read of an index that went on."""
    senses = own_sample.senses(by="anna")
    known = gold(sense_of, "bank")
    for sense in dict.fromkeys(known.values()):
        senses.new(sense)
        senses.label(sense, [key for key, other in known.items() if other == sense][:3])
    fresh, found = senses.assign("bank"), senses.assign("bank")
    uses = list(found.uses)
    assert len(uses) == len(found.uses) == len(keys_of(own_sample, "bank"))
    assert [fresh.uses[number] for number in range(len(uses))] == uses
    assert (fresh.uses[-1], fresh.uses[3:9:2], fresh.uses[:0]) == (uses[-1], uses[3:9:2], [])
    with pytest.raises(IndexError):
        fresh.uses[len(uses)]
    piles = [*(one.sense_id for one in found.frequencies), UNSURE]
    assert sorted((use for pile in piles for use in fresh.in_pile(pile)), key=lambda use: use.line.key) == sorted(
        uses, key=lambda use: use.line.key
    )
    least = sorted((use for use in uses if not use.is_labelled), key=lambda use: (use.margin, use.line.key))
    assert fresh.to_label(1) == least[:1]
    assert list(fresh.uses.least_sure()) == least
    genres = Counter((str(use.line.metadata["genre"]), use.pile) for use in uses)
    assert fresh.by_metadata("genre") == {
        genre: [genres[genre, pile] for pile in piles] for genre in sorted({genre for genre, _ in genres})
    }
    own_sample.add([Document("new", "The bank was wet.")])
    assert list(found.uses) == uses
    assert len(fresh.found_in("unsure")) == fresh.unsure
    # Those of the commit that was asked can be read, even where no file of it is left.
    own_sample.compact()
    own_sample.close()
    of_pile = sorted(fresh.in_pile(piles[0]), key=lambda use: use.line.key)
    assert of_pile == sorted((use for use in uses if use.pile == piles[0]), key=lambda use: use.line.key)


def test_lookup_ranks_senses_with_evidence(own_sample: Index, sense_of: dict[str, str]) -> None:
    """A use is told its likeliest sense, with the labelled lines nearest to it, and sentences of a dictionary."""
    senses = own_sample.senses(by="anna")
    known = gold(sense_of, "bank")
    for sense in dict.fromkeys(known.values()):
        senses.new(sense)
        senses.label(sense, [key for key, other in known.items() if other == sense][:3])
    text = "We moored the boat at the bank of the river."
    senses.new("bank.shown", word="bank", examples=[Usage(text, text.index("bank"), text.index("bank") + 4)])
    senses.new("bank.unshown", word="bank")
    found = senses.lookup("They rowed across the river to the muddy [bank].", examples=2)
    assert found.lemma == "bank"
    assert {fit.sense.sense_id for fit in found.fits[:2]} == {"bank.river", "bank.shown"}
    assert sum(fit.p for fit in found.fits) + found.p_none == pytest.approx(1)
    assert [fit.p for fit in found.fits] == sorted((fit.p for fit in found.fits), reverse=True)
    river = next(fit for fit in found.fits if fit.sense.sense_id == "bank.river")
    assert len(river.lines) == 2
    assert all(known[line.key] == "bank.river" for line in river.lines)
    expected = own_sample.query("They rowed across the river to the muddy [bank].", k=None)
    by_key = {line.key: line.score for line in expected}
    for line in river.lines:
        assert line.score == pytest.approx(by_key[line.key], abs=2e-3)
    shown = next(fit for fit in found.fits if fit.sense.sense_id == "bank.shown")
    assert [usage.text for usage, _ in shown.sentences] == [text]
    assert [sense.sense_id for sense in found.without_examples] == ["bank.unshown"]
    assert senses.lookup("They rowed to the muddy [bank].", by="bert").fits[0].sense.sense_id == "bank.shown"


def test_a_word_that_is_filed_elsewhere_is_labelled_and_looked_up(own_sample: Index) -> None:
    """*Meeting* is filed under *meet*, and *meetings* under *meeting*: senses of *meeting* are those of both."""
    own_sample.add(
        [
            Document("one", "The annual meetings of the board lasted for hours."),
            Document("two", "The annual meeting of the board lasted for an hour."),
        ]
    )
    lemma_of = {line.key: line.lemma for line in own_sample.concordance("meeting")}
    assert (lemma_of["one:11"], lemma_of["two:11"]) == ("meeting", "meet")
    senses = own_sample.senses(by="anna")
    senses.new("meeting.event")
    assert senses.label("meeting.event", ["one:11", "two:11"]) == 2
    found = senses.assign("meeting")
    assert {use.line.key for use in found.uses if use.is_labelled} == {"one:11", "two:11"}
    assert senses.lookup("The [meeting] of the board lasted.").fits[0].sense.sense_id == "meeting.event"
    with pytest.raises(SenseError, match=r"is a use of 'board', and meeting\.event is a sense"):
        senses.label("meeting.event", ["two:26"])


def test_conditions_that_no_line_meets_leave_no_line(own_sample: Index) -> None:
    """Where no line of a word meets the conditions, all counts are nothing, and so are the groups of what is left."""
    senses = own_sample.senses(by="anna")
    senses.new("bank.river")
    senses.label("bank.river", keys_of(own_sample, "bank")[:3])
    found = senses.assign("bank", where="year>3000")
    assert (len(found.uses), found.unsure, found.to_label(3)) == (0, 0, [])
    assert [(one.assigned, one.expected) for one in found.frequencies] == [(0, 0.0), (0, 0.0)]
    assert senses.novel("bank", where="year>3000").occurrences == 0


def test_values_that_are_printed_alike_are_added_up(own_sample: Index) -> None:
    """Counts by a column lose no line, whatever kinds its values have: 1990 and "1990" are one, 1 and true are not."""
    kinds = (1990, "1990", None, "None", True, 1, "1")
    own_sample.add(Document(f"kind/{number}", "The bank.", {"kind": kind}) for number, kind in enumerate(kinds))
    senses = own_sample.senses(by="anna")
    senses.new("bank.river")
    senses.label("bank.river", "bank/06:73")
    found = senses.assign("bank").by_metadata("kind")
    assert {value: sum(counts) for value, counts in found.items()} == {"1990": 2, "None": 2, "True": 1, "1": 2}
    periods = senses.assign("bank").by_metadata("kind:10")
    assert sum(map(sum, periods.values())) == len(kinds)


def test_what_is_assigned_can_be_pickled(own_sample: Index) -> None:
    """Pickled it has its lines with it, and tells the same as before, also when the index is closed."""
    senses = own_sample.senses(by="anna")
    senses.new("bank.river")
    senses.label("bank.river", "bank/06:73")
    found = senses.assign("bank")
    by_genre = found.by_metadata("genre")
    copy = pickle.loads(pickle.dumps(found))
    own_sample.close()
    assert [use.line for use in copy.uses] == [use.line for use in found.uses]
    assert copy.by_metadata("genre") == found.by_metadata("genre") == by_genre
    assert copy.frequencies_by("genre") == found.frequencies_by("genre")
    assert copy.in_pile("bank.river") == found.in_pile("bank.river")
    assert (copy.frequencies, copy.unsure, copy.lost) == (found.frequencies, found.unsure, found.lost)


def test_labels_of_lost_lines_are_told(own_sample: Index) -> None:
    """A label outlives its document: it shows nothing, is told, and counts again when the document is back."""
    senses = own_sample.senses(by="anna")
    senses.new("bank.river")
    senses.label("bank.river", ["bank/06:73", "bank/02:29"])
    lines = (SAMPLE / "documents.jsonl").read_text(encoding="utf-8").splitlines()
    document = next(one for one in map(json.loads, lines) if one["id"] == "bank/02")
    own_sample.remove(["bank/02"])
    assert [label.key for label in senses.assign("bank").lost] == ["bank/02:29"]
    own_sample.add([Document("bank/02", document["text"])])
    assert senses.assign("bank").lost == []


def test_a_word_that_the_corpus_does_not_have_is_told_as_such(own_sample: Index) -> None:
    """Whatever senses there are: of it, none has to be made; a word beside it, and one in a sentence, likewise."""
    senses = own_sample.senses(by="anna")
    for _ in range(2):
        for ask in (
            senses.assign,
            senses.novel,
            senses.induce,
            lambda word: senses.assign("bank", near=word),
            lambda word: senses.novel("bank", near=word),
            lambda word: senses.collocations(word, "bank.river"),
            lambda word: senses.contrast(word, "bank.river", "bank.money"),
            lambda word: senses.examples(word, "bank.river"),
            lambda word: senses.lookup(f"They rowed to the [{word}]."),
        ):
            with pytest.raises(WordNotFound, match=r"The corpus does not have the word 'bannk'\. Nearest: bank, ban"):
                ask("bannk")
        senses.new(f"bank.{len(senses.list())}", examples="They rowed to the [bank].")
    senses.new("bannk.1", examples="The [bannk] was full.")
    assert senses.lookup("We saw a [bannk].").lemma == "bannk"
    told = command("assign", own_sample.path, "bannk")
    assert told.returncode == 1
    assert told.stderr.startswith("Error: The corpus does not have the word 'bannk'. Nearest: bank, ban")


def test_without_head_or_examples_it_is_one_sentence(index: Index, senses: Senses, own_sample: Index) -> None:
    """Where nothing can be told, it is said why, and what to do."""
    senses.label("bank.river", keys_of(index, "bank")[:1])
    with pytest.raises(SenseError, match="The index has no head"):
        senses.assign("bank")
    empty = own_sample.senses(by="anna")
    with pytest.raises(SenseError, match="'bank' has no sense yet"):
        empty.assign("bank")
    empty.new("bank.river")
    with pytest.raises(SenseError, match="No sense of 'bank' has an example"):
        empty.lookup("They rowed to the [bank].")
    empty.label("bank.river", ["bank/06:73"])
    with pytest.raises(SenseError, match="has the column 'colour'; there are"):
        empty.assign("bank").by_metadata("colour")
    with pytest.raises(SenseError, match="'genre' has no numbers to make periods of"):
        empty.assign("bank").by_metadata("genre:20")
    with pytest.raises(SenseError, match=r"No line of 'bank' can have the sense 'bank\.snow'; choose one of: bank"):
        empty.assign("bank").in_pile("bank.snow")
    with pytest.raises(SenseError, match="least margin"):
        empty.assign("bank", least_margin=2)


@pytest.mark.parametrize("conditions", ["5", "null", "x", "{}", "[]", "[1]", "[" * 100_000])
def test_subcorpus_that_cannot_be_read_is_damage(index: Index, conditions: str) -> None:
    """What stands for conditions and is none is damage, told by verify too, and never *all documents*."""
    index.subcorpora(by="ann").save("some", ["year<1900"])
    with closing(sqlite3.connect(index.path / "senses.sqlite")) as connection:
        connection.execute("update subcorpora set conditions = ?", [conditions])
        connection.commit()
    with pytest.raises(IndexDamaged, match="the conditions of the subcorpus 'some' cannot be read"):
        index.count("bank", where=["@some"])
    assert Index.verify(index.path, quick=True, encoder=WindowEncoder()).problems


@pytest.mark.parametrize(
    "rows",
    [
        *('[["x"', '["x"]', "", "5", "null", "[5]", '[["senses", null]]', '[["none", null, [1]]]', "[" * 100_000),
        *('[["senses", null, [1]]]', '[["senses", null, [1, [], "bank", ""]]]'),
    ],
)
def test_a_log_that_cannot_be_read_is_damage(index: Index, senses: Senses, rows: str) -> None:
    """What stands for the rows that a change touched and is none is damage, told by verify too, and never undone."""
    path = index.path / "senses.sqlite"
    number = senses.changes()[-1].number
    with closing(sqlite3.connect(path)) as connection:
        connection.execute('update changes set "rows" = ? where change = ?', [rows, number])
        connection.commit()
    before = senses.list()
    told = rf"^{re.escape(str(path))} is damaged: what change {number} in its log touched cannot be read\. Run "
    with pytest.raises(IndexDamaged, match=told):
        senses.undo()
    with suppress(IndexDamaged):  # SQLite reads some of these, and finds nothing of the word
        senses.changes("bank")
    assert senses.list() == before
    (problem,) = Index.verify(index.path, encoder=WindowEncoder()).problems
    assert (problem.path, problem.why) == (str(path), f"what change {number} in its log touched cannot be read")
    assert problem.remedy.startswith("bring it back from a backup")


def test_a_damaged_log_of_a_word_is_told_as_damage(index: Index, senses: Senses) -> None:
    """The log of a word is looked for in all that was touched; where that is no JSON, file and remedy are told."""
    path = index.path / "senses.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("update changes set \"rows\" = '[[' where change = 1")
        connection.commit()
    with pytest.raises(IndexDamaged, match=r"senses\.sqlite is damaged: a change in its log cannot be read\. Run 'ctx"):
        senses.changes("bank")
    assert senses.changes()


def test_inventory_of_before_gets_its_tables(index: Index, senses: Senses) -> None:
    """A file that an older ctxsearch made is read as it is, and has all tables once something is written."""
    path = index.path / "senses.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("drop table subcorpora; delete from _sqlite_migrations where name = 'add_subcorpora';")
    before = senses.list()
    assert before
    assert index.subcorpora(by="ann").list() == {}
    content = path.read_bytes()
    assert content == path.read_bytes()
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda name: index.subcorpora(by="ann").save(name, ["year<1900"]), "abcd"))
    assert list(index.subcorpora(by="ann").list()) == [*"abcd"]
    assert senses.list() == before
