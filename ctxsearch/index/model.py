"""The model of an open index, in its several forms: its head, what embeds a corpus, and what embeds a query."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING

from ctxsearch.digests import digest_bytes
from ctxsearch.errors import ModelError, SettingsMismatch
from ctxsearch.index.own_encoder import OwnEncoder
from ctxsearch.lasting import LastingPath
from ctxsearch.settings import HEAD_FILE, Settings
from ctxsearch.thread_lock import ThreadLock

if TYPE_CHECKING:
    from ctxsearch.head import Head
    from ctxsearch.protocols import Encoder

_LOG = logging.getLogger(__name__)

# What an exported model computes like.
_PLAIN: Mapping[str, str | None] = {"device": "cpu", "dtype": "fp32"}


class Model:
    """What gives words their vectors, each form of it loaded when it is first needed.

    Args:
        place: the index's folder.
        settings: what it was made with.
        encoder: the encoder, where it was given and is not to be loaded.
        hardware: ``device`` and ``dtype`` for the encoder.
    """

    def __init__(
        self, place: LastingPath, settings: Settings, encoder: Encoder | None, hardware: Mapping[str, str | None]
    ) -> None:
        self._place = place
        self._settings = settings
        self._encoder = encoder
        # What an index was created with is the model, loaded for a build.
        self._is_own_encoder = isinstance(encoder, OwnEncoder)
        self._asking: Encoder | None = None
        # By process: a child that was forked has none of the threads that it believes to have.
        self._exports: dict[int, Future[Encoder | None]] = {}
        # Several threads that ask first at once load the model once.
        self._loading = ThreadLock()
        self._hardware = hardware
        # A query is for the CPU in any case, but where something else is asked for.
        self._asks_as_it_builds = self._is_own_encoder or bool(
            hardware["dtype"] or hardware["device"] not in (None, "auto", "cpu")
        )

    @cached_property
    def head(self) -> Head | None:
        """What makes the model's vectors into those of the index, if it has one.

        Raises:
            IndexDamaged: it is missing, or is not what it was.
        """
        if not self._settings.head_digest:
            return None
        from ctxsearch.head import head_of

        return head_of(self._place.path / HEAD_FILE, self._settings.head, self._settings.head_digest)

    def encoder(self) -> Encoder:
        """What gives words their vectors.

        Raises:
            ModelError: the model cannot be found or used.
            SettingsMismatch: it is not the model that the index was made with.
        """
        with self._loading.here():
            if self._encoder is None:
                self._encoder = self._load_encoder(self._hardware)
        self._check_digest(self._encoder.digest)
        if self._encoder.dimension != self._settings.dimension:
            raise SettingsMismatch(
                str(self._place.path), "vectors of dimension", self._settings.dimension, self._encoder.dimension
            )
        return self._encoder

    def _load_encoder(self, hardware: Mapping[str, str | None]) -> Encoder:
        if self.head is not None:  # which would only say that it is for another model
            self._check_digest(found_model_digest(self._settings))
        return load_encoder(self._settings, hardware, self.head)

    def expect_query(self) -> None:
        """Begins to open the model's export, if there is one, while the index is opened and the sentence is cut."""
        if self._asking is not None or self._asks_as_it_builds:
            return
        with self._loading.here():
            if (own := os.getpid()) not in self._exports:
                aside = ThreadPoolExecutor(1, "ctxsearch-export")
                self._exports[own] = aside.submit(self._load_export)
                aside.shutdown(wait=False)

    def asking_encoder(self) -> Encoder:
        """What gives the words of queries their vectors: in single precision, and from the model's export if it can be.

        So a query has the same vector whatever ran before it, in an index that was just made too.

        Raises:
            ModelError: the model cannot be found or used.
            SettingsMismatch: it is not the model that the index was made with.
        """
        if self._asks_as_it_builds:
            return self.encoder()
        asking = self._asking
        if asking is None:
            with self._loading.here():
                self.expect_query()
                asking = self._asking or self._exports[os.getpid()].result() or self._load_encoder(_PLAIN)
                self._asking = asking
        self._check_digest(asking.digest)
        return asking

    @property
    def can_export(self) -> bool:
        """Whether queries have to wait for torch, while an export of the model could be made and kept."""
        from ctxsearch.encoder.cache import can_keep, was_tried

        if self._asks_as_it_builds:
            return False
        return not was_tried(self._export_digest) and can_keep()

    @property
    def _export_digest(self) -> str:
        """What an export of the model is found by: with a head's adapter it is another model."""
        if self.head is None or not self.head.adapter:
            return self._settings.model_digest
        return digest_bytes(f"{self._settings.model_digest} {self.head.digest}".encode())

    def _load_export(self) -> Encoder | None:
        return load_export(self._export_digest, self._settings, self.head)

    def export_model(self) -> None:
        """Exports the model, so that queries need not wait for torch from now on.

        Raises:
            ModelError: the model cannot be found.
            SettingsMismatch: it is not the model that the index was made with.
            OSError: the export cannot be kept.
        """
        from ctxsearch.encoder.cache import keep_failure, keeping
        from ctxsearch.encoder.export import NoExport, export_model

        self._check_digest(found_model_digest(self._settings))
        try:
            with keeping(self._export_digest) as folder:
                export_model(self._settings.model, self._export_digest, folder, self.head)
        except NoExport as error:
            _LOG.info("%s cannot be exported for ONNX Runtime, and torch answers: %s", self._settings.model, error)
            keep_failure(self._settings.model, self._export_digest, str(error))
        else:
            with self._loading.here():
                self._asking = None
                self._exports.clear()

    def _check_digest(self, found: str) -> None:
        if found != self._settings.model_digest:
            given = "encoder that is given" if self._is_own_encoder else "one that is found now under that name"
            raise SettingsMismatch(
                str(self._place.path),
                "the model",
                f"{self._settings.model} ({self._settings.model_digest[:12]})",
                f"the {given} ({found[:12]})",
            )


