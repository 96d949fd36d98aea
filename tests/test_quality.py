"""The quality of answers on the sample corpus, with the real default model."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import pytest
from conftest import SAMPLE
from remembering import Known, remembering

import ctxsearch
from ctxsearch import Document, Usage
from ctxsearch.index import Index


@pytest.fixture(scope="module")
def senses() -> dict[str, str]:
    """The gold sense of each labelled occurrence."""
    labels = [json.loads(line) for line in (SAMPLE / "labels.jsonl").read_text(encoding="utf-8").splitlines()]
    return {f"{label['document_id']}:{label['start']}": label["sense"] for label in labels}


def test_the_sample_has_the_size_and_labels_it_promises(senses: dict[str, str]) -> None:
    """At least 40 headwords have 2 to 4 senses each, and a sense has 8 to 12 occurrences, each a whole word."""
    documents = {document.document_id: document for document in ctxsearch.read(SAMPLE / "documents.jsonl")}
    counts: dict[str, int] = defaultdict(int)
    for label in map(json.loads, (SAMPLE / "labels.jsonl").read_text(encoding="utf-8").splitlines()):
        node = documents[label["document_id"]].text[label["start"] : label["end"]]
        assert node.isalpha(), label
        counts[label["sense"]] += 1
    senses_of: dict[str, int] = defaultdict(int)
    for sense in counts:
        senses_of[sense.split(".")[0]] += 1
    assert len(senses_of) >= 40
    assert set(senses_of.values()) <= {2, 3, 4}
    assert min(counts.values()) >= 8
    assert max(counts.values()) <= 12
    assert all({"year", "genre"} <= document.metadata.keys() for document in documents.values())


@pytest.fixture(scope="module")
def exact(sample: Index, senses: dict[str, str]) -> float:
    """How good the answers in half precision are."""
    return precision(sample, senses)


def test_lines_of_the_same_sense_come_first(exact: float) -> None:
    """Of the five labelled lines nearest to a labelled occurrence, most have its sense; macro mean over senses."""
    assert exact >= FLOOR


@pytest.mark.parametrize("first", [(), (Document("first", "They rowed to the muddy bank of the river."),)])
def test_the_default_codec_answers_as_well_as_half_precision(
    exact: float, known: Known, senses: dict[str, str], tmp_path: Path, first: Sequence[Document]
) -> None:
    """The smaller codes lose no sense, even where their ranges were trained on one sentence and all else came later."""
    with remembering(known):
        made = Index.create(tmp_path / "index", dtype="fp32")
    with made as index:
        assert index.settings.codec == "sq8"
        index.add(first)
        index.add(ctxsearch.read(SAMPLE / "documents.jsonl"))
        assert precision(index, senses) == pytest.approx(exact, abs=LOSS)


def precision(index: Index, senses: dict[str, str]) -> float:
    """The share of a line's sense among the five labelled lines nearest to it, mean over senses."""
    shares: dict[str, list[float]] = defaultdict(list)
    for key, sense in senses.items():
        nearest = [senses[line.key] for line in index.like([key], k=40, context=0) if line.key in senses][:5]
        shares[sense].append(sum(other == sense for other in nearest) / 5)
    macro = sum(sum(values) / len(values) for values in shares.values()) / len(shares)
    print(f"\nprecision at 5, mean over {len(shares)} senses: {macro:.4f}")
    return macro


# Measured .995 with the head that came first, .968 without; a change that lowers it has to say why.
FLOOR = 0.98
# Measured .0002, and .0004 after one sentence; one neighbour of another sense is .0002.
LOSS = 0.001


def test_a_score_is_a_cosine(sample: Index) -> None:
    """A use asked for by its own text scores 1, and not what rounding makes of it."""
    texts = {document.document_id: document.text for document in ctxsearch.read(SAMPLE / "documents.jsonl")}
    for line in sample.concordance("bank"):
        (found,) = sample.query(Usage(texts[line.document_id], line.start, line.end), k=1)
        assert found.key == line.key
        assert 0.995 < (found.score or 0) <= 1
