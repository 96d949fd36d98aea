"""Reads the words of a catalog: lemmas, their forms, and the rows that they have."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice, repeat, starmap
from operator import itemgetter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ctxsearch.catalog import statements
from ctxsearch.catalog.failures import reading_error
from ctxsearch.catalog.file import NUMBERS, CatalogFile
from ctxsearch.catalog.rows import FormRow, Word
from ctxsearch.catalog.trust import are_plain_tables
from ctxsearch.errors import IndexDamaged

_NO_ROWS = "a form has no rows, or more than there are"
# Texts that one statement asks for.
_AT_ONCE = 500
_SURROGATE = re.compile("[\ud800-\udfff]")
# A row that is looked up takes as long as so many of a whole table that is read.
_AS_LONG_TO_LOOK_UP = 4


class LexiconFile(CatalogFile):
    """The words of a catalog.

    Args:
        path: of the catalog.
        rows: how many rows the shard has, where that is known: no form has others.

    Raises:
        IndexDamaged: the file is missing or is not a catalog.
        OSError: this process is kept from it.
    """

    def __init__(self, path: Path, rows: int = statements.MOST) -> None:
        super().__init__(path)
        self._n_rows = rows
        self._only_tables()

    def _only_tables(self) -> None:
        """Makes sure that what is read is tables."""
        try:
            with self._one_at_a_time:
                plain = are_plain_tables(self._connection, statements.TABLES)
                names = {row[1] for row in self._rows("pragma table_info(forms)")}
                self._keeps_given = "tag" in names
                if self._keeps_given:
                    plain = plain and are_plain_tables(self._connection, statements.TABLES_OF_GIVEN)
        except sqlite3.Error as error:
            raise reading_error(error, self.path) from error
        if not plain:
            raise IndexDamaged(str(self.path), "its tables are not those of a catalog")

    @cached_property
    def has_given(self) -> bool:
        """Whether a source gave tokens of some document."""
        return self._keeps_given and bool(self._rows("select 1 from origins limit 1"))

    @cached_property
    def tags(self) -> list[str]:
        """The parts of speech that words have here, in order."""
        if not self.has_given:
            return []
        return [str(tag) for (tag,) in self._rows("select distinct tag from forms where tag != '' order by tag")]

    def lemma_number(self, lemma: str) -> int | None:
        """The rank of a lemma, which is the number of its list."""
        rows = self._checked("select lemma_no from lemmas where lemma = ?", (int,), [lemma])
        return rows[0][0] if rows else None  # type: ignore[return-value]

    def lemma_numbers(self, lemmas: Iterable[str]) -> dict[str, int]:
        """The ranks of lemmas; of those that are not there, none."""
        select, kinds, wanted = "select lemma, lemma_no from lemmas", (str, int), dict.fromkeys(lemmas)
        if len(wanted) * _AS_LONG_TO_LOOK_UP > self._last("lemma_no", "lemmas"):
            named: dict[str, int] = dict(self._checked(select, kinds))  # type: ignore[arg-type]
            return {lemma: named[lemma] for lemma in wanted if lemma in named}
        found = (
            row
            for marks, some in some_texts(wanted)
            for row in self._checked(f"{select} where lemma in {marks}", kinds, some)
        )
        return dict(found)  # type: ignore[arg-type]

    def _last(self, number: str, table: str) -> int:
        """The number of the last row of a table."""
        ((last,),) = self._checked(f"select coalesce(max({number}), 0) from {table}", (int,))
        return last  # type: ignore[return-value]

    def lemmas(self, numbers: Iterable[int]) -> dict[int, str]:
        """Lemmas by their rank."""
        rows = self._by_number("select lemma_no, lemma from lemmas where lemma_no", numbers)
        self._by_column(rows, (int, str))
        return dict(rows)  # type: ignore[arg-type]

    def lemma_frequencies(self) -> Iterator[tuple[str, int]]:
        """Every lemma with its frequency, in order of lemma."""
        numbers, *named = self._columns(
            "select lemma_no, lemma, frequency from lemmas order by lemma_no", (int, str, int)
        )
        if numbers != tuple(range(len(numbers))):
            raise IndexDamaged(str(self.path), "its lemmas are not numbered one after the other")
        yield from zip(*named, strict=True)

    def forms(
        self, *, form: str | None = None, folded: str | None = None, lemma: str | None = None, tag: str | None = None
    ) -> list[FormRow]:
        """The forms that are written so, or whose normal form, lemma or tag is so; or all, in order."""
        conditions = {"forms.form = ?": form, "forms.folded = ?": folded, "lemmas.lemma = ?": lemma}
        if self._keeps_given:
            conditions["forms.tag = ?"] = tag
        elif tag:
            return []
        given = {condition: value for condition, value in conditions.items() if value is not None}
        return self._forms(" and ".join(given) or "1", list(given.values()))

    def forms_written(self, forms: Iterable[str]) -> list[FormRow]:
        """The forms that are written in one of these ways."""
        return [row for marks, some in some_texts(forms) for row in self._forms(f"forms.form in {marks}", some)]

    def rows_of_marks(self) -> list[tuple[int, int]]:
        """Where the rows are of each form without a letter or digit: its first, and the one behind its last."""
        select = "select form, first_row, frequency from forms where form not glob '*[a-zA-Z0-9]*'"
        rows = [row for row in self._checked(select, (str, int, int)) if not any(map(str.isalnum, row[0]))]  # type: ignore[call-overload]
        return self._bounds(rows).tolist()  # type: ignore[no-any-return]

    def normal_forms(self, wanted: Collection[str] | None = None) -> tuple[Sequence[str], NDArray[np.int64]]:
        """The normal form of each form, or of those that have one of some, in order, and where its rows are.

        Args:
            wanted: such normal forms; None for all.

        Returns:
            The normal forms, and the first row of each and the one behind its last. Shape: (n, 2).
        """
        select, kinds = "select folded, first_row, frequency from forms", (str, int, int)
        if wanted is None or len(wanted) * _AS_LONG_TO_LOOK_UP > self._last("form_no", "forms"):
            rows = self._checked(select, kinds)
            if wanted is not None:
                rows = [row for row in rows if row[0] in wanted]
        else:
            rows = [
                row
                for marks, some in some_texts(wanted)
                for row in self._checked(f"{select} where folded in {marks}", kinds, some)
            ]
        rows.sort(key=itemgetter(1))
        return [row[0] for row in rows], self._bounds(rows)  # type: ignore[misc]

    def _bounds(self, rows: Sequence[Sequence[object]]) -> NDArray[np.int64]:
        """The first row of some forms, and the one behind the last; what is given ends in first row and frequency."""
        bounds = np.array([row[-2:] for row in rows], np.int64).reshape(-1, 2)
        firsts, sizes = bounds.T
        if (firsts < 0).any() or (sizes < 1).any() or (firsts > self._n_rows - sizes).any():
            raise IndexDamaged(str(self.path), _NO_ROWS)
        return np.stack([firsts, firsts + sizes], axis=1)

    def forms_of_lemmas(self, numbers: Iterable[int]) -> list[FormRow]:
        """All forms of the lemmas with these ranks, in order."""
        return self._forms(f"lemma_no in {NUMBERS}", [json.dumps(sorted(set(numbers)))])

    def _forms(self, condition: str, parameters: Sequence[object]) -> list[FormRow]:
        """The forms of which a condition is true, in order."""
        tagged = ", forms.tag, forms.written" if self._keeps_given else ""
        rows = self._checked(
            f"select forms.form, lemmas.lemma, forms.first_row, forms.frequency{tagged} from forms"
            f" join lemmas using (lemma_no) where {condition} order by form_no",
            (str, str, int, int, str, str) if tagged else (str, str, int, int),
            parameters,
        )
        found = list(starmap(FormRow, rows))
        if any(row.first_row < 0 or row.frequency < 1 or row.stop_row > self._n_rows for row in found):
            raise IndexDamaged(str(self.path), _NO_ROWS)
        return found

    def words(self) -> tuple[list[Word], NDArray[np.int64]]:
        """All words, in order, and how many rows each has; `forms` without the objects, which cost as much again.

        Raises:
            IndexDamaged: a word has no rows.
        """
        select = "select lemma, form, forms.frequency{} from forms join lemmas using (lemma_no) order by form_no"
        given: Sequence[Iterable[object]] = (repeat(""), repeat(""))
        # Two texts more for each word would cost a third again, and hardly a shard has them.
        if self._keeps_given and self._rows("select 1 from forms where tag != '' or written != '' limit 1"):
            kinds: tuple[type, ...] = (str, str, int, str, str)
            lemmas, forms, sizes, *given = self._columns(select.format(", tag, written"), kinds)
        else:
            lemmas, forms, sizes = self._columns(select.format(""), (str, str, int))
        frequencies = np.array(sizes, np.int64)
        if (frequencies < 1).any():
            raise IndexDamaged(str(self.path), _NO_ROWS)
        return list(zip(lemmas, forms, *given)), frequencies  # noqa: B905


def some_texts(texts: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    """Texts, each once, some at a time, with a mark for each: a statement a text would take ten times as long."""
    # One that has half of a surrogate pair is nowhere, and SQLite would refuse it with all others.
    wanted = (text for text in dict.fromkeys(texts) if text.isascii() or not _SURROGATE.search(text))
    while some := list(islice(wanted, _AT_ONCE)):
        yield f"({', '.join('?' * len(some))})", some
