"""Looking for the other side: by what is shouted, or at an address that a person typed."""

import asyncio
from collections.abc import Sequence

from satchel.core.discovery.datagram import SlotKey, SlotKind
from satchel.errors import EnvironmentProblem
from satchel.node import clock
from satchel.node.meeting import Found, Meeting, TimeIsUp
from satchel.ports import Arrived, Endpoint, Lan, Pipe

DIAL_S = 5.0
REPEAT_S = 1.0  # between two tries of a typed address


class Seeker:
    """Used from one asyncio loop; a cancelled `next` loses nothing."""

    def __init__(self, lan: Lan, meeting: Meeting, at: Endpoint | None) -> None:
        """`at`: dial this address instead of looking for the other side."""
        self._lan = lan
        self._meeting = meeting
        self._at = at
        self._ends_s: float | None = None  # of a typed address
        self._next_try_s = 0.0

    def open(self, *, shown: Sequence[SlotKey], sought: Sequence[SlotKey], open_s: float) -> None:
        """Look for these from now on, for `open_s`; replaces what was open."""
        self._ends_s = clock.monotonic_s() + open_s
        if self._at is None:
            self._meeting.open(shown=shown, sought=sought, open_s=open_s)

    def close(self) -> None:
        """Look for nobody."""
        self._ends_s = None
        self._meeting.close()

    async def next(self) -> Found | None:
        """The next device that may be one of those, None when the time is up; nothing, while none is open.

        A typed address is named again and again, with a key that says nothing.
        """
        if self._at is not None:
            return await self._try_typed(self._at)
        while True:
            match await self._meeting.next():
                case Found() as found:
                    return found
                case TimeIsUp():
                    return None
                case Arrived(arrival=arrival):  # we listen nowhere
                    arrival.drain()
                case _:
                    pass

    async def _try_typed(self, at: Endpoint) -> Found | None:
        if self._ends_s is None:
            await asyncio.Event().wait()  # until somebody cancels it
        assert self._ends_s is not None
        await asyncio.sleep(max(0.0, min(self._next_try_s, self._ends_s) - clock.monotonic_s()))
        if clock.monotonic_s() >= self._ends_s:
            self._ends_s = None
            return None
        self._next_try_s = clock.monotonic_s() + REPEAT_S
        return Found(endpoint=at, key=SlotKey(kind=SlotKind.CODE, key=b""))

    async def dial(self, endpoint: Endpoint) -> Pipe | None:
        """Connect; None: nobody answers."""
        try:
            return await self._lan.dial(endpoint, within_s=DIAL_S)
        except EnvironmentProblem:
            return None
