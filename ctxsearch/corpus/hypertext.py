"""Reads a page of HTML: one document.

Its text is what a reader would see, and of that what stands in no menu, button or form, and is not struck out.
Paragraphs, heads, items, cells and their like are parted by an empty line, and lines (``br``, and those in ``pre``) by
a line end. The title is the page's own.

Pages often declare an encoding that they had once. What is UTF-8 is read as that, whatever a page says.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from html.parser import HTMLParser

from ctxsearch.corpus.assembly import PARAGRAPH
from ctxsearch.corpus.files import File
from ctxsearch.corpus.lines import decode
from ctxsearch.corpus.records import (
    DEFAULT_ENCODING,
    OnRead,
    Options,
    bad_byte,
    checked,
    content_of,
    declared,
    too_long,
)
from ctxsearch.corpus.tei_text import LINE, TeiText
from ctxsearch.domain import Document
from ctxsearch.errors import SourceError

_HINT = "Cut it into several pages."
_DECLARED = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9._:-]+)""", re.IGNORECASE)
_LOOKED_AT = 4_096
# What browsers read for it.
_MEANT = {"iso-8859-1": "cp1252", "latin1": "cp1252", "latin-1": "cp1252", "us-ascii": "cp1252", "ascii": "cp1252"}

_LEFT_OUT = {
    *("button", "datalist", "del", "iframe", "math", "nav", "noscript", "object", "script", "select", "style", "svg"),
    *("template", "textarea"),
}
_BLOCKS = {
    *("address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "dialog", "div", "dl"),
    *("dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr"),
    *("legend", "li", "main", "ol", "p", "pre", "section", "summary", "table", "td", "th", "title", "tr", "ul"),
}


def read_html(file: File, options: Options, on_read: OnRead) -> Iterator[Document | SourceError]:
    """Yields the page as one document.

    Raises:
        SourceError: the file cannot be read or decoded, is too long, or its name cannot serve as an id.
    """
    content = content_of(file, options, on_read, hint=_HINT)
    options = dataclasses.replace(options, encoding=_encoding(content, file, options))
    parts = []
    for text, bad in decode([content], options.encoding):
        parts.append(text)
        if bad:
            raise bad_byte(bad, file, options)
    page = _Page(file, options)
    page.feed("".join(parts))
    page.end()
    text, _ = page.text.finish()
    title = " ".join("".join(page.title).split())
    yield checked(Document(file.name, text, title=title or file.stem, uri=file.uri), file)


def _encoding(content: bytes, file: File, options: Options) -> str:
    """The encoding asked for; or else UTF-8 where the page is that, and where it is not, what it declares."""
    if options.encoding != DEFAULT_ENCODING:
        return options.encoding
    found = _DECLARED.search(content[:_LOOKED_AT])
    if found is None:
        return DEFAULT_ENCODING
    try:
        content.decode()
    except UnicodeDecodeError:
        name = found[1].decode("ascii").lower()
        return declared(_MEANT.get(name, name), file)
    return DEFAULT_ENCODING


class _Page(HTMLParser):
    """Turns the elements of a page into text."""

    def __init__(self, file: File, options: Options) -> None:
        super().__init__()
        self.text = TeiText()
        self.title: list[str] = []
        self._file = file
        self._options = options
        self._left_out = ""
        self._depth = 0
        self._is_title = False
        self._is_broken = False
        self._n_pre = 0

    def end(self) -> None:
        """Takes what is left: a text. What begins with a tag that is never closed is none, as in browsers.

        Of this the library would look for the end of each part anew.
        """
        if not self.rawdata.startswith("<"):
            self.close()

    def parse_html_declaration(self, i: int) -> int:
        """Passes over a declaration, whatever is in it; of some sections the library's own fails."""
        return self.parse_comment(i) if self.rawdata.startswith("<!--", i) else self.parse_bogus_comment(i)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        """Takes the start of an element."""
        if self._left_out:
            self._depth += tag == self._left_out
        elif tag in _LEFT_OUT:
            self._left_out, self._depth = tag, 1
        elif tag == "br":
            # Two in a row are how many pages part their paragraphs.
            self._part(PARAGRAPH if self._is_broken else LINE)
            self._is_broken = True
        elif tag in _BLOCKS:
            self._part(PARAGRAPH)
            self._n_pre += tag == "pre"
            self._is_title = tag == "title"

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        """Takes an element that ends where it starts, as only some can."""
        if tag not in _LEFT_OUT:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        """Takes the end of an element."""
        if self._left_out:
            self._depth -= tag == self._left_out
            if not self._depth:
                self._left_out = ""
        elif tag in _BLOCKS:
            self._part(PARAGRAPH)
            self._n_pre = max(0, self._n_pre - (tag == "pre"))
            self._is_title = False

    def handle_data(self, data: str) -> None:
        """Takes text.

        Raises:
            SourceError: there is too much of it.
        """
        if self._left_out:
            return
        if self._is_title:
            self.title.append(data)
            return
        self._is_broken = self._is_broken and not data.strip()
        for number, line in enumerate(data.split("\n") if self._n_pre else [data]):
            if number:
                self._part(LINE if line.strip() else PARAGRAPH)
            self.text.characters(line)
        if self.text.size > self._options.max_record_chars:
            raise too_long(self._file, self._options)

    def _part(self, gap: str) -> None:
        self.text.end_block(gap)
        self._is_broken = False
