"""The brackets that mark a word."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctxsearch.domain import Usage
from ctxsearch.errors import QueryError
from ctxsearch.usage import parse_usage


@pytest.mark.parametrize(
    ("marked", "text", "word"),
    [
        ("They rowed to the [bank].", "They rowed to the bank.", "bank"),
        ("[bank]", "bank", "bank"),
        ("[Bank] first", "Bank first", "Bank"),
        ("at the [end]", "at the end", "end"),
        ("in a[mid]dle", "in amiddle", "mid"),
        ("a [ spaced ] word", "a  spaced  word", " spaced "),
        (r"\[sic\] the [date]", "[sic] the date", "date"),
        (r"the [\[date\]]", "the [date]", "[date]"),
        (r"a\\[b]", "a\\b", "b"),
        (r"a\\\[b [c]", "a\\[b c", "c"),
        (r"C:\new [file]", r"C:\new file", "file"),
        ("trailing [one] \\", "trailing one \\", "one"),
        ("👩‍👩‍👧 [ﬁ]n\u0308", "👩‍👩‍👧 ﬁn\u0308", "ﬁ"),
        ("[two\nlines]", "two\nlines", "two\nlines"),
    ],
)
def test_marked_word_is_read(marked: str, text: str, word: str) -> None:
    """The text is what stands there without the brackets, and the span is what they enclose."""
    usage = parse_usage(marked)
    assert usage.text == text
    assert usage.text[usage.start : usage.end] == word


@pytest.mark.parametrize(
    ("marked", "why"),
    [
        ("", "No word is marked"),
        ("no brackets", "No word is marked"),
        (r"only \[literal\] ones", "No word is marked"),
        ("[two] [words]", "2 words are marked"),
        ("[one] [two] [three]", "3 words are marked"),
        ("[[nested]]", "2 words are marked"),
        ("an [open one", "do not pair"),
        ("a closed] one", "do not pair"),
        ("the ]wrong[ way", "do not pair"),
        (r"escaped [end\]", "do not pair"),
        ("one [too]] many", "do not pair"),
        ("[]", "empty"),
        ("blank [ \t\n]", "empty"),
    ],
)
def test_what_cannot_be_read_is_told(marked: str, why: str) -> None:
    """Anything but one pair of brackets about a word is an error that says what is wrong and shows how to write it."""
    with pytest.raises(QueryError, match=why) as told:
        parse_usage(marked)
    assert re.search(
        r"such as: They rowed across the river to the \[bank\]\.( A literal bracket is written \\\[ or \\\]\.)?$",
        str(told.value),
    )


def escape(text: str) -> str:
    return re.sub(r"([\[\]\\])", r"\\\1", text)


any_text = st.text(st.characters(codec=None)) | st.text("a []\\")


@given(any_text, any_text.filter(str.strip), any_text)
def test_escaped_text_comes_back(left: str, word: str, right: str) -> None:
    """Whatever the text, brackets and backslashes too, what was escaped and marked is read back with its span."""
    usage = parse_usage(f"{escape(left)}[{escape(word)}]{escape(right)}")
    assert usage == Usage(left + word + right, len(left), len(left) + len(word))


@given(any_text)
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text does anything but give a usage of one stretch of it, or a query error."""
    try:
        usage = parse_usage(text)
    except QueryError:
        return
    assert 0 <= usage.start < usage.end <= len(usage.text) <= len(text) - 2
