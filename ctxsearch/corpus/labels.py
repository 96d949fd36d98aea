"""Reads labelled uses: which word of which text is used in which sense."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ctxsearch.corpus.entries import read_entries
from ctxsearch.corpus.files import shown
from ctxsearch.corpus.kinds import LABELLED, other_kind
from ctxsearch.corpus.objects import read_object
from ctxsearch.corpus.reading import read
from ctxsearch.domain import Document
from ctxsearch.errors import SourceError
from ctxsearch.naming import ARGUMENT
from ctxsearch.paths import path_of
from ctxsearch.sense import BETWEEN_SENSES, NO_SENSES

_SPLITS_SHOWN = 5
_PLAINLY = "Give documents as JSONL, with id and text, in UTF-8."
# What every line of an export has, also of those beside vectors, and no other use has all of.
_OF_EXPORT = {"key", "form", "lemma", "document_id", "start", "end", "metadata", "sense"}


@dataclass(frozen=True, slots=True)
class Labels:
    """Labelled uses: use number i is ``texts[text_numbers[i]][starts[i]:ends[i]]``.

    Attributes:
        path: the file they come from, to be named in errors.
        texts: each text once, however many labelled words it has.
        text_keys: what a text is known by: its document's id, or itself.
        text_numbers: of each use, the number of its text.
        starts: of each use.
        ends: of each use.
        lemmas: of each use.
        senses: of each use.
        repeated: how many lines say again what one before has said; they are left out.
        other_splits: how many lines are of another split than the one asked for; they are left out.
        without_sense: how many lines that `Index.export` wrote have no sense, or several; they are left out.
    """

    path: str
    texts: Sequence[str]
    text_keys: Sequence[str]
    text_numbers: Sequence[int]
    starts: Sequence[int]
    ends: Sequence[int]
    lemmas: Sequence[str]
    senses: Sequence[str]
    repeated: int = 0
    other_splits: int = 0
    without_sense: int = 0

    def __len__(self) -> int:
        return len(self.lemmas)

    def place(self, number: int) -> str:
        """What tells where a use stands, whatever its line."""
        return f"{self.text_keys[self.text_numbers[number]]}:{self.starts[number]}:{self.ends[number]}"

    def chosen(self, numbers: Sequence[int]) -> Labels:
        """Some of the uses, with the texts they need."""
        needed = sorted({self.text_numbers[number] for number in numbers})
        renumbered = {text: number for number, text in enumerate(needed)}
        return Labels(
            self.path,
            [self.texts[text] for text in needed],
            [self.text_keys[text] for text in needed],
            [renumbered[self.text_numbers[number]] for number in numbers],
            [self.starts[number] for number in numbers],
            [self.ends[number] for number in numbers],
            [self.lemmas[number] for number in numbers],
            [self.senses[number] for number in numbers],
            self.repeated,
            self.other_splits,
            self.without_sense,
        )


@dataclass(slots=True)
class _Use:
    """What one line says."""

    line: int
    start: int
    end: int
    lemma: str
    sense: str
    split: str | None
    text: str | None
    document_id: str | None


def read_labels(path: str | Path, *, documents: str | Path | None = None, split: str | None = None) -> Labels:
    """Reads labelled uses from JSONL, also packed with gzip: an object a line, and fields not named here are ignored.

    A line has ``start``, ``end``, ``lemma`` and ``sense``, ``split`` if it likes, and either the ``text`` or the
    ``document_id`` of one of the documents.

    Lines that `Index.export` wrote are such, too. Those of them that have no one sense are left out, and counted: where
    nobody said any, where people differ, and where ``assign`` was not sure, or found none.

    Args:
        path: the file.
        documents: a file or folder of documents, see `read`; those without a labelled use are passed over.
        split: reads only the uses of this split.

    Raises:
        SourceError: a line or document is wrong, or there is nothing to read.
        QueryError: it is no path.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "labels.jsonl")
    ...     _ = path.write_text('{"text": "The bank lent.", "start": 4, "end": 8, "lemma": "bank", "sense": "money"}')
    ...     labels = read_labels(path)
    >>> labels.texts, labels.starts, labels.senses
    (['The bank lent.'], [4], ['money'])
    """
    path = path_of(path)
    name = shown(path)
    if path.is_dir():
        raise SourceError(name, "it is a folder; name the file of labelled uses")
    try:
        entries = read_entries(path)
        found_uses = [_use(name, line, entry, has_documents=documents is not None) for line, entry in entries]
    except SourceError as error:
        if other := other_kind(path, LABELLED):
            raise other from error
        raise
    every = [use for use in found_uses if use is not None]
    if not every:
        raise SourceError(name, "none of its lines has a sense" if found_uses else "there is no labelled use in it")
    uses = [use for use in every if split is None or use.split == split]
    if not uses:
        raise SourceError(name, _no_such_split(split, Counter(use.split for use in every)))
    found = _texts_of_documents(uses, name, documents) if documents is not None else {}
    texts = _Texts()
    seen: set[tuple[int, int, int, str, str]] = set()
    for use in uses:
        if use.document_id is not None:
            number = texts.number(use.document_id, found[use.document_id])
        else:
            number = texts.number(use.text or "", use.text or "")
        length = len(texts.texts[number])
        if not 0 <= use.start < use.end <= length:
            why = f"the span {use.start}:{use.end} is not in the text, which has {length:,} characters"
            raise SourceError(name, why, line=use.line)
        seen_before = len(seen)
        seen.add((number, use.start, use.end, use.lemma, use.sense))
        if len(seen) > seen_before:
            texts.uses.append((number, use))
    return Labels(
        name,
        texts.texts,
        texts.keys,
        [number for number, _ in texts.uses],
        [use.start for _, use in texts.uses],
        [use.end for _, use in texts.uses],
        [use.lemma for _, use in texts.uses],
        [use.sense for _, use in texts.uses],
        repeated=len(uses) - len(texts.uses),
        other_splits=len(every) - len(uses),
        without_sense=len(found_uses) - len(every),
    )


@dataclass(slots=True)
class _Texts:
    """Texts, numbered as they come, and the uses in them."""

    texts: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    uses: list[tuple[int, _Use]] = field(default_factory=list)
    _numbers: dict[tuple[str, str], int] = field(default_factory=dict)

    def number(self, key: str, text: str) -> int:
        """The number of a text."""
        number = self._numbers.setdefault((key, text), len(self.texts))
        if number == len(self.texts):
            self.texts.append(text)
            self.keys.append(key)
        return number


def _texts_of_documents(uses: Sequence[_Use], name: str, documents: str | Path) -> dict[str, str]:
    """The texts of the documents that the uses name."""
    wanted = {use.document_id for use in uses}
    found: dict[str, str] = {}
    for document in _documents(documents):
        if document.document_id in found:
            why = f"two documents have the id {document.document_id!r}"
            raise SourceError(shown(Path(documents)), why)
        if document.document_id in wanted:
            found[document.document_id] = document.text
    for use in uses:
        if use.document_id is not None and use.document_id not in found:
            why = f"there is no document {use.document_id!r} in {shown(Path(documents))}"
            raise SourceError(name, why, line=use.line)
    return found


def _documents(documents: str | Path) -> Iterator[Document]:
    try:
        yield from read(documents)
    except SourceError as error:
        # There are no arguments here to read them otherwise.
        hint = _PLAINLY if ARGUMENT.search(error.hint) else error.hint
        raise SourceError(error.path, error.why, line=error.line, hint=hint) from error


def _no_such_split(split: str | None, splits: Counter[str | None]) -> str:
    named = sorted(name for name in splits if name is not None)
    have = ", ".join(named[:_SPLITS_SHOWN]) + (", ..." if len(named) > _SPLITS_SHOWN else "")
    return f"no use has the split {split!r}; " + (f"the splits are: {have}" if have else "none has a split")


def _use(path: str, line: int, entry: str, *, has_documents: bool) -> _Use | None:
    """What a line says; None where it is one of an export, and has no one sense."""

    def wrong(why: str, hint: str = "") -> SourceError:
        return SourceError(path, why, line=line, hint=hint)

    try:
        record = read_object(entry)
    except ValueError as error:
        raise wrong(str(error)) from error
    if record.keys() >= _OF_EXPORT and _has_no_sense(record["sense"]):
        return None
    start, end = (_offset(record, name, wrong) for name in ("start", "end"))
    lemma, sense = (_string(record, name, wrong) for name in ("lemma", "sense"))
    split = None if record.get("split") is None else _string(record, "split", wrong)
    if ("text" in record) == ("document_id" in record):
        both = "both 'text' and 'document_id'" if "text" in record else "neither 'text' nor 'document_id'"
        raise wrong(f"it has {both}; a use has one of them")
    if "text" in record:
        return _Use(line, start, end, lemma, sense, split, _string(record, "text", wrong), None)
    document_id = _string(record, "document_id", wrong)
    if not has_documents:
        raise wrong("it names a document, and no documents are given", "Give them with `documents=`.")
    return _Use(line, start, end, lemma, sense, split, None, document_id)


def _has_no_sense(cell: object) -> bool:
    """Whether a line of an export has no one sense, by its cell."""
    return cell is None or (isinstance(cell, str) and (cell in NO_SENSES or BETWEEN_SENSES in cell))


def _offset(record: dict[str, object], name: str, wrong: Callable[[str], SourceError]) -> int:
    value = record.get(name)
    if isinstance(value, bool) or not isinstance(value, int):
        raise wrong(f"the field {name!r} {'is missing' if name not in record else 'is not a whole number'}")
    return value


def _string(record: dict[str, object], name: str, wrong: Callable[[str], SourceError]) -> str:
    value = record.get(name)
    if not isinstance(value, str) or not value:
        raise wrong(f"the field {name!r} {'is missing' if name not in record else 'is not a string, or empty'}")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        why = f"half of a surrogate pair, \\u{ord(value[error.start]):04x}, stands alone in the field {name!r}"
        raise wrong(why) from error
    return value
