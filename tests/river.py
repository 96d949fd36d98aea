"""Questions about the river documents, what an index answers, and the documents of laws."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
from conftest import WindowEncoder
from hypothesis import strategies as st

from ctxsearch import ConcordanceLine, Document, Index
from ctxsearch.analysis import Analyser

RIVER = "She sat on the [bank] of the river."
MONEY = "The [bank] lent her money."

ANALYSER = Analyser("en")

# Ends shards after "loan" (23 words) and after "angler" (28 words) in the river documents.
SHARD_TOKENS = 20


def keys(lines: Sequence[ConcordanceLine]) -> list[str]:
    return [line.key for line in lines]


def ids(lines: Sequence[ConcordanceLine]) -> list[str]:
    return [line.document_id for line in lines]


def scores(lines: Sequence[ConcordanceLine]) -> list[float]:
    assert all(line.score is not None for line in lines)
    return [line.score for line in lines if line.score is not None]


def reopened(index: Index) -> Index:
    return Index.open(index.path, encoder=WindowEncoder())


def texts(*sentences: str) -> list[Document]:
    """Documents a, b, c..., each with one of the texts."""
    return [Document("abcdefghijklmnopqrstuvwxyz"[number], text) for number, text in enumerate(sentences)]


def everything(index: Index) -> list[ConcordanceLine]:
    """Every occurrence of an index with its score."""
    return index.query(RIVER, k=None, any_word=True)


def state(index: Index) -> tuple[list[str], list[ConcordanceLine]]:
    """The files of an index, and all that it answers."""
    return sorted(path.name for path in index.path.iterdir()), everything(index)


class Use(NamedTuple):
    """An occurrence as the reference sees it."""

    key: str
    form: str
    lemma: str
    vector: np.ndarray


def uses(document: Document) -> list[Use]:
    """The occurrences of a document, found without an index: one passage, and vectors in half precision."""
    segments = list(ANALYSER.segments(document.text))
    vectors = iter(WindowEncoder().encode([segments]).vectors.astype(np.float16).astype(np.float32))
    return [
        Use(f"{document.document_id}:{segment.start + start}", form, lemma, next(vectors))
        for segment in segments
        for (start, _), form, lemma in zip(segment.spans.tolist(), segment.forms, segment.lemmas, strict=True)
    ]


words = st.sampled_from(["bank", "banks", "Bank", "river", "money", "the", "of", "lent", "bank's"])
sentences = st.lists(words, min_size=1, max_size=8).map(lambda forms: " ".join(forms) + ".")
years = st.sampled_from([{}, {"year": 1908}, {"year": 1990}])
corpora = st.lists(st.tuples(st.lists(sentences, min_size=1, max_size=3).map(" ".join), years), max_size=5).map(
    lambda made: [
        Document("first", "The bank of the river lent money.", {"year": 1953}),
        *(Document(str(number), text, year) for number, (text, year) in enumerate(made, start=8)),
    ]
)


@contextmanager
def built(documents: Iterable[Document], shard_tokens: int = 2_000_000) -> Iterator[Index]:
    """An index for one example of a law."""
    with TemporaryDirectory() as folder, Index.create(Path(folder), encoder=WindowEncoder()) as index:
        index.add(documents, shard_tokens=shard_tokens)
        yield index


def answers(index: Index) -> list[list[ConcordanceLine]]:
    """What an index that has the document "first" says to all kinds of questions."""
    return [
        *(index.query(RIVER, k=k) for k in (1, 3, None)),
        index.query(MONEY, k=4, min_score=0.3),
        index.query(RIVER, form="bank"),
        *(index.query(RIVER, k=k, any_word=True, context="sentence") for k in (5, None)),
        index.query(RIVER, any_word=True, form=["bank", "Bank"]),
        index.query(RIVER, where=["year>=1950", "document_id!=9"], k=3),
        index.like("first:4", k=3),
        index.like(["first:4", "first:16"], unlike=["first:27"], k=5, context=2),
        index.like("first:4", any_word=True, k=None),
        *(index.concordance("bank", order=order) for order in ("corpus", "left", "node", "right")),  # type: ignore[arg-type]
        index.concordance("bank", sample=3, seed=5),
        index.concordance("bank", where=["year<1950"], limit=2),
    ]


def broken_off(documents: Sequence[Document], error: BaseException) -> Iterator[Document]:
    yield from documents
    raise error
