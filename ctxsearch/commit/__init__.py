"""The commits of an index: what each holds, and who still reads it."""

from ctxsearch.commit.damage import DAMAGE_FILE, LOST_FILE, note_damage, note_lost, read_damage, read_lost
from ctxsearch.commit.holding import HeldCommit, hold_commit, tidy
from ctxsearch.commit.record import (
    CATALOG_FILE,
    LISTS_FILE,
    SHARD_FILE,
    SHARD_FILES,
    VECTORS_FILE,
    Commit,
    ShardEntry,
    commit_files,
    commit_path,
    newest_commit,
    read_commit,
    shard_folders,
    write_commit,
)

__all__ = [
    "CATALOG_FILE",
    "DAMAGE_FILE",
    "LISTS_FILE",
    "LOST_FILE",
    "SHARD_FILE",
    "SHARD_FILES",
    "VECTORS_FILE",
    "Commit",
    "HeldCommit",
    "ShardEntry",
    "commit_files",
    "commit_path",
    "hold_commit",
    "newest_commit",
    "note_damage",
    "note_lost",
    "read_commit",
    "read_damage",
    "read_lost",
    "shard_folders",
    "tidy",
    "write_commit",
]
