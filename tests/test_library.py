"""What a program may hand to the library: numbers of numpy, iterators, encoders and documents that are amiss."""

from __future__ import annotations

import copy
import dataclasses
import datetime
import multiprocessing
import os
import pickle
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pytest
from conftest import MakeIndex, WindowEncoder

import ctxsearch
from ctxsearch import Document, Index
from ctxsearch.domain import Given, GivenSentence, MetadataValue, Segment
from ctxsearch.errors import IndexDamaged, KeyNotFound, ModelError, QueryError, SettingsMismatch, SourceError
from ctxsearch.protocols import Encoded
from ctxsearch.query import ranking


class Missing(datetime.datetime):
    """A time that differs from itself, as the missing times of tables do."""

    __hash__ = None  # type: ignore[assignment]

    def __ne__(self, other: object) -> bool:
        return True


class NAType:
    """What is missing in a table, and is neither equal to itself nor not."""

    def __ne__(self, other: object) -> bool:
        raise TypeError

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return "<NA>"  # and no address, which would make another name of a test in each process


RIVER = "They sat on the [bank] of the river."


@pytest.fixture
def index(make_index: MakeIndex, river_documents: list[Document]) -> Index:
    return make_index(river_documents)


def test_numbers_of_numpy_are_numbers(index: Index) -> None:
    """A whole number is one whatever its type, and what is none is refused in a sentence."""
    lines = index.query(RIVER, k=3)
    assert index.query(RIVER, k=np.int64(3), offset=np.int32(0), per_document=np.int64(9)) == lines  # type: ignore[arg-type]
    assert index.query(RIVER, k=3, min_score=np.float32(-1)) == lines  # type: ignore[arg-type]
    assert index.concordance("bank", limit=np.int64(2)) == index.concordance("bank", limit=2)  # type: ignore[arg-type]
    for wrong in ({"k": 2.0}, {"k": "5"}, {"offset": 1.5}, {"per_document": 1.5}, {"min_score": "0.5"}, {"min_p": "1"}):
        with pytest.raises(QueryError):
            index.query(RIVER, **wrong)  # type: ignore[arg-type]


def test_conditions_may_be_one_or_an_iterator(index: Index) -> None:
    """Conditions on the metadata count alike as a string, a list and what can be read only once."""
    years = sorted({int(str(line.metadata["year"])) for line in index.concordance("bank")})
    late, early = f"year>{years[0]}", f"year<={years[0]}"
    count = index.count("bank", where=[late])
    assert 0 < count < index.count("bank")
    assert index.count("bank", where=late) == count
    assert index.count("bank", where=(one for one in [late])) == count  # type: ignore[arg-type]
    assert index.remove(where=late) > 0
    assert index.count("bank") == index.count("bank", where=early)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (None, "one of them is None, which is no Document"),
        ({"id": "a", "text": "A bank."}, "which is no Document. Give Document(id, text, metadata) for each."),
        ("A bank.", "one of them is 'A bank.', which is no Document. Give Document(id, text, metadata) for each."),
        (Document("a", None), "a: its text is None, which is no text"),  # type: ignore[arg-type]
        (Document("a", b"A bank."), "a: its text is b'A bank.', which is no text"),  # type: ignore[arg-type]
        (Document(7, "A bank."), "7: its document_id is 7"),  # type: ignore[arg-type]
        (Document("a", "A bank.", title=None), "a: its title is None"),  # type: ignore[arg-type]
        (Document("a", "A bank.", uri={}), "a: its uri is {}"),  # type: ignore[arg-type]
        (Document("a", "A bank.", None), "a: its metadata is None"),  # type: ignore[arg-type]
        (Document("a", float("nan")), "a: its text is NaN, a missing value, and no text; leave the document out"),  # type: ignore[arg-type]
        (
            Document("a", "A bank.", title=float("nan")),
            "a: its title is NaN, a missing value, and no text; leave it out",
        ),  # type: ignore[arg-type]
        (Document(float("nan"), "A bank."), "nan: its document_id is NaN, a missing value, and no text; give each"),  # type: ignore[arg-type]
    ],
)
def test_what_is_no_document_is_told(index: Index, given: Document, why: str) -> None:
    """What is no document ends the run in a sentence; what came before it is there."""
    with pytest.raises(SourceError) as raised:
        index.add([Document("new", "A bank of sand."), given, Document("never", "A bank.")])
    assert why in str(raised.value)
    assert [line.document_id for line in index.concordance("sand")] == ["new"]
    assert Index.verify(index.path, encoder=WindowEncoder()).problems == []


