"""Reads CoNLL-U, the format of the Universal Dependencies: a line a word, with its lemma and its part of speech.

What its lines say of a sentence becomes text and tokens in `ctxsearch.corpus.conllu_sentence`. A word with ``Word=No``
in the last column is a mark that was no word of the index it was exported from.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence

from ctxsearch.corpus.assembly import BLANK, PARAGRAPH, WAITING, Assembly, weight
from ctxsearch.corpus.conllu_sentence import Unit, Word, is_wide, tokens_of, written
from ctxsearch.corpus.files import File
from ctxsearch.corpus.records import (
    OnRead,
    Options,
    all_one_line,
    checked,
    line_error,
    lines_of,
    too_long,
    value_of,
    without_end,
)
from ctxsearch.domain import Document, Given, MetadataValue
from ctxsearch.errors import SourceError

_N_CELLS = 10
_NEWDOC = re.compile(r"#\s*newdoc(?:\s+id\s*=(?P<id>.*)|\s*)", re.DOTALL)
_NEWPAR = re.compile(r"#\s*newpar\b")
_COMMENT = re.compile(r"#\s*(?P<key>\S+?)\s*= ?(?P<value>.*)", re.DOTALL)
_HIDDEN = re.compile(r"\r(?:#|[0-9]+\t)")
_RANGE = re.compile(r"([1-9][0-9]{0,8})-([1-9][0-9]{0,8})")
_EMPTY_NODE = re.compile(r"[0-9]+\.[0-9]+")
_META = "meta::"

NO_WORD = "Word=No"
"""What is said, in the last column, of a mark that is a part of the text and no token of it."""


def read_conllu(file: File, options: Options, on_read: OnRead) -> Iterator[Document | SourceError]:
    """Yields a document, or what is wrong with it, for each ``# newdoc``; a file without one is one document.

    The comments ``# key = value`` that follow ``# newdoc`` at once, and those with ``meta::`` before the first word,
    are the document's metadata.
    """
    document = _Document(file, options)
    n_documents = 0
    for line in lines_of(file, options, on_read):
        text = without_end(line.text)
        newdoc = _NEWDOC.fullmatch(text) if text.startswith("#") else None
        if newdoc:
            if document.has_begun:
                n_documents += 1
                yield document.ended(is_only=False)
            document = _Document(file, options, line.number, (newdoc["id"] or "").strip(), document.comments)
        if document.error is None:
            document.error = line_error(line, file, options)
        if document.error is None:
            try:
                document.take(line.number, text)
            except SourceError as error:
                document.error = error
    if document.has_begun or not n_documents:
        yield document.ended(is_only=not n_documents)


class _Document:
    """A document that is being read.

    Attributes:
        error: what is wrong with it; the rest of it is passed over.
        comments: on the sentence to come.
    """

    def __init__(
        self,
        file: File,
        options: Options,
        line: int | None = None,
        name: str = "",
        comments: dict[str, str] | None = None,
    ) -> None:
        self.error: SourceError | None = None
        self.comments: dict[str, str] = comments or {}
        self._file = file
        self._options = options
        self._line = line
        self._name = name
        self._first_line = line
        self._metadata: dict[str, MetadataValue] = {}
        self._assembly = Assembly()
        self._space_after = True
        self._units: list[Unit] = []
        self._next = 1
        self._waiting = 0
        self._said = 0
        self._room = options.max_record_chars
        # Comments are the document's own as long as none is plainly the sentence's.
        self._in_head = line is not None
        self._newpar = False

    @property
    def has_begun(self) -> bool:
        """Whether there is anything of the document."""
        return self._line is not None or self._first_line is not None or self.error is not None

    def take(self, number: int, text: str) -> None:
        """Takes the next line.

        Raises:
            SourceError: it does not belong where it is.
        """
        if text.startswith("#"):
            if _HIDDEN.search(text):
                raise all_one_line(self._file, "the comment", number)
            self._take_comment(text)
        elif text.strip(" \t"):
            self._first_line = self._first_line or number
            self._take_word(number, text)
        else:
            self._end_sentence(number)

    def ended(self, *, is_only: bool) -> Document | SourceError:
        """The document, or what is wrong with it."""
        if self.error is not None:
            return self.error
        file = self._file
        try:
            self._end_sentence(None)
            alone = self._line is None and is_only
            place = "" if alone else f"#{self._first_line}"
            document = Document(
                self._name or f"{file.name}{place}",
                self._assembly.text,
                self._metadata,
                title=file.stem if alone else "",
                uri=f"{file.uri}{place}",
                given=Given(self._assembly.sentences),
            )
            return checked(document, file, self._first_line)
        except SourceError as error:
            return error

    def _take_comment(self, text: str) -> None:
        if _NEWPAR.match(text):
            self._newpar = True
            self._in_head = False
            return
        found = _COMMENT.fullmatch(text)
        if not found or self._units:
            return
        key, value = found["key"], found["value"]
        self._in_head = self._in_head and key not in {"sent_id", "text"}
        is_meta = key.startswith(_META) and not self._assembly.sentences
        if is_meta or (self._in_head and key != "newdoc" and not key.startswith("global.")):
            if key.removeprefix(_META) and value.strip():
                self._metadata[key.removeprefix(_META)] = value_of(value.strip())
                self._said += weight(key, value)
        else:
            self.comments[key] = value
            self._waiting += weight(key, value)
        self._check_size()

    def _take_word(self, line: int, text: str) -> None:
        self._in_head = False
        cells = text.split("\t")
        if len(cells) != _N_CELLS:
            raise self._wrong(f"the line has {len(cells)} cells, and a word of CoNLL-U has {_N_CELLS}", line)
        name, form = cells[0], cells[1]
        if name != str(self._next):
            self._take_other(line, cells)
            return
        if not form:
            raise self._wrong("the word has no form", line)
        last = self._units[-1] if self._units else None
        if last is None or self._next > last.last:
            is_mark = NO_WORD in cells[9].split("|")
            last = Unit(form, _space_after(cells), line, self._next, self._next, is_range=False, is_mark=is_mark)
            self._units.append(last)
        lemma = "" if cells[2] == "_" != form else cells[2]
        tag = cells[3] if cells[3] != "_" else cells[4] if cells[4] != "_" else ""
        last.words.append(Word(form, sys.intern(lemma), sys.intern(tag), line))
        self._next += 1
        self._waiting += len(form) + WAITING * weight(lemma, tag)
        if self._waiting > self._room:
            self._check_size()

    def _take_other(self, line: int, cells: Sequence[str]) -> None:
        """Takes a line that is not the next word: an empty node, which is no text, or a multiword token."""
        name, form = cells[0], cells[1]
        if _EMPTY_NODE.fullmatch(name):
            return
        is_inside = bool(self._units) and self._next <= self._units[-1].last
        found = _RANGE.fullmatch(name)
        if not found or is_inside or not int(found[1]) == self._next <= int(found[2]):
            raise self._wrong(f"the word's id is {name!r:.80}, and {self._next} should come", line)
        if not form:
            raise self._wrong("the word has no form", line)
        self._units.append(Unit(form, _space_after(cells), line, self._next, int(found[2]), is_range=True))
        self._waiting += len(form)

    def _end_sentence(self, line: int | None) -> None:
        units, comments = self._units, self.comments
        if not units:
            # Comments that an empty line parts from words are on no sentence.
            self.comments, self._waiting = (self.comments if line is None else {}), 0
            return
        self._units, self.comments, self._in_head, self._waiting = [], {}, False, 0
        last = units[-1]
        if self._next <= last.last:
            why = f"the words of {last.first}-{last.last} end with {self._next - 1}, where the sentence ends"
            raise self._wrong(why, line or last.line)
        self._next = 1
        assembly = self._assembly
        if assembly.length:
            assembly.write(PARAGRAPH if self._newpar else BLANK * self._space_after)
        # Many treebanks say so of the last word of each sentence, where a blank was all the same.
        self._newpar, self._space_after = False, last.space_after or not is_wide(last.form)
        text, starts = written(comments.get("text", ""), units)
        start = assembly.write(text)
        tokens, ids, parts = tokens_of(units, [start + each for each in starts])
        name = comments.get("sent_id", "").strip()
        assembly.add(tokens, start, name=name, ids=ids, parts=parts)
        self._check_size()

    def _check_size(self) -> None:
        """Refuses a document over the limit before the rest of it is kept."""
        assembly = self._assembly
        self._room = self._options.max_record_chars - (assembly.length + assembly.weight + self._said)
        if self._waiting > self._room:
            raise too_long(self._file, self._options, self._first_line, has_tokens=True)

    def _wrong(self, why: str, line: int) -> SourceError:
        return SourceError(self._file.uri, why, line=line)


def _space_after(cells: Sequence[str]) -> bool:
    return "SpaceAfter=No" not in cells[9].split("|")
