"""The careful half of an index: damage found and taken out, and backups."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace as changed
from pathlib import Path
from typing import TYPE_CHECKING

from ctxsearch.callbacks import check_callbacks
from ctxsearch.commit import note_damage, read_damage
from ctxsearch.domain import Progress
from ctxsearch.errors import IndexDamaged, IndexLocked
from ctxsearch.index.answers import Answers
from ctxsearch.index.model import found_model_digest
from ctxsearch.index.opening import open_committed
from ctxsearch.index.own_encoder import OwnEncoder
from ctxsearch.lock import writer_lock
from ctxsearch.paths import path_of
from ctxsearch.places import located
from ctxsearch.report import RepairReport, VerifyReport
from ctxsearch.settings import HEAD_FILE, read_settings

if TYPE_CHECKING:
    from ctxsearch.protocols import Encoder


class Care(Answers):
    """What keeps an index whole."""

    @classmethod
    def verify(
        cls,
        path: str | Path,
        *,
        quick: bool = False,
        encoder: Encoder | None = None,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> VerifyReport:
        """Looks for damage in every file of an index, which need not open; loads no model, and disturbs nobody.

        A shard that is found damaged is noted beside the index, and from then on is an error, or is left out of
        answers, see `Index.open`; the note goes when a later look finds it well.

        Args:
            path: a folder, or a bare name, see `Index.create`.
            quick: look at sizes and headers only, not at every byte.
            encoder: the encoder of an index that was created with one.
            on_progress: is called with the number of bytes read so far.

        Raises:
            IndexNotFound: there is none.
            ModelError: the encoder can be none.
        """
        folder = located(path)
        noted = read_damage(folder)
        report = _looked_at(folder, quick, encoder, on_progress)
        damaged = {(one.shard, Path(one.path).name): one.why for one in report.problems if one.shard}
        # A quick look clears nobody, and a whole one only shards that it finds well, noted before it began.
        still = {shard for shard, _ in damaged}
        cleared = set() if quick else {one for one in noted if one[0] not in still}
        if damaged.items() - noted.items() or cleared:
            try:
                with writer_lock(folder):
                    now = read_damage(folder)
                    note_damage(folder, {**{one: now[one] for one in now if one not in cleared}, **damaged})
            except (IndexLocked, IndexDamaged, OSError) as error:
                reason = f"What is damaged could not be noted beside the index, so queries do not know of it: {error}"
                return changed(report, notes=[*report.notes, reason])
        return report

    @classmethod
    def repair(
        cls,
        path: str | Path,
        *,
        encoder: Encoder | None = None,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> RepairReport:
        """Takes out what `verify` finds damaged; the next `add` of the same sources makes it again, and only that.

        Where nobody knows which documents went with it, each `add` passes over those that were removed before, and
        reports them as skipped, until ``remove(lost=True)`` ends the search.

        Args:
            path: a folder, or a bare name, see `Index.create`.
            encoder: the encoder of an index that was created with one.
            on_progress: is called with the number of bytes read so far.

        Raises:
            IndexNotFound: there is none.
            ModelError: the encoder can be none.
            IndexDamaged: the settings are damaged, and no commit has a copy; or a head that was not ctxsearch's own is
                lost. All else is repaired.
            IndexLocked: another process writes to the index.
        """
        from ctxsearch.head import content_of
        from ctxsearch.upkeep.repair import take_out_damage

        folder = located(path)
        with writer_lock(folder):
            repaired = take_out_damage(folder, _looked_at(folder, False, encoder, on_progress))
        # Without settings, and without the head that they name, nothing can be added.
        settings, _ = read_settings(folder)
        if settings.head_digest:
            content_of(folder / HEAD_FILE, settings.head_digest)
        return repaired

    def backup(self, file: str | Path, *, on_progress: Callable[[Progress], None] | None = None) -> int:
        """Writes the index, as of the commit it was opened at, into one file, and returns its size in bytes.

        Others may read and write the index meanwhile. What people did, ``senses.sqlite``, is taken along as it is now.

        Args:
            file: a tar archive, which must not be there yet.
            on_progress: is called with the number of bytes written so far.

        Raises:
            BackupError: the file is there, or a file of the index is not what it should be.
            QueryError: it is no path; or this index was closed, and what it saw has been cleared away since.
            IndexRemade: another index has come in its place.
        """
        from ctxsearch.upkeep.archive import backup

        check_callbacks(on_progress=on_progress)
        self._parts.refuse_gone()
        return backup(self._parts.path, self._parts.commit, self._parts.settings_text, path_of(file), on_progress)


def _looked_at(
    folder: Path, quick: bool, encoder: Encoder | None, on_progress: Callable[[Progress], None] | None
) -> VerifyReport:
    from ctxsearch.upkeep.made_by import FoundEncoder
    from ctxsearch.upkeep.verification import Verification

    check_callbacks(on_progress=on_progress)
    own = None if encoder is None else OwnEncoder(encoder)
    return Verification(
        folder,
        quick=quick,
        open_shard=open_committed,
        found_encoder=lambda settings: (
            FoundEncoder(found_model_digest(settings)) if own is None else FoundEncoder(own.digest, own.dimension)
        ),
        on_progress=on_progress,
    ).run()
