"""A semantic concordance: finds the uses of a word that are like the one you have in mind, in a corpus of any size.

>>> import ctxsearch
>>> ctxsearch.Usage("They rowed to the bank.", 18, 22).start
18
"""

from importlib import import_module
from typing import TYPE_CHECKING

from ctxsearch.domain import ConcordanceLine, Document, Given, GivenSentence, Piece, Progress, Usage
from ctxsearch.errors import CtxSearchError
from ctxsearch.report import IndexInfo, IndexReport

if TYPE_CHECKING:
    from ctxsearch import evaluation as evaluation
    from ctxsearch import protocols as protocols
    from ctxsearch.corpus import Corpus, read
    from ctxsearch.index import Index
    from ctxsearch.learning import TrainingReport, train_head
    from ctxsearch.models import embed, pieces
    from ctxsearch.probing import Evaluation, evaluate, evaluate_layers

__all__ = [
    "ConcordanceLine",
    "Corpus",
    "CtxSearchError",
    "Document",
    "Evaluation",
    "Given",
    "GivenSentence",
    "Index",
    "IndexInfo",
    "IndexReport",
    "Piece",
    "Progress",
    "TrainingReport",
    "Usage",
    "embed",
    "evaluate",
    "evaluate_layers",
    "pieces",
    "read",
    "train_head",
]

__version__ = "0.1.0"

# Loaded when they are first used: a concordance reads no corpus, and starts the sooner for it.
_HOMES = {
    "Corpus": "corpus",
    "Evaluation": "probing",
    "Index": "index",
    "TrainingReport": "learning",
    "embed": "models",
    "evaluate": "probing",
    "evaluate_layers": "probing",
    "pieces": "models",
    "read": "corpus",
    "train_head": "learning",
}

# Modules that README names, and that need no import of their own.
_MODULES = ("evaluation", "protocols")


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES, *_MODULES})
