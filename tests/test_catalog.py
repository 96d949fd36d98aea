"""The catalog of a shard: what is written is read, a person can read it too, and filters mean what they say."""

from __future__ import annotations

import re
import sqlite3
import stat
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from conftest import MakeIndex
from hypothesis import given
from hypothesis import strategies as st
from sqlite_utils import Database

from ctxsearch import Document
from ctxsearch.catalog.reader import Catalog
from ctxsearch.catalog.schema import migrations
from ctxsearch.catalog.where import Filter, parse_filters
from ctxsearch.catalog.writer import CatalogWriter
from ctxsearch.commit import CATALOG_FILE
from ctxsearch.domain import Metadata, Segment
from ctxsearch.errors import CtxSearchError, IndexDamaged, QueryError

STRANGE = [
    "naïve café",
    "nai\u0308ve cafe\u0301",
    "nul \0 in the middle",
    "\ufeffbom and \u200bzero\u00adwidth",
    "𝕊𝕡𝕒𝕔𝕖 👩‍👩‍👧 \U0010ffff",
    "ʼn ﬁ ß İ ı ς",
    "שלום عليكم",
    'it\'s "quoted" -- ; drop table documents',
    "line\r\nbreak\u2028and\u0085more\x1b",
    "\ufffd\ue000",
]


def segments_of(sentences: Sequence[str]) -> Iterator[Segment]:
    """Sentences one after the other, their words cut at white space."""
    start = 0
    for text in sentences:
        spans = [match.span() for match in re.finditer(r"\S+", text)]
        forms = [text[first:last] for first, last in spans]
        yield Segment(start, text, np.array(spans, np.int32).reshape(-1, 2), forms, [form.lower() for form in forms])
        start += len(text)


def write(folder: Path, texts: Mapping[str, Sequence[str]], metadata: Mapping[str, Metadata] | None = None) -> None:
    """Writes documents, given as sentences by their id, and their words as a build counts them."""
    writer = CatalogWriter(folder)
    counts: Counter[tuple[str, str]] = Counter()
    for number, (document_id, sentences) in enumerate(texts.items()):
        words = 0
        for segment in segments_of(sentences):
            writer.add_segment(segment)
            counts.update(zip(segment.lemmas, segment.forms, strict=True))
            words += len(segment.forms)
        own = (metadata or {}).get(document_id, {})
        document = Document(document_id, "".join(sentences), own, title=f"Title {number}", uri=f"file:{number}")
        writer.end_document(document, words, f"digest-{number}")
    lemmas = sorted({lemma for lemma, _ in counts})
    pairs = sorted(counts)
    writer.finish(
        [(rank, lemma, sum(counts[pair] for pair in pairs if pair[0] == lemma)) for rank, lemma in enumerate(lemmas)],
        [
            (rank, form, form.lower(), lemmas.index(lemma), sum(counts[one] for one in pairs[:rank]), size, "", "")
            for rank, ((lemma, form), size) in enumerate(sorted(counts.items()))
        ],
    )


@contextmanager
def opened(
    folder: Path, texts: Mapping[str, Sequence[str]], metadata: Mapping[str, Metadata] | None = None
) -> Iterator[Catalog]:
    write(folder, texts, metadata)
    with closing(Catalog(folder)) as catalog:
        yield catalog


