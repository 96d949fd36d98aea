"""What a user leaves open is filled in: by the head, by what is known of a model, or by its depth."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import ctxsearch
from tiny_models import POSITIONS, build

from ctxsearch import Index
from ctxsearch.encoder.choice import choose
from ctxsearch.encoder.layers import layers_by_depth, parse_layers


@pytest.mark.parametrize("n_layers", range(1, 60))
def test_layers_by_depth_are_of_the_model_and_never_only_the_last(n_layers: int) -> None:
    """Four layers below the top, as far as there are so many; never the embedding."""
    layers = parse_layers(layers_by_depth(n_layers), n_layers)
    assert len(layers.numbers) == min(4, max(1, 5 * n_layers // 6))
    assert min(layers.numbers) >= 1
    assert n_layers == 1 or n_layers not in layers.numbers


def test_an_unknown_model_has_layers_by_its_depth(tmp_path: Path) -> None:
    """Nobody said which layers, and no head is known: so they are chosen, and the command says so."""
    model = build("bert-uncased", tmp_path / "model")
    choice = choose(str(model))
    assert (choice.layers, choice.pooling, choice.head) == ("sum:1-2", "mean", None)
    assert choose(str(model), layers="last") == ("last", "mean", None)
    assert choose(str(model), pooling="first")[:2] == ("sum:1-2", "first")
    with Index.create(tmp_path / "index", model=str(model), window=POSITIONS) as index:
        assert index.settings.layers == "sum:1-2"
    source = tmp_path / "text.txt"
    source.write_text("The bank was grey.", encoding="utf-8")
    said = [
        ctxsearch("index", tmp_path / name, source, "--model", model, "--window", str(POSITIONS), *options).stderr
        for name, options in (("a", []), ("b", ["--layers", "last"]), ("a", []))
    ]
    assert ["Layers sum:1-2, by the model's depth" in one for one in said] == [True, False, False]


def test_the_default_model_has_its_head_unless_one_says_otherwise() -> None:
    """Its own layers are the last, measured best; with the head they are the head's."""
    choice = choose("all-MiniLM-L6-v2")
    assert choice.head is not None
    assert choice.head.dimension <= 128
    assert choose("all-MiniLM-L6-v2", head="none")[:3] == ("last", "mean", None)
    assert choose("all-MiniLM-L6-v2", layers="sum:3-6")[:3] == ("sum:3-6", "mean", None)
    assert choose("all-MiniLM-L6-v2", pooling="first")[:3] == ("last", "first", None)
