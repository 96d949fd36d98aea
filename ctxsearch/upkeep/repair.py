"""Takes what is damaged out of an index, so that a run over its sources can make it again."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace as changed
from pathlib import Path

from ctxsearch.catalog.reader import Catalog
from ctxsearch.commit import (
    CATALOG_FILE,
    ShardEntry,
    commit_files,
    copy_path,
    newest_commit,
    note_damage,
    read_commit,
    read_copy,
    tidy,
    write_commit,
)
from ctxsearch.digests import digest_files
from ctxsearch.errors import IndexDamaged
from ctxsearch.head import shipped_content
from ctxsearch.hindrance import is_hindrance, reading
from ctxsearch.report import RepairReport, VerifyReport
from ctxsearch.settings import HEAD_FILE, SETTINGS_FILE, read_settings
from ctxsearch.storage import plain_size, put_bytes, remove


def take_out_damage(folder: Path, report: VerifyReport) -> RepairReport:
    """Leaves an index that is whole, without the damaged parts; for the holder of the writer's lock.

    A damaged commit is put back from its copy, and a copy that is missing or damaged from its commit; damaged settings
    from the commit, and a head from those that come with ctxsearch. Where a commit's copy is damaged too, the commit
    before takes the place. Damaged shards are left out of a new commit, which is marked unfinished and says what is
    lost: the next run passes over what is there and adds what is missing.

    Args:
        folder: the index.
        report: of a whole `verify`.

    Raises:
        IndexDamaged: no commit can be read, nor a copy of one; nothing is changed, since all shards may be well.
    """
    for _, path in commit_files(folder):
        if not _can_be_read(path) and read_copy(path) is not None:
            _put(path, copy_path(path).read_bytes())
    commit, _ = newest_commit(folder, allow_damaged=True)
    files = commit_files(folder)
    unreadable = [path for _, path in files if not _can_be_read(path)]
    newer_unreadable = any(path in unreadable for number, path in files if number > commit.number)
    damaged = {problem.shard for problem in report.problems if problem.shard}
    if commit.settings is not None and any(problem.path == str(folder / SETTINGS_FILE) for problem in report.problems):
        _put(folder / SETTINGS_FILE, commit.settings.encode())
    if any(problem.path == str(folder / HEAD_FILE) for problem in report.problems):
        _put_back_head(folder)
    if damaged or newer_unreadable:
        gone = [_living_ids(folder, entry) for entry in commit.shards if entry.shard_id in damaged]
        # A commit that cannot be read may have had anything, and a catalog that cannot be read as well.
        known = [ids for ids in gone if ids is not None]
        lost = None
        if not newer_unreadable and commit.lost is not None and len(known) == len(gone):
            lost = tuple(sorted({*commit.lost}.union(*known)))
        kept = tuple(entry for entry in commit.shards if entry.shard_id not in damaged)
        number = max(number for number, _ in files) + 1
        commit = changed(commit, number=number, shards=kept, unfinished=True, lost=lost)
        write_commit(folder, commit)
    for path in unreadable:
        remove(path)
    for _, path in commit_files(folder):
        if _content(copy_path(path)) != path.read_bytes():
            _put(copy_path(path), path.read_bytes())
    if damaged or unreadable:
        tidy(folder, commit)
    note_damage(folder, {})
    return RepairReport(problems=report.problems, lost=commit.lost)


def _put(path: Path, content: bytes) -> None:
    """Writes a file in the place of whatever is there."""
    if _content(path) is None:
        remove(path)
    put_bytes(path, content)


def _content(path: Path) -> bytes | None:
    """What is in a file; None where it is none."""
    try:
        plain_size(path)
        return path.read_bytes()
    except OSError as error:
        if is_hindrance(error):
            raise
        return None


def _put_back_head(folder: Path) -> None:
    """Puts back a head that comes with ctxsearch; another's can only be put back by who has it."""
    settings, _ = read_settings(folder)
    if (content := shipped_content(settings.head_digest)) is not None:
        _put(folder / HEAD_FILE, content)


def _can_be_read(path: Path) -> bool:
    try:
        read_commit(path)
    except IndexDamaged:
        return False
    return True


def _living_ids(folder: Path, entry: ShardEntry) -> set[str] | None:
    """The ids of a damaged shard's documents that were not taken out; None where its catalog is damaged too."""
    path = folder / entry.shard_id
    _, digest = entry.files[CATALOG_FILE]
    try:
        with reading(path / CATALOG_FILE):
            plain_size(path / CATALOG_FILE)
            if digest_files(path / CATALOG_FILE) != digest:
                return None
        with closing(Catalog(path)) as catalog:
            removed = set(entry.removed)
            return {row[1] for row in catalog.document_rows() if row[0] not in removed}
    except IndexDamaged:
        return None
