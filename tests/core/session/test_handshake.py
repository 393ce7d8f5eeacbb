"""The handshake: both have the same keys, or nobody has any."""

from itertools import permutations

import pytest

from core.session.session_kit import PSK, answer, drawn, initiator, responder
from satchel.core.crypto.kem import encapsulate
from satchel.core.session.handshake import Initiator, Purpose, Responder
from satchel.errors import MisuseError, PeerError


@pytest.mark.parametrize("purpose", Purpose)
def test_both_sides_have_the_same_keys_crosswise(purpose: Purpose) -> None:
    here, there = initiator(purpose), responder(purpose)
    assert len(here.message_1) == purpose.message_1_bytes
    message_2, theirs = answer(there, here.message_1)
    assert len(message_2) == purpose.message_2_bytes
    ours = here.finish(message_2)
    assert ours.send == theirs.receive
    assert ours.receive == theirs.send
    assert ours.session_hash == theirs.session_hash
    assert ours.resumption_secret == theirs.resumption_secret
    assert ours.stripe_secret == theirs.stripe_secret
    secrets = {ours.send, ours.receive, ours.session_hash, ours.resumption_secret, ours.stripe_secret}
    assert len(secrets) == 5


def test_sizes_are_those_of_the_spec() -> None:
    sizes = {purpose: (purpose.message_1_bytes, purpose.message_2_bytes) for purpose in Purpose}
    without = {purpose: (48, 48) for purpose in Purpose if purpose is not Purpose.CODE}
    assert sizes == {Purpose.CODE: (1232, 1136)} | without


@pytest.mark.parametrize("purpose", Purpose)
def test_p2_another_psk_gets_no_answer(purpose: Purpose) -> None:
    with pytest.raises(PeerError):
        responder(purpose, psk=drawn("other psk", 32)).hear(initiator(purpose).message_1)


def test_p2_what_both_are_bound_to_must_be_the_same() -> None:
    with pytest.raises(PeerError):
        responder(bound=b"here").hear(initiator(bound=b"there").message_1)


def test_p2_a_session_of_one_purpose_never_passes_for_another() -> None:
    """No downgrade: with the same psk, a message without ML-KEM is refused where ML-KEM belongs."""
    with pytest.raises(PeerError, match=r"^transport 2\.3:"):
        responder(Purpose.CODE).hear(initiator(Purpose.RESUMPTION).message_1)
    with pytest.raises(PeerError, match=r"^transport 2\.3:"):
        responder(Purpose.RESUMPTION).hear(initiator(Purpose.CODE).message_1)
    without = [one for one in Purpose if not one.is_hybrid and not one.has_statics]
    for one, other in permutations(without, 2):
        with pytest.raises(PeerError, match=r"^transport 2\.2:"):
            responder(one).hear(initiator(other).message_1)


