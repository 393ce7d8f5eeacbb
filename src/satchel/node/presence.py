"""A running node as others see it: who is near, since when, what happened just now.

`Presence` is told what Neighbours tells, and tells it on to as many as listen, from any thread.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from satchel.core.discovery.beacon import Mode
from satchel.core.identity.contacts import ContactId
from satchel.core.opening.effects import WeWentBack
from satchel.node import clock, events
from satchel.ports import Link

LOOPBACK = "lo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """A contact with whom there is a session."""

    contact: ContactId
    name: str
    verified: bool
    since_s: float  # of the awake-and-asleep clock


@dataclass(slots=True)
class Presence:
    """Used from any thread; whom it tells is called by the thread that tells, and must not wait."""

    mode: Mode
    since_s: float = field(default_factory=clock.awake_and_asleep_s)
    _links: tuple[Link, ...] = ()
    _near: dict[ContactId, Near] = field(default_factory=dict)
    _copies: set[tuple[ContactId, bool]] = field(default_factory=set)
    _listeners: list[events.Report] = field(default_factory=list)
    _guard: threading.RLock = field(default_factory=threading.RLock)

    @property
    def links(self) -> tuple[Link, ...]:
        """Where this node is reached by other devices: the way to itself only where there is no other."""
        return tuple(link for link in self._links if link.interface != LOOPBACK) or self._links

    @property
    def near(self) -> list[Near]:
        """The one who has been here longest first."""
        with self._guard:
            return list(self._near.values())

    @property
    def copies(self) -> list[tuple[ContactId, bool]]:
        """Who went back since this node runs: restored from a copy. True: we did, as that contact sees it."""
        with self._guard:
            return sorted(self._copies)

    def hear(self, event: events.Event) -> None:
        """What Neighbours reports."""
        with self._guard:
            match event:
                case events.Reachable(links=links):
                    self._links = links
                case events.PeerMet(contact=contact, name=name, verified=verified, shown=shown):
                    now_s = clock.awake_and_asleep_s()
                    self._near[contact] = Near(contact=contact, name=name, verified=verified, since_s=now_s)
                    self._copies.update((contact, isinstance(copy, WeWentBack)) for copy in shown)
                case events.PeerGone(contact=contact):
                    self._near.pop(contact, None)
                case _:
                    pass
            for listener in self._listeners:
                listener(event)

    @contextmanager
    def listening(self, listener: events.Report) -> Iterator[list[Near]]:
        """While the block runs `listener` is told everything. Yields who was near when it began."""
        with self._guard:
            self._listeners.append(listener)
            near = self.near
        try:
            yield near
        finally:
            with self._guard:
                self._listeners.remove(listener)
