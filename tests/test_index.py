"""Class Index from outside, with an encoder whose scores a person can work out: what it answers, and what survives."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from conftest import MakeIndex, WindowEncoder
from hypothesis import given, settings
from hypothesis import strategies as st
from river import MONEY, RIVER, answers, built, corpora, everything, ids, keys, scores, texts, uses

from ctxsearch import Document, Index, Usage
from ctxsearch.domain import Segment
from ctxsearch.errors import FormNotFound, KeyNotFound, QueryError, WordNotFound
from ctxsearch.protocols import Encoded

# ------------------------------------------------------------------------------------ the same word, a similar sense


def test_similar_sense_comes_first(index: Index) -> None:
    """River banks answer a river bank, the more neighbours they share the nearer, and money banks come after."""
    lines = index.query(RIVER)
    # Neighbours of the query: sat, on, the, of, the, river. Its vector has length sqrt(8), for "the" counts twice.
    assert ids(lines[:4]) == ["angler", "reeds", "rowing", "flood"]
    assert scores(lines[:4]) == pytest.approx([8 / 8, 7 / 8, 6 / 8, 4 / 48**0.5], abs=1e-3)
    assert set(ids(lines[4:])) == {"loan", "rates", "crisis", "savings"}
    assert set(ids(index.query(MONEY, k=4))) == {"loan", "rates", "crisis", "savings"}


def test_only_the_marked_word_answers(index: Index) -> None:
    """A query is answered by the forms of the marked lemma and by no other word."""
    assert {line.form for line in index.query(RIVER, k=None)} == {"bank", "banks"}
    assert {line.lemma for line in index.query(RIVER, k=None)} == {"bank"}
    assert keys(index.query("Both [rivers] rose.", k=None)) == keys(index.query("Both [river] rose.", k=None))


@settings(max_examples=15)
@given(corpora, st.booleans())
def test_answers_are_those_of_reference(documents: list[Document], any_word: bool) -> None:
    """A query finds every occurrence that is asked for, each with its cosine, nearest first, ties by key."""
    with built(documents, shard_tokens=15) as index:
        lines = index.query(RIVER, k=None, any_word=any_word)
    (query,) = (
        use.vector for use in uses(Document("query", RIVER.replace("[", "").replace("]", ""))) if use.form == "bank"
    )
    expected = {
        use.key: float(use.vector @ query)
        for document in documents
        for use in uses(document)
        if any_word or use.lemma == "bank"
    }
    assert {line.key: line.score for line in lines} == pytest.approx(expected, abs=1e-3)
    assert lines == sorted(lines, key=lambda line: (-(line.score or 0), line.key))
    assert len(lines) == len(expected)


@settings(max_examples=15)
@given(corpora)
def test_many_shards_answer_as_one(documents: list[Document]) -> None:
    """An index answers the same, to the last bit of a score, whether its documents lie in one shard or in many."""
    with built(documents) as one, built(documents, shard_tokens=1) as many:
        assert (one.info().shards, many.info().shards) == (1, len(documents))
        assert answers(many) == answers(one)


@pytest.mark.parametrize("rows_at_once", [1, 3, 7])
def test_long_scans_in_parts_answer_as_one(
    make_index: MakeIndex, river_documents: list[Document], rows_at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A word of more rows than a thread scans in a go is answered the same, filters, ties and all."""
    documents = [Document("first", "The bank of the river. The bank lent money to the bank."), *river_documents]
    index = make_index([*documents, *(Document(str(n), "They sat on the bank of the river.") for n in range(30))])
    index.remove(["reeds", "17"])
    whole = answers(index)
    code_size = index.open_shards()[0].parameters.code_size
    monkeypatch.setattr("ctxsearch.query.ranking.BYTES_AT_ONCE", rows_at_once * code_size)
    assert answers(index) == whole


def test_many_queries_are_answered_as_each(make_index: MakeIndex, river_documents: list[Document]) -> None:
    """Each usage has the answer that it has alone, whatever word it is of and however many there are."""
    index = make_index(river_documents, shard_tokens=20)
    usages = [RIVER, MONEY, "Both [rivers] rose.", Usage("She sat on the bank of the river.", 15, 19), RIVER] * 20
    options = {"k": 3, "where": ["year>=1921"], "context": 2}
    assert index.query_many(usages) == [index.query(usage) for usage in usages]
    assert index.query_many(usages, **options) == [index.query(usage, **options) for usage in usages]  # type: ignore[arg-type]
    assert index.query_many([]) == []


