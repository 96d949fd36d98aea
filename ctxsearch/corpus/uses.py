"""Reads tables of uses, as the data sets of Word Usage Graphs (WUG) and the DURel tool have: a use of a word a row.

They are parted by tabs, also where they are called ``.csv``, and a quotation mark in them is a character as any other.

A table that ctxsearch exported has the columns of any other. What tells its rows is the key of a line for an
identifier: only in these is an apostrophe that keeps a cell from being a formula taken away, see `ctxsearch.cells`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence

from ctxsearch.corpus.assembly import Tokens
from ctxsearch.corpus.files import File
from ctxsearch.corpus.lines import Line
from ctxsearch.corpus.records import (
    DEFAULT_TEXT_COLUMN,
    Options,
    cell_text,
    cell_value,
    check_columns,
    checked,
    line_error,
    without_end,
)
from ctxsearch.domain import Document, Given
from ctxsearch.errors import SourceError

_TARGET = "indexes_target_token"
_SENTENCE = "indexes_target_sentence"
NEEDED = {"lemma", "context", _TARGET}
# Those that ctxsearch writes, which are those of the Word Usage Graphs too.
OWN_COLUMNS = (
    *("lemma", "pos", "date", "grouping", "identifier", "description", "context"),
    *(_TARGET, _SENTENCE),
)
_KEY = re.compile(r".+:[0-9]+", re.DOTALL)
_LEFT_OUT = {"context", "identifier", _TARGET, _SENTENCE}
# English data sets of SemEval call a word attack_nn.
_SUFFIX = re.compile(r"_(nns?|vb|jj)$")
_SPAN = re.compile(r"\s*([0-9]{1,9}):([0-9]{1,9})\s*")


def is_header_of_uses(header: str, options: Options) -> bool:
    """Tells whether a first line is that of a table of uses, and nobody asked for a column of it as the text.

    >>> is_header_of_uses("lemma\\tcontext\\tindexes_target_token\\n", Options())
    True
    """
    columns = without_end(header).split("\t")
    return options.text_column == DEFAULT_TEXT_COLUMN not in columns and set(columns) >= NEEDED


def read_uses(file: File, options: Options, header: str, lines: Iterator[Line]) -> Iterator[Document | SourceError]:
    """Yields a document, or what is wrong with it, for each use: its context, in which one word is given."""
    columns = without_end(header).split("\t")
    check_columns(file, columns)
    for line in lines:
        text = without_end(line.text)
        error = line_error(line, file, options)
        if error:
            yield error
        elif text:
            try:
                yield _use(file, options, columns, text.split("\t"), line.number)
            except SourceError as bad_record:
                yield bad_record


def _use(file: File, options: Options, columns: Sequence[str], cells: Sequence[str], line: int) -> Document:
    if len(cells) != len(columns):
        raise SourceError(file.uri, f"the row has {len(cells)} cells, and the header {len(columns)}", line=line)
    row = dict(zip(columns, cells, strict=True))
    is_own = tuple(columns) == OWN_COLUMNS and _KEY.fullmatch(row["identifier"]) is not None
    text = row["context"]
    lemma, tag = (cell_text(row.get(name, ""), is_own=is_own) for name in ("lemma", "pos"))
    if suffix := _SUFFIX.search(lemma):
        lemma = lemma[: suffix.start()]
    try:
        given = _given(text, row, lemma, tag or (suffix[1] if suffix else ""), line)
    except ValueError as error:
        raise SourceError(file.uri, str(error), line=line) from error
    metadata = {
        name: cell_value(cell, is_own=is_own)
        for name, cell in {**row, "lemma": row["lemma"].removesuffix(suffix[0] if suffix else "")}.items()
        if name and cell and name not in _LEFT_OUT and name != options.id_column
    }
    document_id = cell_text(row.get(options.id_column or "identifier", ""), is_own=is_own) or f"{file.name}#{line}"
    return checked(Document(document_id, text, metadata, uri=f"{file.uri}#{line}", given=given), file, line)


def _given(text: str, row: Mapping[str, str], lemma: str, tag: str, line: int) -> Given:
    spans = [_span(text, _TARGET, span) for span in row[_TARGET].split(",")]
    start, end = spans[0]
    for next_start, next_end in spans[1:]:
        if next_start < end or text[end:next_start].strip():
            raise ValueError(f"the spans {row[_TARGET]} of its word are apart, and a word is one piece of the text")
        end = next_end
    written = row.get(_SENTENCE, "")
    sentence = _span(text, _SENTENCE, written) if written else (start, end)
    if not sentence[0] <= start < end <= sentence[1]:
        raise ValueError(f"its word, {start}:{end}, is not in its sentence, {written}")
    tokens = Tokens()
    tokens.add((start, end), sys.intern(lemma), sys.intern(tag), line)
    # Without a sentence the word is a mere stretch, and what stands around it is cut into sentences.
    return Given([tokens.sentence(*sentence)], is_whole=False, has_sentences=bool(written))


def _span(text: str, column: str, written: str) -> tuple[int, int]:
    found = _SPAN.fullmatch(written)
    if not found:
        raise ValueError(f"{column} is {written!r}, and should be as 12:17, where the piece starts and where it ends")
    start, end = int(found[1]), int(found[2])
    if not start < end <= len(text):
        raise ValueError(f"{column} is {written}, and the context has {len(text):,} characters")
    return start, end
