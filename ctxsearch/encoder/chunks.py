"""Cuts texts into pieces by what stands between their spaces, and remembers how it was cut.

A tokenizer of BERT's kind cuts at every space, and what it makes of the rest depends on nothing beyond. Most words have
been there before: to look them up takes a tenth of the time that it takes to cut them again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

from ctxsearch.stretches import stretches

_SPACE = " "
# What is remembered is forgotten where it has become more than this: some 80 MB. Common words come back at once.
_MOST_CHUNKS = 1 << 18
_MOST_CHARACTERS = 1 << 22


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


def starts(texts: Sequence[str]) -> NDArray[np.int64]:
    """Where each text begins in all of them, joined by a character between any two. Shape: (n_texts,).

    >>> starts(["one", "", "two"])
    array([0, 4, 5])
    """
    widths = np.array([len(text) + 1 for text in texts], np.int64)
    return np.cumsum(widths) - widths


def cuts_at_spaces(tokenizer: Tokenizer) -> bool:
    """Whether what a tokenizer makes of a text is what it makes of the stretches between spaces."""
    return (
        isinstance(tokenizer.model, WordPiece)
        and isinstance(tokenizer.normalizer, BertNormalizer)
        and isinstance(tokenizer.pre_tokenizer, BertPreTokenizer)
        # Such as take white space beside them, or contain it.
        and not any(
            token.lstrip or token.rstrip or _SPACE in token.content
            for token in tokenizer.get_added_tokens_decoder().values()
        )
    )


Cutter = Callable[[Sequence[str]], Cut]
"""Cuts texts into pieces."""


class Chunks:
    """Cuts texts, and remembers the pieces of each chunk: what stands between two spaces.

    Several threads may cut at once.

    Args:
        cut: cuts texts; what it gives for a text is what it gives for the text's chunks.
    """

    def __init__(self, cut: Cutter) -> None:
        self._cut = cut
        self._lock = threading.Lock()
        self._forget()

    def _forget(self) -> None:
        self._numbers = _Numbers()
        self._characters = 0
        # By the number of a chunk: its length, and its first piece and how many.
        self._chunks = _Rows(3)
        # By the number of a piece: its id, and its start and end in the chunk.
        self._pieces = _Rows(3)

    def cut(self, texts: Sequence[str]) -> Cut:
        """The pieces of some texts."""
        if not texts:
            return self._cut(texts)
        chunks = _SPACE.join(texts).split(_SPACE)
        with self._lock:
            numbers = self._number(chunks)
            widths, firsts, counts = self._chunks.take(numbers)
            pieces = self._pieces
            ids, starts, ends = pieces.take(stretches(firsts, firsts + counts))
        widths += 1
        bases = np.repeat(np.cumsum(widths) - widths, counts)
        before = np.cumsum([0, *(text.count(_SPACE) + 1 for text in texts[:-1])])
        spans = np.column_stack((starts + bases, ends + bases))
        return Cut(ids, spans, np.add.reduceat(counts, before))

    def _number(self, chunks: list[str]) -> NDArray[np.int64]:
        """The number of each chunk, of which all are remembered now. Shape: (n_chunks,)."""
        if len(self._numbers) > _MOST_CHUNKS or self._characters > _MOST_CHARACTERS:
            self._forget()
        try:
            numbers = np.fromiter(map(self._numbers.__getitem__, chunks), np.int64, len(chunks))
            if self._numbers.new:
                self._remember(self._numbers.new)
                self._numbers.new.clear()
        except BaseException:  # numbered, and not remembered
            self._forget()
            raise
        return numbers

    def _remember(self, chunks: list[str]) -> None:
        ids, spans, counts = self._cut(chunks)
        widths = np.array([len(chunk) for chunk in chunks], np.int64)
        firsts = np.cumsum(counts) - counts
        bases = np.repeat(starts(chunks), counts)
        self._characters += int(widths.sum())
        self._chunks.add(widths, firsts + len(self._pieces), counts)
        self._pieces.add(ids, spans[:, 0] - bases, spans[:, 1] - bases)


class _Numbers(dict[str, int]):
    """Numbers chunks as they come; to find one that is there costs no Python call."""

    def __init__(self) -> None:
        super().__init__()
        self.new: list[str] = []

    def __missing__(self, chunk: str) -> int:
        number = self[chunk] = len(self)
        self.new.append(chunk)
        return number


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
