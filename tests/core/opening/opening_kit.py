"""Two contacts who open sessions by real handshakes and frames, with a power cut after any step."""

from collections import deque
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field, replace

from core.session.contact_kit import EPOCH, Memory, meet, pair_of
from core.session.session_kit import open_frame
from satchel.core.crypto.aead import Suite
from satchel.core.opening.codec import decode, encode
from satchel.core.opening.effects import (
    Effect,
    Kept,
    Learned,
    Ready,
    Say,
    Store,
    UseSuite,
    WentBack,
    WeWentBack,
)
from satchel.core.opening.session import Opening, Role
from satchel.core.session.contact import MeetingKeys
from satchel.core.session.frames import Kind, Opener, Sealer
from satchel.core.session.handshake import SessionKeys

CLOCK_S = EPOCH * 86_400 + 43_200


@dataclass
class Side:
    """A device: what is on its disk, and what it showed."""

    own: str
    other: str
    clock_s: int = CLOCK_S
    plausible: bool = True
    aes: bool = True
    kept: Kept = field(init=False)
    shown: list[Effect] = field(default_factory=list)
    memory: Memory = field(default_factory=Memory)
    suite: Suite | None = None

    def __post_init__(self) -> None:
        self.kept = Kept(epochs=self.pair_at_first.epochs)

    @property
    def pair_at_first(self) -> MeetingKeys:
        return pair_of(self.own, self.other)

    @property
    def pair(self) -> MeetingKeys:
        return replace(self.pair_at_first, epochs=self.kept.epochs)

    @property
    def day(self) -> int | None:
        return self.clock_s // 86_400 if self.plausible else None

    @property
    def hour(self) -> int | None:
        return self.clock_s // 3600 if self.plausible else None

    def opening(self, role: Role, beside: bytes | None = None) -> Opening:
        return Opening(
            role,
            self.kept,
            day=self.day,
            clock_s=self.clock_s,
            plausible=self.plausible,
            aes=self.aes,
            beside=beside,
        )

    def saw(self, kind: type[Effect]) -> list[Effect]:
        return [effect for effect in self.shown if isinstance(effect, kind)]


def sides() -> tuple[Side, Side]:
    return Side("amina", "bilal"), Side("bilal", "amina")


@dataclass
class _End:
    """A side in one session."""

    side: Side
    opening: Opening
    sealer: Sealer
    opener: Opener
    said: deque[bytes] = field(default_factory=deque)  # frames on their way from here


def session(caller: Side, listener: Side) -> Generator[str]:
    """One session; between two of the steps that it yields anything may end. Raises AssertionError: they do
    not meet."""
    met = meet(
        caller.pair,
        listener.pair,
        hours=(caller.hour, listener.hour),
        memory=listener.memory,
        serial=sum(map(len, listener.memory.flights.values())),  # each flight has a key of its own
    )
    assert met is not None, "they do not meet"
    yield "handshake"
    here = end_of(caller, Role.CALLER, met[0])
    yield from carry_out(here, here.opening.start())
    # The listener believes nothing, and has no side yet, before this frame has opened.
    first = open_frame(opener := Opener(met[1].receive), here.said.popleft())
    there = end_of(listener, Role.LISTENER, met[1])
    there.opener = opener
    yield from hear(there, first)
    yield from hear(here, open_frame(here.opener, there.said.popleft()))
    yield from hear(there, open_frame(there.opener, here.said.popleft()))
    assert not here.said
    assert not there.said


def end_of(side: Side, role: Role, keys: SessionKeys) -> _End:
    return _End(side, side.opening(role), Sealer(keys.send), Opener(keys.receive))


def hear(end: _End, frame: tuple[Kind, bytes]) -> Iterator[str]:
    kind, body = frame
    assert kind is Kind.CONTROL
    yield from carry_out(end, end.opening.hear(decode(body)))


def carry_out(end: _End, effects: list[Effect]) -> Iterator[str]:
    for effect in effects:
        match effect:
            case Store(kept=kept):
                yield "before a store"
                end.side.kept = kept
                yield "after a store"
                yield from carry_out(end, end.opening.stored())
            case Say(message=message):
                frame = end.sealer.control(encode(message))
                assert len(frame) == 256  # W3: all openings look alike
                end.said.append(frame)
                yield "said"
            case UseSuite(aes=aes):
                end.side.suite = Suite.AES_256_GCM if aes else Suite.CHACHA20_POLY1305
                end.sealer.agree(end.side.suite)
                end.opener.agree(end.side.suite)
            case Learned() | WentBack() | WeWentBack() | Ready():
                end.side.shown.append(effect)


def whole(caller: Side, listener: Side) -> None:
    """A session that nothing interrupts."""
    for _ in session(caller, listener):
        pass
