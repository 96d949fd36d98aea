"""What an open index is made of: its settings, one commit, and the back ends, each opened when it is first used."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ctxsearch.commit import Commit
from ctxsearch.errors import IndexDamaged, QueryError, SettingsMismatch
from ctxsearch.settings import Settings

if TYPE_CHECKING:
    from ctxsearch.analysis import Analyser
    from ctxsearch.protocols import Encoder
    from ctxsearch.query.scope import OpenShard
    from ctxsearch.vectors.codec import CodecParameters


class Parts:
    """The parts of an open index.

    Args:
        path: the index's folder.
        settings: what it was made with.
        commit: what it holds; whoever moves the index to another commit sets it, after `close`.
        encoder: the encoder, where it was given and is not to be loaded.
        hardware: ``device`` and ``dtype`` for the encoder.
    """

    def __init__(
        self,
        path: Path,
        settings: Settings,
        commit: Commit,
        encoder: Encoder | None,
        hardware: Mapping[str, str | None],
    ) -> None:
        self.path = path
        self.settings = settings
        self.commit = commit
        self._encoder = encoder
        self._hardware = hardware
        self._analyser: Analyser | None = None
        self._shards: dict[str, OpenShard] = {}

    def close(self) -> None:
        """Lets go of all files."""
        for shard in self._shards.values():
            shard.catalog.close()
        self._shards.clear()

    def shards(self, *, allow_empty: bool = False) -> list[OpenShard]:
        """The shards of the commit, opened.

        Raises:
            QueryError: there is none, unless that is allowed.
            IndexDamaged: a file is missing or cannot be read.
        """
        if not self.commit.shards:
            if allow_empty:
                return []
            raise QueryError(f"The index {self.path} is empty; add documents with: ctxsearch index {self.path} SOURCE.")
        missing = [entry for entry in self.commit.shards if entry.shard_id not in self._shards]
        if missing:
            from ctxsearch.query.scope import open_shard
            from ctxsearch.vectors.faiss import FaissShard

            parameters = self.codec_parameters()
            for entry in missing:
                self._shards[entry.shard_id] = open_shard(self.path, entry, parameters, FaissShard)
        return [self._shards[entry.shard_id] for entry in self.commit.shards]

    def codec_parameters(self) -> CodecParameters:
        """The codec with the ranges that the commit keeps.

        Raises:
            IndexDamaged: it keeps none, and there are vectors that need them; or they do not fit.
        """
        import numpy as np

        from ctxsearch.vectors.codec import Codec, parameters_of, train

        codec, dimension = Codec(self.settings.codec), self.settings.dimension
        try:
            parameters = parameters_of(codec, dimension, self.commit.ranges)
        except ValueError as error:
            raise IndexDamaged(str(self.path), f"the commit's ranges do not fit ({error})") from error
        if parameters is None and any(entry.rows for entry in self.commit.shards):
            raise IndexDamaged(str(self.path), "the commit has no ranges for the codec")
        # Nothing but texts without words: nothing was trained on, and there is nothing to decode.
        return parameters or train(codec, np.zeros((1, dimension), np.float32))

    def analyser(self) -> Analyser:
        """What cuts texts into words."""
        if self._analyser is None:
            from ctxsearch.analysis import Analyser

            self._analyser = Analyser(self.settings.language, punctuation=self.settings.punctuation)
        return self._analyser

    def encoder(self) -> Encoder:
        """What gives words their vectors.

        Raises:
            ModelError: the model cannot be found or used.
            SettingsMismatch: it is not the model that the index was made with.
        """
        if self._encoder is None:
            own = self.settings
            self._encoder = load_encoder(own.model, own.layers, own.pooling, own.window, **self._hardware)
        if self._encoder.digest != self.settings.model_digest:
            raise SettingsMismatch(
                str(self.path),
                "the model",
                f"{self.settings.model} ({self.settings.model_digest[:12]})",
                f"the one that is found now under that name ({self._encoder.digest[:12]})",
            )
        return self._encoder


def load_encoder(model: str, layers: str, pooling: str, window: int, device: str | None, dtype: str | None) -> Encoder:
    """Loads a model, see `Index.create`."""
    from ctxsearch.encoder.transformer import TransformerEncoder

    return TransformerEncoder(model, layers=layers, pooling=pooling, window=window, device=device, dtype=dtype)
