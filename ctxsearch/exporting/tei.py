"""Draft entries of a dictionary, TEI Lex-0: a word's senses with their definitions, examples and frequencies.

What is written comes back by ``senses import``: headword, name of the sense, definition, and the examples, each with
its word marked by ``<hi rend="node">``; but those whose sense only the machine says, which are marked by ``resp``, are
left out, so that its answers are not taken for what a person said. The ``xml:id`` of a sense tells its name, see
`xml_name`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import numpy as np
from numpy.typing import NDArray

from ctxsearch.corpus.markup import MACHINE, xml_name, xml_text
from ctxsearch.domain import Progress, Usage
from ctxsearch.errors import SenseError, SenseNotFound, WordNotFound
from ctxsearch.exporting.choosing import Chosen, choose
from ctxsearch.exporting.material import Material, Output
from ctxsearch.exporting.showing import showing
from ctxsearch.query.citation import citation_form
from ctxsearch.query.goodness import common_lemmas
from ctxsearch.query.words import rows_asked_for
from ctxsearch.sense import Sense
from ctxsearch.storage import NewFile

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<TEI xmlns="http://www.tei-c.org/ns/1.0">
<teiHeader>
<fileDesc>
<titleStmt><title>Draft entries</title>{responsible}</titleStmt>
<publicationStmt><p>A draft, and not published.</p></publicationStmt>
<sourceDesc><p>Made from a sense inventory and the corpus that it is about.</p></sourceDesc>
</fileDesc>
</teiHeader>
<text>
<body>
"""
_RESPONSIBLE = (
    f'<respStmt xml:id="{MACHINE}"><resp>chose examples whose sense no person said</resp>'
    "<name>ctxsearch assign</name></respStmt>"
)
_TAIL = "</body>\n</text>\n</TEI>\n"


class _Lines:
    """The lines that show the senses of a word.

    Args:
        material: what they are of.
        lemma: the word.
    """

    def __init__(self, material: Material, lemma: str) -> None:
        self._material = material
        self._found: dict[str, NDArray[np.int64]] = {}
        self._chosen: Chosen | None = None
        self.notes: Sequence[str] = ()
        self.kind = ""
        # All senses are told apart, also where one alone is written.
        filters = material.asked.filters
        filters = replace(filters, written=replace(filters.written, is_lemma=True))
        asked = replace(material.asked, word=material.asked.word or lemma, sense=None, filters=filters)
        try:
            chosen = choose(replace(material, asked=asked, on_progress=None))
        except WordNotFound:
            return  # an inventory may be ahead of its corpus
        self.notes = chosen.notes
        if chosen.sense_columns:
            self.kind = "assigned" if "assigned" in chosen.sense_columns else "labels"
            self._found, self._chosen = chosen.by_sense(), chosen

    def frequency(self, sense_id: str) -> int:
        """How many lines have the sense; one on which people differ has each of theirs, as in `senses list`."""
        return 0 if self._chosen is None else self._chosen.count_with(sense_id)

    def best(self, sense_id: str, n: int, common: frozenset[str]) -> list[tuple[Usage, str, bool]]:
        """The best examples of the sense, each with its document, and whether a person gave it the sense."""
        if self._chosen is None or sense_id not in self._found:
            return []
        made = showing(self._material.shards, self._chosen.annotation, sense_id, self._found[sense_id], n, common)
        return [
            (
                Usage(f"{one.left}{one.node}{one.right}", len(one.left), len(one.left) + len(one.node)),
                one.document_id,
                is_by_people,
            )
            for one, is_by_people in made
        ]


