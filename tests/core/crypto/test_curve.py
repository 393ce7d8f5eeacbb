"""X25519 gives the answers of RFC 7748, and refuses every point that would give away a session."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.core.crypto import curve
from satchel.core.crypto.curve import x25519, x25519_public
from satchel.errors import MisuseError, PeerError

CPACE = json.loads((Path(__file__).parents[2] / "data/cpace/cpace-x25519-sha512.json").read_text())
PRIME = 2**255 - 19
BASE_POINT = (9).to_bytes(32, "little")

keys = st.binary(min_size=32, max_size=32)


def little(value: int) -> bytes:
    return value.to_bytes(32, "little")


# Every encoding of every point of low order, on the curve and on its twist: the seven values below
# 2**255, each also with the top bit, which RFC 7748 ignores.
LOW_ORDER_VALUES = (
    0,
    1,
    325606250916557431795983626356110631294008115727848805560023387167927233504,
    39382357235489614581723060781553021112529911719440698176882885853963445705823,
    PRIME - 1,
    PRIME,
    PRIME + 1,
)
LOW_ORDER = [little(value | top) for value in LOW_ORDER_VALUES for top in (0, 2**255)]


@pytest.mark.parametrize(
    ("scalar", "point", "result"),
    [
        (
            "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
            "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
            "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552",
        ),
        (
            "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
            "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
            "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957",
        ),
    ],
)
def test_rfc_7748_section_5_2(scalar: str, point: str, result: str) -> None:
    """The second one has the top bit of its point set, which must be ignored."""
    assert x25519(bytes.fromhex(scalar), bytes.fromhex(point)).hex() == result


def test_rfc_7748_section_5_2_again_and_again() -> None:
    scalar = point = BASE_POINT
    for turn in range(1000):
        scalar, point = x25519(scalar, point), scalar
        if turn == 0:
            assert scalar.hex() == "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079"
    assert scalar.hex() == "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51"


def test_rfc_7748_section_6_1() -> None:
    alice = bytes.fromhex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a")
    bob = bytes.fromhex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb")
    alice_public, bob_public = x25519_public(alice), x25519_public(bob)
    assert alice_public.hex() == "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"
    assert bob_public.hex() == "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"
    shared = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"
    assert x25519(alice, bob_public).hex() == x25519(bob, alice_public).hex() == shared


@given(keys, keys)
def test_both_sides_get_the_same(ours: bytes, theirs: bytes) -> None:
    assert x25519(ours, x25519_public(theirs)) == x25519(theirs, x25519_public(ours))


@given(keys, st.integers(2, 18))
def test_a_point_beyond_the_prime_is_read_as_its_rest(private: bytes, rest: int) -> None:
    """RFC 7748, 5: another encoding of the same point is accepted, and is the same point."""
    assert x25519(private, little(PRIME + rest)) == x25519(private, little(rest))


@pytest.mark.parametrize("point", LOW_ORDER, ids=lambda point: point.hex()[:8] + point.hex()[-2:])
@given(private=keys)
def test_no_point_of_low_order_is_taken(point: bytes, private: bytes) -> None:
    """W3, P2: the secret would be zero for everybody, whatever our key is."""
    with pytest.raises(PeerError, match=r"^transport 2\.2: .* low order"):
        x25519(private, point)


class LibraryThatTakesAnyPoint:
    """RFC 7748, 6.1 leaves the check for zero to the caller; a build of the library may, too."""

    def exchange(self, _public: object) -> bytes:
        return bytes(32)


def test_an_all_zero_secret_is_refused_whatever_the_library_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(curve, "_private_key", lambda _private: LibraryThatTakesAnyPoint())
    with pytest.raises(PeerError, match=r"^transport 2\.2: .* low order"):
        x25519(b"\1" * 32, BASE_POINT)


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_a_public_key_of_another_length_is_theirs_to_answer_for(length: int) -> None:
    with pytest.raises(PeerError, match=rf"^pairing 1\.1: an X25519 key of {length} bytes"):
        x25519(b"\1" * 32, b"\2" * length, clause="pairing 1.1")


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_private_key_of_another_length_is_ours(length: int) -> None:
    with pytest.raises(MisuseError):
        x25519_public(b"\1" * length)
    with pytest.raises(MisuseError):
        x25519(b"\1" * length, BASE_POINT)


def test_the_points_that_the_cpace_draft_lists() -> None:
    """draft-irtf-cfrg-cpace, appendix B.1: twelve strange encodings, of which seven have low order."""
    vectors = CPACE["X25519_scalar_mult_vfy"]
    scalar = bytes.fromhex(vectors["scalar"])
    refused = 0
    for name, point in CPACE["X25519_points"].items():
        if name in vectors["results"]:
            assert x25519(scalar, bytes.fromhex(point)).hex() == vectors["results"][name]
            continue
        refused += 1
        with pytest.raises(PeerError):
            x25519(scalar, bytes.fromhex(point))
    assert refused == 7
