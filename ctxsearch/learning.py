"""Learns a head from labelled uses: reads them, holds lemmas out, trains, calibrates, and writes the file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ctxsearch.domain import Progress
from ctxsearch.errors import SourceError
from ctxsearch.settings import DEFAULT_MODEL

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ctxsearch.corpus import Labels
    from ctxsearch.domain import Segment
    from ctxsearch.encoder.recipe import Recipe
    from ctxsearch.encoder.training import Learned
    from ctxsearch.evaluation import Measures

# Of this many lemmas one is held out to say when to stop and what scores mean, and one to say how good the head is.
_PARTS = 10
# So many uses of a held-out lemma are looked at while learning goes on.
_LOOKED_AT = 25
# Lemmas to learn from, and of each kind held out, at least: of fewer a head learns nothing that holds for others.
_FEWEST_TRAINED, _FEWEST_HELD_OUT = 20, 2


@dataclass(frozen=True, slots=True)
class TrainingReport:
    """What training came to.

    Attributes:
        head: the file that was written.
        digest: its SHA-256.
        bytes: its size.
        uses: labelled uses that were learned from.
        lemmas: these have.
        left_out: how many labelled uses have no vector, by reason.
        step: after which the head did best on the lemmas held out for that.
        history: step, mean loss since the last look, and mean average precision over the senses of these lemmas.
        validation: what its vectors are worth on these lemmas.
        test: the same on lemmas that no choice was made by.
        calibration_error: of probabilities, on the latter: the expected calibration error.
    """

    head: str
    digest: str
    bytes: int
    uses: int
    lemmas: int
    left_out: dict[str, int]
    step: int
    history: Sequence[tuple[int, float, float]]
    validation: Measures
    test: Measures
    calibration_error: float


def part_of(lemma: str) -> str:
    """Whether a lemma is for ``train``, ``validation`` or ``test``: by a hash, so that every run holds out the same.

    >>> [part_of(lemma) for lemma in ("bank", "branch", "bass")]
    ['train', 'train', 'train']
    """
    number = int(sha256(lemma.encode()).hexdigest()[:8], 16) % _PARTS
    return {0: "test", 1: "validation"}.get(number, "train")


def train_head(
    labels: str | Path,
    into: str | Path,
    *,
    documents: str | Path | None = None,
    model: str = DEFAULT_MODEL,
    window: int = 128,
    language: str = "en",
    licence: str = "",
    device: str | None = None,
    recipe: Recipe | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> TrainingReport:
    """Learns a head for a model from uses labelled with their senses.

    A tenth of the lemmas says when to stop and what scores mean, and another tenth how good the head is; both are
    chosen by a hash of the lemma, see `part_of`.

    Args:
        labels: JSONL of labelled uses, see `read_labels`.
        into: the file to write, in safetensors format.
        documents: the documents that the uses are in, where the lines have no text of their own.
        model: a folder or a name, see `Index.create`.
        window: pieces that the model sees at once.
        language: by which words are cut.
        licence: of the labels and texts, for the head's card.
        device: what the model runs on.
        recipe: how to learn; by default as the head was learned that comes with the model.
        on_progress: is told how far the work has come.

    Raises:
        SourceError: a line is wrong, or there are too few labels to learn from.
        ModelError: the model cannot be found or used.
        ValueError: a setting cannot be.
    """
    from ctxsearch.corpus import read_labels
    from ctxsearch.encoder.recipe import Recipe
    from ctxsearch.storage import digest_bytes, replacing

    into = Path(into)
    if not into.absolute().parent.is_dir():
        raise ValueError(f"There is no folder {into.parent} to write {into.name} to.")
    learning = _Learning(
        read_labels(labels, documents=documents), model, window, language, recipe or Recipe(), on_progress
    )
    learned = learning.learn(device)
    content, figures = learning.finish(learned, licence)
    with replacing(into) as file:
        file.write(content)
    return TrainingReport(
        head=str(into), digest=digest_bytes(content), bytes=len(content), left_out=learning.left_out, **figures
    )


class _Learning:
    """One head in the making."""

    def __init__(
        self,
        labels: Labels,
        model: str,
        window: int,
        language: str,
        recipe: Recipe,
        on_progress: Callable[[Progress], None] | None,
    ) -> None:
        import numpy as np

        from ctxsearch.analysis import Analyser
        from ctxsearch.encoder.examples import examples
        from ctxsearch.encoder.locate import locate_model, model_digest
        from ctxsearch.encoder.tokenizer import PieceTokenizer
        from ctxsearch.labelled import NO_PIECE, tokens_of

        self._recipe = recipe
        self._labels = labels
        self._model = model
        self._window = window
        self._on_progress = on_progress
        folder = locate_model(model)
        self._model_digest = model_digest(folder)
        left_out: Counter[str] = Counter()
        analyser = Analyser(language)
        uses_of: list[list[int]] = [[] for _ in labels.texts]
        for use, number in enumerate(labels.text_numbers):
            uses_of[number].append(use)
        passages: list[list[Segment]] = []
        uses: list[int] = []
        tokens: list[int] = []
        base = 0
        for content, wanted in zip(labels.texts, uses_of, strict=True):
            passages.append(list(analyser.segments(content, lemmas=False)))
            found = tokens_of(labels, wanted, passages[-1], left_out)
            uses.extend(found)
            tokens.extend(base + token for token in found.values())
            base += sum(len(segment.forms) for segment in passages[-1])
        self._examples = examples(PieceTokenizer.load(model, folder), window, passages, np.array(tokens, np.int64))
        left_out[NO_PIECE] += int(np.count_nonzero(~self._examples.present))
        self.left_out = {why: count for why, count in left_out.items() if count}
        self._uses = np.array(uses, np.int64)[self._examples.present]
        self._lemmas = [labels.lemmas[use] for use in self._uses]
        self._senses = [labels.senses[use] for use in self._uses]
        self._parts = np.array([part_of(lemma) for lemma in self._lemmas])
        self._check()

    def _check(self) -> None:
        """Raises SourceError where there is too little to learn from."""
        for part, fewest in (("train", _FEWEST_TRAINED), ("validation", _FEWEST_HELD_OUT), ("test", _FEWEST_HELD_OUT)):
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

    def learn(self, device: str | None) -> Learned:
        """Trains."""
        import numpy as np

        from ctxsearch.encoder.training import Training

        numbers: dict[tuple[str, ...], int] = {}
        lemmas = [numbers.setdefault((lemma,), len(numbers)) for lemma in self._lemmas]
        pairs = zip(self._lemmas, self._senses, strict=True)
        senses = [numbers.setdefault(pair, len(numbers)) for pair in pairs]
        held_out = self._few_of_each(np.flatnonzero(self._parts == "validation"))
        looked_at = np.zeros(len(self._uses), np.bool_)
        looked_at[held_out] = True
        self._training = Training(
            self._model,
            self._examples,
            np.array(lemmas, np.int64),
            np.array(senses, np.int64),
            self._recipe,
            device=device,
        )

        def value(vectors: NDArray[np.float32]) -> float:
            return self._measures(vectors, held_out, rounds=0).average_precision.by_sense.value

        return self._training.run(self._parts == "train", looked_at, value, self._on_progress)

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

    def _measures(self, vectors: NDArray[np.float32], uses: NDArray[np.int64], *, rounds: int) -> Measures:
        from ctxsearch.evaluation import measure

        lemmas, senses = ([names[use] for use in uses] for names in (self._lemmas, self._senses))
        places = [self._labels.place(int(self._uses[use])) for use in uses]
        return measure(vectors, lemmas, senses, names=places, rounds=rounds)

    def finish(self, learned: Learned, licence: str) -> tuple[bytes, dict[str, Any]]:
        """The head's file, and what `TrainingReport` tells."""
        import numpy as np

        import ctxsearch
        from ctxsearch.evaluation.calibration import fit, reliability
        from ctxsearch.evaluation.pairs import all_scores
        from ctxsearch.head import Calibration, head_bytes

        self._training.take(learned)
        measures, scored = {}, {}
        for part in ("validation", "test"):
            uses = np.flatnonzero(self._parts == part)
            vectors = self._training.embed(uses, self._on_progress)
            lemmas, senses = ([names[use] for use in uses] for names in (self._lemmas, self._senses))
            measures[part] = self._measures(vectors, uses, rounds=1000)
            scored[part] = all_scores(vectors, lemmas, senses, seed=self._recipe.seed)
        calibration = Calibration(*fit(*scored["validation"]))
        scores, same, weights = scored["test"]
        stated = np.array([calibration.p_same(score) for score in scores.tolist()])
        error = reliability(stated, same, weights).error
        trained = [lemma for lemma, part in zip(self._lemmas, self._parts, strict=True) if part == "train"]
        figures = {
            "uses": len(trained),
            "lemmas": len(set(trained)),
            "step": learned.step,
            "history": learned.history,
            "validation": measures["validation"],
            "test": measures["test"],
            "calibration_error": error,
        }
        card = {
            "model": self._model if not Path(self._model).is_dir() else Path(self._model).name,
            "model_digest": self._model_digest,
            "layers": "last",
            "sentence": self._recipe.sentence,
            "calibration": {**calibration._asdict(), "error": error},
            "data": Path(self._labels.path).name,
            "licence": licence,
            "window": self._window,
            "recipe": asdict(self._recipe),
            "trained_with": f"ctxsearch {ctxsearch.__version__}",
            "made": datetime.now(timezone.utc).date().isoformat(),
            "split": f"the SHA-256 of the lemma, its first 8 hex digits modulo {_PARTS}: 0 is test, 1 validation",
            **{name: figures[name] for name in ("uses", "lemmas", "step", "history")},
            **{part: _told(measures[part]) for part in measures},
        }
        return head_bytes(learned.weight, learned.bias, learned.adapter, card), figures


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
