"""What the library tells to do can be done in Python, and what the command line tells, there."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command

import ctxsearch
from ctxsearch.cli.console import say, with_options
from ctxsearch.cli.main import _COMMANDS, app_with
from ctxsearch.naming import ARGUMENT
from ctxsearch.senses import Senses

LIBRARY = Path(ctxsearch.__file__).parent


def told(tree: ast.AST) -> Iterator[str]:
    """The texts of a module, with ``{}`` for what is put into them, but not the docstrings."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(one.value) if isinstance(one, ast.Constant) else "{}" for one in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            yield from told(node)


@pytest.fixture(scope="module")
def sentences() -> set[tuple[str, str]]:
    """All texts outside the command line, each with the module that it is in."""
    return {
        (str(path.relative_to(LIBRARY)), text)
        for path in LIBRARY.rglob("*.py")
        if not path.is_relative_to(LIBRARY / "cli")
        for text in told(ast.parse(path.read_text(encoding="utf-8")))
    }


def options() -> set[str]:
    """All options of all commands."""
    groups, found = [get_command(app_with(_COMMANDS))], set()
    while groups:
        for command in getattr(groups.pop(), "commands", {}).values():
            groups.append(command)
            found |= {option for parameter in command.params for option in parameter.opts}
    return found


def arguments() -> set[str]:
    """All arguments of what the library offers."""
    offered = [getattr(ctxsearch, name) for name in ctxsearch.__all__]
    for owner in (ctxsearch.Index, Senses):
        offered += [method for name, method in inspect.getmembers(owner, callable) if not name.startswith("_")]
    functions = [one for one in offered if inspect.isroutine(one)]
    return {name for one in functions for name in inspect.signature(one).parameters}


def test_the_library_names_no_option(sentences: set[tuple[str, str]]) -> None:
    """No text of the library names an option, but whole commands, which can be given beside Python, too."""
    option = re.compile(r"(?<![\w\]-])--[a-z{]")
    other = r"(ctxsearch|xmllint) [\w -]+"
    assert [one for one in sentences if option.search(re.sub(other, "", one[1]))] == []
    assert option.search("Use --encoding.")
    assert option.search("with --{}-column")


def test_every_argument_that_is_named_is_there_and_has_its_option(sentences: set[tuple[str, str]]) -> None:
    """What the library names is an argument of it, and has an option of a command in its place."""
    # A value that is put in as Python writes it is a text.
    texts = [text.replace("={}`", "='{}'`") for _, text in sentences]
    named = {one for text in texts for one in re.findall(r"`\w+=[^`]*`", text)}
    assert [one for one in named if not ARGUMENT.fullmatch(one)] == []
    names = {one.strip("`").partition("=")[0] for one in named}
    assert names <= arguments()
    assert {with_options(one).split()[0] for one in named} <= options()
    assert {"columns", "cql", "device", "file_format", "grouping", "replace"} < names


def test_only_what_writes_one_file_says_to_replace_it(sentences: set[tuple[str, str]]) -> None:
    """The option in the place of ``replace`` is that of `export` and `train-head`; none names that of `index`."""
    said = {module for module, text in sentences if "`replace=" in text}
    assert said == {"exporting/goal.py", "learning/train.py"}
    assert with_options("`replace=True`") == "--force"


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        ("name one with `file_format=`: csv", "name one with --format: csv"),
        ("`replace=True` to replace it", "--force to replace it"),
        ("""found with `cql='"river" "bank"'`.""", """found with --cql '"river" "bank"'."""),
        ("""found with `cql='"l\\'" "homme"'`.""", """found with --cql '"l'"'"'" "homme"'."""),
        ("`grouping='my column'`: none", "--grouping 'my column': none"),
        (r"`grouping='a\\b'`: none", r"--grouping 'a\b': none"),
        ("answers `like` only", "answers `like` only"),
        (r"/tmp/`a='\x'` is no index", r"/tmp/--a '\x' is no index"),
        (r"/tmp/`a='\q\u'` is no index", r"/tmp/--a '\q\u' is no index"),
        ("the filter 'form=bank' cannot be", "the filter 'form=bank' cannot be"),
        ('[pos="NOUN" is not closed', '[pos="NOUN" is not closed'),
    ],
)
def test_arguments_are_told_as_options(capsys: pytest.CaptureFixture[str], sentence: str, shown: str) -> None:
    """The command line says options, as a shell takes them, where the library says arguments, and leaves all else."""
    say(sentence)
    assert capsys.readouterr().err == f"{shown}\n"
