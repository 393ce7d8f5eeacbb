"""What is kept of a contact."""

from dataclasses import replace

import pytest

from satchel.core.identity.epochs import begin
from satchel.core.identity.pair import Pair, Proof
from satchel.errors import MisuseError

PAIR = Pair(
    static=b"s" * 32,
    their_static=b"t" * 32,
    epochs=begin(epoch=20_800, speaking=b"u" * 32, listening=b"v" * 32),
    letters_speaking=b"w" * 32,
    letters_listening=b"x" * 32,
    proof=Proof.UNVERIFIED,
)


def test_no_key_is_shown() -> None:
    for letter in "stuvwx":
        assert letter * 3 not in repr(PAIR)


def test_who_was_verified_stays_so() -> None:
    assert not PAIR.proof.is_verified
    for proof in set(Proof) - {Proof.UNVERIFIED}:
        verified = PAIR.verified(proof)
        assert verified.proof is proof
        assert verified.proof.is_verified
        assert replace(verified, proof=Proof.UNVERIFIED) == PAIR
        with pytest.raises(MisuseError):
            verified.verified(Proof.UNVERIFIED)


def test_keys_of_another_length_are_our_mistake() -> None:
    with pytest.raises(MisuseError):
        replace(PAIR, static=bytes(31))
    with pytest.raises(MisuseError):
        replace(PAIR, letters_speaking=bytes(33))
    with pytest.raises(MisuseError):
        replace(PAIR, letters_speaking=b"")  # both chains begin at once
    assert replace(PAIR, letters_speaking=b"", letters_listening=b"").static == PAIR.static
