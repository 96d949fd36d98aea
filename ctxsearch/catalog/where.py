"""Filters on metadata: ``year>=1990``, parsed here and bound as parameters, never pasted into SQL."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ctxsearch.errors import QueryError

_OPERATOR = re.compile(r"(>=|<=|!=|=|>|<)=?")
_TURNED = re.compile(r"=\s*[<>]\s*[+-]?\.?\d")  # as some write >= and <=
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)")

# What a filter may name besides the metadata.
DOCUMENT_COLUMNS = ("document_id", "title", "uri")


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition on a document.

    A value that is written as a number compares as one, with values that are numbers; any other value compares as
    text, with values that are text. ``=`` and ``!=`` with a number also see it where it is kept as text. A document
    without the column meets no condition but ``!=``.
    """

    column: str
    operator: str
    value: str

    def sql(self) -> tuple[str, list[str | int | float]]:
        """The condition on a row of ``documents``, with its parameters."""
        if self.column in DOCUMENT_COLUMNS:
            test, parameters = self._test(f"documents.{self.column}")
            return test, parameters
        negated = self.operator == "!="
        test, parameters = Filter(self.column, "=" if negated else self.operator, self.value)._test("value")
        if self.operator in ("=", "!=") and self.value.lower() in ("true", "false"):
            test, parameters = f"({test} or type = ?)", [*parameters, self.value.lower()]
        # The key is compared, not built into a JSON path, so any name a source came with is just a name.
        exists = f"exists (select 1 from json_each(documents.metadata) where key = ? and {test})"
        return (f"not {exists}" if negated else exists), [self.column, *parameters]

    def _test(self, place: str) -> tuple[str, list[str | int | float]]:
        number = self._number
        if self.operator in ("=", "!="):
            text = f"cast({place} as text) {self.operator} ?"
            if number is None or self.operator == "!=":
                return text, [self.value]
            return f"({text} or (typeof({place}) in ('integer', 'real') and {place} = ?))", [self.value, number]
        if number is None:
            return f"(typeof({place}) = 'text' and {place} {self.operator} ?)", [self.value]
        return f"(typeof({place}) in ('integer', 'real') and {place} {self.operator} ?)", [number]

    @property
    def _number(self) -> int | float | None:
        if not _NUMBER.fullmatch(self.value):
            return None
        # SQLite's integers have 64 bits.
        return int(self.value) if re.fullmatch(r"[+-]?\d{1,18}", self.value) else float(self.value)


def parse_filters(filters: Sequence[str]) -> tuple[Filter, ...]:
    """Reads filters as a user writes them.

    >>> parse_filters(["year >= 1990", "genre=fiction"])[0]
    Filter(column='year', operator='>=', value='1990')

    Raises:
        QueryError: a filter has no column, or no operator that is known.
    """
    return tuple(_parse(text) for text in filters)


def _parse(text: str) -> Filter:
    match = _OPERATOR.search(text)
    column = text[: match.start()].strip() if match else ""
    if match is None or not column or _TURNED.match(text, match.start()):
        raise QueryError(
            f"The filter {text!r} cannot be read; write COLUMN OPERATOR VALUE with one of = != < <= > >=,"
            " for instance 'year>=1990'."
        )
    value = text[match.end() :].strip()
    if match[1] not in ("=", "!=") and (value.startswith("=") or {"<", ">"} & set(value)):
        raise QueryError(f"The filter {text!r} has two operators; give two filters.")
    return Filter(column, match[1], value)
