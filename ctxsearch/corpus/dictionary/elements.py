"""The elements of an XML file that are asked for, each with its line; nothing else is kept of a file of any size.

`ElementTree.iterparse` was refused: it keeps what comes between the elements, and does not know their lines.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from ctxsearch.errors import SourceError

_BLOCK = 1 << 16
_UTF_8 = "Write it as UTF-8."


def elements(path: Path, names: Collection[str]) -> Iterator[tuple[Element, int]]:
    """The elements of these names, whatever their namespace, with all that is in them and the line they begin in.

    Tags are given without their namespace; an attribute with one is called ``namespace}name``.

    Args:
        path: the file; packed, if its name ends with ``.gz``.
        names: of elements; one in another is given with that.

    Raises:
        SourceError: the file cannot be read, or is not well-formed.
    """
    parts = _Parts(path, names)
    for block in _blocks(path):
        yield from parts.read(block)
    yield from parts.read(b"", last=True)


def root_of(path: Path) -> str:
    """The name of the root, without its namespace.

    Raises:
        SourceError: the file cannot be read, or is not well-formed up to there.
    """
    parts = _Parts(path, ())
    for block in _blocks(path):
        parts.read(block)
        if parts.root:
            return parts.root
    parts.read(b"", last=True)
    return parts.root


def plain_text(element: Element) -> str:
    """The text of an element and all in it, with single blanks."""
    return " ".join("".join(element.itertext()).split())


class _Parts:
    """A parser that builds some elements, and forgets the rest."""

    def __init__(self, path: Path, names: Collection[str]) -> None:
        self.root = ""
        self._path = str(path)
        self._names = frozenset(names)
        self._whole: list[tuple[Element, int]] = []
        self._builder = TreeBuilder()
        self._depth = self._line = 0
        self._parser = expat.ParserCreate(namespace_separator="}")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.SkippedEntityHandler = self._skipped

    def read(self, block: bytes, *, last: bool = False) -> list[tuple[Element, int]]:
        """The elements that are whole now."""
        try:
            self._parser.Parse(block, last)
        except expat.ExpatError as error:
            why = f"it is not well-formed XML ({expat.ErrorString(error.code)})"
            raise SourceError(self._path, why, line=error.lineno) from error
        except SourceError:
            raise
        except (LookupError, ValueError) as error:
            raise SourceError(self._path, f"its encoding cannot be read ({error})", line=1, hint=_UTF_8) from error
        whole, self._whole = self._whole, []
        return whole

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        name = name.rpartition("}")[2]
        self.root = self.root or name
        if not self._depth:
            if name not in self._names:
                return
            self._builder, self._line = TreeBuilder(), self._parser.CurrentLineNumber
        self._depth += 1
        self._builder.start(name, attributes)

    def _end(self, name: str) -> None:
        if self._depth:
            self._depth -= 1
            self._builder.end(name.rpartition("}")[2])
            if not self._depth:
                self._whole.append((self._builder.close(), self._line))

    def _text(self, text: str) -> None:
        if self._depth:
            self._builder.data(text)

    def _skipped(self, name: str, is_parameter: bool) -> None:
        # Left out without a word, it would be missing from the middle of one.
        if self._depth and not is_parameter:
            line = self._parser.CurrentLineNumber
            raise SourceError(self._path, f"it does not say what its entity &{name}; stands for", line=line)


def _blocks(path: Path) -> Iterator[bytes]:
    try:
        with gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb") as file:
            while block := file.read(_BLOCK):
                yield block
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise SourceError(str(path), f"it is not a whole gzip file ({error})") from error
    except OSError as error:
        raise SourceError(str(path), f"it cannot be read ({error.strerror or error})") from error
