"""What strangers give us: texts, records, archives and indexes that are made to break something."""

from __future__ import annotations

import gzip
import io
import json
import os
import random
import sqlite3
import tarfile
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from conftest import MakeIndex
from faults import WatchedDisk, damaged, disk_in_place
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torture import ENCODER, documents, state

import ctxsearch
from ctxsearch import Document, Index
from ctxsearch.catalog.reader import Catalog
from ctxsearch.commit import newest_commit
from ctxsearch.digests import digest_bytes, json_bytes
from ctxsearch.errors import BackupError, CtxSearchError, IndexDamaged, SourceError
from ctxsearch.query import beside

LONG = os.environ.get("CTXSEARCH_TORTURE") == "long"
more = settings(max_examples=3000 if LONG else 120)

# Half of a surrogate pair, zero-width and bidirectional characters, line ends of every kind, combining marks, NUL.
odd = st.sampled_from([*"\ud800\udfff\u200b\u200d\u202e\ufeff\ufffd\x00\x1c\x85\u2028\u0301\u0345İßΣς.\n\r\t \"'", "𝔟"])
any_text = st.text(odd | st.characters(exclude_categories=()), max_size=40) | st.sampled_from(
    ["bank " * 50, "the bank." * 9, "\n" * 99, "a\u0300" * 40, "." * 200, "x" * 70_000]
)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | any_text | st.binary(max_size=3)
structures = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(scalars, inner, max_size=3),
    max_leaves=6,
)


keys = any_text | st.sampled_from(["year", "id", "text", "", "a.b", "select", "'"]) | st.integers()
hostile_documents = st.builds(
    Document, any_text, any_text, st.dictionaries(keys, structures, max_size=3), any_text, any_text
)


def check_lines(index: Index, texts: dict[str, str]) -> None:
    """Makes sure that every occurrence is where it says, in a text that was given."""
    if not index.commit:
        return
    try:
        lines = index.query("We sat on the [bank].", any_word=True, k=None, context=3)
    except CtxSearchError:  # there is no word in it
        lines = []
    for line in lines:
        text = texts[line.document_id]
        assert text[line.start : line.end] == line.node == line.form
        assert line.left + line.node + line.right in text
        assert line.key == f"{line.document_id}:{line.start}"
    assert index.info().occurrences == len(lines)


@more
@given(st.lists(hostile_documents, max_size=4))
@example([Document("1", "The bank.", {"": None, 0: None})])  # type: ignore[dict-item]
def test_any_document_is_right_or_refused(given: list[Document]) -> None:
    """Documents of any Unicode, with metadata of any structure, are refused in a sentence, or found as they are."""
    with TemporaryDirectory() as folder, disk_in_place(WatchedDisk()):
        with Index.create(Path(folder) / "index", model="window", encoder=ENCODER) as index:
            taken = {}
            for document in given:
                try:
                    added = index.add([document]).documents
                except CtxSearchError:
                    continue
                if added:
                    taken[document.document_id] = document.text
            check_lines(index, taken)
            assert index.info().documents == len(taken)
        assert not Index.verify(Path(folder) / "index", encoder=ENCODER).problems


def test_bottomless_metadata_is_refused(make_index: MakeIndex) -> None:
    """Metadata that is nested deeper than anything can read back is refused in a sentence."""
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(SourceError, match="'deep' cannot be kept"):
        make_index([Document("1", "The bank.", {"deep": deep})])  # type: ignore[dict-item]


records = st.lists(
    st.dictionaries(st.sampled_from(["id", "text", "title", "year", ""]) | any_text, structures, max_size=4)
    | structures,
    max_size=4,
)


def _json(value: object) -> bytes:
    try:
        return json.dumps(value, default=str, skipkeys=True).encode(errors="surrogatepass")
    except ValueError:
        return b"{}"


