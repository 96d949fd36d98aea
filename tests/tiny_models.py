"""Makes transformers of three layers with random weights and a small tokenizer of each family, in milliseconds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
import transformers
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

LAYERS = 3
HIDDEN = 32
POSITIONS = 64

# Whole words of every vocabulary; all else is spelt with the endings below and single characters.
# fmt: off
WORDS = [
    "the", "they", "a", "of", "to", "in", "on", "we", "us", "it", "is", "was", "were", "river", "bank", "banks",
    "money", "lent", "rowed", "water", "boat", "oars", "reeds", "grew", "wal", "walk", "run", "stone", "bridge",
    "old", "grey", "deep", "fish", "swim", "under", "The", "They", "She", "He", "said", "sat", "by", "and", "not",
]
# fmt: on
ENDINGS = ["rus", "ing", "ed", "s", "er", "ful", "ly"]
_ASCII = [chr(number) for number in range(33, 127)]
ALPHABET = [*_ASCII, *"éïçüßñ", *"אבגדהוילםמנרש", *"\u0301\u0308\u05b8\u05b9\u05c1", *"银行河", "\U0001f600", "\ufffd"]

# Wide enough that context changes a vector, and not so wide that all pieces of a sentence become alike.
_WEIGHTS = 0.15


def _word_piece(*, lowercase: bool) -> Tokenizer:
    words = [*dict.fromkeys(word.lower() if lowercase else word for word in WORDS)]
    endings = [f"##{ending}" for ending in [*ENDINGS, *ALPHABET]]
    names = dict.fromkeys(["[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]", *words, *endings, *ALPHABET])
    vocabulary = {name: number for number, name in enumerate(names)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", vocabulary["[SEP]"]), ("[CLS]", vocabulary["[CLS]"]))
    tokenizer.add_special_tokens([AddedToken(name) for name in ("[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]")])
    return tokenizer


def _byte_level(specials: list[str]) -> Tokenizer:
    vocabulary = {name: number for number, name in enumerate([*specials, *sorted(pre_tokenizers.ByteLevel.alphabet())])}
    merges: list[tuple[str, str]] = []
    for word in [*(f"Ġ{word}" for word in WORDS), *WORDS, *ENDINGS]:
        for end in range(1, len(word)):
            if word[: end + 1] not in vocabulary:
                vocabulary[word[: end + 1]] = len(vocabulary)
                merges.append((word[:end], word[end]))
    tokenizer = Tokenizer(models.BPE(vocabulary, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.add_special_tokens([AddedToken(name) for name in specials])
    return tokenizer


def _roberta() -> Tokenizer:
    tokenizer = _byte_level(["<s>", "<pad>", "</s>", "<unk>"])
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    return tokenizer


def _modernbert() -> Tokenizer:
    tokenizer = _byte_level(["[PAD]", "[CLS]", "[SEP]", "[UNK]"])
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.post_processor = processors.TemplateProcessing("[CLS] $A [SEP]", None, [("[CLS]", 1), ("[SEP]", 2)])
    return tokenizer


def _unigram(specials: list[str], first: str, last: str) -> Tokenizer:
    scored = [(name, 0.0) for name in specials]
    scored += [(f"▁{word}", -4.0) for word in WORDS] + [(ending, -5.0) for ending in ENDINGS]
    scored += [("▁", -6.0)] + [(character, -8.0) for character in ALPHABET]
    tokenizer = Tokenizer(models.Unigram(scored, unk_id=3))
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        f"{first} $A {last}", None, [(first, specials.index(first)), (last, specials.index(last))]
    )
    tokenizer.add_special_tokens([AddedToken(name) for name in specials])
    return tokenizer


@dataclass(frozen=True, slots=True)
class Family:
    """A kind of tokenizer with the kind of model it goes with."""

    tokenizer: Callable[[], Tokenizer]
    config: type[transformers.PreTrainedConfig]
    settings: dict[str, object]
    spell: Callable[[list[str]], str]

    @property
    def positions(self) -> int:
        """Size of the table of positions: RoBERTa's kin leave its first two rows unused."""
        return POSITIONS + (2 if self.settings["pad_token_id"] == 1 else 0)


def _without_hashes(pieces: list[str]) -> str:
    return "".join(piece.removeprefix("##") for piece in pieces)


def _without_blocks(pieces: list[str]) -> str:
    return "".join(pieces).replace("▁", "")


def _from_bytes(pieces: list[str]) -> str:
    return decoders.ByteLevel().decode(pieces).strip(" ")


_BERT_IDS: dict[str, object] = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
_ROBERTA_IDS: dict[str, object] = {"bos_token_id": 0, "pad_token_id": 1, "eos_token_id": 2}

FAMILIES = {
    "bert-uncased": Family(
        lambda: _word_piece(lowercase=True), transformers.BertConfig, {"pad_token_id": 0}, _without_hashes
    ),
    "bert-cased": Family(
        lambda: _word_piece(lowercase=False), transformers.BertConfig, {"pad_token_id": 0}, _without_hashes
    ),
    "roberta": Family(_roberta, transformers.RobertaConfig, _ROBERTA_IDS, _from_bytes),
    "xlm-roberta": Family(
        lambda: _unigram(["<s>", "<pad>", "</s>", "<unk>"], "<s>", "</s>"),
        transformers.XLMRobertaConfig,
        _ROBERTA_IDS,
        _without_blocks,
    ),
    "deberta-v2": Family(
        lambda: _unigram(["[PAD]", "[CLS]", "[SEP]", "[UNK]"], "[CLS]", "[SEP]"),
        transformers.DebertaV2Config,
        {
            **_BERT_IDS,
            "relative_attention": True,
            "position_buckets": 8,
            "pos_att_type": ["c2p", "p2c"],
            "norm_rel_ebd": "layer_norm",
            "share_att_key": True,
            "position_biased_input": False,
        },
        _without_blocks,
    ),
    "modernbert": Family(
        _modernbert,
        transformers.ModernBertConfig,
        {**_BERT_IDS, "cls_token_id": 1, "sep_token_id": 2, "local_attention": 8},
        _from_bytes,
    ),
}


def build(family: str, folder: Path, *, seed: int = 0) -> Path:
    """Saves a tiny model of a family, with its tokenizer as ``tokenizer.json``, and returns the folder."""
    made = FAMILIES[family]
    tokenizer = made.tokenizer()
    config = made.config(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=HIDDEN,
        num_hidden_layers=LAYERS,
        num_attention_heads=4,
        intermediate_size=2 * HIDDEN,
        max_position_embeddings=made.positions,
        initializer_range=_WEIGHTS,
        **made.settings,
    )
    transformers.utils.logging.disable_progress_bar()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        transformers.AutoModel.from_config(config).save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder
