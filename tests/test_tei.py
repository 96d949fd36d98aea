"""TEI: documents, their text, and the tokens that some have."""

from __future__ import annotations

import gzip
import tracemalloc
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctxsearch.corpus import Corpus, read
from ctxsearch.corpus.records import Options
from ctxsearch.domain import Document, GivenSentence
from ctxsearch.errors import SourceError

NAMESPACE = ' xmlns="http://www.tei-c.org/ns/1.0"'


def tei(body: str, *, header: str = "", attributes: str = NAMESPACE) -> str:
    """A document with this in its body."""
    return f"<TEI{attributes}><teiHeader>{header}</teiHeader><text><body>{body}</body></text></TEI>"


def written(folder: Path, content: str | bytes, name: str = "x.xml") -> Path:
    path = folder / name
    data = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


def only(folder: Path, content: str | bytes, name: str = "x.xml") -> Document:
    (document,) = read(written(folder, content, name))
    return document


def text_of(folder: Path, body: str) -> str:
    document = only(folder, tei(body))
    assert document.given is None
    return document.text


def sentences(document: Document) -> Sequence[GivenSentence]:
    assert document.given is not None
    return document.given.sentences


def forms(document: Document) -> list[list[str]]:
    return [[document.text[start:end] for start, end in each.spans] for each in sentences(document)]


def failure(path: Path, **options: str) -> str:
    with pytest.raises(SourceError) as caught:
        list(read(path, encoding=options.get("encoding", "utf-8")))
    return str(caught.value).removeprefix(path.as_posix())


class TestDocuments:
    @pytest.mark.parametrize("name", ["x.xml", "x.tei", "x.xml.gz", "X.TEI.gz"])
    @pytest.mark.parametrize("attributes", [NAMESPACE, "", ' xmlns:x="y" n="1"'])
    def test_document(self, tmp_path: Path, name: str, attributes: str) -> None:
        """A file is a document, called by the file, with or without the namespace."""
        path = (tmp_path / name).as_posix()
        expected = Document(name.removesuffix(".gz"), "Dear Ann,", {}, name[0], path)
        assert only(tmp_path, tei("<p>Dear Ann,</p>", attributes=attributes), name) == expected

    def test_prefix(self, tmp_path: Path) -> None:
        """Elements may have a prefix."""
        content = '<t:TEI xmlns:t="http://www.tei-c.org/ns/1.0"><t:text><t:body><t:p>a</t:p></t:body></t:text></t:TEI>'
        assert only(tmp_path, content).text == "a"

    def test_header(self, tmp_path: Path) -> None:
        """Title, author and date of the source come from the header."""
        header = (
            "<fileDesc><titleStmt><title>Letters \n <hi>home</hi></title><title>Second</title>"
            "<author><name>Ann</name> Lee</author><author>Ben Roe</author></titleStmt>"
            '<publicationStmt><date when="2001"/></publicationStmt>'
            '<sourceDesc><bibl><author>Nobody</author><title>Source</title><date when="1912-05-01">May</date></bibl>'
            "</sourceDesc></fileDesc>"
        )
        document = only(tmp_path, tei("", header=header, attributes=f'{NAMESPACE} xml:id="l1"'))
        assert (document.document_id, document.title) == ("l1", "Letters home")
        assert document.metadata == {"author": "Ann Lee; Ben Roe", "date": "1912-05-01", "year": 1912}

    @pytest.mark.parametrize(
        ("header", "metadata"),
        [
            ('<publicationStmt><date when="2001-02"/></publicationStmt>', {"date": "2001-02", "year": 2001}),
            ("<publicationStmt><date>1912</date></publicationStmt>", {"date": "1912", "year": 1912}),
            ("<publicationStmt><date>in May</date></publicationStmt>", {}),
            ('<creation><date notBefore="-0044" notAfter="0014"/></creation>', {"date": "-0044", "year": -44}),
            ('<creation><date from="1850">x</date><date when="1"/></creation>', {"date": "1850", "year": 1850}),
            ('<revisionDesc><change><date when="2020"/></change></revisionDesc>', {}),
            ("<sourceDesc><bibl><author> Ann </author><author/></bibl></sourceDesc>", {"author": "Ann"}),
        ],
    )
    def test_dates_and_authors(self, tmp_path: Path, header: str, metadata: dict[str, str | int]) -> None:
        """A date is kept as written, and its year as a number; the author of the source will do."""
        assert only(tmp_path, tei("", header=header)).metadata == metadata

    def test_corpus(self, tmp_path: Path) -> None:
        """Each TEI of a corpus is a document, called by its id, or by the file and its line."""
        one = tei("<p>a</p>", header="<fileDesc><titleStmt><title>A</title></titleStmt></fileDesc>", attributes="")
        two = tei("<p>b</p>", attributes=' xml:id="b"')
        content = f"<teiCorpus{NAMESPACE}>\n<teiHeader><title>All</title></teiHeader>\n{one}\n{two}\n</teiCorpus>"
        first, second = read(written(tmp_path, content))
        uri = (tmp_path / "x.xml").as_posix()
        assert first == Document("x.xml#3", "a", {}, "A", f"{uri}#3")
        assert second == Document("b", "b", {}, "", f"{uri}#4")

    def test_corpus_without_documents(self, tmp_path: Path) -> None:
        """A corpus that only names its files has no document."""
        assert list(read(written(tmp_path, "<teiCorpus><teiHeader/></teiCorpus>"))) == []

    def test_front_and_back(self, tmp_path: Path) -> None:
        """Front and back matter are text; facsimiles and notes apart from it are not."""
        content = (
            "<TEI><facsimile><desc>no</desc></facsimile><standOff><note>no</note></standOff>"
            "<text><front><titlePage><docTitle>T</docTitle></titlePage></front><body><p>a</p></body>"
            "<back><p>b</p></back></text></TEI>"
        )
        assert only(tmp_path, content).text == "T\n\na\n\nb"


