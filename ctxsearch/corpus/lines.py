"""From bytes to lines of text, in memory that does not grow, knowing where every bad byte is."""

from __future__ import annotations

import codecs
import gzip
import io
import itertools
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from io import BufferedIOBase
from typing import IO

from ctxsearch.corpus.archives import open_member
from ctxsearch.corpus.files import File
from ctxsearch.errors import SourceError

BLOCK = 1 << 16


@dataclass(frozen=True, slots=True)
class BadByte:
    """A byte that is not in the encoding; ``offset`` counts from the start of the (unpacked) file."""

    offset: int
    value: int


@dataclass(frozen=True, slots=True)
class Line:
    """A line with its ``\\n``, if it has one.

    Attributes:
        number: counted from 1.
        text: empty if the line is too long.
        bad: its first bad byte.
        too_long: whether it was passed over, since it is longer than the limit.
    """

    number: int
    text: str
    bad: BadByte | None = None
    too_long: bool = False


def check_encoding(encoding: str) -> None:
    """Makes sure that an encoding is known and makes text of bytes.

    Raises:
        SourceError: it does not.
    """
    try:
        io.TextIOWrapper(io.BytesIO(), encoding=encoding)
        codecs.getincrementaldecoder(encoding)().decode(b"a")
    except (LookupError, TypeError, ValueError) as error:
        hint = "Use a name such as utf-8, utf-16 or latin-1."
        raise SourceError(repr(encoding), "there is no such encoding", hint=hint) from error


def read_blocks(file: File, on_read: Callable[[int], None]) -> Iterator[bytes]:
    """Yields the unpacked bytes of a file, piece by piece.

    Args:
        file: the file.
        on_read: is told how many bytes of the file, as it lies on the disk, were read so far.

    Raises:
        SourceError: the file cannot be opened, read or unpacked.
    """
    try:
        with open(file.path, "rb") as raw, _unpacked(raw, file) as stream:
            start = raw.tell()
            while block := stream.read(BLOCK):
                on_read(raw.tell() - start)
                yield block
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        hint = "Make or copy it again."
        raise SourceError(file.uri, f"it is not a whole gzip file ({error})", hint=hint) from error
    except OSError as error:
        raise SourceError(file.uri, f"it cannot be read ({error.strerror or error})") from error


def is_utf8(encoding: str) -> bool:
    """Whether an encoding, which there is, is UTF-8 by any of its names.

    >>> is_utf8("UTF8"), is_utf8("utf-8-sig"), is_utf8("cp1252")
    (True, True, False)
    """
    return codecs.lookup(encoding).name in ("utf-8", "utf-8-sig")


def looks_like_utf8(blocks: Iterable[bytes]) -> bool:
    """Whether bytes are UTF-8, and of more than ASCII: what is in another encoding hardly ever is.

    >>> looks_like_utf8([b"caf\\xc3\\xa9"]), looks_like_utf8([b"caf\\xe9"]), looks_like_utf8([b"cafe"])
    (True, False, False)
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    is_ascii = True
    try:
        for block in itertools.chain(blocks, [b""]):
            decoder.decode(block, final=not block)
            is_ascii = is_ascii and block.isascii()
    except UnicodeDecodeError:
        return False
    return not is_ascii


def decode(blocks: Iterable[bytes], encoding: str) -> Iterator[tuple[str, BadByte | None]]:
    """Yields text, and the bad byte that follows it, if any; a bad byte is left out and decoding goes on.

    A byte order mark at the start is dropped. UTF-16 without one is not read, for nobody knows the order of its bytes;
    the first counts as bad.

    >>> list(decode([b"caf\\xc3", b"\\xa9 na\\xefve"], "utf-8"))
    [('caf', None), ('é na', BadByte(offset=8, value=239)), ('ve', None), ('', None)]
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    fed = 0
    at_start = True
    needs_mark = codecs.lookup(encoding).name == "utf-16"
    for block in itertools.chain(blocks, [b""]):
        if needs_mark and block and not fed and not block.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            yield "", BadByte(0, block[0])
            return
        fed += len(block)
        rest = block
        while True:
            bad = None
            try:
                text = decoder.decode(rest, final=not block)
            except UnicodeDecodeError as error:
                # What the decoder was working on always ends where the bytes fed so far end; that gives the offset.
                data = error.object
                bad = BadByte(fed - len(data) + error.start, data[error.start])
                decoder.setstate((b"", decoder.getstate()[1]))
                text = decoder.decode(data[: error.start])
                rest = data[max(error.end, error.start + 1) :]
            if at_start and (text or bad):
                text = text.removeprefix("\ufeff")
                at_start = False
            yield text, bad
            if bad is None:
                break


def split_lines(pieces: Iterable[tuple[str, BadByte | None]], limit: int) -> Iterator[Line]:
    """Yields lines, parted at ``\\n`` only; a line of more than ``limit`` characters is passed over, not gathered.

    >>> [line.text for line in split_lines([("one\\r\\ntw", None), ("o", None)], 10)]
    ['one\\r\\n', 'two']
    """
    number = 1
    parts: list[str] = []
    length = 0
    bad: BadByte | None = None
    for text, bad_byte in pieces:
        *ended, rest = text.split("\n")
        for piece in ended:
            if length + len(piece) > limit:
                yield Line(number, "", bad, too_long=True)
            else:
                yield Line(number, f"{''.join(parts)}{piece}\n", bad)
            number, length, bad = number + 1, 0, None
            parts.clear()
        length += len(rest)
        if length > limit:
            parts.clear()
        elif rest:
            parts.append(rest)
        bad = bad or bad_byte
    if length or bad:
        yield Line(number, "".join(parts), bad, too_long=length > limit)


def _unpacked(raw: IO[bytes], file: File) -> IO[bytes] | BufferedIOBase:
    stream = open_member(raw, file.member, file.uri) if file.member else raw
    return gzip.GzipFile(fileobj=stream) if file.packed else stream
