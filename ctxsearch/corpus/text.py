"""Reads a plain text file: one document."""

from __future__ import annotations

from collections.abc import Iterator

from ctxsearch.corpus.files import File
from ctxsearch.corpus.lines import decode, read_blocks
from ctxsearch.corpus.records import OnRead, Options, bad_byte, checked, too_long
from ctxsearch.domain import Document
from ctxsearch.errors import SourceError

# Characters at the beginning of a text, by which UTF-16 is told, and the fewest.
_LOOKED_AT, _FEWEST = 64, 4


def read_text(file: File, options: Options, on_read: OnRead) -> Iterator[Document | SourceError]:
    """Yields the whole file as one document, every character as it is.

    Raises:
        SourceError: the file cannot be read or decoded, is too long, or its name cannot serve as an id.
    """
    parts = []
    length = 0
    for text, bad in decode(read_blocks(file, on_read), options.encoding):
        parts.append(text)
        length += len(text)
        if bad:
            raise bad_byte(bad, file, options)
        if length > options.max_record_chars:
            raise too_long(file, options)
    whole = "".join(parts)
    refuse_utf_16(whole, file)
    yield checked(Document(file.name, whole, title=file.stem, uri=file.uri), file)


def refuse_utf_16(text: str, file: File) -> None:
    """Refuses the text of a file that is in UTF-16 and was read in another encoding.

    Raises:
        SourceError: it is.
    """
    if encoding := _meant(text[:_LOOKED_AT]):
        why = "every other character of it is a control character, as where UTF-16 is read as another encoding"
        hint = f'Read it in a run of its own with `encoding="{encoding}"`; of a folder, `glob=` chooses it.'
        raise SourceError(file.uri, why, hint=hint)


def _meant(text: str) -> str:
    """The kind of UTF-16 that the beginning of a text is, bytes taken for characters; empty where it is none.

    Without a mark of its byte order, what is ASCII in it is valid UTF-8, and so is Russian. The first byte of each
    character is small in all alphabets; in a text with a word a line every other character may be the end of one.
    """
    if len(text) >= _FEWEST:
        for encoding, firsts, seconds in (
            ("utf-16-le", text[1::2], text[::2]),
            ("utf-16-be", text[::2], text[1::2]),
        ):
            controls = [one for one in firsts if one < " " and one not in "\t\n\r"]
            if max(firsts) < " " <= max(seconds) and 2 * len(controls) > len(firsts):
                return encoding
    return ""
