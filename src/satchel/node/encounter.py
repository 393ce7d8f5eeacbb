"""Two contacts open a session: from a connected pipe to what may follow. Blocking, in a thread of its own.

What is said and stored, in which order, is core's (opening); here it is carried out. Spec:
docs/spec/session.md, 4.
"""

import contextlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from satchel.core.opening.codec import decode, encode
from satchel.core.opening.effects import (
    Effect,
    Learned,
    Ready,
    Say,
    Store,
    UseSuite,
    WentBack,
    WeWentBack,
)
from satchel.core.opening.messages import Bye, Hello, Message
from satchel.core.opening.session import Opening, Role
from satchel.core.session.contact import dialling_key
from satchel.core.session.flight import ANYWHERE, FLIGHT_BYTES, FLIGHT_FILL_BYTES, Dialler
from satchel.core.session.frames import CONTROL_SIZES, Kind
from satchel.core.session.handshake import EPHEMERAL_BYTES, SessionKeys
from satchel.errors import PeerError, SatchelError
from satchel.node.acquaintance import Acquaintance
from satchel.node.channel import FAREWELL_S, Channel
from satchel.node.greeting import STEP_S, receive_bytes
from satchel.node.node_clock import NodeClock
from satchel.ports import Entropy, Pipe
from satchel.ports.contacts import Contact

PATIENCE_S = 20


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Session:
    """A contact is there, and has proved it. What follows is up to who talks: delivery/talking.py."""

    contact: Contact
    channel: Channel
    we_dialled: bool
    speaks: int  # the newest version of what may follow that both know
    listening_port: Callable[[], int] = lambda: 0  # ours of now, at the address of this session
    typed_address: bool = False  # we dialled what a person typed: it may be another one there
    shown: tuple[WentBack | WeWentBack, ...] = ()  # to be shown to the person, once

    def leave(self) -> None:
        """Say Bye, and close. Blocks for FAREWELL_S at most; whoever reads is woken."""
        with contextlib.suppress(SatchelError):
            self.channel.pipe.set_deadline(FAREWELL_S)
            self.channel.send_control(encode(Bye()))
        self.channel.pipe.close()

    def part(self) -> None:
        """As `leave`, and returns at once; closes in time although another thread is in the middle of
        sending."""
        closing = threading.Timer(FAREWELL_S, self.channel.pipe.close)
        closing.daemon = True
        closing.start()
        threading.Thread(target=self.leave, daemon=True).start()


def keep_company(session: Session) -> None:
    """Say nothing, until the other side goes: for who speaks version 1. Raises
    EnvironmentProblem: it broke off; PeerError."""
    plain = bytearray(CONTROL_SIZES[0])
    while True:
        kind, body = session.channel.receive(plain)
        if kind is Kind.PADDING:
            continue
        if kind is Kind.CONTROL and isinstance(decode(bytes(body)), Bye):
            return
        raise PeerError("session 4.9: more than a Bye after the opening")


def call(
    pipe: Pipe, known: Acquaintance, epoch: int, opener: "Opener", *, typed_address: bool, patience_s: float
) -> Session:
    """The side that has dialled, all of it.

    Args:
        epoch: of whose keys the flight is made.
        typed_address: a person typed it, and it may be another one there.
        patience_s: for the answer to the flight; who has our keys answers at once.
    Raises:
        EnvironmentProblem: no answer, or another session with the same contact stays.
        PeerError: the other side broke the rules.
        MisuseError: the keys of this epoch were erased, or the contact forgotten.
    """
    pipe.set_deadline(patience_s)
    address, port = ANYWHERE if typed_address else (bytes(pipe.remote.address), pipe.remote.port)
    dialler = Dialler(
        dialling_key(known.pair, epoch),
        address=address,
        port=port,
        ephemeral=opener.entropy.draw(EPHEMERAL_BYTES),
        fill=opener.entropy.draw(FLIGHT_FILL_BYTES),
    )
    pipe.send_all(dialler.flight)
    keys = dialler.finish(receive_bytes(pipe, FLIGHT_BYTES))
    pipe.set_deadline(STEP_S)
    session = opener.open(known, Channel(pipe, keys), Role.CALLER)
    return replace(session, typed_address=typed_address)


