"""The tokens of a sentence with what lies between them, for formats in which every character is part of a token."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from ctxsearch.query.texts import TextSentence, TextToken

# Marks that are alike are one token, as a row of dots.
_MARKS = re.compile(r"(\S)\1*")


class Piece(NamedTuple):
    """A token, and how it is parted from the one before.

    Attributes:
        token: a token of the sentence, or a punctuation mark that is none in the index.
        place: its place among the tokens of the sentence; None for such a mark.
        before: the white space before it.
    """

    token: TextToken
    place: int | None
    before: str


def pieces(sentence: TextSentence) -> Iterator[Piece]:
    """The tokens of a sentence, and what is left of its text as marks: joined they are the text without white space."""
    at = 0
    space = ""
    for place, token in (*enumerate(sentence.tokens), (None, None)):
        end = len(sentence.text) if token is None else token.start - sentence.start
        gap = sentence.text[at:end]
        last = 0
        for mark in _MARKS.finditer(gap):
            start = sentence.start + at + mark.start()
            yield Piece(
                TextToken(start, start + len(mark[0]), mark[0], mark[0], "", None),
                None,
                space + gap[last : mark.start()],
            )
            space, last = "", mark.end()
        space += gap[last:]
        if token is not None:
            yield Piece(token, place, space)
            space, at = "", token.end - sentence.start
