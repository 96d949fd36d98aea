"""What keeps a process from a file and says nothing of the file: its limits, its memory, its rights.

Damage is noted, and taken out by a repair. A whole shard must never go that way because a process had no descriptor
left to open it with.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ctxsearch.errors import CtxSearchError, IndexDamaged

_HINDRANCES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EACCES, errno.EPERM})


def is_hindrance(error: OSError) -> bool:
    """Whether an error says something of the process, and nothing of the file.

    >>> is_hindrance(OSError(errno.EMFILE, "Too many open files")), is_hindrance(FileNotFoundError(errno.ENOENT, "..."))
    (True, False)
    """
    return error.errno in _HINDRANCES


@contextmanager
def reading(path: Path, *mistakes: type[Exception], missing_ok: bool = False) -> Iterator[None]:
    """Tells what is wrong with a file of an index as damage.

    Args:
        path: the file.
        mistakes: what is raised where the content is not what it must be.
        missing_ok: whether it is no damage that there is no such file.

    Raises:
        IndexDamaged: the file cannot be read, or its content is a mistake.
        OSError: this process is kept from it, or it is not there and need not be; the error names the file.
    """
    try:
        yield
    except CtxSearchError:
        raise
    except OSError as error:
        if not is_hindrance(error) and not (missing_ok and isinstance(error, FileNotFoundError)):
            raise IndexDamaged(str(path), f"it cannot be read ({error.strerror or error})") from error
        if error.filename is None:  # a file that cannot be mapped
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise
    except mistakes as error:
        raise IndexDamaged(str(path), f"it cannot be read ({error})") from error