@pytest.mark.parametrize("purpose", Purpose)
@pytest.mark.parametrize("step", range(8))
def test_p2_a_flipped_bit_in_either_message_ends_it(purpose: Purpose, step: int) -> None:
    here, there = initiator(purpose), responder(purpose)
    first = bytearray(here.message_1)
    first[step * (len(first) - 1) // 7] ^= 1
    with pytest.raises(PeerError):
        there.hear(bytes(first))
    message_2, _ = answer(responder(purpose), here.message_1)
    second = bytearray(message_2)
    second[step * (len(second) - 1) // 7] ^= 1
    with pytest.raises(PeerError):
        here.finish(bytes(second))


@pytest.mark.parametrize("purpose", Purpose)
def test_p2_truncated_extended_and_swapped_messages_end_it(purpose: Purpose) -> None:
    here = initiator(purpose)
    message_2, _ = answer(responder(purpose), here.message_1)
    for wrong in (b"", here.message_1[:-1], here.message_1 + b"\0", here.message_1[:31]):
        with pytest.raises(PeerError, match=r"^transport 2\.3:"):
            responder(purpose).hear(wrong)
    for wrong in (b"", message_2[:-1], message_2 + b"\0", message_2[:31]):
        with pytest.raises(PeerError, match=r"^transport 2\.4:"):
            initiator(purpose).finish(wrong)


@pytest.mark.parametrize("purpose", Purpose)
def test_p2_a_replayed_answer_of_another_session_is_refused(purpose: Purpose) -> None:
    here = initiator(purpose)
    message_2, _ = answer(responder(purpose), here.message_1)
    other = initiator(purpose, ephemeral=drawn("other e", 32))
    with pytest.raises(PeerError):
        other.finish(message_2)


def test_p2_a_first_message_reflected_as_the_answer_is_refused() -> None:
    here = initiator(Purpose.RESUMPTION)
    with pytest.raises(PeerError):
        here.finish(here.message_1)


@pytest.mark.parametrize("point", [bytes(32), b"\x01" + bytes(31)])
def test_p2_an_ephemeral_key_of_low_order_is_refused(point: bytes) -> None:
    here = initiator(Purpose.RESUMPTION)
    message_2, _ = answer(responder(Purpose.RESUMPTION), here.message_1)
    with pytest.raises(PeerError):
        here.finish(point + message_2[32:])


def test_w5_the_ml_kem_secret_is_in_every_key() -> None:
    """W5: who breaks X25519 some day and has all that was said still lacks the ML-KEM secret."""
    here = initiator()
    there = responder()
    public = there.hear(here.message_1)
    secret, ciphertext = encapsulate(public)
    _, right = there.answer(kem_secret=secret, ciphertext=ciphertext)
    again = responder()
    again.hear(here.message_1)
    _, wrong = again.answer(kem_secret=drawn("guess", 32), ciphertext=ciphertext)
    assert right.session_hash == wrong.session_hash  # all that was said is the same
    assert right.send != wrong.send
    assert right.receive != wrong.receive
    assert right.resumption_secret != wrong.resumption_secret
    assert right.stripe_secret != wrong.stripe_secret


def test_w4_two_sessions_of_one_psk_have_no_key_in_common() -> None:
    here = initiator(Purpose.RESUMPTION)
    _, one = answer(responder(Purpose.RESUMPTION), here.message_1)
    fresh = Responder(PSK, purpose=Purpose.RESUMPTION, ephemeral=drawn("fresh", 32))
    _, other = answer(fresh, here.message_1)
    assert not {one.send, one.receive, one.resumption_secret, one.stripe_secret} & {
        other.send,
        other.receive,
        other.resumption_secret,
        other.stripe_secret,
    }


def test_there_is_no_hybrid_session_without_its_kem_part() -> None:
    with pytest.raises(MisuseError):
        Initiator(PSK, purpose=Purpose.CODE, ephemeral=drawn("e", 32))
    with pytest.raises(MisuseError):
        Initiator(PSK, purpose=Purpose.RESUMPTION, ephemeral=drawn("e", 32), kem_seed=bytes(64))
    there = responder()
    there.hear(initiator().message_1)
    with pytest.raises(MisuseError):
        there.answer()


@pytest.mark.parametrize(("psk", "ephemeral"), [(31, 32), (33, 32), (0, 32), (32, 31), (32, 0)])
def test_keys_of_the_wrong_length_are_refused(psk: int, ephemeral: int) -> None:
    with pytest.raises(MisuseError):
        Responder(bytes(psk), purpose=Purpose.CODE, ephemeral=bytes(ephemeral))


def test_a_handshake_that_failed_is_dead() -> None:
    there = responder(Purpose.RESUMPTION)
    message_1 = initiator(Purpose.RESUMPTION).message_1
    with pytest.raises(PeerError):
        there.hear(bytes(48))
    with pytest.raises(MisuseError):
        there.hear(message_1)
    with pytest.raises(MisuseError):
        there.answer()


def test_keys_do_not_show_in_a_repr() -> None:
    _, keys = answer(responder(Purpose.RESUMPTION), initiator(Purpose.RESUMPTION).message_1)
    assert repr(keys) == "SessionKeys()"
