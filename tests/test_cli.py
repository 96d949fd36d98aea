"""The command line, run as a user runs it: each command in a process of its own."""

from __future__ import annotations

import gzip
import json
import os
import pty
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import NamedTuple

import numpy as np
import pytest
import typer
from command_line import Running, ctxsearch

from ctxsearch import Document
from ctxsearch.cli import console
from ctxsearch.encoder.locate import locate_model
from ctxsearch.index import Index

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
SHELL = f"{sys.executable} -c 'from ctxsearch.cli.main import run; run()'"

MakeIndex = Callable[..., Index]


def told(result: subprocess.CompletedProcess[str]) -> str:
    """The one sentence of an error, and nothing but it."""
    assert result.returncode == 1, result
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1
    return result.stderr


def keys(result: subprocess.CompletedProcess[str]) -> list[str]:
    assert result.returncode == 0, result
    return [json.loads(line)["key"] for line in result.stdout.splitlines()]


# ------------------------------------------------------------------------------------ commands that need no model


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], "rowing:18 loan:4 loan:38 reeds:18 rates:4 angler:21 crisis:4 crisis:36 flood:21 savings:14"),
        (["--form", "banks"], "crisis:4 flood:21"),
        (["--form", "banks", "--form", "bank", "-k", "3"], "rowing:18 loan:4 loan:38"),
        (["--where", "year>=1987"], "loan:4 loan:38 rates:4 crisis:4 crisis:36"),
        (["--where", "year>=1987", "--where", "genre=news", "--limit", "2"], "loan:4 loan:38"),
        (["--sort", "right", "-k", "3"], "crisis:4 loan:38 rates:4"),
        (["--sort", "left", "-k", "4"], "flood:21 savings:14 rates:4 loan:4"),
        (["--sort", "node", "--where", "year=1953"], "angler:21 flood:21"),
    ],
)
def test_concordance_selects_and_sorts(index: Index, options: list[str], expected: str) -> None:
    """The options of concordance choose the lines and their order, and --count counts the lines they choose."""
    assert keys(ctxsearch("concordance", index.path, "bank", "--json", *options)) == expected.split()


def test_count_is_a_number_alone(index: Index) -> None:
    """With --count only the number of lines is printed, a zero as well."""
    assert ctxsearch("concordance", index.path, "bank", "--count").stdout == "10\n"
    assert ctxsearch("concordance", index.path, "bank", "--count", "--where", "year<1900").stdout == "0\n"


def test_sample_is_drawn_by_its_seed(index: Index) -> None:
    """The same seed gives the same bytes, another seed other lines, all of them lines of the word."""
    first, again, other = (
        ctxsearch("concordance", index.path, "bank", "--sample", "4", "--seed", seed, "--tsv") for seed in "112"
    )
    assert first.stdout == again.stdout != other.stdout
    everything = ctxsearch("concordance", index.path, "bank", "--tsv").stdout.splitlines()
    assert set(first.stdout.splitlines()) < set(everything)
    assert len(first.stdout.splitlines()) == 5


def test_table_marks_the_node(index: Index) -> None:
    """Away from a terminal a line is its score, its key, and the node in brackets, all in columns; no colours."""
    result = ctxsearch("like", index.path, "reeds:18", "-k", "2", "--context", "3")
    assert result.stdout == (
        " 0.875  angler:21    sat on the [bank] of the river.\n 0.750  rowing:18  rowed to the [bank] of the river.\n"
    )
    assert result.stderr == ""


@pytest.mark.parametrize(("option", "delimiter"), [("--csv", ","), ("--tsv", "\t")])
def test_rows_have_a_header_and_metadata(index: Index, option: str, delimiter: str) -> None:
    """CSV and TSV have a header, a row a line, and the metadata in columns of their own; scores only where asked."""
    header, row = ctxsearch("concordance", index.path, "angler", option).stdout.splitlines()
    fields = "key score left node right form lemma document_id start end p_same pos source metadata.genre metadata.year"
    assert header == delimiter.join(fields.split())
    values = "angler:3||An |angler| sat on the bank of the river. He ate bread.|angler|angler|angler|3|9||||novel|1953"
    assert row == values.replace("|", delimiter)


def test_like_moves_away_from_unlike(index: Index) -> None:
    """The lines of `like` are near its keys, without these, nearest first; --unlike, --min-score and --all steer."""
    near = keys(ctxsearch("like", index.path, "reeds:18", "-k", "2", "--json"))
    assert set(near) == {"angler:21", "rowing:18"}
    rows = ctxsearch("like", index.path, "reeds:18", "--unlike", "loan:4", "--all", "--json").stdout.splitlines()
    scores = [json.loads(row)["score"] for row in rows]
    assert len(rows) == 8
    assert scores == sorted(scores, reverse=True)
    some = ctxsearch("like", index.path, "reeds:18", "--unlike", "loan:4", "--min-score", str(scores[3]), "--json")
    assert some.stdout.splitlines() == rows[:4]
    assert keys(ctxsearch("like", index.path, "reeds:18", "--any-word", "--form", "river", "-k", "1", "--json"))


def test_a_language_without_a_dictionary_is_told(tmp_path: Path) -> None:
    """So is a model that has learnt from another; one that is named by a word, and not by its code, is refused."""
    (tmp_path / "a.txt").write_text("Die Häuser.\n", encoding="utf-8")
    for language, is_told in (("en", False), ("de", False), ("zh", True)):
        result = ctxsearch("index", tmp_path / language, tmp_path / "a.txt", "--language", language)
        assert result.returncode == 0
        assert (
            f"There is no dictionary of '{language}': words are filed as they are written" in result.stderr
        ) is is_told
        assert ("all-MiniLM-L6-v2 has learnt from English" in result.stderr) is (language != "en")
    result = ctxsearch("index", tmp_path / "german", tmp_path / "a.txt", "--language", "german")
    assert "Error: 'german' is not a language code; give one such as 'en', 'de' or 'pt-BR'." in result.stderr
    assert not (tmp_path / "german").exists()


def test_lines_are_shown_as_they_are_written(make_index: MakeIndex) -> None:
    """A soft hyphen is not shown, what joins letters is, and where the width is said to be 0 there are lines."""
    index = make_index(
        [Document("a", "They sat on the ri\u00adver bank. \u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u062f")]
    )
    for columns in ("0", "80"):
        (line,) = ctxsearch("concordance", index.path, "river", env={"COLUMNS": columns}).stdout.splitlines()
        assert "on the [river] bank. \u0645\u06cc\u200c\u062e" in line


def test_context_is_words_or_the_sentence(index: Index) -> None:
    """--context takes a number of words, which may reach over the sentence, or the sentence."""
    lines = [
        json.loads(ctxsearch("concordance", index.path, "river", "--json", "-k", "1", "--context", context).stdout)
        for context in ("0", "2", "sentence")
    ]
    assert [line["left"] + line["node"] + line["right"] for line in lines] == [
        "river.",
        "of the river. The oars",
        "They rowed to the bank of the river.",
    ]


def test_sentences_are_printed_whole(make_index: MakeIndex) -> None:
    """What asks for whole sentences prints them whole, however long; words on either side are cut to fit."""
    before, after = "On a grey morning in late autumn " * 6, " where the willows stood" * 6
    sentence = f"{before}they rowed to the bank{after}."
    index = make_index([Document("a", f"{sentence} It was cold.")])
    marked = sentence.replace("bank", "[bank]")
    for options in (["--context", "sentence"], ["--good"]):
        (line,) = ctxsearch("concordance", index.path, "bank", *options).stdout.splitlines()
        assert line.endswith(f"a:{sentence.index('bank')}  {marked}")
    (line,) = ctxsearch("like", index.path, f"a:{sentence.index('willow')}", "-k", "1").stdout.splitlines()
    assert "…" in line
    assert len(line) <= 120
    (cut,) = ctxsearch("concordance", index.path, "bank", "--good", "--context", "2").stdout.splitlines()
    assert cut.split("  ")[-1].strip() == "to the [bank] where the"