@pytest.mark.parametrize("wrong", ["The [walrus] swims.", "No mark.", "The [river bank]."])
def test_a_wrong_usage_among_many_is_told_by_its_number(index: Index, wrong: str) -> None:
    """Who asks a thousand questions at once is told which of them cannot be asked."""
    with pytest.raises(QueryError) as caught:
        index.query_many([RIVER, MONEY, wrong, RIVER])
    assert caught.value.usage_number == 2


def test_vectors_do_not_depend_on_documents_before() -> None:
    """A document is encoded whole, wherever in a shard it comes, so that its shard can end anywhere before it."""
    before = Document("before", "rain " * 32_766)
    after = Document("after", "Water rose. The bank of the river broke. Nobody slept. They rowed away.")
    with built([before, after]) as one, built([before, after], shard_tokens=1) as many:
        assert one.query(RIVER) == many.query(RIVER)


@pytest.mark.parametrize("shard_tokens", [1, 2_000_000])
def test_k_cuts_the_whole_answer(make_index: MakeIndex, river_documents: list[Document], shard_tokens: int) -> None:
    """The first k lines are the first k of all lines, through ties too."""
    index = make_index(river_documents, shard_tokens=shard_tokens)
    whole = everything(index)
    # Words that share no neighbour with the query tie at 0.
    assert scores(whole).count(0) > 20
    for k in range(1, len(whole) + 2):
        assert index.query(RIVER, k=k, any_word=True) == whole[:k]
    for k in range(1, 12):
        assert index.query(RIVER, k=k) == [line for line in whole if line.lemma == "bank"][:k]
        assert index.like("reeds:18", k=k) == index.like("reeds:18", k=None)[:k]


@pytest.mark.parametrize("shard_tokens", [100, 2_000_000])
def test_ties_go_by_key(make_index: MakeIndex, shard_tokens: int) -> None:
    """Of equal sentences those with the smaller keys come first, also where k cuts through many of them."""
    names = [str(number) for number in range(60, 0, -1)]
    index = make_index(
        [Document(name, "They sat on the bank of the river.") for name in names], shard_tokens=shard_tokens
    )
    lines = index.query(RIVER, k=4)
    assert keys(lines) == ["10:16", "11:16", "12:16", "13:16"]
    assert keys(index.query(RIVER, k=None)) == sorted(f"{name}:16" for name in names)
    assert len(set(scores(lines))) == 1


def test_default_k_is_twenty(make_index: MakeIndex) -> None:
    """A query shows 20 lines unless it is told otherwise, and all with k=None."""
    index = make_index([Document(str(number), "The bank lent money.") for number in range(45)])
    assert [len(index.query(MONEY)), len(index.query(MONEY, k=None)), len(index.query(MONEY, k=100))] == [20, 45, 45]


def test_min_score_is_a_floor(index: Index) -> None:
    """Lines that score less than min_score are left out, those that score just so much are not; it is a cosine."""
    lines = index.query(RIVER)
    floor = scores(lines)[2]
    assert index.query(RIVER, min_score=floor) == lines[:3]
    assert index.query(RIVER, min_score=1) == []
    for wrong in (1.1, 2, -1.5, float("nan"), float("inf")):
        for ask in (index.query, index.query_many):
            with pytest.raises(QueryError, match=f"^A score is a number from -1 to 1, and {wrong} is none"):
                ask(RIVER, min_score=wrong)


def test_form_is_what_is_written(index: Index) -> None:
    """With form only occurrences written exactly so answer; several forms are joined."""
    assert {line.form for line in index.query(RIVER, form="banks")} == {"banks"}
    assert keys(index.query(RIVER, form=["banks", "bank"])) == keys(index.query(RIVER))
    with pytest.raises(FormNotFound, match="'bank' is never written 'Bank'; it is written bank, banks"):
        index.query(RIVER, form="Bank")
    with pytest.raises(FormNotFound, match="never written 'river'"):
        index.query(RIVER, form="river")


