"""What was done and what there is: what long work gives back, and what an index says of itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What a run of `Index.add` did.

    Attributes:
        documents: added (those that took the place of another included, and those that another of the same run
            took the place of).
        words: tokens of these documents.
        without_vector: those among the words that the model has no piece for.
        unknown: those that it has only a piece like ``[UNK]`` for, as of scripts that are not in its vocabulary: they
            have vectors, which tell of their neighbours alone. An encoder of one's own may tell them, see `Encoded`.
        replaced: documents that took the place of one with their id.
        removed: documents that were taken out, since one with their id came whose text is empty.
        unchanged: documents passed over because they are in the index already, just so, or came before in the run.
        skipped: how many documents were left out, by reason.
        empty: ids of those that were left out since they have no text; the first hundred.
        refused: ids that are in the index already, with another text or metadata; the first hundred.
        refused_count: how many there are.
        repeated: ids that came again in one run, with another text or metadata, where the first counts, unless
            documents may be replaced; the first hundred.
        repeated_count: how many there are.
        bared: ids of documents that had metadata and were replaced by others that have none; the first hundred.
        bared_count: how many there are.
        moved_labels: keys of labels that stand in another sentence now than they were given in, since documents were
            replaced; the first hundred.
        moved_labels_count: how many labels these are.
        orphaned_labels: keys of labels that for that reason stand on no word of their sense any more; the first
            hundred.
        orphaned_labels_count: how many labels these are.
        shards: how many were written.
        bytes: what they take on disk.
        seconds: how long it took.
        stages: seconds by stage.
    """

    documents: int
    words: int
    without_vector: int
    unknown: int
    replaced: int
    removed: int
    unchanged: int
    skipped: Mapping[str, int]
    empty: Sequence[str]
    refused: Sequence[str]
    refused_count: int
    repeated: Sequence[str]
    repeated_count: int
    bared: Sequence[str]
    bared_count: int
    shards: int
    bytes: int
    seconds: float
    stages: Mapping[str, float]
    moved_labels: Sequence[str] = ()
    moved_labels_count: int = 0
    orphaned_labels: Sequence[str] = ()
    orphaned_labels_count: int = 0


@dataclass(frozen=True, slots=True)
class CompactReport:
    """What a run of `Index.compact` did.

    Attributes:
        shards_before: how many there were.
        shards: how many there are.
        documents_dropped: that had been taken out, and now take no more space.
        bytes_before: what the shards took on disk; while somebody reads the old ones they are still there.
        bytes: what they take.
        seconds: how long it took.
    """

    shards_before: int
    shards: int
    documents_dropped: int
    bytes_before: int
    bytes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that `Index.verify` found wrong.

    Attributes:
        path: the file.
        why: what is wrong with it.
        remedy: what to do about it.
        shard: the shard that is not to be trusted any more, if it is one.
    """

    path: str
    why: str
    remedy: str
    shard: str = ""


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What `Index.verify` found.

    Attributes:
        problems: nothing is wrong where there is none.
        notes: what is no damage but good to know: what was not checked and why, what a later run clears away.
        shards: how many were checked.
        files: how many were checked.
        bytes: that were read.
        seconds: how long it took.
    """

    problems: Sequence[Problem]
    notes: Sequence[str]
    shards: int
    files: int
    bytes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class RepairReport:
    """What `Index.repair` took out.

    Attributes:
        problems: what was damaged.
        lost: ids of the documents that went with it and are to be added again; None where nobody knows them.
    """

    problems: Sequence[Problem]
    lost: Sequence[str] | None


@dataclass(frozen=True, slots=True)
class IndexInfo:
    """What an index holds and how it was made.

    ``settings`` are those of ``ctxsearch.json``; ``tags`` are the parts of speech that sources gave;
    ``document_columns`` are what documents have besides their metadata, and conditions may name as well.
    """

    path: str
    settings: Mapping[str, str | int | bool]
    commit: int
    unfinished: bool
    shards: int
    documents: int
    documents_removed: int
    segments: int
    words: int
    occurrences: int
    without_vector: int
    lemmas: int
    bytes: int
    metadata_columns: Sequence[str]
    tags: Sequence[str] = ()
    document_columns: Sequence[str] = ()
