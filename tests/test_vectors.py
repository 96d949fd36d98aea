"""Codecs, shards and vector files: back ends against arithmetic in double precision, the writer against `sorted`."""

from __future__ import annotations

import gc
import io
import itertools
import math
import pickle
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import pytest
from conftest import MakeIndex, WindowEncoder
from host_card import card_shard
from hypothesis import given, settings
from hypothesis import strategies as st

import ctxsearch
from ctxsearch import Document
from ctxsearch.commit import LISTS_FILE, VECTORS_FILE
from ctxsearch.digests import digest_files
from ctxsearch.domain import Segment
from ctxsearch.errors import IndexDamaged
from ctxsearch.protocols import Encoded, JointVectors, Neighbours, VectorCodec, VectorShard
from ctxsearch.vectors import sorting
from ctxsearch.vectors.codec import Codec, CodecParameters, coded_lengths, fitted_codes, train
from ctxsearch.vectors.exact import ExactCodec, ExactShard
from ctxsearch.vectors.faiss import FaissCodec
from ctxsearch.vectors.faiss_shard import FaissShard
from ctxsearch.vectors.files import open_vectors
from ctxsearch.vectors.sorting import VectorWriter

MakeShard = Callable[[np.ndarray, CodecParameters], VectorShard]
MakeJointShard = Callable[[np.ndarray, CodecParameters], JointVectors]
MakeCodec = Callable[[CodecParameters], VectorCodec]
MakeRounding = Callable[[CodecParameters], ExactCodec | FaissCodec]


def copying_shard(codes: np.ndarray, parameters: CodecParameters) -> FaissShard:
    """Where FAISS has no lists that it can be told of, parts are copied together."""
    shard = FaissShard(codes, parameters)
    shard._has_lists = False
    return shard


every_shard = pytest.mark.parametrize("make_shard", [ExactShard, FaissShard, copying_shard, card_shard])
joint_shard = pytest.mark.parametrize("make_shard", [FaissShard, copying_shard])
every_make_codec = pytest.mark.parametrize("make_codec", [ExactCodec, FaissCodec])
every_codec = pytest.mark.parametrize("codec", list(Codec))
every_trained_codec = pytest.mark.parametrize("codec", [codec for codec in Codec if codec.is_trained])
# A law that holds whatever the back end and the codec is tried on so many examples with each.
for_each = settings(max_examples=30)

KINDS = 20


def parameters_of(codec: Codec, dimension: int) -> CodecParameters:
    """A codec whose ranges differ from one dimension to the next, so that none can be taken for another."""
    if codec is Codec.FP16:
        return CodecParameters(codec, dimension)
    steps = np.arange(dimension, dtype=np.float32) / np.float32(dimension)
    return CodecParameters(codec, dimension, np.stack([-0.5 - 0.3 * steps, 1.1 + 0.2 * steps[::-1]]))


def unit_vectors(rows: int, dimension: int, seed: int = 0) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(rows, dimension))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def codes_of(rows: int, parameters: CodecParameters, seed: int = 0) -> np.ndarray:
    """Codes that no codec of ours has made."""
    if parameters.codec is Codec.FP16:
        return unit_vectors(rows, parameters.dimension, seed).astype("<f2").view(np.uint8)
    return np.random.default_rng(seed).integers(0, 256, (rows, parameters.code_size), dtype=np.uint8)


def decoded(codes: np.ndarray, parameters: CodecParameters) -> np.ndarray:
    """What codes mean, in double precision."""
    if parameters.ranges is None:
        return codes.view("<f2").astype(np.float64)
    low, width = parameters.ranges.astype(np.float64)
    return low + width * (numbers_in(codes, parameters) + 0.5) / (2**parameters.codec.bits - 1)


def numbers_in(codes: np.ndarray, parameters: CodecParameters) -> np.ndarray:
    """The number of each component, by cutting a row's bytes, read as one whole number, into bits."""
    bits = parameters.codec.bits
    rows = [int.from_bytes(row.tobytes(), "little") for row in codes]
    return np.array([[row >> bits * place & (1 << bits) - 1 for place in range(parameters.dimension)] for row in rows])


class Corpus(NamedTuple):
    """Rows of a few kinds, many alike, with the score of each, which no two kinds share."""

    parameters: CodecParameters
    codes: np.ndarray
    query: np.ndarray
    scores: list[float]

    def nearest(self, start: int, stop: int, k: int, allowed: Sequence[bool] | None) -> list[int]:
        """The rows that must answer, in their order, by sorting them all."""
        rows = [row for row in range(start, stop) if allowed is None or allowed[row - start]]
        rows.sort(key=lambda row: (-self.scores[row], row))
        return [row for row in rows if len(rows) <= k or self.scores[row] >= self.scores[rows[k - 1]]]

    def check(self, found: Neighbours, start: int, stop: int, k: int, allowed: Sequence[bool] | None = None) -> None:
        expected = self.nearest(start, stop, k, allowed)
        assert found.rows.tolist() == expected
        assert found.scores.tolist() == pytest.approx([self.scores[row] for row in expected], abs=1e-5)
        assert (found.rows.dtype, found.scores.dtype) == (np.int64, np.float32)


def corpus_of(codec: Codec, kinds: Sequence[int], dimension: int = 24) -> Corpus:
    parameters = parameters_of(codec, dimension)
    codes, query, scores = kinds_of(codec, dimension)
    return Corpus(parameters, codes[list(kinds)], query, [scores[kind] for kind in kinds])


@cache
def kinds_of(codec: Codec, dimension: int) -> tuple[np.ndarray, np.ndarray, list[float]]:
    """The codes of each kind, and a query that no two kinds answer so alike that rounding could turn them about."""
    parameters = parameters_of(codec, dimension)
    codes = codes_of(KINDS, parameters)
    for seed in itertools.count():
        query = unit_vectors(1, dimension, seed)[0]
        scores = [math.fsum(row * query.astype(np.float64)) for row in decoded(codes, parameters)]
        if min(np.diff(sorted(scores))) > 1e-4:
            break
    return codes, query, scores


