"""What the tests share: an encoder whose vectors a person can work out, and indexes built with it in milliseconds."""

from __future__ import annotations

import atexit
import gzip
import os
import shutil
import subprocess
import tempfile
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import settings
from remembering import Known, remembering

import ctxsearch
from ctxsearch import Document, Index, storage
from ctxsearch.domain import Segment
from ctxsearch.protocols import Encoded
from ctxsearch.vectors import clusters

# The same examples in every run, however slow the machine.
settings.register_profile("ctxsearch", derandomize=True, deadline=None)
settings.load_profile("ctxsearch")

# Exported models go where the tests can make their own, once for all.
os.environ["CTXSEARCH_CACHE"] = tempfile.mkdtemp(prefix="ctxsearch-cache-")
atexit.register(shutil.rmtree, os.environ["CTXSEARCH_CACHE"], ignore_errors=True)


class QuickDisk(storage.Disk):
    """Opens what it is to sync, and syncs nothing: that takes milliseconds, a dozen times for each index."""

    def sync(self, path: Path) -> None:
        os.close(os.open(path, os.O_RDONLY | os.O_CLOEXEC))


# That all is synced is for the tests of durability, of storage, and of commands, which have a real disk.
storage.disk = QuickDisk()

MakeIndex = Callable[..., Index]

SAMPLE = Path(ctxsearch.__file__).parent / "sample"


TOPICS = ("river mud willow otter boat mill", "money loan clerk cheque vault debt", "snow fog plane wing pilot turn")
"""Words that stand together."""


