"""What an open index is made of: its settings, one commit, and the back ends, each opened when it is first used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ctxsearch.commit import (
    CLUSTERS_FILE,
    LISTS_FILE,
    SHARD_FILE,
    VECTORS_FILE,
    Commit,
    DamagedFile,
    HeldCommit,
    ShardEntry,
    read_damage,
)
from ctxsearch.errors import IndexDamaged, ModelError, QueryError, SettingsMismatch
from ctxsearch.index.opening import open_vectors_of, opening_many
from ctxsearch.settings import HEAD_FILE, Settings
from ctxsearch.storage import digest_bytes

if TYPE_CHECKING:
    from ctxsearch.analysis import Analyser
    from ctxsearch.head import Calibration, Head
    from ctxsearch.protocols import Encoder
    from ctxsearch.query.scope import ListedShard, OpenShard


# What an exported model computes like.
_PLAIN: Mapping[str, str | None] = {"device": "cpu", "dtype": "fp32"}


class Parts:
    """The parts of an open index.

    Args:
        path: the index's folder.
        settings: what it was made with.
        settings_text: the text of ``ctxsearch.json``.
        held: what it holds.
        encoder: the encoder, where it was given and is not to be loaded.
        hardware: ``device`` and ``dtype`` for the encoder.
        allow_damaged: whether shards that cannot be read, or that `verify` found damaged, are left out.
    """

    def __init__(
        self,
        path: Path,
        settings: Settings,
        settings_text: str,
        held: HeldCommit,
        *,
        encoder: Encoder | None,
        hardware: Mapping[str, str | None],
        allow_damaged: bool = False,
    ) -> None:
        self.path = path
        self.settings = settings
        self.settings_text = settings_text
        self._held = held
        self._encoder = encoder
        self._is_own_encoder = encoder is not None
        self._asking: Encoder | None = None
        self._export: Future[Encoder | None] | None = None
        self._hardware = hardware
        self._allow_damaged = allow_damaged
        self._analyser: Analyser | None = None
        self._listed: dict[str, ListedShard] = {}
        self._shards: dict[str, OpenShard] = {}
        self.left_out = dict(held.passed_over)

    @property
    def commit(self) -> Commit:
        """What the index holds."""
        return self._held.commit

    def move_to(self, held: HeldCommit) -> None:
        """Goes over to another commit."""
        self.close()
        self._held = held
        self.left_out = dict(held.passed_over)

    def close(self) -> None:
        """Lets go of all files; whatever is used again is opened again, unless a writer has cleared it away."""
        for shard in self._listed.values():
            shard.catalog.close()
        self._listed.clear()
        self._shards.clear()
        self.left_out = dict(self._held.passed_over)
        self._held.release()

    def shards(self) -> list[OpenShard]:
        """The shards of the commit, opened.

        Raises:
            QueryError: there is none.
            IndexDamaged: a shard is damaged, unless that is allowed and there are others.
        """
        if not self.commit.shards:
            raise QueryError(f"The index {self.path} is empty; add documents with: ctxsearch index {self.path} SOURCE.")
        known = self._shards.keys() | self.left_out.keys()
        if missing := [entry for entry in self.commit.shards if entry.shard_id not in known]:
            damage = read_damage(self.path)
            for entry in missing:
                try:
                    self._open(entry, damage)
                except IndexDamaged as error:
                    self._leave_out(entry, error)
        opened = [self._shards[entry.shard_id] for entry in self.commit.shards if entry.shard_id in self._shards]
        if not opened:
            raise IndexDamaged(str(self.path), "every shard is")
        return opened

    def described(self) -> list[ListedShard]:
        """The shards of the commit, each with its catalog, and with its vectors where those are needed and whole.

        Raises:
            IndexDamaged: a catalog is damaged, unless that is allowed and there are others.
        """
        listed, damaged = self.catalogs()
        for entry in self.commit.shards:
            if entry.shard_id in damaged:
                self._leave_out(entry, damaged[entry.shard_id])
        if damaged and not listed:
            raise IndexDamaged(str(self.path), "every shard is")
        damage = read_damage(self.path)
        for number, shard in enumerate(listed):
            if shard.entry.removed:  # what its lists count is too much
                with suppress(IndexDamaged):
                    listed[number] = self._open(shard.entry, damage)
        return listed

    def catalogs(self) -> tuple[list[ListedShard], dict[str, IndexDamaged]]:
        """The shards of the commit whose catalogs are whole, whatever became of their vectors; the others' damage."""
        damage = read_damage(self.path)
        listed: list[ListedShard] = []
        damaged: dict[str, IndexDamaged] = {}
        for entry in self.commit.shards:
            try:
                listed.append(self._list(entry, damage))
            except IndexDamaged as error:
                damaged[entry.shard_id] = error
        return listed, damaged

    def _leave_out(self, entry: ShardEntry, error: IndexDamaged) -> None:
        if not self._allow_damaged:
            raise error
        self.left_out[entry.shard_id] = error.why

    def _open(self, entry: ShardEntry, damage: Mapping[DamagedFile, str]) -> OpenShard:
        if entry.shard_id not in self._shards:
            self._refuse_noted(entry, damage, besides=())
            listed = self._list(entry, damage)
            with opening_many(self.path):
                self._shards[entry.shard_id] = open_vectors_of(self.path, self.settings, self.commit, listed)
        return self._shards[entry.shard_id]

    def _list(self, entry: ShardEntry, damage: Mapping[DamagedFile, str]) -> ListedShard:
        if entry.shard_id not in self._listed:
            from ctxsearch.query.scope import list_shard

            self._refuse_noted(entry, damage, besides=(VECTORS_FILE, LISTS_FILE, CLUSTERS_FILE, SHARD_FILE))
            with opening_many(self.path):
                self._listed[entry.shard_id] = list_shard(self.path, entry)
        return self._listed[entry.shard_id]

    def refuse_noted(self) -> None:
        """Raises what was noted of any shard of the commit."""
        damage = read_damage(self.path)
        for entry in self.commit.shards:
            self._refuse_noted(entry, damage, besides=())

    def _refuse_noted(self, entry: ShardEntry, damage: Mapping[DamagedFile, str], *, besides: Sequence[str]) -> None:
        """Raises what was noted of the files of a shard, besides some."""
        noted = {file: why for (shard, file), why in damage.items() if shard == entry.shard_id and file not in besides}
        if noted:
            why = "; ".join(f"{file}: {why}" if file else why for file, why in noted.items())
            raise IndexDamaged(str(self.path / entry.shard_id), why)

    def analyser(self) -> Analyser:
        """What cuts texts into words."""
        if self._analyser is None:
            from ctxsearch.analysis import Analyser

            self._analyser = Analyser(self.settings.language, punctuation=self.settings.punctuation)
        return self._analyser

    @cached_property
    def head(self) -> Head | None:
        """What makes the model's vectors into those of the index, if it has one.

        Raises:
            IndexDamaged: it is missing, or is not what it was.
        """
        if not self.settings.head_digest:
            return None
        from ctxsearch.head import head_of

        return head_of(self.path / HEAD_FILE, self.settings.head, self.settings.head_digest)

    def calibration(self, *, needed: bool) -> Calibration | None:
        """What scores mean, if the index has a head; without need, a lost head is left out of answers.

        Raises:
            IndexDamaged: it is needed, and the head is missing, or is not what it was.
        """
        try:
            return self.head.calibration if self.head else None
        except IndexDamaged as error:
            if needed:
                raise
            self.left_out[HEAD_FILE] = error.why
            return None

    def encoder(self) -> Encoder:
        """What gives words their vectors.

        Raises:
            ModelError: the model cannot be found or used.
            SettingsMismatch: it is not the model that the index was made with.
        """
        if self._encoder is None:
            self._encoder = self._load_encoder(self._hardware)
        self._check_digest(self._encoder.digest)
        return self._encoder

    def _load_encoder(self, hardware: Mapping[str, str | None]) -> Encoder:
        if self.head is not None:  # which would only say that it is for another model
            self._check_digest(found_model_digest(self.settings))
        return load_encoder(self.settings, hardware, self.head)

    def expect_query(self) -> None:
        """Begins to open the model's export, if there is one, while the index is opened and the sentence is cut."""
        if self._export is None and not self._is_own_encoder and not any(self._hardware.values()):
            aside = ThreadPoolExecutor(1, "ctxsearch-export")
            self._export = aside.submit(self._load_export)
            aside.shutdown(wait=False)

    def asking_encoder(self) -> Encoder:
        """What gives the words of queries their vectors: in single precision, and from the model's export if it can be.

        So a query has the same vector whatever ran before it.

        Raises:
            ModelError: the model cannot be found or used.
            SettingsMismatch: it is not the model that the index was made with.
        """
        if self._asking is None:
            self.expect_query()
            if self._export is None:
                return self.encoder()
            self._asking = self._export.result() or self._load_encoder(_PLAIN)
        self._check_digest(self._asking.digest)
        return self._asking

    @property
    def can_export(self) -> bool:
        """Whether queries have to wait for torch, while an export of the model could be made and kept."""
        from ctxsearch.encoder.cache import can_keep, was_tried

        if self._is_own_encoder or any(self._hardware.values()):
            return False
        return not was_tried(self._export_digest) and can_keep()

    @property
    def _export_digest(self) -> str:
        """What an export of the model is found by: with a head's adapter it is another model."""
        if self.head is None or not self.head.adapter:
            return self.settings.model_digest
        return digest_bytes(f"{self.settings.model_digest} {self.head.digest}".encode())

    def _load_export(self) -> Encoder | None:
        return load_export(self._export_digest, self.settings, self.head)

    def export_model(self) -> None:
        """Exports the model, so that queries need not wait for torch from now on.

        Raises:
            ModelError: the model cannot be found.
            SettingsMismatch: it is not the model that the index was made with.
            OSError: the export cannot be kept.
        """
        from ctxsearch.encoder.cache import keep_failure, keeping
        from ctxsearch.encoder.export import NoExport, export_model

        self._check_digest(found_model_digest(self.settings))
        try:
            with keeping(self._export_digest) as folder:
                export_model(self.settings.model, self._export_digest, folder, self.head)
        except NoExport as error:
            keep_failure(self.settings.model, self._export_digest, str(error))
        else:
            self._asking = self._export = None

    def _check_digest(self, found: str) -> None:
        if found != self.settings.model_digest:
            raise SettingsMismatch(
                str(self.path),
                "the model",
                f"{self.settings.model} ({self.settings.model_digest[:12]})",
                f"the one that is found now under that name ({found[:12]})",
            )


def found_model_digest(settings: Settings) -> str:
    """The digest of the model that is found now under the index's name for it, without loading it.

    Raises:
        ModelError: the model cannot be found.
    """
    from ctxsearch.encoder.locate import locate_model, model_digest

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
        return None
    # Reading all the weights takes as long as opening the model, which reads few of them.
    with ThreadPoolExecutor(1, "ctxsearch-check") as aside:
        is_whole = aside.submit(export.has_its_weights)
        try:
            from ctxsearch.encoder.onnx import OnnxEncoder

            encoder = OnnxEncoder(
                export, layers=settings.layers, pooling=settings.pooling, window=settings.window, head=head
            )
        except (ImportError, ModelError):
            return None
        return encoder if is_whole.result() else None


def load_encoder(settings: Settings, hardware: Mapping[str, str | None], head: Head | None) -> Encoder:
    """Loads the model that settings name, see `Index.create`, under its head."""
    from ctxsearch.encoder.transformer import TransformerEncoder

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
