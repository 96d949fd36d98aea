"""Vertical text: documents, sentences and tokens as its lines have them."""

from __future__ import annotations

import gzip
import tracemalloc
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctxsearch.corpus import Corpus, read
from ctxsearch.corpus.records import Options
from ctxsearch.domain import Document, GivenSentence
from ctxsearch.errors import SourceError


def written(folder: Path, content: str, name: str = "x.vrt") -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(content.encode()) if name.endswith(".gz") else content.encode())
    return path


def only(folder: Path, content: str, columns: str | Sequence[str] = "word,pos,lemma", name: str = "x.vrt") -> Document:
    (document,) = read(written(folder, content, name), columns=columns)
    return document


def sentences(document: Document) -> Sequence[GivenSentence]:
    assert document.given is not None
    assert document.given.is_whole
    return document.given.sentences


def forms(document: Document) -> list[list[str]]:
    return [[document.text[start:end] for start, end in each.spans] for each in sentences(document)]


def survivors(path: Path) -> tuple[list[str], list[str]]:
    """The ids of the documents that are left when bad ones are skipped, and what is said of these."""
    errors: list[str] = []
    corpus = read(path, skip_bad=True, on_skip=lambda error: errors.append(str(error).removeprefix(path.as_posix())))
    return [document.document_id for document in corpus], errors


class TestDocuments:
    def test_everything(self, tmp_path: Path) -> None:
        """A document has its id, its attributes for metadata, its text, and sentences with lemmas, tags and lines."""
        content = (
            '<?xml version="1.0"?>\n<corpus>\n'
            '<doc id="a" year="1912" title="Q&amp;A" no="007" none="" by=\'Ann "L" Lee\'>\n'
            '<p>\n<s id="s1">\nBanks\tNNS\tbank\n<hi rend="it">\nlent\tVBD\tlend\n</hi>\n<g/>\n,\tPUN\t,\n</s>\n'
            "<s>\nhe\tPRP\t<unknown>\nsaid\tVBD\t\n</s>\n</p>\n<p>\n\n<s>\nMoney\tNN\tmoney\n</s>\n</p>\n</doc>\n"
            "<!-- end -->\n</corpus>\n"
        )
        document = only(tmp_path, content)
        assert (document.document_id, document.title) == ("a", "")
        assert document.uri == f"{(tmp_path / 'x.vrt').as_posix()}#3"
        assert document.metadata == {"year": 1912, "title": "Q&A", "no": "007", "by": 'Ann "L" Lee'}
        assert document.text == "Banks lent, he said\n\nMoney"
        assert document.given is not None
        assert document.given.has_sentences
        first, second, third = sentences(document)
        assert (first.start, first.end, first.name) == (0, 11, "s1")
        assert first.spans.tolist() == [[0, 5], [6, 10], [10, 11]]
        assert (first.lemmas, first.tags, first.lines) == (["bank", "lend", ","], ["NNS", "VBD", "PUN"], [6, 8, 11])
        assert (second.name, second.lemmas, second.tags) == ("", ["", ""], ["PRP", "VBD"])
        assert (third.start, third.end) == (21, 26)

    @pytest.mark.parametrize("name", ["x.vrt", "x.vert", "x.vertical.gz", "X.VRT"])
    def test_file_is_a_document(self, tmp_path: Path, name: str) -> None:
        """A file without documents is one, called by the file; without sentences, its stretches are its paragraphs."""
        document = only(tmp_path, "<p>\na\nb\n<p>\nc\n</p>\nd\n", name=name)
        assert (document.document_id, document.title) == (name.removesuffix(".gz"), name[0])
        assert document.text == "a b\n\nc\n\nd"
        assert document.given is not None
        assert not document.given.has_sentences
        assert forms(document) == [["a", "b"], ["c"], ["d"]]

    def test_ids(self, tmp_path: Path) -> None:
        """Documents without an id are called by file and line, and tokens outside of documents are in one, too."""
        content = 'a\n<text>\nb\n</text>\nc\n<text id="d">\nd\n</text>\n<doc>\n</doc>\n'
        found = list(read(written(tmp_path, content)))
        assert [each.document_id for each in found] == ["x.vrt#1", "x.vrt#2", "x.vrt#5", "d", "x.vrt#9"]
        assert [each.text for each in found] == ["a", "b", "c", "d", ""]

    def test_id_column(self, tmp_path: Path) -> None:
        """The attribute with the id can be named."""
        path = written(tmp_path, '<doc id="1" file="f">\na\n</doc>\n')
        (document,) = read(path, id_column="file")
        assert (document.document_id, document.metadata) == ("f", {"id": 1})

    def test_nested_documents(self, tmp_path: Path) -> None:
        """The outer one of two structures that could be a document is it."""
        document = only(tmp_path, '<doc id="a">\n<text id="b">\na\n</text>\n<text>\nb\n</text>\n</doc>\n')
        assert (document.document_id, document.text) == ("a", "a b")

    def test_tokens_outside_of_sentences(self, tmp_path: Path) -> None:
        """Tokens between sentences make one without a name; one that is not closed ends where the next begins."""
        document = only(tmp_path, '<s id="1">\na\n<s id="2">\nb\n</s>\nc\nd\n<sentence id="3">\ne\n</sentence>\n')
        assert forms(document) == [["a"], ["b"], ["c", "d"], ["e"]]
        assert [each.name for each in sentences(document)] == ["1", "2", "", "3"]

    def test_empty_file(self, tmp_path: Path) -> None:
        """An empty file is an empty document."""
        assert (only(tmp_path, "").text, sentences(only(tmp_path, ""))) == ("", [])

    def test_glue(self, tmp_path: Path) -> None:
        """Glue joins also where a sentence or an element begins, and never two paragraphs."""
        assert only(
            tmp_path, "<g/>\na\n<g/>\n<b>\nb\n</b>\n<g>\n</g>\nc\n</s>\n<s>\n<g/>\nd\n<g/>\n<p>\n<g/>\ne\n"
        ).text == ("abcd\n\ne")

    def test_windows_and_byte_order_mark(self, tmp_path: Path) -> None:
        """Line ends of Windows and a byte order mark change nothing."""
        document = only(tmp_path, '\ufeff<doc id="a">\r\n<s>\r\na\tX\tb\r\n</s>\r\n</doc>\r\n')
        assert (document.document_id, document.text, sentences(document)[0].lemmas) == ("a", "a", ["b"])

    def test_encoding(self, tmp_path: Path) -> None:
        """Another encoding is read when it is named; otherwise the bad byte spoils its document."""
        path = tmp_path / "x.vrt"
        path.write_bytes(
            '<doc id="a">\né\n</doc>\n<doc id="b">\nb\n</doc>\n<doc id="é">\nc\n</doc>\n'.encode("latin-1")
        )
        assert [each.document_id for each in read(path, encoding="latin-1")] == ["a", "b", "é"]
        hint = 'Read it in a run of its own with `encoding="cp1252"`, for instance; of a folder, `glob=` chooses it.'
        assert survivors(path) == (
            ["b"],
            [
                f", line 2: byte 0xe9 at offset 13 is not utf-8. {hint}",
                f", line 7: byte 0xe9 at offset 53 is not utf-8. {hint}",
            ],
        )


