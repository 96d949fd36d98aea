"""Learns a head, and the adapter under it, from uses labelled with their senses.

A batch is some lemmas, with some uses of each. The vector of a use is to be nearer to the uses of its own sense than
to the other uses of its lemma there: its loss is, over the uses of its sense, the mean of -log P(that one) against
those of other senses (supervised contrastive learning, Khosla et al. 2020, NeurIPS, within the lemma). Lemmas are drawn
by the root of their frequency, and uses by the inverse root of that of their sense.

Most uses are seen in their sentence alone, which is short, and often all that a query has; some in their whole window.

Refused: to compare the uses of running text with a memory of the newest vectors of all others (Wang et al. 2020,
Cross-batch memory for embedding learning, CVPR). Every labelled word of a window then teaches something, but vectors
change faster than a memory of 145 000 uses is renewed: mean average precision by sense fell from .739 to .620.

Nor was this worth its price, in 300 steps of the default recipe (the same by sense, on the lemmas that training
chooses by: .834 as it is, and .841 after 600 steps): a hidden layer of 384 with GELU beside the head's map, .836, at
twice the file; the word in layers 3 to 5 beside the last, .837, with all layers kept; half of the uses in their whole
window, .834, in 1.6 times the time; twice the steps, .843 after 1 000 of them and .842 at the end. Nor a share of
what the mean of a word's piece embeddings tells, by ridge regression (R2 .58), of the mean of its lemma's vectors: by
sense .781 of the vectors as they are, .777 less half of it and .766 less all, where the lemma's own mean makes .798
(with up to 60 uses of each lemma that training chooses by). They were tried by scripts that are not kept.

Again in 300 steps, since long sentences are cut within their quotations: the recipe as it is has .838, and .840 with
other batches; 64 dimensions .837, 128 .836, 192 .848 (more bytes than an occurrence may have); changes of rank 16 .838;
no changes to the model, .793, which begins at .785; the mean of three pieces either side in the place of the
sentence's, .839, and none, .838; a tenth of the context's pieces masked, .835; a temperature of .05, which weighs the
others nearest to a use more (hard negatives), .834. Distilling: no larger model was at hand; two heads learned from
other batches are no better teacher together, by the mean of their scores .839, nor is the mean of their weights, .839,
nor a model whose weights were all learned, .835. Pupils of the two, and of that one, come to .839: no farther than
without a teacher, if sooner. ``benchmarks/trials.py`` tries most of these.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ctxsearch.domain import Progress
from ctxsearch.encoder.adapter import Adapter
from ctxsearch.encoder.draws import Draws
from ctxsearch.encoder.examples import Examples
from ctxsearch.encoder.hardware import choose_device, choose_dtype
from ctxsearch.encoder.loading import load_transformer
from ctxsearch.encoder.locate import locate_model
from ctxsearch.encoder.recipe import Recipe
from ctxsearch.encoder.views import TEXTS_AT_ONCE, View, Views
from ctxsearch.head import Head, LowRank

# Uses that say where the principal components lie.
_COMPONENTS_FROM = 4_000
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
        begin: a head of the same model to go on from, of the recipe's dimension, rank and sentence.
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
        begin: Head | None = None,
    ) -> None:
        self._recipe = recipe
        self._begin_with = begin
        self._random = np.random.default_rng(recipe.seed)
        self._views = Views(examples, recipe.alone, self._random)
        self._count = len(examples.spans)
        self._lemmas, self._senses = lemmas, senses
        self._device = choose_device(device)
        self._model = load_transformer(model, str(locate_model(model)))
        for parameter in self._model.parameters():
            parameter.requires_grad_(False)
        if self._device.type == "cpu":
            # Attention as one operation is slow to differentiate: with it a step takes 1.6 times as long.
            self._model.set_attn_implementation("eager")
        if recipe.dimension > (most := 2 * self._model.config.hidden_size):
            raise ValueError(
                f"A head for {model} has {most} dimensions at most, and {recipe.dimension} were asked for."
            )
        self._adapter = (
            Adapter(self._model, recipe.rank, recipe.seed, begin.adapter if begin else None) if recipe.rank else None
        )
        # The model's own matrices in what the hardware is fast at; what is learned stays in single precision.
        dtype = choose_dtype(None, self._device)
        learned = set() if self._adapter is None else {id(one) for one in self._adapter.parameters}
        for parameter in self._model.parameters():
            parameter.data = parameter.data.to(self._device, None if id(parameter) in learned else dtype)
        torch.nn.Module.to(self._model, device=self._device)
        self._head = nn.Linear(2 * self._model.config.hidden_size, recipe.dimension).to(self._device)

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
        recipe = self._recipe
        draws = Draws(self._lemmas, self._senses, trained, recipe, self._random)
        self._begin(np.flatnonzero(trained), on_progress)
        groups = [{"params": list(self._head.parameters()), "lr": recipe.head_rate}]
        if self._adapter is not None:
            groups.append({"params": self._adapter.parameters, "lr": recipe.rate})
        optimizer = torch.optim.AdamW(groups, weight_decay=recipe.decay, betas=(0.9, 0.98))
        parameters = [parameter for group in groups for parameter in group["params"]]  # type: ignore[attr-defined]
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: min(1.0, (step + 1) / _WARM_UP) * max(0.0, 1 - step / recipe.steps)
        )
        measured = np.flatnonzero(held_out)
        best = self._state(0)
        history: list[tuple[int, float | None, float]] = [(0, None, measure(self.embed(measured)))]
        best_value, since, losses = history[0][2], 0, []
        for step in range(1, recipe.steps + 1):
            uses = draws.batch()
            vectors = nn.functional.normalize(self._head(self._joined(self._views.some_alone(uses))), dim=-1)
            loss = self._loss(vectors, self._lemmas[uses], self._senses[uses])
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(parameters, _LARGEST_GRADIENT)
            optimizer.step()
            schedule.step()
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
        """The vectors of some uses in their windows, as things stand. Shape: (n, dimension)."""
        row = np.full(self._count, -1, np.int64)
        row[uses] = np.arange(len(uses))
        vectors = np.empty((len(uses), self._recipe.dimension), np.float32)
        for batch in self._views.in_windows(uses, on_progress):
            found = np.concatenate([view.uses for view in batch])
            with torch.inference_mode():
                made = nn.functional.normalize(self._head(self._joined(batch)), dim=-1)
            wanted = row[found] >= 0
            vectors[row[found[wanted]]] = made.cpu().numpy()[wanted]
        return vectors

    def _begin(self, trained: NDArray[np.int64], on_progress: Callable[[Progress], None] | None) -> None:
        """Lets the head begin as the principal components of the model's own vectors, in other directions."""
        if self._begin_with is not None:
            with torch.no_grad():
                self._head.weight.copy_(torch.from_numpy(self._begin_with.weight))
                self._head.bias.copy_(torch.from_numpy(self._begin_with.bias))
            return
        sample = self._random.permutation(trained)[:_COMPONENTS_FROM]
        joined = []
        for batch in self._views.in_windows(np.sort(sample), on_progress):
            with torch.inference_mode():
                joined.append(self._joined(batch).cpu())
        vectors = torch.cat(joined)
        mean = vectors.mean(dim=0)
        _, directions = torch.linalg.eigh((vectors - mean).T @ (vectors - mean))
        # Turned about, so that all components spread alike: the steps of a codec then suit each of them. It was tried
        # on 96 dimensions of an earlier head, by a script that is not kept: of the ten nearest uses of words of 100
        # to 1 000, ``sq8`` found .987 so turned, and .978 along the principal components themselves.
        turned = np.linalg.qr(self._random.normal(size=(self._recipe.dimension, self._recipe.dimension)))[0]
        with torch.no_grad():
            weight = torch.from_numpy(turned.astype(np.float32)) @ directions[:, -self._recipe.dimension :].T
            self._head.weight.copy_(weight)
            self._head.bias.copy_(-weight @ mean)

    def _joined(self, views: Sequence[View]) -> torch.Tensor:
        """What the head is given of the uses in some texts, see `ctxsearch.head.Head.project`. Shape: (n, 2 * size)."""
        # Of like length together, so that little is padding: short texts do not wait for long ones.
        order = sorted(range(len(views)), key=lambda one: len(views[one].pieces))
        parts: list[torch.Tensor] = []
        for start in range(0, len(order), TEXTS_AT_ONCE):
            parts.append(self._joined_at_once([views[one] for one in order[start : start + TEXTS_AT_ONCE]]))
        counts = [len(views[one].uses) for one in order]
        places = np.cumsum([0, *counts])
        # Back to the order of the views.
        back = np.argsort(order)
        rows = np.concatenate([np.arange(places[one], places[one + 1]) for one in back])
        return torch.cat(parts)[torch.from_numpy(rows).to(self._device)]

    def _joined_at_once(self, views: Sequence[View]) -> torch.Tensor:
        length = max(len(view.pieces) for view in views)
        inputs, mask = np.zeros((2, len(views), length), np.int64)
        for row, view in enumerate(views):
            inputs[row, : len(view.pieces)], mask[row, : len(view.pieces)] = view.pieces, 1
        output = self._model(
            input_ids=torch.from_numpy(inputs).to(self._device), attention_mask=torch.from_numpy(mask).to(self._device)
        )
        sums = nn.functional.pad(output.last_hidden_state.float().cumsum(dim=1), (0, 0, 1, 0))
        spans = [np.column_stack([np.full(len(view.uses), row), view.spans]) for row, view in enumerate(views)]
        row, first, last, begin, end = torch.from_numpy(np.concatenate(spans)).to(self._device).T
        words = sums[row, last] - sums[row, first]
        rest = sums[row, end] - sums[row, begin] - words
        rest = torch.where((end - begin == last - first)[:, None], 0.0, rest)
        normalize = nn.functional.normalize
        return torch.cat([normalize(words, dim=-1), self._recipe.sentence * normalize(rest, dim=-1)], dim=1)

    def _loss(self, vectors: torch.Tensor, lemmas: NDArray[np.int64], senses: NDArray[np.int64]) -> torch.Tensor:
        """The mean loss of the uses that have another of their sense, and one of another, in the batch."""
        same = senses[:, None] == senses
        near, far = same & ~np.eye(len(same), dtype=np.bool_), (lemmas[:, None] == lemmas) & ~same
        # Others have nothing to be compared with, and would make the gradient NaN.
        counted = np.flatnonzero(near.any(axis=1) & far.any(axis=1))
        nearer, farther = (torch.from_numpy(one[counted]).to(self._device) for one in (near, far))
        scores = vectors[torch.from_numpy(counted).to(self._device)] @ vectors.T / self._recipe.temperature
        against = scores.masked_fill(~farther, -torch.inf).logsumexp(dim=1, keepdim=True)
        losses = (nn.functional.softplus(against - scores) * nearer).sum(dim=1) / nearer.sum(dim=1)
        return losses.sum() / max(1, len(counted))

    def _state(self, step: int) -> Learned:
        weight, bias = (one.detach().cpu().numpy().copy() for one in (self._head.weight, self._head.bias))
        return Learned(weight, bias, {} if self._adapter is None else self._adapter.changes(), step, [])
