"""What the package shows to those who import it, and what it does not load until it is needed."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import ctxsearch
from ctxsearch import Index

PACKAGE = Path(ctxsearch.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))

# What the package imports to do its work.
HELPERS = {"TYPE_CHECKING", "import_module"}
HEAVY = (
    *("torch", "transformers", "tokenizers", "onnxruntime", "faiss", "numpy", "numpy.ma"),
    *("sqlite_utils", "typer", "rich", "sentencex", "simplemma"),
)


def loaded_by(program: str, *arguments: str) -> set[str]:
    """The heavy packages that a program has loaded by its end, in a process of its own."""
    program += f"\nimport sys; print(*(name for name in {HEAVY} if name in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], cwd=PACKAGE.parent, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return {*done.stdout.split()}


def public_functions(exported: object) -> Iterator[tuple[str, object]]:
    """An exported function, or the public methods and properties of an exported class that this package wrote."""
    if not inspect.isclass(exported):
        yield getattr(exported, "__name__", "?"), exported
        return
    ours = [base for base in exported.__mro__ if base.__module__.startswith("ctxsearch")]
    for name, member in ((name, member) for base in ours for name, member in vars(base).items()):
        if name.startswith("_"):
            continue
        if isinstance(member, property):
            yield f"{exported.__name__}.{name}", member.fget
        elif isinstance(member, classmethod | staticmethod):
            yield f"{exported.__name__}.{name}", member.__func__
        elif inspect.isfunction(member):
            yield f"{exported.__name__}.{name}", member


def test_all_is_complete_and_sorted() -> None:
    """`__all__` is every public name of the package, once, in order."""
    public = [
        name
        for name, value in ((name, getattr(ctxsearch, name)) for name in dir(ctxsearch))
        if not name.startswith("_") and not isinstance(value, ModuleType) and name not in HELPERS
    ]
    assert sorted(public) == ctxsearch.__all__


@pytest.mark.parametrize("name", ctxsearch.__all__)
def test_exported_name_is_described(name: str) -> None:
    """Every exported class and function, and every public method, has a docstring and full annotations."""
    exported = getattr(ctxsearch, name)
    assert exported.__doc__
    assert exported.__doc__.strip().split("\n")[0].rstrip().endswith((".", ":", "``"))
    for called, function in public_functions(exported):
        assert inspect.getdoc(function), called
        signature = inspect.signature(function)  # type: ignore[arg-type]
        assert signature.return_annotation is not inspect.Signature.empty, called
        for parameter in signature.parameters.values():
            if parameter.name not in ("self", "cls"):
                assert parameter.annotation is not inspect.Parameter.empty, f"{called}({parameter.name})"
                assert parameter.kind is not inspect.Parameter.VAR_KEYWORD, f"{called}({parameter.name})"


@pytest.mark.parametrize("path", MODULES, ids=[path.relative_to(PACKAGE).as_posix() for path in MODULES])
def test_every_public_definition_has_a_docstring(path: Path) -> None:
    """Every module says what it is for, and so does every public class, function and method in it."""
    module = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(module)
    definitions = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    inside = [(item.name, item) for item in module.body if isinstance(item, definitions)]
    for name, item in list(inside):
        if isinstance(item, ast.ClassDef) and not name.startswith("_"):
            inside += [(f"{name}.{member.name}", member) for member in item.body if isinstance(member, definitions)]
    for name, item in inside:
        if not item.name.startswith("_"):
            assert ast.get_docstring(item), name


def test_package_is_typed() -> None:
    """Type checkers find the marker that says the annotations are meant for them."""
    assert (PACKAGE / "py.typed").is_file()


def test_modules_that_are_written_about_are_there() -> None:
    """`ctxsearch.protocols` needs no import of its own, names what an encoder gets and gives, and is light."""
    program = "import ctxsearch; ctxsearch.protocols.Encoder, ctxsearch.protocols.Segment, ctxsearch.protocols.Encoded"
    assert loaded_by(program) == set()
    assert loaded_by("import ctxsearch; ctxsearch.evaluation.measure") == {"numpy"}
    assert {"protocols", "evaluation"} <= {*dir(ctxsearch)}


def test_package_has_a_version() -> None:
    """The version is three numbers."""
    assert [part.isdigit() for part in ctxsearch.__version__.split(".")] == [True] * 3


def test_import_is_light() -> None:
    """`import ctxsearch` loads none of the heavy packages."""
    assert loaded_by("import ctxsearch") == set()


def test_opening_an_index_is_light(index: Index) -> None:
    """An index is opened, and a usage read, without any heavy package."""
    program = "import sys, ctxsearch; ctxsearch.Index.open(sys.argv[1]).is_new; ctxsearch.Usage('a', 0, 1)"
    assert loaded_by(program, str(index.path)) == set()


@pytest.mark.parametrize(
    "call",
    [
        "index.like('rowing:18', unlike=['loan:4'])",
        "index.like('rowing:18', any_word=True)",
    ],
)
def test_no_model_where_none_is_needed(index: Index, call: str) -> None:
    """What needs no model loads neither torch nor what comes with it."""
    program = f"import sys, ctxsearch\nindex = ctxsearch.Index.open(sys.argv[1])\nassert {call}"
    loaded = loaded_by(program, str(index.path))
    assert "faiss" in loaded  # or the program did not search
    assert not loaded & {"torch", "transformers", "tokenizers", "typer", "rich", "numpy.ma"}


@pytest.mark.parametrize(
    "call", ["index.info()", "index.count('bank')", "index.concordance('bank', where=['year>1900'], order='left')"]
)
def test_what_asks_for_no_vector_loads_no_back_end(index: Index, call: str) -> None:
    """Whatever the catalogs tell is told without FAISS, and without what makes catalogs."""
    program = f"import sys, ctxsearch\nindex = ctxsearch.Index.open(sys.argv[1])\nassert {call}"
    loaded = loaded_by(program, str(index.path))
    assert not loaded & {"faiss", "torch", "transformers", "tokenizers", "typer", "rich", "sqlite_utils", "simplemma"}


@pytest.mark.parametrize("package", ["ctxsearch.domain", "ctxsearch.errors", "ctxsearch.settings", "ctxsearch.usage"])
def test_lower_floors_are_light(package: str) -> None:
    """The nouns, the errors and the parsers load nothing heavy on their own."""
    assert loaded_by(f"import {package}") == set()
