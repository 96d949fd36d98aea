"""What was tried of the head: each learned for some steps, and measured on the lemmas that training chooses by.

    python benchmarks/trials.py LABELS.jsonl.gz DOCUMENTS.jsonl.gz [--only TRIAL ...] [--steps 300] [--json FILE]

``pupil of two`` and ``pupil of the whole`` learn from senses and from a teacher together: beside the loss of training
stands how far the scores of a use with the others of its lemma in the batch, as a softmax, lie from those of the
teacher (Kullback-Leibler divergence; Hinton et al. 2015, Distilling the knowledge in a neural network). The teacher
sees each use in its whole window.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from results import NOTHING, Result, draw_bars, parser, run
from torch import nn

from ctxsearch.corpus import read_labels
from ctxsearch.encoder.recipe import Recipe
from ctxsearch.encoder.training import Training
from ctxsearch.learning.learning import Learning
from ctxsearch.settings import DEFAULT_MODEL

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_TOLD_EVERY = 50
# Pieces that the model sees at once, as in training by the command.
_WINDOW = 128
# How sharply a teacher tells the others of a lemma apart.
_TEACHER_TEMPERATURE = 0.1
# Of the whole model.
_WHOLE_RATE = 3e-5


class OtherBatches(Training):
    """Draws other batches."""

    def _begin(self, *arguments: Any) -> None:
        super()._begin(*arguments)
        self._random.bit_generator.state = np.random.default_rng(1001).bit_generator.state


class Near(Training):
    """Has the mean of three pieces either side of a word in the place of its sentence's."""

    def _joined_at_once(self, views: Any) -> torch.Tensor:
        near = []
        for view in views:
            spans = view.spans.copy()
            spans[:, 2] = np.maximum(spans[:, 2], spans[:, 0] - 3)
            spans[:, 3] = np.minimum(spans[:, 3], spans[:, 1] + 3)
            near.append(view._replace(spans=spans))
        return super()._joined_at_once(near)


