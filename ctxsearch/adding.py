"""Adds documents to an index: shard after shard, each committed as it is done.

A run that is stopped leaves its last commit, marked unfinished; every run passes over the documents that are there
already, unchanged, so the same run again goes on. A document whose id is there with another text is refused, or takes
the other's place: so the last of several stays, be they in one run, in one shard, or on both sides of an interruption.
To refuse all but the first would leave the older text of two sources where somebody wants the newer one to stay; but a
run that has both texts makes both again whenever it comes again.

While nobody knows which documents went with a damaged part, all that the index has not may be one of them; not what was
removed, though, which stays out until the search is ended.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace as changed
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ctxsearch.analysis import Analyser
from ctxsearch.build import ShardBuilder, Stopwatch
from ctxsearch.commit import Commit, id_digest, joined_digests, parted_digests, tidy, write_commit
from ctxsearch.digests import digest_bytes
from ctxsearch.documents import check_document, document_digest
from ctxsearch.domain import Document, Progress
from ctxsearch.errors import IndexLocked, SourceError
from ctxsearch.present import BUILDING, Present, There
from ctxsearch.protocols import Encoder, VectorCodec
from ctxsearch.report import IndexReport
from ctxsearch.storage import TEMPORARY_PREFIX, make_folder, rename
from ctxsearch.tally import Tally
from ctxsearch.vectors.codec import Codec, CodecParameters, parameters_of, train

_LOG = logging.getLogger(__name__)


class Adding:
    """One run that adds documents; whoever starts it holds the writer's lock.

    Args:
        folder: the index.
        commit: its newest commit.
        settings: the text of its ``ctxsearch.json``.
        analyser: cuts the texts.
        get_encoder: gives what gives the vectors; is asked when there is something to encode, for to load a model takes
            seconds, and most runs that go on have nothing new for it.
        dimension: of the vectors.
        codec: how they are kept.
        make_codec: gives the codec by its parameters.
        keeps_given: whether the index is of a format that keeps the tokens that a source gives.
        on_skip: is told of each document that no index can hold, which is then passed over; where None, the first one
            ends the run.
        on_progress: is told how many words are encoded, of those that are read so far.
    """

    def __init__(
        self,
        folder: Path,
        commit: Commit,
        *,
        settings: str,
        analyser: Analyser,
        get_encoder: Callable[[], Encoder],
        dimension: int,
        codec: Codec,
        make_codec: Callable[[CodecParameters], VectorCodec],
        keeps_given: bool = True,
        on_skip: Callable[[SourceError], None] | None = None,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> None:
        self.commit = commit
        self._owner = os.getpid()
        self._folder = folder
        self._settings = settings
        self._analyser = analyser
        self._get_encoder = get_encoder
        self._codec = codec
        self._make_codec = make_codec
        self._keeps_given = keeps_given
        self._parameters = parameters_of(codec, dimension, commit.ranges)
        self._on_skip = on_skip
        self._on_progress = on_progress
        self._watch = Stopwatch()
        self._present = Present(folder, commit)
        self._builder: ShardBuilder | None = None
        self._seen: set[bytes] = set()
        self._tally = Tally()
        self._lost = None if commit.lost is None else set(commit.lost)
        self._taken_out = parted_digests(commit.taken_out)

    def run(self, documents: Iterable[Document], *, replace: bool, shard_tokens: int) -> IndexReport:
        """Adds the documents, see `Index.add`."""
        start = time.perf_counter()
        tidy(self._folder, self.commit)
        iterator = iter(documents)
        try:
            while True:
                try:
                    document = self._next(iterator)
                except Exception:
                    # The iterable is anybody's code and may raise anything, which goes on to the caller; but it costs
                    # nothing of what was read before it.
                    if self._is_own and (self._builder is not None or self._present.lacks_any):
                        self._end_shard(unfinished=True)
                    raise
                if not self._is_own:
                    raise IndexLocked(str(self._folder), f"process {self._owner}")
                if document is None:  # the end, and none of theirs
                    break
                if not self._is_new(document, replace=replace):
                    continue
                builder = self._builder or self._start_shard()
                number = builder.add(document, self._digest)
                self._present.add(self._identity, There(BUILDING, number, self._digest, bool(document.metadata)))
                if builder.tokens >= shard_tokens:
                    self._end_shard(unfinished=True)
            self._end_shard(unfinished=False)
        finally:
            if self._builder is not None and self._is_own:
                self._builder.abandon()
            self._present.close()
            if self._is_own:
                tidy(self._folder, self.commit)
        return self._tally.report(time.perf_counter() - start, self._watch.seconds)

    @property
    def _is_own(self) -> bool:
        """Whether this is the process that began, and no child that the documents' source forked: only that writes."""
        return os.getpid() == self._owner

    def _next(self, documents: Iterator[Document]) -> Document | None:
        """The next document, which an index can hold; None at the end.

        Raises:
            Exception: whatever the source raises.
            SourceError: the document is none that an index can hold.
        """
        is_good = False
        while not is_good:
            with self._watch.stage("read"):
                try:
                    document = next(documents)
                except StopIteration:
                    return None
                is_good = self._is_good(document)
        if document.given is not None and not self._keeps_given:
            why = "its source gives its tokens, which an index that an older ctxsearch made cannot keep"
            raise SourceError(document.document_id, why, hint="Make a new index.")
        return document

    def _is_good(self, document: Document) -> bool:
        try:
            check_document(document)
        except SourceError as error:
            # What is no document at all is a mistake of the program.
            if self._on_skip is None or not isinstance(document, Document):
                raise
            self._tally.skipped["bad"] += 1
            self._on_skip(error)
            return False
        return True

    def _is_new(self, document: Document, *, replace: bool) -> bool:
        """Whether a document is to be added; notes its digest, that of its id, and the document it replaces."""
        is_empty = not document.text.strip()
        if is_empty and not replace:
            self._tally.skip_empty(document.document_id)
            return False
        with self._watch.stage("read"):
            self._digest = document_digest(document)
            identity = self._identity = id_digest(document.document_id)
            is_repeated = identity in self._seen
            if not replace:
                self._seen.add(identity)
            there = self._present.find(document, identity, self._digest)
        if there is None:
            if is_empty:
                self._tally.skip_empty(document.document_id)
                return False
            if self._lost is None and identity in self._taken_out:
                self._tally.skipped["removed before"] += 1
                return False
            if self._lost:
                self._lost.discard(document.document_id)
            self._taken_out.discard(identity)
            return True
        if self._lost:
            self._lost.discard(document.document_id)
        if there.digest == self._digest:
            self._tally.unchanged += 1
            return False
        if not replace:
            refused = self._tally.repeated if is_repeated else self._tally.refused
            refused.add(document.document_id)
            return False
        self._present.take_out(identity, there)
        if there.shard_id == BUILDING and self._builder is not None:
            self._builder.take_out(there.number)
        if is_empty:
            self._tally.emptied += 1
            return False
        self._tally.replaced += 1
        if there.has_metadata and not document.metadata:
            self._tally.bared.add(document.document_id)
        return True

    def _start_shard(self) -> ShardBuilder:
        with self._watch.stage("load"):
            encoder = self._get_encoder()
        self._building = self._folder / f"{TEMPORARY_PREFIX}shard"
        make_folder(self._building)
        self._builder = ShardBuilder(
            self._building,
            analyser=self._analyser,
            encoder=encoder,
            codec_for=self._codec_for,
            watch=self._watch,
            on_encoded=self._tell,
        )
        return self._builder

    def _tell(self) -> None:
        if self._on_progress and self._builder is not None:
            read, encoded = self._tally.words + self._builder.tokens, self._tally.words + self._builder.encoded
            self._on_progress(Progress("encode", encoded, read))

    def _codec_for(self, sample: NDArray[np.float32]) -> VectorCodec:
        if self._parameters is None:
            self._parameters = train(self._codec, sample)
        return self._make_codec(self._parameters)

    def _end_shard(self, *, unfinished: bool) -> None:
        """Finishes the shard that is being built, if there is one, and commits."""
        builder = self._builder
        lost = None if self._lost is None else tuple(sorted(self._lost))
        if (
            builder is None
            and not self._present.lacks_any
            and (self.commit.unfinished, self.commit.lost) == (unfinished, lost)
        ):
            return
        shards = [
            changed(shard, removed=tuple(sorted({*shard.removed, *self._present.taken_out(shard.shard_id)})))
            for shard in self.commit.shards
        ]
        if builder is not None:
            entry = builder.finish(digest_bytes(self._settings.encode()), self.commit.number + 1)
            entry = changed(entry, removed=tuple(sorted(self._present.taken_out(BUILDING))))
            self._builder = None
            with self._watch.stage("digest and commit"):
                rename(self._building, self._folder / entry.shard_id)
            shards.append(entry)
            self._tally.documents += entry.documents
            self._tally.words += builder.tokens
            self._tally.without_vector += builder.without_vector
            self._tally.unknown += builder.unknown
            self._tally.bytes += sum(size for size, _ in entry.files.values())
            self._tally.shards += 1
        ranges = None if self._parameters is None else self._parameters.ranges
        commit = Commit(
            self.commit.number + 1,
            tuple(shards),
            unfinished,
            None if ranges is None else tuple(tuple(row) for row in ranges.tolist()),
            self._settings,
            lost,
            joined_digests(self._taken_out),
        )
        with self._watch.stage("digest and commit"):
            write_commit(self._folder, commit)
        _LOG.info("Commit %d: %s words in this run.", commit.number, f"{self._tally.words:,}")
        self.commit = commit
        self._present.go_on(commit)
        if self._on_progress:
            self._on_progress(Progress("commit", self._tally.words, self._tally.words))
