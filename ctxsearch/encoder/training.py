"""Learns a head, and the adapter under it, from uses labelled with their senses.

Every use that a window holds is an example: its vector is to be nearer to uses of its own sense than to other uses of
its lemma. What it is compared with comes from a memory that holds the newest vector of every use (Wang et al. 2020,
Cross-batch memory for embedding learning, CVPR), since a batch of running text has few pairs of any lemma. The loss of
a use is, over some uses of its sense, the mean of -log P(that one), each against the same uses of other senses
(supervised contrastive learning, Khosla et al. 2020, NeurIPS, within the lemma). Frequent senses count less, by the
root of their frequency.

Some windows are cut down to one sentence, because a query is often one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ctxsearch.domain import Progress
from ctxsearch.encoder.adapter import Adapter
from ctxsearch.encoder.examples import Examples
from ctxsearch.encoder.hardware import choose_device, choose_dtype
from ctxsearch.encoder.locate import locate_model
from ctxsearch.encoder.recipe import Recipe
from ctxsearch.encoder.transformer import load_transformer
from ctxsearch.head import LowRank

# Windows embedded at once where nothing is learned.
_EMBEDDED_AT_ONCE = 32
# Batches are cut from so many, sorted by length, so that little of one is padding.
_SORTED_TOGETHER = 16
# Rows of vectors worked on in one go.
_ROWS = 1 << 14
_WARM_UP = 50
_LARGEST_GRADIENT = 1.0


class Learned(NamedTuple):
    """What training found.

    Attributes:
        weight: see `ctxsearch.head.Head`.
        bias: see there.
        adapter: see there.
        step: after which it was found.
        history: step, mean loss since the last look (None before the first), and what the held-out lemmas gave.
    """

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    adapter: dict[str, LowRank]
    step: int
    history: list[tuple[int, float | None, float]]


class Training:
    """One run of training.

    Args:
        model: a folder or a name, see `locate_model`.
        examples: the labelled uses.
        lemmas: the number of each use's lemma. Shape: (n_uses,).
        senses: the number of each use's sense; no two lemmas share one. Shape: (n_uses,).
        recipe: how.
        device: where the model runs, see `TransformerEncoder`.
    """

    def __init__(
        self,
        model: str,
        examples: Examples,
        lemmas: NDArray[np.int64],
        senses: NDArray[np.int64],
        recipe: Recipe,
        *,
        device: str | None = None,
    ) -> None:
        self._recipe = recipe
        self._random = np.random.default_rng(recipe.seed)
        self._windows = examples.windows
        self._specials = examples.specials
        self._spans = examples.spans
        self._groups = _Groups(lemmas, senses)
        self._device = choose_device(device)
        self._model = load_transformer(model, str(locate_model(model)))
        for parameter in self._model.parameters():
            parameter.requires_grad_(False)
        if recipe.dimension > (most := 2 * self._model.config.hidden_size):
            raise ValueError(
                f"A head for {model} has {most} dimensions at most, and {recipe.dimension} were asked for."
            )
        self._adapter = Adapter(self._model, recipe.rank, recipe.seed) if recipe.rank else None
        # The model's own matrices in what the hardware is fast at; what is learned stays in single precision.
        dtype = choose_dtype(None, self._device)
        learned = set() if self._adapter is None else {id(one) for one in self._adapter.parameters}
        for parameter in self._model.parameters():
            parameter.data = parameter.data.to(self._device, None if id(parameter) in learned else dtype)
        torch.nn.Module.to(self._model, device=self._device)
        self._head = nn.Linear(2 * self._model.config.hidden_size, recipe.dimension).to(self._device)
        by_window: dict[int, list[int]] = {}
        for use, window in enumerate(self._spans[:, 0].tolist()):
            by_window.setdefault(window, []).append(use)
        self._uses_of = {window: np.array(uses) for window, uses in by_window.items()}
        self._memory = torch.zeros((len(self._spans), recipe.dimension), device=self._device)

    def run(
        self,
        trained: NDArray[np.bool_],
        held_out: NDArray[np.bool_],
        measure: Callable[[NDArray[np.float32]], float],
        on_progress: Callable[[Progress], None] | None = None,
    ) -> Learned:
        """Learns, and gives what did best on what was held out.

        Args:
            trained: the uses to learn from. Shape: (n_uses,).
            held_out: the uses to measure on, of other lemmas. Shape: (n_uses,).
            measure: says how good the vectors of the held-out uses are; the greater, the better.
            on_progress: is called with the number of steps.
        """
        recipe, usable = self._recipe, trained & self._groups.have_both
        if not usable.any():
            raise ValueError("No lemma to learn from has two uses of one sense and a use of another.")
        self._begin(usable, on_progress)
        groups = [{"params": list(self._head.parameters()), "lr": recipe.head_rate}]
        if self._adapter is not None:
            groups.append({"params": self._adapter.parameters, "lr": recipe.rate})
        optimizer = torch.optim.AdamW(groups, weight_decay=recipe.decay, betas=(0.9, 0.98))
        parameters = [parameter for group in groups for parameter in group["params"]]  # type: ignore[attr-defined]
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: min(1.0, (step + 1) / _WARM_UP) * max(0.0, 1 - step / recipe.steps)
        )
        weights = torch.from_numpy(self._groups.weights(usable)).to(self._device)
        measured = np.flatnonzero(held_out)
        best = self._state(0)
        history: list[tuple[int, float | None, float]] = [(0, None, measure(self.embed(measured)))]
        best_value, since, losses = history[0][2], 0, []
        for step, batch in zip(range(1, recipe.steps + 1), self._batches(usable), strict=False):
            uses, vectors = self._vectors(batch, alone=recipe.alone)
            chosen = np.flatnonzero(usable[uses])
            loss = (self._loss(uses[chosen], vectors[torch.from_numpy(chosen)]) * weights[uses[chosen]]).mean()
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(parameters, _LARGEST_GRADIENT)
            optimizer.step()
            schedule.step()
            self._memory[torch.from_numpy(uses)] = vectors.detach()
            losses.append(float(loss.detach()))
            if on_progress:
                on_progress(Progress("train", step, recipe.steps))
            if step % recipe.evaluated_every == 0 or step == recipe.steps:
                value = measure(self.embed(measured))
                history.append((step, float(np.mean(losses)), value))
                losses, since = [], since + 1
                if value > best_value:
                    best, best_value, since = self._state(step), value, 0
                if since == recipe.patience:
                    break
        return best._replace(history=history)

    def embed(
        self, uses: NDArray[np.int64], on_progress: Callable[[Progress], None] | None = None
    ) -> NDArray[np.float32]:
        """The vectors of some uses as things stand. Shape: (n, dimension)."""
        row = np.full(len(self._spans), -1, np.int64)
        row[uses] = np.arange(len(uses))
        vectors = np.empty((len(uses), self._recipe.dimension), np.float32)
        for batch in self._all_windows(uses, on_progress):
            with torch.inference_mode():
                found, made = self._vectors(batch)
            wanted = row[found] >= 0
            vectors[row[found[wanted]]] = made.cpu().numpy()[wanted]
        return vectors

    def _begin(self, usable: NDArray[np.bool_], on_progress: Callable[[Progress], None] | None) -> None:
        """Lets the head begin as the principal components of the model's own vectors, and fills the memory."""
        joined = torch.empty((len(self._spans), 2 * self._model.config.hidden_size), dtype=torch.float16)
        for batch in self._all_windows(np.arange(len(self._spans)), on_progress):
            with torch.inference_mode():
                uses, made = self._joined(batch)
            joined[torch.from_numpy(uses)] = made.half().cpu()
        sample = torch.from_numpy(np.flatnonzero(usable))
        mean = torch.stack([joined[part].float().sum(dim=0) for part in sample.split(_ROWS)]).sum(dim=0) / len(sample)
        squares = [part.T @ part for part in (joined[rows].float() - mean for rows in sample.split(_ROWS))]
        _, directions = torch.linalg.eigh(torch.stack(squares).sum(dim=0))
        with torch.no_grad():
            weight = directions[:, -self._recipe.dimension :].T
            self._head.weight.copy_(weight)
            self._head.bias.copy_(-weight @ mean)
            for part, goal in zip(joined.split(_ROWS), self._memory.split(_ROWS), strict=True):
                goal.copy_(nn.functional.normalize(self._head(part.float().to(self._device)), dim=-1))

    def _all_windows(
        self, uses: NDArray[np.int64], on_progress: Callable[[Progress], None] | None
    ) -> Iterator[list[int]]:
        numbers = sorted(set(self._spans[uses, 0].tolist()), key=lambda one: -len(self._windows[one]))
        for start in range(0, len(numbers), _EMBEDDED_AT_ONCE):
            yield numbers[start : start + _EMBEDDED_AT_ONCE]
            if on_progress:
                on_progress(Progress("embed", min(len(numbers), start + _EMBEDDED_AT_ONCE), len(numbers)))

    def _batches(self, usable: NDArray[np.bool_]) -> Iterator[list[int]]:
        """Batches of windows in which there is something to learn, without end."""
        numbers = np.array(sorted(window for window, uses in self._uses_of.items() if usable[uses].any()))
        size = min(self._recipe.windows, len(numbers))
        while True:
            drawn = self._random.permutation(numbers)
            for start in range(0, len(drawn) - size + 1, size * _SORTED_TOGETHER):
                block = sorted(drawn[start : start + size * _SORTED_TOGETHER], key=lambda one: -len(self._windows[one]))
                cut = [block[first : first + size] for first in range(0, len(block), size)]
                for number in self._random.permutation(len(cut)).tolist():
                    yield [int(one) for one in cut[number]]

    def _vectors(self, batch: list[int], alone: float = 0.0) -> tuple[NDArray[np.int64], torch.Tensor]:
        """The uses in some windows, and their vectors. Shape: (n,), (n, dimension)."""
        uses, joined = self._joined(batch, alone)
        return uses, nn.functional.normalize(self._head(joined), dim=-1)

    def _joined(self, batch: list[int], alone: float = 0.0) -> tuple[NDArray[np.int64], torch.Tensor]:
        """The uses in some windows, and what the head is given of them; see `ctxsearch.head.Head.project`."""
        texts: list[NDArray[np.int64]] = []
        spans: list[NDArray[np.int64]] = []
        uses: list[NDArray[np.int64]] = []
        for window in batch:
            here, pieces = self._uses_of[window], self._windows[window]
            inside = self._spans[here, 1:]
            if alone and self._random.random() < alone:
                begin, end = inside[self._random.integers(len(here)), 2:]
                chosen = (inside[:, 2] == begin) & (inside[:, 3] == end)
                here, inside = here[chosen], inside[chosen] - (begin - self._specials[0])
                before, after = self._specials
                pieces = np.concatenate([pieces[:before], pieces[begin:end], pieces[len(pieces) - after :]])
            spans.append(np.column_stack([np.full(len(here), len(texts)), inside]))
            texts.append(pieces)
            uses.append(here)
        length = max(map(len, texts))
        inputs, mask = np.zeros((2, len(texts), length), np.int64)
        for row, pieces in enumerate(texts):
            inputs[row, : len(pieces)], mask[row, : len(pieces)] = pieces, 1
        output = self._model(
            input_ids=torch.from_numpy(inputs).to(self._device), attention_mask=torch.from_numpy(mask).to(self._device)
        )
        sums = nn.functional.pad(output.last_hidden_state.float().cumsum(dim=1), (0, 0, 1, 0))
        row, first, last, begin, end = torch.from_numpy(np.concatenate(spans)).to(self._device).T
        words = sums[row, last] - sums[row, first]
        rest = sums[row, end] - sums[row, begin] - words
        rest = torch.where((end - begin == last - first)[:, None], 0.0, rest)
        normalize = nn.functional.normalize
        joined = torch.cat([normalize(words, dim=-1), self._recipe.sentence * normalize(rest, dim=-1)], dim=1)
        return np.concatenate(uses), joined

    def _loss(self, uses: NDArray[np.int64], vectors: torch.Tensor) -> torch.Tensor:
        """The loss of each use. Shape: (n_uses,)."""
        recipe = self._recipe
        same = torch.from_numpy(self._groups.draw_same(uses, recipe.positives, self._random))
        other = torch.from_numpy(self._groups.draw_other(uses, recipe.negatives, self._random))
        near = torch.einsum("ud,upd->up", vectors, self._memory[same]) / recipe.temperature
        far = torch.einsum("ud,und->un", vectors, self._memory[other]) / recipe.temperature
        return nn.functional.softplus(far.logsumexp(dim=1, keepdim=True) - near).mean(dim=1)

    def _state(self, step: int) -> Learned:
        weight, bias = (one.detach().cpu().numpy().copy() for one in (self._head.weight, self._head.bias))
        return Learned(weight, bias, {} if self._adapter is None else self._adapter.changes(), step, [])


