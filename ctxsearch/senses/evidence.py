"""The vectors of what has been labelled: occurrences of the corpus, and sentences of a dictionary."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ctxsearch.analysis import Analyser
from ctxsearch.domain import Usage
from ctxsearch.errors import QueryError
from ctxsearch.protocols import Encoder
from ctxsearch.query.asked import embed, marked_token
from ctxsearch.query.filing import is_given
from ctxsearch.query.found import Listing
from ctxsearch.query.scope import OpenShard
from ctxsearch.query.vectors import decoded
from ctxsearch.sense import Label
from ctxsearch.senses.located import places_of


class Evidence(NamedTuple):
    """What shows the senses of a word.

    Attributes:
        vectors: of the occurrences labelled, then of the sentences. Shape: (n, dimension).
        senses: the number of each one's sense. Shape: (n,).
        places: shard and row of the occurrences, which come first.
        sentences: the others.
        lost: labels whose occurrence is not in the index, or no longer, or is of another word now.
        unusable: sentences that mark no single word, or one that has no vector; they show nothing.
    """

    vectors: NDArray[np.float32]
    senses: NDArray[np.int64]
    places: Sequence[tuple[int, int]]
    sentences: Sequence[Usage]
    lost: Sequence[Label]
    unusable: Sequence[Usage]


def gather(
    shards: Sequence[OpenShard],
    sense_ids: Sequence[str],
    labels: Sequence[Label],
    examples: Sequence[tuple[str, Usage]],
    analyser: Analyser,
    get_encoder: Callable[[], Encoder],
) -> Evidence:
    """Looks up the vectors of occurrences, and embeds sentences, for which alone the encoder is loaded.

    Args:
        shards: of the index.
        sense_ids: the senses, by number.
        labels: of occurrences, by any number of people; one that two people give different senses shows both.
        examples: sentences, each with its sense.
        analyser: cuts sentences into words.
        get_encoder: gives the index's encoder.
    """
    number_of = {sense_id: number for number, sense_id in enumerate(sense_ids)}
    places: list[tuple[int, int]] = []
    senses: list[int] = []
    lost = []
    seen = set()
    for label, place in zip(labels, places_of(shards, labels), strict=True):
        if (label.key, label.sense_id) in seen:
            continue
        seen.add((label.key, label.sense_id))
        if place is None:
            lost.append(label)
            continue
        places.append((place.shard, place.row))
        senses.append(number_of[label.sense_id])
    usable, of_sentences = _embedded(examples, analyser, get_encoder, partial(is_given, shards))
    senses.extend(number_of[sense_id] for sense_id, _ in usable)
    dimension = shards[0].parameters.dimension
    of_labels = decoded(shards, Listing(*np.array(places, np.int64).reshape(-1, 2).T))
    joined = np.concatenate([of_labels, np.array(of_sentences, np.float32).reshape(-1, dimension)])
    # What codes say is nearly, not quite, of unit length.
    lengths = np.linalg.norm(joined, axis=1, keepdims=True)
    joined /= np.where(lengths > 0, lengths, np.float32(1))
    used = set(usable)
    unusable = [usage for sense_id, usage in examples if (sense_id, usage) not in used]
    return Evidence(joined, np.array(senses, np.int64), places, [usage for _, usage in usable], lost, unusable)


def _embedded(
    examples: Sequence[tuple[str, Usage]],
    analyser: Analyser,
    get_encoder: Callable[[], Encoder],
    is_token: Callable[[str], bool],
) -> tuple[list[tuple[str, Usage]], Sequence[NDArray[np.float32]]]:
    """The sentences whose marked word has a vector, and these vectors."""
    usable = [one for one in examples if _marks_a_word(one[1], analyser, is_token)]
    while usable:
        try:
            return usable, list(embed([usage for _, usage in usable], analyser, get_encoder(), is_token))
        except QueryError as error:
            if error.usage_number is None:
                raise
            # What the model has no piece for is told of one sentence at a time, and is in hardly any.
            del usable[error.usage_number]
    return [], []


def _marks_a_word(usage: Usage, analyser: Analyser, is_token: Callable[[str], bool]) -> bool:
    try:
        marked_token(usage, analyser, is_token)
    except QueryError:
        return False
    return True
