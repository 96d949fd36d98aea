"""Patterns of tokens find what a plain reading of them finds, whatever the corpus."""

from __future__ import annotations

import re
import tracemalloc
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from command_line import ctxsearch as command
from conftest import MakeIndex, WindowEncoder
from hypothesis import given, settings
from hypothesis import strategies as st
from treebank import tagged

from ctxsearch import ConcordanceLine, Document, Index
from ctxsearch.errors import QueryError, TagNotFound, WordNotFound
from ctxsearch.query.cql import parse_cql

SENTENCES = [
    "The/the/DET old/old/ADJ bank/bank/NOUN of/of/ADP the/the/DET river/river/NOUN was/be/AUX steep/steep/ADJ",
    "They/they/PRON bank/bank/VERB by/by/ADP the/the/DET River/River/PROPN Bank/Bank/PROPN ././PUNCT",
    "Banks/bank/NOUN lend/lend/VERB ,/,/PUNCT banks/bank/NOUN borrow/borrow/VERB",
]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    """A document a sentence, all tagged, and one that is not."""
    made = Index.create(tmp_path_factory.mktemp("cql") / "index", encoder=WindowEncoder())
    made.add(tagged(f"s{number}", [sentence], {"n": number}) for number, sentence in enumerate(SENTENCES))
    made.add([Document("plain", "The bank by the river. The bank, the bank!", {"n": 9})])
    return made


def nodes(index: Index, pattern: str, word: str | None = None) -> list[str]:
    return [f"{line.document_id} {line.node}" for line in index.concordance(word, cql=pattern)]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ('[lemma="bank" & pos="NOUN"] []{0,2} [lemma="river"]', ["s0 bank"]),
        ('[pos="ADJ"] @[lemma="bank"]', ["s0 bank"]),
        ('[pos="ADJ"] [lemma="bank"]', ["s0 old"]),
        ('"[Bb]anks"', ["s2 Banks", "s2 banks"]),
        ('"bank"', ["s0 bank", "s1 bank", "plain bank", "plain bank", "plain bank"]),
        ('"bank"%c [pos="VERB|ADP"]', ["s0 bank", "s1 bank"]),
        ('[lemma="bank" & !(pos="NOUN" | pos="")]', ["s1 bank", "s1 Bank"]),
        ('[lemma="bank" & pos!="NOUN"] []* "river"%c', ["s1 bank", "plain bank"]),
        ('@[lemma="bank"] []+ [lemma="bank"]', ["s1 bank", "s2 Banks", "plain bank"]),
        ('[lemma="bank"] [word!="lend" & word!="the" & word!="."]? [pos="PUNCT"]', ["s1 Bank"]),
        ('[pos="PROPN"]{2}', ["s1 River"]),
        ('[pos="PROPN"]+ @[word="."]', ["s1 ."]),
        ("[form='the'] [] [tag='AUX']", ["s0 the"]),
        ('"the" "bank" within <s/>', ["plain the"]),
        ('[lemma="BANK" & word="B.*"]', ["s1 Bank", "s2 Banks"]),
    ],
)
def test_patterns(index: Index, pattern: str, found: list[str]) -> None:
    """Each finds its nodes, in the order of the corpus."""
    assert nodes(index, pattern) == found
    assert index.count(None, cql=pattern) == len(found)


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ('"café"', 2),
        ('"cafe\u0301"', 2),
        ('"cafe\u0301|xx"', 2),
        ('"café|xx"', 2),
        ('"caf[e\u0301o]"', 2),
        ('"cafe\u0301?"', 3),
        ('[lemma="cafe\u0301|xx"]', 2),
        ('[lemma="rock\u2019n\u2019roll"]', 2),
        ('"\\w\\w\\we\u0301"', 2),
        ('"\\w\u0301.*"', 0),
    ],
)
def test_expressions_are_read_however_unicode_writes_them(make_index: MakeIndex, pattern: str, found: int) -> None:
    """A letter with its mark is one letter in an expression as it is in the corpus; one behind a backslash stays."""
    text = "A café. A cafe\u0301. No caf. Rock\u2019n\u2019roll and rock'n'roll."
    assert make_index([Document("a", text)]).count(None, cql=pattern) == found


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ('"Dampfschiff"', 2),
        ('"Dampf\u00adschiff"', 2),
        ('"dampfschiff"', 0),
        ('[word="Chef\'s"]', 3),
        ('[word="Chef\u2019s"] []', 3),
        ('[word="Chef\uff07s"]', 3),
        ('[word!="Dampfschiff" & word!="Chef\'s"]', 2),
        ('"U\u2010Bahn"', 1),
    ],
)
def test_word_is_what_is_seen(make_index: MakeIndex, pattern: str, found: int) -> None:
    """A word that is no expression is found despite soft hyphens, with any apostrophe, and in its own capitals."""
    text = "Dampf\u00adschiff Dampfschiff Chef\u2019s Chef's Chef\u02bcs U-Bahn auf"
    index = make_index([Document("a", text)], language="de")
    if found:
        assert index.count(None, cql=pattern) == found
        assert len(index.concordance(None, cql=pattern)) == found
    else:
        assert index.concordance(None, cql=pattern) == []