def small_clusters(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on a word of fifty uses is in clusters, of about eight rows."""
    for name, value in (("CLUSTERED_ROWS", 50), ("ROWS_PER_CLUSTER", 8), ("FEWEST_CLUSTERS", 2)):
        monkeypatch.setattr(clusters, name, value)


class WindowEncoder:
    """Makes a word's vector by counting the words beside it: up to three on either side, in the same passage.

    Each neighbouring form, in lower case, counts in one of 64 components, which its hash chooses; the counts are
    brought to unit length. So two uses score as high as they share neighbours, and *river bank* comes apart from
    *savings bank*. A word without neighbours counts itself. As in BERT, a form of zero-width characters or U+FFFD alone
    has no vector.
    """

    reach = 3

    def __init__(self, digest: str = "window-encoder") -> None:
        self.dimension = 64
        self.digest = digest

    def encode(self, passages: Sequence[Sequence[Segment]]) -> Encoded:
        """Counts the neighbours of every token."""
        forms = [[form for segment in passage for form in segment.forms] for passage in passages]
        present = np.array([_is_seen(form) for words in forms for form in words], np.bool_)
        vectors = np.concatenate([np.empty((0, self.dimension), np.float32), *map(self._count, forms)])
        return Encoded(vectors * present[:, None], present)

    def _count(self, words: Sequence[str]) -> np.ndarray:
        components = [self.component(form) for form in words]
        counts = np.zeros((len(words), self.dimension), np.float32)
        for step in range(1, self.reach + 1):
            here, there = np.arange(len(words) - step), components[step:]
            counts[here, there] += 1
            counts[here + step, components[: len(here)]] += 1
        if len(words) == 1:
            counts[0, components[0]] = 1
        return counts / np.linalg.norm(counts, axis=1, keepdims=True)

    @staticmethod
    @cache
    def component(form: str) -> int:
        """Where a neighbour is counted."""
        return int.from_bytes(blake2b(form.lower().encode(), digest_size=8).digest(), "big") % 64


def _is_seen(form: str) -> bool:
    return any(unicodedata.category(character) != "Cf" and character != "\ufffd" for character in form)


@pytest.fixture
def encoder() -> WindowEncoder:
    """The window encoder."""
    return WindowEncoder()


@pytest.fixture
def river_documents() -> list[Document]:
    """Four texts with river banks, four with banks that lend money, and one without any."""
    return [
        Document("rowing", "They rowed to the bank of the river. The oars were wet.", {"year": 1908, "genre": "novel"}),
        Document("loan", "The bank lent us money. We repaid the bank in June.", {"year": 1987, "genre": "news"}),
        Document("reeds", "Reeds grew on the bank of the river.", {"year": 1921, "genre": "nature"}),
        Document("rates", "The bank lent money at five per cent.", {"year": 1992, "genre": "news"}),
        Document("angler", "An angler sat on the bank of the river. He ate bread.", {"year": 1953, "genre": "novel"}),
        Document("crisis", "Two banks failed. Nobody knew which bank lent money to whom.", {"year": 2008}),
        Document("flood", "The flood broke both banks of the river.", {"year": 1953, "genre": "news"}),
        Document("savings", "Every savings bank lent money that year.", {"year": 1908, "genre": "novel"}),
        Document("tea", "She poured the tea and cut the bread.", {"year": 1921, "genre": "novel"}),
    ]


@pytest.fixture
def make_index(tmp_path: Path) -> Iterator[MakeIndex]:
    """Builds an index of some documents with the window encoder, each call in a folder of its own.

    ``path`` gives the folder; ``replace`` and ``shard_tokens`` go to `Index.add`, everything else to `Index.create`.
    """
    made: list[Index] = []

    def make(documents: Iterable[Document] = (), *, path: Path | None = None, **options: object) -> Index:
        adding = {name: options.pop(name) for name in ("replace", "shard_tokens") if name in options}
        options.setdefault("encoder", WindowEncoder())
        index = Index.create(path or tmp_path / f"index-{len(made)}", model="window", **options)  # type: ignore[arg-type]
        made.append(index)
        if documents:
            index.add(documents, **adding)  # type: ignore[arg-type]
        return index

    yield make
    for index in made:
        index.close()


def make_sample(folder: Path) -> Index:
    """An index of the sample corpus by the default model, in single precision: the same scores on every machine.

    Half precision keeps the scores apart that the approved answers were chosen to have.
    """
    index = Index.create(folder, dtype="fp32", codec="fp16")
    index.add(ctxsearch.read(SAMPLE / "documents.jsonl"))
    return index


@pytest.fixture(scope="session")
def known() -> Known:
    """What vectors the words of the sample have, for those who make an index of it, see `remembering`."""
    return {}


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory, known: Known) -> Iterator[Index]:
    """The index of the sample corpus, made once for all tests, which leave it as it is."""
    with remembering(known):
        made = make_sample(tmp_path_factory.mktemp("indexes") / "sample")
    with made as index:
        yield index


@pytest.fixture
def index(make_index: MakeIndex, river_documents: list[Document]) -> Index:
    """An index of the river documents."""
    return make_index(river_documents)


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A tiny model of each family; for a test to read, and not to spoil."""
    from tiny_models import FAMILIES, build  # brings torch, which most tests do without

    return {family: build(family, tmp_path_factory.mktemp(family)) for family in FAMILIES}


class Library(NamedTuple):
    """A corpus of every kind of file, and an index of it that the command line made with the default model."""

    corpus: Path
    index: Path
    made: subprocess.CompletedProcess[str]


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """The library; tests leave it as it is."""
    from command_line import ctxsearch as command  # brings Typer, which most tests do without

    home = tmp_path_factory.mktemp("library")
    corpus = home / "corpus"
    (corpus / "letters").mkdir(parents=True)
    (corpus / "letters" / "1912.txt").write_text("We moored the boat at the bank of the river.\n")
    (corpus / "old.txt.gz").write_bytes(gzip.compress(b"Willows lined the muddy banks of the stream."))
    (corpus / "metadata.csv").write_text("id,year,genre\nletters/1912.txt,1912,letter\nold.txt,1890,novel\n")
    (corpus / "loans.jsonl").write_text(
        '{"id": "loan", "text": "The bank refused him a loan.", "metadata": {"year": 1998}}\n'
    )
    (corpus / "rows.csv").write_text('id,year,text\nsavings,2001,"Every savings bank, they said, lent money."\n')
    (corpus / "rows.tsv").write_text("id\tyear\ttext\nrates\t2002\tThe bank raised its rates.\n")
    (corpus / "odd.txt").write_bytes(
        "A nul\x00byte, zero\u200bwidth \u200b, 👩‍👩‍👧 and 🏦; שלום עולם, على ضفة النهر. The end".encode()
    )
    (corpus / "empty.txt").write_text("")
    (corpus / "cover.jpeg").write_bytes(b"\xff\xd8")
    return Library(corpus, home / "index", command("index", home / "index", corpus, "--dtype", "fp32"))


@pytest.fixture
def copy(library: Library, tmp_path: Path) -> Path:
    """A copy of the library's index, to be changed."""
    return Path(shutil.copytree(library.index, tmp_path / "copy"))
