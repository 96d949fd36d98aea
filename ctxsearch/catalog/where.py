"""Filters on metadata: ``year>=1990``, parsed here and bound as parameters, never pasted into SQL."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ctxsearch.domain import SQLITE_INTEGERS
from ctxsearch.errors import QueryError
from ctxsearch.expressions import UnreadableExpression, is_whole_match, read_expression

_OPERATOR = re.compile(r"(>=|<=|!=|!~|=|~|>|<)=?")
# So long is waited for a regular expression, on all values of a column.
_SECONDS = 10.0
_EXPRESSIONS = ("~", "!~")
# A value as a user would write it; but a real number as it is, for SQLite writes fifteen digits of it; and zero plain.
_PLAIN = "iif(type in ('true', 'false'), type, iif(type = 'real', value + 0.0, cast(value as text)))"
_TURNED = re.compile(r"=\s*[<>]\s*[+-]?\.?\d")  # as some write >= and <=
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")

ID_COLUMN = "document_id"
DOCUMENT_COLUMNS = (ID_COLUMN, "title", "uri")
"""What a filter may name besides the metadata; but for the id, where a document's metadata have it, it is that."""


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition on a document.

    A value that is written as a number compares as one, with values that are numbers; any other value compares as
    text, with values that are text; what is true or false compares with nothing, and is equal to itself. ``=`` and
    ``!=`` with a number also see it where it is kept as text. ``~`` and ``!~`` are of a regular expression that matches
    the whole of a value, a number as it is written. A document without the column meets no condition but ``!=`` and
    ``!~``.

    Attributes:
        column: its name.
        operator: one of ``= != < <= > >= ~ !~``.
        value: as it is written.
        is_metadata: whether the column is one of the metadata in any case.
    """

    column: str
    operator: str
    value: str
    is_metadata: bool = False

    def plain_values(self) -> tuple[str, list[str]]:
        """What gives the values of the column that a regular expression is tried on, with its parameters."""
        values, parameters = self._values()
        return f"select distinct (select {_PLAIN} from ({values})) from documents", parameters

    def met(self, plain_values: Iterable[object]) -> list[str | float]:
        """Those of some values that the regular expression matches."""
        expression, until = read_expression(self.value), time.monotonic() + _SECONDS
        found: list[str | float] = []
        for value in plain_values:
            if isinstance(value, str | float) and is_whole_match(expression, str(value)):
                found.append(value)
            if time.monotonic() > until:
                raise QueryError(f"The regular expression {self.value!r} takes too long; write it simpler.")
        return found

    @property
    def is_expression(self) -> bool:
        """Whether it is of a regular expression."""
        return self.operator in _EXPRESSIONS

    def _values(self) -> tuple[str, list[str]]:
        """What gives the value that a row of ``documents`` has in the column, with its parameters."""
        if self.column == ID_COLUMN and not self.is_metadata:
            return "select documents.document_id as value, '' as type", []
        # The key is compared, not built into a JSON path, so any name a source came with is just a name.
        # JSON's true is a 1 to SQLite, and no number to anybody else.
        values = (
            "select iif(type in ('true', 'false'), null, value) as value, type"
            " from json_each(documents.metadata) where key = ?"
        )
        if self.column in DOCUMENT_COLUMNS and not self.is_metadata:
            own = f"select nullif(documents.{self.column}, '') as value, 'text' as type"
            values += f" union all {own} where not exists (select 1 from json_each(documents.metadata) where key = ?)"
            return values, [self.column, self.column]
        return values, [self.column]

    def sql(self, met: Sequence[str | float] = ()) -> tuple[str, list[str | int | float]]:
        """The condition on a row of ``documents``, with its parameters.

        Args:
            met: the values that a regular expression matches.
        """
        values, named = self._values()
        if self.is_expression:
            test = f"exists (select 1 from ({values}) where {_PLAIN} in (select value from json_each(?)))"
            return ("not " if self.operator == "!~" else "") + test, [*named, json.dumps(met)]
        if not named:
            return self._test("documents.document_id")
        is_negated = self.operator == "!="
        test, parameters = replace(self, operator="=" if is_negated else self.operator)._test("value")
        if self.operator in ("=", "!=") and self.value.lower() in ("true", "false"):
            test, parameters = f"({test} or type = ?)", [*parameters, self.value.lower()]
        exists = f"exists (select 1 from ({values}) where {test})"
        return (f"not {exists}" if is_negated else exists), [*named, *parameters]

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
        if re.fullmatch(r"[+-]?\d{1,19}", self.value) and (whole := int(self.value)) in SQLITE_INTEGERS:
            return whole
        return float(self.value)


def parse_filters(filters: Sequence[str]) -> tuple[Filter, ...]:
    """Reads filters as a user writes them.

    >>> parse_filters(["year >= 1990", "genre=fiction"])[0]
    Filter(column='year', operator='>=', value='1990', is_metadata=False)

    Raises:
        QueryError: a filter has no column, no operator that is known, or a regular expression that cannot be read.
    """
    return tuple(_parse(text) for text in filters)


def _parse(text: str) -> Filter:
    match = _OPERATOR.search(text)
    column = text[: match.start()].strip() if match else ""
    if match is None or not column or _TURNED.match(text, match.start()):
        raise QueryError(
            f"The filter {text!r} cannot be read; write COLUMN OPERATOR VALUE with one of = != < <= > >= ~ !~,"
            " for instance 'year>=1990'; or @NAME for a subcorpus."
        )
    value = text[match.end() :].strip()
    if match[1] in _EXPRESSIONS:
        try:
            read_expression(value)
        except UnreadableExpression as error:
            raise QueryError(f"The filter {text!r} cannot be read: {error}.") from error
    elif match[1] not in ("=", "!=") and (value.startswith("=") or {"<", ">"} & set(value)):
        raise QueryError(f"The filter {text!r} has two operators; give two filters.")
    return Filter(column, match[1], value)
