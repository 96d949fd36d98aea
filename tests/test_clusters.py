"""Very frequent words: put in clusters by builds and compaction, searched in part, and exactly where that is asked."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import ctxsearch
from conftest import TOPICS, MakeIndex, WindowEncoder, small_clusters
from typer.main import get_command

from ctxsearch import Document, Index
from ctxsearch.cli.main import app_with
from ctxsearch.commit import CLUSTERS_FILE, VECTORS_FILE, read_commit, write_commit
from ctxsearch.digests import digest_files
from ctxsearch.domain import ConcordanceLine
from ctxsearch.errors import IndexDamaged
from ctxsearch.query import narrowing, ranking
from ctxsearch.query.finding import find_key
from ctxsearch.query.found import Found
from ctxsearch.query.lines import lines
from ctxsearch.query.scope import Rows
from ctxsearch.upkeep import joined_clusters
from ctxsearch.vectors import clusters

ASKED = "The river broke its [bank] near the mill."


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A word of fifty uses is frequent, and of one of a hundred a part is scanned."""
    small_clusters(monkeypatch)
    for module, name, value in (
        (narrowing, "BYTES_SCANNED", 60),
        (narrowing, "LEAST_ROWS", 60),
        (narrowing, "ROWS_PER_LINE", 3),
        (ranking, "BYTES_AT_ONCE", 1024),
    ):
        monkeypatch.setattr(module, name, value)


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From now on no word is frequent enough to be put in clusters."""
    return lambda: monkeypatch.setattr(clusters, "CLUSTERED_ROWS", 10**9)


def documents(count: int = 90, first: int = 0) -> list[Document]:
    """Texts of three topics, each with four uses of *bank*, in several forms."""
    made = []
    for number in range(first, first + count):
        chance = random.Random(number)
        words = TOPICS[number % 3].split()
        sentences = [
            " ".join(
                [*chance.sample(words, 2), chance.choice(["bank", "bank", "banks", "Bank"]), *chance.sample(words, 2)]
            )
            for _ in range(4)
        ]
        made.append(Document(f"d{number:03}", ". ".join(sentences) + ".", {"year": 1900 + number, "half": number % 2}))
    return made


def cluster_files(index: Index) -> list[Path]:
    commit = read_commit(max(index.path.glob("commit-*.json")))
    return [index.path / entry.shard_id / CLUSTERS_FILE for entry in commit.shards if CLUSTERS_FILE in entry.files]


def exact_answers(index: Index, *, exact: bool) -> list[list[ConcordanceLine]]:
    """What an index answers to questions of all kinds."""
    keys = [index.concordance("bank", limit=40)[place].key for place in (0, 17)]
    return [
        *(index.query(ASKED, k=k, exact=exact) for k in (1, 5, 20, 150, None)),
        index.query(ASKED, min_score=0.4, k=7, exact=exact),
        index.query(ASKED, form="bank", exact=exact),
        index.query(ASKED, form=["Bank", "banks"], exact=exact),
        index.query(ASKED, where=["year>1930"], exact=exact),
        index.query(ASKED, any_word=True, exact=exact),
        index.query(ASKED, any_word=True, form="bank", exact=exact),
        index.like(keys[0], exact=exact),
        index.like(keys, unlike=index.concordance("bank", limit=3)[2].key, k=9, exact=exact),
        *index.query_many([ASKED, "The [bank] lent money.", "A [loan]."], k=6, exact=exact),
        index.concordance("bank"),
        index.concordance("banks", sample=9, seed=2),
    ]


def test_pages_are_parts_of_one_list(make_index: MakeIndex) -> None:
    """Up to as many lines as the rows are for that are compared in any case; and asked exactly, all."""
    index = make_index(documents())
    key = index.concordance("bank", limit=1)[0].key
    lines_of_one_list = narrowing.LEAST_ROWS // narrowing.ROWS_PER_LINE
    for exact, last in ((False, lines_of_one_list - 1), (True, 200)):
        whole = index.like(key, k=last, exact=exact)
        pages = [
            line for at in range(0, last, 7) for line in index.like(key, k=min(7, last - at), offset=at, exact=exact)
        ]
        assert pages == whole
    assert len({line.key for line in whole}) == 200


@pytest.mark.parametrize("shard_tokens", [500, 10**6])
@pytest.mark.parametrize("codec", ["fp16", "sq8"])
def test_exact_answers_are_those_of_an_index_without_clusters(
    make_index: MakeIndex, plain: Callable[[], None], shard_tokens: int, codec: str
) -> None:
    """Asked exactly, an index in clusters answers to the last bit as one that has none, whatever was removed."""
    clustered = make_index(documents(), shard_tokens=shard_tokens, codec=codec)
    assert len(cluster_files(clustered)) == clustered.info().shards
    plain()
    without = make_index(documents(), shard_tokens=shard_tokens, codec=codec)
    assert not cluster_files(without)
    for index in (clustered, without):
        index.remove(["d001", "d002", "d050"])
    assert exact_answers(clustered, exact=True) == exact_answers(without, exact=True)
    # It has no clusters, so it is exact in any case.
    assert exact_answers(without, exact=False) == exact_answers(without, exact=True)


@pytest.mark.parametrize("shard_tokens", [500, 10**6])
@pytest.mark.parametrize("form", [(), "bank", ["Bank", "banks"]])
def test_answers_in_part_are_right_as_far_as_they_go(
    make_index: MakeIndex, shard_tokens: int, form: str | list[str]
) -> None:
    """Of a frequent word lines of the nearest clusters answer: so many, sorted, each with its own score."""
    index = make_index(documents(), shard_tokens=shard_tokens)
    index.remove(["d003", "d004"])
    every = index.query(ASKED, k=None, form=form)
    score_of = {line.key: line.score for line in every}
    for k in (1, 5, 20):
        found = index.query(ASKED, k=k, form=form)
        assert len(found) == k
        assert found == sorted(found, key=lambda line: (-(line.score or 0), line.key))
        assert [score_of[line.key] for line in found] == [line.score for line in found]
        assert {line.key for line in found} <= {line.key for line in every[: len(every) // 3]}
        assert index.query(ASKED, k=k, form=form) == found


def test_only_a_part_is_scanned(make_index: MakeIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    """A search of a frequent word scans some sixty of its rows; all, where lines without end or a floor are asked."""
    index = make_index(documents())
    scanned: list[int] = []
    scan = ranking._scanned

    def watched(shards: Any, rows: Sequence[Sequence[Rows]], *others: Any) -> Any:
        scanned.append(sum(stop - start for stretches in rows for start, stop in stretches))
        return scan(shards, rows, *others)

    monkeypatch.setattr(ranking, "_scanned", watched)
    total = index.count("bank")
    for options in ({}, {"form": "bank"}, {"where": ["year>=1900"]}):
        scanned.clear()
        index.query(ASKED, k=5, **options)  # type: ignore[arg-type]
        assert len(scanned) == 1
        assert 60 <= scanned[0] < 120 < total
    for options in ({"exact": True}, {"k": None}, {"min_score": 0.5}, {"k": 120}):
        scanned.clear()
        index.query(ASKED, **options)  # type: ignore[arg-type]
        assert scanned == [total]


def test_every_key_is_found_in_its_cluster(make_index: MakeIndex) -> None:
    """The order of clusters hides no row: each key leads to its own line, in clustered forms and in others."""
    index = make_index(documents())
    assert cluster_files(index)
    shards = index.open_shards()
    for line in index.concordance("bank"):
        place = find_key(shards, line.key)
        (found,) = lines(shards, [Found(place.shard, place.row, None)], 10)
        assert found == line


def test_filter_that_leaves_little_is_answered_exactly(make_index: MakeIndex) -> None:
    """Where most rows are filtered out or removed, the few that are left all answer, wherever they lie."""
    index = make_index(documents())
    far = [f"d{number:03}" for number in range(1, 90, 3)][:4]
    where = [f"year<{1900 + 8}"]
    assert index.query(ASKED, where=where) == index.query(ASKED, where=where, exact=True)
    assert len(index.query(ASKED, where=where, k=32)) == 32
    index.remove([f"d{number:03}" for number in range(90) if f"d{number:03}" not in far])
    assert len(index.query(ASKED, k=16)) == 16
    assert index.query(ASKED) == index.query(ASKED, exact=True)


def test_every_key_is_found(make_index: MakeIndex) -> None:
    """An occurrence is found by its key wherever its cluster put it."""
    index = make_index(documents(30))
    for line in index.concordance("bank"):
        assert line.key not in {found.key for found in index.like(line.key, k=3)}


def test_lines_come_in_the_order_of_the_text(make_index: MakeIndex) -> None:
    """A concordance does not show that its word lies in clusters."""
    lines = make_index(documents(30)).concordance("bank")
    places = [(line.document_id, line.start) for line in lines]
    assert places == sorted(places)
    assert len(places) == 120


def test_same_documents_give_the_same_bytes(make_index: MakeIndex) -> None:
    """Clusters depend on the documents alone."""
    one, other = (make_index(documents()) for _ in range(2))
    assert [path.parent.name for path in cluster_files(one)] == [path.parent.name for path in cluster_files(other)]
    assert [path.read_bytes() for path in cluster_files(one)] == [path.read_bytes() for path in cluster_files(other)]


def test_compaction_puts_in_clusters(make_index: MakeIndex, plain: Callable[[], None]) -> None:
    """A word that becomes frequent by joining is put in clusters, as if all had been built at once."""
    whole = make_index(documents())
    parts = make_index(documents(), shard_tokens=60)
    assert not cluster_files(parts)
    parts.compact()
    (built,), (joined,) = cluster_files(whole), cluster_files(parts)
    for name in (CLUSTERS_FILE, VECTORS_FILE):
        assert (joined.parent / name).read_bytes() == (built.parent / name).read_bytes()
    assert Index.verify(parts.path, encoder=WindowEncoder()).problems == []
    assert parts.query(ASKED) == whole.query(ASKED)
    # Where it is frequent no more, its rows are in the order of the text again.
    parts.remove("d001")
    before = exact_answers(parts, exact=True)
    plain()
    parts.compact()
    assert not cluster_files(parts)
    assert exact_answers(parts, exact=False) == before
    assert Index.verify(parts.path, encoder=WindowEncoder()).problems == []


def clusters_of(index: Index, lemma: str) -> dict[bytes, int]:
    """The centroids of a lemma's clusters, in every shard, and how many rows each has."""
    found = {}
    for shard in index.open_shards():
        for form in shard.catalog.forms(lemma=lemma):
            inside = shard.clusters.within(form.first_row, form.stop_row)
            sizes = (shard.clusters.stops[inside] - shard.clusters.starts[inside]).tolist()
            found.update(zip(map(bytes, shard.clusters.centroids[inside]), sizes, strict=True))
    return found


