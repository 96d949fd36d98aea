"""Finds in the header of a TEI document what its metadata are: title, author and date."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ctxsearch.corpus.records import TOKEN_CHARS
from ctxsearch.domain import MetadataValue

# Where a date says most about the text comes first: of a reprint the publication is another matter.
_DATED = ("sourceDesc", "creation", "publicationStmt")
_DATE_ATTRIBUTES = ("when", "when-iso", "from", "notBefore")
_WRITTEN_DATE = re.compile(r"[0-9]{4}(-[0-9]{2}){0,2}")
_YEAR = re.compile(r"-?[0-9]{4,6}(?![0-9])")


class TeiHeader:
    """What a header says, as it comes.

    Attributes:
        title: of the text.
        size: how many characters it has so far, about, and how many its pieces count for.

    >>> header = TeiHeader()
    >>> header.start(["TEI", "teiHeader", "fileDesc", "titleStmt", "title"], {})
    >>> header.characters("Letters ")
    >>> header.end(5)
    >>> header.start(["TEI", "teiHeader", "fileDesc", "sourceDesc", "date"], {"when": "1912-05-01"})
    >>> header.end(5)
    >>> header.title, header.metadata()
    ('Letters', {'date': '1912-05-01', 'year': 1912})
    """

    def __init__(self) -> None:
        self.title = ""
        self.size = 0
        self._authors: list[str] = []
        self._source_authors: list[str] = []
        self._dates: dict[str, str] = {}
        self._what = ""
        self._where = ""
        self._depth = 0
        self._data: list[str] = []

    def start(self, path: Sequence[str], attributes: Mapping[str, str]) -> None:
        """Takes the start of an element, the last of the path."""
        name = path[-1]
        if self._depth or name not in {"title", "author", "date"}:
            return
        self._where = next((part for part in ("titleStmt", *_DATED) if part in path), "")
        said = next((attributes[key] for key in _DATE_ATTRIBUTES if attributes.get(key)), "")
        if name == "date" and said:
            self._dates.setdefault(self._where, said.strip())
        elif self._where:
            self._what, self._depth = name, len(path)

    def characters(self, data: str) -> None:
        """Takes text."""
        if self._depth:
            self._data.append(data)
            self.size += len(data) + TOKEN_CHARS

    def end(self, depth: int) -> None:
        """Takes the end of the element that is so deep in the file."""
        if depth != self._depth:
            return
        said = " ".join("".join(self._data).split())
        if not said:
            pass
        elif self._what == "title":
            if self._where == "titleStmt":
                self.title = self.title or said
        elif self._what == "author":
            (self._authors if self._where == "titleStmt" else self._source_authors).append(said)
        elif _WRITTEN_DATE.fullmatch(said):
            self._dates.setdefault(self._where, said)
        self._depth = 0
        self._data.clear()

    def metadata(self) -> dict[str, MetadataValue]:
        """The metadata: ``author``, ``date`` as it is written, and ``year`` as a number, as far as they are known."""
        found: dict[str, MetadataValue] = {}
        authors = self._authors or self._source_authors
        if authors:
            found["author"] = "; ".join(dict.fromkeys(authors))
        date = next((self._dates[where] for where in _DATED if where in self._dates), "")
        if date:
            found["date"] = date
            if year := _YEAR.match(date):
                found["year"] = int(year[0])
        return found
