"""An index is made once, with settings that can be, and answers the same wherever and however often it is opened."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from conftest import MakeIndex, WindowEncoder
from river import MONEY, RIVER, SHARD_TOKENS, answers, everything, keys, reopened, state, texts

from ctxsearch import Document, Index
from ctxsearch.errors import FormatTooNew, IndexDamaged, IndexExists, IndexNotFound, QueryError, SettingsMismatch
from ctxsearch.head import Head
from ctxsearch.index import model
from ctxsearch.protocols import Encoder
from ctxsearch.settings import Settings


def test_reopened_index_answers_the_same(make_index: MakeIndex, river_documents: list[Document]) -> None:
    """Closing an index and opening it again changes nothing."""
    first = Document("first", "The bank of the river lent money. Bank!", {"year": 1953})
    for codec in ("fp16", "sq8", "sq6", "sq4"):
        index = make_index([first, *river_documents], shard_tokens=SHARD_TOKENS, codec=codec)
        before = answers(index), index.info()
        index.close()
        with reopened(index) as again:
            assert (answers(again), again.info()) == before


@pytest.mark.parametrize(("codec", "size", "tolerance"), [("sq8", 64, 0.03), ("sq6", 48, 0.1), ("sq4", 32, 0.3)])
def test_codecs_answer_nearly_as_fp16(
    make_index: MakeIndex, river_documents: list[Document], codec: str, size: int, tolerance: float
) -> None:
    """A codec gives every line nearly the score that half precision gives it, in less space."""
    fp16, short = make_index(river_documents), make_index(river_documents, codec=codec)
    expected = {line.key: line.score for line in everything(fp16)}
    assert {line.key: line.score for line in everything(short)} == pytest.approx(expected, abs=tolerance)
    assert keys(short.query(RIVER, k=4)) == keys(fp16.query(RIVER, k=4))
    sizes = [sum(path.stat().st_size for path in index.path.glob("shard-*/vectors.dat")) for index in (fp16, short)]
    assert sizes == [85 * (128 + 8), 85 * (size + 8)]


@pytest.mark.parametrize("codec", ["sq8", "sq6", "sq4"])
def test_codec_is_trained_once(make_index: MakeIndex, codec: str) -> None:
    """Shards added at different times have the same ranges, so equal sentences tie exactly."""
    index = make_index(texts("The bank lent money."), codec=codec)
    reopened(index).add([Document("z", "The bank lent money."), Document("y", "A river bank fell.")])
    first, second, _ = reopened(index).query(MONEY)
    assert (first.document_id, second.document_id) == ("a", "z")
    assert first.score == second.score


def test_same_documents_give_same_bytes(make_index: MakeIndex, river_documents: list[Document]) -> None:
    """The same documents built twice give the same shards, byte for byte."""
    for codec in ("fp16", "sq8", "sq6", "sq4"):
        contents = [
            {path.relative_to(index.path): path.read_bytes() for path in index.path.glob("shard-*/*")}
            for index in (make_index(river_documents, shard_tokens=SHARD_TOKENS, codec=codec) for _ in range(2))
        ]
        assert len(contents[0]) == 4 * len(["vectors.dat", "lists.npy", "catalog.sqlite", "shard.json"])
        assert contents[0] == contents[1]


def test_index_is_made_once(index: Index, make_index: MakeIndex) -> None:
    """An index that has a commit is not made again; one that holds nothing yet may be, with other settings."""
    before = state(index)
    with pytest.raises(IndexExists, match="already"):
        Index.create(index.path, encoder=WindowEncoder("other"))
    assert state(reopened(index)) == before
    empty = make_index(codec="sq8")
    assert Index.create(empty.path, encoder=WindowEncoder()).settings.codec == "fp16"
    assert Index.open(empty.path).settings.codec == "fp16"


def test_index_without_settings_is_not_made_over(index: Index) -> None:
    """Where commits are but the settings are lost, no other index is made over them."""
    (index.path / "ctxsearch.json").unlink()
    with pytest.raises((IndexExists, IndexDamaged)):
        Index.create(index.path, encoder=WindowEncoder())


def test_wrong_settings_are_value_errors(tmp_path: Path) -> None:
    """Settings that cannot be are refused before anything is made."""
    for option, value in (("codec", "zip"), ("pooling", "max"), ("language", "?")):
        with pytest.raises(ValueError, match=value.replace("?", r"\?")):
            Index.create(tmp_path / "index", encoder=WindowEncoder(), **{option: value})  # type: ignore[arg-type]
    assert not (tmp_path / "index").exists()


def test_missing_index_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening what is no index names the path and the indexes there are; a bare name means one of these."""
    monkeypatch.setenv("CTXSEARCH_INDEXES", str(tmp_path))
    Index.create("letters", encoder=WindowEncoder()).add(texts("The bank."))
    assert (tmp_path / "letters" / "ctxsearch.json").is_file()
    assert Index.open("letters").count("bank") == 1
    with pytest.raises(IndexNotFound, match="indexes found: letters"):
        Index.open("lettres")
    with pytest.raises(IndexNotFound):
        Index.open(tmp_path / "lettres")