BANKS = {"river": ["The bank of a river .", " Banks flood ."], "money": ["The bank lent ."], "silence": []}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The catalog of three documents, the last without a sentence."""
    write(tmp_path, BANKS, {"river": {"year": 1908, "wet": True}, "money": {"year": 1987, "place": None}})
    return tmp_path


@pytest.fixture
def catalog(folder: Path) -> Iterator[Catalog]:
    """The same, opened."""
    with closing(Catalog(folder)) as catalog:
        yield catalog


# --------------------------------------------------------------------------------------------------------- round trip


def test_documents_come_back(catalog: Catalog) -> None:
    """A document is found by its id and by its number, with its metadata and its segments."""
    river = catalog.find_document("river")
    assert river == (0, "river", {"year": 1908, "wet": True}, 0, 2, "digest-0", "file:0", "Title 0", 9)
    assert catalog.documents([2, 0, 0, 7]) == {
        0: river,
        2: (2, "silence", {}, 3, 0, "digest-2", "file:2", "Title 2", 0),
    }
    assert catalog.find_document("River") is None
    assert catalog.totals() == (3, 3, 13)
    assert catalog.first_segments.tolist() == [0, 2, 3]


def test_segments_come_back(catalog: Catalog) -> None:
    """A segment has its document, its place, its text and the places of its words."""
    found = catalog.segments([1, 2, 99])
    assert sorted(found) == [1, 2]
    assert found[1][:4] == (1, 0, 21, " Banks flood .")
    assert list(found[1].spans) == [(1, 6), (7, 12), (13, 14)]
    assert found[2][:4] == (2, 1, 0, "The bank lent .")


def test_words_come_back(catalog: Catalog) -> None:
    """Lemmas and forms are found by how they are written, with the rows that hold them."""
    frequencies = dict(catalog.lemma_frequencies())
    assert list(frequencies.items()) == [
        (".", 3),
        ("a", 1),
        ("bank", 2),
        ("banks", 1),
        ("flood", 1),
        ("lent", 1),
        ("of", 1),
        ("river", 1),
        ("the", 2),
    ]
    assert catalog.lemma_number("bank") == 2
    assert catalog.lemma_number("Bank") is None
    assert catalog.lemmas([8, 2, 40]) == {2: "bank", 8: "the"}
    assert catalog.forms(form="Banks") == [("Banks", "banks", 6, 1, "", "")]
    assert catalog.forms(folded="the") == catalog.forms(lemma="the") == [("The", "the", 11, 2, "", "")]
    assert catalog.forms(form="Banks", lemma="bank") == []


def test_many_words_are_asked_for_at_once(make_index: MakeIndex) -> None:
    """More than one statement takes: each is found as when it is asked for alone, and what is not there is not."""
    text = " ".join(f"Bank{number}." for number in range(1100))
    with make_index([Document("a", f"{text} Banks. bank.")]) as index:
        catalog = index.open_shards()[0].catalog
        every = catalog.forms()
        assert sorted(catalog.forms_written(["nowhere", *(row.form for row in every), "bank"])) == sorted(every)
        # All of the table, and a few of it.
        for rows in (every, every[:3], every[-3:], []):
            folded, bounds = catalog.normal_forms({"nowhere", *(row.form.lower() for row in rows)})
            assert list(folded) == [row.form.lower() for row in rows]
            assert bounds.tolist() == [[row.first_row, row.stop_row] for row in rows]
            numbers = catalog.lemma_numbers(["nowhere", *(row.lemma for row in rows)])
            assert numbers == {row.lemma: catalog.lemma_number(row.lemma) for row in rows}
        assert list(catalog.normal_forms()[0]) == [row.form.lower() for row in every]
        numbers = catalog.lemma_numbers(row.lemma for row in every)
        assert catalog.forms_of_lemmas(numbers.values()) == every
        assert catalog.forms_of_lemmas([numbers["bank"]]) == catalog.forms(lemma="bank")
        assert catalog.documents_named(["nowhere", "a"]) == {"a": catalog.find_document("a")}


def test_metadata_columns_are_listed(catalog: Catalog) -> None:
    """Every name that some document has can be filtered by, and so can the document's own columns."""
    assert catalog.metadata_columns() == ["place", "wet", "year", "document_id", "title", "uri"]


def test_strange_text_comes_back(tmp_path: Path) -> None:
    """Ids, texts, metadata and words of any Unicode come back character for character, NUL and composed forms too."""
    texts = {text: [text, f" {text}"] for text in STRANGE}
    with opened(tmp_path, texts, {text: {text: text, "n": 1} for text in STRANGE}) as catalog:
        for number, text in enumerate(STRANGE):
            document = catalog.find_document(text)
            assert document is not None
            assert (document.number, document.metadata) == (number, {text: text, "n": 1})
            assert [row.text for row in catalog.segments([2 * number, 2 * number + 1]).values()] == [text, f" {text}"]
            for form in text.split():
                assert form in [row.form for row in catalog.forms(form=form)]
                assert catalog.lemma_number(form.lower()) is not None
        assert {*STRANGE} < {*catalog.metadata_columns()}


@pytest.mark.parametrize(("documents", "sentences"), [(1, 4095), (1, 4096), (1, 4097), (4097, 0), (4096, 1), (3, 2000)])
def test_nothing_is_lost_between_batches(tmp_path: Path, documents: int, sentences: int) -> None:
    """However many documents and segments there are, each is there once, in its place."""
    texts = {f"d{number}": [f"s{place} " for place in range(sentences)] for number in range(documents)}
    writer = CatalogWriter(tmp_path)
    for document_id, parts in texts.items():
        for segment in segments_of(parts):
            writer.add_segment(segment)
        writer.end_document(Document(document_id, "".join(parts)), len(parts), "")
    writer.finish([], [])
    assert (writer.documents, writer.segments) == (documents, documents * sentences)
    with closing(Catalog(tmp_path)) as catalog:
        assert catalog.totals() == (documents, documents * sentences, documents * sentences)
        rows = catalog.segments(range(documents * sentences + 5))
        assert [row.text for row in rows.values()] == [part for parts in texts.values() for part in parts]
        found = catalog.documents(range(documents))
        assert [row.document_id for row in found.values()] == list(texts)
        assert [row.first_segment for row in found.values()] == [number * sentences for number in range(documents)]


