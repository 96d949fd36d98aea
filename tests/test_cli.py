"""The command line, run as a user runs it: each command in a process of its own."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import ctxsearch, keys, told
from conftest import MakeIndex

from ctxsearch import Document
from ctxsearch.index import Index

SHELL = f"{sys.executable} -c 'from ctxsearch.cli.main import run; run()'"


# ----------------------------------------------------------------------------------------- commands that need no model


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


def test_lines_that_are_piped_are_as_wide_as_one_asks(make_index: MakeIndex) -> None:
    """What COLUMNS says is kept to where there is no terminal, too; where it says nothing, there is more room."""
    index = make_index(
        [Document("a", f"{'They rowed there. ' * 6}They sat on the bank of it. {'They rowed back. ' * 6}")]
    )
    for columns in ("60", "80", "100"):
        (line,) = ctxsearch(
            "concordance", index.path, "bank", "--context", "30", env={"COLUMNS": columns}
        ).stdout.splitlines()
        assert int(columns) - 2 < len(line) <= int(columns)
    (line,) = ctxsearch("concordance", index.path, "bank", "--context", "30").stdout.splitlines()
    assert 118 < len(line) <= 120


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


# ------------------------------------------------------------------------------------------------ what cannot be, told


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
        ("like INDEX", "Missing argument 'KEY...'"),
        ("query INDEX [bank] -k 0", "Invalid value for '-k'"),
        ("like INDEX loan:4 --limit 0", "'--limit'"),
        ("train-head --into -", "Error: Name a file to write; this is not printed.\n"),
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


@pytest.mark.parametrize("option", ["", "--json", "--csv"])
def test_reader_that_goes_away_is_exit_code_0(make_index: MakeIndex, option: str) -> None:
    """`| head` does not make the command fail: exit code 1 is for an error that was told."""
    index = make_index([Document("a", "They sat on the bank of the river. " * 5_000)])
    command = f"{SHELL} concordance {index.path} bank {option} | head -1 >/dev/null; echo ${{PIPESTATUS[0]}}"
    result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert result.stdout == "0\n"


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
