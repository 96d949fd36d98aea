"""The headwords of a dictionary: what they are filed under, whether the index has them, and which are imported."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

from ctxsearch.analysis import Analyser, normal_form, spellings, surface_form
from ctxsearch.query.filing import is_given
from ctxsearch.query.scope import OpenShard, has_living, living_forms, rows_of_lemma


class Headwords:
    """The headwords of a dictionary, as an index knows them; each is looked up once.

    Args:
        shards: of the index.
        analyser: gives the lemma of a word that the index does not have.
        lemma_of: gives what a word is filed under in the index.
    """

    def __init__(self, shards: Sequence[OpenShard], analyser: Analyser, lemma_of: Callable[[str], str]) -> None:
        self._shards = shards
        self._analyser = analyser
        self._lemma_of = lemma_of
        self._filed: dict[str, str] = {}
        self._had: dict[str, bool] = {}

    def lemma(self, headword: str) -> str:
        """What a headword is filed under."""
        if headword not in self._filed:
            self._filed[headword] = self._lemma_of(headword)
        return self._filed[headword]

    def is_in_index(self, headword: str) -> bool:
        """Whether the index has a headword, as a lemma or as a form of one."""
        if headword not in self._had:
            self._had[headword] = any(map(self._look_up, spellings(headword.strip(), self._analyser.language)))
        return self._had[headword]

    def has_form(self, lemma: str, form: str) -> bool:
        """Whether a word is a form of a lemma, as far as can be told: by its letters, the dictionary, or the index.

        Where no dictionary covers the language, any word is taken for one; a punctuation mark never is.
        """
        return (
            lemma in (normal_form(form), self._analyser.lemma(form))
            or (not self._analyser.has_lemmas and any(map(str.isalnum, form)))
            or self.files(lemma, form)
        )

    def files(self, lemma: str, form: str) -> bool:
        """Whether the index has a word that is filed under a lemma."""
        return any(
            row.lemma == lemma
            for shard in self._shards
            for row in living_forms(shard, shard.catalog.forms(form=surface_form(form)))
        )

    def is_token(self, text: str) -> bool:
        """Whether a source gave the index a token that is written so."""
        return is_given(self._shards, text)

    def _look_up(self, word: str) -> bool:
        if word in self._lemmas and (self._all_live or self._is_living(word)):
            return True
        # Of most words no lemma is there, and no shard needs to be asked; not so where sources give lemmas.
        return (self._analyser.lemma(word) in self._lemmas or self._has_given) and any(
            any(living_forms(shard, shard.catalog.forms(folded=word))) for shard in self._shards
        )

    def _is_living(self, lemma: str) -> bool:
        return any(has_living(shard, rows) for shard in self._shards for rows in rows_of_lemma(shard, lemma))

    @cached_property
    def _all_live(self) -> bool:
        """Whether no document was taken out, so that no word need be looked up to know that it is there."""
        return all(shard.living is None for shard in self._shards)

    @cached_property
    def _has_given(self) -> bool:
        """Whether a source gave lemmas."""
        return any(shard.catalog.has_given for shard in self._shards)

    @cached_property
    def _lemmas(self) -> frozenset[str]:
        """All lemmas of the index: a WordNet asks for more words than there would be time to look up in every shard."""
        return frozenset(lemma for shard in self._shards for lemma, _ in shard.catalog.lemma_frequencies())


class Choice:
    """Which senses of a dictionary are imported, and how many are not.

    Args:
        headwords: of the dictionary.
        words: only the senses of these; of any, if there are none.
        in_corpus: only those of words that the index has.
        one_token: none of headwords that are several words.

    Attributes:
        headwords: of the dictionary.
        left_out: senses of words that the index does not have.
        multiword: senses of several words.
    """

    def __init__(self, headwords: Headwords, words: Sequence[str], *, in_corpus: bool, one_token: bool) -> None:
        self.headwords = headwords
        self.left_out = self.multiword = 0
        self._in_corpus = in_corpus
        self._one_token = one_token
        # By what a headword may be to be meant: a word as it was given, or its lemma.
        self._words: dict[str, list[str]] = {}
        for word in words:
            for spelling in {normal_form(word), headwords.lemma(word)}:
                self._words.setdefault(spelling, []).append(word)
        self._not_found = dict.fromkeys(words)

    @property
    def not_found(self) -> list[str]:
        """The words asked for that were not met with."""
        return list(self._not_found)

    def wants(self, headword: str) -> bool:
        """Whether a sense of this headword is imported; one that is not, for another reason than its word, counts."""
        if self._words:
            meant = self._words.get(normal_form(headword), ())
            if not meant:
                return False
            for word in meant:
                self._not_found.pop(word, None)
        if self._one_token and len(headword.split()) > 1:
            self.multiword += 1
            return False
        if self._in_corpus and not self.headwords.is_in_index(headword):
            self.left_out += 1
            return False
        return True