def test_empty_catalog_opens(tmp_path: Path) -> None:
    """A catalog without a document is a catalog."""
    with opened(tmp_path, {}) as catalog:
        assert catalog.totals() == (0, 0, 0)
        assert list(catalog.lemma_frequencies()) == []
        assert catalog.documents_where([]).tolist() == []


def test_segment_is_found_by_offset(tmp_path: Path) -> None:
    """Every character of a document is in one segment, and what lies outside it in none."""
    texts = {
        "one": ["A b. ", "C", " d e.\n", "\n", "F?"],
        "two": ["G."],
        "three": [f"{n} " for n in range(100)],
        "0": [],
    }
    with opened(tmp_path, texts) as catalog:
        first = 0
        for document_id, sentences in texts.items():
            document = catalog.find_document(document_id)
            assert document is not None
            numbers = [first + place for place, text in enumerate(sentences) for _ in text]
            found = [catalog.segment_at(document, offset) for offset in range(len(numbers))]
            assert [row and row.number for row in found] == numbers
            assert catalog.segment_at(document, -1) is None
            assert catalog.segment_at(document, len(numbers)) is None
            assert catalog.segment_at(document, 10**15) is None
            first += len(sentences)


# ----------------------------------------------------------------------------------------------------------- the file


def test_person_can_read_the_file(folder: Path) -> None:
    """Plain SQLite shows documents with their sentences, and the view of words, the frequent ones first."""
    with closing(sqlite3.connect(folder / CATALOG_FILE)) as db:
        assert db.execute("pragma integrity_check").fetchall() == [("ok",)]
        assert db.execute("pragma foreign_key_check").fetchall() == []
        tables = {name for (name,) in db.execute("select name from sqlite_master where type = 'table'")}
        assert {"documents", "segments", "lemmas", "forms", "metadata_columns"} <= tables
        sentences = db.execute(
            "select document_id, title, uri, json_extract(metadata, '$.year'), characters, words, text"
            " from documents join segments using (document) order by segment"
        ).fetchall()
        assert sentences[1:] == [
            ("river", "Title 0", "file:0", 1908, 35, 9, " Banks flood ."),
            ("money", "Title 1", "file:1", 1987, 15, 4, "The bank lent ."),
        ]
        words = db.execute("select lemma, frequency, forms from lemma_frequencies").fetchall()
        assert words[:4] == [(".", 3, "."), ("bank", 2, "bank"), ("the", 2, "The"), ("a", 1, "a")]
        assert len(words) == 9
        assert db.execute("select name, documents from metadata_columns order by name").fetchall() == [
            ("place", 1),
            ("wet", 1),
            ("year", 2),
        ]


def test_view_joins_the_forms_of_a_lemma(make_index: MakeIndex) -> None:
    """A lemma stands in one row of the view, with all its forms and their common frequency."""
    index = make_index([Document("a", "Banks banked. The bank, the banks, a BANK.")])
    (path,) = index.path.glob(f"*/{CATALOG_FILE}")
    with closing(sqlite3.connect(path)) as db:
        found = db.execute("select frequency, forms from lemma_frequencies where lemma = 'bank'").fetchall()
    assert len(found) == 1
    frequency, forms = found[0]
    assert {"bank", "banks", "Banks", "BANK"} <= {*forms.split(" ")}
    assert frequency >= 4


def test_integers_are_integers(make_index: MakeIndex, river_documents: list[Document]) -> None:
    """In an index that was built, every column holds what its type says, and numbers of numpy are no blobs."""
    index = make_index(river_documents)
    (path,) = index.path.glob(f"*/{CATALOG_FILE}")
    wanted = {"INTEGER": "integer", "TEXT": "text", "BLOB": "blob"}
    with closing(sqlite3.connect(path)) as db:
        for table in ("documents", "segments", "lemmas", "forms", "metadata_columns"):
            assert db.execute(f"select count(*) from {table}").fetchone()[0] > 0
            for _, column, declared, *_ in db.execute(f"pragma table_info({table})").fetchall():
                found = db.execute(f'select distinct typeof("{column}") from {table}').fetchall()
                assert found == [(wanted[declared],)], f"{table}.{column}"


