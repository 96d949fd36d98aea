"""What stands left and right of a word."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctxsearch.kwic import sentence_around, words_around

TEXT = " “To the bank,” she said, at dusk. "
SPANS = [match.span() for match in re.finditer(r"\w+", TEXT)]


@pytest.mark.parametrize(
    ("position", "words", "left", "right"),
    [
        (2, 1, "the ", ",” she"),
        (2, 2, "“To the ", ",” she said,"),
        (2, 3, "“To the ", ",” she said, at"),
        (2, 4, "“To the ", ",” she said, at dusk."),
        (2, 100, "“To the ", ",” she said, at dusk."),
        (3, 2, "the bank,” ", " said, at"),
        (0, 1, "“", " the"),
        (0, 100, "“", " the bank,” she said, at dusk."),
        (6, 1, "at ", "."),
        (6, 100, "“To the bank,” she said, at ", "."),
        (3, 0, "", ""),
        (2, 0, "", ",”"),
        (6, 0, "", "."),
    ],
)
def test_words_around(position: int, words: int, left: str, right: str) -> None:
    """As many words as asked for stand on either side, or as many as there are, with the marks between them."""
    assert words_around(TEXT, SPANS, position, words) == (left, right)


def test_word_alone() -> None:
    """A text of one word has nothing beside it."""
    assert words_around("  bank ", [(2, 6)], 0, 5) == ("", "")


class Cut(NamedTuple):
    """A text by its words and what stands between them: gap, word, gap, word... gap."""

    words: list[str]
    gaps: list[str]

    @property
    def parts(self) -> list[str]:
        """The text, in order."""
        return [self.gaps[0], *itertools.chain(*zip(self.words, self.gaps[1:], strict=True))]

    @property
    def spans(self) -> list[tuple[int, int]]:
        """Where the words are."""
        ends = list(itertools.accumulate(map(len, self.parts)))
        return list(zip(ends[0::2], ends[1::2], strict=False))


gaps = st.text(" \n,.“”—\u00a0\u200b", max_size=3)
cuts = st.lists(st.tuples(st.text("aßé字", min_size=1, max_size=4), gaps), min_size=1, max_size=8).flatmap(
    lambda pairs: gaps.map(lambda first: Cut([word for word, _ in pairs], [first, *(gap for _, gap in pairs)]))
)


@given(cuts, st.integers(0, 7), st.integers(0, 10))
def test_context_is_what_stands_there(cut: Cut, place: int, words: int) -> None:
    """Left begins at the first word asked for, right ends before the one after the last; together they are the text."""
    position = place % len(cut.words)
    node = 2 * position + 1
    first, last = max(0, node - 2 * words), min(len(cut.parts), node + 2 * words + 2)
    before, after = "".join(cut.parts[first:node]), "".join(cut.parts[node + 1 : last])
    # The marks before the first word of all belong to it; white space at the ends of a line does not.
    if position <= words:
        before = ("".join(cut.parts[:node]) + "|").lstrip()[:-1]
    text = "".join(cut.parts)
    context = words_around(text, cut.spans, position, words)
    assert context == (before, after.rstrip())
    assert context.left + cut.words[position] + context.right in text


@given(cuts, st.integers(0, 7), st.integers(0, 10), st.sets(st.integers(0, 7)))
def test_context_reaches_over_borders(cut: Cut, place: int, words: int, borders: set[int]) -> None:
    """However a text is parted into sentences, the same words stand around a word of it, and no further are read."""
    position = place % len(cut.words)
    whole, read = "".join(cut.parts), []
    ends = [0, *sorted({cut.spans[border][1] for border in borders if border < len(cut.spans)}), len(whole)]
    texts = [whole[first:last] for first, last in itertools.pairwise(ends)]
    inside = [
        [(start - first, end - first) for start, end in cut.spans if first <= start and end <= last]
        for first, last in itertools.pairwise(ends)
    ]
    own = next(number for number, last in enumerate(ends[1:]) if cut.spans[position][1] <= last)
    place_inside = position - sum(map(len, inside[:own]))

    def beside(numbers: Iterable[int]) -> Iterator[tuple[str, list[tuple[int, int]]]]:
        for number in numbers:
            read.append(number)
            yield texts[number], inside[number]

    before, after = beside(range(own - 1, -1, -1)), beside(range(own + 1, len(texts)))
    context = words_around(texts[own], inside[own], place_inside, words, before, after)
    expected = words_around(whole, cut.spans, position, words)
    assert context.right == expected.right
    # The marks before the first word of a sentence are shown with it.
    assert context.left.endswith(expected.left)
    assert not set(context.left.removesuffix(expected.left)) & set("aßé字")
    assert context.left + cut.words[position] + context.right in whole
    assert all(sum(map(len, inside[number + 1 : own])) + place_inside < words for number in read if number < own)
    assert all(sum(map(len, inside[own:number])) - place_inside <= words + 1 for number in read if number > own)


@pytest.mark.parametrize(
    ("text", "start", "end", "left", "right"),
    [
        (" They rowed to the bank. ", 19, 23, "They rowed to the ", "."),
        ("Bank!", 0, 4, "", "!"),
        ("\n\n bank \t", 3, 7, "", ""),
        ("to the  bank", 8, 12, "to the  ", ""),
        ("”a", 1, 2, "”", ""),
    ],
)
def test_sentence_around(text: str, start: int, end: int, left: str, right: str) -> None:
    """The whole sentence stands around the word, without the white space at its ends."""
    assert sentence_around(text, start, end) == (left, right)


@given(cuts, st.integers(0, 7))
def test_sentence_is_whole(cut: Cut, place: int) -> None:
    """Left, node and right are the sentence, stripped, wherever the node stands."""
    position = place % len(cut.words)
    text, (start, end) = "".join(cut.parts), cut.spans[position]
    left, right = sentence_around(text, start, end)
    assert left + text[start:end] + right == text.strip()
    assert len(left) == len(text[:start].lstrip()) if text[:start].strip() else not left
