"""Segments out of what a source says of its words: its tokens, sentences, lemmas and tags are kept as they are."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ctxsearch.analysis.lemmas import normal_form
from ctxsearch.analysis.sentences import MAX_SEGMENT_CHARS, cut_sentences
from ctxsearch.analysis.words import WordPatterns, find_words
from ctxsearch.domain import Given, GivenSentence, Origin, Segment


class _Stretch(NamedTuple):
    """A part of a text that becomes a segment, or several where it is very long.

    Attributes:
        start: offset in the text.
        end: likewise.
        sentence: has its tokens.
        first: of them.
        stop: behind the last of them.
    """

    start: int
    end: int
    sentence: GivenSentence
    first: int
    stop: int


def wrong_given(text: str, given: Given) -> str:
    """What cannot be so in what a source says of a text; empty where nothing is wrong."""
    before = 0
    for sentence in given.sentences:
        where = f"the given sentence {sentence.start}:{sentence.end}"
        count = len(sentence.spans)
        if sentence.spans.shape != (count, 2):
            return f"{where} has spans of the shape {sentence.spans.shape}, and not (n, 2)"
        if not before <= sentence.start <= sentence.end <= len(text):
            return f"{where} overlaps the one before, or is not in the text"
        if len(sentence.lemmas) != count or len(sentence.tags) != count:
            return f"{where} has {count} tokens, {len(sentence.lemmas)} lemmas and {len(sentence.tags)} tags"
        if any(some and len(some) != count for some in (sentence.lines, sentence.ids)):
            return f"{where} has {count} tokens, and other numbers of lines or ids"
        borders = sentence.spans.ravel()
        lengths = sentence.spans[:, 1] - sentence.spans[:, 0]
        if count and (borders[0] < sentence.start or borders[-1] > sentence.end):
            return f"{where} has tokens outside of it"
        if (np.diff(borders) < 0).any() or (lengths < 1).any():
            return f"{where} has tokens that overlap, are empty or out of order"
        if (lengths > MAX_SEGMENT_CHARS).any():
            return f"{where} has a token of more than {MAX_SEGMENT_CHARS:,} characters"
        before = sentence.end
    return ""


def given_segments(
    text: str, given: Given, *, language: str, patterns: WordPatterns, lemma_of: Callable[[str], str]
) -> Iterator[Segment]:
    """Cuts a text into segments that tile it, with the tokens that its source gives.

    Args:
        text: the text.
        given: what is said of it; nothing is wrong with it, see `wrong_given`.
        language: for sentences where none are given.
        patterns: find the tokens that are not given.
        lemma_of: gives the lemma of a form, where none is given.
    """
    if given.is_whole:
        stretches = _sentences(text, given) if given.has_sentences else _cut(text, given, language)
        for stretch in _tiled(stretches, len(text)):
            yield from (_segment(text, *short, lemma_of) for short in _short(stretch))
    else:
        mixed = _mixed(text, given, language) if given.has_sentences else _cut_around(text, given, language)
        for start, end, sentence in mixed:
            yield _mixed_segment(text, start, end, sentence, patterns, lemma_of)


def _sentences(text: str, given: Given) -> Iterator[_Stretch]:
    """The sentences that are given."""
    for sentence in given.sentences:
        if sentence.end > sentence.start:
            yield _Stretch(sentence.start, sentence.end, sentence, 0, len(sentence.spans))


def _cut(text: str, given: Given, language: str) -> Iterator[_Stretch]:
    """The sentences that the analyser finds in stretches with given tokens; no cut goes through a token."""
    for one in given.sentences:
        starts, ends = one.spans[:, 0].tolist(), one.spans[:, 1].tolist()
        begin, first = one.start, 0
        for _, cut in cut_sentences(text[one.start : one.end], language):
            end = one.start + cut
            stop = bisect_left(starts, end, lo=first)
            if stop > first and ends[stop - 1] > end:
                continue
            yield _Stretch(begin, end, one, first, stop)
            begin, first = end, stop
        if begin < one.end:
            yield _Stretch(begin, one.end, one, first, len(starts))


def _tiled(stretches: Iterator[_Stretch], length: int) -> Iterator[_Stretch]:
    """Gives what lies between two to the later one, and what is left to the last."""
    last: _Stretch | None = None
    for one in stretches:
        if last is not None:
            yield last
        last = one._replace(start=last.end if last else 0)
    if last is not None:
        yield last._replace(end=length)
    elif length:
        yield _Stretch(0, length, _NO_SENTENCE, 0, 0)


def _short(stretch: _Stretch) -> Iterator[_Stretch]:
    """A stretch, or several where it is too long for a segment; then each ends with a token."""
    start, end, sentence, first, stop = stretch
    starts, ends = sentence.spans[:, 0].tolist(), sentence.spans[:, 1].tolist()
    while end - start > MAX_SEGMENT_CHARS:
        cut = start + MAX_SEGMENT_CHARS
        # The last token that ends before the cut, or else the beginning of the one that goes over it.
        inside = bisect_left(starts, cut, lo=first, hi=stop)
        if inside > first and ends[inside - 1] > cut:
            inside -= 1
            cut = min(cut, starts[inside])
        if inside > first:
            cut = ends[inside - 1]
        yield _Stretch(start, cut, sentence, first, inside)
        start, first = cut, inside
    yield _Stretch(start, end, sentence, first, stop)


def _segment(
    text: str, start: int, end: int, sentence: GivenSentence, first: int, stop: int, lemma_of: Callable[[str], str]
) -> Segment:
    spans = sentence.spans[first:stop]
    forms = [text[begin:finish] for begin, finish in spans.tolist()]
    lemmas, written = _lemmas(forms, sentence.lemmas[first:stop], lemma_of)
    parts = {place - first: words for place, words in sentence.parts.items() if first <= place < stop}
    origin = Origin(sentence.name, sentence.lines[first:stop], sentence.ids[first:stop], parts)
    tags = sentence.tags[first:stop]
    return Segment(start, text[start:end], (spans - start).astype(np.int32), forms, lemmas, tags, written, origin)


def _lemmas(
    forms: Sequence[str], given: Sequence[str], lemma_of: Callable[[str], str]
) -> tuple[list[str], Sequence[str]]:
    """The lemmas in normal form, and as they are written where that is another."""
    lemmas = [
        (normal_form(lemma) or lemma) if lemma else lemma_of(form) for form, lemma in zip(forms, given, strict=True)
    ]
    written = [lemma if lemma != key else "" for lemma, key in zip(given, lemmas, strict=True)]
    return lemmas, written if any(written) else ()


def _mixed(text: str, given: Given, language: str) -> Iterator[tuple[int, int, GivenSentence | None]]:
    """Stretches that tile a text: sentences that are given, and those found between them."""
    found: list[tuple[int, int, GivenSentence | None]] = []
    at = 0
    for one in (*given.sentences, GivenSentence(len(text), len(text), _NO_SPANS, (), ())):
        between = text[at : one.start]
        kept = len(between.rstrip()) if one.start < len(text) else len(between)
        if between[:kept].strip():
            found.extend((at + start, at + end, None) for start, end in cut_sentences(between[:kept], language))
            at += kept
        if one.end > at and one.start < len(text):
            bounded = list(cut_sentences(text[at : one.end], language)) if one.end - at > MAX_SEGMENT_CHARS else []
            pieces = [(at + start, at + end) for start, end in bounded] or [(at, one.end)]
            found.extend((*piece, one) for piece in pieces)
            at = one.end
    if at < len(text) and found:
        found[-1] = (found[-1][0], len(text), found[-1][2])
    elif at < len(text):
        found.append((0, len(text), None))
    yield from found


def _cut_around(text: str, given: Given, language: str) -> Iterator[tuple[int, int, GivenSentence | None]]:
    """The sentences that the analyser finds in a text, each with the tokens given in it; no cut goes through one."""
    some = given.sentences
    every = GivenSentence(
        0,
        len(text),
        np.concatenate([_NO_SPANS, *(one.spans for one in some)]),
        [lemma for one in some for lemma in one.lemmas],
        [tag for one in some for tag in one.tags],
        [line for one in some for line in one.lines or [_NO_LINE] * len(one.spans)],
    )
    for stretch in _cut(text, Given([every]), language):
        for start, end, _, first, stop in _short(stretch):
            spans, lemmas = every.spans[first:stop], every.lemmas[first:stop]
            own = GivenSentence(start, end, spans, lemmas, every.tags[first:stop], every.lines[first:stop])
            yield start, end, own if stop > first else None


def _mixed_segment(
    text: str,
    start: int,
    end: int,
    sentence: GivenSentence | None,
    patterns: WordPatterns,
    lemma_of: Callable[[str], str],
) -> Segment:
    """A segment with tokens found in it, and those that are given in the place of what they overlap."""
    stretch = text[start:end]
    forms, spans = find_words(patterns, stretch)
    if sentence is None:
        return Segment(start, stretch, spans, forms, list(map(lemma_of, forms)))
    inside = (sentence.spans[:, 0] >= start) & (sentence.spans[:, 1] <= end)
    given = (sentence.spans[inside] - start).astype(np.int32)
    own = np.flatnonzero(inside).tolist()
    lemmas, tags = [sentence.lemmas[at] for at in own], [sentence.tags[at] for at in own]
    lines = [sentence.lines[at] for at in own] if sentence.lines else [_NO_LINE] * len(own)
    # A token found is kept where as many given ones end before it as begin before its end.
    apart = np.searchsorted(given[:, 1], spans[:, 0], "right") == np.searchsorted(given[:, 0], spans[:, 1], "left")
    joined = np.concatenate([spans[apart], given])
    order = np.argsort(joined[:, 0], kind="stable")
    unsaid = [""] * int(np.count_nonzero(apart))
    joined = joined[order]
    all_forms = [stretch[begin:finish] for begin, finish in joined.tolist()]
    in_order = order.tolist()
    keys, written = _lemmas(all_forms, [(unsaid + lemmas)[at] for at in in_order], lemma_of)
    all_tags = [(unsaid + tags)[at] for at in in_order]
    all_lines = [([_NO_LINE] * len(unsaid) + lines)[at] for at in in_order] if any(lines) else ()
    return Segment(start, stretch, joined, all_forms, keys, all_tags, written, Origin(sentence.name, all_lines))


_NO_LINE = 0
_NO_SPANS: NDArray[np.int32] = np.empty((0, 2), np.int32)
_NO_SENTENCE = GivenSentence(0, 0, _NO_SPANS, (), ())
