"""The seams: what the use cases ask of an encoder, of a codec and of a shard's vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

from ctxsearch.domain import Segment as Segment  # what an encoder of one's own is given

Shard = TypeVar("Shard", bound="VectorShard")

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Encoded(NamedTuple):
    """The vectors of the tokens of some segments, one row a token, in order.

    Attributes:
        vectors: unit length where present, zero elsewhere. Shape: (n_tokens, dimension), float32.
        present: whether the token has a vector. Shape: (n_tokens,), bool.
        unknown: how many of those with a vector have no piece that the model knows, ``[UNK]`` alone: what they are like
            is what stands beside them.
    """

    vectors: NDArray[np.float32]
    present: NDArray[np.bool_]
    unknown: int = 0


class Encoder(Protocol):
    """Turns words in their context into vectors.

    One of your own is a class with these three; it need not inherit from anything. Here words are alike that share
    letters; a real one would look at the words beside them as well, in the same passage:

    >>> import tempfile
    >>> import numpy as np
    >>> from ctxsearch import Document, Index
    >>> from ctxsearch.protocols import Encoded
    >>> class LetterEncoder:
    ...     dimension = 26
    ...     digest = "letters, version 1"
    ...
    ...     def encode(self, passages):
    ...         forms = [form.lower() for passage in passages for segment in passage for form in segment.forms]
    ...         counts = [[form.count(letter) for letter in "abcdefghijklmnopqrstuvwxyz"] for form in forms]
    ...         vectors = np.array(counts, np.float32).reshape(-1, self.dimension)
    ...         norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    ...         return Encoded(vectors / np.maximum(norms, 1), present=norms[:, 0] > 0)
    >>> folder = tempfile.mkdtemp() + "/letters"
    >>> report = Index.create(folder, encoder=LetterEncoder()).add([Document("1", "The bank. Two banks.")])
    >>> index = Index.open(folder, encoder=LetterEncoder())
    >>> [(line.node, round(line.score, 2)) for line in index.query("A [bank].")]
    [('bank', 1.0), ('banks', 0.89)]

    A build calls it from a thread of its own, one call at a time; or several at once, if it has an attribute
    ``is_concurrent`` that is true.
    """

    @property
    def dimension(self) -> int:
        """Length of a vector."""

    @property
    def digest(self) -> str:
        """What tells this model's weights from all others; an index is opened only with the one it was made with."""

    def encode(self, passages: Sequence[Sequence[Segment]]) -> Encoded:
        """Embeds every token of some passages.

        Args:
            passages: each a run of consecutive segments, which are sentences, of one document; no context passes from
                one passage to the next. Of a `ctxsearch.protocols.Segment`, ``forms`` are its tokens as written, and
                ``spans`` where they stand in its ``text``, an array with start and end of each. They have no lemmas
                but those that a source gives: a query's usage has none either.

        Returns:
            A row for each token: those of the first segment of the first passage, then of its second, and so on.
        """


class TokenEncoder(Encoder, Protocol):
    """An encoder that embeds some tokens of a long passage without having to embed all."""

    def encode_tokens(self, passages: Sequence[Sequence[Segment]], tokens: NDArray[np.int64]) -> Encoded:
        """What `encode` has for some tokens, but for rounding.

        Args:
            passages: see there.
            tokens: their numbers among the tokens of all passages. Shape: (n_tokens,).
        """


class Neighbours(NamedTuple):
    """Rows of a shard with their scores, nearest first, ties by row.

    Attributes:
        rows: positions in the shard's vectors. Shape: (n,), int64.
        scores: inner products with the query. Shape: (n,), float32.
    """

    rows: NDArray[np.int64]
    scores: NDArray[np.float32]


class NeighboursOfShards(NamedTuple):
    """Rows of several shards with their scores, nearest first, ties by shard and row.

    Attributes:
        numbers: which of the shards each row is of. Shape: (n,), int64.
        rows: positions in its vectors. Shape: (n,), int64.
        scores: inner products with the query. Shape: (n,), float32.
    """

    numbers: NDArray[np.int64]
    rows: NDArray[np.int64]
    scores: NDArray[np.float32]


class VectorCodec(Protocol):
    """How a vector is written to disk."""

    @property
    def code_size(self) -> int:
        """Bytes a vector."""

    def encode(self, vectors: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Codes of vectors. Shape: (n, dimension) in, (n, code_size) out."""

    def decode(self, codes: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Vectors of codes. Shape: (n, code_size) in, (n, dimension) out."""


class VectorShard(Protocol):
    """The vectors of one shard: a matrix of codes, its rows in order of lemma and form.

    A long search is cut into tasks for the cores; not so where it is one of `CardVectors`.
    """

    def search(
        self,
        parts: Sequence[tuple[int, int]],
        query: NDArray[np.float32],
        k: int,
        allowed: NDArray[np.bool_] | None = None,
    ) -> Neighbours:
        """The k rows of some parts that score highest, and every further row that ties with the last of them.

        Args:
            parts: of each its first row, and the row after its last; no row is in two.
            query: Shape: (dimension,).
            k: how many are wanted, at least 1.
            allowed: which of the rows may answer, part after part. Shape: (n_rows_of_all_parts,).
        """

    def vectors(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """The decoded vectors of some rows. Shape: (n, dimension)."""


class JointVectors(VectorShard, Protocol):
    """Vectors that are searched together with those of other shards, in less time than one after the other."""

    def search_with(
        self: Shard,
        others: Sequence[Shard],
        parts: Sequence[Sequence[tuple[int, int]]],
        query: NDArray[np.float32],
        k: int,
    ) -> NeighboursOfShards:
        """The k rows of this and of other shards that score highest, and every further row that ties with the last.

        Args:
            others: of the same index.
            parts: of each, this one first: see `search`; none of 2**32 rows.
            query: see there.
            k: see there.
        """


class CardVectors(VectorShard, Protocol):
    """Vectors that a card searches: all that is asked in one go, and many queries as fast as one."""

    is_scanned_at_once: bool
    """True: a search is not cut into tasks for the cores, and no word is searched in part."""

    def search_many(
        self,
        parts: Sequence[tuple[int, int]],
        queries: NDArray[np.float32],
        k: int,
        allowed: NDArray[np.bool_] | None = None,
    ) -> list[Neighbours]:
        """What `search` answers to each query.

        Args:
            parts: see there.
            queries: Shape: (n_queries, dimension).
            k: see there.
            allowed: see there.
        """
