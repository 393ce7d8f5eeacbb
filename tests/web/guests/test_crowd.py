"""Who stays connected when many are (P3; guests 6)."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from satchel.web.guests.crowd import FAREWELL_S, HEAD_S, IDLE_S, STALL_S, Crowd
from satchel.web.guests.turns import NoPlace, Places


@dataclass(eq=False)
class One:
    address: str = "10.0.0.1"
    is_answered: bool = False
    is_closing: bool = False
    unsent_bytes: int = 0
    requests: int = 0
    is_ended: bool = False

    def end(self) -> None:
        self.is_ended = True


class Room:
    def __init__(self, most: int) -> None:
        self.now_s = 0.0
        self.crowd = Crowd(
            admits=lambda address: address.startswith("10."), now_s=lambda: self.now_s, connections_max=most
        )

    def enter(self, *each: One) -> list[bool]:
        self.now_s += 0.01
        return [self.crowd.enter(one) for one in each]

    def after(self, seconds: float) -> None:
        """With a look each second."""
        for _ in range(round(seconds)):
            self.now_s += 1
            self.crowd.sweep()


def test_who_is_from_elsewhere_is_not_let_in() -> None:
    assert Room(9).enter(One("8.8.8.8"), One("10.0.0.9")) == [False, True]


def test_one_device_that_takes_all_takes_nothing_from_the_others() -> None:
    room = Room(10)
    readers = [One(f"10.0.1.{number}") for number in range(5)]
    room.enter(*readers)
    loris = [One("10.0.0.66") for _ in range(200)]
    assert all(ok for one in loris for ok in room.enter(one))
    assert len(room.crowd) == 10
    assert not any(one.is_ended for one in readers)
    assert [one.is_ended for one in loris] == [True] * 195 + [False] * 5
    late = One("10.0.2.1")
    assert room.enter(late) == [True]
    assert loris[195].is_ended


def test_who_is_answered_stays_before_who_waits() -> None:
    room = Room(3)
    busy = [One("10.0.0.66", is_answered=True), One("10.0.0.66", is_answered=True)]
    idle = One("10.0.0.7")
    room.enter(*busy, idle)
    assert room.enter(One("10.0.0.8", is_answered=True)) == [True]
    assert idle.is_ended
    assert room.enter(One("10.0.0.9")) == [True]  # of who has two, one goes
    assert [one.is_ended for one in busy] == [True, False]


def test_when_all_have_one_and_are_answered_a_newcomer_waits_outside() -> None:
    room = Room(2)
    room.enter(One("10.0.0.1", is_answered=True), One("10.0.0.2", is_answered=True))
    assert room.enter(One("10.0.0.3")) == [False]


def test_who_says_nothing_or_half_a_word_goes() -> None:
    room = Room(9)
    silent, kept = One(), One(requests=1)
    room.enter(silent, kept)
    room.after(HEAD_S)
    assert not silent.is_ended
    room.after(1)
    assert silent.is_ended
    assert not kept.is_ended
    room.crowd.answered(kept)
    room.after(IDLE_S)
    assert not kept.is_ended
    room.after(1)
    assert kept.is_ended
    assert len(room.crowd) == 0


def test_who_never_reads_goes_and_who_reads_slowly_stays() -> None:
    room = Room(9)
    never, slow = One(is_answered=True, unsent_bytes=1000), One(is_answered=True, unsent_bytes=10_000)
    room.enter(never, slow)
    for _ in range(round(STALL_S) + 2):
        slow.unsent_bytes -= 1
        room.after(1)
    assert never.is_ended
    assert not slow.is_ended


def test_an_end_is_not_put_off_for_ever() -> None:
    room = Room(9)
    ending = One(is_closing=True, unsent_bytes=500)
    room.enter(ending)
    for _ in range(round(FAREWELL_S) + 1):
        ending.unsent_bytes -= 1
        room.after(1)
    assert not ending.is_ended
    room.after(1)
    assert ending.is_ended


def test_all_end_at_once() -> None:
    room, each = Room(9), [One(), One(is_answered=True)]
    room.enter(*each)
    room.crowd.end()
    assert all(one.is_ended for one in each)
    assert len(room.crowd) == 0
    assert room.enter(One()) == [False]


def test_nobody_takes_all_places() -> None:
    places, held = Places(8, share=1), []
    for _ in range(6):
        turn = places.taking("10.0.0.66")
        turn.__enter__()
        held.append(turn)
    with pytest.raises(NoPlace), places.taking("10.0.0.66"):
        pass
    one, other = places.taking("10.0.0.1"), places.taking("10.0.0.2")
    with one, other, pytest.raises(NoPlace), places.taking("10.0.0.3"):
        pass
    for turn in held:
        turn.__exit__(None, None, None)
    with places.taking("10.0.0.66"):
        pass
