"""The half of a sense inventory that is asked: which sense has a use, and which has every use of a word?"""

from __future__ import annotations

import numbers
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ctxsearch.analysis import Analyser, normal_form
from ctxsearch.catalog.inventory import Inventory
from ctxsearch.domain import ConcordanceContext, ConcordanceLine, Usage
from ctxsearch.errors import NothingShows, SenseError
from ctxsearch.head import Calibration
from ctxsearch.protocols import Encoder
from ctxsearch.query.asked import embed, marked_token
from ctxsearch.query.concordance import occurrences
from ctxsearch.query.filing import is_given, lemmas_of_form
from ctxsearch.query.found import Found, Listing
from ctxsearch.query.lines import lines
from ctxsearch.query.options import ALL, Filters, at_least, checked_context, checked_filters
from ctxsearch.query.scope import OpenShard, rows_of_lemma
from ctxsearch.query.vectors import in_parts
from ctxsearch.query.words import require
from ctxsearch.sense import Label, Sense
from ctxsearch.senses.assigned import Assigned, assigned
from ctxsearch.senses.evidence import Evidence, gather
from ctxsearch.senses.importing import checked_by
from ctxsearch.senses.keeping import Keeping
from ctxsearch.senses.subcorpora import expanded
from ctxsearch.senses.telling import centres, estimate, probabilities, with_none
from ctxsearch.usage import usage_of


@dataclass(frozen=True, slots=True)
class SenseFit:
    """How well a sense fits a use.

    Attributes:
        sense: the sense.
        p: the probability that the use has it.
        score: the cosine of the use and the mean of the sense's examples.
        lines: the labelled occurrences nearest to the use, each with the cosine of the two.
        sentences: the sentences among the sense's examples, nearest first, each with that cosine.
    """

    sense: Sense
    p: float
    score: float
    lines: Sequence[ConcordanceLine]
    sentences: Sequence[tuple[Usage, float]]


@dataclass(frozen=True, slots=True)
class Looked:
    """What an inventory tells of one use.

    Attributes:
        lemma: of the word.
        fits: the senses that have an example, the likeliest first.
        p_none: the probability that the use has none of them.
        without_examples: senses of the word that nothing shows.
        lost: labels whose occurrence is not in the index, or is of another word now.
        unusable: sentences of its senses that mark no single word, or one that has no vector; they show nothing.
    """

    lemma: str
    fits: Sequence[SenseFit]
    p_none: float
    without_examples: Sequence[Sense]
    lost: Sequence[Label]
    unusable: Sequence[Usage] = ()


