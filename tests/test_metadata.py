"""What is known of documents: which it lets through, what it sorts and counts by, and how it comes with lines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typed_user
from command_line import ctxsearch as command
from conftest import MakeIndex
from river import RIVER, ids

from ctxsearch import Document, Index
from ctxsearch.catalog import where as where_module
from ctxsearch.errors import DocumentNotFound, QueryError, SourceError

LIBRARY = [
    Document("a", "The bank.", {"year": 1990, "genre": "fiction", "draft": True}, title="Letters"),
    Document("b", "The bank.", {"year": "1990", "genre": "non-fiction", "draft": "true"}),
    Document("c", "The bank.", {"year": 2001.5, "genre": "", "draft": False}),
    Document("d", "The bank.", {"year": None, "genre": "O'Brien's \"x\".y -- ; %_"}),
    Document("e", "The bank."),
    Document("f", "The bank.", {"O'Brien": "x", "a.b": 1, 'quo"te': "y", "$.year": 3, "": "z", "draft": 1}),
]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("year=1990", "ab"),
        ("year = 1990.0", "a"),
        ("year==1990", "ab"),
        ("year!=1990", "cdef"),
        ("year>=1990", "ac"),
        ("year>1990", "c"),
        ("year<2001.6", "ac"),
        ("year<=-1", ""),
        ("year>=abc", ""),
        ("genre=fiction", "a"),
        ("genre = fiction ", "a"),
        ("genre!=fiction", "bcdef"),
        ("genre=", "c"),
        ("genre>=fiction", "ab"),
        ("genre=Fiction", ""),
        ("draft=true", "ab"),
        ("draft=True", "a"),
        ("draft=false", "c"),
        ("draft!=true", "cdef"),
        ("document_id=a", "a"),
        ("document_id!=a", "bcdef"),
        ("document_id>=e", "ef"),
        ("title=Letters", "a"),
        ("O'Brien=x", "f"),
        ("a.b=1", "f"),
        ("a.b>0", "f"),
        ('quo"te=y', "f"),
        ("$.year=3", "f"),
        ("genre=O'Brien's \"x\".y -- ; %_", "d"),
        ("genre=x' or '1'='1", ""),
        ("genre=%", ""),
        ("genre=fiction'; drop table documents; --", ""),
        ("genre=fiction\0", ""),
    ],
)
def test_where_filters_documents(make_index: MakeIndex, where: str, expected: str) -> None:
    """A filter compares numbers with numbers and text with text; any name and any value is just a name or a value."""
    index = make_index(LIBRARY)
    assert "".join(ids(index.concordance("bank", where=[where]))) == expected
    assert "".join(ids(index.query("The [bank].", where=[where]))) == expected
    assert index.count("bank", where=[where]) == len(expected)
    assert "".join(ids(index.like("e:4", where=[where]))) == expected.replace("e", "")
    assert [one.condition for one in index.unmet(where)] == [where][len(expected) :][:1]
    assert index.count("bank") == len(LIBRARY)


TITLED = [
    Document(
        "a", "The bank.", {"title": "Alpha", "uri": "u1", "document_id": "D1", "form": "letter"}, title="Of a file"
    ),
    Document("b", "The bank.", {"title": "Beta", "uri": "u2", "document_id": "D2"}),
    Document("c", "The bank.", {"year": 1912}, title="Gamma", uri="u3"),
]
UNTITLED = [
    Document("d", "The bank."),
    Document("e", "The bank.", {"title": None}, title="Not it"),
    Document("f", "The bank.", {"title": True}),
]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("title=Alpha", "a"),
        ("title!=Alpha", "bcdef"),
        ("title=Of a file", ""),
        ("title>=Beta", "bc"),
        ("title<Z", "abc"),
        ("title~.*", "abcf"),
        ("title=", ""),
        ("title!=Beta", "acdef"),
        ("title=true", "f"),
        ("title>=a", ""),
        ("uri~.*", "abc"),
        ("metadata.title=Gamma", ""),
        ("metadata.title!=Alpha", "bcdef"),
        ("uri=u1", "a"),
        ("uri!=u3", "abdef"),
        ("document_id=a", "a"),
        ("document_id!=D1", "abcdef"),
        ("metadata.document_id=D1", "a"),
        ("metadata.document_id!=D1", "bcdef"),
        ("metadata.year=1912", "c"),
    ],
)
def test_metadata_may_be_called_as_what_a_document_has(make_index: MakeIndex, where: str, expected: str) -> None:
    """A title in the metadata is that of the document, and so is a URI; the id is the document's own."""
    index = make_index([*TITLED, *UNTITLED], shard_tokens=1)
    assert "".join(ids(index.concordance("bank", where=where))) == expected
    assert [one.condition for one in index.unmet(where)] == [where][len(expected) :][:1]
    assert index.remove(where=where) == len(expected)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("x<=1234567890123456789", "acf"),
        ("x>1234567890123456789", "bde"),
        ("x>=1234567890123456790", "bde"),
        ("x<1234567890123456790", "acf"),
        ("x=1234567890123456789", "a"),
        ("x>=9223372036854775807", "de"),
        ("x<-9223372036854775807", "f"),
    ],
)
def test_whole_numbers_of_64_bits_are_compared_to_the_last_digit(
    make_index: MakeIndex, where: str, expected: str
) -> None:
    """Numbers of nineteen digits, as posts and times in nanoseconds have, are no floating-point numbers."""
    numbers = (1234567890123456789, 1234567890123456790, 2**53 + 1, 2**63 - 1, 2.0**64, -(2**63))
    documents = [Document(name, "The bank.", {"x": x}) for name, x in zip("abcdef", numbers, strict=True)]
    assert "".join(ids(make_index(documents).concordance("bank", where=where))) == expected


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (r"x~0\.1234567890123456", "a"),
        (r"x~0\.123456789012345[67]", "ab"),
        (r"x!~0\.1234567890123456", "bcdefg"),
        (r"x~0\.30000000000000004", "c"),
        (r"x~1990\.0", "d"),
        (r"x~1990", "e"),
        (r"x~1990(\.0)?", "de"),
        (r"x~1e\+22", "f"),
        (r"x~true", "g"),
        (r"x=0.30000000000000004", "c"),
    ],
)
def test_expressions_see_all_digits_of_a_number(make_index: MakeIndex, where: str, expected: str) -> None:
    """A number is matched as JSON and Python write it, whole, with its fraction or its exponent."""
    numbers = (0.1234567890123456, 0.1234567890123457, 0.1 + 0.2, 1990.0, 1990, 1e22, True)
    documents = [Document(name, "The bank.", {"x": x}) for name, x in zip("abcdefg", numbers, strict=True)]
    index = make_index(documents, shard_tokens=4)
    assert "".join(ids(index.concordance("bank", where=where))) == expected
    (unmet,) = index.unmet("x=none")
    assert dict(unmet.documents) == {("true" if x is True else str(x)): 1 for x in numbers}


