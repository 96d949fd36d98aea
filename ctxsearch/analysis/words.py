"""What counts as a token: a word as a reader sees it, found inside one segment.

One pattern says it all. It is used through `split`, which gives the stretches between tokens and the tokens in turn;
their lengths added up are the offsets. That costs no match object for each token, and is a fifth faster.

The same pattern with the letters of ASCII alone is one for Python's own engine, which takes a quarter of the time of
the engine that knows all of Unicode; most sentences of English need no more.
"""

from __future__ import annotations

import re
from functools import cached_property, lru_cache

import numpy as np
import regex
from numpy.typing import NDArray

# Scripts whose words the eye does not part: each run, or for Han each character, is a token of its own.
_SOUTH_EAST_ASIAN = r"[\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
_UNPARTED = rf"[\p{{Han}}\p{{Hiragana}}\p{{Katakana}}\u30FC\uFF70{_SOUTH_EAST_ASIAN}]"

_PARTS = {
    # Letters that no one sees (Hangul fillers) may stand in a word, but not begin it.
    "letter": rf"[A-Za-z[[\p{{L}}\p{{Nl}}]--[{_UNPARTED}\p{{DI}}]]]",
    "first": rf"[A-Za-z0-9[[\p{{L}}\p{{Nl}}\p{{Nd}}]--[{_UNPARTED}\p{{DI}}]]]",
    "inner": rf"[A-Za-z0-9[[\p{{L}}\p{{Nl}}\p{{Nd}}\p{{M}}]--{_UNPARTED}]]",
    # Zero-width joiners, the soft hyphen and the word joiner belong to a word between two of its characters only.
    "joiner": r"[\u200C\u200D\u00AD\u2060]",
    "hyphen": "[-\u2010\u2011]",
    "apostrophe": "['\u2019\u02bc]",
    "han": r"[\p{Han}&&[\p{L}\p{Nl}]]",
    "hiragana": r"[\p{Hiragana}&&\p{L}]",
    "katakana": r"[[\p{Katakana}&&\p{L}]\u30FC\uFF70]",
    "asian_first": rf"[{_SOUTH_EAST_ASIAN}&&[\p{{L}}\p{{Nd}}]]",
    "asian_inner": rf"[[{_SOUTH_EAST_ASIAN}&&[\p{{L}}\p{{Nd}}]]\p{{M}}]",
    # In an address: not quotation marks, nor the punctuation of Chinese and Japanese, which no space precedes.
    "visible": r'[^\s\p{C}<>"\u201C\u201D\u00AB\u00BB\u3001\u3002\u300C-\u300F\uFF01\uFF08\uFF09\uFF0C\uFF1A-\uFF1F]',
    "closing": r"""[.,;:!?)'\u2019\]}]""",
    "never": "(?!)",
    "marks": r"\p{M}*+",
    "digit": r"\p{Nd}",
    "upper": r"\p{Lu}",
    "symbol": r"[\p{P}\p{S}\p{No}]",
    "hebrew": "[\u05d0-\u05ea]",
    "gershayim": '["\u05f3\u05f4]',
}
_PARTS["word"] = "{first}{inner}*+(?:{joiner}++{inner}++)*+".format(**_PARTS)
_PARTS["label"] = "{inner}{{1,63}}+(?:-++{inner}++)*+".format(**_PARTS)
_PARTS["others"] = r"""
  | {han} \p{{M}}*+
  | {hiragana} (?:{hiragana}|[\p{{M}}\u30FC])*+
  | {katakana} (?:{katakana}|\p{{M}})*+
  | {asian_first} {asian_inner}*+ (?:{joiner}++{asian_inner}++)*+
""".format(**_PARTS)
# What is left of them all in ASCII.
_ASCII_PARTS = {
    "letter": "[A-Za-z]",
    "first": "[A-Za-z0-9]",
    "inner": "[A-Za-z0-9]",
    "hyphen": "-",
    "apostrophe": "'",
    "never": "(?!)",
    "marks": "",
    "digit": "[0-9]",
    "upper": "[A-Z]",
    "symbol": r"[!-/:-@\[-`{-~]",
    "hebrew": "(?!)",
    "gershayim": "(?!)",
    "word": "[A-Za-z0-9]++",
    "others": "",
}
# Python's engine has these from 3.11 on. Nothing in the pattern comes to be tried again for what they forbid.
_POSSESSIVE = re.compile(r"(?<=[*+?}])\+")

