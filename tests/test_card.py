"""A card answers as the CPU does, to the bit; what was used longest ago makes room; what is missing is told."""

from __future__ import annotations

import gc
from pathlib import Path

import numpy as np
import pytest
from conftest import WindowEncoder
from host_card import HostCard, card_shard
from hypothesis import given, settings
from hypothesis import strategies as st

from ctxsearch import Document, Index
from ctxsearch.errors import DeviceError
from ctxsearch.index import opening
from ctxsearch.vectors import gpu
from ctxsearch.vectors.card import MOST_AT_ONCE, CardMemory, CardShard
from ctxsearch.vectors.codec import Codec, CodecParameters, train
from ctxsearch.vectors.faiss import FaissCodec
from ctxsearch.vectors.faiss_shard import FaissShard


def coded(rows: int, codec: Codec, seed: int = 0, *, spread: float = 1.0) -> tuple[np.ndarray, CodecParameters]:
    """Codes of unit vectors, as near to each other as ``spread`` is small."""
    draw = np.random.default_rng(seed)
    vectors = draw.normal(size=(1, 24)) + spread * draw.normal(size=(rows, 24))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    parameters = train(codec, vectors)
    return FaissCodec(parameters).encode(vectors), parameters


@settings(max_examples=60)
@given(
    st.sampled_from([Codec.FP16, Codec.SQ8]),
    st.integers(1, 3000),
    st.integers(1, 2500),
    st.sampled_from([1.0, 0.01, 0.0]),
    st.booleans(),
    st.data(),
)
def test_answers_are_those_of_the_cpu(
    codec: Codec, rows: int, k: int, spread: float, with_mask: bool, data: st.DataObject
) -> None:
    """Rows and scores are the CPU's, whatever k, mask and parts, also where thousands of rows lie within the error."""
    codes, parameters = coded(rows, codec, spread=spread)
    cuts = sorted(
        data.draw(st.lists(st.integers(0, rows), min_size=2, max_size=6, unique=True)) if rows > 4 else [0, rows]
    )
    parts = list(zip(cuts[::2], cuts[1::2], strict=False))
    total = sum(stop - start for start, stop in parts)
    allowed = np.random.default_rng(1).random(total) < 0.3 if with_mask else None
    query = np.random.default_rng(2).normal(size=24).astype(np.float32)
    query /= np.linalg.norm(query)
    expected = FaissShard(codes, parameters).search(parts, query, k, allowed)
    found = card_shard(codes, parameters).search(parts, query, k, allowed)
    assert found.rows.tolist() == expected.rows.tolist()
    assert found.scores.tolist() == expected.scores.tolist()


