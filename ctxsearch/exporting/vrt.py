"""The corpus as vertical text (VRT): a token a line with its part of speech, lemma and sense.

It is what Sketch Engine, KonText and the Corpus Workbench compile: ``<doc>`` with the metadata, ``<p>``, ``<s>``, and
``<g/>`` where no blank stands between two tokens. Marks that are no tokens of the index are tokens without
a lemma here. Comments at the beginning say so, and name the columns, so that ctxsearch reads all of it as it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from ctxsearch.corpus.columns import MARKS_COMMENT, comment_on
from ctxsearch.exporting.annotation import Annotation
from ctxsearch.exporting.columns import about, as_id, named, one_line, unmarked
from ctxsearch.exporting.documents import write_documents
from ctxsearch.exporting.gaps import Piece, pieces
from ctxsearch.exporting.material import Material, Output
from ctxsearch.query.texts import TextDocument

COLUMNS = ("word", "pos", "lemma", "sense")
# As the Corpus Workbench has names; a digit or a mark at the beginning gets something before it.
_NOT_IN_A_NAME = re.compile(r"[^\w.\-]|^(?=[\d.\-])", re.ASCII)


def write_vrt(material: Material, path: Path) -> Output:
    """Writes the documents that are asked for."""
    head = f"{comment_on(COLUMNS)}\n{MARKS_COMMENT}\n"
    note = f"The columns are: {','.join(COLUMNS)}."
    return write_documents(material, path, _parts, _as_name, {"id"}, note, head=head)


def _parts(document: TextDocument, annotation: Annotation, names: Mapping[str, str]) -> Iterator[str]:
    """The lines of a document, a sentence at a time."""
    row = document.row
    yield f"<doc{_attributes({'id': as_id(row.document_id), **named(about(row), names)})}>\n"
    is_open = False
    for sentence in document.sentences:
        some = list(pieces(sentence))
        if not some:
            continue
        if not is_open or some[0].before.count("\n") > 1:
            yield "</p>\n<p>\n" if is_open else "<p>\n"
            is_open = True
        elif not some[0].before:
            yield "<g/>\n"
        name = sentence.origin.name if sentence.origin else ""
        lines = "".join(_lines(some, document.shard, annotation))
        yield f"<s{_attributes({'id': name} if name else {})}>\n{lines}</s>\n"
    yield "</p>\n</doc>\n" if is_open else "</doc>\n"


def _lines(some: list[Piece], shard: int, annotation: Annotation) -> Iterator[str]:
    senses = annotation.senses(shard, [piece.token.row for piece in some])
    for number, (piece, sense) in enumerate(zip(some, senses, strict=True)):
        if number and not piece.before:
            yield "<g/>\n"
        token = piece.token
        lemma = "" if piece.place is None else token.lemma or token.form
        cells = (token.form, token.tag, lemma, sense)
        yield "\t".join(_escaped(one_line(cell)) for cell in cells) + "\n"


def _as_name(name: str) -> str:
    return _NOT_IN_A_NAME.sub("_", unmarked(name))


def _attributes(values: dict[str, str]) -> str:
    return "".join(f' {name}="{_escaped(one_line(value))}"' for name, value in values.items())


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
