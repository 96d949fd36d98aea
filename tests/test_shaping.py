"""Lines are sorted by any keys, drawn by document and paged, and nothing is lost or said twice."""

from __future__ import annotations

import json
import pickle
import random
import re
import shutil
from collections import Counter
from collections.abc import Sequence
from functools import cmp_to_key
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from command_line import ctxsearch as command
from conftest import MakeIndex, WindowEncoder
from hypothesis import given, settings
from hypothesis import strategies as st

from ctxsearch import ConcordanceLine, Document, Index
from ctxsearch.cli import output
from ctxsearch.errors import IndexDamaged, QueryError, SenseError
from ctxsearch.query import beside, concordance

YEARS = (1999, 1850, None, "unknown", 1999, 2001.5, 1850)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    """Seven documents in two shards, with years of all kinds."""
    draw = random.Random(1)
    made = Index.create(tmp_path_factory.mktemp("shaping") / "index", encoder=WindowEncoder())
    documents = []
    for number, year in enumerate(YEARS):
        words = draw.choices(["bank", "Bank", "river", "money", "old"], k=30)
        metadata = {} if year is None else {"year": year, "genre": "ab"[number % 2]}
        documents.append(Document(f"d{number}", " ".join(words) + ".", metadata))
    made.add(documents[:4])
    made.add(documents[4:])
    made.add([Document("gone", "Bank " * 40, {"year": 1850, "genre": "a"})])
    made.remove(["gone"])
    return made