def test_closed_output_is_no_error(index: Index) -> None:
    """Whoever closes standard output, or error, does not want to see it."""
    for closed in (">&-", "2>&-", ">&- 2>&-"):
        for command in (
            f"concordance {index.path} bank --count",
            f"info {index.path}",
            f"concordance {index.path} bank --csv",
        ):
            result = subprocess.run(
                f"{SHELL} {command} {closed}", shell=True, capture_output=True, text=True, check=False
            )
            assert (result.returncode, result.stderr) == (0, "")


def test_no_line_is_told_and_no_error(index: Index) -> None:
    """Where no line meets the conditions that is said on standard error, and the exit code is 0."""
    both = ["--where", "genre=news", "--where", "year<1950"]
    result = ctxsearch("concordance", index.path, "bank", *both)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "No line meets the conditions.\n")


def test_condition_that_no_document_meets_is_told(index: Index, sample: Index) -> None:
    """Where nothing is found for it, every command names it, and what there is instead; the exit code stays 0."""
    genres = "No document meets 'genre=nwes'; of genre there are: novel (4), news (3), nature (1).\n"
    asked = ["--where", "genre=nwes", "--where", "year<1950"]
    for command, *word in (
        ("concordance", "bank"),
        ("like", "tea:4"),
        ("collocations", "bank"),
        ("examples", "bank"),
    ):
        result = ctxsearch(command, index.path, *word, *asked)
        assert (result.returncode, result.stdout, result.stderr) == (0, "", genres)
    result = ctxsearch("concordance", index.path, "bank", "--count", *asked)
    assert (result.returncode, result.stdout, result.stderr) == (0, "0\n", genres)
    result = ctxsearch("concordance", index.path, "bank", "--by", "form", *asked)
    assert (result.returncode, result.stdout.split()[:2], result.stderr) == (0, ["form", "count"], genres)
    assert len(result.stdout.splitlines()) == 1
    result = ctxsearch("concordance", index.path, "bank", "--where", 'genre="news"')
    assert result.stderr.endswith("nature (1). Write the value without quotation marks.\n")
    result = ctxsearch("remove", index.path, *asked)
    assert (result.returncode, result.stderr) == (0, f"{genres}{index.path}: removed 0 documents.\n")
    for command, word, printed in (
        ("query", "They rowed to the [bank].", ""),
        ("induce", "bank", "bank: 0 lines in 0 groups\n"),
    ):
        result = ctxsearch(command, sample.path, word, "--where", "genre=nwes")
        assert (result.returncode, result.stdout) == (0, printed)
        assert result.stderr.startswith("No document meets 'genre=nwes'; of genre there are: ")


def test_info_says_what_an_index_holds(index: Index) -> None:
    """Info prints counts and settings, as lines for people or as one JSON object."""
    content = json.loads(ctxsearch("info", index.path, "--json").stdout)
    assert (content["documents"], content["shards"], content["settings"]["model"]) == (9, 1, "window")
    lines = dict(re.split(" {2,}", line) for line in ctxsearch("info", index.path).stdout.splitlines())
    assert (lines["documents"], lines["words"], lines["codec"]) == ("9", f"{content['words']:,}", "fp16")
    assert (lines["unfinished"], content["unfinished"]) == ("no", False)
    idle = ctxsearch("compact", index.path)
    assert re.fullmatch(r".*: 1 shard, [\d.]+ kB; nothing to join or to leave out\.\n", idle.stderr)


def test_index_goes_by_its_name(make_index: MakeIndex, tmp_path: Path) -> None:
    """A bare name means a folder under $CTXSEARCH_INDEXES, or else under indexes/."""
    make_index([Document("a", "They sat on the bank.")], path=tmp_path / "indexes" / "mine")
    here = ctxsearch("concordance", "mine", "bank", cwd=tmp_path)
    there = ctxsearch("concordance", "mine", "bank", env={"CTXSEARCH_INDEXES": str(tmp_path / "indexes")})
    assert here.stdout == there.stdout == "a:16  They sat on the [bank].\n"


def test_reader_that_goes_away_is_no_error(make_index: MakeIndex) -> None:
    """When the reader of the lines has seen enough, as `head` has, the command ends in silence."""
    index = make_index([Document("a", "They sat on the bank of the river. " * 5_000)])
    for option in ("", "--json", "--csv"):
        command = f"{SHELL} concordance {index.path} bank {option} | head -1"
        result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
        assert result.stdout.count("\n") == 1
        assert result.stderr == ""


