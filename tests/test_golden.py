"""Golden concordances: what the sample corpus answers to a dozen hand-written questions, to be read and judged.

The files in ``tests/data/golden`` were read line by line: all lines of an answer have the sense that was asked for. A
change that moves them on purpose rewrites them, and is then read in the diff:

    python tests/test_golden.py

Questions are chosen so that neighbouring scores lie further apart than the rounding of any processor.
"""

from __future__ import annotations

import difflib
import tempfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from conftest import make_sample

from ctxsearch.domain import ConcordanceLine
from ctxsearch.index import Index

GOLDEN = Path(__file__).parent / "data" / "golden"
LINES = 6
CONTEXT = 6
SCORE_TOLERANCE = 0.0101  # of scores that are rounded to two decimals
GAP = 0.002

Ask = Callable[[Index], list[ConcordanceLine]]


def query(sentence: str, **options: object) -> tuple[str, Ask]:
    """A question by a sentence, with one line more than is kept."""
    shown = "".join(f", {name}={value!r}" for name, value in options.items())
    return f"query({sentence!r}{shown})", lambda index: index.query(
        sentence,
        k=LINES + 1,
        context=CONTEXT,
        **options,  # type: ignore[arg-type]
    )


def like(key: str, *, unlike: str) -> tuple[str, Ask]:
    """A question by lines."""
    return f"like({key!r}, unlike={unlike!r})", lambda index: index.like(
        key, unlike=unlike, k=LINES + 1, context=CONTEXT
    )


def concordance(word: str) -> tuple[str, Ask]:
    """The lines of a word, sorted by what stands before it."""
    return f"concordance({word!r}, order='left')", lambda index: index.concordance(
        word, order="left", limit=LINES, context=CONTEXT
    )


QUESTIONS = {
    "noun-crane-bird": query("Two white [cranes] danced in the marsh."),
    "noun-seal-stamp": query("She broke the wax [seal] of the letter."),
    "verb-miss-target": query("He fired at the stag and [missed] it."),
    "verb-lie-untruth": query("They [lied] to us about the price."),
    "adjective-sharp-sudden": query("A [sharp] decline in trade followed the war."),
    "adjective-light-weight": query("The tent is [light] enough to carry."),
    "name-jordan-person": query("[Jordan] said he would wash the car."),
    "not-name-turkey-bird": query("We ate the [turkey] cold."),
    "figurative-bridge": query("The school is a [bridge] between the two cultures."),
    "form-bark-dog": query("The puppy [barked] at the cat.", form=("barks", "barking", "barked")),
    "where-plant-vegetation": query("The [plant] needs sun and water.", where=("genre!=academic",)),
    "any-word-piano": query("The [piano] was out of tune.", any_word=True),
    "like-sentence-punishment": like("sentence/02:28", unlike="sentence/10:20"),
    "concordance-virus": concordance("virus"),
}


def answer(index: Index, name: str) -> list[str]:
    """The question and the lines of its answer, as the golden file has them."""
    question, ask = QUESTIONS[name]
    return [question, *map(shown, ask(index)[:LINES])]


def shown(line: ConcordanceLine) -> str:
    """One line: score, key, and the node in its context."""
    score = "   -" if line.score is None else f"{line.score:.2f}"
    return f"{score}  {line.key:<22}  {line.left}[{line.node}]{line.right}"


def is_as_good(line: str, golden: str) -> bool:
    """Whether two lines differ by no more than the rounding of their scores."""
    if line[4:] != golden[4:]:
        return False
    return line == golden or abs(float(line[:4]) - float(golden[:4])) <= SCORE_TOLERANCE


@pytest.mark.parametrize("name", QUESTIONS)
def test_answers_are_those_that_were_read_and_approved(sample: Index, name: str) -> None:
    """Each question has the lines of its golden file, in their order, with their scores."""
    golden = (GOLDEN / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    found = answer(sample, name)
    if len(found) == len(golden) and all(map(is_as_good, found, golden)):
        return
    difference = "\n".join(difflib.unified_diff(golden, found, "golden", "now", lineterm=""))
    pytest.fail(
        f"{name}: the answer is not the golden one.\n{difference}\n\n"
        "Where the new lines are as good, rewrite the files with `python tests/test_golden.py`, and say why.",
        pytrace=False,
    )


def test_every_golden_file_has_its_question() -> None:
    """No golden file is left of a question that is no longer asked, and none has fewer lines than it should."""
    assert {path.stem for path in GOLDEN.iterdir()} == set(QUESTIONS)
    for path in GOLDEN.iterdir():
        assert len(path.read_text(encoding="utf-8").splitlines()) == LINES + 1, path.name


def rewrite() -> None:
    """Writes all golden files anew, and tells which questions another processor might answer in another order."""
    GOLDEN.mkdir(parents=True, exist_ok=True)
    for path in GOLDEN.iterdir():
        path.unlink()
    with tempfile.TemporaryDirectory() as folder, make_sample(Path(folder) / "sample") as index:
        for name, (_, ask) in QUESTIONS.items():
            (GOLDEN / f"{name}.txt").write_text("\n".join(answer(index, name)) + "\n", encoding="utf-8")
            scores = [line.score for line in ask(index) if line.score is not None]
            if any(higher - lower <= GAP for higher, lower in pairwise(scores)):
                print(f"{name}: two scores are within {GAP} of each other; ask something else.")


if __name__ == "__main__":
    rewrite()
