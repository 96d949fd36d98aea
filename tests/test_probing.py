"""The evaluation of a model on labelled uses, with the real default model."""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from command_line import ctxsearch as command
from conftest import SAMPLE

import ctxsearch
from ctxsearch.analysis import Analyser
from ctxsearch.corpus import read_labels
from ctxsearch.encoder.choice import choose
from ctxsearch.encoder.layers import join_again, parse_layers
from ctxsearch.encoder.loading import count_layers
from ctxsearch.encoder.transformer import TransformerEncoder
from ctxsearch.errors import ModelError, SourceError
from ctxsearch.labelled import embed_labelled
from ctxsearch.probing import layers_to_sweep

LABELS, DOCUMENTS = SAMPLE / "labels.jsonl", SAMPLE / "documents.jsonl"


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The labelled uses of two words of the sample, one marked wrongly, one twice."""
    path = tmp_path_factory.mktemp("labels") / "few.jsonl"
    lines = [
        line
        for line in LABELS.read_text(encoding="utf-8").splitlines()
        if json.loads(line)["lemma"] in ("bank", "bark")
    ]
    first = json.loads(lines[0])
    path.write_text("\n".join([*lines, lines[1], json.dumps({**first, "end": first["start"] + 1})]), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def evaluation() -> ctxsearch.Evaluation:
    """The whole sample by the model alone, in single precision."""
    return ctxsearch.evaluate(LABELS, documents=DOCUMENTS, head="none", dtype="fp32", rounds=100)


def told(result: subprocess.CompletedProcess[str], code: int = 1) -> str:
    assert result.returncode == code, result
    assert result.stdout == ""
    return result.stderr


def test_the_head_tells_the_sample_apart_better() -> None:
    """With its head the default model ranks nearly all uses of a sense before all others, as measured."""
    found = ctxsearch.evaluate(LABELS, documents=DOCUMENTS, dtype="fp32", rounds=0)
    assert found.head == "all-MiniLM-L6-v2"
    assert found.vectors.average_precision.by_sense.value == pytest.approx(0.987, abs=0.002)
    assert found.vectors.pair_auc.value == pytest.approx(0.977, abs=0.003)
    assert found.layer_0 is not None
    assert found.layer_0.average_precision.by_sense.value < 0.6


def test_reliability_of_a_head_is_told(few: Path) -> None:
    """What the head states of pairs is compared with the labels as one would by hand; without a head nothing is."""
    found = ctxsearch.evaluate(few, documents=DOCUMENTS, dtype="fp32", rounds=0)
    labels = read_labels(few, documents=DOCUMENTS)
    head = choose("all-MiniLM-L6-v2").head
    assert head is not None
    encoder = TransformerEncoder("all-MiniLM-L6-v2", dtype="fp32", layers=head.layers, head=head)
    embedded = embed_labelled(labels, Analyser("en"), encoder)
    vectors = dict(zip(embedded.found, embedded.vectors, strict=True))
    by_bin: dict[int, list[tuple[float, float, float]]] = {}
    lemmas = sorted(set(labels.lemmas))
    for lemma in lemmas:
        own = [number for number in vectors if labels.lemmas[number] == lemma]
        pairs = list(itertools.combinations(own, 2))
        for one, other in pairs:
            stated = head.calibration.p_same(float(vectors[one] @ vectors[other]))
            same = float(labels.senses[one] == labels.senses[other])
            by_bin.setdefault(int(stated * 10), []).append((stated, same, 1 / len(pairs) / len(lemmas)))
    assert found.reliability is not None
    assert len(found.reliability.bins) == len(by_bin)
    for number, made in zip(sorted(by_bin), found.reliability.bins, strict=True):
        weight = sum(one[2] for one in by_bin[number])
        means = (sum(one[side] * one[2] for one in by_bin[number]) / weight for side in (0, 1))
        assert (made.stated, made.true, made.weight) == (
            *(pytest.approx(one, abs=0.01) for one in means),
            pytest.approx(weight, abs=0.01),
        )
    assert ctxsearch.evaluate(few, documents=DOCUMENTS, head="none", rounds=0).reliability is None


def test_the_sample_is_told_apart(evaluation: ctxsearch.Evaluation) -> None:
    """On the sample the default model ranks the uses of a sense first, as measured; without context it hardly can."""
    found, without = evaluation.vectors, evaluation.layer_0
    assert (found.uses, found.lemmas, found.senses, found.uses_left_out) == (1008, 45, 98, 0)
    assert found.average_precision.by_sense.value == pytest.approx(0.944, abs=0.002)
    assert found.precision_at_1.by_sense.value == pytest.approx(0.994, abs=0.002)
    assert without is not None
    assert without.average_precision.by_sense.value < found.chance.by_sense.value + 0.1
    assert without.same_sense_pairs == found.same_sense_pairs


def test_concatenated_layers_come_apart_again(few: Path) -> None:
    """A layer, a sum or a mean that is taken out of all layers is what the model gives when asked for it alone."""
    labels = read_labels(few, documents=DOCUMENTS)
    analyser = Analyser("en")
    every = embed_labelled(labels, analyser, TransformerEncoder("all-MiniLM-L6-v2", layers="concat:0-6", dtype="fp32"))
    for name in ("last", "sum:0", "mean:1,3-4", "concat:2,4"):
        alone = embed_labelled(labels, analyser, TransformerEncoder("all-MiniLM-L6-v2", layers=name, dtype="fp32"))
        joined = join_again(every.vectors, range(7), parse_layers(name, 6))
        joined /= np.linalg.norm(joined, axis=1, keepdims=True)
        assert np.abs(joined - alone.vectors).max() < 1e-5, name


def test_layers_of_a_model_are_counted() -> None:
    """The number of layers is read without the weights; a model that is not there is an error."""
    assert count_layers("all-MiniLM-L6-v2") == 6
    with pytest.raises(ModelError):
        count_layers("/nowhere/at/all")
    assert layers_to_sweep(12)[-3:] == ["sum:9-12", "sum:5-8", "sum:1-12"]
    assert layers_to_sweep(1) == ["sum:0", "last"]


def test_settings_that_do_not_fit_are_refused(few: Path) -> None:
    """Layers that the model lacks, and too few uses of a lemma, are told before anything is embedded."""
    with pytest.raises(ValueError, match="do not fit a model with layers 0 to 6"):
        ctxsearch.evaluate(few, documents=DOCUMENTS, layers="sum:7")
    with pytest.raises(ValueError, match="At least 3 uses"):
        ctxsearch.evaluate(few, documents=DOCUMENTS, per_lemma=2)


def test_command_prints_a_table(few: Path) -> None:
    """The first line says what was measured, on how much; what was left out is told; all of it twice the same."""
    options = ("evaluate", few, "--documents", DOCUMENTS, "--dtype", "fp32", "--rounds", "50", "--per-lemma", "12")
    result = command(*options)
    assert result.returncode == 0, result
    assert result.stderr == ""
    lines = result.stdout.splitlines()
    assert lines[0].startswith("How well all-MiniLM-L6-v2 (layers last, head all-MiniLM-L6-v2) tells senses apart: ")
    assert "Left out: 1 use that had come before, just so." in lines
    assert any(line.startswith("average precision") for line in lines)
    assert any(line.startswith("by taking the most frequent sense") for line in lines)
    assert any(" that were not drawn." in line for line in lines)
    assert command(*options).stdout == result.stdout


def test_command_prints_one_object(few: Path) -> None:
    """With --json, what the library returns is one JSON object; a part of a word is left out, and counted."""
    result = command("evaluate", few, "--documents", DOCUMENTS, "--dtype", "fp32", "--json", "--per-lemma", "0")
    assert result.returncode == 0, result
    made = json.loads(result.stdout)
    expected = ctxsearch.evaluate(few, documents=DOCUMENTS, dtype="fp32", per_lemma=None)
    assert made == json.loads(json.dumps(asdict(expected)))
    assert made["uses_repeated"] == 1
    assert made["uses_without_vector"] == {"the span is a part of a word": 1}
    assert made["vectors"]["average_precision"]["by_sense"]["low"] <= 1


def test_an_inventory_is_measured_as_a_file_of_the_same_uses(
    sample: ctxsearch.Index, few: Path, tmp_path: Path
) -> None:
    """With --senses, the labels are those of the index's inventory, and the model and the head are the index's."""
    uses = {line: json.loads(line) for line in few.read_text(encoding="utf-8").splitlines()}
    with ctxsearch.Index.open(shutil.copytree(sample.path, tmp_path / "sample")) as index:
        senses = index.senses(by="anna")
        keys = {line.key: line.end for word in ("bank", "bark") for line in index.concordance(word)}
        own = {
            line: use for line, use in uses.items() if keys.get(f"{use['document_id']}:{use['start']}") == use["end"]
        }
        for name in sorted({use["sense"] for use in own.values()}):
            senses.new(name)
            senses.label(name, [f"{use['document_id']}:{use['start']}" for use in own.values() if use["sense"] == name])
        (tmp_path / "own.jsonl").write_text("\n".join(own), encoding="utf-8")
        expected = ctxsearch.evaluate(tmp_path / "own.jsonl", documents=DOCUMENTS, dtype="fp32")
        result = command("evaluate", "--senses", index.path, "--dtype", "fp32", "--json")
        assert result.returncode == 0, result
        made = json.loads(result.stdout)
        assert made["head"] == "all-MiniLM-L6-v2"
        assert made["labels"].endswith("senses.sqlite")
        assert made["vectors"] == json.loads(json.dumps(asdict(expected.vectors)))
        with pytest.raises(ValueError, match="The uses of an inventory are in its index, and have no split"):
            ctxsearch.evaluate(senses=index.path, split="test")
    assert "Give either a file of labelled uses, or --senses INDEX." in told(command("evaluate"), 2)
    assert "the index says the rest; leave out --sweep." in told(
        command("evaluate", "--senses", tmp_path / "sample", "--sweep"), 2
    )


def test_sweep_measures_every_layer(few: Path) -> None:
    """A sweep has a row for each layer and each sum, and gives each what it gets alone."""
    options = ("--documents", DOCUMENTS, "--dtype", "fp32", "--rounds", "0", "--sweep")
    table = command("evaluate", few, *options).stdout.splitlines()
    rows = [line.split()[0] for line in table if line.startswith(("sum:", "last"))]
    assert rows == layers_to_sweep(6)
    swept = json.loads(command("evaluate", few, *options, "--json").stdout)["sweep"]
    assert [one["layers"] for one in swept] == rows
    alone = ctxsearch.evaluate(few, documents=DOCUMENTS, dtype="fp32", rounds=0, layers="sum:3")
    value = swept[3]["vectors"]["average_precision"]["by_sense"]["value"]
    assert value == pytest.approx(alone.vectors.average_precision.by_sense.value, abs=1e-6)
    assert swept[0]["layer_0"] is None


def test_nothing_to_measure_is_one_sentence(tmp_path: Path) -> None:
    """A set in which no word has two uses of one sense and another is refused, before a model is loaded."""
    path = tmp_path / "labels.jsonl"
    path.write_text('{"text": "The bank lent.", "start": 4, "end": 8, "lemma": "bank", "sense": "money"}')
    assert told(command("evaluate", path, "--model", "/nowhere")) == (
        f"Error: {path}: nothing can be measured: it takes a lemma that has two uses of one sense and a use of another,"
        " and none of 1 has.\n"
    )
    # Nor does it help that three lines could be, if their words had vectors.
    use = {"text": "The bank lent.", "start": 3, "end": 4, "lemma": "bank"}
    senses = ("a", "a", "b")
    lines = [
        json.dumps({**use, "text": f"The bank lent {number}.", "sense": sense}) for number, sense in enumerate(senses)
    ]
    path.write_text("\n".join(lines))
    with pytest.raises(SourceError, match="3 of 3 uses have no vector, and of the rest nothing can be measured"):
        ctxsearch.evaluate(path)


def test_wrong_commands_are_told(few: Path, tmp_path: Path) -> None:
    """A wrong line is told with its number; options that contradict each other are a wrong command line."""
    bad = tmp_path / "bad.jsonl"
    bad.write_text("{}")
    assert told(command("evaluate", bad)) == f"Error: {bad}, line 1: the field 'start' is missing.\n"
    assert "--sweep evaluates every layer of the model itself; leave out --layers and --head." in told(
        command("evaluate", few, "--sweep", "--layers", "last"), 2
    )
    without = command("evaluate", few, "--head", "none", "--plot", tmp_path / "p.png")
    assert "--plot draws a sweep, or a head's probabilities; give --sweep, or a head." in told(without, 2)
    assert "--force replaces the file of --plot; give --plot, too." in told(command("evaluate", few, "--force"), 2)


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("d.csv", "headword,sense,definition\nbank,bank.1,land\n", "a dictionary"),
        ("l.tsv", "key\tsense\nloan:4\tbank.1\n", "a table of labels"),
        ("u.csv", "lemma\tcontext\tindexes_target_token\nbank\tThe bank.\t4:8\n", "a table of uses (DURel, WUG)"),
        ("t.conllu", "1\tbank\tbank\tNOUN\t_\t_\t_\t_\t_\t_\n", "a treebank"),
        ("d.jsonl", '{"id": "a", "text": "The bank."}\n', "documents"),
    ],
)
def test_what_are_no_labelled_uses_is_told(tmp_path: Path, name: str, content: str, what: str) -> None:
    """What the file seems to be is told with the command that takes it, whoever is to read it."""
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    for words in (("evaluate", path), ("train-head", path, "--into", tmp_path / "head.safetensors")):
        why = f"Error: {path}: it seems to be {what}, and no file of labelled uses. It is for: ctxsearch "
        assert told(command(*words)).startswith(why)
    assert not (tmp_path / "head.safetensors").exists()


def test_plot_without_matplotlib_is_one_sentence(few: Path, tmp_path: Path) -> None:
    """Where Matplotlib is not installed, that is said at once, with what installs it."""
    # A package that cannot be imported stands before any that can.
    (tmp_path / "matplotlib").mkdir()
    (tmp_path / "matplotlib" / "__init__.py").write_text("raise ImportError('not here')")
    program = (
        "import sys; sys.path.insert(0, sys.argv.pop(1)); sys.argv[0] = 'ctxsearch';"
        "from ctxsearch.cli.main import run; run()"
    )
    arguments = [sys.executable, "-c", program, str(tmp_path), "evaluate", str(few), "--sweep", "--plot", "p.png"]
    result = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert told(result) == ("Error: matplotlib is not installed; install it with: pip install 'ctxsearch[plot]'.\n")


def test_plot_is_drawn(few: Path, tmp_path: Path) -> None:
    """With Matplotlib, --plot writes a picture of the kind that its ending says."""
    options = ("--documents", DOCUMENTS, "--rounds", "20", "--sweep", "--plot", tmp_path / "sweep.svg")
    assert command("evaluate", few, *options).returncode == 0
    assert "<svg" in (tmp_path / "sweep.svg").read_text(encoding="utf-8")
    assert command("evaluate", few, *options[:-3], "--plot", tmp_path / "reliability.svg").returncode == 0
    assert "<svg" in (tmp_path / "reliability.svg").read_text(encoding="utf-8")
    there = command("evaluate", few, *options)
    assert f"There is a file {tmp_path / 'sweep.svg'} already; give another name, or --force." in told(there)
    (tmp_path / "sweep.svg").write_text("mine")
    assert command("evaluate", few, *options, "--force").returncode == 0
    assert "<svg" in (tmp_path / "sweep.svg").read_text(encoding="utf-8")
    assert "no ending of a picture" in told(command("evaluate", few, "--sweep", "--plot", tmp_path / "sweep.doc"))
