"""The public functions that evaluate a model: in one way, or every layer of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ctxsearch.callbacks import check_callbacks
from ctxsearch.domain import Progress
from ctxsearch.probing.evaluation import Evaluation
from ctxsearch.probing.runs import Options, head_evaluated, layers_evaluated, with_drawn
from ctxsearch.settings import DEFAULT_MODEL, HEAD_FILE, Settings

if TYPE_CHECKING:
    from ctxsearch.corpus import Labels

DEFAULT_PER_LEMMA = 300
DEFAULT_ROUNDS = 1000

_NEIGHBOURS = 4  # layers that are summed in a sweep


def evaluate(
    labels: str | Path | None = None,
    *,
    senses: str | Path | None = None,
    documents: str | Path | None = None,
    split: str | None = None,
    held_out: bool = False,
    model: str = DEFAULT_MODEL,
    layers: str | None = None,
    pooling: str | None = None,
    head: str | Path | None = None,
    window: int = 128,
    language: str = "en",
    device: str | None = None,
    dtype: str | None = None,
    per_lemma: int | None = DEFAULT_PER_LEMMA,
    seed: int = 0,
    rounds: int = DEFAULT_ROUNDS,
    on_progress: Callable[[Progress], None] | None = None,
) -> Evaluation:
    """Measures how well a model's vectors tell the senses of words apart.

    >>> import json, tempfile
    >>> uses = [
    ...     {"text": "We moored at the bank of the river.", "start": 17, "end": 21, "lemma": "bank", "sense": "river"},
    ...     {"text": "Reeds grew on the bank of the river.", "start": 18, "end": 22, "lemma": "bank", "sense": "river"},
    ...     {"text": "The bank lent us money.", "start": 4, "end": 8, "lemma": "bank", "sense": "money"},
    ... ]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "labels.jsonl")
    ...     _ = path.write_text("\\n".join(map(json.dumps, uses)))
    ...     evaluate(path).vectors.precision_at_1.by_sense.value
    1.0

    Args:
        labels: JSONL of labelled uses, see `read_labels`; None where they are in an inventory.
        senses: an index, whose sense inventory has the labels; its model, window and language count then, and its
            layers, pooling and head, where none of these is given.
        documents: the documents that they are in, where the lines have no text of their own.
        split: measures the uses of this split only.
        held_out: measures only lemmas that `train_head` neither learns from nor chooses by.
        model: a folder or a name; this and the next seven options are those of `Index.create`.
        layers: which layers make a vector.
        pooling: how pieces make a word.
        head: a file with a learned map over the model, or ``none``.
        window: pieces that the model sees at once.
        language: what words are cut by.
        device: what the model runs on.
        dtype: what it computes in.
        per_lemma: uses of a lemma at most, drawn; None for all.
        seed: of everything drawn.
        rounds: of the bootstrap that gives the intervals; 0 for none.
        on_progress: is told how far the work has come.

    Raises:
        SourceError: a line is wrong, or nothing can be measured.
        ModelError: the model cannot be found or used.
        HeadError: the head cannot be read, or is for another model.
        ValueError: a setting does not fit the model.
    """
    from ctxsearch.corpus import read_labels
    from ctxsearch.encoder.choice import choose

    check_callbacks(on_progress=on_progress)
    if (labels is None) == (senses is None):
        raise ValueError("Give either a file of labelled uses, or an index with a sense inventory.")
    own_name = ""
    if senses is not None:
        if documents is not None or split is not None:
            raise ValueError(
                "The uses of an inventory are in its index, and have no split; leave out `documents=` and `split=`."
            )
        uses, known, own_head = _of_index(senses)
        model, window, language = known.model, known.window, known.language
        if head is None and layers is None and pooling is None:
            head, own_name = own_head or "none", known.head
            layers, pooling = (None, None) if own_head else (known.layers, known.pooling)
        read = with_drawn(lambda: uses, per_lemma, seed, held_out=held_out)
    else:
        read = with_drawn(
            lambda: read_labels(labels or "", documents=documents, split=split), per_lemma, seed, held_out=held_out
        )
    choice = choose(model, head=head, layers=layers, pooling=pooling)
    options = Options(split, model, choice.pooling, window, language, device, dtype, per_lemma, seed, rounds)
    if choice.head is not None:
        # The file in an index's folder has no name of its own.
        named = replace(choice.head, name=own_name) if own_name else choice.head
        return head_evaluated(read, named, options, on_progress)
    (made,) = layers_evaluated(read, lambda _: [choice.layers], options, on_progress)
    return made


def evaluate_layers(
    labels: str | Path,
    *,
    documents: str | Path | None = None,
    split: str | None = None,
    model: str = DEFAULT_MODEL,
    pooling: str = "mean",
    window: int = 128,
    language: str = "en",
    device: str | None = None,
    dtype: str | None = None,
    per_lemma: int | None = DEFAULT_PER_LEMMA,
    seed: int = 0,
    rounds: int = DEFAULT_ROUNDS,
    on_progress: Callable[[Progress], None] | None = None,
) -> list[Evaluation]:
    """Measures each layer of a model, and some sums of layers, in one pass over the texts; see `evaluate`.

    The sums are those of the last four layers, of the four in the middle, and of all but the embedding. The vectors of
    all layers are in memory together.

    >>> import json, tempfile
    >>> use = {"start": 4, "end": 8, "lemma": "bank"}
    >>> texts = {"The bank lent us money.": "money", "The bank lent a pound.": "money", "The bank is muddy.": "river"}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "labels.jsonl")
    ...     _ = path.write_text("\\n".join(json.dumps({**use, "text": text, "sense": texts[text]}) for text in texts))
    ...     swept = evaluate_layers(path, rounds=0)
    >>> [one.layers for one in swept]
    ['sum:0', 'sum:1', 'sum:2', 'sum:3', 'sum:4', 'sum:5', 'last', 'sum:3-6', 'sum:2-5', 'sum:1-6']

    Returns:
        One for each; `Evaluation.layers` tells them apart.
    """
    from ctxsearch.corpus import read_labels

    check_callbacks(on_progress=on_progress)
    read = with_drawn(lambda: read_labels(labels, documents=documents, split=split), per_lemma, seed)
    return layers_evaluated(
        read,
        layers_to_sweep,
        Options(split, model, pooling, window, language, device, dtype, per_lemma, seed, rounds),
        on_progress,
    )


def _of_index(path: str | Path) -> tuple[Labels, Settings, Path | None]:
    """The labels of an index's inventory, what the index was made with, and its head, if any."""
    from ctxsearch.catalog.inventory import Inventory
    from ctxsearch.index import Index
    from ctxsearch.senses.labelled import labels_of

    with Index.open(path) as index:
        uses = labels_of(Inventory(index.path), index.open_shards())
        return uses, index.settings, index.path / HEAD_FILE if index.settings.head else None


def layers_to_sweep(n_layers: int) -> list[str]:
    """What a sweep evaluates of a model of so many layers.

    >>> layers_to_sweep(6)
    ['sum:0', 'sum:1', 'sum:2', 'sum:3', 'sum:4', 'sum:5', 'last', 'sum:3-6', 'sum:2-5', 'sum:1-6']
    """
    single = [f"sum:{number}" for number in range(n_layers)]
    width = min(_NEIGHBOURS, n_layers)
    middle = (n_layers - width) // 2 + 1
    sums = [(n_layers - width + 1, n_layers), (middle, middle + width - 1), (1, n_layers)]
    return [*single, "last", *dict.fromkeys(f"sum:{first}-{last}" for first, last in sums if first < last)]
