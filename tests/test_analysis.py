"""Segments tile their text, tokens are the words a reader sees, and lemmas are keys that a reader would look under."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import NoReturn

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctxsearch.analysis import MAX_SEGMENT_CHARS, Analyser, check_code, normal_form
from ctxsearch.analysis.words import WordPatterns

ENGLISH = Analyser("en")
WITH_MARKS = Analyser("en", punctuation=True)
FRENCH = Analyser("fr")
WITHOUT_LEMMAS = Analyser("tlh")

# Characters that have broken tokenizers, thrown together with ordinary words.
STRANGE = [
    *" \t\n\r\0\x1c\x85\u00a0\u2028\u3000",
    *"\u200b\u200c\u200d\u00ad\u2060\ufeff\u202e\u0301\u20e3\ufe0f\ud800\udfff\U000e0100",
    *"a\u00c9\u00df\u0130\u0131\u03a3\u03c2\u01c5\ufb03\u0345\u115f\u3164\u2163\u00bd\u00b2\u0661\u0967",
    *"\u6f22\u3005\u3007\u3072\u30fc\u30ab\uff9e\ud55c\u0e44\u0e17\u0e22\u103a\u1019\u0e31\u05d0\u0628\u0646",
    *".,:;!?-'\u2019\u02bc&@/%$()\"\u201c\u201d\u3002_\u2010\u2011\U0001f600",
    *[
        "http://",
        "www.",
        "'s",
        "n't",
        "l'",
        "U.S.",
        "Dr. ",
        "bank",
        "1,2",
        "\r\n",
        "\r\n\r\n",
        "\U0001f468\u200d\U0001f469\u200d\U0001f467",
        "e\u0301",
        "a@b.c",
    ],
]
strange_texts = st.lists(st.one_of(st.sampled_from(STRANGE), st.characters(codec=None)), max_size=60).map("".join)
analysers = st.sampled_from([ENGLISH, WITH_MARKS, FRENCH, WITHOUT_LEMMAS])


_LONG_SENTENCE = "We rowed to the bank of the river, " + "and to the other, " * 20 + "and home."


# Of the processor, so that a busy machine makes no difference: the work takes three at most, quadratic time minutes.
_FOR_EVER_SECONDS = 60


@contextmanager
def comes_to_an_end() -> Iterator[None]:
    """Breaks off what is done inside, if it takes for ever."""

    def break_off(*_: object) -> NoReturn:
        raise AssertionError("it does not come to an end")

    before = signal.signal(signal.SIGPROF, break_off)
    signal.setitimer(signal.ITIMER_PROF, _FOR_EVER_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def forms(text: str, language: str = "en", *, punctuation: bool = False) -> list[str]:
    analyser = Analyser(language, punctuation=punctuation)
    return [form for segment in analyser.segments(text, lemmas=False) for form in segment.forms]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The well-known mother-in-law is twenty\u2011one.", "The well-known mother-in-law is twenty\u2011one"),
        ("He rowed--slowly - home\u2014pre- and post-war -x", "He rowed slowly home pre and post-war x"),
        ("Don't: it's O'Brien's rock'n'roll o\u2019clock", "Don't it 's O'Brien 's rock'n'roll o\u2019clock"),
        ("the bank's, banks' I'm we'll I'd've 'tis", "the bank 's banks I 'm we 'll I 'd 've 'tis"),
        ("an 'em-dash' of 'twill'", "an em-dash of twill"),
        ("'Twas 'em; 'tissue' x'tis \u2019tis. 'tisn't (\u2018em)", "'Twas 'em tissue x'tis \u2019tis tisn't em"),
        ("THE BANK\u2019S", "THE BANK \u2019S"),
        ("1,234.56 3.5. 10:30, 2024-01-05 1/2 $5 50%", "1,234.56 3.5 10:30 2024-01-05 1/2 5 50"),
        ("the 1990s, 2nd 5kg COVID-19", "the 1990s 2nd 5kg COVID-19"),
        ("the U.S. at 5 a.m. e.g. Dr. Who, J.R.R. Tolkien", "the U.S. at 5 a.m. e.g. Dr Who J.R.R. Tolkien"),
        ("AT&T and R&D, salt & pepper", "AT&T and R&D salt pepper"),
        ("(see https://a.org/b?c=D!E#f-g_h).", "see https://a.org/b?c=D!E#f-g_h"),
        ("www.bank.example, WWW.X.ORG! http://", "www.bank.example WWW.X.ORG http"),
        ("mail a.b+c@mail.example.org. not@all", "mail a.b+c@mail.example.org not all"),
        ("\u0301a e\u0301t\u00e9 a\u200bb co\u00adop x\u00ad \U0001f600 _it_", "a e\u0301t\u00e9 a b co\u00adop x it"),
        ("漢字のテストとコーヒー。", "漢 字 の テスト と コーヒー"),
        ("한국어 단어 ภาษาไทย", "한국어 단어 ภาษาไทย"),
        ("\u0646\u0645\u06cc\u200c\u062f\u0627\u0646\u0645", "\u0646\u0645\u06cc\u200c\u062f\u0627\u0646\u0645"),
        ("bank\u00b9 a\ud800b c\0d", "bank a b c d"),
    ],
)
def test_tokens_are_words(text: str, expected: str) -> None:
    """A token is a word as a reader sees it."""
    assert forms(text) == expected.split(" ")


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("fr", "L'eau qu\u2019elle n'a, aujourd'hui prud'homme", "L' eau qu\u2019 elle n' a aujourd'hui prud'homme"),
        ("it", "dell'acqua, un'amica C'\u00e8", "dell' acqua un' amica C' \u00e8"),
        ("ca", "l'aigua d'aqu\u00ed", "l' aigua d' aqu\u00ed"),
        ("nl", "de foto's", "de foto's"),
        ("en-GB", "l'eau", "l'eau"),
        ("fr", "dit-il, A-t-elle", "dit -il A -t-elle"),
        ("fr", "DIT-IL allez-vous-en, donne\u2011le\u2011moi", "DIT -IL allez -vous -en donne \u2011le \u2011moi"),
        ("fr", "Rendez-vous, c'est-\u00e0-dire Villiers-le-Bel", "Rendez-vous c'est-\u00e0-dire Villiers-le-Bel"),
        ("fr", "cessez-le-feu, celui-l\u00e0, est-ce", "cessez-le-feu celui-l\u00e0 est -ce"),
        ("fr", "qu'en-dira-t-on, un chez-moi; que dira-t-on", "qu' en-dira-t-on un chez-moi que dira -t-on"),
        ("en", "dit-il", "dit-il"),
        ("he", 'צה"ל "שלום" ארה\u05f4ב ג\u05f3ורג', 'צה"ל שלום ארה\u05f4ב ג\u05f3ורג'),
        ("en", 'a"b', "a b"),
    ],
)
def test_elision_is_split_where_the_language_has_it(language: str, text: str, expected: str) -> None:
    """Elided words are split off in Catalan, French and Italian, clitics in English, and neither elsewhere."""
    assert forms(text, language) == expected.split()


def test_punctuation_on_request() -> None:
    """With punctuation=True each run of one mark is a token and its own lemma; the words stay the same."""
    assert forms("Well... $5?! co-op's", punctuation=True) == ["Well", "...", "$", "5", "?", "!", "co-op", "'s"]
    segment = next(WITH_MARKS.segments("Oh!!"))
    assert list(segment.lemmas) == ["oh", "!!"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("They rowed.  The bank!\n", ["They rowed.", "  The bank!\n"]),
        ("A title\r\n\r\n \r\nThe text.", ["A title", "\r\n\r\n \r\nThe text."]),
        (" \n One.", [" \n One."]),
        (" \n\n ", [" \n\n "]),
        ("", []),
        ("Dr. Smith came. He left.", ["Dr. Smith came.", " He left."]),
        ("\U0001f600 yes. No\ud800. E\u0301t. Q", ["\U0001f600 yes.", " No\ud800.", " E\u0301t.", " Q"]),
        ("See http://a.b/c?d=E!F. Next.", ["See http://a.b/c?d=E!F.", " Next."]),
        ("日本語です。次の文。", ["日本語です。", "次の文。"]),
        # An apostrophe that begins a word is no quotation mark that closes.
        ("He left. 'Tis strange. He knew.", ["He left.", " 'Tis strange.", " He knew."]),
        ("He left. \u2019Tis so. Go.", ["He left.", " \u2019Tis so.", " Go."]),
        ("He said 'go.' Then he left. 'Twas so.", ["He said 'go.'", " Then he left.", " 'Twas so."]),
        # A mark without a partner joins nothing: an inch sign, a speech that goes on in the next paragraph.
        (
            'The bank was 5" wide. It fell. It was 6" long. So it was.',
            ['The bank was 5" wide.', " It fell.", ' It was 6" long.', " So it was."],
        ),
        (
            '"We rowed. We sang.\n\n"We slept. We woke." He smiled.',
            ['"We rowed.', " We sang.", '\n\n"We slept. We woke."', " He smiled."],
        ),
        (
            'He said, "We rowed. We sang." Then " he left. She went.',
            ['He said, "We rowed. We sang."', ' Then " he left.', " She went."],
        ),
        # Marks that open behind a dash, a colon or a Chinese character have their partners.
        *(
            (f'{before}"Stop. Go now!" And left.', [f'{before}"Stop. Go now!"', " And left."])
            for before in ("He cried\u2014", "He cried--", "He said:", "<b>", "l'")
        ),
        (
            '\u4ed6\u8bf4"\u4f60\u597d\u3002\u6211\u8d70\u4e86\u3002"\u7136\u540e\u4ed6\u8d70\u4e86\u3002',
            ['\u4ed6\u8bf4"\u4f60\u597d\u3002\u6211\u8d70\u4e86\u3002"', "\u7136\u540e\u4ed6\u8d70\u4e86\u3002"],
        ),
        ('He said "... and so. We left." Then he went.', ['He said "... and so. We left."', " Then he went."]),
        # What opens goes with what it opens.
        ('Foo came. "He went home.\n\nThen we left.', ["Foo came.", ' "He went home.', "\n\nThen we left."]),
        (
            f'({_LONG_SENTENCE} "No," he said. "I go." She left. "Why?" she asked.)',
            [f"({_LONG_SENTENCE}", ' "No," he said.', ' "I go."', " She left.", ' "Why?"', " she asked.)"],
        ),
        # What is long is cut within its quotation, which keeps what closes it.
        (
            f'He said, "{_LONG_SENTENCE} We sang." Then he left.',
            [f'He said, "{_LONG_SENTENCE}', ' We sang."', " Then he left."],
        ),
        (
            f"They rowed ({_LONG_SENTENCE} We sang.) Then we left.",
            [f"They rowed ({_LONG_SENTENCE}", " We sang.)", " Then we left."],
        ),
    ],
)
def test_segments_are_sentences(text: str, expected: list[str]) -> None:
    """A segment is a sentence, with the white space before it; at the very end also the white space after it."""
    assert [segment.text for segment in ENGLISH.segments(text)] == expected


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("de", "Das war im 19. Jahrhundert. Es begann.", ["Das war im 19. Jahrhundert.", " Es begann."]),
        ("de", "Am 3. Mai fror es. Er war 19. Dann kam er.", ["Am 3. Mai fror es.", " Er war 19.", " Dann kam er."]),
        ("de", "Es war 1914. Krieg begann.", ["Es war 1914.", " Krieg begann."]),
        ("de", "Kapitel 3.\nKrieg begann.", ["Kapitel 3.", "\nKrieg begann."]),
        ("en", "He was 19. Then he left.", ["He was 19.", " Then he left."]),
        ("fr", "Il vint. M. Dupont partit.", ["Il vint.", " M. Dupont partit."]),
        ("fr", "Il y en a 19. Alors il partit.", ["Il y en a 19.", " Alors il partit."]),
        ("pl", "Miał 19. Potem poszedł.", ["Miał 19.", " Potem poszedł."]),
        ("pl", "To był 19. dzień. Poszedł.", ["To był 19. dzień.", " Poszedł."]),
        ("ru", "Хлеб, т. е. еду. Он ел.", ["Хлеб, т. е. еду.", " Он ел."]),
        ("ru", "Это был он. он ушёл.", ["Это был он.", " он ушёл."]),
    ],
)
def test_a_full_stop_that_ends_no_sentence(language: str, text: str, expected: list[str]) -> None:
    """Ordinals, titles and abbreviations have a full stop within a sentence; a paragraph ends one whatever it has."""
    assert [segment.text for segment in Analyser(language).segments(text, lemmas=False)] == expected


@pytest.mark.parametrize(
    ("lemma", "variants"),
    [
        ("bank", "bank Bank banks Banks BANKS"),
        ("run", "run Running running RAN"),
        ("turkey", "turkey Turkey TURKEY"),
        ("be", "is Is IS was were been am 'm 're \u2019re isn't Weren't WASN'T"),
        ("do", "do does did don't Don't don\u2019t DOESN'T didn't"),
        ("have", "have had haven't 've"),
        ("will", "won't 'll will"),
        ("can", "can can't cannot"),
        ("'s", "'s \u2019s 'S"),
        ("'d", "'d"),
        ("us", "US"),
        ("u.s.", "U.S."),
        ("we", "us Us"),
        ("aids", "AIDS"),
        ("i", "I i me"),
        ("a", "a A an An"),
        ("as", "as As"),
        ("ft", "FT ft"),
        ("well-known", "well-known Well-Known well\u2011known"),
        ("risk-taking", "risk-taking Risk-taking"),
        ("mother-in-law", "mothers-in-law mother-in-law"),
        ("1990s", "1990s"),
        ("12th", "12th"),
        ("american", "American Americans americans"),
        ("james", "James james"),
        ("play", "playing plays played"),
        ("think", "thinking thinks"),
        ("hope", "hoping hoped"),
        ("caf\u00e9", "caf\u00e9s cafe\u0301s CAFE\u0301S Caf\u00e9"),
        ("o'brien", "O'Brien O\u2019BRIEN"),
        ("https://a.org/b", "https://A.org/b"),
        ("cooperate", "co\u00adoperates Cooperated"),
    ],
)
def test_english_lemmas(lemma: str, variants: str) -> None:
    """A form is filed where a reader would look, whatever its capitals, apostrophes and accents are made of."""
    assert {form: ENGLISH.lemma(form) for form in variants.split()} == dict.fromkeys(variants.split(), lemma)


@pytest.mark.parametrize(
    ("language", "form", "lemma"),
    [
        ("de", "Häuser", "haus"),
        ("de", "HÄUSER", "haus"),
        ("de", "Banken", "bank"),
        ("de", "Strasse", "strasse"),
        ("de", "STRASSE", "strasse"),
        ("de", "Strassen", "strasse"),
        ("de", "Straßen", "strasse"),
        ("de", "Wasserstrassen", "wasserstrasse"),
        ("de", "Füsse", "fuss"),
        ("de", "FUSS", "fuss"),
        ("de", "Masse", "masse"),
        ("fr", "M", "m"),
        ("fr", "a", "avoir"),
        ("el", "η", "ο"),
        ("nl", "t", "het"),
        ("ru", "т", "т"),
        ("ru", "замо\u0301к", "замок"),
        ("tr", "Işıklar", "ışık"),
        ("tr", "IŞIK", "ışık"),
        ("tr", "SINIR", "sınır"),
        ("tr", "SİNİR", "sinir"),
        ("tr", "I\u0307yi", "iyi"),
        ("tr", "İstanbul", "istanbul"),
        ("az", "QIZ", "qız"),
        ("en", "ſaid", "say"),
        ("en", "oﬃces", "office"),
        ("en", "ﬂed", "flee"),
        ("en", "Tis", "tis"),
        ("en", "'Tis", "'tis"),
        ("en", "\u2019em", "they"),
        ("en", "This", "this"),
        ("de", "Waren", "ware"),
        ("de", "waren", "sein"),
        ("de", "Straßenbahnen", "strassenbahn"),
        ("fr", "Chevaux", "cheval"),
        ("fr", "qu\u2019", "que"),
        ("fr", "-t-il", "lui"),
        ("fr", "\u2011TOI", "toi"),
        ("fr", "aujourd'hui", "aujourd'hui"),
    ],
)
def test_lemmas_of_other_languages(language: str, form: str, lemma: str) -> None:
    """Capitals tell nouns from verbs in German only."""
    assert Analyser(language).lemma(form) == lemma


def test_language_without_dictionary() -> None:
    """A language without a dictionary works; a form's lemma is its normal form."""
    assert ENGLISH.has_lemmas
    assert not WITHOUT_LEMMAS.has_lemmas
    assert WITHOUT_LEMMAS.lemma("Banks\u00ad") == "banks"


