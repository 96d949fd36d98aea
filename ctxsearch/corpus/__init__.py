"""Reads folders and files of text, JSONL, CSV and TSV as a stream of documents."""

from ctxsearch.corpus.entries import read_entries
from ctxsearch.corpus.labels import Labels, read_labels
from ctxsearch.corpus.reading import Corpus, read
from ctxsearch.corpus.records import MAX_RECORD_CHARS

__all__ = ["MAX_RECORD_CHARS", "Corpus", "Labels", "read", "read_entries", "read_labels"]
