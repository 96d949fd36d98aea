"""Exports a model to ONNX, once, so that a query need not wait for torch.

The export takes pieces without padding and gives the hidden states of every layer, so that one serves whatever layers
an index joins. It is kept only if ONNX Runtime gives what torch gives, at every piece and layer, for windows of several
lengths and numbers.
"""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
import transformers

from ctxsearch.encoder.cache import GRAPH_FILE, TOKENIZER_FILE, Export, describe_export, layer_name
from ctxsearch.encoder.loading import load_transformer, longest_input, merge
from ctxsearch.encoder.locate import locate_model
from ctxsearch.encoder.tokenizer import PieceTokenizer
from ctxsearch.head import Head

# The cosine of what torch and ONNX Runtime give for a piece, at least.
LEAST_COSINE = 0.9999

# Windows of the check, and their length; the last is cut to what the model takes.
_CHECKED_SHAPES = ((1, 3), (1, 17), (4, 9), (2, 128))

_TEXT = (
    "They rowed the old boat to the river bank, where the walrus lay; she said nothing of the 3.5 million that the bank"
    " had lent them in 1987. Naïve façades, of course! The storm of protest rose, and fell, and was forgotten by June."
)


class NoExport(Exception):
    """A model that cannot be exported; nothing is lost by that but time, since torch can always answer."""


def export_model(model: str, digest: str, into: Path, head: Head | None = None) -> Export:
    """Exports a model, and checks the export against torch.

    Args:
        model: a folder or a name, see `locate_model`.
        digest: what the export is found by.
        into: an empty folder.
        head: whose adapter is added to the model; what it makes of the model's vectors is not in the export.

    Raises:
        ModelError: the model cannot be found or used.
        NoExport: it cannot be exported, or its export gives other vectors.
    """
    folder = locate_model(model)
    tokenizer = PieceTokenizer.load(model, folder)
    loaded = load_transformer(model, str(folder))
    if head is not None:
        merge(head, loaded)
    states = _States(loaded).eval()
    n_layers: int = loaded.config.num_hidden_layers
    names = [layer_name(number) for number in range(n_layers + 1)]
    pieces = tokenizer.cut([_TEXT]).ids
    longest = longest_input(loaded)
    inputs = [
        torch.from_numpy(np.resize(pieces, (rows, min(length, longest)))).to(torch.int64)
        for rows, length in _CHECKED_SHAPES
    ]
    with _quietly():
        dynamic = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}
        try:
            torch.onnx.export(
                states,
                (inputs[2],),
                into / GRAPH_FILE,
                input_names=["input_ids"],
                output_names=names,
                dynamic_shapes={"input_ids": dynamic},
                dynamo=True,
                external_data=True,
                verbose=False,
            )
            worst = _worst_cosine(states, into / GRAPH_FILE, inputs, names)
        # The exporter and ONNX Runtime raise whatever they like for a model that they cannot take.
        except Exception as error:
            raise NoExport(" ".join(str(error).split())[:300]) from error
    if not worst >= LEAST_COSINE:
        raise NoExport(f"its export gives other vectors than torch: a cosine of {worst:.5f}")
    (into / TOKENIZER_FILE).write_text(tokenizer.text, encoding="utf-8")
    return describe_export(Export(model, digest, n_layers, loaded.config.hidden_size, into, ""))


class _States(torch.nn.Module):
    """A model that gives the states of every layer, the last as the model itself gives it."""

    def __init__(self, model: transformers.PreTrainedModel) -> None:
        super().__init__()
        self._model = model

    def forward(self, input_ids: torch.Tensor) -> tuple[torch.Tensor, ...]:
        output = self._model(input_ids=input_ids, output_hidden_states=True)
        return (*output.hidden_states[:-1], output.last_hidden_state)


@torch.inference_mode()
def _worst_cosine(states: _States, graph: Path, inputs: list[torch.Tensor], names: list[str]) -> float:
    from ctxsearch.encoder.onnx import session

    opened = session(graph)
    worst = 1.0
    for batch in inputs:
        for expected, found in zip(states(batch), opened.run(names, {"input_ids": batch.numpy()}), strict=True):
            cosines = torch.nn.functional.cosine_similarity(expected, torch.from_numpy(found), dim=-1)
            worst = min(worst, float(cosines.nan_to_num(nan=-1.0).min()))
    return worst


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """The exporter tells its makers much that no user can do anything about."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
