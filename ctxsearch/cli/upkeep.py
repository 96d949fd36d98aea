"""The commands that keep an index in order."""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from ctxsearch.cli.console import counted, first_names, say, show
from ctxsearch.cli.nothing import say_nothing
from ctxsearch.cli.options import IndexName, Json, Where, WrongCommand, to_file
from ctxsearch.cli.progress import count_bar
from ctxsearch.errors import CtxSearchError
from ctxsearch.index import DEFAULT_SHARD_TOKENS, Index


def remove(
    index: IndexName,
    document_ids: Annotated[
        list[str] | None, typer.Argument(metavar="DOCUMENT_ID...", help="What the keys of its lines begin with.")
    ] = None,
    where: Where = None,
    from_file: Annotated[
        Path | None, typer.Option("--from", help="A file with one id a line.", exists=True, dir_okay=False)
    ] = None,
    missing_ok: Annotated[bool, typer.Option("--missing-ok", help="Pass over ids that are not there.")] = False,
    lost: Annotated[
        bool, typer.Option("--lost", help="Give up what went with damaged parts and was not made again.")
    ] = False,
) -> None:
    """Take documents out of every answer, at once.

    Their space is given back by compact.
    """
    named = list(document_ids or ())
    if not (named or where or from_file or lost):
        raise WrongCommand("Say which documents to remove: by their ids, --from, --where or --lost.")
    if where and (named or from_file):
        raise WrongCommand("Elsewhere --where narrows what is named; here choose one, the ids or --where.")
    if from_file is not None:
        from ctxsearch.corpus import read_entries

        named += [document_id for _, document_id in read_entries(from_file)]
    with Index.open(index) as opened:
        if from_file is not None and not (named or where or lost):
            say(f"{from_file} names no document; nothing was removed.")
            return
        lost_before = _lost_labels(opened)
        count = opened.remove(named, where=where or (), missing_ok=missing_ok, lost=lost)
        if not count:
            say_nothing(opened, where or ())
        gone = _lost_labels(opened) - lost_before
    say(f"{index}: removed {counted(count, 'document')}.")
    if gone:
        say(
            f"{counted(len(gone), 'labelled line')} with {'it' if count == 1 else 'them'}:"
            f" {first_names(sorted(gone), len(gone))} Labels are kept, and count again when their words are back:"
            f" {shlex.join(['ctxsearch', 'senses', 'labels', index, '--lost'])}"
        )


def _lost_labels(opened: Index) -> frozenset[str]:
    """The keys of labels whose line is not there; none where that cannot be told, for documents go all the same."""
    try:
        return frozenset(label.key for label in opened.senses().lost_labels())
    except (CtxSearchError, OSError):
        return frozenset()


def compact(
    index: IndexName,
    shard_tokens: Annotated[
        int, typer.Option(min=1, help="Join shards up to so many words, or a sixteenth of the index.")
    ] = DEFAULT_SHARD_TOKENS,
) -> None:
    """Join small shards, and give back the space of what was removed.

    Nothing is embedded again; keys and scores stay what they are.
    """
    with Index.open(index) as opened, count_bar("compacting", "words") as on_progress:
        report = opened.compact(shard_tokens=shard_tokens, on_progress=on_progress)
    if (report.shards, report.documents_dropped) == (report.shards_before, 0):
        say(f"{index}: {counted(report.shards, 'shard')}, {_size(report.bytes)}; nothing to join or to leave out.")
        return
    say(
        f"{index}: {counted(report.shards, 'shard')} in place of {report.shards_before:,}, {_size(report.bytes)}"
        f" in place of {_size(report.bytes_before)}, {counted(report.documents_dropped, 'removed document')} left out"
        f" ({report.seconds:.1f} s)."
    )


def verify(
    index: IndexName,
    quick: Annotated[bool, typer.Option("--quick", help="Look at sizes and headers only.")] = False,
    as_json: Json = False,
) -> None:
    """Look for damage in every file of an index.

    The exit code is 1 where there is any. A damaged shard is noted, and no query answers from it without a word.
    """
    with count_bar("verifying", "bytes") as on_progress:
        report = Index.verify(index, quick=quick, on_progress=on_progress)
    if as_json:
        print(json.dumps(asdict(report), ensure_ascii=False))
    else:
        for problem in report.problems:
            show(f"{problem.path}: {problem.why}. To mend it, {problem.remedy}.")
    for note in report.notes:
        say(note)
    if report.problems:
        say(f"Error: {counted(len(report.problems), 'problem')} in {index}.")
        raise typer.Exit(1)
    looked = "quick look" if quick else f"{_size(report.bytes)} read"
    say(
        f"{index} is well: {counted(report.shards, 'shard')}, {counted(report.files, 'file')}, {looked}"
        f" in {report.seconds:.1f} s."
    )


def backup(
    index: IndexName,
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="The tar file to write; it must not be there yet.", callback=to_file),
    ],
) -> None:
    """Write an index into one file, as it is now, while others read and write it."""
    with Index.open(index) as opened, count_bar("writing", "bytes") as on_progress:
        size = opened.backup(file, on_progress=on_progress)
    say(f"{file}: {index} as of commit {opened.commit}, {_size(size)}.")


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What backup wrote.", exists=True, dir_okay=False)],
    index: IndexName,
) -> None:
    """Bring a backup back as a new index, checked."""
    with Index.restore(file, index) as opened:
        info = opened.info()
    say(
        f"{info.path}: {counted(info.documents, 'document')}, {counted(info.words, 'word')},"
        f" as of commit {info.commit}."
    )


def _size(count: int) -> str:
    """A number of bytes, in the largest unit of which there is one.

    >>> _size(999), _size(68_357), _size(17_142_236), _size(1_250_000_000_000)
    ('999 bytes', '68.4 kB', '17.1 MB', '1,250.0 GB')
    """
    units = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))
    return next((f"{count / unit:,.1f} {name}" for unit, name in units if count >= unit), counted(count, "byte"))
