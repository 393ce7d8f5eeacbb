"""What happened on the links and was not told yet: bounded, fair, in an order that makes sense.

Changes of links first, so that nobody hears of a link before it is up; then arrivals, whose peers wait;
then datagrams, which come again. A dead link's and a vanished connection's events are never told.
"""

from collections import deque

from satchel.carriers.lan.link import LanLink
from satchel.carriers.lan.listener import Visit
from satchel.ports import Arrived, Heard, LanEvent, Link, LinkDown, LinkUp

HEARD_MAX = 128  # per link; more are dropped, oldest first (P3)


class Backlog:
    """Filled by the links' callbacks, emptied by next_event."""

    def __init__(self) -> None:
        self._changes: deque[LinkUp | LinkDown] = deque()
        self._visits: deque[Arrived] = deque()
        self._heard: dict[Link, deque[Heard]] = {}

    def up(self, link: LanLink) -> None:
        self._changes.append(LinkUp(link=link))

    def down(self, link: LanLink) -> None:
        self._heard.pop(link, None)
        self._visits = deque(event for event in self._visits if event.arrival.link is not link)
        self._changes.append(LinkDown(link=link))

    def add(self, event: Heard | Arrived) -> None:
        if isinstance(event, Heard):
            self._heard.setdefault(event.link, deque(maxlen=HEARD_MAX)).append(event)
            return
        # A listener holds 32 whole flights at most, so the living ones are few; the dead must not pile up.
        self._visits = deque(e for e in self._visits if _is_waiting(e))
        self._visits.append(event)

    def pop(self) -> LanEvent | None:
        if self._changes:
            return self._changes.popleft()
        while self._visits:
            event = self._visits.popleft()
            if _is_waiting(event):
                return event
        for link, heard in self._heard.items():
            first = heard.popleft()
            del self._heard[link]
            if heard:
                self._heard[link] = heard  # to the end: links take turns, a flooded one cannot starve others
            return first
        return None


def _is_waiting(event: Arrived) -> bool:
    return isinstance(event.arrival, Visit) and event.arrival.is_waiting
