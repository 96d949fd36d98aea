"""Reads the files of a zip archive where they lie: nothing is ever unpacked to the disk.

An archive is listed once. Each of its files is then opened by its place in it: to open the archive anew for each would
read its list as often as it has files. Only what is stored or deflated is read, as nearly every archive is: of the
other methods the library unpacks without a limit, so that a small file could fill the memory.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import IO
from zipfile import ZipInfo

from ctxsearch.errors import SourceError

ARCHIVE = ".zip"
HIDDEN = (".", "~$")
"""What names of hidden files begin with, and of those by which an office locks a file that is open in it."""

_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_ENCRYPTED = 0x1
# Of the header that stands before each file: signature, 22 bytes that the list has too, length of name and of extras.
_LOCAL_HEADER = struct.Struct("<4s22xHH")
_SIGNATURE = b"PK\x03\x04"
_AGAIN = "Make or copy the archive again."


def members(path: Path, uri: str) -> Sequence[tuple[str, ZipInfo]]:
    """Returns the files of an archive with their names in it, sorted, without hidden ones.

    A name has ``/`` between its parts, and leads nowhere out of the archive.

    Raises:
        SourceError: it cannot be read, or is no archive.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except OSError as error:
        raise SourceError(uri, f"it cannot be read ({error.strerror or error})") from error
    except (zipfile.BadZipFile, NotImplementedError, UnicodeDecodeError, struct.error) as error:
        raise SourceError(uri, f"it is not a whole zip archive ({error})", hint=_AGAIN) from error
    found = []
    for entry in entries:
        parts = [part for part in entry.filename.replace("\\", "/").split("/") if part not in {"", ".", ".."}]
        is_hidden = any(part.startswith(HIDDEN) for part in parts) or "__MACOSX" in parts[:1]
        if parts and not is_hidden and not entry.is_dir():
            found.append(("/".join(parts), entry))
    return sorted(found, key=lambda named: named[0])


def open_member(raw: IO[bytes], member: ZipInfo, uri: str) -> zipfile.ZipExtFile:
    """Opens a file in an archive that is open.

    Raises:
        SourceError: it cannot be unpacked; reading from it may raise this too.
    """
    if member.flag_bits & _ENCRYPTED:
        raise SourceError(uri, "it is encrypted", hint="Make an archive without a password.")
    if member.compress_type not in _METHODS:
        why = f"it is packed by method {member.compress_type}, which is not read"
        raise SourceError(uri, why, hint="Make an archive by the usual method, deflate.")
    # Of a damaged list it may lie before the archive, where nothing can be read.
    raw.seek(max(0, member.header_offset))
    header = raw.read(_LOCAL_HEADER.size) if member.header_offset >= 0 else b""
    signature, name_length, extra_length = (
        _LOCAL_HEADER.unpack(header) if len(header) == _LOCAL_HEADER.size else (b"", 0, 0)
    )
    if signature != _SIGNATURE:
        raise SourceError(uri, "it is not where the archive says", hint=_AGAIN)
    raw.seek(name_length + extra_length, 1)
    return _Member(raw, member, uri)


class _Member(zipfile.ZipExtFile):
    """A file in an archive, which says itself what is wrong with it."""

    def __init__(self, raw: IO[bytes], member: ZipInfo, uri: str) -> None:
        super().__init__(raw, "r", member)
        self._uri = uri

    def read(self, n: int | None = -1) -> bytes:
        """Returns the next bytes, unpacked."""
        try:
            return super().read(n)
        except (zipfile.BadZipFile, EOFError, zlib.error) as error:
            raise SourceError(self._uri, f"it is damaged in the archive ({error})", hint=_AGAIN) from error
