"""Windows: what the model sees at once.

A window holds whole segments of one passage, as many as fit. A segment that is longer than a window is cut into
windows that overlap by half, and each of its pieces is taken from the window where it has most context.

Windows of 128 pieces rank same-sense uses as well as larger ones (measured for all-MiniLM-L6-v2 on SemCor: mean
average precision .601, against .596 for 256 and .587 for 500), cost a third of the pieces of a sentence with its two
neighbours, and fill a batch almost without padding.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple


class Window(NamedTuple):
    """Pieces ``start:stop`` of a block are seen together; the vectors of ``keep_start:keep_stop`` are kept."""

    start: int
    stop: int
    keep_start: int
    keep_stop: int


def windows(passages: Sequence[Sequence[int]], size: int) -> list[Window]:
    """Packs segments into windows.

    Args:
        passages: for each passage, the number of pieces of each of its segments; pieces are numbered across all.
        size: pieces a window holds at most.

    >>> windows([[3, 4, 2]], 8)
    [Window(start=0, stop=7, keep_start=0, keep_stop=7), Window(start=7, stop=9, keep_start=7, keep_stop=9)]
    """
    packed: list[Window] = []
    start = 0
    for passage in passages:
        stop = start
        for pieces in passage:
            if stop - start + pieces > size and stop > start:
                packed.append(Window(start, stop, start, stop))
                start = stop
            stop += pieces
            if pieces > size:
                packed.extend(_overlapping(start, stop, size))
                start = stop
        if stop > start:
            packed.append(Window(start, stop, start, stop))
        start = stop
    return packed


def _overlapping(start: int, stop: int, size: int) -> Iterator[Window]:
    step = max(1, size // 2)
    starts = [*range(start, stop - size, step), stop - size]
    kept = start
    for number, begin in enumerate(starts):
        end = begin + size
        # Between two windows the border lies in the middle of what they share: as far from either edge as can be.
        keep_stop = stop if number == len(starts) - 1 else (starts[number + 1] + end + 1) // 2
        yield Window(begin, end, kept, keep_stop)
        kept = keep_stop


def batches(lengths: Sequence[int], padded_pieces: int, *, equal: bool = False) -> list[list[int]]:
    """Groups windows of similar length, longest first, so that a batch holds at most so many pieces with padding.

    Args:
        lengths: the length of each window.
        padded_pieces: bound on windows times length of the longest.
        equal: only windows of one length go together, so that nothing is padded.

    Returns:
        The numbers of the windows of each batch.
    """
    order = sorted(range(len(lengths)), key=lambda number: (-lengths[number], number))
    grouped: list[list[int]] = []
    for number in order:
        longest = lengths[grouped[-1][0]] if grouped else 0
        fits = longest == lengths[number] or not equal
        if grouped and fits and (len(grouped[-1]) + 1) * longest <= padded_pieces:
            grouped[-1].append(number)
        else:
            grouped.append([number])
    return grouped


def in_turn(lengths: Sequence[int], pieces: int) -> list[range]:
    """Groups windows that follow each other, so that a batch holds at most so many pieces; a longer window is alone.

    >>> in_turn([5, 5, 5, 5, 5], 10)
    [range(0, 2), range(2, 4), range(4, 5)]
    """
    starts: list[int] = []
    held = pieces
    for number, length in enumerate(lengths):
        held += length
        if held > pieces:
            starts.append(number)
            held = length
    return [range(start, stop) for start, stop in pairwise([*starts, len(lengths)])]