def mask(allowed: Sequence[bool] | None) -> np.ndarray | None:
    return None if allowed is None else np.array(allowed, np.bool_)


# ------------------------------------------------------------------------------------------------------------- search


class Search(NamedTuple):
    start: int
    stop: int
    k: int
    allowed: list[bool] | None = None


SEARCHES = {
    "the whole range": Search(0, 400, 30),
    "every row": Search(0, 400, 400),
    "k larger than the range": Search(0, 400, 1000),
    "a slice in the middle": Search(37, 211, 25),
    "a slice of one row": Search(399, 400, 3),
    "the best alone": Search(0, 400, 1),
    "an empty range at the start": Search(0, 0, 5),
    "an empty range inside": Search(200, 200, 5),
    "an empty range at the end": Search(400, 400, 5),
    "nothing allowed": Search(0, 400, 5, [False] * 400),
    "one row allowed": Search(0, 400, 5, [row == 123 for row in range(400)]),
    "few allowed": Search(0, 400, 5, [row % 37 == 5 for row in range(400)]),
    "all but one allowed in a slice": Search(11, 390, 50, [row != 80 for row in range(379)]),
    "all allowed": Search(0, 400, 5, [True] * 400),
}


@every_shard
@every_codec
@pytest.mark.parametrize("name", SEARCHES)
def test_search_agrees_with_brute_force(make_shard: MakeShard, codec: Codec, name: str) -> None:
    """Any slice under any filter gives the rows, the order and the scores that sorting all rows gives."""
    search = SEARCHES[name]
    corpus = corpus_of(codec, np.random.default_rng(5).integers(0, KINDS, 400).tolist())
    shard = make_shard(corpus.codes, corpus.parameters)
    found = shard.search([(search.start, search.stop)], corpus.query, search.k, mask(search.allowed))
    corpus.check(found, *search)


@st.composite
def searches(draw: st.DrawFn) -> tuple[list[int], Search]:
    kinds = draw(st.lists(st.integers(0, KINDS - 1), max_size=120))
    start = draw(st.integers(0, len(kinds)))
    stop = draw(st.integers(start, len(kinds)))
    size = stop - start
    allowed = draw(st.none() | st.lists(st.booleans(), min_size=size, max_size=size))
    return kinds, Search(start, stop, draw(st.integers(1, 150)), allowed)


@every_shard
@every_codec
@for_each
@given(drawn=searches(), dimension=st.sampled_from([5, 16, 40]))
def test_every_search_agrees_with_brute_force(
    make_shard: MakeShard, codec: Codec, drawn: tuple[list[int], Search], dimension: int
) -> None:
    """Whatever the rows, the slice, k and the filter, the answer is that of sorting all rows."""
    kinds, search = drawn
    corpus = corpus_of(codec, kinds, dimension)
    shard = make_shard(corpus.codes, corpus.parameters)
    found = shard.search([(search.start, search.stop)], corpus.query, search.k, mask(search.allowed))
    corpus.check(found, *search)


@every_shard
@every_codec
@for_each
@given(data=st.data())
def test_parts_are_searched_as_one(make_shard: MakeShard, codec: Codec, data: st.DataObject) -> None:
    """Whatever parts of the rows are searched at once, the answer is that of sorting all rows of these parts."""
    kinds = data.draw(st.lists(st.integers(0, KINDS - 1), max_size=120))
    corpus = corpus_of(codec, kinds)
    borders = sorted(data.draw(st.lists(st.integers(0, len(kinds)), max_size=12)))
    parts = data.draw(st.permutations(list(zip(borders[::2], borders[1::2], strict=False))))
    inside = [row for part in parts for row in range(*part)]
    allowed = data.draw(st.none() | st.lists(st.booleans(), min_size=len(inside), max_size=len(inside)))
    k = data.draw(st.integers(1, 150))
    found = make_shard(corpus.codes, corpus.parameters).search(parts, corpus.query, k, mask(allowed))
    answering = {row for place, row in enumerate(inside) if allowed is None or allowed[place]}
    corpus.check(found, 0, len(kinds), k, [row in answering for row in range(len(kinds))])


@joint_shard
@every_codec
@for_each
@given(data=st.data())
def test_shards_are_searched_together(make_shard: MakeJointShard, codec: Codec, data: st.DataObject) -> None:
    """Several shards answer one search as each of them would alone: the best of all, with their scores to the bit."""
    drawn = data.draw(st.lists(searches(), min_size=1, max_size=6))
    corpora = [corpus_of(codec, kinds) for kinds, _ in drawn]
    parts = [
        data.draw(st.sampled_from([[], [(one.start, one.stop)], [(0, one.start), (one.start, one.stop)]]))
        for _, one in drawn
    ]
    k = data.draw(st.integers(1, 50))
    shards = [make_shard(one.codes, one.parameters) for one in corpora]
    alone = [
        (-score, number, row)
        for number, (shard, own) in enumerate(zip(shards, parts, strict=True))
        for row, score in zip(*map(np.ndarray.tolist, shard.search(own, corpora[0].query, k)), strict=True)
    ]
    alone.sort()
    expected = [one for one in alone if len(alone) <= k or one[0] <= alone[k - 1][0]]
    found = shards[0].search_with(shards[1:], parts, corpora[0].query, k)
    assert [found.numbers.tolist(), found.rows.tolist(), (-found.scores).tolist()] == [
        [one[place] for one in expected] for place in (1, 2, 0)
    ]
    assert (found.numbers.dtype, found.rows.dtype, found.scores.dtype) == (np.int64, np.int64, np.float32)