def test_compaction_keeps_clusters(make_index: MakeIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    """Clusters that are fine enough stay, so that searches in part answer as before, to the last line."""
    monkeypatch.setattr(clusters, "MOST_CLUSTERS", 2)
    monkeypatch.setattr(joined_clusters, "_MANY", 3)
    index = make_index(documents(), shard_tokens=600)
    assert len(cluster_files(index)) == index.info().shards == 3
    before, there = [exact_answers(index, exact=exact) for exact in (False, True)], clusters_of(index, "bank")
    index.compact()
    assert index.info().shards == 1
    assert [exact_answers(index, exact=exact) for exact in (False, True)] == before
    assert clusters_of(index, "bank") == there
    assert Index.verify(index.path, encoder=WindowEncoder()).problems == []


@pytest.mark.parametrize("shards", [1, 3])
def test_compaction_leaves_a_word_whole_that_is_never_searched_in_part(
    make_index: MakeIndex, monkeypatch: pytest.MonkeyPatch, shards: int
) -> None:
    """If it is scanned whole even where each shard of an index four times as large has as many rows."""
    index = make_index(documents(), shard_tokens=300)
    before = exact_answers(index, exact=True)
    (code_size,) = {shard.parameters.code_size for shard in index.open_shards()}
    for uses_of_each, has_clusters in ((1.2 * 360 / shards, False), (0.8 * 360 / shards, True)):
        monkeypatch.setattr(narrowing, "BYTES_SCANNED", int(4 * shards * uses_of_each) * code_size)
        joined = make_index(documents(), shard_tokens=300)
        joined.compact(shard_tokens=2100 // shards)
        assert (joined.count("bank"), joined.info().shards) == (360, shards)
        assert bool(cluster_files(joined)) is has_clusters
        assert exact_answers(joined, exact=True) == before


def test_compaction_makes_very_many_clusters_anew(make_index: MakeIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of many shards beside each other would be read in crumbs: the word then lies in a build's."""
    monkeypatch.setattr(clusters, "MOST_CLUSTERS", 2)
    monkeypatch.setattr(joined_clusters, "_MANY", 1)
    index = make_index(documents(), shard_tokens=600)
    assert len(clusters_of(index, "bank")) > len(clusters_of(whole := make_index(documents()), "bank"))
    index.compact()
    assert clusters_of(index, "bank") == clusters_of(whole, "bank")


def test_compaction_makes_coarse_clusters_anew(make_index: MakeIndex) -> None:
    """Clusters of a part of a word are too coarse for all of it: it then lies in those of a shard built at once."""
    index = make_index(documents(), shard_tokens=600)
    assert len(cluster_files(index)) == 3
    index.compact()
    whole = make_index(documents())
    assert clusters_of(index, "bank") == clusters_of(whole, "bank")


def test_compaction_puts_the_rest_of_a_word_in_its_clusters(make_index: MakeIndex) -> None:
    """Rows that lie in no cluster go where they are nearest, if most rows lie in some, and removed ones go."""
    index = make_index(documents(60))
    there = clusters_of(index, "bank")
    index.add(documents(5, 200))
    assert len(cluster_files(index)) == 1
    index.remove([f"d{number:03}" for number in range(0, 10, 2)])
    before = exact_answers(index, exact=True)
    index.compact()
    assert index.info().shards == 1
    assert exact_answers(index, exact=True) == before
    joined = clusters_of(index, "bank")
    assert joined.keys() <= there.keys()
    assert sum(joined.values()) == index.count("bank") == 4 * 60
    (shard,) = index.open_shards()
    ids, vectors = shard.files.ids, shard.vectors.vectors(np.arange(shard.entry.rows))
    new = [number for number, row in shard.catalog.documents(range(60)).items() if row.document_id >= "d200"]
    first_new = shard.catalog.first_segments[new[0]] << 16
    for form in shard.catalog.forms(lemma="bank"):
        inside = shard.clusters.within(form.first_row, form.stop_row)
        for place, (start, stop) in enumerate(shard.clusters.parts(form.first_row, form.stop_row)):
            added = np.flatnonzero(ids[start:stop] >= first_new) + start
            scores = vectors[added] @ shard.clusters.centroids[inside].T
            assert (scores[:, place] >= scores.max(axis=1, initial=-1) - 1e-6).all()
    assert Index.verify(index.path, encoder=WindowEncoder()).problems == []


def test_compaction_makes_anew_what_would_be_slow_to_keep(
    make_index: MakeIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where rows would be held against more clusters than making new ones takes, new ones are made."""
    index = make_index(documents(60))
    there = clusters_of(index, "bank")
    index.add(documents(5, 200))
    monkeypatch.setattr(joined_clusters, "_PASSES", 0)
    index.compact()
    joined = clusters_of(index, "bank")
    assert not joined.keys() & there.keys()
    assert sum(joined.values()) == index.count("bank") == 4 * 65


def test_nearest_clusters_of_very_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are held against thousands of clusters a few at a time, with the answer of all at once."""
    random = np.random.default_rng(0)
    vectors, centroids = (random.normal(size=(size, 8)).astype(np.float32) for size in (999, 4000))
    asked: list[int] = []

    def some(rows: np.ndarray) -> np.ndarray:
        asked.append(len(rows))
        return vectors[rows]

    monkeypatch.setattr(clusters, "_BLOCK", 64)
    monkeypatch.setattr(clusters, "_PRODUCTS", 3 * 4000)
    found = clusters.nearest_clusters(999, some, centroids)
    assert max(asked) == 64
    assert found.tolist() == (vectors @ centroids.T).argmax(axis=1).tolist()


def test_compaction_leaves_no_crumbs(make_index: MakeIndex) -> None:
    """Clusters that lost nearly all of their rows are made anew."""
    index = make_index([*documents(), *documents(90, 200)])
    fine = clusters_of(index, "bank")
    for first in (0, 200):
        index.remove([f"d{number:03}" for number in range(first, first + 90) if number % 10])
    before = exact_answers(index, exact=True)
    index.compact()
    assert exact_answers(index, exact=True) == before
    coarse = clusters_of(index, "bank")
    assert 0 < len(coarse) < len(fine) / 3
    assert sum(coarse.values()) == index.count("bank")
    assert not coarse.keys() & fine.keys()
    assert Index.verify(index.path, encoder=WindowEncoder()).problems == []


def test_backup_takes_clusters_along(make_index: MakeIndex, tmp_path: Path) -> None:
    """What is brought back is in clusters as it was."""
    index = make_index(documents())
    index.backup(tmp_path / "backup.tar")
    Index.restore(tmp_path / "backup.tar", tmp_path / "back")
    with Index.open(tmp_path / "back", encoder=WindowEncoder()) as back:
        assert len(cluster_files(back)) == 1
        assert back.query(ASKED) == index.query(ASKED)


def test_vectors_that_are_no_numbers_take_no_others_along() -> None:
    """A broken row lies in some cluster; the others lie where they did, and every centroid is a vector."""
    vectors = np.random.default_rng(0).normal(size=(400, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors[[3, 200]] = np.nan
    made = clusters.in_clusters(400, lambda rows: vectors[rows])
    assert sorted(made.order.tolist()) == list(range(400))
    assert np.isfinite(made.centroids).all()
    assert len(made.sizes) > 20


# -------------------------------------------------------------------------------------------------------- damage


def rewritten(change: Callable[[np.ndarray, np.ndarray], None]) -> Callable[[Path], None]:
    """Changes the bounds and the centroids of a file of clusters."""

    def run(path: Path) -> None:
        content = path.read_bytes()
        count = len(content) // (16 + 4 * 64)
        bounds = np.frombuffer(content, "<i8", 2 * count).reshape(2, count).copy()
        centroids = np.frombuffer(content, "<f4", offset=16 * count).copy()
        change(bounds, centroids)
        path.write_bytes(bounds.tobytes() + centroids.tobytes())

    return run


def no_vector(bounds: np.ndarray, centroids: np.ndarray) -> None:
    centroids[70] = np.nan


def set_bound(side: int, place: int, value: int) -> Callable[[Path], None]:
    def change(bounds: np.ndarray, centroids: np.ndarray) -> None:
        bounds[side, place] = value

    return rewritten(change)


def swap(bounds: np.ndarray, centroids: np.ndarray) -> None:
    bounds[:, [0, 1]] = bounds[:, [1, 0]]


def shifted(bounds: np.ndarray, centroids: np.ndarray) -> None:
    bounds[1, -1] += 1


CANNOT_BE = {
    "before the first row": set_bound(0, 0, -1),
    "after the last row": set_bound(1, -1, 10**9),
    "none in one": set_bound(1, 0, 0),
    "out of order": rewritten(swap),
    "two share a row": set_bound(0, 1, 0),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "one less": lambda path: path.write_bytes(path.read_bytes()[: -(16 + 4 * 64)]),
    "longer": lambda path: path.write_bytes(path.read_bytes() + b"x"),
    "empty": lambda path: path.write_bytes(b""),
    "missing": Path.unlink,
    "a folder": lambda path: (path.unlink(), path.mkdir()),
}


@pytest.mark.parametrize("damage", CANNOT_BE.values(), ids=CANNOT_BE)
def test_clusters_that_cannot_be_are_damage(make_index: MakeIndex, damage: Callable[[Path], object]) -> None:
    """A file of clusters that is no such file is told by the first query, and by every look."""
    index = make_index(documents(30))
    (path,) = cluster_files(index)
    damage(path)
    with Index.open(index.path, encoder=WindowEncoder()) as damaged, pytest.raises(IndexDamaged) as raised:
        damaged.query(ASKED)
    assert raised.value.path == str(path)
    assert [one.path for one in Index.verify(index.path, encoder=WindowEncoder()).problems] == [str(path)]


@pytest.mark.parametrize("codec", ["fp16", "sq8"])
def test_flipped_bit_is_found(make_index: MakeIndex, codec: str) -> None:
    """A bit of a centroid that fell over is found by its digest; the shard is made again by a repair."""
    index = make_index(documents(30), codec=codec)
    (path,) = cluster_files(index)
    before = index.query(ASKED)
    content = bytearray(path.read_bytes())
    content[-9] ^= 1
    path.write_bytes(content)
    assert [one.path for one in Index.verify(index.path, encoder=WindowEncoder()).problems] == [str(path)]
    Index.repair(index.path, encoder=WindowEncoder())
    with Index.open(index.path, encoder=WindowEncoder()) as again:
        again.add(documents(30))
        assert again.query(ASKED) == before
        assert len(cluster_files(again)) == 1


WRITTEN_WRONG = {
    "across a border": (rewritten(shifted), "has rows of several forms"),
    "no vector": (rewritten(no_vector), "no vector"),
}


@pytest.mark.parametrize(("mistake", "why"), WRITTEN_WRONG.values(), ids=WRITTEN_WRONG)
def test_clusters_that_were_written_wrong_are_found(
    make_index: MakeIndex, mistake: Callable[[Path], None], why: str
) -> None:
    """Clusters that do not fit the words are found, though every digest fits."""
    index = make_index(documents(30))
    (path,) = cluster_files(index)
    mistake(path)
    commit_path = max(index.path.glob("commit-*.json"))
    commit = read_commit(commit_path)
    (entry,) = commit.shards
    files = {**entry.files, CLUSTERS_FILE: (path.stat().st_size, digest_files(path))}
    commit_path.unlink()
    write_commit(index.path, replace(commit, shards=(replace(entry, files=files),)))
    problems = Index.verify(index.path, encoder=WindowEncoder()).problems
    assert any(re.search(why, problem.why) for problem in problems), problems


def test_command_line_is_exact_when_asked(make_index: MakeIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    """``--exact`` of `query` and `like` reaches the index; without it a search is in part."""
    index, asked = make_index(documents()), []
    monkeypatch.setattr(ranking, "narrowed", lambda *arguments: asked.append(True))
    key = index.concordance("bank", limit=1)[0].key
    for options, expected in (([], [True]), (["--exact"], [])):
        asked.clear()
        run(["like", str(index.path), key, *options])
        assert asked == expected
    for command in ("query", "like"):
        assert "--exact" in ctxsearch(command, "--help").stdout


def run(arguments: list[str]) -> None:
    """Runs a command in this process, where constants are small."""
    get_command(app_with(["query", "like"])).main(arguments, standalone_mode=False)
