"""Sessions between contacts: who may come in, with which day's keys, and only once."""

from dataclasses import replace

import pytest

from core.session.contact_kit import (
    CONTACT,
    EPOCH,
    HERE,
    HOUR,
    THERE,
    Memory,
    dial,
    greet,
    meet,
    pair_of,
    recognise,
)
from core.session.session_kit import drawn, open_frame
from fuzz.noise_peer import NoisePeer
from satchel.core.crypto.curve import x25519_public
from satchel.core.crypto.kdf import mac
from satchel.core.session.contact import (
    Answer,
    Drain,
    MeetingKeys,
    dialling_key,
)
from satchel.core.session.flight import (
    ANSWER_FILL_BYTES,
    ANYWHERE,
    FLIGHT_FILL_BYTES,
    Dialler,
    End,
    check_flight,
)
from satchel.core.session.frames import Opener, Sealer
from satchel.core.session.handshake import Purpose, Statics
from satchel.core.session.resumption import SecretKey
from satchel.errors import MisuseError, PeerError

AMINA, BILAL = pair_of("amina", "bilal"), pair_of("bilal", "amina")


def test_two_contacts_have_the_same_keys_crosswise() -> None:
    met = meet(AMINA, BILAL)
    assert met is not None
    ours, theirs = met
    assert (ours.send, ours.receive) == (theirs.receive, theirs.send)
    assert ours.session_hash == theirs.session_hash
    frame = Sealer(ours.send).control(b"I am here")
    assert open_frame(Opener(theirs.receive), frame)[1] == b"I am here"


def test_p1_a_flight_and_its_answer_have_256_bytes() -> None:
    dialler = dial(AMINA)
    recognised = recognise(BILAL, dialler.flight)
    assert recognised is not None
    assert (recognised.key.contact, recognised.key.epoch) == (CONTACT, EPOCH)
    answered = greet(recognised, Memory())
    assert isinstance(answered, Answer)
    assert (len(dialler.flight), len(answered.flight)) == (256, 256)


# --- who does not come in --------------------------------------------------------------------------


def test_p2_a_replay_is_drained_at_the_same_address() -> None:
    memory = Memory()
    flight = dial(AMINA).flight
    for number, expected in enumerate((Answer, Drain, Drain)):
        again = flight[:64] + drawn(f"other filling {number}", FLIGHT_FILL_BYTES)
        recognised = recognise(BILAL, again)
        assert recognised is not None
        assert isinstance(greet(recognised, memory), expected)


@pytest.mark.parametrize("end", [THERE, (HERE[0], 4001), (THERE[0], HERE[1]), ANYWHERE])
def test_p1_a_recorded_flight_tells_nothing_at_another_address(end: End) -> None:
    """P1: else whoever recorded it here could ask for the same person elsewhere."""
    assert recognise(BILAL, dial(AMINA).flight, end=end) is None


def test_a_typed_address_is_bound_to_no_end_and_still_used_once() -> None:
    memory = Memory()
    flight = dial(AMINA, end=ANYWHERE).flight
    for end, expected in ((HERE, Answer), (THERE, Drain)):
        recognised = recognise(BILAL, flight, end=end)
        assert recognised is not None
        assert isinstance(greet(recognised, memory), expected)


def test_p1_a_flight_of_another_day_is_a_strangers() -> None:
    flight = dial(AMINA).flight
    later = replace(BILAL, epochs=BILAL.epochs.agree(EPOCH + 9, EPOCH + 9, stored=EPOCH + 9))
    assert recognise(BILAL, flight, hour=HOUR + 72) is not None  # still the agreed one
    for hour in (None, HOUR, HOUR + 24 * 9):
        assert recognise(later, flight, hour=hour) is None  # W4: erased, so nobody can tell any more


def test_p2_a_flight_of_another_pair_is_a_strangers() -> None:
    for own, other in (("amina", "chen"), ("chen", "bilal"), ("chen", "dana")):
        assert recognise(BILAL, dial(pair_of(own, other)).flight) is None


def test_p2_a_flight_is_no_answer_and_comes_not_back_as_a_flight() -> None:
    """Reflected at who sent it, as an answer and as a flight; and made with the other direction's keys."""
    dialler = dial(AMINA)
    assert recognise(AMINA, dialler.flight) is None
    with pytest.raises(PeerError):
        dialler.finish(dialler.flight)
    assert recognise(BILAL, dial(BILAL).flight) is None