def test_migrations_are_recorded(folder: Path) -> None:
    """The file says which migrations made it, and none is left to apply."""
    with closing(Database(folder / CATALOG_FILE)) as db:
        assert [migration.name for migration in migrations.applied(db)] == ["create_tables", "add_given"]
        assert migrations.pending(db) == []


def test_same_documents_give_the_same_bytes(tmp_path: Path) -> None:
    """A catalog that is built twice is the same file, byte for byte."""
    contents = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write(tmp_path / name, {**BANKS, **{text: [text] for text in STRANGE}}, {"river": {"b": 1, "a": 2}})
        contents.append((tmp_path / name / CATALOG_FILE).read_bytes())
    assert contents[0] == contents[1]


def test_reading_leaves_no_trace(folder: Path) -> None:
    """A catalog is read in a folder that nobody may write to, and nothing appears beside it."""
    path = folder / CATALOG_FILE
    before = path.read_bytes()
    path.chmod(stat.S_IRUSR)
    folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        with closing(Catalog(folder)) as catalog:
            assert catalog.documents_where(parse_filters(["year>1900"])).tolist() == [True, True, False]
            assert [entry.name for entry in folder.iterdir()] == [CATALOG_FILE]
        assert [entry.name for entry in folder.iterdir()] == [CATALOG_FILE]
    finally:
        folder.chmod(stat.S_IRWXU)
    assert path.read_bytes() == before


def test_reading_makes_no_journal(folder: Path) -> None:
    """Even a file that somebody switched to write-ahead logging is read without a log being made beside it."""
    with closing(sqlite3.connect(folder / CATALOG_FILE)) as db:
        assert db.execute("pragma journal_mode = wal").fetchone() == ("wal",)
    with closing(Catalog(folder)) as catalog:
        assert catalog.totals() == (3, 3, 13)
        assert [entry.name for entry in folder.iterdir()] == [CATALOG_FILE]


# ------------------------------------------------------------------------------------------------------------ copies


def copied(source: Path, goal: Path, living: Sequence[bool] | None = None) -> list[int]:
    """Copies a catalog into a new one, without its words; the new numbers of its segments."""
    goal.mkdir()
    writer = CatalogWriter(goal)
    try:
        with closing(Catalog(source)) as catalog:
            moved = writer.copy(catalog, None if living is None else np.array(living))
            again = writer.copy(catalog, np.zeros(catalog.n_documents, np.bool_))
            assert (again == -1).all()
        assert [name for _, name, _ in writer._db.execute("pragma database_list")] == ["main"]
        writer.finish([], [])
    finally:
        writer.close()
    return moved.tolist()


def test_copy_is_what_was_copied(tmp_path: Path) -> None:
    """Documents and their segments are copied to the last character, whatever they are made of."""
    (tmp_path / "100%25 a?mode=rw#b é").mkdir()
    source, texts = tmp_path / "100%25 a?mode=rw#b é", {**BANKS, **{text: [text, text] for text in STRANGE}}
    write(source, texts, {"river": {"year": 1908}})
    total = sum(map(len, texts.values()))
    assert copied(source, tmp_path / "all") == list(range(total))
    living = [number % 3 != 1 for number in range(len(texts))]
    kept = [text for text, is_living in zip(texts, living, strict=True) if is_living]
    moved = copied(source, tmp_path / "some", living)
    assert [number for number in moved if number >= 0] == list(range(sum(len(texts[name]) for name in kept)))
    for goal, names in ((tmp_path / "all", list(texts)), (tmp_path / "some", kept)):
        with closing(Catalog(goal)) as catalog:
            rows = list(catalog.document_rows())
            assert [row[1] for row in rows] == names
            assert [row[0] for row in rows] == list(range(len(names)))
            for number, name, *_, first, segments, _, _, _ in rows:
                found = catalog.segments(range(first, first + segments)).values()
                assert [(row.document, row.text) for row in found] == [(number, text) for text in texts[name]]
    with closing(sqlite3.connect(tmp_path / "all" / CATALOG_FILE)) as db:
        assert db.execute("pragma integrity_check").fetchall() == [("ok",)]
        assert db.execute("pragma foreign_key_check").fetchall() == []