def test_one_document_may_be_added(index: Index) -> None:
    """A document alone is one, and not a list that has to be made for it."""
    assert index.add(Document("new", "A bank of sand.")).documents == 1
    assert index.add(Document("new", "A bank of clay."), replace=True).replaced == 1
    assert index.count("clay") == 1


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (None, "None is no Document, nor several. Give Document(id, text), one or several; ctxsearch.read(path) reads"),
        (3, "3 is no Document, nor several."),
        ("corpus/", "'corpus/' is no Document, nor several. Give Document(id, text), one or several; ctxsearch.read("),
        (b"A bank.", "is no Document, nor several."),
        (Path("corpus"), "Path('corpus') is no Document, nor several."),
        ({"a": "A bank."}, "{'a': 'A bank.'} is no Document, nor several."),
        (
            pyarrow.table({"id": ["a"], "text": ["A bank."]}),
            "a Table is gone through by its columns. Give Document(id, text) for each row.",
        ),
    ],
)
def test_what_is_no_list_of_documents_is_told(index: Index, given: Any, why: str) -> None:
    """A text, a path, a mapping and a table are refused with what to give, before anything is done."""
    with pytest.raises(SourceError) as raised:
        index.add(given)
    assert why in str(raised.value)
    assert index.commit == 1


def test_bad_documents_are_skipped_and_counted(index: Index, tmp_path: Path) -> None:
    """Those that no index can hold, and what cannot be read of files; what is no document at all ends the run."""
    good, nan = Document("good", "A bank of sand."), Document("nan", float("nan"))  # type: ignore[arg-type]
    bad = [nan, Document("half", "The \ud800 bank."), Document("date", "A bank.", {"on": datetime.date(1912, 5, 1)})]  # type: ignore[dict-item]
    seen: list[SourceError] = []
    report = index.add([*bad, good], skip_bad=True, on_skip=seen.append)
    assert (report.documents, report.skipped, [one.path for one in seen]) == (1, {"bad": 3}, ["nan", "half", "date"])
    assert index.add([nan, good], skip_bad=True).skipped == {"bad": 1}
    with pytest.raises(SourceError, match="nan: its text is NaN"):
        index.add(bad, on_skip=seen.append)
    assert len(seen) == 3
    with pytest.raises(SourceError, match="which is no Document"):
        index.add([nan, "A bank."], skip_bad=True)  # type: ignore[list-item]
    (tmp_path / "a.jsonl").write_text('{"id": 1\n{"id": "new", "text": "A new bank."}\n')
    corpus = ctxsearch.read(tmp_path / "a.jsonl", skip_bad=True, on_skip=seen.append)
    assert (index.add(corpus).documents, corpus.skipped, seen[-1].line) == (1, 1, 1)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (float("nan"), "NaN is no value; leave it out, or give None"),
        (np.float64("nan"), "NaN is no value; leave it out, or give None"),
        (np.float32("nan"), "NaN is no value; leave it out, or give None"),
        (float("inf"), "inf is no number that JSON has; leave it out, or give None"),
        ([1.0, float("nan")], "there is NaN or an infinite number in it; give None in place of it"),
        (np.datetime64("NaT"), "NaT is no value; leave it out, or give None"),
        (Missing(1900, 1, 1), "NaT is no value; leave it out, or give None"),
        (NAType(), "NA is no value; leave it out, or give None"),
        (datetime.datetime(1912, 5, 1), "datetime is no JSON; give its isoformat(), or its year"),
        (datetime.date(1912, 5, 1), "date is no JSON; give its isoformat(), or its year"),
        (datetime.time(12), "time is no JSON; give its isoformat()"),
        ([datetime.date(1912, 5, 1)], "date is no JSON; give its isoformat(), or its year"),
        (np.datetime64("1912-05-01"), "datetime64 is no JSON; give its str(), or its year"),
        (np.arange(2), "ndarray is no JSON; give its tolist()"),
        ([np.int64(3)], "int64 is no JSON; give it as text or as a number of Python"),
        (Decimal("1.5"), "Decimal is no JSON; give it as text or as a number of Python"),
        (np.timedelta64(1, "D"), "timedelta64 is no JSON; give it as text or as a number of Python"),
        (np.longdouble(1), "longdouble is no JSON; give it as text or as a number of Python"),
        ({"x"}, "set is no JSON; give it as text or as a number of Python"),
    ],
    ids=repr,
)
def test_metadata_that_cannot_be_kept_are_told(index: Index, value: MetadataValue, why: str) -> None:
    """What is wrong with a value is told with its name, and with what to give in its place."""
    with pytest.raises(SourceError) as raised:
        index.add([Document("new", "A bank.", {"n": 1, "m": value})])
    assert str(raised.value) == f"new: its metadata 'm' cannot be kept ({why})."