class TestTokens:
    def test_entities(self, tmp_path: Path) -> None:
        """The entities of XML are decoded, numbers too, and what is none of them stays."""
        document = only(tmp_path, "&lt;b&gt;\tA&amp;B\t&quot;&apos;&#x41;&#66;\nR&D\t&eacute;\t&#xD800;&#0;&amp;lt;\n")
        assert document.text == "<b> R&D"
        assert sentences(document)[0].tags == ["A&B", "&eacute;"]
        assert sentences(document)[0].lemmas == ["\"'AB", "&#xD800;&#0;&lt;"]

    @pytest.mark.parametrize("token", ["<3", "<", "<-", "</", "<>", "<1>", "<<b>>", "<a@b.org>", "<http://b.org>"])
    def test_tokens_like_tags(self, tmp_path: Path, token: str) -> None:
        """What begins as a tag and is none is a token."""
        assert forms(only(tmp_path, f"a\n{token}\n")) == [["a", token]]
        assert forms(only(tmp_path, f"a\tX\ta\n{token}\tX\t<b>\n")) == [["a", token]]

    def test_tag_with_cells(self, tmp_path: Path) -> None:
        """A line with a tag in its first cell is a token."""
        assert forms(only(tmp_path, "<b>\tTAG\t<b>\n")) == [["<b>"]]

    def test_columns(self, tmp_path: Path) -> None:
        """Columns are named in their order, by a string or a list; others are passed over."""
        content = "x\tNN\tBanks\t1\tbank\n"
        for columns in ("-,pos,word,_,lemma", ["n", "pos", "word", "-", "lemma"]):
            (found,) = sentences(only(tmp_path, content, columns))
            assert (found.lemmas, found.tags) == (["bank"], ["NN"])
        assert only(tmp_path, content, "word,-,-,-,-").text == "x"
        (found,) = sentences(only(tmp_path, content, "word,tag,lemma,-,-"))
        assert (found.lemmas, found.tags) == (["Banks"], ["NN"])

    def test_lempos(self, tmp_path: Path) -> None:
        """A lemma is taken of lempos where there is no lemma."""
        content = "Banks\tbank-n\tbanks\nx-y\tx-y-n\tx\n-\t-\t-\nnow\tnow\tnow\n"
        assert sentences(only(tmp_path, content, "word,lempos,x"))[0].lemmas == ["bank", "x-y", "-", "now"]
        assert sentences(only(tmp_path, content, "word,lempos,lemma"))[0].lemmas == ["banks", "x", "-", "now"]

    @pytest.mark.parametrize(
        ("content", "columns", "lemmas", "second_lemma"),
        [
            ("Banks\tNNS\tbank-n\nof\tIN\tof-i\n", None, ["bank", "of"], "bank"),
            ('"\t``\t"-x\nBanks\tNNS\tbank-n\n', None, ['"', "bank"], "bank"),
            ("-\t:\t--x\nBanks\tNNS\tbank-n\n", None, ["-", "bank"], "bank"),
            ("Banks\tNNS\tbank-n\n", "word,pos,lemma", ["bank-n"], "bank-n"),
            ("<!-- #vrt positional-attributes: word pos lemma -->\nBanks\tNNS\tbank-n\n", None, ["bank-n"], "bank-n"),
            ("Vitamin-C\tNN\tvitamin-c\nBanks\tNNS\tbank-n\n", None, ["vitamin-c", "bank-n"], "bank-n"),
            ("Banks\tNNS\tbank\nthem\tPRP\tthem-d\n", None, ["bank", "them-d"], "bank-n"),
            ("Went\tVBD\tgo-v\nBanks\tNNS\tbank-n\nE-mail\tNN\te-mail\n", None, ["go", "bank", "e-mail"], "bank"),
            ("Fá-lo\tV\tfazer-o\nbancos\tN\tbanco\n", None, ["fazer-o", "banco"], "bank-n"),
            ("Went\tVBD\tgo-v\nBank\tNN\tbank\n", None, ["go-v", "bank"], "bank-n"),
        ],
    )
    def test_lempos_that_nobody_names(
        self, tmp_path: Path, content: str, columns: str | None, lemmas: list[str], second_lemma: str
    ) -> None:
        """Where nobody names the columns, the first tokens of a file tell whether its lemmas have a letter each."""
        path = tmp_path / "x.vrt"
        path.write_text(f"<doc>\n{content}</doc>\n<doc>\nBanks\tNNS\tbank-n\n</doc>\n", encoding="utf-8")
        first, second = read(path, columns=columns)
        assert list(sentences(first)[0].lemmas) == lemmas
        assert list(sentences(second)[0].lemmas) == [second_lemma]

    def test_no_value(self, tmp_path: Path) -> None:
        """What tools write for no value is none."""
        (found,) = sentences(only(tmp_path, "a\t__UNDEF__\t&lt;unknown&gt;\nb\t\t__UNDEF__\n"))
        assert (found.tags, found.lemmas) == (["", ""], ["", ""])


