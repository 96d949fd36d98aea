"""A head maps a word and its sentence over an adapted model, is kept with the index, and says what scores mean."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from conftest import WindowEncoder
from safetensors import safe_open
from safetensors.numpy import load, save
from tiny_models import HIDDEN, POSITIONS, build

import ctxsearch
from ctxsearch import Document, Index
from ctxsearch.analysis import Analyser
from ctxsearch.encoder.export import export_model
from ctxsearch.encoder.onnx import OnnxEncoder
from ctxsearch.encoder.transformer import TransformerEncoder
from ctxsearch.errors import HeadError, IndexDamaged, QueryError, SettingsMismatch
from ctxsearch.head import Calibration, Head, LowRank, head_bytes, parse_head
from ctxsearch.settings import HEAD_FILE

DIMENSION = 12
TEXTS = (
    "They rowed the old boat to the river bank. The walrus swims.",
    "Banks lent us money, and we walked under the stone bridge, by the reeds and the deep grey water of the river.",
    "Walrus.",
    "\u200b . fish \U0001f600 said the walrus, and sat, " * 9,
)
WALRUS = f"0:{TEXTS[0].index('walrus')}"
DOCUMENTS = [Document(str(number), text, {"even": number % 2 == 0}) for number, text in enumerate(TEXTS)]
ADAPTED = ("encoder.layer.0.attention.self.query", "encoder.layer.2.output.dense")

WriteHead = Callable[..., Path]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny BERT."""
    return build("bert-uncased", tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def digest(model: Path) -> str:
    """What tells the tiny BERT."""
    return TransformerEncoder(str(model), window=POSITIONS).digest


@pytest.fixture
def write_head(tmp_path: Path, model: Path, digest: str) -> WriteHead:
    """Writes a head with random numbers for the tiny BERT; options change its card."""

    def write(name: str = "mine", *, adapted: bool = True, **options: object) -> Path:
        random = np.random.default_rng(len(name))
        shapes = {
            key: tuple(tensor.shape) for key, tensor in transformers.AutoModel.from_pretrained(model).named_parameters()
        }
        adapter = {}
        for matrix in ADAPTED if adapted else ():
            outputs, inputs = shapes[f"{matrix}.weight"]
            adapter[matrix] = LowRank(*(random.normal(0, 0.2, shape) for shape in ((2, inputs), (outputs, 2))))
        card = {
            "model_digest": digest,
            "layers": "last",
            "sentence": 0.5,
            "calibration": {"slope": 4.0, "intercept": -2.0},
            **options,
        }
        path = tmp_path / f"{name}.safetensors"
        path.write_bytes(
            head_bytes(random.normal(size=(DIMENSION, 2 * HIDDEN)), random.normal(size=DIMENSION), adapter, card)
        )
        return path

    return write


def read(path: Path) -> Head:
    return parse_head(path.read_bytes(), path)


def make(folder: Path, model: Path, head: Path | str | None) -> Index:
    index = Index.create(folder, model=str(model), head=head, window=POSITIONS, dtype="fp32", codec="fp16")
    index.add(DOCUMENTS)
    return index


def by_hand(model: Path, head: Head, text: str) -> np.ndarray:
    """The vectors of a text of one window, each step spelt out."""
    loaded = transformers.AutoModel.from_pretrained(model).eval()
    for name, pair in head.adapter.items():
        matrix = loaded.get_submodule(name).weight
        matrix.data = matrix.data + torch.tensor(pair.up) @ torch.tensor(pair.down)
    tokenizer = transformers.AutoTokenizer.from_pretrained(model)
    given = tokenizer(text, return_tensors="pt", return_offsets_mapping=True)
    offsets = given.pop("offset_mapping")[0].tolist()
    with torch.inference_mode():
        pieces = loaded(**given).last_hidden_state[0].double().numpy()
    vectors = []
    for segment in Analyser("en").segments(text):
        within = [n for n, (start, end) in enumerate(offsets) if segment.start <= start < end <= segment.end]
        for start, end in (segment.spans + segment.start).tolist():
            own = [n for n in within if offsets[n][0] < end and offsets[n][1] > start]
            rest = [n for n in within if n not in own]
            word = pieces[own].mean(axis=0)
            sentence = pieces[rest].mean(axis=0) if rest else np.zeros(HIDDEN)
            length = np.linalg.norm(sentence)
            joined = np.concatenate([word / np.linalg.norm(word), 0.5 * sentence / (length or 1)])
            vector = head.weight @ joined + head.bias
            vectors.append(vector / np.linalg.norm(vector))
    return np.array(vectors)


@pytest.mark.parametrize("adapted", [True, False])
@pytest.mark.parametrize("text", TEXTS[:3])
def test_vectors_are_what_the_head_says(model: Path, write_head: WriteHead, text: str, adapted: bool) -> None:
    """A vector is the map of a word's mean and its sentence's, over the changed model; alone a word has no sentence."""
    head = read(write_head(adapted=adapted))
    encoder = TransformerEncoder(str(model), window=POSITIONS, dtype="fp32", head=head)
    encoded = encoder.encode([list(Analyser("en").segments(text))])
    assert encoded.present.all()
    assert encoder.dimension == DIMENSION
    np.testing.assert_allclose(encoded.vectors, by_hand(model, head, text), atol=2e-5)


def test_vectors_do_not_depend_on_what_is_beside(model: Path, write_head: WriteHead) -> None:
    """A passage has the vectors that it has alone, in batches with others and over several windows."""
    encoder = TransformerEncoder(str(model), window=POSITIONS, dtype="fp32", head=read(write_head()))
    passages = [list(Analyser("en").segments(text)) for text in TEXTS]
    together = encoder.encode(passages)
    alone = [encoder.encode([passage]) for passage in passages]
    np.testing.assert_allclose(together.vectors, np.concatenate([one.vectors for one in alone]), atol=2e-5)
    np.testing.assert_array_equal(together.present, np.concatenate([one.present for one in alone]))
    lengths = np.linalg.norm(together.vectors, axis=1)
    np.testing.assert_allclose(lengths, together.present, atol=1e-5)


def test_an_export_has_the_adapter(model: Path, write_head: WriteHead, tmp_path: Path) -> None:
    """What is exported under a head gives torch's vectors under it."""
    head = read(write_head())
    (tmp_path / "export").mkdir()
    export = export_model(str(model), "digest", tmp_path / "export", head)
    options = {"layers": "last", "pooling": "mean", "window": POSITIONS}
    passages = [list(Analyser("en").segments(text)) for text in TEXTS]
    expected = TransformerEncoder(str(model), dtype="fp32", head=head, **options).encode(passages)
    found = OnnxEncoder(export, head=head, **options).encode(passages)
    np.testing.assert_allclose(found.vectors, expected.vectors, atol=2e-4)
    np.testing.assert_array_equal(found.present, expected.present)


def test_a_head_is_read_as_it_was_written(write_head: WriteHead, digest: str) -> None:
    """Numbers, names and card come back, in half precision, and the same head gives the same bytes."""
    path = write_head(licence="CC BY 4.0")
    head = read(path)
    assert (head.name, head.model_digest, head.layers, head.dimension) == ("mine", digest, "last", DIMENSION)
    assert head.card["licence"] == "CC BY 4.0"
    assert set(head.adapter) == set(ADAPTED)
    assert head.calibration == Calibration(4.0, -2.0)
    again = head_bytes(head.weight, head.bias, head.adapter, head.card)
    assert again == path.read_bytes()
    with safe_open(path, "numpy") as file:
        assert json.loads(file.metadata()["card"])["sentence"] == 0.5


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda tensors: tensors.pop("weight"), "weight"),
        (lambda tensors: tensors.update(bias=np.zeros(3, np.float16)), "do not fit"),
        (lambda tensors: tensors.update(weight=tensors["weight"][:, 1:]), "do not fit"),
        (lambda tensors: tensors.update(bias=np.full(DIMENSION, np.nan, np.float16)), "not finite"),
        (lambda tensors: tensors.pop(f"adapter.{ADAPTED[0]}.up"), "up"),
        (lambda tensors: tensors.pop(f"adapter.{ADAPTED[0]}.down"), "not whole"),
        (lambda tensors: tensors.update({f"adapter.{ADAPTED[0]}.up": np.zeros((4, 3), np.float16)}), "halves"),
    ],
)
def test_numbers_that_do_not_fit_are_no_head(
    write_head: WriteHead, change: Callable[[dict[str, np.ndarray]], object], why: str
) -> None:
    """A file whose arrays do not fit each other is refused, in a sentence."""
    path = write_head()
    tensors = load(path.read_bytes())
    change(tensors)
    with safe_open(path, "numpy") as file:
        path.write_bytes(save({name: np.ascontiguousarray(one) for name, one in tensors.items()}, file.metadata()))
    with pytest.raises(HeadError, match=why):
        read(path)


