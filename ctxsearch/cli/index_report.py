"""What the command line says of a run that added documents."""

from __future__ import annotations

import shlex

import typer

import ctxsearch
from ctxsearch.cli.console import counted, first_names, say


def tell_report(name: str, report: ctxsearch.IndexReport, corpus: ctxsearch.Corpus) -> None:
    """Says what came of a run.

    Raises:
        typer.Exit: documents were refused.
    """
    speed = ""
    if report.words:
        # Of a small corpus, to load the model takes most of the time, and says nothing of a large one.
        seconds = report.seconds - report.stages.get("load", 0.0)
        speed = f" ({report.words / seconds:,.0f} words/s, {report.bytes / report.words:,.0f} bytes/word)"
    say(
        f"{name}: {counted(report.documents, 'document')}, {counted(report.words, 'word')} added"
        f" in {report.seconds:.1f} s{speed}."
    )
    if report.unchanged:
        say(f"Passed over {counted(report.unchanged, 'document')} already there, unchanged.")
    if report.replaced:
        say(f"Replaced {counted(report.replaced, 'document')}.")
    if report.removed:
        say(f"Removed {counted(report.removed, 'document')}, in whose place an empty text came.")
    if report.bared_count:
        names = first_names(report.bared, report.bared_count)
        say(
            f"{counted(report.bared_count, 'replaced document')} had metadata before, and none now: {names} Those of a"
            " text file come from the table in its folder: to have them again, give the folder with --replace, and"
            " --glob for some of its files."
        )
    _tell_displaced(name, report)
    for reason, count in report.skipped.items():
        say(f"Skipped {counted(count, 'document')}: {reason}.")
    if report.empty:
        say(f"Empty: {first_names(report.empty, report.skipped['empty'])}")
    if corpus.skipped:
        say(f"Skipped {counted(corpus.skipped, 'bad record')}.")
    if corpus.unread_count:
        names = first_names(corpus.unread, corpus.unread_count)
        say(f"Passed over {counted(corpus.unread_count, 'file')} of unknown kinds: {names}")
    if corpus.in_utf8_count:
        names = first_names(corpus.in_utf8, corpus.in_utf8_count)
        say(
            f"{counted(corpus.in_utf8_count, 'file')} in UTF-8, by the look, but read in another encoding: {names} If"
            " so, give the same source again without --encoding, with --replace, and of a folder with --glob FILE."
        )
    if corpus.unmatched_count:
        names = first_names(corpus.unmatched, corpus.unmatched_count)
        say(f"Passed over {counted(corpus.unmatched_count, 'row')} of metadata about no text file: {names}")
    if report.without_vector:
        say(f"{counted(report.without_vector, 'word')} without a vector: the model has no piece for them.")
    if report.unknown:
        say(f"{counted(report.unknown, 'word')} unknown to the model: the vectors tell of the words beside them alone.")
    if report.repeated_count:
        names = first_names(report.repeated, report.repeated_count)
        say(
            f"Error: refused {counted(report.repeated_count, 'document')} whose id had come before, with another text"
            f" or metadata: {names}"
        )
    if report.refused_count:
        names = first_names(report.refused, report.refused_count)
        say(
            f"Error: refused {counted(report.refused_count, 'document')} whose id is there with another text or"
            f" metadata: {names} Give --replace to put the new ones in their place."
        )
    if report.repeated_count or report.refused_count:
        raise typer.Exit(1)


def _tell_displaced(name: str, report: ctxsearch.IndexReport) -> None:
    """Says which labels stand elsewhere since documents were replaced, and what to do about them."""
    if count := report.moved_labels_count:
        keys = first_names(report.moved_labels, count)
        say(f"{counted(count, 'label')} in another sentence now, or one that was changed: {keys}")
    if count := report.orphaned_labels_count:
        keys = first_names(report.orphaned_labels, count)
        say(f"{counted(count, 'label')} on no word of the sense any more: {keys}")
    if report.moved_labels_count or report.orphaned_labels_count:
        listing, taking = (shlex.join(["ctxsearch", "senses", what, name]) for what in ("labels", "unlabel"))
        say(f"Labels stay under their keys. Look at them with: {listing}; take off what is wrong with: {taking} KEY...")