NAME_THEM = 'Name the columns, and those to be passed over -, for instance `columns="'


class TestErrors:
    @pytest.mark.parametrize(
        ("lines", "line", "why"),
        [
            ("a\tb\n", 2, f'the line has 2 cells, and there should be 3, word,pos,lemma. {NAME_THEM}word,pos"`.'),
            (
                "a\tb\tc\td\n",
                2,
                f'the line has 4 cells, and there should be 3, word,pos,lemma. {NAME_THEM}word,pos,lemma,-"`.',
            ),
            ("a\tb\tc\na\n", 3, "the line has 1 cells, and those before it 3."),
            ("a\na\tb\tc\n", 3, "the line has 3 cells, and those before it 1."),
            ("\tb\tc\n", 2, "the word is empty."),
            ("\t\t\n", 2, "the word is empty."),
            ('<s id="a" b">\n', 2, "the attributes of <s> cannot be made out."),
            ('<s id="a" id="b">\n', 2, "the attributes of <s> cannot be made out."),
        ],
    )
    def test_bad_document(self, tmp_path: Path, lines: str, line: int, why: str) -> None:
        """A mistake is told with its line, and the document that it is in is left out, and no other."""
        path = written(tmp_path, f'<doc id="bad">\n{lines}z\n</doc>\n<doc id="good">\na\tb\tc\n</doc>\n')
        with pytest.raises(SourceError) as caught:
            list(read(path))
        assert str(caught.value) == f"{path.as_posix()}, line {line}: {why}"
        assert survivors(path) == (["good"], [f", line {line}: {why}"])

    def test_columns_missing(self, tmp_path: Path) -> None:
        """Columns that were named and are not there are told, a single one too."""
        path = written(tmp_path, "a\n")
        with pytest.raises(SourceError, match="line 1: the line has 1 cells, and there should be 2, word,lemma"):
            list(read(path, columns="word,lemma"))

    @pytest.mark.parametrize(
        ("columns", "why"),
        [
            ("lemma,pos", "the columns 'lemma,pos': none of them is the word. "),
            ("", "the columns '': none of them is the word. "),
            ("word,word", "the columns 'word,word': two of them are called word. "),
            ("word,pos,-,-,pos", "the columns 'word,pos,-,-,pos': two of them are called pos. "),
            ("word,pos,tag", "the columns 'word,pos,tag': two of them are called pos. "),
        ],
    )
    def test_wrong_columns(self, tmp_path: Path, columns: str, why: str) -> None:
        """Columns that cannot be are told at once."""
        with pytest.raises(SourceError) as caught:
            read(written(tmp_path, "a\n"), columns=columns)
        assert str(caught.value) == (
            f'{why}Name them in their order, and those to be passed over -, for instance `columns="word,-,lemma"`.'
        )

    def test_documents_that_are_not_closed(self, tmp_path: Path) -> None:
        """A document that is not closed is told, at the end of the file and before another, and so is a stray end."""
        path = written(
            tmp_path, '<doc id="a">\na\n<doc id="b">\nb\n</doc>\n</doc>\nc\n<doc a="b" c">\n</doc>\n<doc>\nd\n'
        )
        assert survivors(path) == (
            ["b", "x.vrt#7"],
            [
                ", line 1: the <doc> that starts here is not closed with </doc>.",
                ", line 6: </doc> closes nothing.",
                ", line 8: the attributes of <doc> cannot be made out.",
                ", line 10: the <doc> that starts here is not closed with </doc>.",
            ],
        )

    def test_bad_id(self, tmp_path: Path) -> None:
        """An id that cannot serve as one is told with the line of the document."""
        path = written(tmp_path, 'a\n<doc id="a&#7;b">\nb\n</doc>\n')
        ids, errors = survivors(path)
        assert ids == ["x.vrt#1"]
        assert errors[0].startswith(", line 2: the document's id 'a\\x07b' has a control character")

    def test_limit(self, tmp_path: Path) -> None:
        """A document over the limit is left out, as one with a line over it is."""
        long = "abcde\n" * 9
        path = written(tmp_path, f"<doc>\n{long}</doc>\n<doc>\n{'x' * 100}\n</doc>\n<doc>\nabc\n</doc>\n")
        errors: list[SourceError] = []
        corpus = Corpus([path], Options(max_record_chars=30), skip_bad=True, on_skip=errors.append)
        assert [document.text for document in corpus] == ["abc"]
        assert [error.line for error in errors] == [1, 13]

    @pytest.mark.parametrize("content", ["a\n" * 50_000, "<s>\na\n</s>\n" * 20_000])
    def test_what_is_kept_is_bounded(self, tmp_path: Path, content: str) -> None:
        """Tokens and sentences count for more than their text: they take more memory."""
        path = written(tmp_path, content)
        tracemalloc.start()
        try:
            with pytest.raises(SourceError, match=r"100,000 characters \(a token counts for 20 more"):
                list(Corpus([path], Options(max_record_chars=100_000)))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < 3_000_000