lines_of_json = records.map(lambda rows: b"\n".join(map(_json, rows)))
cells = st.lists(st.lists(any_text, max_size=4), max_size=4)
tables = st.tuples(cells, st.sampled_from([",", "\t"])).map(
    lambda drawn: "\n".join(drawn[1].join(row) for row in [["id", "text", "year"], *drawn[0]]).encode(
        errors="surrogatepass"
    )
)
contents = st.binary(max_size=200) | lines_of_json | tables | any_text.map(lambda text: text.encode("utf-8", "replace"))


@st.composite
def hostile_files(draw: st.DrawFn) -> bytes:
    """A file's content: anything, or something nearly right, cut or with a bit flipped."""
    content = draw(contents)
    how = draw(st.sampled_from(["", "", "cut", "flipped"]))
    return damaged(content, how, random.Random(draw(st.integers(0, 99)))) if how else content


@more
@given(
    hostile_files(),
    st.sampled_from([".jsonl", ".csv", ".tsv", ".txt", ".html", ".docx", ".jsonl.gz", ".csv.gz"]),
    st.booleans(),
)
@example(b'{"text": "the bank", "id": "' + b"x" * 3000 + b'"}', ".jsonl", False)
@example(b"[" * 100_000, ".jsonl", False)
@example(b'{"text": "the bank", "year": ' + b"9" * 5000 + b"}", ".jsonl", False)
@example(b'id,text\n1,"the bank', ".csv", False)
@example(b"\x00\x00id,text\n\x00", ".tsv", True)
def test_any_file_is_right_or_refused(content: bytes, ending: str, skip_bad: bool) -> None:
    """A corpus file of any bytes is refused in a sentence, or its documents are found as they were read."""
    with TemporaryDirectory() as folder, disk_in_place(WatchedDisk()):
        source = Path(folder) / f"source{ending}"
        packed = gzip.compress(content) if ending.endswith(".gz") and len(content) % 2 else content
        source.write_bytes(packed)
        read: dict[str, str] = {}

        def kept(corpus: ctxsearch.Corpus):  # type: ignore[no-untyped-def]
            for document in corpus:
                if document.text.strip():  # an empty text is passed over, and leaves its id to another
                    read.setdefault(document.document_id, document.text)
                yield document

        with Index.create(Path(folder) / "index", model="window", encoder=ENCODER) as index:
            with suppress(CtxSearchError):
                index.add(kept(ctxsearch.read(source, skip_bad=skip_bad)))
            check_lines(index, read)
        assert not Index.verify(Path(folder) / "index", encoder=ENCODER).problems


