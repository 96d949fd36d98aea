"""Archives: a zip is read as a folder is, where it lies."""

from __future__ import annotations

import gzip
import io
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from ctxsearch.corpus import Corpus, read
from ctxsearch.corpus.records import Options
from ctxsearch.errors import SourceError


def packed(members: dict[str, str | bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive with these files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def written(path: Path, members: dict[str, str | bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    path.write_bytes(packed(members, method))
    return path


def ids(corpus: Corpus) -> list[str]:
    return [document.document_id for document in corpus]


def failure(corpus: Corpus) -> SourceError:
    with pytest.raises(SourceError) as caught:
        list(corpus)
    return caught.value


class TestArchives:
    @pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
    def test_as_a_folder(self, tmp_path: Path, method: int) -> None:
        """The files of an archive are read in the order of their names, and called by their path in it."""
        path = written(
            tmp_path / "letters.ZIP",
            {
                "b.jsonl": '{"text": "x"}\n{"text": "y", "id": "own"}\n',
                "a/z.txt.gz": gzip.compress(b"packed"),
                "a/": "",
                "a.txt": "Dear Ann,",
                "B.csv": "text\nrow\n",
                "t.conllu": "1\tlent\t_\t_\t_\t_\t_\t_\t_\t_\n",
            },
            method,
        )
        corpus = read(path)
        assert ids(corpus) == ["B.csv#2", "a.txt", "a/z.txt", "b.jsonl#1", "own", "t.conllu"]
        found = {document.document_id: document for document in corpus}
        assert [document.text for document in found.values()] == ["row", "Dear Ann,", "packed", "x", "y", "lent"]
        assert (found["a.txt"].title, found["a.txt"].uri) == ("a", f"{path.as_posix()}/a.txt")
        assert (found["a/z.txt"].title, found["a/z.txt"].uri) == ("z", f"{path.as_posix()}/a/z.txt.gz")

    def test_in_a_folder(self, tmp_path: Path) -> None:
        """In a folder, the archive's own path comes before those of its files."""
        (tmp_path / "in").mkdir()
        written(tmp_path / "in/x.zip", {"a.txt": "a", "b/c.txt": "c"})
        (tmp_path / "a.txt").write_text("first")
        (tmp_path / "z.txt").write_text("last")
        assert ids(read(tmp_path)) == ["a.txt", "in/x.zip/a.txt", "in/x.zip/b/c.txt", "z.txt"]

    def test_hidden_files(self, tmp_path: Path) -> None:
        """Hidden files and those of macOS are passed over without a word."""
        names = (".a.txt", "b/.c/d.txt", "__MACOSX/e.txt", "f.txt")
        corpus = read(written(tmp_path / "x.zip", dict.fromkeys(names, "x")))
        assert (ids(corpus), corpus.unread_count) == (["f.txt"], 0)

    def test_unread_files(self, tmp_path: Path) -> None:
        """Files that no reader knows are counted, and archives within archives, too."""
        path = written(tmp_path / "x.zip", {"a.txt": "a", "b.pdf": "", "c/d.zip": packed({"e.txt": "e"})})
        corpus = read(path)
        assert (ids(corpus), corpus.unread_count) == (["a.txt"], 2)
        assert list(corpus.unread) == [f"{path.as_posix()}/b.pdf", f"{path.as_posix()}/c/d.zip"]

    def test_names_that_lead_out(self, tmp_path: Path) -> None:
        """A name that would lead out of the archive leads nowhere, and nothing is written anywhere."""
        path = written(tmp_path / "x.zip", {"../../up.txt": "a", "/etc/root.txt": "b", "c\\d.txt": "c"})
        assert ids(read(path)) == ["c/d.txt", "etc/root.txt", "up.txt"]
        assert [each.name for each in tmp_path.iterdir()] == ["x.zip"]

    def test_metadata(self, tmp_path: Path) -> None:
        """A metadata table at the top of an archive is about the text files in it, and about no others."""
        table = "id,year\na.txt,1912\nnone.txt,1900\n"
        written(tmp_path / "x.zip", {"metadata.csv": table, "a.txt": "a"})
        alone = read(tmp_path / "x.zip")
        assert [(each.document_id, each.metadata) for each in alone] == [("a.txt", {"year": 1912})]
        assert list(alone.unmatched) == ["none.txt"]
        written(tmp_path / "y.zip", {"metadata.csv": "id,text\na.txt,b\n", "b.jsonl": '{"text": "c"}'})
        (tmp_path / "a.txt").write_text("first")
        (tmp_path / "metadata.csv").write_text("id,year\na.txt,1850\n")
        corpus = read(tmp_path)
        assert [(each.document_id, each.metadata) for each in corpus] == [
            ("a.txt", {"year": 1850}),
            ("x.zip/a.txt", {"year": 1912}),
            ("y.zip/b.jsonl#1", {}),
            ("a.txt", {}),
        ]
        assert list(corpus.unmatched) == ["x.zip/none.txt"]

    def test_glob(self, tmp_path: Path) -> None:
        """A pattern chooses among the files of an archive, or the whole archive in a folder."""
        written(
            tmp_path / "x.zip", {"a.txt": "a", "b.jsonl": '{"text": "b"}', "metadata.csv": "id,n\na.txt,1\nb.jsonl,2\n"}
        )
        assert ids(read(tmp_path / "x.zip", glob="*.txt")) == ["a.txt"]
        assert ids(read(tmp_path, glob="*.txt")) == ["x.zip/a.txt"]
        assert ids(read(tmp_path, glob="x.zip")) == ["x.zip/a.txt", "x.zip/b.jsonl#1"]
        with pytest.raises(SourceError, match=r"x.zip: it holds no file to read that matches \*\.csv\.gz"):
            read(tmp_path / "x.zip", glob="*.csv.gz")

    def test_empty_archive(self, tmp_path: Path) -> None:
        """An archive without a file to read is an error, and in a folder with others it is none."""
        path = written(tmp_path / "x.zip", {"a.pdf": "a"})
        with pytest.raises(SourceError, match="it holds no file to read"):
            read(path)
        (tmp_path / "a.txt").write_text("a")
        assert ids(read(tmp_path)) == ["a.txt"]

    def test_progress(self, tmp_path: Path) -> None:
        """Bytes are counted as they lie in the archive, never fall, and end at the total."""
        path = written(tmp_path / "x.zip", {f"{n}.jsonl": '{"text": "bank"}\n' * 5000 for n in range(3)})
        corpus = read(path)
        seen = [corpus.bytes_read for _ in corpus]
        assert seen == sorted(seen)
        assert seen[-1] <= corpus.bytes_read == corpus.total_bytes <= path.stat().st_size

    def test_listed_once(self, tmp_path: Path) -> None:
        """An archive is listed once and not again for each of its files."""
        path = written(tmp_path / "x.zip", {"a.txt": "a", "b.txt": "b"})
        corpus = read(path)
        path.write_bytes(path.read_bytes().partition(b"PK\x01\x02")[0])
        assert ids(corpus) == ["a.txt", "b.txt"]


class TestErrors:
    def test_no_archive(self, tmp_path: Path) -> None:
        """A file that is no archive is told when it is come to, and skipped with the rest kept."""
        path = tmp_path / "x.zip"
        path.write_text("plain text")
        (tmp_path / "y.txt").write_text("y")
        for source in (path, tmp_path):
            assert str(failure(read(source))) == (
                f"{path.as_posix()}: it is not a whole zip archive (File is not a zip file)."
                " Make or copy the archive again."
            )
        corpus = read(tmp_path, skip_bad=True)
        assert (ids(corpus), corpus.skipped) == (["y.txt"], 1)

    def test_cut_archive(self, tmp_path: Path) -> None:
        """An archive whose end is missing is told."""
        path = tmp_path / "x.zip"
        path.write_bytes(packed({"a.txt": "a" * 1000})[:-30])
        assert "it is not a whole zip archive" in str(failure(read(path)))

    @pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
    @pytest.mark.parametrize("name", ["a.txt", "a.txt.gz"])
    def test_damaged_file(self, tmp_path: Path, method: int, name: str) -> None:
        """A file that is damaged in the archive is told by its name, and skipped with the rest kept."""
        content = gzip.compress(bytes(range(97, 122)) * 40) if name.endswith(".gz") else bytes(range(97, 122)) * 40
        data = bytearray(packed({name: content, "b.txt": "b"}, method))
        data[30 + len(name) + 20] ^= 0xFF
        path = tmp_path / "x.zip"
        path.write_bytes(data)
        errors: list[SourceError] = []
        corpus = read(path, skip_bad=True, on_skip=errors.append)
        assert ids(corpus) == ["b.txt"]
        assert errors[0].path == f"{path.as_posix()}/{name}"

    def test_wrong_place(self, tmp_path: Path) -> None:
        """A file that is not where the archive says is told."""
        data = packed({"a.txt": "a"}).replace(b"PK\x03\x04", b"PK\x00\x04")
        path = tmp_path / "x.zip"
        path.write_bytes(data)
        assert str(failure(read(path))) == (
            f"{path.as_posix()}/a.txt: it is not where the archive says. Make or copy the archive again."
        )

    def test_encrypted(self, tmp_path: Path) -> None:
        """An encrypted file is told."""
        data = bytearray(packed({"a.txt": "a"}))
        data[data.index(b"PK\x01\x02") + 8] |= 1
        path = tmp_path / "x.zip"
        path.write_bytes(data)
        assert str(failure(read(path))) == (
            f"{path.as_posix()}/a.txt: it is encrypted. Make an archive without a password."
        )

    @pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
    def test_other_methods(self, tmp_path: Path, method: int) -> None:
        """A file that is packed by a rare method is told, as its size cannot be bounded."""
        path = written(tmp_path / "x.zip", {"a.txt": "a" * 1000}, method)
        assert str(failure(read(path))) == (
            f"{path.as_posix()}/a.txt: it is packed by method {method}, which is not read."
            " Make an archive by the usual method, deflate."
        )

    def test_bomb(self, tmp_path: Path) -> None:
        """A file that is very much larger than it looks is read no further than the limit."""
        path = written(tmp_path / "x.zip", {"a.txt": b"a" * 50_000_000, "b.txt": "b"})
        errors: list[SourceError] = []
        tracemalloc.start()
        try:
            corpus = Corpus([path], Options(max_record_chars=1000), skip_bad=True, on_skip=errors.append)
            assert ids(corpus) == ["b.txt"]
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert "more than 1,000 characters" in errors[0].why
        assert peak < 2_000_000

    def test_archive_gone(self, tmp_path: Path) -> None:
        """An archive that went away after it was listed is told by the file that was to be read."""
        path = written(tmp_path / "x.zip", {"a.txt": "a"})
        corpus = read(path)
        path.unlink()
        assert failure(corpus).path == f"{path.as_posix()}/a.txt"

    def test_bad_bytes(self, tmp_path: Path) -> None:
        """A bad byte in a file of an archive is told with its offset in the file."""
        path = written(tmp_path / "x.zip", {"a.txt": b"caf\xe9"})
        error = failure(read(path))
        assert (error.path, error.why) == (f"{path.as_posix()}/a.txt", "byte 0xe9 at offset 3 is not utf-8")
