"""What an evaluation tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ctxsearch.evaluation import Measures, Reliability


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
        uses_without_sense: lines of an export that have no sense, or several, and were passed over.
        uses_drawn: how many of those read were to be embedded.
        uses_without_vector: how many of these have none, by reason.
        vectors: what the vectors are worth.
        layer_0: the same of the model's embeddings, which have seen no context (but know the word's position in its
            window); None where the vectors are these themselves.
        reliability: how far the probabilities that the head states of these uses are true; None without a head.
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
    uses_without_sense: int
    uses_drawn: int
    uses_without_vector: Mapping[str, int]
    vectors: Measures
    layer_0: Measures | None
    reliability: Reliability | None = None
