"""Where indexes are: at a path, or by name under ``indexes/`` or ``$CTXSEARCH_INDEXES``."""

from __future__ import annotations

import os
from pathlib import Path

from ctxsearch.commit import commit_files
from ctxsearch.errors import IndexNotFound
from ctxsearch.paths import expanded_path_of
from ctxsearch.settings import SETTINGS_FILE


def indexes_folder() -> Path:
    """The folder whose indexes go by their bare names."""
    return Path(os.environ.get("CTXSEARCH_INDEXES") or "indexes")


def locate_index(name: str | Path) -> Path:
    """The folder that a name or path of an index means; a bare name is a path only where an index is there.

    Raises:
        ValueError: the name is empty, or no path.
    """
    if not str(name):
        raise ValueError("An index needs a name or a path, and this one is empty.")
    path = expanded_path_of(name)
    if isinstance(name, Path) or len(path.parts) != 1 or os.sep in name or (path / SETTINGS_FILE).is_file():
        return path
    return indexes_folder() / path


def located(name: str | Path) -> Path:
    """The folder of an index that is there, in whatever state.

    Raises:
        IndexNotFound: nothing is there that could be one.
    """
    folder = locate_index(name)
    if not (folder / SETTINGS_FILE).exists() and not (folder.is_dir() and commit_files(folder)):
        raise IndexNotFound(str(folder), known_indexes())
    return folder


def known_indexes() -> tuple[str, ...]:
    """The names of the indexes under `indexes_folder`."""
    try:
        # One that nothing was ever committed to holds nothing that anybody could want.
        return tuple(sorted({path.parent.name for path in indexes_folder().glob("*/commit-*.json")}))
    except OSError:
        return ()
