"""A head is learned from labelled uses of other lemmas than those that say how good it is."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from command_line import ctxsearch as command
from tiny_models import POSITIONS, build

import ctxsearch
from ctxsearch import Document, Index, Usage
from ctxsearch.analysis import Analyser
from ctxsearch.catalog.inventory import Inventory
from ctxsearch.encoder.draws import Draws
from ctxsearch.encoder.examples import Examples, examples
from ctxsearch.encoder.recipe import Recipe
from ctxsearch.encoder.tokenizer import PieceTokenizer
from ctxsearch.encoder.training import Training
from ctxsearch.encoder.transformer import TransformerEncoder
from ctxsearch.errors import SourceError
from ctxsearch.evaluation.calibration import fit, reliability
from ctxsearch.evaluation.parts import part_of
from ctxsearch.head import Calibration, Head, parse_head
from ctxsearch.learning import train_head
from ctxsearch.senses.labelled import labels_of

RECIPE = Recipe(dimension=16, rank=2, steps=40, lemmas=8, uses=6, evaluated_every=20, head_rate=0.02, rate=0.005)
RIVER = ("river", "water", "boat", "reeds", "fish")
MONEY = ("money", "lent", "banks", "stone", "bridge")


def labelled(folder: Path, lemmas: int) -> Path:
    """Uses of made-up words, six of each: one sense stands by the river, one by the money."""
    path = folder / "labels.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for number in range(lemmas):
            word = f"w{number}"
            for turn in range(6):
                sense, beside = ("river", RIVER) if turn % 2 else ("money", MONEY)
                before, after = beside[turn % 5], beside[(turn + number) % 5]
                text = f"The {before} was by the {word} and the {after}."
                start = text.index(word)
                line = {"text": text, "start": start, "end": start + len(word), "lemma": word, "sense": sense}
                file.write(json.dumps(line) + "\n")
    return path


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny BERT."""
    return build("bert-uncased", tmp_path_factory.mktemp("model"))


@pytest.mark.parametrize("rank", [0, 2])
def test_a_head_tells_apart_what_it_was_taught(model: Path, tmp_path: Path, rank: int) -> None:
    """Senses of lemmas that were held out come apart better with the head than by the model alone; told twice alike."""
    labels = labelled(tmp_path, 100)
    recipe = replace(RECIPE, rank=rank)
    options = {"model": str(model), "window": POSITIONS, "recipe": recipe, "licence": "CC0"}
    report = train_head(labels, tmp_path / "head.safetensors", **options)  # type: ignore[arg-type]
    content = (tmp_path / "head.safetensors").read_bytes()
    head = parse_head(content, tmp_path / "head.safetensors")
    assert (report.bytes, report.digest) == (len(content), head.digest)
    assert report.lemmas == sum(part_of(f"w{number}") == "train" for number in range(100))
    assert report.uses == 6 * report.lemmas
    assert [step for step, *_ in report.history] == [0, 20, 40]
    assert bool(head.adapter) is bool(rank)
    assert head.card["licence"] == "CC0"
    plain = ctxsearch.evaluate(labels, model=str(model), head="none", window=POSITIONS, rounds=0)
    found = ctxsearch.evaluate(labels, model=str(model), head=tmp_path / "head.safetensors", window=POSITIONS, rounds=0)
    assert found.head == "head"
    gained = found.vectors.average_precision.by_sense.value - plain.vectors.average_precision.by_sense.value
    assert gained > 0.02
    assert report.test.average_precision.by_lemma.value > report.test.chance.by_lemma.value + 0.05
    assert 0 <= report.calibration_error < 0.25
    (tmp_path / "again.safetensors").write_text("mine")
    with pytest.raises(ValueError, match=r"already; give another name, or `replace=True` to replace it\.$"):
        train_head(labels, tmp_path / "again.safetensors", **options)  # type: ignore[arg-type]
    assert (tmp_path / "again.safetensors").read_text() == "mine"
    train_head(labels, tmp_path / "again.safetensors", replace=True, **options)  # type: ignore[arg-type]
    assert (tmp_path / "again.safetensors").read_bytes() == content


