"""An exported model gives the vectors of torch, is kept and found again, and spares a query the import of torch."""

from __future__ import annotations

import json
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from forking import in_fork
from tiny_models import POSITIONS, build

from ctxsearch import Document, Index
from ctxsearch.analysis import Analyser
from ctxsearch.encoder import cache
from ctxsearch.encoder.export import NoExport, export_model
from ctxsearch.encoder.onnx import OnnxEncoder, session
from ctxsearch.encoder.transformer import TransformerEncoder
from ctxsearch.errors import QueryError, SettingsMismatch
from ctxsearch.index.model import load_export

TEXTS = (
    "They rowed the old boat to the river bank. The walrus swims.",
    "Banks lent us money, and we walked under the stone bridge, by the reeds and the deep grey water of the river.",
    "\u200b . Naïve \u0301 fish 银行 \U0001f600 said the walrus, and sat, and sat, and sat, " * 6,
)

# Those that must be exported; what torch's exporter cannot take goes on being answered by torch.
EXPORTED = ("bert-uncased", "roberta", "xlm-roberta", "modernbert")


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CTXSEARCH_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, cache.Export]]:
    """A tiny model of each family that is exported, with its export."""
    made = {}
    for family in EXPORTED:
        folder = build(family, tmp_path_factory.mktemp(family))
        digest = TransformerEncoder(str(folder), window=POSITIONS).digest
        made[family] = folder, export_model(str(folder), digest, tmp_path_factory.mktemp("export"))
    return made


@pytest.fixture
def exported_already(exports: dict[str, tuple[Path, cache.Export]], monkeypatch: pytest.MonkeyPatch) -> None:
    """The exporter of torch, which takes seconds, gives for the tiny BERT what it gave before."""
    made = exports["bert-uncased"][1].folder

    def export(model: object, inputs: object, graph: Path, **options: object) -> None:
        for path in made.glob(f"{graph.name}*"):
            shutil.copy(path, graph.parent)

    monkeypatch.setattr("torch.onnx.export", export)


def keep(export: cache.Export) -> None:
    """Puts a copy of an export into the cache."""
    with cache.keeping(export.model_digest) as folder:
        shutil.copytree(export.folder, folder, dirs_exist_ok=True)


@pytest.mark.parametrize("pooling", ["mean", "first", "last"])
@pytest.mark.parametrize("layers", ["last", "sum:1-3", "mean:0,2", "concat:3,0-1"])
@pytest.mark.parametrize("family", EXPORTED)
def test_an_export_gives_the_vectors_of_torch(
    exports: dict[str, tuple[Path, cache.Export]], family: str, layers: str, pooling: str
) -> None:
    """Word by word, whatever layers are joined, for texts of many lengths, in one window and in many."""
    folder, export = exports[family]
    settings = {"layers": layers, "pooling": pooling, "window": POSITIONS - 4}
    by_torch = TransformerEncoder(str(folder), device="cpu", dtype="fp32", **settings)  # type: ignore[arg-type]
    by_onnx = OnnxEncoder(export, **settings)  # type: ignore[arg-type]
    passages = [list(Analyser("en").segments(text)) for text in (*TEXTS, "", "...")]
    expected, found = by_torch.encode(passages), by_onnx.encode(passages)
    assert by_onnx.dimension == by_torch.dimension
    assert by_onnx.digest == by_torch.digest
    np.testing.assert_array_equal(found.present, expected.present)
    np.testing.assert_allclose(found.vectors, expected.vectors, atol=1e-4)
    tokens = np.flatnonzero(expected.present)[::-7]
    some = by_onnx.encode_tokens(passages, tokens)
    assert some.present.all()
    np.testing.assert_allclose(some.vectors, found.vectors[tokens], atol=1e-5)


