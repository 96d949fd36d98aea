"""The use case the rest exists for: the same word in a similar sense."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ctxsearch.analysis import Analyser
from ctxsearch.domain import ConcordanceLine, Usage
from ctxsearch.errors import QueryError
from ctxsearch.protocols import Encoder
from ctxsearch.query import scope
from ctxsearch.query.asked import Asked, Texts, embed_asked
from ctxsearch.query.concordance import shaped_order
from ctxsearch.query.filing import is_given, lemmas_of_form
from ctxsearch.query.finding import Place, find_keys
from ctxsearch.query.found import Found
from ctxsearch.query.lines import lines
from ctxsearch.query.options import Filters, Search
from ctxsearch.query.ranking import are_on_cards, search, search_many, towards
from ctxsearch.query.scope import ANYHOW, OpenShard, Rows, Written
from ctxsearch.query.shaping import best_per_document
from ctxsearch.query.words import require, require_written
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
    word = Texts(analyser, partial(is_given, shards)).marked(usage)
    rows = _rows_of_word(shards, word, asked, analyser)
    allowed = scope.allowed_documents(shards, asked.filters.where)
    vector = embed_asked([word], get_encoder())[0]
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
    allowed = scope.allowed_documents(shards, asked.filters.where)
    texts, words, rows = Texts(analyser, partial(is_given, shards)), [], []
    for number, usage in enumerate(usages):
        with usage_numbered(number):
            words.append(texts.marked(usage))
            rows.append(_rows_of_word(shards, words[-1], asked, analyser))
    vectors = embed_asked(words, get_encoder())
    first: list[list[Found] | None] = [None] * len(usages)
    wanted = _wanted(asked)
    if wanted is not None and are_on_cards(shards):
        # Usages of one word are searched for together.
        together: dict[tuple[tuple[Rows, ...], ...], list[int]] = {}
        for number, part in enumerate(rows):
            together.setdefault(tuple(map(tuple, part)), []).append(number)
        for numbers in together.values():
            found = search_many(shards, rows[numbers[0]], allowed, vectors[numbers], wanted, asked.min_score)
            for number, of_usage in zip(numbers, found, strict=True):
                first[number] = of_usage
    with ThreadPoolExecutor(os.cpu_count(), "ctxsearch-query") as threads:
        return list(
            threads.map(
                lambda part, vector, found: _nearest(shards, part, allowed, vector, asked, found=found),
                rows,
                vectors,
                first,
            )
        )


def _rows_of_word(
    shards: Sequence[OpenShard], word: Asked, asked: Search, analyser: Analyser
) -> Sequence[Sequence[Rows]]:
    filters = asked.filters
    if asked.any_word:
        rows = _rows_of_any_word(shards, filters)
    else:
        lemmas = lemmas_of_form(shards, word.form, analyser.lemma)
        rows = [_rows_of_lemmas(shard, lemmas) for shard in shards]
        require(shards, rows, lemmas[0], said=word.form)
        if filters.written:
            of_word, rows = rows, [_rows_of_lemmas(shard, lemmas, filters.written) for shard in shards]
            require_written(shards, of_word, rows, lemmas[0], filters.written)
    return filters.kept(shards, rows)


def like_occurrences(
    shards: Sequence[OpenShard], keys: Sequence[str], unlike: Sequence[str], asked: Search
) -> list[ConcordanceLine]:
    """The lines most like some occurrences and least like others, see `Index.like`."""
    places = find_keys(shards, [*keys, *unlike])
    liked, disliked = [places[key] for key in keys], [places[key] for key in unlike]
    if not liked:
        raise QueryError("Give the key of at least one line to be like.")
    if both := sorted(set(keys) & set(unlike)):
        raise QueryError(f"The line {both[0]} cannot be liked and not liked at once.")
    vectors = vectors_at(shards, liked + disliked)
    query = towards(vectors[: len(liked)], vectors[len(liked) :])
    filters = asked.filters
    if asked.any_word:
        rows = _rows_of_any_word(shards, filters)
    else:
        lemmas = dict.fromkeys(place.lemma for place in liked)
        rows = [_rows_of_lemmas(shard, lemmas) for shard in shards]
        if filters.written:
            of_word, rows = rows, [_rows_of_lemmas(shard, lemmas, filters.written) for shard in shards]
            require_written(shards, of_word, rows, next(iter(lemmas)), filters.written)
    allowed = scope.allowed_documents(shards, filters.where)
    rows = filters.kept(shards, rows)
    return _nearest(shards, rows, allowed, query, asked, {(place.shard, place.row) for place in liked + disliked})


def vectors_at(shards: Sequence[OpenShard], places: Sequence[Place]) -> NDArray[np.float32]:
    """The vectors of some occurrences as the codec keeps them, decoded. Shape: (n, dimension), float32."""
    numbers = np.array([place.shard for place in places], np.int64)
    rows = np.array([place.row for place in places], np.int64)
    vectors = np.empty((len(places), shards[0].parameters.dimension), np.float32)
    for number in sorted({place.shard for place in places}):
        own = numbers == number
        vectors[own] = shards[number].vectors.vectors(rows[own])
    return vectors


def _rows_of_any_word(shards: Sequence[OpenShard], filters: Filters) -> list[list[Rows]]:
    written = filters.written
    scope.require_tags(shards, written.tags)
    rows = [scope.all_rows(shard, written) for shard in shards]
    if written.forms:
        require(shards, rows, written.forms[0])
    return rows


def _rows_of_lemmas(shard: OpenShard, lemmas: Iterable[str], written: Written = ANYHOW) -> list[Rows]:
    return [row for lemma in lemmas for row in scope.rows_of_lemma(shard, lemma, written)]


def _nearest(
    shards: Sequence[OpenShard],
    rows: Sequence[Sequence[Rows]],
    allowed: Sequence[NDArray[np.bool_] | None],
    vector: NDArray[np.float32],
    asked: Search,
    without: Iterable[tuple[int, int]] = (),
    found: list[Found] | None = None,
) -> list[ConcordanceLine]:
    """Lines nearest first, ties by key, cut at k; then in the order that is asked for.

    Where nothing is left out, what a first search finds may be given, if it was made already.
    """
    given = set(without)
    shaping = asked.shaping
    shown = slice(shaping.offset, _wanted(asked))
    k = None if asked.k is None else shown.stop + len(given)
    while True:
        if found is None:
            found = search(shards, rows, allowed, vector, k, asked.min_score, exact=_is_exact(asked))
        others: Sequence[Found] = [item for item in found if (item.shard, item.row) not in given]
        if shaping.per_document is None:
            break
        others = best_per_document(shards, others, shaping.per_document)
        # Of one document there may be any number among the nearest: then more of them are looked at.
        if k is None or len(others) >= shown.stop or len(found) < k:
            others = _with_ties(others, shown.stop)
            break
        k, found = 4 * k, None
    made = lines(shards, others, asked.context, asked.calibration)
    # By the scores that cut them, some of which a codec makes more than a line shows: so pages fit together.
    ranked = sorted(range(len(made)), key=lambda at: (-(others[at].score or 0.0), made[at].key))[shown]
    found = [others[at] for at in ranked]
    if not shaping.order:
        return [made[at] for at in ranked]
    order = shaped_order(shards, found, [made[at] for at in ranked], shaping, asked.context)
    return [made[ranked[at]] for at in order]


def _wanted(asked: Search) -> int | None:
    """How many lines there must be, those that are passed over among them."""
    return None if asked.k is None else asked.shaping.offset + asked.k


def _is_exact(asked: Search) -> bool:
    # Clusters are of whole forms.
    return asked.exact or asked.any_word or asked.filters.looks_beside


def _with_ties(found: Sequence[Found], count: int | None) -> Sequence[Found]:
    """The first so many, and those that score as the last of them."""
    if count is None or count >= len(found):
        return found
    stop = count
    while stop < len(found) and found[stop].score == found[count - 1].score:
        stop += 1
    return found[:stop]