@joint_shard
def test_ties_between_shards_are_kept(make_shard: MakeJointShard) -> None:
    """Equal rows of different shards all answer, in order of shard and row, however many they are."""
    parameters = parameters_of(Codec.SQ8, 24)
    codes = np.repeat(codes_of(1, parameters), 300, axis=0)
    shards = [make_shard(codes, parameters) for _ in range(3)]
    parts = [[(0, 1), (5, 300)], [], [(0, 200)]]
    found = shards[0].search_with(shards[1:], parts, unit_vectors(1, 24)[0], 2)
    assert list(zip(found.numbers.tolist(), found.rows.tolist(), strict=True)) == [
        (number, row) for number, own in enumerate(parts) for part in own for row in range(*part)
    ]


@joint_shard
def test_threads_search_shards_together(make_shard: MakeJointShard) -> None:
    """Two threads that search the same shards at once get what each gets alone."""
    parameters = parameters_of(Codec.SQ8, 32)
    shards = [make_shard(codes_of(1000, parameters, seed), parameters) for seed in range(4)]

    def answer(query: np.ndarray) -> list[object]:
        found = shards[1].search_with(
            [shards[0], *shards[2:]], [[(10, 990)], [(0, 1000)], [], [(5, 6), (7, 9)]], query, 20
        )
        return [part.tolist() for part in found]

    queries = unit_vectors(60, 32, seed=8)
    alone = [answer(query) for query in queries]
    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(answer, queries)) == alone


@joint_shard
@pytest.mark.parametrize(
    ("parts", "query", "k"),
    [
        ([[(0, 3)], [(0, 11)]], np.zeros(8, np.float32), 1),
        ([[(-1, 3)], [(0, 3)]], np.zeros(8, np.float32), 1),
        ([[(0, 3)], [(0, 3)]], np.zeros(9, np.float32), 1),
        ([[(0, 3)], [(0, 3)]], np.zeros(8, np.float32), 0),
        ([[(0, 3)]], np.zeros(8, np.float32), 1),
    ],
)
def test_bad_search_together_is_refused(
    make_shard: MakeJointShard, parts: list[list[tuple[int, int]]], query: np.ndarray, k: int
) -> None:
    """Rows that one of the shards does not have are a ValueError before any memory is read."""
    parameters = parameters_of(Codec.SQ8, 8)
    first, second = (make_shard(codes_of(10, parameters, seed), parameters) for seed in range(2))
    with pytest.raises(ValueError, match=r"among|search|argument"):
        first.search_with([second], parts, query, k)


@every_shard
@every_codec
@pytest.mark.parametrize("dimension", [1, 7, 384])
def test_scores_are_inner_products(make_shard: MakeShard, codec: Codec, dimension: int) -> None:
    """At any dimension each row gets its own score, the best come first, and none that is better is left out."""
    parameters = parameters_of(codec, dimension)
    codes, query = codes_of(1000, parameters), unit_vectors(1, dimension, seed=1)[0]
    scores = decoded(codes, parameters) @ query.astype(np.float64)
    found = make_shard(codes, parameters).search([(0, 1000)], query, 50)
    assert len(found.rows) >= 50
    np.testing.assert_allclose(found.scores, scores[found.rows], atol=2e-6)
    assert (np.diff(found.scores) <= 0).all()
    assert np.delete(scores, found.rows).max() <= found.scores[-1] + 2e-6


@every_shard
@every_codec
@pytest.mark.parametrize(("dimension", "copies"), [(7, 501), (24, 17), (64, 3), (384, 501), (768, 18)])
def test_ties_are_kept(make_shard: MakeShard, codec: Codec, dimension: int, copies: int) -> None:
    """Equal vectors have equal scores, and all that tie with the last of k answer, in order of row."""
    parameters = parameters_of(codec, dimension)
    codes = np.repeat(codes_of(1, parameters), copies, axis=0)
    found = make_shard(codes, parameters).search([(0, copies)], unit_vectors(1, dimension, seed=1)[0], 1)
    assert found.rows.tolist() == list(range(copies))
    assert len(set(found.scores.tolist())) == 1


def test_codes_outlive_the_lists_over_them(tmp_path: Path) -> None:
    """FAISS destroys the lists that a search made, and leaves the mapped codes under them where they are."""
    corpus = corpus_of(Codec.SQ8, range(KINDS))
    (tmp_path / "codes").write_bytes(corpus.codes.tobytes())
    codes = np.memmap(tmp_path / "codes", np.uint8, mode="r", shape=corpus.codes.shape)
    for _ in range(3):
        shard = FaissShard(codes, corpus.parameters)
        assert shard._has_lists
        found = [shard.search([(0, 3), (5, 9)], corpus.query, 4).rows.tolist() for _ in range(2)]
        assert found[0] == found[1]
        assert len(shard._idle) == 1
        del shard
        gc.collect()
        assert (codes == corpus.codes).all()


@every_shard
@every_codec
@pytest.mark.parametrize("k", [1, 2, 3, 41, 42, 43, 83])
def test_duplicates_at_the_boundary(make_shard: MakeShard, codec: Codec, k: int) -> None:
    """Where the k-th of the answers has equals, none of them is cut off, and nothing worse comes with them."""
    best, second, *_, worst = np.argsort(corpus_of(codec, range(KINDS)).scores)[::-1].tolist()
    corpus = corpus_of(codec, [worst, second] * 40 + [best, second, best])
    found = make_shard(corpus.codes, corpus.parameters).search([(0, 83)], corpus.query, k)
    corpus.check(found, 0, 83, k)
    assert len(found.rows) == (2 if k <= 2 else 43 if k <= 43 else 83)


@every_shard
@every_codec
def test_threads_search_one_shard(make_shard: MakeShard, codec: Codec) -> None:
    """Two threads that search one shard at once get what each gets alone."""
    parameters = parameters_of(codec, 32)
    shard = make_shard(codes_of(3000, parameters), parameters)
    queries = unit_vectors(40, 32, seed=8)
    allowed = np.arange(3000) % 3 == 0

    def answer(query: np.ndarray) -> list[tuple[list[int], list[float]]]:
        found = shard.search([(0, 3000)], query, 20, allowed), shard.search([(0, 999), (1200, 2900)], query, 20)
        return [(near.rows.tolist(), near.scores.tolist()) for near in found]

    alone = [answer(query) for query in queries]
    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(answer, queries)) == alone


