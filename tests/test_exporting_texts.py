"""Documents come out as vertical text and as a treebank with what their sources said of them, and with senses."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from command_line import ctxsearch as command
from conftest import WindowEncoder
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st
from treebank import tagged

from ctxsearch import Document, Index, read
from ctxsearch.domain import Given, GivenSentence, Metadata
from ctxsearch.errors import ExportError, IndexDamaged
from ctxsearch.exporting.columns import as_id

CONLLU = """\
# newdoc id = letters
# meta::year = 1912
# sent_id = s1
# text = Wir saßen im Gras & am Ufer.
1\tWir\twir\tPRON\t_\t_\t_\t_\t_\t_
2\tsaßen\tsitzen\tVERB\t_\t_\t_\t_\t_\t_
3-4\tim\t_\t_\t_\t_\t_\t_\t_\t_
3\tin\tin\tADP\t_\t_\t_\t_\t_\t_
4\tdem\tder\tDET\t_\t_\t_\t_\t_\t_
5\tGras\tGras\tNOUN\t_\t_\t_\t_\t_\t_
6\t&\tund\tCCONJ\t_\t_\t_\t_\t_\t_
7-8\tam\t_\t_\t_\t_\t_\t_\t_\t_
7\tan\tan\tADP\t_\t_\t_\t_\t_\t_
8\tdem\tder\tDET\t_\t_\t_\t_\t_\t_
9\tUfer\tUfer\tNOUN\t_\t_\t_\t_\t_\tSpaceAfter=No
10\t.\t.\tPUNCT\t_\t_\t_\t_\t_\t_

