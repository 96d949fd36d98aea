"""Processes that are forked from one that has used an index: what they inherit, and what they must not touch."""

from __future__ import annotations

import errno
import fcntl
import multiprocessing
import os
import pickle
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import faiss
import numpy as np
import pytest
import torch
from conftest import MakeIndex, WindowEncoder, small_clusters
from forking import in_fork

from ctxsearch import Document, Index
from ctxsearch.errors import IndexLocked, QueryError
from ctxsearch.lock import writer_lock
from ctxsearch.storage import folder_beside
from ctxsearch.thread_lock import ThreadLock, awaited_lock


@pytest.fixture
def threads_of_faiss() -> Iterator[None]:
    """FAISS has threads in this process, and none of them will be in a child of it."""
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(2)
    some = np.ones((4096, 8), np.float32)
    codec = faiss.ScalarQuantizer(8, faiss.ScalarQuantizer.QT_fp16)
    codec.decode(codec.compute_codes(some))
    yield
    faiss.omp_set_num_threads(before)


@pytest.fixture
def long(make_index: MakeIndex) -> Index:
    """An index with more uses of a word than FAISS decodes by one thread of its own accord."""
    sides = ("The bank lent money to a clerk. ", "The river bank was mud and willow. ")
    return make_index([Document(str(n), sides[n % 2] * 10, metadata={"year": 1900 + n % 2}) for n in range(300)])


def _vectors(index: Index, _: Path) -> list[float]:
    return index.vectors(index.concordance("bank", context=0)).tolist()


def _examples(index: Index, _: Path) -> list[str]:
    return [line.key for line in index.examples("bank", 3)]


def _exported(index: Index, file: Path) -> list[float]:
    index.export(file, file_format="npy", replace=True)
    return np.load(file).tolist()


def _found(index: Index, _: Path) -> list[str]:
    return [line.key for line in index.query("Mud lay on the river [bank].", any_word=True)]


@pytest.mark.parametrize("ask", [_vectors, _examples, _exported, _found])
@pytest.mark.parametrize("is_pickled", [True, False])
def test_forked_child_decodes(
    long: Index,
    threads_of_faiss: None,
    tmp_path: Path,
    ask: Callable[[Index, Path], object],
    is_pickled: bool,
) -> None:
    """A child has none of the threads that FAISS has in its parent, and yet gives whatever its parent gives."""
    expected = ask(long, tmp_path / "vectors.npy")
    content = pickle.dumps(long)
    child = in_fork(lambda: ask(pickle.loads(content) if is_pickled else long, tmp_path / "vectors.npy"))
    assert child == expected


def test_child_forked_while_threads_read(long: Index) -> None:
    """A child that is forked in the midst of what other threads ask gives what its parent gives, and does not hang."""
    expected = [line.key for line in long.concordance("bank", limit=20)]
    is_done = threading.Event()

    def ask() -> None:
        while not is_done.is_set():
            long.concordance("bank", limit=200)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    threads = [threading.Thread(target=ask) for _ in range(6)]
    try:
        for thread in threads:
            thread.start()
        for _ in range(4):
            assert in_fork(lambda: [line.key for line in long.concordance("bank", limit=20)]) == expected
    finally:
        is_done.set()
        for thread in threads:
            thread.join()
        sys.setswitchinterval(before)


@pytest.mark.parametrize("while_held", [True, False])
def test_child_has_a_lock_of_its_own(while_held: bool) -> None:
    """Whichever thread holds a lock in the parent, nobody holds it in the child."""
    lock, is_held, is_done = ThreadLock(), threading.Event(), threading.Event()

    def hold() -> None:
        with lock.here():
            is_held.set()
            is_done.wait()

    def take() -> bool:
        with lock.here(), lock.here():
            return True

    holder = threading.Thread(target=hold) if while_held else threading.Thread(target=is_held.set)
    holder.start()
    is_held.wait()
    try:
        assert in_fork(take)
    finally:
        is_done.set()
        holder.join()


def test_fork_waits_for_a_lock() -> None:
    """Where a child could not use what a thread is inside of, the fork waits until the thread has come out."""
    lock, is_held, steps = awaited_lock(), threading.Event(), []

    def hold() -> None:
        with lock:
            is_held.set()
            time.sleep(0.2)
            steps.append("out")

    holder = threading.Thread(target=hold)
    holder.start()
    is_held.wait()
    assert in_fork(lambda: [*steps, "forked"]) == ["out", "forked"]
    holder.join()
    with lock:
        assert steps == ["out"]


