"""The commands that keep a sense inventory."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ctxsearch.cli.console import counted, say, told
from ctxsearch.cli.options import By, IndexName, Json, WrongCommand
from ctxsearch.errors import WordNotFound
from ctxsearch.index import Index
from ctxsearch.sense import Sense

if TYPE_CHECKING:
    from ctxsearch.senses import Senses

SenseName = Annotated[str, typer.Argument(metavar="SENSE", help="What the sense is called, bank.river for instance.")]
Keys = Annotated[list[str], typer.Argument(metavar="KEY", help="Of the lines, DOCUMENT_ID:START.")]
Word = Annotated[str | None, typer.Argument(metavar="WORD", help="Only of this word.")]
Definition = Annotated[str, typer.Option(help="As a dictionary would have it.")]

# Characters of a text that are shown in a line of the log.
_LONGEST = 80

app = typer.Typer(
    help="Keep a sense inventory of your own: senses, which line has which, notes; all of it logged, and undone.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@contextmanager
def _senses(index: str, by: str | None = None) -> Iterator[Senses]:
    with Index.open(index) as opened:
        yield opened.senses(by=by)


def list_senses(index: IndexName, word: Word = None, as_json: Json = False) -> None:
    """List the senses of a word, or all."""
    with _senses(index) as senses:
        found = senses.list(word)
        # Of several people, some may have labelled one line.
        lines = Counter(sense_id for sense_id, _ in {(label.sense_id, label.key) for label in senses.labels(word)})
    if as_json:
        for sense in found:
            print(json.dumps(asdict(sense), ensure_ascii=False))
        return
    if not found:
        of_word = "" if word is None else f" of {word!r}"
        say(f"There is no sense{of_word} yet; make one with: ctxsearch senses new.")
    width = max((len(sense.sense_id) for sense in found), default=0)
    for sense in found:
        have = counted(lines[sense.sense_id], "line")
        if sense.examples:
            have += f" and {counted(sense.examples, 'example')}"
        print(f"{sense.sense_id:<{width}}  {sense.definition or '(no definition)'}  [{have}]")
        for note in sense.notes:
            print(f"{'':<{width}}  - {note.text} ({note.by}, {note.at[:10]})")


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
    """Make the senses of a dictionary, with its example sentences."""
    if words and in_corpus is not None:
        raise WrongCommand("Choose one of --word and --in-corpus or --whole.")
    with _senses(index, by) as senses:
        report = senses.import_dictionary(path, words=words or (), in_corpus=in_corpus)
    say(f"{path}: {counted(report.senses, 'new sense')}, {counted(report.examples, 'new example')}.")
    if without := report.without_word:
        say(f"Left out {counted(len(without), 'sentence')} without the headword, {without[0][:60]!r} for instance.")
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
    with _senses(index, by) as senses:
        _say(senses.define(sense_id, definition), "defined")


def rename(
    index: IndexName,
    sense_id: SenseName,
    new_id: Annotated[str, typer.Argument(metavar="NEW", help="What it is to be called.")],
    by: By = None,
) -> None:
    """Give a sense another name."""
    with _senses(index, by) as senses:
        _say(senses.rename(sense_id, new_id), "renamed")


def note(
    index: IndexName,
    sense_id: SenseName,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What is to be noted.")],
    by: By = None,
) -> None:
    """Note something about a sense."""
    with _senses(index, by) as senses:
        _say(senses.note(sense_id, text), "noted")


def merge(
    index: IndexName,
    sense_id: SenseName,
    into: Annotated[str, typer.Argument(metavar="INTO", help="The sense that is to have all it has.")],
    by: By = None,
) -> None:
    """Give all that a sense has to another sense of the word."""
    with _senses(index, by) as senses:
        _say(senses.merge(sense_id, into), "merged")


def split(
    index: IndexName,
    sense_id: SenseName,
    new_id: Annotated[str, typer.Argument(metavar="NEW", help="What the new sense is called.")],
    keys: Keys,
    definition: Definition = "",
    by: By = None,
) -> None:
    """Make a new sense of some lines that are labelled with this one."""
    with _senses(index, by) as senses:
        _say(senses.split(sense_id, new_id, keys, definition=definition), "split off")


def remove_sense(index: IndexName, sense_id: SenseName, by: By = None) -> None:
    """Take a sense out, with all that it has."""
    with _senses(index, by) as senses:
        senses.remove(sense_id)
    say(f"{sense_id}: removed. To have it back: ctxsearch senses undo {index}.")


def label(
    index: IndexName,
    sense_id: Annotated[
        str | None, typer.Argument(metavar="SENSE", help="What the sense is called, bank.river for instance.")
    ] = None,
    keys: Annotated[
        list[str] | None, typer.Argument(metavar="KEY", help="Of the lines, DOCUMENT_ID:START; one or more.")
    ] = None,
    from_file: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="A table in which the senses are filled in, with key and sense, as export writes: .csv, .tsv, .jsonl,"
            " .xlsx, .ods.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    by: By = None,
) -> None:
    """Say that lines have a sense; or which lines have which, as a table has them."""
    if from_file is not None:
        if sense_id is not None:
            raise WrongCommand("Choose one, a sense with keys or --from.")
        with _senses(index, by) as senses:
            report = senses.label_from(from_file)
        say(
            f"{from_file}: labelled {counted(report.labelled, 'line')}"
            f"{_but(report.unchanged, 'had the label already')}{_but(report.without, 'have no sense there')}"
            f"{_but(report.several, 'have several there, and keep what they have')}."
        )
        return
    if sense_id is None or not keys:
        raise WrongCommand("Name a sense and the keys of its lines; or give a table with --from.")
    with _senses(index, by) as senses:
        before = {one.key: one.sense_id for one in senses.labels(by=senses.by)}
        changed = senses.label(sense_id, keys)
    say(f"{sense_id}: labelled {counted(changed, 'line')}{_but(len(set(keys)) - changed, 'had the label already')}.")
    if others := [f"{key} ({before[key]})" for key in dict.fromkeys(keys) if before.get(key, sense_id) != sense_id]:
        say(f"Had another label of yours: {', '.join(others)}. To have it back: ctxsearch senses undo {index}.")


def unlabel(index: IndexName, keys: Keys, by: By = None) -> None:
    """Take your labels off lines."""
    with _senses(index, by) as senses:
        changed = senses.unlabel(keys)
    say(f"Took the label off {counted(changed, 'line')}{_but(len(set(keys)) - changed, 'had none of yours')}.")


def labels(
    index: IndexName,
    word: Word = None,
    by: Annotated[str | None, typer.Option(metavar="NAME", help="Only of this person.")] = None,
    as_json: Json = False,
) -> None:
    """List which line has which sense, and who says so."""
    with _senses(index) as senses:
        found = senses.labels(word, by=by)
    if as_json:
        for one in found:
            print(json.dumps(asdict(one), ensure_ascii=False))
        return
    if not found:
        say(f"No line{'' if word is None else f' of {word!r}'} is labelled{'' if by is None else f' by {by}'}.")
    widths = [max((len(getattr(one, field)) for one in found), default=0) for field in ("key", "sense_id")]
    for one in found:
        print(f"{one.key:<{widths[0]}}  {one.sense_id:<{widths[1]}}  {one.by}, {one.at[:10]}")


def log(index: IndexName, as_json: Json = False) -> None:
    """Tell all that was ever changed, oldest first; long texts are shortened, but not with --json."""
    with _senses(index) as senses:
        found = senses.changes()
    if not found and not as_json:
        say("Nothing was ever changed.")
    for change in found:
        if as_json:
            print(json.dumps(asdict(change), ensure_ascii=False))
        else:
            undone = " (undone)" if change.undone else ""
            print(f"{change.number:>5}  {change.at}  {change.by}  {_shortened(change.what)}{undone}")


def undo(index: IndexName, by: By = None) -> None:
    """Undo your newest change; again, and the one before it is undone."""
    with _senses(index, by) as senses:
        say(f"Undone: {_shortened(senses.undo().what)}.")


def agreement(index: IndexName, word: Word = None, as_json: Json = False) -> None:
    """Compare what people have labelled: how often they agree, kappa and alpha, and where they differ."""
    with _senses(index) as senses:
        found = senses.agreement(word)
    if as_json:
        pairs = [
            {"people": list(pair), "kappa": kappa, "compared": found.compared[pair], "agreed": found.agreed[pair]}
            for pair, kappa in found.kappa.items()
        ]
        differ = [asdict(one) for one in found.disagreements]
        known = {"people": list(found.people), "occurrences": found.occurrences, "alpha": found.alpha}
        print(json.dumps({**known, "kappa": pairs, "disagreements": differ}, ensure_ascii=False))
        return
    print(f"{counted(found.occurrences, 'line')} labelled by two or more of {len(found.people)} people.")
    for pair, kappa in found.kappa.items():
        both, alike = found.compared[pair], found.agreed[pair]
        raw = f", {alike:,} of them alike ({alike / both:.1%})" if both else ""
        print(f"{' and '.join(pair)}: {counted(both, 'line')} of both{raw}; Cohen's kappa {_figure(kappa)}")
    print(f"All: Krippendorff's alpha {_figure(found.alpha)}")
    for differing in found.disagreements:
        print(f"{differing.key}  {', '.join(f'{who}: {what}' for who, what in differing.senses.items())}")


def _say(sense: Sense, done: str) -> None:
    say(f"{sense.sense_id}: {done}, a sense of {sense.lemma} with {counted(sense.labels, 'line')}.")


def _shortened(text: str) -> str:
    """As much of a text as fits on a line beside what else there is."""
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1].rstrip() + "…"


def _but(count: int, why: str) -> str:
    return f"; {count:,} {why}" if count else ""


def _figure(value: float | None) -> str:
    return "not to be had, for want of lines or of senses" if value is None else f"{value:.3f}"


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
    app.command(name, short_help=command.__doc__)(told(command))
