"""Regular expressions that a user writes: they are read, and tried on texts, in bounds of time and memory."""

from __future__ import annotations

import regex

from ctxsearch.errors import QueryError

# An expression that calls itself can fill all memory.
_CALLS = regex.compile(r"\(\?(?:R|&|P>|[+-]?[0-9])")
_LONGEST = 1000
# Some expressions take for ever on some texts.
_SECONDS = 1.0


class UnreadableExpression(ValueError):
    """An expression that cannot be read; the text is a clause that says why, for whoever knows where it stands."""


def read_expression(text: str, flags: int = 0) -> regex.Pattern[str]:
    """Reads an expression.

    >>> is_whole_match(read_expression("written/.*"), "written/news")
    True

    Args:
        text: as the user writes it.
        flags: of the library *regex*.

    Raises:
        UnreadableExpression: it is none, or could fill all memory.
    """
    if _CALLS.search(text) or len(text) > _LONGEST:
        raise UnreadableExpression(f"the regular expression {text[:40]!r} calls itself, or is very long")
    try:
        return regex.compile(text, flags | regex.VERSION1)
    except (regex.error, ValueError, KeyError, RecursionError, OverflowError) as error:
        raise UnreadableExpression(f"the regular expression {text[:200]!r} cannot be read ({error})") from error


def is_whole_match(expression: regex.Pattern[str], text: str) -> bool:
    """Whether an expression matches all of a text.

    Raises:
        QueryError: nobody could wait for it.
    """
    try:
        return expression.fullmatch(text, timeout=_SECONDS) is not None
    except (TimeoutError, MemoryError) as error:
        raise QueryError(
            f"The regular expression {expression.pattern!r} takes too long on {text[:40]!r}; write it simpler."
        ) from error
