"""Who is a contact changes while the node runs: new ones, forgotten ones, other names (T2, W4, P3)."""

import asyncio
import threading

import pytest

from node.contact_sides import Device, pair_up, running
from node.pretend_lan import Air
from node.test_neighbours import A, B, C, met, run
from satchel.core.discovery.beacon import Mode
from satchel.core.identity.contacts import ContactId
from satchel.node import events
from satchel.node.front_door import FrontDoor


@pytest.fixture
def amina() -> Device:
    return Device("amina")


@pytest.fixture
def bilal(amina: Device) -> Device:
    other = Device("bilal")
    pair_up(amina, other)
    return other


def test_a_contact_that_is_new_in_a_running_node_is_met_at_once(amina: Device, bilal: Device) -> None:
    """[discovery 4.10] Both took the other over after their packets were drawn, one before the other."""

    async def test() -> None:
        air, chen = Air(), Device("chen")
        async with running(air, amina, A) as here, running(air, chen, C) as there:
            await asyncio.sleep(0.3)
            nonces = {datagram[:16] for _, datagram in air.shouted}
            pair_up(amina, chen)
            await here.node.refresh()
            await asyncio.sleep(0.1)
            await there.node.refresh()
            await met(here, there)
            assert set(there.met()) == {"amina"}
            assert not nonces & {datagram[:16] for _, datagram in air.shouted[-2:]}

    run(test)


def test_who_is_forgotten_is_gone_at_once_and_is_not_let_in_again(
    amina: Device, bilal: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T2, W4: no session, no mark in a packet, and no answer to its flights; the other one hears a Bye."""
    remembered: list[bytes] = []
    remember_flight = amina.contacts.remember_flight

    def remember(id: ContactId, epoch: int, ephemeral: bytes, *, places: int) -> bool:
        remembered.append(ephemeral)
        return remember_flight(id, epoch, ephemeral, places=places)

    monkeypatch.setattr(amina.contacts, "remember_flight", remember)

    async def test() -> None:
        air = Air()
        async with running(air, amina, A) as here, running(air, bilal, B) as there:
            await met(here, there)
            await asyncio.sleep(1.0)  # which of two sessions stays is settled
            contact = amina.kept().id
            gone = len(here.gone())
            amina.contacts.forget(contact)
            await here.node.refresh()
            await here.until(lambda: len(here.gone()) > gone)
            await there.until(lambda: there.gone()[-1:] == [False])
            assert here.gone()[-1] is False
            assert here.node.contact(contact) is None
            count, asked = len(here.sessions), len(remembered)
            seeking = asyncio.ensure_future(there.node.seek(here.lan.endpoint))
            await asyncio.sleep(1.5)
            seeking.cancel()
            assert len(here.sessions) == count
            assert len(remembered) == asked, "its keys are in memory still"
            assert len(here.met()) == here.met().count("bilal")
            assert not here.talking

    run(test)


def test_a_new_name_is_told_from_then_on(amina: Device, bilal: Device) -> None:
    async def test() -> None:
        air = Air()
        async with running(air, amina, A) as here:
            async with running(air, bilal, B) as there:
                await met(here, there)
                amina.contacts.rename(amina.kept().id, "Bilal of the bakery")
                await here.node.refresh()
            await here.until(here.gone)
            told = [event for event in here.told if isinstance(event, events.PeerGone)]
            assert told[-1].name == "Bilal of the bakery"

    run(test)


def test_the_way_from_a_year_ago_is_gone_before_anything_is_heard(
    amina: Device, bilal: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P3: not on the loop."""
    threads: list[threading.Thread] = []
    make_ready = FrontDoor.make_ready

    def look(door: FrontDoor) -> None:
        threads.append(threading.current_thread())
        make_ready(door)

    monkeypatch.setattr(FrontDoor, "make_ready", look)

    async def test() -> None:
        air = Air()
        async with running(air, amina, A) as here, running(air, bilal, B) as there:
            await met(here, there)

    run(test)
    assert len(threads) == 2
    assert threading.main_thread() not in threads


def test_w1_who_becomes_quiet_says_nothing_any_more_and_later_is_somebody_new(
    amina: Device, bilal: Device
) -> None:
    """Two contacts in one network: from one moment to the next there is no packet.
    When it speaks again, no packet is one of before."""

    async def test() -> None:
        air = Air()
        async with running(air, amina, A) as here, running(air, bilal, B) as there:
            await met(here, there)
            here.node.set_mode(Mode.QUIET)
            there.node.set_mode(Mode.QUIET)
            before = len(air.shouted)
            here.node.set_mode(Mode.QUIET)
            await asyncio.sleep(0.5)
            assert len(air.shouted) == before
            here.node.set_mode(Mode.OPEN)
            await here.until(lambda: len(air.shouted) > before)
            nonces = {datagram[:16] for _, datagram in air.shouted[:before]}
            assert not nonces & {datagram[:16] for _, datagram in air.shouted[before:]}

    run(test)


def test_w1_a_link_that_comes_up_goes_by_the_mode_of_now(amina: Device, bilal: Device) -> None:
    async def test() -> None:
        air = Air()
        async with running(air, amina, A, mode=Mode.OPEN) as here:
            await here.until(lambda: air.shouted)
            here.node.set_mode(Mode.QUIET)
            before = len(air.shouted)
            here.lan.change_link(B)
            await asyncio.sleep(0.5)
            assert len(air.shouted) == before

    run(test)