def other_statics(pair: MeetingKeys, **changed: bytes) -> MeetingKeys:
    return replace(pair, statics=replace(pair.statics, **changed))


def test_p2_who_stole_the_chains_but_no_static_key_gets_no_answer() -> None:
    """P2: open keys and psks of every day, and yet not this person."""
    thief = other_statics(AMINA, own=drawn("thief", 32))
    recognised = recognise(BILAL, dial(thief).flight)
    assert recognised is not None
    assert isinstance(greet(recognised, Memory()), Drain)


def test_p2_who_stole_the_chains_cannot_listen_as_the_contact() -> None:
    dialler = dial(AMINA)
    thief = other_statics(BILAL, own=drawn("thief", 32))
    recognised = recognise(thief, dialler.flight)
    assert recognised is not None
    with pytest.raises(PeerError):  # it cannot even read the flight
        recognised.accept(ephemeral=drawn("e", 32), fill=bytes(ANSWER_FILL_BYTES))
    statics = (drawn("static of amina for bilal", 32), drawn("thief", 32))
    forger = NoisePeer(dialling_key(AMINA, EPOCH).psk, Purpose.CONTACT, bound_of(dialler.flight), statics)
    forger.hear(dialler.flight[:48])
    e = drawn("forged e", 32)
    forged = forger.message_2(x25519_public(e), b"", initiators_private=drawn("e", 32))
    with pytest.raises(PeerError):
        dialler.finish(forged + bytes(ANSWER_FILL_BYTES))


def bound_of(flight: bytes, end: End = HERE) -> bytes:
    return b"\x01" + flight[48:64] + end[0] + end[1].to_bytes(2, "big")


def test_p2_who_stole_a_static_key_but_no_chain_is_not_even_recognised() -> None:
    thief = replace(pair_of("amina", "thief"), statics=AMINA.statics)
    assert recognise(BILAL, dial(thief).flight) is None


def test_p2_the_open_key_without_the_psk_gets_no_answer() -> None:
    """The two are derived apart: a leaked open key lets nobody in."""
    key = replace(dialling_key(AMINA, EPOCH), psk=drawn("guessed", 32))
    address, port = HERE
    flight = Dialler(
        key, address=address, port=port, ephemeral=drawn("e", 32), fill=bytes(FLIGHT_FILL_BYTES)
    ).flight
    recognised = recognise(BILAL, flight)
    assert recognised is not None
    assert isinstance(greet(recognised, Memory()), Drain)


@pytest.mark.parametrize("byte", range(32, 48, 5))
def test_p1_a_good_proof_with_a_bad_noise_message_is_drained(byte: int) -> None:
    flight = bytearray(dial(AMINA).flight)
    flight[byte] ^= 1
    recognised = recognise(BILAL, bytes(flight))
    assert recognised is not None
    memory = Memory()
    assert isinstance(greet(recognised, memory), Drain)
    # And it has used the key up: the same flight with the right tag is a replay now.
    recognised = recognise(BILAL, dial(AMINA).flight)
    assert recognised is not None
    assert isinstance(greet(recognised, memory), Drain)


@pytest.mark.parametrize("byte", [*range(0, 32, 5), *range(48, 64, 5)])
def test_p1_a_flipped_bit_in_key_or_proof_is_a_strangers(byte: int) -> None:
    flight = bytearray(dial(AMINA).flight)
    flight[byte] ^= 1
    assert recognise(BILAL, bytes(flight)) is None


@pytest.mark.parametrize("byte", [0, 31, 32, 47])
def test_p2_a_flipped_bit_in_the_answer_is_refused(byte: int) -> None:
    dialler = dial(AMINA)
    recognised = recognise(BILAL, dialler.flight)
    assert recognised is not None
    answered = greet(recognised, Memory())
    assert isinstance(answered, Answer)
    changed = bytearray(answered.flight)
    changed[byte] ^= 1
    with pytest.raises(PeerError):
        dialler.finish(bytes(changed))


