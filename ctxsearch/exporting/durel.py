"""Uses of a word as DURel reads them for annotation: the ``uses.csv`` of the word usage graphs.

Its cells are parted by tabs, and nothing is quoted: a tab or a line end in a text becomes a blank, one for one, so that
offsets hold. The use stands in its sentence, with a sentence to either side.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from ctxsearch.cells import guarded
from ctxsearch.domain import ConcordanceLine, Metadata, MetadataValue
from ctxsearch.errors import ExportError
from ctxsearch.exporting.choosing import Chosen, choose
from ctxsearch.exporting.material import Material, Output
from ctxsearch.query.found import Found, by_shard
from ctxsearch.storage import NewFile
from ctxsearch.vectors.files import TOKEN_BITS, TOKEN_MASK

COLUMNS = (
    "lemma",
    "pos",
    "date",
    "grouping",
    "identifier",
    "description",
    "context",
    "indexes_target_token",
    "indexes_target_sentence",
)

_PARTING = re.compile("[\t\n\r\v\f\x1c-\x1f\x85\u2028\u2029]")
_DATES, _GROUPINGS = ("date", "year"), ("year", "date")


class _Around(NamedTuple):
    """A use in its sentences, and where the use and its own sentence are in them."""

    context: str
    token: tuple[int, int]
    sentence: tuple[int, int]


def write_durel(material: Material, path: Path) -> Output:
    """Writes the uses of a word.

    Raises:
        ExportError: no document has the column that they are to be grouped by.
    """
    chosen, grouping = choose(material), material.asked.grouping
    if grouping is not None and grouping not in (columns := chosen.metadata_columns()):
        have = f"there are: {', '.join(columns)}" if columns else "they have no metadata"
        raise ExportError(f"`grouping={grouping!r}`", f"no document of these lines has the column; {have}")
    groupings = _GROUPINGS if grouping is None else (grouping,)
    with NewFile(path) as file:
        file.write(("\t".join(COLUMNS) + "\n").encode())
        for block in chosen.blocks():
            for (line, told), around in zip(chosen.lines_of(block, 0), _around(chosen, block), strict=True):
                said = dict(zip(chosen.sense_columns, told, strict=True))
                sense = said.get("assigned") or said.get("sense") or ""
                file.write(_row(line, sense, around, groupings).encode())
    return Output(chosen.count, chosen.notes)


def _row(line: ConcordanceLine, sense: MetadataValue, around: _Around, groupings: Sequence[str]) -> str:
    date, grouping = _first(line.metadata, _DATES), _first(line.metadata, groupings)
    named = [_cell(value) for value in (line.lemma, line.pos, date, grouping, line.key, sense)]
    spans = (f"{start}:{end}" for start, end in (around.token, around.sentence))
    return "\t".join([*named, around.context, *spans]) + "\n"


def _first(metadata: Metadata, names: Sequence[str]) -> MetadataValue:
    """The first of some metadata that a document has."""
    return next((value for name in names if (value := metadata.get(name)) is not None), "")


def _cell(value: MetadataValue) -> str:
    return guarded(_PARTING.sub(" ", value)) if isinstance(value, str) else str(value)


def _around(chosen: Chosen, block: Sequence[Found]) -> Iterator[_Around]:
    """Each of some occurrences in its sentences."""
    made: dict[int, _Around] = {}
    for shard_number, places, rows in by_shard(block):
        shard = chosen.material.shards[shard_number]
        ids = shard.files.ids[rows]
        numbers, positions = (ids >> TOKEN_BITS).tolist(), (ids & TOKEN_MASK).tolist()
        segments = shard.catalog.segments(number + step for number in numbers for step in (-1, 0, 1))
        for place, number, position in zip(places.tolist(), numbers, positions, strict=True):
            own = segments[number]
            beside = (segments.get(number + step) for step in (-1, 1))
            before, after = (one.text if one and one.document == own.document else "" for one in beside)
            start, end = own.spans[position]
            made[place] = _sentences(before, own.text, after, start, end)
    return map(made.__getitem__, range(len(block)))


def _sentences(before: str, own: str, after: str, start: int, end: int) -> _Around:
    r"""A use, ``own[start:end]``, with a sentence to either side.

    >>> _sentences("At\tdusk. ", "To the bank. ", "-No.", 7, 11)
    _Around(context='At dusk. To the bank. -No.', token=(16, 20), sentence=(9, 21))
    >>> _sentences("", " =To the bank.", "", 9, 13)
    _Around(context=' =To the bank.', token=(9, 13), sentence=(1, 14))
    """
    text = before + own + after
    context = text.strip()
    shift = len(before) - (len(text) - len(text.lstrip()))
    # A blank keeps it from being a formula, and nothing has to be taken away again.
    if guarded(context) != context:
        context, shift = f" {context}", shift + 1
    first, last = len(own) - len(own.lstrip()), len(own.rstrip())
    return _Around(
        _PARTING.sub(" ", context), (shift + start, shift + end), (shift + min(first, start), shift + max(last, end))
    )