def test_metadata_may_be_scalars_of_numpy(make_index: MakeIndex) -> None:
    """Numbers and truth values of numpy are kept, filtered by and told as those of Python."""
    given = {"year": np.int64(1912), "share": np.float32(0.5), "is_letter": np.True_, "none": None, "name": "x"}
    document = Document("a", "A bank.", given)  # type: ignore[arg-type]
    assert [type(value) for value in document.metadata.values()] == [int, float, bool, type(None), str]
    assert type(given["year"]) is np.int64
    index = make_index([document, Document("b", "A bank.", {"year": 1890})])
    assert [line.document_id for line in index.concordance("bank", where="year>=1900")] == ["a"]
    assert index.add([Document("a", "A bank.", {**given, "year": 1912})]).unchanged == 1  # type: ignore[arg-type]


def test_nested_metadata_is_counted(make_index: MakeIndex) -> None:
    """What is no plain value in a record is counted and compared as JSON has it."""
    index = make_index([Document("a", "A bank.", {"m": {"a": [1]}}), Document("b", "The bank.", {"m": "x"})])  # type: ignore[dict-item]
    assert sorted(one.values for one in index.frequencies("bank", "m")) == [("x",), ('{"a": [1]}',)]
    assert [line.document_id for line in index.concordance("bank", where='m~.*"a":.*')] == ["a"]


def test_occurrences_may_be_keys_or_lines_one_or_several(index: Index) -> None:
    """A key, a line, and several of either mean the same occurrences wherever occurrences are given."""
    line, other, *_ = index.concordance("bank")
    assert index.like(line) == index.like(line.key) == index.like([line]) == index.like(iter([line.key]))
    assert index.like([line, other.key]) == index.like([line.key, other.key])
    assert index.like(line, unlike=other) == index.like(line.key, unlike=[other.key])
    senses = index.senses(by="ann")
    senses.new("bank.river")
    assert senses.label("bank.river", line.key) == 1
    assert senses.label("bank.river", [line, other]) == 1
    senses.split("bank.river", "bank.mud", other)
    assert {label.key: label.sense_id for label in senses.labels()} == {line.key: "bank.river", other.key: "bank.mud"}
    assert senses.unlabel(one for one in (line, other)) == 2
    for call in (lambda: index.like(3), lambda: senses.label("bank.river", [None])):  # type: ignore[arg-type, list-item]
        with pytest.raises(QueryError, match="is neither the key of a line nor a line"):
            call()


def test_usages_may_be_one_or_several(index: Index) -> None:
    """A sentence alone is one usage, and not as many as it has letters."""
    sentence = "They rowed to the [bank]."
    np.testing.assert_array_equal(index.embed(sentence), index.embed([sentence]))
    assert index.query_many(sentence) == [index.query(sentence)]
    assert index.embed(iter([sentence, sentence])).shape == (2, index.settings.dimension)


