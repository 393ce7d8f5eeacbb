"""Hashes, MACs and derived keys give the published answers, and refuse what would give away a key."""

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from satchel.core.crypto.kdf import LENGTH_MAX, MacKey, derive, digest, mac, same
from satchel.errors import MisuseError

# RFC 5869, appendix A: the three test cases of SHA-256.
HKDF_VECTORS = {
    "basic": (
        "0b" * 22,
        "000102030405060708090a0b0c",
        "f0f1f2f3f4f5f6f7f8f9",
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
    ),
    "longer": (
        bytes(range(0x50)).hex(),
        bytes(range(0x60, 0xB0)).hex(),
        bytes(range(0xB0, 0x100)).hex(),
        "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09"
        "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87",
    ),
    "no_salt_no_info": (
        "0b" * 22,
        "",
        "",
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
    ),
}

# RFC 4231: test cases 1, 2, and 6, whose key is longer than a block of the hash.
HMAC_VECTORS = {
    "case_1": ("0b" * 20, b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
    "case_2": (
        b"Jefe".hex(),
        b"what do ya want for nothing?",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ),
    "case_6": (
        "aa" * 131,
        b"Test Using Larger Than Block-Size Key - Hash Key First",
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    ),
}


@pytest.mark.parametrize("name", HKDF_VECTORS)
def test_rfc_5869(name: str) -> None:
    secret, salt, label, okm = (bytes.fromhex(part) for part in HKDF_VECTORS[name])
    assert derive(secret, label, salt=salt, length=len(okm)) == okm


@pytest.mark.parametrize("name", HMAC_VECTORS)
def test_rfc_4231(name: str) -> None:
    key, message, right = HMAC_VECTORS[name]
    assert mac(bytes.fromhex(key), message).hex() == right
    assert MacKey(bytes.fromhex(key)).mac(message).hex() == right


@given(st.binary(max_size=200), st.lists(st.binary(max_size=200), max_size=3))
def test_a_key_made_ready_answers_as_mac_does_each_time(key: bytes, messages: list[bytes]) -> None:
    ready = MacKey(key)
    assert [ready.mac(message) for message in messages] == [mac(key, message) for message in messages]


def test_digest_is_sha_256() -> None:
    """FIPS 180-4, the examples of one block and of two."""
    assert digest(b"abc").hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    two_blocks = b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"
    assert digest(two_blocks).hex() == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"


@given(
    st.binary(min_size=1, max_size=100),
    st.binary(max_size=100),
    st.binary(max_size=100),
    st.integers(1, 200),
)
def test_derive_is_the_hkdf_of_another_implementation(
    secret: bytes, label: bytes, salt: bytes, length: int
) -> None:
    theirs = HKDF(SHA256(), length=length, salt=salt or None, info=label).derive(secret)
    assert derive(secret, label, salt=salt, length=length) == theirs


@given(st.binary(min_size=1, max_size=40), st.binary(max_size=40), st.binary(max_size=40))
def test_another_label_is_another_key(secret: bytes, one: bytes, other: bytes) -> None:
    assert (derive(secret, one) == derive(secret, other)) is (one == other)


def test_the_longest_key_and_no_longer_one() -> None:
    assert len(derive(b"secret", b"label", length=LENGTH_MAX)) == LENGTH_MAX == 8160
    for length in (LENGTH_MAX + 1, 0, -1):
        with pytest.raises(MisuseError):
            derive(b"secret", b"label", length=length)


def test_no_key_comes_from_nothing() -> None:
    """An erased secret must not turn into a key that everybody can compute (W3)."""
    with pytest.raises(MisuseError):
        derive(b"", b"label", salt=b"salt")


def test_only_equal_macs_are_the_same() -> None:
    one = mac(b"key", b"message")
    assert same(one, bytes(bytearray(one)))
    assert not any(same(one, one[:at] + bytes((one[at] ^ 1,)) + one[at + 1 :]) for at in range(32))
    assert not same(one, one[:16])
    assert not same(one, b"")
