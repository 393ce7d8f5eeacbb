"""The frames of one pairing over one connection, on both sides; blocking, each call bounded by
`greeting.in_thread`.

The bytes and their order are core's; here they are sent, received and stored. Spec: docs/spec/pairing.md, 4.
"""

from collections.abc import Callable
from typing import Protocol

from satchel.core.pairing import taking as takings
from satchel.core.pairing.agreement import FRAME_BYTES
from satchel.core.pairing.card import Card
from satchel.core.pairing.effects import Effect, Encapsulate, Paired, Send, Taken
from satchel.core.pairing.hosting import Hosting, host_code
from satchel.core.pairing.keys import (
    HOST_RANDOM_BYTES,
    NONCE_BYTES,
    TAKER_COMMITMENT_BYTES,
    HostKeys,
    TakerKeys,
)
from satchel.core.pairing.taking import Taking
from satchel.errors import EnvironmentProblem
from satchel.node import clock
from satchel.node.greeting import STEP_S, receive_bytes
from satchel.ports import Entropy, Pipe


class Keep(Protocol):
    """Keeper.keep."""

    def __call__(self, paired: Paired, *, taker: bytes) -> None: ...


def host(pipe: Pipe, hosting: Hosting, keep: Keep, *, opening: bytes = b"") -> None:
    """All that the taker says, answered. `opening`: what we say first, if it has not left yet.

    Raises EnvironmentProblem, PeerError; the pair may have been stored before.
    """
    pipe.set_deadline(STEP_S)
    pipe.send_all(opening)
    while hosting.expected_bytes:
        said = receive_bytes(pipe, hosting.expected_bytes)
        for effect in hosting.hear(said, clock.monotonic_s()):
            if isinstance(effect, Paired):
                keep(effect, taker=hosting.commitment)
                _send(pipe, hosting.stored())  # [4.7] only now
            else:
                _send(pipe, [effect])


def wait_for_end(pipe: Pipe) -> None:
    """Until the other side has heard all and closes: by closing first we might cut off what is on its way."""
    try:
        pipe.receive_into(memoryview(bytearray(1)))
    except EnvironmentProblem:
        pass
    finally:
        pipe.close()


def take(
    pipe: Pipe, taking: Taking, entropy: Entropy, keep: Callable[[Paired], None], *, opening: bytes = b""
) -> Paired | Taken:
    """From the host's keys on, until the pair is stored here or another one has it. `opening`: what we say
    first, if it has not left yet.

    Raises EnvironmentProblem, PeerError; nothing was stored then.
    """
    pipe.set_deadline(STEP_S)
    pipe.send_all(opening)
    while True:
        effects = taking.hear(receive_bytes(pipe, FRAME_BYTES))
        for effect in effects:
            match effect:
                case Encapsulate(public_key=public_key):
                    _send(pipe, taking.encapsulated(*entropy.encapsulate(public_key)))
                case Paired():
                    keep(effect)
                    return effect
                case Taken():
                    return effect
                case _:
                    _send(pipe, [effect])


def _send(pipe: Pipe, effects: list[Effect]) -> None:
    for effect in effects:
        if isinstance(effect, Send):
            pipe.send_all(effect.data)


class PairingBehind:
    """A pairing behind a code, for its host."""

    expected_bytes = TAKER_COMMITMENT_BYTES

    def __init__(self, card: Card, entropy: Entropy) -> None:
        self._card = card
        self._entropy = entropy

    def answer(self, pipe: Pipe, *, psk: bytes, confirmation: bytes, first_bytes: bytes) -> Hosting:
        hosting = host_code(
            psk,
            keys=HostKeys.from_random(self._entropy.draw(HOST_RANDOM_BYTES)),
            card=self._card,
            commitment=first_bytes,
            nonce=self._entropy.draw(NONCE_BYTES),
            now_s=clock.monotonic_s(),
        )
        pipe.send_all(confirmation + hosting.answer)
        return hosting


class PairingAfterCode:
    """A pairing behind a code, for who types it: `take` goes on with what `finish` returns."""

    def __init__(self, psk: bytes, *, keys: TakerKeys, card: Card) -> None:
        self._taking = takings.take_code(psk, keys=keys, card=card)
        self.first_bytes = self._taking.first_bytes

    def finish(self, _pipe: Pipe) -> Taking:
        return self._taking
