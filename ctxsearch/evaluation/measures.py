"""All measures of one set of vectors, put together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctxsearch.domain import Progress
from ctxsearch.evaluation.examples import by_examples, most_frequent
from ctxsearch.evaluation.intervals import Bootstrap, Estimate, Means, means
from ctxsearch.evaluation.pairs import AllPairs, Pairs, draw_pairs
from ctxsearch.evaluation.ranking import chance, rank
from ctxsearch.evaluation.uses import group, words

_SHARES = (0.0, 0.05, 0.2, 0.5)
_FREQUENCIES = (0, 10, 30, 100)


@dataclass(frozen=True, slots=True)
class Bucket:
    """The senses of one kind, and the means over them.

    Attributes:
        name: what they have in common.
        senses: how many there are, of two uses or more.
        uses: how many these have.
        average_precision: mean over the senses.
        precision_at_1: mean over the senses.
        chance: average precision of a random order, mean over the senses.
    """

    name: str
    senses: int
    uses: int
    average_precision: float
    precision_at_1: float
    chance: float


@dataclass(frozen=True, slots=True)
class Measures:
    """What one set of vectors is worth.

    A query is a use whose sense has another use, of a lemma that has another sense. The other labelled uses of the
    lemma are ranked by their cosine with it; those that score alike have no order, and what is told is the mean over
    all orders of them.

    Attributes:
        uses: of the lemmas that were measured, those of single-use senses, which are ranked but never queries, too.
        queries: uses that were queries.
        lemmas: that have two uses of one sense, and another sense.
        senses: those of the queries.
        lemmas_left_out: that have not.
        uses_left_out: the uses of these.
        average_precision: of the uses of the query's sense.
        precision_at_1: also how often a use is right that takes the sense of its nearest other use.
        precision_at_5: of the nearest five; of all others where there are fewer.
        precision_at_10: as with five.
        from_1_example: how often a use is right that takes the sense whose one example is nearest.
        from_3_examples: the same with the mean of three; a sense with fewer uses gives all but one.
        from_5_examples: the same with five.
        from_all_others: the same with the mean of all uses of a sense but the one in question.
        most_frequent_sense: how often a use is right that takes the sense which most uses of the lemma have.
        chance: average precision of a random order.
        chance_precision: precision of a random order, the same at 1, 5 and 10.
        pair_accuracy: of telling pairs of one sense from pairs of two by a threshold that the other half of the lemmas
            gives; None where there is but one lemma.
        pair_auc: how often a pair of one sense scores higher than a pair of two.
        same_sense_pairs: share of the pairs that have one sense.
        by_share: senses by their share of their lemma's uses.
        by_frequency: senses by the uses that their lemma has here.
    """

    uses: int
    queries: int
    lemmas: int
    senses: int
    lemmas_left_out: int
    uses_left_out: int
    average_precision: Means
    precision_at_1: Means
    precision_at_5: Means
    precision_at_10: Means
    from_1_example: Means
    from_3_examples: Means
    from_5_examples: Means
    from_all_others: Means
    most_frequent_sense: Means
    chance: Means
    chance_precision: Means
    pair_accuracy: Estimate | None
    pair_auc: Estimate
    same_sense_pairs: float
    by_share: Sequence[Bucket]
    by_frequency: Sequence[Bucket]


# Rows of the table of what each sense gets.
_AVERAGE_PRECISION, _PRECISION_AT_1, _CHANCE = 0, 1, 9


def measure(
    vectors: NDArray[np.float32],
    lemmas: Sequence[str],
    senses: Sequence[str],
    *,
    names: Sequence[str] | None = None,
    seed: int = 0,
    rounds: int = 1000,
    on_progress: Callable[[Progress], None] | None = None,
) -> Measures:
    """Measures how well vectors tell the senses of words apart; neither the order of the uses nor a length matters.

    >>> vectors = np.array([[1, 0], [9, 1], [0, 1], [1, 8]], np.float32)
    >>> measure(vectors, ["bank"] * 4, ["river", "river", "money", "money"]).average_precision.by_sense.value
    1.0

    Args:
        vectors: Shape: (n_uses, dimension).
        lemmas: of each use.
        senses: of each use; senses of two lemmas are two, whatever their names.
        names: what tells the uses of a lemma apart, so that for other vectors of theirs the same examples and pairs
            are drawn; by default, the vectors do.
        seed: of examples, pairs and intervals.
        rounds: of the bootstrap that gives the intervals; 0 for none.
        on_progress: is told how many uses are measured.

    Raises:
        ValueError: no lemma has two uses of one sense and a use of another, or the vectors are not of these uses.
    """
    if vectors.ndim != 2 or len(vectors) != len(lemmas):
        raise ValueError(f"There are {len(lemmas)} uses, and vectors of shape {vectors.shape}; a use has one vector.")
    if not np.isfinite(vectors).all():
        raise ValueError("Some vectors have components that are no finite numbers.")
    grouping = group(lemmas, senses)
    values: list[NDArray[np.float64]] = []
    counts: list[NDArray[np.int64]] = []
    pairs: list[Pairs] = []
    done, total = 0, sum(map(len, grouping.numbers))
    for word in words(vectors, senses, grouping, names):
        ranked, alone = rank(word), chance(word)
        of_uses = np.stack([ranked.average_precision, *ranked.precision])
        of_senses = [np.bincount(word.sense, row, len(word.counts)) / word.counts for row in of_uses]
        examples = by_examples(word, seed=seed)
        by_chance = [alone.average_precision, alone.precision[0]]
        values.append(np.stack([*of_senses, *examples, most_frequent(word), *by_chance]))
        counts.append(word.counts)
        pairs.append(draw_pairs(word, seed=seed))
        done += len(word.row)
        if on_progress:
            on_progress(Progress("measuring", done, total))
    all_pairs = AllPairs(grouping.lemmas, pairs)
    bootstrap = Bootstrap(len(grouping.lemmas), rounds=rounds, seed=seed)
    table = np.concatenate(values, axis=1)
    of_sense = np.concatenate(counts)
    lemma = np.repeat(np.arange(len(counts)), [len(own) for own in counts])
    tested = of_sense > 1
    table, of_sense, lemma = table[:, tested], of_sense[tested], lemma[tested]
    frequency = np.array([own.sum() for own in counts])[lemma]
    found = iter(means(table, of_sense, lemma, bootstrap))
    return Measures(
        uses=total,
        queries=int(of_sense.sum()),
        lemmas=len(grouping.lemmas),
        senses=len(of_sense),
        lemmas_left_out=grouping.lemmas_left_out,
        uses_left_out=grouping.left_out,
        # In the order of the rows.
        average_precision=next(found),
        precision_at_1=next(found),
        precision_at_5=next(found),
        precision_at_10=next(found),
        from_1_example=next(found),
        from_3_examples=next(found),
        from_5_examples=next(found),
        from_all_others=next(found),
        most_frequent_sense=next(found),
        chance=next(found),
        chance_precision=next(found),
        pair_accuracy=_pair_accuracy(all_pairs, bootstrap),
        pair_auc=_auc(all_pairs, bootstrap),
        same_sense_pairs=float(np.mean([own.same.mean() for own in pairs])),
        by_share=list(_buckets(table, of_sense, of_sense / frequency, _SHARES, "{:.0%} or more", "under {:.0%}")),
        by_frequency=list(_buckets(table, of_sense, frequency, _FREQUENCIES, "{:,} or more", "under {:,}")),
    )


def _pair_accuracy(all_pairs: AllPairs, bootstrap: Bootstrap) -> Estimate | None:
    accuracy = all_pairs.accuracy()
    if np.isnan(accuracy).any():
        return None
    return bootstrap.ratios(accuracy[None], np.ones((1, bootstrap.n_lemmas)))[0]


def _auc(all_pairs: AllPairs, bootstrap: Bootstrap) -> Estimate:
    value = float(all_pairs.auc(np.ones((1, bootstrap.n_lemmas)))[0])
    rounds = [all_pairs.auc(counts) for counts in bootstrap.counts()]
    return bootstrap.estimate(value, np.concatenate(rounds)) if rounds else Estimate(value)


def _buckets(
    table: NDArray[np.float64],
    uses: NDArray[np.int64],
    measured: NDArray[np.float64] | NDArray[np.int64],
    bounds: Sequence[float],
    last: str,
    first: str,
) -> Iterator[Bucket]:
    """The senses by where something measured of them lies between bounds; what is empty is left out."""
    for number, low in enumerate(bounds):
        high = bounds[number + 1] if number + 1 < len(bounds) else np.inf
        inside = (measured >= low) & (measured < high)
        if not inside.any():
            continue
        if number == 0:
            name = first.format(high)
        elif high == np.inf:
            name = last.format(low)
        else:
            name = f"{last.format(low).removesuffix(' or more')} to {first.format(high)}"
        mean = table[:, inside].mean(axis=1)
        yield Bucket(
            name,
            int(inside.sum()),
            int(uses[inside].sum()),
            float(mean[_AVERAGE_PRECISION]),
            float(mean[_PRECISION_AT_1]),
            float(mean[_CHANCE]),
        )
