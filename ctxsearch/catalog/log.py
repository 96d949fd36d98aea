"""How the log of an inventory is read: all that was ever changed, or what was changed about the senses of a word.

A change is told from the rows that it touched, as they were before and after, each ``[table, before, after]``: of a
sense that has gone since, too.
"""

from __future__ import annotations

import json

from ctxsearch.catalog.edit import COLUMNS, Cell, Row

Touched = tuple[str, Row | None, Row | None]

_NO_ROWS = "no rows that a change touched"
CHANGES = """
select change, what, "by", at,
    exists (select * from changes as later where later.undoes = changes.change)
from changes order by change
"""
"""Of each change its number, what it did, who made it and when, and whether it was undone; oldest first."""

# The senses of a word, by their numbers: those of now, and those that there were.
_SENSES = """
select sense from senses where lemma = :lemma
union
select json_extract(value, '$[1][0]') from changes, json_each(changes.rows)
where json_extract(value, '$[0]') = 'senses' and json_extract(value, '$[1][2]') = :lemma
"""
CHANGES_OF_WORD = f"""
with own(sense) as ({_SENSES}),
    places("table", place) as (values ('senses', 0), ('labels', 2), ('examples', 1), ('notes', 1)),
    touched(change) as (
        select change from changes, json_each(changes.rows), places
        where json_extract(value, '$[0]') = "table"
            and (
                json_extract(value, '$[1][' || place || ']') in own
                or json_extract(value, '$[2][' || place || ']') in own
            )
    )
{CHANGES.replace("order by", "where change in touched order by")}
"""
"""The same of those that touched the senses of a word, their labels, examples or notes; takes its ``lemma``."""


def touched(content: Cell) -> list[Touched]:
    """The rows that a change touched, as the log has them.

    >>> touched('[["notes", null, [1, 2, "see river", "anna", "2024-05-01"]]]')
    [('notes', None, (1, 2, 'see river', 'anna', '2024-05-01'))]

    Raises:
        ValueError: they are none.
    """
    try:
        rows = json.loads(content) if isinstance(content, str) else None
    except RecursionError as error:
        raise ValueError(_NO_ROWS) from error
    if not isinstance(rows, list):
        raise ValueError(_NO_ROWS)
    return [_touched(one) for one in rows]


def _touched(one: object) -> Touched:
    match one:
        case [str(table), before, after] if table in COLUMNS:
            return table, _row(table, before), _row(table, after)
    raise ValueError(_NO_ROWS)


def _row(table: str, row: object) -> Row | None:
    if row is None:
        return None
    if (
        not isinstance(row, list)
        or len(row) != len(COLUMNS[table])
        or not all(isinstance(one, str | int) for one in row)
    ):
        raise ValueError(_NO_ROWS)
    return tuple(row)