def test_pattern_filters_a_word(index: Index) -> None:
    """Beside a word, a pattern keeps the lines whose node is one of the tokens that it says something of."""
    assert nodes(index, '[pos="ADJ"] [lemma="bank"]', "bank") == ["s0 bank"]
    assert nodes(index, '[pos="ADJ"] [lemma="bank"]', "old") == ["s0 old"]
    assert nodes(index, '@[pos="ADJ"] [lemma="bank"]', "bank") == []
    assert nodes(index, '[] [lemma="river"]', "the") == []
    assert nodes(index, '"the" [lemma="river"]', "the") == ["s0 the", "s1 the", "plain the"]


def test_pattern_goes_with_everything(index: Index) -> None:
    """A pattern, metadata, a form, a neighbour and nearness are asked for at once, and counted as listed."""
    found = index.query("They rowed to the [bank].", cql='[lemma="bank"] []* [lemma="river"]', where=["n<5"])
    assert {line.document_id for line in found} == {"s0", "s1"}
    assert [line.score for line in found] == sorted((line.score or 0 for line in found), reverse=True)
    key = found[0].key
    both = index.like(key, form="bank", near="river", k=None)
    assert index.like(key, cql='"bank"', near="river", k=None) == both != []
    assert [(one.values, one.count) for one in index.frequencies(None, ["pos"], cql='[lemma="bank"]')] == [
        (("NOUN",), 3),
        ((None,), 3),
        (("PROPN",), 1),
        (("VERB",), 1),
    ]
    assert index.count("bank", cql=['"bank"', '[pos="VERB"]']) == 1


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("", "character 1: it says of no token"),
        ("[]", r'it says of no token what it is; .*, or \[word="\.\+"\] for every word\.$'),
        ('[lemma="bank"', r"character 14: a token ends with \]"),
        ('[lema="bank"]', "character 2: a condition is word="),
        ("[lemma=bank]", "character 8: a value stands in quotation marks"),
        ('[lemma "bank"]', "a condition has = or !="),
        ('"ba[nk"', "character 1: the regular expression 'ba\\[nk' cannot be read"),
        ('"bank', "this quotation mark is not closed"),
        ('"bank"{3,1}', "is no number of times"),
        ('"bank"{x}', "a number of times is"),
        ('("a" "b")', "cannot be grouped"),
        ('<s> "bank"', "structures cannot be asked for"),
        ('"bank" within <p/>', "within one sentence always"),
        ('"bank"?', "every token may be missing"),
        ('@"a" @"b"', "only one token can be the node"),
        ('@[]{2} "b"', "the node is one token"),
        ('"bank"%d', "the only flag is %c"),
        ("bank", "a token is"),
        ('"(?R)."', "calls itself, or is very long"),
        ('"' + "(" * 400 + "a" + ")" * 400 + '"', "cannot be read|is very long"),
        ('"(?V0)b.*"', "the regular expression .* cannot be read"),
        ("[!" + "(" * 60 + 'pos="X"', "nested too deeply"),
    ],
)
def test_unreadable_pattern_is_told(index: Index, pattern: str, why: str) -> None:
    """What cannot be read is told with its place, in one sentence."""
    with pytest.raises(QueryError, match=why) as raised:
        index.count(None, cql=pattern)
    assert str(raised.value).endswith(".")
    assert "\n" not in str(raised.value)


def test_slow_expression_is_told(index: Index) -> None:
    """A regular expression that would run for ever is stopped."""
    with Index.create(index.path.parent / "slow", encoder=WindowEncoder()) as slow:
        slow.add([Document("a", "a" * 5000 + "c")])
        with pytest.raises(QueryError, match="takes too long"):
            slow.count(None, cql=r'"(.*)\1(.*)\2z?[xy]"')


