"""From a connected pipe to session keys, on both sides; blocking, each call bounded by `in_thread`.

The bytes and their order are core's (pairing, session); here they are only sent and received.
"""

import asyncio
import threading
from collections.abc import Callable, Iterable
from functools import partial
from typing import ParamSpec, Protocol, TypeVar

from satchel.core.pairing import exchange
from satchel.core.pairing.typist import Typist
from satchel.core.session import flight as flights
from satchel.core.session.handshake import (
    EPHEMERAL_BYTES,
    KEM_SEED_BYTES,
    Initiator,
    Purpose,
    Responder,
    SessionKeys,
)
from satchel.core.session.resumption import SecretKey
from satchel.errors import EnvironmentProblem, PeerError
from satchel.node.own_thread import in_own_thread
from satchel.ports import Endpoint, Entropy, Pipe

STEP_S = 10.0  # for each answer of the other side; a guess that takes longer is a wrong one
WHOLE_S = STEP_S + 1.0  # and for all of it: who sends a byte now and then would else never be done (P3)


P = ParamSpec("P")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


async def in_thread(pipe: Pipe, call: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
    """Run one of the calls below beside the loop, for WHOLE_S at most: then the pipe is closed, and the
    call ends as for somebody who does not answer. So it is when the wait is cancelled."""
    closing = asyncio.get_running_loop().call_later(WHOLE_S, pipe.close)
    try:
        return await in_own_thread(call, *args, **named)
    except asyncio.CancelledError:
        pipe.close()
        raise
    finally:
        closing.cancel()


class NotTheOne(Exception):
    """Somebody answered who does not have what we have."""


def receive_bytes(pipe: Pipe, count: int) -> bytes:
    buffer = bytearray(count)
    pipe.receive_all(memoryview(buffer))
    return bytes(buffer)


class AfterCode(Protocol[T_co]):
    """What begins as soon as a code is confirmed: a session, or a pairing."""

    first_bytes: bytes  # leave together with the typist's confirmation

    def finish(self, pipe: Pipe) -> T_co:
        """The host has confirmed as well. Raises EnvironmentProblem, PeerError."""
        ...


class Behind(Protocol[T_co]):
    """What lies behind a code, for its host: the other side of AfterCode."""

    expected_bytes: int  # what comes behind the typist's confirmation

    def answer(self, pipe: Pipe, *, psk: bytes, confirmation: bytes, first_bytes: bytes) -> T_co:
        """The right code was typed: our confirmation leaves, together with the first answer.

        Raises PeerError, EnvironmentProblem.
        """
        ...


class TypedCode(Protocol):
    """One code, with which several hosts may be greeted at the same time, each in a thread."""

    typist: Typist
    turn: threading.Lock  # guards the typist, and who is told

    def may_be(self, endpoint: Endpoint) -> bool:
        """Whether this may be another device than those that were told our confirmation."""
        ...

    def tell(self, endpoint: Endpoint) -> None:
        """Our confirmation is about to leave."""
        ...

    def is_right(self, endpoint: Endpoint) -> None:
        """It had our code: what it was told counts no more."""
        ...


def greet_with_code(
    pipe: Pipe,
    typed: TypedCode,
    entropy: Entropy,
    begin: Callable[[bytes], AfterCode[T]],
    *,
    typed_address: bool,
) -> T:
    """The typist's side of a fresh code. `begin`: with the psk, what comes behind the code.

    Raises:
        NotTheOne: the host answered and did not have our code; it has learnt that we have not its.
        EnvironmentProblem: no answer.
    """
    pipe.set_deadline(STEP_S)
    address, port = exchange.ANYWHERE if typed_address else (bytes(pipe.remote.address), pipe.remote.port)
    call = typed.typist.call(
        address=address,
        port=port,
        scalar=entropy.draw(exchange.SCALAR_BYTES),
        fill=entropy.draw(exchange.TYPIST_FILL_BYTES),
    )
    pipe.send_all(call.flight)
    answer = receive_bytes(pipe, exchange.FLIGHT_BYTES)
    with typed.turn:
        if not typed.may_be(pipe.remote):  # by another address: one typing mistake is one guess
            raise EnvironmentProblem("This device may have been told already.")
        confirm = call.hear_answer(answer)
        typed.tell(pipe.remote)
    after = begin(confirm.psk)
    try:
        pipe.send_all(confirm.confirmation + after.first_bytes)
        confirmation = receive_bytes(pipe, exchange.CONFIRMATION_BYTES)
        with typed.turn:
            if not call.hear_confirmation(confirmation):
                raise NotTheOne
            typed.is_right(pipe.remote)
        return after.finish(pipe)
    except (EnvironmentProblem, PeerError) as silence:  # a wrong code is answered by silence
        raise NotTheOne from silence


def answer_guess(pipe: Pipe, flight: bytes, expected_bytes: int) -> tuple[bytes, bytes]:
    """The host's share leaves; returns the typist's confirmation and the bytes behind it."""
    pipe.set_deadline(STEP_S)
    pipe.send_all(flight)
    confirmation = receive_bytes(pipe, exchange.CONFIRMATION_BYTES)
    return confirmation, receive_bytes(pipe, expected_bytes)


class SessionAfterCode:
    """A hand-over behind a code: the receiver's side of its session."""

    def __init__(self, psk: bytes, entropy: Entropy) -> None:
        self._initiator = Initiator(
            psk,
            purpose=Purpose.CODE,
            ephemeral=entropy.draw(EPHEMERAL_BYTES),
            kem_seed=entropy.draw(KEM_SEED_BYTES),
        )
        self.first_bytes = self._initiator.message_1

    def finish(self, pipe: Pipe) -> SessionKeys:
        return self._initiator.finish(receive_bytes(pipe, Purpose.CODE.message_2_bytes))


def begin_session(entropy: Entropy) -> Callable[[bytes], SessionAfterCode]:
    """What greet_with_code takes for a hand-over."""
    return partial(SessionAfterCode, entropy=entropy)


class SessionBehind:
    """A hand-over behind a code: the sender's side of its session."""

    expected_bytes = Purpose.CODE.message_1_bytes

    def __init__(self, entropy: Entropy) -> None:
        self._entropy = entropy

    def answer(self, pipe: Pipe, *, psk: bytes, confirmation: bytes, first_bytes: bytes) -> SessionKeys:
        responder = Responder(psk, purpose=Purpose.CODE, ephemeral=self._entropy.draw(EPHEMERAL_BYTES))
        secret, ciphertext = self._entropy.encapsulate(responder.hear(first_bytes))
        message_2, keys = responder.answer(kem_secret=secret, ciphertext=ciphertext)
        pipe.send_all(confirmation + message_2)
        return keys


def greet_again(
    pipe: Pipe,
    secret: bytes,
    entropy: Entropy,
    *,
    typed_address: bool,
    purpose: Purpose = Purpose.RESUMPTION,
) -> SessionKeys:
    """The receiver's side of a resumption, or of a further pipe of a session (STRIPE). Raises
    EnvironmentProblem for no answer, PeerError."""
    pipe.set_deadline(STEP_S)
    address, port = flights.ANYWHERE if typed_address else (bytes(pipe.remote.address), pipe.remote.port)
    dialler = flights.Dialler(
        SecretKey.of(secret, purpose),
        address=address,
        port=port,
        ephemeral=entropy.draw(EPHEMERAL_BYTES),
        fill=entropy.draw(flights.FLIGHT_FILL_BYTES),
    )
    pipe.send_all(dialler.flight)
    return dialler.finish(receive_bytes(pipe, flights.FLIGHT_BYTES))


def answer_again(pipe: Pipe, recognised: flights.Recognised[SecretKey], entropy: Entropy) -> SessionKeys:
    """The sender's side of a resumption or of a further pipe. Raises PeerError before a byte is sent."""
    pipe.set_deadline(STEP_S)
    answer, keys = recognised.accept(
        ephemeral=entropy.draw(EPHEMERAL_BYTES), fill=entropy.draw(flights.ANSWER_FILL_BYTES)
    )
    pipe.send_all(answer)
    return keys


def secrets_of(heads: Iterable[tuple[bytes, bytes | None]]) -> list[bytes]:
    """(secret, older secret) of records, as check_flight takes them: the newest first."""
    pairs = list(heads)
    return [new for new, _ in pairs] + [older for _, older in pairs if older is not None]