@pytest.mark.parametrize("code", ["en", "en-GB", "EN_us", "en-Latn-x-a1"])
def test_region_is_ignored(code: str) -> None:
    """The region or script of a language code makes no difference."""
    assert Analyser(code).language == "en"


def test_a_language_that_an_index_has_is_taken() -> None:
    """An index may have been made for a language by its name; a new one is not."""
    assert Analyser("german").language == "german"
    with pytest.raises(ValueError, match=r"'german' is not a language code"):
        check_code("german")


@pytest.mark.parametrize("letter", ["e", "\u0435", "i", "\u044f"])
def test_many_marks_take_linear_time(letter: str) -> None:
    """A letter with half a million marks is folded, where quadratic time would not come to an end."""
    with comes_to_an_end():
        normal_form(letter + "\u0308\u0301\u0307" * 165_000)


@pytest.mark.parametrize("code", ["", "e", "12", "en-", "en gb", "english language", "../en", "\u00e9n", "en\n"])
def test_malformed_language_is_refused(code: str) -> None:
    """A malformed language code is refused in a sentence that says what to give."""
    with pytest.raises(ValueError, match=r"is not a language code; give one such as 'en'"):
        Analyser(code)


@given(analysers, strange_texts)
def test_segments_tile_the_text(analyser: Analyser, text: str) -> None:
    """Joined in order the segments are the text, and none is empty."""
    position = 0
    for segment in analyser.segments(text):
        assert segment.text
        assert segment.start == position
        position = segment.end
        assert text[segment.start : segment.end] == segment.text
    assert position == len(text)


