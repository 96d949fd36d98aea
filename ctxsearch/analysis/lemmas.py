"""The key that a token is filed under: its lemma in normal form.

simplemma's dictionaries give the lemma. What it does beyond them is used with care, because a wrong lemma hides a word
where nobody looks for it, while a missing one leaves it under its own form:

- Numbers, addresses, abbreviations and words with digits keep their normal form (simplemma: 1990s is
  *nineteen-nineties*), and so do hyphenated words that its dictionary does not have (*risk-taking* is not *risk-take*).
- A capital at the start of a sentence must not matter: the lower-case entry goes first, except in languages that write
  nouns with a capital. Words in capitals are looked up as written only if they are their own lemma (*US*, *AIDS*, but
  not *FT*, which is *fort* in addresses).
- A consonant alone is an abbreviation in French and Russian (M. is no *mètre*), and keeps its form.
- In Turkish the small letter of I is \u0131, and that of \u0130 is i, which Unicode's folding does not know.
- German may write ss for ß: a word that the dictionary does not have so is looked up with ß.
- In English, words of two letters are mostly codes there (*ne* is *northeast*): a closed list says which are words.
"""

from __future__ import annotations

import unicodedata
from functools import cached_property
from typing import TYPE_CHECKING

import regex

from ctxsearch.analysis.forms import IGNORABLE, SAME_MARK, has_dotless_i, normal_form, with_small_i

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simplemma.strategies import DictionaryLookupStrategy

_LETTERS = regex.compile(r"[\p{L}\p{M}'-]+")

# Marks of one kind, and what old prints have for letters of today: long s, ligatures.
_SAME_SPELLING = SAME_MARK | str.maketrans(
    {"\u017f": "s", "\ufb00": "ff", "\ufb01": "fi", "\ufb02": "fl", "\ufb03": "ffi", "\ufb04": "ffl", "\ufb05": "st"}
    | {"\ufb06": "st"}
)
# Languages whose books for learners mark the stress.
_CYRILLIC = frozenset({"be", "bg", "ru", "uk"})
_WITHOUT_STRESS = str.maketrans("", "", "\u0300\u0301")
# Letters that are abbreviations where they stand alone, and words of measure in the dictionary: M. is no metre.
_ABBREVIATIONS = {"fr": "bcdfghjklmnpqrstvwxz", "ru": "\u0433\u043c\u0442"}

# Longer "words" are data, such as base64; looking inside them costs much and finds nothing.
_LONGEST_WORD = 64
_CAPITAL_NOUNS = frozenset({"de", "lb"})
_DICTIONARY_NAMES = {"bs": "hbs", "hr": "hbs", "no": "nb", "sh": "hbs", "sr": "hbs"}

_ENGLISH = {
    "'d": "'d",
    "'em": "they",
    "'ll": "will",
    "'m": "be",
    "'re": "be",
    "'s": "'s",
    "'ve": "have",
    "ain't": "ain't",
    "am": "be",
    "an": "a",
    "can't": "can",
    "cannot": "can",
    "is": "be",
    "me": "i",
    "shan't": "shall",
    "us": "we",
    "won't": "will",
    # Where the dictionary is wrong about words that many texts have.
    "bacteria": "bacterium",
    "bacterium": "bacterium",
    "deposited": "deposit",
    "develop": "develop",
    "developed": "develop",
    "developing": "develop",
    "develops": "develop",
    "don": "don",
    "goddess": "goddess",
    "gone": "go",
    "jeans": "jeans",
    "lenses": "lens",
    "longed": "long",
    "mars": "mars",
    "mixes": "mix",
    "morals": "moral",
    "singing": "sing",
    "smoothed": "smooth",
    "swinging": "swing",
    "swore": "swear",
    "tis": "tis",
    "twas": "twas",
    "wales": "wales",
    "weed": "weed",
    "worse": "bad",
    "worst": "bad",
}
_ENGLISH_NEGATED = frozenset(
    {"are", "could", "dare", "dared", "did", "do", "does", "had", "has", "have", "is", "may", "might", "must", "need"}
    | {"ought", "should", "was", "were", "would"}
)
# Verbs of Middle English that the dictionary prefers: playe, growe, thinke, mixe, crosse, guarde.
_ENGLISH_OBSOLETE = regex.compile(r"(\p{L}{2,}(?:[wxy]|nk|ss|ld|rd|aim))e")


# Of the -t-il of a-t-il, all but the pronoun.
_BEHIND_A_VERB = regex.compile("^[-\u2010\u2011](?:[tT][-\u2010\u2011])?(?=.)")


