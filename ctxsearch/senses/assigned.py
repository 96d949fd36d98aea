"""Every occurrence of a word with the sense that it is likeliest to have, and what that adds up to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctxsearch.domain import Usage
from ctxsearch.errors import SenseError
from ctxsearch.query.columns import ValueOrder, parse_column, without_numbers
from ctxsearch.query.found import Listing
from ctxsearch.query.options import checked_count
from ctxsearch.query.scope import OpenShard
from ctxsearch.sense import NONE_OF_THESE, UNSURE, Label, Sense, id_of
from ctxsearch.senses.frequency import Counting, SenseFrequency
from ctxsearch.senses.telling import with_none
from ctxsearch.senses.uses import Assignment, Uses


@dataclass(frozen=True, slots=True, repr=False)
class Assigned:
    """Every occurrence of a word with its sense.

    Attributes:
        lemma: the word's.
        uses: all occurrences, in the order of the corpus; their lines are read when they are first asked for, which is
            to be while the index is open; pickled, they are read at once.
        frequencies: of each sense that has an example, in their order, and last of none of these.
        unsure: how many occurrences lie in that pile.
        without_examples: senses of the word that nothing shows; no occurrence can be assigned to them.
        lost: labels whose occurrence is not in the index, or is of another word now.
        places: shard and row of each of the uses.
        counting: what `frequencies` are reckoned by.
        unusable: sentences of its senses that mark no single word, or one that has no vector; they show nothing.
    """

    lemma: str
    uses: Uses
    frequencies: Sequence[SenseFrequency]
    unsure: int
    without_examples: Sequence[Sense]
    lost: Sequence[Label]
    places: Listing
    counting: Counting
    unusable: Sequence[Usage] = ()

    def __repr__(self) -> str:
        return f"<Assigned of {self.lemma!r}: {len(self.uses):,} uses, {self.unsure:,} unsure>"

    def in_pile(self, name: str | Sense) -> Sequence[Assignment]:
        """The occurrences of a pile, the surest first.

        Args:
            name: a sense or its name, ``unsure`` or ``none of these``.

        Raises:
            SenseError: there is no such pile.
        """
        return sorted(self.uses.at(self._numbers(name)), key=lambda use: (-use.margin, use.line.key))

    def found_in(self, name: str | Sense) -> Listing:
        """Where the occurrences of a pile are, in the order of the corpus; see `in_pile`."""
        return self.places.at(self._numbers(name))

    def _numbers(self, name: str | Sense) -> list[int]:
        name, names = id_of(name), self.uses.piles
        if name not in names:
            raise SenseError(
                f"No line of {self.lemma!r} can have the sense {name!r}; choose one of: {', '.join(names)}."
            )
        return self.uses.numbers_in(name)

    def to_label(self, n: int | None) -> Sequence[Assignment]:
        """The occurrences that it would help most to label next: those that are least sure, and unlike each other.

        Args:
            n: how many; None for all.

        Raises:
            QueryError: it is less than 1, or is no whole number.
        """
        n = checked_count(n)
        chosen: list[Assignment] = []
        seen: set[str] = set()
        # The same line twice, in a text that is quoted, teaches nothing new.
        for use in self.uses.least_sure():
            text = f"{use.line.left[-30:]}|{use.line.node}|{use.line.right[:30]}".casefold()
            if text not in seen:
                seen.add(text)
                chosen.append(use)
            if len(chosen) == n:
                break
        return chosen

    def by_metadata(self, column: str) -> dict[str, list[int]]:
        """How many occurrences lie in each pile, by what the metadata of their documents say.

        Args:
            column: of the metadata; ``year:20`` for periods of twenty years.

        Returns:
            For each value, as it is printed, in order, the count of each sense, of none of these, and of unsure; no
            value where there is no occurrence.

        Raises:
            SenseError: no document of these occurrences has the column, or a number in it to make periods of.
            QueryError: a period is no whole number of at least 1.
        """
        return {value: self.uses.sizes_of(numbers).tolist() for value, numbers in self._by_value(column).items()}

    def frequencies_by(self, column: str) -> dict[str, list[SenseFrequency]]:
        """How often the word has each sense, by what the metadata of the documents say; see `by_metadata`.

        Args:
            column: of the metadata; ``year:20`` for periods of twenty years.

        Returns:
            For each value what `frequencies` has of all occurrences, reckoned by those alone that have it; see
            `ctxsearch.senses.telling`. So what is expected by values adds up about, and not just, to that.

        Raises:
            SenseError: see there.
            QueryError: likewise.
        """
        of_each = self._by_value(column)
        return {value: self.counting.of(self.uses.sizes_of(some)[:-1], some) for value, some in of_each.items()}

    def _by_value(self, column: str) -> dict[str, NDArray[np.int64]]:
        """The numbers of the occurrences with each value of a column, see `by_metadata`. Shape: (n,)."""
        found = list(self.uses.by_document())
        known = sorted({name for metadata, _ in found for name in metadata})
        of = parse_column(column, known)
        if not found:
            return {}
        order: dict[str, ValueOrder] = dict(of.periods(metadata for metadata, _ in found).items())
        table: dict[str, list[NDArray[np.int64]]] = {value: [] for value in order}
        for metadata, numbers in found:
            if of.name in metadata:
                # By its text: so 1 and true are told apart, and what is printed alike is added up.
                value = str(of.value(metadata))
                table.setdefault(value, []).append(numbers)
                order[value] = min(order.get(value, of.order(metadata)), of.order(metadata))
        if not table:
            have = f"there are: {', '.join(known)}" if known else "they have no metadata"
            raise SenseError(f"No document with {self.lemma!r} has the column {of.name!r}; {have}.")
        if of.width is not None and not any(of.has_number(metadata) for metadata, _ in found):
            raise SenseError(without_numbers(of.name))
        none = np.empty(0, np.int64)
        return {value: np.concatenate([none, *table[value]]) for value in sorted(table, key=order.__getitem__)}


def assigned(
    lemma: str,
    senses: Sequence[Sense],
    likely: NDArray[np.float64],
    labelled: Sequence[set[int] | None],
    examples: float,
    shards: Sequence[OpenShard],
    places: Listing,
    context: int | None,
    least_margin: float,
    without_examples: Sequence[Sense],
    lost: Sequence[Label],
    of_word: NDArray[np.float64] | None,
) -> Assigned:
    """Puts every occurrence on a pile, and adds up.

    Args:
        lemma: the word's.
        senses: those that have an example.
        likely: the probability that each occurrence has each sense; those labelled are made sure. Shape: (n, n_senses).
        labelled: the numbers of the senses that people gave each occurrence.
        examples: of a sense, in the mean.
        shards: of the index.
        places: where the occurrences are.
        context: words on either side of a line, or None for the sentence.
        least_margin: see `Senses.assign`.
        without_examples: the other senses.
        lost: labels whose occurrence is not in the index, or is of another word now.
        of_word: see `Counting`.
    """
    likely = likely.copy()
    for number, given in enumerate(labelled):
        if given:
            likely[number] = 0
            likely[number, sorted(given)] = 1 / len(given)
    answers = with_none(likely)
    ranked = np.sort(answers, axis=1)
    margins = ranked[:, -1] - ranked[:, -2]
    best = answers.argmax(axis=1)
    names = [*(sense.sense_id for sense in senses), NONE_OF_THESE]
    is_labelled = np.array([bool(given) for given in labelled], np.bool_)
    uses = Uses(
        shards,
        places,
        context,
        piles=[*names, UNSURE],
        pile=np.where(margins >= least_margin, best, len(names)),
        sense=likely.argmax(axis=1),
        p=likely.max(axis=1),
        p_none=answers[:, -1],
        margin=margins,
        is_labelled=is_labelled,
    )
    counting = Counting(names, answers, is_labelled, examples, of_word)
    frequencies = counting.of(uses.sizes[:-1])
    return Assigned(lemma, uses, frequencies, int(uses.sizes[-1]), without_examples, lost, places, counting)
