"""Finds patterns of tokens among sorted ids: no text is read.

The id of an occurrence is its sentence and its place in it, so that the next token has the next number. Of each token
of a pattern the ids of the words that meet its condition are gathered, and from every node the pattern is followed to
the right and to the left, all nodes at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ctxsearch.catalog.reader import FormRow
from ctxsearch.query.cql import Element, Pattern
from ctxsearch.query.scope import OpenShard, Rows, kept_rows
from ctxsearch.vectors.files import TOKEN_BITS

# Nodes followed in one go.
_AT_ONCE = 1 << 16
_NOTHING = FormRow("", "", 0, 0)


def with_patterns(
    shards: Sequence[OpenShard], rows: Sequence[Sequence[Rows]], patterns: Sequence[Pattern]
) -> list[list[Rows]]:
    """Those rows, in their order, whose occurrences are the node of a match of each pattern."""
    if not patterns:
        return [list(some) for some in rows]
    return [_in_shard(shard, some, patterns) for shard, some in zip(shards, rows, strict=True)]


def rows_of_node(shard: OpenShard, pattern: Pattern) -> list[Rows]:
    """The rows of the words that can be the node of a pattern that has one."""
    element = pattern.elements[pattern.nodes[0]]
    if element.condition is None:
        return [Rows(0, shard.entry.rows)]
    return [Rows(row.first_row, row.stop_row) for row in _forms(shard, element) if element.condition(row)]


def _in_shard(shard: OpenShard, rows: Sequence[Rows], patterns: Sequence[Pattern]) -> list[Rows]:
    followed = [_Followed(shard, pattern) for pattern in patterns] if rows else []
    kept = []
    for start, stop in rows:
        for begin in range(start, stop, _AT_ONCE):
            part = Rows(begin, min(stop, begin + _AT_ONCE))
            ids = np.array(shard.files.ids[part.start : part.stop])
            matched = np.ones(len(ids), np.bool_)
            for one in followed:
                matched[matched] = one.from_nodes(ids[matched])
            kept.extend(kept_rows(part, matched))
    return kept


class _Tokens:
    """The tokens of a shard that meet the condition of an element.

    Where a token that nothing is known of meets it, as any other than some word, the ids are of those that do not.
    """

    def __init__(self, shard: OpenShard, element: Element) -> None:
        self._shard = shard
        condition = element.condition
        self._is_everything_but = condition is None or condition(_NOTHING)
        ids = []
        if condition is not None:
            for row in shard.catalog.forms() if self._is_everything_but else _forms(shard, element):
                if condition(row) != self._is_everything_but:
                    ids.append(shard.files.ids[row.first_row : row.stop_row])
        self._ids = np.sort(np.concatenate(ids)) if ids else np.empty(0, np.int64)

    def has(self, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which ids are of such tokens; an id of no token is of none. Shape: (n,)."""
        places = np.searchsorted(self._ids, ids)
        found = np.zeros(len(ids), np.bool_)
        inside = places < len(self._ids)
        found[inside] = self._ids[places[inside]] == ids[inside]
        if not self._is_everything_but:
            return found
        segments, inverse = np.unique(ids >> TOKEN_BITS, return_inverse=True)
        counts = self._shard.catalog.token_counts(segments)[inverse]
        there: NDArray[np.bool_] = ~found & ((ids & (1 << TOKEN_BITS) - 1) < counts)
        return there


class _Followed:
    """A pattern in one shard."""

    def __init__(self, shard: OpenShard, pattern: Pattern) -> None:
        self._tokens = [_Tokens(shard, element) for element in pattern.elements]
        self._ways = [way for number in pattern.nodes for way in _ways(pattern.elements, number)]
        self._nodes = pattern.nodes

    def from_nodes(self, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of these ids are the node of a match. Shape: (n,)."""
        matched = np.zeros(len(ids), np.bool_)
        is_such = {number: self._tokens[number].has(ids) for number in self._nodes} if len(ids) else {}
        for node, left, right in self._ways if len(ids) else ():
            open_ones = np.flatnonzero(is_such[node] & ~matched)
            for way, step in ((right, 1), (left, -1)):
                open_ones = self._follow(ids, open_ones, way, step)
            matched[open_ones] = True
        return matched

    def _follow(
        self, ids: NDArray[np.int64], nodes: NDArray[np.int64], way: Sequence[_Step], step: int
    ) -> NDArray[np.int64]:
        """Those nodes, by number, from which the tokens of a way come one after the other."""
        owners, places = nodes, ids[nodes]
        for number, least, most in way:
            reached = [(owners, places)] if least == 0 else []
            times = 0
            while len(owners) and (most is None or times < most):
                following = places + step
                inside = (following >= 0) & (following >> TOKEN_BITS == places >> TOKEN_BITS)
                owners, following = owners[inside], following[inside]
                such = self._tokens[number].has(following) if len(following) else np.empty(0, np.bool_)
                owners, places = owners[such], following[such]
                times += 1
                if times >= least:
                    reached.append((owners, places))
            if not reached:
                return np.empty(0, np.int64)
            owners, places = (np.concatenate(parts) for parts in zip(*reached, strict=True))
            if len(reached) > 1:
                pairs = np.unique(np.stack([owners, places], axis=1), axis=0)
                owners, places = pairs[:, 0], pairs[:, 1]
        return np.unique(owners)


_Step = tuple[int, int, int | None]
"""An element by its number, how often it is there at least, and at most."""


def _ways(elements: Sequence[Element], node: int) -> Iterator[tuple[int, list[_Step], list[_Step]]]:
    """How a match can lie about its node: the node's element, what comes to its left, nearest first, and to its right.

    A node may be any token of an element that is repeated: there is a way for each number of its like before it.
    """
    before = [(number, one.least, one.most) for number, one in enumerate(elements[:node])][::-1]
    after = [(number, one.least, one.most) for number, one in enumerate(elements) if number > node]
    least, most = max(1, elements[node].least), elements[node].most
    # With no upper end, all that are as many as the least, or more, are one way.
    fixed = least - 1 if most is None else most
    for others in range(fixed):
        own = (node, max(0, least - 1 - others), None if most is None else most - 1 - others)
        yield node, [(node, others, others), *before], [own, *after]
    if most is None:
        yield node, [(node, least - 1, None), *before], [(node, 0, None), *after]


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
