"""Reads labelled uses, embeds them in one way after the other, and measures the vectors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from numbers import Integral
from typing import TYPE_CHECKING

from ctxsearch.domain import Progress
from ctxsearch.errors import SourceError
from ctxsearch.probing.evaluation import Evaluation

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ctxsearch.corpus import Labels
    from ctxsearch.evaluation import Measures, Reliability
    from ctxsearch.head import Head

_NO_CONTEXT = "sum:0"

BothLabels = tuple["Labels", "Labels"]
"""Those read, and those drawn of them."""


@dataclass(frozen=True, slots=True)
class Options:
    """What stays the same whatever the layers."""

    split: str | None
    model: str
    pooling: str
    window: int
    language: str
    device: str | None
    dtype: str | None
    per_lemma: int | None
    seed: int
    rounds: int

    def __post_init__(self) -> None:
        if not isinstance(self.rounds, Integral) or self.rounds < 0:
            raise ValueError(f"{self.rounds!r:.80} is no number of rounds of the bootstrap; give 0 for none.")


def with_drawn(
    read_labels: Callable[[], Labels], per_lemma: int | None, seed: int, *, held_out: bool = False
) -> BothLabels:
    """The labels, and those drawn, of which some can be measured: known before a model is loaded."""
    from ctxsearch.evaluation.parts import TEST, part_of
    from ctxsearch.evaluation.uses import group
    from ctxsearch.labelled import draw

    _check_draw(per_lemma, seed)
    read = read_labels()
    if held_out:
        read = read.chosen([number for number, lemma in enumerate(read.lemmas) if part_of(lemma) == TEST])
    drawn = read if per_lemma is None else draw(read, per_lemma, seed=seed)
    try:
        group(drawn.lemmas, drawn.senses)
    except ValueError as error:
        raise SourceError(read.path, _as_clause(error)) from error
    return read, drawn


def _check_draw(per_lemma: int | None, seed: int) -> None:
    if per_lemma is not None and (not isinstance(per_lemma, Integral) or per_lemma < 3):
        raise ValueError(
            f"At least 3 uses of a lemma are needed to measure anything, and {per_lemma!r:.80} were asked for."
        )
    if not isinstance(seed, Integral) or seed < 0:
        raise ValueError(f"A seed is a whole number from 0 on, and {seed!r:.80} is none.")


def layers_evaluated(
    labels: BothLabels,
    chosen: Callable[[int], Sequence[str]],
    options: Options,
    on_progress: Callable[[Progress], None] | None,
) -> list[Evaluation]:
    """Evaluates layers of a model."""
    from ctxsearch.encoder.layers import join_again, parse_layers
    from ctxsearch.encoder.loading import count_layers

    n_layers = count_layers(options.model)
    names = chosen(n_layers)
    parsed = {name: parse_layers(name, n_layers) for name in [_NO_CONTEXT, *names]}
    present = sorted({number for one in parsed.values() for number in one.numbers})
    run = _Run(labels, options, f"concat:{','.join(map(str, present))}", None, on_progress)

    def measured(name: str) -> Measures:
        return run.measure(join_again(run.embedded.vectors, present, parsed[name]))

    without_context = measured(_NO_CONTEXT)
    return [
        run.evaluation(name, without_context, None)
        if parsed[name].numbers == (0,)
        else run.evaluation(name, measured(name), without_context)
        for name in names
    ]


def head_evaluated(
    labels: BothLabels, head: Head, options: Options, on_progress: Callable[[Progress], None] | None
) -> Evaluation:
    """Evaluates a head; what has seen no context is embedded apart, by the model without it."""
    plain = _Run(labels, options, _NO_CONTEXT, None, on_progress)
    without_context = plain.measure(plain.embedded.vectors)
    run = _Run(labels, options, head.layers, head, on_progress)
    made = run.evaluation(head.layers, run.measure(run.embedded.vectors), without_context)
    return replace(made, reliability=run.reliability(head))


class _Run:
    """Labelled uses, embedded in one way.

    Args:
        labels: those read, and those drawn.
        options: what stays the same whatever the layers.
        layers: of the model.
        head: over them, if any.
        on_progress: is told how far the work has come.
    """

    def __init__(
        self,
        labels: BothLabels,
        options: Options,
        layers: str,
        head: Head | None,
        on_progress: Callable[[Progress], None] | None,
    ) -> None:
        from ctxsearch.analysis import Analyser
        from ctxsearch.encoder.hardware import dtype_name
        from ctxsearch.encoder.transformer import TransformerEncoder
        from ctxsearch.labelled import embed_labelled

        self._read, self._drawn = labels
        self._options = options
        self._head = head
        self._on_progress = on_progress
        encoder = TransformerEncoder(
            options.model,
            layers=layers,
            pooling=options.pooling,
            window=options.window,
            device=options.device,
            dtype=options.dtype,
            head=head,
        )
        self._model_digest = encoder.digest
        self._dtype = dtype_name(encoder.dtype)
        self.embedded = embed_labelled(self._drawn, Analyser(options.language), encoder, on_progress=on_progress)

    def measure(self, vectors: NDArray[np.float32]) -> Measures:
        """What vectors of the uses found are worth. Shape: (n_found, dimension)."""
        from ctxsearch.evaluation import measure

        lemmas, senses, names = self._of_found()
        try:
            return measure(
                vectors,
                lemmas,
                senses,
                names=names,
                seed=self._options.seed,
                rounds=self._options.rounds,
                on_progress=self._on_progress,
            )
        except ValueError as error:
            without = sum(self.embedded.left_out.values())
            why = f"{without:,} of {len(self._drawn):,} uses have no vector, and of the rest {_as_clause(error)}"
            raise SourceError(self._read.path, why) from error

    def reliability(self, head: Head) -> Reliability:
        """How far the probabilities that a head states of the uses found are true."""
        from ctxsearch.evaluation.calibration import reliability, stated
        from ctxsearch.evaluation.pairs import all_scores

        lemmas, senses, names = self._of_found()
        vectors, seed = self.embedded.vectors, self._options.seed
        scores, same, weights = all_scores(vectors, lemmas, senses, names=names, seed=seed)
        return reliability(stated(scores, *head.calibration), same, weights)

    def _of_found(self) -> tuple[list[str], list[str], list[str]]:
        """The lemmas, senses and places of the uses found."""
        drawn, found = self._drawn, self.embedded.found
        lemmas, senses = ([names[number] for number in found] for names in (drawn.lemmas, drawn.senses))
        return lemmas, senses, [drawn.place(number) for number in found]

    def evaluation(self, layers: str, vectors: Measures, without_context: Measures | None) -> Evaluation:
        """All that there is to tell."""
        options = self._options
        return Evaluation(
            labels=self._read.path,
            split=options.split,
            model=options.model,
            model_digest=self._model_digest,
            layers=layers,
            head=self._head.name if self._head else "",
            head_digest=self._head.digest if self._head else "",
            pooling=options.pooling,
            window=options.window,
            language=options.language,
            dtype=self._dtype,
            per_lemma=options.per_lemma,
            seed=options.seed,
            rounds=options.rounds,
            uses_read=len(self._read),
            uses_of_other_splits=self._read.other_splits,
            uses_repeated=self._read.repeated,
            uses_without_sense=self._read.without_sense,
            uses_drawn=len(self._drawn),
            uses_without_vector=self.embedded.left_out,
            vectors=vectors,
            layer_0=without_context,
        )


def _as_clause(error: ValueError) -> str:
    """A sentence, fit to follow a file's name."""
    sentence = str(error).removesuffix(".")
    return sentence[:1].lower() + sentence[1:]
