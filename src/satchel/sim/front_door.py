"""Where a device listens: who connects waits, is looked at when its turn comes, and drained unless it is a
contact, as the product's pools, queue and keys decide.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import assert_never

from satchel.carriers.lan.pools import (
    DRAIN_MIN_S,
    DRAIN_SPREAD_S,
    FLIGHT_DUE_S,
    READY_DUE_S,
    Close,
    Drain,
    Pools,
)
from satchel.carriers.lan.pools import Effect as PoolEffect
from satchel.core.identity.contacts import ContactId
from satchel.core.session.contact import Answer, ContactKeys, Remember, answer, remember
from satchel.core.session.flight import ANSWER_FILL_BYTES, EPHEMERAL_BYTES, FLIGHT_BYTES, check_flight
from satchel.node.proofs import ProofQueue
from satchel.sim.wire import Pipe
from satchel.sim.world import World

HMACS_A_KEY = 2


@dataclass(slots=True, eq=False)
class Arrival:
    """Who has connected, and proved nothing."""

    door: "FrontDoor"
    number: int
    pipe: Pipe
    said: bytes = b""

    def arrive(self, data: bytes) -> None:
        if len(self.said) < FLIGHT_BYTES:
            self.said += data
            if len(self.said) >= FLIGHT_BYTES:
                self.door.complete(self)

    def broke(self) -> None:
        self.door.gone(self)


class FrontDoor:
    """In the memory of a running device; `is_open` ends with it."""

    def __init__(
        self,
        world: World,
        *,
        hour: Callable[[], int | None],
        store: Callable[[Remember], bool],
        let_in: Callable[[Pipe, ContactId, Answer, bytes], None],
    ) -> None:
        """
        Args:
            hour: of a plausible clock.
            store: keeps what is to be remembered; the power may fail meanwhile.
            let_in: called with a contact's connection, what to answer, and what came behind its flight.
        """
        self.world = world
        self.keys = ContactKeys()
        self.is_open = True
        self._hour = hour
        self._store = store
        self._let_in = let_in
        self._pools = Pools()
        self._queue: ProofQueue[Arrival] = ProofQueue(world.now_s)
        self._arrivals: dict[int, Arrival] = {}
        self._numbers = count()

    def came(self, pipe: Pipe) -> None:
        arrival = Arrival(self, next(self._numbers), pipe)
        pipe.listener = arrival
        self._arrivals[arrival.number] = arrival
        now_s, chance = self.world.now_s, self.world.chance.random()
        self._carry_out(self._pools.arrive(arrival.number, pipe.source, now_s, chance))
        self._expire_after(FLIGHT_DUE_S)

    def complete(self, arrival: Arrival) -> None:
        """Its flight is whole."""
        if arrival.number not in self._arrivals or self._pools.stage(arrival.number) is None:
            return
        now_s = self.world.now_s
        self._carry_out(self._pools.complete(arrival.number, now_s))
        self._expire_after(READY_DUE_S)
        source = bytes(arrival.pipe.source)
        for one in self._queue.arrive(arrival, source, is_known=False, now_s=now_s):
            self._reject(one)
        self._serve()

    def gone(self, arrival: Arrival) -> None:
        if self._arrivals.pop(arrival.number, None) is not None:
            self._pools.release(arrival.number)

    def close(self) -> None:
        """The device is off."""
        self.is_open = False
        for arrival in self._arrivals.values():
            arrival.pipe.break_off()
        self._arrivals = {}

    def _serve(self) -> None:
        while self.is_open and (arrival := self._queue.take(self.world.now_s)) is not None:
            if arrival.number in self._arrivals:
                self._look_at(arrival)
        rest_s = self._queue.rest_s(self.world.now_s)
        if self.is_open and rest_s != float("inf"):
            self.world.at(self.world.now_s + rest_s + 0.001, self._serve)

    def _look_at(self, arrival: Arrival) -> None:
        keys = list(self.keys.at(self._hour()))
        self._queue.spend(HMACS_A_KEY * len(keys))
        flight, to = arrival.said[:FLIGHT_BYTES], arrival.pipe.place
        recognised = check_flight(flight, keys=keys, address=bytes(to.address), port=to.port)
        if recognised is None:
            self._reject(arrival)
            return
        is_remembered = self._store(remember(recognised))
        if not self.is_open:
            return
        chance = self.world.chance.randbytes
        answered = answer(
            recognised,
            is_remembered=is_remembered,
            ephemeral=chance(EPHEMERAL_BYTES),
            fill=chance(ANSWER_FILL_BYTES),
        )
        if isinstance(answered, Answer):
            self.gone(arrival)
            self._let_in(arrival.pipe, recognised.key.contact, answered, arrival.said[FLIGHT_BYTES:])
        else:
            self._reject(arrival)

    def _reject(self, arrival: Arrival) -> None:
        self._carry_out(self._pools.reject(arrival.number, self.world.now_s))
        self._expire_after(DRAIN_MIN_S + DRAIN_SPREAD_S)

    def _expire_after(self, late_s: float) -> None:
        self.world.at(self.world.now_s + late_s, self._expire)

    def _expire(self) -> None:
        if self.is_open:
            self._carry_out(self._pools.expire(self.world.now_s))

    def _carry_out(self, effects: Sequence[PoolEffect]) -> None:
        for effect in effects:
            match effect:
                case Drain():
                    pass  # `arrive` takes no more than a flight
                case Close(key=key):
                    if (arrival := self._arrivals.pop(key, None)) is not None:
                        arrival.pipe.break_off()
                case _:
                    assert_never(effect)
