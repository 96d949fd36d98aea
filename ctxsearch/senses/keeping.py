"""The half of a sense inventory that people write: what there is of senses, labels and notes, and new senses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from ctxsearch.analysis import Analyser, normal_form, spellings
from ctxsearch.catalog.inventory import Inventory
from ctxsearch.corpus import is_wordnet
from ctxsearch.corpus.files import shown
from ctxsearch.domain import Usage
from ctxsearch.errors import SenseError
from ctxsearch.paths import path_of
from ctxsearch.query.asked import marked_token
from ctxsearch.query.filing import lemma_of_form
from ctxsearch.query.found import Found
from ctxsearch.query.lines import lines
from ctxsearch.query.scope import ANYHOW, OpenShard, Written, has_living, rows_of_lemma
from ctxsearch.query.several import strings
from ctxsearch.query.words import checked_word, require, word_and_written
from ctxsearch.sense import Change, Label, Sense
from ctxsearch.senses.agreement import Agreement, agreement
from ctxsearch.senses.arranging import Arranging, told
from ctxsearch.senses.headwords import Choice, Headwords
from ctxsearch.senses.importing import ImportReport, checked_by, checked_new_sense, word_of, write_dictionary
from ctxsearch.senses.located import places_of, shown_at
from ctxsearch.senses.written import parsed_examples, stripped


class Keeping(Arranging):
    """An inventory that one person writes; others may write it at the same time.

    Args:
        inventory: the file.
        by: who writes.
        get_shards: gives the shards of the index.
        get_analyser: gives what finds the lemma of a word.
    """

    def __init__(
        self,
        inventory: Inventory,
        by: str,
        get_shards: Callable[[], Sequence[OpenShard]],
        get_analyser: Callable[[], Analyser],
    ) -> None:
        super().__init__(inventory, by, get_shards)
        self._get_analyser = get_analyser

    def list(self, word: str | None = None) -> Sequence[Sense]:
        """All senses, or those of a word, in the order in which they were made."""
        return self._inventory.senses(None if word is None else self._lemma(word))

    def labels(self, word: str | None = None, *, by: str | None = None) -> Sequence[Label]:
        """All labels, or those of a word or a person; by key and person.

        Raises:
            SenseError: ``by`` can be nobody's name.
        """
        return self._inventory.labels(None if word is None else self._lemma(word), checked_by(by))

    def lost_labels(self, word: str | None = None, *, by: str | None = None) -> Sequence[Label]:
        """Those labels whose occurrence is not in the index, or is of another word now; they show nothing.

        They are kept, and count again when the word is back.

        Raises:
            SenseError: ``by`` can be nobody's name.
        """
        found = self.labels(word, by=by)
        places = places_of(self._get_shards(), found) if found else []
        return [label for label, place in zip(found, places, strict=True) if place is None]

    def sentences(self, word: str) -> Sequence[tuple[str, Usage]]:
        """The sentences that show the senses of a word and are no lines of the corpus, each with the sense's name."""
        return self._inventory.examples(self._lemma(word))

    def changes(self, word: str | None = None) -> Sequence[Change]:
        """All that was ever changed, or what was of the senses of a word; oldest first."""
        return self._inventory.changes(None if word is None else self._lemma(word))

    def agreement(self, word: str | None = None) -> Agreement:
        """How far the people agree who have labelled occurrences; of a word, or of all.

        Labels whose occurrence is not in the index, or is of another word now, do not count.

        Raises:
            WordNotFound: nobody has labelled the word, and the corpus does not have it.
        """
        labels = self.labels(word)
        if word is not None and not labels:
            lemma, shards = self._lemma(word), self._get_shards()
            require(shards, [rows_of_lemma(shard, lemma) for shard in shards], word)
        places = places_of(self._get_shards(), labels)
        known = [(label, place) for label, place in zip(labels, places, strict=True) if place is not None]
        found = agreement([label for label, _ in known])
        place_of = {label.key: Found(place.shard, place.row, None) for label, place in known}
        shown = lines(self._get_shards(), [place_of[one.key] for one in found.disagreements], 10)
        differing = [replace(one, line=line) for one, line in zip(found.disagreements, shown, strict=True)]
        return replace(found, disagreements=differing)

    def new(
        self,
        sense_id: str,
        *,
        word: str | None = None,
        definition: str = "",
        examples: str | Usage | Iterable[str | Usage] = (),
    ) -> Sense:
        """Makes a sense.

        >>> import tempfile
        >>> from ctxsearch import Document, Index
        >>> index = Index.create(tempfile.mkdtemp() + "/mine")
        >>> report = index.add([Document("1", "They rowed to the bank.")])
        >>> index.senses().new("bank.river", examples="We fished from the [bank].").examples
        1

        Args:
            sense_id: what it is called, ``bank.river`` for instance.
            word: whose sense it is; where None, what stands before the first dot of the name.
            definition: as a dictionary would have it.
            examples: sentences that show it and are no lines of the corpus, a dictionary's for instance: one or
                several, each with the word in brackets, or a `Usage`. Lines are labelled with it, see `label`.

        Raises:
            SenseError: there is one of this name, or it can be no name; or an example marks another word.
            QueryError: an example marks no word, or more than one; or is a line of the corpus.
        """
        checked_new_sense(sense_id)
        lemma = self._lemma(sense_id.partition(".")[0] if word is None else word)
        definition = stripped(definition, "A definition")
        usages = parsed_examples(examples)
        for usage in usages:
            self._check_example(usage, lemma)
        what = f"new sense {sense_id} of {lemma}{told(definition)}"
        with self._inventory.changing(what, self._by, makes=True) as edit:
            number = edit.add_sense(sense_id, lemma, definition)
            for usage in usages:
                example = (edit.next_number("examples"), number, usage.text, usage.start, usage.end, "")
                edit.put("examples", example)
        return self._one(sense_id)

    def import_dictionary(
        self, path: str | Path, *, words: str | Sequence[str] | None = (), in_corpus: bool | None = None
    ) -> ImportReport:
        """Makes the senses of a dictionary, with its example sentences; all of them, or none where one is wrong.

        A sense that is there already, of the same word, keeps its definition if it has one, and gets the sentences that
        it lacks, but for those of lines that are labelled with it. Where no form of the headword is in brackets, the
        first word that is filed under it is meant.

        A WordNet has all words of a language, most of which a corpus does not: of one, only the senses of words that
        the index has are made, unless words are named. A dictionary of another format was written or chosen for the
        corpus at hand, and perhaps for texts that are yet to come: all of it is made.

        Args:
            path: JSONL, CSV, TSV, TEI Lex-0, WN-LMF, or a folder with the database files of a WordNet, see
                `ctxsearch.corpus.read_dictionary`.
            words: only the senses of these, whether the index has them or not.
            in_corpus: only the senses of words that the index has; where None, of a WordNet.

        Raises:
            SourceError: the file cannot be read.
            SenseError: a sense of this name is another word's, or words are named and ``in_corpus`` is given as well.
        """
        if words and in_corpus is not None:
            raise SenseError("The words to be imported are named; leave out whether they are to be in the corpus.")
        path = path_of(path)
        from_wordnet = is_wordnet(path)
        if in_corpus is None:
            in_corpus = from_wordnet and not words
        choice = Choice(self._headwords(), strings(words), in_corpus=in_corpus, one_token=from_wordnet)
        what = f"imported senses from {shown(Path(path.name))}"
        with self._inventory.changing(what, self._by, makes=True) as edit:
            return write_dictionary(edit, path, self._get_analyser(), choice, partial(shown_at, self._get_shards()))

    def _headwords(self) -> Headwords:
        return Headwords(self._get_shards(), self._get_analyser(), self._lemma)

    def _check_example(self, usage: Usage, lemma: str) -> None:
        analyser, headwords = self._get_analyser(), self._headwords()
        form = marked_token(usage, analyser, headwords.is_token).form
        # A form that nobody knows is trusted, unless the sentence has one that is known.
        if not headwords.has_form(lemma, form) and word_of(usage.text, lemma, lemma, headwords, analyser):
            raise SenseError(f"The example marks {form!r}, which is no form of {lemma!r}; mark the word that it shows.")

    def _lemma(self, word: str) -> str:
        """The lemma that a word is filed under: the word itself, where the corpus has it as a lemma."""
        return self._lemma_and_written(word)[0]

    def _lemma_and_written(self, word: str, written: Written = ANYHOW) -> tuple[str, Written]:
        """The same, and how its uses are to be written, with the tag of a word that is written ``bank/NOUN``."""
        shards = self._get_shards()
        word, written = word_and_written(shards, checked_word(word).strip(), replace(written, is_lemma=True))
        if not normal_form(word):
            raise SenseError("The word is empty.")
        for key in spellings(word, shards[0].language):
            if any(has_living(shard, rows) for shard in shards for rows in rows_of_lemma(shard, key)):
                return key, written
        return lemma_of_form(shards, word, lambda form: self._get_analyser().lemma(form)), written
