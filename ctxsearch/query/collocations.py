"""Which words stand beside a word more often than chance would have it.

The words within so many places of an occurrence, in its sentence, are its window. A word is seen ``count`` times in all
windows, which have ``size`` places together: a place that several windows share is one, so that nothing is there more
often than in the corpus, and one occurrence of the word itself is in the window of another beside it. In a corpus of N
words, of which a word makes ``frequency``, there would be ``expected`` = size * frequency / N of it by chance (S. Evert
2008, Corpora and collocations). From these:

- ``log_dice``: 14 + log2(2 * pairs / (occurrences + frequency)), where there are as many pairs as the count says, but
  no more than occurrences; 14 at most, and comparable between corpora of any size (P. Rychly 2008, A
  lexicographer-friendly association score).
- ``mi``: log2(count / expected) (K. Church and P. Hanks 1990, Word association norms, mutual information, and
  lexicography).
- ``t_score``: (count - expected) / sqrt(count) (K. Church et al. 1991, Using statistics in lexical analysis).
- ``log_likelihood``: G2 of four cells, windows and rest, the word and others (T. Dunning 1993, Accurate methods for
  the statistics of surprise and coincidence); negative where the word is rarer in the windows than elsewhere.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from numbers import Integral
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ctxsearch.errors import IndexDamaged, QueryError
from ctxsearch.query.beside import are_many, places_beside, rows_beside
from ctxsearch.query.found import Found, by_shard
from ctxsearch.query.names import Names
from ctxsearch.query.placing import counts_of_stretches
from ctxsearch.query.scope import OpenShard, totals_of

Measure = Literal["log_dice", "mi", "t_score", "log_likelihood", "count", "frequency"]
"""By what collocates are ranked."""

MEASURES = get_args(Measure)


@dataclass(frozen=True, slots=True)
class Collocate:
    """A word that stands beside another.

    Attributes:
        word: its lemma, or its form in normal spelling.
        count: how often it is within the windows.
        frequency: how often it is in the corpus.
        expected: how often it would be within the windows by chance.
        log_dice: see the module.
        mi: see there.
        t_score: see there.
        log_likelihood: see there.
    """

    word: str
    count: int
    frequency: int
    expected: float
    log_dice: float
    mi: float
    t_score: float
    log_likelihood: float

    def as_dict(self) -> dict[str, str | float]:
        """As a row of a table, with the columns of ``collocations --csv``.

        >>> [*Collocate("river", 3, 40, 0.1, 9.5, 4.9, 1.7, 14.4).as_dict()][:3]
        ['word', 'count', 'frequency']
        """
        return {column: getattr(self, column) for column in COLLOCATE_COLUMNS}


COLLOCATE_COLUMNS = tuple(one.name for one in fields(Collocate))
CONTRAST_COLUMNS = ("word", "count", "count_versus", "log_ratio", "log_likelihood")
"""The columns of tables of these."""


@dataclass(frozen=True, slots=True)
class Contrast:
    """A word that stands beside one of two sets of occurrences more than beside the other.

    Attributes:
        word: its lemma, or its form.
        counts: how often it is within the windows of each.
        log_ratio: log2 of how much more often, for the size of the windows, it is beside the first (A. Hardie
            2014, Log ratio); an occurrence is added, shared out by these sizes, so that no count is none.
        log_likelihood: how sure that is; negative where it is beside the second.
    """

    word: str
    counts: tuple[int, int]
    log_ratio: float
    log_likelihood: float

    def as_dict(self) -> dict[str, str | float]:
        """As a row of a table, with the columns of ``collocations --versus --csv``.

        >>> Contrast("boat", (2, 0), 2.6, 3.3).as_dict()
        {'word': 'boat', 'count': 2, 'count_versus': 0, 'log_ratio': 2.6, 'log_likelihood': 3.3}
        """
        return dict(zip(CONTRAST_COLUMNS, (self.word, *self.counts, self.log_ratio, self.log_likelihood), strict=True))


@dataclass(frozen=True, slots=True)
class Windows:
    """What stands beside some occurrences.

    Attributes:
        occurrences: how many there are.
        size: places in all their windows, each once.
        counts: how often each word is there.
    """

    occurrences: int
    size: int
    counts: Counter[str]


def windows(
    shards: Sequence[OpenShard], found: Sequence[Found], left: int | None, right: int | None, *, by_form: bool = False
) -> Windows:
    """Counts the words within so many places of occurrences, in their sentences: each place once.

    Args:
        shards: where.
        found: the occurrences.
        left: places before each; None for all to the beginning of the sentence.
        right: places after each; None for all to its end.
        by_form: counts forms, in normal spelling, and not lemmas.
    """
    counts: Counter[str] = Counter()
    size = 0
    for number, _, rows in by_shard(found):
        shard = shards[number]
        names, ids = Names(shard, by_form), np.unique(shard.files.ids[rows])
        if are_many(shard, ids, by_form=by_form):
            beside, places = rows_beside(shard, ids, left, right)
            counts.update(names.counted_rows(beside))
            size += places
            continue
        for forms, tokens in places_beside(shard, ids, left, right):
            counts.update(names.counted(forms, tokens))
            size += len(forms)
    return Windows(len(found), size, counts)


def collocates(
    shards: Sequence[OpenShard],
    allowed: Sequence[NDArray[np.bool_] | None],
    seen: Windows,
    *,
    by_form: bool,
    least: int,
    order: Measure,
) -> list[Collocate]:
    """The words of some windows that are there so often at least, and more often than by chance, ranked.

    Args:
        shards: the corpus.
        allowed: which documents of each shard count as the corpus, see `allowed_documents`.
        seen: the windows.
        by_form: whether they are of forms.
        least: how often a word must be there.
        order: what they are ranked by; ties by the word.
    """
    total = sum(totals_of(shard, documents).words for shard, documents in zip(shards, allowed, strict=True))
    if seen.size and not total:
        raise IndexDamaged(str(shards[0].catalog.path), "its documents have no words")
    often = {word: count for word, count in seen.counts.items() if count >= least}
    has: Counter[str] = Counter()
    for shard, documents in zip(shards, allowed, strict=True):
        has.update(_frequencies(shard, often, by_form, documents))
    made = []
    for word, count in often.items():
        frequency = max(count, has[word])  # more only where a stranger's catalog contradicts itself
        expected = seen.size * frequency / total
        if count <= expected:
            continue
        made.append(
            Collocate(
                word,
                count,
                frequency,
                expected,
                14 + math.log2(2 * min(count, seen.occurrences) / (seen.occurrences + frequency)),
                math.log2(count / expected),
                (count - expected) / math.sqrt(count),
                log_likelihood(count, seen.size, frequency - count, total - seen.size),
            )
        )
    return sorted(made, key=lambda one: (-getattr(one, order), one.word))


def contrasts(one: Windows, other: Windows, *, least: int) -> list[Contrast]:
    """The words that tell two sets of occurrences apart: those of the first foremost, those of the second last."""
    made, size = [], one.size + other.size
    for word in one.counts.keys() | other.counts.keys():
        first, second = one.counts[word], other.counts[word]
        if first + second >= least:
            ratio = math.log2(_rate(first, one.size, size)) - math.log2(_rate(second, other.size, size))
            made.append(Contrast(word, (first, second), ratio, log_likelihood(first, one.size, second, other.size)))
    return sorted(made, key=lambda made: (-made.log_likelihood, made.word))


def _rate(count: int, part: int, size: int) -> float:
    """How often a word is in a part of some windows, as if all of them together had one more of it, spread evenly."""
    return (count / part if part else 0) + 1 / size


def log_likelihood(first: int, first_size: int, second: int, second_size: int) -> float:
    """Dunning's G2 of a word in two stretches of text; negative where it is rarer in the first.

    >>> round(log_likelihood(10, 100, 10, 1000), 2)
    22.91
    """
    together, size = first + second, first_size + second_size
    if not together or not size:
        return 0.0
    value = 0.0
    for count, part in ((first, first_size), (second, second_size)):
        for seen, share in ((count, together / size), (part - count, 1 - together / size)):
            if seen > 0 and part * share > 0:
                value += seen * math.log(seen / (part * share))
    rarer = first * second_size < second * first_size
    return -2 * value if rarer else 2 * value


def checked_windows(left: int | None, right: int | None, least: int, order: str) -> None:
    """Raises QueryError where there can be no such windows or ranking."""
    sides = [side for side in (left, right) if side is not None]
    if not all(isinstance(side, Integral) and side >= 0 for side in sides) or left == right == 0:
        raise QueryError("A window has a place at least, before or after the word.")
    if not isinstance(least, Integral) or least < 1:
        raise QueryError(f"A collocate is seen once at least, and {least!r:.80} is no such number of times.")
    if order not in MEASURES:
        raise QueryError(f"There is no measure {order!r}; use {', '.join(MEASURES)}.")


def _frequencies(
    shard: OpenShard, words: Collection[str], by_form: bool, documents: NDArray[np.bool_] | None
) -> Counter[str]:
    """Occurrences of words in the documents that count."""
    names: Sequence[str]
    if by_form:
        names, bounds = shard.catalog.normal_forms(words)
        starts, stops = bounds.T
    else:
        ranked = sorted((number, lemma) for lemma, number in shard.catalog.lemma_numbers(words).items())
        names, numbers = [lemma for _, lemma in ranked], np.array([number for number, _ in ranked], np.int64)
        if ranked and not 0 <= ranked[0][0] <= ranked[-1][0] < shard.entry.lemmas:
            raise IndexDamaged(str(shard.catalog.path), "a lemma has no list")
        starts, stops = shard.files.lists[numbers], shard.files.lists[numbers + 1]
    counts: Counter[str] = Counter()
    for name, count in zip(names, counts_of_stretches(shard, starts, stops, documents).tolist(), strict=True):
        counts[name] += count
    return counts
