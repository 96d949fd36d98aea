"""The command line, run as a user runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from ctxsearch import Document
from ctxsearch.index import Index


def ctxsearch(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a command in a process of its own."""
    code = "from ctxsearch.cli.main import run; run()"
    return subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)


def test_an_unknown_index_is_one_sentence_and_exit_code_1(tmp_path: Path) -> None:
    """An index that is not there is told on standard error, and nothing is printed."""
    result = ctxsearch("concordance", str(tmp_path / "none"), "bank")
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr.startswith("Error: There is no index at")


def test_an_unknown_option_is_exit_code_2() -> None:
    """A wrong command line is exit code 2."""
    assert ctxsearch("query", "--nonsense").returncode == 2


def test_concordance_prints_json_lines(make_index: Callable[..., Index]) -> None:
    """With --json each line is one object with the fields of a concordance line."""
    index = make_index([Document("a", "They sat on the bank."), Document("b", "Two banks closed.")])
    result = ctxsearch("concordance", str(index.path), "bank", "--json")
    assert [json.loads(line)["key"] for line in result.stdout.splitlines()] == ["a:16", "b:4"]
    like = ctxsearch("like", str(index.path), "a:16", "--csv")
    assert like.stdout.splitlines()[1].startswith("b:4,")