# Quantifiers before the @ are bounded: else a long run of dotted letters would be read again from each letter.
_ADDRESS = r"""
    (?i:https?://|www\.) {visible}* (?!{closing}) {visible}
  | {first} (?:{inner}|[.+%_-]){{0,63}}+ @ {label} (?:\.{label})++
"""
_CLITICS = {"en": r"{apostrophe} (?i:s|m|re|ve|ll|d) (?!{inner})"}
# Words that have lost their beginning; before others an apostrophe is a quotation mark.
_APHAERESES = {"en": r"{apostrophe} (?i:tis|twas|twere|twould|twixt|em) (?![-]|{inner})"}
_ELISIONS = {
    "ca": "(?i:[ldmtsn])",
    "fr": "(?i:[ldjmtsnc]|qu|jusqu|lorsqu|puisqu|quoiqu)(?!.est-\u00e0-dire)",
    "it": "(?i:[ldcmtsvn]|gl|(?:ness|qualc|ciasc)?un|(?:de|da|ne|su|co|a|que|be)ll|quest|sant)",
}
# What French writes behind its verb: dit-il, a-t-il, donne-le-moi. Not in the midst of a name, Villiers-le-Bel.
_ENCLITICS = {
    "fr": r"""(?<![Rr]endez) (?<!RENDEZ) (?<![Cc]hez) (?<![Ee]ntre) (?<!en-dira) (?<!en-dira-t) {hyphen} (?i:t{hyphen})?
        (?i:je|tu|ils?|elles?|on|nous|vous|ce|moi|toi|l[eas]|les|lui|leur|y|en) (?!{inner}|{apostrophe})
        (?!{hyphen} (?!(?i:je|tu|ils?|elles?|on|nous|vous|ce|moi|toi|l[eas]|les|lui|leur|y|en) (?!{inner}|{hyphen})))"""
}
# Each look-ahead before a group is there for speed alone: it refuses most places at their first character.
_WORD = r"""
(?!\s)
(
    {address}
  | (?={apostrophe}) (?<={inner}|\.) {clitic}               # the 's of bank's
  | (?={apostrophe}) (?<!{inner}) {aphaeresis}             # 'tis
  | (?={hyphen}) (?<={inner}) {enclitic}                   # the -il of dit-il
  | {elision} {apostrophe} (?={first})                      # the l' of l'eau
  | (?=.\.|[^\x00-\x7f])
    (?:{letter}{marks}\.){{2,}}+ (?:{letter}(?!{inner}))?+     # U.S., e.g., U.S.A
  | {word}
    (?: (?=[-'.,:/&"\u2010\u2011\u2019\u02bc\u05f3\u05f4])
        (?: (?!{enclitic}) {hyphen} {word}                  # well-known
          | (?!{clitic}) {apostrophe} (?={letter}) {word}   # don't, o'clock
          | (?<={digit}) [.,:/] (?={digit}) {word}          # 1,234.56  10:30  1/2
          | (?<={upper}) & (?={upper}) {word}               # AT&T
          | (?<={hebrew}) {gershayim} (?={hebrew}) {word}   # an acronym of Hebrew
        )
    )*+
  {others}
  | {mark}
)
"""
# The second group that this needs is why find_words looks at Pattern.groups.
_MARK = "(?P<mark>{symbol})(?P=mark)*+"


class WordPatterns:
    """What a token is in a language.

    Args:
        language: a bare code.
        punctuation: whether marks and symbols are tokens too.
    """

    def __init__(self, language: str, *, punctuation: bool) -> None:
        self._asked = language, punctuation

    @cached_property
    def ascii(self) -> re.Pattern[str]:
        """The pattern for texts of ASCII without addresses."""
        return _compiled_for_ascii(*self._asked)

    @cached_property
    def plain(self) -> regex.Pattern[str]:
        """The pattern for texts without addresses."""
        return _compiled(*self._asked, _PARTS["never"])

    @cached_property
    def with_addresses(self) -> regex.Pattern[str]:
        """The pattern that also knows addresses, and is slower."""
        return _compiled(*self._asked, _ADDRESS.format(**_PARTS))


@lru_cache(maxsize=64)
def _compiled(language: str, punctuation: bool, address: str) -> regex.Pattern[str]:
    return regex.compile(_written(language, punctuation, address, _PARTS), regex.VERBOSE | regex.VERSION1)


@lru_cache(maxsize=64)
def _compiled_for_ascii(language: str, punctuation: bool) -> re.Pattern[str]:
    pattern = _written(language, punctuation, _ASCII_PARTS["never"], _ASCII_PARTS)
    return re.compile(_POSSESSIVE.sub("", pattern), re.VERBOSE | re.ASCII)


def _written(language: str, punctuation: bool, address: str, parts: dict[str, str]) -> str:
    """A pattern, of these parts.

    Only English has clitics split off, only Catalan, French and Italian elided words, and only French the pronouns
    behind a verb: the same letters after an apostrophe are part of the word elsewhere (Dutch *foto's*).
    """
    clitic = _CLITICS.get(language, "{never}").format(**parts)
    aphaeresis = _APHAERESES.get(language, "{never}").format(**parts)
    elision = _ELISIONS.get(language, "{never}").format(**parts)
    enclitic = _ENCLITICS.get(language, "{never}").format(**parts)
    mark = (_MARK if punctuation else "{never}").format(**parts)
    of_language = {"clitic": clitic, "aphaeresis": aphaeresis, "elision": elision, "enclitic": enclitic}
    return _WORD.format(address=address, mark=mark, **of_language, **parts)


def find_words(patterns: WordPatterns, text: str) -> tuple[list[str], NDArray[np.int32]]:
    """Find the tokens of a segment.

    >>> find_words(WordPatterns("en", punctuation=False), "I'm well-read.")[0]
    ['I', "'m", 'well-read']

    Returns:
        The tokens as written, and their start and end. Shape: (n_tokens, 2), int32.
    """
    pattern: re.Pattern[str] | regex.Pattern[str]
    if "@" in text or "://" in text or "www." in text.lower():
        pattern = patterns.with_addresses
    else:
        pattern = patterns.ascii if text.isascii() else patterns.plain
    parts: list[str] = pattern.split(text)
    if pattern.groups == 2:
        del parts[2::3]
    lengths = np.fromiter(map(len, parts), np.int32, len(parts))
    return parts[1::2], lengths.cumsum(dtype=np.int32)[:-1].reshape(-1, 2)