@every_shard
@every_codec
def test_rows_are_given_back_as_vectors(make_shard: MakeShard, codec: Codec) -> None:
    """Rows come back decoded, in the order asked for, as often as asked for."""
    parameters = parameters_of(codec, 24)
    codes = codes_of(30, parameters)
    shard = make_shard(codes, parameters)
    rows = np.array([29, 0, 7, 7])
    vectors = shard.vectors(rows)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors, decoded(codes, parameters)[rows], atol=1e-6)
    assert shard.vectors(np.empty(0, np.int64)).shape == (0, 24)


QUERY = np.zeros(8, np.float32)
BAD_SEARCHES: dict[str, Callable[[VectorShard], object]] = {
    "start before the first row": lambda shard: shard.search([(-1, 3)], QUERY, 1),
    "stop before start": lambda shard: shard.search([(3, 2)], QUERY, 1),
    "stop after the last row": lambda shard: shard.search([(0, 11)], QUERY, 1),
    "both after the last row": lambda shard: shard.search([(11, 11)], QUERY, 1),
    "a second part after the last row": lambda shard: shard.search([(0, 3), (9, 11)], QUERY, 1),
    "query too long": lambda shard: shard.search([(0, 10)], np.zeros(9, np.float32), 1),
    "query too short": lambda shard: shard.search([(0, 10)], np.zeros(7, np.float32), 1),
    "query of two dimensions": lambda shard: shard.search([(0, 10)], QUERY[:, None], 1),
    "k of 0": lambda shard: shard.search([(0, 10)], QUERY, 0),
    "k below 0": lambda shard: shard.search([(0, 10)], QUERY, -1),
    "filter too short": lambda shard: shard.search([(0, 10)], QUERY, 1, np.ones(9, np.bool_)),
    "filter too long": lambda shard: shard.search([(0, 10)], QUERY, 1, np.ones(11, np.bool_)),
    "filter for one part of two": lambda shard: shard.search([(0, 2), (4, 6)], QUERY, 1, np.ones(2, np.bool_)),
    "filter for all rows on a slice": lambda shard: shard.search([(2, 4)], QUERY, 1, np.ones(10, np.bool_)),
}


@every_shard
@every_codec
@pytest.mark.parametrize("what", BAD_SEARCHES)
def test_bad_search_is_refused(make_shard: MakeShard, codec: Codec, what: str) -> None:
    """A search that cannot be meant is a ValueError before any memory is read."""
    parameters = parameters_of(codec, 8)
    shard = make_shard(codes_of(10, parameters), parameters)
    with pytest.raises(ValueError, match=r"\w"):
        BAD_SEARCHES[what](shard)


@every_shard
@every_codec
def test_codes_of_wrong_shape_are_refused(make_shard: MakeShard, codec: Codec) -> None:
    """Codes that do not fit the codec are a ValueError at once."""
    parameters = parameters_of(codec, 8)
    codes = codes_of(10, parameters)
    for wrong in (codes[:, :-1].copy(), np.hstack([codes, codes]), codes.ravel()):
        with pytest.raises(ValueError, match=r"\w"):
            make_shard(wrong, parameters)


def test_faiss_refuses_codes_that_are_not_contiguous() -> None:
    """FAISS reads memory straight through, so rows that lie apart are refused."""
    parameters = parameters_of(Codec.SQ8, 8)
    with pytest.raises(ValueError, match="fit"):
        FaissShard(codes_of(10, parameters)[::2], parameters)


@pytest.mark.parametrize("k", [1, 3, 10, 50])
def test_rows_that_are_no_numbers_do_not_answer(k: int) -> None:
    """A row with NaN in it, as a broken model makes, is left out; FAISS's -1 for it is never seen."""
    parameters = parameters_of(Codec.FP16, 8)
    codes = codes_of(10, parameters).view("<f2")
    codes[4] = np.nan
    query = unit_vectors(1, 8, seed=1)[0]
    found = FaissShard(codes.view(np.uint8), parameters).search([(0, 10)], query, k)
    best_first = np.argsort(-np.delete(codes.astype(np.float64) @ query, 4), kind="stable")
    assert found.rows.tolist() == np.delete(np.arange(10), 4)[best_first][:k].tolist()
    codes[:] = np.nan
    assert FaissShard(codes.view(np.uint8), parameters).search([(0, 10)], query, k).rows.tolist() == []


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="only Linux tells the memory held now")
def test_searches_leave_no_memory_behind() -> None:
    """A shard can be searched for ever: what FAISS allocates for a search goes with it."""
    program = """
import numpy as np
from pathlib import Path
from ctxsearch.vectors.codec import Codec, CodecParameters
from ctxsearch.vectors.faiss_shard import FaissShard
shard = FaissShard(np.zeros((8, 16), np.uint8), CodecParameters(Codec.FP16, 8))
query, allowed = np.zeros(8, np.float32), np.ones(8, np.bool_)
pages = []
for searches in (2000, 20000):
    for _ in range(searches):
        shard.search([(0, 8)], query, 1, allowed)
    pages.append(int(Path('/proc/self/statm').read_text().split()[1]))
print(pages[1] / pages[0])
"""
    root = Path(ctxsearch.__file__).parent.parent
    done = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True)
    assert float(done.stdout) < 1.02


# ------------------------------------------------------------------------------------------------------------- codecs


