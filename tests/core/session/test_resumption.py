"""Going on without a code, and more pipes: only who has the secret, only at the end he meant, only once."""

from collections.abc import Iterable
from itertools import permutations

import pytest

from core.session.session_kit import drawn
from fuzz.noise_peer import NoisePeer
from satchel.core.crypto.curve import x25519_public
from satchel.core.crypto.kdf import derive, mac
from satchel.core.session.flight import (
    ANSWER_FILL_BYTES,
    ANYWHERE,
    FLIGHT_FILL_BYTES,
    Dialler,
    Recognised,
    check_flight,
)
from satchel.core.session.handshake import Purpose
from satchel.core.session.resumption import ResumptionKeys, SecretKey
from satchel.errors import MisuseError, PeerError

SECRET, OLDER, OTHER = drawn("secret", 32), drawn("older", 32), drawn("other", 32)
ADDRESS = bytes(10) + b"\xff\xff" + bytes((10, 0, 0, 1))
OTHER_ADDRESS = bytes(10) + b"\xff\xff" + bytes((10, 0, 0, 2))
PORT = 4000
E = drawn("receiver e", 32)


LABELS = {  # what stands in them for each purpose: its name, and who dials
    Purpose.RESUMPTION: (b"resume", b"receiver"),
    Purpose.STRIPE: (b"stripe", b"receiver"),
    Purpose.DELIVERY: (b"delivery", b"dialler"),
    Purpose.DELIVERY_STRIPE: (b"delivery stripe", b"dialler"),
    Purpose.CUSTODY: (b"custody", b"dialler"),
}
PURPOSES = tuple(LABELS)


class Kit:
    """Both sides, for one purpose."""

    def __init__(self, purpose: Purpose) -> None:
        self.purpose = purpose

    def dialler(
        self, secret: bytes = SECRET, *, address: bytes = ADDRESS, port: int = PORT, ephemeral: bytes = E
    ) -> Dialler:
        return Dialler(
            SecretKey.of(secret, self.purpose),
            address=address,
            port=port,
            ephemeral=ephemeral,
            fill=drawn(f"fill of {ephemeral.hex()}", FLIGHT_FILL_BYTES),
        )

    def check(self, flight: bytes, *secrets: bytes) -> Recognised[SecretKey] | None:
        return self.check_all(flight, secrets or (SECRET,))

    def check_all(self, flight: bytes, secrets: Iterable[bytes]) -> Recognised[SecretKey] | None:
        keys = [SecretKey.of(secret, self.purpose) for secret in secrets]
        return check_flight(flight, keys=keys, address=ADDRESS, port=PORT)


@pytest.fixture(params=PURPOSES, ids=lambda purpose: str(purpose.name))
def kit(request: pytest.FixtureRequest) -> Kit:
    return Kit(request.param)


def test_a_session_goes_on(kit: Kit) -> None:
    there = kit.dialler()
    assert len(there.flight) == 256
    recognised = kit.check(there.flight)
    assert recognised is not None
    assert recognised.ephemeral == x25519_public(E)
    sent, keys = recognised.accept(ephemeral=drawn("sender e", 32), fill=drawn("fill", ANSWER_FILL_BYTES))
    assert len(sent) == 256
    theirs = there.finish(sent)
    assert (theirs.send, theirs.receive) == (keys.receive, keys.send)
    assert theirs.resumption_secret == keys.resumption_secret != SECRET


def test_the_older_secret_beside_the_newer_one_is_tried_too(kit: Kit) -> None:
    """Rotation: a break before the sender stored the new secret leaves it with the old one."""
    recognised = kit.check(kit.dialler(OLDER).flight, SECRET, OLDER)
    assert recognised is not None
    assert recognised.key.secret == OLDER
    sent, _ = recognised.accept(ephemeral=drawn("sender e", 32), fill=bytes(ANSWER_FILL_BYTES))
    assert kit.dialler(OLDER).finish(sent)


def test_p1_another_secret_is_not_recognised(kit: Kit) -> None:
    assert kit.check(kit.dialler(OTHER).flight, SECRET, OLDER) is None
    assert kit.check(kit.dialler().flight, OTHER) is None
    assert kit.check_all(kit.dialler().flight, ()) is None


