"""Writes a file of an index: all checks first, then beside its goal, then in place."""

from __future__ import annotations

from dataclasses import replace as with_changes
from pathlib import Path
from typing import get_args

from ctxsearch.errors import ExportError
from ctxsearch.exporting.accepting import refusal
from ctxsearch.exporting.formats import FileFormat
from ctxsearch.exporting.goal import new_files
from ctxsearch.exporting.material import Exported, Material, SenseSource
from ctxsearch.query.words import word_and_written


def export(material: Material, path: Path, file_format: FileFormat, *, index: Path, replace: bool) -> Exported:
    """Writes what is asked for, see `Index.export`.

    Args:
        material: what there is to write from.
        path: the file.
        file_format: its format.
        index: the folder of the index.
        replace: whether files that are there are replaced.

    Raises:
        ExportError: the format has no use for what is asked, or the file cannot be put there.
    """
    asked = material.asked
    if asked.senses is not None and asked.senses not in (known := get_args(SenseSource)):
        raise ExportError(str(path), f"nobody called {asked.senses!r} says senses; ask {', '.join(known)}")
    if why := refusal(file_format, asked.word, asked.senses, asked.options):
        raise ExportError(str(path), why)
    file_format.check()
    material = _without_tag(material)
    with new_files(path, file_format.companions, index, replace=replace) as paths:
        written = file_format.write_to(material, paths)
    files = [path, *(path.with_name(f"{path.name}{ending}") for ending in file_format.companions)]
    return Exported(files, file_format.name, file_format.unit, written.count, written.notes)


def _without_tag(material: Material) -> Material:
    """The same, with the word of ``bank/NOUN`` as the word and its tag as a filter: senses are those of a lemma."""
    asked = material.asked
    if asked.word is None:
        return material
    word, written = word_and_written(material.shards, asked.word, asked.filters.written)
    filters = with_changes(asked.filters, written=written)
    return with_changes(material, asked=with_changes(asked, word=word, filters=filters))