@pytest.mark.parametrize("point", [bytes(32), b"\x01" + bytes(31)])
def test_p2_keys_of_low_order_are_refused(point: bytes) -> None:
    """As an ephemeral key, with a good proof and a tag that everybody can compute, and as a static one."""
    key = dialling_key(AMINA, EPOCH)
    proof = mac(key.open, b"\x01" + point + HERE[0] + HERE[1].to_bytes(2, "big"))[:16]
    statics = (AMINA.statics.own, BILAL.statics.own)
    bound = b"\x01" + proof + HERE[0] + HERE[1].to_bytes(2, "big")
    peer = NoisePeer(key.psk, Purpose.CONTACT, bound, statics)
    recognised = recognise(BILAL, peer.message_1(point, b"") + proof + bytes(FLIGHT_FILL_BYTES))
    assert recognised is not None
    with pytest.raises(PeerError, match="low order"):
        recognised.accept(ephemeral=drawn("e", 32), fill=bytes(ANSWER_FILL_BYTES))
    with pytest.raises(PeerError, match="low order"):
        dial(other_statics(AMINA, theirs=point))


@pytest.mark.parametrize("purpose", [one for one in Purpose if one not in (Purpose.CODE, Purpose.CONTACT)])
def test_p2_a_flight_for_one_purpose_never_opens_another(purpose: Purpose) -> None:
    """A contact's secret taken for a record's, and the reverse: other labels, patterns and proofs."""
    address, port = HERE
    secret = BILAL.epochs.listening.at(EPOCH).secret
    key = SecretKey.of(secret, purpose)
    resumed = Dialler(
        key, address=address, port=port, ephemeral=drawn("e", 32), fill=bytes(FLIGHT_FILL_BYTES)
    )
    assert recognise(BILAL, resumed.flight) is None
    assert check_flight(dial(AMINA).flight, keys=[key], address=address, port=port) is None
    # Even with one key for both, what they are for is in the prologue.
    mixed = replace(key, open=dialling_key(AMINA, EPOCH).open, psk=dialling_key(AMINA, EPOCH).psk)
    recognised = check_flight(dial(AMINA).flight, keys=[mixed], address=address, port=port)
    assert recognised is not None
    with pytest.raises(PeerError):
        recognised.accept(ephemeral=drawn("e there", 32), fill=bytes(ANSWER_FILL_BYTES))


def test_m3_1001_flights_of_one_epoch_fill_its_memory_and_no_other() -> None:
    """P3, M3: a contact cannot fill the disk; tomorrow it is let in again."""
    memory = Memory()
    key = dialling_key(AMINA, EPOCH)
    address, port = HERE
    expected = [Answer] * 1000 + [Drain]
    for number, kind in enumerate(expected):
        e = drawn(f"e {number}", 32)
        proof = mac(key.open, b"\x01" + x25519_public(e) + address + port.to_bytes(2, "big"))[:16]
        flight = x25519_public(e) + bytes(16) + proof + bytes(FLIGHT_FILL_BYTES)
        if number % 500 == 0 or number == 1000:  # the others leave a bad tag: as good, and quicker
            flight = dial(AMINA, name=f"e {number}").flight
        recognised = recognise(BILAL, flight)
        assert recognised is not None
        answered = greet(recognised, memory)
        assert isinstance(answered, kind if number % 500 == 0 else Drain)
    assert sum(map(len, memory.flights.values())) == 1000
    assert meet(AMINA, BILAL, hours=(HOUR + 24, HOUR + 24), memory=memory) is not None


def test_secrets_are_not_shown() -> None:
    shown = repr(AMINA) + repr(dialling_key(AMINA, EPOCH)) + repr(recognise(BILAL, dial(AMINA).flight))
    for secret in (AMINA.statics.own, BILAL.statics.own, dialling_key(AMINA, EPOCH).psk):
        assert repr(secret)[2:-1] not in shown
    with pytest.raises(MisuseError):
        Dialler(
            replace(dialling_key(AMINA, EPOCH), statics=None),
            address=HERE[0],
            port=HERE[1],
            ephemeral=drawn("e", 32),
            fill=bytes(FLIGHT_FILL_BYTES),
        )


def test_statics_are_of_this_purpose_only() -> None:
    statics = Statics(own=bytes(32), theirs=x25519_public(drawn("x", 32)))
    with pytest.raises(MisuseError):
        Dialler(
            replace(SecretKey.of(bytes(32)), statics=statics),
            address=HERE[0],
            port=HERE[1],
            ephemeral=drawn("e", 32),
            fill=bytes(FLIGHT_FILL_BYTES),
        )