def answer(
    pipe: Pipe,
    flight: bytes,
    keys: SessionKeys,
    known: Acquaintance,
    opener: "Opener",
    *,
    listening_port: Callable[[], int],
) -> Session:
    """The side that was dialled, from the answer on. `listening_port`: where we listen at any later time.
    Raises as `call`."""
    pipe.set_deadline(STEP_S)
    pipe.send_all(flight)
    session = opener.open(known, Channel(pipe, keys), Role.LISTENER)
    return replace(session, listening_port=listening_port)


class Opener:
    """Opens sessions; any number of threads at once."""

    def __init__(self, *, clock: NodeClock, entropy: Entropy, aes: bool) -> None:
        self.entropy = entropy
        self._clock = clock
        self._aes = aes

    def open(self, known: Acquaintance, channel: Channel, role: Role) -> Session:
        """Raises as `call`; then this session is over, and the pipe is to be closed."""
        try:
            one = _OneOpening(known, channel, self._clock)
            session = one.as_caller(self._aes) if role is Role.CALLER else one.as_listener(self._aes)
            channel.pipe.set_deadline(None)
            channel.pipe.set_patience(PATIENCE_S)  # also for who is there and does not read (M3)
            return session
        except BaseException:
            known.ended(channel)
            raise


class _OneOpening:
    """One side of one opening."""

    def __init__(self, known: Acquaintance, channel: Channel, clock: NodeClock) -> None:
        self._known = known
        self._channel = channel
        self._clock = clock
        self._speaks = 0

    def as_caller(self, aes: bool) -> Session:
        with self._known.turn:
            opening = self._begin(Role.CALLER, aes, self._known.dialled(self._channel))
            self._carry_out(opening, opening.start())
        hello = self._hear_hello()
        with self._known.turn:
            self._known.answered(self._channel, hello)
            self._carry_out(opening, opening.hear(hello))
        return self._session(we_dialled=True)

    def as_listener(self, aes: bool) -> Session:
        hello = self._hear_hello()  # nothing is believed before it has opened (P2)
        with self._known.turn:
            opening = self._begin(Role.LISTENER, aes, self._known.was_dialled(self._channel, hello))
            self._carry_out(opening, opening.hear(hello))
        stored = self._hear()
        with self._known.turn:
            self._carry_out(opening, opening.hear(stored))
        return self._session(we_dialled=False)

    def _begin(self, role: Role, aes: bool, beside: bytes | None) -> Opening:
        reading = self._clock.read()
        return Opening(
            role,
            self._known.contact.kept,
            day=reading.day,
            clock_s=reading.time_s,
            plausible=reading.plausible,
            aes=aes,
            beside=beside,
        )

    def _session(self, *, we_dialled: bool) -> Session:
        with self._known.turn:
            shown, self._known.unshown = self._known.unshown, []
        return Session(
            contact=self._known.contact,
            channel=self._channel,
            we_dialled=we_dialled,
            speaks=self._speaks,
            shown=tuple(shown),
        )

    def _hear_hello(self) -> Hello:
        message = self._hear()
        if not isinstance(message, Hello):
            raise PeerError("session 4.4: a message that is not due")
        return message

    def _hear(self) -> Message:
        kind, body = self._channel.receive(bytearray(CONTROL_SIZES[0]))
        if kind is not Kind.CONTROL:
            raise PeerError("session 4.4: a frame that is not due")
        return decode(bytes(body))

    def _carry_out(self, opening: Opening, effects: Sequence[Effect]) -> None:
        for effect in effects:
            match effect:
                case Store(kept=kept):
                    self._known.keep(self._channel, kept)
                    self._carry_out(opening, opening.stored())
                case Say(message=message):
                    self._channel.send_control(encode(message))
                case UseSuite(aes=aes):
                    self._channel.use_suite(aes=aes)
                case Learned(ahead_s=ahead_s, plausible=plausible):
                    self._clock.learn(self._known.contact.id, ahead_s=ahead_s, plausible=plausible)
                case WentBack() | WeWentBack():
                    self._known.unshown.append(effect)
                case Ready(speaks=speaks):
                    self._speaks = speaks
                case _:
                    assert_never(effect)
