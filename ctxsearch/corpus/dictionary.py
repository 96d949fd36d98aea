"""Reads dictionaries: headwords, their senses, definitions, and example sentences."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from ctxsearch.corpus.markup import xml_name
from ctxsearch.corpus.reading import read
from ctxsearch.errors import SourceError

_ESCAPED = re.compile(r"[\[\]\\]")
_TEI = "{http://www.tei-c.org/ns/1.0}"
_XML = "{http://www.w3.org/XML/1998/namespace}"
_XML_ID = f"{_XML}id"


@dataclass(frozen=True, slots=True)
class DictionarySense:
    """A sense as a dictionary has it.

    Attributes:
        headword: the word.
        sense_id: what the dictionary calls the sense.
        definition: may be empty.
        examples: sentences that show it; the word may be in brackets.
    """

    headword: str
    sense_id: str
    definition: str
    examples: Sequence[str]


def read_dictionary(path: str | Path) -> Iterator[DictionarySense]:
    """Reads the senses of a dictionary, one after the other.

    JSONL has ``{"headword": ..., "sense": ..., "definition": ..., "examples": [...]}`` in each line; CSV and TSV have
    the columns ``headword``, ``sense``, ``definition`` and ``example``, a row for each example. TEI Lex-0 (``.xml``)
    has ``entry``, ``form/orth``, ``sense`` with its ``xml:id``, ``def`` and ``cit[@type="example"]/quote``; a sense
    without an id is called by its headword and number. In a quote the word may be marked by ``hi[@rend="node"]``. All
    may be packed with gzip (``.gz``).

    Raises:
        SourceError: it cannot be read.
    """
    path = Path(path)
    if path.name.lower().endswith((".xml", ".xml.gz")):
        yield from _tei_senses(path)
        return
    for document in read(path, text_column="definition", id_column="sense"):
        headword, examples = document.metadata.get("headword"), document.metadata.get("examples")
        if not isinstance(headword, str) or not headword.strip():
            raise SourceError(document.uri.partition("#")[0] or str(path), f"{document.document_id!r} has no headword")
        sentences = _sentences(examples) if isinstance(examples, str) else []
        one = document.metadata.get("example")
        if isinstance(one, str) and one.strip():
            sentences.append(one)
        yield DictionarySense(headword.strip(), document.document_id, document.text.strip(), sentences)


def _sentences(examples: str) -> list[str]:
    """The sentences of a list, which the reader of documents gives as JSON."""
    try:
        found = json.loads(examples)
    except ValueError:
        return [examples]
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else [examples]


def _tei_senses(path: Path) -> Iterator[DictionarySense]:
    try:
        with gzip.open(path) if path.name.endswith(".gz") else path.open("rb") as file:
            for _, element in ElementTree.iterparse(file):
                if element.tag.removeprefix(_TEI) == "entry":
                    yield from _senses_of(element)
                    # What was read is let go of: memory does not grow with the dictionary.
                    element.clear()
    except ElementTree.ParseError as error:
        raise SourceError(str(path), f"it is not well-formed XML ({error.msg})", line=error.position[0]) from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise SourceError(str(path), f"it is not a whole gzip file ({error})") from error
    except OSError as error:
        raise SourceError(str(path), f"it cannot be read ({error.strerror or error})") from error


def _senses_of(entry: ElementTree.Element) -> Iterator[DictionarySense]:
    headword = next((text for one in _named(entry, "orth") if (text := _text(one))), "")
    for number, sense in enumerate(_named(entry, "sense"), start=1):
        definitions = [_text(one) for one in sense if one.tag.removeprefix(_TEI) == "def"]
        quotes = [
            _quoted(quote)
            for cited in sense
            if cited.tag.removeprefix(_TEI) == "cit" and cited.get("type") == "example"
            for quote in _named(cited, "quote")
        ]
        # A sense that only holds others is none of its own.
        if headword and (definitions or quotes):
            yield DictionarySense(headword, _name(sense) or f"{headword}.{number}", " ".join(definitions), quotes)


def _name(sense: ElementTree.Element) -> str:
    """What a sense is called: by its ``n``, where the id is made of that since it can be no id itself."""
    xml_id, n = sense.get(_XML_ID, ""), sense.get("n", "")
    return n if n and xml_name(n) == xml_id else xml_id


def _quoted(quote: ElementTree.Element) -> str:
    """An example sentence, with its word in brackets where one is marked."""
    marked = [one for one in _named(quote, "hi") if one.get("rend") == "node"]
    if len(marked) != 1:
        return _text(quote)
    return _text(quote, marked[0])


def _named(element: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    return [one for one in element.iter() if one.tag.removeprefix(_TEI) == name]


def _text(element: ElementTree.Element, marked: ElementTree.Element | None = None) -> str:
    """The text of an element, one blank in the place of white space unless it is to be kept; a part may be marked."""
    text = "".join(element.itertext() if marked is None else _pieces(element, marked))
    return text if element.get(f"{_XML}space") == "preserve" else " ".join(text.split())


def _pieces(element: ElementTree.Element, marked: ElementTree.Element) -> Iterator[str]:
    """The pieces of an element's text as `parse_usage` reads them, with brackets around those of one part."""
    if element is marked:
        yield "["
    yield _ESCAPED.sub(r"\\\g<0>", element.text or "")
    for one in element:
        yield from _pieces(one, marked)
        yield _ESCAPED.sub(r"\\\g<0>", one.tail or "")
    if element is marked:
        yield "]"
