"""Makes running text of the pieces of a TEI document, and remembers which of them are tokens.

White space between two tokens is often mere layout, and which it is nobody says. Where a document uses ``join``, that
alone parts its tokens or not; where it does not, white space does, unless there is none between any two tokens so far:
then every two are parted by a blank. Text outside of tokens is taken with the white space that it has.

A break that parts no word (``break="no"``) takes the hyphen before it along: it is there since the line was full.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from itertools import pairwise

from ctxsearch.corpus.assembly import BLANK, PARAGRAPH, WAITING, Assembly, Tokens, joined, weight
from ctxsearch.domain import Given

LINE = "\n"

_WHITE = re.compile("[ \t\r\n]+")
# The hyphens of ASCII and of Unicode, those of old prints, and the sign for a word that goes on.
_HYPHENS = frozenset("-\u00ad\u2010\u2e17\u2e5d\u00ac")
# More words in one token say nothing of it, and could be millions.
_MAX_WORDS = 32
_JOINS_LEFT = {"left", "both"}
_JOINS_RIGHT = {"right", "both"}


@dataclass(slots=True)
class Word:
    """A token as its element says, with those of its words that have elements of their own inside."""

    line: int
    lemma: str
    tag: str
    join: str = ""
    words: list[Word] = field(default_factory=list)


@dataclass(slots=True)
class _Atom:
    """A piece of text in which nothing is parted any more.

    Attributes:
        gap: what must stand before it.
        is_apart: whether white space stands before it.
        word: the token that it is, if it is one.
    """

    text: str
    gap: str
    is_apart: bool
    word: Word | None


class TeiText:
    """The text of a document, as it comes.

    >>> text = TeiText()
    >>> text.characters("They rowed\\n  to the")
    >>> text.end_block(PARAGRAPH)
    >>> text.characters(" bank. ")
    >>> text.finish()
    ('They rowed to the\\n\\nbank.', None)
    """

    def __init__(self) -> None:
        self._assembly = Assembly()
        self._atoms: list[_Atom] = []
        self._data: list[str] = []
        self._n_waiting = 0
        self._gap = ""
        self._is_apart = False
        self._is_joined = False
        self._word: Word | None = None
        self._pieces: list[str] = []
        self._depth = 0
        self._sentence: str | None = None
        self._was_sentence = False
        self._has_join = False
        self._has_white = False
        self._is_whole = True
        self._has_sentences = False

    @property
    def size(self) -> int:
        """How many characters there are so far, about, those included that tokens and other pieces count for."""
        return self._assembly.length + self._assembly.weight + self._n_waiting

    def characters(self, data: str) -> None:
        """Takes text."""
        self._data.append(data)
        # Elements may cut a text into single characters.
        self._n_waiting += len(data) + weight()

    def end_block(self, gap: str) -> None:
        """Takes the start or the end of a paragraph or of a line: the gap stands before what comes next."""
        self._take_data()
        if self._word is not None:
            # No paragraph is in a word; if one is, the word is whole all the same.
            return
        if gap == PARAGRAPH:
            self._end_stretch()
            self._gap = gap
        else:
            self._gap = self._gap or gap

    def break_line(self, *, is_joined: bool) -> None:
        """Takes the start of a line, column or page, which is a blank, or nothing at all."""
        self._take_data()
        if self._word is not None:
            while self._pieces and not self._pieces[-1].strip():
                self._pieces.pop()
            self._pieces[-1:] = [_whole(piece.rstrip(), is_joined=is_joined) for piece in self._pieces[-1:]]
            self._is_joined = True
        else:
            if self._atoms and not self._gap and self._atoms[-1].word is None:
                self._atoms[-1].text = _whole(self._atoms[-1].text, is_joined=is_joined)
            self._is_joined = is_joined
            self._is_apart = not is_joined

    def start_sentence(self, name: str) -> None:
        """Takes the start of a sentence."""
        self._take_data()
        if self._word is not None:
            return
        self._end_stretch()
        self._is_apart = self._is_apart or self._was_sentence
        self._sentence = name

    def end_sentence(self) -> None:
        """Takes its end."""
        self._take_data()
        if self._word is not None:
            return
        self._end_stretch()
        self._was_sentence = True
        self._sentence = None

    def start_word(self, word: Word) -> None:
        """Takes the start of a token; of a token within a token, only what is said of it is kept."""
        self._take_data()
        self._depth += 1
        if self._word is not None:
            if len(self._word.words) < _MAX_WORDS:
                self._word.words.append(word)
            return
        self._word = word
        self._is_joined = False

    def end_word(self) -> None:
        """Takes its end."""
        self._take_data()
        self._depth -= 1
        if self._depth:
            return
        word, self._word = self._word, None
        text = _WHITE.sub(BLANK, "".join(self._pieces))
        self._pieces.clear()
        self._is_joined = False
        bare = text.strip(BLANK)
        if word is None or not bare:
            return
        word.lemma, word.tag = _said(word)
        word.words.clear()
        self._n_waiting += WAITING * weight(word.lemma, word.tag)
        # Some write the white space that follows a token into it.
        self._atoms.append(_Atom(bare, self._gap, self._is_apart or text.startswith(BLANK), word))
        self._gap, self._is_apart = "", text.endswith(BLANK)
        self._has_join = self._has_join or word.join in _JOINS_LEFT or word.join in _JOINS_RIGHT

    def finish(self) -> tuple[str, Given | None]:
        """Returns the text, and what is given of it, if it has tokens."""
        self._take_data()
        self._end_stretch()
        sentences = self._assembly.sentences
        given = Given(sentences, self._is_whole, self._has_sentences) if sentences else None
        return self._assembly.text, given

    def _take_data(self) -> None:
        """Makes a piece of the text that has come since the last element."""
        if not self._data:
            return
        data = "".join(self._data)
        self._data.clear()
        if self._word is not None:
            self._pieces.append(data.lstrip() if self._is_joined else data)
            self._is_joined = self._is_joined and not data.strip()
            return
        text = _WHITE.sub(BLANK, data)
        bare = text.strip(BLANK)
        if not bare:
            self._is_apart = not self._is_joined
            return
        is_apart = self._is_apart or (text.startswith(BLANK) and not self._is_joined)
        self._atoms.append(_Atom(bare, self._gap, is_apart, None))
        self._n_waiting += WAITING * weight()
        self._gap, self._is_joined, self._is_apart = "", False, text.endswith(BLANK)

    def _end_stretch(self) -> None:
        """Writes what has come since the last sentence or paragraph."""
        atoms, self._atoms, self._n_waiting = self._atoms, [], 0
        if not atoms:
            return
        self._has_white = self._has_white or any(
            after.is_apart for before, after in pairwise(atoms) if before.word is not None and after.word is not None
        )
        assembly, tokens = self._assembly, Tokens()
        start = assembly.length
        for number, atom in enumerate(atoms):
            gap = self._between(atoms[number - 1], atom) if number else atom.gap or BLANK * atom.is_apart
            if assembly.length:
                assembly.write(gap)
            at = assembly.write(atom.text)
            start = start if number else at
            if atom.word is not None:
                tokens.add((at, assembly.length), atom.word.lemma, atom.word.tag, atom.word.line)
        self._was_sentence = False
        self._is_whole = self._is_whole and len(tokens) == len(atoms)
        if tokens:
            self._has_sentences = self._has_sentences or self._sentence is not None
            assembly.add(tokens, start, name=self._sentence or "")

    def _between(self, before: _Atom, after: _Atom) -> str:
        """What stands between two pieces of a stretch."""
        if after.gap:
            return after.gap
        if (before.word and before.word.join in _JOINS_RIGHT) or (after.word and after.word.join in _JOINS_LEFT):
            return ""
        if before.word and after.word and (self._has_join or not self._has_white):
            return BLANK
        return BLANK * after.is_apart


def _whole(piece: str, *, is_joined: bool) -> str:
    """What stands before a break, without the hyphen of a word that goes on behind it.

    >>> _whole("the riv-", is_joined=True), _whole("well-", is_joined=False), _whole("1912-", is_joined=True)
    ('the riv', 'well-', '1912-')
    """
    is_hyphenated = piece[-1:] in _HYPHENS and piece[-2:-1].isalpha()
    return piece[:-1] if is_joined and is_hyphenated else piece


def _said(word: Word) -> tuple[str, str]:
    """The lemma and the tag of a token; where only the words in it have some, theirs."""
    lemma = word.lemma or joined([one.lemma for one in word.words])
    return sys.intern(lemma), sys.intern(word.tag or joined([one.tag for one in word.words]))
