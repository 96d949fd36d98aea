"""What a format is given to write from, and what it says it has written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ctxsearch.domain import Progress
from ctxsearch.query.options import ALL, Filters
from ctxsearch.query.scope import OpenShard
from ctxsearch.query.shaping import PLAIN, Shaping
from ctxsearch.senses import Senses

SenseSource = Literal["labels", "assigned", "none"]
"""Who says which sense an occurrence has: people, by their labels; ``assign``; or nobody."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be written.

    Attributes:
        word: whose occurrences; None for those of the first pattern, or for all that there is where there is none.
        filters: which of them.
        shaping: their order, how many of each document, and how many are passed over.
        limit: so many are wanted, the first; None for all.
        sample: a random sample of so many; None for all.
        seed: draws the sample.
        sense: only occurrences that have this sense.
        by: counts the labels of this person only.
        senses: who says which sense an occurrence has; None for people if they have labelled any, and else nobody.
        context: words on either side of a line, or None for the sentence.
        grouping: the column of the metadata by which DURel groups uses.
        examples: so many examples of a sense are taken from the corpus, less those that it has of its own.
    """

    word: str | None = None
    filters: Filters = ALL
    shaping: Shaping = PLAIN
    limit: int | None = None
    sample: int | None = None
    seed: int = 0
    sense: str | None = None
    by: str | None = None
    senses: SenseSource | None = None
    context: int | None = 10
    grouping: str | None = None
    examples: int = 5

    @property
    def is_of_all(self) -> bool:
        """Whether all occurrences are asked for, and not those of a word or a pattern."""
        return self.word is None and not self.filters.patterns

    @property
    def options(self) -> Sequence[str]:
        """The names of the options that are not as they are by default."""
        filters = self.filters
        chosen = {
            "form": filters.written.forms,
            "pos": filters.written.tags,
            "where": filters.where,
            "near": filters.near,
            "cql": filters.patterns,
            "order": self.shaping.order,
            "per_document": self.shaping.per_document,
            "offset": self.shaping.offset,
        }
        default = Asked()
        others = ("limit", "sample", "seed", "sense", "senses", "by", "context", "grouping", "examples")
        return [
            *(name for name, values in chosen.items() if values),
            *(name for name in others if getattr(self, name) != getattr(default, name)),
        ]


@dataclass(frozen=True, slots=True)
class Material:
    """What there is to write from.

    Attributes:
        asked: what is to be written.
        shards: of the index.
        senses: the index's inventory.
        language: of the corpus.
        on_progress: is told how much is written.
    """

    asked: Asked
    shards: Sequence[OpenShard]
    senses: Senses
    language: str
    on_progress: Callable[[Progress], None] | None = None

    def tell(self, done: int, total: int) -> None:
        """Says how much is written."""
        if self.on_progress:
            self.on_progress(Progress("exporting", done, total))


@dataclass(frozen=True, slots=True)
class Output:
    """What a format has written.

    Attributes:
        count: how many lines, headwords or vectors.
        notes: sentences that whoever reads the file should know.
    """

    count: int
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Exported:
    """What `Index.export` has written.

    Attributes:
        files: where it is, the file that was asked for first.
        file_format: the name of the format.
        unit: what was counted: ``line``, ``headword`` or ``vector``.
        count: how many of them.
        notes: sentences that whoever reads the files should know.
    """

    files: Sequence[Path]
    file_format: str
    unit: str
    count: int
    notes: Sequence[str]
