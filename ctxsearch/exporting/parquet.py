"""The vectors of occurrences as a table, with what each is of. The only door to PyArrow."""

from __future__ import annotations

import json
from io import RawIOBase
from pathlib import Path
from typing import TYPE_CHECKING

from ctxsearch.errors import MissingExtra
from ctxsearch.exporting.annotation import Cells
from ctxsearch.exporting.choosing import choose
from ctxsearch.exporting.material import Material, Output
from ctxsearch.query.vectors import decoded
from ctxsearch.storage import NewFile

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

    from ctxsearch.domain import ConcordanceLine

# Columns of a line that the table has, and the type of each.
_OF_LINE = {
    "key": "string",
    "document_id": "string",
    "start": "int64",
    "end": "int64",
    "form": "string",
    "lemma": "string",
}
_OF_SENSE = {"sense": "string", "assigned": "string", "p": "float64", "margin": "float64"}


def check_parquet() -> None:
    """Makes sure that a table can be written.

    Raises:
        MissingExtra: PyArrow is not installed.
    """
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError as error:
        raise MissingExtra("pyarrow", "parquet") from error


class _Sink(RawIOBase):
    """A new file as PyArrow wants one."""

    def __init__(self, file: NewFile) -> None:
        self._file = file

    def writable(self) -> bool:
        return True

    def write(self, content: ReadableBuffer) -> int:
        view = memoryview(content).cast("B")
        self._file.write(view)
        return len(view)


def write_parquet(material: Material, path: Path) -> Output:
    """Writes a table, a group of rows at a time: what `_OF_LINE` names, the sense, the metadata as JSON, the vector."""
    import pyarrow
    from pyarrow.parquet import ParquetWriter

    chosen = choose(material)
    dimension = material.shards[0].parameters.dimension
    columns = {**_OF_LINE, **{name: _OF_SENSE[name] for name in chosen.sense_columns}, "metadata": "string"}
    fields = [pyarrow.field(name, pyarrow.type_for_alias(kind)) for name, kind in columns.items()]
    vector = pyarrow.list_(pyarrow.float32(), dimension)
    schema = pyarrow.schema([*fields, pyarrow.field("vector", vector)])
    with NewFile(path) as file, ParquetWriter(_Sink(file), schema) as table:
        for block in chosen.blocks():
            rows = [_row(line, told) for line, told in chosen.lines_of(block, 0)]
            arrays = [
                pyarrow.array(list(column), field.type)
                for column, field in zip(zip(*rows, strict=True), fields, strict=True)
            ]
            flat = pyarrow.array(decoded(material.shards, block).ravel())
            arrays.append(pyarrow.FixedSizeListArray.from_arrays(flat, dimension))
            table.write_table(pyarrow.Table.from_arrays(arrays, schema=schema))
    return Output(chosen.count, chosen.notes)


def _row(line: ConcordanceLine, told: Cells) -> tuple[object, ...]:
    metadata = json.dumps(dict(line.metadata), ensure_ascii=False)
    return (*(getattr(line, name) for name in _OF_LINE), *told, metadata)
