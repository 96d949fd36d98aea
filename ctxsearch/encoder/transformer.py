"""The encoder proper: windows through a transformer, layers joined, pieces pooled into words."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from ctxsearch.domain import Segment
from ctxsearch.encoder.framing import Framed, Framing
from ctxsearch.encoder.fused import added_mask, fuse, takes_added_mask
from ctxsearch.encoder.hardware import choose_device, choose_dtype, cpu_batch_pieces, gpu_batch_pieces
from ctxsearch.encoder.lanes import Lanes
from ctxsearch.encoder.layers import Join, Pooling, parse_layers
from ctxsearch.encoder.loading import load_transformer, longest_input, merge
from ctxsearch.encoder.locate import locate_model, model_digest
from ctxsearch.encoder.tokenizer import PieceTokenizer
from ctxsearch.encoder.windows import batches
from ctxsearch.errors import ModelError
from ctxsearch.head import Head
from ctxsearch.protocols import Encoded
from ctxsearch.settings import FORMAT_VERSION

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
        self._model = load_transformer(model, str(folder))
        if head is not None:
            merge(head, self._model)
        torch.nn.Module.to(self._model, device=self._device, dtype=self.dtype)
        is_bf16_on_cpu = self._device.type == "cpu" and self.dtype is torch.bfloat16
        if is_bf16_on_cpu:
            fuse(self._model)
        config = self._model.config
        self._longest = longest_input(self._model)
        self._step = LENGTH_STEP if is_bf16_on_cpu else 1
        if self._device.type == "cpu":
            self.batch_pieces = cpu_batch_pieces(
                getattr(config, "intermediate_size", 4 * config.hidden_size), self.dtype
            )
        else:
            self.batch_pieces = gpu_batch_pieces(self._device, config.hidden_size, config.num_hidden_layers)
        self._words_at_once = self.batch_pieces
        self._layers = parse_layers(layers, config.num_hidden_layers)
        self._last_only = self._layers.numbers == (config.num_hidden_layers,)
        self._projection = None if head is None else _Projection(head, self._device)
        self._joined = self._layers.dimension(config.hidden_size)
        if head is not None:
            head.check_fits(self.digest, self._joined)
        self.dimension = self._joined if head is None else head.dimension
        if pooling not in (known := [member.value for member in Pooling]):
            raise ValueError(f"There is no pooling {pooling!r}; use {', '.join(known)}.")
        self._pooling = Pooling(pooling)
        if self.tokenizer.size > config.vocab_size:
            raise ModelError(
                model,
                f"its tokenizer has {self.tokenizer.size} pieces, the model {config.vocab_size}; they do not match.",
            )
        self._pad = config.pad_token_id if isinstance(config.pad_token_id, int) else 0
        specials = len(self.tokenizer.prefix) + len(self.tokenizer.suffix)
        if not specials + 2 <= window <= self._longest:
            raise ValueError(
                f"The window {window} does not fit {model}: it takes {specials + 2} to {self._longest} pieces."
            )
        self._framing = Framing(self.tokenizer, window)
        self._adds_mask = is_bf16_on_cpu and takes_added_mask(self._model, window)

    def encode(self, passages: Sequence[Sequence[Segment]]) -> Encoded:
        """Embeds every token of some passages, see `Encoder.encode`.

        Tokens without a piece (zero-width characters, say) have no vector.
        """
        framed = self._framing.frame(passages)
        with self._lanes.beside():
            return self._pool(self._piece_vectors(framed), framed)

    def _piece_vectors(self, framed: Framed) -> torch.Tensor:
        """The joined layers at every piece. Shape: (n_pieces, n_components), in the type that `forward` gives."""
        dtype = self.dtype if self._last_only else torch.float32
        # A sentence's mean is over all its pieces, those that no window kept among them.
        make = torch.empty if self._projection is None else torch.zeros
        pieces = make((len(framed.ids), self._joined), dtype=dtype, device=self._device)
        lengths = self._framing.lengths(framed)
        padded = [self.padded(length) for length in lengths]

        @torch.inference_mode()
        def run_whole(batch: Sequence[int]) -> None:
            longest = padded[batch[0]]
            inputs = self._framing.inputs(framed, batch, longest, self._pad)
            ends = np.array([lengths[number] for number in batch])
            mask = None
            if ends.min() < longest:
                mask = self._moved((np.arange(longest) < ends[:, None]).astype(np.int64))
            hidden = self.forward(self._moved(inputs), mask)
            for row, number in enumerate(batch):
                goal, source = self._framing.kept(framed.windows[number])
                pieces[goal] = hidden[row, source]

        def run(batch: Sequence[int]) -> None:
            # A loop, for a function that calls itself is garbage that holds all pieces until somebody looks for it.
            left = [batch]
            while left:
                some = left.pop()
                if self._fits(run_whole, some):
                    continue
                if len(some) == 1:
                    raise ModelError(
                        self._name, f"the memory of {self._device} does not take one window of it; use --device cpu."
                    )
                half = len(some) // 2
                self.batch_pieces = max(1, len(some) * padded[some[0]] // 2)
                left += [some[half:], some[:half]]

        self._lanes.run(run, batches(padded, self.batch_pieces))
        return pieces

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

    def _moved(self, array: NDArray[np.int64]) -> torch.Tensor:
        """An array on the device; to a GPU it goes while the one before is worked on."""
        tensor = torch.from_numpy(array)
        if self._device.type == "cuda":
            return tensor.pin_memory().to(self._device, non_blocking=True)
        return tensor.to(self._device)

    def forward(self, inputs: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        """One pass of the model, and its layers joined. Shape: (n_windows, length, dimension)."""
        if mask is not None and self._adds_mask:
            mask = added_mask(mask, self.dtype)
        output = self._model(input_ids=inputs, attention_mask=mask, output_hidden_states=not self._last_only)
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

    @torch.inference_mode()
    def _pool(self, pieces: torch.Tensor, framed: Framed) -> Encoded:
        first, last, sentence_of = (
            torch.from_numpy(column).to(self._device) for column in (*framed.alignment, framed.sentence_of)
        )
        present = last > first
        sums = None if self._projection is None else self._sums(pieces, framed)
        vectors = torch.zeros((len(present), self.dimension), dtype=torch.float32, device=self._device)
        rows = torch.arange(len(present), device=self._device)[present]
        # Few at once, in memory that is used again and again: what is touched for the first time costs most here.
        for some in torch.split(rows, self._words_at_once):
            pooled = self._words(pieces, first[some], last[some])
            if self._projection is not None and sums is not None:
                pooled = self._projection(pooled, last[some] - first[some], *sums, sentence_of[some])
            vectors[some] = torch.nn.functional.normalize(pooled, dim=-1)
        return Encoded(vectors.cpu().numpy(), present.cpu().numpy())

    def _words(self, pieces: torch.Tensor, first: torch.Tensor, last: torch.Tensor) -> torch.Tensor:
        """What stands for each word: one of its pieces, or the sum of all. Shape: (n_words, n_components)."""
        pooled = pieces[last - 1 if self._pooling is Pooling.LAST else first].float()
        if self._pooling is Pooling.MEAN:
            # Most words are one piece: the others' further pieces are added to the first.
            further = last - first - 1
            rows = torch.arange(len(first), device=self._device).repeat_interleave(further)
            pooled.index_add_(0, rows, pieces[_between(first + 1, further)].float())
        return pooled

    def _sums(self, pieces: torch.Tensor, framed: Framed) -> tuple[torch.Tensor, torch.Tensor]:
        """The sum of each sentence's pieces, and their number. Shape: (n_segments, n_components), (n_segments,)."""
        counts = torch.from_numpy(framed.sentences.last - framed.sentences.first).to(self._device)
        sums = torch.zeros((len(counts), pieces.shape[1]), dtype=torch.float32, device=self._device)
        sentence_of = torch.arange(len(counts), device=self._device).repeat_interleave(counts)
        for rows, some in zip(
            *(torch.split(column, self._words_at_once) for column in (sentence_of, pieces)), strict=True
        ):
            sums.index_add_(0, rows, some.float())
        return sums, counts