@every_make_codec
def test_half_precision_is_ieee(make_codec: MakeCodec) -> None:
    """Every half-precision number between -1 and 1 is decoded to itself, and normal ones are encoded to themselves."""
    halves = np.arange(1 << 16, dtype=np.uint16).view("<f2")
    halves = halves[np.abs(halves) <= 1]
    codec = make_codec(CodecParameters(Codec.FP16, len(halves)))
    assert codec.code_size == 2 * len(halves)
    np.testing.assert_array_equal(codec.decode(halves.view(np.uint8)[None])[0], halves.astype(np.float32))
    normal = np.abs(halves) >= 2.0**-14
    encoded = codec.encode(halves.astype(np.float32)[None]).view("<f2")[0]
    np.testing.assert_array_equal(encoded[normal], halves[normal])
    np.testing.assert_allclose(encoded[~normal], halves[~normal], atol=2.0**-24)


def test_half_precision_codes_agree() -> None:
    """Both back ends take the nearest half-precision number, and differ only where two are equally near."""
    vectors, parameters = unit_vectors(500, 96), CodecParameters(Codec.FP16, 96)
    exact, fast = (make(parameters).encode(vectors).view("<f2") for make in (ExactCodec, FaissCodec))
    np.testing.assert_array_equal(exact, vectors.astype(np.float16))
    normal = np.abs(vectors) >= 2.0**-14
    np.testing.assert_array_equal(np.abs(exact - vectors)[normal], np.abs(fast - vectors)[normal])
    assert (exact != fast)[normal].mean() < 1e-3
    np.testing.assert_allclose(exact[~normal], fast[~normal], atol=2.0**-24)


@every_make_codec
@every_trained_codec
def test_steps_follow_the_formula(make_codec: MakeRounding, codec: Codec) -> None:
    """A component is the number of its step in the range, and off by one only at the border of two; beyond, it ends."""
    parameters = parameters_of(codec, 97)
    maker = make_codec(parameters)
    assert parameters.ranges is not None
    low, width = parameters.ranges.astype(np.float64)
    vectors = np.random.default_rng(0).uniform(-1.5, 1.5, (500, 97)).astype(np.float32)
    steps = np.clip((vectors - low) / width, 0, 1) * codec.steps
    codes = maker.rounded(vectors)
    assert codes.shape == (500, maker.code_size)
    numbers = numbers_in(codes, parameters)
    inside = np.abs(steps - np.round(steps)) > 1e-3
    assert inside.mean() > 0.3
    np.testing.assert_array_equal(numbers[inside], np.floor(steps[inside]))
    assert np.abs(numbers - np.floor(steps)).max() <= 1
    np.testing.assert_array_equal(numbers[steps == 0], 0)
    np.testing.assert_array_equal(numbers[steps == codec.steps], codec.steps)


@every_trained_codec
@pytest.mark.parametrize("dimension", [1, 2, 3, 5, 7, 8, 30, 384])
def test_codes_agree(codec: Codec, dimension: int) -> None:
    """Both back ends write the same bytes at every dimension, the bits that belong to no component included."""
    vectors = unit_vectors(2000, dimension)
    parameters = train(codec, vectors)
    exact, fast = (make(parameters).encode(vectors) for make in (ExactCodec, FaissCodec))
    assert (exact == fast).all(axis=1).mean() > 0.998
    np.testing.assert_allclose(
        *((decoded(codes, parameters) * vectors).sum(axis=1) for codes in (exact, fast)), atol=8 / codec.steps
    )


@every_make_codec
@every_trained_codec
def test_codes_keep_their_own_score(make_codec: MakeRounding, codec: Codec) -> None:
    """Of all codes near a vector one is taken that scores against the vector as it does against itself."""
    vectors = unit_vectors(2000, 384)
    maker = make_codec(train(codec, vectors))

    def amiss(codes: np.ndarray) -> float:
        return float(np.abs((maker.decode(codes) * vectors).sum(axis=1) - 1).mean())

    nearest = maker.rounded(vectors)
    taken = maker.encode(vectors)
    assert amiss(taken) < amiss(nearest) / 2.5
    length = np.linalg.norm(maker.decode(taken) - vectors, axis=1).mean()
    assert length < 1.02 * np.linalg.norm(maker.decode(nearest) - vectors, axis=1).mean()


@every_make_codec
@every_codec
@pytest.mark.parametrize("rows", [1, 5, 500])
@pytest.mark.parametrize("present", [1, 3, 64])
def test_lengths_of_codes_hold_those_of_the_vectors(
    make_codec: MakeCodec, codec: Codec, rows: int, present: int
) -> None:
    """However unlike the sample later vectors are, their codes say that they may be of about unit length."""
    sample = unit_vectors(rows, 64)
    later = unit_vectors(500, 64, seed=1)
    later[np.random.default_rng(2).permuted(np.tile(np.arange(64), (500, 1)), axis=1) >= present] = 0
    later /= np.linalg.norm(later, axis=1, keepdims=True)
    for one, other in ((sample, later), (later[:rows], sample)):
        parameters = train(codec, one)
        maker = make_codec(parameters)
        least, greatest = coded_lengths(maker.decode(maker.encode(other)), parameters)
        assert least.max() < 1.1 + 1e-4
        assert greatest.min() > 0.9 - 1e-4


@every_trained_codec
def test_codes_of_another_kind_are_too_long(codec: Codec) -> None:
    """Bytes that are no codes, and codes that were never written, are of no vector of unit length."""
    parameters = train(codec, unit_vectors(500, 384))
    maker = ExactCodec(parameters)
    for codes in (codes_of(100, parameters), np.zeros((1, maker.code_size), np.uint8)):
        assert coded_lengths(maker.decode(codes), parameters)[0].min() > 1.2


@pytest.mark.parametrize("wrong", [np.nan, np.inf, 0, -1])
def test_ranges_that_cannot_be_are_refused(wrong: float) -> None:
    """A range that is no number, or has no width, is none."""
    ranges = np.array([[0, 0], [1, wrong]], np.float32)
    with pytest.raises(ValueError, match="are finite, and each wider than nothing"):
        CodecParameters(Codec.SQ6, 2, ranges)


