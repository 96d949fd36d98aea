"""The command that takes a change of an inventory back, as a hint shows it."""

from __future__ import annotations

import shlex


def undo_command(index: str, by: str | None) -> str:
    """The command that undoes somebody's newest change, as it is typed; no full stop is to follow it.

    >>> undo_command("mine", None)
    'ctxsearch senses undo mine'
    >>> print(undo_command("my index", "Anna B."))
    ctxsearch senses undo 'my index' --by 'Anna B.'

    Args:
        index: as the user wrote it.
        by: who changed it, if the user said so: only that person can undo it.
    """
    return shlex.join(["ctxsearch", "senses", "undo", index, *(() if by is None else ("--by", by))])