def test_an_inventory_improves_the_head_of_its_index(model: Path, tmp_path: Path) -> None:
    """Labels of an index are learned from, beginning with its own head; few leave what scores mean as it was."""
    uses = [json.loads(line) for line in labelled(tmp_path, 100).read_text(encoding="utf-8").splitlines()]
    options = {"model": str(model), "window": POSITIONS}
    first = tmp_path / "first.safetensors"
    taught = train_head(tmp_path / "labels.jsonl", first, recipe=replace(RECIPE, steps=30), **options)  # type: ignore[arg-type]
    with Index.create(tmp_path / "index", head=first, dtype="fp32", **options) as index:  # type: ignore[arg-type]
        index.add(Document(str(number), use["text"]) for number, use in enumerate(uses))
        anna, bert = index.senses(by="anna"), index.senses(by="bert")
        for number, use in enumerate(uses):
            name = f"{use['lemma']}.{use['sense']}"
            if number % 6 < 2:
                anna.new(name)
            if number != 7:
                anna.label(name, [f"{number}:{use['start']}"])
        anna.new("w0.other", examples=[Usage("The w0.", 4, 6)])
        bert.label("w0.other", ["1:" + str(uses[1]["start"])])
        found = labels_of(Inventory(index.path), index.open_shards())
    # One was not labelled, and about one the two differ.
    told = [(use["text"], use["start"], use["lemma"]) for number, use in enumerate(uses) if number not in (1, 7)]
    texts = [found.texts[number] for number in found.text_numbers]
    assert sorted(zip(texts, found.starts, found.lemmas, strict=True)) == sorted([*told, ("The w0.", 4, "w0")])
    recipe = replace(RECIPE, dimension=4, rank=1, steps=30)
    report = train_head(None, tmp_path / "own.safetensors", senses=tmp_path / "index", recipe=recipe)
    before, own = (parse_head(path.read_bytes(), path) for path in (first, tmp_path / "own.safetensors"))
    assert own.dimension == before.dimension
    assert own.card["begun_with"] == before.digest
    assert own.calibration == before.calibration
    assert report.history[0][2] == pytest.approx(max(value for *_, value in taught.history), abs=0.02)
    assert max(value for *_, value in report.history) >= report.history[0][2]
    with pytest.raises(ValueError, match="Give either a file of labelled uses, or an index"):
        train_head(None, tmp_path / "no.safetensors")
    with pytest.raises(ValueError, match="leave out `documents=` and `split=`"):
        train_head(None, tmp_path / "no.safetensors", senses=tmp_path / "index", split="train")
    refused = command("train-head", "--senses", tmp_path / "index", "--into", tmp_path / "no", "--dimension", "8")
    there = command("train-head", "--senses", tmp_path / "index", "--into", tmp_path / "own.safetensors")
    assert "own.safetensors already; give another name, or --force to replace it.\n" in there.stderr
    assert refused.returncode == 2
    assert "With --senses, the index says the rest; leave out --dimension." in refused.stderr


def test_an_inventory_without_labels_is_told(model: Path, tmp_path: Path) -> None:
    """Where nobody has labelled anything there is nothing to learn from."""
    with Index.create(tmp_path / "index", model=str(model), window=POSITIONS) as index:
        index.add([Document("1", "The boat was by the river.")])
    with pytest.raises(SourceError, match=r"senses.sqlite: there is no labelled use in it"):
        train_head(None, tmp_path / "own.safetensors", senses=tmp_path / "index")


def test_too_few_labels_are_told(model: Path, tmp_path: Path) -> None:
    """With too few lemmas nothing is learned, and no file is written."""
    with pytest.raises(SourceError, match=r"too few labels .* and 20 are needed"):
        train_head(labelled(tmp_path, 9), tmp_path / "head", model=str(model), window=POSITIONS, recipe=RECIPE)
    assert [path.name for path in tmp_path.iterdir()] == ["labels.jsonl"]


def test_a_head_is_not_written_where_it_harms(model: Path, tmp_path: Path) -> None:
    """Not into a folder that is not there, nor among a model's weights, nor into an index; told before any work."""
    (tmp_path / "ctxsearch.json").write_text("{}")
    for into, why in (
        (tmp_path / "no" / "head", "no folder"),
        (model / "head.safetensors", "among the weights"),
        (tmp_path / "head.safetensors", "is an index"),
    ):
        with pytest.raises(ValueError, match=why):
            train_head(tmp_path / "labels.jsonl", into, model=str(model))


@pytest.mark.parametrize(
    "wrong",
    [{"dimension": 0}, {"rank": -1}, {"steps": 0}, {"temperature": 0.0}, {"rate": float("nan")}, {"patience": 0}],
)
def test_a_recipe_that_cannot_be_is_told(wrong: dict[str, float]) -> None:
    """A number that makes no sense is named."""
    with pytest.raises(ValueError, match=f"The {next(iter(wrong))} .* is too small"):
        replace(RECIPE, **wrong)  # type: ignore[arg-type]


