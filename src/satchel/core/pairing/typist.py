"""The side that types the code: it confirms first, and tells at most three hosts.

Each host that answers learns, by our confirmation, whether one code of its choice is ours: so a false
host gets three tries in 2**30, and no more. Spec: docs/spec/code-and-rendezvous.md, section 7.
"""

from dataclasses import dataclass, field
from enum import Enum

from satchel.core.crypto import cpace
from satchel.core.crypto.kdf import same
from satchel.core.pairing.code import SpokenCode
from satchel.core.pairing.exchange import (
    SCALAR_BYTES,
    Secrets,
    code_generator,
    settle,
    share_of,
    typist_flight,
)
from satchel.errors import AccessDenied, MisuseError, PeerError

ANSWERING_HOSTS_MAX = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirm:
    """Send `confirmation` and the session's first message under `psk`, in one go."""

    psk: bytes = field(repr=False)
    confirmation: bytes = field(repr=False)


class State(Enum):
    CALLED = "our flight is out"
    CONFIRMED = "our confirmation is out"
    MATCHED = "the host knows the code"
    FAILED = "this host is not the one"


class Typist:
    """One typed code, and what is left of its three tries."""

    def __init__(self, code: SpokenCode) -> None:
        self._code = code
        self._generator = code_generator(code)
        self._answered = 0

    @property
    def given_up(self) -> bool:
        """Three hosts have answered: another one that matches will not be believed."""
        return self._answered >= ANSWERING_HOSTS_MAX

    def call(self, *, address: bytes, port: int, scalar: bytes, fill: bytes) -> "Call":
        """Begin with one host.

        Args:
            address: the 16-byte address that was dialled; 16 zeros where a person typed it.
            port: and its port; 0 where a person typed it.
            scalar: 32 fresh random bytes.
            fill: 208 fresh random bytes.
        """
        if len(scalar) != SCALAR_BYTES:
            raise MisuseError("a call takes a scalar of 32 random bytes")
        share = cpace.share(self._generator, scalar)
        flight = typist_flight(self._code, share=share, address=address, port=port, fill=fill)
        return Call(self, flight, scalar)

    def spend_try(self) -> None:
        """A host has answered, and our confirmation is about to tell it whether its code is ours."""
        if self.given_up:
            raise AccessDenied(
                "Three devices have answered to this code, and none of them had it.",
                safe="Nothing was received and nothing was given away.",
                do="Compare the code with the other screen and ask for a new one. If it was right, somebody "
                "on this network is trying to take the sender's place.",
            )
        self._answered += 1

    def give_try_back(self) -> None:
        """That host has the code, so our confirmation told it nothing: a bad radio costs no try."""
        self._answered -= 1


class Call:
    """The exchange with one host; dead after an exception."""

    def __init__(self, typist: Typist, flight: bytes, scalar: bytes) -> None:
        self.state = State.CALLED
        self.flight = flight  # send these 256 bytes at once
        self._typist = typist
        self._scalar = scalar
        self._secrets: Secrets | None = None

    def hear_answer(self, answer: bytes) -> Confirm:
        """The host's 256 bytes.

        Raises:
            PeerError: they are not an answer; the host has learnt nothing and is not counted.
            AccessDenied: three hosts have answered before; this one is told nothing.
        """
        if self.state is not State.CALLED:
            raise MisuseError("a host answers once")
        self.state = State.FAILED
        if share_of(answer) == share_of(self.flight):
            raise PeerError("code-and-rendezvous 5.4: our own share came back")
        secrets = settle(scalar=self._scalar, typist_flight=self.flight, host_flight=answer, is_typist=True)
        self._typist.spend_try()
        self._secrets = secrets
        self.state = State.CONFIRMED
        return Confirm(psk=secrets.psk, confirmation=secrets.typist_confirmation)

    def hear_confirmation(self, confirmation: bytes) -> bool:
        """The host's 32 bytes; False: it did not have the code, drop the connection."""
        if self.state is not State.CONFIRMED or self._secrets is None:
            raise MisuseError("a host confirms after the typist")
        secrets, self._secrets = self._secrets, None
        matched = same(confirmation, secrets.host_confirmation)
        if matched:
            self._typist.give_try_back()
        self.state = State.MATCHED if matched else State.FAILED
        return matched
