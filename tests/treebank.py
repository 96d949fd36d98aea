"""Documents whose tokens are given, for tests: a sentence is written as ``form/lemma/TAG form/lemma/TAG``."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ctxsearch import Document
from ctxsearch.domain import Given, GivenSentence, Metadata


def tagged(document_id: str, sentences: Sequence[str], metadata: Metadata | None = None) -> Document:
    """A document of such sentences, each token on a line of its own, as in CoNLL-U, with a blank line after each."""
    text = ""
    made = []
    line = 1
    for sentence in sentences:
        words = [word.split("/") for word in sentence.split()]
        start = len(text) + bool(text)
        spans, lines = [], []
        for form, _, _ in words:
            text += " " * bool(text)
            spans.append((len(text), len(text) + len(form)))
            text += form
            lines.append(line)
            line += 1
        line += 1
        spans_array = np.array(spans, np.int32).reshape(-1, 2)
        made.append(
            GivenSentence(
                start, len(text), spans_array, [word[1] for word in words], [word[2] for word in words], lines
            )
        )
    return Document(document_id, text, metadata or {}, uri=f"{document_id}.conllu", given=Given(made))
