"""Contacts meet on networks in one process, and nobody else gets a byte (W1, P1, P2, P3, W4)."""

import asyncio
import os
import socket
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import pytest

from node.contact_sides import LIMIT_S, Device, Running, pair_up, running
from node.pretend_lan import Air
from satchel.carriers.lan.addresses import pack
from satchel.core.discovery.beacon import Mode
from satchel.core.session.contact import MeetingKeys, dialling_key
from satchel.core.session.flight import ANYWHERE, FLIGHT_FILL_BYTES, Dialler
from satchel.core.session.handshake import Statics
from satchel.node import clock, events
from satchel.node.company import ANSWERED_AT_ONCE_MAX
from satchel.node.encounter import Session
from satchel.ports import Arrived, Endpoint, Heard, Link

A, B, C = "127.0.0.2", "127.0.0.3", "127.0.0.4"


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(test(), 3 * LIMIT_S))


@pytest.fixture
def amina() -> Device:
    return Device("amina")


@pytest.fixture
def bilal(amina: Device) -> Device:
    other = Device("bilal")
    pair_up(amina, other)
    return other


async def met(*nodes: Running, times: int = 1) -> None:
    for node in nodes:
        await node.until(partial(is_met, node, times))


def is_met(node: Running, times: int) -> bool:
    return len(node.met()) >= times


def shared(one: Running, other: Running) -> list[tuple[Session, Session]]:
    """The sessions that both have, as each of them has it."""
    theirs = {session.channel.keys.session_hash: session for session in other.sessions}
    ours = {session.channel.keys.session_hash: session for session in one.sessions}
    return [(ours[name], theirs[name]) for name in ours if name in theirs]


