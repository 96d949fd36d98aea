"""What the columns of vertical text are called: as somebody says, or as the file says itself in a comment.

``<!-- #vrt positional-attributes: word pos lemma -->`` before the first token is how files of the Language Bank of
Finland (Kielipankki) say it, and those that ctxsearch exports, which say in a second comment that what has no lemma is
a punctuation mark that was no token.

Where nobody says, the third is the lemma; or, as Sketch Engine has it, the lemma with a letter for the part of speech.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ctxsearch.corpus.records import DEFAULT_COLUMNS
from ctxsearch.errors import SourceError

MARKS_COMMENT = "<!-- #ctxsearch: a token without a lemma is a punctuation mark, and no word of the index -->"

_LEMPOS = re.compile(r".+-[^\W\d_]", re.DOTALL)
_WITH_LEMPOS = ("word", "pos", "lempos")
_KNOWN = ("word", "pos", "lemma", "lempos")
# As Sketch Engine calls it.
_POS = "tag"
HINT = 'Name them in their order, and those to be passed over -, for instance `columns="word,-,lemma"`.'
_COMMENT = re.compile(r"<!--\s*(?:#vrt\s+)?positional[ -]attributes:(.*)-->\s*", re.IGNORECASE)


def columns_of(columns: Sequence[str] | str) -> tuple[str, ...]:
    """Returns the names of the columns of vertical text, from a list or from names parted by commas.

    >>> columns_of("word, -, lemma"), columns_of("word,tag,lempos")
    (('word', '-', 'lemma'), ('word', 'pos', 'lempos'))

    Raises:
        SourceError: they are no names, none is the word, or two have one of the names that are known.
    """
    listed: list[str] = []
    if isinstance(columns, Iterable):
        listed = columns.split(",") if isinstance(columns, str) else list(columns)
    if not isinstance(columns, Iterable) or not all(isinstance(name, str) for name in listed):
        raise SourceError(f"the columns {columns!r:.80}", "they are no list of names", hint=HINT)
    given = [name.strip() for name in listed]
    names = tuple("pos" if name == _POS else name for name in given)
    if why := _wrong(names):
        raise SourceError(f"the columns {','.join(given)!r}", why, hint=HINT)
    return names


def comment_on(columns: Sequence[str]) -> str:
    """Returns the comment that names the columns of a file.

    >>> comment_on(["word", "pos"])
    '<!-- #vrt positional-attributes: word pos -->'
    """
    return f"<!-- #vrt positional-attributes: {' '.join(columns)} -->"


class Columns:
    """The columns of the lines of a file as they are known so far.

    Args:
        asked: as somebody has named them, which goes before what the file says; None where nobody has.

    Attributes:
        names: in order.
        are_default: whether nobody has said anything.
        has_marks: whether a token without a lemma is no word.
    """

    def __init__(self, asked: tuple[str, ...] | None) -> None:
        self.names = asked or DEFAULT_COLUMNS
        self.are_default = asked in (None, DEFAULT_COLUMNS)
        self.has_marks = False
        self._are_asked = asked is not None

    def take(self, comment: str) -> str:
        """Takes a line with a comment; returns what is wrong with what it says of the columns, empty if nothing.

        >>> columns = Columns(None)
        >>> columns.take("<!-- #vrt positional-attributes: word tag lemma lex/ -->"), columns.names
        ('', ('word', 'pos', 'lemma', 'lex/'))
        """
        self.has_marks = self.has_marks or comment.strip() == MARKS_COMMENT
        found = _COMMENT.fullmatch(comment)
        if not found or self._are_asked:
            return ""
        given = found[1].replace(",", " ").split()
        names = tuple("pos" if name == _POS and "pos" not in given else name for name in given)
        if why := _wrong(names):
            return f"of the columns that are named here {why}"
        self.names, self.are_default = names, False
        return ""

    def meet(self, tokens: Sequence[Sequence[str]]) -> None:
        """Takes the first tokens of a file, of which nobody may have said what its columns are.

        One token tells little: a corpus of lemmas has its *vitamin-c*, and one with letters begins with *Went*, *go-v*.

        >>> columns = Columns(None)
        >>> columns.meet([["Went", "VBD", "go-v"], ["to", "TO", "to-x"], ["banks", "NNS", "bank-n"]])
        >>> columns.names
        ('word', 'pos', 'lempos')
        """
        if self._are_asked:
            return
        told = [[cell.casefold() for cell in cells] for cells in tokens if len(cells) == len(DEFAULT_COLUMNS)]
        # A lemma that ends so itself, vitamin-c, is that of a word that does.
        with_letter = [(word, last) for word, _, last in told if _LEMPOS.fullmatch(last) and word != last]
        if 4 * len(with_letter) >= 3 * len(told) and any(word[:1] == last[0] for word, last in with_letter):
            self.names = _WITH_LEMPOS


def _wrong(names: Sequence[str]) -> str:
    """What is wrong with the names of columns; empty if nothing."""
    if "word" not in names:
        return "none of them is the word"
    twice = [name for name in _KNOWN if names.count(name) > 1]
    return f"two of them are called {twice[0]}" if twice else ""
