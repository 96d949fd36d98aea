"""Opens the shards that a commit names."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ctxsearch.catalog.reader import Catalog
from ctxsearch.commit import CLUSTERS_FILE, ShardEntry
from ctxsearch.errors import IndexDamaged
from ctxsearch.protocols import VectorShard
from ctxsearch.query.scope import ListedShard, OpenShard
from ctxsearch.vectors.clusters import no_clusters, open_clusters
from ctxsearch.vectors.codec import CodecParameters
from ctxsearch.vectors.files import open_vectors


def list_shard(index: Path, entry: ShardEntry) -> ListedShard:
    """Opens the catalog of a shard.

    Args:
        index: the index's folder.
        entry: the shard, as the commit names it.

    Raises:
        IndexDamaged: the catalog is missing, or is not what the commit says.
    """
    folder = index / entry.shard_id
    if folder.is_symlink():
        raise IndexDamaged(str(folder), "it is a link, and no folder of the index")
    catalog = Catalog(folder, entry.rows)
    if catalog.n_documents != entry.documents:
        catalog.close()
        raise IndexDamaged(str(catalog.path), f"it should hold {entry.documents} documents")
    return ListedShard(entry, catalog)


def with_vectors(
    index: Path,
    listed: ListedShard,
    parameters: CodecParameters,
    make: Callable[[NDArray[np.uint8], CodecParameters], VectorShard],
    language: str,
) -> OpenShard:
    """Opens the vectors of a shard as well.

    Args:
        index: the index's folder.
        listed: the shard.
        parameters: the index's codec.
        make: gives the back end that searches its codes.
        language: of the index.

    Raises:
        IndexDamaged: a file is missing, or is not what the commit says.
    """
    entry = listed.entry
    folder = index / entry.shard_id
    files = open_vectors(folder, parameters.code_size, entry.rows, entry.lemmas)
    clusters = no_clusters(parameters.dimension)
    if CLUSTERS_FILE in entry.files:
        clusters = open_clusters(folder, parameters.dimension, entry.rows, entry.files[CLUSTERS_FILE][0])
    searched = partial(make, files.codes, parameters)
    return OpenShard(entry, listed.catalog, files, parameters, clusters, searched, language)
