"""A head: a small learned map from what a model gives to vectors that tell senses apart, kept in one file.

A word's vector is made of two of a model's: the mean of the word's pieces, and the mean of the rest of its sentence.
Each is brought to unit length, the second is weighed, and a linear map takes both to fewer dimensions. Under the head
there can be an adapter: low-rank changes to the model's own matrices (Hu et al. 2021, LoRA: Low-rank adaptation of
large language models, arXiv:2106.09685), which are added to its weights when it is loaded, and cost nothing then.

A head belongs to the model that it was trained on, by digest. It also knows what its scores mean: the probability that
two uses of a word have the same sense, by logistic regression on pairs of uses of lemmas that it was not trained on
(J. Platt 1999, Probabilistic outputs for support vector machines).

The file is in safetensors format: ``weight``, ``bias``, ``adapter.NAME.down`` and ``adapter.NAME.up`` for the model's
matrix NAME, in half precision; and a JSON text ``card`` among the metadata, which says all else.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ctxsearch.digests import digest_bytes
from ctxsearch.errors import HeadError

_FORMAT = 1
_DOWN, _UP = ".down", ".up"
# What a card that a stranger wrote can bring about.
_MISTAKES = (TypeError, ValueError, AttributeError, RecursionError, OverflowError)


class LowRank(NamedTuple):
    """A change to a matrix of the model: ``up @ down`` is added to it.

    Attributes:
        down: Shape: (rank, n_inputs), float32.
        up: Shape: (n_outputs, rank), float32.
    """

    down: NDArray[np.float32]
    up: NDArray[np.float32]


class Calibration(NamedTuple):
    """What a score means: P(same sense) = 1 / (1 + exp(-(slope * score + intercept)))."""

    slope: float
    intercept: float

    def p_same(self, score: float) -> float:
        """The probability that two uses of one word that score so have the same sense.

        >>> Calibration(10.0, -5.0).p_same(0.5)
        0.5
        """
        return 1 / (1 + math.exp(-max(-500.0, min(500.0, self.slope * score + self.intercept))))

    def score(self, p_same: float) -> float:
        """The least score of so great a probability; 0 < p_same < 1."""
        return (math.log(p_same / (1 - p_same)) - self.intercept) / self.slope


@dataclass(frozen=True)
class Head:
    """A head, read and checked.

    Attributes:
        name: the file's, without its ending.
        digest: SHA-256 of the file.
        model_digest: of the model that it was trained on.
        layers: of the model, which make the vectors of words and sentences.
        sentence: how much the sentence's mean weighs beside the word.
        weight: Shape: (dimension, 2 * n_components), float32; the word's components come first.
        bias: Shape: (dimension,), float32.
        adapter: changes to the model's matrices, by name.
        calibration: what scores mean.
        card: data, licence, settings and figures of its training.
    """

    name: str
    digest: str
    model_digest: str
    layers: str
    sentence: float
    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    adapter: Mapping[str, LowRank]
    calibration: Calibration
    card: Mapping[str, Any]

    def check_fits(self, model_digest: str, n_components: int) -> None:
        """Makes sure that the head is used with what it was made for.

        Args:
            model_digest: of the model.
            n_components: of what the model gives of a piece, its layers joined.

        Raises:
            HeadError: it was made for another model, or does not take vectors of this size.
        """
        if model_digest != self.model_digest:
            raise HeadError(
                self.name, f"it was made for another model ({self.model_digest[:12]}, not {model_digest[:12]})"
            )
        if (taken := self.weight.shape[1] // 2) != n_components:
            raise HeadError(self.name, f"it takes {taken} components, and layers {self.layers} have {n_components}")

    @property
    def dimension(self) -> int:
        """Components of a vector."""
        return len(self.bias)

    def project(self, words: NDArray[np.float32], sentences: NDArray[np.float32]) -> NDArray[np.float32]:
        """Vectors of words, of unit length.

        Args:
            words: the mean of each word's pieces. Shape: (n, n_components).
            sentences: the mean of the other pieces of its sentence; zero where there is none. Shape: (n, n_components).

        Returns:
            Shape: (n, dimension).
        """
        joined = np.concatenate([_unit(words), np.float32(self.sentence) * _unit(sentences)], axis=1)
        return _unit(joined @ self.weight.T + self.bias)


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths: NDArray[np.float32] = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: NDArray[np.float32] = vectors / np.maximum(lengths, np.float32(1e-12))
    return unit


def parse_head(content: bytes, path: Path) -> Head:
    """The head in the bytes of a file.

    Args:
        content: of the file.
        path: the file, for its name and for errors.

    Raises:
        HeadError: it is no head, is damaged, or was made by a newer ctxsearch.
    """
    import safetensors
    import safetensors.numpy

    try:
        loaded = safetensors.numpy.load(content)
        if strange := {str(tensor.dtype) for tensor in loaded.values()} - {"float16", "float32"}:
            raise ValueError(f"it has numbers of type {', '.join(sorted(strange))}")
        tensors = {name: tensor.astype(np.float32) for name, tensor in loaded.items()}
        card = _card(content)
        version = card["format"]
        if type(version) is not int or version != _FORMAT:
            raise HeadError(str(path), f"it has format {version!r}, and this ctxsearch reads {_FORMAT}")
        weight, bias = tensors.pop("weight"), tensors.pop("bias")
        adapter = {
            name.removeprefix("adapter.").removesuffix(_DOWN): LowRank(down, tensors[name.removesuffix(_DOWN) + _UP])
            for name, down in tensors.items()
            if name.endswith(_DOWN)
        }
        calibration = Calibration(float(card["calibration"]["slope"]), float(card["calibration"]["intercept"]))
        head = Head(
            name=path.name.removesuffix(".safetensors"),
            digest=digest_bytes(content),
            model_digest=str(card["model_digest"]),
            layers=str(card["layers"]),
            sentence=float(card["sentence"]),
            weight=weight,
            bias=bias,
            adapter=adapter,
            calibration=calibration,
            card=card,
        )
    except HeadError:
        raise
    except KeyError as error:
        raise HeadError(str(path), f"it is no head of ctxsearch, or is damaged (it has no {error})") from error
    except (safetensors.SafetensorError, *_MISTAKES) as error:
        raise HeadError(str(path), f"it is no head of ctxsearch, or is damaged ({error})") from error
    if why := _what_is_wrong(head, len(tensors)):
        raise HeadError(str(path), f"it is no head of ctxsearch, or is damaged ({why})")
    return head


def _card(content: bytes) -> dict[str, Any]:
    """The JSON text among a file's metadata, which the library gives for files only, and not for bytes."""
    length = int.from_bytes(content[:8], "little")
    card = json.loads(json.loads(content[8 : 8 + length])["__metadata__"]["card"])
    if not isinstance(card, dict):
        raise TypeError("its card is no object")
    return card


