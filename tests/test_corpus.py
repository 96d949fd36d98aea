"""The readers: what becomes a document, in which order, and what is said of what cannot."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import sys
import tracemalloc
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ctxsearch.corpus import Corpus, read
from ctxsearch.corpus.lines import BadByte, decode, split_lines
from ctxsearch.corpus.records import Options
from ctxsearch.corpus.rows import UnfinishedRow
from ctxsearch.domain import Document, MetadataValue
from ctxsearch.errors import SourceError


def write(path: Path, content: str | bytes) -> Path:
    """Writes a file, packed if its name says so, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(data) if path.name.lower().endswith(".gz") else data)
    return path


def write_jsonl(path: Path, *records: object) -> Path:
    return write(path, "".join(json.dumps(record) + "\n" for record in records))


def ids(corpus: Corpus) -> list[str]:
    return [document.document_id for document in corpus]


def only(corpus: Corpus) -> Document:
    (document,) = corpus
    return document


def failure(corpus: Corpus) -> SourceError:
    """Returns the error that reading ends with."""
    with pytest.raises(SourceError) as caught:
        list(corpus)
    return caught.value


def survivors(corpus_of: Path, **options: str) -> tuple[list[str], list[SourceError]]:
    """Returns the texts that are left when bad records are skipped, and their errors."""
    errors: list[SourceError] = []
    corpus = read(
        corpus_of,
        skip_bad=True,
        on_skip=errors.append,
        encoding=options.get("encoding", "utf-8"),
        id_column=options.get("id_column"),
    )
    texts = [document.text for document in corpus]
    assert corpus.skipped == len(errors)
    return texts, errors


