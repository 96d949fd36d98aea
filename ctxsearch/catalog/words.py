"""The words of a shard as its catalog lists them, made from what a build knows of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ctxsearch.analysis import normal_form
from ctxsearch.catalog.rows import Word

LemmaCells = tuple[int, str, int]
"""Number, lemma, frequency; the number is the lemma's rank, and that of its list."""

FormCells = tuple[int, str, str, int, int, int, str, str]
"""Number, form, its normal form, the lemma's number, first row, frequency, tag, written lemma."""


def lemma_ranks(words: Sequence[Word]) -> NDArray[np.int32]:
    """The rank of the lemma of each word, of words in order. Shape: (n_words,).

    >>> lemma_ranks([("bank", "Bank", "", ""), ("bank", "banks", "", ""), ("river", "river", "", "")]).tolist()
    [0, 0, 1]
    """
    begins = [rank > 0 and word[0] != words[rank - 1][0] for rank, word in enumerate(words)]
    return np.cumsum(np.array(begins, dtype=np.int32), dtype=np.int32)


def word_tables(words: Sequence[Word], sizes: Sequence[int]) -> tuple[list[LemmaCells], list[FormCells]]:
    """The tables of lemmas and of forms.

    Args:
        words: in order.
        sizes: occurrences of each.

    >>> word_tables([("bank", "Bank", "", ""), ("bank", "banks", "NOUN", "")], [3, 2])
    ([(0, 'bank', 5)], [(0, 'Bank', 'bank', 0, 0, 3, '', ''), (1, 'banks', 'banks', 0, 3, 2, 'NOUN', '')])
    """
    lemmas: list[LemmaCells] = []
    forms: list[FormCells] = []
    first = 0
    for rank, ((lemma, form, tag, written), size) in enumerate(zip(words, sizes, strict=True)):
        if lemmas and lemmas[-1][1] == lemma:
            lemmas[-1] = (lemmas[-1][0], lemma, lemmas[-1][2] + size)
        else:
            lemmas.append((len(lemmas), lemma, size))
        forms.append((rank, form, normal_form(form), len(lemmas) - 1, first, size, tag, written))
        first += size
    return lemmas, forms
