"""New files: written beside where they go, synced, and put in place together at the end, or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ctxsearch.commit import commit_files
from ctxsearch.errors import ExportError
from ctxsearch.settings import SETTINGS_FILE
from ctxsearch.storage import folder_beside, remove, rename


@contextmanager
def new_files(path: Path, companions: Sequence[str], index: Path, *, replace: bool) -> Iterator[list[Path]]:
    """Where to write a file, and those that belong beside it; whoever writes them syncs them, as `NewFile` does.

    Args:
        path: the file that was asked for; a link is followed.
        companions: what the names of the others have after its own.
        index: the folder of the index, where nobody writes but the index; nor in that of another.
        replace: whether files that are there are replaced.

    Yields:
        A temporary path for each file, its own first; what is left there at the end is put in place.

    Raises:
        ExportError: a file is there already, or none can be there.
    """
    goal = Path(os.path.realpath(path))
    goals = [goal, *(goal.with_name(f"{goal.name}{ending}") for ending in companions)]
    if not goal.parent.is_dir():
        raise ExportError(str(path), "there is no such folder to put it in")
    # What is in the folder of an index lies in it, or in one of its shards.
    if goal.is_relative_to(os.path.realpath(index)) or any(_is_index(folder) for folder in goal.parents[:2]):
        raise ExportError(str(path), "it would lie in the folder of the index; name a file elsewhere")
    _check(goals, path, replace)
    with folder_beside(goal) as beside:
        temporaries = [beside / f"new-{number}" for number in range(len(goals))]
        yield temporaries
        _check(goals, path, replace)  # no link in the place of a rename: memory sticks know none
        if len(goals) > 1 and replace:
            remove(goal)  # a run that is killed between two renames must not leave it beside another's companion
        for temporary, one in reversed(list(zip(temporaries, goals, strict=True))):
            rename(temporary, one)


def _is_index(folder: Path) -> bool:
    if os.path.lexists(folder / SETTINGS_FILE):
        return True
    try:
        return bool(commit_files(folder))
    except OSError:
        return False  # a folder that only lets itself be walked through


def _check(goals: Sequence[Path], path: Path, replace: bool) -> None:
    for one in goals:
        named = path if one is goals[0] else path.with_name(one.name)
        shown = str(named)
        if os.path.lexists(one) and not one.is_file():
            raise ExportError(shown, "it is no plain file; name a file to write to")
        if (os.path.lexists(one) or os.path.lexists(named)) and not replace:
            raise ExportError(shown, "there is such a file already; give another name, or `replace=True` to replace it")
