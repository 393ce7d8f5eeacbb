"""A local network: everybody on it hears what is shouted, and anybody can forge and record."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Protocol

from satchel.sim.world import World


class Station(Protocol):
    """What is at one address of a network."""

    def hear(self, datagram: bytes, source: bytes) -> None: ...
    def dialled(self, port: int, by: "Caller") -> None: ...


class Caller(Protocol):
    """Who connects."""

    def answered(self, station: Station) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One packet, as a watcher writes it down."""

    at_s: float
    source: bytes
    datagram: bytes


class Network:
    """One broadcast domain, 10.N.x.y."""

    def __init__(self, world: World, number: int) -> None:
        self.world = world
        self.number = number
        self.identity = b"network" + bytes((number,)).rjust(9, b"\0")  # stands for `network_id`
        self.seen: list[Sighting] = []  # the watcher's book
        self.whispered: list[tuple[bytes, Sighting]] = []  # to whom
        self.taps: list[Callable[[Sighting], None]] = []  # attackers who see everything at once
        self._stations: dict[bytes, Station] = {}

    def join(self, station: Station, address: bytes | None = None) -> bytes:
        """Take this address, or a free one."""
        taken = address or next(free for free in map(self.address, count(1)) if free not in self._stations)
        self._stations[taken] = station
        return taken

    def address(self, host: int) -> bytes:
        return bytes(10) + b"\xff\xff\x0a" + bytes((self.number,)) + host.to_bytes(2, "big")

    def leave(self, address: bytes) -> None:
        self._stations.pop(address, None)

    def shout(self, datagram: bytes, source: bytes) -> None:
        """To everybody; `source` can be forged."""
        sighting = Sighting(at_s=self.world.now_s, source=source, datagram=datagram)
        self.seen.append(sighting)
        for address in self._stations:
            if address != source:
                self.world.carry(partial(self._arrive, address, datagram, source))
        for tap in self.taps:
            tap(sighting)

    def whisper(self, datagram: bytes, source: bytes, target: bytes) -> None:
        """To one address."""
        sighting = Sighting(at_s=self.world.now_s, source=source, datagram=datagram)
        self.whispered.append((target, sighting))
        self.world.carry(partial(self._arrive, target, datagram, source))

    def dial(self, target: bytes, port: int, by: Caller) -> None:
        """A connection, which the transport below repeats until it is there: no loss."""
        self.world.at(self.world.now_s + 0.01, partial(self._connect, target, port, by))

    def _connect(self, target: bytes, port: int, by: Caller) -> None:
        station = self._stations.get(target)
        if station is not None:
            station.dialled(port, by)

    def _arrive(self, address: bytes, datagram: bytes, source: bytes) -> None:
        station = self._stations.get(address)
        if station is not None:
            station.hear(datagram, source)
