"""Labelled uses: how they are read, which of them are drawn, and the vectors that they get."""

from __future__ import annotations

import gzip
import json
import random
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from conftest import SAMPLE, WindowEncoder

from ctxsearch import Index, labelled
from ctxsearch.analysis import Analyser
from ctxsearch.corpus import Labels, read_labels
from ctxsearch.domain import Progress, Segment
from ctxsearch.errors import SourceError
from ctxsearch.labelled import draw, embed_labelled
from ctxsearch.protocols import Encoded

USE: dict[str, object] = {"text": "The bank lent.", "start": 4, "end": 8, "lemma": "bank", "sense": "money"}


def write(path: Path, *records: object) -> Path:
    """Writes JSONL; strings are lines as they are."""
    lines = [record if isinstance(record, str) else json.dumps(record) for record in records]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def changed(**fields: object) -> dict[str, object]:
    """The use with other fields; those that are None are left out."""
    return {name: value for name, value in {**USE, **fields}.items() if value is not None}


def wrong(path: Path, **options: str | Path) -> str:
    """The sentence that reading ends with."""
    with pytest.raises(SourceError) as caught:
        read_labels(path, **options)  # type: ignore[arg-type]
    return str(caught.value)


def labels_of(texts: Sequence[str], uses: Sequence[tuple[int, int, int]], lemma: str = "bank") -> Labels:
    numbers, starts, ends = zip(*uses, strict=True)
    senses = [f"s{number}" for number in range(len(uses))]
    return Labels("labels", texts, texts, numbers, starts, ends, [lemma] * len(uses), senses)


# ----------------------------------------------------------------------------------------------------------- reader


def test_texts_are_kept_once(tmp_path: Path) -> None:
    """Several uses in one text share it; fields that nobody asked for, and blank lines, are passed over."""
    other = changed(start=0, end=3, lemma="the", sense="article", pos="DET")
    labels = read_labels(write(tmp_path / "labels.jsonl", USE, "", other))
    assert labels.texts == ["The bank lent."]
    assert labels.text_numbers == [0, 0]
    assert (labels.starts, labels.ends) == ([4, 0], [8, 3])
    assert (labels.lemmas, labels.senses) == (["bank", "the"], ["money", "article"])


def test_the_sample_is_read_whole_also_packed(tmp_path: Path) -> None:
    """Labels beside documents give the words that they mark; both files may be packed."""
    for name in ("labels.jsonl", "documents.jsonl"):
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress((SAMPLE / name).read_bytes()))
    labels = read_labels(SAMPLE / "labels.jsonl", documents=SAMPLE / "documents.jsonl")
    assert len(labels) == 1008
    assert all(
        labels.texts[number][start:end].isalpha()
        for number, start, end in zip(labels.text_numbers, labels.starts, labels.ends, strict=True)
    )
    packed = read_labels(tmp_path / "labels.jsonl.gz", documents=tmp_path / "documents.jsonl.gz")
    assert packed.texts == labels.texts
    assert packed.senses == labels.senses


def test_uses_with_a_text_and_in_a_document_mix(tmp_path: Path) -> None:
    """A file may hold both kinds of lines, and only documents that are named are kept."""
    documents = write(tmp_path / "d.jsonl", {"id": "a", "text": "A bank failed."}, {"id": "b", "text": "Nothing."})
    in_document = changed(text=None, document_id="a", start=2, end=6)
    labels = read_labels(write(tmp_path / "labels.jsonl", in_document, USE), documents=documents)
    assert labels.texts == ["A bank failed.", "The bank lent."]


def test_what_is_left_out_is_counted(tmp_path: Path) -> None:
    """Uses of other splits, and those that say again what was said, are counted."""
    train, test = changed(split="train"), changed(split="test", sense="blood")
    labels = read_labels(write(tmp_path / "labels.jsonl", train, test, train, USE), split="train")
    assert (labels.senses, labels.other_splits, labels.repeated) == (["money"], 2, 1)
    assert len(read_labels(tmp_path / "labels.jsonl")) == 2  # without the split, three lines say the same


