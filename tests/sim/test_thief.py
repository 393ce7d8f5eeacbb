"""W4 over thirty days: a watcher has every packet, and the thief the disk of a device, with its key.

What is stored then must say of no packet who sent it to whom, unless it is of an epoch since the last but two
on which that pair agreed. An address that stays the same for weeks says so by itself, and is not ours (W1).
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import apsw
import pytest

from satchel.core.crypto.curve import x25519_public
from satchel.core.crypto.kdf import MacKey, derive
from satchel.core.discovery import beacon as b
from satchel.core.discovery.datagram import recognise_contact
from satchel.core.identity import epochs as epochs_module
from satchel.core.identity.contacts import ContactId
from satchel.core.identity.epochs import Chain, Epochs, Use
from satchel.core.identity.networks import StoredAddress
from satchel.core.identity.pair import Pair, Proof
from satchel.core.identity.tags import NO_HOUR, Mark
from satchel.core.opening.effects import Kept
from satchel.core.session.contact import MeetingKeys, dialling_key, heard_epochs, listening_keys
from satchel.core.session.flight import FLIGHT_FILL_BYTES, Dialler, FlightKey, check_flight
from satchel.core.session.handshake import Purpose, Statics
from satchel.ports.contacts import Contact
from satchel.sim.device import START_S, Device, pair
from satchel.sim.network import Network, Sighting
from satchel.sim.world import Weather, World
from satchel.store.contacts import SqliteContacts
from satchel.store.database import Database, checked_row

DAYS = 30
DAY_S = 86_400
FIRST_DAY = START_S // DAY_S
KEY = bytes(range(32))
NAMES = ("amina", "bilal", "chloe", "daoud", "elena")
NO_CLOCK = "elena"  # starts in 1970 each time: her packets are of the agreed epoch, whatever the day
ON_A_DISK = "amina"
CUT_OFF = 0.3  # part of the sessions: one side has stored, and the other has not
LOG_HEADER_BYTES, FRAME_HEADER_BYTES, PAGE_BYTES = 32, 24, 4096
Sides = tuple[str, str]  # who speaks, and to whom


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """What a watcher wrote down, and what only the test knows: which epoch it has for whom."""

    sighting: Sighting
    end: tuple[bytes, int]  # of a flight: where it was dialled
    epochs: dict[Sides, int]


@dataclass
class Book:
    """All that was on the air in thirty days, each different packet once."""

    beacons: dict[bytes, Packet] = field(default_factory=dict)
    flights: dict[bytes, Packet] = field(default_factory=dict)
    agreed: dict[frozenset[str], list[int]] = field(default_factory=dict)  # by sessions that both stored
    cut_off: set[frozenset[str]] = field(default_factory=set)  # the last session of these was
    secrets: dict[Sides, Chain] = field(default_factory=dict)  # of all epochs: where each chain began

    def last_but_two(self, sides: Sides) -> int:
        return self.agreed[frozenset(sides)][-1] - 2


class Stored(Device):
    """A device that keeps its contacts in a database, as a real one does."""

    def __init__(self, world: World, name: str, book: Book, database: Database) -> None:
        super().__init__(world, name, wrong_s=-START_S if name == NO_CLOCK else 0)
        self.book = book
        self.database = database
        self.contacts = SqliteContacts(database, salt=bytes(32))
        self.names: dict[ContactId, str] = {}

    def add(self, contact: ContactId, epochs: Epochs) -> None:
        peer = self.peers[contact][0].name
        self.names[contact] = peer
        self.book.secrets[self.name, peer] = epochs.speaking
        self.book.agreed[frozenset((self.name, peer))] = [epochs.agreed]
        kept = Pair(
            static=static(self.name, peer),
            their_static=x25519_public(static(peer, self.name)),
            epochs=epochs,
            letters_speaking=bytes(32),
            letters_listening=bytes(32),
            proof=Proof.CODE,
        )
        self.contacts.add(Contact(id=contact, name=peer, pair=kept))
        super().add(contact, epochs)

    def recognised(self, effect: b.Recognised) -> None:
        self.contacts.spend_nonce(effect.contact, effect.epoch, effect.nonce)
        super().recognised(effect)

    def accepts(self, caller: Device, epochs: Sequence[int]) -> ContactId | None:
        """By a real first flight for each epoch, which the watcher sees, whether it is known here or not."""
        assert isinstance(caller, Stored)
        reading = self.reading()
        link = self.links[0]
        end = (link.address, link.ports[-1])
        ours, theirs = self.called(caller), caller.called(self)
        for epoch in epochs:
            chance = self.world.chance.randbytes
            dialler = Dialler(
                dialling_key(caller.keys(theirs), epoch),
                address=end[0],
                port=end[1],
                ephemeral=chance(32),
                fill=chance(FLIGHT_FILL_BYTES),
            )
            seen = Sighting(at_s=self.world.now_s, source=caller.links[0].address, datagram=dialler.flight)
            packet = Packet(sighting=seen, end=end, epochs={(caller.name, self.name): epoch})
            self.book.flights[dialler.flight] = packet
            heard = heard_epochs(self.epochs[ours], hour=reading.hour if reading.plausible else None)
            keys = listening_keys(ours, self.keys(ours), heard)
            known = check_flight(dialler.flight, keys=keys, address=end[0], port=end[1])
            if known is not None:
                assert self.contacts.remember_flight(ours, known.key.epoch, known.ephemeral, places=1000)
                return ours
        return None

    def talk(self, contact: ContactId) -> None:
        peer, our_name = self.peers[contact]
        assert isinstance(peer, Stored)
        if self.world.chance.random() < CUT_OFF:
            ours, theirs = self.epochs[contact], peer.epochs[our_name]
            used = theirs.used(peer.reading().day), ours.used(self.reading().day)
            peer.keep(our_name, theirs.agree(*used, stored=ours.agreed))
            self.book.cut_off.add(frozenset((self.name, peer.name)))
            return
        super().talk(contact)
        for side, name in ((self, contact), (peer, our_name)):
            side.keep(name, side.epochs[name])
        self.book.cut_off.discard(frozenset((self.name, peer.name)))
        self.book.agreed[frozenset((self.name, peer.name))].append(self.epochs[contact].agreed)

    def keep(self, contact: ContactId, epochs: Epochs) -> None:
        self.epochs[contact] = epochs
        self.people.put(contact, epochs, offset_s=self.clocks.offset_s(contact))
        self.contacts.keep(contact, Kept(epochs=epochs, counter=1, heard=1))
        link = self.peers[contact][0].links[0]
        place = StoredAddress(contact=contact, address=link.address, network=link.network.identity)
        self.contacts.learn_address(place)

    def called(self, other: Device) -> ContactId:
        return next(contact for contact, (peer, _) in self.peers.items() if peer is other)

    def keys(self, contact: ContactId) -> MeetingKeys:
        peer = self.names[contact]
        statics = Statics(own=static(self.name, peer), theirs=x25519_public(static(peer, self.name)))
        return MeetingKeys(statics=statics, epochs=self.epochs[contact])


def static(own: str, other: str) -> bytes:
    return derive(b"static", f"{own} for {other}".encode())


@dataclass
class Seized:
    """How it stands when the thief comes."""

    book: Book
    devices: dict[str, Stored]
    path: Path  # of the database that lies on a disk

    def opened(self, name: str) -> "Thief":
        device = self.devices[name]
        return Thief(name=name, contacts=device.contacts.all(), database=device.database)

    def close(self) -> None:
        for device in self.devices.values():
            device.database.close()


def thirty_days(seed: int, path: Path) -> Seized:
    """Five people who all know each other go to two places, on some days, for some minutes."""
    world, book = World(seed, Weather(loss=0.1, repeat=0.1, delay_s_mean=0.05)), Book()
    devices = {
        name: Stored(
            world, name, book, Database.open(path, KEY) if name == ON_A_DISK else Database.in_memory()
        )
        for name in NAMES
    }
    for number, name in enumerate(NAMES):
        for other in NAMES[:number]:
            pair(devices[name], devices[other])
    networks = [Network(world, number) for number in range(2)]
    for network in networks:
        network.taps.append(partial(write_down, book, devices, network))
    for day in range(DAYS):
        world.run(day * DAY_S + world.chance.uniform(0, 23 * 3600))
        for name in NAMES:
            if world.chance.random() < 0.6:
                devices[name].join(world.chance.choice(networks))
        world.run(world.now_s + 300)
        for name in NAMES:
            devices[name].leave()
    return Seized(book=book, devices=devices, path=path)


def write_down(book: Book, devices: dict[str, Stored], network: Network, sighting: Sighting) -> None:
    if sighting.datagram in book.beacons:
        return
    author = next(
        device
        for device in devices.values()
        if any(link.network is network and link.address == sighting.source for link in device.links)
    )
    day = author.reading().day
    epochs = {(author.name, author.names[c]): kept.used(day) for c, kept in author.epochs.items()}
    book.beacons[sighting.datagram] = Packet(sighting=sighting, end=(b"", 0), epochs=epochs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """What the thief says of one packet."""

    datagram: bytes
    sides: Sides
    epoch: int


@dataclass
class Thief:
    """Has opened the database of one device, with its key."""

    name: str
    contacts: list[Contact]
    database: Database

    def chains(self) -> Iterator[tuple[Sides, Chain]]:
        for contact in self.contacts:
            yield (self.name, contact.name), contact.pair.epochs.speaking
            yield (contact.name, self.name), contact.pair.epochs.listening

    def recognises(self, book: Book) -> Iterator[Recognised]:
        """By each key that can be made of what is stored, up to the last day and two more; and by what is
        stored as it was on the air."""
        for sides, chain in self.chains():
            for epoch in range(chain.epoch, FIRST_DAY + DAYS + 2):
                for datagram in matched(book, chain.at(epoch)):
                    yield Recognised(datagram=datagram, sides=sides, epoch=epoch)
        for table, packets in (("contact_nonce", book.beacons), ("contact_flight", book.flights)):
            with self.database.reading() as connection:
                rows = connection.execute(
                    f"SELECT t.*, name FROM {table} AS t JOIN contact ON key = t.contact"
                ).fetchall()
            for _, epoch, value, name in (checked_row(row, (int, int, bytes, str)) for row in rows):
                for datagram in packets:
                    if datagram.startswith(value):
                        yield Recognised(datagram=datagram, sides=(name, self.name), epoch=epoch)


def matched(book: Book, chain: Chain) -> Iterator[bytes]:
    """Packets that were made with the keys of the epoch where this chain stands."""
    tag = MacKey(chain.key(Use.TAG))
    flight_key = FlightKey(purpose=Purpose.CONTACT, open=chain.key(Use.OPEN), psk=chain.key(Use.PSK))
    for datagram, packet in book.beacons.items():
        hour = (START_S + int(packet.sighting.at_s)) // 3600
        hours = [one for one in (hour, hour - 1) if one // 24 <= chain.epoch]  # no epoch is behind its hour
        marks = [Mark(ContactId(b""), chain.epoch, one.to_bytes(4, "big"), tag) for one in (*hours, NO_HOUR)]
        if recognise_contact(datagram, packet.sighting.source, marks):
            yield datagram
    for datagram, packet in book.flights.items():
        address, port = packet.end
        if check_flight(datagram, keys=[flight_key], address=address, port=port):
            yield datagram


def judge(thief: Thief, book: Book) -> tuple[list[Recognised], int]:
    """What the thief recognises and should not; and of how many packets it says who sent them to whom.
    Raises AssertionError: it says it of fewer than it can, or of somebody else."""
    packets = book.beacons | book.flights
    known = set(thief.recognises(book))
    for found in known:
        assert packets[found.datagram].epochs.get(found.sides) == found.epoch
    for sides, chain in thief.chains():
        since = book.last_but_two(sides)
        if frozenset(sides) in book.cut_off:  # then one of both may have moved on further
            since = max(since, chain.epoch)
        for datagram, packet in packets.items():
            epoch = packet.epochs.get(sides)
            if epoch is not None and epoch >= since:
                assert Recognised(datagram=datagram, sides=sides, epoch=epoch) in known
    return [found for found in known if found.epoch < book.last_but_two(found.sides)], len(known)


@pytest.fixture(scope="module")
def seized(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seized]:
    with closing(thirty_days(2, tmp_path_factory.mktemp("thief") / "data")) as all_of_it:
        yield all_of_it


def test_w4_a_disk_and_thirty_days_of_packets_say_nothing_of_before_the_last_but_two(seized: Seized) -> None:
    """Of whichever device; and that it finds all since then."""
    book = seized.book
    assert len(book.beacons) > 200
    assert len(book.flights) > 60
    assert sum(len(agreed) - 1 for agreed in book.agreed.values()) > 40
    assert book.cut_off
    for name in (ON_A_DISK, NO_CLOCK):
        too_old, count = judge(seized.opened(name), book)
        assert too_old == []
        assert count > 100


def test_w4_no_page_of_a_seized_running_device_has_a_key_of_before(seized: Seized, tmp_path: Path) -> None:
    """Its database page by page, with what is free in them, after each transaction in its log."""
    book, thief = seized.book, seized.opened(ON_A_DISK)
    gone: set[bytes] = set()
    for sides, _ in thief.chains():
        first, since = book.secrets[sides], book.last_but_two(sides)
        for chain in (first.at(epoch) for epoch in range(first.epoch, since)):
            gone |= {chain.secret, *(chain.key(use) for use in Use)}
        if sides[0] == ON_A_DISK:
            continue
        for packets, length in ((book.beacons, 16), (book.flights, 32)):
            gone |= {d[:length] for d, packet in packets.items() if packet.epochs.get(sides, since) < since}
    kept = {chain.secret for _, chain in thief.chains()}
    assert len(gone) > 500
    assert Path(f"{seized.path}-wal").stat().st_size
    for image in images(seized.path, tmp_path):
        assert all(value in image for value in kept)
        assert [value for value in gone if value in image] == []


def images(path: Path, copies: Path) -> Iterator[bytes]:
    """What deciphers of the file, with its log up to each frame."""
    data, log = path.read_bytes(), Path(f"{path}-wal").read_bytes()
    for number, end in enumerate(range(len(log), -1, -FRAME_HEADER_BYTES - PAGE_BYTES)):
        copy = copies / f"copy {number}"
        copy.write_bytes(data)
        Path(f"{copy}-wal").write_bytes(log[:end])
        with closing(apsw.Connection(str(copy))) as connection:
            connection.pragma("cipher", "chacha20")
            connection.pragma("key", f"raw:{derive(KEY, b'satchel profile database 1').hex()}")
            yield connection.serialize("main")


def test_the_thief_finds_the_one_epoch_that_a_worse_program_keeps_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the tests above are for, and that they see it."""
    monkeypatch.setattr(epochs_module, "EPOCHS_KEPT_BEHIND", 3)
    with closing(thirty_days(2, tmp_path / "data")) as worse:
        assert judge(worse.opened(ON_A_DISK), worse.book)[0]
