"""What `verify` found damaged, kept beside the commit, so that no later query answers from it without a word."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from ctxsearch.storage import json_bytes, put_bytes, remove, sync

DAMAGE_FILE = "damaged.json"

_LONGEST = 1 << 24


def read_damage(folder: Path) -> dict[str, str]:
    """Shards that were found damaged, each with what is wrong; those that a note which cannot be read might name, none.

    The note is not the proof: whoever doubts it runs `verify` again.
    """
    path = folder / DAMAGE_FILE
    try:
        if path.stat().st_size > _LONGEST:
            return {}
        noted = json.loads(path.read_bytes())
        return {str(shard_id): str(why) for shard_id, why in noted.items()}
    except (OSError, ValueError, AttributeError, RecursionError):
        return {}


def note_damage(folder: Path, damaged: Mapping[str, str]) -> None:
    """Keeps what is damaged; nothing is damaged where it is empty. For the holder of the writer's lock."""
    path = folder / DAMAGE_FILE
    if damaged:
        put_bytes(path, json_bytes(dict(damaged)))
    elif path.exists():
        remove(path)
        sync(folder)
