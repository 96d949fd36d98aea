"""Reads a list that somebody wrote: an entry a line, in UTF-8."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ctxsearch.corpus.files import File, shown
from ctxsearch.corpus.records import Options, line_error, lines_of
from ctxsearch.errors import SourceError


def read_entries(path: Path) -> Iterator[tuple[int, str]]:
    """Yields the number and the text, without its line end, of each line that is not blank; ``.gz`` is unpacked.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "ids.txt")
    ...     _ = path.write_text("letters/1912.txt\\n\\nloan\\n")
    ...     print(list(read_entries(path)))
    [(1, 'letters/1912.txt'), (3, 'loan')]

    Raises:
        SourceError: the file cannot be read, or a line is not UTF-8 or very long.
    """
    options = Options()
    file = File(path, shown(path), path.name, path.suffix.lower(), 0)
    for line in lines_of(file, options, lambda _: None):
        error = line_error(line, file, options)
        if error is not None and line.bad:
            raise SourceError(error.path, error.why, line=line.number, hint="Save the file as UTF-8.")
        if error is not None:
            raise error
        if line.text.strip():
            yield line.number, line.text.rstrip("\r\n")
