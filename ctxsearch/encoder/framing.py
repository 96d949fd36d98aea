"""From segments to what a model sees, and where each word's pieces are in it; whatever runs the model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ctxsearch.alignment import Alignment, align
from ctxsearch.domain import Segment
from ctxsearch.encoder.graphic_words import Cut, text_starts
from ctxsearch.encoder.tokenizer import PieceTokenizer
from ctxsearch.encoder.windows import windows
from ctxsearch.stretches import stretches


class Framed(NamedTuple):
    """Some passages, cut into pieces and packed into windows.

    Attributes:
        ids: of all pieces, without special ones. Shape: (n_pieces,), int64.
        windows: those that hold a piece of a word, see `Window`. Shape: (n_windows, 4).
        alignment: the pieces of each token.
        sentences: the pieces of each segment; the windows left out are among them. Shape: (n_segments,) each.
        sentence_of: the number of each token's segment. Shape: (n_tokens,).
    """

    ids: NDArray[np.int64]
    windows: NDArray[np.int64]
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
        left = iter(cut.counts.tolist())
        packed = windows([[next(left) for _ in passage] for passage in passages], self._room)
        bounds = np.array(packed, dtype=np.int64).reshape(-1, 4)
        alignment = _align_all(segments, cut)
        ends = np.cumsum(cut.counts)
        sentence_of = np.repeat(np.arange(len(segments)), [len(segment.spans) for segment in segments])
        sentences = Alignment(ends - cut.counts, ends)
        return Framed(cut.ids, _with_words(bounds, alignment), alignment, sentences, sentence_of)

    def frame_tokens(self, passages: Sequence[Sequence[Segment]], tokens: NDArray[np.int64]) -> Framed:
        """What `frame` gives, of some tokens alone: the windows that see their sentences, as they are among all.

        Args:
            passages: of which a few words are asked for.
            tokens: their numbers among the tokens of all passages. Shape: (n_tokens,).
        """
        framed = self.frame(passages)
        # Marks, and not `np.unique`, which imports masked arrays when it is first called: so long a query waits for it.
        wanted = np.zeros(len(framed.sentences.first), np.bool_)
        wanted[framed.sentence_of[tokens]] = True
        sentence_of: NDArray[np.int64] = (np.cumsum(wanted) - wanted)[framed.sentence_of[tokens]]
        first, last = (column[wanted] for column in framed.sentences)
        # Of windows and of sentences each begins where the one before ends, or behind it.
        start, stop = framed.windows[:, 2], framed.windows[:, 3]
        reached = np.searchsorted(stop, first, side="right"), np.searchsorted(start, last, side="left")
        seeing = np.zeros(len(framed.windows), np.bool_)
        seeing[stretches(*reached)] = True
        windows = framed.windows[seeing]
        # A sentence may have pieces that no window keeps.
        kept = np.zeros(len(framed.ids) + 1, np.bool_)
        kept[stretches(windows[:, 0], windows[:, 1])] = kept[stretches(first, last)] = True
        place: NDArray[np.int64] = np.cumsum(kept) - kept
        alignment = Alignment(*(place[column[tokens]] for column in framed.alignment))
        return Framed(
            framed.ids[kept[:-1]], place[windows], alignment, Alignment(place[first], place[last]), sentence_of
        )

    def lengths(self, framed: Framed) -> NDArray[np.int64]:
        """Pieces of each window, special ones included. Shape: (n_windows,)."""
        return framed.windows[:, 1] - framed.windows[:, 0] + self._specials

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
        prefix, suffix = self._tokenizer.prefix, self._tokenizer.suffix
        starts, stops = framed.windows[batch, 0], framed.windows[batch, 1]
        inputs = np.full((len(batch), length), padding, dtype=np.int64)
        inputs[:, : len(prefix)] = prefix
        columns = np.arange(length) - len(prefix)
        inputs[(columns >= 0) & (columns < (stops - starts)[:, None])] = framed.ids[stretches(starts, stops)]
        ends = stops - starts + len(prefix)
        inputs[np.arange(len(batch))[:, None], ends[:, None] + np.arange(len(suffix))] = suffix
        return inputs

    def kept(self, framed: Framed, batch: Sequence[int], length: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Which pieces the windows of a batch give, and where they are in what the model makes of it.

        Args:
            framed: the passages.
            batch: the windows' numbers.
            length: of each row of the batch.

        Returns:
            The pieces' numbers, and their places in all rows, one behind the other. Shape: (n_pieces,) each.
        """
        start, _, first, last = framed.windows[batch].T
        shift = np.arange(len(batch)) * length + len(self._tokenizer.prefix) - start
        return stretches(first, last), stretches(first + shift, last + shift)


def unknown_words(framed: Framed, tokenizer: PieceTokenizer) -> int:
    """How many words have pieces, and among them none that the model knows."""
    is_unknown = framed.ids == tokenizer.unknown
    if not is_unknown.any():
        return 0
    is_known = ~is_unknown & (framed.ids != tokenizer.blank)
    (unknown, known), (first, last) = (
        np.cumsum([[0, *some] for some in (is_unknown, is_known)], axis=1),
        framed.alignment,
    )
    return int(np.count_nonzero((unknown[last] > unknown[first]) & (known[last] == known[first])))


def _with_words(packed: NDArray[np.int64], alignment: Alignment) -> NDArray[np.int64]:
    """The windows that a vector is taken from: pages of dots are not looked at. Shape: (n_windows, 4)."""
    present = alignment.last > alignment.first
    first, last = alignment.first[present], alignment.last[present]
    if not len(first):
        return packed[:0]
    # Tokens are in order: the last that begins before the window's end reaches into it, or none does.
    before = np.searchsorted(first, packed[:, 3], side="left") - 1
    return packed[(before >= 0) & (last[before] > packed[:, 2])]


def _align_all(segments: Sequence[Segment], cut: Cut) -> Alignment:
    """Aligns many segments in one call: each is moved behind the one before, with a gap that nothing crosses."""
    if not segments:
        return Alignment(np.empty(0, np.int64), np.empty(0, np.int64))
    tokens = np.concatenate([segment.spans for segment in segments]).astype(np.int64)
    bases = text_starts([segment.text for segment in segments])
    tokens += np.repeat(bases, [len(segment.spans) for segment in segments])[:, None]
    return align(cut.spans, tokens)
