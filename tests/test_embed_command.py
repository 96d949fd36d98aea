"""Commands pieces and embed."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
from command_line import ctxsearch, told
from conftest import Library


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
