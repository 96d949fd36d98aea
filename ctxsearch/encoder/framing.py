"""From segments to what a model sees, and where each word's pieces are in it; whatever runs the model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ctxsearch.alignment import Alignment, align
from ctxsearch.domain import Segment
from ctxsearch.encoder.tokenizer import PieceTokenizer
from ctxsearch.encoder.windows import Window, windows


class Framed(NamedTuple):
    """Some passages, cut into pieces and packed into windows.

    Attributes:
        ids: of all pieces, without special ones. Shape: (n_pieces,), int64.
        windows: those that hold a piece of a word.
        alignment: the pieces of each token.
        sentences: the pieces of each segment; the windows left out are among them. Shape: (n_segments,) each.
        sentence_of: the number of each token's segment. Shape: (n_tokens,).
    """

    ids: NDArray[np.int64]
    windows: list[Window]
    alignment: Alignment
    sentences: Alignment
    sentence_of: NDArray[np.int64]


class Framing:
    """Cuts and packs passages for one model.

    Args:
        tokenizer: the model's.
        window: pieces that the model sees at once, its special ones included.
    """

    def __init__(self, tokenizer: PieceTokenizer, window: int) -> None:
        self._tokenizer = tokenizer
        self._specials = len(tokenizer.prefix) + len(tokenizer.suffix)
        self._room = window - self._specials

    def frame(self, passages: Sequence[Sequence[Segment]]) -> Framed:
        """Cuts passages into pieces, packs them, and says which pieces make which token."""
        segments = [segment for passage in passages for segment in passage]
        cut = self._tokenizer.cut([segment.text for segment in segments])
        counts = [len(ids) for ids, _ in cut]
        left = iter(counts)
        packed = windows([[next(left) for _ in passage] for passage in passages], self._room)
        ids = np.concatenate([np.empty(0, np.int64), *(ids for ids, _ in cut)])
        alignment = _align_all(segments, [spans for _, spans in cut])
        ends = np.cumsum(counts, dtype=np.int64)
        sentence_of = np.repeat(np.arange(len(segments)), [len(segment.spans) for segment in segments])
        sentences = Alignment(ends - np.array(counts, np.int64), ends)
        return Framed(ids, _with_words(packed, alignment), alignment, sentences, sentence_of)

    def lengths(self, framed: Framed) -> list[int]:
        """Pieces of each window, special ones included."""
        return [window.stop - window.start + self._specials for window in framed.windows]

    def inputs(self, framed: Framed, batch: Sequence[int], length: int, padding: int = 0) -> NDArray[np.int64]:
        """What the model gets of some windows.

        Args:
            framed: the passages.
            batch: the windows' numbers.
            length: of the longest, or more.
            padding: the id that fills up the others.

        Returns:
            Shape: (n_windows, length).
        """
        inputs = np.full((len(batch), length), padding, dtype=np.int64)
        prefix, suffix = self._tokenizer.prefix, self._tokenizer.suffix
        for row, number in enumerate(batch):
            window = framed.windows[number]
            ids = [*prefix, *framed.ids[window.start : window.stop], *suffix]
            inputs[row, : len(ids)] = ids
        return inputs

    def kept(self, window: Window) -> tuple[slice, slice]:
        """Which pieces a window gives, and where they are in what the model makes of it."""
        shift = len(self._tokenizer.prefix) - window.start
        return slice(window.keep_start, window.keep_stop), slice(window.keep_start + shift, window.keep_stop + shift)


def _with_words(packed: Sequence[Window], alignment: Alignment) -> list[Window]:
    """The windows that a vector is taken from: pages of dots are not looked at."""
    present = alignment.last > alignment.first
    first, last = alignment.first[present], alignment.last[present]
    if not len(first):
        return []
    bounds = np.array([(window.keep_start, window.keep_stop) for window in packed], dtype=np.int64).reshape(-1, 2)
    # Tokens are in order: the last that begins before the window's end reaches into it, or none does.
    before = np.searchsorted(first, bounds[:, 1], side="left") - 1
    wanted = (before >= 0) & (last[before] > bounds[:, 0])
    return [window for window, is_wanted in zip(packed, wanted.tolist(), strict=True) if is_wanted]


def _align_all(segments: Sequence[Segment], piece_spans: Sequence[NDArray[np.int64]]) -> Alignment:
    """Aligns many segments in one call: each is moved behind the one before, with a gap that nothing crosses."""
    if not segments:
        return Alignment(np.empty(0, np.int64), np.empty(0, np.int64))
    lengths = np.array([len(segment.text) + 1 for segment in segments], dtype=np.int64)
    bases = np.cumsum(lengths) - lengths
    pieces = np.concatenate(piece_spans) + np.repeat(bases, [len(spans) for spans in piece_spans])[:, None]
    tokens = np.concatenate([segment.spans for segment in segments]).astype(np.int64)
    tokens += np.repeat(bases, [len(segment.spans) for segment in segments])[:, None]
    return align(pieces, tokens)