def _made(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many lines are made at a time, from now on."""
    made: list[int] = []

    def counting(shards: object, found: Sequence[object], *rest: object) -> list[ConcordanceLine]:
        made.append(len(found))
        return lines(shards, found, *rest)  # type: ignore[arg-type]

    lines = concordance.lines
    monkeypatch.setattr(concordance, "lines", counting)
    return made


def plain_words(text: str) -> list[str]:
    """Words in small letters, without what is written to them; what has no letter at all is left as it is."""
    return [re.sub(r"^[^\w]+|[^\w]+$", "", word) or word for word in text.lower().split()]


def plain_key(line: ConcordanceLine, name: str, place: int, *, is_last: bool) -> object:
    """What a line is sorted by, said as plainly as may be; before other keys some leave more lines alike."""
    if name == "corpus":
        return place
    if not is_last and name in ("node", "document_id"):
        return line.node.lower() if name == "node" else line.document_id
    if name == "left":
        return plain_words(line.left)[::-1], line.node.lower(), line.right.lower()
    if name == "right":
        return plain_words(line.right), line.node.lower()
    if name == "node":
        return line.node.lower(), line.right.lower()
    if name == "form":
        return line.form.lower(), line.form
    if name == "document_id":
        return line.document_id, line.start
    return line.metadata.get(name)


def compare(one: object, other: object) -> int:
    """Numbers before words."""
    if isinstance(one, int | float) != isinstance(other, int | float):
        return -1 if isinstance(one, int | float) else 1
    return (one > other) - (one < other)  # type: ignore[operator]


KEYS = st.tuples(
    st.sampled_from(["corpus", "left", "right", "node", "form", "document_id", "year", "genre"]), st.booleans()
)


@settings(max_examples=60)
@given(st.lists(KEYS, min_size=1, max_size=3), st.integers(0, 60), st.integers(1, 40))
def test_sorted_as_a_plain_sort_would(index: Index, keys: list[tuple[str, bool]], offset: int, limit: int) -> None:
    """Several keys, each either way; ties stay in the order of the corpus; pages are stretches of the whole."""
    every = index.concordance("bank")
    order = [("-" if is_reversed else "") + name for name, is_reversed in keys]

    def before(one: tuple[int, ConcordanceLine], other: tuple[int, ConcordanceLine]) -> int:
        for at, (name, is_reversed) in enumerate(keys, 1):
            first, second = (plain_key(line, name, place, is_last=at == len(keys)) for place, line in (one, other))
            if (first is None) != (second is None):
                return 1 if first is None else -1
            if first is not None and (found := compare(first, second)):
                return -found if is_reversed else found
        return one[0] - other[0]

    expected = [line for _, line in sorted(enumerate(every), key=cmp_to_key(before))]
    assert index.concordance("bank", order=order) == expected
    for at_once in (1, 7, 1 << 14):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("ctxsearch.query.concordance._SORTED_AT_ONCE", at_once)
            page = index.concordance("bank", order=",".join(order), offset=offset, limit=limit)
        assert page == expected[offset:][:limit]


def test_marks_beside_a_word_do_not_part_it_from_its_like(make_index: MakeIndex) -> None:
    """Sorted by the words beside it, a quoted word stands with the same word without its quotation mark."""
    texts = [
        "\u201cOld banks fail.",
        "An old bank, too.",
        "The ``Old bank''.",
        "New banks fail.",
        "(Young banks fail.)",
    ]
    index = make_index([Document(str(number), text) for number, text in enumerate(texts)])
    lines = index.concordance("bank", order="left")
    assert [line.left.split()[-1].strip("(`\u201c").lower() for line in lines] == ["new", "old", "old", "old", "young"]


def test_pages_of_an_answer(index: Index) -> None:
    """Pages of a query, of a concordance and of a sample join to the whole."""
    usage = "They rowed to the [bank] of the old river."
    every = index.query(usage, k=None)
    assert [line for offset in range(0, 99, 7) for line in index.query(usage, k=7, offset=offset)] == every
    sample = index.concordance("bank", sample=20, seed=3)
    pages = [index.concordance("bank", sample=20, seed=3, offset=offset, limit=6) for offset in range(0, 24, 6)]
    assert [line for page in pages for line in page] == sample
    lines = index.concordance("bank", where=["year>=1850"])
    for offset, limit in product((0, 1, 20, len(lines) - 1, len(lines), len(lines) + 1), (1, 7, len(lines) + 1)):
        page = index.concordance("bank", where=["year>=1850"], offset=offset, limit=limit)
        assert page == lines[offset : offset + limit]


def test_so_many_lines_of_a_document(index: Index) -> None:
    """Of each document so many are drawn, the same for one seed; of an answer, its nearest."""
    every = index.concordance("bank")
    have = Counter(line.document_id for line in every)
    found = index.concordance("bank", per_document=3, seed=5)
    assert Counter(line.document_id for line in found) == {name: min(3, count) for name, count in have.items()}
    assert found == index.concordance("bank", per_document=3, seed=5) != index.concordance("bank", per_document=3)
    assert [line for line in every if line in found] == found
    usage = "They rowed to the [bank] of the old river."
    nearest = index.query(usage, k=None)
    seen: Counter[str] = Counter()
    chosen = set()
    for line in sorted(nearest, key=lambda one: (-(one.score or 0), one.document_id, one.start)):
        seen[line.document_id] += 1
        if seen[line.document_id] <= 2:
            chosen.add(line.key)
    expected = [line for line in nearest if line.key in chosen]
    assert index.query(usage, k=None, per_document=2) == expected
    assert index.query(usage, k=4, offset=3, per_document=2) == expected[3:7]


def test_answer_in_another_order(index: Index) -> None:
    """What is found by nearness is shown in any order: the same lines."""
    usage = "They rowed to the [bank] of the old river."
    nearest = index.query(usage, k=9)
    by_year = index.query(usage, k=9, order=["-year", "left"])
    assert sorted(line.key for line in by_year) == sorted(line.key for line in nearest)
    years = [line.metadata.get("year") for line in by_year]
    words = [year for year in years if isinstance(year, str)]
    assert years[: len(words)] == words
    assert index.like(nearest[0].key, k=5, order="score") == index.like(nearest[0].key, k=5)


def test_search_in_the_order_of_the_corpus(index: Index) -> None:
    """What is nearest is shown as the corpus has it, either way; a concordance has no scores to be sorted by."""
    usage = "They rowed to the [bank] of the old river."
    found = {line.key for line in index.query(usage, k=12)}
    in_order = [line.key for line in index.concordance("bank") if line.key in found]
    assert [line.key for line in index.query(usage, k=12, order="corpus")] == in_order
    assert [line.key for line in index.query(usage, k=12, order="-corpus")] == in_order[::-1]
    with pytest.raises(QueryError, match="There is no order 'score'; use corpus, left"):
        index.concordance("bank", order="score")


def test_no_more_lines_are_in_memory_than_are_sorted_at_once(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first of an order are found part by part, however many lines there are."""
    made = _made(monkeypatch)
    monkeypatch.setattr(concordance, "_SORTED_AT_ONCE", 8)
    assert len(index.concordance("bank", order="pos", limit=3)) == 3
    assert (max(made), sum(made)) == (8, index.count("bank") + 3)
    made.clear()
    # The word to the right tells of most that they are not among the first.
    assert len(index.concordance("bank", order="right", limit=3)) == 3
    assert sum(made) < index.count("bank") / 2


def test_few_words_are_shown_and_more_compared(index: Index) -> None:
    """Lines are sorted by the words beside them also where none, or one, is shown."""
    wide = [line.key for line in index.concordance("bank", order="-right", context=10)]
    assert [line.key for line in index.concordance("bank", order="-right", context=0)] == wide
    assert {line.right for line in index.concordance("bank", order="-right", context=0)} <= {"", ".", " "}


def test_numbers_of_any_size_are_sorted_and_counted(tmp_path: Path) -> None:
    """Whole numbers beyond any float, years before our era, and columns that are called like a key."""
    years = [-600, 1999, 1200, 10**400, 50, -10]
    with Index.create(tmp_path / "index", encoder=WindowEncoder()) as made:
        made.add(Document(f"d{n}", "A bank.", {"n": year, "left": n}) for n, year in enumerate(years))
        by_year = [line.metadata["n"] for line in made.concordance("bank", order="n")]
        assert by_year == sorted(years)
        assert [line.metadata["left"] for line in made.concordance("bank", order="-metadata.left")] == [
            5,
            4,
            3,
            2,
            1,
            0,
        ]
        counted = {one.values[0]: one.count for one in made.frequencies("bank", "n:20")}
        assert counted["-600 to -581"] == counted["-20 to -1"] == counted["40-59"] == counted["1980-1999"] == 1
        assert [one.count for one in made.frequencies("bank", "metadata.left")] == [1] * 6


def test_one_document_may_have_all_that_is_near(tmp_path: Path) -> None:
    """However many of the nearest are of one document, others are found for the lines that are left."""
    with Index.create(tmp_path / "index", encoder=WindowEncoder()) as made:
        made.add([Document("many", "The bank of the river. " * 300)])
        made.add(Document(f"d{n}", f"A bank of word{n} and money.") for n in range(5))
        usage = "We sat on the [bank] of the river."
        found = made.query(usage, k=5, per_document=2)
        assert [line.document_id for line in found][:2] == ["many", "many"]
        assert len({line.document_id for line in found[2:]}) == 3


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"order": "length"}, "There is no order 'length'; use corpus, left, .*, genre, year"),
        ({"order": ["year", ""]}, "There is no order ''"),
        ({"offset": -1}, "-1 lines cannot be passed over"),
        ({"per_document": 0}, "0 lines a document cannot be shown"),
    ],
)
def test_wrong_shape_is_told(index: Index, options: dict[str, object], why: str) -> None:
    """Keys and numbers that cannot be are told in a sentence."""
    with pytest.raises(QueryError, match=why):
        index.concordance("bank", **options)  # type: ignore[arg-type]
    with pytest.raises(QueryError, match=why):
        index.query("A [bank].", **options)  # type: ignore[arg-type]


