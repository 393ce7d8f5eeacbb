"""Two local networks in one process meet over the loopback: no router, no route, no name server, no root.

Other programs may speak on the same group while this runs: tests look for their own datagrams only.
"""

import asyncio
import os
import socket
import struct
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from ipaddress import ip_interface
from typing import Any

import pytest

from satchel.carriers.lan import multicast
from satchel.carriers.lan.addresses import pack
from satchel.carriers.lan.interfaces import Survey, choose_places, survey
from satchel.carriers.lan.lan import LocalNetwork
from satchel.carriers.lan.pipe import SocketPipe
from satchel.errors import EnvironmentProblem, MisuseError
from satchel.ports import DATAGRAM_BYTES, Arrived, Endpoint, Heard, LanEvent, Link, LinkDown, LinkUp

PATIENCE_S = 5.0
LOOPBACK = pack("127.0.0.1")


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(test(), 4 * PATIENCE_S))


class Clock:
    """Seconds of the event loop, and what a test adds."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def __call__(self) -> float:
        return asyncio.get_running_loop().time() + self.ahead_s


@asynccontextmanager
async def network(
    *,
    listening: bool = True,
    clock: Clock | None = None,
    look: Callable[[], Survey] = survey,
    port: int = 0,
) -> AsyncIterator[LocalNetwork]:
    now_s = clock or Clock()
    async with LocalNetwork(listening=listening, draw=os.urandom, now_s=now_s, look=look, port=port) as lan:
        yield lan


class Machine:
    """What the kernel would say of this machine, where only the loopback is left to pull and to move."""

    def __init__(self) -> None:
        real = survey()
        self.now = replace(real, places=tuple(p for p in real.places if p.is_loopback), gateway_macs={})
        self.looks = 0

    def __call__(self) -> Survey:
        self.looks += 1
        if self.now.addresses:
            return self.now
        raise OSError("no memory for the list")


def is_gone(pipe: SocketPipe) -> bool:
    pipe.set_deadline(PATIENCE_S)
    with pytest.raises(EnvironmentProblem, match="gone"):
        pipe.receive_into(memoryview(bytearray(1)))
    return True


def loopback(lan: LocalNetwork) -> Link:
    return next(link for link in lan.links() if link.address == LOOPBACK)


async def event(lan: LocalNetwork, wanted: Callable[[LanEvent], bool]) -> LanEvent:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            found = await lan.next_event()
            if wanted(found):
                return found


async def hear(lan: LocalNetwork, datagram: bytes) -> Heard:
    found = await event(lan, lambda e: isinstance(e, Heard) and e.datagram == datagram)
    assert isinstance(found, Heard)
    return found


async def meet(lan: LocalNetwork, other: LocalNetwork) -> tuple[SocketPipe, Any]:
    """A pipe from `other` to `lan`, and the end of it that `lan` took."""
    link = loopback(lan)
    near = await other.dial(Endpoint(address=link.address, port=link.port), within_s=PATIENCE_S)
    near.send_all(bytes(256))
    arrived = await event(lan, lambda e: isinstance(e, Arrived))
    assert isinstance(arrived, Arrived)
    return near, arrived.arrival.take()


def test_two_on_one_machine_hear_and_dial_each_other() -> None:
    async def test() -> None:
        async with network() as host, network(listening=False) as guest:
            assert loopback(guest).port == 0
            datagram = os.urandom(DATAGRAM_BYTES)
            loopback(host).shout(datagram)
            heard = await hear(guest, datagram)
            assert heard.source.address == LOOPBACK
            endpoint = Endpoint(
                address=heard.source.address, port=loopback(host).port, scope=heard.source.scope
            )
            pipe = await guest.dial(endpoint, within_s=PATIENCE_S)
            pipe.send_all(bytes(256))
            arrived = await event(host, lambda e: isinstance(e, Arrived))
            assert isinstance(arrived, Arrived)
            assert arrived.arrival.link is loopback(host)
            assert arrived.arrival.local.address == pipe.remote.address == LOOPBACK

    run(test)


def test_links_are_told_before_what_happens_on_them() -> None:
    async def test() -> None:
        async with network() as lan:
            first = await lan.next_event()
            assert isinstance(first, LinkUp)
            assert first.link in lan.links()

    run(test)


def test_own_datagrams_are_not_reported() -> None:
    async def test() -> None:
        async with network() as lan, network() as other:
            own, foreign = os.urandom(DATAGRAM_BYTES), os.urandom(DATAGRAM_BYTES)
            loopback(lan).shout(own)
            loopback(other).shout(foreign)
            found = await event(lan, lambda e: isinstance(e, Heard) and e.datagram in (own, foreign))
            assert isinstance(found, Heard)
            assert found.datagram == foreign

    run(test)


def raw_voice(source: str = "127.0.0.1") -> socket.socket:
    voice = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    index = socket.if_nametoindex("lo")
    request = bytes(4) + socket.inet_aton(source) + struct.pack("=i", index)
    voice.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, request)
    voice.bind((source, 0))
    return voice


def test_other_lengths_are_not_reported() -> None:
    async def test() -> None:
        group = (str(multicast.GROUP_IPV4), multicast.PORT)
        async with network(listening=False) as lan:
            with raw_voice() as voice:
                marked = os.urandom(DATAGRAM_BYTES)
                for length in (0, 1, 529, 531, 1400):
                    voice.sendto((marked * 3)[:length], group)
                voice.sendto(marked, group)
            found = await event(lan, lambda e: isinstance(e, Heard) and e.datagram[:8] == marked[:8])
            assert isinstance(found, Heard)
            assert found.datagram == marked

    run(test)


def test_unicast_to_the_port_is_not_heard() -> None:
    """A datagram sent to our address and not to the group reaches no socket of ours."""

    async def test() -> None:
        heard: list[bytes] = []
        lo = socket.if_nametoindex("lo")
        (place,) = choose_places("lo", lo, [ip_interface("127.0.0.1/8")], is_loopback=True)
        ear = multicast.Ear(
            place,
            multicast.open_group_ear(place),
            is_own=lambda _: False,
            now_s=Clock(),
            on_heard=lambda _, datagram: heard.append(datagram),
        )
        sneaked, proper = os.urandom(DATAGRAM_BYTES), os.urandom(DATAGRAM_BYTES)
        with raw_voice() as voice:
            voice.sendto(sneaked, ("127.0.0.1", multicast.PORT))
            voice.sendto(proper, (str(multicast.GROUP_IPV4), multicast.PORT))
        async with asyncio.timeout(PATIENCE_S):
            while proper not in heard:
                await asyncio.sleep(0.01)
        ear.close()
        assert sneaked not in heard

    run(test)


def test_flood_is_cut_before_an_event_is_made() -> None:
    """P3: a thousand datagrams at once are not a thousand events; who speaks beside them is heard, at the
    latest when it speaks again: what the kernel has no room for during the flood reaches nobody."""

    async def say_on(friend: socket.socket, *datagram_and_group: Any) -> None:
        while await asyncio.sleep(0.3, True):
            friend.sendto(*datagram_and_group)

    async def test() -> None:
        async with network(listening=False) as lan:
            flood, friendly = os.urandom(DATAGRAM_BYTES), os.urandom(DATAGRAM_BYTES)
            group = (str(multicast.GROUP_IPV4), multicast.PORT)
            with raw_voice("127.0.0.66") as flooder, raw_voice("127.0.0.77") as friend:
                for _ in range(1000):
                    flooder.sendto(flood, group)
                speaking = asyncio.create_task(say_on(friend, friendly, group))
                seen = []
                while friendly not in seen:
                    found = await event(lan, lambda e: isinstance(e, Heard))
                    assert isinstance(found, Heard)
                    seen.append(found.datagram)
                speaking.cancel()
            assert 1 <= seen.count(flood) <= 15

    run(test)


def test_a_shout_has_530_bytes() -> None:
    async def test() -> None:
        async with network(listening=False) as lan:
            with pytest.raises(MisuseError):
                loopback(lan).shout(bytes(529))

    run(test)


@pytest.mark.parametrize(
    "endpoint",
    [
        Endpoint(address=pack("8.8.8.8"), port=40000),
        Endpoint(address=pack("::ffff:8.8.8.8"), port=40000),
        Endpoint(address=pack("2001:4860:4860::8888"), port=40000),
        Endpoint(address=pack("224.0.0.1"), port=40000),
        Endpoint(address=pack("127.0.0.1"), port=22),
        Endpoint(address=pack("127.0.0.1"), port=0),
    ],
    ids=str,
)
def test_no_packet_to_the_internet_or_a_service(endpoint: Endpoint) -> None:
    async def test() -> None:
        async with network(listening=False) as lan:
            with pytest.raises(MisuseError):
                await lan.dial(endpoint, within_s=PATIENCE_S)

    run(test)


def test_nobody_answers() -> None:
    async def test() -> None:
        async with network(listening=False) as lan:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))  # bound, not listening
                endpoint = Endpoint(address=LOOPBACK, port=free.getsockname()[1])
                with pytest.raises(EnvironmentProblem):
                    await lan.dial(endpoint, within_s=PATIENCE_S)

    run(test)


def test_dial_ends_in_time_and_when_cancelled() -> None:
    async def test() -> None:
        async with network(listening=False) as lan:
            with socket.socket() as full, socket.socket() as filler:
                full.bind(("127.0.0.1", 0))
                full.listen(0)
                filler.connect(full.getsockname())  # the queue has one place: the next SYN gets no answer
                endpoint = Endpoint(address=LOOPBACK, port=full.getsockname()[1])
                with pytest.raises(EnvironmentProblem):
                    await lan.dial(endpoint, within_s=0.1)
                dialling = asyncio.create_task(lan.dial(endpoint, within_s=PATIENCE_S))
                await asyncio.sleep(0.05)
                dialling.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await dialling

    run(test)


def test_after_a_sleep_everything_is_reset_and_drawn_anew() -> None:
    """Discovery 2, W1: a machine that slept may wake on another network with the same address."""

    async def test() -> None:
        clock = Clock()
        async with network(clock=clock) as lan, network(listening=False) as other:
            before = loopback(lan)
            near, far = await meet(lan, other)
            clock.ahead_s += 31.0
            down = await event(lan, lambda e: isinstance(e, LinkDown) and e.link is before)
            assert isinstance(down, LinkDown)
            up = await event(lan, lambda e: isinstance(e, LinkUp) and e.link.address == LOOPBACK)
            assert isinstance(up, LinkUp)
            assert up.link.port != before.port
            for pipe in (far, near):
                with pytest.raises(EnvironmentProblem):
                    pipe.receive_into(memoryview(bytearray(1)))

    run(test)


def test_lost_carrier_ends_the_link_and_its_connections() -> None:
    """Discovery 2: the cable is out, the address still there: nothing may wait for the next network (W1)."""

    async def test() -> None:
        machine = Machine()
        async with network(look=machine) as lan, network(listening=False) as other:
            before = loopback(lan)
            near, far = await meet(lan, other)
            machine.now = replace(machine.now, places=())
            await event(lan, lambda e: isinstance(e, LinkDown) and e.link is before)
            assert lan.links() == ()
            with pytest.raises(EnvironmentProblem, match="closed on this side"):
                far.receive_into(memoryview(bytearray(1)))
            assert is_gone(near)

    run(test)


def test_another_router_resets_the_link_but_not_every_second() -> None:
    """Discovery 2: same address, other network. A forger of the router's address gets one reset in 30 s."""

    async def test() -> None:
        machine = Machine()
        async with network(look=machine) as lan:
            await event(lan, lambda e: isinstance(e, LinkUp))
            before = loopback(lan)
            for mac in ("02:00:00:00:00:01", "02:00:00:00:00:02", "02:00:00:00:00:03"):
                machine.now = replace(machine.now, gateway_macs={"lo": mac})
                looks = machine.looks
                async with asyncio.timeout(PATIENCE_S):
                    while machine.looks < looks + 1:
                        await asyncio.sleep(0.02)
                if mac.endswith("01"):
                    assert loopback(lan) is before  # only now known, not another one
                if mac.endswith("02"):
                    assert (await lan.next_event()) == LinkDown(link=before)
                    assert (await lan.next_event()) == LinkUp(link=loopback(lan))
                    after = loopback(lan)
            assert loopback(lan) is after is not before

    run(test)


