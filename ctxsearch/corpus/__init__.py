"""Reads folders and files of text, JSONL, CSV and TSV as a stream of documents."""

from ctxsearch.corpus.entries import read_entries
from ctxsearch.corpus.reading import Corpus, read
from ctxsearch.corpus.records import MAX_RECORD_CHARS

__all__ = ["MAX_RECORD_CHARS", "Corpus", "read", "read_entries"]