def test_long_sentence_takes_no_longer_than_its_tokens(tmp_path: Path) -> None:
    """Any number of tokens between two, in a sentence of 12 000: each node is found, in little memory."""
    words = ["a" if number % 3 else "b" for number in range(12_000)]
    with Index.create(tmp_path / "long", encoder=WindowEncoder()) as long:
        long.add([tagged("d", [" ".join(f"{word}/{word}/X" for word in words)])])
        tracemalloc.start()
        assert long.count(None, cql='@"a" []* "b"') == 7_998
        assert long.count(None, cql='[word="a|b"]{1,9999}') == 12_000
        assert tracemalloc.get_traced_memory()[1] < 30 << 20
        tracemalloc.stop()


WORDS = ("a", "b", "A")
LEMMAS = ("a", "b")
TAGS = ("X", "Y")
Word = tuple[str, str, str]


def conditions() -> st.SearchStrategy[str]:
    values = st.sampled_from(
        ['word="a"', 'word!="a"', 'lemma="b"', 'pos="X"', 'pos!="Y"', 'word="a|b"', 'word="a"%c', 'lemma="[ab]"']
    )
    return st.recursive(
        values,
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from("&|"), inner).map(lambda parts: f"({parts[0]} {parts[1]} {parts[2]})"),
            inner.map(lambda one: f"!({one})"),
        ),
        max_leaves=3,
    )


ELEMENTS = st.tuples(
    st.sampled_from(["", "@"]),
    st.one_of(st.just("[]"), conditions().map(lambda one: f"[{one}]")),
    st.sampled_from(["", "", "?", "*", "+", "{2}", "{0,2}", "{1,2}", "{2,}"]),
)


def holds(condition: str, word: Word) -> bool:
    """A plain reading of a condition: each comparison is decided, and Python does the rest."""
    form, lemma, tag = word

    def decide(match: re.Match[str]) -> str:
        attribute, sign, value, flag = match.groups()
        text = {"word": form, "lemma": lemma, "pos": tag}[attribute]
        flags = re.IGNORECASE if flag or attribute == "lemma" else 0
        return str((re.fullmatch(value, text, flags) is not None) == (sign == "="))

    decided = re.sub(r'(word|lemma|pos)(!?=)"([^"]*)"(%c)?', decide, condition)
    python = decided.replace("&", " and ").replace("|", " or ").replace("!", " not ")
    return bool(eval(python)) if python else True


def matches(elements: Sequence[tuple[str, str, str]], words: Sequence[Word], at: int) -> Iterator[list[list[int]]]:
    """Every way in which a pattern matches from a place: the places of each element."""
    if not elements:
        yield []
        return
    _, token, times = elements[0]
    least, most = {"": (1, 1), "?": (0, 1), "*": (0, 99), "+": (1, 99), "{2}": (2, 2), "{2,}": (2, 99)}.get(
        times, (int(times[1:2] or 0), 2)
    )
    for count in range(min(most, len(words) - at) + 1):
        if count and not holds(token[1:-1], words[at + count - 1]):
            return
        if count >= least:
            for rest in matches(elements[1:], words, at + count):
                yield [list(range(at, at + count)), *rest]


@settings(max_examples=200)
@given(
    st.lists(st.lists(st.tuples(*map(st.sampled_from, (WORDS, LEMMAS, TAGS))), max_size=7), min_size=1, max_size=4),
    st.lists(ELEMENTS, min_size=1, max_size=3),
)
def test_patterns_agree_with_a_plain_reading(
    tmp_path_factory: pytest.TempPathFactory, sentences: list[list[Word]], elements: list[tuple[str, str, str]]
) -> None:
    """On any corpus, the nodes of any pattern are those that a reading word by word finds."""
    text = " ".join("".join(parts) for parts in elements)
    try:
        pattern = parse_cql(text)
    except QueryError:
        return
    marked = pattern.nodes
    expected = [
        sorted(
            {
                place
                for at in range(len(words) + 1)
                for way in matches(elements, words, at)
                for number in marked
                for place in way[number]
            }
        )
        for words in sentences
    ]
    with Index.create(tmp_path_factory.mktemp("any") / "index", encoder=WindowEncoder()) as index:
        index.add(
            tagged(f"d{number}", [" ".join("/".join(word) for word in words)])
            for number, words in enumerate(sentences)
            if words
        )
        # A tag that no word has is refused.
        index.add(tagged("tags", [" ".join(f"zz/zz/{tag}" for tag in TAGS)]) for _ in range(1))
        if not any(sentences):
            return
        for word in ("a", "b"):
            found = [(line.document_id, line.start) for line in _if_there(index, word, text)]
            assert found == [
                (f"d{number}", 2 * place)
                for number, places in enumerate(expected)
                for place in places
                if word in (sentences[number][place][1], sentences[number][place][0].lower())
            ]
        if any(one.is_node and one.condition for one in pattern.elements):
            found = [(line.document_id, line.start) for line in _if_there(index, None, text)]
            assert [one for one in found if one[0] != "tags"] == [
                (f"d{number}", 2 * place) for number, places in enumerate(expected) for place in places
            ]


