"""The command that learns a head."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ctxsearch.cli.console import counted, say
from ctxsearch.cli.goal import Force
from ctxsearch.cli.options import Device, WrongCommand, refuse_all_but, to_file
from ctxsearch.cli.progress import stage_bar
from ctxsearch.encoder.recipe import Recipe
from ctxsearch.learning import TrainingReport
from ctxsearch.settings import DEFAULT_MODEL

_RECIPE = Recipe()
_ALWAYS = ("--into", "--begin", "--steps", "--seed", "--licence", "--device", "--force")
_OF_TEXTS = ("--documents", "--split", "--model", "--window", "--language")


def train_head(
    call: typer.Context,
    into: Annotated[Path, typer.Option(help="The .safetensors file to write.", dir_okay=False, callback=to_file)],
    labels: Annotated[
        Path | None,
        typer.Argument(
            metavar="LABELLED",
            help='JSONL of labelled uses: {"text" or "document_id", "start", "end", "lemma", "sense"}.',
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    senses: Annotated[
        str | None, typer.Option(metavar="INDEX", help="Learn from the sense inventory of this index instead.")
    ] = None,
    begin: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="A head to go on from, or none.  [default: with --senses, the index's]"),
    ] = None,
    documents: Annotated[
        Path | None, typer.Option(help="The documents that the uses are in, if they have no text.", exists=True)
    ] = None,
    split: Annotated[str | None, typer.Option(help="Only the uses of this split.")] = None,
    model: Annotated[str, typer.Option(help="A folder or a name.")] = DEFAULT_MODEL,
    window: Annotated[int, typer.Option(help="Pieces that the model sees at once.")] = 128,
    language: Annotated[str, typer.Option(help="By which words are cut.")] = "en",
    dimension: Annotated[int, typer.Option(min=1, help="Of the vectors.")] = _RECIPE.dimension,
    rank: Annotated[
        int, typer.Option(min=0, help="Of the changes to the model's matrices; 0 for none.")
    ] = _RECIPE.rank,
    steps: Annotated[int, typer.Option(min=1, help="Batches to learn from, at most.")] = _RECIPE.steps,
    seed: Annotated[int, typer.Option(min=0, help="Draws all that is drawn.")] = _RECIPE.seed,
    licence: Annotated[str, typer.Option(help="Of the labels and texts, for the head's card.")] = "",
    device: Device = None,
    force: Force = False,
) -> None:
    """Learn a head for a model from labelled uses, so that its vectors tell senses apart.

    A tenth of the lemmas says when to stop and what scores mean, and another tenth how good the head is.
    """
    import ctxsearch

    if senses is not None:
        refuse_all_but((*_ALWAYS, "--senses"), call, "With --senses, the index says the rest")
    elif begin is not None:
        refuse_all_but((*_ALWAYS, *_OF_TEXTS), call, "A head to begin with has its own shape")
    if (labels is None) == (senses is None):
        raise WrongCommand("Give either a file of labelled uses, or --senses INDEX.")
    with stage_bar("done") as on_progress:
        report = ctxsearch.train_head(
            labels,
            into,
            senses=senses,
            begin=begin,
            documents=documents,
            split=split,
            model=model,
            window=window,
            language=language,
            licence=licence,
            device=device,
            replace=force,
            recipe=Recipe(dimension=dimension, rank=rank, steps=steps, seed=seed),
            on_progress=on_progress,
        )
    _report(report)


def _report(report: TrainingReport) -> None:
    for reason, count in report.left_out.items():
        say(f"Left out {counted(count, 'use')}: {reason}.")
    say(
        f"{report.head}: {report.bytes:,} bytes, learned from {counted(report.uses, 'use')} of"
        f" {counted(report.lemmas, 'lemma')}; best after step {report.step}."
    )
    for name, measures in (("validation", report.validation), ("test", report.test)):
        found, chance = measures.average_precision.by_lemma, measures.chance.by_lemma
        say(
            f"{name}: mean average precision {found.value:.3f} over {counted(measures.lemmas, 'lemma')} held out"
            f" (chance {chance.value:.3f}), nearest neighbour right {measures.precision_at_1.by_lemma.value:.3f}."
        )
    say(f"Probabilities are off by {report.calibration_error:.3f} in the mean.")
