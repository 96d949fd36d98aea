"""Segments out of what a source says of its words: its tokens, sentences, lemmas and tags are kept as they are."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ctxsearch.analysis.forms import normal_form
from ctxsearch.analysis.sentences import cut_sentences
from ctxsearch.analysis.words import WordPatterns, find_words
from ctxsearch.domain import Given, GivenSentence, Origin, Segment
from ctxsearch.given import MAX_SEGMENT_CHARS


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


def given_segments(
    text: str, given: Given, *, language: str, patterns: WordPatterns, lemma_of: Callable[[str], str]
) -> Iterator[Segment]:
    """Cuts a text into segments that tile it, with the tokens that its source gives.

    Args:
        text: the text.
        given: what is said of it; nothing is wrong with it, see `ctxsearch.given`.
        language: for sentences where none are given.
        patterns: find the tokens that are not given.
        lemma_of: gives the lemma of a form, where none is given.
    """
    if given.is_whole:
        stretches = _sentences(given) if given.has_sentences else _cut(text, given, language)
        for stretch in _tiled(stretches, len(text)):
            yield from (_segment(text, *short, lemma_of) for short in _short(stretch))
    else:
        mixed = _mixed(text, given, language) if given.has_sentences else _cut_around(text, given, language)
        for stretch in mixed:
            yield _mixed_segment(text, *stretch, patterns, lemma_of)


def _sentences(given: Given) -> Iterator[_Stretch]:
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
    if end - start <= MAX_SEGMENT_CHARS:
        yield stretch
        return
    # Only of its own tokens: a sentence may have as many stretches as there are sentences in a book.
    starts, ends = sentence.spans[first:stop].T.tolist()
    place, count = 0, len(starts)
    while end - start > MAX_SEGMENT_CHARS:
        cut = start + MAX_SEGMENT_CHARS
        # The last token that ends before the cut, or else the beginning of the one that goes over it.
        inside = bisect_left(starts, cut, lo=place, hi=count)
        if inside > place and ends[inside - 1] > cut:
            inside -= 1
            cut = starts[inside]
        if inside > place:
            cut = ends[inside - 1]
        yield _Stretch(start, cut, sentence, first + place, first + inside)
        start, place = cut, inside
    yield _Stretch(start, end, sentence, first + place, stop)


def _segment(
    text: str, start: int, end: int, sentence: GivenSentence, first: int, stop: int, lemma_of: Callable[[str], str]
) -> Segment:
    spans = sentence.spans[first:stop]
    forms = [text[begin:finish] for begin, finish in spans.tolist()]
    lemmas, written = _lemmas(forms, sentence.lemmas[first:stop], lemma_of)
    parts = {place - first: sentence.parts[place] for place in range(first, stop) if place in sentence.parts}
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


def _mixed(text: str, given: Given, language: str) -> Iterator[_Stretch]:
    """Stretches that tile a text: sentences that are given, and those found between them."""
    found: list[_Stretch] = []
    at = 0
    for one in given.sentences:
        between = text[at : one.start].rstrip()
        if between:
            found.extend(_found(at, at + len(between), text, language))
            at += len(between)
        if one.end > at:
            whole = replace(one, start=at)
            # Only one that is too long for a segment is cut, as the analyser would cut it.
            is_long = one.end - at > MAX_SEGMENT_CHARS
            cut = _cut(text, Given([whole]), language) if is_long else _sentences(Given([whole]))
            found.extend(cut)
            at = one.end
    if text[at:].strip() or not found:
        found.extend(_found(at, len(text), text, language))
    elif at < len(text):
        found[-1] = found[-1]._replace(end=len(text))
    for stretch in found:
        yield from _short(stretch)


def _found(start: int, end: int, text: str, language: str) -> Iterator[_Stretch]:
    """The sentences that the analyser finds in a stretch of a text, which has no given tokens."""
    for first, last in cut_sentences(text[start:end], language):
        yield _Stretch(start + first, start + last, _NO_SENTENCE, 0, 0)


def _cut_around(text: str, given: Given, language: str) -> Iterator[_Stretch]:
    """The sentences that the analyser finds in a text, each with the tokens given in it; no cut goes through one."""
    some = given.sentences
    every = GivenSentence(
        0,
        len(text),
        np.concatenate([_NO_SPANS, *(one.spans for one in some)]),
        [lemma for one in some for lemma in one.lemmas],
        [tag for one in some for tag in one.tags],
        [line for one in some for line in (one.lines if len(one.lines) else [_NO_LINE] * len(one.spans))],
    )
    for stretch in _cut(text, Given([every]), language):
        for short in _short(stretch):
            yield short if short.stop > short.first else short._replace(sentence=_NO_SENTENCE, first=0, stop=0)


def _mixed_segment(
    text: str,
    start: int,
    end: int,
    sentence: GivenSentence,
    first: int,
    stop: int,
    patterns: WordPatterns,
    lemma_of: Callable[[str], str],
) -> Segment:
    """A segment with tokens found in it, and those that are given in the place of what they overlap."""
    stretch = text[start:end]
    forms, spans = find_words(patterns, stretch)
    if sentence is _NO_SENTENCE:
        return Segment(start, stretch, spans, forms, list(map(lemma_of, forms)))
    given = (sentence.spans[first:stop] - start).astype(np.int32)
    lemmas, tags = list(sentence.lemmas[first:stop]), list(sentence.tags[first:stop])
    lines = list(sentence.lines[first:stop]) or [_NO_LINE] * len(given)
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