def test_lines_of_an_export_without_one_sense_are_passed_over(sample: Index, tmp_path: Path) -> None:
    """Lines of nobody's, or on which people differ, are counted; in a file of uses such words are names of senses."""
    with Index.open(shutil.copytree(sample.path, tmp_path / "sample")) as index:
        senses = index.senses(by="anna")
        for name in ("bank.river", "bank.money"):
            senses.new(name)
        senses.label("bank.river", ["bank/06:73", "bank/02:29"])
        senses.label("bank.money", ["bank/08:17"])
        index.senses(by="bert").label("bank.money", ["bank/02:29"])
        index.export(tmp_path / "bank.jsonl", "bank")
    documents = SAMPLE / "documents.jsonl"
    labels = read_labels(tmp_path / "bank.jsonl", documents=documents)
    assert (sorted(labels.senses), labels.without_sense) == (["bank.money", "bank.river"], 26)
    lines = (tmp_path / "bank.jsonl").read_text(encoding="utf-8").splitlines()
    for sense in ("unsure", "none of these", "bank.river; bank.money"):
        path = write(tmp_path / "one.jsonl", {**json.loads(lines[0]), "sense": sense})
        assert wrong(path, documents=documents) == f"{path}: none of its lines has a sense."
    assert read_labels(write(tmp_path / "use.jsonl", changed(sense="unsure"))).senses == ["unsure"]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{", "the line is not JSON (Expecting property name enclosed in double quotes, column 2)"),
        ("[]", "the line is not a JSON object, { ... }"),
        ("[" * 100_000, "the line is nested too deeply"),
        (
            '{"start": 4, "end": 8, "lemma": "bank", "sense": "a", "sense": "b", "text": "The bank lent."}',
            "there are several fields 'sense' in one object, of which one alone could be kept",
        ),
        (changed(start=None), "the field 'start' is missing"),
        (changed(end="8"), "the field 'end' is not a whole number"),
        (changed(end=True), "the field 'end' is not a whole number"),
        (changed(lemma=None), "the field 'lemma' is missing"),
        (changed(sense=""), "the field 'sense' is not a string, or empty"),
        (changed(sense=7), "the field 'sense' is not a string, or empty"),
        (changed(split=7), "the field 'split' is not a string, or empty"),
        (changed(text=None), "it has neither 'text' nor 'document_id'; a use has one of them"),
        (changed(document_id="a"), "it has both 'text' and 'document_id'; a use has one of them"),
        (changed(text=["The bank"]), "the field 'text' is not a string, or empty"),
        (changed(text="a \ud800 bank"), "half of a surrogate pair, \\ud800, stands alone in the field 'text'"),
        (changed(end=15), "the span 4:15 is not in the text, which has 14 characters"),
        (changed(start=-1), "the span -1:8 is not in the text, which has 14 characters"),
        (changed(start=8), "the span 8:8 is not in the text, which has 14 characters"),
    ],
)
def test_wrong_lines_are_told(tmp_path: Path, line: object, why: str) -> None:
    """Whatever is wrong with a line is told in one sentence with file and line."""
    path = write(tmp_path / "labels.jsonl", USE, line)
    assert wrong(path) == f"{path.as_posix()}, line 2: {why}."


def test_missing_documents_are_told(tmp_path: Path) -> None:
    """A use in a document needs the documents, and its own among them, once."""
    path = write(tmp_path / "labels.jsonl", changed(text=None, document_id="a"))
    assert wrong(path) == (
        f"{path}, line 1: it names a document, and no documents are given. Give them with `documents=`."
    )
    documents = write(tmp_path / "d.jsonl", {"id": "b", "text": "b"})
    assert wrong(path, documents=documents) == f"{path}, line 1: there is no document 'a' in {documents}."
    write(documents, {"id": "a", "text": "b"}, {"id": "a", "text": "c"})
    assert wrong(path, documents=documents) == f"{documents}: two documents have the id 'a'."


def test_wrong_documents_are_told(tmp_path: Path) -> None:
    """What is wrong with them is told without arguments that are none of labels."""
    path = write(tmp_path / "labels.jsonl", changed(text=None, document_id="a"))
    (tmp_path / "d.csv").write_text("name,body\na,b\n")
    (tmp_path / "d.jsonl").write_bytes(b'{"id": "a", "text": "\xe9"}\n')
    for name in ("d.csv", "d.jsonl"):
        told = wrong(path, documents=tmp_path / name)
        assert told.startswith(str(tmp_path / name))
        assert told.endswith("Give documents as JSONL, with id and text, in UTF-8.")


def test_nothing_to_read_is_told(tmp_path: Path) -> None:
    """An empty file, a folder, a missing file, and a split that nothing has, are each one sentence."""
    empty = write(tmp_path / "empty.jsonl")
    assert wrong(empty) == f"{empty}: there is no labelled use in it."
    assert wrong(tmp_path) == f"{tmp_path}: it is a folder; name the file of labelled uses."
    assert "it cannot be read" in wrong(tmp_path / "none.jsonl")
    path = write(tmp_path / "labels.jsonl", changed(split="train"), changed(split="dev"), USE)
    assert wrong(path, split="test") == f"{path}: no use has the split 'test'; the splits are: dev, train."
    assert wrong(write(path, USE), split="test") == f"{path}: no use has the split 'test'; none has a split."
    path.write_bytes(b'{"text": "\xe9"}')
    assert "line 1: byte 0xe9 at offset 10 is not utf-8" in wrong(path)


