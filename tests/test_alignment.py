"""Pieces belong to the tokens they share characters with, whatever the tokenizer makes of the text between."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import ctxsearch
from ctxsearch.alignment import align

Span = tuple[int, int]


@st.composite
def token_spans(draw: st.DrawFn, max_tokens: int = 8) -> list[Span]:
    """Tokens in order, some beside each other, some with characters between them."""
    lengths = draw(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 4)), max_size=max_tokens))
    spans, place = [], 0
    for gap, length in lengths:
        spans.append((place + gap, place + gap + length))
        place += gap + length
    return spans


@st.composite
def piece_spans(draw: st.DrawFn) -> list[Span]:
    """Pieces in order: apart, touching, several on one span, reaching over the one before, or of no width."""
    spans: list[Span] = []
    start = end = 0
    for gap, length, copies in draw(
        st.lists(st.tuples(st.integers(-2, 3), st.integers(0, 4), st.integers(1, 4)), max_size=14)
    ):
        start = max(start, end + gap)
        end = max(end, start + length)
        spans.extend([(start, end)] * copies)
    return spans


def brute_force(pieces: list[Span], token: Span) -> list[int]:
    """The pieces that share a character with a token, found by comparing sets of characters."""
    characters = set(range(*token))
    return [number for number, piece in enumerate(pieces) if characters & set(range(*piece))]


def aligned(pieces: list[Span], tokens: list[Span]) -> list[range]:
    first, last = align(np.array(pieces, np.int64).reshape(-1, 2), np.array(tokens, np.int64).reshape(-1, 2))
    assert len(first) == len(last) == len(tokens)
    return [range(*both) for both in zip(first.tolist(), last.tolist(), strict=True)]


@given(piece_spans(), token_spans())
def test_a_token_has_the_pieces_it_shares_characters_with(pieces: list[Span], tokens: list[Span]) -> None:
    """A token's pieces run from the first to the last that share a character with it; without any, it has none."""
    for token, found in zip(tokens, aligned(pieces, tokens), strict=True):
        shared = brute_force(pieces, token)
        assert found == (range(shared[0], shared[-1] + 1) if shared else range(0))


@given(piece_spans(), token_spans(), st.data())
def test_pieces_out_of_order_are_not_lost(pieces: list[Span], tokens: list[Span], data: st.DataObject) -> None:
    """Where normalization has swapped two pieces, no token loses one, and tokens elsewhere are not disturbed."""
    swapped: list[Span] = []
    if len(pieces) > 1:
        place = data.draw(st.integers(0, len(pieces) - 2))
        swapped = pieces[place : place + 2]
        pieces[place : place + 2] = swapped[::-1]
    for token, found in zip(tokens, aligned(pieces, tokens), strict=True):
        shared = brute_force(pieces, token)
        assert set(shared) <= set(found)
        if all(token[1] < start or end < token[0] for start, end in swapped):
            assert len(found) == (shared[-1] - shared[0] + 1 if shared else 0)


def test_the_bytes_of_one_character_go_together() -> None:
    """Byte pieces that all have their character's span belong to its word, and to no other."""
    assert aligned([(0, 1), (1, 2), (1, 2), (1, 2), (1, 2), (2, 3)], [(0, 1), (1, 2), (2, 3)]) == [
        range(1),
        range(1, 5),
        range(5, 6),
    ]


def test_a_piece_over_two_tokens_belongs_to_both() -> None:
    """A piece that a tokenizer made of the end of one word and the start of the next counts for both."""
    assert aligned([(0, 2), (2, 5), (5, 6)], [(0, 3), (3, 6)]) == [range(2), range(1, 3)]


def test_a_piece_without_width_makes_no_word() -> None:
    """A token that only a piece of no width stands in has no piece."""
    assert aligned([(0, 1), (2, 2), (4, 5)], [(1, 4)]) == [range(0)]


def test_there_may_be_no_pieces_or_no_tokens() -> None:
    """Texts without pieces give tokens without any, and texts without tokens give nothing."""
    assert aligned([], [(0, 3), (4, 5)]) == [range(0), range(0)]
    assert aligned([(0, 3)], []) == []


def test_walrus_is_one_word_of_two_pieces() -> None:
    """The embedded model cuts *walrus* in two, both belong to one token, and no special piece is shown."""
    found = [(piece.piece, piece.start, piece.end, piece.token) for piece in ctxsearch.pieces("I am the walrus.")]
    assert found == [
        ("i", 0, 1, 0),
        ("am", 2, 4, 1),
        ("the", 5, 8, 2),
        ("wal", 9, 12, 3),
        ("##rus", 12, 15, 3),
        (".", 15, 16, None),
    ]


def test_pieces_are_counted_over_all_sentences() -> None:
    """Offsets and token positions run on from one sentence to the next."""
    text = "Walruses swim. Banks lend; the walrus does not."
    found = ctxsearch.pieces(text)
    words = {number: [piece for piece in found if piece.token == number] for number in range(8)}
    assert [text[pieces[0].start : pieces[-1].end] for pieces in words.values()] == [
        *["Walruses", "swim", "Banks", "lend", "the", "walrus", "does", "not"]
    ]
    assert [piece.piece for piece in found if piece.token is None] == [".", ";", "."]
