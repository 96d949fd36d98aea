"""The demo: builds an index of the sample corpus, and asks it four telling questions."""

from __future__ import annotations

from importlib.resources import as_file, files

import ctxsearch
from ctxsearch.cli.console import say
from ctxsearch.cli.exporting import export_model
from ctxsearch.cli.output import Format, print_lines
from ctxsearch.cli.progress import progress_bar
from ctxsearch.errors import IndexNotFound
from ctxsearch.index import Index

QUESTIONS = (
    (
        "Two senses of a noun: the bank of a river, not the one with the money.",
        "They rowed across the river to the muddy [bank].",
    ),
    ("Two senses of a verb: to dismiss, not to shoot.", "The company [fired] half of its staff before Christmas."),
    (
        "A name against a common noun: the planet, not the metal.",
        "The probe sent back pictures of the planet [Mercury], close to the Sun.",
    ),
    ("A figurative use: a storm of protest, not of rain.", "The minister's speech raised a [storm] of criticism."),
)
_LINES = 6


def demo() -> None:
    """Build the sample index if it is not there, and ask it four questions."""
    _build_sample()
    with Index.open("sample") as index:
        export_model(index)
        for explanation, sentence in QUESTIONS:
            print(f"\n{explanation}\n$ ctxsearch query sample {sentence!r} -k {_LINES}")
            print_lines(index.query(sentence, k=_LINES), Format.TABLE)


def _build_sample() -> None:
    # In single precision, so that every machine prints the same scores.
    try:
        index = Index.open("sample", dtype="fp32")
    except IndexNotFound:
        index = Index.create("sample", dtype="fp32")
    with index, as_file(files("ctxsearch") / "sample" / "documents.jsonl") as path:
        if not index.is_new and not index.is_unfinished:
            return
        corpus = ctxsearch.read(path)
        with progress_bar(corpus) as on_progress:
            report = index.add(corpus, on_progress=on_progress)
        say(f"Built {index.path}: {report.documents:,} documents, {report.words:,} words in {report.seconds:.1f} s.")