# ------------------------------------------------------------------------------------------------------------ draw


def test_so_many_of_each_lemma_are_drawn() -> None:
    """Of each lemma at most so many uses stay, the same for the same seed whatever the order of the file."""
    labels = read_labels(SAMPLE / "labels.jsonl", documents=SAMPLE / "documents.jsonl")
    drawn = draw(labels, 5, seed=3)
    assert {lemma: drawn.lemmas.count(lemma) for lemma in labels.lemmas} == dict.fromkeys(labels.lemmas, 5)
    numbers = list(range(len(labels)))
    random.Random(0).shuffle(numbers)
    shuffled = draw(labels.chosen(numbers), 5, seed=3)

    def places(some: Labels) -> set[str]:
        return {some.place(number) for number in range(len(some))}

    assert places(shuffled) == places(drawn)
    assert places(draw(labels, 5, seed=4)) != places(drawn)
    assert places(draw(labels, 100, seed=3)) == places(labels)
    # Only their texts are kept, and each use has still its own.
    assert len(drawn.texts) < len(labels.texts)
    for number in range(len(drawn)):
        text = drawn.texts[drawn.text_numbers[number]]
        assert text[drawn.starts[number] : drawn.ends[number]].isalpha()


# ------------------------------------------------------------------------------------------------------------ embed


def test_each_use_gets_the_vector_of_its_word() -> None:
    """The vectors are those that the encoder gives the marked words in their texts."""
    texts = ["The bank lent us money. The other bank did not.", "Reeds grew on the bank."]
    uses = [(1, 18, 22), (0, 34, 38), (0, 4, 8)]
    analyser, encoder = Analyser("en"), WindowEncoder()
    embedded = embed_labelled(labels_of(texts, uses), analyser, encoder)
    for (number, start, end), vector in zip(uses, embedded.vectors, strict=True):
        segments = list(analyser.segments(texts[number]))
        spans = [(s + segment.start, e + segment.start) for segment in segments for s, e in segment.spans.tolist()]
        alone = encoder.encode([segments])
        assert np.array_equal(vector, alone.vectors[spans.index((start, end))])
    assert embedded.found.tolist() == [0, 1, 2]
    assert embedded.left_out == {}


def test_uses_that_mark_no_single_word_are_counted() -> None:
    """What marks no word, several, a part of one, or a word without a piece, is left out, by reason."""
    text = "The bank, lent us \ufffd money."
    spans = [(3, 4), (0, 8), (4, 6), (18, 19), (4, 9), (20, 25)]
    embedded = embed_labelled(labels_of([text], [(0, *span) for span in spans]), Analyser("en"), WindowEncoder())
    assert embedded.found.tolist() == [4, 5]  # a mark beside the word does no harm
    reasons = [labelled.NO_WORD, labelled.SEVERAL_WORDS, labelled.PART_OF_WORD]
    assert {why: embedded.left_out[why] for why in reasons} == dict.fromkeys(reasons, 1) | {
        labelled.NO_WORD: embedded.left_out[labelled.NO_WORD]
    }
    assert sum(embedded.left_out.values()) == 4
    assert np.allclose(np.linalg.norm(embedded.vectors, axis=1), 1)


class CountingEncoder(WindowEncoder):
    """Notes how many tokens it is given at once."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[int] = []

    def encode(self, passages: Sequence[Sequence[Segment]]) -> Encoded:
        self.calls.append(sum(len(segment.forms) for passage in passages for segment in passage))
        return super().encode(passages)


def test_texts_are_embedded_some_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many texts there are, and however long, the encoder is given a bounded number of tokens."""
    monkeypatch.setattr(labelled, "_BLOCK_TOKENS", 40)
    sentence = "The bank lent us money. "
    texts = [sentence * repeated for repeated in (1, 30, 2, 1, 1, 5)]
    uses = [(number, at * len(sentence) + 4, at * len(sentence) + 8) for number in range(6) for at in (0,)]
    uses += [(1, at * len(sentence) + 4, at * len(sentence) + 8) for at in range(1, 30)]
    encoder = CountingEncoder()
    seen: list[Progress] = []
    embedded = embed_labelled(labels_of(texts, uses), Analyser("en"), encoder, on_progress=seen.append)
    assert len(embedded.found) == len(uses)
    assert max(encoder.calls) <= 80
    assert len(encoder.calls) > 3
    assert [progress.done for progress in seen] == sorted(progress.done for progress in seen)
    assert (seen[-1].done, seen[-1].total, seen[-1].stage) == (len(uses), len(uses), "embedding")
    inner = embedded.vectors[7]
    assert np.allclose(embedded.vectors[8], inner)  # in the middle of like sentences each has the same neighbours
