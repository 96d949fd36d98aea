"""Windows keep every piece once, where it has most context; batches hold every window once; layers are as written."""

from __future__ import annotations

from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctxsearch.encoder.layers import Join, Layers, parse_layers
from ctxsearch.encoder.windows import Window, batches, windows

some_passages = st.lists(st.lists(st.integers(0, 40), max_size=8), max_size=5)
sizes = st.integers(2, 16)
some_lengths = st.lists(st.integers(1, 50), max_size=40)


def segment_spans(passages: list[list[int]]) -> list[list[tuple[int, int]]]:
    """Where each segment of each passage lies, when all pieces are numbered across."""
    borders = iter([*pairwise(accumulate((pieces for passage in passages for pieces in passage), initial=0))])
    return [[next(borders) for _ in passage] for passage in passages]


@given(some_passages, sizes)
def test_every_piece_is_kept_exactly_once_and_in_order(passages: list[list[int]], size: int) -> None:
    """The kept stretches tile all pieces, and each lies inside its window."""
    packed = windows(passages, size)
    assert [number for window in packed for number in range(window.keep_start, window.keep_stop)] == list(
        range(sum(map(sum, passages)))
    )
    for window in packed:
        assert window.start <= window.keep_start < window.keep_stop <= window.stop


@given(some_passages, sizes)
def test_no_window_is_larger_than_asked(passages: list[list[int]], size: int) -> None:
    """A window never holds more pieces than its size."""
    assert all(window.stop - window.start <= size for window in windows(passages, size))


@given(some_passages, sizes)
def test_no_window_reaches_into_another_passage(passages: list[list[int]], size: int) -> None:
    """Each window lies within one passage."""
    passage_spans = [(spans[0][0], spans[-1][1]) for spans in segment_spans(passages) if spans]
    for window in windows(passages, size):
        assert any(start <= window.start and window.stop <= stop for start, stop in passage_spans)


@given(some_passages, sizes)
def test_a_segment_that_fits_is_seen_whole(passages: list[list[int]], size: int) -> None:
    """A segment no longer than a window lies in one window, which keeps all of it."""
    packed = windows(passages, size)
    for start, stop in (span for spans in segment_spans(passages) for span in spans):
        if 0 < stop - start <= size:
            assert any(window.keep_start <= start and stop <= window.keep_stop for window in packed)


@given(some_passages, sizes)
def test_a_window_holds_as_many_segments_as_fit(passages: list[list[int]], size: int) -> None:
    """Within a passage, the first segment of a window of whole segments would not have fitted in the one before."""
    packed = windows(passages, size)
    for spans in segment_spans(passages):
        ends = {start: stop for start, stop in spans if 0 < stop - start <= size}
        for before, after in pairwise(packed):
            if before.start in ends and after.start in ends:
                assert ends[after.start] - before.start > size