def test_subcorpus_stands_for_its_conditions(index: Index) -> None:
    """A name that was given to conditions stands for them wherever conditions are, and is undone as all else is."""
    subcorpora = index.subcorpora(by="ann")
    assert subcorpora.list() == {}
    subcorpora.save("old", ["year<1900"])
    subcorpora.save("old b", ["@old", "genre=b"])
    assert subcorpora.list() == {"old": ["year<1900"], "old b": ["year<1900", "genre=b"]}
    assert index.concordance("bank", where=["@old"]) == index.concordance("bank", where=["year<1900"]) != []
    assert index.count("bank", where=["@old b"]) == index.count("bank", where=["year<1900", "genre=b"])
    usage = "They rowed to the [bank]."
    assert index.query(usage, where=["@old"]) == index.query(usage, where=["year<1900"])
    subcorpora.save("old", ["year<1800"])
    assert index.count("bank", where=["@old"]) == 0
    assert index.senses(by="ann").undo().what == "saved subcorpus old"
    assert index.count("bank", where=["@old"]) == index.count("bank", where=["year<1900"])
    subcorpora.remove("old b")
    with pytest.raises(QueryError, match="There is no subcorpus 'old b'; there are: old"):
        index.count("bank", where=["@old b"])
    with pytest.raises(QueryError, match="There is no subcorpus"):
        subcorpora.remove("old b")
    for name, error in (("a=b", QueryError), ("@x", QueryError), ("", SenseError), (" x", SenseError)):
        with pytest.raises(error):
            subcorpora.save(name, ["year<1900"])
    with pytest.raises(QueryError, match="Say what the subcorpus is"):
        subcorpora.save("empty", [])
    with pytest.raises(QueryError, match="cannot be read"):
        subcorpora.save("bad", ["year"])
    with pytest.raises(QueryError, match="No document has the column 'yaer'; there are: "):
        subcorpora.save("bad", ["yaer<1900"])
    assert list(subcorpora.list()) == ["old"]
    subcorpora.remove("old")
    assert subcorpora.sizes() == {}


