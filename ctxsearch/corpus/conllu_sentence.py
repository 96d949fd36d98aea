"""A sentence of CoNLL-U: its text, and where in it the tokens are.

The text is the comment ``# text``, in which the tokens are looked for one after the other. Where there is none, or the
tokens do not spell it, they are written one after the other themselves, with a blank after each that does not have
``SpaceAfter=No``. A word of a multiword token has a piece of the text of its own only if the words spell the token, as
*do* and *n't* do; otherwise the token is one, and its words, *in* and *der* of *im*, are kept as its parts.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

from ctxsearch.corpus.assembly import BLANK, Tokens, joined


@dataclass(slots=True)
class Word:
    """A line: a word with its lemma and tag."""

    form: str
    lemma: str
    tag: str
    line: int


@dataclass(slots=True)
class Unit:
    """What is written in one piece: a word, or a multiword token with its words.

    Attributes:
        first: the number of its first word.
        last: the number of its last word; of a mere word, the same.
        is_range: whether it is a multiword token.
        is_mark: whether it is text alone, and no token.
    """

    form: str
    space_after: bool
    line: int
    first: int
    last: int
    is_range: bool
    is_mark: bool = False
    words: list[Word] = field(default_factory=list)


def written(comment: str, units: Sequence[Unit]) -> tuple[str, list[int]]:
    """The text of a sentence, and where in it each unit starts."""
    text = comment.strip(" \t")
    starts = []
    at = 0
    for unit in units:
        while at < len(text) and text[at].isspace() and not text.startswith(unit.form, at):
            at += 1
        if not text.startswith(unit.form, at):
            break
        starts.append(at)
        at += len(unit.form)
    else:
        if not text[at:].strip():
            return text, starts
    pieces = [unit.form + BLANK * unit.space_after for unit in units[:-1]] + [units[-1].form]
    starts = [0]
    for piece in pieces[:-1]:
        starts.append(starts[-1] + len(piece))
    return "".join(pieces), starts


def is_wide(form: str) -> bool:
    """Whether a word ends as Chinese and Japanese words do, between which there are no blanks."""
    return unicodedata.east_asian_width(form[-1:] or BLANK) in ("W", "F")


def tokens_of(
    units: Sequence[Unit], starts: Sequence[int]
) -> tuple[Tokens, Sequence[str], dict[int, Sequence[tuple[str, str, str]]]]:
    """The tokens of the units, their ids where they are not mere numbers, and the parts of those that have some."""
    tokens, ids = Tokens(), []
    parts: dict[int, Sequence[tuple[str, str, str]]] = {}
    for unit, start in zip(units, starts, strict=True):
        if unit.is_mark:
            continue
        name = f"{unit.first}-{unit.last}"
        if "".join(word.form for word in unit.words) == unit.form:
            at = start
            for number, word in enumerate(unit.words, start=unit.first):
                tokens.add((at, at + len(word.form)), word.lemma, word.tag, word.line)
                ids.append(f"{number}/{name}" if unit.is_range else str(number))
                at += len(word.form)
        else:
            parts[len(ids)] = [(word.form, word.lemma, word.tag) for word in unit.words]
            lemma = joined([word.lemma for word in unit.words])
            tokens.add((start, start + len(unit.form)), lemma, joined([word.tag for word in unit.words]), unit.line)
            ids.append(name)
    if all(name.isdigit() for name in ids):
        ids = []
    return tokens, ids, parts
