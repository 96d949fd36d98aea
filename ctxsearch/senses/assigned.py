"""Every occurrence of a word with the sense that it is likeliest to have, and what that adds up to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import starmap

import numpy as np
from numpy.typing import NDArray

from ctxsearch.domain import Usage
from ctxsearch.errors import SenseError
from ctxsearch.query.columns import ValueOrder, parse_column, without_numbers
from ctxsearch.query.found import Listing
from ctxsearch.query.options import checked_count
from ctxsearch.query.scope import OpenShard
from ctxsearch.sense import NONE_OF_THESE, UNSURE, Label, Sense, id_of
from ctxsearch.senses.telling import estimate
from ctxsearch.senses.uses import Assignment, Uses

_OF_NORMAL_95 = 1.96


@dataclass(frozen=True, slots=True)
class SenseFrequency:
    """How often a word has a sense.

    Attributes:
        sense_id: the sense, or ``none of these``.
        assigned: occurrences in its pile.
        expected: how many occurrences are likely to have it, see `ctxsearch.senses.telling`: those that are labelled,
            and of the others an estimate.
        low: the lower end of a 95 % interval, by how far off the estimate was for words that were labelled throughout.
        high: the upper end.
    """

    sense_id: str
    assigned: int
    expected: float
    low: float
    high: float


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
        unusable: sentences of its senses that mark no single word, or one that has no vector; they show nothing.
    """

    lemma: str
    uses: Uses
    frequencies: Sequence[SenseFrequency]
    unsure: int
    without_examples: Sequence[Sense]
    lost: Sequence[Label]
    places: Listing
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
        found = list(self.uses.by_document())
        known = sorted({name for metadata, _ in found for name in metadata})
        of = parse_column(column, known)
        if not found:
            return {}
        none = np.zeros(len(self.uses.piles), np.int64)
        order: dict[str, ValueOrder] = dict(of.periods(metadata for metadata, _ in found).items())
        table: dict[str, NDArray[np.int64]] = dict.fromkeys(order, none)
        for metadata, counts in found:
            if of.name in metadata:
                # By its text: so 1 and true are told apart, and what is printed alike is added up.
                value = str(of.value(metadata))
                table[value] = table.get(value, none) + counts
                order[value] = min(order.get(value, of.order(metadata)), of.order(metadata))
        if not table:
            have = f"there are: {', '.join(known)}" if known else "they have no metadata"
            raise SenseError(f"No document with {self.lemma!r} has the column {of.name!r}; {have}.")
        if of.width is not None and not any(of.has_number(metadata) for metadata, _ in found):
            raise SenseError(without_numbers(of.name))
        return {value: table[value].tolist() for value in sorted(table, key=order.__getitem__)}


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
    """
    likely = likely.copy()
    for number, given in enumerate(labelled):
        if given:
            likely[number] = 0
            likely[number, sorted(given)] = 1 / len(given)
    answers = np.column_stack([likely, np.maximum(0, 1 - likely.sum(axis=1))])
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
    sizes = uses.sizes.tolist()
    known, rest = answers[is_labelled].sum(axis=0), estimate(answers[~is_labelled], examples)
    expected, spread = known + rest.expected, _OF_NORMAL_95 * rest.deviation
    # What people know is not in doubt: no sense has less, and none has the rest of these.
    low, high = np.maximum(known, expected - spread), np.minimum(known + np.sum(~is_labelled), expected + spread)
    counts = (column.tolist() for column in (expected, low, high))
    frequencies = list(starmap(SenseFrequency, zip(names, sizes[:-1], *counts, strict=True)))
    return Assigned(lemma, uses, frequencies, sizes[-1], without_examples, lost, places)
