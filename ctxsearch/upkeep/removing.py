"""Takes documents out: their numbers go into the next commit, and no file of a shard is touched.

Digests of their ids go there too: they are all that a later repair can know them by, see `ctxsearch.commit.taken_out`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace as changed
from pathlib import Path

import numpy as np

from ctxsearch.commit import Commit, id_digest, joined_digests, parted_digests, tidy, write_commit
from ctxsearch.errors import DocumentNotFound, IndexDamaged
from ctxsearch.query.scope import ListedShard, allowed_documents


def remove_documents(
    folder: Path,
    commit: Commit,
    shards: Sequence[ListedShard],
    damaged: Mapping[str, IndexDamaged],
    document_ids: Sequence[str],
    where: Sequence[str],
    *,
    missing_ok: bool,
    forget_lost: bool,
    settings: str,
) -> int:
    """Takes documents out of every answer, and returns how many; for the holder of the writer's lock.

    Args:
        folder: the index.
        commit: its newest commit.
        shards: of that commit; their catalogs are all that is needed.
        damaged: the other shards of the commit, whose catalogs are damaged.
        document_ids: of the documents to take out; one that is lost with a damaged shard is not asked for any more.
        where: conditions on the metadata; the documents that meet all of them are taken out too, where any are given.
        missing_ok: whether an id that is not there is passed over; while nobody knows what was lost, it is kept out.
        forget_lost: whether all that was lost with damaged shards is given up.
        settings: the text of ``ctxsearch.json``.

    Raises:
        DocumentNotFound: an id is not there, or may be in a damaged shard; nothing is changed.
        IndexDamaged: a condition is given, and a shard cannot say which of its documents meet it.
        QueryError: a condition cannot be understood.
    """
    if where and damaged:
        error = next(iter(damaged.values()))
        why = f"{error.why}; nobody knows which of its documents meet a condition, and nothing was removed"
        raise IndexDamaged(error.path, why) from error
    tidy(folder, commit)
    gone: list[set[int]] = [set(shard.entry.removed) for shard in shards]
    lost = set(commit.lost or ())
    missing = [one for one in document_ids if not _find(shards, one, gone) and one not in lost]
    if missing and (damaged or not missing_ok):
        raise DocumentNotFound(missing, tuple(damaged), so="; nothing was removed")
    # While nobody knows what was lost, a document that is not there may be, and is not to be made again.
    ids = {*document_ids} if commit.lost is None else {*document_ids}.difference(missing)
    if where:
        for shard, numbers, allowed in zip(shards, gone, allowed_documents(shards, where), strict=True):
            met = set() if allowed is None else {*np.flatnonzero(allowed).tolist()}
            ids.update(row.document_id for row in shard.catalog.documents(met - numbers).values())
            numbers |= met
    count = sum(len(numbers) - len(shard.entry.removed) for numbers, shard in zip(gone, shards, strict=True))
    given_up = lost if forget_lost else lost.intersection(document_ids)
    count += len(given_up)
    before = parted_digests(commit.taken_out)
    taken_out = before.union(map(id_digest, ids | given_up))
    if not count and taken_out == before and not (forget_lost and commit.lost is None):
        return 0
    removed = {shard.entry.shard_id: tuple(sorted(numbers)) for numbers, shard in zip(gone, shards, strict=True)}
    entries = tuple(
        changed(entry, removed=removed[entry.shard_id]) if entry.shard_id in removed else entry
        for entry in commit.shards
    )
    still_lost = None if commit.lost is None and not forget_lost else tuple(sorted(lost - given_up))
    newer = changed(
        commit,
        number=commit.number + 1,
        shards=entries,
        settings=settings,
        lost=still_lost,
        taken_out=joined_digests(taken_out),
    )
    write_commit(folder, newer)
    tidy(folder, newer)
    return count


def _find(shards: Sequence[ListedShard], document_id: str, gone: Sequence[set[int]]) -> bool:
    """Notes where a document is; whether it is anywhere, or was named before."""
    for shard, numbers in zip(shards, gone, strict=True):
        document = shard.catalog.find_document(document_id)
        if document is not None and document.number not in shard.entry.removed:
            numbers.add(document.number)
            return True
    return False
