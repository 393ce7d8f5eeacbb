"""Two contacts with fixed chance, who meet by real handshakes, for tests here and of the opening."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from core.session.session_kit import drawn
from satchel.core.crypto.curve import x25519_public
from satchel.core.identity.contacts import ContactId
from satchel.core.identity.epochs import Epochs, begin
from satchel.core.session.contact import (
    Answer,
    ContactKey,
    Drain,
    MeetingKeys,
    Remember,
    answer,
    dialled_epochs,
    dialling_key,
    heard_epochs,
    listening_keys,
    remember,
)
from satchel.core.session.flight import (
    ANSWER_FILL_BYTES,
    FLIGHT_FILL_BYTES,
    Dialler,
    End,
    Recognised,
    check_flight,
)
from satchel.core.session.handshake import SessionKeys, Statics

EPOCH = 20_800  # 2026-12-13
HOUR = EPOCH * 24 + 12
HERE: End = (bytes(10) + b"\xff\xff" + bytes((10, 0, 0, 1)), 4000)
THERE: End = (bytes(10) + b"\xff\xff" + bytes((10, 0, 0, 2)), 5000)
CONTACT = ContactId(b"the other side..")


def epochs_of(own: str, other: str, epoch: int = EPOCH) -> Epochs:
    return begin(
        epoch=epoch, speaking=drawn(f"{own} to {other}", 32), listening=drawn(f"{other} to {own}", 32)
    )


def pair_of(own: str, other: str, epoch: int = EPOCH) -> MeetingKeys:
    statics = Statics(
        own=drawn(f"static of {own} for {other}", 32),
        theirs=x25519_public(drawn(f"static of {other} for {own}", 32)),
    )
    return MeetingKeys(statics=statics, epochs=epochs_of(own, other, epoch))


@dataclass
class Memory:
    """What Remember asks of a store."""

    flights: dict[tuple[ContactId, int], set[bytes]] = field(default_factory=dict)

    def remember(self, asked: Remember) -> bool:
        kept = self.flights.setdefault((asked.contact, asked.epoch), set())
        if asked.ephemeral in kept or len(kept) >= asked.places:
            return False
        kept.add(asked.ephemeral)
        return True


def dial(pair: MeetingKeys, epoch: int = EPOCH, *, end: End = HERE, name: str = "e") -> Dialler:
    address, port = end
    return Dialler(
        dialling_key(pair, epoch),
        address=address,
        port=port,
        ephemeral=drawn(name, 32),
        fill=drawn(f"fill {name}", FLIGHT_FILL_BYTES),
    )


def recognise(
    pair: MeetingKeys, flight: bytes, *, hour: int | None = HOUR, ahead_hours: int = 0, end: End = HERE
) -> Recognised[ContactKey] | None:
    epochs = heard_epochs(pair.epochs, hour=hour, ahead_hours=ahead_hours)
    address, port = end
    keys = listening_keys(CONTACT, pair, epochs)
    return check_flight(flight, keys=keys, address=address, port=port)


def greet(recognised: Recognised[ContactKey], memory: Memory, *, name: str = "e there") -> Answer | Drain:
    return answer(
        recognised,
        is_remembered=memory.remember(remember(recognised)),
        ephemeral=drawn(name, 32),
        fill=drawn(f"fill {name}", ANSWER_FILL_BYTES),
    )


def meet(
    here: MeetingKeys,
    there: MeetingKeys,
    *,
    hours: tuple[int | None, int | None] = (HOUR, HOUR),
    ahead_hours: int = 0,
    memory: Memory | None = None,
    matched: Sequence[int] | None = None,
    serial: object = "",
) -> tuple[SessionKeys, SessionKeys] | None:
    """One side dials with all its epochs in turn; keys of both, or None: they do not meet.

    Args:
        hours: the clocks of who dials and of who listens.
        ahead_hours: what the listener has learned of the dialler's clock.
        matched: epochs to dial with instead.
    """
    day = None if hours[0] is None else hours[0] // 24
    tried: Iterable[int] = dialled_epochs(here.epochs, day=day) if matched is None else matched
    for epoch in tried:
        dialler = dial(here, epoch, name=f"e {serial} {epoch}")
        recognised = recognise(there, dialler.flight, hour=hours[1], ahead_hours=ahead_hours)
        if recognised is not None:
            answered = greet(recognised, memory or Memory(), name=f"e there {serial}")
            if isinstance(answered, Answer):
                return dialler.finish(answered.flight), answered.keys
    return None