@pytest.mark.parametrize("end", [(OTHER_ADDRESS, PORT), (ADDRESS, PORT + 1), (bytes(16), PORT), (ADDRESS, 0)])
def test_p1_a_flight_made_for_another_end_is_not_recognised(kit: Kit, end: tuple[bytes, int]) -> None:
    """P1: a recorded flight does not tell whether the sender is now at another address."""
    address, port = end
    assert kit.check(kit.dialler(address=address, port=port).flight) is None


def test_a_typed_address_is_bound_to_no_end(kit: Kit) -> None:
    address, port = ANYWHERE
    there = kit.dialler(address=address, port=port)
    recognised = kit.check(there.flight)
    assert recognised is not None
    sent, _ = recognised.accept(ephemeral=drawn("sender e", 32), fill=bytes(ANSWER_FILL_BYTES))
    assert there.finish(sent)


@pytest.mark.parametrize("byte", [*range(0, 32, 5), *range(48, 64, 5)])
def test_p1_a_flipped_bit_in_key_or_proof_is_a_stranger(kit: Kit, byte: int) -> None:
    flight = bytearray(kit.dialler().flight)
    flight[byte] ^= 1
    assert kit.check(bytes(flight)) is None


@pytest.mark.parametrize("byte", [32, 40, 47])
def test_p1_a_good_proof_with_a_bad_noise_message_gets_no_answer(kit: Kit, byte: int) -> None:
    flight = bytearray(kit.dialler().flight)
    flight[byte] ^= 1
    recognised = kit.check(bytes(flight))
    assert recognised is not None
    with pytest.raises(PeerError):
        recognised.accept(ephemeral=drawn("sender e", 32), fill=bytes(ANSWER_FILL_BYTES))


def test_the_filling_means_nothing(kit: Kit) -> None:
    flight = kit.dialler().flight
    recognised = kit.check(flight[:64] + bytes(192))
    assert recognised is not None
    sent, _ = recognised.accept(ephemeral=drawn("sender e", 32), fill=drawn("fill", ANSWER_FILL_BYTES))
    assert kit.dialler().finish(sent[:48] + bytes(208))


@pytest.mark.parametrize("byte", [0, 31, 32, 47])
def test_p2_a_flipped_bit_in_the_answer_is_refused(kit: Kit, byte: int) -> None:
    recognised = kit.check(kit.dialler().flight)
    assert recognised is not None
    sent, _ = recognised.accept(ephemeral=drawn("sender e", 32), fill=bytes(ANSWER_FILL_BYTES))
    changed = bytearray(sent)
    changed[byte] ^= 1
    with pytest.raises(PeerError):
        kit.dialler().finish(bytes(changed))


@pytest.mark.parametrize("length", [0, 48, 64, 255, 257])
def test_other_lengths_are_refused(kit: Kit, length: int) -> None:
    with pytest.raises(PeerError, match=r"^transport 3\.4:"):
        kit.check(bytes(length))
    with pytest.raises(PeerError, match=r"^transport 3\.5:"):
        kit.dialler().finish(bytes(length))


def test_p2_a_flight_reflected_as_its_answer_is_refused(kit: Kit) -> None:
    there = kit.dialler()
    with pytest.raises(PeerError):
        there.finish(there.flight)


def test_p2_a_replay_has_the_same_key_which_the_record_remembers(kit: Kit) -> None:
    """P2: the same flight, with other filling even, shows the same ephemeral key; with another key it
    is another proof."""
    flight = kit.dialler().flight
    first, again = kit.check(flight), kit.check(flight[:64] + bytes(192))
    assert first is not None
    assert again is not None
    assert first.ephemeral == again.ephemeral
    assert kit.check(drawn("fresh e", 32) + flight[32:]) is None


def test_w2_every_use_and_direction_has_a_key_of_its_own() -> None:
    keys = ResumptionKeys.of(SECRET)
    flights = [SecretKey.of(SECRET, purpose) for purpose in PURPOSES]
    uses = {keys.sender_slot, keys.receiver_slot, SECRET}
    uses.update(key for one in flights for key in (one.open, one.psk))
    assert len(uses) == 3 + 2 * len(PURPOSES)
    assert repr(keys) == "ResumptionKeys()"
    assert repr(flights[0]) == f"SecretKey(purpose={Purpose.RESUMPTION!r})"


