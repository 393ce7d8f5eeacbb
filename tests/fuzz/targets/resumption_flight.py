"""core/session/resumption: first flights of who has a secret: to a hand-over, or to one more pipe (P1)."""

from collections.abc import Iterator

from fuzz.feed import Feed
from fuzz.noise_peer import NoisePeer
from fuzz.vectors import drawn, of_kind
from satchel.core.crypto.kdf import derive, mac
from satchel.core.session.flight import (
    ANSWER_FILL_BYTES,
    EPHEMERAL_BYTES,
    FLIGHT_BYTES,
    PROOF_BYTES,
    VERSION,
    check_flight,
)
from satchel.core.session.handshake import NOISE_OVERHEAD_BYTES, Purpose
from satchel.core.session.resumption import SecretKey
from satchel.errors import PeerError

AS_IT_CAME, WITH_A_PROOF, SEALED = range(3)
LABELS = {
    Purpose.RESUMPTION: (b"resume", b"receiver"),
    Purpose.STRIPE: (b"stripe", b"receiver"),
    Purpose.DELIVERY: (b"delivery", b"dialler"),
    Purpose.DELIVERY_STRIPE: (b"delivery stripe", b"dialler"),
    Purpose.CUSTODY: (b"custody", b"dialler"),
}
PURPOSES = tuple(LABELS)
VECTOR = next(of_kind("transport", "resumption"))
SECRETS = [bytes.fromhex(VECTOR["secret"]), drawn("another secret", 32)]
KEYS = [[SecretKey.of(secret, purpose) for secret in SECRETS] for purpose in PURPOSES]
ADDRESS = bytes.fromhex(VECTOR["own_address"])
PORT = VECTOR["own_port"]
END = ADDRESS + PORT.to_bytes(2, "big")


def check(data: bytes) -> bool:
    feed = Feed(data)
    place, kind = divmod(feed.number(3 * len(PURPOSES)), 3)
    flight = feed.rest() if kind == AS_IT_CAME else proved(feed, place, sealed=kind == SEALED)
    try:
        found = [check_flight(flight, keys=keys, address=ADDRESS, port=PORT) for keys in KEYS]
    except PeerError:
        assert len(flight) != FLIGHT_BYTES
        return False
    recognised = found[place]
    assert recognised is not None or kind == AS_IT_CAME
    assert sum(one is not None for one in found) <= 1  # a flight is for one purpose
    if recognised is None:
        return False
    assert recognised.ephemeral == flight[:EPHEMERAL_BYTES]
    try:
        answer, _ = recognised.accept(ephemeral=drawn("e", 32), fill=bytes(ANSWER_FILL_BYTES))
    except PeerError:
        return False
    assert len(answer) == FLIGHT_BYTES
    return True


def proved(feed: Feed, place: int, *, sealed: bool) -> bytes:
    """A flight of somebody who has a secret, with any ephemeral key; `sealed`: and a good tag."""
    secret = SECRETS[feed.number(2)]
    name, who = LABELS[PURPOSES[place]]
    open_key, psk = (derive(secret, b"satchel %s %s %s 1" % (name, use, who)) for use in (b"open", b"psk"))
    ephemeral = feed.exactly(EPHEMERAL_BYTES)
    proof = mac(open_key, VERSION + ephemeral + END)[:PROOF_BYTES]
    message_1 = ephemeral + feed.exactly(NOISE_OVERHEAD_BYTES - EPHEMERAL_BYTES)
    if sealed:
        peer = NoisePeer(psk, PURPOSES[place], VERSION + proof + END)
        message_1 = peer.message_1(ephemeral, b"")
    return (message_1 + proof).ljust(FLIGHT_BYTES, b"\0")


def seeds() -> Iterator[bytes]:
    for kind in ("flight", "resumption", "stripe"):
        for vector in of_kind("transport", kind):
            flight = bytes.fromhex(vector["flight"])
            further = 3 * (kind == "stripe" or vector.get("purpose") == "STRIPE")
            yield bytes((further + AS_IT_CAME,)) + flight
            yield bytes((further + WITH_A_PROOF, 0)) + flight[:NOISE_OVERHEAD_BYTES]
            yield bytes((further + SEALED, 1)) + flight[:EPHEMERAL_BYTES]
    for place in range(len(PURPOSES)):
        yield bytes((3 * place + WITH_A_PROOF, 0)) + bytes(NOISE_OVERHEAD_BYTES)
        yield bytes((3 * place + SEALED, 0)) + drawn("e", EPHEMERAL_BYTES)
        yield bytes((3 * place + SEALED, 0)) + bytes(EPHEMERAL_BYTES)  # of low order
