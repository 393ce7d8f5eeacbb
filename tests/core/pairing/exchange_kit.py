"""Both sides of a code exchange with fixed chance, for the tests beside this file."""

import hashlib
from dataclasses import dataclass, field

from satchel.core.pairing.code import SpokenCode
from satchel.core.pairing.exchange import HOST_FILL_BYTES, SCALAR_BYTES, TYPIST_FILL_BYTES
from satchel.core.pairing.host import Answer, Effect, Host, Matched
from satchel.core.pairing.typist import Call, Confirm, Typist

ADDRESS = bytes(10) + b"\xff\xff" + bytes((10, 0, 0, 1))
OTHER_ADDRESS = bytes(10) + b"\xff\xff" + bytes((10, 0, 0, 2))
PORT = 4000
CODE = SpokenCode(482, (11, 222, 733))
WRONG_CODE = SpokenCode(482, (11, 222, 734))  # the right channel, one word off


def drawn(name: str, count: int) -> bytes:
    return hashlib.shake_256(name.encode()).digest(count)


def call(typist: Typist, name: str = "", *, address: bytes = ADDRESS, port: int = PORT) -> Call:
    scalar, fill = drawn(f"typist {name} scalar", SCALAR_BYTES), drawn(f"typist {name}", TYPIST_FILL_BYTES)
    return typist.call(address=address, port=port, scalar=scalar, fill=fill)


def hear(host: Host, flight: bytes, now_s: float, name: str = "") -> list[Effect]:
    return host.hear_flight(
        flight,
        address=ADDRESS,
        port=PORT,
        scalar=drawn(f"host {name} {now_s} scalar", SCALAR_BYTES),
        fill=drawn(f"host {name} {now_s}", HOST_FILL_BYTES),
        now_s=now_s,
    )


def answer(effects: list[Effect]) -> bytes:
    [flight] = [effect.flight for effect in effects if isinstance(effect, Answer)]
    return flight


@dataclass
class Guesser:
    """An attacker who tries codes at a host, each over a connection of its own."""

    host: Host
    now_s: float = 0.0
    answered: int = 0
    effects: list[Effect] = field(default_factory=list)

    def guess(self, code: SpokenCode = WRONG_CODE, *, hang_up: bool = False) -> Confirm | None:
        """One guess, after the pause; None if not one byte was answered."""
        self.now_s += 2.0
        attempt = call(Typist(code), f"guess {self.now_s}")
        self.effects = hear(self.host, attempt.flight, self.now_s)
        if not any(isinstance(effect, Answer) for effect in self.effects):
            return None
        self.answered += 1
        confirm = attempt.hear_answer(answer(self.effects))
        if hang_up:
            self.effects += self.host.lose(self.now_s)
        else:
            self.effects += self.host.hear_confirmation(confirm.confirmation, self.now_s)
        return confirm

    @property
    def matched(self) -> bool:
        return any(isinstance(effect, Matched) for effect in self.effects)
