"""One head in the making: labels read, lemmas held out, training, calibration, and the head's card."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ctxsearch.domain import Progress
from ctxsearch.errors import SourceError
from ctxsearch.settings import DEFAULT_LAYERS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ctxsearch.corpus import Labels
    from ctxsearch.domain import Segment
    from ctxsearch.encoder.recipe import Recipe
    from ctxsearch.encoder.training import Learned, Training
    from ctxsearch.evaluation import Measures
    from ctxsearch.head import Head

# So many uses of a held-out lemma are looked at while learning goes on.
_LOOKED_AT = 12
# Lemmas to learn from, and of each kind held out, at least: of fewer a head learns nothing that holds for others.
_FEWEST_TRAINED, _FEWEST_HELD_OUT = 20, 2
# Of fewer lemmas held out, scores mean what they meant to the head that training began with.
_FEWEST_CALIBRATED = 20


class Learning:
    """One head in the making.

    Args:
        labels: the uses.
        model: a folder or a name.
        window: pieces that the model sees at once.
        language: by which words are cut.
        recipe: how to learn.
        on_progress: is told how far the work has come.
        begin: a head of the model to go on from; the recipe is made to fit it.

    Raises:
        SourceError: there are too few labels to learn from.
    """

    def __init__(
        self,
        labels: Labels,
        model: str,
        window: int,
        language: str,
        recipe: Recipe,
        on_progress: Callable[[Progress], None] | None,
        begin: Head | None = None,
    ) -> None:
        import numpy as np

        from ctxsearch.analysis import Analyser
        from ctxsearch.encoder.examples import examples
        from ctxsearch.encoder.locate import locate_model
        from ctxsearch.encoder.tokenizer import PieceTokenizer
        from ctxsearch.evaluation.parts import part_of
        from ctxsearch.labelled import NO_PIECE, tokens_of

        self._recipe = recipe if begin is None else _fitting(recipe, begin)
        self._begin = begin
        self._labels = labels
        self._model = model
        self._window = window
        self._analyser = Analyser(language)
        self._on_progress = on_progress
        left_out: Counter[str] = Counter({"the line has no sense, or several": labels.without_sense})
        uses_of: list[list[int]] = [[] for _ in labels.texts]
        for use, number in enumerate(labels.text_numbers):
            uses_of[number].append(use)
        passages: list[list[Segment]] = []
        uses: list[int] = []
        tokens: list[int] = []
        base = 0
        for content, wanted in zip(labels.texts, uses_of, strict=True):
            passages.append(list(self._analyser.segments(content, lemmas=False)))
            found = tokens_of(labels, wanted, passages[-1], left_out)
            uses.extend(found)
            tokens.extend(base + token for token in found.values())
            base += sum(len(segment.forms) for segment in passages[-1])
        tokenizer = PieceTokenizer.load(model, locate_model(model))
        self._examples = examples(tokenizer, window, passages, np.array(tokens, np.int64))
        left_out[NO_PIECE] += int(np.count_nonzero(~self._examples.present))
        self.left_out = {why: count for why, count in left_out.items() if count}
        self._uses = np.array(uses, np.int64)[self._examples.present]
        self._lemmas = [labels.lemmas[use] for use in self._uses]
        self._senses = [labels.senses[use] for use in self._uses]
        self._parts = np.array([part_of(lemma) for lemma in self._lemmas])
        self._check()

    def _check(self) -> None:
        from ctxsearch.evaluation.parts import TEST, TRAIN, VALIDATION

        fewest_of = {TRAIN: _FEWEST_TRAINED, VALIDATION: _FEWEST_HELD_OUT, TEST: _FEWEST_HELD_OUT}
        for part, fewest in fewest_of.items():
            found = len(self._measurable(part))
            if found < fewest:
                raise SourceError(
                    self._labels.path,
                    f"there are too few labels to learn a head from: of the lemmas for {part}, {found} have two uses of"
                    f" one sense and a use of another, and {fewest} are needed",
                )

    def _measurable(self, part: str) -> Sequence[str]:
        from ctxsearch.evaluation.uses import group

        chosen = (self._parts == part).nonzero()[0]
        try:
            return group([self._lemmas[use] for use in chosen], [self._senses[use] for use in chosen]).lemmas
        except ValueError:
            return []

    @property
    def uses(self) -> int:
        """How many uses are learned from or held out; those left out are not among them."""
        return len(self._uses)

    def learn(self, device: str | None, kind: Callable[..., Training] | None = None) -> Learned:
        """Trains on the lemmas that are not held out.

        Args:
            device: what the model runs on.
            kind: makes what learns, from what `Training` is made of; `Training` itself where None.
        """
        import numpy as np

        from ctxsearch.encoder.training import Training
        from ctxsearch.evaluation import measure
        from ctxsearch.evaluation.parts import TRAIN, VALIDATION

        numbers: dict[tuple[str, ...], int] = {}
        lemmas = [numbers.setdefault((lemma,), len(numbers)) for lemma in self._lemmas]
        pairs = zip(self._lemmas, self._senses, strict=True)
        senses = [numbers.setdefault(pair, len(numbers)) for pair in pairs]
        held_out = self._few_of_each(np.flatnonzero(self._parts == VALIDATION))
        looked_at = np.zeros(len(self._uses), np.bool_)
        looked_at[held_out] = True
        training = (kind or Training)(
            self._model,
            self._examples,
            np.array(lemmas, np.int64),
            np.array(senses, np.int64),
            self._recipe,
            device=device,
            begin=self._begin,
        )

        def value(vectors: NDArray[np.float32]) -> float:
            of_uses = ([names[use] for use in held_out] for names in (self._lemmas, self._senses))
            return measure(vectors, *of_uses, rounds=0).average_precision.by_sense.value

        return training.run(self._parts == TRAIN, looked_at, value, self._on_progress)

    def _few_of_each(self, uses: NDArray[np.int64]) -> NDArray[np.int64]:
        """At most so many uses of each lemma, in their order."""
        import numpy as np

        random = np.random.default_rng(self._recipe.seed)
        taken: Counter[str] = Counter()
        kept = []
        for use in random.permutation(uses).tolist():
            taken[self._lemmas[use]] += 1
            if taken[self._lemmas[use]] <= _LOOKED_AT:
                kept.append(use)
        return np.array(sorted(kept), np.int64)

    def finish(self, learned: Learned, about: Mapping[str, object], device: str | None) -> tuple[bytes, dict[str, Any]]:
        """Calibrates a head on lemmas held out, and measures it as it will be read and used.

        Args:
            learned: what training found.
            about: further entries of the head's card.
            device: what the model runs on.

        Returns:
            The head's file, and what `TrainingReport` tells.

        Raises:
            SourceError: scores do not rise with likeness, so the head is worth nothing.
        """
        import ctxsearch
        from ctxsearch.encoder.locate import locate_model, model_digest
        from ctxsearch.evaluation.calibration import fit, reliability, stated
        from ctxsearch.evaluation.parts import PARTS, TEST, TRAIN, VALIDATION
        from ctxsearch.head import head_bytes, parse_head

        card: dict[str, Any] = {
            "model": Path(self._model).name if Path(self._model).is_dir() else self._model,
            "model_digest": model_digest(locate_model(self._model)),
            "layers": DEFAULT_LAYERS,
            "sentence": self._recipe.sentence,
            "calibration": {"slope": 1.0, "intercept": 0.0},
        }
        parts = learned.weight, learned.bias, learned.adapter
        vectors, uses = self._embedded(head_bytes(*parts, card), device)
        measures, pairs = {}, {}
        for part in (VALIDATION, TEST):
            chosen = (self._parts[uses] == part).nonzero()[0]
            measures[part], pairs[part] = self._measured(vectors[chosen], uses[chosen])
        slope, intercept = fit(*pairs[VALIDATION])
        if self._begin is not None and measures[VALIDATION].lemmas < _FEWEST_CALIBRATED:
            slope, intercept = self._begin.calibration
        if slope <= 0:
            raise SourceError(self._labels.path, "it teaches nothing that holds for the lemmas held out; label more")
        scores, same, weights = pairs[TEST]
        trained = [lemma for lemma, part in zip(self._lemmas, self._parts, strict=True) if part == TRAIN]
        figures: dict[str, Any] = {
            "uses": len(trained),
            "lemmas": len(set(trained)),
            "step": learned.step,
            "history": learned.history,
            "validation": measures[VALIDATION],
            "test": measures[TEST],
            "calibration_error": reliability(stated(scores, slope, intercept), same, weights).error,
        }
        card |= {
            **about,
            "calibration": {"slope": slope, "intercept": intercept, "error": figures["calibration_error"]},
            "window": self._window,
            "recipe": asdict(self._recipe),
            "begun_with": self._begin.digest if self._begin else "",
            "trained_with": f"ctxsearch {ctxsearch.__version__}",
            "held_out": f"the SHA-256 of the lemma, its first 8 hex digits modulo {PARTS}: 0 is test, 1 validation",
            **{name: figures[name] for name in ("uses", "lemmas", "step", "history")},
            **{part: _told(measures[part]) for part in measures},
        }
        content = head_bytes(*parts, card)
        parse_head(content, Path("head"))
        return content, figures

    def _embedded(self, head: bytes, device: str | None) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """The vectors of the uses held out, as an index has them, and these uses. Shape: (n, dimension), (n,)."""
        from ctxsearch.encoder.transformer import TransformerEncoder
        from ctxsearch.evaluation.parts import TRAIN
        from ctxsearch.head import parse_head
        from ctxsearch.labelled import embed_labelled

        uses = (self._parts != TRAIN).nonzero()[0]
        encoder = TransformerEncoder(
            self._model, window=self._window, device=device, head=parse_head(head, Path("head"))
        )
        wanted = self._labels.chosen([int(self._uses[use]) for use in uses])
        embedded = embed_labelled(wanted, self._analyser, encoder, on_progress=self._on_progress)
        return embedded.vectors, uses[embedded.found]

    def _measured(
        self, vectors: NDArray[np.float32], uses: NDArray[np.int64]
    ) -> tuple[Measures, tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.float64]]]:
        """What vectors of some uses are worth, and the scores of pairs of these uses."""
        from ctxsearch.evaluation import measure
        from ctxsearch.evaluation.pairs import all_scores

        lemmas, senses = ([names[use] for use in uses] for names in (self._lemmas, self._senses))
        places = [self._labels.place(int(self._uses[use])) for use in uses]
        scored = all_scores(vectors, lemmas, senses, names=places, seed=self._recipe.seed)
        return measure(vectors, lemmas, senses, names=places), scored


def _fitting(recipe: Recipe, begin: Head) -> Recipe:
    """The recipe with the shape of a head."""
    ranks = {len(change.down) for change in begin.adapter.values()} or {0}
    return replace(recipe, dimension=begin.dimension, sentence=begin.sentence, rank=max(ranks))


def _told(measures: Measures) -> dict[str, object]:
    """The figures that a card tells of lemmas held out."""
    return {
        "lemmas": measures.lemmas,
        "senses": measures.senses,
        "average_precision": {
            "by_lemma": asdict(measures.average_precision.by_lemma),
            "by_sense": asdict(measures.average_precision.by_sense),
        },
        "nearest_neighbour": asdict(measures.precision_at_1.by_lemma),
        "pair_accuracy": None if measures.pair_accuracy is None else asdict(measures.pair_accuracy),
        "pair_auc": asdict(measures.pair_auc),
        "chance": asdict(measures.chance.by_lemma),
    }
