"""Concordance lines as CSV, TSV and JSON lines: what ``concordance`` prints, with the sense of each line."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from ctxsearch.cells import NAMING, line_cells, line_header, row
from ctxsearch.exporting.choosing import choose
from ctxsearch.exporting.material import Material, Output
from ctxsearch.storage import NewFile


def write_csv(material: Material, path: Path) -> Output:
    """Writes lines with commas between the cells."""
    return _write_table(material, path, ",")


def write_tsv(material: Material, path: Path) -> Output:
    """Writes lines with tabs between the cells."""
    return _write_table(material, path, "\t")


def _write_table(material: Material, path: Path, delimiter: str) -> Output:
    chosen = choose(material)
    columns = chosen.metadata_columns()
    with NewFile(path) as file:
        file.write(row(line_header(chosen.sense_columns, columns), delimiter).encode())
        for block in chosen.lines(material.asked.context):
            file.write("".join(row(line_cells(*one, columns), delimiter, NAMING) for one in block).encode())
    return Output(chosen.count, chosen.notes)


def write_jsonl(material: Material, path: Path) -> Output:
    """Writes a JSON object for each line."""
    chosen = choose(material)
    with NewFile(path) as file:
        for block in chosen.lines(material.asked.context):
            for line, cells in block:
                told = dict(zip(chosen.sense_columns, cells, strict=True))
                file.write((json.dumps({**asdict(line), **told}, ensure_ascii=False) + "\n").encode())
    return Output(chosen.count, chosen.notes)
