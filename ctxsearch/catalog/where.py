"""Filters on metadata: ``year>=1990``, parsed here and bound as parameters, never pasted into SQL."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ctxsearch.errors import QueryError

_OPERATOR = re.compile(r"(>=|<=|!=|=|>|<)=?")
_TURNED = re.compile(r"=\s*[<>]\s*[+-]?\.?\d")  # as some write >= and <=
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)")

ID_COLUMN = "document_id"
DOCUMENT_COLUMNS = (ID_COLUMN, "title", "uri")
"""What a filter may name besides the metadata; but for the id, where a document's metadata have it, it is that."""


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition on a document.

    A value that is written as a number compares as one, with values that are numbers; any other value compares as
    text, with values that are text. ``=`` and ``!=`` with a number also see it where it is kept as text. A document
    without the column meets no condition but ``!=``.

    Attributes:
        column: its name.
        operator: one of ``= != < <= > >=``.
        value: as it is written.
        is_metadata: whether the column is one of the metadata in any case.
    """

    column: str
    operator: str
    value: str
    is_metadata: bool = False

    def sql(self) -> tuple[str, list[str | int | float]]:
        """The condition on a row of ``documents``, with its parameters."""
        is_own = self.column in DOCUMENT_COLUMNS and not self.is_metadata
        if is_own and self.column == ID_COLUMN:
            return self._test("documents.document_id")
        # The key is compared, not built into a JSON path, so any name a source came with is just a name.
        values = "select value, type from json_each(documents.metadata) where key = ?"
        if is_own:
            own = "select value from json_each(documents.metadata) where key = ?"
            values = f"select coalesce(({own}), documents.{self.column}) as value, '' as type"
        is_negated = self.operator == "!="
        test, parameters = replace(self, operator="=" if is_negated else self.operator)._test("value")
        if self.operator in ("=", "!=") and self.value.lower() in ("true", "false"):
            test, parameters = f"({test} or type = ?)", [*parameters, self.value.lower()]
        exists = f"exists (select 1 from ({values}) where {test})"
        return (f"not {exists}" if is_negated else exists), [self.column, *parameters]

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
    Filter(column='year', operator='>=', value='1990', is_metadata=False)

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
