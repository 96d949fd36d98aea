"""Class Index: makes and opens an index; its answers, changes and care are in modules beside this one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ctxsearch.commit import Commit, HeldCommit, hold_commit, newest_commit
from ctxsearch.errors import IndexDamaged, IndexExists
from ctxsearch.index.care import Care
from ctxsearch.index.changes import Changes
from ctxsearch.index.choosing import DEFAULT_WINDOW, chosen
from ctxsearch.index.exports import Exports
from ctxsearch.index.founding import Traces, found, founding
from ctxsearch.index.own_encoder import checked_encoder
from ctxsearch.index.parts import Parts
from ctxsearch.paths import path_of
from ctxsearch.places import known_indexes, locate_index
from ctxsearch.settings import SETTINGS_FILE, Settings, parse_settings, read_settings

if TYPE_CHECKING:
    from ctxsearch.protocols import Encoder


class Index(Changes, Care, Exports):
    """An index over every word of a corpus: make one with `Index.create`, or open one with `Index.open`.

    An open index goes on seeing the commit it was opened at; `add` moves it to the commit it makes. Pickled, for
    `multiprocessing` say, it is its path, and what it was opened with: where it is unpickled, it is opened anew, as of
    the newest commit. An encoder of one's own is pickled with it. Its senses and subcorpora are not: ask the new one.

    >>> import tempfile
    >>> from ctxsearch import Document, Index
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

    _traces: Traces | None = None

    @classmethod
    def create(
        cls,
        path: str | Path,
        *,
        model: str | None = None,
        layers: str | None = None,
        pooling: str | None = None,
        head: str | Path | None = None,
        window: int = DEFAULT_WINDOW,
        language: str = "en",
        punctuation: bool = False,
        codec: str | None = None,
        device: str | None = None,
        dtype: str | None = None,
        encoder: Encoder | None = None,
    ) -> Index:
        """Makes an empty index.

        Args:
            path: a folder, or a bare name, which means a folder under ``indexes/`` (or ``$CTXSEARCH_INDEXES``).
            model: a folder with a model, or a name: one in the Hugging Face cache or hub, or the embedded model's,
                which it is where None.
            layers: ``last``, ``sum:9-12``, ``mean:1,6`` or ``concat:3-6``; layer 0 is the embedding. Where None, those
                of the head; without one, the last of the embedded model, and four of another's, chosen by its depth.
            pooling: how a word's pieces become one vector: ``mean``, ``first`` or ``last``.
            head: a file with a learned map that makes the model's vectors tell senses apart; or ``none``. Where None,
                the one that comes with ctxsearch for the model, if it has one and neither ``layers`` nor ``pooling`` is
                given.
            window: pieces that the model sees at once.
            language: by which sentences and lemmas are cut: a code such as ``en``, and no name. Where there is no
                dictionary of it, words are filed as they are written.
            punctuation: whether punctuation marks are occurrences too.
            codec: how vectors are kept: ``fp16``, ``sq8``, ``sq6`` or ``sq4``, in less and less space. Where None,
                ``sq8`` with a head, ``sq6`` without; or ``fp16`` with an encoder of your own: the others cut off what
                lies far outside of the first 65 536 vectors, as vectors with few components, each large, may do.
            device: ``cpu``, ``cuda``...; the GPU if there is one, where None. Queries are embedded by the CPU, in
                single precision, unless a GPU or a type is asked for.
            dtype: ``bf16``, ``fp16`` or ``fp32``; what suits the device, where None.
            encoder: an encoder of your own in place of the model, whose name is then ``model``, or that of its class;
                see `ctxsearch.protocols.Encoder`. The options of a model do not go with it: ``layers``, ``pooling``,
                ``head``, ``window`` and ``dtype``; of devices, ``mps``.

        Raises:
            IndexExists: there is one already.
            ModelError: the model cannot be found or used.
            HeadError: the head cannot be read, or is for another model.
            ValueError: a setting is unknown, does not fit the model, or is a model's and there is an encoder.
        """
        folder = locate_index(path)
        if folder.exists() and not folder.is_dir():
            raise ValueError(f"{folder} is a file, and an index is a folder; choose another name.")
        if folder.is_dir() and newest_commit(folder)[1]:
            raise IndexExists(str(folder))
        new = chosen(
            model=model,
            layers=layers,
            pooling=pooling,
            head=head,
            window=window,
            language=language,
            punctuation=punctuation,
            codec=codec,
            device=device,
            dtype=dtype,
            encoder=encoder,
        )
        with founding(folder) as traces:
            text = found(folder, new.settings, new.head)
        hardware = {"device": device, "dtype": dtype}
        index = cls(Parts(folder, new.settings, text, HeldCommit(Commit()), encoder=new.encoder, hardware=hardware))
        index._traces = traces
        return index

    @classmethod
    def open(
        cls,
        path: str | Path,
        *,
        device: str | None = None,
        dtype: str | None = None,
        encoder: Encoder | None = None,
        allow_damaged: bool = False,
    ) -> Index:
        """Opens an index as of its newest commit; the model is loaded when it is first needed.

        Args:
            path: a folder, or a bare name, see `create`.
            device: where the model runs, see `create`.
            dtype: in which type, see `create`.
            encoder: the encoder of an index that was created with one; ``dtype`` does not go with it.
            allow_damaged: answer from what can be read, see `left_out`; damage is an error otherwise.

        Raises:
            IndexNotFound: there is none.
            IndexDamaged: a file is missing or cannot be read.
            FormatTooNew: a newer ctxsearch made it.
            ValueError: there can be no such device or type, or they are a model's and there is an encoder.
        """
        folder = locate_index(path)
        own = checked_encoder(encoder, device, dtype)
        held: HeldCommit | None = None
        try:
            settings, text = read_settings(folder, known_indexes())
            held = hold_commit(folder, allow_damaged=allow_damaged)
            if held.commit.settings not in (None, text):
                raise IndexDamaged(str(folder / SETTINGS_FILE), "it is not what it was when the index was made")
        except IndexDamaged:
            held = held or hold_commit(folder, allow_damaged=True)
            if not allow_damaged or held.commit.settings is None:
                raise
            text = held.commit.settings
            settings = parse_settings(text, folder / SETTINGS_FILE)
        hardware = {"device": device, "dtype": dtype}
        return cls(Parts(folder, settings, text, held, encoder=own, hardware=hardware, allow_damaged=allow_damaged))

    @classmethod
    def restore(
        cls,
        file: str | Path,
        path: str | Path,
        *,
        device: str | None = None,
        dtype: str | None = None,
        encoder: Encoder | None = None,
    ) -> Index:
        """Brings back a backup as a new index, checked, and opens it.

        Args:
            file: what `backup` wrote.
            path: where the index goes; nothing is there yet.
            device, dtype, encoder: what it is opened with, see `open`.

        Raises:
            IndexExists: an index, or anything else, is there.
            BackupError: the file is no backup, or is damaged; nothing is left at ``path``.
            QueryError: either is no path.
            ValueError: there can be no such device or type, or they are a model's and there is an encoder.
        """
        from ctxsearch.upkeep.archive import restore

        checked_encoder(encoder, device, dtype)
        restore(path_of(file), locate_index(path))
        return cls.open(path, device=device, dtype=dtype, encoder=encoder)

    def __reduce__(self) -> tuple[object, ...]:
        return _opened, (type(self), self._parts.place.absolute, self._parts.options)

    def __repr__(self) -> str:
        return f"<Index {str(self.path)!r}, commit {self.commit}>"

    @property
    def path(self) -> Path:
        """The folder it is in, as it was given."""
        return self._parts.place.given

    @property
    def settings(self) -> Settings:
        """What it was made with."""
        return self._parts.settings

    @property
    def commit(self) -> int:
        """The number of the commit that it sees; 0 where nothing was committed yet."""
        return self._parts.commit.number

    @property
    def is_new(self) -> bool:
        """Whether nothing has been committed yet."""
        return self.commit == 0

    @property
    def is_unfinished(self) -> bool:
        """Whether the last run that added documents was interrupted."""
        return self._parts.commit.unfinished

    @property
    def left_out(self) -> Mapping[str, str]:
        """Damaged shards and commits that the answers so far came without, and what is wrong with each; see `open`."""
        return self._parts.left_out

    def discard(self) -> bool:
        """Takes away an index that this object has created, if nothing was ever committed to it; tells whether it did.

        What was there before stays, and so does all of it where somebody else writes to it, or has put anything into
        it.

        >>> import tempfile
        >>> from ctxsearch import Index
        >>> index = Index.create(tempfile.mkdtemp() + "/mine")
        >>> index.add([]).documents, index.discard(), index.path.exists()
        (0, True, False)
        """
        return self.is_new and self._traces is not None and self._traces.wipe()

    def close(self) -> None:
        """Lets go of all files, as the end of a ``with`` does; the model stays.

        Whatever is asked for afterwards opens its files again, as of the same commit. Where a writer has cleared them
        away meanwhile, that is told, as a `QueryError`.
        """
        self._parts.close()

    def __enter__(self) -> Index:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _opened(kind: type[Index], path: Path, options: Mapping[str, Any]) -> Index:
    """An index that comes from another process."""
    return kind.open(path, **options)
