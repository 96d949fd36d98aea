"""The nouns of ctxsearch: frozen records that every other part shares, and that import nothing.

Spans are half-open character offsets: ``text[start:end]``. A score is a cosine similarity; higher is nearer.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields
from numbers import Integral, Real
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MetadataValue = str | int | float | bool | None
Metadata = Mapping[str, MetadataValue]

SQLITE_INTEGERS = range(-(2**63), 2**63)
"""The whole numbers that SQLite has: of 64 bits."""

_PLAIN = frozenset({str, int, float, bool, type(None)})

ConcordanceContext = int | Literal["sentence"]
"""How much stands on either side of a node: a number of words, or the sentence."""


@dataclass(frozen=True, slots=True, eq=False)
class GivenSentence:
    """A sentence whose tokens its source gives, as a treebank does; they are kept, and never cut anew.

    Attributes:
        start: offset in the document's text.
        end: likewise.
        spans: start and end of each token in the document's text, in order and apart. Shape: (n_tokens, 2), int32.
        lemmas: of each token, as written; ``""`` where the source has none, and then the index finds it.
        tags: the part of speech of each token; ``""`` where the source has none.
        lines: the line of the source file that each token is on, counted from 1, 0 where nobody knows; empty where that
            is so of all.
        name: what the source calls the sentence.
        ids: what the source calls each token, where that is not its number in the sentence; empty otherwise. A token of
            a CoNLL-U multiword token is called ``3/3-4`` where it has a piece of the text of its own, and ``3-4`` where
            its words have none.
        parts: the words of tokens called ``3-4``: form, lemma and tag of each, by the token's place in the sentence.

    >>> import numpy as np
    >>> spans = np.array([[0, 3], [4, 8]], np.int32)
    >>> sentence = GivenSentence(0, 8, spans, ["the", "bank"], ["DET", "NOUN"])
    >>> Document("1", "The bank", given=Given([sentence])).given.is_whole
    True
    """

    start: int
    end: int
    spans: NDArray[np.int32]
    lemmas: Sequence[str]
    tags: Sequence[str]
    lines: Sequence[int] = ()
    name: str = ""
    ids: Sequence[str] = ()
    parts: Mapping[int, Sequence[tuple[str, str, str]]] = field(default_factory=dict)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, GivenSentence):
            return NotImplemented
        # Arrays that are compared give an array.
        return self.spans.tolist() == other.spans.tolist() and all(
            getattr(self, one.name) == getattr(other, one.name) for one in fields(self) if one.name != "spans"
        )

    __hash__ = None  # type: ignore[assignment]  # it has lists


@dataclass(frozen=True, slots=True)
class Given:
    """What the source of a document says of its words.

    Attributes:
        sentences: in order, apart from each other.
        is_whole: whether these are all tokens there are; otherwise the rest of the text, also within a sentence, is cut
            as every text is.
        has_sentences: whether the source gives sentences; otherwise those given are mere stretches of text, and are cut
            into sentences between their tokens.
    """

    sentences: Sequence[GivenSentence]
    is_whole: bool = True
    has_sentences: bool = True


@dataclass(frozen=True, slots=True, repr=False)
class Document:
    """One source text.

    >>> Document("letters/1", "They rowed to the bank.", {"year": 1912}).metadata["year"]
    1912
    >>> Document("letters/1", "They rowed to the bank.", title="To Ann")
    <Document 'letters/1', 'To Ann', 23 characters>

    Attributes:
        metadata: texts, numbers, truth values and None by their names; what else JSON has becomes one of them, see
            `plain_value`.
        given: the tokens, sentences, lemmas and tags that the source gives; None where the index finds them.
    """

    document_id: str
    text: str
    metadata: Metadata = field(default_factory=dict, hash=False)
    title: str = ""
    uri: str = ""
    given: Given | None = field(default=None, hash=False)

    if TYPE_CHECKING:
        # Metadata may be given that have what JSON has; they are read as those that an index keeps.
        def __init__(
            self,
            document_id: str,
            text: str,
            metadata: Mapping[str, object] = ...,
            title: str = ...,
            uri: str = ...,
            given: Given | None = ...,
        ) -> None: ...

    def __post_init__(self) -> None:
        # What is no mapping, or cannot be kept, is told when the document is added.
        if isinstance(self.metadata, Mapping) and not _PLAIN.issuperset(map(type, self.metadata.values())):
            object.__setattr__(self, "metadata", plain_metadata(self.metadata))

    def __repr__(self) -> str:
        title = f" {self.title!r}," if self.title else ""
        size = f"{len(self.text):,} characters" if isinstance(self.text, str) else f"text {self.text!r:.40}"
        return f"<Document {self.document_id!r},{title} {size}>"


def plain_metadata(given: Mapping[str, object]) -> dict[str, MetadataValue]:
    """Metadata as every index keeps them; what cannot be kept stays as it is given."""
    plain = dict(given)
    for name, value in given.items():
        with suppress(TypeError, ValueError, RecursionError):
            plain[name] = plain_value(value)
    return plain  # type: ignore[return-value]


def plain_value(value: object) -> MetadataValue:
    """A value of metadata as every index keeps it, so that a document is the same wherever it is read from.

    Numbers and truth values of numpy become those of Python; lists and dicts become JSON, which filters compare as
    text: ``genre~.*"diary".*`` finds the second of these.

    >>> plain_value(1912), plain_value(["letter", "diary"])
    (1912, '["letter", "diary"]')

    Raises:
        TypeError: it is nothing that JSON has.
        ValueError: likewise; a number in it has no end, for instance.
        RecursionError: it is nested too deeply.
    """
    if _is_of_numpy(value):
        value = value.item()  # type: ignore[attr-defined]
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value} is not a number that JSON has")
    if value is None or isinstance(value, str | int | float):
        return value
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _is_of_numpy(value: object) -> bool:
    """Whether a value is a number or a truth value of numpy, which is not loaded for this; a time is neither."""
    kind = type(value)
    if kind.__module__ != "numpy" or kind.__name__ == "timedelta64":
        return False
    return issubclass(kind, Integral | Real) or kind.__name__ in ("bool", "bool_")


@dataclass(frozen=True, slots=True)
class Origin:
    """What the source of a segment calls it and its tokens; see `GivenSentence`, whose fields these are."""

    name: str = ""
    lines: Sequence[int] = ()
    ids: Sequence[str] = ()
    parts: Mapping[int, Sequence[tuple[str, str, str]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Segment:
    """One sentence of a document with its tokens.

    The segments of a document tile it: joined in order they are its text. White space between two sentences
    belongs to the later one (as byte-level tokenizers want it), and white space at the end to the last.

    Attributes:
        start: offset of the segment in the document's text.
        text: the segment's text.
        spans: start and end of each token, counted from the segment's start. Shape: (n_tokens, 2), int32.
        forms: each token as written.
        lemmas: each token's lemma, in the normal form that the index is sorted by; none where nobody asks for them.
        tags: each token's part of speech, where the source gives them; none otherwise.
        written_lemmas: each token's lemma as its source writes it, ``""`` where that is its normal form or the source
            has none; none where the source gives no lemmas.
        origin: what the source says of the segment; None where the analyser cut it.
    """

    start: int
    text: str
    spans: NDArray[np.int32]
    forms: Sequence[str]
    lemmas: Sequence[str]
    tags: Sequence[str] = ()
    written_lemmas: Sequence[str] = ()
    origin: Origin | None = None

    @property
    def end(self) -> int:
        """Offset of the segment's end in the document's text."""
        return self.start + len(self.text)


@dataclass(frozen=True, slots=True)
class Usage:
    """A word in a text: the word is ``text[start:end]``.

    >>> usage = Usage("They rowed to the bank.", 18, 22)
    >>> usage.text[usage.start:usage.end]
    'bank'
    """

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class ConcordanceLine:
    """One occurrence in its context (KWIC), with its score where it answers a query.

    ``left + node + right`` is a stretch of the document's text; ``start`` and ``end`` are the node's offsets there.
    ``p_same`` is the probability that the node has the sense that was asked for, where the index has a head and one use
    of the same word was asked about. ``pos`` is the node's part of speech, where its source gave one; ``source`` the
    file that it came from, with the line where that is known, ``trees.conllu:27``. Printed, it is one line of text.

    >>> print(ConcordanceLine("1:8", None, "tied to  the ", "bank", ".", "bank", "bank", "1", 12, 16, {}))
    tied to the [bank].
    """

    key: str
    score: float | None
    left: str
    node: str
    right: str
    form: str
    lemma: str
    document_id: str
    start: int
    end: int
    metadata: Metadata = field(hash=False)
    p_same: float | None = None
    pos: str = ""
    source: str = ""

    def __str__(self) -> str:
        return " ".join(f"{self.left}[{self.node}]{self.right}".split())

    def as_dict(self) -> dict[str, MetadataValue]:
        """As a row of a table, with the columns of ``--csv``; `dataclasses.asdict` has the metadata as one, as JSON.

        >>> line = ConcordanceLine("1:8", None, "to the ", "bank", ".", "bank", "bank", "1", 12, 16, {"year": 1912})
        >>> line.as_dict()["node"], line.as_dict()["metadata.year"]
        ('bank', 1912)
        """
        row: dict[str, MetadataValue] = {column: getattr(self, column) for column in LINE_COLUMNS}
        row.update((f"{OF_METADATA}{name}", value) for name, value in self.metadata.items())
        return row


LINE_COLUMNS = (
    *("key", "score", "left", "node", "right", "form", "lemma", "document_id", "start", "end", "p_same"),
    *("pos", "source"),
)
"""The columns of every table of lines; those of the metadata come last, as ``metadata.NAME``."""

OF_METADATA = "metadata."
"""What stands before their names: a document may have metadata called "start"."""


@dataclass(frozen=True, slots=True)
class Piece:
    """What a model's tokenizer cuts a text into; ``token`` is the position of the word it belongs to, if any."""

    piece: str
    start: int
    end: int
    token: int | None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far long work has come: ``done`` of ``total``; a total of None is not known yet."""

    stage: str
    done: int
    total: int | None
