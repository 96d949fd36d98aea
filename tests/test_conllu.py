"""CoNLL-U: the documents of a treebank, with the very tokens that it has."""

from __future__ import annotations

import gzip
import tracemalloc
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctxsearch.corpus import Corpus, read
from ctxsearch.corpus.records import Options
from ctxsearch.domain import Document, GivenSentence
from ctxsearch.errors import SourceError


def word(number: int | str, form: str, lemma: str = "_", upos: str = "_", xpos: str = "_", misc: str = "_") -> str:
    """A line of CoNLL-U."""
    return "\t".join([str(number), form, lemma, upos, xpos, "_", "_", "_", "_", misc]) + "\n"


def sentence(*forms: str, text: str = "", name: str = "") -> str:
    """A sentence of plain words."""
    comments = (f"# sent_id = {name}\n" if name else "") + (f"# text = {text}\n" if text else "")
    return comments + "".join(word(number, form) for number, form in enumerate(forms, start=1)) + "\n"


def written(folder: Path, content: str, name: str = "x.conllu") -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(content.encode()) if name.endswith(".gz") else content.encode())
    return path


def documents(folder: Path, content: str, name: str = "x.conllu") -> list[Document]:
    return list(read(written(folder, content, name)))


def only(folder: Path, content: str) -> Document:
    (document,) = documents(folder, content)
    return document


def sentences(document: Document) -> Sequence[GivenSentence]:
    assert document.given is not None
    assert document.given.is_whole
    assert document.given.has_sentences
    return document.given.sentences


def forms(document: Document) -> list[list[str]]:
    return [[document.text[start:end] for start, end in each.spans] for each in sentences(document)]


def survivors(path: Path) -> tuple[list[str], list[str]]:
    """The ids of the documents that are left when bad ones are skipped, and what is said of these."""
    errors: list[str] = []
    corpus = read(path, skip_bad=True, on_skip=lambda error: errors.append(str(error)))
    return [document.document_id for document in corpus], errors


