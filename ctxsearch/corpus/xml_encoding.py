"""The encoding of an XML file, which says in its first line what it has."""

from __future__ import annotations

import re

from ctxsearch.corpus.files import File
from ctxsearch.corpus.lines import check_encoding
from ctxsearch.corpus.records import Options
from ctxsearch.errors import SourceError

_DEFAULT_ENCODING = "utf-8"
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
    if options.encoding != _DEFAULT_ENCODING:
        return options.encoding
    if first.startswith(_MARKS_OF_UTF_16):
        return "utf-16"
    declared = _DECLARATION.match(first)
    name = declared[1].decode("ascii") if declared else _DEFAULT_ENCODING
    # What could be read so far is not UTF-16, whatever it says.
    if name.lower().startswith("utf-16"):
        return _DEFAULT_ENCODING
    try:
        check_encoding(name)
    except SourceError as error:
        hint = 'Use the one that it has, for instance `encoding="latin-1"`.'
        raise SourceError(file.uri, f"it declares the encoding {name!r}, which is none", hint=hint) from error
    return name
