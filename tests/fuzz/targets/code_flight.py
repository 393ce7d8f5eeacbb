"""core/pairing/host: first flights and confirmations of who claims to have been told the code (P1, P2)."""

from collections.abc import Iterator

from fuzz.feed import Feed, as_piece
from fuzz.vectors import drawn, of_kind
from satchel.core.pairing import host as h
from satchel.core.pairing.code import SpokenCode
from satchel.core.pairing.exchange import (
    FLIGHT_BYTES,
    HOST_FILL_BYTES,
    SCALAR_BYTES,
    SHARE_BYTES,
    TYPIST_FILL_BYTES,
    typist_flight,
)
from satchel.core.pairing.typist import Call, Typist

AS_IT_CAME, WITH_A_PROOF, TYPIST, CONFIRM, CONFIRM_RIGHTLY, LOSE, WAKE, REOPEN = range(8)
ADDRESS = bytes(10) + b"\xff\xff\xc0\xa8\x07\x14"
PORT = 40123
CODE = SpokenCode(814, (214, 388, 426))  # that of the vectors


class Door:
    """A host, and what its strangers know."""

    def __init__(self) -> None:
        self.host = h.Host(CODE)
        self.now_s = 1000.0
        self.draws = self.answered = 0
        self.right: bytes | None = None  # the confirmation that the guess would have to send
        self.matched = False

    def draw(self, count: int) -> bytes:
        self.draws += 1
        return drawn(f"door {self.draws}", count)

    def hear(self, flight: bytes, call: Call | None = None) -> None:
        effects = self.host.hear_flight(
            flight,
            address=ADDRESS,
            port=PORT,
            scalar=self.draw(SCALAR_BYTES),
            fill=self.draw(HOST_FILL_BYTES),
            now_s=self.now_s,
        )
        for effect in effects:
            assert not isinstance(effect, h.Matched)
            if isinstance(effect, h.Answer):
                assert len(effect.flight) == FLIGHT_BYTES
                self.answered += 1
                self.right = call.hear_answer(effect.flight).confirmation if call else None

    def confirm(self, confirmation: bytes) -> None:
        for effect in self.host.hear_confirmation(confirmation, self.now_s):
            if isinstance(effect, h.Matched):
                assert confirmation == self.right
                self.matched = True

    def call(self) -> Call:
        scalar, fill = self.draw(SCALAR_BYTES), self.draw(TYPIST_FILL_BYTES)
        return Typist(CODE).call(address=ADDRESS, port=PORT, scalar=scalar, fill=fill)


def check(data: bytes) -> bool:
    feed = Feed(data)
    door = Door()
    while feed:
        action = feed.number(8)
        door.now_s += feed.number() / 16
        match action:
            case kind if kind == AS_IT_CAME:
                door.hear(feed.piece())
            case kind if kind == WITH_A_PROOF:
                share, fill = feed.exactly(SHARE_BYTES), bytes(TYPIST_FILL_BYTES)
                door.hear(typist_flight(CODE, share=share, address=ADDRESS, port=PORT, fill=fill))
            case kind if kind == TYPIST:
                call = door.call()
                door.hear(call.flight, call)
            case kind if kind == CONFIRM:
                door.confirm(feed.piece())
            case kind if kind == CONFIRM_RIGHTLY:
                door.confirm(door.right or b"")
            case kind if kind == LOSE:
                door.host.lose(door.now_s)
            case kind if kind == WAKE:
                door.host.wake(door.now_s)
            case _ if door.host.state is h.State.MATCHED:
                door.host.reopen()
    assert door.answered <= h.GUESSES_MAX
    return door.matched


def seeds() -> Iterator[bytes]:
    for kind in ("host_hears", "host_confirms"):
        for vector in of_kind("code-and-rendezvous", kind):
            flight = bytes((AS_IT_CAME, 0)) + as_piece(bytes.fromhex(vector["flight"]))
            confirmation = bytes.fromhex(vector.get("confirmation", ""))
            yield flight + bytes((CONFIRM, 0)) + as_piece(confirmation)
            yield bytes((WITH_A_PROOF, 0)) + bytes.fromhex(vector["flight"])[:SHARE_BYTES] + bytes((LOSE, 0))
    wrong = bytes((TYPIST, 40, CONFIRM, 0)) + as_piece(bytes(32))
    yield bytes((TYPIST, 0, CONFIRM_RIGHTLY, 0, REOPEN, 0)) * 17
    yield wrong * 17
    yield bytes((TYPIST, 0, WAKE, 255, TYPIST, 255, LOSE, 0, TYPIST, 1, TYPIST, 32, CONFIRM_RIGHTLY, 0))
