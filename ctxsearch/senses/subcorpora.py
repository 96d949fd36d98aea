"""Parts of a corpus that have a name: conditions on the metadata, kept in ``senses.sqlite``, where people's work is."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

from ctxsearch.catalog.inventory import Inventory
from ctxsearch.catalog.where import parse_filters
from ctxsearch.errors import QueryError
from ctxsearch.query.scope import ListedShard, allowed_documents, checked_columns, totals_of
from ctxsearch.query.several import CONDITIONS, strings
from ctxsearch.senses.importing import checked_name

_SIGN = "@"
_OPERATORS = frozenset("=<>!~")


@dataclass(frozen=True, slots=True)
class SubcorpusSize:
    """How large a part of the corpus is."""

    documents: int
    words: int


class Subcorpora:
    """The subcorpora of one index; wherever conditions are given, ``@NAME`` stands for those of one.

    Args:
        inventory: where they are kept.
        by: who makes them.
        shards: gives those of the index, whose documents have the columns that conditions name.
    """

    def __init__(self, inventory: Inventory, by: str, shards: Callable[[], Sequence[ListedShard]]) -> None:
        self._inventory = inventory
        self._shards = shards
        self._by = checked_name(by, "person")

    def __repr__(self) -> str:
        return f"<Subcorpora of {str(self._inventory.path.parent)!r}, by {self._by!r}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("Subcorpora are neither pickled nor copied: pickle the index, and ask the new one.")

    def list(self) -> Mapping[str, Sequence[str]]:
        """The conditions of each, by name."""
        return self._inventory.subcorpora()

    def sizes(self) -> Mapping[str, SubcorpusSize | None]:
        """How large each is, by name; None where it names a column that no document has any more."""
        shards = self._shards()
        return {name: self._size(shards, conditions) for name, conditions in self.list().items()}

    @staticmethod
    def _size(shards: Sequence[ListedShard], conditions: Sequence[str]) -> SubcorpusSize | None:
        try:
            allowed = allowed_documents(shards, conditions)
        except QueryError:
            return None
        held = [totals_of(shard, documents) for shard, documents in zip(shards, allowed, strict=True)]
        return SubcorpusSize(sum(one.documents for one in held), sum(one.words for one in held))

    def save(self, name: str, where: str | Sequence[str]) -> None:
        """Gives conditions a name, or another meaning to a name.

        Args:
            name: without white space at its ends, or one of ``=<>!~@``.
            where: conditions on the metadata, which may name other subcorpora; all must hold.

        Raises:
            QueryError: a condition cannot be understood, or names a column that no document has; or none is given.
            SenseError: it can be no name.
        """
        checked_name(name, "subcorpus")
        if _OPERATORS & set(name) or name.startswith(_SIGN):
            raise QueryError(f"A subcorpus cannot be called {name!r}, which would be read as a condition.")
        conditions = expanded(self._inventory, where)
        if not conditions:
            raise QueryError("Say what the subcorpus is, for instance with 'year>=1990'.")
        shards = self._shards()
        # Of an index that is still empty, nobody knows what columns it will have.
        if shards:
            checked_columns(shards, conditions)
        else:
            parse_filters(conditions)
        with self._inventory.changing(f"saved subcorpus {name}", self._by, makes=True) as edit:
            edit.put("subcorpora", (name, json.dumps(conditions, ensure_ascii=False), self._by, edit.at))

    def remove(self, name: str) -> None:
        """Takes the name away; no document is touched.

        Raises:
            QueryError: there is none.
            SenseError: it can be no name.
        """
        checked_name(name, "subcorpus")
        with self._inventory.changing(f"removed subcorpus {name}", self._by) as edit:
            found = edit.found("subcorpora", "name", name)
            if not found:
                raise _not_found(name, self._inventory.subcorpora())
            edit.drop("subcorpora", found[0])


def expanded(inventory: Inventory, where: str | Sequence[str] | None) -> list[str]:
    """Conditions, one or several, with those of a subcorpus in the place of its name.

    Raises:
        QueryError: there is no such subcorpus.
    """
    where = strings(where, CONDITIONS)
    named = [one for one in where if one.startswith(_SIGN) and not _OPERATORS & set(one)]
    if not named:
        return where
    known = inventory.subcorpora()
    result: list[str] = []
    for one in where:
        if one not in named:
            result.append(one)
            continue
        name = one.removeprefix(_SIGN).strip()
        if name not in known:
            raise _not_found(name, known)
        result.extend(known[name])
    return list(dict.fromkeys(result))


def _not_found(name: str, known: Mapping[str, Sequence[str]]) -> QueryError:
    have = f"there are: {', '.join(known)}" if known else "there is none; make one with: ctxsearch subcorpora new"
    return QueryError(f"There is no subcorpus {name!r}; {have}.")
