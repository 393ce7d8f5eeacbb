"""Finding each other: shouts and listens on every link until somebody is there.

Carries out what core's Rendezvous decides, one of them per link. Spec: code-and-rendezvous.md, 4.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from satchel.core.discovery import rendezvous as r
from satchel.core.discovery.datagram import SlotKey
from satchel.ports import Address, Arrived, Endpoint, Entropy, Heard, Lan, Link, LinkDown, LinkUp


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Somebody on this link may be the one for `key`; nothing is proved yet."""

    endpoint: Endpoint
    key: SlotKey


@dataclass(frozen=True, slots=True, kw_only=True)
class LinksChanged:
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeIsUp:
    """The rendezvous was open for its fifteen minutes."""


Happening = Found | LinksChanged | TimeIsUp | Arrived


class _Place:
    """One link with its rendezvous."""

    def __init__(self, link: Link, machine: r.Rendezvous) -> None:
        self.link = link
        self.machine = machine
        self.wake_at_s: float | None = None


class Meeting:
    """Used from one asyncio loop; a cancelled `next` loses nothing."""

    def __init__(self, lan: Lan, entropy: Entropy, now_s: Callable[[], float]) -> None:
        self._lan = lan
        self._entropy = entropy
        self._now_s = now_s
        self._shown: tuple[SlotKey, ...] = ()
        self._sought: tuple[SlotKey, ...] = ()
        self._closes_at_s: float | None = None
        self._places: dict[int, _Place] = {}
        self._dials = r.Dials()  # of all links, and of what was open before
        self._happened: deque[Happening] = deque()

    def open(
        self, *, shown: Sequence[SlotKey], sought: Sequence[SlotKey], open_s: float = r.RENDEZVOUS_OPEN_S
    ) -> None:
        """Shout and look for these keys from now on, for `open_s`; replaces what was open."""
        self._shown, self._sought = tuple(shown), tuple(sought)
        self._closes_at_s = self._now_s() + open_s
        self._happened.clear()
        self._places.clear()
        for link in self._lan.links():
            self._start(link)

    def close(self) -> None:
        """Fall silent; arrivals are still told."""
        self._closes_at_s = None
        self._places.clear()

    def met(self, found: Found) -> None:
        """The handshake with that side went through."""
        self._dials.met(found.endpoint.address, found.endpoint.port, found.key)

    async def next(self) -> Happening:
        """What happens next."""
        while not self._happened:
            wakes = [place.wake_at_s for place in self._places.values() if place.wake_at_s is not None]
            if self._closes_at_s is not None:
                wakes.append(self._closes_at_s)  # also with no link at all
            wait_s = max(0.0, min(wakes) - self._now_s()) if wakes else None
            try:
                async with asyncio.timeout(wait_s):
                    event = await self._lan.next_event()
            except TimeoutError:
                self._wake()
                continue
            match event:
                case LinkUp(link=link):
                    self._start(link)
                    self._happened.append(LinksChanged(links=tuple(self._lan.links())))
                case LinkDown(link=link):
                    self._places.pop(id(link), None)
                    self._happened.append(LinksChanged(links=tuple(self._lan.links())))
                case Heard(link=link, source=source, datagram=datagram):
                    self._hear(link, source, datagram)
                case Arrived():
                    self._happened.append(event)
        return self._happened.popleft()

    def _start(self, link: Link) -> None:
        now_s = self._now_s()
        if self._closes_at_s is None or now_s >= self._closes_at_s:
            return
        machine = r.Rendezvous(
            source=link.address,
            port=link.port,
            shown=self._shown,
            sought=self._sought,
            open_s=self._closes_at_s - now_s,
            dials=self._dials,
        )
        place = self._places[id(link)] = _Place(link, machine)
        self._carry_out(place, machine.start(now_s, self._entropy.draw(r.RANDOM_BYTES)))

    def _wake(self) -> None:
        now_s = self._now_s()
        if self._closes_at_s is not None and now_s >= self._closes_at_s:
            self.close()
            self._happened.append(TimeIsUp())
            return
        for place in list(self._places.values()):
            if place.wake_at_s is not None and now_s >= place.wake_at_s:
                place.wake_at_s = None
                self._carry_out(place, place.machine.wake(now_s, self._entropy.draw(r.RANDOM_BYTES)))

    def _hear(self, link: Link, source: Endpoint, datagram: bytes) -> None:
        place = self._places.get(id(link))
        if place is not None:
            effects = place.machine.hear(datagram, source.address, self._now_s())
            self._carry_out(place, effects, scope=source.scope)

    def _carry_out(self, place: _Place, effects: Sequence[r.Effect], *, scope: int = 0) -> None:
        for effect in effects:
            match effect:
                case r.Shout(datagram=datagram):
                    place.link.shout(datagram)
                case r.WakeAt(at_s=at_s):
                    place.wake_at_s = at_s
                case r.Dial(address=address, port=port, key=key):
                    endpoint = Endpoint(address=Address(address), port=port, scope=scope)
                    self._happened.append(Found(endpoint=endpoint, key=key))
                case r.Over():
                    place.wake_at_s = None


def may_be_another(endpoint: Endpoint, turned_down: Sequence[Endpoint]) -> bool:
    """Whether a device that shouts there may be another one than those that had not our code.

    Each device shouts over IPv4 and over IPv6: once one has answered, the other family is not tried, so
    that a typing mistake costs one guess.
    """
    return all(
        endpoint.address != other.address and is_ipv4(endpoint) is is_ipv4(other) for other in turned_down
    )


def is_ipv4(endpoint: Endpoint) -> bool:
    return endpoint.address.startswith(bytes(10) + b"\xff\xff")
