"""The lines of a word: listed and counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ctxsearch.domain import ConcordanceContext, ConcordanceLine
from ctxsearch.errors import QueryError
from ctxsearch.index.parts import Parts

if TYPE_CHECKING:
    from ctxsearch.query.concordance import LinesOfFound
    from ctxsearch.query.conditions import Unmet
    from ctxsearch.query.grouping import Frequency
    from ctxsearch.query.options import Filters
    from ctxsearch.query.scope import OpenShard
    from ctxsearch.senses.subcorpora import Subcorpora

DEFAULT_CONTEXT = 10


class Concordances:
    """The lines of words as of one commit.

    Args:
        parts: of the index.
    """

    def __init__(self, parts: Parts) -> None:
        if not isinstance(parts, Parts):
            raise ValueError("An index is opened with Index.open(path), and made with Index.create(path).")
        self._parts = parts

    def open_shards(self) -> list[OpenShard]:
        """The shards of the commit, for those who want to look below the concordance."""
        return self._parts.shards()

    def subcorpora(self, *, by: str | None = None) -> Subcorpora:
        """The parts of the corpus that have a name; ``@NAME`` stands for their conditions in every ``where``.

        Args:
            by: who makes them; where None, what the operating system calls the user.
        """
        from ctxsearch.senses.subcorpora import Subcorpora

        return Subcorpora(self._parts.inventory(), self._parts.user(by), lambda: self._parts.catalogs()[0])

    def _filters(
        self,
        form: str | Sequence[str] | None = (),
        pos: str | Sequence[str] | None = (),
        where: str | Sequence[str] | None = (),
        near: str | Sequence[str] | None = (),
        cql: str | Sequence[str] | None = (),
    ) -> Filters:
        from ctxsearch.query.options import checked_filters

        return checked_filters(form, pos, self._where(where), near, cql)

    def _where(self, where: str | Sequence[str] | None) -> Sequence[str]:
        """Conditions with those of subcorpora in the place of their names."""
        from ctxsearch.query.several import CONDITIONS, strings

        conditions = strings(where, CONDITIONS)
        if not any(one.startswith("@") for one in conditions):
            return conditions
        from ctxsearch.senses.subcorpora import expanded

        return expanded(self._parts.inventory(), conditions)

    def unmet(self, where: str | Sequence[str] | None) -> list[Unmet]:
        """The conditions on the metadata that no document meets: why nothing is found.

        Each is tried by itself, and two with ``=`` on one column together.

        Args:
            where: conditions, as elsewhere; those of a subcorpus count one by one.

        Returns:
            Each with the values that documents have in its column.

        Raises:
            QueryError: a condition cannot be understood, or names a column that no document has.
        """
        from ctxsearch.query.conditions import unmet_conditions

        return unmet_conditions(self._parts.catalogs()[0], self._where(where))

    def concordance(
        self,
        word: str | None,
        *,
        form: str | Sequence[str] | None = (),
        pos: str | Sequence[str] | None = (),
        where: str | Sequence[str] | None = (),
        near: str | Sequence[str] | None = (),
        cql: str | Sequence[str] | None = (),
        limit: int | None = None,
        offset: int = 0,
        sample: int | None = None,
        per_document: int | None = None,
        seed: int = 0,
        order: str | Sequence[str] | None = "corpus",
        context: ConcordanceContext = DEFAULT_CONTEXT,
        good: bool = False,
    ) -> list[ConcordanceLine]:
        """Every line of a lemma, or of a form.

        All lines are in memory together; in another order than that of the corpus, too, but for those that cannot be
        among the first of a ``limit``. `iter_concordance` makes them while they are read.

        Args:
            word: a lemma, which stands for all its forms; or a form, which stands for itself; either as one part of
                speech, ``bank/NOUN``. None for whatever is the node of the pattern in ``cql``: the token after its
                ``@``, or the first of which it says anything.
            form: only occurrences written exactly so.
            pos: only those of this part of speech, where the sources of the corpus give any.
            where: conditions on the metadata; ``@NAME`` stands for those of a subcorpus, see `subcorpora`.
            near: what is to be beside it, or not to be, see `query`.
            cql: a pattern of tokens that it is to be part of, ``[lemma="bank"] []{0,2} [lemma="river"]``, see
                `ctxsearch.query.cql`; of several, each.
            limit: the first so many lines, in the order asked for; None for all.
            offset: passes over so many lines: the same call with another offset gives another page of one list.
            sample: a random sample of so many lines.
            per_document: no more lines of one document than this, drawn at random.
            seed: draws the samples; the same seed draws the same lines.
            order: keys, the first foremost, each with a ``-`` before it where the last are to come first: ``corpus``;
                the words ``left`` of the node (nearest first), the ``node`` itself, the words ``right``; ``form``,
                ``lemma``, ``pos``, ``document_id``, or a column of the metadata. Lines that are alike stay in the order
                of the corpus.
            context: words on either side, or ``"sentence"``.
            good: the best example sentences first, instead of another order: whole, of fit length, of common words,
                and those that say what a better one does behind all others. A score says how good a line is, and is no
                cosine. Of more than 20 000 occurrences so many are drawn.

        Raises:
            WordNotFound: the corpus does not have the word.
            QueryError: a filter or an option cannot be understood.
        """
        from ctxsearch.query import concordance as use
        from ctxsearch.query.options import checked_context, checked_count
        from ctxsearch.query.shaping import checked_shaping

        limit, around = checked_count(limit), checked_context(context)
        filters, shards = self._filters(form, pos, where, near, cql), self.open_shards()
        shaping = checked_shaping(shards, order, per_document, offset, has_scores=False)
        found = use.chosen(shards, word, filters, shaping, None if good else limit, sample, seed)
        if good:
            from ctxsearch.query.examples import CONSIDERED, good_lines

            check_one_order(order, "corpus")
            return good_lines(shards, use.drawn(found, CONSIDERED, seed), limit, around, offset=offset)
        return use.shaped_lines(shards, found, shaping, limit, around)

    def iter_concordance(
        self,
        word: str | None,
        *,
        form: str | Sequence[str] | None = (),
        pos: str | Sequence[str] | None = (),
        where: str | Sequence[str] | None = (),
        near: str | Sequence[str] | None = (),
        cql: str | Sequence[str] | None = (),
        limit: int | None = None,
        offset: int = 0,
        sample: int | None = None,
        per_document: int | None = None,
        seed: int = 0,
        context: ConcordanceContext = DEFAULT_CONTEXT,
    ) -> LinesOfFound:
        """What `concordance` lists in the order of the corpus, made while it is read, however many lines there are.

        Args:
            word: see `concordance`, as for all others.
            form, pos, where, near, cql: which occurrences.
            limit, offset, sample, per_document, seed: which of their lines.
            context: words on either side, or ``"sentence"``.

        Returns:
            The lines, to be iterated over, as often as is wanted; ``len`` says how many there are. A few thousand are
            in memory at a time.

        Raises:
            WordNotFound: the corpus does not have the word.
            QueryError: a filter or an option cannot be understood.
        """
        from ctxsearch.query import concordance as use
        from ctxsearch.query.options import checked_context, checked_count
        from ctxsearch.query.shaping import checked_shaping

        limit, around = checked_count(limit), checked_context(context)
        filters, shards = self._filters(form, pos, where, near, cql), self.open_shards()
        shaping = checked_shaping(shards, None, per_document, offset, has_scores=False)
        found = use.chosen(shards, word, filters, shaping, limit, sample, seed)
        return use.LinesOfFound(shards, found[shaping.offset :][:limit], around)

    def count(
        self,
        word: str | None,
        *,
        form: str | Sequence[str] | None = (),
        pos: str | Sequence[str] | None = (),
        where: str | Sequence[str] | None = (),
        near: str | Sequence[str] | None = (),
        cql: str | Sequence[str] | None = (),
    ) -> int:
        """How many lines `concordance` has for a word, or for a pattern.

        Raises:
            WordNotFound: the corpus does not have the word.
            QueryError: a filter cannot be understood.
        """
        from ctxsearch.query import concordance as use

        return use.count(self.open_shards(), word, self._filters(form, pos, where, near, cql))

    def frequencies(
        self,
        word: str | None,
        by: str | Sequence[str],
        *,
        form: str | Sequence[str] | None = (),
        pos: str | Sequence[str] | None = (),
        where: str | Sequence[str] | None = (),
        near: str | Sequence[str] | None = (),
        cql: str | Sequence[str] | None = (),
    ) -> list[Frequency]:
        """How many lines of a word have each value of something, or each combination of values, and of how many words.

        Args:
            word: a lemma, or a form, see `concordance`.
            by: ``form``, ``lemma``, ``pos``, ``document_id``, or columns of the metadata; one or several. ``year:20``
                counts by periods of twenty years.
            form, pos, where, near, cql: as for `concordance`.

        Returns:
            The most frequent first; the counts add up to what `count` says. Periods are in the order of time, those
            without a line as well; of several columns of which one is of periods, the first named is foremost. The
            words are those of the documents that ``where`` allows and that have the values, ``per_million`` the lines
            in a million of them.

        Raises:
            WordNotFound: the corpus does not have the word.
            QueryError: a filter cannot be understood, or no document has such a column.
        """
        from ctxsearch.query.concordance import occurrences
        from ctxsearch.query.grouping import grouped_counts
        from ctxsearch.query.several import strings

        columns = strings(by, "Columns to count by are strings, such as 'year:20'")
        shards = self.open_shards()
        filters = self._filters(form, pos, where, near, cql)
        return grouped_counts(shards, occurrences(shards, word, filters), columns, filters.where)


def check_one_order(order: str | Sequence[str] | None, usual: str) -> None:
    """Makes sure that lines whose best examples come first are to have no other order.

    Raises:
        QueryError: they are.
    """
    if order not in (None, usual, [usual], (usual,)):
        raise QueryError(f"Lines are in one order: either the best examples first, or by {order!r}.")
