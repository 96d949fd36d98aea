"""What every reader shares: its options, the checks that a document must pass, and the sentences for what is wrong."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ctxsearch.cells import unguarded
from ctxsearch.corpus.files import File
from ctxsearch.corpus.lines import BadByte, Line, check_encoding, decode, read_blocks, split_lines
from ctxsearch.domain import Document, MetadataValue
from ctxsearch.errors import SourceError
from ctxsearch.given import wrong_given

# Characters of a document. A token that its source gives counts for TOKEN_CHARS more, a sentence for SENTENCE_CHARS:
# what is kept of them takes many times the memory of their text, so that a small packed file could fill it. Three
# million tokens in sentences of usual length are under the limit.
MAX_RECORD_CHARS = 100_000_000
TOKEN_CHARS = 20
SENTENCE_CHARS = 100
MAX_ID_CHARS = 1_000
DEFAULT_TEXT_COLUMN = "text"
DEFAULT_ENCODING = "utf-8"
DEFAULT_COLUMNS = ("word", "pos", "lemma")

LINE_ENDS = "Save it with the line ends of today: LF, or CR and LF."

_NOT_IN_AN_ID = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")

# At most 18 digits: every such number fits into 64 bits. Longer ones, and ones with leading zeros, are names.
_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,17}")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,17})\.[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Options:
    """How to read: see :func:`ctxsearch.corpus.read`."""

    text_column: str = DEFAULT_TEXT_COLUMN
    id_column: str | None = None
    encoding: str = DEFAULT_ENCODING
    max_record_chars: int = MAX_RECORD_CHARS
    columns: tuple[str, ...] | None = None


class UnknownFormat(SourceError):
    """What a file has in it is of no kind that is read, whatever its ending; in a folder it is passed over."""


OnRead = Callable[[int], None]

# A reader yields the errors of single records, so that reading can go on, and raises what ends the file.
Reader = Callable[[File, Options, OnRead], Iterator[Document | SourceError]]


def lines_of(file: File, options: Options, on_read: OnRead) -> Iterator[Line]:
    """Yields the lines of a file."""
    return split_lines(decode(read_blocks(file, on_read), options.encoding), options.max_record_chars)


def content_of(file: File, options: Options, on_read: OnRead, *, hint: str) -> bytes:
    """Returns all bytes of a file that cannot be read piece by piece.

    Raises:
        SourceError: it cannot be read, or is too large; then the hint says what to do.
    """
    content = bytearray()
    for block in read_blocks(file, on_read):
        content += block
        if len(content) > options.max_record_chars:
            raise SourceError(file.uri, f"it has more than {options.max_record_chars:,} bytes", hint=hint)
    return bytes(content)


def declared(encoding: str, file: File) -> str:
    """Returns an encoding that a file declares.

    Raises:
        SourceError: there is no such encoding.
    """
    try:
        check_encoding(encoding)
    except SourceError as error:
        hint = 'Use the one that it has, for instance `encoding="latin-1"`.'
        raise SourceError(file.uri, f"it declares the encoding {encoding!r}, which is none", hint=hint) from error
    return encoding


def checked(document: Document, file: File, line: int | None = None) -> Document:
    """Returns the document as it is.

    Raises:
        SourceError: its id cannot serve as one, a text in it is not Unicode, or what is given of its words cannot be.
    """
    name = document.document_id
    if not name:
        raise SourceError(file.uri, "the document's id is empty", line=line)
    if len(name) > MAX_ID_CHARS:
        why = f"the document's id has {len(name):,} characters, and {MAX_ID_CHARS:,} is the most"
        raise SourceError(file.uri, why, line=line)
    if _NOT_IN_AN_ID.search(name):
        if name == file.name:
            why = "its name, which is to be the document's id, is not UTF-8, or has a control character in it"
            raise SourceError(file.uri, why, hint="Rename the file.")
        why = f"the document's id {name!a} has a control character or half of a surrogate pair in it"
        raise SourceError(file.uri, why, line=line)
    metadata = document.metadata
    for text in (document.text, document.title, document.uri, *metadata, *metadata.values()):
        if isinstance(text, str) and not text.isascii():
            try:
                text.encode()
            except UnicodeEncodeError as error:
                why = f"half of a surrogate pair, \\u{ord(text[error.start]):04x}, stands alone in it"
                raise SourceError(file.uri, why, line=line) from error
    if document.given is not None and (wrong := wrong_given(document.text, document.given)):
        raise SourceError(file.uri, wrong.why, line=wrong.line or line)
    return document


def value_of(text: str) -> MetadataValue:
    """Returns a number for what is written as a plain one, and the text for anything else.

    >>> value_of("1912"), value_of("1.50"), value_of("007"), value_of("12.05.1912")
    (1912, 1.5, '007', '12.05.1912')
    """
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else text


def cell_text(cell: str, *, is_own: bool) -> str:
    """Returns the text of a cell; in a table that ctxsearch wrote, without its guard, see `ctxsearch.cells`.

    >>> cell_text("'-' is a dash", is_own=False), cell_text("'-1912", is_own=True)
    ("'-' is a dash", '-1912')
    """
    return unguarded(cell) if is_own else cell


def cell_value(cell: str, *, is_own: bool) -> MetadataValue:
    """Returns the value of a cell; one that is guarded from being run as a formula is text.

    >>> cell_value("-1912", is_own=True), cell_value("'-1912", is_own=True)
    (-1912, '-1912')
    """
    text = cell_text(cell, is_own=is_own)
    # Guarded since it was text, even if it looks like a number.
    return value_of(cell) if text == cell else text


def without_end(line: str) -> str:
    """Returns a line without what ends it."""
    return line.removesuffix("\n").removesuffix("\r")


def check_columns(file: File, columns: Sequence[str]) -> None:
    """Refuses a header with two columns of one name. Those without a name are never read, and may be several.

    Raises:
        SourceError: there are such.
    """
    twice = sorted(name for name, count in Counter(columns).items() if name and count > 1)
    if twice:
        hint = "Give every column a name of its own."
        raise SourceError(file.uri, f"the header has columns of one name: {', '.join(twice)}", hint=hint)


def line_error(line: Line, file: File, options: Options) -> SourceError | None:
    """Returns what is wrong with a line before anyone looks into it."""
    if line.too_long:
        return too_long(file, options, line.number)
    return bad_byte(line.bad, file, options, line.number) if line.bad else None


def all_one_line(file: File, what: str, line: int | None = None) -> SourceError:
    """Returns the error for a file whose lines end in carriage returns alone, so that it is all one line."""
    why = f"there is a carriage return in the middle of {what}, as where lines end in that alone"
    return SourceError(file.uri, why, line=line, hint=LINE_ENDS)


def too_long(file: File, options: Options, line: int | None = None, *, has_tokens: bool = False) -> SourceError:
    """Returns the error for a record, or a text file, over the limit; tokens that it has count towards it."""
    counted = f" (a token counts for {TOKEN_CHARS} more, a sentence for {SENTENCE_CHARS})" if has_tokens else ""
    why = f"it has more than {options.max_record_chars:,} characters{counted}, too many for one document"
    return SourceError(file.uri, why, line=line, hint="Cut it into several documents.")


def bad_byte(bad: BadByte, file: File, options: Options, line: int | None = None) -> SourceError:
    """Returns the error for bytes that are not in the encoding."""
    # Of which latin-1 is a part, as far as one can see its characters.
    likely = "utf-16" if bad.offset == 0 and bad.value in (0xFE, 0xFF) else "cp1252"
    why = f"byte 0x{bad.value:02x} at offset {bad.offset} is not {options.encoding}"
    if (bad.offset, bad.value) == (1, 0x8B) and line in (None, 1):
        return SourceError(file.uri, why, line=line, hint="It seems to be packed with gzip; unpack it.")
    # An encoding is that of all files of a run, and most of them may be as they should be.
    hint = f'Read it in a run of its own with `encoding="{likely}"`, for instance; of a folder, `glob=` chooses it.'
    return SourceError(file.uri, why, line=line, hint=hint)