@given(analysers, strange_texts)
def test_spans_slice_back_to_forms(analyser: Analyser, text: str) -> None:
    """Each span slices its segment to its form; spans increase, do not overlap, and lie inside the segment."""
    for segment in analyser.segments(text):
        assert segment.spans.dtype == np.int32
        assert segment.spans.shape == (len(segment.forms), 2)
        assert len(segment.lemmas) == len(segment.forms)
        spans = segment.spans.tolist()
        assert [segment.text[start:end] for start, end in spans] == list(segment.forms)
        assert all(0 <= start < end <= len(segment.text) for start, end in spans)
        assert all(before[1] <= after[0] for before, after in pairwise(spans))


@settings(max_examples=300)
@given(
    st.sampled_from(["en", "fr", "it", "ca", "nl"]),
    st.booleans(),
    st.text(st.one_of(st.sampled_from("aBsS1'.-,:/& ldqun"), st.characters(max_codepoint=127)), max_size=30),
)
def test_the_words_of_ascii_are_those_of_unicode(language: str, punctuation: bool, text: str) -> None:
    """In ASCII the faster pattern finds what the pattern for all of Unicode finds."""
    patterns = WordPatterns(language, punctuation=punctuation)
    assert patterns.ascii.split(text) == patterns.plain.split(text)


