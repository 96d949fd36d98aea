"""Looks at what is written in place, and so has no digest: the senses, and the lock of who writes."""

from __future__ import annotations

import errno
from pathlib import Path

from ctxsearch.catalog.inventory import Inventory
from ctxsearch.errors import IndexLocked
from ctxsearch.lock import LOCK_FILE
from ctxsearch.report import Problem
from ctxsearch.storage import plain_size

_RESTORE = "bring it back from a backup; or move it away, which loses all senses and labels, to begin anew"
_AGAIN = "see that this user may read and write it, and that the disk is well; then verify again"


def senses_problem(folder: Path, *, quick: bool) -> Problem | None:
    """What is wrong with the sense inventory, as SQLite says, or with the place where it should be.

    What keeps this process from it is told as well, and keeps nothing else from being told.

    Raises:
        IndexLocked: somebody else writes to it for a long time.
    """
    inventory = Inventory(folder)
    try:
        why, remedy = "; ".join(inventory.problems(quick=quick)), _RESTORE
    except IndexLocked:
        raise
    except OSError as error:
        why, remedy = error.strerror or str(error), _RESTORE if error.errno == errno.EINVAL else _AGAIN
    return Problem(str(inventory.path), why, remedy) if why else None


def lock_problem(folder: Path) -> Problem | None:
    """What is no plain file cannot be locked, and nobody could write."""
    path = folder / LOCK_FILE
    try:
        plain_size(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        return Problem(str(path), error.strerror or str(error), "remove it")
    return None