@dataclass
class Written:
    """A token as it is written to a file."""

    form: str
    tag: str
    lemma: str
    glue: bool


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\t\n"), min_size=1, max_size=6) | st.sampled_from(
    ["<3", "<s>", "</doc>", "&lt;", "&amp;amp;", "<doc id='x'>", "&#65;", " ", "\r", "<unknown"]
)
# No form has a line end in it.
FORMS = CELLS.map(lambda cell: cell.replace("\r", "r"))
TOKENS = st.builds(Written, FORMS, CELLS, CELLS, st.booleans())


class TestRoundTrip:
    @given(st.lists(st.lists(TOKENS, min_size=1, max_size=5), max_size=4), st.booleans())
    def test_tokens_come_back(
        self, tmp_path_factory: pytest.TempPathFactory, said: list[list[Written]], with_sentences: bool
    ) -> None:
        """Whatever the tokens are, forms, lemmas and tags come back, and each form is a piece of the text."""
        lines = ['<doc id="x">\n']
        for number, one in enumerate(said):
            lines.append(f'<s id="{number}">\n' if with_sentences else "<p>\n")
            for each in one:
                lines.append("<g/>\n" * each.glue)
                lines.append("\t".join(escape(cell) for cell in (each.form, each.tag, each.lemma)) + "\n")
            lines.append("</s>\n" if with_sentences else "</p>\n")
        lines.append("</doc>\n")
        document = only(tmp_path_factory.getbasetemp(), "".join(lines))
        assert forms(document) == [[each.form for each in one] for one in said]
        found = sentences(document)
        assert [list(each.tags) for each in found] == [[each.tag for each in one] for one in said]
        # A carriage return at the end of a line is a part of the line's end, and mere white space is no lemma.
        lemmas = [[each.lemma.removesuffix("\r") for each in one] for one in said]
        assert [list(each.lemmas) for each in found] == [[one.strip() and one for one in some] for some in lemmas]
        end = 0
        for each in found:
            assert end <= each.start == each.spans[0, 0] < each.end == each.spans[-1, 1] <= len(document.text)
            assert (each.spans[1:, 0] >= each.spans[:-1, 1]).all()
            end = each.end


