"""The datagram: looks random, is repeated unchanged, is recognised by its keys alone."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.core.discovery.datagram import (
    DATAGRAM_BYTES,
    DO_NOT_DIAL,
    FILL_BYTES,
    NONCE_BYTES,
    PLACES_BYTES,
    SLOT_BYTES,
    SlotKey,
    SlotKind,
    advertised_port,
    draw_datagram,
    recognise,
)
from satchel.errors import MisuseError, PeerError

HERE = bytes(10) + b"\xff\xff" + bytes((10, 0, 0, 7))
ELSEWHERE = bytes(10) + b"\xff\xff" + bytes((10, 0, 0, 8))


def drawn(name: str, count: int) -> bytes:
    return hashlib.shake_256(name.encode()).digest(count)


def resumption(number: int) -> SlotKey:
    return SlotKey(kind=SlotKind.RESUMPTION, key=drawn(f"resumption {number}", 32))


def code(channel: int) -> SlotKey:
    return SlotKey(kind=SlotKind.CODE, key=b"rendezvous" + channel.to_bytes(2, "big"))


def packet(*keys: SlotKey, name: str = "a", port: int = 4000) -> bytes:
    return draw_datagram(
        keys,
        nonce=drawn(name + " nonce", NONCE_BYTES),
        port=port,
        source=HERE,
        fill=drawn(name + " fill", FILL_BYTES),
        places=drawn(name + " places", PLACES_BYTES),
    )


def slots(datagram: bytes) -> list[bytes]:
    return [datagram[at : at + SLOT_BYTES] for at in range(18, DATAGRAM_BYTES, SLOT_BYTES)]


@given(count=st.integers(0, 64), port=st.one_of(st.just(DO_NOT_DIAL), st.integers(1024, 65535)))
def test_every_datagram_has_one_size_and_is_recognised_by_exactly_its_keys(count: int, port: int) -> None:
    keys = [resumption(number) for number in range(count)]
    datagram = packet(*keys, port=port)
    assert len(datagram) == DATAGRAM_BYTES == 530
    assert advertised_port(datagram) == port
    strangers = [resumption(1000), code(1)]
    assert recognise(datagram, HERE, [*strangers, *keys]) == keys


def test_w2_the_number_of_real_slots_changes_nothing_but_those_slots() -> None:
    """W2: with the same chance, 3 real slots differ from none in exactly 3 places."""
    empty, three = packet(), packet(resumption(1), resumption(2), code(482))
    assert sum(a != b for a, b in zip(slots(empty), slots(three), strict=True)) == 3
    assert empty[:18] == three[:18]


def test_w1_real_slots_stand_at_places_that_chance_decides() -> None:
    key = resumption(1)
    places = set()
    for draw in range(200):
        datagram = packet(key, name=str(draw))
        fill = drawn(f"{draw} fill", FILL_BYTES)
        places |= {at for at in range(64) if slots(datagram)[at] != fill[at * 8 : at * 8 + 8]}
    assert len(places) > 50  # of 64; a fixed or favoured place would show here


def test_only_64_slots_are_sent_and_the_first_ones_win() -> None:
    keys = [resumption(number) for number in range(70)]
    assert recognise(packet(*keys), HERE, keys) == keys[:64]


def test_p3_a_resumption_slot_replayed_from_another_address_is_not_recognised() -> None:
    datagram = packet(resumption(1))
    assert recognise(datagram, HERE, [resumption(1)])
    assert not recognise(datagram, ELSEWHERE, [resumption(1)])


@pytest.mark.parametrize("at", [0, 15, 16, 17])
def test_a_slot_is_bound_to_its_nonce_and_port(at: int) -> None:
    datagram = bytearray(packet(resumption(1), code(482)))
    datagram[at] ^= 1
    assert recognise(bytes(datagram), HERE, [resumption(1), code(482)]) == []


@pytest.mark.parametrize("length", [0, 17, 529, 531, 1500])
def test_another_length_is_not_a_datagram(length: int) -> None:
    with pytest.raises(PeerError, match=r"^code-and-rendezvous 3\.1:"):
        recognise(bytes(length), HERE, [code(1)])
    with pytest.raises(PeerError, match=r"^code-and-rendezvous 3\.1:"):
        advertised_port(bytes(length))


@given(st.binary(min_size=530, max_size=530))
def test_any_530_bytes_are_a_datagram_of_nobody(datagram: bytes) -> None:
    assert recognise(datagram, HERE, [code(1), resumption(1)]) == []


@pytest.mark.parametrize("port", [-1, 1, 22, 1023, 65536])
def test_a_port_that_nobody_would_dial_is_never_sent(port: int) -> None:
    with pytest.raises(MisuseError):
        packet(port=port)


def test_keys_do_not_show_in_a_repr() -> None:
    key = resumption(1)
    assert key.key.hex() not in repr(key)
    assert str(key.key) not in repr(key)
