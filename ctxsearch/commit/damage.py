"""Notes that lie beside the commit: which shards were found damaged, and which documents were lost with them.

No note is proof of anything. Where one cannot be read it counts as not there, and `verify` finds again what it said.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Mapping
from pathlib import Path

from ctxsearch.storage import json_bytes, plain_size, put_bytes, remove, sync

DAMAGE_FILE = "damaged.json"
LOST_FILE = "lost.json"

_LONGEST = 1 << 28


def read_damage(folder: Path) -> dict[str, str]:
    """Shards that were found damaged, each with what is wrong: no query answers from them without a word."""
    noted = _read(folder / DAMAGE_FILE)
    return {str(shard_id): str(why) for shard_id, why in noted.items()} if isinstance(noted, dict) else {}


def note_damage(folder: Path, damaged: Mapping[str, str]) -> None:
    """Keeps what is damaged; nothing is where it is empty. For the holder of the writer's lock."""
    _write(folder / DAMAGE_FILE, dict(damaged) or None)


def read_lost(folder: Path) -> set[str] | None:
    """The ids of documents that went with damaged shards and are to be made again; None where nobody knows them."""
    noted = _read(folder / LOST_FILE)
    documents = noted.get("documents") if isinstance(noted, dict) else []
    return None if documents is None else {str(document_id) for document_id in documents}


def note_lost(folder: Path, documents: Collection[str] | None) -> None:
    """Keeps which documents are lost, see `read_lost`; none is where it is empty."""
    known = None if documents is None else sorted(documents)
    _write(folder / LOST_FILE, None if known == [] else {"documents": known})


def _read(path: Path) -> object:
    try:
        return None if plain_size(path) > _LONGEST else json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None


def _write(path: Path, content: Mapping[str, object] | None) -> None:
    if content is not None:
        put_bytes(path, json_bytes(content))
    elif os.path.lexists(path):
        remove(path)
        sync(path.parent)
