"""Which documents are there already while others are added: in the shards of a commit, and in the one being built."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from ctxsearch.catalog.reader import Catalog
from ctxsearch.commit import Commit
from ctxsearch.documents import older_digest
from ctxsearch.domain import Document

BUILDING = ""
"""Stands for the id of the shard that is being built."""


class There(NamedTuple):
    """A document that is there already.

    Attributes:
        shard_id: its shard's.
        number: its own, in the shard.
        digest: tells this version of it.
        has_metadata: whether it has any.
    """

    shard_id: str
    number: int
    digest: str
    has_metadata: bool


class Present:
    """The documents that are there, as a run that adds others goes on.

    Args:
        folder: the index.
        commit: its newest commit.
    """

    def __init__(self, folder: Path, commit: Commit) -> None:
        self._folder = folder
        self._commit = commit
        self._catalogs = {shard.shard_id: Catalog(folder / shard.shard_id) for shard in commit.shards}
        # Since the commit: documents by the digests of their ids, and the numbers of those taken out, by their shards.
        self._building: dict[bytes, There] = {}
        self._taken_out: dict[str, set[int]] = {}

    @property
    def lacks_any(self) -> bool:
        """Whether a document was taken out since the commit."""
        return bool(self._taken_out)

    def taken_out(self, shard_id: str) -> Collection[int]:
        """The numbers of the documents of a shard that were taken out since the commit."""
        return self._taken_out.get(shard_id, ())

    def find(self, document: Document, identity: bytes, digest: str) -> There | None:
        """What is there under the id of a document.

        Args:
            document: that is to be added.
            identity: the digest of its id.
            digest: of the document.
        """
        if identity in self._building:
            return self._building[identity]
        for shard in self._commit.shards:
            row = self._catalogs[shard.shard_id].find_document(document.document_id)
            if row is None or row.number in shard.removed or row.number in self.taken_out(shard.shard_id):
                continue
            known = digest if row.digest == older_digest(document, row.metadata) else row.digest
            return There(shard.shard_id, row.number, known, bool(row.metadata))
        return None

    def add(self, identity: bytes, there: There) -> None:
        """Takes a document that has come to the shard being built, by the digest of its id."""
        self._building[identity] = there

    def take_out(self, identity: bytes, there: There) -> None:
        """Takes out a document that was found."""
        self._taken_out.setdefault(there.shard_id, set()).add(there.number)
        if there.shard_id == BUILDING:
            del self._building[identity]

    def go_on(self, commit: Commit) -> None:
        """Goes on from a commit, which has all that was added and taken out before."""
        self._commit = commit
        for shard in commit.shards:
            if shard.shard_id not in self._catalogs:
                self._catalogs[shard.shard_id] = Catalog(self._folder / shard.shard_id)
        self._building.clear()
        self._taken_out.clear()

    def close(self) -> None:
        """Lets go of the catalogs."""
        for catalog in self._catalogs.values():
            catalog.close()
