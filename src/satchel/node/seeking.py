"""Looking for the other side: by what is shouted, or at an address that a person typed."""

import asyncio
from collections.abc import Sequence

from satchel.core.discovery.datagram import SlotKey, SlotKind
from satchel.errors import EnvironmentProblem
from satchel.node import clock
from satchel.node.endings import nobody_found
from satchel.node.meeting import Found, Meeting, TimeIsUp, may_be_another
from satchel.ports import Arrived, Endpoint, Lan, Pipe

DIAL_S = 5.0
TYPED_ADDRESS_TRIES_S = 60.0
REPEAT_S = 1.0


class Seeker:
    """Used from one asyncio loop."""

    def __init__(self, lan: Lan, meeting: Meeting, at: Endpoint | None) -> None:
        """`at`: dial this address instead of looking for the other side."""
        self._lan = lan
        self._meeting = meeting
        self._at = at

    async def find(self, turned_down: Sequence[Endpoint], give_up_s: float | None) -> Found | None:
        """The next device that may be the one; None when `give_up_s` (monotonic) has come."""
        if self._at is not None:
            if give_up_s is not None and clock.monotonic_s() >= give_up_s:
                return None
            return Found(endpoint=self._at, key=SlotKey(kind=SlotKind.CODE, key=b""))
        while True:
            wait_s = None if give_up_s is None else max(0.0, give_up_s - clock.monotonic_s())
            try:
                async with asyncio.timeout(wait_s):
                    happening = await self._meeting.next()
            except TimeoutError:
                return None
            match happening:
                case Found(endpoint=endpoint) if may_be_another(endpoint, turned_down):
                    return happening
                case TimeIsUp():
                    raise nobody_found(self._at)
                case Arrived(arrival=arrival):  # we listen nowhere
                    arrival.drain()
                case _:
                    pass

    async def dial(self, endpoint: Endpoint) -> Pipe | None:
        """Connect; with a typed address try for a minute."""
        give_up_s = clock.monotonic_s() + TYPED_ADDRESS_TRIES_S
        while True:
            try:
                return await self._lan.dial(endpoint, within_s=DIAL_S)
            except EnvironmentProblem:
                if self._at is None:
                    return None
                if clock.monotonic_s() >= give_up_s:
                    raise nobody_found(self._at) from None
                await asyncio.sleep(REPEAT_S)
