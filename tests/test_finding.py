"""Many occurrences are found by their keys at once, just as they are one by one."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from conftest import TOPICS, MakeIndex, WindowEncoder, small_clusters
from treebank import tagged

from ctxsearch import Document, Index
from ctxsearch.errors import KeyNotFound
from ctxsearch.query import finding
from ctxsearch.query.finding import find_key, find_keys, places_of_keys
from ctxsearch.query.found import Found
from ctxsearch.query.lines import lines

TAGGED = [
    "They/they/PRON saw/see/VERB the/the/DET saw/saw/NOUN by/by/ADP the/the/DET bank/bank/NOUN",
    "We/we/PRON bank/bank/VERB here/here/ADV",
]


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A word of fifty uses is in clusters, and segments are read three at a time."""
    small_clusters(monkeypatch)
    monkeypatch.setattr(finding, "_SEGMENTS_AT_ONCE", 3)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """Frequent words in clusters, tagged ones, one spelled in two ways, and documents replaced and taken out.

    Made once, for all tests to read.
    """
    texts = []
    for number in range(60):
        chance = random.Random(number)
        words = TOPICS[number % 3].split()
        texts.append(" ".join(f"{chance.choice(words)} by the bank of the {chance.choice(words)}." for _ in range(7)))
    documents = [Document(f"d:{number:02}", text) for number, text in enumerate(texts)]
    documents += [tagged("tagged", TAGGED), Document("café", "A caf\u00e9 and a cafe\u0301 by the bank.")]
    with (
        pytest.MonkeyPatch.context() as patch,
        Index.create(tmp_path_factory.mktemp("finding") / "index", model="window", encoder=WindowEncoder()) as made,
    ):
        small_clusters(patch)
        made.add(documents, shard_tokens=900)
        made.add([Document("d:07", "The bank was moved.")], replace=True)
        made.remove(["d:11"])
        assert made.info().shards > 2
        assert any(len(shard.clusters.starts) > 2 for shard in made.open_shards())
        yield made


def all_keys(index: Index) -> list[str]:
    """The keys of all words, in no order."""
    keys = [line.key for line in index.query("The [bank].", k=None, any_word=True)]
    random.Random(0).shuffle(keys)
    return keys


@pytest.mark.parametrize("segments_per_key", [0, 1, 16])
@pytest.mark.parametrize("n", [0, 1, 7, 300, None])
def test_many_are_found_where_each_is(
    index: Index, monkeypatch: pytest.MonkeyPatch, segments_per_key: int, n: int | None
) -> None:
    """Every place is the one that the key alone leads to, in the order of the keys, and none is looked for twice."""
    monkeypatch.setattr(finding, "_SEGMENTS_PER_KEY", segments_per_key)
    keys, shards = all_keys(index)[:n], index.open_shards()
    expected = {key: find_key(shards, key) for key in keys}
    monkeypatch.delattr(finding, "find_key")
    found = find_keys(shards, [*keys, *keys[:3]])
    assert found == expected
    assert list(found) == list(expected)


def test_each_place_is_that_of_the_line_with_the_key(index: Index) -> None:
    """What is found by a key, be it alone or among others, makes the line that has this key."""
    keys, shards = all_keys(index)[:300], index.open_shards()
    for places in (find_keys(shards, keys).values(), [find_key(shards, key) for key in keys]):
        made = lines(shards, [Found(place.shard, place.row, None) for place in places], 1)
        assert [(line.key, line.lemma) for line in made] == [
            (key, place.lemma) for key, place in zip(keys, places, strict=True)
        ]


def test_half_of_a_surrogate_pair_hides_no_other_key(index: Index) -> None:
    """No document is called so; those of the same statement are found all the same."""
    keys = all_keys(index)[:40]
    assert set(places_of_keys(index.open_shards(), [*keys[:20], "\ud800:0", *keys[20:]])) == set(keys)


def test_vectors_are_those_of_each_by_itself(index: Index) -> None:
    """Vectors of many lines and keys, some given twice, are to the last bit those of each alone."""
    lines = index.concordance("bank", limit=None)
    random.Random(1).shuffle(lines)
    together = index.vectors([*lines, *(line.key for line in lines[:9])])
    np.testing.assert_array_equal(together, [index.vectors(line)[0] for line in [*lines, *lines[:9]]])


@pytest.mark.parametrize(
    "wrong", ["d:11:0", "nowhere:4", "d:01:1", "d:01:99999", "d:07:40", "d:01:00", "d:01", "", "d:01:", "tagged:6"]
)
@pytest.mark.parametrize("others", [[], ["d:11:6", "gone:1", "tagged"]])
def test_first_wrong_key_is_told(index: Index, wrong: str, others: Sequence[str]) -> None:
    """Of many keys the first that is wrong is told, in the words that it would be told in alone."""
    keys = all_keys(index)[:40]
    with pytest.raises(KeyNotFound) as alone:
        find_key(index.open_shards(), wrong)
    with pytest.raises(KeyNotFound) as raised:
        index.vectors([*keys[:20], wrong, *others, *keys[20:], wrong])
    assert (str(raised.value), raised.value.key) == (str(alone.value), wrong)


def test_line_of_another_index_is_found_by_its_key(index: Index, make_index: MakeIndex) -> None:
    """A line counts by its key alone: what another index says of the word there is not taken over."""
    other = make_index([Document("d:07", "The boat was moved. The bank.")])
    boat = other.concordance("boat")[0]
    np.testing.assert_array_equal(index.vectors(boat), index.vectors("d:07:4"))
    with pytest.raises(KeyNotFound, match="no word begins there"):
        index.vectors(other.concordance("bank"))


def test_word_around_a_character_is_told(make_index: MakeIndex) -> None:
    """Inside a word its key is told, if it has one, and of a very long word its beginning; between words nothing."""
    long = "long" * 30
    index = make_index([tagged("a:b", [f"the/the/DET \ufffd\ufffd/lost/X {long}/long/ADJ bank/bank/NOUN"])])
    told = {
        "a:b:2": "no word begins there; it is inside 'the', whose key is 'a:b:0'",
        "a:b:3": "no word begins there",
        "a:b:5": "no word begins there; it is inside '\ufffd\ufffd'",
        "a:b:60": f"no word begins there; it is inside '{long[:50]}…', whose key is 'a:b:7'",
        "a:b:4": "the model gave that word no vector",
    }
    for key, why in told.items():
        with pytest.raises(KeyNotFound) as raised:
            index.vectors(["a:b:0", key])
        assert raised.value.why == why
    assert index.vectors(["a:b:0", "a:b:7"]).shape == (2, 64)