def test_w1_two_flights_of_one_secret_share_nothing(kit: Kit) -> None:
    """W1: otherwise a watcher would know the hand-over again on another network."""
    one = kit.dialler().flight
    other = kit.dialler(ephemeral=drawn("other e", 32)).flight
    pieces = {one[at : at + 4] for at in range(253)}
    assert not any(other[at : at + 4] in pieces for at in range(253))


@pytest.mark.parametrize(("purpose", "other"), list(permutations(PURPOSES, 2)))
def test_p2_a_flight_for_one_purpose_never_opens_the_other(purpose: Purpose, other: Purpose) -> None:
    """A resumption would replace the secret in the record, and a pipe of a running session must not."""
    flight = Kit(purpose).dialler().flight
    assert Kit(purpose).check(flight) is not None
    assert Kit(other).check(flight) is None


def test_p2_the_secrets_of_one_session_open_only_what_they_are_for() -> None:
    there = Kit(Purpose.RESUMPTION).dialler()
    recognised = Kit(Purpose.RESUMPTION).check(there.flight)
    assert recognised is not None
    answer, keys = recognised.accept(ephemeral=drawn("sender e", 32), fill=bytes(ANSWER_FILL_BYTES))
    theirs = there.finish(answer)
    assert theirs.stripe_secret == keys.stripe_secret
    stripe = Kit(Purpose.STRIPE)
    assert stripe.check(stripe.dialler(theirs.stripe_secret).flight, keys.stripe_secret) is not None
    assert stripe.check(stripe.dialler(theirs.stripe_secret).flight, keys.resumption_secret) is None
    assert stripe.check(stripe.dialler(theirs.resumption_secret).flight, keys.stripe_secret) is None


def test_p2_an_answer_for_the_other_purpose_is_refused(kit: Kit) -> None:
    other = Kit(next(one for one in PURPOSES if one is not kit.purpose))
    recognised = other.check(other.dialler().flight)
    assert recognised is not None
    sent, _ = recognised.accept(ephemeral=drawn("sender e", 32), fill=bytes(ANSWER_FILL_BYTES))
    with pytest.raises(PeerError):
        kit.dialler().finish(sent)


@pytest.mark.parametrize("point", [bytes(32), b"\x01" + bytes(31)])
def test_p2_keys_of_low_order_are_refused_on_both_sides(kit: Kit, point: bytes) -> None:
    """Who has the secret can send one, with a right proof: the answer would hold no secret of ours."""
    psk = derive(SECRET, b"satchel %s psk %s 1" % LABELS[kit.purpose])
    end = ADDRESS + PORT.to_bytes(2, "big")

    def proof(ephemeral: bytes) -> bytes:
        return mac(derive(SECRET, b"satchel %s open %s 1" % LABELS[kit.purpose]), b"\x01" + ephemeral + end)[
            :16
        ]

    receiver = NoisePeer(psk, kit.purpose, b"\x01" + proof(point) + end)
    recognised = kit.check(receiver.message_1(point, b"") + proof(point) + bytes(FLIGHT_FILL_BYTES))
    assert recognised is not None
    with pytest.raises(PeerError, match=r"low order"):
        recognised.accept(ephemeral=drawn("sender e", 32), fill=bytes(ANSWER_FILL_BYTES))
    there = kit.dialler()
    sender = NoisePeer(psk, kit.purpose, b"\x01" + proof(there.flight[:32]) + end)
    sender.hear(there.flight[:48])
    with pytest.raises(PeerError, match=r"low order"):
        there.finish(sender.message_2(point, b"", initiators_private=E) + bytes(ANSWER_FILL_BYTES))


def test_inputs_of_the_wrong_length_are_misuse(kit: Kit) -> None:
    for length in (31, 33):
        with pytest.raises(MisuseError):
            SecretKey.of(bytes(length))
    with pytest.raises(MisuseError):
        Dialler(SecretKey.of(SECRET), address=ADDRESS, port=PORT, ephemeral=E, fill=bytes(191))
    with pytest.raises(MisuseError):
        kit.check(kit.dialler().flight, bytes(31))
    with pytest.raises(MisuseError):
        ResumptionKeys.of(bytes(33))
    recognised = kit.check(kit.dialler().flight)
    assert recognised is not None
    with pytest.raises(MisuseError):
        recognised.accept(ephemeral=drawn("sender e", 32), fill=bytes(207))
    assert SECRET.hex() not in repr(recognised)
    assert repr(SECRET) not in repr(recognised)