@pytest.mark.parametrize(
    "options",
    [
        {"sentence": 10**400},
        {"sentence": -1.0},
        {"layers": None, "sentence": "much"},
        {"calibration": {"slope": 1.0}},
        {"calibration": {"slope": -1.0, "intercept": 0}},
    ],
)
def test_a_card_that_cannot_be_is_no_head(write_head: WriteHead, options: dict[str, object]) -> None:
    """A card without what is needed, or with what cannot be, is refused."""
    with pytest.raises(HeadError, match="is no head of ctxsearch"):
        read(write_head(**options))


def test_no_cut_and_no_flipped_byte_is_taken_for_another_error(write_head: WriteHead) -> None:
    """Whatever becomes of a file, it is a head, or an error that says it is none."""
    path = write_head()
    content = path.read_bytes()
    random = np.random.default_rng(0)
    damaged = [content[:size] for size in (0, 1, 7, 8, 100, len(content) - 1)]
    for place in random.integers(0, len(content), 200).tolist():
        damaged.append(content[:place] + bytes([content[place] ^ 1 << int(random.integers(8))]) + content[place + 1 :])
    for one in damaged:
        try:
            parse_head(one, path)
        except HeadError:
            continue


def test_an_index_keeps_its_head(model: Path, write_head: WriteHead, tmp_path: Path) -> None:
    """The head lies in the index: the file it came from may go."""
    path = write_head()
    with make(tmp_path / "index", model, path) as index:
        lines = index.query("The [bank] was grey.")
        settings = index.settings
    path.unlink()
    assert (settings.head, settings.dimension, settings.layers) == ("mine", DIMENSION, "last")
    with Index.open(tmp_path / "index", dtype="fp32") as index:
        assert index.query("The [bank] was grey.") == lines
        assert index.info().settings["head"] == "mine"


