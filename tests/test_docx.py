"""Files of a word processor: what of them is text, and what is refused."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from ctxsearch.corpus import Corpus, read
from ctxsearch.corpus.docx import read_docx
from ctxsearch.corpus.files import find
from ctxsearch.corpus.reading import READERS
from ctxsearch.corpus.records import Options
from ctxsearch.errors import SourceError

TRANSITIONAL = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/wordprocessingml/main"


def written(folder: Path, body: str, *, own: str = TRANSITIONAL, part: str = "word/document.xml") -> Path:
    """A file with this in the body of its main part."""
    names = (
        f'xmlns:w="{own}" xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
        ' xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
    )
    path = folder / "x.docx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/footnotes.xml", "<never/>")
        archive.writestr(part, f"<w:document {names}><w:body>{body}</w:body></w:document>")
    return path


def text_of(path: Path) -> str:
    (document,) = read(path)
    assert (document.document_id, document.title, document.given) == ("x.docx", "x", None)
    return document.text


def paragraph(*runs: str) -> str:
    return f"<w:p>{''.join(f'<w:r><w:t>{run}</w:t></w:r>' for run in runs)}</w:p>"


@pytest.mark.parametrize("own", [TRANSITIONAL, STRICT])
def test_paragraphs(tmp_path: Path, own: str) -> None:
    """Paragraphs, those in tables too, are parted by an empty line, and runs by nothing."""
    table = f"<w:tbl><w:tr><w:tc>{paragraph('c')}</w:tc><w:tc>{paragraph('d')}</w:tc></w:tr></w:tbl>"
    path = written(
        tmp_path, paragraph("Of sp", "rings ", "&amp; wells") + paragraph() + paragraph("b") + table, own=own
    )
    assert text_of(path) == "Of springs & wells\n\nb\n\nc\n\nd"


def test_signs(tmp_path: Path) -> None:
    """Breaks are line ends, tabs blanks, and hyphens what they are."""
    run = "<w:t>a</w:t><w:br/><w:t>b</w:t><w:tab/><w:t>c</w:t><w:noBreakHyphen/><w:t>d</w:t><w:softHyphen/><w:t>e</w:t>"
    run += "<w:ptab/><w:t>f</w:t>"
    assert text_of(written(tmp_path, f"\n<w:p>\n<w:r>{run}</w:r></w:p>")) == "a\nb c\u2011d\u00ade f"


def test_left_out(tmp_path: Path) -> None:
    """What was deleted or moved away, fields, drawings and readings are left out, and what is there twice is once."""
    ruby = "<w:ruby><w:rt><w:r><w:t>kan</w:t></w:r></w:rt><w:rubyBase><w:r><w:t>漢</w:t></w:r></w:rubyBase></w:ruby>"
    body = (
        "<w:p><w:r><w:t>a</w:t></w:r><w:del><w:r><w:delText>no</w:delText><w:t>no</w:t></w:r></w:del>"
        "<w:moveFrom><w:r><w:t>no</w:t></w:r></w:moveFrom>"
        "<w:moveTo><w:r><w:t xml:space='preserve'> b</w:t></w:r></w:moveTo>"
        "<w:ins><w:r><w:t>c</w:t></w:r></w:ins><w:r><w:instrText>PAGE</w:instrText></w:r><a:t>no</a:t></w:p>"
        f"<w:p><mc:AlternateContent><mc:Choice>{paragraph('box')}</mc:Choice>"
        f"<mc:Fallback>{paragraph('box')}</mc:Fallback></mc:AlternateContent></w:p>"
        f"<w:p><w:r>{ruby}</w:r><w:r><w:t>字</w:t></w:r></w:p>"
    )
    assert text_of(written(tmp_path, body)) == "a bc\n\nbox\n\n漢字"


@pytest.mark.parametrize(
    ("body", "part", "why"),
    [
        (
            "<w:p>",
            "word/document.xml",
            "it is no whole .docx file (mismatched tag). Save it as plain text (.txt) in UTF-8.",
        ),
        ("", "content.xml", "it is no .docx file: there is no word/document.xml in it."),
    ],
)
def test_no_docx(tmp_path: Path, body: str, part: str, why: str) -> None:
    """What is no such file is told, with what to do."""
    with pytest.raises(SourceError) as caught:
        list(read(written(tmp_path, body, part=part)))
    assert str(caught.value).partition("x.docx: ")[2].startswith(why)


def test_protected(tmp_path: Path) -> None:
    """A file that a password protects, or that an older program wrote, is told as that."""
    path = tmp_path / "x.docx"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    with pytest.raises(SourceError, match=r"a password protects it, or it is an older \.doc\. Save it as \.docx"):
        list(read(path))


def test_damaged(tmp_path: Path) -> None:
    """A file that is cut short, or is of another kind, is told, and passed over if bad ones are to be."""
    path = written(tmp_path, paragraph("a"))
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(SourceError, match=r"it is no whole \.docx file \(File is not a zip file\)"):
        list(read(path))
    corpus = Corpus([tmp_path], Options(), skip_bad=True)
    assert (list(corpus), corpus.skipped) == ([], 1)


def test_flipped_bits(tmp_path: Path) -> None:
    """Whatever byte of such a file is another, it is told, or the file is read."""
    path = written(tmp_path, paragraph("They rowed to the bank."))
    whole = path.read_bytes()
    told = 0
    for place in range(len(whole)):
        for flip in (0x01, 0x80, 0xFF):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ flip]) + whole[place + 1 :])
            try:
                list(read(path))
            except SourceError:
                told += 1
    assert told > len(whole)


def test_entities(tmp_path: Path) -> None:
    """A document type, whose entities could make gigabytes, is refused."""
    path = tmp_path / "x.docx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("word/document.xml", '<!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>')
    with pytest.raises(SourceError, match="it declares a document type, and such a file is not read"):
        list(read(path))


def test_limit(tmp_path: Path) -> None:
    """A small file that unpacks to a large text is told before it fills the memory."""
    (file,) = find(written(tmp_path, paragraph("a" * 100_000)), READERS, glob=None).files
    assert file.size < 2_000
    with pytest.raises(SourceError, match="it has more than 50,000 characters, too many for one document"):
        list(read_docx(file, Options(max_record_chars=50_000), lambda _: None))
    (signs,) = find(written(tmp_path, "<w:p>" + "<w:noBreakHyphen/>" * 9_000 + "</w:p>"), READERS, glob=None).files
    with pytest.raises(SourceError, match="it has more than 8,000 characters, too many for one document"):
        list(read_docx(signs, Options(max_record_chars=8_000), lambda _: None))
    with pytest.raises(SourceError, match="it has more than 500 bytes"):
        list(read_docx(file, Options(max_record_chars=500), lambda _: None))
