"""Windows one behind the other in one row, without padding: how a GPU takes them.

With padding comes a mask, and with a mask a pass took half as long again as without (the default model on an H200).
Over windows of different lengths in one row attends a kernel of torch's own
(``torch.nn.attention.varlen``; T. Dao 2023, FlashAttention-2); all else in a model of BERT's kind looks at one piece at
a time. A model is given the kernel by transformers' register of attention functions, and each piece its place in its
window. Where torch has no such kernel, or a model is of another kind, it stays as it is.
"""

from __future__ import annotations

import inspect
import logging
import threading
from collections.abc import Sequence
from typing import Any, NamedTuple, cast

import torch
import transformers

from ctxsearch.encoder.framing import Framed
from ctxsearch.encoder.likeness import AMISS, alike
from ctxsearch.encoder.moving import moved
from ctxsearch.encoder.tokenizer import PieceTokenizer

try:
    from torch.nn.attention.varlen import varlen_attn
except ImportError:  # a torch before 2.10
    varlen_attn = None  # type: ignore[assignment]

_LOG = logging.getLogger(__name__)

_NAME = "ctxsearch_packed"
_KERNEL_TYPES = (torch.bfloat16, torch.float16)
# Kinds of models that look at one piece at a time outside of attention, and at all of a window inside. What others do,
# a few states that are alike do not show: with small weights, a window that sees its neighbours is hardly another.
_KINDS = frozenset({"bert", "camembert", "distilbert", "electra", "roberta", "xlm-roberta"})


class Row(NamedTuple):
    """Windows, one behind the other, on the model's device.

    Attributes:
        inputs: their pieces, special ones among them. Shape: (n_inputs,).
        positions: the place of each in its window. Shape: (n_inputs,).
        bounds: where windows begin, and where the last ends. Shape: (n_windows + 1,), int32.
        longest: the length of the longest.
    """

    inputs: torch.Tensor
    positions: torch.Tensor
    bounds: torch.Tensor
    longest: int


class _Seen(threading.local):
    """The row that a thread's model is looking at, and how many layers have asked for it."""

    row: Row | None = None
    asked = 0


_SEEN = _Seen()


class Packing:
    """Makes rows of the windows of some passages.

    Args:
        framed: the passages.
        tokenizer: the model's.
        device: the model's.
    """

    def __init__(self, framed: Framed, tokenizer: PieceTokenizer, device: torch.device) -> None:
        self._device = device
        self._ids = moved(framed.ids, device)
        self._windows = moved(framed.windows, device)
        self._prefix, self._suffix = (
            torch.tensor(some, dtype=torch.int64, device=device) for some in (tokenizer.prefix, tokenizer.suffix)
        )

    def row(self, lengths: Sequence[int], first: int) -> tuple[Row, torch.Tensor]:
        """Some windows that follow each other, and which piece each of their inputs gives.

        Args:
            lengths: of each window, special pieces included.
            first: the number of the first.

        Returns:
            The row, and the pieces' numbers; that of an input which gives none is one more than the last piece's.
        """
        # All is made on the device: the lengths are known here, so nothing has to be waited for.
        windows = self._windows[first : first + len(lengths)]
        before, after = len(self._prefix), len(self._suffix)
        sizes = windows[:, 1] - windows[:, 0] + (before + after)
        ends = sizes.cumsum(0)
        total = sum(lengths)
        of_window = torch.repeat_interleave(torch.arange(len(lengths), device=self._device), sizes, output_size=total)
        positions = torch.arange(total, device=self._device) - (ends - sizes)[of_window]
        start, _, keep_start, keep_stop = windows[of_window].unbind(1)
        pieces = start + positions - before
        from_end = sizes[of_window] - after - positions
        inputs = self._ids[pieces.clamp(0, len(self._ids) - 1)]
        for special, places in ((self._prefix, positions), (self._suffix, -from_end)):
            if len(special):
                is_special = (places >= 0) & (places < len(special))
                inputs = torch.where(is_special, special[places.clamp(0, len(special) - 1)], inputs)
        is_kept = (positions >= before) & (from_end > 0) & (pieces >= keep_start) & (pieces < keep_stop)
        bounds = torch.nn.functional.pad(ends, (1, 0)).to(torch.int32)
        return Row(inputs, positions, bounds, max(lengths)), torch.where(is_kept, pieces, len(self._ids))


