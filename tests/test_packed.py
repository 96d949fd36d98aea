"""Windows in one row give what they give with padding, whatever the model; what a card adds is a kernel."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from test_encoder import SENTENCES, STRANGE_TEXTS, segment
from tiny_models import FAMILIES, POSITIONS

from ctxsearch.domain import Segment
from ctxsearch.encoder import packed, transformer
from ctxsearch.encoder.loading import load_transformer
from ctxsearch.encoder.packed import take_rows
from ctxsearch.encoder.pooling import WordPooling
from ctxsearch.encoder.transformer import TransformerEncoder
from ctxsearch.errors import ModelError

# Families that look at a piece by itself outside of attention, and number places by what they are told.
PACKED = ["bert-uncased", "bert-cased", "roberta", "xlm-roberta"]
LONG = "They rowed the old boat under the stone bridge. " * 3


def window_by_window(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    bounds: torch.Tensor,
    key_bounds: torch.Tensor,
    longest: int,
    longest_key: int,
    *,
    scale: float | None = None,
) -> torch.Tensor:
    """What the kernel of a card computes, by torch's own attention, a window at a time."""
    ends = bounds.tolist()
    assert (bounds.dtype, key_bounds.tolist()) == (torch.int32, ends)
    assert longest == longest_key == max(np.diff(ends))
    seen = []
    for start, stop in pairwise(ends):
        states = (some[start:stop].transpose(0, 1)[None] for some in (query, key, value))
        seen.append(torch.nn.functional.scaled_dot_product_attention(*states, scale=scale)[0].transpose(0, 1))
    return torch.cat(seen)


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the CPU had the kernel."""
    monkeypatch.setattr(packed, "varlen_attn", window_by_window)
    monkeypatch.setattr(transformer, "has_kernel", lambda device, dtype: True)


def passages() -> Iterator[list[Segment]]:
    """Sentences that share windows, fill one, and have too many pieces for one."""
    yield [segment(text) for text in SENTENCES]
    yield [segment(LONG), segment(SENTENCES[1])]
    yield [segment(text, r"\S+") for text in STRANGE_TEXTS.values()]
    yield []
    yield [segment(". . .")]


def encoder_of(folder: Path, **options: Any) -> TransformerEncoder:
    """An encoder in single precision on the CPU."""
    return TransformerEncoder(str(folder), window=POSITIONS, device="cpu", dtype="fp32", **options)


@pytest.mark.parametrize("options", [{}, {"layers": "concat:1-2", "pooling": "first"}, {"pooling": "last"}])
@pytest.mark.parametrize("pieces", [POSITIONS, 50, 100_000])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_row_gives_what_padding_gives(
    folders: dict[str, Path], family: str, pieces: int, options: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Vectors are the same, however many windows share a row; a model that wants more than places stays as it is."""
    expected = encoder_of(folders[family], **options).encode(list(passages()))
    monkeypatch.setattr(packed, "varlen_attn", window_by_window)
    monkeypatch.setattr(transformer, "has_kernel", lambda device, dtype: True)
    encoder = encoder_of(folders[family], **options)
    encoder.batch_pieces = pieces
    assert encoder._packs == (family in PACKED)
    found = encoder.encode(list(passages()))
    np.testing.assert_array_equal(found.present, expected.present)
    np.testing.assert_allclose(found.vectors, expected.vectors, atol=1e-5)


def test_no_words_are_no_rows(folders: dict[str, Path], kernel: None) -> None:
    """Nothing, and punctuation alone, have no window to look at."""
    encoder = encoder_of(folders["bert-cased"])
    assert encoder.encode([]).vectors.shape == (0, encoder.dimension)
    assert encoder.encode([[segment(". . .")]]).vectors.shape == (0, encoder.dimension)


