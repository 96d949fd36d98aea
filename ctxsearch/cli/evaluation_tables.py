"""Prints evaluations: a sentence that says what was measured, and aligned tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from ctxsearch.cli.console import counted, show

if TYPE_CHECKING:
    from ctxsearch.evaluation import Bucket, Estimate, Means, Measures
    from ctxsearch.probing import Evaluation

_LABEL_WIDTH = 34
_RANKED = (
    ("average precision", "average_precision"),
    ("precision at 1 (the nearest use)", "precision_at_1"),
    ("precision at 5", "precision_at_5"),
    ("precision at 10", "precision_at_10"),
)
_TOLD = (
    ("by the nearest use", "precision_at_1"),
    ("by 1 example of each sense", "from_1_example"),
    ("by the mean of 3 examples", "from_3_examples"),
    ("by the mean of 5 examples", "from_5_examples"),
    ("by the mean of all other uses", "from_all_others"),
)


def print_evaluation(evaluation: Evaluation) -> None:
    """Prints one evaluation to standard output."""
    for line in _evaluation(evaluation):
        show(line.rstrip())


def print_sweep(evaluations: Sequence[Evaluation]) -> None:
    """Prints a row for each choice of layers, the best of each column marked."""
    first = evaluations[0]
    for line in _about(first, f"each choice of layers of {first.model}"):
        show(line)
    columns: tuple[tuple[str, Callable[[Measures], float]], ...] = (
        ("average precision", lambda found: found.average_precision.by_sense.value),
        ("(by words)", lambda found: found.average_precision.by_lemma.value),
        ("precision at 1", lambda found: found.precision_at_1.by_sense.value),
        ("of 5 examples", lambda found: found.from_5_examples.by_sense.value),
        ("pairs, AUC", lambda found: found.pair_auc.value),
    )
    values = [[f"{value(one.vectors):.3f}" for one in evaluations] for _, value in columns]
    print()
    show(f"{'layers':<10}" + "".join(f"  {name:>17} " for name, _ in columns).rstrip())
    for row, one in enumerate(evaluations):
        cells = (f"  {column[row]:>17}{'*' if column[row] == max(column) else ' '}" for column in values)
        show((f"{one.layers:<10}" + "".join(cells)).rstrip())
    measures = first.vectors
    show(f"{'chance':<10}  {_shown(measures.chance.by_sense):>17}   {_shown(measures.chance.by_lemma):>17}")
    print("\n* the best of its column. sum:0 has seen no context. Means over senses, but where it says words.")
    show("The best of so many is flattered: choose on one split, and report another.")


def _about(evaluation: Evaluation, what: str) -> Iterator[str]:
    """What was measured, and what was left out."""
    found = evaluation.vectors
    yield (
        f"How well {what} tells senses apart: {counted(found.uses, 'use')} of {counted(found.lemmas, 'word')}"
        f" in {counted(found.senses, 'sense')}."
    )
    yield "Each use is compared with the other labelled uses of its word."
    split = "" if evaluation.split is None else f"split {evaluation.split}, "
    drawn = "" if evaluation.per_lemma is None else f", at most {evaluation.per_lemma:,} uses of a word"
    yield (
        f"({evaluation.labels}: {split}pooling {evaluation.pooling}, window {evaluation.window}, {evaluation.dtype},"
        f" seed {evaluation.seed}{drawn})"
    )
    if other := evaluation.uses_of_other_splits:
        yield f"Left out: {counted(other, 'use')} of other splits."
    if evaluation.uses_without_sense:
        yield f"Left out: {counted(evaluation.uses_without_sense, 'line')} without a sense, or with several."
    if evaluation.uses_repeated:
        yield f"Left out: {counted(evaluation.uses_repeated, 'use')} that had come before, just so."
    if not_drawn := evaluation.uses_read - evaluation.uses_drawn:
        yield f"Left out: {counted(not_drawn, 'use')} of {evaluation.uses_read:,} that were not drawn."
    for why, count in evaluation.uses_without_vector.items():
        yield f"Left out: {counted(count, 'use')}, since {why}."
    if found.uses_left_out:
        yield (
            f"Left out: {counted(found.uses_left_out, 'use')} of {counted(found.lemmas_left_out, 'word')} without two"
            " uses of one sense and one of another."
        )
    if single := found.uses - found.queries:
        yield f"Compared, but asked no question: {counted(single, 'use')} whose sense has no other use."


def _evaluation(evaluation: Evaluation) -> Iterator[str]:
    found, without = evaluation.vectors, evaluation.layer_0
    over = f", head {evaluation.head}" if evaluation.head else ""
    yield from _about(evaluation, f"{evaluation.model} (layers {evaluation.layers}{over})")
    yield ""
    yield _row("Uses of the same sense first", "mean over senses", "mean over words", "layer 0", "chance")
    for name, field in _RANKED:
        chance = found.chance if field == "average_precision" else found.chance_precision
        yield _measure_row(name, field, found, without, _shown(chance.by_sense))
    yield ""
    yield _row("The sense told rightly", "mean over senses", "mean over words", "layer 0", "")
    for name, field in _TOLD:
        yield _measure_row(name, field, found, without, "")
    frequent = found.most_frequent_sense
    yield _row("by taking the most frequent sense", _interval(frequent.by_sense), _interval(frequent.by_lemma))
    yield ""
    yield _row("Same sense or not, of two uses", "mean over words", "", "layer 0", "chance")
    if found.pair_accuracy is not None:
        known = without.pair_accuracy if without else None
        usual = max(found.same_sense_pairs, 1 - found.same_sense_pairs)
        yield _row("told rightly", _interval(found.pair_accuracy), "", _shown(known), f"{usual:.3f}")
    auc = without.pair_auc if without else None
    yield _row("area under the curve (AUC)", _interval(found.pair_auc), "", _shown(auc), f"{0.5:.3f}")
    if evaluation.reliability is not None:
        yield _row("stated probabilities are off by", f"{evaluation.reliability.error:.3f}")
    yield ""
    yield from _buckets("Senses by their share of the word", found.by_share, without.by_share if without else ())
    yield ""
    yield from _buckets("Senses by the uses of the word", found.by_frequency, without.by_frequency if without else ())
    yield ""
    yield "In brackets: 95 % intervals, by drawing the words anew. Layer 0: the model's embeddings, which have"
    yield "seen no context. Chance: a random order, or always the commoner answer. Layer 0 and chance are means"
    yield "over senses in the upper two tables."


def _measure_row(name: str, field: str, found: Measures, without: Measures | None, by_chance: str) -> str:
    means: Means = getattr(found, field)
    known: Means | None = getattr(without, field, None)
    low = known.by_sense if known else None
    return _row(name, _interval(means.by_sense), _interval(means.by_lemma), _shown(low), by_chance)


def _row(name: str, by_sense: str, by_lemma: str = "", without: str = "", chance: str = "") -> str:
    return f"{name:<{_LABEL_WIDTH}}{by_sense:<22}{by_lemma:<22}{without:>9}{chance:>8}"


def _buckets(title: str, buckets: Sequence[Bucket], without: Sequence[Bucket]) -> Iterator[str]:
    known = {bucket.name: bucket for bucket in without}
    yield (
        f"{title:<{_LABEL_WIDTH}}{'senses':>7}{'uses':>9}{'average precision':>19}{'layer 0':>9}{'chance':>8}"
        f"{'at 1':>7}"
    )
    for bucket in buckets:
        low = f"{known[bucket.name].average_precision:.3f}" if bucket.name in known else ""
        yield (
            f"{bucket.name:<{_LABEL_WIDTH}}{bucket.senses:>7,}{bucket.uses:>9,}{bucket.average_precision:>19.3f}"
            f"{low:>9}{bucket.chance:>8.3f}{bucket.precision_at_1:>7.3f}"
        )


def _interval(estimate: Estimate) -> str:
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:.3f}"
    return f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"


def _shown(estimate: Estimate | None) -> str:
    return "" if estimate is None else f"{estimate.value:.3f}"