def test_subcorpora_have_sizes(make_index: MakeIndex) -> None:
    """Documents and words that meet the conditions, of those that are left; none where no document has the column."""
    index = make_index([Document(f"{n}", "A bank. " * n, {"year": 1900 + n}) for n in (1, 2, 3)], shard_tokens=1)
    index.add([Document("x", "A bank.", {"genre": "x"})])
    subcorpora = index.subcorpora(by="ann")
    subcorpora.save("late", ["year>1901"])
    subcorpora.save("x", ["genre=x"])
    subcorpora.save("never", ["year>3000"])
    index.remove(["x", "2"])
    sizes = {name: size and (size.documents, size.words) for name, size in subcorpora.sizes().items()}
    assert sizes == {"late": (1, 6), "never": (0, 0), "x": None}
    assert "@x      genre=x  [no such column]" in command("subcorpora", "list", index.path).stdout


BY = st.lists(st.sampled_from(["form", "document_id", "genre", "year", "year:50"]), min_size=1, max_size=2, unique=True)


def plain_value(of: ConcordanceLine | Document, name: str) -> object:
    """What a line, or the document that it is from, is counted as, said as plainly as may be."""
    if name in ("form", "document_id"):
        return getattr(of, name, None)
    year = of.metadata.get(name.removesuffix(":50"))
    if name == "year:50" and isinstance(year, int | float):
        return next(f"{first}-{first + 49}" for first in range(0, 3000, 50) if first <= year < first + 50)
    return year


