"""Writes the senses of a dictionary into an inventory."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from ctxsearch.analysis import Analyser, normal_form
from ctxsearch.catalog.edit import Edit
from ctxsearch.corpus import read_dictionary
from ctxsearch.corpus.files import shown as shown_name
from ctxsearch.domain import Usage
from ctxsearch.errors import QueryError, SenseError
from ctxsearch.query.asked import marked_token
from ctxsearch.sense import BETWEEN_SENSES, NONE_OF_THESE, UNSURE
from ctxsearch.senses.headwords import Choice, Headwords
from ctxsearch.senses.located import Shown, shown_by
from ctxsearch.usage import parse_usage

_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What came of a dictionary.

    Attributes:
        senses: how many are new.
        examples: how many sentences are.
        without_word: sentences that do not have the headword, and were left out.
        left_out: how many senses were, since the index does not have their word.
        multiword: how many senses of several words were passed over, since no token can have them.
        not_found: words that were asked for, and that the dictionary does not have.
        kept: senses that have another definition in the dictionary, and keep what they have.
        assigned: sentences that no person gave their sense, and that were left out.
        labelled: sentences of the index that somebody labelled with their sense, and that were left out: an entry that
            was exported has them, and each shows its sense once.
    """

    senses: int
    examples: int
    without_word: Sequence[str]
    left_out: int = 0
    multiword: int = 0
    not_found: Sequence[str] = ()
    kept: Sequence[str] = ()
    assigned: int = 0
    labelled: int = 0


def write_dictionary(
    edit: Edit, path: Path, analyser: Analyser, choice: Choice, shown: Callable[[Sequence[str]], Collection[Shown]]
) -> ImportReport:
    """Writes the senses of a file, see `Senses.import_dictionary`.

    Args:
        edit: the change that it is.
        path: the file.
        analyser: cuts the sentences into words.
        choice: which of them.
        shown: gives the sentences of occurrences, by their keys.
    """
    new = examples = assigned = labelled = 0
    without: list[str] = []
    kept: dict[str, None] = {}
    name = shown_name(Path(path.name))
    for one in read_dictionary(path, wants=choice.wants):
        checked_name(one.sense_id, "sense")
        lemma = choice.headwords.lemma(one.headword)
        known = edit.found("senses", "sense_id", one.sense_id)
        if known and known[0][2] != lemma:
            raise SenseError(f"{one.sense_id!r} is a sense of {known[0][2]!r} here, and of {lemma!r} in {path}.")
        number = known[0][0] if known else edit.add_sense(one.sense_id, lemma, one.definition)
        new += not known
        assigned += one.assigned
        if known and not known[0][3] and one.definition:
            edit.put("senses", (number, one.sense_id, lemma, one.definition))
        elif known and one.definition and one.definition != known[0][3]:
            kept[one.sense_id] = None
        had = {row[2:5] for row in edit.found("examples", "sense", number)} if known else set()
        of_labels = shown([str(row[0]) for row in edit.found("labels", "sense", number)]) if known else ()
        for sentence in one.examples:
            usage = use_of(sentence, one.headword, lemma, choice.headwords, analyser)
            if usage is None:
                without.append(sentence)
            elif shown_by(usage) in of_labels:
                labelled += 1
            elif (usage.text, usage.start, usage.end) not in had:
                had.add((usage.text, usage.start, usage.end))
                row = (
                    edit.next_number("examples"),
                    number,
                    usage.text,
                    usage.start,
                    usage.end,
                    name,
                )
                edit.put("examples", row)
                examples += 1
    return ImportReport(
        new, examples, without, choice.left_out, choice.multiword, choice.not_found, [*kept], assigned, labelled
    )