BROKEN = {
    "text is a number": ("update segments set text = x'00' where segment = 1", "a row of segments cannot be read"),
    "tokens are a text": ("update segments set tokens = 'abcd' where segment = 1", "a row of segments cannot be read"),
    "no text": ("update segments set text = cast(x'ff' as text) where segment = 1", "UTF-8"),
    "another column": ("alter table segments rename column start to begin", "no such column"),
    "half a span": ("update segments set tokens = x'0000' where segment = 1", "a row of segments cannot be read"),
    "one is missing": ("delete from segments where segment = 1", "segments"),
    "two documents have one": ("update documents set first_segment = 1 where document = 1", "'money' are not its own"),
    "of none": ("update documents set first_segment = 9 where document = 1", "'money' are not its own"),
    "one without a key": (
        "alter table segments rename to kept; create table segments as select * from kept union all select * from kept;"
        " drop table kept",
        "'money' are not its own|missing|UNIQUE",
    ),
    "before all": ("update documents set first_segment = -1 where document = 1", "'money' are not its own"),
    "more than there are": ("update documents set segments = 1 << 40 where document = 1", "'money' are not its own"),
    "beyond all numbers": (
        "update documents set segments = 9223372036854775807 where document = 1",
        "'money' are not its own",
    ),
    "metadata": ("update documents set metadata = '[]' where document = 0", "metadata of document 'river'"),
}


@pytest.mark.parametrize(("change", "why"), BROKEN.values(), ids=BROKEN)
def test_broken_rows_are_not_copied(folder: Path, change: str, why: str) -> None:
    """A catalog whose rows are none that a writer makes is told by its name, and not copied."""
    with closing(sqlite3.connect(folder / CATALOG_FILE)) as db:
        db.executescript(change)
        db.commit()
    with pytest.raises(IndexDamaged, match=why) as raised:
        copied(folder, folder / "copy")
    assert raised.value.path == str(folder / CATALOG_FILE)


def test_document_of_two_catalogs_is_not_copied_twice(folder: Path) -> None:
    """A document that two catalogs have is told by the name of the second, and not as a failing disk."""
    (folder / "copy").mkdir()
    writer = CatalogWriter(folder / "copy")
    with closing(Catalog(folder)) as catalog, closing(writer):
        writer.copy(catalog, None)
        with pytest.raises(IndexDamaged, match="is in another part of the index") as raised:
            writer.copy(catalog, None)
    assert raised.value.path == str(folder / CATALOG_FILE)


def test_torn_page_is_not_copied(tmp_path: Path) -> None:
    """A page that was overwritten is told as damage of the catalog that is copied, not of the disk."""
    source = tmp_path / "source"
    source.mkdir()
    write(source, {str(number): [f"Word{number} " * 50 + "."] for number in range(200)})
    path = source / CATALOG_FILE
    with closing(sqlite3.connect(path)) as db:
        size = db.execute("pragma page_size").fetchone()[0]
        name = "select pageno from dbstat where name = 'segments' and pagetype = 'leaf' limit 1 offset 3"
        try:
            (page,) = db.execute(name).fetchone()
        except sqlite3.OperationalError:
            # Only dbstat tells a page of sentences from others; flipped bits anywhere are tried in test_durability.
            pytest.skip("this SQLite was built without dbstat, which says where a table's pages are")
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)
    with pytest.raises(IndexDamaged) as raised:
        copied(source, tmp_path / "copy")
    assert raised.value.path == str(path)


def test_folder_name_is_not_a_query(tmp_path: Path) -> None:
    """A folder whose name has the signs of a URI in it is just a folder."""
    strange = tmp_path / "100%25 a?mode=rw#b é"
    strange.mkdir()
    with opened(strange, BANKS) as catalog:
        assert catalog.totals() == (3, 3, 13)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [CATALOG_FILE]


