"""What the words of a text count as, where words are counted: their lemma, or their form in normal spelling."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from ctxsearch.analysis import normal_form, surface_form
from ctxsearch.catalog.rows import FormRow
from ctxsearch.errors import IndexDamaged
from ctxsearch.query.scope import OpenShard


class Names:
    """What a word in a text counts as.

    Args:
        shard: has the lemma of each form.
        by_form: whether it is its form, in normal spelling.
    """

    def __init__(self, shard: OpenShard, by_form: bool) -> None:
        self._shard = shard
        self._by_form = by_form
        self._known: dict[str, str] = {}
        self._several: dict[str, list[FormRow]] = {}

    def __call__(self, form: str, token: int) -> str:
        """The name of a token, which is empty for punctuation marks.

        Args:
            form: as written.
            token: its id.
        """
        name = self._only(form)
        if name is not None:
            return name
        # Its source gave the form one lemma here and another there.
        for row in self._several[form]:
            if _row_of_token(self._shard, row, token) is not None:
                return row.lemma
        return normal_form(form)

    def counted(self, forms: Sequence[str], tokens: NDArray[np.int64]) -> Counter[str]:
        """How often each name is among some tokens; those without a vector, which no word has for its own, have none.

        Args:
            forms: of the tokens, as written.
            tokens: their ids. Shape: (n_forms,).
        """
        counts: Counter[str] = Counter()
        looked_up: dict[str, list[int]] = {}
        times = Counter(forms)
        self.learn(times)
        for form, count in times.items():
            name = self._only(form)
            if name is None or (name and not self._shard.all_have_vectors):
                looked_up[form] = []
            elif name:
                counts[name] += count
        if looked_up:
            for form, token in zip(forms, tokens.tolist(), strict=True):
                if form in looked_up:
                    looked_up[form].append(token)
        rows = self._rows(looked_up)
        for form, of_form in looked_up.items():
            for row in rows[surface_form(form)]:
                if count := _count_tokens(self._shard, row, of_form):
                    counts[normal_form(form) if self._by_form else row.lemma] += count
        return counts

    def counted_rows(self, chosen: NDArray[np.bool_]) -> Counter[str]:
        """How often each name is among some rows: what `counted` says of their tokens.

        Args:
            chosen: whether each row of the shard is one of them. Shape: (n_rows,).
        """
        counted = chosen.copy()
        for first, stop in self._shard.catalog.rows_of_marks():
            counted[first:stop] = False
        before = np.zeros(len(counted) + 1, np.int64 if len(counted) > np.iinfo(np.int32).max else np.int32)
        np.cumsum(counted, dtype=before.dtype, out=before[1:])
        counts: Counter[str] = Counter()
        names: Sequence[str]
        if self._by_form:
            names, bounds = self._shard.catalog.normal_forms()
            found = before[bounds[:, 1]] - before[bounds[:, 0]]
        else:
            of_lemmas = np.diff(before[self._shard.files.lists])
            numbers = np.flatnonzero(of_lemmas)
            lemmas = self._shard.catalog.lemmas(numbers.tolist())
            if len(lemmas) != len(numbers):
                raise IndexDamaged(str(self._shard.catalog.path), "lemmas are missing")
            names, found = [lemmas[number] for number in numbers.tolist()], of_lemmas[numbers]
        for name, count in zip(names, found.tolist(), strict=True):
            if count:
                counts[name] += count
        return counts

    def _only(self, form: str) -> str | None:
        """What a form counts as wherever it is; None where that is not the same everywhere."""
        if form not in self._known and form not in self._several:
            self.learn([form])
        return self._known.get(form)

    def learn(self, forms: Iterable[str]) -> None:
        """Looks up what forms count as, all at once: one by one takes ten times as long."""
        unknown = [form for form in dict.fromkeys(forms) if form not in self._known and form not in self._several]
        found = {} if self._by_form else self._rows(unknown)
        for form in unknown:
            if not any(map(str.isalnum, form)):
                self._known[form] = ""
                continue
            rows = found.get(surface_form(form), [])
            lemmas = {row.lemma for row in rows}
            if len(lemmas) > 1:
                self._several[form] = rows
                continue
            self._known[form] = lemmas.pop() if lemmas else normal_form(form)

    def _rows(self, forms: Iterable[str]) -> defaultdict[str, list[FormRow]]:
        """What the catalog has of forms, by their surface form."""
        found: defaultdict[str, list[FormRow]] = defaultdict(list)
        for row in self._shard.catalog.forms_written(map(surface_form, forms)):
            found[row.form].append(row)
        return found


def _row_of_token(shard: OpenShard, form: FormRow, token: int) -> int | None:
    """The row of a token, by its id, among those of a form; None where it is of another."""
    if form.first_row < form.stop_row:
        shard.ids_ahead.expect([(form.first_row, form.stop_row)])
    for begin, end in shard.clusters.parts(form.first_row, form.stop_row):
        ids = shard.files.ids[begin:end]
        at = int(ids.searchsorted(token))
        if at < len(ids) and ids[at] == token:
            return begin + at
    return None


def _count_tokens(shard: OpenShard, form: FormRow, tokens: Sequence[int]) -> int:
    """How many of some tokens, by their ids, are of a form."""
    count = 0
    for begin, end in shard.clusters.parts(form.first_row, form.stop_row):
        ids = shard.files.ids[begin:end]
        count += int(np.sum(np.searchsorted(ids, tokens, "right") - np.searchsorted(ids, tokens, "left")))
    return count
