"""What a person writes of a sense, as it is kept: texts, and sentences that show it."""

from __future__ import annotations

from collections.abc import Iterable

from ctxsearch.domain import ConcordanceLine, Usage
from ctxsearch.errors import QueryError, SenseError
from ctxsearch.usage import parse_usages


def parsed_examples(examples: str | Usage | Iterable[str | Usage]) -> list[Usage]:
    """Examples as a user gives them, one or several.

    Raises:
        QueryError: one marks no word, or is a line.
        SenseError: one has half of a surrogate pair in it.
    """
    if isinstance(examples, str | Usage | ConcordanceLine) or not isinstance(examples, Iterable):
        examples = [examples]
    several = list(examples)
    for one in several:
        if isinstance(one, ConcordanceLine):
            raise QueryError(f"The line {one.key!r} is one of the corpus; make the sense, and label the line with it.")
    usages = parse_usages(several)
    for usage in usages:
        stripped(usage.text, "An example")
    return usages


def stripped(text: str, what: str) -> str:
    """A text without white space at its ends.

    Raises:
        SenseError: it is no string, or has half of a surrogate pair in it.
    """
    if not isinstance(text, str):
        raise SenseError(f"{what} is a string, and {text!r:.80} is none.")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise SenseError(f"{what} is no valid Unicode near character {error.start} (a lone surrogate).") from error
    return text.strip()