def make_other_database(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as db:
        db.execute("create table recipes (title text)")
        db.commit()


def make_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


DAMAGES: dict[str, Callable[[Path], object]] = {
    "missing": Path.unlink,
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("The bank of a river. " * 500),
    "cut to its first page": lambda path: path.write_bytes(path.read_bytes()[:4096]),
    "header overwritten": lambda path: path.write_bytes(b"\0" * 100 + path.read_bytes()[100:]),
    "another database": make_other_database,
    "a folder": make_folder,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_file_is_told(folder: Path, damage: str) -> None:
    """A file that is no catalog is named when it is opened, and is not made anew."""
    path = folder / CATALOG_FILE
    DAMAGES[damage](path)
    with pytest.raises(IndexDamaged) as told:
        Catalog(folder)
    assert told.value.path == str(path)
    assert path.exists() is (damage != "missing")


BAD_CELLS = {
    "metadata that is no JSON": "update documents set metadata = '{\"year\": '",
    "metadata that is a list": "update documents set metadata = '[1]'",
    "spans of an odd length": "update segments set tokens = x'010203'",
    "spans that are text": "update segments set tokens = 'one two'",
    "text that is a blob": "update segments set text = x'ff00'",
    "text that is no UTF-8": "update segments set text = cast(x'ff41' as text)",
    "a place that is text": "update segments set start = 'first'",
    "a segment number that is text": "update documents set first_segment = 'first'",
    "a lemma number that is text": "update forms set first_row = 'first'",
}


@pytest.mark.parametrize("cell", BAD_CELLS)
def test_bad_cell_is_told(folder: Path, cell: str) -> None:
    """A catalog whose cells hold what no writer puts there is damaged, whatever it is asked."""
    with closing(sqlite3.connect(folder / CATALOG_FILE)) as db:
        db.execute(BAD_CELLS[cell])
        db.commit()

    def ask_everything() -> None:
        with closing(Catalog(folder)) as catalog:
            document = catalog.find_document("river")
            assert document is not None
            catalog.segment_at(document, 30)
            catalog.forms(lemma="bank")
            catalog.documents_where(parse_filters(["year>1900"]))

    with pytest.raises(IndexDamaged):
        ask_everything()


# ------------------------------------------------------------------------------------------------------------ filters


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("year=1990", ("year", "=", "1990")),
        ("year==1990", ("year", "=", "1990")),
        ("year!=1990", ("year", "!=", "1990")),
        ("year<1990", ("year", "<", "1990")),
        ("year<=1990", ("year", "<=", "1990")),
        ("year>1990", ("year", ">", "1990")),
        ("year>=1990", ("year", ">=", "1990")),
        ("  year  >=  1990  ", ("year", ">=", "1990")),
        ("\tyear\n=\n1990\n", ("year", "=", "1990")),
        ("a=b=c", ("a", "=", "b=c")),
        ("a!=b=c", ("a", "!=", "b=c")),
        ("a=b>c", ("a", "=", "b>c")),
        ("a<b!=c", ("a", "<", "b!=c")),
        ("genre~a|b", ("genre", "~", "a|b")),
        ("genre ~= a|b", ("genre", "~", "a|b")),
        ("genre !~ (?<!x)a>b", ("genre", "!~", "(?<!x)a>b")),
        ("a=b~c", ("a", "=", "b~c")),
        ("a~b!=c", ("a", "~", "b!=c")),
        ("author = Jane  Austen", ("author", "=", "Jane  Austen")),
        ("date of print = 1.5.1908", ("date of print", "=", "1.5.1908")),
        ("it's \"odd\".[0] = 'x'", ('it\'s "odd".[0]', "=", "'x'")),
        ("note=", ("note", "=", "")),
        ("note = ", ("note", "=", "")),
        ("note=one\ntwo", ("note", "=", "one\ntwo")),
        ("größe>=ñ", ("größe", ">=", "ñ")),
    ],
)
def test_filter_is_read(text: str, expected: tuple[str, str, str]) -> None:
    """A filter is a column, the first operator, and all that follows it; white space about them does not count."""
    assert parse_filters([text]) == (Filter(*expected),)


@pytest.mark.parametrize("text", ["year<<1940", "year>1905<1909", "year<=>3"])
def test_filter_with_two_operators_is_refused(text: str) -> None:
    """What no value could be compared with is refused, rather than met by no document."""
    with pytest.raises(QueryError, match=r"two operators|cannot be read"):
        parse_filters([text])


@pytest.mark.parametrize(
    "text", ["", " ", "~x", "!~x", "year", "year 1990", "=1990", " = 1990", "\t>=5", "!=", "!year", "year!1990"]
)
def test_filter_without_column_or_operator(text: str) -> None:
    """What has no column or no operator is no filter, and the error shows how to write one."""
    with pytest.raises(QueryError, match=r"year>=1990") as told:
        parse_filters(["genre=novel", text])
    assert repr(text) in str(told.value)


def test_long_nonsense_is_refused_at_once() -> None:
    """A filter of nothing but white space, however long, takes no time to refuse."""
    with pytest.raises(QueryError):
        parse_filters([" " * 20_000])


def which(folder: Path, metadata: Sequence[Metadata], *filters: Filter) -> list[bool]:
    """Which documents with this metadata meet the filters."""
    documents = {f"d{number}": ["x"] for number in range(len(metadata))}
    with opened(folder, documents, dict(zip(documents, metadata, strict=True))) as catalog:
        found: list[bool] = catalog.documents_where(filters).tolist()
        return found


