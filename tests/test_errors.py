"""The tree of errors, and what each of them carries."""

from __future__ import annotations

import builtins
import inspect
import pickle
import re
from collections.abc import Callable

import pytest

import ctxsearch
from ctxsearch import errors
from ctxsearch.catalog.where import parse_filters
from ctxsearch.errors import CtxSearchError
from ctxsearch.usage import parse_usage

CLASSES = {
    name: value
    for name, value in vars(errors).items()
    if inspect.isclass(value) and issubclass(value, BaseException) and value.__module__ == errors.__name__
}

EXAMPLES: dict[str, tuple[CtxSearchError, dict[str, object], list[str]]] = {
    "IndexNotFound": (
        errors.IndexNotFound("indexes/mine", ["sample", "yours"]),
        {"path": "indexes/mine", "known": ("sample", "yours")},
        ["indexes/mine", "sample, yours", "ctxsearch index indexes/mine SOURCE"],
    ),
    "IndexExists": (errors.IndexExists("indexes/mine"), {"path": "indexes/mine"}, ["indexes/mine", "another name"]),
    "IndexRemade": (
        errors.IndexRemade("indexes/mine"),
        {"path": "indexes/mine"},
        ["indexes/mine", "made anew", "open it again"],
    ),
    "IndexLocked": (
        errors.IndexLocked("indexes/mine", "process 7"),
        {"path": "indexes/mine", "holder": "process 7"},
        ["indexes/mine", "process 7", "try again"],
    ),
    "IndexDamaged": (
        errors.IndexDamaged("lists.npy", "it is empty"),
        {"path": "lists.npy", "why": "it is empty"},
        ["lists.npy", "it is empty", "ctxsearch verify"],
    ),
    "FormatTooNew": (
        errors.FormatTooNew("mine", 3, 1),
        {"path": "mine", "found": 3, "known": 1},
        ["mine", "version 3", "up to 1", "newer ctxsearch"],
    ),
    "SettingsMismatch": (
        errors.SettingsMismatch("mine", "layers", "last", "sum:9-12"),
        {"path": "mine", "setting": "layers", "index_has": "last", "asked": "sum:9-12"},
        ["mine", "layers last", "not sum:9-12", "new index"],
    ),
    "SourceError": (
        errors.SourceError("a.jsonl", "it has no text", line=7, hint="Use `text_column=`."),
        {"path": "a.jsonl", "why": "it has no text", "line": 7, "hint": "Use `text_column=`."},
        ["a.jsonl, line 7: it has no text.", "Use `text_column=`."],
    ),
    "ModelError": (
        errors.ModelError("tiny", "there is no such folder."),
        {"model": "tiny", "why": "there is no such folder."},
        ["tiny", "there is no such folder"],
    ),
    "WordNotFound": (
        errors.WordNotFound("bnak", ["bank", "tank"], part_of={"b+nak": ["bnaks"]}),
        {"word": "bnak", "nearest": ("bank", "tank"), "part_of": {"b+nak": ["bnaks"]}, "cut": ()},
        ["'bnak'", "bank, tank", "a part of: bnaks (b+nak)."],
    ),
    "LemmaNotFound": (
        errors.LemmaNotFound("häuser", ["haus"]),
        {"lemma": "häuser", "lemmas": ("haus",)},
        ["'häuser'", "a form of 'haus'"],
    ),
    "KeyNotFound": (
        errors.KeyNotFound("a:7", "no word begins there"),
        {"key": "a:7", "why": "no word begins there"},
        ["'a:7'", "no word begins there", "DOCUMENT_ID:START"],
    ),
    "FormNotFound": (
        errors.FormNotFound("bank", "BANK", [*"abcdefghijkl"]),
        {"word": "bank", "form": "BANK", "forms": (*"abcdefghijkl",)},
        ["'bank' is never written 'BANK'", "it is written a, b", "j, ..."],
    ),
    "SenseError": (errors.SenseError("The note is empty."), {}, ["note"]),
    "SenseNotFound": (
        errors.SenseNotFound("bank.snow", ["bank.river"]),
        {"sense_id": "bank.snow", "known": ("bank.river",)},
        ["'bank.snow'", "there are: bank.river", "ctxsearch senses new"],
    ),
    "DocumentNotFound": (
        errors.DocumentNotFound([*"abcdefg"], ["shard-01"], so="; nothing was removed"),
        {"document_ids": ("a", "b", "c", "d", "e", "f", "g"), "damaged": ("shard-01",)},
        ["'a', 'b', 'c', 'd', 'e' and 2 more, unless it is in shard-01", "nothing was removed"],
    ),
    "HeadError": (
        errors.HeadError("mine.safetensors", "it was made for another model"),
        {"head": "mine.safetensors", "why": "it was made for another model"},
        ["The head mine.safetensors", "it was made for another model", "ctxsearch train-head"],
    ),
    "BackupError": (
        errors.BackupError("mine.tar", "it is no backup of ctxsearch"),
        {"path": "mine.tar", "why": "it is no backup of ctxsearch"},
        ["mine.tar: it is no backup"],
    ),
    "ExportError": (
        errors.ExportError("bank.csv", "there is such a file already"),
        {"path": "bank.csv", "why": "there is such a file already"},
        ["bank.csv: there is such a file already."],
    ),
    "TagNotFound": (
        errors.TagNotFound("bank", "ADJ", ["NOUN", "VERB"]),
        {"word": "bank", "tag": "ADJ", "tags": ("NOUN", "VERB")},
        ["'bank' is never 'ADJ'", "NOUN, VERB"],
    ),
    "NothingShows": (errors.NothingShows("'bank' has no sense yet."), {}, ["'bank' has no sense yet."]),
    "DeviceError": (errors.DeviceError("There is no GPU here."), {}, ["There is no GPU here."]),
    "MissingExtra": (
        errors.MissingExtra("faiss", "cpu"),
        {"package": "faiss", "extra": "cpu"},
        ["faiss", "pip install 'ctxsearch[cpu]'"],
    ),
}