def test_links_stay_while_the_kernel_gives_no_list() -> None:
    async def test() -> None:
        machine = Machine()
        async with network(look=machine) as lan:
            before = lan.links()
            machine.now = replace(machine.now, addresses=frozenset())
            async with asyncio.timeout(PATIENCE_S):
                while machine.looks < 2:
                    await asyncio.sleep(0.02)
            assert lan.links() == before != ()

    run(test)


def test_waiting_for_an_event_may_be_cancelled() -> None:
    async def test() -> None:
        async with network(listening=False) as lan, network() as other:
            waiting = asyncio.create_task(event(lan, lambda _: False))
            await asyncio.sleep(0.05)
            waiting.cancel()
            await asyncio.wait([waiting])
            datagram = os.urandom(DATAGRAM_BYTES)
            loopback(other).shout(datagram)
            await hear(lan, datagram)

    run(test)


def test_closing_ends_everything() -> None:
    async def test() -> None:
        async with network() as lan, network(listening=False) as other:
            near, far = await meet(lan, other)
            waiting = asyncio.create_task(event(lan, lambda _: False))
            await asyncio.sleep(0.05)
            await lan.close()
            await lan.close()
            assert lan.links() == ()
            with pytest.raises(MisuseError):
                await waiting
            for pipe in (far, near):
                with pytest.raises(EnvironmentProblem):
                    pipe.receive_into(memoryview(bytearray(1)))
            with pytest.raises(MisuseError):
                await lan.dial(Endpoint(address=LOOPBACK, port=40000), within_s=1)

    run(test)
