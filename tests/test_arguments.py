"""Arguments from code that are not what is wanted: None is no condition, and anything else is told in a sentence."""

from __future__ import annotations

import inspect
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import MakeIndex, WindowEncoder

from ctxsearch import Document, Index, Usage, embed, evaluate, evaluate_layers, pieces, read, train_head
from ctxsearch.corpus import read_dictionary, read_labels
from ctxsearch.errors import ModelError, QueryError, SenseError, SourceError
from ctxsearch.senses import Senses

RIVER = "They sat on the [bank] of the river."


@pytest.fixture
def index(make_index: MakeIndex, river_documents: list[Document]) -> Index:
    return make_index(river_documents)


@pytest.mark.parametrize("name", ["form", "pos", "where", "near", "cql"])
def test_a_filter_of_none_is_no_filter(index: Index, name: str) -> None:
    """None leaves a filter out, in every method that takes it."""
    none: dict[str, Any] = {name: None}
    assert index.concordance("bank", **none) == index.concordance("bank")
    assert index.count("bank", **none) == index.count("bank")
    assert index.frequencies("bank", "form", **none) == index.frequencies("bank", "form")
    assert index.query(RIVER, **none) == index.query(RIVER)
    key = index.concordance("bank")[0].key
    assert index.like(key, **none) == index.like(key)
    assert index.unmet(None) == []


def test_hints_say_that_none_is_no_filter() -> None:
    """Whatever takes a filter or an order says that it may be None, and that one string is enough."""
    taken = []
    for owner in (Index, Senses):
        for name, method in inspect.getmembers(owner, inspect.isfunction):
            hints = method.__annotations__
            for one in {"form", "pos", "where", "near", "cql", "order"} & {*hints}:
                if one != "order" or "Sequence" in hints[one]:
                    taken.append((name, one))
                    assert hints[one] == "str | Sequence[str] | None", (name, one)
    assert {("query", "form"), ("change", "pos"), ("remove", "where"), ("assign", "near")} < {*taken}


@pytest.mark.parametrize("wrong", [3, len, {"year": 1950}, [("year", ">=", 1950)], [None], b"year=1"])
@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("form", "Forms are strings, such as 'banks', or a list of them, and not "),
        ("pos", "Parts of speech are strings, such as 'NOUN', or a list of them, and not "),
        ("where", "Conditions are strings, such as 'year>=1990', or a list of them, and not "),
        ("near", "Words beside it are strings, such as 'river:5', or a list of them, and not "),
        ("cql", "Patterns are strings, such as '[lemma=\"bank\"]', or a list of them, and not "),
        ("order", "Keys to sort by are strings, such as '-year', or a list of them, and not "),
    ],
)
def test_what_is_no_filter_is_told(index: Index, name: str, wanted: str, wrong: object) -> None:
    """A number, a function, a mapping or a tuple in a list is refused with what is wanted and an example of it."""
    given: dict[str, Any] = {name: wrong}
    for ask in (lambda: index.concordance("bank", **given), lambda: index.query(RIVER, **given)):
        with pytest.raises(QueryError) as told:
            ask()
        assert str(told.value).startswith(wanted)


def test_an_order_of_none_is_none(index: Index) -> None:
    """Lines in no order asked for are in that of the corpus, or the nearest first."""
    assert index.concordance("bank", order=None) == index.concordance("bank")
    assert index.query(RIVER, order=None) == index.query(RIVER)
    good = index.concordance("bank", good=True)
    assert index.concordance("bank", good=True, order=None) == good


@pytest.mark.parametrize("wrong", [["bank"], 3, b"bank"])
def test_what_is_no_word_is_told(index: Index, wrong: Any, tmp_path: Path) -> None:
    """A list, a number and bytes are no word, in every method that takes one."""
    senses = index.senses()
    for ask in (
        index.concordance,
        index.iter_concordance,
        index.count,
        index.collocations,
        index.examples,
        lambda word: index.frequencies(word, "form"),
        lambda word: index.change_lines(word, "year<1950", "year>=1950"),
        lambda word: index.export(tmp_path / "lines.csv", word),
        lambda word: index.export(tmp_path / "entry.xml", word),
        lambda word: index.export(tmp_path / "vectors.npy", word),
        lambda word: senses.new("bank.river", word=word),
        senses.list,
        senses.labels,
        senses.agreement,
        senses.sentences,
        senses.assign,
        senses.novel,
        lambda word: senses.collocations(word, "bank.river"),
        lambda word: senses.examples(word, "bank.river"),
    ):
        with pytest.raises(QueryError, match=r"A word is a string, such as 'bank', and .* is none; ask for one at"):
            ask(wrong)
    assert not [*tmp_path.glob("*.*")]
    assert not senses.list()


