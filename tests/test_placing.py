"""Rows become places, so many at a time, and stretches again."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from conftest import MakeIndex, WindowEncoder
from hypothesis import given
from hypothesis import strategies as st

from ctxsearch import Document, Index
from ctxsearch.query import placing
from ctxsearch.query.placing import counts_of_stretches, in_parts, rows_at
from ctxsearch.query.scope import OpenShard, Rows, documents_of_ids

WORDS = 40


@pytest.fixture(scope="module")
def shard(tmp_path_factory: pytest.TempPathFactory) -> OpenShard:
    """One of forty rows, each of another word."""
    index = Index.create(Path(tmp_path_factory.mktemp("placing"), "index"), encoder=WindowEncoder())
    index.add([Document("a", " ".join(f"w{number}" for number in range(WORDS)))])
    return index._parts.shards()[0]


@given(st.lists(st.tuples(st.integers(0, WORDS), st.integers(0, WORDS)).map(sorted)), st.integers(1, 9))
def test_rows_come_in_their_order(shard: OpenShard, bounds: list[list[int]], size: int) -> None:
    """Each part is full but for the last, and all of them together are the rows, with their ids."""
    rows = [Rows(*one) for one in bounds]
    parts = list(in_parts(shard, rows, size))
    assert [len(places) for places, _ in parts[:-1]] == [size] * (len(parts) - 1)
    assert all(0 < len(places) <= size for places, _ in parts)
    assert [place for places, _ in parts for place in places] == [
        place for start, stop in rows for place in range(start, stop)
    ]
    assert all((ids == shard.files.ids[places]).all() for places, ids in parts)


@given(st.lists(st.integers(0, 30)))
def test_places_become_as_few_stretches_as_can_be(places: list[int]) -> None:
    """The stretches give the places back, and none goes on where another ends."""
    rows = rows_at(np.array(places, np.int64))
    assert [place for start, stop in rows for place in range(start, stop)] == places
    assert all(one.stop != other.start for one, other in pairwise(rows))


@pytest.fixture(scope="module")
def two_documents(tmp_path_factory: pytest.TempPathFactory) -> OpenShard:
    """One of forty rows, every third of them in the first of two documents."""
    words = [f"w{number:02}" for number in range(WORDS)]
    index = Index.create(Path(tmp_path_factory.mktemp("placing"), "index"), encoder=WindowEncoder())
    index.add([Document("a", " ".join(words[::3])), Document("b", " ".join(sorted({*words} - {*words[::3]})))])
    return index.open_shards()[0]


@given(st.lists(st.integers(0, WORDS), max_size=9), st.lists(st.booleans(), min_size=2, max_size=2), st.booleans())
def test_rows_of_stretches_are_counted(
    two_documents: OpenShard, borders: list[int], allowed: list[bool], are_all: bool
) -> None:
    """Of each, those in the documents allowed, as counted one by one."""
    edges = sorted(borders)
    starts, stops = np.array(edges[::2][: len(edges) // 2], np.int64), np.array(edges[1::2], np.int64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(placing, "_ROWS", 7)
        counts = counts_of_stretches(two_documents, starts, stops, None if are_all else np.array(allowed))
    of_rows = documents_of_ids(two_documents, two_documents.files.ids).tolist()
    assert counts.tolist() == [
        sum(are_all or allowed[of_rows[row]] for row in range(start, stop))
        for start, stop in zip(starts.tolist(), stops.tolist(), strict=True)
    ]


def test_documents_of_many_ids_are_those_of_each(make_index: MakeIndex) -> None:
    """The documents of very many tokens are looked up in another way than those of a few, and are the same."""
    random = np.random.default_rng(0)
    texts = [" ".join(["The bank lent money."] * int(size)) for size in random.integers(1, 60, 200)]
    index = make_index([Document(str(number), text) for number, text in enumerate(texts)], shard_tokens=10_000)
    for shard in index.open_shards():
        ids = random.permutation(shard.files.ids)
        assert len(ids) > 4096
        each = [documents_of_ids(shard, some) for some in np.array_split(ids, 10)]
        assert documents_of_ids(shard, ids).tolist() == np.concatenate(each).tolist()