@given(st.integers(0, 5), st.integers(1, 80), st.integers(0, 5), sizes)
def test_pieces_of_a_long_segment_keep_most_context(before: int, pieces: int, after: int, size: int) -> None:
    """Of the windows over a long segment, each piece is kept by one in which its nearer edge is farthest off."""
    start, stop = before, before + pieces
    packed = [w for w in windows([[before, pieces, after]], size) if start <= w.keep_start < stop]
    if pieces <= size:
        return
    assert all(window.stop - window.start == size for window in packed)
    assert all(second.start - first.start <= max(1, size // 2) for first, second in pairwise(packed))
    for window in packed:
        for piece in range(window.keep_start, window.keep_stop):
            context = [min(piece - other.start, other.stop - 1 - piece) for other in packed]
            assert context[packed.index(window)] == max(context)


def test_a_long_segment_stands_alone() -> None:
    """Segments beside one that is longer than a window share no window with it."""
    assert windows([[3, 10, 2, 4]], 8) == [
        Window(0, 3, 0, 3),
        Window(3, 11, 3, 8),
        Window(5, 13, 8, 13),
        Window(13, 19, 13, 19),
    ]


def test_segments_without_pieces_make_no_window() -> None:
    """Nothing is run for segments, passages and blocks that have no piece."""
    assert windows([], 8) == windows([[]], 8) == windows([[0, 0], [0]], 8) == []


@given(some_lengths, st.integers(1, 200))
def test_every_window_is_in_one_batch(lengths: list[int], bound: int) -> None:
    """Batches hold each window exactly once, longest first, equal ones in order."""
    numbers = [number for batch in batches(lengths, bound) for number in batch]
    assert numbers == [number for _, number in sorted((-length, number) for number, length in enumerate(lengths))]


@given(some_lengths, st.integers(1, 200))
def test_batches_are_as_full_as_their_bound_lets_them(lengths: list[int], bound: int) -> None:
    """With padding, no batch of two or more exceeds the bound, and none had room for the next window."""
    grouped = batches(lengths, bound)
    for batch in grouped:
        longest = max(lengths[number] for number in batch)
        assert len(batch) == 1 or len(batch) * longest <= bound
    for batch in grouped[:-1]:
        assert (len(batch) + 1) * max(lengths[number] for number in batch) > bound


@pytest.mark.parametrize(
    ("text", "n_layers", "join", "numbers"),
    [
        ("last", 6, Join.SUM, (6,)),
        ("sum:9-12", 12, Join.SUM, (9, 10, 11, 12)),
        ("mean:1,6", 6, Join.MEAN, (1, 6)),
        ("concat:3-6", 6, Join.CONCAT, (3, 4, 5, 6)),
        ("concat:6,0,2-3", 6, Join.CONCAT, (6, 0, 2, 3)),
        ("sum:0-0", 1, Join.SUM, (0,)),
    ],
)
def test_layers_are_read(text: str, n_layers: int, join: Join, numbers: tuple[int, ...]) -> None:
    """Layers are read as they are written, in the order given."""
    assert parse_layers(text, n_layers) == Layers(join, numbers)


@pytest.mark.parametrize(
    "text", ["", "Last", "last:6", "sum", "sum:", "sum:1-", "sum:1,,2", "sum:-1", "sum: 1", "max:1", "6"]
)
def test_unreadable_layers_are_refused_with_examples(text: str) -> None:
    """What is no list of layers is refused, and the message shows how one is written."""
    with pytest.raises(ValueError, match="cannot be read; write last, sum:9-12"):
        parse_layers(text, 6)


@pytest.mark.parametrize("text", ["sum:7", "mean:5-7", "sum:8", "concat:9-12", "sum:99999999999999999999"])
def test_layers_that_the_model_lacks_are_refused(text: str) -> None:
    """A layer past the last is refused, and the message says which there are."""
    with pytest.raises(ValueError, match="layers 0 to 6"):
        parse_layers(text, 6)


@pytest.mark.parametrize("text", ["concat:1,1", "mean:1-3,2", "sum:4-2"])
def test_layers_named_twice_or_backwards_are_refused(text: str) -> None:
    """A layer counts once, and a range runs upwards."""
    with pytest.raises(ValueError, match="each named once"):
        parse_layers(text, 6)


@pytest.mark.parametrize("text", ["sum:1,8", "concat:8-9,1", "mean:2,4-3", "concat:6-3,1"])
def test_one_wrong_part_among_good_ones_is_refused(text: str) -> None:
    """A part that names a layer that is not there, or runs backwards, is not left out silently."""
    with pytest.raises(ValueError, match="do not fit a model"):
        parse_layers(text, 6)


@pytest.mark.parametrize(("text", "dimension"), [("last", 32), ("sum:1-3", 32), ("mean:1-3", 32), ("concat:1-3", 96)])
def test_only_concatenation_makes_vectors_longer(text: str, dimension: int) -> None:
    """A joined vector is as long as a layer, but for concatenation, which is as long as all its layers."""
    assert parse_layers(text, 3).dimension(32) == dimension