@pytest.mark.parametrize("wrong", [["bank"], 3, b"bank", None])
def test_what_is_no_text_is_told(index: Index, wrong: Any) -> None:
    """Names, definitions and notes of senses are strings, and so are ids of documents, and texts that are cut."""
    senses = index.senses()
    senses.new("bank.river")
    for ask in (senses.new, lambda name: senses.rename("bank.river", name), lambda name: index.senses(by=[name])):  # type: ignore[arg-type]
        with pytest.raises(SenseError, match=r"The name of a (sense|person) is a string, and .* is none"):
            ask(wrong)
    for write in (
        lambda text: senses.define("bank.river", text),
        lambda text: senses.new("bank.money", definition=text),
        lambda text: senses.split("bank.river", "bank.money", [], definition=text),
    ):
        with pytest.raises(SenseError, match=r"A definition is a string, and .* is none"):
            write(wrong)
    with pytest.raises(SenseError, match=r"A note is a string, and .* is none"):
        senses.note("bank.river", wrong)
    with pytest.raises(QueryError, match=r"The id of a document is a string, such as 'letters/1', and .* is none"):
        index.document(wrong)
    with pytest.raises(QueryError, match=r"A text is a string, and .* is none"):
        pieces(wrong)
    assert [(one.what) for one in senses.changes()] == ["new sense bank.river of bank"]


@pytest.mark.parametrize("wrong", [None, 3, b"lines.csv", ["lines.csv"]])
def test_what_is_no_path_is_told(index: Index, wrong: Any, tmp_path: Path) -> None:
    """Wherever the library takes the path of a file or a folder, and nothing is read or written."""
    senses = index.senses()
    for ask in (
        Index.create,
        Index.open,
        Index.verify,
        Index.repair,
        index.backup,
        lambda path: Index.restore(path, tmp_path / "again"),
        lambda path: Index.restore(tmp_path / "backup.tar", path),
        lambda path: index.export(path, "bank"),
        senses.label_from,
        senses.import_dictionary,
        lambda path: list(read(path)),
        read_labels,
        lambda path: list(read_dictionary(path)),
        evaluate_layers,
        lambda path: train_head(tmp_path / "labels.jsonl", path),
    ):
        with pytest.raises(QueryError, match=r"The path of a file or folder is a string or a Path, and .* is none\."):
            ask(wrong)
    assert [path.name for path in tmp_path.iterdir()] == [index.path.name]


@pytest.mark.parametrize("wrong", ["a\0b/c", "a\0b", Path("a\0b"), "a\ud800/c"])
def test_what_no_file_is_called_is_told(index: Index, wrong: Any, tmp_path: Path) -> None:
    """A NUL, or half of a surrogate pair, is in no name of a file, an index, a head or a model."""
    senses = index.senses()
    for ask in (
        Index.create,
        Index.open,
        Index.verify,
        index.backup,
        lambda path: Index.restore(path, tmp_path / "again"),
        lambda path: index.export(path, "bank", file_format="csv"),
        senses.label_from,
        senses.import_dictionary,
        lambda path: list(read(path)),
        read_labels,
        evaluate,
        lambda path: train_head(path, tmp_path / "head.safetensors"),
        lambda path: train_head(tmp_path / "labels.jsonl", path),
        lambda path: embed(RIVER, head=path),
        lambda path: embed(RIVER, model=path),
        lambda path: pieces(RIVER, model=path),
    ):
        with pytest.raises(QueryError, match=r"is no path of a file or folder: no name has a NUL or half of a surr"):
            ask(wrong)


def test_a_home_folder_of_nobody_is_told() -> None:
    """Where ~ stands for nobody's folder, indexes, models and heads say so."""
    for ask in (Index.open, Index.create, lambda path: embed(RIVER, model=path), lambda path: embed(RIVER, head=path)):
        with pytest.raises(
            QueryError, match=r"There is no home folder for '~nobody at all/mine'; write the whole path"
        ):
            ask("~nobody at all/mine")


