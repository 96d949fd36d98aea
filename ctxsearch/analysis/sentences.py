"""Where a text is cut into segments: at sentence ends, and within a bound on length.

The text is read in blocks, so that a line of any length takes bounded memory and linear time: the last sentence of a
block may be unfinished, so it is held back and begins the next block.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import sentencex

from ctxsearch.given import MAX_SEGMENT_CHARS

# Twice the longest segment at least: a sentence that fills a block is then cut for its length, so each two blocks
# bring the reading MAX_SEGMENT_CHARS further.
_BLOCK_CHARS = 4 * MAX_SEGMENT_CHARS
_LONGEST_ADDRESS = 512
_SURROGATE = re.compile("[\ud800-\udfff]")


def cut_sentences(text: str, language: str) -> Iterator[tuple[int, int]]:
    """Cut a text into stretches that tile it, each a sentence of at most MAX_SEGMENT_CHARS characters.

    White space between two sentences belongs to the later one, at the very end to the last.

    >>> list(cut_sentences("One. Two.", "en"))
    [(0, 4), (4, 9)]
    """
    start = 0
    pending: int | None = None
    for end in _sentence_ends(text, language):
        # One end is kept waiting, because the last one moves to the end of the text.
        if pending is not None:
            yield from _bounded(text, start, pending)
            start = pending
        pending = end
    if start < len(text):
        yield from _bounded(text, start, len(text))


def _sentence_ends(text: str, language: str) -> Iterator[int]:
    """Yield the offset behind the last visible character of each sentence, in order."""
    position = 0
    while position < len(text):
        block = text[position : position + _BLOCK_CHARS]
        is_last = position + len(block) == len(text)
        ends = _block_ends(block, language)
        if not is_last:
            if len(ends) > 1:
                ends.pop()
            else:
                ends = [next(_bounded(block, 0, len(block)))[1]]
        for end in ends:
            yield position + end
        if is_last:
            return
        position += ends[-1]


def _block_ends(block: str, language: str) -> list[int]:
    ends: list[int] = []
    for boundary in sentencex.get_sentence_boundaries(language, _eyes(block)):
        begin, end = boundary["start_index"], boundary["end_index"]
        # A paragraph break is a "sentence" of white space; it goes to the sentence that follows.
        visible = begin + len(block[begin:end].rstrip())
        if visible > begin:
            if ends and ends[-1] == begin and _inside_address(block, begin):
                ends.pop()
            ends.append(visible)
    return ends


def _eyes(block: str) -> str:
    """Give the segmenter a text of the same length without lone surrogates, which it refuses."""
    try:
        block.encode()
    except UnicodeEncodeError:
        return _SURROGATE.sub("\ufffd", block)
    return block


def _inside_address(block: str, offset: int) -> bool:
    """Whether a cut at this offset, with no white space about it, would split a URL or an e-mail address."""
    if not block[offset - 1].isascii():
        return False
    # The character before the cut is never white space, so there is a last word.
    before = block[max(0, offset - _LONGEST_ADDRESS) : offset].rsplit(None, 1)[-1].lower()
    return "@" in before or "://" in before or "www." in before


def _bounded(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Cut a stretch into pieces of at most MAX_SEGMENT_CHARS: before white space if there is any, else anywhere."""
    while end - start > MAX_SEGMENT_CHARS:
        cut = start + MAX_SEGMENT_CHARS
        window = text[start:cut]
        if not text[cut].isspace() and not window[-1].isspace():
            last_word = window.rsplit(None, 1)[-1]
            window = window[: len(window) - len(last_word)]
        kept = len(window.rstrip())
        if kept:
            cut = start + kept
        yield start, cut
        start = cut
    yield start, end
