"""Filters choose among the lines of a sense as they choose among those of a word."""

from __future__ import annotations

import csv
import io
import json
import math
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from command_line import ctxsearch as command
from treebank import tagged

from ctxsearch import Document, Index
from ctxsearch.domain import ConcordanceLine
from ctxsearch.errors import FormNotFound, QueryError, SenseError, TagNotFound, WordNotFound
from ctxsearch.senses import Assignment, Senses

RIVER = (
    "We/we/PRON tied/tie/VERB the/the/DET boat/boat/NOUN to/to/ADP the/the/DET bank/bank/NOUN",
    "The/the/DET river/river/NOUN broke/break/VERB its/its/PRON Bank/bank/PROPN last/last/ADJ spring/spring/NOUN",
    "Reeds/reed/NOUN grew/grow/VERB on/on/ADP the/the/DET muddy/muddy/ADJ banks/bank/NOUN of/of/ADP the/the/DET"
    " river/river/NOUN",
    "They/they/PRON rowed/row/VERB across/across/ADP the/the/DET river/river/NOUN to/to/ADP the/the/DET far/far/ADJ"
    " bank/bank/NOUN",
)
MONEY = (
    "The/the/DET bank/bank/NOUN lent/lend/VERB us/we/PRON money/money/NOUN for/for/ADP the/the/DET house/house/NOUN",
    "She/she/PRON has/have/VERB an/a/DET account/account/NOUN at/at/ADP the/the/DET savings/saving/NOUN bank/bank/NOUN",
    "We/we/PRON bank/bank/VERB our/our/PRON wages/wage/NOUN every/every/DET Friday/Friday/PROPN",
    "The/the/DET Bank/bank/PROPN raised/raise/VERB the/the/DET interest/interest/NOUN on/on/ADP loans/loan/NOUN"
    " near/near/ADP the/the/DET river/river/NOUN",
)
PARTS = (("fiction", 1900), ("fiction", 1990), ("news", 1950), ("news", 2000))
DOCUMENTS = [
    tagged(
        f"d{number}",
        [RIVER[number], MONEY[number], RIVER[(number + 1) % 4], MONEY[(number + 1) % 4]],
        {"genre": genre, "year": year},
    )
    for number, (genre, year) in enumerate(PARTS)
]
FILTERS: list[dict[str, object]] = [
    {"pos": "NOUN"},
    {"pos": ["NOUN", "VERB"]},
    {"form": "Bank"},
    {"form": ["banks", "bank"], "pos": "NOUN"},
    {"where": "genre=fiction"},
    {"where": ["@old", "genre!=news"]},
    {"near": "river"},
    {"near": ["!river", "the"]},
    {"near": "river:+3", "where": "genre=fiction"},
    {"cql": '[lemma="the"] [pos="ADJ"]? @[]'},
    {"cql": '[pos="NOUN"] []{0,4} [lemma="money|river"]', "pos": "NOUN", "where": "year<1990"},
]