class TestSources:
    def test_folder_order(self, tmp_path: Path) -> None:
        """A folder is read with all below it, in the order of the relative paths."""
        for name in ("b.txt", "a/z.txt", "a.txt", "a/b/c.txt", "B.txt", "a0.txt"):
            write(tmp_path / name, name)
        expected = sorted(["b.txt", "a/z.txt", "a.txt", "a/b/c.txt", "B.txt", "a0.txt"])
        assert ids(read(tmp_path)) == expected

    def test_mixed_folder(self, tmp_path: Path) -> None:
        """A folder may hold every known kind of file, whatever the case of its ending."""
        write(tmp_path / "1.TXT", "one")
        write(tmp_path / "2.txt.gz", "two")
        write(tmp_path / "3.jsonl", '{"text": "three"}')
        write(tmp_path / "4.JSONL.gz", '{"text": "four"}')
        write(tmp_path / "5.csv", "text\nfive\n")
        write(tmp_path / "6.csv.GZ", "text\nsix\n")
        write(tmp_path / "7.tsv", "text\tn\nseven\t7\n")
        write(tmp_path / "8.tsv.gz", "text\tn\neight\t8\n")
        corpus = read(str(tmp_path))
        texts = ["one", "two", "three", "four", "five", "six", "seven", "eight"]
        assert [document.text for document in corpus] == texts
        assert ids(corpus) == ["1.TXT", "2.txt", "3.jsonl#1", "4.JSONL#1", "5.csv#2", "6.csv#2", "7.tsv#2", "8.tsv#2"]

    def test_hidden_files(self, tmp_path: Path) -> None:
        """Hidden files and folders are passed over without a word, but a hidden folder named itself is read."""
        write(tmp_path / ".seen/x.txt", "x")
        write(tmp_path / ".seen/.y.txt", "y")
        write(tmp_path / ".seen/.git/z.txt", "z")
        corpus = read(tmp_path / ".seen")
        assert ids(corpus) == ["x.txt"]
        assert corpus.unread_count == 0

    def test_unread_files(self, tmp_path: Path) -> None:
        """Files that no reader knows are counted, and the first hundred named."""
        write(tmp_path / "x.txt", "x")
        for number in range(120):
            write(tmp_path / f"{number:03}.pdf", "")
        corpus = read(tmp_path)
        assert corpus.unread_count == 120
        assert len(corpus.unread) == 100
        assert corpus.unread[0] == (tmp_path / "000.pdf").as_posix()

    @pytest.mark.parametrize(
        "content",
        [
            "<?xml version='1.0'?><project/>",
            "<p:list xmlns:p='x'>not even <closed>",
            "<!DOCTYPE book [<!ENTITY e 'x'>]><book>&e;</book>",
        ],
    )
    def test_other_xml(self, tmp_path: Path, content: str) -> None:
        """XML that is no TEI is unread in a folder and in an archive, and told where it is named itself."""
        write(tmp_path / "a/x.txt", "x")
        write(tmp_path / "a/x.pdf", "")
        other = write(tmp_path / "a/pom.xml", content)
        corpus = read(tmp_path / "a")
        for _ in range(2):
            assert ids(corpus) == ["x.txt"]
            assert corpus.unread == [(tmp_path / "a/x.pdf").as_posix(), other.as_posix()]
            assert (corpus.unread_count, corpus.skipped, corpus.bytes_read) == (2, 0, corpus.total_bytes)
        with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
            archive.writestr("pom.xml", content)
        corpus = read(tmp_path / "b.zip")
        assert (ids(corpus), corpus.unread) == ([], [(tmp_path / "b.zip/pom.xml").as_posix()])
        with pytest.raises(SourceError, match=r"its root is <(project|list|book)>, and that of a TEI file is"):
            list(read(other))

    def test_broken_xml(self, tmp_path: Path) -> None:
        """What is no XML is told in a folder too: it may have been a document."""
        write(tmp_path / "x.xml", "<TEI><text>")
        with pytest.raises(SourceError, match=r"not well-formed|no element found"):
            list(read(tmp_path))

    def test_glob(self, tmp_path: Path) -> None:
        """A pattern limits the files of a folder, by name or by the end of the path."""
        for name in ("a.txt", "b.jsonl", "letters/c.txt", "notes/d.txt"):
            write(tmp_path / name, '{"text": "x"}')
        assert ids(read(tmp_path, glob="*.txt")) == ["a.txt", "letters/c.txt", "notes/d.txt"]
        assert ids(read(tmp_path, glob="letters/*")) == ["letters/c.txt"]
        with pytest.raises(SourceError, match=r"no file to read that matches \*\.md"):
            read(tmp_path, glob="*.md")

    def test_names_that_differ_in_how_an_accent_is_spelled(self, tmp_path: Path) -> None:
        """Two files whose documents would have one id are told of; a file that lies there packed as well is not."""
        names = ("a.txt", "a.txt.GZ", "caf\u00e9.txt", "cafe\u0301.txt.gz")
        for name in names:
            write(tmp_path / name, name)
        texts, errors = survivors(tmp_path)
        assert len(texts) == 3
        [error] = errors
        assert error.why.endswith("with an accent spelled otherwise (as one sign, and as two)")
        assert {error.path, error.why.removeprefix("its name is that of ").partition(" with")[0]} == {
            (tmp_path / name).as_posix() for name in names[2:]
        }

    def test_several_sources(self, tmp_path: Path) -> None:
        """Sources are read in the order given, and a file named itself has its file name for an id."""
        first = write(tmp_path / "deep/down/z.txt", "z")
        write(tmp_path / "folder/a.txt", "a")
        assert ids(read(first, tmp_path / "folder")) == ["z.txt", "a.txt"]

    def test_link_loops(self, tmp_path: Path) -> None:
        """A link back into the folder is not followed, and a link out of it is, once."""
        write(tmp_path / "corpus/a/x.txt", "x")
        write(tmp_path / "elsewhere/y.txt", "y")
        (tmp_path / "elsewhere/home").symlink_to(tmp_path / "corpus")
        (tmp_path / "corpus/a/up").symlink_to(tmp_path / "corpus")
        (tmp_path / "corpus/b").symlink_to(tmp_path / "elsewhere")
        (tmp_path / "corpus/c").symlink_to(tmp_path / "elsewhere")
        (tmp_path / "corpus/d").symlink_to(tmp_path)
        (tmp_path / "corpus/gone.txt").symlink_to(tmp_path / "nowhere")
        assert ids(read(tmp_path / "corpus")) == ["a/x.txt", "b/y.txt"]

    @pytest.mark.parametrize("name", ["", "nowhere", "nowhere.txt"])
    def test_missing_source(self, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """A source that is not there is told at once, and an empty name is not the working folder."""
        monkeypatch.chdir(tmp_path)
        write(tmp_path / "x.txt", "x")
        with pytest.raises(SourceError, match="no such file or folder"):
            read(name)

    def test_unknown_ending(self, tmp_path: Path) -> None:
        """A file named itself with an unknown ending is told at once, with the endings that are known."""
        with pytest.raises(
            SourceError,
            match=r"\.txt \.jsonl \.csv \.tsv \.conllu .* \.html .* \(each also \.gz\), \.xlsx .* \.docx \.zip\.",
        ):
            read(write(tmp_path / "x.pdf", "x"))

    def test_empty_folder(self, tmp_path: Path) -> None:
        """A folder without a file to read is an error."""
        write(tmp_path / "x.pdf", "x")
        with pytest.raises(SourceError, match="it holds no file to read"):
            read(tmp_path)

    def test_no_source(self) -> None:
        """To read nothing is a wrong argument."""
        with pytest.raises(ValueError, match="at least one"):
            read()

    def test_not_a_file(self, tmp_path: Path) -> None:
        """A pipe is no source, whatever its name."""
        os.mkfifo(tmp_path / "x.txt")
        with pytest.raises(SourceError, match="neither a file nor a folder"):
            read(tmp_path / "x.txt")

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
    def test_no_permission(self, tmp_path: Path) -> None:
        """A file that may not be read is an error that names it."""
        path = write(tmp_path / "x.txt", "x")
        path.chmod(0)
        assert failure(read(path)).path == path.as_posix()

    def test_file_gone(self, tmp_path: Path) -> None:
        """A file that went away after it was listed is an error that names it, or is skipped."""
        path = write(tmp_path / "x.txt", "x")
        write(tmp_path / "y.txt", "y")
        corpus = read(tmp_path)
        patient = read(tmp_path, skip_bad=True)
        path.unlink()
        error = failure(corpus)
        assert (error.path, isinstance(error.__cause__, FileNotFoundError)) == (path.as_posix(), True)
        assert (ids(patient), patient.skipped) == (["y.txt"], 1)

    def test_name_is_spelled_as_one_types_it(self, tmp_path: Path) -> None:
        """An accent that a system keeps apart from its letter makes no other id, and its row of metadata is found."""
        write(tmp_path / "A\u0308pfel.txt", "Die Bank.")
        write(tmp_path / "metadata.csv", "file,year\n\u00c4pfel.txt,1912\n")
        corpus = read(tmp_path)
        assert [(one.document_id, one.metadata) for one in corpus] == [("\u00c4pfel.txt", {"year": 1912})]
        assert corpus.unmatched_count == 0

    def test_name_that_is_not_unicode(self, tmp_path: Path) -> None:
        """A file whose name is not Unicode cannot lend it to a document, and the error can still be printed."""
        try:
            write(tmp_path / os.fsdecode(b"caf\xe9.txt"), "x")
        except OSError:
            # macOS refuses such a name, so there no corpus can have one; Linux takes it, and there this runs.
            pytest.skip("this file system has only Unicode names")
        error = failure(read(tmp_path))
        assert "is not UTF-8" in error.why
        assert str(error).encode()


class TestPass:
    def test_read_twice(self, tmp_path: Path) -> None:
        """A corpus can be gone through again, and its counts start anew."""
        write(tmp_path / "x.jsonl", '{"text": "a"}\nbad\n{"text": "b"}\n')
        corpus = read(tmp_path, skip_bad=True)
        assert list(corpus) == list(corpus)
        assert corpus.skipped == 1

    def test_progress(self, tmp_path: Path) -> None:
        """Bytes are counted as they lie on the disk, never fall, and end at the total."""
        for number in range(3):
            write_jsonl(tmp_path / f"{number}.jsonl.gz", *({"text": os.urandom(600).hex()} for _ in range(200)))
        write(tmp_path / "metadata.csv", "id,year\nx.txt,1912\n")
        write(tmp_path / "x.txt", "x" * 1000)
        corpus = read(tmp_path)
        assert corpus.bytes_read == 0
        seen = [corpus.bytes_read for _ in corpus]
        assert corpus.total_bytes == sum(path.stat().st_size for path in tmp_path.iterdir())
        assert seen == sorted(seen)
        assert len(set(seen)) > 4
        assert seen[-1] <= corpus.bytes_read == corpus.total_bytes

    def test_documents_before_an_error(self, tmp_path: Path) -> None:
        """What comes before a bad record is read before the error is raised."""
        write(tmp_path / "x.jsonl", '{"text": "a"}\n{"text": "b"}\nbad\n')
        documents = iter(read(tmp_path))
        assert [next(documents).text, next(documents).text] == ["a", "b"]
        with pytest.raises(SourceError):
            next(documents)

    def test_on_skip_needs_skip_bad(self, tmp_path: Path) -> None:
        """Without skip_bad a bad record is raised, and nothing is counted as skipped."""
        errors: list[SourceError] = []
        corpus = read(write(tmp_path / "x.jsonl", "bad\n"), on_skip=errors.append)
        failure(corpus)
        assert (errors, corpus.skipped) == ([], 0)


class TestText:
    def test_document(self, tmp_path: Path) -> None:
        """A text file is a document with its path for an id, its stem for a title and no metadata."""
        path = write(tmp_path / "letters/1912.05.txt", "Dear Ann,")
        expected = Document("letters/1912.05.txt", "Dear Ann,", {}, "1912.05", path.as_posix())
        assert only(read(tmp_path)) == expected

    def test_packed(self, tmp_path: Path) -> None:
        """Packing a text file changes neither its id nor its title, only its uri."""
        path = write(tmp_path / "letters/1912.txt.gz", "Dear Ann,")
        expected = Document("letters/1912.txt", "Dear Ann,", {}, "1912", path.as_posix())
        assert only(read(tmp_path)) == expected

    @pytest.mark.parametrize("text", ["a\r\nb\rc\n", "nul\0nul", "", " \n", "\u2028x\x85y"])
    def test_text_as_it_is(self, tmp_path: Path, text: str) -> None:
        """Line ends, NUL and empty texts come as they are in the file."""
        assert only(read(write(tmp_path / "x.txt", text))).text == text

    def test_too_long(self, tmp_path: Path) -> None:
        """A text file over the limit is an error, and one right at it is not."""
        path = write(tmp_path / "x.txt", "é" * 10)
        assert only(Corpus([path], Options(max_record_chars=10))).text == "é" * 10
        error = failure(Corpus([path], Options(max_record_chars=9)))
        assert str(error) == (
            f"{path.as_posix()}: it has more than 9 characters, too many for one document."
            " Cut it into several documents."
        )

    def test_not_in_the_encoding_is_skipped(self, tmp_path: Path) -> None:
        """A text file with a bad byte is passed over whole."""
        write(tmp_path / "a.txt", b"caf\xe9")
        write(tmp_path / "b.txt", "café")
        texts, errors = survivors(tmp_path)
        assert texts == ["café"]
        assert errors[0].path == (tmp_path / "a.txt").as_posix()


class TestMetadataTable:
    def test_metadata(self, tmp_path: Path) -> None:
        """A metadata table at the top gives the text files metadata, and is itself no document."""
        write(tmp_path / "metadata.csv", "id,year,author\nletters/1.txt,1912,Ann\n2.txt,,Ben\nnone.txt,1900,Cy\n")
        write(tmp_path / "letters/1.txt.gz", "one")
        write(tmp_path / "2.txt", "two")
        write(tmp_path / "3.txt", "three")
        found = {document.document_id: document.metadata for document in read(tmp_path)}
        assert found == {"letters/1.txt": {"year": 1912, "author": "Ann"}, "2.txt": {"author": "Ben"}, "3.txt": {}}

    @pytest.mark.parametrize(
        ("header", "id_column", "expected"),
        [
            ("filename\tfile\tid", None, "third"),
            ("filename\tfile\tn", None, "second"),
            ("filename\tm\tn", None, "first"),
            ("filename\tmine\tid", "mine", "second"),
        ],
    )
    def test_id_column(self, tmp_path: Path, header: str, id_column: str | None, expected: str) -> None:
        """The column of names is the one asked for, else id, file or filename."""
        write(
            tmp_path / "metadata.tsv", f"{header}\tfound\nx.txt\t-\t-\tfirst\n-\tx.txt\t-\tsecond\n-\t-\tx.txt\tthird\n"
        )
        write(tmp_path / "x.txt", "x")
        assert only(read(tmp_path, id_column=id_column)).metadata["found"] == expected

    def test_glob_leaves_the_table(self, tmp_path: Path) -> None:
        """A pattern for text files does not hide the metadata table from them."""
        write(tmp_path / "metadata.csv", "file,year\nx.txt.gz,1912\n")
        write(tmp_path / "x.txt.gz", "x")
        corpus = read(tmp_path, glob="*.txt.gz")
        assert only(corpus).metadata == {"year": 1912}
        assert corpus.bytes_read == corpus.total_bytes

    def test_rows_about_no_file(self, tmp_path: Path) -> None:
        """Rows that name no text file are counted, and the first named; a file that was not asked for is one."""
        missing = "".join(f"none{number}.txt,1900\n" for number in range(120))
        write(tmp_path / "metadata.csv", f"id,year\nx.txt,1912\nold/y.txt,1890\n{missing}")
        write(tmp_path / "x.txt", "x")
        write(tmp_path / "old/y.txt.gz", "y")
        for glob, expected in ((None, ["old/y.txt", "x.txt"]), ("x.*", ["x.txt"])):
            corpus = read(tmp_path, glob=glob)
            assert corpus.unmatched_count == 0
            for _ in range(2):
                assert ids(corpus) == expected
                assert (corpus.unmatched_count, len(corpus.unmatched), corpus.unmatched[0]) == (120, 100, "none0.txt")

    @pytest.mark.parametrize("text_files", [0, 1])
    def test_table_that_is_a_corpus(self, tmp_path: Path, text_files: int) -> None:
        """A file of that name is read as any other if it names no files, or if there are no text files."""
        write(tmp_path / "metadata.csv", "n,text\n1,a\n" if text_files else "id,text\n1,a\n")
        for number in range(text_files):
            write(tmp_path / f"{number}.txt", "b")
        assert [document.text for document in read(tmp_path)] == ["b", "a"][1 - text_files :]

    def test_deeper_table(self, tmp_path: Path) -> None:
        """A file of that name further down is not about the text files."""
        write(tmp_path / "deep/metadata.csv", "id,text\nx.txt,a\n")
        write(tmp_path / "x.txt", "x")
        assert ids(read(tmp_path)) == ["x.txt", "x.txt"]

    def test_bad_rows(self, tmp_path: Path) -> None:
        """A bad row of the table is raised, or skipped, as in any other file."""
        table = write(tmp_path / "metadata.csv", b"id,year\nx.txt\nx.txt,1912\n\xff,1\n,2\n")
        write(tmp_path / "x.txt", "x")
        assert str(failure(read(tmp_path))) == f"{table.as_posix()}, line 2: the row has 1 cells, and the header 2."
        corpus = read(tmp_path, skip_bad=True)
        assert only(corpus).metadata == {"year": 1912}
        assert corpus.skipped == 3

    def test_two_tables_for_a_folder(self, tmp_path: Path) -> None:
        """A second table about the same files is told; one of a folder in an archive speaks of other files."""
        write(tmp_path / "x.txt", "x")
        table = write(tmp_path / "metadata.csv", "id,year\nx.txt,1912\n")
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
            archive.writestr("x.txt", "y")
            archive.writestr("metadata.csv", "id,year\nx.txt,1953\n")
        assert [document.metadata for document in read(tmp_path)] == [{"year": 1953}, {"year": 1912}]
        second = write(tmp_path / "metadata.tsv", "id\tgenre\nx.txt\tnews\n")
        assert str(failure(read(tmp_path))) == (
            f"{second.as_posix()}: there is a table about the same files already, {table.as_posix()}."
            " Make one of the two."
        )
        assert [document.metadata for document in read(tmp_path, skip_bad=True)] == [{"year": 1953}, {"year": 1912}]

    def test_two_rows_for_a_file(self, tmp_path: Path) -> None:
        """Which of them holds nobody knows: the second is a bad row, however the file is written."""
        table = write(tmp_path / "metadata.csv", "id,year\nx.txt,1912\ny.txt,1900\nx.txt.gz,1990\n")
        write(tmp_path / "x.txt", "x")
        assert str(failure(read(tmp_path))) == (
            f"{table.as_posix()}, line 4: there is a row for 'x.txt' in line 2 already. Give a file one row."
        )
        assert only(read(tmp_path, skip_bad=True)).metadata == {"year": 1912}

    def test_bad_header(self, tmp_path: Path) -> None:
        """A table whose header cannot be read is an error, and not silently left out."""
        write(tmp_path / "metadata.csv", "id,year,year\n")
        write(tmp_path / "x.txt", "x")
        assert "year" in str(failure(read(tmp_path)))


class TestJsonl:
    def test_document(self, tmp_path: Path) -> None:
        """A line becomes a document; further fields are metadata, and what is in "metadata" goes first."""
        record = {
            "id": "a",
            "text": "x",
            "metadata": {"year": 1912, "genre": "prose"},
            "title": "T",
            "uri": "http://x",
            "url": "http://y",
            "genre": "verse",
            "draft": True,
            "weight": 1.5,
            "none": None,
            "tags": ["é", {"k": 1}],
            "big": 2**63,
            "small": -(2**63),
        }
        expected: dict[str, MetadataValue] = {
            "year": 1912,
            "genre": "prose",
            "url": "http://y",
            "draft": True,
            "weight": 1.5,
            "none": None,
            "tags": '["é", {"k": 1}]',
            "big": "9223372036854775808",
            "small": -(2**63),
        }
        document = only(read(write_jsonl(tmp_path / "x.jsonl", record)))
        assert document == Document("a", "x", expected, "T", "http://x")
        assert document.metadata["draft"] is True

    def test_url_and_odd_title(self, tmp_path: Path) -> None:
        """An url serves where there is no uri, and a title that is no string is metadata."""
        document = only(read(write_jsonl(tmp_path / "x.jsonl", {"text": "x", "url": "http://y", "title": 7})))
        assert (document.uri, document.title, document.metadata) == ("http://y", "", {"title": 7})

    def test_ids(self, tmp_path: Path) -> None:
        """A whole number will do for an id; without one it is path and line, and blank lines count as lines."""
        path = write(tmp_path / "in/x.jsonl.gz", '{"id": 7, "text": "a"}\n\n \t\r\n{"text": "b"}\r\n{"text": "c"}')
        first, second, third = read(tmp_path)
        assert (first.document_id, second.document_id, third.document_id) == ("7", "in/x.jsonl#4", "in/x.jsonl#5")
        assert second.uri == f"{path.as_posix()}#4"

    def test_column_options(self, tmp_path: Path) -> None:
        """The fields of text and id can be named; the usual ones are then metadata."""
        path = write_jsonl(tmp_path / "x.jsonl", {"id": 1, "text": "a", "key": "k", "body": "b"})
        expected = Document("k", "b", {"id": 1, "text": "a"}, uri=f"{path.as_posix()}#1")
        assert only(read(path, text_column="body", id_column="key")) == expected

    def test_line_separators_of_unicode(self, tmp_path: Path) -> None:
        """Only a newline ends a line: not U+2028, U+0085, nor a form feed between fields."""
        text = "a\u2028b\u2029c\x85d"
        path = write(tmp_path / "x.jsonl", json.dumps({"text": text}, ensure_ascii=False) + "\n")
        assert only(read(path)).text == text

    def test_escapes(self, tmp_path: Path) -> None:
        """NUL and line ends inside the text are kept, and a whole surrogate pair is one character."""
        path = write(tmp_path / "x.jsonl", r'{"text": "a\u0000b\r\nc\ud83d\ude00"}')
        assert only(read(path)).text == "a\0b\r\nc\U0001f600"

    @pytest.mark.parametrize(
        ("line", "why"),
        [
            ('{"text" "x"}', "not JSON (Expecting ':' delimiter, column 9)"),
            ('["text"]', "not a JSON object"),
            ('"text"', "not a JSON object"),
            ('{"body": "x", "n": 1}', "no field 'text' for the text; the fields are: 'body', 'n'"),
            ("{}", "the fields are: none"),
            ('{"text": 7}', "'text' is not a string"),
            ('{"text": null}', "'text' is not a string"),
            ('{"text": "x", "id": 1.5}', "'id' is not a string or a whole number"),
            ('{"text": "x", "id": true}', "'id' is not a string or a whole number"),
            ('{"text": "x", "id": null}', "'id' is not a string or a whole number"),
            ('{"text": "x", "id": ""}', "id is empty"),
            ('{"text": "x", "id": "a\\nb"}', "control character"),
            ('{"text": "x", "id": "a\\u0085b"}', "control character"),
            ('{"text": "x", "id": "\\ud800"}', "surrogate"),
            (f'{{"text": "x", "id": "{"i" * 1001}"}}', "1,001 characters"),
            ('{"text": "x", "metadata": [1]}', "'metadata' is not an object"),
            ('{"text": "x", "n": NaN}', "NaN is not a number"),
            ('{"text": "x", "n": [-Infinity]}', "-Infinity is not a number"),
            ('{"text": "x", "n": 1e999}', "inf is not a number"),
            ('{"text": "x", "n": [1e999]}', "Out of range"),
            ('{"text": "x", "n": ' + "9" * 5000 + "}", "a number of 5,000 digits in it; give it as a string"),
            ('{"text": "x", "n": ' + "[" * 100_000 + "]" * 100_000 + "}", "nested too deeply"),
            ('{"text": "x \\ud800 y"}', "\\ud800, stands alone"),
            ('{"text": "x", "title": "\\udfff"}', "\\udfff, stands alone"),
            ('{"text": "x", "k": "\\udfff"}', "\\udfff, stands alone"),
            ('{"text": "x", "k": ["\\udfff"]}', "\\udfff, stands alone"),
            ('{"text": "x", "\\udfff": 1}', "\\udfff, stands alone"),
            ('{"text": "x\ty"}', "Invalid control character"),
            ('{"text": "x", "text": "y"}', "there are several fields 'text' in one object"),
            ('{"text": "x", "metadata": {"n": 1, "n": 2}}', "there are several fields 'n' in one object"),
        ],
    )
    def test_bad_record(self, tmp_path: Path, line: str, why: str) -> None:
        """A bad line is an error with path, line and reason, and skipping it loses no other line."""
        path = write(tmp_path / "x.jsonl", f'{{"text": "a"}}\n{line}\n{{"text": "b"}}\n')
        error = failure(read(path))
        assert (error.path, error.line) == (path.as_posix(), 2)
        assert why in error.why
        texts, errors = survivors(path)
        assert texts == ["a", "b"]
        assert [str(skipped) for skipped in errors] == [str(error)]

    def test_longest_id(self, tmp_path: Path) -> None:
        """An id may have a thousand characters."""
        assert len(only(read(write_jsonl(tmp_path / "x.jsonl", {"id": "é" * 1000, "text": ""}))).document_id) == 1000

    def test_null_metadata(self, tmp_path: Path) -> None:
        """A null for metadata is no metadata."""
        assert only(read(write_jsonl(tmp_path / "x.jsonl", {"text": "x", "metadata": None}))).metadata == {}


class TestTables:
    def test_document(self, tmp_path: Path) -> None:
        """A row becomes a document; its other cells are metadata, and empty ones are left out."""
        path = write(tmp_path / "x.csv", 'id,year,text,note,title\r\na,1912,"x, ""y""\r\nz",,T\r\n')
        expected = Document("a", 'x, "y"\r\nz', {"year": 1912, "title": "T"}, uri=f"{path.as_posix()}#2")
        assert only(read(path)) == expected

    def test_tsv(self, tmp_path: Path) -> None:
        """TSV keeps commas, and a cell in quotation marks on one line is quoted as in CSV."""
        path = write(tmp_path / "x.TSV.gz", 'text\tn\na, "b"\t1\n"c\t""d"""\t2\n')
        assert [(document.text, document.metadata) for document in read(path)] == [
            ('a, "b"', {"n": 1}),
            ('c\t"d"', {"n": 2}),
        ]

    def test_speech_in_tsv(self, tmp_path: Path) -> None:
        """A quotation mark at the start of a cell of TSV that quotes no cell is a character, and takes no other row."""
        rows = ['1\t"Hi," he said.', '2\tHe said "no".', '3\t"Yes', '4\tNo"', '5\t"""', '6\t"A" "B"', "7\tlast"]
        path = write(tmp_path / "x.tsv", "id\ttext\n" + "".join(f"{row}\r\n" for row in rows))
        assert [f"{document.document_id}\t{document.text}" for document in read(path)] == rows
        path = write(tmp_path / "y.tsv", 'id\ttext\n1\t"one\n2\ttwo\n')
        assert [document.text for document in read(path)] == ['"one', "two"]

    def test_several_lines_in_tsv(self, tmp_path: Path) -> None:
        """What would be a row of several lines, were it CSV, is told with what to give instead."""
        path = write(tmp_path / "x.tsv", 'text\tn\n"one\ntwo"\t1\nthree\t3\n')
        texts, errors = survivors(path)
        assert texts == ['two"', "three"]
        (error,) = errors
        assert (error.line, error.hint) == (
            2,
            "In TSV every row is one line; give texts of several lines as CSV or JSONL.",
        )

    @pytest.mark.parametrize("name", ["x.csv", "x.tsv", "uses.tsv"])
    def test_carriage_returns_alone(self, tmp_path: Path, name: str) -> None:
        """A table whose lines end in carriage returns alone is refused, and not taken for one header."""
        columns = ["lemma", "context", "indexes_target_token", "n"] if name == "uses.tsv" else ["id", "text", "year"]
        rows = [columns, ["1", "a bank", "2:6", "3"][: len(columns)]]
        delimiter = "," if name == "x.csv" else "\t"
        error = failure(read(write(tmp_path / name, "".join(f"{delimiter.join(row)}\r" for row in rows))))
        assert "there is a carriage return in the middle of its header" in error.why
        assert "Save it with the line ends of today" in error.hint
        assert only(read(write(tmp_path / "z.csv", 'text,"a\rb"\r\nx,1\r\n'))).metadata == {"a\rb": 1}

    @pytest.mark.parametrize(
        ("cell", "value"),
        [
            ("0", 0),
            ("-12", -12),
            ("9" * 18, 10**18 - 1),
            ("1.50", 1.5),
            ("-0.5", -0.5),
            *((text, text) for text in ("007", "-0", "+1", "1e5", "1.", ".5", "nan", "inf", "1,5", "1_000", "\u0661")),
            ("12.05.1912", "12.05.1912"),
            (" 1", " 1"),
            ("9" * 19, "9" * 19),
            ("9" * 5000, "9" * 5000),
            ("9" * 400 + ".0", "9" * 400 + ".0"),
        ],
    )
    def test_numbers(self, tmp_path: Path, cell: str, value: object) -> None:
        """Only plain whole numbers and decimals become numbers, and never the text or the id."""
        path = write(tmp_path / "x.tsv", f"text\tid\tn\n{cell}\t{cell[:20]}\t{cell}\n")
        document = only(read(path))
        assert document.metadata == {"n": value}
        assert type(document.metadata["n"]) is type(value)
        assert (document.document_id, document.text) == (cell[:20], cell)

    def test_ids(self, tmp_path: Path) -> None:
        """Without an id column the id is path and line of the row's start; blank lines count as lines."""
        write(tmp_path / "in/x.csv", 'text,n\n"a\n\nb",1\n\r\nc,2\n')
        assert ids(read(tmp_path)) == ["in/x.csv#2", "in/x.csv#6"]

    def test_column_options(self, tmp_path: Path) -> None:
        """The columns of text and id can be named; the usual ones are then metadata."""
        path = write(tmp_path / "x.csv", "id,text,key,body\n1,a,k,b\n")
        expected = Document("k", "b", {"id": 1, "text": "a"}, uri=f"{path.as_posix()}#2")
        assert only(read(path, text_column="body", id_column="key")) == expected

    def test_missing_columns(self, tmp_path: Path) -> None:
        """A column that is not there is an error that lists those that are."""
        path = write(tmp_path / "x.csv", ",body,year\n1,a,2\n")
        assert str(failure(read(path))) == (
            f"{path.as_posix()}: there is no column 'text' for the text."
            " The columns are: body, year. Choose one with `text_column=`."
        )
        assert "`id_column=`" in str(failure(read(path, text_column="body", id_column="key")))

    def test_duplicate_columns(self, tmp_path: Path) -> None:
        """Two columns of one name are an error, and columns without a name are never read."""
        assert "b" in failure(read(write(tmp_path / "x.csv", "text,b,b\n"))).why
        assert only(read(write(tmp_path / "y.csv", ",text,\n1,x,2\n"))).metadata == {}

    def test_no_header(self, tmp_path: Path) -> None:
        """An empty table is an error, and one with only a header has no documents."""
        assert "header" in failure(read(write(tmp_path / "x.csv", "\n"))).why
        assert ids(read(write(tmp_path / "y.csv", "text\n"))) == []

    @pytest.mark.parametrize(
        ("row", "why"),
        [
            (b"x,1", "the row has 2 cells, and the header 3"),
            (b"x,1,2,3", "the row has 4 cells, and the header 3"),
            (b"x,1,", "id is empty"),
            (b"x,1,a\x07", "control character"),
            (b"\xff", "byte 0xff at offset 16 is not utf-8"),
            (b'"caf\n\xe9\n",1,i', "byte 0xe9 at offset 21 is not utf-8"),
        ],
    )
    def test_bad_row(self, tmp_path: Path, row: bytes, why: str) -> None:
        """A bad row is an error with path, line and reason, and skipping it loses no other row."""
        path = write(tmp_path / "x.csv", b"text,n,id\na,1,A\n" + row + b"\nb,2,B\n")
        error = failure(read(path))
        # The byte is on the second line of its row, and that is where to look for it.
        assert (error.path, error.line) == (path.as_posix(), 4 if "0xe9" in why else 3)
        assert why in error.why
        texts, errors = survivors(path)
        assert texts == ["a", "b"]
        assert [str(skipped) for skipped in errors] == [str(error)]

    def test_open_quote(self, tmp_path: Path) -> None:
        """A quote that never ends is an error at the row where it starts."""
        texts, errors = survivors(write(tmp_path / "x.csv", 'text,n\na,1\n"b,2\nc,3\n'))
        assert texts == ["a"]
        assert (errors[0].line, "never ends" in errors[0].why) == (3, True)

    def test_empty_cell_alone(self, tmp_path: Path) -> None:
        """In a table of one column a quoted empty cell is an empty document, and a blank line is none."""
        assert ids(read(write(tmp_path / "x.csv", 'text\n""\n\na\n'))) == ["x.csv#2", "x.csv#4"]

    def test_semicolons(self, tmp_path: Path) -> None:
        """Where a comma parts the decimals, spreadsheets write CSV with semicolons; the header tells."""
        content = '\ufeffid;weight;text\r\na;1,5;"The bank; the river, too."\r\nb;2,5;A bank, of course\r\n'
        found = list(read(write(tmp_path / "x.csv", content)))
        assert [(one.document_id, one.text) for one in found] == [
            ("a", "The bank; the river, too."),
            ("b", "A bank, of course"),
        ]
        assert [one.metadata for one in found] == [{"weight": "1,5"}, {"weight": "2,5"}]
        assert only(read(write(tmp_path / "y.csv", 'text,"note;s"\na;b,c\n'))).text == "a;b"
        assert only(read(write(tmp_path / "z.csv", 'id;text;"title, short"\na;b, c;d\n'))).text == "b, c"
        assert only(read(write(tmp_path / "s.csv", "sep=;\ntext\na, b\n"))).text == "a, b"

    @pytest.mark.parametrize("name", ["x.csv", "x.tsv"])
    def test_unicode_text(self, tmp_path: Path, name: str) -> None:
        """What a spreadsheet saves as Unicode text, UTF-16 with tabs, is told, and read if it is said, as CSV, too."""
        path = tmp_path / name
        path.write_bytes('id\ttext\tyear\r\na\t"The bank, ""I"" said;\ttwo."\t1912\r\n'.encode("utf-16"))
        with pytest.raises(SourceError, match='Read it in a run of its own with `encoding="utf-16"`'):
            list(read(path))
        document = only(read(path, encoding="utf-16"))
        assert (document.text, document.metadata) == ('The bank, "I" said;\ttwo.', {"year": 1912})

    def test_nul(self, tmp_path: Path) -> None:
        """NUL is a character like any other."""
        assert only(read(write(tmp_path / "x.csv", "text,n\na\0b,1\n"))).text == "a\0b"

    def test_large_cells(self, tmp_path: Path) -> None:
        """A cell may be longer than the csv module allows, whose limit for the process is left alone."""
        before = csv.field_size_limit()
        text = "word " * before
        assert only(read(write(tmp_path / "x.csv", f'text\n"{text}"\n'))).text == text
        assert csv.field_size_limit() == before

    # A lone carriage return ends a row for the csv module; NUL it refuses before Python 3.11.
    @given(st.text(st.sampled_from('ab",\n é'), max_size=40))
    @example('a""b"c,"d"e"",""\n')
    def test_rows_as_the_csv_module_has_them(self, content: str) -> None:
        """Rows and cells are those of the csv module, quotes in odd places too."""
        expected = list(csv.reader(io.StringIO(content, newline="")))
        found: list[list[str]] = []
        row = UnfinishedRow(",")
        for line in split_lines([(content, None)], 1000):
            if row.add(line.text):
                found.append(row.cells)
                row = UnfinishedRow(",")
        # The csv module takes an open quote at the end for a closed one; it has one row more then.
        assert len(found) in (len(expected), len(expected) - 1)
        # For a blank line it has no cells, and the splitter an empty one.
        assert found == [cells or [""] for cells in expected][: len(found)]


class TestEncoding:
    def test_utf8_read_as_another_encoding_is_named(self, tmp_path: Path) -> None:
        """Files of more than ASCII that are UTF-8 are counted where another encoding is asked for, and no others."""
        write(tmp_path / "a.txt", "café")
        write(tmp_path / "b.txt", "café".encode("cp1252"))
        write(tmp_path / "c.txt", "cafe")
        write(tmp_path / "d.xml", "<project>é</project>")
        corpus = read(tmp_path, encoding="cp1252")
        for _ in range(2):
            assert [one.text for one in corpus] == ["cafÃ©", "café", "cafe"]
            assert (corpus.in_utf8, corpus.in_utf8_count) == ([(tmp_path / "a.txt").as_posix()], 1)
        corpus = read(tmp_path, encoding="UTF8", skip_bad=True)
        assert (ids(corpus), corpus.in_utf8_count) == (["a.txt", "c.txt"], 0)

    @pytest.mark.parametrize("name", ["x.txt", "x.txt.gz", "x.jsonl", "x.jsonl.gz", "x.csv", "x.csv.gz", "x.tsv"])
    def test_offset_of_the_bad_byte(self, tmp_path: Path, name: str) -> None:
        """Bytes that are not UTF-8 are an error with their offset in the unpacked file, however large that is."""
        head = b'{"text": "' if "jsonl" in name else b"text\n"
        content = head + "é".encode() * 70_000 + b"\xe9x"
        error = failure(read(write(tmp_path / name, content)))
        assert error.path == (tmp_path / name).as_posix()
        assert error.why == f"byte 0xe9 at offset {len(content) - 2} is not utf-8"
        assert error.hint == (
            'Read it in a run of its own with `encoding="cp1252"`, for instance; of a folder, `glob=` chooses it.'
        )

    def test_cut_character(self, tmp_path: Path) -> None:
        """A character cut by the end of the file is found at its first byte."""
        assert "offset 3" in failure(read(write(tmp_path / "x.txt", "abcé".encode()[:-1]))).why

    def test_hint_for_utf_16(self, tmp_path: Path) -> None:
        """A file that starts with the mark of UTF-16 gets that as its hint, and following it works."""
        path = write(tmp_path / "x.txt", "bank".encode("utf-16"))
        assert '`encoding="utf-16"`' in failure(read(path)).hint
        assert only(read(path, encoding="utf-16")).text == "bank"

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "gb18030", "shift_jis"])
    def test_bad_line_is_skipped(self, tmp_path: Path, encoding: str) -> None:
        """A line with bad bytes is skipped alone, in any encoding."""
        bad = b"\x00\xdc" if encoding.startswith("utf-16") else b"\xff"
        lines = [f'{{"text": "{text}"}}\n' for text in ("日本", "x", "河岸")]
        before, middle, after = (line.encode(encoding if encoding != "utf-16" else "utf-16-le") for line in lines)
        start = b"\xff\xfe" if encoding == "utf-16" else b""
        path = write(tmp_path / "x.jsonl", start + before + bad + middle + after)
        texts, errors = survivors(path, encoding=encoding)
        assert texts == ["日本", "河岸"]
        assert [error.line for error in errors] == [2]
        assert f"at offset {len(start + before)} " in errors[0].why or encoding.startswith("utf-16")

    @pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
    def test_utf_16_without_its_mark(self, tmp_path: Path, encoding: str) -> None:
        """Letters of two bytes each may be valid UTF-8, and are told; a text may have NULs in it, and a word a line."""
        for text in ("They sat.", "Hi!", "Здравствуй, мир. Большой банк у реки."):
            path = write(tmp_path / "x.txt", text.encode(encoding))
            assert f'encoding="{encoding}"' in failure(read(path)).hint
            assert only(read(path, encoding=encoding)).text == text
        for text in ("a\0b", "\0" * 20, "a\0" * 3 + "bc", "a\0bc\0d\0efg", "a\n" * 40, "a\tb\n" * 9):
            assert only(read(write(tmp_path / "y.txt", text))).text == text

    @pytest.mark.parametrize("content", [b"text\ncaf\xe9\n", b"text", "text\ncafé\n".encode()])
    @pytest.mark.parametrize("name", ["x.txt", "x.csv", "x.tsv", "x.jsonl", "x.vrt", "x.conllu"])
    def test_no_utf_16(self, tmp_path: Path, name: str, content: bytes) -> None:
        """What has no mark of UTF-16 is told where that is asked for."""
        path = write(tmp_path / name, content)
        assert failure(read(path, encoding="utf-16")).why == f"byte 0x{content[0]:02x} at offset 0 is not utf-16"

    @pytest.mark.parametrize("name", ["x.txt", "x.jsonl", "x.csv", "x.txt.gz"])
    def test_a_packed_file_without_its_ending(self, tmp_path: Path, name: str) -> None:
        """What is packed, or is so twice, is no text in another encoding."""
        error = failure(read(write(tmp_path / name, gzip.compress(b"text"))))
        assert error.hint == "It seems to be packed with gzip; unpack it."

    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("x.jsonl", '{"text": "a"}\r{"text": "b"}\r'),
            ("x.csv", "text\ra\rb\r"),
            ("x.conllu", "# text = a\r1\ta" + "\t_" * 8 + "\r\r"),
            ("y.conllu", "# newdoc id = a\r# text = a\r1\ta" + "\t_" * 8 + "\r\r"),
        ],
    )
    def test_lines_that_end_in_carriage_returns(self, tmp_path: Path, name: str, content: str) -> None:
        """A file that is all one line, and so has no document or one without a text, is told with what to do."""
        hint = failure(read(write(tmp_path / name, content))).hint
        assert hint == "Save it with the line ends of today: LF, or CR and LF."

    def test_other_encoding(self, tmp_path: Path) -> None:
        """Files in another encoding are read when it is named."""
        write(tmp_path / "x.txt", "café".encode("latin-1"))
        write(tmp_path / "y.csv", "text\nnaïf\n".encode("latin-1"))
        assert [document.text for document in read(tmp_path, encoding="latin-1")] == ["café", "naïf"]

    @pytest.mark.parametrize("name", ["x.txt", "x.jsonl", "x.csv.gz"])
    def test_byte_order_mark(self, tmp_path: Path, name: str) -> None:
        """A byte order mark at the start is dropped, and one further on is text."""
        content = {"x.txt": "a\ufeff", "x.jsonl": '{"text": "a\ufeff"}', "x.csv.gz": "text\na\ufeff\n"}[name]
        assert only(read(write(tmp_path / name, "\ufeff" + content))).text == "a\ufeff"

    @pytest.mark.parametrize("encoding", ["utf-9", "hex", "rot13", "undefined", "a\0b", ""])
    def test_unknown_encoding(self, tmp_path: Path, encoding: str) -> None:
        """An encoding that is none is told at once."""
        with pytest.raises(SourceError, match="there is no such encoding"):
            read(write(tmp_path / "x.txt", "x"), encoding=encoding)

    @given(st.text(), st.integers(1, 7))
    def test_decoding_in_pieces(self, text: str, size: int) -> None:
        """Text is the same however its bytes are cut."""
        data = text.encode()
        blocks = [data[at : at + size] for at in range(0, len(data), size)]
        assert "".join(piece for piece, _ in decode(blocks, "utf-8")) == text.removeprefix("\ufeff")

    @given(st.binary(max_size=40), st.integers(1, 7))
    def test_first_bad_byte(self, data: bytes, size: int) -> None:
        """The first bad byte is the one that decoding in one go finds."""
        blocks = [data[at : at + size] for at in range(0, len(data), size)]
        found = next((bad for _, bad in decode(blocks, "utf-8") if bad), None)
        try:
            data.decode()
        except UnicodeDecodeError as error:
            assert found == BadByte(error.start, data[error.start])  # noqa: PT017 - the codec is the reference, not under test
        else:
            assert found is None


