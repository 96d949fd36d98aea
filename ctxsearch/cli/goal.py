"""Where a command may write a file of its own: looked at before the long work."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ctxsearch.cli.options import WrongCommand

Force = Annotated[bool, typer.Option("--force", help="Replace the file that is there.")]
ForcePlot = Annotated[bool, typer.Option("--force", help="With --plot: replace the file that is there.")]


def check_goal(goal: Path, what: str, *, force: bool) -> None:
    """Makes sure that a file can be written, and that nobody loses one by it.

    Args:
        goal: the file.
        what: is to be done with it, ``to write the vectors to`` say.
        force: whether a file that is there is replaced.

    Raises:
        ValueError: there is no folder for it, something else has its name, or a file does.
    """
    if not goal.absolute().parent.is_dir():
        raise ValueError(f"There is no folder {goal.parent} to write {goal.name} to.")
    if goal.exists() and not goal.is_file():
        raise ValueError(f"{goal} is no plain file; name a file {what}.")
    if goal.exists() and not force:
        raise ValueError(f"There is a file {goal} already; give another name, or --force.")


def refuse_force_alone(plot: Path | None, *, force: bool) -> None:
    """Refuses --force where nothing is drawn."""
    if force and plot is None:
        raise WrongCommand("--force replaces the file of --plot; give --plot, too.")
