"""How good an example a sentence is, as a dictionary would want it.

After GDEX (A. Kilgarriff et al. 2008, GDEX: automatically finding good dictionary examples in a corpus, EURALEX): a
whole sentence, neither short nor long, of common words, that can be understood alone. Each of these is a factor from 0
to 1, and the score is their product: what fails in one way is not saved by the others.

    whole      it begins with a capital letter and ends as a sentence does
    length     10 to 25 words; fewer or more count for less
    common     the share of its words that are among the commonest of the corpus
    alone      it does not begin with a word that points back (English: he, this, but ...), and has no names
    clean      no figures, brackets, links or capitals throughout
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence

from ctxsearch.analysis import normal_form
from ctxsearch.query.description import living_frequencies
from ctxsearch.query.scope import OpenShard

COMMON_WORDS = 5_000
"""So many lemmas of a corpus count as common."""

# Of shards with documents that were taken out: so many are looked at to count what is left.
_ROWS = 4_000_000
_SHORT, _LONG, _LONGEST = 10, 25, 50
_POINTING = re.compile(
    "he|him|his|she|her|hers|it|its|they|them|their|theirs|this|that|these|those|such|so|but|and|or|nor|yet|then|thus"
    "|therefore|however|moreover|furthermore|otherwise|instead|also|too|here|there|both|another|others"
)
_UNCLEAN = re.compile(r"[0-9()\[\]{}<>|/\\@#*_=~^]|https?:|www\.")
_ENDS = re.compile("[.!?\u2026][\"'\u201d\u2019\u00bb)]*$")
_OPENING = "\"'\u201c\u2018\u00ab([- "


def common_lemmas(shards: Sequence[OpenShard]) -> frozenset[str]:
    """The commonest lemmas of a corpus; ties by the lemma.

    Documents that were taken out do not count. In large shards they do, until the index is compacted: to count without
    them is to look at every row, a second for ten million, and there they hardly change what is common.
    """
    rows = sum(shard.entry.rows for shard in shards if shard.entry.removed)
    counts: Counter[str] = Counter()
    for shard in shards:
        counts.update(living_frequencies(shard) if rows <= _ROWS else dict(shard.catalog.lemma_frequencies()))
    living = +counts
    return frozenset(sorted(living, key=lambda lemma: (-living[lemma], lemma))[:COMMON_WORDS])


def goodness(text: str, words: Sequence[str], lemmas: Sequence[str], common: Collection[str]) -> float:
    """How good an example a sentence is, from 0 to 1.

    Args:
        text: the sentence.
        words: its words, in order, without punctuation marks.
        lemmas: of these.
        common: lemmas that are common.

    >>> def told(text):
    ...     words = text.strip(".").split()
    ...     return goodness(text, words, list(map(str.lower, words)), {"the", "boat", "lay", "by", "bank", "of"})
    >>> told("The boat lay by the bank of the river and nobody sat in it.") > told("It lay by the bank.")
    True
    """
    text = text.strip()
    if not words:
        return 0.0
    first = text.lstrip(_OPENING)[:1]
    whole = (1.0 if first.isupper() or not first.isalpha() else 0.3) * (1.0 if _ENDS.search(text) else 0.3)
    count = len(words)
    if count < _SHORT:
        length = count / _SHORT
    elif count <= _LONG:
        length = 1.0
    else:
        length = max(0.1, 1 - (count - _LONG) / (_LONGEST - _LONG))
    known = sum(lemma in common for lemma in lemmas) / count
    names = sum(word[:1].isupper() for word in words[1:] if word not in ("I", "I'm", "I'll", "I've", "I'd"))
    alone = (0.4 if _POINTING.fullmatch(normal_form(words[0])) else 1.0) * 0.7 ** min(names, 5)
    clean = 0.4 if _UNCLEAN.search(text) else 1.0
    if text.isupper():
        clean *= 0.2
    return whole * length * known**2 * alone * clean
