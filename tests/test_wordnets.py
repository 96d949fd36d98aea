"""WordNets are read, from WN-LMF and from database files, and of their senses those are imported that are wanted."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from command_line import ctxsearch as command
from hypothesis import given
from hypothesis import strategies as st

from ctxsearch import Index
from ctxsearch.corpus import DictionarySense, is_wordnet, read_dictionary
from ctxsearch.corpus.dictionary.wndb import _parted
from ctxsearch.errors import SenseError, SourceError

EDGE = "the ground where a river ends"
LMF = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE LexicalResource SYSTEM "http://example.org/WN-LMF-1.1.dtd">
<LexicalResource xmlns:dc="http://purl.org/dc/elements/1.1/">
<Lexicon id="own" label="Own" language="en" version="1">
  <Synset id="own-early" partOfSpeech="n"><Definition>a house of loans</Definition></Synset>
  <LexicalEntry id="own-bank-n"><Lemma writtenForm="bank" partOfSpeech="n"><Pronunciation>bank</Pronunciation></Lemma>
    <Sense id="own-bank-1" synset="own-edge"><Example>The [banks] were wet.</Example></Sense>
    <Sense id="own-bank-2" synset="own-early" dc:note="found before its entry"/>
  </LexicalEntry>
  <LexicalEntry id="own-riverside-n"><Lemma writtenForm="riverside" partOfSpeech="n"/>
    <Sense id="own-riverside-1" synset="own-edge"/></LexicalEntry>
  <LexicalEntry id="own-ma-n"><Lemma writtenForm="ma'am" partOfSpeech="n"/>
    <Sense id="own-ma-1" synset="own-lady"/></LexicalEntry>
  <LexicalEntry id="own-tea-n"><Lemma writtenForm="tea_party" partOfSpeech="n"/>
    <Sense id="own-tea-1" synset="own-lady"/></LexicalEntry>
  <Synset id="own-edge" partOfSpeech="n"><Definition>the ground where
    a river ends</Definition><SynsetRelation relType="hypernym" target="own-early"/>
    <Example>"We slept on the bank."</Example><Example>They built by the riverside.</Example></Synset>
  <Synset id="own-lady" partOfSpeech="n"><Definition>one</Definition><Definition>two &amp; more</Definition></Synset>
</Lexicon></LexicalResource>
"""
LMF_SENSES = [
    DictionarySense(
        "bank",
        "own-bank-1",
        EDGE,
        ["The [banks] were wet.", "We slept on the bank.", "They built by the riverside."],
    ),
    DictionarySense("bank", "own-bank-2", "a house of loans", []),
    DictionarySense("riverside", "own-riverside-1", EDGE, ["We slept on the bank.", "They built by the riverside."]),
    DictionarySense("ma'am", "own-ma-1", "one; two & more", []),
    DictionarySense("tea party", "own-tea-1", "one; two & more", []),
]
NOUNS = """  1 This is the licence of nobody. | a bar
00000064 04 n 02 bank 0 riverside 2 001 @ 00000200 n 0000 | the ground; where a river ends; "a bank; it was wet"
00000200 04 n 01 Tea_party 0 000 | she said "come; drink" to all; "a tea party" - an old song; "no end
"""
ADJECTIVES = """00000010 00 s 03 wet(p) 0 on_the_rocks(ip) 1 ma'am-like(a) 0 001 & 00000020 a 0000 | not dry
"""
VERBS = "00000030 40 v 0a " + " ".join(f"do{number} 0" for number in range(10)) + " 000 01 + 08 00 | do\n"
SENSE_KEYS = """bank%1:04:00:: 00000064 1 12
on_the_rocks%5:00:01:dry:00 00000010 1 0
wet%5:00:00:dry:00 00000010 2 3
"""


@pytest.fixture
def lmf(tmp_path: Path) -> Path:
    """A WordNet in WN-LMF."""
    path = tmp_path / "own.xml"
    path.write_text(LMF, encoding="utf-8")
    return path


@pytest.fixture
def wndb(tmp_path: Path) -> Path:
    """A WordNet in database files, without sense keys."""
    folder = tmp_path / "own"
    folder.mkdir()
    for name, text in (("data.noun", NOUNS), ("data.verb", VERBS), ("data.adj", ADJECTIVES)):
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_wn_lmf_is_read(lmf: Path) -> None:
    """Each sense has its synset's definition and examples beside its own, packed or not, wherever the synset stands."""
    packed = lmf.with_name("own.XML.gz")
    packed.write_bytes(gzip.compress(lmf.read_bytes()))
    assert list(read_dictionary(lmf)) == list(read_dictionary(packed)) == LMF_SENSES
    assert is_wordnet(lmf)
    asked: list[str] = []
    assert list(read_dictionary(lmf, wants=lambda word: asked.append(word) or word == "riverside")) == [LMF_SENSES[2]]  # type: ignore[func-returns-value]
    assert asked == [sense.headword for sense in LMF_SENSES]


