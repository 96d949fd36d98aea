"""Cuts texts into pieces by their graphic words, what stands between two spaces, and remembers how these were cut.

A tokenizer of BERT's kind cuts at every space, and what it makes of a graphic word depends on nothing beyond. Nine of
ten have been there before, in a text of a million words: to look one up takes a ninth of the processor's time that
cutting it again takes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

from ctxsearch.stretches import stretches
from ctxsearch.thread_lock import ThreadLock

_SPACE = " "
# All is forgotten where more than this is remembered: some 130 MB. Common words come back at once.
_MOST_WORDS = 1 << 18
_MOST_CHARACTERS = 1 << 22
# New words are cut together, as a text of so many: each alone takes twice as long.
_CUT_TOGETHER = 256


class Cut(NamedTuple):
    """The pieces of some texts, one text's behind the other's.

    Attributes:
        ids: Shape: (n_pieces,).
        spans: start and end of each piece in characters, in all texts joined by a character between any two.
            Shape: (n_pieces, 2).
        counts: how many pieces each text has. Shape: (n_texts,).
    """

    ids: NDArray[np.int64]
    spans: NDArray[np.int64]
    counts: NDArray[np.int64]


Cutter = Callable[[Sequence[str]], Cut]
"""Cuts texts into pieces."""


def text_starts(texts: Sequence[str]) -> NDArray[np.int64]:
    """Where each text begins in all of them, joined by a character between any two. Shape: (n_texts,).

    >>> text_starts(["one", "", "two"])
    array([0, 4, 5])
    """
    widths = np.array([len(text) + 1 for text in texts], np.int64)
    return np.cumsum(widths) - widths


def cuts_at_spaces(tokenizer: Tokenizer) -> bool:
    """Whether what a tokenizer makes of a text is what it makes of its graphic words, one after the other."""
    return (
        isinstance(tokenizer.model, WordPiece)
        and isinstance(tokenizer.normalizer, BertNormalizer)
        and isinstance(tokenizer.pre_tokenizer, BertPreTokenizer)
        # Words that somebody added may reach over a space, which other white space is, too, once it is normalized.
        and not any(
            token.lstrip or token.rstrip or _SPACE in token.content + tokenizer.normalizer.normalize_str(token.content)
            for token in tokenizer.get_added_tokens_decoder().values()
        )
    )


class GraphicWords:
    """Cuts texts, and remembers the pieces of each graphic word.

    Several threads may cut at once.

    Args:
        cut: cuts texts; at every space, see `cuts_at_spaces`.
    """

    def __init__(self, cut: Cutter) -> None:
        self._cut = cut
        self._lock = ThreadLock()
        self._remembered = _Remembered()

    def cut(self, texts: Sequence[str]) -> Cut:
        """The pieces of some texts."""
        if not texts:
            return self._cut(texts)
        words = _SPACE.join(texts).split(_SPACE)
        remembered = self._remembered
        if remembered.is_full:
            # Whoever is about to look something up there still does.
            self._remembered = remembered = _Remembered()
        numbers = remembered.find(words)
        new = np.flatnonzero(numbers < 0).tolist()
        if new:
            new_words = [words[place] for place in new]
            self._learn(remembered, list(dict.fromkeys(new_words)))
            numbers[new] = remembered.find(new_words)
        ids, spans, widths, counts = remembered.pieces(numbers)
        widths += 1
        spans += np.repeat(np.cumsum(widths) - widths, counts)
        before = np.cumsum([0, *(text.count(_SPACE) + 1 for text in texts[:-1])])
        return Cut(ids, spans.T, np.add.reduceat(counts, before))

    def _learn(self, remembered: _Remembered, words: list[str]) -> None:
        """Cuts words, each once, and has them remembered; others may do the same meanwhile."""
        together = [_SPACE.join(words[at : at + _CUT_TOGETHER]) for at in range(0, len(words), _CUT_TOGETHER)]
        ids, spans, _ = self._cut(together)
        starts = text_starts(words)
        # No piece is a space's, so each lies in the last word that begins before it, or where it does.
        counts = np.bincount(np.searchsorted(starts, spans[:, 0], side="right") - 1, minlength=len(words))
        with self._lock.here():
            remembered.add(words, ids, spans - np.repeat(starts, counts)[:, None], counts)


class _Remembered:
    """Graphic words by their numbers, with the pieces of each.

    One thread may add while others look up: a word has a number when all else about it is there.
    """

    def __init__(self) -> None:
        self._numbers = _Numbers()
        self._characters = 0
        # By the number of a word: its length, its first piece, and how many it has.
        self._words = _Rows(3)
        # By the number of a piece: its id, and its start and end in the word.
        self._pieces = _Rows(3)

    @property
    def is_full(self) -> bool:
        """Whether it is to be forgotten."""
        return len(self._numbers) > _MOST_WORDS or self._characters > _MOST_CHARACTERS

    def find(self, words: Sequence[str]) -> NDArray[np.int64]:
        """The number of each word, -1 where it is not remembered. Shape: (n_words,)."""
        return np.fromiter(map(self._numbers.__getitem__, words), np.int64, len(words))

    def pieces(
        self, numbers: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """The pieces of some words.

        Returns:
            Ids, and start and end in the word, of each piece: (n_pieces,), (2, n_pieces). The length and the number of
            pieces of each word: (n_words,) each.
        """
        widths, firsts, counts = self._words.take(numbers)
        found = self._pieces.take(stretches(firsts, firsts + counts))
        return found[0], found[1:], widths, counts

    def add(
        self, words: Sequence[str], ids: NDArray[np.int64], spans: NDArray[np.int64], counts: NDArray[np.int64]
    ) -> None:
        """Remembers words, with their pieces; one that another thread has added meanwhile gets another number."""
        widths = np.array([len(word) for word in words], np.int64)
        first, first_piece = len(self._words), len(self._pieces)
        self._pieces.add(ids, *spans.T)
        self._words.add(widths, first_piece + np.cumsum(counts) - counts, counts)
        self._characters += int(widths.sum())
        self._numbers.update(zip(words, range(first, first + len(words)), strict=True))


class _Numbers(dict[str, int]):
    """The numbers of words; to find one that is there costs no Python call."""

    def __missing__(self, word: str) -> int:
        return -1


class _Rows:
    """Rows of some numbers each, to which more are added."""

    def __init__(self, columns: int) -> None:
        self._columns = np.empty((columns, 1024), np.int32)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, *columns: NDArray[np.int64]) -> None:
        count = self._count + len(columns[0])
        if count > self._columns.shape[1]:
            grown = np.empty((len(self._columns), max(count, 2 * self._columns.shape[1])), np.int32)
            grown[:, : self._count] = self._columns[:, : self._count]
            self._columns = grown
        self._columns[:, self._count : count] = columns
        self._count = count

    def take(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The numbers of some rows. Shape: (n_columns, n_rows)."""
        return self._columns[:, rows].astype(np.int64)