# ------------------------------------------------------------------------------------ what cannot be, told


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("concordance INDEX bnak", r"does not have the word 'bnak'\. Nearest: bank\."),
        ("concordance INDEX xylophone", r"does not have the word 'xylophone'\.$"),
        ("concordance INDEX bank --form BANK", "'BANK'"),
        ("concordance INDEX bank --where yaer>1990", r"no document has the column 'yaer'; there are: .*genre.* year"),
        ("concordance INDEX bank --where year", r"filter 'year' cannot be read; write COLUMN OPERATOR VALUE"),
        ("concordance INDEX bank --where >=1990", "filter '>=1990' cannot be read"),
        ("like INDEX bank", r"no occurrence 'bank': .* a key is DOCUMENT_ID:START"),
        ("like INDEX loan:x", "no occurrence 'loan:x'"),
        ("like INDEX nowhere:4", "the index has no document 'nowhere'"),
        ("like INDEX loan:5", "no occurrence 'loan:5': no word begins there"),
        ("like INDEX loan:4 --unlike loan:99", "no occurrence 'loan:99'"),
        ("query INDEX bank", "no word is marked; .* one word in brackets"),
        ("query INDEX [river]_[bank]", "2 words are marked"),
        ("query INDEX The_[river_bank].", "more than one word, 'river' and 'bank'; mark one of them"),
        ("query INDEX [a_b_c_d_e]", r"'a b c d e' is more than one word, 'a', 'b', 'c', 'd' and 'e'; mark"),
        ("query INDEX [a_b_c_d_e_f]", r"'a b c d e f' is more than one word, 'a', 'b', 'c', 'd', 'e', \.\.\.; mark"),
        (f"query INDEX {'x' * 999}[y]", rf"'y' is part of the word '{'x' * 60}…'; mark the whole word\.$"),
        ("query INDEX ri[ver]", r"part of the word 'river'; mark the whole word"),
        ("query INDEX The_[].", "brackets are empty"),
        ("query INDEX The_[...].", "no word in what is marked"),
        ("query INDEX The_[bank.", "brackets do not pair"),
        ("query INDEX The_[bnak].", r"does not have the word 'bnak'\. Nearest: bank\."),
        ("query INDEX The_[bank]. --where yaer=1", "no document has the column 'yaer'"),
        ("info FOLDER/none", r"there is no index at .*none; indexes found: mine, yours\. make one with"),
        (
            "concordance INDEX river_bank",
            r"does not have the word 'river bank'\. Ask for one word at a time; .*--cql '\"river\" \"bank\"'\.$",
        ),
        ("concordance INDEX bank --where year_=>_1990", r"filter 'year => 1990' cannot be read; write COLUMN OPERATOR"),
        ("query none [bank]", r"indexes found: mine, yours\."),
        ("pieces word --model FOLDER", "holds no config.json"),
        ("pieces word --model FOLDER/none", "there is no such folder"),
        ("pieces word --language e/n", "'e/n' is not a language code"),
    ],
)
def test_what_cannot_be_is_one_sentence(index: Index, tmp_path: Path, arguments: str, message: str) -> None:
    """A question that cannot be answered is one sentence on standard error that says why, and exit code 1."""
    for name in ("mine", "yours"):
        shutil.copytree(index.path, tmp_path / "all" / name)
    named = {"INDEX": str(index.path), "FOLDER": str(tmp_path), "FOLDER/none": str(tmp_path / "none")}
    words = [named.get(word, word.replace("_", " ")) for word in arguments.split()]
    result = ctxsearch(*words, env={"CTXSEARCH_INDEXES": str(tmp_path / "all")})
    assert re.search(message, told(result).rstrip("\n"), re.IGNORECASE), result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("", "Usage: ctxsearch"),
        ("nonsense", "No such command 'nonsense'"),
        ("query --nonsense", "No such option: --nonsense"),
        ("query INDEX", "Missing argument 'SENTENCE'"),
        ("like INDEX", "Missing argument 'KEY'"),
        ("query INDEX [bank] -k 0", "Invalid value for '-k'"),
        ("query INDEX [bank] --min-score high", "Invalid value for '--min-score'"),
        ("concordance INDEX bank --json --csv", "Choose one of --json, --csv and --tsv"),
        ("like INDEX loan:4 --tsv --csv", "Choose one of --json, --csv and --tsv"),
        ("concordance INDEX bank --context many", "'many' is neither a number of words nor 'sentence'"),
        ("concordance INDEX bank --context -1", "'-1' is neither a number of words nor 'sentence'"),
        ("concordance INDEX bank --sample 0", "Invalid value for '--sample'"),
        ("query INDEX [bank] -k 3 --all", "Error: Choose one of -k and --all.\n"),
        ("like INDEX loan:4 --all -k 20", "Error: Choose one of -k and --all.\n"),
        (
            "concordance INDEX bank --seed 0",
            "Error: --seed draws a sample; say with --sample or --per-document how many lines.\n",
        ),
        *(
            (f"concordance INDEX bank --count {option}", f"leave out {option.partition(' ')[0]}.\n")
            for option in ("--sample 2", "--seed 0", "--limit 3", "--context 10", "--sort corpus", "--json", "--csv")
        ),
        ("concordance INDEX bank --count --form banks -k 1 --json", "Error: --count prints a number alone; leave out"),
        ("index INDEX --repair --replace --model a", "adds nothing; leave out --model and --replace.\n"),
        (f"index INDEX {__file__} --glob *.txt", "Error: --glob chooses among the files of a folder or a .zip, and"),
        ("remove INDEX", "Error: Say which documents to remove"),
        ("remove INDEX --missing-ok", "Error: Say which documents to remove"),
        ("index INDEX", "Missing argument 'SOURCE'"),
        ("index INDEX SOURCE --shard-tokens 0", "Invalid value for '--shard-tokens'"),
        ("index INDEX SOURCE --window wide", "Invalid value for '--window'"),
        ("embed none.jsonl out.npy", "'none.jsonl' does not exist"),
    ],
)
def test_wrong_command_line_is_exit_code_2(index: Index, arguments: str, message: str) -> None:
    """A command line that is wrong in itself is exit code 2, with a hint on standard error and nothing else."""
    result = ctxsearch(*(word.replace("INDEX", str(index.path)) for word in arguments.split()))
    assert (result.returncode, result.stdout) == (2, "")
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_remove_reads_ids_from_a_file(index: Index, tmp_path: Path) -> None:
    """A file of ids has one a line; a byte order mark, line ends of Windows and blank lines are no part of one."""
    ids = tmp_path / "ids.txt"
    ids.write_bytes("\ufefftea\r\n\r\nloan".encode())
    result = ctxsearch("remove", index.path, "--from", ids)
    assert (result.returncode, result.stderr) == (0, f"{index.path}: removed 2 documents.\n")
    ids.write_bytes(b"rates\ncaf\xe9\n")
    message = f"Error: {ids}, line 2: byte 0xe9 at offset 9 is not utf-8. Save the file as UTF-8.\n"
    assert told(ctxsearch("remove", index.path, "--from", ids)) == message
    ids.write_text("\n")
    result = ctxsearch("remove", index.path, "--from", ids)
    assert (result.returncode, result.stderr) == (0, f"{ids} names no document; nothing was removed.\n")
    assert json.loads(ctxsearch("info", index.path, "--json").stdout)["documents"] == 7


def test_index_of_newer_format_is_told(index: Index) -> None:
    """An index of a newer ctxsearch is not read, and the versions are named."""
    path = index.path / "ctxsearch.json"
    path.write_text(path.read_text().replace('"format_version": 4', '"format_version": 5'))
    result = ctxsearch("concordance", index.path, "bank")
    assert "has format version 5, and this ctxsearch reads up to 4; install a newer ctxsearch" in told(result)


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (["--layers", "sum:1-2"], "layers last, not sum:1-2"),
        (["--codec", "sq8"], "codec fp16, not sq8"),
        (["--pooling", "first"], "pooling mean, not first"),
        (["--window", "64"], "window 128, not 64"),
        (["--language", "de"], "language en, not de"),
        (["--punctuation"], "punctuation"),
        (["--model", "all-MiniLM-L6-v2"], "model window, not all-MiniLM-L6-v2"),
    ],
)
def test_options_that_contradict_the_index_are_told(
    index: Index, tmp_path: Path, options: list[str], names: str
) -> None:
    """An option of `index` that differs from what the index was made with is refused, and both are named."""
    (tmp_path / "a.txt").write_text("The bank.")
    before = ctxsearch("concordance", index.path, "bank").stdout
    result = ctxsearch("index", index.path, tmp_path / "a.txt", *options)
    assert f"was made with {names}" in told(result)
    assert ctxsearch("concordance", index.path, "bank").stdout == before


# ------------------------------------------------------------------------------------ help


def test_list_of_commands_has_whole_sentences() -> None:
    """No sentence about a command breaks off."""
    listed = ctxsearch("--help").stdout.partition("Commands:")[2]
    assert "give back the space of what was removed. verify" in " ".join(listed.split())
    assert not re.search(r"\w\.\.\.$", listed, re.MULTILINE)


def commands() -> list[str]:
    """Every command that the help lists."""
    return re.findall(r"^ {2}([a-z]+) {2,}\S", ctxsearch("--help").stdout.partition("Commands:")[2], re.MULTILINE)


def test_every_command_has_help_and_its_place_in_the_readme() -> None:
    """Each command says what it does, what each argument and option is, and the README shows it and an example."""
    assert {"index", "query", "like", "concordance", "pieces", "embed", "info"} <= set(commands())
    for command in commands():
        result = ctxsearch(command, "--help")
        assert (result.returncode, result.stderr) == (0, "")
        usage, description, *_ = result.stdout.strip().split("\n\n")
        assert usage.startswith(f"Usage: ctxsearch {command} ")
        assert re.match(r" {2}[A-Z].{20,}", description), command
        assert "..." not in usage.replace("]...", "").replace("}...", "")
        assert ctxsearch(command, "-h").stdout == result.stdout
        assert f"$ ctxsearch {command} --help" in README
        # An entry without a description would end after its type.
        assert not re.search(r"^ {2}\S.*>\s*$\n {2}\S", result.stdout, re.MULTILINE), command


# ------------------------------------------------------------------------------------ with the real model


def test_every_link_within_the_readme_leads_to_a_part_of_it() -> None:
    """A list of parts that names one by a name that it no longer has leads nowhere."""
    titles = re.findall(r"^#+ (.*)$", README, re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in titles}
    links = re.findall(r"\]\(#([^)]*)\)", README)
    assert len(links) > 10
    assert set(links) <= anchors


