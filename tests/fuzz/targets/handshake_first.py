"""core/session/handshake and core/crypto/kem: the first message of a session, heard by who was dialled."""

from collections.abc import Iterator

from fuzz.feed import Feed
from fuzz.noise_peer import NoisePeer
from fuzz.vectors import drawn, of_kind
from satchel.core.crypto.kem import encapsulate, kem_public
from satchel.core.session.handshake import EPHEMERAL_BYTES, Purpose, Responder
from satchel.errors import PeerError

AS_IT_CAME = 0
PSK = bytes.fromhex(next(of_kind("transport", "handshake"))["psk"])
BOUND = b"bound"
PURPOSES = (Purpose.RESUMPTION, Purpose.CODE, Purpose.STRIPE)


def check(data: bytes) -> bool:
    feed = Feed(data)
    purpose = PURPOSES[feed.number(3)]
    bound = b"" if purpose.is_hybrid else BOUND
    there = Responder(PSK, purpose=purpose, ephemeral=drawn("responder", EPHEMERAL_BYTES), bound=bound)
    payload: bytes | None = None
    if feed.number(2) == AS_IT_CAME:
        message = feed.rest()
    else:
        ephemeral, payload = feed.exactly(32), feed.rest()
        message = NoisePeer(PSK, purpose, bound).message_1(ephemeral, payload)
    try:
        public = there.hear(message)
        assert payload is None or public == payload
        assert len(message) == purpose.message_1_bytes
        secret, ciphertext = encapsulate(public) if purpose.is_hybrid else (b"", b"")
        message_2, _ = there.answer(kem_secret=secret, ciphertext=ciphertext)
    except PeerError:
        return False
    assert len(message_2) == purpose.message_2_bytes
    return True


def seeds() -> Iterator[bytes]:
    for kind in ("first_message", "handshake"):
        for vector in of_kind("transport", kind):
            which = PURPOSES.index(Purpose[vector["purpose"]])
            message = bytes.fromhex(vector["message_1"])
            yield bytes((which, AS_IT_CAME)) + message
            yield bytes((which, 1)) + message[:32]  # a sealed one with this key
    public = kem_public(drawn("kem seed", 64))
    yield bytes((1, 1)) + drawn("ephemeral", 32) + public
    yield bytes((1, 1)) + bytes(32) + public  # of low order
    yield bytes((1, 1)) + drawn("ephemeral", 32) + b"\xff" * len(public)  # no coefficient below 3329
