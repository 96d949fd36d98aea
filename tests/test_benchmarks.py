"""The benchmarks start, and what they share writes what it says; nothing is measured here."""

from __future__ import annotations

import argparse
import doctest
import importlib.util
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest
from command_line import python

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FOLDER = Path(__file__).parent.parent / "benchmarks"
SCRIPTS = sorted(path for path in FOLDER.glob("*.py") if '__name__ == "__main__"' in path.read_text(encoding="utf-8"))
DRAWING = importlib.util.find_spec("matplotlib") is not None


@pytest.fixture
def results(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The module that the benchmarks share."""
    monkeypatch.syspath_prepend(str(FOLDER))
    import results

    yield results
    del sys.modules["results"]


def draw(figure: Figure) -> None:
    """Draws next to nothing."""
    figure.subplots().plot([1, 2], [3, 4])


def run(results: ModuleType, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    """Runs a benchmark that measures nothing."""
    parser = results.parser("Measures nothing.\n\nMore of it.")
    parser.add_argument("--rounds", type=int, default=3)
    monkeypatch.setattr(sys, "argv", ["benchmarks/nothing.py", *arguments])

    def measure(asked: argparse.Namespace) -> object:
        return results.Result("Nothing", ["way", "ms"], [["by hand", "1.5"]], {"ms": {"by hand": 1.5}}, draw)

    results.run(parser, measure)


@pytest.mark.parametrize("path", SCRIPTS, ids=[path.stem for path in SCRIPTS])
def test_help(path: Path) -> None:
    """Every benchmark says how it is called."""
    done = python(path, "--help")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"usage: {path.name}")


def test_examples(results: ModuleType) -> None:
    """The examples in what the benchmarks share are right."""
    done = doctest.testmod(results)
    assert done.attempted
    assert not done.failed


def test_table_and_json(
    results: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The table is on standard output; figures, arguments, versions and processor are in the JSON file."""
    path = tmp_path / "nothing.json"
    run(results, monkeypatch, "--rounds", "5", "--json", str(path))
    assert capsys.readouterr().out == "way       ms\nby hand  1.5\n"
    written = json.loads(path.read_text(encoding="utf-8"))
    assert written["benchmark"] == "nothing"
    assert written["figures"] == {"ms": {"by hand": 1.5}}
    assert written["arguments"] == {"rounds": 5}
    assert written["versions"] == results.versions()
    assert {"python", "sqlite", "numpy", "torch"} <= written["versions"].keys()
    assert written["processor"] == results.processor() != ""


@pytest.mark.skipif(not DRAWING, reason="needs matplotlib")
@pytest.mark.parametrize(("name", "begins"), [("plot.svg", b"<?xml"), ("plot.png", b"\x89PNG")])
def test_plot(results: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, begins: bytes) -> None:
    """The plot is in the format that its name says."""
    run(results, monkeypatch, "--plot", str(tmp_path / name))
    assert (tmp_path / name).read_bytes().startswith(begins)


@pytest.mark.skipif(not DRAWING, reason="needs matplotlib")
def test_plot_of_no_known_format(results: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A format that there is not is told in one sentence."""
    with pytest.raises(SystemExit, match="cannot be written"):
        run(results, monkeypatch, "--plot", str(tmp_path / "plot.text"))


def test_no_matplotlib(
    results: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without matplotlib a plot is refused before anything is measured."""
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "matplotlib" else find(name))
    with pytest.raises(SystemExit, match=r"^There is no matplotlib .* pip install --group bench$"):
        run(results, monkeypatch, "--plot", str(tmp_path / "plot.svg"))
    assert capsys.readouterr().out == ""


def test_no_folder_for_the_file(
    results: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that could not be written is refused before anything is measured."""
    with pytest.raises(SystemExit):
        run(results, monkeypatch, "--json", str(tmp_path / "missing" / "nothing.json"))
    told = capsys.readouterr()
    assert "cannot be written" in told.err
    assert told.out == ""


def test_no_index(tmp_path: Path) -> None:
    """An index that is not there is told in one sentence."""
    done = python(FOLDER / "query_speed.py", tmp_path / "none")
    assert done.returncode == 1
    assert done.stderr.startswith("Error: ")
    assert len(done.stderr.splitlines()) == 1
