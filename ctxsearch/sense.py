"""The nouns of a sense inventory: what people found out about the senses of words, and wrote down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

BETWEEN_SENSES = "; "
"""What stands between the senses of an occurrence of which people say several, in a cell of a table."""

NONE_OF_THESE = "none of these"
UNSURE = "unsure"
NO_SENSES = ("", UNSURE, NONE_OF_THESE)
"""What a cell for a sense can have that is the name of none."""


@dataclass(frozen=True, slots=True)
class Note:
    """What somebody noted about a sense.

    Attributes:
        text: the note.
        by: who wrote it.
        at: when, in UTC, ISO 8601.
    """

    text: str
    by: str
    at: str


@dataclass(frozen=True, slots=True)
class Sense:
    """A sense of a word, as somebody tells it apart.

    Attributes:
        sense_id: what it is called, ``bank.river`` for instance; no two senses of an inventory share one.
        lemma: the word's.
        definition: as a dictionary would have it; may be empty.
        labels: how many labels people have given with it; an occurrence that two have labelled counts twice.
        lines: how many occurrences have one or more of these labels.
        examples: how many sentences it has that are no occurrences of the corpus, those of a dictionary for instance.
        notes: in the order in which they were written.
    """

    sense_id: str
    lemma: str
    definition: str
    labels: int
    lines: int
    examples: int
    notes: Sequence[Note]


def id_of(sense: str | Sense) -> str:
    """What a sense is called that is given by its name, or itself.

    Raises:
        ValueError: it is neither.
    """
    if isinstance(sense, Sense):
        return sense.sense_id
    if not isinstance(sense, str):
        raise ValueError(f"A sense is given by its id, such as 'bank.river', or as a Sense, not as {sense!r:.80}.")
    return sense


@dataclass(frozen=True, slots=True)
class Label:
    """Somebody's word that an occurrence has a sense.

    Attributes:
        key: of the occurrence.
        sense_id: of the sense.
        lemma: of the sense.
        by: who says so; of two people each can label an occurrence.
        at: when, in UTC, ISO 8601.
    """

    key: str
    sense_id: str
    lemma: str
    by: str
    at: str


@dataclass(frozen=True, slots=True)
class Change:
    """A change of an inventory.

    Attributes:
        number: of changes, from 1.
        what: a sentence that says what was done.
        by: who did it.
        at: when, in UTC, ISO 8601.
        undone: whether it has been undone.
    """

    number: int
    what: str
    by: str
    at: str
    undone: bool
