"""Which pieces of a model's tokenizer make which word.

Pieces and tokens are both cut from the same text, so they are aligned by their character offsets: a piece belongs to
every token it shares a character with. Counting pieces, or asking a tokenizer for its own idea of a word, goes wrong
silently for zero-width characters, lone combining marks and whole families of tokenizers.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Alignment(NamedTuple):
    """The pieces of each token: those from ``first`` up to, not including, ``last``; none where they are equal.

    Attributes:
        first: Shape: (n_tokens,), int64.
        last: Shape: (n_tokens,), int64.
    """

    first: NDArray[np.int64]
    last: NDArray[np.int64]


def align(piece_spans: NDArray[np.int64], token_spans: NDArray[np.int64]) -> Alignment:
    """Aligns the pieces of a text with its tokens.

    Args:
        piece_spans: start and end of each piece, in order. Shape: (n_pieces, 2).
        token_spans: start and end of each token, in order. Shape: (n_tokens, 2).

    >>> align(np.array([[0, 2], [2, 3], [3, 6], [6, 7]]), np.array([[0, 6]]))
    Alignment(first=array([0]), last=array([3]))
    """
    # A piece of no width (a model's own mark) lies in no token.
    wide = np.flatnonzero(piece_spans[:, 1] > piece_spans[:, 0])
    starts, ends = piece_spans[wide, 0], piece_spans[wide, 1]
    # The bytes of one character, cut apart, all have the character's span; a mark that normalization moved can step
    # back. Running extremes keep both columns in order for the search, and change nothing else.
    ends = np.maximum.accumulate(ends) if len(ends) else ends
    starts = np.minimum.accumulate(starts[::-1])[::-1] if len(starts) else starts
    first = np.searchsorted(ends, token_spans[:, 0], side="right")
    last = np.searchsorted(starts, token_spans[:, 1], side="left")
    found = last > first
    result = np.zeros((2, len(token_spans)), dtype=np.int64)
    result[0, found] = wide[first[found]]
    result[1, found] = wide[last[found] - 1] + 1
    return Alignment(result[0], result[1])
