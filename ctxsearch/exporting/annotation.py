"""Which sense each occurrence has, and who says so: people, by their labels, or ``assign``.

A table of lines comes back by ``senses label --from``, which takes the column ``sense`` for somebody's word. So that
column has the senses that people gave, also where senses are assigned: what ``assign`` gives is in ``assigned``.

It is kept in arrays, those of a shard in the order of its rows: 28 bytes an occurrence where senses are assigned, where
objects took 289, and 12 where people give them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ctxsearch.domain import MetadataValue, Usage
from ctxsearch.errors import NothingShows, SenseError, SenseNotFound, WordNotFound
from ctxsearch.exporting.material import Material
from ctxsearch.exporting.selecting import Part, lemmas_of
from ctxsearch.query.found import Found, by_shard
from ctxsearch.query.scope import OpenShard
from ctxsearch.query.words import spelled, word_and_written
from ctxsearch.sense import BETWEEN_SENSES, Label
from ctxsearch.senses import NONE_OF_THESE, UNSURE, Assigned
from ctxsearch.senses.located import places_of

# Occurrences whose objects are there at once.
_AT_ONCE = 4096

Cells = tuple[MetadataValue, ...]
"""What is said of the sense of an occurrence."""


@dataclass(frozen=True, slots=True)
class _OfShard:
    """What is said of occurrences of a shard.

    Attributes:
        rows: which; in order, and none twice. Shape: (n,).
        said: the number of what is said of each. Shape: (n,).
        values: the probability and the margin, or nothing. Shape: (n, 2) or (n, 0).
    """

    rows: NDArray[np.int64]
    said: NDArray[np.int32]
    values: NDArray[np.float64]


_NOTHING = _OfShard(np.empty(0, np.int64), np.empty(0, np.int32), np.empty((0, 0)))


@dataclass(frozen=True)
class Annotation:
    """The senses of occurrences.

    Attributes:
        own_columns: the names of what is said here: ``sense``; or ``assigned``, ``p`` and ``margin``; or nothing.
        notes: what else there is to know.
        said: senses that one occurrence has, often one alone; numbered.
        shards: what is said of the occurrences of each shard.
        by_people: what people say beside it, where it is not they who say this.
    """

    own_columns: Sequence[str]
    notes: Sequence[str]
    said: Sequence[Sequence[str]]
    shards: Mapping[int, _OfShard]
    by_people: Annotation | None = None

    @property
    def columns(self) -> Sequence[str]:
        """The names of the cells of an occurrence, people's word first."""
        return self.own_columns if self.by_people is None else (*self.by_people.columns, *self.own_columns)

    def cells(self, shard: int, rows: Sequence[int]) -> list[Cells]:
        """What is said of some rows of a shard, as many cells as there are columns; None where it is nothing."""
        own = self._own_cells(shard, rows)
        if self.by_people is None:
            return own
        return [(*said, *told) for said, told in zip(self.by_people.cells(shard, rows), own, strict=True)]

    def _own_cells(self, shard: int, rows: Sequence[int]) -> list[Cells]:
        known, nothing = self.shards.get(shard, _NOTHING), (None,) * len(self.own_columns)
        if not len(known.rows) or not self.own_columns:
            return [nothing] * len(rows)
        places = self._places(known, np.asarray(rows, np.int64))
        said, values = known.said[places].tolist(), known.values[places].tolist()
        return [
            (BETWEEN_SENSES.join(self.said[number]), *numbers) if place >= 0 else nothing
            for place, number, numbers in zip(places.tolist(), said, values, strict=True)
        ]

    def senses(self, shard: int, rows: Sequence[int | None]) -> list[str]:
        """The senses of some tokens by their rows; empty where nobody says any, or a token has no row."""
        known = self.shards.get(shard, _NOTHING)
        if not len(known.rows):
            return [""] * len(rows)
        places = self._places(known, np.array([-1 if row is None else row for row in rows], np.int64))
        of_place = zip(places.tolist(), known.said[places].tolist(), strict=True)
        return [BETWEEN_SENSES.join(self.said[number]) if place >= 0 else "" for place, number in of_place]

    def rows_with(self, shard: int, sense: str) -> NDArray[np.int64]:
        """The rows of a shard that have a sense, in order. Shape: (n,)."""
        known = self.shards.get(shard, _NOTHING)
        return known.rows[np.isin(known.said, [number for number, some in enumerate(self.said) if sense in some])]

    def by_sense(self, shard: int, rows: NDArray[np.int64]) -> Iterator[tuple[str, NDArray[np.int64]]]:
        """Those of some rows of a shard that have one sense alone, by that sense, in their order."""
        known = self.shards.get(shard, _NOTHING)
        if len(known.rows) and len(rows):
            places = self._places(known, rows)
            said = np.where(places >= 0, known.said[places], -1)
            for number, some in enumerate(self.said):
                if len(some) == 1 and len(own := rows[said == number]):
                    yield some[0], own

    def likelihoods(self, shard: int, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """How likely some rows have what is said of them here; 0 where nobody says how likely. Shape: (n_rows,)."""
        known = self.shards.get(shard, _NOTHING)
        if not len(known.rows) or not known.values.shape[1]:
            return np.zeros(len(rows))
        places = self._places(known, rows)
        return np.where(places >= 0, known.values[places, 0], 0.0)

    @staticmethod
    def _places(known: _OfShard, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Where some rows are among those of which something is said, which are not none; -1 where they are not."""
        at = np.minimum(np.searchsorted(known.rows, rows), len(known.rows) - 1)
        return np.where(known.rows[at] == rows, at, -1).astype(np.int64)


def annotated(material: Material, parts: Sequence[Part]) -> Annotation:
    """What is said of the senses of occurrences.

    Args:
        material: says who is to be asked.
        parts: the occurrences of a word or a pattern; of no use where all are asked for.

    Raises:
        SenseError: the sense is unknown, or nobody says which occurrences have it.
    """
    asked, inventory = material.asked, material.senses.list
    labels = [] if asked.senses == "none" else list(material.senses.labels(by=asked.by))
    if asked.senses == "assigned":
        return replace(_assigned(material, parts), by_people=_labelled(material.shards, labels))
    if asked.by is not None and not labels:
        others = ", ".join(sorted({label.by for label in material.senses.labels()}))
        raise SenseError(f"{asked.by!r} labelled nothing; {f'these did: {others}' if others else 'nobody did'}.")
    if not asked.is_of_all and labels:
        lemmas = lemmas_of(material.shards, parts)
        if asked.word is not None:
            # A use can have the senses of its lemma, and of the word that is asked for, which is written so.
            word, _ = word_and_written(material.shards, asked.word, asked.filters.written)
            lemmas.add(spelled(material.shards, word))
        labels = [label for label in labels if label.lemma in lemmas]
    if asked.sense is not None and any(part.count for part in parts):
        if not labels:
            of_what = "these" if asked.word is None else repr(asked.word)
            whose = "" if asked.by is None else f" by {asked.by}"
            raise SenseError(
                f"No line of {of_what} is labelled{whose}; to choose the lines that are likely to have the sense:"
                ' `senses="assigned"`.'
            )
        known = [sense.sense_id for lemma in sorted({label.lemma for label in labels}) for sense in inventory(lemma)]
        if asked.sense not in known:
            raise SenseNotFound(asked.sense, known)
    if not labels and (asked.senses != "labels" and asked.by is None):
        return Annotation((), (), (), {})
    return _labelled(material.shards, labels)


class Gathering:
    """What is said of occurrences, as it comes; of what is said twice of one, the last counts."""

    def __init__(self) -> None:
        self._said: dict[tuple[str, ...], int] = {}
        self._parts: dict[int, list[_OfShard]] = {}

    def add(self, places: Sequence[Found], said: Sequence[tuple[str, ...]], values: NDArray[np.float64]) -> None:
        """Adds occurrences, each with its senses and values. Shape: (n, 2) or (n, 0)."""
        numbers = np.array([self._said.setdefault(one, len(self._said)) for one in said], np.int32)
        for shard, own, rows in by_shard(places):
            self._parts.setdefault(shard, []).append(_OfShard(rows, numbers[own], values[own]))

    def made(self, columns: Sequence[str], notes: Sequence[str]) -> Annotation:
        """All of it, in order."""
        shards = {shard: _in_order(self._parts.pop(shard)) for shard in sorted(self._parts)}
        return Annotation(columns, notes, list(self._said), shards)


def _in_order(parts: Sequence[_OfShard]) -> _OfShard:
    rows = np.concatenate([part.rows for part in parts])
    order = np.argsort(rows, kind="stable")
    order = order[np.append(np.diff(rows[order]) > 0, True)]
    said, values = (np.concatenate(some) for some in zip(*((one.said, one.values) for one in parts), strict=True))
    return _OfShard(rows[order], said[order], values[order])


def _labelled(shards: Sequence[OpenShard], labels: Sequence[Label]) -> Annotation:
    given: dict[Found, set[str]] = {}
    lost = []
    for label, place in zip(labels, places_of(shards, labels), strict=True):
        if place is None:
            lost.append(label)
            continue
        given.setdefault(Found(place.shard, place.row, None), set()).add(label.sense_id)
    gathering = Gathering()
    gathering.add(list(given), [tuple(sorted(senses)) for senses in given.values()], np.empty((len(given), 0)))
    return gathering.made(("sense",), _missing(lost))


def _assigned(material: Material, parts: Sequence[Part]) -> Annotation:
    asked = material.asked
    words = [asked.word] if asked.word is not None else _with_senses(material, parts)
    gathering = Gathering()
    lost: list[Label] = []
    unusable: list[Usage] = []
    unshown: list[str] = []
    for word in words:
        try:
            found = material.senses.assign(word, where=asked.filters.where, by=asked.by, context=0)
        except (NothingShows, WordNotFound):
            # Of all words of an inventory, some are in no line, or have no sense that a line shows.
            if asked.word is not None:
                raise
            continue
        if asked.sense is not None and asked.word is not None:
            found.found_in(asked.sense)  # tells an unknown one
        _add_assigned(gathering, found)
        lost.extend(found.lost)
        unusable.extend(found.unusable)
        unshown.extend(sense.sense_id for sense in found.without_examples)
    notes = _missing(lost)
    if unshown:
        notes.append(f"Nothing shows these senses, so they were not considered: {', '.join(unshown)}.")
    if unusable:
        shown = f"{unusable[0].text[:60]!r} for instance"
        notes.append(f"Sentences without one whole word that is marked, left out: {len(unusable)}, {shown}.")
    return gathering.made(("assigned", "p", "margin"), notes)


def _with_senses(material: Material, parts: Sequence[Part]) -> list[str]:
    """The words with senses that are asked for: all of the inventory, or those of the node of a pattern.

    Raises:
        SenseError: none of the words of a pattern has a sense.
        SenseNotFound: only one sense is asked for, and none of these words has it.
    """
    asked, senses = material.asked, material.senses.list()
    if not asked.is_of_all:
        lemmas = lemmas_of(material.shards, parts)
        senses = [sense for sense in senses if sense.lemma in lemmas]
        if lemmas and not senses:
            raise SenseError("No word of these lines has a sense yet; make one with: ctxsearch senses new.")
    known = [sense.sense_id for sense in senses]
    if asked.sense is not None and asked.sense not in (*known, NONE_OF_THESE, UNSURE):
        raise SenseNotFound(asked.sense, known)
    return list(dict.fromkeys(sense.lemma for sense in senses))


def _add_assigned(gathering: Gathering, found: Assigned) -> None:
    for start in range(0, len(found.places), _AT_ONCE):
        numbers = range(start, min(start + _AT_ONCE, len(found.places)))
        uses = found.uses.at(numbers)
        values = np.array([(use.p_none if use.pile == NONE_OF_THESE else use.p, use.margin) for use in uses])
        gathering.add([found.places[number] for number in numbers], [(use.pile,) for use in uses], values)


def _missing(lost: Sequence[Label]) -> list[str]:
    keys = list(dict.fromkeys(label.key for label in lost))
    more = ", ..." if len(keys) > 5 else ""
    return (
        [f"Labels whose line is not in the index, or is of another word now: {', '.join(keys[:5])}{more}."]
        if keys
        else []
    )
