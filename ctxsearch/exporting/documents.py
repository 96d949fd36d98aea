"""Writes the documents that are asked for, whatever the format."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path

from ctxsearch.exporting.annotation import Annotation
from ctxsearch.exporting.choosing import choose_texts
from ctxsearch.exporting.columns import TITLE, column_names, renamed_note
from ctxsearch.exporting.material import Material, Output
from ctxsearch.query.texts import TextDocument, texts
from ctxsearch.storage import NewFile


def write_documents(
    material: Material,
    path: Path,
    parts: Callable[[TextDocument, Annotation, Mapping[str, str]], Iterator[str]],
    as_name: Callable[[str], str],
    taken: Collection[str] = (),
    *notes: str,
    head: str = "",
) -> Output:
    """Writes documents one after the other.

    Args:
        material: says which.
        path: the file.
        parts: gives the text of a document, a sentence at a time; is told what the columns of the metadata are called.
        as_name: makes a name of such a column that the format can have.
        taken: names that are something else.
        notes: what whoever reads the file should know.
        head: what comes before the documents.
    """
    chosen = choose_texts(material)
    names = column_names({TITLE, *(name for shard in material.shards for name in shard.names)}, as_name, taken)
    count = 0
    with NewFile(path) as file:
        file.write(head.encode())
        for document in texts(material.shards, material.asked.filters.where):
            for part in parts(document, chosen.annotation, names):
                file.write(part.encode())
            count += 1
            material.tell(count, chosen.count)
    return Output(count, [*chosen.annotation.notes, *renamed_note(names), *notes])
