"""The writing half of an index: documents added and taken out, and shards joined."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace as changed
from numbers import Integral

from ctxsearch.callbacks import check_callbacks
from ctxsearch.commit import Commit, hold_commit, tidy
from ctxsearch.domain import Document, Progress
from ctxsearch.errors import CtxSearchError, IndexRemade, QueryError, SourceError
from ctxsearch.index.answers import Answers
from ctxsearch.index.opening import open_committed, opening_many
from ctxsearch.lock import writer_lock
from ctxsearch.report import CompactReport, IndexReport
from ctxsearch.settings import GIVEN_SINCE, SENSES_FILE, read_settings

_LOG = logging.getLogger(__name__)

DEFAULT_SHARD_TOKENS = 2_000_000

# What stays in memory of a word until its shard is written: its key, its id, and its place among all.
_BYTES_PER_WORD = 32


class Changes(Answers):
    """What changes an index: each method makes a commit, or several, and moves on to the last."""

    def add(
        self,
        documents: Document | Iterable[Document],
        *,
        replace: bool = False,
        skip_bad: bool = False,
        on_skip: Callable[[SourceError], None] | None = None,
        shard_tokens: int = DEFAULT_SHARD_TOKENS,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> IndexReport:
        """Adds documents, shard after shard; what is committed stays whatever happens later.

        Where the iterable raises an error, what was read before it is committed first.

        A document that is there already, just so, is passed over, so that the same call goes on after a run that was
        interrupted. One whose id is there with another text or metadata is refused; the report says so.

        Args:
            documents: one, or any iterable, which is read as it goes; `ctxsearch.read` gives those of files.
            replace: let a document take the place of the one that has its id, so that of several the last stays; one
                whose text is empty takes it out. Labels stay under their keys; the report says which stand elsewhere
                in the new text.
            skip_bad: whether to pass over documents that no index can hold (a text that is NaN or no valid Unicode,
                metadata that are no JSON), and count them as skipped, instead of raising; what the iterable itself
                raises ends the run.
            on_skip: is called with the error of each that ``skip_bad`` passes over.
            shard_tokens: a shard ends with the first document that brings it to so many words.
            on_progress: is called with the number of words encoded, of those that are read so far.

        Raises:
            IndexLocked: another process writes to the index.
            IndexRemade: another index was made in its place since it was opened.
            SettingsMismatch: there is something to encode, and the model is not the one that the index was made with.
            SourceError: a document cannot be read, or no index can hold it, or what is given is no document; or its
                tokens are given, and the index is of a format that cannot keep them.

        >>> import tempfile
        >>> from ctxsearch import Document, Index
        >>> index = Index.create(tempfile.mkdtemp() + "/mine")
        >>> index.add(Document("1", "They rowed to the bank.")).documents
        1
        >>> bad = Document("2", float("nan"))
        >>> index.add([bad, Document("3", "The bank lent money.")], skip_bad=True, on_skip=print).skipped
        2: its text is NaN, a missing value, and no text; leave the document out.
        {'bad': 1}
        """
        from ctxsearch.adding import Adding
        from ctxsearch.documents import documents_of
        from ctxsearch.vectors.codec import Codec
        from ctxsearch.vectors.faiss import FaissCodec

        check_callbacks(on_progress=on_progress, on_skip=on_skip)
        _check_shard_tokens(shard_tokens)
        given = documents_of(documents)
        with self._writing() as commit, opening_many(self._parts.path):
            adding = Adding(
                self._parts.path,
                commit,
                settings=self._parts.settings_text,
                analyser=self._parts.analyser(),
                get_encoder=self._parts.model.encoder,
                dimension=self._parts.settings.dimension,
                codec=Codec(self._parts.settings.codec),
                make_codec=FaissCodec,
                keeps_given=self._parts.settings.format_version >= GIVEN_SINCE,
                on_skip=(on_skip or _pass) if skip_bad else None,
                on_progress=on_progress,
            )
            report = adding.run(given, replace=replace, shard_tokens=shard_tokens)
            return self._with_displaced(report, adding.commit) if report.replaced or report.removed else report

    def remove(
        self,
        document_ids: str | Iterable[str] | None = (),
        *,
        where: str | Sequence[str] | None = (),
        missing_ok: bool = False,
        lost: bool = False,
    ) -> int:
        """Takes documents out of every answer, at once, and returns how many; `compact` gives their space back.

        Args:
            document_ids: of the documents.
            where: conditions on the metadata, such as ``"year<1900"``; documents that meet all of them go too,
                whatever ids are given.
            missing_ok: pass over ids that are not there; not while a part that may have them cannot be read.
            lost: give up the documents that went with damaged parts and were not made again, see `repair`.

        Raises:
            DocumentNotFound: an id is not there, or nobody can say; nothing is removed.
            IndexDamaged: a condition is given, and a part cannot say which of its documents meet it.
            QueryError: a condition cannot be understood, or nothing says what to remove.
            IndexLocked: another process writes to the index.
        """
        from ctxsearch.query.several import strings
        from ctxsearch.upkeep.removing import remove_documents

        named = strings(document_ids, "The ids of documents are strings, such as 'letters/1'")
        if not named and not where and not lost:
            raise QueryError("Say which documents to remove, by their ids or by a condition.")
        with self._writing() as commit:
            listed, damaged = self._parts.catalogs()
            return remove_documents(
                self._parts.path,
                commit,
                listed,
                damaged,
                named,
                self._where(where),
                missing_ok=missing_ok,
                forget_lost=lost,
                settings=self._parts.settings_text,
            )

    def compact(
        self,
        *,
        shard_tokens: int = DEFAULT_SHARD_TOKENS,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> CompactReport:
        """Joins small shards, and gives back the space of what was removed; nothing is embedded again.

        Keys, lines and scores stay what they are. Readers are not disturbed; the old files go when the last reader of
        them is gone, and a writer comes by.

        Args:
            shard_tokens: shards are joined up to so many words, or a sixteenth of the index if that is more.
            on_progress: is called with the number of occurrences written so far.

        Raises:
            IndexLocked: another process writes to the index.
            IndexDamaged: a shard cannot be read; what was joined before it stays joined.
        """
        from ctxsearch.upkeep.compaction import Compaction

        check_callbacks(on_progress=on_progress)
        _check_shard_tokens(shard_tokens)
        with self._writing() as commit:
            self._parts.refuse_noted()
            compaction = Compaction(
                self._parts.path,
                commit,
                open_shard=lambda entry: open_committed(self._parts.path, self._parts.settings, commit, entry),
                settings=self._parts.settings_text,
                on_progress=on_progress,
            )
            return compaction.run(shard_tokens)

    def _with_displaced(self, report: IndexReport, made: Commit) -> IndexReport:
        """Says of a run that replaced documents, too, which labels stand elsewhere since."""
        from ctxsearch.query.opening import list_shard
        from ctxsearch.query.scope import ListedShard
        from ctxsearch.senses.displaced import displaced

        try:
            labels = self._parts.inventory().labels()
            if not labels:
                return report
            before, damaged = self._parts.catalogs()
            there = {shard.entry.shard_id: shard.catalog for shard in before}
            after = []
            with ExitStack() as opened:
                for entry in made.shards:
                    if entry.shard_id in there:
                        after.append(ListedShard(entry, there[entry.shard_id]))
                    elif entry.shard_id not in damaged:
                        after.append(list_shard(self._parts.path, entry))
                        opened.callback(after[-1].catalog.close)
                found = displaced(before, after, labels)
        except (CtxSearchError, OSError) as error:
            # What was added is committed, and its report is not to be lost with a file of senses that cannot be read.
            _LOG.warning("Which labels stand elsewhere now cannot be told: %s", error)
            return report
        return changed(
            report,
            moved_labels=found.moved,
            moved_labels_count=found.moved_count,
            orphaned_labels=found.orphaned,
            orphaned_labels_count=found.orphaned_count,
        )

    @contextmanager
    def _writing(self) -> Iterator[Commit]:
        """Holds the writer's lock, and gives the newest commit; this index then goes over to the one that was made."""
        from ctxsearch.catalog.first_write import clear_unfinished

        with writer_lock(self._parts.path):
            held = hold_commit(self._parts.path)
            self._refuse_remade(held.commit)
            # Held, for other threads may read through this object meanwhile.
            self._parts.move_to(held)
            owner = os.getpid()
            try:
                yield self._parts.commit
            finally:
                # To a child that comes by here neither the lock belongs, nor what is written.
                if os.getpid() == owner:
                    self._parts.move_to(hold_commit(self._parts.path))
                    tidy(self._parts.path, self._parts.commit)
                    clear_unfinished(self._parts.path / SENSES_FILE)

    def _refuse_remade(self, commit: Commit) -> None:
        """Refuses to put what was made with the settings of this index into another one.

        An index without a commit may be made again, with other settings; and a folder may be taken away by hand.

        Raises:
            IndexRemade: another index is there.
            IndexNotFound: none is.
        """
        there = commit.settings if commit.number else read_settings(self._parts.path)[1]
        if there not in (None, self._parts.settings_text):
            raise IndexRemade(str(self._parts.path))
        self._parts.refuse_remade()


def _pass(error: SourceError) -> None:
    """Passes over what is wrong without a word: it is counted."""


def _check_shard_tokens(words: int) -> None:
    """Refuses shards that cannot be built.

    Raises:
        ValueError: of no whole number of words, of none, or of more than this machine has memory for.
    """
    if not isinstance(words, Integral):
        raise ValueError(f"A shard has a whole number of words, such as 2000000, and {words!r:.80} is none.")
    if words < 1:
        raise ValueError(f"A shard cannot have {words} words; give at least 1.")
    needed, there = words * _BYTES_PER_WORD / 1e9, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    if needed > there:
        raise ValueError(
            f"A shard of {words:,} words takes some {needed:,.0f} GB of memory while it is made, and this machine has"
            f" {there:,.0f} GB; give fewer."
        )