# newpar
# sent_id = s2
# text = I don't "bank".
1\tI\tI\tPRON\t_\t_\t_\t_\t_\t_
2-3\tdon't\t_\t_\t_\t_\t_\t_\t_\t_
2\tdo\tdo\tAUX\t_\t_\t_\t_\t_\t_
3\tn't\tnot\tPART\t_\t_\t_\t_\t_\t_
4\t"\t"\t_\t$(\t_\t_\t_\t_\tSpaceAfter=No
5\tbank\tbank\tVERB\t_\t_\t_\t_\t_\tSpaceAfter=No
6\t"\t"\t_\t$(\t_\t_\t_\t_\tSpaceAfter=No
7\t.\t.\tPUNCT\t_\t_\t_\t_\t_\t_

"""


def indexed(folder: Path, documents: Sequence[Document]) -> Index:
    index = Index.create(folder, encoder=WindowEncoder())
    index.add(documents)
    return index


def said(document: Document) -> list[tuple[str, list[tuple[str, str, str]], list[str], object]]:
    """Each sentence that a document's source gives: its name, tokens, ids and parts."""
    assert document.given is not None
    return [
        (
            one.name,
            [
                (document.text[start:end], lemma, tag)
                for (start, end), lemma, tag in zip(one.spans.tolist(), one.lemmas, one.tags, strict=True)
            ],
            list(one.ids),
            {place: [tuple(word) for word in words] for place, words in one.parts.items()},
        )
        for one in document.given.sentences
    ]


def test_treebank_comes_back_line_for_line(tmp_path: Path) -> None:
    """What was read as CoNLL-U is written as it was: ids, multiword tokens, lemmas, tags, spaces, paragraphs."""
    source, out = tmp_path / "in.conllu", tmp_path / "out.conllu"
    source.write_text(CONLLU, encoding="utf-8")
    index = indexed(tmp_path / "index", list(read(source)))
    exported = index.export(out)
    assert (exported.file_format, exported.count) == ("conllu", 1)
    assert out.read_text(encoding="utf-8") == CONLLU
    index.compact()
    index.export(out, replace=True)
    assert out.read_text(encoding="utf-8") == CONLLU


def test_vertical_text_comes_back(tmp_path: Path) -> None:
    """What is written as vertical text is read as the documents that it was made of, tokens, lemmas and all."""
    documents = [
        tagged(
            "a&b", ['The/the/DET "/"/PUNCT Bank/Bank/PROPN </</SYM', "It/it/PRON"], {"year": 1912, "the genre": "<x>"}
        ),
        tagged("c", ["bank/bank/NOUN"], {"id": "own", "the_genre": 'say "y"'}),
    ]
    index = indexed(tmp_path / "index", documents)
    index.export(tmp_path / "out.vrt")
    again = list(read(tmp_path / "out.vrt"))
    assert [one.document_id for one in again] == ["a&b", "c"]
    assert [said(one) for one in again] == [said(one) for one in documents]
    assert [dict(one.metadata) for one in again] == [
        {"year": 1912, "the_genre": "<x>"},
        {"id_2": "own", "the_genre_2": 'say "y"'},
    ]
    assert [one.text for one in again] == [one.text for one in documents]


def test_text_without_tags_has_its_marks(tmp_path: Path) -> None:
    """Of plain text, the marks that are no tokens of the index are written as tokens, glued as they were."""
    text = 'He said: "A bank, a bank!"\n\nWait... what?'
    index = indexed(tmp_path / "index", [Document("d", text)])
    index.export(tmp_path / "out.vrt")
    index.export(tmp_path / "out.conllu")
    lines = (tmp_path / "out.vrt").read_text().splitlines()
    words = [line.split("\t")[0] for line in lines if not line.startswith("<")]
    assert words == [
        "He",
        "said",
        ":",
        "&quot;",
        "A",
        "bank",
        ",",
        "a",
        "bank",
        "!",
        "&quot;",
        "Wait",
        "...",
        "what",
        "?",
    ]
    assert lines.count("<p>") == 2
    for name in ("out.vrt", "out.conllu"):
        (again,) = read(tmp_path / name)
        assert again.text.split() == text.split()


@pytest.mark.parametrize("name", ["out.vrt", "out.conllu"])
def test_an_export_of_plain_text_has_the_same_words_again(tmp_path: Path, name: str) -> None:
    """Marks that are no tokens of the index are none of one that is made of its export, and sentences are the same."""
    text = 'He said: "The banks, the banks!" ... "A" (bank).\n\n?!\n\nWait...'
    index = indexed(tmp_path / "index", [Document("d", text), tagged("e", ["bank/bank/NOUN", "././PUNCT"])])
    index.export(tmp_path / name)
    again = indexed(tmp_path / "again", list(read(tmp_path / name)))
    assert again.info().words == index.info().words == 11
    told = [
        [
            (line.key, line.left, line.node, line.lemma, line.pos)
            for line in one.concordance(None, cql='[word=".*"]', limit=None)
        ]
        for one in (index, again)
    ]
    assert told[0] == told[1]
    again.export(tmp_path / f"again-{name}")
    assert (tmp_path / f"again-{name}").read_text() == (tmp_path / name).read_text()


def test_marks_are_punctuation_and_symbols_in_a_treebank(tmp_path: Path) -> None:
    """What is no word of the index is PUNCT, or SYM as in Universal Dependencies; given tags stay as they are."""
    text = 'A "bank" ... paid $ 5 + 10 % \u2014 yes!'
    index = indexed(tmp_path / "index", [Document("d", text), tagged("e", ["bank/bank/NOUN", "././X", "$/$/PUNCT"])])
    index.export(tmp_path / "out.conllu")
    rows = [line.split("\t") for line in (tmp_path / "out.conllu").read_text().splitlines() if "\t" in line]
    told = {(row[1], row[3]) for row in rows if not row[1].isalnum()}
    assert told == {
        *((mark, "PUNCT") for mark in ('"', "...", "\u2014", "!", "$")),
        *((mark, "SYM") for mark in "$+%"),
        (".", "X"),
    }
    assert {row[2] == row[1] for row in rows if row[3] in ("PUNCT", "SYM")} == {True}


def test_senses_stand_beside_their_tokens(tmp_path: Path) -> None:
    """Labels, or the senses that are assigned, are a column of vertical text, and ``Sense=`` in a treebank."""
    index = indexed(tmp_path / "index", [Document("d", "A bank. The bank.", {"n": 1}), Document("e", "bank", {"n": 2})])
    senses = index.senses(by="ann")
    senses.new("bank.river")
    senses.label("bank.river", ["d:12"])
    index.export(tmp_path / "out.vrt")
    index.export(tmp_path / "out.conllu", where=["n=1"])
    rows = [line.split("\t") for line in (tmp_path / "out.vrt").read_text().splitlines() if "\t" in line]
    assert [row[3] for row in rows if row[0] == "bank"] == ["", "bank.river", ""]
    assert "4\tbank\tbank\t" not in (tmp_path / "out.conllu").read_text()
    assert "2\tbank\tbank\t_\t_\t_\t_\t_\t_\tSense=bank.river|SpaceAfter=No\n" in (tmp_path / "out.conllu").read_text()
    assert "newdoc id = e" not in (tmp_path / "out.conllu").read_text()
    with pytest.raises(ExportError, match="leave out 'bank'"):
        index.export(tmp_path / "word.vrt", "bank")


WORD = st.text("ab<>&\"'\u00e9\u4e00.-_", min_size=1, max_size=4)
TAG = st.sampled_from(["NOUN", "X", "", "NN1"])


@settings(max_examples=40)
@for_all(st.lists(st.lists(st.tuples(WORD, WORD, TAG, st.sampled_from(["", " "])), min_size=1, max_size=4), max_size=3))
def test_any_tokens_come_back(
    tmp_path_factory: pytest.TempPathFactory, sentences: list[list[tuple[str, str, str, str]]]
) -> None:
    """Whatever the tokens, both formats give them back with lemmas and tags, spaced as they were."""
    folder = tmp_path_factory.mktemp("any")
    lines = ["# newdoc id = d"]
    for words in sentences:
        for number, (form, lemma, tag, space) in enumerate(words, start=1):
            upos, xpos = (tag or "_", "_") if tag != "NN1" else ("_", tag)
            misc = "_" if space else "SpaceAfter=No"
            lines.append("\t".join([str(number), form, lemma.replace("_", "x"), upos, xpos, "_", "_", "_", "_", misc]))
        lines.append("")
    (folder / "in.conllu").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (document,) = read(folder / "in.conllu")
    if not document.text.strip():
        return
    with indexed(folder / "index", [document]) as index:
        for name in ("out.conllu", "out.vrt"):
            index.export(folder / name)
            (again,) = read(folder / name, columns="word,pos,lemma,sense")
            assert [tokens for _, tokens, *_ in said(again)] == [tokens for _, tokens, *_ in said(document)]
            assert again.text == document.text


SPACES = "\u00a0\u2003\u2028\u0085\x0b\x0c\x1c\t\n\r "
ANY = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from(SPACES + "_=|/<&>#"), min_size=1, max_size=4)
GAP = st.sampled_from(["", " ", "  ", "\u00a0", " \u2003", "\t", "\n"])
# No source gives a token with a line end in it, or a lemma of white space: `check_document` refuses both.
FORM = ANY.filter(lambda text: not {*"\r\n"} & {*text})
LEMMA = ANY.filter(lambda text: not text.isspace())
TOKEN = st.tuples(FORM, LEMMA, st.sampled_from(["NOUN", "X", "", "NN1"]), GAP)
BLANKS = str.maketrans("\t\n\r", "   ")


def of_tokens(
    document_id: str, sentences: Sequence[Sequence[tuple[str, str, str, str]]], metadata: Metadata | None = None
) -> Document:
    """A document of sentences with a blank between two; each token with its lemma, its tag, and what follows it."""
    text, made = "", []
    for words in sentences:
        text += " " * bool(text)
        start, spans = len(text), []
        for number, (form, _, _, gap) in enumerate(words, start=1):
            spans.append((len(text), len(text) + len(form)))
            text += form + gap * (number < len(words))
        lemmas, tags = [word[1] for word in words], [word[2] for word in words]
        made.append(GivenSentence(start, len(text), np.array(spans, np.int32), lemmas, tags))
    return Document(document_id, text, metadata or {}, given=Given(made))


@settings(max_examples=100)
@for_all(
    ANY,
    st.lists(st.lists(TOKEN, min_size=1, max_size=4), min_size=1, max_size=2),
    st.dictionaries(ANY, ANY, max_size=3),
)
def test_any_characters_come_back(
    tmp_path_factory: pytest.TempPathFactory,
    document_id: str,
    sentences: list[list[tuple[str, str, str, str]]],
    metadata: dict[str, str],
) -> None:
    """Whatever the characters, what was written is read: white space as it was, but blanks for tabs and line ends."""
    folder = tmp_path_factory.mktemp("any")
    document = of_tokens(document_id, sentences, {name: f"x{value}x" for name, value in metadata.items()})
    expected = [
        (form.translate(BLANKS), lemma.translate(BLANKS), tag) for words in sentences for form, lemma, tag, _ in words
    ]
    with indexed(folder / "index", [document]) as index:
        for name in ("out.conllu", "out.vrt"):
            index.export(folder / name)
            (again,) = read(folder / name, columns="word,pos,lemma,sense")
            found = [token for _, tokens, *_ in said(again) for token in tokens]
            assert [form for form, *_ in found] == [form for form, *_ in expected]
            # Of a lemma that is a line alone, CoNLL-U says that there is none.
            assert all(one[1:] == other[1:] or other[1] == "_" for one, other in zip(found, expected, strict=True))
            assert list(again.metadata.values()) == [f"x{value}x".translate(BLANKS) for value in metadata.values()]
            assert again.document_id.strip() == as_id(document_id).strip() or not as_id(document_id).strip()
            written = [document.text[one.start : one.end].translate(BLANKS) for one in document.given.sentences]  # type: ignore[union-attr]
            if name == "out.conllu" and all(one.strip(" ") == one for one in written):
                assert again.text == document.text.translate(BLANKS)


def test_white_space_in_tokens_stays(tmp_path: Path) -> None:
    """A no-break space in a number, or as a token, is there again, and the text with it."""
    words = [
        ("10\u00a0000", "10\u00a0000", "NUM", "\u00a0"),
        ("marks", "mark", "NOUN", ""),
        ("\u00a0", "blank", "X", " "),
    ]
    document = of_tokens("d", [[*words, ("paid", "pay", "VERB", "")]])
    with indexed(tmp_path / "index", [document]) as index:
        for name in ("out.conllu", "out.vrt"):
            index.export(tmp_path / name)
            (again,) = read(tmp_path / name)
            assert [tokens for _, tokens, *_ in said(again)] == [tokens for _, tokens, *_ in said(document)]
    assert "# text = 10\u00a0000\u00a0marks\u00a0 paid\n" in (tmp_path / "out.conllu").read_text(encoding="utf-8")


def test_booleans_are_written_as_filters_say_them(tmp_path: Path) -> None:
    """What is true is ``true`` in VRT and CoNLL-U, so that the same filter finds it in what is read back."""
    metadata = {"draft": True, "final": False, "year": 1908, "share": 0.5, "name": "True"}
    with indexed(tmp_path / "index", [Document("a", "The bank.", metadata)]) as index:
        for ending in ("vrt", "conllu"):
            index.export(tmp_path / f"out.{ending}")
            (again,) = read(tmp_path / f"out.{ending}", columns="word,pos,lemma,sense")
            assert dict(again.metadata) == {
                "draft": "true",
                "final": "false",
                "year": 1908,
                "share": 0.5,
                "name": "True",
            }
            with indexed(tmp_path / ending, [again]) as other:
                assert index.count("bank", where="draft=true") == other.count("bank", where="draft=true") == 1


def test_names_are_those_that_formats_have(tmp_path: Path) -> None:
    """Attributes of vertical text are ASCII; a line end in an id or a name does not end the comment of a treebank."""
    metadata = {"Ähnlich": "x", "Öhnlich": "y", "a\nb": "z", "a b": "w", "1st": 2}
    with indexed(tmp_path / "index", [Document("a\nb", "The bank.", metadata)]) as index:
        index.export(tmp_path / "out.vrt")
        index.export(tmp_path / "out.conllu")
    (of_vrt,), (of_conllu,) = read(tmp_path / "out.vrt"), read(tmp_path / "out.conllu")
    assert (of_vrt.document_id, of_conllu.document_id) == ("a b", "a b")
    assert dict(of_vrt.metadata) == {"Ahnlich": "x", "Ohnlich": "y", "a_b": "z", "a_b_2": "w", "_1st": 2}
    assert dict(of_conllu.metadata) == {"Ähnlich": "x", "Öhnlich": "y", "a_b": "z", "a_b_2": "w", "1st": 2}
    assert (tmp_path / "out.conllu").read_text().count("\n# ") == len(metadata) + 2


def test_a_column_is_called_alike_in_all_documents(tmp_path: Path) -> None:
    """Names that a format cannot have become others for the whole export, which are told; so does no other's title."""
    documents = [
        Document("d1", "The bank.", {"作者": "鲁迅", "年代": 1921}, title="Letters"),
        Document("d2", "A bank.", {"年代": 1999}, title="d2"),
        Document("d3.txt", "A bank.", {"title": "Diary"}, title="d3"),
    ]
    with indexed(tmp_path / "index", documents) as index:
        exported = index.export(tmp_path / "out.vrt")
        assert index.export(tmp_path / "out.conllu").notes == []
    again = list(read(tmp_path / "out.vrt"))
    assert [dict(one.metadata) for one in again] == [
        {"title": "Letters", "__": "鲁迅", "___2": 1921},
        {"___2": 1999},
        {"title": "Diary"},
    ]
    assert exported.notes[-2:] == [
        "Called otherwise there: 作者 is __, 年代 is ___2.",
        "The columns are: word,pos,lemma,sense.",
    ]


def test_chinese_sentences_have_no_blanks_between(tmp_path: Path) -> None:
    """Where a treebank says that no space follows a Chinese mark, none does, and it is written so again."""
    content = "1\t银行\t_\tNOUN\t_\t_\t_\t_\t_\tSpaceAfter=No\n2\t。\t_\tPUNCT\t_\t_\t_\t_\t_\tSpaceAfter=No\n\n"
    (tmp_path / "in.conllu").write_text(content * 2, encoding="utf-8")
    (document,) = read(tmp_path / "in.conllu")
    assert document.text == "银行。银行。"
    with indexed(tmp_path / "index", [document]) as index:
        index.export(tmp_path / "out.conllu")
    (again,) = read(tmp_path / "out.conllu")
    assert again.text == document.text
    assert (tmp_path / "out.conllu").read_text(encoding="utf-8").count("SpaceAfter=No") == 3


def test_ids_that_do_not_fit_are_damage(tmp_path: Path) -> None:
    """Where a catalog has fewer ids than tokens, that is told, and no file is left."""
    source, out = tmp_path / "in.conllu", tmp_path / "out.conllu"
    source.write_text(CONLLU, encoding="utf-8")
    with indexed(tmp_path / "index", list(read(source))):
        pass
    (catalog,) = (tmp_path / "index").glob("shard-*/catalog.sqlite")
    with closing(sqlite3.connect(catalog)) as db:
        db.execute("update origins set ids = ?", ('{"ids": ["1", "2"], "parts": [[99, [["a", "b", "X"]]]]}',))
        db.commit()
    with (
        Index.open(tmp_path / "index") as index,
        pytest.raises(IndexDamaged, match="the origin of segment 0 is not of its tokens"),
    ):
        index.export(out)
    assert not out.exists()


def test_command_writes_documents(tmp_path: Path) -> None:
    """On the command line, the ending chooses; what has no place in a corpus is refused."""
    with indexed(tmp_path / "index", [Document("d", "A bank.")]):
        pass
    done = command("export", tmp_path / "index", tmp_path / "out.vrt")
    assert (done.returncode, "out.vrt: 1 document." in done.stderr) == (0, True)
    assert "The columns are: word,pos,lemma,sense." in done.stderr
    wrong = command("export", tmp_path / "index", tmp_path / "out.conllu", "--cql", '"bank"')
    assert (wrong.returncode, "takes no --cql" in wrong.stderr) == (2, True)


def test_a_sense_and_a_pattern_that_nothing_meets(tmp_path: Path) -> None:
    """Where no line meets the conditions, a file without lines is written, as without a sense."""
    index = indexed(tmp_path / "index", [tagged("d", ["The/the/DET bank/bank/NOUN"])])
    senses = index.senses(by="ann")
    senses.new("bank.1")
    senses.label("bank.1", ["d:4"])
    assert index.export(tmp_path / "a.csv", "bank", sense="bank.1", cql='"bank" []').count == 0
    assert index.export(tmp_path / "b.csv", "bank", sense="bank.1").count == 1
    index.export(tmp_path / "e.tei", "bank/NOUN")
    assert '<gramGrp><gram type="pos">NOUN</gram></gramGrp>' in (tmp_path / "e.tei").read_text()