def test_forked_child_has_its_own_session(
    exports: dict[str, tuple[Path, cache.Export]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A child opens an export anew: it has none of the threads of its parent's session, and might wait for them."""
    encoder = OnnxEncoder(exports["bert-uncased"][1], layers="last", pooling="mean", window=POSITIONS)
    passages = [list(Analyser("en").segments(text)) for text in TEXTS]
    expected = encoder.encode(passages).vectors.tolist()
    opened: list[Path] = []

    def opening(graph: Path) -> object:
        opened.append(graph)
        return session(graph)

    monkeypatch.setattr("ctxsearch.encoder.onnx.session", opening)
    assert in_fork(lambda: (encoder.encode(passages).vectors.tolist(), len(opened))) == (expected, 1)
    assert (encoder.encode(passages).vectors.tolist(), len(opened)) == (expected, 0)


@pytest.mark.usefixtures("exported_already")
def test_an_export_that_gives_other_vectors_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The check against torch sees a thousandth of a cosine."""

    class Wrong:
        def __init__(self, graph: Path) -> None:
            self._session = session(graph)

        def run(self, names: Sequence[str], inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
            states = self._session.run(names, inputs)
            states[2][-1, -1] = np.roll(states[2][-1, -1], 1)
            return states

    from ctxsearch.encoder.onnx import session

    folder = build("bert-uncased", tmp_path / "model")
    assert export_model(str(folder), "digest", tmp_path)
    monkeypatch.setattr("ctxsearch.encoder.onnx.session", Wrong)
    with pytest.raises(NoExport, match="other vectors than torch"):
        export_model(str(folder), "digest", tmp_path)


def test_an_export_is_kept_and_found_again(exports: dict[str, tuple[Path, cache.Export]]) -> None:
    """By the model's digest, whole."""
    _, export = exports["roberta"]
    assert cache.find_export(export.model_digest) is None
    assert not cache.was_tried(export.model_digest)
    keep(export)
    keep(export)  # another process was a moment later
    found = cache.find_export(export.model_digest)
    assert found is not None
    assert found._replace(folder=export.folder) == export
    assert found.has_its_weights()
    assert cache.was_tried(export.model_digest)
    assert [path.name for path in cache.cache_folder().iterdir()] == [export.model_digest[:32]]


@pytest.mark.parametrize("name", ["model.onnx", "model.onnx.data", "tokenizer.json", "export.json"])
@pytest.mark.parametrize("damage", ["flipped", "cut", "gone", "linked"])
def test_a_damaged_export_is_passed_over(
    exports: dict[str, tuple[Path, cache.Export]],
    tiny_index: Path,
    name: str,
    damage: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A query is answered by torch, as if there were no export, whatever became of it; whoever asks is told so."""
    caplog.set_level(logging.INFO, "ctxsearch")
    _, export = exports["bert-uncased"]
    with Index.open(tiny_index) as index:
        expected = index.query("They swim to the [bank].", k=None)
    keep(export)
    path = cache.cache_folder() / export.model_digest[:32] / name
    content = bytearray(path.read_bytes())
    path.unlink()
    if damage == "flipped":
        content[len(content) // 2] ^= 64
        path.write_bytes(content)
    elif damage == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "linked":
        (tmp_path / "elsewhere").write_bytes(b"{}")
        path.symlink_to(tmp_path / "elsewhere")
    with Index.open(tiny_index) as index:
        assert load_export(index.settings.model_digest, index.settings, None) is None
        assert index.query("They swim to the [bank].", k=None) == expected
    assert [message for message in caplog.messages if "export" in message and "torch answers" in message]


def test_a_failure_is_noted_and_forgotten_with_other_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that cannot be exported is not tried at every query, but again when what exports it has changed."""
    cache.keep_failure("some-model", "d" * 64, "an operator is missing")
    assert cache.was_tried("d" * 64)
    assert cache.find_export("d" * 64) is None
    monkeypatch.setattr("ctxsearch.encoder.cache.version", lambda package: "99.9")
    assert not cache.was_tried("d" * 64)


def test_an_export_of_another_version_is_made_again(
    exports: dict[str, tuple[Path, cache.Export]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an older ctxsearch kept may mean something else."""
    _, export = exports["roberta"]
    keep(export)
    monkeypatch.setattr("ctxsearch.encoder.cache.EXPORT_VERSION", cache.EXPORT_VERSION + 1)
    assert cache.find_export(export.model_digest) is None
    assert not cache.was_tried(export.model_digest)


@pytest.fixture
def tiny_index(exports: dict[str, tuple[Path, cache.Export]], tmp_path: Path) -> Path:
    """An index made with a tiny model, which is beside it."""
    folder = shutil.copytree(exports["bert-uncased"][0], tmp_path / "tiny")
    with Index.create(tmp_path / "index", model=str(folder), window=POSITIONS) as index:
        index.add([Document("a", "They rowed to the bank of the river."), Document("b", "The bank lent us money.")])
    return tmp_path / "index"


@pytest.mark.usefixtures("exported_already")
def test_a_query_answers_the_same_with_an_export_and_without(tiny_index: Path) -> None:
    """The same lines, and scores that differ by less than anybody is shown."""
    with Index.open(tiny_index) as index:
        assert index.can_export
        before = index.query("They swim to the [bank].", k=None)
        index.export_model()
        assert not index.can_export
        after = index.query("They swim to the [bank].", k=None)
        digest = index.settings.model_digest
    assert [line.key for line in after] == [line.key for line in before]
    np.testing.assert_allclose([line.score for line in after], [line.score for line in before], atol=1e-5)
    about = json.loads((cache.cache_folder() / digest[:32] / "export.json").read_bytes())
    assert (about["model_digest"], Path(about["model"]).name) == (digest, "tiny")


@pytest.mark.parametrize("is_exported", [False, True])
def test_a_query_answers_the_same_in_an_index_just_made(
    exports: dict[str, tuple[Path, cache.Export]], tmp_path: Path, is_exported: bool
) -> None:
    """To the bit, as in one that is opened, on the CPU or wherever it be; a build's type is not that of queries."""
    folder = exports["bert-uncased"][0]
    if is_exported:
        keep(exports["bert-uncased"][1])
    asked = "They swim to the [bank]."
    with Index.create(tmp_path / "index", model=str(folder), window=POSITIONS) as made:
        made.add([Document("a", "They rowed to the bank of the river."), Document("b", "The bank lent us money.")])
        expected = made.query(asked, k=None)
        assert made.can_export is not is_exported
    for device in (None, "auto", "cpu"):
        with Index.open(tmp_path / "index", device=device) as opened:
            assert opened.query(asked, k=None) == expected
            assert opened.can_export is not is_exported


def test_an_export_outlives_its_model(
    tiny_index: Path, tmp_path: Path, exports: dict[str, tuple[Path, cache.Export]]
) -> None:
    """It has all that a query needs: an index goes on answering where the model is gone, or is another one now."""
    keep(exports["bert-uncased"][1])
    shutil.rmtree(tmp_path / "tiny")
    build("bert-uncased", tmp_path / "tiny", seed=1)
    with Index.open(tiny_index) as index:
        assert index.query("They swim to the [bank].")


def test_a_query_with_an_export_loads_no_torch(
    tiny_index: Path, exports: dict[str, tuple[Path, cache.Export]], tmp_path: Path
) -> None:
    """Which is what it is for; nor the dictionary of lemmas, since the catalog knows the word."""
    keep(exports["bert-uncased"][1])
    program = """
import sys
from ctxsearch import Index
with Index.open(sys.argv[1]) as index:
    print(index.query("They swim to the [bank].", k=1)[0].document_id)
print(*({"torch", "transformers", "simplemma", "onnxruntime"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", program, tiny_index], capture_output=True, text=True, check=True)
    assert done.stdout.split()[1:] == ["onnxruntime"]


def test_a_query_keeps_nothing_at_home_and_tells_nobody(
    tiny_index: Path, exports: dict[str, tuple[Path, cache.Export]], tmp_path: Path
) -> None:
    """ONNX Runtime would tell its maker of it, and keep a number for this machine, and what is still to be told."""
    keep(exports["bert-uncased"][1])
    home = tmp_path / "home"
    home.mkdir()
    # In what calls itself CI, ONNX Runtime would be silent by itself.
    kept = {name: os.environ[name] for name in ("CTXSEARCH_CACHE", "PATH", "PYTHONPATH") if name in os.environ}
    program = """
import sys
from ctxsearch import Index
with Index.open(sys.argv[1]) as index:
    index.query("They swim to the [bank].", k=1)
print("onnxruntime" in sys.modules)
"""
    command = [sys.executable, "-c", program, tiny_index]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={**kept, "HOME": str(home)})
    assert done.stdout == "True\n"
    assert list(home.rglob("*")) == []


def test_another_model_is_not_exported_in_its_place(tiny_index: Path, tmp_path: Path) -> None:
    """An export is that of the model that the index was made with, or it is none."""
    build("bert-uncased", tmp_path / "tiny", seed=1)
    with Index.open(tiny_index) as index, pytest.raises(SettingsMismatch, match="made with the model"):
        index.export_model()
    assert not cache.cache_folder().exists()


def test_a_cache_that_cannot_be_written_is_done_without(tiny_index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is exported at every query only to be thrown away."""
    monkeypatch.setenv("CTXSEARCH_CACHE", str(tiny_index / "ctxsearch.json"))
    with Index.open(tiny_index) as index:
        assert not index.can_export
        assert index.query("They swim to the [bank].")


def test_a_cache_in_no_home_folder_is_told(tiny_index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A query says where the cache would be, and how to say where it is."""
    monkeypatch.setenv("CTXSEARCH_CACHE", "~nobody at all/cache")
    with (
        Index.open(tiny_index) as index,
        pytest.raises(QueryError, match=r"There is no home folder for '~nobody at all/cache'; write the whole path of"),
    ):
        index.query("They swim to the [bank].")


def test_a_device_or_type_asked_for_is_that_of_torch(tiny_index: Path) -> None:
    """Who says how to compute is not given something else."""
    with Index.open(tiny_index, dtype="bf16") as index:
        assert not index.can_export
