"""The encoder gives the vectors that transformers gives, word by word, for every family of models, or says why not."""

from __future__ import annotations

import gc
import json
import logging
import re
import shutil
import threading
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from unicodedata import normalize

import huggingface_hub
import numpy as np
import pytest
import torch
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from tiny_models import FAMILIES, HIDDEN, LAYERS, POSITIONS
from tokenizers import Tokenizer, normalizers

import ctxsearch
from ctxsearch.alignment import align
from ctxsearch.analysis import Analyser
from ctxsearch.domain import Segment, Usage
from ctxsearch.encoder import lanes, transformer
from ctxsearch.encoder.fused import _Closing, _Fused, _NoPooler, _Packed, added_mask, fuse, takes_added_mask
from ctxsearch.encoder.hardware import choose_device, choose_dtype
from ctxsearch.encoder.layers import parse_layers
from ctxsearch.encoder.loading import load_transformer
from ctxsearch.encoder.locate import locate_model, model_digest
from ctxsearch.encoder.pooling import WordPooling
from ctxsearch.encoder.tokenizer import PieceTokenizer
from ctxsearch.encoder.transformer import TransformerEncoder
from ctxsearch.errors import ModelError
from ctxsearch.protocols import Encoded
from ctxsearch.query.asked import embed

EMBEDDED = "all-MiniLM-L6-v2"
Vectors = NDArray[np.float32]

# Summing in another order costs a ten-millionth. Another layer, pooling or context costs a five-hundredth and more.
EQUAL = 0.99999

# How layers are written, and what that should mean; a mean points where the sum does.
LAYER_CHOICES = {
    "last": (sum, [-1]),
    "sum:0-0": (sum, [0]),
    "mean:1": (sum, [1]),
    "sum:2-2": (sum, [2]),
    "sum:3-3": (sum, [3]),
    "sum:1-3": (sum, [1, 2, 3]),
    "mean:0,2": (sum, [0, 2]),
    "concat:3,0-1": (np.hstack, [3, 0, 1]),
    "concat:0-3": (np.hstack, [0, 1, 2, 3]),
}
POOLINGS = {"mean": np.mean, "first": lambda rows, axis: rows[0], "last": lambda rows, axis: rows[-1]}