class Library(NamedTuple):
    """A corpus of every kind of file, and an index of it that the command line made with the default model."""

    corpus: Path
    index: Path
    made: subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """The library; tests leave it as it is."""
    home = tmp_path_factory.mktemp("library")
    corpus = home / "corpus"
    (corpus / "letters").mkdir(parents=True)
    (corpus / "letters" / "1912.txt").write_text("We moored the boat at the bank of the river.\n")
    (corpus / "old.txt.gz").write_bytes(gzip.compress(b"Willows lined the muddy banks of the stream."))
    (corpus / "metadata.csv").write_text("id,year,genre\nletters/1912.txt,1912,letter\nold.txt,1890,novel\n")
    (corpus / "loans.jsonl").write_text(
        '{"id": "loan", "text": "The bank refused him a loan.", "metadata": {"year": 1998}}\n'
    )
    (corpus / "rows.csv").write_text('id,year,text\nsavings,2001,"Every savings bank, they said, lent money."\n')
    (corpus / "rows.tsv").write_text("id\tyear\ttext\nrates\t2002\tThe bank raised its rates.\n")
    (corpus / "odd.txt").write_bytes(
        "A nul\x00byte, zero\u200bwidth \u200b, 👩‍👩‍👧 and 🏦; שלום עולם, على ضفة النهر. The end".encode()
    )
    (corpus / "empty.txt").write_text("")
    (corpus / "cover.jpeg").write_bytes(b"\xff\xd8")
    return Library(corpus, home / "index", ctxsearch("index", home / "index", corpus, "--dtype", "fp32"))


@pytest.fixture
def copy(library: Library, tmp_path: Path) -> Path:
    """A copy of the library's index, to be changed."""
    return Path(shutil.copytree(library.index, tmp_path / "copy"))


def answers(index: Path) -> str:
    """What an index knows of banks."""
    result = ctxsearch("concordance", index, "bank", "--csv")
    assert result.returncode == 0, result
    return result.stdout


def test_every_kind_of_file_is_indexed(library: Library) -> None:
    """Text, gzip, JSONL, CSV and TSV of a folder become documents with their metadata, and the report says so."""
    assert (library.made.returncode, library.made.stdout) == (0, "")
    first, *rest = library.made.stderr.splitlines()
    assert re.fullmatch(
        rf"{library.index}: 6 documents, 49 words added in \d+\.\d s \([\d,]+ words/s, [\d,]+ bytes/word\)\.", first
    )
    assert rest[:2] == ["Skipped 1 document: empty.", "Empty: empty.txt."]
    assert "cover.jpeg" in rest[2]
    lines = ctxsearch("concordance", library.index, "bank", "--json").stdout.splitlines()
    assert [(line["key"], line["metadata"]) for line in map(json.loads, lines)] == [
        ("letters/1912.txt:26", {"genre": "letter", "year": 1912}),
        ("loan:4", {"year": 1998}),
        ("old.txt:24", {"genre": "novel", "year": 1890}),
        ("savings:14", {"year": 2001}),
        ("rates:4", {"year": 2002}),
    ]


@pytest.mark.parametrize("word", ["nul", "byte", "zero", "width", "שלום", "עולם", "ضفة", "النهر", "end"])
def test_words_among_strange_characters_are_found(library: Library, word: str) -> None:
    """NUL, zero-width characters, emoji and text from right to left are kept, and the words beside them are found."""
    (line,) = ctxsearch("concordance", library.index, word, "--json", "--context", "99").stdout.splitlines()
    content = json.loads(line)
    text = (library.corpus / "odd.txt").read_text()
    assert content["left"] + content["node"] + content["right"] in text
    assert text[content["start"] : content["end"]] == content["node"] == word
    table = ctxsearch("concordance", library.index, word, "--context", "99").stdout
    assert f"[{word}]" in table
    assert "\x00" not in table


def test_same_query_gives_same_bytes(library: Library) -> None:
    """Results alone go to standard output, nearest first, and the same query gives the same bytes."""
    ask = ("query", library.index, "They rowed to the [bank] of the river.", "--dtype", "fp32")
    first, second = ctxsearch(*ask, "--csv"), ctxsearch(*ask, "--csv")
    assert first.stdout == second.stdout
    assert first.stderr == ""
    assert first.stdout.splitlines()[1].startswith("letters/1912.txt:26,0.9")
    chosen = ctxsearch(*ask, "--where", "year>1990", "--form", "bank", "--min-score", "0.1", "--json")
    assert set(keys(chosen)) == {"loan:4", "rates:4", "savings:14"}


def test_known_documents_are_refused_without_replace(copy: Path, tmp_path: Path) -> None:
    """A document whose id is there is left as it is with exit code 1; with --replace the new one takes its place."""
    before = answers(copy)
    source = tmp_path / "more.jsonl"
    source.write_text('{"id": "loan", "text": "A bank burst."}\n{"id": "new", "text": "A new bank."}\n')
    refused = ctxsearch("index", copy, source)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert (
        "Error: refused 1 document whose id is there with another text or metadata: loan. Give --replace"
        in refused.stderr
    )
    assert answers(copy).startswith(before)
    replaced = ctxsearch("index", copy, source, "--replace")
    assert replaced.returncode == 0
    assert "Replaced 1 document." in replaced.stderr
    assert "unchanged" in replaced.stderr
    assert keys(ctxsearch("concordance", copy, "bank", "--json"))[-2:] == ["new:6", "loan:2"]
    source.write_text('{"id": "loan", "text": ""}\n')
    emptied = ctxsearch("index", copy, source, "--replace")
    assert "Removed 1 document, in whose place an empty text came." in emptied.stderr
    assert not re.search("^(Replaced|Skipped)", emptied.stderr, re.MULTILINE)
    assert keys(ctxsearch("concordance", copy, "bank", "--json"))[-1] == "new:6"


def test_bad_records_are_skipped_and_counted(copy: Path, tmp_path: Path) -> None:
    """With --skip-bad each bad record is named and passed over, and the good ones beside it are there."""
    source = tmp_path / "mixed.jsonl"
    source.write_bytes(b'{"id": "one", "text": "A bank."}\n{"id": broken\n\xff\n{"id": "two", "text": "Two banks."}\n')
    result = ctxsearch("index", copy, source, "--skip-bad")
    assert result.returncode == 0
    assert re.findall(r"^Skipped: .*, (line \d)", result.stderr, re.MULTILINE) == ["line 2", "line 3"]
    assert "Skipped 2 bad records." in result.stderr
    assert keys(ctxsearch("concordance", copy, "bank", "--json"))[-2:] == ["one:2", "two:4"]


def test_metadata_about_no_file_is_told(copy: Path, tmp_path: Path) -> None:
    """Rows of a metadata table that name no text file are told with their number and the first names."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("A bank.")
    rows = "".join(f"{name}.txt,1912\n" for name in "abcdefg")
    (tmp_path / "in" / "metadata.csv").write_text(f"id,year\n{rows}")
    told_at_end = "Passed over 6 rows of metadata about no text file: b.txt, c.txt, d.txt, e.txt, f.txt, ...\n"
    for _ in range(2):
        result = ctxsearch("index", copy, tmp_path / "in")
        assert (result.returncode, result.stderr.splitlines(keepends=True)[-1]) == (0, told_at_end)


def test_columns_and_encoding_can_be_said(copy: Path, tmp_path: Path) -> None:
    """--text-column, --id-column, --encoding and --glob say how to read."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "t.csv").write_bytes("nr,body,place\n7,The café by the bank.,Zürich\n".encode("latin-1"))
    (tmp_path / "in" / "t.txt").write_text("Not this bank.")
    options = ["--text-column", "body", "--id-column", "nr", "--encoding", "latin-1", "--glob", "*.csv"]
    assert ctxsearch("index", copy, tmp_path / "in", *options).returncode == 0
    last = ctxsearch("concordance", copy, "bank", "--json").stdout.splitlines()[-1]
    assert (json.loads(last)["key"], json.loads(last)["metadata"]) == ("7:16", {"place": "Zürich"})


