"""Frames: what goes in comes out, in order, once, or the session ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.session.session_kit import drawn, in_talk, open_frame
from satchel.core.crypto.aead import FrameKey, Suite
from satchel.core.crypto.kdf import derive
from satchel.core.session.frames import (
    BULK_BODY_MAX,
    CONTROL_BODY_MAX,
    CONTROL_SIZES,
    FRAME_BYTES_MAX,
    HEADER_BYTES,
    OVERHEAD_BYTES,
    PLAIN_BYTES_MAX,
    Kind,
    Opener,
    Sealer,
)
from satchel.errors import MisuseError, PeerError

SECRET = drawn("direction", 32)


def bulk(sealer: Sealer, body: bytes, size: int | None = None) -> bytes:
    plain = bytearray(b"\xaa" * PLAIN_BYTES_MAX)  # rests of an earlier frame
    plain[HEADER_BYTES : HEADER_BYTES + len(body)] = body
    out = bytearray(FRAME_BYTES_MAX)
    return bytes(sealer.bulk_into(plain, len(body), size or len(body) + OVERHEAD_BYTES, out))


def forged(plain: bytes, *, number: int = 0) -> bytes:
    """A frame of a peer who has the key and does not keep to the spec."""
    key = FrameKey(Suite.CHACHA20_POLY1305, derive(SECRET, b"satchel frames first 1"))
    length = (len(plain) + 16).to_bytes(4, "big")
    out = bytearray(len(plain) + 16)
    key.seal_into(number, plain, length, out)
    return length + bytes(out)


@given(body=st.binary(min_size=1, max_size=70_000))
def test_a_message_comes_out_of_a_frame_of_one_of_five_sizes(body: bytes) -> None:
    sealer, opener = Sealer(SECRET), Opener(SECRET)
    if len(body) > CONTROL_BODY_MAX:
        with pytest.raises(MisuseError):
            sealer.control(body)
        return
    frame = sealer.control(body)
    assert len(frame) in CONTROL_SIZES
    assert open_frame(opener, frame) == (Kind.CONTROL, body)


@pytest.mark.parametrize("size", CONTROL_SIZES)
def test_w2_the_largest_body_of_a_size_and_one_more(size: int) -> None:
    assert len(Sealer(SECRET).control(bytes(size - OVERHEAD_BYTES))) == size
    if size < CONTROL_SIZES[-1]:
        assert len(Sealer(SECRET).control(bytes(size - OVERHEAD_BYTES + 1))) == size * 4


@pytest.mark.parametrize("suite", Suite)
def test_bulk_and_padding_of_all_sizes(suite: Suite) -> None:
    sealer, opener = in_talk(SECRET, suite)
    body = drawn("bulk", BULK_BODY_MAX)
    for count, size in ((BULK_BODY_MAX, FRAME_BYTES_MAX), (1, OVERHEAD_BYTES + 1), (1, 5000), (77, 262_144)):
        frame = bulk(sealer, body[:count], size)
        assert len(frame) == size
        assert open_frame(opener, frame) == (Kind.BULK, body[:count])
    for size in (OVERHEAD_BYTES, 100, FRAME_BYTES_MAX):
        frame = sealer.padding(size)
        assert len(frame) == size
        assert open_frame(opener, frame) == (Kind.PADDING, b"")


def test_nothing_of_an_earlier_frame_is_sent_again() -> None:
    """The rests in a buffer that is used again are not in the padding (they may be another person's)."""
    key = FrameKey(Suite.CHACHA20_POLY1305, derive(SECRET, b"satchel frames first 1"))
    frame = bulk(Sealer(SECRET), b"short", 1000)
    plain = bytearray(980)
    key.open_into(0, memoryview(frame)[4:], frame[:4], plain)
    assert plain == b"\x02\x00\x00\x05short" + bytes(980 - 9)


@pytest.mark.parametrize(
    ("body_length", "size"),
    [(0, 1000), (1, 24), (977, 1000), (1, FRAME_BYTES_MAX + 1), (BULK_BODY_MAX + 1, FRAME_BYTES_MAX)],
)
def test_a_bulk_frame_that_cannot_be_is_misuse(body_length: int, size: int) -> None:
    with pytest.raises(MisuseError):
        Sealer(SECRET).bulk_into(bytearray(300_000), body_length, size, bytearray(300_000))


def test_buffers_that_are_too_small_are_misuse() -> None:
    with pytest.raises(MisuseError):
        Sealer(SECRET).bulk_into(bytearray(979), 10, 1000, bytearray(1000))
    with pytest.raises(MisuseError):
        Sealer(SECRET).bulk_into(bytearray(980), 10, 1000, bytearray(999))
    frame = Sealer(SECRET).control(b"body")
    with pytest.raises(MisuseError):
        Opener(SECRET).open(memoryview(frame)[4:], bytearray(len(frame) - 21))


@pytest.mark.parametrize("size", [0, 23, FRAME_BYTES_MAX + 1])
def test_a_padding_frame_that_cannot_be_is_misuse(size: int) -> None:
    with pytest.raises(MisuseError):
        Sealer(SECRET).padding(size)


@pytest.mark.parametrize("length", [0, 1, 19, FRAME_BYTES_MAX - 3, 2**31, 2**32 - 1])
def test_p3_a_length_is_checked_before_anything_is_allocated(length: int) -> None:
    opener = Opener(SECRET)
    with pytest.raises(PeerError, match=r"^transport 4\.2:"):
        opener.sealed_length(length.to_bytes(4, "big"))
    with pytest.raises(MisuseError):
        open_frame(opener, Sealer(SECRET).control(b"after an error nothing opens"))


@pytest.mark.parametrize("length", [20, 262_140])
def test_the_shortest_and_the_longest_frame(length: int) -> None:
    assert Opener(SECRET).sealed_length(length.to_bytes(4, "big")) == length


@pytest.mark.parametrize("suite", Suite)
@pytest.mark.parametrize(
    ("order", "opened"),
    [
        pytest.param([0, 0], 1, id="replayed"),
        pytest.param([0, 2], 1, id="one dropped"),
        pytest.param([1], 0, id="first dropped"),
        pytest.param([1, 0], 0, id="reordered"),
        pytest.param([0, 1, 2, 1], 3, id="replayed later"),
    ],
)
def test_w3_a_frame_repeated_dropped_or_moved_ends_the_session(
    order: list[int], opened: int, suite: Suite
) -> None:
    sealer, opener = in_talk(SECRET, suite)
    frames = [sealer.control(b"one"), bulk(sealer, b"two"), sealer.control(b"three")]
    for number in order[:opened]:
        open_frame(opener, frames[number])
    with pytest.raises(PeerError):
        open_frame(opener, frames[order[opened]])
    for frame in frames:
        with pytest.raises(MisuseError):
            open_frame(opener, frame)


def test_the_first_frame_does_not_open_a_second_time() -> None:
    hello = Sealer(SECRET).control(b"hello")
    _, opener = in_talk(SECRET)
    with pytest.raises(PeerError):
        open_frame(opener, hello)


@given(bit=st.integers(32, 256 * 8 - 1))
def test_any_flipped_bit_ends_the_session(bit: int) -> None:
    frame = bytearray(Sealer(SECRET).control(b"body"))
    frame[bit // 8] ^= 1 << bit % 8
    with pytest.raises(PeerError):
        open_frame(Opener(SECRET), frame)


@pytest.mark.parametrize("change", [-1, 1, 16])
def test_a_frame_cut_at_another_place_ends_the_session(change: int) -> None:
    """The length is associated data: moving the cut between two frames is noticed."""
    frames = Sealer(SECRET).control(b"one") + drawn("the next frame", 256)
    length = 256 - 4 + change
    with pytest.raises(PeerError):
        Opener(SECRET).open(memoryview(frames)[4 : 4 + length], bytearray(PLAIN_BYTES_MAX))


def test_the_other_direction_has_another_key() -> None:
    with pytest.raises(PeerError):
        open_frame(Opener(drawn("other direction", 32)), Sealer(SECRET).control(b"body"))


@pytest.mark.parametrize(
    ("plain", "clause"),
    [
        pytest.param(b"\x00\x00\x00\x01a" + bytes(231), "4.3", id="kind 0"),
        pytest.param(b"\x04\x00\x00\x01a" + bytes(231), "4.3", id="kind 4"),
        pytest.param(b"\xff\x00\x00\x01a" + bytes(231), "4.3", id="kind 255"),
        pytest.param(b"\x02\x00\x00\xe9" + bytes(232), "4.3", id="body longer than the frame by one"),
        pytest.param(b"\x02\xff\xff\xff" + bytes(232), "4.3", id="body as long as can be said"),
        pytest.param(b"\x01\x00\x00\x00" + bytes(232), "4.3", id="empty control"),
        pytest.param(b"\x02\x00\x00\x00" + bytes(232), "4.3", id="empty bulk"),
        pytest.param(b"\x03\x00\x00\x01" + bytes(232), "4.3", id="padding that says something"),
        pytest.param(b"\x01\x00\x00\x01a" + bytes(232), "4.4", id="control of 257 bytes"),
        pytest.param(b"\x01\x00\x00\x01a" + bytes(999), "4.4", id="control in a larger size than needed"),
        pytest.param(b"\x01\x01\x00\x00" + b"a" * 65_536, "4.4", id="control too long"),
        pytest.param(b"\x01\x00\x00\x01a" + bytes(230) + b"\x01", "4.5", id="last byte not zero"),
        pytest.param(b"\x02\x00\x00\x01a\x01" + bytes(230), "4.5", id="first byte of padding not zero"),
        pytest.param(b"\x03\x00\x00\x00" + b"\x01" * 232, "4.5", id="padding frame not zero"),
    ],
)
def test_what_a_peer_must_not_seal(plain: bytes, clause: str) -> None:
    opener = Opener(SECRET)
    with pytest.raises(PeerError, match=rf"^transport {clause}:"):
        open_frame(opener, forged(plain))
    with pytest.raises(MisuseError):
        open_frame(opener, forged(b"\x01\x00\x00\x01a" + bytes(231), number=1))


@pytest.mark.parametrize("suite", Suite)
def test_on_a_further_pipe_the_suite_holds_from_the_first_frame_on(suite: Suite) -> None:
    """[4.8] The session has agreed on it: nothing is negotiated twice."""
    sealer, opener = Sealer(SECRET, suite), Opener(SECRET, suite)
    for body in (b"one", b"two", b"three"):
        assert open_frame(opener, bulk(sealer, body)) == (Kind.BULK, body)
    for end in (Sealer(SECRET, suite), Opener(SECRET, suite), sealer, opener):
        with pytest.raises(MisuseError):
            end.agree(suite)


@pytest.mark.parametrize("suite", Suite)
def test_the_first_frames_of_both_kinds_of_pipe_do_not_pass_for_each_other(suite: Suite) -> None:
    """P2: even of one secret, which two pipes never have."""
    with pytest.raises(PeerError):
        open_frame(Opener(SECRET, suite), Sealer(SECRET).padding(256))
    with pytest.raises(PeerError):
        open_frame(Opener(SECRET), Sealer(SECRET, suite).padding(256))
    other = next(one for one in Suite if one is not suite)
    with pytest.raises(PeerError):
        open_frame(Opener(SECRET, other), Sealer(SECRET, suite).padding(256))


def test_a_suite_that_only_one_side_uses_opens_nothing() -> None:
    sealer, opener = Sealer(SECRET), Opener(SECRET)
    open_frame(opener, sealer.control(b"hello"))
    sealer.agree(Suite.AES_256_GCM)
    opener.agree(Suite.CHACHA20_POLY1305)
    with pytest.raises(PeerError):
        open_frame(opener, sealer.control(b"next"))


def test_a_suite_is_agreed_on_between_the_first_frame_and_the_second() -> None:
    """Elsewhere the two sides could not know of which frame the other changes."""
    sealer, opener = Sealer(SECRET), Opener(SECRET)
    for end in (sealer, opener):
        with pytest.raises(MisuseError):
            end.agree(Suite.AES_256_GCM)
    open_frame(opener, sealer.control(b"hello"))
    with pytest.raises(MisuseError):
        sealer.control(b"a second frame too early")
    with pytest.raises(MisuseError):
        open_frame(opener, bytes((0, 0, 0, 252)) + bytes(252))
    for end in (sealer, opener):
        end.agree(Suite.AES_256_GCM)
        with pytest.raises(MisuseError):
            end.agree(Suite.CHACHA20_POLY1305)
    assert open_frame(opener, sealer.control(b"next")) == (Kind.CONTROL, b"next")