@pytest.mark.parametrize("wrong", [None, 3, ["all-MiniLM-L6-v2"]])
def test_what_is_no_model_is_told(wrong: Any, tmp_path: Path) -> None:
    """A model is a name or a path wherever the library takes one; None is the usual one in `Index.create` alone."""
    labels = tmp_path / "labels.jsonl"
    uses = (("The bank lent.", "money"), ("The bank failed.", "money"), ("The bank is muddy.", "river"))
    lines = [{"text": text, "start": 4, "end": 8, "lemma": "bank", "sense": sense} for text, sense in uses]
    labels.write_text("\n".join(map(json.dumps, lines)))
    for ask in (
        lambda model: embed(RIVER, model=model),
        lambda model: pieces(RIVER, model=model),
        lambda model: evaluate(labels, model=model),
        lambda model: evaluate_layers(labels, model=model),
        lambda model: train_head(labels, tmp_path / "head.safetensors", model=model),
    ):
        with pytest.raises(ModelError, match=r"cannot be used: a model is given by its name, or by the path of its f"):
            ask(wrong)
    options: list[tuple[dict[str, Any], str]] = [
        ({"language": 3}, "3 is not a language code"),
        ({"layers": 3}, "The layers 3 cannot be read"),
        ({"device": 3}, "There is no device 3"),
        ({"window": "128"}, "The window '128' does not fit"),
        ({"per_lemma": "all"}, "and 'all' were asked for"),
        ({"seed": None}, "A seed is a whole number from 0 on, and None is none"),
        ({"rounds": None}, "None is no number of rounds of the bootstrap"),
    ]
    for given, why in options:
        with pytest.raises(ValueError, match=why):
            evaluate(labels, **given)
    with pytest.raises(ValueError, match=r"A recipe is a ctxsearch\.encoder\.recipe\.Recipe, and 3 is none"):
        train_head(labels, tmp_path / "head.safetensors", recipe=3)  # type: ignore[arg-type]
    for window in ("x", 1.5, None):
        with pytest.raises(ValueError, match=r"The window .* is no number of pieces; give 128, for instance\.$"):
            train_head(labels, tmp_path / "head.safetensors", window=window)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"A licence is a string, and 3 is none\.$"):
        train_head(labels, tmp_path / "head.safetensors", licence=3)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [3, ["anna"], "", "b\udc80"])
def test_whose_labels_count_is_said_by_a_name(index: Index, wrong: Any, tmp_path: Path) -> None:
    """What can be nobody's name is told as such, and not passed over as somebody who labelled nothing."""
    senses = index.senses(by="anna")
    senses.label(senses.new("bank.river"), index.concordance("bank")[0])
    for ask in (
        lambda: index.senses(by=wrong),
        lambda: senses.labels(by=wrong),
        lambda: senses.lookup(RIVER, by=wrong),
        lambda: senses.assign("bank", by=wrong),
        lambda: senses.novel("bank", by=wrong),
        lambda: senses.unaccounted(by=wrong),
        lambda: senses.collocations("bank", "bank.river", by=wrong),
        lambda: senses.contrast("bank", "bank.river", "bank.money", by=wrong),
        lambda: senses.examples("bank", "bank.river", by=wrong),
        lambda: index.export(tmp_path / "lines.csv", "bank", by=wrong),
    ):
        with pytest.raises(
            SenseError, match=r"^The name of a person is a string, and|cannot be the name of a person: it"
        ):
            ask()


def test_what_is_no_column_and_no_id_is_told(index: Index) -> None:
    """Lines are counted by something, and documents removed by their ids."""
    with pytest.raises(QueryError, match="Say what to group by: form, lemma"):
        index.frequencies("bank", None)  # type: ignore[arg-type]
    with pytest.raises(QueryError, match=r"Columns to count by are strings, such as 'year:20', .* not 3"):
        index.frequencies("bank", [3])  # type: ignore[list-item]
    with pytest.raises(QueryError, match="Say which documents to remove"):
        index.remove(None)  # type: ignore[arg-type]
    with pytest.raises(QueryError, match=r"The ids of documents are strings, such as 'letters/1', .* not 1"):
        index.remove([1])  # type: ignore[list-item]