# ------------------------------------------------------------------------------------------------------ archives


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A backup of a small index."""
    folder = tmp_path_factory.mktemp("archive")
    with Index.create(folder / "index", model="window", encoder=ENCODER) as index:
        index.add(documents(range(4)), shard_tokens=40)
        index.remove("d1")
        index.backup(folder / "backup")
    return (folder / "backup").read_bytes()


def brought_back(content: bytes, folder: Path) -> object:
    """What is restored from an archive; None where it is refused, and then nothing is left of it."""
    (folder / "source").write_bytes(content)
    try:
        with disk_in_place(WatchedDisk()):
            Index.restore(folder / "source", folder / "inner" / "again").close()
    except BackupError:
        assert not (folder / "inner").exists() or list((folder / "inner").iterdir()) == []
        found = None
    else:
        found = state(folder / "inner" / "again")
        assert not Index.verify(folder / "inner" / "again", encoder=ENCODER).problems
        assert [path.name for path in (folder / "inner").iterdir()] == ["again"]
    assert {path.name for path in folder.iterdir()} <= {"source", "inner"}
    return found


def test_damaged_archive_is_refused_or_whole(archive: bytes) -> None:
    """An archive that is cut or has a bit flipped anywhere is refused, or gives the very index it was made of."""
    chance = random.Random(1)
    refused = 0
    with TemporaryDirectory() as folder:
        whole = brought_back(archive, Path(folder))
    assert whole
    cases = 2000 if LONG else 120
    for number in range(cases):
        with TemporaryDirectory() as folder:
            how = ("flipped", "cut", "zeroed")[number % 3] if number % 12 == 2 else ("flipped", "cut")[number % 2]
            found = brought_back(damaged(archive, how, chance), Path(folder))
            assert found in (None, whole)
            refused += found is None
    print(f"\ndamaged archives: {cases}, {refused} refused, the others whole")


def _tar(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as file:
        for member, data in members:
            file.addfile(member, io.BytesIO(data))
    return content.getvalue()


def _member(name: str, size: int = 0, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.type, member.linkname = size, kind, link
    return member


def _header(name: str, size: int) -> bytes:
    return _member(name, size).tobuf(tarfile.GNU_FORMAT)


SHARD = "shard-0123456789abcdef"
HOSTILE_ARCHIVES = {
    "empty": b"",
    "zeros": bytes(10240),
    "no settings": _tar((_member(f"{SHARD}/vectors.dat", 3), b"abc")),
    "above": _tar((_member("../escape", 3), b"abc")),
    "above in a shard": _tar((_member(f"{SHARD}/../../escape", 3), b"abc")),
    "absolute": _tar((_member("/tmp/ctxsearch-escape", 3), b"abc")),
    "link": _tar((_member("senses.sqlite", kind=tarfile.SYMTYPE, link="/etc/passwd"), b"")),
    "hard link": _tar((_member("senses.sqlite", kind=tarfile.LNKTYPE, link="/etc/passwd"), b"")),
    "folder": _tar((_member(SHARD, kind=tarfile.DIRTYPE), b"")),
    "device": _tar((_member("senses.sqlite", kind=tarfile.CHRTYPE), b"")),
    "pipe": _tar((_member("ctxsearch.json", kind=tarfile.FIFOTYPE), b"")),
    "sparse": _tar((_member("senses.sqlite", kind=tarfile.GNUTYPE_SPARSE), b"")),
    "long name": _tar((_member("x" * 300, 3), b"abc")),
    "twice": _tar((_member("senses.sqlite", 3), b"abc"), (_member("senses.sqlite", 3), b"abd")),
    "huge size": _header("senses.sqlite", 1 << 60) + bytes(1024),
    "huge settings": _header("ctxsearch.json", 1 << 33) + bytes(4096),
    "line end in a name": _tar((_member("ctxsearch.json\n", 2), b"{}")),
    "lock": _tar((_member("lock", 3), b"abc")),
    "gzip": gzip.compress(_tar((_member("ctxsearch.json", 2), b"{}"))),
}


@pytest.mark.parametrize("content", HOSTILE_ARCHIVES.values(), ids=HOSTILE_ARCHIVES)
def test_hostile_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    """An archive that no backup made is refused, and nothing is written of it, inside or outside."""
    assert brought_back(content, tmp_path) is None
    assert not Path("/tmp/ctxsearch-escape").exists()


def test_archive_with_more_in_it_is_refused(archive: bytes, tmp_path: Path) -> None:
    """A backup that something was put before, or into, is refused."""
    for more_in_it in (_member("../escape", 3), _member("commit-99999999.json", 3), _member(f"{SHARD}/shard.json", 3)):
        content = more_in_it.tobuf(tarfile.GNU_FORMAT) + b"abc".ljust(512, b"\0") + archive
        assert brought_back(content, tmp_path) is None


# ------------------------------------------------------------------------------------------ the index of a stranger


@pytest.fixture
def strange(make_index: MakeIndex) -> Path:
    """An index to be made strange."""
    index = make_index(documents(range(4)), shard_tokens=40)
    index.remove("d1")
    index.close()
    return index.path


def refused(folder: Path, name: str) -> bool:
    """Whether an index is told to be damaged by everyone who reads the file: by verify, quick or not, and a query."""
    if name != "shard.json":
        with pytest.raises(IndexDamaged):
            state(folder)
    for quick in (True, False):
        assert Index.verify(folder, quick=quick, encoder=ENCODER).problems
    return True


def first_shard(folder: Path) -> Path:
    """The folder of its first shard."""
    return folder / newest_commit(folder)[0].shards[0].shard_id


FILES = ["ctxsearch.json", "commit", "shard.json", "vectors.dat", "lists.npy", "catalog.sqlite"]


def file_of(folder: Path, name: str) -> Path:
    """One file of an index by its kind."""
    if name == "ctxsearch.json":
        return folder / name
    return max(folder.glob("commit-*.json")) if name == "commit" else first_shard(folder) / name


@pytest.mark.parametrize("name", FILES)
def test_link_in_an_index_is_not_followed(strange: Path, name: str, tmp_path: Path) -> None:
    """A file that is a link out of the index is damage, even where it leads to what should be there."""
    path = file_of(strange, name)
    path.rename(tmp_path / "outside")
    path.symlink_to(tmp_path / "outside")
    assert refused(strange, name)


@pytest.mark.parametrize("name", FILES)
def test_pipe_or_device_in_an_index_is_not_read(strange: Path, name: str) -> None:
    """A pipe, which would keep a reader waiting, and a device that never ends are damage."""
    path = file_of(strange, name)
    path.unlink()
    os.mkfifo(path)
    assert refused(strange, name)
    path.unlink()
    path.symlink_to("/dev/zero")
    assert refused(strange, name)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: os.symlink("/dev/zero", path)])
def test_older_commit_that_is_no_file_is_cleared_away(strange: Path, make: Callable[[Path], None]) -> None:
    """A pipe, folder or link in the place of an older commit keeps no writer waiting, and is cleared away."""
    make(strange / "commit-00000000.json")
    assert [Path(one.path).name for one in Index.verify(strange, encoder=ENCODER).problems] == ["commit-00000000.json"]
    with Index.open(strange, encoder=ENCODER) as index:
        index.remove("d0")
    assert not os.path.lexists(strange / "commit-00000000.json")
    assert not Index.verify(strange, encoder=ENCODER).problems


def test_shard_that_is_a_link_is_not_followed(strange: Path, tmp_path: Path) -> None:
    """A shard's folder that is a link out of the index is damage."""
    shard = first_shard(strange)
    shard.rename(tmp_path / "outside")
    shard.symlink_to(tmp_path / "outside")
    assert refused(strange, "")


