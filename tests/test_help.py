"""The help of every command, and its place in the README."""

from __future__ import annotations

import re
from pathlib import Path

from command_line import ctxsearch

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


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
        # Shortened it would say too little; what may be given again ends so.
        assert "..." not in re.sub(r"\.\.\.[]}]|\]\.\.\.", "", usage)
        assert ctxsearch(command, "-h").stdout == result.stdout
        assert f"$ ctxsearch {command} --help" in README
        # An entry without a description would end after its type.
        assert not re.search(r"^ {2}\S.*>\s*$\n {2}\S", result.stdout, re.MULTILINE), command


def test_every_link_within_the_readme_leads_to_a_part_of_it() -> None:
    """A list of parts that names one by a name that it no longer has leads nowhere."""
    titles = re.findall(r"^#+ (.*)$", README, re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in titles}
    links = re.findall(r"\]\(#([^)]*)\)", README)
    assert len(links) > 10
    assert set(links) <= anchors
