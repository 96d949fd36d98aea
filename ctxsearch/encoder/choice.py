"""What makes vectors of a model where a user leaves it open: its head, or layers chosen by its depth."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from ctxsearch.encoder.layers import layers_by_depth
from ctxsearch.encoder.locate import locate_model, model_digest
from ctxsearch.head import ChosenHead, Head, choose_head, has_shipped_head
from ctxsearch.settings import DEFAULT_LAYERS, DEFAULT_POOLING


class Choice(NamedTuple):
    """How vectors are made of what a model gives.

    Attributes:
        layers: which are joined, and how.
        pooling: how the pieces of a word become one vector.
        chosen: the head, if any.
    """

    layers: str
    pooling: str
    chosen: ChosenHead | None

    @property
    def head(self) -> Head | None:
        """The head itself."""
        return None if self.chosen is None else self.chosen.head


def choose(
    model: str, *, head: str | Path | None = None, layers: str | None = None, pooling: str | None = None
) -> Choice:
    """Fills in what is left open; the options are those of `Index.create`.

    Raises:
        ModelError: the model cannot be found, or is another kind of model.
        HeadError: the head cannot be read, or is for another model.
        ValueError: layers or pooling are asked for as well, and are not the head's.
    """
    digest = model_digest(locate_model(model))
    chosen = choose_head(None if head is None else str(head), digest, layers, pooling)
    pooling = DEFAULT_POOLING if pooling is None else pooling
    if chosen is not None:
        return Choice(chosen.head.layers, pooling, chosen)
    if layers is not None or has_shipped_head(digest):
        return Choice(DEFAULT_LAYERS if layers is None else layers, pooling, None)
    # Imported late: it brings torch.
    from ctxsearch.encoder.loading import count_layers

    return Choice(layers_by_depth(count_layers(model)), pooling, None)
