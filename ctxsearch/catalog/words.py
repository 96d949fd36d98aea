"""The words of a shard as its catalog lists them, made from what a build knows of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ctxsearch.analysis import normal_form

LemmaRow = tuple[int, str, int]
"""Number, lemma, frequency; the number is the lemma's rank, and that of its list."""

FormRow = tuple[int, str, str, int, int, int]
"""Number, form, its normal form, the lemma's number, first row, frequency."""


def lemma_ranks(pairs: Sequence[tuple[str, str]]) -> NDArray[np.int32]:
    """The rank of the lemma of each pair of lemma and form, of pairs in order. Shape: (n_pairs,).

    >>> lemma_ranks([("bank", "Bank"), ("bank", "banks"), ("river", "river")]).tolist()
    [0, 0, 1]
    """
    begins = [rank > 0 and lemma != pairs[rank - 1][0] for rank, (lemma, _) in enumerate(pairs)]
    return np.cumsum(np.array(begins, dtype=np.int32), dtype=np.int32)


def word_tables(pairs: Sequence[tuple[str, str]], sizes: Sequence[int]) -> tuple[list[LemmaRow], list[FormRow]]:
    """The tables of lemmas and of forms.

    Args:
        pairs: lemma and form, in order.
        sizes: occurrences of each.

    >>> word_tables([("bank", "Bank"), ("bank", "banks")], [3, 2])
    ([(0, 'bank', 5)], [(0, 'Bank', 'bank', 0, 0, 3), (1, 'banks', 'banks', 0, 3, 2)])
    """
    lemmas: list[LemmaRow] = []
    forms: list[FormRow] = []
    first = 0
    for rank, ((lemma, form), size) in enumerate(zip(pairs, sizes, strict=True)):
        if lemmas and lemmas[-1][1] == lemma:
            lemmas[-1] = (lemmas[-1][0], lemma, lemmas[-1][2] + size)
        else:
            lemmas.append((len(lemmas), lemma, size))
        forms.append((rank, form, normal_form(form), len(lemmas) - 1, first, size))
        first += size
    return lemmas, forms
