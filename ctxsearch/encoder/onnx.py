"""The encoder of a query from a cold start: a model exported to ONNX, run by ONNX Runtime.

torch and transformers take seconds to import; ONNX Runtime starts, loads the default model and embeds a sentence in
some three tenths of one. It computes in single precision, and `ctxsearch.encoder.export` has seen to it that it gives
what torch gives. It is for a sentence or some hundreds of them: a corpus is embedded by torch, which has bf16.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ctxsearch.domain import Segment
from ctxsearch.encoder.cache import Export, layer_name
from ctxsearch.encoder.framing import Framed, Framing
from ctxsearch.encoder.layers import Join, Pooling, parse_layers
from ctxsearch.encoder.tokenizer import PieceTokenizer
from ctxsearch.encoder.windows import batches
from ctxsearch.errors import ModelError
from ctxsearch.head import Head
from ctxsearch.protocols import Encoded

# From 1.29 on it tells its maker of every session, under a number for this machine that it keeps in the user's cache,
# unless this is there when it is imported (https://github.com/microsoft/onnxruntime/pull/27379).
if not os.environ.get("ORT_DISABLE_TELEMETRY"):
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime

# Pieces in a batch; more are no faster.
_BATCH_PIECES = 4096


class OnnxEncoder:
    """An exported model with the settings of an index.

    Args:
        export: the model, found by its digest.
        layers: which layers make a vector, see `parse_layers`.
        pooling: how pieces make a word: ``mean``, ``first`` or ``last``.
        window: pieces that the model sees at once, its special ones included.
        head: whose adapter is in the export, and which takes its vectors to those of the index.

    Raises:
        ModelError: the export cannot be read.
        ValueError: a setting does not fit the model.
    """

    def __init__(self, export: Export, *, layers: str, pooling: str, window: int, head: Head | None = None) -> None:
        self.digest = export.model_digest if head is None else head.model_digest
        self._head = head
        self._layers = parse_layers(layers, export.n_layers)
        self._pooling = Pooling(pooling)
        self._joined_size = self._layers.dimension(export.hidden_size)
        if head is not None:
            head.check_fits(head.model_digest, self._joined_size)
        self.dimension = self._joined_size if head is None else head.dimension
        self._framing = Framing(PieceTokenizer.load(export.model, export.folder), window)
        self._graph = export.graph
        # By process: a child that was forked has none of the threads of a session, and may wait for them for ever.
        self._sessions = {os.getpid(): session(export.graph)}

    def encode(self, passages: Sequence[Sequence[Segment]]) -> Encoded:
        """Embeds every token of some passages, see `Encoder.encode`."""
        return self._encode_framed(self._framing.frame(passages))

    def encode_tokens(self, passages: Sequence[Sequence[Segment]], tokens: NDArray[np.int64]) -> Encoded:
        """Embeds some tokens of some passages, see `TokenEncoder.encode_tokens`."""
        return self._encode_framed(self._framing.frame_tokens(passages, tokens))

    def _encode_framed(self, framed: Framed) -> Encoded:
        pieces = self._piece_vectors(framed)
        present = framed.alignment.last > framed.alignment.first
        pooled = _pooled(pieces, framed.alignment.first[present], framed.alignment.last[present], self._pooling)
        if self._head is None:
            lengths = np.linalg.norm(pooled, axis=1, keepdims=True)
            pooled /= np.maximum(lengths, np.float32(1e-12))
        else:
            pooled = self._head.project(pooled, _rest_of_sentences(pieces, framed, present))
        vectors = np.zeros((len(present), self.dimension), dtype=np.float32)
        vectors[present] = pooled
        return Encoded(vectors, present)

    def _session(self) -> onnxruntime.InferenceSession:
        found = self._sessions.get(own := os.getpid())
        return self._sessions.setdefault(own, session(self._graph)) if found is None else found

    def _piece_vectors(self, framed: Framed) -> NDArray[np.float32]:
        """The joined layers at every piece. Shape: (n_pieces, n_components)."""
        pieces = np.zeros((len(framed.ids), self._joined_size), dtype=np.float32)
        lengths = self._framing.lengths(framed).tolist()
        names = [layer_name(number) for number in self._layers.numbers]
        run = self._session().run
        for batch in batches(lengths, _BATCH_PIECES, equal=True):
            inputs = self._framing.inputs(framed, batch, lengths[batch[0]])
            hidden = self._joined(run(names, {"input_ids": inputs}))
            goal, source = self._framing.kept(framed, batch, lengths[batch[0]])
            pieces[goal] = hidden.reshape(-1, hidden.shape[-1])[source]
        return pieces

    def _joined(self, states: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        if self._layers.join is Join.CONCAT:
            return np.concatenate(states, axis=-1)
        total: NDArray[np.float32] = np.sum(states, axis=0)
        return total if self._layers.join is Join.SUM else total / np.float32(len(states))


def session(graph: Path) -> onnxruntime.InferenceSession:
    """Opens an exported model; its weights are mapped, from the file beside it.

    Raises:
        ModelError: ONNX Runtime cannot read it.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    # A sentence gains nothing from more; and threads that spin while they wait take from others what they do not use.
    options.intra_op_num_threads = min(4, os.cpu_count() or 1)
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
    # Its errors have no class of their own.
    except Exception as error:
        raise ModelError(str(graph), f"ONNX Runtime says: {error}") from error


def _pooled(
    pieces: NDArray[np.float32], first: NDArray[np.int64], last: NDArray[np.int64], pooling: Pooling
) -> NDArray[np.float32]:
    """Words out of their pieces, not of unit length yet. Shape: (n_words, n_components)."""
    if pooling is Pooling.LAST:
        return pieces[last - 1]
    pooled = pieces[first]
    if pooling is Pooling.MEAN:
        for word in np.flatnonzero(last - first > 1).tolist():
            pooled[word] = pieces[first[word] : last[word]].mean(axis=0)
    return pooled


def _rest_of_sentences(pieces: NDArray[np.float32], framed: Framed, present: NDArray[np.bool_]) -> NDArray[np.float32]:
    """For each word the sum of its sentence's other pieces. Shape: (n_words, n_components)."""
    first, last = framed.alignment.first[present], framed.alignment.last[present]
    sentence_of = framed.sentence_of[present]
    begin, end = (column[sentence_of] for column in framed.sentences)
    sums = np.array([pieces[start:stop].sum(axis=0) for start, stop in zip(*framed.sentences, strict=True)])
    rest: NDArray[np.float32] = sums[sentence_of]
    for word, (start, stop) in enumerate(zip(first.tolist(), last.tolist(), strict=True)):
        rest[word] -= pieces[start:stop].sum(axis=0)
    # A sentence of one word has no rest but rounding.
    rest[(begin == first) & (end == last)] = 0
    return rest
