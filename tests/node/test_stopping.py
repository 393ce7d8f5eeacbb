"""What comes from a contact ends when the person says so, for good, and the contact is told (M3)."""

import asyncio
import os
from pathlib import Path

import pytest

from node.contact_sides import Hands, Running, running
from node.pretend_lan import Air
from node.test_deliveries import A, B, hands, moved, together, told
from node.test_neighbours import run
from node.test_taking_changes import soon
from satchel.node import events
from satchel.node.delivery.taking import Reception
from satchel.ports import RecordHead, Role
from satchel.ports.queue import QueueState
from satchel.store.landing import FolderLanding

__all__ = ["hands", "soon"]  # fixtures
FILM_BYTES = 200_000_000
BEGUN_BYTES = 10_000_000


@pytest.fixture
def film(hands: tuple[Hands, Hands], tmp_path: Path) -> Path:
    """Waits for the other side, who takes it without being asked."""
    path = tmp_path / "film"
    path.write_bytes(os.urandom(FILM_BYTES // 200) * 200)
    hands[0].queue.add(hands[0].wants_to_give(path))
    return path


def begun(taker: Hands) -> RecordHead:
    [head] = taker.records.of_contacts(Role.RECEIVER)
    return head


def states(giver: Hands) -> list[QueueState]:
    return [queued.state for queued in giver.queue.all()]


def stop(taker: Hands, there: Running) -> bool:
    assert there.deliveries is not None
    return there.deliveries.refuse(begun(taker))


@pytest.mark.usefixtures("film", "soon")
def test_what_comes_is_stopped_for_good(hands: tuple[Hands, Hands]) -> None:
    """The contact hears that it is not wanted, nothing in part stays, and it comes no more although what
    this contact gives is taken without asking."""
    giver, taker = hands

    async def test() -> None:
        async with together(giver, taker) as (here, there):
            await there.until(lambda: moved(there) > BEGUN_BYTES)
            assert stop(taker, there)
            await here.until(lambda: told(here, events.Declined))
            await there.until(lambda: told(there, events.Declined))
            assert not told(there, events.Lost)
            assert not told(here, events.Lost)
            await asyncio.sleep(0.5)
        assert states(giver) == [QueueState.DECLINED]
        assert not any(taker.into.iterdir())
        async with together(giver, taker) as (here, there):
            await there.until(lambda: there.talking)
            await here.until(lambda: here.talking)
            await asyncio.sleep(0.5)
            assert not told(there, events.Progress)

    run(test)
    assert not any(taker.into.iterdir())
    assert begun(taker).is_refused
    assert taker.records.entries(begun(taker).id) == []  # T2: nor what it was


@pytest.mark.slow
@pytest.mark.usefixtures("film")
def test_what_is_stopped_while_its_giver_is_away_is_refused_when_it_comes(
    hands: tuple[Hands, Hands],
) -> None:
    """It says that it was accepted: without a memory here it would be taken anew."""
    giver, taker = hands

    async def test() -> None:
        air = Air()
        async with running(air, taker.device, B, hands_over=taker) as there:
            async with running(air, giver.device, A, hands_over=giver):
                await there.until(lambda: moved(there) > BEGUN_BYTES)
            await there.until(lambda: told(there, events.Lost) and not there.talking)
            before = len(told(there, events.Progress))
            head = begun(taker)
            assert not stop(taker, there)
            assert told(there, events.Declined)
            taker_sweeps(taker, head)
            async with running(air, giver.device, A, hands_over=giver) as here:
                await there.node.meet()  # shouts at once
                await here.until(lambda: told(here, events.Declined))
            assert len(told(there, events.Progress)) == before

    run(test)
    assert states(giver) == [QueueState.DECLINED]
    assert not any(taker.into.iterdir())


def taker_sweeps(taker: Hands, head: RecordHead) -> None:
    """As the command does, where nothing is coming."""
    FolderLanding.sweep(taker.into, head.id)


@pytest.mark.slow
@pytest.mark.usefixtures("film", "soon")
def test_a_giver_who_did_not_hear_it_is_told_again(
    hands: tuple[Hands, Hands], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection may break before the word has left."""
    giver, taker = hands

    def is_silent(_channel: object, _reason: object) -> None:
        """Nothing leaves."""

    async def test() -> None:
        async with together(giver, taker) as (here, there):
            await there.until(lambda: moved(there) > BEGUN_BYTES)
            monkeypatch.setattr("satchel.node.channel.Channel.part", is_silent)
            monkeypatch.setattr("satchel.node.receiving.FAREWELL_S", 0.1)
            assert stop(taker, there)
            await here.until(lambda: told(here, events.Lost))
            await here.until(lambda: told(here, events.Declined))

    run(test)
    assert states(giver) == [QueueState.DECLINED]
    assert not any(taker.into.iterdir())


@pytest.mark.usefixtures("soon")
def test_what_is_stopped_just_before_it_goes_on_does_not(
    hands: tuple[Hands, Hands], film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the word that it may come and its first byte."""
    giver, taker = hands
    runs = Reception.run

    async def test() -> None:
        air = Air()
        async with running(air, taker.device, B, hands_over=taker) as there:
            async with running(air, giver.device, A, hands_over=giver):
                await there.until(lambda: moved(there) > BEGUN_BYTES)
            await there.until(lambda: told(there, events.Lost) and not there.talking)

            def run_late(reception: Reception, *way: object, **how: object) -> object:
                monkeypatch.setattr(Reception, "run", runs)
                taker.records.refuse(begun(taker).id)
                return runs(reception, *way, **how)  # type: ignore[arg-type]

            monkeypatch.setattr(Reception, "run", run_late)
            async with running(air, giver.device, A, hands_over=giver) as here:
                await there.node.meet()  # shouts at once
                await here.until(lambda: told(here, events.Declined))

    run(test)
    assert states(giver) == [QueueState.DECLINED]
    assert not any(taker.into.iterdir())
    assert film.exists()
