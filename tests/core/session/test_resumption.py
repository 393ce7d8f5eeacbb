"""Going on without a code: only who has the secret, only at the end he meant, only once."""

import pytest

from core.session.session_kit import drawn
from satchel.core.crypto.curve import x25519_public
from satchel.core.session.resumption import (
    ANSWER_FILL_BYTES,
    ANYWHERE,
    FLIGHT_FILL_BYTES,
    Recognised,
    Resumer,
    ResumptionKeys,
    check_flight,
)
from satchel.errors import MisuseError, PeerError

SECRET, OLDER, OTHER = drawn("secret", 32), drawn("older", 32), drawn("other", 32)
ADDRESS = bytes(10) + b"\xff\xff" + bytes((10, 0, 0, 1))
OTHER_ADDRESS = bytes(10) + b"\xff\xff" + bytes((10, 0, 0, 2))
PORT = 4000
E = drawn("receiver e", 32)


def resumer(secret: bytes = SECRET, *, address: bytes = ADDRESS, port: int = PORT) -> Resumer:
    return Resumer(secret, address=address, port=port, ephemeral=E, fill=drawn("fill", FLIGHT_FILL_BYTES))


def check(flight: bytes, *secrets: bytes) -> Recognised | None:
    return check_flight(flight, secrets=secrets or (SECRET,), address=ADDRESS, port=PORT)


def test_a_session_goes_on() -> None:
    there = resumer()
    assert len(there.flight) == 256
    recognised = check(there.flight)
    assert recognised is not None
    assert recognised.ephemeral == x25519_public(E)
    sent, keys = recognised.accept(ephemeral=drawn("sender e", 32), fill=drawn("fill", ANSWER_FILL_BYTES))
    assert len(sent) == 256
    theirs = there.finish(sent)
    assert (theirs.send, theirs.receive) == (keys.receive, keys.send)
    assert theirs.resumption_secret == keys.resumption_secret != SECRET


def test_the_older_secret_beside_the_newer_one_is_tried_too() -> None:
    """Rotation: a break before the sender stored the new secret leaves it with the old one."""
    recognised = check(resumer(OLDER).flight, SECRET, OLDER)
    assert recognised is not None
    assert recognised.secret == OLDER
    sent, _ = recognised.accept(ephemeral=drawn("sender e", 32), fill=bytes(ANSWER_FILL_BYTES))
    assert resumer(OLDER).finish(sent)


def test_p1_another_secret_is_not_recognised() -> None:
    assert check(resumer(OTHER).flight, SECRET, OLDER) is None
    assert check(resumer().flight, OTHER) is None
    assert check_flight(resumer().flight, secrets=(), address=ADDRESS, port=PORT) is None


@pytest.mark.parametrize("end", [(OTHER_ADDRESS, PORT), (ADDRESS, PORT + 1), (bytes(16), PORT), (ADDRESS, 0)])
def test_p1_a_flight_made_for_another_end_is_not_recognised(end: tuple[bytes, int]) -> None:
    """P1: a recorded flight does not tell whether the sender is now at another address."""
    address, port = end
    assert check(resumer(address=address, port=port).flight) is None


def test_a_typed_address_is_bound_to_no_end() -> None:
    address, port = ANYWHERE
    there = resumer(address=address, port=port)
    recognised = check(there.flight)
    assert recognised is not None
    sent, _ = recognised.accept(ephemeral=drawn("sender e", 32), fill=bytes(ANSWER_FILL_BYTES))
    assert there.finish(sent)


@pytest.mark.parametrize("byte", [*range(0, 32, 5), *range(48, 64, 5)])
def test_p1_a_flipped_bit_in_key_or_proof_is_a_stranger(byte: int) -> None:
    flight = bytearray(resumer().flight)
    flight[byte] ^= 1
    assert check(bytes(flight)) is None


@pytest.mark.parametrize("byte", [32, 40, 47])
def test_p1_a_good_proof_with_a_bad_noise_message_gets_no_answer(byte: int) -> None:
    flight = bytearray(resumer().flight)
    flight[byte] ^= 1
    recognised = check(bytes(flight))
    assert recognised is not None
    with pytest.raises(PeerError):
        recognised.accept(ephemeral=drawn("sender e", 32), fill=bytes(ANSWER_FILL_BYTES))


def test_the_filling_means_nothing() -> None:
    flight = resumer().flight
    recognised = check(flight[:64] + bytes(192))
    assert recognised is not None
    sent, _ = recognised.accept(ephemeral=drawn("sender e", 32), fill=drawn("fill", ANSWER_FILL_BYTES))
    assert resumer().finish(sent[:48] + bytes(208))


@pytest.mark.parametrize("byte", [0, 31, 32, 47])
def test_p2_a_flipped_bit_in_the_answer_is_refused(byte: int) -> None:
    recognised = check(resumer().flight)
    assert recognised is not None
    sent, _ = recognised.accept(ephemeral=drawn("sender e", 32), fill=bytes(ANSWER_FILL_BYTES))
    changed = bytearray(sent)
    changed[byte] ^= 1
    with pytest.raises(PeerError):
        resumer().finish(bytes(changed))


@pytest.mark.parametrize("length", [0, 48, 64, 255, 257])
def test_other_lengths_are_refused(length: int) -> None:
    with pytest.raises(PeerError, match=r"^transport 3\.4:"):
        check(bytes(length))
    with pytest.raises(PeerError, match=r"^transport 3\.5:"):
        resumer().finish(bytes(length))


def test_p2_a_flight_reflected_as_its_answer_is_refused() -> None:
    there = resumer()
    with pytest.raises(PeerError):
        there.finish(there.flight)


def test_p2_a_replay_has_the_same_key_which_the_record_remembers() -> None:
    """P2: the same flight, with other filling even, shows the same ephemeral key; with another key it
    is another proof."""
    flight = resumer().flight
    first, again = check(flight), check(flight[:64] + bytes(192))
    assert first is not None
    assert again is not None
    assert first.ephemeral == again.ephemeral
    assert check(drawn("fresh e", 32) + flight[32:]) is None


def test_w2_every_use_and_direction_has_a_key_of_its_own() -> None:
    keys = ResumptionKeys.of(SECRET)
    uses = {keys.sender_slot, keys.receiver_slot, keys.open, keys.psk, SECRET}
    assert len(uses) == 5
    assert repr(keys) == "ResumptionKeys()"


def test_w1_two_flights_of_one_secret_share_nothing() -> None:
    """W1: otherwise a watcher would know the hand-over again on another network."""
    one = resumer().flight
    fill = drawn("other fill", FLIGHT_FILL_BYTES)
    other = Resumer(SECRET, address=ADDRESS, port=PORT, ephemeral=drawn("other e", 32), fill=fill).flight
    pieces = {one[at : at + 4] for at in range(253)}
    assert not any(other[at : at + 4] in pieces for at in range(253))


def test_inputs_of_the_wrong_length_are_misuse() -> None:
    for secret, fill in ((31, 192), (33, 192), (32, 191)):
        with pytest.raises(MisuseError):
            Resumer(bytes(secret), address=ADDRESS, port=PORT, ephemeral=E, fill=bytes(fill))
    recognised = check(resumer().flight)
    assert recognised is not None
    with pytest.raises(MisuseError):
        recognised.accept(ephemeral=drawn("sender e", 32), fill=bytes(207))
    assert SECRET.hex() not in repr(recognised)
    assert repr(SECRET) not in repr(recognised)