SENTENCES = [
    "They rowed the old boat to the river bank.",
    "The walrus swims.",
    "We walked under the stone bridge and fished in deep grey water, by the reeds.",
    "Banks lent us money.",
]
# Emoji, right-to-left writing, decomposed letters, ideographs; then what some tokenizers have no piece for.
STRANGE_TEXTS = {
    "emoji": "The \U0001f600 sat \U0001f468\u200d\U0001f469\u200d\U0001f467 by \U0001f1eb\U0001f1f7 the bank",
    "right-to-left": "She said שָׁלוֹם to המלך and \u202e\u05d1\u05d0\u202c swam",
    "decomposed": "A nai\u0308ve re\u0301sume\u0301 and a na\u00efve r\u00e9sum\u00e9",
    "ideographs": "The 银行 by 河 walked",
    "zero-width": "The \u200b river \ufeff bank \u00ad was \u200d\u2060 grey",
    "control": "The \x00 river \x07 bank wa\x00s \x1b\x7f grey",
    "marks alone": "The \u0301 river \u0301\u0308 bank \u20e3 was grey",
    "surrogates": "The \ud800 river \udfff\ud800 bank wa\udc80s grey",
    "not characters": "The \ufffd river \ue000 bank \U0010ffff was grey",
    "inside words": "\u200bThe\u200b ri\u00adver \u0130\ufb03 ǅ \u0345 bank",
}


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "empty"))


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    """Threads that wait for each other cost more than models as small as these."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def two_threads() -> Iterator[None]:
    """As many as the default on two cores."""
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(1)


@pytest.fixture
def folder(folders: dict[str, Path], tmp_path: Path) -> Path:
    """A tiny cased BERT, for a test to spoil."""
    return shutil.copytree(folders["bert-cased"], tmp_path / "model")


def segment(text: str, words: str = r"\w+") -> Segment:
    """A segment whose tokens are what a pattern finds."""
    spans = [match.span() for match in re.finditer(words, text)]
    forms = [text[start:end] for start, end in spans]
    return Segment(0, text, np.array(spans, np.int32).reshape(-1, 2), forms, [form.lower() for form in forms])


class Plain:
    """What transformers gives for one text at a time: the independent reference."""

    def __init__(self, folder: Path) -> None:
        self.model = transformers.AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
        self.tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))

    def states(self, ids: Sequence[int]) -> list[Vectors]:
        """The hidden states of each layer, special pieces included."""
        with torch.no_grad():
            output = self.model(input_ids=torch.tensor([ids]), output_hidden_states=True)
        return [state[0].numpy() for state in output.hidden_states]

    def words(self, text: str, spans: NDArray[np.int32], layers: str = "last", pooling: str = "mean") -> list[Vectors]:
        """The vector of each token, zero for one that shares no character with a piece."""
        # A lone surrogate is the one thing that a plain call cannot be given.
        text = re.sub("[\ud800-\udfff]", "\ufffd", text)
        cut = self.tokenizer(text, return_offsets_mapping=True, return_special_tokens_mask=True)
        join, numbers = LAYER_CHOICES[layers]
        states = self.states(cut["input_ids"])
        pieces = join([states[number] for number in numbers])
        special = cut["special_tokens_mask"]
        vectors = []
        for start, end in spans.tolist():
            characters = set(range(start, end))
            own = [
                piece
                for piece, span, mark in zip(pieces, cut["offset_mapping"], special, strict=True)
                if not mark and characters & set(range(*span))
            ]
            vectors.append(POOLINGS[pooling](own, axis=0) if own else np.zeros(pieces.shape[1], np.float32))
        return vectors


@cache
def plain(folder: Path) -> Plain:
    return Plain(folder)


@cache
def loaded(folder: Path, window: int = POSITIONS, dtype: str = "fp32") -> TransformerEncoder:
    return TransformerEncoder(str(folder), window=window, device="cpu", dtype=dtype)


def lowest_cosine(encoded: Encoded, expected: Sequence[Vectors]) -> float:
    """The lowest cosine between vectors and their reference, which must agree on who has a vector."""
    reference = np.array(expected)
    norms = np.linalg.norm(reference, axis=1)
    assert encoded.present.tolist() == (norms > 0).tolist()
    assert not encoded.vectors[~encoded.present].any()
    np.testing.assert_allclose(np.linalg.norm(encoded.vectors[encoded.present], axis=1), 1, atol=1e-5)
    cosines = (encoded.vectors * reference).sum(axis=1)[norms > 0] / norms[norms > 0]
    return float(cosines.min(initial=1.0))


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("family", FAMILIES)
def test_vectors_are_those_of_transformers(folders: dict[str, Path], family: str, pooling: str) -> None:
    """All layers are what a plain call gives for each sentence alone, though the sentences share a padded batch."""
    segments = [segment(text) for text in SENTENCES]
    # A concatenation of all layers holds each of them.
    for layers in LAYER_CHOICES if pooling == "mean" else ["last", "concat:0-3"]:
        encoder = TransformerEncoder(
            str(folders[family]), layers=layers, pooling=pooling, window=POSITIONS, device="cpu", dtype="fp32"
        )
        expected = [
            vector for s in segments for vector in plain(folders[family]).words(s.text, s.spans, layers, pooling)
        ]
        encoded = encoder.encode([[s] for s in segments])
        assert encoded.vectors.shape == (len(expected), encoder.dimension)
        assert lowest_cosine(encoded, expected) >= EQUAL, layers


@pytest.mark.parametrize("family", FAMILIES)
def test_the_reference_tells_wrong_vectors_from_right_ones(folders: dict[str, Path], family: str) -> None:
    """Another layer, another pooling or another context is far from the bound that the tests above hold to."""
    text = segment(SENTENCES[1], "walrus")
    reference = plain(folders[family])
    right = reference.words(text.text, text.spans)
    encoded = loaded(folders[family]).encode([[text]])
    assert lowest_cosine(encoded, right) >= EQUAL
    for wrong in [
        reference.words(text.text, text.spans, "sum:2-2"),
        reference.words(text.text, text.spans, pooling="first"),
        reference.words(text.text, text.spans, pooling="last"),
        reference.words("The walrus sings.", text.spans),
    ]:
        assert lowest_cosine(encoded, wrong) < 0.998


@pytest.mark.parametrize("family", FAMILIES)
def test_bf16_comes_close_to_fp32(folders: dict[str, Path], family: str) -> None:
    """Half the bits cost less than a thousandth of a cosine, and a tenth of that where this was measured."""
    segments = [segment(text) for text in SENTENCES]
    expected = [vector for s in segments for vector in plain(folders[family]).words(s.text, s.spans)]
    encoded = loaded(folders[family], dtype="bf16").encode([[s] for s in segments])
    assert lowest_cosine(encoded, expected) >= 0.999
    assert (encoded.vectors != loaded(folders[family]).encode([[s] for s in segments]).vectors).any()


@pytest.mark.parametrize("family", FAMILIES)
@torch.inference_mode()
def test_fused_layers_give_what_the_layers_give(folders: dict[str, Path], family: str) -> None:
    """In every family linear layers are replaced, GELU with them where there is one; what comes out is the same."""
    _require_operators()
    pieces = torch.arange(5, 37).reshape(2, 16)
    exact = load_transformer(family, str(folders[family]))
    expected = exact(input_ids=pieces).last_hidden_state
    model = load_transformer(family, str(folders[family])).bfloat16()
    plain_states = model(input_ids=pieces).last_hidden_state.float()
    assert fuse(model)
    states = model(input_ids=pieces).last_hidden_state.float()
    assert not any(type(module) is torch.nn.Linear for module in model.modules())
    # A layer has two blocks, and each ends in a sum that is normalized; ModernBERT's begin so.
    closings = sum(type(module) is _Closing for module in model.modules())
    assert closings == (0 if family == "modernbert" else 2 * LAYERS)
    # Both err by the roundings of half precision, and neither more than the other.
    off, plain_off = ((some - expected).norm() / expected.norm() for some in (states, plain_states))
    assert off < max(2 * float(plain_off), 0.01)
    # What no word needs is not computed.
    assert isinstance(getattr(model, "pooler", None), _NoPooler) == (getattr(exact, "pooler", None) is not None)


@pytest.mark.parametrize("layers", ["sum:0", "sum:1", "concat:0-2", "mean:2,1"])
@pytest.mark.parametrize("family", FAMILIES)
def test_layers_that_nobody_asks_for_are_not_run(
    folders: dict[str, Path], family: str, layers: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the layers above, every vector is what it was, to the bit; where that cannot be, they stay."""

    def made(dtype: str) -> TransformerEncoder:
        return TransformerEncoder(str(folders[family]), layers=layers, window=POSITIONS, device="cpu", dtype=dtype)

    passages = [[segment(text)] for text in SENTENCES]
    cut = {dtype: made(dtype) for dtype in ("fp32", "bf16")}
    monkeypatch.setattr(transformer, "cut_above", lambda *_: False)
    for dtype, encoder in cut.items():
        np.testing.assert_array_equal(encoder.encode(passages).vectors, made(dtype).encode(passages).vectors)
    # ModernBERT normalizes once more in the end, and DeBERTa cannot be without a layer.
    stays = family == "modernbert" or (family, layers) == ("deberta-v2", "sum:0")
    most = LAYERS if stays else max(parse_layers(layers, LAYERS).numbers)
    stacks = [part for part in cut["fp32"]._model.modules() if type(part) is torch.nn.ModuleList]
    assert [len(part) for part in stacks] == [most]


def test_vectors_are_made_of_pieces_by_one_thread(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch, two_threads: None
) -> None:
    """While batches of the next block have a core each, torch's threads would only wait for each other."""
    encoder = TransformerEncoder(str(folders["bert-cased"]), window=POSITIONS, device="cpu", dtype="fp32")
    pool, threads = WordPooling.__call__, []

    def watched(self: WordPooling, *arguments: Any) -> Encoded:
        threads.append(torch.get_num_threads())
        return pool(self, *arguments)

    monkeypatch.setattr(WordPooling, "__call__", watched)
    encoder.encode([[segment(text)] for text in SENTENCES])
    assert (threads, torch.get_num_threads()) == ([1], 2)