class TestDocuments:
    def test_everything(self, tmp_path: Path) -> None:
        """A document has its id, its metadata, its text, and sentences with names, lemmas, tags and lines."""
        content = (
            "# newdoc id = letters/1\n"
            "# year = 1912\n"
            "# meta::author = Ann Lee\n"
            "# sent_id = a\n"
            "# text = Banks lent,  he said.\n"
            + word(1, "Banks", "bank", "NOUN", "NNS")
            + word(2, "lent", "lend", "VERB", misc="SpaceAfter=No")
            + word(3, ",", ",", "_", "PUNCT")
            + word(4, "he", "_", "PRON")
            + word("4.1", "had", "have", "AUX")
            + word(5, "said", "say", "VERB", misc="Gloss=x|SpaceAfter=No")
            + word(6, ".", ".")
            + "\n"
            "# sent_id = b\n" + word(1, "Money", "money", "NOUN") + word(2, "!", "!", misc="SpaceAfter=No") + "\n"
        )
        document = only(tmp_path, content)
        uri = f"{(tmp_path / 'x.conllu').as_posix()}#1"
        assert (document.document_id, document.title, document.uri) == ("letters/1", "", uri)
        assert document.text == "Banks lent,  he said. Money !"
        assert document.metadata == {"year": 1912, "author": "Ann Lee"}
        first, second = sentences(document)
        assert (first.start, first.end, first.name) == (0, 21, "a")
        assert first.spans.tolist() == [[0, 5], [6, 10], [10, 11], [13, 15], [16, 20], [20, 21]]
        assert first.spans.dtype == "int32"
        assert first.lemmas == ["bank", "lend", ",", "", "say", "."]
        assert first.tags == ["NOUN", "VERB", "PUNCT", "PRON", "VERB", ""]
        assert first.lines == [6, 7, 8, 9, 11, 12]
        assert (list(first.ids), first.parts) == ([], {})
        assert (second.start, second.end, second.name) == (22, 29, "b")
        assert second.spans.tolist() == [[22, 27], [28, 29]]

    def test_file_is_a_document(self, tmp_path: Path) -> None:
        """A file without newdoc is one document, called by the file, packed or not."""
        for name in ("x.conllu", "y.conllu.gz", "Z.CONLLU"):
            (document,) = documents(tmp_path, "# generator = me\n\n" + sentence("Hello", text="Hello"), name)
            assert document.document_id == name.removesuffix(".gz")
            assert (document.title, document.text, document.metadata) == (name[0], "Hello", {})
            assert document.uri == (tmp_path / name).as_posix()

    def test_ids(self, tmp_path: Path) -> None:
        """A document without an id is called by the file and its line; so are sentences before the first one."""
        content = sentence("a") + "# newdoc\n" + sentence("b") + "#newdoc id=c\n" + sentence("c") + "# newdoc id = \n"
        found = documents(tmp_path, content)
        assert [each.document_id for each in found] == ["x.conllu#1", "x.conllu#3", "c", "x.conllu#9"]
        assert [each.text for each in found] == ["a", "b", "c", ""]

    def test_blank_lines_and_comments_before_newdoc(self, tmp_path: Path) -> None:
        """What stands before the first newdoc and has no word is no document."""
        assert [each.document_id for each in documents(tmp_path, "\n# a = b\n\n# newdoc id = x\n" + sentence("a"))] == [
            "x"
        ]

    def test_comments_before_newdoc(self, tmp_path: Path) -> None:
        """A sentence keeps the comments that come before the newdoc that it opens."""
        found = documents(tmp_path, sentence("a") + "# sent_id = s\n# newdoc id = x\n" + sentence("b"))
        assert sentences(found[1])[0].name == "s"

    def test_empty_file(self, tmp_path: Path) -> None:
        """An empty file is an empty document, as a text file is."""
        document = only(tmp_path, "")
        assert (document.document_id, document.text, sentences(document)) == ("x.conllu", "", [])

    def test_metadata(self, tmp_path: Path) -> None:
        """Comments after newdoc are metadata up to the first that is the sentence's; meta:: may come later."""
        content = (
            "# newdoc id = x\n# genre = prose\n# pages = 1.5\n# none =\n# global.Entity = GRP-etype\n# no key\n"
            "# newpar id = p\n# speaker = Ann\n# sent_id = 1\n# meta::date = 1912-05-01\n# s_type = decl\n"
        )
        document = only(tmp_path, content + sentence("a") + "# meta::late = 1\n" + sentence("b"))
        assert document.metadata == {"genre": "prose", "pages": 1.5, "date": "1912-05-01"}

    def test_paragraphs(self, tmp_path: Path) -> None:
        """An empty line stands where a paragraph begins, and a blank between other sentences."""
        content = "# newdoc\n# newpar\n" + sentence("a") + sentence("b") + "# newpar id = p2\n" + sentence("c")
        assert only(tmp_path, content).text == "a b\n\nc"

    def test_windows_and_byte_order_mark(self, tmp_path: Path) -> None:
        """Line ends of Windows and a byte order mark change nothing."""
        content = "# newdoc id = x\n" + sentence("Banks", "lent", text="Banks  lent")
        plain = only(tmp_path, content)
        other = only(tmp_path, "\ufeff" + content.replace("\n", "\r\n"))
        assert (other.document_id, other.text, forms(other)) == (plain.document_id, plain.text, forms(plain))

    def test_encoding(self, tmp_path: Path) -> None:
        """Another encoding is read when it is named, and otherwise the bad byte is told with its line."""
        path = tmp_path / "x.conllu"
        path.write_bytes(sentence("a", "café").encode("latin-1"))
        (document,) = read(path, encoding="latin-1")
        assert document.text == "a café"
        with pytest.raises(SourceError) as caught:
            list(read(path))
        assert str(caught.value) == (
            f"{path.as_posix()}, line 2: byte 0xe9 at offset 25 is not utf-8. Read it in a run of its own"
            ' with `encoding="cp1252"`, for instance; of a folder, `glob=` chooses it.'
        )


