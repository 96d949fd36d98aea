"""The analyser of one language: text in, segments with tokens and lemmas out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ctxsearch.analysis.forms import normal_form
from ctxsearch.analysis.given import given_segments
from ctxsearch.analysis.lemmas import Lemmatiser
from ctxsearch.analysis.sentences import cut_sentences
from ctxsearch.analysis.words import WordPatterns, find_words
from ctxsearch.domain import Given, Segment

_LANGUAGE = re.compile(r"([A-Za-z]{2,8})(?:[-_][A-Za-z0-9]{1,8})*", re.ASCII)
# Registered names of more letters are of no language that anybody has named so; german is one, and indexes have it.
_CODE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8})*", re.ASCII)
_NO_CODE = "{!r} is not a language code; give one such as 'en', 'de' or 'pt-BR'."
_MAX_CACHED_LEMMAS = 1_000_000


def check_code(language: str) -> None:
    """Makes sure that a language is named by its code, before an index is made for it.

    Raises:
        ValueError: it is not.
    """
    if not isinstance(language, str) or _CODE.fullmatch(language) is None:
        raise ValueError(_NO_CODE.format(language))


class Analyser:
    """Cuts texts of one language into segments and tokens, and gives the lemma of a form.

    The same text always gives the same segments; nothing is learnt from one text to the next.

    >>> analyser = Analyser("en")
    >>> [segment.text for segment in analyser.segments("They rowed to the bank. The bank's roof leaked.")]
    ['They rowed to the bank.', " The bank's roof leaked."]
    >>> segment = next(analyser.segments("The banks weren't well-known."))
    >>> list(zip(segment.forms, segment.lemmas))
    [('The', 'the'), ('banks', 'bank'), ("weren't", 'be'), ('well-known', 'well-known')]
    >>> segment.spans.tolist()
    [[0, 3], [4, 9], [10, 17], [18, 28]]

    Attributes:
        language: the language as a bare lower-case code, such as 'en' for 'en-GB'.
        punctuation: whether punctuation marks and symbols are tokens too.
    """

    def __init__(self, language: str = "en", *, punctuation: bool = False) -> None:
        """Make an analyser.

        Args:
            language: a BCP 47 or ISO 639 code; a region or a script is ignored.
            punctuation: make a token of each run of the same punctuation mark or symbol.

        Raises:
            ValueError: If the code is malformed. A well-formed code of an unknown language is taken.
        """
        match = _LANGUAGE.fullmatch(language) if isinstance(language, str) else None
        if match is None:
            raise ValueError(_NO_CODE.format(language))
        self.language = match[1].lower()
        self.punctuation = punctuation
        self._lemmatiser = Lemmatiser(self.language)
        self._patterns = WordPatterns(self.language, punctuation=punctuation)
        self._lemmas = _LemmaCache(self._lemmatiser)

    @property
    def has_lemmas(self) -> bool:
        """False where no dictionary covers the language; a form's lemma is then its normal form."""
        return self._lemmatiser.has_dictionary

    def segments(self, text: str, *, lemmas: bool = True, given: Given | None = None) -> Iterator[Segment]:
        """Cut a text into segments that tile it, each with its tokens.

        Args:
            text: any text.
            lemmas: whether the segments have lemmas; without, no dictionary need be read, and where something is given,
                a token whose lemma is not has its normal form for one.
            given: what the text's source says of its tokens, which is kept; nothing is wrong with it, see
                `ctxsearch.given`.

        >>> [(s.start, s.end, s.forms) for s in Analyser("en").segments("One.  Two!")]
        [(0, 4, ['One']), (4, 10, ['Two'])]
        """
        lemma_of = self._lemmas.__getitem__ if lemmas else normal_form
        if given is not None:
            yield from given_segments(text, given, language=self.language, patterns=self._patterns, lemma_of=lemma_of)
            return
        for start, end in cut_sentences(text, self.language):
            stretch = text[start:end]
            forms, spans = find_words(self._patterns, stretch)
            yield Segment(start, stretch, spans, forms, list(map(lemma_of, forms)) if lemmas else [])

    def lemma(self, form: str) -> str:
        """Give the key that a form is filed under: its dictionary form, in normal form.

        >>> Analyser("en").lemma("Running"), Analyser("de").lemma("Häuser")
        ('run', 'haus')
        """
        return self._lemmas[form]


class _LemmaCache(dict[str, str]):
    """Remembers lemmas by form; a hit costs no Python call, which is most of the speed of `segments`."""

    def __init__(self, lemmatiser: Lemmatiser) -> None:
        super().__init__()
        self._lemmatiser = lemmatiser

    def __missing__(self, form: str) -> str:
        lemma = self._lemmatiser.lemma(form)
        # Starting afresh bounds the memory; words that are common come back at once.
        if len(self) >= _MAX_CACHED_LEMMAS:
            self.clear()
        self[form] = lemma
        return lemma
