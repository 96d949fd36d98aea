"""What a query is asked with besides its word: how many lines, which occurrences, how much context."""

from __future__ import annotations

import numbers
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ctxsearch.analysis import surface_form
from ctxsearch.domain import ConcordanceContext, ConcordanceLine
from ctxsearch.errors import QueryError
from ctxsearch.head import Calibration
from ctxsearch.query.cql import parse_cql
from ctxsearch.query.matching import with_patterns
from ctxsearch.query.nearby import Nearby, parse_nearby, with_nearby
from ctxsearch.query.pattern import Pattern
from ctxsearch.query.scope import ANYHOW, OpenShard, Rows, Written
from ctxsearch.query.several import CONDITIONS, strings
from ctxsearch.query.shaping import PLAIN, Shaping, whole_number


@dataclass(frozen=True, slots=True)
class Filters:
    """Which occurrences of a word may answer: those that all of it holds for.

    Attributes:
        written: how they are written and tagged.
        where: conditions on the metadata of their documents.
        near: what is to be beside them, or not to be.
        patterns: what they are to be the node of.
    """

    written: Written = ANYHOW
    where: Sequence[str] = ()
    near: Sequence[Nearby] = ()
    patterns: Sequence[Pattern] = ()

    @property
    def looks_beside(self) -> bool:
        """Whether what stands beside an occurrence matters."""
        return bool(self.near or self.patterns)

    def kept(self, shards: Sequence[OpenShard], rows: Sequence[Sequence[Rows]]) -> list[list[Rows]]:
        """Those of some rows beside which all is as it should be, in their order."""
        return with_patterns(shards, with_nearby(shards, rows, self.near), self.patterns)


ALL = Filters()
"""No filter."""


def checked_filters(
    form: str | Sequence[str] | None = (),
    pos: str | Sequence[str] | None = (),
    where: Sequence[str] | None = (),
    near: str | Sequence[str] | None = (),
    cql: str | Sequence[str] | None = (),
) -> Filters:
    """Filters as a user gives them; None is no filter.

    Args:
        form: one form or several.
        pos: one part of speech or several.
        where: conditions on the metadata.
        near: one filter on the words beside an occurrence, or several.
        cql: one pattern or several.

    Raises:
        QueryError: one cannot be read.
    """
    written = Written(surface_forms(form), strings(pos, "Parts of speech are strings, such as 'NOUN'"))
    nearby = [parse_nearby(one) for one in strings(near, "Words beside it are strings, such as 'river:5'")]
    patterns = [parse_cql(one) for one in strings(cql, "Patterns are strings, such as '[lemma=\"bank\"]'")]
    return Filters(written, strings(where, CONDITIONS), nearby, patterns)


@dataclass(frozen=True, slots=True)
class Search:
    """The options of a search by similarity, checked.

    Attributes:
        k: how many lines; None for all.
        filters: which occurrences may answer.
        min_score: only lines that score so much.
        any_word: search all words.
        context: words on either side, or None for the sentence.
        exact: scan every row of the word, however frequent it is.
        calibration: what scores mean, where that is known.
        shaping: which of the lines are shown, in which order.
    """

    k: int | None
    filters: Filters
    min_score: float | None
    any_word: bool
    context: int | None
    exact: bool
    calibration: Calibration | None = None
    shaping: Shaping = PLAIN


def surface_forms(form: str | Sequence[str] | None) -> list[str]:
    """One form or several, each once, as the catalog spells them; None is none."""
    return list(dict.fromkeys(surface_form(one) for one in strings(form, "Forms are strings, such as 'banks'")))


Keys = str | ConcordanceLine | Iterable[str | ConcordanceLine]
"""Occurrences, one or several, by their keys or as lines."""


def keys_of(occurrences: Keys) -> list[str]:
    """The keys of occurrences, each once.

    Raises:
        QueryError: one is neither a key nor a line.
    """
    return list(dict.fromkeys(each_key_of(occurrences)))


def each_key_of(occurrences: Keys) -> list[str]:
    """The keys of occurrences, as often as they are given.

    Raises:
        QueryError: one is neither a key nor a line.
    """
    if isinstance(occurrences, str | ConcordanceLine) or not isinstance(occurrences, Iterable):
        occurrences = [occurrences]
    keys = [one.key if isinstance(one, ConcordanceLine) else one for one in occurrences]
    for key in keys:
        if not isinstance(key, str):
            raise QueryError(f"{key!r:.80} is neither the key of a line nor a line.")
    return keys


def checked_count(lines: int | None) -> int | None:
    """A number of lines that can be shown; None for all.

    Raises:
        QueryError: it is less than 1, or is no whole number.
    """
    return None if lines is None else at_least(1, lines)


def at_least(least: int, lines: int, what: str = "shown") -> int:
    """A number of lines that is not too small.

    Args:
        least: the smallest that can be.
        lines: as a user gives it.
        what: is to be done with them.

    Raises:
        QueryError: it is less, or is no whole number.
    """
    count = whole_number(lines)
    if count < least:
        raise QueryError(f"{count} lines cannot be {what}; ask for at least {least}.")
    return count


def checked_seed(seed: int) -> int:
    """What draws are made with.

    Raises:
        QueryError: it is no whole number, or less than 0.
    """
    if not isinstance(seed, numbers.Integral) or seed < 0:
        raise QueryError(f"A seed is a whole number from 0 on, and {seed!r:.80} is none.")
    return int(seed)


def checked_score(score: float | None) -> float | None:
    """A score that others can be compared with; None for no floor.

    Raises:
        QueryError: it is not a number, or none that a cosine can be.
    """
    if score is None:
        return None
    if not isinstance(score, numbers.Real) or not -1 <= score <= 1:
        raise QueryError(f"A score is a number from -1 to 1, and {score!r} is none.")
    return float(score)


def least_score(min_score: float | None, min_p: float | None, calibration: Calibration | None) -> float | None:
    """The score that answers both to a least score and to a least probability of the same sense.

    Raises:
        QueryError: the probability is none, or scores are not known to mean any.
    """
    score = checked_score(min_score)
    if min_p is None:
        return score
    if not isinstance(min_p, numbers.Real) or not 0 < min_p < 1:
        raise QueryError(f"A probability that a line can be asked to have lies between 0 and 1, and {min_p} does not.")
    if calibration is None:
        raise QueryError(
            "A probability is known for one example of one word, in an index with a head; ask for a least score."
        )
    least = calibration.score(min_p)
    return least if score is None else max(least, score)


def checked_context(context: ConcordanceContext) -> int | None:
    """The words on either side that a context means; None for the sentence.

    Raises:
        QueryError: it is neither a number of words nor ``"sentence"``.
    """
    if context == "sentence":
        return None
    if not isinstance(context, numbers.Integral) or context < 0:
        raise QueryError(f"The context {context!r} cannot be; give a number of words, or sentence.")
    return int(context)
