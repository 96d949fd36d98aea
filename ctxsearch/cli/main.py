"""The program: its commands by name."""

from __future__ import annotations

import gc
import os
import resource
import sys
from collections.abc import Iterable
from contextlib import suppress
from importlib import import_module
from typing import Annotated

import typer

import ctxsearch
from ctxsearch.cli.console import say_what_is_logged, told

# As many files as any index needs; and what macOS allows.
_OPEN_FILES = (65_536, 10_240)

# The module of each command, imported only if it is asked for: all of them together would double a cold start.
_COMMANDS = {
    "demo": "demo",
    "index": "indexing",
    "query": "searching",
    "like": "searching",
    "concordance": "searching",
    "collocations": "collocating",
    "examples": "collocating",
    "lookup": "telling",
    "assign": "telling",
    "induce": "inducing",
    "novel": "inducing",
    "change": "changing",
    "pieces": "inspecting",
    "embed": "inspecting",
    "evaluate": "evaluating",
    "train-head": "training",
    "info": "indexing",
    "remove": "upkeep",
    "compact": "upkeep",
    "verify": "upkeep",
    "backup": "upkeep",
    "restore": "upkeep",
    "senses": "senses",
    "subcorpora": "subcorpora",
    "export": "export",
}
_WRITING = ("demo", "index", "remove", "compact")
_GROUPS = {
    "senses": "Keep a sense inventory: senses, labels, notes.",
    "subcorpora": "Give parts of the corpus a name.",
}


def app_with(names: Iterable[str]) -> typer.Typer:
    """The program with some of its commands."""
    app = typer.Typer(
        help="A semantic concordance: finds the uses of a word that are like the one you have in mind.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        add_completion=False,
        rich_markup_mode=None,  # square brackets mark words here, not colours
    )
    app.callback(invoke_without_command=True)(main)
    for name in names:
        module = import_module(f"ctxsearch.cli.{_COMMANDS[name]}")
        if name in _GROUPS:
            app.add_typer(module.app, name=name, short_help=_GROUPS[name])
            continue
        command = getattr(module, name.replace("-", "_"))
        # Without it, the list of commands shows but the first words.
        first_line = (command.__doc__ or "").partition("\n")[0]
        app.command(name, short_help=first_line)(told(command, writes_index=name in _WRITING))
    return app


def run() -> None:
    """Runs a command."""
    # Imports make many objects that stay: to look for garbage after every 700 takes a tenth of a cold start.
    gc.set_threshold(50_000)
    # Idle threads of the model would otherwise spin, and a busy machine makes one sentence take 30 times as long.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    _allow_many_files()
    _open_closed()
    if hasattr(sys.stdout, "reconfigure"):
        # A terminal that cannot show a character is shown its number.
        sys.stdout.reconfigure(errors="backslashreplace")
    asked = next((word for word in sys.argv[1:] if not word.startswith("-")), None)
    needed: Iterable[str] = [asked] if asked in _COMMANDS else _COMMANDS
    app = app_with([] if sys.argv[1:] == ["--version"] else needed)
    try:
        app()
    except OSError as error:  # of help and the version: a command tells its own
        print(f"Error: {error.strerror or error}.", file=sys.stderr)
        sys.exit(1)


def _open_closed() -> None:
    """Gives standard output and error, where they were closed, a place where nothing is kept.

    A file of an index would get their number, and what is printed would be written into it.
    """
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  # it stays open
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115


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


def main(
    call: typer.Context,
    *,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
    verbose: Annotated[
        bool, typer.Option("-v", "--verbose", help="Say what runs the model, where, and what is done on the way.")
    ] = False,
) -> None:
    """A semantic concordance: finds the uses of a word that are like the one you have in mind."""
    if verbose:
        say_what_is_logged()
    if version:
        print(ctxsearch.__version__, flush=True)
        raise typer.Exit
    if call.invoked_subcommand is None:
        call.fail("Missing command.")
