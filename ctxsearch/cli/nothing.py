"""What is said where nothing is found."""

from __future__ import annotations

from collections.abc import Sequence

from ctxsearch.cli.console import counted, plain, say
from ctxsearch.index import Index

NO_LINE = "No line meets the conditions."
NO_DOCUMENT = "No document meets the conditions."
# Values of a column that are named.
_NAMED = 8


def no_line(offset: int) -> str:
    """That there is no line, or none after those that are passed over."""
    return f"There is no line after the first {offset:,}." if offset else NO_LINE


def require_word(index: Index, word: str | None) -> None:
    """Tells of a word of which there is nothing to list that the corpus does not have it either, if so.

    Raises:
        WordNotFound: the corpus does not have it.
    """
    if word is not None:
        index.count(word)


def say_nothing(index: Index, where: Sequence[str], otherwise: str = "") -> None:
    """Says why nothing is found: which conditions no document meets; or else this, if there is anything to say."""
    unmet = index.unmet(where)
    for one in unmet:
        if one.beside:
            say(f"No document meets both {one.beside!r} and {one.condition!r}; for either, write '{one.either}'.")
            continue
        if one.apart:
            each = " and ".join(map(repr, one.apart))
            say(f"No document meets {one.condition!r}; give {len(one.apart)} conditions: {each}.")
            continue
        named = ", ".join(f"{plain(value)} ({count:,})" for value, count in one.documents[:_NAMED])
        more = f" and {counted(len(one.documents) - _NAMED, 'other')}" if len(one.documents) > _NAMED else ""
        have = f"; of {plain(one.column)} there are: {named}{more}" if named else ""
        # As in CQL; here the shell has its own, and all else is the value.
        marks = " Write the value without quotation marks." if one.condition.rstrip().endswith(("'", '"')) else ""
        within = f" Those that have it within are found by '{one.within}'." if one.within else ""
        say(f"No document meets {one.condition!r}{have}.{within}{marks}")
    if otherwise and not unmet:
        say(otherwise)
