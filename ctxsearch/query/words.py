"""The rows of a word that is asked for, with its forms and tags; or what is told where there are none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ctxsearch.analysis import normal_form, spellings
from ctxsearch.errors import FormNotFound, QueryError, TagNotFound
from ctxsearch.query.missing import word_not_found
from ctxsearch.query.scope import ANYHOW, OpenShard, Rows, Written, has_living, require_tags, rows_of_form, rows_of_word
from ctxsearch.query.spelling import forms_of_others


def checked_word(word: str) -> str:
    """A word, as a user gives it.

    Raises:
        QueryError: it is no string.
    """
    if not isinstance(word, str):
        raise QueryError(f"A word is a string, such as 'bank', and {word!r:.80} is none; ask for one at a time.")
    return word


def word_and_written(shards: Sequence[OpenShard], word: str, written: Written) -> tuple[str, Written]:
    """Takes the tag off a word that is written ``bank/NOUN``.

    A word that is in the corpus with its slash, as *and/or*, is itself; and what follows the slash is a tag where the
    corpus has it for one, or it is in capitals.

    Raises:
        QueryError: no word of the corpus has this tag; or it is no string.
    """
    head, slash, tag = checked_word(word).rpartition("/")
    if not slash or not head.strip():
        return word, written
    if not tag.isupper() and not any(tag in shard.tags for shard in shards):
        return word, written
    if _occurs(shards, [rows_of_word(shard, normal_form(word)) for shard in shards]):
        return word, written
    require_tags(shards, [tag])
    if written.tags and tag not in written.tags:
        raise QueryError(f"The word is to be {tag}, and {' or '.join(written.tags)} as well; ask for one of them.")
    return head, replace(written, tags=[tag])


def spelled(shards: Sequence[OpenShard], word: str) -> str:
    """A word in the normal form that the corpus has it in; in the likeliest where it does not have it."""
    likeliest, *others = spellings(word, shards[0].language)
    for one in [likeliest, *others] if others else []:
        if _occurs(shards, [rows_of_word(shard, one) for shard in shards]):
            return one
    return likeliest


def rows_asked_for(shards: Sequence[OpenShard], word: str, written: Written = ANYHOW) -> list[list[Rows]]:
    """The rows of a word in each shard, or of some of its forms and tags; the word may have a tag behind a slash.

    Raises:
        WordNotFound: the corpus does not have the word.
        FormNotFound: it is never written in one of the forms.
        TagNotFound: it never has one of the tags.
        QueryError: no word of the corpus has it.
    """
    word, written = word_and_written(shards, word, written)
    folded = spelled(shards, word)
    meant = ANYHOW
    if not written.forms and not written.is_lemma:
        meant = Written(not_forms=forms_of_others(shards, word, folded))
    rows = [rows_of_word(shard, folded, meant) for shard in shards]
    require(shards, rows, word)
    if written:
        written = replace(written, not_forms=meant.not_forms)
        of_word, rows = rows, [rows_of_word(shard, folded, written) for shard in shards]
        require_written(shards, of_word, rows, word, written)
    return rows


def require(shards: Sequence[OpenShard], rows: Sequence[Sequence[Rows]], word: str, *, said: str = "") -> None:
    """Raises `WordNotFound` if there is nothing to search but what was taken out; it names the word as it was said."""
    if not _occurs(shards, rows):
        raise word_not_found(shards, word, said=said)


def require_written(
    shards: Sequence[OpenShard],
    of_word: Sequence[Sequence[Rows]],
    rows: Sequence[Sequence[Rows]],
    word: str,
    written: Written,
) -> None:
    """Raises `FormNotFound` or `TagNotFound` if there is nothing to search of a word that is there.

    Args:
        shards: where.
        of_word: all rows of the word.
        rows: those of the forms and tags asked for.
        word: as asked for.
        written: the forms and tags asked for.
    """
    if _occurs(shards, rows):
        return
    forms: dict[str, None] = {}
    tags: dict[str, None] = {}
    for shard, part in zip(shards, of_word, strict=True):
        for row in shard.catalog.forms():
            stretch = rows_of_form(row)
            if any(one.start <= stretch.start < one.stop for one in part) and has_living(shard, stretch):
                forms[row.form] = None
                if row.tag and (not written.forms or row.form in written.forms):
                    tags[row.tag] = None
    if written.tags and (not written.forms or forms.keys() & set(written.forms)):
        raise TagNotFound(word, written.tags[0], sorted(tags))
    raise FormNotFound(word, written.forms[0], sorted(forms))


def _occurs(shards: Sequence[OpenShard], rows: Sequence[Sequence[Rows]]) -> bool:
    return any(has_living(shard, stretch) for shard, part in zip(shards, rows, strict=True) for stretch in part)