@given(analysers, strange_texts)
def test_white_space_leads(analyser: Analyser, text: str) -> None:
    """Only the last segment ends in white space, and only a text of nothing else gives a blank segment."""
    segments = list(analyser.segments(text))
    assert not any(segment.text[-1].isspace() for segment in segments[:-1])
    assert len(segments) <= 1 or all(segment.text.strip() for segment in segments)


@given(analysers, strange_texts)
def test_lemmas_are_normal_and_never_empty(analyser: Analyser, text: str) -> None:
    """A token's lemma is never empty and is in normal form, so looking it up again changes nothing."""
    for segment in analyser.segments(text):
        for form, lemma in zip(segment.forms, segment.lemmas, strict=True):
            assert lemma
            assert normal_form(lemma) == lemma
            assert analyser.lemma(form) == lemma


@given(strange_texts)
def test_lemma_is_idempotent_without_dictionary(text: str) -> None:
    """Without a dictionary the lemma of a lemma is that lemma, and the normal form of a normal form is itself."""
    assert normal_form(normal_form(text)) == normal_form(text)
    lemma = WITHOUT_LEMMAS.lemma(text)
    assert WITHOUT_LEMMAS.lemma(lemma) == lemma


@pytest.mark.parametrize(
    ("form", "normal"),
    [
        ("Ёлка", "елка"),
        ("е\u0308лка", "елка"),
        ("замка\u0301", "замка"),
        ("Ё\u0301Ж", "еж"),
        ("й\u0301", "й"),
        ("Ќе Ѓорѓи", "ќе ѓорѓи"),
        ("İstanbul", "istanbul"),
        ("café ë", "café ë"),
    ],
)
def test_what_some_leave_out_makes_no_other_word(form: str, normal: str) -> None:
    """The dots of yo and the stress are left out; marks that make another letter are not."""
    assert normal_form(form) == normal


