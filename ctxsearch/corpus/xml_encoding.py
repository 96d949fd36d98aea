"""The encoding of an XML file, which says in its first line what it has."""

from __future__ import annotations

import re

from ctxsearch.corpus.files import File
from ctxsearch.corpus.records import DEFAULT_ENCODING, Options, declared

_DECLARATION = re.compile(rb"(?:\xef\xbb\xbf)?<\?xml[^>]*?\sencoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")
_MARKS_OF_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def encoding_of_xml(first: bytes, file: File, options: Options) -> str:
    """The encoding asked for, or else the one that the file declares.

    Args:
        first: what the file begins with.
        file: the file.
        options: what is asked for.

    Raises:
        SourceError: there is no such encoding as it declares.
    """
    if options.encoding != DEFAULT_ENCODING:
        return options.encoding
    if first.startswith(_MARKS_OF_UTF_16):
        return "utf-16"
    found = _DECLARATION.match(first)
    name = found[1].decode("ascii") if found else DEFAULT_ENCODING
    # What could be read so far is not UTF-16, whatever it says.
    if name.lower().startswith("utf-16"):
        return DEFAULT_ENCODING
    return declared(name, file)
