"""The public face: class Index joins the use cases to SQLite, FAISS and the model.

Back ends are imported when they are first used, and only here, so that ``import ctxsearch`` and every command that
needs no model stay light.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal

from ctxsearch.commit import Commit, read_commit
from ctxsearch.domain import ConcordanceLine, Document, IndexInfo, IndexReport, Progress, Usage
from ctxsearch.errors import IndexDamaged, IndexExists, QueryError, SettingsMismatch
from ctxsearch.lock import writer_lock
from ctxsearch.places import known_indexes, locate_index
from ctxsearch.settings import CHOICES, DEFAULT_MODEL, SETTINGS_FILE, Settings, read_settings, write_settings
from ctxsearch.usage import parse_usage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ctxsearch.analysis import Analyser
    from ctxsearch.protocols import Encoder
    from ctxsearch.query.scope import OpenShard, Rows

DEFAULT_SHARD_TOKENS = 2_000_000
DEFAULT_CONTEXT = 10

ConcordanceContext = int | Literal["sentence"]
Order = Literal["corpus", "left", "node", "right"]


class Index:
    """An index over every word of a corpus: make one with `Index.create`, or open one with `Index.open`.

    An open index goes on seeing the commit it was opened at; `add` moves it to the commit it makes.

    >>> import tempfile
    >>> index = Index.create(tempfile.mkdtemp() + "/mine")
    >>> report = index.add([
    ...     Document("1", "They rowed to the bank and tied up the boat."),
    ...     Document("2", "The bank raised its interest rates."),
    ...     Document("3", "Reeds grew along the bank of the river."),
    ... ])
    >>> for line in index.query("We sat on the grassy [bank] and fished.", k=2, context=4):
    ...     print(line.key, line.left + "|" + line.node + "|" + line.right)
    3:21 Reeds grew along the |bank| of the river.
    1:18 They rowed to the |bank| and tied up the
    """

    def __init__(
        self,
        path: Path,
        settings: Settings,
        commit: Commit,
        encoder: Encoder | None,
        hardware: Mapping[str, str | None],
    ) -> None:
        self.path = path
        self.settings = settings
        self._commit = commit
        self._encoder = encoder
        self._hardware = hardware
        self._analyser: Analyser | None = None
        self._shards: dict[str, OpenShard] = {}

    # ------------------------------------------------------------------------------------------------ life

    @classmethod
    def create(
        cls,
        path: str | Path,
        *,
        model: str = DEFAULT_MODEL,
        layers: str = "last",
        pooling: str = "mean",
        window: int = 128,
        language: str = "en",
        punctuation: bool = False,
        codec: str = "fp16",
        device: str | None = None,
        dtype: str | None = None,
        encoder: Encoder | None = None,
    ) -> Index:
        """Makes an empty index.

        Args:
            path: a folder, or a bare name, which means a folder under ``indexes/`` (or ``$CTXSEARCH_INDEXES``).
            model: a folder with a model, or a name: the embedded model's, or one in the Hugging Face cache or hub.
            layers: ``last``, ``sum:9-12``, ``mean:1,6`` or ``concat:3-6``; layer 0 is the embedding.
            pooling: how a word's pieces become one vector: ``mean``, ``first`` or ``last``.
            window: pieces that the model sees at once.
            language: by which sentences and lemmas are cut.
            punctuation: whether punctuation marks are occurrences too.
            codec: how vectors are kept: ``fp16``, or ``sq8`` in half the space.
            device: ``cpu``, ``cuda``...; the GPU if there is one, where None.
            dtype: ``bf16``, ``fp16`` or ``fp32``; what suits the device, where None.
            encoder: an encoder of your own in place of the model, whose name is then ``model``.

        Raises:
            IndexExists: there is one already.
            ModelError: the model cannot be found or used.
            ValueError: a setting is unknown or does not fit the model.
        """
        from ctxsearch.analysis import Analyser

        folder = locate_index(path)
        if folder.is_dir() and read_commit(folder).number:
            raise IndexExists(str(folder))
        for name, value in (("codec", codec), ("pooling", pooling)):
            if value not in CHOICES[name]:
                raise ValueError(f"There is no {name} {value!r}; use {' or '.join(CHOICES[name])}.")
        analyser = Analyser(language, punctuation=punctuation)
        if encoder is None:
            encoder = _load_encoder(model, layers, pooling, window, device, dtype)
        settings = Settings(
            model=str(Path(model).resolve()) if Path(model).is_dir() else model,
            model_digest=encoder.digest,
            layers=layers,
            pooling=pooling,
            window=window,
            dimension=encoder.dimension,
            language=analyser.language,
            punctuation=punctuation,
            codec=codec,
        )
        folder.mkdir(parents=True, exist_ok=True)
        with writer_lock(folder):
            if read_commit(folder).number:
                raise IndexExists(str(folder))  # made by another process in the meantime
            # An index without a commit holds nothing that could be lost.
            (folder / SETTINGS_FILE).unlink(missing_ok=True)
            write_settings(folder, settings)
        return cls(folder, settings, Commit(), encoder, {"device": device, "dtype": dtype})

    @classmethod
    def open(
        cls, path: str | Path, *, device: str | None = None, dtype: str | None = None, encoder: Encoder | None = None
    ) -> Index:
        """Opens an index as of its newest commit; the model is loaded when it is first needed.

        Args:
            path: a folder, or a bare name, see `create`.
            device: where the model runs, see `create`.
            dtype: in which type, see `create`.
            encoder: the encoder of an index that was created with one.

        Raises:
            IndexNotFound: there is none.
            IndexDamaged: a file is missing or cannot be read.
            FormatTooNew: a newer ctxsearch made it.
        """
        folder = locate_index(path)
        settings = read_settings(folder, known_indexes())
        return cls(folder, settings, read_commit(folder), encoder, {"device": device, "dtype": dtype})

    @property
    def is_new(self) -> bool:
        """Whether nothing has been committed yet."""
        return self._commit.number == 0

    @property
    def is_unfinished(self) -> bool:
        """Whether the last run that added documents was interrupted."""
        return self._commit.unfinished

    def close(self) -> None:
        """Lets go of all files."""
        for shard in self._shards.values():
            shard.catalog.close()
        self._shards.clear()

    def __enter__(self) -> Index:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # ------------------------------------------------------------------------------------------------ writing

    def add(
        self,
        documents: Iterable[Document],
        *,
        replace: bool = False,
        shard_tokens: int = DEFAULT_SHARD_TOKENS,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> IndexReport:
        """Adds documents, shard after shard; what is committed stays whatever happens later.

        A document whose id is there already is refused, and the report says so. After a run that was interrupted, the
        same documents are passed over, so that the same call goes on where it stopped.

        Args:
            documents: any iterable; it is read as it goes.
            replace: let a document take the place of the one that has its id.
            shard_tokens: a shard ends with the first document that brings it to so many words.
            on_progress: is called with the number of words encoded so far.

        Raises:
            IndexLocked: another process writes to the index.
            SettingsMismatch: the model is not the one that the index was made with.
            SourceError: a document cannot be read, or is no valid Unicode.
        """
        from ctxsearch.adding import Adding
        from ctxsearch.vectors.codec import Codec
        from ctxsearch.vectors.faiss import FaissCodec

        if shard_tokens < 1:
            raise ValueError(f"A shard cannot have {shard_tokens} words; give at least 1.")
        encoder = self._get_encoder()
        with writer_lock(self.path):
            adding = Adding(
                self.path,
                read_commit(self.path),
                settings=json.dumps(asdict(self.settings), sort_keys=True).encode(),
                analyser=self._get_analyser(),
                encoder=encoder,
                codec=Codec(self.settings.codec),
                make_codec=FaissCodec,
                on_progress=on_progress,
            )
            try:
                return adding.run(documents, replace=replace, shard_tokens=shard_tokens)
            finally:
                self._commit = adding.commit
                # An entry holds what was taken out, so a changed shard is opened anew.
                self.close()

    # ------------------------------------------------------------------------------------------------ reading

    def query(
        self,
        usage: str | Usage,
        *,
        k: int | None = 20,
        form: str | Sequence[str] = (),
        min_score: float | None = None,
        any_word: bool = False,
        where: Sequence[str] = (),
        context: ConcordanceContext = DEFAULT_CONTEXT,
    ) -> list[ConcordanceLine]:
        """The uses of the marked word that are most like this one, nearest first, ties by key.

        Args:
            usage: a sentence with its word in brackets, ``"They rowed to the [bank]."``, or a `Usage`.
            k: how many lines; None for all.
            form: only occurrences written exactly so (or in one of several ways).
            min_score: only lines that score so much.
            any_word: search all words, not just the marked one.
            where: conditions on the metadata, such as ``"year>=1990"``; all must hold.
            context: words on either side, or ``"sentence"``.

        Raises:
            QueryError: the usage, a filter or an option cannot be understood.
            WordNotFound: the corpus does not have the word.
        """
        from ctxsearch.query import scope
        from ctxsearch.query.asked import embed, marked_token
        from ctxsearch.query.keys import require

        _check_options(k, context)
        usage = parse_usage(usage) if isinstance(usage, str) else usage
        asked = marked_token(usage, self._get_analyser())
        shards, forms = self.open_shards(), _surface_forms(form)
        if any_word:
            rows = [scope.all_rows(shard, forms) for shard in shards]
        else:
            rows = [scope.rows_of_lemma(shard, asked.lemma) for shard in shards]
            require(shards, rows, asked.lemma)
            if forms:
                rows = [scope.rows_of_lemma(shard, asked.lemma, forms) for shard in shards]
        if forms:
            require(shards, rows, forms[0])
        allowed = scope.allowed_documents(shards, where)
        vector = embed([usage], self._get_analyser(), self._get_encoder())[0]
        return self._nearest(rows, allowed, vector, k, min_score, context)

    def like(
        self,
        keys: str | Sequence[str],
        *,
        unlike: str | Sequence[str] = (),
        k: int | None = 20,
        form: str | Sequence[str] = (),
        min_score: float | None = None,
        any_word: bool = False,
        where: Sequence[str] = (),
        context: ConcordanceContext = DEFAULT_CONTEXT,
    ) -> list[ConcordanceLine]:
        """The uses that are most like some occurrences and least like others, without those given; needs no model.

        Args:
            keys: of the occurrences to be like, as lines carry them.
            unlike: of the occurrences not to be like.
            k: how many lines; None for all.
            form: only occurrences written exactly so.
            min_score: only lines that score so much.
            any_word: search all words, not just those of the keys.
            where: conditions on the metadata.
            context: words on either side, or ``"sentence"``.

        Raises:
            KeyNotFound: the index has no such occurrence.
            QueryError: a filter or an option cannot be understood.
        """
        import numpy as np

        from ctxsearch.query import scope
        from ctxsearch.query.keys import find_key, require
        from ctxsearch.query.ranking import towards

        _check_options(k, context)
        shards, forms = self.open_shards(), _surface_forms(form)
        liked = [find_key(shards, key) for key in _strings(keys)]
        disliked = [find_key(shards, key) for key in _strings(unlike)]
        if not liked:
            raise QueryError("Give the key of at least one line to be like.")
        vectors = np.stack(
            [shards[place.shard].vectors.vectors(np.array([place.row]))[0] for place in liked + disliked]
        )
        query = towards(vectors[: len(liked)], vectors[len(liked) :])
        if any_word:
            rows = [scope.all_rows(shard, forms) for shard in shards]
        else:
            lemmas = dict.fromkeys(place.lemma for place in liked)
            rows = [[row for lemma in lemmas for row in scope.rows_of_lemma(shard, lemma, forms)] for shard in shards]
        if forms:
            require(shards, rows, forms[0])
        allowed = scope.allowed_documents(shards, where)
        given = {(place.shard, place.row) for place in liked + disliked}
        return self._nearest(rows, allowed, query, k, min_score, context, given)

    def concordance(
        self,
        word: str,
        *,
        form: str | Sequence[str] = (),
        where: Sequence[str] = (),
        limit: int | None = None,
        sample: int | None = None,
        seed: int = 0,
        order: Order = "corpus",
        context: ConcordanceContext = DEFAULT_CONTEXT,
    ) -> list[ConcordanceLine]:
        """Every line of a lemma, or of a form.

        Args:
            word: a lemma, which stands for all its forms; or a form, which stands for itself.
            form: only occurrences written exactly so.
            where: conditions on the metadata.
            limit: the first so many lines, in the order asked for; None for all.
            sample: a random sample of so many lines.
            seed: draws the sample; the same seed draws the same lines.
            order: ``corpus``, or by the words ``left`` of the node (nearest first), the ``node`` itself, or ``right``.
            context: words on either side, or ``"sentence"``.

        Raises:
            WordNotFound: the corpus does not have the word.
            QueryError: a filter or an option cannot be understood.
        """
        from ctxsearch.query.lines import lines
        from ctxsearch.query.ranking import listing

        _check_options(limit, context)
        if sample is not None and sample < 1:
            raise QueryError(f"A sample cannot have {sample} lines; give at least 1.")
        if order not in _ORDERS:
            raise QueryError(f"There is no order {order!r}; use {', '.join(_ORDERS)}.")
        shards = self.open_shards()
        found = listing(shards, *self._word(word, form, where))
        if sample is not None and sample < len(found):
            drawn = random.Random(seed).sample(range(len(found)), sample)
            found = [found[number] for number in sorted(drawn)]
        if order == "corpus" and limit is not None:
            found = found[:limit]
        made = lines(shards, found, None if context == "sentence" else context)
        if order != "corpus":
            made.sort(key=_ORDERS[order])
        return made[:limit]

    def count(self, word: str, *, form: str | Sequence[str] = (), where: Sequence[str] = ()) -> int:
        """How many lines `concordance` has for a word.

        Raises:
            WordNotFound: the corpus does not have the word.
            QueryError: a filter cannot be understood.
        """
        from ctxsearch.query.ranking import listing

        return len(listing(self.open_shards(), *self._word(word, form, where)))

    def embed(self, usages: Sequence[str | Usage]) -> NDArray[np.float32]:
        """The vectors of marked words, made as the index's own are.

        Args:
            usages: sentences with a word in brackets, or `Usage`s.

        Returns:
            Shape: (n, dimension), float32, unit length.

        Raises:
            QueryError: a usage marks no word.
        """
        from ctxsearch.query.asked import embed

        parsed = [parse_usage(usage) if isinstance(usage, str) else usage for usage in usages]
        return embed(parsed, self._get_analyser(), self._get_encoder())

    def info(self) -> IndexInfo:
        """What the index holds and how it was made."""
        from ctxsearch.build import SHARD_FILE

        shards = self.open_shards(allow_empty=True)
        lemmas: set[str] = set()
        totals = [0, 0, 0]
        without_vector = 0
        for shard in shards:
            totals = [total + more for total, more in zip(totals, shard.catalog.totals(), strict=True)]
            lemmas.update(lemma for lemma, _ in shard.catalog.lemma_frequencies())
            path = self.path / shard.entry.shard_id / SHARD_FILE
            try:
                without_vector += json.loads(path.read_bytes())["without_vector"]
            except (OSError, ValueError, KeyError) as error:
                raise IndexDamaged(str(path), f"it cannot be read ({error})") from error
        removed = sum(len(shard.entry.removed) for shard in shards)
        return IndexInfo(
            path=str(self.path),
            settings=asdict(self.settings),
            commit=self._commit.number,
            unfinished=self._commit.unfinished,
            shards=len(shards),
            documents=totals[0] - removed,
            documents_removed=removed,
            segments=totals[1],
            words=totals[2],
            occurrences=sum(shard.entry.rows for shard in shards),
            without_vector=without_vector,
            lemmas=len(lemmas),
            bytes=sum(size for shard in shards for size, _ in shard.entry.files.values()),
            metadata_columns=sorted({name for shard in shards for name in shard.catalog.metadata_columns()}),
        )

    # ------------------------------------------------------------------------------------------------ parts

    def _word(
        self, word: str, form: str | Sequence[str], where: Sequence[str]
    ) -> tuple[list[list[Rows]], list[NDArray[np.bool_] | None]]:
        from ctxsearch.analysis import normal_form
        from ctxsearch.query import scope
        from ctxsearch.query.keys import require

        shards, forms, folded = self.open_shards(), _surface_forms(form), normal_form(word)
        rows = [scope.rows_of_word(shard, folded) for shard in shards]
        require(shards, rows, word)
        if forms:
            rows = [scope.rows_of_word(shard, folded, forms) for shard in shards]
            require(shards, rows, forms[0])
        return rows, scope.allowed_documents(shards, where)

    def _nearest(
        self,
        rows: Sequence[Sequence[Rows]],
        allowed: Sequence[NDArray[np.bool_] | None],
        vector: NDArray[np.float32],
        k: int | None,
        min_score: float | None,
        context: ConcordanceContext,
        without: Iterable[tuple[int, int]] = (),
    ) -> list[ConcordanceLine]:
        from ctxsearch.query.lines import ranked_lines
        from ctxsearch.query.ranking import search

        given = set(without)
        shards = self.open_shards()
        found = search(shards, rows, allowed, vector, None if k is None else k + len(given), min_score)
        found = [item for item in found if (item.shard, item.row) not in given]
        return ranked_lines(shards, found, None if context == "sentence" else context, k)

    def open_shards(self, *, allow_empty: bool = False) -> list[OpenShard]:
        """The shards of the commit, for those who want to look below the concordance."""
        import numpy as np

        from ctxsearch.adding import codec_parameters
        from ctxsearch.catalog.reader import Catalog
        from ctxsearch.query.scope import OpenShard
        from ctxsearch.vectors.codec import Codec, train
        from ctxsearch.vectors.faiss import FaissShard
        from ctxsearch.vectors.files import open_vectors

        if not self._commit.shards and not allow_empty:
            raise QueryError(f"The index {self.path} is empty; add documents with: ctxsearch index {self.path} SOURCE.")
        if not self._commit.shards:
            return []
        parameters = codec_parameters(Codec(self.settings.codec), self.settings.dimension, self._commit)
        if parameters is None and not any(entry.rows for entry in self._commit.shards):
            # Nothing but texts without words: nothing to train on, and nothing to decode.
            parameters = train(Codec(self.settings.codec), np.zeros((1, self.settings.dimension), np.float32))
        if parameters is None:
            raise IndexDamaged(str(self.path), "the commit has no ranges for the codec")
        for entry in self._commit.shards:
            if entry.shard_id not in self._shards:
                folder = self.path / entry.shard_id
                files = open_vectors(folder, parameters.code_size, entry.rows, entry.lemmas)
                vectors = FaissShard(files.codes, parameters)
                self._shards[entry.shard_id] = OpenShard(entry, Catalog(folder), files, vectors)
        return [self._shards[entry.shard_id] for entry in self._commit.shards]

    def _get_analyser(self) -> Analyser:
        if self._analyser is None:
            from ctxsearch.analysis import Analyser

            self._analyser = Analyser(self.settings.language, punctuation=self.settings.punctuation)
        return self._analyser

    def _get_encoder(self) -> Encoder:
        if self._encoder is None:
            own = self.settings
            self._encoder = _load_encoder(own.model, own.layers, own.pooling, own.window, **self._hardware)
        if self._encoder.digest != self.settings.model_digest:
            raise SettingsMismatch(
                str(self.path),
                "the model",
                f"{self.settings.model} ({self.settings.model_digest[:12]})",
                f"the one that is found now under that name ({self._encoder.digest[:12]})",
            )
        return self._encoder


def _load_encoder(model: str, layers: str, pooling: str, window: int, device: str | None, dtype: str | None) -> Encoder:
    from ctxsearch.encoder.transformer import TransformerEncoder

    return TransformerEncoder(model, layers=layers, pooling=pooling, window=window, device=device, dtype=dtype)


def _surface_forms(form: str | Sequence[str]) -> list[str]:
    from ctxsearch.analysis import surface_form

    return list(dict.fromkeys(surface_form(one) for one in _strings(form)))


def _strings(one: str | Sequence[str]) -> list[str]:
    return list(dict.fromkeys([one] if isinstance(one, str) else one))


def _check_options(k: int | None, context: ConcordanceContext) -> None:
    if k is not None and k < 1:
        raise QueryError(f"{k} lines cannot be shown; ask for at least 1.")
    if context != "sentence" and (not isinstance(context, int) or context < 0):
        raise QueryError(f"The context {context!r} cannot be; give a number of words, or sentence.")


_ORDERS: dict[str, Callable[[ConcordanceLine], tuple[str | list[str], ...]]] = {
    "corpus": lambda line: (),
    "left": lambda line: (line.left.casefold().split()[::-1], line.node.casefold(), line.right.casefold()),
    "node": lambda line: (line.node.casefold(), line.right.casefold()),
    "right": lambda line: (line.right.casefold().split(), line.node.casefold()),
}