MEANS: dict[str, Callable[[Document], bool]] = {
    "genre=fiction": lambda one: one.metadata["genre"] == "fiction",
    "genre!=news": lambda one: one.metadata["genre"] != "news",
    "@old": lambda one: one.metadata["year"] < 1995,  # type: ignore[operator]
    "year<1990": lambda one: one.metadata["year"] < 1990,  # type: ignore[operator]
}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two shards of tagged texts, with two senses of *bank* that one line of each shows, and a subcorpus."""
    folder = tmp_path_factory.mktemp("indexes") / "tagged"
    with Index.create(folder, dtype="fp32", codec="fp16") as index:
        index.add(DOCUMENTS[:2])
        index.add(DOCUMENTS[2:])
        index.subcorpora(by="anna").save("old", ["year<1995"])
        senses = index.senses(by="anna")
        senses.new("bank.river")
        senses.new("bank.money")
        for sense, beside in (("bank.river", "boat"), ("bank.money", "money")):
            senses.label(sense, index.concordance("bank", near=beside)[:1])
    return folder


@pytest.fixture
def index(path: Path) -> Iterator[Index]:
    """The index, which nobody writes."""
    with Index.open(path, dtype="fp32") as opened:
        yield opened


@pytest.fixture
def senses(index: Index) -> Senses:
    """Its inventory."""
    return index.senses(by="anna")


def told_of(use: Assignment) -> tuple[object, ...]:
    """What is told of a use, figures to the precision in which sums of other sizes agree."""
    return (
        use.line,
        use.sense_id,
        use.pile,
        use.is_labelled,
        *(round(one, 5) for one in (use.p, use.p_none, use.margin)),
    )


def near_by(line: ConcordanceLine) -> str:
    """What a line has around its node, in small letters: what is there twice is to be labelled once."""
    return f"{line.left[-30:]}|{line.node}|{line.right[:30]}".lower()


def meeting(index: Index, options: dict[str, object]) -> set[str]:
    """The keys of the lines of *bank* that meet filters, as a concordance has them."""
    return {line.key for line in index.concordance("bank", **options)}  # type: ignore[arg-type]


@pytest.mark.parametrize("options", FILTERS, ids=str)
def test_filters_leave_of_all_lines_those_that_meet_them(
    index: Index, senses: Senses, options: dict[str, object]
) -> None:
    """A line has the sense that it has without filters; piles, counts and what to label next are of the lines left."""
    meet = meeting(index, options)
    every = senses.assign("bank", least_margin=0.5)
    found = senses.assign("bank", least_margin=0.5, **options)  # type: ignore[arg-type]
    expected = [use for use in every.uses if use.line.key in meet]
    assert 0 < len(expected) < len(every.uses)
    assert [told_of(use) for use in found.uses] == [told_of(use) for use in expected]
    piles = Counter(use.pile for use in expected)
    assert found.uses.piles == every.uses.piles
    assert [one.assigned for one in found.frequencies] == [piles[one.sense_id] for one in found.frequencies]
    assert found.unsure == piles["unsure"]
    assert sum(one.expected for one in found.frequencies) == pytest.approx(len(expected))
    for pile in found.uses.piles:
        lines = [use.line.key for use in every.in_pile(pile) if use.line.key in meet]
        assert [use.line.key for use in found.in_pile(pile)] == lines
    unlabelled = [use.line for use in expected if not use.is_labelled]
    next_ones = [use.line for use in found.to_label(None)]
    assert set(next_ones) <= set(unlabelled)
    assert sorted(map(near_by, next_ones)) == sorted(set(map(near_by, unlabelled)))
    counted = Counter((use.line.metadata["genre"], use.pile) for use in expected)
    for genre, row in found.by_metadata("genre").items():
        assert row == [counted[genre, pile] for pile in found.uses.piles]


def test_labels_outside_of_the_filters_show_senses_all_the_same(index: Index, senses: Senses) -> None:
    """Of lines of which nobody has labelled one, the senses are told by the labels of the others."""
    found = senses.assign("bank", where="year=2000")
    assert not any(use.is_labelled for use in found.uses)
    assert [one.sense_id for one in found.frequencies] == ["bank.river", "bank.money", "none of these"]
    assert found.lost == []


def beside(lines: list[ConcordanceLine], index: Index) -> tuple[Counter[str], int]:
    """How often each form stands within two places of some lines, and how many places there are."""
    lines_of = {line.key: line for line in index.concordance("bank", context="sentence")}
    counts: Counter[str] = Counter()
    for line in lines:
        whole = lines_of[line.key]
        counts.update([*whole.left.lower().split()[-2:], *whole.right.lower().split()[:2]])
    return counts, counts.total()


@pytest.mark.parametrize("options", FILTERS, ids=str)
@pytest.mark.parametrize("sense", ["bank.river", "bank.money"])
def test_collocates_of_a_sense_are_reckoned_as_those_of_a_word(
    index: Index, senses: Senses, sense: str, options: dict[str, object]
) -> None:
    """Words beside the lines left are weighed against all words of the documents that the metadata allow, no fewer."""
    meet = meeting(index, options)
    lines = [use.line for use in senses.assign("bank").in_pile(sense) if use.line.key in meet]
    counts, size = beside(lines, index)
    where = options.get("where", ())
    conditions = [MEANS[one] for one in ([where] if isinstance(where, str) else where)]  # type: ignore[union-attr]
    texts = [one.text for one in DOCUMENTS if all(meets(one) for meets in conditions)]
    forms = Counter(" ".join(texts).lower().split())
    total = forms.total()
    found = senses.collocations(
        "bank",
        sense,
        left=2,
        right=2,
        by_form=True,
        least=1,
        limit=None,
        **options,  # type: ignore[arg-type]
    )
    expected = {word: (count, forms[word]) for word, count in counts.items() if count > size * forms[word] / total}
    assert {one.word: (one.count, one.frequency) for one in found} == expected
    for one in found:
        assert one.expected == pytest.approx(size * one.frequency / total)
        dice = 2 * min(one.count, len(lines)) / (len(lines) + one.frequency)
        assert one.log_dice == pytest.approx(14 + math.log2(dice))
    # Those of the word, of all senses, are reckoned so too.
    of_word = index.collocations("bank", left=2, right=2, by_form=True, least=1, limit=None, **options)  # type: ignore[arg-type]
    frequencies = {one.word: one.frequency for one in of_word}
    assert all(frequencies.get(one.word, one.frequency) == one.frequency for one in found)


@pytest.mark.parametrize("options", [{"pos": "NOUN"}, {"where": "genre=fiction"}, {"near": "the:2"}], ids=str)
def test_two_senses_are_compared_within_the_filters(index: Index, senses: Senses, options: dict[str, object]) -> None:
    """What tells two senses apart is counted beside the lines of both that meet the filters."""
    meet = meeting(index, options)
    every = senses.assign("bank")
    one, other = (
        beside([use.line for use in every.in_pile(sense) if use.line.key in meet], index)[0]
        for sense in ("bank.river", "bank.money")
    )
    found = senses.contrast("bank", "bank.river", "bank.money", left=2, right=2, by_form=True, least=1, **options)  # type: ignore[arg-type]
    assert {told.word: told.counts for told in found} == {word: (one[word], other[word]) for word in one | other}


@pytest.mark.parametrize("options", FILTERS, ids=str)
def test_examples_of_a_sense_meet_the_filters(index: Index, senses: Senses, options: dict[str, object]) -> None:
    """They are among the lines of the sense that meet them, and the first is the one that is shown alone."""
    meet = meeting(index, options)
    lines = {use.line.key for use in senses.assign("bank").in_pile("bank.river")} & meet
    found = senses.examples("bank", "bank.river", None, **options)  # type: ignore[arg-type]
    assert {line.key for line in found} <= lines
    assert bool(found) is bool(lines)
    assert senses.examples("bank", "bank.river", 1, **options) == found[:1]  # type: ignore[arg-type]
    one_each = senses.examples("bank", "bank.river", None, **options, per_document=1)  # type: ignore[arg-type]
    documents = [line.document_id for line in one_each]
    assert len(documents) == len(set(documents)) == len({line.document_id for line in found})


@pytest.mark.parametrize("options", FILTERS, ids=str)
def test_groups_are_of_lines_that_meet_the_filters(index: Index, senses: Senses, options: dict[str, object]) -> None:
    """Those of `induce` are of all such lines; those of `novel`, of such lines as have none of the senses."""
    meet = meeting(index, options)
    found = senses.induce("bank", least=1, **options)  # type: ignore[arg-type]
    assert found.occurrences == sum(group.size for group in found.groups) == len(meet)
    every = senses.assign("bank", least_margin=0)
    new = [use.line.key for use in every.in_pile("none of these") if use.line.key in meet]
    novel = senses.novel("bank", least=1, **options)  # type: ignore[arg-type]
    assert novel.occurrences == len(new)
    for shown, keys in ((found, meet), (novel, new)):
        assert {line.key for group in shown.groups for line in group.typical} <= set(keys)


def test_filters_of_senses_are_checked_as_elsewhere(senses: Senses) -> None:
    """What a word never is, what cannot be read, and a word whose tag is another than the filter's are told."""
    for options, error in (
        ({"form": "BANK"}, FormNotFound),
        ({"pos": "ADJ"}, TagNotFound),
        ({"pos": "XYZ"}, QueryError),
        ({"where": "year"}, QueryError),
        ({"where": "@new"}, QueryError),
        ({"near": "xylophone"}, WordNotFound),
        ({"cql": "[lemma="}, QueryError),
    ):
        for ask in (
            lambda some: senses.assign("bank", **some),
            lambda some: senses.collocations("bank", "bank.river", **some),
            lambda some: senses.contrast("bank", "bank.river", "bank.money", **some),
            lambda some: senses.examples("bank", "bank.river", **some),
            lambda some: senses.induce("bank", **some),
            lambda some: senses.novel("bank", **some),
        ):
            with pytest.raises(error):
                ask(options)
    with pytest.raises(QueryError, match="is to be NOUN, and VERB as well"):
        senses.assign("bank/NOUN", pos="VERB")
    tagged_so = [senses.assign("bank/NOUN"), senses.assign("bank", pos="NOUN"), senses.assign("banks/NOUN")]
    assert len({tuple(use.line.key for use in one.uses) for one in tagged_so}) == 1


