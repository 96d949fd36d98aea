"""Class Senses: the sense inventory of an index, and what it tells of the uses of a word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ctxsearch.domain import ConcordanceContext, ConcordanceLine
from ctxsearch.errors import SenseError, WordNotFound
from ctxsearch.query import collocations
from ctxsearch.query.collocations import Collocate, Contrast, Measure
from ctxsearch.query.concordance import drawn, occurrences
from ctxsearch.query.examples import CONSIDERED, best_examples
from ctxsearch.query.options import at_least, checked_context, checked_count, checked_seed
from ctxsearch.query.scope import allowed_documents
from ctxsearch.query.vectors import vectors_of
from ctxsearch.sense import NONE_OF_THESE, Sense
from ctxsearch.senses.asking import Asking
from ctxsearch.senses.importing import checked_by
from ctxsearch.senses.induction import Induced, induced

_TYPICAL = 5
MOST_GROUPED = 2_000
"""Of a word with more uses, so many are drawn and grouped."""


@dataclass(frozen=True, slots=True)
class Unaccounted:
    """How much of a word's use no sense accounts for.

    Attributes:
        lemma: the word's.
        occurrences: how many uses it has.
        none: the sum of their probabilities to have none of the senses.
        share: that, of all uses.
    """

    lemma: str
    occurrences: int
    none: float
    share: float


class Senses(Asking):
    """The sense inventory of an index, written by one person.

    >>> import tempfile
    >>> from ctxsearch import Document, Index
    >>> index = Index.create(tempfile.mkdtemp() + "/mine")
    >>> report = index.add([
    ...     Document("1", "They rowed to the bank and tied up the boat."),
    ...     Document("2", "The bank raised its interest rates."),
    ...     Document("3", "Reeds grew along the bank of the river."),
    ... ])
    >>> senses = index.senses(by="editor")
    >>> senses.new("bank.river", definition="the land beside a river").lemma
    'bank'
    >>> senses.new("bank.money").labels
    0
    >>> senses.label("bank.river", ["1:18"]), senses.label("bank.money", ["2:4"])
    (1, 1)
    >>> senses.lookup("We sat on the grassy [bank] and fished.").fits[0].sense.sense_id
    'bank.river'
    >>> [(use.line.key, use.sense_id) for use in senses.assign("bank").uses if not use.is_labelled]
    [('3:21', 'bank.river')]
    >>> senses.undo().what
    'labelled 1 occurrence with bank.money'
    """

    def __repr__(self) -> str:
        return f"<Senses of {str(self._inventory.path.parent)!r}, by {self._by!r}>"

    def induce(
        self,
        word: str,
        *,
        form: str | Sequence[str] | None = (),
        pos: str | Sequence[str] | None = (),
        where: str | Sequence[str] | None = (),
        near: str | Sequence[str] | None = (),
        cql: str | Sequence[str] | None = (),
        least: int = 3,
        context: ConcordanceContext = 10,
        seed: int = 0,
    ) -> Induced:
        """Proposes groups of the uses of a word that are likely to have one sense; one group is an answer, too.

        Args:
            word: a lemma, or a form. Of more than 2 000 uses so many are drawn.
            form, pos, where, near, cql: only these uses, see `Index.concordance`.
            least: groups of fewer uses are counted, and not shown.
            context: words on either side of a line, or ``"sentence"``.
            seed: of what is drawn.

        Raises:
            WordNotFound: the corpus does not have the word, or never so.
            QueryError: a filter cannot be understood.
            SenseError: the index has no head.
            MissingExtra: scikit-learn is not installed.
        """
        around, calibration = checked_context(context), self._calibration()
        least, seed = at_least(1, least, "a group"), checked_seed(seed)
        filters = self._filters(form, pos, where, near, cql)
        lemma, written = self._lemma_and_written(word, filters.written)
        shards = self._get_shards()
        every = occurrences(shards, lemma, replace(filters, written=written))
        found = drawn(every, MOST_GROUPED, seed)
        return induced(shards, lemma, found, len(every), calibration, least=least, context=around, seed=seed)

    def accept(self, found: Induced, *, label: int = _TYPICAL) -> Sequence[Sense]:
        """Makes a sense of each group, and labels its most typical uses with it.

        Args:
            found: what `induce` proposed.
            label: how many uses of each.

        Returns:
            The new senses, called after the word and the next free number. One `undo` takes them all out again. Uses
            that the same person has labelled keep their labels; a group becomes no sense if all that would be labelled
            are such.

        Raises:
            QueryError: so many cannot be labelled.
            SenseError: these are no groups.
        """
        if not isinstance(found, Induced):
            raise SenseError(f"What `induce` gives is accepted, and {found!r:.80} is nothing of the kind.")
        label = at_least(0, label, "labelled")
        names: set[str] = set()
        count = len(found.groups)
        with self._inventory.changing(f"accepted {count} groups of {found.lemma}", self._by, makes=True) as edit:
            for group in found.groups:
                lines = [line for line in group.typical[:label] if not self._has_labelled(edit, line)]
                if label and not lines:
                    continue
                number = len(names) + 1
                while edit.found("senses", "sense_id", f"{found.lemma}.{number}"):
                    number += 1
                name = f"{found.lemma}.{number}"
                names.add(name)
                sense = edit.add_sense(name, found.lemma, "")
                for line in lines:
                    edit.put("labels", (line.key, self._by, sense, edit.at))
        return [sense for sense in self.list(found.lemma) if sense.sense_id in names]

    def novel(
        self,
        word: str,
        *,
        form: str | Sequence[str] | None = (),
        pos: str | Sequence[str] | None = (),
        where: str | Sequence[str] | None = (),
        near: str | Sequence[str] | None = (),
        cql: str | Sequence[str] | None = (),
        by: str | None = None,
        least: int = 1,
        context: ConcordanceContext = 10,
    ) -> Induced:
        """Groups the uses of a word that are likely to have none of its senses.

        Args:
            word: a lemma, or a form.
            form, pos, where, near, cql: only these uses, see `assign`.
            by: counts the labels of this person only.
            least: groups of fewer uses are counted, and not shown.
            context: words on either side of a line, or ``"sentence"``.

        Raises:
            WordNotFound: the corpus does not have the word, or never so.
            QueryError: a filter cannot be understood.
            SenseError: the word has no sense with an example, or the index has no head.
            MissingExtra: scikit-learn is not installed.
        """
        around, shards, least = checked_context(context), self._get_shards(), at_least(1, least, "a group")
        assigned = self._assigned(word, self._filters(form, pos, where, near, cql), by=by, least_margin=0)
        found = assigned.found_in(NONE_OF_THESE)
        some = drawn(found, MOST_GROUPED, 0)
        calibration = self._calibration()
        return induced(shards, assigned.lemma, some, len(found), calibration, least=least, context=around, seed=0)

    def unaccounted(self, *, by: str | None = None) -> Sequence[Unaccounted]:
        """The words of the inventory by how much of their use its senses do not account for, most first.

        Words of which no sense has an example in the index, or which the index does not have, are passed over.

        Args:
            by: counts the labels of this person only.

        Raises:
            SenseError: it can be nobody's name.
        """
        made = []
        by = checked_by(by)
        for lemma in dict.fromkeys(sense.lemma for sense in self.list()):
            try:
                found = self.assign(lemma, by=by)
            except (SenseError, WordNotFound):
                continue
            none = found.frequencies[-1].expected
            made.append(Unaccounted(lemma, len(found.uses), none, none / max(1, len(found.uses))))
        return sorted(made, key=lambda one: (-one.share, one.lemma))

    def collocations(
        self,
        word: str,
        sense_id: str | Sense,
        *,
        left: int | None = 5,
        right: int | None = 5,
        form: str | Sequence[str] | None = (),
        pos: str | Sequence[str] | None = (),
        where: str | Sequence[str] | None = (),
        near: str | Sequence[str] | None = (),
        cql: str | Sequence[str] | None = (),
        by: str | None = None,
        by_form: bool = False,
        least: int = 3,
        order: Measure = "log_dice",
        limit: int | None = 50,
    ) -> Sequence[Collocate]:
        """The words that stand more often than by chance beside the occurrences that `assign` gives a sense.

        The options are those of `Index.collocations`, and so is what chance is reckoned by: all words of the documents
        that ``where`` allows, whatever the sense and the other filters leave of the word itself. ``by`` is as for
        `assign`.

        Raises:
            WordNotFound: the corpus does not have the word, or never so.
            SenseError: the word has no such sense, or nothing shows one.
            QueryError: a filter or an option cannot be understood.
        """
        collocations.checked_windows(left, right, least, order)
        limit, shards = checked_count(limit), self._get_shards()
        filters = self._filters(form, pos, where, near, cql)
        found = self._assigned(word, filters, by=by).found_in(sense_id)
        seen = collocations.windows(shards, found, left, right, by_form=by_form)
        allowed = allowed_documents(shards, filters.where)
        return collocations.collocates(shards, allowed, seen, by_form=by_form, least=least, order=order)[:limit]

    def contrast(
        self,
        word: str,
        sense_id: str | Sense,
        other_id: str | Sense,
        *,
        left: int | None = 5,
        right: int | None = 5,
        form: str | Sequence[str] | None = (),
        pos: str | Sequence[str] | None = (),
        where: str | Sequence[str] | None = (),
        near: str | Sequence[str] | None = (),
        cql: str | Sequence[str] | None = (),
        by: str | None = None,
        by_form: bool = False,
        least: int = 3,
    ) -> Sequence[Contrast]:
        """The words that tell two senses apart by standing beside one of them: those of the first, then of the other.

        The options are those of `collocations`. The two are compared with each other, and with nothing else: filters
        choose the lines of both.

        Raises:
            WordNotFound: the corpus does not have the word, or never so.
            SenseError: the word has no such sense, or nothing shows one.
            QueryError: a filter or an option cannot be understood.
        """
        collocations.checked_windows(left, right, least, "count")
        shards = self._get_shards()
        found = self._assigned(word, self._filters(form, pos, where, near, cql), by=by)
        one, other = (
            collocations.windows(shards, found.found_in(name), left, right, by_form=by_form)
            for name in (sense_id, other_id)
        )
        return collocations.contrasts(one, other, least=least)

    def examples(
        self,
        word: str,
        sense_id: str | Sense,
        n: int | None = 5,
        *,
        form: str | Sequence[str] | None = (),
        pos: str | Sequence[str] | None = (),
        where: str | Sequence[str] | None = (),
        near: str | Sequence[str] | None = (),
        cql: str | Sequence[str] | None = (),
        by: str | None = None,
        per_document: int | None = None,
    ) -> Sequence[ConcordanceLine]:
        """The best examples of a sense among the lines that are labelled or assigned to it.

        The options are those of `Index.examples`: filters choose the lines, and the examples are typical of these.
        ``by`` is as for `assign`.

        Raises:
            WordNotFound: the corpus does not have the word, or never so.
            SenseError: the word has no such sense, or nothing shows one.
            QueryError: a filter cannot be understood, or so many cannot be shown.
        """
        count, most, shards = checked_count(n), checked_count(per_document), self._get_shards()
        filters = self._filters(form, pos, where, near, cql)
        found = drawn(self._assigned(word, filters, by=by).found_in(sense_id), CONSIDERED, 0)
        return best_examples(shards, found, vectors_of(shards, found), count, per_document=most)