def drawn_tree() -> dict[str, tuple[str, str]]:
    """Each class in the tree of the module's docstring, with its parent there and the built-in in parentheses."""
    tree: dict[str, tuple[str, str]] = {}
    path = ["CtxSearchError"]
    for line in inspect.getdoc(errors).splitlines():  # type: ignore[union-attr]
        if match := re.match(r"\s*([│ ]*)[├└]── (\w+) \((\w+)\)", line):
            depth = len(match[1]) // 4 + 1
            path[depth:] = [match[2]]
            tree[match[2]] = (path[depth - 1], match[3])
    return tree


def test_tree_is_as_drawn() -> None:
    """The tree at the top of the module shows every error, under its parent and beside its built-in."""
    tree = drawn_tree()
    assert {*tree, "CtxSearchError"} == {*CLASSES}
    for name, (parent, built_in) in tree.items():
        bases = CLASSES[name].__bases__
        assert bases == (CLASSES[parent], getattr(builtins, built_in)), name


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_root_and_built_in_catch(name: str) -> None:
    """Every error is caught as the root of all, and as what it is to those who do not know ctxsearch."""
    kind = CLASSES[name]
    assert issubclass(kind, CtxSearchError)
    assert kind.__doc__
    built_ins = [base for base in kind.__mro__ if base.__module__ == "builtins"]
    assert name == "CtxSearchError" or {*built_ins} > {*CtxSearchError.__mro__} - {CtxSearchError}


def test_every_error_has_an_example() -> None:
    """The tests below see every error that has facts to carry."""
    assert {*EXAMPLES} == {*CLASSES} - {"CtxSearchError", "QueryError"}


@pytest.mark.parametrize("name", EXAMPLES)
def test_facts_are_attributes(name: str) -> None:
    """What an error's sentence is made of can be had without reading it."""
    error, facts, _ = EXAMPLES[name]
    assert vars(error) == facts


def is_sentence(text: str) -> bool:
    """Whether a text ends as a sentence; one that ends in a quoted example may have the full stop inside."""
    return re.search(r"\S\.['\"]?$", text) is not None and text == text.strip() and "  " not in text


@pytest.mark.parametrize("name", EXAMPLES)
def test_message_is_a_sentence(name: str) -> None:
    """The message is whole sentences, on one line, with the facts in them."""
    error, _, parts = EXAMPLES[name]
    assert type(error).__name__ == name
    assert is_sentence(str(error))
    assert "\n" not in str(error)
    for part in parts:
        assert part in str(error)


@pytest.mark.parametrize(
    "error",
    [
        errors.IndexNotFound("mine"),
        errors.SourceError("a.txt", "it is empty"),
        errors.SourceError("a.txt", "it is empty", hint="Give another."),
        errors.WordNotFound("xyzzy"),
    ],
    ids=str,
)
def test_message_without_what_is_not_known(error: CtxSearchError) -> None:
    """Facts that are not there leave no gap in the sentence."""
    assert is_sentence(str(error))
    assert "None" not in str(error)
    assert ".." not in str(error)
    assert "found:" not in str(error)
    assert "Nearest" not in str(error)


@pytest.mark.parametrize(
    "ask",
    [
        lambda: ctxsearch.Index.open("no/such/index"),
        lambda: list(ctxsearch.read("no/such/file.txt")),
        lambda: ctxsearch.pieces("text", model="./no/such/model"),
        lambda: parse_usage("no mark"),
        lambda: parse_usage("an [open one"),
        lambda: parse_filters(["year"]),
    ],
)
def test_raised_errors_are_sentences(ask: Callable[[], object]) -> None:
    """What a user meets by a slip is told in sentences."""
    with pytest.raises(CtxSearchError) as told:
        ask()
    assert is_sentence(str(told.value))


@pytest.mark.parametrize("name", EXAMPLES)
def test_errors_come_whole_out_of_another_process(name: str) -> None:
    """Pickled and read again, an error has its class, its sentence and its facts."""
    error, facts, _ = EXAMPLES[name]
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.args) == (type(error), str(error), error.args)
    assert {fact: getattr(again, fact) for fact in facts} == facts
    assert getattr(again, "msg", None) == getattr(error, "msg", None)  # which ImportError keeps