def see(model: transformers.PreTrainedModel, row: Row, **options: bool) -> Any:
    """What a model that takes rows makes of one; batches of one row of n_inputs."""
    _SEEN.row, _SEEN.asked = row, 0
    try:
        return model(input_ids=row.inputs[None], position_ids=_places(model, row)[None], **options)
    finally:
        _SEEN.row = None


def _places(model: transformers.PreTrainedModel, row: Row) -> torch.Tensor:
    """The number that a model gives each place. Shape: (n_inputs,)."""
    padding: int | None = cast("Any", model).embeddings.position_embeddings.padding_idx
    if padding is None:
        return row.positions
    # RoBERTa and its kin count from behind the number of padding, and a piece for it, which a text may have, has that.
    is_counted = row.inputs != padding
    counted = is_counted.cumsum(0)
    before = (counted - is_counted.long())[torch.arange(len(counted), device=counted.device) - row.positions]
    return (counted - before) * is_counted + padding


def has_kernel(device: torch.device, dtype: torch.dtype) -> bool:
    """Whether torch attends over rows of windows there."""
    return varlen_attn is not None and device.type == "cuda" and dtype in _KERNEL_TYPES


@torch.inference_mode()
def take_rows(model: transformers.PreTrainedModel, window: int) -> bool:
    """Has a model attend over rows of windows from now on, and them alone; False where it stays as it is.

    Args:
        model: on its device, in the type that it will run in.
        window: pieces of a window at most.
    """
    if model.config.model_type not in _KINDS or getattr(model.config, "is_decoder", False):
        return False
    before = model.config._attn_implementation
    lengths = [window, max(1, window // 2)]
    pieces = torch.arange(2 * window, device=model.device).reshape(2, window) % model.config.vocab_size
    mask = torch.ones_like(pieces)
    mask[1, lengths[1] :] = 0
    inside = mask.bool()
    bounds = torch.tensor([0, lengths[0], sum(lengths)], dtype=torch.int32, device=model.device)
    positions = torch.cat([torch.arange(length, device=model.device) for length in lengths])
    transformers.AttentionInterface.register(_NAME, _attend)
    try:
        padded = model(input_ids=pieces, attention_mask=mask, output_hidden_states=True)
        model.set_attn_implementation(_NAME)
        # Where it cannot be set, transformers warns, and no more.
        if model.config._attn_implementation == _NAME:
            packed = see(model, Row(pieces[inside], positions, bounds, window), output_hidden_states=True)
            expected = [state[inside].float() for state in (*padded.hidden_states, padded.last_hidden_state)]
            found = [state[0].float() for state in (*packed.hidden_states, packed.last_hidden_state)]
            if _SEEN.asked == model.config.num_hidden_layers and alike(expected, found):
                return True
    except AMISS as error:
        _LOG.debug("Windows are padded: %s", error)
    model.set_attn_implementation(before)
    return False


def _attend(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    *,
    scaling: float | None = None,
    **_: object,
) -> tuple[torch.Tensor, None]:
    """What a layer calls for its attention; states' shape: (1, n_heads, n_inputs, n_components).

    Returns:
        Shape: (1, n_inputs, n_heads, n_components), and no weights.
    """
    row = _SEEN.row
    if row is None or attention_mask is not None:
        raise ValueError("the model attends over rows of windows, without a mask, and over nothing else")
    _SEEN.asked += 1
    query, key, value = (some.squeeze(0).transpose(0, 1) for some in (query, key, value))
    options: dict[str, Any] = {}
    if "scale" in inspect.signature(varlen_attn).parameters:
        options["scale"] = scaling
    elif scaling not in (None, query.shape[-1] ** -0.5):
        raise ValueError("this torch knows one scale of attention only")
    seen = varlen_attn(query, key, value, row.bounds, row.bounds, row.longest, row.longest, **options)
    return cast("torch.Tensor", seen).unsqueeze(0), None