def test_an_index_without_a_head_says_nothing_of_one(model: Path, tmp_path: Path) -> None:
    """A model that no head comes with has its own vectors, and its settings are as they always were."""
    for number, head in enumerate((None, "none")):
        with make(tmp_path / str(number), model, head) as index:
            assert (index.settings.head, index.settings.dimension) == ("", HIDDEN)
            assert "head" not in (index.path / "ctxsearch.json").read_text(encoding="utf-8")
            assert {line.p_same for line in index.query("The [bank] was grey.")} == {None}
            with pytest.raises(QueryError, match="index with a head"):
                index.query("The [bank] was grey.", min_p=0.5)


def test_a_head_that_does_not_fit_is_refused(model: Path, write_head: WriteHead, tmp_path: Path) -> None:
    """Another model's head, other layers, another file and no file: each in a sentence, and no index is made."""
    goal = tmp_path / "index"
    with pytest.raises(HeadError, match="for another model"):
        make(goal, model, write_head(model_digest="0" * 64))
    with pytest.raises(HeadError, match="cannot be read"):
        make(goal, model, tmp_path / "missing.safetensors")
    with pytest.raises(HeadError, match="is no head"):
        make(goal, model, Path(__file__))
    for options in ({"layers": "sum:1-2"}, {"pooling": "first"}):
        with pytest.raises(ValueError, match="leave `layers=` and `pooling=` out"):
            Index.create(goal, model=str(model), head=write_head(), window=POSITIONS, **options)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="an encoder of one's own"):
        Index.create(goal, encoder=WindowEncoder(), head=write_head())
    with pytest.raises(HeadError, match="takes 32 components, and layers concat:1-2 have 64"):
        make(goal, model, write_head("wide", layers="concat:1-2"))
    wrong = write_head("wrong", adapted=False)
    content = load(wrong.read_bytes())
    content["adapter.encoder.layer.9.down"] = content["adapter.encoder.layer.9.up"] = np.ones((1, 1), np.float16)
    with safe_open(wrong, "numpy") as file:
        wrong.write_bytes(save(content, file.metadata()))
    with pytest.raises(HeadError, match=r"encoder.layer.9"):
        make(goal, model, wrong)
    assert not goal.exists()


