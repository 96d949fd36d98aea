"""What is asked of the system before it is read."""

from __future__ import annotations

import mmap
from pathlib import Path

import numpy as np
import pytest

from ctxsearch.vectors.ahead import ReadAhead

BLOCK = 1 << 16
HEADER = 3 * BLOCK + 100


class Watched:
    """A map, and what was asked of it, in bytes."""

    def __init__(self, mapped: mmap.mmap) -> None:
        self._mapped = mapped
        self.asked: list[tuple[int, int]] = []

    def madvise(self, option: int, start: int, length: int) -> None:
        assert option == mmap.MADV_WILLNEED
        self._mapped.madvise(option, start, length)
        self.asked.append((start, start + length))


def watched(ahead: ReadAhead) -> Watched:
    assert isinstance(ahead._map, mmap.mmap)
    ahead._map = Watched(ahead._map)  # type: ignore[assignment]
    return ahead._map  # type: ignore[return-value]


@pytest.fixture
def mapped(tmp_path: Path) -> np.ndarray:
    """A file of which a part is ids, and does not begin where a page does."""
    path = tmp_path / "vectors.dat"
    path.write_bytes(bytes(HEADER + 8 * 100_000))
    return np.asarray(np.memmap(path, np.uint8, mode="r"))[HEADER:].view("<i8")


@pytest.mark.skipif(not hasattr(mmap.mmap, "madvise"), reason="Windows cannot be asked; nothing is, then")
def test_rows_are_asked_for_with_what_is_about_them(mapped: np.ndarray) -> None:
    """What is asked for has the rows in it, is no more than a block longer at either end, and is within the file."""
    ahead = ReadAhead(mapped)
    seen = watched(ahead)
    for start, stop in [(0, 1), (20_000, 60_000), (99_999, 100_000)]:
        seen.asked.clear()
        ahead.expect([(start, stop)])
        ((begin, end),) = seen.asked
        first, last = HEADER + 8 * start, HEADER + 8 * stop
        assert begin % mmap.PAGESIZE == 0
        assert first - BLOCK < begin <= first
        assert last <= end < last + BLOCK
        assert end <= HEADER + mapped.nbytes


@pytest.mark.skipif(not hasattr(mmap.mmap, "madvise"), reason="Windows cannot be asked; nothing is, then")
def test_nothing_is_asked_for_twice(mapped: np.ndarray) -> None:
    """What was asked for is in memory, most likely; and a call of the system takes longer than to look that up."""
    ahead = ReadAhead(mapped)
    seen = watched(ahead)
    ahead.expect_rows(np.array([5, 70_000]))
    assert len(seen.asked) == 2
    ahead.expect([(4, 9), (70_001, 70_002)])
    assert len(seen.asked) == 2
    ahead.expect([(4, 70_000)])
    assert len(seen.asked) == 3


@pytest.mark.skipif(not hasattr(mmap.mmap, "madvise"), reason="Windows cannot be asked; nothing is, then")
def test_many_rows_are_left_to_the_system(mapped: np.ndarray) -> None:
    """All of a word, row by row, would take longer to ask for than it gains."""
    ahead = ReadAhead(mapped)
    seen = watched(ahead)
    ahead.expect_rows(np.arange(1000))
    assert not seen.asked


def test_what_is_not_mapped_is_not_asked_for() -> None:
    """An array in memory, and one of no rows, are read as they are."""
    for rows in (np.zeros((100, 24), np.uint8), np.empty((0, 24), np.uint8)):
        ahead = ReadAhead(rows)
        assert ahead._map is None
        ahead.expect([(0, 3)])
        ahead.expect_rows(np.array([1]))