def test_database_files_are_read(wndb: Path) -> None:
    """Words lose their markers and underscores, the gloss falls into definition and examples, w_cnt is hexadecimal."""
    found = list(read_dictionary(wndb))
    assert found[:3] == [
        DictionarySense("bank", "bank.n.00000064", "the ground; where a river ends", ["a bank; it was wet"]),
        DictionarySense("riverside", "riverside.n.00000064", "the ground; where a river ends", ["a bank; it was wet"]),
        DictionarySense(
            "Tea party", "tea_party.n.00000200", 'she said "come; drink" to all', ["a tea party", "no end"]
        ),
    ]
    assert [sense.headword for sense in found[3:13]] == [f"do{number}" for number in range(10)]
    assert [(sense.headword, sense.sense_id) for sense in found[13:]] == [
        ("wet", "wet.a.00000010"),
        ("on the rocks", "on_the_rocks.a.00000010"),
        ("ma'am-like", "ma'am-like.a.00000010"),
    ]
    (wndb / "index.sense").write_text(SENSE_KEYS, encoding="utf-8")
    named = [sense.sense_id for sense in read_dictionary(wndb / "index.sense")]
    assert named[:2] == ["bank%1:04:00::", "riverside.n.00000064"]
    assert named[13:15] == ["wet%5:00:00:dry:00", "on_the_rocks%5:00:01:dry:00"]
    assert list(read_dictionary(wndb / "data.noun")) == [
        DictionarySense(one.headword, name, one.definition, one.examples)
        for one, name in zip(found[:3], named[:3], strict=True)
    ]
    assert is_wordnet(wndb)
    assert is_wordnet(wndb / "data.noun")


@given(st.lists(st.tuples(st.booleans(), st.text("a; -'", min_size=1)), max_size=4))
def test_a_gloss_falls_into_its_parts(parts: list[tuple[bool, str]]) -> None:
    """What stands in quotation marks comes out whole, semicolons and all; the rest is the definition."""
    gloss = "; ".join(f'"{text}"' if is_example else text for is_example, text in parts)
    definition, examples = _parted(gloss)
    quoted = [" ".join(text.split()) for is_example, text in parts if is_example]
    assert examples == [text for text in quoted if text]
    assert '"' not in definition
    assert definition.count("a") == sum(text.count("a") for is_example, text in parts if not is_example)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('writtenForm="riverside" ', "", r", line 10: the entry 'own-riverside-n' has no Lemma with a writtenForm\."),
        (' synset="own-lady"/></LexicalEntry>\n  <Synset', "/></LexicalEntry><Synset", r", line 14: a sense of 'tea"),
        (
            'id="own-lady" ',
            'id="lady" ',
            r", line 12: the sense 'own-ma-1' is of the synset 'own-lady', which the file",
        ),
        ("&amp;", "&nbsp;", r", line 19: it does not say what its entity &nbsp; stands for\."),
        ("</Lexicon>", "</Lexikon>", r", line 20: it is not well-formed XML \(mismatched tag\)\."),
        ("UTF-8", "UTF-99", r", line 1: its encoding cannot be read \(unknown encoding: UTF-99\). Write it as UTF-8."),
        ("UTF-8", "shift_jis", r", line 1: its encoding cannot be read \(multi-byte encodings are not supported\)"),
        ("<LexicalResource", "<Resource", ": its root is <Resource>, so it is neither TEI Lex-0 (<TEI>) nor WN-LMF"),
    ],
)
def test_bad_wn_lmf_is_told(index: Index, lmf: Path, old: str, new: str, why: str) -> None:
    """In one sentence with file and line, and nothing is imported."""
    text = LMF.replace(old, new)
    assert text != LMF
    if "<Resource" in new:
        text, why = text.replace("</LexicalResource", "</Resource"), why.replace("(", r"\(").replace(")", r"\)")
    lmf.write_text(text, encoding="utf-8")
    senses = index.senses()
    with pytest.raises(SourceError, match="own.xml" + why):
        senses.import_dictionary(lmf, in_corpus=False)
    assert senses.list() == []


@pytest.mark.parametrize(
    ("name", "line", "why"),
    [
        ("data.noun", "00000300 04 n 0x bank 0 000 | gloss", r"data.noun, line 4: it is no synset, as wndb\(5\)"),
        ("data.noun", "00000300 04 v 01 bank 0 000 | gloss", r"data.noun, line 4: it is no synset"),
        ("data.noun", "00000300 04 n 02 bank 0 000 | gloss", r"data.noun, line 4: it is no synset"),
        ("data.noun", "300 04 n 01 bank 0 000 | gloss", r"data.noun, line 4: it is no synset"),
        ("data.noun", "00000300", r"data.noun, line 4: it is no synset"),
        ("index.sense", "bank 00000064 1 1", r"index.sense, line 1: it is no sense key with its offset, as senseidx"),
        ("data.noun", "\udcff", r"data.noun, line 4: it is not UTF-8 \(invalid start byte\)\."),
    ],
)
def test_bad_database_files_are_told(index: Index, wndb: Path, name: str, line: str, why: str) -> None:
    """In one sentence with file and line, and nothing is imported."""
    with (wndb / name).open("a", encoding="utf-8", errors="surrogateescape") as file:
        file.write(f"{line}\n")
    senses = index.senses()
    with pytest.raises(SourceError, match=why):
        senses.import_dictionary(wndb)
    assert senses.list() == []


