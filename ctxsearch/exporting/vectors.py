"""The vectors of occurrences: an array for numpy, or an index for FAISS, and beside it what each row is of.

A vector is written as the index holds it, decoded: its inner product with another is the score that a search gives. It
is of unit length but for what the codec rounds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.lib.format import write_array_header_1_0
from numpy.typing import NDArray

from ctxsearch.exporting.choosing import Chosen, choose
from ctxsearch.exporting.material import Material, Output
from ctxsearch.query.vectors import decoded
from ctxsearch.storage import NewFile

KEYS = ".keys.jsonl"
"""What the name of the file with the keys has after that of the vectors."""


def write_npy(material: Material, path: Path, keys: Path) -> Output:
    """Writes an array, in bounded memory, and the keys of its rows.

    Shape: (n, dimension), float32.
    """
    chosen = choose(material)
    with NewFile(path) as file:
        shape = (chosen.count, material.shards[0].parameters.dimension)
        # Not a memory map: a disk that is full ends the process that writes into one.
        write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": shape})
        for vectors in _with_keys(chosen, keys):
            file.write(vectors.astype("<f4", copy=False).data)
    return Output(chosen.count, chosen.notes)


def write_faiss(material: Material, path: Path, keys: Path) -> Output:
    """Writes an ``IndexFlatIP``, whose ids are 0, 1, ... in the order of the keys beside it; it is in memory once."""
    from ctxsearch.vectors.faiss import write_flat_index

    chosen = choose(material)
    with NewFile(path) as file:
        write_flat_index(_with_keys(chosen, keys), material.shards[0].parameters.dimension, file.write)
    return Output(chosen.count, chosen.notes)


def _with_keys(chosen: Chosen, path: Path) -> Iterator[NDArray[np.float32]]:
    """The vectors, some at a time; a line with the key is written for each.

    Shape: (n, dimension).
    """
    with NewFile(path) as file:
        for block in chosen.blocks():
            for line, told in chosen.lines_of(block, 0):
                known = {
                    "key": line.key,
                    "lemma": line.lemma,
                    "form": line.form,
                    "document_id": line.document_id,
                    "start": line.start,
                    "end": line.end,
                    **dict(zip(chosen.sense_columns, told, strict=True)),
                    "metadata": dict(line.metadata),
                }
                file.write((json.dumps(known, ensure_ascii=False) + "\n").encode())
            yield decoded(chosen.material.shards, block)
