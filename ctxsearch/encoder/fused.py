"""A model's linear layers as oneDNN runs them fastest on a CPU: weights packed once, and what follows in the same pass.

torch writes the bias first and adds the product to it, GELU reads again all that the widest layer has written, and so
does the sum with what went around a block. The default model, in bf16 on two cores with AMX, takes 1.08 times as many
pieces/s with packed weights and 1.2 times with GELU in the same pass, which also rounds once less; a single sentence
gains as much (by a script that is not kept). The sum in the pass of the layer before it makes 1.03 to 1.04
times as many, and a mask that is made once, not in each layer, 1.03 times. Not worth it: queries, keys and values by
one product, or attention by its parts, which is slower than torch's own; nor another runtime: OpenVINO 2026.4 had the
same 22 300 pieces/s on one core, with shapes it knew before. In single precision the fused layers gain a tenth with
AVX-512 and nothing with AVX2, so there a model stays as it is.

The operators are those that torch's own compiler puts in the place of such layers, without the C++ compiler that it
needs at run time. They have no public name: where they are missing, or do not give what the layer gives, the model
stays as it is.
"""

from __future__ import annotations

import inspect
import logging

import torch
import transformers
from transformers.activations import GELUActivation

from ctxsearch.encoder.likeness import AMISS, alike, mask_of, states_of

_LOG = logging.getLogger(__name__)

# Rows that a packed layout is made for; it serves any number.
_ROWS = 2048
# Rows of the check, and by how much of the largest component an output may differ: a few roundings of bf16.
_CHECKED_ROWS = 8
_TOLERANCE = 0.03
# A model that sees more at once is not tried: that would take longer than it gains.
_LONGEST_TRIED = 512


class _NoPooler(torch.nn.Module):
    """Stands where a model has its pooler."""

    def forward(self, states: torch.Tensor, *_: object) -> torch.Tensor:
        return states


class _Packed(torch.nn.Module):
    """The weights of a linear layer, packed."""

    def __init__(self, layer: torch.nn.Linear) -> None:
        super().__init__()
        self._weight = torch.ops.mkldnn._reorder_linear_weight(layer.weight.detach(), _ROWS)
        self._bias = None if layer.bias is None else layer.bias.detach()


class _Fused(_Packed):
    """A linear layer, and the GELU behind it."""

    def __init__(self, layer: torch.nn.Linear, *, gelu: bool) -> None:
        super().__init__(layer)
        self._activation, self._kind = ("gelu", "none") if gelu else ("none", "")

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        outputs: torch.Tensor = torch.ops.mkldnn._linear_pointwise(
            inputs, self._weight, self._bias, self._activation, [], self._kind
        )
        return outputs


class _Closing(_Packed):
    """The end of a block: a linear layer, the sum with what went around the block, and that normalized."""

    def __init__(self, layer: torch.nn.Linear, norm: torch.nn.LayerNorm) -> None:
        super().__init__(layer)
        self._norm = norm

    def forward(self, inputs: torch.Tensor, around: torch.Tensor) -> torch.Tensor:
        outputs: torch.Tensor = self._norm(
            torch.ops.mkldnn._linear_pointwise.binary(inputs, around, self._weight, self._bias, "add")
        )
        return outputs


@torch.inference_mode()
def fuse(model: transformers.PreTrainedModel) -> bool:
    """Changes the linear layers of a model in bf16 on a CPU, and takes its pooler away; False where it stays as it is.

    Weights are no longer there to be changed or saved.
    """
    replaced: list[tuple[torch.nn.Module, str, torch.nn.Module]] = []

    def put(parent: torch.nn.Module, name: str, module: torch.nn.Module) -> None:
        replaced.append((parent, name, parent.get_submodule(name)))
        setattr(parent, name, module)

    before = states_of(model)
    try:
        # It serves tasks of whole texts, which nobody asks for here, and takes a hundredth of the time.
        if isinstance(getattr(model, "pooler", None), torch.nn.Module):
            put(model, "pooler", _NoPooler())
        for path, parent in list(model.named_modules()):
            if _closes_block(parent):
                closing = _Closing(parent.dense, parent.LayerNorm)
                _check(closing, parent, parent.dense.in_features, parent.dense.out_features)
                above, _, own = path.rpartition(".")
                put(model.get_submodule(above), own, closing)
                continue
            activation = getattr(parent, "intermediate_act_fn", None)
            for name, layer in list(parent.named_children()):
                if type(layer) is not torch.nn.Linear:
                    continue
                gelu = activation if name == "dense" and type(activation) is GELUActivation else None
                fused = _Fused(layer, gelu=gelu is not None)
                _check(fused, torch.nn.Sequential(layer, gelu) if gelu else layer, layer.in_features)
                put(parent, name, fused)
                if gelu:
                    put(parent, "intermediate_act_fn", torch.nn.Identity())
        # A model may ask more of a layer than to be called, and use GELU elsewhere than behind it.
        if not alike(before, states_of(model)):
            raise ValueError("the fused model gives something else")
    except AMISS as error:
        for parent, name, module in replaced:
            setattr(parent, name, module)
        _LOG.debug("The layers of the model stay as they are: %s", error)
        return False
    return bool(replaced)


def added_mask(mask: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """What a mask of ones and zeros adds to the scores of attention. Shape: (n, length) to (n, 1, 1, length)."""
    return torch.zeros(mask.shape, dtype=dtype).masked_fill_(mask == 0, -torch.inf)[:, None, None, :]


@torch.inference_mode()
def takes_added_mask(model: transformers.PreTrainedModel, window: int) -> bool:
    """Whether a model gives the same for `added_mask` as for the mask itself, of which it makes this in every layer.

    Args:
        model: in the type that it will run in.
        window: pieces that it will see at most. Where a layer looks at a part of them, it shows at this length.
    """
    if window > _LONGEST_TRIED:
        return False
    try:
        added = added_mask(mask_of(window), model.dtype)
        return alike(states_of(model, window), states_of(model, window, added), tolerance=0)
    except AMISS as error:
        _LOG.debug("Each layer of the model makes its own mask: %s", error)
        return False


def _closes_block(module: torch.nn.Module) -> bool:
    """Whether a module is what BERT and its kin have at the end of attention and of a layer."""
    parts = dict(module.named_children())
    return (
        set(parts) == {"dense", "LayerNorm", "dropout"}
        and type(parts["dense"]) is torch.nn.Linear
        and type(parts["LayerNorm"]) is torch.nn.LayerNorm
        and len(inspect.signature(module.forward).parameters) == 2
    )


def _check(fused: torch.nn.Module, module: torch.nn.Module, *widths: int) -> None:
    """Gives both the same inputs, of these widths."""
    generator = torch.Generator().manual_seed(0)
    dtype = next(module.parameters()).dtype
    inputs = [torch.randn((_CHECKED_ROWS, width), generator=generator).to(dtype) for width in widths]
    expected = module(*inputs)
    if not torch.allclose(fused(*inputs), expected, rtol=0, atol=_TOLERANCE * max(1e-6, float(expected.abs().max()))):
        raise ValueError("the fused layer gives something else")
