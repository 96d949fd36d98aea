"""How a head is learned, as numbers; apart from what learns it, which needs torch."""

from __future__ import annotations

from dataclasses import dataclass, fields
from math import inf
from numbers import Integral, Real

_FROM_ONE = ("dimension", "steps", "lemmas", "uses", "evaluated_every", "patience")
_ABOVE_NOTHING = ("temperature", "rate", "head_rate")


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
        for one in fields(self):
            value = getattr(self, one.name)
            what = f"The {one.name.replace('_', ' ')} {value!r:.80} of a recipe is"
            if (
                isinstance(value, bool)
                or not isinstance(value, Integral if one.type == "int" else Real)
                or value == inf
            ):
                raise ValueError(f"{what} {'no whole number' if one.type == 'int' else 'no number'}.")
            # Those of numpy cannot be written into the head's card.
            number = int(value) if isinstance(value, Integral) else float(value)
            # NaN is none of these.
            if not (number > 0 if one.name in _ABOVE_NOTHING else number >= (one.name in _FROM_ONE)):
                raise ValueError(f"{what} too small.")
            object.__setattr__(self, one.name, number)
