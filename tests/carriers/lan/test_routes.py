"""The kernel's answers about routes, and texts that are none."""

import struct
from ipaddress import IPv4Address

from hypothesis import given
from hypothesis import strategies as st

from satchel.carriers.lan.routes import HEADER, ROUTE, outgoing_interface, way_to


def answer(*attributes: tuple[int, bytes], kind: int = 24) -> bytes:
    body = ROUTE.pack(2, 32, 0, 0, 0, 0, 0, 1, 0)
    for number, value in attributes:
        body += struct.pack("=HH", 4 + len(value), number) + value + bytes(-len(value) % 4)
    return HEADER.pack(HEADER.size + len(body), kind, 0, 1, 0) + body


def test_the_interface_of_an_answer() -> None:
    assert outgoing_interface(answer((4, struct.pack("=i", 7)))) == 7
    assert outgoing_interface(answer((1, b"\x0a\0\0\1"), (15, b"abcde"), (4, struct.pack("=i", 3)))) == 3


def test_an_error_or_a_broken_answer_has_none() -> None:
    assert outgoing_interface(answer((4, struct.pack("=i", 7)), kind=2)) is None
    assert outgoing_interface(answer()) is None
    assert outgoing_interface(answer((4, b"\1"))) is None
    assert outgoing_interface(answer((4, struct.pack("=i", 7)))[:-1]) is None
    assert outgoing_interface(answer() + bytes(4)) is None
    assert outgoing_interface(b"") is None


@given(st.binary(max_size=100))
def test_any_bytes_are_read(data: bytes) -> None:
    outgoing_interface(data)
    outgoing_interface(answer() + data)


def test_the_way_to_oneself_is_the_loopback() -> None:
    assert way_to(IPv4Address("127.0.0.1")) == "lo"
