"""Whether a model that was changed, to be faster, still gives what it gave."""

from __future__ import annotations

import torch
import transformers

# By how much a layer of the whole model may differ, of its length: roundings add up, and what is amiss is far more.
_DRIFT = 0.1
AMISS = (RuntimeError, AttributeError, NameError, TypeError, ValueError, LookupError, AssertionError)
"""What a model that is made otherwise may answer with."""


def states_of(
    model: transformers.PreTrainedModel, length: int = 4, mask: torch.Tensor | None = None
) -> list[torch.Tensor]:
    """What a model gives in each layer for two texts, one of them padded, and what it gives in the end.

    Args:
        model: on a CPU.
        length: of the texts, in pieces.
        mask: another than `mask_of` makes, that says the same.
    """
    own = mask_of(length)
    pieces = torch.arange(2 * length).reshape(2, length) % model.config.vocab_size
    output = model(input_ids=pieces, attention_mask=own if mask is None else mask, output_hidden_states=True)
    return [state[own.bool()].float() for state in (*output.hidden_states, output.last_hidden_state)]


def mask_of(length: int) -> torch.Tensor:
    """Ones where the two texts have a piece. Shape: (2, length)."""
    mask = torch.ones((2, length), dtype=torch.int64)
    mask[1, -1] = 0
    return mask


def alike(before: list[torch.Tensor], after: list[torch.Tensor], *, tolerance: float = _DRIFT) -> bool:
    """Whether states differ by no more than so much of their length."""
    return all(
        float((one - other).norm()) <= tolerance * float(one.norm()) for one, other in zip(before, after, strict=True)
    )
