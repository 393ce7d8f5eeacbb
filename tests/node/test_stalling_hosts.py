"""Hosts that answer nothing, while the right one is there, too."""

import asyncio
import contextlib
import itertools
import os
from pathlib import Path

import pytest

from node.pretend_lan import Air, PretendLan
from node.sides import LIMIT_S, Side
from satchel.core.discovery import rendezvous
from satchel.core.discovery.datagram import (
    FILL_BYTES,
    NONCE_BYTES,
    PLACES_BYTES,
    SlotKey,
    SlotKind,
    draw_datagram,
)
from satchel.core.pairing import host
from satchel.core.pairing.code import SpokenCode
from satchel.errors import AccessDenied
from satchel.node import code_tries, events, greeting, greetings
from satchel.ports import Address
from satchel.store.chosen import ChosenFolder
from satchel.store.source import survey

V6 = bytes.fromhex("fe80000000000000") + bytes(4)  # PretendLan dials by the last four bytes


@pytest.fixture
def tenfold(monkeypatch: pytest.MonkeyPatch) -> None:
    """All times of a greeting and of dials are a tenth of what they are."""
    for module, names in (
        (greetings, ["PATIENCE_S"]),
        (greeting, ["STEP_S", "WHOLE_S"]),
        (code_tries, ["OTHER_HOSTS_S"]),
        (host, ["PAUSE_AFTER_WRONG_S"]),
        (rendezvous, ["DIAL_GAP_S", "REDIAL_GAP_S", "REDIAL_GAP_MAX_S", "ADDRESS_GAP_S"]),
    ):
        for name in names:
            monkeypatch.setattr(module, name, getattr(module, name) / 10)


def shout(lan: PretendLan, code: SpokenCode) -> None:
    slot = SlotKey(kind=SlotKind.CODE, key=code.rendezvous_key())
    nonce, fill, places = (os.urandom(count) for count in (NONCE_BYTES, FILL_BYTES, PLACES_BYTES))
    link = lan.link
    link.shout(
        draw_datagram([slot], nonce=nonce, port=link.port, source=link.address, fill=fill, places=places)
    )


async def keep_shouting(lans: list[PretendLan], code: SpokenCode, *, rotating: bool) -> None:
    """`rotating`: under another IPv6 address every time that a greeting may begin."""
    for number in itertools.count():
        for lan in lans:
            if rotating:
                prefix = V6[:8] + (number // 5).to_bytes(4, "big")
                lan.link.address = Address(prefix + lan.link.address[-4:])
            shout(lan, code)
        await asyncio.sleep(0.03)


async def receive(
    amina: Side,
    bilal: Side,
    letter: Path,
    *,
    hosts: int,
    rotating: bool = False,
    mistyped: bool = False,
    both_families: bool = False,
) -> None:
    """While so many others shout, too, take connections, and say nothing."""
    air = Air()
    async with asyncio.timeout(LIMIT_S), contextlib.AsyncExitStack() as network:
        there = await network.enter_async_context(PretendLan(air, "127.0.0.2", listening=True))
        over_v6 = await network.enter_async_context(PretendLan(air, "127.0.0.2", listening=False))
        over_v6.link.address, over_v6.link.port = Address(V6 + there.link.address[-4:]), there.link.port
        here = await network.enter_async_context(PretendLan(air, "127.0.0.3", listening=False))
        stalling = [
            await network.enter_async_context(PretendLan(air, f"127.0.0.{10 + number}", listening=True))
            for number in range(hosts)
        ]
        offered = survey([os.fsencode(letter)]).entries
        giving = asyncio.create_task(amina.giver(there).give(offered, None))
        while not (ready := [event for event in amina.told if isinstance(event, events.CodeReady)]):
            await asyncio.sleep(0.01)
        code = SpokenCode.parse(ready[0].code)
        if mistyped:
            one, two, three = code.words
            code = SpokenCode(code.channel, (one, two, (three + 1) % 1024))
        here.forget_what_was_heard()
        if both_families:
            stalling = [over_v6]  # the right one, under its other address
        shouting = asyncio.create_task(keep_shouting(stalling, code, rotating=rotating))
        await asyncio.sleep(0)  # they are heard first
        try:
            with contextlib.closing(ChosenFolder.open(bilal.into)) as chosen:
                await bilal.taker(here).take(code, chosen, os.fsencode(bilal.into))
            await giving
        finally:
            for task in (shouting, giving):
                task.cancel()
            await asyncio.wait([shouting, giving])


@pytest.mark.parametrize("hosts", [1, 6])
def test_p3_hosts_that_answer_nothing_do_not_keep_the_right_one_away(
    amina: Side, bilal: Side, letter: Path, hosts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who knows the channel, one of 999, could stall a receiver for as long as the code lives."""
    monkeypatch.setattr(greetings, "PATIENCE_S", 0.05)
    monkeypatch.setattr(greeting, "WHOLE_S", 3600.0)
    monkeypatch.setattr(greeting, "STEP_S", 3600.0)
    asyncio.run(receive(amina, bilal, letter, hosts=hosts))
    assert (bilal.into / "letter").read_bytes() == letter.read_bytes()
    assert amina.left() == bilal.left() == 0


@pytest.mark.usefixtures("tenfold")
def test_p3_nor_does_one_that_changes_its_address_in_the_other_family(
    amina: Side, bilal: Side, letter: Path
) -> None:
    """One greeting over IPv6 always ran: whoever is there over IPv4 only was never dialled."""
    asyncio.run(receive(amina, bilal, letter, hosts=1, rotating=True))
    assert (bilal.into / "letter").read_bytes() == letter.read_bytes()


@pytest.mark.usefixtures("tenfold")
@pytest.mark.parametrize("rotating", [False, True])
def test_nor_do_they_keep_a_person_from_hearing_that_the_code_was_not_right(
    amina: Side, bilal: Side, letter: Path, rotating: bool
) -> None:
    with pytest.raises(AccessDenied):
        asyncio.run(receive(amina, bilal, letter, hosts=3, rotating=rotating, mistyped=True))
    guesses = [event for event in amina.told if isinstance(event, events.GuessCounted)]
    assert len(guesses) == 1


@pytest.mark.usefixtures("tenfold")
def test_a_typing_mistake_is_one_guess_at_a_host_of_two_addresses(
    amina: Side, bilal: Side, letter: Path
) -> None:
    """It is answered by silence, for longer than anybody is waited for alone."""
    with pytest.raises(AccessDenied):
        asyncio.run(receive(amina, bilal, letter, hosts=0, mistyped=True, both_families=True))
    guesses = [event for event in amina.told if isinstance(event, events.GuessCounted)]
    assert len(guesses) == 1