def write_tei(material: Material, path: Path) -> Output:
    """Writes the entry of a word, or of every headword of the inventory.

    Raises:
        SenseError: there is no such sense, or none at all.
        WordNotFound: neither the inventory nor the corpus has the word.
    """
    asked = material.asked
    entries: dict[str, list[tuple[int, Sense]]] = {}
    for sense in material.senses.list(asked.word):
        senses = entries.setdefault(sense.lemma, [])
        senses.append((len(senses) + 1, sense))
    if not entries:
        whose = "The inventory has"
        if asked.word is not None:
            rows_asked_for(material.shards, asked.word)
            whose = f"{asked.word!r} has"
        raise SenseError(f"{whose} no sense yet; make one with: ctxsearch senses new.")
    if asked.sense is not None:
        known = [sense.sense_id for senses in entries.values() for _, sense in senses]
        if asked.sense not in known:
            raise SenseNotFound(asked.sense, known)
        entries = {
            lemma: [one for one in senses if one[1].sense_id == asked.sense] for lemma, senses in entries.items()
        }
    taken = {xml_name(sense.sense_id) for senses in entries.values() for _, sense in senses}
    common = common_lemmas(material.shards)
    notes: dict[str, None] = {}
    with NewFile(path) as file:
        file.write(_HEAD.format(responsible=_RESPONSIBLE if asked.senses == "assigned" else "").encode())
        for done, (lemma, senses) in enumerate(entries.items(), start=1):
            name = f"entry_{xml_name(lemma)}"
            while name in taken:
                name += "_"
            taken.add(name)
            lines = _lines_of(material, lemma, notes)
            file.write("".join(_entry(material, name, lemma, senses, lines, common)).encode())
            if material.on_progress:
                material.on_progress(Progress("exporting", done, len(entries)))
        file.write(_TAIL.encode())
    return Output(len(entries), list(notes))


def _lines_of(material: Material, lemma: str, notes: dict[str, None]) -> _Lines | None:
    """The lines of a word; None, and a note, where one of many words has nothing to tell its senses by."""
    try:
        lines = _Lines(material, lemma)
    except SenseError as error:
        if material.asked.word is not None:
            raise
        notes[str(error)] = None
        return None
    notes.update(dict.fromkeys(lines.notes))
    return lines


def _entry(
    material: Material,
    name: str,
    lemma: str,
    senses: Sequence[tuple[int, Sense]],
    lines: _Lines | None,
    common: frozenset[str],
) -> Iterator[str]:
    yield f"<entry xml:id={_attribute(name)} xml:lang={_attribute(material.language)}>\n"
    yield f'<form type="lemma">{_element("orth", citation_form(material.shards, lemma))}</form>\n'
    if len(tags := material.asked.filters.written.tags) == 1:
        yield f'<gramGrp><gram type="pos">{_escaped(tags[0])}</gram></gramGrp>\n'
    sentences = material.senses.sentences(lemma)
    for number, sense in senses:
        own = xml_name(sense.sense_id)
        yield f'<sense xml:id={_attribute(own)} n="{number}">\n{_element("def", sense.definition)}\n'
        examples = [usage for sense_id, usage in sentences if sense_id == sense.sense_id]
        for usage in examples:
            yield _cited(usage)
        if lines is not None and lines.kind:
            left = material.asked.examples - len(examples)
            had = {_words(usage.text) for usage in examples}
            # So many more are looked at as could be among the sense's own.
            more = lines.best(sense.sense_id, left + len(examples), common) if left > 0 else []
            for cited in [one for one in more if _words(one[0].text) not in had][:left]:
                yield _cited(*cited)
            yield f'<note type="frequency" subtype="{lines.kind}">{lines.frequency(sense.sense_id)}</note>\n'
        for note in sense.notes:
            yield f"{_element('note', note.text)}\n"
        yield "</sense>\n"
    yield "</entry>\n"


def _cited(usage: Usage, document_id: str = "", is_by_people: bool = True) -> str:
    before, node, after = (
        _escaped(part)
        for part in (usage.text[: usage.start], usage.text[usage.start : usage.end], usage.text[usage.end :])
    )
    quote = f'<quote{_kept(usage.text)}>{before}<hi rend="node">{node}</hi>{after}</quote>'
    source = _element("bibl", document_id) if document_id else ""
    resp = "" if is_by_people else f' resp="#{MACHINE}"'
    return f'<cit type="example"{resp}>{quote}{source}</cit>\n'


def _element(name: str, text: str) -> str:
    return f"<{name}{_kept(text)}>{_escaped(text)}</{name}>" if text else f"<{name}/>"


def _kept(text: str) -> str:
    """What keeps white space as it is, where a reader would put one blank in the place of it."""
    return "" if text == _words(text) else ' xml:space="preserve"'


def _words(text: str) -> str:
    return " ".join(text.split())


def _escaped(text: str) -> str:
    return escape(xml_text(text), {"\r": "&#13;"})


def _attribute(text: str) -> str:
    return quoteattr(xml_text(text))