VALUES: list[Metadata] = [
    {"v": 1990},
    {"v": 1990.0},
    {"v": "1990"},
    {"v": 2.5},
    {"v": -7},
    {"v": "novel"},
    {"v": "Novel"},
    {"v": ""},
    {"v": True},
    {"v": False},
    {"v": None},
    {},
    {"w": 1990},
]


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        ("=", "1990", [1990, 1990.0, "1990"]),
        ("=", "1990.0", [1990, 1990.0]),
        ("=", "+1990", [1990, 1990.0]),
        ("=", "2.50", [2.5]),
        ("=", "25e-1", [2.5]),
        ("=", "1", []),
        (">=", "1e3", [1990, 1990.0]),
        ("<=", "+1.99E3", [1990, 1990.0, 2.5, -7]),
        ("=", "-7", [-7]),
        ("=", "novel", ["novel"]),
        ("=", "", [""]),
        ("=", "true", [True]),
        ("=", "False", [False]),
        ("=", "None", []),
        ("~", "19.*", [1990, 1990.0, "1990"]),
        ("~", r"1990|-\d", [1990, "1990", -7]),
        ("~", "[Nn]ov", []),
        ("~", "(?i)NOVEL", ["novel", "Novel"]),
        ("~", "", [""]),
        ("~", "t.*", [True]),
        (">", "2", [1990, 1990.0, 2.5]),
        (">=", "1990", [1990, 1990.0]),
        ("<", "2.5", [-7]),
        ("<=", "2.5", [2.5, -7]),
        ("<", ".5", [-7]),
        (">", "novel", []),
        (">=", "novel", ["novel"]),
        ("<", "novel", ["1990", "Novel", ""]),
        (">", "true", []),
        ("<", "false", ["1990", "Novel", ""]),
    ],
)
def test_values_compare_as_what_they_are(tmp_path: Path, operator: str, value: str, expected: list[object]) -> None:
    """Numbers compare with numbers, text with text, truth with truth; a number is also equal to itself as text."""
    found = which(tmp_path, VALUES, Filter("v", operator, value))
    met = [fields.get("v") for fields, is_met in zip(VALUES, found, strict=True) if is_met]
    # Booleans are numbers to Python, so types are compared too.
    assert [(type(item), item) for item in met] == [(type(item), item) for item in expected]


@pytest.mark.parametrize("operators", [("=", "!="), ("~", "!~")])
@pytest.mark.parametrize("value", ["1990", "1990.0", "2.5", "novel", "", "true", "false", "None", "other"])
def test_unlike_is_the_opposite_of_like(tmp_path: Path, value: str, operators: tuple[str, str]) -> None:
    """Each document meets either of the two, and those without the column, or with nothing in it, the one with `!`."""
    documents = {letter: ["x"] for letter in "abcdefghijklm"}
    with opened(tmp_path, documents, dict(zip(documents, VALUES, strict=True))) as catalog:
        alike, unlike = (catalog.documents_where([Filter("v", operator, value)]) for operator in operators)
    assert (alike ^ unlike).all()
    assert unlike[-3:].all()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("genre~(", "cannot be read: the regular expression '(' cannot be read (missing )"),
        ("genre!~*", "nothing to repeat"),
        ("genre~(?R)", "calls itself, or is very long"),
        ("genre~" + "a" * 2000, "calls itself, or is very long"),
    ],
)
def test_expression_that_cannot_be_read_is_told(text: str, why: str) -> None:
    """A slip in a regular expression is an error that quotes it, and meets no document in silence."""
    with pytest.raises(QueryError, match=re.escape(why)) as told:
        parse_filters([text])
    assert str(told.value).startswith(f"The filter {text!r}")


def test_expression_that_takes_for_ever_is_told(tmp_path: Path) -> None:
    """Nobody waits for one that tries every way to cut a long value in three."""
    with pytest.raises(QueryError, match="takes too long on 'aaaa"):
        which(tmp_path, [{"v": "a" * 5000 + "c"}], Filter("v", "~", r"(.*)\1(.*)\2z?[xy]"))


def test_filters_on_the_document_itself(folder: Path) -> None:
    """Id, title and source can be filtered by as well."""
    with closing(Catalog(folder)) as catalog:
        for text, expected in {
            "document_id=money": [False, True, False],
            "document_id!=money": [True, False, True],
            "title>=Title 1": [False, True, True],
            "uri=file:0": [True, False, False],
            "uri = FILE:0": [False, False, False],
            "uri~file:[01]": [True, True, False],
            "uri!~file:[01]": [False, False, True],
            "title~Title": [False, False, False],
            "title~Title .": [True, True, True],
            "document_id~.*e.*": [True, True, True],
            "document_id!~money|river": [False, False, True],
        }.items():
            assert catalog.documents_where(parse_filters([text])).tolist() == expected, text