@settings(max_examples=60)
@given(BY, st.sampled_from([(), ["year<1900"], ["genre=a"]]), st.sampled_from([(), "river:2", "!old"]), st.booleans())
def test_counts_are_those_of_the_lines(
    index: Index, by: list[str], where: list[str], near: str, with_pattern: bool
) -> None:
    """Whatever is counted by, under any filters, counts are of all lines, and words of all documents allowed."""
    cql = '[lemma="bank"] [word!="bank"]' if with_pattern else ()
    lines = index.concordance("bank", where=where, near=near, cql=cql)
    counts = Counter(tuple(plain_value(line, name) for name in by) for line in lines)
    found = index.frequencies("bank", by, where=where, near=near, cql=cql)
    assert {one.values: one.count for one in found if one.count} == counts
    words: Counter[tuple[object, ...]] = Counter()
    for document in (index.document(f"d{number}") for number in range(len(YEARS))):
        year = document.metadata.get("year")
        is_early = isinstance(year, int | float) and year < 1900
        if {"year<1900": is_early, "genre=a": document.metadata.get("genre") == "a"}.get("".join(where), True):
            words[tuple(plain_value(document, name) for name in by)] += 30
    for one in found:
        assert one.words == words[tuple(None if name == "form" else one.values[by.index(name)] for name in by)]
        assert one.per_million == (1_000_000 * one.count / one.words if one.words else None)
    if "year:50" not in by:
        assert [one.count for one in found] == sorted(counts.values(), reverse=True)
    elif by[0] == "year:50":
        periods = [str(one.values[0]) for one in found]
        numbered = [int(period.split("-")[0]) for period in periods if period[0].isdigit()]
        assert numbered == sorted(numbered)
    assert index.count("bank", where=where, near=near, cql=cql) == len(lines)


def test_a_column_is_named_once(make_index: MakeIndex) -> None:
    """A row of a table has one cell a column."""
    with make_index([Document("a", "The bank.", {"genre": "a", "count": 3})]) as index:
        assert list(index.frequencies("bank", ["form", "form"])[0].as_dict())[:2] == ["form", "count"]
        with pytest.raises(QueryError, match=r"'metadata\.count' is named twice; name each column once"):
            index.frequencies("bank", ["count", "genre", "metadata.count"])


def test_periods_are_in_order_below_what_is_named_before_them(make_index: MakeIndex) -> None:
    """The first column is foremost; periods between that have no line are told where nothing else is counted by."""
    made = [("a", 1990), ("a", 1890), ("b", 1990), ("b", 1990), ("b", 1905), ("c", 1930), ("c", None)]
    index = make_index(
        [
            *(Document(f"{n}", "A bank.", {"genre": genre, "year": year}) for n, (genre, year) in enumerate(made)),
            Document("none", "A tree in a wood.", {"genre": "c", "year": 1970}),
            Document("later", "A tree.", {"genre": "c", "year": 2010}),
        ],
        shard_tokens=5,
    )
    found = index.frequencies("bank", ["genre", "year:20"])
    assert [(*one.values, one.count, one.words) for one in found] == [
        ("b", "1900-1919", 1, 2),
        ("b", "1980-1999", 2, 4),
        ("a", "1880-1899", 1, 2),
        ("a", "1980-1999", 1, 2),
        ("c", "1920-1939", 1, 2),
        ("c", None, 1, 2),
    ]
    periods = index.frequencies("bank", "year:20")
    assert [(*one.values, one.count, one.words) for one in periods] == [
        ("1880-1899", 1, 2),
        ("1900-1919", 1, 2),
        ("1920-1939", 1, 2),
        ("1940-1959", 0, 0),
        ("1960-1979", 0, 5),
        ("1980-1999", 3, 6),
        (None, 1, 2),
    ]
    assert [one.per_million for one in periods][2:5] == [500_000, None, 0]
    assert index.frequencies("bank", "year:20", where="genre=x") == []
    table = command("concordance", index.path, "bank", "--by", "year:20").stdout.splitlines()
    assert table[-1].split() == ["(none)", "1", "2", "500,000.00", "14.3%"]
    assert table[4].split() == ["1940-1959", "0", "0", "-", "0.0%"]
    rows = command("concordance", index.path, "bank", "--by", "year:20", "--csv").stdout.splitlines()
    assert rows[0] == "year:20,count,words,per_million,share"
    assert [rows[4], rows[-1]] == ["1940-1959,0,0,,0.0", f",1,2,500000.0,{1 / 7}"]
    for wrong in ("year:0", "year:2.5", "metadata.year:-1", "year:"):
        with pytest.raises(QueryError, match=r"A period is a whole number of at least 1, .* as in year:10"):
            index.frequencies("bank", wrong)