def test_a_row_that_memory_does_not_take_is_halved(
    folders: dict[str, Path], kernel: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The halves are encoded, and later rows are no longer than what went through."""
    encoder = encoder_of(folders["bert-cased"])
    many = [[segment(text)] for text in SENTENCES * 5]
    expected = encoder.encode(many).vectors
    sizes: list[int] = []
    see = packed.see

    def with_little_memory(model: Any, row: packed.Row, **options: bool) -> Any:
        sizes.append(len(row.inputs))
        if len(row.inputs) > 60:
            raise torch.OutOfMemoryError("no memory")
        return see(model, row, **options)

    monkeypatch.setattr(transformer, "see", with_little_memory)
    np.testing.assert_allclose(encoder.encode(many).vectors, expected, atol=1e-5)
    assert max(sizes) > 60
    sizes.clear()
    encoder.encode(many)
    assert max(sizes) <= 60
    monkeypatch.setattr(transformer, "see", lambda *_, **__: (_ for _ in ()).throw(torch.OutOfMemoryError("none")))
    with pytest.raises(ModelError, match='the memory of cpu does not take one window of it; use `device="cpu"`'):
        encoder.encode(many[:1])


def test_a_kernel_of_one_scale_serves_models_of_that_scale(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A torch whose kernel takes no scale divides by the root of the size, and other models are left as they are."""
    monkeypatch.setattr(packed, "varlen_attn", lambda *parts: window_by_window(*parts))
    model = load_transformer("tiny", str(folders["bert-cased"]))
    assert take_rows(model, POSITIONS)
    other = load_transformer("tiny", str(folders["bert-cased"]))
    before = other.config._attn_implementation
    for layer in other.encoder.layer:
        layer.attention.self.scaling = 1.0
    assert not take_rows(other, POSITIONS)
    assert other.config._attn_implementation == before


@pytest.mark.parametrize("kind", ["camembert", "distilbert", "electra"])
def test_kinds_of_which_no_tokenizer_is_made_here(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What each layer gives in a row longer than the model's places is what it gives each window alone."""
    monkeypatch.setattr(packed, "varlen_attn", window_by_window)
    torch.manual_seed(0)
    config = transformers.AutoConfig.for_model(
        kind, vocab_size=90, num_hidden_layers=2, num_attention_heads=4, max_position_embeddings=40, pad_token_id=1
    )
    sizes = {"dim": 32, "hidden_dim": 64} if kind == "distilbert" else {"hidden_size": 32, "intermediate_size": 64}
    config.update(sizes)
    model, alone = (transformers.AutoModel.from_config(copy.deepcopy(config)).eval() for _ in range(2))
    alone.load_state_dict(model.state_dict())
    assert take_rows(model, 30)
    windows = [(torch.arange(length) * 7 + length) % 90 for length in (30, 3, 17, 30, 8)]
    bounds = torch.tensor([0, *np.cumsum([len(window) for window in windows])], dtype=torch.int32)
    positions = torch.cat([torch.arange(len(window)) for window in windows])
    with torch.inference_mode():
        row = packed.see(model, packed.Row(torch.cat(windows), positions, bounds, 30), output_hidden_states=True)
        plain = [alone(window[None], output_hidden_states=True).hidden_states for window in windows]
    for layer, found in enumerate(row.hidden_states):
        expected = torch.cat([states[layer][0] for states in plain])
        torch.testing.assert_close(found[0], expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("family", PACKED)
def test_padding_written_out_in_a_text_moves_the_places_behind_it(
    folders: dict[str, Path], family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Models that count places by pieces do not count one for padding, in a row as in a batch."""
    texts = [[segment("The <pad> river [PAD] bank was <pad> grey."), segment(SENTENCES[0])], [segment(SENTENCES[1])]]
    expected = encoder_of(folders[family]).encode(texts)
    monkeypatch.setattr(packed, "varlen_attn", window_by_window)
    monkeypatch.setattr(transformer, "has_kernel", lambda device, dtype: True)
    np.testing.assert_allclose(encoder_of(folders[family]).encode(texts).vectors, expected.vectors, atol=1e-5)


def test_a_model_that_does_not_ask_for_the_kernel_is_left_alone(
    folders: dict[str, Path], kernel: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where transformers does not set the attention, or one layer has another, or a decoder's, nothing is packed."""
    model = load_transformer("tiny", str(folders["bert-cased"]))
    with monkeypatch.context() as patch:
        patch.setattr(type(model), "set_attn_implementation", lambda *_: None)
        assert not take_rows(model, POSITIONS)
    with monkeypatch.context() as patch:
        attend = packed._attend

        def twice(*parts: Any, **options: Any) -> tuple[torch.Tensor, None]:
            """As if the model had half the layers."""
            attend(*parts, **options)
            return attend(*parts, **options)

        patch.setattr(packed, "_attend", twice)
        assert not take_rows(model, POSITIONS)
    model.config.is_decoder = True
    assert not take_rows(model, POSITIONS)
    model.config.is_decoder = False
    assert take_rows(model, POSITIONS)


def test_a_packed_model_sees_rows_and_nothing_else(folders: dict[str, Path], kernel: None) -> None:
    """A batch with padding would be attended to across its windows: it is refused."""
    encoder = encoder_of(folders["bert-cased"])
    encoder.encode(list(passages()))
    with pytest.raises(ValueError, match="attends over rows of windows"):
        encoder.forward(torch.tensor([[5, 6, 7]]))


def test_memory_that_does_not_take_a_block_is_told(folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where words are made of pieces there is no half to take: it is said what helps."""
    encoder = encoder_of(folders["bert-cased"])
    monkeypatch.setattr(WordPooling, "_sums", lambda *_: (_ for _ in ()).throw(torch.OutOfMemoryError("none")))
    with pytest.raises(ModelError, match='the memory of cpu does not take a block of words; use `device="cpu"`'):
        encoder.encode([[segment(SENTENCES[0])]])


def test_memory_that_does_not_take_a_model_is_told(folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """A card on which others leave no room for the weights is one sentence."""
    monkeypatch.setattr(torch.nn.Module, "to", lambda *_, **__: (_ for _ in ()).throw(torch.OutOfMemoryError("none")))
    with pytest.raises(ModelError, match='the memory of cpu does not take it; use `device="cpu"`'):
        encoder_of(folders["bert-cased"])


def test_sums_are_the_same_without_bags(folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """A device without them gives the same words."""
    encoder = encoder_of(folders["bert-cased"])
    expected = encoder.encode(list(passages())).vectors
    monkeypatch.setattr("ctxsearch.encoder.pooling._WITH_BAGS", ())
    np.testing.assert_allclose(encoder.encode(list(passages())).vectors, expected, atol=1e-6)


def test_a_kernel_that_gives_something_else_is_not_taken(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is checked is what the whole model gives."""
    monkeypatch.setattr(packed, "varlen_attn", lambda *parts, scale=None: parts[2].flip(0))
    assert not take_rows(load_transformer("tiny", str(folders["bert-cased"])), POSITIONS)


@pytest.mark.gpu
@pytest.mark.parametrize("family", FAMILIES)
def test_a_gpu_gives_what_the_cpu_gives(folders: dict[str, Path], family: str) -> None:
    """On a real card: vectors in half precision are near those of the CPU in single, and the same each time."""
    if not torch.cuda.is_available():
        # The kernel is on a card alone; what is made of it is tested above with torch's own attention.
        pytest.skip("torch finds no GPU here")
    expected = encoder_of(folders[family]).encode(list(passages()))
    encoder = TransformerEncoder(str(folders[family]), window=POSITIONS, device="cuda")
    assert encoder._packs == (packed.has_kernel(encoder._device, encoder.dtype) and family in PACKED)
    found, again = (encoder.encode(list(passages())) for _ in range(2))
    np.testing.assert_array_equal(found.present, expected.present)
    np.testing.assert_array_equal(found.vectors, again.vectors)
    cosines = (found.vectors * expected.vectors).sum(axis=1)[expected.present]
    assert cosines.min() > 0.99


@pytest.mark.gpu
def test_a_gpu_that_is_short_of_memory_takes_smaller_batches(folders: dict[str, Path]) -> None:
    """On a real card with less and less memory: vectors are the same as long as one window goes through."""
    if not torch.cuda.is_available():
        # How a card runs out of memory can be seen on a card alone; the halving is tested above.
        pytest.skip("torch finds no GPU here")
    many = [[segment(text) for text in SENTENCES] for _ in range(3000)]
    encoder = TransformerEncoder(str(folders["bert-cased"]), window=POSITIONS, device="cuda")
    expected, at_first = encoder.encode(many), encoder.batch_pieces
    _, total = torch.cuda.mem_get_info()
    try:
        for room in range(64, 0, -4):
            torch.cuda.empty_cache()
            torch.cuda.set_per_process_memory_fraction((torch.cuda.memory_reserved() + (room << 20)) / total)
            try:
                found = encoder.encode(many)
            except (ModelError, torch.OutOfMemoryError):
                break
            np.testing.assert_allclose(found.vectors, expected.vectors, atol=0.02)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert encoder.batch_pieces < at_first
