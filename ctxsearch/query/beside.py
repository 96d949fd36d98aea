"""The places beside some occurrences: each once, in however many windows it is.

Where they are few, the sentences are read. Where they are many, it is less to look at all rows of the shard, whose ids
say where they stand: no text is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ctxsearch.catalog.rows import SPAN
from ctxsearch.errors import IndexDamaged
from ctxsearch.query.scope import OpenShard
from ctxsearch.vectors.files import TOKEN_BITS

# Sentences read, and rows looked at, in one go.
_SENTENCES, _ROWS = 2048, 1 << 18
# To read what stands beside an occurrence takes as long as to look at so many rows; or so many, and at all forms.
_ROWS_AN_OCCURRENCE, _ROWS_AND_FORMS = 1000, 100
_TOKEN_MASK = (1 << TOKEN_BITS) - 1


class _Windows(NamedTuple):
    """The sentences of some occurrences, one behind the other, and which of their places are in a window.

    Attributes:
        firsts: the first place of each sentence. Shape: (n_sentences,).
        stops: behind its last one. Shape: (n_sentences,).
        within: which places are in a window. Shape: (n_places,).
    """

    firsts: NDArray[np.int64]
    stops: NDArray[np.int64]
    within: NDArray[np.bool_]


def are_many(shard: OpenShard, ids: NDArray[np.int64], *, by_form: bool) -> bool:
    """Whether it is faster to look at all rows, for their lemmas or for their forms, than to read `places_beside`."""
    rows = len(ids) * (_ROWS_AND_FORMS if by_form else _ROWS_AN_OCCURRENCE)
    # Only in a stranger's file are there more sentences than words.
    return rows > shard.entry.rows and int(ids[-1] >> TOKEN_BITS) < shard.entry.rows


def rows_beside(
    shard: OpenShard, ids: NDArray[np.int64], left: int | None, right: int | None
) -> tuple[NDArray[np.bool_], int]:
    """Which rows are within so many places of some tokens, and how many places are, with a row or without.

    Args:
        shard: where.
        ids: of the tokens, in order, each once. Shape: (n_ids,).
        left: see `places_beside`.
        right: likewise.

    Returns:
        The rows, of all of the shard, Shape: (n_rows,), and the number of places.
    """
    numbers = np.unique(ids >> TOKEN_BITS)
    windows = _windows(shard, numbers, shard.catalog.token_counts(numbers), ids, left, right)
    sentence_of = np.full(int(numbers[-1]) + 2, -1, np.int32)
    sentence_of[numbers] = np.arange(len(numbers))
    beside = np.zeros(shard.entry.rows, np.bool_)
    for start in range(0, len(beside), _ROWS):
        some = shard.files.ids[start : start + _ROWS]
        sentences = sentence_of[np.clip(some >> TOKEN_BITS, -1, len(sentence_of) - 1)]
        rows = np.flatnonzero(sentences >= 0)
        places = windows.firsts[sentences[rows]] + (some[rows] & _TOKEN_MASK)
        known = places < windows.stops[sentences[rows]]
        beside[start + rows[known]] = windows.within[places[known]]
    return beside, int(np.count_nonzero(windows.within))


def places_beside(
    shard: OpenShard, ids: NDArray[np.int64], left: int | None, right: int | None
) -> Iterator[tuple[list[str], NDArray[np.int64]]]:
    """The tokens within so many places of some, in their sentences, as written and by their ids, part by part.

    One of those themselves is among them only where it is beside another.

    Args:
        shard: where.
        ids: of the tokens that they are beside, in order, each once. Shape: (n_ids,).
        left: places before each; None for all to the beginning of the sentence.
        right: places after each; None for all to its end.
    """
    numbers = np.unique(ids >> TOKEN_BITS)
    for start in range(0, len(numbers), _SENTENCES):
        some = numbers[start : start + _SENTENCES]
        first, stop = np.searchsorted(ids, [some[0] << TOKEN_BITS, (some[-1] + 1) << TOKEN_BITS])
        yield _in_sentences(shard, some, ids[first:stop], left, right)


def _in_sentences(
    shard: OpenShard, numbers: NDArray[np.int64], ids: NDArray[np.int64], left: int | None, right: int | None
) -> tuple[list[str], NDArray[np.int64]]:
    """`places_beside` of tokens in some sentences, both in order, each once."""
    found = shard.catalog.segments(numbers.tolist())
    if len(found) != len(numbers):
        raise IndexDamaged(str(shard.catalog.path), "segments are missing")
    sentences = [found[number] for number in numbers.tolist()]
    spans = np.frombuffer(b"".join(one.tokens for one in sentences), "<u2").reshape(-1, 2).astype(np.int64)
    counts = np.array([len(one.tokens) // SPAN.size for one in sentences], np.int64)
    firsts, stops, within = _windows(shard, numbers, counts, ids, left, right)
    places = np.flatnonzero(within)
    sentence = np.searchsorted(stops, places, side="right")
    lengths = np.array([len(one.text) for one in sentences], np.int64)
    cut = (spans[places] + (np.cumsum(lengths) - lengths)[sentence, np.newaxis]).tolist()
    text = "".join(one.text for one in sentences)
    return [text[start:end] for start, end in cut], (numbers[sentence] << TOKEN_BITS) + places - firsts[sentence]


def _windows(
    shard: OpenShard,
    numbers: NDArray[np.int64],
    counts: NDArray[np.int64],
    ids: NDArray[np.int64],
    left: int | None,
    right: int | None,
) -> _Windows:
    """The windows of tokens in some sentences, which have so many tokens each."""
    stops = np.cumsum(counts)
    firsts = stops - counts
    own = np.searchsorted(numbers, ids >> TOKEN_BITS)
    nodes = firsts[own] + (ids & _TOKEN_MASK)
    if (nodes >= stops[own]).any():
        raise IndexDamaged(str(shard.catalog.path), "a segment has fewer tokens than rows stand for")
    # How many windows each place is in: one more from where they begin, one less where they stop.
    begin = firsts[own] if left is None else np.maximum(firsts[own], nodes - min(left, _TOKEN_MASK))
    stop = stops[own] if right is None else np.minimum(stops[own], nodes + 1 + min(right, _TOKEN_MASK))
    size = int(counts.sum()) + 1
    within = np.cumsum(np.bincount(begin, minlength=size) - np.bincount(stop, minlength=size))
    within[nodes] -= 1  # its own
    return _Windows(firsts, stops, within[:-1] > 0)
