"""Functions that a user gives, to be called while something is done."""

from __future__ import annotations


def check_callbacks(**given: object) -> None:
    """Makes sure that what is to be called can be, before anything is done; None is called never.

    >>> check_callbacks(on_progress=print, on_skip=None)

    Args:
        given: by the names of the arguments.

    Raises:
        ValueError: one cannot be called.
    """
    for name, one in given.items():
        if one is not None and not callable(one):
            raise ValueError(f"What is given as {name} is called, as a function is, and {one!r:.80} cannot be.")