def test_form_given_twice_counts_once(index: Index) -> None:
    """A form that is asked for twice does not make a line come twice."""
    lines = index.query(RIVER, form="banks", any_word=True)
    assert len(lines) == 2
    assert index.query(RIVER, form=["banks", "banks"], any_word=True) == lines
    assert index.query(RIVER, form=["banks", "banks"]) == lines
    assert index.like("flood:21", form=["banks", "banks"], any_word=True) == index.like("flood:21", form="banks")


@pytest.mark.parametrize("form", ["caf\u00e9", "cafe\u0301"])
@pytest.mark.parametrize("written", ["caf\u00e9", "cafe\u0301"])
def test_form_has_one_spelling(make_index: MakeIndex, written: str, form: str) -> None:
    """An accent is the same whether it is one character with its letter or its own, in the text and in a filter."""
    index = make_index([Document("a", f"The {written} by the river.")])
    (line,) = index.query("The [caf\u00e9] of the town.", form=form)
    assert line.node == written
    assert len(index.concordance(form, form=form)) == 1


def test_any_word_searches_all_words(index: Index) -> None:
    """With any_word every word may answer, also to a word that the corpus does not have."""
    assert keys(index.query("An angler sat on the [stone] of the river.", any_word=True, k=1)) == ["angler:21"]
    assert len(everything(index)) == 85
    assert {line.form for line in index.query("[Stone]!", any_word=True, form=["river", "money"], k=None)} == {
        "river",
        "money",
    }


def test_query_takes_usage(index: Index) -> None:
    """A Usage says the same as a sentence with brackets; white space inside the brackets does no harm."""
    assert index.query(Usage("She sat on the bank of the river.", 15, 19)) == index.query(RIVER)
    assert index.query("She sat on the[ bank ]of the river.") == index.query(RIVER)


@pytest.mark.parametrize(
    ("usage", "why"),
    [
        ("They rowed to the [river bank].", "more than one word, 'river' and 'bank'"),
        ("The [bank's] roof leaked.", "more than one word, 'bank' and \"'s\""),
        ("The [river]bank.", "part of the word 'riverbank'"),
        ("The river[bank].", "part of the word 'riverbank'"),
        ("The bank[ ... ]failed.", "There is no word in what is marked"),
        ("The bank[\u200b]failed.", "There is no word in what is marked"),
        ("The bank.", "No word is marked"),
        ("The [bank] of the [river].", "2 words are marked"),
        ("The [bank of the river.", "do not pair"),
        ("The [] river.", "brackets are empty"),
        (Usage("The bank.", 4, 10), "The span 4:10 is not in the text, which has 9 characters"),
        (Usage("The bank.", 4, 4), "The span 4:4 is not in the text"),
        (Usage("The bank.", -5, -1), "The span -5:-1 is not in the text"),
        (Usage("", 0, 0), "The span 0:0 is not in the text"),
    ],
)
def test_exactly_one_word_is_marked(index: Index, usage: str | Usage, why: str) -> None:
    """What marks no word, several, or a part of one is refused, and the error quotes what was marked."""
    with pytest.raises(QueryError) as raised:
        index.query(usage)
    assert why in str(raised.value)


def test_missing_word_offers_nearest(index: Index) -> None:
    """A word that the corpus does not have is told with lemmas that are written like it."""
    for ask in (lambda: index.query("The [bnak] lent money."), lambda: index.concordance("bnak")):
        with pytest.raises(WordNotFound, match="does not have the word 'bnak'") as raised:
            ask()
        assert raised.value.word == "bnak"
        assert "bank" in raised.value.nearest
    with pytest.raises(WordNotFound) as raised:
        index.count("xyzzy")
    assert raised.value.nearest == ()


def test_nearest_words_are_the_frequent_ones(make_index: MakeIndex) -> None:
    """Of words that are written as much like the one that is not there, the most frequent is offered first."""
    index = make_index([Document("1", "A beak, a bark, a bask, a bunk; the bank, the bank.")])
    with pytest.raises(WordNotFound) as raised:
        index.count("bnak")
    assert raised.value.nearest == ("bank", "bark", "bask", "beak", "bunk")


