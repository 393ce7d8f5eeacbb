"""What becomes of what contacts offer changes while a node runs (M3)."""

import asyncio
import os
from pathlib import Path

import pytest

from node.contact_sides import Hands
from node.test_deliveries import hands, over, photo, together, told
from node.test_neighbours import run
from satchel.core.identity.settings import Accept
from satchel.node import events
from satchel.node.delivery import deliveries, talking
from satchel.ports import Role
from satchel.ports.queue import QueueState

__all__ = ["hands", "photo"]  # fixtures


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was left for now is offered again at once, and not after half a minute (M3)."""
    monkeypatch.setattr(talking, "AGAIN_AFTER_S", 0.1)
    monkeypatch.setattr(deliveries, "ASK_AGAIN_S", 0.1)


@pytest.mark.usefixtures("soon")
def test_what_is_taken_may_change_while_it_runs(hands: tuple[Hands, Hands], photo: Path) -> None:
    """M3: nothing, from one moment to the next, and what was asked is asked no more; then all of it."""
    giver, taker = hands
    taker.accept = Accept.ASK
    giver.queue.add(giver.wants_to_give(photo))

    async def test() -> None:
        async with together(giver, taker) as (here, there):
            assert there.deliveries is not None
            await there.until(taker.desk.questions)
            assert there.deliveries.set_accept(Accept.NONE)
            await there.until(lambda: not taker.desk.questions())
            await asyncio.sleep(1.0)
            assert not taker.desk.questions()
            assert not any(taker.into.iterdir())
            assert [queued.state for queued in giver.queue.all()] == [QueueState.WAITING]
            assert there.deliveries.set_accept(Accept.VERIFIED)
            await over(here, there)

    run(test)
    assert (taker.into / "photo.jpg").read_bytes() == photo.read_bytes()


@pytest.mark.usefixtures("soon")
def test_what_comes_stops_when_nothing_is_to_be_taken_and_goes_on_later(
    hands: tuple[Hands, Hands], tmp_path: Path
) -> None:
    giver, taker = hands
    film = tmp_path / "film"
    film.write_bytes(os.urandom(200_000_000))
    giver.queue.add(giver.wants_to_give(film))

    async def test() -> None:
        async with together(giver, taker) as (here, there):
            assert there.deliveries is not None
            await there.until(lambda: told(there, events.Progress))
            there.deliveries.set_accept(Accept.NONE)
            await there.until(lambda: told(there, events.Lost))
            await asyncio.sleep(1.0)
            assert not (taker.into / "film").exists()
            assert len(taker.records.of_contacts(Role.RECEIVER)) == 1
            there.deliveries.set_accept(Accept.ASK)  # it was accepted, and is not asked about again
            await over(here, there)

    run(test)
    assert (taker.into / "film").read_bytes() == film.read_bytes()
    assert not taker.asked
