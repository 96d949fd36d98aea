"""How the shards of a commit are opened, with the codec that the commit keeps for all of them."""

from __future__ import annotations

import errno
import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ctxsearch.commit import Commit, ShardEntry
from ctxsearch.errors import IndexDamaged
from ctxsearch.settings import Settings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ctxsearch.protocols import VectorShard
    from ctxsearch.query.scope import ListedShard, OpenShard
    from ctxsearch.vectors.codec import CodecParameters


@contextmanager
def opening_many(index: Path) -> Iterator[None]:
    """Says what to do where an index has more shards than a process can have open.

    Raises:
        OSError: so it is.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.EMFILE, errno.ENFILE):
            raise
        why = f"{error.strerror}; join the shards of the index with: ctxsearch compact {index}"
        raise OSError(error.errno, why, error.filename) from error


MakeShard = Callable[["NDArray[np.uint8]", "CodecParameters"], "VectorShard"]
"""Gives the back end that searches some codes."""


def open_committed(path: Path, settings: Settings, commit: Commit, entry: ShardEntry) -> OpenShard:
    """Opens a shard of a commit, to be searched by FAISS on the CPU.

    Raises:
        IndexDamaged: a file is missing or is not what it should be; or the commit's ranges do not fit.
    """
    from ctxsearch.query.opening import list_shard

    listed = list_shard(path, entry)
    try:
        return open_vectors_of(path, settings, commit, listed, by_faiss)
    except BaseException:
        listed.catalog.close()
        raise


def open_vectors_of(path: Path, settings: Settings, commit: Commit, listed: ListedShard, make: MakeShard) -> OpenShard:
    """Opens the vectors of a shard whose catalog is open, see `open_committed`."""
    from ctxsearch.query.opening import with_vectors

    return with_vectors(path, listed, codec_parameters(path, settings, commit), make, settings.language)


def by_faiss(codes: NDArray[np.uint8], parameters: CodecParameters) -> VectorShard:
    """FAISS on the CPU."""
    from ctxsearch.vectors.faiss_shard import FaissShard

    return FaissShard(codes, parameters)


def by_cards(device: str) -> MakeShard:
    """FAISS on GPUs: ``cuda``, each shard on the next of all there are; ``cuda:1``, all on that one.

    Raises:
        DeviceError: there is none, or FAISS cannot use it.
    """
    from ctxsearch.vectors.card import CardMemory, CardShard
    from ctxsearch.vectors.faiss import FaissCodec
    from ctxsearch.vectors.faiss_shard import FaissShard
    from ctxsearch.vectors.gpu import gpus

    memories = itertools.cycle([CardMemory(card) for card in gpus(device)])

    def make(codes: NDArray[np.uint8], parameters: CodecParameters) -> VectorShard:
        exact = FaissShard(codes, parameters)
        return CardShard(codes, parameters, next(memories), codec=FaissCodec(parameters), exact=exact)

    return make


def codec_parameters(path: Path, settings: Settings, commit: Commit) -> CodecParameters:
    """The codec with the ranges that a commit keeps.

    Raises:
        IndexDamaged: it keeps none, and there are vectors that need them; or they do not fit.
    """
    import numpy as np

    from ctxsearch.vectors.codec import Codec, parameters_of, train

    codec = Codec(settings.codec)
    try:
        parameters = parameters_of(codec, settings.dimension, commit.ranges)
    except ValueError as error:
        raise IndexDamaged(str(path), f"the commit's ranges do not fit ({error})") from error
    if parameters is None and any(entry.rows for entry in commit.shards):
        raise IndexDamaged(str(path), "the commit has no ranges for the codec")
    # Nothing but texts without words: nothing was trained on, and there is nothing to decode.
    return parameters or train(codec, np.zeros((1, settings.dimension), np.float32))