@pytest.mark.parametrize(
    ("name", "content", "options", "message"),
    [
        ("b.jsonl", b'{"id": broken\n', [], r"b.jsonl, line 1: the line is not JSON"),
        ("b.jsonl", b'\n{"id": "x"}\n', [], r"b.jsonl, line 2: there is no field 'text' .* the fields are: 'id'"),
        (
            "b.txt",
            b"A caf\xe9.",
            [],
            r"b.txt: byte 0xe9 at offset 5 is not utf-8\. Read it in a run of its own with --encoding cp1252",
        ),
        ("b.csv", b"id,body\na,b\n", [], r"b.csv: there is no column 'text' .* are: id, body\. .*--text-column"),
        ("b.csv", b"text\na,b\n", [], r"b.csv, line 2: the row has 2 cells, and the header 1"),
        ("b.txt.gz", b"no gzip", [], r"b.txt.gz: it is not a whole gzip file"),
        ("b.txt", b"a", ["--encoding", "klingon"], "'klingon': there is no such encoding"),
        ("b.conllu", b"1\ta\n", [], r"b.conllu, line 1: the line has 2 cells, and a word of CoNLL-U has 10"),
        ("b.vrt", b"a\tb\n", [], r"b.vrt, line 1: the line has 2 cells.* --columns word,pos\.$"),
        ("b.vrt", b"a\tb\n", ["--columns", "pos,lemma"], "'pos,lemma': none of them is the word"),
        ("b.xml", b"<a/>", [], r"b.xml, line 1: its root is <a>.* ctxsearch senses import INDEX FILE"),
        ("b.zip", b"a", [], r"b.zip: it is not a whole zip archive"),
        ("b.doc", b"a", [], r"b.doc: its ending does not say how to read it\. The known endings are: \.txt"),
        ("b/b.doc", b"a", [], r"b: it holds no file to read\. The known endings are"),
        ("b/b.txt", b"a", ["--glob", "*.csv"], r"b: it holds no file to read that matches \*\.csv"),
        ("", b"", [], "b.txt: there is no such file or folder"),
    ],
)
def test_source_that_cannot_be_read_is_told(
    copy: Path, tmp_path: Path, name: str, content: bytes, options: list[str], message: str
) -> None:
    """What cannot be read is named with its place and a way out, and the index answers as before."""
    before = answers(copy)
    if name:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    source = tmp_path / (name.partition("/")[0] or "b.txt")
    assert re.search(message, told(ctxsearch("index", copy, source, *options)))
    assert answers(copy) == before


def test_mended_source_goes_on(copy: Path, tmp_path: Path) -> None:
    """What was read before a broken line is kept, and once that is mended the same command goes on from there."""
    good = '{"id": "one", "text": "A bank."}\n{"id": "two", "text": "Two banks."}\n'
    (tmp_path / "b.jsonl").write_text(good + "broken\n")
    assert "b.jsonl, line 3" in told(ctxsearch("index", copy, tmp_path / "b.jsonl"))
    assert keys(ctxsearch("concordance", copy, "bank", "--json"))[-2:] == ["one:2", "two:4"]
    (tmp_path / "b.jsonl").write_text(good + '{"id": "three", "text": "Three banks."}\n')
    mended = ctxsearch("index", copy, tmp_path / "b.jsonl")
    assert mended.returncode == 0
    assert "Passed over 2 documents already there, unchanged." in mended.stderr
    assert keys(ctxsearch("concordance", copy, "bank", "--json"))[-3:] == ["one:2", "two:4", "three:6"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--layers sum:5-7", "layers 'sum:5-7' do not fit a model with layers 0 to 6"),
        ("--layers first", "layers 'first' cannot be read; write last, sum:9-12"),
        ("--codec zip", "no codec 'zip'; use fp16, sq8, sq6, sq4"),
        ("--pooling max", "no pooling 'max'; use mean"),
        ("--window 3", "window 3 does not fit all-MiniLM-L6-v2: it takes 4 to 512 pieces"),
        ("--window 513", "window 513 does not fit all-MiniLM-L6-v2: it takes 4 to 512 pieces"),
        ("--language 12", "'12' is not a language code; give one such as 'en'"),
        ("--device gpu", "There is no device 'gpu'; use auto, cpu, cuda"),
        ("--device cuda:99", "'cuda:99'"),
        ("--dtype int8", "no type 'int8'; use bf16, fp16, fp32"),
        ("--model FOLDER", "holds no safetensors weights; convert them with save_pretrained"),
        ("--model FOLDER/none", "there is no such folder"),
    ],
)
def test_impossible_settings_make_no_index(library: Library, tmp_path: Path, options: str, message: str) -> None:
    """A setting that is unknown or does not fit the model is told with what would, and no index is made."""
    (tmp_path / "config.json").write_text("{}")
    words = options.replace("FOLDER", str(tmp_path)).split()
    result = ctxsearch("index", tmp_path / "new", library.corpus, *words, env={"HF_HUB_OFFLINE": "1"})
    assert message in told(result)
    assert not (tmp_path / "new").exists()


def test_settings_are_those_asked_for(library: Library, tmp_path: Path) -> None:
    """The options of `index` become the settings of a new index, and may be given again when it is added to."""
    asked = {"layers": "concat:1,5-6", "pooling": "first", "window": "64", "language": "de", "codec": "sq8"}
    options = [word for name, value in asked.items() for word in (f"--{name}", value)]
    command = ("index", tmp_path / "index", library.corpus / "rows.csv", *options, "--punctuation")
    assert ctxsearch(*command).returncode == 0
    settings = json.loads(ctxsearch("info", tmp_path / "index", "--json").stdout)["settings"]
    assert {name: str(settings[name]) for name in asked} == asked
    assert (settings["punctuation"], settings["dimension"]) == (True, 3 * 384)
    assert ctxsearch("concordance", tmp_path / "index", ",", "--count").stdout == "2\n"
    assert "already there, unchanged" in ctxsearch(*command).stderr


def test_unknown_model_is_told(library: Library, tmp_path: Path) -> None:
    """A model that is neither a folder nor on this machine nor to be fetched is told with what would do."""
    result = ctxsearch("index", tmp_path / "new", library.corpus, "--model", "no/model", env={"HF_HUB_OFFLINE": "1"})
    assert "The model no/model cannot be used: it is no folder, not in the Hugging Face cache" in told(result)


def test_other_model_under_the_same_name_is_told(library: Library, tmp_path: Path) -> None:
    """Where the model's files are no longer those that the index was made with, both digests are named."""
    model = tmp_path / "model"
    model.mkdir()
    for path in locate_model("all-MiniLM-L6-v2").iterdir():
        (model / path.name).symlink_to(path)
    assert ctxsearch("index", tmp_path / "new", library.corpus / "rows.csv", "--model", model).returncode == 0
    (model / "eval_results.json").write_text("{}")
    assert ctxsearch("query", tmp_path / "new", "The [bank].").returncode == 0
    digest = json.loads(ctxsearch("info", tmp_path / "new", "--json").stdout)["settings"]["model_digest"]
    config = (model / "config.json").read_bytes()
    (model / "config.json").unlink()
    (model / "config.json").write_bytes(config + b" ")
    query = "query", tmp_path / "new", "The [bank]."
    # The export that the index was given goes on answering; a machine without it asks for the model.
    assert ctxsearch(*query).returncode == 0
    without = {"CTXSEARCH_CACHE": str(tmp_path / "empty")}
    for command in (query, ("index", tmp_path / "new", library.corpus)):
        assert re.search(rf"model \({digest[:12]}\), not .* \(\w{{12}}\)", told(ctxsearch(*command, env=without)))


