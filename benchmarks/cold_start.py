"""Seconds that a command takes from a fresh process, beside a process that only imports torch and transformers.

    python benchmarks/cold_start.py INDEX ["They rowed to the [bank]."] [--json FILE] [--plot FILE]

The commands run in turn, several times, and their medians are compared: other work on a machine moves them all. The
first round, which fills the disk's cache, compiles modules and exports the model if that was not done, is thrown away.
All processes find their modules compiled, as pip leaves what it installs. Where no sentence is given, one of the index
is taken, with a word that occurs about a hundred times.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from asking import frequencies, milliseconds, words_of_frequency
from results import Result, draw_bars, parser, run

from ctxsearch.index import Index
from ctxsearch.usage import parse_usage

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FREQUENCY = 100

_COMMAND = [sys.executable, "-c", "from ctxsearch.cli.main import run; run()"]
_IMPORTS = [sys.executable, "-c", "import torch, transformers; transformers.AutoModel, transformers.AutoTokenizer"]
_IMPORTING = "import torch, transformers"


# As some keep their modules from being compiled once and for all.
_ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def seconds(command: Sequence[str]) -> float:
    """How long a process takes, from start to end."""
    return milliseconds(lambda: subprocess.run(command, check=True, capture_output=True, env=_ENVIRONMENT)) / 1000


def sentence_of(index: Index) -> str:
    """A sentence of the index with a word marked."""
    counts = frequencies(index)
    word = next(iter(words_of_frequency(counts, FREQUENCY, 1)), max(counts, key=lambda word: counts[word]))
    (line,) = index.concordance(word, sample=1, seed=1, context="sentence")
    left, node, right = (re.sub(r"[\[\]\\]", r"\\\g<0>", part) for part in (line.left, line.node, line.right))
    return f"{left}[{node}]{right}"


def measure(arguments: argparse.Namespace) -> Result:
    """Starts each command in turn."""
    with Index.open(arguments.index) as index:
        sentence = arguments.sentence or sentence_of(index)
        key = index.query(sentence, k=1)[0].key
    usage = parse_usage(sentence)
    commands = {
        "query": [*_COMMAND, "query", arguments.index, sentence],
        "like": [*_COMMAND, "like", arguments.index, key],
        "concordance": [*_COMMAND, "concordance", arguments.index, usage.text[usage.start : usage.end], "-k", "20"],
        _IMPORTING: _IMPORTS,
        "import numpy": [sys.executable, "-c", "import numpy"],
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(arguments.rounds + 1):
        for name, command in commands.items():
            taken = seconds(command)
            if number:
                times[name].append(taken)
    medians = {name: statistics.median(values) for name, values in times.items()}
    shares = {name: value / medians[_IMPORTING] for name, value in medians.items()}
    figures = {
        "sentence": sentence,
        "seconds": {name: round(value, 3) for name, value in medians.items()},
        "fastest": {name: round(min(values), 3) for name, values in times.items()},
        "of importing torch": {name: round(value, 3) for name, value in shares.items()},
    }
    rows = [
        [name, f"{medians[name]:.2f}", f"{min(values):.2f}", f"{shares[name]:.2f}"] for name, values in times.items()
    ]

    def draw(figure: Figure) -> None:
        draw_bars(figure.subplots(), medians, "seconds from start to end of a process (median)")

    headings = ["process", "seconds, median", "fastest", "of importing torch, transformers"]
    return Result("From a cold start", headings, rows, figures, draw, size=(7, 3))


if __name__ == "__main__":
    options = parser(__doc__)
    options.add_argument("index")
    options.add_argument("sentence", nargs="?", help="with one word in brackets")
    options.add_argument("--rounds", type=int, default=9)
    run(options, measure)
