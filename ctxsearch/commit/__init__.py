"""The commits of an index: what each holds, and who still reads it."""

from ctxsearch.commit.damage import DAMAGE_FILE, DamagedFile, note_damage, read_damage
from ctxsearch.commit.finishing import finish_shard
from ctxsearch.commit.holding import HeldCommit, hold_commit, tidy
from ctxsearch.commit.record import (
    CATALOG_FILE,
    CLUSTERS_FILE,
    LISTS_FILE,
    SHARD_FILE,
    SHARD_FILES,
    VECTORS_FILE,
    Commit,
    ShardEntry,
    commit_files,
    commit_path,
    copy_path,
    newest_commit,
    read_commit,
    read_copy,
    shard_folders,
    write_commit,
)
from ctxsearch.commit.taken_out import id_digest, joined_digests, parted_digests

__all__ = [
    "CATALOG_FILE",
    "CLUSTERS_FILE",
    "DAMAGE_FILE",
    "LISTS_FILE",
    "SHARD_FILE",
    "SHARD_FILES",
    "VECTORS_FILE",
    "Commit",
    "DamagedFile",
    "HeldCommit",
    "ShardEntry",
    "commit_files",
    "commit_path",
    "copy_path",
    "finish_shard",
    "hold_commit",
    "id_digest",
    "joined_digests",
    "newest_commit",
    "note_damage",
    "parted_digests",
    "read_commit",
    "read_copy",
    "read_damage",
    "shard_folders",
    "tidy",
    "write_commit",
]