class TestText:
    def test_blocks(self, tmp_path: Path) -> None:
        """Paragraphs and heads are parted by an empty line, verses by a line end, and white space is one blank."""
        body = (
            "<div><head>A  title</head>\n<p>One <hi>wo</hi>rd,\n\t two.\n</p><lg><l>Roses</l>\n<l>are red</l></lg>"
            "<list><item>x</item> <item>y</item></list></div>"
        )
        assert text_of(tmp_path, body) == "A title\n\nOne word, two.\n\nRoses\nare red\n\nx\n\ny"

    def test_breaks(self, tmp_path: Path) -> None:
        """A break of line or page is a blank, and joins what it stands between if it says so."""
        body = (
            '<p>one<lb/>two <pb n="2"/> three<lb/>\n<cb/>fo <lb break="no"/> ur'
            ' fi<pb break="no"/>\n<lb break="no"/>\nve</p>'
        )
        assert text_of(tmp_path, body) == "one two three four five"

    @pytest.mark.parametrize("hyphen", ["", "-", "\u00ad", "\u2010", "\u2e17", "\u00ac", "-\n  "])
    def test_hyphens_at_breaks(self, tmp_path: Path, hyphen: str) -> None:
        """A break that parts no word takes the hyphen before it along, in a token, too, and no other break does."""
        broken = f'{hyphen}<pb break="no"/>\n<lb break="no"/>'
        assert text_of(tmp_path, f"<p>a <hi>riv{broken}</hi>er</p>") == "a river"
        assert forms(only(tmp_path, tei(f"<s><w>riv{broken}er</w></s>"))) == [["river"]]

    def test_hyphens_that_stay(self, tmp_path: Path) -> None:
        """A hyphen stays at a break that parts words, behind a number, and where a line ends without one."""
        body = '<p>well-<lb/>known 1912-<lb break="no"/>14 a-<lb break="no"/></p><p><lb break="no"/>b - c</p>'
        assert text_of(tmp_path, body) == "well- known 1912-14 a\n\nb - c"
        assert text_of(tmp_path, '<p>x-</p><lb break="no"/><p>y</p>') == "x-\n\ny"

    def test_left_out(self, tmp_path: Path) -> None:
        """Notes, running heads and deletions are no text, with all that is in them."""
        body = (
            "<p>one<note><p>no <hi>no</hi></p></note>, <fw>no</fw>two <subst><del>no</del><add>three</add></subst></p>"
        )
        assert text_of(tmp_path, body) == "one, two three"

    @pytest.mark.parametrize(
        "reading",
        [
            "<choice><orig>olde</orig><reg>old</reg></choice>",
            "<choice>\n <corr>old</corr>\n <sic>odl</sic>\n</choice>",
            "<choice><abbr>o.</abbr><expan>o<ex>ld</ex></expan></choice>",
            "<choice><unclear>old</unclear><unclear>odd</unclear></choice>",
            "<choice><orig><choice><reg>x</reg></choice></orig><reg><choice><sic>x</sic><corr>old</corr></choice></reg></choice>",
            "<app><lem>old</lem><rdg>new</rdg></app>",
            "<app><note>x</note><rdg>old</rdg><rdg>new</rdg></app>",
        ],
    )
    def test_choices(self, tmp_path: Path, reading: str) -> None:
        """Of two readings one is taken: the regularised, the corrected, the expanded, or the first."""
        assert text_of(tmp_path, f"<p>an {reading} bank</p>") == "an old bank"

    def test_entities(self, tmp_path: Path) -> None:
        """Characters may be named as XML has it, and as HTML has it under a document type that is elsewhere."""
        assert text_of(tmp_path, "<p>Q&amp;A &#233; <![CDATA[<b>]]></p>") == "Q&A é <b>"
        content = f'<!DOCTYPE TEI SYSTEM "tei.dtd">{tei("<p>caf&eacute; &mdash; x</p>")}'
        assert only(tmp_path, content).text == "café — x"

    @given(st.text(st.sampled_from("ab. \n<>&"), max_size=30))
    def test_text_of_a_paragraph(self, tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
        """The text of a paragraph is what is written, with blanks for white space."""
        escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        assert text_of(tmp_path_factory.getbasetemp(), f"<p>{escaped}</p>") == " ".join(text.split())


class TestTokens:
    def test_everything(self, tmp_path: Path) -> None:
        """Words and marks are the tokens, with lemma and tag; sentences have names; join parts them or not."""
        body = (
            '<p>\n<s xml:id="s1">\n<w lemma="bank" pos="NNS">Banks</w>\n'
            '<w lemma="lend" pos="VBD" join="right">lent</w>\n<pc pos="PUN">,</pc>\n</s>\n'
            '<s n="2"><w>he</w>\n<w>said</w><pc join="left">.</pc></s></p>\n<p><s><w>So</w></s></p>'
        )
        document = only(tmp_path, tei(body))
        assert document.text == "Banks lent, he said.\n\nSo"
        assert document.given is not None
        assert (document.given.is_whole, document.given.has_sentences) == (True, True)
        first, second, third = sentences(document)
        assert (first.start, first.end, first.name) == (0, 11, "s1")
        assert first.spans.tolist() == [[0, 5], [6, 10], [10, 11]]
        assert (first.lemmas, first.tags, first.lines) == (["bank", "lend", ""], ["NNS", "VBD", "PUN"], [3, 4, 5])
        assert (second.name, second.start, second.end) == ("2", 12, 20)
        assert (third.name, third.start, third.end) == ("", 22, 24)

    @pytest.mark.parametrize(
        ("words", "text"),
        [
            ("<w>a</w><w>b</w><pc>.</pc>", "a b ."),
            ("<w>a</w> <w>b</w><pc>.</pc>", "a b."),
            ("<w>a </w><w>b</w><pc>.</pc>", "a b."),
            ("<w>a</w><c> </c><w>b</w><pc>.</pc>", "a b."),
            ('<w>a</w><w join="right">b</w><pc>.</pc>', "a b."),
            ('<w>a</w> <w>b</w> <pc join="left">.</pc>', "a b."),
            ('<w>a</w> <pc join="both">-</pc> <w>b</w> <w>c</w>', "a-b c"),
            ('<w>a</w><w join="right">b</w>(<w>c</w><w>d</w>', "a b(c d"),
            ("<w>a</w>\n<lb/>\n<w>b</w>", "a b"),
            ("<w>a<lb/>\n b</w><w>c <pb/>d</w>", "ab cd"),
            ("<w>New \n York</w> <w/> <w>x</w>", "New York x"),
            ("<w>a<note>no</note></w> <w><choice><sic>x</sic><corr>b</corr></choice></w>", "a b"),
        ],
    )
    def test_spaces(self, tmp_path: Path, words: str, text: str) -> None:
        """Tokens are parted by white space, or by a blank where nothing parts any, unless they are joined."""
        assert only(tmp_path, tei(f"<p><s>{words}</s></p>")).text == text

    def test_sentences_are_parted(self, tmp_path: Path) -> None:
        """A blank stands between two sentences, though there is none in the file."""
        document = only(tmp_path, tei("<p><s><w>a</w> <pc>.</pc></s><s><w>b</w></s></p>"))
        assert document.text == "a . b"
        assert text_of(tmp_path, "<p><s>A.</s><s>B.</s></p>") == "A. B."

    def test_layout_decides_once(self, tmp_path: Path) -> None:
        """What white space means in one sentence it means in the next."""
        assert only(tmp_path, tei("<s><w>a</w> <w>b</w></s><s><w>c</w><pc>.</pc></s>")).text == "a b c."
        assert only(tmp_path, tei('<s><w>a</w><pc join="left">.</pc></s> <s><w>b</w><w>c</w></s>')).text == "a. b c"

    @pytest.mark.parametrize(
        ("attributes", "tag"),
        [
            ('pos="A" msd="B"', "A"),
            ('msd="UPosTag=NOUN|Case=Nom" ana="#x"', "NOUN"),
            ('msd="Ncms"', "Ncms"),
            ('ana="#N1" type="w"', "N1"),
            ('type="N"', "N"),
            ("", ""),
        ],
    )
    def test_tags(self, tmp_path: Path, attributes: str, tag: str) -> None:
        """The tag is in pos, msd, ana or type."""
        assert sentences(only(tmp_path, tei(f"<w {attributes}>a</w>")))[0].tags == [tag]

    def test_txm(self, tmp_path: Path) -> None:
        """In TXM's files elements in a word say its lemma and its tag, and attributes of the text are metadata."""
        word = '<w id="{n}" type="w"><txm:form>{form}</txm:form>{said}</w>'
        said = (
            '<txm:ana resp="#src" type="#n">1</txm:ana><txm:ana type="#frpos">{tag}</txm:ana>\n'
            '<txm:ana type="#frlemma">{lemma}</txm:ana>'
        )
        words = "\n".join(
            word.format(n=n, form=form, said=said.format(tag=tag, lemma=lemma))
            for n, (form, tag, lemma) in enumerate(
                [("Les", "DET:ART", "le"), ("ressorts", "NOM", "ressort"), ("Zab", "NAM", "&lt;unknown&gt;")]
            )
        )
        attributes = f'{NAMESPACE} xmlns:txm="http://textometrie.org/1.0"'
        text = f'<text id="t1" annee="1850" auteur="Sand" xml:lang="fr"><p><s n="1">{words}</s></p></text>'
        header = "<teiHeader><fileDesc><titleStmt><title>Lettres</title></titleStmt></fileDesc></teiHeader>"
        document = only(tmp_path, f"<TEI{attributes}>{header}{text}</TEI>")
        assert (document.text, document.title) == ("Les ressorts Zab", "Lettres")
        assert document.metadata == {"annee": 1850, "auteur": "Sand"}
        assert sentences(document)[0].lemmas == ["le", "ressort", ""]
        assert sentences(document)[0].tags == ["DET:ART", "NOM", "NAM"]

    def test_text_of_no_txm(self, tmp_path: Path) -> None:
        """Attributes of a text that is not TXM's are no metadata, and what stands in ``ana`` is never text."""
        body = '<p><s><w>a</w> <ana type="#pos">N</ana><w>b</w></s></p>'
        document = only(tmp_path, f'<TEI><text type="novel">{body}</text></TEI>')
        assert (document.text, document.metadata, sentences(document)[0].tags) == ("a b", {}, ["", ""])

    def test_words_in_words(self, tmp_path: Path) -> None:
        """A token with tokens inside is one, and has their lemmas and tags where it has none of its own."""
        body = (
            '<s><w>im<w norm="in" lemma="in" pos="ADP"/><w norm="dem" lemma="der"/></w>'
            ' <w lemma="x">y<w lemma="z"/></w></s>'
        )
        document = only(tmp_path, tei(body))
        assert forms(document) == [["im", "y"]]
        assert (sentences(document)[0].lemmas, sentences(document)[0].tags) == (["in+der", "x"], ["ADP+_", ""])

    def test_blocks_in_words(self, tmp_path: Path) -> None:
        """What cannot be in a token, and is, does not part it."""
        assert forms(only(tmp_path, tei("<s><w>a<p>b</p><s>c</s><l>d</l></w> <w>e</w></s>"))) == [["abcd", "e"]]

    def test_without_sentences(self, tmp_path: Path) -> None:
        """Without sentences the paragraphs are the stretches that have tokens."""
        document = only(tmp_path, tei("<p><w>a</w> <w>b</w></p><p><w>c</w></p>"))
        assert document.given is not None
        assert (document.given.is_whole, document.given.has_sentences) == (True, False)
        assert forms(document) == [["a", "b"], ["c"]]

    def test_text_outside_of_tokens(self, tmp_path: Path) -> None:
        """Text that is in no token is kept, and the document is said not to be cut as a whole."""
        document = only(tmp_path, tei('<head>A title</head><s n="1">(<w>a</w>, <w>b</w>!</s> <s>No token.</s>'))
        assert document.text == "A title\n\n(a, b! No token."
        assert document.given is not None
        assert (document.given.is_whole, document.given.has_sentences) == (False, True)
        (found,) = sentences(document)
        assert (found.name, found.start, found.end) == ("1", 9, 15)
        assert forms(document) == [["a", "b"]]

    @given(
        st.lists(
            st.lists(st.tuples(st.text("ab<&é", min_size=1, max_size=4), st.booleans()), min_size=1, max_size=4),
            max_size=4,
        )
    )
    def test_tokens_come_back(
        self, tmp_path_factory: pytest.TempPathFactory, said: list[list[tuple[str, bool]]]
    ) -> None:
        """Whatever the tokens are, their forms come back, joined or not."""
        body = ""
        for one in said:
            words = [
                f"<w{' join=' * joined}{chr(34) * joined}{'right' * joined}{chr(34) * joined}>"
                f"{form.replace('&', '&amp;').replace('<', '&lt;')}</w>"
                for form, joined in one
            ]
            body += f"<s>{''.join(words)}</s>"
        document = only(tmp_path_factory.getbasetemp(), tei(body))
        assert (forms(document) if said else document.given) == ([[form for form, _ in one] for one in said] or None)


class TestErrors:
    def test_not_well_formed(self, tmp_path: Path) -> None:
        """XML that is not well-formed is told with its line, and ends the file; what came before it is read."""
        path = written(
            tmp_path, f"<teiCorpus>\n{tei('<p>a</p>')}\n<TEI><text>\n<p>b</text></TEI>{tei('c')}</teiCorpus>"
        )
        documents = iter(read(path))
        assert failure(path) == ", line 4: it is not well-formed XML (mismatched tag)."
        errors: list[SourceError] = []
        assert [each.text for each in read(path, skip_bad=True, on_skip=errors.append)] == ["a"]
        assert [error.line for error in errors] == [4]
        assert next(documents).text == "a"

    @pytest.mark.parametrize(
        ("content", "line", "why"),
        [("", 1, "no element found"), ("<TEI>\n<text>", 2, "no element found"), ("<TEI>\n\x01", 2, "not well-formed")],
    )
    def test_cut_short(self, tmp_path: Path, content: str, line: int, why: str) -> None:
        """A file that ends too early, or has a character that XML has not, is not well-formed."""
        assert failure(written(tmp_path, content)).startswith(f", line {line}: it is not well-formed XML ({why}")

    def test_no_tei(self, tmp_path: Path) -> None:
        """XML that is no TEI is told, with what to do with a dictionary."""
        assert failure(written(tmp_path, "<?xml version='1.0'?>\n<lexicon><entry/></lexicon>")) == (
            ", line 2: its root is <lexicon>, and that of a TEI file is <TEI> or <teiCorpus>."
            " A dictionary is read by: ctxsearch senses import INDEX FILE."
        )

    def test_entity_declarations(self, tmp_path: Path) -> None:
        """A file that declares entities is refused before any of them is put in."""
        bomb = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">\n' for n in range(1, 20))
        content = f'<!DOCTYPE TEI [\n<!ENTITY e0 "ha">\n{bomb}]>{tei("<p>&e19;</p>")}'
        assert failure(written(tmp_path, content)) == (
            ", line 2: it declares an entity, e0, and a file that does is not read."
            " Put the text in the place of its entities: xmllint --noent FILE."
        )

    def test_file_entities(self, tmp_path: Path) -> None:
        """Nothing is ever fetched from another file."""
        secret = written(tmp_path, "secret", "secret.txt")
        content = f'<!DOCTYPE TEI [<!ENTITY x SYSTEM "{secret.as_uri()}">]>{tei("<p>&x;</p>")}'
        assert "declares an entity, x," in failure(written(tmp_path, content))

    def test_unknown_entity(self, tmp_path: Path) -> None:
        """An entity that is declared nowhere is told with its line."""
        assert "undefined entity" in failure(written(tmp_path, tei("<p>&eacute;</p>")))
        content = f'<!DOCTYPE TEI SYSTEM "tei.dtd">\n{tei("<p>&hobgoblin;</p>")}'
        assert failure(written(tmp_path, content)) == ", line 2: the entity &hobgoblin; is declared nowhere in it."

    def test_bad_id(self, tmp_path: Path) -> None:
        """An id that cannot serve as one is told, and the next document is read."""
        path = written(
            tmp_path, f"<teiCorpus>\n{tei('a', attributes=' xml:id=' + repr('x' * 1001))}{tei('b')}</teiCorpus>"
        )
        errors: list[SourceError] = []
        assert [each.text for each in read(path, skip_bad=True, on_skip=errors.append)] == ["b"]
        assert (errors[0].line, "1,001 characters" in errors[0].why) == (2, True)

    def test_depth(self, tmp_path: Path) -> None:
        """Elements that stand in one another without end are told with the line; a thousand are read."""
        deep = "<hi>" * 990 + "a" + "</hi>" * 990
        assert only(tmp_path, tei(f"<p>{deep}</p>")).text == "a"
        assert failure(written(tmp_path, tei("<p>" + "<hi>\n" * 5_000))).endswith(
            ": its elements stand in one another more than 1,000 deep."
        )

    @pytest.mark.parametrize(
        "body",
        [
            "<w>a</w>" * 50_000,
            "<p><w>a</w></p>" * 20_000,
            "ab<lb/>" * 50_000,
            "ab<hi/>" * 50_000,
            "<w>" + "ab<hi/>" * 50_000 + "</w>",
        ],
    )
    def test_what_is_kept_is_bounded(self, tmp_path: Path, body: str) -> None:
        """Tokens, sentences and pieces of text count for more than their characters: they take more memory."""
        path = written(tmp_path, tei(body))
        tracemalloc.start()
        try:
            with pytest.raises(SourceError, match="more than 100,000 characters"):
                list(Corpus([path], Options(max_record_chars=100_000)))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < 3_000_000

    def test_words_in_a_word(self, tmp_path: Path) -> None:
        """Of the words in a token no more than a few are kept."""
        path = written(tmp_path, tei("<w>a" + "<w lemma='b'/>" * 50_000 + "</w>"))
        tracemalloc.start()
        try:
            (document,) = read(path)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert document.given is not None
        assert document.given.sentences[0].lemmas == ["+".join("b" * 32)]
        assert peak < 3_000_000

    def test_limit(self, tmp_path: Path) -> None:
        """A document over the limit is left out, and its text is let go of."""
        body = "<p>" + "x <hi>y</hi>" * 100_000 + "</p>"
        path = written(tmp_path, f"<teiCorpus>\n{tei(body)}\n{tei('<p>a</p>')}</teiCorpus>")
        errors: list[SourceError] = []
        tracemalloc.start()
        try:
            corpus = Corpus([path], Options(max_record_chars=500), skip_bad=True, on_skip=errors.append)
            assert [each.text for each in corpus] == ["a"]
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert [error.line for error in errors] == [2]
        assert peak < 2_000_000


class TestEncoding:
    @pytest.mark.parametrize("encoding", ["utf-8", "ISO-8859-1", "utf-16", "cp1252", "koi8-r"])
    def test_declared(self, tmp_path: Path, encoding: str) -> None:
        """A file is read in the encoding that it declares."""
        word = "банк" if encoding == "koi8-r" else "café"
        content = f'<?xml version="1.0" encoding="{encoding}"?>\r\n{tei(f"<p>{word}</p>")}'
        assert only(tmp_path, content.encode(encoding)).text == word

    def test_byte_order_mark(self, tmp_path: Path) -> None:
        """A byte order mark goes before any declaration but that of UTF-16."""
        content = f'\ufeff<?xml version="1.0" encoding="UTF-16"?>{tei("<p>café</p>")}'
        assert only(tmp_path, content).text == "café"
        assert only(tmp_path, content.encode("utf-16-be")).text == "café"

    def test_named(self, tmp_path: Path) -> None:
        """The encoding that is asked for goes before the one that is declared."""
        path = written(tmp_path, f'<?xml version="1.0" encoding="UTF-8"?>{tei("<p>café</p>")}'.encode("latin-1"))
        (document,) = read(path, encoding="latin-1")
        assert document.text == "café"

    def test_bad_byte(self, tmp_path: Path) -> None:
        """A byte that is not in the encoding is told with its line and offset."""
        content = f"<teiCorpus>\n{tei('<p>a</p>')}\n{tei('<p>caf|</p>')}</teiCorpus>".encode().replace(b"|", b"\xe9")
        assert failure(written(tmp_path, content)) == (
            f", line 3: byte 0xe9 at offset {content.index(0xE9)} is not utf-8. Read it in a run of its own"
            ' with `encoding="cp1252"`, for instance; of a folder, `glob=` chooses it.'
        )

    def test_unknown(self, tmp_path: Path) -> None:
        """A declared encoding that is none is told."""
        content = f'<?xml version="1.0" encoding="utf-9"?>{tei("")}'
        assert failure(written(tmp_path, content)).startswith(": it declares the encoding 'utf-9', which is none. Use")

    def test_damaged_gzip(self, tmp_path: Path) -> None:
        """A damaged gzip file is told."""
        path = written(tmp_path, tei("a"), "x.xml.gz")
        path.write_bytes(path.read_bytes()[:-9])
        assert "not a whole gzip file" in failure(path)


class TestMemory:
    def test_document_at_a_time(self, tmp_path: Path) -> None:
        """Memory holds a document at a time, however many there are."""
        body = "<p>" + "<s><w>word</w> <w>word</w></s>" * 50 + "</p>"
        path = written(tmp_path, f"<teiCorpus>{tei(body) * 300}</teiCorpus>")
        tracemalloc.start()
        try:
            assert sum(1 for _ in read(path)) == 300
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < 2_500_000