@pytest.mark.parametrize("name", ["lock", "damaged.json"])
def test_nothing_is_written_through_a_link(strange: Path, name: str, tmp_path: Path) -> None:
    """A link in the place of a file that a writer writes does not lead it out of the index."""
    precious = tmp_path / "precious"
    precious.write_bytes(b"mine")
    (strange / name).unlink(missing_ok=True)
    (strange / name).symlink_to(precious)
    (first_shard(strange) / "vectors.dat").write_bytes(b"")
    assert Index.verify(strange, encoder=ENCODER).problems
    with pytest.raises(CtxSearchError), Index.open(strange, encoder=ENCODER) as index:
        index.compact()
    assert precious.read_bytes() == b"mine"


def test_nothing_is_written_through_a_temporary_link(strange: Path, tmp_path: Path) -> None:
    """Links under the names that a writer is going to use do not lead it out of the index."""
    precious = tmp_path / "precious"
    precious.write_bytes(b"mine")
    (first_shard(strange) / "vectors.dat").write_bytes(b"")
    for name in ("damaged.json", "commit-00000005.json"):
        (strange / f".tmp-{os.getpid()}-{name}").symlink_to(precious)
    (strange / ".tmp-shard").symlink_to(tmp_path)
    Index.verify(strange, encoder=ENCODER)
    with Index.open(strange, encoder=ENCODER) as index, suppress(CtxSearchError):
        index.add(documents([9]))
    assert precious.read_bytes() == b"mine"
    assert {path.name for path in tmp_path.iterdir()} == {"precious", strange.name}


