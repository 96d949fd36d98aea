"""Which documents were removed, kept where no damage to a shard can take it: in the commit, by digests of their ids.

A shard names its documents in its catalog. Where that is lost, sources have to be searched for whatever the index has
not, and without these digests that would bring back what had been removed, from this shard or any other, joined since
or not. Digests, because all of them are read whenever the index is opened: a hundred thousand removed documents make a
commit 1.6 MB long, whatever their ids.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

_SIZE = 12


def id_digest(document_id: str) -> bytes:
    """What stands for a document's id, where many are kept."""
    # An id that comes from a command line may be no Unicode; no document has it.
    return sha256(document_id.encode(errors="surrogatepass")).digest()[:_SIZE]


def joined_digests(digests: Iterable[bytes]) -> bytes:
    """Digests in one piece, as a commit has them.

    >>> len(joined_digests({id_digest("tea"), id_digest("reeds")}))
    24
    """
    return b"".join(sorted(digests))


def check_digests(content: bytes) -> bytes:
    """The same piece, if it is one of digests; they are not parted, since every query reads the commit.

    Raises:
        ValueError: it is none.
    """
    if len(content) % _SIZE:
        raise ValueError(f"{len(content)} bytes are no digests of ids")
    return content


def parted_digests(content: bytes) -> set[bytes]:
    """The digests in one piece, for those who write."""
    return {content[start : start + _SIZE] for start in range(0, len(content), _SIZE)}
