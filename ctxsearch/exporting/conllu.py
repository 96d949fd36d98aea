"""The corpus as CoNLL-U, the format of the Universal Dependencies, with ``Sense=`` in the last column.

Ids, multiword tokens and their words are those of the source, where it was CoNLL-U too. What the index does not keep,
features, heads and relations, is ``_``. In a treebank every character is a part of a word, so that marks which are no
tokens of the index are words here, ``PUNCT`` or ``SYM``, with ``Word=No`` in the last column, by which ctxsearch knows
them again.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ctxsearch.corpus.conllu import NO_WORD
from ctxsearch.domain import Origin
from ctxsearch.exporting.annotation import Annotation
from ctxsearch.exporting.columns import about, as_id, named, one_line
from ctxsearch.exporting.documents import write_documents
from ctxsearch.exporting.gaps import Piece, pieces
from ctxsearch.exporting.material import Material, Output
from ctxsearch.query.texts import TextDocument, TextSentence

# https://universaldependencies.org/u/pos/
_UPOS = {
    *("ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "INTJ", "NOUN", "NUM"),
    *("PART", "PRON", "PROPN", "PUNCT", "SCONJ", "SYM", "VERB", "X"),
}

# Symbols by https://universaldependencies.org/u/pos/SYM.html that Unicode has among the punctuation marks.
_SYMBOLS = frozenset("%\u2030\u00a7#&")

# What ends the name of a comment.
_NOT_IN_A_NAME = re.compile(r"[\s=]")


def write_conllu(material: Material, path: Path) -> Output:
    """Writes the documents that are asked for."""
    return write_documents(material, path, _parts, _as_name)


def _parts(document: TextDocument, annotation: Annotation, names: Mapping[str, str]) -> Iterator[str]:
    """The lines of a document, a sentence at a time."""
    row = document.row
    document_id = as_id(row.document_id)
    yield f"# newdoc id = {document_id}\n"
    for name, value in named(about(row), names).items():
        yield f"# meta::{name} = {value}\n"
    for number, (sentence, some, follows) in enumerate(_with_pieces(document), 1):
        origin = sentence.origin or Origin()
        paragraph = "# newpar\n" if number > 1 and some[0].before.count("\n") > 1 else ""
        name = one_line(origin.name).strip() or f"{document_id}-{number}"
        named_so = f"# sent_id = {name}\n# text = {_text(some)}\n"
        yield f"{paragraph}{named_so}{''.join(_words(some, origin, document.shard, annotation, follows))}\n"


def _with_pieces(document: TextDocument) -> Iterator[tuple[TextSentence, Sequence[Piece], bool]]:
    """The sentences that have a token, with their tokens, and whether the next follows without white space."""
    last: tuple[TextSentence, Sequence[Piece]] | None = None
    for sentence in document.sentences:
        some = list(pieces(sentence))
        if some:
            if last:
                yield *last, not some[0].before
            last = sentence, some
    if last:
        yield *last, False


def _as_name(name: str) -> str:
    return _NOT_IN_A_NAME.sub("_", name)


def _text(some: Sequence[Piece]) -> str:
    """The text of a sentence from its first token to its last, with its white space."""
    first, *others = some
    return one_line(first.token.form + "".join(f"{one.before}{one.token.form}" for one in others))


def _words(some: Sequence[Piece], origin: Origin, shard: int, annotation: Annotation, follows: bool) -> Iterator[str]:
    senses = annotation.senses(shard, [piece.token.row for piece in some])
    last = ""
    number = 1
    for at, (piece, sense) in enumerate(zip(some, senses, strict=True)):
        token = piece.token
        known = origin.ids[piece.place] if origin.ids and piece.place is not None else ""
        glue = _glue(some, at, follows)
        misc = [f"Sense={one_line(sense).replace('|', '/')}"] if sense else []
        words = origin.parts.get(piece.place) if piece.place is not None else None
        if words:
            # A multiword token whose words have no piece of the text of their own.
            yield _line(f"{number}-{number + len(words) - 1}", token.form, "", "", [*misc, glue])
            for form, lemma, tag in words:
                yield _line(str(number), form, lemma, tag, [])
                number += 1
            continue
        if piece.place is None:
            yield _line(str(number), token.form, token.lemma, _tag_of_mark(token.form), [glue, NO_WORD])
            last, number = "", number + 1
            continue
        if "/" in known and known.partition("/")[2] != last:
            last = known.partition("/")[2]
            inside = _inside(some, origin, at, last)
            form = "".join(one.token.form for one in inside)
            last_inside = _glue(some, at + len(inside) - 1, follows)
            yield _line(f"{number}-{number + len(inside) - 1}", form, "", "", [last_inside])
        elif "/" not in known:
            last = ""
        yield _line(str(number), token.form, token.lemma, token.tag, misc if last else [*misc, glue])
        number += 1


def _tag_of_mark(mark: str) -> str:
    """The part of speech of what is no word: a symbol stands for one, as ``$``, ``+`` and a smiley do.

    >>> [_tag_of_mark(mark) for mark in (",", "...", "$", "%", "`")]
    ['PUNCT', 'PUNCT', 'SYM', 'SYM', 'PUNCT']
    """
    # Of modifiers, most are accents that stand alone, and quotation marks.
    is_symbol = mark[0] in _SYMBOLS or unicodedata.category(mark[0]) in ("Sc", "Sm", "So")
    return "SYM" if is_symbol else "PUNCT"


def _inside(some: Sequence[Piece], origin: Origin, at: int, name: str) -> list[Piece]:
    """The words of a multiword token, the first of which is at a place."""
    inside = []
    for piece in some[at:]:
        if piece.place is None or origin.ids[piece.place].partition("/")[2] != name:
            break
        inside.append(piece)
    return inside


def _glue(some: Sequence[Piece], at: int, follows: bool) -> str:
    """What says that no white space comes after a token."""
    is_glued = follows if at + 1 == len(some) else not some[at + 1].before
    return "SpaceAfter=No" if is_glued else ""


def _line(name: str, form: str, lemma: str, tag: str, misc: Sequence[str]) -> str:
    upos, xpos = (tag, "_") if tag in _UPOS or not tag else ("_", tag)
    cells = (name, form or "_", lemma or "_", upos or "_", xpos, *"____", "|".join(filter(None, misc)) or "_")
    return "\t".join(one_line(cell) for cell in cells) + "\n"
