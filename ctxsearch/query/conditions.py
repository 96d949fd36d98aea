"""Which conditions on the metadata no document meets, and what there is instead."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ctxsearch.catalog.where import ID_COLUMN
from ctxsearch.query.scope import ListedShard, allowed_documents, checked_columns


@dataclass(frozen=True, slots=True)
class Unmet:
    """A condition that no document of the index meets.

    Attributes:
        condition: as it was given.
        column: that it is about.
        documents: how many documents have each value of the column, the most frequent first.
    """

    condition: str
    column: str
    documents: Sequence[tuple[str, int]]


def unmet_conditions(shards: Sequence[ListedShard], where: Sequence[str]) -> list[Unmet]:
    """The conditions that no document meets, each by itself, in their order; of an index without documents, none.

    Args:
        shards: of the index.
        where: conditions on the metadata, as `ctxsearch.catalog.where.parse_filters` reads them.

    Raises:
        QueryError: a condition cannot be read, or names a column that no document has.
    """
    found: list[Unmet] = []
    for condition in dict.fromkeys(where) if shards else ():
        if any(allowed is None or allowed.any() for allowed in allowed_documents(shards, [condition])):
            continue
        (asked,) = checked_columns(shards, [condition])
        counts: Counter[str] = Counter()
        for shard in shards:
            # Of an id, which every document has, all would be named.
            if asked.column != ID_COLUMN or asked.is_metadata:
                counts.update(shard.catalog.values(asked.column, shard.entry.removed))
        found.append(Unmet(condition, asked.column, sorted(counts.items(), key=lambda item: (-item[1], item[0]))))
    return found
