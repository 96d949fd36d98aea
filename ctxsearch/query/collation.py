"""The order of texts, as dictionaries have it in most languages."""

from __future__ import annotations

import re
import unicodedata

# Marks of Latin, Greek and Cyrillic letters, and letters that have one in them.
_MARKS = re.compile("[\u0300-\u036f]+")
_BARE = str.maketrans({"æ": "ae", "đ": "d", "ħ": "h", "\u0131": "i", "ł": "l", "ø": "o", "œ": "oe"})


def collated(text: str) -> tuple[str, str]:
    """What a text is sorted by: its letters, whatever their case and marks, and then these marks.

    So dictionaries have it in most languages: *Ärger* stands beside *Arger*, and not behind *Zebra*.

    >>> sorted(["zoo", "Ärger", "Arm", "ähnlich", "ahnden"], key=collated)
    ['ahnden', 'ähnlich', 'Ärger', 'Arm', 'zoo']
    """
    folded = text.casefold()
    if folded.isascii():
        return folded, ""
    return _MARKS.sub("", unicodedata.normalize("NFD", folded).translate(_BARE)), folded
