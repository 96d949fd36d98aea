"""Which labels stand elsewhere since documents were replaced: a label is kept under its document and a character of it.

A label tells a use in a sentence, and what it stands on is that use as long as the sentence is the same, and the word
in it. A sentence that somebody has mended is another one here: what is labelled in it is to be looked at, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

from ctxsearch.analysis import normal_form, surface_form
from ctxsearch.errors import KeyNotFound
from ctxsearch.query.finding import living_documents_named, parsed_key, segments_at, word_at
from ctxsearch.query.scope import ListedShard
from ctxsearch.sense import Label

# Labels that are looked at in one go.
_AT_ONCE = 1 << 12
# Keys are kept to be shown.
_KEPT = 100


@dataclass(slots=True)
class Displaced:
    """Labels that no longer stand where they were given.

    Attributes:
        moved: keys of those that now stand in another sentence, the first hundred.
        moved_count: how many there are.
        orphaned: keys of those that stand on no word of their sense any more, the first hundred.
        orphaned_count: how many there are.
    """

    moved: list[str] = field(default_factory=list)
    moved_count: int = 0
    orphaned: list[str] = field(default_factory=list)
    orphaned_count: int = 0


class _Stand(NamedTuple):
    """What a label stands on.

    Attributes:
        word: as it is written.
        offset: where it begins in its sentence.
        sentence: the text of that.
        lemmas: what the word may be filed under.
    """

    word: str
    offset: int
    sentence: str
    lemmas: frozenset[str]


def displaced(before: Sequence[ListedShard], after: Sequence[ListedShard], labels: Sequence[Label]) -> Displaced:
    """Which labels of documents that were taken out stand elsewhere in those that came in their place, or nowhere.

    Those that stood on no word of their sense before are passed over. No vector is read, and no document in which
    nothing is labelled.

    Args:
        before: the shards of the index as it was.
        after: those that it has now: the same, of which documents were taken out, and others.
        labels: all labels.
    """
    gone = _taken_out(before, after)
    found = Displaced()
    if not any(gone):
        return found
    for first in range(0, len(labels), _AT_ONCE):
        some = labels[first : first + _AT_ONCE]
        stood = dict(_stands(before, some, gone))
        # In an older shard, too: a document may have been replaced there by one that was there before.
        stand = dict(_stands(after, [label for label in some if label.key in stood]))
        for label in some:
            was, now = stood.get(label.key), stand.get(label.key)
            if was is None or label.lemma not in was.lemmas:
                continue
            if now is None or label.lemma not in now.lemmas:
                found.orphaned_count += 1
                _keep(found.orphaned, label.key)
            elif was[:3] != now[:3]:
                found.moved_count += 1
                _keep(found.moved, label.key)
    return found


def _taken_out(before: Sequence[ListedShard], after: Sequence[ListedShard]) -> list[frozenset[int]]:
    """The numbers of the documents of each shard that were taken out since."""
    now = {shard.entry.shard_id: shard.entry.removed for shard in after}
    return [frozenset(now.get(one.entry.shard_id, ())).difference(one.entry.removed) for one in before]


def _stands(
    shards: Sequence[ListedShard], labels: Sequence[Label], only: Sequence[frozenset[int]] | None = None
) -> Iterator[tuple[str, _Stand]]:
    """What labels stand on, by their keys; of those that stand on no word, nothing.

    Args:
        shards: where.
        labels: which.
        only: the numbers of the documents of each shard that are looked at; None for all.
    """
    asked: dict[str, dict[int, str]] = {}
    for label in labels:
        with suppress(KeyNotFound):
            document_id, start = parsed_key(label.key)
            asked.setdefault(document_id, {})[start] = label.key
    lemmas_of: dict[tuple[int, str], frozenset[str]] = {}
    for document_id, (number, document) in living_documents_named(shards, asked).items():
        if only is not None and document.number not in only[number]:
            continue
        key_at = asked[document_id]
        for segment, start in segments_at(shards[number], document, sorted(key_at)):
            position = word_at(segment, start)
            if position is None:
                continue
            begin, end = segment.spans[position]
            word = segment.text[begin:end]
            if (number, word) not in lemmas_of:
                lemmas_of[number, word] = _lemmas(shards[number], word)
            # What is between two sentences belongs to the first, where there is a second.
            indent = len(segment.text) - len(segment.text.lstrip())
            yield key_at[start], _Stand(word, begin - indent, segment.text.strip(), lemmas_of[number, word])


def _lemmas(shard: ListedShard, word: str) -> frozenset[str]:
    """What a word may be filed under, however it is tagged: of what can labels be that stand on it."""
    return frozenset({normal_form(word), *(row.lemma for row in shard.catalog.forms(form=surface_form(word)))})


def _keep(keys: list[str], key: str) -> None:
    # Two people may have labelled one occurrence.
    if len(keys) < _KEPT and key not in keys[-1:]:
        keys.append(key)
