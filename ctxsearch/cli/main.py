"""The program: its commands by name."""

from __future__ import annotations

import os
import resource
import sys
from contextlib import suppress
from typing import Annotated

import typer

import ctxsearch
from ctxsearch.cli import evaluating, indexing, inspecting, searching, training, upkeep
from ctxsearch.cli.console import say, told
from ctxsearch.cli.demo import run_demo

# As many files as any index needs; and what macOS allows.
_OPEN_FILES = (65_536, 10_240)

app = typer.Typer(
    help="A semantic concordance: finds the uses of a word that are like the one you have in mind.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    add_completion=False,
    rich_markup_mode=None,  # square brackets mark words here, not colours
)


def run() -> None:
    """Runs a command."""
    # Idle threads of the model would otherwise spin, and a busy machine makes one sentence take 30 times as long.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    _allow_many_files()
    if sys.stdout is not None and hasattr(sys.stdout, "reconfigure"):
        # A terminal that cannot show a character is shown its number.
        sys.stdout.reconfigure(errors="backslashreplace")
    app()


def _allow_many_files() -> None:
    """Lets this process open as many files as it may: a shard is two or three, and many begin with 256 or 1024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for limit in _OPEN_FILES:
        allowed = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        if soft == resource.RLIM_INFINITY or soft >= allowed:
            return
        with suppress(ValueError, OSError):  # macOS says that there is no limit, and has one
            resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
            return


@app.callback(invoke_without_command=True)
def main(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    """A semantic concordance: finds the uses of a word that are like the one you have in mind."""
    if version:
        print(ctxsearch.__version__)
        raise typer.Exit


def demo() -> None:
    """Build the sample index if it is not there, and ask it four questions."""
    run_demo(say)


for command in (
    demo,
    indexing.index,
    searching.query,
    searching.like,
    searching.concordance,
    inspecting.pieces,
    inspecting.embed,
    evaluating.evaluate,
    training.train_head,
    indexing.info,
    upkeep.remove,
    upkeep.compact,
    upkeep.verify,
    upkeep.backup,
    upkeep.restore,
):
    # Without it, the list of commands shows but the first words.
    first_line = (command.__doc__ or "").partition("\n")[0]
    writes_index = command in (demo, indexing.index, upkeep.remove, upkeep.compact)
    app.command(short_help=first_line)(told(command, writes_index=writes_index))