class Amiss(WindowEncoder):
    """Gives something else than it should, once it is told what."""

    change: Callable[[Encoded], object] = staticmethod(lambda encoded: encoded)

    def encode(self, passages: Sequence[Sequence[Segment]]) -> Encoded:
        return self.change(super().encode(passages))  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda one: Encoded(np.vstack([one.vectors[:1], one.vectors]), one.present), "vectors of the shape"),
        (lambda one: Encoded(one.vectors[:, :8], one.present), "vectors of the shape"),
        (lambda one: Encoded(*one[:2], None), "None are unknown, which is no number of those with a vector"),
        (lambda one: Encoded(*one[:2], len(one.present) + 1), "are unknown, which is no number of those with a vector"),
        (lambda one: Encoded(one.vectors[1:], one.present[1:]), "vectors of the shape"),
        (lambda one: Encoded(10 * one.vectors, one.present), "a vector of length 10; divide each vector by its norm"),
        (lambda one: Encoded(1.02 * one.vectors, one.present), "of length 1.02; divide each vector by its norm"),
        (lambda one: Encoded(np.nan * one.vectors, one.present), "a vector with NaN in it"),
        (lambda one: Encoded(one.vectors + np.float32("inf"), one.present), "a vector with infinite numbers in it"),
        (lambda one: Encoded(0 * one.vectors, one.present), "a vector of zeros; if it has none, its present is False"),
        (lambda one: one.vectors, "no pair of vectors"),
    ],
)
def test_vectors_of_an_own_encoder_are_looked_at(
    tmp_path: Path, river_documents: list[Document], change: Callable[[Encoded], object], why: str
) -> None:
    """An encoder of one's own that gives a row too many, or no unit vectors, is told; nothing of it is kept."""
    encoder = Amiss()
    index = Index.create(tmp_path / "own", encoder=encoder)
    index.add(river_documents)
    before = index.query(RIVER, k=None)
    encoder.change = change  # type: ignore[method-assign]
    for ask in (lambda: index.add([Document("new", "A bank of sand.")]), lambda: index.query(RIVER)):
        with pytest.raises(ModelError, match=f"The model Amiss cannot be used: .*{why}"):
            ask()
    encoder.change = lambda one: (one.vectors.tolist(), one.present.tolist())  # type: ignore[method-assign]
    assert index.query(RIVER, k=None) == before


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("dimension", 0, "0 components"),
        ("dimension", "64", "no whole number"),
        ("digest", None, "no text"),
        ("digest", 12345, "no text"),
    ],
)
def test_own_encoder_that_cannot_be_kept_is_refused(tmp_path: Path, name: str, value: object, why: str) -> None:
    """What an index would be damaged by is refused before one is made."""
    encoder = WindowEncoder()
    setattr(encoder, name, value)
    with pytest.raises(ModelError, match=why):
        Index.create(tmp_path / "own", encoder=encoder)
    assert not (tmp_path / "own").exists()


def test_class_of_an_own_encoder_is_refused(index: Index, tmp_path: Path) -> None:
    """A class is no encoder, and is told as one where an index is made and where it is opened."""
    for ask in (Index.create, Index.open):
        with pytest.raises(
            ModelError, match=r"WindowEncoder cannot be used: it is a class; give an object of it, .*\(\)"
        ):
            ask(index.path if ask == Index.open else tmp_path / "own", encoder=WindowEncoder)  # type: ignore[arg-type]
    assert not (tmp_path / "own").exists()


@pytest.mark.parametrize(
    "options", [{"layers": "last"}, {"pooling": "first"}, {"window": 64}, {"dtype": "fp32"}, {"head": "mine"}], ids=str
)
def test_options_of_a_model_are_refused_with_an_own_encoder(tmp_path: Path, options: dict[str, object]) -> None:
    """What would change nothing is not taken, and never recorded."""
    (name,) = options
    with pytest.raises(ValueError, match=f"^{name} is for a model, and not for an encoder of one's own; leave it out"):
        Index.create(tmp_path / "own", encoder=WindowEncoder(), **options)  # type: ignore[arg-type]
    assert not (tmp_path / "own").exists()
    Index.create(tmp_path / "own", encoder=WindowEncoder(), head="none", window=128, device="cpu").close()


@pytest.mark.parametrize(("options", "what"), [({"dtype": "fp32"}, "dtype"), ({"device": "mps"}, "device mps")])
def test_hardware_of_a_model_is_refused_with_an_own_encoder(
    index: Index, tmp_path: Path, options: dict[str, str], what: str
) -> None:
    """The type and the device of a model are nothing to an encoder of one's own, in an index that is opened, too."""
    for ask, path in ((Index.open, index.path), (Index.create, tmp_path / "own")):
        with pytest.raises(ValueError, match=f"^{what} is for a model, and not for an encoder of one's own; leave it"):
            ask(path, encoder=WindowEncoder(), **options)  # type: ignore[operator]
    assert not (tmp_path / "own").exists()
    assert Index.open(index.path, encoder=WindowEncoder(), device="auto").query(RIVER) == index.query(RIVER)


