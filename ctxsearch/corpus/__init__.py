"""Reads folders, archives and files of text, records, treebanks and TEI as documents; labelled uses; dictionaries."""

from ctxsearch.corpus.dictionary import DictionarySense, is_wordnet, read_dictionary
from ctxsearch.corpus.entries import read_entries
from ctxsearch.corpus.fields import read_fields
from ctxsearch.corpus.kinds import LABELS, other_kind
from ctxsearch.corpus.labels import Labels, read_labels
from ctxsearch.corpus.reading import Corpus, read
from ctxsearch.corpus.records import DEFAULT_COLUMNS

__all__ = [
    "DEFAULT_COLUMNS",
    "LABELS",
    "Corpus",
    "DictionarySense",
    "Labels",
    "is_wordnet",
    "other_kind",
    "read",
    "read_dictionary",
    "read_entries",
    "read_fields",
    "read_labels",
]