@settings(max_examples=30)
@given(st.integers(1, 3000), st.integers(0, 9), st.integers(1, 600), st.sampled_from([1.0, 0.01, 0.0]), st.booleans())
def test_many_queries_are_answered_as_each(rows: int, queries: int, k: int, spread: float, with_mask: bool) -> None:
    """Queries that a card takes at once have the answers of the CPU, those of which more must be asked among them."""
    codes, parameters = coded(rows, Codec.SQ8, spread=spread)
    parts = [(0, rows // 3), (rows // 2, rows)]
    total = sum(stop - start for start, stop in parts)
    allowed = np.random.default_rng(1).random(total) < 0.3 if with_mask else None
    asked = np.random.default_rng(2).normal(size=(queries, 24)).astype(np.float32)
    # One is a row itself: it has its like near by, where the others may have none.
    asked[:1] = FaissCodec(parameters).decode(codes[:1])[: len(asked)]
    found = card_shard(codes, parameters).search_many(parts, asked, k, allowed)
    expected = [FaissShard(codes, parameters).search(parts, query, k, allowed) for query in asked]
    assert [(one.rows.tolist(), one.scores.tolist()) for one in found] == [
        (one.rows.tolist(), one.scores.tolist()) for one in expected
    ]


def test_many_queries_are_one_search_of_the_card() -> None:
    """However many queries there are, a card searches a stretch once for all of which nothing more must be asked."""
    codes, parameters = coded(5000, Codec.SQ8)
    card = HostCard()
    card_shard(codes, parameters, card).search_many([(0, 5000)], FaissCodec(parameters).decode(codes[:40]), 5)
    assert card.searches == 1


@pytest.mark.parametrize("k", [3, 40, 100])
def test_vectors_that_are_no_numbers_answer_nothing(k: int) -> None:
    """Broken rows have no score on a card, as they have none on the CPU, and take no others along."""
    codes, parameters = coded(50, Codec.FP16)
    codes.view(np.float16)[[4, 17]] = np.nan
    query = np.ones(24, np.float32)
    expected = FaissShard(codes, parameters).search([(0, 50)], query, k)
    found = card_shard(codes, parameters).search([(0, 50)], query, k)
    assert found.rows.tolist() == expected.rows.tolist()
    assert len(found.rows) == min(k, 48)


def test_the_card_is_asked_and_not_the_codes() -> None:
    """Few rows of many are scored from their codes: those that the card says may be among the best."""
    codes, parameters = coded(50_000, Codec.SQ8)
    card = HostCard()
    shard = card_shard(codes, parameters, card)
    asked: list[int] = []
    exact = shard._exact.search
    shard._exact.search = lambda parts, *rest: asked.append(len(parts)) or exact(parts, *rest)  # type: ignore[method-assign, func-returns-value]
    query = FaissCodec(parameters).decode(codes[:1])[0]
    assert shard.search([(0, 50_000)], query, 20).rows[0] == 0
    assert card.searches >= 1
    assert 20 <= asked[0] < MOST_AT_ONCE


def test_what_was_used_longest_ago_makes_room() -> None:
    """Three shards on a card that holds two: each answers, and the one that was not used is put there anew."""
    made = [coded(100, Codec.FP16, seed) for seed in range(3)]
    card = HostCard(capacity=2 * 100 * 24 * 2)
    memory = CardMemory(card)
    shards = [
        CardShard(codes, parameters, memory, codec=FaissCodec(parameters), exact=FaissShard(codes, parameters))
        for codes, parameters in made
    ]
    query = np.ones(24, np.float32)
    for number, uploads in ((0, 1), (1, 2), (0, 2), (2, 3), (0, 3), (1, 4)):
        shards[number].search([(0, 100)], query, 5)
        assert card.uploads == uploads
    del shards
    gc.collect()
    assert card.used == 0


def test_shard_that_does_not_fit_is_told() -> None:
    """A part of the index that is larger than the card is told in a sentence with both sizes."""
    codes, parameters = coded(100, Codec.FP16)
    with pytest.raises(DeviceError, match=r"The card of the host has 0\.0 GiB free, and a part of the index takes"):
        card_shard(codes, parameters, HostCard(capacity=100)).search([(0, 100)], np.ones(24, np.float32), 5)


def test_index_on_a_card_answers_as_on_the_cpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every query, with filters, thresholds and documents taken out, gives the same lines on a card."""
    with Index.create(tmp_path / "index", encoder=WindowEncoder(), codec="sq8") as index:
        index.add(
            [Document(f"d{n}", f"The bank {n} of the river {n % 7}. A bank lent money.", {"n": n}) for n in range(40)]
        )
        index.add([Document("last", "A bank of mud.", {"n": 99})])
        index.remove(["d3", "d7"])
    memory = CardMemory(HostCard())

    def make(codes: np.ndarray, parameters: CodecParameters) -> CardShard[np.ndarray]:
        exact = FaissShard(codes, parameters)
        return CardShard(codes, parameters, memory, codec=FaissCodec(parameters), exact=exact)

    monkeypatch.setattr("ctxsearch.index.parts.by_cards", lambda device: make)
    with (
        Index.open(tmp_path / "index", encoder=WindowEncoder()) as plain,
        Index.open(tmp_path / "index", encoder=WindowEncoder(), device="cuda") as carded,
    ):
        usage = "We sat on the [bank] of the river."
        for options in (
            {},
            {"k": None},
            {"min_score": 0.5, "k": None},
            {"where": ["n<10"]},
            {"any_word": True, "k": 30},
            {"near": "river", "per_document": 1},
        ):
            assert carded.query(usage, **options) == plain.query(usage, **options)  # type: ignore[arg-type]
        assert carded.like("d1:4") == plain.like("d1:4")
        many = [usage, "A [bank] lent.", "The [river].", usage, "The [bank] of mud."]
        for options in ({}, {"k": None}, {"k": 3, "per_document": 1}, {"where": ["n<20"]}, {"min_score": 0.3}):
            assert carded.query_many(many, **options) == plain.query_many(many, **options)  # type: ignore[arg-type]
        searches = memory.card.searches
        carded.query_many([usage] * 20)
        assert memory.card.searches == searches + carded.info().shards
    assert isinstance(memory.card, HostCard)
    assert memory.card.searches > 0


@pytest.mark.parametrize(
    ("installed", "has_gpu", "why"),
    [
        (["faiss-cpu", "faiss-gpu"], True, "are both installed, and are files of one name; pip uninstall"),
        (["faiss-cpu"], False, r"and what is installed is faiss-cpu; pip uninstall .* pip install 'ctxsearch\[gpu\]'"),
        ([], False, "what is installed is another"),
    ],
)
def test_wheels_that_do_not_serve_are_told(installed: list[str], has_gpu: bool, why: str) -> None:
    """The wrong wheel of FAISS, and two at once, are one sentence that says what to install."""
    with pytest.raises(DeviceError, match=why):
        gpu.check_wheels(installed, has_gpu)
    gpu.check_wheels(["faiss-gpu"], True)


def test_gpu_that_cannot_be_used_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An index that is to be searched on a GPU says in a sentence why it cannot be, whatever this machine has."""
    monkeypatch.setattr(gpu, "installed_wheels", lambda: ["faiss-cpu", "faiss-gpu"])
    with Index.create(tmp_path / "index", encoder=WindowEncoder()) as index:
        index.add([Document("d", "A bank.")])
    with (
        Index.open(tmp_path / "index", encoder=WindowEncoder(), device="cuda") as index,
        pytest.raises(DeviceError, match="faiss-cpu and faiss-gpu are both installed"),
    ):
        index.query("The [bank].")


@pytest.mark.gpu
@pytest.mark.parametrize("codec", list(Codec))
def test_gpu_answers_as_the_cpu(codec: Codec) -> None:
    """On a real card: rows and scores are the CPU's."""
    if not (gpu.faiss.get_num_gpus() and gpu.torch.cuda.is_available()):
        # What a card computes can be seen on a card alone; what is made of it is tested above with a stand-in.
        pytest.skip("FAISS and torch find no GPU here")
    codes, parameters = coded(20_000, codec)
    make = opening.by_cards("cuda")
    for k, parts in ((20, [(0, 20_000)]), (3000, [(100, 9000)]), (5, [(0, 10), (50, 5000)])):
        query = FaissCodec(parameters).decode(codes[7:8])[0]
        expected = FaissShard(codes, parameters).search(parts, query, k)
        found = make(codes, parameters).search(parts, query, k)
        assert found.rows.tolist() == expected.rows.tolist()
        assert found.scores.tolist() == expected.scores.tolist()


@pytest.mark.gpu
def test_gpu_makes_room_and_says_when_there_is_none() -> None:
    """On a real card that others have filled: shards take turns, and what does not fit is told."""
    if not (gpu.faiss.get_num_gpus() and gpu.torch.cuda.is_available()):
        # Memory that is short can be seen on a card alone; what is made of it is tested above with a stand-in.
        pytest.skip("FAISS and torch find no GPU here")
    torch = gpu.torch
    made = [coded(400_000, Codec.SQ8, seed) for seed in range(2)]
    n_bytes = made[0][0].size * 2
    make = opening.by_cards("cuda:0")
    shards = [make(codes, parameters) for codes, parameters in made]
    memory = shards[0]._memory  # type: ignore[attr-defined]
    queries = [FaissCodec(parameters).decode(codes[7:8])[0] for codes, parameters in made]
    expected = [
        FaissShard(codes, parameters).search([(0, 400_000)], query, 20)
        for (codes, parameters), query in zip(made, queries, strict=True)
    ]
    shards[0].search([(0, 9)], queries[0], 2)  # so that FAISS has what it needs, and the rest is ours
    memory.let_go(id(shards[0]))
    filler = torch.empty(memory.card.free_bytes() - 3 * n_bytes // 2, dtype=torch.uint8, device="cuda:0")
    for number in (0, 1, 0, 1):
        found = shards[number].search([(0, 400_000)], queries[number], 20)
        assert found.rows.tolist() == expected[number].rows.tolist()
        assert found.scores.tolist() == expected[number].scores.tolist()
        assert list(memory._held) == [id(shards[number])]
    memory.let_go(id(shards[1]))
    more = torch.empty(n_bytes, dtype=torch.uint8, device="cuda:0")
    with pytest.raises(DeviceError, match=r"The GPU cuda:0 \(.+\) has 0\.0 GiB free, and a part of the index takes"):
        shards[0].search([(0, 9)], queries[0], 2)
    del filler, more
    torch.cuda.empty_cache()
