"""The labels of an inventory as labelled uses, to learn from or to measure by."""

from __future__ import annotations

from collections.abc import Sequence

from ctxsearch.catalog.inventory import Inventory
from ctxsearch.corpus import Labels
from ctxsearch.domain import Usage
from ctxsearch.errors import KeyNotFound, SourceError
from ctxsearch.query.scope import OpenShard
from ctxsearch.senses.located import places_of


def labels_of(inventory: Inventory, shards: Sequence[OpenShard]) -> Labels:
    """The occurrences that people agree about, in the texts of their documents, and the sentences of dictionaries.

    An occurrence that two people give different senses is left out, and so is one that is not in the index any more, or
    is of another word now.

    Raises:
        SourceError: there is none.
    """
    given: dict[str, set[tuple[str, str]]] = {}
    labels = inventory.labels()
    for label, place in zip(labels, places_of(shards, labels), strict=True):
        if place is None:
            continue
        given.setdefault(label.key, set()).add((label.lemma, label.sense_id))
    numbers: dict[str, int] = {}
    texts: list[str] = []
    uses: list[tuple[int, int, int, str, str]] = []
    for key, senses in given.items():
        if len(senses) > 1:
            continue
        usage, document_id = _in_document(shards, key)
        if document_id not in numbers:
            numbers[document_id] = len(texts)
            texts.append(usage.text)
        uses.append((numbers[document_id], usage.start, usage.end, *next(iter(senses))))
    keys = list(numbers)
    for lemma in dict.fromkeys(sense.lemma for sense in inventory.senses() if sense.examples):
        for sense_id, usage in inventory.examples(lemma):
            uses.append((len(texts), usage.start, usage.end, lemma, sense_id))
            texts.append(usage.text)
            keys.append(usage.text)
    if not uses:
        raise SourceError(str(inventory.path), "there is no labelled use in it")
    columns = ([use[column] for use in uses] for column in range(5))
    return Labels(str(inventory.path), texts, keys, *columns)  # type: ignore[arg-type]


def _in_document(shards: Sequence[OpenShard], key: str) -> tuple[Usage, str]:
    """An occurrence in the text of its document, and the document's id."""
    document_id, _, offset = key.rpartition(":")
    start = int(offset)
    for shard in reversed(shards):
        document = shard.catalog.find_document(document_id)
        if document is None or document.number in shard.entry.removed:
            continue
        rows = list(shard.catalog.segment_rows(document.first_segment, document.segments))
        segment = shard.catalog.segment_at(document, start)
        if segment is not None:
            spans = segment.spans
            end = next(spans[one][1] for one in range(len(spans)) if spans[one][0] == start - segment.start)
            return Usage("".join(text for _, text, _ in rows), start, segment.start + end), document_id
    raise KeyNotFound(key, "its text is missing")
