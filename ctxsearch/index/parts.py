"""What an open index is made of: its settings, one commit, and the back ends, each opened when it is first used."""

from __future__ import annotations

import getpass
import logging
import os
from collections.abc import Mapping, Sequence
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
    commit_path,
    read_damage,
)
from ctxsearch.errors import IndexDamaged, IndexRemade, QueryError
from ctxsearch.index.model import Model
from ctxsearch.index.opening import MakeShard, by_cards, by_faiss, open_vectors_of, opening_many
from ctxsearch.index.own_encoder import OwnEncoder
from ctxsearch.lasting import LastingPath
from ctxsearch.places import located
from ctxsearch.settings import HEAD_FILE, Settings, read_settings
from ctxsearch.thread_lock import ThreadLock

if TYPE_CHECKING:
    from ctxsearch.analysis import Analyser
    from ctxsearch.catalog.inventory import Inventory
    from ctxsearch.head import Calibration
    from ctxsearch.protocols import Encoder
    from ctxsearch.query.scope import ListedShard, OpenShard


_LOG = logging.getLogger(__name__)


class Parts:
    """The parts of an open index.

    Threads may share it, and one of them may write: what a reader has been given stays open until it lets go of it,
    whatever the index goes over to meanwhile.

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
        self.place = LastingPath(path)
        self.settings = settings
        self.settings_text = settings_text
        self._held = held
        self._is_closed = False
        self._opening = ThreadLock()
        self._device = hardware["device"]
        # Opens such an index again, see `Index.open`: what a loaded model is, a path says as well.
        own = encoder.given if isinstance(encoder, OwnEncoder) else None
        self.options = {**hardware, "encoder": own, "allow_damaged": allow_damaged}
        self.model = Model(self.place, settings, encoder, hardware)
        self._allow_damaged = allow_damaged
        self._analyser: Analyser | None = None
        self._listed: dict[str, ListedShard] = {}
        self._shards: dict[str, OpenShard] = {}
        self.left_out = dict(held.passed_over)

    @property
    def path(self) -> Path:
        """The index's folder, whatever the working directory is now."""
        return self.place.path

    @property
    def commit(self) -> Commit:
        """What the index holds."""
        return self._held.commit

    def move_to(self, held: HeldCommit) -> None:
        """Goes over to another commit."""
        with self._opening.here():
            self.close()
            self._held, self._is_closed = held, False
            self.left_out = dict(held.passed_over)

    def close(self) -> None:
        """Lets go of all files; whatever is used again is opened again, unless a writer has cleared it away.

        Files are closed when nobody has them any more: under a thread that reads them the process would die.
        """
        with self._opening.here():
            self._listed.clear()
            self._shards.clear()
            self.left_out = dict(self._held.passed_over)
            self._held.release()
            self._is_closed = True

    def inventory(self) -> Inventory:
        """What people did with the index."""
        from ctxsearch.catalog.inventory import Inventory

        return Inventory(self.path, self._refuse_strange_senses)

    @staticmethod
    def user(by: str | None) -> str:
        """A person's name: as given, or what the operating system calls the user; a number where it has no name."""
        if by is not None:
            return by
        try:
            return getpass.getuser()
        except (KeyError, OSError):
            return f"user {os.getuid()}"

    def shards(self) -> list[OpenShard]:
        """The shards of the commit, opened.

        Raises:
            QueryError: there is none.
            IndexDamaged: a shard is damaged, unless that is allowed and there are others.
        """
        with self._opening.here():
            if not self.commit.shards:
                raise QueryError(
                    f"The index {self.path} is empty; add documents with: ctxsearch index {self.path} SOURCE."
                )
            known = self._shards.keys() | self.left_out.keys()
            if missing := [entry for entry in self.commit.shards if entry.shard_id not in known]:
                self.refuse_gone()
                damage = read_damage(self.path)
                for entry in missing:
                    try:
                        self._open(entry, damage)
                    except IndexDamaged as error:
                        self._refuse_cleared(error)
                        self._leave_out(entry, error)
                _LOG.debug("%s: commit %d is open; shards: %d.", self.path, self.commit.number, len(self.commit.shards))
            opened = [self._shards[entry.shard_id] for entry in self.commit.shards if entry.shard_id in self._shards]
            if not opened:
                raise IndexDamaged(str(self.path), "every shard is")
            return opened

    def refuse_remade(self) -> None:
        """Raises IndexRemade where another index has come in the place of this one, IndexNotFound where none has."""
        if self._held.is_of_another(located(self.path)):
            raise IndexRemade(str(self.path))

    def _refuse_strange_senses(self) -> None:
        """Keeps what people do with this index out of another, see `refuse_remade`; damage hinders nobody."""
        with suppress(IndexDamaged):
            self.refuse_remade()
            # What holds no commit yet may have been made again with other settings.
            if not self.commit.number and read_settings(self.path)[1] != self.settings_text:
                raise IndexRemade(str(self.path))

    def refuse_gone(self) -> None:
        """Raises where what this saw is there no more.

        Raises:
            IndexRemade: another index has come in its place.
            IndexNotFound: all of it is gone.
            QueryError: this was closed, and a writer has cleared it away since.
        """
        if all((self.path / entry.shard_id).exists() for entry in self.commit.shards):
            return
        self.refuse_remade()
        if self._is_closed:
            raise self._cleared()

    def _refuse_cleared(self, error: IndexDamaged) -> None:
        """Raises QueryError where it is no damage that is met: a writer takes a commit away before all else of it."""
        if self._is_closed and not os.path.lexists(commit_path(self.path, self.commit.number)):
            raise self._cleared() from error

    def _cleared(self) -> QueryError:
        return QueryError(
            f"This index was closed, and what it saw of {self.path} has been cleared away by a writer since; open it"
            " again."
        )

    def described(self) -> list[ListedShard]:
        """The shards of the commit, each with its catalog, and with its vectors where those are needed and whole.

        Raises:
            IndexDamaged: a catalog is damaged, unless that is allowed and there are others.
        """
        with self._opening.here():
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
        with self._opening.here():
            if any(entry.shard_id not in self._listed for entry in self.commit.shards):
                self.refuse_gone()
            damage = read_damage(self.path)
            listed: list[ListedShard] = []
            damaged: dict[str, IndexDamaged] = {}
            for entry in self.commit.shards:
                try:
                    listed.append(self._list(entry, damage))
                except IndexDamaged as error:
                    self._refuse_cleared(error)
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
                self._shards[entry.shard_id] = open_vectors_of(
                    self.path, self.settings, self.commit, listed, self._make_shard
                )
        return self._shards[entry.shard_id]

    @cached_property
    def _make_shard(self) -> MakeShard:
        """What searches a shard: the CPU, unless a GPU was asked for by its name.

        Raises:
            DeviceError: it is not there, or cannot be used.
        """
        device = self._device or ""
        return by_cards(device) if device.startswith("cuda") else by_faiss

    def _list(self, entry: ShardEntry, damage: Mapping[DamagedFile, str]) -> ListedShard:
        if entry.shard_id not in self._listed:
            from ctxsearch.query.opening import list_shard

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

    def calibration(self, *, needed: bool) -> Calibration | None:
        """What scores mean, if the index has a head; without need, a lost head is left out of answers.

        Raises:
            IndexDamaged: it is needed, and the head is missing, or is not what it was.
        """
        try:
            return self.model.head.calibration if self.model.head else None
        except IndexDamaged as error:
            if needed:
                raise
            self.left_out[HEAD_FILE] = error.why
            return None