class Asking(Keeping):
    """An inventory that is asked which sense uses have.

    Args:
        inventory: the file.
        by: who writes.
        get_shards: gives the shards of the index.
        get_analyser: gives what cuts texts into words.
        get_encoder: gives the index's encoder; it is loaded for sentences alone.
        calibration: of the index's head.
    """

    def __init__(
        self,
        inventory: Inventory,
        by: str,
        get_shards: Callable[[], Sequence[OpenShard]],
        get_analyser: Callable[[], Analyser],
        get_encoder: Callable[[], Encoder],
        calibration: Callable[[], Calibration | None],
    ) -> None:
        super().__init__(inventory, by, get_shards, get_analyser)
        self._get_encoder = get_encoder
        self._get_calibration = calibration

    def lookup(self, usage: str | Usage, *, by: str | None = None, examples: int = 3) -> Looked:
        """Which sense a use has.

        Args:
            usage: a sentence with the word in brackets, or a `Usage`.
            by: counts the labels of this person only.
            examples: how many of the nearest are shown for each sense.

        Raises:
            QueryError: the usage marks no word, or so many cannot be shown.
            WordNotFound: neither the corpus nor the inventory has the word.
            SenseError: the word has no sense with an example, or the index has no head.
        """
        examples, by = at_least(0, examples), checked_by(by)
        usage = usage_of(usage)
        shards, analyser = self._get_shards(), self._get_analyser()
        is_token = partial(is_given, shards)
        word = marked_token(usage, analyser, is_token)
        lemmas = lemmas_of_form(shards, word.form, analyser.lemma)
        # A form of several lemmas is told by the senses of the first that has any; or of the word that is written so.
        words = [*lemmas, normal_form(word.form)]
        lemma = next((one for one in words if self._inventory.senses(one)), lemmas[0])
        calibration = self._calibration()
        shown, evidence, without = self._evidence(lemma, by)
        vector = embed([usage], analyser, self._get_encoder(), is_token)[0]
        nearness = vector @ centres(evidence.vectors, evidence.senses, len(shown)).T
        likely = probabilities(nearness[None], np.bincount(evidence.senses, minlength=len(shown)), calibration)[0]
        scores = evidence.vectors @ vector
        fits = []
        for number in np.argsort(-likely, kind="stable").tolist():
            own = np.flatnonzero(evidence.senses == number)
            near = own[np.argsort(-scores[own], kind="stable")].tolist()
            n_lines = len(evidence.places)
            found = [
                Found(evidence.places[one][0], evidence.places[one][1], float(scores[one]))
                for one in near
                if one < n_lines
            ][:examples]
            sentences = [(evidence.sentences[one - n_lines], float(scores[one])) for one in near if one >= n_lines][
                :examples
            ]
            made = lines(shards, found, 10)
            fits.append(SenseFit(shown[number], float(likely[number]), float(nearness[number]), made, sentences))
        return Looked(lemma, fits, max(0.0, 1 - float(likely.sum())), without, evidence.lost, evidence.unusable)

    def assign(
        self,
        word: str,
        *,
        form: str | Sequence[str] | None = (),
        pos: str | Sequence[str] | None = (),
        where: str | Sequence[str] | None = (),
        near: str | Sequence[str] | None = (),
        cql: str | Sequence[str] | None = (),
        by: str | None = None,
        least_margin: float = 0.2,
        context: ConcordanceContext = 10,
    ) -> Assigned:
        """Gives every occurrence of a word the sense it is likeliest to have.

        Filters choose which occurrences are told of, and none of what shows the senses: so an occurrence has the sense
        that it has without them. How often senses are among those is estimated as `Assigned.frequencies_by` does it.

        Args:
            word: a lemma, or a form; ``bank/NOUN`` for one part of speech.
            form, pos, where, near, cql: only these occurrences, see `Index.concordance`.
            by: counts the labels of this person only.
            least_margin: an occurrence whose two likeliest answers are less far apart is *unsure*.
            context: words on either side, or ``"sentence"``.

        Raises:
            WordNotFound: the corpus does not have the word, or never so.
            QueryError: a filter cannot be understood.
            SenseError: the word has no sense with an example, or the index has no head.
        """
        filters = self._filters(form, pos, where, near, cql)
        return self._assigned(word, filters, by=by, least_margin=least_margin, context=context, is_counted=True)

    def _filters(
        self,
        form: str | Sequence[str] | None,
        pos: str | Sequence[str] | None,
        where: str | Sequence[str] | None,
        near: str | Sequence[str] | None,
        cql: str | Sequence[str] | None,
    ) -> Filters:
        return checked_filters(form, pos, expanded(self._inventory, where), near, cql)

    def _assigned(
        self,
        word: str,
        filters: Filters,
        *,
        by: str | None = None,
        least_margin: float = 0.2,
        context: ConcordanceContext = 10,
        is_counted: bool = False,
    ) -> Assigned:
        """`assign`, with filters that are checked.

        Args:
            is_counted: whether anybody asks how often senses are among those that filters leave: then all occurrences
                of the word are looked at.
        """
        if not isinstance(least_margin, numbers.Real) or not 0 <= least_margin <= 1:
            raise SenseError(f"The least margin is a difference of probabilities, from 0 to 1, not {least_margin}.")
        around, by = checked_context(context), checked_by(by)
        lemma, written = self._lemma_and_written(word, filters.written)
        shards = self._get_shards()
        # First, for where the corpus does not have the word there is nothing to say of its senses.
        found = occurrences(shards, lemma, filters := replace(filters, written=written))
        calibration = self._calibration()
        shown, evidence, without = self._evidence(lemma, by)
        middle = centres(evidence.vectors, evidence.senses, len(shown))
        counts = np.bincount(evidence.senses, minlength=len(shown))
        each = len(evidence.senses) / len(shown)
        given: dict[tuple[int, int], set[int]] = {}
        for place, sense in zip(evidence.places, evidence.senses.tolist(), strict=False):
            given.setdefault(place, set()).add(sense)

        def told(some: Listing) -> NDArray[np.float64]:
            parts = (probabilities(part @ middle.T, counts, calibration) for part in in_parts(shards, some))
            return np.concatenate([np.empty((0, len(shown))), *parts])

        labelled = [given.get((one.shard, one.row)) for one in found]
        of_word = None
        every = occurrences(shards, lemma) if is_counted and filters != ALL else found
        if len(every) > len(found):
            unlabelled = every.at([at for at, one in enumerate(every) if (one.shard, one.row) not in given])
            of_word = estimate(with_none(told(unlabelled)), each).shares
        made = assigned(
            lemma,
            shown,
            told(found),
            labelled,
            each,
            shards,
            found,
            around,
            least_margin,
            without,
            evidence.lost,
            of_word,
        )
        return replace(made, unusable=evidence.unusable)

    def _calibration(self) -> Calibration:
        calibration = self._get_calibration()
        if calibration is None:
            raise SenseError(
                "The index has no head, so nearness says nothing of probabilities; index the corpus with a head."
            )
        return calibration

    def _evidence(self, lemma: str, by: str | None) -> tuple[list[Sense], Evidence, list[Sense]]:
        """The senses that something shows, what shows them, and the senses that nothing shows."""
        shards, senses = self._get_shards(), self._inventory.senses(lemma)
        if not senses:
            require(shards, [rows_of_lemma(shard, lemma) for shard in shards], lemma)
            raise NothingShows(f"{lemma!r} has no sense yet; make one with: ctxsearch senses new.")
        labels = self._inventory.labels(lemma, by)
        examples = self._inventory.examples(lemma)
        names = [sense.sense_id for sense in senses]
        evidence = gather(shards, names, labels, examples, self._get_analyser(), self._get_encoder)
        counts = np.bincount(evidence.senses, minlength=len(senses))
        if not counts.any():
            if by is not None and not labels and (others := {one.by for one in self._inventory.labels(lemma)}):
                raise NothingShows(f"{by!r} labelled no use of {lemma!r}; these did: {', '.join(sorted(others))}.")
            raise NothingShows(
                f"No sense of {lemma!r} has an example in this index; label some with: ctxsearch senses label."
            )
        kept = np.flatnonzero(counts)
        renumbered = np.searchsorted(kept, evidence.senses).astype(np.int64)
        without = [sense for sense, count in zip(senses, counts.tolist(), strict=True) if not count]
        return [senses[number] for number in kept.tolist()], evidence._replace(senses=renumbered), without