def test_senses_that_are_a_link_are_not_taken_along(strange: Path, tmp_path: Path) -> None:
    """A backup does not take along a database outside of the index that a link leads to."""
    with closing(sqlite3.connect(tmp_path / "secret")) as secret, secret:
        secret.execute("create table passwords (password text)")
    (strange / "senses.sqlite").symlink_to(tmp_path / "secret")
    with Index.open(strange, encoder=ENCODER) as index, pytest.raises(CtxSearchError):
        index.backup(tmp_path / "backup")
    assert not (tmp_path / "backup").exists()


def resealed(folder: Path, change: Callable[[dict[str, object]], object]) -> None:
    """Changes the newest commit of an index, and gives it a digest that is right."""
    path = max(folder.glob("commit-*.json"))
    body = json.loads(path.read_bytes())
    del body["digest"]
    change(body)
    path.write_bytes(json_bytes({**body, "digest": digest_bytes(json_bytes(body))}))


@pytest.mark.parametrize("field", ["rows", "lemmas", "documents"])
@pytest.mark.parametrize("count", [0, 5, 1 << 33, 1 << 45, (1 << 62) - 1])
def test_count_that_cannot_be_is_damage(strange: Path, field: str, count: int) -> None:
    """A commit that promises more or less than there is is damage, and takes no memory."""
    removed = [count - 1] if field == "documents" and count else []
    resealed(strange, lambda body: body["shards"][0].update({field: count, "removed": removed}))  # type: ignore[index]
    with pytest.raises(IndexDamaged):
        state(strange)
    assert Index.verify(strange, encoder=ENCODER).problems


_TWICE = (
    "update forms set (lemma_no, form, folded, tag, written) ="
    " (select lemma_no, form, folded, tag, written from forms where form_no = 0) where form_no = 1"
)
CATALOGS = {
    "view": "alter table documents rename to held; create view documents as select * from held",
    "endless view": "drop table metadata_columns; create view metadata_columns as"
    " with recursive n(i) as (select 1 union all select i + 1 from n) select i as name, i as documents from n",
    "trigger": "create trigger t after insert on documents begin delete from segments; end",
    "missing": "drop table forms",
    "texts": "update segments set text = 1",
    "tokens": "update segments set tokens = x'ffff00'",
    "spans": "update segments set tokens = x'ffffffff'",
    "rows": "update forms set first_row = 4611686018427387904",
    "frequency": "update forms set frequency = -5",
    "frequencies that lead round": "update forms set frequency = frequency + 4611686018427387904 where form_no < 4",
    "a column more": "alter table documents add column more text default ''",
    "a column less": "alter table documents drop column digest",
    "a column of another name": "alter table segments rename column start to begin",
    "bytes that are no text": "update segments set text = cast(x'ff' as text)",
    "metadata": "update documents set metadata = '[]'",
    "deep metadata": "update documents set metadata = printf('%.*c', 200000, '[')",
    "segments": "update documents set first_segment = 4611686018427387904",
    "endless segments": "update documents set segments = 9223372036854775807",
    "less than no segments": "update documents set segments = -9",
    "segments over and over": "alter table segments rename to held; create table segments as select segment, document,"
    " start + i as start, text, tokens from held, (with recursive n(i) as (select 0 union all select i + 1 from n"
    " where i < 99) select i from n)",
    "lemma": "update lemmas set lemma = x'ff' where lemma_no = 0",
    "form": "update forms set form = cast(x'ff' as text)",
    "tag": "update forms set tag = x'ff'",
    "word that is there twice": _TWICE,
    "view of origins": "drop table origins; create view origins as select segment, '' as name, x'' as lines, '' as ids"
    " from segments",
    "origin": "insert into origins values (0, 's', x'01', '')",
    "ids of tokens": "insert into origins values (0, 's', x'', '{')",
    "lines of no token": "insert into origins values (0, 's', x'0100000002000000', '')",
    "origin of nothing": "insert into origins values (4611686018427387904, 's', x'', '')",
    "number of no list": "update forms set lemma_no = 99 where lemma_no = (select max(lemma_no) from lemmas);"
    " update lemmas set lemma_no = 99 where lemma_no = (select max(lemma_no) from lemmas)",
    "lists of other numbers": "update lemmas set lemma_no = lemma_no + 99; update forms set lemma_no = lemma_no + 99",
    "words that are none": "update documents set words = 'x'",
    "no words": "update documents set words = 0",
    "less than no words": "update documents set words = -9",
    "segments before the first": "update documents set first_segment = -5",
    "segments behind the last": "update documents set first_segment = 9223372036854775807",
    "id that is no text": "update documents set document_id = cast(document_id as blob)",
    "uri that is no text": "update documents set uri = x'ff'",
    "a form without end": "update forms set frequency = 4611686018427387904",
    "a form behind all ends": "update forms set first_row = 4611686018427387904, frequency = 4611686018427387904",
    "half a surrogate pair": """update documents set metadata = '{"a": "\\ud800"}'""",
    "half of a pair in a name": """update documents set metadata = '{"a": [{"\\uDC00": 1}]}'""",
    "no number": """update documents set metadata = '{"a": NaN}'""",
    "endless number": """update documents set metadata = '{"a": [-Infinity]}'""",
    "number that is too great": """update documents set metadata = '{"a": 1e999}'""",
    "token of nothing": "insert into origins values (0, 's', x'', '');"
    " insert into unembedded values (0, 60000, 'bank', 'NOUN', '')",
}