def test_scores_become_probabilities(model: Path, write_head: WriteHead, tmp_path: Path) -> None:
    """A line's probability is the logistic function of its score, and the least one asked for leaves out the rest."""
    with make(tmp_path / "index", model, write_head()) as index:
        lines = index.query("The [walrus] sat.", k=None)
        assert len(lines) > 5
        for line in lines:
            assert line.score is not None
            assert line.p_same == pytest.approx(1 / (1 + np.exp(2 - 4 * line.score)))
        least = lines[3].p_same
        assert least is not None
        assert index.query("The [walrus] sat.", k=None, min_p=least - 1e-9) == [
            line for line in lines if (line.p_same or 0) >= least - 1e-9
        ]
        assert index.query_many(["The [walrus] sat."], k=None) == [lines]
        assert {line.p_same for line in index.query("The [walrus] sat.", any_word=True)} == {None}
        first, second = lines[0].key, lines[1].key
        assert None not in {line.p_same for line in index.like(first)}
        assert {line.p_same for line in index.like([first, second])} == {None}
        for wrong in (0.0, 1.0, 2.0, float("nan")):
            with pytest.raises(QueryError, match="between 0 and 1"):
                index.query("The [walrus] sat.", min_p=wrong)
        with pytest.raises(QueryError, match="one example"):
            index.like([first, second], min_p=0.5)
        with pytest.raises(QueryError, match="of one word"):
            index.query("The [walrus] sat.", any_word=True, min_p=0.5)


def test_probability_and_score_turn_into_each_other() -> None:
    """Of every probability there is a score, and far scores have probabilities too."""
    calibration = Calibration(12.5, -7.0)
    for probability in (0.001, 0.3, 0.5, 0.999):
        assert calibration.p_same(calibration.score(probability)) == pytest.approx(probability)
    assert (calibration.p_same(-1e9), calibration.p_same(1e9)) == pytest.approx((0.0, 1.0))


def test_a_lost_head_is_damage(model: Path, write_head: WriteHead, tmp_path: Path) -> None:
    """A head that is gone or changed is told by verify and by what needs it; put back, all is well again."""
    with make(tmp_path / "index", model, write_head()) as index:
        expected = index.query("The [bank] was grey.")
    path = tmp_path / "index" / HEAD_FILE
    content = path.read_bytes()
    assert Index.verify(tmp_path / "index").problems == []
    for damaged in (None, content[:-1], content[:-1] + b"\0"):
        path.unlink() if damaged is None else path.write_bytes(damaged)
        (problem,) = Index.verify(tmp_path / "index").problems
        assert (problem.path, problem.shard) == (str(path), "")
        with Index.open(tmp_path / "index", dtype="fp32") as index, pytest.raises(IndexDamaged, match="head"):
            index.query("The [bank] was grey.")
    path.write_bytes(content)
    with Index.open(tmp_path / "index", dtype="fp32") as index:
        assert index.query("The [bank] was grey.") == expected


