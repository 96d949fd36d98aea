"""Where the occurrences are that people labelled, as long as their words are those of the senses."""

from __future__ import annotations

from collections.abc import Sequence

from ctxsearch.analysis import normal_form
from ctxsearch.domain import ConcordanceLine
from ctxsearch.errors import KeyNotFound
from ctxsearch.query.keys import Place, find_key
from ctxsearch.query.scope import OpenShard
from ctxsearch.sense import Label


def is_use_of(occurrence: Place | ConcordanceLine, lemma: str) -> bool:
    """Whether an occurrence can have the senses of a lemma.

    As in every answer, a use is one of its lemma, and of the word that is written just so.
    """
    return lemma in (occurrence.lemma, normal_form(occurrence.form))


def place_of(shards: Sequence[OpenShard], label: Label) -> Place | None:
    """Where the occurrence is that a label is of; None where it is lost.

    A label is lost where the index does not have the text any more, or has another one in which another word stands
    there; it counts again when the word is back.
    """
    try:
        place = find_key(shards, label.key)
    except KeyNotFound:
        return None
    return place if is_use_of(place, label.lemma) else None
