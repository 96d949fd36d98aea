"""How a head is learned, as numbers; apart from what learns it, which needs torch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a head is learned.

    Attributes:
        dimension: of its vectors.
        rank: of the adapter's changes; 0 for none.
        sentence: how much the sentence's mean weighs beside the word.
        temperature: by which cosines are divided in the loss.
        rate: of learning, of AdamW, for the adapter; it falls to nothing in a straight line.
        head_rate: the same for the head.
        decay: of weights, of AdamW.
        steps: batches at most.
        lemmas: of a batch.
        uses: of each lemma in a batch.
        alone: the share of uses that are seen in their sentence alone, without the rest of their window.
        evaluated_every: steps after which the held-out lemmas are looked at; training ends when they have not gained
            for `patience` looks.
        patience: see there.
        seed: draws all that is drawn.
    """

    dimension: int = 96
    rank: int = 8
    sentence: float = 0.3
    temperature: float = 0.1
    rate: float = 5e-4
    head_rate: float = 5e-4
    decay: float = 0.01
    steps: int = 600
    lemmas: int = 12
    uses: int = 8
    alone: float = 0.9
    evaluated_every: int = 100
    patience: int = 3
    seed: int = 0

    def __post_init__(self) -> None:
        wrong = [
            name
            for name in ("dimension", "steps", "lemmas", "uses", "evaluated_every", "patience")
            if getattr(self, name) < 1
        ]
        wrong += [name for name in ("rank", "sentence", "alone", "decay", "seed") if getattr(self, name) < 0]
        wrong += [name for name in ("temperature", "rate", "head_rate") if not getattr(self, name) > 0]
        if wrong:
            raise ValueError(f"The {wrong[0].replace('_', ' ')} {getattr(self, wrong[0])} of a recipe is too small.")
