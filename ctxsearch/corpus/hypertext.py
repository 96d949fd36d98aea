"""Reads a page of HTML: one document.

Its text is what a reader would see, but for menus, buttons and forms, what is struck out, and how signs are read that
is written above them. Paragraphs, heads, items, cells and their like are parted by an empty line, and lines (``br``,
and those in ``pre``) by a line end. The title is the page's own.

What is left out ends with its element. Of an element that is never closed nobody knows where that is: it is taken with
all that is in it, and so are others of its name.

Pages often declare an encoding that they had once. What is UTF-8 is read as that, whatever a page says.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Set
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
from ctxsearch.corpus.text import refuse_utf_16
from ctxsearch.domain import Document
from ctxsearch.errors import SourceError

_HINT = "Cut it into several pages."
_DECLARED = re.compile(
    rb"""<(?:meta|\?xml)\b[^>]*?(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9._:-]+)""", re.IGNORECASE
)
_LOOKED_AT = 4_096
_MARKS_OF_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
# What browsers read for it: mostly the same with more characters.
_MEANT = {
    **dict.fromkeys(("iso-8859-1", "latin1", "latin-1", "us-ascii", "ascii"), "cp1252"),
    **dict.fromkeys(("iso-8859-9", "latin5"), "cp1254"),
    **dict.fromkeys(("iso-8859-11", "tis-620"), "cp874"),
    **dict.fromkeys(("shift_jis", "shift-jis", "sjis", "x-sjis"), "cp932"),
    **dict.fromkeys(("gb2312", "gbk", "x-gbk"), "gb18030"),
    **dict.fromkeys(("euc-kr", "ks_c_5601-1987"), "cp949"),
    "big5": "big5hkscs",
    "x-mac-roman": "mac_roman",
    "x-mac-cyrillic": "mac_cyrillic",
}

_LEFT_OUT: Set[str] = {
    *("audio", "button", "canvas", "datalist", "del", "iframe", "math", "nav", "noscript", "object", "rp", "rt"),
    *("script", "select", "style", "svg", "template", "textarea", "video"),
}
# Whose content is no markup; where one is never closed, browsers show nothing of what is behind it.
_RAW = {"iframe", "script", "style", "textarea"}
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
    whole = "".join(parts)
    refuse_utf_16(whole, file)
    page = _Page(file, options, _LEFT_OUT)
    page.take(whole)
    while page.left_out and page.left_out not in _RAW:
        page = _Page(file, options, page.leaves_out - {page.left_out})
        page.take(whole)
    text, _ = page.text.finish()
    title = " ".join("".join(page.title).split())
    yield checked(Document(file.name, text, title=title or file.stem, uri=file.uri), file)


def _encoding(content: bytes, file: File, options: Options) -> str:
    """The encoding asked for; or else UTF-8 where the page is that, and where it is not, what it declares."""
    if options.encoding != DEFAULT_ENCODING:
        return options.encoding
    if content.startswith(_MARKS_OF_UTF_16):
        return "utf-16"
    found = _DECLARED.search(content[:_LOOKED_AT])
    if found is None:
        return DEFAULT_ENCODING
    try:
        content.decode()
    except UnicodeDecodeError:
        name = found[1].decode("ascii").lower()
        # What could be read so far is not UTF-16, whatever it says.
        if name.startswith("utf-16"):
            return DEFAULT_ENCODING
        return declared(_MEANT.get(name, name), file)
    return DEFAULT_ENCODING


class _Page(HTMLParser):
    """Turns the elements of a page into text.

    Attributes:
        leaves_out: the names of the elements whose content is none of it.
        left_out: the one of them that is open; empty where none is.
    """

    def __init__(self, file: File, options: Options, leaves_out: Set[str]) -> None:
        super().__init__()
        self.text = TeiText()
        self.title: list[str] = []
        self.leaves_out = leaves_out
        self.left_out = ""
        self._file = file
        self._options = options
        self._depth = 0
        self._is_title = False
        self._is_broken = False
        self._n_pre = 0

    def take(self, content: str) -> None:
        """Takes the page, and what is left of it: a text. What begins with a tag that is never closed is none.

        So it is in browsers. Of this the library would look for the end of each part anew.
        """
        self.feed(content)
        if not self.rawdata.startswith("<"):
            self.close()

    def parse_html_declaration(self, i: int) -> int:
        """Passes over a declaration, whatever is in it; of some sections the library's own fails."""
        return self.parse_comment(i) if self.rawdata.startswith("<!--", i) else self.parse_bogus_comment(i)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        """Takes the start of an element."""
        if self.left_out:
            self._depth += tag == self.left_out
        elif tag in self.leaves_out:
            self.left_out, self._depth = tag, 1
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
        if tag not in self.leaves_out:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        """Takes the end of an element."""
        if self.left_out:
            self._depth -= tag == self.left_out
            if not self._depth:
                self.left_out = ""
        elif tag in _BLOCKS:
            self._part(PARAGRAPH)
            self._n_pre = max(0, self._n_pre - (tag == "pre"))
            self._is_title = False

    def handle_data(self, data: str) -> None:
        """Takes text.

        Raises:
            SourceError: there is too much of it.
        """
        if self.left_out:
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
