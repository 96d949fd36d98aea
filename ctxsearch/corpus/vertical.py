"""Reads vertical text (VRT), as corpus query tools do: a token a line, with its part of speech and lemma in columns.

Lines that are tags make structures of it. ``<doc>`` or ``<text>`` is a document, ``<p>`` a paragraph, ``<s>`` a
sentence, and ``<g/>`` says that no blank stands before the next token; others are passed over. A comment may say what
the columns are, see `ctxsearch.corpus.columns`. A token outside of every
document is in one that is called by the file, so that nothing is lost. A document that is never closed is told, since
that is what a file looks like whose end is missing.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from itertools import chain, repeat

from ctxsearch.corpus.assembly import BLANK, PARAGRAPH, Assembly, Tokens
from ctxsearch.corpus.columns import HINT, Columns
from ctxsearch.corpus.files import File
from ctxsearch.corpus.lines import Line
from ctxsearch.corpus.records import (
    DEFAULT_COLUMNS,
    OnRead,
    Options,
    checked,
    line_error,
    lines_of,
    too_long,
    value_of,
    without_end,
)
from ctxsearch.corpus.tags import Tag, decoded, read_tag
from ctxsearch.domain import Document, Given, MetadataValue
from ctxsearch.errors import SourceError

_DOCUMENTS = {"doc", "text"}
_PARAGRAPHS = {"p", "paragraph"}
_SENTENCES = {"s", "sentence"}
# What taggers and query tools write where they have no value.
# By so many tokens of a file, and lines of so many characters at most, it is told what its columns are.
_TOKENS_LOOKED_AT, _CHARS_LOOKED_AT = 100, 100_000
_NO_VALUE = {"__UNDEF__", "<unknown>"}


def read_vertical(file: File, options: Options, on_read: OnRead) -> Iterator[Document | SourceError]:
    """Yields a document, or what is wrong with it, for each ``<doc>`` or ``<text>``; a file without is one document."""
    columns = Columns(options.columns)
    document = _Document(file, options, columns)
    n_documents = 0
    tokens, lines = _looked_at(lines_of(file, options, on_read))
    columns.meet(tokens)
    for line in lines:
        text = without_end(line.text)
        tag = read_tag(text)
        wrong = line_error(line, file, options)
        if tag is not None and tag.name in _DOCUMENTS and (document.name in {"", tag.name}) and not tag.is_empty:
            if tag.is_end:
                document.close(tag, line.number)
            if document.has_begun:
                n_documents += 1
                yield document.ended(is_only=False)
            document = _Document(file, options, columns, None if tag.is_end else tag, line.number)
            document.error = document.error or wrong
        elif document.error is None:
            try:
                if wrong:
                    raise wrong
                document.take(line.number, text, tag)
            except SourceError as error:
                document.error = error
    if document.has_begun or not n_documents:
        yield document.ended(is_only=not n_documents)


def _looked_at(lines: Iterator[Line]) -> tuple[list[list[str]], Iterator[Line]]:
    """The cells of the first tokens, and all lines."""
    tokens: list[list[str]] = []
    seen: list[Line] = []
    size = 0
    for line in lines:
        seen.append(line)
        size += len(line.text)
        text = without_end(line.text)
        if read_tag(text) is None and text.strip(" "):
            tokens.append(text.split("\t"))
        if len(tokens) == _TOKENS_LOOKED_AT or size > _CHARS_LOOKED_AT:
            break
    return tokens, chain(seen, lines)


class _Document:
    """A document that is being read.

    Attributes:
        name: of the structure that it is, empty for none.
        error: what is wrong with it; the rest of it is passed over.
    """

    def __init__(self, file: File, options: Options, named: Columns, tag: Tag | None = None, line: int = 0) -> None:
        self.name = tag.name if tag else ""
        self.error: SourceError | None = None
        self._file = file
        self._options = options
        self._named = named
        self._columns: Sequence[str] = ()
        self._line = line if tag else 0
        self._is_closed = False
        self._metadata: dict[str, MetadataValue] = {}
        self._document_id = ""
        self._assembly = Assembly()
        self._tokens = Tokens()
        self._start: int | None = None
        self._sentence = ""
        self._has_sentences = False
        self._space = BLANK
        if tag is not None:
            if tag.attributes is None:
                self.error = self._wrong(f"the attributes of <{tag.name}> cannot be made out", line)
            attributes = dict(tag.attributes or {})
            self._document_id = attributes.pop(options.id_column or "id", "")
            self._metadata = {name: value_of(value) for name, value in attributes.items() if value}

    @property
    def has_begun(self) -> bool:
        """Whether there is anything of the document."""
        return self._line > 0 or self.error is not None

    def take(self, number: int, line: str, tag: Tag | None) -> None:
        """Takes the next line, which is the tag, if any.

        Raises:
            SourceError: it is not as the others.
        """
        if tag is not None:
            self._take_tag(number, tag)
            if not tag.name:
                self._take_comment(number, line)
        elif line.strip(" "):
            self._line = self._line or number
            self._take_token(number, line.split("\t"))

    def close(self, tag: Tag, line: int) -> None:
        """Takes the tag that ends the document."""
        if not self.name and self.error is None:
            self.error = self._wrong(f"</{tag.name}> closes nothing", line)
        self._is_closed = True

    def ended(self, *, is_only: bool) -> Document | SourceError:
        """The document, or what is wrong with it."""
        if self.error is not None:
            return self.error
        file = self._file
        if self.name and not self._is_closed:
            return self._wrong(f"the <{self.name}> that starts here is not closed with </{self.name}>", self._line)
        self._end_stretch()
        alone = not self.name and is_only
        place = "" if alone else f"#{self._line}"
        document = Document(
            self._document_id or f"{file.name}{place}",
            self._assembly.text,
            self._metadata,
            title=file.stem if alone else "",
            uri=f"{file.uri}{place}",
            given=Given(self._assembly.sentences, has_sentences=self._has_sentences),
        )
        try:
            return checked(document, file, self._line or None)
        except SourceError as error:
            return error

    def _take_tag(self, number: int, tag: Tag) -> None:
        if tag.name == "g":
            if not tag.is_end and self._space == BLANK:
                self._space = ""
        elif tag.name in _PARAGRAPHS:
            self._end_stretch()
            self._space = PARAGRAPH
        elif tag.name in _SENTENCES:
            self._end_stretch()
            if not tag.is_end:
                if tag.attributes is None:
                    raise self._wrong(f"the attributes of <{tag.name}> cannot be made out", number)
                self._has_sentences = True
                self._sentence = tag.attributes.get("id", "")

    def _take_comment(self, number: int, line: str) -> None:
        if why := self._named.take(line):
            raise SourceError(self._file.uri, why, line=number, hint=HINT)
        self._columns = ()

    def _take_token(self, number: int, cells: list[str]) -> None:
        columns = self._columns or self._columns_for(len(cells), len(cells[0].split()), number)
        if len(cells) != len(columns):
            why = f"the line has {len(cells)} cells, and those before it {len(columns)}"
            raise self._wrong(why, number)
        said = dict(zip(columns, map(decoded, cells), strict=True))
        form = said["word"]
        if not form:
            raise self._wrong("the word is empty", number)
        assembly = self._assembly
        if assembly.length and self._space:
            assembly.write(self._space)
        self._space = BLANK
        start = assembly.write(form)
        if self._start is None:
            self._start = start
        lempos = said.get("lempos", "")
        stem, _, letter = lempos.rpartition("-")
        if len(letter) != 1:
            stem = ""  # a lemma with a hyphen, and no letter behind it
        lemma, tag = said.get("lemma", stem or lempos), said.get("pos", letter if stem else "")
        lemma, tag = ("" if value in _NO_VALUE else sys.intern(value) for value in (lemma, tag))
        if lemma or not self._named.has_marks:
            self._tokens.add((start, assembly.length), lemma, tag, number)
        if assembly.length + assembly.weight + self._tokens.weight > self._options.max_record_chars:
            raise too_long(self._file, self._options, self._line, has_tokens=True)

    def _columns_for(self, n_cells: int, n_words: int, number: int) -> Sequence[str]:
        """The columns of the document, whose first token has so many cells, and the first of these so many words."""
        columns = self._named.names
        if n_cells == 1 and self._named.are_default and n_words != len(columns):
            columns = ("word",)
        if n_cells != len(columns):
            names = ",".join(columns)
            why = f"the line has {n_cells} cells, and there should be {len(columns)}, {names}"
            instance = ",".join([*DEFAULT_COLUMNS, *repeat("-", n_cells)][:n_cells])
            hint = f'Name the columns, and those to be passed over -, for instance `columns="{instance}"`.'
            raise SourceError(self._file.uri, why, line=number, hint=hint)
        self._columns = columns
        return columns

    def _end_stretch(self) -> None:
        """Ends the sentence, or what stands between two."""
        if self._start is not None:
            self._assembly.add(self._tokens, self._start, name=self._sentence)
            self._tokens, self._start = Tokens(), None
        self._sentence = ""

    def _wrong(self, why: str, line: int) -> SourceError:
        return SourceError(self._file.uri, why, line=line)
