"""The best examples among the lines of a word: good sentences, typical of it, and unlike each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ctxsearch.catalog.rows import SPAN
from ctxsearch.domain import ConcordanceLine
from ctxsearch.query.finding import find_keys
from ctxsearch.query.found import Found, by_shard, documents_of
from ctxsearch.query.goodness import common_lemmas, goodness
from ctxsearch.query.lines import lines
from ctxsearch.query.names import Names
from ctxsearch.query.scope import OpenShard
from ctxsearch.vectors.files import TOKEN_BITS

# Sentences that share more of their words than this, of those of the longer one, say the same; so do nearer ones.
_SHARED, _NEAR = 0.6, 0.97
_AT_ONCE = 2048
# So many are compared with all before them in a go.
_COMPARED = 256

CONSIDERED = 20_000
"""Of more occurrences so many are judged: to compare what they say takes time that grows with their square."""


def sentence_scores(
    shards: Sequence[OpenShard], found: Sequence[Found], common: frozenset[str] | None = None
) -> tuple[NDArray[np.float64], list[frozenset[str]]]:
    """How good an example the sentence of each occurrence is, and its words. Shape: (n_found,)."""
    common = common_lemmas(shards) if common is None else common
    scores = np.zeros(len(found))
    words: list[frozenset[str]] = [frozenset()] * len(found)
    for number, of_shard, rows in by_shard(found):
        shard, places = shards[number], of_shard.tolist()
        name, ids = Names(shard, by_form=False), shard.files.ids[rows]
        for start in range(0, len(places), _AT_ONCE):
            some = (ids[start : start + _AT_ONCE] >> TOKEN_BITS).tolist()
            segments = shard.catalog.segments(some)
            forms_of = {
                one.number: [one.text[begin:end] for begin, end in SPAN.iter_unpack(one.tokens)]
                for one in segments.values()
            }
            name.learn(form for forms in forms_of.values() for form in forms)
            for place, segment_number in zip(places[start : start + _AT_ONCE], some, strict=True):
                segment, forms = segments[segment_number], forms_of[segment_number]
                first = segment_number << TOKEN_BITS
                named = [(form, lemma) for at, form in enumerate(forms) if (lemma := name(form, first + at))]
                lemmas = [lemma for _, lemma in named]
                scores[place] = goodness(segment.text, [form for form, _ in named], lemmas, common)
                words[place] = frozenset(lemmas)
    return scores, words


def example_scores(
    shards: Sequence[OpenShard],
    found: Sequence[Found],
    vectors: NDArray[np.float32],
    centre: NDArray[np.float32] | None = None,
    common: frozenset[str] | None = None,
) -> tuple[NDArray[np.float64], list[frozenset[str]]]:
    """How good an example of its word each occurrence is, and the words of its sentence; see `best_examples`.

    Half of it is how the sentence reads, and half how typical the use is. Shape: (n_found,).
    """
    if centre is None:
        centre = vectors.mean(axis=0)
    nearness = vectors @ (centre / max(float(np.linalg.norm(centre)), 1e-9))
    scores, words = sentence_scores(shards, found, common)
    return scores * np.clip(nearness, 0, None), words


def best_examples(
    shards: Sequence[OpenShard],
    found: Sequence[Found],
    vectors: NDArray[np.float32],
    n: int | None,
    centre: NDArray[np.float32] | None = None,
    common: frozenset[str] | None = None,
    *,
    per_document: int | None = None,
) -> list[ConcordanceLine]:
    """The best examples, in whole sentences, best first; a line's score is how good it is.

    Args:
        shards: where.
        found: the occurrences to choose from.
        vectors: of these, of unit length. Shape: (n_found, dimension).
        n: how many; None for all that say something of their own.
        centre: what they are to be typical of; the mean of them all, where None. Shape: (dimension,).
        common: the common lemmas of the corpus, where the caller has them.
        per_document: so many of one document at most; None for any number.
    """
    if not len(found):
        return []
    total, words = example_scores(shards, found, vectors, centre, common)
    documents = None if per_document is None else documents_of(shards, found)
    chosen = unlike(
        np.argsort(-total, kind="stable"), words, n, vectors, documents=documents, per_document=per_document
    )
    picked = [Found(found[place].shard, found[place].row, float(total[place])) for place in chosen]
    return lines(shards, picked, None)


def good_lines(
    shards: Sequence[OpenShard], found: Sequence[Found], limit: int | None, context: int | None, *, offset: int = 0
) -> list[ConcordanceLine]:
    """Lines by how good examples their sentences are, best first, which is a line's score; see `_repeats_last`.

    Args:
        shards: where.
        found: the occurrences to choose from.
        limit: how many; None for all.
        context: words on either side, or None for the sentence.
        offset: passes over so many of the best.
    """
    if not len(found):
        return []
    scores, words = sentence_scores(shards, found)
    n = None if limit is None else offset + limit
    chosen = _repeats_last(np.argsort(-scores, kind="stable"), words, n)[offset:]
    picked = [Found(found[place].shard, found[place].row, float(scores[place])) for place in chosen]
    return lines(shards, picked, context)


def best_first(shards: Sequence[OpenShard], answers: Sequence[ConcordanceLine]) -> list[ConcordanceLine]:
    """Lines that are there already, the best examples first, see `_repeats_last`.

    Of more than `CONSIDERED`, the first so many are looked at, and the others come behind them as they are.
    """
    judged, others = answers[:CONSIDERED], answers[CONSIDERED:]
    if not judged:
        return []
    places = find_keys(shards, [line.key for line in judged])
    found = [Found(places[line.key].shard, places[line.key].row, None) for line in judged]
    scores, words = sentence_scores(shards, found)
    chosen = _repeats_last(np.argsort(-scores, kind="stable"), words, None)
    return [*(judged[place] for place in chosen), *others]


def _repeats_last(ranked: NDArray[np.int64], words: Sequence[frozenset[str]], n: int | None) -> list[int]:
    """The first so many of a ranking, in which those that say what a better one does come behind all others."""
    order = unlike(ranked, words, n)
    if n is None or len(order) < n:
        own = set(order)
        order += [place for place in ranked.tolist() if place not in own]
    return order[:n]


def unlike(
    ranked: NDArray[np.int64],
    words: Sequence[frozenset[str]],
    n: int | None,
    vectors: NDArray[np.float32] | None = None,
    *,
    documents: NDArray[np.int64] | None = None,
    per_document: int | None = None,
) -> list[int]:
    """The first so many sentences of a ranking that say something else than each one before.

    Args:
        ranked: their numbers, the best first. Shape: (n_ranked,).
        words: of each sentence, by its number.
        n: how many; None for all.
        vectors: of each, of unit length: no two that are very near say something else either. Shape: (n_sentences,
            dimension).
        documents: of each; see ``per_document``. Shape: (n_sentences,).
        per_document: passes over those of a document that has so many already; None passes over none.
    """
    said, of_document = _Said(words), Counter[int]()
    chosen: list[int] = []
    if n is not None and n < 1:
        return chosen
    for start in range(0, len(ranked), _COMPARED):
        block = ranked[start : start + _COMPARED]
        if vectors is not None:
            near_before = (vectors[block] @ vectors[chosen].T > _NEAR).any(axis=1)
            near_within = vectors[block] @ vectors[block].T > _NEAR
        kept: list[int] = []
        for at, place in enumerate(block.tolist()):
            if documents is not None and of_document[int(documents[place])] == per_document:
                continue
            if said.has(words[place]):
                continue
            if vectors is not None and (near_before[at] or near_within[at, kept].any()):
                continue
            said.add(words[place])
            kept.append(at)
            chosen.append(place)
            if documents is not None:
                of_document[int(documents[place])] += 1
            if len(chosen) == n:
                return chosen
    return chosen


class _Said:
    """Sentences, and whether another has as good as the same words as one of them.

    The words that it shares with each are counted all at once, by where each word stands: to compare two at a time took
    ten seconds for the 20 000 lines of a frequent word.

    Args:
        words: of all sentences that may be asked of or added.
    """

    def __init__(self, words: Sequence[frozenset[str]]) -> None:
        counts = Counter(word for sentence in words for word in sentence)
        self._sentences = {word: np.zeros(count, np.int64) for word, count in counts.items()}
        self._filled = dict.fromkeys(counts, 0)
        self._at_most = np.zeros(len(words))
        self._n = 0

    def add(self, sentence: frozenset[str]) -> None:
        for word in sentence:
            self._sentences[word][self._filled[word]] = self._n
            self._filled[word] += 1
        self._at_most[self._n] = _SHARED * len(sentence)
        self._n += 1

    def has(self, sentence: frozenset[str]) -> bool:
        met = [self._sentences[word][: self._filled[word]] for word in sentence]
        if not met or not self._n:
            return False
        shared = np.bincount(np.concatenate(met), minlength=self._n)
        return bool((shared > np.maximum(self._at_most[: self._n], _SHARED * len(sentence))).any())
