"""Puts together the text of a document whose tokens its source gives, and remembers where they stand."""

from __future__ import annotations

import io
import sys
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ctxsearch.corpus.records import SENTENCE_CHARS, TOKEN_CHARS
from ctxsearch.domain import GivenSentence

BLANK = " "
PARAGRAPH = "\n\n"

# What waits for the end of its sentence takes as much more memory than what is put away.
WAITING = 5


def joined(said: Sequence[str]) -> str:
    """What is said of several words, as one; ``_`` stands for a word of which nothing is said.

    >>> joined(["in", ""]), joined(["", ""])
    ('in+_', '')
    """
    return sys.intern("+".join(each or "_" for each in said)) if any(said) else ""


def weight(said: str = "", more: str = "") -> int:
    """How many characters a token counts for, beside its text, with what is said of it."""
    length = len(said) + len(more)
    return length if length > TOKEN_CHARS else TOKEN_CHARS


@dataclass(slots=True)
class Tokens:
    """The tokens of a sentence that is being read; see `GivenSentence` for what each list says of them.

    Attributes:
        borders: start and end of each token, one after the other: there may be millions.
        weight: how many characters they count for, beside their text.
    """

    borders: array[int] = field(default_factory=lambda: array("i"))
    lemmas: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    weight: int = 0

    def __len__(self) -> int:
        return len(self.lemmas)

    def add(self, span: tuple[int, int], lemma: str, tag: str, line: int) -> None:
        """Adds a token; a lemma of mere white space is none."""
        self.borders.append(span[0])
        self.borders.append(span[1])
        self.weight += weight(lemma, tag)
        self.lemmas.append("" if lemma.isspace() else lemma)
        self.tags.append(tag)
        self.lines.append(line)

    def sentence(
        self,
        start: int,
        end: int,
        *,
        name: str = "",
        ids: Sequence[str] = (),
        parts: Mapping[int, Sequence[tuple[str, str, str]]] | None = None,
    ) -> GivenSentence:
        """The sentence that goes from start to end of the text and has these tokens."""
        # Not before a corpus has tokens: to import ctxsearch stays light.
        import numpy as np

        spans = np.array(self.borders, np.int32).reshape(-1, 2)
        return GivenSentence(start, end, spans, self.lemmas, self.tags, self.lines, name, ids, parts or {})


class Assembly:
    """A text that grows at its end, and its sentences.

    Attributes:
        length: of the text.
        weight: how many characters its tokens and sentences count for, beside their text.
        sentences: so far.

    >>> assembly = Assembly()
    >>> tokens = Tokens()
    >>> start = assembly.write("Banks")
    >>> tokens.add((start, assembly.length), "bank", "NOUN", 1)
    >>> assembly.add(tokens, start, name="s1")
    >>> assembly.text, assembly.sentences[0].spans.tolist(), assembly.sentences[0].lemmas
    ('Banks', [[0, 5]], ['bank'])
    """

    def __init__(self) -> None:
        self.length = 0
        self.weight = 0
        self.sentences: list[GivenSentence] = []
        # A list of the parts would take fifty bytes for each.
        self._parts = io.StringIO(newline="")

    @property
    def text(self) -> str:
        """All that was written."""
        return self._parts.getvalue()

    def add(
        self,
        tokens: Tokens,
        start: int,
        *,
        name: str = "",
        ids: Sequence[str] = (),
        parts: Mapping[int, Sequence[tuple[str, str, str]]] | None = None,
    ) -> None:
        """Adds the sentence that goes from start to the end of the text so far, and has these tokens."""
        self.sentences.append(tokens.sentence(start, self.length, name=name, ids=ids, parts=parts))
        self.weight += tokens.weight + SENTENCE_CHARS
        for words in (parts or {}).values():
            self.weight += sum(len(form) + weight(lemma, tag) for form, lemma, tag in words)

    def write(self, text: str) -> int:
        """Adds to the text; returns where the addition starts."""
        start = self.length
        self._parts.write(text)
        self.length += len(text)
        return start
