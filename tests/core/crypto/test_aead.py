"""Frames are sealed in place, open once changed never, and leave nothing unproved behind."""

from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from hypothesis import given
from hypothesis import strategies as st

from satchel.core.crypto.aead import COUNTER_END, TAG_BYTES, FrameKey, Suite, open_once, seal_once
from satchel.errors import MisuseError, PeerError

KEY = bytes(range(32))
h = bytes.fromhex
both_suites = pytest.mark.parametrize("suite", Suite)


def seal(key: FrameKey, counter: int, plaintext: bytes, associated: bytes = b"") -> bytes:
    out = bytearray(len(plaintext) + TAG_BYTES)
    assert key.seal_into(counter, plaintext, associated, out) == len(out)
    return bytes(out)


def open_(key: FrameKey, counter: int, sealed: bytes, associated: bytes = b"") -> bytes:
    out = bytearray(len(sealed) - TAG_BYTES)
    assert key.open_into(counter, sealed, associated, out) == len(out)
    return bytes(out)


def test_chacha20_poly1305() -> None:
    """RFC 8439, A.5, whose nonce begins with four zero bytes, as ours do."""
    key = FrameKey(
        Suite.CHACHA20_POLY1305, h("1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0")
    )
    sealed = h(
        "64a0861575861af460f062c79be643bd5e805cfd345cf389f108670ac76c8cb24c6cfc18755d43eea09ee94e382d26b0"
        "bdb7b73c321b0100d4f03b7f355894cf332f830e710b97ce98c8a84abd0b948114ad176e008d33bd60f982b1ff37c855"
        "9797a06ef4f0ef61c186324e2b3506383606907b6a7c02b0f9f6157b53c867e4b9166c767b804d46a59b5216cde7a4e9"
        "9040c5a40433225ee282a1b0a06c523eaf4534d7f83fa1155b0047718cbc546a0d072b04b3564eea1b422273f548271a"
        "0bb2316053fa76991955ebd63159434ecebb4e466dae5a1073a6727627097a1049e617d91d361094fa68f0ff77987130"
        "305beaba2eda04df997b714d6c6f2c29a6ad5cb4022b02709beead9d67890cbb22392336fea1851f38"
    )
    plaintext = open_(key, 0x0102030405060708, sealed, h("f33388860000000000004e91"))
    assert plaintext.startswith(b"Internet-Drafts are draft documents valid for a maximum of six months")
    assert len(plaintext) == 265


def test_aes_256_gcm() -> None:
    """McGrew and Viega, "The Galois/Counter Mode of Operation", test cases 13 and 14."""
    key = FrameKey(Suite.AES_256_GCM, bytes(32))
    assert seal(key, 0, b"") == h("530f8afbc74536b9a963b4f1c4cb738b")
    assert seal(key, 0, bytes(16)) == h("cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919")


@pytest.mark.parametrize(
    ("suite", "library"), [(Suite.CHACHA20_POLY1305, ChaCha20Poly1305), (Suite.AES_256_GCM, AESGCM)]
)
def test_the_nonce_is_the_counter_in_big_endian(
    suite: Suite, library: Callable[[bytes], ChaCha20Poly1305 | AESGCM]
) -> None:
    sealed = library(KEY).encrypt(h("000000000102030405060708"), b"frame", b"length")
    assert seal(FrameKey(suite, KEY), 0x0102030405060708, b"frame", b"length") == sealed


@both_suites
@given(
    counter=st.integers(0, COUNTER_END - 1),
    plaintext=st.binary(max_size=100),
    associated=st.binary(max_size=9),
)
def test_what_was_sealed_opens(suite: Suite, counter: int, plaintext: bytes, associated: bytes) -> None:
    sealed = seal(FrameKey(suite, KEY), counter, plaintext, associated)
    assert open_(FrameKey(suite, KEY), counter, sealed, associated) == plaintext


