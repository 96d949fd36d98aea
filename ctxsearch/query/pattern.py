"""Patterns of tokens: what `ctxsearch.query.cql` reads, and `ctxsearch.query.matching` looks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from ctxsearch.catalog.rows import FormRow

Condition = Callable[[FormRow], bool]
"""What a token has to be: whether a word meets it."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """An equality that every word meets that meets a condition: so the words need not all be looked at.

    Attributes:
        attribute: ``word``, ``lemma`` or ``tag``.
        value: as the catalog has it.
    """

    attribute: str
    value: str


@dataclass(frozen=True, slots=True)
class Element:
    """A token of a pattern.

    Attributes:
        condition: what it has to be; None for anything.
        wanted: what the condition asks for at least, where that is known.
        least: how often it has to be there, one after the other.
        most: how often it may; None for any number.
        is_node: whether it is the node.
        tags: the parts of speech that it may have, as they were written, and which words have such a one.
    """

    condition: Condition | None
    wanted: Wanted | None = None
    least: int = 1
    most: int | None = 1
    is_node: bool = False
    tags: tuple[tuple[str, Condition], ...] = ()


@dataclass(frozen=True, slots=True)
class Pattern:
    """A sequence of tokens.

    Attributes:
        text: as it was written.
        elements: one after the other.
    """

    text: str
    elements: tuple[Element, ...]

    @property
    def nodes(self) -> list[int]:
        """The elements that the node may be: the one that is marked, or all that say something."""
        marked = [number for number, one in enumerate(self.elements) if one.is_node]
        return marked or [number for number, one in enumerate(self.elements) if one.condition is not None]


def with_one_node(pattern: Pattern) -> Pattern:
    """The pattern with one token for a node: the one that is marked, or else the first of which it says anything.

    >>> from ctxsearch.query.cql import parse_cql
    >>> [(one.least, one.most, one.is_node) for one in with_one_node(parse_cql('[] "a"? "b"{2,3}')).elements]
    [(1, 1, False), (0, 1, False), (1, 1, True), (1, 2, False)]
    """
    if any(one.is_node for one in pattern.elements):
        return pattern
    # What need not be there can be nothing's first token, unless there is nothing else.
    sure = [number for number in pattern.nodes if pattern.elements[number].least] or pattern.nodes
    elements: list[Element] = []
    for number, one in enumerate(pattern.elements):
        if number != sure[0]:
            elements.append(one)
            continue
        elements.append(replace(one, least=1, most=1, is_node=True))
        if one.most != 1:
            elements.append(replace(one, least=max(0, one.least - 1), most=None if one.most is None else one.most - 1))
    return Pattern(pattern.text, tuple(elements))