class TestText:
    def test_without_text(self, tmp_path: Path) -> None:
        """Without a text, forms are joined as SpaceAfter=No has it; a form may have blanks inside."""
        content = word(1, "(", misc="SpaceAfter=No") + word(2, "10 000") + word(3, "x", misc="SpacesAfter=\\n")
        document = only(tmp_path, content + word(4, ".", misc="SpaceAfter=No") + "\n" + sentence("y"))
        assert document.text == "(10 000 x . y"
        assert forms(document) == [["(", "10 000", "x", "."], ["y"]]

    @pytest.mark.parametrize("text", ["Banks lend.", "Banks lent. More", "banks lent", "Bankslen"])
    def test_text_that_is_not_spelt(self, tmp_path: Path, text: str) -> None:
        """A text that the tokens do not spell is passed over."""
        document = only(tmp_path, sentence("Banks", "lent", ".", text=text))
        assert document.text == "Banks lent ."

    def test_white_space_of_the_text(self, tmp_path: Path) -> None:
        """White space in the text is kept as it is, but for its ends; SpaceAfter does not matter then."""
        content = (
            "# text =  a\u00a0 b\u2003c \n" + word(1, "a", misc="SpaceAfter=No") + word(2, "b") + word(3, "c") + "\n"
        )
        document = only(tmp_path, content)
        assert document.text == "a\u00a0 b\u2003c"
        assert forms(document) == [["a", "b", "c"]]

    def test_underscore(self, tmp_path: Path) -> None:
        """The lemma of the word underscore is an underscore, and of others that is none."""
        document = only(tmp_path, word(1, "_", "_", "SYM") + word(2, "x", "_", "_", "_") + "\n")
        assert forms(document) == [["_", "x"]]
        assert (sentences(document)[0].lemmas, sentences(document)[0].tags) == (["_", ""], ["SYM", ""])


class TestMultiwordTokens:
    def test_words_that_spell_it(self, tmp_path: Path) -> None:
        """Words that spell their token are tokens themselves, each with its piece of the text."""
        content = (
            "# text = I don't.\n"
            + word(1, "I", "I", "PRON")
            + word("2-3", "don't", misc="SpaceAfter=No")
            + word(2, "do", "do", "AUX")
            + word(3, "n't", "not", "PART")
            + word(4, ".", ".", "PUNCT")
            + "\n"
        )
        for text in (content, content.partition("\n")[2]):
            document = only(tmp_path, text)
            (found,) = sentences(document)
            assert document.text == "I don't."
            assert forms(document) == [["I", "do", "n't", "."]]
            assert list(found.ids) == ["1", "2/2-3", "3/2-3", "4"]
            assert found.lemmas == ["I", "do", "not", "."]
            assert found.parts == {}

    def test_words_that_do_not(self, tmp_path: Path) -> None:
        """Other multiword tokens are one token, whose lemma and tag are those of its words, which are kept as parts."""
        content = (
            word(1, "Er", "er", "PRON")
            + word("2-3", "im", misc="SpaceAfter=No")
            + word(2, "in", "in", "ADP")
            + word(3, "dem", "der", "DET")
            + word("4-5", "zum", "_", "_")
            + word(4, "zu", "_", "_", "APPR")
            + word(5, "dem")
            + word(6, "!")
            + "\n"
        )
        document = only(tmp_path, content)
        (found,) = sentences(document)
        assert forms(document) == [["Er", "im", "zum", "!"]]
        assert document.text == "Er imzum !"
        assert list(found.ids) == ["1", "2-3", "4-5", "6"]
        assert found.lemmas == ["er", "in+der", "", ""]
        assert found.tags == ["PRON", "ADP+DET", "APPR+_", ""]
        assert found.parts == {
            1: [("in", "in", "ADP"), ("dem", "der", "DET")],
            2: [("zu", "", "APPR"), ("dem", "", "")],
        }
        assert found.lines == [1, 2, 5, 8]

    def test_empty_nodes(self, tmp_path: Path) -> None:
        """Empty nodes are no text, at the start and within a multiword token, too."""
        content = word("0.1", "_") + word("1-2", "ab") + word(1, "a") + word("1.1", "x") + word(2, "b") + "\n"
        assert forms(only(tmp_path, content)) == [["a", "b"]]


WRONG = [
    ("1\ta\n", 2, "the line has 2 cells, and a word of CoNLL-U has 10."),
    (word(1, "a").replace("\t", " "), 2, "the line has 1 cells, and a word of CoNLL-U has 10."),
    (word(1, ""), 2, "the word has no form."),
    (word(2, "a"), 2, "the word's id is '2', and 1 should come."),
    (word(1, "a") + word(1, "a"), 3, "the word's id is '1', and 2 should come."),
    (word("x", "a"), 2, "the word's id is 'x', and 1 should come."),
    (word("2-3", "a"), 2, "the word's id is '2-3', and 1 should come."),
    (word("1-2", "a") + word("1-2", "a"), 3, "the word's id is '1-2', and 1 should come."),
    (word("1-2", "ab") + word(1, "a") + word("2-3", "a"), 4, "the word's id is '2-3', and 2 should come."),
    (word("1-3", "ab") + word(1, "a") + word(2, "b"), 5, "the words of 1-3 end with 2, where the sentence ends."),
]


