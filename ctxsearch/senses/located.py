"""Where the occurrences are that people labelled, as long as their words are those of the senses."""

from __future__ import annotations

from collections.abc import Sequence

from ctxsearch.analysis import normal_form
from ctxsearch.domain import ConcordanceLine
from ctxsearch.query.finding import Place, places_of_keys
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
