"""The one decoder that reads hostile messages, and its encoder."""

import tracemalloc
from enum import IntEnum
from typing import Any

import cbor2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from satchel.core.wire import cbor
from satchel.errors import MisuseError, PeerError

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(cbor.INT_MIN, cbor.UINT_MAX)
    | st.binary(max_size=40)
    | st.text(max_size=40),
    lambda inner: (
        st.lists(inner, max_size=30) | st.dictionaries(st.integers(0, cbor.KEY_MAX), inner, max_size=30)
    ),
    max_leaves=40,
)

# Bytes that look like items, so that far more than the first byte is reached.
HEADS = st.sampled_from(
    bytes.fromhex("0001 1718 1b 20 3b 4041 58 6061 808182 98 9b 9f a0a1a2 b8 bf c2 f4f5f6 f9 ff")
)
NEARLY_CBOR = st.lists(HEADS, max_size=60).map(bytes)


def same_to_an_oracle(value: cbor.Value, data: bytes) -> bool:
    # repr, since to Python 1 == True; the library reads what is well-formed, and far more.
    return repr(cbor2.loads(data)) == repr(value)


@given(VALUES)
def test_what_is_encoded_is_decoded(value: Any) -> None:
    data = cbor.encode(value)
    again = cbor.decode(data)
    assert again == value
    assert cbor.encode(again) == data
    assert same_to_an_oracle(again, data)


@given(VALUES)
def test_another_library_writes_the_same_bytes(value: Any) -> None:
    assert cbor.encode(value) == cbor2.dumps(value, canonical=True)


@given(st.binary(max_size=200) | NEARLY_CBOR)
@example(b"")
@example(b"\x9b" + b"\xff" * 8)
@example(b"\xa2\x01\x00\xf5\x00")
def test_any_bytes_are_a_value_or_a_peer_error(data: bytes) -> None:
    """P3: nothing else comes out, whatever goes in. And only one encoding is ever accepted."""
    try:
        value = cbor.decode(data)
    except PeerError:
        return
    assert cbor.encode(value) == data
    assert same_to_an_oracle(value, data)


@given(VALUES, st.data())
def test_a_changed_byte_never_gives_the_same_value(value: Any, data: st.DataObject) -> None:
    encoded = bytearray(cbor.encode(value))
    place = data.draw(st.integers(0, len(encoded) - 1))
    encoded[place] ^= data.draw(st.integers(1, 255))
    try:
        changed = cbor.decode(bytes(encoded))
    except PeerError:
        return
    assert repr(changed) != repr(value)


@given(VALUES, st.data())
def test_no_part_of_a_value_is_a_value(value: Any, data: st.DataObject) -> None:
    encoded = cbor.encode(value)
    end = data.draw(st.integers(0, len(encoded) - 1))
    with pytest.raises(PeerError, match=r"^encoding 1\.5: "):
        cbor.decode(encoded[:end])


@pytest.mark.parametrize("first", [0x5B, 0x7B, 0x9B, 0xBB])
@pytest.mark.parametrize("length", [2**24, 2**31, 2**32, 2**63 - 1, 2**63, 2**64 - 1])
def test_an_announced_length_allocates_nothing(first: int, length: int) -> None:
    """P3: a few bytes that promise 16 MiB to 16 EiB, on any level."""
    data = b"\x82\x00" + bytes([first]) + length.to_bytes(8, "big") + b"\x00" * 8
    wide = data if length >= 2**32 else b"\x82\x00" + bytes([first - 1]) + length.to_bytes(4, "big")
    tracemalloc.start()
    try:
        with pytest.raises(PeerError, match=r"^encoding 1\.5: "):
            cbor.decode(wide)
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak_bytes < 100_000


@pytest.mark.parametrize("unit", [b"\x00", b"\x40", b"\x60", b"\x80", b"\xa0", b"\xa1\x00\x80", b"\x81\x80"])
def test_the_worst_message_takes_a_bounded_multiple_of_its_size(unit: bytes) -> None:
    """P3, M3: many small maps are what takes most memory for each byte."""
    count = 60_000 // max(len(unit), 2)
    data = b"\x99" + count.to_bytes(2, "big") + unit * count
    tracemalloc.start()
    try:
        cbor.decode(data)
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak_bytes < 120 * len(data)


@pytest.mark.parametrize("unit", [b"\x81", b"\xa1\x00"])
def test_depth_exhausts_no_stack(unit: bytes) -> None:
    """P3: a RecursionError would be neither a value nor a PeerError."""
    with pytest.raises(PeerError, match=r"^encoding 1\.8: "):
        cbor.decode(unit * 30_000 + b"\x80")


def test_a_decoded_value_keeps_nothing_of_a_buffer_that_is_used_again() -> None:
    buffer = bytearray.fromhex("43616263")
    value = cbor.decode(memoryview(buffer))  # type: ignore[arg-type]  # who passes one is in for it
    buffer[:] = bytes(4)
    assert value == b"abc"
    assert type(value) is bytes


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        cbor.UINT_MAX + 1,
        cbor.INT_MIN - 1,
        {-1: 0},
        {256: 0},
        {True: 0},
        {"name": 0},
        {0: 0, "name": 0},
        {1, 2},
        bytearray(b"x"),
        object(),
        "\udcff",  # what Python makes of a name that is not UTF-8
        [0] * cbor.ITEMS_MAX,
    ],
    ids=lambda value: f"{type(value).__name__}_{value!r:.20}",
)
def test_what_could_not_be_decoded_is_not_encoded(value: Any) -> None:
    with pytest.raises(MisuseError):
        cbor.encode(value)
    with pytest.raises(MisuseError):
        cbor.encode([{0: value}])


def test_both_ends_mean_the_same_depth() -> None:
    deepest: Any = []
    for _ in range(cbor.DEPTH_MAX - 1):
        deepest = {0: deepest}
    assert cbor.decode(cbor.encode(deepest)) == deepest
    with pytest.raises(MisuseError):
        cbor.encode([deepest])
    with pytest.raises(PeerError, match=r"^encoding 1\.8: "):
        cbor.decode(b"\x81" + cbor.encode(deepest))


def test_both_ends_mean_the_same_number_of_items() -> None:
    # Besides: two keys, one array, one number, the map itself.
    fullest: dict[int, cbor.Value] = {0: [0] * (cbor.ITEMS_MAX - 5), 1: 0}
    assert cbor.decode(cbor.encode(fullest)) == fullest
    with pytest.raises(MisuseError):
        cbor.encode(fullest | {1: [0]})


def test_order_of_fields_and_kind_of_sequence_make_no_difference() -> None:
    class Kind(IntEnum):
        FILE = 7

    assert cbor.encode({3: 1, 0: (Kind.FILE, 2)}) == cbor.encode({0: [7, 2], 3: 1})