def test_damaged_part_is_made_again(copy: Path, library: Library) -> None:
    """`index --repair` takes out what is damaged and makes it again from the same sources, and from no others."""
    before = answers(copy)
    (path,) = copy.glob("shard-*/vectors.dat")
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert ctxsearch("verify", copy).returncode == 1
    assert "verify" in told(ctxsearch("concordance", copy, "bank"))
    repaired = ctxsearch("index", copy, library.corpus, "--repair")
    assert repaired.returncode == 0
    assert f"Damaged: {path}: its content is not what was written." in repaired.stderr
    assert answers(copy) == before
    assert ctxsearch("verify", copy).returncode == 0
    again = ctxsearch("index", copy, library.corpus, "--repair")
    assert re.search(r": 0 documents, 0 words added in \d+\.\d s\.\n", again.stderr)
    assert "No document is lost; nothing has to be made again." in again.stderr
    assert answers(copy) == before


def test_one_writer_at_a_time(copy: Path, library: Library) -> None:
    """While another process writes to the index that is told, with the process to wait for."""
    from ctxsearch.lock import writer_lock

    with writer_lock(copy):
        assert f"is being written by process {os.getpid()}; " in told(ctxsearch("index", copy, library.corpus))


# ------------------------------------------------------------------------------------ trouble on the way