class _Groups:
    """Draws, for uses, others of the same sense and of other senses of the same lemma."""

    def __init__(self, lemmas: NDArray[np.int64], senses: NDArray[np.int64]) -> None:
        self._order = np.lexsort((senses, lemmas))
        self._place = np.empty(len(lemmas), np.int64)
        self._place[self._order] = np.arange(len(lemmas))
        self._lemma = _stretches(lemmas[self._order])[:, self._place]
        self._sense = _stretches(senses[self._order])[:, self._place]
        self._n_same = self._sense[1] - self._sense[0] - 1
        self._n_other = self._lemma[1] - self._lemma[0] - self._n_same - 1

    @property
    def have_both(self) -> NDArray[np.bool_]:
        """Which uses have another of their sense, and one of another. Shape: (n_uses,)."""
        both: NDArray[np.bool_] = (self._n_same > 0) & (self._n_other > 0)
        return both

    def weights(self, usable: NDArray[np.bool_]) -> NDArray[np.float32]:
        """How much each use counts, 1 in the mean of those usable. Shape: (n_uses,)."""
        weights = 1 / np.sqrt(self._n_same + 1)
        scaled: NDArray[np.float32] = (weights / weights[usable].mean()).astype(np.float32)
        return scaled

    def draw_same(self, uses: NDArray[np.int64], count: int, random: np.random.Generator) -> NDArray[np.int64]:
        """Others of the same sense. Shape: (n_uses, count)."""
        place = self._place[uses][:, None]
        drawn = self._sense[0][uses][:, None] + random.integers(0, self._n_same[uses][:, None], (len(uses), count))
        found: NDArray[np.int64] = self._order[drawn + (drawn >= place)]
        return found

    def draw_other(self, uses: NDArray[np.int64], count: int, random: np.random.Generator) -> NDArray[np.int64]:
        """Uses of other senses of the lemma. Shape: (n_uses, count)."""
        begin, end = (bound[uses][:, None] for bound in self._sense)
        drawn = self._lemma[0][uses][:, None] + random.integers(0, self._n_other[uses][:, None], (len(uses), count))
        found: NDArray[np.int64] = self._order[np.where(drawn >= begin, drawn + (end - begin), drawn)]
        return found


def _stretches(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each of some sorted numbers, where its equals begin and end. Shape: (2, n)."""
    return np.stack([np.searchsorted(numbers, numbers, side) for side in ("left", "right")])