@pytest.mark.parametrize("layers", ["last", "concat:1-2"])
def test_pieces_are_let_go_of_at_once(folders: dict[str, Path], layers: str) -> None:
    """What the model made of a block is no garbage that waits for a collector: blocks are hundreds of megabytes."""
    encoder = TransformerEncoder(str(folders["bert-cased"]), layers=layers, window=POSITIONS, device="cpu")
    gc.collect()
    gc.disable()
    try:
        before = {id(one) for one in gc.get_objects() if type(one) is torch.Tensor}
        encoder.encode([[segment(text)] for text in SENTENCES])
        left = [one for one in gc.get_objects() if type(one) is torch.Tensor and id(one) not in before]
    finally:
        gc.enable()
    assert not left


def test_a_lane_keeps_its_one_thread(two_threads: None) -> None:
    """Whatever another thread sets before a lane has computed anything, it computes with one thread."""
    began, go_on = threading.Event(), threading.Event()
    seen: list[int] = []

    def lane() -> None:
        lanes._one_thread()
        began.set()
        go_on.wait()
        torch.ones(8) @ torch.ones(8)
        seen.append(torch.get_num_threads())

    thread = threading.Thread(target=lane)
    thread.start()
    began.wait()
    torch.set_num_threads(2)
    go_on.set()
    thread.join()
    assert (seen, torch.get_num_threads()) == ([1], 2)


def _require_operators() -> None:
    """Skips where this torch, or this processor, has not the operators that fused layers are made of."""
    try:
        packed = torch.ops.mkldnn._reorder_linear_weight(torch.ones(8, 8, dtype=torch.bfloat16), 8)
        ones = torch.ones(8, 8, dtype=torch.bfloat16)
        torch.ops.mkldnn._linear_pointwise(ones, packed, None, "gelu", [], "none")
        torch.ops.mkldnn._linear_pointwise.binary(ones, ones, packed, None, "add")
    except (RuntimeError, AttributeError, NotImplementedError) as error:
        # Then a model stays as it is, which all other tests of the encoder see; how it is changed can be seen nowhere.
        pytest.skip(f"torch cannot fuse layers here: {error}")


@pytest.mark.parametrize("fault", ["missing", "wrong", "wrong in a text"])
@pytest.mark.parametrize(("kind", "layer"), [(_Fused, 4), (_Fused, 12), (_Closing, 2), (_Closing, 6)])
@torch.inference_mode()
def test_a_model_that_cannot_be_fused_is_as_it_was(
    folder: Path,
    kind: type[_Packed],
    fault: str,
    layer: int,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Where torch lacks an operator, or it gives something else alone or in the model, all is as it was; it is told."""
    caplog.set_level(logging.DEBUG, "ctxsearch")
    _require_operators()
    model = load_transformer("model", str(folder)).bfloat16()
    pieces = torch.arange(5, 37).reshape(2, 16)
    expected = model(input_ids=pieces).last_hidden_state
    modules = dict(model.named_modules())
    made = _Packed.__init__
    checked: list[_Packed] = []

    def init(self: _Packed, linear: torch.nn.Linear) -> None:
        if type(self) is kind:
            checked.append(self)
            if fault == "missing" and len(checked) == layer:
                raise AttributeError("there is no such operator")
        made(self, linear)

    forward = kind.forward

    def amiss(self: _Packed, inputs: torch.Tensor, *others: torch.Tensor) -> torch.Tensor:
        is_meant = self in checked[layer - 1 : layer]
        wrong = is_meant and (fault == "wrong" or (fault == "wrong in a text" and inputs.ndim == 3))
        outputs: torch.Tensor = forward(self, inputs, *others)
        return 2 * outputs if wrong else outputs

    monkeypatch.setattr(_Packed, "__init__", init)
    monkeypatch.setattr(kind, "forward", amiss)
    assert not fuse(model)
    why = "there is no such operator" if fault == "missing" else "gives something else"
    assert [message for message in caplog.messages if why in message]
    assert len(checked) >= layer
    assert dict(model.named_modules()) == modules
    assert torch.equal(model(input_ids=pieces).last_hidden_state, expected)


@pytest.mark.parametrize("family", FAMILIES)
@torch.inference_mode()
def test_a_mask_made_once_is_the_models_own(folders: dict[str, Path], family: str) -> None:
    """A mask that is added to the scores changes no bit, where a model is found to take one."""
    model = load_transformer(family, str(folders[family])).bfloat16()
    # DeBERTa makes another mask of it, and ModernBERT looks at what is near only, in most layers.
    assert takes_added_mask(model, 16) == (family not in ("deberta-v2", "modernbert"))
    if takes_added_mask(model, 16):
        pieces = torch.arange(5, 37).reshape(2, 16)
        mask = (torch.arange(16) < torch.tensor([[16], [11]])).long()
        own, added = (model(pieces, one).last_hidden_state for one in (mask, added_mask(mask, torch.bfloat16)))
        assert torch.equal(own[mask.bool()], added[mask.bool()])


def test_a_model_that_asks_more_of_a_layer_is_as_it_was(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that looks into its layers keeps them, and runs."""
    _require_operators()
    model = load_transformer("model", str(folder)).bfloat16()
    modules = dict(model.named_modules())
    forward = type(model).forward

    def looking(self: torch.nn.Module, *arguments: object, **named: object) -> object:
        assert self.encoder.layer[0].output.dense.weight.dtype is torch.bfloat16
        return forward(self, *arguments, **named)

    monkeypatch.setattr(type(model), "forward", looking)
    assert not fuse(model)
    assert dict(model.named_modules()) == modules
    assert model(input_ids=torch.arange(5, 21)[None]).last_hidden_state.shape == (1, 16, HIDDEN)


def test_padding_ends_where_the_model_does(folder: Path) -> None:
    """In half precision a batch is padded to what is fastest, and never beyond the positions that a model has."""
    encoder = loaded(folder, dtype="bf16")
    assert [encoder.padded(length) for length in (3, 16, 17, 49, POSITIONS)] == [16, 16, 32, 64, 64]
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "max_position_embeddings": 60}))
    weights = load_file(folder / "model.safetensors")
    weights["embeddings.position_embeddings.weight"] = weights["embeddings.position_embeddings.weight"][:60].clone()
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    text = " ".join(["bank"] * 56)
    vectors = {}
    for dtype, padded in (("bf16", 60), ("fp32", 58)):
        short = TransformerEncoder(str(folder), window=60, device="cpu", dtype=dtype)
        assert short.padded(58) == padded
        vectors[dtype] = short.encode([[segment(text)]]).vectors
    assert (vectors["bf16"] * vectors["fp32"]).sum(axis=1).min() >= 0.999


