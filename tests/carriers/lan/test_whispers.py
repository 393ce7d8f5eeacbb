"""What contacts need of a link: whispers, ports that change, and which network it is (W1)."""

import os
from collections.abc import Callable
from dataclasses import replace

import pytest

from carriers.lan.test_lan import LOOPBACK, PATIENCE_S, Clock, Machine, hear, loopback, run
from satchel.carriers.lan.addresses import pack
from satchel.carriers.lan.interfaces import Survey, survey
from satchel.carriers.lan.lan import LocalNetwork
from satchel.errors import EnvironmentProblem
from satchel.ports import DATAGRAM_BYTES, Endpoint


def network(*, whispers: bool = True, look: Callable[[], Survey] = survey) -> LocalNetwork:
    return LocalNetwork(listening=True, draw=os.urandom, now_s=Clock(), whispers=whispers, look=look)


def test_a_whisper_is_heard_and_leaves_no_further_than_the_link() -> None:
    async def test() -> None:
        async with network() as lan, network(whispers=False) as other:
            datagram = os.urandom(DATAGRAM_BYTES)
            loopback(other).whisper(pack("192.0.2.1"), os.urandom(DATAGRAM_BYTES))  # not on this link
            loopback(other).whisper(LOOPBACK, datagram)
            heard = await hear(lan, datagram)
            assert heard.source.address == LOOPBACK

    run(test)


def test_another_port_opens_and_the_old_one_closes_alone() -> None:
    async def test() -> None:
        async with network() as lan, network() as other:
            link = loopback(lan)
            old = link.port
            new = link.open_port()
            assert link.port == new != old
            for port in (old, new):
                pipe = await other.dial(Endpoint(address=LOOPBACK, port=port), within_s=PATIENCE_S)
                pipe.close()
            link.close_port(old)
            with pytest.raises(EnvironmentProblem):
                await other.dial(Endpoint(address=LOOPBACK, port=old), within_s=PATIENCE_S)
            pipe = await other.dial(Endpoint(address=LOOPBACK, port=new), within_s=PATIENCE_S)
            pipe.close()

    run(test)


def test_a_link_says_which_network_it_is_in_once_its_router_is_known() -> None:
    async def test() -> None:
        machine = Machine()
        async with network(look=machine) as lan:
            link = loopback(lan)
            assert link.surroundings is None
            machine.now = replace(machine.now, gateway_macs={"lo": "02:00:00:00:00:07"})
            lan.look()
            there = link.surroundings
            assert there is not None
            assert there.gateway_mac == bytes((2, 0, 0, 0, 0, 7))
            assert (there.subnet, there.prefix_bits) == (pack("127.0.0.0"), 96 + 8)
            machine.now = replace(machine.now, gateway_macs={"lo": "nonsense"})
            assert loopback(lan) is link

    run(test)


def test_a_look_takes_a_changed_link_down_at_once() -> None:
    """W1: asked right before a packet leaves, it does not wait for the next second."""

    async def test() -> None:
        machine = Machine()
        async with network(look=machine) as lan:
            link = loopback(lan)
            machine.now = replace(machine.now, places=())
            lan.look()
            assert link not in lan.links()

    run(test)