def change_catalog(strange: Path, change: str) -> Path:
    """Changes a catalog by SQL, and makes the digests right again."""
    path = first_shard(strange) / "catalog.sqlite"
    with closing(sqlite3.connect(path)) as catalog:
        catalog.executescript(f"pragma writable_schema = on; {change}")
    resealed_catalog(strange)
    return path


def resealed_catalog(strange: Path) -> None:
    """Makes the digests right again after a catalog was changed."""
    content = (first_shard(strange) / "catalog.sqlite").read_bytes()
    sized = [len(content), digest_bytes(content)]
    resealed(strange, lambda body: body["shards"][0]["files"].update({"catalog.sqlite": sized}))  # type: ignore[index]


@pytest.mark.parametrize(
    "change",
    ["delete from forms", "update forms set lemma_no = 0", "update forms set frequency = 1, first_row = 0"],
)
def test_rows_without_a_form_are_told_where_they_are_counted(strange: Path, change: str) -> None:
    """They are counted as no other form, and the catalog is named."""
    path = change_catalog(strange, change)
    with Index.open(strange, encoder=ENCODER) as index:
        shard = index.open_shards()[0]
        lemma = max(shard.catalog.lemma_frequencies(), key=lambda one: one[1])[0]
        with pytest.raises(IndexDamaged, match="rows of a word have no form") as raised:
            index.frequencies(lemma, "form")
    assert str(path) in str(raised.value)


def test_compaction_refuses_a_word_that_is_there_twice(strange: Path) -> None:
    """Rows of a word that a catalog has twice would have one place; they are not joined, and the catalog is named."""
    path = change_catalog(strange, _TWICE)
    with Index.open(strange, encoder=ENCODER) as index, pytest.raises(IndexDamaged, match="twice") as raised:
        index.compact()
    assert raised.value.path == str(path)


