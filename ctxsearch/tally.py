"""What a run that adds documents has done so far, counted as it goes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from ctxsearch.report import IndexReport

# Ids are kept to be shown, and of a whole corpus nobody reads them.
_KEPT = 100


@dataclass(slots=True)
class Ids:
    """Ids of documents: how many, and the first of them."""

    first: list[str] = field(default_factory=list)
    count: int = 0

    def add(self, document_id: str) -> None:
        """Counts one more."""
        self.count += 1
        if len(self.first) < _KEPT:
            self.first.append(document_id)


@dataclass(slots=True)
class Tally:
    """The figures of a run; what each of them is, `IndexReport` says."""

    documents: int = 0
    words: int = 0
    without_vector: int = 0
    unknown: int = 0
    replaced: int = 0
    emptied: int = 0
    unchanged: int = 0
    shards: int = 0
    bytes: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    empty: Ids = field(default_factory=Ids)
    refused: Ids = field(default_factory=Ids)
    repeated: Ids = field(default_factory=Ids)
    bared: Ids = field(default_factory=Ids)

    def skip_empty(self, document_id: str) -> None:
        """Counts a document without text that is left out."""
        self.skipped["empty"] += 1
        self.empty.add(document_id)

    def report(self, seconds: float, stages: Mapping[str, float]) -> IndexReport:
        """What the run did, and how long it took."""
        return IndexReport(
            documents=self.documents,
            words=self.words,
            without_vector=self.without_vector,
            unknown=self.unknown,
            replaced=self.replaced,
            removed=self.emptied,
            unchanged=self.unchanged,
            skipped=dict(self.skipped),
            empty=self.empty.first,
            refused=self.refused.first,
            refused_count=self.refused.count,
            repeated=self.repeated.first,
            repeated_count=self.repeated.count,
            bared=self.bared.first,
            bared_count=self.bared.count,
            shards=self.shards,
            bytes=self.bytes,
            seconds=seconds,
            stages=dict(stages),
        )