class TestErrors:
    @pytest.mark.parametrize(("lines", "line", "why"), WRONG)
    def test_bad_document(self, tmp_path: Path, lines: str, line: int, why: str) -> None:
        """A mistake is told with its line, and the document that it is in is left out, and no other."""
        content = f"# newdoc id = bad\n{lines}\n" + sentence("z") + "# newdoc id = good\n" + sentence("a")
        path = written(tmp_path, content)
        with pytest.raises(SourceError) as caught:
            list(read(path))
        assert str(caught.value) == f"{path.as_posix()}, line {line}: {why}"
        assert survivors(path) == (["good"], [str(caught.value)])

    def test_token_that_no_index_holds(self, tmp_path: Path) -> None:
        """A token that is too long, or has a line end in it, is told with its line, and spoils its document only."""
        for form, why in (
            ("x" * 32_769, "a token of more than 32,768 characters"),
            ("a\rb", "a token with a line end"),
        ):
            content = "# newdoc id = bad\n" + sentence("a") + sentence("b", form, "c") + "# newdoc id = good\n"
            path = written(tmp_path, content + sentence("z"))
            ids, (error,) = survivors(path)
            assert ids == ["good"]
            assert error.startswith(f"{path.as_posix()}, line 5: the given sentence 2:{len(form) + 6} has {why}")

    def test_lemma_of_white_space(self, tmp_path: Path) -> None:
        """A lemma of mere white space is none."""
        assert sentences(only(tmp_path, word(1, "a", "\u00a0") + "\n"))[0].lemmas == [""]

    def test_bad_document_at_the_end(self, tmp_path: Path) -> None:
        """A file that ends within a multiword token is told, and good documents before it are kept."""
        path = written(
            tmp_path, "# newdoc id = good\n" + sentence("a") + "# newdoc\n" + word("1-2", "ab") + word(1, "a")
        )
        assert survivors(path) == (
            ["good"],
            [f"{path.as_posix()}, line 5: the words of 1-2 end with 1, where the sentence ends."],
        )

    def test_bad_bytes(self, tmp_path: Path) -> None:
        """A bad byte spoils its document only, also where it is in the line of its start."""
        parts = [
            "# newdoc id = a\n" + sentence("é"),
            "# newdoc id = é\n" + sentence("b"),
            "# newdoc id = c\n" + sentence("c"),
        ]
        path = tmp_path / "x.conllu"
        path.write_bytes("".join(parts).encode("latin-1"))
        ids, errors = survivors(path)
        assert ids == ["c"]
        assert ["line 2" in errors[0], "line 4" in errors[1], len(errors)] == [True, True, 2]

    def test_bad_id(self, tmp_path: Path) -> None:
        """An id that cannot serve as one is told with the line of the document."""
        path = written(tmp_path, sentence("a") + "# newdoc id = a\x07b\n" + sentence("a"))
        ids, errors = survivors(path)
        assert ids == ["x.conllu#1"]
        assert "line 3: the document's id" in errors[0]

    def test_limit(self, tmp_path: Path) -> None:
        """A document over the limit is left out, as one with a line over it is."""
        long = "# newdoc id = long\n" + sentence("abc", "def") * 4
        path = written(tmp_path, f"{long}# newdoc id = b\n{sentence('x' * 400)}# newdoc id = c\n{sentence('abc')}")
        errors: list[SourceError] = []
        corpus = Corpus([path], Options(max_record_chars=300), skip_bad=True, on_skip=errors.append)
        assert [document.document_id for document in corpus] == ["c"]
        assert [error.line for error in errors] == [1, 15]
        assert errors[0].why == (
            "it has more than 300 characters (a token counts for 20 more, a sentence for 100),"
            " too many for one document"
        )

    @pytest.mark.parametrize(
        "content",
        [
            "".join(word(number, "a") for number in range(1, 50_000)),
            sentence("a") * 10_000,
            "".join(f"# key{number} = value\n" for number in range(50_000)),
            "# newdoc\n" + "".join(f"# meta::key{number} = value\n" for number in range(50_000)),
            word("1-99999", "a") + "".join(word(number, "a") for number in range(1, 50_000)),
        ],
    )
    def test_what_is_kept_is_bounded(self, tmp_path: Path, content: str) -> None:
        """Tokens, sentences and comments count for more than their text: they take more memory."""
        path = written(tmp_path, content)
        tracemalloc.start()
        try:
            with pytest.raises(SourceError, match="more than 100,000 characters"):
                list(Corpus([path], Options(max_record_chars=100_000)))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < 3_000_000

    def test_white_space_in_comments(self, tmp_path: Path) -> None:
        """White space about an id is none of it, however much there is; within, it is."""
        blanks = " " * 100_000
        path = written(tmp_path, f"# newdoc id ={blanks}a{blanks}\n{sentence('x')}# newdoc id = a b\n{sentence('y')}")
        assert [document.document_id for document in read(path)] == ["a", "a b"]

    def test_memory(self, tmp_path: Path) -> None:
        """Memory holds a document at a time, however many there are."""
        path = written(tmp_path, "".join(f"# newdoc id = {n}\n" + sentence(*["word"] * 20) * 10 for n in range(200)))
        tracemalloc.start()
        try:
            assert sum(1 for _ in read(path)) == 200
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < 2_000_000

    def test_progress(self, tmp_path: Path) -> None:
        """The bytes read end at the size of the file."""
        corpus = read(written(tmp_path, sentence("a") * 1000, "x.conllu.gz"))
        list(corpus)
        assert corpus.bytes_read == corpus.total_bytes == (tmp_path / "x.conllu.gz").stat().st_size