@pytest.mark.parametrize(
    "options", [{"k": 0}, {"k": -1}, {"context": -1}, {"context": "paragraph"}, {"context": 1.5}], ids=str
)
def test_impossible_options_are_refused(index: Index, options: dict[str, object]) -> None:
    """A number of lines or a context that cannot be is a QueryError wherever it is given."""
    listed = {"limit" if name == "k" else name: value for name, value in options.items()}
    for ask in (
        lambda: index.query(RIVER, **options),  # type: ignore[arg-type]
        lambda: index.like("reeds:18", **options),  # type: ignore[arg-type]
        lambda: index.concordance("bank", **listed),  # type: ignore[arg-type]
    ):
        with pytest.raises(QueryError):
            ask()


def test_empty_index_says_so(make_index: MakeIndex) -> None:
    """A query to an index without documents says how to add some."""
    index = make_index()
    for ask in (lambda: index.query(RIVER), lambda: index.concordance("bank"), lambda: index.like("a:1")):
        with pytest.raises(QueryError, match="is empty; add documents with"):
            ask()


# ------------------------------------------------------------------------------------------------------------- like


def test_like_finds_what_is_like_without_it(index: Index) -> None:
    """Lines like a line come nearest first, and the line itself is not among them."""
    lines = index.like("angler:21")
    assert keys(lines[:3]) == ["reeds:18", "rowing:18", "flood:21"]
    assert scores(lines[:2]) == pytest.approx([7 / 8, 6 / 8], abs=1e-3)
    assert keys(lines) == [line.key for line in index.query(RIVER) if line.key != "angler:21"]


def test_like_needs_no_model(index: Index) -> None:
    """Vectors that are there need no model: like and concordance work whatever the model is."""
    other = Index.open(index.path, encoder=WindowEncoder("another"))
    assert other.like("angler:21") == index.like("angler:21")
    assert other.concordance("bank") == index.concordance("bank")


def test_several_keys_are_taken_together(index: Index, river_documents: list[Document]) -> None:
    """The query of several keys is the mean of their vectors, and none of them is among the lines."""
    vectors = {use.key: use.vector for document in river_documents for use in uses(document)}
    mean = (vectors["angler:21"] + vectors["rates:4"]) / 2
    found = {line.key: line.score for line in index.like(["angler:21", "rates:4"])}
    assert len(found) == 8
    assert not {"angler:21", "rates:4"} & found.keys()
    assert found["reeds:18"] == pytest.approx(float(mean @ vectors["reeds:18"] / np.linalg.norm(mean)), abs=1e-3)


@pytest.mark.parametrize("codec", ["fp16", "sq8", "sq4"])
def test_vectors_of_lines_have_the_scores_as_products(
    make_index: MakeIndex, river_documents: list[Document], codec: str
) -> None:
    """A row for each line or key, in whatever order and shard, as often as it is given."""
    index = make_index(river_documents, codec=codec, shard_tokens=30)
    lines = index.query(RIVER, k=None)
    vectors = index.vectors([*lines, lines[1].key, lines[0]])
    assert (vectors.dtype, vectors.shape) == (np.float32, (len(lines) + 2, 64))
    products = vectors @ index.embed(RIVER)[0]
    np.testing.assert_allclose(products[:-2].clip(max=1), scores(lines), atol=1e-6)
    np.testing.assert_array_equal(vectors[-2:], vectors[[1, 0]])
    if codec == "fp16":
        own = {use.key: use.vector for document in river_documents for use in uses(document)}
        np.testing.assert_allclose(vectors[:-2], [own[line.key] for line in lines], atol=1e-3)
    assert index.vectors([]).shape == (0, 64)
    assert index.vectors(lines[0]).shape == (1, 64)
    with pytest.raises(KeyNotFound):
        index.vectors(["reeds:17"])


class NearEncoder(WindowEncoder):
    """Gives all words vectors that are nearly the same, by the last word of their passage."""

    def _count(self, words: Sequence[str]) -> np.ndarray:
        number = int(words[-1])
        # Whose components lie apart, so that steps between codes are wide.
        near = np.random.default_rng(number % 2).normal(size=self.dimension)
        vector = near + 0.1 * np.random.default_rng(number).normal(size=self.dimension)
        return np.tile((vector / np.linalg.norm(vector)).astype(np.float32), (len(words), 1))


class ReusingEncoder(WindowEncoder):
    """Puts all that it gives in the same place, time and again."""

    def __init__(self) -> None:
        super().__init__()
        self._given = np.zeros((50_000, self.dimension), np.float32)

    def encode(self, passages: Sequence[Sequence[Segment]]) -> Encoded:
        """What the other gives."""
        made = super().encode(passages)
        self._given[: len(made.vectors)] = made.vectors
        return Encoded(self._given[: len(made.vectors)], made.present)


