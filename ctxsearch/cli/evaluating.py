"""The command that evaluates a model on labelled uses."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from ctxsearch.cli.console import say
from ctxsearch.cli.evaluation_tables import print_evaluation, print_sweep
from ctxsearch.cli.goal import ForcePlot, refuse_force_alone
from ctxsearch.cli.options import Device, Dtype, HeadFile, Layers, Pooling, WrongCommand, given
from ctxsearch.cli.plotting import check_plot, plot_reliability, plot_sweep
from ctxsearch.cli.progress import stage_bar
from ctxsearch.probing import DEFAULT_PER_LEMMA, DEFAULT_ROUNDS
from ctxsearch.settings import DEFAULT_MODEL, DEFAULT_POOLING

_OF_FILE = ("--documents", "--split", "--model", "--window", "--language", "--sweep")


def evaluate(
    call: typer.Context,
    labels: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE",
            help='JSONL of labelled uses: {"text" or "document_id", "start", "end", "lemma", "sense"}.',
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    senses: Annotated[
        str | None,
        typer.Option(
            metavar="INDEX", help="Use the labels of this index's sense inventory instead, and its model and head."
        ),
    ] = None,
    documents: Annotated[
        Path | None, typer.Option(help="The documents that the uses are in, if they have no text.", exists=True)
    ] = None,
    split: Annotated[str | None, typer.Option(help="Only the uses of this split.")] = None,
    held_out: Annotated[
        bool, typer.Option("--held-out", help="Only words that train-head neither learns from nor chooses by.")
    ] = False,
    model: Annotated[str, typer.Option(help="A folder or a name.")] = DEFAULT_MODEL,
    layers: Layers = None,
    pooling: Pooling = None,
    head: HeadFile = None,
    window: Annotated[int, typer.Option(help="Pieces that the model sees at once.")] = 128,
    language: Annotated[str, typer.Option(help="By which words are cut.")] = "en",
    device: Device = None,
    dtype: Dtype = None,
    per_lemma: Annotated[
        int, typer.Option(min=0, help="Uses of a lemma at most, drawn; 0 for all.")
    ] = DEFAULT_PER_LEMMA,
    seed: Annotated[int, typer.Option(min=0, help="Of everything drawn.")] = 0,
    rounds: Annotated[
        int, typer.Option(min=0, help="Of the bootstrap that gives the intervals; 0 for none.")
    ] = DEFAULT_ROUNDS,
    sweep: Annotated[bool, typer.Option("--sweep", help="Evaluate every layer, and some sums of layers.")] = False,
    plot: Annotated[
        Path | None, typer.Option(help="Draw the sweep, or how far a head's probabilities are true.", dir_okay=False)
    ] = None,
    force: ForcePlot = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Measure how well a model tells the senses of words apart, on labelled uses."""
    if (labels is None) == (senses is None):
        raise WrongCommand("Give either a file of labelled uses, or --senses INDEX.")
    if senses is not None and (refused := [option for option in given(call) if option in _OF_FILE]):
        raise WrongCommand(f"With --senses, the index says the rest; leave out {' and '.join(refused)}.")
    if sweep and held_out:
        raise WrongCommand("--sweep chooses, and what is held out is not for choosing by; leave out --held-out.")
    if sweep and (layers is not None or head is not None):
        raise WrongCommand("--sweep evaluates every layer of the model itself; leave out --layers and --head.")
    refuse_force_alone(plot, force=force)
    if plot is not None:
        from ctxsearch.encoder.choice import choose

        if senses is None and not sweep and choose(model, head=head, layers=layers, pooling=pooling).head is None:
            raise WrongCommand("--plot draws a sweep, or a head's probabilities; give --sweep, or a head.")
        check_plot(plot, force=force)
    import ctxsearch

    with stage_bar("uses") as on_progress:
        options: dict[str, Any] = {
            "documents": documents,
            "split": split,
            "model": model,
            "window": window,
            "language": language,
            "device": device,
            "dtype": dtype,
            "per_lemma": per_lemma or None,
            "seed": seed,
            "rounds": rounds,
            "on_progress": on_progress,
        }
        if sweep:
            swept = ctxsearch.evaluate_layers(labels or "", pooling=pooling or DEFAULT_POOLING, **options)
        else:
            options["senses"] = senses
            swept = [
                ctxsearch.evaluate(labels, held_out=held_out, layers=layers, pooling=pooling, head=head, **options)
            ]
    if as_json:
        made = [asdict(one) for one in swept]
        print(json.dumps({"sweep": made} if sweep else made[0], ensure_ascii=False, allow_nan=False))
    elif sweep:
        print_sweep(swept)
    else:
        print_evaluation(swept[0])
    if plot is not None:
        if sweep:
            plot_sweep(swept, plot)
        elif swept[0].reliability is not None:
            plot_reliability(swept[0], swept[0].reliability, plot)
        else:
            say("The index has no head, so there are no probabilities to draw.")
