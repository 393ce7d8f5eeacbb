"""Hosts that answer nothing, while the right one is there, too."""

import asyncio
import contextlib
import os
from pathlib import Path

import pytest

from node.pretend_lan import Air, PretendLan
from node.sides import LIMIT_S, Side
from satchel.core.discovery.datagram import (
    FILL_BYTES,
    NONCE_BYTES,
    PLACES_BYTES,
    SlotKey,
    SlotKind,
    draw_datagram,
)
from satchel.core.pairing.code import SpokenCode
from satchel.node import events, greeting, greetings
from satchel.store.chosen import ChosenFolder
from satchel.store.source import survey


@pytest.mark.parametrize("hosts", [1, 6])
def test_p3_hosts_that_answer_nothing_do_not_keep_the_right_one_away(
    amina: Side, bilal: Side, letter: Path, hosts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who knows the channel, one of 999, could stall a receiver for as long as the code lives."""
    monkeypatch.setattr(greetings, "PATIENCE_S", 0.05)
    monkeypatch.setattr(greeting, "WHOLE_S", 3600.0)
    monkeypatch.setattr(greeting, "STEP_S", 3600.0)
    air = Air()

    async def keep_shouting(lans: list[PretendLan], code: SpokenCode) -> None:
        slot = SlotKey(kind=SlotKind.CODE, key=code.rendezvous_key())
        while True:
            for link in (lan.link for lan in lans):
                nonce, fill, places = (os.urandom(count) for count in (NONCE_BYTES, FILL_BYTES, PLACES_BYTES))
                drawn = {"nonce": nonce, "fill": fill, "places": places}
                link.shout(draw_datagram([slot], port=link.port, source=link.address, **drawn))
            await asyncio.sleep(0.05)

    async def scene() -> None:
        async with asyncio.timeout(LIMIT_S), contextlib.AsyncExitStack() as network:
            there = await network.enter_async_context(PretendLan(air, "127.0.0.2", listening=True))
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
            here.forget_what_was_heard()
            shouting = asyncio.create_task(keep_shouting(stalling, code))
            await asyncio.sleep(0)  # they are heard first
            with contextlib.closing(ChosenFolder.open(bilal.into)) as chosen:
                await bilal.taker(here).take(code, chosen, os.fsencode(bilal.into))
            await giving
            shouting.cancel()

    asyncio.run(scene())
    assert (bilal.into / "letter").read_bytes() == letter.read_bytes()
    assert amina.left() == bilal.left() == 0