def use_of(sentence: str, headword: str, lemma: str, headwords: Headwords, analyser: Analyser) -> Usage | None:
    """The word of a sentence that has a sense of a headword; None where there is none.

    It is the one in brackets, if that is a form of the lemma; or else the one that `word_of` finds; or else the one in
    brackets all the same, since whoever marked it may know more forms than a dictionary. Brackets without a word
    between them, as around dots for what is left out, are a part of the sentence.
    """
    marked = _marked(sentence)
    word: Usage | None = None
    if marked is not None:
        try:
            form = marked_token(marked, analyser, headwords.is_token).form
        except QueryError:
            pass  # several words, or a part of one
        else:
            word = marked
            if headwords.has_form(lemma, form):
                return word
        if any(segment.forms for segment in analyser.segments(marked.text[marked.start : marked.end], lemmas=False)):
            sentence = marked.text
    return word_of(sentence, headword, lemma, headwords, analyser) or word


def word_of(sentence: str, headword: str, lemma: str, headwords: Headwords, analyser: Analyser) -> Usage | None:
    """The word of a sentence that is a form of a headword, as far as can be told; None where there is none.

    It is the first that the analyser files under the lemma; or else the first that is written as the headword; or that
    the index files under the lemma; or words that a source gave the index as one token, and that are written so.

    Args:
        sentence: without brackets.
        headword: as the dictionary has it.
        lemma: what it is filed under.
        headwords: of the dictionary.
        analyser: cuts the sentence into words.
    """
    words = [
        (Usage(sentence, segment.start + start, segment.start + end), form, found)
        for segment in analyser.segments(sentence)
        for (start, end), form, found in zip(segment.spans.tolist(), segment.forms, segment.lemmas, strict=True)
    ]
    key = normal_form(headword)
    ways: Sequence[Callable[[str, str], bool]] = (
        lambda _, found: found == lemma,
        lambda form, _: normal_form(form) == key,
        lambda form, _: headwords.files(lemma, form),
    )
    for is_meant in ways:
        for usage, form, found in words:
            if is_meant(form, found):
                return usage
    return _words_of(sentence, headword, [usage for usage, *_ in words]) if headwords.is_token(headword) else None


def _words_of(sentence: str, headword: str, words: Sequence[Usage]) -> Usage | None:
    """Whole words that follow each other and are written, taken together, as a headword."""
    ends = {word.end for word in words}
    for word in words:
        end = word.start + len(headword)
        if end in ends and normal_form(sentence[word.start : end]) == normal_form(headword):
            return Usage(sentence, word.start, end)
    return None


def _marked(sentence: str) -> Usage | None:
    """What stands in brackets; None where nothing does."""
    if "[" not in sentence:
        return None
    try:
        return parse_usage(sentence)
    except QueryError:
        return None


def checked_name(name: str, of_what: str) -> str:
    """The name, if it can be one.

    Raises:
        SenseError: it is no string, is empty, very long, or has white space at an end or control characters in it.
    """
    if not isinstance(name, str):
        raise SenseError(f"The name of a {of_what} is a string, and {name!r:.80} is none.")
    if not name or len(name) > _LONGEST_NAME or name != name.strip():
        raise SenseError(f"{name[:60]!r} cannot be the name of a {of_what}: it is empty, too long, or ends in a space.")
    if of_what == "sense" and BETWEEN_SENSES in name:
        raise SenseError(f"{name[:60]!r} cannot be the name of a sense: a semicolon and a blank part two names.")
    if of_what == "sense" and name in (UNSURE, NONE_OF_THESE):
        raise SenseError(f"{name!r} cannot be the name of a sense: assign says it of lines.")
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in name):
        raise SenseError(f"{name[:60]!r} cannot be the name of a {of_what}: it has characters that nobody sees.")
    return name


def checked_new_sense(name: str) -> str:
    """The name of a sense, if a person can give it one; what a dictionary calls its senses may end in a dot.

    Raises:
        SenseError: it cannot be the name of a sense, or ends where what tells it from others should stand.
    """
    # A name of several words is none of the form WORD.SENSE: it may be that of a company.
    if checked_name(name, "sense").endswith(".") and len(name.split()) == 1:
        raise SenseError(f"{name[:60]!r} cannot be the name of a sense: nothing follows its last dot.")
    return name


def checked_by(by: str | None) -> str | None:
    """Whose labels count, as a user gives it; None for all people's.

    Raises:
        SenseError: it can be nobody's name.
    """
    return None if by is None else checked_name(by, "person")