def test_rows_of_counts_are_cut_and_told(make_index: MakeIndex) -> None:
    """``--limit`` cuts the rows of ``--by``; shares are of all lines, and a column called as a figure stays apart."""
    index = make_index([Document(f"{n}", "A bank. " * n, {"words": f"w{n}"}) for n in (1, 2, 3)])
    shown = command("concordance", index.path, "bank", "--by", "words", "-k", "2", "--json")
    assert [json.loads(row) for row in shown.stdout.splitlines()] == [
        {"metadata.words": "w3", "count": 3, "words": 6, "per_million": 500_000.0, "share": 0.5},
        {"metadata.words": "w2", "count": 2, "words": 4, "per_million": 500_000.0, "share": 2 / 6},
    ]
    assert shown.stderr == "These are 2 of 3 rows.\n"
    assert command("concordance", index.path, "bank", "--by", "words", "-k", "3").stderr == ""


def test_true_is_no_number(make_index: MakeIndex) -> None:
    """Lines of documents with 1, 1.0 and true are counted as two values, and no line is counted as another's."""
    flags = (1, True, 1.0, True, True, False, 0)
    index = make_index([Document(str(number), "A bank.", {"flag": flag}) for number, flag in enumerate(flags)])
    found = index.frequencies("bank", "flag")
    told = [(type(one.values[0]), one.values[0], one.count) for one in found]
    assert told == [(bool, True, 3), (int, 1, 2), (int, 0, 1), (bool, False, 1)]


def test_marks_of_letters_are_sorted_after_the_letters(make_index: MakeIndex) -> None:
    """As in a dictionary: an accent tells only words apart that are the same without it."""
    beside = ["Zebra", "Łoś", "öde", "offen", "Ärger", "Apfel", "arger", "älter"]
    index = make_index([Document(str(number), f"Bank {word}") for number, word in enumerate(beside)])
    found = [line.right.strip() for line in index.concordance("bank", order="right")]
    assert found == ["älter", "Apfel", "arger", "Ärger", "Łoś", "öde", "offen", "Zebra"]


def test_a_name_with_another_meaning_tells_the_one_before(make_index: MakeIndex) -> None:
    """Whoever gives a name another meaning, or takes it away, learns how to have it back; the same again is no news."""
    index = make_index([Document(f"{year}", "A bank.", {"year": year}) for year in (1900, 1950)])
    undo = f"ctxsearch senses undo {index.path} --by ann"
    by = ("--by", "ann")
    for _ in range(2):
        assert command("subcorpora", "new", index.path, "old", "year<1910", *by).stderr == "@old is: year<1910.\n"
    other = command("subcorpora", "new", index.path, "old", "year<1990", *by).stderr
    assert other == f"@old is: year<1990.\nBefore, it was: year<1910. To have that back: {undo}\n"
    assert command(*undo.split()[1:]).returncode == 0
    assert index.subcorpora().list() == {"old": ["year<1910"]}
    gone = command("subcorpora", "remove", index.path, "old", *by).stderr
    assert gone == f"@old is no more. To have it back: {undo}\n"
    assert command(*undo.split()[1:]).returncode == 0
    assert index.subcorpora().list() == {"old": ["year<1910"]}