def test_what_is_no_number_of_a_recipe_is_told() -> None:
    """A whole number is wanted where one is, and a number anywhere; those of numpy are numbers."""
    for value in (1.5, "x", None, True, float("nan")):
        with pytest.raises(ValueError, match=r"The evaluated every .* of a recipe is no whole number\.$"):
            replace(RECIPE, evaluated_every=value)
    for value in ("x", None, True, float("inf")):
        with pytest.raises(ValueError, match=r"The rate .* of a recipe is no number\.$"):
            replace(RECIPE, rate=value)
    made = replace(RECIPE, steps=np.int64(7), rate=np.float32(0.5), decay=1)
    assert json.loads(json.dumps(asdict(made))) == asdict(replace(RECIPE, steps=7, rate=0.5, decay=1))


def test_more_dimensions_than_the_model_gives_are_told(model: Path, tmp_path: Path) -> None:
    """Before anything is embedded."""
    with pytest.raises(ValueError, match="has 64 dimensions at most, and 65 were asked for"):
        train_head(labelled(tmp_path, 100), tmp_path / "head", model=str(model), recipe=replace(RECIPE, dimension=65))


def test_parts_are_a_tenth_each() -> None:
    """Lemmas are held out by a hash of themselves, a tenth for either purpose."""
    parts = [part_of(f"lemma {number}") for number in range(10_000)]
    assert abs(parts.count("test") - 1000) < 100
    assert abs(parts.count("validation") - 1000) < 100
    assert parts.count("train") + parts.count("validation") + parts.count("test") == 10_000


def test_examples_point_at_their_words(model: Path) -> None:
    """The pieces of a use spell its word, those of its sentence the sentence, in windows of whole sentences."""
    text = "The walrus swims. " + "They rowed the old boat under the stone bridge. " * 12
    passages = [list(Analyser("en").segments(one)) for one in (text, "She sat.", text)]
    tokenizer = PieceTokenizer.load(str(model), model)
    n_tokens = sum(len(segment.forms) for passage in passages for segment in passage)
    found = examples(tokenizer, 32, passages, np.arange(n_tokens))
    assert found.present.all()
    forms = [(form, segment) for passage in passages for segment in passage for form in segment.forms]
    for (form, segment), (window, first, last, begin, end) in zip(forms, found.spans.tolist(), strict=True):
        pieces = found.windows[window]
        assert len(pieces) <= 32
        word, sentence = (tokenizer.cut([one]).ids for one in (form, segment.text))
        assert pieces[first:last].tolist() == word.tolist()
        assert pieces[begin:end].tolist() == sentence.tolist()
        assert (pieces[0], pieces[-1]) == (tokenizer.prefix[0], tokenizer.suffix[-1])


def test_a_batch_has_lemmas_that_can_be_learned_from() -> None:
    """Some uses of each of some lemmas, none twice, of the lemmas trained on that have two senses; all come in time."""
    random = np.random.default_rng(0)
    lemmas = random.integers(0, 30, 400)
    senses = 100 * lemmas + random.integers(0, 3, 400) % (1 + lemmas % 3)
    trained = lemmas < 20
    draws = Draws(lemmas, senses, trained, replace(RECIPE, lemmas=5, uses=4), random)
    batches = [draws.batch() for _ in range(2000)]
    for uses in batches:
        assert len(set(uses.tolist())) == len(uses) == 20
        assert np.unique(lemmas[uses], return_counts=True)[1].tolist() == [4] * 5
    expected = {use for use in np.flatnonzero(trained).tolist() if len(set(senses[lemmas == lemmas[use]])) > 1}
    assert set(np.concatenate(batches).tolist()) == expected
    with pytest.raises(ValueError, match="No lemma to learn from"):
        Draws(lemmas, 100 * lemmas, trained, RECIPE, random)


def test_loss_is_of_each_pair_of_one_sense_against_all_of_others(model: Path) -> None:
    """The loss by the formula, pair by pair; uses without another of their sense, or of another, do not count."""
    training = Training(
        str(model),
        Examples([], np.empty((0, 5), np.int64), (1, 1), np.empty(0, np.bool_)),
        *[np.empty(0, np.int64)] * 2,
        RECIPE,
    )
    random = np.random.default_rng(0)
    vectors = random.normal(size=(9, 16))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    lemmas, senses = np.array([0, 0, 0, 0, 1, 1, 2, 2, 3]), np.array([0, 0, 0, 1, 2, 2, 3, 4, 5])
    losses = []
    for one in range(9):
        near = [other for other in range(9) if senses[other] == senses[one] and other != one]
        far = [other for other in range(9) if lemmas[other] == lemmas[one] and senses[other] != senses[one]]
        if near and far:
            by_score = {other: np.exp(vectors[one] @ vectors[other] / RECIPE.temperature) for other in (*near, *far)}
            against = sum(by_score[other] for other in far)
            losses.append(np.mean([-np.log(by_score[other] / (by_score[other] + against)) for other in near]))
    assert len(losses) == 3
    made = torch.tensor(vectors, dtype=torch.float32, requires_grad=True)
    loss = training._loss(made, lemmas, senses)
    assert loss.item() == pytest.approx(np.mean(losses), rel=1e-5)
    loss.backward()  # type: ignore[no-untyped-call]
    assert made.grad is not None
    assert torch.isfinite(made.grad).all()
    alone = training._loss(made[:1], lemmas[:1], senses[:1])
    assert alone.item() == 0


