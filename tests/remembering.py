"""A model that encodes no passage twice: the words of the sample have their vectors made once for all tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from ctxsearch.head import Head
from ctxsearch.index.model import load_encoder
from ctxsearch.protocols import Encoded, Encoder, Segment
from ctxsearch.settings import Settings

Known = dict[object, Encoded]
"""The vectors of passages, by the model with its settings, and by the words."""


class _Remembering:
    """An encoder that gives a passage the vectors that it gave it before; in all else it is the one it is made of."""

    def __init__(self, encoder: Encoder, named: object, known: Known) -> None:
        self._encoder, self._named, self._known = encoder, named, known

    def __getattr__(self, name: str) -> Any:
        return getattr(self._encoder, name)

    def encode(self, passages: Sequence[Sequence[Segment]]) -> Encoded:
        keys = [(self._named, *((one.text, one.spans.tobytes()) for one in passage)) for passage in passages]
        new = {key: passage for key, passage in zip(keys, passages, strict=True) if key not in self._known}
        encoded = self._encoder.encode([*new.values()])
        assert encoded.unknown == 0  # a number of all passages together, which cannot be parted
        start = 0
        for key, passage in new.items():
            stop = start + sum(len(segment.forms) for segment in passage)
            self._known[key] = Encoded(encoded.vectors[start:stop], encoded.present[start:stop])
            start = stop
        found = [self._known[key] for key in keys]
        return Encoded(np.concatenate([one.vectors for one in found]), np.concatenate([one.present for one in found]))


@contextmanager
def remembering(known: Known) -> Iterator[None]:
    """An index that is created meanwhile encodes nothing that is known, and makes known what it does encode."""

    def load(settings: Settings, hardware: Mapping[str, str | None], head: Head | None) -> _Remembering:
        encoder = load_encoder(settings, hardware, head)
        named = (
            encoder.digest,
            settings.layers,
            settings.pooling,
            settings.window,
            head and head.digest,
            *hardware.items(),
        )
        return _Remembering(encoder, named, known)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("ctxsearch.index.choosing.load_encoder", load)
        yield
