"""core/discovery/rendezvous: what strangers shout while a code or an unfinished hand-over is open (P3)."""

from collections.abc import Iterator

from fuzz.feed import Feed, as_piece
from fuzz.targets.datagram import KEYS
from fuzz.vectors import drawn, of_kind
from satchel.core.discovery import rendezvous as r
from satchel.core.discovery.datagram import DATAGRAM_BYTES, DO_NOT_DIAL, FILL_BYTES, PORT_MIN, draw_datagram

AS_IT_CAME, MADE, WAKE, MET = range(4)
HOST_PORT = 40_000
SOURCES = [bytes(10) + b"\xff\xff\x0a\x00\x00" + bytes((last,)) for last in range(1, 5)]


class World:
    """A clock, and what the machine did so far."""

    def __init__(self, port: int) -> None:
        self.now_s = 1000.0
        self.port = port
        self.dials = r.Dials()
        self.machine = r.Rendezvous(source=SOURCES[0], port=port, shown=KEYS, sought=KEYS, dials=self.dials)
        self.draws = 0
        self.shouted_s: list[float] = []
        self.dialled_at_s: dict[object, float] = {}

    def chance(self) -> bytes:
        self.draws += 1
        return drawn(f"rendezvous {self.draws}", r.RANDOM_BYTES)

    def carry_out(self, effects: list[r.Effect]) -> None:
        for effect in effects:
            match effect:
                case r.Shout(datagram=datagram):
                    assert len(datagram) == DATAGRAM_BYTES
                    # However much is heard, so many in any second (P3).
                    latest = self.shouted_s[-r.SHOUTS_PER_S_MAX :]
                    assert len(latest) < r.SHOUTS_PER_S_MAX or self.now_s - latest[0] >= 1.0
                    self.shouted_s.append(self.now_s)
                case r.Dial(port=port, key=key):
                    assert self.port == DO_NOT_DIAL  # who listens does not dial
                    assert PORT_MIN <= port <= 0xFFFF
                    last_s = self.dialled_at_s.get(key.kind, float("-inf"))
                    assert self.now_s - last_s >= r.DIAL_GAP_S
                    self.dialled_at_s[key.kind] = self.now_s
                case r.WakeAt() | r.Over():
                    pass


def check(data: bytes) -> bool:
    feed = Feed(data)
    world = World(HOST_PORT if feed.number(2) else DO_NOT_DIAL)
    world.carry_out(world.machine.start(world.now_s, world.chance()))
    while feed:
        action = feed.number(4)
        world.now_s += feed.number() / 64
        source = SOURCES[feed.number(4)]
        match action:
            case kind if kind == WAKE:
                world.carry_out(world.machine.wake(world.now_s, world.chance()))
            case kind if kind == MET:
                world.dials.met(source, HOST_PORT + feed.number(2), KEYS[feed.number(2)])
            case kind:
                datagram = feed.piece() if kind == AS_IT_CAME else made(feed, source)
                world.carry_out(world.machine.hear(datagram, source, world.now_s))
    return bool(world.dialled_at_s) or len(world.shouted_s) > 1


def made(feed: Feed, source: bytes) -> bytes:
    which = feed.number(4)
    port = DO_NOT_DIAL if which & 2 else 1024 + feed.wide_number() % 60_000
    nonce, fill = bytes((which,)) * 16, bytes(FILL_BYTES)
    return draw_datagram(
        [KEYS[which % 2]], nonce=nonce, port=port, source=source, fill=fill, places=bytes(256)
    )


def seeds() -> Iterator[bytes]:
    for side in (b"\x00", b"\x01"):
        for vector in of_kind("code-and-rendezvous", "recognise"):
            yield side + bytes((AS_IT_CAME, 0, 1)) + as_piece(bytes.fromhex(vector["datagram"]))
        calls = [bytes((MADE, 20, 1 + at % 3, at % 4)) + b"\x10\x00" * (at % 4 < 2) for at in range(12)]
        yield side + b"".join(calls)
        yield side + b"".join([*calls[:2], bytes((MET, 0, 1, 0)), *calls[:2], bytes((WAKE, 64, 0)), *calls])
