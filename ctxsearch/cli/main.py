"""The program: its commands by name, and the one place where a told error becomes a sentence and exit code 1."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

import ctxsearch
from ctxsearch.cli import indexing, inspecting, searching, upkeep
from ctxsearch.cli.console import fail, say
from ctxsearch.cli.demo import run_demo
from ctxsearch.errors import CtxSearchError

app = typer.Typer(
    help="A semantic concordance: finds the uses of a word that are like the one you have in mind.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    add_completion=False,
    rich_markup_mode=None,  # square brackets mark words here, not colours
)


def run() -> None:
    """Runs a command; a told error is one sentence and exit code 1."""
    # Idle threads of the model would otherwise spin, and a busy machine makes one sentence take 30 times as long.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    try:
        app()
    except BrokenPipeError:
        # Whoever read our lines (head, less) has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except (CtxSearchError, ValueError) as error:
        fail(str(error))
    except OSError as error:
        fail(f"{error}. Nothing that was committed is lost.")


@app.callback(invoke_without_command=True)
def main(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    """A semantic concordance: finds the uses of a word that are like the one you have in mind."""
    if version:
        print(ctxsearch.__version__)
        raise typer.Exit


@app.command()
def demo() -> None:
    """Build the sample index if it is not there, and ask it four questions."""
    run_demo(say)


for command in (
    indexing.index,
    searching.query,
    searching.like,
    searching.concordance,
    inspecting.pieces,
    inspecting.embed,
    indexing.info,
    upkeep.remove,
    upkeep.compact,
    upkeep.verify,
    upkeep.backup,
    upkeep.restore,
):
    app.command()(command)
