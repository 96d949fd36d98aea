"""Which words are used otherwise in one part of a corpus than in another, an earlier and a later one for instance.

Measures of A. Kutuzov and M. Giulianelli 2020, UiO-UvA at SemEval-2020 task 1, and M. Giulianelli et al. 2020,
Analysing lexical semantic change with contextualised word representations (ACL), all on cosines:

- ``apd``: the mean distance, 1 minus the cosine, of a use in one part and a use in the other, over all such pairs.
- ``prt``: 1 divided by the cosine of the two parts' means.
- ``jsd``: how differently the two parts are spread over groups of uses: the Jensen-Shannon divergence, in bits, of the
  shares of the groups that `ctxsearch.senses.groups` makes of uses of both. By chance alone it is the greater the
  fewer uses there are, and the more each document has its own way: how great, `ctxsearch.senses.chance` tells.

Of frequent words, uses are drawn of each part: 20 000 for ``apd`` and ``prt``, and 200 of these for ``jsd``.

Words of no meaning of their own, whose uses are far from each other in any part, have a high ``apd``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ctxsearch.domain import ConcordanceLine, Progress
from ctxsearch.errors import QueryError
from ctxsearch.head import Calibration
from ctxsearch.query.conditions import unmet_conditions
from ctxsearch.query.found import Listing, documents_of, listed
from ctxsearch.query.lines import lines
from ctxsearch.query.scope import ANYHOW, OpenShard, Written, allowed_documents, rows_of_lemma
from ctxsearch.query.vectors import vectors_of
from ctxsearch.query.words import require
from ctxsearch.senses.chance import spread
from ctxsearch.senses.groups import grouped

ChangeOrder = Literal["apd", "prt", "jsd"]
ORDERS = ("apd", "prt", "jsd")
GROUPED, COMPARED = 200, 20_000
"""Of each part so many uses are drawn, where there are more: to be grouped for ``jsd``; for ``apd`` and ``prt``."""

Part = Sequence[NDArray[np.bool_] | None]
"""Which documents of each shard make a part of the corpus; None is all."""

# Values of a column that are named.
_NAMED = 8


@dataclass(frozen=True, slots=True)
class Changed:
    """How differently a word is used in two parts of a corpus.

    Attributes:
        lemma: the word's.
        counts: its uses in each part.
        apd: see the module.
        prt: see there.
        jsd: see there.
        jsd_by_chance: what it is in the mean where the same documents are dealt out to the two parts by chance.
        p: how often it is as great or greater then, from .002 to 1. Of many words, some have a small one by chance.
    """

    lemma: str
    counts: tuple[int, int]
    apd: float
    prt: float
    jsd: float
    jsd_by_chance: float
    p: float

    def as_dict(self) -> dict[str, object]:
        """As a row of a table, with the fields of ``change --json``."""
        return asdict(self)


def both_parts(shards: Sequence[OpenShard], before: Sequence[str], after: Sequence[str]) -> tuple[Part, Part]:
    """The documents of two parts, in each of which there are some, and in both none.

    A document in both would be dealt out as two: what is so by chance, and how often, would not be told.

    Args:
        shards: the corpus.
        before: the conditions on the metadata that make one part.
        after: those that make the other.

    Raises:
        QueryError: a condition cannot be understood, a part has no document, or the two have one in common.
    """
    parts = allowed_documents(shards, before), allowed_documents(shards, after)
    counts = [
        tuple(np.ones(shard.catalog.n_documents, np.bool_) if one is None else one for one in of_shard)
        for shard, *of_shard in zip(shards, *parts, strict=True)
    ]
    for which, where, masks in zip(("first", "second"), (before, after), zip(*counts, strict=True), strict=True):
        if not any(mask.any() for mask in masks):
            raise QueryError(f"No document is in the {which} part, {_conditions(where)}{_values(shards, where)}.")
    shared = [np.flatnonzero(one & other) for one, other in counts]
    if count := sum(map(len, shared)):
        shard, some = next((shard, some) for shard, some in zip(shards, shared, strict=True) if len(some))
        name = shard.catalog.documents(some[:1].tolist())[int(some[0])].document_id
        are = "1 document is" if count == 1 else f"{count:,} documents are"
        raise QueryError(
            f"{are} in both parts, {_conditions(before)} and {_conditions(after)}, {name!r} for instance; choose parts"
            " that share none."
        )
    return parts


def _conditions(where: Sequence[str]) -> str:
    return " with ".join(map(repr, where)) if where else "the whole corpus"


def _values(shards: Sequence[OpenShard], where: Sequence[str]) -> str:
    """What there is in the column of the first condition that no document meets."""
    unmet = next(iter(unmet_conditions(shards, where)), None)
    if unmet is None or not unmet.documents:
        return ""
    named = ", ".join(value for value, _ in unmet.documents[:_NAMED])
    return f"; of {unmet.column} there are: {named}{' and others' if len(unmet.documents) > _NAMED else ''}"


def changed(
    shards: Sequence[OpenShard],
    before: Part,
    after: Part,
    calibration: Calibration,
    *,
    least: int,
    order: ChangeOrder,
    seed: int,
    written: Written = ANYHOW,
    on_progress: Callable[[Progress], None] | None = None,
) -> list[Changed]:
    """All words that occur so often in both parts, ranked, those that differ most first; ties by the word.

    Args:
        shards: the corpus.
        before: the documents of one part in each shard; None is all.
        after: those of the other.
        calibration: of the index's head.
        least: how often a word must occur in each part.
        order: the measure that they are ranked by.
        seed: of the uses drawn.
        written: only uses that are so.
        on_progress: is told how many words are done.
    """
    frequencies: dict[str, int] = {}
    for shard in shards:
        for lemma, frequency in shard.catalog.lemma_frequencies():
            frequencies[lemma] = frequencies.get(lemma, 0) + frequency
    words = sorted(lemma for lemma, frequency in frequencies.items() if frequency >= 2 * least)
    made = []
    for number, lemma in enumerate(words):
        if on_progress and number % 50 == 0:
            on_progress(Progress("words", number, len(words)))
        parts = [occurrences_in(shards, lemma, part, written) for part in (before, after)]
        if min(map(len, parts)) >= least:
            made.append(_compared(shards, lemma, parts, calibration, seed))
    return sorted(made, key=lambda one: (-getattr(one, order), one.lemma))


def occurrences_in(
    shards: Sequence[OpenShard],
    lemma: str,
    part: Part,
    written: Written = ANYHOW,
) -> Listing:
    """The uses of a lemma in some documents, in the order of the corpus.

    So the same are drawn of them however the corpus is cut into shards: rows lie in another order after a compaction.
    """
    return listed(shards, [rows_of_lemma(shard, lemma, written) for shard in shards], part)


def telling_lines(
    shards: Sequence[OpenShard],
    lemma: str,
    before: Part,
    after: Part,
    n: int | None,
    context: int | None,
    written: Written = ANYHOW,
) -> tuple[list[ConcordanceLine], list[ConcordanceLine]]:
    """The lines of each part that are nearest to its own mean, for their nearness to the other's.

    Args:
        shards: the corpus.
        lemma: of the word.
        before: the documents of one part.
        after: those of the other.
        n: how many of each; None for all.
        context: words on either side, or None for the sentence.
        written: only uses that are so.

    Raises:
        WordNotFound: the corpus does not have the word.
        QueryError: the word is not in both parts.
    """
    require(shards, [rows_of_lemma(shard, lemma) for shard in shards], lemma)
    parts = [occurrences_in(shards, lemma, part, written) for part in (before, after)]
    if not all(parts):
        so = f" as {' or '.join(written.tags)}" if written.tags else ""
        raise QueryError(f"{lemma!r} does not occur{so} in both parts of the corpus.")
    vectors = [vectors_of(shards, part) for part in parts]
    apart = vectors[1].mean(axis=0) - vectors[0].mean(axis=0)
    made = []
    for part, own, sign in zip(parts, vectors, (-1, 1), strict=True):
        order = np.argsort(-sign * (own @ apart), kind="stable")[:n]
        made.append(lines(shards, part.at(order), context))
    return made[0], made[1]


def _compared(
    shards: Sequence[OpenShard], lemma: str, parts: Sequence[Listing], calibration: Calibration, seed: int
) -> Changed:
    random = np.random.default_rng([seed, *lemma.encode()])
    drawn = [_drawn(part, COMPARED, random) for part in parts]
    vectors = [vectors_of(shards, part) for part in drawn]
    one, other = (some.mean(axis=0, dtype=np.float64) for some in vectors)
    product = float(one @ other)
    lengths = float(np.linalg.norm(one) * np.linalg.norm(other))
    cosine = product / lengths if lengths else 0.0
    chosen = [np.sort(random.permutation(len(own))[:GROUPED]) for own in vectors]
    groups = grouped(np.concatenate([own[some] for own, some in zip(vectors, chosen, strict=True)]), calibration)
    of_part = [documents_of(shards, own)[some] for own, some in zip(drawn, chosen, strict=True)]
    (first, before), (_, after) = (np.unique(some, return_inverse=True) for some in of_part)
    apart = spread(groups, np.concatenate([before, len(first) + after]), len(first), random)
    prt = 1 / cosine if cosine > 0 else np.inf
    return Changed(lemma, (len(parts[0]), len(parts[1])), 1 - product, float(prt), *apart)


def _drawn(found: Listing, most: int, random: np.random.Generator) -> Listing:
    return found if len(found) <= most else found.at(np.sort(random.choice(len(found), most, replace=False)))
