"""What a file seems to be that is given to a command which cannot take it, and which command can."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from ctxsearch.corpus.entries import read_entries
from ctxsearch.corpus.files import File, shown
from ctxsearch.corpus.objects import read_object
from ctxsearch.corpus.records import Options
from ctxsearch.corpus.sheets import SHEETS
from ctxsearch.corpus.tables import header_of
from ctxsearch.corpus.uses import NEEDED
from ctxsearch.errors import SourceError


class Kind(NamedTuple):
    """What a file is, and the command that takes it."""

    what: str
    command: str


_INDEX = "ctxsearch index INDEX FILE"
_LABEL = "ctxsearch senses label INDEX --from FILE"
DICTIONARY = Kind("a dictionary", "ctxsearch senses import INDEX FILE")
LABELS = Kind("a table of labels", _LABEL)
LABELLED = Kind("a file of labelled uses", "ctxsearch evaluate FILE")
_BY_ENDING = {
    ".vrt": Kind("vertical text", _INDEX),
    ".vert": Kind("vertical text", _INDEX),
    ".vertical": Kind("vertical text", _INDEX),
    ".conllu": Kind("a treebank", _INDEX),
    ".xml": Kind("XML", f"{DICTIONARY.command} if it is a dictionary, and {_INDEX} if it is a text"),
}
_BY_ENDING[".tei"] = _BY_ENDING[".xml"]
# By the columns of a table, or the fields of its objects; the first that fits is told, and of any that fits it may be.
_BY_NAMES = (
    ({"headword", "sense"}, DICTIONARY),
    ({"key", "sense"}, LABELS),
    ({"key", "sense_id"}, LABELS),
    ({"key", "left", "node", "right"}, Kind("a table of lines", f"{_LABEL} when a column sense is filled in")),
    (NEEDED, Kind("a table of uses (DURel, WUG)", _INDEX)),
    *(({where, "start", "end", "lemma", "sense"}, LABELLED) for where in ("text", "document_id")),
    ({"id", "text"}, Kind("documents", _INDEX)),
)


def other_kind(path: Path, wanted: Kind) -> SourceError | None:
    """The error for a file that seems to be something else than what is wanted; None where it does not.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "d.csv")
    ...     _ = path.write_text("headword,sense,definition\\n")
    ...     error = other_kind(path, LABELS)
    >>> error.why, error.hint
    ('it seems to be a dictionary, and no table of labels', 'It is for: ctxsearch senses import INDEX FILE.')
    """
    found = _kinds_of(path)
    if not found or any(one.command.startswith(wanted.command) for one in found):
        return None
    what, command = found[0]
    why = f"it seems to be {what}, and no {wanted.what.removeprefix('a ')}"
    return SourceError(shown(path), why, hint=f"It is for: {command}.")


def _kinds_of(path: Path) -> list[Kind]:
    if not path.is_file():
        return []
    endings = [one.lower() for one in path.suffixes[-2:]]
    ending = endings[-2] if len(endings) > 1 and endings[-1] == ".gz" else "".join(endings[-1:])
    if ending in _BY_ENDING:
        return [_BY_ENDING[ending]]
    names = _names(path, ending)
    return [kind for needed, kind in _BY_NAMES if names >= needed]


def _names(path: Path, ending: str) -> set[str]:
    """The names of the columns or fields of a first record; none where they cannot be read."""
    try:
        if ending == ".jsonl":
            return {*_fields(path)}
        if ending in (".csv", ".tsv", *SHEETS):
            packed = ".gz" if path.suffix.lower() == ".gz" else ""
            columns = header_of(File(path, shown(path), path.name, ending + packed, 0), Options())
            # Tables of uses are parted by tabs, whatever they are called.
            return {*(columns[0].split("\t") if len(columns) == 1 else columns)}
    except (SourceError, ValueError):
        pass  # whoever reads the file tells what is wrong with it
    return set()


def _fields(path: Path) -> Collection[str]:
    first = next((line for _, line in read_entries(path)), "{}")
    return read_object(first).keys()
