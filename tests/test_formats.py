"""Indexes of every format version there has been open, answer and can be changed.

Each archive in ``tests/data/formats`` is an index that the ctxsearch of its time made of the same three documents, the
last of them replaced, with the tests' window encoder and codec ``sq8``, or ``sq6`` in format 3, which is there for it.
That of format 4 has a fourth document, whose source gives its tokens.
"""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
from conftest import WindowEncoder

from ctxsearch import Document, Index
from ctxsearch.domain import Given, GivenSentence
from ctxsearch.errors import SourceError
from ctxsearch.settings import FORMAT_VERSION, GIVEN_SINCE

FORMATS = Path(__file__).parent / "data" / "formats"
VERSIONS = range(1, FORMAT_VERSION + 1)
SQ8 = [("rowing:18", 0.753), ("reeds:19", 0.724), ("loan:4", 0.354), ("loan:38", 0.316)]
# Vectors that have a few neighbours for components are not what 6 bits are for: the first two change places.
TAGGED = [("rowing:18", 0.746), ("reeds:19", 0.736), ("loan:4", 0.35), ("loan:38", 0.31), ("tagged:4", -0.002)]
SQ6 = [("reeds:19", 0.779), ("rowing:18", 0.743), ("loan:4", 0.359), ("loan:38", 0.314)]
ANSWERS = {1: SQ8, 2: SQ8, 3: SQ6, 4: TAGGED}


def unpacked(version: int, folder: Path) -> Index:
    """An index that was made when its format was new."""
    name = f"format-{version}"
    # The first Pythons of each version have no filters, and the later ones want one.
    kept = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
    with tarfile.open(FORMATS / f"{name}.tar.gz") as archive:
        archive.extractall(folder, **kept)  # type: ignore[arg-type]
    return Index.open(folder / name, encoder=WindowEncoder())


@pytest.fixture(params=VERSIONS)
def old_index(request: pytest.FixtureRequest, tmp_path: Path) -> Index:
    """An index of one version."""
    index = unpacked(request.param, tmp_path)
    assert index.settings.format_version == request.param
    return index


def lines(index: Index) -> list[tuple[str, float]]:
    return [(line.key, round(line.score or 0, 3)) for line in index.query("We sat on the [bank] of the river.")]


def test_there_is_an_index_of_every_version() -> None:
    """No version is without its index, and there is none of a version to come."""
    assert sorted(path.name for path in FORMATS.iterdir()) == [f"format-{version}.tar.gz" for version in VERSIONS]


def test_old_index_answers_as_it_did(old_index: Index) -> None:
    """An index of an older version gives the lines and scores that it gave when it was made, and is well."""
    assert lines(old_index) == ANSWERS[old_index.settings.format_version]
    assert [line.key for line in old_index.concordance("bank", where=["year<1950"])] == ["rowing:18", "reeds:19"]
    info = old_index.info()
    counts = (4, 34, 22) if old_index.settings.format_version >= GIVEN_SINCE else (3, 31, 20)
    assert (info.documents, info.words, info.lemmas) == counts
    assert Index.verify(old_index.path, encoder=WindowEncoder()).problems == []


def test_old_index_can_be_changed(old_index: Index) -> None:
    """An index of an older version is added to, removed from, compacted and backed up, and keeps its settings."""
    before = (old_index.path / "ctxsearch.json").read_bytes()
    old_index.add([Document("angler", "An angler sat on the bank of the river.")])
    old_index.remove("rowing")
    expected = lines(old_index)
    assert [key for key, _ in expected if key != "tagged:4"] == ["angler:21", "reeds:19", "loan:4", "loan:38"]
    assert old_index.compact().shards == 1
    assert lines(old_index) == expected
    old_index.backup(old_index.path.parent / "backup.tar")
    Index.restore(old_index.path.parent / "backup.tar", old_index.path.parent / "restored").close()
    assert lines(Index.open(old_index.path.parent / "restored", encoder=WindowEncoder())) == expected
    assert (old_index.path / "ctxsearch.json").read_bytes() == before
    assert Index.verify(old_index.path, encoder=WindowEncoder()).problems == []


def test_a_new_index_has_the_newest_format(tmp_path: Path) -> None:
    """An older ctxsearch, which would lose the tags of words when it joins shards, refuses an index made now."""
    with Index.create(tmp_path / "new", encoder=WindowEncoder()) as index:
        assert index.settings.format_version == FORMAT_VERSION
    assert json.loads((tmp_path / "new" / "ctxsearch.json").read_text())["format_version"] == FORMAT_VERSION


def test_old_index_takes_no_given_tokens(old_index: Index) -> None:
    """An index of a format that keeps no tags says so, and keeps what it has."""
    spans = np.array([[0, 3], [4, 8]], np.int32)
    given = Given([GivenSentence(0, 8, spans, ["the", "bank"], ["DET", "NOUN"])])
    before = lines(old_index)
    if old_index.settings.format_version >= GIVEN_SINCE:
        assert old_index.add([Document("given", "The bank", given=given)]).documents == 1
        return
    with pytest.raises(SourceError, match="which an index that an older ctxsearch made cannot keep"):
        old_index.add([Document("given", "The bank", given=given)])
    assert lines(old_index) == before


def test_tags_of_format_4_are_what_they_were(tmp_path: Path) -> None:
    """What a source said of its words comes back from an index of the first format that keeps it."""
    with unpacked(4, tmp_path) as index:
        (line,) = index.concordance("bank/VERB")
        assert (line.key, line.pos, line.source) == ("tagged:4", "VERB", "trees.conllu:4")
