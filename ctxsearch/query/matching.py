"""Finds patterns of tokens among sorted ids: no text is read.

The id of an occurrence is its sentence and its place in it. Of each token of a pattern the ids of the words that meet
its condition are gathered, and looked up for every place of the sentences of the nodes. From the end of the pattern to
its node, and from its beginning, it is then told for every border between two tokens whether what follows, or what
comes before, can match there. A token that is repeated is a stretch of places that meet its condition: whether one with
a border at its other end is in reach is the difference of two running sums. So the work is that of the tokens of these
sentences, however often a token may be repeated and however long they are. Sentences that lack a token that has to be
there are not looked at: where a frequent node stands beside a rare word, almost all are of this kind.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ctxsearch.catalog.rows import FormRow
from ctxsearch.query.missing import lemma_not_found, word_not_found
from ctxsearch.query.pattern import Element, Pattern
from ctxsearch.query.placing import in_parts, rows_at
from ctxsearch.query.scope import OpenShard, Rows, living_forms, rows_of_form, unknown_tag
from ctxsearch.vectors.files import TOKEN_BITS, TOKEN_MASK

# Nodes looked at in one go, of however many words, and tokens of their sentences.
_NODES, _TOKENS = 1 << 20, 1 << 20
_NOTHING = FormRow("", "", 0, 0)


def with_patterns(
    shards: Sequence[OpenShard], rows: Sequence[Sequence[Rows]], patterns: Sequence[Pattern]
) -> list[list[Rows]]:
    """Those rows, in their order, whose occurrences are the node of a match of each pattern.

    Raises:
        WordNotFound: a token that has to be there is to be a word that the corpus does not have.
        LemmaNotFound: likewise, a lemma that is only a form.
        QueryError: a token of a pattern is to have a part of speech that no word has.
    """
    _require_tags(shards, patterns)
    _require_words(shards, patterns)
    if not patterns:
        return [list(some) for some in rows]
    return [_in_shard(shard, some, patterns) for shard, some in zip(shards, rows, strict=True)]


def _require_tags(shards: Sequence[OpenShard], patterns: Sequence[Pattern]) -> None:
    for asked in (element.tags for pattern in patterns for element in pattern.elements if element.tags):
        # Words without any are there in every corpus.
        known = [_NOTHING._replace(tag=tag) for tag in ("", *(tag for shard in shards for tag in shard.tags))]
        if not any(has_it(word) for _, has_it in asked for word in known):
            raise unknown_tag(shards, asked[0][0])


def _require_words(shards: Sequence[OpenShard], patterns: Sequence[Pattern]) -> None:
    for element in (one for pattern in patterns for one in pattern.elements if one.least):
        wanted = element.wanted
        if (
            wanted
            and wanted.attribute != "tag"
            and not any(any(living_forms(shard, _forms(shard, element))) for shard in shards)
        ):
            told = lemma_not_found if wanted.attribute == "lemma" else word_not_found
            raise told(shards, wanted.value)


def rows_of_node(shard: OpenShard, pattern: Pattern) -> list[Rows]:
    """The rows of the words that can be the node of a pattern that has one."""
    element = pattern.elements[pattern.nodes[0]]
    if element.condition is None:
        return [Rows(0, shard.entry.rows)]
    return [rows_of_form(row) for row in _forms(shard, element) if element.condition(row)]


def _in_shard(shard: OpenShard, rows: Sequence[Rows], patterns: Sequence[Pattern]) -> list[Rows]:
    looked_for = [_Matcher(shard, pattern) for pattern in patterns] if rows else []
    kept = []
    for places, ids in in_parts(shard, rows, _NODES):
        for one in looked_for:
            matched = one.are_nodes(ids)
            places, ids = places[matched], ids[matched]
        kept.extend(rows_at(places))
    return kept


class _Tokens:
    """The tokens of a shard that meet the condition of an element.

    Where a token that nothing is known of meets it, as any other than some word, the ids are of those that do not.
    """

    def __init__(self, shard: OpenShard, element: Element) -> None:
        condition = element.condition
        self.is_everything_but = condition is None or condition(_NOTHING)
        ids = []
        if condition is not None:
            for row in shard.catalog.forms() if self.is_everything_but else _forms(shard, element):
                if condition(row) != self.is_everything_but:
                    ids.append(shard.files.ids[row.first_row : row.stop_row])
        self._ids = np.sort(np.concatenate(ids)) if ids else np.empty(0, np.int64)

    def sentences(self) -> NDArray[np.int64]:
        """The segments of the ids, in order, each once. Shape: (n,)."""
        return np.unique(self._ids >> TOKEN_BITS)

    def are_among(self, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which ids, of tokens that there are, in order, are of such tokens. Shape: (n,)."""
        found = np.zeros(len(ids), np.bool_)
        if len(ids):
            first, last = np.searchsorted(self._ids, [ids[0], ids[-1] + 1])
            places = np.searchsorted(ids, self._ids[first:last])
            same = ids[places] == self._ids[first:last]
            found[places[same]] = True
        return ~found if self.is_everything_but else found