@pytest.mark.parametrize(
    ("pattern", "wrong"),
    [
        ('[pos="NUON"]', "NUON"),
        ('[lemma="bank" & pos="N.*X"]', "N.*X"),
        ('[pos="noun"]', "noun"),
        ('[lemma="bank"] []{0,2} [pos="ADJ"|pos="JJ"]?', "ADJ"),
    ],
)
def test_part_of_speech_that_no_word_has_is_told(make_index: MakeIndex, pattern: str, wrong: str) -> None:
    """A tag that is mistaken, or another corpus's, is told with those that there are, and does not find nothing."""
    index = make_index([])
    index.add([tagged("d", ["The/the/DET bank/bank/NOUN lends/lend/VERB"])])
    for ask in (lambda: index.concordance("bank", cql=pattern), lambda: index.query("A [bank].", cql=pattern)):
        with pytest.raises(QueryError, match=re.escape(f"part of speech {wrong!r}; there are: DET, NOUN, VERB.")):
            ask()


@pytest.mark.parametrize(
    "pattern",
    [
        '[pos!="NUON"]',
        '[!(pos="NUON")]',
        '[pos="noun"%c]',
        '[pos="NN"|pos="NOUN"]',
        '[pos="N.*"]',
        '@[] [pos="VERB|V.*"]',
    ],
)
def test_part_of_speech_that_some_word_has_is_not(make_index: MakeIndex, pattern: str) -> None:
    """What excludes a tag that is not there is true of all words; and one of several that are allowed is enough."""
    index = make_index([])
    index.add([tagged("d", ["The/the/DET bank/bank/NOUN lends/lend/VERB"])])
    assert len(index.concordance("bank", cql=pattern)) == 1


def _if_there(index: Index, word: str | None, pattern: str) -> list[ConcordanceLine]:
    try:
        return list(index.concordance(word, cql=pattern))
    except LookupError:
        return []


def test_word_beside_may_have_a_tag(make_index: MakeIndex) -> None:
    """``old/ADJ`` is beside a line as it is asked for alone, and a tag that it never has is told."""
    index = make_index([])
    index.add([tagged("d", ["The/the/DET old/old/ADJ bank/bank/NOUN", "The/the/DET old/old/NOUN bank/bank/NOUN"])])
    counts = {
        near: index.count("bank", near=near) for near in ("old", "old/ADJ", "old/ADJ:1", "!old/ADJ", "Old/NOUN:-1")
    }
    assert counts == {"old": 2, "old/ADJ": 1, "old/ADJ:1": 1, "!old/ADJ": 1, "Old/NOUN:-1": 1}
    with pytest.raises(TagNotFound, match="'old' is never 'DET'; it is ADJ, NOUN"):
        index.count("bank", near="old/DET")


@pytest.mark.parametrize(
    "pattern", ['"bannk"', '[lemma="bannk"]', '[word="Bannk"] "the"', '@"the" []{0,3} [lemma="bannk" & pos="NOUN"]']
)
def test_word_that_is_nowhere_is_told(index: Index, pattern: str) -> None:
    """A token that has to be a word that the corpus does not have is a slip of the pen."""
    with pytest.raises(WordNotFound, match=r"does not have the word '[Bb]annk'\. Nearest: bank"):
        index.concordance(None, cql=pattern)


@pytest.mark.parametrize(
    "pattern", ['"bank" "bannk"?', '[lemma!="bannk"]', '"ban.*k"', '[lemma="bannk" | lemma="bank"]']
)
def test_word_that_need_not_be_there_is_not_told(index: Index, pattern: str) -> None:
    """What may be missing, or is one choice of several, is asked for as it is."""
    assert index.concordance(None, cql=pattern) != []


def test_command_takes_a_pattern(tmp_path: Path, index: Index) -> None:
    """With a word or without; and without either, the command line is wrong."""
    found = command("concordance", index.path, "--cql", '[pos="ADJ"] @[lemma="bank"]', "--count")
    assert (found.stdout, found.returncode) == ("1\n", 0)
    assert command("concordance", index.path, "bank/VERB", "--count").stdout == "1\n"
    wrong = command("concordance", index.path)
    assert (wrong.returncode, "Name a word, or give a pattern with --cql." in wrong.stderr) == (2, True)
    told = command("concordance", index.path, "--cql", "[bank]")
    assert (told.returncode, told.stderr.startswith("Error: The pattern '[bank]' cannot be read")) == (1, True)