class Lemmatiser:
    """Gives the lemmas of one language, the same to all ways that Unicode can write a form."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._has_dotless_i = has_dotless_i(language)
        self._code = _DICTIONARY_NAMES.get(language, language)

    @cached_property
    def _dictionary(self) -> DictionaryLookupStrategy | None:
        """The dictionary, read when it is first needed: that takes longer than a query."""
        from simplemma.strategies import DictionaryLookupStrategy

        dictionary = DictionaryLookupStrategy()
        try:
            dictionary.exact_lemma("a", self._code)
        except ValueError:
            return None
        return dictionary

    @cached_property
    def _entries(self) -> Mapping[str, str]:
        """The words of the dictionary with their lemmas."""
        from simplemma.strategies import DEFAULT_DICTIONARY_FACTORY

        return DEFAULT_DICTIONARY_FACTORY.get_dictionary(self._code)

    @property
    def has_dictionary(self) -> bool:
        """Whether there is a dictionary for the language."""
        return self._dictionary is not None

    def lemma(self, form: str) -> str:
        """Give the lemma of a form in normal form; never empty unless the form is."""
        if self._language == "fr":
            form = _BEHIND_A_VERB.sub("", form)
        elif self._has_dotless_i:
            form = with_small_i(form)
        key = normal_form(form)
        if self.has_dictionary and len(form) <= _LONGEST_WORD:
            word = form
            if not form.isascii():
                word = unicodedata.normalize("NFC", IGNORABLE.sub("", form).translate(_SAME_SPELLING))
            if self._language in _CYRILLIC:
                word = word.translate(_WITHOUT_STRESS)
                key = normal_form(word)
            if _LETTERS.fullmatch(word):
                return normal_form(self._look_up(word) or key) or form
        return key or form

    def _look_up(self, word: str) -> str | None:
        if self._language == "en":
            return self._english(word)
        if word.lower() in _ABBREVIATIONS.get(self._language, ""):
            return None
        has_capital_nouns = self._language in _CAPITAL_NOUNS
        lemma = self._as_written_first(word) if has_capital_nouns else self._lower_case_first(word)
        if lemma is None and "-" not in word and not word.endswith("'"):
            known_case = word if has_capital_nouns and not word.isupper() else word.lower()
            lemma = self._by_rules(known_case)
        return lemma

    def _english(self, word: str) -> str | None:
        low = word.lower()
        if word.isupper() and len(word) > 1 and self._exact(word) == word:
            return word
        if low in _ENGLISH:
            return _ENGLISH[low]
        if len(low) <= 2:
            return None
        if low.endswith("n't"):
            verb = low[:-3]
            return self._lower_case_first(verb) if verb in _ENGLISH_NEGATED else None
        lemma = self._lower_case_first(word)
        if lemma is None:
            return None if "-" in low or "'" in low else self._by_rules(low)
        obsolete = _ENGLISH_OBSOLETE.fullmatch(lemma)
        if obsolete:
            modern: str = obsolete[1]
            return modern if self._exact(modern) == modern else lemma
        return lemma

    def _by_rules(self, word: str) -> str:
        import simplemma

        return simplemma.lemmatize(word, self._code)

    def _exact(self, word: str) -> str | None:
        # What is done beyond looking it up is for apostrophes, and for letters that ASCII does not have.
        if word.isascii() and "'" not in word:
            return self._entries.get(word)
        assert self._dictionary is not None
        return self._dictionary.exact_lemma(word, self._code)

    def _as_written_first(self, word: str) -> str | None:
        low = word.lower()
        spellings = [word, word.capitalize(), low]
        if "ss" in low:
            # As in Switzerland, and in capitals; of Strasse the dictionary knows a stone, Strass.
            at = 0 if low in ("strasse", "strassen") else 2 if word.isupper() else 3
            # All of them, the last alone, the first alone: Wasserstraße, Gefäßklasse.
            head, _, tail = low.rpartition("ss")
            sharp = (low.replace("ss", "ß"), f"{head}ß{tail}", low.replace("ss", "ß", 1))
            spellings[at:at] = [cased for one in dict.fromkeys(sharp) for cased in (one.capitalize(), one)]
        return next((lemma for spelling in spellings if (lemma := self._exact(spelling)) is not None), None)

    def _lower_case_first(self, word: str) -> str | None:
        low, capital = word.lower(), word.capitalize()
        if word not in (low, capital):
            lemma = self._exact(word)
            if lemma is not None and (lemma == word or not word.isupper()):
                return lemma
        lemma = self._exact(low)
        if lemma is None or lemma == low:
            # The dictionary has americans, its own lemma, beside Americans, whose lemma is American.
            proper = self._exact(capital)
            if proper is not None and (lemma is None or proper != capital):
                return proper
        return lemma
