"""Which reader reads a dictionary; the records of JSONL, CSV and TSV."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

from ctxsearch.corpus.dictionary.elements import root_of
from ctxsearch.corpus.dictionary.lmf import read_lmf
from ctxsearch.corpus.dictionary.sense import DictionarySense, Wants, every
from ctxsearch.corpus.dictionary.tei import read_tei
from ctxsearch.corpus.dictionary.wndb import is_wndb, read_wndb
from ctxsearch.corpus.kinds import DICTIONARY, other_kind
from ctxsearch.corpus.reading import read
from ctxsearch.domain import Document
from ctxsearch.errors import SourceError
from ctxsearch.naming import ARGUMENT
from ctxsearch.paths import path_of

_Reader = Callable[[Path, Wants], Iterator[DictionarySense]]
# By the root of an XML file.
_XML_READERS: dict[str, _Reader] = {"TEI": read_tei, "teiCorpus": read_tei, "LexicalResource": read_lmf}

_XML = (".xml", ".tei", ".xml.gz", ".tei.gz")
_LAYOUT = "A dictionary is kept in UTF-8, with headword, sense, definition and example or examples."


def read_dictionary(path: str | Path, *, wants: Wants = every) -> Iterator[DictionarySense]:
    """Reads the senses of a dictionary, one after the other.

    JSONL has ``{"headword": ..., "sense": ..., "definition": ..., "examples": [...]}`` in each line; CSV, TSV and
    spreadsheets have the columns ``headword``, ``sense``, ``definition`` and ``example``, a row for each example. TEI
    Lex-0 (``.xml``, ``.tei``) has ``entry``, ``form/orth``, ``sense`` with its ``xml:id``, ``def`` and
    ``cit[@type="example"]/quote``; a sense without an id is called by its headword and number. WN-LMF (``.xml``) is
    told from it by its root. All but spreadsheets may be packed with gzip (``.gz``). A folder is taken for the database
    files of a WordNet, ``data.noun`` and so on; one of these alone may be named, too.

    Args:
        path: the file or folder.
        wants: whether a sense of this headword is asked for; is called once for each sense.

    Raises:
        SourceError: it cannot be read.
    """
    path = path_of(path)
    yield from _reader_of(path)(path, wants)


def is_wordnet(path: str | Path) -> bool:
    """Whether a dictionary is one of a whole language's words, WN-LMF or the database files of a WordNet.

    Raises:
        SourceError: it cannot be read.
    """
    return _reader_of(path_of(path)) in (read_lmf, read_wndb)


def _reader_of(path: Path) -> _Reader:
    if is_wndb(path):
        return read_wndb
    if path.name.lower().endswith((".txt", ".txt.gz")) and path.is_file():
        raise SourceError(str(path), "it is plain text, and no dictionary", hint=_LAYOUT)
    if not path.name.lower().endswith(_XML):
        return _read_records
    root = root_of(path)
    if root not in _XML_READERS:
        raise SourceError(
            str(path), f"its root is <{root}>, so it is neither TEI Lex-0 (<TEI>) nor WN-LMF (<LexicalResource>)"
        )
    return _XML_READERS[root]


def _read_records(path: Path, wants: Wants) -> Iterator[DictionarySense]:
    try:
        yield from _senses(path, wants)
    except SourceError as error:
        if other := other_kind(path, DICTIONARY):
            raise other from error
        raise


def _senses(path: Path, wants: Wants) -> Iterator[DictionarySense]:
    for document in _documents(path):
        headword, examples = document.metadata.get("headword"), document.metadata.get("examples")
        if not isinstance(headword, str) or not headword.strip():
            raise SourceError(document.uri.partition("#")[0] or str(path), f"{document.document_id!r} has no headword")
        if not wants(headword.strip()):
            continue
        sentences = _sentences(examples) if isinstance(examples, str) else []
        one = document.metadata.get("example")
        if isinstance(one, str) and one.strip():
            sentences.append(one)
        yield DictionarySense(headword.strip(), document.document_id, document.text.strip(), sentences)


def _documents(path: Path) -> Iterator[Document]:
    """The records as documents, whose text is the definition."""
    try:
        yield from read(path, text_column="definition", id_column="sense")
    except SourceError as error:
        # Of what is wrong with a document the hint may name an argument, which dictionaries have not.
        hint = _LAYOUT if ARGUMENT.search(error.hint) else error.hint
        why = error.why.replace(" for the text", "").replace("the document's id is empty", "the sense has no name")
        raise SourceError(error.path, why, line=error.line, hint=hint or _LAYOUT) from error


def _sentences(examples: str) -> list[str]:
    """The sentences of a list, which the reader of documents gives as JSON."""
    try:
        found = json.loads(examples)
    except ValueError:
        return [examples]
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else [examples]
