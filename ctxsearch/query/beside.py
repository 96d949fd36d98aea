"""The places beside some occurrences: each once, in however many windows it is.

Where they are few, the sentences are read. Where they are many, it is less to look at all rows of the shard, whose ids
say where they stand: no text is read.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ctxsearch.query.scope import OpenShard
from ctxsearch.query.sentences import AT_ONCE, Tokens, sentences
from ctxsearch.vectors.files import TOKEN_BITS, TOKEN_MASK

# Rows looked at in one go, and sentences whose tokens are counted.
_ROWS, _SENTENCES = 1 << 18, 1 << 15
# To read what stands beside an occurrence takes as long as to look at so many rows; or so many, and at all forms.
_ROWS_AN_OCCURRENCE, _ROWS_AND_FORMS = 1000, 100


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
    counts, windows = [], []
    for some, own in _parts(numbers, ids, _SENTENCES):
        counts.append(shard.catalog.token_counts(some))
        windows.append(_windows(shard, Tokens.counted(some, counts[-1]), own, left, right))
    tokens, within = Tokens.counted(numbers, np.concatenate(counts)), np.concatenate(windows)
    sentence_of = np.full(int(numbers[-1]) + 2, -1, np.int32)
    sentence_of[numbers] = np.arange(len(numbers))
    beside = np.zeros(shard.entry.rows, np.bool_)
    for start in range(0, len(beside), _ROWS):
        some = shard.files.ids[start : start + _ROWS]
        sentence = sentence_of[np.clip(some >> TOKEN_BITS, -1, len(sentence_of) - 1)]
        rows = np.flatnonzero(sentence >= 0)
        places = tokens.firsts[sentence[rows]] + (some[rows] & TOKEN_MASK)
        known = places < tokens.stops[sentence[rows]]
        beside[start + rows[known]] = within[places[known]]
    return beside, int(np.count_nonzero(within))


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
    for some, own in _parts(np.unique(ids >> TOKEN_BITS), ids, AT_ONCE):
        yield _in_sentences(shard, some, own, left, right)


def _parts(
    numbers: NDArray[np.int64], ids: NDArray[np.int64], size: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Sentences, so many at a time, with the tokens of those that are in them; both in order."""
    for start in range(0, len(numbers), size):
        some = numbers[start : start + size]
        first, stop = np.searchsorted(ids, [some[0] << TOKEN_BITS, (some[-1] + 1) << TOKEN_BITS])
        yield some, ids[first:stop]


def _in_sentences(
    shard: OpenShard, numbers: NDArray[np.int64], ids: NDArray[np.int64], left: int | None, right: int | None
) -> tuple[list[str], NDArray[np.int64]]:
    """`places_beside` of tokens in some sentences, both in order, each once."""
    read = sentences(shard, numbers)
    places = np.flatnonzero(_windows(shard, read.tokens, ids, left, right))
    sentence = np.searchsorted(read.tokens.stops, places, side="right")
    forms = [read.text[start:end] for start, end in read.spans[places].tolist()]
    return forms, (numbers[sentence] << TOKEN_BITS) + places - read.tokens.firsts[sentence]


def _windows(
    shard: OpenShard, tokens: Tokens, ids: NDArray[np.int64], left: int | None, right: int | None
) -> NDArray[np.bool_]:
    """Which tokens of some sentences are in a window of those with some ids. Shape: (n_tokens,)."""
    own, nodes = tokens.of(shard, ids)
    # How many windows each place is in: one more from where they begin, one less where they stop.
    begin, stop = tokens.firsts[own], tokens.stops[own]
    if left is not None:
        begin = np.maximum(begin, nodes - min(left, TOKEN_MASK))
    if right is not None:
        stop = np.minimum(stop, nodes + 1 + min(right, TOKEN_MASK))
    size = int(tokens.stops[-1]) + 1
    within = np.cumsum(np.bincount(begin, minlength=size) - np.bincount(stop, minlength=size))
    within[nodes] -= 1  # its own
    return within[:-1] > 0
