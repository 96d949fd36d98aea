"""Reads TEI Lex-0."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

from ctxsearch.corpus.dictionary.elements import elements, plain_text
from ctxsearch.corpus.dictionary.sense import DictionarySense, Wants
from ctxsearch.corpus.markup import MACHINE, named, xml_name
from ctxsearch.errors import SourceError

_XML_ID = "http://www.w3.org/XML/1998/namespace}id"
_XML_SPACE = "http://www.w3.org/XML/1998/namespace}space"
_ESCAPED = re.compile(r"[\[\]\\]")


def read_tei(path: Path, wants: Wants) -> Iterator[DictionarySense]:
    """The senses of a file, see `read_dictionary`."""
    entry = None
    for entry, _ in elements(path, ("entry",)):
        for sense in _senses_below(entry):
            if wants(sense.headword):
                yield sense
    if entry is None:
        raise SourceError(
            str(path),
            "there is no entry in it",
            hint="A dictionary of TEI Lex-0 has its words in <entry>. A text is for: ctxsearch index INDEX FILE.",
        )


def _senses_below(element: Element) -> Iterator[DictionarySense]:
    """The senses of an entry, after those of the entries in it, which are then taken out of it."""
    for child in element:
        yield from _senses_below(child)
    if element.tag == "entry":
        yield from _senses_of(element)
        element.clear()


def _senses_of(entry: Element) -> Iterator[DictionarySense]:
    headword = next((text for one in entry.iter("orth") if (text := plain_text(one))), "")
    for number, sense in enumerate(entry.iter("sense"), start=1):
        definitions = [_text(one) for one in sense if one.tag == "def"]
        cited = [one for one in sense if one.tag == "cit" and one.get("type") == "example"]
        by_people = [one for one in cited if one.get("resp") != f"#{MACHINE}"]
        quotes = [_quoted(quote) for one in by_people for quote in one.iter("quote")]
        # A sense that only holds others is none of its own.
        if headword and (definitions or cited):
            name = _name(sense) or f"{headword}.{number}"
            yield DictionarySense(headword, name, " ".join(definitions), quotes, len(cited) - len(by_people))


def _name(sense: Element) -> str:
    """What a sense is called: what its id is made of, which older exports have in ``n``."""
    xml_id, n = sense.get(_XML_ID, ""), sense.get("n", "")
    return n if n and xml_name(n) == xml_id else named(xml_id)


def _quoted(quote: Element) -> str:
    """An example sentence, with its word in brackets where one is marked."""
    marked = [one for one in quote.iter("hi") if one.get("rend") == "node"]
    return _text(quote, marked[0] if len(marked) == 1 else None)


def _text(element: Element, marked: Element | None = None) -> str:
    """The text of an element, one blank in the place of white space unless it is to be kept; a part may be marked."""
    text = "".join(element.itertext() if marked is None else _pieces(element, marked))
    return text if element.get(_XML_SPACE) == "preserve" else " ".join(text.split())


def _pieces(element: Element, marked: Element) -> Iterator[str]:
    """The pieces of an element's text as `parse_usage` reads them, with brackets around those of one part."""
    if element is marked:
        yield "["
    yield _ESCAPED.sub(r"\\\g<0>", element.text or "")
    for one in element:
        yield from _pieces(one, marked)
        yield _ESCAPED.sub(r"\\\g<0>", one.tail or "")
    if element is marked:
        yield "]"
