"""Addresses: one table per question. Satchel sends no packet to the Internet, and asks no name server."""

from dataclasses import dataclass
from ipaddress import ip_address, ip_interface

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.carriers.lan.addresses import (
    endpoint_of,
    is_on_link,
    may_dial,
    pack,
    pack_ip,
    parse_endpoint,
    show_endpoint,
    socket_address,
    unpack,
)
from satchel.errors import MisuseError
from satchel.ports import Address, Endpoint, Surroundings

OURS = [ip_interface(text) for text in ("203.0.113.5/24", "192.168.1.5/24", "fe80::5/64", "2001:db8:1::5/64")]


@dataclass
class OpenLink:
    interface: str
    address: Address
    port: int
    index: int = 1
    surroundings: Surroundings | None = None

    def shout(self, datagram: bytes) -> None: ...
    def whisper(self, address: Address, datagram: bytes) -> None: ...
    def open_port(self) -> int:
        return self.port

    def close_port(self, port: int) -> None: ...


def interface(name: str) -> int | None:
    return {"wlan0": 7}.get(name)


@given(st.ip_addresses())
def test_packing_keeps_every_address(ip: object) -> None:
    address = pack(str(ip))
    assert len(address) == 16
    reduced = getattr(ip, "ipv4_mapped", None) or ip
    assert unpack(address) == reduced
    assert pack_ip(unpack(address)) == pack(str(reduced))


def test_v4_mapped_is_the_same_address() -> None:
    """A proof binds the dialled address: both ends must see the same 16 bytes (P2)."""
    assert pack("::ffff:192.168.1.5") == pack("192.168.1.5")
    assert socket_address(Endpoint(address=pack("::ffff:10.0.0.1"), port=4000)) == ("10.0.0.1", 4000)


def test_a_zone_is_no_part_of_the_address() -> None:
    assert endpoint_of(("fe80::5%wlan0", 4000, 0, 7)) == Endpoint(address=pack("fe80::5"), port=4000, scope=7)
    assert endpoint_of(("fd00::5", 4000, 0, 7)).scope == 0


@pytest.mark.parametrize(
    "text",
    ["203.0.113.9", "192.168.1.9", "fe80::9", "2001:db8:1::9"],
)
def test_neighbours_are_on_link(text: str) -> None:
    assert is_on_link(pack(text), OURS)


@pytest.mark.parametrize(
    "text",
    [
        "203.0.114.9",
        "192.168.2.9",
        "192.168.1.0",
        "192.168.1.255",
        "2001:db8:2::9",
        "224.0.0.181",
        "ff02::7361",
        "0.0.0.0",
        "::",
        "255.255.255.255",
    ],
)
def test_others_and_those_who_are_nobody_are_not_on_link(text: str) -> None:
    assert not is_on_link(pack(text), OURS)


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1",
        "::1",
        "10.200.3.4",
        "172.31.255.1",
        "192.168.77.1",
        "100.64.0.9",
        "169.254.3.3",
        "fe80::77",
        "fd12:3456::1",
        "203.0.113.77",
        "2001:db8:1::77",
    ],
)
def test_local_addresses_may_be_dialled(text: str) -> None:
    assert may_dial(pack(text), OURS)


@pytest.mark.parametrize(
    "text",
    [
        "8.8.8.8",
        "::ffff:8.8.8.8",
        "172.32.0.1",
        "100.128.0.1",
        "203.0.114.1",
        "2001:4860:4860::8888",
        "2002:a00:1::1",
        "64:ff9b::a00:1",
        "fec0::1",
        "0.0.0.0",
        "::",
        "224.0.0.181",
        "ff02::7361",
        "255.255.255.255",
        "192.168.1.255",
        "203.0.113.255",
    ],
)
def test_what_could_be_the_internet_is_never_dialled(text: str) -> None:
    assert not may_dial(pack(text), OURS)


@given(st.ip_addresses())
def test_a_global_address_is_dialled_only_on_link(ip: object) -> None:
    address = pack(str(ip))
    if unpack(address).is_global:
        assert not may_dial(address, [ip_interface("192.168.1.5/24")])


@pytest.mark.parametrize(
    ("text", "address", "port", "scope"),
    [
        ("192.168.1.5:40000", "192.168.1.5", 40000, 0),
        (" 10.0.0.1:1024\n", "10.0.0.1", 1024, 0),
        ("[fd00::5]:65535", "fd00::5", 65535, 0),
        ("[fe80::5]:40000", "fe80::5", 40000, 0),
        ("[fe80::5%wlan0]:40000", "fe80::5", 40000, 7),
        ("[::ffff:10.0.0.1]:40000", "10.0.0.1", 40000, 0),
    ],
)
def test_typed_address(text: str, address: str, port: int, scope: int) -> None:
    assert parse_endpoint(text, interface) == Endpoint(address=pack(address), port=port, scope=scope)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        "192.168.1.5",
        "192.168.1.5:",
        "192.168.1.5:80",
        "192.168.1.5:65536",
        "192.168.1.5:99999999999",
        "192.168.1.5:-4000",
        "192.168.1.5:４０００",
        "192.168.1.5:4000:1",
        "192.168.001.5:40000",
        "3232235781:40000",
        "0x7f.1:40000",
        "fe80::5:40000",
        "[fe80::5]40000",
        "[fe80::5",
        "[fe80::5%eth9]:40000",
        "[fd00::5%wlan0]:40000",
        "192.168.1.5%wlan0:40000",
        "laptop.local:40000",
        "localhost:40000",
        "example.org:40000",
        "1" * 10_000,
    ],
)
def test_anything_else_is_refused_with_a_hint(text: str) -> None:
    with pytest.raises(MisuseError) as refused:
        parse_endpoint(text, interface)
    assert refused.value.do


@given(st.text(max_size=60))
def test_any_text_is_an_endpoint_or_a_misuse(text: str) -> None:
    try:
        endpoint = parse_endpoint(text, interface)
    except MisuseError:
        return
    assert 1024 <= endpoint.port <= 65535


@given(st.ip_addresses(), st.integers(1024, 65535))
def test_what_is_shown_can_be_typed(ip: object, port: int) -> None:
    link = OpenLink("eth0", pack(str(ip)), port)
    assert parse_endpoint(show_endpoint(link), interface) == Endpoint(address=link.address, port=port)


@given(st.ip_addresses(), st.integers(1024, 65535), st.integers(1, 100))
def test_the_kernel_gets_literals_without_zone(ip: object, port: int, scope: int) -> None:
    """Any other text asyncio would hand to a resolver."""
    host = socket_address(Endpoint(address=pack(str(ip)), port=port, scope=scope))[0]
    ip_address(host)
    assert "%" not in host
