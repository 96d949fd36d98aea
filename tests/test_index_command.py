"""Command index with the real model: what it reads, makes and tells, and what trouble on the way costs."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import pytest
import typer
from command_line import Running, ctxsearch, keys, told
from conftest import Library

from ctxsearch import __version__
from ctxsearch.cli import console
from ctxsearch.encoder.locate import locate_model

# ----------------------------------------------------------------------------------------------- what is read and made


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
    # Where there can be no cache the model is not exported for queries, which takes seconds.
    no_cache = {"CTXSEARCH_CACHE": str(library.corpus / "rows.csv")}
    assert ctxsearch(*command, env=no_cache).returncode == 0
    settings = json.loads(ctxsearch("info", tmp_path / "index", "--json").stdout)["settings"]
    assert {name: str(settings[name]) for name in asked} == asked
    assert (settings["punctuation"], settings["dimension"]) == (True, 3 * 384)
    assert ctxsearch("concordance", tmp_path / "index", ",", "--count").stdout == "2\n"
    assert "already there, unchanged" in ctxsearch(*command, env=no_cache).stderr


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


# -------------------------------------------------------------------------------------------------- trouble on the way


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


def test_the_process_ends_at_once_when_all_is_done() -> None:
    """Threads end, and so does what is registered for the end; objects are not given back one by one."""
    program = (
        "import atexit, sys, threading, time, types\n"
        "class Kept:\n"
        "    def __del__(self): print('given back')\n"
        "kept = Kept()\n"
        "def command():\n"
        "    atexit.register(print, 'registered')\n"
        "    threading.Thread(target=lambda: (time.sleep(0.2), print('in a thread'))).start()\n"
        "    raise SystemExit(3)\n"
        "sys.modules['ctxsearch.cli.main'] = types.SimpleNamespace(run=command)\n"
        "from ctxsearch.__main__ import run; run()"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (3, "in a thread\nregistered\n", "")


def test_what_was_registered_before_is_done_at_the_end() -> None:
    """A tool that looks on, and has registered what it does at the end before the command begins, gets to do it."""
    program = "import atexit; atexit.register(print, 'first'); from ctxsearch.__main__ import run; run()"
    ended = subprocess.run([sys.executable, "-c", program, "--version"], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, f"{__version__}\nfirst\n", "")


@pytest.mark.parametrize("arguments", [["--help"], ["like", "--help"], ["--version"]])
def test_what_cannot_be_printed_is_told(arguments: list[str]) -> None:
    """Help for a full disk ends as all else does."""
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "ctxsearch", *arguments]
        ended = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (1, "Error: No space left on device.\n")


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


def test_empty_name_makes_no_index_of_the_working_folder(library: Library, tmp_path: Path) -> None:
    """An empty name (an unset variable of a shell, most likely) is refused."""
    result = ctxsearch("index", "", library.corpus, cwd=tmp_path)
    assert (result.returncode, list(tmp_path.iterdir())) == (1, [])


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
