"""Counts occurrences by what they have in common: form, document, metadata, or several of these at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ctxsearch.catalog.where import ID_COLUMN, Filter
from ctxsearch.domain import MetadataValue
from ctxsearch.errors import QueryError
from ctxsearch.query.columns import PREFIX, Column, ValueOrder, parse_column, value_order, without_numbers
from ctxsearch.query.ranking import Found, by_shard
from ctxsearch.query.scope import OpenShard
from ctxsearch.vectors.files import TOKEN_BITS

# What hardly a number is less than.
_LEAST = f"-{'9' * 300}"

# What a document may have besides its metadata, and counts where they do not have it.
_OF_DOCUMENT = ("title", "uri")

OF_OCCURRENCE = ("form", "lemma", "pos", "document_id")
"""What an occurrence can be grouped by besides the metadata of its document."""


@dataclass(frozen=True, slots=True)
class Frequency:
    """How many occurrences have some values; a value is None where a document does not have the column."""

    values: tuple[MetadataValue, ...]
    count: int


def grouped_counts(shards: Sequence[OpenShard], found: Sequence[Found], by: Sequence[str]) -> list[Frequency]:
    """How many occurrences have each combination of values, the most frequent first, ties by the values.

    Where a column is of periods, these come first, in their order.

    Args:
        shards: where.
        found: the occurrences.
        by: ``form``, ``lemma``, ``pos``, ``document_id``, ``title``, ``uri``, or columns of the metadata; ``year:20``
            for periods.

    Raises:
        QueryError: nothing is named, or no document has such a column.
    """
    known = sorted({column for shard in shards for column in shard.columns if column != ID_COLUMN})
    if not by:
        raise QueryError(f"Say what to group by: {', '.join([*OF_OCCURRENCE, *known])}.")
    # What is called as something of an occurrence is that, but for ``metadata.form``.
    is_own = [name in OF_OCCURRENCE for name in by]
    chosen = [Column(name) if own else parse_column(name, known) for name, own in zip(by, is_own, strict=True)]
    names = {column for shard in shards for column in shard.names}
    for name, own, one in zip(by, is_own, chosen, strict=True):
        if not own and one.name not in (names if name.startswith(PREFIX) else known):
            asked, have = name if one.name in OF_OCCURRENCE else one.name, ", ".join([*OF_OCCURRENCE, *known])
            raise QueryError(f"No document has the column {asked!r}; there are: {have}.")
        if one.width is not None and not _has_numbers(shards, one.name):
            raise QueryError(without_numbers(one.name))
    counts: Counter[tuple[tuple[bool, MetadataValue], ...]] = Counter()
    periods: dict[tuple[tuple[bool, MetadataValue], ...], list[ValueOrder]] = {}
    for number, _, rows in by_shard(found):
        shard = shards[number]
        forms = shard.catalog.forms()
        places = np.searchsorted(np.array([one.first_row for one in forms]), rows, "right") - 1
        segments = shard.files.ids[rows] >> TOKEN_BITS
        numbers = np.searchsorted(shard.catalog.first_segments, segments, "right") - 1
        pairs = Counter(zip(places.tolist(), numbers.tolist(), strict=True))
        documents = shard.catalog.documents({document for _, document in pairs})
        for (place, document), count in pairs.items():
            row, form = documents[document], forms[place]
            of_word = {"form": form.form, "lemma": form.lemma, "pos": form.tag or None, "document_id": row.document_id}
            own_texts = {column: text for column in _OF_DOCUMENT if (text := getattr(row, column))}
            about = {True: row.metadata, False: {**own_texts, **row.metadata}}
            values = tuple(
                of_word[of.name] if own else of.value(about[name.startswith(PREFIX)])
                for name, of, own in zip(by, chosen, is_own, strict=True)
            )
            # Python takes true for 1.
            key = tuple((isinstance(one, bool), one) for one in values)
            counts[key] += count
            periods[key] = [of.order(row.metadata) for of in chosen if of.width is not None]
    return [
        Frequency(tuple(one for _, one in key), count)
        for key, count in sorted(
            counts.items(), key=lambda item: (periods[item[0]], -item[1], [value_order(one) for _, one in item[0]])
        )
    ]


def _has_numbers(shards: Sequence[OpenShard], column: str) -> bool:
    """Whether any document has a number in a column of the metadata."""
    is_number = Filter(column, ">=", _LEAST, is_metadata=True)
    return any(shard.catalog.documents_where([is_number]).any() for shard in shards)
