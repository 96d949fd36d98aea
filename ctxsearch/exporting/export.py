"""Writes a file of an index: all checks first, then beside its goal, then in place."""

from __future__ import annotations

from pathlib import Path

from ctxsearch.errors import ExportError
from ctxsearch.exporting.formats import FileFormat
from ctxsearch.exporting.goal import new_files
from ctxsearch.exporting.material import Exported, Material


def export(material: Material, path: Path, file_format: FileFormat, *, index: Path, replace: bool) -> Exported:
    """Writes what is asked for, see `Index.export`.

    Args:
        material: what there is to write from.
        path: the file.
        file_format: its format.
        index: the folder of the index.
        replace: whether files that are there are replaced.
    """
    if material.asked.word is None and file_format.of_all is None:
        raise ExportError(str(path), f"{file_format.name} has the {file_format.unit}s of a word; name the WORD")
    if material.asked.word is not None and file_format.of_word is None:
        raise ExportError(str(path), f"{file_format.name} has all of the corpus; leave out {material.asked.word!r}")
    file_format.check()
    with new_files(path, file_format.companions, index, replace=replace) as paths:
        written = file_format.write_to(material, paths)
    files = [path, *(path.with_name(f"{path.name}{ending}") for ending in file_format.companions)]
    return Exported(files, file_format.name, file_format.unit, written.count, written.notes)
