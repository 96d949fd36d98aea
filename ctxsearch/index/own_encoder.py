"""An encoder that a user gives, held to what it promises: a row amiss would give every word its neighbour's vector."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from numbers import Integral
from typing import TYPE_CHECKING

from ctxsearch.errors import ModelError
from ctxsearch.protocols import Encoded
from ctxsearch.settings import check_hardware

if TYPE_CHECKING:
    from ctxsearch.domain import Segment
    from ctxsearch.protocols import Encoder

# By how much the length of a vector may differ from one: that of half precision, and more.
_TOLERANCE = 0.01


class OwnEncoder:
    """An encoder of a user's own, whose vectors are looked at before they are taken.

    Args:
        encoder: the user's, which `given` is then.

    Raises:
        ModelError: it is a class, its dimension is no number of components, or its digest no text.
    """

    def __init__(self, encoder: Encoder) -> None:
        if isinstance(encoder, type):
            name = encoder.__qualname__
            raise ModelError(name, f"it is a class; give an object of it, {name}().")
        self.given = encoder
        self._name = type(encoder).__qualname__
        self.is_concurrent = bool(getattr(encoder, "is_concurrent", False))
        for part in ("dimension", "digest", "encode"):
            if not hasattr(encoder, part):
                raise ModelError(self._name, f"it has no {part}, which an encoder has.")
        dimension, digest = encoder.dimension, encoder.digest
        try:
            self.dimension = operator.index(dimension)
        except TypeError as error:
            raise ModelError(self._name, f"its dimension {dimension!r} is no whole number.") from error
        if self.dimension < 1:
            raise ModelError(self._name, f"its vectors have {dimension} components.")
        if not isinstance(digest, str):
            raise ModelError(self._name, f"its digest {digest!r} is no text.")
        self.digest = digest

    def encode(self, passages: Sequence[Sequence[Segment]]) -> Encoded:
        """What the user's encoder gives, see `Encoder.encode`.

        Raises:
            ModelError: it is not one vector of unit length for each token, with whether it is there.
        """
        import numpy as np  # an index is opened without it

        returned = self.given.encode(passages)
        tokens = sum(len(segment.forms) for passage in passages for segment in passage)
        try:
            vectors, present = returned[:2] if isinstance(returned, Encoded) else returned
            # Copies: they are kept for a while, and it may put what it gives next in the same place.
            vectors, present = np.array(vectors, np.float32), np.array(present, np.bool_)
        except (TypeError, ValueError) as error:
            raise ModelError(
                self._name, f"what it gives is no pair of vectors and of what is there ({error})."
            ) from error
        if vectors.shape != (tokens, self.dimension) or present.shape != (tokens,):
            raise ModelError(
                self._name,
                f"for {tokens} words it gave vectors of the shape {vectors.shape}, and which are there of"
                f" {present.shape}; it should be {(tokens, self.dimension)} and {(tokens,)}.",
            )
        lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64))
        # What is no number is not within anything.
        wrong = np.flatnonzero(present & ~(abs(lengths - 1) <= _TOLERANCE))
        if len(wrong):
            forms = [form for passage in passages for segment in passage for form in segment.forms]
            why = _wrong_length(float(lengths[wrong[0]]))
            raise ModelError(self._name, f"it gave the word {forms[wrong[0]]!r:.40} {why}.")
        unknown = returned.unknown if isinstance(returned, Encoded) else 0
        if not isinstance(unknown, Integral) or not 0 <= unknown <= np.count_nonzero(present):
            why = f"it says that {unknown!r:.80} are unknown, which is no number of those with a vector"
            raise ModelError(self._name, f"of {tokens} words {why}.")
        return Encoded(vectors, present, int(unknown))


def refuse_options_of_models(**options: object) -> None:
    """Refuses what an encoder of a user's own would pass over; None is what was not asked for.

    Raises:
        ValueError: an option of a model is asked for.
    """
    for name, option in options.items():
        # On any other device the index may be searched.
        if option is not None and (name != "device" or option == "mps"):
            shown = f"{name} {option}" if name == "device" else name
            raise ValueError(f"{shown} is for a model, and not for an encoder of one's own; leave it out.")


def checked_encoder(encoder: Encoder | None, device: str | None, dtype: str | None) -> OwnEncoder | None:
    """The encoder of a user's own that an index is opened with; None where none is given.

    Raises:
        ValueError: there can be no such device or type, or they are a model's and there is an encoder.
        ModelError: the encoder can be none, see `OwnEncoder`.
    """
    check_hardware(device, dtype)
    if encoder is None:
        return None
    refuse_options_of_models(dtype=dtype, device=device)
    return OwnEncoder(encoder)


def _wrong_length(length: float) -> str:
    """What a vector is that is not of unit length, and what to do about it."""
    if math.isnan(length):
        return "a vector with NaN in it"
    if math.isinf(length):
        return "a vector with infinite numbers in it"
    if length == 0:
        return "a vector of zeros; if it has none, its present is False"
    return f"a vector of length {length:.4g}; divide each vector by its norm"