class TestGzip:
    @pytest.mark.parametrize("damage", ["cut", "not gzip", "flipped", "trailing"])
    @pytest.mark.parametrize("name", ["x.txt.gz", "x.jsonl.gz"])
    def test_damaged(self, tmp_path: Path, name: str, damage: str) -> None:
        """A damaged gzip file is an error that names it, and is skipped with the rest kept."""
        packed = gzip.compress(json.dumps({"text": os.urandom(1000).hex()}).encode() + b"\n")
        damaged = {
            "cut": packed[:-20],
            "not gzip": b"plain text",
            "flipped": packed[:400] + bytes([packed[400] ^ 0xFF]) + packed[401:],
            "trailing": packed + b"more",
        }[damage]
        (tmp_path / name).write_bytes(damaged)
        write(tmp_path / "y.txt", "y")
        error = failure(read(tmp_path))
        assert error.path == (tmp_path / name).as_posix()
        assert "not a whole gzip file" in error.why
        texts, errors = survivors(tmp_path)
        assert (texts[-1], len(errors)) == ("y", 1)


class TestLimit:
    @pytest.mark.parametrize("name", ["x.jsonl", "x.csv"])
    def test_long_record_is_skipped(self, tmp_path: Path, name: str) -> None:
        """A record over the limit is a bad one, and the next is read."""
        content = {
            "x.jsonl": f'{{"text": "a"}}\n{{"text": "{"b" * 50}"}}\n{{"text": "c"}}\n',
            "x.csv": f'text\na\n"{"b" * 50}"\nc\n',
        }[name]
        path = write(tmp_path / name, content)
        errors: list[SourceError] = []
        corpus = Corpus([path], Options(max_record_chars=40), skip_bad=True, on_skip=errors.append)
        assert [document.text for document in corpus] == ["a", "c"]
        assert errors[0].line == (2 if name == "x.jsonl" else 3)
        assert "more than 40 characters" in errors[0].why

    def test_long_row_of_short_lines(self, tmp_path: Path) -> None:
        """A quote that never ends does not gather the rest of a large file."""
        path = write(tmp_path / "x.csv", 'text\na\n"b\n' + "c\n" * 50)
        errors: list[SourceError] = []
        corpus = Corpus([path], Options(max_record_chars=40), skip_bad=True, on_skip=errors.append)
        assert {document.text for document in corpus} == {"a", "c"}
        assert [error.line for error in errors] == [3]

    def test_long_line_is_not_gathered(self) -> None:
        """A line of 50 million characters is passed over in the memory of a few pieces."""

        def pieces() -> Iterator[tuple[str, None]]:
            for _ in range(50):
                yield "x" * 1_000_000, None
            yield "\nshort\n", None

        tracemalloc.start()
        try:
            lines = list(split_lines(pieces(), 1000))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert [(line.text, line.too_long) for line in lines] == [("", True), ("short\n", False)]
        assert peak < 5_000_000

    @given(st.text("ab\n", max_size=30), st.integers(1, 5), st.integers(0, 6))
    def test_lines_do_not_depend_on_pieces(self, text: str, size: int, limit: int) -> None:
        """Lines, and which of them are too long, are the same however the text is cut."""
        pieces = [(text[at : at + size], None) for at in range(0, len(text), size)]
        whole = list(split_lines([(text, None)], limit))
        assert list(split_lines(pieces, limit)) == whole
        assert [line.too_long for line in whole] == [len(line) > limit for line in text.splitlines()]