@both_suites
def test_nothing_else_opens(suite: Suite) -> None:
    """W3: every bit counts, and the number, the associated data, the key and the suite."""
    key = FrameKey(suite, KEY)
    sealed = seal(key, 7, b"frame", b"length")
    for bit in range(8 * len(sealed)):
        changed = (int.from_bytes(sealed, "big") ^ 1 << bit).to_bytes(len(sealed), "big")
        with pytest.raises(PeerError, match=r"^transport 4\.1:"):
            open_(key, 7, changed, b"length")
    [other_suite] = set(Suite) - {suite}
    for other, counter, associated in (
        (key, 8, b"length"),
        (key, 7, b"lengtH"),
        (key, 7, b""),
        (FrameKey(suite, bytes(32)), 7, b"length"),
        (FrameKey(other_suite, KEY), 7, b"length"),
    ):
        with pytest.raises(PeerError, match=r"^transport 4\.1:"):
            open_(other, counter, sealed, associated)
    with pytest.raises(PeerError):
        open_(key, 7, sealed[:-1], b"length")


@both_suites
def test_what_does_not_open_leaves_no_plaintext_behind(suite: Suite) -> None:
    """The library decrypts before it has checked the tag: a changed frame would otherwise lie in the
    buffer as if it had been sent."""
    key = FrameKey(suite, KEY)
    sealed = bytearray(seal(key, 0, b"unauthenticated plaintext"))
    sealed[-1] ^= 1
    out = bytearray(b"-" * 40)
    with pytest.raises(PeerError):
        key.open_into(0, sealed, b"", out)
    assert out == bytes(25) + b"-" * 15


@both_suites
def test_a_longer_buffer_is_left_alone_behind_the_frame(suite: Suite) -> None:
    key = FrameKey(suite, KEY)
    out = bytearray(b"-" * 30)
    assert key.seal_into(0, memoryview(b"frame"), b"", out) == 21
    assert out[21:] == b"-" * 9
    opened = bytearray(b"-" * 9)
    assert key.open_into(0, memoryview(out)[:21], b"", memoryview(opened)) == 5
    assert opened == b"frame----"


@both_suites
def test_a_buffer_that_does_not_fit_is_our_mistake(suite: Suite) -> None:
    key = FrameKey(suite, KEY)
    with pytest.raises(MisuseError):
        key.seal_into(0, b"frame", b"", bytearray(20))
    with pytest.raises(MisuseError):
        key.open_into(0, seal(key, 0, b"frame"), b"", bytearray(4))
    with pytest.raises(MisuseError):
        key.seal_into(0, b"frame", b"", memoryview(bytes(21)))


@both_suites
@pytest.mark.parametrize("length", [0, 1, 15])
def test_a_frame_shorter_than_its_tag_is_refused(suite: Suite, length: int) -> None:
    with pytest.raises(PeerError, match=r"^transport 4\.2:"):
        FrameKey(suite, KEY).open_into(0, bytes(length), b"", bytearray(9))


@both_suites
@pytest.mark.parametrize("counter", [-1, 2**64 - 1, 2**64, 2**96])
def test_no_number_comes_twice(suite: Suite, counter: int) -> None:
    """W3: two frames under one nonce give away both, and the key of the tags."""
    key = FrameKey(suite, KEY)
    with pytest.raises(MisuseError):
        key.seal_into(counter, b"frame", b"", bytearray(21))
    with pytest.raises(MisuseError):
        key.open_into(counter, bytes(21), b"", bytearray(5))


@both_suites
@pytest.mark.parametrize("length", [0, 16, 24, 31, 33])
def test_a_key_of_another_length_is_our_mistake(suite: Suite, length: int) -> None:
    """AES would take 16 and 24 bytes, and be weaker in silence."""
    with pytest.raises(MisuseError):
        FrameKey(suite, bytes(length))


def test_one_message_under_a_key_of_its_own() -> None:
    """RFC 8439, 2.8.2."""
    key, nonce = bytes(range(0x80, 0xA0)), h("070000004041424344454647")
    associated = h("50515253c0c1c2c3c4c5c6c7")
    plaintext = (
        b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, "
        b"sunscreen would be it."
    )
    sealed = seal_once(key, nonce, plaintext, associated)
    assert sealed[-16:] == h("1ae10b594f09e26a7e902ecbd0600691")
    assert open_once(key, nonce, sealed, associated) == plaintext
    assert open_once(key, nonce, sealed, associated + b"x") is None
    assert open_once(key, nonce[::-1], sealed, associated) is None
    assert open_once(key, nonce, sealed[:-1], associated) is None
    assert open_once(key, nonce, bytes(TAG_BYTES - 1), b"") is None
    for wrong_key, wrong_nonce in ((key[1:], nonce), (key, nonce[1:])):
        with pytest.raises(MisuseError):
            seal_once(wrong_key, wrong_nonce, b"", b"")
