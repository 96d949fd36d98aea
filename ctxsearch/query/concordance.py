"""Every line of a word: drawn, sorted, counted."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from ctxsearch.analysis import normal_form
from ctxsearch.domain import ConcordanceLine, Order
from ctxsearch.errors import QueryError
from ctxsearch.query import scope
from ctxsearch.query.keys import require, require_form
from ctxsearch.query.lines import lines
from ctxsearch.query.nearby import Nearby, with_nearby
from ctxsearch.query.ranking import Found, listing
from ctxsearch.query.scope import OpenShard


def occurrences(
    shards: Sequence[OpenShard], word: str, forms: Sequence[str], where: Sequence[str], near: Sequence[Nearby] = ()
) -> list[Found]:
    """Every occurrence of a lemma or form, in the order of the corpus.

    Raises:
        WordNotFound: the corpus does not have the word.
        FormNotFound: it is never written in one of the forms.
        QueryError: a filter cannot be understood.
    """
    folded = normal_form(word)
    rows = [scope.rows_of_word(shard, folded) for shard in shards]
    require(shards, rows, word)
    if forms:
        of_word, rows = rows, [scope.rows_of_word(shard, folded, forms) for shard in shards]
        require_form(shards, of_word, rows, word, forms[0])
    return listing(shards, with_nearby(shards, rows, near), scope.allowed_documents(shards, where))


def checked_order(order: Order) -> Order:
    """The order, if there is such a one.

    Raises:
        QueryError: there is not.
    """
    if order not in _ORDERS:
        raise QueryError(f"There is no order {order!r}; use {', '.join(_ORDERS)}.")
    return order


def drawn(found: Sequence[Found], sample: int | None, seed: int) -> Sequence[Found]:
    """A random sample of so many, in the order they had; all where there are no more, or None is asked."""
    if sample is None or sample >= len(found):
        return found
    return [found[number] for number in sorted(random.Random(seed).sample(range(len(found)), sample))]


def ordered_lines(
    shards: Sequence[OpenShard], found: Sequence[Found], order: Order, limit: int | None, context: int | None
) -> list[ConcordanceLine]:
    """The first so many lines of some occurrences, in an order."""
    if order == "corpus":
        return lines(shards, found[:limit], context)
    made = lines(shards, found, context)
    made.sort(key=_ORDERS[order])
    return made[:limit]


_ORDERS: dict[str, Callable[[ConcordanceLine], tuple[str | list[str], ...]]] = {
    "corpus": lambda line: (),
    "left": lambda line: (line.left.casefold().split()[::-1], line.node.casefold(), line.right.casefold()),
    "node": lambda line: (line.node.casefold(), line.right.casefold()),
    "right": lambda line: (line.right.casefold().split(), line.node.casefold()),
}