# Characters that an id may have; a number in CSV is written plainly, and an empty cell is no metadata.
# The csv module of Python 3.10 cannot write NUL.
CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0" if sys.version_info < (3, 11) else ""))
IDS = st.text(st.characters(blacklist_categories=("Cc", "Cs")), min_size=1, max_size=20)
NAMES = CELLS.filter(lambda name: 0 < len(name) <= 8 and name not in {"id", "text", "title", "uri", "url", "metadata"})
WORDS = CELLS.filter(lambda word: word and not word.strip("-").replace(".", "").isdecimal())
NUMBERS = st.integers(-(10**17), 10**17)
DECIMALS = st.integers(-(10**6), 10**6).map(lambda number: number / 64)


class TestRoundTrip:
    @given(
        st.lists(
            st.builds(
                Document,
                IDS,
                st.text(),
                st.dictionaries(st.text(), st.none() | st.booleans() | NUMBERS | DECIMALS | st.text()),
                st.text(min_size=1),
                st.text(min_size=1),
            )
        ),
        st.booleans(),
    )
    def test_jsonl(self, tmp_path_factory: pytest.TempPathFactory, documents: list[Document], ascii_only: bool) -> None:
        """Documents written as JSONL read back equal."""
        records = [
            {"id": each.document_id, "text": each.text, "metadata": each.metadata, "title": each.title, "uri": each.uri}
            for each in documents
        ]
        content = "".join(json.dumps(record, ensure_ascii=ascii_only) + "\n" for record in records)
        path = write(tmp_path_factory.getbasetemp() / "round.jsonl", content)
        assert list(read(path)) == documents

    @given(
        st.lists(NAMES, unique=True, max_size=4).flatmap(
            lambda names: st.lists(
                st.tuples(
                    IDS, CELLS, st.fixed_dictionaries({}, optional=dict.fromkeys(names, WORDS | NUMBERS | DECIMALS))
                )
            )
        ),
        st.sampled_from([("csv", ","), ("tsv", "\t")]),
    )
    def test_tables(
        self,
        tmp_path_factory: pytest.TempPathFactory,
        rows: list[tuple[str, str, dict[str, str | int | float]]],
        kind: tuple[str, str],
    ) -> None:
        """Documents written as CSV or TSV read back equal."""
        ending, delimiter = kind
        if ending == "tsv":  # where a row is one line
            rows = [(name, text.replace("\n", " "), metadata) for name, text, metadata in rows]
        names = sorted({name for _, _, metadata in rows for name in metadata})
        out = io.StringIO(newline="")
        # All cells quoted: left to itself, the csv module writes a lone carriage return at an end bare.
        writer = csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL)
        writer.writerow(["id", "text", *names])
        for name, text, metadata in rows:
            writer.writerow([name, text, *(metadata.get(column, "") for column in names)])
        path = write(tmp_path_factory.getbasetemp() / f"round.{ending}", out.getvalue())
        found = [(document.document_id, document.text, dict(document.metadata)) for document in read(path)]
        assert found == rows