@pytest.mark.parametrize("fields", [{"year": float("nan")}, {"year": float("inf")}])
def test_numbers_that_are_none(make_index: MakeIndex, fields: Metadata) -> None:
    """A number that JSON has no word for is refused, or does no harm: the other documents can still be filtered."""
    documents = [Document("odd", "The bank.", fields), Document("plain", "The bank.", {"year": 1990})]
    try:
        index = make_index(documents)
    except (CtxSearchError, ValueError):
        return
    assert [line.document_id for line in index.concordance("bank", where=["year=1990"])] == ["plain"]


def test_half_characters_in_metadata_are_told(make_index: MakeIndex) -> None:
    """A lone surrogate in the metadata or the title is told as an error of the source, as in the text."""
    for document in (
        Document("a", "The bank.", {"author": "\ud800"}),
        Document("a", "The bank.", {"\udfff": "x"}),
        Document("a", "The bank.", title="\ud800"),
        Document("a", "The bank.", uri="\ud800"),
    ):
        with pytest.raises(CtxSearchError):
            make_index([document])


# The reference: what a filter means, in plain Python.


def number_in(value: str) -> float | None:
    return float(value) if re.fullmatch(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?", value) else None


def is_equal(there: object, value: str) -> bool:
    number = number_in(value)
    if there is None:
        return False
    if isinstance(there, bool):
        return value.lower() == str(there).lower()
    if isinstance(there, str):
        return there == value
    return number is not None and there == number


def meets(fields: Metadata, item: Filter) -> bool:
    there = fields.get(item.column)
    if item.operator in ("=", "!="):
        return is_equal(there, item.value) is (item.operator == "=")
    compare = {">": "__gt__", ">=": "__ge__", "<": "__lt__", "<=": "__le__"}[item.operator]
    number = number_in(item.value)
    if isinstance(there, bool) or there is None or isinstance(there, str) is (number is not None):
        return False
    return bool(getattr(there, compare)(item.value) if number is None else getattr(float(there), compare)(number))


names = st.sampled_from(["year", "a.b", "a[0]", '"q"', "it's", "$", "é", "?", "#-1"]) | st.text(
    st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=4
).filter(lambda name: name not in ("document_id", "title", "uri"))
numbers = st.integers(-1000, 1000) | st.integers(-(10**15), 10**15)
texts = st.sampled_from(["true", "False", "novel", "Novel", "", "7", "7.0", "é", "z'--"]) | st.text(
    st.characters(codec="utf-8", exclude_characters="\0"), max_size=4
)
values = st.one_of(numbers, numbers.map(lambda number: number / 4), texts, st.booleans(), st.none())


@st.composite
def filtered(draw: st.DrawFn) -> tuple[list[Metadata], list[Filter]]:
    """Some documents' metadata and filters that have to do with it."""
    columns = draw(st.lists(names, min_size=1, max_size=3, unique=True))
    metadata = draw(st.lists(st.dictionaries(st.sampled_from(columns), values), min_size=1, max_size=6))
    there = [value for fields in metadata for value in fields.values()]
    asked = (
        st.sampled_from([*there, 0]).map(str)
        | numbers.map(lambda number: f"{number:+}.0")
        | numbers.map(lambda number: f"{number}e-1")
        | texts
    )
    items = st.builds(Filter, st.sampled_from(columns), st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), asked)
    return metadata, draw(st.lists(items, min_size=1, max_size=2))


@given(filtered())
def test_filters_agree_with_plain_python(drawn: tuple[list[Metadata], list[Filter]]) -> None:
    """Whatever names and values the metadata has, the filters pass the documents that a plain loop passes."""
    metadata, filters = drawn
    with TemporaryDirectory() as name:
        found = which(Path(name), metadata, *filters)
    assert found == [all(meets(fields, item) for item in filters) for fields in metadata]


def test_threads_that_ask_at_once_get_each_their_own(make_index: MakeIndex) -> None:
    """From Python 3.12 on they could be given one compiled statement, and the answers of another thread."""
    catalog = make_index([Document("a", "They sat on the bank of the river. " * 60)]).open_shards()[0].catalog
    numbers = range(catalog.count_segments())

    def asked(first: int) -> set[int]:
        wanted = [(first + step) % len(numbers) for step in range(2_000)]
        return {number for number in wanted if [*catalog.segments([number])] != [number]}

    with ThreadPoolExecutor(4) as threads:
        assert [*threads.map(asked, range(4))] == 4 * [set()]
