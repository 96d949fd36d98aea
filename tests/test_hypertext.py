"""Pages of HTML: what of them is text, their title and their encoding."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctxsearch.corpus import read
from ctxsearch.corpus.files import find
from ctxsearch.corpus.hypertext import read_html
from ctxsearch.corpus.reading import READERS
from ctxsearch.corpus.records import Options
from ctxsearch.domain import Document
from ctxsearch.errors import SourceError

PIECES = (
    *(
        "<",
        ">",
        "<p",
        "<p>",
        "<![",
        "<![x]>",
        "<![ x",
        "<![CDATA[",
        "<![endif]>",
        "<!",
        "<!--",
        "-->",
        "<!doctype",
        "<?",
    ),
    *(
        "</",
        "</p",
        "<br/>",
        "<script>",
        "</script>",
        '"',
        "'",
        "=",
        "&",
        "&#",
        "&#x",
        "&amp",
        "a",
        "b ",
        "\n",
        "[",
        "]",
    ),
    *(
        "<title>",
        "</title>",
        "<pre>",
        "</pre>",
        "<nav>",
        "</nav>",
        '<a b="',
        "/>",
        "\0",
        "<plaintext>",
        "<style/>",
        "%",
    ),
)


def only(folder: Path, content: str | bytes, name: str = "x.html", **options: str) -> Document:
    """The document that a page of this content is."""
    path = folder / name
    data = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    (document,) = read(path, encoding=options.get("encoding", "utf-8"))
    return document


class TestText:
    @pytest.mark.parametrize(
        ("body", "text"),
        [
            ("<h1>Of springs</h1><p>One <b>sp</b>ring,\n  two.</p>Three", "Of springs\n\nOne spring, two.\n\nThree"),
            ("a<br>b<br/>c<br>\n<br>d", "a\nb\nc\n\nd"),
            ("<ul><li>a <i>b</i><li>c</ul><table><tr><td>d<td>e</table>", "a b\n\nc\n\nd\n\ne"),
            ("<pre>O spring,\n  O rill\n\nof May</pre> and\nJune", "O spring,\nO rill\n\nof May\n\nand June"),
            ("a &amp; b &eacute;&#233; &lt;c&gt; 3 < 4", "a & b éé <c> 3 < 4"),
            ("a<script>if (1 < 2) x('</p>')</script><style>p {}</style> b<!-- c <p> -->d", "a bd"),
            ("<nav><ul><li>Home<nav>x</nav></ul>More</nav><p>a<del>b</del><button>c</button></p>", "a"),
            ("<select><option>a</select><svg/><p>b</p><p>c", "b\n\nc"),
            ("</nav></p></pre>a</div>", "a"),
            ("<ruby>漢<rp>(</rp><rt>かん</rt><rp>)</rp></ruby>字<ruby>漢<rt>かん</rt></ruby>", "漢字漢"),
            ("a<video src=x>no video here</video><canvas>none</canvas><audio src=x/>b", "ab"),
            ("a<![if !IE]>b<![endif]><![x]>c<![ x><![CDATA[d]]>e<?php x?>f<!ENTITY g>h", "abcefh"),
            ("", ""),
        ],
    )
    def test_body(self, tmp_path: Path, body: str, text: str) -> None:
        """The text is what a reader sees, its paragraphs and items parted, without menus, forms and scripts."""
        page = only(tmp_path, f"<!DOCTYPE html>\n<html><head><title>T</title></head><body>{body}</body></html>")
        assert (page.text, page.title, page.document_id) == (text, "T", "x.html")
        assert only(tmp_path, body).text == text

    @pytest.mark.parametrize("rest", ["", "<!-- c", "<b", '<b x="', "<![ x", "</b", "<script>x", "<?x", "<style>x"])
    def test_cut_short(self, tmp_path: Path, rest: str) -> None:
        """Where a page ends in the middle of a tag, what is before it is text, and the rest none."""
        assert only(tmp_path, f"<p>a &amp; b{rest}").text == "a & b"
        assert only(tmp_path, f"<p>a &am{rest}").text == "a &am"

    @pytest.mark.parametrize("left_out", ["<nav>", "<select><option>", "<button>", "<noscript>", "<object>", "<del>"])
    def test_never_closed(self, tmp_path: Path, left_out: str) -> None:
        """What would be left out and is never closed takes no text behind it away; others of other names still go."""
        page = only(tmp_path, f"<div><p>a{left_out}b</p></div><p>c<math>x</math><template>y</template></p><p>d</p>")
        assert page.text == "ab\n\nc\n\nd"

    @given(st.lists(st.sampled_from(PIECES), max_size=12))
    def test_any_page(self, tmp_path_factory: pytest.TempPathFactory, pieces: list[str]) -> None:
        """Whatever the tags of a page are, it is read."""
        only(tmp_path_factory.getbasetemp(), "".join(pieces))

    def test_title(self, tmp_path: Path) -> None:
        """The title is the page's, or else the name of the file, and no part of the text."""
        assert only(tmp_path, "<title>Of\n  &amp; springs</title><p>a").title == "Of & springs"
        page = only(tmp_path, "<title> </title><p>a", "spring.htm.gz")
        assert (page.title, page.text, page.document_id) == ("spring", "a", "spring.htm")

    def test_limit(self, tmp_path: Path) -> None:
        """A page that is too large is told, and so is one whose pieces would take too much memory."""
        path = tmp_path / "x.html"
        path.write_text("<i>a</i>" * 100, encoding="utf-8")
        (file,) = find(path, READERS, glob=None).files
        with pytest.raises(SourceError, match=r"it has more than 700 bytes\. Cut it into several pages"):
            list(read_html(file, Options(max_record_chars=700), lambda _: None))
        with pytest.raises(SourceError, match="it has more than 900 characters, too many for one document"):
            list(read_html(file, Options(max_record_chars=900), lambda _: None))


