"""What a model makes of a text, without an index: its pieces, and vectors of marked words."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from ctxsearch.domain import Piece, Usage
from ctxsearch.errors import QueryError
from ctxsearch.settings import DEFAULT_MODEL
from ctxsearch.usage import parse_usages

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def pieces(text: str, *, model: str = DEFAULT_MODEL, language: str = "en") -> list[Piece]:
    """How a model's tokenizer cuts a text, and which pieces make which word; special pieces are left out.

    >>> [(piece.piece, piece.token) for piece in pieces("I am the walrus.")]
    [('i', 0), ('am', 1), ('the', 2), ('wal', 3), ('##rus', 3), ('.', None)]

    Raises:
        ModelError: the model cannot be found, or has no fast tokenizer.
        QueryError: the text is no string.
    """
    if not isinstance(text, str):
        raise QueryError(f"A text is a string, and {text!r:.80} is none; ask for one at a time.")
    import numpy as np

    from ctxsearch.alignment import align
    from ctxsearch.analysis import Analyser
    from ctxsearch.encoder.locate import locate_model
    from ctxsearch.encoder.tokenizer import PieceTokenizer

    tokenizer = PieceTokenizer.load(model, locate_model(model))
    made: list[Piece] = []
    token_base = 0
    for segment in Analyser(language).segments(text):
        ids, spans, _ = tokenizer.cut([segment.text])
        owner: dict[int, int] = {}
        alignment = align(spans, segment.spans.astype(np.int64))
        for token, (first, last) in enumerate(zip(*(column.tolist() for column in alignment), strict=True)):
            owner.update(dict.fromkeys(range(first, last), token_base + token))
        made.extend(
            Piece(tokenizer.piece(piece_id), segment.start + start, segment.start + end, owner.get(number))
            for number, (piece_id, (start, end)) in enumerate(zip(ids.tolist(), spans.tolist(), strict=True))
        )
        token_base += len(segment.forms)
    return made


def embed(
    usages: str | Usage | Iterable[str | Usage],
    *,
    model: str = DEFAULT_MODEL,
    layers: str | None = None,
    pooling: str | None = None,
    head: str | Path | None = None,
    window: int = 128,
    language: str = "en",
    device: str | None = None,
    dtype: str | None = None,
) -> NDArray[np.float32]:
    """The vectors of marked words, without an index; the options are those of `Index.create`.

    >>> embed(["They rowed to the [bank].", "The [bank] lent us money."]).shape
    (2, 96)
    >>> embed(["They rowed to the [bank].", "The [bank] lent us money."], head="none").shape
    (2, 384)

    Returns:
        Shape: (n, dimension), float32, unit length.

    Raises:
        QueryError: a usage marks no word.
        ModelError: the model cannot be found or used.
        HeadError: the head cannot be read, or is for another model.
    """
    from ctxsearch.analysis import Analyser
    from ctxsearch.encoder.choice import choose
    from ctxsearch.encoder.transformer import TransformerEncoder
    from ctxsearch.query.asked import embed as embed_usages

    parsed = parse_usages(usages)
    choice = choose(model, head=head, layers=layers, pooling=pooling)
    encoder = TransformerEncoder(
        model,
        layers=choice.layers,
        pooling=choice.pooling,
        window=window,
        device=device,
        dtype=dtype,
        head=choice.head,
    )
    return embed_usages(parsed, Analyser(language), encoder)
