"""Which occurrences are written, and which sense each has.

All of an index are never in memory at once: the rows of a shard are put in order when they are needed, and lines and
vectors are made of so many at a time.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ctxsearch.domain import ConcordanceLine, MetadataValue
from ctxsearch.errors import KeyNotFound, NothingShows, SenseError, SenseNotFound, WordNotFound
from ctxsearch.exporting.material import Asked, Material
from ctxsearch.query.concordance import occurrences
from ctxsearch.query.keys import find_key
from ctxsearch.query.lines import lines
from ctxsearch.query.ranking import Found, by_shard
from ctxsearch.query.scope import OpenShard, Rows, allowed_documents, row_mask
from ctxsearch.sense import Label
from ctxsearch.senses import NONE_OF_THESE
from ctxsearch.vectors.files import TOKEN_BITS

_AT_ONCE = 4096

Cells = tuple[MetadataValue, ...]


class _Told(NamedTuple):
    """What is said of the sense of an occurrence."""

    senses: tuple[str, ...]
    p: float | None = None
    margin: float | None = None

    def cells(self, names: Sequence[str]) -> Cells:
        return ("; ".join(self.senses) or None, self.p, self.margin)[: len(names)]


@dataclass(frozen=True)
class _Part:
    """The occurrences of one shard: how many, and what gives their rows, in the order of the text."""

    count: int
    rows: Callable[[], NDArray[np.int64]]


@dataclass(frozen=True)
class Chosen:
    """The occurrences that are written, in the order of the corpus.

    Attributes:
        material: what they are of.
        parts: those of each shard.
        sense_columns: the names of what is said of their senses: ``sense``, ``p``, ``margin``, or some of these.
        told: what is said, by shard and row.
        notes: what else there is to know.
    """

    material: Material
    parts: Sequence[_Part]
    sense_columns: Sequence[str]
    told: Mapping[tuple[int, int], _Told]
    notes: Sequence[str]

    @property
    def count(self) -> int:
        """How many there are."""
        return sum(part.count for part in self.parts)

    def blocks(self) -> Iterator[list[Found]]:
        """The occurrences, some at a time; how many are done is told after each."""
        done, total = 0, self.count
        self.material.tell(0, total)
        for shard, part in enumerate(self.parts):
            rows = part.rows() if part.count else np.empty(0, np.int64)
            for start in range(0, len(rows), _AT_ONCE):
                block = [Found(shard, row, None) for row in rows[start : start + _AT_ONCE].tolist()]
                yield block
                done += len(block)
                self.material.tell(done, total)

    def lines(self, context: int | None) -> Iterator[list[tuple[ConcordanceLine, Cells]]]:
        """Their lines, some at a time, each with what is said of its sense.

        Args:
            context: words on either side, or None for the sentence.
        """
        for block in self.blocks():
            yield self.lines_of(block, context)

    def lines_of(self, block: Sequence[Found], context: int | None) -> list[tuple[ConcordanceLine, Cells]]:
        """The lines of some of them, see `lines`."""
        nothing = _Told(()).cells(self.sense_columns)
        made = []
        for one, line in zip(block, lines(self.material.shards, block, context), strict=True):
            told = self.told.get((one.shard, one.row))
            made.append((line, nothing if told is None else told.cells(self.sense_columns)))
        return made

    def by_sense(self) -> dict[str, list[Found]]:
        """Where the occurrences of each sense are, without those that people give different senses."""
        found: dict[str, list[Found]] = {}
        if self.told:
            for block in self.blocks():
                for one in block:
                    told = self.told.get((one.shard, one.row))
                    if told is not None and len(told.senses) == 1:
                        found.setdefault(told.senses[0], []).append(one)
        return found

    def metadata_columns(self) -> list[str]:
        """The names that the metadata of their documents have."""
        names: set[str] = set()
        for shard, part in zip(self.material.shards, self.parts, strict=True):
            if part.count:
                segments = shard.files.ids[part.rows()] >> TOKEN_BITS
                numbers = np.unique(np.searchsorted(shard.catalog.first_segments, segments, side="right") - 1)
                for start in range(0, len(numbers), _AT_ONCE):
                    documents = shard.catalog.documents(numbers[start : start + _AT_ONCE].tolist())
                    names.update(name for document in documents.values() for name in document.metadata)
        return sorted(names)


def choose(material: Material) -> Chosen:
    """The occurrences that are asked for.

    Raises:
        WordNotFound: the corpus does not have the word.
        QueryError: a filter cannot be understood.
        SenseError: the sense is unknown, or nobody says which occurrences have it.
    """
    asked, shards = material.asked, material.shards
    parts = _of_all(shards, asked.filters.where) if asked.word is None else _of_word(shards, asked.word, asked)
    columns, told, notes = _told(material, parts)
    if asked.sense is not None:
        parts = _with_sense(parts, told, asked.sense)
    if asked.sample is not None:
        parts = _sampled(parts, asked.sample, asked.seed)
    return Chosen(material, parts, columns, told, notes)


def _of_word(shards: Sequence[OpenShard], word: str, asked: Asked) -> list[_Part]:
    found = occurrences(shards, word, asked.filters)
    rows = {number: of_shard for number, _, of_shard in by_shard(found)}
    return [_known(rows.get(number, np.empty(0, np.int64))) for number in range(len(shards))]


def _known(rows: NDArray[np.int64]) -> _Part:
    return _Part(len(rows), lambda: rows)


def _of_all(shards: Sequence[OpenShard], where: Sequence[str]) -> list[_Part]:
    made = []
    for shard, documents in zip(shards, allowed_documents(shards, where), strict=True):
        every = Rows(0, shard.entry.rows)
        # Which rows they are is asked again when they are needed; their number alone is kept.
        count = every.stop if documents is None else int(np.count_nonzero(row_mask(shard, [every], documents)))
        made.append(_Part(count, partial(_in_order, shard, documents)))
    return made


def _in_order(shard: OpenShard, documents: NDArray[np.bool_] | None) -> NDArray[np.int64]:
    rows = np.arange(shard.entry.rows, dtype=np.int64)
    if documents is not None:
        rows = rows[row_mask(shard, [Rows(0, len(rows))], documents)]
    ordered: NDArray[np.int64] = rows[np.argsort(shard.files.ids[rows], kind="stable")]
    return ordered


def _sampled(parts: Sequence[_Part], sample: int, seed: int) -> list[_Part]:
    """The sample that `concordance` draws of the same occurrences with the same seed."""
    total = sum(part.count for part in parts)
    if sample >= total:
        return list(parts)
    places = np.array(sorted(random.Random(seed).sample(range(total), sample)), np.int64)
    made, before = [], 0
    for part in parts:
        own = places[(places >= before) & (places < before + part.count)] - before
        made.append(_Part(len(own), partial(_some, part, own)))
        before += part.count
    return made


def _some(part: _Part, places: NDArray[np.int64]) -> NDArray[np.int64]:
    return part.rows()[places]


def _with_sense(parts: Sequence[_Part], told: Mapping[tuple[int, int], _Told], sense: str) -> list[_Part]:
    made = []
    for shard, part in enumerate(parts):
        wanted = [row for (number, row), one in told.items() if number == shard and sense in one.senses]
        rows = part.rows()
        made.append(_known(rows[np.isin(rows, np.array(wanted, np.int64))]))
    return made


def _told(
    material: Material, parts: Sequence[_Part]
) -> tuple[Sequence[str], Mapping[tuple[int, int], _Told], Sequence[str]]:
    """The names of what is said of senses, what is said, by shard and row, and what else there is to know."""
    asked, inventory = material.asked, material.senses.list
    if asked.senses == "assigned":
        return ("sense", "p", "margin"), *_assigned(material)
    labels = [] if asked.senses == "none" else list(material.senses.labels(by=asked.by))
    if asked.word is not None and labels:
        lemmas = _lemmas(material.shards, parts)
        labels = [label for label in labels if label.lemma in lemmas]
    if asked.sense is not None:
        if not labels:
            whose = "" if asked.by is None else f" by {asked.by}"
            raise SenseError(
                f"No line of {asked.word!r} is labelled{whose}; to choose the lines that are likely to have the sense:"
                " --senses assigned."
            )
        known = [sense.sense_id for lemma in sorted({label.lemma for label in labels}) for sense in inventory(lemma)]
        if asked.sense not in known:
            raise SenseNotFound(asked.sense, known)
    if not labels and (asked.senses != "labels" and asked.by is None):
        return (), {}, ()
    return ("sense",), *_labelled(material.shards, labels)


def _labelled(
    shards: Sequence[OpenShard], labels: Sequence[Label]
) -> tuple[Mapping[tuple[int, int], _Told], Sequence[str]]:
    given: dict[tuple[int, int], set[str]] = {}
    lost = []
    for label in labels:
        try:
            place = find_key(shards, label.key)
        except KeyNotFound:
            lost.append(label)
            continue
        given.setdefault((place.shard, place.row), set()).add(label.sense_id)
    return {place: _Told(tuple(sorted(senses))) for place, senses in given.items()}, _missing(lost)


def _assigned(material: Material) -> tuple[Mapping[tuple[int, int], _Told], Sequence[str]]:
    asked = material.asked
    every = dict.fromkeys(sense.lemma for sense in material.senses.list())
    words = list(every) if asked.word is None else [asked.word]
    told: dict[tuple[int, int], _Told] = {}
    lost: list[Label] = []
    unshown: list[str] = []
    for word in words:
        try:
            found = material.senses.assign(word, where=asked.filters.where, by=asked.by, context=0)
        except (NothingShows, WordNotFound):
            # Of all words of an inventory, some are in no line, or have no sense that a line shows.
            if asked.word is not None:
                raise
            continue
        if asked.sense is not None:
            found.found_in(asked.sense)  # tells an unknown one
        for place, use in zip(found.places, found.uses, strict=True):
            p = use.p_none if use.pile == NONE_OF_THESE else use.p
            told[place.shard, place.row] = _Told((use.pile,), p, use.margin)
        lost.extend(found.lost)
        unshown.extend(sense.sense_id for sense in found.without_examples)
    notes = _missing(lost)
    if unshown:
        notes.append(f"Nothing shows these senses, so they were not considered: {', '.join(unshown)}.")
    return told, notes


def _missing(lost: Sequence[Label]) -> list[str]:
    keys = list(dict.fromkeys(label.key for label in lost))
    more = ", ..." if len(keys) > 5 else ""
    return [f"Labels whose line is not in the index: {', '.join(keys[:5])}{more}."] if keys else []


def _lemmas(shards: Sequence[OpenShard], parts: Sequence[_Part]) -> set[str]:
    """The lemmas that some occurrences are filed under."""
    found: set[str] = set()
    for shard, part in zip(shards, parts, strict=True):
        if part.count:
            numbers = np.unique(np.searchsorted(shard.files.lists, part.rows(), side="right") - 1)
            found.update(shard.catalog.lemmas(numbers.tolist()).values())
    return found


@dataclass(frozen=True)
class TextSenses:
    """The senses of the tokens of a corpus.

    Attributes:
        documents: how many documents are written.
        notes: what else there is to know.
    """

    told: Mapping[tuple[int, int], _Told]
    documents: int
    notes: Sequence[str]

    def of(self, shard: int, row: int | None) -> str:
        """The sense of the token with this row; empty where nobody says any."""
        one = None if row is None else self.told.get((shard, row))
        return "" if one is None else "; ".join(one.senses)


def senses_of_texts(material: Material) -> TextSenses:
    """The senses of all tokens of the documents that are asked for.

    Raises:
        QueryError: a condition cannot be understood.
        SenseError: senses are to be assigned, and cannot be.
    """
    allowed = allowed_documents(material.shards, material.asked.filters.where)
    _, told, notes = _told(material, [])
    documents = sum(
        shard.entry.documents if some is None else int(np.count_nonzero(some))
        for shard, some in zip(material.shards, allowed, strict=True)
    )
    return TextSenses(told, documents, notes)