def test_an_encoder_may_give_the_same_array_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept of a block is not what the next puts in its place."""
    for name in ("BLOCK_TOKENS", "_FIRST_TOKENS"):
        monkeypatch.setattr(f"ctxsearch.build.{name}", 50)
    documents = [Document(str(number), f"The bank w{number} of the river x{number}. A bank.") for number in range(60)]
    found = []
    for encoder in (WindowEncoder(), ReusingEncoder()):
        with Index.create(tmp_path / type(encoder).__name__, encoder=encoder) as index:
            index.add(documents)
            found.append(index.vectors(index.concordance("bank")))
    np.testing.assert_array_equal(*found)


def test_pages_are_parts_of_the_whole(tmp_path: Path) -> None:
    """Also where a codec makes many scores of more than 1, of which a line tells 1."""
    numbers = [f"{one:02}" for one in range(40)]
    with Index.create(tmp_path / "index", encoder=NearEncoder(), codec="sq4") as index:
        index.add([Document(one, f"The bank opens on day {one}") for one in numbers])
        beyond = 0
        for number in numbers:
            whole = index.like(f"{number}:4", k=None)
            pages = [index.like(f"{number}:4", k=3, offset=offset) for offset in range(0, 39, 3)]
            assert [line for page in pages for line in page] == whole
            beyond += scores(whole).count(1.0) > 3
    assert beyond > 3


def test_unlike_moves_away(index: Index) -> None:
    """What is like an unlike line falls, and the unlike line is left out."""
    plain = {line.key: line.score or 0 for line in index.like(["reeds:18", "rates:4"])}
    away = {line.key: line.score or 0 for line in index.like(["reeds:18", "rates:4"], unlike="loan:4")}
    assert "loan:4" in plain
    assert "loan:4" not in away
    assert away["savings:14"] < plain["savings:14"]
    assert away["angler:21"] / plain["angler:21"] > 2 * away["savings:14"] / plain["savings:14"]


def test_keys_of_several_words_search_them_all(index: Index) -> None:
    """Like searches the words of the keys and no other, unless it is told to search any word."""
    assert {line.lemma for line in index.like(["reeds:18", "rowing:30"], k=None)} == {"bank", "river"}
    assert {line.lemma for line in index.like(["reeds:18", "rates:4"], k=None)} == {"bank"}
    assert len(index.like("reeds:18", any_word=True, k=None)) == 84


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("reeds:17", "no word begins there"),
        ("reeds:19", "no word begins there; it is inside 'bank', whose key is 'reeds:18'"),
        ("reeds:21", "no word begins there; it is inside 'bank', whose key is 'reeds:18'"),
        ("reeds:22", "no word begins there"),
        ("reeds:35", "no word begins there"),
        ("reeds:9999", "no word begins there"),
        ("nowhere:4", "the index has no document 'nowhere'"),
        ("reeds", "it does not end in a colon and a number"),
        ("reeds:", "it does not end in a colon and a number"),
        ("reeds:-1", "it does not end in a colon and a number"),
        ("reeds:018", "its number is written with zeros before it"),
        ("reeds:\u0661\u0668", "it does not end in a colon and a number"),
        ("reeds:1" + "0" * 30, "its number has 31 digits, and no document is so long"),
        ("reeds:" + "9" * 18, "no word begins there"),
        ("reeds:" + "9" * 19, "its number has 19 digits, and no document is so long"),
        ("", "it does not end in a colon and a number"),
    ],
)
def test_unknown_key_is_told(index: Index, key: str, why: str) -> None:
    """A key that leads to no occurrence is told with the reason, liked or not."""
    for ask in (lambda: index.like(key), lambda: index.like("reeds:18", unlike=[key])):
        with pytest.raises(KeyNotFound) as raised:
            ask()
        assert (raised.value.key, raised.value.why) == (key, why)


def test_like_needs_a_key(index: Index) -> None:
    """Like without a key is told so, not answered with anything."""
    with pytest.raises(QueryError, match="at least one line"):
        index.like([], unlike="reeds:18")


# ---------------------------------------------------------------------------------------------------- embed and info


def test_embed_gives_unit_vectors(index: Index) -> None:
    """Embed gives one vector of unit length for each usage, made of its word's neighbours."""
    vectors = index.embed([MONEY, RIVER, Usage("The bank lent her money.", 4, 8)])
    assert (vectors.shape, vectors.dtype) == ((3, 64), np.float32)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1, 1])
    neighbours = sorted(WindowEncoder.component(form) for form in ("the", "lent", "her", "money"))
    assert np.flatnonzero(vectors[0]).tolist() == neighbours
    assert vectors[0, neighbours].tolist() == [0.5] * 4
    assert (vectors[0] == vectors[2]).all()
    assert index.embed([]).shape == (0, 64)