def test_a_folder_without_data_files_is_told(tmp_path: Path) -> None:
    """It says which files are looked for."""
    with pytest.raises(SourceError, match=r"it is no WordNet: it has none of data.noun, data.verb, data.adj, data.adv"):
        list(read_dictionary(tmp_path))
    with pytest.raises(SourceError, match=r"data.noun: it cannot be read"):
        list(read_dictionary(tmp_path / "data.noun"))


def test_of_a_wordnet_the_words_of_the_index_are_imported(index: Index, lmf: Path) -> None:
    """Others are counted, and so are those of several words; an example shows the headwords that it has; undo works."""
    senses = index.senses(by="anna")
    report = senses.import_dictionary(lmf)
    assert (report.senses, report.examples, report.left_out, report.multiword) == (2, 2, 2, 1)
    assert report.without_word == ["They built by the riverside."]
    assert [(sense.sense_id, sense.lemma, sense.examples) for sense in senses.list()] == [
        ("own-bank-1", "bank", 2),
        ("own-bank-2", "bank", 0),
    ]
    assert senses.undo().what == "imported senses from own.xml"
    assert senses.list() == []
    report = senses.import_dictionary(lmf, in_corpus=False)
    assert (report.senses, report.examples, report.left_out, report.multiword) == (4, 3, 0, 1)
    # Both have the synset's definition, and each the example that has its word.
    assert [senses.list(word)[0].definition for word in ("bank", "riverside")] == [EDGE, EDGE]
    assert [senses.list(word)[0].examples for word in ("bank", "riverside")] == [2, 1]
    assert [sense.lemma for sense in senses.list("ma\u2019am")] == ["ma'am"]
    again = senses.import_dictionary(lmf, in_corpus=False)
    assert (again.senses, again.examples) == (0, 0)


def test_only_some_words_are_imported(index: Index, lmf: Path, wndb: Path, tmp_path: Path) -> None:
    """By their forms, too, and whether the index has them or not; those that the dictionary lacks are told."""
    senses = index.senses(by="anna")
    report = senses.import_dictionary(lmf, words=["Banks", "bank", "MA\u2019AM", "tea party", "oar"])
    assert [sense.sense_id for sense in senses.list()] == ["own-bank-1", "own-bank-2", "own-ma-1"]
    assert (report.senses, report.left_out, report.multiword, report.not_found) == (3, 0, 1, ["oar"])
    assert senses.import_dictionary(wndb, words="wet").senses == 1
    with pytest.raises(SenseError, match="words to be imported are named"):
        senses.import_dictionary(wndb, words="wet", in_corpus=True)
    # Of a dictionary that is no WordNet, all is imported unless something else is said.
    table = tmp_path / "own.csv"
    table.write_text("headword,sense,definition,example\nriver,r.1,water,\nice cream,i.1,cold,\nbanks,b.1,edges,\n")
    assert senses.import_dictionary(table, in_corpus=True).left_out == 1
    senses.undo()
    assert senses.import_dictionary(table, words=["ice cream"]).senses == 1
    assert senses.import_dictionary(table).senses == 2
    assert [sense.sense_id for sense in senses.list("bank")][-1] == "b.1"


def test_command_imports_a_wordnet(index: Index, lmf: Path, wndb: Path) -> None:
    """It says what was left out, and why."""
    told = command("senses", "import", index.path, lmf).stderr.splitlines()
    assert told == [
        f"{lmf}: 2 new senses, 2 new examples.",
        "Left out 1 sentence without the headword, 'They built by the riverside.' for instance.",
        "Left out 2 senses of words that the index does not have.",
        "Passed over 1 sense of headwords that are several words.",
    ]
    told = command("senses", "import", index.path, wndb, "--word", "oar", "--word", "riverside").stderr.splitlines()
    assert told[0] == f"{wndb}: 1 new sense, 0 new examples."
    assert told[-1] == f"{wndb} does not have: oar."
    assert command("senses", "import", index.path, wndb, "--whole").stderr.startswith(f"{wndb}: 13 new senses")
    wrong = command("senses", "import", index.path, wndb, "--whole", "--word", "oar")
    assert (wrong.returncode, "Choose one of --word and --in-corpus or --whole." in wrong.stderr) == (2, True)
