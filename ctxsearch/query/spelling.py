"""ß and ss: one letter to those who look for a word, until the corpus tells words apart by it, as *Buße* and *Busse*.

Where it has the word with the very letters that are asked for, what has the others is another word, and is not meant.
Where it has not, a text of Switzerland, or of another time, is found by either spelling. Capitals may stand for both.

So it is with the capital I of Turkish, which the catalog folds as all others: *SINIR* is no *sinir* where there is one.
"""

from __future__ import annotations

from collections.abc import Sequence

from ctxsearch.analysis import has_dotless_i, normal_form, spellings, visible_form
from ctxsearch.query.scope import OpenShard, living_forms


def forms_of_others(shards: Sequence[OpenShard], word: str, folded: str) -> frozenset[str]:
    """The forms of which `rows_of_word` finds the rows, and which the letters of a word rule out.

    A lemma that has the word in both spellings, or in the other alone, gives only those of its other forms that do not
    begin with the other: *Mass* is asked for, and *Maße* left out. Of one that has it in this spelling all are kept,
    for *müßte* is a form of *müssen*.

    Args:
        shards: where.
        word: as it was asked for.
        folded: its normal form, of which rows are found.
    """
    if has_dotless_i(shards[0].language):
        return _with_the_other_i(shards, folded)
    spelled = visible_form(word).lower()
    if ("ß" not in spelled and "ss" not in spelled) or _may_be_either(word):
        return frozenset()
    of_word = _forms(shards, folded=folded)
    of_lemma = _forms(shards, lemma=folded)
    if "ß" not in spelled and not any("ß" in form.lower() for form in of_word | of_lemma):
        return frozenset()
    same = {form for form in of_word if not _may_be_either(form) and _sharps(form) == _sharps(spelled)}
    if not same:
        return frozenset()
    others = {form for form in of_word - same if not _may_be_either(form)}
    if others & of_lemma or not of_lemma & (of_word - others):
        others |= {form for form in of_lemma - of_word if _begins_otherwise(form, spelled)}
    return frozenset(others)


def _with_the_other_i(shards: Sequence[OpenShard], folded: str) -> frozenset[str]:
    """The forms of other lemmas that are folded as a word is, and are not written so, where others are."""
    rows = [row for shard in shards for row in living_forms(shard, shard.catalog.forms(folded=folded))]
    own = {row.form for row in rows if row.lemma == folded or spellings(row.form, shards[0].language)[0] == folded}
    return frozenset({row.form for row in rows} - own) if own else frozenset()


def _forms(shards: Sequence[OpenShard], *, folded: str | None = None, lemma: str | None = None) -> set[str]:
    return {
        row.form for shard in shards for row in living_forms(shard, shard.catalog.forms(folded=folded, lemma=lemma))
    }


def _may_be_either(form: str) -> bool:
    """Whether a word is in capitals, where SS is ß, too."""
    return form.isupper() and "\u1e9e" not in form


def _sharps(form: str) -> list[int]:
    """Where a form has ß, counted as if it were written with ss.

    >>> _sharps("Gießgefäß"), _sharps("Fluss")
    ([3, 9], [])
    """
    low = visible_form(form).lower()
    places = [at for at, letter in enumerate(low) if letter == "ß"]
    return [at + before for before, at in enumerate(places)]


def _begins_otherwise(form: str, spelled: str) -> bool:
    """Whether a form begins as a word does, up to its last ß or ss, but with the other of the two."""
    beginning = spelled[: max(spelled.rfind("ß") + 1, spelled.rfind("ss") + 2)]
    low = visible_form(form).lower()
    return not low.startswith(beginning) and normal_form(low).startswith(normal_form(beginning))