def test_commands_shape_lines(index: Index) -> None:
    """Sort keys, pages, lines a document and subcorpora on the command line."""
    shown = command("concordance", index.path, "bank", "--sort", "-year", "--sort", "left", "-k", "4", "--offset", "2")
    assert shown.returncode == 0
    assert len(shown.stdout.splitlines()) == 4
    found = command("concordance", index.path, "bank", "--per-document", "1", "--seed", "4", "--json").stdout
    assert [json.loads(line)["key"] for line in found.splitlines()] == [
        line.key for line in index.concordance("bank", per_document=1, seed=4)
    ]
    none = command("subcorpora", "new", index.path, "early", "year<1900", "genre=c").stderr
    assert "No document meets 'genre=c'; of genre there are: a (3), b (3)." in none
    assert "@early is: year<1900." in command("subcorpora", "new", index.path, "early", "year<1900").stderr
    both = command("subcorpora", "new", index.path, "early a", "@early", "genre=a").stderr
    assert "@early a is: year<1900  genre=a." in both
    assert command("subcorpora", "remove", index.path, "early a").returncode == 0
    # Each two of these are met by some document, and all three by none.
    apart = command("subcorpora", "new", index.path, "far", "year<1900", "genre=b", "document_id!=d1").stderr
    assert apart == "@far is: year<1900  genre=b  document_id!=d1.\nNo document meets the conditions.\n"
    far = command("subcorpora", "new", index.path, "far", "year>2100").stderr
    assert far.startswith("@far is: year>2100.\nNo document meets 'year>2100'; of year there are: ")
    for option in ((), ("--json",)):
        listed = command("subcorpora", "list", index.path, *option)
        assert (listed.returncode, listed.stderr) == (0, "No document is in @far.\n")
        assert "far" in listed.stdout
    assert command("subcorpora", "remove", index.path, "far").returncode == 0
    beyond = command("concordance", index.path, "bank", "--offset", "1000")
    assert (beyond.stdout, beyond.stderr) == ("", "There is no line after the first 1,000.\n")
    assert command("subcorpora", "list", index.path).stdout == "@early  year<1900  [2 documents, 60 words]\n"
    assert json.loads(command("subcorpora", "list", index.path, "--json").stdout) == {
        "name": "early",
        "where": ["year<1900"],
        "documents": 2,
        "words": 60,
    }
    count = command("concordance", index.path, "bank", "--where", "@early", "--count").stdout
    assert count == f"{index.count('bank', where=['year<1900'])}\n"
    assert command("subcorpora", "remove", index.path, "early").returncode == 0
    assert "There is no subcorpus" in command("concordance", index.path, "bank", "--where", "@early").stderr
    wrong = command("concordance", index.path, "bank", "--seed", "4")
    assert "say with --sample or --per-document how many lines" in wrong.stderr


def test_texts_of_the_metadata_are_sorted_as_in_a_dictionary(make_index: MakeIndex) -> None:
    """Capitals and marks part no letters, in lines and in counts; numbers come first, and what is missing last."""
    values = ["Zebra", "oben", 1912, "Äpfel", "ähnlich", None, "Apfel"]
    index = make_index([Document(str(number), "The bank.", {"by": value}) for number, value in enumerate(values)])
    expected = [1912, "ähnlich", "Apfel", "Äpfel", "oben", "Zebra", None]
    assert [line.metadata.get("by") for line in index.concordance("bank", order="by")] == expected
    assert [one.values for one in index.frequencies("bank", "by")] == [(value,) for value in expected]


