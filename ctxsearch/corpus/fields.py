"""Reads tables, spreadsheets and JSONL of other things than documents: each record's texts by their fields' names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ctxsearch.corpus.entries import read_entries
from ctxsearch.corpus.files import File, shown
from ctxsearch.corpus.objects import read_object
from ctxsearch.corpus.records import Options
from ctxsearch.corpus.sheets import SHEETS
from ctxsearch.corpus.tables import read_cells
from ctxsearch.errors import SourceError
from ctxsearch.naming import ARGUMENT

_ENDINGS = (".csv", ".tsv", ".jsonl", *SHEETS)


def read_fields(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Yields each record's texts, with the line that it starts on; what is no text, and null, is the empty text.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "a.jsonl")
    ...     _ = path.write_text('{"key": "a:3", "sense": null}')
    ...     print(list(read_fields(path)))
    [(1, {'key': 'a:3', 'sense': ''})]

    Raises:
        SourceError: the file is of another kind, or cannot be read.
    """
    ending = path.suffix.lower()
    if ending not in _ENDINGS:
        known = f"It should be one of: {' '.join(_ENDINGS)}."
        raise SourceError(shown(path), "its ending does not say how to read it", hint=known)
    if ending != ".jsonl":
        try:
            yield from read_cells(File(path, shown(path), path.name, ending, 0), Options())
        except SourceError as error:
            # There are no arguments here to read it otherwise.
            hint = "Save it in UTF-8." if ARGUMENT.search(error.hint) else error.hint
            raise SourceError(error.path, error.why, line=error.line, hint=hint) from error
        return
    for number, line in read_entries(path):
        try:
            record = read_object(line)
        except ValueError as error:
            raise SourceError(shown(path), str(error), line=number) from error
        yield number, {name: value if isinstance(value, str) else "" for name, value in record.items()}
