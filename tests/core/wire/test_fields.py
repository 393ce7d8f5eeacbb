"""Typed reading of decoded maps: nothing passes for what it is not."""

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.core.wire import cbor
from satchel.core.wire.fields import Fields
from satchel.errors import PeerError

Read = Callable[[Fields], object]
REFUSED = r"^handover 2\.1: "

READERS: dict[str, Read] = {
    "uint": lambda fields: fields.uint(0),
    "integer": lambda fields: fields.integer(0, -5, 5),
    "bytes": lambda fields: fields.bytes(0, 0, 9),
    "text": lambda fields: fields.text(0, 9),
    "boolean": lambda fields: fields.boolean(0),
    "array": lambda fields: fields.array(0, 9),
    "map": lambda fields: fields.map(0),
}
SAMPLES: dict[str, cbor.Value] = {
    "uint": 5,
    "bytes": b"abc",
    "text": "abc",
    "boolean": True,
    "array": [1],
    "map": {0: 1},
    "null": None,
}


def fields_of(value: Any) -> Fields:
    return Fields(cbor.decode(cbor.encode(value)), page="handover 2.1")


def test_a_message_as_a_codec_reads_it() -> None:
    fields = fields_of({0: 7, 1: b"abc", 2: "é", 3: False, 4: [1, 2], 6: -3, 7: {0: 1}})
    assert fields.uint(0, 7) == 7
    assert fields.bytes(1, 3, 3) == b"abc"
    assert fields.text(2, 2) == "é"
    assert fields.boolean(3) is False
    assert fields.array(4, 2) == [1, 2]
    assert not fields.has(5)
    assert fields.has(6)
    assert fields.integer(6, -3, 0) == -3
    inner = fields.map(7)
    assert inner.uint(0) == 1
    inner.done()
    fields.done()


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("sample", SAMPLES)
def test_another_type_is_refused(reader: str, sample: str) -> None:
    """Above all true, which is 1 to Python, and text where bytes are due."""
    fields = fields_of({0: SAMPLES[sample]})
    if sample == reader or (reader, sample) == ("integer", "uint"):
        READERS[reader](fields)
        return
    with pytest.raises(PeerError, match=REFUSED):
        READERS[reader](fields)


@pytest.mark.parametrize("reader", READERS)
def test_a_missing_field_is_refused(reader: str) -> None:
    with pytest.raises(PeerError, match=REFUSED + "field 0 is missing"):
        READERS[reader](fields_of({1: 0}))


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (6, lambda fields: fields.uint(0, 5)),
        (-1, lambda fields: fields.uint(0)),
        (-6, lambda fields: fields.integer(0, -5, 5)),
        (6, lambda fields: fields.integer(0, -5, 5)),
        (b"ab", lambda fields: fields.bytes(0, 3, 4)),
        (b"abcde", lambda fields: fields.bytes(0, 3, 4)),
        ("é", lambda fields: fields.text(0, 1)),  # one character, two bytes
        ("", lambda fields: fields.text(0, 9, minimum_bytes=1)),
        ([1, 2, 3], lambda fields: fields.array(0, 2)),
        ([], lambda fields: fields.array(0, 2, minimum=1)),
    ],
)
def test_bounds(value: Any, read: Read) -> None:
    with pytest.raises(PeerError, match=REFUSED):
        read(fields_of({0: value}))


def test_what_was_not_read_is_refused() -> None:
    """A field that one side skips and another acts on is how parsers are played against each other."""
    fields = fields_of({0: 1, 9: 2})
    fields.uint(0)
    assert fields.has(9)  # to ask is not to read
    with pytest.raises(PeerError, match=REFUSED + "field 9 is unknown"):
        fields.done()


@pytest.mark.parametrize("value", [0, b"", "", True, None, [], [{0: 1}]])
def test_only_a_map_has_fields(value: Any) -> None:
    with pytest.raises(PeerError, match=REFUSED):
        fields_of(value)


def test_an_inner_map_can_have_a_clause_of_its_own() -> None:
    inner = fields_of({0: {}}).map(0, page="handover 2.2")
    with pytest.raises(PeerError, match=r"^handover 2\.2: "):
        inner.uint(0)


@given(
    st.dictionaries(
        st.integers(0, 3), st.none() | st.booleans() | st.integers(-3, 300) | st.binary() | st.text()
    )
)
def test_whatever_is_in_a_map_it_is_read_or_refused(value: Any) -> None:
    for read in READERS.values():
        with contextlib.suppress(PeerError):
            read(fields_of(value))


def test_what_a_page_keeps_is_what_is_left_from_a_key_on() -> None:
    fields = fields_of({0: 1, 5: 2, 32: [3], 255: None})
    fields.uint(0)
    fields.uint(5)
    assert fields.others(5) == {32: [3], 255: None}
    fields.done()
    fields = fields_of({4: 1, 32: 2})
    assert fields.others(32) == {32: 2}
    with pytest.raises(PeerError, match=REFUSED):
        fields.done()
