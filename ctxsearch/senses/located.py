"""Where the occurrences are that people labelled, as long as their words are those of the senses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from ctxsearch.analysis import normal_form
from ctxsearch.domain import ConcordanceLine, Usage
from ctxsearch.query.finding import Place, places_of_keys
from ctxsearch.query.found import Listing
from ctxsearch.query.lines import lines
from ctxsearch.query.scope import OpenShard
from ctxsearch.sense import Label


def is_use_of(occurrence: Place | ConcordanceLine, lemma: str) -> bool:
    """Whether an occurrence can have the senses of a lemma.

    As in every answer, a use is one of its lemma, and of the word that is written just so.
    """
    return lemma in (occurrence.lemma, normal_form(occurrence.form))


def places_of(shards: Sequence[OpenShard], labels: Sequence[Label]) -> list[Place | None]:
    """Where the occurrences are that labels are of, one for each label; None where it is lost.

    A label is lost where the index does not have the text any more, or has another one in which another word stands
    there; it counts again when the word is back.
    """
    found = places_of_keys(shards, (label.key for label in labels))
    places = (found.get(label.key) for label in labels)
    return [
        place if place and is_use_of(place, label.lemma) else None for place, label in zip(places, labels, strict=True)
    ]


Shown = tuple[str, str, str]
"""What stands before a word in its sentence, the word, and what stands behind it; white space as entries have it."""


def shown_by(usage: Usage) -> Shown:
    """A sentence with its word.

    >>> shown_by(Usage("They rowed to  the bank.", 19, 23))
    ('They rowed to the', 'bank', '.')
    """
    return _spaced(usage.text[: usage.start], usage.text[usage.start : usage.end], usage.text[usage.end :])


def shown_at(shards: Sequence[OpenShard], keys: Iterable[str]) -> set[Shown]:
    """The sentences of occurrences with their words; of those that are nowhere, nothing."""
    places = [(place.shard, place.row) for place in places_of_keys(shards, keys).values()]
    found = Listing(*np.array(places, np.int64).reshape(-1, 2).T)
    return {_spaced(line.left, line.node, line.right) for line in lines(shards, found, None)}


def _spaced(left: str, node: str, right: str) -> Shown:
    return " ".join(left.split()), node, " ".join(right.split())
