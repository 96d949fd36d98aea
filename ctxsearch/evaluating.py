"""Evaluates a model: how well its vectors tell the senses of words apart, on labelled uses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ctxsearch.domain import Progress
from ctxsearch.errors import SourceError
from ctxsearch.settings import DEFAULT_MODEL

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ctxsearch.corpus import Labels
    from ctxsearch.evaluation import Measures
    from ctxsearch.head import Head

DEFAULT_PER_LEMMA = 300
DEFAULT_ROUNDS = 1000

_NO_CONTEXT = "sum:0"
_NEIGHBOURS = 4  # layers that are summed in a sweep


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How well the vectors of a model tell senses apart, and what it was measured on.

    Attributes:
        labels: the file of labelled uses.
        split: whose uses were measured; None for all.
        model: its name or folder.
        model_digest: SHA-256 of its weights, configuration and tokenizer.
        layers: which layers made the vectors, see `Index.create`.
        head: the name of the head over them; empty where there was none.
        head_digest: SHA-256 of its file.
        pooling: how the pieces of a word became one vector.
        window: pieces that the model saw at once.
        language: what words were cut by.
        dtype: what the model computed in.
        per_lemma: uses that were drawn of a lemma at most; None for all.
        seed: of everything drawn.
        rounds: of the bootstrap.
        uses_read: labelled uses, without those of other splits and those repeated.
        uses_of_other_splits: that were passed over.
        uses_repeated: that said again what a use before had said, and were passed over.
        uses_drawn: how many of those read were to be embedded.
        uses_without_vector: how many of these have none, by reason.
        vectors: what the vectors are worth.
        layer_0: the same of the model's embeddings, which have seen no context (but know the word's position in its
            window); None where the vectors are these themselves.
    """

    labels: str
    split: str | None
    model: str
    model_digest: str
    layers: str
    head: str
    head_digest: str
    pooling: str
    window: int
    language: str
    dtype: str
    per_lemma: int | None
    seed: int
    rounds: int
    uses_read: int
    uses_of_other_splits: int
    uses_repeated: int
    uses_drawn: int
    uses_without_vector: Mapping[str, int]
    vectors: Measures
    layer_0: Measures | None


def evaluate(
    labels: str | Path,
    *,
    documents: str | Path | None = None,
    split: str | None = None,
    held_out: bool = False,
    model: str = DEFAULT_MODEL,
    layers: str | None = None,
    pooling: str | None = None,
    head: str | Path | None = None,
    window: int = 128,
    language: str = "en",
    device: str | None = None,
    dtype: str | None = None,
    per_lemma: int | None = DEFAULT_PER_LEMMA,
    seed: int = 0,
    rounds: int = DEFAULT_ROUNDS,
    on_progress: Callable[[Progress], None] | None = None,
) -> Evaluation:
    """Measures how well a model's vectors tell the senses of words apart.

    >>> import json, tempfile
    >>> uses = [
    ...     {"text": "We moored at the bank of the river.", "start": 17, "end": 21, "lemma": "bank", "sense": "river"},
    ...     {"text": "Reeds grew on the bank of the river.", "start": 18, "end": 22, "lemma": "bank", "sense": "river"},
    ...     {"text": "The bank lent us money.", "start": 4, "end": 8, "lemma": "bank", "sense": "money"},
    ... ]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "labels.jsonl")
    ...     _ = path.write_text("\\n".join(map(json.dumps, uses)))
    ...     evaluate(path).vectors.precision_at_1.by_sense.value
    1.0

    Args:
        labels: JSONL of labelled uses, see `read_labels`.
        documents: the documents that they are in, where the lines have no text of their own.
        split: measures the uses of this split only.
        held_out: measures only lemmas that `train_head` neither learns from nor chooses by.
        model: a folder or a name; this and the next seven options are those of `Index.create`.
        layers: which layers make a vector.
        pooling: how pieces make a word.
        head: a file with a learned map over the model, or ``none``.
        window: pieces that the model sees at once.
        language: what words are cut by.
        device: what the model runs on.
        dtype: what it computes in.
        per_lemma: uses of a lemma at most, drawn; None for all.
        seed: of everything drawn.
        rounds: of the bootstrap that gives the intervals; 0 for none.
        on_progress: is told how far the work has come.

    Raises:
        SourceError: a line is wrong, or nothing can be measured.
        ModelError: the model cannot be found or used.
        HeadError: the head cannot be read, or is for another model.
        ValueError: a setting does not fit the model.
    """
    from ctxsearch.encoder.choice import choose

    read = _read(labels, documents, split, per_lemma, seed, held_out=held_out)
    choice = choose(model, head=head, layers=layers, pooling=pooling)
    options = _Options(split, model, choice.pooling, window, language, device, dtype, per_lemma, seed, rounds)
    if choice.head is not None:
        return _evaluate_head(read, choice.head, options, on_progress)
    (made,) = _evaluate(read, lambda _: [choice.layers], options, on_progress)
    return made


