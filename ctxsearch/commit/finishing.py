"""Makes a folder of finished files a shard: what it says of itself is written last."""

from __future__ import annotations

from pathlib import Path

from ctxsearch.commit.record import CATALOG_FILE, CLUSTERS_FILE, LISTS_FILE, SHARD_FILE, VECTORS_FILE, ShardEntry
from ctxsearch.digests import digest_bytes, digest_files, json_bytes
from ctxsearch.storage import put_bytes_if_absent, sync


def finish_shard(
    folder: Path,
    *,
    rows: int,
    lemmas: int,
    documents: int,
    segments: int,
    words: int,
    settings: str,
    commit: int,
    vectors: tuple[int, str],
) -> ShardEntry:
    """Writes ``shard.json`` over the other files, which are there and synced: now the shard is whole.

    Args:
        folder: under its temporary name.
        rows: occurrences.
        lemmas: posting lists.
        documents: how many.
        segments: how many.
        words: tokens, those without a vector included.
        settings: SHA-256 of ``ctxsearch.json``.
        commit: the number of the commit that the shard is made for: no two shards of an index are ever the same.
        vectors: size and digest of ``vectors.dat``.
    """
    names = [LISTS_FILE, CATALOG_FILE]
    if (folder / CLUSTERS_FILE).exists():
        names.append(CLUSTERS_FILE)
    files = {VECTORS_FILE: vectors, **{name: _sized(folder / name) for name in names}}
    described: dict[str, object] = {
        "rows": rows,
        "lemmas": lemmas,
        "documents": documents,
        "segments": segments,
        "words": words,
        "without_vector": words - rows,
        "settings": settings,
        "commit": commit,
        "files": {name: list(entry) for name, entry in files.items()},
    }
    content = json_bytes(described)
    put_bytes_if_absent(folder / SHARD_FILE, content)
    files[SHARD_FILE] = len(content), digest_bytes(content)
    sync(folder)
    return ShardEntry(f"shard-{files[SHARD_FILE][1][:16]}", rows, lemmas, documents, files)


def _sized(path: Path) -> tuple[int, str]:
    return path.stat().st_size, digest_files(path)
