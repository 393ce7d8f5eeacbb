"""Padding: a total does not name a book, at 12 % more at most."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.core.session.frames import (
    BULK_BODY_MAX,
    FAST_FRAME_BYTES,
    FULL_FRAME_BYTES,
    OVERHEAD_BYTES,
    STRIPE_FRAME_BYTES,
)
from satchel.core.session.padding import RUN_BYTES_MIN, run_total, tail_sizes
from satchel.core.wire.padme import padme
from satchel.errors import MisuseError

SIZES = (STRIPE_FRAME_BYTES, FULL_FRAME_BYTES, FAST_FRAME_BYTES)
FRAME_BYTES = st.sampled_from(SIZES)
# Of all sizes, in any order.
FULL_FRAMES = st.tuples(st.integers(0, 400_000), st.integers(0, 400_000)).map(
    lambda counts: counts[0] * STRIPE_FRAME_BYTES + counts[1] * FAST_FRAME_BYTES
)


@given(FULL_FRAMES, FRAME_BYTES, st.data())
def test_a_tail_holds_the_rest_and_follows_from_the_padded_total(
    bytes_sent: int, frame_bytes: int, data: st.DataObject
) -> None:
    body_length = data.draw(st.integers(1, frame_bytes - OVERHEAD_BYTES))
    sizes = tail_sizes(bytes_sent, body_length, frame_bytes)
    total = bytes_sent + sum(sizes)
    needed = bytes_sent + body_length + OVERHEAD_BYTES
    assert sizes[0] >= body_length + OVERHEAD_BYTES
    assert total == run_total(needed) == padme(max(needed, RUN_BYTES_MIN))
    assert total <= max(needed * 1.12, RUN_BYTES_MIN)
    assert set(sizes[:-1]) <= {frame_bytes}
    assert OVERHEAD_BYTES <= sizes[-1] <= frame_bytes


@given(FULL_FRAMES.filter(bool), FRAME_BYTES)
def test_a_tail_without_data_is_padding_alone_or_nothing(bytes_sent: int, frame_bytes: int) -> None:
    sizes = tail_sizes(bytes_sent, 0, frame_bytes)
    assert bytes_sent + sum(sizes) == padme(bytes_sent)
    assert all(OVERHEAD_BYTES <= size <= frame_bytes for size in sizes)


@given(st.lists(FRAME_BYTES, max_size=40), FRAME_BYTES, st.data())
def test_w2_the_total_of_a_run_does_not_show_how_many_pipes_there_were(
    full: list[int], frame_bytes: int, data: st.DataObject
) -> None:
    """Frames of all sizes, as pipes and speed change: the total is that of what was needed."""
    body_length = data.draw(st.integers(0 if full else 1, frame_bytes - OVERHEAD_BYTES))
    sizes = [*full, *tail_sizes(sum(full), body_length, frame_bytes)]
    needed = sum(full) + (body_length + OVERHEAD_BYTES if body_length else 0)
    assert sum(sizes) == run_total(needed)
    assert all(size >= OVERHEAD_BYTES for size in sizes)


@given(st.integers(1, 1 << 45))
def test_no_rest_of_a_run_is_too_short_for_a_frame(needed: int) -> None:
    for frame_bytes in SIZES:
        rest = run_total(needed) % frame_bytes
        assert rest == 0 or rest >= OVERHEAD_BYTES


@given(FRAME_BYTES, st.integers(1, 1 << 30), st.integers(0, 20_000))
def test_w2_two_runs_of_one_padded_total_have_the_same_frames(
    frame_bytes: int, data_bytes: int, more: int
) -> None:
    """W2: the end of the data does not show in the sizes of the frames."""

    def sizes(data_bytes: int) -> list[int]:
        full, rest = divmod(data_bytes, frame_bytes - OVERHEAD_BYTES)
        return [frame_bytes] * full + list(tail_sizes(full * frame_bytes, rest, frame_bytes))

    one, other = sizes(data_bytes), sizes(data_bytes + more)
    assert (one == other) is (sum(one) == sum(other))


@pytest.mark.parametrize("frame_bytes", SIZES)
def test_the_smallest_and_the_fullest_tail(frame_bytes: int) -> None:
    padding = tuple(size for size in (padme(frame_bytes) - frame_bytes,) if size)
    assert tail_sizes(0, 1, frame_bytes) == (RUN_BYTES_MIN,)
    assert tail_sizes(0, frame_bytes - OVERHEAD_BYTES, frame_bytes) == (frame_bytes, *padding)
    assert tail_sizes(frame_bytes, 0, frame_bytes) == padding


def test_w2_neighbouring_sizes_look_alike() -> None:
    """One byte more or less of a book of 5 MB does not show."""
    tails = {tail_sizes(19 * FULL_FRAME_BYTES, 20_000 + more) for more in range(50)}
    assert len(tails) == 1


@pytest.mark.parametrize(
    ("bytes_sent", "body_length"),
    [(0, 0), (-FULL_FRAME_BYTES, 1), (1, 1), (0, -1), (0, BULK_BODY_MAX + 1), (FULL_FRAME_BYTES + 1, 0)],
)
def test_a_tail_of_what_is_no_run_is_misuse(bytes_sent: int, body_length: int) -> None:
    with pytest.raises(MisuseError):
        tail_sizes(bytes_sent, body_length)
    with pytest.raises(MisuseError):
        tail_sizes(bytes_sent, body_length, STRIPE_FRAME_BYTES)


def test_a_tail_holds_no_more_than_a_frame_of_now() -> None:
    with pytest.raises(MisuseError):
        tail_sizes(0, STRIPE_FRAME_BYTES - OVERHEAD_BYTES + 1, STRIPE_FRAME_BYTES)
    with pytest.raises(MisuseError):
        tail_sizes(STRIPE_FRAME_BYTES // 2, 1, STRIPE_FRAME_BYTES)
    with pytest.raises(MisuseError):
        tail_sizes(2048, 1, FAST_FRAME_BYTES)
