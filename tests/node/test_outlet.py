"""The queue of one receiver: padded runs, pipes that rest, and nobody who waits for ever."""

import threading
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.memory import WITHIN_S
from satchel.core.session.frames import FAST_FRAME_BYTES, FULL_FRAME_BYTES, OVERHEAD_BYTES, STRIPE_FRAME_BYTES
from satchel.core.session.padding import run_total
from satchel.node.outlet import WAITING_BYTES_MAX, Bodies, Body, Frame, Outlet

ALL_SIZES = st.sampled_from([STRIPE_FRAME_BYTES, FULL_FRAME_BYTES, FAST_FRAME_BYTES])


def outlet_of(bodies: Bodies, room_made: Callable[[], None] = lambda: None) -> Outlet:
    return Outlet(bodies, room_made)


def body_of(bodies: Bodies, length: int, frame_bytes: int = FULL_FRAME_BYTES, users: int = 1) -> Body:
    """A body of `length` bytes, at least 18."""
    body = bodies.take(frame_bytes)
    body.users = users
    part = body.writer.piece(0, 0, 0, length - 17)
    assert part is not None
    assert body.writer.length == length
    return body


def take_all(outlet: Outlet) -> list[int]:
    """The sizes of what waits."""
    sizes = []
    while not outlet.is_empty:
        frame = outlet.take(0)
        assert frame is not None
        sizes.append(frame.size)
        outlet.done(frame)
    return sizes


RUNS = st.lists(
    st.tuples(
        st.lists(st.tuples(st.integers(18, STRIPE_FRAME_BYTES - OVERHEAD_BYTES), ALL_SIZES), max_size=5),
        st.booleans(),  # whether the last body ends the run, or the run is ended behind it
    ),
    max_size=6,
)


@given(RUNS, ALL_SIZES)
def test_w2_each_run_has_a_padded_total(
    runs: list[tuple[list[tuple[int, int]], bool]], frame_bytes: int
) -> None:
    bodies = Bodies()
    outlet = outlet_of(bodies)
    outlet.use_pipes(2 if frame_bytes == STRIPE_FRAME_BYTES else 1, fast=frame_bytes == FAST_FRAME_BYTES)
    for lengths, ends_itself in runs:
        needed = 0
        for place, (length, size) in enumerate(lengths):
            last = ends_itself and place == len(lengths) - 1
            outlet.put(body_of(bodies, length, size), last=last)
            needed += length + OVERHEAD_BYTES if last else size
            assert outlet.run_is_open is not last
        outlet.end_run()
        assert not outlet.run_is_open
        sizes = take_all(outlet)
        assert sum(sizes) == (run_total(needed) if lengths else 0)
        assert all(OVERHEAD_BYTES <= size <= FAST_FRAME_BYTES for size in sizes)


def test_a_run_is_ended_once() -> None:
    bodies = Bodies()
    outlet = outlet_of(bodies)
    outlet.end_run()
    outlet.put(body_of(bodies, 100), last=True)
    outlet.end_run()
    assert take_all(outlet) == [4096]


def test_there_is_room_for_a_few_frames() -> None:
    """M3: what waits for one receiver is bounded, if whoever puts asks first."""
    bodies, made = Bodies(), threading.Event()
    outlet = outlet_of(bodies, made.set)
    for _ in range(WAITING_BYTES_MAX // FULL_FRAME_BYTES):
        assert outlet.has_room
        outlet.put(body_of(bodies, 100), last=False)
    assert not outlet.has_room
    frame = outlet.take(0)
    assert frame is not None
    assert outlet.has_room
    assert not made.is_set()
    outlet.done(frame)
    assert made.is_set()


def test_a_body_is_used_again_when_the_last_receiver_has_sent_it() -> None:
    bodies = Bodies()
    one, other = outlet_of(bodies), outlet_of(bodies)
    body = body_of(bodies, 100, users=2)
    one.put(body, last=False)
    other.put(body, last=False)
    take_all(one)
    assert bodies.take(FULL_FRAME_BYTES) is not body
    take_all(other)
    assert bodies.take(FULL_FRAME_BYTES) is body


def test_what_was_closed_takes_nothing_and_gives_bodies_back() -> None:
    bodies = Bodies()
    outlet = outlet_of(bodies)
    waiting, late = body_of(bodies, 100), body_of(bodies, 100)
    outlet.put(waiting, last=False)
    outlet.close()
    outlet.put(late, last=False)
    outlet.end_run()
    assert outlet.take(0) is None
    assert {id(bodies.take(FULL_FRAME_BYTES)), id(bodies.take(FULL_FRAME_BYTES))} == {id(waiting), id(late)}


class Aside:
    """Calls something in a thread, and tells what came of it."""

    def __init__(self, call: Callable[[], Frame | None]) -> None:
        self._result: list[Frame | None] = []
        self._thread = threading.Thread(target=lambda: self._result.append(call()), daemon=True)
        self._thread.start()

    @property
    def is_waiting(self) -> bool:
        self._thread.join(0.05)
        return self._thread.is_alive()

    def result(self) -> Frame | None:
        self._thread.join(WITHIN_S)
        return self._result[0]


def test_close_lets_everybody_go() -> None:
    bodies = Bodies()
    outlet = outlet_of(bodies)
    outlet.put(body_of(bodies, 100), last=False)
    taken = outlet.take(0)
    assert taken is not None
    waiting = [
        Aside(lambda: outlet.take(0)),
        Aside(lambda: outlet.take(7)),
        Aside(outlet.wait_until_empty),
    ]
    assert all(one.is_waiting for one in waiting)
    outlet.close()
    assert [one.result() for one in waiting] == [None, None, None]


def test_it_is_empty_when_the_last_frame_has_left() -> None:
    bodies = Bodies()
    outlet = outlet_of(bodies)
    outlet.put(body_of(bodies, 100), last=True)
    frame = outlet.take(0)
    assert frame is not None
    waiting = Aside(outlet.wait_until_empty)
    assert waiting.is_waiting
    outlet.done(frame)
    assert waiting.result() is None


def test_pipes_above_the_active_number_rest() -> None:
    bodies = Bodies()
    outlet = outlet_of(bodies)
    third = Aside(lambda: outlet.take(2))
    outlet.put(body_of(bodies, 100), last=False)
    assert third.is_waiting
    outlet.use_pipes(2)
    assert third.is_waiting
    outlet.use_pipes(3)
    frame = third.result()
    assert frame is not None
    outlet.done(frame)
    outlet.use_pipes(1)
    outlet.put(body_of(bodies, 100), last=False)
    third = Aside(lambda: outlet.take(2))
    assert third.is_waiting
    assert outlet.take(0) is not None
    outlet.close()
    assert third.result() is None


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize("pipes", [1, 2, 16])
def test_several_pipes_have_smaller_frames_and_a_fast_one_larger(pipes: int, fast: bool) -> None:
    """Less waits behind a slow one; the work for a frame is shared by more bytes."""
    outlet = outlet_of(Bodies())
    outlet.use_pipes(pipes, fast=fast)
    one = 1_050_624 if fast else 262_144
    assert outlet.frame_bytes == (one if pipes == 1 else 65_536)
