"""How a user marks a word in a sentence: ``They rowed across the river to the [bank].``"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from ctxsearch.domain import ConcordanceLine, Usage
from ctxsearch.errors import QueryError


def parse_usage(marked: str) -> Usage:
    r"""Reads a sentence with one word in brackets; a literal bracket is written ``\[`` or ``\]``, a backslash ``\\``.

    >>> parse_usage("They rowed to the [bank].")
    Usage(text='They rowed to the bank.', start=18, end=22)
    >>> parse_usage(r"He wrote \[sic\] after the [date].").text
    'He wrote [sic] after the date.'

    Raises:
        QueryError: no word is marked, or more than one, or a bracket is left open.
    """
    plain: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    escaped = False
    for character in marked:
        if escaped:
            if character not in "[]\\":
                plain.append("\\")
            plain.append(character)
            escaped = False
        elif character == "\\":
            escaped = True
        elif character == "[":
            starts.append(len(plain))
        elif character == "]":
            ends.append(len(plain))
        else:
            plain.append(character)
    if escaped:
        plain.append("\\")
    # Ends as a sentence does, with no quotation mark to close.
    how = "write the sentence with one word in brackets, such as: They rowed across the river to the [bank]."
    if not starts and not ends:
        raise QueryError(f"No word is marked; {how}")
    if len(starts) != len(ends) or any(start > end for start, end in zip(starts, ends, strict=True)):
        raise QueryError(f"The brackets do not pair; {how} A literal bracket is written \\[ or \\].")
    if len(starts) > 1:
        raise QueryError(f"{len(starts)} words are marked; {how} A literal bracket is written \\[ or \\].")
    text = "".join(plain)
    if not text[starts[0] : ends[0]].strip():
        raise QueryError(f"The brackets are empty; {how}")
    return Usage(text, starts[0], ends[0])


def parse_usages(usages: str | Usage | Iterable[str | Usage]) -> list[Usage]:
    """Reads those that are not read yet, one or several.

    Raises:
        QueryError: as `parse_usage`; ``usage_number`` says which usage.
    """
    parsed = []
    if isinstance(usages, str | Usage) or not isinstance(usages, Iterable):
        usages = [usages]
    for number, usage in enumerate(usages):
        with usage_numbered(number):
            parsed.append(usage_of(usage))
    return parsed


def usage_of(usage: str | Usage, *, many: str = "") -> Usage:
    """A usage, read if it is not read yet.

    Args:
        usage: as a user gives it.
        many: what answers several at once; empty where nothing does, or it is asked.

    Raises:
        QueryError: as `parse_usage`; or it is something else.
    """
    if isinstance(usage, str):
        return parse_usage(usage)
    if isinstance(usage, ConcordanceLine):
        raise QueryError(
            f"A sentence with one word in brackets is asked about, or a Usage, and not the line {usage.key!r}; lines"
            " like it are found by like, and its vector by vectors."
        )
    if not isinstance(usage, Usage):
        hint = f"; many sentences are answered by {many}" if many else ""
        raise QueryError(
            f"A sentence with one word in brackets is asked about, or a Usage, and not {type(usage).__name__}{hint}."
        )
    return usage


@contextmanager
def usage_numbered(number: int) -> Iterator[None]:
    """Notes in an error which of several usages it is about."""
    try:
        yield
    except QueryError as error:
        error.usage_number = number
        raise
