"""Both sides of a session with fixed chance, for the tests beside this file."""

import hashlib

from satchel.core.crypto.aead import Suite
from satchel.core.crypto.curve import x25519_public
from satchel.core.crypto.kem import encapsulate
from satchel.core.session.frames import PLAIN_BYTES_MAX, Kind, Opener, Sealer
from satchel.core.session.handshake import Initiator, Purpose, Responder, SessionKeys, Statics

PSK = hashlib.sha256(b"psk").digest()


def drawn(name: str, count: int) -> bytes:
    return hashlib.shake_256(name.encode()).digest(count)


def statics(own: str, theirs: str) -> Statics:
    return Statics(own=drawn(own, 32), theirs=x25519_public(drawn(theirs, 32)))


def initiator(
    purpose: Purpose = Purpose.CODE,
    *,
    psk: bytes = PSK,
    bound: bytes = b"",
    ephemeral: bytes = drawn("e initiator", 32),
) -> Initiator:
    seed = drawn("kem seed", 64) if purpose.is_hybrid else b""
    return Initiator(
        psk,
        purpose=purpose,
        ephemeral=ephemeral,
        kem_seed=seed,
        bound=bound,
        statics=statics("s initiator", "s responder") if purpose.has_statics else None,
    )


def responder(purpose: Purpose = Purpose.CODE, *, psk: bytes = PSK, bound: bytes = b"") -> Responder:
    return Responder(
        psk,
        purpose=purpose,
        ephemeral=drawn("e responder", 32),
        bound=bound,
        statics=statics("s responder", "s initiator") if purpose.has_statics else None,
    )


def answer(there: Responder, message_1: bytes) -> tuple[bytes, SessionKeys]:
    public = there.hear(message_1)
    secret, ciphertext = encapsulate(public) if public else (b"", b"")
    return there.answer(kem_secret=secret, ciphertext=ciphertext)


def in_talk(secret: bytes, suite: Suite = Suite.CHACHA20_POLY1305) -> tuple[Sealer, Opener]:
    """Both ends of one direction, after the first frame and with a suite agreed on."""
    sealer, opener = Sealer(secret), Opener(secret)
    open_frame(opener, sealer.control(b"hello"))
    sealer.agree(suite)
    opener.agree(suite)
    return sealer, opener


def open_frame(opener: Opener, frame: bytes | bytearray | memoryview) -> tuple[Kind, bytes]:
    """As the node does it: four bytes first, then what they say."""
    frame = bytes(frame)
    length = opener.sealed_length(frame[:4])
    assert length == len(frame) - 4
    kind, body = opener.open(memoryview(frame)[4:], bytearray(PLAIN_BYTES_MAX))
    return kind, bytes(body)