def found_model_digest(settings: Settings) -> str:
    """The digest of the model that is found now under the index's name for it, without loading it.

    Raises:
        ModelError: the model cannot be found.
    """
    from ctxsearch.encoder.locate import locate_model, model_digest

    _refuse_own(settings)
    return model_digest(locate_model(settings.model), format_version=settings.format_version)


def load_export(digest: str, settings: Settings, head: Head | None) -> Encoder | None:
    """The export of the model that settings name; None where there is none, or nothing that could run it.

    Args:
        digest: what it is found by.
        settings: of the index.
        head: of the index.
    """
    from ctxsearch.encoder.cache import find_export

    export = find_export(digest)
    if export is None:
        _LOG.info("There is no export of %s for ONNX Runtime that could be used; torch answers.", settings.model)
        return None
    # Reading all the weights takes as long as opening the model, which reads few of them.
    with ThreadPoolExecutor(1, "ctxsearch-check") as aside:
        is_whole = aside.submit(export.has_its_weights)
        try:
            from ctxsearch.encoder.onnx import OnnxEncoder

            encoder = OnnxEncoder(
                export, layers=settings.layers, pooling=settings.pooling, window=settings.window, head=head
            )
        except (ImportError, ModelError) as error:
            _LOG.info("The export of %s cannot be run, and torch answers: %s", settings.model, error)
            return None
        if not is_whole.result():
            _LOG.info("The export of %s is damaged, and torch answers: %s", settings.model, export.folder)
            return None
        _LOG.info("%s is run by ONNX Runtime, from %s.", settings.model, export.folder)
        return encoder


def load_encoder(settings: Settings, hardware: Mapping[str, str | None], head: Head | None) -> Encoder:
    """Loads the model that settings name, see `Index.create`, under its head."""
    from ctxsearch.encoder.transformer import TransformerEncoder

    if settings.model_digest:  # which an index that is being made has not yet
        _refuse_own(settings)
    return TransformerEncoder(
        settings.model,
        layers=settings.layers,
        pooling=settings.pooling,
        window=settings.window,
        device=hardware["device"],
        dtype=hardware["dtype"],
        head=head,
        format_version=settings.format_version,
    )


def _refuse_own(settings: Settings) -> None:
    """Raises ModelError where an index was made with an encoder of somebody's own."""
    if settings.has_own_encoder:
        raise ModelError(
            settings.model, "it is an encoder of somebody's own; open the index with encoder=... in Python."
        )
