"""The reading half of an index: what it answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ctxsearch.domain import ConcordanceContext, ConcordanceLine, Usage
from ctxsearch.index.concordances import DEFAULT_CONTEXT, check_one_order
from ctxsearch.index.words import Words
from ctxsearch.report import IndexInfo
from ctxsearch.usage import parse_usages, usage_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ctxsearch.query.options import Filters, Keys, Search

_AS_IT_COMES = ("score", None, 0)


class Answers(Words):
    """What an index answers as of one commit."""

    def _search(
        self,
        k: int | None,
        filters: Filters,
        min_score: float | None,
        min_p: float | None,
        any_word: bool,
        context: ConcordanceContext,
        exact: bool,
        shown: tuple[str | Sequence[str] | None, int | None, int],
        *,
        examples: int = 1,
    ) -> Search:
        from ctxsearch.query.options import Search, checked_context, checked_count, least_score
        from ctxsearch.query.shaping import PLAIN, checked_shaping

        # Calibrated on pairs of uses of one word: it says nothing of two words, nor of what lies between several uses.
        is_pair = examples == 1 and not any_word
        calibration = self._parts.calibration(needed=min_p is not None) if is_pair else None
        least = least_score(min_score, min_p, calibration)
        around, count = checked_context(context), checked_count(k)
        shaping = PLAIN if shown == _AS_IT_COMES else checked_shaping(self.open_shards(), *shown, has_scores=True)
        return Search(count, filters, least, any_word, around, exact, calibration, shaping)

    def query(
        self,
        usage: str | Usage,
        *,
        k: int | None = 20,
        form: str | Sequence[str] | None = (),
        pos: str | Sequence[str] | None = (),
        min_score: float | None = None,
        min_p: float | None = None,
        any_word: bool = False,
        where: str | Sequence[str] | None = (),
        near: str | Sequence[str] | None = (),
        cql: str | Sequence[str] | None = (),
        context: ConcordanceContext = DEFAULT_CONTEXT,
        exact: bool = False,
        order: str | Sequence[str] | None = "score",
        per_document: int | None = None,
        offset: int = 0,
        good: bool = False,
    ) -> list[ConcordanceLine]:
        """The uses of the marked word that are most like this one, nearest first, ties by key.

        Args:
            usage: a sentence with its word in brackets, ``"They rowed across the river to the [bank]."``, or a `Usage`.
            k: how many lines; None for all.
            form: only occurrences written exactly so (or in one of several ways).
            pos: only those of this part of speech (or one of several), where the sources of the corpus give any.
            min_score: only lines that score so much, from -1 to 1.
            min_p: only lines with so great a probability of having the same sense, see `ConcordanceLine.p_same`.
            any_word: search all words, not just the marked one.
            where: conditions on the metadata, such as ``"year>=1990"``; all must hold. ``@NAME`` stands for those of a
                subcorpus, see `subcorpora`.
            near: what is to be beside the word, in its sentence: ``river``; ``river:5``, within five words;
                ``river:-5`` before it, ``river:+5`` after it; ``!river``, where it is not. All must hold.
            cql: a pattern of tokens that the word is to be part of, see `concordance`; of several, each.
            context: words on either side, or ``"sentence"``.
            exact: compare every use of a very frequent word; of one whose vectors take more than 64 MiB (of the default
                model with its head those of 699 050 uses), and that has more than 131 072, only those most likely to be
                near are compared otherwise, an eighth and 131 072 at least, unless ``k`` is None or ``min_score`` is
                given.
            order: what the lines found are sorted by, see `concordance`; the nearest first otherwise.
            per_document: no more lines of one document than this, its nearest.
            offset: passes over so many of the nearest; the same call with another offset gives another page. Of a word
                so frequent that not every use is compared, see ``exact``, the more are, the further a page lies: pages
                beyond the first 512 lines are parts of one list only with ``exact``.
            good: of the lines that answer, the best example sentences first, as `concordance` has them. A score stays a
                cosine. Of more than 20 000 lines the nearest so many are judged; the others come behind them, nearest
                first.

        Raises:
            QueryError: the usage, a filter or an option cannot be understood.
            WordNotFound: the corpus does not have the word.
        """
        self._parts.model.expect_query()
        from ctxsearch.query.similarity import like_usage

        if good:
            check_one_order(order, "score")
        filters, shown = self._filters(form, pos, where, near, cql), (order, per_document, offset)
        asked = self._search(k, filters, min_score, min_p, any_word, context, exact, shown)
        parsed = usage_of(usage, many="query_many")
        found = like_usage(
            self.open_shards(),
            parsed,
            asked,
            analyser=self._parts.analyser(),
            get_encoder=self._parts.model.asking_encoder,
        )
        return self._best_first(found) if good else found

    def query_many(
        self,
        usages: str | Usage | Iterable[str | Usage],
        *,
        k: int | None = 20,
        form: str | Sequence[str] | None = (),
        pos: str | Sequence[str] | None = (),
        min_score: float | None = None,
        min_p: float | None = None,
        any_word: bool = False,
        where: str | Sequence[str] | None = (),
        near: str | Sequence[str] | None = (),
        cql: str | Sequence[str] | None = (),
        context: ConcordanceContext = DEFAULT_CONTEXT,
        exact: bool = False,
        order: str | Sequence[str] | None = "score",
        per_document: int | None = None,
        offset: int = 0,
        good: bool = False,
    ) -> list[list[ConcordanceLine]]:
        """What `query` answers to each of many usages, all embedded together and searched by all cores.

        What is embedded together is added up in another order: scores may differ from those of `query` in the last
        digit of single precision.

        Args:
            usages: sentences with a word in brackets, or `Usage`s, of any words.
            k, form, pos, min_score, min_p, any_word, where, near, cql, context, exact, order, per_document, offset,
                good: as for `query`, for each of them.

        Raises:
            QueryError: a usage, a filter or an option cannot be understood; ``usage_number`` says which usage.
            WordNotFound: the corpus does not have the word of a usage, likewise.
        """
        from ctxsearch.query.similarity import like_usages

        if good:
            check_one_order(order, "score")
        filters, shown = self._filters(form, pos, where, near, cql), (order, per_document, offset)
        asked = self._search(k, filters, min_score, min_p, any_word, context, exact, shown)
        parsed = parse_usages(usages)
        shards, analyser = self.open_shards(), self._parts.analyser()
        found = like_usages(shards, parsed, asked, analyser=analyser, get_encoder=self._parts.model.asking_encoder)
        return [self._best_first(lines) for lines in found] if good else found

    def like(
        self,
        keys: Keys,
        *,
        unlike: Keys = (),
        k: int | None = 20,
        form: str | Sequence[str] | None = (),
        pos: str | Sequence[str] | None = (),
        min_score: float | None = None,
        min_p: float | None = None,
        any_word: bool = False,
        where: str | Sequence[str] | None = (),
        near: str | Sequence[str] | None = (),
        cql: str | Sequence[str] | None = (),
        context: ConcordanceContext = DEFAULT_CONTEXT,
        exact: bool = False,
        order: str | Sequence[str] | None = "score",
        per_document: int | None = None,
        offset: int = 0,
        good: bool = False,
    ) -> list[ConcordanceLine]:
        """The uses that are most like some occurrences and least like others, without those given; needs no model.

        What the codec rounds off a key's vector is made up for in its length: products of two rows of `vectors` are up
        to .001 from the scores.

        Args:
            keys: of the occurrences to be like, as lines carry them; one or several, or the lines themselves.
            unlike: of the occurrences not to be like.
            any_word: search all words, not just those of the keys.
            k, form, pos, min_score, min_p, where, near, cql, context, exact, order, per_document, offset, good: as for
                `query`.

        Raises:
            KeyNotFound: the index has no such occurrence.
            QueryError: a filter or an option cannot be understood.
        """
        from ctxsearch.query.options import keys_of
        from ctxsearch.query.similarity import like_occurrences

        examples, others = keys_of(keys), keys_of(unlike)
        count = len(examples) + len(others)
        if good:
            check_one_order(order, "score")
        filters, shown = self._filters(form, pos, where, near, cql), (order, per_document, offset)
        asked = self._search(k, filters, min_score, min_p, any_word, context, exact, shown, examples=count)
        found = like_occurrences(self.open_shards(), examples, others, asked)
        return self._best_first(found) if good else found

    def _best_first(self, found: list[ConcordanceLine]) -> list[ConcordanceLine]:
        from ctxsearch.query.examples import best_first

        return best_first(self.open_shards(), found)

    def embed(self, usages: str | Usage | Iterable[str | Usage]) -> NDArray[np.float32]:
        """The vectors of marked words, made as the index's own are.

        That of a sentence of the corpus, given alone, is not the one that is kept: that was embedded among the
        sentences around it (their cosine is .95 to .98 in the mean). ``index.vectors(line)`` has the very vector.

        Args:
            usages: sentences with a word in brackets, or `Usage`s.

        Returns:
            Shape: (n, dimension), float32, unit length.

        Raises:
            QueryError: a usage marks no word.
        """
        from ctxsearch.query.asked import embed
        from ctxsearch.query.filing import is_given

        return embed(
            parse_usages(usages),
            self._parts.analyser(),
            self._parts.model.asking_encoder(),
            # Only where the analyser does not know the word are the shards opened.
            lambda text: is_given(self.open_shards(), text),
        )

    def vectors(self, occurrences: Keys) -> NDArray[np.float32]:
        """The vectors of occurrences of the corpus, as they are kept: no model is needed.

        ``index.vectors(index.concordance("bank"))`` has those of all lines of a word, in the order of the lines.

        Args:
            occurrences: lines or keys, one or several.

        Returns:
            A row for each, in their order. Shape: (n, dimension), float32. What the codec rounds off leaves their
            lengths some thousandths from 1, more with ``sq4``, next to nothing with ``fp16``. Scores are products with
            these: ``index.vectors(lines) @ index.embed(usage)[0]`` has those that ``query`` gives the lines. `like`
            divides by the length of the key's vector: products of two of these are up to .001 from its scores.

        Raises:
            KeyNotFound: a key is of no occurrence.
        """
        from ctxsearch.query.finding import find_keys
        from ctxsearch.query.options import each_key_of
        from ctxsearch.query.similarity import vectors_at

        keys, shards = each_key_of(occurrences), self.open_shards()
        places = find_keys(shards, keys)
        return vectors_at(shards, [places[key] for key in keys])

    @property
    def can_export(self) -> bool:
        """Whether a query in a new process waits for torch, and `export_model` could spare it that."""
        return self._parts.model.can_export

    def export_model(self) -> None:
        """Exports the model to ONNX, once for all indexes, so that queries need not wait for torch to start.

        The export is checked against torch, at every piece and layer, and kept in the cache folder of ctxsearch. Where
        the model cannot be exported, that is noted there, and torch goes on answering.

        Raises:
            ModelError: the model cannot be found.
            SettingsMismatch: it is not the model that the index was made with.
            OSError: the export cannot be kept.
        """
        self._parts.model.export_model()

    def info(self) -> IndexInfo:
        """What the index holds and how it was made; documents that were taken out do not count.

        A shard whose vectors are damaged counts all the same: its catalog says what it holds.
        """
        from ctxsearch.query.description import describe

        parts = self._parts
        return describe(parts.path, parts.settings, parts.commit, parts.described())