def test_commands_take_filters_with_senses(path: Path, senses: Senses) -> None:
    """`assign` in all its ways, `induce`, `novel`, `collocations --sense`, with --versus, and `examples --sense`."""
    chosen: dict[str, object] = {
        "pos": "NOUN",
        "where": "year>=1950",
        "near": "the",
        "cql": '[pos="DET"] [pos="ADJ"]* @[lemma="bank"]',
        "form": "bank",
    }
    options = [text for name, value in chosen.items() for text in (f"--{name}", str(value))]
    found = senses.assign("bank", **chosen)  # type: ignore[arg-type]
    keys = [use.line.key for use in found.uses]
    assert keys

    def done(*arguments: str) -> str:
        name, *rest = arguments
        result = command(name, path, "bank", *options, *rest)
        assert (result.returncode, result.stderr) == (0, "")
        return result.stdout

    assert json.loads(done("assign", "--json"))["occurrences"] == len(keys)
    lines = [json.loads(line) for line in done("assign", "--lines", "--json").splitlines()]
    assert [line["key"] for line in lines] == keys
    pile = list(csv.DictReader(io.StringIO(done("assign", "--pile", "bank.river", "--csv"))))
    assert [row["key"] for row in pile] == [use.line.key for use in found.in_pile("bank.river")]
    assert json.loads(done("induce", "--json"))["occurrences"] == len(keys)
    assert json.loads(done("novel", "--json"))["occurrences"] == senses.novel("bank", **chosen).occurrences  # type: ignore[arg-type]
    (least,) = done("assign", "--next", "1", "--json").splitlines()
    assert json.loads(least)["key"] == found.to_label(1)[0].line.key
    over = [json.loads(line) for line in done("assign", "--over", "genre", "--json").splitlines()]
    assert [row["genre"] for row in over] == sorted({str(use.line.metadata["genre"]) for use in found.uses})
    words = [
        json.loads(line)["word"]
        for line in done("collocations", "--sense", "bank.river", "--least", "1", "--json").splitlines()
    ]
    assert words == [one.word for one in senses.collocations("bank", "bank.river", least=1, limit=30, **chosen)]  # type: ignore[arg-type]
    apart = done(
        "collocations", "--sense", "bank.river", "--versus", "bank.money", "--least", "1", "--json"
    ).splitlines()
    told = senses.contrast("bank", "bank.river", "bank.money", least=1, **chosen)  # type: ignore[arg-type]
    assert [json.loads(line)["word"] for line in apart] == [one.word for one in told]
    sentences = [json.loads(line)["key"] for line in done("examples", "--sense", "bank.river", "--json").splitlines()]
    assert sentences == [line.key for line in senses.examples("bank", "bank.river", **chosen)]  # type: ignore[arg-type]


