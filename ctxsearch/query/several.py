"""Arguments that are one string or several: conditions, forms, columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ctxsearch.errors import QueryError

CONDITIONS = "Conditions are strings, such as 'year>=1990'"
"""What `strings` says of conditions on the metadata."""


def strings(given: str | Iterable[str] | None, what: str = "What is asked for is a string") -> list[str]:
    """One string or several, each once; None is none.

    >>> strings("year>=1990"), strings(("bank", "bank")), strings(None)
    (['year>=1990'], ['bank'], [])

    Args:
        given: as a user gives it.
        what: is wanted: how the sentence begins that refuses anything else.

    Raises:
        QueryError: it is something else.
    """
    if given is None:
        return []
    is_one = isinstance(given, str | bytes | Mapping) or not isinstance(given, Iterable)
    several: list[str] = [given] if is_one else list(given)  # type: ignore[list-item]
    for one in several:
        if not isinstance(one, str):
            raise QueryError(f"{what}, or a list of them, and not {one!r:.80}.")
    return list(dict.fromkeys(several))