@pytest.mark.parametrize("kind", STRANGE_TEXTS)
@pytest.mark.parametrize("family", FAMILIES)
def test_strange_tokens_disturb_no_neighbour(folders: dict[str, Path], family: str, kind: str) -> None:
    """Tokens of emoji, marks and invisible characters have the vectors of a plain call, or none without a piece."""
    strange = segment(STRANGE_TEXTS[kind], r"\S+")
    expected = plain(folders[family]).words(strange.text, strange.spans)
    assert lowest_cosine(loaded(folders[family]).encode([[strange]]), expected) >= EQUAL


@settings(max_examples=25)
@given(
    texts=st.lists(
        st.lists(
            st.one_of(st.sampled_from([" ", "bank", "walrus", *"\u200b\0\u0301\ud800\ufb03"]), st.characters())
        ).map(lambda parts: "".join(parts)[:20]),
        max_size=6,
    )
)
@pytest.mark.parametrize("family", FAMILIES)
def test_any_text_has_the_vectors_of_a_plain_call(folders: dict[str, Path], family: str, texts: list[str]) -> None:
    """Whatever stands in a text, each token has its own vector, and texts beside it make no difference."""
    segments = [segment(text, r"\S{1,3}") for text in texts]
    expected = [vector for s in segments for vector in plain(folders[family]).words(s.text, s.spans)]
    encoded = loaded(folders[family]).encode([[s] for s in segments])
    if expected:
        assert lowest_cosine(encoded, expected) >= EQUAL
    else:
        assert encoded.vectors.shape == (0, HIDDEN)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_pieces_of_a_word_spell_it(folders: dict[str, Path], family: str) -> None:
    """In every family, the pieces aligned with a word are those that it is spelt with, whatever stands around it."""
    text = "The walrus  said שָׁלוֹם to nai\u0308ve\u200b banks \u200b by 银 \U0001f600"
    words = segment(text, r"[^\s\u200b]+")
    tokenizer = PieceTokenizer.load(family, folders[family])
    ids, spans, _ = tokenizer.cut([text])
    pieces = [tokenizer.piece(number) for number in ids.tolist()]
    first, last = align(spans, words.spans.astype(np.int64))
    spelt = [FAMILIES[family].spell(pieces[a:b]) for a, b in zip(first.tolist(), last.tolist(), strict=True)]
    forms = list(words.forms)
    if family == "bert-uncased":
        forms = [re.sub("[\u0300-\u036f\u0591-\u05c7]", "", normalize("NFD", form.lower())) for form in forms]
    assert [normalize("NFC", word) for word in spelt] == [normalize("NFC", form) for form in forms]


@pytest.mark.parametrize("family", ["bert-uncased", "bert-cased"])
def test_each_window_is_seen_alone(folders: dict[str, Path], family: str) -> None:
    """Sentences share a window as long as they fit in it, and see nothing of the next window."""
    segments = [
        segment(text) for text in ["They rowed.", " The old boat was grey.", " The walrus swims.", " They swim."]
    ]
    reference = plain(folders[family])
    pieces = [len(reference.tokenizer.tokenize(s.text)) for s in segments]
    assert pieces == [3, 6, 6, 3]
    windows = [segments[:2], segments[2:]]  # at most 10 pieces
    expected = []
    for window in windows:
        together = segment("".join(s.text for s in window))
        expected += reference.words(together.text, together.spans)
    encoded = loaded(folders[family], 12).encode([segments])
    assert lowest_cosine(encoded, expected) >= EQUAL


def test_each_piece_of_a_long_sentence_comes_from_where_it_has_most_context(folders: dict[str, Path]) -> None:
    """In windows that overlap by half, each piece is taken from the one where its nearer edge is farthest off."""
    long = segment(" ".join(["the walrus swims under old stone bridges by the river"] * 3) + " bank")
    reference = plain(folders["bert-cased"])
    cls, *ids, sep = reference.tokenizer(long.text)["input_ids"]
    size, step = 8, 4
    assert len(ids) == 40
    starts = range(0, len(ids) - size + 1, step)
    seen = [reference.states([cls, *ids[start : start + size], sep])[LAYERS][1:-1] for start in starts]
    pieces = []
    for piece in range(len(ids)):
        context = [min(piece - start, start + size - 1 - piece) for start in starts]
        best = max(context)
        assert context.count(best) == 1
        window = context.index(best)
        pieces.append(seen[window][piece - starts[window]])
    owners = reference.tokenizer(long.text, add_special_tokens=False).word_ids()
    expected = [
        np.mean([piece for piece, owner in zip(pieces, owners, strict=True) if owner == word], axis=0)
        for word in range(len(long.forms))
    ]
    assert len(expected) == 31
    assert lowest_cosine(loaded(folders["bert-cased"], size + 2).encode([[long]]), expected) >= EQUAL


@pytest.mark.parametrize("family", FAMILIES)
def test_no_token_of_a_long_sentence_is_cut_off(folders: dict[str, Path], family: str) -> None:
    """A sentence many times as long as the model's positions gives every token a vector."""
    long = segment("they rowed to the river bank " * 100)
    encoded = loaded(folders[family]).encode([[segment("We sat."), long, segment("We swim.")]])
    assert encoded.present.all()
    assert encoded.vectors.shape == (604, HIDDEN)