@pytest.mark.parametrize(
    "options",
    [{"punctuation": 1}, {"punctuation": "yes"}, {"punctuation": np.True_}, {"window": "128"}, {"model": 5}],
    ids=str,
)
def test_settings_that_cannot_be_read_are_refused(tmp_path: Path, options: dict[str, object]) -> None:
    """No index is made that could not be opened again."""
    with pytest.raises((ValueError, TypeError)):
        Index.create(tmp_path / "own", encoder=WindowEncoder(), **options)  # type: ignore[arg-type]
    assert not (tmp_path / "own").exists()


def test_own_encoder_that_is_not_given_is_told(index: Index) -> None:
    """No model is looked for under the name of a class, in no hub; and a wrong encoder is called one."""
    with Index.open(index.path) as opened:
        for ask in (lambda: opened.query(RIVER), lambda: opened.embed(RIVER), opened.export_model):
            with pytest.raises(ModelError, match="encoder of somebody's own; open the index with encoder="):
                ask()
    with Index.open(index.path, encoder=WindowEncoder("another")) as opened, pytest.raises(SettingsMismatch) as raised:
        opened.query(RIVER)
    assert "not the encoder that is given (another)" in str(raised.value)


def test_own_encoder_of_another_dimension_is_told(index: Index) -> None:
    """An encoder that says it is the index's, and has other vectors, is refused with both dimensions."""
    other = WindowEncoder()
    other.dimension = 8
    with (
        Index.open(index.path, encoder=other) as opened,
        pytest.raises(SettingsMismatch, match="vectors of dimension 64, not 8"),
    ):
        opened.query(RIVER)


def test_lines_can_be_put_in_sets(index: Index) -> None:
    """Lines and documents are hashable: equal ones are one."""
    lines = index.concordance("bank")
    assert len({*lines, *index.concordance("bank")}) == len(lines)
    assert len({Document("a", "x", {"b": 1}), Document("a", "x", {"b": 1}), Document("a", "x", {"b": 2})}) == 2
    assert dataclasses.replace(lines[0], metadata={}) not in {*lines}


def test_documents_with_given_tokens_are_compared() -> None:
    """Two readings are equal, and can be put in a set; other tokens make another document."""

    def read(tag: str, end: int = 4) -> Document:
        sentence = GivenSentence(0, 8, np.array([[0, 3], [end, 8]], np.int32), ["the", "bank"], ["DET", tag])
        return Document("a", "The bank", given=Given([sentence]))

    assert read("NOUN") == read("NOUN")
    assert read("NOUN") in [read("VERB"), read("NOUN")]
    assert read("NOUN") != read("VERB")
    assert read("NOUN") != read("NOUN", end=5)
    assert read("NOUN") != Document("a", "The bank")
    assert len({read("NOUN"), read("NOUN"), read("VERB")}) == 2


def test_what_is_no_usage_is_told(index: Index) -> None:
    """A list where one sentence is asked about, and anything that is neither a sentence nor a usage."""
    with pytest.raises(QueryError, match="a Usage, and not list; many sentences are answered by query_many"):
        index.query([RIVER])  # type: ignore[arg-type]
    with pytest.raises(QueryError, match="a Usage, and not int"):
        index.query_many([RIVER, 7])  # type: ignore[list-item]
    assert index.concordance("bank", context=np.int64(2)) == index.concordance("bank", context=2)  # type: ignore[arg-type]
    assert repr(index) == f"<Index {str(index.path)!r}, commit 1>"


def test_what_is_shown_of_an_object_is_short(index: Index) -> None:
    """A document is shown with the length of its text; an inventory and the subcorpora with index and person."""
    assert repr(index.senses(by="anna")) == f"<Senses of {str(index.path)!r}, by 'anna'>"
    assert repr(index.subcorpora(by="anna")) == f"<Subcorpora of {str(index.path)!r}, by 'anna'>"
    assert repr(Document("a", "bank " * 300)) == "<Document 'a', 1,500 characters>"
    assert repr(Document("a", None, title="A")) == "<Document 'a', 'A', text None>"  # type: ignore[arg-type]
    line = index.concordance("bank", context=2)[0]
    assert str(line) == " ".join(f"{line.left}[{line.node}]{line.right}".split())


def _like(path: Path, key: str) -> list[ctxsearch.ConcordanceLine]:
    with Index.open(path, encoder=WindowEncoder()) as index:
        return index.like(key, any_word=True)