@every_make_codec
@every_codec
def test_codes_decode_alike(make_codec: MakeCodec, codec: Codec) -> None:
    """Codes mean the same to both back ends: what the formula says."""
    parameters = parameters_of(codec, 40)
    codes = codes_of(300, parameters)
    if codec.is_trained:
        codes[:256] = np.arange(256)[:, None]
    vectors = make_codec(parameters).decode(codes)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors, decoded(codes, parameters), atol=1e-6)


@every_make_codec
@every_codec
def test_vectors_survive_their_codes(make_codec: MakeCodec, codec: Codec) -> None:
    """A vector that was encoded and decoded again points where it pointed."""
    vectors = unit_vectors(300, 64)
    maker = make_codec(train(codec, vectors))
    again = maker.decode(maker.encode(vectors))
    cosines = (again * vectors).sum(axis=1) / np.linalg.norm(again, axis=1)
    assert cosines.min() > {Codec.FP16: 0.9999, Codec.SQ8: 0.9995, Codec.SQ6: 0.997, Codec.SQ4: 0.975}[codec]


@every_make_codec
@every_codec
@pytest.mark.parametrize("dimension", [5, 64])
def test_code_of_a_vector_is_its_own(make_codec: MakeCodec, codec: Codec, dimension: int) -> None:
    """A vector has the same code whatever is encoded beside it, so that equal vectors tie."""
    vectors = unit_vectors(300, dimension)
    maker = make_codec(train(codec, vectors))
    alone = np.concatenate([maker.encode(row[None]) for row in vectors])
    np.testing.assert_array_equal(maker.encode(vectors), alone)


@pytest.mark.parametrize("rows", [50, 20_000])
def test_ranges_cover_later_vectors(rows: int) -> None:
    """Ranges hold nearly all components of later vectors of like spread, and many samples make them no wider."""
    shift, spread = np.linspace(-0.3, 0.3, 32), np.linspace(0.02, 0.1, 32)
    sample = np.random.default_rng(0).normal(shift, spread, (rows, 32)).astype(np.float32)
    later = np.random.default_rng(1).normal(shift, spread, (5000, 32))
    ranges = train(Codec.SQ8, sample).ranges
    assert ranges is not None
    assert ranges.dtype == np.float32
    low, width = ranges
    assert ((sample >= low - 1e-6) & (sample <= low + width + 1e-6)).all()
    assert ((later >= low) & (later <= low + width)).mean() > 0.9999
    if rows > 1000:
        assert (width < 12 * spread).all()  # a range that is too wide wastes its steps


@every_trained_codec
@pytest.mark.parametrize("rows", [1, 2, 5])
def test_ranges_of_tiny_samples_serve_later_vectors(codec: Codec, rows: int) -> None:
    """An index that begins with a handful of words still tells the words apart that come later."""
    maker = ExactCodec(train(codec, unit_vectors(rows, 64)))
    later = unit_vectors(500, 64, seed=1)
    again = maker.decode(maker.encode(later))
    assert ((again * later).sum(axis=1) / np.linalg.norm(again, axis=1)).min() > (0.9 if codec is Codec.SQ4 else 0.99)


@pytest.mark.parametrize("codec", [Codec.SQ6, Codec.SQ4])
def test_few_steps_lie_where_most_components_are(codec: Codec) -> None:
    """With few steps the range leaves the extremes out, and its middle is the mean of what it was trained on."""
    shift, spread = np.linspace(-0.3, 0.3, 32), np.linspace(0.02, 0.1, 32)
    sample = np.random.default_rng(0).normal(shift, spread, (20_000, 32)).astype(np.float32)
    parameters = train(codec, sample)
    assert parameters.ranges is not None
    low, width = parameters.ranges
    inside = ((sample >= low) & (sample <= low + width)).mean()
    assert 0.98 < inside < 0.9999
    lowest, highest = decoded(
        np.array([[0] * parameters.code_size, [255] * parameters.code_size], np.uint8), parameters
    )
    np.testing.assert_allclose((lowest + highest) / 2, shift, atol=4e-3)


def test_codec_without_steps_is_not_fitted() -> None:
    """There is nothing to choose among halves, so choosing is refused."""
    codec = ExactCodec(parameters_of(Codec.FP16, 4))
    with pytest.raises(ValueError, match="no steps"):
        fitted_codes(unit_vectors(2, 4), parameters_of(Codec.FP16, 4), codec.encode)


def test_constant_component_has_a_range() -> None:
    """A component that is the same in the whole sample does not make a range of no width."""
    sample = unit_vectors(100, 8)
    sample[:, 3] = 0.25
    ranges = train(Codec.SQ8, sample).ranges
    assert ranges is not None
    assert (ranges[1] > 0).all()
    assert ranges[0, 3] <= 0.25 <= ranges[0, 3] + ranges[1, 3]


def test_half_precision_trains_nothing() -> None:
    """Half precision needs no ranges, only the dimension."""
    assert train(Codec.FP16, unit_vectors(3, 12)) == CodecParameters(Codec.FP16, 12, None)


@pytest.mark.parametrize(
    ("codec", "shape"),
    [
        (Codec.FP16, (2, 8)),
        (Codec.SQ8, None),
        (Codec.SQ8, (2, 7)),
        (Codec.SQ8, (8, 2)),
        (Codec.SQ8, (1, 8)),
        (Codec.SQ8, (16,)),
    ],
)
def test_ranges_must_fit_the_codec(codec: Codec, shape: tuple[int, ...] | None) -> None:
    """Ranges that are missing, needless, or of another dimension are refused."""
    with pytest.raises(ValueError, match="ranges"):
        CodecParameters(codec, 8, None if shape is None else np.ones(shape, np.float32))


def test_code_sizes() -> None:
    """A component takes its bits, two bytes in half precision; a row ends with the byte that it has begun."""
    assert [codec.code_size(384) for codec in Codec] == [768, 384, 288, 192]
    assert [parameters_of(codec, 5).code_size for codec in Codec] == [10, 5, 4, 3]


# -------------------------------------------------------------------------------------------------------- vector files


