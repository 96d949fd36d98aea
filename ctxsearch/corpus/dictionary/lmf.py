"""Reads WN-LMF, the XML in which the Global WordNet Association has WordNets exchanged.

A sense stands in the entry of its word and names its synset, which has the definition and most examples, and may stand
anywhere in the file. So the senses asked for are gathered, and the synsets they need: those that come after an entry
that needs them on the same way through, and those that came before on a second.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from xml.etree.ElementTree import Element

from ctxsearch.corpus.dictionary.elements import elements, plain_text
from ctxsearch.corpus.dictionary.sense import DictionarySense, Wants
from ctxsearch.errors import SourceError

_ENTRY, _SYNSET = "LexicalEntry", "Synset"


class _Synset(NamedTuple):
    definition: str
    examples: list[str]


class _Sense(NamedTuple):
    headword: str
    sense_id: str
    synset: str
    examples: list[str]
    line: int


def read_lmf(path: Path, wants: Wants) -> Iterator[DictionarySense]:
    """The senses of a file, in the order of its entries; a blank stands in a headword where the file has ``_``.

    Args:
        path: the file.
        wants: see `read_dictionary`; the synsets of other senses are not kept.

    Raises:
        SourceError: an entry has no written form, a sense no id, or a synset is missing.
    """
    senses: list[_Sense] = []
    synsets: dict[str, _Synset | None] = {}
    for element, line in elements(path, (_ENTRY, _SYNSET)):
        if element.tag == _SYNSET:
            _keep(element, synsets)
            continue
        for sense in _senses_of(element, str(path), line, wants):
            senses.append(sense)
            synsets.setdefault(sense.synset, None)
    if None in synsets.values():
        for element, _ in elements(path, (_SYNSET,)):
            _keep(element, synsets)
    for sense in senses:
        synset = synsets[sense.synset]
        if synset is None:
            why = f"the sense {sense.sense_id!r} is of the synset {sense.synset!r}, which the file does not have"
            raise SourceError(str(path), why, line=sense.line)
        examples = list(dict.fromkeys([*sense.examples, *synset.examples]))
        yield DictionarySense(sense.headword, sense.sense_id, synset.definition, examples)


def _senses_of(entry: Element, path: str, line: int, wants: Wants) -> Iterator[_Sense]:
    lemma = entry.find("Lemma")
    headword = " ".join(("" if lemma is None else lemma.get("writtenForm", "")).replace("_", " ").split())
    if not headword:
        raise SourceError(path, f"the entry {entry.get('id', '')!r} has no Lemma with a writtenForm", line=line)
    for sense in entry.iterfind("Sense"):
        sense_id, synset = sense.get("id", ""), sense.get("synset", "")
        if not sense_id or not synset:
            raise SourceError(path, f"a sense of {headword!r} lacks its id or its synset", line=line)
        if wants(headword):
            yield _Sense(headword, sense_id, synset, _examples(sense), line)


def _keep(element: Element, synsets: dict[str, _Synset | None]) -> None:
    """Keeps what a synset says, if it is needed and not known yet."""
    name = element.get("id", "")
    if name in synsets and synsets[name] is None:
        definitions = [text for one in element.iterfind("Definition") if (text := plain_text(one))]
        synsets[name] = _Synset("; ".join(definitions), _examples(element))


def _examples(element: Element) -> list[str]:
    # Some WordNets have the quotation marks of the database files about their examples.
    texts = (plain_text(one) for one in element.iterfind("Example"))
    return [text for one in texts if (text := _unquoted(one))]


def _unquoted(text: str) -> str:
    is_quoted = len(text) > 1 and text[0] == text[-1] == '"' and '"' not in text[1:-1]
    return text[1:-1].strip() if is_quoted else text