def test_tokens_of_a_source_that_are_none_are_skipped(index: Index) -> None:
    """Where bad documents are passed over, one whose tokens are something else is, too."""
    bad = Document("x", "The bank.", given="tokens")  # type: ignore[arg-type]
    with pytest.raises(SourceError, match="what its source gives is 'tokens', and no `Given`"):
        index.add(bad)
    assert index.add([bad, Document("y", "A bank.")], skip_bad=True).skipped == {"bad": 1}


def test_index_that_is_pickled_is_opened_anew(index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process that is handed an index opens it by its path, as it was opened here, and answers the same."""
    monkeypatch.chdir(tmp_path)
    relative = Index.open(index.path.relative_to(tmp_path), encoder=WindowEncoder())
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), os.chdir, ["/"]) as processes:
        for one in (index, relative):
            assert processes.submit(one.query, RIVER).result(60) == index.query(RIVER)
    monkeypatch.chdir("/")
    assert pickle.loads(pickle.dumps(relative)).path == index.path
    (index.path / "commit-00000001.json").write_text("damaged")
    with pytest.raises(IndexDamaged):
        pickle.loads(pickle.dumps(index))
    damaged = Index.open(index.path, encoder=WindowEncoder(), device="cpu", allow_damaged=True)
    again = copy.copy(damaged)
    assert (again.commit, again.query(RIVER)) == (1, damaged.query(RIVER))
    assert pickle.dumps(again) == pickle.dumps(damaged)


def test_working_directory_may_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An index of a relative path stays where it was opened, with its senses, and its path is shown as it was given."""
    monkeypatch.chdir(tmp_path)
    index = Index.create("./mine", encoder=WindowEncoder())
    index.add(Document("1", "They rowed to the bank."))
    opened = Index.open("./mine", encoder=WindowEncoder())
    unused = Index.create("./unused", encoder=WindowEncoder())
    senses = index.senses(by="anna")
    senses.new("bank.river", examples="We fished from the [bank].")
    empty = Index.create("./empty", encoder=WindowEncoder())
    with pytest.raises(QueryError, match="The index empty is empty"):
        empty.query(RIVER)
    monkeypatch.chdir("/")
    for one in (senses, index.senses(by="anna"), opened.senses(by="anna")):
        assert [sense.sense_id for sense in one.list()] == ["bank.river"]
    assert opened.count("bank") == 1
    assert index.add(Document("2", "A bank of sand.")).documents == 1
    assert index.path == Path("mine")
    assert unused.discard()
    assert not (tmp_path / "unused").exists()


def test_what_belongs_to_an_index_is_not_pickled(index: Index) -> None:
    """Its senses and subcorpora say that it is the index that can be handed to another process."""
    for one in (index.senses(), index.subcorpora()):
        with pytest.raises(
            TypeError, match=rf"{type(one).__name__} are neither pickled nor copied: pickle the index, an"
        ):
            pickle.dumps(one)


def test_closed_index_opens_its_files_again(index: Index) -> None:
    """What is asked for after a ``with`` is answered as before, and may be added to, too."""
    before = index.query(RIVER)
    with index as same:
        assert same is index
        assert index.query(RIVER) == before
    assert index.query(RIVER) == before
    index.close()
    assert index.add(Document("new", "A bank of sand.")).documents == 1
    assert index.count("sand") == 1


def test_child_processes_search_and_say_what_is_wrong(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    """A forked child has threads of its own for long scans, and an error comes back as it was raised."""
    monkeypatch.setattr(ranking, "BYTES_AT_ONCE", 1)
    key = index.concordance("bank")[0].key
    expected = index.like(key, any_word=True)
    ranking._scanners().submit(int).result()
    with ProcessPoolExecutor(1, multiprocessing.get_context("fork")) as processes:
        assert processes.submit(_like, index.path, key).result(60) == expected
        with pytest.raises(KeyNotFound, match="There is no occurrence 'nowhere:1'") as raised:
            processes.submit(_like, index.path, "nowhere:1").result(60)
        assert raised.value.key == "nowhere:1"
        assert processes.submit(_like, index.path, key).result(60) == expected


def test_an_index_is_not_made_of_its_path(index: Index) -> None:
    """What is no part of an open index says at once how one is opened."""
    for given in (str(index.path), index.path, index):
        with pytest.raises(ValueError, match=r"opened with Index\.open\(path\), and made with Index\.create\(path\)"):
            Index(given)  # type: ignore[arg-type]
