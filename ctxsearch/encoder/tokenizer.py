"""A model's own tokenizer: pieces with their character offsets, and the special ones a model wants around them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from ctxsearch.encoder.graphic_words import Cut, Cutter, GraphicWords, cuts_at_spaces, text_starts
from ctxsearch.errors import ModelError

# Lone surrogates cannot be sent to the tokenizer; a replacement of the same length keeps the offsets.
_SURROGATES = dict.fromkeys(range(55296, 57344), "�")

# What stands for text that is in no vocabulary, unless a tokenizer says so itself; and what stands for a space.
_UNKNOWN = ("[UNK]", "<unk>")
_BLANK = "▁"

_TOKENIZER_FILES = ("vocab.txt", "vocab.json", "tokenizer_config.json")

_PROBE = "The walruses' naïve façade, 3.5 km away \U0001f600."


class PieceTokenizer:
    """Cuts texts into pieces.

    Args:
        model: the model's name, for errors.
        tokenizer: the model's own.

    Attributes:
        unknown: the id of the piece that stands for whatever is not in the vocabulary; -1 where there is none.
        blank: that of the piece that stands for a space alone; likewise.

    Raises:
        ModelError: its offsets are wrong.
    """

    def __init__(self, model: str, tokenizer: Tokenizer) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        # What these have is no method: in a cycle, all words that are remembered would stay when an index is dropped.
        self._cut: Cutter = partial(cut_whole, tokenizer)
        if cuts_at_spaces(tokenizer):
            self._cut = GraphicWords(self._cut).cut
        self.unknown = self._id_of(getattr(tokenizer.model, "unk_token", None), *_UNKNOWN)
        self.blank = self._id_of(_BLANK)
        self.prefix, self.suffix = self._special_pieces()
        self._probe()

    @classmethod
    def load(cls, model: str, folder: Path) -> PieceTokenizer:
        """The tokenizer in a model's folder.

        Raises:
            ModelError: the model has no fast tokenizer, or its offsets are wrong.
        """
        return cls(model, _load(model, folder))

    @property
    def text(self) -> str:
        """All of it, as JSON."""
        return self._tokenizer.to_str()

    def cut(self, texts: Sequence[str]) -> Cut:
        """Pieces of some texts, without special ones."""
        safe = [text.translate(_SURROGATES) if not text.isascii() else text for text in texts]
        return self._cut(safe)

    @property
    def size(self) -> int:
        """How many pieces the tokenizer knows."""
        return max(self._tokenizer.get_vocab(with_added_tokens=True).values(), default=-1) + 1

    def piece(self, piece_id: int) -> str:
        """A piece as the tokenizer writes it, ``##l`` say."""
        return self._tokenizer.id_to_token(piece_id) or ""

    def _id_of(self, *names: str | None) -> int:
        """The id of the first piece that there is of this name; -1 where there is none."""
        ids = [self._tokenizer.token_to_id(name) for name in names if name]
        return next((number for number in ids if number is not None), -1)

    def _special_pieces(self) -> tuple[list[int], list[int]]:
        encoding = self._tokenizer.encode("word")
        own = [number for number, special in enumerate(encoding.special_tokens_mask) if not special]
        if not own:
            raise ModelError(self._model, "its tokenizer finds no piece in a plain word.")
        return encoding.ids[: own[0]], encoding.ids[own[-1] + 1 :]

    def _probe(self) -> None:
        """Some families of tokenizers report wrong offsets; a sentence that does not come back tells."""
        ids, spans, _ = self.cut([_PROBE])
        joined = self.cut([_PROBE.replace(" ", "")]).ids
        # Without its vocabulary, transformers makes some families a tokenizer to which every word is unknown.
        if len(set(ids.tolist())) == 1:
            raise ModelError(self._model, "its tokenizer knows no word; its vocabulary is missing.")
        covered = np.zeros(len(_PROBE) + 1, dtype=np.bool_)
        for start, end in spans:
            covered[start:end] = True
        # A vocabulary may lack the rest, and then has no piece for it.
        missing = [
            number for number, char in enumerate(_PROBE) if char.isascii() and char.isalnum() and not covered[number]
        ]
        if missing or not len(ids) or not len(joined) or (np.diff(spans[:, 0]) < 0).any() or spans.max() > len(_PROBE):
            raise ModelError(
                self._model, "its tokenizer does not say which characters a piece stands for, so words cannot be found."
            )


def cut_whole(tokenizer: Tokenizer, texts: Sequence[str]) -> Cut:
    """Pieces of some texts, by the tokenizer alone."""
    encodings = tokenizer.encode_batch(texts, add_special_tokens=False)
    counts = np.array([len(encoding) for encoding in encodings], np.int64)
    total = int(counts.sum())
    # Numbers one by one, for an array of each text's, and of its pairs, takes twice as long.
    ids = np.fromiter(chain.from_iterable(encoding.ids for encoding in encodings), np.int64, total)
    flat = chain.from_iterable(chain.from_iterable(encoding.offsets for encoding in encodings))
    spans = np.fromiter(flat, np.int64, 2 * total).reshape(-1, 2)
    return Cut(ids, spans + np.repeat(text_starts(texts), counts)[:, None], counts)


def _load(model: str, folder: Path) -> Tokenizer:
    path = folder / "tokenizer.json"
    if path.is_file():
        try:
            return Tokenizer.from_file(str(path))
        # The library raises bare Exception for every fault of the file.
        except Exception as error:
            raise ModelError(model, f"{path} cannot be read ({error}).") from error
    if not any((folder / name).is_file() for name in _TOKENIZER_FILES) and not any(folder.glob("*.model")):
        raise ModelError(model, f"{folder} holds no tokenizer; save it there with save_pretrained of transformers.")
    import transformers

    try:
        slow_or_fast = transformers.AutoTokenizer.from_pretrained(str(folder), trust_remote_code=False)
    except (OSError, ValueError, ImportError, KeyError) as error:
        raise ModelError(model, f"its tokenizer cannot be loaded from {folder} ({error}).") from error
    backend = getattr(slow_or_fast, "backend_tokenizer", None)
    if not isinstance(backend, Tokenizer):
        raise ModelError(model, "it has no fast tokenizer, which is needed to know where pieces stand.")
    return backend
