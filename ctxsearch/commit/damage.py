"""A note beside the commit of what was found damaged, so that no later query answers from it without a word.

The note is no proof of anything. Where it cannot be read it counts as not there, and `verify` finds again what it said.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from ctxsearch.digests import json_bytes
from ctxsearch.hindrance import is_hindrance
from ctxsearch.storage import plain_size, put_bytes, remove, sync

DAMAGE_FILE = "damaged.json"

_LONGEST = 1 << 24

DamagedFile = tuple[str, str]
"""A shard, and the name of a file of it."""


def read_damage(folder: Path) -> dict[DamagedFile, str]:
    """Files of shards that were found damaged, each with what is wrong."""
    path = folder / DAMAGE_FILE
    try:
        noted = None if plain_size(path) > _LONGEST else json.loads(path.read_bytes())
    except OSError as error:
        if is_hindrance(error):
            raise
        return {}
    except (ValueError, RecursionError):
        return {}
    if not isinstance(noted, dict):
        return {}
    # An earlier note does not say which file it is.
    files = {shard: found if isinstance(found, dict) else {"": found} for shard, found in noted.items()}
    return {(shard, name): str(why) for shard, found in files.items() for name, why in found.items()}


def note_damage(folder: Path, damaged: Mapping[DamagedFile, str]) -> None:
    """Keeps what is damaged; nothing is where it is empty. For the holder of the writer's lock."""
    path = folder / DAMAGE_FILE
    if damaged:
        shards: dict[str, dict[str, str]] = {}
        for (shard, name), why in damaged.items():
            shards.setdefault(shard, {})[name] = why
        put_bytes(path, json_bytes(shards))
    elif os.path.lexists(path):
        remove(path)
        sync(folder)