def test_commands_say_why_nothing_is_left(path: Path, tmp_path: Path) -> None:
    """A condition that no document meets is told, and that no line meets them; nothing is counted or drawn then."""
    far = ("--where", "year>2100")
    for words in (
        ("assign", path, "bank"),
        ("assign", path, "bank", "--over", "genre", "--plot", tmp_path / "none.svg"),
        ("collocations", path, "bank", "--sense", "bank.river"),
        ("collocations", path, "bank", "--sense", "bank.river", "--versus", "bank.money"),
        ("examples", path, "bank", "--sense", "bank.river"),
        ("induce", path, "bank"),
        ("novel", path, "bank"),
        ("induce", path, "bank", "--json"),
    ):
        nothing = command(*words, *far)
        assert nothing.returncode == 0
        assert nothing.stderr.startswith("No document meets 'year>2100'; of year there are: ")
        none = command(*words, "--near", "river", "--near", "!the", "--pos", "VERB")
        assert (none.returncode, none.stdout.count("d0")) == (0, 0)
        assert none.stderr.startswith(("No line meets the conditions.\n", "No word stands there so often"))
    assert not (tmp_path / "none.svg").exists()
    lines = command("assign", path, "bank", "--lines", *far)
    assert (lines.stdout, lines.stderr.count("\n")) == ("", 1)
    rows = [command("assign", path, "bank", "--lines", "--csv", *some).stdout.splitlines() for some in ((), far)]
    assert [row.partition(",metadata")[0] for row in rows[1]] == [rows[0][0].partition(",metadata")[0]]
    assert command("assign", path, "bank", "--pile", "unsure", "--margin", "0").stderr == "There is no such line.\n"
    damaged = command("examples", path, "bank", "--sense", "bank.river", "--allow-damaged")
    assert (damaged.returncode, "leave out --allow-damaged" in damaged.stderr) == (2, True)