def test_normal_form_is_idempotent_everywhere() -> None:
    """The normal form of every character is its own normal form, alone and with a mark after it."""
    for mark in ("", "\u0301", "\u0345", "\u0308\u0307", "\u0301\u0308\u0301"):
        forms = {text: normal_form(text) for text in (chr(code) + mark for code in range(0x20000))}
        # What is left as it is needs no second look.
        assert [text for text, form in forms.items() if form != text and normal_form(form) != form] == []


@given(st.text(st.characters(categories=["Ll"], max_codepoint=0x24F), min_size=2, max_size=12))
def test_initial_capital_makes_no_difference(word: str) -> None:
    """The capital at the start of a sentence does not change an English lemma."""
    assert ENGLISH.lemma(word.capitalize()) == ENGLISH.lemma(word.capitalize().lower())


@given(st.lists(st.sampled_from(["They rowed", "to the bank.", "Why?", "\u201cNo.\u201d", "Dr.", "1. x", "U.S."])))
def test_line_ends_make_no_difference(lines: list[str]) -> None:
    """The tokens are the same with CRLF and with LF between sentences."""
    assert forms("\r\n".join(lines)) == forms("\n".join(lines))
    assert forms("\r\n\r\n".join(lines)) == forms("\n\n".join(lines))


@settings(max_examples=15)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a", " ", "Word. ", "word ", "x\n", "漢", "a.", "\u0301", "\n\n"]),
            st.sampled_from([1, MAX_SEGMENT_CHARS - 1, MAX_SEGMENT_CHARS, MAX_SEGMENT_CHARS + 1, 140_000]),
        ),
        max_size=4,
    )
)
def test_segments_are_bounded(stretches: list[tuple[str, int]]) -> None:
    """No segment is longer than MAX_SEGMENT_CHARS, and long texts are tiled too."""
    text = "".join((unit * length)[:length] for unit, length in stretches)
    texts = [segment.text for segment in WITHOUT_LEMMAS.segments(text)]
    assert "".join(texts) == text
    assert all(0 < len(piece) <= MAX_SEGMENT_CHARS for piece in texts)


def test_long_sentence_is_cut_at_white_space() -> None:
    """A sentence over the limit is cut before the white space nearest to it, so no word is split."""
    text = "riverbank " * 10_000
    segments = list(ENGLISH.segments(text))
    assert len(segments) > 3
    assert {form for segment in segments for form in segment.forms} == {"riverbank"}
    assert all(len(segment.text) > MAX_SEGMENT_CHARS - 20 for segment in segments[:-1])


def test_sentences_do_not_depend_on_blocks() -> None:
    """A sentence that lies across the bound of two blocks is found whole."""
    text = "They rowed to the river bank. " * 20_000
    assert {segment.text.strip() for segment in ENGLISH.segments(text)} == {"They rowed to the river bank."}


@pytest.mark.parametrize(
    "unit", ["a", "a.", "a@", '"', '"\n\n', "\n ", ' "', "(", "a.b@", "http://", "!", "-'", "\u00ad", "漢"]
)
def test_line_without_white_space_takes_linear_time(unit: str) -> None:
    """A line of 600 kB without white space is analysed, where quadratic time would not come to an end."""
    text = (unit * 600_000)[:600_000]
    with comes_to_an_end():
        assert sum(len(segment.text) for segment in ENGLISH.segments(text)) == len(text)
