"""core/pairing/picture_host and hosting: flights and frames of who saw the screen or not (P1, P2, P3)."""

from collections.abc import Iterator

from core.pairing.pair_kit import ENDS, TAKER_CARD, begun, scan, shown, taker_hears
from fuzz.feed import Feed, as_piece
from fuzz.vectors import drawn, of_kind
from satchel.core.pairing.agreement import FRAME_BYTES
from satchel.core.pairing.card import TAKERS_MAX
from satchel.core.pairing.effects import Paired, Send
from satchel.core.pairing.hosting import Hosting, State
from satchel.core.pairing.picture_host import EXCHANGES_MAX, Begun, PictureHost
from satchel.core.pairing.taking import Taking
from satchel.errors import PeerError

AS_IT_CAME, WITH_A_PROOF, TAKER, SPEAK, SPEAK_RIGHTLY, WAIT = range(6)
ADDRESS, PORT = ENDS[0]


class Door:
    """A picture on a screen, and who comes for it."""

    def __init__(self) -> None:
        self.host: PictureHost = shown()
        self.now_s = 0.0
        self.talks: list[tuple[Hosting, Taking | None]] = []
        self.said: dict[Hosting, bytes] = {}  # what the host said last to each
        self.paired = 0

    def come(self, flight: bytes, taking: Taking | None = None) -> None:
        nonce = drawn(f"door {len(self.talks)}", 32)
        effects = self.host.hear_flight(flight, address=ADDRESS, port=PORT, nonce=nonce, now_s=self.now_s)
        if any(isinstance(effect, Begun) for effect in effects):
            self.talks.append((begun(effects), taking))
            self.said[self.talks[-1][0]] = self.talks[-1][0].answer

    def speak(self, data: bytes, *, rightly: bool) -> None:
        """To the exchange that began last, what is written or what an honest taker would say."""
        if not self.talks:
            return
        hosting, taking = self.talks[-1]
        if not hosting.expected_bytes:
            self.talks.pop()
            return
        honest = rightly and taking is not None
        if taking is not None and honest:
            effects = taker_hears(taking, self.said[hosting])
            said = b"".join(effect.data for effect in effects if isinstance(effect, Send))
        else:
            said = data
        try:
            effects = hosting.hear(said, self.now_s)
        except PeerError:
            assert hosting.state is State.FAILED
            self.talks.pop()
            return
        assert honest  # nothing that was made without the keys is ever taken
        self.said[hosting] = b"".join(effect.data for effect in effects if isinstance(effect, Send))
        assert len(self.said[hosting]) in (0, FRAME_BYTES)
        self.paired += any(isinstance(effect, Paired) for effect in effects)


def check(data: bytes) -> bool:
    feed = Feed(data)
    door = Door()
    while feed:
        match feed.number(6):
            case kind if kind == AS_IT_CAME:
                door.come(feed.piece())
            case kind if kind == WITH_A_PROOF:
                commitment = feed.exactly(32)
                flight = door.host.picture.flight(commitment, address=ADDRESS, port=PORT, fill=bytes(208))
                door.come(flight)
            case kind if kind == TAKER:
                taking = scan(door.host.picture, f"fuzz {feed.number(4)}", card=TAKER_CARD)
                door.come(taking.first_bytes, taking)
            case kind if kind == SPEAK:
                door.speak(feed.piece(), rightly=False)
            case kind if kind == SPEAK_RIGHTLY:
                door.speak(b"", rightly=True)
            case _:
                door.now_s += feed.number()
    assert door.paired <= TAKERS_MAX
    running = [one for one, _ in door.talks if one.state is State.ANSWERED and door.now_s < one.until_s]
    assert len(running) <= EXCHANGES_MAX
    return door.paired > 0


def seeds() -> Iterator[bytes]:
    for vector in of_kind("pairing", "flight"):
        yield bytes((AS_IT_CAME,)) + as_piece(bytes.fromhex(vector["flight"]))
    for vector in of_kind("pairing", "exchange"):
        frames = [bytes.fromhex(frame) for frame in vector["frames"]]
        yield bytes((WITH_A_PROOF,)) + bytes(32) + bytes((SPEAK,)) + as_piece(frames[1] + frames[2])
        yield bytes((TAKER, 0, SPEAK_RIGHTLY, SPEAK)) + as_piece(frames[4])
    yield bytes((TAKER, 0, SPEAK_RIGHTLY, SPEAK_RIGHTLY, TAKER, 1, SPEAK_RIGHTLY, SPEAK_RIGHTLY))
    yield bytes((TAKER, 0, WAIT, 20, SPEAK_RIGHTLY))
    yield bytes((TAKER, 0, SPEAK_RIGHTLY, WAIT, 1, TAKER, 0, SPEAK_RIGHTLY, SPEAK_RIGHTLY))
