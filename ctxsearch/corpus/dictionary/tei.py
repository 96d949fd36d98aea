"""Reads TEI Lex-0."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

from ctxsearch.corpus.dictionary.elements import elements, plain_text
from ctxsearch.corpus.dictionary.sense import DictionarySense, Wants

_XML_ID = "http://www.w3.org/XML/1998/namespace}id"


def read_tei(path: Path, wants: Wants) -> Iterator[DictionarySense]:
    """The senses of a file, see `read_dictionary`."""
    for entry, _ in elements(path, ("entry",)):
        for sense in _senses_below(entry):
            if wants(sense.headword):
                yield sense


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
        definition = " ".join(plain_text(one) for one in sense if one.tag == "def")
        quotes = [
            plain_text(quote)
            for cited in sense
            if cited.tag == "cit" and cited.get("type") == "example"
            for quote in cited.iter("quote")
        ]
        # A sense that only holds others is none of its own.
        if headword and (definition or quotes):
            yield DictionarySense(headword, sense.get(_XML_ID) or f"{headword}.{number}", definition, quotes)
