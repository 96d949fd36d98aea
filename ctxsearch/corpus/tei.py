"""Reads TEI P5: XML of the Text Encoding Initiative, a document for each ``TEI`` in the file.

The text is all that is in ``text``, front and back matter too, without notes, running heads, deletions and
descriptions. Of a ``choice`` the regularised, corrected or expanded reading is taken, and of the readings of an ``app``
the first. Paragraphs, heads and their like are parted by an empty line, and verses by a line end, since sentences go on
over them.

Where words are in ``w`` (and marks in ``pc``), these are the document's tokens, and ``s`` its sentences. A document
that has text outside of them keeps that, too, to be cut as other texts are: heads are often not annotated. What TXM
says of them in elements of its own, and of the text in attributes, is read as well (`ctxsearch.corpus.txm`).

A file that declares entities is refused: they are hardly ever needed, and a few lines of them can make gigabytes.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from html.entities import html5
from xml.parsers import expat

from ctxsearch.corpus.assembly import PARAGRAPH
from ctxsearch.corpus.files import File
from ctxsearch.corpus.lines import decode, read_blocks
from ctxsearch.corpus.records import OnRead, Options, UnknownFormat, bad_byte, checked, too_long
from ctxsearch.corpus.tei_header import TeiHeader
from ctxsearch.corpus.tei_text import LINE, TeiText, Word
from ctxsearch.corpus.txm import ANNOTATION, Annotation, is_txm, metadata_of
from ctxsearch.corpus.xml_encoding import encoding_of_xml
from ctxsearch.domain import Document, Metadata
from ctxsearch.errors import SourceError

# No text that anybody wrote comes near.
_MAX_DEPTH = 1_000

_ROOTS = {"TEI", "teiCorpus"}
_LEFT_OUT = {
    ANNOTATION,
    "del",
    "desc",
    "figDesc",
    "fw",
    "listAnnotation",
    "metamark",
    "note",
    "noteGrp",
    "surplus",
    "teiHeader",
} | {f"{what}Grp" for what in ("interp", "join", "link", "span")}
# Of two readings of one place, those that a reader of today would not write.
_SECOND_CHOICE = {"orig", "sic", "abbr", "am"}
_BLOCKS = {
    *("ab", "address", "argument", "back", "body", "byline", "castGroup", "castItem", "castList", "closer", "dateline"),
    *("div", *(f"div{depth}" for depth in range(8)), "docAuthor", "docDate", "docEdition", "docImprint", "docTitle"),
    *("entry", "entryFree", "epigraph", "figure", "floatingText", "front", "group", "head", "imprimatur", "item", "lg"),
    *("list", "listBibl", "opener", "p", "postscript", "row", "salute", "set", "signed", "sp", "speaker", "stage"),
    *("table", "text", "titlePage", "titlePart", "trailer", "u"),
}
_LINES = {"addrLine", "cell", "l", "label"}
_BREAKS = {"lb", "pb", "cb", "gb", "milestone"}
_WORDS = {"w", "pc"}
_TAGS = ("pos", "msd", "ana", "type")
_UPOS = re.compile(r"(?:^|\|)UPosTag=([^|]+)")


def read_tei(file: File, options: Options, on_read: OnRead) -> Iterator[Document | SourceError]:
    """Yields a document, or what is wrong with it, for each ``TEI``.

    Raises:
        SourceError: the file cannot be read or decoded, or is not well-formed, or no TEI.
    """
    blocks = read_blocks(file, on_read)
    first = next(blocks, b"")
    options = dataclasses.replace(options, encoding=encoding_of_xml(first, file, options))
    parser = _Parser(file, options)
    line = 1
    for text, bad in decode(_with_first(first, blocks), options.encoding):
        line += text.count("\n")
        yield from parser.documents(text)
        if bad:
            raise bad_byte(bad, file, options, line)
    yield from parser.documents("", is_last=True)


def _with_first(first: bytes, blocks: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from blocks


class _Parser:
    """Turns the elements of a file into documents."""

    def __init__(self, file: File, options: Options) -> None:
        self._file = file
        self._options = options
        self._ready: list[Document | SourceError] = []
        self._path: list[str] = []
        self._announced = ""
        self._left_out_at = 0
        self._word = Word(0, "", "")
        self._annotation: Annotation | None = None
        self._is_txm = False
        self._said: Metadata = {}
        self._chosen: list[bool] = []
        self._text: TeiText | None = None
        self._header = TeiHeader()
        self._document_at = 0
        self._text_at = 0
        self._document_id = ""
        self._line = 0
        self._error: SourceError | None = None
        self._expat = expat.ParserCreate()
        self._expat.buffer_text = True
        self._expat.StartElementHandler = self._start
        self._expat.EndElementHandler = self._end
        self._expat.CharacterDataHandler = self._characters
        self._expat.StartDoctypeDeclHandler = self._doctype
        self._expat.EntityDeclHandler = self._entity
        self._expat.SkippedEntityHandler = self._skipped_entity

    def documents(self, text: str, *, is_last: bool = False) -> Iterator[Document | SourceError]:
        """Takes the next piece of the file, and yields the documents that end in it.

        Raises:
            SourceError: it is not well-formed, or no TEI.
        """
        try:
            self._parse(text, is_last=is_last)
        except SourceError:
            yield from self._ready
            raise
        yield from self._ready
        self._ready.clear()

    def _parse(self, text: str, *, is_last: bool) -> None:
        try:
            self._expat.Parse(text, is_last)
        except expat.ExpatError as error:
            why = f"it is not well-formed XML ({expat.ErrorString(error.code)})"
            raise SourceError(self._file.uri, why, line=error.lineno) from error

    def _start(self, qualified: str, attributes: Mapping[str, str]) -> None:
        name = qualified.rpartition(":")[2]
        parent = self._path[-1] if self._path else ""
        self._path.append(name)
        if len(self._path) > _MAX_DEPTH:
            why = f"its elements stand in one another more than {_MAX_DEPTH:,} deep"
            raise SourceError(self._file.uri, why, line=self._expat.CurrentLineNumber)
        if not parent:
            self._check_root(name)
        if self._left_out_at:
            return
        if not self._document_at:
            if name == "TEI":
                self._start_document(attributes)
        elif self._text_at:
            self._start_in_text(name, parent, attributes)
        elif name == "text":
            self._text_at = len(self._path)
            self._said = metadata_of(attributes) if self._is_txm else {}
        elif "teiHeader" in self._path:
            self._header.start(self._path, attributes)

    def _check_root(self, name: str) -> None:
        if name not in _ROOTS:
            why = f"its root is <{name}>, and that of a TEI file is <TEI> or <teiCorpus>"
            hint = "A dictionary is read by: ctxsearch senses import INDEX FILE."
            raise UnknownFormat(self._file.uri, why, line=self._expat.CurrentLineNumber, hint=hint)

    def _end(self, qualified: str) -> None:
        depth = len(self._path)
        name = self._path.pop()
        if self._left_out_at:
            if depth == self._left_out_at:
                self._left_out_at = 0
                if self._annotation is not None:
                    self._annotation.end()
                    self._annotation = None
        elif depth == self._document_at:
            self._end_document()
        elif depth == self._text_at:
            self._text_at = 0
            if self._text is not None:
                self._text.end_block(PARAGRAPH)
        elif self._text_at:
            self._end_in_text(name)
        elif self._document_at:
            self._header.end(depth)

    def _start_document(self, attributes: Mapping[str, str]) -> None:
        self._document_at = len(self._path)
        self._document_id = attributes.get("xml:id", "")
        self._line = self._expat.CurrentLineNumber
        self._is_txm = is_txm(attributes)
        self._said = {}
        self._header = TeiHeader()
        self._text = TeiText()
        self._error = None
        self._chosen = []

    def _end_document(self) -> None:
        is_only = self._document_at == 1
        self._document_at = 0
        text, self._text = self._text, None
        if self._error is not None or text is None:
            return
        file = self._file
        place = "" if is_only else f"#{self._line}"
        content, given = text.finish()
        document = Document(
            self._document_id or f"{file.name}{place}",
            content,
            {**self._header.metadata(), **self._said},
            title=self._header.title or (file.stem if is_only else ""),
            uri=f"{file.uri}{place}",
            given=given,
        )
        try:
            self._ready.append(checked(document, file, self._line))
        except SourceError as error:
            self._ready.append(error)

    def _start_in_text(self, name: str, parent: str, attributes: Mapping[str, str]) -> None:
        text = self._text
        is_left_out = name in _LEFT_OUT
        if not is_left_out and parent in {"choice", "app"}:
            is_left_out = self._chosen[-1] or (parent == "choice" and name in _SECOND_CHOICE)
            self._chosen[-1] = self._chosen[-1] or not is_left_out
        if is_left_out:
            self._left_out_at = len(self._path)
            if name == ANNOTATION:
                self._annotation = Annotation(self._word, attributes)
            return
        if name in {"choice", "app"}:
            self._chosen.append(False)
        if text is None:
            return
        if name in _BLOCKS:
            text.end_block(PARAGRAPH)
        elif name in _LINES:
            text.end_block(LINE)
        elif name in _BREAKS:
            text.break_line(is_joined=attributes.get("break") == "no")
        elif name == "s":
            text.start_sentence(attributes.get("xml:id") or attributes.get("n", ""))
        elif name in _WORDS:
            join = attributes.get("join", "")
            self._word = Word(self._expat.CurrentLineNumber, attributes.get("lemma", ""), _tag(attributes), join)
            text.start_word(self._word)

    def _end_in_text(self, name: str) -> None:
        if name in {"choice", "app"}:
            self._chosen.pop()
        text = self._text
        if text is None:
            return
        if name in _BLOCKS:
            text.end_block(PARAGRAPH)
        elif name in _LINES:
            text.end_block(LINE)
        elif name == "s":
            text.end_sentence()
        elif name in _WORDS:
            text.end_word()
            self._word = Word(0, "", "")

    def _characters(self, data: str) -> None:
        if self._annotation is not None:
            self._annotation.characters(data)
        if self._left_out_at or not self._document_at or self._text is None:
            return
        if not self._text_at:
            self._header.characters(data)
        else:
            self._text.characters(data)
        if self._header.size + self._text.size > self._options.max_record_chars:
            # The rest is passed over, and what was gathered let go of.
            self._text, self._header = None, TeiHeader()
            self._error = too_long(self._file, self._options, self._line, has_tokens=True)
            self._ready.append(self._error)

    def _doctype(self, name: str, *_: object) -> None:
        self._announced = name.rpartition(":")[2]

    def _entity(self, name: str, *_: object) -> None:
        # What is no TEI may declare what it likes.
        self._check_root(self._announced)
        why = f"it declares an entity, {name}, and a file that does is not read"
        hint = "Put the text in the place of its entities: xmllint --noent FILE."
        raise SourceError(self._file.uri, why, line=self._expat.CurrentLineNumber, hint=hint)

    def _skipped_entity(self, name: str, is_parameter: bool) -> None:
        """Takes an entity of an external document type, which is not read; the names that HTML has mean the same."""
        if is_parameter:
            return
        if f"{name};" not in html5:
            why = f"the entity &{name}; is declared nowhere in it"
            raise SourceError(self._file.uri, why, line=self._expat.CurrentLineNumber)
        self._characters(html5[f"{name};"])


def _tag(attributes: Mapping[str, str]) -> str:
    """The part of speech, in the first attribute that says it."""
    tag = next((attributes[name] for name in _TAGS if attributes.get(name)), "")
    universal = _UPOS.search(tag)
    return universal[1] if universal else tag.removeprefix("#")
