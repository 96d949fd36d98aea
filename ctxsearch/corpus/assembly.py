"""Puts together the text of a document whose tokens its source gives, and remembers where they stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ctxsearch.domain import GivenSentence

BLANK = " "
PARAGRAPH = "\n\n"


@dataclass(slots=True)
class Tokens:
    """The tokens of a sentence that is being read; see `GivenSentence` for what each list says of them."""

    spans: list[tuple[int, int]] = field(default_factory=list)
    lemmas: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)

    def add(self, span: tuple[int, int], lemma: str, tag: str, line: int) -> None:
        """Adds a token; a lemma of mere white space is none."""
        self.spans.append(span)
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

        spans = np.array(self.spans, np.int32).reshape(-1, 2)
        return GivenSentence(start, end, spans, self.lemmas, self.tags, self.lines, name, ids, parts or {})


class Assembly:
    """A text that grows at its end, and its sentences.

    >>> assembly = Assembly()
    >>> tokens = Tokens()
    >>> start = assembly.write("Banks")
    >>> tokens.add((start, assembly.length), "bank", "NOUN", 1)
    >>> assembly.sentences.append(tokens.sentence(start, assembly.length, name="s1"))
    >>> assembly.text, assembly.sentences[0].spans.tolist(), assembly.sentences[0].lemmas
    ('Banks', [[0, 5]], ['bank'])
    """

    def __init__(self) -> None:
        self.length = 0
        self.sentences: list[GivenSentence] = []
        self._parts: list[str] = []

    @property
    def text(self) -> str:
        """All that was written."""
        return "".join(self._parts)

    def write(self, text: str) -> int:
        """Adds to the text; returns where the addition starts."""
        start = self.length
        self._parts.append(text)
        self.length += len(text)
        return start