def test_index_of_newer_format_is_told(index: Index) -> None:
    """An index that a newer ctxsearch made is refused, to readers and to writers who open it."""
    path = index.path / "ctxsearch.json"
    path.write_text(path.read_text().replace('"format_version": 4', '"format_version": 5'))
    with pytest.raises(FormatTooNew, match="format version 5"):
        reopened(index)


def test_other_model_is_told(index: Index, river_documents: list[Document]) -> None:
    """A model that is not the index's own is refused wherever vectors would meet, and nothing is changed."""
    before = state(index)
    other = Index.open(index.path, encoder=WindowEncoder("another model"))
    for ask in (
        lambda: other.query(RIVER),
        lambda: other.embed([RIVER]),
        lambda: other.add([Document("new", "The bank.")]),
    ):
        with pytest.raises(SettingsMismatch, match=r"was made with the model window \(window-encod") as raised:
            ask()
        assert "another mode" in str(raised.value)
    assert state(reopened(index)) == before


def test_threads_that_ask_at_once_load_the_model_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever comes while the model is being loaded for another thread waits for it, and none loads its own."""
    Index.create(tmp_path / "index", dtype="fp32").add(Document("1", "The bank lent money."))
    loaded: list[Encoder] = []

    def load(settings: Settings, hardware: Mapping[str, str | None], head: Head | None) -> Encoder:
        time.sleep(0.1)
        loaded.append(load_encoder(settings, hardware, head))
        return loaded[-1]

    load_encoder = model.load_encoder
    monkeypatch.setattr(model, "load_encoder", load)
    monkeypatch.setattr(model, "load_export", lambda *_: None)
    index, together = Index.open(tmp_path / "index"), Barrier(4)

    def ask(_: int) -> list[str]:
        together.wait()
        return [line.key for line in index.query("He lent money at the [bank].")]

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(ask, range(4))) == [["1:4"]] * 4
    assert len(loaded) == 1


def test_what_a_writer_clears_away_is_not_damaged(index: Index, tmp_path: Path) -> None:
    """A closed index that opens its files again in the midst of a writer's clearing them away is told of the writer."""
    reader = Index.open(index.path, encoder=WindowEncoder())
    reader.close()
    shards = list(index.path.glob("shard-*"))
    for shard in shards:
        shutil.copytree(shard, tmp_path / "before" / shard.name)
    index.add(Document("new", "A bank of sand."))
    index.compact()
    index.add(Document("newer", "A bank of mud."))
    for shard in shards:
        assert not shard.exists()
        (tmp_path / "before" / shard.name).rename(shard)
        (shard / "lists.npy").unlink()
    with pytest.raises(QueryError, match="has been cleared away by a writer since; open it again"):
        reader.count("bank")
