"""core/discovery/beacon: what strangers and contacts shout, for as long as the node runs (P3, W1)."""

from collections.abc import Iterator

from fuzz.feed import Feed, as_piece
from fuzz.vectors import drawn, of_kind
from satchel.core.discovery import beacon as b
from satchel.core.discovery.datagram import DATAGRAM_BYTES, FILL_BYTES, PORT_MIN, draw_datagram
from satchel.core.discovery.hearing import Budget
from satchel.core.discovery.people import DIALS_MAX, DIALS_WITHIN_S, People
from satchel.core.discovery.rendezvous import Shout, WakeAt
from satchel.core.identity.clocks import Reading
from satchel.core.identity.contacts import ContactId
from satchel.core.identity.epochs import Epochs, begin
from satchel.core.identity.networks import StoredAddress
from satchel.core.identity.spent import Spent
from satchel.core.identity.tags import Tags

AS_IT_CAME, MADE, WAKE, MEET, MET, MAIL = range(6)
DAY = 20_840
SOURCES = [bytes(10) + b"\xff\xff\x0a\x00\x00" + bytes((last,)) for last in range(1, 5)]
CONTACTS = [ContactId(drawn(f"beacon contact {number}", 16)) for number in range(2)]


def kept(number: int, *, theirs: bool = False) -> Epochs:
    secrets = drawn(f"beacon {number} a", 32), drawn(f"beacon {number} b", 32)
    speaking, listening = reversed(secrets) if theirs else secrets
    return begin(epoch=DAY - 3, speaking=speaking, listening=listening)


class World:
    """A clock, two links of one node, and what it did so far."""

    def __init__(self, clock_hours: int) -> None:
        self.now_s = 1000.0
        self.hour = DAY * 24 + clock_hours
        self.people = People(tags=Tags(), spent=Spent())
        for number, contact in enumerate(CONTACTS):
            self.people.put(contact, kept(number))
        budget = Budget(macs_per_s=1e5)
        self.links = [
            b.Beacon(people=self.people, budget=budget, source=at, network=b"") for at in SOURCES[:2]
        ]
        self.draws = 0
        self.packets: dict[bytes, bytes] = {}
        self.nonces: set[tuple[ContactId, bytes]] = set()
        self.dialled_s: dict[ContactId, list[float]] = {contact: [] for contact in CONTACTS}
        for link in self.links:
            self.carry_out(
                link.start(
                    b.Mode.OPEN, port=40_000, reading=self.reading(), now_s=self.now_s, chance=self.chance()
                )
            )

    def reading(self) -> Reading:
        return Reading(time_s=self.hour * 3600 + int(self.now_s), plausible=self.hour % 2 == 0)

    def chance(self) -> bytes:
        self.draws += 1
        return drawn(f"beacon {self.draws}", b.RANDOM_BYTES)

    def wake(self, link: b.Beacon) -> None:
        self.carry_out(link.wake(reading=self.reading(), now_s=self.now_s, chance=self.chance()))

    def carry_out(self, effects: list[b.Effect]) -> None:
        for effect in effects:
            match effect:
                case Shout(datagram=datagram):
                    assert len(datagram) == DATAGRAM_BYTES
                    # One packet for each nonce (W1, W2).
                    assert self.packets.setdefault(datagram[:16], datagram) == datagram
                case b.Recognised(contact=contact, nonce=nonce):
                    assert (contact, nonce) not in self.nonces  # a nonce is new once, on all links together
                    self.nonces.add((contact, nonce))
                case b.Dial(contact=contact, address=address, port=port):
                    assert address in SOURCES
                    assert PORT_MIN <= port <= 0xFFFF
                    lately_s = [s for s in self.dialled_s[contact] if self.now_s - s < DIALS_WITHIN_S]
                    assert len(lately_s) < DIALS_MAX  # however much is heard (P3)
                    self.dialled_s[contact] = [*lately_s, self.now_s]
                case b.Whisper(address=address):
                    assert address == SOURCES[3]
                case b.OpenPort() | b.ClosePort() | WakeAt():
                    pass


def check(data: bytes) -> bool:
    feed = Feed(data)
    world = World(feed.number(48))
    while feed:
        action = feed.number(6)
        world.now_s += feed.number() ** 2 / 64
        link, source = world.links[feed.number(2)], SOURCES[feed.number(4)]
        contact = CONTACTS[source[-1] % 2]
        match action:
            case kind if kind == WAKE:
                world.wake(link)
            case kind if kind == MEET:
                place = StoredAddress(contact=contact, address=SOURCES[3], network=b"")
                moment = world.reading(), world.now_s, world.chance()
                world.carry_out(link.meet([place], reading=moment[0], now_s=moment[1], chance=moment[2]))
            case kind if kind == MET:
                world.people.began(contact, world.now_s)
                world.people.ended(contact, world.now_s)
            case kind if kind == MAIL:
                world.people.set_mail(contact, waits=True)
                world.carry_out(link.mail_came(contact, world.now_s))
            case kind:
                datagram = feed.piece() if kind == AS_IT_CAME else made(feed, source)
                world.carry_out(link.hear(datagram, source, reading=world.reading(), now_s=world.now_s))
                world.wake(link)
    return bool(world.nonces)


def made(feed: Feed, source: bytes) -> bytes:
    """What a contact shouts, at any hour, or none."""
    which = feed.number(4)
    tags = Tags()
    tags.put(CONTACTS[0], kept(which % 2, theirs=True))
    said = Reading(time_s=(DAY * 24 + feed.number(72) - 12) * 3600, plausible=which < 2)
    mark = tags.spoken(CONTACTS[0], said, hourless=False)
    return draw_datagram(
        [mark] if mark else [],
        nonce=feed.exactly(2) * 8,
        port=1024 + feed.wide_number() % 60_000,
        source=source,
        fill=bytes(FILL_BYTES),
        places=bytes(256),
    )


def seeds() -> Iterator[bytes]:
    for vector in of_kind("discovery", "recognise"):
        yield bytes((10, AS_IT_CAME, 0, 0, 1)) + as_piece(bytes.fromhex(vector["datagram"]))
    calls = [bytes((MADE, 30, at % 2, at % 4, at % 4, at * 5, at // 2, at, 16, 0)) for at in range(14)]
    for hours in (0, 11):
        yield bytes((hours,)) + b"".join(calls)
        yield bytes((hours,)) + b"".join(
            [
                *calls[:3],
                bytes((MEET, 40, 0, 1)),
                bytes((MET, 9, 1, 2)),
                *calls[3:6],
                bytes((MAIL, 9, 1, 2)),
                *calls,
            ]
        )