def test_the_labels_of_one_person_count_wherever_senses_are_asked_for(path: Path, tmp_path: Path) -> None:
    """Of two people who see it the other way round each is told their own; without a sense nothing is counted."""
    folder = shutil.copytree(path, tmp_path / "index")
    with Index.open(folder, dtype="fp32") as index:
        senses, bert = index.senses(by="anna"), index.senses(by="bert")
        river, money = (
            next(one for one in senses.labels() if one.sense_id == f"bank.{name}") for name in ("river", "money")
        )
        bert.label("bank.river", money.key)
        bert.label("bank.money", river.key)
        asked: list[Callable[..., Sequence[object]]] = [
            lambda sense, **chosen: senses.collocations("bank", sense, least=1, **chosen),
            lambda sense, **chosen: senses.examples("bank", sense, **chosen),
        ]
        for ask in asked:
            told = ask("bank.river", by="anna")
            assert told == ask("bank.money", by="bert") != ask("bank.river", by="bert")
        apart = [senses.contrast("bank", "bank.river", "bank.money", least=1, by=one) for one in ("anna", "bert")]
        assert {(one.word, one.counts) for one in apart[0]} == {(one.word, one.counts[::-1]) for one in apart[1]}
        assert [one.lemma for one in senses.unaccounted(by="bert")] == ["bank"]
        assert senses.unaccounted(by="carl") == []
        for refused in (
            lambda: senses.novel("bank", by="carl"),
            lambda: senses.examples("bank", "bank.river", by="carl"),
        ):
            with pytest.raises(SenseError, match="'carl' labelled no use of 'bank'; these did: anna, bert"):
                refused()
        river_of_bert = [line.key for line in senses.examples("bank", "bank.river", by="bert")]
    for words in (("collocations", folder, "bank", "--least", "1"), ("examples", folder, "bank")):
        one, other = (
            command(*words, "--sense", f"bank.{sense}", "--by", who).stdout
            for sense, who in (("river", "anna"), ("money", "bert"))
        )
        assert one == other != ""
        alone = command(*words, "--by", "anna")
        assert alone.returncode == 2
        assert alone.stderr.endswith("Error: --by counts labels; give --sense, too.\n")
    printed = command("examples", folder, "bank", "--sense", "bank.river", "--by", "bert", "--json").stdout
    assert [json.loads(line)["key"] for line in printed.splitlines()] == river_of_bert
    told = command("collocations", folder, "bank", "--sense", "bank.river", "--versus", "bank.money", "--by", "carl")
    assert "'carl' labelled no use of 'bank'" in told.stderr
    assert "'carl' labelled no use of 'bank'" in command("novel", folder, "bank", "--by", "carl").stderr
    assert command("novel", folder, "--by", "carl").stderr.startswith("No word of the inventory has a sense with an ex")
