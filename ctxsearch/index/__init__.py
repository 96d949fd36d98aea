"""The public face: class Index joins the use cases to SQLite, FAISS and the model.

Back ends are imported when they are first used, and only here, so that ``import ctxsearch`` and every command that
needs no model stay light.
"""

from ctxsearch.index.changes import DEFAULT_SHARD_TOKENS
from ctxsearch.index.index import Index

__all__ = ["DEFAULT_SHARD_TOKENS", "Index"]