class _Sentences:
    """Some sentences, one after the other, and the borders between their tokens.

    Border number ``b`` lies before token number ``b``; after the last token of a sentence is a border that no token
    follows.

    Args:
        numbers: of the segments, in order, each once. Shape: (n,).
        counts: how many tokens each has. Shape: (n,).

    Attributes:
        ids: of the token after each border, or what would be its id. Shape: (n_borders,).
        is_token: whether a token follows. Shape: (n_borders,).
    """

    def __init__(self, numbers: NDArray[np.int64], counts: NDArray[np.int64]) -> None:
        sizes = counts + 1
        self._numbers = numbers
        self._firsts = np.cumsum(sizes) - sizes
        total = int(sizes.sum())
        places = np.arange(total) - np.repeat(self._firsts, sizes)
        self.is_token = places < np.repeat(counts, sizes)
        self.ids = np.repeat(numbers << TOKEN_BITS, sizes) + places
        self._tokens = np.flatnonzero(self.is_token)

    def borders(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """The border before each token. Shape: (n,)."""
        sentence = np.searchsorted(self._numbers, ids >> TOKEN_BITS)
        return self._firsts[sentence] + (ids & TOKEN_MASK)

    def meeting(self, tokens: _Tokens) -> NDArray[np.bool_]:
        """Which borders a token follows that is among some. Shape: (n_borders,)."""
        met = np.zeros(len(self.is_token), np.bool_)
        met[self._tokens] = tokens.are_among(self.ids[self._tokens])
        return met


class _Run(NamedTuple):
    """Which tokens meet a condition, and how far stretches of them reach.

    Attributes:
        met: whether the token after each border does. Shape: (n_borders,).
        end: the last border that can be reached from each over such tokens alone. Shape: (n_borders,).
        begin: the first border from which each can be reached. Shape: (n_borders,).
    """

    met: NDArray[np.bool_]
    end: NDArray[np.int64]
    begin: NDArray[np.int64]


def _run(met: NDArray[np.bool_]) -> _Run:
    borders = np.arange(len(met))
    end = np.minimum.accumulate(np.where(met, len(met), borders)[::-1])[::-1]
    before = np.concatenate([[False], met[:-1]])
    begin = np.maximum.accumulate(np.where(before, -1, borders))
    return _Run(met, end, begin)


def _is_any(marked: NDArray[np.bool_], first: NDArray[np.int64], last: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether a border is marked between two, both included; none is where the last comes before the first."""
    sums = np.concatenate([[0], np.cumsum(marked)])
    size = len(marked)
    found: NDArray[np.bool_] = sums[np.clip(last + 1, 0, size)] > sums[np.clip(first, 0, size)]
    return found & (first <= last)


class _Matcher:
    """A pattern in one shard."""

    def __init__(self, shard: OpenShard, pattern: Pattern) -> None:
        self._shard = shard
        self._elements = pattern.elements
        self._tokens = [_Tokens(shard, element) for element in pattern.elements]
        self._nodes = pattern.nodes
        told = [
            tokens.sentences()
            for tokens, element in zip(self._tokens, pattern.elements, strict=True)
            if element.least and not tokens.is_everything_but
        ]
        # Where a match can be at all, which each token tells of that has to be there; None where none tells.
        self._sentences = reduce(_common, sorted(told, key=len)) if told else None

    def are_nodes(self, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of these ids are the node of a match. Shape: (n,)."""
        matched = np.zeros(len(ids), np.bool_)
        can_be = np.arange(len(ids))
        if self._sentences is not None:
            can_be = np.flatnonzero(np.isin(ids >> TOKEN_BITS, self._sentences))
        if not len(can_be):
            return matched
        numbers, sentence = np.unique(ids[can_be] >> TOKEN_BITS, return_inverse=True)
        counts = self._shard.catalog.token_counts(numbers)
        # Sentences of so many tokens together in one go.
        goes = (np.cumsum(counts) - counts) // _TOKENS
        for go in np.unique(goes).tolist():
            some = np.flatnonzero(goes == go)
            own = can_be[(sentence >= some[0]) & (sentence <= some[-1])]
            sentences = _Sentences(numbers[some], counts[some])
            matched[own] = self._nodes_of(sentences)[sentences.borders(ids[own])]
        return matched

    def _nodes_of(self, sentences: _Sentences) -> NDArray[np.bool_]:
        """Which borders the node of a match follows. Shape: (n_borders,)."""
        runs = [_run(sentences.meeting(tokens)) for tokens in self._tokens]
        everywhere = np.ones(len(sentences.is_token), np.bool_)
        after, before = [everywhere], [everywhere]
        for run, element in zip(reversed(runs[1:]), reversed(self._elements[1:]), strict=True):
            after.append(_followed(after[-1], run, element.least, element.most))
        for run, element in zip(runs[:-1], self._elements[:-1], strict=True):
            before.append(_preceded(before[-1], run, element.least, element.most))
        matched = np.zeros(len(everywhere), np.bool_)
        for number in self._nodes:
            element = self._elements[number]
            least = max(1, element.least)
            matched |= _nodes_in(runs[number], before[number], after[-1 - number], least, element.most)
        return matched


def _common(some: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.intersect1d(some, others, assume_unique=True)


def _followed(goal: NDArray[np.bool_], run: _Run, least: int, most: int | None) -> NDArray[np.bool_]:
    """The borders from which so many tokens of a run lead to a border that is marked."""
    borders = np.arange(len(goal))
    last = run.end if most is None else np.minimum(run.end, borders + most)
    return _is_any(goal, borders + least, last)


def _preceded(goal: NDArray[np.bool_], run: _Run, least: int, most: int | None) -> NDArray[np.bool_]:
    """The borders to which so many tokens of a run lead from a border that is marked."""
    borders = np.arange(len(goal))
    first = run.begin if most is None else np.maximum(run.begin, borders - most)
    return _is_any(goal, first, borders - least)


def _nodes_in(
    run: _Run, before: NDArray[np.bool_], after: NDArray[np.bool_], least: int, most: int | None
) -> NDArray[np.bool_]:
    """The borders that a token follows which is one of so many of a run, from one border that is marked to another.

    Args:
        run: of the tokens.
        before: where what comes before can end. Shape: (n_borders,).
        after: where what follows can begin. Shape: (n_borders,).
        least: tokens at least.
        most: tokens at most; None for any number.
    """
    borders = np.arange(len(before))
    # From a beginning every token is a node up to the last border, of those in reach, where what follows can begin.
    end = run.end if most is None else np.minimum(run.end, borders + most)
    stop = np.maximum.accumulate(np.where(after, borders, -1))[end]
    starts = np.flatnonzero(before & (stop >= borders + least))
    steps = np.bincount(starts, minlength=len(before)) - np.bincount(stop[starts], minlength=len(before))
    nodes: NDArray[np.bool_] = np.cumsum(steps) > 0
    return nodes


def _forms(shard: OpenShard, element: Element) -> list[FormRow]:
    """The forms among which those are that meet the condition of an element."""
    wanted = element.wanted
    if wanted is None:
        return shard.catalog.forms()
    if wanted.attribute == "lemma":
        return shard.catalog.forms(lemma=wanted.value)
    if wanted.attribute == "word":
        return shard.catalog.forms(folded=wanted.value)
    return shard.catalog.forms(tag=wanted.value)
