"""Both sides of a pairing with fixed chance, and what carries their bytes, for the tests beside this file."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from core.pairing.exchange_kit import ADDRESS, PORT, drawn
from satchel.core.crypto.curve import x25519_public
from satchel.core.crypto.kem import encapsulate
from satchel.core.identity.pair import Pair
from satchel.core.pairing.agreement import FRAME_BYTES
from satchel.core.pairing.card import Card
from satchel.core.pairing.effects import Effect, Encapsulate, Paired, Send
from satchel.core.pairing.hosting import Hosting, host_code
from satchel.core.pairing.keys import (
    HOST_RANDOM_BYTES,
    NONCE_BYTES,
    TAKER_RANDOM_BYTES,
    HostKeys,
    TakerKeys,
)
from satchel.core.pairing.picture import FILL_BYTES, Picture
from satchel.core.pairing.picture_host import PICTURE_RANDOM_BYTES, Begun, PictureHost
from satchel.core.pairing.picture_host import Effect as HostEffect
from satchel.core.pairing.taking import PictureTaker, Taking, take_code

ENDS = ((ADDRESS, PORT),)
HOST_CARD = Card(day=20_800, language="fr", name="Amélie")
TAKER_CARD = Card(day=20_801, language="fr", name="باران")
PSK = drawn("psk of the code", 32)


def shown(name: str = "host", *, card: Card = HOST_CARD, now_s: float = 0.0) -> PictureHost:
    return PictureHost(drawn(f"picture {name}", PICTURE_RANDOM_BYTES), ends=ENDS, card=card, now_s=now_s)


def taker_keys(name: str = "taker") -> TakerKeys:
    return TakerKeys.from_random(drawn(f"keys of {name}", TAKER_RANDOM_BYTES))


def host_keys(name: str = "host") -> HostKeys:
    return HostKeys.from_random(drawn(f"keys of {name}", HOST_RANDOM_BYTES))


def scan(picture: Picture, name: str = "taker", *, card: Card = TAKER_CARD) -> Taking:
    """Somebody's camera: what it sees is a text."""
    fill = drawn(f"fill {name}", FILL_BYTES)
    seen = Picture.parse(picture.text())
    return PictureTaker(seen, keys=taker_keys(name), card=card).call(address=ADDRESS, port=PORT, fill=fill)


def come(host: PictureHost, flight: bytes, name: str = "", *, now_s: float = 0.0) -> list[HostEffect]:
    nonce = drawn(f"nonce {name}", NONCE_BYTES)
    return host.hear_flight(flight, address=ADDRESS, port=PORT, nonce=nonce, now_s=now_s)


def begun(effects: list[HostEffect]) -> Hosting:
    [exchange] = [effect.exchange for effect in effects if isinstance(effect, Begun)]
    return exchange


def by_code(name: str = "") -> tuple[Taking, Hosting]:
    """What follows a code that matched."""
    taking = take_code(PSK, keys=taker_keys(f"typist {name}"), card=TAKER_CARD)
    hosting = host_code(
        PSK,
        keys=host_keys(f"by code {name}"),
        card=HOST_CARD,
        commitment=taking.first_bytes,
        nonce=drawn(f"nonce {name}", NONCE_BYTES),
        now_s=0.0,
    )
    return taking, hosting


def sent(effects: list[Effect]) -> bytes:
    return b"".join(effect.data for effect in effects if isinstance(effect, Send))


def paired(effects: list[Effect]) -> Paired:
    [pair] = [effect for effect in effects if isinstance(effect, Paired)]
    return pair


def taker_hears(taking: Taking, frame: bytes) -> list[Effect]:
    """With what the port does for it."""
    effects = taking.hear(frame)
    for effect in list(effects):
        if isinstance(effect, Encapsulate):
            effects += taking.encapsulated(*encapsulate(effect.public_key))
    return effects


Change = Callable[[int, bytes], list[bytes]]  # number of the frame and the frame; what arrives instead


def unchanged(number: int, frame: bytes) -> list[bytes]:
    return [frame]


@dataclass
class Talk:
    """One connection between two honest sides. `change` sits between: it may lose, repeat and write."""

    taking: Taking
    hosting: Hosting
    change: Change = unchanged
    at_taker: list[Effect] = field(default_factory=list)
    at_host: list[Effect] = field(default_factory=list)
    frames: list[bytes] = field(default_factory=list)

    def run(self) -> "Talk":
        to_taker, to_host = [self.hosting.answer], b""
        while to_taker:
            for frame in self._arriving(to_taker):
                effects = taker_hears(self.taking, frame)
                self.at_taker += effects
                said = sent(effects)
                frames = [said[at : at + FRAME_BYTES] for at in range(0, len(said), FRAME_BYTES)]
                to_host += b"".join(self._arriving(frames))
            to_taker = []
            while self.hosting.expected_bytes and len(to_host) >= self.hosting.expected_bytes:
                heard = to_host[: self.hosting.expected_bytes]
                to_host = to_host[self.hosting.expected_bytes :]
                effects = self.hosting.hear(heard, 1.0)
                if any(isinstance(effect, Paired) for effect in effects):
                    effects += self.hosting.stored()
                self.at_host += effects
                said = sent(effects)
                to_taker += [said] if said else []
        return self

    def _arriving(self, frames: list[bytes]) -> list[bytes]:
        arriving = []
        for frame in frames:
            self.frames.append(frame)
            arriving += self.change(len(self.frames), frame)
        return arriving

    @property
    def pairs(self) -> tuple[Pair, Pair]:
        """The taker's and the host's."""
        return paired(self.at_taker).pair, paired(self.at_host).pair

    @property
    def nobody_paired(self) -> bool:
        return not any(isinstance(effect, Paired) for effect in self.at_taker + self.at_host)


def by_picture(change: Change = unchanged, *, taker: Card = TAKER_CARD, host: Card = HOST_CARD) -> Talk:
    there = shown(card=host)
    taking = scan(there.picture, card=taker)
    return Talk(taking, begun(come(there, taking.first_bytes)), change).run()


def fits(taker: Pair, host: Pair) -> bool:
    """Whether the two are the two sides of one pair."""
    return (
        x25519_public(taker.static) == host.their_static
        and x25519_public(host.static) == taker.their_static
        and taker.epochs
        == replace(host.epochs, speaking=host.epochs.listening, listening=host.epochs.speaking)
        and taker.letters_speaking == host.letters_listening
        and taker.letters_listening == host.letters_speaking
        and taker.proof is host.proof
    )