def many(path: Path, documents: int, words: int = 400) -> Path:
    """A JSONL file of documents about banks."""
    sentences = " ".join(["The bank lent money to the town again."] * (words // 8))
    path.write_text("".join(f'{{"id": "m{n}", "text": "{sentences}"}}\n' for n in range(documents)))
    return path


@pytest.mark.parametrize("size", [0, 300, 5_000, 50_000, 80_000])
def test_full_disk_is_told_and_costs_nothing(copy: Path, tmp_path: Path, size: int) -> None:
    """On a full disk `index` ends with one sentence, old answers stay, and the same command works with room."""
    before = answers(copy)
    source = many(tmp_path / "many.jsonl", 2)
    error = told(ctxsearch("index", copy, source, file_size=size))
    assert "Nothing that was committed is lost." in error
    assert answers(copy) == before
    assert ctxsearch("index", copy, source).returncode == 0
    assert answers(copy).startswith(before)
    assert answers(copy).count("\n") == before.count("\n") + 100


def test_ctrl_c_stops_at_the_last_commit(tmp_path: Path) -> None:
    """Ctrl-C is exit code 130 and says how to go on; the index answers, and the same command goes on from there."""
    command = ("index", tmp_path / "index", many(tmp_path / "many.jsonl", 200), "--shard-tokens", "2000")
    with Running(*command) as running:
        while not list(tmp_path.glob("index/commit-*.json")):
            time.sleep(0.01)
        running.interrupt()
        stopped = running.wait()
    assert (stopped.returncode, stopped.stdout) == (130, "")
    assert re.fullmatch(
        "Stopped\\. .* is as of its last commit; give the same command again to go on.\n", stopped.stderr
    )
    known = json.loads(ctxsearch("info", tmp_path / "index", "--json").stdout)
    assert known["unfinished"]
    assert 0 < known["documents"] < 200
    assert ctxsearch("concordance", tmp_path / "index", "bank", "--count").stdout == f"{known['documents'] * 50}\n"
    many(tmp_path / "many.jsonl", known["documents"] + 3)  # what follows need not be long
    resumed = ctxsearch(*command)
    assert resumed.returncode == 0
    assert f"Passed over {known['documents']} documents already there, unchanged." in resumed.stderr
    known = json.loads(ctxsearch("info", tmp_path / "index", "--json").stdout)
    assert not known["unfinished"]


@pytest.mark.parametrize(
    ("content", "code", "told"),
    [
        ("", 0, "There was nothing to index, and so no index mine was made.\n"),
        ('{"id": "a"}', 1, "a.jsonl, line 1: there is no field 'text' for the text"),
        ('{"id": "a", "text": " "}', 0, "Skipped 1 document: empty.\nEmpty: a.\nThere was nothing to index"),
    ],
)
def test_a_first_run_that_commits_nothing_leaves_nothing(tmp_path: Path, content: str, code: int, told: str) -> None:
    """There is no index then, neither its folder nor the one above it, and the next command says so."""
    (tmp_path / "a.jsonl").write_text(content)
    result = ctxsearch("index", "mine", "a.jsonl", "--codec", "fp16", cwd=tmp_path)
    assert (result.returncode, told in result.stderr) == (code, True), result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["a.jsonl"]
    assert "There is no index at" in ctxsearch("info", "mine", cwd=tmp_path).stderr


def test_ctrl_c_before_the_first_commit_leaves_nothing(tmp_path: Path) -> None:
    """What was told by options is forgotten with it, and the folder that was there is as it was."""
    (tmp_path / "index").mkdir()
    (tmp_path / "index" / "notes").write_text("kept")
    with Running("index", tmp_path / "index", many(tmp_path / "many.jsonl", 200), "--codec", "fp16") as running:
        while not (tmp_path / "index" / ".tmp-shard").exists():
            time.sleep(0.01)
        running.interrupt()
        stopped = running.wait()
    assert (stopped.returncode, stopped.stdout) == (130, "")
    assert stopped.stderr == "Stopped, before anything was committed; give the same command again to begin anew.\n"
    assert [path.name for path in (tmp_path / "index").iterdir()] == ["notes"]


@pytest.fixture
def terminal() -> Iterator[tuple[str, Callable[[], str]]]:
    """The name of a pseudo-terminal, and a function that closes it and gives what was written to it."""
    master, slave = pty.openpty()
    written = bytearray()

    def read() -> None:
        while True:
            try:
                written.extend(os.read(master, 1 << 16))
            except OSError:  # how Linux says that nobody has the terminal open any more
                return

    thread = Thread(target=read)
    thread.start()

    def close() -> str:
        os.close(slave)
        thread.join()
        return written.decode()

    yield os.ttyname(slave), close
    os.close(master)


def test_interruption_at_the_start() -> None:
    """Ctrl-C is the same while the program is still being read."""
    program = (
        "import sys; from ctxsearch.__main__ import run\n"
        "class Pressed:\n"
        "    def find_spec(self, name, *others):\n"
        "        if name == 'typer': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Pressed()); run()"
    )
    stopped = subprocess.run([sys.executable, "-c", program, "demo"], capture_output=True, text=True, check=False)
    assert (stopped.returncode, stopped.stdout, stopped.stderr) == (130, "", "Stopped.\n")


def test_interruption_begins_a_line_of_its_own(
    monkeypatch: pytest.MonkeyPatch, terminal: tuple[str, Callable[[], str]]
) -> None:
    """On a terminal that shows half a line of results, all that there is of it comes first, and then its end."""
    name, written = terminal

    def half_a_line() -> None:
        print("half a line", end="")
        raise KeyboardInterrupt

    with open(name, "w") as out, open(name, "w") as err:
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(sys, "stderr", err)
        with pytest.raises(typer.Exit):
            console.told(half_a_line)()
        monkeypatch.undo()
    assert written() == "half a line\r\nStopped.\r\n"


def test_bar_is_drawn_on_a_terminal_only(tmp_path: Path, terminal: tuple[str, Callable[[], str]]) -> None:
    """On a terminal a bar shows words and words/s and is then wiped out; standard output has nothing of it."""
    name, written = terminal
    source = many(tmp_path / "many.jsonl", 3)
    variables = {"TERM": "xterm", "COLUMNS": "100"}
    with Running("index", tmp_path / "seen", source, "--shard-tokens", "400", env=variables, terminal=name) as running:
        result = running.wait()
    shown = written()
    assert (result.returncode, result.stdout) == (0, "")
    assert re.search(r"indexing .*━.*%.* [\d,]+ words .*[\d,]+ words/s", shown)
    assert "3 documents" in shown.rpartition("\x1b[2K")[2]
    piped = ctxsearch("index", tmp_path / "unseen", source, env=variables)
    assert piped.stderr.count("\n") == 1
    assert not {"━", "\r", "\x1b"} & set(piped.stderr)


def test_very_long_lines_take_little_memory(tmp_path: Path) -> None:
    """A line of 50 MB, even of a single word, is indexed, and one over the limit is told; memory stays in bounds."""
    giant = '{"id": "giant", "text": "The bank ' + "x" * 50_000_000 + ' of the river."}\n'
    (tmp_path / "giant.jsonl").write_text(giant + '{"id": "over", "text": "' + " " * 100_000_000 + '"}\n')
    with Running("index", tmp_path / "index", tmp_path / "giant.jsonl") as running:
        error = told(running.wait())
    assert "giant.jsonl, line 2: it has more than 100,000,000 characters, too many for one document. Cut it" in error
    assert running.peak < 2.5e9
    for word, key in (("bank", "giant:4"), ("river", "giant:50000017")):
        line = ctxsearch("concordance", tmp_path / "index", word).stdout
        assert line.startswith(key)
        assert f"[{word}]" in line
        assert len(line) < 200


# ------------------------------------------------------------------------------------ pieces and embed


def test_pieces_shows_which_pieces_make_a_word() -> None:
    """A piece has its offsets, its word's number or a dash, and what the tokenizer calls it, under a header."""
    lines = ctxsearch("pieces", "I am the walrus.").stdout.splitlines()
    assert lines[0] == " start    end  word  piece"
    assert [line.split() for line in lines[-3:]] == [
        ["9", "12", "3", "wal"],
        ["12", "15", "3", "##rus"],
        ["15", "16", "-", "."],
    ]
    objects = [json.loads(line) for line in ctxsearch("pieces", "I am the walrus.", "--json").stdout.splitlines()]
    assert objects[3:5] == [
        {"piece": "wal", "start": 9, "end": 12, "token": 3},
        {"piece": "##rus", "start": 12, "end": 15, "token": 3},
    ]


def test_embed_writes_unit_vectors(library: Library, tmp_path: Path) -> None:
    """Embed writes a row of float32 of unit length for each usage, in order; as the index's own with --index."""
    source = tmp_path / "usages.jsonl"
    source.write_text(
        '"We moored the boat at the [bank] of the river."\n\n'
        '{"text": "We moored the boat at the bank of the river.", "start": 26, "end": 30}\n'
        '{"text": "The [bank] refused him a loan."}\n'
    )
    made = []
    for options in (["--index", str(library.index)], ["--force"], ["--force", "--layers", "concat:5-6"]):
        result = ctxsearch("embed", source, tmp_path / "out.npy", "--dtype", "fp32", *options)
        assert (result.returncode, result.stdout) == (0, "")
        made.append(np.load(tmp_path / "out.npy", allow_pickle=False))
        assert result.stderr.endswith(f"out.npy: 3 vectors of {made[-1].shape[1]} dimensions.\n")
    assert [vectors.shape for vectors in made] == [(3, 96), (3, 96), (3, 768)]
    assert {vectors.dtype for vectors in made} == {np.dtype(np.float32)}
    for vectors in made:
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
        np.testing.assert_allclose(vectors[0], vectors[1], atol=1e-5)
    np.testing.assert_array_equal(made[0], made[1])
    assert made[0][0] @ made[0][2] < 0.9
    before = (tmp_path / "out.npy").read_bytes()
    assert "out.npy already; give another name, or --force." in told(ctxsearch("embed", source, tmp_path / "out.npy"))
    assert (tmp_path / "out.npy").read_bytes() == before


@pytest.mark.parametrize(
    "command", ["export INDEX - bank --format csv", "backup INDEX -", "embed INDEX/ctxsearch.json -"]
)
def test_files_are_written_not_printed(library: Library, tmp_path: Path, command: str) -> None:
    """`-` means standard output elsewhere: no file of that name is written."""
    result = ctxsearch(*command.replace("INDEX", str(library.index)).split(), cwd=tmp_path)
    assert result.returncode == 2
    assert result.stderr.endswith("Error: Name a file to write; this is not printed.\n")
    assert not list(tmp_path.iterdir())


def test_embed_takes_a_byte_order_mark_as_what_it_is(tmp_path: Path) -> None:
    """A byte order mark before the first usage is no part of it."""
    (tmp_path / "usages.jsonl").write_bytes('\ufeff"The [bank] refused him a loan."\r\n'.encode())
    assert ctxsearch("embed", tmp_path / "usages.jsonl", tmp_path / "out.npy").returncode == 0


@pytest.mark.parametrize("line", ["nonsense", "[1]", "5", '{"start": 0, "end": 3}', '{"text": "a", "start": null}'])
def test_embed_names_the_broken_line(tmp_path: Path, line: str) -> None:
    """A line that is no usage is told with file and number, and no vectors are written."""
    (tmp_path / "usages.jsonl").write_text(f'"The [bank]."\n\n{line}\n')
    result = ctxsearch("embed", tmp_path / "usages.jsonl", tmp_path / "out.npy")
    assert "usages.jsonl, line 3: this is neither a string nor an object with text, start and end" in told(result)
    assert not (tmp_path / "out.npy").exists()


# ------------------------------------------------------------------------------------------ faults told in full


def test_full_disk_is_told_by_embed(tmp_path: Path) -> None:
    """Vectors that do not fit onto the disk are told, and no half of a file is left."""
    (tmp_path / "usages.jsonl").write_text('"The [bank]."\n')
    error = told(ctxsearch("embed", tmp_path / "usages.jsonl", tmp_path / "out.npy", file_size=500))
    assert error == f"Error: {tmp_path / 'out.npy'}: File too large.\n"
    assert [path.name for path in tmp_path.iterdir()] == ["usages.jsonl"]


def test_failed_embed_keeps_the_vectors_that_were_there(tmp_path: Path) -> None:
    """A file of vectors is replaced whole, or stays."""
    (tmp_path / "usages.jsonl").write_text('"The [bank]."\n')
    np.save(tmp_path / "out.npy", np.ones(3))
    ctxsearch("embed", tmp_path / "usages.jsonl", tmp_path / "out.npy", "--force", file_size=500)
    assert np.load(tmp_path / "out.npy").tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b'"no word is marked"', "line 2"),
        (b'"[two] [words]"', "line 2"),
        (b'{"text": "The bank.", "start": 4, "end": 99}', "line 2"),
        (b'{"text": "The bank.", "start": 4, "end": 6}', "line 2"),
        (b'"The caf\xe9 [bank]."', "line 2"),
        (b"[" * 100_000, "line 2"),
    ],
)
def test_embed_names_the_line_of_every_fault(tmp_path: Path, line: bytes, message: str) -> None:
    """Whatever is wrong with a line of `embed`, its file and number are told."""
    (tmp_path / "usages.jsonl").write_bytes(b'"The [bank]."\n' + line + b"\n")
    error = told(ctxsearch("embed", tmp_path / "usages.jsonl", tmp_path / "out.npy"))
    assert f"usages.jsonl, {message}" in error
    assert re.search(r"[^.'][.]\n$", error)


@pytest.mark.parametrize("options", [["--layers", "sum:1-2"], ["--pooling", "first"], ["--model", "/none"]])
def test_embed_refuses_what_contradicts_the_index(library: Library, tmp_path: Path, options: list[str]) -> None:
    """An option of `embed` that the index was not made with is refused, not passed over."""
    (tmp_path / "usages.jsonl").write_text('"The [bank]."\n')
    command = ("embed", tmp_path / "usages.jsonl", tmp_path / "out.npy", "--index", library.index, *options)
    assert "was made with" in told(ctxsearch(*command))


