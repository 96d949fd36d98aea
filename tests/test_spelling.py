"""A word is found however it is written; ß and ss are one letter, but where the corpus tells words apart by it."""

from __future__ import annotations

import pytest
from conftest import MakeIndex
from treebank import tagged

from ctxsearch import Document
from ctxsearch.errors import FormNotFound

GERMAN = "Die Maße und die Masse. Er handelt in Massen, er trinkt in Maßen. Das Maß, BUSSE! Die Buße. Die Busse. Bußen."


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("Buße", ["BUSSE", "Buße", "Bußen"]),
        ("buße", ["BUSSE", "Buße", "Bußen"]),
        ("Bu\u00adße", ["BUSSE", "Buße", "Bußen"]),
        ("Busse", ["BUSSE", "Busse"]),
        ("BUSSE", ["BUSSE", "Buße", "Busse", "Bußen"]),
        ("Maße", ["Maße"]),
        ("Masse", ["Masse", "Massen"]),
        ("Maß", ["Maße", "Maßen", "Maß"]),
        ("Mass", ["Maße", "Maßen", "Maß"]),
        ("maßen", ["Maßen"]),
    ],
)
def test_letters_that_are_asked_for_go_first(make_index: MakeIndex, word: str, found: list[str]) -> None:
    """A word is found in its own spelling; in the other only where the corpus does not have its own."""
    index = make_index([Document("a", GERMAN)], language="de")
    assert [line.node for line in index.concordance(word)] == found
    assert index.count(word) == len(found)


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("müssen", ["müssen", "muß", "müßte"]),
        ("muß", ["muß"]),
        ("muss", ["muß"]),
        ("Fluß", ["Fluß", "Flüsse"]),
        ("Fluss", ["Fluss", "Flusses", "Flüsse"]),
        ("lassen", ["laß", "ließ"]),
    ],
)
def test_lemma_keeps_its_forms(make_index: MakeIndex, word: str, found: list[str]) -> None:
    """The forms of a lemma are kept however they are written, unless it has the word itself in both spellings."""
    text = "Wir müssen. Er muß, er müßte. Der Fluß. Der Fluss. Des Flusses. Die Flüsse. Er ließ es. Laß es."
    index = make_index([Document("a", text.replace("Laß", "laß"))], language="de")
    assert sorted(line.node for line in index.concordance(word)) == sorted(found)


def test_spelling_goes_with_forms_and_filters(make_index: MakeIndex) -> None:
    """A form that is named is found in its own letters; what is beside a word is found as the word is."""
    index = make_index(
        [tagged("a", ["die/die/DET Buße/Buße/NOUN hier/hier/ADV", "zwei/zwei/NUM Busse/Bus/NOUN hier/hier/ADV"])],
        language="de",
    )
    assert [line.node for line in index.concordance("Buße/NOUN")] == ["Buße"]
    assert [line.node for line in index.concordance("Busse", pos="NOUN")] == ["Busse"]
    assert [line.node for line in index.concordance("Buße", form="Busse")] == ["Busse"]
    assert [line.left.strip() for line in index.concordance("hier", near="Buße")] == ["die Buße"]
    with pytest.raises(FormNotFound, match=r"'Busse' is never written 'Bussen'; it is written Busse, Buße\."):
        index.concordance("Busse", form="Bussen")
    index.remove("a")
    index.add([tagged("b", ["zwei/zwei/NUM Busse/Bus/NOUN"])])
    assert [line.node for line in index.concordance("Buße")] == ["Busse"]


def test_sense_is_of_the_lemma(make_index: MakeIndex) -> None:
    """What is done with all uses of a lemma is done with those of every spelling."""
    index = make_index([tagged("a", ["die/die/DET Buße/Buße/NOUN", "zwei/zwei/NUM Busse/Bus/NOUN"])], language="de")
    senses = index.senses(by="ann")
    senses.new("Buße.1")
    assert senses.label("Buße.1", ["a:4"]) == 1
    assert [label.key for label in senses.labels("Buße")] == ["a:4"]
    written = senses._lemma_and_written("Buße/NOUN")[1]
    assert (written.is_lemma, list(written.tags)) == (True, ["NOUN"])


@pytest.mark.parametrize("word", ["ёлка", "елка", "ЁЛКА", "е\u0308лка", "замок", "замка", "замка\u0301", "ещё", "еще"])
def test_russian_is_found_with_and_without_dots_and_stress(make_index: MakeIndex, word: str) -> None:
    """What was written with the dots of yo, or with the stress, is found by what was not, and the other way round."""
    index = make_index([Document("a", "Ещё ёлка, еще елка. У замка\u0301. От замка.")], language="ru")
    assert index.count(word) == 2
    assert len(index.query(f"Вот [{word}] тут.", k=None)) == 2
    assert len(index.concordance("у", near=word)) == (word.startswith("зам"))


TURKISH = "Irmak taştı. Bu ırmak derin. IRMAK kurudu. SINIR kapandı. O sınır uzun. Sinir gerildi. SİNİR sistemi."


@pytest.mark.parametrize("language", ["tr", "tr-TR"])
@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (["ırmak", "Irmak", "IRMAK"], ["Irmak", "ırmak", "IRMAK"]),
        (["sınır", "Sınır", "SINIR"], ["SINIR", "sınır"]),
        (["sinir", "Sinir", "SİNİR", "SI\u0307NI\u0307R"], ["Sinir", "SİNİR"]),
    ],
)
def test_turkish_capitals_stand_for_their_own_small_letters(
    make_index: MakeIndex, language: str, asked: list[str], found: list[str]
) -> None:
    """A word of Turkish is found however it is written, in conditions, queries and senses, too."""
    index = make_index([Document("a", TURKISH)], language=language)
    senses = index.senses()
    for word in asked:
        lines = index.concordance(word)
        assert [line.node for line in lines] == found
        assert sorted(line.node for line in index.query(f"[{word}] budur.")) == sorted(found)
        beside = [index.count(other, near=word) for other in ("derin", "kurudu", "kapandı", "gerildi")]
        assert beside == {"ırmak": [1, 1, 0, 0], "sınır": [0, 0, 1, 0], "sinir": [0, 0, 0, 1]}[asked[0]]
        assert senses.new(f"{word}.1", word=word).lemma == lines[0].lemma


def test_turkish_capitals_find_what_was_filed_without_regard_to_them(make_index: MakeIndex) -> None:
    """A lemma that a source gives with a capital I, as the name of a land, is found by its own letters."""
    index = make_index([tagged("a", ["Irak/Irak/PROPN büyük/büyük/ADJ"])], language="tr")
    assert [line.node for line in index.concordance("Irak")] == ["Irak"]
    assert [line.node for line in index.query("[Irak] büyük.")] == ["Irak"]
    assert index.senses().new("Irak", word="Irak").lemma == "irak"


def test_capital_i_is_that_of_i_elsewhere(make_index: MakeIndex) -> None:
    """English has no dotless letter."""
    index = make_index([Document("a", "IRON and iron.")])
    assert [line.node for line in index.concordance("IRON")] == ["IRON", "iron"]
