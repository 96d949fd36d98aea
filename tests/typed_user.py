"""What a user writes with the library, all hints strict: mypy reads it with the package, and a test runs it."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import ctxsearch
from ctxsearch import ConcordanceLine, Document, Index, Usage
from ctxsearch.domain import Segment
from ctxsearch.protocols import Encoded, Encoder

RIVER = "We moored the boat at the bank of the river."


class Own:
    """An encoder of one's own, with a digest for each form."""

    dimension = 8
    digest = "own"

    def encode(self, passages: Sequence[Sequence[Segment]]) -> Encoded:
        """Gives every word the vector of its length."""
        forms = [form for passage in passages for segment in passage for form in segment.forms]
        vectors = np.zeros((len(forms), 8), np.float32)
        vectors[np.arange(len(forms)), [len(form) % 8 for form in forms]] = 1
        return Encoded(vectors, np.ones(len(forms), np.bool_))


def show(done: ctxsearch.Progress) -> None:
    """Prints how far the work has come."""
    print(done.stage, done.done, done.total)


def metadata(folder: Path) -> list[Document]:
    """Documents with metadata of every kind that is accepted, as they come from literals, JSON, CSV and numpy."""
    mixed = {"year": 1912, "genre": "letter"}
    lists = {"tags": ["letter", "diary"], "from": {"name": "Ann"}}
    columns = np.array([1912, 1998])
    (folder / "rows.jsonl").write_text(json.dumps({"id": "d", "text": RIVER, "metadata": mixed}) + "\n")
    (folder / "rows.csv").write_text(f"id,text,year\ne,{RIVER},1912\n")
    with open(folder / "rows.jsonl") as rows, open(folder / "rows.csv", newline="") as table:
        return [
            Document("a", RIVER, {"year": 1912}),
            Document("b", RIVER, mixed, title="To Ann"),
            Document("c", RIVER, metadata=lists),
            *(Document(row["id"], row["text"], row["metadata"]) for row in map(json.loads, rows)),
            *(Document(row["id"], row["text"], row) for row in csv.DictReader(table)),
            Document("f", RIVER, {"year": columns[0], "share": np.float32(0.5), "is_draft": np.bool_(True)}),
        ]


def main(folder: Path) -> None:
    """What the README shows, and what stands in docstrings."""
    own: Encoder = Own()
    index = Index.create(folder / "mine", encoder=own, model="own")
    report = index.add(metadata(folder), on_progress=show)
    index.add(ctxsearch.read(str(folder / "rows.csv"), skip_bad=True), replace=True, skip_bad=True, on_skip=print)
    print(report.documents, index.document("a").metadata["year"])
    lines = index.query("They rowed across the river to the muddy [bank].", k=2)
    print(sorted(line.key for line in lines), index.query_many([RIVER.replace("bank", "[bank]"), Usage(RIVER, 26, 30)]))
    print([line.key for line in index.like([lines[0].key], unlike=["b:26"], where=["year>=1900"])])
    print(index.like(lines[0]), index.like(lines[:2]))
    every: list[ConcordanceLine] = index.concordance("bank", order=["-year", "left"], context="sentence")
    print(index.vectors(every) @ index.embed("The [bank].")[0], index.vectors(lines[0]).dtype)
    print([line.node for line in index.iter_concordance("bank", sample=2)], index.count("bank", form=["bank"]))
    print([row["metadata.year"] for row in (line.as_dict() for line in every) if "metadata.year" in row])
    print([(one.values, one.share, one.as_dict()) for one in index.frequencies("bank", "year:20")])
    print([one.as_dict() for one in index.collocations("bank")], index.unmet("year>3000"))
    senses = index.senses(by="anna")
    sense = senses.new("bank.river", word="bank", examples="They rowed to the [bank].")
    senses.new("bank.money", word="bank", definition="where money is kept")
    senses.label(sense, every[0])
    senses.label_many([("bank.money", every[1]), (sense, [every[2], every[3].key])])
    index.subcorpora().save("old", "year<1950")
    index.export(folder / "lines.csv", "bank", where="@old")
    try:
        index.concordance("otter")
    except ctxsearch.CtxSearchError as error:
        print(error)
    print(index.remove(["a", "b"]), index.compact())
    with Index.open(folder / "mine", encoder=own) as opened:
        print(opened.info().documents)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
