"""The citation form of a lemma: how its headword is written, where the index files it without capitals and marks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ctxsearch.analysis import normal_form, visible_form
from ctxsearch.query.scope import OpenShard, count_rows, rows_of_form

# English begins a good part of its sentences with *However*, German next to none with *Bank* in small letters.
_ENOUGH = 0.2


def citation_form(shards: Sequence[OpenShard], lemma: str) -> str:
    """How a lemma is written: as sources write it, or else as its own form is written most.

    A spelling in small letters is taken where it has a fifth of these uses. Where the corpus has neither, the lemma
    stands as it is filed.

    Args:
        shards: where.
        lemma: in normal form.
    """
    counts: Counter[str] = Counter()
    for shard in shards:
        for row in shard.catalog.forms(lemma=lemma):
            written = row.written or (row.form if normal_form(row.form) == lemma else "")
            if written:
                counts[visible_form(written)] += count_rows(shard, [rows_of_form(row)], shard.living)
    if not counts:
        return lemma
    ranked = sorted(counts, key=lambda one: (-counts[one], one))
    small = next((one for one in ranked if one == one.lower()), None)
    return small if small is not None and counts[small] >= _ENOUGH * counts.total() else ranked[0]
