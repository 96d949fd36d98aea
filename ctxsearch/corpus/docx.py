"""Reads a file of a word processor (``.docx``): one document.

Its text is that of its paragraphs, those of tables and boxes, too, parted by an empty line. What was deleted, or moved
elsewhere, while changes were recorded is left out, and so are notes, comments, running heads, what is behind fields,
and how signs are read that is written above them.

Such a file is a zip archive, of which one part is read, without unpacking it to the disk.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
from collections.abc import Iterator, Mapping
from xml.parsers import expat

from ctxsearch.corpus.archives import open_member
from ctxsearch.corpus.assembly import PARAGRAPH
from ctxsearch.corpus.files import File
from ctxsearch.corpus.lines import BLOCK
from ctxsearch.corpus.records import OnRead, Options, checked, content_of, too_long
from ctxsearch.corpus.tei_text import LINE, TeiText
from ctxsearch.domain import Document
from ctxsearch.errors import SourceError

DOCX = ".docx"
"""The ending of such files."""

_HINT = "Save it as plain text (.txt) in UTF-8."
# What a file of older programs begins with, and the case in which one is put that a password protects.
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MAIN_PART = re.compile(r"word/document\d*\.xml")
# The namespace of its words, as nearly all write it, and in the strict form of the standard.
_OWN = (
    "http://schemas.openxmlformats.org/wordprocessingml/2006/main ",
    "http://purl.oclc.org/ooxml/wordprocessingml/main ",
)
_LEFT_OUT = {
    *(f"{own}{name}" for own in _OWN for name in ("del", "moveFrom", "rt")),
    # What a program shows that cannot show what stands beside it: the same again.
    "http://schemas.openxmlformats.org/markup-compatibility/2006 Fallback",
}
_SIGNS = {"tab": " ", "ptab": " ", "noBreakHyphen": "\u2011", "softHyphen": "\u00ad"}
_LINES = {"br", "cr"}


def read_docx(file: File, options: Options, on_read: OnRead) -> Iterator[Document | SourceError]:
    """Yields the file as one document.

    Raises:
        SourceError: the file cannot be read, is no such file or too long, or its name cannot serve as an id.
    """
    content = content_of(file, options, on_read, hint=_HINT)
    if content.startswith(_OLE):
        why = "it is no .docx file that can be read: a password protects it, or it is an older .doc"
        raise SourceError(file.uri, why, hint="Save it as .docx without a password.")
    raw = io.BytesIO(content)
    try:
        with zipfile.ZipFile(raw) as archive:
            parts = [part for part in archive.infolist() if _MAIN_PART.fullmatch(part.filename)]
    except (zipfile.BadZipFile, NotImplementedError, UnicodeDecodeError, struct.error) as error:
        raise SourceError(file.uri, f"it is no whole .docx file ({error})", hint=_HINT) from error
    if not parts:
        raise SourceError(file.uri, "it is no .docx file: there is no word/document.xml in it", hint=_HINT)
    text = _Parser(file, options)
    with open_member(raw, parts[0], file.uri) as part:
        while block := part.read(BLOCK):
            text.take(block)
    yield checked(Document(file.name, text.finish(), title=file.stem, uri=file.uri), file)


class _Parser:
    """Turns the elements of the main part into text."""

    def __init__(self, file: File, options: Options) -> None:
        self._file = file
        self._options = options
        self._text = TeiText()
        self._left_out = 0
        self._is_text = False
        self._expat = expat.ParserCreate(namespace_separator=" ")
        self._expat.buffer_text = True
        self._expat.StartDoctypeDeclHandler = self._doctype
        self._expat.CharacterDataHandler = self._characters
        self._expat.StartElementHandler, self._expat.EndElementHandler = self._start, self._end

    def take(self, block: bytes, *, is_last: bool = False) -> None:
        """Takes the next piece of the part.

        Raises:
            SourceError: it is not well-formed, or there is too much text.
        """
        try:
            self._expat.Parse(block, is_last)
        except expat.ExpatError as error:
            why = f"it is no whole .docx file ({expat.ErrorString(error.code)})"
            raise SourceError(self._file.uri, why, hint=_HINT) from error

    def finish(self) -> str:
        """Returns the text."""
        self.take(b"", is_last=True)
        text, _ = self._text.finish()
        return text

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        if self._left_out or name in _LEFT_OUT:
            self._left_out += 1
            return
        own = _own(name)
        self._is_text = own == "t"
        if own == "p":
            self._text.end_block(PARAGRAPH)
        elif own in _LINES:
            self._text.end_block(LINE)
        elif own in _SIGNS:
            self._take_text(_SIGNS[own])

    def _end(self, name: str) -> None:
        self._is_text = False
        if self._left_out:
            self._left_out -= 1
        elif _own(name) == "p":
            self._text.end_block(PARAGRAPH)

    def _characters(self, data: str) -> None:
        if self._is_text:
            self._take_text(data)

    def _take_text(self, text: str) -> None:
        self._text.characters(text)
        if self._text.size > self._options.max_record_chars:
            raise too_long(self._file, self._options)

    def _doctype(self, *_: object) -> None:
        # No program writes one there, and its entities could make gigabytes.
        raise SourceError(self._file.uri, "it declares a document type, and such a file is not read", hint=_HINT)


def _own(name: str) -> str:
    """The name of an element of a word processor; empty for others, as those of drawings."""
    return next((name.removeprefix(own) for own in _OWN if name.startswith(own)), "")