class Row(NamedTuple):
    """A row as it is handed to the writer; its vector is made of its id."""

    lemma: str
    form: str
    row_id: int

    @property
    def vector(self) -> list[float]:
        """Four numbers that half precision holds exactly."""
        return [float(self.row_id >> shift & 0x3FF) for shift in (0, 10, 20, 30)]


def write(folder: Path, batches: Sequence[Sequence[Row]], samples: list[np.ndarray] | None = None) -> list[int]:
    """Writes rows as a build does: words are numbered as they come, and ranked when a run is full."""
    numbers: dict[tuple[str, str], int] = {}

    def order() -> np.ndarray:
        ranks = {pair: rank for rank, pair in enumerate(sorted(numbers))}
        return np.array([ranks[pair] for pair in numbers], np.int32)

    def codec_for(sample: np.ndarray) -> VectorCodec:
        if samples is not None:
            samples.append(sample.copy())
        return ExactCodec(CodecParameters(Codec.FP16, 4))

    writer = VectorWriter(folder, 4, codec_for)
    for batch in batches:
        keys = [numbers.setdefault((row.lemma, row.form), len(numbers)) for row in batch]
        vectors = np.array([row.vector for row in batch], np.float32).reshape(-1, 4)
        ids = np.array([row.row_id for row in batch], np.int64)
        writer.add(vectors, np.array(keys, np.int32), ids, order)
    assert writer.rows == sum(map(len, batches))
    lemmas = sorted({lemma for lemma, _ in numbers})
    lemma_of = np.array([lemmas.index(lemma) for lemma, _ in sorted(numbers)], np.int32)
    counts = writer.counts(order())
    size, digest = writer.finish(order(), lemma_of)
    assert (size, digest) == ((folder / VECTORS_FILE).stat().st_size, digest_files(folder / VECTORS_FILE))
    return counts.tolist()


rows = st.builds(Row, st.sampled_from("abcd"), st.sampled_from("xyz"), st.integers(0, (1 << 40) - 1))


@given(
    st.lists(rows, max_size=60, unique_by=lambda row: row.row_id),
    st.lists(st.integers(0, 60), max_size=8),
    st.integers(1, 80),
    st.integers(1, 80),
    st.sampled_from([1, 3, 100]),
)
def test_writer_sorts(all_rows: list[Row], cuts: list[int], run_rows: int, merge_rows: int, rows_at_once: int) -> None:
    """However rows come, and however little memory there is, the files hold them by lemma, form and id."""
    borders = sorted([0, *cuts, len(all_rows)])
    batches = [all_rows[first:last] for first, last in itertools.pairwise(borders)]
    samples: list[np.ndarray] = []
    with TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(sorting, "RUN_BYTES", run_rows * 16)
        patch.setattr(sorting, "_MERGE_BYTES", merge_rows * 8)
        # With few rows at once there are several threads.
        patch.setattr(sorting, "_ENCODED_BYTES", rows_at_once * 16)
        folder = Path(name)
        sizes = write(folder, batches, samples)
        assert sorted(path.name for path in folder.iterdir()) == [LISTS_FILE, VECTORS_FILE]
        content = (folder / VECTORS_FILE).read_bytes()
        lists = np.load(folder / LISTS_FILE)
    ordered = sorted(all_rows)
    codes = np.array([row.vector for row in ordered], "<f2").tobytes()
    assert content == codes + np.array([row.row_id for row in ordered], "<i8").tobytes()
    assert sizes == [sum(row[:2] == pair for row in ordered) for pair in sorted({row[:2] for row in ordered})]
    firsts = [row.lemma for row in ordered]
    assert lists.tolist() == [*(firsts.index(lemma) for lemma in sorted({*firsts})), len(ordered)]
    expected = [[row.vector for row in all_rows[:run_rows]]] if all_rows else []
    assert [sample.tolist() for sample in samples] == expected


ROWS = [Row("bank", "banks", 65537), Row("bank", "bank", 131072), Row("a", "a", 3), Row("tea", "tea", 9)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The vector files of four rows under three lemmas."""
    write(tmp_path, [ROWS])
    return tmp_path


def test_files_are_mapped(folder: Path) -> None:
    """What was written is opened in place, and cannot be written to."""
    codes, ids, lists = open_vectors(folder, 8, 4, 3)
    assert lists.tolist() == [0, 1, 3, 4]
    assert ids.tolist() == [3, 131072, 65537, 9]
    assert codes.view("<f2")[:, 0].tolist() == [3, 0, 1, 9]
    assert not codes.flags.writeable
    assert not ids.flags.writeable


def test_no_rows(tmp_path: Path) -> None:
    """A shard without a single word has files too, and they open."""
    assert write(tmp_path, []) == []
    codes, ids, lists = open_vectors(tmp_path, 8, 0, 0)
    assert (codes.shape, ids.shape, lists.tolist()) == ((0, 8), (0,), [0])


@pytest.mark.parametrize("codec", ["fp16", "sq8", "sq6", "sq4"])
def test_words_without_a_vector_train_no_codec(tmp_path: Path, codec: str) -> None:
    """A text whose words have no vector is taken, whatever comes first; what comes later is found."""

    class Blind(WindowEncoder):
        def encode(self, passages: Sequence[Sequence[Segment]]) -> Encoded:
            vectors, present, _ = super().encode(passages)
            sees = "bank" in passages[0][0].text
            return Encoded(vectors * sees, present & sees)

    index = ctxsearch.Index.create(tmp_path / "index", model="blind", encoder=Blind(), codec=codec)
    index.add([Document("grey", "The reeds were grey.")])
    assert (index.info().occurrences, index.info().without_vector) == (0, 4)
    index.add([Document("river", "The bank of the river."), Document("money", "The bank lent money.")])
    assert {line.key for line in index.query("The [bank] of the river.", k=None)} == {"river:4", "money:4"}


def test_what_comes_after_the_training_is_encoded_as_what_came_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many rows a codec is trained on, and come at a time, each has the code that it gives the vector."""
    rows = 5000
    vectors = np.random.default_rng(0).normal(size=(rows, 4)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    monkeypatch.setattr(sorting, "TRAINING_ROWS", 700)
    codecs: list[FaissCodec] = []

    def codec_for(sample: np.ndarray) -> VectorCodec:
        assert np.array_equal(sample, vectors[:700])
        codecs.append(FaissCodec(train(Codec.SQ8, sample)))
        return codecs[-1]

    writer = VectorWriter(tmp_path, 4, codec_for)
    for start, stop in itertools.pairwise([0, 1, 600, 3500, rows]):
        keys = np.zeros(stop - start, np.int32)
        writer.add(vectors[start:stop], keys, np.arange(start, stop), lambda: np.zeros(1, np.int32))
        assert writer.rows == stop
    writer.finish(np.zeros(1, np.int32), np.zeros(1, np.int32))
    assert len(codecs) == 1
    found = open_vectors(tmp_path, 4, rows, 1)
    assert np.array_equal(found.ids, np.arange(rows))
    assert np.array_equal(found.codes, codecs[0].encode(vectors))


def test_codec_is_not_trained_on_nothing(make_index: MakeIndex) -> None:
    """An index with trained ranges can begin with a text that has no word."""
    index = make_index([Document("marks", "!!! ???")], codec="sq8")
    assert index.info().occurrences == 0
    index.add([Document("river", "The bank of the river."), Document("money", "The bank lent money.")])
    assert index.query("The [bank] of the river.")[0].key == "river:4"


def resave(*numbers: int, dtype: str = "int64") -> Callable[[Path], object]:
    return lambda folder: np.save(folder / LISTS_FILE, np.array(numbers, dtype))


def resize(name: str, change: int) -> Callable[[Path], object]:
    def apply(folder: Path) -> None:
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[:change] if change < 0 else content + bytes(change))

    return apply


def save_archive(folder: Path) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, lists=np.array([0, 1, 3, 4]))
    (folder / LISTS_FILE).write_bytes(buffer.getvalue())