def test_child_loads_what_its_parent_began_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A child that was forked while the model was being loaded for a query loads it itself."""
    Index.create(tmp_path / "index", dtype="fp32").add(Document("1", "The bank lent money."))
    is_forked = threading.Event()

    def no_export(*_: object) -> None:
        is_forked.wait()

    monkeypatch.setattr("ctxsearch.index.model.load_export", no_export)
    index = Index.open(tmp_path / "index")
    with pytest.raises(QueryError):
        index.query("No word is marked.")

    def ask() -> list[str]:
        is_forked.set()
        return [line.key for line in index.query("He lent money at the [bank].")]

    try:
        assert in_fork(ask) == ["1:4"]
    finally:
        is_forked.set()


def test_forked_child_writes(long: Index, threads_of_faiss: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A child adds to an index and joins its shards, with clusters of frequent words, as its parent would."""
    small_clusters(monkeypatch)

    def write() -> int:
        with Index.open(long.path, encoder=WindowEncoder()) as index:
            index.add(Document("new", "The bank lent money. " * 100))
            index.compact()
            return index.count("bank")

    assert in_fork(write) == long.count("bank") + 100


@pytest.mark.parametrize("is_pickled", [True, False])
def test_forked_child_embeds(tmp_path: Path, is_pickled: bool) -> None:
    """A child loads the model, or goes on with the one that it inherits, and queries and adds as its parent does."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        index = Index.create(tmp_path / "index", dtype="fp32")
        index.add(Document(str(n), "The bank lent money. We sat on the bank of the river.") for n in range(5))
        expected = [line.key for line in index.query("He lent money at the [bank].")]
        # Products of matrices, as a program of somebody's own makes them.
        torch.ones(512, 512) @ torch.ones(512, 512)
        content = pickle.dumps(index)

        def ask() -> list[str]:
            own = pickle.loads(content) if is_pickled else index
            found = [line.key for line in own.query("He lent money at the [bank].")]
            own.add(Document("new", "The bank lent money."))
            return found

        assert in_fork(ask) == expected
    finally:
        torch.set_num_threads(before)


@contextmanager
def a_child() -> Iterator[None]:
    """A child that was forked now, and lives until the end."""
    child = multiprocessing.get_context("fork").Process(target=time.sleep, args=[600])
    child.start()
    try:
        yield
    finally:
        child.kill()
        child.join()


def test_child_that_lives_on_keeps_no_lock(make_index: MakeIndex) -> None:
    """Workers that were forked while documents came hinder no later writer of their parent's."""
    with ExitStack() as children:

        def documents() -> Iterator[Document]:
            children.enter_context(a_child())
            yield Document("1", "The bank lent money.")

        index = make_index()
        assert index.add(documents()).documents == 1
        assert index.remove("1") == 1


def test_child_that_lives_on_holds_no_commit(index: Index) -> None:
    """What an index has let go of is cleared away by a writer, whoever was forked while it was open."""
    other = Index.open(index.path, encoder=WindowEncoder())
    before = {path.name for path in index.path.glob("shard-*")}
    with a_child():
        other.close()
        index.add(Document("new", "A bank of sand."))
        index.compact()
        index.add(Document("newer", "A bank of mud."))
        assert not before & {path.name for path in index.path.glob("shard-*")}


def test_child_leaves_the_lock_of_its_parent(index: Index) -> None:
    """A child that comes out of what its parent does with the lock does not take it away."""
    context = writer_lock(index.path)
    context.__enter__()
    try:
        assert in_fork(lambda: context.__exit__(None, None, None)) is False
        with pytest.raises(IndexLocked):
            index.add(Document("new", "A bank of sand."))
    finally:
        context.__exit__(None, None, None)
    assert index.add(Document("new", "A bank of sand.")).documents == 1


def _raises() -> None:
    raise ValueError


@pytest.mark.parametrize("leave", [_raises, sys.exit, lambda: None])
def test_child_leaves_what_its_parent_writes(index: Index, leave: Callable[[], None]) -> None:
    """A child that comes out of the documents' source writes, commits and clears away nothing; its parent goes on."""

    def documents() -> Iterator[Document]:
        yield Document("1", "A bank of sand.")
        child = os.fork()
        if child:
            _, status = os.waitpid(child, 0)
            assert os.waitstatus_to_exitcode(status) == 7
            yield Document("2", "A bank of mud.")
        else:
            leave()

    owner = os.getpid()
    try:
        report = index.add(documents())
    finally:
        if os.getpid() != owner:
            os._exit(7 if isinstance(sys.exc_info()[1], ValueError | SystemExit | IndexLocked) else 1)
    assert (report.documents, index.info().commit) == (2, 2)
    assert {path.name for path in index.path.glob(".tmp-*")} == set()


def test_child_leaves_a_temporary_folder(tmp_path: Path) -> None:
    """A child that comes out of where its parent writes a file leaves the temporary folder to its parent."""
    context = folder_beside(tmp_path / "goal")
    folder = context.__enter__()
    in_fork(lambda: context.__exit__(None, None, None))
    assert folder.is_dir()
    context.__exit__(None, None, None)
    assert not folder.exists()


def test_file_system_without_locks_is_told(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where files cannot be locked, opening an index says so, and what to do."""

    def none(*_: object) -> None:
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(fcntl, "flock", none)
    with pytest.raises(OSError, match="this file system has no locks; put the index on a local disk"):
        Index.open(index.path, encoder=WindowEncoder())
