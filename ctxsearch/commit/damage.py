"""A note beside the commit of which shards were found damaged, so that no later query answers from them without a word.

The note is no proof of anything. Where it cannot be read it counts as not there, and `verify` finds again what it said.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from ctxsearch.hindrance import is_hindrance
from ctxsearch.storage import json_bytes, plain_size, put_bytes, remove, sync

DAMAGE_FILE = "damaged.json"

_LONGEST = 1 << 24


def read_damage(folder: Path) -> dict[str, str]:
    """Shards that were found damaged, each with what is wrong."""
    path = folder / DAMAGE_FILE
    try:
        noted = None if plain_size(path) > _LONGEST else json.loads(path.read_bytes())
    except OSError as error:
        if is_hindrance(error):
            raise
        return {}
    except (ValueError, RecursionError):
        return {}
    return {str(shard_id): str(why) for shard_id, why in noted.items()} if isinstance(noted, dict) else {}


def note_damage(folder: Path, damaged: Mapping[str, str]) -> None:
    """Keeps what is damaged; nothing is where it is empty. For the holder of the writer's lock."""
    path = folder / DAMAGE_FILE
    if damaged:
        put_bytes(path, json_bytes(damaged))
    elif os.path.lexists(path):
        remove(path)
        sync(folder)
