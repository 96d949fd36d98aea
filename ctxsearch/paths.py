"""Paths as users give them: checked, and with a home folder in the place of a ``~``."""

from __future__ import annotations

import os
from pathlib import Path

from ctxsearch.errors import QueryError


def path_of(given: str | Path) -> Path:
    """A path, as a user gives it.

    Raises:
        QueryError: it is neither a string nor a Path, or has in it what no name of a file has.
    """
    try:
        path = Path(given)
        is_name = b"\0" not in os.fsencode(path)
    except TypeError as error:
        raise QueryError(f"The path of a file or folder is a string or a Path, and {given!r:.80} is none.") from error
    except UnicodeEncodeError:
        is_name = False
    if not is_name:
        raise QueryError(
            f"{str(given)!r:.80} is no path of a file or folder: no name has a NUL or half of a surrogate pair in it;"
            " leave it out."
        )
    return path


def expanded_path_of(given: str | Path) -> Path:
    """The same, with a home folder in the place of a ``~``.

    Raises:
        QueryError: it is none, or nobody has such a home folder.
    """
    try:
        return path_of(given).expanduser()
    except RuntimeError as error:
        raise QueryError(f"There is no home folder for {str(given)!r}; write the whole path.") from error