def save_huge(folder: Path) -> None:
    with (folder / LISTS_FILE).open("wb") as file:
        header = {"descr": "<i8", "fortran_order": False, "shape": (1 << 50,)}
        np.lib.format.write_array_header_1_0(file, header)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "codes cut short": resize(VECTORS_FILE, -1),
    "codes too long": resize(VECTORS_FILE, 1),
    "codes missing": lambda folder: (folder / VECTORS_FILE).unlink(),
    "lists missing": lambda folder: (folder / LISTS_FILE).unlink(),
    "lists cut short": resize(LISTS_FILE, -1),
    "lists cut in the header": resize(LISTS_FILE, -100),
    "lists empty": lambda folder: (folder / LISTS_FILE).write_bytes(b""),
    "lists of text": lambda folder: (folder / LISTS_FILE).write_text("0 1 3 4"),
    "lists as an archive": save_archive,
    "lists larger than any memory": save_huge,
    "lists out of order": resave(0, 3, 1, 4),
    "lists below zero": resave(0, -1, 3, 4),
    "lists not from the first row": resave(1, 1, 3, 4),
    "lists not to the last row": resave(0, 1, 3, 3),
    "lists beyond the last row": resave(0, 1, 3, 5),
    "a list too few": resave(0, 3, 4),
    "a list too many": resave(0, 1, 3, 4, 4),
    "lists of another type": resave(0, 1, 3, 4, dtype="int32"),
    "lists of floats": resave(0, 1, 3, 4, dtype="float64"),
    "lists of another byte order": resave(0, 1, 3, 4, dtype=">i8"),
    "lists in a table": lambda folder: np.save(folder / LISTS_FILE, np.array([[0, 1, 3, 4]])),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_told(folder: Path, damage: str) -> None:
    """A vector file that is not what the shard says is named, never read past its end."""
    DAMAGES[damage](folder)
    with pytest.raises(IndexDamaged) as told:
        open_vectors(folder, 8, 4, 3)
    assert told.value.path == str(folder / (VECTORS_FILE if damage.startswith("codes") else LISTS_FILE))


@pytest.mark.parametrize(("code_size", "rows", "lemmas"), [(7, 4, 3), (8, 3, 3), (8, 5, 3), (8, 4, 2), (8, 4, 4)])
def test_files_of_another_shape_are_damaged(folder: Path, code_size: int, rows: int, lemmas: int) -> None:
    """Files that are whole, but not those of this shard, do not open."""
    with pytest.raises(IndexDamaged):
        open_vectors(folder, code_size, rows, lemmas)


def test_every_flipped_byte_is_found_or_harmless(folder: Path) -> None:
    """Whatever byte of the lists is wrong, they open as they were or as damaged, never as anything else."""
    path = folder / LISTS_FILE
    content = path.read_bytes()
    for place in range(len(content)):
        for flip in (0x01, 0xFF):
            path.write_bytes(content[:place] + bytes([content[place] ^ flip]) + content[place + 1 :])
            try:
                lists = open_vectors(folder, 8, 4, 3).lists
            except IndexDamaged:
                continue
            inner = place >= len(content) - 24  # the two offsets in between can move as long as they stay in order
            assert lists.tolist() == [0, 1, 3, 4] or (inner and lists.tolist() == sorted(lists.tolist()))


class Touch:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return Path.touch, (self._path,)


@pytest.mark.parametrize("how", ["array", "plain"])
def test_nothing_is_unpickled(folder: Path, how: str) -> None:
    """A lists file with a pickle in it is damaged, and the pickle is not run."""
    trap = Touch(folder / "touched")
    path = folder / LISTS_FILE
    if how == "array":
        np.save(path, np.array([trap] * 4, object), allow_pickle=True)
    else:
        path.write_bytes(pickle.dumps(trap))
    with pytest.raises(IndexDamaged):
        open_vectors(folder, 8, 4, 3)
    assert not (folder / "touched").exists()