def test_embed_keeps_the_order_of_many(index: Index) -> None:
    """Many usages, more than are encoded at once, come back in their order."""
    usages = [f"The [bank] number {number} lent money." for number in range(600)]
    vectors = index.embed(usages)
    assert all((vectors[number] == index.embed([usages[number]])[0]).all() for number in (0, 255, 256, 511, 512, 599))


def test_word_without_piece_is_counted_and_told(make_index: MakeIndex) -> None:
    """A word that the model has no piece for is counted, has no line and no vector, and a query for it says so."""
    index = make_index([Document("a", "The bank \ufffd fell.")], punctuation=True)
    info = index.info()
    assert (info.words, info.occurrences, info.without_vector) == (5, 4, 1)
    assert [line.node for line in sorted(everything(index), key=lambda line: line.start)] == [
        "The",
        "bank",
        "fell",
        ".",
    ]
    with pytest.raises(QueryError, match="The model has no piece for '\ufffd', so it has no vector"):
        index.embed(["The [\ufffd] fell."])
    with pytest.raises(KeyNotFound, match="the model gave that word no vector"):
        index.like("a:9")


def test_info_counts(make_index: MakeIndex) -> None:
    """Info counts what a person counts."""
    documents = [
        Document("a", "The banks rose. The river fell.", {"year": 1908}),
        Document("b", " \n"),
        Document("c", "It fell.", {"genre": "news"}),
    ]
    index = make_index(documents, shard_tokens=6)
    info = index.info()
    assert (info.documents, info.documents_removed, info.segments, info.shards) == (2, 0, 3, 2)
    assert (info.words, info.occurrences, info.without_vector) == (8, 8, 0)
    assert info.lemmas == len({"the", "bank", "rise", "river", "fall", "it"})
    assert {"year", "genre"} <= set(info.metadata_columns)
    assert "document_id" in info.document_columns
    assert info.bytes == sum(path.stat().st_size for path in index.path.glob("shard-*/*"))
    assert (info.path, info.unfinished) == (str(index.path), False)
    assert (info.settings["model"], info.settings["dimension"]) == ("window", 64)


def test_report_tells_what_was_done(make_index: MakeIndex) -> None:
    """The report of a run counts documents and words, those left out, and the bytes that the shards take."""
    index = make_index()
    report = index.add([*texts("The bank.", "", "\n\t", "It fell."), Document("a", "Again.")], shard_tokens=2)
    assert (report.documents, report.words, report.shards) == (2, 4, 2)
    assert (report.skipped, report.refused, report.repeated) == ({"empty": 2}, [], ["a"])
    assert (report.replaced, report.unchanged, report.without_vector) == (0, 0, 0)
    assert report.bytes == sum(path.stat().st_size for path in index.path.glob("shard-*/*"))


def test_report_tells_words_unknown_to_the_model(tmp_path: Path, folders: dict[str, Path]) -> None:
    """Words that the model has no piece of their own for have vectors, and are counted in what a run tells."""
    with Index.create(tmp_path / "index", model=str(folders["bert-uncased"]), window=24) as index:
        report = index.add(texts("The λόγος by the river bank.", "λόγος.", "The river."), shard_tokens=2)
        assert (report.words, report.unknown, report.without_vector) == (9, 2, 0)
        assert index.count("λόγος") == 2
        assert index.add(texts("The river.")).unknown == 0


def test_empty_index_has_an_info(make_index: MakeIndex) -> None:
    """Info also tells how an index was made that holds nothing yet."""
    info = make_index().info()
    assert (info.documents, info.words, info.shards, info.commit) == (0, 0, 0, 0)
    assert info.settings["model"] == "window"