def test_zero_is_matched_without_a_sign(make_index: MakeIndex) -> None:
    """A zero with a sign is a zero to regular expressions, as it is to comparisons."""
    documents = [Document(name, "The bank.", {"x": x}) for name, x in zip("abc", (-0.0, 0.0, -1.0), strict=True)]
    index = make_index(documents)
    assert ids(index.concordance("bank", where=r"x~0\.0")) == ids(index.concordance("bank", where="x=0")) == ["a", "b"]
    assert dict(index.unmet("x=none")[0].documents) == {"0.0": 2, "-1.0": 1}


def test_values_that_are_written_alike_are_counted_together(make_index: MakeIndex) -> None:
    """A number and a text that is written as it is are one value where values are told."""
    index = make_index([Document(name, "The bank.", {"x": x}) for name, x in zip("abc", (1.5, "1.5", 1), strict=True)])
    assert dict(index.unmet("x=none")[0].documents) == {"1.5": 2, "1": 1}


def test_an_expression_has_so_long_for_all_values(make_index: MakeIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that takes its time on each of many values is told, and not waited for."""
    index = make_index([Document(str(number), "The bank.", {"x": f"{'a' * 18}{number}"}) for number in range(300)])
    monkeypatch.setattr(where_module, "_SECONDS", 0.05)
    with pytest.raises(QueryError, match=r"The regular expression '\(a\|aa\)\+b' takes too long; write it simpler"):
        index.count("bank", where="x~(a|aa)+b")


def test_periods_are_of_numbers(make_index: MakeIndex) -> None:
    """A column that has none, and what is no column, are told, whatever the word's own documents have."""
    index = make_index([*TITLED, Document("d", "A tree.", {"since": 1950, "form": "x"})], shard_tokens=1)
    with pytest.raises(QueryError, match="The column 'title' has no numbers to make periods of"):
        index.frequencies("bank", "title:20")
    with pytest.raises(QueryError, match="No document has the column 'lemma:20'; there are: form, lemma"):
        index.frequencies("bank", "lemma:20")
    assert [(one.values, one.count) for one in index.frequencies("bank", "since:20")] == [((None,), 3)]
    assert [one.values for one in index.frequencies("bank", "metadata.document_id")] == [("D1",), ("D2",), (None,)]
    assert [one.values for one in index.frequencies("bank", ["form", "metadata.form"])] == [
        ("bank", None),
        ("bank", "letter"),
    ]


def test_metadata_of_such_names_count_and_sort(make_index: MakeIndex) -> None:
    """As any column; and where no document has one, it is not named among those there are."""
    index = make_index(TITLED)
    assert [(one.values, one.count) for one in index.frequencies("bank", "title")] == [
        (("Alpha",), 1),
        (("Beta",), 1),
        (("Gamma",), 1),
    ]
    assert [one.values for one in index.frequencies("bank", ["metadata.title", "uri"])] == [
        ("Alpha", "u1"),
        ("Beta", "u2"),
        (None, "u3"),
    ]
    assert ids(index.concordance("bank", order="-metadata.title")) == ["b", "a", "c"]
    assert index.unmet("title=x")[0].documents == [("Alpha", 1), ("Beta", 1)]
    assert index.unmet("document_id=x")[0].documents == []
    bare = make_index([Document("a", "The bank.", {"year": 1912})])
    assert (bare.info().metadata_columns, bare.info().document_columns) == (["year"], ["document_id"])
    assert index.info().metadata_columns == ["document_id", "form", "title", "uri", "year"]
    assert index.info().document_columns == ["document_id", "title", "uri"]
    hidden = make_index([TITLED[0], Document("d", "The bank.", {"title": "Delta", "uri": ""}, title="d", uri="u")])
    assert hidden.info().document_columns == ["document_id"]
    titled = make_index([Document("a", "The bank.", title="Alpha", uri="u1")])
    assert (titled.info().metadata_columns, titled.info().document_columns) == ([], ["document_id", "title", "uri"])
    for where in ("titel=x", "title!=x", "uri!=x"):
        with pytest.raises(QueryError, match="there are: document_id, year"):
            bare.remove(where=where)
    assert bare.count("bank") == 1


@pytest.mark.parametrize("k", [None, 2])
def test_lines_are_sorted_by_titles_as_they_are_counted(make_index: MakeIndex, k: int | None) -> None:
    """By the title in the metadata, or else that of the document, as `frequencies` and conditions have it."""
    index = make_index([*reversed(TITLED), Document("d", "The bank.")], shard_tokens=1)
    for order, expected in [
        ("title", "abcd"),
        ("-title", "cbad"),
        ("-uri", "cbad"),
        ("metadata.title", "abcd"),
        ("-metadata.title", "bacd"),
    ]:
        found = index.concordance("bank", order=order, limit=k)
        assert "".join(ids(found)) == expected[:k]
    assert [line.metadata for line in index.concordance("bank", order="title")][2] == {"year": 1912}
    bare = make_index([Document("a", "The bank.", {"year": 1912})])
    with pytest.raises(QueryError, match=r"There is no order 'title'; use .*document_id, year"):
        bare.concordance("bank", order="title")


def test_a_document_comes_back_as_it_was_read(make_index: MakeIndex) -> None:
    """Its text to the character, wherever it was cut; of one that was replaced the newer, and none that was removed."""
    text = "  The bank.  \u2028A river.\r\n\n \n\U0001f40c Banks\u0301 \n\n"
    documents = [Document("a", text, {"year": 1912}, title="Letters", uri="u1"), *LIBRARY[1:]]
    index = make_index(documents, shard_tokens=1)
    assert [index.document(one.document_id) for one in documents] == documents
    index.add([Document("a", "Another bank.")], replace=True)
    assert index.document("a") == Document("a", "Another bank.")
    index.remove("a")
    for name in ("a", "nothing", ""):
        with pytest.raises(DocumentNotFound, match=rf"^The index has no document '{name}'\.$"):
            index.document(name)


def test_all_filters_must_hold(make_index: MakeIndex) -> None:
    """Several filters are joined by and, also in several shards."""
    index = make_index(LIBRARY, shard_tokens=1)
    assert ids(index.concordance("bank", where=["year>=1990", "genre!=fiction"])) == ["c"]
    assert index.concordance("bank", where=["year<1990", "year>1990"]) == []


@pytest.mark.parametrize(
    ("condition", "within", "count"),
    [
        ("genre~written", "genre~.*written.*", 2),
        ("genre=news (a.b)", r"genre~.*news \(a\.b\).*", 1),
        ("metadata.genre == Brown", "metadata.genre~(?i).*Brown.*", 1),
        ("genre~nws|writ", "genre~.*(nws|writ).*", 2),
        ("year=199", "year~.*199.*", 3),
        ("document_id~doc", "document_id~.*doc.*", 3),
        ("genre~(?i)WRITTEN", "genre~.*(?i)WRITTEN.*", 2),
        ("genre=x", "", 0),
        ("genre=", "", 0),
        ("year>2100", "", 0),
    ],
)
def test_conditions_on_a_part_of_a_value_are_told(
    make_index: MakeIndex, condition: str, within: str, count: int
) -> None:
    """What no value is, and some have in them, is told with the condition that finds these."""
    genres = ("written/news (a.b)", "written/fiction", "brown-k")
    index = make_index([Document(f"doc{n}", "A bank.", {"genre": genres[n], "year": 1990 + n}) for n in range(3)])
    (unmet,) = index.unmet(condition)
    assert unmet.within == within
    assert not within or index.count("bank", where=within) == count
    told = command("concordance", index.path, "bank", "--where", condition).stderr
    assert told.endswith(f". Those that have it within are found by '{within}'.\n") == bool(within)


def test_conditions_that_exclude_each_other_are_told(make_index: MakeIndex) -> None:
    """A document has one value in a column: two that are asked for are named, with what asks for either."""
    genres = ("a.b", "c", "c", "d-(e)")
    documents = [
        Document(f"{n}", "A bank.", {"genre": genre, "year": 1990 + n % 2, "part": n}) for n, genre in enumerate(genres)
    ]
    index = make_index(documents, shard_tokens=2)
    (unmet,) = index.unmet(["genre=a.b", "year=1990", "metadata.genre=a.b", "genre=c", "genre=a.b"])
    assert (unmet.condition, unmet.beside, unmet.either) == ("genre=c", "genre=a.b", r"genre~a\.b|c")
    assert unmet.documents == [("c", 2), ("a.b", 1), ("d-(e)", 1)]
    assert index.count("bank", where=unmet.either) == 3
    assert index.count("bank", where=[r"genre!~a\.b|c", "year=1991"]) == 1
    assert [one.beside for one in index.unmet(["genre=a.b", "metadata.genre=c"])] == ["genre=a.b"]
    assert index.unmet(["year=1990", "year=1990.0", "genre!=c", "genre=d-(e)", "part=3"]) == []
    assert [one.condition for one in index.unmet(["genre=x", "genre=c", "genre~d.*"])] == ["genre=x"]
    told = command("concordance", index.path, "bank", "--where", "genre=c", "--where", "genre=d-(e)").stderr
    assert told == "No document meets both 'genre=c' and 'genre=d-(e)'; for either, write 'genre~c|d-\\(e\\)'.\n"
    told = command("concordance", index.path, "bank", "--where", "year>=1990 and genre=c").stderr
    assert told == "No document meets 'year>=1990 and genre=c'; give 2 conditions: 'year>=1990' and 'genre=c'.\n"
    assert index.count("bank", where=r"genre~c|d-\(e\)") == 3
    wrong = command("concordance", index.path, "bank", "--where", "genre~(")
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert wrong.stderr.startswith("Error: The filter 'genre~(' cannot be read: the regular expression")
    assert index.remove(where="genre~[cd].*") == 3
    assert index.unmet("genre~c")[0].documents == [("a.b", 1)]


def test_conditions_that_no_document_meets_are_told(make_index: MakeIndex) -> None:
    """Each by itself, with what there is in its column, the most frequent first; documents taken out count no more."""
    index = make_index(LIBRARY, shard_tokens=1)
    index.subcorpora().save("new", ["year>3000", "draft=true"])
    (unmet,) = index.unmet(["@new", "genre!=fiction", "year>3000"])
    assert (unmet.condition, unmet.column) == ("year>3000", "year")
    assert unmet.documents == [("1990", 2), ("2001.5", 1)]
    assert [one.documents for one in index.unmet(["draft=maybe", "title=Poems"])] == [
        [("true", 2), ("1", 1), ("false", 1)],
        [],
    ]
    index.remove(["a", "b"])
    assert [(one.condition, one.documents) for one in index.unmet(["draft=true"])] == [
        ("draft=true", [("1", 1), ("false", 1)])
    ]
    assert index.unmet([]) == []
    assert make_index().unmet("year>3000") == []
    assert index.unmet("year>=1950 and genre=fiction")[0].apart == ["year>=1950", "genre=fiction"]
    assert [index.unmet(f"genre=a and {what}")[0].apart for what in ("b", "colour=red")] == [[], []]
    with pytest.raises(QueryError, match="No document has the column 'colour'"):
        index.unmet("colour=red")


@pytest.mark.parametrize("where", ["year2>=1990", "genre' or 1=1 --=x", "json(1)=1", "document=0"])
def test_unknown_column_is_told(make_index: MakeIndex, where: str) -> None:
    """A column that no document has is an error that lists those there are, never a silent nothing."""
    with pytest.raises(QueryError, match=r"there are: .*draft, genre") as raised:
        make_index(LIBRARY).query("The [bank].", where=[where])
    assert "No document has the column" in str(raised.value)


@pytest.mark.parametrize("where", ["year", "", "=1990", "!=", ">=2000"])
def test_unreadable_filter_is_told(index: Index, where: str) -> None:
    """A filter without a column or an operator is quoted, with an example of a good one."""
    with pytest.raises(QueryError, match=r"cannot be read; write COLUMN OPERATOR VALUE .*; or @NAME for a subcorpus"):
        index.query(RIVER, where=[where])


def test_metadata_comes_with_the_line(make_index: MakeIndex) -> None:
    """A line carries its document's metadata as it was given, types included."""
    index = make_index(LIBRARY, shard_tokens=1)
    metadata = [dict(line.metadata) for line in index.concordance("bank")]
    assert [json.dumps(one) for one in metadata] == [json.dumps(document.metadata) for document in LIBRARY]
    assert index.info().metadata_columns[:1] == [""]
    assert {"$.year", "O'Brien", "a.b", "draft", "genre", 'quo"te', "year"} < set(index.info().metadata_columns)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_metadata_that_json_has_no_word_for_is_refused(make_index: MakeIndex, value: float) -> None:
    """NaN and infinity in metadata are refused when they come, for no filter could be used over them."""
    index = make_index()
    with pytest.raises(SourceError, match="size"):
        index.add([Document("a", "The bank.", {"size": 1}), Document("b", "The bank.", {"size": value})])
    assert ids(index.concordance("bank", where=["size=1"])) == ["a"]


def test_metadata_may_be_given_as_users_have_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A script whose hints hold strictly, with metadata of every kind that is accepted, runs; mypy reads it, too."""
    typed_user.main(tmp_path)
    printed = capsys.readouterr().out
    assert "6 1912\n" in printed
    assert "[1912, 1912, 1912, 1912, 1912]\n" in printed
    assert printed.endswith("\n4\n")
