"""Which lemmas a form is filed under, and whether a source gave it as a token."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from ctxsearch.analysis import normal_form, spellings, surface_form
from ctxsearch.query.scope import OpenShard, count_rows, living_forms, rows_of_form


def is_given(shards: Sequence[OpenShard], text: str) -> bool:
    """Whether a source gave the index a token that is written so, in whatever letters."""
    folded = normal_form(text)
    return bool(folded) and any(
        shard.catalog.has_given and any(living_forms(shard, shard.catalog.forms(folded=folded))) for shard in shards
    )


def lemmas_of_form(shards: Sequence[OpenShard], form: str, analysed: Callable[[str], str]) -> list[str]:
    """The lemmas that a form is filed under, the likeliest first; what the analyser says where it is nowhere.

    Where it is filed under one alone, that is what the analyser would say, and its dictionary need not be read. Sources
    that give lemmas may have it under several, as *saw* under *see* and *saw*: then the analyser's comes first, if it
    is among them, and the more frequent of the others.

    Args:
        shards: where.
        form: as written.
        analysed: what the analyser says of it.
    """
    # Written just so, or else in other letters: a lemma of the source's own can be found in no other way.
    counts = _lemmas(shards, form=surface_form(form))
    for folded in spellings(form, shards[0].language):
        counts = counts or _lemmas(shards, folded=folded)
    if len(counts) == 1:
        return list(counts)
    lemma = analysed(form)
    if not counts:
        return [lemma]
    return sorted(counts, key=lambda one: (one != lemma, -counts[one], one))


def lemma_of_form(shards: Sequence[OpenShard], form: str, analysed: Callable[[str], str]) -> str:
    """The first of `lemmas_of_form`."""
    return lemmas_of_form(shards, form, analysed)[0]


def _lemmas(shards: Sequence[OpenShard], *, form: str | None = None, folded: str | None = None) -> Counter[str]:
    """How often each lemma has a form, in documents that were not taken out; of a lemma alone, at least that it has."""
    found = [
        (shard, row) for shard in shards for row in living_forms(shard, shard.catalog.forms(form=form, folded=folded))
    ]
    if folded is not None:
        # SINIR of Turkish is folded as sinir is, and is no such word.
        found = [one for one in found if spellings(one[1].form, one[0].language)[0] == folded] or found
    # To count those that are left takes a look at all rows: only where there is a choice.
    is_one = len({row.lemma for _, row in found}) < 2
    counts: Counter[str] = Counter()
    for shard, row in found:
        counts[row.lemma] += row.frequency if is_one else count_rows(shard, [rows_of_form(row)], shard.living)
    return counts