@pytest.mark.parametrize("rows", [0, 1 << 40], ids=["sentences are read", "rows are looked at"])
def test_forms_in_another_order_are_counted(strange: Path, monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    """A form is where its rows are, whichever number a catalog gives it."""
    for name in ("_ROWS_AN_OCCURRENCE", "_ROWS_AND_FORMS"):
        monkeypatch.setattr(beside, name, rows)
    counts = []
    for change in ("select 1", "update forms set form_no = -1 - form_no"):
        change_catalog(strange, change)
        with Index.open(strange, encoder=ENCODER) as index:
            counts.append(index.collocations("bank", by_form=True, least=1, where="year>1900"))
    assert counts[0] == counts[1]


def test_tokens_beyond_the_file_are_not_counted(strange: Path) -> None:
    """SQLite says of a segment how long its tokens are without a look at them, and a stranger may say anything."""

    def varint(number: int) -> bytes:
        return bytes((number >> 14 | 128, number >> 7 & 127 | 128, number & 127))

    path = change_catalog(strange, "update segments set tokens = zeroblob(40000) where segment = 0")
    content = bytearray(path.read_bytes())
    # A row has its size, its number (here 0), the size of its header, and there the kind of each cell: of a blob, 12
    # and twice its length. What is on the page itself stays as it is where whole pages more are claimed.
    more = 234 * (4096 - 4)
    kind = content.index(varint(12 + 2 * 40_000))
    header = next(at for at in range(kind - 1, 0, -1) if content[at] == kind + 3 - at)
    first, second, third = content[header - 4 : header - 1]
    size = (first & 127) << 14 | (second & 127) << 7 | third
    content[kind : kind + 3] = varint(12 + 2 * (40_000 + more))
    content[header - 4 : header - 1] = varint(size + more)
    path.write_bytes(content)
    resealed_catalog(strange)
    with closing(Catalog(path.parent)) as catalog, pytest.raises(IndexDamaged, match="than there is room for"):
        catalog.token_counts(np.array([0]))


@pytest.mark.parametrize("content", ["{nope", "[1]", "null", "[" * 100_000, "\udcff"])
def test_strange_description_is_found(strange: Path, content: str) -> None:
    """What a shard says of itself may be anything: it is a problem of that file, and the index can be repaired."""
    path = first_shard(strange) / "shard.json"
    path.write_bytes(content.encode(errors="surrogateescape"))
    sized = [path.stat().st_size, digest_bytes(path.read_bytes())]
    resealed(strange, lambda body: body["shards"][0]["files"].update({"shard.json": sized}))  # type: ignore[index]
    (problem,) = (one for one in Index.verify(strange, encoder=ENCODER).problems if one.shard)
    assert problem.path == str(path)
    assert problem in Index.repair(strange, encoder=ENCODER).problems
    assert Index.verify(strange, encoder=ENCODER).problems == []


@pytest.mark.parametrize("change", CATALOGS.values(), ids=CATALOGS)
def test_hostile_catalog_is_found(strange: Path, change: str) -> None:
    """A catalog that was changed, under digests that are right, is found by verify, and no query falls over it."""
    change_catalog(strange, change)
    with Index.open(strange, encoder=ENCODER) as index:
        for ask in (
            lambda: index.query("We sat on the [bank].", any_word=True, k=None),
            lambda: index.query("We sat on the [bank]."),
            lambda: index.concordance("bank"),
            lambda: index.concordance("the"),
            lambda: index.query("We sat on the [bank].", where=["year>1900"]),
            lambda: index.like("d0:0"),
            lambda: index.collocations("the", least=1),
            lambda: index.collocations("the", least=1, by_form=True),
            lambda: index.frequencies("the", "document_id"),
            lambda: index.examples("the"),
            lambda: index.export(strange.parent / "out.jsonl", "the"),
            lambda: index.export(strange.parent / "out.vrt"),
            lambda: index.export(strange.parent / "out.conllu"),
            lambda: index.export(strange.parent / "out.npy"),
            index.info,
        ):
            with suppress(CtxSearchError):
                ask()
    assert Index.verify(strange, encoder=ENCODER).problems
    # Nor does joining: it refuses, by the name of a file that is there, or writes what can be read.
    with Index.open(strange, encoder=ENCODER) as index:
        told: list[str] = []
        try:
            index.compact()
        except IndexDamaged as error:
            told.append(error.path)
        with suppress(CtxSearchError):
            index.query("We sat on the [bank].", any_word=True, k=None)
    assert all(Path(path).exists() for path in told)