class Whole(Training):
    """Learns all weights of the model; a teacher, for nobody could ship it as a head."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        nn.Module.to(self._model, dtype=torch.float32)
        for name, parameter in self._model.named_parameters():
            parameter.requires_grad_("pooler" not in name)
        self._adapter: Any = self

    @property
    def parameters(self) -> list[nn.Parameter]:
        """What is learned, as an adapter tells it."""
        return [parameter for parameter in self._model.parameters() if parameter.requires_grad]

    def changes(self) -> dict[str, Any]:
        """No low-rank changes."""
        return {}

    def _joined_at_once(self, views: Any) -> torch.Tensor:
        with torch.autocast(self._device.type, torch.bfloat16):
            return super()._joined_at_once(views)


class Pupil(Training):
    """Learns from senses, and from the scores of a teacher.

    Args:
        teacher: the vectors of all uses. Shape: (n_uses, dimension).
    """

    def __init__(self, *arguments: Any, teacher: NDArray[np.float32], **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._teacher = torch.from_numpy(teacher)
        self._drawn = np.empty(0, np.int64)

    def _joined(self, views: Any) -> torch.Tensor:
        self._drawn = np.concatenate([view.uses for view in views])
        return super()._joined(views)

    def _loss(self, vectors: torch.Tensor, lemmas: NDArray[np.int64], senses: NDArray[np.int64]) -> torch.Tensor:
        others = torch.from_numpy((lemmas[:, None] == lemmas) & ~np.eye(len(lemmas), dtype=np.bool_))
        taught = self._teacher[torch.from_numpy(self._drawn)]
        logs = [
            nn.functional.log_softmax((one @ one.T / _TEACHER_TEMPERATURE).masked_fill(~others, -1e4), dim=1)
            for one in (vectors, taught)
        ]
        apart = nn.functional.kl_div(logs[0], logs[1], log_target=True, reduction="batchmean")
        return super()._loss(vectors, lemmas, senses) + apart


class Trial(NamedTuple):
    """Something else than the recipe as it is.

    Attributes:
        changes: to the recipe.
        kind: what learns.
        teachers: the trials that teach it together.
    """

    changes: Mapping[str, Any] = MappingProxyType({})
    kind: type[Training] = Training
    teachers: tuple[str, ...] = ()


TRIALS = {
    "the recipe as it is": Trial(),
    "other batches": Trial(kind=OtherBatches),
    "64 dimensions": Trial({"dimension": 64}),
    "128 dimensions": Trial({"dimension": 128}),
    "192 dimensions": Trial({"dimension": 192}),
    "rank 16": Trial({"rank": 16}),
    "the head alone": Trial({"rank": 0}),
    "no mean of the sentence": Trial({"sentence": 0.0}),
    "three pieces either side": Trial(kind=Near),
    "hard negatives, temperature .05": Trial({"temperature": 0.05}),
    "the whole model": Trial({"dimension": 384, "rank": 0, "rate": _WHOLE_RATE}, Whole),
    "pupil of two": Trial(kind=Pupil, teachers=("the recipe as it is", "other batches")),
    "pupil of the whole": Trial(kind=Pupil, teachers=("the whole model",)),
}


class Trials:
    """Learns by each trial that is asked for, and by its teachers before.

    Args:
        arguments: of the command line.
    """

    def __init__(self, arguments: argparse.Namespace) -> None:
        labels = read_labels(arguments.labels, documents=arguments.documents, split=None)
        self._steps = arguments.steps
        self._parts = (labels, DEFAULT_MODEL, _WINDOW, "en")
        self._vectors: dict[str, NDArray[np.float32]] = {}
        self._teachers = {one for name in arguments.only for one in TRIALS[name].teachers}
        self.best: dict[str, float] = {}
        self.history: dict[str, Any] = {}
        self.seconds: dict[str, float] = {}

    def run(self, name: str) -> None:
        """Learns by one trial, unless it was learned by already."""
        if name in self.best:
            return
        trial = TRIALS[name]
        for teacher in trial.teachers:
            self.run(teacher)
        made: list[Training] = []

        def kind(*arguments: Any, **more: Any) -> Training:
            if trial.teachers:
                # The cosine of vectors side by side is the mean of their cosines.
                joined = np.concatenate([self._vectors[one] for one in trial.teachers], axis=1)
                more["teacher"] = joined / len(trial.teachers) ** 0.5
            made.append(trial.kind(*arguments, **more))
            return made[0]

        def tell(progress: Any) -> None:
            if progress.stage == "train" and progress.done % _TOLD_EVERY == 0:
                print(f"{name}: {progress.done} of {progress.total} steps", file=sys.stderr, flush=True)

        start = time.perf_counter()
        recipe = Recipe(**{"steps": self._steps, **trial.changes})
        learning = Learning(*self._parts, recipe, tell)
        learned = learning.learn(None, kind)
        self.seconds[name] = time.perf_counter() - start
        self.history[name] = learned.history
        self.best[name] = max(value for _, _, value in learned.history)
        if name in self._teachers:
            self._vectors[name] = made[0].embed(np.arange(learning.uses))
        print(f"{name}: {self.best[name]:.4f}, {learned.history}", file=sys.stderr, flush=True)


def measure(arguments: argparse.Namespace) -> Result:
    """Learns by every trial that is asked for."""
    trials = Trials(arguments)
    for name in arguments.only:
        trials.run(name)
    before = {name: history[0][2] for name, history in trials.history.items()}

    def draw(figure: Figure) -> None:
        draw_bars(figure.subplots(), trials.best, "average precision by sense")

    return Result(
        f"What was tried of the head, {arguments.steps} steps",
        ["trial", "before", "best, by sense", "after steps", "minutes"],
        [
            [
                name,
                f"{before[name]:.3f}",
                f"{best:.3f}",
                str(max(trials.history[name], key=lambda one: one[2])[0] or NOTHING),
                f"{trials.seconds[name] / 60:.0f}",
            ]
            for name, best in trials.best.items()
        ],
        {"best": trials.best, "history": trials.history, "seconds": trials.seconds},
        draw,
        size=(8, 0.5 + 0.4 * len(trials.best)),
    )


if __name__ == "__main__":
    options = parser(__doc__)
    options.add_argument("labels", type=Path, help="JSONL of labelled uses")
    options.add_argument("documents", type=Path, help="the documents they are in")
    options.add_argument("--only", nargs="+", choices=TRIALS, default=list(TRIALS), metavar="TRIAL")
    options.add_argument("--steps", type=int, default=300, help="batches that each learns from")
    run(options, measure)
