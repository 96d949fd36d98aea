"""Reads dictionaries: headwords, their senses, definitions, and example sentences.

sense        what all of them are read into
reading      which reader reads a file; records of JSONL, CSV and TSV
elements     XML, of which only the elements asked for are kept
tei          TEI Lex-0
lmf          WN-LMF, the XML of the Global WordNet Association
wndb         the database files of WordNet
"""

from __future__ import annotations

from ctxsearch.corpus.dictionary.reading import is_wordnet, read_dictionary
from ctxsearch.corpus.dictionary.sense import DictionarySense

__all__ = ["DictionarySense", "is_wordnet", "read_dictionary"]