def _what_is_wrong(head: Head, n_tensors: int) -> str:
    """Empty where all shapes fit each other and all numbers are finite."""
    if (
        head.weight.ndim != 2
        or head.bias.shape != (len(head.weight),)
        or not head.weight.size
        or head.weight.shape[1] % 2
    ):
        return f"weight {head.weight.shape} and bias {head.bias.shape} do not fit"
    if n_tensors != 2 * len(head.adapter):
        return "its adapter is not whole"
    for name, (down, up) in head.adapter.items():
        if down.ndim != 2 or up.ndim != 2 or len(down) != up.shape[1]:
            return f"the two halves of {name} do not fit: {down.shape} and {up.shape}"
    arrays = [head.weight, head.bias, *(array for pair in head.adapter.values() for array in pair)]
    numbers = [head.sentence, *head.calibration]
    if not all(np.isfinite(array).all() for array in arrays) or not all(map(math.isfinite, numbers)):
        return "a number is not finite"
    if head.sentence < 0:
        return "its sentence weighs less than nothing"
    return "" if head.calibration.slope > 0 else "its scores fall as uses become more alike"


def head_bytes(
    weight: NDArray[np.float32], bias: NDArray[np.float32], adapter: Mapping[str, LowRank], card: Mapping[str, Any]
) -> bytes:
    """The content of a head's file; the same head gives the same bytes.

    Args:
        weight: see `Head`.
        bias: see `Head`.
        adapter: see `Head`.
        card: with ``model_digest``, ``layers``, ``sentence`` and ``calibration``.
    """
    import safetensors.numpy

    tensors = {"weight": weight, "bias": bias}
    for name, pair in adapter.items():
        tensors[f"adapter.{name}{_DOWN}"], tensors[f"adapter.{name}{_UP}"] = pair
    halves = {name: np.ascontiguousarray(tensor, dtype=np.float16) for name, tensor in sorted(tensors.items())}
    text = json.dumps({**card, "format": _FORMAT}, ensure_ascii=False, sort_keys=True, allow_nan=False)
    content: bytes = safetensors.numpy.save(halves, {"card": text})
    return content
