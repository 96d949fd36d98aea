"""From the vectors of pieces to those of words, on the model's device: what leaves it are these alone.

Sums are added up in order, piece by piece, on a GPU too: what is scattered there comes in any order, and would not be
the same twice.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from ctxsearch.alignment import Alignment
from ctxsearch.encoder.framing import Framed
from ctxsearch.encoder.layers import Pooling
from ctxsearch.encoder.moving import fetched, moved
from ctxsearch.head import Head
from ctxsearch.protocols import Encoded
from ctxsearch.stretches import stretches

# Devices on which every torch that is taken knows sums of bags; what it does elsewhere, it may do in any order.
_WITH_BAGS = ("cpu", "cuda")


class WordPooling:
    """Makes words of pieces.

    Args:
        pooling: how.
        head: what takes the vectors to those of the index, if any.
        device: where the pieces are.
        at_once: so many words, or pieces of sentences, are worked on in one go.
    """

    def __init__(self, pooling: Pooling, head: Head | None, device: torch.device, *, at_once: int) -> None:
        self._pooling = pooling
        self._device = device
        self._at_once = at_once
        self._projection = None if head is None else _Projection(head, device)

    @property
    def sees_sentences(self) -> bool:
        """Whether a word's vector is made of its sentence too, and so of every piece."""
        return self._projection is not None

    @torch.inference_mode()
    def __call__(self, pieces: torch.Tensor, framed: Framed) -> Encoded:
        """The words of some passages, of unit length.

        Args:
            pieces: the vectors of all pieces, on the device. Shape: (n_pieces, n_components).
            framed: the passages.
        """
        first, last = framed.alignment
        present = last > first
        sentences = None
        if self._projection is not None:
            sentences = self._sentences(pieces, framed.sentences)
            sentence_pieces = framed.sentences.last - framed.sentences.first
        dimension = pieces.shape[1] if self._projection is None else self._projection.dimension
        vectors = torch.zeros((len(present), dimension), dtype=torch.float32, device=self._device)
        words = np.flatnonzero(present)
        # Few at once, in memory that is used again and again: what is touched for the first time costs most here.
        for start in range(0, len(words), self._at_once):
            some = words[start : start + self._at_once]
            pooled = self._words(pieces, Alignment(first[some], last[some]))
            if self._projection is not None and sentences is not None:
                sentence_of = framed.sentence_of[some]
                alone = np.flatnonzero(sentence_pieces[sentence_of] == last[some] - first[some])
                of_words = sentences.index_select(0, self._moved(sentence_of))
                pooled = self._projection(pooled, of_words, self._moved(alone))
            vectors[self._moved(some)] = torch.nn.functional.normalize(pooled, dim=-1)
        return Encoded(fetched(vectors), present)

    def _moved(self, array: NDArray[np.int64]) -> torch.Tensor:
        return moved(array, self._device)

    def _words(self, pieces: torch.Tensor, words: Alignment) -> torch.Tensor:
        """What stands for each word: one of its pieces, or the sum of all. Shape: (n_words, n_components)."""
        if self._pooling is Pooling.MEAN:
            return self._sums(pieces, words)
        chosen = words.last - 1 if self._pooling is Pooling.LAST else words.first
        return pieces.index_select(0, self._moved(chosen)).float()

    def _sentences(self, pieces: torch.Tensor, sentences: Alignment) -> torch.Tensor:
        """The sum of each sentence's pieces. Shape: (n_segments, n_components)."""
        # A go ends with the sentence that fills it.
        goes = np.flatnonzero(np.diff(sentences.first // self._at_once)) + 1
        parts = zip(np.split(sentences.first, goes), np.split(sentences.last, goes), strict=True)
        return torch.cat([self._sums(pieces, Alignment(*part)) for part in parts])

    def _sums(self, pieces: torch.Tensor, of: Alignment) -> torch.Tensor:
        """The sum of each run of pieces. Shape: (n_runs, n_components)."""
        counts = of.last - of.first
        if len(counts) and np.array_equal(of.first[1:], of.last[:-1]):
            # So sentences lie. Between words there may be a piece of none, and two may share one.
            some = pieces[of.first[0] : of.last[-1]]
        else:
            some = pieces.index_select(0, self._moved(stretches(*of)))
        summands = some.float()
        if self._device.type not in _WITH_BAGS:
            sums = torch.zeros((len(counts), pieces.shape[1]), dtype=torch.float32, device=self._device)
            return sums.index_add_(0, self._moved(np.repeat(np.arange(len(counts)), counts)), summands)
        places = torch.arange(len(summands), device=self._device)
        return torch.nn.functional.embedding_bag(places, summands, self._moved(np.cumsum(counts) - counts), mode="sum")


class _Projection:
    """A head's map, on the model's device; see `Head.project`."""

    def __init__(self, head: Head, device: torch.device) -> None:
        self.dimension = head.dimension
        of_words, of_rest = np.hsplit(head.weight, 2)
        self._of_words = torch.from_numpy(of_words).to(device).T
        self._of_rest = torch.from_numpy(of_rest * np.float32(head.sentence)).to(device).T
        self._bias = torch.from_numpy(head.bias).to(device)

    def __call__(self, words: torch.Tensor, sentences: torch.Tensor, alone: torch.Tensor) -> torch.Tensor:
        """The vectors of words, not of unit length yet. Shape: (n_words, dimension).

        Args:
            words: the sum of each word's pieces. Shape: (n_words, n_components).
            sentences: the sum of the pieces of each one's sentence; it is changed. Shape: (n_words, n_components).
            alone: the words that have no other beside them in their sentence. Shape: (n_alone,).
        """
        rest = sentences.sub_(words)
        # There is no rest but rounding.
        rest.index_fill_(0, alone, 0)
        # The products are divided, and not the vectors, which are longer.
        return self._bias + (words @ self._of_words) / _lengths(words) + (rest @ self._of_rest) / _lengths(rest)


def _lengths(vectors: torch.Tensor) -> torch.Tensor:
    lengths: torch.Tensor = torch.linalg.vector_norm(vectors, dim=-1, keepdim=True)
    return lengths.clamp_min_(1e-12)
