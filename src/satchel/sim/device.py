"""A device with contacts that runs the real beacon on each link.

Of a session there is only what changes beacons: both learn the other's clock and agree on an epoch, as soon
as a dial reaches its contact. Whole sessions, and who attacks them, are in sim/sessions.py; here are weeks
of beacons among hundreds of contacts, and no test of them depends on how a session fails.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypedDict, assert_never

from satchel.core.discovery import beacon as b
from satchel.core.discovery.hearing import Budget
from satchel.core.discovery.people import People
from satchel.core.discovery.rendezvous import Shout, WakeAt
from satchel.core.identity.clocks import Clocks, Reading
from satchel.core.identity.contacts import ContactId
from satchel.core.identity.epochs import EPOCH_FIRST, Epochs, begin
from satchel.core.identity.networks import StoredAddress
from satchel.core.identity.spent import Spent
from satchel.core.identity.tags import Tags
from satchel.sim.network import Caller, Network, Station
from satchel.sim.world import World

START_S = 1_800_000_000  # 2027-01-15: what right clocks say when a world begins
BUILD_S = START_S - 200 * 86_400
MACS_PER_S = 100_000.0  # a slow machine: what is looked up is bounded by that
SESSION_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    at_s: float
    caller: str
    called: str


class Device:
    """One node. `wrong_s`: how far its clock is ahead of the right one; `macs_per_s`: of its processor."""

    def __init__(
        self,
        world: World,
        name: str,
        *,
        wrong_s: int = 0,
        mode: b.Mode = b.Mode.OPEN,
        macs_per_s: float = MACS_PER_S,
    ) -> None:
        self.world = world
        self.name = name
        self.wrong_s = wrong_s
        self.mode = mode
        self.clocks = Clocks(build_s=BUILD_S)
        self.epochs: dict[ContactId, Epochs] = {}
        self.peers: dict[ContactId, tuple[Device, ContactId]] = {}  # and what we are called there
        self.links: list[Link] = []
        self.meetings: list[Meeting] = []
        self.dials: list[b.Dial] = []
        self.budget = Budget(macs_per_s=macs_per_s)
        self._recognised: list[tuple[ContactId, int, bytes]] = []  # its disk
        self._start()

    def _start(self) -> None:
        self.people = People(tags=Tags(), spent=Spent(self._recognised))
        for contact in self.epochs:
            self._put(contact)

    def restart(self) -> None:
        """All memory is lost, what was stored is not, and each link is a new one."""
        networks = [link.network for link in self.links]
        self.leave()
        self._start()
        for network in networks:
            self.join(network)

    def reading(self) -> Reading:
        clock_s = max(0, START_S + int(self.world.now_s) + self.wrong_s)
        return self.clocks.read(clock_s=clock_s, since_saved_s=self.world.now_s)

    def add(self, contact: ContactId, epochs: Epochs) -> None:
        self.epochs[contact] = epochs
        self._put(contact)

    def _put(self, contact: ContactId) -> None:
        self.people.put(contact, self.epochs[contact], offset_s=self.clocks.offset_s(contact))

    def join(self, network: Network, address: bytes | None = None) -> "Link":
        link = Link(self, network, address)
        self.links.append(link)
        link.start()
        return link

    def leave(self) -> None:
        for link in self.links:
            link.down()
        self.links = []

    def write(self, contact: ContactId) -> None:
        """A letter waits."""
        self.people.set_mail(contact, waits=True)
        for link in self.links:
            link.carry_out(link.machine.mail_came(contact, self.world.now_s))

    def meet(self, stored: Sequence[StoredAddress] = ()) -> None:
        for link in self.links:
            link.meet(stored)

    def recognised(self, effect: b.Recognised) -> None:
        self._recognised.append((effect.contact, effect.epoch, effect.nonce))

    def accepts(self, caller: "Device", epochs: Sequence[int]) -> ContactId | None:
        """Which contact of ours that is; None: its flight has no proof that we know."""
        for contact, (peer, _) in self.peers.items():
            if peer is caller and any(self.epochs[contact].listening.reaches(epoch) for epoch in epochs):
                return contact
        return None

    def talk(self, contact: ContactId) -> None:
        """A session with it from now on, which went well."""
        peer, our_name = self.peers[contact]
        readings = self.reading(), peer.reading()
        used = self.epochs[contact].used(readings[0].day), peer.epochs[our_name].used(readings[1].day)
        stored = self.epochs[contact].agreed, peer.epochs[our_name].agreed
        for side, name, (ours, theirs) in ((self, contact, (0, 1)), (peer, our_name, (1, 0))):
            told_s = readings[theirs].time_s if readings[theirs].plausible else None
            side.clocks = side.clocks.learn(name, told_s, readings[ours])
            agreed = side.epochs[name].agree(used[ours], used[theirs], stored=stored[theirs])
            side.epochs[name] = agreed.confirm(agreed.agreed)
            side._put(name)
            side.people.set_mail(name, waits=False)
            side.people.began(name, self.world.now_s)
            self.world.at(self.world.now_s + SESSION_S, partial(side._end, name))

    def _end(self, contact: ContactId) -> None:
        self.people.ended(contact, self.world.now_s)


class _Now(TypedDict):
    reading: Reading
    now_s: float


@dataclass(frozen=True, slots=True)
class _Call:
    """A dial on its way."""

    link: "Link"
    dial: b.Dial

    def answered(self, station: Station) -> None:
        assert isinstance(station, Link)
        ours, theirs = self.link.device, station.device
        if theirs.accepts(ours, self.dial.epochs) is None:
            return  # drained
        if ours.peers.get(self.dial.contact, (None,))[0] is theirs:
            meeting = Meeting(at_s=ours.world.now_s, caller=ours.name, called=theirs.name)
            ours.meetings.append(meeting)
            theirs.meetings.append(meeting)
            ours.talk(self.dial.contact)


class Link:
    """One address of a device on a network."""

    def __init__(self, device: Device, network: Network, address: bytes | None) -> None:
        self.device = device
        self.network = network
        self.address = network.join(self, address)
        self.ports = [self._new_port()]
        self.machine = b.Beacon(
            people=device.people, budget=device.budget, source=self.address, network=network.identity
        )
        self._wake_at_s = float("inf")
        self._is_up = True

    def start(self) -> None:
        mode, port = self.device.mode, self.ports[0]
        self.carry_out(self.machine.start(mode, port=port, **self._now(), chance=self._draw()))

    def down(self) -> None:
        self._is_up = False
        self.network.leave(self.address)

    def meet(self, stored: Sequence[StoredAddress]) -> None:
        self.carry_out(self.machine.meet(stored, **self._now(), chance=self._draw()))

    def hear(self, datagram: bytes, source: bytes) -> None:
        self.carry_out(self.machine.hear(datagram, source, **self._now()))

    def dialled(self, port: int, by: Caller) -> None:
        if port in self.ports:
            by.answered(self)

    def carry_out(self, effects: Sequence[b.Effect]) -> None:
        for effect in effects:
            match effect:
                case Shout(datagram=datagram):
                    self.network.shout(datagram, self.address)
                case b.Whisper(address=address, datagram=datagram):
                    self.network.whisper(datagram, self.address, address)
                case b.Dial():
                    self.device.dials.append(effect)
                    self.network.dial(effect.address, effect.port, _Call(self, effect))
                case b.Recognised():
                    self.device.recognised(effect)
                case b.OpenPort():
                    self.ports.append(self._new_port())
                    port = self.ports[-1]
                    self.carry_out(self.machine.opened(port, **self._now(), chance=self._draw()))
                case b.ClosePort(port=port):
                    self.ports.remove(port)
                case WakeAt(at_s=at_s):
                    self._wake_at_s = at_s
                    self.device.world.at(at_s, self._wake)
                case _:
                    assert_never(effect)

    def _now(self) -> _Now:
        return {"reading": self.device.reading(), "now_s": self.device.world.now_s}

    def _draw(self) -> bytes:
        return self.device.world.chance.randbytes(b.RANDOM_BYTES)

    def _new_port(self) -> int:
        return self.device.world.chance.randrange(1024, 0x10000)

    def _wake(self) -> None:
        if self._is_up and self.device.world.now_s >= self._wake_at_s:
            self._wake_at_s = float("inf")
            self.carry_out(self.machine.wake(**self._now(), chance=self._draw()))


def pair(one: Device, other: Device) -> tuple[ContactId, ContactId]:
    """They become contacts; returns what each calls the other."""
    chance = one.world.chance
    names = ContactId(chance.randbytes(16)), ContactId(chance.randbytes(16))
    chains = chance.randbytes(32), chance.randbytes(32)
    day = max(EPOCH_FIRST, *(device.reading().day or 0 for device in (one, other)))
    one.peers[names[0]] = (other, names[1])
    other.peers[names[1]] = (one, names[0])
    one.add(names[0], begin(epoch=day, speaking=chains[0], listening=chains[1]))
    other.add(names[1], begin(epoch=day, speaking=chains[1], listening=chains[0]))
    return names


def befriend_absent(device: Device, count: int) -> None:
    """So many contacts more, who are somewhere else."""
    chance = device.world.chance
    for _ in range(count):
        epochs = begin(epoch=START_S // 86_400, speaking=chance.randbytes(32), listening=chance.randbytes(32))
        device.add(ContactId(chance.randbytes(16)), epochs)