def evaluate_layers(
    labels: str | Path,
    *,
    documents: str | Path | None = None,
    split: str | None = None,
    model: str = DEFAULT_MODEL,
    pooling: str = "mean",
    window: int = 128,
    language: str = "en",
    device: str | None = None,
    dtype: str | None = None,
    per_lemma: int | None = DEFAULT_PER_LEMMA,
    seed: int = 0,
    rounds: int = DEFAULT_ROUNDS,
    on_progress: Callable[[Progress], None] | None = None,
) -> list[Evaluation]:
    """Measures each layer of a model, and some sums of layers, in one pass over the texts; see `evaluate`.

    The sums are those of the last four layers, of the four in the middle, and of all but the embedding. The vectors of
    all layers are in memory together.

    >>> import json, tempfile
    >>> use = {"start": 4, "end": 8, "lemma": "bank"}
    >>> texts = {"The bank lent us money.": "money", "The bank lent a pound.": "money", "The bank is muddy.": "river"}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "labels.jsonl")
    ...     _ = path.write_text("\\n".join(json.dumps({**use, "text": text, "sense": texts[text]}) for text in texts))
    ...     swept = evaluate_layers(path, rounds=0)
    >>> [one.layers for one in swept]
    ['sum:0', 'sum:1', 'sum:2', 'sum:3', 'sum:4', 'sum:5', 'last', 'sum:3-6', 'sum:2-5', 'sum:1-6']

    Returns:
        One for each; `Evaluation.layers` tells them apart.
    """
    read = _read(labels, documents, split, per_lemma, seed)
    return _evaluate(
        read,
        layers_to_sweep,
        _Options(split, model, pooling, window, language, device, dtype, per_lemma, seed, rounds),
        on_progress,
    )


def layers_to_sweep(n_layers: int) -> list[str]:
    """What a sweep evaluates of a model of so many layers.

    >>> layers_to_sweep(6)
    ['sum:0', 'sum:1', 'sum:2', 'sum:3', 'sum:4', 'sum:5', 'last', 'sum:3-6', 'sum:2-5', 'sum:1-6']
    """
    single = [f"sum:{number}" for number in range(n_layers)]
    width = min(_NEIGHBOURS, n_layers)
    middle = (n_layers - width) // 2 + 1
    sums = [(n_layers - width + 1, n_layers), (middle, middle + width - 1), (1, n_layers)]
    return [*single, "last", *dict.fromkeys(f"sum:{first}-{last}" for first, last in sums if first < last)]


_Labels = tuple["Labels", "Labels"]
"""Those read, and those drawn of them."""


@dataclass(frozen=True, slots=True)
class _Options:
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


def _read(
    path: str | Path,
    documents: str | Path | None,
    split: str | None,
    per_lemma: int | None,
    seed: int,
    *,
    held_out: bool = False,
) -> _Labels:
    """The labels, and those drawn, of which some can be measured: known before a model is loaded."""
    from ctxsearch.corpus import read_labels
    from ctxsearch.evaluation.parts import TEST, part_of
    from ctxsearch.evaluation.uses import group
    from ctxsearch.labelled import draw

    if per_lemma is not None and per_lemma < 3:
        raise ValueError(f"At least 3 uses of a lemma are needed to measure anything, and {per_lemma} were asked for.")
    read = read_labels(path, documents=documents, split=split)
    if held_out:
        read = read.chosen([number for number, lemma in enumerate(read.lemmas) if part_of(lemma) == TEST])
    drawn = read if per_lemma is None else draw(read, per_lemma, seed=seed)
    try:
        group(drawn.lemmas, drawn.senses)
    except ValueError as error:
        raise SourceError(read.path, _as_clause(error)) from error
    return read, drawn


def _evaluate(
    labels: _Labels,
    chosen: Callable[[int], Sequence[str]],
    options: _Options,
    on_progress: Callable[[Progress], None] | None,
) -> list[Evaluation]:
    """Evaluates layers of a model."""
    from ctxsearch.encoder.layers import join_again, parse_layers
    from ctxsearch.encoder.transformer import count_layers

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


def _evaluate_head(
    labels: _Labels, head: Head, options: _Options, on_progress: Callable[[Progress], None] | None
) -> Evaluation:
    """Evaluates a head; what has seen no context is embedded apart, by the model without it."""
    plain = _Run(labels, options, _NO_CONTEXT, None, on_progress)
    without_context = plain.measure(plain.embedded.vectors)
    run = _Run(labels, options, head.layers, head, on_progress)
    return run.evaluation(head.layers, run.measure(run.embedded.vectors), without_context)


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
        labels: _Labels,
        options: _Options,
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

        drawn, found = self._drawn, self.embedded.found
        try:
            return measure(
                vectors,
                [drawn.lemmas[number] for number in found],
                [drawn.senses[number] for number in found],
                names=[drawn.place(number) for number in found],
                seed=self._options.seed,
                rounds=self._options.rounds,
                on_progress=self._on_progress,
            )
        except ValueError as error:
            without = sum(self.embedded.left_out.values())
            why = f"{without:,} of {len(drawn):,} uses have no vector, and of the rest {_as_clause(error)}"
            raise SourceError(self._read.path, why) from error

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
            uses_drawn=len(self._drawn),
            uses_without_vector=self.embedded.left_out,
            vectors=vectors,
            layer_0=without_context,
        )


def _as_clause(error: ValueError) -> str:
    """A sentence, fit to follow a file's name."""
    sentence = str(error).removesuffix(".")
    return sentence[:1].lower() + sentence[1:]