class TestEncoding:
    @pytest.mark.parametrize(
        "declared", ['<meta charset="iso-8859-1">', "<?xml version='1.0' encoding='windows-1252'?>"]
    )
    def test_declared(self, tmp_path: Path, declared: str) -> None:
        """What is not UTF-8 is read in the encoding that it declares; Latin-1 has quotation marks, as in browsers."""
        assert only(tmp_path, f"{declared}<p>“née”".encode("cp1252")).text == "“née”"

    @pytest.mark.parametrize(
        ("declared", "encoding", "text"),
        [
            ("shift_jis", "cp932", "日本語①"),
            ("x-sjis", "cp932", "日本語"),
            ("GB2312", "gbk", "中文镕"),
            ("euc-kr", "cp949", "한국어 똠"),
            ("iso-8859-9", "cp1254", "“ırmak”"),
            ("x-mac-roman", "mac_roman", "née"),
        ],
    )
    def test_meant(self, tmp_path: Path, declared: str, encoding: str, text: str) -> None:
        """An encoding is what browsers take its name for, which has more characters, or a name of its own."""
        script = '<script src="x.js" charset="utf-8"></script>'
        assert only(tmp_path, f'{script}<meta charset="{declared}"><p>{text}'.encode(encoding)).text == text

    def test_utf_16(self, tmp_path: Path) -> None:
        """A mark of UTF-16 is followed; without one that is told, and what declares it and is none is not read so."""
        assert only(tmp_path, "<p>née".encode("utf-16")).text == "née"
        assert only(tmp_path, "\ufeff<p>née".encode("utf-16-be")).text == "née"
        with pytest.raises(SourceError, match='encoding="utf-16-le"'):
            only(tmp_path, "<p>They sat.".encode("utf-16-le"))
        for text in ("née", "née."):
            with pytest.raises(SourceError, match=r"byte 0xe9 at offset \d+ is not utf-8"):
                only(tmp_path, f"<meta charset=utf-16><p>{text}".encode("latin-1"))

    def test_declared_in_vain(self, tmp_path: Path) -> None:
        """A page that is UTF-8 is read as that, whatever it declares."""
        assert only(tmp_path, '<meta http-equiv=x content="text/html; charset=latin-1"><p>née').text == "née"

    def test_asked(self, tmp_path: Path) -> None:
        """An encoding that is asked for goes before the one that is declared."""
        content = '<meta charset="cp1252"><p>ключ'.encode("cp1251")
        assert only(tmp_path, content, encoding="cp1251").text == "ключ"

    def test_bad(self, tmp_path: Path) -> None:
        """Bytes in no encoding that is known, and an encoding that there is not, are told."""
        with pytest.raises(SourceError, match=r"x\.html: byte 0xe9 at offset 4 is not utf-8"):
            only(tmp_path, "<p>née".encode("latin-1"))
        with pytest.raises(SourceError, match=r"x\.html: it declares the encoding 'klingon', which is none"):
            only(tmp_path, '<meta charset="klingon"><p>née'.encode("latin-1"))


def test_folder(tmp_path: Path) -> None:
    """Pages and Markdown of a folder, or of an archive, have metadata from its table; locks of an office are none."""
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as archive:
        archive.writestr("in/c.xhtml", "<p>c</p>")
        archive.writestr("~$d.html", "never read")
    (tmp_path / "a.html").write_text("<p>a</p>", encoding="utf-8")
    (tmp_path / "b.md").write_text("# A *spring*\n", encoding="utf-8")
    (tmp_path / "~$e.html").write_text("never read", encoding="utf-8")
    (tmp_path / "metadata.csv").write_text("id,year\na.html,1912\nb.md,1913\n", encoding="utf-8")
    corpus = read(tmp_path)
    found = [(one.document_id, one.text, one.metadata) for one in corpus]
    assert found == [
        ("a.html", "a", {"year": 1912}),
        ("b.md", "# A *spring*\n", {"year": 1913}),
        ("z.zip/in/c.xhtml", "c", {}),
    ]
    assert (corpus.unread, corpus.unmatched) == ([], [])
