"""Where a text is cut into segments: at sentence ends, and within a bound on length.

The text is read in blocks, so that a line of any length takes bounded memory and linear time: the last sentence of a
block may be unfinished, so it is held back and begins the next block.

The segmenter cuts nothing between quotation marks or brackets, and pairs them however far apart they are: an inch sign,
or a speech that is closed paragraphs later, would join all that lies between. So it does not see a straight mark that
has no partner in its paragraph, and what comes out long is cut again without any of them. Of a text of a million words,
that takes sentences of more than 60 words from 15 % to 6 % of the words.
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
# A sentence of more characters, some 50 words, is cut at the ends within its quotations and brackets too.
_LONG = 300
_OPENING = "([{`\u2018\u201a\u201c\u201e\u00ab\u2039\u300c\u300e\uff08"
_CLOSING = ")]}'\"\u2019\u201d\u00bb\u203a\u300d\u300f\uff09"
_APOSTROPHES = "'\u2019"
_PAIRED = str.maketrans(dict.fromkeys(_OPENING + _CLOSING, " "))
_MARK_OR_BREAK = re.compile(r'"|\n\s*\n')
# Languages in which a number with a full stop is an ordinal.
_WITH_ORDINALS = frozenset(
    ("bs", "cs", "da", "de", "et", "fi", "hr", "hu", "is", "lb", "lv", "nb", "nn", "no", "pl", "sk", "sl", "sr", "tr")
)
_ORDINAL = re.compile(r"(?<![\d.,:])\d{1,2}\.$")
_FRENCH_TITLE = re.compile(r"(?<!\w)MM?\.$")
_LETTER = re.compile(r"(?<![\w\u0300-\u036f])[^\W\d_]\.$")
_LONGEST_STOPPED = 5
# The word behind a stop, unless it begins a line.
_FOLLOWING = re.compile(r"[^\S\n]+([^\W\d_]+)")
# Where nouns have a capital, one says nothing; but these begin sentences, and no name of a century or a war.
_WITH_CAPITAL_NOUNS = frozenset({"de", "lb"})
_GERMAN_OPENER = re.compile(
    "Aber|Als|Am|An|Auch|Auf|Bei|Da|Damals|Danach|Dann|Darauf|Das|Dem|Den|Der|Des|Die|Dies|Diese|Dieser|"
    "Dieses|Doch|Dort|Ein|Eine|Einem|Einen|Er|Erst|Es|Für|Hier|Ich|Ihr|Ihre|Im|In|Jetzt|Man|Mit|Nach|"
    "Nicht|Noch|Nun|Nur|Sein|Seine|Seit|Sie|So|Später|Trotzdem|Und|Vor|Was|Wenn|Wer|Wie|Wir|Wo|Zu|Zum|"
    "Zur|Zwei"
)
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
    eyes = _eyes(block)
    ends: list[int] = []
    start = 0
    for end in _ends(block, _without_lone_marks(eyes), language):
        if end - start > _LONG:
            stretch = block[start:end]
            seen = eyes[start:end].translate(_PAIRED)
            if seen != stretch:
                ends.extend(start + inner for inner in _ends(stretch, seen, language)[:-1])
        ends.append(end)
        start = end
    return ends


def _ends(block: str, seen: str, language: str) -> list[int]:
    """The offset behind the last visible character of each sentence.

    Args:
        block: the text.
        seen: what the segmenter is given in its place, of the same length.
        language: of it.
    """
    ends: list[int] = []
    for boundary in sentencex.get_sentence_boundaries(language, seen):
        begin, end = boundary["start_index"], boundary["end_index"]
        # A paragraph break is a "sentence" of white space; it goes to the sentence that follows, and so does what
        # opens a quotation, where the segmenter does not see it.
        visible = begin + len(seen[begin:end].rstrip())
        if visible > begin:
            if ends and ((ends[-1] == begin and _inside_address(block, begin)) or _goes_on(block, ends[-1], language)):
                ends.pop()
            # Behind white space and before a letter an apostrophe begins a word: 'tis.
            if block[visible - 1] in _APOSTROPHES and block[visible : visible + 1].isalpha():
                kept = len(seen[begin : visible - 1].rstrip())
                visible = begin + kept if 0 < kept < visible - 1 - begin else visible
            # What closes a quotation belongs to what it closes.
            while visible < len(block) and block[visible] in _CLOSING and block[visible] != seen[visible]:
                visible += 1
            ends.append(visible)
    return ends


def _without_lone_marks(block: str) -> str:
    """A text in which straight quotation marks without a partner in their paragraph are white space."""
    if '"' not in block:
        return block
    alone: list[int] = []
    opened: int | None = None
    for match in _MARK_OR_BREAK.finditer(block):
        place = match.start()
        before, after = block[place - 1 : place] or " ", block[place + 1 : place + 2] or " "
        is_mark, stands_alone = match[0] == '"', before.isspace() and after.isspace()
        can_close = stands_alone or not (before.isspace() or before in _OPENING)
        # Not behind an inch sign, which a space or a mark follows; but before dots: "... and so it was".
        can_open = stands_alone or not (
            after.isspace() or after in ",;:!?)]}" or (after == "." and block[place + 2 : place + 3] != ".")
        )
        if is_mark and opened is not None and can_close:
            opened = None
        elif is_mark and not can_open:
            alone.append(place)
        else:
            if opened is not None:
                alone.append(opened)
            opened = place if is_mark else None
    if opened is not None:
        alone.append(opened)
    if not alone:
        return block
    characters = list(block)
    for place in alone:
        characters[place] = " "
    return "".join(characters)


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


def _goes_on(block: str, end: int, language: str) -> bool:
    """Whether a sentence goes on behind a full stop at which the segmenter ends it.

    So it does behind *19.* where a full stop makes an ordinal, behind *M.* before a name in French, and behind a
    letter, an abbreviation (*z. b.*), before a small one. Of English the segmenter knows better.
    """
    if language == "en" or block[end - 1] != ".":
        return False
    following = _FOLLOWING.match(block, end)
    if following is None:
        return False
    before, word = block[max(0, end - _LONGEST_STOPPED) : end], following[1]
    if word[0].islower():
        is_ordinal = language in _WITH_ORDINALS and _ORDINAL.search(before) is not None
        return is_ordinal or _LETTER.search(before) is not None
    if language in _WITH_CAPITAL_NOUNS:
        return _GERMAN_OPENER.fullmatch(word) is None and _ORDINAL.search(before) is not None
    return language == "fr" and _FRENCH_TITLE.search(before) is not None


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