@dataclass
class Written:
    """A word as it is written to a file."""

    form: str
    lemma: str
    tag: str
    glue: bool


# A tab parts cells and a newline lines, and no form has a line end in it.
CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\t\n"), min_size=1, max_size=6)
FORMS = CELLS.map(lambda cell: cell.replace("\r", "r"))
WORDS = st.builds(Written, FORMS, CELLS, CELLS.filter(lambda tag: tag != "_"), st.booleans())
SENTENCES = st.lists(st.lists(WORDS, min_size=1, max_size=5), max_size=4)


class TestRoundTrip:
    @given(SENTENCES, st.booleans())
    def test_words_come_back(
        self, tmp_path_factory: pytest.TempPathFactory, said: list[list[Written]], with_text: bool
    ) -> None:
        """Whatever the words are, forms, lemmas and tags come back, and each form is a piece of the text."""
        lines = ["# newdoc id = x\n"]
        for one in said:
            if with_text:
                lines.append(f"# text = {''.join(each.form + ' ' * (not each.glue) for each in one)}\n")
            for number, each in enumerate(one, start=1):
                lines.append(word(number, each.form, each.lemma, each.tag, misc="SpaceAfter=No" if each.glue else "_"))
            lines.append("\n")
        document = only(tmp_path_factory.getbasetemp(), "".join(lines))
        assert forms(document) == [[each.form for each in one] for one in said]
        found = sentences(document)
        assert [list(each.tags) for each in found] == [[each.tag for each in one] for one in said]
        assert [list(each.lemmas) for each in found] == [
            ["" if each.lemma == "_" != each.form or each.lemma.isspace() else each.lemma for each in one]
            for one in said
        ]
        end = 0
        for each in found:
            assert end <= each.start < each.end <= len(document.text)
            assert each.spans[0, 0] >= each.start
            assert each.spans[-1, 1] <= each.end
            assert (each.spans[1:, 0] >= each.spans[:-1, 1]).all()
            end = each.end

    @given(
        st.lists(
            st.tuples(st.text("ab.é", min_size=1, max_size=4), st.sampled_from(["", " ", "  ", "\u00a0"])), min_size=1
        )
    )
    def test_text_is_the_reference(
        self, tmp_path_factory: pytest.TempPathFactory, pieces: list[tuple[str, str]]
    ) -> None:
        """Offsets are those that the text itself has, wherever its tokens are parted."""
        text = "".join(form + space for form, space in pieces).rstrip(" \u00a0")
        expected = []
        at = 0
        for form, space in pieces:
            expected.append([at, at + len(form)])
            at += len(form) + len(space)
        document = only(tmp_path_factory.getbasetemp(), sentence(*(form for form, _ in pieces), text=text))
        assert document.text == text
        assert sentences(document)[0].spans.tolist() == expected