def test_passages_see_nothing_of_each_other(folders: dict[str, Path]) -> None:
    """A passage has the vectors it has alone, though sentences of one passage do see each other."""
    first, second, third = (segment(text) for text in SENTENCES[:3])
    alone = loaded(folders["bert-cased"]).encode([[first]]).vectors
    apart = loaded(folders["bert-cased"]).encode([[second], [first], [third]]).vectors
    together = loaded(folders["bert-cased"]).encode([[second, first], [third]]).vectors
    own = slice(len(second.forms), len(second.forms) + len(first.forms))
    np.testing.assert_allclose(apart[own], alone, atol=1e-5)
    assert (together[own] * alone).sum(axis=1).max() < 0.99


@settings(max_examples=15)
@given(data=st.data())
@pytest.mark.parametrize("family", FAMILIES)
def test_some_tokens_have_the_vectors_that_they_have_among_all(
    folders: dict[str, Path], family: str, data: st.DataObject
) -> None:
    """Whichever are asked for, of whichever passages, in any order and twice: also those without a piece."""
    texts = st.sampled_from([*SENTENCES, "they rowed to the river bank " * 20, "a \u200b c", "...", ". . . " * 40])
    passages = [[segment(text, r"\S+") for text in one] for one in data.draw(st.lists(st.lists(texts), max_size=4))]
    encoder = loaded(folders[family], window=24)
    vectors, present, _ = encoder.encode(passages)
    tokens = data.draw(st.lists(st.sampled_from(range(len(present))), max_size=6)) if len(present) else []
    some = encoder.encode_tokens(passages, np.array(tokens, np.int64))
    np.testing.assert_array_equal(some.present, present[tokens])
    np.testing.assert_allclose(some.vectors, vectors[tokens], atol=1e-5)


def test_of_a_long_text_the_model_sees_what_is_asked_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The windows of the words' sentences, once for words of one of them, and no other; in one text or in several."""
    encoder = loaded(folder, window=24)
    long = " ".join(SENTENCES * 40)
    looked_at = []
    forward = encoder.forward
    monkeypatch.setattr(encoder, "forward", lambda inputs, mask=None: looked_at.append(inputs) or forward(inputs, mask))
    starts = [match.start() for match in re.finditer(r"\bbank\b", long)]
    usages = [Usage(long, start, start + 4) for start in (*starts[:3], *starts[-3:])]
    together = embed([*usages, *usages], Analyser("en"), encoder)
    assert sum(map(len, looked_at)) <= len(usages)
    looked_at.clear()
    encoder.encode([list(Analyser("en").segments(long))])
    assert sum(map(len, looked_at)) > 10 * len(usages)
    alone = np.concatenate([embed([usage], Analyser("en"), encoder) for usage in usages])
    np.testing.assert_allclose(together, np.concatenate([alone, alone]), atol=1e-5)


@pytest.mark.parametrize(
    ("family", "texts", "unknown"),
    [
        ("bert-uncased", ["The λόγος by \u200b the river λ", "λ"], 3),
        ("bert-uncased", ["The river bank . . ."], 0),
        ("xlm-roberta", ["The λόγος by the river λ", "λ"], 3),
        ("xlm-roberta", ["riverλ bank"], 0),
        ("roberta", ["The λόγος by the river"], 0),
    ],
)
def test_words_that_the_model_does_not_know_are_counted(
    folders: dict[str, Path], family: str, texts: list[str], unknown: int
) -> None:
    """Those whose pieces all stand for what is not in the vocabulary; a model of bytes knows every word."""
    passages = [[segment(text, r"\S+") for text in texts]]
    encoded = loaded(folders[family], window=24).encode(passages)
    assert encoded.unknown == unknown


def test_nothing_to_encode_gives_no_vectors(folders: dict[str, Path]) -> None:
    """No passages, empty passages and segments without tokens or pieces are no error."""
    encoder = TransformerEncoder(str(folders["roberta"]), window=POSITIONS)
    for passages in ([], [[]], [[segment("")], []], [[segment(" \n"), segment("...")]]):
        vectors, present, _ = encoder.encode(passages)
        assert vectors.shape == (0, HIDDEN)
        assert present.shape == (0,)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("dots", [20, 61, 62, 300])
