"""The table of formats; a format is one entry in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ctxsearch.errors import ExportError
from ctxsearch.exporting.conllu import write_conllu
from ctxsearch.exporting.durel import write_durel
from ctxsearch.exporting.lines import write_csv, write_jsonl, write_tsv
from ctxsearch.exporting.material import Material, Output
from ctxsearch.exporting.parquet import check_parquet, write_parquet
from ctxsearch.exporting.tei import write_tei
from ctxsearch.exporting.vectors import KEYS, write_faiss, write_npy
from ctxsearch.exporting.vrt import write_vrt
from ctxsearch.exporting.xlsx import check_xlsx, write_xlsx

_CHOOSING = ("form", "pos", "where", "near", "cql", "sample", "seed", "sense", "senses", "by")
_LISTING = (*_CHOOSING, "order", "per_document", "limit", "offset")
_CHOOSING_OF_ALL = ("where", "sample", "seed", "senses", "by")


@dataclass(frozen=True, slots=True)
class FileFormat:
    """A kind of file that can be written.

    Attributes:
        name: what it is called.
        endings: of the names of such files; none where they do not tell.
        unit: what is counted in it.
        write: writes the file, and those beside it, to the paths that it is given.
        of_word: the options that it takes of a word, or of a pattern if it has lines; None where it has no use for a
            word.
        of_all: the options that it takes without either; None where it needs one.
        companions: what the names of the files beside it have after its own.
        check: makes sure, before the long work, that it can be written.
    """

    name: str
    endings: Sequence[str]
    unit: str
    write: Callable[..., Output]
    of_word: Sequence[str] | None
    of_all: Sequence[str] | None
    companions: Sequence[str] = ()
    check: Callable[[], None] = lambda: None

    @property
    def is_of_lines(self) -> bool:
        """Whether it has something of each line of a concordance: so a pattern may stand in the place of a word."""
        return self.of_word is not None and "order" in self.of_word

    def write_to(self, material: Material, paths: Sequence[Path]) -> Output:
        """Writes it, and what belongs beside it."""
        return self.write(material, *paths)


FORMATS = (
    FileFormat("csv", (".csv",), "line", write_csv, (*_LISTING, "context"), None),
    FileFormat("tsv", (".tsv",), "line", write_tsv, (*_LISTING, "context"), None),
    FileFormat("jsonl", (".jsonl",), "line", write_jsonl, (*_LISTING, "context"), None),
    FileFormat("xlsx", (".xlsx",), "line", write_xlsx, (*_LISTING, "context"), None, check=check_xlsx),
    FileFormat("durel", (), "use", write_durel, (*_LISTING, "grouping"), None),
    FileFormat(
        "tei", (".xml", ".tei"), "headword", write_tei, (*_CHOOSING, "examples"), ("where", "senses", "by", "examples")
    ),
    FileFormat("vrt", (".vrt",), "document", write_vrt, None, ("where", "senses", "by")),
    FileFormat("conllu", (".conllu",), "document", write_conllu, None, ("where", "senses", "by")),
    FileFormat("npy", (".npy",), "vector", write_npy, _LISTING, _CHOOSING_OF_ALL, (KEYS,)),
    FileFormat("parquet", (".parquet",), "vector", write_parquet, _LISTING, _CHOOSING_OF_ALL, check=check_parquet),
    FileFormat("faiss", (".faiss",), "vector", write_faiss, _LISTING, _CHOOSING_OF_ALL, (KEYS,)),
)


def format_of(path: Path, name: str | None = None) -> FileFormat:
    """The format that is asked for by its name, or else by the ending of a file.

    Raises:
        ExportError: there is no such format, or the ending tells none.
    """
    names = ", ".join(one.name for one in FORMATS)
    if name is not None:
        found = next((one for one in FORMATS if one.name == name), None)
        if found is None:
            raise ExportError(str(path), f"there is no format {name!r}; use {names}")
        return found
    by_ending = {ending: one for one in FORMATS for ending in one.endings}
    if (found := by_ending.get(path.suffix.lower())) is None:
        endings = ", ".join(by_ending)
        raise ExportError(
            str(path), f"its ending tells no format; use {endings}, or name one with `file_format=`: {names}"
        )
    return found
