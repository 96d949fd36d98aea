"""The public function that learns a head, and writes its file."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING

from ctxsearch.callbacks import check_callbacks
from ctxsearch.domain import Progress
from ctxsearch.settings import DEFAULT_MODEL, HEAD_FILE, SENSES_FILE, SETTINGS_FILE

if TYPE_CHECKING:
    from ctxsearch.encoder.recipe import Recipe
    from ctxsearch.evaluation import Measures
    from ctxsearch.head import Head


@dataclass(frozen=True, slots=True)
class TrainingReport:
    """What training came to.

    Attributes:
        head: the file that was written.
        digest: its SHA-256.
        bytes: its size.
        uses: labelled uses that were learned from.
        lemmas: these have.
        left_out: how many uses were not learned from, by reason: what has no one sense, or no vector.
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
    left_out: Mapping[str, int]
    step: int
    history: Sequence[tuple[int, float | None, float]]
    validation: Measures
    test: Measures
    calibration_error: float


def train_head(
    labels: str | Path | None,
    into: str | Path,
    *,
    senses: str | Path | None = None,
    begin: str | Path | None = None,
    documents: str | Path | None = None,
    split: str | None = None,
    model: str = DEFAULT_MODEL,
    window: int = 128,
    language: str = "en",
    licence: str = "",
    device: str | None = None,
    recipe: Recipe | None = None,
    replace: bool = False,
    on_progress: Callable[[Progress], None] | None = None,
) -> TrainingReport:
    """Learns a head for a model from uses labelled with their senses.

    A tenth of the lemmas says when to stop and what scores mean, and another tenth how good the head is; both are
    chosen by a hash of the lemma, see `ctxsearch.evaluation.parts`. The same labels and recipe give the same bytes on
    the same machine.

    Args:
        labels: JSONL of labelled uses, see `read_labels`; None where they are in an inventory.
        into: the file to write, in safetensors format.
        senses: an index, whose sense inventory has the labels; its model, window and language count then.
        begin: a head to go on from, or ``none``; where None, that of the index, and without ``senses`` none.
        documents: the documents that the uses are in, where the lines have no text of their own.
        split: learns from the uses of this split only.
        model: a folder or a name, see `Index.create`.
        window: pieces that the model sees at once.
        language: by which words are cut.
        licence: of the labels and texts, for the head's card.
        device: what the model runs on.
        recipe: how to learn; by default as the head was learned that comes with the model.
        replace: replaces the file if it is there.
        on_progress: is told how far the work has come.

    Raises:
        SourceError: a line is wrong, or there are too few labels to learn from.
        ModelError: the model cannot be found or used.
        ValueError: a setting cannot be, or the file cannot be written there, or is there already.
    """
    from ctxsearch.catalog.inventory import Inventory
    from ctxsearch.corpus import read_labels
    from ctxsearch.digests import digest_bytes, digest_files
    from ctxsearch.encoder.recipe import Recipe
    from ctxsearch.index import Index
    from ctxsearch.learning.learning import Learning
    from ctxsearch.paths import path_of
    from ctxsearch.senses.labelled import labels_of
    from ctxsearch.storage import replacing

    check_callbacks(on_progress=on_progress)
    into = path_of(into)
    if not isinstance(recipe, Recipe | None):
        raise ValueError(f"A recipe is a ctxsearch.encoder.recipe.Recipe, and {recipe!r:.80} is none.")
    if not isinstance(window, Integral):
        raise ValueError(f"The window {window!r:.80} is no number of pieces; give 128, for instance.")
    if not isinstance(licence, str):
        raise ValueError(f"A licence is a string, and {licence!r:.80} is none.")
    if (labels is None) == (senses is None):
        raise ValueError("Give either a file of labelled uses, or an index with a sense inventory.")
    if senses is not None:
        if documents is not None or split is not None:
            raise ValueError(
                "The uses of an inventory are in its index, and have no split; leave out `documents=` and `split=`."
            )
        with Index.open(senses) as index:
            known, labels = index.settings, index.path / SENSES_FILE
            read = labels_of(Inventory(index.path), index.open_shards())
            model, window, language = known.model, known.window, known.language
            if begin is None and known.head:
                begin = index.path / HEAD_FILE
            _check_goal(into, model, replace=replace)
            first = _first_head(begin, model)
    else:
        _check_goal(into, model, replace=replace)
        first = _first_head(begin, model)
        read = read_labels(labels or "", documents=documents, split=split)
    learning = Learning(read, model, int(window), language, recipe or Recipe(), on_progress, first)
    learned = learning.learn(device)
    sources = {
        str(Path(source).name): digest_files(Path(source))
        for source in (labels, documents)
        if source is not None and Path(source).is_file()
    }
    content, figures = learning.finish(learned, {"data": sources, "licence": licence}, device)
    with replacing(into) as file:
        file.write(content)
    return TrainingReport(
        head=str(into), digest=digest_bytes(content), bytes=len(content), left_out=learning.left_out, **figures
    )


def _first_head(begin: str | Path | None, model: str) -> Head | None:
    """The head that training begins with, if any; it is for this model."""
    from ctxsearch.encoder.choice import choose
    from ctxsearch.head import NO_HEAD

    return None if begin is None else choose(model, head=str(begin)).head if str(begin) != NO_HEAD else None


def _check_goal(into: Path, model: str, *, replace: bool) -> None:
    """Raises ValueError where a head cannot be written, or would harm what is there."""
    from ctxsearch.encoder.locate import locate_model

    folder = into.absolute().parent
    if not folder.is_dir() or not os.access(folder, os.W_OK) or into.is_dir():
        raise ValueError(f"{into} cannot be written: there is no folder for it, or it is one, or it is not yours.")
    if folder.resolve() == locate_model(model).resolve():
        raise ValueError(f"{into} would lie among the weights of {model} and be taken for them; choose another folder.")
    if (folder / SETTINGS_FILE).exists():
        raise ValueError(f"{folder} is an index, which keeps a copy of its head itself; choose another folder.")
    if into.exists() and not replace:
        raise ValueError(f"There is a file {into} already; give another name, or `replace=True` to replace it.")
