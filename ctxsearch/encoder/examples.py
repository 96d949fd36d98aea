"""Labelled uses as a model sees them in training: windows of pieces, and where in them each use is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ctxsearch.domain import Segment
from ctxsearch.encoder.framing import Framing
from ctxsearch.encoder.tokenizer import PieceTokenizer


class Examples(NamedTuple):
    """Windows, and uses in them.

    Attributes:
        windows: the pieces of each, special ones included.
        spans: for each use its window; the first piece of the word, and the one after its last; likewise of the part of
            its sentence that is in the window. Shape: (n_uses, 5), int64.
        specials: how many pieces of a window come before its text, and after it.
        present: which of the uses asked for have a piece; the others are in no span. Shape: (n_asked,).
    """

    windows: list[NDArray[np.int64]]
    spans: NDArray[np.int64]
    specials: tuple[int, int]
    present: NDArray[np.bool_]


def examples(
    tokenizer: PieceTokenizer, window: int, passages: Sequence[Sequence[Segment]], tokens: NDArray[np.int64]
) -> Examples:
    """Frames passages as an index would, and finds some of their tokens.

    Args:
        tokenizer: the model's.
        window: pieces that the model sees at once.
        passages: see `Encoder.encode`.
        tokens: the numbers of the tokens wanted, counted through all passages. Shape: (n_asked,).
    """
    framed = Framing(tokenizer, window).frame(passages)
    prefix, suffix = (np.array(ids, np.int64) for ids in (tokenizer.prefix, tokenizer.suffix))
    windows = [
        np.concatenate([prefix, framed.ids[start:stop], suffix]) for start, stop in framed.windows[:, :2].tolist()
    ]
    first, last = framed.alignment.first[tokens], framed.alignment.last[tokens]
    present = last > first
    first, last, tokens = first[present], last[present], tokens[present]
    number = np.searchsorted(framed.windows[:, 2], first, side="right") - 1
    starts, stops = framed.windows[number, 0], framed.windows[number, 1]
    sentence = framed.sentence_of[tokens]
    begin, end = framed.sentences.first[sentence], framed.sentences.last[sentence]
    shift = len(prefix) - starts
    columns = [np.minimum(last, stops), np.maximum(begin, starts), np.minimum(end, stops)]
    spans = np.stack([number, first + shift, *(column + shift for column in columns)], axis=1)
    return Examples(windows, spans, (len(prefix), len(suffix)), present)
