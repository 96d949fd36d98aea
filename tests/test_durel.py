"""Tables of uses, as DURel and the Word Usage Graphs have them: a context a row, with one word that is given."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctxsearch.corpus import read
from ctxsearch.domain import Document
from ctxsearch.errors import SourceError

HEADER = "lemma\tpos\tdate\tgrouping\tidentifier\tdescription\tcontext\tindexes_target_token\tindexes_target_sentence\n"


def written(folder: Path, content: str, name: str = "uses.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode())
    return path


def only(folder: Path, row: str, header: str = HEADER) -> Document:
    (document,) = read(written(folder, header + row + "\n"))
    return document


class TestUses:
    def test_use(self, tmp_path: Path) -> None:
        """A use is a document: its context, with its word in its sentence, and the other columns for metadata."""
        path = written(
            tmp_path, HEADER + 'bank_nn\tNN\t1912\t1\tuse-1\t"old\tHe "sat". The banks, wet. So\t14:19\t10:25\n\n'
        )
        (document,) = read(path)
        assert (document.document_id, document.title) == ("use-1", "")
        assert document.uri == f"{path.as_posix()}#2"
        assert document.text == 'He "sat". The banks, wet. So'
        assert document.metadata == {"lemma": "bank", "pos": "NN", "date": 1912, "grouping": 1, "description": '"old'}
        given = document.given
        assert given is not None
        assert (given.is_whole, given.has_sentences) == (False, True)
        (sentence,) = given.sentences
        assert document.text[sentence.start : sentence.end] == "The banks, wet."
        assert sentence.spans.tolist() == [[14, 19]]
        assert (sentence.lemmas, sentence.tags, sentence.lines) == (["bank"], ["NN"], [2])

    @pytest.mark.parametrize("name", ["x.csv", "x.tsv", "X.CSV"])
    def test_names(self, tmp_path: Path, name: str) -> None:
        """The header tells such a table, whatever the file is called, its line ends and its byte order mark."""
        path = written(tmp_path, "\ufefflemma\tcontext\tindexes_target_token\tn\r\nbank\ta bank\t2:6\t7\r\n", name)
        (document,) = read(path)
        assert (document.document_id, document.text, document.metadata) == (
            f"{name}#2",
            "a bank",
            {"lemma": "bank", "n": 7},
        )

    def test_without_sentence(self, tmp_path: Path) -> None:
        """Without its sentence, the word is a mere stretch."""
        document = only(tmp_path, "bank\ta bank\t2:6", "lemma\tcontext\tindexes_target_token\n")
        assert document.given is not None
        assert not document.given.has_sentences
        (sentence,) = document.given.sentences
        assert (sentence.start, sentence.end, sentence.spans.tolist()) == (2, 6, [[2, 6]])
        assert sentence.tags == [""]

    @pytest.mark.parametrize(
        ("lemma", "pos", "expected"),
        [
            ("attack_nn", "", ("attack", "nn")),
            ("attack_vb", "VB", ("attack", "VB")),
            ("a_b_nns", "", ("a_b", "nns")),
            ("attack_xx", "", ("attack_xx", "")),
            ("bank", "NN", ("bank", "NN")),
        ],
    )
    def test_lemmas(self, tmp_path: Path, lemma: str, pos: str, expected: tuple[str, str]) -> None:
        """A lemma may end in its part of speech."""
        document = only(tmp_path, f"{lemma}\t{pos}\t\t\tx\t\ta bank\t2:6\t0:6")
        assert document.given is not None
        assert (document.given.sentences[0].lemmas[0], document.given.sentences[0].tags[0]) == expected
        assert document.metadata["lemma"] == expected[0]

    @pytest.mark.parametrize(("spans", "span"), [("4:8", [4, 8]), ("0:4,4:8", [0, 8]), ("9:11, 12:16", [9, 16])])
    def test_words_with_blanks(self, tmp_path: Path, spans: str, span: list[int]) -> None:
        """A word may have blanks in it, and pieces that nothing but blanks parts."""
        document = only(tmp_path, f"x\t\t\t\tx\t\tsawbones of bank\t{spans}\t")
        assert document.given is not None
        assert document.given.sentences[0].spans.tolist() == [span]

    def test_id_column(self, tmp_path: Path) -> None:
        """Another column may have the ids."""
        path = written(tmp_path, HEADER + "bank\tNN\td1\t\tx\t\tbank\t0:4\t0:4\n")
        (document,) = read(path, id_column="date")
        assert (document.document_id, document.metadata) == ("d1", {"lemma": "bank", "pos": "NN"})


class TestOrdinaryTables:
    def test_text_column(self, tmp_path: Path) -> None:
        """With a text column that was named, it is a table as any other."""
        path = written(tmp_path, "lemma\tcontext\tindexes_target_token\nbank\ta bank\t2:6\n", "x.tsv")
        (document,) = read(path, text_column="context")
        assert (document.given, document.text) == (None, "a bank")
        assert document.metadata == {"lemma": "bank", "indexes_target_token": "2:6"}

    def test_table_with_a_text(self, tmp_path: Path) -> None:
        """A table with a column for the text is a table as any other."""
        (document,) = read(written(tmp_path, 'text\tlemma\tcontext\tindexes_target_token\n"a"\tb\tc\t0:1\n', "x.tsv"))
        assert (document.text, document.given) == ("a", None)


class TestErrors:
    def test_bad_header(self, tmp_path: Path) -> None:
        """A header with a bad byte ends the file."""
        path = tmp_path / "uses.tsv"
        path.write_bytes("lemma\tcontext\tindexes_target_token\té\nbank\tbank\t0:4\tx\n".encode("latin-1"))
        with pytest.raises(SourceError, match="line 1: byte 0xe9 at offset 35"):
            list(read(path))

    @pytest.mark.parametrize(
        ("row", "why"),
        [
            ("a\tb", "the row has 2 cells, and the header 9"),
            ("bank\t\t\t\tx\t\ta bank\t2:7\t", "indexes_target_token is 2:7, and the context has 6 characters"),
            ("bank\t\t\t\tx\t\ta bank\t6:2\t", "indexes_target_token is 6:2, and the context has 6 characters"),
            (
                "bank\t\t\t\tx\t\ta bank\t\t",
                "indexes_target_token is '', and should be as 12:17, where the piece starts and where it ends",
            ),
            (
                "bank\t\t\t\tx\t\ta bank\t2:6\tall",
                "indexes_target_sentence is 'all', and should be as 12:17, where the piece starts and where it ends",
            ),
            ("bank\t\t\t\tx\t\ta bank\t2:6\t0:9", "indexes_target_sentence is 0:9, and the context has 6 characters"),
            ("bank\t\t\t\tx\t\ta bank\t2:6\t0:4", "its word, 2:6, is not in its sentence, 0:4"),
            (
                "bank\t\t\t\tx\t\ta b c\t0:1,4:5\t",
                "the spans 0:1,4:5 of its word are apart, and a word is one piece of the text",
            ),
            (
                "bank\t\t\t\tx\t\ta b c\t2:3,0:1\t",
                "the spans 2:3,0:1 of its word are apart, and a word is one piece of the text",
            ),
            ("bank\t\t\t\tx\x07\t\tbank\t0:4\t", "the document's id 'x\\x07' has a control character"),
        ],
    )
    def test_bad_row(self, tmp_path: Path, row: str, why: str) -> None:
        """A mistake is told with its line, and no other use is left out."""
        good = "bank\t\t\t\tgood\t\tbank\t0:4\t"
        path = written(tmp_path, f"{HEADER}{row}\n{good}\n")
        with pytest.raises(SourceError) as caught:
            list(read(path))
        assert str(caught.value).startswith(f"{path.as_posix()}, line 2: {why}")
        errors: list[SourceError] = []
        assert [each.document_id for each in read(path, skip_bad=True, on_skip=errors.append)] == ["good"]
        assert len(errors) == 1

    def test_columns_of_one_name(self, tmp_path: Path) -> None:
        """Two columns of one name are told."""
        with pytest.raises(SourceError, match="the header has columns of one name: pos"):
            list(read(written(tmp_path, "lemma\tpos\tpos\tcontext\tindexes_target_token\n")))

    def test_encoding(self, tmp_path: Path) -> None:
        """A bad byte spoils its row only, and another encoding is read when it is named."""
        path = tmp_path / "uses.tsv"
        rows = "lemma\tcontext\tindexes_target_token\nbank\tcafé\t0:4\nbank\tbank\t0:4\n"
        path.write_bytes(rows.encode("latin-1"))
        errors: list[SourceError] = []
        assert [each.text for each in read(path, skip_bad=True, on_skip=errors.append)] == ["bank"]
        assert (errors[0].line, "byte 0xe9" in errors[0].why) == (2, True)
        assert [each.text for each in read(path, encoding="latin-1")] == ["café", "bank"]
