"""core/session: the answer to a first message, heard by who dialled, for each purpose."""

from collections.abc import Iterator

from fuzz.feed import Feed
from fuzz.noise_peer import NoisePeer
from fuzz.targets.code_flight import ADDRESS, PORT
from fuzz.vectors import drawn, of_kind
from satchel.core.session.flight import FLIGHT_FILL_BYTES, Dialler
from satchel.core.session.handshake import EPHEMERAL_BYTES, KEM_SEED_BYTES, Initiator, Purpose
from satchel.core.session.resumption import SecretKey
from satchel.errors import PeerError

AS_IT_CAME, SEALED, DIALLER = range(3)
PSK = bytes.fromhex(next(of_kind("transport", "handshake"))["psk"])
EPHEMERAL = bytes.fromhex(next(of_kind("transport", "handshake"))["initiator_ephemeral"])
KEM_SEED = bytes.fromhex(next(of_kind("transport", "handshake"))["kem_seed"])
PURPOSES = (Purpose.RESUMPTION, Purpose.CODE, Purpose.STRIPE)


def check(data: bytes) -> bool:
    feed = Feed(data)
    purpose = PURPOSES[feed.number(3)]
    kind = feed.number(3)
    if kind == DIALLER:
        return dialler_takes(feed.rest(), Purpose.RESUMPTION if purpose.is_hybrid else purpose)
    seed = KEM_SEED if purpose.is_hybrid else b""
    bound = b"" if purpose.is_hybrid else b"bound"
    here = Initiator(PSK, purpose=purpose, ephemeral=EPHEMERAL, kem_seed=seed, bound=bound)
    if kind == AS_IT_CAME:
        answer = feed.rest()
    else:
        peer = NoisePeer(PSK, purpose, bound)
        peer.hear(here.message_1)
        answer = peer.message_2(feed.exactly(32), feed.rest(), initiators_private=EPHEMERAL)
    try:
        keys = here.finish(answer)
    except PeerError:
        return False
    assert len(answer) == purpose.message_2_bytes
    assert len({keys.send, keys.receive, keys.resumption_secret, keys.stripe_secret}) == 4
    return True


def dialler_takes(answer: bytes, purpose: Purpose) -> bool:
    fill = bytes(FLIGHT_FILL_BYTES)
    ephemeral = drawn("e", EPHEMERAL_BYTES)
    key = SecretKey.of(PSK, purpose)
    here = Dialler(key, address=ADDRESS, port=PORT, ephemeral=ephemeral, fill=fill)
    try:
        here.finish(answer)
    except PeerError:
        return False
    return True


def seeds() -> Iterator[bytes]:
    assert len(KEM_SEED) == KEM_SEED_BYTES
    for kind in ("second_message", "handshake"):
        for vector in of_kind("transport", kind):
            which = PURPOSES.index(Purpose[vector["purpose"]])
            message = bytes.fromhex(vector["message_2"])
            yield bytes((which, AS_IT_CAME)) + message
            yield bytes((which, SEALED)) + message[:32] + bytes.fromhex(vector.get("ciphertext", ""))
    for which, kind in ((0, "resumption"), (2, "stripe")):
        for vector in of_kind("transport", kind):
            yield bytes((which, DIALLER)) + bytes.fromhex(vector["answer"])
    yield bytes((1, SEALED)) + bytes(32 + 1088)
