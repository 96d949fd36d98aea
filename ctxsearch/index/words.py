"""What an index tells of how a word is used: what stands beside it, good examples, its senses, how it changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ctxsearch.callbacks import check_callbacks
from ctxsearch.domain import ConcordanceContext, ConcordanceLine, Progress
from ctxsearch.index.concordances import DEFAULT_CONTEXT, Concordances

if TYPE_CHECKING:
    from ctxsearch.query.collocations import Collocate, Measure
    from ctxsearch.query.scope import Written
    from ctxsearch.senses import Senses
    from ctxsearch.senses.change import Changed, ChangeOrder, Part


class Words(Concordances):
    """How words are used, as of one commit."""

    def collocations(
        self,
        word: str,
        *,
        left: int | None = 5,
        right: int | None = 5,
        form: str | Sequence[str] | None = (),
        pos: str | Sequence[str] | None = (),
        where: str | Sequence[str] | None = (),
        near: str | Sequence[str] | None = (),
        cql: str | Sequence[str] | None = (),
        by_form: bool = False,
        least: int = 3,
        order: Measure = "log_dice",
        limit: int | None = 50,
    ) -> list[Collocate]:
        """The words that stand beside a word more often than chance would have it; the others are left out.

        Args:
            word: a lemma, or a form, see `concordance`.
            left: how many places before it count, in its sentence; None for all of it.
            right: how many after it, likewise.
            form: only occurrences written exactly so.
            pos: only those of this part of speech.
            where: conditions on the metadata; the documents that meet them are the corpus.
            near: what is to be beside it, or not to be, see `query`.
            cql: a pattern of tokens that it is to be part of, see `concordance`.
            by_form: counts forms, and not lemmas.
            least: only words that stand there so often.
            order: by which measure they are ranked: ``log_dice``, ``mi``, ``t_score``, ``log_likelihood``,
                ``count`` or ``frequency``.
            limit: the first so many; None for all.

        Raises:
            WordNotFound: the corpus does not have the word.
            QueryError: a filter or an option cannot be understood.
        """
        from ctxsearch.query import collocations as use
        from ctxsearch.query.concordance import occurrences
        from ctxsearch.query.options import checked_count
        from ctxsearch.query.scope import allowed_documents

        use.checked_windows(left, right, least, order)
        limit, shards = checked_count(limit), self.open_shards()
        filters = self._filters(form, pos, where, near, cql)
        seen = use.windows(shards, occurrences(shards, word, filters), left, right, by_form=by_form)
        allowed = allowed_documents(shards, filters.where)
        return use.collocates(shards, allowed, seen, by_form=by_form, least=least, order=order)[:limit]

    def examples(
        self,
        word: str,
        n: int | None = 5,
        *,
        form: str | Sequence[str] | None = (),
        pos: str | Sequence[str] | None = (),
        where: str | Sequence[str] | None = (),
        near: str | Sequence[str] | None = (),
        cql: str | Sequence[str] | None = (),
        per_document: int | None = None,
    ) -> list[ConcordanceLine]:
        """The best example sentences of a word, which are unlike each other.

        It prefers whole sentences of fit length and of common words, without names or a beginning that points back, and
        typical of the word; where there are no such, others come.

        Args:
            word: a lemma, or a form, see `concordance`. Of more than 20 000 occurrences so many are drawn.
            n: how many; None for all that are unlike each other.
            form, pos, where, near, cql: as for `concordance`.
            per_document: no more of one document than this.

        Returns:
            Best first; a score says how good an example a line is, and is no cosine.

        Raises:
            WordNotFound: the corpus does not have the word.
            QueryError: a filter or an option cannot be understood.
        """
        from ctxsearch.query.concordance import drawn, occurrences
        from ctxsearch.query.examples import CONSIDERED, best_examples
        from ctxsearch.query.options import checked_count
        from ctxsearch.query.vectors import vectors_of

        count, most, shards = checked_count(n), checked_count(per_document), self.open_shards()
        found = drawn(occurrences(shards, word, self._filters(form, pos, where, near, cql)), CONSIDERED, 0)
        return best_examples(shards, found, vectors_of(shards, found), count, per_document=most)

    def change(
        self,
        before: str | Sequence[str],
        after: str | Sequence[str],
        *,
        least: int = 10,
        order: ChangeOrder = "jsd",
        limit: int | None = 50,
        seed: int = 0,
        pos: str | Sequence[str] | None = (),
        on_progress: Callable[[Progress], None] | None = None,
    ) -> list[Changed]:
        """The words that are used most differently in two parts of the corpus.

        ``apd`` and ``prt`` compare up to 20 000 uses of each part, and ``jsd`` groups up to 200 of each: of a word that
        has more, so many are drawn.

        Args:
            before: conditions on the metadata that make one part, ``year<1950`` for instance.
            after: those that make the other. No document is to be in both: chance is reckoned by documents.
            least: how often a word must occur in each.
            order: by which measure they are ranked: ``jsd``, ``prt`` or ``apd``, see `ctxsearch.senses.change`.
            limit: the first so many; None for all.
            seed: of the uses that are drawn of frequent words.
            pos: only uses of this part of speech, or of these.
            on_progress: is told how many words are done.

        Raises:
            QueryError: a condition or an option cannot be understood, no word has such a part of speech, a part has no
                document, or the two share one.
            IndexDamaged: the head of the index is.
            SenseError: the index has no head, so it cannot be told which uses go together.
            MissingExtra: scikit-learn is not installed.
        """
        from ctxsearch.errors import QueryError, SenseError
        from ctxsearch.query.options import at_least, checked_count, checked_seed
        from ctxsearch.senses import change as use

        check_callbacks(on_progress=on_progress)
        if order not in use.ORDERS:
            raise QueryError(f"There is no measure {order!r}; use {', '.join(use.ORDERS)}.")
        calibration, limit = self._parts.calibration(needed=True), checked_count(limit)
        if calibration is None:
            raise SenseError("The index has no head, which says what uses go together; index the corpus with a head.")
        shards, parts = self.open_shards(), self._both_parts(before, after)
        found = use.changed(
            shards,
            *parts,
            calibration,
            least=at_least(1, least, "compared"),
            order=order,
            seed=checked_seed(seed),
            written=self._tagged(pos),
            on_progress=on_progress,
        )
        return found[:limit]

    def change_lines(
        self,
        word: str,
        before: str | Sequence[str],
        after: str | Sequence[str],
        n: int | None = 5,
        *,
        context: ConcordanceContext = DEFAULT_CONTEXT,
        pos: str | Sequence[str] | None = (),
    ) -> tuple[list[ConcordanceLine], list[ConcordanceLine]]:
        """The lines of a word that show best how it is used in one part of the corpus, and not in the other.

        Args:
            word: a lemma.
            before: conditions on the metadata that make one part.
            after: those that make the other; no document is to be in both.
            n: how many lines of each; None for all.
            context: words on either side, or ``"sentence"``.
            pos: only uses of this part of speech, or of these.

        Raises:
            QueryError: a condition or an option cannot be understood, no word has such a part of speech, a part has no
                document, the two share one, or the word does not occur in both.
            WordNotFound: the corpus does not have the word.
        """
        from ctxsearch.query.options import checked_context, checked_count
        from ctxsearch.query.words import checked_word, spelled
        from ctxsearch.senses.change import telling_lines

        count, around = checked_count(n), checked_context(context)
        parts = self._both_parts(before, after)
        shards = self.open_shards()
        lemma = spelled(shards, checked_word(word))
        return telling_lines(shards, lemma, *parts, count, around, self._tagged(pos))

    def _tagged(self, pos: str | Sequence[str] | None) -> Written:
        from ctxsearch.query.scope import Written, require_tags
        from ctxsearch.query.several import strings

        written = Written(tags=strings(pos))
        require_tags(self.open_shards(), written.tags)
        return written

    def _both_parts(self, before: str | Sequence[str], after: str | Sequence[str]) -> tuple[Part, Part]:
        from ctxsearch.senses.change import both_parts

        return both_parts(self.open_shards(), self._where(before), self._where(after))

    def senses(self, *, by: str | None = None) -> Senses:
        """The sense inventory of the index, ``senses.sqlite``: what people found out and wrote down.

        Args:
            by: who writes; where None, what the operating system calls the user.

        Raises:
            SenseError: it can be nobody's name.
        """
        from ctxsearch.senses import Senses

        parts = self._parts
        return Senses(
            parts.inventory(),
            parts.user(by),
            self.open_shards,
            parts.analyser,
            parts.model.asking_encoder,
            lambda: parts.calibration(needed=True),
        )