@settings(max_examples=30)
@given(st.slices(60), st.sampled_from([{}, {"sample": 11, "seed": 5}, {"per_document": 2}, {"where": "year=1850"}]))
def test_lines_that_are_made_when_read(index: Index, some: slice, options: dict[str, Any]) -> None:
    """They are those of the list, forwards and backwards, one, a part or all, as often as they are read."""
    every = index.concordance("bank", **options)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(concordance, "_MADE_AT_ONCE", 7)
        made = index.iter_concordance("bank", **options)
        assert list(made) == list(made) == every
        assert (len(made), list(reversed(made))) == (len(every), every[::-1])
        assert list(made[some]) == every[some]
        assert [made[at] for at in (0, -1, len(every) // 2)] == [every[at] for at in (0, -1, len(every) // 2)]
        assert list(index.iter_concordance("bank", **options, offset=4, limit=9)) == every[4:13]
        assert made.metadata_columns() == sorted({name for line in every for name in line.metadata})
    with pytest.raises(IndexError):
        made[len(every)]


def test_no_more_lines_are_in_memory_than_are_made_at_once(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lines of a frequent word are made as they are read; those behind the last that is read are not."""
    made = _made(monkeypatch)
    monkeypatch.setattr(concordance, "_MADE_AT_ONCE", 8)
    listed = iter(index.iter_concordance("bank"))
    assert made == []
    for _ in range(9):
        next(listed)
    assert made == [8, 8]


def test_a_long_table_is_printed_part_by_part(
    index: Index, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every line is there, in its order, and stands under those of its part."""
    monkeypatch.setattr(output, "_ALIGNED", 6)
    made = index.iter_concordance("bank")
    output.print_lines(made, output.Format.TABLE)
    shown = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in shown] == [line.key for line in made]
    for start in range(0, len(shown), 6):
        assert len({line.index("[") for line in shown[start : start + 6]}) == 1


@pytest.mark.parametrize("form", output.Format)
@pytest.mark.parametrize("error", [IndexDamaged("a", "it is short"), OSError(5, "Input/output error")])
def test_damage_among_lines_is_told_with_how_many_are_printed(
    index: Index,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    form: output.Format,
    error: Exception,
) -> None:
    """What was read before it is printed, as it would be without; the first lines' own damage needs no number."""
    monkeypatch.setattr(output, "_ALIGNED", 6)
    made = index.iter_concordance("bank")
    output.print_lines(made[:12], form, columns=made.metadata_columns)
    whole = capsys.readouterr().out

    def lines(shards: object, found: Sequence[object], context: object) -> object:
        if made._found[good] in found:
            raise error
        return _lines(shards, found, context)

    _lines = concordance.lines
    monkeypatch.setattr(concordance, "lines", lines)
    for good in (14, 3):
        with pytest.raises(type(error)):
            output.print_lines(made, form, columns=made.metadata_columns)
        printed, said = capsys.readouterr()
        note = f"Printed the first 12 lines of {len(made)}, read before what is wrong was met."
        assert (printed == whole, " ".join(said.split())) == ((True, note) if good == 14 else (False, ""))


def test_lines_that_are_made_when_read_outlive_their_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are made of what is open, whatever a writer clears away, or wherever the process goes; none are pickled."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(beside, "_ROWS_AN_OCCURRENCE", 1 << 40)
    made = Index.create(Path("index"), encoder=WindowEncoder())
    for name in "abc":
        made.add([Document(name, "The old bank stood by the old river bank.")])
    reader = Index.open(Path("index").resolve(), encoder=WindowEncoder())

    def told() -> tuple[object, ...]:
        return list(lines), reader.collocations("bank", least=1), reader.count(None, cql='"old" @[]')

    lines = reader.iter_concordance("bank")
    before = told()
    shards = {entry.name for entry in reader.path.glob("shard-*")}
    made.compact()
    for name in shards:
        shutil.rmtree(reader.path / name, ignore_errors=True)
    assert told() == before
    with pytest.raises(TypeError, match="make a list of them first"):
        pickle.dumps(lines)
    assert repr(lines) == "<6 lines, made when they are looked at>"


def test_an_index_is_asked_wherever_the_process_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was opened by a relative path answers patterns and counts of words from another folder, too."""
    monkeypatch.setattr(beside, "_ROWS_AN_OCCURRENCE", 1 << 40)
    monkeypatch.chdir(tmp_path)
    made = Index.create(Path("index"), encoder=WindowEncoder())
    made.add([Document("a", "The old bank stood by the old river bank.")])
    assert made.count("bank") == 2
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert made.count(None, cql='"old" @[]') == 2
    assert made.collocations("bank", least=1)
