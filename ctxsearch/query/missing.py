"""What is told of a word that the corpus does not have: what is written like it, and where it may be all the same."""

from __future__ import annotations

import difflib
import heapq
from collections import Counter
from collections.abc import Iterator, Sequence

from ctxsearch.analysis import Analyser, normal_form
from ctxsearch.catalog.rows import FormRow
from ctxsearch.errors import LemmaNotFound, WordNotFound
from ctxsearch.query.scope import OpenShard, has_living, living_forms, rows_of_lemma

# How alike two words are written of which one may be meant by the other, see `difflib.SequenceMatcher.ratio`.
# *bonk* is to *bank* what .75 is; below that, words of ten letters share the sound of but three or four.
_ALIKE = 0.75
# Between the lemmas of words that a source has as one token: *zum* is zu+der.
_JOINED = "+"
# Lemmas, and forms of each, that are told.
_SHOWN = 5


def word_not_found(shards: Sequence[OpenShard], word: str, *, said: str = "") -> WordNotFound:
    """What is told of a word that is neither a lemma nor a form; it may have been said in another form."""
    return WordNotFound(
        said or word, nearest_words(shards, word), part_of=_part_of(shards, word), cut=_cut(shards, word)
    )


def lemma_not_found(shards: Sequence[OpenShard], lemma: str) -> LemmaNotFound | WordNotFound:
    """What is told of a word that is no lemma; it may be a form of one."""
    counts: Counter[str] = Counter()
    for row in _living(shards, folded=lemma):
        counts[row.lemma] += row.frequency
    lemmas = sorted(counts, key=lambda one: (-counts[one], one))
    return LemmaNotFound(lemma, lemmas) if lemmas else word_not_found(shards, lemma)


def nearest_words(shards: Sequence[OpenShard], word: str, n: int = 5) -> list[str]:
    """Lemmas that are written most like a word, the more frequent first among equals."""
    frequencies: dict[str, int] = {}
    for shard in shards:
        for lemma, frequency in shard.catalog.lemma_frequencies():
            if abs(len(lemma) - len(word)) <= 2 and set(lemma) & set(word):
                frequencies[lemma] = frequencies.get(lemma, 0) + frequency
    # Not `difflib.get_close_matches`, which puts equals in the order of the alphabet, the last first.
    matcher = difflib.SequenceMatcher(b=word)
    ranked: list[tuple[float, int, str]] = []
    for lemma, frequency in frequencies.items():
        matcher.set_seq1(lemma)
        if min(matcher.real_quick_ratio(), matcher.quick_ratio()) >= _ALIKE and (ratio := matcher.ratio()) >= _ALIKE:
            ranked.append((-ratio, -frequency, lemma))
    close = [lemma for _, _, lemma in heapq.nsmallest(2 * n, ranked)]
    return [lemma for lemma in close if _occurs(shards, lemma)][:n]


def _occurs(shards: Sequence[OpenShard], lemma: str) -> bool:
    return any(has_living(shard, rows) for shard in shards for rows in rows_of_lemma(shard, lemma))


def _living(shards: Sequence[OpenShard], *, folded: str | None = None, lemma: str | None = None) -> Iterator[FormRow]:
    """The forms that documents have which were not taken out."""
    for shard in shards:
        yield from living_forms(shard, shard.catalog.forms(folded=folded, lemma=lemma))


def _part_of(shards: Sequence[OpenShard], word: str) -> dict[str, Sequence[str]]:
    """The tokens that a source joined of a word and others: their lemmas, and how they are written."""
    part = normal_form(word)
    frequencies: Counter[str] = Counter()
    for shard in shards:
        if shard.catalog.has_given:
            for lemma, frequency in shard.catalog.lemma_frequencies():
                if _JOINED in lemma and part in lemma.split(_JOINED):
                    frequencies[lemma] += frequency
    joined: dict[str, Sequence[str]] = {}
    for lemma in sorted(frequencies, key=lambda one: (-frequencies[one], one)):
        forms: Counter[str] = Counter()
        for row in _living(shards, lemma=lemma):
            forms[normal_form(row.form)] += row.frequency
        if forms:
            joined[lemma] = sorted(forms, key=lambda one: (-forms[one], one))[:_SHOWN]
        if len(joined) == _SHOWN:
            break
    return joined


def _cut(shards: Sequence[OpenShard], word: str) -> list[str]:
    """The words of the corpus that a word is cut into which no blank parts, as Chinese is; none if it is not so cut."""
    # Where these are cut, they are in every language.
    segments = Analyser("und").segments(word, lemmas=False)
    forms = [form for segment in segments for form in segment.forms]
    is_cut = len(forms) > 1 and "".join(forms) == word
    return forms if is_cut and all(any(_living(shards, folded=normal_form(form))) for form in forms) else []
