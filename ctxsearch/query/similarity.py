"""The use case the rest exists for: the same word in a similar sense."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from ctxsearch.analysis import Analyser
from ctxsearch.domain import ConcordanceLine, Usage
from ctxsearch.errors import QueryError
from ctxsearch.protocols import Encoder
from ctxsearch.query import scope
from ctxsearch.query.asked import embed, marked_token
from ctxsearch.query.keys import find_key, require, require_form
from ctxsearch.query.lines import lines
from ctxsearch.query.nearby import with_nearby
from ctxsearch.query.options import Search
from ctxsearch.query.ranking import search, towards
from ctxsearch.query.scope import OpenShard, Rows
from ctxsearch.usage import usage_numbered


def like_usage(
    shards: Sequence[OpenShard],
    usage: Usage,
    asked: Search,
    *,
    analyser: Analyser,
    get_encoder: Callable[[], Encoder],
) -> list[ConcordanceLine]:
    """The lines most like a usage, see `Index.query`; the encoder is loaded only once all else is known to be right."""
    rows = _rows_of_usage(shards, usage, asked, analyser)
    allowed = scope.allowed_documents(shards, asked.where)
    vector = embed([usage], analyser, get_encoder())[0]
    return _nearest(shards, rows, allowed, vector, asked)


def like_usages(
    shards: Sequence[OpenShard],
    usages: Sequence[Usage],
    asked: Search,
    *,
    analyser: Analyser,
    get_encoder: Callable[[], Encoder],
) -> list[list[ConcordanceLine]]:
    """The lines most like each of many usages, see `Index.query_many`."""
    allowed = scope.allowed_documents(shards, asked.where)
    rows = []
    for number, usage in enumerate(usages):
        with usage_numbered(number):
            rows.append(_rows_of_usage(shards, usage, asked, analyser))
    vectors = embed(usages, analyser, get_encoder())
    with ThreadPoolExecutor(os.cpu_count(), "ctxsearch-query") as threads:
        return list(threads.map(lambda part, vector: _nearest(shards, part, allowed, vector, asked), rows, vectors))


def _rows_of_usage(
    shards: Sequence[OpenShard], usage: Usage, asked: Search, analyser: Analyser
) -> Sequence[Sequence[Rows]]:
    word = marked_token(usage, analyser)
    if asked.any_word:
        rows = _rows_of_any_word(shards, asked)
    else:
        lemma = scope.known_lemma(shards, word.form) or analyser.lemma(word.form)
        rows = [scope.rows_of_lemma(shard, lemma) for shard in shards]
        require(shards, rows, lemma)
        if asked.forms:
            of_word, rows = rows, [scope.rows_of_lemma(shard, lemma, asked.forms) for shard in shards]
            require_form(shards, of_word, rows, lemma, asked.forms[0])
    return with_nearby(shards, rows, asked.near)


def like_occurrences(
    shards: Sequence[OpenShard], keys: Sequence[str], unlike: Sequence[str], asked: Search
) -> list[ConcordanceLine]:
    """The lines most like some occurrences and least like others, see `Index.like`."""
    liked = [find_key(shards, key) for key in keys]
    disliked = [find_key(shards, key) for key in unlike]
    if not liked:
        raise QueryError("Give the key of at least one line to be like.")
    if both := sorted(set(keys) & set(unlike)):
        raise QueryError(f"The line {both[0]} cannot be liked and not liked at once.")
    vectors = np.stack([shards[place.shard].vectors.vectors(np.array([place.row]))[0] for place in liked + disliked])
    query = towards(vectors[: len(liked)], vectors[len(liked) :])
    if asked.any_word:
        rows = _rows_of_any_word(shards, asked)
    else:
        lemmas = dict.fromkeys(place.lemma for place in liked)
        rows = [_rows_of_lemmas(shard, lemmas) for shard in shards]
        if asked.forms:
            of_word, rows = rows, [_rows_of_lemmas(shard, lemmas, asked.forms) for shard in shards]
            require_form(shards, of_word, rows, next(iter(lemmas)), asked.forms[0])
    allowed = scope.allowed_documents(shards, asked.where)
    rows = with_nearby(shards, rows, asked.near)
    return _nearest(shards, rows, allowed, query, asked, {(place.shard, place.row) for place in liked + disliked})


def _rows_of_any_word(shards: Sequence[OpenShard], asked: Search) -> list[list[Rows]]:
    rows = [scope.all_rows(shard, asked.forms) for shard in shards]
    if asked.forms:
        require(shards, rows, asked.forms[0])
    return rows


def _rows_of_lemmas(shard: OpenShard, lemmas: Iterable[str], forms: Sequence[str] = ()) -> list[Rows]:
    return [row for lemma in lemmas for row in scope.rows_of_lemma(shard, lemma, forms)]


def _nearest(
    shards: Sequence[OpenShard],
    rows: Sequence[Sequence[Rows]],
    allowed: Sequence[NDArray[np.bool_] | None],
    vector: NDArray[np.float32],
    asked: Search,
    without: Iterable[tuple[int, int]] = (),
) -> list[ConcordanceLine]:
    """Lines nearest first, ties by key, cut at k."""
    given = set(without)
    k = None if asked.k is None else asked.k + len(given)
    # Clusters are of whole forms.
    exact = asked.exact or asked.any_word or bool(asked.near)
    found = search(shards, rows, allowed, vector, k, asked.min_score, exact=exact)
    others = [item for item in found if (item.shard, item.row) not in given]
    made = lines(shards, others, asked.context, asked.calibration)
    made.sort(key=lambda line: (-(line.score or 0.0), line.key))
    return made[: asked.k]
