"""A semantic concordance: finds the uses of a word that are like the one you have in mind, in a corpus of any size.

>>> import ctxsearch
>>> ctxsearch.Usage("They rowed to the bank.", 18, 22).start
18
"""

from ctxsearch.corpus import Corpus, read
from ctxsearch.domain import ConcordanceLine, Document, IndexInfo, IndexReport, Piece, Progress, Usage
from ctxsearch.errors import CtxSearchError
from ctxsearch.index import Index
from ctxsearch.models import embed, pieces

__all__ = [
    "ConcordanceLine",
    "Corpus",
    "CtxSearchError",
    "Document",
    "Index",
    "IndexInfo",
    "IndexReport",
    "Piece",
    "Progress",
    "Usage",
    "embed",
    "pieces",
    "read",
]

__version__ = "0.1.0"