def test_pages_of_dots_cost_nothing_and_change_nothing(
    folders: dict[str, Path], family: str, dots: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows without a word are not shown to the model, and words have the vectors that they have when all are."""
    encoder = loaded(folders[family])
    passage = [segment(f"The river bank {'. ' * dots}was grey{' .' * dots} and the boat."), segment(". " * dots)]
    looked_at = []
    forward = encoder.forward
    monkeypatch.setattr(encoder, "forward", lambda inputs, mask=None: looked_at.append(inputs) or forward(inputs, mask))
    sparing = encoder.encode([passage])
    few = sum(len(inputs) for inputs in looked_at)
    monkeypatch.setattr("ctxsearch.encoder.framing._with_words", lambda packed, alignment: packed)
    looked_at.clear()
    np.testing.assert_allclose(sparing.vectors, encoder.encode([passage]).vectors, atol=1e-5)
    assert sparing.present.all()
    all_of_them = sum(len(inputs) for inputs in looked_at)
    assert few < all_of_them
    assert few <= 4 * 3  # a sentence in windows of half overlap has each of its words in two or three of them


def test_special_pieces_written_out_in_a_text_shift_nothing(folders: dict[str, Path]) -> None:
    """A text about *[SEP]* keeps one vector a token, those of a plain call."""
    text = segment("The [SEP] of the [CLS] [PAD] bank", r"\S+")
    expected = plain(folders["bert-cased"]).words(text.text, text.spans)
    encoded = loaded(folders["bert-cased"]).encode([[text]])
    assert encoded.present[[0, 2, 3, 6]].all()
    places = [0, 2, 3, 6]
    kept = Encoded(encoded.vectors[places], encoded.present[places])
    assert lowest_cosine(kept, [expected[place] for place in places]) >= EQUAL


@pytest.fixture(scope="module", params=["fp32", None], ids=["fp32", "default"])
def embedded(request: pytest.FixtureRequest) -> TransformerEncoder:
    """The model that everyone has, in fp32 and in the type that this machine computes fastest."""
    return TransformerEncoder(EMBEDDED, device="cpu", dtype=request.param)


def crowd() -> list[Segment]:
    """Fifty sentences of many lengths."""
    words = " ".join(SENTENCES).split() * 2
    return [segment(" ".join(words[start : start + 1 + 7 * start % 23])) for start in range(50)]


def test_the_embedded_model_gives_the_vectors_of_transformers(embedded: TransformerEncoder) -> None:
    """Vectors of the embedded model are those of a plain call, in whatever type it runs."""
    segments = [segment(text) for text in [*SENTENCES, *STRANGE_TEXTS.values()]] + crowd()[::5]
    reference = plain(locate_model(EMBEDDED))
    expected = [vector for s in segments for vector in reference.words(s.text, s.spans)]
    assert lowest_cosine(embedded.encode([[s] for s in segments]), expected) >= 0.999


def test_a_batch_makes_no_difference(embedded: TransformerEncoder) -> None:
    """A sentence has the same vectors alone, and anywhere among fifty others of other lengths."""
    sentence, others = segment(SENTENCES[0]), crowd()
    alone = embedded.encode([[sentence]]).vectors
    for place in (0, 25, 50):
        start = sum(len(s.forms) for s in others[:place])
        vectors = embedded.encode([[s] for s in [*others[:place], sentence, *others[place:]]]).vectors
        among = vectors[start : start + len(sentence.forms)]
        assert (among * alone).sum(axis=1).min() >= 0.999


def test_walrus_is_the_mean_of_its_pieces(embedded: TransformerEncoder) -> None:
    """*walrus* is one token, its vector the mean of those of *wal* and *##rus*."""
    text, reference = segment("I am the walrus."), plain(locate_model(EMBEDDED))
    ids = reference.tokenizer(text.text)["input_ids"]
    assert reference.tokenizer.convert_ids_to_tokens(ids) == ["[CLS]", "i", "am", "the", "wal", "##rus", ".", "[SEP]"]
    last = reference.states(ids)[-1]
    expected = (last[4] + last[5]) / 2
    vector = embedded.encode([[text]]).vectors[text.forms.index("walrus")]
    assert vector @ expected / np.linalg.norm(expected) >= 0.999


def test_a_word_in_another_sense_has_another_vector() -> None:
    """Of the embedded model's vectors of *bank*, those of one sense are nearer to each other than to another sense."""
    usages = [
        "The river [bank] was muddy.",
        "Reeds grew along the [bank] of the river.",
        "The [bank] raised its interest rates.",
        "They borrowed money from the [bank].",
    ]
    vectors = ctxsearch.embed(usages, dtype="fp32", device="cpu")
    scores = vectors @ vectors.T
    assert min(scores[0, 1], scores[2, 3]) > scores[:2, 2:].max()


def test_both_names_of_the_embedded_model_find_it() -> None:
    """The embedded model goes by its short name and by the one on the hub."""
    folder = locate_model(EMBEDDED)
    assert folder == locate_model("sentence-transformers/all-MiniLM-L6-v2")
    assert (folder / "model.safetensors").is_file()


def test_a_tokenizer_may_come_as_a_vocabulary(folder: Path) -> None:
    """A folder with vocab.txt and no tokenizer.json is cut as its settings say, and encoded."""
    whole = PieceTokenizer.load("whole", folder)
    vocabulary = Tokenizer.from_file(str(folder / "tokenizer.json")).get_vocab()
    (folder / "tokenizer.json").unlink()
    (folder / "vocab.txt").write_text("\n".join(sorted(vocabulary, key=vocabulary.__getitem__)), encoding="utf-8")
    settings = {"tokenizer_class": "BertTokenizer", "do_lower_case": False, "model_max_length": 8}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    parts = PieceTokenizer.load("parts", folder)
    assert (parts.prefix, parts.suffix) == (whole.prefix, whole.suffix)
    texts = [*SENTENCES, *STRANGE_TEXTS]
    for one, other in zip(parts.cut(texts), whole.cut(texts), strict=True):
        np.testing.assert_array_equal(one, other)
    assert loaded(folder).encode([[segment(SENTENCES[2])]]).present.all()


def test_truncation_and_padding_saved_with_a_tokenizer_are_off(folder: Path) -> None:
    """A tokenizer that was saved with a length to cut at, or to pad to, does neither."""
    passages = [[segment(SENTENCES[2])], [segment("We sat.")]]
    before = TransformerEncoder(str(folder), window=POSITIONS).encode(passages)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(6)
    tokenizer.enable_padding(length=20)
    tokenizer.save(str(folder / "tokenizer.json"))
    after = TransformerEncoder(str(folder), window=POSITIONS).encode(passages)
    np.testing.assert_array_equal(after.vectors, before.vectors)


def test_the_digest_tells_models_apart(folders: dict[str, Path], tmp_path: Path) -> None:
    """The same files have one digest wherever they lie, and other weights, settings or pieces have another."""
    original = folders["bert-cased"]
    copies = [shutil.copytree(original, tmp_path / name) for name in ("same", "weights", "config", "tokenizer")]
    _same, weights, config, tokenizer = copies
    content = bytearray((weights / "model.safetensors").read_bytes())
    content[-1] ^= 1
    (weights / "model.safetensors").write_bytes(content)
    with (config / "config.json").open("a") as file:
        file.write("\n")
    with (tokenizer / "tokenizer.json").open("a") as file:
        file.write("\n")
    digests = [model_digest(folder) for folder in copies]
    assert digests[0] == model_digest(original) == TransformerEncoder(str(original), window=POSITIONS).digest
    assert len(set(digests)) == 4


@pytest.mark.parametrize(
    "name", ["vocab.txt", "tokenizer_config.json", "vocab.json", "merges.txt", "sentencepiece.bpe.model"]
)
def test_the_digest_covers_a_tokenizer_in_parts(folder: Path, name: str) -> None:
    """Without a tokenizer.json, the digest changes with each file that a tokenizer is made from."""
    (folder / "tokenizer.json").unlink()
    (folder / name).write_text("one")
    before = model_digest(folder)
    (folder / name).write_text("two")
    assert model_digest(folder) != before


@pytest.mark.parametrize(("window", "fits"), [(3, False), (4, True), (POSITIONS, True), (POSITIONS + 1, False)])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_window_must_fit_the_model(folders: dict[str, Path], family: str, window: int, fits: bool) -> None:
    """A window takes from two pieces beside the special ones up to the model's positions, and these all work."""
    if fits:
        encoded = loaded(folders[family], window).encode([[segment("they rowed to the bank " * 40)]])
        assert np.isfinite(encoded.vectors).all()
        assert encoded.present.all()
    else:
        with pytest.raises(
            ValueError, match=rf"The window {window} does not fit .*: it takes 4 to {POSITIONS} pieces\."
        ):
            loaded(folders[family], window).encode([])


@pytest.mark.parametrize("kind", ["data2vec-text", "roberta-prelayernorm", "luke"])
def test_a_window_leaves_out_positions_that_are_not_used(folders: dict[str, Path], kind: str, tmp_path: Path) -> None:
    """Every model that numbers positions from its padding piece takes as many pieces as it can number, and no more."""
    settings = json.loads((folders["roberta"] / "config.json").read_text())
    names = ["vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size"]
    config = transformers.AutoConfig.for_model(
        kind,
        **{name: settings[name] for name in names},
        max_position_embeddings=POSITIONS + 2,
        pad_token_id=1,
        entity_vocab_size=8,  # of LUKE, which has half a million of its own accord
    )
    transformers.AutoModel.from_config(config).save_pretrained(tmp_path)
    shutil.copy(folders["roberta"] / "tokenizer.json", tmp_path)
    with pytest.raises(ValueError, match=rf"it takes 4 to {POSITIONS} pieces\."):
        TransformerEncoder(str(tmp_path), window=POSITIONS + 1)
    assert loaded(tmp_path).encode([[segment("they rowed to the bank " * 40)]]).present.all()


@pytest.mark.parametrize("layers", ["first", "sum:4", "concat:0-4", "mean:"])
def test_layers_must_fit_the_model(folder: Path, layers: str) -> None:
    """Layers that cannot be read, or that the model lacks, are refused when it is loaded."""
    with pytest.raises(ValueError, match=r"The layers .* (cannot be read|do not fit a model with layers 0 to 3)"):
        TransformerEncoder(str(folder), layers=layers, window=POSITIONS)


def test_an_unknown_pooling_is_refused_with_those_there_are(folder: Path) -> None:
    """The message for a pooling that is not there names those that are."""
    with pytest.raises(ValueError, match=r"mean.*first.*last"):
        TransformerEncoder(str(folder), pooling="max", window=POSITIONS)


@pytest.mark.parametrize(
    ("device", "why"),
    [
        *(
            (name, rf"There is no device '{name}'; use auto, cpu, cuda")
            for name in ("gpu", "tpu", "", "hpu", "meta", "cuda:")
        ),
        ("cuda:99", r"needs a torch that is built for CUDA|There is no GPU 'cuda:99': torch finds [0-9]+ here"),
        # A Mac has it.
        *(
            []
            if torch.backends.mps.is_available()
            else [("mps", "The device 'mps' cannot be used here; use cpu or auto")]
        ),
    ],
)
def test_a_device_that_is_not_there_is_refused(device: str, why: str) -> None:
    """The message for a device that cannot be used says what is missing, or names some that can."""
    with pytest.raises(ValueError, match=why):
        choose_device(device)


def test_auto_is_the_device_that_is_there() -> None:
    """A GPU if there is one, and else the CPU."""
    expected = "cuda" if torch.cuda.is_available() else "cpu"
    assert choose_device("auto").type == choose_device(None).type == expected


def test_batch_that_does_not_fit_is_halved(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Where the memory does not take a batch, its halves are tried; each word has its vector, and later batches fit."""
    caplog.set_level(logging.INFO, "ctxsearch")
    encoder = TransformerEncoder(str(folder), window=POSITIONS, device="cpu", dtype="fp32")
    analyser = Analyser("en")
    passages = [list(analyser.segments(f"The bank number {number} of the river was steep.")) for number in range(40)]
    expected = encoder.encode(passages).vectors
    sizes: list[int] = []
    forward = encoder.forward

    def with_little_memory(inputs: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        sizes.append(len(inputs))
        if len(inputs) > 3:
            raise torch.OutOfMemoryError("no memory")
        return forward(inputs, mask)

    monkeypatch.setattr(encoder, "forward", with_little_memory)
    encoder._lanes._count = 1
    found = encoder.encode(passages).vectors
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert max(sizes) > 3
    sizes.clear()
    encoder.encode(passages)
    assert max(sizes) <= 3
    assert f"The memory of cpu is short: {encoder.batch_pieces:,} pieces a batch from now on." in caplog.messages
    monkeypatch.setattr(encoder, "forward", lambda *_: (_ for _ in ()).throw(torch.OutOfMemoryError("none at all")))
    with pytest.raises(ModelError, match='the memory of cpu does not take one window of it; use `device="cpu"`'):
        encoder.encode(passages[:1])


def test_an_unknown_type_is_refused_with_those_there_are() -> None:
    """The message for a type that is not there names those that are."""
    with pytest.raises(ValueError, match="There is no type 'int8'; use bf16, fp16, fp32"):
        choose_dtype("int8", torch.device("cpu"))


@pytest.mark.parametrize(
    ("name", "dtype"), [("bf16", torch.bfloat16), ("fp16", torch.float16), ("fp32", torch.float32)]
)
def test_the_type_asked_for_is_the_type_used(folder: Path, name: str, dtype: torch.dtype) -> None:
    """A type that is asked for is not changed for a faster one."""
    assert TransformerEncoder(str(folder), dtype=name, device="cpu", window=POSITIONS).dtype is dtype


def refused(folder: Path | str) -> str:
    """What is said about a model that cannot be used."""
    with pytest.raises(ModelError) as caught:
        TransformerEncoder(str(folder), window=POSITIONS)
    assert caught.value.model == str(folder)
    assert str(caught.value).startswith(f"The model {folder} cannot be used: ")
    assert str(caught.value).endswith(".")
    return caught.value.why


def test_weights_that_could_run_code_are_not_read(folder: Path) -> None:
    """A folder with pickled weights only is refused, and the message says how to convert them."""
    weights = plain(folder).model.state_dict()
    torch.save(weights, folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    assert "convert them with save_pretrained" in refused(folder)


def test_a_folder_without_a_configuration_is_refused(folder: Path) -> None:
    """A folder that holds weights alone is refused by the name of what it lacks."""
    (folder / "config.json").unlink()
    assert "holds no config.json" in refused(folder)


def test_a_missing_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path that is not there is not looked for on the hub."""
    monkeypatch.chdir(tmp_path)
    assert "no such folder" in refused(tmp_path / "absent")
    assert "no such folder" in refused("./absent")


@pytest.mark.parametrize("name", ["nobody/no-such-model", "no such model", "a/b/c"])
def test_a_name_that_cannot_be_fetched_is_refused(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without a network, a name that is in no cache is refused with what to do."""
    monkeypatch.chdir(tmp_path)
    assert "could not be fetched. Give a folder that holds it" in refused(name)


def test_a_model_in_the_cache_is_found_by_its_name(folder: Path, tmp_path: Path) -> None:
    """What was fetched from the hub once is used without a network."""
    cached = tmp_path / "empty" / "models--someone--tiny"
    (cached / "refs").mkdir(parents=True)
    (cached / "refs" / "main").write_text("0" * 40)
    shutil.copytree(folder, cached / "snapshots" / ("0" * 40))
    assert locate_model("someone/tiny").resolve() == (cached / "snapshots" / ("0" * 40)).resolve()


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
@pytest.mark.parametrize("damage", ["empty", "half", "noise"])
def test_a_damaged_file_is_refused(folder: Path, name: str, damage: str) -> None:
    """A file that was cut short or overwritten gives a sentence about the model."""
    content = (folder / name).read_bytes()
    (folder / name).write_bytes({"empty": b"", "half": content[: len(content) // 2], "noise": b"\xff" * 100}[damage])
    refused(folder)


def test_weights_of_another_model_are_refused(folder: Path, folders: dict[str, Path]) -> None:
    """Weights that a model's layers are not in are refused, not replaced by random ones."""
    shutil.copy(folders["modernbert"] / "model.safetensors", folder)
    refused(folder)


def test_weights_with_a_gap_are_refused(folder: Path) -> None:
    """One tensor that is missing is enough to refuse a model; transformers would fill it with random numbers."""
    weights = load_file(folder / "model.safetensors")
    del weights["encoder.layer.1.attention.self.query.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    assert "encoder.layer.1.attention.self.query.weight" in refused(folder)


def test_weights_with_another_head_are_used(folder: Path) -> None:
    """A model saved for another task, its pooler missing and its names prefixed, gives the same vectors."""
    before = loaded(folder).encode([[segment(SENTENCES[0])]]).vectors
    weights = load_file(folder / "model.safetensors")
    renamed = {f"bert.{name}": tensor for name, tensor in weights.items() if not name.startswith("pooler.")}
    save_file({**renamed, "cls.predictions.bias": torch.ones(3)}, folder / "model.safetensors", {"format": "pt"})
    again = TransformerEncoder(str(folder), window=POSITIONS, device="cpu", dtype="fp32")
    np.testing.assert_array_equal(again.encode([[segment(SENTENCES[0])]]).vectors, before)


def test_a_tokenizer_of_another_model_is_refused(folder: Path, folders: dict[str, Path]) -> None:
    """A tokenizer with more pieces than the model has vectors for is refused before it is used."""
    shutil.copy(folders["roberta"] / "tokenizer.json", folder)
    config = json.loads((folder / "config.json").read_text())
    assert len(Tokenizer.from_file(str(folder / "tokenizer.json")).get_vocab()) > config["vocab_size"]
    refused(folder)


def test_a_tokenizer_without_offsets_is_refused(folder: Path) -> None:
    """A tokenizer that only Python knows cannot say where its pieces stand, and is refused for it."""
    (folder / "tokenizer.json").unlink()
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "CanineTokenizer"}')
    assert "no fast tokenizer" in refused(folder)


def test_a_tokenizer_that_loses_letters_is_refused(folder: Path) -> None:
    """A tokenizer whose pieces leave letters of a plain sentence uncovered is refused."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.normalizer = normalizers.Replace("walrus", "")
    tokenizer.save(str(folder / "tokenizer.json"))
    assert "does not say which characters a piece stands for" in refused(folder)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_folder_without_a_tokenizer_is_refused(folders: dict[str, Path], family: str, tmp_path: Path) -> None:
    """A folder with a model alone is refused, and not given a tokenizer that knows no piece."""
    for name in ("config.json", "model.safetensors"):
        shutil.copy(folders[family] / name, tmp_path)
    refused(tmp_path)


@pytest.mark.parametrize("name", ["BertTokenizer", "XLMRobertaTokenizer", "RobertaTokenizer"])
def test_a_tokenizer_without_its_vocabulary_is_refused(folder: Path, name: str) -> None:
    """A folder whose tokenizer is named but not there is refused; transformers would make one that knows no word."""
    (folder / "tokenizer.json").unlink()
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": name}))
    assert "tokenizer" in refused(folder)


def test_a_model_that_also_writes_is_refused(folder: Path) -> None:
    """A model with a decoder is no encoder."""
    config = transformers.T5Config(
        vocab_size=200, d_model=HIDDEN, d_kv=8, d_ff=64, num_layers=2, num_heads=4, decoder_start_token_id=0
    )
    (folder / "config.json").unlink()
    transformers.AutoModel.from_config(config).save_pretrained(folder)
    assert "no BERT-like encoder" in refused(folder)
