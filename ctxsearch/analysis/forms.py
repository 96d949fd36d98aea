"""How forms are spelled: as they are compared, as they are seen, and as the catalog lists them."""

from __future__ import annotations

import re
import unicodedata

import regex

IGNORABLE = regex.compile(r"[\p{Cf}\p{DI}]+")
"""What cannot be seen."""

SAME_MARK = str.maketrans({"\u2019": "'", "\u02bc": "'", "\uff07": "'", "\u2010": "-", "\u2011": "-"})
"""Apostrophes and hyphens of one kind."""

# What some write and some do not: the stress of Cyrillic letters (but the mark of Macedonian gje and kje is a part of
# these) and the dots of yo; and the dot that folding leaves of a Turkish capital.
_OPTIONAL = regex.compile(
    r"(?<=[\p{Cyrillic}--[\u0433\u043a]]\p{M}{0,2})\u0301|(?<=\u0435\p{M}{0,2})\u0308|(?<=i\p{M}{0,2})\u0307",
    regex.VERSION1,
)
# See `has_dotless_i`.
_TURKIC = frozenset({"az", "tr"})
_SMALL_I = str.maketrans({"I": "\u0131", "\u0130": "i"})


def normal_form(text: str) -> str:
    """Bring a form to the spelling that forms are compared in.

    NFC, case folded, apostrophes and hyphens of one kind, and nothing that cannot be seen (soft hyphens, joiners), nor
    what writers of Russian leave out: the dots of yo, and the stress.

    >>> normal_form("Rock\\u2019n\\u2019Roll"), normal_form("co\\u00adoperate"), normal_form("STRASSE")
    ("rock'n'roll", 'cooperate', 'strasse')
    """
    if text.isascii():
        return text.lower()
    visible: str = IGNORABLE.sub("", text)
    # Folding twice, from NFD: folding may compose, and composing may bring a letter that folds again.
    for _ in range(2):
        visible = _OPTIONAL.sub("", unicodedata.normalize("NFD", visible).casefold())
        visible = unicodedata.normalize("NFC", visible)
    # Last, because one letter folds into an apostrophe and an n.
    return visible.translate(SAME_MARK)


def has_dotless_i(language: str) -> bool:
    """Whether I and \u0131, \u0130 and i are the capital and the small form of one letter in a language.

    >>> has_dotless_i("tr-TR"), has_dotless_i("en")
    (True, False)
    """
    return re.split("[-_]", language)[0].lower() in _TURKIC


def spellings(word: str, language: str) -> list[str]:
    """Give the normal forms that a word of a language may be filed under, the likeliest first.

    A capital I of Turkish is that of \u0131; but it is folded to i in the lemmas that a source gives.

    >>> spellings("Irmak", "tr") == ["\u0131rmak", "irmak"], spellings("Irmak", "en")
    (True, ['irmak'])
    """
    plain = normal_form(word)
    if not has_dotless_i(language):
        return [plain]
    return list(dict.fromkeys([normal_form(with_small_i(word)), plain]))


def visible_form(text: str) -> str:
    """Give a form as the eye has it: its capitals, apostrophes and hyphens of one kind, and nothing that is hidden.

    >>> visible_form("Chef\\u2019s"), visible_form("Co\\u00adop")
    ("Chef's", 'Coop')
    """
    if text.isascii():
        return text
    visible: str = IGNORABLE.sub("", text)
    return unicodedata.normalize("NFC", visible).translate(SAME_MARK)


def with_small_i(form: str) -> str:
    """Give a form of Turkish with small letters in the place of I and \u0130."""
    return unicodedata.normalize("NFC", form).translate(_SMALL_I)


def surface_form(form: str) -> str:
    """Give a form as the catalog lists it: one spelling (NFC) for what Unicode can write in several ways.

    >>> surface_form("cafe\\u0301") == "caf\\u00e9"
    True
    """
    return form if form.isascii() else unicodedata.normalize("NFC", form)