def test_uses_are_seen_in_their_sentence_or_in_their_window(model: Path) -> None:
    """What the head is given of a use in training is what the encoder gives it, in a window or in a sentence alone."""
    text = "The walrus swims. They rowed the old boat under the stone bridge. She sat by the river."
    passages = [list(Analyser("en").segments(text))]
    tokenizer = PieceTokenizer.load(str(model), model)
    found = examples(tokenizer, POSITIONS, passages, np.array([1, 5, 6, 15]))
    uses = np.array([3, 1, 0, 2])
    for alone in (0.0, 1.0):
        recipe = replace(RECIPE, alone=alone, dimension=64, rank=0)
        training = Training(str(model), found, np.zeros(4, np.int64), np.zeros(4, np.int64), recipe)
        with torch.no_grad():
            training._head.weight.copy_(torch.eye(64))
            training._head.bias.zero_()
            joined = training._joined(training._views.some_alone(uses)).float().numpy()
        head = Head(
            "",
            "",
            TransformerEncoder(str(model), window=POSITIONS).digest,
            "last",
            recipe.sentence,
            np.eye(64, dtype=np.float32),
            np.zeros(64, np.float32),
            {},
            Calibration(1, 0),
            {},
        )
        encoder = TransformerEncoder(str(model), window=POSITIONS, head=head)
        given = [passages[0]] if not alone else [[segment] for segment in passages[0]]
        expected = encoder.encode(given).vectors[[1, 5, 6, 15]][uses]
        made = joined / np.linalg.norm(joined, axis=1, keepdims=True)
        np.testing.assert_allclose(made, expected, atol=0.02)  # both may compute in bf16


def test_training_learns_nothing_of_what_is_held_out(model: Path) -> None:
    """Labels of lemmas that are not trained on can be anything: what is learned is the same, bit for bit."""
    texts = [f"The {one} was by the {two} walrus." for one in (*RIVER, *MONEY) for two in ("old", "grey", "deep")]
    passages = [list(Analyser("en").segments(text)) for text in texts]
    tokens = np.cumsum([7] * len(texts)) - 6
    found = examples(PieceTokenizer.load(str(model), model), POSITIONS, passages, tokens)
    lemmas = np.arange(len(texts)) % 2
    trained = lemmas == 0
    learned = []
    for turned in (False, True):
        senses = np.where(trained ^ turned, 1, 1) * (2 + np.arange(len(texts)) // 15) + 10 * lemmas
        senses = np.where(
            trained, 2 + np.arange(len(texts)) // 15, senses if turned else 50 + np.arange(len(texts)) % 3
        )
        training = Training(str(model), found, lemmas, senses, replace(RECIPE, steps=4, evaluated_every=4))
        values = iter([0.1, 0.2])
        learned.append(training.run(trained, ~trained, lambda _, values=values: next(values)))  # type: ignore[misc]
    np.testing.assert_array_equal(learned[0].weight, learned[1].weight)
    for name, pair in learned[0].adapter.items():
        np.testing.assert_array_equal(pair.up, learned[1].adapter[name].up)


def test_calibration_finds_the_curve_that_made_the_labels() -> None:
    """Labels drawn by a logistic curve give that curve back, and its probabilities are true."""
    random = np.random.default_rng(0)
    scores = random.uniform(-1, 1, 200_000)
    true = 1 / (1 + np.exp(-(7 * scores - 3)))
    same = random.random(len(scores)) < true
    weights = random.uniform(0.5, 1.5, len(scores))
    slope, intercept = fit(scores, same, weights)
    assert (slope, intercept) == (pytest.approx(7, abs=0.15), pytest.approx(-3, abs=0.1))
    found = reliability(true, same, weights)
    assert found.error < 0.01
    assert sum(one.weight for one in found.bins) == pytest.approx(1)
    assert all(abs(one.stated - one.true) < 0.02 for one in found.bins)
    assert reliability(np.full(4, 0.9), np.array([True, False, True, False]), np.ones(4)).error == pytest.approx(0.4)
    with pytest.raises(ValueError, match="Pairs of one sense"):
        fit(scores, np.ones(len(scores), np.bool_), weights)
    # What is separated without error does not run away.
    assert np.isfinite(fit(np.array([-1.0, -0.5, 0.5, 1.0]), np.array([False, False, True, True]), np.ones(4))).all()