def test_lempos_is_lemma_and_tag(tmp_path: Path) -> None:
    """A column of lemmas with a letter for the part of speech gives both; one that is there besides goes first."""
    path = tmp_path / "a.vrt"
    path.write_text("<doc>\nbanks\tbank-n\nco-opted\tco-opt-v\nthe\tthe\n</doc>\n")
    (document,) = read(path, columns="word,lempos")
    assert document.given is not None
    (sentence,) = document.given.sentences
    assert (list(sentence.lemmas), list(sentence.tags)) == (["bank", "co-opt", "the"], ["n", "v", ""])
    path.write_text("<doc>\nbanks\tNNS\tbank-n\n</doc>\n")
    (document,) = read(path, columns="word,pos,lempos")
    assert document.given is not None
    assert list(document.given.sentences[0].tags) == ["NNS"]


def test_columns_that_blanks_part_are_told(tmp_path: Path) -> None:
    """Lines with as many words as there are columns, and no tab, are no words of that many parts."""
    path = tmp_path / "a.vrt"
    path.write_text("<doc>\nThe DT the\nbank NN bank\n</doc>\n")
    with pytest.raises(SourceError, match=r"a\.vrt, line 2: the line has 1 cells, and there should be 3"):
        list(read(path))


def test_a_file_names_its_columns(tmp_path: Path) -> None:
    """A comment does, as Kielipankki has it; columns that are asked for go before, and a later comment after."""
    head = "<!-- #vrt positional-attributes: ref word lemma tag lex/ -->\n"
    path = written(tmp_path, f"{head}<text>\n1\tbanks\tbank\tN\t|a|\n</text>\n")
    (document,) = read(path)
    (sentence,) = sentences(document)
    assert (document.text, sentence.lemmas, sentence.tags) == ("banks", ["bank"], ["N"])
    (document,) = read(path, columns="-,lemma,word,-,-")
    assert document.text == "bank"
    (document,) = read(written(tmp_path, f"{head}1\tbanks\tbank\tN\t\n<!-- Positional attributes: word -->\nfail\n"))
    assert document.text == "banks fail"
    path = written(tmp_path, "<!-- #vrt positional-attributes: lemma pos -->\na\tb\n")
    with pytest.raises(
        SourceError, match=r"line 1: of the columns that are named here none of them is the word\. Name"
    ):
        list(read(path))
    assert [each.text for each in read(path, columns="word,pos")] == ["a"]
