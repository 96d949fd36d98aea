"""Which conditions on the metadata no document meets, and what there is instead."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ctxsearch.catalog.where import DOCUMENT_COLUMNS, ID_COLUMN, Filter
from ctxsearch.errors import QueryError
from ctxsearch.query.scope import ListedShard, allowed_documents, checked_columns

_AND = re.compile(r"\s+(?:and|&&)\s+", re.IGNORECASE)
# What means something in a regular expression; a library's escape puts a backslash before hyphens, too.
_MEANING = re.compile(r"[\\.^$*+?{}\[\]|()]")


@dataclass(frozen=True, slots=True)
class Unmet:
    """A condition that no document of the index meets.

    Attributes:
        condition: as it was given.
        column: that it is about.
        documents: how many documents have each value of the column, the most frequent first.
        beside: another condition with ``=`` on the column, where documents meet either, and none meets both; empty
            where none meets this one by itself.
        either: a condition that documents meet which meet either of the two; empty likewise.
        apart: the conditions that were given as this one, with ``and`` between them, if it can be read so.
        within: a condition that documents meet whose value has in it what this one, with ``=`` or ``~``, wants as the
            whole of it; with ``(?i)`` if none has but in other case; empty where there is no such document.
    """

    condition: str
    column: str
    documents: Sequence[tuple[str, int]]
    beside: str = ""
    either: str = ""
    apart: Sequence[str] = ()
    within: str = ""


def unmet_conditions(shards: Sequence[ListedShard], where: Sequence[str]) -> list[Unmet]:
    """The conditions that no document meets, in their order; of an index without documents, none.

    Each is tried by itself, and those with ``=`` on one column by twos as well.

    Args:
        shards: of the index.
        where: conditions on the metadata, as `ctxsearch.catalog.where.parse_filters` reads them.

    Raises:
        QueryError: a condition cannot be read, or names a column that no document has.
    """
    found: list[Unmet] = []
    # Of each column, the first condition with ``=`` that some document meets.
    equal: dict[object, tuple[str, Filter]] = {}
    for condition in dict.fromkeys(where) if shards else ():
        (asked,) = checked_columns(shards, [condition])
        column = asked.column, asked.is_metadata and asked.column in DOCUMENT_COLUMNS
        first, other = equal.get(column, ("", asked))
        if not _is_met(shards, [condition]):
            apart = _apart(shards, condition)
            within = "" if apart else _within(shards, condition, asked)
            found.append(Unmet(condition, asked.column, _values(shards, asked), apart=apart, within=within))
        elif first and asked.operator == "=" and not _is_met(shards, [first, condition]):
            either = "|".join(_MEANING.sub(r"\\\g<0>", one.value) for one in (other, asked))
            name = first.partition("=")[0].strip()
            found.append(Unmet(condition, asked.column, _values(shards, asked), first, f"{name}~{either}"))
        elif asked.operator == "=":
            equal.setdefault(column, (condition, asked))
    return found


def _is_met(shards: Sequence[ListedShard], where: Sequence[str]) -> bool:
    """Whether any document meets all of some conditions."""
    return any(allowed is None or allowed.any() for allowed in allowed_documents(shards, where))


def _apart(shards: Sequence[ListedShard], condition: str) -> list[str]:
    """The conditions that one is made of, if there is ``and`` between them and each is on a column that there is."""
    several = _AND.split(condition)
    if len(several) == 1:
        return []
    try:
        checked_columns(shards, several)
    except QueryError:
        return []
    return several


def _within(shards: Sequence[ListedShard], condition: str, asked: Filter) -> str:
    """A condition on what values have in them, or in them in other case, that some document meets; empty if none."""
    if asked.operator not in ("=", "~") or not asked.value:
        return ""
    name = condition.partition(asked.operator)[0].strip()
    value = _MEANING.sub(r"\\\g<0>", asked.value) if asked.operator == "=" else asked.value
    inner = f"({value})" if asked.operator == "~" and "|" in value else value
    try:
        return next((one for case in ("", "(?i)") if _is_met(shards, [one := f"{name}~{case}.*{inner}.*"])), "")
    except QueryError:  # it takes too long
        return ""


def _values(shards: Sequence[ListedShard], asked: Filter) -> list[tuple[str, int]]:
    """How many documents have each value of a column; of an id, which every document has, none is named."""
    counts: Counter[str] = Counter()
    if asked.column != ID_COLUMN or asked.is_metadata:
        for shard in shards:
            counts.update(shard.catalog.values(asked.column, shard.entry.removed))
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
