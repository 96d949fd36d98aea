"""The lines of a word: listed and counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ctxsearch.domain import ConcordanceContext, ConcordanceLine, Order
from ctxsearch.errors import QueryError
from ctxsearch.index.parts import Parts

if TYPE_CHECKING:
    from ctxsearch.query.grouping import Frequency
    from ctxsearch.query.scope import OpenShard

DEFAULT_CONTEXT = 10


class Concordances:
    """The lines of words as of one commit.

    Args:
        parts: of the index.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def open_shards(self) -> list[OpenShard]:
        """The shards of the commit, for those who want to look below the concordance."""
        return self._parts.shards()

    def concordance(
        self,
        word: str,
        *,
        form: str | Sequence[str] = (),
        where: Sequence[str] = (),
        near: str | Sequence[str] = (),
        limit: int | None = None,
        sample: int | None = None,
        seed: int = 0,
        order: Order = "corpus",
        context: ConcordanceContext = DEFAULT_CONTEXT,
        good: bool = False,
    ) -> list[ConcordanceLine]:
        """Every line of a lemma, or of a form.

        Args:
            word: a lemma, which stands for all its forms; or a form, which stands for itself.
            form: only occurrences written exactly so.
            where: conditions on the metadata.
            near: what is to be beside it, or not to be, see `query`.
            limit: the first so many lines, in the order asked for; None for all.
            sample: a random sample of so many lines.
            seed: draws the sample; the same seed draws the same lines.
            order: ``corpus``, or by the words ``left`` of the node (nearest first), the ``node`` itself, or ``right``.
            context: words on either side, or ``"sentence"``.
            good: the best example sentences first, instead of another order: whole, of fit length, of common words,
                and none that says what a better one does. A score says how good a line is, and is no cosine. Of more
                than 20 000 occurrences so many are drawn.

        Raises:
            WordNotFound: the corpus does not have the word.
            QueryError: a filter or an option cannot be understood.
        """
        from ctxsearch.query import concordance as use
        from ctxsearch.query.options import checked_context, checked_count, parsed_nearby, surface_forms

        limit, sample, around = checked_count(limit), checked_count(sample), checked_context(context)
        order = use.checked_order(order)
        shards = self.open_shards()
        every = use.occurrences(shards, word, surface_forms(form), where, parsed_nearby(near))
        found = use.drawn(every, sample, seed)
        if good:
            from ctxsearch.query.examples import CONSIDERED, good_lines

            if order != "corpus":
                raise QueryError(f"Lines are in one order: either the best examples first, or by {order!r}.")
            return good_lines(shards, use.drawn(found, CONSIDERED, seed), limit, around)
        return use.ordered_lines(shards, found, order, limit, around)

    def count(
        self,
        word: str,
        *,
        form: str | Sequence[str] = (),
        where: Sequence[str] = (),
        near: str | Sequence[str] = (),
    ) -> int:
        """How many lines `concordance` has for a word.

        Raises:
            WordNotFound: the corpus does not have the word.
            QueryError: a filter cannot be understood.
        """
        from ctxsearch.query.concordance import occurrences
        from ctxsearch.query.options import parsed_nearby, surface_forms

        return len(occurrences(self.open_shards(), word, surface_forms(form), where, parsed_nearby(near)))

    def frequencies(
        self,
        word: str,
        by: str | Sequence[str],
        *,
        form: str | Sequence[str] = (),
        where: Sequence[str] = (),
        near: str | Sequence[str] = (),
    ) -> list[Frequency]:
        """How many lines of a word have each value of something, or each combination of values.

        Args:
            word: a lemma, or a form, see `concordance`.
            by: ``form``, ``lemma``, ``document_id``, or columns of the metadata; one or several.
            form: only occurrences written exactly so.
            where: conditions on the metadata.
            near: what is to be beside it, or not to be, see `query`.

        Returns:
            The most frequent first; the counts add up to what `count` says.

        Raises:
            WordNotFound: the corpus does not have the word.
            QueryError: a filter cannot be understood, or no document has such a column.
        """
        from ctxsearch.query.concordance import occurrences
        from ctxsearch.query.grouping import grouped_counts
        from ctxsearch.query.options import parsed_nearby, strings, surface_forms

        shards = self.open_shards()
        found = occurrences(shards, word, surface_forms(form), where, parsed_nearby(near))
        return grouped_counts(shards, found, strings(by))
