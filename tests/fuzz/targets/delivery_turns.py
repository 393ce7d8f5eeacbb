"""core/delivery/turns: a contact that says anything at any time, to an owner that says what is due (M3)."""

from collections.abc import Iterator

from fuzz.feed import Feed, as_piece
from fuzz.vectors import drawn, of_kind
from satchel.core.delivery.codec import MESSAGE_BYTES_MAX, decode, encode
from satchel.core.delivery.effects import Consider, Effect, Give, Gone, Left, MayComeAgain, Receive, Say
from satchel.core.delivery.messages import Leave, LeaveReason, Waits
from satchel.core.delivery.turns import PORT_MIN, Giving, Taking, Turns
from satchel.errors import PeerError

PORT = 40_123
HEAR, OFFER, OFFER_ACCEPTED, GIVEN, TAKE, LEAVE, RECEIVED, COME = range(8)
WORDS = {"offer": OFFER, "given": GIVEN, "take": TAKE, "leave": LEAVE, "received": RECEIVED, "come": COME}
VECTORS = list(of_kind("delivery", "turns"))
ID = bytes.fromhex(next(step["id"] for vector in VECTORS for step in vector["steps"] if "id" in step))


class Owner:
    """Carries out what Turns asks, and holds what it must not ask."""

    def __init__(self, *, we_dialled: bool) -> None:
        self.turns = Turns(we_dialled=we_dialled)
        self.we_dialled = we_dialled
        self.offered: set[bytes] = set()
        self.considered: list[Consider] = []
        self.gives = self.takes = 0
        self.is_gone = False

    def hear(self, body: bytes) -> None:
        """Raises PeerError."""
        message = decode(body)
        assert encode(message) == body
        self.carry_out(self.turns.hear(message))

    def say(self, word: int, feed: Feed) -> None:
        """If it is due."""
        giving, taking = self.turns.giving, self.turns.taking
        if word in (OFFER, OFFER_ACCEPTED) and giving is Giving.IDLE:
            accepted = word == OFFER_ACCEPTED
            self.carry_out(self.turns.offer(ID, secret=bytes(32), accepted=accepted, port=PORT))
        elif word == GIVEN and giving is Giving.RUNNING:
            self.gives -= 1
            self.turns.given()
        elif word == TAKE and taking is Taking.CONSIDERING:
            assert len(self.turns.offered_secret) == 32
            self.considered.pop()
            self.carry_out(self.turns.take(port=PORT))
        elif word == LEAVE and taking is Taking.CONSIDERING:
            accepted = self.considered.pop().accepted
            self.carry_out(self.turns.leave(LeaveReason(1 + feed.number(4 if accepted else 3))))
        elif word == RECEIVED and taking is Taking.RUNNING:
            self.takes -= 1
            self.carry_out(self.turns.received())
        elif word == COME:
            self.carry_out(self.turns.come())

    def carry_out(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Say(message=message):
                    assert len(body := encode(message)) <= MESSAGE_BYTES_MAX
                    assert decode(body) == message
                    if isinstance(message, Waits):
                        self.offered.add(message.id)
                case Consider():
                    self.considered.append(effect)
                case Give(id=id, port=port):
                    self.gives += 1
                    assert id in self.offered
                    self.look_at(port)
                case Receive(port=port):
                    self.takes += 1
                    self.look_at(port)
                case Left(id=id):
                    assert id in self.offered
                case MayComeAgain():
                    pass
                case Gone():
                    self.is_gone = True
        assert self.gives == (self.turns.giving is Giving.RUNNING)
        assert self.takes == (self.turns.taking is Taking.RUNNING)
        assert len(self.considered) == (self.turns.taking is Taking.CONSIDERING)

    def look_at(self, port: int) -> None:
        """Where we dial is no port of a system, and nobody is dialled back (M3, P1)."""
        assert (port >= PORT_MIN) if self.we_dialled else port == 0


def check(data: bytes) -> bool:
    feed = Feed(data)
    owner = Owner(we_dialled=bool(feed.number(2)))
    heard = 0
    while feed and not owner.is_gone:
        word = feed.number(8)
        if word != HEAR:
            owner.say(word, feed)
            continue
        try:
            owner.hear(feed.piece())
        except PeerError:
            return False
        heard += 1
    return heard > 0


def seeds() -> Iterator[bytes]:
    for vector in VECTORS:
        script = bytes((vector["we_dialled"],))
        for step in vector["steps"]:
            if "hear" in step:
                script += bytes((HEAR,)) + as_piece(bytes.fromhex(step["hear"]))
            else:
                script += bytes((WORDS[step["do"]] + (step.get("accepted", False)),))
                script += bytes((step["reason"] - 1,)) if "reason" in step else b""
        yield script
    left = Leave(id=ID, reason=LeaveReason.UNKNOWN)
    yield bytes((1, OFFER_ACCEPTED, HEAR)) + as_piece(encode(left)) + bytes((OFFER,))
    yield bytes((0, HEAR)) + as_piece(
        encode(Waits(id=drawn("id", 16), secret=bytes(32), accepted=True, port=0))
    )
