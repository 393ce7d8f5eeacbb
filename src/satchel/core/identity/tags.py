"""The keys by which beacons are marked and recognised, made ready. Spec: docs/spec/discovery.md, 5.

A new nonce nearby costs four or five MACs for each contact, so the keys of the few days in question are
kept ready, and no others. Holds secrets; `forget` and `put` let go of them.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from satchel.core.crypto.kdf import MacKey
from satchel.core.identity.clocks import HOUR_S, Reading
from satchel.core.identity.contacts import ContactId
from satchel.core.identity.epochs import EPOCH_HOURS, Chain, Epochs, Use
from satchel.core.identity.near import PLACES_MAX, Near

HOUR_BYTES = 4
NO_HOUR = (1 << 8 * HOUR_BYTES) - 1  # of who has no plausible clock, and of what needs none
HOURS_AROUND = (0, -1, 1)  # what is tried for each contact, the likeliest first
KEYS_READY_MAX = PLACES_MAX  # for each contact and direction


class Mark(NamedTuple):
    """One way in which a contact may have marked its beacon; with it we mark ours for it."""

    contact: ContactId
    epoch: int
    hour: bytes
    key: MacKey


class Tags:
    """Of all contacts. One for a node: what is heard on one link is looked up like on any other."""

    def __init__(self) -> None:
        self._known: dict[ContactId, _Known] = {}
        self._near: tuple[int, list[Mark]] | None = None  # the hour that it is for

    def put(self, contact: ContactId, epochs: Epochs, *, offset_s: int = 0) -> None:
        """A new contact, or what a session changed. `offset_s`: how far their clock is ahead of node time."""
        self._known[contact] = _Known(epochs, offset_s, self._known.get(contact))
        self._near = None

    def forget(self, contact: ContactId) -> None:
        self._known.pop(contact, None)
        self._near = None

    def __contains__(self, contact: ContactId) -> bool:
        return contact in self._known

    @property
    def contacts(self) -> Sequence[ContactId]:
        return tuple(self._known)

    def epochs(self, contact: ContactId) -> Epochs:
        return self._known[contact].epochs

    def near(self, reading: Reading) -> Sequence[Mark]:
        """What is tried on every packet: four marks for each contact, five or more for a while after a
        session whose end is not sure [5.4]."""
        if self._near is None or self._near[0] != reading.hour:
            marks = [
                mark for contact, known in self._known.items() for mark in known.near(contact, reading.time_s)
            ]
            self._near = (reading.hour, marks)
        return self._near[1]

    def wide(self, reading: Reading) -> Iterator[Mark]:
        """The other hours of yesterday, today and tomorrow, contact by contact [5.5]."""
        for contact in self.contacts:
            known = self._known.get(contact)  # it may be forgotten while this goes on
            if known is not None:
                yield from known.wide(contact, reading.time_s)

    def spoken(self, contact: ContactId, reading: Reading, *, hourless: bool) -> Mark | None:
        """How we mark ours; None: this epoch is out of reach."""
        known = self._known[contact]
        day = None if hourless else reading.day
        hour = NO_HOUR if day is None else reading.hour
        return known.speaking.mark(contact, known.epochs.used(day), hour)


class _Known:
    """One contact."""

    def __init__(self, epochs: Epochs, offset_s: int, before: "_Known | None") -> None:
        """`before`: as it was known until now."""
        self.epochs = epochs
        self.speaking: _Days = _Days(epochs.speaking, None if before is None else before.speaking)
        self._listening: _Days = _Days(epochs.listening, None if before is None else before._listening)
        self._offset_s = offset_s
        self._wide: tuple[int, list[Mark]] | None = None  # the hour that it is for

    def near(self, contact: ContactId, time_s: int) -> Iterator[Mark]:
        return self._marks(contact, self._near_ends(time_s))

    def wide(self, contact: ContactId, time_s: int) -> list[Mark]:
        hour = time_s // HOUR_S
        if self._wide is None or self._wide[0] != hour:
            yesterday = (hour // EPOCH_HOURS - 1) * EPOCH_HOURS
            ends = self._ends(range(yesterday, yesterday + 3 * EPOCH_HOURS))
            tried = self._near_ends(time_s)
            marks = self._marks(contact, {end: None for end in ends if end not in tried})
            self._wide = (hour, list(marks))
        return self._wide[1]

    def _near_ends(self, time_s: int) -> dict[tuple[int, int], None]:
        theirs = (time_s + self._offset_s) // HOUR_S
        ends = self._ends(theirs + step for step in HOURS_AROUND)
        return ends | {(agreed, NO_HOUR): None for agreed in self.epochs.tried}

    def _ends(self, hours: Iterator[int] | range) -> dict[tuple[int, int], None]:
        """Epoch and hour, each once. A peer that has not stored the newer agreed epoch counts from the
        older; where the day is later than both, that is the same."""
        return {
            (max(agreed, hour // EPOCH_HOURS), hour): None
            for hour in hours
            if 0 <= hour < NO_HOUR
            for agreed in self.epochs.tried
        }

    def _marks(self, contact: ContactId, ends: dict[tuple[int, int], None]) -> Iterator[Mark]:
        for epoch, hour in ends:
            mark = self._listening.mark(contact, epoch, hour)
            if mark is not None:
                yield mark


class _Days:
    """The tag keys of one direction."""

    def __init__(self, chain: Chain, before: "_Days | None") -> None:
        self._near: Near = Near(chain, None if before is None else before._near)
        self._ready: dict[int, MacKey] = {}

    def mark(self, contact: ContactId, epoch: int, hour: int) -> Mark | None:
        ready = self._ready.get(epoch)
        if ready is None:
            if not self._near.chain.reaches(epoch):
                return None
            if len(self._ready) >= KEYS_READY_MAX:
                del self._ready[next(iter(self._ready))]
            ready = self._ready[epoch] = MacKey(self._near.at(epoch).key(Use.TAG))
        return Mark(contact, epoch, hour.to_bytes(HOUR_BYTES, "big"), ready)
