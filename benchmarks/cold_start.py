"""Seconds that a command takes from a fresh process, beside a process that only imports torch and transformers.

    python benchmarks/cold_start.py INDEX "They rowed to the [bank]."

The commands run in turn, several times, and their medians are compared: other work on a machine moves them all. The
first round, which fills the disk's cache and exports the model if that was not done, is thrown away.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence

from ctxsearch.index import Index
from ctxsearch.usage import parse_usage

_COMMAND = [sys.executable, "-c", "from ctxsearch.cli.main import run; run()"]
_IMPORTS = [sys.executable, "-c", "import torch, transformers; transformers.AutoModel, transformers.AutoTokenizer"]


def seconds(command: Sequence[str]) -> float:
    """How long a process takes, from start to end."""
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    """Prints one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("index")
    parser.add_argument("sentence")
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    with Index.open(arguments.index) as index:
        key = index.query(arguments.sentence, k=1)[0].key
    usage = parse_usage(arguments.sentence)
    commands = {
        "query": [*_COMMAND, "query", arguments.index, arguments.sentence],
        "like": [*_COMMAND, "like", arguments.index, key],
        "concordance": [*_COMMAND, "concordance", arguments.index, usage.text[usage.start : usage.end], "-k", "20"],
        "import torch, transformers": _IMPORTS,
        "import numpy": [sys.executable, "-c", "import numpy"],
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(arguments.rounds + 1):
        for name, command in commands.items():
            taken = seconds(command)
            if number:
                times[name].append(taken)
    medians = {name: statistics.median(values) for name, values in times.items()}
    torch = medians["import torch, transformers"]
    print(
        json.dumps(
            {
                "seconds": {name: round(value, 3) for name, value in medians.items()},
                "fastest": {name: round(min(values), 3) for name, values in times.items()},
                "of importing torch": {name: round(value / torch, 3) for name, value in medians.items()},
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