class _Projection:
    """A head's map, on the model's device; see `Head.project`."""

    def __init__(self, head: Head, device: torch.device) -> None:
        of_words, of_rest = np.hsplit(head.weight, 2)
        self._of_words = torch.from_numpy(of_words).to(device).T
        self._of_rest = torch.from_numpy(of_rest * np.float32(head.sentence)).to(device).T
        self._bias = torch.from_numpy(head.bias).to(device)

    def __call__(
        self,
        words: torch.Tensor,
        pieces: torch.Tensor,
        sentences: torch.Tensor,
        sentence_pieces: torch.Tensor,
        sentence_of: torch.Tensor,
    ) -> torch.Tensor:
        """The vectors of words, not of unit length yet. Shape: (n_words, dimension).

        Args:
            words: the sum of each word's pieces. Shape: (n_words, n_components).
            pieces: how many they are. Shape: (n_words,).
            sentences: the sum of each sentence's pieces. Shape: (n_sentences, n_components).
            sentence_pieces: how many they are. Shape: (n_sentences,).
            sentence_of: the sentence of each word. Shape: (n_words,).
        """
        rest = sentences[sentence_of].sub_(words)
        # A sentence of one word has no rest but rounding.
        rest[sentence_pieces[sentence_of] == pieces] = 0
        # The products are divided, and not the vectors, which are longer.
        return self._bias + (words @ self._of_words) / _lengths(words) + (rest @ self._of_rest) / _lengths(rest)


def _lengths(vectors: torch.Tensor) -> torch.Tensor:
    lengths: torch.Tensor = torch.linalg.vector_norm(vectors, dim=-1, keepdim=True)
    return lengths.clamp_min_(1e-12)


def _between(first: torch.Tensor, counts: torch.Tensor) -> torch.Tensor:
    """So many consecutive numbers from each of some. Shape: (sum of counts,)."""
    before = (torch.cumsum(counts, 0) - counts).repeat_interleave(counts)
    return first.repeat_interleave(counts) + torch.arange(len(before), device=first.device) - before