def test_what_is_no_usage_has_no_vector(index: Index) -> None:
    """A line, None and a number are no usage, and a usage is a string with two whole numbers."""
    line = index.concordance("bank")[0]
    for ask in (index.embed, index.query, index.query_many, index.senses().lookup):
        with pytest.raises(
            QueryError, match=f"a Usage, and not the line {line.key!r}; lines like it are found by like"
        ):
            ask(line)  # type: ignore[operator]
        hint = "; many sentences are answered by query_many" if ask == index.query else ""
        with pytest.raises(QueryError, match=rf"a Usage, and not NoneType{hint}\.$"):
            ask(None)  # type: ignore[operator]
        with pytest.raises(QueryError, match="The text of a usage is a string, and None is none"):
            ask(Usage(None, 4, 8))  # type: ignore[operator, arg-type]
        with pytest.raises(QueryError, match=r"The span 4\.0:8\.0 is none of characters; give two whole numbers"):
            ask(Usage("The bank.", 4.0, 8.0))  # type: ignore[operator, arg-type]


@pytest.mark.parametrize("wrong", [3, "print", ["print"]])
def test_what_cannot_be_called_is_told(index: Index, wrong: Any, tmp_path: Path) -> None:
    """Whatever tells how far it has come, or what it passes over, says so before it does anything."""
    labels = tmp_path / "labels.jsonl"
    for ask in (
        lambda: index.add([], on_progress=wrong),
        lambda: index.add([], skip_bad=True, on_skip=wrong),
        lambda: index.compact(on_progress=wrong),
        lambda: index.backup(tmp_path / "backup.tar", on_progress=wrong),
        lambda: Index.verify(index.path, on_progress=wrong),
        lambda: Index.repair(index.path, on_progress=wrong),
        lambda: index.export(tmp_path / "lines.csv", "bank", on_progress=wrong),
        lambda: index.change("year<1950", "year>=1950", on_progress=wrong),
        lambda: read(tmp_path, on_skip=wrong),
        lambda: evaluate(labels, on_progress=wrong),
        lambda: evaluate_layers(labels, on_progress=wrong),
        lambda: train_head(labels, tmp_path / "head.safetensors", on_progress=wrong),
    ):
        with pytest.raises(ValueError, match=r"What is given as on_(progress|skip) is called, .* cannot be\.$"):
            ask()
    assert [path.name for path in tmp_path.iterdir()] == [index.path.name]


@pytest.mark.parametrize("wrong", [None, "2000000", 2e6, math.nan, [2]])
def test_shards_have_a_whole_number_of_words(index: Index, wrong: Any) -> None:
    """Text, a list, and numbers that may have a fraction are no number of words; whole numbers of numpy are."""
    for ask in (lambda: index.add([], shard_tokens=wrong), lambda: index.compact(shard_tokens=wrong)):
        with pytest.raises(ValueError, match=r"A shard has a whole number of words, such as .* is none\.$"):
            ask()
    index.compact(shard_tokens=np.int64(2_000_000))  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [3, b"own", ["own"], math.nan])
def test_an_encoder_is_called_by_a_string(tmp_path: Path, wrong: Any) -> None:
    """The model of an encoder of one's own has a name, and nothing is made where it has none."""
    with pytest.raises(ValueError, match=r"What the model of an encoder is called is a string, and .* is none\.$"):
        Index.create(tmp_path / "own", encoder=WindowEncoder(), model=wrong)
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize("wrong", [3, ["word", 3], b"word", math.nan])
def test_columns_and_encodings_are_names(tmp_path: Path, wrong: Any) -> None:
    """The columns of vertical text are a list of names, and an encoding is one."""
    with pytest.raises(SourceError, match=r"^the columns .*: they are no list of names\. Name them in their order"):
        read(tmp_path, columns=wrong)
    (tmp_path / "text.txt").write_text("They rowed to the bank.")
    with pytest.raises(SourceError, match=r": there is no such encoding\. Use a name such as utf-8"):
        list(read(tmp_path, encoding=wrong))


def test_what_is_no_group_and_no_subcorpus_is_told(index: Index) -> None:
    """Groups are those that `induce` gives, and a subcorpus has a name."""
    senses, subcorpora = index.senses(), index.subcorpora()
    for wrong in (None, "bank", [index.concordance("bank")]):
        with pytest.raises(SenseError, match=r"What `induce` gives is accepted, and .* is nothing of the kind\.$"):
            senses.accept(wrong)  # type: ignore[arg-type]
    for name in (None, 10**30, ["old"]):
        with pytest.raises(SenseError, match=r"The name of a subcorpus is a string, and .* is none\.$"):
            subcorpora.remove(name)  # type: ignore[arg-type]
