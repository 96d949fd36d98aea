"""The commands that keep a sense inventory; those of labels are in `ctxsearch.cli.labelling`, and beside it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from ctxsearch.cli.agreeing import agreement
from ctxsearch.cli.console import counted, first_names, say, told
from ctxsearch.cli.labelling import Keys, inventory_of, label, labels, unlabel
from ctxsearch.cli.listing import list_senses, log, shortened
from ctxsearch.cli.options import By, IndexName, WrongCommand
from ctxsearch.cli.undoing import undo_command
from ctxsearch.errors import WordNotFound
from ctxsearch.index import Index
from ctxsearch.sense import Label, Sense

SenseName = Annotated[str, typer.Argument(metavar="SENSE", help="What the sense is called, bank.river for instance.")]
Definition = Annotated[str, typer.Option(help="As a dictionary would have it.")]

app = typer.Typer(
    help="Keep a sense inventory of your own: senses, which line has which, notes; all of it logged, and undone.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def new(
    index: IndexName,
    sense_id: SenseName,
    word: Annotated[
        str | None, typer.Option(help="Whose sense it is.  [default: what stands before the first dot of its name]")
    ] = None,
    definition: Definition = "",
    by: By = None,
) -> None:
    """Make a sense."""
    with Index.open(index) as opened:
        made = opened.senses(by=by).new(sense_id, word=word, definition=definition)
        _say(made, "made")
        try:
            opened.count(made.lemma)
        except WordNotFound as error:
            # Its texts may come yet; or the word is misspelt, or is several.
            say(str(error))


def import_senses(
    index: IndexName,
    path: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="JSONL, CSV, TSV, TEI Lex-0 or WN-LMF; or a WordNet's folder.", exists=True
        ),
    ],
    words: Annotated[
        list[str] | None, typer.Option("--word", metavar="WORD", help="Only the senses of this; may be given again.")
    ] = None,
    in_corpus: Annotated[
        bool | None,
        typer.Option(
            "--in-corpus/--whole",
            help="Only the senses of words that the index has, or all.  [default: of a WordNet those, of others all]",
        ),
    ] = None,
    by: By = None,
) -> None:
    """Make the senses of a dictionary, with its example sentences.

    Of TEI, the sources of examples (bibl) and the notes are not kept.
    """
    if words and in_corpus is not None:
        raise WrongCommand("Choose one of --word and --in-corpus or --whole.")
    with inventory_of(index, by) as senses:
        report = senses.import_dictionary(path, words=words or (), in_corpus=in_corpus)
    say(f"{path}: {counted(report.senses, 'new sense')}, {counted(report.examples, 'new example')}.")
    if without := report.without_word:
        say(f"Left out {counted(len(without), 'sentence')} without the headword, {without[0][:60]!r} for instance.")
    if report.assigned:
        say(f"Left out {counted(report.assigned, 'sentence')} whose sense only the machine says.")
    if report.labelled:
        say(f"Left out {counted(report.labelled, 'sentence')} of lines that are labelled so already.")
    if kept := report.kept:
        have = "1 sense has" if len(kept) == 1 else f"{len(kept):,} senses have"
        say(
            f"{have} another definition there, and kept the one here: {first_names(kept, len(kept))} To change it:"
            f" ctxsearch senses define {shlex.quote(index)} SENSE DEFINITION"
        )
    if report.left_out:
        say(f"Left out {counted(report.left_out, 'sense')} of words that the index does not have.")
    if report.multiword:
        say(f"Passed over {counted(report.multiword, 'sense')} of headwords that are several words.")
    if report.not_found:
        say(f"{path} does not have: {', '.join(report.not_found)}.")


def define(
    index: IndexName,
    sense_id: SenseName,
    definition: Annotated[str, typer.Argument(metavar="DEFINITION", help="As a dictionary would have it.")],
    by: By = None,
) -> None:
    """Give a sense another definition."""
    with inventory_of(index, by) as senses:
        _say(senses.define(sense_id, definition), "defined")


def rename(
    index: IndexName,
    sense_id: SenseName,
    new_id: Annotated[str, typer.Argument(metavar="NEW", help="What it is to be called.")],
    by: By = None,
) -> None:
    """Give a sense another name."""
    with inventory_of(index, by) as senses:
        _say(senses.rename(sense_id, new_id), "renamed")


def note(
    index: IndexName,
    sense_id: SenseName,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What is to be noted.")],
    by: By = None,
) -> None:
    """Note something about a sense."""
    with inventory_of(index, by) as senses:
        _say(senses.note(sense_id, text), "noted")


def merge(
    index: IndexName,
    sense_id: SenseName,
    into: Annotated[str, typer.Argument(metavar="INTO", help="The sense that is to have all it has.")],
    by: By = None,
) -> None:
    """Give all that a sense has to another sense of the word."""
    with inventory_of(index, by) as senses:
        given = _labels_with(senses.labels(), sense_id)
        _say(senses.merge(sense_id, into), "merged")
        _say_others(given, senses.by, undo_command(index, by))


def split(
    index: IndexName,
    sense_id: SenseName,
    new_id: Annotated[str, typer.Argument(metavar="NEW", help="What the new sense is called.")],
    keys: Keys,
    definition: Definition = "",
    by: By = None,
) -> None:
    """Make a new sense of some lines that are labelled with this one."""
    with inventory_of(index, by) as senses:
        given = [one for one in _labels_with(senses.labels(), sense_id) if one.key in keys]
        _say(senses.split(sense_id, new_id, keys, definition=definition), "split off")
        _say_others(given, senses.by, undo_command(index, by))


def remove_sense(index: IndexName, sense_id: SenseName, by: By = None) -> None:
    """Take a sense out, with all that it has."""
    with inventory_of(index, by) as senses:
        given = _labels_with(senses.labels(), sense_id)
        senses.remove(sense_id)
        others = _of_others(given, senses.by)
    say(f"{sense_id}: removed{f', with {others}' if others else ''}. To have it back: {undo_command(index, by)}")


def undo(index: IndexName, by: By = None) -> None:
    """Undo your newest change; again, and the one before it is undone.

    It may be a change of senses, labels or notes, or of the index's subcorpora. What was undone is told.
    """
    with inventory_of(index, by) as senses:
        say(f"Undone: {shortened(senses.undo().what)}.")


def _say(sense: Sense, done: str) -> None:
    say(f"{sense.sense_id}: {done}, a sense of {sense.lemma} with {counted(sense.lines, 'line')}.")


def _labels_with(labels: Sequence[Label], sense_id: str) -> list[Label]:
    return [one for one in labels if one.sense_id == sense_id]


def _of_others(given: Sequence[Label], by: str) -> str:
    """The labels that others than one person gave, counted; or nothing."""
    people = {one.by for one in given} - {by}
    lines = {one.key for one in given if one.by != by}
    who = "1 other person" if len(people) == 1 else f"{len(people):,} other people"
    return f"the labels of {who} on {counted(len(lines), 'line')}" if people else ""


def _say_others(given: Sequence[Label], by: str, undoing: str) -> None:
    if others := _of_others(given, by):
        say(f"This changed {others}, too. To undo it: {undoing}")


for name, command in (
    ("list", list_senses),
    ("new", new),
    ("import", import_senses),
    ("define", define),
    ("rename", rename),
    ("note", note),
    ("merge", merge),
    ("split", split),
    ("remove", remove_sense),
    ("label", label),
    ("unlabel", unlabel),
    ("labels", labels),
    ("log", log),
    ("undo", undo),
    ("agreement", agreement),
):
    app.command(name, short_help=(command.__doc__ or "").partition("\n")[0])(told(command))