def test_a_backup_has_the_head(model: Path, write_head: WriteHead, tmp_path: Path) -> None:
    """A backup brings the head back, and none is made of an index that has lost it."""
    with make(tmp_path / "index", model, write_head()) as index:
        expected = index.query("The [bank] was grey.")
        index.backup(tmp_path / "backup")
        with Index.restore(tmp_path / "backup", tmp_path / "again") as again:
            assert again.query("The [bank] was grey.") == pytest.approx(expected)
        (index.path / HEAD_FILE).unlink()
        with pytest.raises(IndexDamaged, match="head"):
            index.backup(tmp_path / "other")
    assert not (tmp_path / "other").exists()
    assert Index.verify(tmp_path / "again").problems == []


def test_embed_takes_a_head(model: Path, write_head: WriteHead, tmp_path: Path) -> None:
    """Vectors without an index are those of an index made likewise."""
    path = write_head()
    usages = ["The [bank] was grey.", "We sat on the [boat]."]
    vectors = ctxsearch.embed(usages, model=str(model), head=path, window=POSITIONS, dtype="fp32")
    with make(tmp_path / "index", model, path) as index:
        np.testing.assert_allclose(vectors, index.embed(usages), atol=1e-5)
    assert vectors.shape == (2, DIMENSION)
    assert ctxsearch.embed(usages, model=str(model), head="none", window=POSITIONS).shape == (2, HIDDEN)


def test_another_head_than_the_indexs_is_refused(model: Path, write_head: WriteHead, tmp_path: Path) -> None:
    """An index goes on with the head it was made with, and says which that is."""
    from ctxsearch.head import named_head

    path = write_head()
    (tmp_path / "link").symlink_to(path)
    with make(tmp_path / "index", model, tmp_path / "link") as index:
        index.settings.check_head(index.path, *named_head(str(path)))
        for other in (str(write_head("other")), "none"):
            with pytest.raises(SettingsMismatch, match=rf"was made with head link \(.*\), not {Path(other).stem}"):
                index.settings.check_head(index.path, *named_head(other))


def test_a_file_of_the_users_is_not_overwritten(model: Path, write_head: WriteHead, tmp_path: Path) -> None:
    """A file of that name in a folder that is no index stays; one that an interrupted create left is no hindrance."""
    folder = tmp_path / "index"
    folder.mkdir()
    path = write_head()
    (folder / HEAD_FILE).write_bytes(b"mine")
    with pytest.raises(ValueError, match="of no index"):
        make(folder, model, path)
    assert (folder / HEAD_FILE).read_bytes() == b"mine"
    assert not (folder / "ctxsearch.json").exists()
    (folder / HEAD_FILE).write_bytes(path.read_bytes())
    with make(folder, model, path) as index:
        assert index.query("The [bank] was grey.")


def test_a_repair_tells_that_a_head_of_the_users_is_lost(model: Path, write_head: WriteHead, tmp_path: Path) -> None:
    """Nobody but the user has it; put back, all is well."""
    with make(tmp_path / "index", model, write_head()) as index:
        content = (index.path / HEAD_FILE).read_bytes()
    (index.path / HEAD_FILE).unlink()
    with pytest.raises(IndexDamaged, match="head"):
        Index.repair(index.path)
    (index.path / HEAD_FILE).write_bytes(content)
    assert Index.repair(index.path).problems == []


def test_like_goes_on_without_a_lost_head(model: Path, write_head: WriteHead, tmp_path: Path) -> None:
    """It needs no model: only probabilities are missing, and that is said."""
    with make(tmp_path / "index", model, write_head()) as index:
        expected = index.like(WALRUS)
    (index.path / HEAD_FILE).unlink()
    with Index.open(index.path) as index:
        lines = index.like(WALRUS)
        assert [(line.key, line.score) for line in lines] == [(line.key, line.score) for line in expected]
        assert {line.p_same for line in lines} == {None}
        assert list(index.left_out) == [HEAD_FILE]
        with pytest.raises(IndexDamaged, match="head"):
            index.like(WALRUS, min_p=0.5)
