"""core/session/contact and flight: first flights between contacts, and answers to them (P1, P2)."""

from collections.abc import Iterator

from fuzz.feed import Feed
from fuzz.noise_peer import NoisePeer
from fuzz.vectors import drawn, of_kind
from satchel.core.crypto.curve import x25519_public
from satchel.core.crypto.kdf import mac
from satchel.core.identity.contacts import ContactId
from satchel.core.identity.epochs import Chain, Epochs, Use
from satchel.core.session.contact import (
    Answer,
    ContactKeys,
    Drain,
    MeetingKeys,
    answer,
    dialling_key,
    remember,
)
from satchel.core.session.flight import (
    ANSWER_FILL_BYTES,
    EPHEMERAL_BYTES,
    FLIGHT_BYTES,
    FLIGHT_FILL_BYTES,
    PROOF_BYTES,
    VERSION,
    Dialler,
    check_flight,
)
from satchel.core.session.handshake import NOISE_OVERHEAD_BYTES, Purpose, Statics
from satchel.errors import PeerError

AS_IT_CAME, WITH_A_PROOF, SEALED, ANSWER, SEALED_ANSWER = range(5)
VECTOR = next(of_kind("session", "session"))
EPOCH = VECTOR["epoch"]
CALLER, LISTENER = (bytes.fromhex(VECTOR[name]) for name in ("callers_static", "listeners_static"))
ADDRESS, PORT = bytes.fromhex(VECTOR["own_address"]), VECTOR["own_port"]
END = ADDRESS + PORT.to_bytes(2, "big")
CHAIN = Chain(epoch=VECTOR["chain_epoch"], secret=bytes.fromhex(VECTOR["chain"]))
EPOCHS = Epochs(agreed=EPOCH, speaking=CHAIN, listening=CHAIN)
KEYS = ContactKeys()
KEYS.put(
    ContactId(b"caller"),
    MeetingKeys(statics=Statics(own=LISTENER, theirs=x25519_public(CALLER)), epochs=EPOCHS),
)
KEYS.put(
    ContactId(b"other"), MeetingKeys(statics=Statics(own=CALLER, theirs=x25519_public(CALLER)), epochs=EPOCHS)
)
OWN = dialling_key(
    MeetingKeys(statics=Statics(own=CALLER, theirs=x25519_public(LISTENER)), epochs=EPOCHS), EPOCH
)
EPHEMERAL = bytes.fromhex(VECTOR["initiator_ephemeral"])


def check(data: bytes) -> bool:
    feed = Feed(data)
    kind = feed.number(5)
    if kind in (ANSWER, SEALED_ANSWER):
        return dialler_takes(feed, sealed=kind == SEALED_ANSWER)
    flight = feed.rest() if kind == AS_IT_CAME else proved(feed, sealed=kind == SEALED)
    try:
        keys = KEYS.at(EPOCH * 24 + 12, first=[ContactId(b"caller")])
        recognised = check_flight(flight, keys=keys, address=ADDRESS, port=PORT)
    except PeerError:
        assert len(flight) != FLIGHT_BYTES
        return False
    assert recognised is not None or kind == AS_IT_CAME
    if recognised is None:
        return False
    asked = remember(recognised)
    assert asked.ephemeral == flight[:EPHEMERAL_BYTES]
    chance = {"ephemeral": drawn("e", 32), "fill": bytes(ANSWER_FILL_BYTES)}
    assert answer(recognised, is_remembered=False, **chance) == Drain()
    answered = answer(recognised, is_remembered=True, **chance)
    assert not isinstance(answered, Answer) or len(answered.flight) == FLIGHT_BYTES
    return isinstance(answered, Answer)


def proved(feed: Feed, *, sealed: bool) -> bytes:
    """A flight of somebody who has the chain, with any ephemeral key; `sealed`: and the static key."""
    keys = CHAIN.at(EPOCH + feed.number(2))
    ephemeral = feed.exactly(EPHEMERAL_BYTES)
    proof = mac(keys.key(Use.OPEN), VERSION + ephemeral + END)[:PROOF_BYTES]
    message_1 = ephemeral + feed.exactly(NOISE_OVERHEAD_BYTES - EPHEMERAL_BYTES)
    if sealed:
        bound = VERSION + proof + END
        peer = NoisePeer(keys.key(Use.PSK), Purpose.CONTACT, bound, (CALLER, LISTENER))
        message_1 = peer.message_1(ephemeral, b"")
    return (message_1 + proof).ljust(FLIGHT_BYTES, b"\0")


def dialler_takes(feed: Feed, *, sealed: bool) -> bool:
    dialler = Dialler(
        OWN, address=ADDRESS, port=PORT, ephemeral=EPHEMERAL, fill=bytes.fromhex(VECTOR["flight_fill"])
    )
    said = feed.rest()
    if sealed:
        proof = dialler.flight[NOISE_OVERHEAD_BYTES : NOISE_OVERHEAD_BYTES + PROOF_BYTES]
        peer = NoisePeer(OWN.psk, Purpose.CONTACT, VERSION + proof + END, (CALLER, LISTENER))
        peer.hear(dialler.flight[:NOISE_OVERHEAD_BYTES])
        said = peer.message_2(said[:32].ljust(32, b"\0"), said[32:], initiators_private=EPHEMERAL)
        said = said.ljust(FLIGHT_BYTES, b"\0")
    try:
        keys = dialler.finish(said)
    except PeerError:
        return False
    assert len(said) == FLIGHT_BYTES
    assert len({keys.send, keys.receive, keys.stripe_secret}) == 3
    return True


def seeds() -> Iterator[bytes]:
    for kind in ("session", "flight"):
        for vector in of_kind("session", kind):
            flight = bytes.fromhex(vector["flight"])
            yield bytes((AS_IT_CAME,)) + flight
            yield bytes((WITH_A_PROOF, 0)) + flight[:NOISE_OVERHEAD_BYTES]
            yield bytes((SEALED, 1)) + flight[:EPHEMERAL_BYTES]
    for vector in of_kind("session", "session"):
        yield bytes((ANSWER,)) + bytes.fromhex(vector["answer"])
        yield bytes((SEALED_ANSWER,)) + bytes.fromhex(vector["answer"])[:32]
    yield bytes((SEALED, 0)) + bytes(EPHEMERAL_BYTES)  # of low order
    yield bytes((SEALED_ANSWER,)) + bytes(32)
    yield bytes((SEALED_ANSWER,)) + drawn("e", 32) + bytes(FLIGHT_FILL_BYTES)  # a payload where none belongs
