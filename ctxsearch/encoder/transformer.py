"""The encoder proper: windows through a transformer, layers joined, pieces pooled into words."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from numbers import Integral
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ctxsearch.domain import Segment
from ctxsearch.encoder.depth import cut_above
from ctxsearch.encoder.framing import Framed, Framing, unknown_words
from ctxsearch.encoder.fused import added_mask, fuse, takes_added_mask
from ctxsearch.encoder.hardware import choose_device, choose_dtype, cpu_batch_pieces, gpu_batch_pieces
from ctxsearch.encoder.lanes import Lanes
from ctxsearch.encoder.layers import Join, Pooling, parse_layers
from ctxsearch.encoder.loading import load_transformer, longest_input, merge
from ctxsearch.encoder.locate import locate_model, model_digest
from ctxsearch.encoder.moving import moved
from ctxsearch.encoder.packed import Packing, has_kernel, see, take_rows
from ctxsearch.encoder.pooling import WordPooling
from ctxsearch.encoder.tokenizer import PieceTokenizer
from ctxsearch.encoder.windows import batches, in_turn
from ctxsearch.errors import ModelError
from ctxsearch.head import Head
from ctxsearch.protocols import Encoded
from ctxsearch.settings import FORMAT_VERSION

_LOG = logging.getLogger(__name__)

# In bf16 on a CPU a batch is as long as a multiple of this. Attention over 125 pieces takes twice the time of 128, for
# what is left over of a vector of the processor is worked on one by one; in single precision padding costs more.
LENGTH_STEP = 16


class TransformerEncoder:
    """Any BERT-like encoder of transformers, by its fast tokenizer.

    Args:
        model: a folder or a name, see `locate_model`.
        layers: which layers make a vector, see `parse_layers`.
        pooling: how pieces make a word: ``mean``, ``first`` or ``last``.
        window: pieces that the model sees at once, its special ones included.
        device: ``cpu``, ``cuda``, ``cuda:1``, ``mps``; the GPU that is there, or else the CPU, where None or ``auto``.
            Where its memory does not take a batch, the batch is halved, and those after it are no larger.
        dtype: ``bf16``, ``fp16`` or ``fp32``; what the device computes fastest without loss that matters, where None.
        head: what takes the model's vectors to those of the index, with the layers and pooling that it was made for.
        format_version: of the index that the digest is compared with, see `model_digest`.

    Raises:
        ModelError: the model cannot be found or used.
        HeadError: the head was made for another model.
        ValueError: a setting does not fit the model.
    """

    is_concurrent = True
    batch_pieces: int
    """Pieces in a batch at most, padding included."""

    def __init__(
        self,
        model: str,
        *,
        layers: str = "last",
        pooling: str = "mean",
        window: int = 128,
        device: str | None = None,
        dtype: str | None = None,
        head: Head | None = None,
        format_version: int = FORMAT_VERSION,
    ) -> None:
        folder = locate_model(model)
        self._name = model
        self.digest = model_digest(folder, format_version=format_version)
        self.tokenizer = PieceTokenizer.load(model, folder)
        self._device = choose_device(device)
        self.dtype = choose_dtype(dtype, self._device)
        self._lanes = Lanes(self._device)
        is_bf16_on_cpu = self._device.type == "cpu" and self.dtype is torch.bfloat16
        with self._lanes.beside():
            self._model = load_transformer(model, str(folder))
            if head is not None:
                merge(head, self._model)
            config = self._model.config
            self._layers = parse_layers(layers, config.num_hidden_layers)
            is_cut = cut_above(self._model, max(self._layers.numbers))
            try:
                torch.nn.Module.to(self._model, device=self._device, dtype=self.dtype)
            except torch.OutOfMemoryError as error:
                why = f'the memory of {self._device} does not take it; use `device="cpu"`.'
                raise ModelError(model, why) from error
            is_fused = is_bf16_on_cpu and fuse(self._model)
        self._longest = longest_input(self._model)
        self._step = LENGTH_STEP if is_bf16_on_cpu else 1
        if self._device.type == "cpu":
            self.batch_pieces = cpu_batch_pieces(
                getattr(config, "intermediate_size", 4 * config.hidden_size), self.dtype
            )
        else:
            self.batch_pieces = gpu_batch_pieces(self._device, config.hidden_size, config.num_hidden_layers)
        self._last_only = self._layers.numbers == (config.num_hidden_layers,)
        self._joined = self._layers.dimension(config.hidden_size)
        if head is not None:
            head.check_fits(self.digest, self._joined)
        self.dimension = self._joined if head is None else head.dimension
        if pooling not in (known := [member.value for member in Pooling]):
            raise ValueError(f"There is no pooling {pooling!r}; use {', '.join(known)}.")
        self._pool = WordPooling(Pooling(pooling), head, self._device, at_once=self.batch_pieces)
        if self.tokenizer.size > config.vocab_size:
            raise ModelError(
                model,
                f"its tokenizer has {self.tokenizer.size} pieces, the model {config.vocab_size}; they do not match.",
            )
        self._pad = config.pad_token_id if isinstance(config.pad_token_id, int) else 0
        specials = len(self.tokenizer.prefix) + len(self.tokenizer.suffix)
        _check_window(window, specials + 2, self._longest, model)
        self._framing = Framing(self.tokenizer, window)
        self._adds_mask = is_bf16_on_cpu and takes_added_mask(self._model, window)
        self._packs = has_kernel(self._device, self.dtype) and take_rows(self._model, window)
        _LOG.info(
            "%s is run by torch %s on %s in %s, %s pieces a batch%s%s%s.",
            model,
            torch.__version__,
            self._device,
            str(self.dtype).removeprefix("torch."),
            f"{self.batch_pieces:,}",
            f", {config.num_hidden_layers} of its layers alone" if is_cut else "",
            ", its layers fused" if is_fused else "",
            ", without padding" if self._packs else "",
        )

    def encode(self, passages: Sequence[Sequence[Segment]]) -> Encoded:
        """Embeds every token of some passages, see `Encoder.encode`.

        Tokens without a piece (zero-width characters, say) have no vector.
        """
        return self.encode_framed(self._framing.frame(passages))

    def encode_tokens(self, passages: Sequence[Sequence[Segment]], tokens: NDArray[np.int64]) -> Encoded:
        """Embeds some tokens of some passages, see `TokenEncoder.encode_tokens`."""
        return self.encode_framed(self._framing.frame_tokens(passages, tokens))

    def encode_framed(self, framed: Framed) -> Encoded:
        """`encode` for passages that are in pieces already, by this tokenizer and for windows of this size."""
        try:
            with self._lanes.beside():
                encoded = self._pool(self._piece_vectors(framed), framed)
        except torch.OutOfMemoryError as error:
            why = f'the memory of {self._device} does not take a block of words; use `device="cpu"`.'
            raise ModelError(self._name, why) from error
        return encoded._replace(unknown=unknown_words(framed, self.tokenizer))

    def _piece_vectors(self, framed: Framed) -> torch.Tensor:
        """The joined layers at every piece. Shape: (n_pieces, n_components), in the type that `forward` gives."""
        dtype = self.dtype if self._last_only else torch.float32
        # A sentence's mean is over all its pieces, those that no window kept among them.
        make = torch.zeros if self._pool.sees_sentences else torch.empty
        # The last row takes what is not kept.
        pieces = make((len(framed.ids) + 1, self._joined), dtype=dtype, device=self._device)
        if self._packs:
            self._see_packed(framed, pieces)
        else:
            self._see_padded(framed, pieces)
        return pieces[:-1]

    def _see_packed(self, framed: Framed, pieces: torch.Tensor) -> None:
        lengths = self._framing.lengths(framed).tolist()
        packing = Packing(framed, self.tokenizer, self._device)

        @torch.inference_mode()
        def run(batch: Sequence[int]) -> None:
            row, goal = packing.row([lengths[number] for number in batch], batch[0])
            output = see(self._model, row, output_hidden_states=not self._last_only)
            pieces[goal] = self._join(output)[0]

        for batch in in_turn(lengths, self.batch_pieces):
            self._run(run, batch, lengths)

    def _see_padded(self, framed: Framed, pieces: torch.Tensor) -> None:
        lengths = self._framing.lengths(framed)
        padded = [self.padded(length) for length in lengths.tolist()]

        @torch.inference_mode()
        def run(batch: Sequence[int]) -> None:
            longest = padded[batch[0]]
            inputs = self._framing.inputs(framed, batch, longest, self._pad)
            ends = lengths[batch]
            mask = None
            if ends.min() < longest:
                mask = moved((np.arange(longest) < ends[:, None]).astype(np.int64), self._device)
            hidden = self.forward(moved(inputs, self._device), mask)
            goal, source = (moved(places, self._device) for places in self._framing.kept(framed, batch, longest))
            pieces.index_copy_(0, goal, hidden.flatten(0, 1).index_select(0, source))

        self._lanes.run(lambda batch: self._run(run, batch, padded), batches(padded, self.batch_pieces))

    def _run(self, task: Callable[[Sequence[int]], None], batch: Sequence[int], lengths: Sequence[int]) -> None:
        """Runs a batch, or its halves where the memory does not take it whole."""
        # A loop, for a function that calls itself is garbage that holds all pieces until somebody looks for it.
        left = [batch]
        while left:
            some = left.pop()
            if self._fits(task, some):
                continue
            if len(some) == 1:
                raise ModelError(
                    self._name, f'the memory of {self._device} does not take one window of it; use `device="cpu"`.'
                )
            half = len(some) // 2
            # Another thread may have found it smaller yet.
            self.batch_pieces = max(1, min(self.batch_pieces, sum(lengths[number] for number in some) // 2))
            _LOG.info(
                "The memory of %s is short: %s pieces a batch from now on.", self._device, f"{self.batch_pieces:,}"
            )
            left += [some[half:], some[:half]]

    def padded(self, length: int) -> int:
        """Pieces of a window with the padding that makes the model faster."""
        return min(-(-length // self._step) * self._step, self._longest)

    def _fits(self, task: Callable[[Sequence[int]], None], batch: Sequence[int]) -> bool:
        """Runs a batch; False where the device's memory does not take it."""
        try:
            task(batch)
        except torch.OutOfMemoryError:
            pass  # what the error holds on to is let go of when it is handled, and only then
        else:
            return True
        if self._device.type == "cuda":
            torch.cuda.empty_cache()
        return False

    def forward(self, inputs: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        """One pass of the model, and its layers joined. Shape: (n_windows, length, dimension)."""
        if mask is not None and self._adds_mask:
            mask = added_mask(mask, self.dtype)
        output = self._model(input_ids=inputs, attention_mask=mask, output_hidden_states=not self._last_only)
        return self._join(output)

    def _join(self, output: Any) -> torch.Tensor:
        last: torch.Tensor = output.last_hidden_state
        if self._last_only:
            return last
        # Some models normalize once more after the last layer, so its output is taken as the model gives it.
        states = [*output.hidden_states[:-1], last]
        chosen = [states[number].float() for number in self._layers.numbers]
        if self._layers.join is Join.CONCAT:
            return torch.cat(chosen, dim=-1)
        total = torch.stack(chosen).sum(dim=0)
        return total if self._layers.join is Join.SUM else total / len(chosen)


def _check_window(window: int, fewest: int, most: int, model: str) -> None:
    if not isinstance(window, Integral) or not fewest <= window <= most:
        raise ValueError(f"The window {window!r:.80} does not fit {model}: it takes {fewest} to {most} pieces.")
