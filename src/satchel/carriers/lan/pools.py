"""Who may wait at the door: the places of connections that have not proved anything yet. Pure.

The caller brings the time and owns the sockets; this decides which are kept, drained and closed. Spec:
docs/spec/code-and-rendezvous.md 6.1, decision 0043. Promise P3: what a stranger can cost is a fixed number of
places, and a flood from one source pushes out its own connections first. Promise P1: a rejected connection
ends at a moment that was drawn when it began, so its length does not tell at which step it was rejected.
"""

from collections import Counter
from dataclasses import dataclass
from enum import Enum

from satchel.ports import Address

FLIGHT_DUE_S = 2.0
READY_DUE_S = 5.0  # the node's time to look at a whole flight
DRAIN_MIN_S = 5.0
DRAIN_SPREAD_S = 10.0
WAITING_MAX = 32
READY_MAX = 32
DRAINING_MAX = 64


class Stage(Enum):
    WAITING = "its 256 bytes are not all here"
    READY = "they are; the node has not looked yet"
    DRAINING = "rejected: what comes is thrown away until the time is up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drain:
    """From now on read and throw away; answer nothing."""

    key: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """Close this connection now."""

    key: int


Effect = Drain | Close


@dataclass(slots=True, kw_only=True)
class _Place:
    source: Address
    stage: Stage
    due_s: float
    ends_s: float


class _Pool:
    """Places of one stage, oldest first, counted by source."""

    def __init__(self, places_max: int) -> None:
        self.places_max = places_max
        self.places: dict[int, _Place] = {}
        self._by_source: Counter[Address] = Counter()

    def add(self, key: int, place: _Place) -> None:
        self.places[key] = place
        self._by_source[place.source] += 1

    def remove(self, key: int) -> _Place:
        place = self.places.pop(key)
        self._by_source[place.source] -= 1
        if not self._by_source[place.source]:
            del self._by_source[place.source]
        return place

    def oldest(self) -> int:
        return next(iter(self.places))

    def oldest_of_busiest(self, newcomer: Address) -> int:
        """The newcomer counts for its source: who comes a second time never costs another's only place."""
        found, most = -1, 0
        for key, place in self.places.items():
            count = self._by_source[place.source] + (place.source == newcomer)
            if count > most:
                found, most = key, count
        return found


class Pools:
    """All unproved connections of one listener, by a number the caller chose."""

    def __init__(self) -> None:
        self._pools = {
            Stage.WAITING: _Pool(WAITING_MAX),
            Stage.READY: _Pool(READY_MAX),
            Stage.DRAINING: _Pool(DRAINING_MAX),
        }

    def __len__(self) -> int:
        return sum(len(pool.places) for pool in self._pools.values())

    def stage(self, key: int) -> Stage | None:
        return next((stage for stage, pool in self._pools.items() if key in pool.places), None)

    def draining(self) -> tuple[int, ...]:
        return tuple(self._pools[Stage.DRAINING].places)

    def arrive(self, key: int, source: Address, now_s: float, chance: float) -> list[Effect]:
        """Somebody connected; `chance` is uniform in 0..1 and fixes when a rejected one is closed."""
        assert self.stage(key) is None
        place = _Place(
            source=source,
            stage=Stage.WAITING,
            due_s=now_s + FLIGHT_DUE_S,
            ends_s=now_s + FLIGHT_DUE_S + DRAIN_MIN_S + chance * (DRAIN_SPREAD_S - FLIGHT_DUE_S),
        )
        return self._enter(key, place)

    def complete(self, key: int, now_s: float) -> list[Effect]:
        """Its 256 bytes are all here."""
        place = self._pools[Stage.WAITING].remove(key)
        place.stage = Stage.READY
        place.due_s = now_s + READY_DUE_S
        return self._enter(key, place)

    def reject(self, key: int, now_s: float) -> list[Effect]:
        """Not worth an answer: drain it, 5 to 15 s counted from here, if it is still there."""
        stage = self.stage(key)
        if stage is None or stage is Stage.DRAINING:
            return []
        place = self._pools[stage].remove(key)
        place.stage = Stage.DRAINING
        place.due_s = max(place.ends_s, now_s + DRAIN_MIN_S)
        return [Drain(key=key), *self._enter(key, place)]

    def release(self, key: int) -> bool:
        """Taken, or gone by itself. False if it had no place any more."""
        stage = self.stage(key)
        if stage is None:
            return False
        self._pools[stage].remove(key)
        return True

    def expire(self, now_s: float) -> list[Effect]:
        """Everything whose time is up: late ones are drained, drained ones closed."""
        effects: list[Effect] = []
        for stage in (Stage.WAITING, Stage.READY):
            late = [key for key, place in self._pools[stage].places.items() if place.due_s <= now_s]
            for key in late:
                effects += self.reject(key, now_s)
        draining = self._pools[Stage.DRAINING]
        for key in [key for key, place in draining.places.items() if place.due_s <= now_s]:
            draining.remove(key)
            effects.append(Close(key=key))
        return effects

    def _enter(self, key: int, place: _Place) -> list[Effect]:
        pool = self._pools[place.stage]
        effects: list[Effect] = []
        if len(pool.places) >= pool.places_max:
            draining = place.stage is Stage.DRAINING
            pushed_out = pool.oldest() if draining else pool.oldest_of_busiest(place.source)
            pool.remove(pushed_out)
            effects.append(Close(key=pushed_out))
        pool.add(key, place)
        return effects