def test_two_contacts_meet_and_store_what_they_agreed_on(amina: Device, bilal: Device) -> None:
    """W4: the day of now is agreed on, both have counted it, and a Bye ends it in good order."""

    async def test() -> None:
        air = Air()
        async with running(air, amina, A) as here:
            # Only one is heard, and so only one dials: else a second session may be opening at the end.
            async with running(air, bilal, B, muted=True) as there:
                await met(here, there)
                assert here.met() == ["bilal"]
                assert there.met() == ["amina"]
                await here.until(lambda: shared(here, there))
                one, other = shared(here, there)[-1]
                assert one.we_dialled is not other.we_dialled
            await here.until(lambda: here.gone()[-1:] == [False])

    run(test)
    kept = amina.kept(), bilal.kept()
    assert kept[0].heard == kept[1].counter == 1
    assert kept[1].heard == kept[0].counter == 1
    assert {side.pair.epochs.agreed for side in kept} == {clock.wall_s() // 86_400}
    assert {side.ahead_s for side in kept} == {0}


def test_both_dial_at_once_and_one_session_stays(amina: Device, bilal: Device) -> None:
    """Whoever dialled: both sides keep the same one."""

    async def test() -> None:
        air = Air()
        async with running(air, amina, A) as here, running(air, bilal, B) as there:
            # Both first packets are in the air before either has heard the other's.
            await met(here, there)
            await asyncio.sleep(1.0)
            alive = [
                {s.channel.keys.session_hash for s in node.sessions if s in node.talking}
                for node in (here, there)
            ]
            assert alive[0] & alive[1]
            assert here.gone() in ([], [True])

    run(test)


def test_who_is_no_contact_meets_nobody(amina: Device, bilal: Device) -> None:
    """P1, P2: Chen hears all, and knows neither."""

    async def test() -> None:
        air, chen, dara = Air(), Device("chen"), Device("dara")
        pair_up(chen, dara)
        async with (
            running(air, chen, C) as stranger,
            running(air, amina, A) as here,
            running(air, bilal, B) as there,
        ):
            await met(here, there)
            await asyncio.sleep(0.3)
            assert stranger.met() == []
            assert stranger.sessions == []

    run(test)


@pytest.mark.slow
def test_another_network_is_another_beacon_and_they_meet_again(amina: Device, bilal: Device) -> None:
    """W1: all that is sent on the second network was drawn for it; and a session that broke is begun anew
    although there was one just now (discovery 7.2)."""

    async def test() -> None:
        air = Air()
        async with running(air, amina, A) as here, running(air, bilal, B) as there:
            await met(here, there)
            before = list(air.shouted)
            ports = {here.lan.link.port, there.lan.link.port}
            here.lan.change_link("127.0.1.2")
            there.lan.change_link("127.0.1.3")
            await met(here, there, times=2)
            after = air.shouted[len(before) :]
            assert {datagram[:16] for _, datagram in before}.isdisjoint(d[:16] for _, d in after)
            slots = [
                {d[at : at + 8] for _, d in some for at in range(18, 530, 8)} for some in (before, after)
            ]
            assert slots[0].isdisjoint(slots[1])
            assert ports.isdisjoint({here.lan.link.port, there.lan.link.port})

    run(test)


def test_a_replayed_beacon_leads_to_no_dial_after_a_new_start(amina: Device, bilal: Device) -> None:
    """W1, P3: what was recognised is on the disk before the dial, so a power cut makes no replay new."""

    async def test() -> None:
        air = Air()
        async with running(air, bilal, B) as there:
            async with running(air, amina, A, mode=Mode.QUIET) as here:
                await met(here, there)
            source, recorded = next(one for one in air.shouted if one[0] == pack(B))
        listening = socket.create_server((B, int.from_bytes(recorded[16:18], "big")))
        listening.settimeout(1.0)
        async with running(air, amina, A, mode=Mode.QUIET) as here:
            event = Heard(link=here.lan.link, source=Endpoint(address=source, port=1), datagram=recorded)
            here.lan.put(event)
            with pytest.raises(TimeoutError):
                await asyncio.get_running_loop().run_in_executor(None, listening.accept)
        listening.close()

    run(test)
    assert len(amina.contacts.spent_nonces()) == 1


def test_a_replayed_flight_is_answered_by_nothing(amina: Device, bilal: Device) -> None:
    """P1, P2: its ephemeral key is on the disk before the first answer."""

    async def test() -> None:
        air = Air()
        async with running(air, bilal, B, mode=Mode.QUIET) as there:
            flights: list[bytes] = []
            deliver = there.lan.put

            def record(event: Any) -> None:
                if isinstance(event, Arrived):
                    flights.append(event.arrival.flight)
                deliver(event)

            there.lan.put = record  # type: ignore[assignment]
            async with running(air, amina, A, mode=Mode.QUIET, muted=True) as here:
                await here.node.meet()  # nobody hears it
                seeking = asyncio.ensure_future(here.node.seek(there.lan.endpoint))
                await met(here, there)
                await seeking
            count = len(there.sessions)
            replaying = socket.create_connection((B, there.lan.link.port))
            replaying.settimeout(1.0)
            replaying.sendall(flights[0])
            with pytest.raises(TimeoutError):
                await asyncio.get_running_loop().run_in_executor(None, replaying.recv, 1)
            replaying.close()
            assert len(there.sessions) == count

    run(test)


@pytest.mark.parametrize("wall", ["1970-01-02", "2100-01-01"])
def test_a_clock_that_cannot_be_right_meets(
    amina: Device, bilal: Device, monkeypatch: pytest.MonkeyPatch, wall: str
) -> None:
    """Both without a plausible clock: the agreed epoch is enough, and no key is erased by it."""
    wrong_s = {"1970-01-02": 86_400, "2100-01-01": 4_102_444_800}[wall]
    monkeypatch.setattr(clock, "wall_s", lambda: wrong_s)
    before = amina.kept().pair.epochs

    async def test() -> None:
        air = Air()
        async with running(air, amina, A) as here, running(air, bilal, B) as there:
            await met(here, there)

    run(test)
    assert amina.kept().pair.epochs == before


def test_a_broken_session_is_begun_again_and_one_that_ended_is_not(amina: Device, bilal: Device) -> None:
    async def test() -> None:
        air = Air()
        async with (
            running(air, amina, A) as here,
            running(air, bilal, B, talk=leave_at_once, muted=True) as there,  # so that one dials only
        ):
            await met(here, there)
            await there.until(lambda: there.gone() == [False])
            await here.until(lambda: here.gone() == [False])
            await asyncio.sleep(0.5)
            assert len(here.met()) == 1

    run(test)


def leave_at_once(session: Session) -> None:
    session.leave()


def test_quiet_nodes_meet_while_both_say_meet(amina: Device, bilal: Device) -> None:
    async def test() -> None:
        air = Air()
        async with (
            running(air, amina, A, mode=Mode.QUIET) as here,
            running(air, bilal, B, mode=Mode.QUIET) as there,
        ):
            await asyncio.sleep(0.3)
            assert air.shouted == []
            await here.node.meet()
            await met(here, there)

    run(test)


def test_m3_a_contact_that_dials_and_says_no_word_has_few_of_our_threads(
    amina: Device, bilal: Device
) -> None:
    """M3: eight of its flights are answered, and another contact is met meanwhile; it itself, afterwards."""

    async def test() -> None:
        air, chloe = Air(), Device("chloe")
        pair_up(bilal, chloe)
        async with running(air, bilal, B) as there:
            pair = amina.kept().pair
            keys = MeetingKeys(statics=Statics(own=pair.static, theirs=pair.their_static), epochs=pair.epochs)
            loop, mute, answers = asyncio.get_running_loop(), list[socket.socket](), list[int]()
            for _ in range(ANSWERED_AT_ONCE_MAX + 2):
                one = socket.create_connection((B, there.lan.link.port))
                one.setblocking(False)
                mute.append(one)
                e, fill = os.urandom(32), os.urandom(FLIGHT_FILL_BYTES)
                key, (address, port) = dialling_key(keys, pair.epochs.agreed), ANYWHERE
                one.sendall(Dialler(key, address=address, port=port, ephemeral=e, fill=fill).flight)
                answers.append(len(await asyncio.wait_for(loop.sock_recv(one, 1000), LIMIT_S)))
            assert answers == [256] * ANSWERED_AT_ONCE_MAX + [0, 0]
            async with running(air, chloe, C) as here:
                await met(here, there)
            for one in mute:
                one.close()
            async with running(air, amina, A, mode=Mode.QUIET, muted=True) as late:
                await late.node.meet()
                seeking = asyncio.ensure_future(late.node.seek(there.lan.endpoint))
                await met(late)
                await seeking

    run(test)


def test_a_flood_of_forged_flights_and_beacons_keeps_no_contact_away(amina: Device, bilal: Device) -> None:
    """P3: a flood from 16 sources, and the contact is met within 5 s."""

    async def test() -> None:
        air = Air()
        async with running(air, bilal, B) as there:
            flooding = asyncio.ensure_future(flood(there))
            await asyncio.sleep(0.5)
            async with asyncio.timeout(5.0), running(air, amina, A) as here:
                await met(here, there)
            flooding.cancel()
            await asyncio.gather(flooding, return_exceptions=True)

    run(test)


async def flood(there: Running) -> None:
    while True:
        for number in range(16):
            source = Endpoint(address=pack(f"127.0.9.{number + 1}"), port=1)
            for _ in range(4):
                datagram = os.urandom(16) + (5000).to_bytes(2, "big") + os.urandom(512)
                there.lan.put(Heard(link=there.lan.link, source=source, datagram=datagram))
            there.lan.put(Arrived(arrival=ForgedArrival(there, source)))
        await asyncio.sleep(0.01)


class ForgedArrival:
    is_waiting = True

    def __init__(self, there: Running, remote: Endpoint) -> None:
        self.flight = os.urandom(256)
        self.link: Link = there.lan.link
        self.local = there.lan.endpoint
        self.remote = remote

    def take(self) -> Any:
        raise AssertionError("a forged flight was believed")

    def drain(self) -> None:
        self.is_waiting = False


def test_the_other_is_told_when_this_profile_went_back(amina: Device, bilal: Device) -> None:
    """A copy of a profile shows itself (session 5), if it is older than the numbers that both may skip."""

    async def test() -> None:
        air, old = Air(), amina.kept()
        for _ in range(3):
            async with running(air, amina, A) as here, running(air, bilal, B) as there:
                await met(here, there)
        amina.contacts.add(old, replacing=old.id)
        async with running(air, amina, A) as here, running(air, bilal, B) as there:
            await met(here, there)
            shown = [one for e in there.told if isinstance(e, events.PeerMet) for one in e.shown]
            assert len(shown) == 1

    run(test)
