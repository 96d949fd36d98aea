"""How far two people, or more, agree about the senses of occurrences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from ctxsearch.domain import ConcordanceLine
from ctxsearch.sense import Label


@dataclass(frozen=True, slots=True)
class Disagreement:
    """An occurrence that people have labelled with different senses; ``senses`` by person, ``line`` to judge by."""

    key: str
    senses: Mapping[str, str]
    line: ConcordanceLine | None = None


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far people agree.

    Attributes:
        people: those who labelled anything, in order.
        occurrences: how many were labelled by two people or more.
        compared: how many each pair of people both labelled.
        agreed: on how many of these the two gave the same sense.
        kappa: Cohen's kappa of each pair of people, on the occurrences that both have labelled; None where they share
            none, or where chance alone would have them agree always.
        alpha: Krippendorff's alpha for nominal data, over all people and occurrences; None likewise.
        disagreements: by key.
    """

    people: Sequence[str]
    occurrences: int
    compared: Mapping[tuple[str, str], int]
    agreed: Mapping[tuple[str, str], int]
    kappa: Mapping[tuple[str, str], float | None]
    alpha: float | None
    disagreements: Sequence[Disagreement]


def agreement(labels: Sequence[Label]) -> Agreement:
    """How far the people who gave these labels agree."""
    by_key: dict[str, dict[str, str]] = {}
    for label in labels:
        by_key.setdefault(label.key, {})[label.by] = label.sense_id
    shared = {key: given for key, given in by_key.items() if len(given) > 1}
    people = sorted({label.by for label in labels})
    of_pairs = {pair: _of_both(list(shared.values()), *pair) for pair in combinations(people, 2)}
    return Agreement(
        people,
        len(shared),
        {pair: len(given) for pair, given in of_pairs.items()},
        {pair: sum(one == other for one, other in given) for pair, given in of_pairs.items()},
        {pair: cohen_kappa(given) for pair, given in of_pairs.items()},
        krippendorff_alpha([list(given.values()) for given in shared.values()]),
        [Disagreement(key, given) for key, given in sorted(shared.items()) if len(set(given.values())) > 1],
    )


def _of_both(units: Sequence[Mapping[str, str]], one: str, other: str) -> list[tuple[str, str]]:
    return [(given[one], given[other]) for given in units if one in given and other in given]


def cohen_kappa(pairs: Sequence[tuple[str, str]]) -> float | None:
    """Agreement of two people beyond chance (J. Cohen 1960, A coefficient of agreement for nominal scales).

    >>> cohen_kappa([("a", "a"), ("a", "b"), ("b", "b"), ("b", "b")])
    0.5

    Returns:
        None where there is nothing, or only one sense.
    """
    if not pairs:
        return None
    seen = sum(one == other for one, other in pairs) / len(pairs)
    first, second = (Counter(pair[side] for pair in pairs) for side in (0, 1))
    chance = sum(first[sense] * second[sense] for sense in first) / len(pairs) ** 2
    return None if chance == 1 else (seen - chance) / (1 - chance)


def krippendorff_alpha(units: Sequence[Sequence[str]]) -> float | None:
    """Agreement of any number of people beyond chance, nominal data (K. Krippendorff 2011, Computing Krippendorff's
    alpha-reliability).

    >>> krippendorff_alpha([["a", "a"], ["b", "b"], ["a", "b"], ["b", "b"]])
    0.5333333333333333

    Args:
        units: the senses that an occurrence was given; those with fewer than two do not count.

    Returns:
        None where there is nothing, or only one sense.
    """
    totals: Counter[str] = Counter()
    disagreed = 0.0
    for values in units:
        if len(values) < 2:
            continue
        counts = Counter(values)
        totals.update(counts)
        pairs = len(values) ** 2 - sum(count * count for count in counts.values())
        disagreed += pairs / (len(values) - 1)
    n = totals.total()
    expected = n * n - sum(count * count for count in totals.values())
    return 1 - (n - 1) * disagreed / expected if expected else None