def test_embed_tells_a_missing_folder(tmp_path: Path) -> None:
    """The message of a file that cannot be written speaks of that file, not of commits."""
    (tmp_path / "usages.jsonl").write_text('"The [bank]."\n')
    error = told(ctxsearch("embed", tmp_path / "usages.jsonl", tmp_path / "none" / "out.npy"))
    assert "committed" not in error
    assert "Errno" not in error


def test_embed_replaces_no_device_and_not_its_source(tmp_path: Path) -> None:
    """What is no plain file, /dev/null say, is not replaced by one; nor is what is read."""
    os.mkfifo(tmp_path / "pipe")
    source = tmp_path / "usages.jsonl"
    source.write_text('"The [bank]."\n')
    assert "pipe is no plain file" in told(ctxsearch("embed", source, tmp_path / "pipe"))
    assert (tmp_path / "pipe").is_fifo()
    assert "is the file to read; name another" in told(ctxsearch("embed", source, source, "--force"))
    assert source.read_text() == '"The [bank]."\n'


@pytest.mark.parametrize("option", ["", "--json", "--csv"])
def test_reader_that_goes_away_is_exit_code_0(make_index: MakeIndex, option: str) -> None:
    """`| head` does not make the command fail: exit code 1 is for an error that was told."""
    index = make_index([Document("a", "They sat on the bank of the river. " * 5_000)])
    command = f"{SHELL} concordance {index.path} bank {option} | head -1 >/dev/null; echo ${{PIPESTATUS[0]}}"
    result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert result.stdout == "0\n"


def test_empty_name_makes_no_index_of_the_working_folder(library: Library, tmp_path: Path) -> None:
    """An empty name (an unset variable of a shell, most likely) is refused."""
    result = ctxsearch("index", "", library.corpus, cwd=tmp_path)
    assert (result.returncode, list(tmp_path.iterdir())) == (1, [])


def test_no_number_is_no_score(index: Index) -> None:
    """A min-score that no cosine has is told, and is no empty answer."""
    for wrong in ("nan", "2.0", "-1.1"):
        told = ctxsearch("like", index.path, "loan:4", "--min-score", wrong)
        assert (told.returncode, told.stderr) == (1, f"Error: A score is a number from -1 to 1, and {wrong} is none.\n")


def test_form_that_the_word_does_not_have_is_told_as_such(index: Index) -> None:
    """Where the corpus has the word, and the form alone is missing, that is what is said."""
    error = told(ctxsearch("concordance", index.path, "bank", "--form", "river"))
    assert "does not have the word 'river'" not in error


def test_argument_that_is_no_unicode_is_told(index: Index) -> None:
    """Bytes of the command line that are no UTF-8 give a word that is not there, not an error of a codec."""
    assert "codec" not in told(ctxsearch("concordance", index.path, "b\udcffnk"))


def test_failed_first_run_leaves_no_index(tmp_path: Path) -> None:
    """An index of which not one document could be read is not listed among those found."""
    (tmp_path / "b.jsonl").write_text("broken\n")
    variables = {"CTXSEARCH_INDEXES": str(tmp_path / "all")}
    told(ctxsearch("index", "mine", tmp_path / "b.jsonl", env=variables))
    assert "indexes found: mine" not in told(ctxsearch("info", "yours", env=variables))


def test_index_on_a_file_is_told(library: Library, tmp_path: Path) -> None:
    """A name that is taken by a file is told in words."""
    (tmp_path / "file").write_text("")
    assert "Errno" not in told(ctxsearch("index", tmp_path / "file", library.corpus))


def test_broken_off_source_says_what_was_kept(copy: Path, tmp_path: Path) -> None:
    """Where a broken line ends a run, the message says that what came before is kept, and how to go on."""
    (tmp_path / "b.jsonl").write_text('{"id": "good", "text": "A bank."}\nbroken\n')
    error = told(ctxsearch("index", copy, tmp_path / "b.jsonl"))
    assert json.loads(ctxsearch("info", copy, "--json").stdout)["unfinished"]
    assert error.endswith(
        "What came before it is added. Mend it, or pass over what is bad with --skip-bad; then give the same command"
        " again.\n"
    )
    again = ctxsearch("index", copy, tmp_path / "b.jsonl", "--skip-bad")
    assert (again.returncode, "Skipped 1 bad record." in again.stderr) == (0, True)


def test_model_without_a_name_is_told(library: Library, tmp_path: Path) -> None:
    """An empty --model is no model, not the default one."""
    told(ctxsearch("index", tmp_path / "index", library.corpus, "--model", ""))


def test_verbose_says_what_runs_the_model(library: Library) -> None:
    """Standard error has what answers, and in which way; the results are the same, and alone without it."""
    ask = ("query", library.index, "They rowed to the [bank] of the river.", "--dtype", "fp32", "--json")
    plain, told_more = ctxsearch(*ask), ctxsearch("--verbose", *ask)
    assert plain.stdout == told_more.stdout != ""
    assert plain.stderr == ""
    assert f"{library.index}: commit 1 is open; shards: 1." in told_more.stderr.splitlines()
    assert re.search(
        r"^all-MiniLM-L6-v2 is run by torch \S+ on cpu in float32, [\d,]+ pieces a batch", told_more.stderr, re.M
    )


def test_verbose_says_what_is_committed(copy: Path, tmp_path: Path) -> None:
    """Commits of a run are told with --verbose, and so are shards that were joined, and what was cleared away."""
    (tmp_path / "more.txt").write_text("A bank burst.")
    assert "\nCommit 2: 3 words in this run.\n" in ctxsearch("-v", "index", copy, tmp_path / "more.txt").stderr
    joined = ctxsearch("-v", "compact", copy).stderr
    assert "Commit 3: shards joined: 2; occurrences left of them: 52.\n" in joined
    assert joined.count(": no commit needs it.\n") == 2


def test_verbose_alone_is_no_command() -> None:
    """Without a command there is nothing to tell of."""
    result = ctxsearch("--verbose")
    assert (result.returncode, result.stdout) == (2, "")
    assert "Missing command." in result.stderr


def test_no_command_lets_a_corpus_write_to_the_terminal(make_index: MakeIndex) -> None:
    """What is printed for people has a blank for each control character, in one row; what is for programs is exact."""
    odd = "a\x1b[31m\nb"
    text = f"By the bank\x1b[31m they sat. {odd}"
    index = make_index(
        [Document(odd, text, {"genre": odd, odd: "x"}), Document("plain", "A bank lent.", {"genre": "c"})]
    )
    senses = index.senses(by="ann")
    senses.new("bank.river", definition=odd)
    senses.label("bank.river", f"{odd}:7")
    senses.note("bank.river", odd)
    commands: list[tuple[object, ...]] = [
        ("concordance", index.path, "bank"),
        ("concordance", index.path, "bank", "--by", "genre"),
        ("concordance", index.path, "bank", "--by", odd),
        ("concordance", index.path, "bank", "--where", "genre=d"),
        ("concordance", index.path, "bank", "--where", f"{odd}=d"),
        ("examples", index.path, "bank"),
        ("collocations", index.path, "bank", "--min-count", "1"),
        ("senses", "list", index.path),
        ("senses", "labels", index.path),
        ("senses", "log", index.path),
        ("info", index.path),
    ]
    for command in commands:
        result = ctxsearch(*command)
        for printed in (result.stdout, result.stderr):
            assert not {"\x1b", "\r"} & set(printed), command
    rows = ctxsearch("concordance", index.path, "bank", "--by", "genre").stdout.splitlines()
    assert [row.split("  ")[0] for row in rows] == ["genre", "a [31m b", "c"]
    assert "; of genre there are: a [31m b (1), c (1)." in ctxsearch(*commands[3]).stderr
    assert ctxsearch("senses", "labels", index.path).stdout.startswith("a [31m b:7  bank.river")
    assert json.loads(ctxsearch("senses", "labels", index.path, "--json").stdout)["key"] == f"{odd}:7"
