"""Occurrences as numbers, beside a plain list of them."""

from __future__ import annotations

import pickle

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ctxsearch.query.found import Found, Listing, by_shard

_PLACES = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 1 << 40)), max_size=12)


def _listing(places: list[tuple[int, int]]) -> tuple[Listing, list[Found]]:
    pairs = np.array(places, np.int64).reshape(-1, 2)
    return Listing(pairs[:, 0], pairs[:, 1]), [Found(shard, row, None) for shard, row in places]


@given(_PLACES, st.slices(12), st.data())
def test_a_listing_is_what_a_list_is(places: list[tuple[int, int]], some: slice, data: st.DataObject) -> None:
    """Its length, its order, its parts; and it outlives being pickled."""
    listing, plain = _listing(places)
    assert (len(listing), list(listing), list(reversed(listing))) == (len(plain), plain, plain[::-1])
    assert list(listing[some]) == plain[some]
    assert [listing[at] for at in range(-len(plain), len(plain))] == [*plain, *plain]
    chosen = data.draw(st.lists(st.integers(0, len(plain) - 1), max_size=9)) if plain else []
    assert list(listing.at(chosen)) == [plain[at] for at in chosen]
    assert list(pickle.loads(pickle.dumps(listing))) == plain


@given(_PLACES)
def test_shards_are_the_same_of_either(places: list[tuple[int, int]]) -> None:
    """A listing and a list fall into the same shards."""
    listing, plain = _listing(places)
    kinds = [[(n, p.tolist(), r.tolist()) for n, p, r in by_shard(one)] for one in (listing, plain)]
    assert kinds[0] == kinds[1]
